//! A recording in sentences.

use std::io::{self, IsTerminal};

use clacks_p2p::core::{Event, Now};
use jiff::tz::TimeZone;
use tokio::{sync::mpsc, time::Instant};

use super::{Teller, sentences, tell};
use crate::{
    command::{Command, ViewCommand},
    dashboard::{Lists, REPLAY_SENDS_NOTHING, Replayed, format::clock},
    filter::Filter,
    headless::{
        Closed, Output,
        input::{self, Line},
        signals::Signals,
    },
    recording::{
        controls::ReplayCommand,
        player::{Played, Player},
    },
};

/// How fast a recording is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// At the speed of the player, while commands are read.
    AsItHappened,
    /// All of it, as fast as it is read.
    AtOnce,
}

/// Tells what is recorded, until its end or until the user leaves or nobody reads any more.
pub(crate) async fn replay(player: Player, filter: Option<Filter>, pace: Pace) -> anyhow::Result<()> {
    let (mut signals, output) = (Signals::catch()?, Output::open()?);
    let mut session = Session::new(player, filter, pace);
    let mut lines = match pace {
        Pace::AsItHappened => input::lines_and_ends()?,
        // Nobody is asked anything.
        Pace::AtOnce => mpsc::channel(1).1,
    };
    let mut sentences = session.welcome();
    loop {
        tokio::select! {
            told = tell(&output, sentences) => if let Err(closed) = told { return closed.into_result() },
            _ = signals.next() => return Ok(()),
        }
        if session.leaves {
            // Whoever reads no more has had enough.
            tokio::select! {
                finished = output.finish() => finished.or_else(Closed::into_result)?,
                _ = signals.next() => {}
            }
            return session.error.map_or(Ok(()), |error| Err(anyhow::Error::msg(error)));
        }
        sentences = tokio::select! {
            news = session.player.next() => session.on_news(news),
            Some(line) = lines.recv() => session.on_line(line),
            () = summary_is_due(&session.teller, session.began) => session.teller.summary(session.listened()),
            _ = signals.next() => return Ok(()),
            closed = output.closed() => return closed.into_result(),
        };
    }
}

/// Waits until there is something to say about what was not told.
async fn summary_is_due(teller: &Teller, began: Instant) {
    match teller.summary_at() {
        Some(at) => tokio::time::sleep_until(began + at).await,
        None => std::future::pending().await,
    }
}

/// One who listens to a recording.
struct Session {
    player: Player,
    teller: Teller,
    pace: Pace,
    zone: TimeZone,
    /// How much can be listened to is a matter of the listener's time, not of that of the recording.
    began: Instant,
    /// Whether there is somebody who can go back from the end.
    stays: bool,
    leaves: bool,
    error: Option<String>,
}

impl Session {
    fn new(mut player: Player, filter: Option<Filter>, pace: Pace) -> Self {
        if pace == Pace::AtOnce {
            player.jump(player.progress().length);
        }
        let stays = pace == Pace::AsItHappened && io::stdin().is_terminal() && io::stdout().is_terminal();
        let (teller, zone) = (Teller::of_recording(filter), TimeZone::system());
        Self { player, teller, pace, zone, began: Instant::now(), stays, leaves: false, error: None }
    }

    fn listened(&self) -> std::time::Duration {
        self.began.elapsed()
    }

    fn welcome(&self) -> Vec<String> {
        if self.pace == Pace::AtOnce {
            return Vec::new();
        }
        let address = self.player.state().overview().address;
        vec![
            format!("Replay of {} at clacks {address}.", clock(self.player.progress().length)),
            ":pause stands still or goes on, :help lists the commands, :quit leaves.".to_owned(),
        ]
    }

    fn on_news(&mut self, news: Result<Played, String>) -> Vec<String> {
        match news {
            Ok(Played::Event(event, now)) => self.on_event(&event, now),
            Ok(Played::Arrived) => self.on_arrival(),
            Err(reason) => {
                self.leaves = !self.stays;
                let told = vec![sentences::reply(Err(reason.clone()))];
                self.error = self.leaves.then_some(reason);
                if self.leaves { Vec::new() } else { told }
            }
        }
    }

    fn on_event(&mut self, event: &Event, now: Now) -> Vec<String> {
        let progress = self.player.progress();
        if self.pace == Pace::AtOnce {
            return self.teller.note_all(event, now).into_iter().collect();
        }
        if progress.jumping.is_some() {
            self.teller.note_all(event, now);
            return Vec::new();
        }
        if progress.paused {
            // It was asked for.
            let told = self.teller.note_all(event, now);
            return vec![
                told.unwrap_or_else(|| "One event on; there is nothing to tell of it yet.".to_owned()),
            ];
        }
        let listened = Now { uptime: self.listened(), ..now };
        self.teller.note(event, listened).into_iter().collect()
    }

    fn on_arrival(&mut self) -> Vec<String> {
        let progress = self.player.progress();
        match (progress.at_end, self.stays) {
            (true, true) => {
                vec!["The recording is at its end. :jump 0 plays it again, :quit leaves.".to_owned()]
            }
            (true, false) => {
                self.leaves = true;
                Vec::new()
            }
            (false, _) => vec![self.place()],
        }
    }

    /// Where the recording stands, and whether it does.
    fn place(&self) -> String {
        let progress = self.player.progress();
        let how =
            if progress.paused { "paused".to_owned() } else { format!("{} times as fast", progress.speed) };
        format!("At {} of {}, {how}.", clock(progress.position), clock(progress.length))
    }

