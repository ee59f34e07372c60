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
struct PipelineId {
    portal_id: Option<u64>,
    id: String,
}

impl Simulator {
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
                let asked: PipelineId = body(request)?;
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
