//! What a connection promises, held against what HubSpot holds.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use spoke::{
    engine::portal::{
        blocks::{Command as Privacy, Whom},
        messages::{Answer, Command, Phase, State, Status, StreamState},
    },
    store::{
        portal::{
            keys::{self, Key},
            wipe,
        },
        sql::{Row, Sql},
    },
    values::ids::ObjectType,
};

use super::{
    account::PORTAL,
    beside::{KindsOfLists, Memberships},
    links::{self, Links},
    snapshot::Records,
    world::World,
};

/// What a connection was found to hold.
pub(super) struct Held {
    /// Its mirror's records, by type and id.
    pub records: Records,
    /// Its feed, from the beginning.
    pub changes: Vec<Value>,
}

impl World {
    /// What of the promises does not hold.
    pub fn verdict(&mut self) -> Result<(), String> {
        (0..self.objects.len()).try_for_each(|object| self.verdict_of(object).map(drop))
    }

    /// The same of one connection; else what it holds.
    pub(super) fn verdict_of(&mut self, object: usize) -> Result<Held, String> {
        let status = self.status_of(object);
        if status.state != State::Active {
            return Err(format!("the connection is {:?}: {:?}", status.state, status.trouble));
        }
        let mut mirrors = BTreeMap::new();
        let mut kinds = Vec::new();
        for stream in status.streams.iter().filter(|stream| stream.state == StreamState::Running) {
            let kind = stream.object_type;
            if stream.phase != Phase::Incremental || stream.dirty > 0 || !stream.unreadable.is_empty() {
                return Err(format!("stuck: {stream:?}"));
            }
            let mirror = self.mirror_of(object, kind);
            if mirror.len() != stream.records as usize {
                return Err(format!("counts {} {kind} and holds {}", stream.records, mirror.len()));
            }
            let mut truth = self.truth_of(kind);
            if let Some(chosen) = self.chosen.get(&kind) {
                for values in truth.values_mut() {
                    only(values, chosen);
                }
            }
            let mut compared = [mirror.clone(), truth];
            if !self.kept_out.is_empty() {
                // What HubSpot counts of them in others is read with these: nobody here sees their links come and go.
                let values = compared.iter_mut().flat_map(BTreeMap::values_mut);
                values
                    .filter_map(Value::as_object_mut)
                    .for_each(|values| drop(values.remove("num_associated_contacts")));
            }
            let [ours, theirs] = &compared;
            differences(ours, theirs).map_err(|wrong| format!("{kind}: {wrong}"))?;
            kinds.push(kind);
            mirrors.extend(mirror.into_iter().map(|(id, values)| ((kind.to_string(), id), values)));
        }
        let held = self.links_of(object, &kinds);
        links::differing(&held, &self.true_links(&kinds))?;
        let changes = self.changes_after(object, 0, 97)?;
        self.feed_leads_to(object, &changes, &mirrors, &links::from_holders(&held))?;
        self.index_holds(object, &kinds, &mirrors)?;
        let own = self.own_429s();
        if own > 0 {
            return Err(format!("{own} refusals for limits that Spoke itself exceeded"));
        }
        match self.log.iter().find(|line| line.contains("na1-") || line.contains('@')) {
            Some(line) => Err(format!("a secret or an address in the log: {line}")),
            None => Ok(Held { records: mirrors, changes }),
        }
    }

    /// Each record lies under the names that it has, and under no other.
    fn index_holds(&self, object: usize, kinds: &[ObjectType], mirrors: &Records) -> Result<(), String> {
        let sql = &self.objects[object].sql.inner;
        let rows = |statement: &str| sql.exec(statement, &[]).map_err(|error| error.to_string());
        for kind in kinds.iter().copied().filter(|kind| keys::further_property(*kind).is_some()) {
            let firsts = rows(&format!(
                "SELECT CAST(id AS TEXT), key FROM records_{kind} WHERE live = 1 OR key IS NOT NULL"
            ))?;
            let mut held: BTreeMap<String, (Option<i64>, BTreeSet<i64>)> = BTreeMap::new();
            for row in firsts {
                held.insert(row[0].text().expect("an id").to_owned(), (row[1].int(), BTreeSet::new()));
            }
            for row in
                rows(&format!("SELECT CAST(id AS TEXT), key FROM further_keys WHERE object_type = '{kind}'"))?
            {
                let id = row[0].text().expect("an id");
                let Some((_, further)) = held.get_mut(id) else {
                    return Err(format!("{kind} {id} is gone and still called something"));
                };
                further.extend(row[1].int());
            }
            let of_kind = mirrors.iter().filter(|((of, _), _)| *of == kind.to_string());
            let mut expected = BTreeMap::new();
            for ((_, id), values) in of_kind {
                let keys = keys::of(kind, |name| values[name].as_str());
                let further: BTreeSet<i64> = keys.further.iter().map(|key| key.number()).collect();
                expected.insert(id.clone(), (keys.first.map(Key::number), further));
            }
            if held != expected {
                let wrong = expected.iter().find(|(id, keys)| held.get(*id) != Some(keys));
                return Err(format!("{kind} lie under other names than they have: {wrong:?}"));
            }
        }
        Ok(())
    }

