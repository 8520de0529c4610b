//! `tripline demo --serve`: the service over the demo's folder, with detections to look at.

use std::path::PathBuf;
use std::sync::Arc;

use tripline_core::{Dataset, Rows};
use tripline_engine::EngineError;
use tripline_engine::service::{Ask, Batch, Reasons, Registration, Service};
use tripline_engine::traffic::{Traffic, TrafficInput, TrafficSettings, set_of};
use tripline_features::MissingColumns;
use tripline_store::records::{Change, VersionFilter};

/// The name of the demo's model among those of the service.
const NAME: &str = "demo_detector";
/// Reasons that are stored with each detection.
const REASONS: usize = 12;
/// Held-out flows that are judged.
const MOST: usize = 2_000;

/// What the demo hands to its service.
#[derive(Debug, Clone)]
pub(super) struct Samples {
    /// The demo's model.
    pub(super) model: Option<PathBuf>,
    /// Flows that did not train it.
    pub(super) held_out: Rows,
    /// The demo's capture.
    pub(super) capture: PathBuf,
}

impl Samples {
    /// The last of the flows that judged the demo's model.
    pub(super) fn of(
        data: &Dataset,
        judged: &[usize],
        model: Option<PathBuf>,
        capture: PathBuf,
    ) -> Self {
        let last = &judged[judged.len().saturating_sub(MOST)..];
        Self { model, held_out: data.rows.select(last), capture }
    }

    /// Registers and deploys the demo's model, judges its held-out flows with it and the capture's
    /// with the shipped one. A folder that has detections already is left as it is.
    pub(super) async fn fill(self, service: Arc<Service>) -> anyhow::Result<()> {
        if service.store().count_detections(&Default::default()).await? > 0 {
            return Ok(());
        }
        let mut judge = vec![(None, Part::Capture(self.capture))];
        if let Some(model) = &self.model {
            let id = deploy(&service, model).await?;
            judge.push((Some(id), Part::Rows(self.held_out)));
        }
        for (model, part) in judge {
            let of = service.clone();
            let answers =
                tokio::task::spawn_blocking(move || part.judge(&of, model.as_deref())).await??;
            for answer in &answers {
                service.batch_stored(answer).await?;
            }
        }
        Ok(())
    }
}

/// What is judged.
enum Part {
    Capture(PathBuf),
    Rows(Rows),
}

impl Part {
    fn judge(
        self,
        service: &Arc<Service>,
        model: Option<&str>,
    ) -> anyhow::Result<Vec<tripline_engine::service::BatchAnswer>> {
        let ask = |model| Ask {
            model,
            reasons: Reasons::OverThreshold(REASONS),
            missing_columns: MissingColumns::Fill,
            durable: true,
            ..Ask::default()
        };
        let task = "flow";
        match self {
            Self::Rows(rows) => {
                let batch = Batch { task, rows: &rows, entities: None, request: None };
                Ok(vec![service.predict_rows(&batch, &ask(model))?])
            }
            Self::Capture(path) => {
                let live = service.live();
                let served = live.find("flow_detector")?;
                let set = set_of(&served.model)?;
                let input = TrafficInput::of(&[path]);
                let mut traffic = Traffic::open(&input, set, &TrafficSettings::default())?;
                let mut answers = Vec::new();
                while let Some(found) = traffic.next_batch()? {
                    if found.flows.is_empty() {
                        continue;
                    }
                    let sources: Vec<Option<Arc<str>>> = found
                        .flows
                        .iter()
                        .map(|flow| Some(flow.orig_ip().to_string().into()))
                        .collect();
                    let batch =
                        Batch { task, rows: &found.rows, entities: Some(&sources), request: None };
                    answers.push(service.predict_rows(&batch, &ask(Some(&served.id)))?);
                }
                Ok(answers)
            }
        }
    }
}

/// The id of the demo's model, registered and active.
async fn deploy(service: &Arc<Service>, model: &PathBuf) -> anyhow::Result<String> {
    let bytes =
        std::fs::read(model).map_err(|source| EngineError::Read { file: model.clone(), source })?;
    let change = Change::system(service.clock().now(), "the demo's model");
    let filter = VersionFilter { name: Some(NAME.to_owned()), ..VersionFilter::default() };
    let sum = tripline_engine::service::digest(&bytes);
    let known = service.store().versions(&filter).await?;
    let id = match known.into_iter().find(|version| version.what.digest == sum) {
        Some(version) => version.id,
        None => {
            let what = Registration {
                name: NAME.to_owned(),
                task: "flow".to_owned(),
                ..Registration::default()
            };
            service.register(bytes.into(), what, &change).await?.id
        }
    };
    service.deploy(&id, &change).await?;
    Ok(id)
}
