//! Questions about the limit of searches, which needs the fewest calls to meet: a dozen at once, a few times.

use hubspot_simulator::Switches;
use serde_json::json;
use spoke::values::http::{Outcome, Request};

use super::{
    Finding,
    hubspot::HubSpot,
    wire::{filter, search},
};

/// Searches sent at once: more than twice what is documented, so that a border between two seconds does not hide it.
const AT_ONCE: usize = 12;
/// How often: the fewest that passed are believed.
const BURSTS: usize = 3;
/// After which a window of a second has forgotten everything.
const REST_MS: u64 = 2_000;
const SECOND_MS: u64 = 1_000;

fn one() -> Request {
    search(&json!([filter("hs_object_id", "EQ", 1)]), 1)
}

/// How many of them passed, and how many were refused as too many.
fn burst(hubspot: &mut dyn HubSpot, searches: usize) -> (usize, usize) {
    let outcomes = hubspot.send_at_once((0..searches).map(|_| one()).collect());
    let of = |wanted: u16| {
        let is = |outcome: &&Outcome| matches!(outcome, Outcome::Answered(answer) if answer.status == wanted);
        outcomes.iter().filter(is).count()
    };
    (of(200), of(429))
}

pub(super) fn ask(hubspot: &mut dyn HubSpot, found: &mut Vec<Finding>) {
    let assumed = Switches::default();
    let (mut passed, mut refused) = (AT_ONCE, 0);
    for _ in 0..BURSTS {
        hubspot.wait_ms(REST_MS);
        let (through, stopped) = burst(hubspot, AT_ONCE);
        passed = passed.min(through);
        refused += stopped;
    }
    let seen = format!("{refused} of {} searches refused, {AT_ONCE} at once", AT_ONCE * BURSTS);
    found.push(Finding::switch("limits_enforced", &(refused > 0), &assumed.limits_enforced, &seen));
    if refused == 0 {
        for name in ["search_per_second", "refused_calls_count"] {
            found.push(Finding::open_switch(name, format!("none of {AT_ONCE} searches at once was refused")));
        }
        return;
    }
    let passed = passed as u32;
    found.push(Finding::switch("search_per_second", &passed, &assumed.search_per_second, &seen));
    found.push(refused_count(hubspot));
}

/// Whether searches that were refused keep later ones from passing: those of the first burst are over a second old when the last one is
/// sent, those of the second are not.
fn refused_count(hubspot: &mut dyn HubSpot) -> Finding {
    const NAME: &str = "refused_calls_count";
    hubspot.wait_ms(REST_MS);
    burst(hubspot, AT_ONCE);
    hubspot.wait_ms(600);
    let begun = hubspot.now_ms();
    let (_, again) = burst(hubspot, AT_ONCE);
    hubspot.wait_ms(450);
    let (_, stopped) = burst(hubspot, 1);
    let took = hubspot.now_ms() - begun;
    if took >= SECOND_MS || again == 0 {
        return Finding::open_switch(NAME, format!("the answers took {took} ms: too slow to tell"));
    }
    let assumed = Switches::default().refused_calls_count;
    Finding::switch(NAME, &(stopped > 0), &assumed, &format!("{again} refused {took} ms before"))
}
