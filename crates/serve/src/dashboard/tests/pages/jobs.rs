//! Jobs, the form of a training, runs, data.

use tripline_store::records::*;

use super::super::super::chart::{Series, X};
use super::super::super::fields::Fields;
use super::super::super::page::{page, page_with_charts};
use super::super::super::view;
use super::super::records::*;
use super::Drawn;

pub(super) fn pages() -> Vec<Drawn> {
    let viewer = viewer();
    let hostile = Fields::default().with("kind", HOSTILE).with("entity", HOSTILE);
    let findings = findings();
    let jobs =
        vec![job(3, JobState::Running), job(2, JobState::Completed), job(1, JobState::Failed)];
    let mut out = Vec::new();
    out.push((
        "jobs",
        page(&viewer, "/ui/jobs", "Jobs", &view::jobs::page(&jobs, None, Some("x"))),
    ));
    let spec = [("model".to_owned(), HOSTILE.to_owned())];
    let figures = [("roc_auc".to_owned(), 0.981), ("log_loss".to_owned(), 0.0312)];
    for (name, job) in [("job", &jobs[0]), ("job-done", &jobs[1]), ("job-failed", &jobs[2])] {
        let shown = view::job::Shown {
            job,
            spec: &spec,
            deploys: name == "job-failed",
            metrics: &figures,
            findings: &findings,
            run: Some(&run(1)),
            histories: vec![(
                "log_loss".to_owned(),
                X::Number("step", (0..30).map(f64::from).collect()),
                vec![Series {
                    key: "log_loss".to_owned(),
                    name: HOSTILE.to_owned(),
                    colour: "--c0".to_owned(),
                    values: (0..30).map(|x| Some(1.0 / (1.0 + f64::from(x)))).collect(),
                }],
            )],
        };
        out.push((
            name,
            page_with_charts(&viewer, "/ui/jobs", "Job", &view::job::page(&viewer, &shown)),
        ));
    }
    let uploads = [("up-1".to_owned(), HOSTILE.to_owned())];
    let errors = [("hyperparameters.max_depth".to_owned(), HOSTILE.to_owned())];
    let shown = view::training::Shown {
        cards: tripline_engine::trainable(),
        card: tripline_engine::trainable()
            .iter()
            .copied()
            .find(|card| card.id == "gradient_boosting"),
        fields: &hostile,
        uploads: &uploads,
        errors: &errors,
        key: "k",
    };
    out.push((
        "training",
        page(&viewer, "/ui/jobs", "Train", &view::training::page(&viewer, &shown)),
    ));
    let runs = [run(1), run(2)];
    out.push(("runs", page(&viewer, "/ui/jobs", "Runs", &view::runs::list(&runs, None))));
    out.push((
        "runs-compared",
        page(&viewer, "/ui/jobs", "Runs", &view::runs::compared(&runs, Vec::new())),
    ));
    let uploads = [view::data::Upload {
        id: "up-1".to_owned(),
        name: HOSTILE.to_owned(),
        bytes: 12_345_678,
        digest: "ab".repeat(32),
        at: NOW,
    }];
    let guarded = [view::data::Guarded { models: vec![HOSTILE.to_owned(); 5], findings }];
    out.push((
        "data",
        page(&viewer, "/ui/data", "Data", &view::data::page(&viewer, &uploads, &runs, &guarded)),
    ));

    out
}
