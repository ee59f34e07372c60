//! What people and automations may have done in HubSpot: the actions there are, what each takes, and why one is not done.
//!
//! What an action comes to is [`super::planning`]'s. Owns nothing.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::values::{
    ids::{ListId, ObjectType, RecordId},
    mapping::Action,
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
    /// An entry on a record's timeline.
    TimelineEntry,
}

impl Name {
    /// All, in the order in which they are shown.
    pub const ALL: [Self; 11] = [
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
        Self::TimelineEntry,
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
            Self::TimelineEntry => "timeline_entry",
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
            Self::TimelineEntry => "Add timeline entry",
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
        /// Who was called. Absent: of a call that a seat logs whom the task is about, of any other nobody.
        #[serde(default)]
        about: Option<Vec<Tie>>,
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
        /// The pipeline's name or id; if absent that which the deal is in, or that of the stage's id.
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
    /// An entry on a record's timeline: an event where one may be sent, else a note.
    TimelineEntry {
        /// On whose: a contact's, company's or deal's.
        about: Tie,
        /// What people see first.
        title: String,
        /// More of it, plain.
        #[serde(default)]
        body: Option<String>,
        /// Where there is more: `https://…`.
        #[serde(default)]
        url: Option<String>,
        /// When: RFC 3339; now if absent.
        #[serde(default)]
        at: Option<String>,
    },
}

impl Wanted {
    /// The mapping that fills fields of it from what the host sends.
    pub(super) const fn mapping(&self) -> Option<Action> {
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
            | Self::RemoveFromList { .. }
            | Self::TimelineEntry { .. } => return None,
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
            Self::TimelineEntry { .. } => Name::TimelineEntry,
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
    pub(super) fn new(at: impl Into<String>, words: impl Into<String>) -> Self {
        Self { at: at.into(), words: words.into(), of_account: false }
    }

    /// There is nothing to be written.
    pub(super) fn nothing() -> Self {
        Self::new("/properties", "Nothing of the record is to be changed.")
    }

    pub(super) fn of_account(at: impl Into<String>, words: impl Into<String>) -> Self {
        Self { of_account: true, ..Self::new(at, words) }
    }
}
