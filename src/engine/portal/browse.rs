//! What people look at: lists of records, one record with what happened to it ([`history`]), places in the feed. Reads only.
//!
//! Unlike [`super::query`], whose answers are the API's and are handed on unread, this is for pages: a list carries the few
//! values it shows, and values are cut to what a person reads.

use serde::{Deserialize, Serialize};

use crate::{
    engine::portal::{
        history::{self, Happened},
        streams::properties_key,
        ties::{self, Ties},
    },
    store::{
        portal::{
            browse::{self, From},
            feed, keys, records,
        },
        schema,
        sql::{Sql, SqlError},
    },
    values::{
        ids::{ObjectType, RecordId},
        json,
        time::Timestamp,
    },
};

/// Records of one list.
pub const ROWS: usize = 50;
/// Characters of a value that are shown; HubSpot's longest is 65,536.
const VALUE_CHARS: usize = 2_000;
/// Characters of a value in a list or a history.
pub(super) const CHANGED_CHARS: usize = 300;
/// Longest value that may be one of an enumeration's options.
const CHOICE_BYTES: usize = 200;
/// Merges can chain; HubSpot refuses past 250 combined ones (`hubspot-api.md` 4.5).
const CHAIN: usize = 250;

/// What to look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Look {
    /// A list of live records, the newest first. Answers [`Seen::List`].
    List {
        /// Which type.
        object_type: ObjectType,
        /// Only those older than this one.
        older_than: Option<RecordId>,
        /// Only those newer than this one; the other one counts where both are given.
        newer_than: Option<RecordId>,
    },
    /// The live records of a key (contacts: e-mail, companies: domain; in any case). Answers [`Seen::List`].
    Found {
        /// Which type.
        object_type: ObjectType,
        /// The whole key.
        key: String,
    },
    /// One record, by an id that may have been merged away. Answers [`Seen::Record`].
    Record {
        /// Which type.
        object_type: ObjectType,
        /// Its id.
        id: RecordId,
        /// Its history before this place ([`RecordSeen::before`]).
        before: Option<u64>,
    },
    /// The place in the feed after which everything younger than a moment lies. Answers [`Seen::Place`].
    Place {
        /// None: everything that is kept.
        since: Option<Timestamp>,
    },
}

/// What is seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Seen {
    /// See [`Look::List`].
    List(List),
    /// See [`Look::Record`].
    Record(Box<RecordSeen>),
    /// See [`Look::Place`].
    Place(u64),
}

/// A list of records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct List {
    /// At most [`ROWS`].
    pub rows: Vec<ListRow>,
    /// There are newer ones.
    pub newer: bool,
    /// There are older ones.
    pub older: bool,
}

/// One record of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListRow {
    /// Its id.
    pub id: RecordId,
    /// HubSpot's modified date.
    pub updated_at: Timestamp,
    /// Of [`columns`], in their order.
    pub values: Vec<Option<String>>,
}

/// One record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordSeen {
    /// The id asked for, where the record has another by now.
    pub merged_from: Option<RecordId>,
    /// None: the mirror holds no such record.
    pub live: Option<LiveSeen>,
    /// It waits to be read again.
    pub waits: bool,
    /// What happened to it, the latest first, as far as the feed was read.
    pub history: Vec<Happened>,
    /// Where to look for more; `None`: this is all that is kept.
    pub before: Option<u64>,
    /// What it is tied to.
    pub ties: Ties,
}

impl RecordSeen {
    /// Whether there is anything to tell of it.
    pub fn is_known(&self) -> bool {
        self.live.is_some() || !self.history.is_empty() || self.before.is_some()
    }
}

/// A record that is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveSeen {
    /// Its id now.
    pub id: RecordId,
    /// HubSpot's creation date.
    pub created_at: Timestamp,
    /// HubSpot's modified date.
    pub updated_at: Timestamp,
    /// When the values that stand here were read; a read that finds the same leaves it.
    pub read_at: Timestamp,
    /// By label; those with a value first. Only what is mirrored.
    pub properties: Vec<PropertySeen>,
    /// Fields that are not mirrored.
    pub left_out: usize,
}

