//! Saved filters and their hits.

use std::time::Duration;

use clacks_feed::Playback;
use clacks_language::saved_filter::Stations;
use clacks_p2p::{
    Message,
    core::{Event, Now},
};
use clacks_session::saved_filters::SavedFilterHits;
use crossterm::event::KeyCode;

use super::fixture::{Fixture, happened, now, time};
use crate::{
    state::{layout::Pane, message::Effect},
    update::update,
};

fn stations(text: &str) -> Stations {
    toml::from_str(text).unwrap()
}

/// Returns a dashboard with these saved filters.
fn fixture(text: &str) -> Fixture {
    let mut fixture = Fixture::busy(120, 40);
    fixture.model.saved_filters =
        SavedFilterHits::new(stations(text), Stations::default(), fixture.model.filter_networks());
    fixture
}

fn say(fixture: &mut Fixture, text: &str, after: u64) -> Vec<Effect> {
    let now = Now { uptime: now().uptime + Duration::from_millis(after), ..now() };
    let (id, message) = ("9".parse().unwrap(), Message::text(text));
    let event = Event::MessageDropped { id, message, from: None, place: None };
    update(&mut fixture.model, time(now), happened(now, event))
}

fn hits(fixture: &Fixture) -> Vec<u64> {
    fixture.model.saved_filters.iter().map(|(_, _, hits)| hits).collect()
}

fn filter(fixture: &Fixture) -> &str {
    fixture.model.log.filter().map_or("", clacks_feed::filter::Filter::as_str)
}

fn title(fixture: &Fixture) -> String {
    let screen = fixture.screen();
    let line = screen.lines().find(|line| line.contains("TRAFFIC")).unwrap_or_default();
    line[line.find("TRAFFIC").unwrap_or(0)..].trim_end_matches(['\u{2500}', ' ']).to_owned()
}

#[test]
fn each_saved_filter_counts_rows_since_it_was_last_active() {
    let mut fixture = fixture("1 = 'gnu'\n2 = 'chess'\n7 = '!gnu'");
    for text in ["GNU a", "chess", "GNU chess"] {
        assert_eq!(say(&mut fixture, text, 0), []);
    }
    assert_eq!(hits(&fixture), [2, 2, 1]);
    assert_eq!(title(&fixture), "TRAFFIC  following  1 gnu 2  2 chess 2  7 !gnu 1");
    fixture.press(KeyCode::Char('2'));
    assert_eq!(
        (hits(&fixture), filter(&fixture), fixture.model.pane),
        (vec![2, 0, 1], "chess", Pane::Traffic)
    );
    say(&mut fixture, "GNU chess", 0);
    assert_eq!(hits(&fixture), [3, 0, 1], "what is listened to is not counted");
    assert_eq!(title(&fixture), "TRAFFIC  /chess 5 of 13  following  1 gnu 3 >2 chess  7 !gnu 1");
    fixture.press(KeyCode::Char('2'));
    assert_eq!(filter(&fixture), "");
    say(&mut fixture, "chess", 0);
    assert_eq!(hits(&fixture), [3, 1, 2]);
    fixture.press(KeyCode::Char('7'));
    fixture.press(KeyCode::Char('0'));
    assert_eq!((hits(&fixture), filter(&fixture)), (vec![3, 1, 0], ""));
}

#[test]
fn the_bell_rings_only_if_enabled_and_never_during_a_seek() {
    let mut fixture = fixture("1 = 'gnu'\n2 = 'bell chess'");
    assert_eq!(say(&mut fixture, "gnu", 0), []);
    assert_eq!(say(&mut fixture, "chess", 0), [Effect::RingBell]);
    let mut progress = Playback {
        position: Duration::ZERO,
        length: Duration::from_secs(60),
        speed: 1.0,
        paused: false,
        at_end: false,
        jumping: Some(0.5),
    };
    fixture.model.replay = Some(progress);
    assert_eq!(say(&mut fixture, "chess", 60_000), []);
    assert_eq!(hits(&fixture), [1, 2], "it is counted");
    progress.jumping = None;
    fixture.model.replay = Some(progress);
    assert_eq!(say(&mut fixture, "chess", 60_001), [Effect::RingBell]);
}

#[test]
fn saved_filters_are_set_changed_and_removed_and_changes_are_saved() {
    let mut fixture = fixture("1 = 'gnu'");
    let kept = |text: &str| vec![Effect::SaveStations(stations(text))];
    fixture.write(":station 3 bell from:tower");
    assert_eq!(fixture.press(KeyCode::Enter), kept("3 = 'bell from:tower'"));
    fixture.press(KeyCode::Char('3'));
    assert_eq!(filter(&fixture), "from:tower");
    fixture.write(":station 1 clear");
    assert_eq!(fixture.press(KeyCode::Enter), kept("1 = ''\n3 = 'bell from:tower'"));
    assert_eq!(fixture.press(KeyCode::Char('1')), []);
    assert!(fixture.screen().contains("there is no station 1; :station 1 from:tower would make one"));
    assert_eq!(filter(&fixture), "from:tower", "what is shown stays");
    fixture.write(":station 4 type:x");
    assert_eq!(fixture.press(KeyCode::Enter), []);
    assert_eq!(fixture.model.input.draft(), ":station 4 type:x");
    assert!(fixture.screen().contains("a type is in, out, own"));
}

#[test]
fn saved_changes_override_the_configured_filters() {
    let networks = Fixture::empty(80, 24).model.filter_networks();
    let (configured, changed) = ("1 = 'gnu'\n2 = 'chess'\n3 = 'x'", "1 = ''\n2 = 'bell y'");
    let listening = SavedFilterHits::new(stations(configured), stations(changed), networks);
    let listed = listening.iter().map(|(number, station, _)| format!("{number} {station}"));
    assert_eq!(listed.collect::<Vec<_>>(), ["2 bell y", "3 x"]);
}

#[test]
fn a_narrow_title_has_the_numbers_and_the_page_has_everything() {
    let mut fixture = fixture("1 = 'from:grand-trunk.example.org'\n2 = 'bell chess'\n5 = 'x\u{202e}y'");
    say(&mut fixture, "chess", 0);
    fixture.resize(40, 10);
    fixture.press(KeyCode::BackTab);
    assert_eq!(title(&fixture), "TRAFFIC  following  1  2:1*  5");
    fixture.resize(120, 40);
    fixture.press(KeyCode::Char('2'));
    fixture.write(":stations");
    fixture.press(KeyCode::Enter);
    let screen = fixture.screen();
    for line in
        ["  1  0 new        from:grand-trunk.example.org", "> 2  tuned in     bell chess", r"x\u{202e}y"]
    {
        assert!(screen.contains(line), "{screen}");
    }
}

#[test]
fn without_saved_filters_only_the_page_explains_them() {
    let mut fixture = fixture("");
    assert_eq!(title(&fixture), "TRAFFIC  following");
    fixture.write(":stations");
    fixture.press(KeyCode::Enter);
    assert!(fixture.screen().contains("there are none; :station 3 from:tower makes one"));
}
