//! A filter as the node's hold rule.

use clacks_language::filter::{Filter, domain::Type, subject::Subject};
use clacks_p2p::core::{HoldRule, QueuedMessage};

/// A hold rule that holds every message that the filter admits. The filter sees the sender, the remote address, the
/// text, the size and whether the message is the user's own.
pub(crate) fn rule(filter: Filter) -> HoldRule {
    HoldRule::new(filter.as_str().to_owned(), move |queued| filter.admits(&subject(queued)))
}

/// A queued message as the subject of a filter.
pub(crate) fn subject(queued: &QueuedMessage) -> Subject<'_> {
    let types: &[Type] =
        if queued.from.is_some() { &[Type::In, Type::Message] } else { &[Type::Own, Type::Message] };
    let subject = Subject::new(types).from(queued.from.as_ref()).with_remote(queued.place);
    subject.with_message(Some(&queued.message))
}

#[cfg(test)]
mod tests {
    use clacks_p2p::Message;

    use super::*;

    fn holds(filter: &str, from: Option<&str>, text: &str) -> bool {
        rule(Filter::parse(filter).unwrap()).matches(&QueuedMessage::new(
            "1".parse().unwrap(),
            Message::text(text),
            0,
            1,
            from.map(|from| from.parse().unwrap()),
            None,
        ))
    }

    #[test]
    fn a_rule_sees_the_text_the_sender_and_the_size() {
        assert!(holds("gnu", None, "GNU Terry Pratchett") && !holds("gnu", None, "hello"));
        assert!(
            holds("from:rude", Some("rude-tower:1"), "x") && !holds("from:rude", Some("tower:1"), "rude")
        );
        assert!(!holds("from:rude", None, "rude"));
        assert!(holds("size>10", None, "a long message") && !holds("size>10", None, "short"));
        assert!(holds("type:own", None, "x") && !holds("type:own", Some("tower:1"), "x"));
    }
}
