use std::sync::Arc;

use clacks_feed::description::{Description, EventSpec, Field, Kind};

use super::{double, double::Double, evaluated, options};
use crate::{
    Environment, Fault,
    script::{Allow, ScriptOptions, Scripts},
};

/// A script that replies to a command with what an expression gives.
fn replying(expression: &str) -> ScriptOptions {
    let mut options = options(&format!("function on_command(words)\nreturn {{ {expression} }} end"));
    options.allow = Allow::ALL.to_vec();
    options
}

/// What an expression gives in a node: a JSON array.
async fn reply(host: &Arc<Double>, options: ScriptOptions) -> Result<String, Fault> {
    let scripts = Scripts::start(host.clone()).unwrap();
    scripts.load(options).await?;
    scripts.command("a", vec!["x".to_owned()]).await
}

#[tokio::test]
async fn functions_do_what_they_say() {
    for (expression, result, call) in [
        ("clacks.enqueue({ a = 1 })", "[42]", "a: enqueue {\"a\":1}"),
        ("clacks.enqueue_json('[1e2 ]')", "[42]", "a: enqueue [1e2 ]"),
        ("select(2, clacks.enqueue('refused'))", "[\"the queue is full\"]", "a: enqueue \"refused\""),
        ("clacks.announce('[::1]:80')", "[true]", "a: announce [::1]:80"),
        ("select(2, clacks.add({ hostname = 'h', port = 1 }))", "[\"a private address\"]", "a: add h:1"),
        ("clacks.ignore('h:2')", "[true]", "a: ignore h:2"),
        ("clacks.unignore('h:2')", "[true]", "a: unignore h:2"),
        ("clacks.forget('h:2')", "[true]", "a: forget h:2"),
        ("clacks.log('warn', 'a\\nb')", "[true]", "a: log warn a\\u000ab"),
        ("clacks.notify('hello')", "[true]", "a: notify hello"),
        ("print(1, nil, 'x') or 1", "[1]", "a: log info 1 nil x"),
        ("clacks.self()", "[{\"hostname\":\"me.example\",\"identifier\":\"me\",\"port\":1234}]", ""),
        ("clacks.queue_length()", "[7]", ""),
        ("#clacks.peers()", "[1000]", "peers PeerQuery { status: None, limit: 1000 }"),
        (
            "clacks.peers({ status = 'lost', limit = 2 })[2].port",
            "[2]",
            "peers PeerQuery { status: Some(\"lost\"), limit: 2 }",
        ),
        (
            "clacks.peers({ limit = 1e9 })[1].hostname",
            "[\"peer.example\"]",
            "peers PeerQuery { status: None, limit: 1000 }",
        ),
        ("#clacks.archive.find()", "[100]", "find"),
        (
            "clacks.archive.find({ text = 'x', since = 1.5, unseen_since = 2, limit = 1 })",
            "[[{\"first_seen\":1.5,\"hash\":\"aa\",\"json\":\"\\\"hello\\\"\",\"last_seen\":2.5,\"times\":3}]]",
            "find ArchiveQuery { text: Some(\"x\"), since: Some(1500), unseen_since: Some(2000), limit: 1 }",
        ),
        ("clacks.archive.last_seen('aa'), clacks.archive.last_seen('bb')", "[2.5]", ""),
        ("clacks.time()", "[0]", ""),
        ("clacks.environment", "[\"node\"]", ""),
        ("clacks.settings.topic", "[\"weather\"]", ""),
        ("clacks.encode({ b = 1, a = clacks.array() })", "[\"{\\\"a\\\":[],\\\"b\\\":1}\"]", ""),
        ("words[1]", "[\"x\"]", ""),
    ] {
        let host = double();
        let options =
            ScriptOptions { settings: serde_json::json!({ "topic": "weather" }), ..replying(expression) };
        assert_eq!(reply(&host, options).await.as_deref(), Ok(result), "{expression}");
        let calls = host.calls();
        assert_eq!(calls[0], "a: loaded");
        let call_seen = calls.get(1).map(String::as_str).unwrap_or_default();
        assert!(call_seen.starts_with(call), "{expression}: {calls:?}");
    }
}

