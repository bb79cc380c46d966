use super::Specimen;
use crate::description::{Description, Kind, ListSpec};

/// Check 1. The description is within its bounds and refers only to what exists. It is the same after JSON both ways. A
/// description with a control character in a label is refused. The columns of statuses are wide enough for the statuses
/// that a list counts.
pub fn the_description_is_valid(specimen: &mut dyn Specimen) {
    let network = specimen.network();
    let description = &**network.description();
    assert_eq!(description.check(), Ok(()));
    let json = serde_json::to_string(description).unwrap_or_default();
    let read: Description = serde_json::from_str(&json).unwrap_or_else(|error| panic!("{error}: {json}"));
    assert_eq!(read, *description);
    for list in &description.lists {
        let title = format!("\"title\":\"{}\"", list.title);
        assert!(json.contains(&title), "{title} is not in {json}");
        let hostile = json.replace(&title, "\"title\":\"\\u001b[2J\"");
        assert!(serde_json::from_str::<Description>(&hostile).is_err(), "a control character in {title}");
        the_counted_statuses_fit(list);
    }
    assert_eq!(network.gauges().len(), description.gauges.len());
    assert_eq!(network.settings().len(), description.settings.len());
    let gauges = description.gauges.iter().zip(network.gauges());
    let settings = description.settings.iter().map(|setting| &setting.field).zip(network.settings());
    for (field, value) in gauges.chain(settings) {
        assert!(value.fits(&field.kind), "{}: {value:?} is no {:?}", field.name, field.kind);
    }
}

/// A cell has the letter of a status, a space and its name. A cell that is too narrow has only the letter.
fn the_counted_statuses_fit(list: &ListSpec) {
    let longest = list.statuses.iter().map(|status| 2 + status.as_str().chars().count()).max().unwrap_or(0);
    for column in list.columns.iter().filter(|column| column.kind == Kind::Status) {
        let most = usize::from(column.width.1);
        assert!(most == 0 || most >= longest, "{}: a status needs {longest} columns, not {most}", list.name);
    }
}