    /// Privacy: no row of any kind holds an address of somebody whom HubSpot's people have erased, whether or not a webhook told.
    pub(super) fn erased_are_nowhere(&self) -> Result<(), String> {
        let portal = self.simulator.portal(PORTAL).expect("the account exists");
        let mut erased: Vec<&str> = portal.erased_emails().collect();
        erased.extend(self.kept_out.iter().map(String::as_str).filter(|name| name.contains('@')));
        // What the feed tells of somebody else who had the address before is of them.
        erased.retain(|email| !self.had_another(email));
        if erased.is_empty() {
            return Ok(());
        }
        for table in Self::tables() {
            for row in self.rows_of(&table) {
                let texts = row.iter().filter_map(|value| value.text().filter(|text| text.contains('@')));
                let held: Vec<String> = texts.map(str::to_lowercase).collect();
                if let Some(email) =
                    erased.iter().find(|email| held.iter().any(|text| text.contains(**email)))
                {
                    let row: String = format!("{row:?}").chars().take(300).collect();
                    return Err(format!("{email} was erased and is in {table} {row}"));
                }
            }
        }
        Ok(())
    }

    /// Whoever the feed says was erased was deleted for privacy in HubSpot, or became part of somebody who was.
    pub(super) fn nobody_else_is_erased(&self, changes: &[Value]) -> Result<(), String> {
        let of_kind =
            changes.iter().filter(|one| one["kind"] == "erased" && one["object_type"] == "contacts");
        let told: BTreeSet<&str> = of_kind.filter_map(|one| one["id"].as_str()).collect();
        // Who is kept out of the mirrors was erased by Spoke.
        if told.is_empty() || !self.kept_out.is_empty() {
            return Ok(());
        }
        let portal = self.simulator.portal(PORTAL).expect("the account exists");
        let (mut from, mut text) = (0, Vec::new());
        while let Some(next) = portal.dump("contacts", from, 1_000, &mut text) {
            from = next;
        }
        let lines = String::from_utf8(text).unwrap();
        let all = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let all: BTreeMap<String, Value> =
            all.map(|record| (record["id"].as_str().unwrap().to_owned(), record)).collect();
        for id in told {
            let mut record = &all[id];
            while let Some(into) = record["into"].as_str() {
                record = &all[into];
            }
            if record["state"] != "erased" {
                return Err(format!("{id} is {} in HubSpot and was erased", record["state"]));
            }
        }
        Ok(())
    }

    /// 429s that no fault injected.
    pub fn own_429s(&mut self) -> u64 {
        let counters = self.control("GET", "counters", &Value::Null);
        counters["limits"]["refused"]
            .as_array()
            .map_or(0, |refused| refused.iter().filter_map(|one| one["calls"].as_u64()).sum())
    }

    /// How the connection stands.
    pub fn status(&mut self) -> Status {
        self.status_of(0)
    }

    /// The state of one connection. A look keeps no object from being put away.
    pub fn status_of(&mut self, object: usize) -> Status {
        let used_at = self.objects[object].used_at;
        let answer = self.command_to(object, Command::Status);
        self.objects[object].used_at = used_at;
        match answer {
            Some(Answer::Status(status)) => *status,
            other => panic!("no status but {other:?}"),
        }
    }

    /// What the mirror of contacts holds, by id.
    pub fn mirror(&mut self) -> BTreeMap<String, Value> {
        self.mirror_of(0, ObjectType::Contacts)
    }

