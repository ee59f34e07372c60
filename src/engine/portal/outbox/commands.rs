//! What a connection is asked about actions and what it answers.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    engine::{
        actor::Actor,
        portal::{
            Effect, Portal, Turn,
            outbox::{
                AUTOMATION, OPEN_LIMIT, PERSON, Ready, SETTINGS_KEY, Settings, Write,
                actions::{Refusal, Wanted},
                answers::{Done, Note},
                planning::Found,
                show::told,
            },
        },
    },
    store::{
        portal::outbox::{self as store, New, State},
        schema,
        sql::SqlError,
    },
    values::{
        ids::{ActionId, RecordId, SeatId},
        mapping::Why,
        property_value, scopes,
    },
};

/// Most actions of a page of them.
pub const ACTIONS_LIMIT: u32 = 100;
/// Most actions of one request: a thousand of half a kilobyte each, and a tenth of a second's writes.
pub const AT_ONCE: usize = 1_000;

/// The property that says whose a record is.
const OWNER: &str = "hubspot_owner_id";

/// One action that is asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Asked {
    /// What its asker calls it: asked for twice, it is done once.
    pub key: Option<String>,
    /// Why, for people.
    pub why: Option<String>,
    /// Only what it would come to.
    pub dry_run: bool,
    /// Nobody waits for it.
    pub background: bool,
    /// A later one of the same takes its place while it has not left.
    pub coalesce: Option<String>,
    /// What the host knows, by its own names: the action's mapping says which fields it fills.
    #[serde(default)]
    pub data: Map<String, Value>,
    /// What.
    pub wanted: Wanted,
}

/// Something about actions.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Has these done. Answers [`Answer::Taken`], in their order.
    Do(Vec<Asked>),
    /// The same of a job, under whose name they are looked at together.
    DoOfJob {
        /// What its asker calls the job.
        job: String,
        /// Some of its actions.
        all: Vec<Asked>,
    },
    /// Answers [`Answer::Page`].
    List {
        /// Before this row; absent: from the newest on.
        before: Option<i64>,
        /// Only those of which a write stands so.
        state: Option<State>,
        /// Only those of this job, with the counts of all of it.
        job: Option<String>,
        /// Where no state is asked for: without dry runs.
        real: bool,
        /// Capped at [`ACTIONS_LIMIT`].
        limit: u32,
    },
    /// Answers [`Answer::Action`] or [`Answer::Unknown`].
    Get(ActionId),
    /// Takes back what has not left. Answers as `Get`.
    Cancel(ActionId),
    /// What failed, and what nobody knows of, is to leave again. Answers as `Get`.
    Retry(ActionId),
    /// A person has looked: what nobody knew is there, or is not. Answers as `Get`.
    Resolve {
        /// Which action.
        action: ActionId,
        /// Whether it is in HubSpot.
        happened: bool,
        /// The record it made.
        record: Option<RecordId>,
    },
    /// Which actions are switched off. Answers [`Answer::Settings`].
    Settings,
    /// Switches actions off and on. Answers [`Answer::Settings`].
    Set(Settings),
}

/// What became of one that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Taken {
    /// It is an action; JSON as in [`Answer::Action`]. `new`: not one that was asked for before.
    Action {
        /// The API's JSON.
        action: String,
        /// Whether it was not there before.
        new: bool,
    },
    /// It is not done.
    Refused(Refusal),
    /// An administrator has switched it off.
    Off,
    /// As many writes wait as may.
    Full,
}

/// What a connection answers about actions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// One of each that was asked for.
    Taken(Vec<Taken>),
    /// The API's JSON of an action.
    Action(String),
    /// There is no such action.
    Unknown,
    /// The API's JSON of actions; where the next page begins.
    Page {
        /// `{results, counts}`.
        results: String,
        /// The row to go on before.
        next: Option<i64>,
    },
    /// Which are switched off.
    Settings(Settings),
}

