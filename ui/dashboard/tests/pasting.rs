//! Pasted text and bursts of keys.

use clacks_p2p::Message;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{
    completion::{draft, enqueues, row, writing},
    fixture::{Fixture, address},
    focus::typed,
};
use crate::{
    model::Focus,
    state::message::{Effect, Msg},
};

/// Returns a burst of keys.
fn burst(text: &str) -> Msg {
    let key = |character| match character {
        '\n' => KeyEvent::from(KeyCode::Enter),
        '\x1b' => KeyEvent::from(KeyCode::Esc),
        character => KeyEvent::from(KeyCode::Char(character)),
    };
    Msg::Burst(text.chars().map(key).collect())
}

#[test]
fn pasted_lines_are_sent_as_one_message_with_line_breaks() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.send(Msg::Paste(":one\r\ntwo\rthree\n".to_owned()));
    assert!(row(&fixture).contains("PASTE? 3 lines, 14 B: 1 one message"), "{}", row(&fixture));
    assert_eq!(fixture.press(KeyCode::Char('1')), [enqueues(":one\ntwo\nthree")]);
    assert_eq!(fixture.remembered, ["::one\ntwo\nthree"]);
    fixture.press(KeyCode::Char('i'));
    fixture.press(KeyCode::Up);
    assert_eq!(row(&fixture), r" SAY  ::one\ntwo\nthree");
    assert_eq!(fixture.press(KeyCode::Enter), [enqueues(":one\ntwo\nthree")]);
}

#[test]
fn pasted_lines_are_sent_as_one_message_each_and_never_run() {
    let mut fixture = writing("imy draft");
    fixture.send(Msg::Paste(":quit\n\n  \nq".to_owned()));
    let messages = ["::quit", "q"].map(super::calls::typed).to_vec();
    assert_eq!(fixture.press(KeyCode::Char('n')), [Effect::CallAll(messages)]);
    assert_eq!(draft(&fixture), "my draft");
}

#[test]
fn pasted_lines_are_edited_as_one_line_or_discarded() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.send(Msg::Paste("one\ntwo".to_owned()));
    assert_eq!(fixture.press(KeyCode::Char('e')), []);
    assert_eq!((draft(&fixture), fixture.model.focus), ("one two", Focus::Input));
    for answer in [KeyCode::Esc, KeyCode::Char('q'), KeyCode::Enter] {
        fixture.send(Msg::Paste("one\ntwo".to_owned()));
        assert_eq!(fixture.press(answer), []);
        assert_eq!(draft(&fixture), "one two");
        assert!(fixture.model.question.is_none());
    }
}

#[test]
fn too_many_lines_are_not_offered_as_messages() {
    let mut fixture = Fixture::busy(120, 40);
    fixture.send(Msg::Paste("a line\n".repeat(1001)));
    assert!(row(&fixture).contains("1001 lines") && row(&fixture).contains("1000 at most"));
    assert_eq!(fixture.press(KeyCode::Char('n')), []);
    fixture.send(Msg::Paste("a line\n".repeat(1000)));
    assert!(row(&fixture).contains("n as 1000 messages"));
    assert!(matches!(&fixture.press(KeyCode::Char('n'))[..], [Effect::CallAll(all)] if all.len() == 1000));
    fixture.send(Msg::Paste("a line\n".repeat(1 << 20)));
    assert!(fixture.model.question.is_none());
    assert!(fixture.screen().contains("too long"));
}

#[test]
fn a_paste_is_inserted_or_refused_as_a_whole() {
    let long = "x".repeat(10_000);
    let mut fixture = Fixture::busy(80, 24);
    fixture.send(Msg::Paste(long.clone()));
    assert!(row(&fixture).contains("PASTE? 1 line, 10 kB: 1 one message, Esc nothing"), "{}", row(&fixture));
    assert_eq!(fixture.press(KeyCode::Char('1')), [enqueues(&long)]);
    for begun in ["ihello", ":json "] {
        let mut fixture = writing(begun);
        let before = draft(&fixture).to_owned();
        fixture.send(Msg::Paste(long.clone()));
        fixture.send(burst(&long));
        fixture.press(KeyCode::Esc);
        assert_eq!(draft(&fixture), before, "nothing of it is in the line");
    }
    let mut fixture = writing(":json ");
    fixture.send(Msg::Paste(long));
    let screen = fixture.screen();
    assert!(screen.contains("the paste has 10 kB and the line has room for 8.2 kB: nothing was"), "{screen}");
    for text in ["x".repeat((1 << 20) + 1), "x\n".repeat(1 << 20)] {
        fixture.send(Msg::Paste(text));
        assert!(fixture.model.question.is_none());
        assert!(fixture.screen().contains("nothing was"), "{}", fixture.screen());
    }
}

