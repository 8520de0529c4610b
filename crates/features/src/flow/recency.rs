//! Open flows in the order in which they end or are evicted.

/// No flow.
const NONE: u32 = u32::MAX;

/// A queue of flows, the next to end first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Queue {
    /// A SYN without an answer, where that has a time-out of its own: by the time of the first.
    Attempt,
    /// One endpoint has sent nothing: by their last packet.
    Unanswered,
    /// Both have sent: by their last packet.
    Answered,
    /// Closed by TCP, waiting for late packets: by the time of closing.
    Closed,
}

impl Queue {
    /// All; those whose flows are evicted first come first.
    ///
    /// Of a closed flow nothing but late packets is lost; who never got an answer is told as well as
    /// it can be.
    pub(super) const ALL: [Self; 4] =
        [Self::Closed, Self::Attempt, Self::Unanswered, Self::Answered];

    /// True if its flows keep their places: they end at a fixed time.
    fn is_fixed(self) -> bool {
        matches!(self, Self::Closed | Self::Attempt)
    }
}

#[derive(Debug, Clone, Copy)]
struct Link {
    hash: u32,
    clock_ns: i64,
    previous: u32,
    next: u32,
    queue: Queue,
}

#[derive(Debug, Clone, Copy)]
struct Ends {
    first: u32,
    last: u32,
}

/// The queues of one partition.
///
/// What every packet touches lies here, apart from the flows themselves: the links of some
/// thousand flows stay in the processor's first caches.
#[derive(Debug)]
pub(super) struct Recency {
    links: Vec<Link>,
    ends: [Ends; 4],
}

impl Recency {
    /// Bytes for each place.
    pub(super) const BYTES: usize = size_of::<Link>();

    pub(super) fn new() -> Self {
        Self { links: Vec::new(), ends: [Ends { first: NONE, last: NONE }; 4] }
    }

    /// Hash of the flow at a place.
    #[inline]
    pub(super) fn hash(&self, place: u32) -> u32 {
        self.links[place as usize].hash
    }

    /// The queue of the flow at a place.
    #[inline]
    pub(super) fn queue(&self, place: u32) -> Queue {
        self.links[place as usize].queue
    }

    /// Puts a new flow at the end of a queue.
    pub(super) fn insert(&mut self, place: u32, hash: u32, queue: Queue, clock_ns: i64) {
        let link = Link { hash, clock_ns, previous: NONE, next: NONE, queue };
        let place = place as usize;
        if place == self.links.len() {
            self.links.push(link);
        } else {
            self.links[place] = link;
        }
        self.append(place as u32, queue);
    }

    /// Moves a flow to the end of a queue. Some queues have fixed places.
    #[inline]
    pub(super) fn touch(&mut self, place: u32, queue: Queue, clock_ns: i64) {
        let link = self.links[place as usize];
        if queue == link.queue && queue.is_fixed() {
            return;
        }
        let is_last = link.queue == queue && self.ends[queue as usize].last == place;
        if is_last {
            self.links[place as usize].clock_ns = clock_ns;
            return;
        }
        self.unlink(place);
        self.links[place as usize].clock_ns = clock_ns;
        self.append(place, queue);
    }

    /// Takes a flow out of its queue.
    pub(super) fn remove(&mut self, place: u32) {
        self.unlink(place);
    }

    /// The first flow of a queue with its time.
    #[inline]
    pub(super) fn first(&self, queue: Queue) -> Option<(u32, i64)> {
        let first = self.ends[queue as usize].first;
        self.links.get(first as usize).map(|link| (first, link.clock_ns))
    }

    /// Times of all flows of a queue, the first first.
    pub(super) fn clocks(&self, queue: Queue) -> impl Iterator<Item = i64> {
        let link = |place: u32| self.links.get(place as usize);
        let first = link(self.ends[queue as usize].first);
        std::iter::successors(first, move |at| link(at.next)).map(|at| at.clock_ns)
    }

    fn append(&mut self, place: u32, queue: Queue) {
        let last = self.ends[queue as usize].last;
        let link = &mut self.links[place as usize];
        link.queue = queue;
        link.previous = last;
        link.next = NONE;
        match self.links.get_mut(last as usize) {
            Some(before) => before.next = place,
            None => self.ends[queue as usize].first = place,
        }
        self.ends[queue as usize].last = place;
    }

    fn unlink(&mut self, place: u32) {
        let Link { previous, next, queue, .. } = self.links[place as usize];
        match self.links.get_mut(previous as usize) {
            Some(before) => before.next = next,
            None => self.ends[queue as usize].first = next,
        }
        match self.links.get_mut(next as usize) {
            Some(after) => after.previous = previous,
            None => self.ends[queue as usize].last = previous,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queues_keep_the_order_of_use() {
        let mut recency = Recency::new();
        for place in 0..3 {
            recency.insert(place, 7, Queue::Unanswered, i64::from(place));
        }
        recency.touch(0, Queue::Unanswered, 10);
        recency.touch(1, Queue::Answered, 11);
        assert_eq!(recency.first(Queue::Unanswered), Some((2, 2)));
        assert_eq!(recency.first(Queue::Answered), Some((1, 11)));
        recency.touch(2, Queue::Closed, 12);
        recency.touch(2, Queue::Closed, 99);
        assert_eq!(recency.first(Queue::Closed), Some((2, 12)));
        recency.remove(2);
        recency.remove(0);
        assert_eq!(recency.first(Queue::Closed), None);
        assert_eq!(recency.first(Queue::Unanswered), None);
        recency.insert(2, 8, Queue::Answered, 20);
        assert_eq!(recency.first(Queue::Answered), Some((1, 11)));
    }
}
