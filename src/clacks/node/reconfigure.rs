use crate::{
    core::{Options, OptionsError},
    protocol::Message,
};

use super::{Limits, Node};

/// Changes of options and limits while the node runs.
impl Node {
    /// Changes options of the state machine: the send rate, the kill timeout, the limits on messages, peers, payloads
    /// and introductions, and the order in which new peers are tried. Nothing is changed if one of them is invalid. Of
    /// two calls at the same time the later one counts.
    ///
    /// [`OptionsError::Fixed`] is returned for the others: the address, [`Options::max_in_flight`],
    /// [`Options::max_in_flight_per_peer`] and [`Options::max_depth`] are fixed at the start. Messages and peers above a
    /// lower maximum stay. After a change of a rate of payloads or introductions each remote address has a whole burst
    /// again.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::Duration;
    /// use clacks_p2p::{Node, core::OptionsError};
    ///
    /// let node = Node::builder().hostname("127.0.0.1").port(0).start().await?;
    /// node.set_options(|options| options.kill_timeout = Duration::from_secs(60))?;
    /// assert_eq!(node.options().kill_timeout, Duration::from_secs(60));
    /// assert!(matches!(node.set_options(|options| options.max_depth = 5), Err(OptionsError::Fixed(_))));
    /// # node.stop().await;
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_options(&self, change: impl FnOnce(&mut Options)) -> Result<(), OptionsError> {
        // `change` is the program's, so it runs without the lock.
        let mut options = self.options();
        change(&mut options);
        self.shared.with_core(|at| at.core.set_options(options, at.now))
    }

    /// Changes limits on requests: the time limits of inbound connections, [`Limits::max_body`] and
    /// [`Limits::max_bodies`]. Connections that are open keep theirs, except for `max_bodies`. Nothing is changed if one
    /// of them is invalid.
    ///
    /// [`OptionsError::Fixed`] is returned for the others, which are fixed at the start: the numbers and rates of
    /// connections, the time limits of requests to peers, and
    /// [`Limits::allow_private_addresses`](super::Limits::allow_private_addresses). A larger body limit also allows the
    /// user to write larger messages.
    pub fn set_limits(&self, change: impl FnOnce(&mut Limits)) -> Result<(), OptionsError> {
        // `change` is the program's, so it runs without the lock.
        let mut new = self.limits();
        change(&mut new);
        let limits = self.shared.change_limits(|current| {
            new.check()?;
            current.fixed_change(&new).map_or(Ok(new), |name| Err(OptionsError::Fixed(name)))
        })?;
        let most = Message::largest_in(limits.max_body);
        self.set_options(|options| options.max_message_bytes = options.max_message_bytes.max(most))
    }
}
