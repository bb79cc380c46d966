use clacks_feed::description::{CommandSpec, Confirm, Need, Takes};

/// The word behind the address of `join` that leaves the present cloud first.
pub(crate) const LEAVE_FIRST: &str = "leave-first";

/// The commands of a node.
pub(super) fn commands() -> Vec<CommandSpec> {
    of_messages().into_iter().chain(of_members()).chain(of_node()).collect()
}

fn of_messages() -> Vec<CommandSpec> {
    let command = CommandSpec::new;
    vec![
        command("broadcast", "send a text to all members, as {\"message\": TEXT}")
            .also(&["say"])
            .arg("TEXT", &[Takes::Text], Need::Rest)
            .verbs("send", "sent"),
        command("json", "send a JSON object or array to all members")
            .arg("VALUE", &[Takes::Json], Need::Rest)
            .verbs("send", "sent")
            .with_example(r#"{"hi":"all"}"#),
        command("to", "send a JSON object or array to one member")
            .on(&["members"])
            .arg("MEMBER", &[known()], Need::One)
            .arg("VALUE", &[Takes::Json], Need::Rest)
            .verbs("send to", "sent to"),
        command("reply", "answer messages with {}, with the message itself, or with a JSON value")
            .arg(
                "none/echo/VALUE",
                &[Takes::Word(vec!["none".into(), "echo".into()]), Takes::Json],
                Need::Rest,
            )
            .verbs("answer with", "answers with"),
    ]
}

/// A member that is not ignored.
fn known() -> Takes {
    Takes::item_with("members", &["unchecked", "here", "failing"])
}

fn of_members() -> Vec<CommandSpec> {
    let command = CommandSpec::new;
    vec![
        command("check", "ask a member whether it is there")
            .on(&["members"])
            .arg("MEMBER", &[known()], Need::One)
            .verbs("check", "checked"),
        command("ignore", "forget a member and refuse what it sends; nobody is told")
            .also(&["drop", "block", "ban"])
            .on(&["members"])
            .arg("MEMBER", &[known()], Need::One)
            .verbs("ignore", "ignored")
            .confirm(Confirm::Many),
        command("unignore", "accept an ignored member again, when it joins or is announced")
            .also(&["unblock", "unban"])
            .on(&["members"])
            .arg("MEMBER", &[Takes::item_with("members", &["ignored"])], Need::One)
            .verbs("unignore", "unignored"),
    ]
}

fn of_node() -> Vec<CommandSpec> {
    let command = CommandSpec::new;
    vec![
        command("join", "join the cloud of another node; a node is in one cloud only")
            .arg("HOST:PORT", &[Takes::HostPort], Need::One)
            .arg(LEAVE_FIRST, &[Takes::Word(vec![LEAVE_FIRST.into()])], Need::Optional)
            .verbs("join", "joined"),
        command("leave", "leave the cloud; every member is told")
            .verbs("leave the cloud", "left the cloud")
            .confirm(Confirm::Always),
        command("data", "change the data of this node and tell all members")
            .arg("VALUE", &[Takes::Json], Need::Rest)
            .verbs("change the data", "changed the data")
            .with_example(r#"{"name":"tower"}"#),
        command("repair", "leave and join again with a new id, because members do not know this node")
            .verbs("repair", "repaired"),
        command("stop", "leave the cloud and stop the node").verbs("stop", "stopped"),
        command("undo", "undo a command, for ten seconds").arg(
            "TOKEN",
            &[Takes::Number(1.0, 1e15)],
            Need::One,
        ),
    ]
}
