use std::fmt;

use clacks_feed::escape::{escaped, escaped_json};

use crate::{Exported, Found, Peer, Seen};

/// A part of an export as one line of JSON. It contains no character that a terminal acts on.
///
/// A message: `{"message":…,"hash":"…","first_seen":…,"last_seen":…,"times":…,"keep":…}`. A sighting of that message:
/// `{"sighting":"received","hash":"…","at":…,"peer":{"hostname":"…","port":…,"status":"…"}}`. Times are milliseconds
/// since the Unix epoch. A text that is not JSON is a string.
#[derive(Debug, Clone, Copy)]
pub struct ExportLine<'a>(pub Exported<'a>);

impl fmt::Display for ExportLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Exported::Message(message) => write_message(f, message),
            Exported::Sighting(message, seen) => write_sighting(f, message, seen),
        }
    }
}

fn write_message(f: &mut fmt::Formatter<'_>, message: &Found) -> fmt::Result {
    let Found { hash, json, first_seen, last_seen, times, keep } = message;
    f.write_str("{\"message\":")?;
    let json = json.untrusted();
    if is_json(json) {
        f.write_str(&escaped_json(json))?;
    } else {
        write_string(f, json)?;
    }
    write!(f, ",\"hash\":\"{hash}\",\"first_seen\":{first_seen},\"last_seen\":{last_seen}")?;
    write!(f, ",\"times\":{times},\"keep\":{keep}}}")
}

fn write_sighting(f: &mut fmt::Formatter<'_>, message: &Found, seen: &Seen) -> fmt::Result {
    let Seen { at, kind, peer } = seen;
    write!(f, "{{\"sighting\":\"{}\",\"hash\":\"{}\",\"at\":{at}", kind.name(), message.hash)?;
    if let Some(Peer { hostname, port, status }) = peer {
        f.write_str(",\"peer\":{\"hostname\":")?;
        write_string(f, hostname.untrusted())?;
        write!(f, ",\"port\":{port}")?;
        if let Some(status) = status {
            f.write_str(",\"status\":")?;
            write_string(f, status.untrusted())?;
        }
        f.write_str("}")?;
    }
    f.write_str("}")
}

fn write_string(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let quoted = text.replace('\\', "\\\\").replace('"', "\\\"");
    write!(f, "\"{}\"", escaped(&quoted))
}

/// Whether a text is one JSON value.
fn is_json(text: &str) -> bool {
    use serde::de::{Deserialize, IgnoredAny};
    let mut deserializer = serde_json::Deserializer::from_str(text);
    IgnoredAny::deserialize(&mut deserializer).is_ok() && deserializer.end().is_ok()
}
