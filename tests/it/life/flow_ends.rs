//! How the workflows of a life end: each event that came while its workflow was enabled has one run, each run took the steps of its version in
//! their order and each once in HubSpot, or says why not; waits last as long as they are to, over restarts and evictions; and a workflow that is
//! paused does nothing.

use std::collections::{BTreeMap, BTreeSet};

use hubspot_simulator::State;
use serde_json::Value;
use spoke::values::time::Timestamp;

use super::{
    PORTAL, World,
    ends::{chain, marked, view},
    flows::{
        AHEAD, ENOUGH, FIELD, LARGE, MAKING, OF_CHANGES, OF_EVENTS, OF_HOURS, Own, SEEN, Sent, lines, mark,
        path,
    },
    world::{MINUTE, START_MS},
};

/// The waits of a run of events, and how long each lasts at most.
const WAITS: [&str; 2] = ["pause", "bought"];
/// How much later than its moment a run goes on at most, milliseconds: where an alarm was lost the next tick heals it.
const LATE_MS: u64 = 5 * MINUTE + 30_000;

/// How long after an hour began a walk has come to everybody, milliseconds: a turn that fails is tried again after two seconds.
const WALK_MS: u64 = 10_000;

fn line<'r>(run: &'r Value, step: &str) -> Option<&'r Value> {
    lines(run).iter().find(|line| line["step"] == step)
}

fn moment(of: &Value, name: &str) -> Option<u64> {
    Some(of[name].as_str().and_then(Timestamp::parse_rfc3339)?.0 as u64)
}

fn at(of: &Value, name: &str) -> u64 {
    moment(of, name).unwrap_or_else(|| panic!("no {name} in {of}"))
}

/// Whether a run went in.
fn is_entered(run: &Value) -> bool {
    run["state"] != "skipped"
}

/// Whether somebody had a step of it tried again.
fn is_tried_again(run: &Value) -> bool {
    lines(run).iter().any(|line| line["before"].as_array().is_some_and(|before| !before.is_empty()))
}

/// The fault, in words, unless that is so.
fn so(holds: bool, words: &str, run: &Value) -> Result<(), String> {
    if holds { Ok(()) } else { Err(format!("{words}: {run}")) }
}

impl World {
    /// Whether nothing need be kept of somebody.
    pub(super) fn somebody_is_erased(&self) -> bool {
        let portal = self.simulator.portal(PORTAL).expect("the account exists");
        !self.kept_out.is_empty()
            || portal.records("contacts", 0).any(|view| view.record.state == State::Erased)
    }

    /// Each event has one run, and each run took each step once, as it says.
    pub(super) fn flows_are_right(&mut self) -> Result<(), String> {
        if !self.plan.flows {
            return Ok(());
        }
        if let Some(fault) = &self.flows.fault {
            return Err(fault.clone());
        }
        let runs = self.note_steps();
        let mut asked = BTreeSet::new();
        for run in &runs {
            self.run_is_at_its_end(run)?;
            let mut ids = lines(run).iter().filter_map(|line| line["action_id"].as_str());
            if let Some(id) = ids.find(|id| !asked.insert((*id).to_owned())) {
                return Err(format!("{id} is of two steps: {run}"));
            }
        }
        for sent in self.flows.sent.clone() {
            self.event_is_right(&sent, &runs).map_err(|why| format!("{why}: {sent:?}"))?;
        }
        self.events_are_right(&runs)?;
        self.changes_are_right(&runs)?;
        self.hours_are_right(&runs)?;
        self.nothing_else_was_made()
    }

    /// A run is at its end, and says why it is at this one.
    fn run_is_at_its_end(&mut self, run: &Value) -> Result<(), String> {
        let mut steps = BTreeSet::new();
        so(
            lines(run).iter().all(|line| steps.insert(line["step"].to_string())),
            "a step was taken twice",
            run,
        )?;
        let last = lines(run).last();
        let is = |line: &Value, states: &[&str]| states.iter().any(|state| line["state"] == *state);
        let explained = |line: &Value| line["words"].is_string();
        let fits = match run["state"].as_str().expect("a state") {
            "done" => last.is_some() && !lines(run).iter().any(|line| is(line, &["asked", "waits"])),
            "skipped" => last.is_none() && run["why"].is_string(),
            "failed" => {
                last.is_some_and(|last| is(last, &["failed", "refused", "unknown"]) && explained(last))
            }
            // What nobody knows of waits for a person's word.
            "open" => match last.and_then(|last| last["action_id"].as_str()) {
                Some(id) if last.is_some_and(|last| is(last, &["asked"])) => self.is_unknown(id),
                _ => false,
            },
            "cancelled" => run["id"].as_str().is_some_and(|id| self.flows.cancelled.contains_key(id)),
            _ => false,
        };
        so(fits, "a run is not at its end, or does not say why", run)?;
        let passed = lines(run).iter().rev().skip(1);
        let is_over = |line: &Value| {
            is(line, &["done", "then", "else", "waited", "came_about", "too_late"])
                || (is(line, &["skipped"]) && explained(line))
        };
        so(passed.chain(last.filter(|_| run["state"] == "done")).all(is_over), "it went on too early", run)
    }

