use std::time::Duration;

use clacks_feed::{
    Call, Key, Network, Outcome, Refusal, Text,
    args::{self, Argument, Arguments},
    undo::UndoStore,
};

use crate::{
    core::{BoxState, Card, Core},
    node::Toy,
    rows::number_of,
};

/// What a command did, to be undone.
#[derive(Debug)]
pub(crate) enum Deed {
    Posted(u64),
    Dropped(Vec<(u64, Card)>),
    /// Boxes, and what they were before since when.
    Changed(Vec<(String, BoxState, Duration)>),
    Limit(u64),
}

/// What a command needs besides its arguments.
pub(crate) struct Desk<'a> {
    pub(crate) core: &'a mut Core,
    pub(crate) undo: &'a mut UndoStore<Deed>,
    pub(crate) now: Duration,
}

/// Why the arguments of a call that fit its description cannot work now.
pub(crate) fn objection(desk: &Desk<'_>, call: &Call, arguments: &Arguments) -> Option<String> {
    let Desk { core, undo, now } = desk;
    let names = || arguments.items.iter().map(|(_, key)| key.untrusted());
    let is_ignored = |name: &str| core.boxes.get(name).is_some_and(|known| known.state == BoxState::Ignored);
    match call.command.as_str() {
        "post" if core.cards.len() as u64 >= core.limit => Some("there is no room for more cards".to_owned()),
        "ignore" if names().all(is_ignored) => Some("that is ignored already".to_owned()),
        "unignore" if !names().any(is_ignored) => Some("that is not ignored".to_owned()),
        "undo" => undo.check(call.text.untrusted(), *now).err().map(|error| error.to_string()),
        _ => None,
    }
}

/// Carries out a call whose arguments are valid.
pub(crate) fn carry_out(
    toy: &Toy,
    desk: &mut Desk<'_>,
    call: &Call,
    arguments: Arguments,
) -> Result<Outcome, Refusal> {
    if let Some(reason) = objection(desk, call, &arguments) {
        return Err(Refusal::new(reason));
    }
    let (text, deed) = match (call.command.as_str(), arguments.values.into_iter().next()) {
        ("post", Some(Argument::Text(text))) => post(desk, text)?,
        ("drop", _) => drop_cards(desk, &arguments.items),
        ("ignore", _) => set_state(desk, &arguments.items, BoxState::Ignored, "ignored"),
        ("unignore", _) => set_state(desk, &arguments.items, BoxState::Open, "unignored"),
        ("limit", Some(Argument::Number(limit))) => {
            let before = desk.core.limit;
            desk.core.set_limit(limit as u64);
            ("set the limit".to_owned(), Deed::Limit(before))
        }
        ("undo", _) => return undo(desk, call.text.untrusted()),
        _ => return Err(Refusal::new("that command does not exist")),
    };
    let outcome = Outcome::new(text);
    let token = desk.undo.push(deed, 100, desk.now);
    let undo = token.map(|token| Call::new(toy.run(), "undo".into(), token.to_string()));
    Ok(Outcome { undo, ..outcome })
}

fn post(desk: &mut Desk<'_>, text: Text) -> Result<(String, Deed), Refusal> {
    let number =
        desk.core.post(text, desk.now).ok_or_else(|| Refusal::new("there is no room for more cards"))?;
    Ok(("posted a card".to_owned(), Deed::Posted(number)))
}

fn drop_cards(desk: &mut Desk<'_>, items: &[(clacks_feed::description::ListId, Key)]) -> (String, Deed) {
    let numbers = items.iter().filter_map(|(_, key)| number_of(key));
    let dropped: Vec<_> =
        numbers.filter_map(|number| desk.core.drop_card(number).map(|card| (number, card))).collect();
    (format!("dropped {}", cards(dropped.len())), Deed::Dropped(dropped))
}

fn set_state(
    desk: &mut Desk<'_>,
    items: &[(clacks_feed::description::ListId, Key)],
    state: BoxState,
    past: &str,
) -> (String, Deed) {
    let is_wanted = |name: &&str| {
        let known = desk.core.boxes.get(*name);
        known.is_some_and(|known| state == BoxState::Ignored || known.state == BoxState::Ignored)
    };
    let names: Vec<_> = items.iter().map(|(_, key)| key.untrusted()).filter(is_wanted).collect();
    let change = |name: &&str| {
        let (before, since) = desk.core.set_state(name, state, desk.now)?;
        Some(((*name).to_owned(), before, since))
    };
    let changed: Vec<_> = names.iter().filter_map(change).collect();
    let count = changed.len();
    (format!("{past} {count} box{}", if count == 1 { "" } else { "es" }), Deed::Changed(changed))
}

fn undo(desk: &mut Desk<'_>, token: &str) -> Result<Outcome, Refusal> {
    let deed = desk.undo.pop(token, desk.now).map_err(|error| Refusal::new(error.to_string()))?;
    match deed {
        Deed::Posted(number) => _ = desk.core.drop_card(number),
        Deed::Dropped(dropped) => {
            dropped.into_iter().for_each(|(number, card)| desk.core.restore(number, card));
        }
        Deed::Changed(changed) => {
            for (name, state, since) in changed {
                desk.core.set_state(&name, state, since);
            }
        }
        Deed::Limit(limit) => desk.core.set_limit(limit),
    }
    Ok(Outcome::new("as before"))
}

fn cards(count: usize) -> String {
    if count == 1 { "1 card".to_owned() } else { format!("{count} cards") }
}

/// Reads the arguments of a call.
pub(crate) fn read(toy: &Toy, call: &Call) -> Result<Arguments, clacks_feed::Check> {
    args::read(toy, call)
}
