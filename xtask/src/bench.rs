//! `cargo xtask bench`: figures, each beside its target. Never a timed test: a figure that misses its target is shown,
//! and only counts (calls, 429s) decide the exit status.

#[cfg(feature = "night")]
mod activations;
#[cfg(feature = "night")]
mod connection;
mod cost;
#[cfg(feature = "scale")]
mod counts;
mod feed;
mod lists;
#[cfg(feature = "matching")]
mod matching;
mod members;
mod memory;
#[cfg(feature = "night")]
mod night;
#[cfg(feature = "scale")]
mod off;
#[cfg(feature = "night")]
mod outbox;
mod polls;
mod rate;
mod routes;
mod webhooks;
mod whole;
#[cfg(feature = "matching")]
mod workflows;

use std::time::Instant;

use anyhow::Result;
use clap::Args;
use comfy_table::{Table, presets::UTF8_FULL_CONDENSED};
use serde::Serialize;

use crate::browser::Browser;
use crate::progress::Step;
use crate::walk::{self, Connected};
use crate::world::{Built, Plan, World};

/// Options of the figures.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
    /// Only the parts whose names hold this text: size, calls, polls, types, rate, cost, webhooks, whole, lists, feed, routes,
    /// members; and those that only their names choose, match, workflows, night, outbox, activations, scale, scale-lists, scale-off,
    /// scale-members
    #[arg(long)]
    only: Option<String>,
    /// Contacts of the largest account, which `--only scale` measures, accounts of the host's with `--only night`, members of an
    /// audience with `--only activations`, of whom `--only scale-members` takes a tenth
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1_000..=2_000_000))]
    most: u32,
    /// Contacts of the larger cost measurement
    #[arg(long, default_value_t = 200_000, value_parser = clap::value_parser!(u32).range(1_000..=2_000_000))]
    large: u32,
}

/// One figure.
#[derive(Debug, Clone, Serialize)]
pub struct Figure {
    part: &'static str,
    name: String,
    value: f64,
    unit: &'static str,
    /// The most (or, for rates, the least) it should be.
    target: Option<f64>,
    /// Whether the target is met; `None` without one.
    met: Option<bool>,
    /// A count that must hold, not a measurement of this machine.
    is_exact: bool,
}

impl Figure {
    fn plain(part: &'static str, name: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self { part, name: name.into(), value, unit, target: None, met: None, is_exact: false }
    }

    fn at_most(self, target: f64) -> Self {
        let met = Some(self.value <= target);
        Self { target: Some(target), met, ..self }
    }

    fn at_least(self, target: f64) -> Self {
        let met = Some(self.value >= target);
        Self { target: Some(target), met, ..self }
    }

    /// Misses decide the exit status.
    fn exactly_counted(self) -> Self {
        Self { is_exact: true, ..self }
    }
}

/// Builds this program once more, with the SQLite by which `scale` moves time, or for speed with the engine that `match` and `workflows` call, and
/// hands over to that.
#[cfg(not(all(feature = "scale", feature = "night")))]
fn hand_over(options: &Options, features: &str, profile: &str) -> Result<bool> {
    let mut cargo = std::process::Command::new(env!("CARGO"));
    cargo.args(["run", "--quiet", "--package", "xtask", "--profile", profile, "--features", features]);
    cargo.args(["--", "bench", "--only"]);
    cargo.args(options.only.as_deref());
    cargo.args(["--most", &options.most.to_string()]).args(options.json.then_some("--json"));
    Ok(cargo.status()?.success())
}

/// A part that needs no Worker, where it alone is asked for; whether every count held.
pub fn run_alone(options: &Options) -> Result<Option<bool>> {
    match options.only.as_deref() {
        Some("match") => {
            #[cfg(not(feature = "matching"))]
            return hand_over(options, "matching", "tool").map(Some);
            #[cfg(feature = "matching")]
            return shown_all(options, &matching::measure()?).map(Some);
        }
        Some("workflows") => {
            #[cfg(not(feature = "matching"))]
            return hand_over(options, "matching", "tool").map(Some);
            #[cfg(feature = "matching")]
            return shown_all(options, &workflows::measure()?).map(Some);
        }
        Some("night") => {
            #[cfg(not(feature = "night"))]
            return hand_over(options, "night", "tool").map(Some);
            #[cfg(feature = "night")]
            return shown_all(options, &night::measure(options.most)?).map(Some);
        }
        Some("activations") => {
            #[cfg(not(feature = "night"))]
            return hand_over(options, "night", "tool").map(Some);
            #[cfg(feature = "night")]
            return shown_all(options, &activations::measure(options.most)?).map(Some);
        }
        Some("outbox") => {
            #[cfg(not(feature = "night"))]
            return hand_over(options, "night", "tool").map(Some);
            #[cfg(feature = "night")]
            return shown_all(options, &outbox::measure()?).map(Some);
        }
        _ => Ok(None),
    }
}

