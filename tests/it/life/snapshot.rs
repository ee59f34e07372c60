//! Invariant 2: a snapshot at some sequence number and the feed after it make the mirror.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use spoke::{
    engine::portal::{
        messages::{Answer, Command},
        snapshot::{Page, Place},
    },
    values::ids::ObjectType,
};

use super::{
    World,
    beside::Memberships,
    links::{self, Links},
    promises::{Held, follow, is_nameless, takes_off},
};

type Id = (String, String);
/// Properties of records, by type and id.
pub(super) type Records = BTreeMap<Id, Value>;

/// What a host copied, page by page, while the world went on.
#[derive(Clone)]
pub struct Snapshot {
    object: usize,
    /// The number that the first page told: what the feed is read after.
    pub seq: u64,
    /// The number of the newest change when the last page was read.
    pub settled_at: u64,
    /// Each record, and the number of the newest change when its page was read.
    records: BTreeMap<Id, (Value, u64)>,
    members: Memberships,
    /// The number of the newest change when members were copied.
    members_at: u64,
    /// Links as the records' own lines tell them.
    links: Links,
}

impl World {
    /// Copies what a connection holds, `limit` records a page; `meanwhile` happens between pages.
    pub fn snapshot(
        &mut self,
        object: usize,
        limit: u32,
        mut meanwhile: impl FnMut(&mut Self, &Page),
    ) -> Snapshot {
        let first = self.snapshot_page(object, None, limit);
        let seq = first.seq;
        let (members, members_at) = (Memberships::new(), seq);
        let (records, links) = (BTreeMap::new(), Links::new());
        let mut snapshot = Snapshot { object, seq, settled_at: seq, records, members, members_at, links };
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        let mut page = first;
        loop {
            snapshot.settled_at = page.seq;
            for (kind, count) in &page.counts {
                *counts.entry(kind.to_string()).or_default() += count;
            }
            for line in page.lines.lines() {
                let record: Value = serde_json::from_str(line).expect("each line is JSON");
                let text = |field: &str| record[field].as_str().unwrap().to_owned();
                let id = (text("object_type"), text("id"));
                links::of_line(&mut snapshot.links, &record);
                let known = snapshot.records.insert(id, (record["properties"].clone(), page.seq));
                assert!(known.is_none(), "a record comes once");
            }
            let Some(place) = page.next else { break };
            meanwhile(self, &page);
            page = self.snapshot_page(object, Some(place), limit);
        }
        for (kind, count) in counts {
            let came = snapshot.records.keys().filter(|(of, _)| *of == kind).count();
            assert_eq!(came as u64, count, "{kind}");
        }
        // Members are no part of a snapshot: their pages are read beside it.
        let torn_one_in = std::mem::take(&mut self.plan.torn_one_in);
        snapshot.members_at = self.status_of(object).latest_change;
        snapshot.members = self.memberships(object);
        self.plan.torn_one_in = torn_one_in;
        snapshot
    }

    fn snapshot_page(&mut self, object: usize, from: Option<Place>, limit: u32) -> Page {
        // A statement that fails makes a host ask again; here it is asked once.
        let torn_one_in = std::mem::take(&mut self.plan.torn_one_in);
        let answer = self.command_to(object, Command::Snapshot { types: Vec::new(), from, limit });
        self.plan.torn_one_in = torn_one_in;
        match answer {
            Some(Answer::Snapshot(page)) => *page,
            other => panic!("no page of a snapshot but {other:?}"),
        }
    }

    fn records_of(&mut self, object: usize) -> Records {
        let kinds: Vec<ObjectType> =
            self.status_of(object).streams.iter().map(|stream| stream.object_type).collect();
        let of_kind = |kind: ObjectType| {
            let mirror = self.mirror_of(object, kind);
            mirror.into_iter().map(move |(id, values)| ((kind.to_string(), id), values)).collect::<Vec<_>>()
        };
        kinds.into_iter().flat_map(of_kind).collect()
    }

    /// Whether the host that follows the feed from there has what the mirror has.
    pub fn follows_from(&mut self, snapshot: Snapshot) -> Result<(), String> {
        let records = self.records_of(snapshot.object);
        let changes = self.changes_after(snapshot.object, snapshot.seq, 150)?;
        self.leads_to(snapshot, &Held { records, changes })
    }

