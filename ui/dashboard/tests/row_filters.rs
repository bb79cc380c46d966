//! The filter of the rows of a list: `/` in the list that has the focus.

use clacks_p2p_panes::map::MAP;
use crossterm::event::KeyCode;
use ratatui::style::Modifier;

use super::{
    completion::{draft, row},
    fixture::Fixture,
    focus::typed,
    held_and_edited::holding,
    other_network::with_toy,
};
use crate::{
    model::focus::FocusOwner,
    state::{layout::Pane, overlay::OpenOverlay},
};

fn keys_of(fixture: &Fixture, list: &str) -> Vec<String> {
    let list = fixture.model.networks.active().named(list).unwrap();
    list.rows.iter().map(|row| row.key.untrusted().to_owned()).collect()
}

fn filter<'a>(fixture: &'a Fixture, list: &str) -> Option<&'a str> {
    fixture.model.networks.active().named(list).unwrap().filter.as_deref()
}

/// The number of peers on the map.
fn on_map(fixture: &Fixture) -> usize {
    fixture.model.view_named(MAP.name).unwrap().0.all_text(MAP).len()
}

/// The row of the screen with this title.
fn title(fixture: &Fixture, of: &str) -> String {
    fixture.screen().lines().find(|line| line.contains(of)).unwrap_or_default().to_owned()
}

#[test]
fn each_key_of_a_filter_filters_the_peers() {
    let mut fixture = Fixture::busy(120, 40);
    let mut counts = Vec::new();
    for key in "/tow".chars() {
        typed(&mut fixture, &key.to_string());
        counts.push(keys_of(&fixture, "peers").len());
    }
    assert_eq!(counts, [7, 7, 4, 3]);
    typed(&mut fixture, "er !status:");
    assert_eq!(keys_of(&fixture, "peers").len(), 3, "a field without its value hides nothing");
    typed(&mut fixture, "ignored");
    assert_eq!(keys_of(&fixture, "peers").len(), 2);
    assert!(title(&fixture, " PEERS ").contains("2 of 7 match"), "{}", fixture.screen());
    assert_eq!(fixture.model.log.len(), 9, "the traffic is not filtered");
    fixture.control('u');
    assert_eq!(keys_of(&fixture, "peers").len(), 7);
}

#[test]
fn escape_restores_the_rows_and_the_selection_and_enter_keeps_the_filter() {
    let mut fixture = Fixture::busy(80, 24);
    typed(&mut fixture, "jjjj/tower");
    assert_ne!(fixture.selected_peer().unwrap().to_string(), "sto-lat:8080");
    typed(&mut fixture, "\x1b");
    assert_eq!(fixture.selected_peer().unwrap().to_string(), "sto-lat:8080");
    assert_eq!((filter(&fixture, "peers"), keys_of(&fixture, "peers").len()), (None, 7));
    typed(&mut fixture, "/");
    assert_eq!(
        (draft(&fixture), filter(&fixture, "peers")),
        (":only tower", Some("tower")),
        "the draft stayed"
    );
    typed(&mut fixture, "\n");
    assert_eq!(
        (filter(&fixture, "peers"), fixture.model.focus_owner()),
        (Some("tower"), FocusOwner::List(Pane::Peers))
    );
    typed(&mut fixture, "/-9\x1b");
    assert_eq!(filter(&fixture, "peers"), Some("tower"));
    assert_eq!(fixture.model.networks.active().named("peers").unwrap().lost, None);
}

#[test]
fn what_a_filter_leaves_out_is_not_reported_as_gone() {
    let mut fixture = Fixture::busy(80, 24);
    typed(&mut fixture, "/tower-3\n");
    assert_eq!(fixture.selected_peer().unwrap().to_string(), "tower-3:8443");
    assert_ne!(typed(&mut fixture, "I"), [], "{}", fixture.screen());
}

#[test]
fn the_filter_key_filters_the_queue_and_not_the_peers() {
    let mut fixture = Fixture::busy(80, 24);
    typed(&mut fixture, "\t/gnu\n");
    assert_eq!((keys_of(&fixture, "queue").len(), keys_of(&fixture, "peers").len()), (1, 7));
    assert_eq!((filter(&fixture, "queue"), filter(&fixture, "peers")), (Some("gnu"), None));
    assert!(fixture.screen().contains("/gnu"), "{}", fixture.screen());
}

