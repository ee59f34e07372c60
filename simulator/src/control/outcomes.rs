//! Control over imports, and what became of events. Owns nothing.

use serde::Deserialize;
use serde_json::{Value, json};

use super::records::Id;
use super::{Refusal, body, missing};
use crate::Simulator;
use crate::form::Form;
use crate::http::{Request, Response};
use crate::imports::Import;

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Asked {
    portal_id: Option<u64>,
    id: Id,
    lasts_ms: u64,
}

fn shown(import: &Import) -> Value {
    let errors: Vec<Value> = import
        .errors
        .iter()
        .map(|own| json!({"type": own.error_type, "line": own.line, "message": own.message}))
        .collect();
    json!({
        "id": import.id.to_string(),
        "app_id": import.app_id,
        "name": import.name,
        "state": import.state,
        "counters": import.counters,
        "errors": errors,
    })
}

impl Simulator {
    /// Answers `imports`, below it, and `events`; `call` is empty for these paths themselves.
    pub(super) fn control_outcomes(
        &mut self,
        now_ms: u64,
        area: &str,
        call: &str,
        request: &Request,
    ) -> Result<Response, Refusal> {
        if request.method == "GET" && call.is_empty() {
            let portal = &self.portals[&self.chosen(Form::query(request).number("portal_id"))?];
            let results = match area {
                "imports" => portal.imports().map(shown).collect(),
                _ => json!(portal.occurrences()),
            };
            return Ok(Response::json(200, &json!({"results": results})));
        }
        let asked: Asked = body(request)?;
        let portal_id = self.chosen(asked.portal_id)?;
        let (portal, turn) = self.portal_turn(portal_id, now_ms).ok_or_else(|| missing("portal"))?;
        let answer = match (request.method.as_str(), call) {
            ("POST", "occupy") => json!({"id": portal.occupy_imports(&turn, asked.lasts_ms).to_string()}),
            ("POST", "fail") => json!({"changed": portal.fail_import(now_ms, asked.id.0)}),
            ("POST", "revert") => json!({"changed": portal.revert_import(now_ms, asked.id.0)}),
            _ => return Err(missing("control call")),
        };
        Ok(Response::json(200, &answer))
    }
}
