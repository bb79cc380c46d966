//! The VM of a script, before the script is loaded.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use mlua::{
    Function, Lua, LuaOptions, StdLib, Table, Value, VmState,
    state::{GcIncParams, GcMode},
};

use super::{
    ScriptOptions,
    context::{Context, VmContext},
    fault::line_in,
    functions, json, time_exceeded,
};

/// The name of the prelude in errors.
pub(super) const PRELUDE: &str = "clacks";

/// Length from which library functions that do not look at the time themselves are replaced.
const LONG: u32 = 4096;

/// How much the collector works at once, in KiB. The engine's own 1 KiB lets garbage of large values grow too fast.
const STEP_SIZE: i32 = 64;

/// The functions with which the host calls a script.
pub(super) struct Calls {
    pub(super) install: Function,
    pub(super) judge: Function,
    pub(super) event: Function,
    pub(super) tick: Function,
    pub(super) command: Function,
    pub(super) load: Function,
    pub(super) unload: Function,
    pub(super) timer: Function,
}

/// A VM whose script can use only memory, time and the table `clacks`.
pub(super) struct Sandbox {
    pub(super) lua: Lua,
    pub(super) calls: Calls,
    pub(super) context: Rc<VmContext>,
}

/// What the engine has beside the libraries, and a script must not have: it reads files, compiles text, reaches the
/// variables of other functions, makes objects with a destructor, or drives the collector.
const REMOVED: [&str; 9] = [
    "require",
    "loadstring",
    "getfenv",
    "setfenv",
    "newproxy",
    "collectgarbage",
    "gcinfo",
    "debug",
    "vector",
];

/// Makes a VM. `chunk` is the name of the script's file, for the place of a fault.
pub(super) fn new(options: &ScriptOptions, chunk: &str, script: Rc<Context>) -> mlua::Result<Sandbox> {
    let libraries = StdLib::TABLE
        | StdLib::STRING
        | StdLib::UTF8
        | StdLib::BIT
        | StdLib::MATH
        | StdLib::BUFFER
        | StdLib::COROUTINE
        | StdLib::OS;
    let lua = Lua::new_with(libraries, LuaOptions::new())?;
    lua.set_memory_limit(options.limits.memory)?;
    lua.gc_set_mode(GcMode::Incremental(GcIncParams::default().step_size(STEP_SIZE)));
    let globals = lua.globals();
    for name in REMOVED {
        globals.raw_set(name, Value::Nil)?;
    }
    let arrays = lua.create_table()?;
    arrays.raw_set("__metatable", "array")?;
    let collect_above = Cell::new(options.limits.memory / 2);
    let context = Rc::new(VmContext { script, arrays, timers: RefCell::default(), collect_above });
    let raw = lua.create_table()?;
    functions::add(&lua, &raw, &context)?;
    let prelude = lua.load(include_str!("prelude.luau")).set_name(format!("={PRELUDE}"));
    let (clacks, calls): (Table, Table) = prelude.call((raw, Value::NULL, &context.arrays, LONG))?;
    let settings = serde_json::to_string(&options.settings).unwrap_or_default();
    let settings = json::read(&lua, &settings, &context.arrays, &context.script.budget);
    clacks.raw_set("settings", settings.unwrap_or(Value::Nil))?;
    clacks.raw_set("environment", context.script.host.environment().as_str())?;
    globals.raw_set("clacks", clacks)?;
    watch(&lua, chunk, options.limits.memory, &context);
    lua.sandbox(true)?;
    Ok(Sandbox { calls: Calls::of(&calls)?, lua, context })
}

/// Ends a call that takes too long. Once the limit is exceeded each look ends it again, so that `pcall` does not help.
///
/// Collects garbage in time as well. The engine collects a little at each allocation, so a few long texts would otherwise
/// use all memory although nothing refers to them.
fn watch(lua: &Lua, chunk: &str, memory: usize, context: &Rc<VmContext>) {
    let (context, chunk) = (Rc::clone(context), chunk.to_owned());
    lua.set_interrupt(move |lua| {
        let budget = &context.script.budget;
        if !budget.is_due() {
            return Ok(VmState::Continue);
        }
        if !budget.is_exceeded() {
            collect(lua, memory, &context)?;
            return Ok(VmState::Continue);
        }
        if budget.line().is_none() {
            budget
                .set_line(lua.traceback(None, 0).ok().and_then(|it| line_in(&it.to_string_lossy(), &chunk)));
        }
        Err(time_exceeded(budget))
    });
}

/// Collects garbage if more than half of the memory is used, and if an eighth more is used than after the last time.
pub(super) fn collect(lua: &Lua, memory: usize, context: &VmContext) -> mlua::Result<()> {
    if lua.used_memory() > context.collect_above.get() {
        lua.gc_collect()?;
        context.collect_above.set((lua.used_memory() + memory / 8).max(memory / 2));
    }
    Ok(())
}

impl Calls {
    fn of(table: &Table) -> mlua::Result<Self> {
        let get = |name: &str| table.raw_get::<Function>(name);
        Ok(Self {
            install: get("install")?,
            judge: get("judge")?,
            event: get("event")?,
            tick: get("tick")?,
            command: get("command")?,
            load: get("load")?,
            unload: get("unload")?,
            timer: get("timer")?,
        })
    }
}
