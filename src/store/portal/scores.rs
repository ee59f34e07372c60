//! Scores: the host's accounts with what it last said of each, nightly runs as the engine's JSON, and the rows that a run sends, frozen.
//!
//! A row of a run has its place in one of the run's files and stays what it is: whoever sends the file again sends the same bytes. Numbers
//! of records travel as JSON or text.

use std::collections::BTreeSet;

use crate::{
    store::{
        portal::records::ids_json,
        sql::{Param, Row, Sql, SqlError, Value, int, text},
    },
    values::{ids::RecordId, json, time::Timestamp},
};

/// The tables.
pub const TABLES: &str = "CREATE TABLE score_accounts (
         number INTEGER PRIMARY KEY,
         id TEXT NOT NULL UNIQUE,
         domains TEXT NOT NULL,
         scores TEXT NOT NULL,
         updated_at INTEGER NOT NULL
     );
     CREATE TABLE score_runs (number INTEGER PRIMARY KEY, state TEXT NOT NULL);
     CREATE TABLE score_rows (
         run INTEGER NOT NULL,
         file INTEGER NOT NULL,
         place INTEGER NOT NULL,
         company INTEGER NOT NULL,
         account INTEGER NOT NULL,
         cells TEXT NOT NULL,
         state INTEGER NOT NULL DEFAULT 0,
         read INTEGER NOT NULL DEFAULT 0,
         why TEXT,
         PRIMARY KEY (run, file, place)
     ) WITHOUT ROWID;
     CREATE UNIQUE INDEX score_rows_company ON score_rows (run, company);
     CREATE INDEX score_rows_why ON score_rows (run, file, place) WHERE why IS NOT NULL;";

/// An account as the host last sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Ours, in the order in which accounts first came.
    pub number: i64,
    /// The host's.
    pub id: String,
    /// JSON: the domain and its aliases.
    pub domains: String,
    /// JSON: the scores by name.
    pub scores: String,
    /// When it was sent.
    pub updated_at: Timestamp,
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RowState {
    /// Nothing yet.
    Waiting,
    /// HubSpot took it.
    Sent,
    /// HubSpot refused it, or a part of it.
    Refused,
    /// HubSpot has no such record.
    Gone,
    /// HubSpot had no such record, and the account was matched once more.
    Moved,
}

impl RowState {
    const ALL: [Self; 5] = [Self::Waiting, Self::Sent, Self::Refused, Self::Gone, Self::Moved];

    const fn number(self) -> i64 {
        match self {
            Self::Waiting => 0,
            Self::Sent => 1,
            Self::Refused => 2,
            Self::Gone => 3,
            Self::Moved => 4,
        }
    }
}

/// A row to be frozen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRow {
    /// Which company.
    pub company: RecordId,
    /// Of which account, by our number.
    pub account: i64,
    /// JSON: the values of the file's columns.
    pub cells: String,
}

/// A row of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrozenRow {
    /// From 0.
    pub place: u32,
    /// Which company.
    pub company: RecordId,
    /// Of which account, by our number.
    pub account: i64,
    /// The values of the file's columns.
    pub cells: Vec<String>,
}

/// A row that was not taken whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// In which file.
    pub file: u32,
    /// Where.
    pub place: u32,
    /// Which company.
    pub company: RecordId,
    /// The host's id of the account; `None`: it has been removed.
    pub account: Option<String>,
    /// Why.
    pub why: String,
}

// Statements name the index of companies: to SQLite, which has counted nothing, the beginning of the primary key seems as good, and
// that is every row of a run.
const ACCOUNTS: SqlError = SqlError::Content("score_accounts");
const ROWS: SqlError = SqlError::Content("score_rows");

/// Keeps accounts, each by its host's id; the last of several counts.
pub fn put_accounts(
    sql: &dyn Sql,
    accounts: &[(&str, String, String)],
    now: Timestamp,
) -> Result<(), SqlError> {
    let json = serde_json::to_string(accounts).expect("texts are JSON");
    sql.exec(
        "INSERT INTO score_accounts (id, domains, scores, updated_at)
         SELECT value->>0, value->>1, value->>2, ?2 FROM json_each(?1) WHERE true
         ON CONFLICT (id) DO UPDATE SET
             domains = excluded.domains, scores = excluded.scores, updated_at = excluded.updated_at",
        &[Param::Text(&json), Param::Int(now.0)],
    )?;
    Ok(())
}

