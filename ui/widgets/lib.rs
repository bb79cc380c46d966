//! What every screen draws with: themes, animation, axes, SVG.

#![allow(missing_docs, reason = "names of an inner crate; documented step by step")]

pub mod animation;
pub mod axis;
pub mod svg;
pub mod theme;
pub mod theme_selection;
