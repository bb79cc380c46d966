//! Setting for the amount of animation on the screen.

use serde::Deserialize;

/// Amount of animation. The default is `Full`, or `Off` over SSH.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Setting {
    /// Everything, up to ten frames a second.
    Full,
    /// Pictures change from one state to the next at once, a step a second at most.
    Reduced,
    /// Nothing changes unless something happened.
    Off,
}

impl Setting {
    /// The default: `Off` over SSH, where each frame is network traffic, otherwise `Full`.
    pub fn usual(is_over_ssh: bool) -> Self {
        if is_over_ssh { Self::Off } else { Self::Full }
    }

    /// The name in commands and in the configuration file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Reduced => "reduced",
            Self::Off => "off",
        }
    }
}

impl std::str::FromStr for Setting {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        [Self::Full, Self::Reduced, Self::Off].into_iter().find(|setting| setting.name() == name).ok_or(())
    }
}
