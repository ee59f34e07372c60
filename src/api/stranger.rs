//! Who may ask the Directory about a key, a link, a state or a cookie that they brought, before it is known whether it is good: the
//! Directory is one object for the whole deployment, and each question of a stranger delays everybody's.
//!
//! Four things go before the Directory. What cannot be a credential by its form is refused. What this deployment stamped
//! ([`Keyring::stamp`](crate::values::crypto::Keyring::stamp)) may always be asked about: nobody but a holder of something that was once
//! good can bring it, so an attacker behind the same network (one address for thousands of homes and phones) shuts no holder out. What
//! the Directory has just refused is refused again for [`REFUSED_MS`]. The rest, invented credentials and those older than the stamps,
//! is paced by network: [`A_MINUTE`] that turn out to be nothing.
//!
//! All of it lies in the memory of one isolate, so a deployment that runs in many places lets that many times as much through, and a
//! new isolate has forgotten. What goes beyond, floods of well-formed requests from very many networks, is for the platform's own rate
//! limiting rules, which count before the Worker is started and over all isolates of a location.

use std::collections::{HashMap, HashSet};

use crate::{
    api::rate::Bucket,
    engine::directory::messages::Refusal,
    values::{
        crypto::{Keyring, is_token},
        time::{SECOND_MS, Timestamp},
    },
};

/// Credentials of a network that may turn out to be nothing, a minute and isolate. A host's server with an old key tries once and
/// stops; a person types no tokens. 60 a minute of each of 10,000 networks are what the Directory answers in half a minute.
pub const A_MINUTE: u32 = 60;
/// How long a refusal is repeated unasked: nothing that was refused becomes good again.
const REFUSED_MS: i64 = 10 * SECOND_MS;
/// Refusals remembered: 200 bytes each.
const REFUSALS: usize = 2_000;
/// Credentials without a stamp that were good: 150 bytes each.
const GOOD: usize = 2_000;
/// Networks counted: 150 bytes each.
const NETWORKS: usize = 10_000;

/// Something that somebody brought.
#[derive(Debug, Clone, Copy)]
pub struct Presented<'a> {
    /// Its hash, as the Directory knows it.
    pub hash: &'a str,
    /// Whether this deployment stamped it.
    pub stamped: bool,
    /// Whence it came; see [`network::of`](crate::values::network::of).
    pub network: &'a str,
}

/// Whether a token is worth asking about at all; if so, whether it is stamped.
pub fn stamped(keyring: &Keyring, token: &str) -> Option<bool> {
    is_token(token).then(|| keyring.has_stamped(token))
}

/// What an isolate remembers of those who came.
#[derive(Debug, Default)]
pub struct Strangers {
    refused: HashMap<String, (Timestamp, Refusal)>,
    good: HashSet<String>,
    networks: HashMap<String, Bucket>,
}

impl Strangers {
    /// Whether the Directory may be asked; otherwise what it would say, or that it is too much. Whoever may ask tells
    /// [`Self::was_good`] or [`Self::was_refused`] afterwards.
    pub fn may_ask(&mut self, now: Timestamp, presented: &Presented<'_>) -> Result<(), Refusal> {
        let known = self.refused.get(presented.hash).filter(|(at, _)| now.since_ms(*at) < REFUSED_MS);
        if let Some((_, refusal)) = known {
            return Err(refusal.clone());
        }
        if presented.stamped || self.good.contains(presented.hash) {
            return Ok(());
        }
        // Taken before it is known, and given back: those that are on their way count as well.
        let bucket = self.networks.get(presented.network).copied();
        if bucket.is_none() && self.networks.len() >= NETWORKS {
            self.networks.retain(|_, bucket| !bucket.is_full(A_MINUTE, now));
            if self.networks.len() >= NETWORKS {
                return Err(Refusal::TooMany { wait_ms: SECOND_MS });
            }
        }
        let mut bucket = bucket.unwrap_or_else(|| Bucket::full(A_MINUTE, now));
        let (granted, left) = bucket.take(A_MINUTE, now);
        self.networks.insert(presented.network.to_owned(), bucket);
        if granted { Ok(()) } else { Err(Refusal::TooMany { wait_ms: i64::from(left.wait_s) * SECOND_MS }) }
    }

    /// It was good.
    pub fn was_good(&mut self, presented: &Presented<'_>) {
        if presented.stamped || self.good.contains(presented.hash) {
            return;
        }
        if let Some(bucket) = self.networks.get_mut(presented.network) {
            bucket.give_back(A_MINUTE);
        }
        if self.good.len() >= GOOD {
            self.good.clear();
        }
        self.good.insert(presented.hash.to_owned());
    }

