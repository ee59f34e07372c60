//! Requests with an `Idempotency-Key`: each has its effect at most once, and its answer is given again for a day.
//!
//! The front claims the key here before it does anything, and hands in the answer afterwards. What is promised, exactly:
//!
//! - *At most one effect a key.* Of requests with one key only one is let through; the others get its answer, a refusal because it is
//!   still being answered, or a refusal because it was another request.
//! - *The same answer*, status, type and body, until a day after the first request. An answer of success is kept; a refusal (4xx) had no
//!   effect, is not kept, and frees the key.
//! - *No second effect after a crash.* Between doing and remembering the front can die, or the answer get lost (5xx). Where doing it
//!   twice comes to the same as once (`repeats`: replacing, deleting, pausing, ordering a read …) the next request with the key does it
//!   again, [`ANSWERING_MS`] later at the latest. Where it would make a second thing, the key is answered with a refusal that says so
//!   until its day is over: look whether the thing is there, then ask with a new key.
//!
//! Answers hold secrets that are shown once: the front seals them, for this caller and key, before they come here. They lie in the
//! Directory, wherever the workspace's data is kept: answers to what changes something tell of keys, endpoints, channels and fields as
//! the host named them, never of customers' records.

use crate::{
    engine::directory::messages::{Answer, Claim},
    store::{
        directory::requests::{self, KEPT_MS},
        sql::{Sql, SqlError},
    },
    values::time::{SECOND_MS, Timestamp},
};

/// Keys of one caller that are remembered at once. At [`ANSWER_BYTES`] each, sealed and in base64, they take 450 MB of the object's 10 GB
/// at the very most; at a usual 500 bytes 7 MB.
pub const KEYS_A_CALLER: u32 = 10_000;
/// Largest answer that is kept.
pub const ANSWER_BYTES: usize = 32 << 10;
/// Longest that a request is being answered: the entry's watchdog ends what an object takes longer than a minute for.
pub const ANSWERING_MS: i64 = 90 * SECOND_MS;

/// What a request with this key is to do.
pub(super) fn claim(
    sql: &dyn Sql,
    now: Timestamp,
    caller: &str,
    key: &str,
    fingerprint: &str,
    repeats: bool,
) -> Result<Answer, SqlError> {
    let known = requests::get(sql, caller, key)?.filter(|known| now.since_ms(known.began_at) < KEPT_MS);
    let claim = match known {
        None if requests::count(sql, caller, KEYS_A_CALLER)? >= u64::from(KEYS_A_CALLER) => Claim::Full,
        None => Claim::Granted,
        Some(known) if known.fingerprint != fingerprint => Claim::Another,
        Some(known) => match known.answer {
            Some(answer) if answer.is_empty() => Claim::Lost,
            Some(answer) => Claim::Answered(answer),
            None if now.since_ms(known.began_at) < ANSWERING_MS => Claim::Answering,
            None if repeats => Claim::Granted,
            None => Claim::Lost,
        },
    };
    if claim == Claim::Granted {
        requests::begin(sql, caller, key, fingerprint, now)?;
    }
    Ok(Answer::Claim(claim))
}

/// Takes the answer of a request that was granted; `None`: it had no effect.
pub(super) fn settle(
    sql: &dyn Sql,
    caller: &str,
    key: &str,
    answer: Option<&str>,
) -> Result<Answer, SqlError> {
    match answer {
        Some(answer) => requests::end(sql, caller, key, answer)?,
        None => requests::delete(sql, caller, key)?,
    }
    Ok(Answer::Done)
}
