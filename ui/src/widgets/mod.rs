//! What every screen draws with: themes, animation, axes, SVG.

pub(crate) mod animation;
pub(crate) mod axis;
pub(crate) mod svg;
pub(crate) mod theme;
pub(crate) mod theme_selection;
