//! A script in its VM.

use std::{
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind},
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use mlua::{FromLuaMulti, Function, IntoLuaMulti, Lua, Value};

use super::{
    ScriptOptions,
    context::Context,
    fault::{fault, fault_of},
    sandbox::{self, Sandbox},
    statistics::{HOOKS, Hooks},
    type_name, verdicts,
};
use crate::{Fault, Incoming, Kind, Verdict};

/// Maximum length of the state that lives through a reload, in bytes of JSON.
const MAX_STATE: usize = 64 << 10;

/// Longest reply to a command in bytes. The rest is cut.
const MAX_REPLY: usize = 64 << 10;

/// A script in its VM. It stays on one thread.
pub(super) struct Vm {
    sandbox: Sandbox,
    pub(super) hooks: Hooks,
    chunk: Arc<str>,
    verdict_time: Duration,
    call_time: Duration,
    memory: usize,
    /// Whether the last call failed.
    has_failed: Cell<bool>,
    /// Elapsed time of the last call.
    pub(super) last_took: Cell<Duration>,
}

impl Vm {
    /// Compiles a script and runs its top level. `on_load` is called by [`Vm::load`].
    pub(super) fn new(
        options: &ScriptOptions,
        chunk: &Arc<str>,
        source: &str,
        context: Rc<Context>,
    ) -> Result<Self, Fault> {
        let made = catch_unwind(AssertUnwindSafe(|| sandbox::new(options, chunk, context)));
        let sandbox = match made {
            Ok(Ok(sandbox)) => sandbox,
            Ok(Err(error)) => return Err(fault_of(&error, chunk)),
            Err(_) => return Err(fault(chunk, None, PANICKED)),
        };
        let mut vm = Self {
            sandbox,
            hooks: Hooks::default(),
            chunk: Arc::clone(chunk),
            verdict_time: options.limits.verdict_time,
            call_time: options.limits.call_time,
            memory: options.limits.memory,
            has_failed: Cell::new(false),
            last_took: Cell::default(),
        };
        let loaded = vm.sandbox.lua.load(source).set_name(format!("={chunk}")).into_function();
        let main = loaded.map_err(|error| fault_of(&error, chunk))?;
        vm.call::<()>(&main, vm.call_time, ())?;
        vm.hooks = vm.install().map_err(|error| fault_of(&error, chunk))?;
        Ok(vm)
    }

    /// Finds the functions of the script that the host calls.
    fn install(&self) -> mlua::Result<Hooks> {
        let (lua, globals) = (&self.sandbox.lua, self.sandbox.lua.globals());
        let functions = lua.create_table()?;
        let mut hooks = Hooks::default();
        for (bit, name) in HOOKS.into_iter().enumerate() {
            match globals.raw_get(name)? {
                Value::Nil => {}
                Value::Function(function) => {
                    functions.raw_set(name, function)?;
                    hooks.0 |= 1 << bit;
                }
                other => {
                    let reason = format!("{name} is a {}, not a function", type_name(&other));
                    return Err(mlua::Error::runtime(reason));
                }
            }
        }
        self.sandbox.calls.install.call::<()>(functions)?;
        Ok(hooks)
    }

    /// The global functions whose names begin as those do that the host calls, but which it does not know.
    pub(super) fn unknown_hooks(&self) -> Vec<String> {
        let mut unknown = Vec::new();
        let _ = self.sandbox.lua.globals().for_each(|name: Value, value: Value| {
            if let (Value::String(name), Value::Function(_)) = (name, value) {
                let name = name.to_string_lossy();
                if name.starts_with("on_") && !HOOKS.contains(&&*name) {
                    unknown.push(name);
                }
            }
            Ok(())
        });
        unknown.sort();
        unknown
    }

    /// Judges a payload.
    pub(super) fn judge(&self, payload: &Incoming) -> Result<Verdict, Fault> {
        let remote = payload.remote.map(|remote| remote.ip().to_canonical().to_string());
        let (friend, sender) = (payload.friend.as_ref(), &payload.sender);
        let asks_message = payload.kind == Kind::Message && !is_ignored(sender.status);
        let payload = (
            &*payload.json,
            kind_name(payload.kind),
            f64::from(payload.visits),
            remote,
            friend.map(|friend| &*friend.hostname),
            friend.map(|friend| f64::from(friend.port)),
            asks_message,
        );
        let sender = (
            &*sender.identifier,
            &*sender.address.hostname,
            f64::from(sender.address.port),
            sender.status,
            sender.time as f64,
            sender.answers,
        );
        let arguments = Joined(payload, sender);
        let given: verdicts::Given = self.call(&self.sandbox.calls.judge, self.verdict_time, arguments)?;
        verdicts::verdict_of(given).map_err(|reason| fault(&self.chunk, None, &reason))
    }

