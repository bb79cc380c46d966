//! Reads the arguments of a call as the description of its command says, so that most commands need no parser of their
//! own, and what [`Check`] reports while a line is typed is what the call does.

mod form;
#[cfg(test)]
mod tests;
mod words;

use std::time::Duration;

use form::{Form, FormError};
pub use words::quoted;
use words::{Unclosed, Words};

use crate::{
    Call, Check, Key, Label, MAX_ITEMS, Name, Network, Text,
    description::{Arg, CommandSpec, Description, ListId, Need, Takes},
};

/// Rows that are searched for a key of which only the beginning was typed. In a longer list the beginning counts as
/// valid.
const SEARCHED: u64 = 10_000;

/// The greatest port to which a digit can be added.
pub const MAX_SHORT_PORT: u16 = u16::MAX / 10;

/// The arguments of a call.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Arguments {
    /// The items: those that are selected or marked, or else those that were typed.
    pub items: Vec<(ListId, Key)>,
    /// The other arguments, in their order.
    pub values: Vec<Argument>,
    /// Whether the key of an item begins with the last argument, so that more characters can make it that item.
    pub begins_item: bool,
    /// Whether the last argument ends with a port that one more digit makes another port.
    pub has_short_port: bool,
    /// Whether more characters of the last argument can follow: no space and no closing quote follows it.
    pub is_open: bool,
}

impl Arguments {
    /// What to report about a call with these arguments that would be refused now, for this reason: it is only incomplete
    /// if more characters can make it mean something else.
    pub fn refused(&self, reason: impl Into<Text>) -> Check {
        if self.begins_item || self.has_short_port { Check::Begun } else { Check::wrong(reason) }
    }
}

/// One argument that is not an item.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Argument {
    /// A host and a port from 1 to 65,535. An IPv6 address has no brackets here.
    HostPort(String, u16),
    /// One of the words of [`Takes::Word`].
    Word(String),
    /// A number in the range of [`Takes::Number`].
    Number(f64),
    /// A duration.
    Time(Duration),
    /// The text of [`Takes::Address`], [`Takes::Remote`] or [`Takes::Filter`], which the network reads itself.
    Unread(Text),
    /// One JSON value.
    Json(Text),
    /// Any text.
    Text(Text),
}

/// Reads the arguments of a call. The error is [`Check::Begun`] for a call that is incomplete, or [`Check::Wrong`].
pub fn read(network: &dyn Network, call: &Call) -> Result<Arguments, Check> {
    let description = network.description();
    if call.run != network.run() {
        return Err(Check::wrong("the node was restarted since then, so that means something else now"));
    }
    let Some(spec) = description.command(call.command.as_str()) else {
        return Err(Check::wrong(format!("{} has no :{}", description.network, call.command)));
    };
    let mut reader = Reader {
        network,
        description,
        spec,
        words: Words::new(call.text.untrusted()),
        read: Arguments::default(),
    };
    reader.selected(call)?;
    // What is selected stands for the first argument that is an item.
    let selected = usize::from(!reader.read.items.is_empty());
    let is_item = |arg: &&Arg| arg.takes.iter().any(|takes| matches!(takes, Takes::Item { .. }));
    let skipped = spec.args.iter().position(|arg| is_item(&arg)).filter(|_| selected > 0);
    for (position, arg) in spec.args.iter().enumerate() {
        if Some(position) != skipped {
            reader.argument(arg)?;
        }
    }
    reader.end()?;
    Ok(reader.read)
}

/// What [`read`] says about a call, if its arguments are all that can be wrong with it.
pub fn check(network: &dyn Network, call: &Call) -> Check {
    read(network, call).map_or_else(|check| check, |_| Check::Works)
}

struct Reader<'a> {
    network: &'a dyn Network,
    description: &'a Description,
    spec: &'a CommandSpec,
    words: Words<'a>,
    read: Arguments,
}

