//! A network that is not clacks brings panes of its own.

use std::sync::Arc;

use clacks_feed::{Body, Event, JsonEvent, Key, Near, Source as _, Touched, description::EventId};
use clacks_panes::{About, Content, Context, NetworkPanes, Pane, PaneLook, PaneSpec, Place, Reaction, Step};
use clacks_toy::{Toy, ToyEvent, core::Happened};
use clacks_widgets::{animation::Animations, heading::draw_heading};
use crossterm::event::{KeyCode, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
    text::Line,
    widgets::Widget,
};

use super::{
    calls,
    fixture::Fixture,
    other_network::{receive, toy},
};
use crate::state::{
    message::Msg,
    network::{Network, Networks},
};

/// A page about what happened.
const ROUND: &PaneSpec = &PaneSpec {
    name: "round",
    title: "ROUND",
    help: "show what the postman did",
    place: Place::Strip,
    content: Content::Text,
    about: About::Network,
};

/// A picture of the boxes.
const STREET: &PaneSpec = &PaneSpec {
    name: "street",
    title: "STREET",
    help: "show the boxes along the street",
    place: Place::Column,
    content: Content::Selection("boxes"),
    about: About::Network,
};

/// Counts received cards, and shows the boxes in a row.
#[derive(Debug, Clone, Default)]
struct Postman {
    received: usize,
    untyped: usize,
    boxes: Vec<Key>,
}

impl Pane for Postman {
    fn views(&self) -> &'static [&'static PaneSpec] {
        &[ROUND, STREET]
    }

    fn clone_box(&self) -> Box<dyn Pane> {
        Box::new(self.clone())
    }

    fn note(&mut self, event: &Event, _: Animations) {
        match event.get::<ToyEvent>() {
            Some(ToyEvent(Happened::Received(..))) => self.received += 1,
            Some(_) => {}
            None => self.untyped += 1,
        }
    }

    fn begin_again(&mut self) {
        *self = Self::default();
    }

    fn windows(&self, view: &PaneSpec) -> Vec<(&'static str, u16)> {
        if view == STREET { vec![("boxes", 10)] } else { Vec::new() }
    }

    fn refresh(&mut self, look: &PaneLook<'_>) {
        if let (STREET, Some(Some(page))) = (look.view, look.pages.first()) {
            self.boxes = page.rows.iter().map(|row| row.key.clone()).collect();
        }
    }

    fn lines(&self, context: &Context<'_>, _: usize) -> Vec<Line<'static>> {
        let node = context.description.node.as_str().to_owned();
        vec![
            Line::raw(format!("{} cards came to {node}", self.received)),
            Line::raw(context.with_keys("{:say} writes one")),
        ]
    }

    fn draw(&self, context: &Context<'_>, area: Rect, buffer: &mut Buffer) {
        if area.is_empty() {
            return;
        }
        draw_heading(context.theme, Line::raw(" STREET "), area, buffer);
        for (key, row) in self.boxes.iter().zip(area.rows().skip(1)) {
            let is_selected = context.selected.is_some_and(|row| row.key == *key);
            let mark = if is_selected { "#" } else { "-" };
            Line::raw(format!("{mark} house of {}", key.untrusted())).render(row, buffer);
        }
    }

    fn step(&self, context: &Context<'_>, _: Rect, step: Step) -> Reaction {
        let at = context.selected.and_then(|row| self.boxes.iter().position(|key| *key == row.key));
        let at = at.unwrap_or(0).saturating_add_signed(step.rows(10)).min(self.boxes.len() - 1);
        Reaction::Select(self.boxes[at].clone())
    }

    fn click(&self, _: &Context<'_>, area: Rect, at: Position) -> Reaction {
        let row = usize::from(at.y - area.y).checked_sub(1).and_then(|row| self.boxes.get(row));
        row.map_or(Reaction::Nothing, |key| Reaction::Select(key.clone()))
    }
}

/// Returns a dashboard that shows a toy with its panes.
fn with_postman(width: u16, height: u16) -> (Fixture, Arc<Toy>) {
    let (mut fixture, toy) = (Fixture::busy(width, height), toy());
    let postman = NetworkPanes { network: "toy", panes: vec![Box::new(Postman::default())] };
    let near = Near::new(toy.clone());
    let shown = Network::new(near.description().clone(), near.run()).with_panes(&[postman]);
    fixture.others.push(near);
    fixture.model.networks = Networks::new(calls::network(), [shown]);
    fixture.refresh();
    fixture.catch_up();
    fixture.press(KeyCode::Char('N'));
    (fixture, toy)
}

fn run(fixture: &mut Fixture, line: &str) {
    fixture.write(line);
    fixture.press(KeyCode::Enter);
}

#[test]
fn a_command_opens_the_page_of_a_network_and_only_there() {
    let (mut fixture, toy) = with_postman(80, 24);
    receive(&toy);
    receive(&toy);
    fixture.catch_up();
    run(&mut fixture, ":round");
    assert!(fixture.screen().contains(" ROUND\n2 cards"), "{}", fixture.screen());
    fixture.press(KeyCode::Esc);
    fixture.press(KeyCode::Char('?'));
    fixture.write("postman");
    assert!(fixture.screen().contains("show what the postman did"), "{}", fixture.screen());
    fixture.press(KeyCode::Esc);
    fixture.press(KeyCode::Esc);
    fixture.press(KeyCode::Char('N'));
    run(&mut fixture, ":round");
    assert!(fixture.screen().contains("there is no command :round"), "{}", fixture.screen());
}

