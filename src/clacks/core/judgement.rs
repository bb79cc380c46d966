//! Verdicts of plugins about payloads, and what a plugin reports of itself.

use std::sync::Arc;

use crate::protocol::Message;

/// What plugins decided about a payload. The default passes it unchanged. See [`Core::apply_judgement`].
///
/// ```
/// # use clacks_p2p::core::{Judgement, Verdict};
/// let judgement = Judgement::by("filter", Verdict::Swallow { reason: Some("an advertisement".to_owned()) });
/// assert_eq!(judgement.by.as_deref(), Some("filter"));
/// assert_eq!(Judgement::default().verdict, Verdict::Pass);
/// ```
///
/// [`Core::apply_judgement`]: super::Core::apply_judgement
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Judgement {
    /// The name of the plugin whose verdict this is. `None` if no plugin has objected.
    pub by: Option<Arc<str>>,
    /// The verdict.
    pub verdict: Verdict,
    /// The changes of the message before the verdict, in their order. Each replaces the one before.
    pub rewrites: Vec<PluginMessage>,
    /// Messages that plugins wrote. They are queued before the message of the payload, whatever the verdict is.
    pub queued_before: Vec<PluginMessage>,
    /// Headers that are added to the response. Those that HTTP forbids, `content-length` and `transfer-encoding` are
    /// left out.
    pub headers: Vec<(String, String)>,
}

/// A message that a plugin wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginMessage {
    /// The name of the plugin.
    pub by: Arc<str>,
    /// The message.
    pub message: Message,
}

/// A verdict about a payload.
///
/// A sender of the npm package deletes its copy of a message after a 200. After any other status it lists this node as
/// lost and sends the message again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Verdict {
    /// The payload is accepted as if no plugin had seen it.
    #[default]
    Pass,
    /// The payload is answered with 200 and discarded: nothing is queued, and the friend does not become a peer. The
    /// sender does not have the message any more.
    Swallow {
        /// The reason, for the user of this node.
        reason: Option<String>,
    },
    /// The payload is answered with another status and discarded. The sender keeps the message.
    Refuse {
        /// The HTTP status, 400 to 599. Another one is a fault of the plugin, and 403 is sent.
        status: u16,
        /// The body of the response.
        body: String,
        /// Headers of the response, besides those of the judgement.
        headers: Vec<(String, String)>,
        /// The reason, for the user of this node.
        reason: Option<String>,
    },
    /// These messages are accepted in place of the message: at most [`Verdict::MAX_REPLACEMENTS`], all or none. With
    /// none the payload is accepted without a message. A payload that is no message is accepted as it is.
    Replace(Vec<Message>),
    /// The message is held until the user releases it. A payload that is no message is accepted as it is.
    Hold {
        /// The reason, for the user of this node.
        reason: Option<String>,
    },
}

/// What a plugin reports of itself. See [`Core::report_plugin`].
///
/// [`Core::report_plugin`]: super::Core::report_plugin
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PluginReport {
    /// It was loaded.
    Loaded {
        /// Its name.
        plugin: Arc<str>,
        /// Whether it replaces its former version.
        is_reload: bool,
    },
    /// It has failed, or it cannot be loaded.
    Failed {
        /// Its name.
        plugin: Arc<str>,
        /// The reason.
        reason: String,
        /// The line of its source.
        line: Option<u32>,
        /// Whether it runs no more until it is loaded again.
        is_suspended: bool,
    },
}

impl Judgement {
    /// This verdict of this plugin, without changes of the message.
    pub fn by(plugin: impl Into<Arc<str>>, verdict: Verdict) -> Self {
        Self { by: Some(plugin.into()), verdict, ..Self::default() }
    }
}

impl Verdict {
    /// Maximum messages that can replace one.
    pub const MAX_REPLACEMENTS: usize = 16;

    /// A refusal without headers. The reason is also the body of the response.
    pub fn refuse(status: u16, reason: &str) -> Self {
        let (body, reason) = (format!("{reason}\n"), Some(reason.to_owned()));
        Self::Refuse { status, body, headers: Vec::new(), reason }
    }
}

impl PluginMessage {
    /// A message that this plugin wrote.
    pub fn new(by: impl Into<Arc<str>>, message: Message) -> Self {
        Self { by: by.into(), message }
    }
}

impl PluginReport {
    /// A fault without a line, after which the plugin continues to run.
    pub fn failed(plugin: impl Into<Arc<str>>, reason: impl Into<String>) -> Self {
        Self::Failed { plugin: plugin.into(), reason: reason.into(), line: None, is_suspended: false }
    }

    /// The first load.
    pub fn loaded(plugin: impl Into<Arc<str>>) -> Self {
        Self::Loaded { plugin: plugin.into(), is_reload: false }
    }
}