impl Reader<'_> {
    fn selected(&mut self, call: &Call) -> Result<(), Check> {
        if call.on.is_empty() {
            return Ok(());
        }
        if call.on.len() > MAX_ITEMS {
            return Err(Check::wrong(format!(
                "{} items are selected; at most {MAX_ITEMS} are possible",
                call.on.len()
            )));
        }
        let Some(list) = call.list else { return Err(Check::wrong("the list of the items is missing")) };
        let Some(list_spec) = self.description.list(list).filter(|list| self.spec.on.contains(&list.name))
        else {
            return Err(Check::wrong(format!(":{} is not for that list", self.spec.name)));
        };
        // Items that have gone meanwhile do not hinder the others.
        let there = call.on.iter().zip(self.network.rows(list, &call.on)).filter(|(_, row)| row.is_some());
        for (key, _) in there {
            let item = (list, key.clone());
            if !self.read.items.contains(&item) {
                self.read.items.push(item);
            }
        }
        match (&self.read.items[..], &call.on[..]) {
            ([], [missing, ..]) => {
                Err(Check::wrong(format!("{} is no {} here", missing.untrusted(), list_spec.one)))
            }
            _ => Ok(()),
        }
    }

    fn argument(&mut self, arg: &Arg) -> Result<(), Check> {
        let (typed, is_open) = match arg.need {
            Need::Rest | Need::OptionalRest if arg.takes == [Takes::Text] => {
                (self.words.unchanged_rest(), true)
            }
            Need::Rest | Need::OptionalRest => (self.words.rest(), true),
            Need::One | Need::Optional => match self.words.next() {
                Ok(word) => word,
                Err(Unclosed(typed)) if typed.is_empty() => return Err(Check::Begun),
                Err(Unclosed(typed)) => return self.forms(arg, &typed, true).and(Err(Check::Begun)),
            },
        };
        if typed.is_empty() && !is_open {
            return Err(Check::wrong(format!("{} is empty", arg.name)));
        }
        if typed.is_empty() {
            let is_optional = matches!(arg.need, Need::Optional | Need::OptionalRest);
            return if is_optional { Ok(()) } else { Err(Check::Begun) };
        }
        self.forms(arg, &typed, is_open)
    }

    /// Tries the forms of an argument. `is_open`: more characters may follow.
    fn forms(&mut self, arg: &Arg, typed: &str, is_open: bool) -> Result<(), Check> {
        let mut is_begun = false;
        let mut wrong = None;
        self.read.is_open = is_open;
        for takes in &arg.takes {
            match self.form(takes, typed) {
                Ok(()) => return Ok(()),
                Err(FormError::Begun) if is_open => {
                    is_begun = true;
                    self.read.begins_item |= matches!(takes, Takes::Item { .. } | Takes::Remote { .. });
                }
                Err(FormError::Begun) => wrong = wrong.or_else(|| Some(incomplete(&arg.name, typed))),
                Err(FormError::Wrong(reason)) => wrong = Some(reason),
            }
        }
        if is_begun { Err(Check::Begun) } else { Err(Check::wrong(wrong.unwrap_or_default())) }
    }

    fn form(&mut self, takes: &Takes, typed: &str) -> Result<(), FormError> {
        if let Takes::Item { list, only } = takes {
            let (list, form) = self.items(list, only)?;
            let key = form.item(typed, SEARCHED)?;
            self.read.items.push((list, key));
        } else if let Takes::Remote { list: Some(list) } = takes {
            let (_, form) = self.items(list, &[])?;
            // Of `i` and `ip` any address can be made.
            let address = match form::address_of(typed) {
                Err(FormError::Begun) => "",
                address => address?,
            };
            form.item(address, SEARCHED)?;
            self.read.values.push(Argument::Unread(Text::new(typed)));
        } else {
            let value = form::value(takes, typed)?;
            // 123 can become 1234, which is another port.
            self.read.has_short_port |=
                self.read.is_open && matches!(value, Argument::HostPort(_, 0..=MAX_SHORT_PORT));
            self.read.values.push(value);
        }
        Ok(())
    }

    /// The items of a list with one of the statuses.
    fn items(&self, list: &Name, only: &[Name]) -> Result<(ListId, Form<'_>), FormError> {
        let list = self.description.list_id(list.as_str()).ok_or(FormError::Begun)?;
        let only = only.iter().filter_map(|name| self.description.status_id(name.as_str())).collect();
        Ok((list, Form { network: self.network, list, only }))
    }

    fn end(&mut self) -> Result<(), Check> {
        let rest = self.words.rest();
        if rest.is_empty() {
            return Ok(());
        }
        let name = &self.spec.name;
        Err(Check::wrong(if self.spec.args.is_empty() {
            format!(":{name} takes nothing behind it")
        } else {
            format!(":{name} takes no more than that: {rest}")
        }))
    }
}

fn incomplete(name: &Label, typed: &str) -> String {
    format!("{typed} is no complete {name}")
}
