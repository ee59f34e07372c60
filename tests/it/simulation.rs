//! Seeded lives of a connection. `SPOKE_SEED=n cargo test --test it lives` runs one again; `SPOKE_LIVES=n` runs n, from `SPOKE_FIRST` on.
//! `SPOKE_OF=flows` lives of these only those in which there are workflows, `SPOKE_OF=said` those with activations.
//! `cargo xtask soak` runs on with new ones.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use hubspot_simulator::{
    Fault, Shape, Switches,
    portal::{PortalSettings, Tier},
    switches::{ErrorLine, ListAfter, MergedId, PropertyCreation},
};
use spoke::values::{ids::ObjectType, scopes};

use crate::life::{
    CARS, IDLE_MS, Loss, Plan, World, flows, said,
    scores::IMPORT,
    writes::{APP_EVENTS, CUSTOM_EVENTS, KEYS, LIST_MEMBERS, SCOPES},
};

/// Lives in `cargo test`: half a minute on two processors that nobody else uses.
const LIVES: u64 = 2_000;

/// Lives that failed once. 904: fields that came while an account was not connected stayed empty in what was read before they were
/// known. 1927: what was told of somebody before he was merged stayed when he was erased before anybody read what he had become.
/// 2895, 6581: companies counted links to a type whose last record had gone before the links were compared.
/// 3121: companies' links changed while contacts were read anew, and were never read. 13800: a link came while another went, and the
/// count of an earlier read stood. 16726: a merger was told after the erasure of what it had made. 17028: links of somebody erased
/// with the record he had become part of were told of once more.
const FAILED_ONCE: [u64; 8] = [904, 1927, 2895, 3121, 6581, 13800, 16726, 17028];

/// A life drawn from its seed: every mixture of sizes, faults, crashes and unconfirmed behaviours.
pub fn drawn(seed: u64) -> Plan {
    let mut plan = mixed(seed);
    if FAILED_ONCE.contains(&seed) {
        return plan;
    }
    // What makes a life long and finds little, in fewer of them: two thirds of the processor time.
    let mut rng = fastrand::Rng::with_seed(seed ^ 0x11_9475);
    if plan.settings.hubspot_properties.is_some() {
        plan.settings.hubspot_properties = Some(14);
    }
    if rng.bool() {
        plan.switches.search_straggler_ms = 12 * 60_000;
    }
    plan.rush &= rng.bool();
    if rng.bool() {
        plan.late_minutes = 0;
    }
    if rng.bool() {
        plan.contacts = plan.contacts.min(12);
    }
    if rng.bool() {
        plan.edits_per_minute = plan.edits_per_minute.min(3);
    }
    plan.links &= rng.u32(0..4) > 0;
    let mut imports = fastrand::Rng::with_seed(seed ^ 0x1490_7275);
    if plan.scores && imports.u32(0..3) == 0 {
        import(&mut plan, imports.bool());
    } else if plan.writes {
        act(&mut plan);
    }
    let mut of_people = fastrand::Rng::with_seed(seed ^ 0x5a1d_0000);
    if of_people.u32(0..4) == 0 {
        say(&mut plan);
    }
    let mut of_flows = fastrand::Rng::with_seed(seed ^ 0xf10e_0000);
    plan.flows = plan.writes && !plan.imports && !plan.selects && of_flows.u32(0..3) == 0;
    if plan.flows {
        plan.settings.utc_offset_minutes = flows::AHEAD;
    }
    plan
}

/// The host says of people what contacts are to hold, in an account whose properties may be made and all of whose fields are mirrored.
fn say(plan: &mut Plan) {
    // Of an account that may write and make no fields it is told what that comes to.
    let may_make = !plan.writes || plan.more_scopes.contains(&KEYS[0]);
    plan.said = may_make && !plan.selects && plan.switches.property_creation == PropertyCreation::Allowed;
    if plan.said {
        let lacks = said::SCOPES.into_iter().filter(|scope| !plan.more_scopes.contains(scope));
        let lacks: Vec<&str> = lacks.collect();
        plan.more_scopes.extend(lacks);
    }
}

/// Scores go as imports, however few they are: of five accounts three files.
fn import(plan: &mut Plan, counts_header: bool) {
    plan.imports = true;
    plan.variables.push(("SCORE_FILE_ROWS", "2".to_owned()));
    let update = scopes::of_writes(ObjectType::Companies);
    plan.more_scopes.retain(|scope| *scope != update);
    // What an automation does takes that right.
    plan.signals = false;
    plan.switches.import_unknown_error_one_in = 3;
    plan.switches.import_error_line = if counts_header { ErrorLine::OfFile } else { ErrorLine::OfRows };
}

