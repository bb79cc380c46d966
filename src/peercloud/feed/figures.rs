//! The values of gauges and settings.

use std::time::Duration;

use clacks_feed::{Text, Value};
use clacks_peercloud::{
    Node,
    core::{AutoReply, Refusal},
};

/// The values of the gauges, in the order of the description.
pub(crate) fn gauges(node: &Node) -> Vec<Value> {
    let keys = keys(node.accepted_keys());
    node.read(|core, history| {
        let (counters, messages, door) = (core.counters(), history.messages(), history.door());
        let members = core.members().len();
        let refused: u64 = Refusal::ALL.map(|refusal| counters.refusals.of(refusal)).iter().sum();
        let fixed = [
            Value::Count(counters.received),
            Value::Count(counters.sent),
            Value::Count(counters.replies),
            Value::Count(counters.failed),
            Value::Count(counters.checks),
            Value::Count(refused),
            count(members),
            count(messages.counts().open),
            // The distribution is made from the events.
            Value::None,
            Value::Flag(members > 0),
            Value::Flag(core.is_attempting_to_join()),
            Value::text(Text::new(core.id().as_str())),
            core.seen_as().map_or(Value::None, |host| Value::text(Text::new(host.as_str()))),
            Value::text(Text::new(&keys)),
            count(messages.len()),
            count(messages.bytes()),
            count(door.len()),
        ];
        let met = Refusal::ALL.map(|refusal| Value::Count(counters.refusals.of(refusal)));
        fixed.into_iter().chain(met).collect()
    })
}

/// The values of the settings, in the order of the description. A limit that stands for "no limit" has no value.
pub(crate) fn settings(node: &Node) -> Vec<Value> {
    let (limits, has_handler) = (node.limits(), node.has_handler());
    node.read(|core, history| {
        let (options, history) = (core.options(), history.limits());
        let reply = match &options.reply {
            _ if has_handler => Value::None,
            AutoReply::Empty => Value::text("{}".into()),
            AutoReply::Echo => Value::text("\"echo\"".into()),
            AutoReply::Value(value) => Value::text(value.shared_text().into()),
        };
        let unless_zero = |time: Duration| if time.is_zero() { Value::None } else { Value::Took(time) };
        let rate = options.message_rate;
        vec![
            Value::text(options.data.shared_text().into()),
            reply,
            options.check_interval.map_or(Value::None, Value::Took),
            Value::Took(options.recheck_after),
            Value::Took(options.rejoin_interval),
            Value::Flag(options.repair),
            Value::Took(options.repair_after),
            Value::Took(options.repair_interval),
            unless_zero(options.max_clock_difference),
            Value::Took(options.replay_memory),
            count(options.max_remembered),
            count(options.bodies.max_members),
            count(options.bodies.max_body),
            count(options.bodies.max_depth),
            count(options.bodies.max_data),
            if rate == 0.0 { Value::None } else { Value::Number(rate) },
            count(options.max_newcomers),
            count(options.max_newcomers_per_address),
            count(options.max_requests),
            count(options.max_requests_per_send),
            count(options.max_requests_per_member),
            count(options.max_sends),
            count(options.max_reply),
            count(options.max_gathered),
            count(options.max_join_answer),
            Value::Took(options.request_timeout),
            Value::Took(options.join_timeout),
            Value::Took(options.newcomer_timeout),
            Value::Took(options.announce_timeout),
            count(history.max_messages),
            count(history.max_bytes),
            count(history.max_addresses),
            count(limits.max_connections),
            count(limits.max_connections_per_address),
            Value::Took(limits.head_timeout),
            Value::Took(limits.body_timeout),
            Value::Took(limits.write_timeout),
            Value::Took(limits.idle_timeout),
            Value::Took(limits.handler_timeout),
            Value::Took(limits.goodbye_timeout),
        ]
    })
}

fn count(count: usize) -> Value {
    Value::Count(count as u64)
}

fn keys(accepted: Option<usize>) -> String {
    match accepted {
        None => "nothing is signed".to_owned(),
        Some(0) => "signs, and accepts no key".to_owned(),
        Some(1) => "signs, and accepts 1 key".to_owned(),
        Some(keys) => format!("signs, and accepts {keys} keys"),
    }
}
