//! The limits of a node of clacks as sentences.

use clacks_feed::{Value, description::Kind};
use clacks_p2p::core::PlaceShare;
use clacks_p2p_feed::{
    figures::{Figures, gauge_of},
    settings::{NodeSettings, SETTINGS, Setting, Words, setting},
};
use clacks_text::format;

use super::phrases::as_sentence;

const NO_LIMIT: &str = "no limit";

/// A sentence for each limit that has a value, a use or a number of times that it was reached.
///
/// `settings` is `None` for a recorded node, because settings are not recorded.
pub(crate) fn sentences(settings: Option<&NodeSettings>, figures: &Figures) -> Vec<String> {
    SETTINGS.iter().filter_map(|setting| sentence(setting, settings, figures)).collect()
}

fn sentence(setting: &Setting, settings: Option<&NodeSettings>, figures: &Figures) -> Option<String> {
    let sentence = setting.sentence.as_ref()?;
    let used = used(setting, figures).map(|used| format!("{used} used"));
    let met = setting.met.map(|limit| figures.counters.limits.of(limit));
    let parts = [
        settings.map(|settings| value(setting, sentence.value, settings)),
        used,
        met.filter(|met| *met > 0).map(|met| times_reached(&met.to_string())),
    ];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| as_sentence(format!("{}: {}", sentence.what, parts.join("; "))))
}

/// The value in words.
fn value(setting: &Setting, words: Words, settings: &NodeSettings) -> String {
    match words {
        Words::Flag { on, .. } if setting.value(settings) == Value::Flag(true) => on.to_owned(),
        Words::Flag { off, .. } => off.to_owned(),
        Words::Text(text) => filled(text, settings).unwrap_or_else(|| NO_LIMIT.to_owned()),
    }
}

/// A text with the values of the settings that it names. `None`: one of them is no limit.
fn filled(text: &str, settings: &NodeSettings) -> Option<String> {
    let mut filled = String::new();
    for part in parts(text) {
        match part {
            Part::Plain(plain) => filled.push_str(plain),
            Part::Setting(setting, digits) => filled.push_str(&number(setting, digits, settings)?),
        }
    }
    Some(filled)
}

/// A value of a setting. `None`: it is no limit.
fn number(setting: &Setting, digits: Digits, settings: &NodeSettings) -> Option<String> {
    Some(match setting.value(settings) {
        Value::Count(bytes) if setting.kind == Kind::Bytes && digits == Digits::Short => {
            format::size(usize::try_from(bytes).unwrap_or(usize::MAX))
        }
        Value::Count(number) => format::grouped(number),
        Value::Number(rate) if rate.fract() == 0.0 => format::grouped(rate as u64),
        Value::Number(rate) => rate.to_string(),
        Value::Took(time) => format::exact_time(time),
        _ => return None,
    })
}

/// How much of a limit is in use, and of the others that its sentence names.
fn used(setting: &Setting, figures: &Figures) -> Option<String> {
    let Words::Text(text) = setting.sentence.as_ref()?.value else { return None };
    let used = parts(text).filter_map(|part| {
        let Part::Setting(setting, _) = part else { return None };
        match gauge_of(figures, setting.used?)? {
            Value::Count(used) => Some((setting, usize::try_from(used).unwrap_or(usize::MAX))),
            _ => None,
        }
    });
    let used: Vec<_> = used
        .map(|(setting, used)| match setting.kind {
            Kind::Bytes => format::size(used),
            _ => format::count(used),
        })
        .collect();
    (!used.is_empty()).then(|| used.join(", "))
}

/// How often a limit was reached: `met once`, `met 3 times`.
pub(super) fn times_reached(met: &str) -> String {
    if met == "1" { "met once".to_owned() } else { format!("met {met} times") }
}

/// A part of a text with values.
enum Part<'a> {
    Plain(&'a str),
    Setting(&'static Setting, Digits),
}

/// How a size is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Digits {
    /// `64 MB`.
    Short,
    /// A number of bytes with all its digits.
    All,
}

/// The parts of a text, in which `{name}` and `{#name}` stand for a setting.
fn parts(text: &str) -> impl Iterator<Item = Part<'_>> {
    text.split('{')
        .flat_map(|part| {
            let Some((name, plain)) = part.split_once('}') else { return [None, Some(Part::Plain(part))] };
            let digits = if name.starts_with('#') { Digits::All } else { Digits::Short };
            let setting = setting(name.trim_start_matches('#'));
            [setting.map(|setting| Part::Setting(setting, digits)), Some(Part::Plain(plain))]
        })
        .flatten()
}

// === Origins ===

/// The share of a remote address in the stored messages: `From 192.0.2.7: 71 messages, 60 MB, 3 held, 12 refused.`
pub(crate) fn place(share: &PlaceShare) -> String {
    let PlaceShare { place, messages, bytes, held, refused, .. } = share;
    let held = if *held > 0 { format!(", {} held", format::count(*held)) } else { String::new() };
    let refused = if *refused > 0 { format!(", {refused} refused") } else { String::new() };
    let what = if *messages == 1 { "message" } else { "messages" };
    let (count, size) = (format::count(*messages), format::size(*bytes));
    as_sentence(format!("From {place}: {count} {what}, {size}{held}{refused}"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clacks_p2p::{Node, core::Limit};
    use clacks_p2p_feed::figures::figures_of_overview;

    use super::*;

    #[tokio::test]
    async fn every_limit_has_its_own_sentence() {
        let node = Node::builder().port(0).start().await.unwrap();
        let mut overview = node.overview();
        for limit in Limit::ALL {
            overview.counters.limits.add(limit, 2);
        }
        let figures = figures_of_overview(&overview, Some(node.connections()));
        let all = sentences(Some(&NodeSettings::of(&node)), &figures);
        let mut names = BTreeSet::new();
        for texts in &all {
            let (name, value) = texts.split_once(": ").unwrap();
            assert!(name.starts_with(char::is_uppercase), "{texts}");
            assert!(value.ends_with('.') && !texts.contains(['/', '+', '{', '}']), "{texts}");
            names.insert(name.to_owned());
        }
        assert_eq!(names.len(), all.len());
        let met = |texts: &[String]| texts.iter().filter(|text| text.ends_with("met 2 times.")).count();
        assert_eq!(met(&all), Limit::ALL.len());
        assert_eq!(met(&sentences(None, &figures)), Limit::ALL.len());
    }

    #[test]
    fn a_sentence_has_the_values_of_all_settings_that_it_names() {
        let mut settings = NodeSettings::default();
        let mut figures =
            figures_of_overview(&clacks_p2p::node::Overview::new("tower:1".parse().unwrap()), None);
        (figures.queued, figures.held_bytes) = (3, 120);
        let of =
            |settings: &NodeSettings, name: &str| sentence(setting(name).unwrap(), Some(settings), &figures);
        let payloads = "Most payloads from one address, answered with 429 beyond them";
        for (name, text) in [
            ("connection-rate", "10 a second from each address and 1,000 a second in all."),
            ("max-queue-messages", "100,000, 67 MB; 3, 120 B used."),
            ("max-message-bytes", "1,047,552 bytes."),
            ("allow-private-addresses", "to public addresses, and to those of the same kind as ours."),
        ] {
            assert!(of(&settings, name).unwrap().ends_with(&format!(": {text}")), "{name}");
        }
        for (rate, text) in [(0.5, "0.5 a second, 2,000 at once"), (0.0, NO_LIMIT)] {
            settings.options.payload_rate = rate;
            assert_eq!(of(&settings, "payload-rate"), Some(format!("{payloads}: {text}.")));
        }
    }
}
