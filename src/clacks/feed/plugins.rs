//! The list of plugins, which the program runs.

use std::{fmt, pin::Pin, sync::Arc, time::Duration};

use clacks_feed::{
    Key, Order, Page, Row, Value, Window,
    description::{Field, Kind, ListSpec, Role},
    paging::page,
};

use crate::rows::Sorted;

/// The plugins of a node. [`ClacksNetwork::set_plugins`](crate::ClacksNetwork::set_plugins) shows them to every face.
pub trait PluginTable: fmt::Debug + Send + Sync + 'static {
    /// The plugins, in the order in which they are asked.
    fn plugins(&self) -> Vec<PluginStatus>;

    /// Loads a plugin again, or all that can be. Returns what was done, or why not.
    fn reload(&self, name: Option<&str>) -> Asked;

    /// Passes words to a plugin. Returns its reply, which is untrusted text, or why there is none.
    fn command(&self, name: &str, words: &str) -> Asked;
}

/// What a plugin was asked to do.
pub type Asked = Pin<Box<dyn Future<Output = Result<String, String>> + Send>>;

/// A plugin and its figures.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PluginStatus {
    /// Its name, unique at the node.
    pub name: Arc<str>,
    /// What it is: `script`, or `built-in`.
    pub kind: &'static str,
    /// Whether it runs: `running`, or why it does not.
    pub state: String,
    /// Payloads that it was asked about.
    pub payloads: u64,
    /// Payloads that it let go on.
    pub passed: u64,
    /// Messages that it changed or replaced.
    pub changed: u64,
    /// Payloads that it swallowed.
    pub swallowed: u64,
    /// Payloads that it refused.
    pub refused: u64,
    /// Messages that it held.
    pub held: u64,
    /// Faults.
    pub faults: u64,
    /// Median of the time until a verdict.
    pub median: Duration,
    /// The time that 99 in 100 verdicts do not exceed.
    pub p99: Duration,
    /// Memory in bytes. `None` for a built-in plugin.
    pub memory: Option<u64>,
    /// The last fault, and what else there is to report of it.
    pub note: Option<String>,
}

/// The columns change with each payload, without an event, so a recording has them as they were at an event about the plugin.
pub(crate) fn spec() -> ListSpec {
    ListSpec::new("plugins", "plugin", "plugins", Role::Other)
        .columns([
            Field::new("name", Kind::Id).width(10, 0),
            Field::new("state", Kind::Text).width(7, 30),
            Field::new("kind", Kind::Text).width(8, 8).priority(4),
            Field::new("payloads", Kind::Count).width(8, 8).priority(1),
            Field::new("passed", Kind::Count).width(6, 6).priority(3),
            Field::new("changed", Kind::Count).width(7, 7).priority(2),
            Field::new("swallowed", Kind::Count).width(9, 9).priority(2),
            Field::new("refused", Kind::Count).width(7, 7).priority(2),
            Field::new("held", Kind::Count).priority(2),
            Field::new("faults", Kind::Count).width(6, 6).priority(1),
            Field::new("median", Kind::Took).priority(3),
            Field::new("p99", Kind::Took).priority(3),
            Field::new("memory", Kind::Bytes).priority(4),
            Field::new("note", Kind::Text).titled("last fault").only_open(),
        ])
        .shared()
        .empty(&["no plugin runs", "--plugin FILE runs a script"])
}

/// The page of a window.
pub(crate) fn plugins_page(plugins: Option<&dyn PluginTable>, window: &Window) -> Page {
    let rows = rows(plugins);
    page(window, rows.len() as u64, Vec::new(), &Sorted(rows))
}

/// The row of the plugin with this name.
pub(crate) fn plugin_row_of(plugins: Option<&dyn PluginTable>, key: &Key) -> Option<Row> {
    rows(plugins).into_iter().find(|row| row.key == *key)
}

fn rows(plugins: Option<&dyn PluginTable>) -> Vec<Row> {
    let plugins = plugins.map(PluginTable::plugins).unwrap_or_default();
    plugins.iter().enumerate().map(|(position, plugin)| row(position, plugin)).collect()
}

fn row(position: usize, plugin: &PluginStatus) -> Row {
    let text = |text: &str| Value::text(text.to_owned().into());
    let cells = [
        text(&plugin.name),
        text(&plugin.state),
        text(plugin.kind),
        Value::Count(plugin.payloads),
        Value::Count(plugin.passed),
        Value::Count(plugin.changed),
        Value::Count(plugin.swallowed),
        Value::Count(plugin.refused),
        Value::Count(plugin.held),
        Value::Count(plugin.faults),
        Value::Took(plugin.median),
        Value::Took(plugin.p99),
        plugin.memory.map_or(Value::None, Value::Count),
        plugin.note.as_deref().map_or(Value::None, text),
    ];
    let order = Order { rank: position as u64, text: None };
    Row { key: plugin.name.to_string().into(), order, cells: cells.into() }
}
