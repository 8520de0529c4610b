//! Places for open flows that are used again and never move.

/// Entries of one allocation.
const CHUNK: usize = 32;

/// Numbered places in chunks, so that growing copies nothing.
#[derive(Debug)]
pub(super) struct Slab<T> {
    chunks: Vec<Vec<Option<T>>>,
    free: Vec<u32>,
}

impl<T> Slab<T> {
    pub(super) fn new() -> Self {
        Self { chunks: Vec::new(), free: Vec::new() }
    }

    /// Puts an entry into a free place.
    pub(super) fn insert(&mut self, entry: T) -> u32 {
        if let Some(place) = self.free.pop() {
            self.chunks[place as usize / CHUNK][place as usize % CHUNK] = Some(entry);
            return place;
        }
        if self.chunks.last().is_none_or(|chunk| chunk.len() == CHUNK) {
            self.chunks.push(Vec::with_capacity(CHUNK));
        }
        let chunk = self.chunks.len() - 1;
        let place = chunk * CHUNK + self.chunks[chunk].len();
        self.chunks[chunk].push(Some(entry));
        place as u32
    }

    /// The entry at a place.
    #[inline]
    pub(super) fn get(&self, place: u32) -> Option<&T> {
        self.chunks.get(place as usize / CHUNK)?.get(place as usize % CHUNK)?.as_ref()
    }

    /// The entry at a place, to change it.
    #[inline]
    pub(super) fn get_mut(&mut self, place: u32) -> Option<&mut T> {
        self.chunks.get_mut(place as usize / CHUNK)?.get_mut(place as usize % CHUNK)?.as_mut()
    }

    /// Drops an entry.
    pub(super) fn remove(&mut self, place: u32) {
        let slot = self
            .chunks
            .get_mut(place as usize / CHUNK)
            .and_then(|chunk| chunk.get_mut(place as usize % CHUNK));
        if let Some(slot) = slot
            && slot.is_some()
        {
            *slot = None;
            self.free.push(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_used_again() {
        let mut slab = Slab::new();
        let places: Vec<u32> = (0..70).map(|i| slab.insert(i)).collect();
        slab.remove(places[33]);
        slab.remove(places[33]);
        assert_eq!(slab.get(places[33]), None);
        assert_eq!(slab.insert(700), places[33]);
        assert_eq!(slab.get(places[33]), Some(&700));
        assert_eq!(slab.get(69), Some(&69));
        assert_eq!((slab.insert(70), slab.get(71)), (70, None));
    }
}
