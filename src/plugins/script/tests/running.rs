use std::{fs, sync::Arc, time::Duration};

use super::{double, double::Double, message, options};
use crate::{
    Fault, OnError, Pipeline, Plugin, Refusal, Verdict,
    script::{Allow, Limits, Script, ScriptOptions, ScriptState, Scripts, Source},
};

fn start(host: &Arc<Double>) -> Scripts {
    Scripts::start(host.clone()).unwrap()
}

async fn judge(script: &Script, json: &str) -> Result<Verdict, Fault> {
    script.judge(&message(json)).done().await
}

#[tokio::test]
async fn a_script_judges_in_a_pipeline() {
    let host = double();
    let scripts = start(&host);
    let first = ScriptOptions {
        name: "first".into(),
        ..options("function on_message(m) return clacks.change(m.text .. '1') end")
    };
    let second = ScriptOptions {
        name: "second".into(),
        ..options("function on_message(m) return clacks.change(m.text .. '2') end")
    };
    let (first, second) = (scripts.load(first).await.unwrap(), scripts.load(second).await.unwrap());
    let pipeline = Pipeline::new([first.clone() as Arc<dyn Plugin>, second]);
    let judgement = pipeline.judge(message("\"x\"")).await;
    assert_eq!(judgement.verdict, Verdict::Change("\"x12\"".into()));
    assert_eq!(judgement.by.as_deref(), Some("second"));
    assert_eq!(judgement.changes.iter().map(|change| &*change.by).collect::<Vec<_>>(), ["first", "second"]);
    let figures = pipeline.figures();
    assert_eq!(
        figures.iter().map(|it| (&*it.name, it.payloads)).collect::<Vec<_>>(),
        [("first", 1), ("second", 1)]
    );
    assert_eq!((figures[0].verdicts.change, figures[0].faults), (1, 0));
    pipeline.set([first.clone() as Arc<dyn Plugin>]);
    assert_eq!(pipeline.figures(), figures[..1], "the figures of a plugin that stays go on");
    let status = first.status();
    assert_eq!((status.payloads, status.calls, status.verdicts.change, status.faults), (1, 1, 1, 0));
    assert!(
        status.memory > 10_000 && status.median > Duration::ZERO && status.p99 >= status.median,
        "{status:?}"
    );
}

#[tokio::test]
async fn a_script_without_functions_for_payloads_is_not_asked() {
    let scripts = start(&double());
    let script = scripts.load(options("function on_command() return 'hi' end")).await.unwrap();
    assert_eq!(judge(&script, "1").await, Ok(Verdict::Pass));
    assert_eq!(script.status().calls, 0);
    assert_eq!(scripts.command("a", vec![]).await.as_deref(), Ok("hi"));
    assert!(scripts.command("b", vec![]).await.unwrap_err().reason.contains("no script is called b"));
}

#[tokio::test]
async fn a_script_that_does_not_load_says_where() {
    let scripts = start(&double());
    for (text, reason) in [
        ("local a = 1\nlocal b = = 2", "a.luau:2: "),
        ("\n\nerror('no topic')", "a.luau:3: no topic"),
        ("on_message = 1", "a.luau: on_message is a number, not a function"),
        (
            "function on_load() local x = nil + 1 end",
            "a.luau:1: attempt to perform arithmetic (add) on nil and number",
        ),
        (
            "if clacks.environment == 'node' then error('only for the demo') end",
            "a.luau:1: only for the demo",
        ),
    ] {
        let fault = scripts.load(options(text)).await.unwrap_err();
        assert!(fault.reason.starts_with(reason), "{text}: {}", fault.reason);
        assert!(!fault.reason.contains('\n'));
    }
    let missing = ScriptOptions::new("a", Source::File("/nowhere/tune-in.luau".into()));
    assert!(scripts.load(missing).await.unwrap_err().reason.starts_with("tune-in.luau: No such file"));
}

#[tokio::test]
async fn five_faults_suspend_a_script_until_it_is_reloaded() {
    let host = double();
    let scripts = start(&host);
    let text = "local n = 0
        function on_message(m) n += 1 if m.text == 'bad' then error('oops') end end
        function on_unload() return n end
        function on_load(state) n = state or 0 end
        function on_command() return n end";
    for on_error in [OnError::Pass, OnError::Refuse] {
        let script = scripts.load(ScriptOptions { on_error, ..options(text) }).await.unwrap();
        for _ in 0..5 {
            assert!(script.status().state.is_running());
            let fault = judge(&script, "\"bad\"").await.unwrap_err();
            assert_eq!((fault.reason.as_str(), fault.line), ("a.luau:2: oops", Some(2)));
        }
        let ScriptState::Suspended(fault) = script.status().state else { panic!("not suspended") };
        assert_eq!(fault.reason, "a.luau:2: oops");
        let verdict = judge(&script, "\"good\"").await.unwrap();
        match on_error {
            OnError::Pass => assert_eq!(verdict, Verdict::Pass),
            OnError::Refuse => assert!(matches!(verdict, Verdict::Refuse(Refusal { status: 503, .. }))),
        }
        assert!(scripts.command("a", vec![]).await.unwrap_err().reason.contains("suspended"));
        assert!(host.calls().contains(&"a: suspended until it is reloaded: a.luau:2: oops".to_owned()));
        scripts.reload("a").await.unwrap();
        assert_eq!(judge(&script, "\"good\"").await, Ok(Verdict::Pass));
        assert!(script.status().state.is_running());
    }
    assert_eq!(
        scripts.command("a", vec![]).await.as_deref(),
        Ok("12"),
        "the state lived through all reloads"
    );
}

