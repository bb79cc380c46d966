use std::{borrow::Cow, sync::Arc};

/// What a plugin decides about a payload.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Verdict {
    /// Pass the payload to the next plugin, then to the node.
    #[default]
    Pass,
    /// Pass the payload with another message, given as JSON text.
    Change(Arc<str>),
    /// Queue these messages, given as JSON texts, in place of the message: 0 to [`Verdict::MAX_REPLACEMENTS`], all or
    /// none. Later plugins do not see them.
    Replace(Vec<Arc<str>>),
    /// Answer 200 and queue nothing. The sender deletes its copy, so the message is gone unless another node has it.
    Swallow {
        /// Why, for the user of this node.
        reason: Option<Arc<str>>,
    },
    /// Answer with an error. The sender keeps its message and lists this node as lost.
    Refuse(Refusal),
    /// Hold the message until the user releases it. The sender gets 200.
    Hold {
        /// Why, for the user of this node.
        reason: Option<Arc<str>>,
    },
}

impl Verdict {
    /// Maximum number of messages in place of one.
    pub const MAX_REPLACEMENTS: usize = 16;
}

/// The error answer to a payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status, from 400 to 599.
    pub status: u16,
    /// The body: at most [`Refusal::MAX_BODY`] characters.
    pub body: Arc<str>,
    /// Further headers. Those that HTTP forbids and those about the length of the body are left out.
    pub headers: Vec<(Cow<'static, str>, String)>,
}

impl Refusal {
    /// Maximum number of characters of a body.
    pub const MAX_BODY: usize = 1000;

    /// A refusal with this status, from 400 to 599, and this body. Another status becomes 403, and a longer body is cut.
    pub fn new(status: u16, body: &str) -> Self {
        let status = if (400..600).contains(&status) { status } else { 403 };
        let end = body.char_indices().nth(Self::MAX_BODY).map_or(body.len(), |(at, _)| at);
        Self { status, body: body[..end].into(), headers: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_has_an_error_status_and_a_short_body() {
        let long = "\u{dc}".repeat(Refusal::MAX_BODY + 1);
        for (given, status) in [(399, 403), (400, 400), (599, 599), (600, 403), (200, 403)] {
            let refusal = Refusal::new(given, &long);
            assert_eq!(
                (refusal.status, refusal.body.chars().count()),
                (status, Refusal::MAX_BODY),
                "{given}"
            );
        }
    }
}
