use rand::{RngExt, rngs::StdRng, seq::IndexedRandom};

use super::{
    Random, Specimen, block_on, drafts,
    undoing::Essence,
    walk::{contents, steady_gauges, walk},
};
use crate::{
    Call, Check, Key, Network, Text,
    args::quoted,
    description::{CommandSpec, ListId, Need, Takes},
};

/// Rounds of one call of each command.
const ROUNDS: usize = 60;

/// Check 4. What `check` says about a random call is what `call` does: `Works` succeeds, `Wrong` fails, and `Begun` fails
/// but has an ending that works, unless nothing was typed yet or the command cannot work at all now. No beginning of
/// arguments that fit the description and work is wrong. `check` changes nothing. What a filter admits is known only after
/// going through the list, so a call with a filter can also be refused because it admits nothing.
pub fn check_and_call_agree(specimen: &mut dyn Specimen) {
    let mut random = Random::new();
    for _ in 0..ROUNDS {
        (0..20).for_each(|_| specimen.disturb(&mut random.numbers));
        let network = specimen.network();
        let mut specs = network.description().commands.clone();
        specs.retain(|spec| !specimen.depends_on_others(spec.name.as_str()));
        for spec in &specs {
            let calls: Vec<Call> =
                (0..4).map(|_| random_call(&*network, spec, &mut random.numbers)).collect();
            calls.into_iter().for_each(|call| agrees(&network, spec, &call, &mut random.numbers));
            let text = valid_text(&*network, spec, &mut random.numbers);
            beginnings_are_not_wrong(&*network, &Call::new(network.run(), spec.name.clone(), text));
        }
    }
}

fn agrees(network: &std::sync::Arc<dyn Network>, spec: &CommandSpec, call: &Call, random: &mut StdRng) {
    let before = (contents(&**network), steady_gauges(&**network));
    let check = network.check(call);
    if check == Check::Begun {
        has_an_ending(&**network, spec, call, random);
    }
    let after = (contents(&**network), steady_gauges(&**network));
    assert!(before == after, "the check of {call:?} changed something");
    let result = block_on(network.clone().call(call.clone()));
    match (check, result) {
        (Check::Works, Err(refusal)) if !takes_a_filter(spec) => {
            panic!("{call:?} works, but it was refused: {:?}", refusal.text)
        }
        (Check::Wrong(reason), Ok(outcome)) => {
            panic!("{call:?} is wrong ({reason:?}), but it succeeded: {:?}", outcome.text)
        }
        (Check::Begun, Ok(outcome)) => panic!("{call:?} is begun, but it succeeded: {:?}", outcome.text),
        (Check::Works, Ok(outcome)) => {
            assert!(!outcome.text.is_empty(), "{call:?} gives no words");
            let essence = || Essence::of_rows(&**network, &before.0);
            outcome.draft.into_iter().for_each(|draft| drafts::end(network, draft, &essence(), random));
        }
        (_, Err(refusal)) => {
            assert!(!refusal.text.is_empty(), "{call:?} gives no reason");
            let after = contents(&**network);
            assert!(before.0 == after, "{call:?} was refused, but it changed something");
        }
    }
}

fn takes_a_filter(spec: &CommandSpec) -> bool {
    spec.args.iter().any(|arg| arg.takes.contains(&Takes::Filter))
}

fn beginnings_are_not_wrong(network: &dyn Network, call: &Call) {
    if network.check(call) != Check::Works {
        return;
    }
    let text = call.text.untrusted();
    for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
        let begun = Call { text: Text::new(&text[..end]), ..call.clone() };
        let check = network.check(&begun);
        assert!(!matches!(check, Check::Wrong(_)), "{begun:?} is {check:?}, but {text:?} works");
    }
}

fn has_an_ending(network: &dyn Network, spec: &CommandSpec, call: &Call, random: &mut StdRng) {
    let typed = call.text.untrusted();
    // Nobody types the token of an undo. What may stand in quotes only the network knows.
    if typed.trim_matches([' ', '"', '\\']).is_empty() || typed.contains('"') || spec.name == "undo" {
        return;
    }
    let works = |text: String| network.check(&Call { text: text.into(), ..call.clone() }) == Check::Works;
    let valid: Vec<String> = (0..200).map(|_| valid_text(network, spec, random)).collect();
    if !valid.iter().cloned().any(works) {
        return;
    }
    let keys: Vec<Key> = contents(network).into_values().flatten().map(|row| row.key).collect();
    let items = keys.iter().map(|key| quoted(key.untrusted()));
    let remotes = keys.iter().flat_map(|key| {
        let address = key.untrusted();
        [format!("ip:{address}"), format!("ip:[{address}]")]
    });
    let ways = valid.into_iter().chain(items).chain(remotes).filter(|text| text.starts_with(typed));
    let endings = [
        "",
        "1",
        "9",
        ":1",
        "]:1",
        "\"",
        "}",
        "\"}",
        "x",
        "x:1",
        " x",
        " 1",
        " x:1",
        "ms",
        "::]:1",
        "x\"",
        ".0.1:1",
        ":1]:1",
        "::]",
        "1::]",
        "]",
        ":2:3:4:5]",
    ];
    let all = ways.chain(endings.iter().map(|ending| format!("{typed}{ending}")));
    assert!({ all }.any(works), "{call:?} is begun, but no ending works");
}

