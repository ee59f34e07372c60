//! HubSpot's side of a life: the account, the app, the wire, and people at work.

use hubspot_simulator::{
    Endpoint,
    faults::{Fault, Rule},
    http as wire,
    problem::Policy,
    webhooks::{Delivery, Subscription},
};
use serde_json::{Value, json};
use spoke::{
    engine::{
        limiter::messages::Gauges,
        portal::{
            messages::{Account, Answer, Command, Connect, Renewal, Touch},
            trial::Trial,
        },
    },
    hubspot::{account, oauth, webhooks},
    values::{
        http::{Body, Method, Outcome, Request, Response},
        ids::{AppKey, ConnectionId, ObjectType, PortalId, WorkspaceId},
        secret::Secret,
        time::Timestamp,
    },
};

use super::{
    plan::{CLIENT_ID, CLIENT_SECRET, Loss, OWN_SECRET, Plan},
    world::{Call, MINUTE, What, World},
};

/// The account every life is about.
pub const PORTAL: u64 = 4_385_110;
/// The app's id at HubSpot.
pub const APP: u64 = 77;
pub(super) const CALLBACK: &str = "https://spoke.example/oauth/callback";
const WEBHOOKS: &str = "https://spoke.example/webhooks/hubspot/main";

impl World {
    /// Calls the simulator's control API.
    pub fn control(&mut self, method: &str, path: &str, body: &Value) -> Value {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let request = wire::Request {
            method: method.to_owned(),
            path: format!("/__control/{path}"),
            query: query.to_owned(),
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: if body.is_null() { Vec::new() } else { body.to_string().into_bytes() },
        };
        let answer = self.simulator.handle(self.now, &request).expect("the control API answers");
        if method != "GET" && self.plan.webhooks {
            // Somebody has to look when the webhooks of what changed are ready.
            self.at(self.now + self.plan.switches.webhook_gather_ms + 1, What::Look);
        }
        assert!(answer.status < 300, "{method} {path}: {}", String::from_utf8_lossy(&answer.body));
        serde_json::from_slice(&answer.body).unwrap_or(Value::Null)
    }

    /// Changes one contact as a person does (`edit`, `archive`, `merge`, …, see the control API); the id that results.
    pub fn contact(&mut self, change: &str, body: Value) -> String {
        self.change(ObjectType::Contacts, change, body)
    }

    /// Changes one record of any type, likewise.
    pub fn change(&mut self, kind: ObjectType, change: &str, body: Value) -> String {
        let answer = self.control("POST", &format!("{kind}/{change}"), &body);
        answer["id"].as_str().expect("a change answers with an id").to_owned()
    }

    /// Calls HubSpot's own API with a token of the account's, as its people do with other tools.
    pub fn by_tool(&mut self, method: &str, path: &str, body: &Value) {
        let made = self.control("POST", "private-tokens", &json!({ "portal_id": PORTAL }));
        let token = made["token"].as_str().expect("a token is made");
        let request = wire::Request {
            method: method.to_owned(),
            path: path.to_owned(),
            query: String::new(),
            headers: vec![
                ("authorization".to_owned(), format!("Bearer {token}")),
                ("content-type".to_owned(), "application/json".to_owned()),
            ],
            body: if body.is_null() { Vec::new() } else { body.to_string().into_bytes() },
        };
        let answer = self.simulator.handle(self.now, &request).expect("HubSpot answers");
        assert!(answer.status < 300, "{method} {path}: {}", String::from_utf8_lossy(&answer.body));
    }

    /// How many of the calls from number `from` on have a name that ends so.
    pub fn counted(&self, from: usize, end_of_name: &str) -> usize {
        self.calls[from..].iter().filter(|call| call.name.ends_with(end_of_name)).count()
    }

    pub(super) fn furnish(&mut self) {
        let Plan { settings, shape, contacts, companies, deals, links, .. } = &self.plan;
        let account = json!({
            "portal_id": PORTAL, "settings": settings, "shape": shape, "contacts": contacts,
            "companies": companies.unwrap_or(0), "deals": deals.unwrap_or(0), "associations": links,
        });
        self.control("POST", "portals", &account);
        self.furnish_further();
        self.furnish_lists();
        self.furnish_flows();
        self.put_app(CLIENT_SECRET);
        self.control(
            "POST",
            "users",
            &json!({ "user_id": 9, "email": "admin@example.com", "portals": [PORTAL] }),
        );
        let mut faults = json!({ "lost_one_in": self.plan.webhooks_lost_one_in });
        if self.plan.webhook_faults {
            faults = json!({
                "duplicate_one_in": 4, "delay_max_ms": 40_000, "reorder": true, "forged_one_in": 5, "stale_one_in": 5,
                "same_event_id_one_in": 3, "lost_one_in": self.plan.webhooks_lost_one_in,
            });
        }
        self.control("PUT", "webhook-faults", &faults);
    }

