//! What an answer means for the writes it is about.
//!
//! | refusal | the write |
//! |---|---|
//! | the account's limits, a move, a token's end | leaves again by itself; counts for nothing |
//! | overload, a lock | leaves again after a pause that doubles, [`ATTEMPTS`] times |
//! | no answer, or one of a gateway | an update leaves again; a create is looked for first |
//! | a rule of the account's people | leaves without the fields that may be left out, else fails: never again by itself |
//! | anything else about the values, the record, a right | fails, and says why |
//!
//! One refused write of a batch fails no other: HubSpot names it (207), or the batch goes on in halves.

use serde::{Deserialize, Serialize};

use crate::{
    engine::portal::{
        Effect, InFlight, Portal, Turn,
        answers::parsed,
        outbox::{Call, PERSON, Ready, Who, Write, numbers},
    },
    hubspot::{
        Malformed,
        rejection::{self, Class, Rejection},
        writes,
    },
    store::{
        portal::{
            dirty, echoes,
            outbox::{self as store, State},
            records,
        },
        sql::SqlError,
    },
    values::{
        failure::Failure,
        http::{Outcome, Response},
        ids::{ObjectType, RecordId},
        json,
        time::{DAY_MS, MINUTE_MS, SECOND_MS},
    },
};

/// How often a write leaves before it fails for want of an answer: ten pauses that double to a quarter of an hour, and ten of that: some
/// three hours.
const ATTEMPTS: u32 = 20;
/// First pause.
const FIRST_MS: i64 = SECOND_MS;
/// Longest pause.
const LONGEST_MS: i64 = 15 * MINUTE_MS;
/// How long after it left HubSpot is asked about a create that gives no answer to the question: longer than it was ever out of reach.
/// Then a person is.
const ASKED_MS: i64 = 3 * DAY_MS;
/// What is said of a change that may have been made before its record went.
const GONE_SINCE: &str = "HubSpot does not have this record now. It did not answer when this was sent before: the change may have been made then, and the record deleted since.";

/// How a write came to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Done {
    /// HubSpot said so.
    Written,
    /// It was there: nothing was made.
    Found,
    /// The answer was lost; HubSpot has it.
    Arrived,
    /// The answer was lost, and HubSpot has one that came since: of this write, or of somebody else.
    Unsure,
}

/// What is to be said of a write, as stored.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Note {
    /// Which way of failing it is, by [`Failure::name`]; empty: none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// In words, for an administrator.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub words: String,
    /// HubSpot's, for its support.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
    /// The record was there already.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub found: bool,
    /// The record is there, and whether this write made it nobody here knows.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unsure: bool,
    /// Fields that a rule of the account refused, and that were left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
}

impl Note {
    pub(super) fn of(rejection: &Rejection) -> Self {
        Self {
            kind: rejection.failure().name().to_owned(),
            words: rejection.words(),
            correlation_id: rejection.correlation_id.clone(),
            ..Self::default()
        }
    }

    fn failed(failure: Failure) -> Self {
        Self { kind: failure.name().to_owned(), words: failure.words(), ..Self::default() }
    }

    /// Of a step that needs another, which has ended without a record.
    fn without_step(step: u8) -> Self {
        let words = format!("Step {} of the action, which this one needs, did not come to be.", step + 1);
        Self { kind: Failure::Refused.name().to_owned(), words, ..Self::default() }
    }

    /// The record is not there. Of what was sent before and had no answer nobody knows whether it was then.
    pub(super) fn gone(ready: &Ready, note: Self) -> Self {
        if ready.entry.doubted { Self { words: GONE_SINCE.to_owned(), ..note } } else { note }
    }

    /// As stored; `None`: nothing is to be said.
    pub(super) fn read(text: Option<&str>) -> Option<Self> {
        json::parse::<Self>(text?).ok().filter(|note| !note.kind.is_empty())
    }

