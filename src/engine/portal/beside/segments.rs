//! Lists that are followed, and who is on them.
//!
//! No event tells of members, so each check asks for the facts of all lists that are followed, in one call: how many are on each,
//! when somebody last came and went. Facts that are those of before, with a size that is the mirror's, end it. Else whoever joined is read
//! in the order of joining, on from where the last such read ended; and where that does not make the size right, or fewer are on it than
//! the mirror holds, everybody is read in the order of ids (*a walk*). A walk also takes place each day: one who came and one who went
//! leave the size as it was.
//!
//! Lists of any type that is mirrored can be followed. One of another type is known by its name; where that shows only after it was
//! followed, it says so and is read once the type is turned on. A type that is turned off takes its lists along.
//!
//! A list's calls follow each other, so no answer about it is older than the one before; what it says of records that were seen gone after it
//! was asked is not believed. A record that goes leaves its lists at once ([`crate::store::portal::members::gone`]), as at HubSpot:
//! so a deletion costs no walk where it is known. Who joined and who left stands in the feed. A list that is no longer followed is told
//! of once, *`list_off`*, in the place of a *`membership_removed`* for each member: at HubSpot they are still on it, but whoever follows
//! the feed then holds nobody, as the mirror does, and everybody is *added* again when it is followed again.

mod following;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Errand, Source};
use crate::{
    engine::portal::{Portal, Turn, messages::Trouble},
    hubspot::lists::{self, Facts, List, MEMBERS, Members},
    store::{
        portal::{
            blocks::Hash,
            members::{self, Followed},
            records,
        },
        sql::{Sql, SqlError},
    },
    values::{
        ids::{ListId, ObjectType, RecordId},
        json,
        planted::{Bug, planted},
        time::{DAY_MS, HOUR_MS, SECOND_MS, Timestamp},
    },
};

/// Most lists that are followed: what one search answers.
pub const MOST_FOLLOWED: usize = lists::PAGE;
/// How often everybody is read, whatever the facts say: 400 calls a day for 100,000 members.
const WALK_EVERY_MS: i64 = DAY_MS;
/// How long a page of a walk keeps the next walk away, so that a list that loses members all the time takes a call each 6 s at most: 14,400
/// a day of 250,000. A list of 100,000 then shows who left within forty minutes, one of 10,000 at the next check.
const PAGE_REST_MS: i64 = 6 * SECOND_MS;
/// Most pages of walks an hour, of one list.
pub const PAGES_AN_HOUR: u64 = (HOUR_MS / PAGE_REST_MS) as u64;
/// The API's own use of a list.
pub const API: &str = "api";

/// What a list is at; each is one call, or a chain of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Task {
    /// The search does not show it: is it there?
    Name,
    /// Reading who joined. The first time that is everybody.
    Joins {
        /// What the check said that led to this.
        facts: Facts,
        after: Option<String>,
        pages: u32,
        /// How many were not known.
        new: u64,
    },
    /// Reading everybody.
    Walk { facts: Facts, began_at: Timestamp, after: Option<String>, pages: u32 },
}

impl Task {
    fn walk(facts: Facts, began_at: Timestamp) -> Self {
        Self::Walk { facts, began_at, after: None, pages: 0 }
    }

    fn pages(&self) -> u32 {
        match self {
            Self::Name => 0,
            Self::Joins { pages, .. } | Self::Walk { pages, .. } => *pages,
        }
    }
}

/// How a list stands, as saved.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
struct State {
    /// Who follows it: [`API`], or the name of a channel.
    users: Vec<String>,
    /// The facts up to which members are known; `None`: not yet.
    base: Option<Facts>,
    /// These were the facts when a walk began: a size that differs all the same is HubSpot's business.
    walked: bool,
    /// Joins were read, and the size is still not right.
    doubt: bool,
    task: Option<Task>,
    /// The cursor that led to the last page in the order of joining.
    join_after: Option<String>,
    /// When everybody was last begun to be read.
    walked_at: Option<Timestamp>,
    walk_pages: u32,
    /// Since when everybody is known.
    complete_at: Option<Timestamp>,
    /// When HubSpot was found not to have it.
    gone_at: Option<Timestamp>,
    /// No call about it before then.
    retry_at: Timestamp,
    trouble: Option<Trouble>,
    /// Hashes of those on it who are kept out of the mirror: HubSpot counts them.
    left_out: BTreeSet<Hash>,
}

