//! Whether the mirror is HubSpot: every contact, every property, compared by digests.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::simulator::Simulator;
use crate::spoke::Spoke;

/// Contacts per page of the simulator's dump: about 3 MB.
const DUMP_PAGE: u32 = 1_000;

/// Ids named per kind of difference.
const NAMED: usize = 5;

/// What differs. Ids are HubSpot's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Difference {
    /// Contacts in HubSpot.
    pub live: usize,
    /// In HubSpot and not in the mirror.
    pub missing: Vec<u64>,
    /// In the mirror and not (any more) in HubSpot.
    pub extra: Vec<u64>,
    /// In both, with other values.
    pub unequal: Vec<u64>,
}

impl Difference {
    pub fn is_none(&self) -> bool {
        self.missing.is_empty() && self.extra.is_empty() && self.unequal.is_empty()
    }
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.is_none() {
            return write!(f, "equal, all {} contacts in every property", self.live);
        }
        let parts = [("missing", &self.missing), ("too many", &self.extra), ("unequal", &self.unequal)];
        write!(f, "of {} contacts", self.live)?;
        for (name, ids) in parts.into_iter().filter(|(_, ids)| !ids.is_empty()) {
            write!(f, ", {} {name} ({:?}…)", ids.len(), &ids[..ids.len().min(NAMED)])?;
        }
        Ok(())
    }
}

/// Reads both sides whole and compares. HubSpot must not change meanwhile, or differences are no proof.
pub fn compare(spoke: &Spoke, connection: &str, simulator: &Simulator) -> Result<Difference> {
    let mut hubspot = HashMap::new();
    let mut from = Some(0);
    while let Some(start) = from {
        let (lines, next) = simulator.dump(start, DUMP_PAGE)?;
        for record in lines.iter().filter(|line| line["state"] == "live") {
            hubspot.insert(id_of(record)?, digest(&record["properties"]));
        }
        from = next;
    }
    let mut difference = Difference { live: hubspot.len(), ..Difference::default() };
    let mut cursor: Option<String> = None;
    loop {
        let (records, next) = spoke.contacts(connection, cursor.as_deref())?;
        for record in &records {
            let id = id_of(record)?;
            match hubspot.remove(&id) {
                None => difference.extra.push(id),
                Some(theirs) if theirs != digest(&record["properties"]) => difference.unequal.push(id),
                Some(_) => {}
            }
        }
        if next.is_none() {
            break;
        }
        cursor = next;
    }
    difference.missing = hubspot.into_keys().collect();
    difference.missing.sort_unstable();
    Ok(difference)
}

/// The properties of one contact that differ: name, HubSpot's value, the mirror's.
pub fn explain(spoke: &Spoke, connection: &str, simulator: &Simulator, id: u64) -> Result<Vec<String>> {
    let (lines, _) = simulator.dump(id, 1)?;
    let theirs = lines.first().map(|line| line["properties"].clone()).unwrap_or_default();
    let ours = spoke.get(&format!("/v1/connections/{connection}/records/contacts/{id}"))?;
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

fn id_of(record: &Value) -> Result<u64> {
    let id = record["id"].as_u64().or_else(|| record["id"].as_str()?.parse().ok());
    id.with_context(|| format!("a record without an id: {record}"))
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
}