    /// What was left out of a write, which is told whatever becomes of it.
    fn left_out(ready: &Ready) -> Self {
        let note = ready.entry.note.as_deref().and_then(|note| json::parse::<Self>(note).ok());
        Self { left_out: note.map(|note| note.left_out).unwrap_or_default(), ..Self::default() }
    }

    /// The same, as stored.
    pub(super) fn kept(ready: &Ready) -> Option<String> {
        Self::left_out(ready).text()
    }

    fn text(&self) -> Option<String> {
        let said = *self != Self::default();
        said.then(|| serde_json::to_string(self).expect("texts are JSON"))
    }
}

impl Portal {
    /// A call of the outbox came to its end.
    #[inline(never)]
    pub(in crate::engine::portal) fn wrote(
        &mut self,
        turn: &mut Turn<'_>,
        in_flight: &InFlight,
        call: &Call,
        outcome: &Outcome,
        effects: &mut Vec<Effect>,
    ) -> Result<(), SqlError> {
        self.outbox.stir();
        if let Call::Prepare { kind, stage } = call {
            return self.prepared(turn, in_flight, (*kind, stage), outcome, effects);
        }
        let rejection = match rejection::classify(outcome, turn.now) {
            Ok(response) => {
                let taken = match call {
                    Call::Send { writes, .. } => self.sent(turn, writes, response)?,
                    Call::Look { writes, by } => self.looked(turn, writes, by, response)?,
                    Call::Linked(ready) => self.saw_linked(turn, ready, response)?,
                    Call::Compare { write, .. } => self.compared(turn, write, response)?,
                    Call::Prepare { .. } => Ok(()),
                };
                match taken {
                    Ok(()) => return self.connection_well(turn),
                    Err(Malformed(what)) => {
                        effects.push(Effect::Log(format!("HubSpot's answer is not {what}")));
                        Rejection::malformed(response)
                    }
                }
            }
            Err(rejection) => rejection,
        };
        effects.push(Effect::Log(format!("{rejection}")));
        match call {
            Call::Send { writes, .. } => self.not_sent(turn, in_flight, writes, &rejection, effects),
            Call::Look { writes, .. } => self.not_seen(turn, in_flight, writes, &rejection, effects),
            Call::Linked(ready) | Call::Compare { write: ready, .. } => {
                self.not_seen(turn, in_flight, std::slice::from_ref(&**ready), &rejection, effects)
            }
            Call::Prepare { .. } => Ok(()),
        }
    }

