//! Activations: audiences and attributes with what the host says of whom, activations as the engine's JSON, and marks.
//!
//! What is to be written is nowhere: a *mark* says that a contact may differ from what is said of it, and whoever sends computes the
//! difference. A mark is of an address, in lower case, or of a record ([`Mark::record`]); its generation is the object's counter when it
//! was made, and only a call that left later clears it, so that what changes meanwhile is not lost. Marks of single changes are urgent and
//! go before those of a walk over everybody.

use std::collections::BTreeMap;

use crate::{
    store::sql::{Param, Row, Sql, SqlError, Value, int},
    values::{ids::RecordId, time::Timestamp},
};

/// The tables.
pub const TABLES: &str = "CREATE TABLE attributes (
         number INTEGER PRIMARY KEY,
         id TEXT NOT NULL,
         audience INTEGER NOT NULL,
         state TEXT NOT NULL,
         UNIQUE (audience, id)
     );
     CREATE TABLE attribute_values (
         attribute INTEGER NOT NULL,
         email TEXT NOT NULL,
         value TEXT NOT NULL,
         round INTEGER NOT NULL,
         PRIMARY KEY (attribute, email)
     ) WITHOUT ROWID;
     CREATE INDEX attribute_values_email ON attribute_values (email);
     CREATE TABLE activations (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, state TEXT NOT NULL);
     CREATE TABLE unwritten (
         whom TEXT PRIMARY KEY,
         generation INTEGER NOT NULL,
         at INTEGER NOT NULL,
         urgent INTEGER NOT NULL,
         failed INTEGER NOT NULL DEFAULT 0
     ) WITHOUT ROWID;
     CREATE INDEX unwritten_at ON unwritten (urgent, at);
     CREATE TABLE unwritten_refused (whom TEXT PRIMARY KEY, why TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;";

const VALUES: SqlError = SqlError::Content("attribute_values");
const MARKS: SqlError = SqlError::Content("unwritten");

/// An audience or attribute, as the engine's JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Ours.
    pub number: i64,
    /// The host's.
    pub id: String,
    /// Which of the two.
    pub audience: bool,
    /// JSON.
    pub state: String,
}

/// What is said of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// In lower case.
    pub email: String,
    /// By which attribute.
    pub attribute: i64,
    /// As HubSpot holds it.
    pub value: String,
}

/// A contact that may differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// An address in lower case, or a record: see [`of_record`].
    pub whom: String,
    /// How often HubSpot could not be told.
    pub failed: u32,
    /// Of a single change.
    pub urgent: bool,
}

/// How a record is marked whatever its addresses are: no address is written so.
pub fn of_record(id: RecordId) -> String {
    format!("#{id}")
}

impl Mark {
    /// The record that it is of; `None`: it is of an address.
    pub fn record(&self) -> Option<RecordId> {
        self.whom.strip_prefix('#')?.parse().ok()
    }
}

/// A contact that HubSpot refused to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// An address in lower case, or a record.
    pub whom: String,
    /// Why, in a sentence.
    pub why: String,
    /// When.
    pub at: Timestamp,
}

fn json<T: serde::Serialize + ?Sized>(texts: &T) -> String {
    serde_json::to_string(texts).expect("texts are JSON")
}

fn texts(rows: Vec<Row>, wrong: SqlError) -> Result<Vec<String>, SqlError> {
    let text = |row: Row| row.into_iter().next().and_then(Value::into_text).ok_or_else(|| wrong.clone());
    rows.into_iter().map(text).collect()
}

/// All audiences and attributes, the oldest first.
pub fn attributes(sql: &dyn Sql) -> Result<Vec<Attribute>, SqlError> {
    let rows = sql.exec("SELECT number, id, audience, state FROM attributes ORDER BY number", &[])?;
    let read = |row: Row| {
        let [number, id, audience, state] = <[Value; 4]>::try_from(row).ok()?;
        Some(Attribute {
            number: number.int()?,
            id: id.into_text()?,
            audience: audience.int()? == 1,
            state: state.into_text()?,
        })
    };
    rows.into_iter().map(|row| read(row).ok_or(SqlError::Content("attributes"))).collect()
}

