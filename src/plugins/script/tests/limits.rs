//! Every script that wants to run for ever, or to use all memory, ends at its limit, and the next call works.

use std::time::Duration;

use super::{message, options};
use crate::{
    Verdict,
    script::{Limits, TestRun, budget::processor_time},
};

/// Snippets that run for very long. Each is the body of a function.
const SLOW: &[(&str, &str)] = &[
    ("a loop", "while true do end"),
    ("a loop that repeats", "repeat until false"),
    ("a loop over a range", "for i = 1, 1e15 do end"),
    ("a loop in a coroutine", "coroutine.wrap(function() while true do end end)()"),
    ("coroutines without end", "while true do coroutine.wrap(function() coroutine.yield() end)() end"),
    ("a loop in pcall", "pcall(function() while true do end end)"),
    ("pcall in a loop", "while true do pcall(function() while true do end end) end"),
    ("a handler that loops", "while true do xpcall(error, function() while true do end end) end"),
    ("pcall that calls itself", "local function f() pcall(f) f() end f()"),
    ("a pattern that backtracks", "string.find(('a'):rep(30), ('a?'):rep(30) .. ('a'):rep(31))"),
    ("a pattern with many repetitions", "string.find(('a'):rep(1e6), '.-.-.-.-.-b')"),
    ("a pattern for brackets", "string.find(('('):rep(3e6), '%b()')"),
    ("a replacement that backtracks", "string.gsub(('a'):rep(1e6), '(.-)(.-)(.-)b', 'x')"),
    ("matches without end", "for w in string.gmatch(('a'):rep(1e6), '.-.-.-b') do end"),
    (
        "a long plain search",
        "for i = 1, 1e9 do string.find(('a'):rep(3e6), ('a'):rep(1e6) .. 'b', 1, true) end",
    ),
    (
        "a long plain search without the flag",
        "for i = 1, 1e9 do string.find(('a'):rep(3e6), ('a'):rep(1e6) .. 'b') end",
    ),
    (
        "splitting a long text",
        "for i = 1, 1e9 do string.split(('a'):rep(3e6), 'a' .. ('a'):rep(1e6) .. 'b') end",
    ),
    (
        "sorting many numbers",
        "while true do local t = table.create(400000, 0) for i = 1, #t do t[i] = -i end table.sort(t) end",
    ),
    (
        "sorting with a wrong order",
        "local t = table.create(1e5, 1) while true do pcall(table.sort, t, function() return true end) end",
    ),
    ("joining many numbers", "local t = table.create(300000, 1.5) while true do table.concat(t) end"),
    ("long texts", "while true do local s = ('x'):rep(2e6) end"),
    ("formats", "while true do string.format('%99.99f%s', 1e300, ('x'):rep(1e5)) end"),
    ("texts of numbers", "local n = 0 while true do n += #tostring(n / 3) end"),
    ("an iterator without end", "for i in function() return 1 end do end"),
    (
        "the whole of a large table",
        "local t = table.create(600000, 1) while true do for k, v in t do end end",
    ),
    (
        "removing from the front",
        "local t = table.create(200000, 1) while true do table.remove(t, 1) table.insert(t, 1, 2) end",
    ),
    ("JSON", "local t = table.create(100000, {1}) while true do pcall(clacks.encode, t) end"),
    ("reading JSON", "local s = '[' .. ('1,'):rep(100000) .. '1]' while true do clacks.json(s) end"),
    (
        "a large object as JSON",
        "local t = {} for i = 1, 1e5 do t['k' .. i] = i end while true do pcall(clacks.encode, t) end",
    ),
    ("SHA-256", "local s = ('x'):rep(1e6) while true do clacks.sha256(s) end"),
    ("buffers", "local b = buffer.create(4e6) while true do buffer.fill(b, 0, 1) end"),
    ("moving nothing", "while true do pcall(table.move, {}, 1, 2e9, 1, {}) end"),
    (
        "moving much",
        "local t = table.create(300000, 1) while true do table.move(t, 1, #t, 2) t[#t] = nil end",
    ),
    ("repeating nothing", "while true do local s = string.rep('', 2e9) end"),
    ("long dates", "local s = ('%c'):rep(1e6) while true do pcall(os.date, s) end"),
    ("sizes of many fields", "local s = ('i4'):rep(3e6) while true do pcall(string.packsize, s) end"),
    ("numbers of many digits", "local s = ('1'):rep(8e6) while true do local n = tonumber(s) end"),
    (
        "numbers of JSON of many digits",
        "local s = ('1'):rep(3e6) while true do pcall(clacks.json, '0.' .. s) end",
    ),
    ("characters", "local s = ('x'):rep(4e6) while true do local n = utf8.len(s) s:upper() s:reverse() end"),
    ("a long list", "local t = table.create(300000, 1) while true do local i = table.find(t, 2) end"),
    ("copies", "local t = table.create(200000, 1) while true do local u = table.clone(t) end"),
    ("bits", "local n = 0 while true do n = bit32.bxor(n, 1) end"),
];

