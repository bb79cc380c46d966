//! How much of the screen moves by itself.

use serde::Deserialize;

/// How much moves.
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
    /// The setting of somebody who did not choose one. Over ssh every frame is traffic on the network.
    pub fn usual(is_over_ssh: bool) -> Self {
        if is_over_ssh { Self::Off } else { Self::Full }
    }

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