    /// What a connection's mirror of one type holds, by id.
    pub fn mirror_of(&mut self, object: usize, object_type: ObjectType) -> BTreeMap<String, Value> {
        let mut all = BTreeMap::new();
        let mut after = None;
        loop {
            let command = Command::Records { object_type, after, limit: 250, key: None };
            let Some(Answer::Json(page)) = self.command_to(object, command) else {
                panic!("no page of records")
            };
            let page: Value = serde_json::from_str(&page).unwrap();
            for record in page["results"].as_array().unwrap() {
                all.insert(record["id"].as_str().unwrap().to_owned(), record["properties"].clone());
            }
            match page["next_cursor"].as_str() {
                Some(next) => after = Some(next.parse().unwrap()),
                None => return all,
            }
        }
    }

    /// One contact as the API answers, by an id that may have been merged away.
    pub fn record(&mut self, id: &str) -> Option<Value> {
        let command =
            Command::Record { object_type: ObjectType::Contacts, id: id.parse().expect("an id is a number") };
        match self.command(command) {
            Some(Answer::Json(text)) => Some(serde_json::from_str(&text).unwrap()),
            Some(Answer::Missing) => None,
            other => panic!("neither a record nor none but {other:?}"),
        }
    }

    /// The tables of a connection that hold what HubSpot told.
    fn tables() -> impl Iterator<Item = String> {
        [
            "meta",
            "credentials",
            "streams",
            "parts",
            "further_keys",
            "dirty",
            "deletions",
            "links",
            "link_marks",
            "feed",
            "endpoints",
            "channels",
            "channel_members",
            "reference",
            "followed",
            "members",
        ]
        .map(str::to_owned)
        .into_iter()
        .chain(ObjectType::ALWAYS.map(|kind| format!("records_{kind}")))
    }

    fn rows_of(&self, table: &str) -> Vec<Row> {
        self.objects[0].sql.inner.exec(&format!("SELECT * FROM {table}"), &[]).unwrap()
    }

    /// Whether the first connection's mirror has a live contact of one of these ids, whatever torn turns would answer.
    pub(super) fn holds_contact_of(&self, ids: &BTreeSet<String>) -> bool {
        let rows = self.objects[0]
            .sql
            .inner
            .exec("SELECT CAST(id AS TEXT) FROM records_contacts WHERE live = 1", &[]);
        let rows = rows.expect("the table is there");
        rows.iter().any(|row| row[0].text().is_some_and(|id| ids.contains(id)))
    }

    /// Everything the first connection's database holds, a row a line.
    pub fn dump(&self) -> String {
        let tables = wipe::tables(&self.objects[0].sql).expect("a database knows its tables");
        tables.iter().map(|table| self.dump_of(table)).collect::<Vec<_>>().join("\n")
    }

    /// Everything one of its tables holds.
    pub fn dump_of(&self, table: &str) -> String {
        let rows = self.rows_of(table);
        let lines: Vec<String> = rows.iter().map(|row| format!("{table} {row:?}")).collect();
        lines.join("\n")
    }

    /// The contacts that HubSpot holds, by id.
    pub fn truth(&self) -> BTreeMap<String, Value> {
        self.truth_of(ObjectType::Contacts)
    }

    /// The records of one type that HubSpot holds, by id.
    pub fn truth_of(&self, kind: ObjectType) -> BTreeMap<String, Value> {
        let portal = self.simulator.portal(PORTAL).expect("the account exists");
        let (mut from, mut text) = (0, Vec::new());
        while let Some(next) = portal.dump(&kind.name(), from, 1_000, &mut text) {
            from = next;
        }
        String::from_utf8(text)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .filter(|record| record["state"] == "live")
            .map(|record| (record["id"].as_str().unwrap().to_owned(), record["properties"].clone()))
            .filter(|(id, properties)| kind != ObjectType::Contacts || !self.keeps_out(id, properties))
            .collect()
    }

