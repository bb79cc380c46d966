use clacks_feed::description::{CommandSpec, Confirm, Need, Takes};

use crate::commands::STOP_WORDS;

/// The commands of a node.
pub(super) fn commands() -> Vec<CommandSpec> {
    of_peers().into_iter().chain(of_messages()).chain(of_node()).collect()
}

fn of_messages() -> Vec<CommandSpec> {
    let command = CommandSpec::new;
    let (queue, held) = (|| Takes::item("queue"), || Takes::item("held"));
    vec![
        command("enqueue", "send a text as a message").also(&["say"]).arg("TEXT", &[Takes::Text], Need::Rest).verbs("send", "queued"),
        command("json", "send any JSON value as a message").arg("VALUE", &[Takes::Json], Need::Rest).verbs("send", "queued"),
        command("drop", "remove one message, all that match FILTER, or all; messages that are being sent are not affected")
            .on(&["queue", "held"])
            .arg("NUMBER/FILTER/all", &[queue(), held(), Takes::Word(vec!["all".into()]), Takes::Filter], Need::Rest)
            .verbs("drop", "dropped")
            .confirm(Confirm::Many)
            .key('x')
            .with_example("7"),
        command("hold", "hold one message; with FILTER, hold all that match, now and later; without an argument, show the filter; a held message is not sent until it is released")
            .on(&["queue"])
            .arg("NUMBER/FILTER", &[queue(), Takes::Filter], Need::OptionalRest)
            .verbs("hold", "held")
            .key('h')
            .with_example("7"),
        command("unhold", "stop holding messages by a filter; messages already held stay held until they are released"),
        command("release", "put one held message, or all, at the end of the queue")
            .on(&["held"])
            .arg("NUMBER/all", &[held(), Takes::Word(vec!["all".into()])], Need::One)
            .verbs("release", "released")
            .key('r')
            .with_example("7"),
        command("edit", "change the text of a queued or held message; without TEXT, edit its present text on the screen")
            .on(&["queue", "held"])
            .arg("NUMBER", &[queue(), held()], Need::One)
            .arg("TEXT", &[Takes::Text], Need::OptionalRest)
            .verbs("change", "changed")
            .key('e')
            .with_example("7"),
    ]
}

fn of_peers() -> Vec<CommandSpec> {
    let command = CommandSpec::new;
    let others = || Takes::item_with("peers", &["new", "alive", "lost", "dead"]);
    vec![
        command("announce", "announce this node to another node, which becomes a peer")
            .on(&["peers"])
            .arg("HOST:PORT", &[others(), Takes::HostPort], Need::One)
            .verbs("announce to", "announced to")
            .key('a'),
        command("add", "add a peer without announcing this node to it")
            .arg("HOST:PORT", &[Takes::HostPort], Need::One)
            .verbs("add", "added"),
        command("ignore", "send nothing to a peer and refuse what it sends; with ip:, close connections from that IP address")
            .also(&["block", "ban"])
            .on(&["peers"])
            .arg("HOST:PORT/ip:ADDRESS", &[others(), Takes::remote(None), Takes::Address], Need::One)
            .verbs("ignore", "ignored"),
        command("unignore", "stop ignoring a peer or an IP address")
            .also(&["unblock", "unban"])
            .on(&["peers", "remotes"])
            .arg(
                "HOST:PORT/ip:ADDRESS",
                &[Takes::item_with("peers", &["ignored"]), Takes::remote(Some("remotes")), Takes::Address],
                Need::One,
            )
            .verbs("unignore", "unignored"),
        command("forget", "remove a peer; it returns when it sends something or is named")
            .also(&["rm"])
            .on(&["peers"])
            .arg("HOST:PORT", &[Takes::item("peers"), Takes::Address], Need::One)
            .verbs("forget", "forgot")
            .confirm(Confirm::Always)
            .with_example("localhost:8001"),
        command("trust", "accept the new certificate of a peer")
            .on(&["peers"])
            .arg("HOST:PORT", &[Takes::item("peers"), Takes::HostPort], Need::One)
            .verbs("trust", "trusted"),
    ]
}

fn of_node() -> Vec<CommandSpec> {
    let command = CommandSpec::new;
    vec![
        command("rate", "set the number of messages sent per second")
            .arg("PER_SECOND", &[Takes::Number(0.001, 100_000.0)], Need::One)
            .verbs("set the rate", "set the rate"),
        command(
            "stop",
            "stop the node, if necessary after handing on the messages that only it has, for 30 s or TIME",
        )
        .arg("HOW", &[Takes::Word(STOP_WORDS.map(Into::into).to_vec())], Need::Optional)
        .arg("TIME", &[Takes::Time], Need::Optional)
        .verbs("stop", "stopped"),
        command("cancel", "stop handing on messages; the node goes on").verbs("cancel", "cancelled"),
        command("undo", "undo a command, for ten seconds").arg(
            "TOKEN",
            &[Takes::Number(1.0, 1e15)],
            Need::One,
        ),
    ]
}
