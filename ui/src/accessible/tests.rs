//! Answers of the accessible mode.

use std::{
    collections::BTreeSet,
    future::poll_fn,
    path::Path,
    task::{Context, Poll, Waker},
};

use crate::core_event::core_event;
use clacks_feed::{Near, Source as _, description::Description};
use clacks_language::command::{Argument, Known, table::COMMANDS};
use clacks_p2p::{Message, Node, core};
use clacks_p2p_feed::description::describe;
use tempfile::TempDir;

use super::*;
use crate::{bootstrap::Introducer, peer_list::PeerLists, platform::signals::Signal};

mod stopping;

/// Commands that have no effect in the accessible mode, besides those that edit the input line. Each is answered with
/// the reason.
const DO_NOTHING_HERE: [&str; 18] = [
    "interrupt",
    "net",
    "sort",
    "only",
    "zoom",
    "map",
    "copy",
    "tower",
    "motion",
    "theme",
    "mark",
    "unmark",
    "mouse",
    "suspend",
    "redraw",
    "edit-in-editor",
    "close",
    "choose",
];
/// Commands that edit or focus the input line of the screen, or search text on it.
const OF_THE_LINE: [&str; 23] = [
    "say",
    "prompt",
    "search",
    "next-match",
    "previous-match",
    "send",
    "leave",
    "clear",
    "complete",
    "complete-back",
    "search-history",
    "take",
    "take-back",
    "history-back",
    "history-on",
    "left",
    "right",
    "word-left",
    "word-right",
    "line-start",
    "line-end",
    "delete-word",
    "delete-before",
];
const ALSO_OF_THE_LINE: [&str; 2] = ["delete-behind", "put-back"];

/// A session with a node, and its recorder and directory.
struct Heard {
    session: Session,
    near: Near,
    recorder: Recorder,
    replies: mpsc::Receiver<Reply>,
    directory: TempDir,
}

impl Heard {
    async fn start() -> Self {
        Self::with(&Node::builder().hostname("127.0.0.1").port(0).start().await.unwrap())
    }

    fn with(node: &Node) -> Self {
        let (to_session, replies) = mpsc::channel(REPLIES);
        let peer_lists = PeerLists::new(Introducer::new(node), &[]);
        let clacks = Clacks { node: node.clone(), peer_lists };
        let session =
            Session::new(networks::clacks(node), Some(clacks), AccessibleOptions::default(), to_session);
        let recorder = Recorder::of(networks::clacks(node), None);
        let near = Near::new(networks::clacks(node));
        Self { session, near, recorder, replies, directory: TempDir::new().unwrap() }
    }

    fn node(&self) -> &Node {
        &self.session.clacks.as_ref().unwrap().node
    }

    /// Tells the session what has happened.
    fn catch_up(&mut self) {
        let mut context = Context::from_waker(Waker::noop());
        while let Poll::Ready(Some(news)) = self.near.poll_news(&mut context) {
            self.session.on_news(&news);
        }
    }

    /// The answer to a line. Waits for it if the command takes a while.
    async fn say(&mut self, line: &str) -> Vec<String> {
        let texts = self.session.on_line(Some(Ok(line.to_owned())), &mut self.recorder).await;
        if !texts.is_empty() || self.session.is_leaving {
            return texts;
        }
        let reply = self.replies.recv().await.unwrap();
        self.session.on_reply(reply)
    }

    async fn hear(&mut self, line: &str) -> String {
        self.say(line).await.join(" ")
    }
}

/// A line with this command and a valid argument. Files are in this directory.
pub(crate) fn example(known: Known<'_>, directory: &Path) -> String {
    let file = directory.join("file.jsonl");
    let argument = match known {
        Known::Face(spec) => match spec.argument {
            Argument::File | Argument::FileOrNothing => file.display().to_string(),
            Argument::ListOrNothing => "/dev/null".to_owned(),
            Argument::Choice(_, choices) => choices.first().unwrap_or(&"").to_string(),
            argument => argument.example().to_owned(),
        },
        Known::Node(command) => command.example(),
    };
    format!(":{} {argument}", known.name()).trim_end().to_owned()
}

/// All commands of the interface and of a network.
pub(crate) fn every_command(network: &Description) -> Vec<Known<'_>> {
    let own = Known::all(network).filter(|known| matches!(known, Known::Node(_)));
    own.chain(COMMANDS.iter().map(Known::Face)).collect()
}

/// As [`assert_sentences`], for an answer that may end with the text of a message.
#[track_caller]
pub(crate) fn assert_sentences_of(line: &str, texts: &[String]) {
    assert!(!texts.is_empty(), "{line}");
    for sentence in texts {
        assert!(sentence.ends_with(['.', '?', '!', ':']) && !sentence.ends_with(".."), "{line}: {sentence}");
    }
}

