//! Which commands take long.

use super::NodeCommand;

/// What the execution of a command waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitsFor {
    /// Nothing: it takes less than a frame.
    Nothing,
    /// A visit of every message in the queue, with an evaluation of the filter. A screen goes on meanwhile. In a script
    /// the next line waits, because it relies on the effect.
    Queue,
    /// The response of another node, which can take until the time-out. Nothing else waits for it.
    OtherNode,
}

impl NodeCommand {
    /// What the execution of the command waits for.
    pub fn waits_for(&self) -> WaitsFor {
        match self {
            Self::Announce(_) => WaitsFor::OtherNode,
            Self::Hold(_) | Self::Unhold | Self::DropAll(_) => WaitsFor::Queue,
            Self::Enqueue(_)
            | Self::Add(_)
            | Self::Ignore(_)
            | Self::Unignore(_)
            | Self::IgnoreRemote(_)
            | Self::UnignoreRemote(_)
            | Self::Forget(_)
            | Self::Trust(_)
            | Self::Drop(_)
            | Self::Rate(_)
            | Self::HoldOne(_)
            | Self::ShowHold
            | Self::Release(_)
            | Self::ReleaseAll
            | Self::Replace(..) => WaitsFor::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Command;

    #[test]
    fn only_an_announce_waits_for_another_node_and_only_filters_for_the_queue() {
        for (line, waits_for) in [
            (":announce a:1", WaitsFor::OtherNode),
            (":hold gnu", WaitsFor::Queue),
            (":unhold", WaitsFor::Queue),
            (":drop gnu", WaitsFor::Queue),
            (":drop all", WaitsFor::Queue),
            ("a message", WaitsFor::Nothing),
            (":add a:1", WaitsFor::Nothing),
            (":ignore a:1", WaitsFor::Nothing),
            (":unignore a:1", WaitsFor::Nothing),
            (":ignore ip:192.0.2.7", WaitsFor::Nothing),
            (":unignore ip:192.0.2.7", WaitsFor::Nothing),
            (":forget a:1", WaitsFor::Nothing),
            (":trust a:1", WaitsFor::Nothing),
            (":drop 7", WaitsFor::Nothing),
            (":rate 2", WaitsFor::Nothing),
            (":hold", WaitsFor::Nothing),
            (":hold 7", WaitsFor::Nothing),
            (":release 7", WaitsFor::Nothing),
            (":release all", WaitsFor::Nothing),
            (":edit 7 text", WaitsFor::Nothing),
        ] {
            let Ok(Command::Node(command)) = Command::parse(line) else { panic!("{line}") };
            assert_eq!(command.waits_for(), waits_for, "{line}");
        }
    }
}
