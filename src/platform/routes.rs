//! Which Portals follow a portal: from memory or KV if the copy is younger than a minute, else from the Directory.
//!
//! Copies hold object ids only. That nobody follows a portal is in no copy: where there is none the Directory is asked before anything is
//! dropped, so that the first webhook after a connect finds it; of one portal every [`NOBODY_MS`] an isolate, for an app may be installed
//! where nobody follows. A copy that is too old to know a new follower costs that follower nothing but the delay: it reads for itself.
//! One that still names an ended connection is found out by its Portal, and the Directory is asked.

use std::{cell::RefCell, collections::HashMap};

use futures_util::{StreamExt as _, stream};
use serde::{Deserialize, Serialize};
use worker::{Context, Env};

use crate::{
    engine::directory::messages::{Answer, Command, Route},
    platform::{clock, directory_object as directory, fault::Fault, portals::AT_ONCE},
    values::{
        ids::{AppKey, PortalId},
        json,
        time::{MINUTE_MS, SECOND_MS, Timestamp},
    },
};

/// How long a copy is believed, memory and KV together; also KV's shortest life.
const BELIEVED_MS: i64 = MINUTE_MS;
/// Copies in memory: some 200 bytes each.
const REMEMBERED: usize = 10_000;

/// A copy, with the moment the Directory said so.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Copy {
    at: Timestamp,
    objects: Vec<String>,
}

/// How long an isolate takes the Directory's word that nobody follows a portal. What is dropped meanwhile after a connect elsewhere, the
/// connection's next check finds.
const NOBODY_MS: i64 = 3 * SECOND_MS;

/// Nobody followed, as of then, and so many events were dropped since.
#[derive(Debug, Clone, Copy)]
struct Nobody {
    at: Timestamp,
    dropped: u32,
}

thread_local! {
    static NOBODY: RefCell<HashMap<String, Nobody>> = RefCell::default();
    static MEMORY: RefCell<HashMap<String, Copy>> = RefCell::default();
}

fn key(source: &AppKey, portal: PortalId) -> String {
    format!("route:{source}:{portal}")
}

/// The Portals of each portal, with the number of its events for the count of dropped ones; in the order asked.
pub async fn find(
    env: &Env,
    context: &Context,
    source: &AppKey,
    portals: &[(PortalId, u32)],
) -> Result<Vec<Vec<String>>, Fault> {
    let now = clock::now();
    let found: Vec<Option<Vec<String>>> = stream::iter(portals)
        .map(|(portal, events)| async move {
            let key = key(source, *portal);
            match copy(env, &key, now).await {
                None if nobody(&key, *events, now) => Some(Vec::new()),
                known => known,
            }
        })
        .buffered(AT_ONCE)
        .collect()
        .await;
    let missing: Vec<(PortalId, u32)> =
        portals.iter().zip(&found).filter(|(_, known)| known.is_none()).map(|(asked, _)| *asked).collect();
    let mut told = if missing.is_empty() {
        Vec::new().into_iter()
    } else {
        ask(env, context, source, missing, now).await?.into_iter()
    };
    Ok(found.into_iter().map(|known| known.or_else(|| told.next()).unwrap_or_default()).collect())
}

/// Who follows one portal by the Directory's own word, because a copy was found to be too old.
pub async fn find_afresh(
    env: &Env,
    context: &Context,
    source: &AppKey,
    asked: (PortalId, u32),
) -> Result<Vec<String>, Fault> {
    forget(env, source, asked.0).await;
    let told = ask(env, context, source, vec![asked], clock::now()).await?;
    Ok(told.into_iter().next().unwrap_or_default())
}

/// Who may keep something of a portal, by the Directory's own word: rarely asked.
pub async fn keepers(env: &Env, source: &AppKey, portal: PortalId) -> Result<Vec<String>, Fault> {
    let command = Command::Keepers { source: source.clone(), portal };
    let Answer::Routes(routes) = directory::ask(env, &command).await? else {
        return Err(directory::unexpected());
    };
    Ok(routes.into_iter().flat_map(|(_, all)| all).map(|Route { object }| object).collect())
}

