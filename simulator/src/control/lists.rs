//! Control over lists and their members. Owns nothing.

use serde::Deserialize;
use serde_json::{Value, json};

use super::records::Id;
use super::{Refusal, body, missing};
use crate::Simulator;
use crate::form::Form;
use crate::http::{Request, Response};
use crate::lists::{List, Processing};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    #[serde(default)]
    portal_id: Option<u64>,
    name: String,
    #[serde(default = "contacts")]
    object_type: String,
    #[serde(default)]
    processing: Processing,
    /// So many live records join at once.
    #[serde(default)]
    members: usize,
}

fn contacts() -> String {
    "contacts".into()
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Change {
    portal_id: Option<u64>,
    list: Id,
    ids: Vec<Id>,
    count: usize,
}

fn shown(list: &List) -> Value {
    json!({
        "id": list.id.to_string(),
        "name": list.name,
        "object_type_id": list.object_type_id,
        "processing": list.processing,
        "version": list.version,
        "size": list.size(),
    })
}

impl Simulator {
    /// Answers below `lists`; `call` is empty for that path itself.
    pub(super) fn control_lists(
        &mut self,
        now_ms: u64,
        call: &str,
        request: &Request,
    ) -> Result<Response, Refusal> {
        if request.method == "GET" {
            let query = Form::query(request);
            let portal = &self.portals[&self.chosen(query.number("portal_id"))?];
            return match call {
                "" => Ok(Response::json(
                    200,
                    &json!({"results": portal.lists().map(shown).collect::<Vec<_>>()}),
                )),
                "dump" => {
                    let list =
                        query.number("list").and_then(|id| portal.list(id)).ok_or_else(|| missing("list"))?;
                    let line = |(id, at): (u64, u64)| {
                        format!("{}\n", json!({"id": id.to_string(), "joinedAt": crate::time::iso(at)}))
                    };
                    let body = list.members().map(line).collect::<String>().into_bytes();
                    let headers = vec![("content-type".into(), "application/x-ndjson".into())];
                    Ok(Response { status: 200, headers, body })
                }
                "writes" => {
                    let list =
                        query.number("list").and_then(|id| portal.list(id)).ok_or_else(|| missing("list"))?;
                    let line = |(id, added, removed): (u64, u32, u32)| json!({"id": id.to_string(), "added": added, "removed": removed});
                    let results: Vec<Value> = list.writes().map(line).collect();
                    Ok(Response::json(200, &json!({"results": results})))
                }
                _ => Err(missing("control call")),
            };
        }
        if call == "create" {
            let asked: New = body(request)?;
            let portal_id = self.chosen(asked.portal_id)?;
            let (portal, turn) = self.portal_turn(portal_id, now_ms).ok_or_else(|| missing("portal"))?;
            let id = portal.create_list(now_ms, &asked.name, &asked.object_type, asked.processing)?;
            portal.join_random(&turn, id, asked.members);
            return Ok(Response::json(200, &json!({"id": id.to_string()})));
        }
        let asked: Change = body(request)?;
        let portal_id = self.chosen(asked.portal_id)?;
        let (portal, turn) = self.portal_turn(portal_id, now_ms).ok_or_else(|| missing("portal"))?;
        let id = asked.list.0;
        if call != "restore" && portal.list(id).is_none() {
            return Err(missing("list"));
        }
        let ids: Vec<u64> = asked.ids.iter().map(|id| id.0).collect();
        let changed = match call {
            "add" => portal.join_list(&turn, id, &ids),
            "remove" => portal.leave_list(&turn, id, &ids),
            "join-random" => portal.join_random(&turn, id, asked.count),
            "leave-random" => portal.leave_random(&turn, id, asked.count),
            "delete" => usize::from(portal.delete_list(now_ms, id)),
            "restore" => usize::from(portal.restore_list(now_ms, id)),
            _ => return Err(missing("control call")),
        };
        Ok(Response::json(200, &json!({"changed": changed})))
    }
}
