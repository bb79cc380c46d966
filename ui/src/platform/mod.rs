//! Standard input and output, signals of a node without a screen, the tokio runtime.

pub(crate) mod input;
pub(crate) mod output;
pub(crate) mod runtime;
pub(crate) mod signals;
