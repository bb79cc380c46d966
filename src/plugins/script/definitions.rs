//! The definitions for editors and the table in the documentation, made from the list of functions.

use std::fmt::Write;

use super::functions::{FunctionSpec, function_specs};

/// The types, and the functions of a script that the host calls.
const TYPES: &str = include_str!("types.luau");

/// The file `clacks.d.luau`, with which editors complete and check scripts.
pub fn definitions() -> String {
    let mut text = TYPES.to_owned();
    text.push_str("\ndeclare clacks: {\n");
    let (nested, plain): (Vec<_>, Vec<_>) = function_specs().partition(|spec| spec.name.contains('.'));
    for spec in &plain {
        write_member(&mut text, "\t", spec.name, spec);
    }
    let mut tables: Vec<&str> = nested.iter().filter_map(|spec| Some(spec.name.split_once('.')?.0)).collect();
    tables.dedup();
    for table in tables {
        let _ = writeln!(text, "\t{table}: {{");
        for spec in &nested {
            if let Some((_, name)) = spec.name.split_once('.').filter(|(of, _)| *of == table) {
                write_member(&mut text, "\t\t", name, spec);
            }
        }
        text.push_str("\t},\n");
    }
    text.push_str("}\n");
    text
}

fn write_member(text: &mut String, indent: &str, name: &str, spec: &FunctionSpec) {
    let needs =
        spec.needs.map(|needs| format!("; needs allow = [\"{}\"]", needs.as_str())).unwrap_or_default();
    let limit = if spec.limit.is_empty() { String::new() } else { format!("; limit: {}", spec.limit) };
    let _ = writeln!(text, "{indent}--- {}{needs}{limit}", spec.does);
    let _ = writeln!(text, "{indent}{name}: {},", spec.of_type);
}

/// The table of the functions for the documentation, in Markdown.
pub fn functions_table() -> String {
    let mut table = String::from("| function | does | needs `allow` | limit |\n|---|---|---|---|\n");
    for spec in function_specs() {
        let of_type = spec.of_type.replace('|', "\\|");
        let signature = if of_type.starts_with('(') { of_type } else { format!(": {of_type}") };
        let needs = spec.needs.map_or("–", super::Allow::as_str);
        let limit = if spec.limit.is_empty() { "–" } else { spec.limit };
        let _ = writeln!(table, "| `{}{signature}` | {} | {needs} | {limit} |", spec.name, spec.does);
    }
    table
}
