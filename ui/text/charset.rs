//! The character set of the terminal: all of Unicode, or ASCII only.

use std::env;

/// The locale variables. The first that is not empty decides.
const LOCALE: [&str; 3] = ["LC_ALL", "LC_CTYPE", "LANG"];

/// The characters that can be shown. The program decides on one at its start and passes it to whatever writes text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Charset {
    /// All of Unicode.
    #[default]
    Unicode,
    /// ASCII only.
    Ascii,
}

impl Charset {
    /// The character set that an option asks for. `None` is decided by the locale, which is read from the environment.
    pub fn chosen(ascii: Option<bool>) -> Self {
        let ascii = ascii.unwrap_or_else(|| !is_unicode(|name| env::var(name).ok()));
        if ascii { Self::Ascii } else { Self::Unicode }
    }

    /// Whether only ASCII can be shown.
    pub fn is_ascii(self) -> bool {
        self == Self::Ascii
    }
}

/// Whether the locale's encoding is UTF-8. Without a locale only Windows counts as Unicode, because its consoles show
/// it and it has no such variables.
fn is_unicode(variable: impl Fn(&str) -> Option<String>) -> bool {
    let locale = LOCALE.into_iter().filter_map(variable).find(|locale| !locale.is_empty());
    locale.map_or(cfg!(windows), |locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locale_selects_the_character_set() {
        for (all, ctype, lang, expected) in [
            ("", "", "en_GB.UTF-8", true),
            ("", "", "de_DE.utf8@euro", true),
            ("", "UTF-8", "", true),
            ("C", "", "en_GB.UTF-8", false),
            ("", "en_GB.ISO-8859-1", "en_GB.UTF-8", false),
            ("C.UTF-8", "POSIX", "C", true),
            ("", "", "en_GB", false),
        ] {
            let value = |name: &str| match name {
                "LC_ALL" => Some(all.to_owned()),
                "LC_CTYPE" => Some(ctype.to_owned()),
                _ => Some(lang.to_owned()),
            };
            assert_eq!(is_unicode(value), expected, "{all:?} {ctype:?} {lang:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn without_a_locale_the_character_set_is_ascii() {
        assert!(!is_unicode(|_| None));
    }
}
