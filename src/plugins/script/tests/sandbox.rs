//! A script has no file, socket, process, environment, nor another script.

use super::{evaluated, judge, message, options};
use crate::{Verdict, script::TestRun};

/// Everything that a script can reach from its globals, and nothing else.
const REACHABLE: &str = "_G _VERSION assert bit32 buffer clacks coroutine error getmetatable ipairs math next os pairs pcall print \
rawequal rawget rawlen rawset select setmetatable string table tonumber tostring type typeof unpack utf8 xpcall";

#[test]
fn a_script_has_these_globals_and_no_others() {
    let text = "function on_message(m)
        local names = {}
        for name in _G do table.insert(names, name) end
        table.sort(names)
        return clacks.change(table.concat(names, ' '))
    end";
    assert_eq!(judge(text, "1"), Ok(Verdict::Change(format!("\"{REACHABLE}\"").into())));
}

#[test]
fn a_script_cannot_reach_the_system() {
    for name in [
        "io",
        "os.execute",
        "os.getenv",
        "os.remove",
        "os.rename",
        "os.tmpname",
        "os.exit",
        "os.setlocale",
        "require",
        "package",
        "load",
        "loadstring",
        "loadfile",
        "dofile",
        "debug",
        "getfenv",
        "setfenv",
        "newproxy",
        "collectgarbage",
        "gcinfo",
        "socket",
        "process",
        "string.dump",
        "ffi",
        "jit",
    ] {
        assert_eq!(evaluated(&format!("{name} == nil")), Ok("true".to_owned()), "{name}");
    }
    assert_eq!(
        evaluated("type(os.time()) .. type(os.clock()) .. type(os.date())").unwrap(),
        "\"numbernumberstring\""
    );
}

#[test]
fn a_script_cannot_change_the_libraries() {
    for change in [
        "string.find = nil",
        "table.insert = print",
        "clacks.pass = nil",
        "clacks.store.get = print",
        "getmetatable('').__index = nil",
        "rawset(string, 'find', nil)",
        "rawset(clacks, 'refuse', nil)",
        "setmetatable(clacks, {})",
        "clacks.archive.find = print",
        "setmetatable(_G, {})",
        "_G.print = nil",
        "_G.extra = 1",
    ] {
        let changed = format!("(function() {change} return 1 end)()");
        let reason = evaluated(&changed).expect_err(change);
        assert!(reason.contains("readonly") || reason.contains("protected"), "{change}: {reason}");
    }
}

#[test]
fn scripts_do_not_see_each_other() {
    let one = TestRun::new(&options("secret = 1 function on_message(m) secret += 1 end"), None).unwrap();
    let other_text = "function on_message(m) return clacks.change(secret == nil and _G.secret == nil) end";
    let other = TestRun::new(&options(other_text), None).unwrap();
    assert_eq!(one.judge_one(&message("1")), Ok(Verdict::Pass));
    assert_eq!(other.judge_one(&message("1")), Ok(Verdict::Change("true".into())));
}

#[test]
fn bytecode_is_no_script() {
    assert!(TestRun::new(&options("\u{1b}Lua"), None).is_err());
    assert!(TestRun::new(&options("\u{6}\u{0}\u{0}"), None).is_err());
}

#[test]
fn a_forged_verdict_is_harmless() {
    let text = "function on_message(m)
        return setmetatable({ kind = 'refuse', first = 1 / 0, second = {}, third = { [{}] = 1 } }, getmetatable(clacks.pass))
    end";
    assert!(judge(text, "1").is_err());
    let text = "function on_message(m) return setmetatable({ kind = 'x' }, getmetatable(clacks.pass)) end";
    assert_eq!(judge(text, "1").unwrap_err().reason, "a.luau: a verdict of an unknown kind");
}