/// What the mirror can say of a list's members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine::portal) enum Listing {
    /// Whoever is not known to be on it may be: it has not been read to its end yet.
    Partial,
    /// Everybody is known.
    Known,
    /// Nobody is: HubSpot has no such list, or it holds records of another type.
    Nobody,
}

/// What is asked of a list as the last full read told of it.
#[derive(Deserialize)]
struct Holds {
    /// What it has members of; `None`: a type that this build cannot mirror.
    object_type: Option<ObjectType>,
}

/// A list that is followed.
#[derive(Debug)]
pub(super) struct Segment {
    list: ListId,
    name: String,
    object_type: Option<ObjectType>,
    state: State,
    /// Whom the walk under way has shown so far, 8 bytes each; `None`: lost with the process, and the walk begins again.
    seen: Option<Vec<RecordId>>,
}

/// The lists as they were saved.
pub(super) fn load(sql: &dyn Sql) -> Result<Vec<Segment>, SqlError> {
    let read = |of: Followed| {
        let state = json::parse(&of.state).map_err(|_| SqlError::Content("followed"))?;
        Ok(Segment { list: of.list, name: of.name, object_type: of.object_type, state, seen: None })
    };
    members::followed(sql)?.into_iter().map(read).collect()
}

impl Segment {
    fn as_saved(&self) -> Result<Followed, SqlError> {
        let state = serde_json::to_string(&self.state).map_err(|_| SqlError::Content("followed"))?;
        Ok(Followed { list: self.list, object_type: self.object_type, name: self.name.clone(), state })
    }

    fn save(&self, sql: &dyn Sql) -> Result<(), SqlError> {
        members::save(sql, &self.as_saved()?)
    }

    fn left_out(&self) -> u64 {
        self.state.left_out.len() as u64
    }

    fn idle(&self, now: Timestamp) -> bool {
        self.state.task.is_none() && self.state.retry_at <= now
    }

    fn errand(&self) -> Option<Errand> {
        let list = self.list;
        Some(match self.state.task.as_ref()? {
            Task::Name => Errand::Named { list },
            Task::Joins { after, .. } => Errand::Joins { list, after: after.clone() },
            Task::Walk { after, .. } => Errand::Members { list, after: after.clone() },
        })
    }

    /// What went wrong counts no longer.
    pub(super) fn encourage(&mut self) {
        self.state.retry_at = Timestamp::default();
        self.state.trouble = None;
    }

    /// Takes in what HubSpot says of the list itself, where these types are mirrored; says whether its members can be.
    fn learn(&mut self, turn: &Turn<'_>, found: &List, mirrored: &[ObjectType]) -> bool {
        self.name.clone_from(&found.name);
        let holds = ObjectType::of_hubspot_id(&found.object_type_id);
        self.object_type = holds.filter(|kind| mirrored.contains(kind));
        self.state.gone_at = None;
        self.state.trouble = None;
        if self.object_type.is_none() {
            let words = match holds {
                Some(kind) => format!(
                    "This list holds records of `{kind}`, which are not mirrored, so its members are not either. Turn the type on."
                ),
                None => "This list holds records of a type that Spoke does not mirror, so its members are not either.".to_owned(),
            };
            self.state.trouble = Some(Trouble::other(words, turn.now));
        }
        self.object_type.is_some()
    }

    /// What is known of its members of a type.
    fn listing(&self, kind: ObjectType) -> Listing {
        match self.object_type {
            _ if self.state.gone_at.is_some() => Listing::Nobody,
            Some(own) if own != kind => Listing::Nobody,
            Some(_) if self.state.complete_at.is_some() => Listing::Known,
            // Learned of, so it has a name, and of a type that is not mirrored.
            None if !self.name.is_empty() => Listing::Nobody,
            Some(_) | None => Listing::Partial,
        }
    }

    /// Whether the last walk is long enough ago for what it cost.
    fn may_walk(&self, now: Timestamp) -> bool {
        let rest = PAGE_REST_MS * i64::from(self.state.walk_pages);
        self.state.walked_at.is_none_or(|at| now.since_ms(at) >= rest)
    }

