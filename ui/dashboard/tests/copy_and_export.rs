//! Copying to the clipboard and writing to a file.

use std::fs;

use clacks_language::command::export_target::Target;
use clacks_p2p::{
    Message,
    core::{Event, Status},
};
use clacks_p2p_feed::description::QUEUE;
use clacks_session::{export, traffic::row::Row};
use clacks_terminal::clipboard::Text;
use clacks_text::testing::{hostile, is_hidden};
use crossterm::event::KeyCode;
use proptest::prelude::*;

use super::fixture::{Fixture, peer, queued};
use crate::state::message::Effect;

fn copies(text: &str) -> Vec<Effect> {
    vec![Effect::Copy(Text::new(text))]
}

/// Receives a message.
fn receive(fixture: &mut Fixture, json: &str) {
    let message = Message::from_json(json, 128).unwrap();
    let peer = peer(Status::Alive, "tower:1", 0, None);
    fixture.happen(Event::MessageReceived { peer, message, id: None, visits: 1, remote: None, held: None });
}

#[test]
fn the_selection_is_copied_as_displayed() {
    let mut fixture = Fixture::busy(80, 24);
    assert_eq!(fixture.press(KeyCode::Char('y')), copies("tower-9.example.org:8080"));
    fixture.press(KeyCode::Tab);
    assert_eq!(fixture.press(KeyCode::Char('y')), copies("GNU Terry Pratchett"));
    (0..2).for_each(|_| drop(fixture.press(KeyCode::Down)));
    assert_eq!(
        fixture.press(KeyCode::Char('y')),
        copies(r#"{"kind":"chess","move":"e4","board":[["r","n"],[]]}"#)
    );
    fixture.press(KeyCode::Down);
    assert_eq!(
        fixture.press(KeyCode::Char('y')),
        copies("\u{fffd}]52;c;aGk=\u{fffd} hostile \u{fffd}txt.exe")
    );
    fixture.queue.clear();
    fixture.refresh();
    assert_eq!(fixture.press(KeyCode::Char('y')), []);
    assert!(fixture.screen().contains("nothing here that could be copied"));
}

#[test]
fn copying_followed_traffic_freezes_it() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.press(KeyCode::BackTab);
    assert_eq!(fixture.press(KeyCode::Char('y')), []);
    assert!(fixture.screen().contains("again to copy the selected row"));
    assert_eq!(fixture.press(KeyCode::Char('y')), copies("312 events were missed"));
    fixture.press(KeyCode::Up);
    assert_eq!(fixture.press(KeyCode::Char('y')), copies("GNU Terry Pratchett"));
    (0..2).for_each(|_| drop(fixture.press(KeyCode::Up)));
    assert_eq!(fixture.press(KeyCode::Char('y')), copies("sto-lat:8080 status changed alive \u{2192} lost"));
}

#[test]
fn an_overlay_is_copied_completely() {
    let mut fixture = Fixture::busy(40, 10);
    let long = "x".repeat(1000);
    receive(&mut fixture, &format!("\"{long}\\u001b\""));
    fixture.press(KeyCode::BackTab);
    fixture.press(KeyCode::Enter);
    assert_eq!(fixture.press(KeyCode::Char('y')), copies(&format!("{long}\u{fffd}")));
    fixture.press(KeyCode::Esc);
    fixture.press(KeyCode::Tab);
    fixture.press(KeyCode::Enter);
    let [Effect::Copy(text)] = &fixture.press(KeyCode::Char('y'))[..] else { panic!("nothing is copied") };
    for line in ["address       tower-9.example.org:8080", "never reached"] {
        assert!(text.as_str().contains(line), "{text:?}");
    }
}

/// Returns what `y` copies of the history of the last message.
fn copied_life(fixture: &mut Fixture) -> String {
    fixture.press(KeyCode::BackTab);
    fixture.press(KeyCode::Up);
    fixture.press(KeyCode::Char('b'));
    let [Effect::Copy(text)] = &fixture.press(KeyCode::Char('y'))[..] else { panic!("nothing is copied") };
    text.as_str().to_owned()
}

#[test]
fn a_message_history_is_copied_with_its_message_on_one_line() {
    let said = format!("{} ; echo owned #{} end", "A".repeat(110), "B".repeat(900));
    for width in [40, 80, 120, 200] {
        for json in [format!("\"{said}\""), format!("[\"{said}\",\n[1, 2],{{\"a\":\"b\"}}]")] {
            let mut fixture = Fixture::empty(width, 40);
            let message = Message::from_json(&json, 128).unwrap();
            let (peer, id) = (peer(Status::Alive, "tower:1", 0, None), "7".parse().ok());
            fixture.happen(Event::MessageReceived {
                peer,
                message: message.clone(),
                id,
                visits: 1,
                remote: None,
                held: None,
            });
            let text = copied_life(&mut fixture);
            let lines: Vec<_> = text.lines().collect();
            assert!(lines[0].starts_with("seen here"), "{text}");
            let expected = message.as_text().unwrap_or(json.replace('\n', " "));
            assert_eq!(lines.last(), Some(&&*expected), "{width}");
            assert_eq!(lines.iter().filter(|line| line.contains("BBB")).count(), 1, "{text}");
        }
    }
}

