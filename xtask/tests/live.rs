//! `cargo xtask live` against the simulator: it settles each switch it asks about, in whichever position that stands, and leaves
//! nothing behind.

use hubspot_simulator::{
    Simulator, Switches,
    http::Request as Wire,
    switches::{ListAfter, MergedId, OverLimit},
};
use serde_json::{Value, json};
use spoke::values::http::{Body, Outcome, Request, Response};
use xtask::live::{self, Finding, Verdict, hubspot::HubSpot};

const PORTAL: u64 = 7_001;

/// The simulator in this process, under a clock of its own.
struct Simulated {
    simulator: Simulator,
    token: String,
    now: u64,
}

impl Simulated {
    fn new(switches: Switches) -> Self {
        let mut simulated =
            Self { simulator: Simulator::new(1, switches), token: String::new(), now: 1_795_132_800_000 };
        let settings = json!({ "hubspot_properties": 40 });
        let account = json!({
            "portal_id": PORTAL, "settings": settings, "contacts": 240, "companies": 20, "deals": 5,
            "associations": true,
        });
        simulated.control("POST", "portals", &account);
        let list = json!({ "portal_id": PORTAL, "name": "There before", "members": 30 });
        simulated.control("POST", "lists/create", &list);
        simulated.now += 3_600_000;
        let made = simulated.control("POST", "private-tokens", &json!({ "portal_id": PORTAL }));
        let token = made["token"].as_str().expect("a token is made").to_owned();
        Self { token, ..simulated }
    }

    fn control(&mut self, method: &str, path: &str, body: &Value) -> Value {
        let request = Wire {
            method: method.to_owned(),
            path: format!("/__control/{path}"),
            query: String::new(),
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: if body.is_null() { Vec::new() } else { body.to_string().into_bytes() },
        };
        let answer = self.simulator.handle(self.now, &request).expect("the control API answers");
        assert!(answer.status < 300, "{path}: {}", String::from_utf8_lossy(&answer.body));
        serde_json::from_slice(&answer.body).expect("its answers are JSON")
    }

    /// Live records of each type, and lists.
    fn contents(&mut self) -> Vec<Value> {
        let counts = ["contacts", "companies", "deals"].map(|kind| format!("{kind}/count"));
        let mut all: Vec<Value> = counts.iter().map(|call| self.control("GET", call, &Value::Null)).collect();
        all.push(self.control("GET", "lists", &Value::Null));
        all
    }
}

impl HubSpot for Simulated {
    fn send(&mut self, request: Request) -> Outcome {
        self.now += 250;
        let token = request.bearer.as_ref().map_or(self.token.as_str(), |token| token.expose());
        let mut headers = vec![("authorization".to_owned(), format!("Bearer {token}"))];
        let body = match request.body {
            Body::Json(json) => {
                headers.push(("content-type".to_owned(), "application/json".to_owned()));
                json.into_bytes()
            }
            Body::Empty => Vec::new(),
            Body::Form(_) | Body::Multipart { .. } => panic!("nothing here sends a form"),
        };
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        let wire = Wire {
            method: request.method.as_str().to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers,
            body,
        };
        self.simulator.handle(self.now, &wire).map_or(Outcome::Unanswered, |answer| {
            Outcome::Answered(Response { status: answer.status, headers: answer.headers, body: answer.body })
        })
    }

    fn wait_ms(&mut self, ms: u64) {
        self.now += ms;
    }

    fn now_ms(&self) -> u64 {
        self.now
    }
}

fn of<'a>(found: &'a [Finding], switch: &str) -> &'a Finding {
    let asked = format!("switch `{switch}`");
    found
        .iter()
        .find(|finding| finding.asked == asked)
        .unwrap_or_else(|| panic!("{switch} was not asked about"))
}