/// How many of these are kept.
pub fn known(sql: &dyn Sql, ids: &[&str]) -> Result<u64, SqlError> {
    let json = serde_json::to_string(ids).expect("texts are JSON");
    let statement = "SELECT count(*) FROM score_accounts WHERE id IN (SELECT value FROM json_each(?1))";
    Ok(int(sql, statement, &[Param::Text(&json)])?.unwrap_or(0).cast_unsigned())
}

/// How many there are. Counts them one by one: a million take some hundredths of a second.
pub fn count(sql: &dyn Sql) -> Result<u64, SqlError> {
    Ok(int(sql, "SELECT count(*) FROM score_accounts", &[])?.unwrap_or(0).cast_unsigned())
}

const ACCOUNT: &str = "SELECT number, id, domains, scores, updated_at FROM score_accounts";

fn account(row: Row) -> Result<Account, SqlError> {
    let read = |row: Row| {
        let [number, id, domains, scores, updated_at] = <[Value; 5]>::try_from(row).ok()?;
        Some(Account {
            number: number.int()?,
            id: id.into_text()?,
            domains: domains.into_text()?,
            scores: scores.into_text()?,
            updated_at: Timestamp(updated_at.int()?),
        })
    };
    read(row).ok_or(ACCOUNTS)
}

/// One, by the host's id.
pub fn one(sql: &dyn Sql, id: &str) -> Result<Option<Account>, SqlError> {
    let rows = sql.exec(&format!("{ACCOUNT} WHERE id = ?1"), &[Param::Text(id)])?;
    rows.into_iter().next().map(account).transpose()
}

/// Those after a number, in order.
pub fn page(sql: &dyn Sql, after: i64, limit: u32) -> Result<Vec<Account>, SqlError> {
    let statement = format!("{ACCOUNT} WHERE number > ?1 ORDER BY number LIMIT ?2");
    sql.exec(&statement, &[Param::Int(after), Param::Int(limit.into())])?.into_iter().map(account).collect()
}

/// Those of these numbers that are still kept, in order.
pub fn by_numbers(sql: &dyn Sql, numbers: &[i64]) -> Result<Vec<Account>, SqlError> {
    let json = serde_json::to_string(numbers).expect("numbers are JSON");
    let statement = format!("{ACCOUNT} WHERE number IN (SELECT value FROM json_each(?1)) ORDER BY number");
    sql.exec(&statement, &[Param::Text(&json)])?.into_iter().map(account).collect()
}

/// Forgets one; says whether it was there.
pub fn remove(sql: &dyn Sql, id: &str) -> Result<bool, SqlError> {
    let there = known(sql, &[id])? > 0;
    sql.exec("DELETE FROM score_accounts WHERE id = ?1", &[Param::Text(id)])?;
    Ok(there)
}

/// Saves the state of a run, known or not.
pub fn save_run(sql: &dyn Sql, number: i64, state: &str) -> Result<(), SqlError> {
    sql.exec(
        "INSERT INTO score_runs (number, state) VALUES (?1, ?2)
         ON CONFLICT (number) DO UPDATE SET state = excluded.state",
        &[Param::Int(number), Param::Text(state)],
    )?;
    Ok(())
}

/// States of runs before a number (`None`: of all), the newest first.
pub fn runs(sql: &dyn Sql, before: Option<i64>, limit: u32) -> Result<Vec<String>, SqlError> {
    let rows = sql.exec(
        "SELECT state FROM score_runs WHERE number < ?1 ORDER BY number DESC LIMIT ?2",
        &[Param::Int(before.unwrap_or(1 << 53)), Param::Int(limit.into())],
    )?;
    rows.into_iter()
        .map(|row| row.into_iter().next().and_then(Value::into_text))
        .collect::<Option<_>>()
        .ok_or(SqlError::Content("score_runs"))
}

