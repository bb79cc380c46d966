//! A simulation on the screen while it goes on: a thread that simulates, a [model](model::Model) with its
//! [`update`], a [`view`], and here the loop that connects them to the terminal.

mod grid;
mod layout;
mod model;
mod points;
mod snapshot;
mod speed;
#[cfg(test)]
mod tests;
mod view;
mod worker;

use std::time::Duration;

use clacks_p2p::simulation::Scenario;
use ratatui::layout::{Position, Rect};

use self::{
    model::{Effect, Model, Msg, update},
    snapshot::Stage,
    worker::{Outcome, Worker},
};
use crate::{
    dashboard::{Frames, Theme},
    terminal::{Input, Screen},
};

/// How long a simulation that has not begun is waited for.
const PREPARING: Duration = Duration::from_secs(1);

/// Shows the simulation of a scenario until the user leaves, the terminal is gone or the system asks the program to end.
/// Returns what became of it, unless it had not begun or there is nobody left to be told.
pub(super) async fn run(scenario: Scenario, theme: Theme) -> anyhow::Result<Option<Outcome>> {
    let screen = Screen::enter(false)?;
    let model = Model::new(&scenario);
    let worker = Worker::start(scenario, model.speed);
    let mut shown = Shown { screen, model, theme, frames: Frames::default(), worker, stays: true };
    let ended = shown.run().await;
    let Shown { screen, worker, model, .. } = shown;
    let left = screen.leave();
    let has_reader = ended?;
    left?;
    let Worker { orders, thread, .. } = worker;
    // Without orders it ends.
    drop(orders);
    if !has_reader {
        return Ok(None);
    }
    // Nodes that are being made can't be told to stop; what has begun stops at once, and a look at all of it is due.
    let patience = if model.snapshot.stage == Stage::Preparing { PREPARING } else { Duration::MAX };
    match tokio::time::timeout(patience, thread).await {
        Ok(ended) => Ok(Some(ended??)),
        Err(_) => Ok(None),
    }
}

struct Shown {
    screen: Screen,
    model: Model,
    theme: Theme,
    frames: Frames,
    worker: Worker,
    /// Whether the user stays.
    stays: bool,
}

impl Shown {
    /// Returns whether there is somebody who can be told what became of it.
    async fn run(&mut self) -> anyhow::Result<bool> {
        self.resize()?;
        while self.stays {
            tokio::select! {
                input = self.screen.next() => {
                    // The terminal is given back already and the panic is told.
                    anyhow::ensure!(input != Input::Panicked, "a part of the program failed, so all of it ends");
                    if input == Input::HungUp {
                        return Ok(false);
                    }
                    self.on_input(&input)?;
                }
                // Once a frame is due, only the last of what is told until then is taken.
                told = self.worker.snapshots.changed(), if !self.frames.is_due() => match told {
                    Ok(()) => self.frames.request(),
                    // It could not be simulated; the thread says why.
                    Err(_) => return Ok(true),
                },
                () = self.frames.wait() => self.draw()?,
            }
        }
        Ok(true)
    }

    fn on_input(&mut self, input: &Input) -> anyhow::Result<()> {
        match input {
            Input::Key(key) => self.take(Msg::Key(*key)),
            Input::Resized | Input::Resumed => self.resize(),
            Input::Terminate => {
                self.stays = false;
                Ok(())
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
