//! A snapshot: everything the mirror holds, read page by page, and the number after which the change feed goes on.
//!
//! Pages are read in turns of their own, so the mirror moves on between them. What a reader may rely on:
//!
//! - The first page's sequence number *S* is the snapshot's. Whatever changes after *S* is in the feed after *S*, whether or not a
//!   later page shows it already.
//! - Applying the feed after *S* to the snapshot, in order, gives the mirror as it was at the last number applied, once that is at least
//!   the number at which the last page was read (`settled_at`); before, the copy may hold some records younger than others.
//! - Applying is idempotent: *created* and *restored* put the record they bring, *updated* puts new values whatever was there, *deleted*,
//!   *merged* and *erased* remove. A change that a page showed already is applied once more and changes nothing in the end; an *updated*
//!   record that no page showed was gone by then, and its end follows.
//!
//! - Each link comes with the record that holds it, as the feed tells it. Whoever is deleted, merged or erased takes his links along;
//!   *`association_added`* and *`association_removed`* add and take types that may be there, or gone, already.
//!
//! - *`type_off`* takes every record of its type: it was turned off, and is told so in the place of a *deleted* for each.
//!
//! - Who is on lists is no part of the pages: it is read beside them, from pages that say where the feed goes on. *`list_off`* takes everybody off the list it names: it is no longer
//!   followed, and is told so in the place of a *`membership_removed`* for each.
//!
//! Nothing is held between pages, here or in the database: a reader that goes away costs nothing.

use serde::{Deserialize, Serialize};

use crate::{
    engine::portal::{
        links::show::Names,
        query::{ANSWER_BYTES, FETCH, record_json},
    },
    store::{
        portal::{feed, records, types},
        sql::{Sql, SqlError},
    },
    values::ids::{ObjectType, RecordId},
};

/// Most records of a page: as many as [`ANSWER_BYTES`] hold of the smallest. A million records of 1 KB are 250 pages, each a request
/// to the object, of the 1,000 that Cloudflare allows one of the Worker's.
pub const PAGE_RECORDS: u32 = 10_000;

/// Where a page begins: at records of a type with greater ids, and the types after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The type.
    pub object_type: ObjectType,
    /// The last id that was read of it.
    pub above: RecordId,
}

/// A page.
#[derive(Debug, Serialize, Deserialize)]
pub struct Page {
    /// Number of the newest change when it was read.
    pub seq: u64,
    /// The types whose records are copied.
    #[serde(default)]
    pub types: Vec<ObjectType>,
    /// Records as the API shows them, with the links they hold, one a line, each line ended.
    pub lines: String,
    /// How many of them there are of each type.
    pub counts: Vec<(ObjectType, u64)>,
    /// Where the next page begins; `None`: this is the last.
    pub next: Option<Place>,
}

/// Reads a page of these types (empty: all) from a place on (`None`: the beginning).
pub fn page(sql: &dyn Sql, types: &[ObjectType], from: Option<Place>, limit: u32) -> Result<Page, SqlError> {
    let limit = limit.clamp(1, PAGE_RECORDS);
    let mut page = Page {
        seq: feed::latest(sql)?,
        types: Vec::new(),
        lines: String::new(),
        counts: Vec::new(),
        next: None,
    };
    let wanted = |kind: &ObjectType| types.is_empty() || types.contains(kind);
    let further = types::all(sql)?.into_iter().map(|(kind, _)| kind);
    let all: Vec<ObjectType> = ObjectType::ALWAYS.into_iter().chain(further).filter(wanted).collect();
    page.types.clone_from(&all);
    let mut left = limit;
    let mut names = Names::default();
    // In order, so that those behind one that was turned off meanwhile still come.
    for object_type in all.into_iter().filter(|kind| from.is_none_or(|from| *kind >= from.object_type)) {
        let mut above =
            from.filter(|from| from.object_type == object_type).map_or(RecordId(0), |from| from.above);
        let mut count = 0;
        loop {
            if left == 0 || page.lines.len() >= ANSWER_BYTES {
                page.next = Some(Place { object_type, above });
                page.counts.push((object_type, count));
                return Ok(page);
            }
            let fetch = FETCH.min(left);
            let fetched = records::page(sql, object_type, above, fetch)?;
            let over = fetched.len() < fetch as usize;
            left -= fetched.len() as u32;
            let ids: Vec<RecordId> = fetched.iter().map(|live| live.id).collect();
            let links = names.held_by(sql, object_type, &ids)?;
            for live in fetched {
                above = live.id;
                let mut line = record_json(object_type, &live, None)?;
                if let Some(links) = links.get(&live.id) {
                    line.truncate(line.len() - 1);
                    line.push_str(",\"associations\":");
                    line.push_str(links);
                    line.push('}');
                }
                page.lines.push_str(&line);
                page.lines.push('\n');
                count += 1;
            }
            if over {
                break;
            }
        }
        page.counts.push((object_type, count));
    }
    Ok(page)
}
