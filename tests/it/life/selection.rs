//! An administrator who chooses which fields are mirrored.

use std::collections::BTreeSet;

use serde_json::Value;
use spoke::{
    engine::portal::{
        messages::{Answer, Command},
        selection::{Selection, always},
    },
    values::ids::ObjectType,
};

use super::World;

impl World {
    /// The fields of contacts that HubSpot lists, as the connection knows them.
    pub fn fields(&mut self) -> Vec<String> {
        let command = Command::Fields { object_type: ObjectType::Contacts };
        let Some(Answer::Json(text)) = self.command(command) else { return Vec::new() };
        let fields: Value = serde_json::from_str(&text).unwrap();
        let listed =
            fields["results"].as_array().unwrap().iter().filter(|field| field["vanished_at"].is_null());
        listed.map(|field| field["name"].as_str().unwrap().to_owned()).collect()
    }

    /// Chooses fields of contacts; what it answers is what was made of it.
    pub fn choose(&mut self, fields: Option<&[&str]>, kept_fresh: &[&str]) -> Option<Answer> {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        let selection = Selection { fields: fields.map(names), kept_fresh: names(kept_fresh) };
        let answer = self.command(Command::Select { object_type: ObjectType::Contacts, selection });
        if matches!(answer, Some(Answer::Json(_))) {
            match fields {
                Some(fields) => {
                    let needed = always(ObjectType::Contacts).iter().map(|name| (*name).to_owned());
                    self.chosen.insert(ObjectType::Contacts, needed.chain(names(fields)).collect());
                }
                None => drop(self.chosen.remove(&ObjectType::Contacts)),
            }
        }
        answer
    }

    /// Chooses about half of the fields, if they are known already and the database does not fail just then.
    pub(super) fn choose_some(&mut self) {
        let all = self.fields();
        let some: Vec<&str> = all.iter().filter(|_| self.rng.bool()).map(String::as_str).collect();
        self.choose(Some(&some), &[]);
    }
}