    /// A batch was taken: its writes one by one.
    fn sent(
        &mut self,
        turn: &mut Turn<'_>,
        writes: &[Ready],
        response: &Response,
    ) -> Result<Result<(), Malformed>, SqlError> {
        match &writes[0].write {
            Write::Update { .. } if writes[0].entry.batch.starts_with("single/") => {
                let written = parsed!(writes::parse_one(&response.body));
                self.written(turn, &writes[0], Some(written.id), Done::Written)?;
            }
            Write::Create { .. } | Write::Update { .. } => {
                let batch = parsed!(writes::parse_batch(&response.body, turn.now));
                for ready in writes {
                    let key = ready.key();
                    let own = ready.write.record().map(|(_, id)| id);
                    let done = batch.done.iter().find(|written| match &written.trace {
                        Some(trace) => *trace == key,
                        None => Some(written.id) == own,
                    });
                    let refused = batch.refused.iter().find(|entry| {
                        entry.traces.contains(&key) || own.is_some_and(|id| entry.ids.contains(&id))
                    });
                    match (done, refused) {
                        (Some(written), _) => self.written(turn, ready, Some(written.id), Done::Written)?,
                        (None, Some(entry)) => self.refused_write(turn, ready, &entry.rejection)?,
                        (None, None) => Self::passed_over(turn, ready)?,
                    }
                }
            }
            Write::Tie { .. } => {
                let linked = parsed!(writes::parse_linked(&response.body, turn.now));
                let (done, rest): (Vec<&Ready>, Vec<&Ready>) = writes
                    .iter()
                    .partition(|ready| ready.write.ends().is_some_and(|pair| linked.done.contains(&pair)));
                for ready in done {
                    self.written(turn, ready, None, Done::Written)?;
                }
                match (&rest[..], linked.refused.first()) {
                    ([one], Some(rejection)) => self.refused_write(turn, one, rejection)?,
                    // Nothing was said of it: it may be linked, and to link it once more changes nothing.
                    ([one], None) => {
                        store::doubt(turn.sql, &[one.entry.number])?;
                        Self::fails_for_now(turn, one, &Rejection::malformed(response))?;
                    }
                    (rest, _) => {
                        for ready in rest {
                            Self::alone(turn, ready)?;
                        }
                    }
                }
            }
            Write::Member { .. } => {
                let changed = parsed!(writes::parse_members(&response.body));
                for ready in writes {
                    let Write::Member { id, add, .. } = &ready.write else { continue };
                    let id = id.id();
                    if id.is_some_and(|id| changed.missing.contains(&id)) {
                        let note = Note::gone(ready, Note::failed(Failure::RecordGone));
                        Self::settle(turn, ready, State::Failed, None, &note)?;
                        continue;
                    }
                    let told = if *add { &changed.added } else { &changed.removed };
                    let by_others = told.as_ref().zip(id).is_some_and(|(told, id)| !told.contains(&id));
                    // Where an answer was lost before, it may have been done then.
                    if by_others && !ready.entry.doubted {
                        Self::tie_is_none(turn, ready)?;
                    }
                    self.written(turn, ready, None, Done::Written)?;
                }
            }
        }
        Ok(Ok(()))
    }

    /// HubSpot took the batch and said nothing of this write.
    fn passed_over(turn: &Turn<'_>, ready: &Ready) -> Result<(), SqlError> {
        match ready.write {
            // It may have been made.
            Write::Create { .. } => {
                let note = Note::kept(ready);
                store::put_back(turn.sql, &[ready.entry.number], State::Doubt, turn.now, note.as_deref())
            }
            // An id that was merged away is followed by a single update alone.
            _ => Self::alone(turn, ready),
        }
    }

    /// From now on the write leaves in a call of its own.
    fn alone(turn: &Turn<'_>, ready: &Ready) -> Result<(), SqlError> {
        let number = ready.entry.number;
        let batch = match ready.write {
            Write::Update { .. } => format!("single/{number}"),
            _ => format!("{}#{number}", ready.write.batch()),
        };
        store::rebatch(turn.sql, &[number], &batch)?;
        Self::again(turn, ready, 0)
    }

    /// A batch as a whole was refused, or nobody knows.
    fn not_sent(
        &mut self,
        turn: &mut Turn<'_>,
        in_flight: &InFlight,
        writes: &[Ready],
        rejection: &Rejection,
        effects: &mut Vec<Effect>,
    ) -> Result<(), SqlError> {
        if self.hindered(turn, in_flight, rejection, effects)? {
            for ready in writes.iter().filter(|ready| !ready.entry.doubted) {
                Self::tie_is_none(turn, ready)?;
            }
            return store::stay(turn.sql, &numbers(writes), turn.now);
        }
        if rejection.may_have_happened() {
            if !matches!(writes[0].write, Write::Create { .. }) {
                store::doubt(turn.sql, &numbers(writes))?;
            }
            for ready in writes {
                match ready.write {
                    Write::Create { .. } => {
                        let due_at = turn.now.plus_ms(pause(ready.entry.attempts, turn.random));
                        let (number, note) = (ready.entry.number, Note::kept(ready));
                        store::put_back(turn.sql, &[number], State::Doubt, due_at, note.as_deref())?;
                    }
                    _ => Self::fails_for_now(turn, ready, rejection)?,
                }
            }
            return Ok(());
        }
        let for_now = matches!(
            rejection.class,
            Class::Locked | Class::Transient { .. } | Class::Expired | Class::Unauthorized
        );
        let of_all = matches!(rejection.class, Class::Forbidden { .. } | Class::WrongTokenKind)
            || (rejection.class == Class::Gone && matches!(writes[0].write, Write::Member { .. }));
        if let ([_, _, ..], false, false) = (writes, for_now, of_all) {
            // In halves until the one stands alone that the others were refused for.
            let (lower, upper) = writes.split_at(writes.len() / 2);
            for half in [lower, upper] {
                let batch = format!("{}#{}", writes[0].write.batch(), half[0].entry.number);
                store::rebatch(turn.sql, &numbers(half), &batch)?;
                for ready in half {
                    Self::again(turn, ready, 0)?;
                }
            }
            return Ok(());
        }
        for ready in writes {
            if for_now {
                Self::fails_for_now(turn, ready, rejection)?;
            } else {
                self.refused_write(turn, ready, rejection)?;
            }
        }
        Ok(())
    }