    /// Takes a line, or the end of the input. That of a terminal is Ctrl-D, and leaves; that of a pipe ends nothing.
    fn on_line(&mut self, line: Option<Line>) -> Vec<String> {
        let Some(line) = line else {
            self.leaves = true;
            return Vec::new();
        };
        let command = line.map_err(|error| error.to_string());
        match command.and_then(|line| Command::parse(&line).map_err(|error| error.to_string())) {
            Ok(Command::View(command)) => self.look(command),
            Ok(Command::Node(_)) => vec![sentences::reply(Err(REPLAY_SENDS_NOTHING.to_owned()))],
            Err(error) => vec![sentences::reply(Err(error))],
        }
    }

    fn look(&mut self, command: ViewCommand) -> Vec<String> {
        let (state, now) = (self.player.state(), self.player.now());
        let overview = state.overview();
        match command {
            ViewCommand::Replay(command) => self.control(command),
            ViewCommand::Peers => {
                sentences::peers(&overview.peers, &state.first_peers(sentences::MOST_LISTED), now)
            }
            ViewCommand::Queue => {
                sentences::queue(&overview, &state.queue_window(0..sentences::MOST_LISTED), now)
            }
            ViewCommand::Held => {
                sentences::held(overview.held, &state.held_window(0..sentences::MOST_LISTED), now)
            }
            ViewCommand::Traffic => self.teller.traffic(),
            ViewCommand::Filter(filter) => vec![self.teller.set_filter(filter)],
            ViewCommand::Help => sentences::help_in_replay(),
            ViewCommand::Quit | ViewCommand::QuitAtOnce => {
                self.leaves = true;
                Vec::new()
            }
            ViewCommand::Say | ViewCommand::Edit(_) | ViewCommand::Record(_) | ViewCommand::PeersFrom(_) => {
                vec![sentences::reply(Err(REPLAY_SENDS_NOTHING.to_owned()))]
            }
            _ => vec![sentences::FOR_THE_SCREEN.to_owned()],
        }
    }

    fn control(&mut self, command: ReplayCommand) -> Vec<String> {
        match self.player.carry_out(command, &self.zone) {
            Err(reason) => return vec![sentences::reply(Err(reason))],
            Ok(Replayed::BeginsAgain) => self.teller.begin_again(),
            Ok(Replayed::GoesOn) => {}
        }
        match command {
            // They are told of when they have come to something.
            ReplayCommand::Step | ReplayCommand::Jump(_) => Vec::new(),
            ReplayCommand::Pause | ReplayCommand::Speed(_) => vec![self.place()],
        }
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;
    use crate::recording::tests::Recording;

    fn session(pace: Pace) -> (Session, TempDir) {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("r.jsonl");
        Recording::make(5, 200).write(&path);
        let mut player = Player::open(&path, 1.0, |_| {}).unwrap();
        player.pause(pace == Pace::AsItHappened);
        (Session::new(player, None, pace), directory)
    }

    fn say(session: &mut Session, line: &str) -> String {
        session.on_line(Some(Ok(line.to_owned()))).join(" ")
    }

    async fn listen(session: &mut Session) -> String {
        let news = session.player.next().await;
        session.on_news(news).join(" ")
    }

    #[tokio::test]
    async fn at_once_all_of_it_is_told_and_that_is_the_end() {
        let (mut session, _directory) = session(Pace::AtOnce);
        let mut told = 0;
        while !session.leaves {
            told += usize::from(!listen(&mut session).await.is_empty());
        }
        assert!(told > super::super::flood::MOST && session.welcome().is_empty(), "{told}");
    }

    #[tokio::test]
    async fn what_is_asked_of_a_replay_is_answered_in_sentences() {
        let (mut session, _directory) = session(Pace::AsItHappened);
        session.stays = true;
        for (line, answer) in [
            ("hello", "It did not work: this is a replay: nothing is sent."),
            (":ignore a:1", "nothing is sent"),
            (":record r.jsonl", "nothing is sent"),
            (":theme dark", "That is for the screen"),
            (":jump soon", "It did not work: a replay jumps to a place"),
            (":speed 4", ", paused."),
            (":pause", "At 0:00 of "),
            (":pause", ", paused."),
            (":peers", " peers: "),
            (":queue", "in the queue"),
            (":held", "held."),
            (":traffic", "Nothing has come or gone yet."),
            (":filter a", "Only traffic is told"),
            (":filter", "All traffic is told"),
            (":help", ":jump PLACE: "),
        ] {
            let told = say(&mut session, line);
            assert!(told.contains(answer), "{line}: {told}");
        }
    }

    #[tokio::test]
    async fn a_step_is_told_and_a_jump_only_when_it_has_arrived() {
        let (mut session, _directory) = session(Pace::AsItHappened);
        session.stays = true;
        assert_eq!(say(&mut session, ":step"), "");
        assert!(!listen(&mut session).await.is_empty());
        for (line, place) in
            [(":jump 20s", "At 0:20 of "), (":jump 5s", "At 0:05 of "), (":jump 1h", "its end")]
        {
            assert_eq!(say(&mut session, line), "");
            let mut told = String::new();
            while told.is_empty() {
                told = listen(&mut session).await;
            }
            assert!(told.contains(place), "{line}: {told}");
            assert!(session.teller.traffic().len() > 1);
        }
        say(&mut session, ":quit");
        assert!(session.leaves);
    }
}
