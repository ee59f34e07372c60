//! The form of an audience or attribute: what a person sent becomes a definition, a definition becomes a form.

use serde_json::Value;

use super::{
    activation_form::sent,
    activations::Attribute,
    automation_form::WrongRows,
    filter_form::{self, Catalog},
};
use crate::{
    console::{attribute_form::AttributeForm, connection::ConnectionFrame},
    engine::portal::activations::commands::NewAttribute,
    values::{
        attribute::{AttributeKind, Choice},
        ids::AttributeId,
        json,
    },
};

/// What is said of an id that is none.
const NO_ID: &str =
    "An id is 1 to 100 letters, digits and ._~:-. Without one it is made of the name's letters and digits.";

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
    /// Of an audience: its members are found.
    finds: bool,
    filter: filter_form::Draft,
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
            finds: false,
            filter: filter_form::Draft::new(),
        }
    }

    /// Of one that is there, as the API tells it.
    pub fn of(audience: bool, told: &str, catalog: &Catalog) -> Option<Self> {
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
            finds: own.computed.is_some(),
            filter: match &own.computed {
                Some(filter) => filter_form::Draft::of(filter, catalog),
                None => filter_form::Draft::new(),
            },
        })
    }

    /// As it was sent. `id`: of one that is there.
    pub fn sent(
        audience: bool,
        id: Option<&AttributeId>,
        fields: &[(String, String)],
        catalog: &Catalog,
    ) -> Self {
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
            finds: audience && sent(fields, "by") == "found",
            filter: filter_form::Draft::sent(fields, catalog),
        }
    }

    /// Does what a button of the filter's editor says; the id of what a person goes on with, where a row came or went.
    pub fn act(&mut self, button: &str) -> Option<String> {
        self.filter.act(button)
    }

    /// Its id, and the definition that it means.
    pub fn definition(&self, catalog: &Catalog) -> Result<(AttributeId, NewAttribute), WrongRows> {
        let built = self.finds.then(|| self.filter.built(catalog));
        if let Some(built) = built.as_ref().filter(|built| !built.wrong.is_empty()) {
            return Err(built.wrong.clone());
        }
        self.described(built.map(|built| built.filter)).map_err(|words| vec![(None, words)])
    }

    /// What the engine finds wrong, at the row of the filter that it is about.
    pub fn wrong(&self, at: &str, words: &str, catalog: &Catalog) -> WrongRows {
        let row = at.strip_prefix("/computed").and_then(|rest| {
            let path = format!("/filter{rest}");
            let holds = |own: &str| {
                path.strip_prefix(own).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            self.filter.built(catalog).places.iter().find(|(own, _)| holds(own)).map(|(_, row)| *row)
        });
        vec![(row, words.replace('`', ""))]
    }

    fn described(&self, computed: Option<Value>) -> Result<(AttributeId, NewAttribute), String> {
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
        Ok((id, NewAttribute { name, description, kind, options, computed }))
    }

    /// The form to be shown. `refused`: it was to be saved.
    pub fn view(
        &self,
        at: ConnectionFrame,
        catalog: &Catalog,
        wrong: &WrongRows,
        (focus, refused): (Option<String>, bool),
    ) -> AttributeForm {
        let of = |row| wrong.iter().find(|(own, _)| *own == Some(row)).map(|(_, words)| words.clone());
        let words = ("A contact is a member", "every contact is a member".to_owned());
        AttributeForm {
            at,
            audience: self.audience,
            exists: self.exists,
            id: self.id.clone(),
            name: self.name.clone(),
            description: self.description.clone(),
            kind: self.kind.clone(),
            options: self.options.clone(),
            finds: self.finds,
            filter: self.filter.view(catalog, words, &of),
            known: if self.audience { catalog.proposed() } else { Vec::new() },
            wrong_rows: wrong.iter().filter(|(row, _)| row.is_some()).count(),
            focus,
            refused,
            error: wrong.iter().find(|(row, _)| row.is_none()).map(|(_, words)| words.clone()),
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::console::fill::fields::Mirrored;

    fn at() -> ConnectionFrame {
        crate::console::sample::connection_frame(&crate::console::sample::plain)
    }

    fn none() -> Catalog {
        Catalog::default()
    }

    fn fields(all: &[(&str, &str)]) -> Vec<(String, String)> {
        all.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn an_id_is_made_of_the_name_where_none_is_given() {
        let of = |name: &str, id: &str| {
            let sent = fields(&[("name", name), ("id", id)]);
            let draft = AttributeDraft::sent(true, None, &sent, &none());
            draft.definition(&none()).map(|(id, _)| id.as_str().to_owned())
        };
        assert_eq!(of("Abandon Basket!", "").as_deref().ok(), Some("abandon-basket"));
        assert_eq!(of("Abandon Basket", "aud:17").as_deref().ok(), Some("aud:17"));
        assert!(of("Größte", "").is_ok());
        for (name, id) in [("", ""), ("!?", ""), ("x", "a b")] {
            assert!(of(name, id).is_err(), "{name} {id}");
        }
        let there: AttributeId = "aud:17".parse().unwrap();
        let sent = fields(&[("name", "Renamed"), ("id", "other")]);
        let draft = AttributeDraft::sent(true, Some(&there), &sent, &none());
        assert_eq!(draft.definition(&none()).unwrap().0, there, "an id does not change");
    }

    #[test]
    fn options_are_lines_with_what_people_read_behind_a_bar() {
        let sent = fields(&[
            ("name", "Tier"),
            ("type", "enumeration"),
            ("options", "gold | Gold customers\r\n\r\nSilver\r\n"),
        ]);
        let draft = AttributeDraft::sent(false, None, &sent, &none());
        let (id, new) = draft.definition(&none()).unwrap();
        let options: Vec<_> =
            new.options.iter().map(|one| (one.value.as_str(), one.label.as_str())).collect();
        assert_eq!((id.as_str(), options), ("tier", vec![("gold", "Gold customers"), ("Silver", "Silver")]));
        let told = r#"{"id":"tier","name":"Tier","type":"enumeration","state":"active","members":0,
            "options":[{"value":"gold","label":"Gold customers"},{"value":"Silver","label":"Silver"}]}"#;
        let again = AttributeDraft::of(false, told, &none()).expect("a form");
        assert_eq!(again.definition(&none()).unwrap().1, new);
        let number = fields(&[("name", "Tier"), ("type", "number"), ("options", "gold")]);
        let draft = AttributeDraft::sent(false, None, &number, &none());
        assert_eq!(draft.definition(&none()).unwrap().1.options, [], "a number has none");
        let untyped = fields(&[("name", "Tier"), ("type", "audience")]);
        assert!(AttributeDraft::sent(false, None, &untyped, &none()).definition(&none()).is_err());
    }

    #[test]
    fn who_is_found_is_what_the_rows_say_and_what_is_wrong_is_at_its_row() {
        let told = r#"{"results":[{"name":"lifecyclestage","label":"Stage","type":"enumeration","field_type":"radio",
            "options":[{"value":"lead","label":"Lead"}]}]}"#;
        let mirrored = Mirrored::read("");
        let contacts = Catalog::read(told, &mirrored).expect("fields");
        let catalog = Catalog::of_audiences([contacts, Catalog::default(), Catalog::default()], "[]");
        let filter = json!({ "and": [
            { "property": "lifecyclestage", "type": "enumeration", "operator": "is", "value": "lead" },
            { "of": "signal", "property": "name", "type": "string", "operator": "is", "value": "Pricing viewed" },
        ] });
        let told = json!({ "id": "hot", "name": "Hot", "type": "audience", "state": "active", "members": 1, "computed": filter });
        let draft = AttributeDraft::of(true, &told.to_string(), &catalog).expect("a form");
        assert_eq!(draft.definition(&catalog).unwrap().1.computed, Some(filter));
        let wrong = draft.wrong("/computed/and/1/value", "`x` is no name.", &catalog);
        assert_eq!(wrong, [(Some((0, 1)), "x is no name.".to_owned())]);
        let view = draft.view(at(), &catalog, &wrong, (None, true));
        assert!(view.finds && view.exists && view.error.is_none());
        assert_eq!(view.filter.groups[0].conditions[1].wrong.as_deref(), Some("x is no name."));
        assert_eq!(draft.wrong("/name", "No.", &catalog), [(None, "No.".to_owned())]);
        let mut sent =
            AttributeDraft::sent(true, None, &fields(&[("name", "Hot"), ("by", "sent")]), &catalog);
        assert_eq!(
            sent.definition(&catalog).unwrap().1.computed,
            None,
            "rows of a filter that nobody asked for"
        );
        assert_eq!(sent.act("add-condition 0").as_deref(), Some("c0-0-field"));
    }
}
