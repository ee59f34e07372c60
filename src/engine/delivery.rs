//! What one delivery of webhooks means for the portals it names.

use std::collections::BTreeMap;

use crate::{
    engine::portal::messages::Touch,
    hubspot::webhooks::Event,
    values::ids::{ObjectType, PortalId, RecordId},
};

/// The records that events touched, by portal, each record once. What became of a record outweighs that something happened to it;
/// order and values of the events mean nothing. Portals of which nothing is left are left out.
pub fn group(events: Vec<(PortalId, Event)>) -> BTreeMap<PortalId, Vec<Touch>> {
    let mut by_portal: BTreeMap<PortalId, BTreeMap<(ObjectType, RecordId), Touch>> = BTreeMap::new();
    for (portal, event) in events {
        for touch in Touch::of(&event) {
            let records = by_portal.entry(portal).or_default();
            let known = records.entry((touch.object_type, touch.id)).or_insert(touch);
            known.erased |= touch.erased;
            known.merged_into = known.merged_into.or(touch.merged_into);
        }
    }
    by_portal.into_iter().map(|(portal, records)| (portal, records.into_values().collect())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::time::Timestamp;

    #[test]
    fn each_record_is_touched_once_and_an_erasure_outweighs_the_rest() {
        let (object, occurred_at) = (ObjectType::Contacts, Timestamp(0));
        let touched = |id| Event::Touched { object, id: RecordId(id), occurred_at };
        let merged = Event::Merged {
            object,
            primary: RecordId(1),
            merged: vec![RecordId(2)],
            new_id: Some(RecordId(3)),
            occurred_at,
        };
        let events = vec![
            (PortalId(7), touched(1)),
            (PortalId(8), touched(1)),
            (PortalId(7), Event::PrivacyDeleted { object, id: RecordId(1), occurred_at }),
            (PortalId(7), touched(1)),
            (PortalId(7), merged),
            (PortalId(9), Event::Ignored),
        ];
        let grouped = group(events);
        let erased = |portal| -> Vec<(u64, bool)> {
            grouped[&PortalId(portal)].iter().map(|touch| (touch.id.0, touch.erased)).collect()
        };
        assert_eq!(erased(7), [(1, true), (2, false), (3, false)]);
        let parts = grouped[&PortalId(7)].iter().map(|touch| touch.merged_into);
        assert!(parts.eq([Some(RecordId(3)), Some(RecordId(3)), None]));
        assert_eq!(erased(8), [(1, false)]);
        assert!(!grouped.contains_key(&PortalId(9)));
    }
}
