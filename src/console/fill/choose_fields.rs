//! The choice of mirrored fields: what a person ticked becomes a selection, and what that comes to is told in words.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use crate::{
    console::{
        channels::one_or_more,
        choose_fields::{ChooseFieldsView, FieldChoice, FieldGroup},
        connection::ConnectionFrame,
        fill::fields::type_words,
        words::{count, number},
    },
    engine::portal::selection::Selection,
    hubspot::objects::BATCH_LIMIT,
    values::{crypto::sha256_hex, json},
};

/// Names shown of fields that come or go.
const NAMED: usize = 8;

/// The fields of a type as HubSpot lists them.
#[derive(Deserialize)]
struct Field {
    name: String,
    label: String,
    #[serde(rename = "type")]
    value_type: String,
    #[serde(rename = "field_type")]
    control: String,
    group: String,
    calculated: bool,
    vanished_at: Option<String>,
}

/// What there is, and how it is chosen now.
pub struct Present {
    fields: Vec<Field>,
    always: BTreeSet<String>,
    now: Choice,
    records: u64,
}

/// What a form, or the connection, chooses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choice {
    all: bool,
    named: BTreeSet<String>,
    fresh: BTreeSet<String>,
}

impl Present {
    /// From the fields and the selection as the API tells them; `None`: they are something else.
    pub fn read(fields: &str, selection: &str, records: u64) -> Option<Self> {
        #[derive(Deserialize)]
        struct Told {
            results: Vec<Field>,
        }
        #[derive(Deserialize)]
        struct Selected {
            fields: Value,
            always: BTreeSet<String>,
            keep_fresh: BTreeSet<String>,
        }
        let mut fields: Vec<Field> = json::parse::<Told>(fields).ok()?.results;
        fields.retain(|field| field.vanished_at.is_none());
        fields.sort_by_cached_key(|field| {
            (field.group.clone(), field.label.to_lowercase(), field.name.clone())
        });
        let selected: Selected = json::parse(selection).ok()?;
        let named =
            selected.fields.as_array().map(|names| names.iter().filter_map(Value::as_str).map(str::to_owned));
        let all = named.is_none();
        // Whoever goes over from all to some begins with all.
        let named =
            named.map_or_else(|| fields.iter().map(|field| field.name.clone()).collect(), Iterator::collect);
        let now = Choice { all, named, fresh: selected.keep_fresh };
        Some(Self { fields, always: selected.always, now, records })
    }

    /// As it is chosen now.
    pub fn chosen(&self) -> Choice {
        self.now.clone()
    }

    /// As a form has it.
    pub fn sent(&self, form: &[(String, String)]) -> Choice {
        let all_of = |wanted: &str| -> BTreeSet<String> {
            let own = form.iter().filter(|(name, _)| name == wanted).map(|(_, value)| value.clone());
            own.filter(|name| self.fields.iter().any(|field| field.name == *name)).collect()
        };
        let all = form.iter().any(|(name, value)| name == "which" && value == "all");
        let fresh = all_of("fresh");
        let mut named = all_of("mirror");
        // What is kept fresh is mirrored.
        named.extend(fresh.iter().cloned());
        Choice { all, named, fresh }
    }

    /// Ticks or unticks all, or one group by its place.
    pub fn tick(&self, choice: &mut Choice, place: Option<usize>, ticked: bool) {
        let groups = self.groups();
        let chosen = groups.iter().enumerate().filter(|(own, _)| place.is_none_or(|place| place == *own));
        for field in chosen.flat_map(|(_, (_, fields))| fields) {
            if ticked {
                choice.named.insert(field.name.clone());
            } else {
                choice.named.remove(&field.name);
                choice.fresh.remove(&field.name);
            }
        }
        choice.all = false;
    }

    fn groups(&self) -> Vec<(&str, Vec<&Field>)> {
        let mut groups: BTreeMap<&str, Vec<&Field>> = BTreeMap::new();
        for field in &self.fields {
            groups.entry(&field.group).or_default().push(field);
        }
        groups.into_iter().collect()
    }

