//! The sources of the dashboard in any order, without clacks or with it behind another network.

use std::time::Duration;

use clacks_feed::{Near, News};
use clacks_toy::Toy;
use jiff::tz::TimeZone;
use ratatui::layout::Rect;

use super::fixture::Fixture;
use crate::{
    run::source::{Source, Sources},
    state::{
        message::Msg,
        network::{Network, Networks},
    },
    update::update,
};

/// Shows these sources, and applies what they report, as the event loop does.
fn shown(sources: &mut Sources) -> Fixture {
    let mut fixture = Fixture::empty(120, 40);
    let network = |source: &Source| Network::new(source.description().clone(), source.run());
    fixture.model.networks = Networks::of(sources.iter().map(network).collect());
    fixture.model.zone = TimeZone::UTC;
    update(&mut fixture.model, sources.now(), Msg::Resized(Rect::new(0, 0, 120, 40)));
    while let Some((at, news)) = sources.try_next() {
        if let News::Event(event) = news {
            let event = sources.with_dashboard_time(at, event);
            update(&mut fixture.model, sources.now(), Msg::Event(at, event));
        }
    }
    let snapshot = sources.snapshot(&fixture.model.query());
    update(&mut fixture.model, sources.now(), Msg::Refreshed(Box::new(snapshot)));
    fixture
}

fn toy_with_a_box(toy: &Toy) {
    toy.pass(Duration::from_secs(100));
    toy.with_core(|core, now| {
        core.find("ankh", now);
        core.receive("a card".into(), "ankh", now);
    });
}

#[test]
fn a_dashboard_needs_no_clacks() {
    let toy = Toy::start(1);
    let mut sources = Sources::new(vec![Source::new(Near::new(toy.clone()))]);
    toy_with_a_box(&toy);
    let screen = shown(&mut sources).screen();
    assert!(screen.starts_with("toy a toy in memory"), "{screen}");
    assert!(screen.contains("ankh") && screen.contains("a card"), "{screen}");
}

#[tokio::test]
async fn clacks_can_stand_behind_another_network() {
    let node = clacks_p2p::Node::builder().hostname("127.0.0.1").port(0).start().await.unwrap();
    let clacks = clacks_p2p_feed::ClacksNetwork::new(&node, clacks_feed::Run(2));
    let toy = Toy::start(1);
    let (first, second) = (Source::new(Near::new(toy.clone())), Source::new(Near::new(clacks)));
    let mut sources = Sources::new(vec![first, second]);
    toy_with_a_box(&toy);
    node.enqueue(clacks_p2p::Message::text("GNU Terry Pratchett")).unwrap();
    let mut fixture = shown(&mut sources);
    let screen = fixture.screen();
    assert!(screen.starts_with(" toy 1 box  clacks 0 peers"), "{screen}");
    assert!(screen.contains("GNU Terry") && screen.contains("a card"), "{screen}");
    fixture.model.networks.activate(1);
    let snapshot = sources.snapshot(&fixture.model.query());
    update(&mut fixture.model, sources.now(), Msg::Refreshed(Box::new(snapshot)));
    assert!(fixture.screen().contains("QUEUE  1"), "{}", fixture.screen());
}
