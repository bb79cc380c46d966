//! `clacks replay`: shows a recording instead of a node.

use std::{
    io::{self, IsTerminal, Write},
    time::{Duration, Instant},
};

use clacks_dashboard::run::source::{Source, Sources};
use clacks_feed::mirror::Format;
use clacks_p2p_feed::version_1::Version1;
use clacks_recording::replay::Replay;
use clacks_terminal::stderr::report;
use clacks_text::paths::UserPath;
use jiff::tz::TimeZone;

use super::{
    accessible::{self, AccessibleOptions, replay::Pace},
    config::view::View,
};

/// Advice for a replay without a terminal.
const WITHOUT_SCREEN: &str = "`clacks replay --accessible FILE` tells in sentences what is recorded";

/// Minimum reading time before progress is shown.
const WORTH_A_WORD: Duration = Duration::from_millis(500);

#[derive(Debug, clap::Args)]
pub(crate) struct ReplayOptions {
    /// The recording, made by `:record` or --record
    #[arg(value_name = "FILE")]
    file: UserPath,
    /// Speed as a multiple of the recorded speed, 0.25 to 64 [default: 1; with --accessible into a pipe, all at once]
    #[arg(long, value_name = "TIMES", value_parser = speed)]
    speed: Option<f64>,
    #[command(flatten)]
    view: View,
    /// Configuration file; only its options of the screen are used [default: as without a command]
    #[arg(long = "config", env = "CLACKS_CONFIG", value_name = "FILE")]
    config: Option<UserPath>,
}

fn speed(text: &str) -> Result<f64, &'static str> {
    let speed = text.parse().ok().filter(|speed| clacks_language::command::playback::SPEEDS.contains(speed));
    speed.ok_or("a speed is a number from 0.25 to 64, such as 4")
}

/// Shows a recording on the screen or in the accessible mode. No node is started.
pub(crate) async fn run(options: ReplayOptions) -> anyhow::Result<()> {
    if options.view.record.is_some() || options.view.record_size.is_some() {
        anyhow::bail!("a replay is recorded already; --record is for a node");
    }
    let view = options.view.with_file(options.config.as_deref())?;
    let settings = view.settings(false)?;
    let is_accessible = view.accessible.unwrap_or_default();
    let mut progress = LoadingProgress::new(is_accessible);
    let speed = options.speed.unwrap_or(1.0);
    let older: [&dyn Format; 1] = [&Version1];
    let replay = Replay::open(&options.file, &older, speed, TimeZone::system(), |part| progress.show(part));
    progress.end();
    let replay = replay?;
    let (remark, damaged) = (replay.remark(), replay.facts().left_out.damaged());
    let result = if is_accessible {
        let is_for_a_program = !io::stdout().is_terminal() && options.speed.is_none();
        let pace = if is_for_a_program { Pace::AtOnce } else { Pace::AsItHappened };
        accessible::replay::replay(replay, AccessibleOptions::of(&view), pace).await
    } else {
        clacks_terminal::check_drawable(WITHOUT_SCREEN)?;
        let commands = replay.recorded().clone();
        let source = Source::new(replay).with_commands(commands).with_remark(remark.clone());
        let source = source.with_damaged_lines(damaged);
        clacks_dashboard::run::event_loop::run(Sources::new(vec![source]), &settings).await.map(drop)
    };
    remark.iter().for_each(|remark| report(remark));
    result
}

/// Progress of reading a long file, on standard error.
#[derive(Debug)]
struct LoadingProgress {
    began: Instant,
    shown: Option<u32>,
    /// In the accessible mode the progress is written once.
    is_told_once: bool,
}

impl LoadingProgress {
    fn new(is_told_once: bool) -> Self {
        Self { began: Instant::now(), shown: None, is_told_once }
    }

    fn show(&mut self, part: f64) {
        let percent = (part * 100.0) as u32;
        if self.began.elapsed() <= WORTH_A_WORD || self.shown == Some(percent) || !io::stderr().is_terminal()
        {
            return;
        }
        if !self.is_told_once {
            let _ = write!(io::stderr(), "\rreading the recording: {percent} %");
        } else if self.shown.is_none() {
            report("reading the recording");
        }
        self.shown = Some(percent);
    }

    fn end(&self) {
        if self.shown.is_some() && !self.is_told_once {
            let _ = write!(io::stderr(), "\r{:40}\r", "");
        }
    }
}
