//! The control API below `/__control/`: not HubSpot's; it seeds, edits, sets faults, reads counters, dumps records.
//!
//! Owns nothing. Never meets faults, limits or counters. Bodies and answers are JSON; a refusal is `{"message"}` with
//! 400 or 404. `portal_id` and `app_id` may be left out where there is only one to choose, or the first will do.
//!
//! | call | body or query | answer |
//! |---|---|---|
//! | `GET /__control/` | | a page for people: contacts, forms, counters |
//! | `GET /__control/health` | | `{"ok":true}` |
//! | `GET /__control/state` | | apps, portals, users, grants, private apps and tokens |
//! | `GET /__control/tokens` | | `{"tokens"}`: every code and token that still means something, to look for in logs |
//! | `POST /__control/apps` | [`crate::grants::App`]; an `app_id` replaces | the app with its ids and secret |
//! | `POST /__control/portals` | `portal_id`, `settings` ([`crate::PortalSettings`]), `contacts`, `companies`, `deals`, `associations` (whether they are linked), `shape` ([`crate::Shape`]) | the portal |
//! | `POST /__control/users` | [`crate::grants::User`], with `rights` by account; a `user_id` replaces | the user |
//! | `POST /__control/users/rights` | `user_id`, `portal_id`, `rights` ([`crate::rights::Rights`]): hold from the next call on | the user |
//! | `POST /__control/users/remove` | `user_id`, `portal_id` (every account if absent) | `{"removed"}`; the user's user-level tokens die |
//! | `POST /__control/private-tokens` | `portal_id`, `kind` (`private_app` if absent, or `service_key`), `name`, `user_id` (who made it), `scopes` (all if absent), `token` (made if absent); of a private app also `target_url`, `client_secret`, `subscriptions` | the token, with its app's id and secret |
//! | `POST /__control/private-tokens/rotate` | `token`, `overlap` (else the old one ends now): seven days | the new token |
//! | `POST /__control/private-tokens/scopes` | `token`, `scopes`: all its app has from now on | `{"scopes"}` |
//! | `POST /__control/private-tokens/remove` | `token` | `{"removed"}` |
//! | `POST /__control/private-tokens/delete` | `app_id`: the private app or service key, with all its tokens | `{"deleted"}` |
//! | `PUT /__control/validation-rules` | `portal_id`, `object_type`, `property`, `rules` ([`crate::objects::rule::ValueRule`]s; none ends them) | `{"rules"}`: the customer's own rules for values |
//! | `POST /__control/tokens/expire` | `portal_id` (all if absent) | `{"expired"}`: OAuth access tokens that expire now |
//! | `POST /__control/grants/revoke` | `app_id`, `portal_id` | `{"revoked"}`: refresh tokens that die; access tokens live on |
//! | `POST /__control/uninstall` | `app_id`, `portal_id` | `{"uninstalled"}` |
//! | `GET`, `PATCH /__control/switches` | fields of [`crate::Switches`] | all switches |
//! | `GET`, `POST`, `DELETE /__control/faults` | [`crate::faults::Rule`] | the rules in force |
//! | `GET`, `PUT /__control/webhook-faults` | [`crate::webhooks::WebhookFaults`] | the faults in force |
//! | `GET`, `DELETE /__control/counters` | | calls by endpoint and status, the windows' fullest moments, 429s by policy, webhooks; `DELETE` starts anew |
//! | `POST /__control/{type}/seed` | `portal_id`, `count`, `shape`; `{type}` is `contacts`, `companies`, `deals`, `tasks`, `calls`, `notes` or a custom object's id | `{"live"}` |
//! | `POST /__control/{type}/edit-random` | `portal_id`, `count` | [`crate::generator::Edits`] |
//! | `POST /__control/{type}/edit-bulk` | `portal_id`, `count`: so many records in one millisecond | the same |
//! | `POST /__control/{type}/create` | `portal_id`, `properties` | `{"id"}` |
//! | `POST /__control/{type}/edit` | `portal_id`, `id`, `properties`, `ago_ms` (0 if absent: made just now) | `{"id"}` |
//! | `POST /__control/{type}/calculate` | `portal_id`, `id`, `properties`: set as HubSpot's calculations do, no record counts as modified | `{"id"}` |
//! | `POST /__control/{type}/archive`, `/restore`, `/erase` | `portal_id`, `id` | `{"id"}` |
//! | `POST /__control/{type}/merge` | `portal_id`, `primary`, `other` | `{"id"}` of the record that results |
//! | `GET /__control/{type}/dump` | `portal_id`, `from` (an id), `limit` (1,000 if absent) | NDJSON ([`crate::Portal::dump`]); header `x-next-from` unless this was the end |
//! | `GET /__control/{type}/count` | `portal_id` | `{"live"}` |
//! | `GET /__control/{type}/writes` | `portal_id` | NDJSON of records that apps wrote: `id` and [`crate::Written`] |
//! | `POST /__control/schemas/define` | `portal_id`, `name`, `singular`, `plural`, `properties` (names of texts) | `{"id"}` of the custom object ([`crate::schemas`]) |
//! | `POST /__control/schemas/delete` | `portal_id`, `id`: without live records only | `{"id"}` |
//! | `GET /__control/owners`, `/pipelines` | `portal_id` | `{"results"}`: all owners, archived ones too; deals' pipelines |
//! | `POST /__control/owners/put` | `portal_id`, `owner` ([`crate::owners::Owner`]); an `id` replaces | `{"id"}` |
//! | `POST /__control/owners/archive`, `/restore` | `portal_id`, `id` | `{"id"}` |
//! | `POST /__control/pipelines/put` | `portal_id`, `pipeline` ([`crate::pipelines::Pipeline`]); the `id` replaces, stages and all | `{"id"}` |
//! | `POST /__control/pipelines/remove` | `portal_id`, `id` | `{"id"}` |
//! | `POST /__control/associations/seed` | `portal_id` | `{"links"}`: contacts, companies and deals linked as real accounts do |
//! | `POST /__control/associations/edit-random` | `portal_id`, `count` | [`crate::associations::people::LinkEdits`] |
//! | `POST /__control/associations/add`, `/remove` | `portal_id`, `from_type`, `from`, `to_type`, `to`, `types` (the unlabelled one if absent; all when removing) | `{}` |
//! | `POST /__control/associations/label` | `portal_id`, `from_type`, `to_type`, `label`, `inverse_label` | `{"results"}`: both directions |
//! | `GET /__control/associations/dump` | `portal_id`, `from_type`, `to_type` | NDJSON of live links: `{"from":"1","to":"2","types":[1,279]}` |
//! | `GET /__control/lists` | `portal_id` | `{"results"}`: `id`, `name`, `object_type_id`, `processing`, `version`, `size` |
//! | `POST /__control/lists/create` | `portal_id`, `name`, `object_type`, `processing` (`MANUAL` if absent), `members`: so many join at once | `{"id"}` |
//! | `POST /__control/lists/add`, `/remove` | `portal_id`, `list`, `ids` | `{"changed"}` |
//! | `POST /__control/lists/join-random`, `/leave-random` | `portal_id`, `list`, `count` | `{"changed"}` |
//! | `POST /__control/lists/delete`, `/restore` | `portal_id`, `list` | `{"changed"}` |
//! | `GET /__control/lists/dump` | `portal_id`, `list` | NDJSON of members: `{"id":"9","joinedAt"}` |
//! | `GET /__control/lists/writes` | `portal_id`, `list` | `{"results"}`: how often apps asked to add and remove each record |
//! | `GET /__control/imports` | `portal_id` | `{"results"}`: every import, with its app, state, counters and errors |
//! | `POST /__control/imports/occupy` | `portal_id`, `lasts_ms`: the customer's own import, which takes one of the three places | `{"id"}` |
//! | `POST /__control/imports/fail`, `/revert` | `portal_id`, `id` | `{"changed"}` |
//! | `GET /__control/events` | `portal_id` | `{"results"}`: every custom and app event taken ([`crate::events::Occurrence`]) |
//! | `PUT /__control/edit-rate` | `portal_id`, `object_type` (`contacts` if absent), `per_second` (0 ends) | `{"per_second"}` |
//! | `POST /__control/grants/scopes` | `app_id`, `portal_id`, `removed` | `{"changed"}`: grants and static tokens that lose these scopes at once |
//! | `POST /__control/index/catch-up` | `portal_id` (all if absent) | `{}`: search knows everything now |

