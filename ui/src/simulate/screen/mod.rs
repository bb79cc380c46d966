//! The screen of a running simulation: a worker thread, a [model](model::Model) with its [`update`], a [`view`], and
//! the loop in this file that connects them to the terminal.

mod grid;
mod layout;
mod model;
pub(crate) mod picture;
mod points;
mod snapshot;
mod speed;
#[cfg(test)]
mod tests;
mod view;
mod worker;

use clacks_p2p::simulation::Scenario;
use clacks_terminal::{Screen, frame_pacer::FramePacer, input::Input};
use clacks_widgets::theme::Theme;
use model::{Effect, Model, Msg, update};
use ratatui::layout::{Position, Rect};
use snapshot::Stage;
use worker::{Worker, WorkerResult};

/// Shows the simulation of a scenario until the user leaves, the terminal is closed or the system requests termination.
/// It takes `samples` measurements, evenly over the scenario's duration; `None` measures as often as the screen can
/// show it. Returns the result; `None` if the simulation had not started or the terminal was closed.
pub(crate) async fn run(
    scenario: Scenario,
    samples: Option<u32>,
    theme: Theme,
) -> anyhow::Result<Option<WorkerResult>> {
    let screen = Screen::enter(false)?;
    let model = Model::new(&scenario);
    let worker = Worker::start(scenario, samples, model.speed);
    let mut shown = Displayed { screen, model, theme, frames: FramePacer::default(), worker, stays: true };
    let ended = shown.run().await;
    let Displayed { screen, worker, model, .. } = shown;
    let left = screen.leave();
    let end = ended?;
    left?;
    let Worker { orders, thread, .. } = worker;
    // The worker ends when its order channel closes.
    drop(orders);
    match end {
        End::HungUp => Ok(None),
        // The creation of nodes cannot be interrupted, so the thread is not joined.
        End::Left if model.snapshot.stage == Stage::Preparing => {
            clacks_terminal::stderr::report("left while the network was being made: nothing was simulated");
            Ok(None)
        }
        // A running simulation stops at once and returns its final measurement.
        End::Left | End::Failed => Ok(Some(thread.await??)),
    }
}

/// The reason why the screen ended.
enum End {
    /// The terminal was closed, so the result cannot be printed.
    HungUp,
    Left,
    /// The simulation failed. The thread returns the error.
    Failed,
}

struct Displayed {
    screen: Screen,
    model: Model,
    theme: Theme,
    frames: FramePacer,
    worker: Worker,
    /// Whether the user has not left.
    stays: bool,
}

impl Displayed {
    async fn run(&mut self) -> anyhow::Result<End> {
        self.resize()?;
        while self.stays {
            tokio::select! {
                input = self.screen.next() => {
                    // The panic hook has restored the terminal and printed the panic.
                    anyhow::ensure!(input != Input::Panicked, "a part of the program failed, so all of it ends");
                    if input == Input::HungUp {
                        return Ok(End::HungUp);
                    }
                    self.on_input(&input)?;
                }
                // While a frame is due, snapshots wait; only the newest is drawn.
                told = self.worker.snapshots.changed(), if !self.frames.is_due() => match told {
                    Ok(()) => self.frames.request(),
                    Err(_) => return Ok(End::Failed),
                },
                () = self.frames.wait() => self.draw()?,
            }
        }
        Ok(End::Left)
    }

    fn on_input(&mut self, input: &Input) -> anyhow::Result<()> {
        match input {
            Input::Key(key) => self.take(Msg::Key(*key)),
            Input::Resized | Input::Resumed => self.resize(),
            Input::Terminate => {
                self.stays = false;
                Ok(())
            }
            Input::CannotStop(reason) => {
                self.take(Msg::Failed(format!("the program can't be stopped: {reason}")))
            }
            // A paste is no key.
            _ => Ok(()),
        }
    }

    fn resize(&mut self) -> anyhow::Result<()> {
        let screen = Rect::from((Position::ORIGIN, self.screen.size()));
        self.take(Msg::Resized(screen))
    }

    fn take(&mut self, msg: Msg) -> anyhow::Result<()> {
        self.frames.request();
        for effect in update(&mut self.model, msg) {
            self.carry_out(effect)?;
        }
        Ok(())
    }

    fn carry_out(&mut self, effect: Effect) -> anyhow::Result<()> {
        match effect {
            // A thread that has ended is detected when its snapshots are read.
            Effect::Order(order) => drop(self.worker.orders.send(order)),
            Effect::Suspend => {
                if let Err(error) = self.screen.suspend()? {
                    self.take(Msg::Failed(format!("the program can't be stopped: {error}")))?;
                }
            }
            Effect::Redraw => self.screen.redraw()?,
            Effect::Leave => self.stays = false,
        }
        Ok(())
    }

    fn draw(&mut self) -> anyhow::Result<()> {
        let snapshot = self.worker.snapshots.borrow_and_update().clone();
        update(&mut self.model, Msg::Told(Box::new(snapshot)));
        self.screen.draw(|frame| view::view(&self.model, self.theme, frame))?;
        self.frames.drawn(None);
        Ok(())
    }
}