/// Adds one; its number.
pub fn add_attribute(sql: &dyn Sql, id: &str, audience: bool, state: &str) -> Result<i64, SqlError> {
    let params = [Param::Text(id), Param::Int(audience.into()), Param::Text(state)];
    sql.exec("INSERT INTO attributes (id, audience, state) VALUES (?1, ?2, ?3)", &params)?;
    let number = "SELECT number FROM attributes WHERE audience = ?2 AND id = ?1";
    int(sql, number, &params[..2])?.ok_or(SqlError::Content("attributes"))
}

/// Saves one.
pub fn save_attribute(sql: &dyn Sql, number: i64, state: &str) -> Result<(), SqlError> {
    let params = [Param::Int(number), Param::Text(state)];
    sql.exec("UPDATE attributes SET state = ?2 WHERE number = ?1", &params)?;
    Ok(())
}

/// Forgets one, of which there are no values any more.
pub fn remove_attribute(sql: &dyn Sql, number: i64) -> Result<(), SqlError> {
    sql.exec("DELETE FROM attributes WHERE number = ?1", &[Param::Int(number)])?;
    Ok(())
}

/// All activations with their numbers, the oldest first.
pub fn activations(sql: &dyn Sql) -> Result<Vec<(i64, String)>, SqlError> {
    let rows = sql.exec("SELECT number, state FROM activations ORDER BY number", &[])?;
    let read = |row: Row| match <[Value; 2]>::try_from(row).ok()? {
        [Value::Int(number), Value::Text(state)] => Some((number, state)),
        _ => None,
    };
    rows.into_iter().map(|row| read(row).ok_or(SqlError::Content("activations"))).collect()
}

/// Adds one; its number.
pub fn add_activation(sql: &dyn Sql, id: &str, state: &str) -> Result<i64, SqlError> {
    let params = [Param::Text(id), Param::Text(state)];
    sql.exec("INSERT INTO activations (id, state) VALUES (?1, ?2)", &params)?;
    let number = int(sql, "SELECT number FROM activations WHERE id = ?1", &params[..1])?;
    number.ok_or(SqlError::Content("activations"))
}

/// Saves one.
pub fn save_activation(sql: &dyn Sql, number: i64, state: &str) -> Result<(), SqlError> {
    let params = [Param::Int(number), Param::Text(state)];
    sql.exec("UPDATE activations SET state = ?2 WHERE number = ?1", &params)?;
    Ok(())
}

/// Forgets one.
pub fn remove_activation(sql: &dyn Sql, number: i64) -> Result<(), SqlError> {
    sql.exec("DELETE FROM activations WHERE number = ?1", &[Param::Int(number)])?;
    Ok(())
}

/// How many values an attribute has. Counts them one by one: a million take some hundredths of a second.
pub fn count(sql: &dyn Sql, attribute: i64) -> Result<u64, SqlError> {
    let statement = "SELECT count(*) FROM attribute_values WHERE attribute = ?1";
    Ok(int(sql, statement, &[Param::Int(attribute)])?.unwrap_or(0).cast_unsigned())
}

/// What an attribute says of these addresses.
pub fn values(
    sql: &dyn Sql,
    attribute: i64,
    emails: &[&str],
) -> Result<BTreeMap<String, (String, i64)>, SqlError> {
    let rows = sql.exec(
        "SELECT email, value, round FROM attribute_values
         WHERE attribute = ?1 AND email IN (SELECT value FROM json_each(?2))",
        &[Param::Int(attribute), Param::Text(&json(emails))],
    )?;
    let read = |row: Row| match <[Value; 3]>::try_from(row).ok()? {
        [Value::Text(email), Value::Text(value), Value::Int(round)] => Some((email, (value, round))),
        _ => None,
    };
    rows.into_iter().map(|row| read(row).ok_or(VALUES)).collect()
}

