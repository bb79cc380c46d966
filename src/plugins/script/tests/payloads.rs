use super::{evaluated, judge, message, options};
use crate::{HostPort, Kind, Verdict, script::TestRun};

#[test]
fn a_script_sees_all_fields_of_a_payload() {
    let text = "function on_payload(p)
        local fields = { p.json, p.text, p.value, p.remote, p.type, p.visits, p.size, p.hash, p.friend.hostname, p.friend.port,
            p.peer.identifier, p.peer.hostname, p.peer.port, p.peer.status, p.peer.time, p.peer.answers }
        return clacks.change(fields)
    end";
    let run = TestRun::new(&options(text), None).unwrap();
    let mut payload = message("\"\\u00e4\"");
    payload.friend = Some(HostPort { hostname: "::1".into(), port: 65535 });
    payload.visits = 3;
    payload.kind = Kind::Announce;
    payload.remote = Some("[::ffff:192.0.2.7]:1".parse().unwrap());
    let identifier = "ab".repeat(32);
    let hash = "fcffd6cc332f8da3e22e26dd90679510d1ba3d688a5c9114c81f51aa4e077af4";
    let seen = match run.judge_one(&payload).unwrap() {
        Verdict::Change(json) => serde_json::from_str::<Vec<serde_json::Value>>(&json).unwrap(),
        other => panic!("{other:?}"),
    };
    let expected = serde_json::json!([
        "\"\\u00e4\"",
        "\u{e4}",
        "\u{e4}",
        "192.0.2.7",
        "announce",
        3,
        8,
        hash,
        "::1",
        65535,
        identifier,
        "peer.example",
        8080,
        "alive",
        1_700_000_000_000_u64,
        true
    ]);
    assert_eq!(serde_json::Value::Array(seen), expected);
}

#[test]
fn fields_that_are_missing_are_nil() {
    let text = "function on_message(m)
        return clacks.change({ m.text == nil, m.friend == nil, m.remote == nil, m.other == nil, m.value == clacks.null })
    end";
    let payload = crate::Incoming { remote: None, ..message("null") };
    let verdict = TestRun::new(&options(text), None).unwrap().judge_one(&payload);
    assert_eq!(verdict, Ok(Verdict::Change("[true,true,true,true,true]".into())));
}

#[test]
fn a_payload_can_be_kept_and_read_later() {
    let text = "local kept
        function on_message(m) if kept then return clacks.change({ kept.text, kept.value, kept.peer.hostname }) end kept = m end";
    let run = TestRun::new(&options(text), None).unwrap();
    assert_eq!(run.judge_one(&message("\"first\"")), Ok(Verdict::Pass));
    let verdict = run.judge_one(&message("2"));
    assert_eq!(verdict, Ok(Verdict::Change("[\"first\",\"first\",\"peer.example\"]".into())));
}

#[test]
fn a_message_keeps_its_text_unless_the_script_changes_it() {
    let exact = "{\"b\": 12345678901234567890, \"a\": 1.50, \"a\": [ ]}";
    assert_eq!(judge("function on_message(m) local v = m.value end", exact), Ok(Verdict::Pass));
    let changed = judge("function on_message(m) return clacks.change(m.value) end", exact);
    assert_eq!(changed, Ok(Verdict::Change("{\"a\":[],\"b\":1.2345678901234567e+19}".into())));
    let same = judge("function on_message(m) return clacks.change_json(m.json) end", exact);
    assert_eq!(same, Ok(Verdict::Change(exact.into())));
}

#[test]
fn tables_of_a_script_become_arrays_and_objects() {
    for (expression, json) in [
        ("{}", "{}"),
        ("clacks.array()", "[]"),
        ("clacks.array({})", "[]"),
        ("{ 1, 2, 3 }", "[1,2,3]"),
        ("{ ['1'] = 2 }", "{\"1\":2}"),
        ("{ a = clacks.null, b = {}, c = clacks.array() }", "{\"a\":null,\"b\":{},\"c\":[]}"),
        ("clacks.json('{\"a\":null}')", "{\"a\":null}"),
        ("clacks.json('[null]')", "[null]"),
        ("clacks.json('[]')", "[]"),
        ("clacks.json('[[],{}]')", "[[],{}]"),
        ("(function() local t = clacks.json('[]') table.insert(t, 1) return t end)()", "[1]"),
        ("(function() local t = clacks.json('[1]') table.remove(t) return t end)()", "[]"),
        ("9007199254740991", "9007199254740991"),
        ("-0.5", "-0.5"),
        ("1e300", "1e+300"),
        ("2^53 - 1", "9007199254740991"),
        ("'\\u{1F600}\\n\"'", "\"\u{1f600}\\n\\\"\""),
    ] {
        assert_eq!(evaluated(expression), Ok(json.to_owned()), "{expression}");
    }
    for (expression, reason) in [
        ("{ 1, a = 2 }", "a table has other keys than 1 to n"),
        ("{ 1, nil, 3, [7] = 1 }", "a table has other keys than 1 to n"),
        ("{ [true] = 1 }", "a key of an object is a boolean, not a string"),
        ("{ [1.5] = 1 }", "a key of an object is a number, not a string"),
        ("'\\255'", "a string is not UTF-8"),
        ("(function() local t = {} t.t = t return t end)()", "nested too deeply, or contains itself"),
        (
            "(function() local t = { ('x'):rep(1e5) } for _ = 1, 5 do t = { t, t } end return t end)()",
            "longer than 1 MiB",
        ),
        ("coroutine.create(print)", "a thread cannot be JSON"),
        ("buffer.create(1)", "a buffer cannot be JSON"),
    ] {
        let fault = evaluated(expression).unwrap_err();
        assert!(fault.contains(reason), "{expression}: {fault}");
    }
}