#[tokio::test]
async fn a_changed_file_is_reloaded_with_the_state_of_the_former_version() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("count.luau");
    let version = |answer: &str| {
        format!(
            "local n = 0
            function on_message(m) n += 1 return clacks.hold(`{answer} {{n}}`) end
            function on_unload() return {{ n = n }} end
            function on_load(state) if state then n = state.n end end"
        )
    };
    fs::write(&path, version("old")).unwrap();
    let host = double();
    let scripts = start(&host);
    let script = scripts.load(ScriptOptions::new("count", Source::File(path.clone()))).await.unwrap();
    let held = |reason: &str| Ok(Verdict::Hold { reason: Some(reason.into()) });
    assert_eq!(judge(&script, "1").await, held("old 1"));

    fs::write(&path, "function on_message(m) oops").unwrap();
    let report = host.wait_for("count: not reloaded").await;
    assert!(report.contains("count.luau:1: "), "{report}");
    assert!(script.status().reload_fault.is_some());
    assert_eq!(judge(&script, "1").await, held("old 2"), "the former version goes on");

    fs::write(&path, version("newer")).unwrap();
    host.wait_for("count: reloaded").await;
    assert_eq!(judge(&script, "1").await, held("newer 3"));
    let status = script.status();
    assert_eq!((status.reloads, status.reload_fault, status.payloads), (1, None, 3));

    // A version whose `on_load` fails changes nothing either.
    fs::write(&path, "function on_load(state) error('cannot use it') end").unwrap();
    assert_eq!(scripts.reload("count").await.unwrap_err().reason, "count.luau:1: cannot use it");
    assert_eq!(judge(&script, "1").await, held("newer 4"));
}

#[tokio::test]
async fn saving_the_file_of_a_suspended_script_brings_it_back_with_its_state() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("gate.luau");
    let text = "local n = 0
        function on_message(m) n += 1 if m.text == 'bad' then error('oops') end return clacks.hold(`{n}`) end
        function on_unload() return n end
        function on_load(state) n = state or 0 end";
    fs::write(&path, text).unwrap();
    let host = double();
    let scripts = start(&host);
    let script = scripts.load(ScriptOptions::new("gate", Source::File(path.clone()))).await.unwrap();
    for _ in 0..5 {
        judge(&script, "\"bad\"").await.unwrap_err();
    }
    assert!(!script.status().state.is_running());
    // The same text again, with another time of change.
    fs::File::options().write(true).open(&path).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
    host.wait_for("gate: reloaded").await;
    assert_eq!(judge(&script, "1").await, Ok(Verdict::Hold { reason: Some("6".into()) }));
}

#[tokio::test]
async fn other_work_goes_on_while_a_script_uses_all_its_time() {
    let scripts = start(&double());
    let script = scripts.load(options("function on_message(m) while true do end end")).await.unwrap();
    let payload = message("1");
    let mut verdict = std::pin::pin!(script.judge(&payload).done());
    // The runtime has one thread, and it is free until the verdict comes.
    let mut turns = 0_u32;
    let verdict = loop {
        tokio::select! {
            biased;
            verdict = &mut verdict => break verdict,
            () = tokio::task::yield_now() => turns += 1,
        }
    };
    assert!(verdict.unwrap_err().reason.ends_with("took more than 20 ms"));
    assert!(turns > 10, "{turns}");
}

#[tokio::test]
async fn a_script_of_the_same_name_replaces_the_former_one() {
    let host = double();
    let scripts = start(&host);
    let script = scripts.load(options("function on_message(m) return clacks.swallow() end")).await.unwrap();
    let other =
        ScriptOptions { on_error: OnError::Refuse, ..options("function on_message(m) error('x') end") };
    let other = scripts.load(other).await.unwrap();
    assert!(judge(&script, "1").await.is_err());
    assert_eq!(other.on_error(), OnError::Refuse);
    assert!(scripts.load(options("oops")).await.is_err());
    assert!(judge(&other, "1").await.is_err(), "the one that runs goes on");
    scripts.unload("a").await;
    assert_eq!(judge(&other, "1").await, Ok(Verdict::Pass));
    assert_eq!(other.status().state, ScriptState::Unloaded);
}

