use mlua::{Lua, Value};

use super::{Answer, Arguments, Implementation, done, one, refused, text};
use crate::script::{Allow, context::VmContext, json, store::Store};

pub(super) const FUNCTIONS: &[(&str, Option<Allow>, Implementation)] = &[
    ("get", Some(Allow::Store), get),
    ("set", Some(Allow::Store), set),
    ("delete", Some(Allow::Store), delete),
    ("keys", Some(Allow::Store), keys),
];

/// Calls a function with the store, which is read at its first use.
fn with<T>(context: &VmContext, call: impl FnOnce(&mut Store) -> T) -> Result<T, String> {
    let mut store = context.script.kept.store.borrow_mut();
    store.load(|| context.script.host.read_store(context.script.name()))?;
    Ok(call(&mut store))
}

fn get(lua: &Lua, context: &VmContext, arguments: &Arguments) -> Answer {
    let key = arguments.text(0)?;
    match with(context, |store| store.get(&key).map(str::to_owned)) {
        Ok(Some(json)) => one(json::read(lua, &json, &context.arrays, &context.script.budget)?),
        Ok(None) => one(Value::Nil),
        Err(reason) => refused(lua, &reason),
    }
}

fn set(lua: &Lua, context: &VmContext, arguments: &Arguments) -> Answer {
    let key = arguments.text(0)?;
    if arguments.get(1).is_nil() {
        return arguments.wrong(1, "a value; delete removes one");
    }
    let json = json::write(arguments.get(1), &context.arrays, &context.script.budget)?;
    done(lua, with(context, |store| store.set(&key, json)).and_then(|result| result))
}

fn delete(lua: &Lua, context: &VmContext, arguments: &Arguments) -> Answer {
    let key = arguments.text(0)?;
    match with(context, |store| store.delete(&key)) {
        Ok(was_there) => one(Value::Boolean(was_there)),
        Err(reason) => refused(lua, &reason),
    }
}

fn keys(lua: &Lua, context: &VmContext, _: &Arguments) -> Answer {
    match with(context, |store| store.keys().map(str::to_owned).collect::<Vec<_>>()) {
        Ok(keys) => {
            let table = lua.create_table()?;
            table.set_metatable(Some(context.arrays.clone()))?;
            for key in keys {
                table.raw_push(text(lua, &key)?)?;
            }
            one(Value::Table(table))
        }
        Err(reason) => refused(lua, &reason),
    }
}