/// Snippets that use all memory.
const LARGE: &[(&str, &str)] = &[
    ("a table that grows", "local t = {} while true do t[#t + 1] = {} end"),
    ("a text that doubles", "local s = 'x' while true do s ..= s end"),
    ("a long text", "return ('x'):rep(1e9)"),
    ("a large table", "return table.create(1e9, 1)"),
    ("a large buffer", "return buffer.create(1e9)"),
    ("large formats", "local t = {} for i = 1, 1e9 do t[i] = string.format('%s%99d', ('x'):rep(1e5), i) end"),
    ("closures", "local t = {} while true do local x = {} table.insert(t, function() return x end) end"),
    ("coroutines", "local t = {} while true do table.insert(t, coroutine.create(function() end)) end"),
    ("recursion without end", "local function f() return f() end f()"),
    (
        "metatables that call themselves",
        "local t = setmetatable({}, {}) getmetatable(t).__index = function(t, k) return t[k + 1] end return t[1]",
    ),
    ("deep recursion", "local function f(n) return 1 + f(n + 1) end return f(1)"),
    ("a large join", "local s = ('x'):rep(1e6) return table.concat(table.create(1e5, s))"),
    ("a large replacement", "return string.gsub(('a'):rep(1e6), 'a', ('b'):rep(1e6))"),
    ("unpacking", "return { table.unpack(table.create(700000, 1)) }"),
];

/// Time beyond the limit after which a call has to be over. The rule is 50 ms; the rest is for a busy machine, on which
/// a single operation of the engine takes longer, and for builds without optimisation.
const MARGIN: Duration = Duration::from_millis(500);

/// A script that runs a snippet by its name, or a usual call that uses some memory.
fn script(snippets: &[(&str, &str)]) -> String {
    let mut text = String::from("local snippets = {}\n");
    for (name, body) in snippets {
        text.extend(["snippets['", name, "'] = function()\n", body, "\nend\n"]);
    }
    text + "function on_message(m)
        if m.text == 'usual' then
            local text = ('x'):rep(clacks.settings.bytes)
        else
            snippets[m.text]()
        end
    end"
}

#[test]
fn slow_scripts_end_at_their_limit_and_the_next_call_works() {
    let mut options = options(&script(SLOW));
    options.settings = serde_json::json!({ "bytes": 100_000 });
    let run = TestRun::new(&options, None).unwrap();
    for (name, _) in SLOW {
        let before = processor_time();
        let verdict = run.judge_one(&message(&format!("\"{name}\"")));
        let used = processor_time().saturating_sub(before);
        println!("{name}: {} ms", used.as_millis());
        let fault = verdict.expect_err(name);
        assert!(fault.reason.ends_with("took more than 20 ms"), "{name}: {}", fault.reason);
        assert!(fault.line.is_some(), "{name}: {}", fault.reason);
        assert!(used >= Duration::from_millis(15), "{name} ended too early: {used:?}");
        assert!(used < options.limits.verdict_time + MARGIN, "{name}: {used:?}");
        assert_eq!(run.judge_one(&message("\"usual\"")), Ok(Verdict::Pass), "after {name}");
    }
}

#[test]
fn large_scripts_end_at_their_limit_and_the_next_call_works() {
    for memory in [2 << 20, 4 << 20, 16 << 20] {
        let mut options = options(&script(LARGE));
        options.settings = serde_json::json!({ "bytes": memory / 4 });
        options.limits = Limits { memory, verdict_time: Duration::from_secs(5), ..Limits::default() };
        let run = TestRun::new(&options, None).unwrap();
        for (name, _) in LARGE {
            let fault = run.judge_one(&message(&format!("\"{name}\""))).expect_err(name);
            println!("{memory} {name}: {}", fault.reason);
            assert!(!fault.reason.contains("ms"), "{name}: {}", fault.reason);
            assert_eq!(run.judge_one(&message("\"usual\"")), Ok(Verdict::Pass), "after {name}");
        }
    }
}

#[test]
fn a_top_level_that_loops_does_not_load() {
    let fault = TestRun::new(&options("\nwhile true do end"), None).unwrap_err();
    assert_eq!(fault.reason, "a.luau:2: took more than 100 ms");
    let fault = TestRun::new(&options("function on_load() while true do end end"), None).unwrap_err();
    assert_eq!((fault.reason.as_str(), fault.line), ("a.luau:1: took more than 100 ms", Some(1)));
}

#[test]
fn garbage_of_a_script_is_collected_in_time() {
    let text = "function on_message(m) for i = 1, 20 do local s = ('x'):rep(4e5 + i) end end";
    let run = TestRun::new(&options(text), None).unwrap();
    for _ in 0..50 {
        assert_eq!(run.judge_one(&message("1")), Ok(Verdict::Pass));
    }
}
