//! Audiences and calculated attributes: what a host says of people, and the properties of HubSpot's contacts that hold it.
//!
//! An audience is an attribute whose value is `true` for its members and `false` for everybody else. Each has one property for good: its
//! name is fixed when it is first needed, its label follows the attribute's name.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::property_value::{self, Definition, Manner};

/// Longest prefix: with `_aud_` behind it 25 of the 50 characters within which HubSpot's names are safe (`hubspot-api.md` 5) are left to
/// the attribute.
pub const PREFIX_CHARS: usize = 20;
/// Longest name of a group, likewise.
pub const GROUP_CHARS: usize = 50;
/// Longest label of a group: HubSpot's pages cut longer ones.
pub const GROUP_LABEL_CHARS: usize = 60;
/// Longest name of an audience, an attribute or an activation, which is a property's label too.
pub const NAME_CHARS: usize = 100;
/// Longest description, which is a property's help text too.
pub const DESCRIPTION_CHARS: usize = 1_000;
/// Most options of one attribute: with a hundred characters each for value and label 40 KB.
pub const OPTIONS: usize = 200;
/// Longest value, and longest label, of an option.
pub const OPTION_CHARS: usize = 100;
/// Longest value of an attribute, in bytes: a million of the greatest are a gigabyte, of the ten that a connection may take.
pub const VALUE_BYTES: usize = 1_000;
/// Longest address, in bytes (RFC 5321).
const ADDRESS_BYTES: usize = 254;
/// Longest name of a property.
const PROPERTY_CHARS: usize = 50;
/// What a member of an audience has.
pub const MEMBER: &str = "true";
/// What whoever was one has.
pub const NO_MEMBER: &str = "false";

/// What an attribute's values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttributeKind {
    /// Whether somebody is a member.
    Audience,
    /// A text.
    String,
    /// A number.
    Number,
    /// Yes or no.
    Bool,
    /// A day.
    Date,
    /// A moment.
    Datetime,
    /// One of several options.
    Enumeration,
}

impl AttributeKind {
    /// Those of calculated attributes.
    pub const VALUES: [Self; 6] =
        [Self::String, Self::Number, Self::Bool, Self::Date, Self::Datetime, Self::Enumeration];

    /// As on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Audience => "audience",
            Self::String => "string",
            Self::Number => "number",
            Self::Bool => "bool",
            Self::Date => "date",
            Self::Datetime => "datetime",
            Self::Enumeration => "enumeration",
        }
    }

    /// That of a name on the wire.
    pub fn parse(text: &str) -> Option<Self> {
        Self::VALUES.into_iter().chain([Self::Audience]).find(|kind| kind.as_str() == text)
    }

    /// In words: what a value is.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Audience => "membership",
            Self::String => "a text",
            Self::Number => "a number",
            Self::Bool => "yes or no",
            Self::Date => "a date",
            Self::Datetime => "a date and time",
            Self::Enumeration => "one of several options",
        }
    }

    /// Whether it is an audience's.
    pub const fn is_audience(self) -> bool {
        matches!(self, Self::Audience)
    }

    /// HubSpot's type and field type.
    pub const fn types(self) -> (&'static str, &'static str) {
        match self {
            Self::Audience | Self::Bool => ("bool", "booleancheckbox"),
            Self::String => ("string", "text"),
            Self::Number => ("number", "number"),
            Self::Date | Self::Datetime => (self.as_str(), "date"),
            Self::Enumeration => ("enumeration", "select"),
        }
    }
}

/// One of the values that an attribute of options may have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// As contacts hold it.
    pub value: String,
    /// What people see.
    pub label: String,
}

/// What becomes of an address that no contact has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unknown {
    /// A contact is made.
    Create,
    /// Nothing: who becomes a contact later is written then.
    #[default]
    Skip,
}

impl Unknown {
    /// As on the wire, both.
    pub const ALL: [&'static str; 2] = ["create", "skip"];
}

/// How the properties and their group are called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names {
    /// Before each name of a property, with an underscore. Properties that are there keep theirs.
    pub prefix: String,
    /// HubSpot's name of their group.
    pub group: String,
    /// Its label.
    pub label: String,
}

