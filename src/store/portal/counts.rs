//! What the mirror counts to be compared with HubSpot's totals: live records in a box of modified dates and ids.
//!
//! Reads only; the index over dates makes it cheap, and is built by the first count or sample (see
//! [`crate::store::portal::records::build_dates_index`]).

use serde::{Deserialize, Serialize};

use crate::{
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

/// `size` live records, each as likely as any other, in order of their ids; all, where there are no more. `held`: live records, of
/// which only the work depends. The same seed draws the same.
///
/// Ids are no measure of how many records lie between them: an account has old ones below 10^9 beside new ones of twelve digits. So
/// each id is multiplied and shifted by the seed in the field of a prime, which scatters ids of any pattern evenly, and those that
/// come to lie lowest are drawn: one pass over the index of live records, that reads no record.
pub fn drawn(
    sql: &dyn Sql,
    kind: ObjectType,
    size: u32,
    held: u64,
    seed: [u64; 2],
) -> Result<Vec<RecordId>, SqlError> {
    /// Its square fits SQLite's integers, which become inexact numbers beyond.
    const PRIME: u64 = (1 << 31) - 1;
    let factor = (1 + seed[0] % (PRIME - 1)).to_string();
    let shift = (seed[1] % PRIME).to_string();
    // About twice as many as are wanted are put in order, instead of all.
    let below = (PRIME * 2 * u64::from(size) / held.max(1)).min(PRIME).to_string();
    let place = format!("(id % {PRIME} * CAST(?1 AS INTEGER) + CAST(?2 AS INTEGER)) % {PRIME}");
    let statement = format!(
        "SELECT json_group_array(id) FROM (
             SELECT id FROM records_{0} INDEXED BY records_{0}_dates
             WHERE live = 1 AND {place} < CAST(?3 AS INTEGER) ORDER BY {place} LIMIT {size}
         )",
        kind.table()
    );
    let json = text(sql, &statement, &[Param::Text(&factor), Param::Text(&shift), Param::Text(&below)])?;
    let mut ids: Vec<RecordId> =
        json::parse(&json.unwrap_or_else(|| "[]".to_owned())).map_err(|_| SqlError::Content("records"))?;
    ids.sort_unstable();
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{
        native::NativeSql,
        portal::{
            self,
            records::{self, Grave, Write},
        },
    };

    const KIND: ObjectType = ObjectType::Contacts;

    fn holding(ids: impl Iterator<Item = u64>) -> NativeSql {
        let sql = NativeSql::default();
        portal::open(&sql).unwrap();
        let write = |id: u64| Write {
            id: RecordId(id),
            created_at: Timestamp(0),
            // Many share a date, as after an import.
            updated_at: Timestamp((id % 7 * 1_000) as i64),
            key: None,
            properties: "{}",
        };
        let writes: Vec<Write<'_>> = ids.map(write).collect();
        for some in writes.chunks(500) {
            records::put(&sql, KIND, some, 1).unwrap();
        }
        records::build_dates_index(&sql, KIND).unwrap();
        sql
    }

    /// Seeds as random bytes give them (`SplitMix64`).
    fn seed(number: u64) -> [u64; 2] {
        [2 * number, 2 * number + 1].map(|number| {
            let mixed = (number + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            mixed ^ (mixed >> 31)
        })
    }

    #[test]
    fn of_two_eras_of_ids_as_many_are_drawn_as_there_are_records() {
        const ERA: u64 = 100_000_000_000;
        let sql = holding((1..=8_000).chain((1..=2_000).map(|number| ERA + 51 * number)));
        for number in 0..10 {
            let ids = drawn(&sql, KIND, 1_000, 10_000, seed(number)).unwrap();
            assert_eq!(ids.len(), 1_000);
            assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "each once");
            let old = ids.iter().filter(|id| id.0 < ERA).count();
            assert!((700..=900).contains(&old), "{old} of seed {number}");
        }
        let [one, same, other] =
            [3, 3, 4].map(|number| drawn(&sql, KIND, 1_000, 10_000, seed(number)).unwrap());
        assert_eq!(one, same);
        assert_ne!(one, other);
    }

    #[test]
    fn each_record_is_drawn_about_as_often_as_any_other() {
        const ERA: u64 = 100_000_000_000;
        const DRAWS: u64 = 400;
        let sql = holding((1..=80).chain((1..=20).map(|number| ERA + number)));
        let mut times = std::collections::BTreeMap::<RecordId, u64>::new();
        for number in 0..DRAWS {
            for id in drawn(&sql, KIND, 25, 100, seed(number)).unwrap() {
                *times.entry(id).or_default() += 1;
            }
        }
        assert_eq!(times.len(), 100);
        assert!(times.values().all(|times| (DRAWS / 8..=DRAWS / 2).contains(times)), "{times:?}");
    }

    #[test]
    fn where_there_are_no_more_all_that_live_are_drawn() {
        let sql = holding(1..=30);
        records::entomb(&sql, KIND, &[Grave { id: RecordId(7), merged_into: None }], 2).unwrap();
        let ids = drawn(&sql, KIND, 29, 29, seed(1)).unwrap();
        assert_eq!(ids, (1..=30).filter(|id| *id != 7).map(RecordId).collect::<Vec<_>>());
        assert_eq!(drawn(&holding(0..0), KIND, 1_000, 0, seed(1)).unwrap(), []);
    }
}
