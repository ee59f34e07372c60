//! Options: found by value, or else by the label of exactly one; and what an administrator may have meant.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Code, Definition, Manner, Refusal, is_id, text};
use crate::values::filter::reading;

/// Options named to somebody whose own is none.
const NEAREST: usize = 3;
/// From this likeness on (Jaro–Winkler, 1: the same) an option is worth naming: `Enterprize` and `Enterprise` have 0.96, `red` and
/// `green` 0.51.
const ALIKE: f64 = 0.75;
/// Characters of a text that are compared with options, whose labels are shorter.
const COMPARED: usize = 100;

/// The value of the option that a text means; `None`: none, or several.
pub(super) fn find<'a>(definition: &'a Definition, wanted: &str) -> Option<&'a str> {
    if let Some(choice) = definition.options.iter().find(|choice| choice.value == wanted) {
        return Some(&choice.value);
    }
    let folded = reading::fold(wanted);
    let mut labelled =
        definition.options.iter().filter(|choice| reading::fold(choice.label.trim()) == folded);
    match (labelled.next(), labelled.next()) {
        (Some(choice), None) => Some(&choice.value),
        (_, _) => None,
    }
}

/// The value of one option.
pub(super) fn one(definition: &Definition, value: &Value) -> Result<String, Refusal> {
    let value = match value {
        Value::Array(items) if items.len() == 1 => &items[0],
        Value::Array(_) => {
            return Err(definition.refuse(Code::OneOptionOnly, "holds one option at a time"));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => value,
    };
    let wanted = scalar(definition, value)?;
    if definition.options.is_empty() {
        return Ok(wanted);
    }
    find(definition, &wanted).map(str::to_owned).ok_or_else(|| unknown(definition, &wanted))
}

/// The values of several options, in HubSpot's order, each once; of those that are not known in the order given.
pub(super) fn several(definition: &Definition, value: &Value, manner: Manner) -> Result<String, Refusal> {
    let wanted = match value {
        Value::Array(items) => items.iter().map(|item| scalar(definition, item)).collect::<Result<_, _>>()?,
        Value::String(text) => parts(definition, text),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {
            vec![scalar(definition, value)?]
        }
    };
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    for text in &wanted {
        let option = match find(definition, text) {
            Some(option) => option,
            None if definition.options.is_empty() && !text.contains(';') => text,
            None => return Err(unknown(definition, text)),
        };
        if definition.options.is_empty() && definition.names_owners() && !is_id(option) {
            let words = "names HubSpot owners: it takes their numbers, which the list of owners tells";
            return Err(definition.refuse(Code::NotAnOwner, words));
        }
        if seen.insert(option) {
            found.push(option);
        }
    }
    if found.is_empty() {
        return Err(unknown(definition, ""));
    }
    found.sort_by_key(|option| definition.options.iter().position(|choice| choice.value == **option));
    let joined = found.join(";");
    Ok(if manner == Manner::Append { format!(";{joined}") } else { joined })
}

/// The options of one text: all of it where that is one, else what its semicolons part.
fn parts(definition: &Definition, text: &str) -> Vec<String> {
    if find(definition, text.trim()).is_some() {
        return vec![text.trim().to_owned()];
    }
    reading::options(text).map(str::to_owned).collect()
}

/// One value as a text.
fn scalar(definition: &Definition, value: &Value) -> Result<String, Refusal> {
    let text = text(value).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    text.ok_or_else(|| unknown(definition, ""))
}

/// The refusal of an option that is none.
fn unknown(definition: &Definition, wanted: &str) -> Refusal {
    let labelled = definition
        .options
        .iter()
        .filter(|choice| !wanted.is_empty() && reading::fold(choice.label.trim()) == reading::fold(wanted));
    if labelled.count() > 1 {
        let words = "has several options with this label: give the value of one";
        return definition.refuse(Code::NotAnOption, words);
    }
    let near = nearest(definition, wanted);
    let words = match near.as_slice() {
        [] => "has no such option. Give the value or the label of one that it has".to_owned(),
        near => format!("has no such option. The nearest: {}", near.join(", ")),
    };
    definition.refuse(Code::NotAnOption, &words)
}

/// The options that are most like a text, the nearest first.
fn nearest(definition: &Definition, wanted: &str) -> Vec<String> {
    let wanted: String = reading::fold(wanted).chars().take(COMPARED).collect();
    let likeness = |text: &str| {
        let text: String = reading::fold(text).chars().take(COMPARED).collect();
        strsim::jaro_winkler(&text, &wanted)
    };
    let scored = definition
        .options
        .iter()
        .map(|choice| (likeness(&choice.label).max(likeness(&choice.value)), choice));
    let mut near: Vec<_> = scored.filter(|(score, _)| *score >= ALIKE).collect();
    near.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    let name = |text: &str| text.chars().take(60).collect::<String>();
    near.into_iter()
        .take(NEAREST)
        .map(|(_, choice)| {
            if choice.label == choice.value {
                format!("`{}`", name(&choice.value))
            } else {
                format!("\"{}\" (`{}`)", name(&choice.label), name(&choice.value))
            }
        })
        .collect()
}
