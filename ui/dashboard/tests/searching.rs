//! Search in overlays.

use clacks_p2p::{
    Message,
    core::{Event, Status},
};
use crossterm::event::KeyCode;
use ratatui::style::Modifier;

use super::fixture::{Fixture, peer};
use crate::state::message::Msg;

/// Returns a dashboard with an open message of many lines.
fn open(width: u16, height: u16) -> Fixture {
    let mut fixture = Fixture::busy(width, height);
    let items: Vec<String> = (0..100).map(|number| format!("\"item {number:02} of the list\"")).collect();
    let message = Message::from_json(&format!("[{}]", items.join(",")), 128).unwrap();
    let peer = peer(Status::Alive, "tower:1", 0, None);
    fixture.happen(Event::MessageReceived { peer, message, id: None, visits: 1, remote: None, held: None });
    fixture.press(KeyCode::BackTab);
    fixture.press(KeyCode::Enter);
    fixture
}

fn title(fixture: &Fixture) -> String {
    fixture.screen().lines().nth(1).unwrap_or_default().to_owned()
}

/// Returns the highlighted texts, and those that are reversed.
fn marked(fixture: &Fixture) -> (Vec<String>, Vec<String>) {
    let buffer = fixture.draw();
    let texts = |modifier: Modifier| {
        let rows = buffer.content().chunks(usize::from(buffer.area.width));
        let text = |row: &[ratatui::buffer::Cell]| {
            let cells = row.iter().filter(|cell| cell.modifier.contains(modifier | Modifier::UNDERLINED));
            cells.map(ratatui::buffer::Cell::symbol).collect::<String>()
        };
        rows.map(text).filter(|text| !text.is_empty()).collect::<Vec<_>>()
    };
    (texts(Modifier::UNDERLINED), texts(Modifier::REVERSED))
}

#[test]
fn matches_are_highlighted_counted_and_scrolled_to() {
    let mut fixture = open(80, 24);
    fixture.write("/item 3");
    assert!(title(&fixture).ends_with("/item 3 1 of 10"), "{}", title(&fixture));
    let (all, current) = marked(&fixture);
    assert_eq!((all.len(), current), (10, vec!["item 3".to_owned()]));
    assert!(fixture.screen().contains("item 30"), "{}", fixture.screen());
    assert!(fixture.screen().lines().nth(22).unwrap().contains("FIND  item 3"), "{}", fixture.screen());
    fixture.press(KeyCode::Enter);
    assert_eq!(marked(&fixture).0.len(), 10, "they stay marked");
    fixture.write("nn");
    assert!(title(&fixture).ends_with("/item 3 3 of 10"), "{}", title(&fixture));
    fixture.write("NNN");
    assert!(title(&fixture).ends_with("/item 3 10 of 10"), "it goes round: {}", title(&fixture));
    assert!(fixture.screen().contains("item 39"));
}

#[test]
fn each_key_refines_a_search_and_escape_restores_the_position() {
    let mut fixture = open(80, 24);
    (0..5).for_each(|_| drop(fixture.press(KeyCode::Down)));
    let before = title(&fixture);
    fixture.write("/9");
    assert!(title(&fixture).ends_with("/9 1 of 20"), "{}", title(&fixture));
    fixture.write("9");
    assert!(title(&fixture).ends_with("/99 1 of 1"), "{}", title(&fixture));
    fixture.press(KeyCode::Backspace);
    assert!(title(&fixture).ends_with("/9 1 of 20"), "{}", title(&fixture));
    fixture.write("x");
    assert!(title(&fixture).ends_with("/9x no match"), "{}", title(&fixture));
    assert!(fixture.screen().contains("FIND  9x  no match"));
    fixture.press(KeyCode::Esc);
    assert_eq!(title(&fixture), before);
    fixture.press(KeyCode::Esc);
    assert!(fixture.model.overlay.is_none());
}

#[test]
fn letters_of_a_search_have_no_other_effect() {
    let mut fixture = open(80, 24);
    fixture.write("/qIUFaxy?n");
    assert_eq!(fixture.model.search().map(crate::state::search::Search::query), Some("qIUFaxy?n"));
    fixture.send(Msg::Paste("\nq".to_owned()));
    assert_eq!(fixture.model.search().map(crate::state::search::Search::query), Some("qIUFaxy?n q"));
    fixture.control('c');
    assert_eq!(fixture.model.search().map(crate::state::search::Search::query), Some(""));
    fixture.control('c');
    assert!(fixture.model.search().is_none() && fixture.model.overlay.is_some());
    fixture.write("n");
    assert!(fixture.screen().contains("nothing is looked for; / begins"), "{}", fixture.screen());
}

#[test]
fn matches_are_found_again_after_a_resize() {
    let mut fixture = open(80, 24);
    fixture.write("/of the list\", \"item 50");
    fixture.press(KeyCode::Enter);
    assert!(title(&fixture).ends_with("1 of 1"), "{}", title(&fixture));
    for (width, height) in [(20, 24), (24, 8), (200, 60), (20, 5)] {
        fixture.resize(width, height);
        let search = fixture.model.search().unwrap();
        assert_eq!(search.status_text(), "1 of 1", "{width}x{height}");
        fixture.write("n");
        let (marked, _) = marked(&fixture);
        assert!(
            marked.concat().replace(['\n', ' '], "").starts_with("ofthelist"),
            "{width}x{height}: {marked:?}"
        );
    }
}

