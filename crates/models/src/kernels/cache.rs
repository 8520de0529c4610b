//! A cache of kernel columns, bounded in bytes: the one used longest ago goes first.

/// No column.
const NONE: u32 = u32::MAX;

/// Columns of which the first part may be known.
pub(super) struct Cache {
    columns: Vec<Vec<f32>>,
    /// The column used before and after each; the last entry is the head of the circle, whose next
    /// is the one used longest ago.
    before: Vec<u32>,
    after: Vec<u32>,
    /// Values that still fit.
    room: usize,
}

impl Cache {
    /// Room for so many bytes, at least for two columns.
    pub(super) fn new(rows: usize, bytes: usize) -> Self {
        let mut before = vec![NONE; rows + 1];
        before[rows] = rows as u32;
        let room = (bytes / size_of::<f32>()).max(2 * rows);
        Self { columns: vec![Vec::new(); rows], after: before.clone(), before, room }
    }

    fn head(&self) -> usize {
        self.columns.len()
    }

    fn unlink(&mut self, column: usize) {
        let (before, after) = (self.before[column] as usize, self.after[column] as usize);
        self.after[before] = after as u32;
        self.before[after] = before as u32;
        self.after[column] = NONE;
    }

    /// Makes a column the one used last.
    fn link(&mut self, column: usize) {
        let head = self.head();
        let last = self.before[head] as usize;
        (self.before[column], self.after[column]) = (last as u32, head as u32);
        self.after[last] = column as u32;
        self.before[head] = column as u32;
    }

    /// Forgets a column.
    fn drop(&mut self, column: usize) {
        self.unlink(column);
        self.room += std::mem::take(&mut self.columns[column]).len();
    }

    /// Makes the first `len` values of a column known; `fill` is given those that are not, with the
    /// place of the first. The column before it stays known too.
    pub(super) fn ensure(
        &mut self,
        column: usize,
        len: usize,
        fill: impl FnOnce(usize, &mut [f32]),
    ) {
        if self.after[column] != NONE {
            self.unlink(column);
        }
        let known = self.columns[column].len();
        if known < len {
            let more = len - known;
            while self.room < more {
                self.drop(self.after[self.head()] as usize);
            }
            self.room -= more;
            // No more than is counted.
            self.columns[column].reserve_exact(more);
            self.columns[column].resize(len, 0.0);
            fill(known, &mut self.columns[column][known..]);
        }
        self.link(column);
    }

    /// Whole columns that still fit.
    pub(super) fn room(&self) -> usize {
        self.room / self.columns.len().max(1)
    }

    /// Takes in the first columns, all of them whole and none known before; there must be room.
    pub(super) fn take_in(&mut self, columns: Vec<Vec<f32>>) {
        for (column, values) in columns.into_iter().enumerate() {
            self.room -= values.len();
            self.columns[column] = values;
            self.link(column);
        }
    }

    /// What is known of a column.
    pub(super) fn column(&self, column: usize) -> &[f32] {
        &self.columns[column]
    }

    /// Two rows are changed for each other.
    pub(super) fn swap(&mut self, a: usize, b: usize) {
        let (low, high) = (a.min(b), a.max(b));
        if low == high {
            return;
        }
        let known = [low, high].map(|column| self.after[column] != NONE);
        for (column, known) in [low, high].into_iter().zip(known) {
            if known {
                self.unlink(column);
            }
        }
        self.columns.swap(low, high);
        for (column, known) in [high, low].into_iter().zip(known) {
            if known {
                self.link(column);
            }
        }
        let mut at = self.after[self.head()];
        while at as usize != self.head() {
            let next = self.after[at as usize];
            let column = &mut self.columns[at as usize];
            if column.len() > high {
                column.swap(low, high);
            } else if column.len() > low {
                // The value that belongs there is not known.
                self.drop(at as usize);
            }
            at = next;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(column: usize, row: usize) -> f32 {
        (10 * column + row) as f32
    }

    #[test]
    fn the_column_used_longest_ago_goes_first() {
        let mut cache = Cache::new(4, 3 * 4 * size_of::<f32>());
        let mut filled = Vec::new();
        for (column, len) in [(0, 4), (1, 4), (2, 4), (0, 4), (3, 2), (1, 4), (0, 4)] {
            cache.ensure(column, len, |from, out| {
                filled.push(column);
                for (i, out) in out.iter_mut().enumerate() {
                    *out = value(column, from + i);
                }
            });
            assert_eq!(cache.column(column)[1], value(column, 1));
        }
        // 3 takes the place of 1, 1 that of 2.
        assert_eq!(filled, [0, 1, 2, 3, 1]);
    }

    #[test]
    fn changed_rows_keep_what_is_known() {
        let mut cache = Cache::new(4, 1 << 10);
        let fill = |column: usize| {
            move |from: usize, out: &mut [f32]| {
                for (i, out) in out.iter_mut().enumerate() {
                    *out = value(column, from + i);
                }
            }
        };
        cache.ensure(0, 4, fill(0));
        cache.ensure(1, 2, fill(1));
        cache.swap(1, 3);
        assert_eq!(cache.column(0), [0.0, 3.0, 2.0, 1.0]);
        assert!(cache.column(1).is_empty(), "row 3 was never there");
        assert!(cache.column(3).is_empty(), "what it holds of row 3 is not known");
        cache.swap(0, 2);
        assert_eq!(cache.column(2), [2.0, 3.0, 0.0, 1.0]);
    }
}
