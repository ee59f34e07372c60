//! What becomes of two records of one type that people merge. Links follow elsewhere ([`Left::Merged`]).

use crate::associations::people::Left;
use crate::change::Change;
use crate::objects::kind::DEALS;
use crate::objects::record::{Record, State};
use crate::objects::store::{Edit, Refused, Store, set};
use crate::portal::Turn;
use crate::schema::Key;

/// Combined merges one record may have behind it. Source: `hubspot-api.md` 3.4.
const MERGE_LIMIT: usize = 250;

impl Store {
    /// Merges two live records into a new one: the primary's values win, the other's fill gaps, both old ids become
    /// aliases. The id of the record that results.
    pub fn merge(
        &mut self,
        turn: &mut Turn<'_>,
        rng: &mut fastrand::Rng,
        source: &'static str,
        primary_id: u64,
        other_id: u64,
    ) -> Result<u64, Refused> {
        let live =
            |id: u64| self.resolve(id).filter(|record| record.state == State::Live).ok_or(Refused::NotFound);
        let (primary, other) = (live(primary_id)?.clone(), live(other_id)?.clone());
        if primary.id == other.id {
            return Err(Refused::NotFound);
        }
        let merged_ids = self.merged_ids(&primary, &other);
        if merged_ids.split(';').count() > MERGE_LIMIT {
            return Err(Refused::TooManyMerges);
        }
        let filled: Vec<Edit<'_>> = other
            .values
            .iter()
            .filter(|packed| primary.values.get(packed.key).is_none_or(str::is_empty))
            .map(|packed| (packed.key, Some(packed.str())))
            .collect();
        let mut edits = filled.clone();
        if let Some(key) = self.known.merged_ids {
            set(&mut edits, key, Some(&merged_ids));
        }
        let additional = self.additional_emails(&primary, &other);
        if let Some(key) = self.known.additional_emails.filter(|_| !additional.is_empty()) {
            set(&mut edits, key, Some(&additional));
        }
        let domains = self.additional_domains(&primary, &other);
        if let Some(key) = self.known.additional_domains.filter(|_| !domains.is_empty()) {
            set(&mut edits, key, Some(&domains));
        }
        let values = self.derived(&primary.values.with(&edits));
        let created_at = primary.created_at.min(other.created_at);
        let keeps_id = self.kind.type_id == DEALS.type_id && turn.switches.deal_merge_keeps_primary_id;
        let id = if keeps_id { primary.id } else { self.draw_id(turn, rng) };
        for old in [&primary, &other] {
            if let Some(at) = self.position(old.id).filter(|_| old.id != id) {
                self.leave(turn, rng, at, State::Merged { into: id });
            }
        }
        let record = Record { id, created_at, updated_at: turn.now_ms, state: State::Live, values };
        self.index.notice(turn.now_ms, turn.switches, rng, &record);
        if let Some(at) = self.position(id) {
            self.forget_unique(&primary);
            self.remember_unique(&record);
            self.records[at] = record;
        } else {
            self.place(record);
        }
        self.left.push(Left::Merged { old: vec![primary.id, other.id], into: id });
        let properties_moved = filled.len() as u32;
        self.emit(turn, id, source, || Change::Merge {
            primary: primary.id,
            merged: vec![other.id],
            properties_moved,
        });
        if turn.switches.merge_sends_creation {
            self.emit(turn, id, source, || Change::Creation);
        }
        if turn.switches.merge_sends_deletions {
            self.emit(turn, primary.id, source, || Change::Deletion);
            self.emit(turn, other.id, source, || Change::Deletion);
        }
        Ok(id)
    }

    /// `hs_merged_object_ids` of the record two would become.
    fn merged_ids(&self, primary: &Record, other: &Record) -> String {
        let before =
            |record: &Record| self.known.merged_ids.and_then(|key| record.values.get(key)).map(str::to_owned);
        let ids = [before(primary), before(other), Some(primary.id.to_string()), Some(other.id.to_string())];
        ids.into_iter().flatten().collect::<Vec<_>>().join(";")
    }

    /// `hs_additional_emails` of the record two would become: all but the main one.
    fn additional_emails(&self, primary: &Record, other: &Record) -> String {
        let mut emails: Vec<&str> = self.emails(&primary.values).chain(self.emails(&other.values)).collect();
        if !emails.is_empty() {
            emails.remove(0);
        }
        emails.join(";")
    }

    /// `hs_additional_domains` of the company two would become: all but the primary's own.
    fn additional_domains(&self, primary: &Record, other: &Record) -> String {
        let of = |record: &Record, key: Option<Key>| {
            key.and_then(|key| record.values.get(key)).unwrap_or_default().to_owned()
        };
        let [own, others] = [primary, other].map(|record| of(record, self.known.domain));
        let more = [primary, other].map(|record| of(record, self.known.additional_domains));
        let mut domains: Vec<&str> = Vec::new();
        let all = more[0].split(';').chain([others.as_str()]).chain(more[1].split(';'));
        // Where the primary has none it takes the other's.
        let first = if own.is_empty() { &others } else { &own };
        for domain in all.filter(|domain| !domain.is_empty() && domain != first) {
            if !domains.contains(&domain) {
                domains.push(domain);
            }
        }
        domains.join(";")
    }
}
