//! The built Worker in workerd, against the simulator, over HTTP: what no native test can show.
//!
//! A harness of its own, because a world takes seconds to start: trials share worlds, and each world ends with the last
//! trial that needs it. `cargo test --package xtask --features workerd --test workerd -- '[webhooks]'` runs a group, and words of a name one.

#![allow(clippy::disallowed_methods, reason = "real time passes here: the clock rule is the Worker's")]

mod actions;
mod activations;
mod attacks;
mod binding;
mod by_token;
mod channels;
mod connecting;
mod contract;
mod crashes;
mod deliveries;
mod delivery;
mod disk;
mod faults;
mod feed;
mod further;
mod hard_cases;
mod isolation;
mod links;
mod person;
mod privacy;
mod quiet;
mod receiver;
mod refresh;
mod request;
mod scores;
mod seats;
mod secrecy;
mod sessions;
mod stage;
mod ticks;
mod watchdog;
mod webhooks;
mod workflows;
mod yardstick;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

/// Trials at once, unless asked otherwise: on two cores, since most of a trial is waiting.
const THREADS: usize = 6;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(THREADS);
    // The longest first.
    let groups = [
        ("crashes", crashes::trials()),
        ("faults", faults::trials()),
        ("hard cases", hard_cases::trials()),
        ("quiet", quiet::trials()),
        ("links", links::trials()),
        ("deliveries", deliveries::trials()),
        ("ticks", ticks::trials()),
        ("refresh", refresh::trials()),
        ("webhooks", webhooks::trials()),
        ("channels", channels::trials()),
        ("workflows", workflows::trials()),
        ("further types", further::trials()),
        ("connecting", connecting::trials()),
        ("by token", by_token::trials()),
        ("privacy", privacy::trials()),
        ("actions", actions::trials()),
        ("sessions", sessions::trials()),
        ("isolation", isolation::trials()),
        ("attacks", attacks::trials()),
        ("contract", contract::trials()),
        ("binding", binding::trials()),
        ("scores", scores::trials()),
        ("activations", activations::trials()),
        ("seats", seats::trials()),
        ("feed", feed::trials()),
        ("watchdog", watchdog::trials()),
    ];
    let of_kind =
        |(kind, trials): (&'static str, Vec<Trial>)| trials.into_iter().map(move |t| t.with_kind(kind));
    let trials = groups.into_iter().flat_map(of_kind).collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    // All worlds have ended and left their logs: whichever ran, they are looked through.
    (arguments.filter, arguments.exact) = (None, false);
    arguments.skip.clear();
    let logs = libtest_mimic::run(&arguments, secrecy::trials());
    if conclusion.has_failed() || logs.has_failed() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
