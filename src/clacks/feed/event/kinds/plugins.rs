//! Events about plugins.

use std::net::IpAddr;

use clacks_feed::{
    Direction::{In, Note},
    Line, Touched, Value,
    description::{EventSpec, Level, Tone},
};
use clacks_p2p::{
    Kind as PayloadKind, Message,
    core::{Event, Refusal},
};
use serde::{Deserialize, Serialize};

use super::{Kind, http, message, messages::text};
use crate::{
    commands::warning_of_size,
    description::Type,
    event::{
        line::{Build, about, by_plugin, note},
        touched::{of_peer, plugin_row},
    },
    json::parts::{Text, Wrong},
    peer::{Described, Detail},
};

/// The type of a payload.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Sent {
    Message,
    Announce,
    Other,
}

impl From<PayloadKind> for Sent {
    fn from(kind: PayloadKind) -> Self {
        match kind {
            PayloadKind::Message => Self::Message,
            PayloadKind::Announce => Self::Announce,
            _ => Self::Other,
        }
    }
}

impl From<Sent> for PayloadKind {
    fn from(sent: Sent) -> Self {
        match sent {
            Sent::Message => Self::Message,
            Sent::Announce => Self::Announce,
            Sent::Other => Self::Other,
        }
    }
}

/// What a plugin did with a payload. It follows from the status, so it is not read.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Swallow,
    Refuse,
}

impl Verdict {
    fn of(status: u16) -> Self {
        if status == 200 { Self::Swallow } else { Self::Refuse }
    }
}

/// Most characters of the name of a plugin in an outcome.
const MAX_NAME: usize = 16;

