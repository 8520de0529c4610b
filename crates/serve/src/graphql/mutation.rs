//! What can be changed.

use std::collections::BTreeMap;

use async_graphql::{Context, ID, InputObject, Json, Object};
use tripline_engine::service::jobs::{Accepted, TrainingSpec};
use tripline_store::records::Scope;

use super::detection::{Feedback, JudgementName};
use super::error::{Result, app, app_unlocked, caller, error};
use super::job::Job;
use super::limits::MUTATION_COST;
use super::model::{Deployed, Model, StatusName};
use crate::problem::Problem;
use crate::rest::feedback::{self, FeedbackBody};
use crate::rest::hyperparameters;

/// What can be changed.
pub(super) struct Mutation;

/// What to train, on what.
#[derive(Debug, InputObject)]
pub(super) struct TrainingInput {
    /// A detector's id, or the name of registered models.
    model_type: String,
    /// Where the rows come from, such as `upload:ID`.
    training_data_source: String,
    /// Parameters by the names of the detector's card: numbers, texts, true or false.
    #[graphql(default)]
    hyperparameters: Option<Json<BTreeMap<String, serde_json::Value>>>,
    /// Rows that judge and never train.
    test_data_source: Option<String>,
    /// The name to register under.
    name: Option<String>,
    /// Higher goes first, from -100 to 100.
    #[graphql(default)]
    priority: i32,
}

#[Object]
impl Mutation {
    /// Judges a detection.
    #[graphql(complexity = "MUTATION_COST + child_complexity")]
    async fn give_feedback(
        &self,
        context: &Context<'_>,
        detection_id: ID,
        verdict: JudgementName,
        label: Option<String>,
        comment: Option<String>,
    ) -> Result<Feedback> {
        let app = app(context, Scope::Predict)?;
        let caller = caller(context)?;
        let body = FeedbackBody {
            detection_id: detection_id.to_string(),
            verdict: match verdict {
                JudgementName::TruePositive => feedback::JudgementName::TruePositive,
                JudgementName::FalsePositive => feedback::JudgementName::FalsePositive,
                JudgementName::Benign => feedback::JudgementName::Benign,
            },
            label,
            comment,
        };
        let judged = feedback::judged(body, caller).map_err(error)?;
        app.store().add_feedback(&judged, &caller.change()).await.map_err(error)?;
        Ok(judged.into())
    }

    /// Makes a version the active one of its name.
    #[graphql(complexity = "MUTATION_COST + child_complexity")]
    async fn deploy_model(&self, context: &Context<'_>, id: ID) -> Result<Deployed> {
        let app = app_unlocked(context, Scope::Deploy)?;
        let change = caller(context)?.change();
        Ok(app.service().deploy(&id, &change).await.map_err(error)?.into())
    }

    /// Makes the version that was active before answer again; by a version's id, an alias, a name.
    #[graphql(complexity = "MUTATION_COST + child_complexity")]
    async fn roll_back_model(&self, context: &Context<'_>, id: ID) -> Result<Deployed> {
        let app = app_unlocked(context, Scope::Deploy)?;
        let change = caller(context)?.change();
        Ok(app.service().roll_back(&id, &change).await.map_err(error)?.into())
    }

    /// Puts a version into the shadow, out of it, or away; `ACTIVE` is `deployModel`.
    #[graphql(complexity = "MUTATION_COST + child_complexity")]
    async fn set_model_status(
        &self,
        context: &Context<'_>,
        id: ID,
        status: StatusName,
    ) -> Result<Model> {
        let app = app_unlocked(context, Scope::Deploy)?;
        if status == StatusName::Active {
            let problem =
                Problem::invalid("status", "cannot be set to `ACTIVE`: `deployModel` does");
            return Err(error(problem));
        }
        let change = caller(context)?.change();
        app.service().set_status(&id, status.into(), &change).await.map(Model).map_err(error)
    }

    /// Starts a training; the answer means that the job is on disk.
    #[graphql(complexity = "MUTATION_COST + child_complexity")]
    async fn start_training(&self, context: &Context<'_>, input: TrainingInput) -> Result<Job> {
        let app = app(context, Scope::Train)?;
        let spec = TrainingSpec {
            model_type: input.model_type,
            source: input.training_data_source,
            hyperparameters: input
                .hyperparameters
                .map(|all| hyperparameters(all.0))
                .transpose()
                .map_err(error)?
                .unwrap_or_default(),
            test_source: input.test_data_source,
            name: input.name,
            priority: input.priority,
            ..TrainingSpec::default()
        };
        let change = caller(context)?.change();
        app.service().submit_training(spec, &change).await.map(Job).map_err(error)
    }

    /// Asks a job to stop.
    #[graphql(complexity = "MUTATION_COST + child_complexity")]
    async fn cancel_job(&self, context: &Context<'_>, id: ID) -> Result<Job> {
        let app = app(context, Scope::Train)?;
        let change = caller(context)?.change();
        app.service().cancel_job(&id, &change).await.map(Job).map_err(error)
    }

    /// Queues a failed or cancelled job again.
    #[graphql(complexity = "MUTATION_COST + child_complexity")]
    async fn retry_job(&self, context: &Context<'_>, id: ID) -> Result<Job> {
        let app = app(context, Scope::Train)?;
        let found = app.store().job(&id).await.map_err(error)?;
        // Who may not deploy may not do it by another's job either.
        if found
            .is_some_and(|job| Accepted::parse(&job.what.spec).is_ok_and(|all| all.asked.deploy))
        {
            caller(context)?.require_unlocked(Scope::Deploy).map_err(error)?;
        }
        let change = caller(context)?.change();
        app.service().retry_job(&id, &change).await.map(Job).map_err(error)
    }
}
