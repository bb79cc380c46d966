//! A network whose node sends nothing, and calls that are made in words.

use std::sync::Arc;

use clacks_feed::{Call, Check, Network, Outcome, Refusal, Row, Run, description::ListId};
use clacks_p2p::{Builder, Node};

use crate::{
    ClacksNetwork,
    description::{HELD, QUEUE},
};

pub(super) fn builder() -> Builder {
    Node::builder().hostname("127.0.0.1").port(0).send_rate(0.001)
}

pub(super) async fn network() -> Arc<ClacksNetwork> {
    ClacksNetwork::new(&builder().start().await.unwrap(), Run(7))
}

impl ClacksNetwork {
    /// Carries out a line: `command text`.
    pub(super) async fn line(self: &Arc<Self>, line: &str) -> Result<Outcome, Refusal> {
        let call = self.call_of(line);
        let check = self.check(&call);
        let result = self.do_call(call).await;
        let depends = line.starts_with("announce");
        assert!(depends || (check == Check::Works) == result.is_ok(), "{line}: {check:?}, {result:?}");
        result
    }

    pub(super) async fn do_call(self: &Arc<Self>, call: Call) -> Result<Outcome, Refusal> {
        Network::call(Arc::clone(self), call).await
    }

    /// The same of a line, as a task.
    pub(super) fn do_call_owned(
        self: &Arc<Self>,
        line: &str,
    ) -> impl Future<Output = Result<Outcome, Refusal>> + Send + 'static {
        Network::call(Arc::clone(self), self.call_of(line))
    }

    /// What a line says in the end, whether it works or not.
    pub(super) async fn said(self: &Arc<Self>, line: &str) -> Result<String, String> {
        let text = |text: clacks_feed::Text| text.untrusted().to_owned();
        self.line(line).await.map(|outcome| text(outcome.text)).map_err(|refusal| text(refusal.text))
    }

    pub(super) fn call_of(&self, line: &str) -> Call {
        let (command, text) = line.split_once(' ').unwrap_or((line, ""));
        let commands = &self.description().commands;
        let is_named = |spec: &&clacks_feed::description::CommandSpec| spec.name == *command;
        let name = commands.iter().find(is_named).unwrap().name.clone();
        Call::new(self.run(), name, text)
    }

    fn all(&self, list: ListId) -> Vec<Row> {
        clacks_feed::conformance::walk(self, list, None)
    }

    /// The texts of the queued and of the held messages, each with its number.
    pub(super) fn messages(&self) -> (Vec<String>, Vec<String>) {
        let texts = |list| {
            let message = |row: &Row| match &row.cells[0] {
                clacks_feed::Value::Text(text, _) => format!("{} {}", row.key.untrusted(), text.untrusted()),
                other => panic!("{other:?}"),
            };
            self.all(list).iter().map(message).collect()
        };
        (texts(QUEUE), texts(HELD))
    }
}

/// The text of an outcome or a refusal.
pub(super) fn text_of(result: Result<Outcome, Refusal>) -> Result<String, String> {
    let text = |text: clacks_feed::Text| text.untrusted().to_owned();
    result.map(|outcome| text(outcome.text)).map_err(|refusal| text(refusal.text))
}
