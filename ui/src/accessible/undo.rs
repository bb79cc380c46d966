//! Calls of the accessible mode, and `:undo`.

use std::sync::Arc;

use clacks_feed::{Call, Check, Network, Refusal};
use clacks_session::undo::{STAYS, Undo};

/// The recent commands that can be undone.
#[derive(Debug, Default)]
pub(crate) struct UndoHistory(Undo);

impl UndoHistory {
    /// Makes a call, and keeps the one that undoes it for `:undo`.
    pub(crate) async fn call(&mut self, network: Arc<dyn Network>, call: Call) -> Result<String, String> {
        let ignored = (call.command == "ignore").then(|| call.text.untrusted().trim().to_owned());
        let now = network.now();
        let outcome = network.call(call).await.map_err(|refusal| reason(&refusal))?;
        let text = outcome.text.untrusted().to_owned();
        let Some(undo) = outcome.undo else { return Ok(text) };
        self.0.remember(undo, ignored.into_iter().collect(), now.uptime);
        Ok(with_undo_hint(&text))
    }

    /// Undoes the last command.
    pub(crate) async fn undo(&mut self, network: Arc<dyn Network>) -> Result<String, String> {
        let now = network.now();
        self.0.forget_old(now.uptime);
        let undo = self.0.take(now.uptime).map_err(|reason| reason.to_string())?;
        let result = network.clone().call(undo.clone()).await;
        // What found no room can be tried again.
        let again = match &result {
            Ok(outcome) => outcome.undo.clone(),
            Err(_) => Some(undo).filter(|undo| network.check(undo) == Check::Works),
        };
        again.into_iter().for_each(|undo| self.0.remember(undo, Vec::new(), now.uptime));
        result.map(|outcome| outcome.text.untrusted().to_owned()).map_err(|refusal| reason(&refusal))
    }
}

/// Makes a call that cannot be undone.
pub(crate) async fn call(network: Arc<dyn Network>, call: Call) -> Result<String, String> {
    network
        .call(call)
        .await
        .map(|outcome| outcome.text.untrusted().to_owned())
        .map_err(|refusal| reason(&refusal))
}

fn reason(refusal: &Refusal) -> String {
    refusal.text.untrusted().to_owned()
}

fn with_undo_hint(result: &str) -> String {
    format!("{result}; :undo takes it back, for {} seconds", STAYS.as_secs())
}
