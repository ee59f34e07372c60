//! What people and the host's servers ask of activations: audiences and attributes with their values, activations, properties.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{ACTIVATIONS_LIMIT, Activation, Sync};
use crate::{
    engine::portal::{Effect, Portal, Turn},
    store::{portal::activations as store, sql::SqlError},
    values::{
        attribute::{self, AttributeKind, Choice, DESCRIPTION_CHARS, NAME_CHARS, Names, Unknown},
        ids::{ActivationId, AttributeId},
    },
};

/// Most values of one request: a thousand of a kilobyte are the megabyte that its body may have.
pub const AT_ONCE: usize = 1_000;
/// Most addresses of one page: some 150 bytes each.
pub const VALUES_LIMIT: u32 = 1_000;
/// Most refused contacts of one page: some 300 bytes each.
pub const REFUSED_LIMIT: u32 = 1_000;

/// Why nobody is taken away by a line of a replacement.
pub const TAKES_NONE_AWAY: &str =
    "A replacement is of those that stay: whoever is not in it is taken away when it ends.";

/// An audience or an attribute, as a host or a person describes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewAttribute {
    /// What people call it: the label of its property.
    pub name: String,
    /// What it is: the help text of its property; may be empty.
    pub description: String,
    /// What its values are; [`AttributeKind::Audience`] of an audience. That of one that is there does not change.
    pub kind: AttributeKind,
    /// What the values of an enumeration may be; empty of all others. Options may be added, and none may go.
    pub options: Vec<Choice>,
    /// Of an audience whose members are found: a filter, see [`crate::engine::audience`]. Members of one that is found are not sent, nor the
    /// other way round, for good.
    pub computed: Option<Value>,
}

/// An activation, as a person describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewActivation {
    /// What people call it.
    pub name: String,
    /// What it is for; may be empty.
    pub description: String,
    /// Which audiences, each once.
    pub audiences: Vec<AttributeId>,
    /// Which attributes, likewise.
    pub attributes: Vec<AttributeId>,
    /// What becomes of addresses that no contact has.
    pub unknown: Unknown,
}

/// What can be asked. Of an audience where `audiences`, else of an attribute.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Answers [`Answer::Json`] `{group, group_label, prefix, waits?, marks, refused, attributes, audiences, activations, limits}`.
    Settings,
    /// Sets how properties are called from now on. Answers as [`Command::Settings`], or [`Answer::Refused`].
    Set(Names),
    /// All audiences, or all attributes. Answers [`Answer::Json`] `{results}`, each `{id, name, description, type, options?, property,
    /// made, state, members, trouble?, computed?, created_at, updated_at}`.
    Attributes {
        /// Which.
        audiences: bool,
    },
    /// One of them. Answers [`Answer::Json`] or [`Answer::Missing`].
    Attribute {
        /// Which.
        audiences: bool,
        /// Its id.
        id: AttributeId,
    },
    /// Makes or changes one. Answers as [`Command::Attribute`], or [`Answer::Refused`].
    PutAttribute {
        /// Which.
        audiences: bool,
        /// Its id.
        id: AttributeId,
        /// How it is to be.
        new: NewAttribute,
    },
    /// What depends on it. Answers [`Answer::Json`] `{property, activations: [{id, name}], others: [{what, id, name}]}`, or
    /// [`Answer::Missing`].
    UsedBy {
        /// Which.
        audiences: bool,
        /// Its id.
        id: AttributeId,
    },
    /// Deletes it: its values go, and its property is archived. Answers [`Answer::Done`] or [`Answer::Missing`].
    RemoveAttribute {
        /// Which.
        audiences: bool,
        /// Its id.
        id: AttributeId,
    },
    /// Tries again to make, change or archive its property. Answers as [`Command::Attribute`].
    RetryProperty {
        /// Which.
        audiences: bool,
        /// Its id.
        id: AttributeId,
    },
    /// Keeps values, at most [`AT_ONCE`], and takes values away; of an address the last counts. Answers [`Answer::Json`]
    /// `{kept, changed, refused: [{email, why, place}]}`, [`Answer::Missing`] or [`Answer::Refused`]. `changed`: those that are new, another
    /// or away; `place`: which of `values`, from 0.
    PutValues {
        /// Which.
        audiences: bool,
        /// Its id.
        id: AttributeId,
        /// Addresses with their values, of an audience `true`; `None`: what is kept of the address goes.
        values: Vec<(String, Option<String>)>,
        /// Of which replacement they are, in which nothing is taken away; `None`: of none.
        round: Option<i64>,
    },
    /// Answers [`Answer::Done`] or [`Answer::Missing`].
    RemoveValue {
        /// Which.
        audiences: bool,
        /// Its id.
        id: AttributeId,
        /// Of whom.
        email: String,
    },
    /// Answers [`Answer::Json`] `{email, value, contact?, in_step, refused?}` or [`Answer::Missing`].
    Value {
        /// Which.
        audiences: bool,
        /// Its id.
        id: AttributeId,
        /// Of whom.
        email: String,
    },
    /// A page of addresses with their values, in order. Answers [`Answer::Page`] or [`Answer::Missing`].
    Values {
        /// Which.
        audiences: bool,
        /// Its id.
        id: AttributeId,
        /// Behind this address.
        after: Option<String>,
        /// Capped at [`VALUES_LIMIT`].
        limit: u32,
    },
    /// Begins a full replacement. Answers [`Answer::Json`] `{round}`, [`Answer::Missing`] or [`Answer::Refused`].
    BeginReplace {
        /// Which.
        audiences: bool,
        /// Its id.
        id: AttributeId,
    },
    /// Everything of a replacement has been put: the others go. Answers [`Answer::Json`] `{round, removing}`, [`Answer::Missing`] or
    /// [`Answer::Refused`].
    EndReplace {
        /// Which.
        audiences: bool,
        /// Its id.
        id: AttributeId,
        /// As [`Command::BeginReplace`] told.
        round: i64,
    },
    /// Answers [`Answer::Json`] `{results}`.
    Activations,
    /// Answers [`Answer::Json`] or [`Answer::Missing`].
    Activation(ActivationId),
    /// Makes one; its first sync begins. Answers [`Answer::Json`] or [`Answer::Refused`].
    AddActivation(NewActivation),
    /// Changes one; what changed is synced. Answers likewise, or [`Answer::Missing`].
    EditActivation(ActivationId, NewActivation),
    /// Deletes one; properties and what contacts hold stay. Answers [`Answer::Done`] or [`Answer::Missing`].
    RemoveActivation(ActivationId),
    /// Nothing is written for it. Answers as [`Command::Activation`].
    PauseActivation(ActivationId),
    /// It goes on. Answers likewise.
    ResumeActivation(ActivationId),
    /// Goes over everybody once more. Answers likewise.
    SyncActivation(ActivationId),
    /// Contacts that HubSpot refused. Answers [`Answer::Page`].
    Refused {
        /// Behind this address.
        after: Option<String>,
        /// So many further.
        skip: u32,
        /// Capped at [`REFUSED_LIMIT`].
        limit: u32,
    },
    /// Tries all of them again. Answers [`Answer::Done`].
    RetryRefused,
}

