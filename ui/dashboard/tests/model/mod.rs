//! Compares the dashboard with a small reference model over many random steps.
//!
//! `CLACKS_MODEL_STEPS` sets the number of steps per seed. Without it a quick run is made.

pub(crate) mod node;
pub(crate) mod rules;
pub(crate) mod seen;
pub(crate) mod steps;

use std::{env, time::Duration};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use node::{give, said};
use rand::{Rng, RngExt, SeedableRng, rngs::StdRng};
use ratatui::layout::Position;
use rules::{Difference, Pressed, Rules, ran};
use seen::{Seen, label};
use steps::Step;

use super::{fixture::Fixture, held_and_edited::holding};
use crate::state::{
    layout::Pane,
    message::{Effect, Msg},
};

/// Seeds of the quick run.
const SEEDS: std::ops::Range<u64> = 0..4;
/// Steps per seed of the quick run.
const STEPS: u64 = 1500;
/// Steps after which a new dashboard is started, so that early states are tested as well.
const FRESH: u64 = 400;
/// Number of last steps that a failure reports.
const TOLD: usize = 12;

#[test]
fn random_input_agrees_with_the_reference_model() {
    let steps = env::var("CLACKS_MODEL_STEPS").ok().and_then(|steps| steps.parse().ok());
    let per_seed = steps.map_or(STEPS, |steps: u64| steps / (SEEDS.end - SEEDS.start));
    for seed in SEEDS {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut walk = Walk::new(&mut rng);
        for number in 0..per_seed {
            if number % FRESH == FRESH - 1 || walk.has_ended {
                walk = Walk::new(&mut rng);
            }
            let step = steps::next(&mut rng, &walk.fixture);
            if let Err(difference) = walk.go(&step) {
                let way = walk.way.join("\n  ");
                panic!("seed {seed}, step {number}: {difference}\n  {way}\n{}", walk.fixture.screen());
            }
        }
    }
}

/// The dashboard with its reference model.
struct Walk {
    fixture: Fixture,
    rules: Rules,
    /// The last steps.
    way: Vec<String>,
    has_ended: bool,
}

impl Walk {
    fn new(rng: &mut impl Rng) -> Self {
        const SIZES: [(u16, u16); 8] =
            [(80, 24), (80, 24), (80, 24), (120, 40), (180, 44), (40, 10), (24, 8), (60, 12)];
        let (width, height) = SIZES[rng.random_range(0..SIZES.len())];
        let fixture =
            if rng.random_bool(0.7) { holding(width, height) } else { Fixture::busy(width, height) };
        let way = vec![format!("a dashboard of {width}x{height}")];
        Self { fixture, rules: Rules::default(), way, has_ended: false }
    }

    fn go(&mut self, step: &Step) -> Result<(), Difference> {
        // Two notices must differ.
        self.fixture.later += Duration::from_millis(1);
        self.way.push(format!("{step:?}"));
        if self.way.len() > TOLD {
            self.way.remove(0);
        }
        match step {
            Step::Key(key) => self.press(*key),
            Step::Click(x, y) => self.click(Position::new(*x, *y)),
            Step::Wheel(x, y, is_up) => {
                let kind = if *is_up { MouseEventKind::ScrollUp } else { MouseEventKind::ScrollDown };
                self.other(mouse(kind, *x, *y))
            }
            Step::Paste(text) => self.other(Msg::Paste(text.clone())),
            Step::Resize(width, height) => {
                self.fixture.resize(*width, *height);
                self.rules.follow(&Seen::of(&self.fixture))
            }
            Step::Wait(millis) => {
                self.fixture.later += Duration::from_millis(*millis);
                self.fixture.refresh();
                Ok(())
            }
            happened => {
                steps::happen(&mut self.fixture, happened);
                self.fixture.refresh();
                self.rules.follow(&Seen::of(&self.fixture))
            }
        }
    }

