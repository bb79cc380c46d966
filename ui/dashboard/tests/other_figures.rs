//! Figures of a network that is not clacks: header, title, charts and limits.

use std::{sync::Arc, time::Duration};

use clacks_feed::description::Description;
use clacks_text::charset::Charset;
use clacks_toy::Toy;
use clacks_widgets::time_series::Chart;
use crossterm::event::KeyCode;

use super::{fixture::Fixture, networks::with_toy};
use crate::state::{
    network::{Network, Networks},
    overlay::OpenOverlay as Kind,
    title::window_title,
};

/// Shows the toy, which posts a card each second for ten seconds, and sends one of them.
fn posting(width: u16, height: u16) -> (Fixture, Arc<Toy>) {
    let (mut fixture, toy) = with_toy(width, height);
    fixture.press(KeyCode::Char('N'));
    for second in 1..=10 {
        fixture.later = Duration::from_secs(second);
        toy.with_core(|core, now| _ = core.post("another card".into(), now));
        fixture.catch_up();
    }
    toy.with_core(|core, now| core.send("ankh", Some(Duration::from_millis(12)), now));
    fixture.catch_up();
    (fixture, toy)
}

#[test]
fn the_header_has_the_rates_of_the_network_that_is_shown() {
    let (mut fixture, _toy) = posting(120, 40);
    let header = |fixture: &Fixture| fixture.screen().lines().next().unwrap().to_owned();
    assert!(header(&fixture).ends_with("  posted 1/s  up 2 m"), "{}", header(&fixture));
    fixture.press(KeyCode::Char('N'));
    assert!(header(&fixture).contains("  in 0/s  out 0/s"), "{}", header(&fixture));
}

#[test]
fn the_title_has_the_node_and_the_first_level_of_the_network_that_is_shown() {
    let (mut fixture, _toy) = posting(120, 40);
    let title = |fixture: &Fixture| window_title(fixture.model.networks.active(), false, Charset::Ascii);
    assert_eq!(title(&fixture), "toy a toy in memory - 11 cards");
    fixture.press(KeyCode::Char('N'));
    assert_eq!(title(&fixture), "clacks tower-a.example.org:8080 - 5 queued");
}

#[test]
fn lists_that_do_not_fit_are_counted_in_one_line() {
    let (fixture, toy) = posting(50, 12);
    toy.with_core(|core, now| core.send("quirm", None, now));
    let screen = fixture.screen();
    assert!(screen.contains("boxes 3O  cards 11"), "{screen}");
}

#[test]
fn the_charts_are_those_that_the_description_has() {
    let (mut fixture, _toy) = posting(120, 40);
    fixture.write(":charts");
    fixture.press(KeyCode::Enter);
    assert!(fixture.model.is_open(Kind::Charts), "{}", fixture.screen());
    let screen = fixture.screen();
    for title in [
        " POSTED  per second ",
        " BOXES BY STATUS  3O ",
        " TIME TO A BOX  p50 12 ms  p99 12 ms ",
        " CARDS OVER TIME  11 now ",
        "mean posted 0.9/s, most 1/s",
        "the last 1 by how long each took",
        " 11 at most",
    ] {
        assert!(screen.contains(title), "{title:?}: {screen}");
    }
    fixture.press(KeyCode::Tab);
    assert_eq!(fixture.model.chart, Some(Chart::Rates));
    assert!(fixture.screen().contains(" POSTED  per second  1 of 4 "), "{}", fixture.screen());
}

#[test]
fn a_held_screen_keeps_the_charts_of_every_network() {
    let (mut fixture, toy) = posting(120, 40);
    fixture.press(KeyCode::Char(' '));
    fixture.press(KeyCode::Char('C'));
    let chart = |fixture: &Fixture| {
        let screen = fixture.screen();
        screen.lines().skip(2).map(str::to_owned).collect::<Vec<_>>()
    };
    let before = chart(&fixture);
    for second in 11..40 {
        fixture.later = Duration::from_secs(second);
        toy.with_core(|core, now| _ = core.post("another card".into(), now));
        fixture.catch_up();
    }
    assert_eq!(chart(&fixture), before);
    fixture.press(KeyCode::Esc);
    fixture.press(KeyCode::Char(' '));
    fixture.press(KeyCode::Char('C'));
    assert_ne!(chart(&fixture), before);
}

#[test]
fn a_network_without_figures_says_so() {
    let mut fixture = Fixture::empty(120, 40);
    let description = Description::new("quiet".into(), "a node".into());
    fixture.model.networks = Networks::new(Network::new(description.into(), clacks_feed::Run(1)), []);
    for (key, text) in [('C', "this network has no figures to draw"), ('L', "this network has no settings")] {
        fixture.press(KeyCode::Char(key));
        assert!(fixture.screen().contains(text), "{}", fixture.screen());
        fixture.press(KeyCode::Tab);
        fixture.press(KeyCode::Esc);
    }
}
