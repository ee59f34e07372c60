//! All rate-limit windows of one HubSpot portal, as permits.
//!
//! Owns every slot of every window, the account's day, and the newest tokens of each grant ([`grants`]). A slot is busy from its grant until its answer and one window more, so that requests
//! which leave late cannot arrive compressed (`design.md` 6). It never sleeps and never sends: it says how long to wait.
//! It does not decide whose work matters, only that a reserve is left for people.

mod day;
mod grants;
pub mod messages;
mod saved;

use std::collections::BTreeMap;

use crate::values::{
    ids::{AppKey, HubSpotUserId},
    tier::{PUBLIC_WINDOW, Tier},
    time::{SECOND_MS, Timestamp},
};
use day::{Day, PROBE_MS};
use grants::Grants;
use messages::{Ask, Gauges, Grant, News, Priority, Window};
use saved::Saved;

/// Life of a permit that no request has left with. Short, because it counts as used meanwhile.
pub const LEASE_MS: i64 = SECOND_MS;
/// Longest time between a request's departure and its answer or abandonment: the client's time-out.
pub const CALL_TIMEOUT_MS: i64 = 30 * SECOND_MS;
/// HubSpot's burst window (`hubspot-api.md` 3.1).
pub const CORE_WINDOW_MS: i64 = 10 * SECOND_MS;
/// Search's window.
pub const SEARCH_WINDOW_MS: i64 = SECOND_MS;
/// HubSpot allows 5 searches a second to all apps of an account together; one is left to strangers.
pub const SEARCH_LIMIT: u32 = 4;
/// Part of each window kept for what people wait for: one twentieth.
const RESERVE_DIVISOR: u32 = 20;
/// Most permits of one grant: with six calls in flight more would lie idle until their lease ends.
const GRANT_LIMIT: u32 = 12;
/// Shortest time after which asking again makes sense.
const SHORTEST_WAIT_MS: i64 = 20;
/// How many slots a waiter waits for at once, so that a full window costs one question per three calls.
const WAIT_FOR_SLOTS: usize = 3;

/// One window: the slots in use, by permit.
#[derive(Debug, Clone)]
struct Bucket {
    limit: u32,
    window_ms: i64,
    busy: BTreeMap<u64, Timestamp>,
    blocked_until: Timestamp,
}

impl Bucket {
    fn new(limit: u32, window_ms: i64) -> Self {
        Self { limit, window_ms, busy: BTreeMap::new(), blocked_until: Timestamp::default() }
    }

    fn used(&self) -> u32 {
        self.busy.len() as u32
    }

    fn sweep(&mut self, now: Timestamp) {
        self.busy.retain(|_, until| *until > now);
    }
}

#[derive(Debug, Clone)]
struct AppWindows {
    core: Bucket,
    associations: Bucket,
    /// The window's size as HubSpot told it.
    told: Option<u32>,
    /// Its own calls, of which day: a publicly distributed app has no other count.
    day_used: (i64, u32),
}

impl AppWindows {
    /// Whether the app is publicly distributed: no daily limit is its.
    fn is_public(&self) -> bool {
        self.told == Some(PUBLIC_WINDOW)
    }
}

/// The windows of one portal.
#[derive(Debug, Clone)]
pub struct Limiter {
    apps: BTreeMap<AppKey, AppWindows>,
    search: Bucket,
    /// Of all apps that are not publicly distributed.
    day: Day,
    /// As a person said.
    tier: Option<Tier>,
    grants: Grants,
    /// Only while a refresh is under way; lost with the object, since two refreshes at once are no harm done for good.
    refreshes: BTreeMap<(AppKey, Option<HubSpotUserId>), Bucket>,
    next_permit: u64,
    started_at: Timestamp,
    dirty: bool,
}