/// Keeps what an attribute says of addresses.
pub fn put_values(
    sql: &dyn Sql,
    attribute: i64,
    values: &[(&str, &str)],
    round: i64,
) -> Result<(), SqlError> {
    if values.is_empty() {
        return Ok(());
    }
    sql.exec(
        "INSERT INTO attribute_values (attribute, email, value, round)
         SELECT ?1, value->>0, value->>1, ?3 FROM json_each(?2) WHERE true
         ON CONFLICT (attribute, email) DO UPDATE SET value = excluded.value, round = excluded.round",
        &[Param::Int(attribute), Param::Text(&json(values)), Param::Int(round)],
    )?;
    Ok(())
}

/// Forgets what an attribute says of addresses.
pub fn remove_values(sql: &dyn Sql, attribute: i64, emails: &[&str]) -> Result<(), SqlError> {
    sql.exec(
        "DELETE FROM attribute_values WHERE attribute = ?1 AND email IN (SELECT value FROM json_each(?2))",
        &[Param::Int(attribute), Param::Text(&json(emails))],
    )?;
    Ok(())
}

/// Addresses behind one of which an attribute says something, in order, each with its value and round.
pub fn page(
    sql: &dyn Sql,
    attribute: i64,
    after: &str,
    limit: u32,
) -> Result<Vec<(String, String, i64)>, SqlError> {
    let rows = sql.exec(
        "SELECT email, value, round FROM attribute_values
         WHERE attribute = ?1 AND email > ?2 ORDER BY email LIMIT ?3",
        &[Param::Int(attribute), Param::Text(after), Param::Int(limit.into())],
    )?;
    let read = |row: Row| match <[Value; 3]>::try_from(row).ok()? {
        [Value::Text(email), Value::Text(value), Value::Int(round)] => Some((email, value, round)),
        _ => None,
    };
    rows.into_iter().map(|row| read(row).ok_or(VALUES)).collect()
}

/// How many values of an attribute are of rounds before one.
pub fn before_round(sql: &dyn Sql, attribute: i64, round: i64) -> Result<u64, SqlError> {
    let statement = "SELECT count(*) FROM attribute_values WHERE attribute = ?1 AND round < ?2";
    Ok(int(sql, statement, &[Param::Int(attribute), Param::Int(round)])?.unwrap_or(0).cast_unsigned())
}

/// Everything that is said of these addresses, by the address and then by the attribute.
pub fn said_of(sql: &dyn Sql, emails: &[&str]) -> Result<Vec<Said>, SqlError> {
    if emails.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sql.exec(
        "SELECT email, attribute, value FROM attribute_values
         WHERE email IN (SELECT value FROM json_each(?1)) ORDER BY email, attribute",
        &[Param::Text(&json(emails))],
    )?;
    let read = |row: Row| match <[Value; 3]>::try_from(row).ok()? {
        [Value::Text(email), Value::Int(attribute), Value::Text(value)] => {
            Some(Said { email, attribute, value })
        }
        _ => None,
    };
    rows.into_iter().map(|row| read(row).ok_or(VALUES)).collect()
}

/// Marks these, to be looked at from a moment on. One that has to wait for longer does not any more.
pub fn mark(
    sql: &dyn Sql,
    whom: &[&str],
    generation: i64,
    at: Timestamp,
    urgent: bool,
) -> Result<(), SqlError> {
    if whom.is_empty() {
        return Ok(());
    }
    sql.exec(
        "INSERT INTO unwritten (whom, generation, at, urgent)
         SELECT value, ?2, ?3, ?4 FROM json_each(?1) WHERE true
         ON CONFLICT (whom) DO UPDATE SET
             generation = max(generation, excluded.generation),
             at = min(at, excluded.at),
             urgent = max(urgent, excluded.urgent)",
        &[Param::Text(&json(whom)), Param::Int(generation), Param::Int(at.0), Param::Int(urgent.into())],
    )?;
    Ok(())
}

