//! Who needs a list: the host by the API, channels by their names. Followed from the first of them until the last has gone.

use serde_json::json;

use super::{Holds, Listing, MEMBERS, MOST_FOLLOWED, Segment, State, Task};
use crate::{
    engine::portal::{
        Effect, Portal, Turn,
        beside::{FollowedStatus, Source},
        messages::{Answer, Trouble},
    },
    store::{
        portal::{
            feed::{self, Change},
            members, reference,
        },
        sql::SqlError,
    },
    values::{
        ids::{ListId, ObjectType},
        json,
        time::Timestamp,
    },
};

impl Portal {
    /// How the lists that are followed are checked; `None`: none is.
    pub(in crate::engine::portal) fn followed_status(&self, turn: &Turn<'_>) -> Option<FollowedStatus> {
        let segments = &self.beside.segments;
        if segments.is_empty() {
            return None;
        }
        let polled_at = self.beside.saved.polled_at;
        // A page even of nobody; a list of which HubSpot has not said how many are on it is not known to take more.
        let pages = |segment: &Segment| {
            let size = segment.state.base.as_ref().and_then(|facts| facts.size);
            size.unwrap_or_default().div_ceil(MEMBERS as u64).max(1)
        };
        let goes_on = self.goes_on() && self.may_read_lists();
        Some(FollowedStatus {
            lists: segments.len() as u32,
            checked_at: Some(polled_at).filter(|at| *at != Timestamp::default()),
            next_check_at: goes_on.then(|| polled_at.plus_ms(turn.config.work.check_every_ms).max(turn.now)),
            walk_calls: segments.iter().map(pages).sum(),
        })
    }

    /// Mirrors the members of a list from now on, for `user`: [`API`], or whatever names a channel. Read from the next call on.
    pub(in crate::engine::portal) fn follow(
        &mut self,
        turn: &Turn<'_>,
        list: ListId,
        user: &str,
        effects: &mut Vec<Effect>,
    ) -> Result<Answer, SqlError> {
        if !self.may_read_lists() {
            return Ok(Answer::Stopped);
        }
        // One that the last full read did not show is asked about first.
        if let Some(entry) = reference::entry(turn.sql, Source::Lists.as_str(), &list.to_string())? {
            let Holds { object_type } = json::parse(&entry).map_err(|_| SqlError::Content("reference"))?;
            if !object_type.is_some_and(|kind| self.mirrors(kind)) {
                return Ok(Answer::ListNotMirrored(object_type));
            }
        }
        if self.segment(list).is_none() {
            if self.beside.segments.len() >= MOST_FOLLOWED {
                return Ok(Answer::TooMany(MOST_FOLLOWED as u32));
            }
            let name = String::new();
            let state = State::default();
            self.beside.segments.push(Segment { list, name, object_type: None, state, seen: None });
            self.beside.saved.polled_at = Timestamp::default();
            self.beside.save(turn)?;
        }
        if let Some(segment) = self.segment(list) {
            if !segment.state.users.iter().any(|known| known == user) {
                segment.state.users.push(user.to_owned());
            }
            segment.save(turn.sql)?;
        }
        effects.push(self.rouse(turn.now));
        Ok(Answer::Done)
    }

    /// `user` needs a list no longer. After the last of them it and its members are forgotten, of which the feed tells once.
    pub(in crate::engine::portal) fn unfollow(
        &mut self,
        turn: &Turn<'_>,
        list: ListId,
        user: &str,
    ) -> Result<Answer, SqlError> {
        let Some(segment) = self.segment(list) else { return Ok(Answer::Missing) };
        segment.state.users.retain(|known| known != user);
        if !segment.state.users.is_empty() {
            segment.save(turn.sql)?;
            return Ok(Answer::Done);
        }
        self.forget_list(turn, list)?;
        Ok(Answer::Done)
    }

    /// A type is no longer mirrored, so nobody follows its lists any more.
    pub(in crate::engine::portal) fn unfollow_type(
        &mut self,
        turn: &Turn<'_>,
        kind: ObjectType,
    ) -> Result<(), SqlError> {
        let of_kind = self.beside.segments.iter().filter(|segment| segment.object_type == Some(kind));
        let lists: Vec<ListId> = of_kind.map(|segment| segment.list).collect();
        lists.into_iter().try_for_each(|list| self.forget_list(turn, list))
    }

    fn forget_list(&mut self, turn: &Turn<'_>, list: ListId) -> Result<(), SqlError> {
        let Some(at) = self.beside.segments.iter().position(|segment| segment.list == list) else {
            return Ok(());
        };
        let Segment { name, object_type, .. } = self.beside.segments.remove(at);
        members::forget(turn.sql, list)?;
        // Of a list whose type is not known nobody was ever told of.
        if let (Some(kind), Some(connection)) = (object_type, &self.connection) {
            let off = Change::ListOff { id: connection.id.clone(), list, name };
            feed::append(turn.sql, turn.now, kind, vec![off])?;
        }
        Ok(())
    }

    /// What is known of the members of a list that are of a type.
    pub(in crate::engine::portal) fn listing(&self, list: ListId, kind: ObjectType) -> Listing {
        let found = self.beside.segments.iter().find(|segment| segment.list == list);
        found.map_or(Listing::Nobody, |segment| segment.listing(kind))
    }

    /// What people call a list that is followed, and what goes wrong with it.
    pub(in crate::engine::portal) fn told_of_list(&self, list: ListId) -> Option<(&str, Option<&Trouble>)> {
        let found = self.beside.segments.iter().find(|segment| segment.list == list)?;
        Some((found.name.as_str(), found.state.trouble.as_ref()))
    }

    /// The lists that are followed, by id.
    pub(in crate::engine::portal::beside) fn followed(&self) -> impl Iterator<Item = ListId> {
        self.beside.segments.iter().map(|segment| segment.list)
    }

    /// How a list that is followed stands, in the API's shape.
    pub(in crate::engine::portal::beside) fn followed_json(
        &self,
        turn: &Turn<'_>,
        list: ListId,
    ) -> Result<Option<(String, serde_json::Value)>, SqlError> {
        let Some(segment) = self.beside.segments.iter().find(|segment| segment.list == list) else {
            return Ok(None);
        };
        let state = &segment.state;
        let moment = |at: Option<Timestamp>| at.map(Timestamp::to_rfc3339);
        let at_work = match state.task {
            Some(Task::Joins { .. }) if state.base.is_none() => "reading",
            _ if state.gone_at.is_some() => "gone",
            _ if state.retry_at > turn.now => "refused",
            _ if state.base.is_none() => "waiting",
            Some(Task::Name | Task::Joins { .. } | Task::Walk { .. }) | None => "in_step",
        };
        let value = json!({
            "state": at_work,
            "members": members::count(turn.sql, list)?,
            "by": state.users,
            "complete_since": moment(state.complete_at),
            "read_in_full_at": moment(state.walked_at),
            "trouble": state.trouble.as_ref().map(|trouble| json!({
                "message": trouble.words,
                "at": trouble.at.to_rfc3339(),
                "correlation_id": trouble.correlation_id,
            })),
        });
        Ok(Some((segment.name.clone(), value)))
    }
}
