//! What helps with the line that is being written.

use clacks_p2p::Message;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::style::Modifier;

use super::{
    super::{
        model::Focus,
        update::{Effect, Msg},
    },
    fixture::{Fixture, address},
    holding::holding,
};
use crate::command::NodeCommand;

fn writing(text: &str) -> Fixture {
    let mut fixture = Fixture::busy(80, 24);
    fixture.write(text);
    fixture
}

fn draft(fixture: &Fixture) -> &str {
    fixture.model.input.draft()
}

fn enqueues(text: &str) -> Effect {
    Effect::Run(NodeCommand::Enqueue(Message::text(text)))
}

/// The row of the input.
fn row(fixture: &Fixture) -> String {
    let row = usize::from(fixture.model.screen.height) - 2;
    fixture.screen().lines().nth(row).unwrap().to_owned()
}

/// Keys that came at once.
fn burst(text: &str) -> Msg {
    let key = |character| match character {
        '\n' => KeyEvent::from(KeyCode::Enter),
        '\x1b' => KeyEvent::from(KeyCode::Esc),
        character => KeyEvent::from(KeyCode::Char(character)),
    };
    Msg::Burst(text.chars().map(key).collect())
}

// === Completion ===

#[test]
fn tab_completes_a_command_and_then_goes_through_what_it_takes() {
    let mut fixture = writing(":ig");
    fixture.press(KeyCode::Tab);
    assert_eq!(draft(&fixture), ":ignore ");
    fixture.press(KeyCode::Tab);
    assert_eq!(draft(&fixture), ":ignore tower-9.example.org:8080");
    assert!(fixture.screen().contains("> tower-9.example.org:8080"), "{}", fixture.screen());
    fixture.press(KeyCode::Tab);
    assert_eq!(draft(&fixture), ":ignore grand-trunk.example.org:443");
    fixture.press(KeyCode::BackTab);
    fixture.press(KeyCode::BackTab);
    assert_eq!(draft(&fixture), ":ignore ip:192.0.2.7", "before the first comes the last");
    fixture.press(KeyCode::Esc);
    assert_eq!((draft(&fixture), fixture.model.focus), (":ignore ", Focus::Input));
    fixture.press(KeyCode::Esc);
    assert_eq!(fixture.model.focus, Focus::Lists);
}

#[test]
fn a_choice_is_taken_before_it_is_sent() {
    let mut fixture = writing(":ignore t8443");
    fixture.press(KeyCode::Tab);
    assert_eq!(draft(&fixture), ":ignore tower-3:8443", "the only one is written at once");
    let ignores = |name| vec![Effect::Run(NodeCommand::Ignore(address(name)))];
    assert_eq!(fixture.press(KeyCode::Enter), ignores("tower-3:8443"));
    fixture.write(":ignore tow");
    fixture.press(KeyCode::Tab);
    assert_eq!(draft(&fixture), ":ignore tower-", "what all of them begin with");
    fixture.press(KeyCode::Tab);
    assert_eq!(draft(&fixture), ":ignore tower-9.example.org:8080");
    assert_eq!(fixture.press(KeyCode::Enter), [], "it is taken and not yet sent");
    assert!(!fixture.screen().contains("> tower-9"), "{}", fixture.screen());
    assert_eq!(fixture.press(KeyCode::Enter), ignores("tower-9.example.org:8080"));
}

#[test]
fn typing_on_takes_the_choice_and_goes_on() {
    let mut fixture = writing(":forget tow");
    fixture.press(KeyCode::Tab);
    fixture.write("3");
    assert_eq!(draft(&fixture), ":forget tower-3");
    fixture.press(KeyCode::Tab);
    assert_eq!(draft(&fixture), ":forget tower-3:8443");
}

#[test]
fn messages_are_completed_with_what_they_say() {
    let mut fixture = writing(":drop ");
    fixture.press(KeyCode::Tab);
    assert_eq!(draft(&fixture), ":drop 11", "nothing is common to all of them");
    let screen = fixture.screen();
    let is_offered = |line: &str| line.trim_start().starts_with("12 ") && line.contains("seen the lamp oil?");
    assert!(screen.lines().any(is_offered), "{screen}");
    assert!(!screen.contains('\u{1b}') && !screen.contains('\u{202e}'));
    fixture.press(KeyCode::Down);
    assert_eq!(draft(&fixture), ":drop 12");
}