mod access;
mod associations;
mod lists;
mod outcomes;
pub mod page;
pub mod records;
mod settings;

pub use records::stream;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::generator::Shape;
use crate::grants::{App, User};
use crate::http::{Request, Response};
use crate::objects::kind::{COMPANIES, DEALS, ObjectKind};
use crate::objects::rule::ValueRule;
use crate::portal::PortalSettings;
use crate::{Problem, Simulator};

/// Every scope the modelled endpoints ask for.
pub const ALL_SCOPES: [&str; 24] = [
    "oauth",
    "crm.objects.contacts.read",
    "crm.objects.contacts.write",
    "crm.schemas.contacts.read",
    "crm.schemas.contacts.write",
    "crm.objects.companies.read",
    "crm.objects.companies.write",
    "crm.schemas.companies.read",
    "crm.schemas.companies.write",
    "crm.objects.deals.read",
    "crm.objects.deals.write",
    "crm.schemas.deals.read",
    "crm.schemas.deals.write",
    "crm.objects.owners.read",
    "crm.lists.read",
    "crm.lists.write",
    "crm.objects.custom.read",
    "crm.objects.custom.write",
    "crm.schemas.custom.read",
    "crm.schemas.custom.write",
    "crm.import",
    "behavioral_events.event_definitions.read_write",
    "analytics.behavioral_events.send",
    "timeline",
];