/// What is answered.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// A body in the API's shape.
    Json(String),
    /// A page: `results` in the API's shape, and behind which address the next begins.
    Page {
        /// JSON.
        results: String,
        /// An address.
        next: Option<String>,
    },
    /// It is done.
    Done,
    /// There is none.
    Missing,
    /// It is not done.
    Refused {
        /// The member of the body that is wrong, or empty.
        at: String,
        /// Why, in a sentence.
        words: String,
        /// What another account, or another moment, would take.
        of_account: bool,
    },
}

impl Answer {
    pub(super) fn refused(at: &str, words: impl Into<String>, of_account: bool) -> Self {
        Self::Refused { at: at.to_owned(), words: words.into(), of_account }
    }

    fn json_or_missing(shown: Option<Value>) -> Self {
        shown.map_or(Self::Missing, |shown| Self::Json(shown.to_string()))
    }
}

/// Audiences and attributes, by our numbers.
type Selected = (Vec<i64>, Vec<i64>);

impl Portal {
    /// Answers a command about activations.
    #[inline(never)]
    pub(in crate::engine::portal) fn activation_command(
        &mut self,
        turn: &mut Turn<'_>,
        command: Command,
        effects: &mut Vec<Effect>,
    ) -> Result<Answer, SqlError> {
        let number = |audiences: bool, id: &AttributeId| self.activations.number_of(audiences, id);
        Ok(match command {
            Command::Settings => Answer::Json(self.shown_activations(turn)?.to_string()),
            Command::Set(names) => {
                if let Some((at, words)) = names.faults().into_iter().next() {
                    return Ok(Answer::refused(at, words, false));
                }
                self.activations.kept.names = names;
                self.activations.kept.trouble = None;
                self.activations.save(turn)?;
                Answer::Json(self.shown_activations(turn)?.to_string())
            }
            Command::Attributes { audiences } => {
                Answer::Json(self.shown_attributes(turn, audiences)?.to_string())
            }
            Command::Attribute { audiences, id } => match number(audiences, &id) {
                Some(number) => self.attribute_answer(turn, number)?,
                None => Answer::Missing,
            },
            Command::PutAttribute { audiences, id, new } => {
                self.put_attribute(turn, audiences, &id, new, effects)?
            }
            Command::UsedBy { audiences, id } => match number(audiences, &id) {
                Some(number) => Answer::json_or_missing(self.shown_uses(turn, number)?),
                None => Answer::Missing,
            },
            Command::RemoveAttribute { audiences, id } => match number(audiences, &id) {
                Some(number) => self.remove_attribute(turn, number, effects)?,
                None => Answer::Missing,
            },
            Command::RetryProperty { audiences, id } => match number(audiences, &id) {
                Some(number) => self.retry_property(turn, number, effects)?,
                None => Answer::Missing,
            },
            Command::PutValues { audiences, id, .. }
            | Command::RemoveValue { audiences, id, .. }
            | Command::BeginReplace { audiences, id }
            | Command::EndReplace { audiences, id, .. }
                if self.is_found(audiences, &id) =>
            {
                let words = "The members of this audience are found by its filter: nobody is put in or taken out by hand.";
                Answer::refused("", words, true)
            }
            Command::PutValues { audiences, id, values, round } => {
                self.put_values(turn, (audiences, &id), &values, round, effects)?
            }
            Command::RemoveValue { audiences, id, email } => {
                self.remove_value(turn, (audiences, &id), &email, effects)?
            }
            Command::Value { audiences, id, email } => self.value(turn, (audiences, &id), &email)?,
            Command::Values { audiences, id, after, limit } => {
                self.values_page(turn, (audiences, &id), after.as_deref(), limit)?
            }
            Command::BeginReplace { audiences, id } => self.begin_replace(turn, (audiences, &id))?,
            Command::EndReplace { audiences, id, round } => {
                self.end_replace(turn, (audiences, &id), round, effects)?
            }
            Command::Activations => {
                let numbers: Vec<i64> = self.activations.all.keys().copied().collect();
                let mut results = Vec::new();
                for number in numbers {
                    results.extend(self.shown_activation(turn, number)?);
                }
                Answer::Json(json!({ "results": results }).to_string())
            }
            Command::Activation(id) => self.activation_answer(turn, &id)?,
            Command::AddActivation(new) => self.add_activation(turn, new, effects)?,
            Command::EditActivation(id, new) => self.edit_activation(turn, &id, new, effects)?,
            Command::RemoveActivation(id) => match self.activations.activation(&id) {
                Some(number) => {
                    self.activations.all.remove(&number);
                    self.activations.untidy = true;
                    store::remove_activation(turn.sql, number)?;
                    Answer::Done
                }
                None => Answer::Missing,
            },
            Command::PauseActivation(id) => {
                self.change_activation(turn, &id, |own| own.paused = true)?;
                self.activation_answer(turn, &id)?
            }
            Command::ResumeActivation(id) => {
                let now = turn.now;
                // What happened meanwhile nobody has marked.
                self.change_activation(turn, &id, |own| {
                    if std::mem::take(&mut own.paused) {
                        own.sync = Sync::new(now);
                    }
                })?;
                self.rouse_idle(turn.now, effects);
                self.activation_answer(turn, &id)?
            }
            Command::SyncActivation(id) => {
                let now = turn.now;
                self.change_activation(turn, &id, |own| own.sync = Sync::new(now))?;
                self.rouse_idle(turn.now, effects);
                self.activation_answer(turn, &id)?
            }
            Command::Refused { after, skip, limit } => {
                Self::refused_page(turn, after.as_deref(), (skip, limit))?
            }
            Command::RetryRefused => {
                let generation = self.tick(turn.now);
                store::retry_refused(turn.sql, generation, turn.now)?;
                self.activations.stir();
                self.rouse_idle(turn.now, effects);
                Answer::Done
            }
        })
    }