/// Marks that need not wait any more, the urgent first, then by their moment.
pub fn pick(sql: &dyn Sql, now: Timestamp, limit: usize) -> Result<Vec<Mark>, SqlError> {
    let mut all = Vec::new();
    for urgent in [1, 0] {
        let left = limit - all.len();
        if left == 0 {
            break;
        }
        let rows = sql.exec(
            "SELECT whom, failed FROM unwritten WHERE urgent = ?1 AND at <= ?2 ORDER BY at LIMIT ?3",
            &[Param::Int(urgent), Param::Int(now.0), Param::Int(left as i64)],
        )?;
        for row in rows {
            let [Value::Text(whom), Value::Int(failed)] = <[Value; 2]>::try_from(row).map_err(|_| MARKS)?
            else {
                return Err(MARKS);
            };
            let failed = u32::try_from(failed).unwrap_or(u32::MAX);
            all.push(Mark { whom, failed, urgent: urgent == 1 });
        }
    }
    Ok(all)
}

/// When the first mark that waits need not any more.
pub fn next_at(sql: &dyn Sql) -> Result<Option<Timestamp>, SqlError> {
    let mut next = None;
    for urgent in [1, 0] {
        let statement = "SELECT at FROM unwritten WHERE urgent = ?1 ORDER BY at LIMIT 1";
        let at = int(sql, statement, &[Param::Int(urgent)])?.map(Timestamp);
        next = next.into_iter().chain(at).min();
    }
    Ok(next)
}

/// Whether a walk's mark of a moment or before is left.
pub fn left_of_walk(sql: &dyn Sql, at: Timestamp) -> Result<bool, SqlError> {
    let statement = "SELECT 1 FROM unwritten WHERE urgent = 0 AND at <= ?1 LIMIT 1";
    Ok(int(sql, statement, &[Param::Int(at.0)])?.is_some())
}

/// How many marks there are, counted no further than `limit`.
pub fn marks_up_to(sql: &dyn Sql, limit: u32) -> Result<u64, SqlError> {
    let statement = "SELECT count(*) FROM (SELECT 1 FROM unwritten LIMIT ?1)";
    Ok(int(sql, statement, &[Param::Int(limit.into())])?.unwrap_or(0).cast_unsigned())
}

/// These are marked.
pub fn marked(sql: &dyn Sql, whom: &[&str]) -> Result<Vec<String>, SqlError> {
    let statement = "SELECT whom FROM unwritten WHERE whom IN (SELECT value FROM json_each(?1))";
    texts(sql.exec(statement, &[Param::Text(&json(whom))])?, MARKS)
}

/// Clears marks that are not later than a call which left at `asked_at`.
pub fn clear(sql: &dyn Sql, whom: &[&str], asked_at: i64) -> Result<(), SqlError> {
    if whom.is_empty() {
        return Ok(());
    }
    sql.exec(
        "DELETE FROM unwritten WHERE generation <= ?2 AND whom IN (SELECT value FROM json_each(?1))",
        &[Param::Text(&json(whom)), Param::Int(asked_at)],
    )?;
    Ok(())
}

/// Has marks wait that are not later than a call which left at `asked_at`.
pub fn wait(sql: &dyn Sql, whom: &[&str], asked_at: i64, until: Timestamp) -> Result<(), SqlError> {
    sql.exec(
        "UPDATE unwritten SET at = ?3, failed = failed + 1
         WHERE generation <= ?2 AND whom IN (SELECT value FROM json_each(?1))",
        &[Param::Text(&json(whom)), Param::Int(asked_at), Param::Int(until.0)],
    )?;
    Ok(())
}

/// Clears some marks whoever they are of, where nothing is to be written to anybody; says whether there are more.
pub fn clear_some(sql: &dyn Sql, limit: u32) -> Result<bool, SqlError> {
    let statement = "DELETE FROM unwritten WHERE whom IN (SELECT whom FROM unwritten LIMIT ?1)";
    sql.exec(statement, &[Param::Int(limit.into())])?;
    Ok(int(sql, "SELECT 1 FROM unwritten LIMIT 1", &[])?.is_some())
}

