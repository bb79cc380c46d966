//! What commands did, kept for a short time so that it can be undone.

use std::{collections::VecDeque, time::Duration};

/// Maximum deeds that are kept. The oldest is dropped first.
pub const MAX_DEEDS: usize = 16;
/// Maximum bytes of all deeds that are kept, so that dropping a queue of usual size can be undone. The oldest are
/// dropped first.
pub const MAX_BYTES: usize = 64 << 20;
/// Maximum drafts that are kept. The oldest is dropped first.
pub const MAX_DRAFTS: usize = 16;
/// How long a deed can be undone.
pub const TIME_TO_UNDO: Duration = Duration::from_secs(10);

/// The last deeds: at most 16, with at most 64 MiB, of the last 10 seconds. `D` is what a network needs to undo one.
///
/// Contents stay at the node: a face gets a token.
///
/// Beside them are drafts: what a [`Draft`](crate::Draft) began and its `cancel` undoes, however long the user writes.
#[derive(Debug)]
pub struct UndoStore<D> {
    deeds: VecDeque<Deed<D>>,
    drafts: VecDeque<(u64, D)>,
    next_token: u64,
    bytes: usize,
}

#[derive(Debug)]
struct Deed<D> {
    token: u64,
    at: Duration,
    bytes: usize,
    content: D,
}

/// Why a deed cannot be undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UndoError {
    /// The text is not a token of this node.
    #[error("that is nothing that can be undone")]
    NoToken,
    /// It was undone already, it is more than ten seconds old, or newer ones took its place.
    #[error("it was undone already, or it is too late: a command can be undone for ten seconds")]
    Gone,
}

impl<D> Default for UndoStore<D> {
    fn default() -> Self {
        Self { deeds: VecDeque::new(), drafts: VecDeque::new(), next_token: 1, bytes: 0 }
    }
}

impl<D> UndoStore<D> {
    /// Stores a deed with the bytes that it keeps in memory. `uptime` is the time of the node. Returns its token. A deed
    /// that is larger than all deeds may be is not stored, so it cannot be undone: `None`.
    pub fn push(&mut self, content: D, bytes: usize, uptime: Duration) -> Option<u64> {
        self.expire(uptime);
        if bytes > MAX_BYTES {
            return None;
        }
        let token = self.next_token;
        self.next_token += 1;
        self.store(Deed { token, at: uptime, bytes, content });
        Some(token)
    }

    /// Stores a deed again that [`pop`](Self::pop) returned for this token and that could not be undone, so that the same
    /// call can be made once more within ten seconds.
    pub fn put_back(&mut self, token: &str, content: D, bytes: usize, uptime: Duration) {
        self.expire(uptime);
        let token = token.trim().parse().ok().filter(|token| *token < self.next_token);
        if let Some(token) = token.filter(|_| bytes <= MAX_BYTES) {
            self.store(Deed { token, at: uptime, bytes, content });
        }
    }

    fn store(&mut self, deed: Deed<D>) {
        self.bytes += deed.bytes;
        self.deeds.push_back(deed);
        while self.deeds.len() > MAX_DEEDS || self.bytes > MAX_BYTES {
            self.drop_oldest();
        }
    }

    /// Stores what a draft began. It can be undone until 16 newer drafts are stored. Returns its token.
    pub fn push_draft(&mut self, content: D) -> u64 {
        let token = self.next_token;
        self.next_token += 1;
        self.drafts.push_back((token, content));
        if self.drafts.len() > MAX_DRAFTS {
            self.drafts.pop_front();
        }
        token
    }

    /// The drafts and their tokens, the oldest first.
    pub fn drafts(&self) -> impl Iterator<Item = (u64, &D)> {
        self.drafts.iter().map(|(token, content)| (*token, content))
    }

    /// Whether a deed or a draft can be undone now.
    pub fn check(&self, token: &str, uptime: Duration) -> Result<(), UndoError> {
        let is_draft = self.draft_position(token).is_some();
        if is_draft { Ok(()) } else { self.position(token, uptime).map(|_| ()) }
    }

    /// Removes a deed or a draft in order to undo it.
    pub fn pop(&mut self, token: &str, uptime: Duration) -> Result<D, UndoError> {
        if let Some((_, draft)) = self.draft_position(token).and_then(|draft| self.drafts.remove(draft)) {
            return Ok(draft);
        }
        let position = self.position(token, uptime)?;
        let deed = self.deeds.remove(position).ok_or(UndoError::Gone)?;
        self.bytes -= deed.bytes;
        Ok(deed.content)
    }

    fn draft_position(&self, token: &str) -> Option<usize> {
        let token: u64 = token.trim().parse().ok()?;
        self.drafts.iter().position(|(draft, _)| *draft == token)
    }

