//! What a record is tied to, for its page: what it is linked to, the lists that have it, the ids that lead to it since merges. Reads
//! only.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    engine::portal::browse::columns,
    hubspot::objects::Properties,
    store::{
        portal::{
            links::{self, Pair},
            members,
            records::{self, Live},
        },
        sql::{Sql, SqlError},
    },
    values::ids::{ListId, ObjectType, RecordId},
};

/// HubSpot's property of ids that became part of a record, with semicolons between them (`hubspot-api.md` 4.5).
const MERGED: &str = "hs_merged_object_ids";

/// Links shown of each type; the API tells all.
const LINKS: usize = 20;

/// What a record is tied to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ties {
    /// Those of the lists that are followed that have it: id and name.
    pub lists: Vec<(ListId, String)>,
    /// Ids of records that became part of it.
    pub merged: Vec<RecordId>,
    /// What it is linked to, by type, with whether there is more.
    pub links: Vec<(ObjectType, Vec<Linked>, bool)>,
}

/// A record that another one is linked to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Linked {
    /// Its id.
    pub id: RecordId,
    /// Its [`columns`]; empty where the mirror does not hold it.
    pub values: Vec<Option<String>>,
    /// What the link is called, where it is called anything.
    pub labels: Vec<String>,
}

/// Of a record that is there. One point read for each list of its type that is followed.
pub fn of(sql: &dyn Sql, kind: ObjectType, live: &Live) -> Result<Ties, SqlError> {
    let mut lists = Vec::new();
    for list in members::followed(sql)?.into_iter().filter(|list| list.object_type == Some(kind)) {
        if members::has(sql, list.list, live.id)? {
            lists.push((list.list, list.name));
        }
    }
    lists.sort_by_cached_key(|(_, name)| name.to_lowercase());
    let properties = Properties::parse(&live.properties).unwrap_or_default();
    let merged = properties.get(MERGED).unwrap_or_default().split(';');
    let merged = merged.filter_map(|id| id.trim().parse().ok()).collect();
    let mut links = Vec::new();
    for to in ObjectType::ALWAYS {
        let (linked, more) = linked(sql, kind, live.id, to)?;
        if !linked.is_empty() {
            links.push((to, linked, more));
        }
    }
    Ok(Ties { lists, merged, links })
}

fn linked(
    sql: &dyn Sql,
    kind: ObjectType,
    id: RecordId,
    to: ObjectType,
) -> Result<(Vec<Linked>, bool), SqlError> {
    let (pair, side) = Pair::seen_from(kind, to);
    let mut page = links::page(sql, pair, side, id, RecordId(0), LINKS as u32 + 1)?;
    let more = page.len() > LINKS;
    page.truncate(LINKS);
    if page.is_empty() {
        return Ok((Vec::new(), false));
    }
    let known: BTreeMap<String, Option<String>> = links::types(sql, kind, to)?.into_iter().collect();
    let ids: Vec<RecordId> = page.iter().map(|link| link.to).collect();
    let live: BTreeMap<RecordId, String> =
        records::live_by_ids(sql, to, &ids)?.into_iter().map(|live| (live.id, live.properties)).collect();
    let linked = page.into_iter().map(|link| {
        let properties = live.get(&link.to).and_then(|text| Properties::parse(text).ok());
        let value = |properties: &Properties<'_>| {
            columns(to).iter().map(|name| properties.get(name).map(str::to_owned)).collect()
        };
        let labels = link.types.split(' ').filter_map(|own| known.get(own).cloned().flatten());
        let labels = labels.filter(|label| !label.is_empty()).collect();
        Linked { id: link.to, values: properties.as_ref().map_or_else(Vec::new, value), labels }
    });
    Ok((linked.collect(), more))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        store::{native::NativeSql, portal, portal::members::Followed},
        values::time::Timestamp,
    };

    #[test]
    fn a_record_shows_the_lists_of_its_type_that_have_it_and_the_ids_it_had() {
        let sql = NativeSql::default();
        portal::open(&sql).unwrap();
        for (list, kind, name, ids) in [
            (1, ObjectType::Contacts, "Zurich", [7, 8]),
            (2, ObjectType::Contacts, "berlin", [7, 9]),
            (3, ObjectType::Contacts, "Not this one", [8, 9]),
            (4, ObjectType::Deals, "Deals", [7, 8]),
        ] {
            let list = Followed {
                list: ListId(list),
                object_type: Some(kind),
                name: name.to_owned(),
                state: "{}".to_owned(),
            };
            members::save(&sql, &list).unwrap();
            members::change(&sql, (Timestamp(1), None), &list, &ids.map(RecordId), &[]).unwrap();
        }
        let live = |properties: &str| Live {
            id: RecordId(7),
            created_at: Timestamp(1),
            updated_at: Timestamp(1),
            properties: properties.to_owned(),
        };
        let ties = of(&sql, ObjectType::Contacts, &live(r#"{"hs_merged_object_ids":"5;6"}"#)).unwrap();
        let names: Vec<&str> = ties.lists.iter().map(|(_, name)| name.as_str()).collect();
        assert_eq!((names, ties.merged), (vec!["berlin", "Zurich"], vec![RecordId(5), RecordId(6)]));
        assert_eq!(of(&sql, ObjectType::Contacts, &live("{}")).unwrap().merged, []);
    }
}
