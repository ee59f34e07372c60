//! Reads a seat's open call tasks from HubSpot at the moment of asking, with the seat's own token, and with whom to call.
//!
//! Four calls, one after the other: a search finds the tasks, a batch read makes them true (the index is late: what is done meanwhile
//! is left out), their links and a batch read of contacts tell who is to be called. A contact that the user may not see stays away,
//! the task does not. [`Reading`] sends nothing and waits for nothing: it says which call comes next and takes its end.
//!
//! A reading tells a hundred tasks at most, and the place behind which the next one goes on: by the moment they are due and then by id, so
//! that none is passed over however many are done in between. Where two hundred are due at the very same moment a fifth call finds them by
//! their ids.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{
    desk::{Begin, Wanted, Which},
    pass::Stop,
};
use crate::{
    engine::limiter::messages::Window,
    hubspot::{
        associations,
        endpoint::Endpoint,
        objects,
        record::{self, Record},
        rejection::Rejection,
        tasks::{self, Place, Sought},
    },
    values::{
        failure::Failure,
        http::{Request, Response},
        ids::{ObjectType, RecordId},
        time::Timestamp,
    },
};

/// Most contacts whose cards are read: one batch read.
const CARDS: usize = 100;

/// A call to be made, or the end.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Make it with the seat's token; [`Reading::heard`] takes its end.
    Call(Endpoint, Request, Window),
    /// All that was read: the API's JSON; `next_cursor` is a [`Place`] as text.
    Done(Value),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Search,
    /// Of those that are due at this moment.
    Moment(Timestamp),
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
    next: Option<Place>,
    tasks: Vec<Task>,
    cards: BTreeMap<RecordId, Value>,
}

impl Reading {
    /// A reading and its first step.
    pub fn begin(wanted: Wanted, begin: Begin) -> (Self, Step) {
        let (owner, today) = (begin.owner, begin.today);
        let (stage, tasks, cards) = (Stage::Search, Vec::new(), BTreeMap::new());
        let reading = Self { wanted, owner, today, stage, next: None, tasks, cards };
        let request = tasks::search(&reading.sought());
        let step = Step::Call(Endpoint::Search, request, Window::Search);
        (reading, step)
    }

    fn sought(&self) -> Sought<'_> {
        let (from, before) = self.bounds();
        Sought {
            owner: &self.owner,
            from,
            before,
            queue: self.wanted.queue.as_deref(),
            after: self.wanted.after,
        }
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
            Stage::Search | Stage::Moment(_) => {
                let page = record::parse_page(&response.body).map_err(malformed)?;
                let place = |record: &Record<'_>| {
                    Some(Place { due_at: tasks::due(&record.properties)?, id: record.id })
                };
                let found: Vec<Place> = page.records.iter().filter_map(place).collect();
                let ids = match self.told(found, page.after.is_none()) {
                    Ok(ids) => ids,
                    Err(moment) => {
                        self.stage = Stage::Moment(moment);
                        let own = self.wanted.after.filter(|after| after.due_at == moment);
                        let after = own.unwrap_or(Place { due_at: moment, id: RecordId(0) });
                        let request = tasks::search_moment(&self.sought(), after);
                        return Ok(Step::Call(Endpoint::Search, request, Window::Search));
                    }
                };
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

    /// Which of the tasks that were found are told, and where the next reading goes on. HubSpot has no order among those of one moment, and
    /// may have more of the last one: they are told where it has not, or once nothing else is. `Err`: all that was found is due at this
    /// moment, of which there may be more.
    fn told(&mut self, mut found: Vec<Place>, is_all: bool) -> Result<Vec<RecordId>, Timestamp> {
        found.sort_unstable();
        let of_moment = match self.stage {
            Stage::Moment(moment) => Some(moment),
            _ => None,
        };
        let known = match found.last() {
            Some(last) if !is_all && of_moment.is_none() => {
                let last = last.due_at;
                match found.partition_point(|place| place.due_at < last) {
                    0 => return Err(last),
                    known => known,
                }
            }
            _ => found.len(),
        };
        let told = &found[..known.min(tasks::LIMIT)];
        self.next = match of_moment {
            // Whatever is due later is still to come.
            Some(moment) => Some(told.last().copied().unwrap_or(Place::behind(moment))),
            None if is_all && told.len() == found.len() => None,
            None => told.last().copied(),
        };
        Ok(told.iter().map(|place| place.id).collect())
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
        let queues: Vec<String> = text(tasks::QUEUES)
            .map(|ids| ids.split(';').filter(|id| !id.is_empty()).map(str::to_owned).collect())
            .unwrap_or_default();
        if self.wanted.queue.as_ref().is_some_and(|queue| !queues.contains(queue)) {
            return None;
        }
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
        json!({ "results": tasks, "next_cursor": self.next.map(|place| place.to_string()) })
    }
}

/// Whether a call was refused for what the user may not do, so that the rest of the answer stands.
const fn is_of_rights(failure: Failure) -> bool {
    matches!(failure, Failure::MissingScope | Failure::PermissionDenied | Failure::WrongTokenKind)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun() -> Reading {
        let begin = Begin { ticket: 1, owner: "7".to_owned(), today: (Timestamp(0), Timestamp(0)) };
        Reading::begin(Wanted::of(Which::Queue), begin).0
    }

    fn places(all: std::ops::Range<u64>, due_at: impl Fn(u64) -> i64) -> Vec<Place> {
        all.map(|id| Place { due_at: Timestamp(due_at(id)), id: RecordId(id) }).collect()
    }

    #[test]
    fn a_page_ends_where_nothing_else_can_be_due_at_the_same_moment() {
        let ids = |all: std::ops::Range<u64>| all.map(RecordId).collect::<Vec<_>>();
        let mut reading = begun();
        // Each at a moment of its own: a hundred, and on behind the last of them.
        assert_eq!(reading.told(places(1..201, |id| id as i64), false), Ok(ids(1..101)));
        assert_eq!(reading.next, Some(Place { due_at: Timestamp(100), id: RecordId(100) }));
        // The last fifty at one moment: known as far as the moment before.
        assert_eq!(reading.told(places(1..201, |id| (id as i64).min(51)), false), Ok(ids(1..51)));
        assert_eq!(reading.next, Some(Place { due_at: Timestamp(50), id: RecordId(50) }));
        // There are no more: all of it is known, and told in two halves.
        assert_eq!(reading.told(places(1..151, |_| 9), true), Ok(ids(1..101)));
        assert_eq!(reading.next, Some(Place { due_at: Timestamp(9), id: RecordId(100) }));
        assert_eq!(reading.told(places(101..151, |_| 9), true), Ok(ids(101..151)));
        assert_eq!(reading.next, None);
        assert_eq!(reading.told(Vec::new(), true), Ok(Vec::new()));
        // Nothing but one moment, and more of it.
        assert_eq!(reading.told(places(1..201, |_| 9), false), Err(Timestamp(9)));
        reading.stage = Stage::Moment(Timestamp(9));
        assert_eq!(reading.told(places(1..201, |_| 9), false), Ok(ids(1..101)));
        assert_eq!(reading.next, Some(Place { due_at: Timestamp(9), id: RecordId(100) }));
        assert_eq!(reading.told(Vec::new(), true), Ok(Vec::new()), "done meanwhile");
        assert_eq!(reading.next, Some(Place::behind(Timestamp(9))), "what is due later is still to come");
    }
}