    /// Calls `on_load` with the state of the former version: JSON text.
    pub(super) fn load(&self, state: Option<&str>) -> Result<(), Fault> {
        if !self.hooks.has(Hooks::LOAD) {
            return Ok(());
        }
        self.call(&self.sandbox.calls.load, self.call_time, state)
    }

    /// Calls `on_unload`, and returns the state for the next version: JSON text.
    pub(super) fn unload(&self) -> Result<Option<String>, Fault> {
        if !self.hooks.has(Hooks::UNLOAD) {
            return Ok(None);
        }
        let state: Option<String> = self.call(&self.sandbox.calls.unload, self.call_time, ())?;
        match state {
            Some(state) if state.len() > MAX_STATE => {
                Err(fault(&self.chunk, None, "on_unload returned more than 64 KiB"))
            }
            state => Ok(state),
        }
    }

    /// Calls `on_event` with an event: one JSON object.
    pub(super) fn event(&self, json: &str) -> Result<(), Fault> {
        self.call(&self.sandbox.calls.event, self.call_time, json)
    }

    /// Calls `on_tick` with the time in seconds since the Unix epoch.
    pub(super) fn tick(&self, now: f64) -> Result<(), Fault> {
        self.call(&self.sandbox.calls.tick, self.call_time, now)
    }

    /// Calls `on_command`, and returns the reply.
    pub(super) fn command(&self, words: &[String]) -> Result<String, Fault> {
        if !self.hooks.has(Hooks::COMMAND) {
            return Err(fault(&self.chunk, None, "the script has no on_command"));
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let mut reply: String = self.call(&self.sandbox.calls.command, self.call_time, (words,))?;
        let end = (0..=MAX_REPLY.min(reply.len())).rev().find(|&end| reply.is_char_boundary(end));
        reply.truncate(end.unwrap_or_default());
        Ok(reply)
    }

    /// Calls the function of a timer that is due. Returns `None` if there is none.
    pub(super) fn timer(&self, now: Instant) -> Option<Result<(), Fault>> {
        let handle = self.sandbox.context.take_due_timer(now)?;
        Some(self.call(&self.sandbox.calls.timer, self.call_time, handle))
    }

    /// When the next timer is due.
    pub(super) fn next_timer(&self) -> Option<Instant> {
        self.sandbox.context.next_timer()
    }

    /// Memory in use, in bytes.
    pub(super) fn memory(&self) -> usize {
        self.sandbox.lua.used_memory()
    }

    fn call<R: FromLuaMulti>(
        &self,
        function: &Function,
        limit: Duration,
        arguments: impl IntoLuaMulti,
    ) -> Result<R, Fault> {
        self.collect_if_needed();
        let budget = &self.sandbox.context.script.budget;
        budget.start(limit);
        let result = catch_unwind(AssertUnwindSafe(|| function.call::<R>(arguments)));
        let (took, is_exceeded) = budget.stop();
        self.last_took.set(took);
        self.has_failed.set(is_exceeded || !matches!(result, Ok(Ok(_))));
        if is_exceeded {
            let place =
                result.ok().and_then(Result::err).and_then(|error| fault_of(&error, &self.chunk).line);
            let line = budget.line().or(place);
            return Err(fault(&self.chunk, line, &format!("took more than {} ms", limit.as_millis())));
        }
        match result {
            Ok(Ok(result)) => Ok(result),
            Ok(Err(error)) => Err(fault_of(&error, &self.chunk)),
            Err(_) => Err(fault(&self.chunk, None, PANICKED)),
        }
    }

    /// Collects garbage if much of the memory is used, or if the last call failed: after an error of memory even the call
    /// of a healthy script would fail, and such an error can have another text, for example if it happens in a handler.
    fn collect_if_needed(&self) {
        let (lua, context) = (&self.sandbox.lua, &self.sandbox.context);
        if self.has_failed.replace(false) {
            context.collect_above.set(0);
        }
        let _ = sandbox::collect(lua, self.memory, context);
    }
}

const PANICKED: &str = "the host of the scripts failed; this is a bug of the program";

/// The word for the kind of a payload that scripts see.
fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Message => "message",
        Kind::Announce => "announce",
        Kind::Other => "other",
    }
}

/// Whether a status says that the peer is ignored. The network can have more statuses that do.
fn is_ignored(status: &str) -> bool {
    status == "ignored"
}

/// Arguments in two parts.
struct Joined<A, B>(A, B);

impl<A: IntoLuaMulti, B: IntoLuaMulti> IntoLuaMulti for Joined<A, B> {
    fn into_lua_multi(self, lua: &Lua) -> mlua::Result<mlua::MultiValue> {
        let mut values = self.0.into_lua_multi(lua)?;
        values.extend(self.1.into_lua_multi(lua)?);
        Ok(values)
    }
}