/// Measures all parts; whether every count held.
pub fn run(built: &Built, options: &Options) -> Result<bool> {
    type Part<'a> = (&'static str, Box<dyn Fn() -> Result<Vec<Figure>> + 'a>);
    #[cfg(not(feature = "scale"))]
    if options.only.as_deref().is_some_and(|only| only.starts_with("scale")) {
        return hand_over(options, "scale", "dev");
    }
    let parts: Vec<Part<'_>> = vec![
        ("size", Box::new(|| size(built))),
        ("calls", Box::new(|| polls::first_sync(built))),
        ("polls", Box::new(|| polls::poll(built))),
        ("types", Box::new(|| polls::types(built))),
        ("rate", Box::new(|| rate::measure(built))),
        ("cost", Box::new(|| cost::measure(built, options.large))),
        ("webhooks", Box::new(|| webhooks::measure(built))),
        ("whole", Box::new(|| whole::linked(built))),
        ("lists", Box::new(|| lists::measure(built))),
        ("feed", Box::new(|| feed::measure(built))),
        ("routes", Box::new(|| routes::measure(built))),
        ("members", Box::new(|| members::measure(built))),
        #[cfg(feature = "scale")]
        ("scale", Box::new(|| whole::scale(built, options.most))),
        #[cfg(feature = "scale")]
        ("scale-lists", Box::new(|| lists::losing(built))),
        #[cfg(feature = "scale")]
        ("scale-off", Box::new(|| off::measure(built, options.most / 2))),
        #[cfg(feature = "scale")]
        ("scale-members", Box::new(|| members::scale(built, options.most / 10))),
    ];
    let mut figures = Vec::new();
    for (name, measure) in parts {
        // A million records take minutes: measured where they are asked for.
        let is_chosen = match (&options.only, name.starts_with("scale")) {
            (None, is_large) => !is_large,
            (Some(only), true) => name == only,
            (Some(only), false) => name.contains(only.as_str()),
        };
        if !is_chosen {
            continue;
        }
        let step = Step::start(&format!("Measuring {name}"), "");
        match measure() {
            Ok(more) => {
                figures.extend(more);
                step.done("");
            }
            Err(error) => {
                step.failed(&format!("{error:#}"));
                let failed = Figure::plain(name, "could not be measured", 1.0, "").at_most(0.0);
                figures.push(failed.exactly_counted());
            }
        }
    }
    shown_all(options, &figures)
}

fn shown_all(options: &Options, figures: &[Figure]) -> Result<bool> {
    if options.json {
        println!("{}", serde_json::to_string_pretty(figures)?);
    } else {
        println!("{}", table(figures));
    }
    Ok(figures.iter().all(|figure| !figure.is_exact || figure.met != Some(false)))
}

fn table(figures: &[Figure]) -> Table {
    let mut table = Table::new();
    table.load_preset(UTF8_FULL_CONDENSED).set_header(["", "figure", "measured", "target", ""]);
    for figure in figures {
        let unit = if figure.unit.is_empty() { String::new() } else { format!(" {}", figure.unit) };
        let mark = figure.met.map_or("", |met| if met { "✓" } else { "✗" });
        table.add_row([
            figure.part.to_owned(),
            figure.name.clone(),
            format!("{}{unit}", shown(figure.value)),
            figure.target.map(|target| format!("{}{unit}", shown(target))).unwrap_or_default(),
            mark.to_owned(),
        ]);
    }
    table
}

/// Whole numbers from 100 on, else two digits.
fn shown(value: f64) -> String {
    if value.fract() == 0.0 || value.abs() >= 100.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

/// Bytes of the wasm, and how long workerd takes from its start to the first answer.
fn size(built: &Built) -> Result<Vec<Figure>> {
    const STARTS: u32 = 7;
    let mut world = World::start(built, &Plan::default().with("--contacts", 1).in_workerd())?;
    let mut took = Vec::new();
    for _ in 0..STARTS {
        world.kill_worker();
        let started = Instant::now();
        world.start_worker()?;
        took.push(started.elapsed());
    }
    took.sort_unstable();
    let median = took[took.len() / 2].as_secs_f64() * 1e3;
    let kilobytes = |bytes: usize| bytes as f64 / 1_000.0;
    Ok(vec![
        Figure::plain("size", "wasm", kilobytes(built.size.raw), "KB"),
        Figure::plain("size", "wasm, gzipped", kilobytes(built.size.gzipped), "KB")
            .at_most(kilobytes(crate::build::BUDGET))
            .exactly_counted(),
        Figure::plain(
            "size",
            format!("workerd's start to the first answer, median of {STARTS}"),
            median,
            "ms",
        ),
    ])
}

/// What an isolate may hold: Cloudflare's limit.
const ISOLATE_MB: f64 = 128.0;

/// What the Worker's isolate held at most, garbage and workerd's own program aside.
#[cfg(feature = "scale")]
fn isolate(part: &'static str, when: &str, held: memory::Held) -> [Figure; 3] {
    let figure = |what: &str, bytes: u64| {
        Figure::plain(part, format!("held by the isolate: {what}; {when}"), bytes as f64 / 1e6, "MB")
    };
    [
        figure("V8's heap and buffers", held.heap),
        figure("the wasm's memory", held.wasm),
        figure("both", held.both).at_most(ISOLATE_MB).exactly_counted(),
    ]
}

/// A workspace with a connection in `world`, its first sync just begun.
fn connect(world: &World) -> Result<Connected> {
    walk::connect(world, &mut Browser::default(), "Bench")
}
