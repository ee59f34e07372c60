//! Audiences that are found: a filter over contacts, what belongs to them, and what they did.
//!
//! A condition without `of` asks of the contact; `company` and `deal` are those that a workflow over the contact would see, `signal`,
//! `account` and `visitor` what a host's signal says that was matched with the contact. Where a filter asks of signals, a contact is in the
//! audience if the filter holds with one of its [`SIGNALS`] latest, or, of a contact without any, with none.

use std::collections::BTreeSet;

use super::{host_fields::WithHosts, reader::within, signal, workflow};
use crate::values::{
    filter::{Context, Fault, Fields, Filter, Use, Values},
    ids::ObjectType,
    time::Timestamp,
};

/// Signals of one contact that are looked at: a busy month of somebody. Some microseconds each.
pub const SIGNALS: u32 = 50;
/// What a condition's `of` may be, besides nothing.
const OWNERS: [&str; 6] = ["contact", "company", "deal", "signal", "account", "visitor"];
/// Those of them that are of a signal.
const OF_SIGNALS: [&str; 3] = ["signal", "account", "visitor"];

fn is_of_signal(of: Option<&str>) -> bool {
    of.is_some_and(|of| OF_SIGNALS.contains(&of))
}

/// The type of HubSpot's records that a condition's `of` stands for; `None`: it is a signal's.
pub fn of_subject(of: Option<&str>) -> Option<ObjectType> {
    workflow::of_subject(of, ObjectType::Contacts)
}

fn with_hosts<'a>(fields: &'a dyn Fields, filter: &'a Filter) -> WithHosts<'a> {
    WithHosts { fields, filter, is_record: |of| !is_of_signal(of) }
}

/// Everything that is wrong with a filter for the fields of HubSpot's there are, each with its place in the filter.
pub fn check(filter: &Filter, fields: &dyn Fields) -> Vec<Fault> {
    if let Some(of) = filter.conditions().iter().filter_map(|one| one.of()).find(|of| !OWNERS.contains(of)) {
        let words = format!(
            "\"of\" is {}, or absent: then the contact itself is asked. `{of}` is none of them.",
            OWNERS.join(", ")
        );
        return vec![Fault { path: String::new(), code: crate::values::filter::Code::Shape, detail: words }];
    }
    within("", filter.check(&with_hosts(fields, filter), Use::Selection)).collect()
}

/// A filter in words.
pub fn describe(filter: &Filter, fields: &dyn Fields) -> String {
    filter.describe(&with_hosts(fields, filter))
}

/// Names of the fields of a type that a filter reads.
pub fn reads(filter: &Filter, kind: ObjectType) -> BTreeSet<&str> {
    let all = filter.properties().into_iter();
    all.filter(|(of, name)| of_subject(*of) == Some(kind) && *name != "hs_object_id")
        .map(|(_, name)| name)
        .collect()
}

/// The types besides contacts that a filter asks anything of, if only whether there is one.
pub fn asks(filter: &Filter) -> BTreeSet<ObjectType> {
    let kinds = filter.conditions().into_iter().filter_map(|one| of_subject(one.of()));
    kinds.filter(|kind| *kind != ObjectType::Contacts).collect()
}

/// Whether a filter asks anything of signals.
pub fn asks_signals(filter: &Filter) -> bool {
    filter.conditions().iter().any(|one| is_of_signal(one.of()))
}

/// A contact with what belongs to it, and one of its signals.
struct Facts<'a> {
    records: &'a dyn Values,
    signal: Option<&'a signal::Facts>,
}

impl Values for Facts<'_> {
    fn value(&self, of: Option<&str>, property: &str) -> Option<&str> {
        if is_of_signal(of) {
            return self.signal?.value(of.filter(|of| *of != "signal"), property);
        }
        self.records.value(of, property)
    }
}

