//! The form of an activation, and of how properties are called: what a person sent becomes a definition, a definition becomes a form.

use serde_json::Value;

use super::activations::{Activation, All, Attribute};
use crate::{
    console::{
        activation_form::{ActivationForm, ChoiceLine, NamesForm},
        connection::ConnectionFrame,
        words::count,
    },
    engine::portal::activations::commands::NewActivation,
    values::{
        attribute::{AttributeKind, Names, Unknown},
        json,
    },
};

pub(super) fn sent<'a>(fields: &'a [(String, String)], name: &str) -> &'a str {
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
    fn names_are_told_and_sent() {
        let told = r#"{"group":"g","group_label":"G","prefix":"p","marks":0}"#;
        let form = names(at(), told).expect("a form");
        assert_eq!((form.label.as_str(), form.group.as_str(), form.prefix.as_str()), ("G", "g", "p"));
        let sent = sent_names(&fields(&[("label", " Raptor "), ("group", "raptor"), ("prefix", "raptor")]));
        assert_eq!((sent.label.as_str(), sent.faults().len()), ("Raptor", 0));
    }
}