    /// What follows from the facts, of a list on which `held` are known to be.
    fn decide(&mut self, now: Timestamp, facts: &Facts, held: u64) {
        let state = &mut self.state;
        let joins = |after: Option<String>| Task::Joins { facts: facts.clone(), after, pages: 0, new: 0 };
        let Some(base) = &state.base else {
            state.join_after = None;
            state.walked_at = Some(now);
            state.task = Some(joins(None));
            return;
        };
        let (more, fewer) = facts.size.map_or((true, false), |size| (size > held, size < held));
        let came = facts.added_at != base.added_at || facts.version != base.version;
        if state.walked_at.is_none_or(|at| now.since_ms(at) >= WALK_EVERY_MS) {
            state.task = Some(Task::walk(facts.clone(), now));
        } else if facts == base && facts.size.is_some() && (state.walked || !(more || fewer)) {
            // Nothing has happened, or nothing that another look would show.
        } else if came || (more && !state.doubt) {
            state.task = Some(joins(state.join_after.clone()));
        } else if more || (fewer && !planted(Bug::LeavesIgnored)) {
            if self.may_walk(now) {
                self.state.task = Some(Task::walk(facts.clone(), now));
            }
        } else {
            self.settle(facts.clone(), false);
        }
    }

    /// Everybody is known as of these facts.
    fn settle(&mut self, facts: Facts, walked: bool) {
        self.state.base = Some(facts);
        self.state.walked = walked;
        self.state.doubt = false;
    }

    /// After the last page in the order of joining.
    fn joins_ended(&mut self, now: Timestamp, facts: Facts, new: u64, held: u64) {
        self.state.task = None;
        self.state.complete_at.get_or_insert(now);
        let went = self.state.base.as_ref().is_some_and(|base| {
            new == 0 || base.removed_at != facts.removed_at || base.version != facts.version
        });
        if facts.size.is_none_or(|size| size == held) {
            self.settle(facts, false);
        } else if facts.size.is_some_and(|size| size < held)
            && went
            && self.may_walk(now)
            && !planted(Bug::LeavesIgnored)
        {
            self.state.task = Some(Task::walk(facts, now));
        } else {
            // Somebody may have joined after the facts were told: the next check knows.
            self.settle(facts, false);
            self.state.doubt = true;
        }
    }
}

impl Portal {
    /// What to find out next about the lists that are followed: the facts of all when they are due, then the shortest task.
    pub(super) fn next_of_segments(&self, turn: &Turn<'_>) -> Option<Errand> {
        let segments = &self.beside.segments;
        if turn.now.since_ms(self.beside.saved.polled_at) >= turn.config.work.check_every_ms {
            let idle = segments.iter().filter(|segment| segment.idle(turn.now));
            let ids: Vec<ListId> = idle.map(|segment| segment.list).collect();
            if !ids.is_empty() {
                return Some(Errand::Sizes { ids });
            }
        }
        let at_work = segments.iter().filter(|segment| segment.state.retry_at <= turn.now);
        let tasks = at_work.filter_map(|segment| Some((segment.state.task.as_ref()?.pages(), segment)));
        tasks.min_by_key(|(pages, _)| *pages).and_then(|(_, segment)| segment.errand())
    }

    fn mirrored(&self) -> Vec<ObjectType> {
        self.streams.iter().map(|running| running.saved.object_type).collect()
    }

    fn segment(&mut self, list: ListId) -> Option<&mut Segment> {
        self.beside.segments.iter_mut().find(|segment| segment.list == list)
    }

    /// The facts of these lists. One that is missing may only be missing from the search's index.
    pub(super) fn took_sizes(
        &mut self,
        turn: &Turn<'_>,
        ids: &[ListId],
        page: &lists::Page,
    ) -> Result<(), SqlError> {
        self.beside.saved.polled_at = turn.now;
        self.beside.unsaved = true;
        let mirrored = self.mirrored();
        for list in ids {
            let Some(segment) = self.segment(*list).filter(|segment| segment.idle(turn.now)) else {
                continue;
            };
            if let Some(found) = page.lists.iter().find(|found| found.id == *list) {
                if segment.learn(turn, found, &mirrored) {
                    let held = members::count(turn.sql, *list)? + segment.left_out();
                    segment.decide(turn.now, &found.facts, held);
                }
            } else if segment.state.gone_at.is_none() {
                segment.state.task = Some(Task::Name);
            }
            segment.save(turn.sql)?;
        }
        Ok(())
    }

