//! The file of a theme: TOML with a style for each role that it names.

use ratatui::style::Style;
use serde::Deserialize;

use super::words::Words;

macro_rules! roles {
    ($($(#[$doc:meta])* $role:ident,)*) => {
        /// A style for each role. Where a style is drawn over another, it changes what it names.
        #[derive(Debug, Clone, PartialEq)]
        pub struct Styles {
            $($(#[$doc])* pub $role: Style,)*
            /// The lines of a chart, by turns.
            pub series: Vec<Style>,
        }

        impl Styles {
            /// No style for anything.
            pub const PLAIN: Self = Self { $($role: Style::new(),)* series: Vec::new() };

            /// Every role that a colour can be given to.
            #[cfg(test)]
            pub(crate) fn roles(&self) -> Vec<(&'static str, Style)> {
                let series = self.series.iter().map(|style| ("series", *style));
                [$((stringify!($role), self.$role),)*].into_iter().chain(series).collect()
            }
        }

        /// What a file says.
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields, rename_all = "kebab-case")]
        pub struct File {
            $($role: Option<Words>,)*
            series: Option<Vec<Words>>,
        }

        impl File {
            /// The styles of the file, and for roles that it leaves out those of another theme.
            pub fn over(self, base: &Styles) -> Styles {
                let series = self.series.map(|series| series.into_iter().map(|words| words.0).collect());
                Styles {
                    $($role: self.$role.map_or(base.$role, |words| words.0),)*
                    series: series.unwrap_or_else(|| base.series.clone()),
                }
            }

            /// The roles that the file leaves out.
            #[cfg(test)]
            pub fn missing(&self) -> Vec<&'static str> {
                let mut missing = vec![$(self.$role.is_none().then_some(stringify!($role)),)*];
                missing.push(self.series.is_none().then_some("series"));
                missing.into_iter().flatten().collect()
            }
        }
    };
}

roles! {
    /// What is more important.
    strong,
    /// What is less important: rules, names of fields.
    quiet,
    /// The name of a pane.
    title,
    /// The name of the pane that has the focus.
    focused_title,
    /// The selected row of the list that has the focus; always reversed, and in no colour, as a row of several
    /// colours is hard to read in reverse.
    selected,
    /// A peer by its status.
    new,
    alive,
    lost,
    dead,
    ignored,
    /// What went well, and what did not.
    good,
    bad,
    /// Which way something went; a note is about nothing that travelled.
    incoming,
    outgoing,
    own,
    note,
    /// Where a search or a filter found its words.
    matched,
    /// A row that was marked to be acted on.
    marked,
    /// A message that is kept from being sent.
    held,
    /// What is written and won't work.
    invalid,
    /// What could be written next.
    ghost,
    /// The map: one peer was named by another.
    edge,
    /// The same, learnt just now.
    fresh_edge,
    /// A message on its way along an edge.
    dot,
    /// Events are being recorded.
    recording,
    /// Recorded events are being played back.
    replay,
}
