//! A simulation on the screen while it goes on: a thread that simulates, a [model](model::Model) with its
//! [`update`], a [`view`], and here the loop that connects them to the terminal.

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

/// Shows the simulation of a scenario until the user leaves, the terminal is gone or the system asks the program to
/// end. It is measured so often, evenly over the scenario's duration, or else as often as it can be seen. Returns what
/// became of it, unless it had not begun or there is nobody left to be told.
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
    // Without orders it ends.
    drop(orders);
    match end {
        End::HungUp => Ok(None),
        // Nodes that are being made can't be told to stop, and there is nothing to be waited for.
        End::Left if model.snapshot.stage == Stage::Preparing => {
            clacks_terminal::report::tell("left while the network was being made: nothing was simulated");
            Ok(None)
        }
        // What has begun stops at once, and a look at all of it is due.
        End::Left | End::Failed => Ok(Some(thread.await??)),
    }
}

/// Why nothing more is shown.
enum End {
    /// Nobody is there who could be told what became of it.
    HungUp,
    Left,
    /// It could not be simulated; the thread says why.
    Failed,
}

struct Displayed {
    screen: Screen,
    model: Model,
    theme: Theme,
    frames: FramePacer,
    worker: Worker,
    /// Whether the user stays.
    stays: bool,
}

impl Displayed {
    async fn run(&mut self) -> anyhow::Result<End> {
        self.resize()?;
        while self.stays {
            tokio::select! {
                input = self.screen.next() => {
                    // The terminal is given back already and the panic is told.
                    anyhow::ensure!(input != Input::Panicked, "a part of the program failed, so all of it ends");
                    if input == Input::HungUp {
                        return Ok(End::HungUp);
                    }
                    self.on_input(&input)?;
                }
                // Once a frame is due, only the last of what is told until then is taken.
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
            // What is pasted is no key.
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
            // A thread that has ended is noticed where its snapshots are read.
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
