//! Experiments: two versions of a name, each for a share of the entities.

use std::sync::Arc;

use tripline_assess::bootstrap::{Interval, newcombe, wilson};
use tripline_store::MetadataError;
use tripline_store::records::{Change, Experiment, ModelVersion, Tally, TallyFilter};

use super::answer::Arm;
use super::changes::to_its_end;
use super::error::{Refusal, ServiceError};
use super::live::Live;
use super::registering::check_name;
use super::results::{ArmResult, ExperimentResult};
use super::served::Served;
use super::state::Service;
use super::tallies::hour;

impl Service {
    /// Splits the traffic of a name between its active version and `treatment`, which gets `share`
    /// of the entities. In place of the name's last experiment.
    pub async fn start_experiment(
        self: &Arc<Self>,
        name: &str,
        treatment: &str,
        share: f64,
        change: &Change,
    ) -> Result<Experiment, ServiceError> {
        check_name(name)?;
        if !(share > 0.0 && share < 1.0) {
            return Err(ServiceError::Argument {
                field: "share",
                expected: "above 0 and below 1".to_owned(),
                got: share.to_string(),
            });
        }
        let (service, change) = (self.clone(), change.clone());
        let (name, treatment) = (name.to_owned(), treatment.to_owned());
        let work =
            async move { service.start_experiment_now(&name, &treatment, share, &change).await };
        to_its_end(work).await
    }

    async fn start_experiment_now(
        &self,
        name: &str,
        treatment: &str,
        share: f64,
        change: &Change,
    ) -> Result<Experiment, ServiceError> {
        let version = self.version(treatment).await?;
        control(&self.live(), name, &version)?;
        let tried = self.load_version(&version).await?;
        let _order = self.in_order().await?;
        let version = self.still(&version).await?;
        let control = control(&self.live(), name, &version)?;
        let known = |column: &str| control.input().position(column).is_some();
        if let Some(further) = tried.input().names().find(|column| !known(column)) {
            let reason = format!(
                "it needs `{further}`, which the active version does not: records of the \
                 experiment must fit both"
            );
            return Err(ServiceError::refused(&version.id, Refusal::Columns { reason }));
        }
        let at = self.clock().now();
        let experiment = Experiment {
            name: control.name().to_owned(),
            control: control.version.id.clone(),
            treatment: version.id.clone(),
            share,
            salt: tripline_store::id::fresh("exp", at),
            started_at: at,
        };
        // What was counted before belongs to no arm of this one.
        self.write_tallies_now().await?;
        let set = self.store.set_experiment(control.name(), Some(&experiment), change).await;
        self.follow(set, &[tried]).await?;
        Ok(experiment)
    }

    /// Ends the experiment of a name.
    pub async fn end_experiment(
        self: &Arc<Self>,
        name: &str,
        change: &Change,
    ) -> Result<(), ServiceError> {
        let (service, name, change) = (self.clone(), name.to_owned(), change.clone());
        to_its_end(async move { service.end_experiment_now(&name, None, &change).await }).await
    }

    /// Ends an experiment, not another one that was begun in its place.
    pub(crate) async fn end_this_experiment(
        self: &Arc<Self>,
        experiment: &Experiment,
        change: &Change,
    ) -> Result<(), ServiceError> {
        let (service, own, change) = (self.clone(), experiment.clone(), change.clone());
        let work =
            async move { service.end_experiment_now(&own.name, Some(&own.salt), &change).await };
        to_its_end(work).await
    }

    async fn end_experiment_now(
        &self,
        name: &str,
        salt: Option<&str>,
        change: &Change,
    ) -> Result<(), ServiceError> {
        let _order = self.in_order().await?;
        // Of the database: one whose treatment could not be loaded is not in the snapshot.
        let known = self.store.experiments().await?;
        let this = |own: &&Experiment| own.name == name && salt.is_none_or(|salt| own.salt == salt);
        if known.iter().find(this).is_none() {
            let id = name.to_owned();
            return Err(MetadataError::NotFound { what: "experiment", id }.into());
        }
        self.write_tallies_now().await?;
        let ended = self.store.set_experiment(name, None, change).await;
        self.follow(ended, &[]).await
    }

    /// What the experiment of a name has shown so far; none without one. Counts are kept by hour:
    /// an experiment before it in its first hour, with the same versions, counts too.
    pub async fn experiment_result(
        self: &Arc<Self>,
        name: &str,
    ) -> Result<Option<ExperimentResult>, ServiceError> {
        let experiments = self.store.experiments().await?;
        let Some(experiment) = experiments.into_iter().find(|own| own.name == name) else {
            return Ok(None);
        };
        self.write_tallies().await?;
        let since = Some(hour(experiment.started_at));
        let tallies = self.store.tallies(&TallyFilter { since, model_id: None }).await?;
        let judged = self.store.judged_by_arm(experiment.started_at).await?;
        let arm = |id: &str, arm: Arm| {
            let own = |model: &str, name: &str| model == id && name == arm.name();
            let counted = tallies.iter().filter(|tally| own(&tally.model_id, &tally.arm));
            let said = judged.iter().filter(|(model, name, ..)| own(model, name));
            let (hits, misses) =
                said.fold((0, 0), |(hits, misses), (_, _, yes, no)| (hits + yes, misses + no));
            arm_result(id, counted, hits, misses)
        };
        let control = arm(&experiment.control, Arm::Control);
        let treatment = arm(&experiment.treatment, Arm::Treatment);
        Ok(Some(ExperimentResult {
            difference: treatment.alert_rate - control.alert_rate,
            difference_interval: newcombe(
                (treatment.alerts as f64, treatment.predictions as f64),
                (control.alerts as f64, control.predictions as f64),
            ),
            experiment,
            control,
            treatment,
        }))
    }
}

/// The version that answers under a name, if the other one can be tried beside it.
fn control(live: &Live, name: &str, treatment: &ModelVersion) -> Result<Arc<Served>, ServiceError> {
    let control = live.find(name)?;
    if treatment.what.name != control.name() || treatment.id == control.version.id {
        return Err(ServiceError::Argument {
            field: "treatment",
            expected: format!("a version of `{}` other than the active one", control.name()),
            got: treatment.id.clone(),
        });
    }
    Ok(control.clone())
}

fn arm_result<'a>(
    id: &str,
    tallies: impl Iterator<Item = &'a Tally>,
    true_positives: u64,
    false_positives: u64,
) -> ArmResult {
    let (mut predictions, mut alerts, mut errors, mut seconds) = (0, 0, 0, 0.0);
    for tally in tallies {
        predictions += tally.predictions;
        alerts += tally.alerts;
        errors += tally.errors;
        seconds += tally.seconds;
    }
    let share = |hits: u64, whole: u64| hits as f64 / whole as f64;
    let interval = |hits: u64, whole: u64| -> Interval { wilson(hits as f64, whole as f64) };
    let judged = true_positives + false_positives;
    ArmResult {
        model_id: id.to_owned(),
        predictions,
        alerts,
        errors,
        mean_seconds: if predictions > 0 { seconds / predictions as f64 } else { 0.0 },
        alert_rate: share(alerts, predictions),
        alert_rate_interval: interval(alerts, predictions),
        true_positives,
        false_positives,
        precision: (judged > 0).then(|| share(true_positives, judged)),
        precision_interval: interval(true_positives, judged),
    }
}
