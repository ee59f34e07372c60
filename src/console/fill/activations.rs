//! From what a Portal answers about activations, audiences and attributes to what the pages show.

use serde::Deserialize;

use crate::{
    console::{
        activations::{
            ActivationLine, ActivationView, ActivationsView, AttributeLine, DeleteAttributeView, RefusedLine,
            RefusedView, SyncLine,
        },
        connection::ConnectionFrame,
    },
    values::{attribute::AttributeKind, json, time::Timestamp},
};

#[derive(Deserialize)]
pub(super) struct All<T> {
    pub results: Vec<T>,
}

#[derive(Deserialize)]
struct Settings {
    group: String,
    group_label: String,
    #[serde(default)]
    waits: Option<String>,
    marks: u64,
    refused: u64,
}

#[derive(Deserialize)]
pub(super) struct Attribute {
    pub id: String,
    pub name: String,
    #[serde(default)]
    pub description: String,
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default)]
    pub options: Vec<Choice>,
    #[serde(default)]
    pub property: Option<String>,
    #[serde(default)]
    pub made: bool,
    pub state: String,
    pub members: u64,
    #[serde(default)]
    pub trouble: Option<String>,
    #[serde(default)]
    pub computed: Option<serde_json::Value>,
    #[serde(default)]
    computed_words: Option<String>,
    #[serde(default)]
    looked_at: Option<u64>,
}

#[derive(Deserialize)]
pub(super) struct Choice {
    pub value: String,
    pub label: String,
}

#[derive(Deserialize)]
pub(super) struct Activation {
    pub id: String,
    pub name: String,
    #[serde(default)]
    pub description: String,
    pub audiences: Vec<String>,
    pub attributes: Vec<String>,
    pub unknown: String,
    state: String,
    #[serde(default)]
    waits: Option<String>,
    sync: Sync,
    created_at: String,
    updated_at: String,
}

#[derive(Deserialize)]
struct Sync {
    state: String,
    total: u64,
    looked: u64,
    written: u64,
    created: u64,
    skipped: u64,
    refused: u64,
    #[serde(default)]
    in_step: u64,
    calls: u64,
    #[serde(default)]
    began_at: Option<String>,
    #[serde(default)]
    ended_at: Option<String>,
    #[serde(default)]
    seconds_left: Option<i64>,
}

#[derive(Deserialize)]
struct Refused {
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    contact: String,
    why: String,
    #[serde(default)]
    at: Option<String>,
}