#[tokio::test]
async fn functions_need_to_be_allowed() {
    for (call, needs) in [
        ("enqueue(1)", Allow::Enqueue),
        ("enqueue_json('1')", Allow::Enqueue),
        ("announce('h:1')", Allow::Peers),
        ("add('h:1')", Allow::Peers),
        ("ignore('h:1')", Allow::Ignore),
        ("unignore('h:1')", Allow::Ignore),
        ("forget('h:1')", Allow::Ignore),
        ("store.get('k')", Allow::Store),
        ("store.set('k', 1)", Allow::Store),
        ("store.delete('k')", Allow::Store),
        ("store.keys()", Allow::Store),
        ("archive.find()", Allow::Archive),
        ("archive.last_seen('aa')", Allow::Archive),
    ] {
        let host = double();
        let mut options = replying(&format!("clacks.{call}"));
        options.allow.retain(|allow| *allow != needs);
        let fault = reply(&host, options.clone()).await.unwrap_err();
        let end = format!("needs allow = [\"{}\"]", needs.as_str());
        assert!(
            fault.reason.starts_with("a.luau:2: ") && fault.reason.ends_with(&end),
            "{call}: {}",
            fault.reason
        );
        let calls = host.calls();
        assert!(calls.iter().all(|call| call == "a: loaded" || call == "a: unloaded"), "{calls:?}");
        options.allow = vec![needs];
        let reply = reply(&double(), options).await;
        assert!(reply.is_ok() || call.starts_with("add"), "{call}: {reply:?}");
    }
}

#[tokio::test]
async fn functions_have_limits() {
    for (call, allowed) in [
        ("clacks.enqueue(1)", 10),
        ("clacks.announce('h:1')", 10),
        ("(select(2, clacks.add('h:1')) == 'a private address')", 10),
        ("clacks.ignore('h:1')", 100),
        ("clacks.forget('h:1')", 100),
        ("clacks.log('info', 'x')", 10),
        ("clacks.notify('x')", 10),
        ("pcall(clacks.count, i)", 32),
        ("pcall(clacks.after, 1000, print)", 64),
    ] {
        let text = format!(
            "function on_command() local n = 0 for i = 1, 200 do i = tostring(i)
            if {call} then n += 1 end end return n end"
        );
        let mut options = options(&text);
        options.allow = Allow::ALL.to_vec();
        let host = double();
        let seen = reply(&host, options).await.unwrap().parse::<u32>().unwrap();
        // A rate can allow more while the call runs: it takes less than a second.
        assert!((allowed..=allowed + 10).contains(&seen), "{call}: {seen}");
    }
}

#[tokio::test]
async fn only_the_demo_lets_a_script_flood() {
    let text = "function on_command() local n = 0 for i = 1, 500 do if clacks.enqueue(i) then n += 1 end end return n end";
    let mut options = options(text);
    options.allow = vec![Allow::Enqueue];
    options.enqueue_rate = 1e6;
    for (environment, allowed) in
        [(Environment::Node, 10..=20), (Environment::Test, 10..=20), (Environment::Demo, 500..=500)]
    {
        let host = Arc::new(Double { environment: Some(environment), ..Double::default() });
        let seen = reply(&host, options.clone()).await.unwrap().parse::<u32>().unwrap();
        assert!(allowed.contains(&seen), "{environment:?}: {seen}");
    }
}

#[tokio::test]
async fn wrong_arguments_are_faults_that_name_them() {
    for (call, reason) in [
        (
            "announce()",
            "announce: argument 1 must be an address, \"host:port\" or a table with hostname and port, got nil",
        ),
        ("add('h')", "add: argument 1 must be an address"),
        ("add('h:0')", "add: argument 1 must be an address"),
        ("add({ hostname = 'h', port = 70000 })", "add: argument 1 must be an address"),
        ("enqueue_json(1)", "enqueue_json: argument 1 must be a string, got number"),
        ("enqueue_json('{')", "expected a key, at byte 2"),
        ("enqueue(print)", "a function cannot be JSON"),
        ("store.get()", "get: argument 1 must be a string, got nil"),
        ("store.set('k')", "set: argument 2 must be a value"),
        ("log('loud', 'x')", "log: the level must be debug, info, warn or error"),
        ("log('info')", "log: argument 2 must be a string, got nil"),
        ("peers('lost')", "peers: argument 1 must be a table, got string"),
        ("json()", "json: argument 1 must be a string, got nil"),
        ("sha256({})", "sha256: argument 1 must be a string, got table"),
        ("count('x', '1')", "count: argument 2 must be a number, got string"),
        ("after('x', print)", "after: expected seconds from 0 to a year"),
        ("after(1 / 0, print)", "after: expected seconds from 0 to a year"),
        ("after(1, 2)", "after: expected a function"),
        ("array(1)", "array: expected a table"),
    ] {
        let fault = reply(&double(), replying(&format!("clacks.{call}"))).await.unwrap_err();
        assert!(fault.reason.starts_with(&format!("a.luau:2: {reason}")), "{call}: {}", fault.reason);
    }
}