#[test]
fn the_command_of_a_view_is_completed_where_it_opens_one() {
    let (mut fixture, _toy) = with_postman(80, 24);
    let draft = |fixture: &mut Fixture, line: &str| {
        fixture.write(line);
        let hint = fixture.screen().lines().nth(21).unwrap_or_default().to_owned();
        fixture.press(KeyCode::Tab);
        let draft = fixture.model.input.draft().to_owned();
        fixture.control('u');
        fixture.press(KeyCode::Esc);
        (draft, hint)
    };
    let (round, hint) = draft(&mut fixture, ":roun");
    assert_eq!((&*round, &*hint), (":round", "there is no command :roun; :round begins so"));
    assert_eq!(draft(&mut fixture, ":round").1, ":round   show what the postman did");
    fixture.write(":st");
    fixture.press(KeyCode::Tab);
    assert!(fixture.screen().contains("show the boxes along the street"), "{}", fixture.screen());
    fixture.press(KeyCode::Esc);
    fixture.control('u');
    fixture.press(KeyCode::Esc);
    assert_eq!(draft(&mut fixture, ":stree").0, ":street");
    fixture.press(KeyCode::Char('N'));
    assert_eq!(draft(&mut fixture, ":roun").0, ":roun", "clacks has no such view");
}

#[test]
fn the_page_of_a_network_is_searched_and_frozen() {
    let (mut fixture, toy) = with_postman(80, 24);
    fixture.press(KeyCode::Char(' '));
    receive(&toy);
    fixture.catch_up();
    run(&mut fixture, ":round");
    assert!(fixture.screen().contains("0 cards came to"), "{}", fixture.screen());
    fixture.write("/cards");
    fixture.press(KeyCode::Enter);
    assert!(fixture.screen().contains("/cards 1 of 1"), "{}", fixture.screen());
    for key in [KeyCode::Esc, KeyCode::Esc, KeyCode::Char(' ')] {
        fixture.press(key);
    }
    run(&mut fixture, ":round");
    assert!(fixture.screen().contains("1 cards came to"), "{}", fixture.screen());
}

#[test]
fn keys_and_clicks_in_a_picture_select_items_of_its_list() {
    let (mut fixture, _toy) = with_postman(200, 60);
    let selected = |fixture: &Fixture| {
        let list = fixture.model.networks.active().named("boxes").unwrap();
        list.selected_row().map(|row| row.key.untrusted().to_owned())
    };
    assert!(fixture.screen().contains(" STREET "), "{}", fixture.screen());
    run(&mut fixture, ":street");
    let first = selected(&fixture);
    fixture.press(KeyCode::Down);
    assert_ne!(selected(&fixture), first);
    assert_eq!(fixture.screen().matches("# house").count(), 1, "{}", fixture.screen());
    let body = fixture.model.areas().unwrap().body;
    let (kind, modifiers) = (MouseEventKind::Down(MouseButton::Left), KeyModifiers::NONE);
    let click = MouseEvent { kind, column: body.x, row: body.y + 1, modifiers };
    fixture.send(Msg::Mouse(click));
    fixture.refresh();
    assert_eq!(selected(&fixture), first);
}

/// Sends an event that was read from JSON and is not in the form of its network.
fn send_from_the_future(fixture: &mut Fixture, network: usize, kind: &'static str) {
    let description = &fixture.model.networks.get(network).unwrap().description;
    let at = description.events.iter().position(|spec| spec.name == kind).unwrap();
    let fields = serde_json::value::to_raw_value(&serde_json::json!({ "tide": "high" })).unwrap();
    let json = JsonEvent::new(Some(kind.into()), fields, None, Touched::default());
    let (kind, body) = (EventId(at as u8), Body::Json(Arc::new(json)));
    let event = Event { seq: 1, kind, now: clacks_feed::Now::default(), by: None, body };
    fixture.send(Msg::Event(network, event));
}

#[test]
fn events_in_another_form_change_no_pane_of_clacks() {
    let mut fixture = Fixture::busy(80, 24);
    let screens = |fixture: &mut Fixture| {
        ['T', 'M', 'W', 'O'].map(|key| {
            fixture.press(KeyCode::Char(key));
            let screen = fixture.screen();
            fixture.press(KeyCode::Esc);
            screen
        })
    };
    let before = screens(&mut fixture);
    for kind in ["message_received", "message_sending", "peer_discovered", "message_delivered"] {
        send_from_the_future(&mut fixture, 0, kind);
    }
    assert_eq!(screens(&mut fixture), before);
}

#[test]
fn a_pane_begins_again_after_a_gap_and_bears_events_of_another_form() {
    let (mut fixture, toy) = with_postman(80, 24);
    receive(&toy);
    fixture.catch_up();
    fixture.send(Msg::Lagged(1, 3));
    run(&mut fixture, ":round");
    assert!(fixture.screen().contains("0 cards came to"), "{}", fixture.screen());
    send_from_the_future(&mut fixture, 1, "card_received");
    assert!(fixture.screen().contains("0 cards came to"), "{}", fixture.screen());
}
