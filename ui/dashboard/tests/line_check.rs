//! An invalid line is red and has a reason before Enter.

use clacks_language::command::Command;
use crossterm::event::KeyCode;

use super::calls::{self, runs};
use super::{
    completion::{draft, enqueues, row, writing},
    fixture::{Fixture, queued},
    replaying::in_replay,
};
use crate::{model::Focus, state::message::Msg};

#[test]
fn an_invalid_line_is_marked_before_enter() {
    let mut fixture = writing(":rate fas");
    let screen = fixture.screen();
    assert!(screen.contains("!CMD  :rate fas") && screen.contains("the send rate is a number"), "{screen}");
    assert_eq!(fixture.press(KeyCode::Enter), []);
    assert_eq!((draft(&fixture), fixture.model.focus), (":rate fas", Focus::Input));
    assert!(row(&fixture).starts_with("!CMD"));
    (0..3).for_each(|_| drop(fixture.press(KeyCode::Backspace)));
    assert!(row(&fixture).starts_with("!CMD"), "nothing is said yet");
    fixture.write("2");
    assert!(row(&fixture).starts_with(" CMD"));
    assert_eq!(fixture.press(KeyCode::Enter), [runs(":rate 2")]);
}

#[test]
fn a_refused_line_stays_red_until_it_is_edited() {
    let mut fixture = writing(":announce tower");
    assert!(row(&fixture).starts_with("!CMD"), "{}", fixture.screen());
    for _ in 0..3 {
        fixture.press(KeyCode::Enter);
        fixture.send(Msg::EffectDone(Ok("something else went well".to_owned())));
        fixture.refresh();
        assert!(row(&fixture).starts_with("!CMD"));
        assert!(fixture.screen().contains(":announce takes HOST:PORT"));
    }
    fixture.write(":8001");
    assert!(row(&fixture).starts_with(" CMD"));
}

#[test]
fn a_line_that_the_node_would_refuse_is_marked() {
    let mut fixture = writing(":forget tower-3:8");
    fixture.write("0");
    assert!(row(&fixture).starts_with("!CMD"));
    assert!(fixture.screen().contains("no such peer"));
    assert_eq!(fixture.press(KeyCode::Enter), []);
    assert_eq!(draft(&fixture), ":forget tower-3:80");
    let peer = super::fixture::peer(clacks_p2p::core::Status::New, "tower-3:80", 1, None);
    fixture.peers.push(peer);
    let forgets = runs(":forget tower-3:80");
    assert_eq!(fixture.press(KeyCode::Enter), [forgets], "it has become known meanwhile");
}

#[test]
fn a_message_is_red_while_the_queue_is_full() {
    let mut fixture = writing("ihello");
    assert!(row(&fixture).starts_with(" SAY"));
    let changes = |fixture: &mut Fixture, is_full: bool| {
        fixture.is_full = is_full;
        if is_full {
            fixture.queue.push(queued(99, "1", 1, 1));
        } else {
            fixture.queue.pop();
        }
        fixture.refresh();
    };
    changes(&mut fixture, true);
    assert!(row(&fixture).starts_with("!SAY") && fixture.screen().contains("the queue is full"));
    assert_eq!(fixture.press(KeyCode::Enter), []);
    assert_eq!(draft(&fixture), "hello");
    changes(&mut fixture, false);
    assert!(row(&fixture).starts_with(" SAY"), "there is room again");
    changes(&mut fixture, true);
    fixture.write("!");
    assert!(row(&fixture).starts_with("!SAY"), "{}", row(&fixture));
    fixture.is_full = false;
    assert_eq!(fixture.press(KeyCode::Enter), [enqueues("hello!")], "Enter asks again");
}

#[test]
fn a_line_that_the_disk_refused_runs_once_it_is_accepted() {
    for (line, holds) in [
        (":write x.csv", false),
        (":write x.csv", true),
        (":record x.jsonl", false),
        (":record x.jsonl", true),
    ] {
        let mut fixture = writing(line);
        let Ok(Command::View(command)) = calls::parse(line) else { panic!("{line}") };
        let says = |fixture: &mut Fixture, objection: Option<&str>| {
            fixture.send(Msg::FileChecked(command.clone(), objection.map(str::to_owned)))
        };
        says(&mut fixture, Some("it is there already"));
        assert!(row(&fixture).starts_with("!CMD"), "{}", row(&fixture));
        assert_eq!(fixture.press(KeyCode::Enter), []);
        assert!(row(&fixture).starts_with("!CMD"), "the disk has not answered yet");
        let effects = says(&mut fixture, holds.then_some("it is there already"));
        assert_eq!(effects.len(), usize::from(!holds), "{line}: {effects:?}");
        assert_eq!(draft(&fixture), if holds { line } else { "" });
        assert_eq!(says(&mut fixture, None), [], "it runs once");
    }
}

