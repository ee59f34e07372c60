//! The forms of an activation, and of an audience or attribute: what a person sent becomes a definition, a definition becomes a form.

use serde_json::Value;

use super::activations::{Activation, All, Attribute};
use crate::{
    console::{
        activation_form::{ActivationForm, AttributeForm, ChoiceLine, NamesForm},
        connection::ConnectionFrame,
        words::count,
    },
    engine::portal::activations::commands::{NewActivation, NewAttribute},
    values::{
        attribute::{AttributeKind, Choice, Names, Unknown},
        ids::AttributeId,
        json,
    },
};

/// What is said of an id that is none.
const NO_ID: &str =
    "An id is 1 to 100 letters, digits and ._~:-. Without one it is made of the name's letters and digits.";

fn sent<'a>(fields: &'a [(String, String)], name: &str) -> &'a str {
    fields.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.trim())
}

/// The form of an activation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ActivationDraft {
    name: String,
    description: String,
    audiences: Vec<String>,
    attributes: Vec<String>,
    creates: bool,
}

impl ActivationDraft {
    /// Of one that is there, as the API tells it.
    pub fn of(told: &str) -> Option<Self> {
        let own: Activation = json::parse(told).ok()?;
        Some(Self {
            creates: own.unknown == "create",
            name: own.name,
            description: own.description,
            audiences: own.audiences,
            attributes: own.attributes,
        })
    }

    /// As it was sent.
    pub fn sent(fields: &[(String, String)]) -> Self {
        let all = |name: &str| {
            fields.iter().filter(|(key, _)| key == name).map(|(_, value)| value.clone()).collect()
        };
        Self {
            name: sent(fields, "name").to_owned(),
            description: sent(fields, "description").replace('\r', ""),
            audiences: all("audience"),
            attributes: all("attribute"),
            creates: sent(fields, "unknown") == "create",
        }
    }

    /// The definition that it means.
    pub fn definition(&self) -> NewActivation {
        let ids = |all: &[String]| all.iter().filter_map(|id| id.parse().ok()).collect();
        NewActivation {
            name: self.name.clone(),
            description: self.description.clone(),
            audiences: ids(&self.audiences),
            attributes: ids(&self.attributes),
            unknown: if self.creates { Unknown::Create } else { Unknown::Skip },
        }
    }

    /// The form to be shown. `audiences`, `attributes`: all there are, as the API tells them.
    pub fn view(
        &self,
        at: ConnectionFrame,
        id: Option<String>,
        (audiences, attributes): (&str, &str),
        error: Option<String>,
    ) -> Option<ActivationForm> {
        let lines = |told: &str, chosen: &[String]| -> Option<Vec<ChoiceLine>> {
            let all: All<Attribute> = json::parse(told).ok()?;
            let there = all.results.into_iter().filter(|one| one.state != "deleting");
            Some(there.map(|one| choice(one, chosen)).collect())
        };
        Some(ActivationForm {
            at,
            id,
            name: self.name.clone(),
            description: self.description.clone(),
            audiences: lines(audiences, &self.audiences)?,
            attributes: lines(attributes, &self.attributes)?,
            creates: self.creates,
            error,
        })
    }
}

fn choice(one: Attribute, chosen: &[String]) -> ChoiceLine {
    let kind = AttributeKind::parse(&one.kind);
    let words = match kind {
        Some(AttributeKind::Audience) => count(one.members, "member", "members"),
        _ => format!(
            "{}, of {}",
            kind.map_or_else(|| one.kind.clone(), |kind| kind.words().to_owned()),
            count(one.members, "person", "people")
        ),
    };
    ChoiceLine { chosen: chosen.contains(&one.id), id: one.id, name: one.name, words }
}

/// The form of an audience or attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeDraft {
    audience: bool,
    exists: bool,
    id: String,
    name: String,
    description: String,
    kind: String,
    options: String,
}

impl AttributeDraft {
    /// A new one.
    pub fn new(audience: bool) -> Self {
        let kind = if audience { AttributeKind::Audience } else { AttributeKind::String };
        Self {
            audience,
            exists: false,
            id: String::new(),
            name: String::new(),
            description: String::new(),
            kind: kind.as_str().to_owned(),
            options: String::new(),
        }
    }

