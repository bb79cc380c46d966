//! The real program in a real terminal: its screen, and the terminal after its end.
#![expect(clippy::unwrap_used, reason = "what fails here fails a test")]

#[path = "terminal/accessible.rs"]
mod accessible;
#[path = "terminal/copying.rs"]
mod copying;
#[path = "terminal/editing.rs"]
mod editing;
#[path = "terminal/handing_on.rs"]
mod handing_on;
#[path = "terminal/leaving.rs"]
mod leaving;
#[path = "terminal/pace.rs"]
mod pace;
#[path = "terminal/peercloud.rs"]
mod peercloud;
#[path = "terminal/plain.rs"]
mod plain;
#[path = "terminal/replaying.rs"]
mod replaying;
#[path = "terminal/resizing.rs"]
mod resizing;
#[path = "terminal/screen.rs"]
mod screen;
#[path = "terminal/session.rs"]
mod session;
#[path = "terminal/simulating.rs"]
mod simulating;
#[path = "terminal/suspending.rs"]
mod suspending;
#[path = "terminal/title.rs"]
mod title;
#[path = "terminal/watching.rs"]
mod watching;