#[test]
fn a_paste_that_is_too_large_for_some_nodes_is_warned_about() {
    for (columns, bytes, said) in [
        (80, 14_990, None),
        (80, 15_000, Some("too large for npm nodes")),
        (120, 15_000, Some("npm nodes take 15000 bytes whole")),
        (120, Message::MAX_SIZE, Some("too large for one message")),
    ] {
        let mut fixture = Fixture::busy(columns, 24);
        fixture.send(Msg::Paste("x".repeat(bytes)));
        let question = row(&fixture);
        assert_eq!(question.contains("too large") || question.contains("npm"), said.is_some(), "{question}");
        assert!(said.is_none_or(|said| question.contains(said)), "{question}");
        let can_be_one = bytes < Message::MAX_SIZE;
        assert_eq!(!fixture.press(KeyCode::Char('1')).is_empty(), can_be_one, "{question}");
    }
}

#[test]
fn a_full_line_is_reported() {
    let mut fixture = writing("i");
    fixture.send(Msg::Paste("x".repeat(8 << 10)));
    fixture.press(KeyCode::Char('y'));
    assert_eq!(draft(&fixture).len(), 8 << 10);
    assert!(fixture.screen().contains("a line has 8192 bytes at most"), "{}", fixture.screen());
}

#[test]
fn a_command_joins_pasted_lines() {
    let mut fixture = writing(":json ");
    fixture.send(Msg::Paste("{\n  \"a\": 1\n}\n".to_owned()));
    assert_eq!(draft(&fixture), ":json {   \"a\": 1 }");
}

#[test]
fn keys_in_a_burst_are_a_paste() {
    let mut fixture = Fixture::busy(80, 24);
    assert_eq!(fixture.send(burst("qIFxUa")), []);
    assert_eq!((draft(&fixture), fixture.model.focus), ("qIFxUa", Focus::Input));
    fixture.press(KeyCode::Esc);
    assert_eq!(fixture.send(burst("quit\nI\nF\n")), []);
    assert!(row(&fixture).contains("PASTE? 3 lines"), "{}", row(&fixture));
    assert_eq!(fixture.send(burst("nnnnnn")), [], "a burst is no answer");
    assert!(row(&fixture).contains("PASTE? 4 lines"), "{}", row(&fixture));
    assert_eq!(draft(&fixture), "qIFxUa");
}

#[test]
fn held_keys_move_and_fast_typing_is_text() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.send(burst("jjkjjkjjjj"));
    fixture.refresh();
    assert_eq!(fixture.selected_peer(), Some(address("rude-tower:8081")));
    fixture.press(KeyCode::Char('i'));
    fixture.send(burst("quickly"));
    assert_eq!(draft(&fixture), "quickly");
    assert_eq!(fixture.send(burst("!\n")), [], "the Enter at the end of a pasted line is no key");
    assert_eq!(draft(&fixture), "quickly!");
    assert_eq!(fixture.press(KeyCode::Enter), [enqueues("quickly!")]);
    fixture.send(burst("one\ntwo\n"));
    assert!(row(&fixture).contains("PASTE? 2 lines"), "lines are not sent one by one");
    fixture.press(KeyCode::Esc);
    assert_eq!(fixture.send(burst("one\x1bqqqIFx")), []);
    assert_eq!((draft(&fixture), fixture.model.focus), ("oneqqqIFx", Focus::Input), "no key of them acts");
}

#[test]
fn a_burst_of_keys_has_no_effect_in_the_palette() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.press(KeyCode::Char('?'));
    assert_eq!(fixture.send(burst("ignore\n")), []);
    assert!(fixture.model.palette.is_some(), "it only narrows the list");
}

#[test]
fn a_paste_in_the_history_search_goes_into_the_found_line() {
    let mut fixture = writing("ihello");
    fixture.press(KeyCode::Enter);
    fixture.key(KeyEvent::new(KeyCode::Char('r'), KeyModifiers::CONTROL));
    fixture.send(Msg::Paste(" there".to_owned()));
    assert_eq!(draft(&fixture), "hello there");
}

