//! The worker thread of the simulation. It receives orders and sends at most thirty snapshots per second.

use std::{
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

use clacks_p2p::simulation::{Report, Sample, Scenario, ScenarioError, Simulation};
use tokio::{sync::watch, task::JoinHandle};

use super::{
    grid::Grid,
    points::Points,
    snapshot::{Heat, Measure, Snapshot, Stage},
    speed::Speed,
};

/// Minimum time between two snapshots.
const BETWEEN: Duration = Duration::from_millis(34);
/// Time of simulation between two checks for orders.
const SLICE: Duration = Duration::from_millis(12);
/// A stride that takes longer than this is shortened; one that takes less than `SHORT` is lengthened.
const LONG: Duration = Duration::from_millis(4);
const SHORT: Duration = Duration::from_millis(1);
/// Maximum number of deliveries per stride.
const AT_ONCE: u64 = 500;
/// Sleep time while the simulation is ahead of its target.
const REST: Duration = Duration::from_millis(16);
/// Maximum lag behind the target that is caught up; a larger lag is skipped.
const BEHIND: Duration = Duration::from_millis(100);
/// Reading all nodes takes at most one part in this number of the time.
const LOOKS: u32 = 20;
/// The period over which rates are measured.
const MEASURED: Duration = Duration::from_millis(500);

/// An order for the worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// Runs, or pauses.
    Run(bool),
    /// Runs to the next delivery, then pauses.
    Step,
    Speed(Speed),
    /// Sets the measurement and the cells of the map.
    Show(Measure, Grid),
    /// Restarts with this seed.
    Begin(u64),
}

/// The simulated scenario and its report.
pub(crate) type WorkerResult = (Scenario, Report);

/// The handle of the worker thread. The thread ends when the sender of orders is dropped.
pub(crate) struct Worker {
    pub(crate) orders: mpsc::Sender<Order>,
    pub(crate) snapshots: watch::Receiver<Snapshot>,
    pub(crate) thread: JoinHandle<Result<WorkerResult, ScenarioError>>,
}

impl Worker {
    /// Starts the thread. It takes `samples` measurements, evenly over the scenario's duration; `None` measures at each
    /// full snapshot.
    pub(crate) fn start(scenario: Scenario, samples: Option<u32>, speed: Speed) -> Self {
        let (orders, taken) = mpsc::channel();
        let (told, snapshots) = watch::channel(Snapshot::preparing(scenario.seed));
        let thread =
            tokio::task::spawn_blocking(move || Work::begin(scenario, samples, speed, told)?.go_on(&taken));
        Self { orders, snapshots, thread }
    }
}

/// The run state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Going {
    Running,
    /// Runs until this number of deliveries is reached, then pauses.
    Until(u64),
    Paused,
}

struct Work {
    simulation: Simulation,
    going: Going,
    speed: Speed,
    /// The target of the virtual clock.
    target: Duration,
    ticked: Instant,
    /// Virtual time per stride.
    stride: Duration,
    show: (Measure, Grid),
    told: watch::Sender<Snapshot>,
    told_at: Instant,
    /// Number of measurements that the user requested; `None` for no request.
    samples: Option<u32>,
    /// Number of requested measurements taken so far.
    sampled: u32,
    looks: SnapshotRequest,
    meter: Meter,
}

/// The last reading of all nodes.
#[derive(Debug)]
struct SnapshotRequest {
    sample: Option<Sample>,
    points: Points,
    heat: Arc<Heat>,
    /// Earliest time of the next reading.
    next: Instant,
    /// Whether anything happened since.
    is_stale: bool,
}

impl SnapshotRequest {
    fn new() -> Self {
        let (sample, points, heat) = (None, Points::default(), Arc::new(Heat::nothing()));
        Self { sample, points, heat, next: Instant::now(), is_stale: true }
    }
}