impl Default for Names {
    fn default() -> Self {
        Self {
            prefix: "spoke".to_owned(),
            group: "spoke_activations".to_owned(),
            label: "Spoke Activations".to_owned(),
        }
    }
}

impl Names {
    /// What is wrong with them, each with its place.
    pub fn faults(&self) -> Vec<(&'static str, String)> {
        let fits = |text: &str, most: usize| {
            (1..=most).contains(&text.len())
                && text.starts_with(|first: char| first.is_ascii_lowercase())
                && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
                && !text.starts_with("hs_")
        };
        let mut faults = Vec::new();
        for (at, text, most) in
            [("/prefix", &self.prefix, PREFIX_CHARS), ("/group", &self.group, GROUP_CHARS)]
        {
            if !fits(text, most) || (at == "/prefix" && text == "hs") {
                let words = format!(
                    "`{}` is 1 to {most} lower-case letters, digits and underscores, begins with a letter and not with `hs_`.",
                    at.trim_start_matches('/')
                );
                faults.push((at, words));
            }
        }
        if !is_line(&self.label, GROUP_LABEL_CHARS) {
            faults.push(("/label", format!("`label` is 1 to {GROUP_LABEL_CHARS} characters.")));
        }
        faults
    }

    /// A name for an attribute's property that nobody has: `spoke_aud_abandon_basket`, or the same with a number behind it.
    pub fn property_of(&self, audience: bool, id: &str, taken: &BTreeSet<String>) -> String {
        let start = format!("{}_{}_", self.prefix, if audience { "aud" } else { "att" });
        let slug = slug(id);
        let name = |end: &str| {
            let room = PROPERTY_CHARS.saturating_sub(start.len() + end.len());
            let kept = slug.get(..slug.len().min(room)).unwrap_or_default().trim_end_matches('_');
            format!("{start}{kept}{end}")
        };
        let plain = name("");
        if !taken.contains(&plain) {
            return plain;
        }
        let mut further = (2_u32..).map(|number| name(&format!("_{number}")));
        further.find(|name| !taken.contains(name)).unwrap_or(plain)
    }
}

/// Lower-case letters, digits and single underscores of an id; `x` where there is none of them.
fn slug(id: &str) -> String {
    let mut slug = String::with_capacity(id.len());
    for byte in id.bytes() {
        if byte.is_ascii_alphanumeric() {
            slug.push(char::from(byte.to_ascii_lowercase()));
        } else if !slug.is_empty() && !slug.ends_with('_') {
            slug.push('_');
        }
    }
    let kept = slug.trim_end_matches('_').len();
    slug.truncate(kept);
    if slug.is_empty() { "x".to_owned() } else { slug }
}

/// Whether a text is one line of `most` characters, and not blank.
pub fn is_line(text: &str, most: usize) -> bool {
    !text.trim().is_empty() && text.chars().count() <= most && !text.contains(char::is_control)
}

/// What an attribute's property is, as far as values are concerned.
pub fn definition(property: &str, label: &str, kind: AttributeKind, options: &[Choice]) -> Definition {
    let (value_type, field_type) = kind.types();
    let options = options
        .iter()
        .map(|choice| property_value::Choice { value: choice.value.clone(), label: choice.label.clone() });
    Definition {
        name: property.to_owned(),
        label: label.to_owned(),
        value_type: value_type.to_owned(),
        field_type: field_type.to_owned(),
        options: options.collect(),
        ..Definition::default()
    }
}

/// A value as HubSpot holds it, or why the attribute cannot have it. An empty one is none.
pub fn value(definition: &Definition, text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Err("A value is not empty: take it away instead.".to_owned());
    }
    let written = property_value::write(definition, &Value::String(text.to_owned()), Manner::Replace)
        .map_err(|refusal| refusal.detail)?;
    if written.len() > VALUE_BYTES {
        return Err(format!("A value has {VALUE_BYTES} bytes at most."));
    }
    Ok(written)
}

