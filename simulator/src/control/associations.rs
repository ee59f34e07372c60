//! Control over links and labels. Owns nothing.

use serde::Deserialize;
use serde_json::json;

use super::records::Id;
use super::{Refusal, body, missing};
use crate::Simulator;
use crate::associations::definitions::TypeId;
use crate::form::Form;
use crate::http::{Request, Response};

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Many {
    portal_id: Option<u64>,
    count: u32,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct One {
    portal_id: Option<u64>,
    from_type: String,
    from: Id,
    to_type: String,
    to: Id,
    types: Option<Vec<TypeId>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewLabel {
    #[serde(default)]
    portal_id: Option<u64>,
    from_type: String,
    to_type: String,
    label: String,
    #[serde(default)]
    inverse_label: Option<String>,
}

impl Simulator {
    pub(super) fn control_associations(
        &mut self,
        now_ms: u64,
        call: &str,
        request: &Request,
    ) -> Result<Response, Refusal> {
        let answer = match (request.method.as_str(), call) {
            ("GET", "dump") => {
                let query = Form::query(request);
                let portal = &self.portals[&self.chosen(query.number("portal_id"))?];
                let links = portal.associations(query.text("from_type"), query.text("to_type"));
                let lines = links.iter().map(|link| {
                    let (from, to) = (link.from.to_string(), link.to.to_string());
                    format!("{}\n", json!({"from": from, "to": to, "types": link.types}))
                });
                let headers = vec![("content-type".into(), "application/x-ndjson".into())];
                return Ok(Response { status: 200, headers, body: lines.collect::<String>().into_bytes() });
            }
            ("POST", "seed" | "edit-random") => {
                let asked: Many = body(request)?;
                let portal_id = self.chosen(asked.portal_id)?;
                let (portal, mut turn) =
                    self.portal_turn(portal_id, now_ms).ok_or_else(|| missing("portal"))?;
                match call {
                    "seed" => json!({"links": portal.seed_associations(now_ms)}),
                    _ => json!(portal.edit_associations(&mut turn, asked.count)),
                }
            }
            ("POST", "add" | "remove") => {
                let asked: One = body(request)?;
                let portal_id = self.chosen(asked.portal_id)?;
                let (portal, mut turn) =
                    self.portal_turn(portal_id, now_ms).ok_or_else(|| missing("portal"))?;
                let from = (asked.from_type.as_str(), asked.from.0);
                let to = (asked.to_type.as_str(), asked.to.0);
                if call == "add" {
                    portal.associate(&mut turn, from, to, asked.types.as_deref().unwrap_or_default())?;
                } else {
                    portal.dissociate(&mut turn, from, to, asked.types.as_deref())?;
                }
                json!({})
            }
            ("POST", "label") => {
                let asked: NewLabel = body(request)?;
                let portal_id = self.chosen(asked.portal_id)?;
                let portal = self.portals.get_mut(&portal_id).ok_or_else(|| missing("portal"))?;
                let (from, to, inverse) = (&asked.from_type, &asked.to_type, asked.inverse_label.as_deref());
                json!({"results": portal.add_label(from, to, &asked.label, inverse)?})
            }
            _ => return Err(missing("control call")),
        };
        Ok(Response::json(200, &answer))
    }
}