/// HubSpot refused to change these, and says why.
pub fn refuse(sql: &dyn Sql, whom: &[&str], why: &str, now: Timestamp) -> Result<(), SqlError> {
    sql.exec(
        "INSERT INTO unwritten_refused (whom, why, at) SELECT value, ?2, ?3 FROM json_each(?1) WHERE true
         ON CONFLICT (whom) DO UPDATE SET why = excluded.why, at = excluded.at",
        &[Param::Text(&json(whom)), Param::Text(why), Param::Int(now.0)],
    )?;
    Ok(())
}

/// These are not refused any more.
pub fn accept(sql: &dyn Sql, whom: &[&str]) -> Result<(), SqlError> {
    sql.exec(
        "DELETE FROM unwritten_refused WHERE whom IN (SELECT value FROM json_each(?1))",
        &[Param::Text(&json(whom))],
    )?;
    Ok(())
}

/// How many are refused.
pub fn count_refused(sql: &dyn Sql) -> Result<u64, SqlError> {
    Ok(int(sql, "SELECT count(*) FROM unwritten_refused", &[])?.unwrap_or(0).cast_unsigned())
}

/// Those who are refused behind one, in order.
pub fn refused(sql: &dyn Sql, after: &str, skip: u32, limit: u32) -> Result<Vec<Refused>, SqlError> {
    let rows = sql.exec(
        "SELECT whom, why, at FROM unwritten_refused WHERE whom > ?1 ORDER BY whom LIMIT ?2 OFFSET ?3",
        &[Param::Text(after), Param::Int(limit.into()), Param::Int(skip.into())],
    )?;
    let read = |row: Row| match <[Value; 3]>::try_from(row).ok()? {
        [Value::Text(whom), Value::Text(why), Value::Int(at)] => {
            Some(Refused { whom, why, at: Timestamp(at) })
        }
        _ => None,
    };
    rows.into_iter().map(|row| read(row).ok_or(SqlError::Content("unwritten_refused"))).collect()
}

/// Why these are refused, those of them that are.
pub fn refused_of(sql: &dyn Sql, whom: &[&str]) -> Result<Vec<String>, SqlError> {
    let statement = "SELECT why FROM unwritten_refused WHERE whom IN (SELECT value FROM json_each(?1))";
    texts(sql.exec(statement, &[Param::Text(&json(whom))])?, SqlError::Content("unwritten_refused"))
}

/// Marks everybody who is refused.
pub fn retry_refused(sql: &dyn Sql, generation: i64, now: Timestamp) -> Result<(), SqlError> {
    sql.exec(
        "INSERT INTO unwritten (whom, generation, at, urgent)
         SELECT whom, ?1, ?2, 1 FROM unwritten_refused WHERE true
         ON CONFLICT (whom) DO UPDATE SET
             generation = max(generation, excluded.generation), at = excluded.at, urgent = 1",
        &[Param::Int(generation), Param::Int(now.0)],
    )?;
    sql.exec("DELETE FROM unwritten_refused", &[])?;
    Ok(())
}

