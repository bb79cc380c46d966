//! A filter is refused only if no row, and no message that waits, can match it.

use clacks_feed::{
    Now,
    filter::{Filter, Scope, Subject},
};
use clacks_p2p::core::QueuedMessage;
use clacks_p2p_feed::{description::QUEUE, rows::message_row};
use proptest::prelude::*;

use super::every_event::{network, rows_of_every_event};

/// Filters that are often contradictory.
fn filters() -> impl Strategy<Value = String> {
    let terms = [
        "a",
        "ab",
        "b",
        "from:a",
        "from:b",
        "peer:a",
        "to:a",
        "type:in",
        "type:own",
        "type:message",
        "size>3",
        "size<4",
        "size=3",
        "ip:192.0.2.7",
        "ip:192.0.2.0/24",
        "status:lost",
        "re:/a+/",
    ];
    let term = (any::<bool>(), prop::sample::select(terms.to_vec()))
        .prop_map(|(is_negated, term)| format!("{}{term}", if is_negated { "!" } else { "" }));
    term.prop_recursive(3, 12, 3, |inner| {
        (any::<bool>(), prop::collection::vec(inner, 1..4), any::<bool>()).prop_map(
            |(is_negated, parts, is_choice)| {
                let parts = parts.join(if is_choice { " | " } else { " " });
                format!("{}({parts})", if is_negated { "!" } else { "" })
            },
        )
    })
}

proptest! {
    #[test]
    fn whatever_a_waiting_message_matches_is_not_refused(
        text in filters(),
        from in prop::option::of(prop::sample::select(vec!["a:1", "ab:1", "b:1", "c:1"])),
        message in prop::sample::select(vec!["a", "ab", "b", "x", "long text"]),
        remote in prop::option::of(prop::sample::select(vec!["192.0.2.7", "192.0.2.8", "203.0.113.1"])),
    ) {
        let queued = QueuedMessage::new("1".parse().unwrap(), clacks_p2p::Message::text(message), 0, 1, from.map(|from| from.parse().unwrap()), remote.map(|remote| remote.parse().unwrap()));
        let network = network();
        let scope = Scope::List(&network, QUEUE);
        // Some fields are not those of a message.
        let Ok(filter) = Filter::parse(&text, scope) else { return Ok(()) };
        let row = message_row(&queued);
        if filter.admits(&Subject::of_row(&network, QUEUE, &row, Now::default())) {
            prop_assert!(filter.check_for(scope).is_ok(), "{text}");
        }
    }
}

proptest! {
    #[test]
    fn whatever_a_row_matches_is_not_refused(text in filters()) {
        let network = network();
        let filter = Filter::parse(&text, Scope::Traffic(&network)).unwrap();
        for row in rows_of_every_event() {
            if filter.admits(&row.subject()) {
                prop_assert!(filter.check_for(Scope::Traffic(&network)).is_ok(), "{text}: {row:?}");
            }
        }
    }
}