/// Makes the copies of one portal invalid where they can be reached: here and in KV.
pub async fn forget(env: &Env, source: &AppKey, portal: PortalId) {
    let key = key(source, portal);
    MEMORY.with_borrow_mut(|memory| memory.remove(&key));
    NOBODY.with_borrow_mut(|memory| memory.remove(&key));
    if let Ok(kv) = env.kv("ROUTES") {
        // What stays behind lives a minute and leads to a Portal that says so.
        let _ = kv.delete(&key).await;
    }
}

/// Whether the Directory has just said that nobody follows; then these events are dropped, and counted with the next question.
fn nobody(key: &str, events: u32, now: Timestamp) -> bool {
    NOBODY.with_borrow_mut(|memory| match memory.get_mut(key) {
        Some(nobody) if now.since_ms(nobody.at) < NOBODY_MS => {
            nobody.dropped = nobody.dropped.saturating_add(events);
            true
        }
        _ => false,
    })
}

/// Events that were dropped since the last time and are not counted yet.
fn take_dropped(key: &str) -> u32 {
    NOBODY.with_borrow_mut(|memory| memory.remove(key)).map_or(0, |nobody| nobody.dropped)
}

async fn copy(env: &Env, key: &str, now: Timestamp) -> Option<Vec<String>> {
    let young = |copy: &Copy| now.since_ms(copy.at) < BELIEVED_MS;
    if let Some(copy) = MEMORY.with_borrow(|memory| memory.get(key).cloned()).filter(young) {
        return Some(copy.objects);
    }
    let text = env.kv("ROUTES").ok()?.get(key).cache_ttl(60).text().await.ok()??;
    let copy: Copy = json::parse(&text).ok().filter(young)?;
    let objects = copy.objects.clone();
    remember(key.to_owned(), copy);
    Some(objects)
}

async fn ask(
    env: &Env,
    context: &Context,
    source: &AppKey,
    portals: Vec<(PortalId, u32)>,
    now: Timestamp,
) -> Result<Vec<Vec<String>>, Fault> {
    // What was dropped unasked is counted where nobody follows still.
    let with_dropped = |(portal, events): (PortalId, u32)| {
        (portal, events.saturating_add(take_dropped(&key(source, portal))))
    };
    let portals = portals.into_iter().map(with_dropped).collect();
    let command = Command::Routes { source: source.clone(), portals };
    let Answer::Routes(routes) = directory::ask(env, &command).await? else {
        return Err(directory::unexpected());
    };
    let mut all = Vec::with_capacity(routes.len());
    for (portal, followers) in routes {
        let objects: Vec<String> = followers.into_iter().map(|Route { object }| object).collect();
        if objects.is_empty() {
            NOBODY.with_borrow_mut(|memory| {
                if memory.len() >= REMEMBERED {
                    memory.clear();
                }
                memory.insert(key(source, portal), Nobody { at: now, dropped: 0 });
            });
        } else {
            let key = key(source, portal);
            let copy = Copy { at: now, objects: objects.clone() };
            remember(key.clone(), copy.clone());
            let env = env.clone();
            context.wait_until(async move {
                // A copy that is not kept is asked for again.
                if let (Ok(kv), Ok(text)) = (env.kv("ROUTES"), serde_json::to_string(&copy))
                    && let Ok(put) = kv.put(&key, text)
                {
                    let _ = put.expiration_ttl(60).execute().await;
                }
            });
        }
        all.push(objects);
    }
    Ok(all)
}

fn remember(key: String, copy: Copy) {
    MEMORY.with_borrow_mut(|memory| {
        if memory.len() >= REMEMBERED {
            memory.clear();
        }
        memory.insert(key, copy);
    });
}
