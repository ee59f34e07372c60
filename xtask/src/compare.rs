//! Whether the mirror is HubSpot: every contact, company and deal, every property, by digests; and the links among them.
//!
//! The mirror is read as a host copies it, by a snapshot. Links of one contact to another and of one deal to another are left out:
//! they are rare, and first read ten minutes after connecting.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeSet, HashMap};
use std::hash::{Hash as _, Hasher as _};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::simulator::Simulator;
use crate::spoke::Spoke;

/// The types of record that every connection mirrors.
pub const TYPES: [&str; 3] = ["contacts", "companies", "deals"];

/// Records per page of the simulator's dump: about 3 MB.
const DUMP_PAGE: u32 = 1_000;

/// Named per kind of difference.
const NAMED: usize = 5;

/// A record: its type and HubSpot's id.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(pub &'static str, pub u64);

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.0, self.1)
    }
}

/// Two records that are linked, and HubSpot's types of the link as the first of them sees it.
type Links = HashMap<(Key, Key), BTreeSet<u64>>;

/// What differs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Difference {
    /// Records in HubSpot, type by type.
    pub live: Vec<(&'static str, usize)>,
    /// Links among them.
    pub links: usize,
    /// In HubSpot and not in the mirror.
    pub missing: Vec<Key>,
    /// In the mirror and not (any more) in HubSpot.
    pub extra: Vec<Key>,
    /// In both, with other values.
    pub unequal: Vec<Key>,
    /// Links that are not the same on both sides.
    pub unequal_links: Vec<(Key, Key)>,
}

impl Difference {
    pub fn is_none(&self) -> bool {
        self.missing.is_empty()
            && self.extra.is_empty()
            && self.unequal.is_empty()
            && self.unequal_links.is_empty()
    }
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let counted: Vec<String> =
            self.live.iter().map(|(object_type, live)| format!("{live} {object_type}")).collect();
        let counted = counted.join(", ");
        if self.is_none() {
            write!(f, "equal, all {counted} in every property")?;
            return if self.links == 0 { Ok(()) } else { write!(f, ", all {} links", self.links) };
        }
        write!(f, "of {counted}")?;
        let kinds = [("missing", &self.missing), ("too many", &self.extra), ("unequal", &self.unequal)];
        for (name, keys) in kinds.into_iter().filter(|(_, keys)| !keys.is_empty()) {
            let named: Vec<String> = keys.iter().take(NAMED).map(Key::to_string).collect();
            write!(f, ", {} {name} ({}…)", keys.len(), named.join(", "))?;
        }
        if self.unequal_links.is_empty() {
            return Ok(());
        }
        let ends = self.unequal_links.iter().take(NAMED).map(|(one, other)| format!("{one} to {other}"));
        let named: Vec<String> = ends.collect();
        write!(f, "; of {} links {} differ ({}…)", self.links, self.unequal_links.len(), named.join(", "))
    }
}

