//! Reads what a later version of the program wrote: a form that is not known here becomes the neutral one.

use serde::{Deserialize, Deserializer, de::IgnoredAny};

use super::{Kind, Takes};

#[derive(Deserialize)]
#[serde(untagged)]
enum Form<T> {
    Known(T),
    Later(IgnoredAny),
}

impl<T> Form<T> {
    fn known_or(self, neutral: T) -> T {
        match self {
            Self::Known(value) => value,
            Self::Later(IgnoredAny) => neutral,
        }
    }
}

/// A kind. One of a later version is unknown.
pub(super) fn kind<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Kind, D::Error> {
    Form::deserialize(deserializer).map(|form| form.known_or(Kind::Unknown))
}

/// The forms of an argument. One of a later version is any text, because the node checks it.
pub(super) fn takes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Takes>, D::Error> {
    let forms = Vec::<Form<Takes>>::deserialize(deserializer)?;
    Ok(forms.into_iter().map(|form| form.known_or(Takes::Text)).collect())
}
