//! The filter language, given any text.

use super::{
    tests::{check_typed, clacks},
    *,
};
use crate::{Direction, Line, description::EventId};

/// The first line is a filter, the rest is a message for it to look at.
#[test]
fn feed_filter() {
    let description = clacks::description();
    clacks_fuzz::fuzz("feed_filter", 200, |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let (written, message) = text.split_once('\n').unwrap_or((&text, "GNU Terry Pratchett"));
        check_typed(written);
        if let Ok(filter) = Filter::parse(written, Scope::Traffic(description)) {
            check_message(&filter, message, description);
        }
        let fields = fields(Scope::Traffic(description));
        for cursor in (0..=written.len()).filter(|at| written.is_char_boundary(*at)) {
            if let Some(found) = at_cursor(written, cursor, &fields) {
                let Range { start, end } = found.replaces;
                assert!(start <= cursor && cursor <= end && written.get(start..end).is_some(), "{written:?}");
            }
        }
    });
}

/// The message matches as JSON and as plain text; a filter and its opposite never agree, and a filter agrees with itself twice.
fn check_message(filter: &Filter, message: &str, description: &Description) {
    let negated = Filter::parse(&format!("!({filter})"), Scope::Traffic(description)).ok();
    let twice = Filter::parse(&format!("{filter} | ({filter}) ({filter})"), Scope::Traffic(description)).ok();
    for text in [clacks::json(message), message.into()] {
        let line = Line { text: Some(text), ..clacks::line(Direction::In, &["message"], Some("tower:1")) };
        let subject = Subject::of_line(description, EventId(0), &line, clacks::NOW);
        let admits = filter.admits(&subject);
        assert!(negated.as_ref().is_none_or(|negated| negated.admits(&subject) != admits), "{filter}");
        assert!(twice.as_ref().is_none_or(|twice| twice.admits(&subject) == admits), "{filter}");
    }
}