    /// Somebody asks to be erased, and is kept out from then on.
    pub(super) fn erase_somebody(&mut self) {
        let all = self.truth();
        let nth = self.plan.seed as usize % all.len().max(1);
        let Some((id, properties)) = all.into_iter().nth(nth) else { return };
        let whom = Whom::Record { object_type: ObjectType::Contacts, id: id.parse().expect("a number") };
        if !matches!(self.command(Command::Privacy(Privacy::Erase { whom })), Some(Answer::Json(_))) {
            // A statement failed: nothing is done, and nobody asks again.
            return;
        }
        let texts =
            ["email", "hs_additional_emails", "hs_merged_object_ids"].map(|name| properties[name].as_str());
        let names = texts.iter().flatten().flat_map(|text| text.split(';')).map(str::trim);
        let names: Vec<String> = names.filter(|name| !name.is_empty()).map(str::to_lowercase).collect();
        if self.plan.said || self.plan.flows {
            self.erase_addresses(&names);
        }
        self.kept_out.extend(names);
        self.kept_out.insert(id);
    }

    /// Whether a contact has a name of somebody who is kept out: its id, one that became part of it, or an address.
    fn keeps_out(&self, id: &str, properties: &Value) -> bool {
        let names = ["hs_merged_object_ids", "email", "hs_additional_emails"];
        let texts = names.iter().filter_map(|name| properties[name].as_str());
        let named = |name: &str| self.kept_out.contains(&name.trim().to_lowercase());
        !self.kept_out.is_empty() && (named(id) || texts.flat_map(|text| text.split(';')).any(named))
    }

    /// Contacts of HubSpot's that are kept out of the mirrors.
    pub(super) fn contacts_kept_out(&self) -> BTreeSet<u64> {
        let mut all = BTreeSet::new();
        if !self.kept_out.is_empty() {
            let mirrored = self.truth();
            let portal = self.simulator.portal(PORTAL).expect("the account exists");
            let (mut from, mut text) = (0, Vec::new());
            while let Some(next) = portal.dump("contacts", from, 1_000, &mut text) {
                from = next;
            }
            let lines = String::from_utf8(text).unwrap();
            let ids = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
            let ids = ids.map(|record| record["id"].as_str().unwrap().to_owned());
            all.extend(ids.filter(|id| !mirrored.contains_key(id)).map(|id| id.parse::<u64>().unwrap()));
        }
        all
    }

    /// What a connection's feed tells after a number, read to its end.
    pub(super) fn changes_after(
        &mut self,
        object: usize,
        mut after: u64,
        limit: u32,
    ) -> Result<Vec<Value>, String> {
        let mut all = Vec::new();
        loop {
            let command = Command::Changes { after, limit, types: Vec::new() };
            let Some(Answer::Json(page)) = self.command_to(object, command) else {
                return Err(format!("no changes after {after}"));
            };
            let mut page: Value = serde_json::from_str(&page).unwrap();
            after = page["next"].as_str().unwrap().parse().unwrap();
            let Value::Array(changes) = page["changes"].take() else { panic!("a page holds changes") };
            if changes.is_empty() {
                return Ok(all);
            }
            all.extend(changes);
        }
    }

