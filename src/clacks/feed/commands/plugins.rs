//! Commands for plugins.

use std::sync::Arc;

use clacks_feed::{
    Check, Doing, Outcome, Refusal,
    args::Argument,
    description::{Need, Takes},
};

use super::{Action, Command, at_once, means};
use crate::{ClacksNetwork, plugins::Asked};

const NO_PLUGINS: &str = "this node has no plugin; --plugin FILE runs a script";
const NEEDS_NAME: &str = "give the name of the plugin; :list plugins shows them";

pub(super) const COMMANDS: &[Command] = &[
    Command::new("reload", "load a script again, or all of them", |_, _, arguments| {
        means(Reload(arguments.items.first().map(|(_, key)| key.untrusted().to_owned())))
    })
    .described(|spec| {
        spec.on(&["plugins"])
            .arg("PLUGIN", &[Takes::item("plugins")], Need::Optional)
            .verbs("load again", "loaded again")
    }),
    Command::new("script", "pass words to a script, and show its reply", |_, _, arguments| {
        let words = match arguments.values.first() {
            Some(Argument::Text(words)) => words.untrusted().to_owned(),
            _ => String::new(),
        };
        let Some((_, key)) = arguments.items.first() else { return Err(Check::Begun) };
        means(Ask { name: key.untrusted().to_owned(), words })
    })
    .described(|spec| {
        spec.arg("PLUGIN", &[Takes::item("plugins")], Need::One)
            .arg("WORDS", &[Takes::Text], Need::OptionalRest)
            .with_example("tune-in list")
            .verbs("ask", "asked")
    })
    .needs(NEEDS_NAME),
];

/// Loads a plugin again, or all.
struct Reload(Option<String>);

impl Action for Reload {
    fn objection(&self, network: &ClacksNetwork) -> Option<String> {
        network.plugins().is_none().then(|| NO_PLUGINS.to_owned())
    }

    fn begin(self: Box<Self>, network: Arc<ClacksNetwork>) -> Doing {
        match network.plugins() {
            Some(plugins) => answered(&network, plugins.reload(self.0.as_deref())),
            None => at_once(Err(Refusal::new(NO_PLUGINS))),
        }
    }
}

/// Passes words to a plugin.
struct Ask {
    name: String,
    words: String,
}

impl Action for Ask {
    fn begin(self: Box<Self>, network: Arc<ClacksNetwork>) -> Doing {
        match network.plugins() {
            Some(plugins) => answered(&network, plugins.command(&self.name, &self.words)),
            None => at_once(Err(Refusal::new(NO_PLUGINS))),
        }
    }
}

/// Begins it now, and waits for its answer.
fn answered(network: &ClacksNetwork, asked: Asked) -> Doing {
    let asked = network.runtime().spawn(asked);
    Box::pin(async move {
        match asked.await {
            Ok(Ok(text)) => Ok(Outcome::new(text)),
            Ok(Err(reason)) => Err(Refusal::new(reason)),
            Err(_) => Err(Refusal::new("the plugin did not answer")),
        }
    })
}
