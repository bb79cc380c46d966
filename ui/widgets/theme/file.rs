//! The file of a theme: TOML with a style for each role that it names.

use ratatui::style::Style;
use serde::Deserialize;

use super::words::Words;

macro_rules! roles {
    ($($(#[$doc:meta])* $role:ident,)*) => {
        /// A style for each role. A style drawn over another changes only the properties that it sets.
        #[derive(Debug, Clone, PartialEq)]
        pub struct Styles {
            $($(#[$doc])* pub $role: Style,)*
            /// The lines of a chart; repeats after the last.
            pub series: Vec<Style>,
        }

        impl Styles {
            /// No style for any role.
            pub(crate) const PLAIN: Self = Self { $($role: Style::new(),)* series: Vec::new() };

            /// All roles.
            #[cfg(test)]
            pub(crate) fn roles(&self) -> Vec<(&'static str, Style)> {
                let series = self.series.iter().map(|style| ("series", *style));
                [$((stringify!($role), self.$role),)*].into_iter().chain(series).collect()
            }
        }

        /// The content of a file.
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields, rename_all = "kebab-case")]
        pub(crate) struct File {
            $($role: Option<Words>,)*
            series: Option<Vec<Words>>,
        }

        impl File {
            /// The styles of the file; roles that it omits have those of `base`.
            pub(crate) fn over(self, base: &Styles) -> Styles {
                let series = self.series.map(|series| series.into_iter().map(|words| words.0).collect());
                Styles {
                    $($role: self.$role.map_or(base.$role, |words| words.0),)*
                    series: series.unwrap_or_else(|| base.series.clone()),
                }
            }

            /// The roles that the file omits.
            #[cfg(test)]
            pub(crate) fn missing(&self) -> Vec<&'static str> {
                let mut missing = vec![$(self.$role.is_none().then_some(stringify!($role)),)*];
                missing.push(self.series.is_none().then_some("series"));
                missing.into_iter().flatten().collect()
            }
        }
    };
}

roles! {
    /// Emphasized text.
    strong,
    /// De-emphasized text: rules, names of fields.
    quiet,
    /// The title of a pane.
    title,
    /// The title of the focused pane; always reversed.
    focused_title,
    /// The selected row of the focused list; always reversed and never dim, and without colour, because a row of several
    /// colours is hard to read in reverse.
    selected,
    /// A peer with the status new, or with an unverified status.
    new,
    /// A peer with the status alive.
    alive,
    /// A peer with the status lost.
    lost,
    /// A peer with the status dead.
    dead,
    /// A peer with the status ignored.
    ignored,
    /// A success.
    good,
    /// A failure or a refusal.
    bad,
    /// A traffic row from a peer.
    incoming,
    /// A traffic row to a peer.
    outgoing,
    /// A traffic row about the user's own message.
    own,
    /// A traffic row about a local change.
    note,
    /// A match of a search or a filter.
    matched,
    /// A row marked for a command.
    marked,
    /// A held message.
    held,
    /// An invalid part of the command line.
    invalid,
    /// The inline completion hint.
    ghost,
    /// An edge of the map: one peer was discovered through another.
    edge,
    /// An edge of the map that was discovered just now.
    fresh_edge,
    /// A message in flight along an edge of the map.
    dot,
    /// The sign of an active recording.
    recording,
    /// The sign of a replay.
    replay,
}
