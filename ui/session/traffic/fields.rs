//! One row of the traffic in words.

use std::net::IpAddr;

use clacks_text::{charset::Charset, fit::clock, format};
use jiff::tz::TimeZone;

use super::row::Row;

/// The facts about a traffic row, as pairs of name and value. An empty value means not applicable.
pub fn fields_of_row(row: &Row, zone: &TimeZone, charset: Charset) -> [(&'static str, String); 7] {
    [
        ("time", clock(row.now.unix_ms, zone)),
        ("peer", row.line.peer.as_ref().map(|peer| peer.untrusted().to_owned()).unwrap_or_default()),
        ("what", row.what(usize::MAX, charset).as_str().to_owned()),
        ("outcome", row.outcome(usize::MAX, charset).as_str().to_owned()),
        ("came from", row.remote().map(|remote| remote.to_string()).unwrap_or_default()),
        ("ignore", row.remote().map(ignoring).unwrap_or_default()),
        ("size", row.size().map(format::size).unwrap_or_default()),
    ]
}

/// The command that closes all connections from a remote address.
fn ignoring(remote: IpAddr) -> String {
    format!(":ignore ip:{} closes all connections from there", remote.to_canonical())
}