/// One property of a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PropertySeen {
    /// HubSpot's internal name.
    pub name: String,
    /// What people see.
    pub label: String,
    /// Internal name of its group.
    pub group: String,
    /// None: unset.
    pub value: Option<String>,
    /// What people see for the value, where it is one of an enumeration's options.
    pub shown: Option<String>,
    /// Characters that were cut off the value.
    pub cut: usize,
    /// HubSpot no longer lists the field.
    pub gone: bool,
}

impl Look {
    /// The type it is about.
    pub(super) fn about(&self) -> Option<ObjectType> {
        match self {
            Self::List { object_type, .. }
            | Self::Found { object_type, .. }
            | Self::Record { object_type, .. } => Some(*object_type),
            Self::Place { .. } => None,
        }
    }
}

/// The properties that tell a person which record of a type it is.
pub const fn columns(kind: ObjectType) -> &'static [&'static str] {
    match kind {
        ObjectType::Contacts => &["firstname", "lastname", "email"],
        ObjectType::Companies => &["name", "domain"],
        ObjectType::Deals => &["dealname", "amount"],
        ObjectType::Tasks => &["hs_task_subject", "hs_task_status"],
        ObjectType::Calls => &["hs_call_title", "hs_call_status"],
        ObjectType::Notes => &["hs_note_body"],
        // Which of its fields name it is the account's to say, and is not kept.
        ObjectType::Custom(_) => &[],
    }
}

/// Looks; changes made before `horizon` are no place in the feed any more.
pub fn look(sql: &dyn Sql, look: Look, horizon: Timestamp) -> Result<Seen, SqlError> {
    match look {
        Look::List { object_type, older_than, newer_than } => {
            list(sql, object_type, older_than, newer_than).map(Seen::List)
        }
        Look::Found { object_type, key } => found(sql, object_type, &key).map(Seen::List),
        Look::Record { object_type, id, before } => {
            record(sql, object_type, id, before).map(|seen| Seen::Record(Box::new(seen)))
        }
        Look::Place { since } => {
            let oldest = feed::oldest(sql, horizon)?.saturating_sub(1);
            let found = since.map(|at| browse::last_at(sql, at)).transpose()?.flatten();
            Ok(Seen::Place(found.unwrap_or(oldest)))
        }
    }
}

fn list(
    sql: &dyn Sql,
    kind: ObjectType,
    older_than: Option<RecordId>,
    newer_than: Option<RecordId>,
) -> Result<List, SqlError> {
    let from = match (older_than, newer_than) {
        (Some(id), _) => From::OlderThan(id),
        (None, Some(id)) => From::NewerThan(id),
        (None, None) => From::Newest,
    };
    let mut rows = browse::rows(sql, kind, from, columns(kind), ROWS as u32 + 1)?;
    let more = rows.len() > ROWS;
    let (newer, older) = match from {
        From::Newest => (false, more),
        From::OlderThan(_) => (true, more),
        From::NewerThan(_) => (more, true),
    };
    if more && matches!(from, From::NewerThan(_)) {
        rows.remove(0);
    }
    rows.truncate(ROWS);
    let rows = rows.into_iter().map(|row| ListRow {
        id: row.id,
        updated_at: row.updated_at,
        values: row.values.into_iter().map(|value| value.map(|text| cut(&text, CHANGED_CHARS).0)).collect(),
    });
    Ok(List { rows: rows.collect(), newer, older })
}

fn found(sql: &dyn Sql, kind: ObjectType, key: &str) -> Result<List, SqlError> {
    let live = keys::by_key(sql, kind, key, ROWS as u32)?;
    let row = |live: records::Live| {
        let values: serde_json::Map<String, serde_json::Value> =
            json::parse(&live.properties).map_err(|_| SqlError::Content("records"))?;
        let value = |name: &&str| Some(cut(values.get(*name)?.as_str()?, CHANGED_CHARS).0);
        let values = columns(kind).iter().map(value).collect();
        Ok(ListRow { id: live.id, updated_at: live.updated_at, values })
    };
    Ok(List { rows: live.into_iter().map(row).collect::<Result<_, SqlError>>()?, newer: false, older: false })
}

