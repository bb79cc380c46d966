//! The simulation screen with small, deterministic simulations.

use std::{sync::Arc, time::Duration};

use clacks_p2p::simulation::{Churn, Sample, Scenario, Simulation, Topology};
use clacks_text::charset::Charset;
use clacks_widgets::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::{Terminal, backend::TestBackend, layout::Rect};

use super::{
    grid::Grid,
    model::{Effect, Model, Msg, update},
    snapshot::{Cell, Heat, Measure, Snapshot, Stage},
    speed::Speed,
    view::view,
    worker::{Order, Worker},
};

const SIZES: [(u16, u16); 5] = [(20, 5), (40, 10), (80, 24), (120, 40), (200, 60)];

/// The grid of the protocol's author, plus failing nodes.
fn scenario() -> Scenario {
    Scenario {
        name: "A grid".to_owned(),
        duration: 30.0,
        topology: Topology::Grid { width: 20, height: 20 },
        announces: false,
        messages: 20,
        send_rate: 20.0,
        churn: Some(Churn { mean_up: 100.0, mean_down: 10.0 }),
        ..Scenario::default()
    }
}

/// A scenario with a short run time.
fn short() -> Scenario {
    Scenario { topology: Topology::Grid { width: 6, height: 6 }, messages: 3, duration: 20.0, ..scenario() }
}

/// A screen after this number of seconds. The numbers are invented, because those of a real simulation change with the
/// core.
fn after(seconds: u32, stage: Stage, (width, height): (u16, u16)) -> Model {
    let mut model = Model::new(&scenario());
    update(&mut model, Msg::Resized(Rect::new(0, 0, width, height)));
    let grid = model.areas().map(|areas| areas.grid).unwrap_or_default();
    let sample = sample(f64::from(seconds));
    let snapshot = Snapshot {
        stage,
        seed: 1,
        at: sample.at,
        progress: sample.at / 30.0,
        deliveries: sample.deliveries,
        speed: 0.48,
        rate: 1234.0,
        points: (0..=20).map(|part| (&self::sample(sample.at * f64::from(part) / 20.0)).into()).collect(),
        sample: Some(sample),
        heat: Arc::new(Heat { measure: model.measure, grid, cells: cells(grid.cells()) }),
    };
    update(&mut model, Msg::Told(Box::new(snapshot)));
    model
}

fn sample(at: f64) -> Sample {
    let mut sample = Sample::default();
    sample.at = at;
    sample.deliveries = (at * 300.0) as u64 + (at * at) as u64;
    sample.failures = (at * 4.7) as u64;
    sample.visited = 1.0 - (-at / 10.0).exp();
    sample.distance = 57.1;
    (sample.known, sample.least_known, sample.most_known) = (8.0 + at, 3, 43);
    (sample.up, sample.lost, sample.duplicates, sample.longest_queue) = (382, 2, 1, 9);
    sample
}

/// Cells of each kind, brighter at the top.
fn cells(number: usize) -> Vec<Cell> {
    let cell = |place: usize| match place * 37 % 23 {
        0 => Cell::Down,
        1 | 2 => Cell::Mean(0.0),
        other => Cell::Mean((other * (number - place)) as f32 * 2.0 / number as f32),
    };
    (0..number).map(cell).collect()
}

fn drawn(model: &Model) -> String {
    drawn_with(model, Theme::default())
}

fn drawn_with(model: &Model, theme: Theme) -> String {
    let mut terminal = Terminal::new(TestBackend::new(model.screen.width, model.screen.height)).unwrap();
    terminal.draw(|frame| view(model, theme, frame)).unwrap();
    let rows = terminal.backend().buffer().content.chunks(usize::from(model.screen.width).max(1));
    let rows = rows.map(|row| row.iter().map(ratatui::buffer::Cell::symbol).collect::<String>());
    rows.map(|row| row.trim_end().to_owned() + "\n").collect()
}

fn press(model: &mut Model, code: KeyCode) -> Vec<Effect> {
    update(model, Msg::Key(KeyEvent::new(code, KeyModifiers::NONE)))
}

fn order(order: Order) -> Vec<Effect> {
    vec![Effect::Order(order)]
}

// === Drawing ===

#[test]
fn a_simulation_at_every_size() {
    let screens =
        SIZES.map(|size| format!("=== {}x{}\n{}", size.0, size.1, drawn(&after(10, Stage::Running, size))));
    insta::assert_snapshot!(screens.concat());
}

#[test]
fn a_simulation_in_ascii() {
    let model = after(10, Stage::Running, (80, 24));
    let screen = drawn_with(&model, Theme::default().with_charset(Charset::Ascii));
    assert!(screen.is_ascii() && screen.contains("to .11 :21 %32 #42"), "each shade has a sign of its own");
    insta::assert_snapshot!(screen);
}

#[test]
fn the_header_shows_preparation_and_end() {
    let mut model = after(30, Stage::Ended, (80, 24));
    let screen = drawn(&model);
    assert!(screen.contains("AT ITS END") && screen.contains("100 %  30.00 s of 30.0 s"), "{screen}");
    assert!(screen.contains("r again") && !screen.contains("pause"), "{screen}");
    update(&mut model, Msg::Told(Box::new(Snapshot::preparing(1))));
    assert!(drawn(&model).contains("PREPARING"));
}

