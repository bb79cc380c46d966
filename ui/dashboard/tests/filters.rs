//! The filter of the traffic: typing, applying and cancelling.

use clacks_feed::filter::{Scope, in_short};
use clacks_p2p::Message;
use clacks_p2p_feed::description::QUEUE;
use crossterm::event::KeyCode;
use ratatui::style::Modifier;

use super::fixture::Fixture;
use crate::state::{layout::Pane, message::Msg};

fn filter(fixture: &Fixture) -> &str {
    fixture.model.log.filter().map_or("", clacks_feed::filter::Filter::as_str)
}

/// Returns a dashboard of this width in which the traffic has the focus.
fn on_traffic(width: u16) -> Fixture {
    let mut fixture = Fixture::busy(width, 24);
    fixture.press(KeyCode::BackTab);
    fixture
}

fn title(fixture: &Fixture) -> String {
    fixture.screen().lines().find(|line| line.contains("TRAFFIC")).unwrap_or_default().to_owned()
}

#[test]
fn each_key_of_a_filter_filters_the_traffic() {
    let mut fixture = on_traffic(80);
    let mut counts = Vec::new();
    for key in "/gnu !from:".chars() {
        fixture.press(KeyCode::Char(key));
        counts.push(fixture.model.log.len());
    }
    // The change of a status has a g.
    assert_eq!(counts[..5], [9, 7, 3, 3, 3]);
    fixture.write("x");
    assert!(title(&fixture).contains("/gnu !from:x 2 of 9"), "{}", title(&fixture));
    (0..8).for_each(|_| drop(fixture.press(KeyCode::Backspace)));
    assert!(title(&fixture).contains("/gnu 3 of 9"), "{}", title(&fixture));
    fixture.control('u');
    assert_eq!(fixture.model.log.len(), 9);
}

#[test]
fn escape_restores_the_filter_and_enter_applies_it() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.write(":filter chess");
    assert_eq!(fixture.model.pane, Pane::Traffic, "what is narrowed is what is seen");
    fixture.press(KeyCode::Esc);
    assert_eq!((filter(&fixture), fixture.model.pane), ("", Pane::Peers));
    fixture.press(KeyCode::BackTab);
    fixture.press(KeyCode::Char('/'));
    assert_eq!(filter(&fixture), "chess", "the draft stayed");
    fixture.press(KeyCode::Enter);
    assert_eq!((filter(&fixture), fixture.model.pane), ("chess", Pane::Traffic));
    fixture.press(KeyCode::Char('/'));
    fixture.write(" | gnu");
    assert_eq!(filter(&fixture), "chess | gnu");
    fixture.press(KeyCode::Esc);
    assert_eq!(filter(&fixture), "chess");
}

#[test]
fn a_command_without_argument_is_not_kept_as_a_draft() {
    let mut fixture = on_traffic(80);
    for begun in ["/", ":", "t"] {
        fixture.write(begun);
        fixture.press(KeyCode::Esc);
        assert_eq!(fixture.model.input.draft(), "", "{begun}");
        assert!(fixture.screen().contains("press i to write a message"), "{begun}: {}", fixture.screen());
    }
    fixture.write("/gnu");
    fixture.press(KeyCode::Enter);
    fixture.write("/");
    assert_eq!(fixture.model.input.draft(), ":filter gnu");
    fixture.press(KeyCode::Esc);
    assert_eq!((fixture.model.input.draft(), filter(&fixture)), ("", "gnu"));
    fixture.write("/x");
    fixture.press(KeyCode::Esc);
    fixture.write("/");
    assert_eq!(fixture.model.input.draft(), ":filter gnux", "what was written stays");
}

