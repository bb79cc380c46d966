use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Wake, Waker},
};

use super::no_waker;
use crate::{Doing, Outcome, Refusal};

/// The calls that are being carried out. Only those that were woken are polled.
pub(super) struct Calls {
    running: BTreeMap<u64, Running>,
    woken: Arc<Woken>,
}

struct Running {
    doing: Doing,
    waker: Waker,
}

/// The calls that were woken, and who waits for them.
struct Woken {
    state: Mutex<State>,
}

struct State {
    numbers: BTreeSet<u64>,
    face: Waker,
}

/// The waker of one call.
struct CallWaker {
    number: u64,
    woken: Arc<Woken>,
}

impl Default for Calls {
    fn default() -> Self {
        let state = State { numbers: BTreeSet::new(), face: no_waker() };
        Self { running: BTreeMap::new(), woken: Arc::new(Woken { state: Mutex::new(state) }) }
    }
}

impl Calls {
    pub(super) fn len(&self) -> usize {
        self.running.len()
    }

    /// Adds a call, which is polled for the first time in [`Calls::poll`].
    pub(super) fn push(&mut self, number: u64, doing: Doing) {
        let waker = Arc::new(CallWaker { number, woken: Arc::clone(&self.woken) }).into();
        self.running.insert(number, Running { doing, waker });
        self.woken.lock().numbers.insert(number);
    }

    /// The result of a call that has ended, with its number.
    pub(super) fn poll(&mut self) -> Option<(u64, Result<Outcome, Refusal>)> {
        // A call that wakes itself at once is polled again the next time.
        let mut numbers = std::mem::take(&mut self.woken.lock().numbers);
        while let Some(number) = numbers.pop_first() {
            let Some(call) = self.running.get_mut(&number) else { continue };
            if let Poll::Ready(result) = call.doing.as_mut().poll(&mut Context::from_waker(&call.waker)) {
                self.running.remove(&number);
                self.woken.lock().numbers.append(&mut numbers);
                return Some((number, result));
            }
        }
        None
    }

    /// The waker of the face, as it last polled.
    pub(super) fn waker(&self) -> Waker {
        self.woken.lock().face.clone()
    }

    pub(super) fn set_waker(&self, waker: &Waker) {
        self.woken.lock().face.clone_from(waker);
    }
}

impl Woken {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for CallWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let face = {
            let mut state = self.woken.lock();
            state.numbers.insert(self.number);
            state.face.clone()
        };
        face.wake();
    }
}
