//! A node of another network without a screen.

use std::{
    io::{self, Write},
    sync::Mutex,
};

use clacks_toy::Toy;
use serde_json::Value;

use super::*;

/// What was written.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The lines that a toy writes for these lines of the input.
async fn written_for(toy: &Arc<Toy>, input: &[&str]) -> Vec<Value> {
    let (to_session, lines) = mpsc::channel(1);
    let written = Written::default();
    let writer = written.clone();
    let network: Arc<dyn Network> = toy.clone();
    let mut session = Session {
        commands: Commands::of(network.clone(), Recorder::of(network.clone(), None), lines),
        events: EventWriter::new(network.clone()),
        output: Output::to(|| writer).unwrap(),
    };
    let typed = async {
        for line in input {
            to_session.send(Ok((*line).to_owned())).await.unwrap();
        }
        std::future::pending::<()>().await;
    };
    let ready = Record::new("ready", network.now().unix_ms, ());
    tokio::select! {
        leave = session.run(ready) => assert_eq!(leave.unwrap(), Leave::AfterDrain),
        () = typed => {}
    }
    session.commands.recorder.stop().await;
    session.events.write_remaining(&session.output).await.unwrap();
    session.output.finish().await.unwrap();
    let written = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
    written.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn a_toy_writes_its_events_and_carries_out_its_commands() {
    let toy = Toy::start(1);
    toy.with_core(|core, now| core.find("tower", now));
    let directory = tempfile::tempdir().unwrap();
    let recording = directory.path().join("r.jsonl");
    let record = format!(":record {}", recording.display());
    let lines = written_for(
        &toy,
        &["a card", ":ignore tower", ":limit 0", ":announce a:1", ":peers", &record, ":drop 1", ":quit"],
    )
    .await;
    assert_eq!(lines[0]["event"], "ready");
    let of = |event: &str| lines.iter().filter(|line| line["event"] == event).collect::<Vec<_>>();
    let [posted] = of("card_posted")[..] else { panic!("{lines:?}") };
    assert_eq!(posted["text"], "a card");
    assert_eq!((of("box_changed").len(), of("card_dropped").len()), (1, 1), "{lines:?}");
    let replies: Vec<_> = of("reply").iter().map(|reply| reply["line"].as_u64().unwrap()).collect();
    assert_eq!(replies, [1, 2, 5, 6, 7], "{lines:?}");
    let boxes = &of("reply")[2]["boxes"];
    assert_eq!((&boxes[0]["key"], &boxes[0]["status"][0]), (&"tower".into(), &"ignored".into()), "{boxes}");
    let errors: Vec<_> = of("error").iter().map(|error| error["line"].as_u64().unwrap()).collect();
    assert_eq!(errors, [3, 4], "{lines:?}");
    assert!(of("error")[1]["reason"].as_str().unwrap().contains("announce"), "{lines:?}");
    assert!(recording.exists() && toy.rows(clacks_feed::description::ListId(1), &["1".into()]) == [None]);
}
