//! Imports: files of rows that change records while time passes (`hubspot-api.md` 7). Rows name their record by its id, and change it or
//! nothing.
//!
//! What HubSpot says of an import is read tolerantly; of a refused row its type, place and column are read, and never the words, which may
//! tell of people.

use serde_json::{Value, json};

use crate::{
    hubspot::{
        Malformed, VERSION, json,
        objects::{get, push_after},
    },
    values::{
        http::{Body, Method, Request},
        ids::{ObjectType, RecordId},
        time::Timestamp,
    },
};

/// Rows of one file, as far as Spoke sends them: HubSpot takes 1,048,576 (`hubspot-api.md` 7.3), and of 100,000 with five scores the
/// 6 MB are held at once.
pub const ROWS_LIMIT: u32 = 100_000;
/// Imports and errors of one page: as elsewhere, not documented (`hubspot-api.md` 7.1).
pub const PAGE_LIMIT: u32 = 100;
/// The name of the file inside the request.
const FILE_NAME: &str = "rows.csv";
/// The header of the column that names the record.
const ID_COLUMN: &str = "Record ID";

/// A file as it is being made, row by row.
#[derive(Debug)]
pub struct File {
    csv: csv::Writer<Vec<u8>>,
}

impl File {
    /// Begins with the header: the record's id, then these properties.
    pub fn new(properties: &[String]) -> Self {
        let mut file = Self { csv: csv::Writer::from_writer(Vec::new()) };
        let header = std::iter::once(ID_COLUMN).chain(properties.iter().map(String::as_str));
        file.csv.write_record(header).expect("writing to memory does not fail");
        file
    }

    /// Adds a row: a record, and its values in the order of the header.
    pub fn push(&mut self, id: RecordId, values: &[String]) {
        let id = id.to_string();
        let cells = std::iter::once(id.as_str()).chain(values.iter().map(String::as_str));
        // A row of another length is the one thing that can fail.
        self.csv.write_record(cells).expect("a row has a cell for each column");
    }

    /// The file.
    pub fn finish(self) -> String {
        let bytes = self.csv.into_inner().expect("writing to memory does not fail");
        String::from_utf8(bytes).expect("cells are texts")
    }
}

/// `POST /crm/imports/…`: starts an import that updates records of a type. The same name, properties and file make the same bytes.
pub fn start(kind: ObjectType, name: &str, properties: &[String], file: &str) -> Request {
    let type_id = kind.hubspot_id().to_string();
    let column = |header: &str, property: &str, column_type: &str| {
        json!({
            "columnObjectTypeId": type_id, "columnName": header, "propertyName": property, "columnType": column_type,
        })
    };
    let id = column(ID_COLUMN, "hs_object_id", "HUBSPOT_OBJECT_ID");
    let others = properties.iter().map(|property| column(property, property, "STANDARD"));
    let columns: Vec<Value> = std::iter::once(id).chain(others).collect();
    let mut operations = serde_json::Map::new();
    operations.insert(type_id.clone(), json!("UPDATE"));
    let asked = json!({
        "name": name,
        "importOperations": operations,
        "dateFormat": "YEAR_MONTH_DAY",
        "timeZone": "UTC",
        "files": [{
            "fileName": FILE_NAME,
            "fileFormat": "CSV",
            "fileImportPage": { "hasHeader": true, "columnMappings": columns },
        }],
    })
    .to_string();
    let mut boundary = "----spoke-import".to_owned();
    while file.contains(&boundary) || asked.contains(&boundary) {
        boundary.push('-');
    }
    let mut parts = String::with_capacity(file.len() + asked.len() + 512);
    for (head, media, content) in [
        ("name=\"importRequest\"".to_owned(), "application/json", asked.as_str()),
        (format!("name=\"files\"; filename=\"{FILE_NAME}\""), "text/csv", file),
    ] {
        parts.push_str("--");
        parts.push_str(&boundary);
        parts.push_str("\r\nContent-Disposition: form-data; ");
        parts.push_str(&head);
        parts.push_str("\r\nContent-Type: ");
        parts.push_str(media);
        parts.push_str("\r\n\r\n");
        parts.push_str(content);
        parts.push_str("\r\n");
    }
    parts.push_str("--");
    parts.push_str(&boundary);
    parts.push_str("--\r\n");
    let body = Body::Multipart { boundary, parts };
    Request { method: Method::Post, path: format!("/crm/imports/{VERSION}"), bearer: None, body }
}

/// `GET /crm/imports/…`: a page of the imports of the same app, the newest first.
pub fn list(after: Option<&str>) -> Request {
    let mut path = format!("/crm/imports/{VERSION}?limit={PAGE_LIMIT}");
    push_after(&mut path, after);
    get(path)
}

