//! What an account has to choose from in the form of an action: owners, lists, stages, fields. Owns nothing: it is read anew for each form.

use serde::Deserialize;

use crate::{
    console::fill::mappings::Catalog,
    values::{
        ids::ObjectType,
        json,
        time::{MINUTE_MS, Timestamp},
    },
};

/// What an account has to choose from, as its Portal tells it.
#[derive(Debug, Default)]
pub struct Sources {
    /// Owners: id, words, e-mail address.
    pub(super) owners: Vec<(String, String, String)>,
    /// Lists whose members are set by hand: id, name.
    pub(super) lists: Vec<(String, String)>,
    /// Stages of deals: `pipeline/stage`, words.
    pub(super) stages: Vec<(String, String)>,
    /// Fields that can be written.
    pub catalog: Catalog,
    /// What the account's clock is ahead of UTC.
    pub utc_offset_ms: i64,
}

impl Sources {
    /// Owners who have not left, as `GET …/owners` tells them.
    pub fn take_owners(&mut self, told: &str) {
        #[derive(Deserialize)]
        struct Owner {
            id: String,
            #[serde(default)]
            email: Option<String>,
            #[serde(default)]
            first_name: Option<String>,
            #[serde(default)]
            last_name: Option<String>,
            #[serde(default)]
            archived: bool,
        }
        let line = |owner: Owner| {
            let parts: Vec<String> = [owner.first_name, owner.last_name].into_iter().flatten().collect();
            let (name, email) = (parts.join(" ").trim().to_owned(), owner.email.unwrap_or_default());
            let words = match (name.is_empty(), email.is_empty()) {
                (false, false) => format!("{name} ({email})"),
                (false, true) => name,
                (true, false) => email.clone(),
                (true, true) => format!("Owner {}", owner.id),
            };
            (owner.id, words, email.to_lowercase())
        };
        self.owners = results::<Owner>(told).into_iter().filter(|owner| !owner.archived).map(line).collect();
        self.owners.sort_by_cached_key(|(_, words, _)| words.to_lowercase());
    }

    /// Lists of the type that take members, as `GET …/lists` tells them.
    pub fn take_lists(&mut self, told: &str, kind: ObjectType) {
        #[derive(Deserialize)]
        struct List {
            id: String,
            name: String,
            #[serde(default)]
            object_type: Option<String>,
            processing_type: String,
        }
        let kind = kind.to_string();
        let fits =
            |list: &List| list.object_type.as_ref() == Some(&kind) && list.processing_type != "dynamic";
        self.lists =
            results::<List>(told).into_iter().filter(fits).map(|list| (list.id, list.name)).collect();
        self.lists.sort_by_cached_key(|(_, name)| name.to_lowercase());
    }

    /// Stages of deals, as `GET …/pipelines/deals` tells them.
    pub fn take_stages(&mut self, told: &str) {
        #[derive(Deserialize)]
        struct Stage {
            id: String,
            label: String,
        }
        #[derive(Deserialize)]
        struct Pipeline {
            id: String,
            label: String,
            stages: Vec<Stage>,
        }
        let all = results::<Pipeline>(told);
        let several = all.len() > 1;
        for pipeline in all {
            for stage in pipeline.stages {
                let words =
                    if several { format!("{}: {}", pipeline.label, stage.label) } else { stage.label };
                self.stages.push((format!("{}/{}", pipeline.id, stage.id), words));
            }
        }
    }

    /// Owners as they can be named in a line: by their address, or where that is not known by their id.
    pub fn owners(&self) -> Vec<(String, String)> {
        let name = |(id, words, email): &(String, String, String)| match email.as_str() {
            "" => (id.clone(), words.clone()),
            email => (email.to_owned(), words.clone()),
        };
        self.owners.iter().map(name).collect()
    }

    /// Lists that take members by hand.
    pub(in crate::console::fill) fn lists(&self) -> &[(String, String)] {
        &self.lists
    }

    pub(super) fn owner_words(&self) -> Vec<(String, String)> {
        self.owners.iter().map(|(id, words, _)| (id.clone(), words.clone())).collect()
    }

    /// The account's clock at a moment, as an input of day and time has it.
    pub(super) fn local(&self, at: Timestamp) -> String {
        Timestamp(at.0 + self.utc_offset_ms).to_rfc3339()[..16].to_owned()
    }

    /// The moment that such an input names.
    pub(super) fn moment(&self, text: &str) -> Option<Timestamp> {
        let whole = if text.len() == 16 { format!("{text}:00Z") } else { format!("{text}Z") };
        Timestamp::parse_rfc3339(&whole).map(|at| Timestamp(at.0 - self.utc_offset_ms))
    }

    pub(super) fn clock(&self) -> String {
        let minutes = self.utc_offset_ms / MINUTE_MS;
        let sign = if minutes < 0 { '−' } else { '+' };
        format!("By the account's clock (UTC{sign}{:02}:{:02}).", minutes.abs() / 60, minutes.abs() % 60)
    }
}

fn results<T: serde::de::DeserializeOwned>(told: &str) -> Vec<T> {
    #[derive(Deserialize)]
    struct Told<T> {
        results: Vec<T>,
    }
    json::parse::<Told<T>>(told).map(|told| told.results).unwrap_or_default()
}