impl Limiter {
    /// Begins at `now`, with what an earlier life saved. What that life may have granted without saving it (up to a
    /// quarter of a window) counts as used for one window, and saved slots for no longer than a lease and a window.
    fn new(now: Timestamp, saved: Option<Saved>, grants: Grants) -> Self {
        let mut limiter = Self {
            apps: BTreeMap::new(),
            search: Bucket::new(SEARCH_LIMIT, SEARCH_WINDOW_MS),
            day: saved.as_ref().map(|saved| saved.day).unwrap_or_default(),
            tier: saved.as_ref().and_then(|saved| saved.tier),
            grants,
            refreshes: BTreeMap::new(),
            next_permit: 1,
            started_at: now,
            dirty: false,
        };
        if saved.is_some() {
            // Searches granted just before a restart are not written down: each may still be one of the second that follows.
            limiter.search.blocked_until = now.plus_ms(LEASE_MS + SEARCH_WINDOW_MS);
        }
        for saved in saved.into_iter().flat_map(|saved| saved.apps) {
            let latest = now.plus_ms(LEASE_MS + CORE_WINDOW_MS);
            let windows = limiter.windows(&saved.app);
            windows.told = saved.told;
            windows.core.blocked_until = saved.blocked_until;
            windows.day_used = saved.day_used;
            limiter.size(&saved.app);
            let core = saved.busy.into_iter().map(|until| (Window::Core, until));
            let associations = saved.associations.into_iter().map(|until| (Window::Associations, until));
            for (window, until) in core.chain(associations).filter(|(_, until)| *until > now) {
                let permit = limiter.next_permit;
                limiter.next_permit += 1;
                let windows = limiter.windows(&saved.app);
                let bucket =
                    if window == Window::Core { &mut windows.core } else { &mut windows.associations };
                bucket.busy.insert(permit, until.min(latest));
            }
        }
        limiter
    }

    /// The tier that counts of an app: a person's word, or the least that has its window.
    fn tier_of(&self, app: &AppKey) -> Tier {
        let told = || self.apps.get(app).and_then(|windows| Tier::of_window(windows.told?));
        self.tier.or_else(told).unwrap_or(Tier::DEFAULT)
    }

    /// Makes the windows of an app as large as HubSpot told, else as its tier has them.
    fn size(&mut self, app: &AppKey) {
        let tier = self.tier_of(app);
        if let Some(windows) = self.apps.get_mut(app) {
            windows.core.limit = windows.told.unwrap_or(tier.window());
            windows.associations.limit = tier.associations();
        }
    }

    fn windows(&mut self, app: &AppKey) -> &mut AppWindows {
        if !self.apps.contains_key(app) {
            let tier = self.tier.unwrap_or(Tier::DEFAULT);
            let mut core = Bucket::new(tier.window(), CORE_WINDOW_MS);
            let mut associations = Bucket::new(tier.associations(), CORE_WINDOW_MS);
            let phantom_until = self.started_at.plus_ms(LEASE_MS + CORE_WINDOW_MS);
            for bucket in [&mut core, &mut associations] {
                for _ in 0..unsaved_limit(bucket.limit) {
                    bucket.busy.insert(self.next_permit, phantom_until);
                    self.next_permit += 1;
                }
            }
            self.apps.insert(app.clone(), AppWindows { core, associations, told: None, day_used: (0, 0) });
        }
        self.apps.get_mut(app).expect("inserted above")
    }

