//! Summaries of the filter language for one network.

use super::{FilterField, Scope, Values, error::listed, field::RESERVED, fields};
use crate::description::Kind;

/// Summary of the language: pairs of an example and its meaning. Every example is a filter that can match in the scope.
pub fn grammar(scope: Scope<'_>) -> Vec<(String, String)> {
    let fields = fields(scope);
    let has = |name: &str| fields.iter().any(|field| field.name == name);
    let mut rows = rows(&[
        ("gnu terry", "what holds both words, in any case of letters"),
        ("\"gnu terry\"", "what holds them as they stand there"),
    ]);
    if has("from") {
        rows.push(row("from:tower", "what came from a peer with this in its address"));
    }
    if has("to") {
        rows.push(row("to:tower", "what went to one"));
    }
    if has("peer") {
        rows.push(row("peer:tower", "either, or what is about one"));
        let also: Vec<_> = ["from", "to"].into_iter().filter(|name| has(name)).collect();
        let also = also.iter().map(|name| format!(" {name}=")).collect::<Vec<_>>().join(" and");
        let also = if also.is_empty() { also } else { format!("; also{also}") };
        rows.push(row("peer=\"tower:80\"", &format!("the peer with this address and no other{also}")));
    }
    if has("ip") {
        let does = "what came from this IP address, or from one of a network such as 192.0.2.0/24";
        rows.push(row("ip:192.0.2.7", does));
    }
    for (name, does) in [("status", "where the status is"), ("type", "")] {
        let field = fields.iter().find(|field| field.name == name);
        if let Some(Values::Words(words)) = field.map(|field| &field.values)
            && let Some(first) = words.first()
        {
            let does = format!("{does} {}", listed(words));
            rows.push(row(&format!("{name}:{first}"), does.trim()));
        }
    }
    if has("size") {
        rows.push(row("size>200 size<1k", "messages of more or fewer bytes; also >= <= ="));
    }
    rows.extend(own_examples(&fields, scope));
    rows.extend(self::rows(&[
        ("re:/^gnu +[a-z]/", "where the regular expression matches"),
        ("!gnu", "what is not so"),
        ("gnu | chess", "either; binds less than what stands side by side"),
        ("(a | b) c", "parentheses group; in quotes they are text"),
    ]));
    rows
}

/// Summary of the language in one line.
pub fn in_short(scope: Scope<'_>) -> String {
    let mut words = vec!["word", "\"two words\""];
    let fields = fields(scope);
    let fixed = fields.iter().filter(|field| RESERVED.contains(&field.name.as_str()));
    let fixed = fixed.filter(|field| !matches!(field.name.as_str(), "size" | "net" | "node" | "re"));
    words.extend(fixed.map(|field| field.start.as_str()));
    let has_size = fields.iter().any(|field| field.name == "size");
    words.extend(has_size.then_some("size>1k"));
    let own = own_examples(&fields, scope);
    words.extend(own.iter().map(|(example, _)| example.as_str()));
    words.extend(["re:/\u{2026}/", "!not", "a|b", "(\u{2026})"]);
    words.join(" ")
}

/// Kinds of values, the end of an example with their field, and its meaning.
type Example = (fn(&Kind) -> bool, &'static str, &'static str);

/// An example of the first field of each kind that the description adds.
fn own_examples(fields: &[FilterField], scope: Scope<'_>) -> Vec<(String, String)> {
    let kinds: [Example; 7] = [
        (|kind| *kind == Kind::Took, ">100ms", "a longer duration; also us, s, m, h and d"),
        (|kind| *kind == Kind::At, "<5m", "a moment in the last five minutes; also s, h and d"),
        (|kind| matches!(kind, Kind::Count | Kind::Bytes), ">=3", "a number; k, M and G are its units"),
        (|kind| matches!(kind, Kind::Rate | Kind::BytesRate), ">2k", "more a second"),
        (|kind| *kind == Kind::Ratio, ">50%", "more than half"),
        (|kind| *kind == Kind::Flag, ":yes", "where this is so; or no"),
        (|kind| kind.is_text() || matches!(kind, Kind::Ref(_)), ":word", "what holds this there"),
    ];
    let example = |(is_kind, end, does): &Example| {
        let mut all = scope.fields().into_iter();
        let field = all.find(|field| {
            is_kind(&field.kind) && fields.iter().any(|known| known.name == field.name && is_own(known))
        })?;
        Some((format!("{}{end}", field.name), (*does).to_owned()))
    };
    kinds.iter().filter_map(example).collect()
}

/// Whether the description adds the field.
fn is_own(field: &FilterField) -> bool {
    !RESERVED.contains(&field.name.as_str())
}

fn rows(examples: &[(&str, &str)]) -> Vec<(String, String)> {
    examples.iter().map(|(example, does)| row(example, does)).collect()
}

fn row(example: &str, does: &str) -> (String, String) {
    (example.to_owned(), does.to_owned())
}