    /// Configures the app at HubSpot, with this secret.
    pub fn put_app(&mut self, client_secret: &str) {
        let each_edit = self.plan.told_at_once.then(|| Subscription::contacts(&["phone"]));
        let subscriptions = [
            Subscription::contacts(&["firstname", "email", "lifecyclestage"]),
            each_edit.unwrap_or_default(),
            Subscription::companies(&["name", "domain"]),
            Subscription::deals(&["dealname", "dealstage", "amount"]),
            self.further_subscriptions(),
        ]
        .concat();
        let target = self.plan.webhooks.then_some(WEBHOOKS);
        let app = json!({
            "app_id": APP, "name": "Spoke", "client_id": CLIENT_ID, "client_secret": client_secret,
            "redirect_uris": [CALLBACK], "target_url": target, "subscriptions": subscriptions,
            "required_scopes": self.plan.scopes(),
        });
        self.control("POST", "apps", &app);
    }

    /// What the front does at the callback: exchanges a code, and hands the connection to its object.
    pub fn connect(&mut self, object: usize) {
        if let Some(token) = self.plan.token {
            return self.connect_by_token(object, token);
        }
        let app = self.plan.config().apps[0].clone();
        let scopes = self.plan.scopes();
        let code = self.simulator.approve(self.now, APP, PORTAL, 9, &scopes, CALLBACK);
        let outcome = self.send(&oauth::exchange(&app, &code, CALLBACK));
        let Outcome::Answered(answer) = outcome else { panic!("no answer to the exchange") };
        let tokens = oauth::parse_tokens(&answer.body).expect("the exchange succeeds");
        let connect = Connect {
            connection: ConnectionId::from_random([object as u8 + 1; 12]),
            workspace: WorkspaceId::from_random([object as u8 + 100; 12]),
            app: app.key,
            at: Timestamp(self.now as i64),
            user: tokens.user_id,
            account: self.account(),
            scopes: tokens.scopes,
            access_token: tokens.access.expose().clone(),
            renewal: Some(Renewal {
                refresh_token: tokens.refresh.expect("an exchange brings a refresh token").expose().clone(),
                expires_in_ms: tokens.expires_in_ms,
            }),
            private_app: None,
            webhook_secret: None,
        };
        self.command_to(object, Command::Connect(Box::new(connect))).expect("connecting meets no fault");
        self.follow_all(object);
    }

    /// What the front knows of the account as it connects it; where nothing goes by the account's clock, what it knows if HubSpot did not say.
    fn account(&self) -> Account {
        let ahead = if self.plan.flows { self.plan.settings.utc_offset_minutes } else { 0 };
        let utc_offset_ms = i64::from(ahead) * MINUTE as i64;
        Account { portal: PortalId(PORTAL), name: None, ui_domain: None, utc_offset_ms }
    }

    /// What the front does with a private app's token: asks what it is, and hands the connection to its object.
    fn connect_by_token(&mut self, object: usize, token: &str) {
        let asked = json!({ "portal_id": PORTAL, "token": token, "scopes": self.plan.scopes() });
        self.control("POST", "private-tokens", &asked);
        let token = Secret::new(token.to_owned());
        let Outcome::Answered(answer) = self.send(&account::token_info(&token)) else { panic!("no answer") };
        let info = account::parse_token_info(&answer.body).expect("the token is known");
        let connect = Connect {
            connection: ConnectionId::from_random([object as u8 + 1; 12]),
            workspace: WorkspaceId::from_random([object as u8 + 100; 12]),
            app: AppKey::token(),
            at: Timestamp(self.now as i64),
            user: None,
            account: self.account(),
            scopes: info.scopes,
            access_token: token.expose().clone(),
            renewal: None,
            private_app: info.app_id,
            webhook_secret: self.plan.own_webhooks.then(|| OWN_SECRET.to_owned()),
        };
        self.command_to(object, Command::Connect(Box::new(connect))).expect("connecting meets no fault");
        self.follow_all(object);
    }