#[test]
fn leaving_the_help_does_not_leave_the_screen() {
    let mut model = after(1, Stage::Running, (80, 24));
    press(&mut model, KeyCode::Char('?'));
    let screen = drawn(&model);
    assert!(screen.contains("on to the next delivery") && !screen.contains("VISITS"), "{screen}");
    assert_eq!(press(&mut model, KeyCode::Char('q')), []);
    assert_eq!(press(&mut model, KeyCode::Char('q')), [Effect::Leave]);
}

#[test]
fn every_size_of_the_terminal_is_drawn() {
    let mut model = after(10, Stage::Running, (80, 24));
    for (width, height) in
        (0..=250).step_by(23).flat_map(|width| (0..80).step_by(7).map(move |height| (width, height)))
    {
        // The map still has another size until the next snapshot.
        update(&mut model, Msg::Resized(Rect::new(0, 0, width, height)));
        drawn(&model);
    }
}

#[test]
fn a_name_from_a_file_is_escaped() {
    let mut model = after(1, Stage::Running, (80, 24));
    model.name = "\x1b[2Jmine\u{202e}".to_owned();
    let screen = drawn(&model);
    assert!(screen.contains("mine") && !screen.contains(['\x1b', '\u{202e}']), "{screen}");
}

#[test]
fn a_cell_is_the_mean_of_its_nodes_that_are_up() {
    let mut simulation = Simulation::new(scenario()).unwrap();
    simulation.run_until(Duration::from_secs(10));
    let heat = Heat::of(&simulation, Measure::Known, Grid::fitting((20, 20), (10, 5)));
    let nodes = || (0..4).flat_map(|row| (0..4).map(move |column| row * 20 + column));
    let up: Vec<u32> = nodes().filter(|node| simulation.is_up(*node)).collect();
    let known: u32 = up.iter().map(|node| simulation.known(*node)).sum();
    assert_eq!(heat.cells[0], Cell::Mean(known as f32 / up.len() as f32));
    let each = Heat::of(&simulation, Measure::Visits, Grid::fitting((20, 20), (40, 20)));
    for node in 0..400 {
        assert_eq!(each.cells[node as usize] == Cell::Down, !simulation.is_up(node), "{node}");
    }
    assert!(each.cells.contains(&Cell::Down));
}

// === Keys ===

#[test]
fn keys_send_orders() {
    let mut model = after(1, Stage::Running, (80, 24));
    let grid = model.areas().unwrap().grid;
    let speed = model.speed;
    for (code, wanted) in [
        (KeyCode::Char(' '), Order::Run(false)),
        (KeyCode::Char('p'), Order::Run(true)),
        (KeyCode::Char('.'), Order::Step),
        (KeyCode::Char(' '), Order::Run(true)),
        (KeyCode::Char('+'), Order::Speed(speed.faster())),
        (KeyCode::Char('-'), Order::Speed(speed)),
        (KeyCode::Char('k'), Order::Show(Measure::Known, grid)),
        (KeyCode::Char('d'), Order::Show(Measure::Distance, grid)),
        (KeyCode::Tab, Order::Show(Measure::Visits, grid)),
        (KeyCode::Char('v'), Order::Show(Measure::Visits, grid)),
        (KeyCode::Char('n'), Order::Begin(2)),
        (KeyCode::Char('n'), Order::Begin(3)),
        (KeyCode::Char('r'), Order::Begin(3)),
    ] {
        assert_eq!(press(&mut model, code), order(wanted), "{code:?}");
    }
    assert_eq!(press(&mut model, KeyCode::Esc), [Effect::Leave]);
    for (letter, effect) in [('c', Effect::Leave), ('z', Effect::Suspend), ('l', Effect::Redraw)] {
        let key = KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL);
        assert_eq!(update(&mut model, Msg::Key(key)), [effect]);
    }
    let key = KeyEvent::new(KeyCode::Char('r'), KeyModifiers::ALT);
    assert_eq!(update(&mut model, Msg::Key(key)), []);
}

#[test]
fn a_key_without_effect_shows_a_notice_until_the_next_key() {
    for (code, modifiers, told) in [
        (KeyCode::Char('x'), KeyModifiers::NONE, "x does nothing here; ? lists the keys"),
        (KeyCode::Char('r'), KeyModifiers::ALT, "Alt-r does nothing here; ? lists the keys"),
        (KeyCode::Char('a'), KeyModifiers::CONTROL, "Ctrl-A does nothing here; ? lists the keys"),
    ] {
        let mut model = after(1, Stage::Running, (80, 24));
        assert_eq!(update(&mut model, Msg::Key(KeyEvent::new(code, modifiers))), []);
        assert!(drawn(&model).contains(told), "{}", drawn(&model));
        press(&mut model, KeyCode::Char('?'));
        let screen = drawn(&model);
        assert!(screen.contains(" q close  Space pause") && !screen.contains(told), "{screen}");
        assert_eq!(press(&mut model, KeyCode::Char('q')), []);
        assert!(drawn(&model).contains(" q leave  Space pause"), "{}", drawn(&model));
    }
}

