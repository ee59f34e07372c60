//! How much of HubSpot's quota a backfill uses, and that it never meets a 429.

use std::time::Instant;

use anyhow::Result;

use super::{Figure, connect};
use crate::walk;
use crate::world::{Built, Plan, World};

/// Calls per ten seconds that the simulator allows; the limiter leaves a twentieth to what people wait for.
const QUOTA: u32 = 100;
const RESERVE: u32 = QUOTA / 20;

/// Long enough for several windows after the first, which starts full.
const CONTACTS: u32 = 50_000;

/// The first windows, seconds: their burst is no rate.
const WARM_UP: f64 = 12.0;

pub(super) fn measure(built: &Built) -> Result<Vec<Figure>> {
    let plan = Plan { without_webhooks: true, ..Plan::default() }.in_workerd();
    let plan =
        plan.with("--contacts", CONTACTS).with("--ten-secondly-limit", QUOTA).with("--latency-ms", 150);
    let world = World::start(built, &plan)?;
    let connected = connect(&world)?;
    let started = Instant::now();
    // Moments and calls so far, while the backfill runs.
    let mut seen: Vec<(f64, u64)> = Vec::new();
    let mut failed = None;
    walk::first_sync(&world, &connected.connection, |now| {
        if now.phase == "backfill" {
            match world.simulator.counters() {
                Ok(counters) => seen.push((started.elapsed().as_secs_f64(), counters.of_quota())),
                Err(error) => failed = Some(error),
            }
        }
    })?;
    if let Some(error) = failed {
        return Err(error);
    }
    let refused = world.simulator.counters()?.with_status(429) as f64;
    let from = seen.iter().find(|(at, _)| *at > WARM_UP).copied().unwrap_or_default();
    let to = seen.last().copied().unwrap_or_default();
    let per_window = (to.1 - from.1) as f64 / (to.0 - from.0) * 10.0;
    let used = per_window / f64::from(QUOTA - RESERVE) * 100.0;
    Ok(vec![
        Figure::plain(
            "rate",
            format!("of {QUOTA} calls in 10 s less the reserve of {RESERVE}, used"),
            used,
            "%",
        )
        .at_least(95.0),
        Figure::plain("rate", "429s", refused, "").at_most(0.0).exactly_counted(),
    ])
}
