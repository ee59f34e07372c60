//! Working off the rows of a file: finding the record, checking and setting the values, saying what is wrong. Owns what is left
//! of the file.

use std::io::Cursor;

use rustc_hash::{FxHashSet, FxHasher};
use serde_json::Value;

use super::request::{ColumnType, DateFormat, Mapping, Operation};
use super::{Import, ImportError, ImportState};
use crate::Problem;
use crate::objects::input::Sent;
use crate::objects::kind::ObjectKind;
use crate::objects::record::State;
use crate::objects::store::{BY_IMPORT, Refused, Store};
use crate::objects::validation;
use crate::objects::write::check_new;
use crate::portal::{Portal, Turn};
use crate::schema::ValueType;
use crate::switches::BlankCell;

/// Beyond this a number is too large. HubSpot's bound is not documented.
const NUMBER_BOUND: f64 = 1e18;

/// What is left of a file, and how to read it.
pub(super) struct Rows {
    reader: csv::Reader<Cursor<Vec<u8>>>,
    has_header: bool,
    columns: Vec<Mapping>,
    operation: Operation,
    dates: DateFormat,
    kind: &'static ObjectKind,
    begun: bool,
    /// Columns without a property of the account.
    dead: Vec<usize>,
    /// Records that a row was of.
    seen: FxHashSet<u64>,
    /// Hashes of what rows had in them.
    contents: FxHashSet<u64>,
}

/// Why a row was refused as a whole.
struct RowError {
    error_type: &'static str,
    message: String,
    column: Option<usize>,
    value: Option<String>,
}

impl RowError {
    fn new(error_type: &'static str, message: impl Into<String>) -> Self {
        Self { error_type, message: message.into(), column: None, value: None }
    }

    fn at(self, column: usize, value: &str) -> Self {
        Self { column: Some(column), value: Some(value.to_owned()), ..self }
    }
}

/// What a file has, before it is worked off: rows without the header.
pub(super) fn count(bytes: &[u8], has_header: bool) -> u64 {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    let mut record = csv::ByteRecord::new();
    let mut rows = 0;
    while reader.read_byte_record(&mut record).is_ok_and(|more| more) {
        rows += 1;
    }
    if has_header { u64::saturating_sub(rows, 1) } else { rows }
}

impl Rows {
    pub fn new(
        bytes: Vec<u8>,
        has_header: bool,
        columns: Vec<Mapping>,
        operation: Operation,
        dates: DateFormat,
        kind: &'static ObjectKind,
    ) -> Self {
        let reader =
            csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(Cursor::new(bytes));
        Self {
            reader,
            has_header,
            columns,
            operation,
            dates,
            kind,
            begun: false,
            dead: Vec::new(),
            seen: FxHashSet::default(),
            contents: FxHashSet::default(),
        }
    }

    /// The next row as texts; `None` at the end. A row that is no text comes as an error with its line.
    fn next(&mut self) -> Option<(u64, Result<Vec<String>, RowError>)> {
        let mut record = csv::ByteRecord::new();
        let more = self.reader.read_byte_record(&mut record);
        if !more.is_ok_and(|more| more) {
            return None;
        }
        let line = record.position().map_or(0, csv::Position::line);
        let texts: Result<Vec<String>, _> =
            record.iter().map(|cell| std::str::from_utf8(cell).map(str::to_owned)).collect();
        Some((line, texts.map_err(|_| RowError::new("COULD_NOT_PARSE_ROW", "The row is not UTF-8."))))
    }

    fn id_column(&self) -> Option<(usize, &Mapping)> {
        let keys = [ColumnType::HubspotObjectId, ColumnType::HubspotAlternateId];
        self.columns.iter().enumerate().find(|(_, own)| keys.contains(&own.column_type))
    }
}

impl Portal {
    /// Works off rows until so many are done in all; whether the import is over.
    pub(super) fn import_rows(
        &mut self,
        turn: &mut Turn<'_>,
        import: &mut Import,
        rows: &mut Rows,
        due: u64,
    ) -> bool {
        if !rows.begun {
            rows.begun = true;
            if let Err(flaw) = self.begin_rows(turn, import, rows) {
                self.note(turn.now_ms, import, flaw, 0, Vec::new());
                import.state = ImportState::Failed;
                import.updated_at = turn.now_ms;
                return true;
            }
        }
        while import.done < due {
            let Some((line, cells)) = rows.next() else {
                import.state = ImportState::Done;
                import.updated_at = turn.now_ms;
                self.follow(turn);
                return true;
            };
            import.done += 1;
            match cells {
                Err(flaw) => self.note(turn.now_ms, import, flaw, line, Vec::new()),
                Ok(cells) => {
                    if let Err(flaw) = self.import_row(turn, import, rows, line, &cells) {
                        self.note(turn.now_ms, import, flaw, line, cells);
                    }
                }
            }
        }
        false
    }