    /// Whether nobody knows what became of an action, which says why.
    fn is_unknown(&mut self, id: &str) -> bool {
        let Some(told) = self.told_of(&id.parse().expect("an id")) else { return false };
        let evident = |write: &Value| write["left_at"].is_string() && write["problem"]["detail"].is_string();
        let mut unknown =
            told["writes"].as_array().expect("writes").iter().filter(|own| own["state"] == "unknown");
        told["state"] == "unknown" && unknown.all(evident)
    }

    /// Whether whoever an event was of was erased, here or in HubSpot.
    fn is_of_erased(&self, sent: &Sent) -> bool {
        let portal = self.simulator.portal(PORTAL).expect("the account exists");
        // Of a stranger it is a contact that an app made.
        let strange = sent.contacts.is_empty() && self.somebody_is_erased();
        strange
            || sent.email.as_deref().is_some_and(|email| self.is_erased(email))
            || sent
                .contacts
                .iter()
                .flat_map(|id| chain(portal, "contacts", *id))
                .any(|id| self.is_gone_for_good(id))
    }

    fn event_is_right(&self, sent: &Sent, runs: &[Value]) -> Result<(), String> {
        let Some(Own { id, .. }) = &self.flows.own[OF_EVENTS] else { return Ok(()) };
        let own: Vec<&Value> =
            runs.iter().filter(|run| run["workflow"] == id.as_str() && run["event"] == *sent.id).collect();
        if own.len() > 1 {
            return Err(format!("it has {} runs", own.len()));
        }
        let run = own.first().copied();
        let is_of_erased = self.is_of_erased(sent);
        if run.is_none() && sent.heard && !is_of_erased {
            return Err("it has no run".to_owned());
        }
        let portal = self.simulator.portal(PORTAL).expect("the account exists");
        for step in MAKING {
            let (kind, field, text) = mark(step, &sent.id);
            let there = marked(portal, (kind, field, &text), true).len();
            let state = run.and_then(|run| line(run, step)).and_then(|line| line["state"].as_str());
            let fits = match state {
                _ if there > 1 => false,
                // People may have written something else since.
                Some("done") => there == 1 || self.plan.further.contains(&kind),
                // What is asked for, failed or is unknown may have come all the same where its answer was lost.
                Some("asked" | "unknown" | "cancelled") => true,
                Some("failed") => there == 0 || self.plan.rejects,
                Some(_) => there == 0,
                None => there == 0 || (run.is_none() && is_of_erased),
            };
            if !fits {
                return Err(format!("{text:?} is there {there} times, and the step is {state:?}: {run:?}"));
            }
        }
        let Some(run) = run else { return Ok(()) };
        self.pause_is_kept(sent, run)?;
        if is_entered(run) {
            so(sent.size >= ENOUGH, "its conditions did not hold", run)?;
            self.path_is_right(sent, run)?;
            self.waits_are_right(run)
        } else {
            self.is_left_out_rightly(sent, run, runs)
        }
    }

    /// A run took the steps of the version that was the newest when it began, in their order, and all of them if it is done.
    fn path_is_right(&self, sent: &Sent, run: &Value) -> Result<(), String> {
        let version = run["version"].as_u64().expect("a number") as usize;
        let Some((from, other)) = self.flows.versions.get(version - 1) else {
            return Err(format!("nobody made version {version}: {run}"));
        };
        let until = self.flows.versions.get(version).map_or(u64::MAX, |next| next.0);
        so(
            (*from..=until).contains(&at(run, "began_at")),
            "it goes by another version than it began with",
            run,
        )?;
        let late = line(run, "bought").is_some_and(|line| line["state"] == "too_late");
        let expected = path(*other, sent.size >= LARGE, late);
        let taken: Vec<&str> = lines(run).iter().filter_map(|line| line["step"].as_str()).collect();
        so(expected.starts_with(&taken), "it took other steps than its version has", run)?;
        so(run["state"] != "done" || taken == expected, "it is done, and not every step was taken", run)
    }

