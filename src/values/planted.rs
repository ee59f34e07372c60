//! Bugs planted on purpose, so that the seeded lives can show that they would find them. Each is a mistake that a connector
//! people use has made, or one that this design exists to rule out (`design.md` 4). Some are absorbed by the lookback and the
//! hourly check that reaches further back, as they should be: those are planted without either, in lives where that alone is no
//! mistake: their index is never late, or webhooks tell of every change.
//!
//! Only tests build the switch; in the Worker every question is answered `false` before it is compiled.

/// A mistake that can be switched on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    /// Nothing reconciles. Beside every other bug, which it would repair; alone it is none where webhooks tell of deletions.
    NoReconcile,
    /// A check begins at its cursor, without a lookback.
    NoLookback,
    /// No hourly check reaches further back.
    NoTrailing,
    /// Neither of the two: no mistake where search's index is never late, or webhooks tell of every change.
    Bare,
    /// A check's cursor is saved when the check begins, and where it was is forgotten with the process. [`Self::Bare`] too.
    CursorFirst,
    /// Pages of a check are asked for by offset, in the order of modified dates. [`Self::Bare`] too.
    PagedByOffset,
    /// A page of a full read shorter than asked for ends it.
    ShortListPageEnds,
    /// Search's order by id is believed as it comes.
    OrderBelieved,
    /// The answer that arrives last counts. [`Self::Bare`] too: the check after a full read reaches back to its beginning.
    NoAskedAt,
    /// A page of a full read brings back what is gone.
    ListClearsTombstones,
    /// A read clears every mark of its records, also later ones.
    MarksClearedAlways,
    /// A webhook that comes while an alarm works is not marked.
    BusyDropsWebhooks,
    /// What a batch neither answers nor refuses is done.
    VanishedForgotten,
    /// The refresh token that a refresh brings is not kept.
    OldRefreshTokenKept,
    /// A deletion does not reach the feed.
    DeletionsNotFed,
    /// An edit does not reach the feed.
    EditsNotFed,
    /// A refused batch read settles what it was to read.
    RefusedReadSettles,
    /// A refused page of a full read ends it.
    RefusedPageEnds,
    /// What was seen gone stays gone.
    RestoresIgnored,
    /// A channel is not asked about records that are gone.
    DeparturesNotDecided,
    /// A list that has fewer members than are known is not read again.
    LeavesIgnored,
    /// A page of members shorter than asked for ends the read.
    ShortMembersPageEnds,
    /// The links of a changed record are not read again.
    LinksNotReread,
    /// The first page of a record's links is taken for all of them.
    FirstPageOfLinks,
    /// Whoever goes leaves his links behind.
    LinksOutliveRecords,
    /// What a record was called besides it is called for ever.
    NamesStay,
    /// An endpoint's cursor moves when a message leaves, not when it is taken.
    CursorBeforeAnswer,
    /// What a workflow's run has asked for is known to the process alone, and called by no name.
    StepsForgotten,
    /// Until when a workflow's run waits is known to the process alone.
    WaitsForgotten,
    /// What is under way of a workflow that is paused goes on.
    PausedActs,
}

impl Bug {
    /// Those that rest on [`Self::Bare`].
    pub const BARE: [Self; 4] = [Self::Bare, Self::CursorFirst, Self::PagedByOffset, Self::NoAskedAt];

    /// Those that take a workflow.
    pub const OF_FLOWS: [Self; 3] = [Self::StepsForgotten, Self::WaitsForgotten, Self::PausedActs];

    /// All that lives must find. [`Self::OrderBelieved`] needs more changes at once than lives have time for,
    /// [`Self::ListClearsTombstones`] an order of answers that is too rare, [`Self::CursorBeforeAnswer`] a receiver that refuses:
    /// named cases find those.
    pub const ALL: [Self; 25] = [
        Self::NoLookback,
        Self::NoTrailing,
        Self::CursorFirst,
        Self::PagedByOffset,
        Self::NoAskedAt,
        Self::ShortListPageEnds,
        Self::MarksClearedAlways,
        Self::BusyDropsWebhooks,
        Self::VanishedForgotten,
        Self::OldRefreshTokenKept,
        Self::DeletionsNotFed,
        Self::EditsNotFed,
        Self::RefusedReadSettles,
        Self::RefusedPageEnds,
        Self::RestoresIgnored,
        Self::DeparturesNotDecided,
        Self::LeavesIgnored,
        Self::ShortMembersPageEnds,
        Self::LinksNotReread,
        Self::FirstPageOfLinks,
        Self::LinksOutliveRecords,
        Self::NamesStay,
        Self::StepsForgotten,
        Self::WaitsForgotten,
        Self::PausedActs,
    ];
}

#[cfg(feature = "planted-bugs")]
mod switch {
    use std::cell::Cell;

    use super::Bug;

    thread_local! {
        static PLANTED: Cell<Option<Bug>> = const { Cell::new(None) };
    }

    /// Switches a bug on in this thread, and reconcile off; `None`: all is well again.
    pub fn plant(bug: Option<Bug>) {
        PLANTED.set(bug);
    }

    /// Whether a bug is on in this thread.
    pub fn planted(bug: Bug) -> bool {
        PLANTED.get().is_some_and(|on| {
            on == bug || bug == Bug::NoReconcile || (bug == Bug::Bare && Bug::BARE.contains(&on))
        })
    }
}

#[cfg(not(feature = "planted-bugs"))]
mod switch {
    use super::Bug;

    /// Never.
    pub const fn planted(_: Bug) -> bool {
        false
    }
}

pub use switch::*;
