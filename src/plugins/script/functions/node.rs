use std::rc::Rc;

use clacks_feed::escape::escaped;
use mlua::{Lua, LuaString, Table, Value};

use super::{
    Answer, Arguments, Implementation,
    arguments::{number_of, text_of},
    done, one, refused,
};
use crate::{
    HostPort, KnownPeer, LogLevel, PeerQuery,
    script::{
        Allow,
        context::{Context, VmContext},
        json::{self, Problem},
        rates::{Rate, Rates},
    },
};

pub(super) const FUNCTIONS: &[(&str, Option<Allow>, Implementation)] = &[
    ("enqueue", Some(Allow::Enqueue), enqueue),
    ("enqueue_json", Some(Allow::Enqueue), enqueue_json),
    ("announce", Some(Allow::Peers), announce),
    ("add", Some(Allow::Peers), add),
    ("ignore", Some(Allow::Ignore), ignore),
    ("unignore", Some(Allow::Ignore), unignore),
    ("forget", Some(Allow::Ignore), forget),
    ("peers", None, peers),
    ("self", None, this_node),
    ("queue_length", None, queue_length),
    ("log", None, log),
    ("notify", None, notify),
    ("count", None, count),
    ("time", None, time),
    ("random", None, random),
];

/// Maximum number of peers that a script is given.
const MAX_PEERS: f64 = 1000.0;
/// Maximum number of names that a script counts.
const MAX_COUNTS: usize = 32;
/// Longest line in the log, notice or name of a count, in characters.
const MAX_LINE: usize = 1000;

/// Whether one more is allowed now.
fn is_allowed(context: &Context, rate: fn(&mut Rates) -> &mut Rate) -> bool {
    rate(&mut context.kept.rates.borrow_mut()).allows()
}

fn enqueue(lua: &Lua, context: &VmContext, arguments: &Arguments) -> Answer {
    let json = json::write(arguments.get(0), &context.arrays, &context.script.budget)?;
    queue(lua, &context.script, &json)
}

fn enqueue_json(lua: &Lua, context: &VmContext, arguments: &Arguments) -> Answer {
    let json = arguments.text(0)?;
    json::read(lua, &json, &context.arrays, &context.script.budget)?;
    queue(lua, &context.script, &json)
}

fn queue(lua: &Lua, context: &Context, json: &str) -> Answer {
    if !is_allowed(context, |rates| &mut rates.enqueue) {
        return refused(lua, "too many messages, try again later");
    }
    match context.host.enqueue(context.name(), json) {
        Ok(number) => one(Value::Number(number as f64)),
        Err(reason) => refused(lua, &reason),
    }
}

/// A command of the host about an address.
type Command = fn(&Context, &HostPort) -> Result<(), String>;

fn command(
    lua: &Lua,
    context: &VmContext,
    arguments: &Arguments,
    rate: fn(&mut Rates) -> &mut Rate,
    command: Command,
) -> Answer {
    let address = arguments.address(0)?;
    if !is_allowed(&context.script, rate) {
        return refused(lua, "too often, try again later");
    }
    done(lua, command(&context.script, &address))
}

fn announce(lua: &Lua, context: &VmContext, arguments: &Arguments) -> Answer {
    command(lua, context, arguments, |rates| &mut rates.contact, |it, to| it.host.announce(it.name(), to))
}

fn add(lua: &Lua, context: &VmContext, arguments: &Arguments) -> Answer {
    command(lua, context, arguments, |rates| &mut rates.contact, |it, peer| it.host.add(it.name(), peer))
}

fn ignore(lua: &Lua, context: &VmContext, arguments: &Arguments) -> Answer {
    command(lua, context, arguments, |rates| &mut rates.ignore, |it, peer| it.host.ignore(it.name(), peer))
}

fn unignore(lua: &Lua, context: &VmContext, arguments: &Arguments) -> Answer {
    command(lua, context, arguments, |rates| &mut rates.ignore, |it, peer| it.host.unignore(it.name(), peer))
}

fn forget(lua: &Lua, context: &VmContext, arguments: &Arguments) -> Answer {
    command(lua, context, arguments, |rates| &mut rates.ignore, |it, peer| it.host.forget(it.name(), peer))
}

