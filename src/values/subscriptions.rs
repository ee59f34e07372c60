//! The one list of what Spoke's HubSpot app is told by webhook. It makes the app project (`cargo xtask app-project`) and the
//! README's table.
//!
//! An app names its properties one by one, for every customer alike: a customer's own properties and custom objects are not
//! among them and arrive by poll. Nor are properties that Spoke writes in bulk: their events would tell it what it did.

/// What is told of one object type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subscribed {
    /// HubSpot's name of it in subscriptions: `contact`.
    pub object: &'static str,
    /// Whether it is of the classic family (`contact.creation`), else of the generic one (`object.creation`).
    pub classic: bool,
    /// Kinds of events besides `propertyChange`.
    pub events: &'static [&'static str],
    /// The properties whose changes are told.
    pub properties: &'static [&'static str],
}

/// Most subscriptions of an app. Source: HubSpot's webhooks guide.
pub const LIMIT: usize = 1_000;

/// Everything that is subscribed to. Privacy deletion exists of contacts alone (`hubspot/webhooks.rs`); tasks, calls and notes
/// have no classic family (`hubspot-api.md` 9.1).
pub const SUBSCRIBED: [Subscribed; 6] = [
    Subscribed {
        object: "contact",
        classic: true,
        events: &["creation", "deletion", "merge", "restore", "associationChange", "privacyDeletion"],
        properties: &[
            "email",
            "hs_additional_emails",
            "firstname",
            "lastname",
            "phone",
            "mobilephone",
            "company",
            "jobtitle",
            "website",
            "city",
            "state",
            "zip",
            "country",
            "lifecyclestage",
            "hs_lead_status",
            "hubspot_owner_id",
        ],
    },
    Subscribed {
        object: "company",
        classic: true,
        events: &["creation", "deletion", "merge", "restore", "associationChange"],
        properties: &[
            "name",
            "domain",
            "hs_additional_domains",
            "website",
            "phone",
            "industry",
            "city",
            "country",
            "numberofemployees",
            "annualrevenue",
            "lifecyclestage",
            "hubspot_owner_id",
        ],
    },
    Subscribed {
        object: "deal",
        classic: true,
        events: &["creation", "deletion", "merge", "restore", "associationChange"],
        properties: &[
            "dealname",
            "dealstage",
            "pipeline",
            "amount",
            "closedate",
            "dealtype",
            "hs_priority",
            "hubspot_owner_id",
        ],
    },
    Subscribed {
        object: "task",
        classic: false,
        events: &["creation", "deletion", "restore"],
        properties: &[
            "hs_task_subject",
            "hs_task_status",
            "hs_task_priority",
            "hs_task_type",
            "hs_timestamp",
            "hubspot_owner_id",
        ],
    },
    Subscribed {
        object: "call",
        classic: false,
        events: &["creation", "deletion", "restore"],
        properties: &[
            "hs_call_title",
            "hs_call_status",
            "hs_call_direction",
            "hs_call_duration",
            "hs_timestamp",
            "hubspot_owner_id",
        ],
    },
    Subscribed {
        object: "note",
        classic: false,
        events: &["creation", "deletion", "restore"],
        properties: &["hs_note_body", "hs_timestamp", "hubspot_owner_id"],
    },
];

impl Subscribed {
    /// Each subscription's type (`contact.creation`, `object.propertyChange`) and property, if it has one.
    pub fn each(&self) -> impl Iterator<Item = (String, Option<&'static str>)> {
        let family = if self.classic { self.object } else { "object" };
        let changes = self.properties.iter().map(|name| ("propertyChange", Some(*name)));
        let all = self.events.iter().map(|event| (*event, None)).chain(changes);
        all.map(move |(event, property)| (format!("{family}.{event}"), property))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_subscription_stands_once_and_all_fit_one_app() {
        let all: Vec<_> = SUBSCRIBED
            .iter()
            .flat_map(|own| own.each().map(move |(kind, property)| (own.object, kind, property)))
            .collect();
        let once: BTreeSet<_> = all.iter().collect();
        assert_eq!(once.len(), all.len());
        assert!(all.len() <= LIMIT, "{}", all.len());
    }

    #[test]
    fn no_property_is_one_that_hubspot_never_tells() {
        // Source: hubspot-api.md 9.1.
        let never = ["hs_lastmodifieddate", "lastmodifieddate", "num_unique_conversion_events"];
        let mut properties = SUBSCRIBED.iter().flat_map(|own| own.properties);
        assert!(properties.all(|name| !never.contains(name)));
    }
}
