//! A seat's open call tasks, read from HubSpot at the moment of asking with the seat's own token, with whom to call.
//!
//! Four calls, one after the other: a search finds the tasks, a batch read makes them true (the index is late: what is done meanwhile
//! is left out), their links and a batch read of contacts tell who is to be called. A contact that the user may not see stays away,
//! the task does not. [`Reading`] sends nothing and waits for nothing: it says which call comes next and takes its end.
//!
//! Several requests of one seat for the same, at the same time, are one reading: the first makes it, the others wait for what it
//! brings, in memory and for some seconds ([`Desks`]). Left out of every answer are the tasks that the seat itself completes or has just
//! completed, also where HubSpot has not heard of it yet; not those whose call is for a person to decide about.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{
    commands::{Answer, State},
    pass::Stop,
    seat::Seat,
};
use crate::{
    engine::{
        limiter::messages::Window,
        portal::{Portal, Turn, state::Connection},
    },
    hubspot::{
        associations,
        endpoint::Endpoint,
        objects,
        record::{self, Record},
        rejection::Rejection,
        tasks,
    },
    store::{portal::seat_writes, sql::SqlError},
    values::{
        failure::Failure,
        filter::Context,
        http::{Request, Response},
        ids::{ObjectType, RecordId, SeatId},
        json,
        time::{MINUTE_MS, SECOND_MS, Timestamp},
    },
};

/// Most contacts whose cards are read: one batch read.
const CARDS: usize = 100;
/// How long others wait for a reading: four calls, each with the patience of [`super::pass`].
const LEASE_MS: i64 = 40 * SECOND_MS;
/// How long what was read is kept for those who wait: they ask several times a second.
const SHARED_MS: i64 = 5 * SECOND_MS;
/// Readings of a connection that are shared at once; further ones are made and not shared. Some 100 KB each.
const SHARED: usize = 50;
/// When to ask again whether the reading has ended.
const ASK_AGAIN_MS: u32 = 150;
/// For so long after the task was completed HubSpot may have answered a read that left before: a call's whole time.
const JUST_MS: i64 = MINUTE_MS;
/// For so long after a call left whose answer was lost its task counts as about to be completed: whether the call arrived is usually known
/// two minutes after, where the account has no property to find it by (`outbox/settle.rs`). After that the task is told, for
/// it may stay open until a person decides.
const DOUBTED_MS: i64 = 5 * MINUTE_MS;

/// Which of the open call tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    /// Due before today began, by the account's clock.
    Overdue,
    /// Due today.
    Today,
    /// All, in the order in which they are due.
    Queue,
}

impl Which {
    /// All.
    pub const ALL: [Self; 3] = [Self::Overdue, Self::Today, Self::Queue];

    /// As in requests.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Overdue => "overdue",
            Self::Today => "today",
            Self::Queue => "queue",
        }
    }
}

/// What is asked for: who asks for the same at the same time gets the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// Which tasks.
    pub which: Which,
    /// Fields of the contact besides those of a card ([`tasks::CARD`]).
    pub properties: Vec<String>,
}

/// What a reading begins with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begin {
    /// Names the reading to those who wait for it.
    pub ticket: u64,
    /// Whose tasks: the user as an owner.
    pub owner: String,
    /// The first moments of today and tomorrow, by the account's clock.
    pub today: (Timestamp, Timestamp),
}

/// What there is to say about a seat's tasks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Desk {
    /// Read them.
    Read(Begin),
    /// Somebody reads them: ask again in so many milliseconds, with the ticket.
    Wait {
        /// Of the reading.
        ticket: u64,
        /// When.
        ms: u32,
    },
    /// The API's JSON.
    Ready(String),
}

/// A call to be made, or the end.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Make it with the seat's token; [`Reading::heard`] takes its end.
    Call(Endpoint, Request, Window),
    /// All that was read: the API's JSON.
    Done(Value),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Search,
    Tasks,
    Links,
    Cards,
}

#[derive(Debug)]
struct Task {
    id: RecordId,
    due_at: Timestamp,
    shown: Map<String, Value>,
    contacts: Vec<RecordId>,
}

/// One reading.
#[derive(Debug)]
pub struct Reading {
    wanted: Wanted,
    owner: String,
    today: (Timestamp, Timestamp),
    stage: Stage,
    found: u64,
    tasks: Vec<Task>,
    cards: BTreeMap<RecordId, Value>,
}

