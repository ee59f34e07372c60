//! Who asks for something: told with a command, written into audit entries and blocks. Names are those the host gave its own
//! people; nothing of HubSpot's contacts stands here, and no secret.

use serde::{Deserialize, Serialize};

use crate::values::ids::ApiKeyId;

/// Characters of a person's name that are kept.
const NAME_LIMIT: usize = 120;

/// Somebody, or something, that does something.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Actor {
    /// Spoke itself.
    #[default]
    Spoke,
    /// HubSpot, by a webhook or an answer.
    HubSpot,
    /// The host's server with the root key.
    Root,
    /// The host's server with an API key.
    Key {
        /// Which.
        id: ApiKeyId,
    },
    /// Another Worker of the host's, by a service binding to one workspace.
    Binding,
    /// One of the host's people on a workspace's page.
    Person {
        /// As the host named them.
        name: String,
        /// Their role.
        role: String,
    },
    /// The operator of the deployment.
    Operator,
    /// Somebody who gave no sign of who they are.
    Unknown,
}

impl Actor {
    /// One of the host's people.
    pub fn person(name: &str, role: &str) -> Self {
        Self::Person { name: name.chars().take(NAME_LIMIT).collect(), role: role.to_owned() }
    }

    /// As pages and answers show it.
    pub fn words(&self) -> String {
        match self {
            Self::Spoke => "Spoke".to_owned(),
            Self::HubSpot => "HubSpot".to_owned(),
            Self::Root => "the root key".to_owned(),
            Self::Key { id } => format!("the API key {id}"),
            Self::Person { name, role } => format!("{name} ({role})"),
            Self::Binding => "a service binding".to_owned(),
            Self::Operator => "the operator".to_owned(),
            Self::Unknown => "somebody unknown".to_owned(),
        }
    }
}
