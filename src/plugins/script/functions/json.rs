use std::rc::Rc;

use clacks_feed::json_text::characters;
use mlua::{Lua, LuaString, Table, Value};
use sha2::{Digest, Sha256};

use super::{Answer, Arguments, Implementation, one, text};
use crate::script::{
    Allow,
    context::VmContext,
    json::{self, Problem},
};

pub(super) const FUNCTIONS: &[(&str, Option<Allow>, Implementation)] =
    &[("json", None, read), ("encode", None, encode), ("sha256", None, sha256)];

fn read(lua: &Lua, context: &VmContext, arguments: &Arguments) -> Answer {
    one(json::read(lua, &arguments.text(0)?, &context.arrays, &context.script.budget)?)
}

fn encode(lua: &Lua, context: &VmContext, arguments: &Arguments) -> Answer {
    let json = json::write(arguments.get(0), &context.arrays, &context.script.budget)?;
    one(text(lua, &json)?)
}

fn sha256(lua: &Lua, _: &VmContext, arguments: &Arguments) -> Answer {
    match arguments.get(0) {
        Value::String(bytes) => one(text(lua, &hash(&bytes.as_bytes()))?),
        _ => arguments.wrong(0, "a string"),
    }
}

/// The SHA-256 of bytes, in 64 hexadecimal digits.
fn hash(bytes: &[u8]) -> String {
    let mut digits = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        for digit in [byte >> 4, byte & 15] {
            digits.push(char::from_digit(digit.into(), 16).unwrap_or_default());
        }
    }
    digits
}

/// The text of a message, given by a script: JSON, which is passed on as it is.
fn checked_json(lua: &Lua, context: &VmContext, arguments: &Arguments) -> Answer {
    let given = arguments.text(0)?;
    if given.len() > json::MAX_TEXT {
        return Err(Problem::Wrong("the JSON text is longer than 1 MiB".to_owned()));
    }
    json::read(lua, &given, &context.arrays, &context.script.budget)?;
    one(arguments.get(0).clone())
}

/// Adds what the prelude itself uses.
pub(super) fn add_raw(lua: &Lua, raw: &Table, context: &Rc<VmContext>) -> mlua::Result<()> {
    raw.raw_set("encode", super::checked(lua, context, "the message", None, encode)?)?;
    raw.raw_set("checked_json", super::checked(lua, context, "change_json", None, checked_json)?)?;
    raw.raw_set("hash", lua.create_function(|_, text: LuaString| Ok(hash(&text.as_bytes())))?)?;
    let as_text = lua.create_function(|_, json: LuaString| {
        Ok(json.to_str().ok().and_then(|json| characters(&json, false)))
    })?;
    raw.raw_set("text", as_text)?;
    let context = Rc::clone(context);
    let value = lua.create_function(move |lua, json: LuaString| {
        let json = json.to_str()?;
        json::read(lua, &json, &context.arrays, &context.script.budget).map_err(|problem| match problem {
            Problem::Wrong(reason) => mlua::Error::runtime(reason),
            Problem::Engine(error) => error,
        })
    })?;
    raw.raw_set("value", value)
}
