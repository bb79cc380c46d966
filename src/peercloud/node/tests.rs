//! Nodes over real sockets on this machine.

mod clouds;
mod doors;
mod fakes;
mod hostile;
mod never_sent;
mod signed;
