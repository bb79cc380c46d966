use std::sync::Arc;

use rand::{RngExt, rngs::StdRng};

use super::{block_on, undoing::Essence};
use crate::{Call, Check, Draft, Network};

/// Ends a draft. Sending its own text works. Cancelling it restores the rows, and works once.
pub(super) fn end(network: &Arc<dyn Network>, draft: Draft, before: &Essence, random: &mut StdRng) {
    let send = Call { text: draft.text.clone(), ..draft.send };
    assert_eq!(network.check(&send), Check::Works, "the text of the draft cannot be sent: {send:?}");
    let Some(cancel) = draft.cancel else { return };
    let is_sent = random.random();
    if is_sent {
        let result = block_on(network.clone().call(send.clone()));
        assert!(result.is_ok(), "{send:?}: {result:?}");
    } else {
        let cancelled = block_on(network.clone().call(cancel.clone()));
        assert!(cancelled.is_ok(), "{cancel:?}: {cancelled:?}");
        assert_eq!(Essence::of(&**network), *before, "{send:?} was cancelled");
    }
    let again = block_on(network.clone().call(cancel.clone()));
    assert!(again.is_err(), "a draft that has ended was cancelled: {again:?}");
}
