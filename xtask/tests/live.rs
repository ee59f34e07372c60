//! `cargo xtask live` against the simulator: it settles each switch it asks about, in whichever position that stands, says why of the
//! others, and leaves nothing behind.

use std::collections::BTreeSet;

use hubspot_simulator::{
    Endpoint, Fault, Rule, Simulator, Switches, Tier,
    http::Request as Wire,
    switches::{BlankCell, CreationKey, ErrorLine, ListAfter, MergedId, OverLimit, PropertyCreation},
};
use serde_json::{Value, json};
use spoke::values::{
    http::{Outcome, Request, Response},
    secret::Secret,
};
use xtask::live::{self, Finding, Verdict, hubspot::HubSpot, reasons};

const PORTAL: u64 = 7_001;

/// The simulator in this process, under a clock of its own.
struct Simulated {
    simulator: Simulator,
    token: String,
    now: u64,
}

impl Simulated {
    /// An account outside `na1` that has something of everything, with the tier.
    fn new(switches: Switches, tier: Tier) -> Self {
        let mut simulated =
            Self { simulator: Simulator::new(1, switches), token: String::new(), now: 1_795_132_800_000 };
        let settings = json!({ "hubspot_properties": 120, "tier": tier, "hublet": "eu1" });
        let account = json!({
            "portal_id": PORTAL, "settings": settings, "contacts": 240, "companies": 20, "deals": 5,
            "associations": true,
        });
        simulated.control("POST", "portals", &account);
        let list = json!({ "portal_id": PORTAL, "name": "There before", "members": 30 });
        simulated.control("POST", "lists/create", &list);
        for kind in ["tasks", "calls", "notes"] {
            simulated.control("POST", &format!("{kind}/seed"), &json!({ "portal_id": PORTAL, "count": 12 }));
        }
        let pipeline = json!({ "id": "second", "label": "Second", "stages": [
            { "id": "second_open", "label": "Open", "metadata": { "probability": "0.5", "isClosed": "false" } },
        ] });
        simulated.control("POST", "pipelines/put", &json!({ "portal_id": PORTAL, "pipeline": pipeline }));
        let cars = json!({
            "portal_id": PORTAL, "name": "cars", "singular": "Car", "plural": "Cars", "properties": ["name"],
        });
        simulated.control("POST", "schemas/define", &cars);
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

    fn api(&mut self, path: &str) -> Value {
        let headers = vec![("authorization".to_owned(), format!("Bearer {}", self.token))];
        let request = Wire { method: "GET".to_owned(), path: path.to_owned(), headers, ..Wire::default() };
        let answer = self.simulator.handle(self.now, &request).expect("the API answers");
        serde_json::from_slice(&answer.body).expect("its answers are JSON")
    }

    /// Live records of each type, lists, what contacts have, custom events, and imports that go on.
    fn contents(&mut self) -> Vec<Value> {
        let counts = ["contacts", "companies", "deals", "tasks"].map(|kind| format!("{kind}/count"));
        let mut all: Vec<Value> = counts.iter().map(|call| self.control("GET", call, &Value::Null)).collect();
        all.push(self.control("GET", "lists", &Value::Null));
        for path in ["properties/2026-09/contacts", "properties/2026-09/contacts/groups"] {
            let listed = self.api(&format!("/crm/{path}"));
            all.push(json!(listed["results"].as_array().expect("a list").len()));
        }
        all.push(self.api("/events/custom/2026-09/event-definitions")["results"].clone());
        let imports = self.control("GET", "imports", &Value::Null);
        let open = |own: &&Value| own["state"] == "STARTED" || own["state"] == "PROCESSING";
        all.push(json!(imports["results"].as_array().expect("a list").iter().filter(open).count()));
        all
    }

    fn handle(&mut self, request: &Request) -> Outcome {
        let token = request.bearer.as_ref().map_or(self.token.as_str(), |token| token.expose());
        let mut headers = Vec::new();
        if !token.is_empty() {
            headers.push(("authorization".to_owned(), format!("Bearer {token}")));
        }
        headers
            .extend(request.body.content_type().map(|kind| ("content-type".to_owned(), kind.into_owned())));
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        let wire = Wire {
            method: request.method.as_str().to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers,
            body: request.body.text().as_bytes().to_vec(),
        };
        self.simulator.handle(self.now, &wire).map_or(Outcome::Unanswered, |answer| {
            Outcome::Answered(Response { status: answer.status, headers: answer.headers, body: answer.body })
        })
    }
}

impl HubSpot for Simulated {
    fn send(&mut self, request: Request) -> Outcome {
        self.now += 250;
        self.handle(&request)
    }

