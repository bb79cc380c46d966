//! A node of the clacks peer-to-peer network, speaking the protocol of the npm package
//! [`clacks-p2p`](https://www.npmjs.com/package/clacks-p2p).
//!
//! Every node keeps a queue of messages in memory. It sends each to a random peer and deletes it when the peer has
//! accepted it, so a message exists only while it travels.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use clacks_p2p::{Message, Node, core::Event};
//!
//! let tower = Node::builder().hostname("127.0.0.1").port(0).start().await?;
//! let other = Node::builder().hostname("127.0.0.1").port(0).start().await?;
//! let mut events = other.subscribe();
//! tower.announce(&other.address()).await?;
//! tower.enqueue(Message::text("GNU Terry Pratchett"))?;
//! while let Some(event) = events.next().await {
//!     let Event::MessageReceived { peer, message, .. } = event else { continue };
//!     println!("{message:?} came from {}", peer.address);
//!     break;
//! }
//! let left_over = tower.stop().await.messages;
//! # assert!(left_over.len() <= 1);
//! # Ok(())
//! # }
//! ```
//!
//! # Modules
//!
//! - [`protocol`]: the wire format. Reads bytes into typed values or returns an error.
//! - [`core`]: the state machine: peers, queue, and choice of receivers. No socket, clock or tokio.
//! - `node`: the tokio tasks that drive the core, behind the feature `node`, which is on by default.
//! - `simulation`: many cores on one virtual clock, behind the feature `simulation`.

pub mod core;
#[cfg(feature = "node")]
pub mod node;
pub mod protocol;
#[cfg(feature = "simulation")]
pub mod simulation;

#[doc(hidden)]
pub use clacks_transport::all_variants;
#[cfg(feature = "node")]
pub use node::{Builder, Node, Subscription};
pub use protocol::{
    Address, AddressError, DEFAULT_MAX_DEPTH, DecodeError, Kind, MAX_WHOLE_MESSAGE, Message, MessageError,
    Payload, PeerId,
};