/// Adds to the outcome by whom it is.
fn naming(plugin: &str, line: Line) -> Line {
    let name: String = plugin.chars().take(MAX_NAME).collect();
    Line { outcome: format!("{} by {name}", line.outcome.untrusted()).into(), ..line }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct PayloadDiscarded {
    plugin: String,
    #[serde(skip_deserializing)]
    verdict: Option<Verdict>,
    status: u16,
    reason: Option<String>,
    peer: Described,
    kind: Sent,
    message: Text,
    remote: Option<IpAddr>,
}

impl Kind for PayloadDiscarded {
    const NAME: &str = "payload_discarded";

    fn spec() -> EventSpec {
        message(Self::NAME, "a plugin discarded what a peer sent").fields([http()]).usually(
            In,
            &["in", "message", "dropped"],
            Some("swallowed"),
            Tone::Bad,
        )
    }

    fn of(event: &Event, detail: Detail) -> Option<Self> {
        let Event::PayloadDiscarded { plugin, status, reason, peer, kind, message, remote } = event else {
            return None;
        };
        Some(Self {
            plugin: plugin.to_string(),
            verdict: Some(Verdict::of(*status)),
            status: *status,
            reason: reason.clone(),
            peer: detail.of(peer),
            kind: (*kind).into(),
            message: text(message),
            remote: *remote,
        })
    }

    fn event(self) -> Result<Event, Wrong> {
        let Self { plugin, status, reason, peer, kind, message: Text(message), remote, .. } = self;
        let (plugin, peer, kind) = (plugin.into(), peer.into(), kind.into());
        Ok(Event::PayloadDiscarded { plugin, status, reason, peer, kind, message, remote })
    }

    fn line(event: &Event) -> Option<Line> {
        let Event::PayloadDiscarded { plugin, status, reason, peer, kind, message, remote } = event else {
            return None;
        };
        let sent = if *kind == PayloadKind::Announce { Type::Announce } else { Type::Message };
        let (fate, outcome) = match Verdict::of(*status) {
            Verdict::Swallow => (Type::Dropped, "swallowed"),
            Verdict::Refuse => (Type::Refused, "refused"),
        };
        let line = about(In, &[Type::In, sent, fate], peer).with_remote(*remote);
        // An announce has no message.
        let line = if message.is_falsy() { line } else { line.of(message, None) };
        let said = by_plugin(plugin, reason.as_deref());
        let line = line.saying(said).ended(outcome, Tone::Bad).with([Value::Count((*status).into())]);
        Some(naming(plugin, line))
    }

    fn touched(event: &Event) -> Touched {
        let Event::PayloadDiscarded { plugin, peer, .. } = event else { return Touched::default() };
        Touched::rows([of_peer(peer), plugin_row(plugin)])
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct MessageRewritten {
    plugin: String,
    peer: Described,
    before: Text,
    after: Vec<Text>,
    remote: Option<IpAddr>,
}

impl Kind for MessageRewritten {
    const NAME: &str = "message_rewritten";

    fn spec() -> EventSpec {
        EventSpec::new(Self::NAME, "a plugin changed a message that came").json_text("before").usually(
            In,
            &["in", "message"],
            Some("changed"),
            Tone::Plain,
        )
    }

    fn of(event: &Event, detail: Detail) -> Option<Self> {
        let Event::MessageRewritten { plugin, peer, before, after, remote } = event else { return None };
        Some(Self {
            plugin: plugin.to_string(),
            peer: detail.of(peer),
            before: text(before),
            after: after.iter().map(text).collect(),
            remote: *remote,
        })
    }

    fn event(self) -> Result<Event, Wrong> {
        let Self { plugin, peer, before: Text(before), after, remote } = self;
        let (plugin, peer) = (plugin.into(), peer.into());
        let after = after.into_iter().map(|Text(message)| message).collect();
        Ok(Event::MessageRewritten { plugin, peer, before, after, remote })
    }

    fn line(event: &Event) -> Option<Line> {
        let Event::MessageRewritten { plugin, peer, before, after, remote } = event else { return None };
        let largest = after.iter().map(Message::size).max().unwrap_or(0);
        let (said, outcome) = match &**after {
            [] => (by_plugin(plugin, Some("no message in its place")), "removed"),
            [now] => (by_plugin(plugin, Some(&Refusal::preview_of(now))), "changed"),
            several => (by_plugin(plugin, Some(&format!("{} in its place", several.len()))), "split"),
        };
        let said = said + &warning_of_size(largest);
        let line = about(In, &[Type::In, Type::Message], peer).of(before, None).with_remote(*remote);
        Some(naming(plugin, line.saying(said).ended(outcome, Tone::Plain)))
    }

    fn touched(event: &Event) -> Touched {
        let Event::MessageRewritten { peer, .. } = event else { return Touched::default() };
        Touched::rows([of_peer(peer)])
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct PluginLoaded {
    plugin: String,
    again: bool,
}

impl Kind for PluginLoaded {
    const NAME: &str = "plugin_loaded";

    fn spec() -> EventSpec {
        EventSpec::new(Self::NAME, "a plugin was loaded").usually(
            Note,
            &["note"],
            Some("loaded"),
            Tone::Plain,
        )
    }

    fn of(event: &Event, _: Detail) -> Option<Self> {
        let Event::PluginLoaded { plugin, is_reload } = event else { return None };
        Some(Self { plugin: plugin.to_string(), again: *is_reload })
    }

    fn event(self) -> Result<Event, Wrong> {
        Ok(Event::PluginLoaded { plugin: self.plugin.into(), is_reload: self.again })
    }

    fn line(event: &Event) -> Option<Line> {
        let Event::PluginLoaded { plugin, is_reload } = event else { return None };
        let outcome = if *is_reload { "loaded again" } else { "loaded" };
        Some(note(None).saying(format!("plugin {plugin}")).ended(outcome, Tone::Plain))
    }

    fn touched(event: &Event) -> Touched {
        let Event::PluginLoaded { plugin, .. } = event else { return Touched::default() };
        Touched::rows([plugin_row(plugin)])
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct PluginFailed {
    plugin: String,
    reason: String,
    // `line` is the line of a connection in every event of the feed.
    at_line: Option<u32>,
    suspended: bool,
}

impl Kind for PluginFailed {
    const NAME: &str = "plugin_failed";

    fn spec() -> EventSpec {
        EventSpec::new(Self::NAME, "a plugin has failed, or cannot be loaded").level(Level::Warning).usually(
            Note,
            &["note"],
            Some("failed"),
            Tone::Bad,
        )
    }

    fn of(event: &Event, _: Detail) -> Option<Self> {
        let Event::PluginFailed { plugin, reason, line, is_suspended } = event else { return None };
        let (plugin, reason) = (plugin.to_string(), reason.clone());
        Some(Self { plugin, reason, at_line: *line, suspended: *is_suspended })
    }

    fn event(self) -> Result<Event, Wrong> {
        let Self { plugin, reason, at_line: line, suspended } = self;
        Ok(Event::PluginFailed { plugin: plugin.into(), reason, line, is_suspended: suspended })
    }

    fn line(event: &Event) -> Option<Line> {
        let Event::PluginFailed { plugin, reason, line, is_suspended } = event else { return None };
        let place = line.map(|line| format!(", line {line}")).unwrap_or_default();
        let outcome = if *is_suspended { "suspended" } else { "failed" };
        let said = format!("plugin {plugin}{place}: {reason}");
        Some(note(None).saying(said).ended(outcome, Tone::Bad))
    }

    fn touched(event: &Event) -> Touched {
        let Event::PluginFailed { plugin, .. } = event else { return Touched::default() };
        Touched::rows([plugin_row(plugin)])
    }
}
