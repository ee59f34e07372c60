//! Quotas. Owns the windows of every app and account, and what was refused by them.
//!
//! Facts: `hubspot-api.md` §3.1 to §3.3. A window is rolling: a call takes part of it for ten seconds (a search for
//! one) after its arrival. Refused calls take no part unless [`Switches::refused_calls_count`] says so. A 429 that a
//! fault made is not counted here.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;

use crate::auth::{Caller, CallerKind};
use crate::portal::{PortalSettings, Tier};
use crate::problem::Policy;
use crate::time::DAY_MS;
use crate::{Problem, Simulator, Switches};

/// Length of the apps' window.
const WINDOW_MS: u64 = 10_000;
/// Length of search's window.
const SEARCH_WINDOW_MS: u64 = 1_000;
/// Calls that send custom events, of an account in a second. Source: `hubspot-api.md` 3.1.
const EVENTS_PER_SECOND: u32 = 1_250;
/// A publicly distributed OAuth app's window, whatever the account's tier.
const PUBLIC_OAUTH_LIMIT: u32 = 110;

/// Which quota an endpoint counts against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quota {
    /// The app's 10-second window and, for private apps, the account's day.
    Core,
    /// The app's 10-second window for the associations API, which is exempt from the ordinary one.
    Associations,
    /// The account's custom events, which are exempt from all others: so many calls a second.
    Events,
    /// The account's searches per second; no rate headers on the answer. Private apps' searches count for the day too.
    Search,
}

/// Headers to put on the answer, names in lower case.
pub type RateHeaders = Vec<(String, String)>;

/// Calls that arrived within the last so many milliseconds.
#[derive(Debug, Default)]
struct Window {
    /// Arrival, and whether it takes part of the limit.
    calls: VecDeque<(u64, bool)>,
    counted: u32,
    /// Most arrivals there ever were inside one window, refused ones included.
    most: u32,
}

impl Window {
    fn forget(&mut self, now_ms: u64, length_ms: u64) {
        while let Some(&(at, counts)) = self.calls.front() {
            if at + length_ms > now_ms {
                break;
            }
            self.calls.pop_front();
            self.counted -= u32::from(counts);
        }
    }

    /// Notes an arrival; whether it stays within the limit.
    fn arrive(&mut self, now_ms: u64, length_ms: u64, limit: u32, switches: &Switches) -> bool {
        self.forget(now_ms, length_ms);
        let within = self.counted < limit || !switches.limits_enforced;
        let counts = within || switches.refused_calls_count;
        self.calls.push_back((now_ms, counts));
        self.counted += u32::from(counts);
        self.most = self.most.max(self.calls.len() as u32);
        within
    }
}

/// One account's day of private apps.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Day {
    pub limit: u64,
    pub used: u64,
    /// The next midnight in the account's time zone.
    pub resets_at: u64,
}

/// All windows.
#[derive(Debug, Default)]
pub struct Limits {
    /// By account and app.
    windows: BTreeMap<(u64, u64), Window>,
    /// The same of the associations API.
    associations: BTreeMap<(u64, u64), Window>,
    /// By account.
    searches: BTreeMap<u64, Window>,
    /// Custom events by account.
    events: BTreeMap<u64, Window>,
    /// By account: the end of its day and the calls on it.
    days: BTreeMap<u64, (u64, u64)>,
    refused: BTreeMap<(u64, &'static str), u64>,
}

/// What the windows have seen since the last reset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LimitReport {
    /// Most calls inside any rolling ten seconds, refused ones included, by account and app.
    pub most_in_ten_seconds: Vec<Most>,
    /// The same of calls of the associations API.
    pub most_associations_in_ten_seconds: Vec<Most>,
    /// Most searches inside any rolling second, by account (`app_id` 0).
    pub most_searches_in_a_second: Vec<Most>,
    /// 429s the limits gave, by account and policy. Those of faults are not among them.
    pub refused: Vec<Refused>,
}

/// A window at its fullest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Most {
    pub portal_id: u64,
    pub app_id: u64,
    pub calls: u32,
}

/// 429s of one policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refused {
    pub portal_id: u64,
    pub policy: &'static str,
    pub calls: u64,
}

impl Limits {
    /// The account's day as it stands.
    pub(crate) fn day(
        &self,
        now_ms: u64,
        portal_id: u64,
        settings: &PortalSettings,
        switches: &Switches,
    ) -> Day {
        let offset_ms = settings.utc_offset_ms(now_ms);
        let today = (now_ms as i64 + offset_ms).max(0) as u64 / DAY_MS;
        let resets_at = (((today + 1) * DAY_MS) as i64 - offset_ms).max(0) as u64;
        let known = self.days.get(&portal_id).filter(|(ends_at, _)| *ends_at == resets_at);
        let used = known.map_or(0, |(_, used)| *used);
        let limit = switches.daily_limit.unwrap_or(match settings.tier {
            Tier::FreeOrStarter => 250_000,
            Tier::Professional => 625_000,
            Tier::Enterprise => 1_000_000,
        });
        // An API limit increase adds a million calls a day.
        let limit = if settings.limit_increase { limit + 1_000_000 } else { limit };
        Day { limit, used, resets_at }
    }