/// The state of one.
pub fn run(sql: &dyn Sql, number: i64) -> Result<Option<String>, SqlError> {
    text(sql, "SELECT state FROM score_runs WHERE number = ?1", &[Param::Int(number)])
}

/// Forgets runs up to a number; their rows go by [`forget_rows`].
pub fn forget_runs(sql: &dyn Sql, up_to: i64) -> Result<(), SqlError> {
    sql.exec("DELETE FROM score_runs WHERE number <= ?1", &[Param::Int(up_to)])?;
    Ok(())
}

/// Which of these companies have a row in a run.
pub fn taken(sql: &dyn Sql, run: i64, companies: &[RecordId]) -> Result<BTreeSet<RecordId>, SqlError> {
    ids(
        sql,
        "SELECT json_group_array(company) FROM score_rows INDEXED BY score_rows_company
         WHERE run = ?1 AND company IN (SELECT value FROM json_each(?2))",
        &[Param::Int(run), Param::Text(&ids_json(companies))],
    )
    .map(|ids| ids.into_iter().collect())
}

fn ids(sql: &dyn Sql, statement: &str, params: &[Param<'_>]) -> Result<Vec<RecordId>, SqlError> {
    json::parse(&text(sql, statement, params)?.unwrap_or_else(|| "[]".to_owned())).map_err(|_| ROWS)
}

/// Freezes rows in a file, from a place on. No company of the run may be among them already.
pub fn freeze(sql: &dyn Sql, run: i64, file: u32, from: u32, rows: &[NewRow]) -> Result<(), SqlError> {
    if rows.is_empty() {
        return Ok(());
    }
    let rows: Vec<(RecordId, i64, &str)> =
        rows.iter().map(|row| (row.company, row.account, row.cells.as_str())).collect();
    let json = serde_json::to_string(&rows).expect("texts are JSON");
    sql.exec(
        "INSERT INTO score_rows (run, file, place, company, account, cells)
         SELECT ?1, ?2, ?3 + key, value->>0, value->>1, value->>2 FROM json_each(?4) WHERE true",
        &[Param::Int(run), Param::Int(file.into()), Param::Int(from.into()), Param::Text(&json)],
    )?;
    Ok(())
}

fn frozen(sql: &dyn Sql, of: &str, params: &[Param<'_>]) -> Result<Vec<FrozenRow>, SqlError> {
    let statement = format!(
        "SELECT json_group_array(json_array(place, company, account, json(cells))) FROM (
             SELECT place, company, account, cells FROM score_rows {of}
         )"
    );
    let json = text(sql, &statement, params)?.unwrap_or_else(|| "[]".to_owned());
    let rows: Vec<(u32, RecordId, i64, Vec<String>)> = json::parse(&json).map_err(|_| ROWS)?;
    let row = |(place, company, account, cells)| FrozenRow { place, company, account, cells };
    Ok(rows.into_iter().map(row).collect())
}

/// Rows of a file from a place on, in order.
pub fn rows(sql: &dyn Sql, run: i64, file: u32, from: u32, limit: u32) -> Result<Vec<FrozenRow>, SqlError> {
    let of = "WHERE run = ?1 AND file = ?2 AND place >= ?3 ORDER BY place LIMIT ?4";
    let params =
        [Param::Int(run), Param::Int(file.into()), Param::Int(from.into()), Param::Int(limit.into())];
    frozen(sql, of, &params)
}

/// Rows of a file from a place on of which nothing has become yet, in order.
pub fn waiting(
    sql: &dyn Sql,
    run: i64,
    file: u32,
    from: u32,
    limit: usize,
) -> Result<Vec<FrozenRow>, SqlError> {
    let of = "WHERE run = ?1 AND file = ?2 AND place >= ?3 AND state = 0 ORDER BY place LIMIT ?4";
    let params =
        [Param::Int(run), Param::Int(file.into()), Param::Int(from.into()), Param::Int(limit as i64)];
    frozen(sql, of, &params)
}

/// Rows of a file that HubSpot has no record of.
pub fn gone(sql: &dyn Sql, run: i64, file: u32, limit: usize) -> Result<Vec<FrozenRow>, SqlError> {
    let of = "WHERE run = ?1 AND file = ?2 AND state = 3 ORDER BY place LIMIT ?3";
    frozen(sql, of, &[Param::Int(run), Param::Int(file.into()), Param::Int(limit as i64)])
}

/// The row of a company in a file.
pub fn of_company(
    sql: &dyn Sql,
    run: i64,
    file: u32,
    company: RecordId,
) -> Result<Option<FrozenRow>, SqlError> {
    let of = "INDEXED BY score_rows_company
         WHERE run = ?1 AND company IN (SELECT value FROM json_each(?2)) AND file = ?3";
    let ids = ids_json(&[company]);
    let found = frozen(sql, of, &[Param::Int(run), Param::Text(&ids), Param::Int(file.into())])?;
    Ok(found.into_iter().next())
}

/// Says what became of rows.
pub fn settle(
    sql: &dyn Sql,
    run: i64,
    file: u32,
    places: &[u32],
    state: RowState,
    why: Option<&str>,
) -> Result<(), SqlError> {
    if places.is_empty() {
        return Ok(());
    }
    let json = serde_json::to_string(places).expect("numbers are JSON");
    sql.exec(
        "UPDATE score_rows SET state = ?4, why = ?5
         WHERE run = ?1 AND file = ?2 AND place IN (SELECT value FROM json_each(?3))",
        &[
            Param::Int(run),
            Param::Int(file.into()),
            Param::Text(&json),
            Param::Int(state.number()),
            why.map_or(Param::Null, Param::Text),
        ],
    )?;
    Ok(())
}

/// Says what became of all rows of a file of which nothing else is known.
pub fn settle_rest(sql: &dyn Sql, run: i64, file: u32, state: RowState) -> Result<(), SqlError> {
    sql.exec(
        "UPDATE score_rows SET state = ?3 WHERE run = ?1 AND file = ?2 AND state = 0",
        &[Param::Int(run), Param::Int(file.into()), Param::Int(state.number())],
    )?;
    Ok(())
}

/// Of these rows those of which nothing has become are refused.
pub fn refuse_waiting(sql: &dyn Sql, run: i64, file: u32, places: &[u32], why: &str) -> Result<(), SqlError> {
    let json = serde_json::to_string(places).expect("numbers are JSON");
    sql.exec(
        "UPDATE score_rows SET state = 2, why = ?4
         WHERE run = ?1 AND file = ?2 AND state = 0 AND place IN (SELECT value FROM json_each(?3))",
        &[Param::Int(run), Param::Int(file.into()), Param::Text(&json), Param::Text(why)],
    )?;
    Ok(())
}

/// How many rows of a file are in each state, in the order of [`RowState`].
pub fn states(sql: &dyn Sql, run: i64, file: u32) -> Result<[u64; 5], SqlError> {
    let mut counts = [0; 5];
    let rows = sql.exec(
        "SELECT state, count(*) FROM score_rows WHERE run = ?1 AND file = ?2 GROUP BY state",
        &[Param::Int(run), Param::Int(file.into())],
    )?;
    for row in rows {
        let (Some(state), Some(count)) = (row.first().and_then(Value::int), row.get(1).and_then(Value::int))
        else {
            return Err(ROWS);
        };
        let place = RowState::ALL.iter().position(|own| own.number() == state).ok_or(ROWS)?;
        counts[place] = count.cast_unsigned();
    }
    Ok(counts)
}

/// Companies of a file after a place that are to be read again, with the place of each.
pub fn unread(
    sql: &dyn Sql,
    run: i64,
    file: u32,
    from: u32,
    limit: usize,
) -> Result<Vec<(u32, RecordId)>, SqlError> {
    let statement = "SELECT json_group_array(json_array(place, company)) FROM (
         SELECT place, company FROM score_rows WHERE run = ?1 AND file = ?2 AND place >= ?3 AND read = 0
         ORDER BY place LIMIT ?4
     )";
    let params =
        [Param::Int(run), Param::Int(file.into()), Param::Int(from.into()), Param::Int(limit as i64)];
    json::parse(&text(sql, statement, &params)?.unwrap_or_else(|| "[]".to_owned())).map_err(|_| ROWS)
}