    /// Takes back permits and news, and grants what is free.
    pub fn acquire(&mut self, now: Timestamp, ask: &Ask) -> Grant {
        self.day.turn(now, ask.utc_offset_ms);
        for returned in &ask.returns {
            self.take_back(now, &ask.app, returned);
        }
        for news in &ask.news {
            self.learn(now, ask, news);
        }
        let none = |wait_ms| Grant {
            permits: Vec::new(),
            lease_ms: LEASE_MS as u32,
            wait_ms,
            day_over: None,
            newer: None,
            last: false,
        };
        let last = self.hold(ask);
        let Some(window) = ask.window else { return Grant { last, ..none(None) } };
        if let (Window::Refresh, Some(user), Some(held)) = (window, ask.user, &ask.held)
            && let Some(sealed) = self.grants.newer(now, &ask.app, user, held)
        {
            return Grant { newer: Some(sealed.clone()), ..none(None) };
        }
        let tier = self.tier_of(&ask.app);
        let counts = window.counts() && !self.windows(&ask.app).is_public();
        if counts && let Some(over) = self.day.over(now, tier, ask.priority) {
            let wait_ms = over.until.since_ms(now).clamp(SECOND_MS, PROBE_MS) as u32;
            return Grant { day_over: Some(over), ..none(Some(wait_ms)) };
        }
        let day_room = self.day.room(tier, ask.priority);
        let next_permit = self.next_permit;
        let bucket = match window {
            Window::Core => &mut self.windows(&ask.app).core,
            Window::Associations => &mut self.windows(&ask.app).associations,
            Window::Search => &mut self.search,
            Window::Refresh => {
                self.refreshes.entry((ask.app.clone(), ask.user)).or_insert_with(|| Bucket::new(1, 0))
            }
        };
        bucket.sweep(now);
        if bucket.blocked_until > now {
            return none(Some(bucket.blocked_until.since_ms(now) as u32));
        }
        let room = match window {
            Window::Core | Window::Associations => capacity(bucket.limit, ask.priority),
            Window::Search | Window::Refresh => bucket.limit,
        }
        .saturating_sub(bucket.used());
        let room = if counts { room.min(day_room) } else { room };
        let count = ask.count.min(room).min(GRANT_LIMIT);
        let until = now.plus_ms(LEASE_MS + CALL_TIMEOUT_MS + bucket.window_ms);
        let permits: Vec<u64> = (0..u64::from(count)).map(|index| next_permit + index).collect();
        bucket.busy.extend(permits.iter().map(|permit| (*permit, until)));
        let wait_ms = (count < ask.count.min(GRANT_LIMIT)).then(|| wait(bucket, now));
        let beyond_unsaved = bucket.used() > unsaved_limit(bucket.limit);
        self.next_permit += u64::from(count);
        let saved = matches!(window, Window::Core | Window::Associations);
        self.dirty |= count > 0 && saved && beyond_unsaved;
        self.count(&ask.app, window, i64::from(count));
        Grant { permits, ..none(wait_ms) }
    }

    /// Notes who holds a grant; says whether the one who leaves was the last.
    fn hold(&mut self, ask: &Ask) -> bool {
        match (&ask.holder, ask.user) {
            (Some(holder), Some(user)) if holder.leaves => self.grants.left(&ask.app, user, &holder.id),
            (Some(holder), Some(user)) => {
                self.grants.holds(&ask.app, user, &holder.id);
                false
            }
            _ => false,
        }
    }

    fn take_back(&mut self, now: Timestamp, app: &AppKey, returned: &messages::Return) {
        if self.refreshed(app, returned.permit) {
            return;
        }
        let windows = self.windows(app);
        let bucket = if windows.core.busy.contains_key(&returned.permit) {
            &mut self.windows(app).core
        } else if windows.associations.busy.contains_key(&returned.permit) {
            &mut self.windows(app).associations
        } else {
            &mut self.search
        };
        match returned.answered_ms_ago {
            None => {
                if bucket.busy.remove(&returned.permit).is_some() {
                    // No refresh comes this far: whatever came back counts.
                    self.count(app, Window::Core, -1);
                }
            }
            Some(ago) => {
                let window_ms = bucket.window_ms;
                if let Some(until) = bucket.busy.get_mut(&returned.permit) {
                    *until = (*until).min(now.minus_ms(i64::from(ago)).plus_ms(window_ms));
                }
            }
        }
    }

    /// Counts calls for the day.
    fn count(&mut self, app: &AppKey, window: Window, calls: i64) {
        if !window.counts() || calls == 0 {
            return;
        }
        let today = self.day.number();
        let windows = self.windows(app);
        if windows.day_used.0 != today {
            windows.day_used = (today, 0);
        }
        let add = |used: u32| (i64::from(used) + calls).clamp(0, u32::MAX.into()) as u32;
        windows.day_used.1 = add(windows.day_used.1);
        if !windows.is_public() {
            self.day.used = add(self.day.used);
        }
    }

