use std::{collections::BTreeMap, sync::Arc, time::Duration};

use rand::{RngExt, rngs::StdRng};

use super::{
    Random, Specimen, block_on, commands, drafts,
    walk::{Contents, contents},
};
use crate::{
    Call, Check, Key, Network, Run, Value,
    description::{Kind, ListId},
};

/// Rounds of one call of each command.
const ROUNDS: usize = 60;

/// Check 5. The undo of a call restores the settings and the rows, but for the numbers and places of those that were removed and came
/// back. It works once and not for another run. If the node's clock can be moved, it does not work when it is too late.
/// A call for another run changes nothing. A draft can be sent or cancelled.
pub fn undo_restores_what_a_call_changed(specimen: &mut dyn Specimen) {
    let mut random = Random::new();
    let mut undone = 0;
    for _ in 0..ROUNDS {
        (0..20).for_each(|_| specimen.disturb(&mut random.numbers));
        let network = specimen.network();
        let mut specs = network.description().commands.clone();
        specs.retain(|spec| !specimen.depends_on_others(spec.name.as_str()));
        for spec in &specs {
            let call = commands::random_call(&*network, spec, &mut random.numbers);
            if network.check(&call) == Check::Works {
                undone += usize::from(is_undone(specimen, &network, &call, &mut random.numbers));
            }
        }
    }
    let has_undo = specimen.has_commands() && specimen.network().description().command("undo").is_some();
    assert!(undone > 0 || !has_undo, "no command could be undone");
}

fn is_undone(
    specimen: &mut dyn Specimen,
    network: &Arc<dyn Network>,
    call: &Call,
    random: &mut StdRng,
) -> bool {
    let before = Essence::of(&**network);
    let Ok(outcome) = block_on(network.clone().call(call.clone())) else { return false };
    if let Some(draft) = outcome.draft {
        drafts::end(network, draft, &before, random);
        return false;
    }
    let Some(undo) = outcome.undo else { return false };
    let after = Essence::of(&**network);
    let other_run = Call { run: Run(undo.run.0 ^ 1), ..undo.clone() };
    assert!(block_on(network.clone().call(other_run)).is_err(), "a call of another run succeeded");
    assert_eq!(Essence::of(&**network), after, "a call of another run changed something");
    if random.random_ratio(1, 4) && specimen.pass(Duration::from_secs(11)) {
        assert!(block_on(network.clone().call(undo)).is_err(), "{call:?} was undone after eleven seconds");
        return false;
    }
    assert_eq!(network.check(&undo), Check::Works, "{call:?}");
    let result = block_on(network.clone().call(undo.clone()));
    assert!(result.is_ok(), "{call:?} cannot be undone: {result:?}");
    assert_eq!(Essence::of(&**network), before, "{call:?} was undone");
    assert!(block_on(network.clone().call(undo)).is_err(), "{call:?} was undone twice");
    true
}

/// The settings, and the rows without the numbers that a node gives to its items, and without their order.
#[derive(Debug, PartialEq)]
pub(super) struct Essence(Vec<Value>, BTreeMap<ListId, Vec<String>>);

impl Essence {
    pub(super) fn of(network: &dyn Network) -> Self {
        Self::of_rows(network, &contents(network))
    }

    /// With these rows, and the settings as they are now.
    pub(super) fn of_rows(network: &dyn Network, rows: &Contents) -> Self {
        let description = network.description();
        let mut essence = BTreeMap::new();
        for (&list, rows) in rows {
            let columns = description.list(list).map(|list| &list.columns[..]).unwrap_or_default();
            let mut rows: Vec<String> = rows
                .iter()
                .map(|row| {
                    let cells = row.cells.iter().zip(columns);
                    let kept = cells.filter(|(cell, column)| !is_number_of(cell, &column.kind, &row.key));
                    format!("{:?}", kept.map(|(cell, _)| cell).collect::<Vec<_>>())
                })
                .collect();
            rows.sort();
            essence.insert(list, rows);
        }
        Self(network.settings(), essence)
    }
}

/// Whether a cell repeats the item's key as a number, or refers to an item by such a number.
fn is_number_of(cell: &Value, kind: &Kind, key: &Key) -> bool {
    match (cell, kind) {
        (Value::Count(number), Kind::Count) => number.to_string() == key.untrusted(),
        (Value::Ref(of), _) => of.untrusted().parse::<u64>().is_ok(),
        _ => false,
    }
}