    /// What came before a pause is not left out for it; what came in it, is. In the pause nothing went on.
    fn pause_is_kept(&self, sent: &Sent, run: &Value) -> Result<(), String> {
        let Some((from, until)) = self.flows.paused else { return Ok(()) };
        let for_pause = run["why"].as_str().is_some_and(|why| why.contains("paused"));
        if sent.at < from || sent.at > until {
            so(!for_pause, "it came while the workflow was enabled, and was left out for the pause", run)?;
        } else if sent.at > from && sent.at < until {
            so(for_pause && !is_entered(run), "it came while the workflow was paused", run)?;
        }
        let before = |line: &Value| line["before"].as_array().cloned().unwrap_or_default();
        let mut all = lines(run).iter().flat_map(|line| before(line).into_iter().chain([line.clone()]));
        let still = !all.any(|line| (from + 1..until).contains(&at(&line, "at")));
        so(still, "it went on while the workflow was paused", run)
    }

    /// Waits last as long as they are to, whatever restarts meanwhile, and not longer than it takes to be woken.
    fn waits_are_right(&self, run: &Value) -> Result<(), String> {
        for step in WAITS {
            let Some(waited) = line(run, step) else { continue };
            let cancelled = run["state"] == "cancelled";
            so(cancelled || waited["state"] != "waits", "it still waits", run)?;
            let came_about = waited["state"] == "came_about";
            let Some(until) = moment(waited, "until") else {
                so(came_about, "nobody knows how long it waited", run)?;
                continue;
            };
            let of = (run["id"].as_str().unwrap_or_default().to_owned(), step.to_owned());
            let first = self.flows.waits.get(&of).map(String::as_str);
            so(first.is_none_or(|first| waited["until"] == first), "it began to wait anew", run)?;
            let then = at(waited, "at");
            if waited["state"] != "waits" {
                so(came_about || then >= until, "it did not wait", run)?;
                so(then <= self.latest(until), "it waited too long", run)?;
            }
            let before = lines(run).iter().take_while(|line| line["step"] != step).last();
            let began = until - MINUTE;
            so(before.is_none_or(|before| began >= at(before, "at")), "it waited before it came there", run)?;
            if step == "bought" {
                let held = waited["conditions"][0]["holds"] == true;
                so(held == came_about, "what it waited for is not what it saw", run)?;
            }
        }
        Ok(())
    }

    /// When what is due at a moment has gone on at the latest.
    fn latest(&self, due: u64) -> u64 {
        if self.plan.loses.is_some() {
            // Until somebody connects again it stands still.
            return u64::MAX;
        }
        match self.flows.paused {
            Some((from, until)) if due + LATE_MS >= from && due <= until => until + LATE_MS,
            _ => due + LATE_MS,
        }
    }

    /// An event began nothing, for a reason that is one.
    fn is_left_out_rightly(&self, sent: &Sent, run: &Value, runs: &[Value]) -> Result<(), String> {
        let why = run["why"].as_str().unwrap_or_default();
        let decided = at(run, "ended_at");
        let holds = sent.size >= ENOUGH;
        let fits = if why.contains("conditions do not hold") {
            !holds
        } else if why.contains("been through") {
            holds && self.again() == "once"
        } else if let Some((_, other)) = why.split_once("under way already: ") {
            let other = runs.iter().find(|own| own["id"] == other.trim_end_matches('.'));
            let is_active = |other: &Value| {
                let until = moment(other, "ended_at").unwrap_or(u64::MAX);
                other["version"] == run["version"] && at(other, "began_at") <= decided && until >= decided
            };
            holds && other.map_or_else(|| self.somebody_is_erased(), is_active)
        } else if why.contains("paused") {
            self.flows.paused.is_some()
        } else {
            false
        };
        so(fits, "it was left out without a reason", run)
    }

