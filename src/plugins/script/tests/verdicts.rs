use super::{judge, message, options};
use crate::{Kind, Refusal, Verdict, script::TestRun};

/// The verdict of a function that returns this expression.
fn given(expression: &str) -> Result<Verdict, String> {
    let text = format!("function on_message(m)\nreturn {expression} end");
    judge(&text, "{\"a\":[1,{}],\"b\":null}").map_err(|fault| fault.reason)
}

#[test]
fn each_verdict_is_understood() {
    let refusal = |status, body, headers: &[(&'static str, &str)]| {
        let headers = headers.iter().map(|(name, value)| ((*name).into(), (*value).to_owned())).collect();
        Verdict::Refuse(Refusal { headers, ..Refusal::new(status, body) })
    };
    let long = "\u{dc}".repeat(1000);
    for (expression, verdict) in [
        ("nil", Verdict::Pass),
        ("clacks.pass", Verdict::Pass),
        ("clacks.swallow()", Verdict::Swallow { reason: None }),
        ("clacks.swallow('why')", Verdict::Swallow { reason: Some("why".into()) }),
        ("clacks.hold('a\\nb\\27')", Verdict::Hold { reason: Some("a\\u000ab\\u001b".into()) }),
        ("clacks.hold('why')", Verdict::Hold { reason: Some("why".into()) }),
        ("clacks.refuse()", refusal(403, "", &[])),
        (
            "clacks.refuse(500, 'no', { ['Retry-After'] = '3', ['X-A'] = 'b' })",
            refusal(500, "no", &[("retry-after", "3"), ("x-a", "b")]),
        ),
        ("clacks.refuse(400, ('\u{dc}'):rep(1001))", refusal(400, &long, &[])),
        ("clacks.change(m.value)", Verdict::Change("{\"a\":[1,{}],\"b\":null}".into())),
        ("clacks.change('x')", Verdict::Change("\"x\"".into())),
        (
            "clacks.change_json('[1e2, 12345678901234567890]')",
            Verdict::Change("[1e2, 12345678901234567890]".into()),
        ),
        ("clacks.replace({})", Verdict::Replace(vec![])),
        (
            "clacks.replace{'a', { b = 1 }, clacks.null}",
            Verdict::Replace(vec!["\"a\"".into(), "{\"b\":1}".into(), "null".into()]),
        ),
    ] {
        assert_eq!(given(expression), Ok(verdict), "{expression}");
    }
}

#[test]
fn a_wrong_verdict_is_a_fault_with_its_line() {
    for (expression, reason) in [
        ("true", "a.luau: on_message returned a boolean, not a verdict or nil"),
        ("'pass'", "a.luau: on_message returned a string, not a verdict or nil"),
        ("{}", "a.luau: on_message returned a table, not a verdict or nil"),
        ("clacks.swallow", "a.luau: on_message returned a function, not a verdict or nil"),
        ("clacks.swallow(1)", "a.luau:2: swallow: the reason must be a string"),
        ("clacks.refuse(200)", "a.luau:2: refuse: the status must be a whole number from 400 to 599"),
        ("clacks.refuse(600)", "a.luau:2: refuse: the status must be a whole number from 400 to 599"),
        ("clacks.refuse(400.5)", "a.luau:2: refuse: the status must be a whole number from 400 to 599"),
        ("clacks.refuse(403, 1)", "a.luau:2: refuse: the body must be a string"),
        (
            "clacks.refuse(403, '', { ['Content-Length'] = '3' })",
            "a.luau: refuse: \"content-length\" cannot be set as a header",
        ),
        (
            "clacks.refuse(403, '', { ['a\\r\\nb'] = '3' })",
            "a.luau: refuse: \"a\\u000d\\u000ab\" cannot be set as a header",
        ),
        (
            "clacks.refuse(403, '', { a = '3\\r\\nb: c' })",
            "a.luau: refuse: the header a has a value that HTTP forbids",
        ),
        ("clacks.change(print)", "a.luau:2: a function cannot be JSON"),
        ("clacks.change(0/0)", "a.luau:2: the number NaN cannot be JSON"),
        ("clacks.change_json('{')", "a.luau:2: expected a key, at byte 2 of the JSON text"),
        (
            "clacks.replace(table.create(17, 1))",
            "a.luau:2: replace: at most 16 messages can take the place of one",
        ),
        ("m.value.c.d", "a.luau:2: attempt to index nil with 'd'"),
        ("error('my own')", "a.luau:2: my own"),
        ("error('my\\27own')", "a.luau:2: my\\u001bown"),
        ("error({})", "a.luau:2: "),
    ] {
        let fault = given(expression).unwrap_err();
        assert!(fault.starts_with(reason), "{expression}: {fault}");
    }
}

#[test]
fn an_error_in_a_library_function_has_the_line_of_the_script() {
    for call in [
        "string.find()",
        "string.rep('x')",
        "table.concat({ {} })",
        "table.sort({ 1, 'x' })",
        "string.split(nil)",
        "clacks.json('x')",
        "clacks.matches()",
        "clacks.after(1)",
    ] {
        let fault = judge(&format!("\n\nfunction on_message(m)\n\n{call} end"), "1").unwrap_err();
        assert_eq!(fault.line, Some(5), "{call}: {}", fault.reason);
    }
}

#[test]
fn on_payload_sees_everything_and_on_message_what_is_about_to_be_queued() {
    let text = "function on_payload(p) if p.json == '1' then return clacks.change('payload') end end
        function on_message(m) if m.text then return clacks.change(m.text .. '+message') end end";
    let run = TestRun::new(&options(text), None).unwrap();
    let changed = |json: &str| Ok(Verdict::Change(json.into()));
    assert_eq!(run.judge_one(&message("1")), changed("\"payload+message\""));
    assert_eq!(run.judge_one(&message("2")), Ok(Verdict::Pass));
    assert_eq!(run.judge_one(&message("\"x\"")), changed("\"x+message\""));
    let announce = crate::Incoming { kind: Kind::Announce, ..message("1") };
    assert_eq!(run.judge_one(&announce), changed("\"payload\""));
    let mut ignored = message("1");
    ignored.sender.status = "ignored";
    assert_eq!(run.judge_one(&ignored), changed("\"payload\""));
}

#[test]
fn a_verdict_of_on_payload_other_than_to_change_is_the_last() {
    let text = "function on_payload(p) return clacks.hold('first') end
        function on_message(m) return clacks.swallow('second') end";
    assert_eq!(judge(text, "1"), Ok(Verdict::Hold { reason: Some("first".into()) }));
    let text = "function on_payload(p) return clacks.change(2) end
        function on_message(m) if m.json == '2' and m.value == 2 and m.size == 1 then return clacks.swallow() end end";
    assert_eq!(judge(text, "10"), Ok(Verdict::Swallow { reason: None }));
}