#[test]
fn a_resize_keeps_the_match_visible() {
    let mut fixture = open(80, 24);
    fixture.write("/item 77");
    for (width, height) in [(24, 8), (200, 60), (1, 1), (40, 10)] {
        fixture.resize(width, height);
        let (_, current) = marked(&fixture);
        let is_seen = current.concat() == "item 77";
        assert!(is_seen || fixture.model.areas().is_none(), "{width}x{height}: {}", fixture.screen());
    }
    fixture.press(KeyCode::Esc);
    (0..20).for_each(|_| drop(fixture.press(KeyCode::PageDown)));
    fixture.resize(200, 200);
    assert!(fixture.screen().contains("item 00"), "what fits is not scrolled past: {}", fixture.screen());
}

#[test]
fn after_scrolling_the_next_match_is_found_from_there() {
    let mut fixture = open(80, 24);
    fixture.write("/item");
    fixture.press(KeyCode::Enter);
    fixture.press(KeyCode::End);
    fixture.write("N");
    let (_, current) = marked(&fixture);
    assert!(title(&fixture).ends_with("82 of 100") && current.len() == 1, "{}", fixture.screen());
    fixture.press(KeyCode::Home);
    fixture.write("n");
    assert!(title(&fixture).ends_with("1 of 100"), "{}", title(&fixture));
}

#[test]
fn a_changed_text_is_searched_again() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.press(KeyCode::Enter);
    fixture.write("/lost");
    assert!(title(&fixture).contains("/lost no match"), "{}", title(&fixture));
    fixture.peers[0] = peer(Status::Lost, "tower-9.example.org:8080", 1, None);
    fixture.refresh();
    assert!(title(&fixture).contains("/lost 1 of 1"), "{}", title(&fixture));
    assert_eq!(marked(&fixture).1, ["lost"]);
    fixture.peers.remove(0);
    fixture.refresh();
    assert!(title(&fixture).contains("/lost no match"), "{}", title(&fixture));
    assert_eq!(marked(&fixture).0, [""; 0]);
}

#[test]
fn a_message_of_the_largest_size_is_searched() {
    let mut fixture = Fixture::empty(80, 24);
    let message = Message::text(&format!("{} the end \u{4e16}", "GNU x ".repeat(170_000)));
    let peer = peer(Status::Alive, "tower:1", 0, None);
    fixture.happen(Event::MessageReceived { peer, message, id: None, visits: 1, remote: None, held: None });
    fixture.press(KeyCode::BackTab);
    fixture.press(KeyCode::Enter);
    fixture.write("/gnu X");
    assert!(title(&fixture).ends_with("/gnu X no match in what is shown"), "{}", title(&fixture));
    fixture.press(KeyCode::Backspace);
    fixture.write("x g");
    assert!(title(&fixture).ends_with("1 of 9999 or more in what is shown"), "{}", title(&fixture));
    fixture.control('u');
    // Rows beyond the shown ones have no matches.
    fixture.write("the end");
    assert!(title(&fixture).ends_with("no match in what is shown"), "{}", title(&fixture));
}

#[test]
fn matches_in_wide_and_hostile_text_are_highlighted_at_their_cells() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.press(KeyCode::Tab);
    (0..3).for_each(|_| drop(fixture.press(KeyCode::Down)));
    fixture.press(KeyCode::Enter);
    fixture.write("/txt.exe");
    assert_eq!(marked(&fixture).0, ["txt.exe"]);
    fixture.press(KeyCode::Esc);
    fixture.press(KeyCode::Esc);
    fixture.press(KeyCode::Down);
    fixture.press(KeyCode::Enter);
    fixture.write("/\\ud83d");
    assert_eq!(marked(&fixture).0, ["\\ud83d"]);
}

#[test]
fn a_peer_page_can_be_searched_and_graphics_cannot() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.press(KeyCode::Enter);
    fixture.write("/never");
    assert_eq!(marked(&fixture).1, ["never"]);
    fixture.press(KeyCode::Esc);
    fixture.press(KeyCode::Esc);
    fixture.write("C/q");
    assert!(
        fixture.screen().contains("FIND  q  there is no text here to look through"),
        "{}",
        fixture.screen()
    );
    fixture.press(KeyCode::Esc);
    assert_eq!(fixture.press(KeyCode::Char('y')), []);
}

/// Opens a message on a screen of this width.
fn opened(json: &str, width: u16) -> Fixture {
    let mut fixture = Fixture::empty(width, 24);
    fixture.queue = vec![super::fixture::queued(1, json, 1, 1)];
    fixture.refresh();
    fixture.press(KeyCode::Tab);
    fixture.press(KeyCode::Enter);
    fixture
}

#[test]
fn a_cut_message_shows_the_missing_size_also_in_a_search() {
    let long = format!("\"{}THE-END\"", "B".repeat(1_300_000));
    // Indentation counts.
    let nested = format!("{}{}{}", "[".repeat(120), vec!["1"; 9000].join(","), "]".repeat(120));
    for (json, missing) in [(long, ["about 900 kB", "about 500 kB", "251 kB"]), (nested, ["", "", ""])] {
        for (width, missing) in [40, 80, 200].into_iter().zip(missing) {
            let mut fixture = opened(&json, width);
            fixture.press(KeyCode::End);
            let screen = fixture.screen().replace('\n', " ");
            let note = format!("{missing} more of this message are not");
            assert!(screen.contains(&note), "{width}: {note} in {screen}");
            fixture.write("/THE-END");
            assert!(fixture.screen().contains("no match in what"), "{}", fixture.screen());
        }
    }
    let mut fixture = opened("\"short\"", 80);
    fixture.write("/THE-END");
    assert!(fixture.screen().contains("no match") && !fixture.screen().contains("in what is shown"));
}