    /// Of a version at most one run of the same is under way at a time; where each goes once, none is the second. What is waited for ends the
    /// wait.
    fn events_are_right(&mut self, runs: &[Value]) -> Result<(), String> {
        let Some(Own { id, .. }) = self.flows.own[OF_EVENTS].clone() else { return Ok(()) };
        let own: Vec<&Value> =
            runs.iter().rev().filter(|run| run["workflow"] == id.as_str() && is_entered(run)).collect();
        // One that waited for its workflow went in when it came to its first step.
        let went_in = |run: &Value| lines(run).first().map_or(u64::MAX, |first| at(first, "at"));
        let mut by_subject: BTreeMap<(String, String), Vec<&Value>> = BTreeMap::new();
        for run in own.iter().filter(|run| !is_tried_again(run)) {
            let of = (run["subject"].to_string(), run["version"].to_string());
            by_subject.entry(of).or_default().push(run);
        }
        for all in by_subject.values_mut() {
            all.sort_by_key(|run| went_in(run));
            for pair in all.windows(2) {
                let over = moment(pair[0], "ended_at").is_some_and(|ended| ended <= went_in(pair[1]));
                so(over, "another of the same is under way", pair[1])?;
            }
        }
        if self.again() == "once" {
            let mut seen = BTreeSet::new();
            let twice = own.iter().find(|run| !seen.insert(run["subject"].to_string()));
            twice.map_or(Ok(()), |run| so(false, "it is the second, and each goes once", run))?;
        }
        for (run, id) in &self.flows.cancelled {
            let Some(run) = own.iter().find(|own| own["id"] == **run) else { continue };
            let after = lines(run).iter().any(|line| line["state"] != "asked" && at(line, "at") > *id);
            so(run["state"] == "cancelled" && !after, "it went on although it was cancelled", run)?;
        }
        self.what_came_about_was_seen(&own)
    }

    /// Whoever bought while a run waited for it was seen to.
    fn what_came_about_was_seen(&mut self, own: &[&Value]) -> Result<(), String> {
        let changes = self.changes_after(0, 0, 1_000)?;
        let of_stage =
            |own: &&Value| own["object_type"] == "contacts" && !own["changed"]["lifecyclestage"].is_null();
        let changes: Vec<&Value> = changes.iter().filter(of_stage).collect();
        for run in own {
            let Some(waited) = line(run, "bought") else { continue };
            let Some(until) = moment(waited, "until") else { continue };
            let became = run["contact"]["reasons"].to_string().contains("became part");
            for change in changes.iter().filter(|own| own["id"] == run["contact"]["record_id"] && !became) {
                let seen = at(change, "at");
                let is_first = change["changed"]["lifecyclestage"]["new"] == "customer"
                    && (until - MINUTE + 1..until).contains(&seen);
                let stays = !changes.iter().any(|other| {
                    other["id"] == change["id"]
                        && other["seq"] != change["seq"]
                        && (seen..=seen + LATE_MS).contains(&at(other, "at"))
                });
                if is_first && stays && waited["state"] != "waits" {
                    let fits = waited["state"] == "came_about" && at(waited, "at") <= self.latest(seen);
                    so(fits, &format!("it did not see {change}"), run)?;
                }
            }
        }
        Ok(())
    }

    /// Whoever changed after the workflow was enabled went through it, no more often than that, and holds what it writes.
    fn changes_are_right(&mut self, runs: &[Value]) -> Result<(), String> {
        let Some(Own { id, enabled_at, told }) = self.flows.own[OF_CHANGES].clone() else { return Ok(()) };
        let own: Vec<&Value> = runs.iter().filter(|run| run["workflow"] == id.as_str()).collect();
        let changes = self.changes_after(0, told, 1_000)?;
        let portal = self.simulator.portal(PORTAL).expect("the account exists");
        let there = |id: u64| view(portal, "contacts", id).filter(|view| view.record.state == State::Live);
        let id_of = |text: &Value| text.as_str().and_then(|text| text.parse::<u64>().ok());
        let kept_out = self.contacts_kept_out();
        let is_new = |id: u64| {
            let made = there(id).and_then(|view| {
                let made = view.values().find(|(name, _)| *name == "createdate")?.1;
                Some(Timestamp::parse_rfc3339(&made)?.0 as u64)
            });
            made.is_some_and(|made| made >= enabled_at)
        };
        let mut touched: BTreeMap<u64, usize> = BTreeMap::new();
        // Who is to have gone through it.
        let mut due: BTreeSet<u64> = BTreeSet::new();
        for change in changes.iter().filter(|own| own["object_type"] == "contacts") {
            let Some(id) = id_of(&change["id"]) else { continue };
            let (is_created, is_updated) = (change["kind"] == "created", change["kind"] == "updated");
            *touched.entry(id).or_default() += usize::from(is_created || is_updated);
            let is_begun = is_updated && !change["changed"]["firstname"].is_null();
            if is_begun || (is_created && is_new(id)) {
                due.insert(id);
            }
        }
        let count = |id: u64| own.iter().filter(|run| run["subject"] == format!("contacts/{id}")).count();
        // While it stands still nothing of that begins anything.
        let stood_still = self.plan.loses.is_some();
        let missed = due
            .iter()
            .find(|id| count(**id) == 0 && there(**id).is_some() && !kept_out.contains(id) && !stood_still);
        if let Some(id) = missed {
            return Err(format!("contact {id} changed, and no run began"));
        }
        let often = touched.iter().find(|(id, changes)| count(**id) > **changes);
        if let Some((id, changes)) = often {
            return Err(format!("contact {id} changed {changes} times, and {} runs began", count(*id)));
        }
        for run in own.iter().filter(|run| line(run, "seen").is_some_and(|line| line["state"] == "done")) {
            let Some(id) = id_of(&run["contact"]["record_id"]) else { continue };
            let last = chain(portal, "contacts", id).pop().unwrap_or(id);
            let holds = there(last).is_none_or(|view| {
                view.values().any(|(name, value)| name == FIELD && value == SEEN) || kept_out.contains(&last)
            });
            so(holds, &format!("contact {last} does not hold what was written"), run)?;
        }
        Ok(())
    }

