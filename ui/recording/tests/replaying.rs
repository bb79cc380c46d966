//! Recordings that are played: their moments, jumps and commands.

use std::{
    fs,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use clacks_feed::{
    Answer, Call, Check, Event, Link, Network, News, Outcome, Refusal, Request, Source, View, Window,
    description::{EventId, ListId},
};
use clacks_language::command::argument::{Existing, RecordCommand};
use clacks_p2p::{Message, Node};
use clacks_p2p_feed::ClacksNetwork;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use tempfile::TempDir;
use tokio::runtime::Builder;

use super::toy::{Moment, Recorded, settle};
use crate::{
    files::Files,
    recorder::Recorder,
    replay::Replay,
    writer::{Texts, Writer},
};

pub(super) fn block_on<T>(future: impl Future<Output = T>) -> T {
    Builder::new_current_thread().enable_all().start_paused(true).build().unwrap().block_on(future)
}

pub(super) fn events(news: &[News]) -> Vec<&Event> {
    news.iter().filter_map(|news| if let News::Event(event) = news { Some(event) } else { None }).collect()
}

fn begins(replay: &Replay) -> Duration {
    replay.facts().begins.uptime
}

#[test]
fn a_replay_has_at_every_moment_what_the_node_had_and_every_event() {
    block_on(async {
        let recorded = Recorded::make(3, 120);
        let mut replay = recorded.open();
        replay.pause(true);
        assert_eq!((replay.remark(), replay.playback().position), (None, Duration::ZERO));
        let mut seen = Vec::new();
        for moment in &recorded.moments {
            replay.jump(moment.uptime.saturating_sub(begins(&replay)));
            seen.extend(settle(&mut replay).await);
            moment.is_of(&*replay.network());
            assert_eq!(replay.now().uptime, moment.uptime);
        }
        let seen = events(&seen);
        assert_eq!(seen.len() as u64, replay.facts().events);
        assert!(seen.windows(2).all(|pair| pair[1].seq == pair[0].seq + 1));
        assert!(seen.iter().all(|event| event.kind != EventId::UNKNOWN));
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_jump_leads_to_what_playing_from_the_start_leads_to(
        seed in 0_u64..1000, places in proptest::collection::vec(0_usize..100, 1..12),
    ) {
        block_on(async {
            let recorded = Recorded::make(seed, 100);
            let mut replay = recorded.open();
            replay.pause(true);
            for place in places {
                let moment = &recorded.moments[place];
                let goes_back = moment.uptime < replay.now().uptime;
                replay.jump(moment.uptime.saturating_sub(begins(&replay)));
                let news = settle(&mut replay).await;
                moment.is_of(&*replay.network());
                let is_told = matches!(news.first(), Some(News::Back { restarted: false }));
                // Where nothing happened in between, the rows are the same.
                assert!(goes_back || !is_told, "{news:?}");
                // Not from the start: a state is there every 40 steps.
                assert!(!goes_back || events(&news).len() < 130, "{}", events(&news).len());
            }
        });
    }
}

#[test]
fn a_jump_over_a_lot_restores_the_state_behind_it_and_says_how_much_was_missed() {
    block_on(async {
        let mut recorded = Recorded::begin(1, u64::MAX);
        let text = "x".repeat(100_000);
        recorded.step();
        for _ in 0..100 {
            let number = recorded.toy.with_core(|core, now| core.post(text.as_str().into(), now));
            recorded.toy.with_core(|core, _| number.map(|number| core.drop_card(number)));
            recorded.catch_up();
        }
        recorded.toy.pass(Duration::from_secs(1));
        recorded.state();
        recorded.step();
        recorded.step();
        let mut replay = recorded.open();
        replay.pause(true);
        let last = recorded.moments.last().unwrap();
        replay.jump(last.uptime.saturating_sub(begins(&replay)));
        let news = settle(&mut replay).await;
        let [News::Lagged(missed), rest @ ..] = &news[..] else { panic!("{news:?}") };
        let rest = events(rest);
        assert!(*missed >= 200, "{missed}");
        let all = replay.facts().events;
        assert_eq!((missed + rest.len() as u64, rest[0].seq), (all, rest[0].seq));
        last.is_of(&*replay.network());
    });
}

#[test]
fn a_large_state_is_read_by_another_thread_meanwhile_the_face_goes_on() {
    block_on(async {
        let mut recorded = Recorded::begin(1, u64::MAX);
        recorded.toy.with_core(|core, now| {
            core.set_limit(4000);
            while core.post("GNU Terry Pratchett, whose name is spoken".into(), now).is_some() {}
        });
        recorded.step();
        recorded.state();
        recorded.step();
        let mut replay = recorded.open();
        replay.pause(true);
        let last = recorded.moments.last().unwrap();
        replay.jump(last.uptime.saturating_sub(begins(&replay)));
        let mut cx = Context::from_waker(Waker::noop());
        while let Poll::Ready(Some(_)) = replay.poll_news(&mut cx) {}
        assert!(replay.playback().jumping.is_some(), "nobody waited for the state");
        let view = View { windows: vec![Window::first(ListId(1), 9)], ..View::default() };
        assert_eq!(replay.look(&view).pages[0].rows.len(), 9);
        settle(&mut replay).await;
        last.is_of(&*replay.network());
        assert_eq!(replay.look(&view).pages[0].rows.len(), 9);
    });
}

async fn call(replay: &mut Replay, line: &str) -> Result<String, String> {
    let (command, text) = line.split_once(' ').unwrap_or((line, ""));
    let call = Call::new(replay.run(), clacks_feed::Name::new(command).unwrap(), text);
    let check = replay.network().check(&call);
    let number = replay.request(Request::Call(call));
    let news = std::future::poll_fn(|cx| replay.poll_news(cx)).await;
    let Some(News::Answer(answered, Answer::Called(result))) = news else { panic!("{news:?}") };
    assert_eq!((answered, check == Check::Works), (number, result.is_ok()), "{check:?} {result:?}");
    match *result {
        Ok(Outcome { text, .. }) => Ok(text.untrusted().to_owned()),
        Err(Refusal { text, .. }) => Err(text.untrusted().to_owned()),
    }
}

#[test]
fn the_commands_of_a_replay_have_the_words_and_refusals_of_today() {
    block_on(async {
        let recorded = Recorded::make(5, 60);
        let mut replay = recorded.open();
        replay.pause(true);
        settle(&mut replay).await;
        let names: Vec<_> =
            replay.description().commands.iter().map(|command| command.name.as_str()).collect();
        assert_eq!(
            (names.as_slice(), &replay.description().says),
            (&["pause", "step", "speed", "jump"][..], &None)
        );
        replay.description().check().unwrap();
        assert_eq!(
            call(&mut replay, "speed +").await.unwrap(),
            "plays 2 times as fast as it happened once it goes on"
        );
        assert_eq!(call(&mut replay, "pause").await.unwrap(), "goes on");
        assert_eq!(call(&mut replay, "pause").await.unwrap(), "paused");
        assert_eq!(
            call(&mut replay, "speed 0.25").await.unwrap(),
            "plays 0.25 times as fast as it happened once it goes on"
        );
        assert_eq!(
            call(&mut replay, "speed fast").await.unwrap_err(),
            "a speed is +, - or a number from 0.25 to 64"
        );
        assert!(
            call(&mut replay, "jump soon")
                .await
                .unwrap_err()
                .starts_with("a replay jumps to a place such as 2m30s")
        );
        assert_eq!(
            call(&mut replay, "jump @23:58").await.unwrap_err(),
            "it was never 23:58:00 while this was recorded"
        );
        assert_eq!(call(&mut replay, "post x").await.unwrap_err(), "toy has no :post");
        assert_eq!(call(&mut replay, "step").await.unwrap(), "plays one event");
        let stepped = settle(&mut replay).await;
        assert_eq!((events(&stepped).len(), events(&stepped)[0].seq), (1, events(&stepped)[0].seq));
        call(&mut replay, "jump 100:00:00").await.unwrap();
        settle(&mut replay).await;
        let Link::Replay(playback) = replay.link() else { panic!("no replay") };
        assert_eq!((playback.at_end, playback.position), (true, playback.length));
        for command in ["pause", "step"] {
            assert_eq!(call(&mut replay, command).await.unwrap_err(), "the recording is at its end");
        }
        call(&mut replay, "jump -1s").await.unwrap();
        settle(&mut replay).await;
        assert_eq!(replay.playback().position, playback.length.saturating_sub(Duration::from_secs(1)));
    });
}

#[test]
fn what_may_follow_the_beginning_of_an_argument_makes_it_begun() {
    let recorded = Recorded::make(5, 60);
    let replay = block_on(async { recorded.open() });
    let check = |command: &str, text: &str| {
        replay.network().check(&Call::new(replay.run(), clacks_feed::Name::new(command).unwrap(), text))
    };
    for (command, whole) in [
        ("speed", "0.25"),
        ("speed", "+"),
        ("jump", "1m2s"),
        ("jump", "0:40"),
        ("jump", "-1m"),
        ("jump", "+10s"),
    ] {
        assert_eq!(check(command, whole), Check::Works, "{whole}");
        for end in 0..whole.len() {
            assert!(!matches!(check(command, &whole[..end]), Check::Wrong(_)), "{command} {}", &whole[..end]);
        }
    }
    for time in ["@", "@0", "@00", "@00:", "@00:0"] {
        assert!(!matches!(check("jump", time), Check::Wrong(_)), "{time}");
    }
}

#[tokio::test(start_paused = true)]
async fn events_come_when_they_are_due_and_idle_time_passes_at_the_end() {
    let recorded = Recorded::make(8, 20);
    let last_event = recorded.moments.last().unwrap().uptime;
    recorded.toy.pass(Duration::from_secs(100));
    let (_, directory) = recorded.finish();
    let path = directory.path().join("r.jsonl");
    let mut replay = Replay::open(&path, &[], 4.0, TimeZone::UTC, |_| {}).unwrap();
    let (began, start) = (tokio::time::Instant::now(), begins(&replay));
    let late = Duration::from_millis(2);
    let mut seen = 0;
    while !replay.playback().at_end {
        let news = std::future::poll_fn(|cx| replay.poll_news(cx)).await;
        if let Some(News::Event(event)) = news {
            let due = event.now.uptime.saturating_sub(start).div_f64(4.0);
            assert!((due..=due + late).contains(&began.elapsed()), "{due:?} {:?}", began.elapsed());
            seen += 1;
        }
    }
    assert_eq!(seen, replay.facts().events);
    assert!(
        replay.facts().length >= last_event.saturating_sub(start) + Duration::from_secs(100),
        "idle time counts"
    );
}

fn recorded_node(builder: clacks_p2p::Builder) -> (tokio::runtime::Runtime, Node, Arc<ClacksNetwork>) {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let node = runtime.block_on(builder.hostname("127.0.0.1").port(0).start()).unwrap();
    let within = runtime.enter();
    let network = ClacksNetwork::new(&node, clacks_feed::Run(9));
    drop(within);
    (runtime, node, network)
}

#[test]
fn a_node_of_clacks_is_in_its_recording_as_it_was() {
    let (runtime, node, network) = recorded_node(Node::builder());
    runtime.block_on(async {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("r.jsonl");
        (0..3).for_each(|number| drop(node.enqueue(Message::text(&format!("message {number}")))));
        let mut recorder = Recorder::of(network.clone(), None);
        let begun = recorder.carry_out(RecordCommand::Start(path.clone(), Existing::Refuse)).await.unwrap();
        assert_eq!(begun, format!("records to {}", path.display()));
        let refused = recorder.carry_out(RecordCommand::Start(path.clone(), Existing::Refuse)).await;
        assert!(refused.unwrap_err().to_string().ends_with("ends it"));
        (3..30).for_each(|number| drop(node.enqueue(Message::text(&format!("message {number}")))));
        let id = node.read(|core| core.queue(0..1).next().unwrap().id);
        assert!(node.hold(id));
        assert!(node.ignore(&"rude:1".parse().unwrap()));
        assert!(node.ignore_remote([192, 0, 2, 7].into()));
        node.set_send_rate(7.5).unwrap();
        let said = recorder.carry_out(RecordCommand::Stop).await.unwrap();
        assert!(said.starts_with("recorded ") && said.ends_with("r.jsonl"), "{said}");
        let ended = Moment::of(&*network);
        let mut replay = Replay::open(&path, &[], 1.0, TimeZone::UTC, |_| {}).unwrap();
        replay.jump(Duration::MAX);
        let news = settle(&mut replay).await;
        ended.is_of(&*replay.network());
        let typed =
            events(&news).into_iter().filter(|event| event.get::<clacks_p2p_feed::ClacksEvent>().is_some());
        assert_eq!((typed.count() as u64, replay.run()), (replay.facts().events, network.run()));
        assert!(recorder.carry_out(RecordCommand::Start(path, Existing::Overwrite)).await.is_ok());
        recorder.stop().await.unwrap().unwrap();
    });
}

#[test]
fn what_a_recording_missed_is_made_up_for_by_a_state() {
    let (runtime, node, network) = recorded_node(Node::builder());
    runtime.block_on(async {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("r.jsonl");
        let mut recorder = Recorder::of(network.clone(), None);
        recorder.carry_out(RecordCommand::Start(path.clone(), Existing::Refuse)).await.unwrap();
        // More at once than any watcher may be behind.
        (0..60_000).for_each(|number| drop(node.enqueue(Message::text(&format!("message {number}")))));
        (0..50_000).for_each(|_| drop(node.dequeue()));
        recorder.carry_out(RecordCommand::Stop).await.unwrap();
        assert!(fs::read_to_string(&path).unwrap().contains("\n{\"lagged\":"), "nothing was missed");
        let mut replay = Replay::open(&path, &[], 1.0, TimeZone::UTC, |_| {}).unwrap();
        replay.jump(Duration::MAX);
        let news = settle(&mut replay).await;
        assert!(news.iter().any(|news| matches!(news, News::Lagged(_))));
        Moment::of(&*network).is_of(&*replay.network());
    });
}

#[test]
fn each_file_of_a_rotation_plays_alone_and_so_do_all_put_together() {
    block_on(async {
        let mut recorded = Recorded::begin(4, 20_000);
        let name = |number: u32| crate::files::numbered(&recorded.path(), number);
        let names: Vec<_> = (0..=crate::files::KEPT)
            .map(|number| if number == 0 { recorded.path() } else { name(number) })
            .collect();
        while !names.last().unwrap().exists() {
            recorded.step();
        }
        let mut together = Vec::new();
        for path in names.iter().rev() {
            let mut replay = Replay::open(path, &[], 1.0, TimeZone::UTC, |_| {}).unwrap();
            assert_eq!(replay.remark(), None);
            assert!(replay.facts().events > 0 || *path == names[0]);
            let ends = replay.facts().begins.uptime + replay.facts().length;
            replay.pause(true);
            let is_in = |moment: &&Moment| moment.uptime >= begins(&replay) && moment.uptime <= ends;
            for moment in recorded.moments.iter().filter(is_in).collect::<Vec<_>>().into_iter().rev() {
                replay.jump(moment.uptime.saturating_sub(begins(&replay)));
                settle(&mut replay).await;
            }
            together.extend(fs::read(path).unwrap());
        }
        let path = recorded.directory.path().join("together.jsonl");
        fs::write(&path, together).unwrap();
        let mut replay = Replay::open(&path, &[], 1.0, TimeZone::UTC, |_| {}).unwrap();
        replay.pause(true);
        assert_eq!(replay.remark(), None);
        let start = begins(&replay);
        for moment in recorded.moments.iter().filter(|moment| moment.uptime > start).rev() {
            replay.jump(moment.uptime.saturating_sub(start));
            settle(&mut replay).await;
            moment.is_of(&*replay.network());
        }
    });
}

#[test]
fn texts_of_a_private_network_stay_out_unless_they_are_asked_for() {
    for (texts, is_there) in [(Texts::LengthOnly, false), (Texts::Recorded, true)] {
        let (toy, directory) = (clacks_toy::Toy::start(1), TempDir::new().unwrap());
        let path = directory.path().join("r.jsonl");
        toy.with_core(|core, now| core.post("a secret before".into(), now));
        let files = Files::create(&path, Existing::Refuse, u64::MAX).unwrap();
        let mut writer = Writer::begin(toy.clone(), texts, files, Arc::default()).unwrap();
        toy.with_core(|core, now| {
            core.find("box 1", now);
            core.receive("a secret meanwhile".into(), "box 1", now);
            core.stamp(1, "a secret place".into());
        });
        writer.catch_up().unwrap();
        writer.state().unwrap();
        writer.finish().unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.contains("secret"), is_there, "{text}");
        let replay = block_on(async { Replay::open(&path, &[], 1.0, TimeZone::UTC, |_| {}).unwrap() });
        assert_eq!(replay.remark(), None);
    }
}