/// Makes of a life that writes one of every kind of action, in an account that has what they are about, and of whose behaviour towards
/// those who write nothing is sure.
fn act(plan: &mut Plan) {
    let mut rng = fastrand::Rng::with_seed(plan.seed ^ 0x0ac7_0000);
    plan.acts = true;
    plan.more_scopes.push(LIST_MEMBERS);
    plan.owners |= rng.bool();
    // Each type and each list costs a third of a life.
    if rng.u32(0..4) == 0 {
        plan.deals = plan.deals.filter(|deals| *deals > 0).or(Some(6));
    }
    if rng.u32(0..4) == 0 {
        plan.lists = plan.lists.or(Some(1));
    }
    plan.switches.batch_update_merged =
        [MergedId::Omitted, MergedId::Resolved, MergedId::NotFound][rng.usize(0..3)];
    plan.switches.list_members_per_call = [1_000, 1_000, 1][rng.usize(0..3)];
    plan.switches.first_company_becomes_primary = rng.u32(0..4) > 0;
    plan.switches.app_events_allowed = rng.bool();
    plan.switches.app_events_need_timeline = rng.bool();
    let (by_app, custom) = (rng.u32(0..3) == 0, rng.u32(0..3) == 0);
    plan.more_scopes.extend(by_app.then_some(APP_EVENTS));
    if custom {
        plan.more_scopes.extend(CUSTOM_EVENTS);
        plan.settings.tier = [Tier::FreeOrStarter, Tier::Professional][rng.usize(0..2)];
    }
    // Runs of scores make fields of their own.
    if !plan.scores {
        plan.switches.writes_know_property_after_ms = [0, 5_000, 20_000][rng.usize(0..3)];
        plan.switches.property_creation = [
            PropertyCreation::Allowed,
            PropertyCreation::Allowed,
            PropertyCreation::Allowed,
            PropertyCreation::Allowed,
            PropertyCreation::Forbidden,
            PropertyCreation::Exhausted,
        ][rng.usize(0..6)];
    }
}

