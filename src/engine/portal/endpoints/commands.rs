//! What people and the host's servers ask of endpoints: made, changed, paused, moved, tested.
//!
//! Commands and answers travel as JSON between the front and the object, like all of [`crate::engine::portal::messages`]. Addresses
//! are checked by whoever makes a command ([`crate::values::receiver`]), and again before each delivery.

use serde::{Deserialize, Serialize};

use crate::{
    engine::portal::{
        Portal, Turn,
        endpoints::{
            ENDPOINTS_LIMIT,
            endpoint::{Endpoint, MessageKind, Mode, PREVIOUS_SECRET_MS, PREVIOUS_SECRETS, Test, Wanted},
            message::{SECRET_BYTES, render_secret},
            place, save, show,
        },
        keeping::horizon,
        state::Connection,
    },
    store::{
        portal::{endpoints as store, feed},
        sql::SqlError,
    },
    values::{
        crypto::NONCE_BYTES,
        ids::{ChannelId, EndpointId, MessageId, ObjectType, RecordId},
        secret::Secret,
    },
};

/// What can be asked of a connection's endpoints.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Answers [`Answer::Json`] `{results, next_cursor}`, oldest first.
    List,
    /// Answers [`Answer::Json`] with the secret.
    Create {
        /// Checked.
        url: String,
        /// For people.
        description: String,
        /// Which changes.
        wanted: Wanted,
        /// The number of the last change it is not to get; `None`: the newest, after whoever is in its channel was handed over.
        after: Option<u64>,
    },
    /// Does something to one endpoint.
    On(EndpointId, Action),
}

/// What an endpoint's changes are of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Records.
    Records,
    /// One channel.
    Channel(ChannelId),
}

/// What can be asked of one endpoint. Answers [`Answer::Json`] unless it says otherwise.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Nothing.
    Get,
    /// Changes what is given.
    Update {
        /// Checked.
        url: Option<String>,
        /// For people.
        description: Option<String>,
        /// Which types; empty: all.
        types: Option<Vec<ObjectType>>,
        /// Which kinds; empty: all.
        events: Option<Vec<String>>,
        /// Of which channel, if that is to change.
        channel: Option<Source>,
    },
    /// Answers [`Answer::Removed`].
    Remove,
    /// Makes a new secret, which the answer holds; those before it sign too, each for a day since it was replaced.
    Rotate,
    /// Delivers nothing until it is resumed.
    Pause,
    /// Delivers at once, from where it stopped.
    Resume,
    /// Moves past the message that is not taken.
    Skip {
        /// Only if it is this one.
        message: Option<MessageId>,
    },
    /// Puts the cursor to a sequence number: everything after it is delivered (again).
    Replay {
        /// The last change that is not delivered again.
        after: u64,
    },
    /// Hands over once more who is in its channel, then goes on with what changes.
    HandOver,
    /// Sends a test at once, whatever state the endpoint is in.
    Test,
}

/// What is answered.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// One or all of them, in the API's shape.
    Json(String),
    /// It is gone.
    Removed,
    /// It is not done.
    Refused(Refusal),
}

/// Why something is not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// No such endpoint.
    NotFound,
    /// No such channel.
    NoChannel,
    /// The connection has as many as it may have.
    Full,
    /// Changes that far back are no longer kept; the earliest place there is.
    BeyondHorizon(u64),
    /// No change has that number yet; the newest one.
    Ahead(u64),
    /// No message waits to be taken, or not the one named.
    NothingToSkip,
    /// As many secrets as may sign already sign beside the present one.
    RotatedTooOften,
}

impl Portal {
    /// Answers a command about endpoints. Whoever calls it sees to it that what is due then is delivered.
    pub(in crate::engine::portal) fn endpoint_command(
        &mut self,
        turn: &mut Turn<'_>,
        connection: &Connection,
        command: Command,
    ) -> Result<Answer, SqlError> {
        let latest = feed::latest(turn.sql)?;
        match command {
            Command::List => Ok(Answer::Json(show::list(&self.endpoints.all, latest))),
            Command::Create { url, description, wanted, after } => {
                if self.endpoints.all.len() >= ENDPOINTS_LIMIT {
                    return Ok(Answer::Refused(Refusal::Full));
                }
                if wanted.channel.as_ref().is_some_and(|channel| !self.channels.has(channel)) {
                    return Ok(Answer::Refused(Refusal::NoChannel));
                }
                let of_channel = wanted.channel.is_some();
                let after = match unreachable_place(turn, after.unwrap_or(latest), latest)? {
                    None => after,
                    // What a channel has told longer ago comes to whom it has now.
                    Some(Refusal::BeyondHorizon(_)) if of_channel => None,
                    Some(refusal) => return Ok(Answer::Refused(refusal)),
                };
                let mut bytes = [0; 12];
                (turn.random)(&mut bytes);
                let id = EndpointId::from_random(bytes);
                let begins = after.unwrap_or(latest);
                let mut endpoint = Endpoint::new(id, url, description, wanted, begins, turn.now);
                if of_channel && after.is_none() {
                    endpoint.begin_hand_over(latest);
                }
                let (secret, sealed) = new_secret(turn, connection, &endpoint.id);
                let json = serde_json::to_string(&endpoint).map_err(|_| SqlError::Content("endpoints"))?;
                store::add(turn.sql, &endpoint.id, &json, &sealed)?;
                let shown = show::one(&endpoint, latest, Some(secret.expose()));
                self.endpoints.all.push(endpoint);
                Ok(Answer::Json(shown))
            }
            Command::On(id, action) => match self.endpoints.position(&id) {
                Some(index) => self.endpoint_action(turn, connection, index, action, latest),
                None => Ok(Answer::Refused(Refusal::NotFound)),
            },
        }
    }