    /// Invariant 2: the feed from the beginning leads to what the mirror holds, without a gap or a repeated number.
    fn feed_leads_to(
        &mut self,
        object: usize,
        changes: &[Value],
        mirror: &Records,
        held: &Links,
    ) -> Result<(), String> {
        let (mut ids, mut last, mut deleted) = (BTreeSet::new(), BTreeMap::new(), BTreeSet::new());
        let mut members = Memberships::new();
        let kinds = self.kinds_of_lists(object);
        let mut linked = Links::new();
        for (change, expected) in changes.iter().zip(1..) {
            let seq: u64 = change["seq"].as_str().unwrap().parse().unwrap();
            if seq != expected {
                return Err(format!("the feed jumps from {} to {seq}", expected - 1));
            }
            let of_channel = change["kind"].as_str().unwrap().starts_with("channel_");
            if change["object_type"] == "connection" || of_channel || is_nameless(change) {
                continue;
            }
            if links::follow(&mut linked, change, false)? {
                continue;
            }
            let text = |field: &str| change[field].as_str().unwrap().to_owned();
            let id = (text("object_type"), text("id"));
            if let Some(fits) = follow(&mut members, change) {
                if !fits {
                    return Err(format!("{change} does not follow from what came before it"));
                }
                continue;
            }
            let fits = match change["kind"].as_str().unwrap() {
                "created" | "restored" => ids.insert(id),
                "updated" => {
                    for (name, values) in change["changed"].as_object().into_iter().flatten() {
                        last.insert((id.clone(), name.clone()), values["new"].clone());
                    }
                    ids.contains(&id)
                }
                "deleted" => {
                    last.retain(|(of, _), _| *of != id);
                    deleted.insert(id.clone());
                    ids.remove(&id)
                }
                // Comes late where the deletion of an id that was merged away is seen before the record it became.
                "merged" => {
                    last.retain(|(of, _), _| *of != id);
                    ids.remove(&id) | deleted.remove(&id)
                }
                "type_off" => {
                    last.retain(|((kind, _), _), _| *kind != id.0);
                    ids.retain(|(kind, _)| *kind != id.0);
                    true
                }
                // Comes for a record that is gone already, too.
                "erased" => {
                    last.retain(|(of, _), _| *of != id);
                    takes_off(&mut members, &kinds, change);
                    ids.remove(&id);
                    true
                }
                other => return Err(format!("a change of kind {other}")),
            };
            if !fits {
                return Err(format!("{change} does not follow from what came before it"));
            }
        }
        links::differing(&linked, held).map_err(|why| format!("the feed's links: {why}"))?;
        if !ids.iter().eq(mirror.keys()) {
            return Err("the feed's records are not the mirror's".to_owned());
        }
        let mirrored = self.memberships(object);
        for (list, held) in &mirrored {
            if members.get(list).unwrap_or(&BTreeSet::new()) != held {
                return Err(format!("the feed's members of list {list} are not the mirror's"));
            }
        }
        for ((id, name), value) in last {
            if mirror[&id].get(&name).unwrap_or(&Value::Null) != &value {
                return Err(format!("the feed ends with another {name} of {id:?} than the mirror"));
            }
        }
        Ok(())
    }
}

/// Whether a change told of somebody who was erased since: of it a number is left.
pub(super) fn is_nameless(change: &Value) -> bool {
    change["id"] == "0" && change["erased"] == true
}

/// Whoever is erased is off every list of their type, of which nothing names them any more.
pub(super) fn takes_off(members: &mut Memberships, kinds: &KindsOfLists, change: &Value) {
    if change["kind"] != "erased" {
        return;
    }
    let Ok(id) = change["id"].as_str().unwrap_or_default().parse() else { return };
    for (list, ids) in members {
        if kinds.get(list).is_some_and(|kind| change["object_type"].as_str() == Some(&*kind.name())) {
            ids.remove(&id);
        }
    }
}

/// Follows a change of who is on a list; whether it follows from what came before. `None`: it is another kind of change.
pub(super) fn follow(members: &mut Memberships, change: &Value) -> Option<bool> {
    let number = |field: &str| change[field].as_str().unwrap().parse::<u64>().unwrap();
    match change["kind"].as_str().unwrap() {
        "membership_added" => Some(members.entry(number("list_id")).or_default().insert(number("id"))),
        "membership_removed" => Some(members.entry(number("list_id")).or_default().remove(&number("id"))),
        "list_off" => {
            members.remove(&number("list_id"));
            Some(true)
        }
        _ => None,
    }
}

fn only(values: &mut Value, chosen: &BTreeSet<String>) {
    if let Value::Object(values) = values {
        values.retain(|name, _| chosen.contains(name));
    }
}

/// The first records that differ, in words.
pub fn differences(mirror: &BTreeMap<String, Value>, truth: &BTreeMap<String, Value>) -> Result<(), String> {
    let mut lines = Vec::new();
    for id in mirror.keys().chain(truth.keys()).collect::<BTreeSet<_>>() {
        match (mirror.get(id), truth.get(id)) {
            (Some(ours), Some(theirs)) if ours == theirs => {}
            (Some(ours), Some(theirs)) => {
                let names: BTreeSet<&String> = ours
                    .as_object()
                    .into_iter()
                    .chain(theirs.as_object())
                    .flat_map(|object| object.keys())
                    .filter(|name| ours.get(name.as_str()) != theirs.get(name.as_str()))
                    .collect();
                lines.push(format!("{id} differs in {names:?}"));
            }
            (Some(_), None) => lines.push(format!("{id} is in the mirror only")),
            (None, _) => lines.push(format!("{id} is missing from the mirror")),
        }
    }
    if lines.is_empty() {
        Ok(())
    } else {
        Err(format!("{} records: {}", lines.len(), lines[..lines.len().min(5)].join("; ")))
    }
}
