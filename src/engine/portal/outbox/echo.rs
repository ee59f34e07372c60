//! Links and places on lists that are written: what is remembered of them until the mirror has read what they changed, so that the feed
//! tells it as Spoke's own.
//!
//! Only what the mirror does not hold is waited for: to write the rest changes nothing. Who came on a list and who left it HubSpot says in its
//! answer; of links it does not, so that one which somebody made before the write left, and which was not read yet, is told as Spoke's.
//! Owns nothing; the rows are [`echoes`]'.

use std::collections::BTreeSet;

use crate::{
    engine::portal::{
        Portal, Turn,
        outbox::{Ready, Write},
    },
    hubspot::writes::unlabelled,
    store::{
        portal::{
            echoes::{self, Ends, NO_END, Tied},
            links::{self, Link, Pair, Row},
            members,
        },
        sql::SqlError,
    },
    values::ids::{ObjectType, RecordId},
};

/// What a write ties, if it does.
fn tied(write: &Write) -> Option<(Tied, Ends)> {
    match write {
        Write::Tie { from, to, .. } => {
            let (from_id, to_id) = write.ends()?;
            let (pair, side) = Pair::seen_from(*from, *to);
            let link = Link { id: from_id, to: to_id, types: String::new(), back: String::new() };
            let row = Row::of(link, side);
            Some((Tied::Link(pair.holder, pair.other), (row.a, row.b)))
        }
        Write::Member { list, add, id } => {
            let what = if *add { Tied::Join(*list) } else { Tied::Leave(*list) };
            Some((what, (id.id()?, NO_END)))
        }
        Write::Create { .. } | Write::Update { .. } => None,
    }
}

impl Portal {
    /// These leave together, at `asked_at` by the object's counter.
    pub(super) fn ties_leave(
        &self,
        turn: &Turn<'_>,
        writes: &[Ready],
        asked_at: i64,
    ) -> Result<(), SqlError> {
        let all: Vec<(Tied, Ends)> = writes.iter().filter_map(|ready| tied(&ready.write)).collect();
        let (Some((what, _)), Some(first)) = (all.first(), writes.first()) else { return Ok(()) };
        let ends: Vec<Ends> = all.iter().map(|(_, ends)| *ends).collect();
        let new: Vec<Ends> = match &first.write {
            Write::Tie { from, to, .. } => {
                let follows = |kind: ObjectType| kind.is_always() && self.mirrors(kind);
                if !follows(*from) || !follows(*to) {
                    return Ok(());
                }
                let held = Self::linked_already(turn, *from, *to, writes)?;
                ends.into_iter().filter(|ends| !held.contains(ends)).collect()
            }
            Write::Member { list, add, .. } => {
                if !members::followed(turn.sql)?.iter().any(|of| of.list == *list) {
                    return Ok(());
                }
                let ids: Vec<RecordId> = ends.iter().map(|(id, _)| *id).collect();
                let on_it = members::among(turn.sql, *list, &ids)?;
                ends.into_iter().filter(|(id, _)| on_it.contains(id) != *add).collect()
            }
            Write::Create { .. } | Write::Update { .. } => return Ok(()),
        };
        echoes::put_ties(turn.sql, *what, &new, asked_at, turn.now)
    }

    /// Those of these links that the mirror holds without a label.
    fn linked_already(
        turn: &Turn<'_>,
        from: ObjectType,
        to: ObjectType,
        writes: &[Ready],
    ) -> Result<BTreeSet<Ends>, SqlError> {
        let (pair, side) = Pair::seen_from(from, to);
        let ids: Vec<RecordId> =
            writes.iter().filter_map(|ready| ready.write.ends().map(|(from_id, _)| from_id)).collect();
        let plain = unlabelled(from, to).map(|id| format!("H{id}"));
        let is_there = |link: &Link| {
            // Not read from this end yet, it is there all the same.
            link.types.is_empty() || link.types.split(' ').any(|own| Some(own) == plain.as_deref())
        };
        let held = links::of(turn.sql, pair, side, &ids)?;
        Ok(held
            .into_iter()
            .filter(is_there)
            .map(|link| {
                let row = Row::of(link, side);
                (row.a, row.b)
            })
            .collect())
    }

    /// A write has changed nothing, or somebody else did before it: no change will tell of it as Spoke's.
    pub(super) fn tie_is_none(turn: &Turn<'_>, ready: &Ready) -> Result<(), SqlError> {
        match tied(&ready.write) {
            Some((what, ends)) => echoes::leave_ties(turn.sql, what, &[ends]),
            None => Ok(()),
        }
    }
}
