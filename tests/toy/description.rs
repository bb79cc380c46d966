use clacks_feed::description::{
    Chart, CommandSpec, Confirm, Description, EventSpec, Field, Kind, ListId, ListSpec, Need, Role,
    SettingSpec, StatusId, StatusSpec, Takes, Tone, TypeId,
};

use crate::core::BoxState;

pub(crate) const BOXES: ListId = ListId(0);
pub(crate) const CARDS: ListId = ListId(1);
pub(crate) const STAMPS: ListId = ListId(2);

pub(crate) const IN: TypeId = TypeId(0);
pub(crate) const OUT: TypeId = TypeId(1);
pub(crate) const OWN: TypeId = TypeId(2);
pub(crate) const NOTE: TypeId = TypeId(3);
pub(crate) const CARD: TypeId = TypeId(4);
pub(crate) const FAILED: TypeId = TypeId(5);
pub(crate) const DROPPED: TypeId = TypeId(6);

/// The kinds of events, in the order of the description.
pub(crate) const KINDS: [&str; 11] = [
    "card_posted",
    "card_received",
    "card_sent",
    "card_failed",
    "card_dropped",
    "card_restored",
    "card_stamped",
    "box_found",
    "box_changed",
    "box_forgotten",
    "limit_changed",
];

pub(crate) fn status(state: BoxState) -> StatusId {
    StatusId(state as u8)
}

pub(crate) fn description() -> Description {
    Description {
        lists: lists(),
        statuses: vec![
            StatusSpec::new("open", 'O', Tone::Good, "it takes cards"),
            StatusSpec::new("shut", 'S', Tone::Doubtful, "it took no card when it was tried last"),
            StatusSpec::new("ignored", 'I', Tone::Off, "nothing is sent to it or accepted from it"),
        ],
        types: ["in", "out", "own", "note", "card", "failed", "dropped"].map(Into::into).to_vec(),
        events: events(),
        commands: commands(),
        gauges: vec![
            Field::new("cards", Kind::Count).chart(Chart::Level),
            Field::new("posted", Kind::Count).chart(Chart::Rate),
            Field::new("took", Kind::Took).titled("time to a box").chart(Chart::Histogram),
        ],
        settings: vec![SettingSpec {
            field: Field::new("limit", Kind::Count).titled("cards at most"),
            used: Some("cards".into()),
            met: None,
        }],
        says: Some("post".into()),
        say_limits: None,
        ..Description::new("toy".into(), "a toy in memory".into())
    }
}

fn lists() -> Vec<ListSpec> {
    vec![
        ListSpec::new("boxes", "box", "boxes", Role::Peers)
            .columns([
                Field::new("name", Kind::Id),
                Field::new("status", Kind::Status),
                Field::new("since", Kind::At).priority(1),
                Field::new("sent", Kind::Count).priority(2),
            ])
            .counting(&["open", "shut", "ignored"])
            .shared()
            .beside(),
        ListSpec::new("cards", "card", "cards", Role::Messages)
            .columns([
                Field::new("text", Kind::Text).width(16, 0),
                Field::new("since", Kind::At).priority(1),
                Field::new("stamps", Kind::Count).priority(3),
                Field::new("from", Kind::Ref("boxes".into())).width(8, 20).priority(2),
                Field::new("number", Kind::Count).priority(4),
            ])
            .empty(&["no card waits here", "{:post} writes one"])
            .beside(),
        ListSpec::new("stamps", "stamp", "stamps", Role::Other)
            .columns([Field::new("place", Kind::Text)])
            .under("cards"),
    ]
}

fn events() -> Vec<EventSpec> {
    let does = [
        "the user wrote a card",
        "a card came from a box",
        "a card went to a box",
        "a box took no card",
        "a card was removed for good",
        "a dropped card is here again",
        "a card was stamped",
        "a box was found",
        "the status of a box changed",
        "a box is gone",
        "the maximum number of cards was changed",
    ];
    let spec = |(kind, does): (&'static str, &'static str)| {
        let spec = EventSpec::new(kind, does);
        match kind {
            "card_stamped" | "limit_changed" => spec,
            "card_sent" => spec.text("text").fields([Field::new("took", Kind::Took)]),
            "box_changed" => spec.fields([Field::new("was", Kind::Status)]),
            kind if kind.starts_with("card_") => spec.text("text"),
            _ => spec,
        }
    };
    KINDS.into_iter().zip(does).map(spec).collect()
}

fn commands() -> Vec<CommandSpec> {
    vec![
        CommandSpec::new("post", "writes a card")
            .arg("TEXT", &[Takes::Text], Need::Rest)
            .verbs("post", "posted"),
        CommandSpec::new("drop", "removes a card for good")
            .on(&["cards"])
            .arg("CARD", &[Takes::item("cards")], Need::One)
            .verbs("drop", "dropped")
            .confirm(Confirm::Many),
        CommandSpec::new("ignore", "neither sends to a box nor accepts from it")
            .on(&["boxes"])
            .arg("BOX", &[Takes::item_with("boxes", &["open", "shut"])], Need::One)
            .verbs("ignore", "ignored"),
        CommandSpec::new("unignore", "lets an ignored box take part again")
            .on(&["boxes"])
            .arg("BOX", &[Takes::item_with("boxes", &["ignored"])], Need::One)
            .verbs("unignore", "unignored"),
        CommandSpec::new("limit", "sets the maximum number of cards")
            .arg("NUMBER", &[Takes::Number(1.0, 1_000_000.0)], Need::One)
            .verbs("set the limit", "set the limit"),
        CommandSpec::new("undo", "undoes a command").arg("TOKEN", &[Takes::Number(1.0, 1e15)], Need::One),
    ]
}