    /// The same, where what the connection holds is known.
    pub(super) fn leads_to(&mut self, snapshot: Snapshot, found: &Held) -> Result<(), String> {
        let Snapshot { object, seq: after, settled_at, records, mut members, members_at, mut links } =
            snapshot;
        let mirror = &found.records;
        // Up to which number what a record holds is known already: changes up to there are applied once more.
        let mut known: BTreeMap<Id, u64> = records.iter().map(|(id, (_, seq))| (id.clone(), *seq)).collect();
        let mut records: Records = records.into_iter().map(|(id, (values, _))| (id, values)).collect();
        // What was told before members were copied.
        let mut earlier = Memberships::new();
        let kinds = self.kinds_of_lists(object);
        let held = links::from_holders(&self.links_of(object, &ObjectType::ALWAYS));
        for change in &found.changes {
            let seq: u64 = change["seq"].as_str().unwrap().parse().unwrap();
            if seq <= after {
                continue;
            }
            if is_nameless(change) {
                continue;
            }
            let copied = seq <= members_at;
            if let Some(fits) = follow(if copied { &mut earlier } else { &mut members }, change) {
                if !fits && !copied {
                    return Err(format!("{change} does not follow from a snapshot"));
                }
                continue;
            }
            let text = |field: &str| change[field].as_str().unwrap().to_owned();
            let id = (text("object_type"), text("id"));
            if links::follow(&mut links, change, seq <= settled_at)? {
                continue;
            }
            match change["kind"].as_str().unwrap() {
                // What channels make of records is not of the records.
                kind if kind.starts_with("channel_") => {}
                "type_off" => records.retain(|(kind, _), _| *kind != id.0),
                "created" | "restored" => {
                    // As it is now: what the feed goes on to tell may be older. One that has gone since comes without.
                    let values = change["record"]["properties"].clone();
                    records.insert(id.clone(), if values.is_null() { empty() } else { values });
                    known.insert(id, u64::MAX);
                }
                "updated" => {
                    if seq <= settled_at && !records.contains_key(&id) {
                        // It was gone before its page was read, which is told next.
                        continue;
                    }
                    let again = known.get(&id).is_some_and(|known| seq <= *known);
                    let record = records.entry(id.clone()).or_insert_with(empty);
                    apply(record, change, again).map_err(|why| format!("{id:?}: {why}"))?;
                }
                _ => {
                    takes_off(if copied { &mut earlier } else { &mut members }, &kinds, change);
                    records.remove(&id);
                }
            }
        }
        members.retain(|_, ids| !ids.is_empty());
        let mut mirrored = self.memberships(object);
        mirrored.retain(|_, ids| !ids.is_empty());
        if members != mirrored {
            return Err("the members of a snapshot and the feed after it are not the mirror's".to_owned());
        }
        links::differing(&links, &held).map_err(|why| format!("links of a snapshot: {why}"))?;
        let differs = |id: &&Id| records.get(*id) != mirror.get(*id);
        let all: BTreeSet<&Id> = records.keys().chain(mirror.keys()).collect();
        match all.into_iter().find(differs) {
            Some(id) => Err(format!("{id:?} of a snapshot and the feed after it is not the mirror's")),
            None => Ok(()),
        }
    }
}

fn empty() -> Value {
    Value::Object(Map::new())
}

fn apply(record: &mut Value, change: &Value, again: bool) -> Result<(), String> {
    let record = record.as_object_mut().expect("records are objects");
    for (name, values) in change["changed"].as_object().into_iter().flatten() {
        let held = record.get(name).unwrap_or(&Value::Null);
        // A field that is kept no longer is told without its values.
        let withheld = values["old"].is_null() && values["new"].is_null();
        if !again && !withheld && *held != values["old"] {
            return Err(format!("{name} was {held} and is said to have been {}", values["old"]));
        }
        match &values["new"] {
            Value::Null => record.remove(name),
            new => record.insert(name.clone(), new.clone()),
        };
    }
    Ok(())
}
