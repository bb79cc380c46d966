//! The filter language with arbitrary text.

use clacks_p2p::{Address, Message, core::Status};

use super::{domain::Type, subject::Subject, *};

/// The first line is a filter, the rest is a message to match.
#[test]
fn filter() {
    clacks_fuzz::fuzz("filter", 400, |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let (written, message) = text.split_once('\n').unwrap_or((&text, "GNU Terry Pratchett"));
        match Filter::parse(written) {
            Ok(filter) => check(&filter, &Message::text(message)),
            Err(error) => {
                assert!(written.get(error.span.clone()).is_some(), "{written:?}: {:?}", error.span);
                assert!(!error.to_string().contains('\n'), "{error}");
            }
        }
    });
}

fn check(filter: &Filter, message: &Message) {
    let again = Filter::parse(filter.as_str()).unwrap();
    assert_eq!(again, *filter);
    let written = filter.as_str();
    // A negated filter can exceed the limits of length and depth; then it is not checked.
    let negated = Filter::parse(&format!("!({written})")).ok();
    let twice = Filter::parse(&format!("{written} | ({written}) ({written})")).ok();
    let (tower, keep): (Address, Address) =
        ("tower-3:8443".parse().unwrap(), "[2001:db8::1]:8080".parse().unwrap());
    let types = [Type::In, Type::Message];
    for subject in [
        Subject::new(&types).from(Some(&tower)).with_status(Some(Status::Alive)).with_message(Some(message)),
        Subject::new(&[]).to(Some(&keep)).about(Some(&tower)).with_texts("refused", "403"),
    ] {
        let admits = filter.admits(&subject);
        assert_eq!(again.admits(&subject), admits);
        assert!(negated.as_ref().is_none_or(|negated| negated.admits(&subject) != admits));
        assert!(twice.as_ref().is_none_or(|twice| twice.admits(&subject) == admits));
    }
}