#[test]
fn copying_all_copies_the_list_or_the_marked_items() {
    let mut fixture = Fixture::busy(80, 24);
    let [Effect::Copy(text)] = &fixture.press(KeyCode::Char('Y'))[..] else { panic!("nothing is copied") };
    assert_eq!(text.as_str().lines().count(), 7);
    fixture.press(KeyCode::Char('v'));
    assert_eq!(fixture.press(KeyCode::Char('Y')), copies("tower-9.example.org:8080"));
    fixture.press(KeyCode::Tab);
    fixture.press(KeyCode::Char('v'));
    let messages = vec![Effect::CopyItems(QUEUE, vec!["11".into()])];
    assert_eq!(fixture.press(KeyCode::Char('Y')), messages);
    fixture.write(":filter type:in status:alive");
    fixture.press(KeyCode::Enter);
    receive(&mut fixture, r#""two\nlines\tand \u001b""#);
    assert_eq!(
        fixture.press(KeyCode::Char('Y')),
        copies(
            "03:04:05\tin\tgrand-trunk.example.org:443\tGNU Terry Pratchett\tqueued 42 visits\n\
             03:04:05\tin\ttower:1\ttwo lines and \u{1b}\tnot queued"
        )
    );
}

#[test]
fn a_copy_is_bounded() {
    let mut fixture = Fixture::empty(80, 24);
    let large = format!("\"{}\"", "x".repeat(1 << 20));
    (0..5).for_each(|_| receive(&mut fixture, &large));
    fixture.press(KeyCode::BackTab);
    assert_eq!(fixture.press(KeyCode::Char('Y')), []);
    assert!(fixture.screen().contains(":write FILE.jsonl keeps it"));
}

#[test]
fn export_writes_the_filtered_rows_oldest_first() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.write(":filter chess");
    fixture.press(KeyCode::Enter);
    fixture.write(":write /tmp/x.jsonl");
    let effects = fixture.press(KeyCode::Enter);
    let [Effect::WriteRows(target, rows)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(*target, Target::new("/tmp/x.jsonl", false).unwrap());
    assert_eq!(rows.iter().map(|row| row.number).collect::<Vec<_>>(), [1, 2]);
    for wrong in [":write x.txt", ":write x", ":write! .csv"] {
        fixture.write(wrong);
        assert_eq!(fixture.press(KeyCode::Enter), [], "{wrong}");
        assert!(fixture.screen().contains("ends in .jsonl (JSON lines) or .csv"), "{wrong}");
        assert_eq!(fixture.model.input.draft(), wrong);
        fixture.control('u');
        fixture.press(KeyCode::Esc);
    }
}

/// Returns the rows of some traffic, with a message that a spreadsheet would read as a formula.
fn rows() -> Vec<Row> {
    let mut fixture = Fixture::busy(80, 24);
    receive(&mut fixture, r#""=HYPERLINK(\"http:\/\/x\",\"y\")""#);
    receive(&mut fixture, r#"[1.0, {"a": "b,\"c\"\n\ud800"}]"#);
    fixture.model.log.shown().cloned().collect()
}

/// Writes rows to a file of this name and returns its content.
fn written(name: &str, rows: &[Row]) -> String {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(name);
    let said = export::write(&Target::new(path.to_str().unwrap(), false).unwrap(), rows).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    let number = if rows.len() == 1 { "1 row".to_owned() } else { format!("{} rows", rows.len()) };
    assert_eq!(said, format!("wrote {number} in {} bytes to {}", text.len(), path.display()));
    text
}

#[test]
fn json_lines_contain_the_messages_unchanged() {
    let rows = rows();
    let text = written("x.jsonl", &rows);
    // A lone surrogate is valid JSON, but not valid text.
    let is_json = |line: &&str| serde_json::from_str::<&serde_json::value::RawValue>(line).is_ok();
    assert_eq!(text.lines().filter(is_json).count(), rows.len());
    assert_eq!(
        text.lines().nth(3).unwrap(),
        "{\"time\":1767323045000,\"direction\":\"in\",\"peer\":\"grand-trunk.example.org:443\",\
         \"message\":\"GNU Terry Pratchett\",\"what\":\"\",\"outcome\":\"queued\",\"values\":{\"visits\":42}}"
    );
    assert!(text.ends_with(
        "\"message\":[1.0, {\"a\": \"b,\\\"c\\\"\\n\\ud800\"}],\"what\":\"\",\"outcome\":\"not queued\",\
         \"values\":{\"visits\":1}}\n"
    ));
}

#[test]
fn csv_can_be_parsed_and_contains_no_formula() {
    let text = written("x.CSV", &rows());
    assert!(text.starts_with("time,direction,peer,message,what,outcome\r\n"), "{text}");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let records: Vec<Vec<String>> =
        reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect();
    assert_eq!(
        records[3],
        [
            "2026-01-02T03:04:05Z",
            "in",
            "grand-trunk.example.org:443",
            "GNU Terry Pratchett",
            "",
            "queued 42 visits"
        ]
    );
    let [.., formula, nested] = &records[..] else { panic!("{records:?}") };
    assert_eq!(formula[3], "'=HYPERLINK(\"http://x\",\"y\")");
    assert_eq!(nested[3], "[1.0, {\"a\": \"b,\\\"c\\\"\\n\\ud800\"}]");
}

#[test]
fn an_existing_file_is_only_overwritten_on_request() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.csv");
    let target = |replaces| Target::new(path.to_str().unwrap(), replaces).unwrap();
    fs::write(&path, "mine").unwrap();
    let refused = export::write(&target(false), &rows()).unwrap_err().to_string();
    assert!(
        refused.ends_with(&format!("is there already; :write! {} writes over it", path.display())),
        "{refused}"
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    export::write(&target(true), &[]).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "time,direction,peer,message,what,outcome\r\n");
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "nothing is left beside it");
    let nowhere = directory.path().join("not there/x.csv");
    let error =
        export::write(&Target::new(nowhere.to_str().unwrap(), true).unwrap(), &[]).unwrap_err().to_string();
    assert!(error.ends_with("/x.csv: there is no such directory"), "{error}");
    fs::create_dir(directory.path().join("d.csv")).unwrap();
    let error = Target::new(directory.path().join("d.csv").to_str().unwrap(), true).unwrap();
    assert!(export::write(&error, &[]).unwrap_err().to_string().contains("is a directory"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn copied_text_of_peers_is_one_harmless_line(said in hostile()) {
        let mut fixture = Fixture::empty(80, 24);
        let json = serde_json::to_string(&said).unwrap();
        receive(&mut fixture, &json);
        receive(&mut fixture, &format!("[\r\n\t{json}\n]"));
        fixture.queue = vec![queued(1, &json, 1, 1), queued(2, &json, 1, 1)];
        fixture.refresh();
        fixture.press(KeyCode::BackTab);
        fixture.press(KeyCode::Up);
        check_copied(&fixture.press(KeyCode::Char('y')), 1)?;
        check_copied(&fixture.press(KeyCode::Char('Y')), 2)?;
        fixture.press(KeyCode::Enter);
        check_copied(&fixture.press(KeyCode::Char('y')), 1)?;
        fixture.press(KeyCode::Esc);
        fixture.press(KeyCode::BackTab);
        check_copied(&fixture.press(KeyCode::Char('y')), 1)?;
        check_copied(&fixture.press(KeyCode::Char('Y')), 2)?;
    }

    #[test]
    fn exported_text_of_peers_is_harmless(said in hostile()) {
        let mut fixture = Fixture::empty(80, 24);
        let json = serde_json::to_string(&said).unwrap();
        receive(&mut fixture, &json);
        let mut rows: Vec<Row> = fixture.model.log.shown().cloned().collect();
        rows[0].line.what = said.as_str().into();
        rows[0].line.peer = Some("tower:1".into());
        let lines = written("x.jsonl", &rows);
        check_bytes(&lines);
        let read: serde_json::Value = serde_json::from_str(&lines).unwrap();
        prop_assert_eq!(&read["message"], &said);
        prop_assert_eq!(&read["what"], &said);
        let text = written("x.csv", &rows);
        check_bytes(&text);
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let record = reader.records().next().unwrap().unwrap();
        prop_assert_eq!(text.matches('\n').count(), rows.len() + 1);
        let is_formula = record.iter().any(|cell| cell.starts_with(['=', '+', '-', '@', '\t', '\r']));
        prop_assert!(!is_formula, "{:?}", record);
    }
}

/// Checks that this many lines are copied, without control characters except the tabs between fields.
fn check_copied(effects: &[Effect], lines: usize) -> Result<(), TestCaseError> {
    let [Effect::Copy(text)] = effects else {
        // An empty message.
        prop_assert!(effects.is_empty());
        return Ok(());
    };
    let text = text.as_str();
    prop_assert_eq!(text.split('\n').count(), lines, "{:?}", text);
    let reorders = |c: char| matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let acts = |c: char| reorders(c) || c.is_control() && !matches!(c, '\n' | '\t');
    prop_assert!(!text.contains(acts), "{:?}", text);
    let has_fields = lines > 1 && text.contains("\tin\t");
    prop_assert!(has_fields || !text.contains('\t'), "{:?}", text);
    Ok(())
}

fn check_bytes(text: &str) {
    let is_harmful = |c: char| is_hidden(c) && !matches!(c, '\n' | '\r' | '\u{fe00}'..='\u{fe0f}');
    assert!(!text.contains(is_harmful), "{text:?}");
}
