//! Links: what the mirror holds, what HubSpot holds, and what the feed tells.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use spoke::{
    store::portal::links::{self, Pair, Side},
    values::ids::{ObjectType, RecordId},
};

use super::{account::PORTAL, world::World};

/// One link seen from one end: type and id of that end, and of the other.
pub type Ends = (ObjectType, u64, ObjectType, u64);
/// Links with their types: HubSpot's numbers, which no two of one direction share in lives.
pub type Links = BTreeMap<Ends, BTreeSet<u64>>;

impl World {
    /// Every link among records of these types that a connection's mirror holds, from both ends.
    pub fn links_of(&self, object: usize, kinds: &[ObjectType]) -> Links {
        let sql = &self.objects[object].sql.inner;
        let mut all = Links::new();
        for (from, to) in pairs(kinds) {
            let (pair, side) = Pair::seen_from(from, to);
            let ids = links::live_above(sql, from, RecordId(0), 1_000_000).unwrap();
            for link in links::of(sql, pair, side, &ids).unwrap() {
                let types = link.types.split(' ').filter_map(|own| own.get(1..)?.parse().ok()).collect();
                all.insert((from, link.id.0, to, link.to.0), types);
            }
        }
        all
    }

    /// Every link that HubSpot shows, likewise.
    pub fn true_links(&self, kinds: &[ObjectType]) -> Links {
        let portal = self.simulator.portal(PORTAL).expect("the account exists");
        let mut all = Links::new();
        let gone = self.contacts_kept_out();
        let kept_out = |kind, id: u64| kind == ObjectType::Contacts && gone.contains(&id);
        for (from, to) in pairs(kinds) {
            for link in portal.associations(&from.name(), &to.name()) {
                if kept_out(from, link.from) || kept_out(to, link.to) {
                    continue;
                }
                all.insert(
                    (from, link.from, to, link.to),
                    link.types.iter().map(|own| u64::from(*own)).collect(),
                );
            }
        }
        all
    }
}

/// Links are mirrored among contacts, companies and deals.
fn pairs(kinds: &[ObjectType]) -> impl Iterator<Item = (ObjectType, ObjectType)> {
    let kinds: Vec<ObjectType> = kinds.iter().copied().filter(|kind| kind.is_always()).collect();
    let all = kinds.clone();
    kinds.into_iter().flat_map(move |from| all.clone().into_iter().map(move |to| (from, to)))
}

/// The first links that differ, in words.
pub fn differing(mirror: &Links, truth: &Links) -> Result<(), String> {
    let keys: BTreeSet<&Ends> = mirror.keys().chain(truth.keys()).collect();
    let differ: Vec<String> = keys
        .into_iter()
        .filter(|key| mirror.get(key) != truth.get(key))
        .map(|key| format!("{key:?}: {:?} and not {:?}", mirror.get(key), truth.get(key)))
        .collect();
    match differ.first() {
        Some(first) => Err(format!("{} links, the first {first}", differ.len())),
        None => Ok(()),
    }
}

/// What of the mirror's links the feed tells: each from its holder.
pub fn from_holders(links: &Links) -> Links {
    let told = |(from, id, to, other): &Ends| match Pair::seen_from(*from, *to).1 {
        Side::Holder => true,
        Side::Other => false,
        Side::Either => id < other,
    };
    links.iter().filter(|(ends, _)| told(ends)).map(|(ends, types)| (*ends, types.clone())).collect()
}

/// Takes in what a record's line of a snapshot tells of its links.
pub fn of_line(links: &mut Links, record: &Value) {
    let from = record["object_type"].as_str().unwrap().parse().unwrap();
    let id = record["id"].as_str().unwrap().parse().unwrap();
    for (to, all) in record["associations"].as_object().into_iter().flatten() {
        for link in all.as_array().unwrap() {
            let types = link["types"].as_array().unwrap().iter().filter_map(|own| own["type_id"].as_u64());
            let other = link["id"].as_str().unwrap().parse().unwrap();
            links.insert((from, id, to.parse().unwrap(), other), types.collect());
        }
    }
}

/// Takes in a change of the feed, if it is of a link; `Err`: it does not follow from what was there. `again`: it may be known.
pub fn follow(links: &mut Links, change: &Value, again: bool) -> Result<bool, String> {
    let kind = |field: &str| change[field].as_str().and_then(|name| name.parse::<ObjectType>().ok());
    let id = |field: &str| change[field].as_str().and_then(|id| id.parse::<u64>().ok());
    let added = match change["kind"].as_str().unwrap_or_default() {
        "association_added" => true,
        "association_removed" => false,
        "deleted" | "merged" | "erased" => {
            if let (Some(gone), Some(number)) = (kind("object_type"), id("id")) {
                links.retain(|(from, id, to, other), _| {
                    (*from, *id) != (gone, number) && (*to, *other) != (gone, number)
                });
            }
            return Ok(false);
        }
        _ => return Ok(false),
    };
    // One of both was erased since.
    if change["erased"] == true {
        return Ok(true);
    }
    let ends = kind("object_type").zip(id("id")).zip(kind("to_type").zip(id("to_id")));
    let Some(((from, id), (to, other))) = ends else { return Err(format!("{change} names no two records")) };
    let key = (from, id, to, other);
    let types = links.entry(key).or_default();
    for own in change["types"].as_array().into_iter().flatten() {
        let number = own["type_id"].as_u64().unwrap_or_default();
        let fits = if added { types.insert(number) } else { types.remove(&number) };
        if !fits && !again {
            return Err(format!("{change} does not follow from {types:?}"));
        }
    }
    if types.is_empty() {
        links.remove(&key);
    }
    Ok(true)
}
