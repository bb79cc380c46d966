use clacks_feed::{
    Direction, Event, Key, Text,
    description::{Description, EventSpec, Tone},
};

use crate::{Peer, Sighting, SightingKind, words::Strings};

/// Makes sightings of the events of a node, whatever its network is.
///
/// The description says which kinds of events have a message in JSON, and what their lines usually are: from a peer,
/// by the user, to a peer with success or failure, or the removal of a message. An event whose line says nothing is no
/// sighting.
#[derive(Debug, Clone)]
pub struct Observer {
    /// One for each kind of events of the description.
    kinds: Vec<Option<SightingKind>>,
    /// The names of the statuses.
    statuses: Vec<Text>,
}

impl Observer {
    /// For the events of a node with this description. A network whose texts are private has no sightings unless
    /// `with_private`.
    pub fn new(description: &Description, with_private: bool) -> Self {
        let is_open = with_private || !description.private;
        let kinds = description.events.iter().map(|spec| kind(spec).filter(|_| is_open)).collect();
        let statuses = description.statuses.iter().map(|status| status.name.as_str().into()).collect();
        Self { kinds, statuses }
    }

    /// The sighting that an event is. `None` if it is about no message.
    pub fn sighting(&self, event: &Event) -> Option<Sighting> {
        let kind = (*self.kinds.get(event.kind.index())?)?;
        let line = event.line()?;
        let peer = line.peer.as_ref().map(|key| {
            let status = line.status.main().and_then(|status| self.statuses.get(usize::from(status.0)));
            peer(key, status.cloned())
        });
        Some(Sighting { json: line.text?, at: event.now.unix_ms, kind, peer })
    }
}

/// Whether a message asks not to be logged: one of its strings begins with the word `GNU`, whose N says so.
pub fn is_gnu(json: &Text) -> bool {
    let begins =
        |text: String| text.strip_prefix("GNU").is_some_and(|rest| !rest.starts_with(char::is_alphanumeric));
    json.untrusted().contains("\"GNU") && Strings::new(json.untrusted()).any(begins)
}

fn kind(spec: &EventSpec) -> Option<SightingKind> {
    let usual = spec.usual.as_ref().filter(|_| spec.text.is_some() && spec.is_json)?;
    let is = |name: &str| usual.types.iter().any(|of| *of == name);
    if !is("message") {
        return None;
    }
    for kind in [SightingKind::Dropped, SightingKind::Swallowed, SightingKind::Reintroduced] {
        if is(kind.name()) {
            return Some(kind);
        }
    }
    Some(match (usual.direction, usual.tone) {
        (Direction::In, _) => SightingKind::Received,
        (Direction::Own, _) if usual.outcome.as_ref().is_some_and(|outcome| outcome.as_str() == "sent") => {
            SightingKind::Sent
        }
        (Direction::Own, _) => SightingKind::Enqueued,
        (Direction::Out, Tone::Good) => SightingKind::Delivered,
        (Direction::Out, Tone::Bad) => SightingKind::Failed,
        _ => return None,
    })
}

/// The peer with this key. A key without a port is a hostname with the port 0.
fn peer(key: &Key, status: Option<Text>) -> Peer {
    let text = key.untrusted();
    let parts = text.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
    match parts {
        Some((hostname, port)) => Peer { hostname: hostname.into(), port, status },
        None => Peer { hostname: key.0.clone(), port: 0, status },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gnu_is_a_word_at_the_start_of_a_string() {
        for (json, expected) in [
            (r#""GNU Terry Pratchett""#, true),
            (r#""GNU""#, true),
            (r#"{"class":"names","names":["x","GNU: Dearheart"]}"#, true),
            (r#""the GNU of it""#, false),
            (r#""GNUs graze""#, false),
            (r#"{"GNU":1}"#, false),
            (r#""gnu Terry""#, false),
            ("17", false),
        ] {
            assert_eq!(is_gnu(&json.into()), expected, "{json}");
        }
    }

    #[test]
    fn a_key_is_a_hostname_and_a_port() {
        for (key, hostname, port) in [
            ("tower:8080", "tower", 8080),
            ("[::1]:80", "[::1]", 80),
            ("d34a77ca", "d34a77ca", 0),
            ("a:b", "a:b", 0),
            ("tower:99999", "tower:99999", 0),
        ] {
            let Peer { hostname: found, port: at, .. } = peer(&key.into(), None);
            assert_eq!((found.untrusted(), at), (hostname, port));
        }
    }
}
