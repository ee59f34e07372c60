//! A filter asked in SQL, so that of many records only those are read that it may select.
//!
//! Of each record SQL says yes, no, or nothing (NULL), in its own three-valued logic: a condition that it cannot decide is NULL, `NOT`
//! leaves NULL alone, and `AND` and `OR` make of NULL what follows whatever it stands for. So where SQL says yes or no the filter says the
//! same, also below a negation, and memory has to be asked about the rest only. The filter in memory is what counts; nothing here decides
//! by a rule of its own.
//!
//! | condition | SQL says nothing of |
//! |---|---|
//! | known, unknown, enumerations, yes/no | no value: it is exact |
//! | texts | no value, if what is looked for is of ASCII alone; else of values that are not, or hold its longest run of ASCII |
//! | telephone numbers | values that are not of ASCII |
//! | numbers | what is no whole number as SQLite writes it, and within the bounds or beside them by a billionth |
//! | dates and moments | what is no day and no moment in UTC as HubSpot writes them, of seconds or milliseconds |
//! | what belongs to a record, what changed | anything |
//! | what is too large for its row | anything |
//!
//! Of records with 33 values and 1 KB, natively and a record: 3 µs for a condition on an option, 4 for one on a text or a number, 7 on a
//! day, and as much for these three together; a microsecond where nothing is asked. To read and parse one takes several times that.
//!
//! Works on the record's text as it is stored ([`super::records`]): whoever stores another form of it has to read this.

mod condition;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use crate::{
    store::{
        portal::records::ids_json,
        sql::{MAX_PARAMS, Param, Sql, SqlError, Value},
    },
    values::{
        filter::{Context, Filter},
        ids::{ObjectType, RecordId},
        json,
    },
};

use condition::Writer;

/// Parameters of a page besides those of the condition: two ids and a limit.
const OWN_PARAMS: usize = 3;
/// Parameters that a condition may bind. Each property is one, and a column in between, of which there may be a hundred.
const PARAMS: usize = MAX_PARAMS - OWN_PARAMS - 1;

/// A filter as SQL asks it.
#[derive(Debug, Clone, PartialEq)]
pub struct Narrowing {
    /// Over the columns `p0`, `p1`, …: 1, 0 or NULL.
    condition: String,
    /// The first parameters of a statement.
    params: Vec<String>,
    /// The number of the parameter with each column's path.
    columns: Vec<usize>,
    is_exact: bool,
}

/// What SQL says of some records.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Candidates {
    /// Those that may be selected, by id, and whether they surely are.
    pub ids: Vec<(RecordId, bool)>,
    /// How many records were looked at: those besides are surely not selected.
    pub looked_at: u64,
    /// The last one looked at.
    pub last: Option<RecordId>,
}

impl Narrowing {
    /// Of what a filter selects at that moment.
    pub fn now(filter: &Filter, context: Context) -> Self {
        Self::of(filter, context, false)
    }

    /// Of what a filter selects at that moment or at any later one, as long as the record stays as it is: what this leaves out no moment
    /// has to be foretold of. Sure is who is selected at each of these moments.
    pub fn from_now_on(filter: &Filter, context: Context) -> Self {
        Self::of(filter, context, true)
    }

    /// Of everything.
    pub fn nothing() -> Self {
        Self { condition: "NULL".to_owned(), params: Vec::new(), columns: Vec::new(), is_exact: false }
    }

    fn of(filter: &Filter, context: Context, from_now_on: bool) -> Self {
        let mut writer = Writer::new(context, from_now_on);
        let part = writer.part(filter);
        // What leaves nobody out is not worth the reading, unless it decides alone.
        if !part.says_no && part.says_nothing {
            return Self::nothing();
        }
        let is_exact = !part.says_nothing;
        Self { condition: part.sql, params: writer.params, columns: writer.columns, is_exact }
    }

    /// Whether SQL alone decides about every record that is not too large for its row.
    pub const fn is_exact(&self) -> bool {
        self.is_exact
    }

