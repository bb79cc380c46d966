//! Cost of a frame with very long lists, compared with ten items each.

use std::{
    io,
    time::{Duration, Instant},
};

use clacks_feed::{Near, Run};
use clacks_language::command::motion_setting::Setting;
use clacks_p2p::{Address, Message, Node, core::MessageId};
use clacks_p2p_feed::ClacksNetwork;
use clacks_recording::recorder::Recorder;
use clacks_terminal::uncertain_width::{UncertainCells, replace_unfitting};
use clacks_widgets::{animation::Animations, theme::Theme};
use jiff::tz::TimeZone;
use ratatui::{Terminal, TerminalOptions, Viewport, backend::CrosstermBackend, buffer::Cell, layout::Rect};

use super::fixture::reported;
use crate::{
    model::Model,
    run::source::{Source, Sources},
    state::{
        message::Msg,
        network::{Network, Networks},
    },
    update::update,
    view::view,
};

const SCREEN: Rect = Rect::new(0, 0, 200, 60);
/// Maximum frames per second.
const FRAMES_A_SECOND: u32 = 30;

/// Size of the lists and rate of events.
#[derive(Debug, Clone, Copy)]
struct Load {
    messages: u32,
    peers: u32,
    events_a_second: u32,
}

/// Cost of a frame.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
struct Cost {
    /// Time to query the node, to draw, and to encode the bytes for the terminal.
    draw: Duration,
    /// Time to apply the events since the last frame.
    catch_up: Duration,
}

/// A dashboard of a node with this load. Its frames are discarded.
struct Watched {
    node: Node,
    load: Load,
    source: Sources,
    model: Model,
    terminal: Terminal<CrosstermBackend<io::Sink>>,
    uncertain: UncertainCells,
    last: Option<MessageId>,
    events: u32,
}

impl Watched {
    async fn new(load: Load) -> Self {
        let node = node().await;
        for number in 0..load.peers {
            node.add_peer(&peer(number));
        }
        let mut last = None;
        for number in 0..load.messages {
            last = Some(node.enqueue(message(number)).unwrap());
        }
        let clacks = ClacksNetwork::new(&node, Run(1));
        let source = Source::new(Near::new(clacks.clone())).with_recorder(Recorder::of(clacks, None));
        let network =
            Network::new(source.description().clone(), source.run()).with_panes(&[clacks_p2p_panes::panes()]);
        let source = Sources::new(vec![source]);
        let mut model = Model::new(Networks::new(network, []), source.now(), TimeZone::UTC, false, true);
        model.motion = Animations::new(Setting::Full);
        let now = source.now();
        assert_eq!(update(&mut model, now, Msg::Resized(SCREEN)), []);
        let options = TerminalOptions { viewport: Viewport::Fixed(SCREEN) };
        let terminal = Terminal::with_options(CrosstermBackend::new(io::sink()), options).unwrap();
        Self { node, load, source, model, terminal, uncertain: UncertainCells::default(), last, events: 0 }
    }

    /// Applies the events of one frame interval and draws a frame.
    fn frame(&mut self) -> Cost {
        self.happen();
        let began = Instant::now();
        let mut taken = 0;
        while let Some((_, news)) = self.source.try_next() {
            taken += 1;
            update(&mut self.model, self.source.now(), reported(news));
        }
        let catch_up = began.elapsed();
        assert!(taken >= self.load.events_a_second / FRAMES_A_SECOND, "what happens is told: {taken}");
        Cost { draw: self.draw(), catch_up }
    }

    /// Receives and sends messages: two events each.
    fn happen(&mut self) {
        self.events += self.load.events_a_second;
        while self.events >= 2 * FRAMES_A_SECOND {
            self.events -= 2 * FRAMES_A_SECOND;
            let id = self.node.enqueue(message(self.events)).unwrap();
            let before = self.last.replace(id).unwrap();
            self.node.drop_message(before).unwrap();
        }
    }