    /// Of one that is there, as the API tells it.
    pub fn of(audience: bool, told: &str) -> Option<Self> {
        let own: Attribute = json::parse(told).ok()?;
        let line = |one: &super::activations::Choice| {
            if one.value == one.label { one.value.clone() } else { format!("{} | {}", one.value, one.label) }
        };
        Some(Self {
            audience,
            exists: true,
            id: own.id,
            name: own.name,
            description: own.description,
            kind: own.kind,
            options: own.options.iter().map(line).collect::<Vec<_>>().join("\n"),
        })
    }

    /// As it was sent. `id`: of one that is there.
    pub fn sent(audience: bool, id: Option<&AttributeId>, fields: &[(String, String)]) -> Self {
        let text = |name: &str| sent(fields, name).replace('\r', "");
        let kind = if audience { AttributeKind::Audience.as_str().to_owned() } else { text("type") };
        Self {
            audience,
            exists: id.is_some(),
            id: id.map_or_else(|| text("id"), |id| id.as_str().to_owned()),
            name: text("name"),
            description: text("description"),
            kind,
            options: text("options"),
        }
    }

    /// Its id, and the definition that it means.
    pub fn definition(&self) -> Result<(AttributeId, NewAttribute), String> {
        let kind = AttributeKind::parse(&self.kind).filter(|kind| kind.is_audience() == self.audience);
        let kind = kind.ok_or_else(|| "Say of which type it is.".to_owned())?;
        let id = if self.id.is_empty() { slug(&self.name) } else { self.id.clone() };
        let id = id.parse().map_err(|_| NO_ID.to_owned())?;
        let option = |line: &str| {
            let (value, label) = line.split_once('|').unwrap_or((line, line));
            Choice { value: value.trim().to_owned(), label: label.trim().to_owned() }
        };
        let lines = self.options.lines().filter(|line| !line.trim().is_empty());
        let options =
            if kind == AttributeKind::Enumeration { lines.map(option).collect() } else { Vec::new() };
        let (name, description) = (self.name.clone(), self.description.clone());
        Ok((id, NewAttribute { name, description, kind, options, computed: None }))
    }

    /// The form to be shown.
    pub fn view(&self, at: ConnectionFrame, error: Option<String>) -> AttributeForm {
        AttributeForm {
            at,
            audience: self.audience,
            exists: self.exists,
            id: self.id.clone(),
            name: self.name.clone(),
            description: self.description.clone(),
            kind: self.kind.clone(),
            options: self.options.clone(),
            error,
        }
    }
}

