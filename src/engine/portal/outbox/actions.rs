//! What people and automations may have done in HubSpot, and the writes each comes to.
//!
//! Everything is checked against what is known here before HubSpot is asked: fields, owners, stages, records that are gone. Owns nothing.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    engine::portal::{
        Portal, Turn,
        beside::Source,
        mappings::{self, definitions},
        outbox::{Who, Write},
    },
    hubspot::writes::{Values, unlabelled},
    store::{
        portal::{keys, records, reference},
        sql::SqlError,
    },
    values::{
        ids::{ListId, ObjectType, RecordId},
        json,
        mapping::{Action, Why},
        property_value::{self, Manner},
        time::Timestamp,
    },
};

/// Most links of a new record: what HubSpot's own pages offer at once, and far more than an activity has.
pub const TIES_LIMIT: usize = 50;
/// Most fields of one action: HubSpot has some 400 of its own and 1,000 of the account's, of which nobody writes half at once.
pub const FIELDS_LIMIT: usize = 500;
/// Characters of a text: HubSpot's own limit of a value (`hubspot-api.md` 4.4).
pub const TEXT_CHARS: usize = 65_536;

/// What kind of action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Name {
    /// A company, if there is none of the domain.
    ImportCompany,
    /// A contact, if there is none of the address.
    ImportContact,
    /// The company's owner becomes somebody.
    ClaimAccount,
    /// A record comes on a list.
    AddToList,
    /// A record leaves a list.
    RemoveFromList,
    /// A task.
    CreateTask,
    /// A call that was made.
    LogCall,
    /// A note.
    AddNote,
    /// A deal moves, or gets other values.
    UpdateDeal,
    /// Any record gets other values.
    UpdateRecord,
}

impl Name {
    /// All, in the order in which they are shown.
    pub const ALL: [Self; 10] = [
        Self::ImportCompany,
        Self::ImportContact,
        Self::ClaimAccount,
        Self::AddToList,
        Self::RemoveFromList,
        Self::CreateTask,
        Self::LogCall,
        Self::AddNote,
        Self::UpdateDeal,
        Self::UpdateRecord,
    ];

    /// As in requests and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ImportCompany => "import_company",
            Self::ImportContact => "import_contact",
            Self::ClaimAccount => "claim_account",
            Self::AddToList => "add_to_list",
            Self::RemoveFromList => "remove_from_list",
            Self::CreateTask => "create_task",
            Self::LogCall => "log_call",
            Self::AddNote => "add_note",
            Self::UpdateDeal => "update_deal",
            Self::UpdateRecord => "update_record",
        }
    }

    /// In words, for people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::ImportCompany => "Import company",
            Self::ImportContact => "Import contact",
            Self::ClaimAccount => "Claim account",
            Self::AddToList => "Add to list",
            Self::RemoveFromList => "Remove from list",
            Self::CreateTask => "Create task",
            Self::LogCall => "Log call",
            Self::AddNote => "Add note",
            Self::UpdateDeal => "Update deal",
            Self::UpdateRecord => "Update record",
        }
    }
}

/// A record of HubSpot's that something is linked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tie {
    /// Its type.
    #[serde(rename = "type")]
    pub object_type: ObjectType,
    /// Which.
    pub id: RecordId,
}

/// Somebody in HubSpot to whom records belong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Owner {
    /// HubSpot's id of the owner.
    Id(String),
    /// Their e-mail address in HubSpot, in any case.
    Email(String),
}

