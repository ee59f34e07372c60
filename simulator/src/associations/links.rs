//! Which records are linked, and by which types. Owns the links; whether both records are live is asked of the stores.

use std::collections::BTreeMap;

use super::definitions::{PRIMARY_OF_CONTACT, PRIMARY_OF_DEAL, TypeId};
use crate::objects::kind::{KINDS, ObjectKind};

/// The types of one link as seen from one side, ascending; never empty.
type Types = Vec<TypeId>;

/// What one record is linked to, of one type.
type Row = BTreeMap<u64, Types>;

/// All links of an account, each from both sides.
#[derive(Debug, Default)]
pub(crate) struct Links {
    /// By place of the two types.
    sides: BTreeMap<(usize, usize), BTreeMap<u64, Row>>,
}

/// Of which a record has one at most.
pub(crate) fn is_primary(id: TypeId) -> bool {
    id == PRIMARY_OF_CONTACT || id == PRIMARY_OF_DEAL
}

impl Links {
    /// What a record is linked to, of one type, in order of id.
    pub fn of(&self, from: &ObjectKind, id: u64, to: &ObjectKind) -> impl Iterator<Item = (u64, &[TypeId])> {
        let row = self.sides.get(&(from.place, to.place)).and_then(|side| side.get(&id));
        row.into_iter().flatten().map(|(other, types)| (*other, types.as_slice()))
    }

    /// Every link of two types, from one side.
    pub fn all(&self, from: &ObjectKind, to: &ObjectKind) -> impl Iterator<Item = (u64, u64, &[TypeId])> {
        let side = self.sides.get(&(from.place, to.place)).into_iter().flatten();
        side.flat_map(|(id, row)| row.iter().map(|(other, types)| (*id, *other, types.as_slice())))
    }

    /// The types of one link.
    pub fn types(&self, from: &ObjectKind, id: u64, to: &ObjectKind, other: u64) -> &[TypeId] {
        let row = self.sides.get(&(from.place, to.place)).and_then(|side| side.get(&id));
        row.and_then(|row| row.get(&other)).map_or(&[], Vec::as_slice)
    }

    /// Adds one type to a link and to its other side; whether it was not there.
    pub fn add(
        &mut self,
        from: &ObjectKind,
        id: u64,
        to: &ObjectKind,
        other: u64,
        (there, back): (TypeId, TypeId),
    ) -> bool {
        let added = self.put(from, id, to, other, there);
        self.put(to, other, from, id, back);
        added
    }

    fn put(&mut self, from: &ObjectKind, id: u64, to: &ObjectKind, other: u64, type_id: TypeId) -> bool {
        let side = self.sides.entry((from.place, to.place)).or_default();
        let types = side.entry(id).or_default().entry(other).or_default();
        match types.binary_search(&type_id) {
            Ok(_) => false,
            Err(at) => {
                types.insert(at, type_id);
                true
            }
        }
    }

    /// Takes one type from a link and from its other side; whether it was there. A link without types is gone.
    pub fn take(
        &mut self,
        from: &ObjectKind,
        id: u64,
        to: &ObjectKind,
        other: u64,
        (there, back): (TypeId, TypeId),
    ) -> bool {
        let taken = self.pull(from, id, to, other, there);
        self.pull(to, other, from, id, back);
        taken
    }

    fn pull(&mut self, from: &ObjectKind, id: u64, to: &ObjectKind, other: u64, type_id: TypeId) -> bool {
        let Some(row) = self.sides.get_mut(&(from.place, to.place)).and_then(|side| side.get_mut(&id)) else {
            return false;
        };
        let Some(types) = row.get_mut(&other) else { return false };
        let before = types.len();
        types.retain(|own| *own != type_id);
        let taken = types.len() < before;
        if types.is_empty() {
            row.remove(&other);
        }
        taken
    }

    /// Takes a label from every link.
    pub fn forget_type(&mut self, ids: [TypeId; 2]) {
        for row in self.sides.values_mut().flat_map(BTreeMap::values_mut) {
            row.retain(|_, types| {
                types.retain(|own| !ids.contains(own));
                !types.is_empty()
            });
        }
    }

    /// Ends every link of a record; what it was linked to.
    pub fn remove(&mut self, kind: &ObjectKind, id: u64) -> Vec<(&'static ObjectKind, u64)> {
        let mut others = Vec::new();
        for to in KINDS {
            let row = self.sides.get_mut(&(kind.place, to.place)).and_then(|side| side.remove(&id));
            for other in row.unwrap_or_default().into_keys() {
                if let Some(back) =
                    self.sides.get_mut(&(to.place, kind.place)).and_then(|s| s.get_mut(&other))
                {
                    back.remove(&id);
                }
                others.push((to, other));
            }
        }
        others
    }

    /// Moves every link of a record that was merged to the one that resulted. Where that has a primary company already,
    /// the other's becomes an ordinary one.
    pub fn move_to(&mut self, kind: &ObjectKind, old: u64, into: u64) -> Vec<(&'static ObjectKind, u64)> {
        let mut others = Vec::new();
        for to in KINDS {
            let row = self.sides.get_mut(&(kind.place, to.place)).and_then(|side| side.remove(&old));
            for (other, types) in row.unwrap_or_default() {
                let back = self
                    .sides
                    .get_mut(&(to.place, kind.place))
                    .and_then(|side| side.get_mut(&other))
                    .and_then(|row| row.remove(&old))
                    .unwrap_or_default();
                // A record is not linked to itself.
                if to.place == kind.place && other == into {
                    others.push((to, other));
                    continue;
                }
                let has_primary =
                    self.of(kind, into, to).any(|(_, own)| own.iter().any(|own| is_primary(*own)));
                for type_id in types.into_iter().filter(|own| !(has_primary && is_primary(*own))) {
                    self.put(kind, into, to, other, type_id);
                }
                let surplus = |own: &TypeId| has_primary && matches!(*own, 2 | 6);
                for type_id in back.into_iter().filter(|own| !surplus(own)) {
                    self.put(to, other, kind, into, type_id);
                }
                others.push((to, other));
            }
        }
        others
    }
}
