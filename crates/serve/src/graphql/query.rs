//! What can be asked.

use async_graphql::{Context, ID, Object};
use tripline_store::records::{DetectionFilter, JobFilter, PageRequest, Scope, VersionFilter};

use super::detection::{Detection, DetectionFilterInput, DetectionPage};
use super::error::{Result, app, error};
use super::experiment::Experiment;
use super::job::{Job, JobPage, JobStateName};
use super::limits;
use super::model::{Model, StatusName};
use crate::extract::page;

/// What can be asked.
pub(super) struct Query;

#[Object]
impl Query {
    /// Detections, the newest first; `first` is 1 to 1,000, 50 if left out.
    #[graphql(complexity = "limits::items(first) * child_complexity")]
    async fn detections(
        &self,
        context: &Context<'_>,
        filter: Option<DetectionFilterInput>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<DetectionPage> {
        let app = app(context, Scope::Read)?;
        let filter: DetectionFilter = filter.unwrap_or_default().into();
        let request = request(first, after.as_deref())?;
        let found = app.store().detections(&filter, &request).await.map_err(error)?;
        let items = found.items.into_iter().map(Detection).collect();
        Ok(DetectionPage { items, next: found.next })
    }

    /// The detection of that id.
    #[graphql(complexity = "5 + child_complexity")]
    async fn detection(&self, context: &Context<'_>, id: ID) -> Result<Option<Detection>> {
        let app = app(context, Scope::Read)?;
        Ok(app.store().detection(&id).await.map_err(error)?.map(Detection))
    }

    /// How many detections.
    #[graphql(complexity = 20)]
    async fn detection_count(
        &self,
        context: &Context<'_>,
        filter: Option<DetectionFilterInput>,
    ) -> Result<u64> {
        let app = app(context, Scope::Read)?;
        let filter = filter.unwrap_or_default().into();
        app.store().count_detections(&filter).await.map_err(error)
    }

    /// Versions of models, the newest first.
    #[graphql(complexity = "50 * child_complexity")]
    async fn models(
        &self,
        context: &Context<'_>,
        status: Option<StatusName>,
        name: Option<String>,
        task: Option<String>,
    ) -> Result<Vec<Model>> {
        let app = app(context, Scope::Read)?;
        let filter = VersionFilter { status: status.map(Into::into), name, task };
        let found = app.store().versions(&filter).await.map_err(error)?;
        Ok(found.into_iter().map(Model).collect())
    }

    /// The version of that id or alias.
    #[graphql(complexity = "5 + child_complexity")]
    async fn model(&self, context: &Context<'_>, id: ID) -> Result<Option<Model>> {
        let app = app(context, Scope::Read)?;
        Ok(app.store().version(&id).await.map_err(error)?.map(Model))
    }

    /// Experiments under way.
    #[graphql(complexity = "10 * child_complexity")]
    async fn experiments(&self, context: &Context<'_>) -> Result<Vec<Experiment>> {
        let app = app(context, Scope::Read)?;
        let mut all = Vec::new();
        for experiment in app.store().experiments().await.map_err(error)? {
            let result = app.service().experiment_result(&experiment.name).await;
            all.extend(result.map_err(error)?.map(Experiment::from));
        }
        Ok(all)
    }

    /// Jobs, the newest first; `first` is 1 to 1,000, 50 if left out.
    #[graphql(complexity = "limits::items(first) * child_complexity")]
    async fn jobs(
        &self,
        context: &Context<'_>,
        state: Option<JobStateName>,
        kind: Option<String>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<JobPage> {
        let app = app(context, Scope::Read)?;
        let filter = JobFilter { state: state.map(Into::into), kind };
        let request = request(first, after.as_deref())?;
        let found = app.store().jobs(&filter, &request).await.map_err(error)?;
        Ok(JobPage { items: found.items.into_iter().map(Job).collect(), next: found.next })
    }

    /// The job of that id.
    #[graphql(complexity = "5 + child_complexity")]
    async fn job(&self, context: &Context<'_>, id: ID) -> Result<Option<Job>> {
        let app = app(context, Scope::Read)?;
        Ok(app.store().job(&id).await.map_err(error)?.map(Job))
    }
}

fn request(first: Option<i32>, after: Option<&str>) -> Result<PageRequest> {
    let limit = first.map(|first| u32::try_from(first).unwrap_or(0));
    page(limit, after).map_err(|problem| {
        // The parameter of the REST route has another name.
        let mut problem = problem;
        problem.detail = problem.detail.replace("`limit`", "`first`");
        for field in &mut problem.errors {
            if field.field == "limit" {
                "first".clone_into(&mut field.field);
            }
        }
        error(problem)
    })
}