    /// A question about creates was refused, or nobody knows: it is asked again.
    fn not_seen(
        &mut self,
        turn: &mut Turn<'_>,
        in_flight: &InFlight,
        writes: &[Ready],
        rejection: &Rejection,
        effects: &mut Vec<Effect>,
    ) -> Result<(), SqlError> {
        let hindered = self.hindered(turn, in_flight, rejection, effects)?;
        if let (Class::Rejected { .. } | Class::Gone, Write::Create { object_type, .. }, true) =
            (&rejection.class, &writes[0].write, rejection.is_hubspots_word())
        {
            // Nobody can be looked for by a property that is not there.
            self.key_is_questioned(turn, *object_type)?;
        }
        for ready in writes {
            // The longer nobody knows, the longer between two questions, until a person is asked instead.
            let age = turn.now.since_ms(ready.entry.left_at.unwrap_or(turn.now));
            if !hindered && age >= ASKED_MS {
                Self::given_up(turn, ready)?;
                continue;
            }
            let wait = if hindered { 0 } else { (age / 4).clamp(FIRST_MS, LONGEST_MS) };
            let note = ready.entry.note.as_deref();
            store::put_back(turn.sql, &[ready.entry.number], State::Doubt, turn.now.plus_ms(wait), note)?;
        }
        Ok(())
    }

    /// One write was refused, for good as it is.
    fn refused_write(
        &mut self,
        turn: &mut Turn<'_>,
        ready: &Ready,
        rejection: &Rejection,
    ) -> Result<(), SqlError> {
        match (&rejection.class, &ready.write) {
            (Class::Transient { .. } | Class::Locked | Class::Throttled { .. } | Class::Unknown, _) => {
                return Self::fails_for_now(turn, ready, rejection);
            }
            (Class::Rule { properties }, write)
                if !properties.is_empty()
                    && write
                        .droppable()
                        .is_some_and(|droppable| properties.iter().all(|name| droppable.contains(name))) =>
            {
                return Self::without(turn, ready, properties);
            }
            (Class::Rejected { codes, .. }, Write::Create { object_type, .. })
                if self.key_may_be_missing(turn, *object_type, ready, codes)? =>
            {
                return Self::fails_for_now(turn, ready, rejection);
            }
            // A batch update does not follow an id that was merged away, a single one does.
            (Class::Gone, Write::Update { .. }) if !ready.entry.batch.starts_with("single/") => {
                return Self::alone(turn, ready);
            }
            // It is there already: by whom, HubSpot is asked. And what was refused may have arrived before.
            (Class::Conflict { .. }, Write::Create { .. }) if ready.write.address().is_some() => {
                return Self::ask_after(turn, ready, rejection);
            }
            (_, Write::Create { .. }) if ready.entry.doubted => {
                return Self::ask_after(turn, ready, rejection);
            }
            _ => {}
        }
        let note = match (&rejection.class, &ready.write) {
            (Class::Gone, Write::Update { .. } | Write::Tie { .. }) => Note::gone(ready, Note::of(rejection)),
            _ => Note::of(rejection),
        };
        Self::settle(turn, ready, State::Failed, None, &note)
    }

