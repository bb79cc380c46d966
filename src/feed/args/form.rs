use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    time::Duration,
};

use serde_json::value::RawValue;

use super::Argument;
use crate::{
    Anchor, Key, Network, Order, Row, Statuses, Text, Value, Window,
    description::{ListId, Takes},
};

/// What stands before an IP address.
const REMOTE: &str = "ip:";
/// Rows that are read at once.
const PORTION: u16 = 1000;

/// Why a text is not an argument of some form.
#[derive(Debug, PartialEq)]
pub(super) enum FormError {
    /// More characters can make it one.
    Begun,
    /// No more characters can.
    Wrong(String),
}

/// Reads the key of an item.
pub(super) struct Form<'a> {
    pub(super) network: &'a dyn Network,
    pub(super) list: ListId,
    /// The statuses of which the item has at least one. None: any item.
    pub(super) only: Statuses,
}

impl Form<'_> {
    pub(super) fn item(&self, typed: &str, searched: u64) -> Result<Key, FormError> {
        let key = Key::new(typed);
        match self.network.rows(self.list, std::slice::from_ref(&key)).pop().flatten() {
            Some(row) if self.admits(&row) => Ok(key),
            _ if self.some_key_begins_with(typed, searched) => Err(FormError::Begun),
            Some(_) => Err(FormError::Wrong(format!("{typed} has not the status for that"))),
            None => Err(FormError::Wrong(format!("{typed} is no {} here", self.one()))),
        }
    }

    fn one(&self) -> String {
        self.network.description().list(self.list).map_or_else(String::new, |list| list.one.to_string())
    }

    fn admits(&self, row: &Row) -> bool {
        let has_one = |cell: &Value| matches!(cell, Value::Status(statuses) if statuses.0 & self.only.0 != 0);
        self.only == Statuses::NONE || row.cells.iter().any(has_one)
    }

    fn some_key_begins_with(&self, typed: &str, searched: u64) -> bool {
        let matches = |row: &&Row| {
            let key = row.key.untrusted();
            key.len() > typed.len() && key.starts_with(typed) && self.admits(row)
        };
        let mut at = Anchor::First;
        let mut seen = 0;
        loop {
            let rows = self.network.page(&Window::new(self.list, at, 0, PORTION)).rows;
            seen += rows.len() as u64;
            if seen > searched || rows.iter().find(matches).is_some() {
                return true;
            }
            match rows.last() {
                Some(last) if rows.len() > 1 => at = behind(last),
                _ => return false,
            }
        }
    }
}

/// The anchor of the rows from this one on.
fn behind(row: &Row) -> Anchor {
    let Row { order, key, .. } = row;
    Anchor::At(Order::clone(order), key.clone())
}

/// Reads an argument that is not an item.
pub(super) fn value(takes: &Takes, typed: &str) -> Result<Argument, FormError> {
    match takes {
        Takes::Item { .. } => Err(FormError::Begun),
        Takes::HostPort => host_port(typed),
        Takes::Address | Takes::Filter => Ok(Argument::Unread(Text::new(typed))),
        Takes::Remote { .. } => remote(typed),
        Takes::Word(words) => match words.iter().find(|word| **word == typed) {
            Some(word) => Ok(Argument::Word(word.to_string())),
            None if words.iter().any(|word| word.as_str().starts_with(typed)) => Err(FormError::Begun),
            None => {
                let words: Vec<_> = words.iter().map(crate::Name::as_str).collect();
                wrong(format!("{typed} is none of {}", words.join(", ")))
            }
        },
        Takes::Number(least, most) => number(typed, *least, *most).map(Argument::Number),
        Takes::Time => time(typed).map(Argument::Time),
        Takes::Json => json(typed).map(Argument::Json),
        Takes::Text => Ok(Argument::Text(Text::new(typed))),
    }
}

fn wrong<T>(reason: String) -> Result<T, FormError> {
    Err(FormError::Wrong(reason))
}

/// What stands behind `ip:`.
pub(super) fn address_of(typed: &str) -> Result<&str, FormError> {
    match typed.strip_prefix(REMOTE) {
        Some(address) => Ok(address),
        None if REMOTE.starts_with(typed) => Err(FormError::Begun),
        None => wrong(format!("{typed} does not begin with {REMOTE}")),
    }
}

/// Reads `ip:` and an IP address. An IPv6 address can have brackets.
fn remote(typed: &str) -> Result<Argument, FormError> {
    let address = address_of(typed)?;
    let in_brackets = address.strip_prefix('[');
    let is_whole = match in_brackets {
        Some(rest) => rest.strip_suffix(']').is_some_and(|ip| ip.parse::<Ipv6Addr>().is_ok()),
        None => address.parse::<IpAddr>().is_ok(),
    };
    if is_whole {
        return Ok(Argument::Unread(Text::new(typed)));
    }
    let mut bytes = in_brackets.unwrap_or(address).bytes();
    let is_begun = bytes.all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b'.' | b':'));
    if is_begun { Err(FormError::Begun) } else { wrong(format!("{address} is no IP address")) }
}

