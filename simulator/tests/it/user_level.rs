//! User-level apps: a token may do what its user may do, no more (`hubspot-api.md` 2.8).

use crate::support::*;
use hubspot_simulator::grants::{App, User};
use hubspot_simulator::rights::{FieldRight, ObjectRights, Reach, Rights};
use hubspot_simulator::switches::{HiddenRecord, HiddenValue, RefusedField};
use hubspot_simulator::{Simulator, Switches};
use serde_json::{Value, json};

/// Grace of the team Customer Success; Alan, of no team; Ada, of both teams: as the account's first owners are.
const GRACE: u64 = 9_000_031;
const ALAN: u64 = 9_000_062;
const OWNER_GRACE: &str = "40001117";
const OWNER_ALAN: &str = "40002234";
const OWNER_ADA: &str = "40003351";

const SCOPES: [&str; 4] =
    ["oauth", "crm.objects.contacts.read", "crm.objects.contacts.write", "crm.objects.companies.read"];
const CONTACTS: &str = "/crm/objects/2026-09/contacts";

/// One account with both kinds of app, and contacts of Grace (`g`), Alan (`a`), Ada (`t`, in Grace's team) and nobody (`n`).
struct Account {
    sim: Simulator,
    now_ms: u64,
    ids: [String; 4],
}

impl Account {
    fn new(rights: Rights, switches: Switches) -> Self {
        let mut sim = hubspot(Switches { search_lag_max_ms: 0, search_lag_min_ms: 0, ..switches }, 0);
        sim.put_app(App {
            app_id: 10,
            client_id: "seats".into(),
            client_secret: "seats-secret".into(),
            user_level: true,
            optional_scopes: SCOPES.map(str::to_owned).to_vec(),
            ..app()
        });
        for (user_id, email) in [(GRACE, "grace@example.com"), (ALAN, "alan@example.com")] {
            sim.put_user(User {
                user_id,
                email: email.into(),
                portals: [PORTAL].into(),
                super_admin: false,
                rights: [(PORTAL, rights.clone())].into(),
                ..User::default()
            });
        }
        let mut account = Self { sim, now_ms: NOON, ids: Default::default() };
        for (at, owner) in
            [Some(OWNER_GRACE), Some(OWNER_ALAN), Some(OWNER_ADA), None].into_iter().enumerate()
        {
            let email = format!("c{at}@example.com");
            let mut values = vec![("email", email.as_str()), ("firstname", "Kim"), ("phone", "+1 5")];
            values.extend(owner.map(|id| ("hubspot_owner_id", id)));
            let (portal, mut turn) = account.sim.portal_turn(PORTAL, NOON).unwrap();
            account.ids[at] = portal.create_record(&mut turn, "contacts", &values).unwrap().to_string();
        }
        account
    }

    fn limited(view: Reach, edit: Reach) -> Rights {
        let own = ObjectRights { view, edit, ..ObjectRights::default() };
        Rights { objects: [("contacts".to_owned(), own)].into(), ..Rights::default() }
    }

    /// Access and refresh token of an app for a user.
    fn tokens(&mut self, client: &str, user_id: u64) -> (String, String) {
        let (app_id, secret) = if client == "seats" { (10, "seats-secret") } else { (9, SECRET) };
        let code = self.sim.approve(self.now_ms, app_id, PORTAL, user_id, &SCOPES, REDIRECT);
        let pairs = [
            ("client_id", client),
            ("client_secret", secret),
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", REDIRECT),
        ];
        let answer = self.sim.handle(self.now_ms, &post_form("/oauth/2026-09/token", &pairs)).unwrap();
        let body = json_of(&answer);
        let text = |name: &str| body[name].as_str().unwrap_or_else(|| panic!("{body}")).to_owned();
        (text("access_token"), text("refresh_token"))
    }

    fn call(&mut self, token: &str, method: &str, path: &str, body: Value) -> (u16, Value) {
        // Spread out, so that limits stay out of the way.
        self.now_ms += 300;
        let request = with_token(json_request(method, path, &body), token);
        let answer = self.sim.handle(self.now_ms, &request).unwrap();
        (answer.status, json_of(&answer))
    }

    /// The places of the contacts that a list shows.
    fn listed(&mut self, token: &str) -> Vec<usize> {
        let (status, body) = self.call(token, "GET", CONTACTS, Value::Null);
        assert_eq!(status, 200, "{body}");
        self.places(&body)
    }