    /// A create was refused that may be there all the same: if it is not, the refusal stands.
    fn ask_after(turn: &Turn<'_>, ready: &Ready, rejection: &Rejection) -> Result<(), SqlError> {
        let note = Note { left_out: Note::left_out(ready).left_out, ..Note::of(rejection) }.text();
        store::put_back(turn.sql, &[ready.entry.number], State::Doubt, turn.now, note.as_deref())
    }

    /// Leaves again without fields that may be left out.
    fn without(turn: &Turn<'_>, ready: &Ready, names: &[String]) -> Result<(), SqlError> {
        let mut write = ready.write.clone();
        write.leave_out(names);
        let mut note = Note::left_out(ready);
        note.left_out.extend(names.iter().cloned());
        if let Write::Update { values, .. } = &write
            && values.is_empty()
        {
            return Self::settle(turn, ready, State::Done, None, &note);
        }
        Self::rewrite(turn, ready, &write, None)?;
        store::put_back(turn.sql, &[ready.entry.number], State::Waiting, turn.now, note.text().as_deref())
    }

    /// Leaves again after a pause, or fails for want of an answer.
    fn fails_for_now(turn: &mut Turn<'_>, ready: &Ready, rejection: &Rejection) -> Result<(), SqlError> {
        if ready.entry.attempts + 1 >= ATTEMPTS {
            return Self::settle(turn, ready, State::Failed, None, &Note::of(rejection));
        }
        if !ready.entry.doubted && !rejection.may_have_happened() {
            Self::tie_is_none(turn, ready)?;
        }
        let wish = match rejection.class {
            Class::Transient { retry_at: Some(at) } => at.since_ms(turn.now).max(0),
            Class::Locked => 2 * SECOND_MS,
            _ => 0,
        };
        let wait = wish.max(pause(ready.entry.attempts, turn.random));
        Self::again(turn, ready, wait)
    }

    fn again(turn: &Turn<'_>, ready: &Ready, wait_ms: i64) -> Result<(), SqlError> {
        let (number, note) = (ready.entry.number, Note::kept(ready));
        store::put_back(turn.sql, &[number], State::Waiting, turn.now.plus_ms(wait_ms), note.as_deref())
    }

    /// A write is in HubSpot: those that waited for it go on, and the mirror reads what it came to.
    pub(super) fn written(
        &mut self,
        turn: &mut Turn<'_>,
        ready: &Ready,
        id: Option<RecordId>,
        how: Done,
    ) -> Result<(), SqlError> {
        let (found, unsure) = (how == Done::Found, how == Done::Unsure);
        let note = Note { found, unsure, ..Note::left_out(ready) };
        Self::settle(turn, ready, State::Done, id, &note)?;
        let kind = match &ready.write {
            Write::Create { object_type, .. } | Write::Update { object_type, .. } => Some(*object_type),
            Write::Tie { from, from_id: Who::Id(from_id), .. } => {
                let asked_at = self.tick(turn.now);
                self.mark_links(turn, *from, &[*from_id], asked_at)?;
                None
            }
            Write::Tie { .. } | Write::Member { .. } => None,
        };
        if let (Write::Create { object_type, values, .. }, Some(id), true) =
            (&ready.write, id, !found && !unsure)
            && self.mirrors(*object_type)
            && !ready.write.address().is_some_and(|email| self.blocks.has_email(email))
        {
            let there = records::known(turn.sql, *object_type, &[id], None)?;
            if there.is_empty() {
                echoes::put(turn.sql, *object_type, id, values, turn.now)?;
            }
        }
        // What happens by itself comes back with the next check, a hundred to a call.
        if let (Some(kind), Some(id)) = (kind, id)
            && store::urgency(turn.sql, ready.entry.number)? == Some(PERSON)
        {
            self.look_at(turn, kind, id)?;
        }
        for follower in store::followers(turn.sql, ready.entry.number)? {
            let follower = Ready::read(follower)?;
            Self::go_on(turn, &follower)?;
        }
        Ok(())
    }

