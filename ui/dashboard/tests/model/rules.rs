//! The reference model: required and forbidden effects of a key or a click.

use clacks_feed::Call;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::seen::Seen;
use clacks_p2p_panes::{histories::OVERHEAD, map::MAP, tower::TOWER};

use crate::state::{message::Effect, overlay::OpenOverlay};

/// Maximum depth of the stack of overlays.
const MAX_DEPTH: usize = 16;

/// State of the reference model: the stack of overlays and the search.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    /// Overlays from the bottom to the top.
    stack: Vec<OpenOverlay>,
    /// Whether a search was started in the overlay and has not ended.
    searches: bool,
    /// List to return to from the line, unless another one is chosen.
    pane: Option<crate::state::layout::Pane>,
}

/// Description of a difference between the dashboard and the reference model.
pub(crate) type Difference = String;

macro_rules! expect {
    ($condition:expr, $($words:tt)*) => {
        if !$condition {
            return Err(format!($($words)*));
        }
    };
}

impl Rules {
    /// Checks the effects of a key.
    pub(crate) fn key(
        &mut self,
        key: KeyEvent,
        label: Option<&str>,
        before: &Seen,
        after: &Seen,
        effects: &[Effect],
    ) -> Result<(), Difference> {
        let pressed = Pressed::of(key);
        self.search(pressed, before, after, effects)?;
        self.overlays(pressed, before, after)?;
        beneath(pressed, before, after, effects)?;
        node(pressed, before, effects)?;
        line(pressed, label, before, after, effects)?;
        self.way_back(pressed, before, after)
    }

    /// Letters of a search have no other effect.
    fn search(
        &mut self,
        pressed: Pressed,
        before: &Seen,
        after: &Seen,
        effects: &[Effect],
    ) -> Result<(), Difference> {
        let was_searching = std::mem::replace(&mut self.searches, false);
        if before.overlay.is_none() || before.is_busy() || before.writes_over_list {
            let is_chosen = before.has_menu && pressed == Pressed::Enter;
            self.searches = if is_chosen { after.searches } else { was_searching };
            return Ok(());
        }
        expect!(was_searching == before.searches, "a search goes on: {was_searching}");
        self.searches = match pressed {
            Pressed::Letter('/') if !was_searching => !filters(before),
            Pressed::Letter(_) if was_searching => {
                expect!(effects.is_empty(), "a letter that is looked for does {effects:?}");
                expect!(after.overlay == before.overlay, "a letter that is looked for opens or closes");
                true
            }
            Pressed::Letter(_) => false,
            // These keys end it.
            _ => was_searching && after.searches,
        };
        expect!(
            self.searches == after.searches,
            "a search goes on: {}, not {}",
            after.searches,
            self.searches
        );
        Ok(())
    }

    /// Closing an overlay returns to the one below it.
    fn overlays(&mut self, pressed: Pressed, before: &Seen, after: &Seen) -> Result<(), Difference> {
        if before.has_overlay() && closes(pressed, before) {
            self.stack.pop();
            let wanted = self.stack.last().copied();
            expect!(after.overlay == wanted, "{pressed:?} goes back to {:?}, not {wanted:?}", after.overlay);
            return Ok(());
        }
        if before.searches && matches!(pressed, Pressed::Esc) && !before.is_busy() {
            expect!(after.overlay == before.overlay, "leaving a search leaves what is open");
        }
        self.follow(after)
    }

    /// Follows a change without a rule of its own: the same stack, one more, one less, or none.
    pub(crate) fn follow(&mut self, after: &Seen) -> Result<(), Difference> {
        match after.overlay {
            None => self.stack.clear(),
            Some(_) if after.depth < self.stack.len() => self.stack.truncate(after.depth),
            Some(overlay) if after.depth > self.stack.len() || self.stack.last() != Some(&overlay) => {
                self.stack.push(overlay);
            }
            Some(_) => {}
        }
        if self.stack.len() > MAX_DEPTH {
            self.stack.remove(0);
        }
        self.searches = self.searches && after.searches;
        expect!(
            self.stack.len() == after.depth,
            "{} lie over one another, not {:?}",
            after.depth,
            self.stack
        );
        expect!(
            self.stack.last().copied() == after.overlay,
            "{:?} is open, not {:?}",
            after.overlay,
            self.stack
        );
        Ok(())
    }