pub(super) fn random_call(network: &dyn Network, spec: &CommandSpec, random: &mut StdRng) -> Call {
    let text = match random.random_range(0..6) {
        0 => String::new(),
        1 => garbage(random),
        2 => {
            let whole = valid_text(network, spec, random);
            let end = random.random_range(0..=whole.len());
            let end = (0..=end).rev().find(|end| whole.is_char_boundary(*end)).unwrap_or(0);
            whole[..end].to_owned()
        }
        3 => format!("{} {}", valid_text(network, spec, random), garbage(random)),
        _ => valid_text(network, spec, random),
    };
    let run = if random.random_ratio(1, 20) { crate::Run(network.run().0 ^ 1) } else { network.run() };
    let call = Call::new(run, spec.name.clone(), text);
    let lists: Vec<(ListId, _)> = network.description().lists().collect();
    let mut own = lists.iter().filter(|(_, list)| spec.on.contains(&list.name));
    let list = match random.random_range(0..4) {
        0 | 1 => None,
        2 => own.next().map(|(id, _)| *id),
        _ => lists.choose(random).map(|(id, _)| *id),
    };
    let Some(list) = list else { return call };
    let mut keys: Vec<Key> = walk(network, list, None).into_iter().map(|row| row.key).collect();
    keys.truncate(random.random_range(1..4));
    if random.random_ratio(1, 5) {
        keys.push(Key::new("no such key"));
    }
    let text = if random.random() { Text::empty() } else { call.text.clone() };
    Call { text, ..call }.on(list, keys)
}

fn garbage(random: &mut StdRng) -> String {
    let parts = ["a", "1", " ", ":", "\"", "{", "\\", "\u{202e}", "\u{1b}[2J", "é", "-", ".", "tower:80"];
    (0..random.random_range(1..6)).filter_map(|_| parts.choose(random)).copied().collect()
}

/// Arguments that fit the description of a command.
fn valid_text(network: &dyn Network, spec: &CommandSpec, random: &mut StdRng) -> String {
    let mut words = Vec::new();
    for arg in &spec.args {
        if matches!(arg.need, Need::Optional | Need::OptionalRest) && random.random() {
            break;
        }
        let Some(takes) = arg.takes.choose(random) else { continue };
        let word = valid_word(network, takes, random);
        words.push(if matches!(arg.need, Need::Rest | Need::OptionalRest) { word } else { quoted(&word) });
    }
    words.join(" ")
}

fn valid_word(network: &dyn Network, takes: &Takes, random: &mut StdRng) -> String {
    match takes {
        Takes::Item { list, .. } => {
            let list = network.description().list_id(list.as_str());
            let rows = list.map(|list| walk(network, list, None)).unwrap_or_default();
            rows.choose(random).map_or_else(|| "nobody".to_owned(), |row| row.key.untrusted().to_owned())
        }
        Takes::HostPort | Takes::Address => {
            let hosts = ["tower", "127.0.0.1", "[::1]", "example.org"];
            format!(
                "{}:{}",
                hosts.choose(random).copied().unwrap_or_default(),
                random.random_range(1..=u16::MAX)
            )
        }
        Takes::Remote { .. } => {
            let remotes = ["ip:192.0.2.7", "ip:2001:db8::7", "ip:[::1]"];
            remotes.choose(random).copied().unwrap_or_default().to_owned()
        }
        Takes::Word(words) => words.choose(random).map_or_else(String::new, ToString::to_string),
        Takes::Number(least, most) => {
            let numbers = [*least, *most, f64::midpoint(*least, *most).clamp(*least, *most)];
            numbers.choose(random).map_or_else(String::new, ToString::to_string)
        }
        Takes::Time => "500ms".to_owned(),
        Takes::Filter => {
            let filters = ["gnu", "gnu terry", "\"gnu terry\" | chess", "!gnu size>10"];
            filters.choose(random).copied().unwrap_or_default().to_owned()
        }
        Takes::Json => r#"{"a":["b",1]}"#.to_owned(),
        Takes::Text => "GNU Terry Pratchett".to_owned(),
    }
}