#[test]
fn on_a_too_small_screen_only_leaving_works() {
    let mut model = after(1, Stage::Running, (19, 4));
    assert!(drawn(&model).starts_with("20x5 at least"));
    for key in [' ', '.', 'n', 'k', '+'] {
        assert_eq!(press(&mut model, KeyCode::Char(key)), []);
    }
    assert_eq!(press(&mut model, KeyCode::Char('q')), [Effect::Leave]);
}

#[test]
fn at_the_end_run_and_step_have_no_effect() {
    let mut model = after(30, Stage::Ended, (80, 24));
    for key in [' ', 'p', '.'] {
        assert_eq!(press(&mut model, KeyCode::Char(key)), []);
    }
    assert_eq!(press(&mut model, KeyCode::Char('r')), order(Order::Begin(1)));
}

// === The worker thread ===

async fn wait_until(worker: &mut Worker, is_so: impl Fn(&Snapshot) -> bool) -> Snapshot {
    let snapshot = worker.snapshots.wait_for(|snapshot| is_so(snapshot));
    tokio::time::timeout(Duration::from_secs(60), snapshot).await.expect("it comes").unwrap().clone()
}

#[tokio::test]
async fn at_unlimited_speed_the_result_is_the_same() {
    let mut worker = Worker::start(short(), None, Speed::MOST);
    let grid = Grid::fitting((6, 6), (40, 20));
    worker.orders.send(Order::Show(Measure::Visits, grid)).unwrap();
    let last = wait_until(&mut worker, |snapshot| snapshot.stage == Stage::Ended).await;
    let mut simulation = Simulation::new(short()).unwrap();
    simulation.run_until(Duration::MAX);
    assert_eq!(last.sample, Some(simulation.sample()), "what is shown at the end is the end");
    assert_eq!(*last.heat, Heat::of(&simulation, Measure::Visits, grid));
    assert_eq!(last.points.last().unwrap().deliveries, simulation.deliveries());
    drop(worker.orders);
    let (_, report) = worker.thread.await.unwrap().unwrap();
    assert_eq!(report, simulation.report());
}

#[tokio::test]
async fn the_number_of_samples_is_the_requested_one() {
    let scenario = Scenario { deliveries: 0, duration: 8.0, ..short() };
    let mut worker = Worker::start(scenario, Some(16), Speed::MOST);
    let last = wait_until(&mut worker, |snapshot| snapshot.stage == Stage::Ended).await;
    for number in 1..=16 {
        let at = f64::from(number) / 2.0;
        assert!(last.points.iter().any(|point| point.at.to_bits() == at.to_bits()), "{at} {:?}", last.points);
    }
}

#[tokio::test]
async fn a_step_is_one_delivery_and_a_restart_is_deterministic() {
    let mut worker = Worker::start(short(), None, Speed::pleasant(1.0));
    worker.orders.send(Order::Run(false)).unwrap();
    let paused = wait_until(&mut worker, |snapshot| snapshot.stage == Stage::Paused).await;
    let mut simulation = Simulation::new(short()).unwrap();
    while simulation.deliveries() < paused.deliveries {
        simulation.step();
    }
    for _ in 0..5 {
        simulation.step();
        worker.orders.send(Order::Step).unwrap();
        let wanted = simulation.deliveries();
        let stepped = wait_until(&mut worker, |snapshot| {
            snapshot.stage == Stage::Paused && snapshot.deliveries == wanted
        });
        assert_eq!(Duration::from_secs_f64(stepped.await.at), simulation.now());
    }
    let mut ends = Vec::new();
    worker.orders.send(Order::Begin(3)).unwrap();
    wait_until(&mut worker, |snapshot| snapshot.seed == 3).await;
    for seed in [1, 2, 1] {
        worker.orders.send(Order::Begin(seed)).unwrap();
        worker.orders.send(Order::Speed(Speed::MOST)).unwrap();
        let is_over = |snapshot: &Snapshot| snapshot.seed == seed && snapshot.stage == Stage::Ended;
        ends.push(wait_until(&mut worker, is_over).await.sample);
    }
    assert!(ends[0] == ends[2] && ends[0] != ends[1]);
}

#[tokio::test]
async fn the_virtual_clock_follows_the_chosen_speed() {
    let slow = Scenario { duration: 1e6, ..short() };
    let mut worker = Worker::start(slow, None, Speed::pleasant(1.0));
    let snapshot = wait_until(&mut worker, |snapshot| snapshot.speed > 0.0).await;
    let wanted = Speed::pleasant(1.0).factor().unwrap();
    assert!(snapshot.speed <= wanted * 1.3, "{} x", snapshot.speed);
}

#[tokio::test]
async fn an_impossible_scenario_is_reported() {
    let worker = Worker::start(Scenario { loss: 2.0, ..short() }, None, Speed::MOST);
    assert!(worker.thread.await.unwrap().is_err());
}