#[test]
fn held_messages_are_completed_by_their_numbers() {
    let mut fixture = holding(80, 24);
    fixture.held[0].queued.id = "12".parse().unwrap();
    fixture.write(":release 1");
    fixture.press(KeyCode::Tab);
    assert_eq!(draft(&fixture), ":release 12");
    assert_eq!(fixture.model.assist.refusal(), None);
    fixture.control('u');
    fixture.write(":release 4");
    assert_eq!(fixture.model.assist.refusal(), Some("4 is not held"));
}

#[test]
fn themes_are_completed_by_their_names() {
    let mut fixture = writing(":theme hi");
    fixture.press(KeyCode::Tab);
    assert_eq!(draft(&fixture), ":theme high");
}

#[test]
fn tab_leaves_a_line_that_is_no_command() {
    let mut fixture = writing("ihello");
    fixture.press(KeyCode::Tab);
    assert_eq!((draft(&fixture), fixture.model.focus), ("hello", Focus::Lists));
}

#[test]
fn nothing_to_complete_is_said() {
    let mut fixture = writing(":add tow");
    fixture.press(KeyCode::Tab);
    assert_eq!((draft(&fixture), fixture.model.focus), (":add tow", Focus::Input));
    assert!(fixture.model.notice.as_ref().unwrap().text.contains("nothing that is known"));
}

// === What could follow ===

#[test]
fn an_argument_is_hinted_at_and_is_not_a_part_of_the_line() {
    let mut fixture = writing(":announce");
    assert_eq!(row(&fixture), "!CMD  :announce HOST:PORT");
    fixture.press(KeyCode::Right);
    assert_eq!(draft(&fixture), ":announce", "there is nothing to take");
    fixture.write(" ");
    assert_eq!(row(&fixture), "!CMD  :announce HOST:PORT");
    fixture.write("x");
    assert_eq!(row(&fixture), "!CMD  :announce x");
}

#[test]
fn what_was_sent_before_is_suggested_dimly_and_taken_with_right() {
    let mut fixture = writing("ilamp oil");
    fixture.press(KeyCode::Enter);
    fixture.write("la");
    assert_eq!(row(&fixture), " SAY  lamp oil");
    let buffer = fixture.draw();
    let modifier = |column| buffer.cell((column, 22)).unwrap().modifier;
    assert!(!modifier(7).contains(Modifier::DIM) && modifier(8).contains(Modifier::DIM));
    fixture.press(KeyCode::Left);
    assert_eq!(row(&fixture), " SAY  la", "only at the end");
    fixture.press(KeyCode::Right);
    assert_eq!(draft(&fixture), "la");
    fixture.press(KeyCode::End);
    assert_eq!(draft(&fixture), "lamp oil");
}

#[test]
fn the_only_completion_is_suggested() {
    let mut fixture = writing(":unignore ");
    assert_eq!(row(&fixture), "!CMD  :unignore rude-tower:8081");
    fixture.press(KeyCode::Right);
    assert_eq!(draft(&fixture), ":unignore rude-tower:8081");
}

// === What will not work ===

#[test]
fn a_line_that_cannot_work_says_so_before_it_is_sent() {
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
    assert_eq!(fixture.press(KeyCode::Enter), [Effect::Run(NodeCommand::Rate(2.0))]);
}

#[test]
fn a_refused_line_stays_red_until_it_is_edited_whatever_else_goes_well() {
    let mut fixture = writing(":announce tower");
    assert!(row(&fixture).starts_with("!CMD"), "{}", fixture.screen());
    for _ in 0..3 {
        fixture.press(KeyCode::Enter);
        fixture.send(Msg::Done(Ok("something else went well".to_owned())));
        fixture.refresh();
        assert!(row(&fixture).starts_with("!CMD"));
        assert!(fixture.screen().contains("an address is written host:port"));
    }
    fixture.write(":8001");
    assert!(row(&fixture).starts_with(" CMD"));
}

