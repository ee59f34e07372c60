//! Control over records of any type: seed, edit, dump. Owns nothing.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Refusal, body, missing};
use crate::form::Form;
use crate::generator::{EditStream, Shape};
use crate::http::{Request, Response};
use crate::objects::kind::CONTACTS;
use crate::portal::kind_named;
use crate::{Problem, Simulator};

/// One page of a dump at most: about 30 MB at 3 KB a contact.
const DUMP_LIMIT: usize = 10_000;

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Many {
    portal_id: Option<u64>,
    count: u32,
    shape: Shape,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct One {
    portal_id: Option<u64>,
    id: Id,
    properties: BTreeMap<String, Option<String>>,
    /// So long ago: its dates, and the moment from which search is late, are of then.
    ago_ms: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Pair {
    portal_id: Option<u64>,
    primary: Id,
    other: Id,
}

/// A record id as a number or, as HubSpot writes it, a text.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(try_from = "Value")]
pub(super) struct Id(pub(super) u64);

impl TryFrom<Value> for Id {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let id = value.as_u64().or_else(|| value.as_str()?.parse().ok());
        id.map(Self).ok_or_else(|| "an id is a number, or a text of digits".to_owned())
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct EditRate {
    portal_id: Option<u64>,
    object_type: Option<String>,
    per_second: f64,
}

impl Simulator {
    pub(super) fn control_records(
        &mut self,
        now_ms: u64,
        object_type: &str,
        call: &str,
        request: &Request,
    ) -> Result<Response, Refusal> {
        let answer = match (request.method.as_str(), call) {
            ("GET", "dump") => return self.dump_page(object_type, request),
            ("GET", "writes") => {
                let portal_id = self.chosen(Form::query(request).number("portal_id"))?;
                let line = |(id, own): (u64, crate::Written)| {
                    let mut line = json!(own);
                    line["id"] = id.to_string().into();
                    format!("{line}\n")
                };
                let body: String = self.portals[&portal_id].writes(object_type).map(line).collect();
                let headers = vec![("content-type".into(), "application/x-ndjson".into())];
                return Ok(Response { status: 200, headers, body: body.into_bytes() });
            }
            ("GET", "count") => {
                let portal_id = self.chosen(Form::query(request).number("portal_id"))?;
                json!({"live": self.portals[&portal_id].live_count(object_type)})
            }
            ("POST", "seed" | "edit-random" | "edit-bulk") => {
                self.many(now_ms, object_type, call, body(request)?)?
            }
            ("POST", "merge") => {
                let asked: Pair = body(request)?;
                let portal_id = self.chosen(asked.portal_id)?;
                let (portal, mut turn) =
                    self.portal_turn(portal_id, now_ms).ok_or_else(|| missing("portal"))?;
                let id = portal.merge_records(&mut turn, object_type, asked.primary.0, asked.other.0)?;
                json!({"id": id.to_string()})
            }
            ("POST", "create" | "edit" | "calculate" | "archive" | "restore" | "erase") => {
                let asked: One = body(request)?;
                let portal_id = self.chosen(asked.portal_id)?;
                let values: Vec<(&str, &str)> = asked
                    .properties
                    .iter()
                    .map(|(name, value)| (name.as_str(), value.as_deref().unwrap_or_default()))
                    .collect();
                let made_ms = now_ms.saturating_sub(asked.ago_ms);
                let id = self.change_record(made_ms, portal_id, object_type, call, asked.id.0, &values)?;
                json!({"id": id.to_string()})
            }
            _ => return Err(missing("control call")),
        };
        Ok(Response::json(200, &answer))
    }

    fn many(&mut self, now_ms: u64, object_type: &str, call: &str, asked: Many) -> Result<Value, Refusal> {
        let portal_id = self.chosen(asked.portal_id)?;
        let (portal, mut turn) = self.portal_turn(portal_id, now_ms).ok_or_else(|| missing("portal"))?;
        let kind = portal.kind_of(object_type)?;
        Ok(match call {
            "edit-random" => json!(portal.edit_random_of(&mut turn, kind, asked.count)),
            "edit-bulk" => json!(portal.bulk_edit_of(&mut turn, kind, asked.count)),
            _ => {
                portal.seed(&mut turn, kind, asked.count, &asked.shape);
                json!({"live": portal.live_count(kind.name)})
            }
        })
    }

    /// One change as a person would make it; the id of the record.
    pub(super) fn change_record(
        &mut self,
        now_ms: u64,
        portal_id: u64,
        object_type: &str,
        call: &str,
        id: u64,
        values: &[(&str, &str)],
    ) -> Result<u64, Refusal> {
        let (portal, mut turn) = self.portal_turn(portal_id, now_ms).ok_or_else(|| missing("portal"))?;
        let changed: Result<(), Problem> = match call {
            "create" => return Ok(portal.create_record(&mut turn, object_type, values)?),
            "edit" => portal.edit_record(&mut turn, object_type, id, values),
            "calculate" => match portal.calculate_record(&mut turn, object_type, id, values) {
                Ok(false) => return Err(missing("property")),
                changed => changed.map(drop),
            },
            "archive" => portal.archive_record(&mut turn, object_type, id),
            "restore" => portal.restore_record(&mut turn, object_type, id),
            "erase" => portal.erase_record(&mut turn, object_type, id),
            _ => return Err(missing("change")),
        };
        changed?;
        Ok(id)
    }

    fn dump_page(&self, object_type: &str, request: &Request) -> Result<Response, Refusal> {
        let query = Form::query(request);
        let portal_id = self.chosen(query.number("portal_id"))?;
        let limit = query.number("limit").unwrap_or(1_000).clamp(1, DUMP_LIMIT);
        let mut body = Vec::new();
        let next =
            self.portals[&portal_id].dump(object_type, query.number("from").unwrap_or(0), limit, &mut body);
        let mut headers = vec![("content-type".into(), "application/x-ndjson".into())];
        headers.extend(next.map(|from| ("x-next-from".into(), from.to_string())));
        Ok(Response { status: 200, headers, body })
    }

    /// Starts, changes or (with 0) ends an account's stream of edits.
    pub(super) fn set_edit_rate(&mut self, asked: EditRate) -> Result<Value, Refusal> {
        let portal_id = self.chosen(asked.portal_id)?;
        let portal = self.portals.get_mut(&portal_id).ok_or_else(|| missing("portal"))?;
        let kind = asked.object_type.as_deref().map_or(Ok(&CONTACTS), kind_named)?;
        portal.set_stream_of(kind, stream(asked.per_second));
        Ok(json!({"per_second": asked.per_second}))
    }

    /// Makes search know everything at once.
    pub(super) fn catch_up(&mut self, portal_id: Option<u64>) -> Result<(), Refusal> {
        if portal_id.is_some() {
            self.chosen(portal_id)?;
        }
        for portal in self.portals.values_mut() {
            if portal_id.is_none_or(|id| id == portal.portal_id) {
                portal.catch_up(u64::MAX);
            }
        }
        Ok(())
    }
}

/// A steady stream of so many edits a second, in rounds at least 50 ms apart.
pub fn stream(per_second: f64) -> Option<EditStream> {
    if per_second <= 0.0 {
        return None;
    }
    let edits = (per_second / 20.0).ceil().max(1.0);
    Some(EditStream { every_ms: (1_000.0 * edits / per_second) as u64, edits: edits as u32, next_at: 0 })
}
