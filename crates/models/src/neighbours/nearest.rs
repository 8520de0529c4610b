//! The rows nearest to one point, as far as they are known.

/// A point with the number of its rows that are neighbours.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Neighbour {
    /// The distance; within a search still reduced.
    pub(super) distance: f64,
    /// Number of the point.
    pub(super) point: u32,
    /// Its rows that count as neighbours.
    pub(super) times: u32,
}

/// The points nearest so far whose rows are as many as wanted, in order of distance, equal ones by
/// their number: by the row in which they appear first.
#[derive(Debug, Clone, Default)]
pub(super) struct Nearest {
    wanted: usize,
    rows: usize,
    found: Vec<Neighbour>,
}

impl Nearest {
    /// Forgets all, then wants so many rows; at least one.
    pub(super) fn restart(&mut self, wanted: usize) {
        self.wanted = wanted;
        self.rows = 0;
        self.found.clear();
    }

    /// The distance beyond which no point is wanted any more.
    #[inline(always)]
    pub(super) fn bound(&self) -> f64 {
        match self.found.last() {
            Some(last) if self.rows >= self.wanted => last.distance,
            _ => f64::INFINITY,
        }
    }

    /// Takes a point with its rows, unless nearer ones suffice.
    pub(super) fn offer(&mut self, distance: f64, point: u32, times: u32) {
        let before = |other: &Neighbour| {
            other.distance < distance || (other.distance == distance && other.point < point)
        };
        if times == 0 || (self.rows >= self.wanted && self.found.last().is_some_and(before)) {
            return;
        }
        let place = self.found.iter().rposition(before).map_or(0, |at| at + 1);
        self.found.insert(place, Neighbour { distance, point, times });
        self.rows += times as usize;
        while let Some(last) = self.found.last() {
            if self.rows - (last.times as usize) < self.wanted {
                break;
            }
            self.rows -= last.times as usize;
            self.found.pop();
        }
    }

    /// The neighbours, of which the last counts no more rows than are wanted.
    pub(super) fn take(&mut self, finish: impl Fn(f64) -> f64) -> &[Neighbour] {
        self.found.iter_mut().for_each(|found| found.distance = finish(found.distance));
        let spare = self.rows.saturating_sub(self.wanted);
        if let Some(last) = self.found.last_mut() {
            last.times -= spare as u32;
        }
        self.rows -= spare;
        &self.found
    }
}

/// The distance within which as many rows as wanted are known to be.
#[derive(Debug, Clone, Default)]
pub(super) struct Reach {
    wanted: usize,
    rows: usize,
    /// Distances with the rows at each, in order.
    distances: Vec<f64>,
    times: Vec<u32>,
}

impl Reach {
    /// Forgets all, then wants so many rows; at least one.
    pub(super) fn restart(&mut self, wanted: usize) {
        self.wanted = wanted;
        self.rows = 0;
        self.distances.clear();
        self.times.clear();
    }

    /// Infinite as long as there are fewer rows.
    #[inline(always)]
    pub(super) fn bound(&self) -> f64 {
        match self.distances.last() {
            Some(&last) if self.rows >= self.wanted => last,
            _ => f64::INFINITY,
        }
    }

    /// Takes rows at a distance that is a number, unless nearer ones suffice.
    #[inline(always)]
    pub(super) fn offer(&mut self, distance: f64, times: u32) {
        if times == 0 || distance >= self.bound() {
            return;
        }
        // Counting all takes less time than a search for as many as are usual.
        let place = self.distances.iter().filter(|&&other| other <= distance).count();
        self.distances.insert(place, distance);
        self.times.insert(place, times);
        self.rows += times as usize;
        while let Some(&last) = self.times.last() {
            if self.rows - (last as usize) < self.wanted {
                break;
            }
            self.rows -= last as usize;
            self.distances.pop();
            self.times.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_rows_as_wanted_are_kept() {
        let mut nearest = Nearest::default();
        nearest.restart(4);
        for (distance, point, times) in [
            (5.0, 0, 1),
            (3.0, 1, 2),
            (3.0, 9, 7),
            (9.0, 4, 9),
            (1.0, 3, 1),
            (3.0, 2, 1),
            (0.0, 7, 0),
        ] {
            nearest.offer(distance, point, times);
        }
        assert_eq!(nearest.bound(), 3.0);
        let neighbours: Vec<(f64, u32, u32)> =
            nearest.take(f64::sqrt).iter().map(|n| (n.distance, n.point, n.times)).collect();
        assert_eq!(neighbours, [(1.0, 3, 1), (3f64.sqrt(), 1, 2), (3f64.sqrt(), 2, 1)]);
        nearest.restart(3);
        assert_eq!(nearest.bound(), f64::INFINITY);
        nearest.offer(2.0, 0, 5);
        assert_eq!(nearest.take(|d| d)[0].times, 3);
    }

    #[test]
    fn a_reach_is_the_bound_of_the_nearest() {
        let mut rng = tripline_core::Rng::new(4);
        for wanted in [1, 3, 20] {
            let (mut nearest, mut reach) = (Nearest::default(), Reach::default());
            nearest.restart(wanted);
            reach.restart(wanted);
            for point in 0..300 {
                let (distance, times) = (rng.below(90) as f64, rng.below(4) as u32);
                nearest.offer(distance, point, times);
                reach.offer(distance, times);
                assert_eq!(reach.bound(), nearest.bound(), "{wanted}, {point}");
            }
        }
    }
}