    /// The token that is used from the next connect on.
    pub fn put_token(&mut self, token: &'static str) {
        self.plan.token = Some(token);
    }

    /// The customer edits what the token may do.
    pub fn scopes_of_token(&mut self, scopes: &[&str]) {
        let token = self.plan.token.expect("the connection is by token");
        self.control("POST", "private-tokens/scopes", &json!({ "token": token, "scopes": scopes }));
    }

    /// What came of the newest test of the connection.
    pub fn trial(&mut self) -> Option<Trial> {
        match self.command(Command::Trial) {
            Some(Answer::Trial(trial)) => trial,
            other => panic!("no trial but {other:?}"),
        }
    }

    /// How much of HubSpot's limits the first connection has used.
    pub fn gauges(&mut self) -> Gauges {
        let app = self.status().windows;
        let now = Timestamp(self.now as i64);
        self.limiter.as_mut().expect("the limiter was asked").gauges(now, &app)
    }

    /// Ends the authorisation that is there now.
    pub fn farewell(&mut self, uninstall: bool, revoke: bool) {
        let of = self.status().connected_at;
        self.command(Command::Disconnect { of, uninstall, revoke });
    }

    /// Likewise of another connection than the first.
    pub fn farewell_of(&mut self, object: usize, uninstall: bool, revoke: bool) {
        let of = self.status_of(object).connected_at;
        self.command_to(object, Command::Disconnect { of, uninstall, revoke });
    }

    pub(super) fn set_faults(&mut self) {
        if self.plan.fault_one_in == 0 {
            return;
        }
        let mut faults = vec![
            Fault::RateLimited { policy: Policy::TenSecondlyRolling },
            Fault::RateLimited { policy: Policy::Secondly },
            Fault::RateLimited { policy: Policy::Daily },
            Fault::ExpiredToken,
            Fault::Locked,
            Fault::Moved { retry_after_s: 7 },
            Fault::Status { status: 500, after_commit: false },
            Fault::Status { status: 503, after_commit: false },
            Fault::Status { status: 502, after_commit: true },
            Fault::NoAnswer { after_commit: false },
            Fault::NoAnswer { after_commit: true },
            Fault::Html,
            Fault::Truncated,
        ];
        if self.plan.rejects {
            faults.extend([400, 403, 414].map(|status| Fault::Status { status, after_commit: false }));
        }
        if self.plan.writes || self.plan.said {
            // Longer than a caller waits, shorter than HubSpot itself takes to give up.
            let late = Fault::Late { status: 0, after_ms: 45_000 };
            self.simulator.faults.add(Rule::one_in(20, late).of_writes());
        }
        if self.plan.acts || self.plan.said {
            self.simulator.faults.add(Rule::one_in(16, Fault::HalfDone { status: 504 }).of_writes());
            // What names its inputs in its answer; companies that are scored are updated by more than actions.
            let mut named =
                vec![Endpoint::BatchCreate, Endpoint::BatchUpsert, Endpoint::AssociationBatchDefault];
            named.extend((!self.plan.scores).then_some(Endpoint::BatchUpdate));
            for endpoint in named {
                for after_commit in [false, true] {
                    let hollow = Fault::Hollow { after_commit };
                    self.simulator.faults.add(Rule::one_in(24, hollow).at(endpoint));
                }
            }
        }
        let each = self.plan.fault_one_in * faults.len() as u32;
        for fault in faults {
            self.simulator.faults.add(Rule::one_in(each, fault));
        }
    }

    /// HubSpot's people take rights from the app.
    pub(super) fn lose(&mut self, loss: Loss) {
        let of = json!({ "app_id": APP, "portal_id": PORTAL });
        match loss {
            Loss::Grant => self.control("POST", "grants/revoke", &of),
            Loss::Scope => {
                let held = [self.plan.deals.map(|_| "deals"), self.plan.companies.map(|_| "companies")];
                let last = held.into_iter().flatten().next().unwrap_or("contacts");
                let removed = vec![format!("crm.objects.{last}.read")];
                self.control(
                    "POST",
                    "grants/scopes",
                    &json!({ "app_id": APP, "portal_id": PORTAL, "removed": removed }),
                )
            }
        };
    }

