//! What people and the host's servers ask of activations: audiences and attributes with their values, activations, properties.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::values::{
    attribute::{AttributeKind, Choice, Names, Unknown},
    ids::{ActivationId, AttributeId},
};

/// Most values of one request: a thousand of a kilobyte are the megabyte that its body may have.
pub const AT_ONCE: usize = 1_000;
/// Most addresses of one page: some 150 bytes each.
pub const VALUES_LIMIT: u32 = 1_000;
/// Most refused contacts of one page: some 300 bytes each.
pub const REFUSED_LIMIT: u32 = 1_000;

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
    /// Of an audience whom Spoke finds by itself: a filter, as channels have it.
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
    /// Keeps values, at most [`AT_ONCE`]; of an audience `true`. Answers [`Answer::Json`] `{kept, changed, refused: [{email, why}]}`,
    /// [`Answer::Missing`] or [`Answer::Refused`].
    PutValues {
        /// Which.
        audiences: bool,
        /// Its id.
        id: AttributeId,
        /// Addresses with their values.
        values: Vec<(String, String)>,
        /// Of which replacement they are; `None`: of none.
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
}
