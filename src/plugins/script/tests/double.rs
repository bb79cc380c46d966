use std::{
    collections::HashMap,
    sync::{Arc, Mutex, atomic::AtomicU64},
};

use clacks_feed::description::Description;
use tokio::sync::Notify;

use crate::{
    ArchiveQuery, ArchivedMessage, Environment, Host, HostPort, KnownPeer, LogLevel, PeerQuery, Report,
    ThisNode,
};

/// A node that notes what scripts ask for.
#[derive(Default)]
pub(super) struct Double {
    pub(super) noted: Mutex<Vec<String>>,
    pub(super) stores: Mutex<HashMap<String, String>>,
    pub(super) environment: Option<Environment>,
    pub(super) description: Option<Description>,
    pub(super) now: AtomicU64,
    pub(super) called: Notify,
}

impl Double {
    fn note(&self, call: String) {
        self.noted.lock().unwrap().push(call);
        self.called.notify_waiters();
    }

    /// What was asked for since the last call of this.
    pub(super) fn calls(&self) -> Vec<String> {
        std::mem::take(&mut *self.noted.lock().unwrap())
    }

    /// Waits for a call that begins like this. Earlier calls are removed.
    pub(super) async fn wait_for(&self, start: &str) -> String {
        loop {
            let called = self.called.notified();
            {
                let mut calls = self.noted.lock().unwrap();
                if let Some(index) = calls.iter().position(|call| call.starts_with(start)) {
                    return calls.drain(..=index).next_back().unwrap();
                }
            }
            called.await;
        }
    }
}

impl Host for Double {
    fn environment(&self) -> Environment {
        self.environment.unwrap_or(Environment::Node)
    }

    fn now(&self) -> u64 {
        self.now.load(std::sync::atomic::Ordering::Relaxed)
    }

    fn this_node(&self) -> ThisNode {
        let address = HostPort { hostname: "me.example".into(), port: 1234 };
        ThisNode { identifier: "me".into(), address }
    }

    fn queue_length(&self) -> u64 {
        7
    }

    fn peers(&self, query: &PeerQuery) -> Vec<KnownPeer> {
        let peer = |port| KnownPeer {
            identifier: "id".into(),
            address: HostPort { hostname: "peer.example".into(), port },
            status: "alive",
            time: 5,
            answers: true,
        };
        self.note(format!("peers {query:?}"));
        (1..2000).map(peer).collect()
    }

    fn enqueue(&self, script: &str, json: &str) -> Result<u64, String> {
        self.note(format!("{script}: enqueue {json}"));
        if json == "\"refused\"" { Err("the queue is full".to_owned()) } else { Ok(42) }
    }

    fn announce(&self, script: &str, to: &HostPort) -> Result<(), String> {
        self.note(format!("{script}: announce {to}"));
        Ok(())
    }

    fn add(&self, script: &str, peer: &HostPort) -> Result<(), String> {
        self.note(format!("{script}: add {peer}"));
        Err("a private address".to_owned())
    }

    fn ignore(&self, script: &str, peer: &HostPort) -> Result<(), String> {
        self.note(format!("{script}: ignore {peer}"));
        Ok(())
    }

    fn unignore(&self, script: &str, peer: &HostPort) -> Result<(), String> {
        self.note(format!("{script}: unignore {peer}"));
        Ok(())
    }

    fn forget(&self, script: &str, peer: &HostPort) -> Result<(), String> {
        self.note(format!("{script}: forget {peer}"));
        Ok(())
    }

    fn log(&self, script: &str, level: LogLevel, text: &str) {
        self.note(format!("{script}: log {} {text}", level.as_str()));
    }

    fn notify(&self, script: &str, text: &str) {
        self.note(format!("{script}: notify {text}"));
    }

    fn report(&self, script: &Arc<str>, report: &Report) {
        self.note(format!("{script}: {report}"));
    }

    fn description(&self) -> Option<&Description> {
        self.description.as_ref()
    }

    fn read_store(&self, script: &str) -> Result<Option<String>, String> {
        Ok(self.stores.lock().unwrap().get(script).cloned())
    }

    fn write_store(&self, script: &str, json: &str) -> Result<(), String> {
        self.stores.lock().unwrap().insert(script.to_owned(), json.to_owned());
        self.note(format!("{script}: wrote its store"));
        Ok(())
    }

    fn find_in_archive(&self, query: &ArchiveQuery) -> Result<Vec<ArchivedMessage>, String> {
        self.note(format!("find {query:?}"));
        let message = ArchivedMessage {
            hash: "aa".to_owned(),
            json: "\"hello\"".to_owned(),
            first_seen: 1500,
            last_seen: 2500,
            times: 3,
        };
        Ok(vec![message; 200])
    }

    fn last_seen_in_archive(&self, hash: &str) -> Result<Option<u64>, String> {
        Ok((hash == "aa").then_some(2500))
    }
}