    fn endpoint_action(
        &mut self,
        turn: &mut Turn<'_>,
        connection: &Connection,
        index: usize,
        action: Action,
        latest: u64,
    ) -> Result<Answer, SqlError> {
        let endpoint = &mut self.endpoints.all[index];
        let mut new: Option<Secret<String>> = None;
        match action {
            Action::Get => return Ok(Answer::Json(show::one(endpoint, latest, None))),
            Action::Update { channel: Some(Source::Channel(channel)), .. }
                if !self.channels.has(&channel) =>
            {
                return Ok(Answer::Refused(Refusal::NoChannel));
            }
            Action::Update { url, description, types, events, channel } => {
                if url.as_ref().is_some_and(|url| *url != endpoint.url) {
                    endpoint.begin_afresh();
                }
                // What the message under way holds follows from what is wanted: with another choice it is another message.
                let cut_anew = types.is_some() || events.is_some() || channel.is_some();
                endpoint.message.take_if(|message| cut_anew && message.kind != MessageKind::Truncated);
                endpoint.url = url.unwrap_or_else(|| endpoint.url.clone());
                endpoint.description = description.unwrap_or_else(|| endpoint.description.clone());
                endpoint.wanted.types = types.unwrap_or_else(|| endpoint.wanted.types.clone());
                endpoint.wanted.events = events.unwrap_or_else(|| endpoint.wanted.events.clone());
                match channel {
                    Some(Source::Records) => {
                        endpoint.wanted.channel = None;
                        endpoint.hand_over = None;
                    }
                    Some(Source::Channel(channel)) => {
                        if endpoint.wanted.channel.as_ref() != Some(&channel) {
                            endpoint.hand_over = Some(RecordId(0));
                        }
                        endpoint.wanted.channel = Some(channel);
                    }
                    None => {}
                }
            }
            Action::Remove => {
                store::remove(turn.sql, &endpoint.id)?;
                self.endpoints.all.remove(index);
                return Ok(Answer::Removed);
            }
            Action::Rotate => {
                let Some(mut all) = store::secrets(turn.sql, &endpoint.id)? else {
                    return Ok(Answer::Refused(Refusal::NotFound));
                };
                let place = place(&connection.id, &endpoint.id);
                // What no key opens signs nothing, and is kept for nothing.
                all.previous.insert(0, (all.secret, turn.now.plus_ms(PREVIOUS_SECRET_MS)));
                all.previous.retain(|(sealed, until)| {
                    *until > turn.now && turn.config.keyring.open(&place, sealed).is_ok()
                });
                if all.previous.len() > PREVIOUS_SECRETS {
                    return Ok(Answer::Refused(Refusal::RotatedTooOften));
                }
                let (secret, sealed) = new_secret(turn, connection, &endpoint.id);
                endpoint.previous_secret_until = all.previous.first().map(|(_, until)| *until);
                store::put_secrets(turn.sql, &endpoint.id, &store::Sealed { secret: sealed, ..all })?;
                new = Some(secret);
            }
            Action::Pause => {
                endpoint.mode = Mode::Paused;
                endpoint.reason = None;
            }
            Action::Resume => {
                endpoint.mode = Mode::Active;
                endpoint.reason = None;
                endpoint.begin_afresh();
            }
            Action::Skip { message } => match &endpoint.message {
                Some(held) if message.is_none_or(|wanted| wanted == held.id) => endpoint.pass(),
                Some(_) | None => return Ok(Answer::Refused(Refusal::NothingToSkip)),
            },
            Action::Replay { after } => match unreachable_place(turn, after, latest)? {
                None => endpoint.move_to(after),
                Some(Refusal::BeyondHorizon(_)) if endpoint.wanted.channel.is_some() => {
                    endpoint.begin_hand_over(latest);
                }
                Some(refusal) => return Ok(Answer::Refused(refusal)),
            },
            Action::HandOver if endpoint.wanted.channel.is_none() => {
                return Ok(Answer::Refused(Refusal::NoChannel));
            }
            Action::HandOver => endpoint.begin_hand_over(latest),
            Action::Test => {
                let mut bytes = [0; 12];
                (turn.random)(&mut bytes);
                let id = MessageId::from_random(bytes);
                endpoint.test = Some(Test { id, asked_at: turn.now, attempt: None });
            }
        }
        save(turn, endpoint)?;
        let new = new.as_ref().map(|secret| secret.expose().as_str());
        Ok(Answer::Json(show::one(endpoint, latest, new)))
    }
}

/// Why a cursor cannot be put there.
fn unreachable_place(turn: &Turn<'_>, after: u64, latest: u64) -> Result<Option<Refusal>, SqlError> {
    let oldest = feed::oldest(turn.sql, horizon(turn))?;
    Ok(if after + 1 < oldest {
        Some(Refusal::BeyondHorizon(oldest - 1))
    } else if after > latest {
        Some(Refusal::Ahead(latest))
    } else {
        None
    })
}

fn new_secret(turn: &mut Turn<'_>, connection: &Connection, id: &EndpointId) -> (Secret<String>, String) {
    let mut bytes = [0; SECRET_BYTES];
    (turn.random)(&mut bytes);
    let secret = render_secret(bytes);
    let mut nonce = [0; NONCE_BYTES];
    (turn.random)(&mut nonce);
    let sealed = turn.config.keyring.seal(&place(&connection.id, id), &secret, nonce);
    (secret, sealed)
}