    /// The header, and columns nobody knows.
    fn begin_rows(&mut self, turn: &Turn<'_>, import: &mut Import, rows: &mut Rows) -> Result<(), RowError> {
        if rows.has_header {
            let (_, header) =
                rows.next().ok_or_else(|| RowError::new("COULD_NOT_PARSE_ROW", "The file is empty."))?;
            let header = header?;
            let mapped: Vec<&str> = rows.columns.iter().map(|own| own.column_name.as_str()).collect();
            if header.len() != mapped.len() {
                let message = format!("The file has {} columns, {} are mapped.", header.len(), mapped.len());
                return Err(RowError::new("INCORRECT_NUMBER_OF_COLUMNS", message));
            }
            let wrong = header.iter().zip(&mapped).position(|(own, mapped)| own != mapped);
            if let Some(at) = wrong {
                let message = format!("Column {} is {}, not {}.", at, header[at], mapped[at]);
                return Err(RowError::new("INVALID_COLUMN_CONFIGURATION", message).at(at, &header[at]));
            }
        }
        let schema = &self.store(rows.kind).schema;
        let mut unmapped = 0;
        for (at, column) in rows.columns.iter().enumerate() {
            match &column.property_name {
                None => unmapped += 1,
                Some(name) if schema.live(name).is_none() => rows.dead.push(at),
                Some(_) => {}
            }
        }
        for at in rows.dead.clone() {
            let name = rows.columns[at].property_name.clone().unwrap_or_default();
            let message = format!("Property {name} does not exist.");
            let flaw = RowError::new("PROPERTY_DEFINITION_NOT_FOUND", message).at(at, &name);
            self.note(turn.now_ms, import, flaw, 0, Vec::new());
        }
        unmapped += rows.dead.len();
        import.count("UNMAPPED_COLUMNS", unmapped as u64);
        import.count("MAPPED_COLUMNS", (rows.columns.len() - unmapped) as u64);
        Ok(())
    }

