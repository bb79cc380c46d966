//! What is left out of a line for a person.

use crate::{
    Direction, Types,
    description::{Description, EventSpec, Tone},
};

/// The values of a line whose fields are missing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Usual<'d> {
    /// `None`: it is always written.
    pub(super) direction: Option<Direction>,
    pub(super) types: Types,
    pub(super) what: &'d str,
    pub(super) outcome: &'d str,
    pub(super) tone: Tone,
}

impl<'d> Usual<'d> {
    /// What a recorded line of this kind of events leaves out. `None`: the line is not recorded, or of an unknown kind.
    pub(super) fn of(description: &Description, spec: Option<&'d EventSpec>) -> Self {
        let Some(usual) = spec.and_then(|spec| spec.usual.as_ref()) else {
            let (types, tone) = (Types::default(), Tone::default());
            return Self { direction: None, types, what: "", outcome: "", tone };
        };
        let types = usual.types.iter().filter_map(|name| description.type_id(name.as_str()));
        Self {
            direction: Some(usual.direction),
            types: Types::of(types),
            what: usual.what.as_ref().map_or("", |what| what.as_str()),
            outcome: usual.outcome.as_ref().map_or("", |outcome| outcome.as_str()),
            tone: usual.tone,
        }
    }
}
