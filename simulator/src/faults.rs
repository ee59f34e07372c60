//! Misfortunes on request. Owns the rules still in force; [`crate::route`] applies them.

use serde::{Deserialize, Serialize};

use crate::problem::Policy;
use crate::route::Endpoint;

/// One misfortune. "After commit" means: the change is made, only the answer is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Fault {
    /// 429 of a policy.
    RateLimited { policy: Policy },
    /// 401 `EXPIRED_AUTHENTICATION`, whatever the token.
    ExpiredToken,
    /// 423: the record is locked by other writes.
    Locked,
    /// 477: the account is being moved; `Retry-After` in seconds.
    Moved { retry_after_s: u32 },
    /// Any status, usually 500, 502, 503 or 504, with an HTML body as the edge sends.
    Status {
        status: u16,
        #[serde(default)]
        after_commit: bool,
    },
    /// The connection ends without an answer.
    NoAnswer {
        #[serde(default)]
        after_commit: bool,
    },
    /// 200 with an HTML page instead of JSON; nothing is committed.
    Html,
    /// 200 with an empty batch: neither results nor errors.
    Hollow {
        #[serde(default)]
        after_commit: bool,
    },
    /// The first half of a batch's inputs is done, of other calls nothing, and the answer is lost as with [`Self::Status`].
    HalfDone { status: u16 },
    /// An answer as with [`Self::Status`] (0: none at all) before anything is done; it is done so much later, unless the token or
    /// the limits refuse it by then.
    Late { status: u16, after_ms: u64 },
    /// The right answer, cut in half.
    Truncated,
    /// The right answer, late ([`crate::Simulator::delay_ms`]). Adds up with other faults.
    Latency { ms: u64 },
}

/// When a fault strikes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    pub fault: Fault,
    /// Only calls of this endpoint; every endpoint if absent.
    #[serde(default)]
    pub endpoint: Option<Endpoint>,
    /// Only calls that write: records, links, members of lists, properties, imports, events.
    #[serde(default)]
    pub writes: bool,
    /// Only calls about this type, as it stands in the path; every type if absent.
    #[serde(default)]
    pub object_type: Option<String>,
    /// Only calls with this account's tokens; every call if absent.
    #[serde(default)]
    pub portal_id: Option<u64>,
    /// Only reads and writes of known ids, singly or in a batch, that name this record; any call if absent.
    #[serde(default)]
    pub record_id: Option<u64>,
    /// Strikes this many times, then goes; for ever if absent.
    #[serde(default)]
    pub times: Option<u32>,
    /// Lets this many matching calls pass first.
    #[serde(default)]
    pub skip: u32,
    /// Strikes one matching call in this many, by chance; 0 and 1 mean every one.
    #[serde(default)]
    pub one_in: u32,
}

impl Rule {
    /// Strikes the next `times` calls of any endpoint.
    pub fn next(times: u32, fault: Fault) -> Self {
        Self {
            fault,
            endpoint: None,
            writes: false,
            object_type: None,
            portal_id: None,
            record_id: None,
            times: Some(times),
            skip: 0,
            one_in: 0,
        }
    }

    /// Strikes one call in `one_in` of any endpoint, for ever.
    pub fn one_in(one_in: u32, fault: Fault) -> Self {
        Self { times: None, one_in, ..Self::next(1, fault) }
    }

    /// Restricts the rule to an endpoint.
    #[must_use]
    pub fn at(mut self, endpoint: Endpoint) -> Self {
        self.endpoint = Some(endpoint);
        self
    }

    /// Strikes every read and write of a record by its id, for ever.
    pub fn of_record(id: u64, fault: Fault) -> Self {
        Self { times: None, record_id: Some(id), ..Self::next(1, fault) }
    }

    /// Restricts the rule to calls that write.
    #[must_use]
    pub fn of_writes(mut self) -> Self {
        self.writes = true;
        self
    }

    /// Restricts the rule to a type.
    #[must_use]
    pub fn of(mut self, object_type: &str) -> Self {
        self.object_type = Some(object_type.to_owned());
        self
    }
}

/// The rules in force, in the order they were added.
#[derive(Debug, Default)]
pub struct Faults {
    rules: Vec<Rule>,
}

impl Faults {
    pub fn add(&mut self, rule: Rule) {
        self.rules.push(rule);
    }

    pub fn clear(&mut self) {
        self.rules.clear();
    }

    /// Rules that may still strike.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The first misfortune that strikes this call, and the latency on top.
    pub(crate) fn strike(
        &mut self,
        endpoint: Endpoint,
        object_type: &str,
        portal_id: u64,
        names: impl Fn(u64) -> bool,
        rng: &mut fastrand::Rng,
    ) -> (Option<Fault>, u64) {
        let (mut struck, mut latency) = (None, 0);
        if self.rules.is_empty() {
            return (struck, latency);
        }
        self.rules.retain_mut(|rule| {
            let fits = rule.endpoint.is_none_or(|only| only == endpoint)
                && (!rule.writes || endpoint.writes())
                && rule.object_type.as_deref().is_none_or(|only| only == object_type)
                && rule.portal_id.is_none_or(|only| only == portal_id)
                && rule.record_id.is_none_or(&names);
            let is_latency = matches!(rule.fault, Fault::Latency { .. });
            if !fits || (struck.is_some() && !is_latency) {
                return true;
            }
            if rule.skip > 0 {
                rule.skip -= 1;
                return true;
            }
            if rule.one_in > 1 && rng.u32(..rule.one_in) != 0 {
                return true;
            }
            match rule.fault {
                Fault::Latency { ms } => latency += ms,
                other => struck = Some(other),
            }
            if let Some(times) = &mut rule.times {
                *times = times.saturating_sub(1);
            }
            rule.times != Some(0)
        });
        (struck, latency)
    }
}
