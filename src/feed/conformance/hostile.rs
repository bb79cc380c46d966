use super::{Specimen, drain, walk::contents};
use crate::{Value, Watched, escape::is_hidden};

/// Check 8. Texts of strangers with escapes, direction marks or a mebibyte reach cells and lines as texts, and their JSON
/// has no character that a terminal acts on or hides.
pub fn hostile_texts_stay_texts(specimen: &mut dyn Specimen) {
    let texts = [
        "\u{1b}]0;title\u{7}\u{1b}[2J".to_owned(),
        "\u{202e}\u{2066}abc\u{200b}\u{feff}\u{e0041}".to_owned(),
        "\\u001b \" \\ \u{9b}1m \u{7f}\r\n\t\0".to_owned(),
        "é漢🙂\u{1f468}\u{200d}\u{1f469}".repeat(100),
        "x".repeat(1 << 20),
        String::new(),
    ];
    let network = specimen.network();
    let mut watch = network.watch();
    let mut accepted = 0;
    for text in &texts {
        accepted += usize::from(specimen.receive(text));
        for watched in drain(&mut *watch) {
            let Watched::Event(event) = watched else { continue };
            let fields = crate::escape::escaped_json(event.json().get()).into_owned();
            assert!(!fields.contains(is_hidden), "{fields:?}");
            serde_json::from_str::<serde_json::Value>(&fields)
                .unwrap_or_else(|error| panic!("{error}: {fields}"));
        }
        for row in contents(&*network).into_values().flatten() {
            for cell in &row.cells {
                if let Value::Text(start, length) = cell {
                    assert!(start.len() as u64 <= u64::from(*length), "{start:?} is longer than {length}");
                }
            }
        }
    }
    assert!(accepted > 0, "the node accepts no text of a stranger");
}