    fn import_row(
        &mut self,
        turn: &mut Turn<'_>,
        import: &mut Import,
        rows: &mut Rows,
        line: u64,
        cells: &[String],
    ) -> Result<(), RowError> {
        if cells.len() != rows.columns.len() {
            let message =
                format!("The row has {} cells, {} columns are mapped.", cells.len(), rows.columns.len());
            return Err(RowError::new("INCORRECT_NUMBER_OF_COLUMNS", message));
        }
        if !rows.contents.insert(hash(cells)) {
            return Err(RowError::new("DUPLICATE_ROW_CONTENT", "A row before has the same content."));
        }
        let one_in = turn.switches.import_unknown_error_one_in;
        if one_in > 0 && self.rng.u32(..one_in) == 0 {
            return Err(RowError::new("UNKNOWN_ERROR", "An unknown error occurred."));
        }
        let found = self.imported_record(turn, rows, cells)?;
        if let Some(id) = found.filter(|id| !rows.seen.insert(*id)) {
            let by_id =
                rows.id_column().is_some_and(|(_, own)| own.column_type == ColumnType::HubspotObjectId);
            let word = if by_id { "DUPLICATE_RECORD_ID" } else { "DUPLICATE_ALTERNATE_ID" };
            return Err(RowError::new(word, format!("A row before is of the record {id}.")));
        }
        let mut sent = self.values_of(turn, import, rows, line, cells);
        let portal_id = self.portal_id;
        let kind = rows.kind;
        loop {
            let (store, rng) = self.store_mut(kind);
            let current = found.and_then(|id| store.get(id)).map(|record| &record.values);
            let checked = match current {
                Some(values) => validation::check(store, portal_id, turn, Some(values), &sent),
                None => check_new(store, portal_id, turn, &sent),
            };
            let done = checked.map_err(Flaw::from).and_then(|checked| match found {
                Some(id) => {
                    store.edit(turn, rng, BY_IMPORT, id, &checked.edits())?;
                    if turn.switches.import_touches_unchanged {
                        store.touch(turn, rng, id);
                    }
                    Ok(None)
                }
                None => Ok(Some(store.create(turn, rng, BY_IMPORT, &checked.values())?)),
            });
            match done {
                Ok(made) => {
                    rows.seen.extend(made);
                    import.count(if made.is_some() { "CREATED_OBJECTS" } else { "UPDATED_OBJECTS" }, 1);
                    import.count("UNIQUE_OBJECTS_WRITTEN", 1);
                    import.count("PROPERTY_VALUES_EMITTED", sent.len() as u64);
                    return Ok(());
                }
                Err(Flaw::Taken) => {
                    return Err(RowError::new(
                        "DUPLICATE_UNIQUE_PROPERTY_VALUE",
                        "Another record has the value.",
                    ));
                }
                Err(Flaw::Values(bad)) => {
                    // Values that are wrong are left out, the others of the row are set; a value that is missing
                    // or a switch refuses the row.
                    let missing = bad.iter().find(|own| !sent.contains_key(&own.name));
                    if let Some(own) = missing {
                        return Err(RowError::new(own.error_type, own.message.clone()));
                    }
                    for own in &bad {
                        let of = |column: &Mapping| column.property_name.as_ref() == Some(&own.name);
                        let at = rows.columns.iter().position(of).unwrap_or_default();
                        let flaw = RowError::new(own.error_type, own.message.clone()).at(at, &cells[at]);
                        if turn.switches.import_bad_value_drops_row {
                            return Err(flaw);
                        }
                        self.note(turn.now_ms, import, flaw, line, cells.to_vec());
                        sent.remove(&own.name);
                    }
                    if sent.is_empty() && found.is_some() {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// The record that a row is of; none where one is to be made.
    fn imported_record(
        &self,
        turn: &Turn<'_>,
        rows: &Rows,
        cells: &[String],
    ) -> Result<Option<u64>, RowError> {
        let store = self.store(rows.kind);
        let Some((at, column)) = rows.id_column() else { return Ok(None) };
        let cell = cells[at].trim();
        let found = if column.column_type == ColumnType::HubspotObjectId {
            let id: u64 = cell.parse().map_err(|_| {
                RowError::new("INVALID_RECORD_ID", format!("{cell} is no record id.")).at(at, cell)
            })?;
            let followed =
                if turn.switches.import_follows_merged { store.resolve(id) } else { store.get(id) };
            followed.filter(|record| record.state == State::Live).map(|record| record.id)
        } else {
            by_value(store, column, at, cell)?
        };
        match (found, rows.operation) {
            (None, Operation::Update) => {
                Err(RowError::new("UPDATE_ONLY_IMPORT", format!("There is no record {cell}.")).at(at, cell))
            }
            (Some(_), Operation::Create) => {
                Err(RowError::new("CREATE_ONLY_IMPORT", format!("There is a record {cell}.")).at(at, cell))
            }
            (None, _) if column.column_type == ColumnType::HubspotObjectId => {
                Err(RowError::new("INVALID_RECORD_ID", format!("There is no record {cell}.")).at(at, cell))
            }
            (found, _) => Ok(found),
        }
    }

    /// The values of a row as a write would send them. Cells that cannot be one are named and left out.
    fn values_of(
        &mut self,
        turn: &Turn<'_>,
        import: &mut Import,
        rows: &Rows,
        line: u64,
        cells: &[String],
    ) -> Sent {
        let (mut sent, mut flaws) = (Sent::new(), Vec::new());
        let schema = &self.store(rows.kind).schema;
        for (at, (column, cell)) in rows.columns.iter().zip(cells).enumerate() {
            let Some(name) = column.property_name.as_ref().filter(|_| !rows.dead.contains(&at)) else {
                continue;
            };
            // Archived since the import began: as every other unknown one, by the row.
            let Some((_, property)) = schema.live(name) else {
                let message = format!("Property {name} does not exist.");
                flaws.push(RowError::new("PROPERTY_DEFINITION_NOT_FOUND", message).at(at, name));
                continue;
            };
            if column.column_type == ColumnType::HubspotObjectId {
                continue;
            }
            let cell = cell.trim();
            if cell.is_empty() {
                if turn.switches.import_blank_cell == BlankCell::Clears {
                    sent.insert(name.clone(), String::new());
                }
                continue;
            }
            let value = match property.value_type {
                ValueType::Number => match cell.parse::<f64>() {
                    Ok(number) if number.abs() >= NUMBER_BOUND => {
                        Err(RowError::new("INVALID_NUMBER_SIZE", format!("{cell} is too large.")))
                    }
                    _ => Ok(cell.to_owned()),
                },
                ValueType::Date => rows
                    .dates
                    .iso(cell)
                    .ok_or_else(|| RowError::new("COULD_NOT_PARSE_DATE", format!("{cell} is no date."))),
                // A date alone is that day's midnight; anything else has to be ISO 8601 or milliseconds.
                ValueType::Datetime => Ok(rows.dates.iso(cell).unwrap_or_else(|| cell.to_owned())),
                ValueType::Enumeration => {
                    let named = property.choices.iter().find(|choice| choice.label == cell);
                    Ok(named.map_or_else(|| cell.to_owned(), |choice| choice.value.clone()))
                }
                ValueType::String | ValueType::Bool | ValueType::PhoneNumber => Ok(cell.to_owned()),
            };
            match value {
                Ok(value) => {
                    sent.insert(name.clone(), value);
                }
                Err(flaw) => flaws.push(flaw.at(at, cell)),
            }
        }
        for flaw in flaws {
            self.note(turn.now_ms, import, flaw, line, cells.to_vec());
        }
        sent
    }

    fn note(&mut self, now_ms: u64, import: &mut Import, flaw: RowError, line: u64, row: Vec<String>) {
        self.imports.errors += 1;
        import.count("ERRORS", 1);
        let RowError { error_type, message, column, value } = flaw;
        let id = self.imports.errors;
        import.errors.push(ImportError { id, error_type, message, line, column, value, row, at_ms: now_ms });
    }
}

/// Found by a unique value, or by one that need not be, as a company's domain: then all records are walked, which is for
/// small files only.
fn by_value(store: &Store, column: &Mapping, at: usize, cell: &str) -> Result<Option<u64>, RowError> {
    let invalid =
        || RowError::new("INVALID_ALTERNATE_ID", format!("{cell} identifies no record.")).at(at, cell);
    let name = column.property_name.as_deref().unwrap_or_default();
    let (key, _) = store.schema.live(name).ok_or_else(invalid)?;
    if cell.is_empty() {
        return Err(invalid());
    }
    if store.is_unique(key) {
        return Ok(store.find_unique(key, cell).map(|record| record.id));
    }
    let has = |own: &&crate::Record| {
        own.state == State::Live && own.values.get(key).is_some_and(|own| own.eq_ignore_ascii_case(cell))
    };
    let mut found = store.records_from(0).filter(has);
    match (found.next(), found.next()) {
        (Some(_), Some(_)) => {
            let message = format!("Several records have {cell}.");
            Err(RowError::new("MULTIPLE_COMPANIES_WITH_THIS_DOMAIN", message).at(at, cell))
        }
        (one, _) => Ok(one.map(|record| record.id)),
    }
}

fn hash(cells: &[String]) -> u64 {
    use std::hash::{Hash, Hasher};
    let mut hasher = FxHasher::default();
    cells.hash(&mut hasher);
    hasher.finish()
}

/// One bad or missing value.
struct Bad {
    name: String,
    error_type: &'static str,
    message: String,
}

/// Why values of a row cannot be set.
enum Flaw {
    Taken,
    Values(Vec<Bad>),
}

impl From<Refused> for Flaw {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Taken { .. } => Self::Taken,
            Refused::NotFound | Refused::TooManyMerges => Self::Values(vec![Bad {
                name: String::new(),
                error_type: "UNKNOWN_ERROR",
                message: "The record is gone.".into(),
            }]),
        }
    }
}

impl From<Problem> for Flaw {
    fn from(problem: Problem) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let errors = problem.body.get("errors").and_then(Value::as_array).cloned().unwrap_or_default();
        let mut bad: Vec<Bad> = errors
            .iter()
            .map(|own| Bad {
                name: text(&own["context"]["propertyName"][0]),
                error_type: error_type(&text(&own["code"]), &text(&own["message"])),
                message: text(&own["message"]),
            })
            .collect();
        if bad.is_empty() {
            let message = problem.body.get("message").map(text).unwrap_or_default();
            bad.push(Bad { name: String::new(), error_type: "MISSING_REQUIRED_PROPERTY", message });
        }
        Self::Values(bad)
    }
}

/// An import's word for what a write by API is refused with.
fn error_type(code: &str, message: &str) -> &'static str {
    match code {
        "INVALID_LONG" => "COULD_NOT_PARSE_NUMBER",
        "INVALID_DATE" => "COULD_NOT_PARSE_DATE",
        "INVALID_OPTION" => "INVALID_ENUMERATION_OPTION",
        "INVALID_EMAIL" if message.contains("permanently deleted") => "GDPR_BLACKLISTED_EMAIL",
        "INVALID_EMAIL" => "INVALID_EMAIL",
        "PROPERTY_DOESNT_EXIST" => "PROPERTY_DEFINITION_NOT_FOUND",
        "REQUIRED_PROPERTY" => "MISSING_REQUIRED_PROPERTY",
        "VALUE_TOO_LONG" => "COLUMN_TOO_LARGE",
        "READ_ONLY_VALUE" => "FAILED_VALIDATION",
        // What is left are the customer's own rules.
        _ => "INVALID_CUSTOM_PROPERTY_VALIDATION",
    }
}