/// The company of a contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum CompanyOf {
    /// This one.
    Id(RecordId),
    /// The one of this domain; made if there is none.
    Domain(String),
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
pub enum Wanted {
    /// A company, if there is none of the domain.
    ImportCompany {
        /// Its domain.
        domain: String,
        /// Its name; the domain if absent.
        #[serde(default)]
        name: Option<String>,
        /// Other values.
        #[serde(default)]
        properties: Map<String, Value>,
        /// Who it belongs to.
        #[serde(default)]
        owner: Option<Owner>,
    },
    /// A contact, if there is none of the address.
    ImportContact {
        /// Its address.
        email: String,
        /// Other values.
        #[serde(default)]
        properties: Map<String, Value>,
        /// Its company.
        #[serde(default)]
        company: Option<CompanyOf>,
        /// Who it belongs to.
        #[serde(default)]
        owner: Option<Owner>,
    },
    /// The company's owner becomes somebody.
    ClaimAccount {
        /// Which company.
        company: RecordId,
        /// Who.
        owner: Owner,
    },
    /// A record comes on a list.
    AddToList {
        /// Which list.
        list: ListId,
        /// Which record, of the list's type.
        record: RecordId,
    },
    /// A record leaves a list.
    RemoveFromList {
        /// Which list.
        list: ListId,
        /// Which record.
        record: RecordId,
    },
    /// A task.
    CreateTask {
        /// What people see.
        subject: String,
        /// More of it.
        #[serde(default)]
        body: Option<String>,
        /// `TODO`, `CALL` or `EMAIL`.
        #[serde(default, rename = "type")]
        task_type: Option<String>,
        /// `LOW`, `MEDIUM` or `HIGH`.
        #[serde(default)]
        priority: Option<String>,
        /// When it is due: RFC 3339.
        due: String,
        /// Whose it is.
        #[serde(default)]
        owner: Option<Owner>,
        /// What it is about.
        #[serde(default)]
        about: Vec<Tie>,
    },
    /// A call that was made.
    LogCall {
        /// What people see.
        #[serde(default)]
        title: Option<String>,
        /// Notes.
        #[serde(default)]
        notes: Option<String>,
        /// When: RFC 3339.
        at: String,
        /// How long, in seconds.
        #[serde(default)]
        duration_s: Option<f64>,
        /// HubSpot's id of the outcome, or one of its own by name (`connected`, `no_answer`, …).
        #[serde(default)]
        outcome: Option<String>,
        /// `INBOUND` or `OUTBOUND`.
        #[serde(default)]
        direction: Option<String>,
        /// From which number.
        #[serde(default)]
        from: Option<String>,
        /// To which number.
        #[serde(default)]
        to: Option<String>,
        /// Where the recording is: `https://…`.
        #[serde(default)]
        recording_url: Option<String>,
        /// Whose it is.
        #[serde(default)]
        owner: Option<Owner>,
        /// The task that is done with it.
        #[serde(default)]
        completes_task: Option<RecordId>,
        /// Who was called.
        #[serde(default)]
        about: Vec<Tie>,
    },
    /// A note.
    AddNote {
        /// What it says; HTML is HubSpot's to show.
        body: String,
        /// When: RFC 3339; now if absent.
        #[serde(default)]
        at: Option<String>,
        /// Whose it is.
        #[serde(default)]
        owner: Option<Owner>,
        /// What it is about.
        #[serde(default)]
        about: Vec<Tie>,
    },
    /// A deal moves, or gets other values.
    UpdateDeal {
        /// Which.
        deal: RecordId,
        /// The stage's name or id.
        #[serde(default)]
        stage: Option<String>,
        /// The pipeline's name or id; that of the stage if absent.
        #[serde(default)]
        pipeline: Option<String>,
        /// Other values.
        #[serde(default)]
        properties: Map<String, Value>,
    },
    /// Any record gets other values.
    UpdateRecord {
        /// Its type.
        #[serde(rename = "type")]
        object_type: ObjectType,
        /// Which.
        record: RecordId,
        /// The values; none where a mapping brings them.
        #[serde(default)]
        properties: Map<String, Value>,
    },
}