/// These companies of a run were read again.
pub fn mark_read(sql: &dyn Sql, run: i64, companies: &[RecordId]) -> Result<(), SqlError> {
    sql.exec(
        "UPDATE score_rows INDEXED BY score_rows_company SET read = 1
         WHERE run = ?1 AND company IN (SELECT value FROM json_each(?2))",
        &[Param::Int(run), Param::Text(&ids_json(companies))],
    )?;
    Ok(())
}

/// Which of these companies a file has and were not read again.
pub fn held(sql: &dyn Sql, run: i64, file: u32, companies: &[RecordId]) -> Result<Vec<RecordId>, SqlError> {
    ids(
        sql,
        "SELECT json_group_array(company) FROM score_rows
         INDEXED BY score_rows_company
         WHERE run = ?1 AND company IN (SELECT value FROM json_each(?3)) AND file = ?2 AND read = 0",
        &[Param::Int(run), Param::Int(file.into()), Param::Text(&ids_json(companies))],
    )
}

/// How many rows HubSpot did not take whole, after a place, with the accounts they are of.
pub fn failed(
    sql: &dyn Sql,
    run: i64,
    after: Option<(u32, u32)>,
    limit: u32,
) -> Result<Vec<Failed>, SqlError> {
    let (file, place) = after.map_or((-1, -1), |(file, place)| (i64::from(file), i64::from(place)));
    let rows = sql.exec(
        "SELECT file, place, CAST(company AS TEXT), own.id, why
         FROM score_rows INDEXED BY score_rows_why LEFT JOIN score_accounts AS own ON own.number = account
         WHERE run = ?1 AND why IS NOT NULL AND (file, place) > (?2, ?3)
         ORDER BY file, place LIMIT ?4",
        &[Param::Int(run), Param::Int(file), Param::Int(place), Param::Int(limit.into())],
    )?;
    let read = |row: Row| {
        let [file, place, company, account, why] = <[Value; 5]>::try_from(row).ok()?;
        Some(Failed {
            file: file.int()? as u32,
            place: place.int()? as u32,
            company: company.text()?.parse().ok()?,
            account: account.into_text(),
            why: why.into_text()?,
        })
    };
    rows.into_iter().map(read).collect::<Option<_>>().ok_or(ROWS)
}