#[test]
fn what_the_node_would_refuse_is_wrong_as_well() {
    let mut fixture = writing(":forget tower-3:8");
    fixture.write("0");
    assert!(row(&fixture).starts_with("!CMD"));
    assert!(fixture.screen().contains("no such peer"));
    assert_eq!(fixture.press(KeyCode::Enter), []);
    assert_eq!(draft(&fixture), ":forget tower-3:80");
    let peer = super::fixture::peer(clacks_p2p::core::Status::New, "tower-3:80", 1, None);
    fixture.peers.push(peer);
    fixture.press(KeyCode::Enter);
    let forgets = Effect::Run(NodeCommand::Forget(address("tower-3:80")));
    assert_eq!(fixture.press(KeyCode::Enter), [forgets], "it has become known meanwhile");
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
    (":station 1 size>2G", true, true),
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
fn a_line_is_red_before_enter_exactly_if_enter_refuses_it() {
    for is_replay in [false, true] {
        for (line, is_refused_live, is_refused_in_replay) in REFUSED {
            let mut fixture = if is_replay {
                super::replaying::in_replay(Fixture::busy(120, 40))
            } else {
                Fixture::busy(120, 40)
            };
            let is_refused = if is_replay { *is_refused_in_replay } else { *is_refused_live };
            fixture.press(KeyCode::Char(if line.starts_with(':') { ':' } else { 'i' }));
            if fixture.model.focus != Focus::Input {
                assert!(is_refused, "{line} can't even be begun");
                continue;
            }
            fixture.write(line.trim_start_matches(':'));
            let before = fixture.model.assist.refusal().map(str::to_owned);
            assert_eq!(before.is_some(), is_refused, "{line:?}, replay: {is_replay}: {before:?}");
            assert_eq!(row(&fixture).starts_with('!'), is_refused, "{line:?}: {}", fixture.screen());
            let effects = fixture.press(KeyCode::Enter);
            if is_refused {
                assert_eq!(effects, [], "{line:?}");
                assert_eq!(
                    (draft(&fixture), fixture.model.assist.refusal().map(str::to_owned)),
                    (*line, before)
                );
            } else {
                assert_ne!(draft(&fixture), *line, "{line:?} ran, replay: {is_replay}");
            }
        }
    }
}

#[test]
fn a_command_starts_empty_after_one_that_was_refused() {
    for (begin, begun) in [(':', ":"), ('/', ":filter "), ('t', ":theme ")] {
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
fn where_there_is_no_line_for_it_the_reason_stands_behind_the_draft() {
    let mut fixture = Fixture::busy(80, 7);
    fixture.write(":quit now");
    assert!(row(&fixture).starts_with("!CMD  :quit now  :quit takes nothing"), "{}", fixture.screen());
}

// === What was sent before ===

#[test]
fn the_history_is_searched_as_in_a_shell() {
    let mut fixture = writing("iGNU Terry");
    fixture.press(KeyCode::Enter);
    for sent in ["lamp oil", "gnu"] {
        fixture.write(sent);
        fixture.press(KeyCode::Enter);
    }
    fixture.write("draft");
    fixture.control('r');
    assert_eq!(row(&fixture), " SENT   : gnu");
    fixture.write("nu");
    assert_eq!(row(&fixture), " SENT  nu : gnu");
    fixture.control('r');
    assert_eq!(row(&fixture), " SENT  nu : GNU Terry");
    fixture.press(KeyCode::Esc);
    assert_eq!((draft(&fixture), fixture.model.focus), ("draft", Focus::Input));
    fixture.control('r');
    fixture.write("oil");
    assert_eq!(fixture.press(KeyCode::Enter), [], "it is taken and not yet sent");
    assert_eq!(draft(&fixture), "lamp oil");
    fixture.control('r');
    fixture.write("chess");
    assert!(row(&fixture).contains("nothing that was sent holds this"));
    fixture.control('g');
    assert_eq!(draft(&fixture), "lamp oil");
    assert_eq!(fixture.press(KeyCode::Enter), [enqueues("lamp oil")]);
}

#[test]
fn messages_and_commands_are_kept_but_not_twice_in_a_row() {
    let mut fixture = writing("ihello");
    fixture.press(KeyCode::Enter);
    fixture.write("hello");
    fixture.press(KeyCode::Enter);
    fixture.press(KeyCode::Esc);
    fixture.write(":rate 2");
    fixture.press(KeyCode::Enter);
    fixture.write(":rate fast");
    fixture.press(KeyCode::Enter);
    assert_eq!(fixture.remembered, ["hello", ":rate 2"]);
}

#[test]
fn a_line_behind_a_space_is_for_this_run_only() {
    let mut fixture = writing("i the key is under the mat");
    fixture.press(KeyCode::Enter);
    fixture.press(KeyCode::Up);
    assert_eq!(draft(&fixture), " the key is under the mat");
    fixture.send(Msg::Paste(" one\ntwo".to_owned()));
    fixture.press(KeyCode::Char('1'));
    assert_eq!(fixture.remembered, [""; 0]);
}

// === Pastes ===

#[test]
fn lines_are_sent_as_one_message_with_their_breaks_and_come_back_so() {
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
fn lines_are_sent_as_a_message_each_and_never_run() {
    let mut fixture = writing("imy draft");
    fixture.send(Msg::Paste(":quit\n\n  \nq".to_owned()));
    let messages = [":quit", "q"].map(|line| NodeCommand::Enqueue(Message::text(line))).to_vec();
    assert_eq!(fixture.press(KeyCode::Char('n')), [Effect::RunAll(messages)]);
    assert_eq!(draft(&fixture), "my draft");
}

#[test]
fn lines_are_edited_as_one_or_left() {
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
fn more_lines_than_may_be_messages_are_not_offered_as_such() {
    let mut fixture = Fixture::busy(120, 40);
    fixture.send(Msg::Paste("a line\n".repeat(1001)));
    assert!(row(&fixture).contains("1001 lines") && row(&fixture).contains("1000 at most"));
    assert_eq!(fixture.press(KeyCode::Char('n')), []);
    fixture.send(Msg::Paste("a line\n".repeat(1000)));
    assert!(row(&fixture).contains("n as 1000 messages"));
    assert!(matches!(&fixture.press(KeyCode::Char('n'))[..], [Effect::RunAll(all)] if all.len() == 1000));
    fixture.send(Msg::Paste("a line\n".repeat(1 << 20)));
    assert!(fixture.model.question.is_none());
    assert!(fixture.screen().contains("too long"));
}

#[test]
fn a_paste_is_kept_whole_or_refused_whole() {
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
fn a_paste_that_is_too_large_for_some_is_said_to_be_before_it_is_queued() {
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
fn a_full_line_says_so() {
    let mut fixture = writing("i");
    fixture.send(Msg::Paste("x".repeat(8 << 10)));
    fixture.press(KeyCode::Char('y'));
    assert_eq!(draft(&fixture).len(), 8 << 10);
    assert!(fixture.screen().contains("a line has 8192 bytes at most"), "{}", fixture.screen());
}

#[test]
fn a_command_takes_the_lines_of_a_paste_as_one() {
    let mut fixture = writing(":json ");
    fixture.send(Msg::Paste("{\n  \"a\": 1\n}\n".to_owned()));
    assert_eq!(draft(&fixture), ":json {   \"a\": 1 }");
}

#[test]
fn keys_that_nobody_typed_are_a_paste_and_not_keys() {
    let mut fixture = Fixture::busy(80, 24);
    assert_eq!(fixture.send(burst("qIFxUa")), []);
    assert_eq!((draft(&fixture), fixture.model.focus), ("qIFxUa", Focus::Input));
    fixture.press(KeyCode::Esc);
    assert_eq!(fixture.send(burst("quit\nI\nF\n")), []);
    assert!(row(&fixture).contains("PASTE? 3 lines"), "{}", row(&fixture));
    assert_eq!(fixture.send(burst("nnnnnn")), [], "a burst is no answer but no");
    assert_eq!(draft(&fixture), "qIFxUa");
}

#[test]
fn a_key_held_down_moves_and_fast_typing_is_text() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.send(burst("jjkjjkjjjj"));
    fixture.refresh();
    assert_eq!(fixture.model.peers.selected_peer().unwrap().address, address("rude-tower:8081"));
    fixture.press(KeyCode::Char('i'));
    fixture.send(burst("quickly"));
    assert_eq!(draft(&fixture), "quickly");
    assert_eq!(fixture.send(burst("!\n")), [enqueues("quickly!")]);
    fixture.send(burst("one\ntwo\n"));
    assert!(row(&fixture).contains("PASTE? 2 lines"), "lines are not sent one by one");
    fixture.press(KeyCode::Esc);
    assert_eq!(fixture.send(burst("one\x1bqqqIFx")), []);
    assert_eq!((draft(&fixture), fixture.model.focus), ("one", Focus::Lists), "nothing acts behind Esc");
}

#[test]
fn keys_that_nobody_typed_do_nothing_in_the_list_of_what_can_be_done() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.press(KeyCode::Char('?'));
    assert_eq!(fixture.send(burst("ignore\n")), []);
    assert!(fixture.model.menu.is_some(), "it only narrows the list");
}

#[test]
fn a_paste_while_searching_goes_into_what_was_found() {
    let mut fixture = writing("ihello");
    fixture.press(KeyCode::Enter);
    fixture.key(KeyEvent::new(KeyCode::Char('r'), KeyModifiers::CONTROL));
    fixture.send(Msg::Paste(" there".to_owned()));
    assert_eq!(draft(&fixture), "hello there");
}