impl Wanted {
    /// The mapping that fills fields of it from what the host sends.
    const fn mapping(&self) -> Option<Action> {
        Some(match self {
            Self::ImportCompany { .. } => Action::ImportCompany,
            Self::ImportContact { .. } => Action::ImportContact,
            Self::UpdateDeal { .. } => Action::UpdateDeal,
            Self::CreateTask { .. } => Action::CreateTask,
            Self::LogCall { .. } => Action::LogCall,
            Self::AddNote { .. } => Action::AddNote,
            Self::UpdateRecord { object_type: ObjectType::Companies, .. } => Action::UpdateCompany,
            Self::UpdateRecord { object_type: ObjectType::Contacts, .. } => Action::UpdateContact,
            Self::UpdateRecord { .. }
            | Self::ClaimAccount { .. }
            | Self::AddToList { .. }
            | Self::RemoveFromList { .. } => return None,
        })
    }

    /// Its name.
    pub const fn name(&self) -> Name {
        match self {
            Self::ImportCompany { .. } => Name::ImportCompany,
            Self::ImportContact { .. } => Name::ImportContact,
            Self::ClaimAccount { .. } => Name::ClaimAccount,
            Self::AddToList { .. } => Name::AddToList,
            Self::RemoveFromList { .. } => Name::RemoveFromList,
            Self::CreateTask { .. } => Name::CreateTask,
            Self::LogCall { .. } => Name::LogCall,
            Self::AddNote { .. } => Name::AddNote,
            Self::UpdateDeal { .. } => Name::UpdateDeal,
            Self::UpdateRecord { .. } => Name::UpdateRecord,
        }
    }
}

/// Why something is not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// What of the request it is about: a JSON pointer.
    pub at: String,
    /// In words, for an administrator.
    pub words: String,
    /// Another account would take it: it is this one that lacks something.
    pub of_account: bool,
}

impl Refusal {
    fn new(at: impl Into<String>, words: impl Into<String>) -> Self {
        Self { at: at.into(), words: words.into(), of_account: false }
    }

    /// There is nothing to be written.
    pub(super) fn nothing() -> Self {
        Self::new("/properties", "Nothing of the record is to be changed.")
    }

    fn of_account(at: impl Into<String>, words: impl Into<String>) -> Self {
        Self { of_account: true, ..Self::new(at, words) }
    }
}

/// The writes of an action, or why there are none.
pub(super) type Plan = Result<Vec<Write>, Refusal>;

/// HubSpot's own outcomes of calls (`hubspot-api.md` 4.7).
const OUTCOMES: [(&str, &str); 6] = [
    ("busy", "9d9162e7-6cf3-4944-bf63-4dff82258764"),
    ("connected", "f240bbac-87c9-4f6e-bf70-924b57d47db7"),
    ("left_live_message", "a4c4c377-d246-4b32-a13b-75a56a4cd0ff"),
    ("left_voicemail", "b2cf5968-551e-4856-9783-52b3da59a7d0"),
    ("no_answer", "73a0d17f-1163-4015-bdd5-ec830791da20"),
    ("wrong_number", "17b47fee-58de-441e-a44c-c6300d46f273"),
];

/// Ends with the refusal.
macro_rules! allowed {
    ($result:expr) => {
        match $result {
            Ok(value) => value,
            Err(refusal) => return Ok(Err(refusal)),
        }
    };
}