    /// Puts the records in place that a write waited for, as far as they are there.
    pub(super) fn go_on(turn: &Turn<'_>, ready: &Ready) -> Result<(), SqlError> {
        let mut write = ready.write.clone();
        let steps = store::of_action(turn.sql, ready.entry.action)?;
        let mut after = None;
        while let Some(step) = write.after() {
            let before = steps.iter().find(|entry| entry.step == step).ok_or(SqlError::Content("outbox"))?;
            match (before.state, before.result) {
                (State::Done, Some(id)) => write.resolve(step, id),
                (State::Done, None) if write.only_follows(step) => write.follow(step),
                // Somebody said that it is there, and not which it is.
                (State::Done, None) => {
                    let words = format!(
                        "Step {} was said to be in HubSpot, but not which record it is, and this one needs it.",
                        step + 1
                    );
                    let note = Note { kind: Failure::Refused.name().to_owned(), words, ..Note::default() };
                    return Self::settle(turn, ready, State::Failed, None, &note);
                }
                (State::Failed | State::Cancelled | State::Replaced, _) => {
                    return Self::settle(turn, ready, State::Failed, None, &Note::without_step(step));
                }
                _ => {
                    after = Some(before.number);
                    break;
                }
            }
        }
        Self::rewrite(turn, ready, &write, after)
    }

    /// Has a record read before others, if its type is mirrored.
    pub(in crate::engine::portal) fn look_at(
        &mut self,
        turn: &Turn<'_>,
        kind: ObjectType,
        id: RecordId,
    ) -> Result<(), SqlError> {
        let Some(index) = self.streams.iter().position(|running| running.saved.object_type == kind) else {
            return Ok(());
        };
        let generation = self.tick(turn.now);
        self.streams[index].marked = true;
        dirty::mark(turn.sql, kind, &[id], generation, true, false)
    }

    pub(super) fn rewrite(
        turn: &Turn<'_>,
        ready: &Ready,
        write: &Write,
        after: Option<i64>,
    ) -> Result<(), SqlError> {
        let content = serde_json::to_string(write).map_err(|_| SqlError::Content("outbox"))?;
        let content = store::Rewritten { batch: write.batch(), target: write.target(&ready.key()), content };
        store::rewrite(turn.sql, ready.entry.number, &content, after)
    }

    /// The end of a write. What waited for one that is not done has an end as well.
    pub(super) fn settle(
        turn: &Turn<'_>,
        ready: &Ready,
        state: State,
        id: Option<RecordId>,
        note: &Note,
    ) -> Result<(), SqlError> {
        store::settle(turn.sql, ready.entry.number, state, id, note.text().as_deref(), turn.now)?;
        if !matches!(state, State::Failed | State::Cancelled) {
            return Ok(());
        }
        if !ready.entry.doubted {
            Self::tie_is_none(turn, ready)?;
        }
        for follower in store::followers(turn.sql, ready.entry.number)? {
            let follower = Ready::read(follower)?;
            Self::settle(turn, &follower, State::Failed, None, &Note::without_step(ready.entry.step))?;
        }
        Ok(())
    }
}

/// A pause that doubles with each attempt, up to half of it taken off at random.
fn pause(attempts: u32, random: &mut dyn FnMut(&mut [u8])) -> i64 {
    let full = (FIRST_MS << attempts.min(10)).min(LONGEST_MS);
    let mut byte = [0];
    random(&mut byte);
    full - full / 2 * i64::from(byte[0]) / 255
}
