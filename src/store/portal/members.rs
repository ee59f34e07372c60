//! The lists that are followed and who is on them.
//!
//! Rows are billed, so a row holds up to [`ROW_IDS`] members, in order: it covers the ids from its own key up to the next row's.
//! A list of 100,000 takes 100 to 200 rows, and one join or leave writes one of them. Whoever needs to know whether a record is on
//! a list asks [`has`] or [`among`]; who joined and left in a turn stands in the feed rows of that turn.

use std::collections::BTreeMap;

use crate::{
    store::{
        portal::{
            echoes::{self, Ends, NO_END, Tied},
            feed::{self, Change},
            records::ids_json,
        },
        sql::{Param, Row, Sql, SqlError, Value, int, text},
    },
    values::{
        ids::{ListId, ObjectType, RecordId},
        json,
        time::Timestamp,
    },
};

/// Most members in a row: 12 KB, so that a join does not rewrite much.
const ROW_IDS: usize = 1_000;
/// Bytes of rows in one statement; each is quoted once more.
const STATEMENT_BYTES: usize = 500_000;
/// Most ids in one entry of the feed: 60 KB, which a reader parses again for each of its pages.
const FED: usize = 5_000;

/// A list that is followed, as saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Followed {
    /// Which.
    pub list: ListId,
    /// What it has members of, once known and if mirrored.
    pub object_type: Option<ObjectType>,
    /// What people call it, as far as known.
    pub name: String,
    /// The engine's JSON.
    pub state: String,
}

/// Every list that is followed, by id.
pub fn followed(sql: &dyn Sql) -> Result<Vec<Followed>, SqlError> {
    let rows =
        sql.exec("SELECT CAST(list AS TEXT), object_type, name, state FROM followed ORDER BY list", &[])?;
    let read = |row: Row| {
        let [list, object_type, name, state] = <[Value; 4]>::try_from(row).ok()?;
        Some(Followed {
            list: list.text()?.parse().ok()?,
            object_type: object_type.text().map(str::parse).transpose().ok()?,
            name: name.into_text()?,
            state: state.into_text()?,
        })
    };
    rows.into_iter().map(read).collect::<Option<_>>().ok_or(SqlError::Content("followed"))
}

/// Saves a list that is followed: one row, none where nothing differs.
pub fn save(sql: &dyn Sql, followed: &Followed) -> Result<(), SqlError> {
    let name = followed.object_type.map(ObjectType::name);
    let kind = name.as_deref().map_or(Param::Null, Param::Text);
    sql.exec(
        "INSERT INTO followed (list, object_type, name, state, members) VALUES (CAST(?1 AS INTEGER), ?2, ?3, ?4, 0)
         ON CONFLICT (list) DO UPDATE SET object_type = excluded.object_type, name = excluded.name, state = excluded.state
         WHERE state <> excluded.state OR name <> excluded.name OR object_type IS NOT excluded.object_type",
        &[
            Param::Text(&followed.list.to_string()),
            kind,
            Param::Text(&followed.name),
            Param::Text(&followed.state),
        ],
    )?;
    Ok(())
}

/// Forgets a list and its members. That the feed is told is the caller's to do.
pub fn forget(sql: &dyn Sql, list: ListId) -> Result<(), SqlError> {
    for table in ["members", "followed"] {
        let statement = format!("DELETE FROM {table} WHERE list = CAST(?1 AS INTEGER)");
        sql.exec(&statement, &[Param::Text(&list.to_string())])?;
    }
    Ok(())
}

/// How many are on a list, as far as they are known here.
pub fn count(sql: &dyn Sql, list: ListId) -> Result<u64, SqlError> {
    let statement = "SELECT members FROM followed WHERE list = CAST(?1 AS INTEGER)";
    Ok(int(sql, statement, &[Param::Text(&list.to_string())])?.unwrap_or(0) as u64)
}

/// Whether a record is on a list that is followed.
pub fn has(sql: &dyn Sql, list: ListId, id: RecordId) -> Result<bool, SqlError> {
    Ok(!among(sql, list, &[id])?.is_empty())
}

