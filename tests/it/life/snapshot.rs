//! Invariant 2: a snapshot at some sequence number and the feed after it make the mirror.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use spoke::{
    engine::portal::messages::{Answer, Command},
    values::ids::ObjectType,
};

use super::World;

type Id = (String, String);

/// What a host copied at one moment.
pub struct Snapshot {
    object: usize,
    seq: u64,
    records: BTreeMap<Id, Value>,
}

impl World {
    /// Copies what a connection holds now.
    pub fn snapshot(&mut self, object: usize) -> Snapshot {
        // A statement that fails makes a host ask again; here it is asked once.
        let torn_one_in = std::mem::take(&mut self.plan.torn_one_in);
        let seq = self.status_of(object).latest_change;
        let records = self.records_of(object);
        self.plan.torn_one_in = torn_one_in;
        Snapshot { object, seq, records }
    }

    fn records_of(&mut self, object: usize) -> BTreeMap<Id, Value> {
        let of_kind = |kind: ObjectType| {
            let mirror = self.mirror_of(object, kind);
            mirror.into_iter().map(move |(id, values)| ((kind.to_string(), id), values)).collect::<Vec<_>>()
        };
        ObjectType::ALL.into_iter().flat_map(of_kind).collect()
    }

    /// Whether the host that follows the feed from there has what the mirror has.
    pub fn follows_from(&mut self, snapshot: Snapshot) -> Result<(), String> {
        let Snapshot { object, seq: mut after, mut records } = snapshot;
        let mirror = self.records_of(object);
        // Whoever is told of a new record reads it: by then it may be younger than what the feed goes on to tell.
        let mut read_later = BTreeSet::new();
        loop {
            let command = Command::Changes { after, limit: 150, types: Vec::new() };
            let Some(Answer::Json(page)) = self.command_to(object, command) else {
                return Err("no changes after a snapshot".to_owned());
            };
            let page: Value = serde_json::from_str(&page).unwrap();
            let changes = page["changes"].as_array().unwrap();
            for change in changes {
                let text = |field: &str| change[field].as_str().unwrap().to_owned();
                let id = (text("object_type"), text("id"));
                match change["kind"].as_str().unwrap() {
                    "created" | "restored" => {
                        records.insert(id.clone(), mirror.get(&id).cloned().unwrap_or_else(empty));
                        read_later.insert(id);
                    }
                    "updated" => {
                        let record = records.entry(id.clone()).or_insert_with(empty);
                        apply(record, change, read_later.contains(&id))
                            .map_err(|why| format!("{id:?}: {why}"))?;
                    }
                    _ => {
                        records.remove(&id);
                    }
                }
            }
            after = page["next"].as_str().unwrap().parse().unwrap();
            if changes.is_empty() {
                break;
            }
        }
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

fn apply(record: &mut Value, change: &Value, read_later: bool) -> Result<(), String> {
    let record = record.as_object_mut().expect("records are objects");
    for (name, values) in change["changed"].as_object().into_iter().flatten() {
        let held = record.get(name).unwrap_or(&Value::Null);
        if !read_later && *held != values["old"] {
            return Err(format!("{name} was {held} and is said to have been {}", values["old"]));
        }
        match &values["new"] {
            Value::Null => record.remove(name),
            new => record.insert(name.clone(), new.clone()),
        };
    }
    Ok(())
}