impl Portal {
    /// What an action comes to.
    pub(super) fn plan_action(&self, turn: &Turn<'_>, wanted: &Wanted) -> Result<Plan, SqlError> {
        Ok(match wanted {
            Wanted::ImportCompany { domain, name, properties, owner } => {
                let mut values = allowed!(self.values(turn, ObjectType::Companies, properties)?);
                allowed!(owned(turn, &mut values, owner.as_ref())?);
                let domain = allowed!(domain_of(domain, "/domain"));
                let name = name.clone().unwrap_or_else(|| domain.clone());
                values.entry("name".to_owned()).or_insert(name);
                Ok(vec![company(domain, values)])
            }
            Wanted::ImportContact { email, properties, company: of, owner } => {
                let email = email.trim().to_lowercase();
                if !email.contains('@') || email.len() > 254 || email.contains(char::is_whitespace) {
                    return Ok(Err(Refusal::new("/email", "This is no e-mail address.")));
                }
                if self.blocks.has_email(&email) {
                    let words = "This person was erased and is kept out: nothing of them is written.";
                    return Ok(Err(Refusal::of_account("/email", words)));
                }
                let mut values = allowed!(self.values(turn, ObjectType::Contacts, properties)?);
                allowed!(owned(turn, &mut values, owner.as_ref())?);
                values.insert("email".to_owned(), email.clone());
                let mut writes = Vec::new();
                let of = match of {
                    None => None,
                    Some(CompanyOf::Id(id)) => {
                        allowed!(self.there(turn, ObjectType::Companies, *id, "/company/id")?);
                        Some(Who::Id(*id))
                    }
                    Some(CompanyOf::Domain(domain)) => {
                        let domain = allowed!(domain_of(domain, "/company/domain"));
                        let known = keys::by_key(turn.sql, ObjectType::Companies, &domain, 1)?;
                        Some(match known.first() {
                            Some(live) => Who::Id(live.id),
                            None => {
                                let values = Values::from([("name".to_owned(), domain.clone())]);
                                writes.push(company(domain, values));
                                Who::Step(0)
                            }
                        })
                    }
                };
                let contact = writes.len() as u8;
                writes.push(Write::Create {
                    object_type: ObjectType::Contacts,
                    values,
                    ties: Vec::new(),
                    unless: Some(email),
                    droppable: BTreeSet::new(),
                });
                // A link of its own, as the contact may be there already, without it.
                writes.extend(of.map(|of| Write::Tie {
                    from: ObjectType::Contacts,
                    from_id: Who::Step(contact),
                    to: ObjectType::Companies,
                    to_id: of,
                }));
                Ok(writes)
            }
            Wanted::ClaimAccount { company, owner } => {
                allowed!(self.there(turn, ObjectType::Companies, *company, "/company")?);
                let mut values = Values::new();
                allowed!(owned(turn, &mut values, Some(owner))?);
                Ok(vec![update(ObjectType::Companies, *company, values)])
            }
            Wanted::AddToList { list, record } | Wanted::RemoveFromList { list, record } => {
                allowed!(list_takes_members(turn, *list)?);
                let add = wanted.name() == Name::AddToList;
                Ok(vec![Write::Member { list: *list, add, id: Who::Id(*record) }])
            }
            Wanted::CreateTask { subject, body, task_type, priority, due, owner, about } => {
                let mut values = Values::new();
                put(&mut values, "hs_task_subject", Some(subject));
                put(&mut values, "hs_task_body", body.as_ref());
                put(&mut values, "hs_task_status", Some(&"NOT_STARTED".to_owned()));
                let kind = task_type.as_deref().unwrap_or("TODO");
                allowed!(one_of(&mut values, "hs_task_type", kind, &["TODO", "CALL", "EMAIL"], "/type"));
                if let Some(priority) = priority {
                    let all = ["LOW", "MEDIUM", "HIGH"];
                    allowed!(one_of(&mut values, "hs_task_priority", priority, &all, "/priority"));
                }
                values.insert("hs_timestamp".to_owned(), allowed!(moment(due, "/due")));
                allowed!(owned(turn, &mut values, owner.as_ref())?);
                self.activity(turn, ObjectType::Tasks, values, about)?
            }
            Wanted::LogCall { .. } => self.call(turn, wanted)?,
            Wanted::AddNote { body, at, owner, about } => {
                let mut values = Values::new();
                put(&mut values, "hs_note_body", Some(body));
                let now = turn.now.to_rfc3339();
                let at = at.as_deref().unwrap_or(&now);
                values.insert("hs_timestamp".to_owned(), allowed!(moment(at, "/at")));
                allowed!(owned(turn, &mut values, owner.as_ref())?);
                self.activity(turn, ObjectType::Notes, values, about)?
            }
            Wanted::UpdateDeal { deal, stage, pipeline, properties } => {
                allowed!(self.there(turn, ObjectType::Deals, *deal, "/deal")?);
                let mut values = allowed!(self.values(turn, ObjectType::Deals, properties)?);
                allowed!(staged(turn, &mut values, stage.as_deref(), pipeline.as_deref())?);
                Ok(vec![update(ObjectType::Deals, *deal, values)])
            }
            Wanted::UpdateRecord { object_type, record, properties } => {
                allowed!(self.there(turn, *object_type, *record, "/record")?);
                let values = allowed!(self.values(turn, *object_type, properties)?);
                Ok(vec![update(*object_type, *record, values)])
            }
        })
    }

