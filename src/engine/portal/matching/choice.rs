//! Of several records the one that is meant, and why, in words.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Asked, Known, Name};
use crate::values::{
    domain::Unusable,
    ids::{ObjectType, RecordId},
    time::Timestamp,
};

/// Candidates that are told, the chosen one among them; how many there are besides is told too.
pub const TOLD: usize = 5;
/// Pairs of names that are told of a candidate.
const NAMES_TOLD: usize = 5;

/// A name of the account's and one of the record's that are the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matched {
    /// They are the same host, or the address is the contact's first.
    pub closely: bool,
    /// The property that has it.
    pub field: &'static str,
    /// As the host gave it.
    pub given: String,
    /// As it stands in HubSpot.
    pub value: String,
    /// What is equal in both.
    pub compared: String,
}

impl Matched {
    pub(super) fn of(kind: ObjectType, given: &Name, field: &'static str, own: &Name) -> Self {
        let closely = if kind == ObjectType::Companies { own.whole == given.whole } else { field == "email" };
        let (given, value, compared) = (given.text.clone(), own.text.clone(), own.compared.clone());
        Self { closely, field, given, value, compared }
    }

    /// What the field is to the record, for people.
    const fn field_words(&self) -> &'static str {
        match self.field.as_bytes() {
            b"domain" => "its domain",
            b"website" => "its website, as it has no domain",
            b"hs_additional_domains" => "one of its additional domains",
            b"email" => "its address",
            _ => "one of its additional addresses",
        }
    }

    fn words(&self, kind: ObjectType) -> String {
        let (given, value, field) = (&self.given, &self.value, self.field_words());
        if kind == ObjectType::Companies && !self.closely {
            let compared = &self.compared;
            return format!("`{given}` and {field}, `{value}`, are both of `{compared}`.");
        }
        format!("`{given}` is {field}.")
    }
}

/// A record that may be meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Its id.
    pub id: RecordId,
    /// What it is called for people, where that is mirrored.
    pub name: Option<String>,
    /// Deals that are associated with it.
    pub deals: u64,
    /// Contacts that are; 0 of a contact.
    pub contacts: u64,
    /// HubSpot's modified date.
    pub updated_at: Timestamp,
    /// What of it is the same, the closest first.
    pub matched: Vec<Matched>,
    /// Records that became part of it, by whose names it was found.
    pub via: Vec<RecordId>,
}

impl Candidate {
    pub(super) fn of(known: &Known) -> Self {
        Self {
            id: known.id,
            name: known.label.clone(),
            deals: known.deals,
            contacts: known.contacts,
            updated_at: known.updated_at,
            matched: Vec::new(),
            via: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, matched: Vec<Matched>, via: Option<RecordId>) {
        self.matched.extend(matched);
        self.via.extend(via);
    }

    fn closely(&self) -> bool {
        self.matched.iter().any(|matched| matched.closely)
    }

    /// The least is the best.
    fn rank(&self) -> (Reverse<bool>, Reverse<u64>, Reverse<u64>, Reverse<Timestamp>, RecordId) {
        (
            Reverse(self.closely()),
            Reverse(self.deals),
            Reverse(self.contacts),
            Reverse(self.updated_at),
            self.id,
        )
    }

    fn json(&self) -> Value {
        let matched = self.matched.iter().take(NAMES_TOLD).map(|matched| {
            json!({
                "given": matched.given,
                "field": matched.field,
                "value": matched.value,
                "compared": matched.compared,
                "closely": matched.closely,
            })
        });
        json!({
            "id": self.id.to_string(),
            "name": self.name,
            "deals": self.deals,
            "contacts": self.contacts,
            "updated_at": self.updated_at.to_rfc3339(),
            "matched": matched.collect::<Vec<_>>(),
            "merged_from": self.via.iter().map(RecordId::to_string).collect::<Vec<_>>(),
        })
    }
}

/// What made it the first of several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decided {
    /// There is no other.
    Only,
    /// Its name is the same host, or its first address; no other's is.
    Closeness,
    /// The most deals.
    Deals,
    /// The most contacts.
    Contacts,
    /// The latest modified date.
    Modified,
    /// The smallest id: nothing else differs.
    Id,
}

impl Decided {
    /// All there are, for documents.
    pub const ALL: [&'static str; 6] = ["only", "closeness", "deals", "contacts", "modified", "id"];

    /// Its name, as answers have it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Only => "only",
            Self::Closeness => "closeness",
            Self::Deals => "deals",
            Self::Contacts => "contacts",
            Self::Modified => "modified",
            Self::Id => "id",
        }
    }

    fn of(best: &Candidate, next: Option<&Candidate>) -> Self {
        match next {
            None => Self::Only,
            Some(next) if best.closely() != next.closely() => Self::Closeness,
            Some(next) if best.deals != next.deals => Self::Deals,
            Some(next) if best.contacts != next.contacts => Self::Contacts,
            Some(next) if best.updated_at != next.updated_at => Self::Modified,
            Some(_) => Self::Id,
        }
    }

    fn words(self, kind: ObjectType, best: &Candidate, next: Option<&Candidate>) -> String {
        let company = kind == ObjectType::Companies;
        let (deals, contacts) = next.map_or((0, 0), |next| (next.deals, next.contacts));
        match self {
            Self::Only if company => "No other company has it.".to_owned(),
            Self::Only => "No other contact has it.".to_owned(),
            Self::Closeness if company => {
                "It is the same host; of the others only the registered domain is the same.".to_owned()
            }
            Self::Closeness => "Of the others it is an additional address.".to_owned(),
            Self::Deals => format!("It has the most deals: {}, the next has {deals}.", best.deals),
            Self::Contacts => format!(
                "It has as many deals as the next, {}, and the most contacts: {}, the next has {contacts}.",
                best.deals, best.contacts
            ),
            Self::Modified if company => {
                "It has as many deals and contacts as the next, and was modified more recently.".to_owned()
            }
            Self::Modified => "It has as many deals as the next, and was modified more recently.".to_owned(),
            Self::Id => {
                "It is like the next in all of that, and has the smaller id: so the choice stays.".to_owned()
            }
        }
    }
}

