//! Some of who is on a list that nobody follows: one page, read because somebody previews a channel of it.
//!
//! Owns those pages, in memory and for an hour at most. A restart forgets them, and whoever still looks asks again: a preview is asked for
//! until it is whole. Neither the mirror nor the feed knows of them.

use super::{Errand, Source};
use crate::{
    engine::portal::{Effect, Portal},
    hubspot::lists::Members,
    values::{
        ids::{ListId, RecordId},
        time::{HOUR_MS, MINUTE_MS, Timestamp},
    },
};

/// Most lists that some are known of at a time: a hundred ids of 8 bytes each. Where as many are being read, a further one waits for
/// whoever looks to ask again.
const MOST: usize = 8;
/// How long a page is shown before it is read again.
const SHOWN_MS: i64 = HOUR_MS;
/// How long somebody who asked is taken to wait for the answer, and a refusal stands before HubSpot is asked again.
const WAITS_MS: i64 = MINUTE_MS;

/// What somebody asked to see.
#[derive(Debug)]
pub(super) struct Asked {
    list: ListId,
    /// When they last asked; the answer's moment once it is there.
    at: Timestamp,
    /// The answer: some members, or why there are none.
    answer: Option<Result<Vec<RecordId>, String>>,
}

impl Asked {
    fn counts(&self, now: Timestamp) -> bool {
        let life = if matches!(self.answer, Some(Ok(_))) { SHOWN_MS } else { WAITS_MS };
        now.since_ms(self.at) < life
    }
}

/// What can be said of who is on a list.
#[derive(Debug)]
pub(in crate::engine::portal) enum Glance {
    /// These are, as HubSpot told then.
    Read(Vec<RecordId>, Timestamp),
    /// HubSpot is asked; what keeps it, if something does.
    Reading(Option<String>),
    /// HubSpot is not asked, or does not say.
    Refused(String),
}

impl Portal {
    /// Some of who is on a list that HubSpot has told of, once they are read. Asking has them read.
    pub(in crate::engine::portal) fn glance(
        &mut self,
        now: Timestamp,
        list: ListId,
        effects: &mut Vec<Effect>,
    ) -> Glance {
        if !self.goes_on() {
            let words = "Nothing is read from HubSpot at the moment, because the connection is paused or has to be connected again.";
            return Glance::Refused(words.to_owned());
        }
        let glances = &mut self.beside.glances;
        glances.retain(|asked| asked.counts(now));
        match glances.iter_mut().find(|asked| asked.list == list) {
            Some(Asked { answer: Some(Ok(ids)), at, .. }) => return Glance::Read(ids.clone(), *at),
            Some(Asked { answer: Some(Err(words)), .. }) => return Glance::Refused(words.clone()),
            Some(asked) => asked.at = now,
            None => {
                let answered = glances.iter().enumerate().filter(|(_, asked)| asked.answer.is_some());
                let oldest = answered.min_by_key(|(_, asked)| asked.at).map(|(place, _)| place);
                if let Some(place) = oldest.filter(|_| glances.len() >= MOST) {
                    glances.remove(place);
                }
                if glances.len() < MOST {
                    glances.push(Asked { list, at: now, answer: None });
                }
            }
        }
        effects.push(self.rouse(now));
        let own = self.connection.as_ref().and_then(|connection| connection.trouble.as_ref());
        let trouble = own.or(self.beside.saved.of(Source::Lists).trouble.as_ref());
        Glance::Reading(trouble.map(|trouble| trouble.words.clone()))
    }

    /// What somebody waits for.
    pub(super) fn next_of_glances(&self, now: Timestamp) -> Option<Errand> {
        let waits = |asked: &&Asked| asked.answer.is_none() && asked.counts(now);
        self.beside.glances.iter().find(waits).map(|asked| Errand::Some { list: asked.list })
    }

    pub(super) fn took_glance(&mut self, now: Timestamp, list: ListId, page: Members) {
        self.answer_glance(now, list, Ok(page.ids));
    }

    pub(super) fn glance_refused(&mut self, now: Timestamp, list: ListId, words: String) {
        self.answer_glance(now, list, Err(words));
    }

    fn answer_glance(&mut self, now: Timestamp, list: ListId, answer: Result<Vec<RecordId>, String>) {
        if let Some(asked) = self.beside.glances.iter_mut().find(|asked| asked.list == list) {
            (asked.at, asked.answer) = (now, Some(answer));
        }
    }
}
