//! A seat's open call tasks, for whoever asks: what they are is read ([`super::reading`]), and by whom is said here.
//!
//! Several requests of one seat for the same, at the same time, are one reading: the first makes it, the others wait for what it
//! brings, in memory and for some seconds ([`Desks`]). Whoever reads says every second that they still do: a reading whose client has
//! hung up is another's to make three seconds later. Left out of every answer are the tasks that the seat itself completes or has just
//! completed, also where HubSpot has not heard of it yet; not those whose call is for a person to decide about.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    commands::{Answer, State},
    seat::Seat,
};
use crate::{
    engine::portal::{Portal, Turn, state::Connection},
    hubspot::tasks::Place,
    store::{portal::seat_writes, sql::SqlError},
    values::{
        filter::Context,
        ids::{ObjectType, RecordId, SeatId},
        json,
        time::{MINUTE_MS, SECOND_MS, Timestamp},
    },
};

/// How long others wait for a reading at most: four calls, each with the patience of [`super::pass`].
const LEASE_MS: i64 = 40 * SECOND_MS;
/// How often whoever reads says so.
pub const GOES_ON_MS: u32 = 1_000;
/// After so long in which nobody says so a reading has no reader any more: two such words may be late or lost.
const SILENT_MS: i64 = 3 * SECOND_MS;
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
    /// Fields of the contact besides those of a card ([`CARD`](crate::hubspot::tasks::CARD)).
    pub properties: Vec<String>,
    /// Only those in this task queue of HubSpot's, by its id.
    #[serde(default)]
    pub queue: Option<String>,
    /// Only those behind this place.
    #[serde(default)]
    pub after: Option<Place>,
}

impl Wanted {
    /// The first of these, whatever queue they stand in.
    pub const fn of(which: Which) -> Self {
        Self { which, properties: Vec::new(), queue: None, after: None }
    }
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
    /// Somebody reads them: ask again in so many milliseconds, with the ticket. To whoever reads: say in so many that it goes on.
    Wait {
        /// Of the reading.
        ticket: u64,
        /// When.
        ms: u32,
    },
    /// The API's JSON.
    Ready(String),
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
    /// When whoever reads said last that they do.
    goes_on_at: Timestamp,
    ended: Option<(Timestamp, String)>,
}

impl Desks {
    /// What one who asks is to do; `ticket`: of the reading that was waited for.
    fn ask(&mut self, now: Timestamp, seat: &SeatId, wanted: &Wanted, ticket: Option<u64>) -> Asked {
        self.all.retain(|shared| match &shared.ended {
            Some((at, _)) => now.since_ms(*at) < SHARED_MS,
            None => now.since_ms(shared.begun_at) < LEASE_MS && now.since_ms(shared.goes_on_at) < SILENT_MS,
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
            self.all.push(Shared { ticket, seat, wanted, begun_at: now, goes_on_at: now, ended: None });
        }
        Asked::Read(ticket)
    }

    /// Whoever reads still does.
    fn goes_on(&mut self, now: Timestamp, seat: &SeatId, ticket: u64) {
        let own = |shared: &&mut Shared| shared.ticket == ticket && shared.seat == *seat;
        if let Some(shared) = self.all.iter_mut().find(own) {
            shared.goes_on_at = now;
        }
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

    /// Whoever reads a seat's tasks is still there.
    pub(super) fn desk_goes_on(&mut self, turn: &Turn<'_>, id: &SeatId, ticket: u64) -> Answer {
        self.seats.desks.goes_on(turn.now, id, ticket);
        Answer::Desk(Desk::Wait { ticket, ms: GOES_ON_MS })
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
        let (today, queue) = (Wanted::of(Which::Today), Wanted::of(Which::Queue));
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
        let next = Wanted { after: Some(Place::behind(now)), ..today.clone() };
        assert_eq!(desks.ask(later, &grace, &next, Some(6)), Asked::Read(7), "another page");
    }

    #[test]
    fn a_reading_is_waited_for_as_long_as_somebody_says_that_it_goes_on() {
        let (grace, alan) = (SeatId::from_random([1; 12]), SeatId::from_random([2; 12]));
        let wanted = Wanted::of(Which::Queue);
        let mut desks = Desks::default();
        let begun = Timestamp(1_000_000);
        assert_eq!(desks.ask(begun, &grace, &wanted, None), Asked::Read(1));
        // Nobody else can say it.
        desks.goes_on(begun.plus_ms(1_000), &alan, 1);
        assert_eq!(desks.ask(begun.plus_ms(SILENT_MS - 1), &grace, &wanted, None), Asked::Wait(1));
        assert_eq!(desks.ask(begun.plus_ms(SILENT_MS), &grace, &wanted, Some(1)), Asked::Read(2));
        // Whoever comes back late spoils nothing.
        desks.goes_on(begun.plus_ms(SILENT_MS), &grace, 1);
        desks.end(begun.plus_ms(SILENT_MS), &grace, 1, Some("late"));
        let again = begun.plus_ms(SILENT_MS);
        for second in 1..LEASE_MS / SECOND_MS {
            let now = again.plus_ms(second * i64::from(GOES_ON_MS));
            desks.goes_on(now, &grace, 2);
            assert_eq!(desks.ask(now, &grace, &wanted, Some(2)), Asked::Wait(2), "{second} s");
        }
        let over = again.plus_ms(LEASE_MS);
        desks.goes_on(over, &grace, 2);
        assert_eq!(desks.ask(over, &grace, &wanted, Some(2)), Asked::Read(3), "nobody reads for so long");
    }
}