    fn call(&self, turn: &Turn<'_>, wanted: &Wanted) -> Result<Plan, SqlError> {
        let Wanted::LogCall {
            title,
            notes,
            at,
            duration_s,
            outcome,
            direction,
            from,
            to,
            recording_url,
            owner,
            completes_task,
            about,
        } = wanted
        else {
            return Ok(Ok(Vec::new()));
        };
        let mut values = Values::new();
        put(&mut values, "hs_call_title", title.as_ref());
        put(&mut values, "hs_call_body", notes.as_ref());
        put(&mut values, "hs_call_status", Some(&"COMPLETED".to_owned()));
        put(&mut values, "hs_call_from_number", from.as_ref());
        put(&mut values, "hs_call_to_number", to.as_ref());
        values.insert("hs_timestamp".to_owned(), allowed!(moment(at, "/at")));
        if let Some(seconds) = duration_s {
            if !(0.0..=86_400.0).contains(seconds) {
                return Ok(Err(Refusal::new("/duration_s", "A call lasts 0 to 86,400 seconds.")));
            }
            values.insert("hs_call_duration".to_owned(), format!("{:.0}", seconds * 1_000.0));
        }
        if let Some(outcome) = outcome {
            let known = OUTCOMES.iter().find(|(name, id)| name == outcome || id == outcome);
            let id = known.map_or(outcome.as_str(), |(_, id)| id);
            if id.len() != 36 {
                let names: Vec<&str> = OUTCOMES.iter().map(|(name, _)| *name).collect();
                let words = format!("An outcome is HubSpot's id of it, or one of `{}`.", names.join("`, `"));
                return Ok(Err(Refusal::new("/outcome", words)));
            }
            values.insert("hs_call_disposition".to_owned(), id.to_owned());
        }
        let direction = direction.as_deref().unwrap_or("OUTBOUND");
        let both = ["INBOUND", "OUTBOUND"];
        allowed!(one_of(&mut values, "hs_call_direction", direction, &both, "/direction"));
        if let Some(url) = recording_url {
            if !url.starts_with("https://") {
                return Ok(Err(Refusal::new(
                    "/recording_url",
                    "HubSpot takes recordings at `https://` only.",
                )));
            }
            values.insert("hs_call_recording_url".to_owned(), url.clone());
        }
        allowed!(owned(turn, &mut values, owner.as_ref())?);
        let mut writes = allowed!(self.activity(turn, ObjectType::Calls, values, about)?);
        if let Some(task) = completes_task {
            let values = Values::from([("hs_task_status".to_owned(), "COMPLETED".to_owned())]);
            writes.push(update(ObjectType::Tasks, *task, values));
        }
        Ok(Ok(writes))
    }

    fn activity(
        &self,
        turn: &Turn<'_>,
        kind: ObjectType,
        values: Values,
        about: &[Tie],
    ) -> Result<Plan, SqlError> {
        if about.len() > TIES_LIMIT {
            return Ok(Err(Refusal::new("/about", format!("At most {TIES_LIMIT} records."))));
        }
        for (name, value) in &values {
            if value.chars().count() > TEXT_CHARS {
                let words = format!("HubSpot takes {TEXT_CHARS} characters of `{name}`.");
                return Ok(Err(Refusal::new("", words)));
            }
        }
        let mut ties = Vec::new();
        for (index, tie) in about.iter().enumerate() {
            let at = format!("/about/{index}");
            if unlabelled(kind, tie.object_type).is_none() {
                let words =
                    format!("HubSpot has no link from {kind} to {} that is documented.", tie.object_type);
                return Ok(Err(Refusal::new(at, words)));
            }
            allowed!(self.there(turn, tie.object_type, tie.id, &at)?);
            ties.push((tie.object_type, Who::Id(tie.id)));
        }
        let droppable = BTreeSet::new();
        Ok(Ok(vec![Write::Create { object_type: kind, values, ties, unless: None, droppable }]))
    }