#[tokio::test]
async fn events_ticks_and_timers_are_called() {
    let host = double();
    let scripts = start(&host);
    let text = "function on_event(e) clacks.notify(`event {e.event} {e.n}`) end
        function on_tick(now) clacks.notify(`tick {now}`) end
        clacks.after(0, function() clacks.notify('timer') end)
        clacks.cancel(clacks.after(0, function() clacks.notify('never') end))";
    let script = ScriptOptions { tick: Some(Duration::ZERO), ..options(text) };
    let script = scripts.load(script).await.unwrap();
    host.wait_for("a: notify timer").await;
    scripts.publish(&"{\"event\":\"peer_new\",\"n\":null}".into());
    host.wait_for("a: notify event peer_new").await;
    host.now.store(5500, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(host.wait_for("a: notify tick").await, "a: notify tick 5.5");
    assert_eq!(script.status().faults, 0);
    assert!(!host.calls().iter().any(|call| call.contains("never")));
}

#[tokio::test]
async fn a_fault_of_an_event_or_a_timer_is_reported() {
    let host = double();
    let scripts = start(&host);
    let text = "function on_event(e)\nerror('e') end clacks.after(0, function() error('t') end)";
    scripts.load(options(text)).await.unwrap();
    assert_eq!(host.wait_for("a: a timer").await, "a: a timer failed: a.luau:2: t");
    scripts.publish(&"{}".into());
    assert_eq!(host.wait_for("a: on_event").await, "a: on_event failed: a.luau:2: e");
}

#[tokio::test]
async fn a_store_is_written_and_read_again() {
    let host = double();
    let text = "function on_command(words)
        if words[1] == 'set' then return clacks.store.set(words[2], { n = words[3] }) end
        if words[1] == 'get' then return clacks.encode(clacks.store.get(words[2])) end
        if words[1] == 'delete' then return clacks.store.delete(words[2]) end
        return clacks.store.keys()
    end";
    let script = ScriptOptions { allow: vec![Allow::Store], ..options(text) };
    let ask = async |scripts: &Scripts, words: &str| {
        let words = words.split(' ').map(str::to_owned).collect();
        scripts.command("a", words).await.unwrap()
    };
    let scripts = start(&host);
    scripts.load(script.clone()).await.unwrap();
    assert_eq!(ask(&scripts, "set k 1").await, "true");
    assert_eq!(ask(&scripts, "set l 2").await, "true");
    host.wait_for("a: wrote its store").await;
    assert_eq!(ask(&scripts, "delete l").await, "true");
    scripts.reload("a").await.unwrap();
    assert_eq!(ask(&scripts, "get k").await, "{\"n\":\"1\"}", "a reload keeps what is not written yet");
    scripts.close().await;
    let scripts = start(&host);
    scripts.load(script.clone()).await.unwrap();
    assert_eq!(ask(&scripts, "keys").await, "[\"k\"]");

    host.stores.lock().unwrap().insert("a".to_owned(), "damaged".to_owned());
    let scripts = start(&host);
    scripts.load(script).await.unwrap();
    assert_eq!(ask(&scripts, "keys").await, "", "nil, and why");
}

#[tokio::test]
async fn a_payload_that_finds_the_queue_full_is_a_fault() {
    let host = double();
    let scripts = start(&host);
    // It takes longer than a payload takes to the queue. The limit is for a busy machine.
    let text = "function on_message(m) local x = 0 for i = 1, 5000 do x += i end end";
    let limits = Limits { verdict_time: Duration::from_secs(60), ..Limits::default() };
    let script = scripts.load(ScriptOptions { limits, ..options(text) }).await.unwrap();
    let payload = message("1");
    let mut waiting: Vec<_> = (0..2000).map(|_| script.judge(&payload)).collect();
    let full = waiting.iter().filter(|judging| matches!(judging, crate::Judging::Now(Err(_)))).count();
    assert!(full > 0, "2000 payloads at once are more than fit");
    assert_eq!(script.status().queue_full as usize, full);
    for judging in waiting.drain(..) {
        match judging.done().await {
            Ok(verdict) => assert_eq!(verdict, Verdict::Pass),
            Err(fault) => assert!(fault.reason.contains("256 payloads wait"), "{}", fault.reason),
        }
    }
    assert!(script.status().state.is_running());
}

#[tokio::test]
async fn the_scripts_end_when_they_are_dropped() {
    let host = double();
    let scripts = start(&host);
    let script = scripts
        .load(options("function on_message(m) end function on_unload() clacks.notify('bye') end"))
        .await
        .unwrap();
    drop(scripts);
    host.wait_for("a: notify bye").await;
    host.wait_for("a: unloaded").await;
    assert!(matches!(judge(&script, "1").await, Ok(Verdict::Pass) | Err(_)));
}

#[tokio::test]
async fn a_state_of_more_than_64_kib_is_not_passed_on() {
    let host = double();
    let scripts = start(&host);
    let text = "function on_unload() return ('x'):rep(66000) end function on_load(s) clacks.notify(tostring(s == nil)) end";
    scripts.load(options(text)).await.unwrap();
    scripts.reload("a").await.unwrap();
    let calls = host.calls();
    assert!(
        calls.contains(&"a: on_unload failed: a.luau: on_unload returned more than 64 KiB".to_owned()),
        "{calls:?}"
    );
    assert_eq!(calls.iter().filter(|call| *call == "a: notify true").count(), 2);
}