/// What an action is, as stored.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Content {
    pub(super) action: super::actions::Name,
    pub(super) by: Actor,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) why: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) dry_run: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) key: Option<String>,
    /// What its asker calls the job that it is of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) job: Option<String>,
    /// Fields of the mapping that stay as they are, and the owner of a seat's call where nobody is known as one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) left: Vec<(String, Why)>,
    /// Whose token writes it; absent: the connection's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) seat: Option<SeatId>,
}

impl Portal {
    #[inline(never)]
    pub(in crate::engine::portal) fn outbox_command(
        &mut self,
        turn: &mut Turn<'_>,
        actor: &Actor,
        command: Command,
        effects: &mut Vec<Effect>,
    ) -> Result<Answer, SqlError> {
        Ok(match command {
            Command::Do(all) => self.take_all(turn, actor, all, None, effects)?,
            Command::DoOfJob { job, all } => self.take_all(turn, actor, all, Some(&job), effects)?,
            Command::List { before, state, job, real, limit } => {
                let limit = limit.min(ACTIONS_LIMIT);
                let which = store::Which { state, job: job.as_deref(), real };
                let actions = store::actions(turn.sql, before, which, limit)?;
                let next = actions.last().filter(|_| actions.len() == limit as usize).map(|last| last.number);
                let mut results = Vec::new();
                for action in &actions {
                    results.push(self.action_shown(turn, action)?);
                }
                let counted = match &job {
                    Some(job) => store::counts_of_job(turn.sql, job)?,
                    None => store::counts(turn.sql)?,
                };
                let mut counts: Map<String, Value> = Map::new();
                for (state, count) in counted {
                    let before = counts.get(told(state)).and_then(Value::as_u64).unwrap_or(0);
                    counts.insert(told(state).to_owned(), (before + count).into());
                }
                Answer::Page { results: json!({ "results": results, "counts": counts }).to_string(), next }
            }
            Command::Get(id) => self.action_told(turn, &id)?,
            Command::Cancel(id) => {
                let Some(action) = store::action_by_id(turn.sql, &id)? else { return Ok(Answer::Unknown) };
                for entry in store::of_action(turn.sql, action.number)? {
                    if entry.state == State::Waiting && !self.is_carried(entry.number) {
                        Self::settle(turn, &Ready::read(entry)?, State::Cancelled, None, &Note::default())?;
                    }
                }
                self.rouse_for_outbox(turn, effects);
                self.told_to_run(turn, &id)?
            }
            Command::Retry(id) => {
                let Some(action) = store::action_by_id(turn.sql, &id)? else { return Ok(Answer::Unknown) };
                for entry in store::of_action(turn.sql, action.number)? {
                    if matches!(entry.state, State::Failed | State::Unknown) {
                        Self::leave_again(turn, &Ready::read(entry)?)?;
                    }
                }
                self.rouse_for_outbox(turn, effects);
                self.told_to_run(turn, &id)?
            }
            Command::Resolve { action: id, happened, record } => {
                let Some(action) = store::action_by_id(turn.sql, &id)? else { return Ok(Answer::Unknown) };
                for entry in store::of_action(turn.sql, action.number)? {
                    if entry.state != State::Unknown {
                        continue;
                    }
                    let ready = Ready::read(entry)?;
                    if happened {
                        self.written(turn, &ready, record, Done::Arrived)?;
                    } else {
                        Self::leave_again(turn, &ready)?;
                    }
                }
                self.rouse_for_outbox(turn, effects);
                self.told_to_run(turn, &id)?
            }
            Command::Settings => Answer::Settings(self.outbox.settings.clone()),
            Command::Set(settings) => {
                let json = serde_json::to_string(&settings).map_err(|_| SqlError::Content("meta"))?;
                schema::set(turn.sql, SETTINGS_KEY, &json)?;
                self.outbox.settings = settings.clone();
                Answer::Settings(settings)
            }
        })
    }

