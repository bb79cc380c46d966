//! The functions of the table `clacks`.

mod arguments;
mod json;
mod list;
mod node;
mod search;
mod store;

use std::rc::Rc;

use mlua::{Function, IntoLuaMulti, Lua, MultiValue, Table, Value};

pub use list::{FunctionSpec, Group, function_specs};

use super::{Allow, context::VmContext, json::Problem};
use arguments::Arguments;

/// What a function returns: one result, or `nil` and why not.
type Answer = Result<(Value, Value), Problem>;
type Implementation = fn(&Lua, &VmContext, &Arguments) -> Answer;

/// Adds the functions of the host to the table that the prelude gets.
pub(super) fn add(lua: &Lua, raw: &Table, context: &Rc<VmContext>) -> mlua::Result<()> {
    for (group, functions) in
        [("functions", node::FUNCTIONS), ("functions", json::FUNCTIONS), ("functions", search::FUNCTIONS)]
            .into_iter()
            .chain([("store", store::FUNCTIONS), ("archive", search::ARCHIVE)])
    {
        let table: Table = match raw.raw_get::<Option<Table>>(group)? {
            Some(table) => table,
            None => lua.create_table()?,
        };
        for (name, needs, implementation) in functions {
            table.raw_set(*name, checked(lua, context, name, *needs, *implementation)?)?;
        }
        raw.raw_set(group, table)?;
    }
    json::add_raw(lua, raw, context)?;
    node::add_raw(lua, raw, context)?;
    search::add_raw(lua, raw)
}

/// A function that returns whether it was called rightly, then its results or the reason. The prelude raises the error,
/// so that it has the line of the script.
fn checked(
    lua: &Lua,
    context: &Rc<VmContext>,
    name: &'static str,
    needs: Option<Allow>,
    implementation: Implementation,
) -> mlua::Result<Function> {
    let context = Rc::clone(context);
    lua.create_function(move |lua, values: MultiValue| {
        if let Some(needs) = needs.filter(|needs| !context.script.allow.contains(needs)) {
            return answer(lua, Problem::Wrong(format!("{name} needs allow = [\"{}\"]", needs.as_str())));
        }
        match implementation(lua, &context, &Arguments::new(name, values)) {
            Ok((first, second)) => (true, first, second).into_lua_multi(lua),
            Err(problem) => answer(lua, problem),
        }
    })
}

fn answer(lua: &Lua, problem: Problem) -> mlua::Result<MultiValue> {
    match problem {
        Problem::Wrong(reason) => (false, reason).into_lua_multi(lua),
        Problem::Engine(error) => Err(error),
    }
}

/// One result.
#[expect(clippy::unnecessary_wraps, reason = "it is the end of functions that can fail")]
fn one(value: Value) -> Answer {
    Ok((value, Value::Nil))
}

/// `nil`, and why.
fn refused(lua: &Lua, reason: &str) -> Answer {
    Ok((Value::Nil, Value::String(lua.create_string(reason)?)))
}

/// `true`, or `nil` and why not.
fn done(lua: &Lua, result: Result<(), String>) -> Answer {
    match result {
        Ok(()) => one(Value::Boolean(true)),
        Err(reason) => refused(lua, &reason),
    }
}

fn text(lua: &Lua, text: &str) -> Result<Value, Problem> {
    Ok(Value::String(lua.create_string(text)?))
}