    /// Refuses a record that the mirror knows to be gone; one that it does not know may be there.
    fn there(
        &self,
        turn: &Turn<'_>,
        kind: ObjectType,
        id: RecordId,
        at: &str,
    ) -> Result<Result<(), Refusal>, SqlError> {
        if !self.mirrors(kind) {
            return Ok(Ok(()));
        }
        let known = records::known(turn.sql, kind, &[id], None)?;
        let gone = known.first().is_some_and(|row| !row.live) || self.blocks.has(kind, id);
        if !gone {
            return Ok(Ok(()));
        }
        let words = match records::merged_into(turn.sql, kind, id)? {
            Some(into) => format!("This record became part of {into}."),
            None => "This record is not in HubSpot any more.".to_owned(),
        };
        Ok(Err(Refusal::of_account(at, words)))
    }

    /// The host's values as HubSpot takes them, checked against the fields that are known.
    fn values(
        &self,
        turn: &Turn<'_>,
        kind: ObjectType,
        given: &Map<String, Value>,
    ) -> Result<Result<Values, Refusal>, SqlError> {
        if given.len() > FIELDS_LIMIT {
            return Ok(Err(Refusal::new("/properties", format!("At most {FIELDS_LIMIT} fields."))));
        }
        let names: Vec<&str> = given.keys().map(String::as_str).collect();
        let known = definitions(turn.sql, kind, Some(&names))?;
        // Custom objects that are not mirrored have fields that nobody here knows: HubSpot says what it thinks of them.
        let discovered = self.mirrors(kind) || !matches!(kind, ObjectType::Custom(_));
        let mut values = Values::new();
        for (name, value) in given {
            let at = format!("/properties/{}", name.replace('~', "~0").replace('/', "~1"));
            let text = match (known.get(name), value) {
                (Some(definition), _) => match property_value::write(definition, value, Manner::Replace) {
                    Ok(text) => text,
                    Err(refused) => return Ok(Err(Refusal::of_account(at, refused.detail))),
                },
                (None, _) if discovered => {
                    let refused = property_value::Refusal::unknown_field(name);
                    return Ok(Err(Refusal::of_account(at, refused.detail)));
                }
                (None, Value::String(text)) => text.clone(),
                (None, Value::Null) => String::new(),
                (None, Value::Bool(_) | Value::Number(_)) => value.to_string(),
                (None, Value::Array(_) | Value::Object(_)) => {
                    return Ok(Err(Refusal::new(at, "A value is a text, a number, a truth or null.")));
                }
            };
            values.insert(name.clone(), text);
        }
        Ok(Ok(values))
    }

