//! Asks the Directory about what strangers brought, if [`crate::api::stranger`] lets it be asked, and counts what was refused.

use std::cell::{Cell, RefCell};

use worker::Env;

use crate::{
    api::stranger::{self, Presented, Strangers},
    engine::directory::messages::{Answer, Command, Refusal},
    platform::{clock, directory_object as directory, fault::Fault, incoming::Incoming},
    values::{
        config::Config,
        crypto::sha256_hex,
        network,
        time::{SECOND_MS, Timestamp},
    },
};

/// How often an isolate tells the Directory how much it refused: a flood of refusals is one write in ten seconds.
const TOLD_MS: i64 = 10 * SECOND_MS;

/// What was refused since the Directory was told.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    keys: u64,
    paced: u64,
    told_at: Timestamp,
}

thread_local! {
    static STRANGERS: RefCell<Strangers> = RefCell::default();
    static TALLY: Cell<Tally> = Cell::default();
}

/// The address that a request came from. Where it is missing (never at Cloudflare's edge), all share one count.
pub fn address(incoming: &Incoming) -> String {
    incoming.header("cf-connecting-ip").unwrap_or_default()
}

/// Asks about a token of ours: a link's, a state's or a cookie's. What is none by its form is `nothing`, unasked.
pub async fn ask(
    env: &Env,
    config: &Config,
    incoming: &Incoming,
    token: &str,
    nothing: Refusal,
    command: &Command,
) -> Result<Answer, Fault> {
    match stranger::stamped(&config.keyring, token) {
        Some(stamped) => ask_about(env, incoming, &sha256_hex(token.as_bytes()), stamped, command).await,
        None => Ok(Answer::Refused(nothing)),
    }
}

/// Asks about a credential of this hash.
pub async fn ask_about(
    env: &Env,
    incoming: &Incoming,
    hash: &str,
    stamped: bool,
    command: &Command,
) -> Result<Answer, Fault> {
    let network = network::of(&address(incoming));
    let presented = Presented { hash, stamped, network: &network };
    let may = STRANGERS.with_borrow_mut(|strangers| strangers.may_ask(clock::now(), &presented));
    if let Err(refusal) = may {
        if matches!(refusal, Refusal::TooMany { .. }) {
            count(env, 0, 1).await;
        }
        return Ok(Answer::Refused(refusal));
    }
    let answer = directory::ask(env, command).await?;
    STRANGERS.with_borrow_mut(|strangers| match &answer {
        Answer::Refused(refusal) => strangers.was_refused(clock::now(), &presented, refusal.clone()),
        _ => strangers.was_good(&presented),
    });
    Ok(answer)
}

/// Tries to enter the console. Whoever has to wait is told so without asking again at once.
pub async fn sign_in(env: &Env, client: &str, command: &Command) -> Result<Answer, Fault> {
    let presented = Presented { hash: client, stamped: true, network: "" };
    let may = STRANGERS.with_borrow_mut(|strangers| strangers.may_ask(clock::now(), &presented));
    if let Err(refusal) = may {
        return Ok(Answer::Refused(refusal));
    }
    let answer = directory::ask(env, command).await?;
    if let Answer::Refused(refusal @ Refusal::TooMany { .. }) = &answer {
        STRANGERS.with_borrow_mut(|strangers| {
            strangers.was_refused(clock::now(), &presented, refusal.clone());
        });
    }
    Ok(answer)
}

/// Counts an API key that was refused, whoever refused it.
pub async fn key_refused(env: &Env) {
    count(env, 1, 0).await;
}

async fn count(env: &Env, keys: u64, paced: u64) {
    let mut tally = TALLY.get();
    tally.keys += keys;
    tally.paced += paced;
    TALLY.set(tally);
    if clock::now().since_ms(tally.told_at) >= TOLD_MS {
        tell(env).await;
    }
}

/// Tells the Directory what was refused here and is not counted yet.
pub async fn tell(env: &Env) {
    let Tally { keys, paced, .. } = TALLY.replace(Tally { told_at: clock::now(), ..Tally::default() });
    if keys + paced == 0 {
        return;
    }
    if directory::ask(env, &Command::CountRefused { keys, paced }).await.is_err() {
        // Told with the next.
        let tally = TALLY.get();
        TALLY.set(Tally { keys: tally.keys + keys, paced: tally.paced + paced, ..tally });
    }
}
