//! Names and numbers that are not possible, versions, and what each error says.

use super::{events::messages, *};

fn node_error(line: &str) -> String {
    Reader::new(&messages()).node_line(line).unwrap_err().to_string()
}

fn face_error(line: &str) -> String {
    Reader::new(&messages()).face_line(line).unwrap_err().to_string()
}

#[test]
fn a_name_that_is_not_in_the_description_is_an_error_that_names_those_that_are() {
    for (line, end) in [
        (r#"{"look":1,"windows":[{"list":"no"}]}"#, "there is no list \"no\", only queue"),
        (r#"{"look":1,"windows":[],"marks":[["no","1"]]}"#, "there is no list \"no\", only queue"),
        (r#"{"id":1,"find":{"list":"queue","only":["no"]}}"#, "there is no status \"no\", only alive"),
        (r#"{"id":1,"rows":{"list":"no","keys":[]}}"#, "there is no list \"no\", only queue"),
    ] {
        let error = face_error(line);
        assert!(error.ends_with(end), "{error}");
    }
    for (line, end) in [
        (r#"{"event":"sent","line":{"types":["no"]}}"#, "there is no type \"no\", only out, message"),
        (r#"{"event":"sent","line":{"status":["no"]}}"#, "there is no status \"no\", only alive"),
        (r#"{"event":"sent","rows":[["no","1",null]]}"#, "there is no list \"no\", only queue"),
        (r#"{"event":"sent","totals":{"no":1}}"#, "there is no list \"no\", only queue"),
    ] {
        let error = node_error(line);
        assert!(error.ends_with(end), "{error}");
    }
}

#[test]
fn cells_that_do_not_fit_their_columns_are_errors() {
    let row = |cells: &str| format!(r#"{{"event":"sent","rows":[["queue","1",1,{cells}]]}}"#);
    for (cells, end) in [
        ("[null,1]", "queue has 3 values, but there are 2"),
        ("[null,1,null,1]", "queue has 3 values, but there are more"),
        ("[null,-1,null]", "a duration is a number of milliseconds, 0 or more"),
        ("[null,1e300,null]", "a duration is a number of milliseconds, 0 or more"),
        ("[true,null,null]", "`true` means the text of the event, and there is none"),
        (r#"[{"cut":"abc","bytes":2},null,null]"#, "the start of the text is longer than the text"),
        (r#"[{"cut":"abc"},null,null]"#, "a text has `json`, or `cut` and `bytes`"),
        (r#"["\ud800",null,null]"#, "unexpected end of hex escape"),
    ] {
        let error = node_error(&row(cells));
        assert!(error.contains(end), "{error}");
    }
}

#[test]
fn an_error_names_the_column() {
    assert_eq!(
        node_error(r#"{"event":"sent","seq":"x"}"#),
        "column 25: invalid type: string \"x\", expected u64"
    );
    assert_eq!(
        node_error(r#"{"look":1,"seq":1,"time":1,"uptime_ms":[]}"#),
        "column 40: a duration is a number of milliseconds, 0 or more"
    );
    let broken = "column 10: EOF while parsing a string; write one JSON object in one line";
    assert_eq!(node_error(r#"{"event":""#), broken);
    assert!(node_error("[]").starts_with("column 1: invalid type: sequence, expected an object"));
    // An error quotes what was written so that a terminal may show it, and not all of it.
    let error = node_error(&format!("{{\"event\":\"sent\",\"seq\":\"\u{202e}{}\"}}", "x".repeat(1000)));
    assert_eq!(escaped_json(&error), error);
    assert!(error.len() < 400, "{error}");
}

#[test]
fn a_request_that_can_not_be_read_has_its_number() {
    let description = messages();
    let reader = Reader::new(&description);
    for line in [r#"{"id":7,"explode":1}"#, r#"{"explode":1,"id":7}"#] {
        let error = reader.face_line(line).unwrap_err();
        assert_eq!((error.id, error.error), (Some(7), JsonError::UnknownRequest));
    }
    assert_eq!(reader.face_line(r#"{"explode":1}"#).unwrap_err().id, None);
    // A broken object is not taken for a message.
    for line in [r#"{"explode":1"#, r#" { "explode" 1}"#, "{", "{}}", r#"{"id":7,"line":"x}"#] {
        assert!(matches!(reader.face_line(line).unwrap_err().error, JsonError::Broken { .. }), "{line}");
    }
    for line in [":ignore a:1", "{hello", " {hello}", "{ x: 1 }", "{{", "[1]"] {
        assert_eq!(reader.face_line(line).unwrap(), FaceLine::Typed(None, line.into()));
    }
}

#[test]
fn a_later_version_is_reported_before_its_description_is_read() {
    let later = r#"{"hello":{"version":3,"description":{"network":7}}}"#;
    assert_eq!(read_hello(later), Err(JsonError::Version(3)));
    assert_eq!(read_hello(r#"{"event":"ready"}"#), Err(JsonError::NoHello));
    let hello = |description: &str| {
        format!(
            r#"{{"hello":{{"version":2,"run":"0000000000000001","time":1,"uptime_ms":1,"description":{description}}}}}"#
        )
    };
    let json = serde_json::to_string(&messages()).unwrap();
    assert_eq!(read_hello(&hello(&json)).map(|hello| hello.process), Ok(None));
    let wrong = json.replace(r#""name":"queue""#, r#""name":"queue","under":"no""#);
    let error = read_hello(&hello(&wrong)).unwrap_err().to_string();
    assert_eq!(
        error,
        "the description of the node is invalid: under refers to no, which does not exist; update the node, or this program"
    );
}

#[test]
fn unknown_fields_and_lines_are_skipped() {
    let description = messages();
    let reader = Reader::new(&description);
    assert!(matches!(reader.node_line(r#"{"weather":"fine"}"#), Ok(NodeLine::Other)));
    assert!(matches!(reader.node_line(r#"{"id":1,"weather":"fine"}"#), Ok(NodeLine::Other)));
    let line = r#"{"look":1,"mood":{},"windows":[{"list":"queue","mood":[1]}],"marks":[],"settings":false}"#;
    assert!(matches!(reader.face_line(line), Ok(FaceLine::View(view)) if view.windows.len() == 1));
}

#[test]
fn a_duration_keeps_each_nanosecond() {
    use std::time::Duration;
    let description = messages();
    let took = |json: &str| {
        let line = format!(r#"{{"event":"sent","seq":1,"line":{{"took":{json}}}}}"#);
        let NodeLine::Event(event) = Reader::new(&description).node_line(&line).unwrap() else { panic!() };
        match event.event.line().unwrap().values[1] {
            Value::Took(time) => time,
            ref other => panic!("{other:?}"),
        }
    };
    for (json, nanos) in [
        ("0", 0),
        ("3.2", 3_200_000),
        ("1814400000.000001", 1_814_400_000_000_001),
        ("0.0000004", 0),
        ("0.0000005", 1),
        ("0.9999995", 1_000_000),
        ("1.5e3", 1_500_000_000),
        ("2E-3", 2_000),
    ] {
        assert_eq!(took(json), Duration::from_nanos(nanos), "{json}");
    }
}