impl Work {
    fn begin(
        scenario: Scenario,
        samples: Option<u32>,
        speed: Speed,
        told: watch::Sender<Snapshot>,
    ) -> Result<Self, ScenarioError> {
        let now = Instant::now();
        Ok(Self {
            simulation: Simulation::new(scenario)?,
            going: Going::Running,
            speed,
            target: Duration::ZERO,
            ticked: Instant::now(),
            stride: Duration::from_millis(1),
            show: (Measure::Visits, Grid::default()),
            told,
            told_at: now,
            samples,
            sampled: 0,
            looks: SnapshotRequest::new(),
            meter: Meter::new(),
        })
    }

    fn go_on(mut self, orders: &mpsc::Receiver<Order>) -> Result<WorkerResult, ScenarioError> {
        let mut is_ahead = false;
        loop {
            match self.next(orders, is_ahead) {
                Ok(order) => self = self.carry_out(order)?,
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
                Err(mpsc::RecvTimeoutError::Timeout) => {}
            }
            is_ahead = self.advance();
            self.tell();
        }
        let report = self.simulation.report();
        Ok((self.simulation.scenario().clone(), report))
    }

    /// Waits for the next order as long as there is nothing else to do.
    fn next(&self, orders: &mpsc::Receiver<Order>, is_ahead: bool) -> Result<Order, mpsc::RecvTimeoutError> {
        let wait = if self.is_moving() {
            if is_ahead { REST } else { Duration::ZERO }
        } else if self.looks.is_stale {
            self.looks.next.saturating_duration_since(Instant::now())
        } else {
            return orders.recv().map_err(|_| mpsc::RecvTimeoutError::Disconnected);
        };
        orders.recv_timeout(wait)
    }

    fn carry_out(mut self, order: Order) -> Result<Self, ScenarioError> {
        match order {
            Order::Run(true) => self.set_going(Going::Running),
            Order::Run(false) => {
                self.set_going(Going::Paused);
                self.look();
                self.tell_now();
            }
            Order::Step => self.set_going(Going::Until(self.simulation.deliveries() + 1)),
            Order::Speed(speed) => (self.speed, self.target) = (speed, self.simulation.now()),
            Order::Show(measure, grid) => {
                self.show = (measure, grid);
                self.draw_map();
                self.tell_now();
            }
            Order::Begin(seed) => return self.begin_again(seed),
        }
        Ok(self)
    }

    fn begin_again(self, seed: u64) -> Result<Self, ScenarioError> {
        let Self { simulation, samples, speed, show, told, .. } = self;
        let scenario = Scenario { seed, ..simulation.scenario().clone() };
        told.send_replace(Snapshot::preparing(seed));
        // Two large simulations might not fit into memory.
        drop(simulation);
        Ok(Self { show, ..Self::begin(scenario, samples, speed, told)? })
    }

    fn set_going(&mut self, going: Going) {
        self.going = going;
        (self.ticked, self.target) = (Instant::now(), self.simulation.now());
        self.meter = Meter::new();
    }

    fn is_moving(&self) -> bool {
        self.going != Going::Paused && !self.simulation.has_ended()
    }

    // === Time ===

    /// Simulates for one slice. Returns whether the simulation has reached its target time.
    fn advance(&mut self) -> bool {
        if !self.is_moving() {
            return true;
        }
        let (target, deliveries) = self.goal();
        let began = Instant::now();
        self.looks.is_stale = true;
        while began.elapsed() < SLICE {
            if !self.stride(target, deliveries) {
                break;
            }
        }
        self.meter.note(&self.simulation);
        if let Going::Until(last) = self.going
            && self.simulation.deliveries() >= last
        {
            self.going = Going::Paused;
        }
        if self.simulation.has_ended() {
            self.look();
            self.tell_now();
        }
        self.simulation.now() >= target
    }

    /// The time and the number of deliveries at which to pause.
    fn goal(&mut self) -> (Duration, u64) {
        let passed = self.ticked.elapsed().min(BEHIND);
        self.ticked = Instant::now();
        match (self.going, self.speed.factor()) {
            (Going::Running, Some(factor)) => {
                let most = self.simulation.now() + BEHIND.mul_f64(factor);
                self.target = (self.target + passed.mul_f64(factor)).min(most);
                (self.target, u64::MAX)
            }
            (Going::Running | Going::Paused, _) => (Duration::MAX, u64::MAX),
            (Going::Until(last), _) => (Duration::MAX, last),
        }
    }