    /// Leaving the line returns to the list that had the focus.
    fn way_back(&mut self, pressed: Pressed, before: &Seen, after: &Seen) -> Result<(), Difference> {
        match (before.writes, after.writes) {
            (false, true) => self.pane = Some(before.beneath.pane),
            (true, false) if before.has_line() && matches!(pressed, Pressed::Esc) => {
                let pane = self.pane.take();
                let is_back = pane.is_none_or(|pane| pane == after.beneath.pane);
                expect!(is_back, "Esc goes back to {:?}, not {pane:?}", after.beneath.pane);
            }
            (true, false) => self.pane = None,
            _ => {}
        }
        Ok(())
    }

    /// Forgets that list, because another input moved the focus.
    pub(crate) fn forget_way_back(&mut self) {
        self.pane = None;
    }
}

/// Kind of the pressed key, as far as it matters to the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pressed {
    Letter(char),
    Esc,
    Enter,
    Delete,
    ControlC,
    Other,
}

impl Pressed {
    pub(crate) fn of(key: KeyEvent) -> Self {
        match (key.code, key.modifiers) {
            (KeyCode::Char('c'), KeyModifiers::CONTROL) => Self::ControlC,
            (KeyCode::Char(letter), KeyModifiers::NONE | KeyModifiers::SHIFT) => Self::Letter(letter),
            (KeyCode::Esc, KeyModifiers::NONE) => Self::Esc,
            (KeyCode::Enter, KeyModifiers::NONE) => Self::Enter,
            (KeyCode::Delete, KeyModifiers::NONE) => Self::Delete,
            _ => Self::Other,
        }
    }
}

/// Whether a key closes the overlay.
fn closes(pressed: Pressed, before: &Seen) -> bool {
    let selects = [OpenOverlay::Pane(MAP), OpenOverlay::Pane(OVERHEAD), OpenOverlay::Held];
    match (pressed, before.overlay) {
        (Pressed::Enter, Some(overlay)) => !selects.contains(&overlay),
        // In a filtered list these keys first remove the filter.
        (Pressed::Esc | Pressed::ControlC | Pressed::Letter('q'), _)
        | (Pressed::Letter('z'), Some(OpenOverlay::Pane(MAP))) => !before.is_narrowed,
        (Pressed::Letter('M'), Some(OpenOverlay::Pane(MAP)))
        | (Pressed::Letter('C'), Some(OpenOverlay::Charts))
        | (Pressed::Letter('T'), Some(OpenOverlay::Pane(TOWER)))
        | (Pressed::Letter('L'), Some(OpenOverlay::Limits)) => true,
        _ => false,
    }
}

/// Whether `/` begins the filter of the open list.
fn filters(before: &Seen) -> bool {
    matches!(before.overlay, Some(OpenOverlay::Pane(MAP) | OpenOverlay::Held))
}

/// Everything below an overlay stays unchanged, except for keys that are meant to change it.
fn beneath(pressed: Pressed, before: &Seen, after: &Seen, effects: &[Effect]) -> Result<(), Difference> {
    let is_over = before.overlay.is_some() && !before.is_busy();
    // A move fetches the lists of a frozen screen.
    if !is_over || before.is_still || before.node != after.node || !effects.iter().all(is_quiet) {
        return Ok(());
    }
    let (mut wanted, is_map) = (before.beneath.clone(), before.overlay == Some(OpenOverlay::Pane(MAP)));
    match pressed {
        // Marks are removed in every context.
        Pressed::Letter('V') if !before.searches => return Ok(()),
        // On the map this key filters by the selected peer or freezes the screen; in the held list it starts a
        // command.
        Pressed::Letter('f') if !before.searches && (is_map || after.writes) => return Ok(()),
        Pressed::Letter(' ') if is_map => return Ok(()),
        _ if is_map => wanted.peer.clone_from(&after.beneath.peer),
        _ => {}
    }
    // The overlay may give way to the line with a filter in it, and a filter changes what it filters as it is written.
    if before.writes_over_list || after.writes && (after.overlay.is_none() || after.writes_over_list) {
        return Ok(());
    }
    expect!(
        wanted == after.beneath,
        "{pressed:?} in {:?} changes what lies beneath: {wanted:?}, {:?}",
        before.overlay,
        after.beneath
    );
    Ok(())
}