    fn places(&self, body: &Value) -> Vec<usize> {
        let all = body["results"].as_array().unwrap_or_else(|| panic!("{body}"));
        let mut places: Vec<usize> =
            all.iter().map(|own| self.ids.iter().position(|id| own["id"] == id.as_str()).unwrap()).collect();
        places.sort_unstable();
        places
    }
}

const SECRET: &str = "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy";

#[test]
fn a_list_shows_what_its_user_may_see_and_both_kinds_of_app_live_together() {
    for (view, unassigned, grace, alan) in [
        (Reach::All, false, vec![0, 1, 2, 3], vec![0, 1, 2, 3]),
        (Reach::Team, false, vec![0, 2], vec![1]),
        (Reach::Owned, false, vec![0], vec![1]),
        (Reach::Owned, true, vec![0, 3], vec![1, 3]),
        (Reach::None, true, vec![], vec![]),
    ] {
        let mut rights = Account::limited(view, Reach::All);
        rights.objects.get_mut("contacts").unwrap().unassigned = unassigned;
        let mut account = Account::new(rights, Switches::default());
        let (hers, _) = account.tokens("seats", GRACE);
        let (his, _) = account.tokens("seats", ALAN);
        // The ordinary app's token, authorised by the same person, sees everything.
        let (whole, _) = account.tokens("client", GRACE);
        assert_eq!(account.listed(&hers), grace, "{view:?}");
        assert_eq!(account.listed(&his), alan, "{view:?}");
        assert_eq!(account.listed(&whole), [0, 1, 2, 3], "{view:?}");
    }
}

#[test]
fn a_record_that_its_user_may_not_see_is_nowhere() {
    let mut account = Account::new(Account::limited(Reach::Owned, Reach::Owned), Switches::default());
    let (token, _) = account.tokens("seats", GRACE);
    let ids = account.ids.clone();
    let one = |id: &str| format!("{CONTACTS}/{id}");
    assert_eq!(account.call(&token, "GET", &one(&ids[0]), Value::Null).0, 200);
    let (status, body) = account.call(&token, "GET", &one(&ids[1]), Value::Null);
    assert_eq!((status, body["message"].as_str()), (404, Some("resource not found")));
    let by_email = format!("{CONTACTS}/c1@example.com?idProperty=email");
    assert_eq!(account.call(&token, "GET", &by_email, Value::Null).0, 404);
    let inputs = json!({"inputs": ids.iter().map(|id| json!({"id": id})).collect::<Vec<_>>()});
    let (status, body) = account.call(&token, "POST", &format!("{CONTACTS}/batch/read"), inputs);
    assert_eq!((status, account.places(&body)), (207, vec![0]));
    assert_eq!(body["errors"][0]["category"], "OBJECT_NOT_FOUND");
    let (status, body) = account.call(&token, "POST", &format!("{CONTACTS}/search"), json!({"limit": 10}));
    assert_eq!((status, &body["total"], account.places(&body)), (200, &json!(1), vec![0]));
    assert_eq!(account.call(&token, "PATCH", &one(&ids[1]), json!({"properties": {"city": "Rome"}})).0, 404);
}

#[test]
fn links_show_only_between_records_that_its_user_may_see() {
    let rights = Rights {
        objects: [("companies".to_owned(), ObjectRights { view: Reach::Owned, ..Default::default() })].into(),
        ..Rights::default()
    };
    let mut account = Account::new(rights, Switches::default());
    let contact: u64 = account.ids[0].parse().unwrap();
    let (portal, mut turn) = account.sim.portal_turn(PORTAL, NOON).unwrap();
    let seen = [("domain", "a.example"), ("hubspot_owner_id", OWNER_GRACE)];
    let seen = portal.create_record(&mut turn, "companies", &seen).unwrap();
    let hidden = portal.create_record(&mut turn, "companies", &[("domain", "b.example")]).unwrap();
    for company in [seen, hidden] {
        let add = json!({"portal_id": PORTAL, "from_type": "contacts", "from": contact, "to_type": "companies", "to": company});
        let answer =
            account.sim.handle(NOON, &json_request("POST", "/__control/associations/add", &add)).unwrap();
        assert_eq!(answer.status, 200, "{}", text_of(&answer));
    }
    let (token, _) = account.tokens("seats", GRACE);
    let list = format!("{CONTACTS}/{contact}/associations/companies");
    let (status, body) = account.call(&token, "GET", &list, Value::Null);
    assert_eq!((status, body["results"].as_array().unwrap().len()), (200, 1), "{body}");
    assert_eq!(body["results"][0]["toObjectId"], seen.to_string());
    let read = "/crm/associations/2026-09/companies/contacts/batch/read";
    let inputs = json!({"inputs": [{"id": seen.to_string()}, {"id": hidden.to_string()}]});
    let (status, body) = account.call(&token, "POST", read, inputs);
    assert_eq!((status, body["results"].as_array().unwrap().len()), (207, 1), "{body}");
    assert_eq!(body["errors"][0]["subCategory"], "crm.associations.NO_ASSOCIATIONS_FOUND");
    let hidden_list = format!("/crm/objects/2026-09/companies/{hidden}/associations/contacts");
    assert_eq!(account.call(&token, "GET", &hidden_list, Value::Null).0, 404);
}

