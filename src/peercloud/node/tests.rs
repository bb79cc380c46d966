//! Nodes over real sockets on this machine.

mod bounds;
mod clouds;
mod doors;
mod fakes;
mod hostile;
mod never_sent;
mod signed;