    /// Simulates one stride. Returns whether there is more to do.
    fn stride(&mut self, target: Duration, last: u64) -> bool {
        let began = Instant::now();
        let deliveries = last.saturating_sub(self.simulation.deliveries()).min(AT_ONCE);
        let end = self.simulation.now().saturating_add(self.stride).min(target);
        let sample = self.next_sample();
        let goes_on = self.simulation.run(end.min(sample), deliveries);
        if self.simulation.now() >= sample {
            self.sampled += 1;
            self.look();
            // Other events at that time are not in the last reading.
            self.looks.is_stale = true;
        }
        let took = began.elapsed();
        if took > LONG {
            self.stride = (self.stride / 2).max(Duration::from_micros(1));
        } else if took < SHORT {
            self.stride = self.stride.saturating_mul(2).min(Duration::from_secs(3600));
        }
        goes_on && self.simulation.now() < target && self.simulation.deliveries() < last
    }

    /// Virtual time of the next requested measurement.
    fn next_sample(&self) -> Duration {
        let Some(samples) = self.samples else { return Duration::MAX };
        let every = self.simulation.scenario().duration / f64::from(samples);
        Duration::try_from_secs_f64(every * f64::from(self.sampled + 1)).unwrap_or(Duration::MAX)
    }

    // === Snapshots ===

    fn tell(&mut self) {
        let now = Instant::now();
        let stands = !self.is_moving();
        if self.looks.is_stale && now >= self.looks.next {
            self.look();
        } else if now < self.told_at + BETWEEN && !stands {
            return;
        }
        self.tell_now();
    }

    fn tell_now(&mut self) {
        self.told_at = Instant::now();
        self.told.send_if_modified(|told| {
            let snapshot = Snapshot {
                stage: self.stage(),
                seed: self.simulation.scenario().seed,
                at: self.simulation.now().as_secs_f64(),
                progress: self.simulation.progress(),
                deliveries: self.simulation.deliveries(),
                speed: self.meter.speed,
                rate: self.meter.rate,
                sample: self.looks.sample.clone(),
                points: self.looks.points.all().into(),
                heat: Arc::clone(&self.looks.heat),
            };
            let is_new = *told != snapshot;
            *told = snapshot;
            is_new
        });
    }

    fn stage(&self) -> Stage {
        match self.going {
            _ if self.simulation.has_ended() => Stage::Ended,
            Going::Paused => Stage::Paused,
            Going::Running | Going::Until(_) => Stage::Running,
        }
    }

    /// Reads all nodes. In a large network that takes a while, so the time until the next reading grows with it.
    fn look(&mut self) {
        let began = Instant::now();
        let sample = self.simulation.sample();
        self.looks.points.note((&sample).into());
        self.looks.sample = Some(sample);
        self.draw_map();
        self.looks.next = Instant::now() + (began.elapsed() * (LOOKS - 1)).max(BETWEEN);
        self.looks.is_stale = false;
    }

    fn draw_map(&mut self) {
        let (measure, grid) = self.show;
        self.looks.heat = Arc::new(Heat::of(&self.simulation, measure, grid));
    }
}

/// Measures the recent speed.
#[derive(Debug)]
struct Meter {
    since: Option<(Instant, Duration, u64)>,
    speed: f64,
    rate: f64,
}

impl Meter {
    fn new() -> Self {
        Self { since: None, speed: 0.0, rate: 0.0 }
    }

    fn note(&mut self, simulation: &Simulation) {
        let (now, deliveries) = (simulation.now(), simulation.deliveries());
        let Some((since, at, before)) = self.since else {
            self.since = Some((Instant::now(), now, deliveries));
            return;
        };
        let seconds = since.elapsed().as_secs_f64();
        if seconds >= MEASURED.as_secs_f64() {
            self.speed = now.saturating_sub(at).as_secs_f64() / seconds;
            self.rate = deliveries.saturating_sub(before) as f64 / seconds;
            self.since = Some((Instant::now(), now, deliveries));
        }
    }
}