    /// The list is there, whatever the search says: without the search's facts, only a first read can follow.
    pub(super) fn took_named(&mut self, turn: &Turn<'_>, list: ListId, found: &List) -> Result<(), SqlError> {
        let mirrored = self.mirrored();
        let Some(segment) = self.segment(list).filter(|segment| segment.state.task == Some(Task::Name))
        else {
            return Ok(());
        };
        segment.state.task = None;
        if segment.learn(turn, found, &mirrored) && segment.state.base.is_none() {
            segment.decide(turn.now, &found.facts, 0);
        }
        segment.save(turn.sql)
    }

    /// A page of who joined.
    pub(super) fn took_joins(
        &mut self,
        turn: &Turn<'_>,
        list: ListId,
        asked: Option<&str>,
        asked_at: i64,
        page: &Members,
    ) -> Result<(), SqlError> {
        let (admitted, left_out) = self.admitted(list, &page.ids);
        let Some(segment) = self.segment(list) else { return Ok(()) };
        let Some(Task::Joins { facts, after, pages, new }) = segment.state.task.clone() else {
            return Ok(());
        };
        if after.as_deref() != asked {
            return Ok(());
        }
        segment.state.trouble = None;
        segment.state.left_out.extend(left_out);
        let joined = believed(turn.sql, segment.object_type, &admitted, asked_at)?;
        let (came, _) =
            members::change(turn.sql, (turn.now, Some(asked_at)), &segment.as_saved()?, &joined, &[])?;
        segment.state.join_after = after;
        let (pages, new) = (pages + 1, new + came);
        match next(page, asked) {
            Some(next) => {
                segment.state.task = Some(Task::Joins { facts, after: Some(next), pages, new });
            }
            None => {
                if segment.state.base.is_none() {
                    segment.state.walk_pages = pages;
                }
                let held = members::count(turn.sql, list)? + segment.left_out();
                segment.joins_ended(turn.now, facts, new, held);
            }
        }
        segment.save(turn.sql)
    }

    /// A page of a walk. Whoever is known to be on the list and was on none of its pages has left. Only the last page says so, and
    /// the order of the pages does not matter: ids may come sorted as text.
    pub(super) fn took_members(
        &mut self,
        turn: &Turn<'_>,
        list: ListId,
        asked: Option<&str>,
        asked_at: i64,
        page: &Members,
    ) -> Result<(), SqlError> {
        let (admitted, left_out) = self.admitted(list, &page.ids);
        let Some(segment) = self.segment(list) else { return Ok(()) };
        let Some(Task::Walk { facts, began_at, after, pages }) = segment.state.task.clone() else {
            return Ok(());
        };
        if after.as_deref() != asked {
            return Ok(());
        }
        segment.state.trouble = None;
        if after.is_none() {
            segment.seen = Some(Vec::new());
            segment.state.left_out.clear();
        }
        segment.state.left_out.extend(left_out);
        let Some(seen) = &mut segment.seen else {
            segment.state.task = Some(Task::walk(facts, began_at));
            return segment.save(turn.sql);
        };
        seen.extend(&page.ids);
        let pages = pages + 1;
        let next = next(page, asked);
        let left: Vec<RecordId> = if next.is_some() {
            Vec::new()
        } else {
            seen.sort_unstable();
            let held = members::in_range(turn.sql, list, RecordId(0), None)?;
            held.into_iter().filter(|id| seen.binary_search(id).is_err()).collect()
        };
        let joined = believed(turn.sql, segment.object_type, &admitted, asked_at)?;
        members::change(turn.sql, (turn.now, Some(asked_at)), &segment.as_saved()?, &joined, &left)?;
        if let Some(next) = next {
            segment.state.task = Some(Task::Walk { facts, began_at, after: Some(next), pages });
        } else {
            segment.state.task = None;
            segment.seen = None;
            segment.state.walked_at = Some(began_at);
            segment.state.walk_pages = pages;
            segment.settle(facts, true);
        }
        segment.save(turn.sql)
    }

