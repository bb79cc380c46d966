//! A node in another process: it is restarted, connected again, and left running when the program quits.

use std::{
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use clacks_feed::{
    Key, Link, Look, News, Now, Outcome, Request, Run, Source as Feed, View, description::Description,
    filter::Filter,
};
use crossterm::event::{KeyCode, KeyEvent};

use super::{
    calls::{done, on_queue, undo},
    fixture::{Fixture, NOON},
    focus::typed,
    held_and_edited::holding,
    networks::with_toy,
    stopping::stop,
};
use crate::{
    run::{
        source::{Source, Sources},
        stopping::next_to_ask,
    },
    state::{
        list::Selection,
        message::{Effect, Msg, NewRun},
        snapshot::Snapshot,
    },
    update::update,
};

/// A source whose node is in another process.
struct Elsewhere {
    description: Arc<Description>,
    run: Run,
    link: Link,
}

impl Feed for Elsewhere {
    fn description(&self) -> &Arc<Description> {
        &self.description
    }

    fn run(&self) -> Run {
        self.run
    }

    fn now(&self) -> Now {
        Now { uptime: Duration::from_secs(3), unix_ms: NOON }
    }

    fn link(&self) -> Link {
        self.link.clone()
    }

    fn look(&mut self, _: &View) -> Arc<Look> {
        Arc::default()
    }

    fn request(&mut self, _: Request) -> u64 {
        1
    }

    fn poll_news(&mut self, _: &mut Context<'_>) -> Poll<Option<News>> {
        Poll::Pending
    }
}

fn far() -> Link {
    Link::Far { away: None }
}

/// Returns the sources of a dashboard: the node at the first position is reached by this link, and has this run.
fn sources(fixture: &Fixture, link: &Link, run: Run) -> Sources {
    let networks = fixture.model.networks.iter().enumerate();
    let source = |at: usize, description: &Arc<Description>, own: Run| {
        let (run, link) = if at == 0 { (run, link.clone()) } else { (own, Link::Near) };
        Source::new(Elsewhere { description: description.clone(), run, link })
    };
    Sources::new(networks.map(|(at, network)| source(at, &network.description, network.run)).collect())
}

/// Tells the model of these news of the node at the first position.
fn told(fixture: &mut Fixture, news: News) -> Vec<Effect> {
    let sources = sources(fixture, &far(), Run(2));
    let msg = sources.message(0, news).unwrap();
    update(&mut fixture.model, sources.now(), msg)
}

/// Returns a dashboard with a selection, marks, an open item, and something to undo.
fn used() -> Fixture {
    let mut fixture = holding(120, 40);
    let (call, result) = done(on_queue("drop", &["11"]), "dropped 1 message");
    let result = result.map(|outcome| Outcome { undo: Some(undo("1")), ..outcome });
    fixture.send(Msg::Called(0, vec![(call, result)]));
    typed(&mut fixture, "/t\njvjviGNU Terry\x1b");
    fixture
}

#[test]
fn a_reconnect_changes_nothing_but_is_reported() {
    let mut fixture = used();
    let marks = fixture.marks("peers");
    let selected = fixture.selected_peer();
    told(&mut fixture, News::Away("the connection ended".into()));
    assert!(fixture.screen().contains("the connection ended"), "{}", fixture.screen());
    told(&mut fixture, News::Back { restarted: false });
    assert!(fixture.screen().contains("clacks is connected again"), "{}", fixture.screen());
    assert_eq!((fixture.marks("peers"), fixture.selected_peer()), (marks, selected));
    assert_eq!((marks, fixture.model.undo.why_not(fixture.model.now.uptime)), (2, None));
}

#[test]
fn after_a_restart_nothing_of_the_run_before_is_left_but_what_was_typed() {
    let mut fixture = used();
    typed(&mut fixture, "\n");
    assert!(fixture.model.overlay.is_some());
    told(&mut fixture, News::Back { restarted: true });
    let network = fixture.model.networks.active();
    assert_eq!((network.run, network.marks(), &fixture.model.overlay), (Run(2), 0, &None));
    let peers = network.named("peers").unwrap();
    assert_eq!((peers.rows.len(), &peers.selected), (0, &Selection::Untouched));
    assert_eq!(peers.filter.as_deref(), Some("t"), "the filter is of the list, not of its items");
    assert!(fixture.model.undo.why_not(fixture.model.now.uptime).is_some());
    assert_eq!(fixture.model.input.draft(), "GNU Terry");
    assert!(fixture.screen().contains("clacks was restarted: what was selected"), "{}", fixture.screen());
    let newest = fixture.model.log.newest().unwrap();
    assert_eq!(newest.line.what.untrusted(), "clacks was restarted");
}

/// Restarts the first node, whose description is then another one.
fn restart_with(fixture: &mut Fixture, change: impl FnOnce(&mut Description)) {
    let old = &fixture.model.networks.get(0).unwrap().description;
    let mut description = Description::clone(old);
    change(&mut description);
    let description = Arc::new(description);
    let run = NewRun { description: description.clone(), commands: description, run: Run(2) };
    fixture.send(Msg::Back(0, Some(run)));
}

#[test]
fn after_a_restart_with_another_description_the_filter_is_read_again_or_removed() {
    let mut fixture = Fixture::busy(120, 40);
    typed(&mut fixture, ":filter type:announce\n");
    restart_with(&mut fixture, |new| new.lists[0].columns.retain(|column| column.name != "sent"));
    assert_eq!(fixture.model.log.filter().map(Filter::as_str), Some("type:announce"));
    restart_with(&mut fixture, |new| {
        let announce = new.types.iter_mut().find(|name| **name == "announce").unwrap();
        *announce = "greeting".into();
    });
    assert_eq!(fixture.model.log.filter(), None);
    assert!(
        fixture.screen().contains("the filter type:announce of the traffic was removed"),
        "{}",
        fixture.screen()
    );
}

#[test]
fn an_answer_to_an_earlier_view_moves_no_selection_and_fills_no_page() {
    let mut fixture = Fixture::busy(120, 40);
    typed(&mut fixture, "jjL");
    let selected = fixture.selected_peer();
    let (earlier, newest) = (fixture.model.query(), fixture.model.query());
    assert!(newest.views[0].number > earlier.views[0].number);
    let mut look = fixture.look(&earlier.views[0]);
    // It has other windows, and at the place of the ignored addresses stands another list.
    let peers = look.pages[0].rows.clone();
    look.pages.iter_mut().for_each(|page| page.rows.clear());
    if let Some(at) = newest.extra.remotes {
        look.pages[at].rows = peers;
    }
    let snapshot = Snapshot {
        looks: vec![look],
        extra: newest.extra,
        recording_size: None,
        lost_lines: None,
        replay: None,
    };
    fixture.send(Msg::Refreshed(Box::new(snapshot)));
    assert!(fixture.model.ignored_remotes.0.is_empty(), "{:?}", fixture.model.ignored_remotes);
    fixture.refresh();
    assert_eq!(fixture.selected_peer(), selected);
}

#[test]
fn an_open_question_about_the_run_before_is_dropped() {
    for keys in ["vjvI", "jF", "q"] {
        let mut fixture = Fixture::busy(120, 40);
        typed(&mut fixture, keys);
        assert!(fixture.model.question.is_some(), "{keys}");
        told(&mut fixture, News::Back { restarted: true });
        assert_eq!(fixture.model.question, None, "{keys}");
    }
}

#[test]
fn an_edit_of_the_run_before_ends_and_its_text_stays_on_the_line() {
    let mut fixture = holding(120, 40);
    let draft = clacks_feed::Draft { text: "GNU".into(), send: on_queue("edit", &["11"]), cancel: None };
    fixture.send(Msg::Editing(0, Key::new("11"), Box::new(draft)));
    told(&mut fixture, News::Back { restarted: true });
    assert_eq!((&fixture.model.editing, fixture.model.input.draft()), (&None, ":edit 11 GNU"));
}

#[test]
fn a_restart_of_another_network_leaves_the_one_that_is_shown() {
    let (mut fixture, _toy) = with_toy(120, 40);
    typed(&mut fixture, "N");
    fixture.catch_up();
    typed(&mut fixture, "v");
    told(&mut fixture, News::Back { restarted: true });
    assert_eq!(fixture.model.networks.get(0).unwrap().run, Run(2));
    assert_eq!((fixture.marks("boxes"), fixture.model.networks.position()), (1, 1));
}

#[test]
fn a_node_of_another_process_is_not_asked_when_the_user_quits_and_goes_on() {
    let fixture = Fixture::busy(80, 24);
    let run = fixture.model.networks.active().run;
    let next = |link: Link| next_to_ask(&fixture.model, &sources(&fixture, &link, run), 0);
    assert_eq!(next(Link::Near), Some((0, stop(""))));
    assert_eq!(next(far()), None);
    assert_eq!(next(Link::Far { away: Some(Duration::from_secs(9)) }), None);
}

/// A dashboard whose node was asked whether it may be stopped, and does not answer.
fn asking(width: u16, height: u16) -> Fixture {
    let mut fixture = Fixture::busy(width, height);
    fixture.model.stop_choices.ask(0, fixture.model.now.uptime);
    fixture.refresh();
    fixture
}

#[test]
fn a_node_that_does_not_answer_is_waited_for_five_seconds() {
    let mut fixture = asking(80, 24);
    assert!(fixture.screen().contains("waiting for clacks, 5 s left"), "{}", fixture.screen());
    assert!(fixture.screen().ends_with("Esc stay  q leave at once"), "{}", fixture.screen());
    assert!(fixture.model.changes_after() <= Duration::from_secs(1));
    fixture.later = Duration::from_secs(3);
    fixture.refresh();
    assert!(fixture.screen().contains("waiting for clacks, 2 s left"), "{}", fixture.screen());
    assert_eq!(fixture.refreshed(), []);
    fixture.later = Duration::from_secs(5);
    assert_eq!(fixture.refreshed(), [Effect::AskToStop(1)]);
    assert!(!fixture.model.is_quitting() && fixture.model.stop_choices.is_settled(0));
    assert!(!fixture.model.stop_choices.answered(0), "a late answer does not count");
}

#[test]
fn while_a_node_does_not_answer_a_key_leaves_at_once_or_stays() {
    let key = |character| Msg::Key(KeyEvent::from(KeyCode::Char(character)));
    for (width, height) in [(80, 24), (20, 5), (19, 4)] {
        let mut fixture = asking(width, height);
        assert_eq!(fixture.send(key('i')), []);
        assert_eq!(fixture.send(key('q')), [Effect::Quit]);
        let mut fixture = asking(width, height);
        let burst = ['x', 'q'].map(|character| KeyEvent::from(KeyCode::Char(character)));
        assert_eq!(fixture.send(Msg::Burst(burst.into())), [Effect::Quit]);
        let mut fixture = asking(width, height);
        assert!(fixture.screen().contains("5 s left"), "{}", fixture.screen());
        assert_eq!(fixture.send(Msg::Key(KeyEvent::from(KeyCode::Esc))), []);
        assert!(!fixture.model.is_quitting());
    }
}

#[test]
fn a_restart_ends_the_stopping_of_a_node() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.press(KeyCode::Char('q'));
    fixture.press(KeyCode::Char('s'));
    assert!(fixture.model.stopping.is_some());
    told(&mut fixture, News::Back { restarted: true });
    assert!(!fixture.model.is_quitting());
    assert_eq!(fixture.send(Msg::Stopped(0, Ok(Outcome::new("the node has stopped")))), []);
}
