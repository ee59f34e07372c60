//! The daily budget: one for all private apps of an account together, from midnight to midnight on the account's own clock
//! (`hubspot-api.md` 3.1). Publicly distributed apps have none.
//!
//! HubSpot's own word about the limit counts before a person's, and a person's before what the window's size suggests.

use serde::{Deserialize, Serialize};

use super::{capacity, messages::Priority};
use crate::values::{
    tier::Tier,
    time::{DAY_MS, HOUR_MS, Timestamp},
};

/// How often an account whose day is over is looked at again: the day may have been over for another reason than the count,
/// and increases are bought.
pub const PROBE_MS: i64 = HOUR_MS;

/// One account's day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Day {
    /// Days since the epoch on the account's clock.
    number: i64,
    /// Offset of that clock from UTC; 0 until somebody who asks knows it.
    offset_ms: i64,
    /// Calls made, by Spoke or as far as HubSpot told.
    pub used: u32,
    /// The limit HubSpot told.
    told: Option<u32>,
    /// HubSpot said that the day is over: nothing leaves before.
    blocked_until: Timestamp,
}

/// Why nothing leaves today.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayOver {
    /// Calls counted.
    pub used: u32,
    /// Of so many.
    pub limit: u32,
    /// When it makes sense to look again.
    pub until: Timestamp,
    /// HubSpot has said so; else it is Spoke's own count.
    pub told: bool,
}

impl Day {
    /// Begins a new day where one has begun.
    pub fn turn(&mut self, now: Timestamp, offset_ms: Option<i64>) {
        self.offset_ms = offset_ms.unwrap_or(self.offset_ms);
        let today = now.plus_ms(self.offset_ms).0.div_euclid(DAY_MS);
        if self.number != today {
            *self = Self { number: today, used: 0, blocked_until: Timestamp::default(), ..*self };
        }
    }

    /// Which day it is.
    pub fn number(&self) -> i64 {
        self.number
    }

    /// Calls the day allows. `assumed`: of the tier, where HubSpot has told nothing.
    pub fn limit(&self, assumed: Tier) -> u32 {
        self.told.unwrap_or(assumed.day())
    }

    /// When the next day begins.
    pub fn resets_at(&self) -> Timestamp {
        Timestamp((self.number + 1) * DAY_MS - self.offset_ms)
    }

    /// Calls that may still leave.
    pub fn room(&self, assumed: Tier, priority: Priority) -> u32 {
        capacity(self.limit(assumed), priority).saturating_sub(self.used)
    }

    /// Whether the day is over for whoever asks.
    pub fn over(&self, now: Timestamp, assumed: Tier, priority: Priority) -> Option<DayOver> {
        let limit = self.limit(assumed);
        let over = |until: Timestamp, told| Some(DayOver { used: self.used, limit, until, told });
        if self.blocked_until > now {
            over(self.blocked_until, true)
        } else if self.room(assumed, priority) == 0 {
            over(self.resets_at().min(now.plus_ms(PROBE_MS)), false)
        } else {
            None
        }
    }

    /// HubSpot told the limit, or what is left, or how many were made; says whether the limit is another now.
    pub fn learn(&mut self, limit: Option<u32>, left: Option<u32>, used: Option<u32>) -> bool {
        let before = self.told;
        self.told = limit.or(self.told);
        if let (Some(limit), Some(left)) = (self.told, left) {
            self.used = self.used.max(limit.saturating_sub(left));
        }
        self.used = self.used.max(used.unwrap_or(0));
        before != self.told
    }

    /// HubSpot refused a call because the day is over.
    pub fn block(&mut self, until: Timestamp) {
        self.blocked_until = self.blocked_until.max(until);
    }
}