fn peers(lua: &Lua, context: &VmContext, arguments: &Arguments) -> Answer {
    let mut query = PeerQuery { status: None, limit: MAX_PEERS as usize };
    if !arguments.get(0).is_nil() {
        let asked = arguments.table(0)?;
        query.status = text_of(asked, "status")?;
        query.limit = number_of(asked, "limit")?.unwrap_or(MAX_PEERS).clamp(1.0, MAX_PEERS) as usize;
    }
    let rows = lua.create_table()?;
    rows.set_metatable(Some(context.arrays.clone()))?;
    for peer in context.script.host.peers(&query).iter().take(query.limit) {
        rows.raw_push(row_of(lua, peer)?)?;
    }
    one(Value::Table(rows))
}

fn row_of(lua: &Lua, peer: &KnownPeer) -> mlua::Result<Table> {
    let row = lua.create_table()?;
    row.raw_set("identifier", &*peer.identifier)?;
    row.raw_set("hostname", &*peer.address.hostname)?;
    row.raw_set("port", f64::from(peer.address.port))?;
    row.raw_set("status", peer.status)?;
    row.raw_set("time", peer.time as f64)?;
    row.raw_set("answers", peer.answers)?;
    Ok(row)
}

fn this_node(lua: &Lua, context: &VmContext, _: &Arguments) -> Answer {
    let node = context.script.host.this_node();
    let table = lua.create_table()?;
    table.raw_set("identifier", &*node.identifier)?;
    table.raw_set("hostname", &*node.address.hostname)?;
    table.raw_set("port", f64::from(node.address.port))?;
    one(Value::Table(table))
}

fn queue_length(_: &Lua, context: &VmContext, _: &Arguments) -> Answer {
    one(Value::Number(context.script.host.queue_length() as f64))
}

fn log(_: &Lua, context: &VmContext, arguments: &Arguments) -> Answer {
    let Some(level) = LogLevel::parse(&arguments.text(0)?) else {
        return Err(Problem::Wrong("log: the level must be debug, info, warn or error".to_owned()));
    };
    let text = arguments.text(1)?;
    one(Value::Boolean(write_log(&context.script, level, &text)))
}

/// Writes to the log if that is allowed now.
fn write_log(context: &Context, level: LogLevel, text: &str) -> bool {
    let is_allowed = is_allowed(context, |rates| &mut rates.write);
    if is_allowed {
        context.host.log(context.name(), level, &line(text));
    }
    is_allowed
}

fn notify(_: &Lua, context: &VmContext, arguments: &Arguments) -> Answer {
    let text = arguments.text(0)?;
    let is_allowed = is_allowed(&context.script, |rates| &mut rates.write);
    if is_allowed {
        context.script.host.notify(context.script.name(), &line(&text));
    }
    one(Value::Boolean(is_allowed))
}

/// One line of at most [`MAX_LINE`] characters, without hidden characters.
fn line(text: &str) -> String {
    let end = text.char_indices().nth(MAX_LINE).map_or(text.len(), |(at, _)| at);
    escaped(&text[..end]).into_owned()
}

fn count(_: &Lua, context: &VmContext, arguments: &Arguments) -> Answer {
    let (name, by) = (line(&arguments.text(0)?), arguments.number_or(1, 1.0)?);
    let mut figures = context.script.shared.figures();
    let counts = &mut figures.status.counts;
    if !counts.contains_key(&name) && counts.len() >= MAX_COUNTS {
        return Err(Problem::Wrong(format!("count: a script counts at most {MAX_COUNTS} names")));
    }
    let counter = counts.entry(name).or_default();
    *counter = counter.saturating_add(by as i64);
    one(Value::Number(*counter as f64))
}

fn time(_: &Lua, context: &VmContext, _: &Arguments) -> Answer {
    one(Value::Number(context.script.host.now() as f64 / 1000.0))
}

fn random(_: &Lua, _: &VmContext, _: &Arguments) -> Answer {
    one(Value::Number(rand::random::<f64>()))
}

/// Adds what the prelude itself uses.
pub(super) fn add_raw(lua: &Lua, raw: &Table, context: &Rc<VmContext>) -> mlua::Result<()> {
    let script = Rc::clone(&context.script);
    let print = lua.create_function(move |_, words: LuaString| {
        write_log(&script, LogLevel::Info, &words.to_string_lossy());
        Ok(())
    })?;
    raw.raw_set("print", print)?;
    let timers = Rc::clone(context);
    let after = lua.create_function(move |_, (seconds, handle): (f64, u32)| {
        timers.after(seconds, handle);
        Ok(())
    })?;
    raw.raw_set("after", after)?;
    let timers = Rc::clone(context);
    let cancel = lua.create_function(move |_, handle: u32| {
        timers.timers.borrow_mut().retain(|(_, other)| *other != handle);
        Ok(())
    })?;
    raw.raw_set("cancel", cancel)
}