    /// Ends a refresh; says whether the permit was of one.
    fn refreshed(&mut self, app: &AppKey, permit: u64) -> bool {
        let before = self.refreshes.len();
        self.refreshes.retain(|(of, _), bucket| of != app || !bucket.busy.contains_key(&permit));
        self.refreshes.len() < before
    }

    fn learn(&mut self, now: Timestamp, ask: &Ask, news: &News) {
        let app = &ask.app;
        match news {
            News::Headers { max, daily, daily_remaining } => {
                let windows = self.windows(app);
                if let Some(max) = max.filter(|max| *max > 0) {
                    self.dirty |= windows.told != Some(max);
                    self.windows(app).told = Some(max);
                    self.size(app);
                }
                self.dirty |= self.day.learn(*daily, *daily_remaining, None);
            }
            News::Throttled { window, until } => {
                let bucket = match window {
                    Window::Core => &mut self.windows(app).core,
                    Window::Associations => &mut self.windows(app).associations,
                    Window::Search => &mut self.search,
                    // The token endpoints are outside HubSpot's windows: whoever was refused waits by itself.
                    Window::Refresh => return,
                };
                bucket.blocked_until = bucket.blocked_until.max(*until);
                self.dirty = true;
            }
            News::DayOver { until } => {
                self.day.block(*until);
                self.dirty = true;
            }
            News::Usage { limit, used } => {
                self.day.learn(Some(*limit), None, Some(*used));
                self.dirty = true;
            }
            News::Tier(tier) => {
                self.dirty |= self.tier != *tier;
                self.tier = *tier;
                let apps: Vec<AppKey> = self.apps.keys().cloned().collect();
                for app in apps {
                    self.size(&app);
                }
            }
            News::Tokens(sealed) => {
                if let Some(user) = ask.user {
                    self.grants.told(now, app, user, sealed);
                }
            }
            News::GrantEnded => {
                if let Some(user) = ask.user {
                    self.grants.ended(app, user);
                }
            }
        }
    }

    /// The gauges of one app.
    pub fn gauges(&mut self, now: Timestamp, app: &AppKey) -> Gauges {
        self.day.turn(now, None);
        let (fresh, tier, day) = (self.started_at, self.tier_of(app), self.day);
        let said = self.tier;
        let windows = self.windows(app);
        windows.core.sweep(now);
        // What is counted only out of caution after a start is nobody's call.
        let first = now < fresh.plus_ms(LEASE_MS + CORE_WINDOW_MS);
        let cautious = if first { unsaved_limit(windows.core.limit) } else { 0 };
        let public = windows.is_public();
        let own = if windows.day_used.0 == day.number() { windows.day_used.1 } else { 0 };
        Gauges {
            window_used: windows.core.used().saturating_sub(cautious),
            window_limit: windows.core.limit,
            window_ms: windows.core.window_ms as u32,
            day_used: if public { own } else { day.used },
            day_limit: (!public).then(|| day.limit(tier)),
            day_ends_at: day.resets_at(),
            tier: said,
            public,
            throttled_until: Some(windows.core.blocked_until).filter(|until| *until > now),
        }
    }
}

/// What of `limit` a caller of that priority may fill.
fn capacity(limit: u32, priority: Priority) -> u32 {
    match priority {
        Priority::Person => limit,
        Priority::Background => limit - limit.div_ceil(RESERVE_DIVISOR),
    }
}

/// Slots that may be in use without having been saved.
fn unsaved_limit(limit: u32) -> u32 {
    limit / 4
}

fn wait(bucket: &Bucket, now: Timestamp) -> u32 {
    let mut ends: Vec<i64> = bucket.busy.values().map(|until| until.since_ms(now)).collect();
    ends.sort_unstable();
    let index = WAIT_FOR_SLOTS.min(ends.len()).saturating_sub(1);
    ends.get(index).copied().unwrap_or(0).clamp(SHORTEST_WAIT_MS, bucket.window_ms.max(SECOND_MS)) as u32
}

