//! HubSpot's tiers, as far as they decide how much may be called (`hubspot-api.md` 3.1).

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// Window of a publicly distributed OAuth app, whatever the account's tier: such an app shows no daily limit.
pub const PUBLIC_WINDOW: u32 = 110;
/// Most API limit increases an account can have.
const INCREASES: u8 = 2;
/// What one increase adds to a day.
const INCREASE_A_DAY: u32 = 1_000_000;

/// What an account's subscription allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Edition {
    /// Free tools and Starter.
    Free,
    /// Professional.
    Professional,
    /// Enterprise.
    Enterprise,
}

/// An account's tier: its edition, and how many API limit increases were bought. As text `free`, `professional`,
/// `enterprise`, each also with `+1` or `+2`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tier {
    /// The edition of its most capable hub.
    pub edition: Edition,
    /// API limit increases, two at most.
    pub increases: u8,
}

impl Tier {
    /// What is assumed until HubSpot or a person says more.
    pub const DEFAULT: Self = Self { edition: Edition::Free, increases: 0 };

    /// All there are.
    pub fn all() -> impl Iterator<Item = Self> {
        [Edition::Free, Edition::Professional, Edition::Enterprise]
            .into_iter()
            .flat_map(|edition| (0..=INCREASES).map(move |increases| Self { edition, increases }))
    }

    /// Calls of one app in ten seconds. Increases do not stack there.
    pub const fn window(self) -> u32 {
        match (self.edition, self.increases) {
            (_, 1..) => 250,
            (Edition::Free, 0) => 100,
            (Edition::Professional | Edition::Enterprise, 0) => 190,
        }
    }

    /// Calls of one app to the associations API in ten seconds.
    pub const fn associations(self) -> u32 {
        match (self.edition, self.increases) {
            (_, 1..) => 200,
            (Edition::Free, 0) => 100,
            (Edition::Professional | Edition::Enterprise, 0) => 150,
        }
    }

    /// Calls of all private apps of the account together in a day.
    pub const fn day(self) -> u32 {
        let edition = match self.edition {
            Edition::Free => 250_000,
            Edition::Professional => 625_000,
            Edition::Enterprise => 1_000_000,
        };
        edition + INCREASE_A_DAY * self.increases as u32
    }

    /// The least tier that has this window: 190 cannot tell Professional from Enterprise, nor 250 what was increased.
    pub fn of_window(window: u32) -> Option<Self> {
        Self::all().find(|tier| tier.window() == window)
    }

    /// In words, for people.
    pub fn words(self) -> String {
        let edition = match self.edition {
            Edition::Free => "Free or Starter",
            Edition::Professional => "Professional",
            Edition::Enterprise => "Enterprise",
        };
        match self.increases {
            0 => edition.to_owned(),
            1 => format!("{edition} with one API limit increase"),
            _ => format!("{edition} with two API limit increases"),
        }
    }
}

/// The text is none of the tiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not `free`, `professional` or `enterprise`, alone or with `+1` or `+2`")]
pub struct UnknownTier;

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.edition {
            Edition::Free => "free",
            Edition::Professional => "professional",
            Edition::Enterprise => "enterprise",
        })?;
        if self.increases > 0 { write!(f, "+{}", self.increases) } else { Ok(()) }
    }
}

impl FromStr for Tier {
    type Err = UnknownTier;
    fn from_str(text: &str) -> Result<Self, UnknownTier> {
        Self::all().find(|tier| tier.to_string() == text).ok_or(UnknownTier)
    }
}

impl Serialize for Tier {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Tier {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tier_is_read_back_and_allows_what_hubspot_says() {
        for tier in Tier::all() {
            assert_eq!(tier.to_string().parse(), Ok(tier));
        }
        assert_eq!("gold".parse::<Tier>(), Err(UnknownTier));
        let of = |text: &str| {
            let tier: Tier = text.parse().unwrap();
            (tier.window(), tier.associations(), tier.day())
        };
        assert_eq!(of("free"), (100, 100, 250_000));
        assert_eq!(of("professional"), (190, 150, 625_000));
        assert_eq!(of("enterprise"), (190, 150, 1_000_000));
        assert_eq!(of("enterprise+2"), (250, 200, 3_000_000));
        assert_eq!(Tier::of_window(190).map(|tier| tier.to_string()).as_deref(), Some("professional"));
        assert_eq!(Tier::of_window(PUBLIC_WINDOW), None);
    }
}
