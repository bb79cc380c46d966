//! Location of a list of peers.

use std::{fmt, path::PathBuf, str::FromStr};

use reqwest::Url;
use serde::{Deserialize, Deserializer, de::Error};

/// Location of a list of peers: a local file or an HTTPS URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListSource {
    /// The path of a local file.
    File(PathBuf),
    /// An `https://` URL without a user name or password.
    Url(Url),
}

/// Reason why a text is not the location of a list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListSourceError {
    /// The text is empty.
    #[error("a list of peers is a file or an https:// URL, and this is empty")]
    Empty,
    /// The URL's scheme is `http`.
    #[error("use https: what is fetched over http can be changed on its way")]
    Http,
    /// The URL's scheme is neither `https` nor `http`; the value is the scheme in lower case.
    #[error("a list of peers is a file or an https:// URL, not {0}://")]
    Scheme(String),
    /// The URL does not parse; the value is the parser's message.
    #[error("this is no URL: {0}")]
    Url(String),
    /// The URL has a user name or a password.
    #[error("leave the user name and the password out of the URL: it is shown and logged")]
    Credentials,
}

/// Parses a path or a URL. Text that starts with a scheme and `://` is a URL.
impl FromStr for ListSource {
    type Err = ListSourceError;

    fn from_str(text: &str) -> Result<Self, ListSourceError> {
        let Some((scheme, _)) = text.split_once("://").filter(|(scheme, _)| is_scheme(scheme)) else {
            return if text.is_empty() { Err(ListSourceError::Empty) } else { Ok(Self::File(text.into())) };
        };
        match scheme.to_ascii_lowercase().as_str() {
            "https" => {}
            "http" => return Err(ListSourceError::Http),
            other => return Err(ListSourceError::Scheme(other.to_owned())),
        }
        let url: Url = text.parse().map_err(|error| ListSourceError::Url(format!("{error}")))?;
        let has_credentials = !url.username().is_empty() || url.password().is_some();
        if has_credentials { Err(ListSourceError::Credentials) } else { Ok(Self::Url(url)) }
    }
}

/// The scheme syntax of RFC 3986, section 3.1.
fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|character| character.is_ascii_alphanumeric() || "+-.".contains(character))
}

impl fmt::Display for ListSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Url(url) => url.fmt(f),
        }
    }
}

impl<'de> Deserialize<'de> for ListSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|error| D::Error::custom(format!("{text:?}: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_a_path_or_an_https_url() {
        for text in ["peers.txt", "~/peers", "/a:/b", "a b.txt", "https:/x", "0://x", "://x", "./http://x"] {
            assert_eq!(text.parse(), Ok(ListSource::File(text.into())), "{text}");
            assert_eq!(text.parse::<ListSource>().unwrap().to_string(), text);
        }
        for text in ["https://example.org/peers.txt", "https://example.org:8443/a?b=c#d", "https://[::1]/"] {
            assert_eq!(text.parse::<ListSource>().unwrap().to_string(), text);
        }
        assert_eq!("HTTPS://Example.org".parse::<ListSource>().unwrap().to_string(), "https://example.org/");
    }

    #[test]
    fn other_schemes_are_rejected_with_a_reason() {
        for (text, reason) in [
            ("", "is empty"),
            ("http://example.org/peers", "use https"),
            ("HTTP://example.org/peers", "use https"),
            ("ftp://example.org", "not ftp://"),
            ("file:///etc/peers", "not file://"),
            ("data+x://", "not data+x://"),
            ("https://", "no URL: empty host"),
            ("https://[::1", "no URL: "),
            ("https://example.org:99999", "no URL: invalid port"),
            ("https://user@example.org", "leave the user name"),
            ("https://:secret@example.org", "leave the user name"),
        ] {
            let error = text.parse::<ListSource>().unwrap_err().to_string();
            assert!(error.contains(reason) && !error.contains("secret"), "{text}: {error}");
        }
    }
}
