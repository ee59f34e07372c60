//! Control over what an account has besides records: owners and pipelines. Owns nothing.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Refusal, body, missing};
use crate::Simulator;
use crate::form::Form;
use crate::http::{Request, Response};
use crate::owners::Owner;
use crate::pipelines::Pipeline;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PutOwner {
    portal_id: Option<u64>,
    owner: Owner,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnerId {
    portal_id: Option<u64>,
    id: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PutPipeline {
    portal_id: Option<u64>,
    pipeline: Pipeline,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NamedId {
    portal_id: Option<u64>,
    id: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DefineObject {
    portal_id: Option<u64>,
    name: String,
    singular: String,
    plural: String,
    #[serde(default)]
    properties: Vec<String>,
}

impl Simulator {
    /// Answers below `schemas`.
    pub(super) fn control_schemas(
        &mut self,
        now_ms: u64,
        call: &str,
        request: &Request,
    ) -> Result<Response, Refusal> {
        let id: Value = match (request.method.as_str(), call) {
            ("POST", "define") => {
                let asked: DefineObject = body(request)?;
                let portal_id = self.chosen(asked.portal_id)?;
                let portal = self.portals.get_mut(&portal_id).ok_or_else(|| missing("portal"))?;
                let properties: Vec<&str> = asked.properties.iter().map(String::as_str).collect();
                let labels = [asked.singular.as_str(), asked.plural.as_str()];
                let id = portal.define_object(now_ms, &asked.name, labels, &properties);
                id.ok_or_else(|| Refusal(400, "the name is taken, or there are no more objects".into()))?
                    .into()
            }
            ("POST", "delete") => {
                let asked: NamedId = body(request)?;
                let portal_id = self.chosen(asked.portal_id)?;
                let portal = self.portals.get_mut(&portal_id).ok_or_else(|| missing("portal"))?;
                if !portal.delete_object(&asked.id) {
                    return Err(Refusal(400, "there is no such object, or it has records".into()));
                }
                asked.id.into()
            }
            _ => return Err(missing("control call")),
        };
        Ok(Response::json(200, &json!({ "id": id })))
    }

    /// Answers below `owners` and `pipelines`; `call` is empty for these paths themselves.
    pub(super) fn control_settings(
        &mut self,
        now_ms: u64,
        area: &str,
        call: &str,
        request: &Request,
    ) -> Result<Response, Refusal> {
        let answer = match (request.method.as_str(), area, call) {
            ("GET", _, "") => {
                let portal = &self.portals[&self.chosen(Form::query(request).number("portal_id"))?];
                match area {
                    "owners" => json!({"results": portal.owners()}),
                    _ => json!({"results": portal.pipelines().collect::<Vec<_>>()}),
                }
            }
            ("POST", "owners", "put") => {
                let asked: PutOwner = body(request)?;
                let portal_id = self.chosen(asked.portal_id)?;
                let portal = self.portals.get_mut(&portal_id).ok_or_else(|| missing("portal"))?;
                json!({"id": portal.put_owner(now_ms, asked.owner)})
            }
            ("POST", "owners", "archive" | "restore") => {
                let asked: OwnerId = body(request)?;
                let portal_id = self.chosen(asked.portal_id)?;
                let portal = self.portals.get_mut(&portal_id).ok_or_else(|| missing("portal"))?;
                if !portal.set_owner_archived(now_ms, asked.id, call == "archive") {
                    return Err(missing("owner"));
                }
                json!({"id": asked.id})
            }
            ("POST", "pipelines", "put") => {
                let asked: PutPipeline = body(request)?;
                let portal_id = self.chosen(asked.portal_id)?;
                let (portal, mut turn) =
                    self.portal_turn(portal_id, now_ms).ok_or_else(|| missing("portal"))?;
                let id: Value = asked.pipeline.id.clone().into();
                portal.put_pipeline(&mut turn, asked.pipeline);
                json!({"id": id})
            }
            ("POST", "pipelines", "remove") => {
                let asked: NamedId = body(request)?;
                let portal_id = self.chosen(asked.portal_id)?;
                let (portal, mut turn) =
                    self.portal_turn(portal_id, now_ms).ok_or_else(|| missing("portal"))?;
                if !portal.remove_pipeline(&mut turn, &asked.id) {
                    return Err(missing("pipeline"));
                }
                json!({"id": asked.id})
            }
            _ => return Err(missing("control call")),
        };
        Ok(Response::json(200, &answer))
    }
}
