//! Scores in a life: accounts that the host scores, runs in the middle of everything, and the promise that in the end each company holds
//! what the host said last, whatever became of the runs before.

use std::collections::BTreeSet;

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

use super::{World, account::APP};

/// What it takes besides the rights to write companies.
pub const IMPORT: &str = "crm.import";
/// Accounts, each of a company of its own at first.
const ACCOUNTS: usize = 5;
/// The property in which HubSpot keeps the score.
const PROPERTY: &str = "spoke_intent_score";

fn domain(number: usize) -> String {
    format!("lifescore{number}.example")
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

    /// Every run has its end, the last a good one; each company of an account holds its score; no file was started twice.
    pub(super) fn scores_are_right(&mut self) -> Result<(), String> {
        if !self.plan.scores {
            return Ok(());
        }
        let Told::Page { results, .. } = self.ask_scores(|| Scores::Runs { before: None, limit: 50 }) else {
            return Err("no runs".to_owned());
        };
        let runs: Vec<Value> = serde_json::from_str(&results).expect("JSON");
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
        }
        let companies = self.truth_of(ObjectType::Companies);
        for (number, score) in self.scores.clone() {
            let domain = domain(number);
            let text = |values: &Value, name: &str| values[name].as_str().unwrap_or_default().to_owned();
            let own: Vec<String> = companies
                .values()
                .filter(|values| {
                    let further = text(values, "hs_additional_domains");
                    text(values, "domain") == domain || further.split(';').any(|own| own == domain)
                })
                .map(|values| text(values, PROPERTY))
                .collect();
            if !own.is_empty() && !own.contains(&score.to_string()) {
                return Err(format!(
                    "the company of account {number} holds {own:?} and not {score}: {}",
                    runs[0]
                ));
            }
        }
        let imports = self.control("GET", "imports", &Value::Null);
        let mut names = BTreeSet::new();
        for import in imports["results"].as_array().expect("imports") {
            if import["app_id"] == APP && !names.insert(import["name"].to_string()) {
                return Err(format!("a file was started twice: {imports}"));
            }
        }
        Ok(())
    }
}