    /// An action as somebody has left it, of which the run of an automation or workflow that asked for it hears too.
    fn told_to_run(&mut self, turn: &Turn<'_>, id: &ActionId) -> Result<Answer, SqlError> {
        let answer = self.action_told(turn, id)?;
        if let Answer::Action(told) = &answer {
            self.run_follows(turn, id, told)?;
            self.workflow_run_follows(turn, id, told)?;
        }
        Ok(answer)
    }

    fn take_all(
        &mut self,
        turn: &mut Turn<'_>,
        actor: &Actor,
        all: Vec<Asked>,
        job: Option<&str>,
        effects: &mut Vec<Effect>,
    ) -> Result<Answer, SqlError> {
        let mut room = OPEN_LIMIT.saturating_sub(store::open_up_to(turn.sql, OPEN_LIMIT)?);
        let mut taken = Vec::with_capacity(all.len());
        for asked in all.into_iter().take(AT_ONCE) {
            taken.push(self.take_of(turn, actor, (asked, job), &mut room, None)?);
        }
        self.rouse_for_outbox(turn, effects);
        Ok(Answer::Taken(taken))
    }

    pub(super) fn rouse_for_outbox(&mut self, turn: &Turn<'_>, effects: &mut Vec<Effect>) {
        self.outbox.stir();
        // An alarm at work may sleep until later.
        effects.push(if self.attends(turn.now) { Effect::Nudge } else { self.rouse(turn.now) });
    }

    /// What failed waits again, and what waited for it too.
    fn leave_again(turn: &Turn<'_>, ready: &Ready) -> Result<(), SqlError> {
        store::begin_anew(turn.sql, ready.entry.number, turn.now)?;
        if ready.write.after().is_some() { Self::go_on(turn, ready) } else { Ok(()) }
    }

    /// Writes an action down. `by`: the seat that does it with its own token, and its user as an owner.
    pub(super) fn take(
        &mut self,
        turn: &mut Turn<'_>,
        actor: &Actor,
        asked: Asked,
        room: &mut u32,
        by: Option<(&SeatId, Option<String>)>,
    ) -> Result<Taken, SqlError> {
        self.take_of(turn, actor, (asked, None), room, by)
    }