    fn is_found(&self, audiences: bool, id: &AttributeId) -> bool {
        let own = self.activations.number_of(audiences, id);
        own.and_then(|number| self.activations.attributes.get(&number))
            .is_some_and(|own| own.saved.found.is_some())
    }

    fn activation_answer(&self, turn: &Turn<'_>, id: &ActivationId) -> Result<Answer, SqlError> {
        Ok(match self.activations.activation(id) {
            Some(number) => Answer::json_or_missing(self.shown_activation(turn, number)?),
            None => Answer::Missing,
        })
    }

    fn change_activation(
        &mut self,
        turn: &Turn<'_>,
        id: &ActivationId,
        change: impl FnOnce(&mut Activation),
    ) -> Result<(), SqlError> {
        let Some(number) = self.activations.activation(id) else { return Ok(()) };
        let Some(own) = self.activations.all.get_mut(&number) else { return Ok(()) };
        change(own);
        own.updated_at = turn.now;
        own.save(turn, number)
    }

    /// The attributes that a description selects, by our numbers, or what is wrong with it.
    fn selection_of(
        &self,
        turn: &Turn<'_>,
        new: &NewActivation,
    ) -> Result<Result<Selected, Answer>, SqlError> {
        if !attribute::is_line(&new.name, NAME_CHARS) {
            let words = format!("`name` is 1 to {NAME_CHARS} characters.");
            return Ok(Err(Answer::refused("/name", words, false)));
        }
        if new.description.chars().count() > DESCRIPTION_CHARS {
            let words = format!("`description` is {DESCRIPTION_CHARS} characters at most.");
            return Ok(Err(Answer::refused("/description", words, false)));
        }
        let mut numbers = [Vec::new(), Vec::new()];
        let lists = [(true, "/audiences", &new.audiences), (false, "/attributes", &new.attributes)];
        for (place, (audiences, at, ids)) in lists.into_iter().enumerate() {
            for id in ids {
                let what = if audiences { "audience" } else { "attribute" };
                let own = self.activations.number_of(audiences, id).and_then(|number| {
                    let own = self.activations.attributes.get(&number)?;
                    (!own.saved.deleting).then_some(number)
                });
                match own {
                    Some(number) if numbers[place].contains(&number) => {}
                    Some(number) => numbers[place].push(number),
                    None => {
                        let words = format!("There is no {what} `{id}`.");
                        return Ok(Err(Answer::refused(at, words, true)));
                    }
                }
            }
        }
        let [audiences, attributes] = numbers;
        let all: Vec<i64> = audiences.iter().chain(&attributes).copied().collect();
        if all.is_empty() {
            let words = "Select an audience or an attribute.";
            return Ok(Err(Answer::refused("/audiences", words, false)));
        }
        if let Some(words) = self.no_room_for(turn, &all)? {
            return Ok(Err(Answer::refused("", words, true)));
        }
        Ok(Ok((audiences, attributes)))
    }