#[cfg(test)]
mod tests {
    use super::{
        messages::{Return, Window},
        *,
    };
    use crate::values::time::{DAY_MS, HOUR_MS};

    const START: Timestamp = Timestamp(1_800_000_000_000);

    fn ask(count: u32, priority: Priority, returns: Vec<Return>) -> Ask {
        Ask {
            app: "main".parse().unwrap(),
            user: None,
            window: Some(Window::Core),
            count,
            priority,
            returns,
            news: Vec::new(),
            utc_offset_ms: None,
            held: None,
            holder: None,
        }
    }

    /// A limiter past its first window, when nothing is counted out of caution.
    fn settled() -> (Limiter, Timestamp) {
        (Limiter::new(START, None, Grants::default()), START.plus_ms(20_000))
    }

    fn drain(limiter: &mut Limiter, now: Timestamp, priority: Priority) -> Vec<u64> {
        let mut all = Vec::new();
        loop {
            let grant = limiter.acquire(now, &ask(12, priority, Vec::new()));
            if grant.permits.is_empty() {
                return all;
            }
            all.extend(grant.permits);
        }
    }

    #[test]
    fn a_twentieth_is_left_for_people() {
        let (mut limiter, now) = settled();
        assert_eq!(drain(&mut limiter, now, Priority::Background).len(), 95);
        assert_eq!(drain(&mut limiter, now, Priority::Person).len(), 5);
    }

    #[test]
    fn a_slot_is_busy_until_its_answer_and_one_window_more() {
        let (mut limiter, now) = settled();
        let permits = drain(&mut limiter, now, Priority::Background);
        let answered = now.plus_ms(700);
        let returns =
            permits.iter().map(|permit| Return { permit: *permit, answered_ms_ago: Some(200) }).collect();
        let grant = limiter.acquire(answered, &ask(1, Priority::Background, returns));
        assert_eq!((grant.permits.len(), grant.wait_ms), (0, Some(9_800)));
        let free = now.plus_ms(500 + CORE_WINDOW_MS);
        assert_eq!(limiter.acquire(free.minus_ms(1), &ask(1, Priority::Background, vec![])).permits.len(), 0);
        assert_eq!(drain(&mut limiter, free, Priority::Background).len(), 95);
    }

    #[test]
    fn unused_permits_are_free_at_once_and_lost_ones_in_the_end() {
        let (mut limiter, now) = settled();
        let permits = drain(&mut limiter, now, Priority::Background);
        let returns =
            permits[..10].iter().map(|permit| Return { permit: *permit, answered_ms_ago: None }).collect();
        assert_eq!(limiter.acquire(now, &ask(20, Priority::Background, returns)).permits.len(), 10);
        let end = now.plus_ms(LEASE_MS + CALL_TIMEOUT_MS + CORE_WINDOW_MS);
        assert_eq!(drain(&mut limiter, end.minus_ms(1), Priority::Background).len(), 0);
        assert_eq!(drain(&mut limiter, end, Priority::Background).len(), 95);
    }

    #[test]
    fn a_restart_forgets_no_slot_it_saved_and_assumes_what_it_could_not_save() {
        let (mut limiter, now) = settled();
        drain(&mut limiter, now, Priority::Background);
        let saved = limiter.take_saved().unwrap();
        assert_eq!(limiter.take_saved(), None);
        let later = now.plus_ms(1_000);
        let mut restarted = Limiter::new(later, Some(saved), Grants::default());
        assert_eq!(drain(&mut restarted, later, Priority::Background).len(), 0);
        let mut forgetful = Limiter::new(later, None, Grants::default());
        assert_eq!(drain(&mut forgetful, later, Priority::Background).len(), 70);
    }

