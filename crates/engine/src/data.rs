//! Tables as data sets to train and judge by.

use std::path::Path;

use tripline_core::{Dataset, Progress};
use tripline_features::flow::{self, SetCard};

use crate::error::EngineError;
use crate::settings::ReadSettings;
use crate::traffic::keep_model_columns;

/// Reads a table to train by. With a feature set asked for, and for a table of flows that this
/// program wrote, the columns of the set that models use are left.
pub fn read_table(
    file: &Path,
    settings: &ReadSettings,
    labelled: bool,
    set: Option<&'static SetCard>,
    progress: &dyn Progress,
) -> Result<Dataset, EngineError> {
    let mut data = tripline_ingest::read(file, &settings.options(None, labelled), progress)?;
    if let Some(set) = set {
        keep_model_columns(&mut data, set)?;
    } else if data.source.layout == "tripline-flows" {
        // What a capture is trained on, its flows as a table are trained on.
        let has = |set: &&&SetCard| {
            (set.columns)().iter().all(|column| data.rows.column(column.name).is_some())
        };
        if let Some(set) = flow::SETS.iter().find(has) {
            keep_model_columns(&mut data, set)?;
        }
    }
    Ok(data)
}

/// Reads a labelled table to judge by, with the kinds of the training columns: a cell that is no
/// number is a missing one there, as it will be when the model scores.
pub fn read_test_table(
    file: &Path,
    train: &Dataset,
    settings: &ReadSettings,
    progress: &dyn Progress,
) -> Result<Dataset, EngineError> {
    let options = settings.options(Some(train.rows.schema()), true);
    Ok(tripline_ingest::read(file, &options, progress)?)
}