    fn add_activation(
        &mut self,
        turn: &mut Turn<'_>,
        new: NewActivation,
        effects: &mut Vec<Effect>,
    ) -> Result<Answer, SqlError> {
        if self.activations.all.len() >= ACTIVATIONS_LIMIT {
            let words = format!("A connection has {ACTIVATIONS_LIMIT} activations at most.");
            return Ok(Answer::refused("", words, true));
        }
        let (audiences, attributes) = match self.selection_of(turn, &new)? {
            Ok(selected) => selected,
            Err(refused) => return Ok(refused),
        };
        let mut bytes = [0; 12];
        (turn.random)(&mut bytes);
        let own = Activation {
            id: ActivationId::from_random(bytes),
            name: new.name,
            description: new.description,
            audiences,
            attributes,
            unknown: new.unknown,
            paused: false,
            sync: Sync::new(turn.now),
            created_at: turn.now,
            updated_at: turn.now,
        };
        let id = own.id.clone();
        self.follow_from_now(turn)?;
        let number = store::add_activation(turn.sql, id.as_str(), &super::text(&own)?)?;
        if self.activations.all.is_empty() {
            // What the feed told before is seen by the walk.
            self.activations.followed = crate::store::portal::feed::latest(turn.sql)?;
        }
        self.activations.all.insert(number, own);
        self.has_properties(turn, number, effects)?;
        self.activation_answer(turn, &id)
    }

    fn edit_activation(
        &mut self,
        turn: &mut Turn<'_>,
        id: &ActivationId,
        new: NewActivation,
        effects: &mut Vec<Effect>,
    ) -> Result<Answer, SqlError> {
        let Some(number) = self.activations.activation(id) else { return Ok(Answer::Missing) };
        let (audiences, attributes) = match self.selection_of(turn, &new)? {
            Ok(selected) => selected,
            Err(refused) => return Ok(refused),
        };
        let now = turn.now;
        self.change_activation(turn, id, |own| {
            let before: BTreeSet<i64> = own.selects().collect();
            let creates = new.unknown == Unknown::Create && own.unknown == Unknown::Skip;
            (own.name, own.description, own.unknown) = (new.name, new.description, new.unknown);
            (own.audiences, own.attributes) = (audiences, attributes);
            if creates || own.selects().collect::<BTreeSet<i64>>() != before {
                own.sync = Sync::new(now);
            }
        })?;
        self.has_properties(turn, number, effects)?;
        self.activation_answer(turn, id)
    }

    /// What an activation selects is made, or read where it is there already.
    fn has_properties(
        &mut self,
        turn: &mut Turn<'_>,
        number: i64,
        effects: &mut Vec<Effect>,
    ) -> Result<(), SqlError> {
        let selects: Vec<i64> =
            self.activations.all.get(&number).map(|own| own.selects().collect()).unwrap_or_default();
        for attribute in selects {
            let own = self.activations.attributes.get(&attribute);
            if own.is_some_and(|own| own.saved.made && !self.is_ready(own)) {
                self.show_property(turn, attribute, effects)?;
            }
        }
        self.rouse_idle(turn.now, effects);
        Ok(())
    }
}