    /// It was nothing.
    pub fn was_refused(&mut self, now: Timestamp, presented: &Presented<'_>, refusal: Refusal) {
        self.good.remove(presented.hash);
        if self.refused.len() >= REFUSALS {
            self.refused.retain(|_, (at, _)| now.since_ms(*at) < REFUSED_MS);
        }
        if self.refused.len() < REFUSALS {
            self.refused.insert(presented.hash.to_owned(), (now, refusal));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::time::MINUTE_MS;

    fn presented<'a>(hash: &'a str, stamped: bool, network: &'a str) -> Presented<'a> {
        Presented { hash, stamped, network }
    }

    /// Invented credentials until the network has to wait; how many were asked about.
    fn flood(strangers: &mut Strangers, now: Timestamp, network: &str) -> u32 {
        for nth in 0.. {
            let hash = format!("{network} {} {nth}", now.0);
            let invented = presented(&hash, false, network);
            match strangers.may_ask(now, &invented) {
                Ok(()) => strangers.was_refused(now, &invented, Refusal::BadKey),
                Err(Refusal::TooMany { wait_ms }) => {
                    assert!(wait_ms > 0);
                    return nth;
                }
                Err(other) => panic!("{other:?}"),
            }
        }
        unreachable!("a flood ends")
    }

    #[test]
    fn a_networks_inventions_are_paced_and_nobody_elses() {
        let mut strangers = Strangers::default();
        assert_eq!(flood(&mut strangers, Timestamp(0), "a"), A_MINUTE);
        assert_eq!(flood(&mut strangers, Timestamp(0), "b"), A_MINUTE);
        assert_eq!(flood(&mut strangers, Timestamp(MINUTE_MS / 2), "a"), A_MINUTE / 2);
    }

    #[test]
    fn behind_one_address_with_an_attacker_whoever_holds_something_comes_through() {
        let mut strangers = Strangers::default();
        let now = Timestamp(0);
        let old = presented("an old key that was good here", false, "shared");
        assert_eq!(strangers.may_ask(now, &old), Ok(()));
        strangers.was_good(&old);
        flood(&mut strangers, now, "shared");
        for _ in 0..1_000 {
            for good in [old, presented("a session of ours", true, "shared")] {
                assert_eq!(strangers.may_ask(now, &good), Ok(()));
                strangers.was_good(&good);
            }
        }
        // What is good takes nothing away from the others of its network either.
        assert_eq!(flood(&mut strangers, Timestamp(MINUTE_MS), "shared"), A_MINUTE);
        let never_seen = presented("an old key that was never good here", false, "shared");
        assert!(matches!(strangers.may_ask(now, &never_seen), Err(Refusal::TooMany { .. })));
    }

    #[test]
    fn a_refusal_is_repeated_unasked_for_seconds_and_takes_nothing_off() {
        let mut strangers = Strangers::default();
        for stamped in [true, false] {
            let hash = format!("revoked {stamped}");
            let revoked = presented(&hash, stamped, "a");
            assert_eq!(strangers.may_ask(Timestamp(0), &revoked), Ok(()));
            strangers.was_refused(Timestamp(0), &revoked, Refusal::LinkSpent);
            for _ in 0..1_000 {
                assert_eq!(strangers.may_ask(Timestamp(REFUSED_MS - 1), &revoked), Err(Refusal::LinkSpent));
            }
            assert_eq!(strangers.may_ask(Timestamp(REFUSED_MS), &revoked), Ok(()));
        }
    }

    #[test]
    fn a_key_that_was_good_and_is_revoked_is_a_strangers_from_then_on() {
        let mut strangers = Strangers::default();
        let old = presented("old", false, "a");
        assert_eq!(strangers.may_ask(Timestamp(0), &old), Ok(()));
        strangers.was_good(&old);
        strangers.was_refused(Timestamp(0), &old, Refusal::BadKey);
        let later = Timestamp(REFUSED_MS);
        flood(&mut strangers, later, "a");
        assert!(matches!(strangers.may_ask(later, &old), Err(Refusal::TooMany { .. })));
    }

    #[test]
    fn what_is_remembered_is_bounded_whoever_comes() {
        let mut strangers = Strangers::default();
        let now = Timestamp(0);
        let mut paced = 0;
        for nth in 0..2 * NETWORKS {
            let text = nth.to_string();
            let invented = presented(&text, false, &text);
            match strangers.may_ask(now, &invented) {
                Ok(()) if nth % 3 == 0 => strangers.was_good(&invented),
                Ok(()) => strangers.was_refused(now, &invented, Refusal::BadKey),
                Err(_) => paced += 1,
            }
        }
        assert!(paced > 0, "more networks than are counted are not all let through");
        assert!(strangers.networks.len() <= NETWORKS && strangers.good.len() <= GOOD);
        assert_eq!(strangers.refused.len(), REFUSALS);
        // Who holds something comes through this too, and a minute later everybody.
        assert_eq!(strangers.may_ask(now, &presented("ours", true, "z")), Ok(()));
        let later = Timestamp(MINUTE_MS);
        assert_eq!(strangers.may_ask(later, &presented("new", false, "another")), Ok(()));
        assert!(strangers.networks.len() < 10);
    }
}
