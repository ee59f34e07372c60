//! What of an account's limits and grants survives a restart: the windows in one row, written while one is more than a quarter
//! full or when a limit is learned, and a row for each grant.

use serde::{Deserialize, Serialize};

use super::{
    Limiter,
    day::Day,
    grants::{Grants, Key, Sealed},
};
use crate::{
    store::{
        limiter as store,
        sql::{Sql, SqlError},
    },
    values::{ids::AppKey, json, tier::Tier, time::Timestamp},
};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Saved {
    pub apps: Vec<SavedApp>,
    pub day: Day,
    pub tier: Option<Tier>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SavedApp {
    pub app: AppKey,
    pub told: Option<u32>,
    pub blocked_until: Timestamp,
    pub busy: Vec<Timestamp>,
    pub associations: Vec<Timestamp>,
    pub day_used: (i64, u32),
}

impl Limiter {
    /// The limiter as it was saved, begun again at `now`.
    pub fn load(sql: &dyn Sql, now: Timestamp) -> Result<Self, SqlError> {
        store::open(sql)?;
        // Windows that cannot be read are those of another build: begin cautiously.
        let saved = store::windows(sql)?.and_then(|json| json::parse::<Saved>(&json).ok());
        let grants = store::grants(sql)?.into_iter().map(grant).collect::<Option<Vec<_>>>();
        let holders = store::holders(sql)?.into_iter().map(holder).collect::<Option<Vec<_>>>();
        let (Some(grants), Some(holders)) = (grants, holders) else {
            return Err(SqlError::Content("grants"));
        };
        Ok(Self::new(now, saved, Grants::new(grants, holders)))
    }

    /// Saves what must survive and has changed.
    pub fn save(&mut self, sql: &dyn Sql) -> Result<(), SqlError> {
        if let Some(saved) = self.take_saved() {
            store::save_windows(sql, &to_json(&saved)?)?;
        }
        for ((app, user), sealed) in self.grants.take_changed() {
            let tokens = sealed.map(|sealed| to_json(&sealed)).transpose()?;
            store::save_grant(sql, app.as_str(), &user.to_string(), tokens.as_deref())?;
        }
        for ((app, user), holder, came) in self.grants.take_moved() {
            store::move_holder(sql, app.as_str(), &user.to_string(), &holder, came)?;
        }
        Ok(())
    }

    pub(super) fn take_saved(&mut self) -> Option<Saved> {
        std::mem::take(&mut self.dirty).then(|| Saved {
            apps: self
                .apps
                .iter()
                .map(|(app, windows)| SavedApp {
                    app: app.clone(),
                    told: windows.told,
                    blocked_until: windows.core.blocked_until,
                    busy: windows.core.busy.values().copied().collect(),
                    associations: windows.associations.busy.values().copied().collect(),
                    day_used: windows.day_used,
                })
                .collect(),
            day: self.day,
            tier: self.tier,
        })
    }
}

fn grant([app, user, tokens]: [String; 3]) -> Option<(Key, Sealed)> {
    Some(((app.parse().ok()?, user.parse().ok()?), json::parse(&tokens).ok()?))
}

fn holder([app, user, holder]: [String; 3]) -> Option<(Key, String)> {
    Some(((app.parse().ok()?, user.parse().ok()?), holder))
}

fn to_json(value: &impl Serialize) -> Result<String, SqlError> {
    serde_json::to_string(value).map_err(|_| SqlError::Content("limiter"))
}
