//! The recorded node as a network: its rows, and the commands of the replay in place of its own.

use std::{
    future::ready,
    str::FromStr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use clacks_feed::{
    Call, Check, Doing, Key, Network, Now, Outcome, Page, Refusal, Row, Run, Text, Value, Watch, Window,
    args::{self, Argument},
    description::{CommandSpec, Description, ListId, Need, Takes},
    mirror::Mirror,
};
use clacks_language::command::playback::{Jump, ReplayCommand, Speed};

use super::deck::Deck;

/// A recorded node.
pub(super) struct ReplayNetwork {
    pub(super) mirror: Arc<Mirror>,
    deck: Mutex<Deck>,
}

/// The description of a recorded node: it has the commands of a replay and none of its own, and no hints that name those.
pub(super) fn describe(recorded: &Description) -> Description {
    let mut description = recorded.clone();
    for list in &mut description.lists {
        list.on_open = None;
        list.empty.retain(|hint| !hint.as_str().contains("{:"));
    }
    Description { commands: commands(), says: None, ..description }
}

fn commands() -> Vec<CommandSpec> {
    let command = CommandSpec::new;
    vec![
        command("pause", "pause or continue").key('p'),
        command("step", "play one event and pause").key('.'),
        command("speed", "play at this multiple of the recorded speed; + doubles the speed, - halves it")
            .arg("TIMES", &[Takes::Text], Need::Rest),
        command(
            "jump",
            "go to a position (2m30s or 0:40), by a distance (+10s or -1m), or to a time of day (@14:02)",
        )
        .arg("PLACE", &[Takes::Text], Need::Rest),
    ]
}

impl ReplayNetwork {
    pub(super) fn new(mirror: Arc<Mirror>, deck: Deck) -> Arc<Self> {
        Arc::new(Self { mirror, deck: Mutex::new(deck) })
    }

    pub(super) fn deck(&self) -> MutexGuard<'_, Deck> {
        // Nothing that holds the lock panics half-way.
        self.deck.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The command of a call.
    fn command(&self, call: &Call) -> Result<ReplayCommand, Check> {
        let arguments = args::read(self, call)?;
        let text = match arguments.values.first() {
            Some(Argument::Text(text)) => text.untrusted().trim(),
            _ => "",
        };
        match call.command.as_str() {
            "pause" => Ok(ReplayCommand::Pause),
            "step" => Ok(ReplayCommand::Step),
            "speed" => parsed::<Speed>(text).map(ReplayCommand::Speed),
            _ => parsed::<Jump>(text).map(ReplayCommand::Jump),
        }
    }
}

/// What can follow the beginning of a speed or of a place.
const ENDINGS: [&str; 16] =
    ["1", "5", "0", "00", ":00", "0:00", "00:00", "4:00", ".5", "25", "s", "m", "1s", "1M", "M", "r"];

/// Reads an argument.
fn parsed<T: FromStr<Err = &'static str>>(text: &str) -> Result<T, Check> {
    text.parse().map_err(|reason: &str| {
        let is_begun = ENDINGS.iter().any(|ending| format!("{text}{ending}").parse::<T>().is_ok());
        if is_begun { Check::Begun } else { Check::wrong(reason) }
    })
}

impl Network for ReplayNetwork {
    fn description(&self) -> &Arc<Description> {
        self.mirror.description()
    }

    fn run(&self) -> Run {
        self.mirror.run()
    }

    fn now(&self) -> Now {
        self.deck().now()
    }

    fn page(&self, window: &Window) -> Page {
        self.mirror.page(window)
    }

    fn rows(&self, list: ListId, keys: &[Key]) -> Vec<Option<Row>> {
        self.mirror.rows(list, keys)
    }

    fn gauges(&self) -> Vec<Value> {
        self.mirror.gauges()
    }

    fn settings(&self) -> Vec<Value> {
        self.mirror.settings()
    }

    fn check(&self, call: &Call) -> Check {
        match self.command(call) {
            Ok(command) => {
                let reason = self.deck().why_not(command);
                reason.map_or(Check::Works, |reason| Check::wrong(reason.to_string()))
            }
            Err(check) => check,
        }
    }

    fn call(self: Arc<Self>, call: Call) -> Doing {
        let done = match self.command(&call) {
            Ok(command) => {
                let mut deck = self.deck();
                let done = deck.carry_out(command);
                let waker = deck.waker();
                drop(deck);
                waker.wake();
                done.map_err(|reason| Refusal::new(reason.to_string()))
            }
            Err(Check::Wrong(reason)) => Err(Refusal::new(reason)),
            Err(_) => Err(Refusal::new("something is missing behind it")),
        };
        Box::pin(ready(done.map(|text| Outcome::new(Text::from(text)))))
    }

    fn watch(&self) -> Box<dyn Watch> {
        self.mirror.watch()
    }
}
