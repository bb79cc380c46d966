//! A member of peercloud networks.
//!
//! A peercloud network is a private cloud in which every node knows every other. Each node is an HTTP server; everything
//! is a POST with JSON. The nodes of the npm package [`peercloud`](https://www.npmjs.com/package/peercloud) are members of
//! the same clouds.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use clacks_peercloud::{Json, Node};
//!
//! let first = Node::builder().on_message(|_, message| async { Ok(message) }).start().await?;
//! let second = Node::builder().peers([first.local_address()]).data(Json::of("second")?).start().await?;
//! second.ready().await?;
//! assert_eq!(first.members()[0].record.data.as_str(), "\"second\"");
//! for reply in second.broadcast(&Json::of(&["hi", "all"])?)?.all().await {
//!     println!("{} says {:?}", reply.member.address, reply.result);
//! }
//! second.close().await;
//! # assert!(first.members().is_empty());
//! # Ok(())
//! # }
//! ```
//!
//! # Modules
//!
//! - [`protocol`]: the wire format. Reads bytes into typed values or returns an error.
//! - [`core`]: the state machine: members, checks, joins and messages. No socket, clock or tokio.
//! - `node`: the tokio tasks that drive the core, behind the feature `node`, which is on by default.

pub mod core;
#[cfg(feature = "node")]
pub mod node;
pub mod protocol;

#[cfg(feature = "node")]
pub use node::{Auth, Builder, Node, Replies, Subscription};
pub use protocol::{Address, Host, Id, Json};