#[test]
fn a_line_changed_before_the_reply_is_not_sent() {
    let mut fixture = writing(":write x.csv");
    let Ok(Command::View(command)) = calls::parse(":write x.csv") else { panic!("it is a command") };
    fixture.send(Msg::FileChecked(command.clone(), Some("it is there already".to_owned())));
    fixture.press(KeyCode::Enter);
    fixture.press(KeyCode::Backspace);
    assert_eq!(fixture.send(Msg::FileChecked(command, None)), []);
    assert_eq!(draft(&fixture), ":write x.cs");
}

/// Lines, and whether they are refused live and in a replay.
const REFUSED: &[(&str, bool, bool)] = &[
    (":rate 0", true, true),
    (":rate 2", false, true),
    (":ignore x", true, true),
    (":ignore a:1", false, true),
    (":write x.txt", true, true),
    (":write x.csv", false, false),
    (":pause", true, false),
    (":step", true, false),
    (":speed 2", true, false),
    (":speed 0", true, true),
    (":jump 10s", true, false),
    (":jump x", true, true),
    (":qu", true, true),
    (":frob", true, true),
    (":quit now", true, true),
    (":drop", true, true),
    (":drop type:refused", true, true),
    (":hold status:lost", true, true),
    (":hold gnu", false, true),
    (":filter type:in type:out", true, true),
    (":filter status:gone", true, true),
    (":filter gnu", false, false),
    (":filter", false, false),
    (":station", true, true),
    (":station 1", true, true),
    (":station 1 clear", true, true),
    (":station 1 size>2k size<1k", true, true),
    (":station 1 gnu", false, false),
    (":theme nowhere", true, true),
    (":theme dark", false, false),
    (":motion often", true, true),
    (":undo", true, true),
    (":unmark", true, true),
    (":record", true, true),
    (":edit x", true, true),
    (":edit 11", false, true),
    (":peers-from http://a.example", true, true),
    (":copy that", true, true),
    (":announce", true, true),
    (":help me", true, true),
    (":peers", false, false),
    ("hello", false, true),
];

#[test]
fn a_line_is_red_exactly_if_enter_refuses_it() {
    for is_replay in [false, true] {
        for (line, is_refused_live, is_refused_in_replay) in REFUSED {
            let mut fixture =
                if is_replay { in_replay(Fixture::busy(120, 40)) } else { Fixture::busy(120, 40) };
            let is_refused = if is_replay { *is_refused_in_replay } else { *is_refused_live };
            fixture.press(KeyCode::Char(if line.starts_with(':') { ':' } else { 'i' }));
            if fixture.model.focus != Focus::Input {
                assert!(is_refused, "{line} can't even be begun");
                continue;
            }
            fixture.write(line.trim_start_matches(':'));
            let before = fixture.model.assist.submit_error().map(str::to_owned);
            assert_eq!(before.is_some(), is_refused, "{line:?}, replay: {is_replay}: {before:?}");
            assert_eq!(row(&fixture).starts_with('!'), is_refused, "{line:?}: {}", fixture.screen());
            let effects = fixture.press(KeyCode::Enter);
            if is_refused {
                assert_eq!(effects, [], "{line:?}");
                assert_eq!(
                    (draft(&fixture), fixture.model.assist.submit_error().map(str::to_owned)),
                    (*line, before)
                );
            } else {
                assert_ne!(draft(&fixture), *line, "{line:?} ran, replay: {is_replay}");
            }
        }
    }
}

#[test]
fn a_command_after_a_refused_one_starts_empty() {
    for (begin, begun) in [(':', ":"), ('/', ":only "), ('t', ":theme ")] {
        let mut fixture = writing(":filter from:");
        fixture.press(KeyCode::Enter);
        assert_eq!(draft(&fixture), ":filter from:");
        fixture.press(KeyCode::Esc);
        fixture.press(KeyCode::Char(begin));
        assert_eq!(draft(&fixture), begun);
        fixture.write("x");
        assert_eq!(draft(&fixture), format!("{begun}x"));
        fixture.control('u');
        fixture.press(KeyCode::Up);
        assert!(fixture.remembered.is_empty(), "it was never sent");
        fixture.press(KeyCode::Up);
        assert_eq!(draft(&fixture), ":filter from:", "it is in the history of this run, red again");
        assert!(row(&fixture).starts_with("!CMD"), "{}", row(&fixture));
    }
}

#[test]
fn without_a_notice_line_the_reason_follows_the_draft() {
    let mut fixture = Fixture::busy(80, 7);
    fixture.write(":quit now");
    assert!(row(&fixture).starts_with("!CMD  :quit now  :quit takes nothing"), "{}", fixture.screen());
}
