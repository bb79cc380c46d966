//! Any node, as a face sees it that is elsewhere.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rand::rngs::StdRng;

use super::{Loopback, Specimen};
use crate::{
    Answer, Call, Check, Doing, Key, Look, Network, News, Now, Page, Refusal, Request, Row, Run, Source,
    Value, View, Watch, Window,
    description::{Description, ListId},
    far::FarOptions,
    json::{self, EventLine, WatchRequest},
    mirror::Mirror,
};

/// How long lines take in each direction.
const DELAY: Duration = Duration::from_millis(50);
/// Time within which a node has to answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// A [`Specimen`] whose node is read through a [`Far`](crate::far::Far), 50 ms away on a simulated clock. So the checks of
/// a network check the connection too.
pub struct Remote<S> {
    specimen: S,
    network: Arc<RemoteNetwork>,
}

/// A network that asks a node elsewhere, and lets the simulated time pass until the answer is there.
struct RemoteNetwork {
    description: Arc<Description>,
    run: Run,
    state: Mutex<State>,
}

struct State {
    loopback: Loopback,
    /// Keeps the events for the watchers.
    events: Arc<Mirror>,
    /// Number of the last view.
    view: u64,
}

impl<S: Specimen> Remote<S> {
    /// Connects to the node of a specimen.
    pub fn new(specimen: S) -> Self {
        let node = specimen.network();
        let (description, run) = (Arc::clone(node.description()), node.run());
        let mut loopback = Loopback::new(node, DELAY);
        let watch = WatchRequest { rows: true, ..FarOptions::default().watch };
        let connected = loopback.connect(FarOptions { watch, ..FarOptions::default() });
        connected.unwrap_or_else(|error| panic!("{error}"));
        let events = Mirror::new(Arc::clone(&description), run);
        let mut state = State { loopback, events, view: 0 };
        // What has happened before is no event for the watchers.
        let seq = state.look(View::default()).seq;
        state.events.restore(json::State { seq, ..json::State::default() });
        Self { specimen, network: Arc::new(RemoteNetwork { description, run, state: Mutex::new(state) }) }
    }

    fn settle(&self) {
        let mut state = self.network.lock();
        let news = state.loopback.settle();
        news.into_iter().for_each(|news| state.accept(news));
    }
}

impl RemoteNetwork {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Gives events to the watchers.
    fn accept(&self, news: News) {
        match news {
            News::Event(event) => {
                self.events.apply(EventLine { event, rows: Vec::new(), totals: Vec::new(), settings: None });
            }
            News::Lagged(missed) => self.events.lag(missed),
            News::Looked => {}
            other => panic!("{other:?} was not asked for"),
        }
    }

    fn next(&mut self) -> News {
        loop {
            if let Some(news) = self.loopback.news_within(PATIENCE) {
                return news;
            }
            assert!(self.loopback.wait_for_others(), "the node does not answer");
        }
    }

    fn look(&mut self, view: View) -> Arc<Look> {
        self.view += 1;
        // No two views are the same, so that each is answered at once.
        let mark = (ListId(0), Key::from(format!("view {}", self.view)));
        let view = View { number: self.view, marks: vec![mark], ..view };
        loop {
            let look = self.loopback.far().look(&view);
            if look.view == view.number {
                return look;
            }
            loop {
                match self.next() {
                    News::Looked => break,
                    other => self.accept(other),
                }
            }
        }
    }

    fn ask(&mut self, request: Request) -> Answer {
        let number = self.loopback.far().request(request);
        loop {
            match self.next() {
                News::Answer(answered, answer) if answered == number => return answer,
                other => self.accept(other),
            }
        }
    }
}

impl Network for RemoteNetwork {
    fn description(&self) -> &Arc<Description> {
        &self.description
    }

    fn run(&self) -> Run {
        self.run
    }

    fn now(&self) -> Now {
        self.lock().loopback.far().now()
    }

    fn page(&self, window: &Window) -> Page {
        let look = self.lock().look(View { windows: vec![window.clone()], ..View::default() });
        look.pages[0].clone()
    }

    fn rows(&self, list: ListId, keys: &[Key]) -> Vec<Option<Row>> {
        match self.lock().ask(Request::Rows { list, keys: keys.to_vec() }) {
            Answer::Rows(rows) => rows,
            other => panic!("{other:?}"),
        }
    }

    fn gauges(&self) -> Vec<Value> {
        self.lock().look(View::default()).gauges.clone()
    }

    fn settings(&self) -> Vec<Value> {
        self.lock().look(View { settings: true, ..View::default() }).settings.clone()
    }

    fn check(&self, call: &Call) -> Check {
        match self.lock().ask(Request::Check(call.clone())) {
            Answer::Checked(check) => check,
            other => panic!("{other:?}"),
        }
    }

    fn call(self: Arc<Self>, call: Call) -> Doing {
        let result = match self.lock().ask(Request::Call(call)) {
            Answer::Called(result) => *result,
            Answer::Refused(reason) => Err(Refusal::new(reason)),
            other => panic!("{other:?}"),
        };
        Box::pin(std::future::ready(result))
    }

    fn watch(&self) -> Box<dyn Watch> {
        self.lock().events.watch()
    }
}

impl<S: Specimen> Specimen for Remote<S> {
    fn network(&self) -> Arc<dyn Network> {
        self.network.clone()
    }

    fn disturb(&mut self, random: &mut StdRng) {
        self.specimen.disturb(random);
        self.settle();
    }

    fn receive(&mut self, text: &str) -> bool {
        let is_accepted = self.specimen.receive(text);
        self.settle();
        is_accepted
    }

    fn fill(&mut self, items: usize) {
        self.specimen.fill(items);
        self.settle();
    }

    fn pass(&mut self, time: Duration) -> bool {
        self.specimen.pass(time)
    }

    fn depends_on_others(&self, command: &str) -> bool {
        self.specimen.depends_on_others(command)
    }

    fn has_commands(&self) -> bool {
        self.specimen.has_commands()
    }

    /// The face watches all the time, so events have numbers already.
    fn is_recorded(&self) -> bool {
        true
    }

    /// Fewer, because each is written, read and awaited.
    fn events(&self) -> usize {
        self.specimen.events() / 4
    }
}