    /// Nobody went through the workflow of hours more often than an hour began, and each once whoever was a customer all the time.
    fn hours_are_right(&mut self, runs: &[Value]) -> Result<(), String> {
        let Some(Own { id, enabled_at, .. }) = self.flows.own[OF_HOURS].clone() else { return Ok(()) };
        let hour = 60 * MINUTE;
        let begun = |at: u64| (at + AHEAD as u64 * MINUTE - START_MS) / hour;
        let most = (begun(self.now) - begun(enabled_at)) as usize;
        let own: Vec<&Value> = runs.iter().filter(|run| run["workflow"] == id.as_str()).collect();
        let changed: BTreeSet<String> = self
            .changes_after(0, 0, 1_000)?
            .iter()
            .filter(|own| own["kind"] != "updated" || !own["changed"]["lifecyclestage"].is_null())
            .filter(|own| own["kind"] != "created" || at(own, "at") > enabled_at)
            .map(|own| own["id"].as_str().unwrap_or_default().to_owned())
            .collect();
        let portal = self.simulator.portal(PORTAL).expect("the account exists");
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for task in portal.records("tasks", 0) {
            let subject = task.values().find(|(name, _)| *name == "hs_task_subject");
            if let Some((_, subject)) = subject.filter(|(_, subject)| subject.starts_with("flow hour ")) {
                *seen.entry(subject.into_owned()).or_default() += 1;
            }
        }
        if let Some((subject, count)) = seen.iter().find(|(_, count)| **count > most) {
            return Err(format!("{subject:?} is there {count} times, and {most} hours began"));
        }
        let kept_out = self.contacts_kept_out();
        let live = portal.records("contacts", 0).filter(|view| view.record.state == State::Live);
        for view in live.filter(|view| !kept_out.contains(&view.record.id)) {
            let id = view.record.id;
            let all: Vec<&&Value> =
                own.iter().filter(|run| run["subject"] == format!("contacts/{id}")).collect();
            if all.len() > most {
                return Err(format!("contact {id} has {} runs, and {most} hours began", all.len()));
            }
            let is_customer = view.values().any(|own| own.0 == "lifecyclestage" && own.1 == "customer");
            let always = is_customer && !changed.contains(&id.to_string());
            // Whoever is still under way when the next hour begins is left out of it, and of hours that pass before all are known the last counts.
            let is_over = |run: &Value| {
                moment(run, "ended_at").is_some_and(|end| begun(end) == begun(at(run, "began_at")))
            };
            let is_late =
                |run: &Value| (at(run, "began_at") + AHEAD as u64 * MINUTE - START_MS) % hour > WALK_MS;
            let blocked = self.plan.loses.is_some() || all.iter().any(|run| !is_over(run) || is_late(run));
            if always && !blocked && all.len() < most {
                return Err(format!("contact {id} has {} runs, and {most} hours began: {all:?}", all.len()));
            }
        }
        Ok(())
    }

    /// Every task and note of a workflow's is of an event that was sent, or of an hour.
    fn nothing_else_was_made(&self) -> Result<(), String> {
        let portal = self.simulator.portal(PORTAL).expect("the account exists");
        let sent: BTreeSet<&str> = self.flows.sent.iter().map(|sent| sent.id.as_str()).collect();
        for (kind, field) in [("tasks", "hs_task_subject"), ("notes", "hs_note_body")] {
            for view in portal.records(kind, 0) {
                let text = view.values().find(|(name, _)| *name == field).map(|(_, text)| text.into_owned());
                let Some(text) = text.as_deref().and_then(|text| text.strip_prefix("flow ")) else {
                    continue;
                };
                let known = text.split_once(' ').is_some_and(|(step, of)| {
                    step == "hour" || (MAKING.contains(&step) && sent.contains(of))
                });
                if !known {
                    return Err(format!("nobody asked for {kind} {}: {text:?}", view.record.id));
                }
            }
        }
        Ok(())
    }
}
