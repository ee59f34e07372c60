//! Control over people, their rights, private apps and service keys. Owns nothing.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{ALL_SCOPES, Refusal, body, missing};
use crate::Simulator;
use crate::grants::{App, NewPrivateApp, PrivateApp, PrivateToken, StaticKind};
use crate::http::Request;
use crate::rights::Rights;
use crate::webhooks::Subscription;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Person {
    user_id: u64,
    portal_id: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PersonsRights {
    user_id: u64,
    portal_id: Option<u64>,
    rights: Rights,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct NewToken {
    portal_id: Option<u64>,
    kind: StaticKind,
    name: String,
    user_id: Option<u64>,
    scopes: Option<Vec<String>>,
    token: Option<String>,
    target_url: Option<String>,
    client_secret: String,
    subscriptions: Vec<Subscription>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NamedToken {
    token: String,
    #[serde(default)]
    overlap: bool,
    #[serde(default)]
    scopes: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NamedApp {
    app_id: u64,
}

fn shown(own: &PrivateApp, token: &PrivateToken) -> Value {
    json!({
        "token": token.token,
        "kind": own.kind,
        "name": own.app.name,
        "app_id": own.app.app_id,
        "portal_id": own.portal_id,
        "user_id": own.user_id,
        "scopes": own.scopes,
        // A service key has none.
        "client_secret": (own.kind == StaticKind::PrivateApp).then_some(&own.app.client_secret),
        "target_url": own.app.target_url,
    })
}

impl Simulator {
    /// Answers below `users`.
    pub(super) fn control_users(&mut self, call: &str, request: &Request) -> Result<Value, Refusal> {
        Ok(match (request.method.as_str(), call) {
            ("POST", "") => json!(self.put_user(body(request)?)),
            ("POST", "rights") => {
                let asked: PersonsRights = body(request)?;
                let portal_id = self.chosen(asked.portal_id)?;
                if !self.access.set_rights(asked.user_id, portal_id, asked.rights) {
                    return Err(missing("user"));
                }
                json!(self.access.user(asked.user_id))
            }
            ("POST", "remove") => {
                let asked: Person = body(request)?;
                json!({"removed": self.access.remove_user(asked.user_id, asked.portal_id)})
            }
            _ => return Err(missing("control call")),
        })
    }

    /// Answers below `private-tokens`.
    pub(super) fn control_private(
        &mut self,
        now_ms: u64,
        call: &str,
        request: &Request,
    ) -> Result<Value, Refusal> {
        Ok(match (request.method.as_str(), call) {
            ("POST", "") => self.new_private_app(body(request)?)?,
            ("POST", "remove") => {
                let asked: NamedToken = body(request)?;
                json!({"removed": self.access.remove_private_token(&asked.token)})
            }
            ("POST", "rotate") => {
                let asked: NamedToken = body(request)?;
                let fresh = self.access.rotate_private_token(now_ms, &asked.token, asked.overlap);
                json!(fresh.ok_or_else(|| missing("static token"))?)
            }
            ("POST", "scopes") => {
                let asked: NamedToken = body(request)?;
                let own = self.access.set_private_scopes(&asked.token, asked.scopes);
                json!({"scopes": own.ok_or_else(|| missing("static token"))?.scopes})
            }
            ("POST", "delete") => {
                let asked: NamedApp = body(request)?;
                let deleted = self.access.delete_private_app(asked.app_id);
                self.watch_installed();
                json!({"deleted": deleted})
            }
            _ => return Err(missing("control call")),
        })
    }

    fn new_private_app(&mut self, asked: NewToken) -> Result<Value, Refusal> {
        let portal_id = self.chosen(asked.portal_id)?;
        let webhooks = asked.target_url.is_some() || !asked.subscriptions.is_empty();
        if webhooks && asked.kind == StaticKind::ServiceKey {
            return Err(Refusal(400, "a service key has no webhooks".into()));
        }
        let first = || self.access.users().find(|user| user.portals.contains(&portal_id));
        let user_id = asked.user_id.or_else(|| first().map(|user| user.user_id)).unwrap_or(1);
        let (own, token) = self.access.add_private_app(NewPrivateApp {
            kind: asked.kind,
            portal_id,
            user_id,
            scopes: asked.scopes.unwrap_or_else(|| ALL_SCOPES.map(str::to_owned).to_vec()),
            region: self.portals[&portal_id].settings.hublet.clone(),
            token: asked.token,
            app: App {
                name: asked.name,
                client_secret: asked.client_secret,
                target_url: asked.target_url,
                subscriptions: asked.subscriptions,
                ..App::default()
            },
        });
        self.watch_installed();
        Ok(shown(&own, &token))
    }
}