/// Why the control API refused: status and a sentence.
#[derive(Debug)]
pub(crate) struct Refusal(u16, String);

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        let message = problem.body.get("message").and_then(Value::as_str).unwrap_or_default();
        Self(problem.status, message.to_owned())
    }
}

fn missing(what: &str) -> Refusal {
    Refusal(404, format!("no such {what}"))
}

/// Names an account, an app, or both; each may be left out.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Named {
    portal_id: Option<u64>,
    app_id: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct NewPortal {
    portal_id: u64,
    settings: PortalSettings,
    contacts: u32,
    companies: u32,
    deals: u32,
    associations: bool,
    shape: Shape,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LessScopes {
    portal_id: Option<u64>,
    app_id: Option<u64>,
    removed: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewRules {
    portal_id: Option<u64>,
    object_type: String,
    property: String,
    rules: Vec<ValueRule>,
}

impl Simulator {
    /// Answers a path that starts with `/__control/`. Never meets faults, limits or counters.
    pub(crate) fn control(&mut self, now_ms: u64, request: &Request) -> Response {
        let path = request.path.strip_prefix("/__control/").unwrap_or_default();
        let answer = match path.split_once('/') {
            None if path.is_empty() => self.contacts_page(request),
            None if matches!(path, "owners" | "pipelines") => {
                self.control_settings(now_ms, path, "", request)
            }
            Some((area @ ("owners" | "pipelines"), call)) => {
                self.control_settings(now_ms, area, call, request)
            }
            None if path == "lists" => self.control_lists(now_ms, "", request),
            Some(("lists", call)) => self.control_lists(now_ms, call, request),
            None if matches!(path, "users" | "private-tokens") => {
                self.control_access(now_ms, path, "", request)
            }
            Some((area @ ("users" | "private-tokens"), call)) => {
                self.control_access(now_ms, area, call, request)
            }
            None if matches!(path, "imports" | "events") => self.control_outcomes(now_ms, path, "", request),
            Some(("imports", call)) => self.control_outcomes(now_ms, "imports", call, request),
            Some(("schemas", call)) => self.control_schemas(now_ms, call, request),
            Some(("associations", call)) => self.control_associations(now_ms, call, request),
            Some(("pages", rest)) => self.page_call(now_ms, rest, request),
            Some((object_type, rest)) if ObjectKind::named(object_type).is_some() => {
                self.control_records(now_ms, object_type, rest, request)
            }
            _ => self.control_state(now_ms, path, request),
        };
        answer.unwrap_or_else(|Refusal(status, message)| Response::json(status, &json!({"message": message})))
    }

    fn control_access(
        &mut self,
        now_ms: u64,
        area: &str,
        call: &str,
        request: &Request,
    ) -> Result<Response, Refusal> {
        let body = match area {
            "users" => self.control_users(call, request)?,
            _ => self.control_private(now_ms, call, request)?,
        };
        Ok(Response::json(200, &body))
    }

    fn control_state(&mut self, now_ms: u64, path: &str, request: &Request) -> Result<Response, Refusal> {
        let body = match (request.method.as_str(), path) {
            ("GET", "health") => json!({"ok": true}),
            ("GET", "state") => self.state(),
            ("GET", "tokens") => json!({"tokens": self.access.known_tokens()}),
            ("POST", "apps") => {
                let app: App = body(request)?;
                json!(self.put_app(app))
            }
            ("POST", "portals") => self.new_portal(now_ms, body(request)?),
            ("POST", "tokens/expire") => {
                let asked: Named = body(request)?;
                json!({"expired": self.access.expire_access_tokens(now_ms, asked.portal_id)})
            }
            ("POST", "grants/revoke") => {
                let asked: Named = body(request)?;
                let (app_id, portal_id) = (self.chosen_app(asked.app_id)?, self.chosen(asked.portal_id)?);
                json!({"revoked": self.access.revoke_all(app_id, portal_id)})
            }
            ("POST", "grants/scopes") => {
                let asked: LessScopes = body(request)?;
                let (app_id, portal_id) = (self.chosen_app(asked.app_id)?, self.chosen(asked.portal_id)?);
                json!({"changed": self.access.remove_scopes(app_id, portal_id, &asked.removed)})
            }
            ("POST", "uninstall") => {
                let asked: Named = body(request)?;
                let (app_id, portal_id) = (self.chosen_app(asked.app_id)?, self.chosen(asked.portal_id)?);
                json!({"uninstalled": self.uninstall(app_id, portal_id)})
            }
            ("GET", "switches") => json!(self.switches),
            ("PATCH", "switches") => self.patch_switches(request)?,
            ("GET", "faults") => json!({"rules": self.faults.rules()}),
            ("POST", "faults") => {
                self.faults.add(body(request)?);
                json!({"rules": self.faults.rules()})
            }
            ("DELETE", "faults") => {
                self.faults.clear();
                json!({"rules": []})
            }
            ("GET", "webhook-faults") => json!(self.webhooks.faults),
            ("PUT", "webhook-faults") => {
                self.webhooks.faults = body(request)?;
                json!(self.webhooks.faults)
            }
            ("GET", "counters") => self.counted(),
            ("DELETE", "counters") => {
                self.counters.clear();
                self.limits.clear_report();
                self.webhooks.clear_report();
                json!({})
            }
            ("PUT", "validation-rules") => {
                let asked: NewRules = body(request)?;
                let portal_id = self.chosen(asked.portal_id)?;
                let portal = self.portals.get_mut(&portal_id).ok_or_else(|| missing("portal"))?;
                if !portal.set_value_rules(&asked.object_type, &asked.property, asked.rules.clone())? {
                    return Err(missing("property"));
                }
                json!({"rules": asked.rules})
            }
            ("PUT", "edit-rate") => self.set_edit_rate(body(request)?)?,
            ("POST", "index/catch-up") => {
                let asked: Named = body(request)?;
                self.catch_up(asked.portal_id)?;
                json!({})
            }
            _ => {
                return Err(missing(
                    "control call; the list is in the documentation of the module `control`",
                ));
            }
        };
        Ok(Response::json(200, &body))
    }

    fn state(&self) -> Value {
        let portals: Vec<Value> = self
            .portals
            .values()
            .map(|portal| {
                json!({
                    "portal_id": portal.portal_id,
                    "settings": portal.settings,
                    "contacts": portal.live_count("contacts"),
                    "companies": portal.live_count("companies"),
                    "deals": portal.live_count("deals"),
                })
            })
            .collect();
        json!({
            "apps": self.access.apps().collect::<Vec<_>>(),
            "portals": portals,
            "users": self.access.users().collect::<Vec<_>>(),
            "grants": self.access.grants().collect::<Vec<_>>(),
            "private_apps": self.access.private_apps().collect::<Vec<_>>(),
            "private_tokens": self.access.private_tokens().collect::<Vec<_>>(),
        })
    }

    fn new_portal(&mut self, now_ms: u64, asked: NewPortal) -> Value {
        let next = self.portals.keys().next_back().map_or(8_811_001, |last| last + 1);
        let portal_id = if asked.portal_id == 0 { next } else { asked.portal_id };
        self.add_portal(portal_id, asked.settings);
        if let Some((portal, mut turn)) = self.portal_turn(portal_id, now_ms) {
            portal.seed_contacts(&mut turn, asked.contacts, &asked.shape);
            for (kind, count) in [(&COMPANIES, asked.companies), (&DEALS, asked.deals)] {
                if count > 0 {
                    portal.seed(&mut turn, kind, count, &asked.shape);
                }
            }
            if asked.associations {
                portal.seed_associations(now_ms);
            }
        }
        self.watch_installed();
        let live = |object_type| self.portal(portal_id).map_or(0, |portal| portal.live_count(object_type));
        json!({
            "portal_id": portal_id,
            "contacts": live("contacts"), "companies": live("companies"), "deals": live("deals"),
        })
    }

    /// Merges the given fields into the switches; all or none of them take effect.
    fn patch_switches(&mut self, request: &Request) -> Result<Value, Refusal> {
        let given: serde_json::Map<String, Value> = body(request)?;
        let Value::Object(mut all) = json!(self.switches) else { return Err(missing("switch")) };
        all.extend(given);
        self.switches =
            serde_json::from_value(Value::Object(all)).map_err(|error| Refusal(400, error.to_string()))?;
        Ok(json!(self.switches))
    }

    fn counted(&self) -> Value {
        let calls: Vec<Value> = self
            .counters
            .iter()
            .map(|(portal_id, endpoint, status, calls)| {
                json!({"portal_id": portal_id, "endpoint": endpoint, "status": status, "calls": calls})
            })
            .collect();
        json!({"calls": calls, "total": self.counters.total(), "limits": self.limits.report(), "webhooks": self.webhooks.report()})
    }

    /// Adds the app, or replaces the one with the same id; what was left empty is filled in.
    pub fn put_app(&mut self, app: App) -> App {
        let app = self.access.put_app(app).clone();
        self.watch_installed();
        app
    }

    /// Adds the person, or replaces the one with the same id.
    pub fn put_user(&mut self, user: User) -> User {
        self.access.put_user(user).clone()
    }

    /// The account asked for, or the first.
    pub(crate) fn chosen(&self, portal_id: Option<u64>) -> Result<u64, Refusal> {
        let id = portal_id.or_else(|| self.portals.keys().next().copied());
        id.filter(|id| self.portals.contains_key(id)).ok_or_else(|| missing("portal"))
    }

    /// The app asked for, or the first.
    pub(crate) fn chosen_app(&self, app_id: Option<u64>) -> Result<u64, Refusal> {
        let id = app_id.or_else(|| self.access.apps().next().map(|app| app.app_id));
        id.filter(|id| self.access.app(*id).is_some()).ok_or_else(|| missing("app"))
    }
}

/// The body as JSON; an empty one counts as `{}`.
fn body<T: DeserializeOwned>(request: &Request) -> Result<T, Refusal> {
    let bytes = if request.body.is_empty() { b"{}" } else { request.body.as_slice() };
    serde_json::from_slice(bytes).map_err(|error| Refusal(400, error.to_string()))
}
