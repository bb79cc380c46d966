//! The definitions for editors are made from the list of functions, and the list is what a script sees.

use std::{env, fs, path::Path};

use super::{judge, message, options};
use crate::{
    Verdict,
    script::{TestRun, check, definitions, function_specs, functions_table, new_script},
};

/// Compares a generated file with its text, or writes it if `UPDATE_README` is set.
fn compare(path: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    if env::var_os("UPDATE_README").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(written, text, "{} is behind the program; UPDATE_README=1 writes it", path.display());
}

#[test]
fn readme_of_the_definitions_for_editors_is_up_to_date() {
    compare("assets/plugins/clacks.d.luau", &definitions());
}

#[test]
fn readme_of_the_functions_is_up_to_date() {
    const START: &str = "<!-- functions: made from the list in src/plugins/script/functions/list.rs -->\n";
    const END: &str = "<!-- end of functions -->\n";
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/scripts.md");
    let page = fs::read_to_string(page).unwrap();
    let (before, rest) = page.split_once(START).expect("a start");
    let (_, after) = rest.split_once(END).expect("an end");
    compare("docs/scripts.md", &format!("{before}{START}{}{END}{after}", functions_table()));
}

#[test]
fn the_list_of_functions_is_what_a_script_sees() {
    let text = "function on_message(m)
        local names = {}
        for name, member in clacks do
            if type(member) == 'table' and (name == 'store' or name == 'archive') then
                for inner in member do table.insert(names, name .. '.' .. inner) end
            else
                table.insert(names, name)
            end
        end
        table.sort(names)
        return clacks.change(table.concat(names, ' '))
    end";
    let mut listed: Vec<&str> = function_specs().map(|spec| spec.name).collect();
    listed.sort_unstable();
    assert_eq!(judge(text, "1"), Ok(Verdict::Change(format!("\"{}\"", listed.join(" ")).into())));
}

#[test]
fn the_table_has_a_row_for_each_function() {
    let table = functions_table();
    assert_eq!(table.lines().count(), 2 + function_specs().count());
    assert!(table.contains("| `enqueue(value: any) -> (number?, string?)` | queue a message; "), "{table}");
    let unescaped = |row: &str| row.replace("\\|", "").matches('|').count();
    assert!(table.lines().all(|row| unescaped(row) == 5), "{table}");
}

#[test]
fn a_new_script_loads_and_does_what_it_says() {
    let text = new_script("tune-in");
    assert!(text.contains("script = \"tune-in.luau\"") && !text.contains("NAME.luau"));
    let checked = check(&options(&text)).unwrap();
    assert_eq!(checked.functions, ["on_message", "on_command", "on_load", "on_unload"]);
    assert_eq!((checked.never_called.len(), checked.notes.len()), (0, 0));
    let run = TestRun::new(&options(&text), None).unwrap();
    assert_eq!(run.judge_one(&message("\"the weather\"")), Ok(Verdict::Pass));
}

#[test]
fn a_check_names_functions_that_are_never_called() {
    let checked = check(&options("function on_mesage(m) end print('hi')")).unwrap();
    assert_eq!(checked.never_called, ["on_mesage"]);
    assert_eq!(checked.notes, ["log info: hi"]);
}

#[test]
fn a_run_over_payloads_gives_verdicts_and_what_the_script_did() {
    let mut options = options("function on_message(m) clacks.enqueue(m.json) return clacks.swallow('x') end");
    options.allow = vec![crate::script::Allow::Enqueue];
    let run = TestRun::new(&options, None).unwrap();
    let payloads = ["1", "\"a\\u001bb\""].map(message).into_iter();
    let lines: Vec<String> = run
        .judge(payloads)
        .map(|(_, tested)| {
            format!("{} {}", crate::script::verdict_line(&tested.verdict), tested.notes.join(";"))
        })
        .collect();
    assert_eq!(lines, ["swallow (x) enqueue \"1\"", "swallow (x) enqueue \"\\\"a\\\\u001bb\\\"\""]);
}
