//! One core that is driven by hand.

use std::{net::IpAddr, time::Duration};

use rand::{SeedableRng, rngs::StdRng};

use crate::{
    core::{
        Completion, Core, Event, Failure, Head, Incoming, Member, Now, Options, Outcome, Outgoing, Response,
        SignatureCheck,
    },
    protocol::{Answer, Id, Path, Request},
};

/// The wall-clock time at the start, in milliseconds.
pub(super) const START_MS: u64 = 1_700_000_000_000;

pub(super) struct Bench {
    pub(super) core: Core,
    pub(super) now: Now,
    pub(super) rng: StdRng,
    pub(super) remote: IpAddr,
    pub(super) signature: SignatureCheck,
    /// Whether answers say that they are of this library.
    pub(super) is_ours: bool,
}

pub(super) fn id(text: &str) -> Id {
    Id::new(text).unwrap()
}

pub(super) fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

pub(super) fn record(id: &str, port: u16) -> String {
    format!(r#"{{"id":"{id}","ip":"127.0.0.1","port":{port},"data":{{"name":"{id}"}}}}"#)
}

impl Bench {
    /// A node that is alone and has started. Its checks are off, so that only what a test causes happens.
    pub(super) fn new() -> Self {
        Self::with(|_| ())
    }

    pub(super) fn with(change: impl FnOnce(&mut Options)) -> Self {
        let mut rng = StdRng::seed_from_u64(1);
        let mut options = Options { check_interval: None, ..Options::default() };
        change(&mut options);
        let mut core = Core::new(options, &mut rng).unwrap();
        let now = Now { uptime: Duration::from_secs(1000), unix_ms: START_MS };
        core.start(now, &mut rng);
        let remote = IpAddr::from([127, 0, 0, 1]);
        Self { core, now, rng, remote, signature: SignatureCheck::Unchecked, is_ours: false }
    }

    /// A node that has let these members in, at ports from 1 on. All of it is over and its events are read.
    pub(super) fn in_cloud(ids: &[&str]) -> Self {
        Self::in_cloud_with(ids, |_| ())
    }

    pub(super) fn in_cloud_with(ids: &[&str], change: impl FnOnce(&mut Options)) -> Self {
        let mut bench = Self::with(change);
        for (index, id) in ids.iter().enumerate() {
            bench.let_in(id, index as u16 + 1);
        }
        // So long that no join is fresh any more.
        bench.now.uptime += ms(2500);
        bench.now.unix_ms += 2500;
        bench.events();
        bench
    }

    pub(super) fn let_in(&mut self, id: &str, port: u16) {
        let answer = self.join(id, port);
        assert_eq!(answer.status, 200, "{}", answer.body);
    }

    /// A whole join of a newcomer that passes its check, and whose announcements are all accepted.
    pub(super) fn join(&mut self, id: &str, port: u16) -> Answer {
        let body = format!(r#"{{"id":"{id}","port":{port},"data":{{"name":"{id}"}}}}"#);
        match self.post(None, Path::Join, &body) {
            Response::Wait(_) => {}
            Response::Answer(answer) => return answer,
            Response::Handle(_) => panic!("a join has no handler"),
        }
        let check = self.request_to(Path::Status);
        self.answer(&check, 200, &format!(r#"{{"id":"{id}"}}"#));
        while let told @ [_, ..] = &self.requests()[..] {
            told.iter().for_each(|told| self.answer(told, 200, r#"{"status":"added"}"#));
        }
        self.join_answer().expect("an answer")
    }

    pub(super) fn join_answer(&mut self) -> Option<Answer> {
        self.completions().into_iter().find_map(|completion| match completion {
            Completion::Answer { answer, .. } => Some(answer),
            _ => None,
        })
    }

    pub(super) fn post(&mut self, sender: Option<&str>, path: Path, body: &str) -> Response {
        let sender = sender.map(id);
        let head = Head { is_post: true, path: path.as_str(), sender: sender.as_ref(), remote: self.remote };
        if let Err(answer) = self.core.check_head(&head) {
            return Response::Answer(answer);
        }
        let request = Request::decode(path, body.as_bytes(), &self.core.options().bodies);
        let (remote, signature) = (self.remote, self.signature);
        let incoming = Incoming { path, sender, remote, signature, request };
        self.core.receive(incoming, self.now, &mut self.rng)
    }

    /// The status of the answer to a request that is answered at once.
    pub(super) fn status(&mut self, sender: &str, path: Path, body: &str) -> u16 {
        match self.post(Some(sender), path, body) {
            Response::Answer(answer) => {
                serde_json::from_str::<serde_json::Value>(&answer.body).expect("every answer is JSON");
                answer.status
            }
            Response::Handle(_) => 200,
            Response::Wait(_) => panic!("it waits"),
        }
    }

    pub(super) fn requests(&mut self) -> Vec<Outgoing> {
        std::iter::from_fn(|| self.core.poll_request()).collect()
    }

    pub(super) fn request_to(&mut self, path: Path) -> Outgoing {
        let requests = self.requests();
        assert_eq!(requests.iter().map(|request| request.path).collect::<Vec<_>>(), [path]);
        requests.into_iter().next().unwrap()
    }

    /// Who is sent what now: paths and ports, sorted.
    pub(super) fn sent(&mut self) -> Vec<(&'static str, u16)> {
        let mut sent: Vec<_> =
            self.requests().iter().map(|request| (request.path.as_str(), request.to.port)).collect();
        sent.sort_unstable();
        sent
    }

    pub(super) fn answer(&mut self, request: &Outgoing, status: u16, body: &str) {
        let body = body.as_bytes().to_vec();
        let remote = Some(IpAddr::from([127, 0, 0, 1]));
        let outcome = Outcome::Answered { status, body, remote, is_ours: self.is_ours };
        self.core.handle_outcome(request.id, outcome, self.now, &mut self.rng);
    }

    pub(super) fn fail(&mut self, request: &Outgoing, failure: Failure) {
        self.core.handle_outcome(request.id, Outcome::Failed(failure), self.now, &mut self.rng);
    }

    pub(super) fn advance(&mut self, time: Duration) {
        let end = self.now.uptime + time;
        while let Some(at) = self.core.poll_timeout().filter(|at| *at <= end) {
            self.set_time(at.max(self.now.uptime));
            self.core.handle_timeout(self.now, &mut self.rng);
        }
        self.set_time(end);
    }

    fn set_time(&mut self, uptime: Duration) {
        self.now.unix_ms += uptime.saturating_sub(self.now.uptime).as_millis() as u64;
        self.now.uptime = uptime;
    }

    pub(super) fn completions(&mut self) -> Vec<Completion> {
        std::iter::from_fn(|| self.core.poll_completion()).collect()
    }

    pub(super) fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.core.poll_event()).collect()
    }

    pub(super) fn ids(&self) -> Vec<String> {
        self.core.members().map(|member| member.record.id.to_string()).collect()
    }

    pub(super) fn member(&self, text: &str) -> &Member {
        self.core.member(&id(text)).unwrap()
    }
}