#[test]
fn a_field_its_user_may_not_see_is_absent_and_one_not_to_be_edited_is_refused() {
    let fields = [("phone".to_owned(), FieldRight::None), ("jobtitle".to_owned(), FieldRight::View)];
    let rights = Rights { fields: [("contacts".to_owned(), fields.into())].into(), ..Rights::default() };
    let mut account = Account::new(rights, Switches::default());
    let (token, _) = account.tokens("seats", GRACE);
    let one = format!("{CONTACTS}/{}?properties=phone,firstname", account.ids[0]);
    let (_, body) = account.call(&token, "GET", &one, Value::Null);
    assert_eq!((&body["properties"]["firstname"], body["properties"].get("phone")), (&json!("Kim"), None));
    account.sim.switches.user_level_hidden_value = HiddenValue::Null;
    let (_, body) = account.call(&token, "GET", &one, Value::Null);
    assert_eq!(body["properties"].get("phone"), Some(&Value::Null));
    // Neither a filter nor a definition tells of it.
    let filter =
        json!({"filterGroups": [{"filters": [{"propertyName": "phone", "operator": "HAS_PROPERTY"}]}]});
    assert_eq!(account.call(&token, "POST", &format!("{CONTACTS}/search"), filter).0, 400);
    assert_eq!(account.call(&token, "GET", "/crm/properties/2026-09/contacts/phone", Value::Null).0, 404);
    let (_, all) = account.call(&token, "GET", "/crm/properties/2026-09/contacts", Value::Null);
    let names: Vec<&str> =
        all["results"].as_array().unwrap().iter().map(|own| own["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"jobtitle") && !names.contains(&"phone"));
    let one = format!("{CONTACTS}/{}", account.ids[0]);
    for name in ["phone", "jobtitle"] {
        let (status, body) = account.call(&token, "PATCH", &one, json!({"properties": {name: "9"}}));
        assert_eq!((status, &body["category"]), (403, &json!("USER_DOES_NOT_HAVE_PERMISSIONS")), "{name}");
    }
    assert_eq!(account.call(&token, "PATCH", &one, json!({"properties": {"city": "Rome"}})).0, 200);
    account.sim.switches.user_level_refused_field = RefusedField::ReadOnly;
    let (status, body) = account.call(&token, "PATCH", &one, json!({"properties": {"phone": "9"}}));
    assert_eq!((status, &body["errors"][0]["code"]), (400, &json!("READ_ONLY_VALUE")));
    let (_, body) = account.call(&token, "GET", &format!("{one}?properties=jobtitle"), Value::Null);
    assert_eq!(body["properties"]["jobtitle"], Value::Null);
}

#[test]
fn writes_reach_as_far_as_the_right_to_them() {
    let mut rights = Account::limited(Reach::All, Reach::Owned);
    let own = rights.objects.get_mut("contacts").unwrap();
    (own.delete, own.create) = (Reach::Owned, false);
    let mut account = Account::new(rights, Switches::default());
    let (token, _) = account.tokens("seats", GRACE);
    let ids = account.ids.clone();
    let new = json!({"properties": {"email": "new@example.com"}});
    assert_eq!(account.call(&token, "POST", CONTACTS, new.clone()).0, 403);
    let change = json!({"properties": {"city": "Rome"}});
    assert_eq!(account.call(&token, "PATCH", &format!("{CONTACTS}/{}", ids[0]), change.clone()).0, 200);
    let (status, body) = account.call(&token, "PATCH", &format!("{CONTACTS}/{}", ids[1]), change);
    assert_eq!((status, &body["category"]), (403, &json!("USER_DOES_NOT_HAVE_PERMISSIONS")));
    let input =
        |at: usize| json!({"id": ids[at], "properties": {"city": "Oslo"}, "objectWriteTraceId": ids[at]});
    let update = format!("{CONTACTS}/batch/update");
    let (status, body) = account.call(&token, "POST", &update, json!({"inputs": [input(0), input(1)]}));
    assert_eq!((status, account.places(&body)), (207, vec![0]), "{body}");
    let archive = format!("{CONTACTS}/batch/archive");
    let of = |at: usize| json!({"inputs": [{"id": ids[at]}]});
    assert_eq!(account.call(&token, "POST", &archive, of(1)).0, 403);
    assert_eq!(account.call(&token, "POST", &archive, of(0)).0, 204);
    assert_eq!(account.listed(&token), [1, 2, 3]);
    let erase = json!({"objectId": ids[2]});
    assert_eq!(account.call(&token, "POST", &format!("{CONTACTS}/gdpr-delete"), erase).0, 403);
}

#[test]
fn lists_owners_pipelines_and_every_delete_refuse_the_kind_of_token() {
    let mut account = Account::new(Rights::default(), Switches::default());
    let (token, _) = account.tokens("seats", GRACE);
    let delete = format!("{CONTACTS}/{}", account.ids[0]);
    let refused = [
        ("GET", "/crm/lists/2026-09/1"),
        ("POST", "/crm/lists/2026-09/search"),
        ("GET", "/crm/owners/2026-09"),
        ("GET", "/crm/pipelines/2026-09/deals"),
        ("DELETE", delete.as_str()),
        ("DELETE", "/appinstalls/2026-09/external-install"),
    ];
    for (method, path) in refused {
        let (status, body) = account.call(&token, method, path, Value::Null);
        let message = body["message"].as_str();
        let expected = "User level OAuth token is not allowed for this endpoint";
        assert_eq!((status, message), (403, Some(expected)), "{method} {path}");
        assert_eq!(body.get("category"), None, "{method} {path}");
    }
    // With the switch, what the token lacks comes first.
    account.sim.switches.user_level_refused_before_scopes = false;
    let (status, body) = account.call(&token, "GET", "/crm/owners/2026-09", Value::Null);
    assert_eq!((status, &body["category"]), (403, &json!("MISSING_SCOPES")));
    let (whole, _) = account.tokens("client", GRACE);
    assert_eq!(account.call(&whole, "DELETE", &delete, Value::Null).0, 204);
}

#[test]
fn introspection_tells_the_kind() {
    let mut account = Account::new(Rights::default(), Switches::default());
    for (client, secret, user_level) in [("seats", "seats-secret", true), ("client", SECRET, false)] {
        let (token, _) = account.tokens(client, GRACE);
        let pairs = [("client_id", client), ("client_secret", secret), ("token", token.as_str())];
        let answer = account
            .sim
            .handle(account.now_ms, &post_form("/oauth/2026-09/token/introspect", &pairs))
            .unwrap();
        assert_eq!(json_of(&answer)["signed_access_token"]["isUserLevel"], user_level);
    }
}

#[test]
fn a_change_of_rights_and_a_removal_hold_from_the_next_call_on() {
    let mut account = Account::new(Rights::default(), Switches::default());
    let (token, refresh) = account.tokens("seats", GRACE);
    let (whole, _) = account.tokens("client", GRACE);
    assert_eq!(account.listed(&token), [0, 1, 2, 3]);
    let control = |account: &mut Account, path: &str, body: Value| {
        let answer = account.sim.handle(account.now_ms, &json_request("POST", path, &body)).unwrap();
        assert_eq!(answer.status, 200, "{}", text_of(&answer));
        json_of(&answer)
    };
    let owned = json!({"objects": {"contacts": {"view": "owned"}}});
    let asked = json!({"user_id": GRACE, "portal_id": PORTAL, "rights": owned});
    control(&mut account, "/__control/users/rights", asked);
    assert_eq!(account.listed(&token), [0]);
    // Whose record it is, is asked at every call too.
    let taken: u64 = account.ids[0].parse().unwrap();
    let (portal, mut turn) = account.sim.portal_turn(PORTAL, account.now_ms).unwrap();
    portal.edit_record(&mut turn, "contacts", taken, &[("hubspot_owner_id", OWNER_ALAN)]).unwrap();
    assert_eq!(account.listed(&token), [0_usize; 0]);
    let gone =
        control(&mut account, "/__control/users/remove", json!({"user_id": GRACE, "portal_id": PORTAL}));
    assert_eq!(gone["removed"], true);
    let (status, body) = account.call(&token, "GET", CONTACTS, Value::Null);
    assert_eq!((status, &body["category"]), (401, &json!("INVALID_AUTHENTICATION")));
    let pairs = [
        ("client_id", "seats"),
        ("client_secret", "seats-secret"),
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh.as_str()),
    ];
    let answer = account.sim.handle(account.now_ms, &post_form("/oauth/2026-09/token", &pairs)).unwrap();
    assert_eq!(json_of(&answer)["status"], "BAD_REFRESH_TOKEN");
    // The account's own grant is not the person's.
    assert_eq!(account.listed(&whole), [0, 1, 2, 3]);
    account.sim.switches.account_grants_outlive_user = false;
    assert_eq!(account.call(&whole, "GET", CONTACTS, Value::Null).0, 401);
}

#[test]
fn a_single_read_may_be_forbidden_and_a_type_may_be_closed_by_switch() {
    let switches = Switches {
        user_level_hidden_record: HiddenRecord::Forbidden,
        user_level_no_view_is_403: true,
        ..Switches::default()
    };
    let mut account = Account::new(Account::limited(Reach::Owned, Reach::Owned), switches);
    let (token, _) = account.tokens("seats", GRACE);
    let hidden = format!("{CONTACTS}/{}", account.ids[1]);
    assert_eq!(account.call(&token, "GET", &hidden, Value::Null).0, 403);
    assert_eq!(account.listed(&token), [0]);
    let mut user = User { user_id: GRACE, email: "grace@example.com".into(), ..User::default() };
    user.portals = [PORTAL].into();
    user.super_admin = false;
    user.rights = [(PORTAL, Account::limited(Reach::None, Reach::None))].into();
    account.sim.put_user(user);
    assert_eq!(account.call(&token, "GET", CONTACTS, Value::Null).0, 403);
}

/// What the approval page answers to a person.
fn approval(sim: &mut Simulator, email: &str, client: &str) -> (u16, String) {
    let login = [("email", email), ("password", "hubspot"), ("next", "/")];
    let signed_in = sim.handle(NOON, &post_form("/login", &login)).unwrap();
    let cookie = signed_in.header("set-cookie").unwrap().to_owned();
    let url = authorize_url("s").replace("client_id=client", &format!("client_id={client}"));
    let url = url.replace("/oauth/", &format!("/oauth/{PORTAL}/"));
    let page = sim.handle(NOON, &with_header(get(&url), "cookie", &cookie)).unwrap();
    (page.status, text_of(&page))
}

#[test]
fn anybody_may_authorise_a_user_level_app_and_only_admins_an_ordinary_one() {
    let mut account = Account::new(Rights::default(), Switches::default());
    assert_eq!(approval(&mut account.sim, "grace@example.com", "client").0, 403);
    let (status, page) = approval(&mut account.sim, "grace@example.com", "seats");
    assert_eq!(status, 200);
    assert!(page.contains("with your own permissions"), "{page}");
    let mut marketplace = User {
        user_id: GRACE,
        email: "grace@example.com".into(),
        portals: [PORTAL].into(),
        ..User::default()
    };
    (marketplace.super_admin, marketplace.marketplace_access) = (false, true);
    account.sim.put_user(marketplace);
    assert_eq!(approval(&mut account.sim, "grace@example.com", "client").0, 200);
    // A person without a right to contacts cannot hand it on.
    let none =
        json!({"user_id": ALAN, "portal_id": PORTAL, "rights": {"objects": {"contacts": {"view": "none"}}}});
    account.sim.handle(NOON, &json_request("POST", "/__control/users/rights", &none)).unwrap();
    assert_eq!(approval(&mut account.sim, "alan@example.com", "seats").0, 403);
    account.sim.switches.user_level_apps = false;
    assert_eq!(approval(&mut account.sim, "ada@example.com", "seats").0, 400);
}

#[test]
fn the_pages_list_the_users_of_an_account_and_what_they_may() {
    let fields = [("phone".to_owned(), FieldRight::None)];
    let mut rights = Account::limited(Reach::Team, Reach::Owned);
    rights.fields = [("contacts".to_owned(), fields.into())].into();
    let mut account = Account::new(rights, Switches::default());
    let login = text_of(&account.sim.handle(NOON, &get("/login?next=/")).unwrap());
    for person in ["ada@example.com (super admin)", "grace@example.com (user)", "alan@example.com (user)"] {
        assert!(login.contains(person), "{person}: {login}");
    }
    let home = text_of(&account.sim.handle(NOON, &get("/__control/")).unwrap());
    assert!(
        home.contains("contacts: view their team&#39;s, edit their own")
            || home.contains("view their team's, edit their own"),
        "{home}"
    );
    assert!(home.contains("contacts.phone: hidden"), "{home}");
}