    /// Fills the fields that the action's mapping names from what the host sent; what the action says itself comes first. Which fields
    /// stay as they are, and why.
    pub(super) fn fill(
        &self,
        turn: &Turn<'_>,
        wanted: &Wanted,
        host: &Map<String, Value>,
        writes: &mut [Write],
    ) -> Result<Vec<(String, Why)>, SqlError> {
        let Some(action) = wanted.mapping() else { return Ok(Vec::new()) };
        let Some(mapping) = mappings::load(turn.sql, action)? else { return Ok(Vec::new()) };
        let kind = action.object_type();
        let own = writes.iter_mut().find_map(|write| match write {
            Write::Create { object_type, values, droppable, .. } if *object_type == kind => {
                Some((None, values, droppable))
            }
            Write::Update { object_type, id, values, droppable } if *object_type == kind => {
                Some((id.id(), values, droppable))
            }
            _ => None,
        });
        let Some((id, values, droppable)) = own else { return Ok(Vec::new()) };
        let names: Vec<&str> = mapping.entries.iter().map(|entry| entry.field.as_str()).collect();
        let fields = definitions(turn.sql, kind, Some(&names))?;
        let live = match id {
            Some(id) if self.mirrors(kind) => records::live_by_ids(turn.sql, kind, &[id])?.into_iter().next(),
            _ => None,
        };
        let held: BTreeMap<String, String> = live
            .map(|live| json::parse(&live.properties).map_err(|_| SqlError::Content("records")))
            .transpose()?
            .unwrap_or_default();
        let current = |name: &str| held.get(name).map(String::as_str);
        let filled = mapping.fill(host, current, |name| fields.get(name));
        for (name, text) in filled.properties {
            values.entry(name).or_insert(text);
        }
        droppable.extend(filled.droppable);
        Ok(filled.left)
    }
}

/// Puts the owner among the values.
fn owned(
    turn: &Turn<'_>,
    values: &mut Values,
    owner: Option<&Owner>,
) -> Result<Result<(), Refusal>, SqlError> {
    #[derive(Deserialize)]
    struct Known {
        id: String,
        email: Option<String>,
        archived: bool,
    }
    let Some(owner) = owner else { return Ok(Ok(())) };
    let joined = format!("[{}]", reference::joined(turn.sql, Source::Owners.as_str())?);
    let all: Vec<Known> = json::parse(&joined).map_err(|_| SqlError::Content("reference"))?;
    let found = all.iter().find(|known| match owner {
        Owner::Id(id) => known.id == *id,
        Owner::Email(email) => {
            known.email.as_ref().is_some_and(|own| own.to_lowercase() == email.trim().to_lowercase())
        }
    });
    Ok(match found {
        Some(known) if !known.archived => {
            values.insert("hubspot_owner_id".to_owned(), known.id.clone());
            Ok(())
        }
        Some(_) => Err(Refusal::of_account("/owner", "This owner has left the HubSpot account.")),
        None => Err(Refusal::of_account(
            "/owner",
            "The HubSpot account has no such owner. Owners are read every hour: somebody who came since appears after *Refresh*.",
        )),
    })
}

fn company(domain: String, mut values: Values) -> Write {
    values.insert("domain".to_owned(), domain.clone());
    let (ties, droppable) = (Vec::new(), BTreeSet::new());
    Write::Create { object_type: ObjectType::Companies, values, ties, unless: Some(domain), droppable }
}

fn update(object_type: ObjectType, id: RecordId, values: Values) -> Write {
    Write::Update { object_type, id: Who::Id(id), values, droppable: BTreeSet::new() }
}

fn put(values: &mut Values, name: &str, value: Option<&String>) {
    values.extend(value.map(|value| (name.to_owned(), value.clone())));
}

fn one_of(values: &mut Values, name: &str, value: &str, all: &[&str], at: &str) -> Result<(), Refusal> {
    let upper = value.to_uppercase();
    if !all.contains(&upper.as_str()) {
        return Err(Refusal::new(at, format!("One of `{}`.", all.join("`, `"))));
    }
    values.insert(name.to_owned(), upper);
    Ok(())
}

fn moment(text: &str, at: &str) -> Result<String, Refusal> {
    let moment = Timestamp::parse_rfc3339(text);
    let moment =
        moment.ok_or_else(|| Refusal::new(at, "A moment is written as 2026-11-20T09:30:00Z (RFC 3339)."))?;
    Ok(moment.to_rfc3339())
}