impl Reading {
    /// A reading and its first step.
    pub fn begin(wanted: Wanted, begin: Begin) -> (Self, Step) {
        let (owner, today) = (begin.owner, begin.today);
        let (stage, tasks, cards) = (Stage::Search, Vec::new(), BTreeMap::new());
        let reading = Self { wanted, owner, today, stage, found: 0, tasks, cards };
        let (from, before) = reading.bounds();
        let request = tasks::search(&reading.owner, from, before);
        let step = Step::Call(Endpoint::Search, request, Window::Search);
        (reading, step)
    }

    fn bounds(&self) -> (Option<Timestamp>, Option<Timestamp>) {
        match self.wanted.which {
            Which::Overdue => (None, Some(self.today.0)),
            Which::Today => (Some(self.today.0), Some(self.today.1)),
            Which::Queue => (None, None),
        }
    }

    /// The call came to its end: what comes next.
    pub fn heard(&mut self, end: Result<Response, Stop>) -> Result<Step, Stop> {
        let response = match (end, self.stage) {
            (Ok(response), _) => response,
            // Whom the user may not see is not told; what is to be done is.
            (Err(Stop::Failed { failure, .. }), Stage::Links | Stage::Cards) if is_of_rights(failure) => {
                return Ok(Step::Done(self.shown()));
            }
            (Err(stop), _) => return Err(stop),
        };
        let malformed = |_| {
            let refusal = Rejection::malformed(&response);
            Stop::Failed {
                failure: refusal.failure(),
                words: Some(refusal.words()),
                retry_at: None,
                correlation_id: refusal.correlation_id,
            }
        };
        Ok(match self.stage {
            Stage::Search => {
                let page = record::parse_page(&response.body).map_err(malformed)?;
                let ids: Vec<RecordId> = page.records.iter().map(|record| record.id).collect();
                self.found = page.total.unwrap_or(ids.len() as u64);
                if ids.is_empty() {
                    return Ok(Step::Done(self.shown()));
                }
                self.stage = Stage::Tasks;
                let names = tasks::PROPERTIES.map(str::to_owned);
                let request = objects::batch_read(ObjectType::Tasks, &ids, &names);
                Step::Call(Endpoint::BatchRead, request, Window::Core)
            }
            Stage::Tasks => {
                let batch = record::parse_batch(&response.body).map_err(malformed)?;
                let all = batch.records.iter().filter_map(|record| self.task(record)).collect();
                self.tasks = all;
                self.tasks.sort_by_key(|task| (task.due_at, task.id));
                if self.tasks.is_empty() {
                    return Ok(Step::Done(self.shown()));
                }
                self.stage = Stage::Links;
                let inputs: Vec<_> = self.tasks.iter().map(|task| (task.id, None)).collect();
                let request = associations::batch_read(ObjectType::Tasks, ObjectType::Contacts, &inputs);
                Step::Call(Endpoint::Associations, request, Window::Associations)
            }
            Stage::Links => {
                let links = associations::parse_batch(&response.body).map_err(malformed)?;
                for found in links.found {
                    if let Some(task) = self.tasks.iter_mut().find(|task| task.id == found.from) {
                        task.contacts = found.to.iter().map(|linked| linked.to).collect();
                    }
                }
                let ids = self.contacts();
                if ids.is_empty() {
                    return Ok(Step::Done(self.shown()));
                }
                self.stage = Stage::Cards;
                let mut names = tasks::CARD.map(str::to_owned).to_vec();
                names.extend(self.wanted.properties.iter().cloned());
                names.dedup();
                let request = objects::batch_read(ObjectType::Contacts, &ids, &names);
                Step::Call(Endpoint::BatchRead, request, Window::Core)
            }
            Stage::Cards => {
                let batch = record::parse_batch(&response.body).map_err(malformed)?;
                let cards = batch.records.iter().map(|record| (record.id, self.card(record))).collect();
                self.cards = cards;
                Step::Done(self.shown())
            }
        })
    }

    /// The first contact of each task, then the second of each, and so on, as many as one call reads.
    fn contacts(&self) -> Vec<RecordId> {
        let most = self.tasks.iter().map(|task| task.contacts.len()).max().unwrap_or(0);
        let mut ids = Vec::new();
        for place in 0..most {
            for id in self.tasks.iter().filter_map(|task| task.contacts.get(place)) {
                if ids.len() == CARDS {
                    return ids;
                }
                if !ids.contains(id) {
                    ids.push(*id);
                }
            }
        }
        ids
    }