/// Nothing of a person is kept: of these addresses and records.
pub fn forget(sql: &dyn Sql, emails: &[&str], ids: &[RecordId]) -> Result<(), SqlError> {
    let mut whom: Vec<String> = ids.iter().map(|id| of_record(*id)).collect();
    whom.extend(emails.iter().map(|email| (*email).to_owned()));
    let (emails, whom) = (json(emails), json(&whom));
    sql.exec(
        "DELETE FROM attribute_values WHERE email IN (SELECT value FROM json_each(?1))",
        &[Param::Text(&emails)],
    )?;
    for table in ["unwritten", "unwritten_refused"] {
        let statement = format!("DELETE FROM {table} WHERE whom IN (SELECT value FROM json_each(?1))");
        sql.exec(&statement, &[Param::Text(&whom)])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{native::NativeSql, portal};

    const NOW: Timestamp = Timestamp(1_000);

    fn opened() -> NativeSql {
        let sql = NativeSql::default();
        portal::open(&sql).unwrap();
        sql
    }

    fn whom(sql: &NativeSql, now: Timestamp) -> Vec<String> {
        pick(sql, now, 10).unwrap().into_iter().map(|mark| mark.whom).collect()
    }

    #[test]
    fn urgent_marks_go_first_and_one_that_is_made_later_stays() {
        let sql = opened();
        mark(&sql, &["a@x.de", "b@x.de"], 5, NOW, false).unwrap();
        mark(&sql, &["c@x.de", "#7"], 6, NOW, true).unwrap();
        mark(&sql, &["b@x.de"], 9, NOW, false).unwrap();
        assert_eq!(whom(&sql, NOW), ["#7", "c@x.de", "a@x.de", "b@x.de"]);
        assert_eq!(pick(&sql, NOW, 1).unwrap()[0].record(), Some(RecordId(7)));
        clear(&sql, &["a@x.de", "b@x.de", "c@x.de"], 8).unwrap();
        assert_eq!(whom(&sql, NOW), ["#7", "b@x.de"], "marked since");
        wait(&sql, &["#7"], 8, NOW.plus_ms(50)).unwrap();
        assert_eq!(whom(&sql, NOW), ["b@x.de"]);
        assert_eq!(next_at(&sql).unwrap(), Some(NOW));
        assert_eq!(pick(&sql, NOW.plus_ms(50), 1).unwrap()[0].failed, 1);
        mark(&sql, &["#7"], 10, NOW, false).unwrap();
        assert_eq!(whom(&sql, NOW), ["#7", "b@x.de"], "it need not wait any more");
        assert!(left_of_walk(&sql, NOW).unwrap());
        assert_eq!(marks_up_to(&sql, 9).unwrap(), 2);
        assert!(clear_some(&sql, 1).unwrap());
        assert!(!clear_some(&sql, 5).unwrap());
    }

    #[test]
    fn nothing_of_a_person_stays() {
        let sql = opened();
        put_values(&sql, 1, &[("a@x.de", "true"), ("b@x.de", "true")], 0).unwrap();
        put_values(&sql, 2, &[("a@x.de", "7")], 0).unwrap();
        mark(&sql, &["a@x.de", "b@x.de", "#7"], 1, NOW, false).unwrap();
        refuse(&sql, &["a@x.de", "b@x.de", "#7"], "No.", NOW).unwrap();
        forget(&sql, &["a@x.de"], &[RecordId(7)]).unwrap();
        assert_eq!(said_of(&sql, &["a@x.de"]).unwrap(), []);
        assert_eq!(page(&sql, 1, "", 9).unwrap(), [("b@x.de".to_owned(), "true".to_owned(), 0)]);
        assert_eq!(whom(&sql, NOW), ["b@x.de"]);
        let left = refused(&sql, "", 0, 9).unwrap();
        assert_eq!((left.len(), left[0].whom.as_str()), (1, "b@x.de"));
        retry_refused(&sql, 2, NOW).unwrap();
        assert_eq!(count_refused(&sql).unwrap(), 0);
    }

    #[test]
    fn values_of_earlier_rounds_are_counted_and_found_by_address() {
        let sql = opened();
        put_values(&sql, 1, &[("a@x.de", "true"), ("b@x.de", "true"), ("c@x.de", "true")], 1).unwrap();
        put_values(&sql, 1, &[("b@x.de", "true")], 2).unwrap();
        assert_eq!((count(&sql, 1).unwrap(), before_round(&sql, 1, 2).unwrap()), (3, 2));
        let all = page(&sql, 1, "a@x.de", 9).unwrap();
        assert_eq!(all.iter().map(|(_, _, round)| *round).collect::<Vec<_>>(), [2, 1]);
        remove_values(&sql, 1, &["c@x.de"]).unwrap();
        assert_eq!(values(&sql, 1, &["b@x.de", "c@x.de"]).unwrap().len(), 1);
    }
}