fn mixed(seed: u64) -> Plan {
    let mut rng = fastrand::Rng::with_seed(seed ^ 0x5157_1e55);
    let mut others = fastrand::Rng::with_seed(seed ^ 0x0dea_1500);
    let mut beside = fastrand::Rng::with_seed(seed ^ 0x0115_7500);
    let lists = [None, None, None, None, Some(1), Some(3)][beside.usize(0..6)];
    let mut losses = fastrand::Rng::with_seed(seed ^ 0x1055_0000);
    let mut linked = fastrand::Rng::with_seed(seed ^ 0x11ed_0000);
    let mut poisons = fastrand::Rng::with_seed(seed ^ 0x0901_5000);
    let (is_poisoned, status) = (poisons.u32(0..24) == 0, [500, 400, 503][poisons.usize(0..3)]);
    let poison = is_poisoned.then_some(Fault::Status { status, after_commit: false });
    let wide = rng.u32(0..10) == 0;
    let webhooks = rng.u32(0..5) > 0;
    // Few enough that a property list fits a URL, or all.
    let hubspot_properties = (rng.u32(0..32) > 0).then_some(30);
    let mut archive = fastrand::Rng::with_seed(seed ^ 0x0a6c_41e0);
    let switches = Switches {
        archive_shows_after_ms: [0, 0, 40 * 60_000][archive.usize(0..3)],
        list_after: [ListAfter::InclusiveId, ListAfter::ExclusiveId, ListAfter::Opaque][rng.usize(0..3)],
        short_page_one_in: [0, 0, 3][rng.usize(0..3)],
        search_sorts_ids_as_text: rng.u32(0..6) == 0,
        search_straggler_one_in: [0, 10][rng.usize(0..2)],
        search_straggler_ms: 60 * 60_000,
        batch_read_merged: [MergedId::Omitted, MergedId::Resolved, MergedId::NotFound][rng.usize(0..3)],
        merge_sends_deletions: rng.bool(),
        merge_sends_creation: rng.bool(),
        restore_bumps_modified: rng.bool(),
        refresh_rotates: rng.bool(),
        // A refresh whose answer was lost is repeated at the latest with the next tick.
        refresh_grace_ms: 11 * 60_000,
        access_token_life_s: [1_800, 1_800, 1_800, 400][rng.usize(0..4)],
        // Retries of one delivery within three quarters of an hour: see [`Plan::settles_within`].
        webhook_time_scale: 0.025,
        list_member_page: [250, 7][beside.usize(0..2)],
        list_version_counts_members: beside.bool(),
        // Costs a day of checks: a life worth five.
        list_search_tells_times: lists.is_none() || beside.u32(0..96) > 0,
        restore_rejoins_lists: beside.bool(),
        association_batch_page: [500, 500, 500, 500, 500, 2][linked.usize(0..6)],
        association_ids_are_numbers: linked.bool(),
        ..Switches::default()
    };
    let companies = [None, None, None, Some(8), Some(30)][others.usize(0..5)];
    let deals = [None, None, None, Some(0), Some(12)][others.usize(0..5)];
    let selects = others.u32(0..6) == 0;
    let mut written = fastrand::Rng::with_seed(seed ^ 0x0a11_7e00);
    let writes = written.u32(0..6) == 0;
    // A third of those accounts lets nobody make a field.
    let keys: &[&str] = if written.u32(0..3) > 0 { &KEYS } else { &[] };
    let mut more_scopes = if writes { [&SCOPES[..], keys].concat() } else { Vec::new() };
    let signals = writes && written.bool();
    // Runs of scores need companies, all of their fields, and the rights to make some and to import.
    let scores = writes && companies.is_some() && !selects && !keys.is_empty() && written.u32(0..3) == 0;
    if scores {
        more_scopes.push(IMPORT);
    }
    let mut further = fastrand::Rng::with_seed(seed ^ 0xf0e7_4e80);
    // Each costs as much as another life.
    let types: &[&str] = match further.u32(0..32) {
        0 => &["tasks"],
        1 => &["notes", CARS],
        2 => &["calls"],
        _ => &[],
    };
    // A channel keeps its fields mirrored whatever is chosen, which the life's own account of what is would have to know.
    let channel = (!selects && seed.is_multiple_of(3)).then_some((seed / 3 % 3) as usize);
    let plan = Plan {
        seed,
        // More than two pages of a search are rare, since they cost as much as ten other lives.
        contacts: match rng.u32(0..96) {
            0 => 420,
            1..=4 => 220,
            5..=8 => 110,
            9..=20 => 40,
            21..=40 => 20,
            41..=66 => 12,
            _ => 8,
        },
        companies,
        deals,
        further: types.to_vec(),
        turns_off: !types.is_empty() && further.bool(),
        selects,
        erases: seed % 5 < 2,
        channel,
        lists,
        owners: beside.u32(0..3) == 0,
        minutes: rng.u64(2..5),
        links: linked.u32(0..3) > 0,
        edits_per_minute: rng.u32(1..7),
        poison,
        fault_one_in: [0, 3, 8][rng.usize(0..3)],
        crashes_per_minute: [0.0, 0.2, 1.0][rng.usize(0..3)],
        // Opening a connection anew after each pause costs a sixth of a life.
        idle_ms: if seed.is_multiple_of(3) { IDLE_MS } else { u64::MAX },
        torn_one_in: [0, 15][rng.usize(0..2)],
        webhooks,
        told_at_once: false,
        webhook_faults: webhooks && rng.bool(),
        webhooks_lost_one_in: if webhooks { [0, 0, 0, 5][losses.usize(0..4)] } else { 0 },
        rejects: losses.u32(0..9) == 0,
        loses: [None, Some(Loss::Scope), Some(Loss::Grant)][losses.usize(0..24).saturating_sub(21)],
        deletions: true,
        shape: Shape {
            properties_set: if wide { 30 } else { 12 },
            custom_properties: if wide { 60 } else { 3 },
            oddities: true,
            ..Shape::default()
        },
        settings: PortalSettings { hubspot_properties, ..PortalSettings::default() },
        switches,
        variables: Vec::new(),
        calls_per_alarm: [1_000, 12][rng.usize(0..2)],
        latency_ms: [(5, 60), (50, 2_500), (50, 9_000)][rng.usize(0..3)],
        dawdles_one_in: [0, 0, 5][losses.usize(0..3)],
        writes,
        acts: false,
        signals,
        scores,
        flows: false,
        said: false,
        imports: false,
        more_scopes,
        rush: rng.u32(0..4) == 0,
        late_minutes: [0, 0, 0, 0, 0, 0, 0, 75][rng.usize(0..8)],
        token: None,
        own_webhooks: false,
    };
    // Of those in which the app is neither told of anything nor loses anything half are connected by a token.
    let by_token = !plan.webhooks && plan.loses.is_none() && seed.is_multiple_of(2);
    Plan { token: by_token.then_some("pat-na1-of-a-life"), ..plan }
}

