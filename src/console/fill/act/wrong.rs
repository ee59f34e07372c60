//! What is wrong with a form, and where that is said.

use crate::engine::portal::outbox::actions::Refusal;

/// What is wrong: at an input or a row by its name, or in the whole.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Wrong {
    pub(super) inputs: Vec<(String, String)>,
    /// By field.
    pub(super) rows: Vec<(String, String)>,
    /// What belongs to neither.
    pub form: Vec<String>,
}

impl Wrong {
    fn at(name: &str, words: &str) -> Self {
        Self { inputs: vec![(name.to_owned(), words.to_owned())], ..Self::default() }
    }

    /// Something more, at an input.
    pub(super) fn add(&mut self, name: &str, words: &str) {
        self.inputs.push((name.to_owned(), words.to_owned()));
    }

    /// Something that belongs to no input.
    pub fn whole(words: &str) -> Self {
        Self { form: vec![words.to_owned()], ..Self::default() }
    }

    /// What the engine refuses, at the input it is about.
    pub fn of(refusal: &Refusal) -> Self {
        let words = refusal.words.replace('`', "");
        let mut parts = refusal.at.split('/').skip(1);
        match (parts.next(), parts.next()) {
            (Some("properties"), Some(field)) => {
                let field = field.replace("~1", "/").replace("~0", "~");
                Self { rows: vec![(field, words)], ..Self::default() }
            }
            // People type minutes.
            (Some("duration_s"), _) => Self::at("duration", "A call lasts 0 to 1,440 minutes."),
            (Some("pipeline"), _) => Self::at("stage", &words),
            (Some("company"), Some(_)) => Self::at("company_domain", &words),
            (Some(name), _) if INPUTS.contains(&name) => Self::at(name, &words),
            _ => Self { form: vec![words], ..Self::default() },
        }
    }
}

const INPUTS: [&str; 17] = [
    "domain",
    "name",
    "email",
    "owner",
    "list",
    "subject",
    "due",
    "type",
    "priority",
    "body",
    "at",
    "outcome",
    "direction",
    "recording_url",
    "stage",
    "title",
    "url",
];