#[test]
fn the_open_list_stays_on_the_screen_while_its_filter_is_written() {
    let mut fixture = holding(120, 40);
    typed(&mut fixture, "H/pra");
    assert!(fixture.model.focus_owner().is_input() && fixture.model.is_open(OpenOverlay::Held));
    assert!(title(&fixture, " HELD ").contains("1 of 3 match  /pra"), "{}", fixture.screen());
    assert_eq!(draft(&fixture), ":only pra");
    typed(&mut fixture, "\n");
    assert_eq!(fixture.model.focus_owner(), FocusOwner::Overlay(OpenOverlay::Held));
    assert_eq!(keys_of(&fixture, "held"), ["7"]);
    typed(&mut fixture, "/x\x1b");
    assert_eq!((filter(&fixture, "held"), fixture.model.is_open(OpenOverlay::Held)), (Some("pra"), true));
    assert!(fixture.screen().contains("Esc show all rows"), "{}", fixture.screen());
    typed(&mut fixture, "\x1b");
    assert_eq!((filter(&fixture, "held"), fixture.model.is_open(OpenOverlay::Held)), (None, true));
    typed(&mut fixture, "\x1b");
    assert_eq!(fixture.model.open_overlay(), None);
    assert_eq!(filter(&fixture, "peers"), None, "the list below was not meant");
}

#[test]
fn the_filter_key_on_a_map_filters_the_peers() {
    for (size, keys, overlay) in [((80, 24), "M", Some(OpenOverlay::Pane(MAP))), ((200, 60), "\t\t\t", None)]
    {
        let mut fixture = Fixture::busy(size.0, size.1);
        typed(&mut fixture, keys);
        typed(&mut fixture, "/tower\n");
        assert_eq!((filter(&fixture, "peers"), fixture.model.open_overlay()), (Some("tower"), overlay));
        assert_eq!(on_map(&fixture), 3);
        assert!(title(&fixture, " MAP ").contains("3 of 7 peers match"), "{}", fixture.screen());
        typed(&mut fixture, "\x1b");
        assert_eq!((filter(&fixture, "peers"), fixture.model.open_overlay()), (None, overlay));
        assert_eq!(on_map(&fixture), 7);
    }
}

#[test]
fn the_filter_key_filters_the_lists_of_another_network() {
    let (mut fixture, _toy) = with_toy(120, 40);
    typed(&mut fixture, "N/name:r");
    fixture.catch_up();
    assert_eq!(keys_of(&fixture, "boxes"), ["morpork", "quirm"]);
    assert!(title(&fixture, " BOXES ").contains("2 of 3 match  /name:r"), "{}", fixture.screen());
    typed(&mut fixture, "\x1b");
    fixture.catch_up();
    assert_eq!(keys_of(&fixture, "boxes"), ["ankh", "morpork", "quirm"]);
    assert!(fixture.screen().contains("toy 3 boxes"), "{}", fixture.screen());
}

#[test]
fn escape_removes_the_filter_of_the_list_before_that_of_the_traffic() {
    let mut fixture = Fixture::busy(80, 24);
    typed(&mut fixture, ":filter gnu\n\t/tower\n");
    let filters =
        |fixture: &Fixture| (filter(fixture, "peers").is_some(), fixture.model.log.filter().is_some());
    assert_eq!(filters(&fixture), (true, true));
    typed(&mut fixture, "\x1b");
    assert_eq!(filters(&fixture), (false, true));
    typed(&mut fixture, "\x1b");
    assert_eq!(filters(&fixture), (false, false));
    typed(&mut fixture, "/tower\n\t\t\x1b");
    assert_eq!(filters(&fixture), (true, false), "the filter of a list without the focus stays");
}

#[test]
fn every_way_shows_all_rows_again() {
    let ways =
        ["\x1b", ":only\n", "/\x08\x08\x08\x08\x08\x08\x08\x08\x08\x08\x08\n", "/\x08\x08\x08\x08\x08\n"];
    for way in ways {
        let mut fixture = Fixture::busy(120, 40);
        typed(&mut fixture, "/tower\n");
        typed(&mut fixture, way);
        assert_eq!((filter(&fixture, "peers"), keys_of(&fixture, "peers").len()), (None, 7), "{way:?}");
        assert_eq!(fixture.model.focus_owner(), FocusOwner::List(Pane::Peers), "{way:?}");
    }
}