/// Reads both sides whole and compares records of these types and the links among them. HubSpot must not change meanwhile, or
/// differences are no proof.
pub fn compare(
    spoke: &Spoke,
    connection: &str,
    simulator: &Simulator,
    types: &[&'static str],
) -> Result<Difference> {
    let mut hubspot = HashMap::new();
    let mut difference = Difference::default();
    for object_type in types {
        let before = hubspot.len();
        let mut from = Some(0);
        while let Some(start) = from {
            let (lines, next) = simulator.dump(object_type, start, DUMP_PAGE)?;
            for record in lines.iter().filter(|line| line["state"] == "live") {
                hubspot.insert(Key(object_type, id_of(record)?), digest(&record["properties"]));
            }
            from = next;
        }
        difference.live.push((object_type, hubspot.len() - before));
    }
    let mut links = links_of(simulator, types)?;
    difference.links = links.len() / 2;
    spoke.snapshot(connection, types, |line| {
        let key = Key(of_types(types, &line["object_type"])?, id_of(line)?);
        for (to, all) in line["associations"].as_object().into_iter().flatten() {
            let Ok(to) = of_types(types, &Value::from(to.as_str())) else { continue };
            for link in all.as_array().into_iter().flatten().filter(|_| are_compared(key.0, to)) {
                let other = Key(to, id_of(link)?);
                let ours = link["types"].as_array().into_iter().flatten();
                let ours: BTreeSet<u64> = ours.filter_map(|own| own["type_id"].as_u64()).collect();
                // A record tells of a link that it holds; the other end sees the same one.
                links.remove(&(other.clone(), key.clone()));
                if links.remove(&(key.clone(), other.clone())) != Some(ours) {
                    difference.unequal_links.push((key.clone(), other));
                }
            }
        }
        match hubspot.remove(&key) {
            None => difference.extra.push(key),
            Some(theirs) if theirs != digest(&line["properties"]) => difference.unequal.push(key),
            Some(_) => {}
        }
        Ok(())
    })?;
    difference.missing = hubspot.into_keys().collect();
    difference.missing.sort_unstable();
    // Each is left from both of its ends.
    let missing = links.into_keys().filter(|(one, other)| one < other);
    difference.unequal_links.extend(missing);
    difference.unequal_links.sort_unstable();
    Ok(difference)
}

/// The properties of one record that differ: name, HubSpot's value, the mirror's.
pub fn explain(spoke: &Spoke, connection: &str, simulator: &Simulator, key: &Key) -> Result<Vec<String>> {
    let Key(object_type, id) = key;
    let (lines, _) = simulator.dump(object_type, *id, 1)?;
    let theirs = lines.first().map(|line| line["properties"].clone()).unwrap_or_default();
    let ours = spoke.get(&format!("/v1/connections/{connection}/records/{object_type}/{id}"))?;
    let ours = ours.json().map(|record| record["properties"].clone()).unwrap_or_default();
    let (theirs, ours) = (values(&theirs), values(&ours));
    let mut names: Vec<&str> = theirs.keys().chain(ours.keys()).copied().collect();
    names.sort_unstable();
    names.dedup();
    let differ = names.into_iter().filter(|name| theirs.get(name) != ours.get(name));
    Ok(differ
        .map(|name| format!("{name}: HubSpot {:?}, mirror {:?}", theirs.get(name), ours.get(name)))
        .collect())
}

/// HubSpot's links among records of these types, each from both ends.
fn links_of(simulator: &Simulator, types: &[&'static str]) -> Result<Links> {
    let mut all = Links::new();
    for from in types {
        for to in types.iter().filter(|to| are_compared(from, to)) {
            for link in simulator.links(from, to)? {
                let end = |name: &str| number(&link[name]).context("a link without ends");
                let types = link["types"].as_array().into_iter().flatten();
                let ends = (Key(from, end("from")?), Key(to, end("to")?));
                all.insert(ends, types.filter_map(Value::as_u64).collect());
            }
        }
    }
    Ok(all)
}

fn are_compared(from: &str, to: &str) -> bool {
    from != to || from == "companies"
}

fn of_types(types: &[&'static str], name: &Value) -> Result<&'static str> {
    let known = types.iter().copied().find(|known| name == known);
    let Some(known) = known else { bail!("nobody asked for {name}") };
    Ok(known)
}

fn id_of(record: &Value) -> Result<u64> {
    number(&record["id"]).with_context(|| format!("a record without an id: {record}"))
}

fn number(id: &Value) -> Option<u64> {
    crate::spoke::number(id)
}

/// Properties with a value; unset ones are not mirrored.
fn values(properties: &Value) -> HashMap<&str, &Value> {
    let all = properties.as_object().into_iter().flatten();
    all.filter(|(_, value)| !value.is_null()).map(|(name, value)| (name.as_str(), value)).collect()
}

fn digest(properties: &Value) -> u64 {
    let mut values: Vec<(&str, &Value)> = values(properties).into_iter().collect();
    values.sort_unstable_by_key(|(name, _)| *name);
    let mut hasher = DefaultHasher::new();
    for (name, value) in values {
        name.hash(&mut hasher);
        // Values are texts on both sides.
        value.as_str().unwrap_or_default().hash(&mut hasher);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn digests_ignore_order_and_unset_values_and_nothing_else() {
        let digest_of = |value: Value| digest(&value);
        assert_eq!(digest_of(json!({"a": "1", "b": null})), digest_of(json!({"a": "1"})));
        assert_ne!(digest_of(json!({"a": "1"})), digest_of(json!({"a": "2"})));
        assert_ne!(digest_of(json!({"a": ""})), digest_of(json!({})));
        assert_ne!(digest_of(json!({"ab": "c"})), digest_of(json!({"a": "bc"})));
    }

    #[test]
    fn a_difference_is_told_in_words_and_one_of_links_alone_is_one() {
        let mut difference = Difference { live: vec![("contacts", 7), ("deals", 2)], ..Default::default() };
        assert_eq!(difference.to_string(), "equal, all 7 contacts, 2 deals in every property");
        difference.links = 3;
        assert!(difference.is_none());
        difference.unequal_links.push((Key("contacts", 1), Key("deals", 2)));
        assert!(!difference.is_none());
        let said = difference.to_string();
        assert_eq!(said, "of 7 contacts, 2 deals; of 3 links 1 differ (contacts/1 to deals/2…)");
    }
}