    fn send_at_once(&mut self, requests: Vec<Request>) -> Vec<Outcome> {
        requests.iter().map(|request| self.handle(request)).collect()
    }

    fn token(&self) -> Secret<String> {
        Secret::new(self.token.clone())
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

/// Whether everything that a run made is gone, by its own word.
fn cleaned(found: &[Finding]) -> &Finding {
    let asked = "everything made here is gone again";
    found.iter().find(|finding| finding.asked == asked).expect("it looks")
}

/// Each switch that is asked about, stood otherwise than assumed: in which of [`otherwise`], and how what is seen of it begins.
const OTHERWISE: [(&str, usize, &str); 47] = [
    ("list_after", 0, "ExclusiveId"),
    ("short_page_one_in", 1, ""),
    ("over_limit", 0, "Clamped"),
    ("url_limit_bytes", 0, "0 bytes pass"),
    ("search_sorts_ids_as_text", 0, "true"),
    ("search_lag_min_ms", 1, "the first within "),
    ("search_lag_max_ms", 0, "the last not before "),
    ("reads_know_new_after_ms", 0, "2"),
    ("archive_shows_after_ms", 0, "2"),
    ("batch_read_merged", 0, "NotFound"),
    ("batch_update_merged", 0, "NotFound"),
    ("creation_key", 0, "Writable"),
    ("deal_needs_pipeline_of_several", 0, "true"),
    ("property_creation", 1, "Forbidden"),
    ("writes_know_property_after_ms", 0, "2"),
    ("deal_merge_keeps_primary_id", 0, "true"),
    ("first_company_becomes_primary", 0, "false"),
    ("association_batch_create_replaces", 0, "true"),
    ("association_archive_is_204", 0, "true"),
    ("association_ids_are_numbers", 0, "true"),
    ("association_batch_page", 0, "100"),
    ("list_version_counts_members", 0, "true"),
    ("list_search_tells_times", 0, "false"),
    ("list_member_page", 0, "100"),
    ("list_members_sort_as_text", 0, "true"),
    ("list_members_per_call", 0, "250"),
    ("archive_unknown_is_404", 0, "false"),
    ("new_ids_out_of_order", 0, "true"),
    ("contact_needs_a_name_or_email", 0, "false"),
    ("invalid_client_status", 0, "401"),
    ("token_info_abroad_needs_bearer", 0, "false"),
    ("import_start_ms", 0, "19"),
    ("import_rows_per_second", 0, "4"),
    ("import_rows", 0, "1048577 rows are taken"),
    ("import_blank_cell", 0, "Clears"),
    ("import_bad_value_drops_row", 0, "true"),
    ("import_unknown_error_one_in", 1, ""),
    ("import_error_line", 0, "OfRows"),
    ("import_touches_unchanged", 0, "true"),
    ("import_follows_merged", 0, "true"),
    ("custom_events_tier", 1, "Enterprise"),
    ("custom_event_uuid_is_unique", 0, "false"),
    ("limits_enforced", 1, "false"),
    ("ten_secondly_limit", 0, "Some(500)"),
    ("daily_limit", 0, "Some(400000)"),
    ("search_per_second", 0, "8"),
    ("refused_calls_count", 0, "true"),
];

/// Two accounts, for what would hide something else.
fn otherwise() -> [Simulated; 2] {
    let most = Switches {
        list_after: ListAfter::ExclusiveId,
        over_limit: OverLimit::Clamped,
        url_limit_bytes: 5_000,
        search_sorts_ids_as_text: true,
        search_lag_min_ms: 60_000,
        search_lag_max_ms: 90_000,
        reads_know_new_after_ms: 3_000,
        archive_shows_after_ms: 3_000,
        batch_read_merged: MergedId::NotFound,
        batch_update_merged: MergedId::NotFound,
        creation_key: CreationKey::Writable,
        deal_needs_pipeline_of_several: true,
        writes_know_property_after_ms: 3_000,
        deal_merge_keeps_primary_id: true,
        first_company_becomes_primary: false,
        association_batch_create_replaces: true,
        association_archive_is_204: true,
        association_ids_are_numbers: true,
        association_batch_page: 100,
        list_version_counts_members: true,
        list_search_tells_times: false,
        list_member_page: 100,
        list_members_sort_as_text: true,
        list_members_per_call: 250,
        archive_unknown_is_404: false,
        new_ids_out_of_order: true,
        contact_needs_a_name_or_email: false,
        invalid_client_status: 401,
        token_info_abroad_needs_bearer: false,
        import_start_ms: 20_000,
        import_rows_per_second: 100,
        import_rows: 2_000_000,
        import_blank_cell: BlankCell::Clears,
        import_bad_value_drops_row: true,
        import_error_line: ErrorLine::OfRows,
        import_touches_unchanged: true,
        import_follows_merged: true,
        custom_event_uuid_is_unique: false,
        ten_secondly_limit: Some(500),
        daily_limit: Some(400_000),
        search_per_second: 8,
        refused_calls_count: true,
        ..Switches::default()
    };
    let rest = Switches {
        short_page_one_in: 2,
        search_lag_min_ms: 0,
        search_lag_max_ms: 2_000,
        property_creation: PropertyCreation::Forbidden,
        import_unknown_error_one_in: 40,
        custom_events_tier: Tier::Enterprise,
        limits_enforced: false,
        ..Switches::default()
    };
    [Simulated::new(most, Tier::Enterprise), Simulated::new(rest, Tier::Professional)]
}

fn every_switch() -> BTreeSet<String> {
    let all = serde_json::to_value(Switches::default()).expect("switches are JSON");
    all.as_object().expect("an object").keys().cloned().collect()
}

#[test]
fn a_simulated_hubspot_is_as_assumed_and_left_as_it_was() {
    let mut simulated = Simulated::new(Switches::default(), Tier::Enterprise);
    let before = simulated.contents();
    let found = live::ask_all(&mut simulated, true);
    let wrong: Vec<&Finding> = found.iter().filter(|finding| finding.verdict == Verdict::Differs).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(simulated.contents(), before);
    let settled = found.iter().filter(|finding| finding.verdict == Verdict::Holds).count();
    assert!(settled >= 95, "{settled} of {}", found.len());
    let has_reason = |finding: &&Finding| reasons::ALL.iter().any(|(name, _)| finding.is_of(name));
    let open = found.iter().filter(|finding| finding.verdict == Verdict::Open);
    let open: Vec<&Finding> = open.filter(|finding| !has_reason(finding)).collect();
    assert!(open.iter().all(|finding| finding.is_of("custom_events_tier")), "{open:#?}");
    let counters = simulated.control("GET", "counters", &Value::Null);
    let refused = counters["limits"]["refused"].as_array().unwrap();
    assert!(
        refused.iter().all(|own| own["policy"] == "SECONDLY"),
        "it met a limit besides search's: {refused:?}"
    );
}

#[test]
fn an_account_of_professional_tells_who_has_custom_events() {
    let mut simulated = Simulated::new(Switches::default(), Tier::Professional);
    let found = live::records::ask(&mut simulated);
    assert_eq!(of(&found, "custom_events_tier").verdict, Verdict::Holds);
    // What occurred is shown to Enterprise alone.
    assert_eq!(of(&found, "custom_event_uuid_is_unique").verdict, Verdict::Open);
    assert_eq!(cleaned(&found).verdict, Verdict::Holds);
}

#[test]
fn each_switch_is_asked_about_or_has_its_reason() {
    let asked: BTreeSet<String> = OTHERWISE.iter().map(|(name, ..)| (*name).to_owned()).collect();
    let reasoned: BTreeSet<String> = reasons::ALL.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!((asked.len(), reasoned.len()), (OTHERWISE.len(), reasons::ALL.len()), "one stands twice");
    assert_eq!(asked.intersection(&reasoned).next(), None);
    assert_eq!(asked.union(&reasoned).cloned().collect::<BTreeSet<_>>(), every_switch());
}

#[test]
fn each_switch_that_stands_otherwise_is_seen() {
    let found = otherwise().map(|mut simulated| {
        let before = simulated.contents();
        let found = live::ask_all(&mut simulated, true);
        assert_eq!(simulated.contents(), before);
        assert_eq!(cleaned(&found).verdict, Verdict::Holds, "{:?}", cleaned(&found));
        found
    });
    for (switch, account, seen) in OTHERWISE {
        let finding = of(&found[account], switch);
        assert_eq!(finding.verdict, Verdict::Differs, "{finding:?}");
        assert!(finding.seen.starts_with(seen), "{finding:?}");
    }
}

#[test]
fn a_table_has_a_line_for_each_switch_whatever_was_asked() {
    for disposable in [false, true] {
        let mut simulated = Simulated::new(Switches::default(), Tier::Enterprise);
        let found = live::ask_all(&mut simulated, disposable);
        for switch in every_switch() {
            let lines: Vec<&Finding> = found.iter().filter(|finding| finding.is_of(&switch)).collect();
            assert_eq!(lines.len(), 1, "{lines:?}");
            assert_ne!(lines[0].seen, reasons::NOT_COME_TO, "{switch}");
            if let Some((_, why)) = reasons::ALL.iter().find(|(name, _)| *name == switch) {
                assert_eq!((&lines[0].verdict, lines[0].seen.as_str()), (&Verdict::Open, *why));
            }
        }
    }
}

#[test]
fn what_was_made_goes_also_where_questions_fail() {
    let mut simulated = Simulated::new(Switches::default(), Tier::Enterprise);
    let before = simulated.contents();
    let broken = Fault::Status { status: 500, after_commit: false };
    for endpoint in
        [Endpoint::Merge, Endpoint::AssociationBatchRead, Endpoint::ListMembers, Endpoint::EventSend]
    {
        simulated.simulator.faults.add(Rule::next(1_000, broken).at(endpoint));
    }
    let half = Fault::Status { status: 500, after_commit: true };
    simulated.simulator.faults.add(Rule::next(1_000, half).at(Endpoint::ImportErrors));
    let found = live::ask_all(&mut simulated, true);
    for switch in
        ["batch_read_merged", "association_batch_page", "list_member_page", "custom_event_uuid_is_unique"]
    {
        assert_eq!(of(&found, switch).verdict, Verdict::Open, "{:?}", of(&found, switch));
    }
    assert_eq!(cleaned(&found).verdict, Verdict::Holds, "{:?}", cleaned(&found));
    simulated.simulator.faults.clear();
    assert_eq!(simulated.contents(), before);
}

#[test]
fn no_question_rests_on_spokes_client() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/live");
    let mut looked_at = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        // Spoke's own requests and readers are what the contract is about.
        if ["contract.rs", "beside.rs", "mod.rs"].contains(&name.as_str()) {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        for client in ["spoke::hubspot", " hubspot::{", "hubspot::objects", "spoke::engine"] {
            assert!(!text.contains(client), "{name} has `{client}`");
        }
        looked_at += 1;
    }
    assert!(looked_at >= 10, "{looked_at} files");
}

#[test]
fn a_run_that_only_reads_changes_nothing() {
    let switches = Switches { list_after: ListAfter::Opaque, ..Switches::default() };
    let mut simulated = Simulated::new(switches, Tier::Enterprise);
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