/// Which of these records are on a list that is followed, in order.
pub fn among(sql: &dyn Sql, list: ListId, ids: &[RecordId]) -> Result<Vec<RecordId>, SqlError> {
    let held = rows_for(sql, list, ids)?;
    let mut found: Vec<RecordId> = ids
        .iter()
        .copied()
        .filter(|id| {
            let row = held.range(..=id.0).next_back();
            row.is_some_and(|(_, members)| members.binary_search(id).is_ok())
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// Members with ids in `(above, up_to]`, in order; `None` does not bound.
pub fn in_range(
    sql: &dyn Sql,
    list: ListId,
    above: RecordId,
    up_to: Option<RecordId>,
) -> Result<Vec<RecordId>, SqlError> {
    let up_to = up_to.unwrap_or(RecordId(i64::MAX as u64));
    let rows = sql.exec(
        "SELECT CAST(first AS TEXT), ids FROM members WHERE list = CAST(?1 AS INTEGER) AND first <= CAST(?3 AS INTEGER)
         AND first >= ifnull((
             SELECT max(first) FROM members WHERE list = CAST(?1 AS INTEGER) AND first <= CAST(?2 AS INTEGER)
         ), 0) ORDER BY first",
        &[
            Param::Text(&list.to_string()),
            Param::Text(&above.to_string()),
            Param::Text(&up_to.to_string()),
        ],
    )?;
    let held = read_rows(rows)?;
    Ok(held.into_values().flatten().filter(|id| *id > above && *id <= up_to).collect())
}

/// A page of members above an id, in order.
pub fn page(sql: &dyn Sql, list: ListId, above: RecordId, limit: u32) -> Result<Vec<RecordId>, SqlError> {
    /// Rows looked at in one go: enough for any page unless most of their members have left.
    const ROWS: usize = 4;
    let mut page = Vec::new();
    let mut from = text(
        sql,
        "SELECT CAST(max(first) AS TEXT) FROM members WHERE list = CAST(?1 AS INTEGER) AND first <= CAST(?2 AS INTEGER)",
        &[Param::Text(&list.to_string()), Param::Text(&above.to_string())],
    )?
    .unwrap_or_default();
    loop {
        let statement = format!(
            "SELECT CAST(first AS TEXT), ids FROM members
             WHERE list = CAST(?1 AS INTEGER) AND first >= CAST(?2 AS INTEGER) ORDER BY first LIMIT {ROWS}"
        );
        let rows = read_rows(sql.exec(&statement, &[Param::Text(&list.to_string()), Param::Text(&from)])?)?;
        let last = rows.keys().next_back().map(|first| first + 1);
        let complete = rows.len() < ROWS;
        page.extend(rows.into_values().flatten().filter(|id| *id > above));
        match last {
            Some(next) if !complete && page.len() < limit as usize => from = next.to_string(),
            _ => break,
        }
    }
    page.truncate(limit as usize);
    Ok(page)
}

/// Takes records on a list and off it, and tells the feed who truly came and went. How many came, how many went. `asked_at`: when they
/// were asked for, by the object's counter; `None`: nobody else can have done it.
pub fn change(
    sql: &dyn Sql,
    (now, asked_at): (Timestamp, Option<i64>),
    of: &Followed,
    joined: &[RecordId],
    left: &[RecordId],
) -> Result<(u64, u64), SqlError> {
    let (Some(kind), false) = (of.object_type, joined.is_empty() && left.is_empty()) else {
        return Ok((0, 0));
    };
    let list = of.list;
    let ids: Vec<RecordId> = joined.iter().chain(left).copied().collect();
    let mut held = rows_for(sql, list, &ids)?;
    if held.is_empty() {
        held.insert(0, Vec::new());
    }
    let mut changed: BTreeMap<u64, bool> = BTreeMap::new();
    let (mut came, mut went) = (Vec::new(), Vec::new());
    for (ids, comes) in [(left, false), (joined, true)] {
        for id in ids {
            // The first row begins at 0, so there is always one.
            let Some((first, row)) = held.range_mut(..=id.0).next_back() else { continue };
            match (row.binary_search(id), comes) {
                (Err(at), true) => {
                    row.insert(at, *id);
                    came.push(*id);
                }
                (Ok(at), false) => {
                    row.remove(at);
                    went.push(*id);
                }
                (Ok(_), true) | (Err(_), false) => continue,
            }
            changed.insert(*first, true);
        }
    }
    held.retain(|first, _| changed.contains_key(first));
    write_rows(sql, list, held)?;
    let (joins, leaves) = (came.len() as u64, went.len() as u64);
    if joins + leaves > 0 {
        sql.exec(
            "UPDATE followed SET members = members + ?2 WHERE list = CAST(?1 AS INTEGER)",
            &[Param::Text(&list.to_string()), Param::Int(joins as i64 - leaves as i64)],
        )?;
    }
    for (ids, ours) in by_origin(sql, Tied::Leave(list), asked_at, &went)? {
        for ids in ids.chunks(FED) {
            let change = Change::Left { list, name: of.name.clone(), ids: ids.to_vec(), ours };
            feed::append(sql, now, kind, vec![change])?;
        }
    }
    for (ids, ours) in by_origin(sql, Tied::Join(list), asked_at, &came)? {
        for ids in ids.chunks(FED) {
            let change = Change::Joined { list, name: of.name.clone(), ids: ids.to_vec(), ours };
            feed::append(sql, now, kind, vec![change])?;
        }
    }
    Ok((joins, leaves))
}

/// Those whom others, and those whom Spoke itself put on a list or took off it: their change was asked for after that had left. What was
/// told of is no longer waited for.
fn by_origin(
    sql: &dyn Sql,
    what: Tied,
    asked_at: Option<i64>,
    ids: &[RecordId],
) -> Result<[(Vec<RecordId>, bool); 2], SqlError> {
    let ends: Vec<Ends> = ids.iter().map(|id| (*id, NO_END)).collect();
    let waited = echoes::ties(sql, what, &ends)?;
    let is_ours = |id: &&RecordId| {
        waited
            .get(&(**id, NO_END))
            .is_some_and(|left_at| asked_at.is_some_and(|asked_at| asked_at > *left_at))
    };
    let (own, others): (Vec<&RecordId>, Vec<&RecordId>) = ids.iter().partition(is_ours);
    echoes::leave_ties(sql, what, &waited.keys().copied().collect::<Vec<_>>())?;
    let ids = |some: Vec<&RecordId>| some.into_iter().copied().collect();
    Ok([(ids(others), false), (ids(own), true)])
}

/// Records are gone, and with them their places on lists: HubSpot takes them off by itself. Says who had any.
pub fn gone(
    sql: &dyn Sql,
    now: Timestamp,
    kind: ObjectType,
    ids: &[RecordId],
) -> Result<Vec<RecordId>, SqlError> {
    let mut had = Vec::new();
    for of in followed(sql)?.iter().filter(|of| of.object_type == Some(kind)) {
        let left = among(sql, of.list, ids)?;
        change(sql, (now, None), of, &[], &left)?;
        had.extend(left);
    }
    Ok(had)
}

/// The rows that hold these ids, or would.
fn rows_for(sql: &dyn Sql, list: ListId, ids: &[RecordId]) -> Result<BTreeMap<u64, Vec<RecordId>>, SqlError> {
    let rows = sql.exec(
        "SELECT CAST(first AS TEXT), ids FROM members WHERE list = CAST(?1 AS INTEGER) AND first IN (
             SELECT (SELECT max(first) FROM members WHERE list = CAST(?1 AS INTEGER) AND first <= said.value)
             FROM json_each(?2) AS said
         )",
        &[Param::Text(&list.to_string()), Param::Text(&ids_json(ids))],
    )?;
    read_rows(rows)
}

fn read_rows(rows: Vec<Row>) -> Result<BTreeMap<u64, Vec<RecordId>>, SqlError> {
    let read = |row: Row| -> Option<(u64, Vec<RecordId>)> {
        let [first, ids] = <[Value; 2]>::try_from(row).ok()?;
        Some((first.text()?.parse().ok()?, json::parse(ids.text()?).ok()?))
    };
    rows.into_iter().map(read).collect::<Option<_>>().ok_or(SqlError::Content("members"))
}

/// Writes rows, halving those that have grown too long. An emptied row goes, but for the first, which begins at 0.
fn write_rows(sql: &dyn Sql, list: ListId, rows: BTreeMap<u64, Vec<RecordId>>) -> Result<(), SqlError> {
    let (mut texts, mut bytes, mut empty): (Vec<(u64, String)>, usize, Vec<RecordId>) =
        (Vec::new(), 0, Vec::new());
    for (first, ids) in rows {
        if ids.is_empty() && first > 0 {
            empty.push(RecordId(first));
            continue;
        }
        let parts = ids.len().div_ceil(ROW_IDS).max(1);
        let each = ids.len().div_ceil(parts).max(1);
        if ids.is_empty() {
            texts.push((first, "[]".to_owned()));
        }
        for (number, part) in ids.chunks(each).enumerate() {
            let key = if number == 0 { first } else { part[0].0 };
            let text = ids_json(part);
            bytes += text.len();
            texts.push((key, text));
            if bytes > STATEMENT_BYTES {
                put(sql, list, &texts)?;
                texts.clear();
                bytes = 0;
            }
        }
    }
    put(sql, list, &texts)?;
    if !empty.is_empty() {
        sql.exec(
            "DELETE FROM members WHERE list = CAST(?1 AS INTEGER) AND first IN (SELECT value FROM json_each(?2))",
            &[Param::Text(&list.to_string()), Param::Text(&ids_json(&empty))],
        )?;
    }
    Ok(())
}

fn put(sql: &dyn Sql, list: ListId, rows: &[(u64, String)]) -> Result<(), SqlError> {
    if rows.is_empty() {
        return Ok(());
    }
    let json = serde_json::to_string(rows).expect("texts are JSON");
    sql.exec(
        "INSERT INTO members (list, first, ids)
         SELECT CAST(?1 AS INTEGER), said.value->>0, said.value->>1 FROM json_each(?2) AS said WHERE true
         ON CONFLICT (list, first) DO UPDATE SET ids = excluded.ids",
        &[Param::Text(&list.to_string()), Param::Text(&json)],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::store::{native::NativeSql, portal};

    const LIST: ListId = ListId(7);
    const NOW: Timestamp = Timestamp(1);

    fn open() -> (NativeSql, Followed) {
        let sql = NativeSql::default();
        portal::open(&sql).unwrap();
        let of = Followed {
            list: LIST,
            object_type: Some(ObjectType::Contacts),
            name: "Customers".to_owned(),
            state: "{}".to_owned(),
        };
        save(&sql, &of).unwrap();
        (sql, of)
    }

    fn ids(numbers: impl IntoIterator<Item = u64>) -> Vec<RecordId> {
        numbers.into_iter().map(RecordId).collect()
    }

    #[test]
    fn rows_hold_what_a_set_would_hold() {
        let (sql, of) = open();
        let mut rng = fastrand::Rng::with_seed(7);
        let mut truth: BTreeSet<RecordId> = BTreeSet::new();
        for _ in 0..60 {
            let some = |rng: &mut fastrand::Rng| {
                let from = rng.u64(0..9_000);
                ids((0..rng.u64(0..250)).map(|at| from + at * 7 + (1 << 54)))
            };
            let (joined, left) = (some(&mut rng), some(&mut rng));
            let (came, went) = change(&sql, (NOW, None), &of, &joined, &left).unwrap();
            let before = truth.len() as u64;
            truth.retain(|id| !left.contains(id));
            truth.extend(&joined);
            assert_eq!(before + came - went, truth.len() as u64);
        }
        let held: Vec<RecordId> = truth.iter().copied().collect();
        assert!(held.len() > 2 * ROW_IDS, "{}", held.len());
        assert_eq!(in_range(&sql, LIST, RecordId(0), None).unwrap(), held);
        assert_eq!(count(&sql, LIST).unwrap(), held.len() as u64);
        let (above, up_to) = (held[500], held[1_700]);
        assert_eq!(in_range(&sql, LIST, above, Some(up_to)).unwrap(), held[501..=1_700]);
        let mut paged = Vec::new();
        loop {
            let above = paged.last().copied().unwrap_or(RecordId(0));
            let page = page(&sql, LIST, above, 333).unwrap();
            let done = page.len() < 333;
            paged.extend(page);
            if done {
                break;
            }
        }
        assert_eq!(paged, held);
        assert!(has(&sql, LIST, held[9]).unwrap() && !has(&sql, LIST, RecordId(1)).unwrap());
        change(&sql, (NOW, None), &of, &[], &held).unwrap();
        assert_eq!((count(&sql, LIST).unwrap(), page(&sql, LIST, RecordId(0), 10).unwrap()), (0, ids([])));
        assert_eq!(int(&sql, "SELECT count(*) FROM members", &[]).unwrap(), Some(1));
    }

    #[test]
    fn a_hundred_thousand_members_take_few_rows_and_one_more_takes_one() {
        let (sql, of) = open();
        let all = ids((0..100_000).map(|at| 40_000_000_000 + at * 3));
        for page in all.chunks(250) {
            change(&sql, (NOW, None), &of, page, &[]).unwrap();
        }
        let rows = int(&sql, "SELECT count(*) FROM members", &[]).unwrap().unwrap();
        assert!((100..=200).contains(&rows), "{rows} rows");
        let before = sql.rows_written();
        change(&sql, (NOW, None), &of, &ids([40_000_150_001]), &[]).unwrap();
        // The row, the count, the feed.
        assert_eq!(sql.rows_written() - before, 3);
    }

    #[test]
    fn who_is_there_already_is_not_told_again() {
        let (sql, of) = open();
        assert_eq!(change(&sql, (NOW, None), &of, &ids([1, 2, 3]), &[]).unwrap(), (3, 0));
        assert_eq!(change(&sql, (NOW, None), &of, &ids([2, 3, 4]), &ids([9])).unwrap(), (1, 0));
        assert_eq!(feed::latest(&sql).unwrap(), 4);
        gone(&sql, NOW, ObjectType::Contacts, &ids([3, 77])).unwrap();
        gone(&sql, NOW, ObjectType::Deals, &ids([4])).unwrap();
        assert_eq!(feed::latest(&sql).unwrap(), 5);
        assert_eq!(among(&sql, LIST, &ids([4, 3, 1])).unwrap(), ids([1, 4]));
        forget(&sql, LIST).unwrap();
        assert_eq!(followed(&sql).unwrap(), []);
    }
}