    /// An open task of the kind that was asked for; `None`: it is that no more.
    fn task(&self, record: &Record<'_>) -> Option<Task> {
        let due_at = tasks::due_of_open(&record.properties, &self.owner)?;
        let (from, before) = self.bounds();
        if from.is_some_and(|from| due_at < from) || before.is_some_and(|before| due_at >= before) {
            return None;
        }
        let text = |name: &str| record.properties.get(name).map(str::to_owned);
        let due = match due_at {
            at if at < self.today.0 => Which::Overdue.as_str(),
            at if at < self.today.1 => Which::Today.as_str(),
            _ => "later",
        };
        let queues: Vec<String> = text("hs_queue_membership_ids")
            .map(|ids| ids.split(';').filter(|id| !id.is_empty()).map(str::to_owned).collect())
            .unwrap_or_default();
        let shown = json!({
            "id": record.id.to_string(),
            "subject": text("hs_task_subject"),
            "body": text("hs_task_body"),
            "priority": text("hs_task_priority"),
            "due_at": due_at.to_rfc3339(),
            "due": due,
            "queues": queues,
        });
        let Value::Object(shown) = shown else { return None };
        Some(Task { id: record.id, due_at, shown, contacts: Vec::new() })
    }

    fn card(&self, record: &Record<'_>) -> Value {
        let text = |name: &str| record.properties.get(name).filter(|text| !text.is_empty());
        let names: Vec<&str> = ["firstname", "lastname"].into_iter().filter_map(text).collect();
        let name = (!names.is_empty()).then(|| names.join(" "));
        let further: Map<String, Value> = self
            .wanted
            .properties
            .iter()
            .filter_map(|name| Some((name.clone(), record.properties.get(name)?.into())))
            .collect();
        json!({
            "id": record.id.to_string(),
            "name": name,
            "title": text("jobtitle"),
            "phone": text("phone"),
            "mobile": text("mobilephone"),
            "account": text("company"),
            "properties": further,
        })
    }

    fn shown(&self) -> Value {
        let tasks: Vec<Value> = self
            .tasks
            .iter()
            .map(|task| {
                let mut shown = task.shown.clone();
                let card = task.contacts.iter().find_map(|id| self.cards.get(id)).cloned();
                shown.insert("contact".to_owned(), card.unwrap_or(Value::Null));
                Value::Object(shown)
            })
            .collect();
        json!({ "results": tasks, "more": self.found > tasks::LIMIT as u64 })
    }
}

/// Whether a call was refused for what the user may not do, so that the rest of the answer stands.
const fn is_of_rights(failure: Failure) -> bool {
    matches!(failure, Failure::MissingScope | Failure::PermissionDenied | Failure::WrongTokenKind)
}

/// Readings under way or just ended. Lost with the object: whoever waits then reads.
#[derive(Debug, Default)]
pub(in crate::engine::portal) struct Desks {
    all: Vec<Shared>,
    next: u64,
}

#[derive(Debug)]
struct Shared {
    ticket: u64,
    seat: SeatId,
    wanted: Wanted,
    begun_at: Timestamp,
    ended: Option<(Timestamp, String)>,
}

impl Desks {
    /// What one who asks is to do; `ticket`: of the reading that was waited for.
    fn ask(&mut self, now: Timestamp, seat: &SeatId, wanted: &Wanted, ticket: Option<u64>) -> Asked {
        self.all.retain(|shared| match &shared.ended {
            Some((at, _)) => now.since_ms(*at) < SHARED_MS,
            None => now.since_ms(shared.begun_at) < LEASE_MS,
        });
        let same = |shared: &&Shared| shared.seat == *seat && shared.wanted == *wanted;
        let waited_for = ticket.and_then(|ticket| {
            self.all.iter().filter(same).find(|shared| shared.ticket == ticket)?.ended.as_ref()
        });
        if let Some((_, told)) = waited_for {
            return Asked::Ready(told.clone());
        }
        // What has ended was read before one who asks now asked.
        if let Some(shared) = self.all.iter().filter(same).find(|shared| shared.ended.is_none()) {
            return Asked::Wait(shared.ticket);
        }
        self.next += 1;
        let ticket = self.next;
        if self.all.len() < SHARED {
            let (seat, wanted) = (seat.clone(), wanted.clone());
            self.all.push(Shared { ticket, seat, wanted, begun_at: now, ended: None });
        }
        Asked::Read(ticket)
    }

