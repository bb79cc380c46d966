use clacks_p2p_feed::description::describe;
use clacks_p2p_feed::version_1::{Version1, scripted::Recording};
use jiff::tz::TimeZone;
use tempfile::TempDir;

use super::*;
use crate::accessible::tests::{assert_sentences, every_command, example};

fn session(pace: Pace) -> (Session, TempDir) {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("r.jsonl");
    Recording::make(5, 200).write(&path);
    let mut player = Replay::open(&path, &[&Version1], 1.0, TimeZone::system(), |_| {}).unwrap();
    player.pause(pace == Pace::AsItHappened);
    (Session::new(player, AccessibleOptions::default(), pace, mpsc::channel(8).0), directory)
}

fn say(session: &mut Session, line: &str) -> String {
    session.say(line)
}

async fn listen(session: &mut Session) -> String {
    session.listen().await.join(" ")
}

#[tokio::test]
async fn at_once_the_whole_recording_is_read_and_the_program_exits() {
    let (mut session, _directory) = session(Pace::AtOnce);
    let mut texts = 0;
    while !session.is_leaving {
        texts += usize::from(!listen(&mut session).await.is_empty());
    }
    assert!(texts > crate::accessible::digest::MAX_PER_PERIOD && session.welcome().is_empty(), "{texts}");
}

#[tokio::test]
async fn damaged_lines_are_counted_before_the_first_sentence() {
    for pace in [Pace::AtOnce, Pace::AsItHappened] {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("r.jsonl");
        Recording::make(5, 200).write(&path);
        let mut lines: Vec<_> = std::fs::read_to_string(&path).unwrap().lines().map(str::to_owned).collect();
        lines[2].truncate(9);
        lines[4].insert(3, 'x');
        std::fs::write(&path, lines.join("\n") + "\n").unwrap();
        let player = Replay::open(&path, &[&Version1], 1.0, TimeZone::system(), |_| {}).unwrap();
        let session = Session::new(player, AccessibleOptions::default(), pace, mpsc::channel(8).0);
        let told = session.welcome().join(" ");
        let skipped = "Left out of the recording: 2 lines that cannot be read (the first is line 3).";
        assert!(told.contains(skipped), "{pace:?}: {told}");
    }
}

#[tokio::test]
async fn queries_of_a_replay_are_answered_in_sentences() {
    let (mut session, _directory) = session(Pace::AsItHappened);
    session.is_interactive = true;
    for (line, answer) in [
        ("hello", "It did not work: this is a replay: nothing is sent."),
        (":ignore a:1", "nothing is sent"),
        (":record r.jsonl", "nothing is sent"),
        (":theme dark", "There is nothing to colour here"),
        (":limits", "What the limits were set to is not recorded"),
        (":jump soon", "It did not work: a replay jumps to a place"),
        (":speed 4", ", paused."),
        (":pause", "At 0:00 of "),
        (":pause", ", paused."),
        (":peers", " peers: "),
        (":queue", "in the queue"),
        (":held", "held."),
        (":more", "That was the last."),
        (":undo", "nothing is sent"),
        (":why", "Nothing has been sent yet."),
        (":traffic", "Nothing has come or gone yet."),
        (":filter a", "Only traffic is told"),
        (":filter", "All traffic is told"),
        (":help", ":jump PLACE: "),
    ] {
        let texts = say(&mut session, line);
        assert!(texts.contains(answer), "{line}: {texts}");
    }
}

#[tokio::test]
async fn every_command_is_answered_by_a_sentence() {
    let network = describe("tower:1".into());
    for known in every_command(&network) {
        let (mut session, directory) = session(Pace::AsItHappened);
        session.is_interactive = true;
        let line = example(known, directory.path());
        let texts = session.on_line(Some(Ok(line.clone())));
        match known.name() {
            "quit" | "quit!" => assert!(session.is_leaving),
            // Their result is announced when it arrives.
            "step" | "jump" | "write" | "write!" => assert!(texts.is_empty(), "{line}: {texts:?}"),
            _ => assert_sentences(&line, &texts),
        }
    }
}

#[tokio::test]
async fn lists_and_items_are_read_in_a_replay() {
    let (mut session, _directory) = session(Pace::AsItHappened);
    session.is_interactive = true;
    say(&mut session, ":jump 1h");
    while listen(&mut session).await.is_empty() {}
    say(&mut session, ":peers");
    assert!(say(&mut session, ":open").contains("Certificate: not seen yet."));
    let texts = say(&mut session, ":why");
    assert!(texts.contains("The last went at ") && texts.contains("Why there: "), "{texts}");
    let limits = say(&mut session, ":limits");
    assert!(limits.contains("ignored"), "{limits}");
}

#[tokio::test]
async fn a_step_is_announced_and_a_jump_on_arrival() {
    let (mut session, _directory) = session(Pace::AsItHappened);
    session.is_interactive = true;
    assert_eq!(say(&mut session, ":step"), "");
    assert!(!listen(&mut session).await.is_empty());
    for (line, place) in [(":jump 20s", "At 0:20 of "), (":jump 5s", "At 0:05 of "), (":jump 1h", "its end")]
    {
        assert_eq!(say(&mut session, line), "");
        let mut texts = String::new();
        while texts.is_empty() {
            texts = listen(&mut session).await;
        }
        assert!(texts.contains(place), "{line}: {texts}");
        assert!(session.narrator.log().len() > 1);
    }
    say(&mut session, ":quit");
    assert!(session.is_leaving);
}