#[test]
fn a_filter_stays_active_in_other_views() {
    let mut fixture = on_traffic(80);
    fixture.write("/type:out");
    fixture.press(KeyCode::Enter);
    for key in [KeyCode::Tab, KeyCode::Tab, KeyCode::Enter, KeyCode::Esc, KeyCode::Char('?'), KeyCode::Esc] {
        fixture.press(key);
        assert_eq!((filter(&fixture), fixture.model.log.len()), ("type:out", 2), "{key:?}");
    }
    fixture.resize(40, 10);
    fixture.write("ihello");
    assert_eq!(filter(&fixture), "type:out");
    let message = Message::text("later");
    let id = "9".parse().unwrap();
    fixture.happen(clacks_p2p::core::Event::MessageDropped { id, message, from: None, place: None });
    assert_eq!((fixture.model.log.len(), fixture.model.log.total()), (2, 10));
}

#[test]
fn an_error_is_marked_and_the_last_valid_filter_stays() {
    for width in [80, 24] {
        let mut fixture = on_traffic(width);
        fixture.write("/gnu status:gone");
        assert_eq!(filter(&fixture), "gnu");
        let screen = fixture.screen();
        assert!(screen.contains("a status is new, alive,"), "{screen}");
        let buffer = fixture.draw();
        let line: Vec<_> = buffer.content().chunks(usize::from(width)).nth(22).unwrap().to_vec();
        let marked = line.iter().filter(|cell| cell.modifier.contains(Modifier::UNDERLINED));
        assert_eq!(marked.map(ratatui::buffer::Cell::symbol).collect::<String>(), "status:gone");
        fixture.press(KeyCode::Enter);
        assert_eq!((fixture.model.input.draft(), filter(&fixture)), (":filter gnu status:gone", "gnu"));
        fixture.press(KeyCode::Esc);
        assert_eq!(filter(&fixture), "");
    }
}

#[test]
fn a_pasted_or_recalled_filter_is_previewed() {
    let mut fixture = on_traffic(80);
    fixture.press(KeyCode::Char('/'));
    fixture.send(Msg::Paste("type:\nannounce".to_owned()));
    assert_eq!(filter(&fixture), "");
    assert_eq!(fixture.model.log.len(), 9, "a field without its value hides nothing");
    fixture.control('u');
    fixture.send(Msg::Paste(":filter type:announce".to_owned()));
    assert_eq!((filter(&fixture), fixture.model.log.len()), ("type:announce", 1));
    fixture.press(KeyCode::Enter);
    fixture.write(":filter");
    fixture.press(KeyCode::Enter);
    assert_eq!(filter(&fixture), "");
    fixture.press(KeyCode::Char('/'));
    (0..2).for_each(|_| drop(fixture.press(KeyCode::Up)));
    assert_eq!(filter(&fixture), "type:announce");
}

#[test]
fn every_row_matches_the_types_that_it_shows() {
    let mut fixture = Fixture::busy(80, 24);
    for (text, wanted) in [
        ("type:in", 3),
        ("type:out", 2),
        ("type:own", 1),
        ("type:message", 4),
        ("type:announce", 1),
        ("type:note", 3),
        ("type:refused", 1),
        ("type:failed", 1),
        ("type:dropped", 0),
        ("from:grand-trunk", 1),
        ("to:sto-lat", 1),
        ("peer:tower-9", 2),
        ("status:lost", 2),
        ("status:new type:note", 1),
        ("size>25", 2),
    ] {
        let filter = fixture.model.filter_networks().parse(text).ok();
        fixture.model.log.set_filter(filter);
        assert_eq!(fixture.model.log.len(), wanted, "{text}");
    }
}

#[test]
fn typing_a_filter_shows_its_syntax() {
    for (line, is_told) in [
        (":filter", false),
        (":filter ", true),
        (":filter gnu !from:x", true),
        (":station 1", false),
        (":station 1 gnu", true),
        (":add a", false),
    ] {
        let mut fixture = Fixture::busy(160, 40);
        fixture.write(line);
        let told = fixture.model.filter_networks().in_short();
        assert_eq!(fixture.screen().contains(&told), is_told, "{line:?}: {}", fixture.screen());
    }
    let mut fixture = Fixture::busy(160, 40);
    fixture.write(":hold gnu");
    let told = in_short(Scope::List(&fixture.model.networks.active().description, QUEUE));
    assert!(fixture.screen().contains(&told), "{}", fixture.screen());
}
