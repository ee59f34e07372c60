//! The imports API. Owns nothing.

use serde_json::{Value, json};

use super::request::{Asked, ColumnType, Operation, parts};
use super::rows::{self, Rows};
use super::{Import, ImportError, ImportState};
use crate::form::Form;
use crate::http::{Request, Response};
use crate::objects::input::{Selectors, page_size, parse_bool};
use crate::portal::{Portal, Turn};
use crate::switches::ErrorLine;
use crate::{Endpoint, Problem, time};

/// Most imports and errors of one page: not documented, as elsewhere (`hubspot-api.md` 7.1).
const PAGE_LIMIT: usize = 100;
/// A line that no file has.
const NOWHERE: u64 = 2_000_000_000;

/// Answers every call of the imports API; `rest` is the path behind the version.
pub(crate) fn handle(
    portal: &mut Portal,
    turn: &Turn<'_>,
    app_id: u64,
    endpoint: Endpoint,
    rest: &[&str],
    request: &Request,
) -> Result<Response, Problem> {
    use Endpoint as E;
    match (endpoint, rest) {
        (E::ImportCreate, _) => create(portal, turn, app_id, request),
        (E::ImportList, _) => list(portal, turn, app_id, request),
        (E::ImportRead, [id, ..]) => {
            Selectors::parse(request, &[])?;
            Ok(Response::json(200, &json_of(named(portal, app_id, id)?)))
        }
        (E::ImportCancel, [id, ..]) => {
            Selectors::parse(request, &[])?;
            let id = named(portal, app_id, id)?.id;
            if !portal.imports.end(turn.now_ms, id, ImportState::Canceled) {
                return Err(Problem::validation(format!("The import {id} has ended already.")));
            }
            let at = time::iso(turn.now_ms);
            Ok(Response::json(200, &json!({"status": "COMPLETE", "startedAt": at, "completedAt": at})))
        }
        (_, [id, ..]) => errors(named(portal, app_id, id)?, turn, request),
        _ => Err(Problem::unknown_route()),
    }
}

/// An import of the same app; those of others are as none.
fn named<'p>(portal: &'p Portal, app_id: u64, id: &str) -> Result<&'p Import, Problem> {
    let found = id.parse().ok().and_then(|id: u64| portal.imports.all.get(&id));
    found.filter(|own| own.app_id == app_id).ok_or_else(Problem::resource_not_found)
}

/// More than an import or a day may have: 429, though no repetition will do (`hubspot-api.md` 7.3).
fn oversize(message: String) -> Problem {
    Problem::category(429, "RATE_LIMITS", message)
}

/// `POST /crm/imports/2026-09`.
fn create(portal: &mut Portal, turn: &Turn<'_>, app_id: u64, request: &Request) -> Result<Response, Problem> {
    Selectors::parse(request, &[])?;
    let switches = turn.switches;
    if request.body.len() as u64 > switches.import_bytes {
        return Err(oversize(format!("A file has at most {} bytes.", switches.import_bytes)));
    }
    let mut parts = parts(request)?;
    let asked = Asked::read(&parts.request)?;
    let file = asked.file()?;
    let at =
        parts.files.iter().position(|own| own.name == file.name).ok_or_else(|| {
            Problem::validation(format!("There is no part files with the name {}.", file.name))
        })?;
    let columns = &file.page.column_mappings;
    let first = columns.first().ok_or_else(|| Problem::validation("Every column must be mapped."))?;
    let kind = portal.kind_of(&first.column_object_type_id)?;
    if let Some(other) = columns.iter().find(|own| own.column_object_type_id != kind.type_id) {
        let named = &other.column_object_type_id;
        return Err(Problem::validation(format!("{named} is another object type, or not its id.")));
    }
    let modelled = [ColumnType::Standard, ColumnType::HubspotObjectId, ColumnType::HubspotAlternateId];
    if columns.iter().any(|own| !modelled.contains(&own.column_type)) {
        return Err(crate::objects::input::not_modelled("associations and events in imports"));
    }
    let of = |own: &str| ObjectTypes { id: kind.type_id, name: kind.name }.is(own);
    if let Some(other) = asked.import_operations.keys().find(|own| !of(own)) {
        return Err(Problem::validation(format!("No column is of the object type {other}.")));
    }
    let operation = asked.import_operations.values().next().copied().unwrap_or_default();
    let keys = columns.iter().filter(|own| own.column_type != ColumnType::Standard).count();
    if keys > 1 || (keys == 0 && operation == Operation::Update) {
        return Err(Problem::validation("One column must identify the records."));
    }
    let bytes = parts.files.swap_remove(at).bytes;
    let has_header = file.page.has_header;
    let count = rows::count(&bytes, has_header);
    if count > switches.import_rows {
        return Err(oversize(format!("A file has at most {} rows.", switches.import_rows)));
    }
    let offset_ms = portal.settings.utc_offset_ms(turn.now_ms);
    if !portal.imports.allow_rows(turn.now_ms, offset_ms, count, switches) {
        return Err(oversize(format!(
            "An account imports at most {} rows a day.",
            switches.import_rows_per_day
        )));
    }
    let rows = Rows::new(bytes, has_header, columns.clone(), operation, asked.date_format, kind);
    let mut import = Import::new(app_id, &asked.name, kind.type_id, parts.request, Some(rows));
    import.count("TOTAL_ROWS", count);
    import.file_id = 190_000_000_000 + portal.imports.all.len() as u64;
    let id = portal.imports.begin(turn, import);
    Ok(Response::json(200, &json_of(&portal.imports.all[&id])))
}