/// Whether a contact is in an audience, and when that may change though nothing else does. `signals`: the contact's latest, as far as the
/// filter asks of any.
pub fn holds(
    filter: &Filter,
    records: &dyn Values,
    signals: &[signal::Facts],
    context: Context,
) -> (bool, Option<Timestamp>) {
    let with = |signal| {
        let facts = Facts { records, signal };
        (filter.evaluate(&facts, None, context), filter.next_change_at(&facts, context))
    };
    if signals.is_empty() {
        return with(None);
    }
    let all = signals.iter().map(|signal| with(Some(signal)));
    all.fold((false, None), |(holds, at), (own, own_at)| (holds || own, at.into_iter().chain(own_at).min()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value, json};

    use super::*;
    use crate::values::{filter::NoFields, ids::RecordId};

    const NOW: Timestamp = Timestamp(1_790_000_000_000);

    fn filter(json: &Value) -> Filter {
        Filter::from_value(json).expect("a filter")
    }

    fn signal(name: &str, at: &str) -> signal::Facts {
        let told = json!({ "id": name, "name": name, "at": at, "visitor": { "email": "ada@acme.test" } });
        signal::Facts::of(&signal::Signal::parse(&told, NOW).expect("a signal"))
    }

    fn contact(stage: &str) -> workflow::Facts {
        let mut facts = workflow::Facts::new(ObjectType::Contacts, BTreeMap::new(), NOW);
        let values = BTreeMap::from([("lifecyclestage".to_owned(), stage.to_owned())]);
        facts.set(ObjectType::Contacts, RecordId(1), values);
        facts
    }

    fn asked(filter: &Filter, stage: &str, signals: &[signal::Facts]) -> (bool, Option<Timestamp>) {
        holds(filter, &contact(stage), signals, Context { now: NOW, utc_offset_ms: 0 })
    }

    #[test]
    fn one_of_the_signals_is_enough_and_each_is_asked_whole() {
        let viewed = json!({ "of": "signal", "property": "name", "type": "string", "operator": "is", "value": "pricing" });
        let lately = json!({ "of": "signal", "property": "at", "type": "datetime", "operator": "within_last", "count": 7, "unit": "days" });
        let lead =
            json!({ "property": "lifecyclestage", "type": "enumeration", "operator": "is", "value": "lead" });
        let both = filter(&json!({ "and": [lead, viewed, lately] }));
        let now = NOW.to_rfc3339();
        let old = NOW.minus_ms(30 * 86_400_000).to_rfc3339();
        assert!(asked(&both, "lead", &[signal("blog", &now), signal("pricing", &now)]).0);
        assert!(!asked(&both, "customer", &[signal("pricing", &now)]).0);
        assert!(
            !asked(&both, "lead", &[signal("pricing", &old), signal("blog", &now)]).0,
            "of one signal, not of two"
        );
        assert!(!asked(&both, "lead", &[]).0);
        assert!(asked(&both, "lead", &[signal("pricing", &now)]).1.is_some(), "it ends by itself");
        let never =
            filter(&json!({ "of": "signal", "property": "name", "type": "string", "operator": "unknown" }));
        assert!(asked(&never, "lead", &[]).0 && !asked(&never, "lead", &[signal("blog", &now)]).0);
    }

    #[test]
    fn what_it_asks_of_is_known_and_what_it_cannot_ask_of_is_refused() {
        let of = |of: &str| {
            filter(&json!({ "of": of, "property": "name", "type": "string", "operator": "known" }))
        };
        assert_eq!(asks(&of("company")), BTreeSet::from([ObjectType::Companies]));
        assert_eq!(asks(&of("contact")), BTreeSet::new());
        assert!(asks_signals(&of("visitor")) && !asks_signals(&of("deal")));
        assert_eq!(reads(&of("deal"), ObjectType::Deals), BTreeSet::from(["name"]));
        assert_eq!(check(&of("signal"), &NoFields), [], "the host's own words are as the condition says");
        assert_eq!(check(&of("company"), &NoFields).len(), 1);
        let faults = check(&of("event"), &NoFields);
        assert!(faults[0].detail.contains("`event` is none of them"), "{faults:?}");
    }
}
