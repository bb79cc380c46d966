use super::*;

fn description() -> Description {
    let mut description = Description::new("toy".into(), "a toy".into());
    description.statuses = vec![StatusSpec::new("good", 'g', Tone::Good, "it works")];
    description.lists = vec![
        ListSpec::new("boxes", "box", "boxes", Role::Peers).columns([Field::new("name", Kind::Id)]),
        ListSpec::new("toys", "toy", "toys", Role::Other)
            .columns([Field::new("text", Kind::Text)])
            .under("boxes")
            .counting(&["good"]),
    ];
    description.events = vec![EventSpec::new("added", "a toy was added").text("text")];
    description.commands = vec![
        CommandSpec::new("add", "adds a toy").arg("TOY", &[Takes::Text], Need::Rest),
        CommandSpec::new("drop", "drops a toy").on(&["toys"]).arg(
            "TOY",
            &[Takes::item_with("toys", &["good"]), Takes::Number(1.0, 9.5)],
            Need::One,
        ),
    ];
    description.gauges = vec![Field::new("toys", Kind::Count).chart(Chart::Level)];
    description.settings =
        vec![SettingSpec { field: Field::new("most", Kind::Count), used: Some("toys".into()), met: None }];
    description.says = Some("add".into());
    description
}

#[test]
fn a_valid_description_is_the_same_after_json_both_ways() {
    let description = description();
    assert_eq!(description.check(), Ok(()));
    let json = serde_json::to_string(&description).unwrap();
    assert_eq!(serde_json::from_str::<Description>(&json).unwrap(), description);
}

#[test]
fn names_that_do_not_exist_are_found_wherever_they_are_used() {
    type Break = fn(&mut Description);
    let breaks: [Break; 9] = [
        |it| it.says = Some("no".into()),
        |it| it.lists[0].on_open = Some("no".into()),
        |it| it.lists[1].statuses = vec!["no".into()],
        |it| it.lists[1].under = Some("no".into()),
        |it| it.lists[0].columns.push(Field::new("x", Kind::Ref("no".into()))),
        |it| it.settings[0].used = Some("no".into()),
        |it| it.commands[1].on = vec!["no".into()],
        |it| it.commands[1].args[0].takes = vec![Takes::item("no")],
        |it| it.commands[1].args[0].takes = vec![Takes::item_with("toys", &["no"])],
    ];
    for (number, broken) in breaks.into_iter().enumerate() {
        let mut description = description();
        broken(&mut description);
        let error = description.check().unwrap_err();
        assert!(matches!(&error, DescriptionError::Missing(_, name) if *name == "no"), "{number}: {error}");
    }
}

#[test]
fn fields_of_events_that_each_line_has_are_refused() {
    let reserved = |name: &str| Err(DescriptionError::Reserved("added".into(), Name::new(name).unwrap()));
    let mut of_line = description();
    of_line.events[0].fields = vec![Field::new("peer", Kind::Count)];
    assert_eq!(of_line.check(), reserved("peer"));
    let mut of_event = description();
    of_event.events[0].text = Some("line".into());
    assert_eq!(of_event.check(), reserved("line"));
}

#[test]
fn a_list_is_not_under_itself() {
    let mut description = description();
    description.lists[0] = ListSpec::new("boxes", "box", "boxes", Role::Peers).under("toys");
    assert!(matches!(description.check(), Err(DescriptionError::Under(_))));
}

#[test]
fn parts_beyond_their_bounds_and_double_names_are_refused() {
    let mut many = description();
    many.lists.extend((0..31).map(|_| many.lists[0].clone()).collect::<Vec<_>>());
    assert_eq!(many.check(), Err(DescriptionError::TooMany("lists", 33, 32)));
    let mut twice = description();
    twice.commands[1].also = vec!["add".into()];
    assert_eq!(twice.check(), Err(DescriptionError::Twice("commands", "add".into())));
}

#[test]
fn values_of_a_later_version_are_read_as_the_neutral_ones() {
    let json = serde_json::to_string(&description()).unwrap();
    let later = json.replace("\"id\"", "\"hologram\"").replace("\"good\",\"does\"", "\"shiny\",\"does\"");
    let later = later.replace("\"peers\"", "\"stars\"").replace("\"info\"", "\"urgent\"");
    let later = later.replace("\"never\"", "\"twice\"").replace("\"rest\"", "\"many\"");
    let later = later.replace("\"chart\":\"level\"", "\"chart\":\"cloud\"");
    let later = later.replace("{\"number\":[1.0,9.5]}", "{\"colour\":{\"most\":[9]}}");
    let later = later.replace("\"kind\":{\"ref\":\"boxes\"}", "\"kind\":{\"sound\":[1]}");
    let read: Description = serde_json::from_str(&later).unwrap();
    assert_eq!(read.lists[0].columns[0].kind, Kind::Unknown);
    assert_eq!(read.lists[0].role, Role::Other);
    assert_eq!(read.lists[1].columns[0].kind, Kind::Unknown);
    assert_eq!(read.events[0].level, Level::Warning);
    assert_eq!(read.gauges[0].chart, Chart::None);
    assert_eq!((read.commands[0].confirm, read.commands[0].args[0].need), (Confirm::Always, Need::Rest));
    assert_eq!(read.commands[1].args[0].takes, [Takes::item_with("toys", &["good"]), Takes::Text]);
    assert_eq!(read.statuses[0].tone, Tone::Plain);
    let written = serde_json::to_string(&read).unwrap();
    assert_eq!(serde_json::from_str::<Description>(&written).unwrap(), read);
}

#[test]
fn a_key_that_a_terminal_acts_on_is_refused() {
    let mut description = description();
    description.commands[0].key = Some('\u{1b}');
    assert_eq!(description.check(), Err(DescriptionError::Key("add".into())));
}
