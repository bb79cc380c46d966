//! Building blocks of the views: themes, animation, axes, SVG.

pub mod animation;
pub mod axis;
pub mod svg;
pub mod theme;
pub mod theme_selection;
