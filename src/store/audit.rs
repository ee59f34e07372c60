//! Who did what and when: rows that are added and read. Nothing here changes one, and nothing takes one away but [`purge_before`],
//! once its time is over. A Portal and the Directory each have such a table.

use crate::{
    store::sql::{Param, Row, Sql, SqlError, Value, int},
    values::{ids::WorkspaceId, time::Timestamp},
};

/// The table; a schema step.
pub const TABLE: &str = "CREATE TABLE audit (
         number INTEGER PRIMARY KEY,
         at INTEGER NOT NULL,
         workspace TEXT,
         actor TEXT NOT NULL,
         action TEXT NOT NULL,
         subject TEXT NOT NULL,
         details TEXT NOT NULL
     );
     CREATE INDEX audit_at ON audit (at);
     CREATE INDEX audit_workspace ON audit (workspace, number) WHERE workspace IS NOT NULL;";

/// Rows that one purge takes away, so that a turn stays short; the next hour goes on.
const PURGED: i64 = 5_000;

/// Something that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its number: later ones are greater.
    pub number: i64,
    /// When.
    pub at: Timestamp,
    /// Of which workspace, where the log is of several.
    pub workspace: Option<String>,
    /// By whom, as the engine's JSON.
    pub actor: String,
    /// What, as a word of the engine's.
    pub action: String,
    /// On what: an id or a name, never of HubSpot's contacts; may be empty.
    pub subject: String,
    /// More of it, as a JSON object.
    pub details: String,
}

/// Adds an entry.
pub fn append(
    sql: &dyn Sql,
    at: Timestamp,
    workspace: Option<&WorkspaceId>,
    [actor, action, subject, details]: [&str; 4],
) -> Result<(), SqlError> {
    sql.exec(
        "INSERT INTO audit (at, workspace, actor, action, subject, details) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        &[
            Param::Int(at.0),
            workspace.map_or(Param::Null, |id| Param::Text(id.as_str())),
            Param::Text(actor),
            Param::Text(action),
            Param::Text(subject),
            Param::Text(details),
        ],
    )?;
    Ok(())
}

/// The moment of the oldest entry.
pub fn oldest_at(sql: &dyn Sql) -> Result<Option<Timestamp>, SqlError> {
    Ok(int(sql, "SELECT min(at) FROM audit", &[])?.map(Timestamp))
}

/// Which entries are read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted<'a> {
    /// Older than this number only.
    pub before: Option<i64>,
    /// Of this workspace only; `None`: all.
    pub workspace: Option<&'a WorkspaceId>,
    /// Of actions that begin so only; empty: all.
    pub action: &'a str,
    /// Most of them.
    pub limit: u32,
}

/// Entries, the newest first.
pub fn page(sql: &dyn Sql, wanted: &Wanted<'_>) -> Result<Vec<Entry>, SqlError> {
    let of = if wanted.workspace.is_some() { "workspace = ?2" } else { "?2 IS NULL" };
    let statement = format!(
        "SELECT number, at, workspace, actor, action, subject, details FROM audit
         WHERE number < ?1 AND {of} AND substr(action, 1, length(?3)) = ?3 ORDER BY number DESC LIMIT ?4"
    );
    let rows = sql.exec(
        &statement,
        &[
            // Beyond every number there is, and the greatest that the port takes.
            Param::Int(wanted.before.unwrap_or(1 << 53).clamp(0, 1 << 53)),
            wanted.workspace.map_or(Param::Null, |id| Param::Text(id.as_str())),
            Param::Text(wanted.action),
            Param::Int(wanted.limit.into()),
        ],
    )?;
    rows.into_iter().map(entry).collect::<Option<_>>().ok_or(SqlError::Content("audit"))
}

fn entry(row: Row) -> Option<Entry> {
    let [number, at, workspace, actor, action, subject, details] = <[Value; 7]>::try_from(row).ok()?;
    Some(Entry {
        number: number.int()?,
        at: Timestamp(at.int()?),
        workspace: workspace.into_text(),
        actor: actor.into_text()?,
        action: action.into_text()?,
        subject: subject.into_text()?,
        details: details.into_text()?,
    })
}

/// How many entries with an action there are since then.
pub fn count_since(sql: &dyn Sql, action: &str, since: Timestamp) -> Result<u64, SqlError> {
    let statement = "SELECT count(*) FROM audit WHERE at >= ?2 AND action = ?1";
    Ok(int(sql, statement, &[Param::Text(action), Param::Int(since.0)])?.unwrap_or(0) as u64)
}

/// Takes entries away whose time is over, [`PURGED`] at most.
pub fn purge_before(sql: &dyn Sql, at: Timestamp) -> Result<(), SqlError> {
    sql.exec(
        "DELETE FROM audit WHERE number IN (SELECT number FROM audit WHERE at < ?1 ORDER BY at LIMIT ?2)",
        &[Param::Int(at.0), Param::Int(PURGED)],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{native::NativeSql, portal};

    #[test]
    fn entries_are_read_newest_first_and_go_when_their_time_is_over_and_not_before() {
        let sql = NativeSql::default();
        portal::open(&sql).unwrap();
        let workspace = WorkspaceId::from_random([1; 12]);
        for at in 1..=5 {
            let action = if at % 2 == 0 { "sync.paused" } else { "endpoint.created" };
            let of = (at != 3).then_some(&workspace);
            append(&sql, Timestamp(at), of, ["{}", action, "ep_1", "{}"]).unwrap();
        }
        let times = |wanted: &Wanted<'_>| -> Vec<i64> {
            page(&sql, wanted).unwrap().into_iter().map(|entry| entry.at.0).collect()
        };
        let all = Wanted { limit: 9, ..Wanted::default() };
        assert_eq!(times(&all), [5, 4, 3, 2, 1]);
        assert_eq!(times(&Wanted { before: Some(4), limit: 2, ..all }), [3, 2]);
        assert_eq!(times(&Wanted { before: Some(i64::MAX), ..all }), [5, 4, 3, 2, 1]);
        assert_eq!(times(&Wanted { before: Some(i64::MIN), ..all }), [0_i64; 0]);
        assert_eq!(times(&Wanted { workspace: Some(&workspace), ..all }), [5, 4, 2, 1]);
        assert_eq!(times(&Wanted { action: "endpoint.", ..all }), [5, 3, 1]);
        assert_eq!(count_since(&sql, "sync.paused", Timestamp(3)).unwrap(), 1);
        purge_before(&sql, Timestamp(3)).unwrap();
        assert_eq!(times(&all), [5, 4, 3]);
    }
}
