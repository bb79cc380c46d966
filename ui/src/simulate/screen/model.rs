//! The model of the screen and its update by keys and snapshots. Pure: no clock, no input or output.

use clacks_dashboard::state::key::Key;
use clacks_p2p::simulation::Scenario;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Rect;

use super::{
    layout::{self, Areas},
    snapshot::{Measure, Snapshot, Stage},
    speed::Speed,
    worker::Order,
};

/// Everything that the screen shows.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) name: String,
    /// Duration of the scenario in virtual seconds.
    pub(crate) duration: f64,
    pub(crate) nodes: u32,
    /// The requested seed; the snapshot can still have the previous one.
    seed: u64,
    pub(crate) screen: Rect,
    pub(crate) snapshot: Snapshot,
    pub(crate) measure: Measure,
    pub(crate) speed: Speed,
    pub(crate) is_helping: bool,
    /// Draws a still picture: no time passes, and there are no keys.
    pub(crate) is_still: bool,
    /// The message of the last failure.
    pub(crate) notice: Option<String>,
    is_running: bool,
    /// Nodes per row, and number of rows.
    shape: (u32, u32),
}

/// A message to the model.
#[derive(Debug)]
pub(crate) enum Msg {
    Key(KeyEvent),
    Resized(Rect),
    Told(Box<Snapshot>),
    /// An effect failed, for this reason.
    Failed(String),
}

/// An effect that the caller carries out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    Order(Order),
    Suspend,
    Redraw,
    Leave,
}

impl Model {
    pub(crate) fn new(scenario: &Scenario) -> Self {
        let (nodes, width) = (scenario.nodes(), scenario.topology.width().max(1));
        Self {
            name: scenario.name.clone(),
            duration: scenario.duration,
            nodes,
            seed: scenario.seed,
            screen: Rect::default(),
            snapshot: Snapshot::preparing(scenario.seed),
            measure: Measure::Visits,
            speed: Speed::pleasant(scenario.duration),
            is_helping: false,
            is_still: false,
            notice: None,
            is_running: true,
            shape: (width, nodes.div_ceil(width)),
        }
    }

    pub(crate) fn areas(&self) -> Option<Areas> {
        layout::areas(self.screen, self.shape)
    }

    fn has_ended(&self) -> bool {
        self.snapshot.stage == Stage::Ended
    }

    fn show(&mut self, measure: Measure) -> Vec<Effect> {
        self.measure = measure;
        let grid = self.areas().map(|areas| areas.grid).unwrap_or_default();
        vec![Effect::Order(Order::Show(measure, grid))]
    }

    fn set_speed(&mut self, speed: Speed) -> Vec<Effect> {
        self.speed = speed;
        vec![Effect::Order(Order::Speed(speed))]
    }

    fn run(&mut self, runs: bool) -> Vec<Effect> {
        if self.has_ended() {
            return Vec::new();
        }
        self.is_running = runs;
        vec![Effect::Order(Order::Run(runs))]
    }

    fn step(&mut self) -> Vec<Effect> {
        if self.has_ended() {
            return Vec::new();
        }
        self.is_running = false;
        vec![Effect::Order(Order::Step)]
    }

    fn begin(&mut self, seed: u64) -> Vec<Effect> {
        (self.seed, self.is_running) = (seed, true);
        vec![Effect::Order(Order::Begin(seed))]
    }
}

/// Updates the model. Returns the effects to carry out.
pub(crate) fn update(model: &mut Model, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Key(key) => {
            model.notice = None;
            on_key(model, key)
        }
        Msg::Resized(screen) => {
            model.screen = screen;
            model.show(model.measure)
        }
        Msg::Told(snapshot) => {
            model.snapshot = *snapshot;
            Vec::new()
        }
        Msg::Failed(reason) => {
            model.notice = Some(reason);
            Vec::new()
        }
    }
}

fn on_key(model: &mut Model, key: KeyEvent) -> Vec<Effect> {
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        return match key.code {
            KeyCode::Char('c') => vec![Effect::Leave],
            KeyCode::Char('z') => vec![Effect::Suspend],
            KeyCode::Char('l') => vec![Effect::Redraw],
            _ => explain(model, key),
        };
    }
    let leaves = matches!(key.code, KeyCode::Char('q') | KeyCode::Esc);
    // If nothing can be drawn, only the keys that leave the screen have an effect.
    if model.areas().is_none() && !leaves {
        return Vec::new();
    }
    if key.modifiers.contains(KeyModifiers::ALT) {
        return explain(model, key);
    }
    match key.code {
        KeyCode::Char('?') | KeyCode::F(1) => model.is_helping = !model.is_helping,
        _ if leaves && model.is_helping => model.is_helping = false,
        _ if leaves => return vec![Effect::Leave],
        KeyCode::Char(' ' | 'p') => return model.run(!model.is_running),
        KeyCode::Char('.') => return model.step(),
        // On many keyboards `=` is the key of `+` without Shift.
        KeyCode::Char('+' | '=') => return model.set_speed(model.speed.faster()),
        KeyCode::Char('-') => return model.set_speed(model.speed.slower()),
        KeyCode::Char('v') => return model.show(Measure::Visits),
        KeyCode::Char('k') => return model.show(Measure::Known),
        KeyCode::Char('d') => return model.show(Measure::Distance),
        KeyCode::Tab => return model.show(model.measure.next()),
        KeyCode::Char('r') => return model.begin(model.seed),
        KeyCode::Char('n') => return model.begin(model.seed.wrapping_add(1)),
        _ => return explain(model, key),
    }
    Vec::new()
}

/// Shows a notice that the key has no effect. The next key removes it.
fn explain(model: &mut Model, key: KeyEvent) -> Vec<Effect> {
    model.notice = Some(format!("{} does nothing here; ? lists the keys", Key::from(key)));
    Vec::new()
}
