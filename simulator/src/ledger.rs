//! How often apps wrote a record, by API and by imports: what proves that nothing was written twice. Owns the counts of one
//! object type. What people, workflows and the generator do is not counted, nor what was refused.

use std::collections::BTreeMap;

use crate::objects::store::{BY_API, BY_IMPORT};

/// What apps did to one record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Written {
    /// 1 where an app made the record, 0 where somebody else did.
    pub creates: u32,
    /// Accepted updates, also those that changed nothing.
    pub updates: u32,
    /// Updates after which a value was another.
    pub changes: u32,
    pub archives: u32,
}

/// The counts of one type.
#[derive(Debug, Default)]
pub(crate) struct Ledger(BTreeMap<u64, Written>);

impl Ledger {
    pub fn created(&mut self, source: &'static str, id: u64) {
        self.note(source, id, |own| own.creates += 1);
    }

    pub fn updated(&mut self, source: &'static str, id: u64, changed: bool) {
        self.note(source, id, |own| {
            own.updates += 1;
            own.changes += u32::from(changed);
        });
    }

    pub fn archived(&mut self, source: &'static str, id: u64) {
        self.note(source, id, |own| own.archives += 1);
    }

    fn note(&mut self, source: &'static str, id: u64, count: impl FnOnce(&mut Written)) {
        if [BY_API, BY_IMPORT].contains(&source) {
            count(self.0.entry(id).or_default());
        }
    }

    /// In order of id; records no app wrote are not among them.
    pub fn iter(&self) -> impl Iterator<Item = (u64, Written)> {
        self.0.iter().map(|(id, written)| (*id, *written))
    }

    pub fn of(&self, id: u64) -> Written {
        self.0.get(&id).copied().unwrap_or_default()
    }
}