    #[test]
    fn headers_set_the_limit_and_a_429_blocks() {
        let (mut limiter, now) = settled();
        let mut told = ask(0, Priority::Background, vec![]);
        told.news = vec![News::Headers { max: Some(190), daily: None, daily_remaining: None }];
        limiter.acquire(now, &told);
        assert_eq!(drain(&mut limiter, now, Priority::Background).len(), 180);
        told.news = vec![News::Throttled { window: Window::Core, until: now.plus_ms(60_000) }];
        limiter.acquire(now, &told);
        let later = now.plus_ms(50_000);
        assert_eq!(limiter.acquire(later, &ask(1, Priority::Person, vec![])).wait_ms, Some(10_000));
        assert_eq!(
            limiter.gauges(later, &"main".parse().unwrap()).throttled_until,
            Some(now.plus_ms(60_000))
        );
    }

    #[test]
    fn the_day_ends_at_the_accounts_own_midnight() {
        let (mut limiter, now) = settled();
        let mut told = ask(1, Priority::Background, vec![]);
        told.utc_offset_ms = Some(-5 * HOUR_MS);
        told.news =
            vec![News::Headers { max: Some(100), daily: Some(250_000), daily_remaining: Some(12_500) }];
        let grant = limiter.acquire(now, &told);
        assert!(grant.permits.is_empty(), "the last twentieth of the day is for people");
        told.news.clear();
        told.priority = Priority::Person;
        assert_eq!(limiter.acquire(now, &told).permits.len(), 1);
        let local_midnight = (now.plus_ms(-5 * HOUR_MS).0.div_euclid(DAY_MS) + 1) * DAY_MS + 5 * HOUR_MS;
        told.priority = Priority::Background;
        assert_eq!(limiter.acquire(Timestamp(local_midnight - 1), &told).permits.len(), 0);
        assert_eq!(limiter.acquire(Timestamp(local_midnight), &told).permits.len(), 1);
    }

    #[test]
    fn refreshes_go_one_at_a_time_of_each_app_and_person_and_cost_no_call() {
        let (mut limiter, now) = settled();
        let mut ada = ask(1, Priority::Background, vec![]);
        (ada.window, ada.user) = (Some(Window::Refresh), Some(HubSpotUserId(1)));
        let grace = Ask { user: Some(HubSpotUserId(2)), ..ada.clone() };
        let other_app = Ask { app: "other".parse().unwrap(), ..ada.clone() };
        let grant = limiter.acquire(now, &ada);
        assert_eq!(grant.permits.len(), 1);
        let refused = limiter.acquire(now, &ada);
        assert_eq!((refused.permits.len(), refused.wait_ms), (0, Some(1_000)));
        assert_eq!(limiter.acquire(now, &grace).permits.len(), 1);
        assert_eq!(limiter.acquire(now, &other_app).permits.len(), 1);
        assert_eq!(limiter.gauges(now, &ada.app).day_used, 0);
        // Its end lets the next one go; so does the time after which it was lost.
        let returns = vec![Return { permit: grant.permits[0], answered_ms_ago: Some(0) }];
        assert_eq!(limiter.acquire(now, &Ask { returns, ..ada.clone() }).permits.len(), 1);
        let lost = now.plus_ms(LEASE_MS + CALL_TIMEOUT_MS);
        assert_eq!(limiter.acquire(lost.minus_ms(1), &ada).permits.len(), 0);
        assert_eq!(limiter.acquire(lost, &ada).permits.len(), 1);
        assert_eq!(drain(&mut limiter, lost, Priority::Background).len(), 95);
    }

    #[test]
    fn search_has_a_window_of_its_own() {
        let (mut limiter, now) = settled();
        let mut search = ask(9, Priority::Background, vec![]);
        search.window = Some(Window::Search);
        let grant = limiter.acquire(now, &search);
        assert_eq!(grant.permits.len(), 4);
        search.returns =
            grant.permits.iter().map(|permit| Return { permit: *permit, answered_ms_ago: Some(0) }).collect();
        assert_eq!(limiter.acquire(now.plus_ms(100), &search).permits.len(), 0);
        search.returns.clear();
        assert_eq!(limiter.acquire(now.plus_ms(1_100), &search).permits.len(), 4);
    }
}
