//! Scores in a life: accounts that the host scores, runs in the middle of everything, and the promise that in the end each company holds
//! what the host said last, whatever became of the runs before.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use spoke::{
    engine::portal::{
        messages::{Answer, Command},
        scores::{
            Fields, Settings,
            commands::{Answer as Told, Command as Scores, NewAccount},
        },
    },
    values::{ids::ObjectType, score::Names},
};

use super::World;

/// What it takes besides the rights to write companies.
pub const IMPORT: &str = "crm.import";
/// Accounts, each of a company of its own at first.
const ACCOUNTS: usize = 5;
/// The property in which HubSpot keeps the score.
const PROPERTY: &str = "spoke_intent_score";

/// Longest of the people's own imports: a poll or two of one that waits.
const OCCUPIED_MS: u64 = 200_000;

fn domain(number: usize) -> String {
    format!("lifescore{number}.example")
}

/// What an import that left was called.
fn name_of(upload: &str) -> &str {
    let rest = upload.split_once("\"name\":\"").map_or("", |(_, rest)| rest);
    rest.split('"').next().unwrap_or_default()
}

impl World {
    fn ask_scores(&mut self, command: impl Fn() -> Scores) -> Told {
        match self.insist(|| Command::Score(command())) {
            Answer::Score(told) => told,
            other => panic!("about no score but {other:?}"),
        }
    }

    /// The account's people have companies that the host knows; the host turns its scores on.
    pub(super) fn turn_scores_on(&mut self) {
        if !self.plan.scores {
            return;
        }
        for number in 0..ACCOUNTS {
            let domain = domain(number);
            let company = json!({ "properties": { "name": domain, "domain": domain } });
            self.change(ObjectType::Companies, "create", company);
        }
        let settings = Settings { on: true, hour: 2, fields: Fields::Managed, names: Names::default() };
        self.ask_scores(|| Scores::Set(settings.clone()));
        self.ask_scores(|| Scores::Create);
    }

    /// The host has scored some accounts anew, and somebody has them sent, which is refused while a run is under way.
    pub(super) fn score_some(&mut self) {
        if !self.plan.scores {
            return;
        }
        self.scored += 1;
        let round = self.scored;
        let all = (0..ACCOUNTS).filter(|number| round == 1 || !(number + round).is_multiple_of(3));
        let accounts: Vec<NewAccount> = all
            .map(|number| {
                let Value::Object(scores) = json!({ "intent_score": round * 100 + number }) else {
                    unreachable!("it is an object")
                };
                self.scores.insert(number, round * 100 + number);
                let id = format!("score{number}").parse().expect("an id");
                NewAccount { id, domains: vec![domain(number)], scores }
            })
            .collect();
        let told = self.ask_scores(|| Scores::Put(accounts.clone()));
        assert!(matches!(told, Told::Json(_)), "{told:?}");
        self.ask_scores(|| Scores::RunNow { full: round.is_multiple_of(2) });
        // Before the first read is over nothing runs.
        if self.plan.imports && round > 1 {
            self.get_in_the_way(round);
        }
    }

    /// People import files of their own, and a scored company becomes part of another, while its row is on the way.
    fn get_in_the_way(&mut self, round: usize) {
        for _ in 0..self.rng.u32(0..=3) {
            let lasts_ms = self.rng.u64(10_000..OCCUPIED_MS);
            self.control("POST", "imports/occupy", &json!({ "lasts_ms": lasts_ms }));
        }
        // One that was scored just now.
        let own = domain((round + 1) % ACCOUNTS);
        let companies = self.truth_of(ObjectType::Companies);
        let Some((other, _)) = companies.into_iter().find(|(_, values)| values["domain"] == *own) else {
            return;
        };
        let buyer = format!("lifebuyer{round}.example");
        let buyer = json!({ "properties": { "name": buyer, "domain": buyer } });
        let primary = self.change(ObjectType::Companies, "create", buyer);
        self.change(ObjectType::Companies, "merge", json!({ "primary": primary, "other": other }));
    }