/// An object type by either of its names.
struct ObjectTypes {
    id: &'static str,
    name: &'static str,
}

impl ObjectTypes {
    fn is(&self, text: &str) -> bool {
        text == self.id || text == self.name
    }
}

fn json_of(import: &Import) -> Value {
    json!({
        "id": import.id.to_string(),
        "state": import.state,
        "importName": import.name,
        "importSource": "API",
        "createdAt": time::iso(import.created_at),
        "updatedAt": time::iso(import.updated_at),
        "mappedObjectTypeIds": [import.object_type_id],
        "optOutImport": false,
        "importRequestJson": import.request,
        "metadata": {
            "counters": import.counters,
            "fileIds": [import.file_id.to_string()],
            "objectLists": [],
        },
    })
}

/// `limit` and `after` of a page, and what else is allowed.
fn page(request: &Request, turn: &Turn<'_>, allowed: &[&str]) -> Result<(Form, usize, Option<u64>), Problem> {
    let query = Form::query(request);
    if let Some((name, _)) =
        query.iter().find(|(name, _)| !["limit", "after"].contains(name) && !allowed.contains(name))
    {
        return Err(Problem::validation(format!("Unknown query parameter: {name}")));
    }
    let limit = match query.get("limit") {
        Some(text) => {
            let limit = text
                .parse()
                .map_err(|_| Problem::validation(format!("Invalid integer for limit: {text}")))?;
            page_size(limit, turn.switches, PAGE_LIMIT)?
        }
        None => 10,
    };
    let after = query.get("after").filter(|text| !text.is_empty()).map(|text| {
        let invalid = || Problem::validation(format!("Invalid paging cursor: {text}"));
        let bytes = data_encoding::BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| invalid())?;
        String::from_utf8(bytes).ok().and_then(|plain| plain.parse().ok()).ok_or_else(invalid)
    });
    Ok((query, limit, after.transpose()?))
}

fn paged(mut results: Vec<Value>, limit: usize, last: impl Fn(usize) -> u64) -> Response {
    let more = results.len() > limit;
    results.truncate(limit);
    let mut body = json!({ "results": results });
    if more {
        // A cursor nobody should read.
        let after = data_encoding::BASE64URL_NOPAD.encode(last(limit - 1).to_string().as_bytes());
        body["paging"] = json!({"next": {"after": after}});
    }
    Response::json(200, &body)
}

/// `GET /crm/imports/2026-09`: the app's own, the newest first.
fn list(portal: &Portal, turn: &Turn<'_>, app_id: u64, request: &Request) -> Result<Response, Problem> {
    let (_, limit, after) = page(request, turn, &[])?;
    let own = portal.imports.all.values().rev().filter(|own| own.app_id == app_id);
    let shown: Vec<&Import> =
        own.filter(|own| after.is_none_or(|after| own.id < after)).take(limit + 1).collect();
    Ok(paged(shown.iter().map(|own| json_of(own)).collect(), limit, |at| shown[at].id))
}

/// `GET /crm/imports/2026-09/{importId}/errors`.
fn errors(import: &Import, turn: &Turn<'_>, request: &Request) -> Result<Response, Problem> {
    let (query, limit, after) = page(request, turn, &["includeErrorMessage", "includeRowData"])?;
    let flag = |name: &str| query.get(name).map_or(Ok(false), |value| parse_bool(name, value));
    let (message, row) = (flag("includeErrorMessage")?, flag("includeRowData")?);
    let start = after.map_or(0, |after| import.errors.partition_point(|own| own.id <= after));
    let shown: Vec<&ImportError> = import.errors.iter().skip(start).take(limit + 1).collect();
    let named = turn.switches.import_error_line;
    let json = |own: &&ImportError| {
        // Of the whole file as it is.
        let (line, row) = match named {
            ErrorLine::OfRows if own.line > 1 => (own.line - 1, row),
            ErrorLine::Nowhere if own.line > 0 => (NOWHERE, false),
            _ => (own.line, row),
        };
        let mut body = json!({
            "id": own.id.to_string(),
            "createdAt": own.at_ms,
            "errorType": own.error_type,
            "objectTypeId": import.object_type_id,
            "sourceData": {
                "lineNumber": line,
                "rowData": if row { own.row.as_slice() } else { &[] },
                "additionalRowData": [],
                "fileId": import.file_id,
                "containsEncryptedProperties": false,
            },
        });
        if message {
            body["errorMessage"] = json!(own.message);
        }
        if let Some(column) = own.column {
            body["knownColumnNumber"] = json!(column);
        }
        if let Some(value) = &own.value {
            body["invalidValue"] = json!(value);
        }
        body
    };
    Ok(paged(shown.iter().map(json).collect(), limit, |at| shown[at].id))
}