/// Why there is no match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhyNot {
    /// No name tells anybody apart; of several reasons the most telling.
    Unusable(Unusable),
    /// No record has such a name.
    NotFound,
    /// The records are being read for the first time, or their index is being made.
    IndexBuilding,
    /// HubSpot permits the connection to read none.
    NotMirrored,
}

impl WhyNot {
    /// Names of those besides [`Unusable::ALL`], for documents.
    pub const BESIDES: [&'static str; 3] = ["not_found", "index_building", "not_mirrored"];

    /// Its name, as answers have it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unusable(why) => why.as_str(),
            Self::NotFound => "not_found",
            Self::IndexBuilding => "index_building",
            Self::NotMirrored => "not_mirrored",
        }
    }

    pub(in crate::engine::portal) fn words(self, kind: ObjectType) -> String {
        let company = kind == ObjectType::Companies;
        match self {
            Self::Unusable(why) if company => {
                format!("No domain was given that tells a company: what was given {}.", why.words())
            }
            Self::Unusable(why) => format!("What was given {}.", why.words()),
            Self::NotFound if company => "No company has such a domain.".to_owned(),
            Self::NotFound => "No contact has this address.".to_owned(),
            Self::IndexBuilding if company => {
                "Companies are still being read, or their index made. Ask again in some minutes.".to_owned()
            }
            Self::IndexBuilding => {
                "Contacts are still being read, or their index made. Ask again in some minutes.".to_owned()
            }
            Self::NotMirrored if company => {
                "The connection may not read companies: grant it the scope that its page names.".to_owned()
            }
            Self::NotMirrored => {
                "The connection may not read contacts: grant it the scope that its page names.".to_owned()
            }
        }
    }
}

/// What was found for one account or person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// The host's own id.
    pub id: Option<String>,
    /// The best first: that is the choice. At most [`TOLD`].
    pub candidates: Vec<Candidate>,
    /// How many there are besides.
    pub more: u64,
    /// What made the first one that; `None`: there is no candidate.
    pub decided: Option<Decided>,
    /// Why there is none.
    pub why_not: Option<WhyNot>,
    /// Names that were not looked for, and why.
    pub ignored: Vec<(String, Unusable)>,
}

impl Match {
    pub(super) fn of(asked: Asked, mut candidates: Vec<Candidate>, left_out: u64) -> Self {
        for candidate in &mut candidates {
            candidate.via.sort_unstable();
            candidate.via.dedup();
            let place = |matched: &Matched| match matched.field {
                "domain" | "email" => 0,
                "website" => 1,
                _ => 2,
            };
            candidate.matched.sort_by_cached_key(|matched| {
                (!matched.closely, place(matched), matched.given.clone(), matched.value.clone())
            });
            candidate.matched.dedup();
        }
        candidates.sort_unstable_by_key(Candidate::rank);
        let decided = candidates.first().map(|best| Decided::of(best, candidates.get(1)));
        let most_telling = asked.ignored.iter().map(|(_, why)| *why).max().unwrap_or(Unusable::Empty);
        let why_not = match (&decided, asked.names.is_empty()) {
            (Some(_), _) => None,
            (None, true) => Some(WhyNot::Unusable(most_telling)),
            (None, false) => Some(WhyNot::NotFound),
        };
        let more = candidates.len().saturating_sub(TOLD) as u64 + left_out;
        candidates.truncate(TOLD.max(1));
        Self { id: asked.id, candidates, more, decided, why_not, ignored: asked.ignored }
    }

    /// None, for a reason that is not the account's.
    pub(super) fn none(asked: Asked, why: WhyNot) -> Self {
        let ignored = asked.ignored;
        Self { id: asked.id, candidates: Vec::new(), more: 0, decided: None, why_not: Some(why), ignored }
    }

    /// The record that is meant.
    pub fn chosen(&self) -> Option<RecordId> {
        self.candidates.first().map(|best| best.id)
    }

    /// Why it is that one, or why there is none: sentences.
    pub fn reasons(&self, kind: ObjectType) -> Vec<String> {
        let Some(best) = self.candidates.first() else {
            return self.why_not.map(|why| why.words(kind)).into_iter().collect();
        };
        let mut reasons: Vec<String> =
            best.matched.first().map(|matched| matched.words(kind)).into_iter().collect();
        if let Some(part) = best.via.first() {
            reasons.push(format!("Record {part}, which has that name, became part of it."));
        }
        reasons.extend(self.decided.map(|decided| decided.words(kind, best, self.candidates.get(1))));
        reasons
    }

    pub(super) fn json(&self, kind: ObjectType) -> Value {
        let ignored = self.ignored.iter().map(|(given, why)| {
            json!({ "given": given, "why": why.as_str(), "message": format!("`{given}` {}.", why.words()) })
        });
        json!({
            "id": self.id,
            "record_id": self.chosen().map(|id| id.to_string()),
            "decided_by": self.decided.map(Decided::as_str),
            "why_not": self.why_not.map(WhyNot::as_str),
            "reasons": self.reasons(kind),
            "candidates": self.candidates.iter().map(Candidate::json).collect::<Vec<_>>(),
            "more_candidates": self.more,
            "ignored": ignored.collect::<Vec<_>>(),
        })
    }
}
