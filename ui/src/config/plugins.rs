//! The plugins of a node, as they stand in the configuration.

use serde::Deserialize;

/// One table `[[plugins]]`, as it stands in the file. [`crate::plugins`] reads it when the node starts.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(transparent)]
pub(crate) struct PluginTable(pub(crate) toml::Table);
