use std::{collections::HashMap, sync::Arc};

use crate::Fault;

/// Recognises runs of the same fault, so that a user gets one notice for each run.
#[derive(Debug, Default)]
pub struct FaultRuns {
    last: HashMap<Arc<str>, Fault>,
}

impl FaultRuns {
    /// Whether the fault differs from the last one of this plugin.
    pub fn begins(&mut self, by: &Arc<str>, fault: &Fault) -> bool {
        if self.last.get(by) == Some(fault) {
            return false;
        }
        self.last.insert(Arc::clone(by), fault.clone());
        true
    }

    /// Ends the run of a plugin, because it was loaded again.
    pub fn end(&mut self, by: &str) {
        self.last.remove(by);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_of_the_same_fault_begins_once() {
        let (one, other) = (Arc::from("one"), Arc::from("other"));
        let fault = |reason: &str| Fault { line: None, reason: reason.to_owned() };
        let mut runs = FaultRuns::default();
        assert!(runs.begins(&one, &fault("a")) && runs.begins(&other, &fault("a")));
        assert!(!runs.begins(&one, &fault("a")));
        assert!(runs.begins(&one, &fault("b")) && runs.begins(&one, &fault("a")));
        runs.end("one");
        assert!(runs.begins(&one, &fault("a")) && !runs.begins(&other, &fault("a")));
    }
}