#[track_caller]
pub(crate) fn assert_sentences(line: &str, texts: &[String]) {
    assert!(!texts.is_empty(), "{line}");
    for sentence in texts {
        assert!(sentence.ends_with(['.', '?', ':']), "{line}: {sentence}");
        assert!(
            !['.', '?', '!'].iter().any(|end| sentence.ends_with(&format!("{end}."))),
            "{line}: {sentence}"
        );
        let (word, first) = (sentence.split(' ').next().unwrap(), sentence.chars().next().unwrap());
        assert!(!first.is_lowercase() || word.contains(':'), "{line}: {sentence}");
        for evasion in ["for the screen", "for the dashboard", "does nothing here"] {
            assert!(!sentence.contains(evasion), "{line}: {sentence}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_is_answered_by_a_sentence() {
    let mut idle = BTreeSet::new();
    let network = describe("tower:1".into());
    for known in every_command(&network) {
        let mut heard = Heard::start().await;
        let line = example(known, heard.directory.path());
        if let Ok(Command::View(command)) = Command::parse_bound(&line, &network)
            && unsupported::unsupported(&command).is_some()
        {
            idle.insert(known.name());
        }
        let texts = heard.say(&line).await;
        if known.name().starts_with("quit") {
            assert!(heard.session.is_leaving, "{line}");
            continue;
        }
        assert_sentences(&line, &texts);
        heard.recorder.stop().await;
        heard.node().stop().await;
    }
    let documented = DO_NOTHING_HERE.iter().chain(&OF_THE_LINE).chain(&ALSO_OF_THE_LINE).copied();
    assert_eq!(idle, documented.collect());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_a_sentence_ends_with_one_full_stop() {
    for text in ["Hello there.", "Who is there?", "Oh!"] {
        let mut heard = Heard::start().await;
        let filters = [":hold zzz.", ":filter zzz.", ":filter", ":station 2 zzz"].map(str::to_owned);
        let mut texts = heard.say(text).await;
        heard.catch_up();
        let id = heard.node().queue_window(0..1)[0].id;
        let about = ["open", "biography", "edit", "hold", "open", "drop"].map(|name| format!(":{name} {id}"));
        let lists =
            [":traffic", ":open", ":biography", ":queue", ":charts", ":why", ":stations", ":limits", ":held"];
        for line in filters.into_iter().chain(lists.map(str::to_owned)).chain(about) {
            let said = heard.say(&line).await;
            assert_sentences_of(&line, &said);
            assert!(
                !said.concat().contains(&format!("{text}.")) && !said.concat().contains(".,"),
                "{line}: {said:?}"
            );
            texts.extend(said);
        }
        let start = text.trim_end_matches('.');
        assert!(texts.iter().filter(|texts| texts.contains(start)).count() >= 6, "{texts:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_answered_only_by_a_line_started_after_it() {
    let mut heard = Heard::start().await;
    heard.node().enqueue(Message::text("one")).unwrap();
    let keys = |keys: &[u8]| Input::Keys(keys.to_vec());
    let mut keyboard = Keyboard::none();
    let is_question =
        |texts: &OutputPart| matches!(texts, OutputPart::Sentence(sentence) if sentence.contains("Leave?"));
    let began_with = clacks_p2p_feed::UnsentCounts { waiting: 1, held: 0, is_anybody_there: true };
    heard.session.draining = Some(Draining { began_with, with_held: false, exits_after: false });
    heard.session.on_input(keys(b"y"), &mut keyboard, &mut heard.recorder).await;
    let texts = heard.session.on_reply(Reply::Drained(Err(DrainError::OutOfTime)));
    assert_eq!(heard.session.prompt.announce(texts), [], "somebody is typing");
    let texts = heard.session.on_input(keys(b"\r"), &mut keyboard, &mut heard.recorder).await;
    assert!(!heard.session.is_leaving && heard.node().queue_len() == 2, "{texts:?}");
    assert!(texts.last().is_some_and(is_question), "{texts:?}");
    heard.session.on_input(keys(b"y\r"), &mut keyboard, &mut heard.recorder).await;
    assert!(heard.session.is_leaving, "this is an answer");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_question_is_asked_after_the_line_is_discarded_unless_nothing_is_left() {
    for (keys, is_asked) in [(None, true), (Some(&b"\x15"[..]), true), (Some(b":drop all\r"), false)] {
        let mut heard = Heard::start().await;
        heard.node().enqueue(Message::text("one")).unwrap();
        heard.session.prompt.press(keys.map_or(&b"x"[..], |keys| if keys[0] == b':' { b"" } else { b"x" }));
        heard.session.question = LeaveQuestion::Pending;
        let texts = match keys {
            None => heard.session.on_signal(Signal::Interrupt),
            Some(keys) => {
                heard
                    .session
                    .on_input(Input::Keys(keys.to_vec()), &mut Keyboard::none(), &mut heard.recorder)
                    .await
            }
        };
        let asked = texts
            .iter()
            .any(|texts| matches!(texts, OutputPart::Sentence(texts) if texts.contains("Leave?")));
        assert_eq!((asked, heard.session.is_leaving), (is_asked, !is_asked), "{keys:?}: {texts:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_undo_can_be_repeated() {
    let builder = Node::builder().hostname("127.0.0.1").port(0);
    let node = builder.options(|options| options.max_queue_messages = 2).start().await.unwrap();
    let mut heard = Heard::with(&node);
    for (line, answer) in [
        ("one", "Queued as 1."),
        ("two", "Queued as 2."),
        (":drop all", ":undo takes it back"),
        ("three", "Queued as 3."),
        (":undo", "the queue is full"),
        (":drop 3", ":undo takes it back"),
    ] {
        let texts = heard.hear(line).await;
        assert!(texts.contains(answer), "{line}: {texts}");
    }
    // The newest command is undone first, and gets the space back.
    for (line, answer) in
        [(":undo", "1 message is back"), (":undo", "the queue is full"), (":drop 4", "It did not work")]
    {
        let texts = heard.hear(line).await;
        assert!(texts.contains(answer), "{line}: {texts}");
    }
    heard.node().drop_these(&[heard.node().queue_window(1..2)[0].id]);
    assert!(heard.hear(":undo").await.contains("1 message is back"));
    assert_eq!(heard.node().queue_len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drop_and_an_ignore_are_undone() {
    let mut heard = Heard::start().await;
    for (line, answer) in [
        ("one", "Queued as 1."),
        (":undo", "It did not work: there is nothing to take back."),
        (":drop 1", "Dropped 1; :undo takes it back, for 10 seconds."),
        (":queue", "0 messages in the queue."),
        (":undo", "1 message is back"),
        (":drop all", ":undo takes it back"),
        (":undo", "1 message is back"),
        (":queue", "1 message in the queue."),
        (":ignore tower:1", "Ignored tower:1; :undo takes it back"),
        (":undo", "tower:1"),
        (":ignore ip:192.0.2.7", ":undo takes it back"),
        (":undo", "no longer ignored"),
    ] {
        let texts = heard.hear(line).await;
        assert!(texts.contains(answer), "{line}: {texts}");
    }
    assert!(heard.node().ignored_remotes().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_list_is_read_page_by_page() {
    const COUNT: usize = 70;
    for list in [":queue", ":peers"] {
        let mut heard = Heard::start().await;
        // Identical messages: nothing is sent, because there is no peer.
        for number in 0..COUNT {
            match list {
                ":queue" => drop(heard.node().enqueue(Message::text(&format!("message {number}")))),
                _ => drop(heard.node().add_peer(&format!("tower-{number:02}:1").parse().unwrap())),
            }
        }
        let mut texts = heard.say(list).await;
        while texts.last().is_some_and(|last| last.ends_with("more; :more tells them.")) {
            texts.pop();
            texts.extend(heard.say(":more").await);
        }
        let items =
            texts.iter().filter(|texts| texts.starts_with("Waiting") || texts.contains(":1, new for"));
        assert_eq!(items.collect::<BTreeSet<_>>().len(), COUNT, "{texts:?}");
        for (line, answer) in [
            (":more", "That was the last."),
            (":top", "1 of 70: "),
            (":down", "2 of 70: "),
            (":up", "1 of 70: "),
            (":up", "That was the first."),
            (":bottom", "70 of 70: "),
            (":down", "That was the last."),
        ] {
            let texts = heard.hear(line).await;
            assert!(texts.starts_with(answer), "{line}: {texts}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn open_tells_the_same_facts_as_the_dashboard() {
    let mut heard = Heard::start().await;
    heard.node().set_send_rate(0.001).unwrap();
    heard.hear("a message").await;
    let id = heard.node().queue_window(0..1)[0].id;
    let texts = heard.hear(&format!(":open {id}")).await;
    for fact in ["Number: ", "Here: for ", "From: you.", "Seen here: once.", "Size: ", "Its text: a message."]
    {
        assert!(texts.contains(fact), "{fact}: {texts}");
    }
    let other = Node::builder().hostname("127.0.0.1").port(0).start().await.unwrap();
    let there = other.address();
    assert!(heard.hear(&format!(":announce {there}")).await.contains("nnounced to"));
    let texts = heard.hear(&format!(":open {there}")).await;
    for fact in [
        "Address: ",
        "Status: ",
        "Proof: answered us at that address",
        "Round trip: ",
        "Accepted: ",
        "Failed: ",
        "Sent: ",
        "Share: ",
        "Identifier: ",
        &format!("Certificate: {}", other.certificate()),
    ] {
        assert!(texts.contains(fact), "{fact}: {texts}");
    }
    while let Some(news) = poll_fn(|cx| heard.near.poll_news(cx)).await {
        heard.session.on_news(&news);
        let News::Event(event) = news else { continue };
        if matches!(core_event(&event), Some(core::Event::MessageDelivered { .. })) {
            break;
        }
    }
    heard.hear("one more").await;
    let texts = heard.hear(":why").await;
    assert!(
        texts.contains("At most 0.001 a second are sent. The next goes in ")
            && texts.contains("The last went at "),
        "{texts}"
    );
    let texts = heard.hear(":charts").await;
    for fact in ["A second in the last minute: ", " in, ", " out, ", "Since the start: "] {
        assert!(texts.contains(fact), "{fact}: {texts}");
    }
    for wrong in [":open 999", ":open nobody:1", ":open no address", ":biography 999"] {
        assert!(heard.hear(wrong).await.starts_with("It did not work: "), "{wrong}");
    }
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn biography_tells_the_history_of_a_message() {
    let mut heard = Heard::start().await;
    heard.hear("a message").await;
    let id = heard.node().queue_window(0..1)[0].id;
    heard.catch_up();
    let texts = heard.hear(&format!(":biography {id}")).await;
    for fact in [
        "The life of the message: a message.",
        "Seen here: 1 visit.",
        "Came from: typed here.",
        "still here.",
    ] {
        assert!(texts.contains(fact), "{fact}: {texts}");
    }
    heard.hear(":traffic").await;
    assert_eq!(heard.hear(":biography").await, texts, "the last of the traffic is selected");
}

#[tokio::test(flavor = "multi_thread")]
async fn stations_are_saved_shown_and_cleared() {
    let mut heard = Heard::start().await;
    for (line, answer) in [
        (":stations", "There are no stations; :station 1 FILTER makes one."),
        (":station 3", "It did not work: there is no station 3"),
        (":station 3 bell gnu", "tation 3 is bell gnu"),
        (":stations", "Station 3: bell gnu, nothing came for it."),
        (":station 3", "Only traffic is told that this admits: gnu"),
        (":station 3", "All traffic is told"),
        (":station 3 clear", "tation 3 is free"),
        (":stations", "There are no stations"),
    ] {
        let texts = heard.hear(line).await;
        assert!(texts.contains(answer), "{line}: {texts}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_traffic_is_written_to_a_file() {
    let mut heard = Heard::start().await;
    heard.hear("a message").await;
    heard.catch_up();
    let path = heard.directory.path().join("t.jsonl");
    let texts = heard.hear(&format!(":write {}", path.display())).await;
    assert!(texts.contains("rote 1 row in "), "{texts}");
    assert!(std::fs::read_to_string(&path).unwrap().contains("a message"));
    let again = heard.hear(&format!(":write {}", path.display())).await;
    assert!(again.starts_with("It did not work: ") && again.contains(":write!"), "{again}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_line_is_answered_with_the_reason_that_the_screen_shows() {
    for line in [
        ":rate 0",
        ":ignore x",
        ":write x.txt",
        ":qu",
        ":json 0",
        ":drop 99",
        ":drop all",
        ":drop type:out",
        ":hold 99",
        ":hold status:lost",
        ":edit 99 x",
        ":release all",
        ":unhold",
        ":forget a:1",
        ":unignore a:1",
        ":unignore ip:192.0.2.7",
        ":quit now",
    ] {
        let mut heard = Heard::start().await;
        let reason = match Command::parse(line, &describe("tower:1".into())) {
            Err(error) => error.to_string(),
            Ok(command @ (Command::Say(_) | Command::Node(_))) => {
                let network = heard.session.network.clone();
                let call = networks::call(&*network, &command).unwrap();
                match network.check(&call) {
                    clacks_feed::Check::Wrong(reason) => reason.untrusted().to_owned(),
                    // More characters could mend it, so its reason is not said before it is called.
                    clacks_feed::Check::Begun => {
                        let refusal = network.call(call).await.unwrap_err();
                        refusal.text.untrusted().to_owned()
                    }
                    clacks_feed::Check::Works => panic!("{line} works"),
                }
            }
            Ok(Command::View(command)) => panic!("{command:?} is not refused"),
        };
        assert_eq!(heard.hear(line).await, format!("It did not work: {reason}."), "{line}");
        heard.node().stop().await;
    }
    let mut heard = Heard::start().await;
    assert!(heard.hear(":pause").await.contains("no replay"));
}