/// Forgets up to `most` rows of runs up to a number, of this one only those that were taken; says whether any went.
pub fn forget_rows(sql: &dyn Sql, run: i64, keep_failed: bool, most: u32) -> Result<bool, SqlError> {
    let which = if keep_failed { "run = ?1 AND why IS NULL" } else { "run <= ?1" };
    let there = int(sql, &format!("SELECT 1 FROM score_rows WHERE {which} LIMIT 1"), &[Param::Int(run)])?;
    if there.is_some() {
        sql.exec(
            &format!(
                "DELETE FROM score_rows WHERE (run, file, place) IN (
                     SELECT run, file, place FROM score_rows WHERE {which} LIMIT ?2
                 )"
            ),
            &[Param::Int(run), Param::Int(most.into())],
        )?;
    }
    Ok(there.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{native::NativeSql, portal};

    fn opened() -> NativeSql {
        let sql = NativeSql::default();
        portal::open(&sql).unwrap();
        sql
    }

    fn row(company: u64, account: i64) -> NewRow {
        NewRow { company: RecordId(company), account, cells: format!("[\"{company}\",\"a\\\"b\"]") }
    }

    #[test]
    fn an_account_is_kept_once_by_its_hosts_id() {
        let sql = opened();
        let put = |id: &str, scores: &str, at: i64| {
            put_accounts(&sql, &[(id, "[\"a.com\"]".to_owned(), scores.to_owned())], Timestamp(at)).unwrap();
        };
        put("a1", "{\"intent_score\":1}", 1);
        put("12", "{}", 2);
        put("a1", "{\"intent_score\":2}", 3);
        assert_eq!((count(&sql).unwrap(), known(&sql, &["a1", "12", "no"]).unwrap()), (2, 2));
        let own = one(&sql, "a1").unwrap().unwrap();
        assert_eq!(
            (own.number, own.scores.as_str(), own.updated_at),
            (1, "{\"intent_score\":2}", Timestamp(3))
        );
        assert_eq!(page(&sql, 1, 9).unwrap()[0].id, "12", "numbers stay texts");
        assert_eq!(by_numbers(&sql, &[2, 7]).unwrap().len(), 1);
        assert!(remove(&sql, "a1").unwrap() && !remove(&sql, "a1").unwrap());
    }

    #[test]
    fn rows_keep_their_places_and_what_became_of_each() {
        let sql = opened();
        let large = (1 << 53) + 1;
        freeze(&sql, 1, 0, 0, &[row(5, 1), row(large, 2)]).unwrap();
        freeze(&sql, 1, 0, 2, &[row(7, 3)]).unwrap();
        freeze(&sql, 2, 0, 0, &[row(5, 1)]).unwrap();
        assert!(freeze(&sql, 1, 1, 0, &[row(7, 4)]).is_err(), "a company has one row in a run");
        let all = rows(&sql, 1, 0, 1, 9).unwrap();
        assert_eq!((all[0].place, all[0].company, all[0].cells[1].as_str()), (1, RecordId(large), "a\"b"));
        let place = |file: u32, company: u64| {
            of_company(&sql, 1, file, RecordId(company)).unwrap().map(|row| row.place)
        };
        assert_eq!((place(0, large), place(0, 7), place(0, 8), place(1, 7)), (Some(1), Some(2), None, None));
        let ids = [5, 7, 8].map(RecordId);
        assert_eq!(taken(&sql, 1, &ids).unwrap(), BTreeSet::from([RecordId(5), RecordId(7)]));
        settle(&sql, 1, 0, &[1], RowState::Gone, Some("GONE")).unwrap();
        assert_eq!(gone(&sql, 1, 0, 9).unwrap()[0].company, RecordId(large));
        assert_eq!(waiting(&sql, 1, 0, 0, 9).unwrap().len(), 2);
        assert_eq!(waiting(&sql, 1, 0, 1, 9).unwrap().len(), 1);
        settle_rest(&sql, 1, 0, RowState::Sent).unwrap();
        assert_eq!(states(&sql, 1, 0).unwrap(), [0, 2, 0, 1, 0]);
        assert_eq!(states(&sql, 2, 0).unwrap(), [1, 0, 0, 0, 0]);
        mark_read(&sql, 1, &[RecordId(5)]).unwrap();
        assert_eq!(unread(&sql, 1, 0, 0, 9).unwrap(), [(1, RecordId(large)), (2, RecordId(7))]);
        assert_eq!(held(&sql, 1, 0, &ids).unwrap(), [RecordId(7)]);
        let told = failed(&sql, 1, None, 9).unwrap();
        assert_eq!((told.len(), told[0].why.as_str(), told[0].account.as_deref()), (1, "GONE", None));
        assert_eq!(failed(&sql, 1, Some((0, 1)), 9).unwrap().len(), 0);
        assert!(forget_rows(&sql, 1, true, 1).unwrap() && forget_rows(&sql, 1, true, 9).unwrap());
        assert!(!forget_rows(&sql, 1, true, 9).unwrap());
        assert_eq!(failed(&sql, 1, None, 9).unwrap().len(), 1, "what failed is still told");
        assert!(forget_rows(&sql, 1, false, 9).unwrap());
        assert_eq!(states(&sql, 2, 0).unwrap()[0], 1);
    }

    #[test]
    fn runs_are_listed_newest_first() {
        let sql = opened();
        for number in 1..=3 {
            save_run(&sql, number, &number.to_string()).unwrap();
        }
        save_run(&sql, 2, "two").unwrap();
        assert_eq!(runs(&sql, None, 2).unwrap(), ["3", "two"]);
        assert_eq!(runs(&sql, Some(2), 9).unwrap(), ["1"]);
        forget_runs(&sql, 1).unwrap();
        assert_eq!((run(&sql, 1).unwrap(), run(&sql, 2).unwrap().as_deref()), (None, Some("two")));
    }
}