#[test]
fn a_simulated_hubspot_is_as_assumed_and_left_as_it_was() {
    let mut simulated = Simulated::new(Switches::default());
    let before = simulated.contents();
    let found = live::ask_all(&mut simulated, true);
    let wrong: Vec<&Finding> = found.iter().filter(|finding| finding.verdict == Verdict::Differs).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(simulated.contents(), before);
    let settled = found.iter().filter(|finding| finding.verdict == Verdict::Holds).count();
    assert!(settled >= 45, "{settled} of {}", found.len());
    let open: Vec<&Finding> = found.iter().filter(|finding| finding.verdict == Verdict::Open).collect();
    assert!(open.iter().all(|finding| finding.asked.contains("`restore_")), "{open:#?}");
    let refused = simulated.control("GET", "counters", &Value::Null)["limits"]["refused"].clone();
    assert_eq!(refused.as_array().map(Vec::len), Some(0), "it met a limit: {refused}");
}

#[test]
fn each_switch_that_stands_otherwise_is_seen() {
    let mut simulated = Simulated::new(Switches {
        list_after: ListAfter::ExclusiveId,
        over_limit: OverLimit::Clamped,
        search_sorts_ids_as_text: true,
        batch_read_merged: MergedId::NotFound,
        archive_unknown_is_404: false,
        contact_needs_a_name_or_email: false,
        association_archive_is_204: true,
        association_ids_are_numbers: true,
        first_company_becomes_primary: false,
        url_limit_bytes: 5_000,
        list_search_tells_times: false,
        list_version_counts_members: true,
        list_member_page: 100,
        list_members_sort_as_text: true,
        list_members_per_call: 250,
        association_batch_create_replaces: true,
        deal_merge_keeps_primary_id: true,
        search_lag_min_ms: 60_000,
        search_lag_max_ms: 90_000,
        ..Switches::default()
    });
    let found = live::ask_all(&mut simulated, true);
    for (switch, seen) in [
        ("list_after", "ExclusiveId"),
        ("over_limit", "Clamped"),
        ("search_sorts_ids_as_text", "true"),
        ("batch_read_merged", "NotFound"),
        ("archive_unknown_is_404", "false"),
        ("contact_needs_a_name_or_email", "false"),
        ("association_archive_is_204", "true"),
        ("association_ids_are_numbers", "true"),
        ("first_company_becomes_primary", "false"),
        ("url_limit_bytes", "0 bytes pass"),
        ("list_search_tells_times", "false"),
        ("list_version_counts_members", "true"),
        ("list_member_page", "100"),
        ("list_members_sort_as_text", "true"),
        ("list_members_per_call", "250"),
        ("association_batch_create_replaces", "true"),
        ("deal_merge_keeps_primary_id", "true"),
    ] {
        let finding = of(&found, switch);
        assert_eq!(finding.verdict, Verdict::Differs, "{finding:?}");
        assert!(finding.seen.starts_with(seen), "{finding:?}");
    }
    let lag = found.iter().find(|finding| finding.asked.starts_with("search shows")).unwrap();
    assert_eq!(lag.verdict, Verdict::Differs, "{lag:?}");
    let cleaned = found.last().unwrap();
    assert_eq!(cleaned.verdict, Verdict::Holds, "{cleaned:?}");
}

#[test]
fn a_run_that_only_reads_changes_nothing() {
    let mut simulated = Simulated::new(Switches { list_after: ListAfter::Opaque, ..Switches::default() });
    simulated.control("GET", "counters", &Value::Null);
    let found = live::ask_all(&mut simulated, false);
    assert!(of(&found, "list_after").seen.starts_with("Opaque"));
    let counters = simulated.control("GET", "counters", &Value::Null);
    let calls: Vec<&str> =
        counters["calls"].as_array().unwrap().iter().filter_map(|call| call["endpoint"].as_str()).collect();
    let writes = |call: &&str| {
        ["create", "archive", "merge", "delete", "upsert"].iter().any(|word| call.contains(word))
    };
    assert!(!calls.is_empty() && !calls.iter().any(writes), "{calls:?}");
}

#[test]
fn the_table_names_no_token_and_breaks_on_no_value() {
    let found = [Finding::new("a | b", false, "x\ny"), Finding::open("c", "why")];
    let table = live::table("2026-11-21", PORTAL, true, &found);
    assert!(table.contains("| a \\| b | **differs** | x y |\n| c | open | why |\n"), "{table}");
}