    /// Live records with ids in `(above, up_to]`, at most `limit` of them: which of these may be selected.
    pub fn page(
        &self,
        sql: &dyn Sql,
        kind: ObjectType,
        above: RecordId,
        up_to: Option<RecordId>,
        limit: u32,
    ) -> Result<Candidates, SqlError> {
        let first = self.params.len() + 1;
        let rows = format!(
            "id > CAST(?{first} AS INTEGER) AND id <= CAST(?{} AS INTEGER) AND live = 1 ORDER BY id LIMIT ?{}",
            first + 1,
            first + 2
        );
        let up_to = up_to.map_or(i64::MAX as u64, |id| id.0);
        let (above, up_to) = (above.to_string(), up_to.to_string());
        self.ask(sql, kind, &rows, &[Param::Text(&above), Param::Text(&up_to), Param::Int(limit.into())])
    }

    /// Which of these records, as far as they live, may be selected.
    pub fn among(&self, sql: &dyn Sql, kind: ObjectType, ids: &[RecordId]) -> Result<Candidates, SqlError> {
        let rows = format!(
            "id IN (SELECT value FROM json_each(?{})) AND live = 1 ORDER BY id LIMIT -1",
            self.params.len() + 1
        );
        self.ask(sql, kind, &rows, &[Param::Text(&ids_json(ids))])
    }

    fn ask(
        &self,
        sql: &dyn Sql,
        kind: ObjectType,
        rows: &str,
        own: &[Param<'_>],
    ) -> Result<Candidates, SqlError> {
        let params: Vec<Param<'_>> =
            self.params.iter().map(|text| Param::Text(text)).chain(own.iter().copied()).collect();
        let answer = sql.exec(&self.statement(kind, rows), &params)?;
        candidates(answer).ok_or(SqlError::Content("records"))
    }

    fn statement(&self, kind: ObjectType, rows: &str) -> String {
        let table = format!("records_{} WHERE {rows}", kind.table());
        let says = if self.columns.is_empty() {
            format!("SELECT id, {} AS says FROM (SELECT id FROM {table})", self.condition)
        } else {
            let mut values = String::new();
            for (column, path) in self.columns.iter().enumerate() {
                write!(values, ", coalesce(text ->> ?{path}, '') AS p{column}")
                    .expect("writing to a string does not fail");
            }
            // SQLite merges no subquery with a limit into another: so each is read once a row, and not once for each mention. Text
            // that is cut is no JSON (see `records`). It is stored as bytes, which only as text are parsed once for all columns.
            format!(
                "SELECT id, CASE WHEN whole THEN {} END AS says FROM (
                     SELECT id, text IS NOT NULL AS whole{values} FROM (
                         SELECT id, CASE WHEN json_valid(text) THEN text END AS text FROM (
                             SELECT id, CAST(properties AS TEXT) AS text FROM {table}
                         ) LIMIT -1
                     ) LIMIT -1
                 ) LIMIT -1",
                self.condition
            )
        };
        format!(
            "SELECT count(*), CAST(max(id) AS TEXT),
                    json_group_array(json_array(id, says)) FILTER (WHERE says IS NOT 0) FROM ({says})"
        )
    }
}

fn candidates(answer: Vec<Vec<Value>>) -> Option<Candidates> {
    let [looked_at, last, said] = <[Value; 3]>::try_from(answer.into_iter().next()?).ok()?;
    let said: Vec<(RecordId, Option<i64>)> = json::parse(said.text()?).ok()?;
    let last = match last.text() {
        Some(id) => Some(id.parse().ok()?),
        None => None,
    };
    let mut ids: Vec<(RecordId, bool)> = said.into_iter().map(|(id, says)| (id, says == Some(1))).collect();
    ids.sort_unstable();
    Some(Candidates { ids, looked_at: looked_at.int()?.unsigned_abs(), last })
}