    /// A reading came to its end; `None`: it brought nothing, and the first who waits reads.
    fn end(&mut self, now: Timestamp, seat: &SeatId, ticket: u64, told: Option<&str>) {
        match told {
            Some(told) => {
                let own = |shared: &&mut Shared| shared.ticket == ticket && shared.seat == *seat;
                if let Some(shared) = self.all.iter_mut().find(own) {
                    shared.ended = Some((now, told.to_owned()));
                }
            }
            None => self.all.retain(|shared| shared.ticket != ticket || shared.seat != *seat),
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Read(u64),
    Wait(u64),
    Ready(String),
}

impl Portal {
    /// Somebody asks for a seat's tasks.
    pub(super) fn desk(
        &mut self,
        turn: &Turn<'_>,
        connection: &Connection,
        (id, wanted, ticket): (&SeatId, &Wanted, Option<u64>),
    ) -> Result<Answer, SqlError> {
        let Some((_, seat)) = Seat::find(turn, id)? else { return Ok(Answer::Unknown) };
        if seat.state() != State::Active {
            return Ok(Answer::NotActive(seat.state()));
        }
        Ok(match self.seats.desks.ask(turn.now, id, wanted, ticket) {
            Asked::Ready(told) => Answer::Desk(Desk::Ready(still_open(turn, id, &told)?)),
            Asked::Wait(ticket) => Answer::Desk(Desk::Wait { ticket, ms: ASK_AGAIN_MS }),
            Asked::Read(ticket) => {
                let owner = seat.hubspot_user.map(|user| super::owner_id(turn, user)).transpose()?.flatten();
                let Some(owner) = owner else {
                    // Of whom nobody knows which tasks are theirs it is not said that there are none; and nobody waits for a reading
                    // that is not made.
                    self.seats.desks.end(turn.now, id, ticket, None);
                    return Ok(Answer::NoOwner(self.no_owner(turn.now, connection)));
                };
                let context = Context { now: turn.now, utc_offset_ms: connection.account.utc_offset_ms };
                Answer::Desk(Desk::Read(Begin { ticket, owner, today: context.today() }))
            }
        })
    }

    /// A reading of a seat's tasks came to its end.
    pub(super) fn desk_read(
        &mut self,
        turn: &Turn<'_>,
        (id, ticket, told): (&SeatId, u64, Option<&str>),
    ) -> Result<Answer, SqlError> {
        self.seats.desks.end(turn.now, id, ticket, told);
        let Some((_, seat)) = Seat::find(turn, id)? else { return Ok(Answer::Unknown) };
        Ok(match (seat.state(), told) {
            (State::Active, Some(told)) => Answer::Desk(Desk::Ready(still_open(turn, id, told)?)),
            (State::Active, None) => Answer::Desk(Desk::Ready(String::new())),
            (state, _) => Answer::NotActive(state),
        })
    }
}

/// The answer without the tasks that the seat completes, or has just completed. One whose call nobody knows of is not completed by itself,
/// and stays.
fn still_open(turn: &Turn<'_>, seat: &SeatId, told: &str) -> Result<String, SqlError> {
    const WRONG: SqlError = SqlError::Content("tasks");
    let mut told: Value = json::parse(told).map_err(|_| WRONG)?;
    let results = told["results"].as_array_mut().ok_or(WRONG)?;
    let id_of = |task: &Value| task["id"].as_str().and_then(|id| id.parse::<RecordId>().ok());
    let ids: Vec<RecordId> = results.iter().filter_map(id_of).collect();
    let since = (turn.now.minus_ms(JUST_MS), turn.now.minus_ms(DOUBTED_MS));
    let completed = seat_writes::updating(turn.sql, seat, ObjectType::Tasks, &ids, since)?;
    results.retain(|task| id_of(task).is_none_or(|id| !completed.contains(&id)));
    Ok(told.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_who_ask_at_the_same_time_share_a_reading_and_nobody_gets_an_older_one() {
        let (grace, alan) = (SeatId::from_random([1; 12]), SeatId::from_random([2; 12]));
        let today = Wanted { which: Which::Today, properties: Vec::new() };
        let queue = Wanted { which: Which::Queue, properties: Vec::new() };
        let mut desks = Desks::default();
        let now = Timestamp(1_000_000);
        assert_eq!(desks.ask(now, &grace, &today, None), Asked::Read(1));
        assert_eq!(desks.ask(now, &grace, &today, None), Asked::Wait(1));
        assert_eq!(desks.ask(now, &grace, &queue, None), Asked::Read(2), "another question");
        assert_eq!(desks.ask(now, &alan, &today, Some(1)), Asked::Read(3), "nobody has another's");
        desks.end(now, &grace, 1, Some("told"));
        assert_eq!(desks.ask(now, &grace, &today, Some(1)), Asked::Ready("told".to_owned()));
        assert_eq!(desks.ask(now, &grace, &today, None), Asked::Read(4), "read before it was asked for");
        desks.end(now, &grace, 4, None);
        assert_eq!(desks.ask(now, &grace, &today, Some(4)), Asked::Read(5), "it brought nothing");
        let later = now.plus_ms(LEASE_MS);
        assert_eq!(desks.ask(later, &grace, &today, Some(5)), Asked::Read(6), "whoever read has gone");
    }
}
