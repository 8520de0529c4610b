//! Learning from each row after scoring it, for methods without a faster way.

use tripline_core::{Detector, FitContext, FitError, Frame, Online, ScoreError};

/// [`Online::test_then_train`] by one row after the other.
pub(crate) fn one_by_one<D: Detector + Online>(
    detector: &mut D,
    frame: &Frame,
    context: &FitContext<'_>,
) -> Result<Vec<f64>, FitError> {
    let mut scores = Vec::with_capacity(frame.len());
    for row in 0..frame.len() {
        let one = frame.select(&[row]);
        scores.extend(detector.score(&one).map_err(unscored)?);
        let labels = context.labels.map(|labels| labels.select(&[row]));
        let weights = context.weights.map(|weights| &weights[row..=row]);
        let context = FitContext { labels: labels.as_ref(), weights, ..*context };
        detector.partial_fit(&one, &context)?;
    }
    Ok(scores)
}

/// What keeps a row from being scored keeps it from being learnt.
pub(crate) fn unscored(error: ScoreError) -> FitError {
    match error {
        ScoreError::Frame(source) => FitError::Frame(source),
        ScoreError::Missing { column, row } => FitError::Missing { column, row },
        other => FitError::Diverged { reason: other.to_string() },
    }
}