fn host_port(typed: &str) -> Result<Argument, FormError> {
    let (host, port) = match typed.strip_prefix('[') {
        Some(bracketed) => {
            let Some((host, port)) = bracketed.split_once(']') else {
                let is_begun =
                    bracketed.bytes().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.'));
                return if is_begun {
                    Err(FormError::Begun)
                } else {
                    wrong(format!("{bracketed} is no IPv6 address"))
                };
            };
            if host.parse::<Ipv6Addr>().is_err() {
                return wrong(format!("{host} is no IPv6 address"));
            }
            match port.strip_prefix(':') {
                Some(port) => (host, port),
                None if port.is_empty() => return Err(FormError::Begun),
                None => return wrong("a colon and the port belong behind the bracket".to_owned()),
            }
        }
        None => match typed.split_once(':') {
            Some((host, port)) => (host, port),
            None if is_host(typed, true) => return Err(FormError::Begun),
            None => return wrong(format!("{typed} is neither a name nor an IP address")),
        },
    };
    if host.is_empty() {
        return wrong("the host is missing before the colon".to_owned());
    }
    if !typed.starts_with('[') && !is_host(host, false) {
        return wrong(format!("{host} is neither a name nor an IP address"));
    }
    if port.is_empty() {
        return Err(FormError::Begun);
    }
    let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
    match port.parse::<u16>() {
        Ok(port @ 1..) if is_number => Ok(Argument::HostPort(host.to_owned(), port)),
        Ok(0) if port.len() < 5 => Err(FormError::Begun),
        _ => wrong(format!("{port} is no port from 1 to 65535")),
    }
}

/// Whether a text is a DNS name or an IPv4 address, or the beginning of one.
fn is_host(text: &str, may_be_begun: bool) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let mut labels = text.split('.').peekable();
    while let Some(label) = labels.next() {
        let is_open = may_be_begun && labels.peek().is_none();
        let is_label = label.bytes().all(is_allowed) && !label.starts_with('-') && label.len() <= 63;
        if !is_label || (!is_open && (label.is_empty() || label.ends_with('-'))) {
            return false;
        }
    }
    // A name does not end with a number: 1.2.3 is neither a name nor an IP address.
    let is_number =
        text.rsplit('.').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
    text.len() <= 253 && (may_be_begun || !is_number || text.parse::<Ipv4Addr>().is_ok())
}

fn number(typed: &str, least: f64, most: f64) -> Result<f64, FormError> {
    let is_begun = match typed {
        "-" | "-." => least < 0.0,
        "." => least < 1.0 && most > 0.0,
        _ => false,
    };
    let is_plain = typed.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'));
    match typed.parse::<f64>() {
        Ok(number) if is_plain && (least..=most).contains(&number) => Ok(number),
        // More digits make it greater.
        Ok(number) if is_plain && number < least && number >= 0.0 && may_grow(typed, least) => {
            Err(FormError::Begun)
        }
        _ if is_begun => Err(FormError::Begun),
        _ => wrong(format!("{typed} is no number from {least} to {most}")),
    }
}

/// Whether more digits can make a number at least as great as `least`.
fn may_grow(typed: &str, least: f64) -> bool {
    !typed.contains('.')
        || format!("{typed}9999999999").parse::<f64>().is_ok_and(|greatest| greatest >= least)
}

fn time(typed: &str) -> Result<Duration, FormError> {
    let end = typed.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(typed.len());
    let (digits, unit) = typed.split_at(end);
    let seconds = match unit {
        "" | "m" if digits.is_empty() => return wrong(format!("{typed} is no time, as in 500ms, 2s or 5m")),
        "" => return Err(FormError::Begun),
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return wrong(format!("{typed} is no time, as in 500ms, 2s or 5m")),
    };
    let time =
        digits.parse::<f64>().ok().and_then(|number| Duration::try_from_secs_f64(number * seconds).ok());
    time.ok_or_else(|| FormError::Wrong(format!("{typed} is no time, as in 500ms, 2s or 5m")))
}

fn json(typed: &str) -> Result<Text, FormError> {
    match serde_json::from_str::<&RawValue>(typed) {
        Ok(value) => Ok(Text::new(value.get())),
        Err(error) if error.is_eof() => Err(FormError::Begun),
        Err(error) => wrong(format!("that is no JSON: {error}")),
    }
}