#[derive(Deserialize)]
struct UsedBy {
    activations: Vec<Named>,
    others: Vec<Other>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct Other {
    what: String,
    name: String,
}

fn moment(text: Option<&String>) -> Option<i64> {
    Timestamp::parse_rfc3339(text?).map(|at| at.0)
}

impl Attribute {
    fn line(&self, audience: bool, selected: bool) -> AttributeLine {
        AttributeLine {
            id: self.id.clone(),
            name: self.name.clone(),
            description: self.description.clone(),
            kind: AttributeKind::parse(&self.kind)
                .map_or_else(|| self.kind.clone(), |kind| kind.words().to_owned()),
            audience,
            options: self.options.iter().map(|one| one.label.clone()).collect(),
            property: self.property.clone().filter(|name| !name.is_empty()),
            made: self.made,
            selected,
            deleting: self.state == "deleting",
            members: self.members,
            trouble: self.trouble.clone(),
            found_by: self.computed_words.clone(),
            looked_at: self.looked_at,
        }
    }
}

impl Activation {
    fn line(&self, audiences: &[Attribute], attributes: &[Attribute], marks: u64) -> ActivationLine {
        let named = |ids: &[String], known: &[Attribute]| {
            let name = |id: &String| {
                let own = known.iter().find(|one| one.id == *id);
                (id.clone(), own.map_or_else(|| id.clone(), |one| one.name.clone()))
            };
            ids.iter().map(name).collect()
        };
        let sync = &self.sync;
        ActivationLine {
            id: self.id.clone(),
            name: self.name.clone(),
            description: self.description.clone(),
            audiences: named(&self.audiences, audiences),
            attributes: named(&self.attributes, attributes),
            creates: self.unknown == "create",
            paused: self.state == "paused",
            waits: self.waits.clone(),
            sync: SyncLine {
                state: sync.state.clone(),
                total: sync.total,
                looked: sync.looked,
                written: sync.written,
                created: sync.created,
                skipped: sync.skipped,
                refused: sync.refused,
                in_step: sync.in_step,
                calls: sync.calls,
                left: sync.total.saturating_sub(sync.looked) + marks,
                began_at: moment(sync.began_at.as_ref()),
                ended_at: moment(sync.ended_at.as_ref()),
                seconds_left: sync.seconds_left,
            },
            created_at: moment(Some(&self.created_at)).unwrap_or_default(),
            updated_at: moment(Some(&self.updated_at)).unwrap_or_default(),
        }
    }
}

/// The page of all; `None`: it is not what a Portal answers.
pub fn page(
    at: ConnectionFrame,
    settings: &str,
    activations: &str,
    (audiences, attributes): (&str, &str),
) -> Option<ActivationsView> {
    let settings: Settings = json::parse(settings).ok()?;
    let activations: All<Activation> = json::parse(activations).ok()?;
    let (audiences, attributes): (All<Attribute>, All<Attribute>) =
        (json::parse(audiences).ok()?, json::parse(attributes).ok()?);
    let activation = |one: &Activation| one.line(&audiences.results, &attributes.results, settings.marks);
    let keeps = |of: fn(&Activation) -> &[String], id: &String| {
        activations.results.iter().any(|one| of(one).contains(id))
    };
    Some(ActivationsView {
        at,
        activations: activations.results.iter().map(activation).collect(),
        audiences: audiences
            .results
            .iter()
            .map(|one| one.line(true, keeps(|own| &own.audiences, &one.id)))
            .collect(),
        attributes: attributes
            .results
            .iter()
            .map(|one| one.line(false, keeps(|own| &own.attributes, &one.id)))
            .collect(),
        group: (settings.group_label, settings.group),
        waits: settings.waits,
        marks: settings.marks,
        refused: settings.refused,
        error: None,
    })
}

/// One activation, likewise.
pub fn one(
    at: ConnectionFrame,
    settings: &str,
    activation: &str,
    (audiences, attributes): (&str, &str),
) -> Option<ActivationView> {
    let settings: Settings = json::parse(settings).ok()?;
    let own: Activation = json::parse(activation).ok()?;
    let (audiences, attributes): (All<Attribute>, All<Attribute>) =
        (json::parse(audiences).ok()?, json::parse(attributes).ok()?);
    let kept = |ids: &[String], known: &[Attribute], audience: bool| -> Vec<AttributeLine> {
        known.iter().filter(|one| ids.contains(&one.id)).map(|one| one.line(audience, true)).collect()
    };
    let mut all = kept(&own.audiences, &audiences.results, true);
    all.extend(kept(&own.attributes, &attributes.results, false));
    let activation = own.line(&audiences.results, &attributes.results, settings.marks);
    Some(ActivationView { at, activation, kept: all, refused: settings.refused })
}

/// Contacts that HubSpot refused, likewise. `page`: which they are, from 1.
pub fn refused(at: ConnectionFrame, settings: &str, contacts: &str, page: u64) -> Option<RefusedView> {
    let settings: Settings = json::parse(settings).ok()?;
    let contacts: Vec<Refused> = json::parse(contacts).ok()?;
    let line = |one: Refused| RefusedLine {
        refused_at: moment(one.at.as_ref()),
        whom: one.email.ok_or(one.contact),
        why: one.why,
    };
    let contacts = contacts.into_iter().map(line).collect();
    Some(RefusedView { at, contacts, total: settings.refused, page })
}

/// What is to be deleted, and what depends on it, likewise.
pub fn delete_attribute(
    at: ConnectionFrame,
    audience: bool,
    attribute: &str,
    used_by: &str,
) -> Option<DeleteAttributeView> {
    let attribute: Attribute = json::parse(attribute).ok()?;
    let used: UsedBy = json::parse(used_by).ok()?;
    Some(DeleteAttributeView {
        at,
        attribute: attribute.line(audience, !used.activations.is_empty()),
        activations: used.activations.into_iter().map(|one| one.name).collect(),
        others: used.others.into_iter().map(|one| (one.what.replace('_', " "), one.name)).collect(),
    })
}

/// An activation's name.
pub fn name_of(activation: &str) -> Option<String> {
    Some(json::parse::<Activation>(activation).ok()?.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::sample;

    const AUDIENCES: &str = r#"{"results":[
        {"id":"basket","name":"Abandon Basket","description":"","type":"audience","property":"spoke_aud_basket","made":true,
         "state":"active","members":1204,"created_at":"2026-11-20T09:30:00.000Z","updated_at":"2026-11-20T09:30:00.000Z"},
        {"id":"old","name":"Old","description":"","type":"audience","property":null,"made":false,"state":"deleting","members":0,
         "trouble":"A list uses it.","created_at":"2026-11-20T09:30:00.000Z","updated_at":"2026-11-20T09:30:00.000Z"}]}"#;
    const ATTRIBUTES: &str = r#"{"results":[
        {"id":"tier","name":"Tier","description":"","type":"enumeration","options":[{"value":"g","label":"Gold"}],"property":null,"made":false,
         "state":"active","members":7,"created_at":"2026-11-20T09:30:00.000Z","updated_at":"2026-11-20T09:30:00.000Z"}]}"#;
    const ACTIVATION: &str = r#"{"id":"atv_070707070707070707070707","name":"Baskets","description":"","identifier":"email",
        "audiences":["basket"],"attributes":["tier","gone"],"unknown":"create","state":"active","waits":"The first sync is not over.",
        "sync":{"state":"running","total":2000,"looked":1200,"written":40,"created":2,"skipped":9,"refused":1,"in_step":700,"calls":13,
                "began_at":"2026-11-20T09:30:00.000Z","ended_at":null,"seconds_left":61},
        "created_at":"2026-11-20T09:30:00.000Z","updated_at":"2026-11-20T09:31:00.000Z"}"#;
    const SETTINGS: &str = r#"{"group":"spoke_activations","group_label":"Spoke Activations","prefix":"spoke","waits":null,"marks":800,
        "refused":1,"audiences":2,"attributes":1,"activations":1,"limits":{}}"#;

    fn at() -> ConnectionFrame {
        sample::connection_frame(&sample::plain)
    }

    #[test]
    fn an_activation_names_what_it_keeps_and_how_far_it_is() {
        let all = format!("{{\"results\":[{ACTIVATION}]}}");
        let view = page(at(), SETTINGS, &all, (AUDIENCES, ATTRIBUTES)).expect("a page");
        let own = &view.activations[0];
        assert_eq!(own.audiences, [("basket".to_owned(), "Abandon Basket".to_owned())]);
        assert_eq!(own.attributes[1], ("gone".to_owned(), "gone".to_owned()));
        assert!(own.creates && !own.paused && own.waits.is_some());
        assert_eq!((own.sync.looked, own.sync.seconds_left, own.sync.ended_at), (1_200, Some(61), None));
        assert_eq!(own.sync.left, 800 + 800, "rows to be gone through, and people to be written");
        assert_eq!(own.updated_at - own.created_at, 60_000);
        assert_eq!((view.marks, view.refused, view.group.0.as_str()), (800, 1, "Spoke Activations"));
        let [basket, old] = &view.audiences[..] else { panic!("two audiences") };
        assert!(basket.made && basket.selected && !basket.deleting);
        assert!(!old.selected && view.attributes[0].selected);
        assert!(old.deleting && old.trouble.is_some() && old.property.is_none());
        assert_eq!(
            (view.attributes[0].kind.as_str(), &view.attributes[0].options),
            ("one of several options", &vec!["Gold".to_owned()])
        );
        let one = one(at(), SETTINGS, ACTIVATION, (AUDIENCES, ATTRIBUTES)).expect("a page");
        assert_eq!(one.kept.iter().map(|own| own.id.as_str()).collect::<Vec<_>>(), ["basket", "tier"]);
        assert_eq!(page(at(), "{}", &all, (AUDIENCES, ATTRIBUTES)), None);
    }

    #[test]
    fn what_is_to_be_deleted_names_what_depends_on_it() {
        let attribute =
            AUDIENCES.split_once('[').and_then(|(_, rest)| rest.split_once(",\n        {")).expect("one").0;
        let used = r#"{"property":"spoke_aud_basket","activations":[{"id":"atv_070707070707070707070707","name":"Baskets"}],
            "others":[{"what":"qualifying_list","id":"ql_070707070707070707070707","name":"Warm leads"}]}"#;
        let view = delete_attribute(at(), true, attribute, used).expect("a page");
        assert_eq!(view.activations, ["Baskets"]);
        assert_eq!(view.others, [("qualifying list".to_owned(), "Warm leads".to_owned())]);
        assert_eq!(view.attribute.members, 1_204);
        let contacts = r#"[{"email":"ada@example.com","why":"A rule refuses it.","at":"2026-11-20T09:30:00.000Z"},
            {"contact":"512","why":"A rule refuses it.","at":"2026-11-20T09:30:00.000Z"}]"#;
        let view = refused(at(), SETTINGS, contacts, 1).expect("a page");
        assert_eq!((view.total, view.contacts[0].refused_at.is_some()), (1, true));
        let whom: Vec<_> = view.contacts.iter().map(|line| line.whom.clone()).collect();
        assert_eq!(whom, [Ok("ada@example.com".to_owned()), Err("512".to_owned())]);
        assert_eq!(name_of(ACTIVATION).as_deref(), Some("Baskets"));
    }
}
