//! Facts about rows of the traffic in words, for the dashboard and the accessible interface.

pub mod message;
