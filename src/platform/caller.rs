//! Who asks at `/v1`, and what they may: the root key, an API key, or the host's own Worker over a service binding.
//!
//! Owns an isolate's memory of verified keys.

use std::{cell::RefCell, collections::HashMap};

use worker::{Env, js_sys};

use crate::{
    api::{request, response, route::Access},
    engine::{
        actor::Actor,
        directory::{
            api_key,
            messages::{Answer, Command, Permission, Permissions, Refusal},
        },
    },
    platform::{clock, directory_object::refused, incoming::Incoming, strangers},
    values::{
        config::Config,
        crypto::constant_time_eq,
        ids::{ApiKeyId, WorkspaceId},
        json,
        problem::{Kind, Problem},
        time::{SECOND_MS, Timestamp},
    },
};

/// How long a verified key and a connection's address are believed without asking: a revocation takes effect within it.
pub const BELIEVED_MS: i64 = 5 * SECOND_MS;
/// Entries of each memory: an isolate has 128 MB, and one entry under a kilobyte.
const REMEMBERED: usize = 1_000;

thread_local! {
    static KEYS: RefCell<HashMap<String, (Timestamp, Caller)>> = RefCell::default();
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// The host's root key: everything.
    Root,
    /// An API key, or a service binding: one workspace.
    Workspace {
        /// Which.
        workspace: WorkspaceId,
        /// Under which name its requests are counted and remembered.
        name: String,
        /// What it may do.
        permissions: Permissions,
    },
    /// A service binding to which everything is open.
    Bound,
}

impl Caller {
    /// A workspace that the caller may not see does not exist for them.
    pub fn may_see(&self, workspace: &WorkspaceId) -> Result<(), Problem> {
        match self {
            Self::Root | Self::Bound => Ok(()),
            Self::Workspace { workspace: own, .. } if own == workspace => Ok(()),
            Self::Workspace { .. } => Err(response::problem(&Refusal::NotFound)),
        }
    }

    pub fn may(&self, access: Access) -> Result<(), Problem> {
        match (self, access) {
            (Self::Root | Self::Bound, _) => Ok(()),
            (Self::Workspace { .. }, Access::Root) => {
                Err(Problem::new(Kind::Forbidden, "This takes the root key."))
            }
            (Self::Workspace { permissions, .. }, Access::Key(permission))
                if permissions.hold(permission) =>
            {
                Ok(())
            }
            (Self::Workspace { .. }, Access::Key(permission)) => Err(Problem::new(
                Kind::Forbidden,
                format!(
                    "Your key lacks the permission `{}`. Make one that has it, with `POST /v1/workspaces/{{w}}/keys`.",
                    permission.as_str()
                ),
            )),
        }
    }

    pub fn permissions(&self) -> Permissions {
        match self {
            Self::Root | Self::Bound => Permissions::all(),
            Self::Workspace { permissions, .. } => permissions.clone(),
        }
    }

    /// Who they are in audit logs. A service binding is the host's own code, as its root key is; one of a single workspace is told apart.
    pub fn actor(&self) -> Actor {
        match self {
            Self::Root | Self::Bound => Actor::Root,
            Self::Workspace { name, .. } => name.parse().map_or(Actor::Binding, |id| Actor::Key { id }),
        }
    }

    /// The API key with which they ask.
    pub fn key(&self) -> Option<ApiKeyId> {
        match self.actor() {
            Actor::Key { id } => Some(id),
            _ => None,
        }
    }

    /// Under which name requests are counted and remembered.
    pub fn name(&self) -> &str {
        match self {
            Self::Root => "root",
            Self::Bound => "binding",
            Self::Workspace { name, .. } => name,
        }
    }
}

/// Who asks by a service binding: the text that `pkg/entry.mjs` puts where nothing else can.
fn bound(env: &Env) -> Option<Result<Caller, Problem>> {
    let props = js_sys::Reflect::get(env, &js_sys::Symbol::for_("spoke.caller")).ok()?.as_string()?;
    let refused = || {
        Problem::new(
            Kind::Unauthenticated,
            "The service binding does not say who asks. Give it `props` of `{\"root\": true}` or `{\"workspace\": \"ws_…\"}`.",
        )
    };
    Some(match json::parse::<Props>(&props) {
        Ok(Props { root: true, workspace: None, permissions: None }) => Ok(Caller::Bound),
        Ok(Props { root: false, workspace: Some(workspace), permissions }) => {
            let permissions = permissions.map_or_else(Permissions::all, |list| Permissions::of(&list));
            Ok(Caller::Workspace { name: format!("binding/{workspace}"), workspace, permissions })
        }
        Ok(_) | Err(_) => Err(refused()),
    })
}

/// What a service binding's `props` may say.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Props {
    #[serde(default)]
    root: bool,
    workspace: Option<WorkspaceId>,
    permissions: Option<Vec<Permission>>,
}

/// Who sent a request: by a service binding, the root key or an API key.
pub async fn caller(env: &Env, config: &Config, incoming: &Incoming) -> Result<Caller, Problem> {
    if let Some(caller) = bound(env) {
        return caller;
    }
    let header = incoming.header("authorization");
    let Some(presented) = request::bearer(header.as_deref()) else {
        return Err(Problem::new(
            Kind::Unauthenticated,
            "Send the root key or an API key as `Authorization: Bearer …`.",
        ));
    };
    if constant_time_eq(presented.as_bytes(), config.root_key.expose().as_bytes()) {
        return Ok(Caller::Root);
    }
    let answered = key_holder(env, config, incoming, presented).await;
    if answered.as_ref().is_err_and(|problem| problem.status() < 500) {
        strangers::key_refused(env).await;
    }
    answered
}

async fn key_holder(
    env: &Env,
    config: &Config,
    incoming: &Incoming,
    presented: &str,
) -> Result<Caller, Problem> {
    let Some((key, hash)) = api_key::parse(presented) else {
        return Err(response::problem(&Refusal::BadKey));
    };
    let now = clock::now();
    let known = KEYS.with_borrow(|keys| keys.get(&hash).cloned());
    if let Some((_, caller)) = known.filter(|(at, _)| now.since_ms(*at) < BELIEVED_MS) {
        return Ok(caller);
    }
    let stamped = config.keyring.has_stamped(api_key::secret(presented));
    let command = Command::VerifyKey { key: key.clone(), hash: hash.clone() };
    match strangers::ask_about(env, incoming, &hash, stamped, &command).await? {
        Answer::KeyHolder { workspace, permissions } => {
            let caller = Caller::Workspace { workspace, name: key.to_string(), permissions };
            KEYS.with_borrow_mut(|keys| remember(keys, hash, (now, caller.clone())));
            Ok(caller)
        }
        other => Err(refused(other)),
    }
}

/// Keeps an entry; a memory that is full begins anew.
pub fn remember<K: std::hash::Hash + Eq, V>(memory: &mut HashMap<K, V>, key: K, value: V) {
    if memory.len() >= REMEMBERED {
        memory.clear();
    }
    memory.insert(key, value);
}