fn record(
    sql: &dyn Sql,
    kind: ObjectType,
    id: RecordId,
    before: Option<u64>,
) -> Result<RecordSeen, SqlError> {
    let mut target = id;
    let mut found = None;
    for _ in 0..CHAIN {
        if let Some(live) = records::live_by_ids(sql, kind, &[target])?.into_iter().next() {
            found = Some(live);
            break;
        }
        match records::merged_into(sql, kind, target)? {
            Some(into) => target = into,
            None => break,
        }
    }
    let ties = found.as_ref().map(|live| ties::of(sql, kind, live)).transpose()?.unwrap_or_default();
    let live = match found {
        None => None,
        Some(live) => {
            let read_at =
                records::known(sql, kind, &[target], None)?.first().map_or(0, |known| known.seen_at);
            let (properties, left_out) = properties(sql, kind, &live.properties)?;
            Some(LiveSeen {
                id: live.id,
                created_at: live.created_at,
                updated_at: live.updated_at,
                read_at: Timestamp(read_at),
                properties,
                left_out,
            })
        }
    };
    // Of a record that is not there, the tombstone's own history is what there is to tell.
    let of = if live.is_some() { target } else { id };
    let (history, before) = history::of(sql, kind, of, before)?;
    Ok(RecordSeen {
        merged_from: (live.is_some() && target != id).then_some(id),
        waits: browse::waits(sql, kind, of)?,
        live,
        history,
        before,
        ties,
    })
}

/// Every mirrored property, and how many fields are not mirrored.
fn properties(sql: &dyn Sql, kind: ObjectType, values: &str) -> Result<(Vec<PropertySeen>, usize), SqlError> {
    let mirrored: Vec<String> = match schema::get(sql, &properties_key(kind))? {
        Some(names) => json::parse(&names).map_err(|_| SqlError::Content("meta"))?,
        None => Vec::new(),
    };
    let is_mirrored = |name: &String| mirrored.is_empty() || mirrored.binary_search(name).is_ok();
    let mut left_out = 0;
    let mut values: serde_json::Map<String, serde_json::Value> =
        json::parse(values).map_err(|_| SqlError::Content("records"))?;
    let mut set = Vec::new();
    let mut unset = Vec::new();
    for label in browse::labels(sql, kind)? {
        let value = values.remove(&label.name);
        let (list, value, cut) =
            match value.as_ref().map(|value| cut(value.as_str().unwrap_or_default(), VALUE_CHARS)) {
                Some((value, cut)) => (&mut set, Some(value), cut),
                None if label.gone => continue,
                None if !is_mirrored(&label.name) => {
                    left_out += 1;
                    continue;
                }
                None => (&mut unset, None, 0),
            };
        let browse::Label { name, label, group, gone, .. } = label;
        list.push(PropertySeen { name, label, group, value, shown: None, cut, gone });
    }
    // Values of fields that were never listed.
    for (name, value) in values {
        let (value, cut) = cut(value.as_str().unwrap_or_default(), VALUE_CHARS);
        let label = name.clone();
        set.push(PropertySeen {
            name,
            label,
            group: String::new(),
            value: Some(value),
            shown: None,
            cut,
            gone: true,
        });
    }
    let asked: Vec<(&str, &str)> = set
        .iter()
        .filter_map(|one| Some((one.name.as_str(), one.value.as_deref()?)))
        .filter(|(_, value)| value.len() <= CHOICE_BYTES)
        .collect();
    for (name, label) in browse::choices(sql, kind, &asked)? {
        if let Some(one) = set.iter_mut().find(|one| one.name == name) {
            one.shown = Some(label);
        }
    }
    set.append(&mut unset);
    Ok((set, left_out))
}

