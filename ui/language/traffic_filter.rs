//! The networks whose traffic is shown, and filters that are read for them.

use std::{fmt, str::FromStr, sync::Arc};

use clacks_feed::{
    description::Description,
    filter::{Filter, FilterError, FilterField, Reason, Scope, fields, in_short},
};

/// The networks whose traffic is shown. A field, a status or a type exists in a filter if one of them has it.
#[derive(Debug, Clone, Default)]
pub struct FilterNetworks(Vec<Arc<Description>>);

/// A filter of the traffic as it was typed or configured. It is read once the networks are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterText(String);

impl FilterNetworks {
    /// These networks.
    pub fn new(networks: impl IntoIterator<Item = Arc<Description>>) -> Self {
        Self(networks.into_iter().collect())
    }

    /// Reads a filter of the traffic of these networks.
    ///
    /// # Errors
    ///
    /// Fails if the filter is invalid, or if no row of the traffic can match it.
    pub fn read(&self, filter: &FilterText) -> Result<Filter, FilterError> {
        self.parse(filter.as_str())
    }

    /// As [`FilterNetworks::read`], for a text that is being typed.
    ///
    /// # Errors
    ///
    /// Fails as [`FilterNetworks::read`] does.
    pub fn parse(&self, filter: &str) -> Result<Filter, FilterError> {
        self.with_scope(|scope| Filter::parse_for(filter, scope))
    }

    /// What the networks offer.
    pub fn descriptions(&self) -> &[Arc<Description>] {
        &self.0
    }

    /// The fields of a filter, for completion.
    pub fn fields(&self) -> Vec<FilterField> {
        self.with_scope(fields)
    }

    /// The filter language in one line.
    pub fn in_short(&self) -> String {
        self.with_scope(in_short)
    }

    fn with_scope<T>(&self, then: impl FnOnce(Scope<'_>) -> T) -> T {
        let networks: Vec<&Description> = self.0.iter().map(|network| &**network).collect();
        then(Scope::Any(&networks))
    }
}

impl FilterText {
    /// The text, without white space around it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FilterText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&Filter> for FilterText {
    fn from(filter: &Filter) -> Self {
        Self(filter.as_str().to_owned())
    }
}

/// Refuses what is invalid in any network, such as a parenthesis that is not closed.
impl FromStr for FilterText {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        match Filter::parse(text, Scope::Any(&[])) {
            Err(error) if is_invalid_everywhere(&error.reason) => Err(error),
            _ => Ok(Self(text.trim().to_owned())),
        }
    }
}

/// Whether a filter with this error is invalid in any network.
fn is_invalid_everywhere(reason: &Reason) -> bool {
    matches!(
        reason,
        Reason::Missing
            | Reason::TooLong
            | Reason::UnclosedQuotes
            | Reason::Unclosed
            | Reason::NothingToClose
            | Reason::TooDeep
            | Reason::NoAddress(_)
            | Reason::NoWholeAddress(_)
            | Reason::Ip
            | Reason::Size
            | Reason::NoExpression
            | Reason::UnclosedExpression
            | Reason::Expression(_)
            | Reason::TooCostly
            | Reason::TooMany(_)
    )
}
