//! The archive of a node that runs.

use std::{future::poll_fn, sync::Arc, time::Duration};

use clacks_archive::{Appender, Archive, Figures, Observer, Options, State};
use clacks_feed::{Network, Watch, Watched};
use clacks_terminal::stderr::report;
use tokio::task::{JoinHandle, spawn_blocking, yield_now};

use super::located;

/// Maximum time to write what waits when the program ends.
const PATIENCE: Duration = Duration::from_secs(5);
/// Maximum time to read the last events of a node that has stopped.
const LAST_EVENTS: Duration = Duration::from_secs(1);
/// Events after which other tasks have a turn.
const TURN: u32 = 256;
/// How often the log is told that the archive has stopped, at most.
const LOOK: Duration = Duration::from_secs(1);

/// The archive of a node, with the task that reads its events.
pub(crate) struct Archiving {
    archive: Archive,
    reader: JoinHandle<()>,
    watcher: JoinHandle<()>,
}

/// Opens the archive of the options and archives what the node does from now on. `None` if they name none.
pub(crate) async fn start(
    network: &Arc<dyn Network>,
    options: &Options,
) -> anyhow::Result<Option<Archiving>> {
    if !options.is_on() {
        return Ok(None);
    }
    let description = network.description();
    let (options, node) = (located(options.clone())?, description.node.as_str().to_owned());
    // Before the file is opened, so that nothing is missed meanwhile.
    let watch = network.watch();
    let archive = spawn_blocking(move || Archive::start(&options, &node)).await??;
    let reader = tokio::spawn(read(watch, Observer::new(description, false), archive.appender()));
    let watcher = tokio::spawn(log_stop(archive.appender()));
    Ok(Some(Archiving { archive, reader, watcher }))
}

/// Closes the archive of a node that has stopped, if it has one.
pub(crate) async fn close(archiving: Option<Archiving>) {
    if let Some(archiving) = archiving {
        archiving.finish().await;
    }
}

impl Archiving {
    /// Writes what waits, after the node has stopped. Reports on standard error what is not in the archive.
    pub(super) async fn finish(self) {
        let Self { archive, mut reader, watcher } = self;
        watcher.abort();
        // The events of a node end with it.
        if tokio::time::timeout(LAST_EVENTS, &mut reader).await.is_err() {
            reader.abort();
        }
        if let Ok(figures) = spawn_blocking(move || archive.finish(PATIENCE)).await {
            losses(&figures).iter().for_each(|loss| report(loss));
        }
    }
}

/// What a user is told when the archive is closed.
pub(super) fn losses(figures: &Figures) -> Vec<String> {
    let Figures { not_archived, waiting, state, .. } = figures;
    let stopped = match state {
        State::Stopped(error) => Some(format!("the archive stopped: {error}")),
        _ => None,
    };
    let lost = not_archived + *waiting as u64;
    let lost = match lost {
        0 => None,
        1 => Some("1 sighting of a message is not in the archive".to_owned()),
        lost => Some(format!("{lost} sightings of messages are not in the archive")),
    };
    stopped.into_iter().chain(lost).collect()
}

async fn read(mut watch: Box<dyn Watch>, observer: Observer, appender: Appender) {
    let mut events = 0;
    while let Some(watched) = poll_fn(|cx| watch.poll_next(cx)).await {
        match watched {
            Watched::Event(event) => {
                if let Some(sighting) = observer.sighting(&event) {
                    appender.offer(sighting);
                }
            }
            Watched::Lagged(missed) => appender.missed(missed),
        }
        events += 1;
        if events == TURN {
            events = 0;
            yield_now().await;
        }
    }
}

/// Logs that the archive has stopped.
async fn log_stop(appender: Appender) {
    loop {
        tokio::time::sleep(LOOK).await;
        if let State::Stopped(error) = appender.figures().state {
            tracing::warn!(%error, "the archive stopped");
            return;
        }
    }
}