/// Whether an effect only concerns the screen.
fn is_quiet(effect: &Effect) -> bool {
    matches!(
        effect,
        Effect::Refresh | Effect::QueryAssist(_) | Effect::Copy(_) | Effect::Redraw | Effect::Suspend
    )
}

/// Only keys for node commands may send commands to the node.
fn node(pressed: Pressed, before: &Seen, effects: &[Effect]) -> Result<(), Difference> {
    let asks = |effect: &Effect| {
        matches!(
            effect,
            Effect::Call(_) | Effect::CallAll(_) | Effect::Edit(_) | Effect::OpenEditor(_) | Effect::Undo(_)
        )
    };
    if !effects.iter().any(asks) || before.is_asked || before.is_handing_on {
        return Ok(());
    }
    let may = match pressed {
        Pressed::Enter => before.has_menu || before.has_line(),
        Pressed::Letter('I' | 'U' | 'a' | 'u') => before.has_overlay() || before.has_list(),
        Pressed::Letter('x' | 'e' | 'E') | Pressed::Delete => {
            before.has_list() || before.has_overlay() && before.overlay == Some(OpenOverlay::Held)
        }
        Pressed::Letter('h') => before.has_list(),
        Pressed::Letter('r' | 'R' | 'F') => before.has_overlay() && before.overlay == Some(OpenOverlay::Held),
        _ => false,
    };
    expect!(may, "{pressed:?} asks the node for {effects:?}");
    Ok(())
}

/// Enter does what the label says.
fn line(
    pressed: Pressed,
    label: Option<&str>,
    before: &Seen,
    after: &Seen,
    effects: &[Effect],
) -> Result<(), Difference> {
    let Some(label) = label.filter(|_| before.has_line() && !before.chooses) else { return Ok(()) };
    let is_message = !before.draft.starts_with(':') || before.draft.starts_with("::");
    let has_text = !before.draft.trim_matches([':', ' ']).is_empty();
    let wanted = if is_message { "SAY" } else { "CMD" };
    expect!(!has_text || label.contains(wanted), "the label {label:?} of {:?}", before.draft);
    if pressed != Pressed::Enter {
        return Ok(());
    }
    let commands: Vec<_> = effects.iter().filter_map(ran).collect();
    let sends = commands.iter().any(|call| matches!(call.command.as_str(), "enqueue" | "json"));
    match label.trim() {
        label if label.starts_with('!') => {
            expect!(commands.is_empty(), "{label} runs {commands:?}");
            expect!(after.draft == before.draft, "{label} lets go of the draft");
        }
        "SAY" => {
            expect!(sends || commands.is_empty(), "SAY runs {commands:?}");
            expect!(sends || !has_text || after.draft == before.draft, "SAY sends nothing");
        }
        "CMD" => expect!(!sends || is_sent(&before.draft), "CMD sends {:?}", before.draft),
        other => return Err(format!("the label {other:?} stands before the line")),
    }
    Ok(())
}

pub(crate) fn ran(effect: &Effect) -> Option<&Call> {
    match effect {
        Effect::Call(call) => Some(call),
        _ => None,
    }
}

/// Whether a line that begins with a colon may send a message.
fn is_sent(line: &str) -> bool {
    [":json", ":enqueue", ":say"].iter().any(|command| line.starts_with(command))
}