/// An id of a name's letters and digits: `abandon-basket`; empty where it has none.
fn slug(name: &str) -> String {
    let mut slug = String::new();
    for letter in name.chars() {
        if letter.is_ascii_alphanumeric() {
            slug.push(letter.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.trim_end_matches('-').to_owned()
}

/// How properties are called, as the API tells it; `None`: it is not what a Portal answers.
pub fn names(at: ConnectionFrame, told: &str) -> Option<NamesForm> {
    let told: Value = json::parse(told).ok()?;
    let text = |name: &str| told[name].as_str().map(str::to_owned);
    Some(NamesForm {
        at,
        label: text("group_label")?,
        group: text("group")?,
        prefix: text("prefix")?,
        error: None,
    })
}

/// The same, as it was sent.
pub fn sent_names(fields: &[(String, String)]) -> Names {
    let text = |name: &str| sent(fields, name).to_owned();
    Names { prefix: text("prefix"), group: text("group"), label: text("label") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::sample;

    fn fields(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn at() -> ConnectionFrame {
        sample::connection_frame(&sample::plain)
    }

    #[test]
    fn an_activation_is_what_was_ticked() {
        let sent = fields(&[
            ("name", " Baskets "),
            ("audience", "basket"),
            ("audience", "vip"),
            ("attribute", "tier"),
            ("unknown", "create"),
        ]);
        let draft = ActivationDraft::sent(&sent);
        let new = draft.definition();
        assert_eq!((new.name.as_str(), new.audiences.len(), new.unknown), ("Baskets", 2, Unknown::Create));
        let audience =
            r#"{"id":"basket","name":"Abandon Basket","type":"audience","state":"active","members":1}"#;
        let gone = r#"{"id":"vip","name":"VIP","type":"audience","state":"deleting","members":0}"#;
        let tier = r#"{"id":"tier","name":"Tier","type":"number","state":"active","members":2000}"#;
        let (audiences, attributes) =
            (format!("{{\"results\":[{audience},{gone}]}}"), format!("{{\"results\":[{tier}]}}"));
        let view = draft.view(at(), None, (&audiences, &attributes), None).expect("a form");
        let shown: Vec<_> = view.audiences.iter().map(|one| (one.words.as_str(), one.chosen)).collect();
        assert_eq!(shown, [("1 member", true)], "what is being deleted cannot be selected");
        assert_eq!(
            (view.attributes[0].words.as_str(), view.attributes[0].chosen),
            ("a number, of 2,000 people", true)
        );
    }

    #[test]
    fn an_id_is_made_of_the_name_where_none_is_given() {
        let of = |name: &str, id: &str| {
            let sent = fields(&[("name", name), ("id", id)]);
            let draft = AttributeDraft::sent(true, None, &sent);
            draft.definition().map(|(id, _)| id.as_str().to_owned())
        };
        assert_eq!(of("Abandon Basket!", "").as_deref(), Ok("abandon-basket"));
        assert_eq!(of("Abandon Basket", "aud:17").as_deref(), Ok("aud:17"));
        assert!(of("Größte", "").is_ok());
        for (name, id) in [("", ""), ("!?", ""), ("x", "a b")] {
            assert!(of(name, id).is_err(), "{name} {id}");
        }
        let there: AttributeId = "aud:17".parse().unwrap();
        let sent = fields(&[("name", "Renamed"), ("id", "other")]);
        let draft = AttributeDraft::sent(true, Some(&there), &sent);
        assert_eq!(draft.definition().unwrap().0, there, "an id does not change");
    }

    #[test]
    fn options_are_lines_with_what_people_read_behind_a_bar() {
        let sent = fields(&[
            ("name", "Tier"),
            ("type", "enumeration"),
            ("options", "gold | Gold customers\r\n\r\nSilver\r\n"),
        ]);
        let draft = AttributeDraft::sent(false, None, &sent);
        let (id, new) = draft.definition().unwrap();
        let options: Vec<_> =
            new.options.iter().map(|one| (one.value.as_str(), one.label.as_str())).collect();
        assert_eq!((id.as_str(), options), ("tier", vec![("gold", "Gold customers"), ("Silver", "Silver")]));
        let told = r#"{"id":"tier","name":"Tier","type":"enumeration","state":"active","members":0,
            "options":[{"value":"gold","label":"Gold customers"},{"value":"Silver","label":"Silver"}]}"#;
        let again = AttributeDraft::of(false, told).expect("a form");
        assert_eq!(again.definition().unwrap().1, new);
        let number = fields(&[("name", "Tier"), ("type", "number"), ("options", "gold")]);
        let draft = AttributeDraft::sent(false, None, &number);
        assert_eq!(draft.definition().unwrap().1.options, [], "a number has none");
        let none = fields(&[("name", "Tier"), ("type", "audience")]);
        assert!(AttributeDraft::sent(false, None, &none).definition().is_err());
    }

    #[test]
    fn names_are_told_and_sent() {
        let told = r#"{"group":"g","group_label":"G","prefix":"p","marks":0}"#;
        let form = names(at(), told).expect("a form");
        assert_eq!((form.label.as_str(), form.group.as_str(), form.prefix.as_str()), ("G", "g", "p"));
        let sent = sent_names(&fields(&[("label", " Raptor "), ("group", "raptor"), ("prefix", "raptor")]));
        assert_eq!((sent.label.as_str(), sent.faults().len()), ("Raptor", 0));
    }
}