#[test]
fn hashes_and_random_numbers() {
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(evaluated("clacks.sha256('abc')"), Ok(format!("\"{abc}\"")));
    assert_eq!(
        evaluated(
            "(function() local r = clacks.random() return r >= 0 and r < 1 and r ~= clacks.random() end)()"
        ),
        Ok("true".to_owned())
    );
}

#[test]
fn searches_for_long_texts_find_what_those_of_the_engine_do() {
    let text = "local long = ('ab'):rep(5000) .. 'the wanted words' .. ('cd'):rep(10)
        local wanted, none = 'the wanted words', 'the wanted word?'
        local found = {}
        for _, case in { { wanted }, { wanted, 1, true }, { wanted, -36 }, { wanted, -35 }, { wanted, 10001 }, { wanted, 10002 },
            { wanted, 1e6 }, { none, 1, true }, { none }, { wanted .. '%', 1, true } } do
            local a, b = string.find(long, table.unpack(case))
            table.insert(found, { a or 0, b or 0 })
        end
        return found";
    let found = evaluated(&format!("(function() {text} end)()")).unwrap();
    let hit = "[10001,10016]";
    assert_eq!(found, format!("[{hit},{hit},{hit},[0,0],{hit},[0,0],[0,0],[0,0],[10001,10015],[0,0]]"));
    let split = "(function() local s = 'separator of sixteen' local t = string.split(('x'):rep(5000) .. s .. 'y' .. s, s)
        return { #t, #t[1], t[2], t[3] } end)()";
    assert_eq!(evaluated(split), Ok("[3,5000,\"y\",\"\"]".to_owned()));
    let joined = "(function() local t = {} for i = 1, 9000 do t[i] = i % 10 end
        return { #table.concat(t), #table.concat(t, ', '), table.concat(t, ',', 8998), table.concat(t, '', 2, 4),
            #table.concat(t, '', 1, 8999) } end)()";
    assert_eq!(evaluated(joined), Ok("[9000,26998,\"8,9,0\",\"234\",8999]".to_owned()));
    let sorted = "(function() local t = {} for i = 1, 4100 do t[i] = -i end table.sort(t) return { t[1], t[4100] } end)()";
    assert_eq!(evaluated(sorted), Ok("[-4100,-1]".to_owned()));
}

/// A network whose messages have visits.
fn described() -> Description {
    let mut description = Description::new("toy".into(), "me".into());
    description.types = ["in", "message", "announce"].map(Into::into).to_vec();
    description.events = vec![
        EventSpec::new("message_received", "a message came")
            .json_text("message")
            .fields([Field::new("visits", Kind::Count)]),
        EventSpec::new("announce_received", "a peer announced itself"),
    ];
    description
}

#[test]
fn a_script_uses_the_filters_of_the_dashboard() {
    let mut payload = super::message("\"Hello\"");
    payload.visits = 3;
    for (filter, result) in [
        ("hello", "true"),
        ("goodbye", "false"),
        ("from:peer.example", "true"),
        ("peer=peer.example:8080", "true"),
        ("ip:192.0.2.0/24 type:message", "true"),
        ("visits>=3 size<8", "true"),
        ("visits>3", "false"),
        ("type:announce", "false"),
        ("re:/^hel+o$/ | nothing", "true"),
    ] {
        let text =
            format!("function on_payload(p) return clacks.change(clacks.matches([[{filter}]], p)) end");
        let run = crate::script::TestRun::new(&options(&text), Some(described())).unwrap();
        assert_eq!(run.judge_one(&payload), Ok(crate::Verdict::Change(result.into())), "{filter}");
    }
    let text = "function on_payload(p)\nreturn clacks.matches('re:/[/', p) end";
    let run = crate::script::TestRun::new(&options(text), Some(described())).unwrap();
    let fault = run.judge_one(&payload).unwrap_err();
    assert!(fault.reason.starts_with("a.luau:2: matches: "), "{}", fault.reason);
    let run = crate::script::TestRun::new(&options(text), None).unwrap();
    assert!(run.judge_one(&payload).unwrap_err().reason.ends_with("this node has no filters"));
}