    fn press(&mut self, key: KeyEvent) -> Result<(), Difference> {
        let before = Seen::of(&self.fixture);
        let label = before.has_line().then(|| label(&self.fixture)).flatten();
        let is_told = before.has_list() || before.has_overlay();
        // A frozen screen still shows what is gone.
        let is_told = is_told && !before.is_still;
        let picture = (is_told && !moves(key)).then(|| self.fixture.screen());
        let notice = self.fixture.model.notice.clone();
        let effects = give(&mut self.fixture, Msg::Key(key));
        let after = Seen::of(&self.fixture);
        self.has_ended = effects.contains(&Effect::Quit);
        self.rules.key(key, label.as_deref(), &before, &after, &effects)?;
        if before.has_line() && Pressed::of(key) == Pressed::Enter {
            self.outcome(&effects)?;
        }
        let is_silent = effects.is_empty() && notice == self.fixture.model.notice;
        match picture.filter(|_| is_silent && before == after) {
            Some(picture) if picture == self.fixture.screen() => {
                Err("nothing is done and nothing is said".into())
            }
            _ => Ok(()),
        }
    }

    /// The notice must be the result of the typed command.
    fn outcome(&self, effects: &[Effect]) -> Result<(), Difference> {
        let commands: Vec<_> = effects.iter().filter_map(ran).collect();
        let [command] = commands.as_slice() else {
            let is_none = commands.is_empty();
            return if is_none { Ok(()) } else { Err(format!("one line runs {commands:?}")) };
        };
        let told = self.fixture.model.notice.as_ref().map(|notice| notice.text.clone()).unwrap_or_default();
        let is_told = told.starts_with(&said(command));
        if is_told { Ok(()) } else { Err(format!("{command:?} is told as {told:?}")) }
    }

    /// A click on a list focuses it. A click on an overlay changes nothing below it.
    fn click(&mut self, position: Position) -> Result<(), Difference> {
        let before = Seen::of(&self.fixture);
        let areas = self.fixture.model.areas();
        give(&mut self.fixture, mouse(MouseEventKind::Down(MouseButton::Left), position.x, position.y));
        let after = Seen::of(&self.fixture);
        self.rules.forget_way_back();
        let Some(areas) = areas.filter(|_| !before.is_busy()) else { return self.rules.follow(&after) };
        if before.overlay.is_some() {
            let is_kept = before.overlay == after.overlay && before.beneath.pane == after.beneath.pane;
            return if is_kept {
                self.rules.follow(&after)
            } else {
                Err("a click goes through what is open".into())
            };
        }
        let clicked = areas.pane_at(position).map(|(pane, _)| pane);
        let has_focus = |pane: Pane| after.has_list() && after.beneath.pane == pane;
        match clicked {
            _ if areas.input.contains(position) && !after.has_line() => Err("the line has no focus".into()),
            Some(pane) if !has_focus(pane) => Err(format!("{pane:?} has no focus, but {after:?}")),
            _ => self.rules.follow(&after),
        }
    }

    /// Input other than a key must not send commands to the node.
    fn other(&mut self, msg: Msg) -> Result<(), Difference> {
        let effects = give(&mut self.fixture, msg);
        self.rules.forget_way_back();
        let runs = effects.iter().any(|effect| matches!(effect, Effect::Call(_) | Effect::CallAll(_)));
        if runs {
            Err(format!("what is no key asks for {effects:?}"))
        } else {
            self.rules.follow(&Seen::of(&self.fixture))
        }
    }
}

fn mouse(kind: MouseEventKind, column: u16, row: u16) -> Msg {
    Msg::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE })
}

/// Whether a key only moves, so that it has no effect at an end.
fn moves(key: KeyEvent) -> bool {
    use KeyCode::{BackTab, Char, Down, End, Home, Left, PageDown, PageUp, Right, Tab, Up};
    matches!(
        key.code,
        Up | Down
            | Left
            | Right
            | PageUp
            | PageDown
            | Home
            | End
            | Tab
            | BackTab
            | Char('j' | 'k' | 'g' | 'G' | 'n' | 'N' | ' ' | 'b' | 'f')
    )
}
