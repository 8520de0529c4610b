//! How many packets one that was looked at stands for.

use super::element::Element;
use super::template::Template;
use super::wire::{Wire, whole};

/// A share of packets that was looked at: `size` of `population`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sampling {
    population: u64,
    size: u64,
}

impl Sampling {
    /// One of so many; none if all were looked at.
    pub(super) fn one_of(interval: u64) -> Option<Self> {
        Self::new(interval, 1)
    }

    fn new(population: u64, size: u64) -> Option<Self> {
        (size > 0 && population > size).then_some(Self { population, size })
    }

    /// What a count of samples stands for, rounded down.
    pub(super) fn scale(self, count: u64) -> u64 {
        let scaled = u128::from(count) * u128::from(self.population) / u128::from(self.size);
        u64::try_from(scaled).unwrap_or(u64::MAX)
    }
}

/// What an options record says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Options {
    /// The sampler or selector that it is about.
    pub(super) sampler: Option<u64>,
    /// `Some(None)` if it says that all packets are looked at.
    pub(super) sampling: Option<Option<Sampling>>,
    /// When the system started, in nanoseconds since 1970.
    pub(super) system_init_ns: Option<i64>,
}

impl Options {
    /// The next options record; `None` if the rest holds no whole one.
    ///
    /// Sampling is told as an interval (RFC 3954, section 8), as packets looked at and left out in
    /// turn, as a size of a population, or as a probability (RFC 5477, section 8.2).
    pub(super) fn next(template: &Template, rest: &mut Wire<'_>) -> Option<Self> {
        let mut options = Self::default();
        let (mut interval, mut packets, mut space) = (None, None, None);
        let (mut size, mut population, mut probability) = (None, None, None);
        template.values(rest, |element, value| match element {
            Element::SamplerId => options.sampler = Some(whole(value)),
            Element::SamplingInterval | Element::SamplerInterval => interval = Some(whole(value)),
            Element::SamplingPackets => packets = Some(whole(value)),
            Element::SamplingSpace => space = Some(whole(value)),
            Element::SamplingSize => size = Some(whole(value)),
            Element::SamplingPopulation => population = Some(whole(value)),
            Element::SamplingProbability => probability = float(value),
            Element::SystemInit => {
                options.system_init_ns = super::clock::since_1970(whole(value), 1_000_000);
            }
            _ => {}
        })?;
        options.sampling = match (interval, packets, space, size, population, probability) {
            (_, Some(packets), Some(space), ..) => {
                Some(Sampling::new(packets.saturating_add(space), packets))
            }
            (_, _, _, Some(size), Some(population), _) => Some(Sampling::new(population, size)),
            // A probability of 2^-32 is the smallest that is told apart.
            (.., Some(share)) if share > 0.0 && share <= 1.0 => {
                Some(Sampling::new(1 << 32, (share * 4_294_967_296.0).round() as u64))
            }
            (Some(interval), ..) => Some(Sampling::one_of(interval)),
            _ => None,
        };
        Some(options)
    }
}

fn float(bytes: &[u8]) -> Option<f64> {
    match bytes.len() {
        4 => Some(f64::from(f32::from_be_bytes(bytes.try_into().ok()?))),
        8 => Some(f64::from_be_bytes(bytes.try_into().ok()?)),
        _ => None,
    }
}