    /// HubSpot has no such list (any more): nobody is on it. It stays followed, for it can be restored within 90 days.
    pub(super) fn list_is_gone(&mut self, turn: &Turn<'_>, list: ListId) -> Result<(), SqlError> {
        let Some(segment) = self.segment(list) else {
            self.glance_refused(turn.now, list, "HubSpot has no such list any more.".to_owned());
            return Ok(());
        };
        let held = members::in_range(turn.sql, list, RecordId(0), None)?;
        members::change(turn.sql, (turn.now, None), &segment.as_saved()?, &[], &held)?;
        let words = "HubSpot has no such list any more. It is mirrored again if it is restored.";
        segment.state = State {
            users: std::mem::take(&mut segment.state.users),
            gone_at: Some(turn.now),
            trouble: Some(Trouble::other(words.to_owned(), turn.now)),
            ..State::default()
        };
        segment.save(turn.sql)
    }

    /// HubSpot refuses this list; the others go on. Who was on it stays so until it answers again, and is then read from the start.
    pub(super) fn list_is_refused(
        &mut self,
        turn: &Turn<'_>,
        list: ListId,
        until: Timestamp,
        trouble: Trouble,
    ) -> Result<(), SqlError> {
        let Some(segment) = self.segment(list) else {
            self.glance_refused(turn.now, list, trouble.words);
            return Ok(());
        };
        segment.state.task = None;
        segment.state.join_after = None;
        segment.state.retry_at = until;
        segment.state.trouble = Some(trouble);
        segment.save(turn.sql)
    }

    /// Members of a list without those who are kept out of the mirror; and the hashes of these.
    fn admitted(&self, list: ListId, ids: &[RecordId]) -> (Vec<RecordId>, Vec<Hash>) {
        let of = self.beside.segments.iter().find(|segment| segment.list == list);
        let Some(kind) = of.and_then(|segment| segment.object_type) else {
            return (ids.to_vec(), Vec::new());
        };
        let mut left_out = Vec::new();
        let admitted = |id: &RecordId| match self.blocks.recognised(kind, *id) {
            Some(hash) => {
                left_out.push(hash);
                false
            }
            None => true,
        };
        (ids.iter().copied().filter(admitted).collect(), left_out)
    }

    /// Records leave the lists because they are kept out from now on: at HubSpot they stay.
    pub(in crate::engine::portal) fn leave_out_of_lists(
        &mut self,
        turn: &Turn<'_>,
        kind: ObjectType,
        ids: &[RecordId],
    ) -> Result<(), SqlError> {
        for segment in self.beside.segments.iter_mut().filter(|segment| segment.object_type == Some(kind)) {
            let on_it = members::among(turn.sql, segment.list, ids)?;
            if !on_it.is_empty() {
                segment
                    .state
                    .left_out
                    .extend(on_it.iter().filter_map(|id| self.blocks.recognised(kind, *id)));
                segment.save(turn.sql)?;
            }
        }
        Ok(())
    }

    /// Somebody is let in again: lists on which such a person may be are read from the start.
    pub(in crate::engine::portal) fn read_lists_anew(&mut self, turn: &Turn<'_>) -> Result<(), SqlError> {
        for segment in self.beside.segments.iter_mut().filter(|segment| !segment.state.left_out.is_empty()) {
            segment.state.left_out.clear();
            segment.state.base = None;
            segment.state.task = None;
            segment.seen = None;
            segment.save(turn.sql)?;
        }
        Ok(())
    }

    /// Whether HubSpot lets the connection read lists.
    pub(in crate::engine::portal) fn may_read_lists(&self) -> bool {
        let runs = |connection| self.beside.lacks(Source::Lists, connection).is_empty();
        self.connection.as_ref().is_some_and(runs)
    }
}

/// Without those that were seen gone after the page was asked for.
fn believed(
    sql: &dyn Sql,
    kind: Option<ObjectType>,
    ids: &[RecordId],
    asked_at: i64,
) -> Result<Vec<RecordId>, SqlError> {
    let Some(kind) = kind else { return Ok(Vec::new()) };
    let known = records::known(sql, kind, ids, None)?;
    let gone: BTreeSet<RecordId> =
        known.iter().filter(|row| !row.live && row.seen_at > asked_at).map(|row| row.id).collect();
    let believed = |id: &RecordId| !gone.contains(id) || planted(Bug::NoAskedAt);
    Ok(ids.iter().copied().filter(believed).collect())
}

/// Where the page after this one begins. A cursor that leads to itself ends a read.
fn next(page: &Members, asked: Option<&str>) -> Option<String> {
    if page.ids.len() < MEMBERS && planted(Bug::ShortMembersPageEnds) {
        return None;
    }
    page.after.clone().filter(|after| Some(after.as_str()) != asked)
}