/// Lives it; a panic is a failure like any other.
pub fn live(plan: Plan) -> Result<(), String> {
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let mut world = World::new(plan);
        let result = world.live();
        if result.is_err() && number("SPOKE_SEED").is_some() {
            eprintln!("{:#?}", world.status());
            for call in &world.calls {
                eprintln!("{:>9} {} {}", call.at, call.status, call.name);
            }
        }
        result
    }));
    outcome.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        Err(text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default())
    })
}

/// Whether a life is of the kind that is asked for.
fn is_asked_for(plan: &Plan) -> bool {
    match std::env::var("SPOKE_OF").as_deref() {
        Ok("flows") => plan.flows,
        Ok("said") => plan.said,
        Ok(other) => panic!("no lives are known as {other:?}"),
        Err(_) => true,
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a whole number"))
}

/// Lives the lives from `first` on while `more` says so of the next, on every processor; what failed.
fn live_all(first: u64, more: impl Fn(u64) -> bool + Sync) -> (u64, Vec<String>) {
    /// After so many failures the rest tells nothing new.
    const FAILURES: usize = 5;
    let next = AtomicU64::new(first);
    let lived = AtomicU64::new(0);
    let failures = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if !more(seed) || failures.lock().unwrap().len() > FAILURES {
                        return;
                    }
                    let plan = drawn(seed);
                    if !is_asked_for(&plan) {
                        continue;
                    }
                    if let Err(why) = live(plan) {
                        let line = format!("SPOKE_SEED={seed}: {why}");
                        eprintln!("{line}");
                        failures.lock().unwrap().push(line);
                    }
                    lived.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    (lived.into_inner(), failures.into_inner().unwrap())
}

/// `cargo xtask soak`: new lives for `SPOKE_SECONDS`, from `SPOKE_FIRST` on.
#[test]
#[ignore = "runs as long as it is told to"]
fn soak() {
    let (first, seconds) = (number("SPOKE_FIRST").unwrap_or(1), number("SPOKE_SECONDS").unwrap_or(60));
    #[expect(clippy::disallowed_methods, reason = "how long to go on is a matter of the person's clock")]
    let begun = std::time::Instant::now();
    let (lived, failures) = live_all(first, |_| begun.elapsed().as_secs() < seconds);
    println!("lived {lived} lives from seed {first} on; {} failed", failures.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// What lives with imports are for happens in them.
#[test]
fn scores_that_go_as_imports_meet_several_files_refused_rows_and_mergers() {
    let [mut several, mut refused, mut merged] = [0_u64; 3];
    for plan in (1..).map(drawn).filter(|plan| plan.imports).take(16) {
        let seed = plan.seed;
        let mut world = World::new(plan);
        world.live().unwrap_or_else(|failure| panic!("SPOKE_SEED={seed}: {failure}"));
        for run in world.score_runs() {
            let count = |name: &str| run["counts"][name].as_u64().expect("a number");
            several += u64::from(run["files"].as_array().expect("files").len() > 1);
            (refused, merged) = (refused + count("failed"), merged + count("rematched"));
        }
    }
    assert!([several, refused, merged].iter().all(|seen| *seen > 0), "{several}, {refused}, {merged}");
}

#[test]
fn lives_end_with_the_mirror_equal_to_hubspot() {
    if let Some(seed) = number("SPOKE_SEED") {
        eprintln!("{:#?}", drawn(seed));
        live(drawn(seed)).unwrap();
        return;
    }
    let first = number("SPOKE_FIRST").unwrap_or(1);
    let lives = number("SPOKE_LIVES").unwrap_or(LIVES);
    for seed in FAILED_ONCE {
        live(drawn(seed)).unwrap_or_else(|failure| panic!("SPOKE_SEED={seed}: {failure}"));
    }
    let (lived, failures) = live_all(first, |seed| seed < first + lives);
    println!("lived {lived} lives of {lives} seeds");
    assert!(failures.is_empty(), "{} of {lives} lives failed:\n{}", failures.len(), failures.join("\n"));
}
