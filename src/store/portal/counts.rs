//! What the mirror counts to be compared with HubSpot's totals: live records in a box of modified dates and ids.
//!
//! Reads only; the index over dates makes it cheap, and is built by the first count (see
//! [`crate::store::portal::records::build_dates_index`]).

use serde::{Deserialize, Serialize};

use crate::{
    store::portal::records::ids_json,
    store::sql::{Param, Sql, SqlError, int, text},
    values::{
        ids::{ObjectType, RecordId},
        json,
        time::Timestamp,
    },
};

/// Modified in `[since, before)`, with an id in `(above, up_to]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Area {
    /// Included lower bound of the modified date.
    pub since: Timestamp,
    /// Excluded upper bound.
    pub before: Timestamp,
    /// Excluded lower bound of the id.
    pub above: RecordId,
    /// Included upper bound.
    pub up_to: RecordId,
}

impl Area {
    /// Every id, modified in `[since, before)`.
    pub fn of_dates(since: Timestamp, before: Timestamp) -> Self {
        Self { since, before, above: RecordId(0), up_to: RecordId(i64::MAX as u64) }
    }
}

fn inside(kind: ObjectType, area: &Area) -> String {
    // The index holds ids in order within one date: of a single millisecond, which an import fills with thousands, only the
    // entries asked for are read.
    let dates = if area.before.0 - area.since.0 == 1 {
        "updated_at = ?1"
    } else {
        "updated_at >= ?1 AND updated_at < ?2"
    };
    format!(
        "FROM records_{0} INDEXED BY records_{0}_dates WHERE live = 1 AND {dates}
         AND id > CAST(?3 AS INTEGER) AND id <= CAST(?4 AS INTEGER)",
        kind.table()
    )
}

fn with_params<T>(area: &Area, body: impl FnOnce(&[Param<'_>]) -> T) -> T {
    let (above, up_to) = (area.above.to_string(), area.up_to.to_string());
    body(&[Param::Int(area.since.0), Param::Int(area.before.0), Param::Text(&above), Param::Text(&up_to)])
}

/// How many live records the mirror holds there.
pub fn count(sql: &dyn Sql, kind: ObjectType, area: &Area) -> Result<u64, SqlError> {
    let count =
        with_params(area, |params| int(sql, &format!("SELECT count(*) {}", inside(kind, area)), params))?;
    Ok(count.unwrap_or(0) as u64)
}

/// The id in the middle of those the mirror holds there, of which there are `count`.
pub fn middle(
    sql: &dyn Sql,
    kind: ObjectType,
    area: &Area,
    count: u64,
) -> Result<Option<RecordId>, SqlError> {
    let statement =
        format!("SELECT CAST(id AS TEXT) {} ORDER BY id LIMIT 1 OFFSET {}", inside(kind, area), count / 2);
    let id = with_params(area, |params| text(sql, &statement, params))?;
    id.map(|id| id.parse().map_err(|_| SqlError::Content("records"))).transpose()
}

/// Ids and dates of what the mirror holds there, the lowest ids first, up to `limit`.
pub fn listed(
    sql: &dyn Sql,
    kind: ObjectType,
    area: &Area,
    limit: u32,
) -> Result<Vec<(RecordId, Timestamp)>, SqlError> {
    let statement = format!(
        "SELECT json_group_array(json_array(id, updated_at)) FROM (SELECT id, updated_at {} ORDER BY id LIMIT {limit})",
        inside(kind, area)
    );
    let json = with_params(area, |params| text(sql, &statement, params))?;
    let rows: Vec<(u64, i64)> =
        json::parse(&json.unwrap_or_else(|| "[]".to_owned())).map_err(|_| SqlError::Content("records"))?;
    Ok(rows.into_iter().map(|(id, updated_at)| (RecordId(id), Timestamp(updated_at))).collect())
}

/// The smallest and the greatest live id; `None`: the mirror is empty.
pub fn bounds(sql: &dyn Sql, kind: ObjectType) -> Result<Option<(RecordId, RecordId)>, SqlError> {
    let edge = |order: &str| {
        let statement = format!(
            "SELECT CAST(id AS TEXT) FROM records_{} WHERE live = 1 ORDER BY id {order} LIMIT 1",
            kind.table()
        );
        let id = text(sql, &statement, &[])?;
        id.map(|id| id.parse().map_err(|_| SqlError::Content("records"))).transpose()
    };
    Ok(edge("ASC")?.zip(edge("DESC")?))
}

/// For each of these points the first live id from there on, each once, in order.
pub fn nearest(sql: &dyn Sql, kind: ObjectType, points: &[RecordId]) -> Result<Vec<RecordId>, SqlError> {
    let statement = format!(
        "SELECT json_group_array(DISTINCT (
             SELECT id FROM records_{} WHERE live = 1 AND id >= point.value ORDER BY id LIMIT 1
         )) FROM json_each(?1) AS point",
        kind.table()
    );
    let json = text(sql, &statement, &[Param::Text(&ids_json(points))])?;
    let ids: Vec<Option<u64>> =
        json::parse(&json.unwrap_or_else(|| "[]".to_owned())).map_err(|_| SqlError::Content("records"))?;
    let mut ids: Vec<RecordId> = ids.into_iter().flatten().map(RecordId).collect();
    ids.sort_unstable();
    Ok(ids)
}