fn domain_of(text: &str, at: &str) -> Result<String, Refusal> {
    let text = text.trim().to_lowercase();
    let host = text.rsplit_once("://").map_or(text.as_str(), |(_, rest)| rest);
    let host = host.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.strip_prefix("www.").unwrap_or(host).trim_end_matches('.');
    let good = host.contains('.') && host.len() <= 253 && !host.contains(char::is_whitespace);
    if good { Ok(host.to_owned()) } else { Err(Refusal::new(at, "This is no domain.")) }
}

/// Only lists whose members are set by hand take them.
fn list_takes_members(turn: &Turn<'_>, list: ListId) -> Result<Result<(), Refusal>, SqlError> {
    #[derive(Deserialize)]
    struct Known {
        name: String,
        #[serde(default)]
        processing_type: String,
    }
    let Some(entry) = reference::entry(turn.sql, Source::Lists.as_str(), list)? else {
        // One that was made since lists were read is HubSpot's to know.
        return Ok(Ok(()));
    };
    let known: Known = json::parse(&entry).map_err(|_| SqlError::Content("reference"))?;
    if known.processing_type.eq_ignore_ascii_case("dynamic") {
        let words = format!(
            "HubSpot decides itself who is on the list \"{}\", by its filters. Members can be set on static lists only.",
            known.name
        );
        return Ok(Err(Refusal::of_account("/list", words)));
    }
    Ok(Ok(()))
}

/// Puts a deal's stage and pipeline among the values, by their names or ids.
fn staged(
    turn: &Turn<'_>,
    values: &mut Values,
    stage: Option<&str>,
    pipeline: Option<&str>,
) -> Result<Result<(), Refusal>, SqlError> {
    #[derive(Deserialize)]
    struct Named {
        id: String,
        label: String,
    }
    #[derive(Deserialize)]
    struct Pipeline {
        id: String,
        label: String,
        stages: Vec<Named>,
    }
    if stage.is_none() && pipeline.is_none() {
        return Ok(Ok(()));
    }
    let is = |wanted: &str, id: &str, label: &str| {
        id == wanted || label.to_lowercase() == wanted.trim().to_lowercase()
    };
    let joined = format!("[{}]", reference::joined(turn.sql, Source::Pipelines.as_str())?);
    let all: Vec<Pipeline> = json::parse(&joined).map_err(|_| SqlError::Content("reference"))?;
    let fitting: Vec<&Pipeline> =
        all.iter().filter(|one| pipeline.is_none_or(|wanted| is(wanted, &one.id, &one.label))).collect();
    let Some(first) = fitting.first() else {
        let names: Vec<&str> = all.iter().map(|one| one.label.as_str()).collect();
        let words =
            format!("The HubSpot account has no such pipeline of deals. It has: {}.", names.join(", "));
        return Ok(Err(Refusal::of_account("/pipeline", words)));
    };
    let Some(stage) = stage else {
        if first.stages.is_empty() {
            return Ok(Err(Refusal::new("/pipeline", "This pipeline has no stages.")));
        }
        return Ok(Err(Refusal::new("/stage", "A deal that moves to another pipeline needs a stage of it.")));
    };
    let found: Vec<(&&Pipeline, &Named)> = fitting
        .iter()
        .flat_map(|one| one.stages.iter().map(move |named| (one, named)))
        .filter(|(_, named)| is(stage, &named.id, &named.label))
        .collect();
    let by_id = found.iter().find(|(_, named)| named.id == stage);
    match (by_id, &found[..]) {
        (Some((of, named)), _) | (None, [(of, named)]) => {
            values.insert("dealstage".to_owned(), named.id.clone());
            values.insert("pipeline".to_owned(), of.id.clone());
            Ok(Ok(()))
        }
        (None, []) => {
            let names: Vec<&str> =
                fitting.iter().flat_map(|one| one.stages.iter().map(|named| named.label.as_str())).collect();
            let words = format!("There is no such stage. There are: {}.", names.join(", "));
            Ok(Err(Refusal::of_account("/stage", words)))
        }
        (None, _) => Ok(Err(Refusal::new(
            "/pipeline",
            "Several pipelines have a stage of this name: say which pipeline.",
        ))),
    }
}