    fn take_of(
        &mut self,
        turn: &mut Turn<'_>,
        actor: &Actor,
        (asked, job): (Asked, Option<&str>),
        room: &mut u32,
        by: Option<(&SeatId, Option<String>)>,
    ) -> Result<Taken, SqlError> {
        let seat = by.as_ref().map(|(seat, _)| (*seat).clone());
        // What one seat calls its own is no other's.
        let key = asked.key.as_deref().filter(|_| !asked.dry_run).map(|key| match &seat {
            Some(seat) => format!("{seat}/{key}"),
            None => key.to_owned(),
        });
        if let Some(key) = &key
            && let Some(before) = store::action_by_key(turn.sql, key)?
        {
            return Ok(Taken::Action { action: self.action_shown(turn, &before)?.to_string(), new: false });
        }
        if self.outbox.settings.off.contains(&asked.wanted.name()) {
            return Ok(Taken::Off);
        }
        let is_nobodys = matches!(by, Some((_, None)));
        let planned = match by {
            None => self.plan_action(turn, &asked.wanted)?,
            Some(by) => self.plan_of_seat(turn, &asked.wanted, by)?,
        };
        let mut writes = match planned {
            Ok(writes) => writes,
            Err(refusal) => return Ok(Taken::Refused(refusal)),
        };
        let mut left = self.fill(turn, &asked.wanted, &asked.data, &mut writes)?;
        if is_nobodys && !writes.iter().any(names_owner) {
            left.push((OWNER.to_owned(), Why::Refused(nobodys())));
        }
        if writes.iter().any(Write::is_nothing) {
            return Ok(Taken::Refused(Refusal::nothing()));
        }
        // What the seat's own app was granted HubSpot says.
        if let Some(refusal) = self.lacks_to_write(&writes).filter(|_| seat.is_none()) {
            return Ok(Taken::Refused(refusal));
        }
        if !asked.dry_run {
            if (*room as usize) < writes.len() {
                return Ok(Taken::Full);
            }
            *room -= writes.len() as u32;
        }
        let mut bytes = [0; 12];
        (turn.random)(&mut bytes);
        let id = ActionId::from_random(bytes);
        let content = Content {
            action: asked.wanted.name(),
            by: actor.clone(),
            why: asked.why,
            dry_run: asked.dry_run,
            key: asked.key.clone(),
            job: job.map(str::to_owned),
            left,
            seat,
        };
        let content = serde_json::to_string(&content).map_err(|_| SqlError::Content("actions"))?;
        let number = store::add_action(turn.sql, &id, (key.as_deref(), job), turn.now, &content)?;
        let rows: Vec<New> = writes
            .iter()
            .enumerate()
            .map(|(step, write)| {
                Ok(New {
                    state: if asked.dry_run { State::Dry } else { State::Waiting },
                    urgency: if asked.background { AUTOMATION } else { PERSON },
                    batch: write.batch(),
                    target: write.target(&format!("{id}.{step}")),
                    coalesce: asked.coalesce.clone(),
                    after: write.after(),
                    content: serde_json::to_string(write).map_err(|_| SqlError::Content("outbox"))?,
                })
            })
            .collect::<Result<_, SqlError>>()?;
        let numbers = store::add(turn.sql, number, turn.now, &rows, self.outbox.greatest)?;
        self.outbox.greatest = numbers.into_iter().fold(self.outbox.greatest, i64::max);
        if asked.dry_run {
            self.say_what_is_there(turn, number)?;
        }
        let action = store::action_by_id(turn.sql, &id)?.ok_or(SqlError::Content("actions"))?;
        Ok(Taken::Action { action: self.action_shown(turn, &action)?.to_string(), new: true })
    }

    /// A dry run tells which records would not be made, since they are there.
    fn say_what_is_there(&self, turn: &Turn<'_>, action: i64) -> Result<(), SqlError> {
        for entry in store::of_action(turn.sql, action)? {
            let ready = Ready::read(entry)?;
            if let Found::Record(id) = self.counterpart(turn, &ready.write)? {
                let note = Note { found: true, ..Note::default() };
                Self::settle(turn, &ready, State::Dry, Some(id), &note)?;
            }
        }
        Ok(())
    }

    /// A scope that these writes take and that is known not to be granted.
    fn lacks_to_write(&self, writes: &[Write]) -> Option<Refusal> {
        let granted = &self.connection.as_ref()?.scopes;
        // Which way an entry on a timeline goes was chosen by what is granted.
        let needed = writes.iter().filter(|write| write.entry().is_none()).map(|write| match write {
            Write::Create { object_type, .. } | Write::Update { object_type, .. } => {
                scopes::of_writes(*object_type)
            }
            Write::Tie { from, .. } => scopes::of_writes(*from),
            Write::Member { .. } => scopes::LIST_MEMBERS,
        });
        // Of a token nobody may know what it is good for: HubSpot says so then.
        let lacking = needed
            .into_iter()
            .find(|scope| !granted.is_empty() && !granted.iter().any(|own| own == scope))?;
        Some(Refusal {
            at: "/action".to_owned(),
            words: format!(
                "The connection lacks the scope `{lacking}`. Connect the account again and grant it."
            ),
            of_account: true,
        })
    }
}

/// Whether a new record is somebody's.
fn names_owner(write: &Write) -> bool {
    matches!(write, Write::Create { values, .. } if values.contains_key(OWNER))
}

/// A seat's user is not known as an owner: what the seat makes is made without one, and nobody is left to find that out.
fn nobodys() -> property_value::Refusal {
    let detail = "The user is not known as an owner in HubSpot, and so the call has none: `GET …/owner` of the seat says why.";
    property_value::Refusal { code: property_value::Code::NotAnOwner, detail: detail.to_owned() }
}