    fn position(&self, token: &str, uptime: Duration) -> Result<usize, UndoError> {
        let token: u64 = token.trim().parse().map_err(|_| UndoError::NoToken)?;
        if token >= self.next_token {
            return Err(UndoError::NoToken);
        }
        let can_be_undone = |deed: &Deed<D>| deed.token == token && !deed.is_over(uptime);
        self.deeds.iter().position(can_be_undone).ok_or(UndoError::Gone)
    }

    /// Uptime until which the oldest deed can be undone. `None` without deeds.
    pub fn expires(&self) -> Option<Duration> {
        self.deeds.front().map(|deed| deed.at.saturating_add(TIME_TO_UNDO))
    }

    /// Drops the deeds that can no longer be undone. Otherwise they are dropped when the next one is stored.
    pub fn expire(&mut self, uptime: Duration) {
        while self.deeds.front().is_some_and(|deed| deed.is_over(uptime)) {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        if let Some(deed) = self.deeds.pop_front() {
            self.bytes -= deed.bytes;
        }
    }
}

impl<D> Deed<D> {
    fn is_over(&self, uptime: Duration) -> bool {
        uptime.saturating_sub(self.at) > TIME_TO_UNDO
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Duration = Duration::ZERO;

    #[test]
    fn a_deed_can_be_undone_once_and_for_ten_seconds() {
        let mut store = UndoStore::default();
        let token = store.push("a", 1, START).unwrap().to_string();
        assert_eq!(store.check(&token, TIME_TO_UNDO), Ok(()));
        assert_eq!(store.check(&token, TIME_TO_UNDO + Duration::from_nanos(1)), Err(UndoError::Gone));
        assert_eq!(store.pop(&token, TIME_TO_UNDO), Ok("a"));
        assert_eq!(store.pop(&token, TIME_TO_UNDO), Err(UndoError::Gone));
        for nothing in ["", "x", "-1", "2", "18446744073709551616"] {
            assert_eq!(store.pop(nothing, START), Err(UndoError::NoToken));
        }
    }

    #[test]
    fn a_deed_that_could_not_be_undone_can_be_tried_again() {
        let mut store = UndoStore::default();
        let token = store.push("a", 5, START).unwrap().to_string();
        let deed = store.pop(&token, START).unwrap();
        store.put_back(&token, deed, 5, TIME_TO_UNDO);
        assert_eq!((store.bytes, store.expires()), (5, Some(TIME_TO_UNDO * 2)));
        assert_eq!(store.pop(&token, TIME_TO_UNDO * 2), Ok("a"));
        assert_eq!(store.check(&token, START), Err(UndoError::Gone));
        store.put_back("2", "b", 5, START);
        assert_eq!((store.bytes, store.expires()), (0, None));
    }

    #[test]
    fn deeds_that_are_over_are_dropped_without_another() {
        let mut store = UndoStore::default();
        store.push("a", 5, START).unwrap();
        store.push("b", 6, START + Duration::from_secs(1)).unwrap();
        let over = store.expires().unwrap() + Duration::from_nanos(1);
        store.expire(over);
        assert_eq!((store.deeds.len(), store.bytes), (1, 6));
        store.expire(over + Duration::from_secs(1));
        assert_eq!((store.bytes, store.expires()), (0, None));
    }

    #[test]
    fn drafts_are_kept_until_there_are_too_many() {
        let mut store = UndoStore::default();
        let deed = store.push("deed", 1, START).unwrap();
        let draft = store.push_draft("draft").to_string();
        assert_eq!(store.check(&draft, TIME_TO_UNDO * 1000), Ok(()));
        assert_eq!(store.drafts().collect::<Vec<_>>(), [(deed + 1, &"draft")]);
        assert_eq!(store.pop(&draft, TIME_TO_UNDO * 1000), Ok("draft"));
        assert_eq!(store.pop(&draft, START), Err(UndoError::Gone));
        let tokens: Vec<_> = (0..=MAX_DRAFTS).map(|_| store.push_draft("draft").to_string()).collect();
        assert_eq!(store.check(&tokens[0], START), Err(UndoError::Gone));
        assert_eq!(store.check(&tokens[1], START), Ok(()));
        assert_eq!(store.check(&deed.to_string(), START), Ok(()));
    }

    #[test]
    fn deeds_are_bounded_in_number_and_bytes() {
        let mut store = UndoStore::default();
        let tokens: Vec<_> = (0..=MAX_DEEDS).filter_map(|deed| store.push(deed, 1, START)).collect();
        assert_eq!(store.check(&tokens[0].to_string(), START), Err(UndoError::Gone));
        assert_eq!(store.check(&tokens[1].to_string(), START), Ok(()));
        assert_eq!(store.push(0, MAX_BYTES + 1, START), None);
        let last = store.push(0, MAX_BYTES, START).unwrap();
        assert_eq!((store.deeds.len(), store.bytes), (1, MAX_BYTES));
        assert_eq!(store.pop(&last.to_string(), START), Ok(0));
        assert_eq!(store.bytes, 0);
    }
}