    /// What of the fields there are would be mirrored.
    fn mirrored(&self, choice: &Choice) -> BTreeSet<&str> {
        let names = self.fields.iter().map(|field| field.name.as_str());
        names
            .filter(|name| choice.all || choice.named.contains(*name) || self.always.contains(*name))
            .collect()
    }

    /// As the engine takes it.
    pub fn selection(&self, choice: &Choice) -> Selection {
        let named = || choice.named.iter().filter(|name| !self.always.contains(*name)).cloned().collect();
        Selection { fields: (!choice.all).then(named), kept_fresh: choice.fresh.clone() }
    }

    /// What tells one choice from another.
    pub fn mark(&self, choice: &Choice) -> String {
        let names = |names: &BTreeSet<String>| names.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
        let named = if choice.all { "all".to_owned() } else { names(&choice.named) };
        sha256_hex(format!("{named}\n{}", names(&choice.fresh)).as_bytes())
    }

    /// What saving a choice comes to, a sentence each.
    pub fn review(&self, object_type: &str, choice: &Choice) -> Vec<String> {
        let (before, after) = (self.mirrored(&self.now), self.mirrored(choice));
        let of = self.fields.len() as u64;
        let mut words = vec![if choice.all {
            format!("All {} are mirrored, and every field that appears later.", count(of, "field", "fields"))
        } else {
            format!(
                "{} of {} fields are mirrored. Fields that appear later are not.",
                number(after.len() as u64),
                number(of)
            )
        }];
        let gone: Vec<&str> = before.difference(&after).copied().collect();
        let new: Vec<&str> = after.difference(&before).copied().collect();
        if !gone.is_empty() {
            words.push(format!(
                "{} here, with the values of all records: {}. The change feed tells each record without them. HubSpot keeps them, and choosing them again brings them back.",
                if gone.len() == 1 { "One field disappears".to_owned() } else { format!("{} fields disappear", number(gone.len() as u64)) },
                self.named(&gone)
            ));
        }
        if !new.is_empty() {
            words.push(format!(
                "{}: {}.",
                if new.len() == 1 {
                    "One field is added".to_owned()
                } else {
                    format!("{} fields are added", number(new.len() as u64))
                },
                self.named(&new)
            ));
        }
        let calls = self.records.div_ceil(BATCH_LIMIT as u64);
        let calls_words = count(calls, "call", "calls");
        if !gone.is_empty() || !new.is_empty() {
            words.push(format!(
                "All {} {object_type} are read once more for that: about {calls_words} to HubSpot.",
                number(self.records),
                object_type = one_or_more(object_type, 2),
            ));
        }
        if choice.fresh != self.now.fresh {
            words.push(match choice.fresh.len() as u64 {
                0 => format!("No field is kept fresh any more, which saves about {calls_words} a day."),
                fresh => format!(
                    "{} kept fresh: every record is read again once a day, about {calls_words} a day however many fields it is for.",
                    count(fresh, "calculated field is", "calculated fields are")
                ),
            });
        }
        if choice.all == self.now.all && gone.is_empty() && new.is_empty() && choice.fresh == self.now.fresh {
            words.push("That is as it is now: saving it changes nothing.".to_owned());
        }
        words
    }

    fn named(&self, names: &[&str]) -> String {
        let label = |name: &&str| {
            let field = self.fields.iter().find(|field| field.name == *name);
            field.map_or_else(|| (*name).to_owned(), |field| field.label.clone())
        };
        let mut words: Vec<String> = names.iter().take(NAMED).map(label).collect();
        if names.len() > NAMED {
            words.push(format!("{} more", number((names.len() - NAMED) as u64)));
        }
        words.join(", ")
    }