    /// The runs there were, the newest first.
    pub fn score_runs(&mut self) -> Vec<Value> {
        let Told::Page { results, .. } = self.ask_scores(|| Scores::Runs { before: None, limit: 50 }) else {
            panic!("no runs")
        };
        serde_json::from_str(&results).expect("JSON")
    }

    /// When nothing happens any more, what was scored last is sent: a run that is under way does not have it yet.
    pub(super) fn send_scores_at_last(&mut self) -> Result<(), String> {
        if !self.plan.scores {
            return Ok(());
        }
        let mut told = None;
        for _ in 0..48 {
            let Told::Json(settings) = self.ask_scores(|| Scores::Settings) else { panic!("no settings") };
            let settings: Value = serde_json::from_str(&settings).expect("JSON");
            if settings["ready"] == true {
                match self.ask_scores(|| Scores::RunNow { full: false }) {
                    Told::Json(_) => return Ok(()),
                    other => told = Some(other),
                }
            } else if settings["creating"] == false {
                // What HubSpot refused before it may take now.
                self.ask_scores(|| Scores::Create);
            }
            self.pass(5);
        }
        Err(format!("no run begins within four hours: {told:?}"))
    }

    /// Every run has its end, the last a good one; each company of an account holds its score; no file was started twice, and one that was
    /// sent again had the same bytes.
    pub(super) fn scores_are_right(&mut self) -> Result<(), String> {
        if !self.plan.scores {
            return Ok(());
        }
        let runs = self.score_runs();
        if let Some(run) = runs.iter().find(|run| run["ended_at"].is_null()) {
            return Err(format!("a run has no end: {run}"));
        }
        if runs[0]["state"] != "done" || runs[0]["counts"]["failed"] != 0 {
            return Err(format!("the last run is not a good one: {}", runs[0]));
        }
        for run in &runs {
            let counts = &run["counts"];
            let sum: u64 = ["sent", "unchanged", "unmatched", "doubles", "unfit", "failed"]
                .iter()
                .map(|name| counts[name].as_u64().expect("a number"))
                .sum();
            if run["state"] == "done" && counts["accounts"].as_u64() != Some(sum) {
                return Err(format!("a run's counts do not add up: {run}"));
            }
            let updates = |file: &Value| file["way"] == "batch_update";
            if self.plan.imports && run["files"].as_array().is_some_and(|files| files.iter().any(updates)) {
                return Err(format!("a file went as the connection may not: {run}"));
            }
        }
        let companies = self.truth_of(ObjectType::Companies);
        let text = |values: &Value, name: &str| values[name].as_str().unwrap_or_default().to_owned();
        let is_called = |values: &Value, domain: &str| {
            text(values, "domain") == domain
                || text(values, "hs_additional_domains").split(';').any(|own| own == domain)
        };
        for number in self.scores.keys() {
            let own: Vec<&Value> =
                companies.values().filter(|values| is_called(values, &domain(*number))).collect();
            // Of two accounts that have become one company the first counts.
            let is_right = |values: &&Value| {
                let mut first =
                    self.scores.range(..=*number).filter(|(one, _)| is_called(values, &domain(**one)));
                first.any(|(_, score)| text(values, PROPERTY) == score.to_string())
            };
            if !own.is_empty() && !own.iter().any(is_right) {
                let held: Vec<String> = own.iter().map(|values| text(values, PROPERTY)).collect();
                return Err(format!(
                    "the company of account {number} holds {held:?} and not its score: {}",
                    runs[0]
                ));
            }
        }
        let mut sent = BTreeMap::new();
        for upload in &self.uploads {
            let name = name_of(&upload.1);
            if sent.insert(name, upload).is_some_and(|before| before != upload) {
                return Err(format!("`{name}` was sent again with other bytes"));
            }
        }
        let imports = self.control("GET", "imports", &Value::Null);
        let mut names = BTreeSet::new();
        for import in imports["results"].as_array().expect("imports") {
            // The others are of people.
            if import["app_id"] != 0 && !names.insert(import["name"].to_string()) {
                return Err(format!("a file was started twice: {imports}"));
            }
        }
        Ok(())
    }
}