/// `GET /crm/imports/…/{id}`
pub fn one(id: u64) -> Request {
    get(format!("/crm/imports/{VERSION}/{id}"))
}

/// `GET /crm/imports/…/{id}/errors`: a page of what was refused.
pub fn errors(id: u64, after: Option<&str>) -> Request {
    let mut path = format!(
        "/crm/imports/{VERSION}/{id}/errors?limit={PAGE_LIMIT}&includeErrorMessage=false&includeRowData=true"
    );
    push_after(&mut path, after);
    get(path)
}

/// What becomes of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It waits, because three of the account's run already.
    Deferred,
    /// It was taken.
    Started,
    /// Rows are worked off.
    Processing,
    /// Through its file; rows may have been refused.
    Done,
    /// The file as a whole is not usable.
    Failed,
    /// Stopped by a person.
    Canceled,
    /// Undone by a person.
    Reverted,
    /// A word this build does not know: it is asked again.
    Other,
}

impl State {
    fn parse(text: &str) -> Self {
        match text {
            "DEFERRED" => Self::Deferred,
            "STARTED" => Self::Started,
            "PROCESSING" => Self::Processing,
            "DONE" => Self::Done,
            "FAILED" => Self::Failed,
            "CANCELED" => Self::Canceled,
            "REVERTED" => Self::Reverted,
            _ => Self::Other,
        }
    }
}

/// An import, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// HubSpot's number for it.
    pub id: u64,
    /// As it was named.
    pub name: String,
    /// What becomes of it.
    pub state: State,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// Things refused so far; a row can have several.
    pub errors: u64,
    /// Records that were written.
    pub written: u64,
}

/// Reads an answer about one import.
pub fn parse_one(body: &[u8]) -> Result<Import, Malformed> {
    let value: Value = serde_json::from_slice(body).map_err(|_| Malformed("an import"))?;
    import(&value).ok_or(Malformed("an import"))
}

fn import(value: &Value) -> Option<Import> {
    let counter = |name: &str| {
        let counters = value.get("metadata").and_then(|data| data.get("counters"));
        // Absent ones are zero (`hubspot-api.md` 7.1).
        counters.and_then(|all| json::whole(all.get(name)?)).unwrap_or(0).max(0).cast_unsigned()
    };
    Some(Import {
        id: json::id::<RecordId>(value.get("id")?)?.0,
        name: json::text(value, "importName").unwrap_or_default().to_owned(),
        state: State::parse(json::text(value, "state")?),
        created_at: json::text(value, "createdAt").and_then(Timestamp::parse_rfc3339),
        errors: counter("ERRORS"),
        written: counter("UNIQUE_OBJECTS_WRITTEN").max(counter("UPDATED_OBJECTS")),
    })
}

/// Reads a page of imports, and where the next begins. One that cannot be read is left out.
pub fn parse_page(body: &[u8]) -> Result<(Vec<Import>, Option<String>), Malformed> {
    const WHAT: Malformed = Malformed("a page of imports");
    let value: Value = serde_json::from_slice(body).map_err(|_| WHAT)?;
    let results = value.get("results").and_then(Value::as_array).ok_or(WHAT)?;
    Ok((results.iter().filter_map(import).collect(), json::after(&value)))
}

/// One value, row or file that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowError {
    /// HubSpot's word, as `UPDATE_ONLY_IMPORT`.
    pub kind: String,
    /// It is the whole file.
    pub is_of_file: bool,
    /// The row by its line, counted from 0 without the header. Lines are documented to count from 1, and not whether the header has one.
    pub row: Option<u32>,
    /// The record that the row names, if that is told.
    pub id: Option<RecordId>,
    /// The column, from 0, the id's included.
    pub column: Option<u32>,
}

impl RowError {
    /// Whether it says that there is no such record: it was deleted, or became part of another.
    pub fn is_gone(&self) -> bool {
        matches!(self.kind.as_str(), "UPDATE_ONLY_IMPORT" | "INVALID_RECORD_ID" | "INVALID_OBJECT_ID")
    }
}

