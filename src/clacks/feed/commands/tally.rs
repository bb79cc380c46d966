use clacks_feed::{Key, Outcome, Refusal};

/// What came of a command on one or several items.
#[derive(Default)]
pub(super) struct Tally {
    /// The sentence for each item that was changed.
    done: Vec<String>,
    /// Items that were not changed.
    left: Vec<Key>,
    /// Why the first of them was not.
    reason: Option<String>,
}

impl Tally {
    /// An item was changed.
    pub(super) fn done(&mut self, sentence: String) {
        self.done.push(sentence);
    }

    /// An item was not changed, for this reason. `None`: the reason has gone again.
    pub(super) fn refused(&mut self, key: &impl ToString, reason: Option<String>) {
        let key = key.to_string();
        self.left.push(Key::new(&key));
        self.reason.get_or_insert_with(|| reason.unwrap_or_else(|| format!("{key} was changed meanwhile")));
    }

    /// The sentence of the only item, or a count such as `ignored 1 of 2 peers`, with the reason for the others.
    pub(super) fn outcome(self, past: &str, many: &str) -> Result<Outcome, Refusal> {
        let Self { mut done, left, reason } = self;
        let (changed, asked) = (done.len(), done.len() + left.len());
        let text = match (done.pop(), reason) {
            (Some(sentence), None) if asked == 1 => sentence,
            (_, None) => format!("{past} {asked} {many}"),
            (_, Some(reason)) if asked == 1 => reason,
            (_, Some(reason)) => format!("{past} {changed} of {asked} {many}; {reason}"),
        };
        if changed == 0 { Err(Refusal::new(text)) } else { Ok(Outcome::new(text).leaving(left)) }
    }
}
