//! A toy network, live and recorded, in sentences.

use std::{
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use clacks_feed::{Near, Network, News, Source};
use clacks_language::command::{
    Command,
    argument::{Existing, RecordCommand},
};
use clacks_p2p::core::Now;
use clacks_peercloud::{core::Outcome, protocol::Path};
use clacks_recording::{recorder::Recorder, replay::Replay};
use clacks_text::charset::Charset;
use clacks_toy::Toy;
use jiff::tz::TimeZone;

use super::*;
use crate::{
    accessible::{
        AccessibleOptions,
        answers::{Answer, QueryContext, answer, select_item},
        narrator::{Happening, Narrator},
        replay::{Pace, Session},
        tests::assert_sentences_of,
        undo::UndoHistory,
    },
    networks,
};

/// Somebody who listens to a toy.
struct Heard {
    toy: Arc<Toy>,
    near: Near,
    lists: Lists,
    narrator: Narrator,
    cursor: ListCursor,
    undo_history: UndoHistory,
}

impl Heard {
    fn new() -> Self {
        let toy = Toy::start(1);
        Self {
            near: Near::new(toy.clone()),
            lists: Lists::of(toy.clone()),
            narrator: Narrator::new(None, Charset::Unicode, toy.description().clone()),
            cursor: ListCursor::default(),
            undo_history: UndoHistory::default(),
            toy,
        }
    }

    /// The sentences about what has happened since the last time, without their times of day.
    fn listen(&mut self) -> Vec<String> {
        let mut cx = Context::from_waker(Waker::noop());
        let mut texts = Vec::new();
        while let Poll::Ready(Some(News::Event(event))) = self.near.poll_news(&mut cx) {
            texts.extend(self.narrator.narrate_all(Happening::Event(&event)));
        }
        texts.into_iter().map(|text| text[6..].to_owned()).collect()
    }

    /// The answer to a line.
    async fn say(&mut self, line: &str) -> Vec<String> {
        let clacks_feed::Now { uptime, unix_ms } = self.toy.now();
        let now = Now { uptime, unix_ms };
        let source = QueryContext { lists: &self.lists, now, settings: None };
        let named = select_item(line, (&mut self.cursor, &self.narrator), &source);
        let parse = || Command::parse(line, self.toy.description()).map_err(|error| error.to_string());
        let texts = match named.unwrap_or_else(parse) {
            Ok(Command::View(ViewCommand::Undo)) => {
                vec![phrases::reply(self.undo_history.undo(self.toy.clone()).await)]
            }
            Ok(Command::View(command)) => {
                match answer(command, &mut self.cursor, &mut self.narrator, &source) {
                    Answer::Sentences(texts) => texts,
                    other => panic!("{line}: {other:?}"),
                }
            }
            Ok(command) => {
                let call = networks::call(&*self.toy, &command).unwrap();
                vec![phrases::reply(self.undo_history.call(self.toy.clone(), call).await)]
            }
            Err(reason) => vec![phrases::reply(Err(reason))],
        };
        assert_sentences_of(line, &texts);
        texts
    }
}

fn happen(toy: &Toy) {
    toy.with_core(|core, now| {
        core.find("tower", now);
        core.receive("GNU Terry Pratchett".into(), "tower", now);
    });
    toy.pass(Duration::from_secs(3));
}

#[tokio::test]
async fn a_live_toy_is_told_in_sentences() {
    let mut heard = Heard::new();
    let nothing = "Nothing is selected. :peers, :queue and :traffic tell lists, :up and :down go through them, and \
                   :open KEY names an item.";
    assert_eq!(heard.say(":open").await, [nothing]);
    assert_eq!(heard.say(":down").await, ["No list was told yet; :peers, :queue and :traffic do it."]);
    assert_eq!(heard.say(":queue").await, ["0 cards.", "No card waits here.", ":post writes one."]);
    happen(&heard.toy);
    let told = heard.listen();
    assert_eq!(told, ["tower found; open.", "in from tower: GNU Terry Pratchett, accepted."]);
    for (line, answer) in [
        (":peers", "1 box: 1 open. tower, open, since 3 s, sent 0."),
        (":queue", "1 card. GNU Terry Pratchett, since 3 s, stamps 1, from tower, number 1."),
        (":held", "It did not work: toy has no :held."),
        (":list boxes", "1 box: 1 open."),
        (":list crates", "It did not work: toy has no list crates."),
        (":queue", "1 card."),
        (":next-pane", "tower found; open."),
        (":next-pane", "1 box: 1 open."),
        (":open tower", "Name: tower. Status: open."),
        (":open 1", "Its text: GNU Terry Pratchett. Stamp: tower."),
        (":open 99", "It did not work: toy has no 99."),
        (":limits", "Cards at most: 1000; 1 used."),
        (":why", "It did not work: toy has no :why."),
        ("a card", "Posted a card"),
        (":ignore tower", "Ignored 1 box; :undo takes it back, for 10 seconds."),
        (":peers", "1 box: 1 ignored."),
        (":undo", "As before."),
        (":announce a:1", "It did not work: there is no command :announce; :help lists them."),
        (":traffic", "GNU Terry Pratchett"),
    ] {
        let texts = heard.say(line).await.join(" ");
        assert!(texts.contains(answer), "{line}: {texts}");
        heard.listen();
    }
}

#[tokio::test]
async fn long_lists_of_a_toy_are_read_page_by_page() {
    let mut heard = Heard::new();
    heard.toy.with_core(|core, now| {
        core.set_limit(25_000);
        while core.post("GNU".into(), now).is_some() {}
    });
    let first = heard.say(":queue").await;
    assert_eq!((first.len(), first[0].as_str()), (PAGE + 2, "25000 cards."));
    for (line, answer) in [
        (":more", "number 31."),
        (":bottom", "25000 of 25000: GNU"),
        (":up", "24999 of 25000: GNU"),
        (":page-up", "number 24998."),
        (":top", "1 of 25000: GNU"),
    ] {
        let texts = heard.say(line).await.join(" ");
        assert!(texts.contains(answer), "{line}: {texts}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorded_toy_is_told_in_sentences() {
    let (toy, directory) = (Toy::start(1), tempfile::tempdir().unwrap());
    let path = directory.path().join("r.jsonl");
    let mut recorder = Recorder::with_texts(toy.clone(), None);
    recorder.carry_out(RecordCommand::Start(path.clone(), Existing::Refuse)).await.unwrap();
    happen(&toy);
    recorder.stop().await.unwrap().unwrap();
    let replay = Replay::open(&path, &[], 1.0, TimeZone::UTC, |_| {}).unwrap();
    let (to_session, _replies) = tokio::sync::mpsc::channel(8);
    let options = AccessibleOptions::default();
    let mut session = Session::new(replay, options, Pace::AtOnce, to_session);
    let mut told = Vec::new();
    while !session.is_leaving() {
        told.extend(session.listen().await);
    }
    let told = told.join(" ");
    assert!(told.contains("tower found; open.") && told.contains("GNU Terry Pratchett"), "{told}");
    let texts = session.say(":peers");
    assert!(texts.contains("1 box: 1 open. tower, open, since 3 s, sent 0."), "{texts}");
}

#[tokio::test]
async fn a_peercloud_node_is_told_with_names_and_its_pictures_in_sentences() {
    let options = |options: &mut clacks_peercloud::core::Options| options.check_interval = None;
    let manual = clacks_peercloud::Node::builder().options(options).manual().await.unwrap();
    let network = networks::peercloud(manual.node());
    let (lists, mut near) = (Lists::of(network.clone()), Near::new(network.clone()));
    let mut narrator = Narrator::new(None, Charset::Unicode, network.description().clone());
    let id = "e40b47db-3a4f-4a11-8f5c-6b1f0c9d1a77";
    let sender = clacks_peercloud::Id::new(id).unwrap();
    let body = serde_json::json!({ "id": id, "port": 4000, "data": { "name": "orchard" } }).to_string();
    manual.receive([127, 0, 0, 1].into(), Some(&sender), Path::Join, body.as_bytes());
    while let Some(request) = manual.pop_request() {
        let body = serde_json::json!({ "id": id }).to_string().into_bytes();
        let remote = Some([127, 0, 0, 1].into());
        let outcome = Outcome::Answered { status: 200, body, remote, is_ours: false };
        manual.handle_outcome(request.id, outcome);
    }
    let mut cx = Context::from_waker(Waker::noop());
    let mut texts = Vec::new();
    while let Poll::Ready(Some(News::Event(event))) = near.poll_news(&mut cx) {
        learn_names(&event, &lists, &mut narrator);
        texts.extend(narrator.narrate_all(Happening::Event(&event)));
    }
    let told = texts.join(" ");
    assert!(told.contains("orchard e40b") && !told.contains(id), "{told}");
    let clacks_feed::Now { uptime, unix_ms } = network.now();
    let mut cursor = ListCursor::default();
    for (line, expected) in [
        (":joins", "1 joined, 0 left. At "),
        (":joins", ", orchard e40b: joined; we let it in."),
        (":checks", "1 member. orchard e40b: unchecked, never checked, it never checked this node."),
        (":tower", "It did not work: peercloud has no :tower."),
    ] {
        let source = QueryContext { lists: &lists, now: Now { uptime, unix_ms }, settings: None };
        let named = select_item(line, (&mut cursor, &narrator), &source);
        let parse = || Command::parse(line, network.description()).map_err(|error| error.to_string());
        let texts = match named.unwrap_or_else(parse) {
            Ok(Command::View(command)) => match answer(command, &mut cursor, &mut narrator, &source) {
                Answer::Sentences(texts) => texts,
                other => panic!("{line}: {other:?}"),
            },
            other => vec![phrases::reply(Err(other.unwrap_err()))],
        };
        assert!(texts.join(" ").contains(expected), "{line}: {texts:?}");
    }
    let help = phrases::help(network.description()).join(" ");
    assert!(help.contains(":peers: list the members."), "{help}");
}