#[test]
fn fields_and_values_of_the_list_are_completed() {
    let completed = |keys: &str| {
        let mut fixture = holding(120, 40);
        typed(&mut fixture, keys);
        draft(&fixture).to_owned()
    };
    assert_eq!(
        (completed("/too\t"), completed("/visi\t")),
        (":only took>".to_owned(), ":only visi".to_owned())
    );
    assert_eq!(
        (completed("\t/too\t"), completed("\t/visi\t")),
        (":only too".to_owned(), ":only visits>".to_owned())
    );
    assert_eq!(
        (completed("H/by\t"), completed("M/too\t")),
        (":only by:".to_owned(), ":only took>".to_owned())
    );
    let mut fixture = holding(120, 40);
    typed(&mut fixture, "/stat\t");
    assert_eq!(draft(&fixture), ":only status:");
    typed(&mut fixture, "ign\t");
    assert_eq!(draft(&fixture), ":only status:ignored");
    assert_eq!(keys_of(&fixture, "peers"), ["rude-tower:8081"], "a completed value is previewed");
}

#[test]
fn a_mistake_in_a_filter_of_rows_is_marked_and_the_last_valid_filter_stays() {
    for width in [80, 24] {
        let mut fixture = Fixture::busy(width, 24);
        typed(&mut fixture, "/tower status:gone");
        assert_eq!(filter(&fixture, "peers"), Some("tower"));
        assert!(fixture.screen().contains("a status is new, alive,"), "{}", fixture.screen());
        assert!(!fixture.screen().contains("hand"), "statuses of another list: {}", fixture.screen());
        assert!(row(&fixture).starts_with("!CMD"), "{}", fixture.screen());
        let buffer = fixture.draw();
        let line: Vec<_> = buffer.content().chunks(usize::from(width)).nth(22).unwrap().to_vec();
        let marked = line.iter().filter(|cell| cell.modifier.contains(Modifier::UNDERLINED));
        assert_eq!(marked.map(ratatui::buffer::Cell::symbol).collect::<String>(), "status:gone");
        typed(&mut fixture, "\n");
        assert_eq!(draft(&fixture), ":only tower status:gone");
        typed(&mut fixture, "\x1b");
        assert_eq!(filter(&fixture, "peers"), None);
    }
}

#[test]
fn an_empty_filter_is_no_mistake_and_the_fields_are_hinted() {
    let mut fixture = Fixture::busy(120, 40);
    typed(&mut fixture, "/");
    assert!(row(&fixture).starts_with(" CMD  :only "), "{}", fixture.screen());
    let hint = fixture.screen().lines().nth(37).unwrap().to_owned();
    assert!(hint.contains("status:") && !hint.contains("type:"), "{hint}");
    typed(&mut fixture, "\n");
    assert_eq!(fixture.model.focus_owner(), FocusOwner::List(Pane::Peers));
}

#[test]
fn a_filter_that_matches_nothing_says_how_to_change_it() {
    for (keys, wanted) in [
        ("/nowhere\n", "/ changes it, Esc shows all rows"),
        ("/nowhere\n\t\t", "/ changes it, Esc shows all rows"),
    ] {
        let mut fixture = Fixture::busy(120, 40);
        typed(&mut fixture, keys);
        assert!(fixture.screen().contains("no row matches the filter"), "{}", fixture.screen());
        assert!(fixture.screen().contains(wanted), "{}", fixture.screen());
    }
    let mut fixture = Fixture::busy(120, 40);
    typed(&mut fixture, ":filter nowhere\n\t");
    assert!(fixture.screen().contains("by this filter; :filter changes it"), "{}", fixture.screen());
}

#[test]
fn the_filter_of_a_list_is_written_while_the_screen_is_frozen() {
    let mut fixture = Fixture::busy(80, 24);
    typed(&mut fixture, " /tower");
    assert_eq!(keys_of(&fixture, "peers").len(), 3, "{}", fixture.screen());
    typed(&mut fixture, "\x1b");
    assert_eq!(keys_of(&fixture, "peers").len(), 7);
}

#[test]
fn a_paste_goes_into_the_filter_of_an_open_list() {
    let mut fixture = holding(120, 40);
    typed(&mut fixture, "H/");
    fixture.send(crate::state::message::Msg::Paste("lamp\noil".to_owned()));
    fixture.refresh();
    assert_eq!((draft(&fixture), keys_of(&fixture, "held").len()), (":only lamp oil", 1));
    fixture.press(KeyCode::Enter);
    assert_eq!(filter(&fixture, "held"), Some("lamp oil"));
}
