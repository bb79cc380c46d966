//! Plugins of `clacks node` and `clacks plugins`, as processes.

use std::process::Output;

use serde_json::json;

use crate::process::{Home, Process};

/// The output of `clacks plugins` with these arguments.
fn plugins(home: &Home, arguments: &[&str]) -> Output {
    home.clacks(&[&["plugins"], arguments].concat()).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// A node with this script, and another one that sends to it.
fn with_script(home: &Home, script: &str) -> (Process, Process) {
    let judge = home.node(&["--plugin", script]);
    let sender = home.node(&["--peer", &judge.address()]);
    (judge, sender)
}

#[test]
fn a_new_script_is_checked_and_runs() {
    let home = Home::new();
    let created = plugins(&home, &["new", "./tune-in.luau"]);
    assert!(created.status.success(), "{}", text(&created.stderr));
    assert!(text(&created.stdout).contains("clacks --plugin ./tune-in.luau"), "{}", text(&created.stdout));
    assert!(home.path().join("clacks.d.luau").exists());
    let again = plugins(&home, &["new", "./tune-in.luau"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(text(&again.stderr).contains("exists already"), "{}", text(&again.stderr));
    let checked = plugins(&home, &["check", "tune-in.luau"]);
    assert!(checked.status.success(), "{}", text(&checked.stderr));
    assert!(
        text(&checked.stdout).contains("tune-in.luau loads. The node calls on_"),
        "{}",
        text(&checked.stdout)
    );
    let (mut judge, mut sender) = with_script(&home, "tune-in.luau");
    sender.say("a plain message");
    assert_eq!(judge.until_event("message_received")["message"], "a plain message");
}

#[test]
fn a_new_script_without_a_path_is_beside_the_configuration() {
    let home = Home::new();
    let created = plugins(&home, &["new", "greeter"]);
    assert!(created.status.success(), "{}", text(&created.stderr));
    assert!(home.path().join(".config/clacks/plugins/greeter.luau").exists(), "{}", text(&created.stdout));
    home.write(".config/clacks/config.toml", "[[plugins]]\nscript = \"greeter.luau\"\n");
    let mut node = home.node(&[]);
    home.write(".config/clacks/plugins/greeter.luau", "-- edited");
    assert_eq!(node.until_event("plugin_loaded")["plugin"], "greeter");
}

#[test]
fn a_script_swallows_refuses_and_changes_messages() {
    let home = Home::new();
    let script = home.write(
        "judge.luau",
        "function on_message(m)\n\
         if m.text == 'swallow' then return clacks.swallow('I had to') end\n\
         if m.text == 'refuse' then return clacks.refuse(418, 'no') end\n\
         if m.text == 'change' then return clacks.change('changed') end\n\
         if m.text == 'hold' then return clacks.hold() end\n\
         end\n",
    );
    let (mut judge, mut sender) = with_script(&home, &script);
    sender.say("swallow");
    let swallowed = judge.until_event("payload_discarded");
    assert_eq!(
        (&swallowed["plugin"], &swallowed["status"], &swallowed["reason"], &swallowed["message"]),
        (&json!("judge"), &json!(200), &json!("I had to"), &json!("swallow")),
    );
    sender.until_event("message_delivered");
    sender.say("change");
    let rewritten = judge.until_event("message_rewritten");
    assert_eq!((&rewritten["plugin"], &rewritten["before"]), (&json!("judge"), &json!("change")));
    assert_eq!(judge.until_event("message_received")["message"], "changed");
    sender.say("hold");
    assert_eq!(judge.until_event("message_held")["message"], "hold");
    sender.say("refuse");
    assert_eq!(judge.until_event("payload_discarded")["status"], 418);
    assert_eq!(sender.until_event("delivery_failed")["message"], "refuse");
}

#[test]
fn plugins_are_listed_asked_and_loaded_again() {
    let home = Home::new();
    let script = home.write(
        "a.luau",
        "local seen = 0\n\
         function on_message(m) seen += 1; return clacks.swallow() end\n\
         function on_command(words) return `{seen} seen, {table.concat(words, '+')}` end\n",
    );
    let (mut judge, mut sender) = with_script(&home, &script);
    sender.ask("one");
    judge.until_event("payload_discarded");
    let list = judge.ask(":list plugins");
    let plugin = &list["plugins"][0];
    assert_eq!(
        (&plugin["name"], &plugin["state"], &plugin["kind"]),
        (&json!("a"), &json!("running"), &json!("script"))
    );
    assert_eq!((&plugin["swallowed"], &plugin["faults"]), (&json!(1), &json!(0)), "{list}");
    assert_eq!(judge.ask(":script a b c")["text"], "1 seen, b+c");
    assert_eq!(judge.ask(":reload")["text"], "loaded a again");
    assert_eq!(judge.ask(":script a")["text"], "0 seen, ");
    assert_eq!(judge.ask(":reload nobody")["event"], "error");
    assert_eq!(sender.ask(":reload")["reason"], "this node has no plugin; --plugin FILE runs a script");
}

#[test]
fn a_script_that_does_not_load_ends_the_program_with_its_line() {
    let home = Home::new();
    let script = home.write("broken.luau", "-- one\n\nfunction on_message(m\n  return\nend\n");
    for arguments in [&["node", "--port", "0", "--plugin", &script][..], &["plugins", "check", &script]] {
        let output = home.clacks(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let error = text(&output.stderr);
        assert!(error.contains("broken.luau:4:") && error.lines().count() == 1, "{error}");
    }
}

#[test]
fn a_saved_script_is_loaded_again_while_the_node_runs() {
    let home = Home::new();
    let script = home.write("a.luau", "function on_message(m) return clacks.swallow() end");
    let (mut judge, mut sender) = with_script(&home, &script);
    sender.say("first");
    judge.until_event("payload_discarded");
    home.write("a.luau", "function on_message(m) return oops( end");
    let failed = judge.until_event("plugin_failed");
    assert!(failed["reason"].as_str().unwrap().contains("the former version goes on"), "{failed}");
    sender.say("second");
    judge.until_event("payload_discarded");
    home.write("a.luau", "function on_message(m) return clacks.change(m.text .. '!') end");
    judge.until(|line| line["event"] == "plugin_loaded" && line["again"] == true);
    sender.say("third");
    assert_eq!(judge.until_event("message_received")["message"], "third!");
}

#[test]
fn tables_of_the_configuration_are_in_order_and_their_mistakes_are_named() {
    let home = Home::new();
    let config = home.write(
        "clacks.toml",
        "[[plugins]]\nuse = \"stonewall\"\nfilter = \"spam\"\n[[plugins]]\nuse = \"formatter\"\nrequired = [\"text\"]\n",
    );
    let mut judge = home.node(&["--config", &config]);
    let mut sender = home.node(&["--peer", &judge.address()]);
    sender.say("spam of no class");
    assert_eq!(judge.until_event("payload_discarded")["plugin"], "stonewall");
    sender.say("of no class");
    assert_eq!(judge.until_event("payload_discarded")["plugin"], "formatter");
    for (table, reason) in [
        (
            "use = \"formater\"",
            "plugin 1 of the configuration (formater): no built-in plugin is named formater",
        ),
        ("use = \"split\"\nover = 1", "unknown field `over`"),
        ("script = \"none.luau\"", "none.luau"),
        ("script = \"a.luau\"\nallow = [\"everything\"]", "\"everything\" is none of enqueue, peers"),
        ("name = \"x\"", "it needs script = FILE, or use = one of formatter"),
        ("use = \"persist\"", "plugin persist: persist needs an archive"),
    ] {
        let config = home.write("wrong.toml", &format!("[[plugins]]\n{table}\n"));
        let output = home.clacks(&["node", "--port", "0", "--config", &config]).output().unwrap();
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn a_script_is_tested_over_a_recording() {
    let home = Home::new();
    let recording = home.path().join("r.jsonl");
    let mut receiver = home.node(&["--record", recording.to_str().unwrap()]);
    let mut sender = home.node(&["--peer", &receiver.address()]);
    for word in ["spam", "ham"] {
        sender.say(word);
        receiver.until(|line| line["event"] == "message_received" && line["message"] == word);
    }
    receiver.say(":quit!");
    let (status, _, _) = receiver.ended();
    assert!(status.success());
    let script = home.write(
        "a.luau",
        "function on_message(m) if m.text == 'spam' then return clacks.swallow('spam') end end",
    );
    let tested = plugins(&home, &["test", &script, "r.jsonl"]);
    let output = text(&tested.stdout);
    assert!(tested.status.success(), "{}", text(&tested.stderr));
    assert!(output.contains("swallow (spam)") && output.contains("\"ham\""), "{output}");
    // Messages can come back, so that each is there once or more.
    assert!(output.trim_end().ends_with(" discarded, 0 failed"), "{output}");
    let empty = home.write("empty.jsonl", "");
    let nothing = plugins(&home, &["test", &script, &empty]);
    assert!(text(&nothing.stderr).contains("has no message that was received"), "{}", text(&nothing.stderr));
}
