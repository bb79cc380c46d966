//! Theme files with arbitrary text.

use super::{file::File, words::in_words, *};

#[test]
fn theme() {
    clacks_fuzz::fuzz("theme", 3_000, |text| {
        match clacks_text::toml::parse::<File>(&String::from_utf8_lossy(text)) {
            Ok(file) => {
                let styles = file.over(&Styles::PLAIN);
                for (role, style) in styles.roles() {
                    let again = format!("strong = '{}'", in_words(style));
                    let again = clacks_text::toml::parse::<File>(&again).unwrap().over(&Styles::PLAIN);
                    assert_eq!(again.strong, style, "{role}");
                }
            }
            Err(error) => assert!(!error.to_string().contains('\n'), "{error}"),
        }
    });
}
