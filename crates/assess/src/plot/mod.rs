//! Numbers drawn as SVG that needs no script, no network, no font of its own.
//!
//! Every chart is a function from plain numbers to a [`Figure`]. Colours come from classes that
//! [`STYLE`] defines once for a page, for light as for dark schemes; the palette is that of Okabe
//! with Ito (2008), which colour-blind readers tell apart. Text from the data is escaped where it
//! is written, cut to the room it has, given in full as a tooltip.

mod axes;
mod bars;
mod beeswarm;
mod calibration;
mod canvas;
mod confusion;
mod curves;
mod dependence;
mod force;
mod number;
mod scale;
mod scores;
mod text;
mod thin;
mod trials;
mod waterfall;

pub use bars::{Bar, BarUnit, bars};
pub use beeswarm::{SwarmPoint, SwarmRow, beeswarm};
pub use calibration::{ReliabilityBin, calibration};
pub use confusion::confusion;
pub use curves::{Curve, Mark, RocAxis, precision_recall, roc};
pub use dependence::{DependencePoint, DependenceX, dependence};
pub use force::force;
pub use number::{count, metric, percent, short, signed};
pub use scores::score_distribution;
pub use text::escape;
pub use trials::{TrialAxis, TrialPoint, trial_front, trial_history, trial_slice};
pub use waterfall::{Part, Parts, waterfall};

/// The style sheet of all charts: put it once into a page that holds figures.
pub const STYLE: &str = include_str!("plot.css");

/// How wide a chart that explains one row is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Width {
    /// For a screen.
    #[default]
    Wide,
    /// For a hand.
    Narrow,
}

impl Width {
    fn units(self) -> f64 {
        match self {
            Self::Wide => axes::WIDE,
            Self::Narrow => axes::WIDTH,
        }
    }
}

/// A drawn chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// What is drawn, in a few words; plain text.
    pub title: String,
    /// An `svg` element to stand inside a page that has [`STYLE`].
    pub svg: String,
    /// How to read it with what was left out; plain text, may be empty.
    pub caption: String,
}

impl Figure {
    /// The figure as an SVG file of its own, style included.
    pub fn document(&self) -> String {
        let open = "<svg ";
        let rest = self.svg.strip_prefix(open).unwrap_or(&self.svg);
        let (attributes, body) = rest.split_once('>').unwrap_or((rest, ""));
        format!(
            "{open}xmlns=\"http://www.w3.org/2000/svg\" {attributes}><style>{STYLE}</style>{body}\n"
        )
    }
}