    fn draw(&mut self) -> Duration {
        let began = Instant::now();
        let snapshot = self.source.snapshot(&self.model.query());
        update(&mut self.model, self.source.now(), Msg::Refreshed(Box::new(snapshot)));
        let Self { model, terminal, uncertain, .. } = self;
        let drawn = terminal.draw(|frame| {
            view(model, Theme::default(), frame);
            replace_unfitting(frame.buffer_mut());
        });
        uncertain.update(drawn.unwrap().buffer);
        began.elapsed()
    }

    fn shows(&mut self, text: &str) -> bool {
        let Self { model, terminal, .. } = self;
        let frame = terminal.draw(|frame| view(model, Theme::default(), frame)).unwrap();
        let symbols: String = frame.buffer.content.iter().map(Cell::symbol).collect();
        symbols.contains(text)
    }
}

async fn node() -> Node {
    let builder = Node::builder().hostname("127.0.0.1").port(0).keep_state(false).send_rate(0.001);
    let builder = builder.options(|options| {
        (options.max_queue_messages, options.max_queue_bytes) = (usize::MAX, usize::MAX);
        (options.max_peers, options.max_new_peers) = (usize::MAX, usize::MAX);
    });
    builder.start().await.unwrap()
}

fn peer(number: u32) -> Address {
    Address::new(&format!("tower-{number}.example.org"), 8443).unwrap()
}

/// 64 bytes of JSON.
fn message(number: u32) -> Message {
    Message::text(&format!("GNU Terry Pratchett, for the {number:>032} time"))
}

/// Returns the costs of frames of each load, measured in turns.
async fn costs<const N: usize>(loads: [Load; N], frames: usize) -> [Vec<Cost>; N] {
    let mut watched = Vec::new();
    for load in loads {
        watched.push(Watched::new(load).await);
    }
    let mut costs = loads.map(|_| Vec::with_capacity(frames));
    for _ in 0..frames {
        for (watched, costs) in watched.iter_mut().zip(&mut costs) {
            costs.push(watched.frame());
        }
    }
    costs
}

/// Returns a quantile of the costs.
fn quantile(costs: &[Cost], share: f64, of: impl Fn(&Cost) -> Duration) -> Duration {
    let mut times: Vec<_> = costs.iter().map(of).collect();
    times.sort_unstable();
    times[((times.len() - 1) as f64 * share) as usize]
}

fn draw(cost: &Cost) -> Duration {
    cost.draw
}

#[tokio::test]
async fn invisible_items_do_not_slow_a_frame() {
    let load = |count| Load { messages: count, peers: count, events_a_second: 3000 };
    let [few, many] = costs([load(200), load(20_000)], 60).await;
    // Compare the fastest frames: other tests disturbed them least.
    let ratio = quantile(&many, 0.0, draw).as_secs_f64() / quantile(&few, 0.0, draw).as_secs_f64();
    assert!(ratio < 3.0, "a frame takes {ratio:.2} times as long with a hundred times as much");
}

#[tokio::test]
async fn the_lists_are_on_the_screen_while_frames_are_measured() {
    let mut watched = Watched::new(Load { messages: 10, peers: 10, events_a_second: 600 }).await;
    watched.frame();
    for text in ["tower-3.example.org", "GNU Terry Pratchett"] {
        assert!(watched.shows(text), "{text}");
    }
}

/// `cargo bench` reads the printed line. Times are in microseconds.
#[tokio::test]
#[ignore = "it measures, in a release build, for `cargo bench`"]
async fn frames_of_many_and_of_ten() {
    let many = Load { messages: 1_000_000, peers: 100_000, events_a_second: 20_000 };
    let ten = Load { messages: 10, peers: 10, events_a_second: 10 };
    let [many, ten] = costs([many, ten], 3000).await;
    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    let of = |costs: &[Cost], share| micros(quantile(costs, share, draw));
    let figures = serde_json::json!({
        "many": { "median": of(&many, 0.5), "p99": of(&many, 0.99) },
        "ten": { "median": of(&ten, 0.5), "p99": of(&ten, 0.99) },
        "catch_up": micros(quantile(&many, 0.5, |cost| cost.catch_up)),
    });
    println!("frames: {figures}");
}