    /// Sends a request to the simulator as the platform does.
    pub(super) fn send(&mut self, request: &Request) -> Outcome {
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        let mut headers = vec![("host".to_owned(), "api.hubapi.com".to_owned())];
        if let Some(bearer) = &request.bearer {
            headers.push(("authorization".to_owned(), format!("Bearer {}", bearer.expose())));
        }
        let media = request.body.content_type();
        if let (Body::Multipart { parts, .. }, Some(media)) = (&request.body, &media) {
            self.uploads.push((media.clone().into_owned(), parts.clone()));
        }
        headers.extend(media.map(|own| ("content-type".to_owned(), own.into_owned())));
        let body = request.body.text().as_bytes().to_vec();
        let sent = wire::Request {
            method: request.method.as_str().to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers,
            body,
        };
        let name = format!("{} {path}", sent.method);
        let answer = self.simulator.handle(self.now, &sent);
        let status = answer.as_ref().map_or(0, |answer| answer.status);
        self.calls.push(Call { at: self.now, name, status });
        self.note_sent(path, request.body.text());
        match answer {
            Some(answer) => Outcome::Answered(Response {
                status: answer.status,
                headers: answer.headers,
                body: answer.body,
            }),
            None => Outcome::Unanswered,
        }
    }

    pub(super) fn edit(&mut self) {
        let now = self.now;
        let late = now >= self.edits_until;
        if now >= self.edits_until + self.plan.late_minutes * MINUTE {
            return;
        }
        let (deletions, choice) = (self.plan.deletions, self.rng.u32(0..12));
        let count = self.rng.u32(1..4);
        let bulk = if self.rng.u32(0..8) == 0 { self.plan.contacts } else { self.rng.u32(1..40) };
        let kinds = self.plan.kinds();
        let kind = if kinds.len() > 1 { kinds[self.rng.usize(0..kinds.len())] } else { kinds[0] };
        if let Some((portal, mut turn)) = self.simulator.portal_turn(PORTAL, now) {
            match (deletions && !late, if late { 1 } else { choice }) {
                (_, 0) => portal.bulk_edit_of(&mut turn, kind, bulk),
                (true, _) => portal.edit_random_of(&mut turn, kind, count),
                (false, _) => portal.bulk_edit_of(&mut turn, kind, count),
            };
        }
        self.edit_beside();
        if self.plan.links
            && !late
            && choice % 3 == 1
            && let Some((portal, mut turn)) = self.simulator.portal_turn(PORTAL, now)
        {
            portal.edit_associations(&mut turn, count);
        }
        let rush = self.plan.rush && now < super::world::START_MS + MINUTE / 2;
        let wait = if rush {
            500
        } else if late {
            4 * MINUTE
        } else {
            MINUTE / u64::from(self.plan.edits_per_minute.max(1))
        };
        let next = self.now + self.rng.u64(1..=wait * 2);
        self.at(next, What::Edit);
    }

    /// Changes every record once more: without webhooks a change of links alone is not seen until its record changes.
    pub(super) fn edit_all(&mut self) {
        for kind in self.plan.kinds() {
            if let Some((portal, mut turn)) = self.simulator.portal_turn(PORTAL, self.now) {
                portal.bulk_edit_of(&mut turn, kind, u32::MAX);
            }
        }
    }

    /// What the front does with a delivery: verifies, hands on what is ours, answers.
    pub(super) fn deliver(&mut self, delivery: &Delivery) {
        let header = |name: &str| {
            delivery
                .headers
                .iter()
                .find(|(key, _)| key.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.as_str())
        };
        let verified = webhooks::verify_v3(
            &Secret::new(CLIENT_SECRET.to_owned()),
            Method::Post,
            &delivery.url,
            &delivery.body,
            header("x-hubspot-request-timestamp"),
            header("x-hubspot-signature-v3"),
            Timestamp(self.now as i64),
        );
        if verified.is_err() {
            self.simulator.delivery_answered(delivery.id, self.now, Some(401));
            return;
        }
        let events =
            webhooks::parse_events(&delivery.body, webhooks::EVENTS_LIMIT).expect("deliveries parse");
        let touches: Vec<Touch> = events.iter().flat_map(|(_, event)| Touch::of(event)).collect();
        let mut durable = true;
        for object in 0..self.objects.len() {
            durable &= self.command_to(object, Command::Webhook { touches: touches.clone() }).is_some();
        }
        self.simulator.delivery_answered(delivery.id, self.now, Some(if durable { 200 } else { 503 }));
    }
}
