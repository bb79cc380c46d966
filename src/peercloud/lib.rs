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
//! # For users of the package
//!
//! | the package | this crate |
//! |---|---|
//! | `peercloud(options, callback)` | [`Node::builder`], then [`Builder::start`]; whether it is in a cloud: [`Node::ready`] |
//! | options `peers`, `port`, `data`, `onmessage`, `auth` | [`Builder::peers`], [`Builder::port`], [`Builder::data`], [`Builder::on_message`], [`Builder::auth`] |
//! | `client.send(body, callback)` | [`Node::broadcast`]: one result a member |
//! | `client.peers()` | [`Node::members`], [`Node::member`] |
//! | `peer.send(body, callback)` | [`Node::send`] |
//! | `client.update(data, callback)` | [`Node::update`] |
//! | `client.close()` | [`Node::leave`]; [`Node::close`] ends the listener too |
//! | `id`, `port`, `listen` | [`Node::id`], [`Node::port`], [`Node::listens_on`] |
//! | `join(peers)`, `leave` | [`Node::join`], [`Node::leave`] |
//! | `check(peer)`, `autoCheck(interval)` | [`Node::check`], [`Node::set_check_interval`] |
//! | `broadcast(type, body)` | each type has a function of its own |
//! | no events | [`Node::subscribe`] |
//!
//! # Modules
//!
//! - [`protocol`]: the wire format. Reads bytes into typed values or returns an error.
//! - [`core`]: the state machine: members, checks, joins and messages. No socket, clock or tokio.
//! - `simulation`: many nodes on one virtual clock, behind the feature of that name.
//! - `node`: the tokio tasks that drive the core, behind the feature `node`, which is on by default.

pub mod core;
#[cfg(feature = "node")]
pub mod node;
pub mod protocol;
#[cfg(any(test, feature = "simulation"))]
pub mod simulation;

#[cfg(feature = "node")]
pub use node::{Auth, Builder, Node, Replies, Subscription};
pub use protocol::{Address, Host, Id, Json};