/// The first characters of a text, and how many are left out.
pub(super) fn cut(text: &str, chars: usize) -> (String, usize) {
    match text.char_indices().nth(chars) {
        Some((end, _)) => (text[..end].to_owned(), text[end..].chars().count()),
        None => (text.to_owned(), 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{
        native::NativeSql,
        portal::{self, feed::Change, fields},
    };

    const KIND: ObjectType = ObjectType::Contacts;

    fn opened() -> NativeSql {
        let sql = NativeSql::default();
        portal::open(&sql).unwrap();
        sql
    }

    fn put(sql: &NativeSql, id: u64, properties: &str) {
        let (created_at, updated_at) = (Timestamp(1), Timestamp(2));
        let write = records::Write { id: RecordId(id), created_at, updated_at, key: None, properties };
        records::put(sql, KIND, &[write], 99).unwrap();
    }

    fn seen(sql: &NativeSql, id: u64) -> RecordSeen {
        match look(sql, Look::Record { object_type: KIND, id: RecordId(id), before: None }, Timestamp(0))
            .unwrap()
        {
            Seen::Record(seen) => *seen,
            other => panic!("{other:?}"),
        }
    }

    fn list(sql: &NativeSql, older_than: Option<u64>, newer_than: Option<u64>) -> List {
        let [older_than, newer_than] = [older_than, newer_than].map(|id| id.map(RecordId));
        match look(sql, Look::List { object_type: KIND, older_than, newer_than }, Timestamp(0)).unwrap() {
            Seen::List(list) => list,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_list_knows_both_its_neighbours() {
        let sql = opened();
        for id in 1..=120 {
            put(&sql, id, "{}");
        }
        let ends =
            |list: &List| (list.rows[0].id.0, list.rows[list.rows.len() - 1].id.0, list.newer, list.older);
        assert_eq!(ends(&list(&sql, None, None)), (120, 71, false, true));
        assert_eq!(ends(&list(&sql, Some(71), None)), (70, 21, true, true));
        assert_eq!(ends(&list(&sql, Some(21), None)), (20, 1, true, false));
        assert_eq!(ends(&list(&sql, None, Some(20))), (70, 21, true, true));
        assert_eq!(ends(&list(&sql, None, Some(70))), (120, 71, false, true));
    }

    #[test]
    fn a_record_shows_set_properties_first_by_label_and_values_as_people_know_them() {
        let sql = opened();
        let stage =
            r#"{"label":"Stage","group":"g","type":"enumeration","options":[{"value":"a","label":"Alpha"}]}"#;
        let definitions =
            [("stage", stage), ("zip", r#"{"label":"A zip"}"#), ("note", r#"{"label":"Note"}"#)];
        fields::put(&sql, KIND, &definitions, Timestamp(1)).unwrap();
        let long = "ä".repeat(VALUE_CHARS + 5);
        put(&sql, 7, &format!("{{\"note\":\"{long}\",\"stage\":\"a\",\"unlisted\":\"v\"}}"));
        let live = seen(&sql, 7).live.unwrap();
        let shown: Vec<_> =
            live.properties.iter().map(|one| (one.label.as_str(), one.cut, one.gone)).collect();
        assert_eq!(
            shown,
            [("Note", 5, false), ("Stage", 0, false), ("unlisted", 0, true), ("A zip", 0, false)]
        );
        assert_eq!(live.properties[1].shown.as_deref(), Some("Alpha"));
        schema::set(&sql, &properties_key(KIND), r#"["note","stage"]"#).unwrap();
        let chosen = seen(&sql, 7).live.unwrap();
        assert_eq!((chosen.properties.len(), chosen.left_out), (3, 1));
        assert_eq!((live.properties[3].value.as_deref(), live.read_at), (None, Timestamp(99)));
    }

    #[test]
    fn a_record_merged_away_leads_to_the_one_it_became_part_of_and_a_deleted_one_tells_its_end() {
        let sql = opened();
        put(&sql, 7, "{}");
        let graves = [
            records::Grave { id: RecordId(5), merged_into: Some(RecordId(7)) },
            records::Grave { id: RecordId(6), merged_into: None },
        ];
        records::entomb(&sql, KIND, &graves, 1).unwrap();
        feed::append(&sql, Timestamp(4), KIND, vec![Change::Deleted { id: RecordId(6) }]).unwrap();
        let merged = seen(&sql, 5);
        assert_eq!((merged.merged_from, merged.live.unwrap().id), (Some(RecordId(5)), RecordId(7)));
        let deleted = seen(&sql, 6);
        assert_eq!((deleted.live, deleted.history[0].kind.as_str()), (None, "deleted"));
    }

    #[test]
    fn a_place_in_the_feed_is_found_by_its_moment() {
        let sql = opened();
        let place = |since| look(&sql, Look::Place { since }, Timestamp(0)).unwrap();
        assert_eq!(place(None), Seen::Place(0));
        for at in [10, 20] {
            feed::append(&sql, Timestamp(at), KIND, vec![Change::Deleted { id: RecordId(1) }]).unwrap();
        }
        assert_eq!((place(Some(Timestamp(15))), place(Some(Timestamp(5)))), (Seen::Place(1), Seen::Place(0)));
    }
}
