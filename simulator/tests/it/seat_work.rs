//! A person's work with the person's own token: open tasks found, calls made with their links, tasks completed.

use crate::support::*;
use hubspot_simulator::grants::{App, User};
use hubspot_simulator::rights::{FieldRight, ObjectRights, Reach, Rights};
use hubspot_simulator::{Simulator, Switches};
use serde_json::{Value, json};

/// Grace and Alan, as the account's first owners are.
const GRACE: u64 = 9_000_031;
const OWNER_GRACE: &str = "40001117";
const OWNER_ALAN: &str = "40002234";
const SCOPES: [&str; 3] = ["oauth", "crm.objects.contacts.read", "crm.objects.contacts.write"];
const OBJECTS: &str = "/crm/objects/2026-09";
/// Call to contact, as HubSpot numbers it.
const CALL_TO_CONTACT: u32 = 194;

/// One account with Grace's user-level token, a contact and an open call task of each of both.
struct Seat {
    sim: Simulator,
    now_ms: u64,
    token: String,
    contacts: [String; 2],
    tasks: [String; 2],
}

impl Seat {
    fn new(rights: Rights) -> Self {
        let switches = Switches { search_lag_max_ms: 0, search_lag_min_ms: 0, ..Switches::default() };
        let mut sim = hubspot(switches, 0);
        sim.put_app(App {
            app_id: 10,
            client_id: "seats".into(),
            client_secret: "seats-secret".into(),
            user_level: true,
            optional_scopes: SCOPES.map(str::to_owned).to_vec(),
            ..app()
        });
        sim.put_user(User {
            user_id: GRACE,
            email: "grace@example.com".into(),
            portals: [PORTAL].into(),
            super_admin: false,
            rights: [(PORTAL, rights)].into(),
            ..User::default()
        });
        let (portal, mut turn) = sim.portal_turn(PORTAL, NOON).unwrap();
        let mut made = |kind: &str, values: &[(&str, &str)]| {
            portal.create_record(&mut turn, kind, values).unwrap().to_string()
        };
        let contacts = [OWNER_GRACE, OWNER_ALAN]
            .map(|owner| made("contacts", &[("firstname", "Kim"), ("hubspot_owner_id", owner)]));
        let tasks = [OWNER_GRACE, OWNER_ALAN].map(|owner| {
            made(
                "tasks",
                &[
                    ("hs_timestamp", "2026-11-20T09:00:00Z"),
                    ("hs_task_subject", "Call Kim"),
                    ("hs_task_type", "CALL"),
                    ("hs_task_status", "NOT_STARTED"),
                    ("hubspot_owner_id", owner),
                ],
            )
        });
        let code = sim.approve(NOON, 10, PORTAL, GRACE, &SCOPES, REDIRECT);
        let pairs = [
            ("client_id", "seats"),
            ("client_secret", "seats-secret"),
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", REDIRECT),
        ];
        let body = json_of(&sim.handle(NOON, &post_form("/oauth/2026-09/token", &pairs)).unwrap());
        let token = body["access_token"].as_str().unwrap_or_else(|| panic!("{body}")).to_owned();
        Self { sim, now_ms: NOON, token, contacts, tasks }
    }

    fn call(&mut self, method: &str, path: &str, body: Value) -> (u16, Value) {
        self.now_ms += 300;
        let request = with_token(json_request(method, path, &body), &self.token);
        let answer = self.sim.handle(self.now_ms, &request).unwrap();
        (answer.status, json_of(&answer))
    }

    /// Ids of the open call tasks of an owner.
    fn open(&mut self, owner: &str) -> Vec<String> {
        let filter = |name: &str, operator: &str, value: &str| json!({"propertyName": name, "operator": operator, "value": value});
        let body = json!({
            "filterGroups": [{"filters": [
                filter("hubspot_owner_id", "EQ", owner),
                filter("hs_task_status", "NEQ", "COMPLETED"),
                filter("hs_task_type", "EQ", "CALL"),
            ]}],
            "sorts": [{"propertyName": "hs_timestamp", "direction": "ASCENDING"}],
            "properties": ["hs_task_subject"],
        });
        let (status, body) = self.call("POST", &format!("{OBJECTS}/tasks/search"), body);
        assert_eq!(status, 200, "{body}");
        let ids = body["results"].as_array().unwrap().iter();
        ids.map(|own| own["id"].as_str().unwrap().to_owned()).collect()
    }