#[test]
fn a_multiline_message_opens_with_its_lines() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.queue.insert(0, super::fixture::queued(1, r#""first line\nsecond line""#, 1, 1));
    fixture.refresh();
    fixture.press(KeyCode::Tab);
    fixture.press(KeyCode::Enter);
    let screen = fixture.screen();
    assert!(screen.lines().any(|line| line.trim() == "\"first line"), "{screen}");
    assert!(screen.lines().any(|line| line.trim() == "second line\""), "{screen}");
}

#[test]
fn a_paste_during_a_question_is_joined_or_refused() {
    for (first, second, is_burst, both) in [
        ("one\ntwo", "three\nfour", false, "one\ntwo\nthree\nfour"),
        ("one\ntwo\n", "three", false, "one\ntwo\nthree"),
        ("one\ntw", "o\nthree\n", true, "one\ntwo\nthree"),
        ("one\ntwo\n", "three\n", true, "one\ntwo\nthree"),
    ] {
        let mut fixture = Fixture::busy(80, 24);
        let paste = |text: &str| if is_burst { burst(text) } else { Msg::Paste(text.to_owned()) };
        fixture.send(paste(first));
        assert_eq!(fixture.send(paste(second)), []);
        assert!(fixture.screen().contains("the second paste was joined"), "{}", fixture.screen());
        assert_eq!(fixture.press(KeyCode::Char('1')), [enqueues(both)]);
    }
}

#[test]
fn a_paste_that_cannot_be_joined_is_refused_and_the_question_stays() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.send(Msg::Paste("one\ntwo".to_owned()));
    fixture.send(Msg::Paste("x".repeat(1 << 20)));
    assert!(fixture.screen().contains("the second paste was not taken"), "{}", fixture.screen());
    assert_eq!(fixture.press(KeyCode::Char('1')), [enqueues("one\ntwo")]);

    for paste in [Msg::Paste("one\ntwo".to_owned()), Msg::Paste("y".to_owned()), burst("yyy\n")] {
        let mut fixture = Fixture::busy(80, 24);
        fixture.press(KeyCode::Char('q'));
        let asked = fixture.model.question.clone();
        assert!(asked.is_some());
        assert_eq!(fixture.send(paste), []);
        assert_eq!(fixture.model.question, asked);
        assert!(fixture.screen().contains("the paste was not taken"), "{}", fixture.screen());
    }
}

#[test]
fn a_refused_message_is_restored_and_not_in_the_history() {
    for line in ["hello", "::quit", ":json [1]"] {
        let mut fixture = Fixture::busy(80, 24);
        fixture.refused = Some(|_| true);
        fixture.press(KeyCode::Char(if line.starts_with(":json") { ':' } else { 'i' }));
        fixture.write(line.strip_prefix(":json").map_or(line, |_| &line[1..]));
        for _ in 0..2 {
            assert_eq!(fixture.press(KeyCode::Enter).len(), 1, "it is tried again");
            assert_eq!((draft(&fixture), fixture.model.focus), (line, Focus::Input));
            assert!(fixture.screen().contains("the queue is full"), "{}", fixture.screen());
            assert!(fixture.remembered.is_empty());
        }
        fixture.refused = None;
        fixture.press(KeyCode::Enter);
        assert_eq!((draft(&fixture), &fixture.remembered[..]), ("", &[line.to_owned()][..]));
    }
}

#[test]
fn a_refused_paste_is_asked_about_again() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.refused = Some(|_| true);
    let long = "x".repeat(47_000);
    fixture.send(Msg::Paste(long.clone()));
    for _ in 0..2 {
        assert_eq!(fixture.press(KeyCode::Char('1')), [enqueues(&long)]);
        assert!(row(&fixture).contains("PASTE? 1 line, 47 kB"), "{}", row(&fixture));
        assert!(fixture.screen().contains("the queue is full"), "{}", fixture.screen());
    }
    fixture.press(KeyCode::Esc);
    // The node accepts only the second of three lines.
    fixture.refused = Some(|text| text != "two");
    fixture.send(Msg::Paste("one\ntwo\nthree".to_owned()));
    fixture.press(KeyCode::Char('n'));
    assert!(row(&fixture).contains("PASTE? 2 lines"), "{}", row(&fixture));
    fixture.refused = None;
    assert_eq!(fixture.press(KeyCode::Char('1')), [enqueues("one\nthree")]);
    assert_eq!(fixture.remembered, ["one\nthree"]);
}

#[test]
fn unsent_lines_are_never_saved() {
    for leaving in [KeyCode::Esc, KeyCode::BackTab, KeyCode::Up, KeyCode::Down] {
        for (begun, is_pasted) in [("i", false), (":", false), ("i", true), ("", true)] {
            let mut fixture = Fixture::busy(80, 24);
            typed(&mut fixture, begun);
            if is_pasted {
                fixture.send(Msg::Paste("my password is x".to_owned()));
            } else {
                typed(&mut fixture, "my password is x");
            }
            fixture.press(leaving);
            typed(&mut fixture, "\x1bi");
            fixture.control('u');
            fixture.press(KeyCode::Esc);
            fixture.send(Msg::ConfirmQuit);
            assert!(fixture.remembered.is_empty(), "{begun:?}, {leaving:?}: {:?}", fixture.remembered);
        }
    }
}
