//! Building blocks of the views: themes, tables, animation, axes, SVG; and the figures of charts over time.

pub mod animation;
pub mod axis;
pub mod heading;
pub mod span;
pub mod svg;
pub mod table;
pub mod theme;
pub mod theme_selection;
pub mod time_series;