    fn log_call(&mut self, contact: &str) -> (u16, Value) {
        let link = json!([{"to": {"id": contact}, "types": [
            {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": CALL_TO_CONTACT}]}]);
        let body = json!({"associations": link, "properties": {
            "hs_timestamp": "2026-11-20T12:00:00Z",
            "hs_call_title": "Call with Kim",
            "hs_call_duration": "61000",
            "hs_call_status": "COMPLETED",
            "hs_call_disposition": "f240bbac-87c9-4f6e-bf70-924b57d47db7",
            "hs_call_recording_url": "https://example.com/1",
            "hubspot_owner_id": OWNER_GRACE,
        }});
        self.call("POST", &format!("{OBJECTS}/calls"), body)
    }

    fn complete(&mut self, task: &str) -> u16 {
        let body = json!({"properties": {"hs_task_status": "COMPLETED"}});
        self.call("PATCH", &format!("{OBJECTS}/tasks/{task}"), body).0
    }
}

fn owned(kinds: &[&str]) -> Rights {
    let own = ObjectRights { view: Reach::Owned, edit: Reach::Owned, ..ObjectRights::default() };
    Rights {
        objects: kinds.iter().map(|kind| ((*kind).to_owned(), own.clone())).collect(),
        ..Rights::default()
    }
}

#[test]
fn a_seat_finds_its_open_tasks_logs_a_call_and_completes_the_task() {
    let mut seat = Seat::new(owned(&["tasks"]));
    let [task, _] = seat.tasks.clone();
    assert_eq!(seat.open(OWNER_GRACE), [task.as_str()]);
    let [contact, _] = seat.contacts.clone();
    let (status, body) = seat.log_call(&contact);
    assert_eq!(status, 201, "{body}");
    let call = body["id"].as_str().unwrap().to_owned();
    let links = seat.call("GET", &format!("{OBJECTS}/calls/{call}/associations/contacts"), Value::Null).1;
    assert_eq!(links["results"][0]["toObjectId"], json!(contact));
    assert_eq!(seat.complete(&task), 200);
    assert_eq!(seat.open(OWNER_GRACE).len(), 0);
    let portal = seat.sim.portal(PORTAL).unwrap();
    assert_eq!(portal.written("calls", call.parse().unwrap()).creates, 1);
    assert_eq!(portal.written("tasks", task.parse().unwrap()).changes, 1);
}

#[test]
fn tasks_of_others_are_nobodys_to_a_seat_that_may_see_its_own_only() {
    let mut seat = Seat::new(owned(&["tasks"]));
    let [own, other] = seat.tasks.clone();
    assert_eq!(seat.open(OWNER_ALAN).len(), 0);
    assert_eq!(seat.complete(&other), 404);
    let read = json!({"inputs": [{"id": own}, {"id": other}], "properties": ["hs_task_status"]});
    let (status, body) = seat.call("POST", &format!("{OBJECTS}/tasks/batch/read"), read);
    assert_eq!((status, body["results"].as_array().unwrap().len()), (207, 1));
    let update = json!({"inputs": [{"id": other, "properties": {"hs_task_status": "COMPLETED"}}]});
    let (status, body) = seat.call("POST", &format!("{OBJECTS}/tasks/batch/update"), update);
    assert_eq!((status, body["results"].as_array().unwrap().len()), (207, 0));
    let written = seat.sim.portal(PORTAL).unwrap().written("tasks", other.parse().unwrap());
    assert_eq!(written, hubspot_simulator::Written::default());
}

#[test]
fn a_seat_sees_but_may_not_complete_what_its_rights_keep_it_from() {
    let rights = ObjectRights { view: Reach::All, edit: Reach::Owned, ..ObjectRights::default() };
    let mut seat = Seat::new(Rights { objects: [("tasks".to_owned(), rights)].into(), ..Rights::default() });
    let [_, other] = seat.tasks.clone();
    assert_eq!(seat.open(OWNER_ALAN), [other.as_str()]);
    assert_eq!(seat.complete(&other), 403);
    let fields = [("hs_task_status".to_owned(), FieldRight::View)].into();
    let rights = Rights { fields: [("tasks".to_owned(), fields)].into(), ..Rights::default() };
    let mut seat = Seat::new(rights);
    let [own, _] = seat.tasks.clone();
    assert_eq!(seat.complete(&own), 403);
}

#[test]
fn a_call_is_made_only_with_links_the_seat_may_set_to_contacts_it_may_see() {
    let mut seat = Seat::new(owned(&["contacts"]));
    let [_, hidden] = seat.contacts.clone();
    let (status, body) = seat.log_call(&hidden);
    assert_eq!((status, &body["message"]), (400, &json!("One or more associations are invalid")));
    let mut seat = Seat::new(Rights { edit_associations: false, ..Rights::default() });
    let [contact, _] = seat.contacts.clone();
    assert_eq!(seat.log_call(&contact).0, 403);
    let none = ObjectRights { create: false, ..ObjectRights::default() };
    let mut seat = Seat::new(Rights { objects: [("calls".to_owned(), none)].into(), ..Rights::default() });
    let [contact, _] = seat.contacts.clone();
    assert_eq!(seat.log_call(&contact).0, 403);
    assert_eq!(seat.sim.portal(PORTAL).unwrap().live_count("calls"), 0);
}