/// An address as it is kept and looked up: without spaces around it, in lower case; `None`: none that HubSpot would take.
pub fn address(email: &str) -> Option<String> {
    let address = email.trim().to_lowercase();
    let odd = |odd: char| odd.is_whitespace() || odd.is_control() || matches!(odd, ';' | ',' | '<' | '>');
    let (before, domain) = address.split_once('@')?;
    let fits = !before.is_empty()
        && !domain.contains('@')
        && domain.split('.').count() > 1
        && domain.split('.').all(|part| !part.is_empty())
        && address.len() <= ADDRESS_BYTES
        && !address.contains(odd);
    fits.then_some(address)
}

/// The definition of a property, as HubSpot takes it to make one.
pub fn made(
    (property, group): (&str, &str),
    (label, description): (&str, &str),
    kind: AttributeKind,
    choices: &[Choice],
) -> Value {
    let (value_type, field_type) = kind.types();
    let mut body = json!({
        "name": property,
        "label": label,
        "description": description,
        "groupName": group,
        "type": value_type,
        "fieldType": field_type,
        "formField": false,
    });
    let options = options(kind, choices);
    if !options.is_empty() {
        body["options"] = json!(options);
    }
    body
}

/// What of a property follows its attribute, as HubSpot takes it to change one. `known`: options that HubSpot has, all of which stay.
pub fn changed(
    (label, description): (&str, &str),
    kind: AttributeKind,
    choices: &[Choice],
    known: &[property_value::Choice],
) -> Value {
    let mut body = json!({ "label": label, "description": description });
    if kind == AttributeKind::Enumeration {
        let mut all = choices.to_vec();
        let others = known.iter().filter(|own| !choices.iter().any(|choice| choice.value == own.value));
        all.extend(others.map(|own| Choice { value: own.value.clone(), label: own.label.clone() }));
        body["options"] = json!(options(kind, &all));
    }
    body
}

/// What keeps a property of HubSpot's from holding an attribute, in a sentence; `None`: it can.
pub fn misfit(kind: AttributeKind, field: &Definition) -> Option<String> {
    if let Err(refusal) = field.writable() {
        return Some(refusal.detail);
    }
    let (wanted, _) = kind.types();
    // A box to tick may be an enumeration of `true` and `false`.
    let ticked = wanted == "bool" && field.field_type == "booleancheckbox";
    if field.value_type == wanted || ticked {
        return None;
    }
    Some(format!(
        "`{}` is in HubSpot already and has the type `{}`, and holds `{wanted}` here. Rename or remove it there, then try again.",
        field.name, field.value_type
    ))
}