/// Reads a page of what was refused, and where the next begins.
pub fn parse_errors(body: &[u8]) -> Result<(Vec<RowError>, Option<String>), Malformed> {
    const WHAT: Malformed = Malformed("a page of import errors");
    let value: Value = serde_json::from_slice(body).map_err(|_| WHAT)?;
    let results = value.get("results").and_then(Value::as_array).ok_or(WHAT)?;
    let number = |value: Option<&Value>| u32::try_from(json::whole(value?)?).ok();
    let error = |entry: &Value| {
        let source = entry.get("sourceData");
        let line = number(source.and_then(|source| source.get("lineNumber")));
        let first = source.and_then(|source| source.get("rowData")?.as_array()?.first());
        let id: Option<RecordId> = first.and_then(json::id);
        RowError {
            kind: json::text(entry, "errorType")
                .and_then(json::code)
                .unwrap_or_else(|| "UNKNOWN_ERROR".to_owned()),
            // Line 1 is the header, as long as nothing of that line names a record.
            is_of_file: id.is_none() && line.is_some_and(|line| line < 2),
            row: line.and_then(|line| line.checked_sub(2)),
            id,
            column: number(entry.get("knownColumnNumber")),
        }
    };
    Ok((results.iter().map(error).collect(), json::after(&value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Vec<String> {
        vec!["koala_intent_score".to_owned(), "koala_intent_trend".to_owned()]
    }

    #[test]
    fn a_file_has_a_header_and_quotes_what_needs_it() {
        let mut file = File::new(&names());
        file.push(RecordId(7), &["73".to_owned(), "Very High".to_owned()]);
        file.push(RecordId(8), &["1.5".to_owned(), "a,\"b\"".to_owned()]);
        let expected =
            "Record ID,koala_intent_score,koala_intent_trend\n7,73,Very High\n8,1.5,\"a,\"\"b\"\"\"\n";
        assert_eq!(file.finish(), expected);
    }

    #[test]
    fn the_same_rows_make_the_same_bytes_and_no_part_holds_the_boundary() {
        let make = |file: &str| start(ObjectType::Companies, "scores 1", &names(), file);
        assert_eq!(make("a\n"), make("a\n"));
        let Body::Multipart { boundary, parts } = make("----spoke-import\n----spoke-import-").body else {
            panic!("no parts")
        };
        assert_eq!(boundary, "----spoke-import--");
        assert_eq!(parts.matches(&format!("--{boundary}\r\n")).count(), 2);
        assert!(parts.ends_with(&format!("\r\n--{boundary}--\r\n")));
    }

    #[test]
    fn an_import_is_read_with_counters_that_may_be_absent() {
        let body =
            br#"{"id":"61000001","state":"DONE","importName":"scores","createdAt":"2026-11-20T02:00:00Z",
            "metadata":{"counters":{"UPDATED_OBJECTS":5,"ERRORS":2}}}"#;
        let import = parse_one(body).unwrap();
        assert_eq!((import.id, import.state, import.errors, import.written), (61_000_001, State::Done, 2, 5));
        let bare = parse_one(br#"{"id":3,"state":"SOMETHING"}"#).unwrap();
        assert_eq!((bare.state, bare.errors, bare.created_at), (State::Other, 0, None));
        assert!(parse_one(b"{}").is_err() && parse_page(b"<html>").is_err());
    }

    #[test]
    fn a_refused_row_is_known_by_its_line_and_its_record() {
        let body = br#"{"results":[
            {"id":"1","createdAt":1795132800000,"errorType":"UPDATE_ONLY_IMPORT","knownColumnNumber":0,
             "sourceData":{"lineNumber":2,"rowData":["77","1"],"fileId":9}},
            {"id":"2","errorType":"COULD_NOT_PARSE_ROW","sourceData":{"lineNumber":0,"rowData":[]}},
            {"id":"3","errorType":"UNKNOWN_ERROR","sourceData":{"lineNumber":1,"rowData":[78,"1"]}},
            {"id":"4","errorType":"INVALID_COLUMN_CONFIGURATION","sourceData":{"lineNumber":1,"rowData":["Record ID"]}},
            {"id":"5","errorType":"UNKNOWN_ERROR","sourceData":{"lineNumber":9,"rowData":[]}},
            {"id":"6","errorType":"UNKNOWN_ERROR","sourceData":{"rowData":[]}},
            {"id":"7","errorType":"UNKNOWN_ERROR"}],
            "paging":{"next":{"after":"MTAw"}}}"#;
        let (errors, after) = parse_errors(body).unwrap();
        assert_eq!((errors[0].row, errors[0].id, errors[0].column), (Some(0), Some(RecordId(77)), Some(0)));
        assert!(errors[0].is_gone() && !errors[1].is_gone());
        assert_eq!((errors[1].row, errors[1].id, after.as_deref()), (None, None, Some("MTAw")));
        let places = errors.iter().map(|error| (error.is_of_file, error.row, error.id.map(|id| id.0)));
        let expected = [
            (false, Some(0), Some(77)),
            (true, None, None),
            (false, None, Some(78)),
            (true, None, None),
            (false, Some(7), None),
            // Of a row, and nobody knows of which: not of the whole file.
            (false, None, None),
            (false, None, None),
        ];
        assert_eq!(places.collect::<Vec<_>>(), expected);
    }
}
