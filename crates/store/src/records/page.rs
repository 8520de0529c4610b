//! A part of a long list, newest first.

/// Which part.
#[derive(Debug, Clone, Default)]
pub struct PageRequest {
    /// At most so many items, 1 to 1,000; 0 takes 50.
    pub limit: u32,
    /// [`Page::next`] of the part before.
    pub after: Option<String>,
}

impl PageRequest {
    /// The limit that holds.
    pub fn rows(&self) -> u32 {
        match self.limit {
            0 => 50,
            limit => limit.min(1000),
        }
    }
}

/// A part of a list.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// The items, newest first.
    pub items: Vec<T>,
    /// Where the next part begins; none at the end.
    pub next: Option<String>,
}
