//! A whole node among peers.