    /// What was seen since [`Self::clear_report`].
    pub fn report(&self) -> LimitReport {
        let most = |(&(portal_id, app_id), window): (&(u64, u64), &Window)| Most {
            portal_id,
            app_id,
            calls: window.most,
        };
        let most_search =
            |(&portal_id, window): (&u64, &Window)| Most { portal_id, app_id: 0, calls: window.most };
        let refused = self.refused.iter();
        LimitReport {
            most_in_ten_seconds: self.windows.iter().map(most).collect(),
            most_associations_in_ten_seconds: self.associations.iter().map(most).collect(),
            most_searches_in_a_second: self.searches.iter().map(most_search).collect(),
            refused: refused
                .map(|(&(portal_id, policy), &calls)| Refused { portal_id, policy, calls })
                .collect(),
        }
    }

    /// Starts the report anew; windows and days go on.
    pub fn clear_report(&mut self) {
        self.refused.clear();
        let all = self.windows.values_mut().chain(self.associations.values_mut());
        for window in all.chain(self.searches.values_mut()) {
            window.most = 0;
        }
    }
}

impl Simulator {
    /// Counts one call, or refuses it with the 429 of the policy that is exhausted.
    pub(crate) fn check_limits(
        &mut self,
        now_ms: u64,
        caller: &Caller,
        quota: Quota,
    ) -> Result<RateHeaders, Problem> {
        let Self { limits, switches, portals, .. } = self;
        let &Caller { portal_id, app_id, kind, .. } = caller;
        if quota == Quota::Events {
            let window = limits.events.entry(portal_id).or_default();
            if window.arrive(now_ms, SEARCH_WINDOW_MS, EVENTS_PER_SECOND, switches) {
                return Ok(RateHeaders::new());
            }
            *limits.refused.entry((portal_id, "SECONDLY")).or_default() += 1;
            return Err(Problem::rate_limited(Policy::Secondly, None));
        }
        let settings = &portals.get(&portal_id).ok_or_else(Problem::no_credentials)?.settings;
        let day = (kind != CallerKind::Public).then(|| limits.day(now_ms, portal_id, settings, switches));
        let mut refused_by = day
            .filter(|day| day.used >= day.limit && switches.limits_enforced)
            .map(|_| (Policy::Daily, "DAILY"));
        let mut headers = RateHeaders::new();
        if quota == Quota::Search {
            let window = limits.searches.entry(portal_id).or_default();
            let within = window.arrive(now_ms, SEARCH_WINDOW_MS, switches.search_per_second, switches);
            if !within && refused_by.is_none() {
                refused_by = Some((Policy::Secondly, "SECONDLY"));
            }
        } else {
            let (windows, limit) = if quota == Quota::Associations {
                (&mut limits.associations, associations_limit(settings, switches))
            } else {
                (&mut limits.windows, ten_secondly_limit(kind, settings, switches))
            };
            let window = windows.entry((portal_id, app_id)).or_default();
            let within = window.arrive(now_ms, WINDOW_MS, limit, switches);
            if !within && refused_by.is_none() {
                refused_by = Some((Policy::TenSecondlyRolling, "TEN_SECONDLY_ROLLING"));
            }
            headers.push(("x-hubspot-ratelimit-max".into(), limit.to_string()));
            let remaining = limit.saturating_sub(window.counted);
            headers.push(("x-hubspot-ratelimit-remaining".into(), remaining.to_string()));
            headers.push(("x-hubspot-ratelimit-interval-milliseconds".into(), WINDOW_MS.to_string()));
        }
        if let Some(day) = day {
            if refused_by.is_none() {
                limits.days.insert(portal_id, (day.resets_at, day.used + 1));
            }
            // Documented as absent on OAuth calls, and search shows no rate headers at all.
            if kind == CallerKind::Private && quota != Quota::Search {
                let left = day.limit.saturating_sub(day.used + u64::from(refused_by.is_none()));
                headers.push(("x-hubspot-ratelimit-daily".into(), day.limit.to_string()));
                headers.push(("x-hubspot-ratelimit-daily-remaining".into(), left.to_string()));
            }
        }
        let Some((policy, name)) = refused_by else { return Ok(headers) };
        *limits.refused.entry((portal_id, name)).or_default() += 1;
        let group = (kind == CallerKind::Private && policy == Policy::TenSecondlyRolling)
            .then(|| format!("publicapi:private_app-api-calls-ten-secondly:{app_id}:{portal_id}"));
        let mut problem = Problem::rate_limited(policy, group);
        problem.headers.extend(headers);
        Err(problem)
    }
}

/// Source: `hubspot-api.md` 3.1.
fn associations_limit(settings: &PortalSettings, switches: &Switches) -> u32 {
    match (switches.ten_secondly_limit, settings.tier) {
        (Some(limit), _) => limit,
        (None, _) if settings.limit_increase => 200,
        (None, Tier::FreeOrStarter) => 100,
        (None, Tier::Professional | Tier::Enterprise) => 150,
    }
}

fn ten_secondly_limit(kind: CallerKind, settings: &PortalSettings, switches: &Switches) -> u32 {
    if let Some(limit) = switches.ten_secondly_limit {
        return limit;
    }
    match kind {
        CallerKind::Public => PUBLIC_OAUTH_LIMIT,
        CallerKind::Private | CallerKind::PrivateOauth if settings.limit_increase => 250,
        CallerKind::Private | CallerKind::PrivateOauth => match settings.tier {
            Tier::FreeOrStarter => 100,
            Tier::Professional | Tier::Enterprise => 190,
        },
    }
}