/// The options of a property as HubSpot takes them.
fn options(kind: AttributeKind, options: &[Choice]) -> Vec<Value> {
    let option = |order: usize, label: &str, value: &str| json!({ "label": label, "value": value, "displayOrder": order, "hidden": false });
    match kind {
        AttributeKind::Audience | AttributeKind::Bool => {
            vec![option(0, "Yes", "true"), option(1, "No", "false")]
        }
        AttributeKind::Enumeration => {
            let each = options.iter().enumerate();
            each.map(|(order, choice)| option(order, &choice.label, &choice.value)).collect()
        }
        AttributeKind::String | AttributeKind::Number | AttributeKind::Date | AttributeKind::Datetime => {
            Vec::new()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_property_is_named_after_its_attribute_and_nobody_else() {
        let names = Names::default();
        let mut taken = BTreeSet::new();
        let mut next = |audience, id: &str| {
            let name = names.property_of(audience, id, &taken);
            assert!(taken.insert(name.clone()), "{name} is taken");
            assert!(name.len() <= 50, "{name}");
            name
        };
        assert_eq!(next(true, "Abandon Basket"), "spoke_aud_abandon_basket");
        assert_eq!(next(true, "abandon-basket"), "spoke_aud_abandon_basket_2");
        assert_eq!(next(false, "abandon-basket"), "spoke_att_abandon_basket");
        assert_eq!(next(true, "~.:"), "spoke_aud_x");
        let long = "a".repeat(100);
        assert_eq!(next(true, &long), format!("spoke_aud_{}", "a".repeat(40)));
        assert_eq!(next(true, &long), format!("spoke_aud_{}_2", "a".repeat(38)));
    }

    #[test]
    fn what_is_no_name_is_said_to_be_none_with_its_place() {
        let wrong = Names { prefix: "hs".to_owned(), group: "Gruppe".to_owned(), label: " ".to_owned() };
        let places: Vec<&str> = wrong.faults().iter().map(|(at, _)| *at).collect();
        assert_eq!(places, ["/prefix", "/group", "/label"]);
        assert_eq!(Names::default().faults(), []);
    }

    #[test]
    fn a_value_is_written_as_hubspot_holds_it_or_refused_with_words() {
        let of = |kind, options: &[Choice]| definition("p", "P", kind, options);
        let read = |kind, text: &str| value(&of(kind, &[]), text);
        assert_eq!(read(AttributeKind::Number, "1e2").as_deref(), Ok("100"));
        assert_eq!(read(AttributeKind::Bool, "TRUE").as_deref(), Ok("true"));
        assert_eq!(read(AttributeKind::Date, "2026-01-31").as_deref(), Ok("2026-01-31"));
        assert_eq!(
            read(AttributeKind::Datetime, "2026-01-31T15:30:00Z").as_deref(),
            Ok("2026-01-31T15:30:00.000Z")
        );
        for (kind, text) in [
            (AttributeKind::Number, "much"),
            (AttributeKind::Bool, "perhaps"),
            (AttributeKind::Date, "soon"),
            (AttributeKind::Audience, "member"),
            (AttributeKind::String, ""),
        ] {
            assert!(read(kind, text).is_err(), "{kind:?} {text}");
        }
        assert!(read(AttributeKind::String, &"x".repeat(VALUE_BYTES + 1)).is_err());
        let options = [Choice { value: "gold".to_owned(), label: "Gold".to_owned() }];
        let tier = of(AttributeKind::Enumeration, &options);
        assert_eq!(value(&tier, "Gold").as_deref(), Ok("gold"));
        assert!(value(&tier, "tin").is_err());
    }

    #[test]
    fn a_property_is_made_with_its_options_and_changed_without_losing_those_of_others() {
        let choice = |value: &str| Choice { value: value.to_owned(), label: value.to_uppercase() };
        let body = made(("p_aud_a", "g"), ("A", ""), AttributeKind::Audience, &[]);
        assert_eq!((&body["type"], &body["fieldType"]), (&json!("bool"), &json!("booleancheckbox")));
        assert_eq!((&body["options"][0]["value"], &body["groupName"]), (&json!("true"), &json!("g")));
        assert_eq!(made(("p", "g"), ("A", ""), AttributeKind::Number, &[]).get("options"), None);
        let known = ["tin", "gold"]
            .map(|value| property_value::Choice { value: value.to_owned(), label: "Of HubSpot".to_owned() });
        let body = changed(("B", "C"), AttributeKind::Enumeration, &[choice("gold")], &known);
        let values: Vec<&Value> =
            body["options"].as_array().unwrap().iter().map(|option| &option["value"]).collect();
        assert_eq!(values, ["gold", "tin"]);
        assert_eq!(
            changed(("B", "C"), AttributeKind::Date, &[], &[]),
            json!({ "label": "B", "description": "C" })
        );
    }

    #[test]
    fn a_property_of_another_type_cannot_hold_an_attribute() {
        let own = definition("p", "P", AttributeKind::Audience, &[]);
        assert_eq!(misfit(AttributeKind::Audience, &own), None);
        let ticked = Definition { value_type: "enumeration".to_owned(), ..own.clone() };
        assert_eq!(misfit(AttributeKind::Audience, &ticked), None);
        assert!(misfit(AttributeKind::Number, &own).unwrap().contains("`bool`"));
        assert!(misfit(AttributeKind::Audience, &Definition { read_only: true, ..own }).is_some());
    }

    #[test]
    fn an_address_is_kept_in_one_form() {
        assert_eq!(address(" Ada@Example.COM ").as_deref(), Some("ada@example.com"));
        for wrong in ["", "ada", "ada@", "a b@c.de", "ada@example"] {
            assert_eq!(address(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn kinds_are_their_names() {
        for kind in AttributeKind::VALUES.into_iter().chain([AttributeKind::Audience]) {
            assert_eq!(AttributeKind::parse(kind.as_str()), Some(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
        assert_eq!(AttributeKind::parse("text"), None);
    }
}