    /// The form.
    pub fn view(&self, at: ConnectionFrame, object_type: &str, choice: &Choice) -> ChooseFieldsView {
        let line = |field: &&Field| FieldChoice {
            name: field.name.clone(),
            label: field.label.clone(),
            type_words: type_words(&field.value_type, &field.control).to_owned(),
            chosen: choice.named.contains(&field.name),
            always: self.always.contains(&field.name),
            fresh: {
                let fresh = choice.fresh.contains(&field.name);
                (field.calculated || fresh).then_some(fresh)
            },
        };
        let group = |(name, fields): (&str, Vec<&Field>)| FieldGroup {
            name: name.to_owned(),
            fields: fields.iter().map(line).collect(),
        };
        ChooseFieldsView {
            at,
            object_type: object_type.to_owned(),
            all: choice.all,
            groups: self.groups().into_iter().map(group).collect(),
            review: Vec::new(),
            reviewed: String::new(),
            error: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELDS: &str = r#"{"results":[
        {"name":"email","label":"E-mail","type":"string","field_type":"text","group":"basic","calculated":false,"vanished_at":null},
        {"name":"city","label":"City","type":"string","field_type":"text","group":"basic","calculated":false,"vanished_at":null},
        {"name":"score","label":"Score","type":"number","field_type":"calculation_score","group":"sales","calculated":true,"vanished_at":null},
        {"name":"old","label":"Old","type":"string","field_type":"text","group":"basic","calculated":false,"vanished_at":"1970-01-01T00:00:30.000Z"}]}"#;

    fn present(fields: &str) -> Present {
        let selection = format!(r#"{{"fields":{fields},"always":["email"],"keep_fresh":[]}}"#);
        Present::read(FIELDS, &selection, 20_012).unwrap()
    }

    fn form(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_named_set_is_sent_without_what_is_always_there_and_with_what_is_kept_fresh() {
        let present = present("\"all\"");
        let choice = present.sent(&form(&[
            ("which", "named"),
            ("mirror", "email"),
            ("fresh", "score"),
            ("mirror", "nonsense"),
        ]));
        let selection = present.selection(&choice);
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        assert_eq!(selection, Selection { fields: Some(names(&["score"])), kept_fresh: names(&["score"]) });
        let all = present.sent(&form(&[("which", "all"), ("mirror", "city")]));
        assert_eq!(present.selection(&all), Selection::default());
        assert_ne!(present.mark(&choice), present.mark(&all));
    }

    #[test]
    fn what_a_choice_comes_to_is_said_before_it_is_saved() {
        let all = present("\"all\"");
        let words =
            all.review("contacts", &all.sent(&form(&[("which", "named"), ("fresh", "score")]))).join(" ");
        for part in [
            "2 of 3 fields are mirrored.",
            "One field disappears here, with the values of all records: City.",
            "All 20,012 contacts are read once more for that: about 201 calls to HubSpot.",
            "1 calculated field is kept fresh",
        ] {
            assert!(words.contains(part), "{words}");
        }
        let words = all.review("contacts", &all.chosen()).join(" ");
        assert_eq!(
            words,
            "All 3 fields are mirrored, and every field that appears later. That is as it is now: saving it changes nothing."
        );
        let some = present("[\"city\"]");
        let words = some.review("contacts", &some.sent(&form(&[("which", "all")]))).join(" ");
        assert!(words.contains("One field is added: Score.") && !words.contains("disappear"), "{words}");
    }

    #[test]
    fn groups_are_ticked_as_a_whole() {
        let present = present("[]");
        let mut choice = present.chosen();
        assert_eq!(present.mirrored(&choice), BTreeSet::from(["email"]));
        present.tick(&mut choice, Some(0), true);
        assert_eq!(present.mirrored(&choice), BTreeSet::from(["city", "email"]));
        present.tick(&mut choice, None, true);
        present.tick(&mut choice, Some(1), false);
        assert_eq!(present.mirrored(&choice), BTreeSet::from(["city", "email"]));
        present.tick(&mut choice, Some(9), false);
        assert!(!choice.all && choice.named.contains("city"));
    }
}
