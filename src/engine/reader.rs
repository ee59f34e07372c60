//! Reading definitions and happenings as hosts and people send them: member by member, with everything that is wrong and its place.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::values::filter::{self, Code, Fault};

/// Fields of the host's own, of a signal, an account, a visitor or an event, each.
pub const FIELDS: usize = 100;
/// Characters of such a field's name: what a filter can name.
pub const FIELD_CHARS: usize = filter::MAX_NAME;
/// Characters of such a field's value: longer than any address of a page.
pub const VALUE_CHARS: usize = 2_000;
/// Characters of an e-mail address: more than mail allows.
const EMAIL_CHARS: usize = 200;

/// A fault at a place.
pub(in crate::engine) fn fault(path: &str, code: Code, detail: impl Into<String>) -> Fault {
    Fault { path: path.to_owned(), code, detail: detail.into() }
}

/// The faults of a part, each at its place in the whole.
pub(in crate::engine) fn within(path: &str, faults: Vec<Fault>) -> impl Iterator<Item = Fault> {
    faults.into_iter().map(move |fault| Fault { path: format!("{path}{}", fault.path), ..fault })
}

/// A key of an object as a JSON pointer has it.
pub(in crate::engine) fn pointer_part(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// Reads objects member by member, and notes what is wrong with each.
#[derive(Default)]
pub(in crate::engine) struct Reader {
    pub(in crate::engine) faults: Vec<Fault>,
}

/// What stands on one line, in 1 to `most` characters, without the spaces around it.
pub(in crate::engine) fn one_line(text: &str, most: usize) -> Option<String> {
    let trimmed = text.trim();
    let fits = (1..=most).contains(&trimmed.chars().count()) && !text.chars().any(char::is_control);
    fits.then(|| trimmed.to_owned())
}

impl Reader {
    pub(in crate::engine) fn note(&mut self, path: &str, code: Code, detail: impl Into<String>) {
        self.faults.push(fault(path, code, detail));
    }

    /// The members; refuses others, so that a misspelt one is not silently without effect.
    pub(in crate::engine) fn object<'a>(
        &mut self,
        value: &'a Value,
        path: &str,
        known: &[&str],
    ) -> Option<&'a Map<String, Value>> {
        let Some(entries) = value.as_object() else {
            self.note(path, Code::Shape, format!("This is an object with {}.", known.join(", ")));
            return None;
        };
        if let Some(key) = entries.keys().find(|key| !known.contains(&key.as_str())) {
            let key: String = key.chars().take(40).collect();
            self.note(path, Code::Shape, format!("There is no \"{key}\" here, only {}.", known.join(", ")));
        }
        Some(entries)
    }

    /// A text of 1 to `most` characters on one line; null and absence are none.
    pub(in crate::engine) fn text(
        &mut self,
        entries: &Map<String, Value>,
        path: &str,
        key: &str,
        most: usize,
        needed: bool,
    ) -> Option<String> {
        match entries.get(key) {
            None | Some(Value::Null) if !needed => None,
            value => {
                let read = value.and_then(Value::as_str).and_then(|text| one_line(text, most));
                if read.is_some() {
                    return read;
                }
                let words = format!("\"{key}\" is a text of 1 to {most} characters on one line.");
                self.note(&format!("{path}/{key}"), Code::Shape, words);
                None
            }
        }
    }

    /// An e-mail address in lower case; null and absence are none.
    pub(in crate::engine) fn email(
        &mut self,
        entries: &Map<String, Value>,
        path: &str,
        key: &str,
    ) -> Option<String> {
        let email = self.text(entries, path, key, EMAIL_CHARS, false)?.to_lowercase();
        let odd = |letter: char| letter.is_whitespace() || matches!(letter, ';' | '@');
        let part = |part: &str| !part.is_empty() && !part.contains(odd);
        if !email.split_once('@').is_some_and(|(before, after)| part(before) && part(after)) {
            let words = format!("\"{key}\" is one e-mail address.");
            self.note(&format!("{path}/{key}"), Code::Shape, words);
        }
        Some(email)
    }

    /// Values by the host's own names, as texts; null and absence are none.
    pub(in crate::engine) fn fields(
        &mut self,
        entries: &Map<String, Value>,
        path: &str,
        key: &str,
    ) -> BTreeMap<String, String> {
        let path = format!("{path}/{key}");
        let fields = match entries.get(key) {
            None | Some(Value::Null) => return BTreeMap::new(),
            Some(Value::Object(fields)) => fields,
            Some(_) => {
                let words = format!("\"{key}\" is an object of values by your own names.");
                self.note(&path, Code::Shape, words);
                return BTreeMap::new();
            }
        };
        if fields.len() > FIELDS {
            self.note(&path, Code::Limit, format!("At most {FIELDS} {key}."));
            return BTreeMap::new();
        }
        let mut all = BTreeMap::new();
        for (name, value) in fields {
            let own = || format!("{path}/{}", pointer_part(name));
            if !(1..=FIELD_CHARS).contains(&name.chars().count()) || name.chars().any(char::is_control) {
                self.note(&path, Code::Shape, format!("A name has 1 to {FIELD_CHARS} characters."));
                continue;
            }
            let text = match value {
                Value::Null => continue,
                Value::String(text) => text.clone(),
                Value::Bool(_) | Value::Number(_) => value.to_string(),
                Value::Array(_) | Value::Object(_) => {
                    self.note(&own(), Code::Shape, "A value is a text, a number, a truth or null.");
                    continue;
                }
            };
            if text.chars().count() > VALUE_CHARS {
                self.note(&own(), Code::Limit, format!("A value has {VALUE_CHARS} characters at most."));
                continue;
            }
            all.insert(name.clone(), text);
        }
        all
    }
}
