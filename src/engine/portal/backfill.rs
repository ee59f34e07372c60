//! The full read: through the list endpoint, 100 records a call, in lanes over ranges of ids.
//!
//! A lane reads until a page passes the first id of the next lane, or until HubSpot gives no cursor; never until a page is short.
//! What a stretch of ids does not list any more is doubted, so a full read over an existing mirror also finds deletions.

use crate::{
    engine::portal::state::{Backfill, LANES, LANES_FROM_RECORDS, Lane},
    hubspot::objects::{LIST_LIMIT, Page},
    values::{
        ids::RecordId,
        planted::{Bug, planted},
        time::Timestamp,
    },
};

/// What a page meant for its lane.
#[derive(Debug, PartialEq, Eq)]
pub struct Step {
    /// The ids this page covers completely, `(above, up_to]`; `None` where ids did not ascend.
    pub covers: Option<(RecordId, Option<RecordId>)>,
    /// The lane after this page; `None`: it has reached its end.
    pub lane: Option<Lane>,
    /// The list does not continue at ids: only the first lane may go on.
    pub lanes_broken: bool,
}

impl Backfill {
    /// A full read that has asked for nothing yet.
    pub fn new(now: Timestamp) -> Self {
        Self {
            started_at: now,
            expected: None,
            greatest: None,
            thorough: false,
            read: 0,
            lanes: Vec::new(),
            begun: false,
            next_lane: 0,
            root: 0,
            lanes_allowed: true,
            splits_left: 0,
        }
    }

    /// Begins with one lane over everything.
    pub fn begin(&mut self) {
        self.begun = true;
        self.root = self.next_lane;
        self.next_lane += 1;
        self.lanes =
            vec![Lane { number: self.root, above: RecordId(0), end: None, after: None, guessed: false }];
    }

    /// The lane of that number, if it still reads.
    pub fn lane(&self, number: u32) -> Option<&Lane> {
        self.lanes.iter().find(|lane| lane.number == number)
    }

    /// Puts a lane's next state in place, counts what it read, and opens further lanes where they pay.
    pub fn advance(&mut self, number: u32, step: Step, records: u64) {
        self.read += records;
        let Some(index) = self.lanes.iter().position(|lane| lane.number == number) else { return };
        let first_page = self.lanes[index].after.is_none();
        if step.lanes_broken {
            self.lanes_allowed = false;
            if number == self.root {
                // What the other lanes would have read, this one reads; without a cursor it has read everything.
                self.lanes = step.lane.map(|lane| Lane { end: None, ..lane }).into_iter().collect();
            } else {
                self.lanes.truncate(index);
                match self.lanes.last_mut() {
                    Some(before) => before.end = None,
                    // No lane before it is left: read everything once more, in one chain.
                    None => self.begin(),
                }
            }
            return;
        }
        if let Some(lane) = step.lane {
            self.lanes[index] = lane;
        } else {
            self.lanes.remove(index);
            self.split_longest();
        }
        if first_page && self.lanes_allowed {
            self.open_lanes();
        }
    }

    /// After the first page: lanes of equal width over the ids that are left.
    fn open_lanes(&mut self) {
        let (Some(expected), Some(greatest)) = (self.expected, self.greatest) else { return };
        let Some(first) = self.lanes.first() else { return };
        if expected < LANES_FROM_RECORDS || greatest <= first.above || !cursor_is_an_id(first) {
            self.lanes_allowed = false;
            return;
        }
        // One split may cost a call; a hundredth of the pages keeps the whole read within 2 % of the fewest calls possible.
        self.splits_left = 3 + expected / LIST_LIMIT as u64 / 100;
        for _ in 1..LANES {
            let longest = self.longest();
            self.split(longest);
        }
    }

    fn longest(&self) -> usize {
        let width = |lane: &Lane| self.end_of(lane).saturating_sub(lane.above.0);
        (0..self.lanes.len()).max_by_key(|index| width(&self.lanes[*index])).unwrap_or(0)
    }

    fn end_of(&self, lane: &Lane) -> u64 {
        lane.end.or(self.greatest).map_or(lane.above.0, |id| id.0)
    }

    /// When a lane is done, the longest of the others gives half of its rest away, if that is worth a call.
    fn split_longest(&mut self) {
        let (Some(expected), Some(greatest)) = (self.expected, self.greatest) else { return };
        if !self.lanes_allowed || self.splits_left == 0 || self.lanes.is_empty() {
            return;
        }
        let index = self.longest();
        let lane = &self.lanes[index];
        let width = u128::from(self.end_of(lane).saturating_sub(lane.above.0));
        let records = width * u128::from(expected) / u128::from(greatest.0.max(1));
        if records > 8 * LIST_LIMIT as u128 {
            self.splits_left -= 1;
            self.split(index);
        }
    }

    fn split(&mut self, index: usize) {
        let lane = &self.lanes[index];
        let middle = lane.above.0 + self.end_of(lane).saturating_sub(lane.above.0) / 2;
        if middle <= lane.above.0 + 1 {
            return;
        }
        let second = Lane {
            number: self.next_lane,
            above: RecordId(middle - 1),
            end: lane.end,
            after: Some(middle.to_string()),
            guessed: true,
        };
        self.next_lane += 1;
        self.lanes[index].end = Some(RecordId(middle));
        self.lanes.insert(index + 1, second);
    }
}

/// Whether the list's own cursor is what the lanes assume: the last id of the page, or the one that follows.
fn cursor_is_an_id(lane: &Lane) -> bool {
    lane.after
        .as_deref()
        .and_then(|after| after.parse::<RecordId>().ok())
        .is_some_and(|after| after >= lane.above)
}

impl Lane {
    /// What a page means for this lane.
    pub fn step(&self, page: &Page<'_>) -> Step {
        let ids: Vec<RecordId> = page.records.iter().map(|record| record.id).collect();
        let ascending = ids.windows(2).all(|pair| pair[0] < pair[1]);
        // A guessed cursor was honoured if nothing before it came.
        let honoured = !self.guessed || ids.first().is_none_or(|first| *first > self.above);
        let last = ids.last().copied();
        if !ascending || !honoured {
            let after = page.after.as_ref().map(|after| after.clone().into_owned());
            let lane = after.map(|after| Lane { after: Some(after), ..self.clone() });
            return Step { covers: None, lane, lanes_broken: true };
        }
        let passed = matches!((last, self.end), (Some(last), Some(end)) if last >= end);
        let issues = !page.issues.is_empty();
        let up_to = match (&page.after, self.end) {
            _ if passed => self.end.map(|end| RecordId(end.0 - 1)),
            (None, end) => end.map(|end| RecordId(end.0 - 1)),
            (Some(_), _) => Some(last.unwrap_or(self.above)),
        };
        // A record that could not be read is not a record that is gone.
        let covers = (!issues).then_some((self.above, up_to));
        let ends = planted(Bug::ShortListPageEnds) && ids.len() < LIST_LIMIT;
        let lane = match &page.after {
            Some(after) if !passed && !ends => Some(Lane {
                number: self.number,
                above: last.unwrap_or(self.above),
                end: self.end,
                after: Some(after.clone().into_owned()),
                guessed: false,
            }),
            Some(_) | None => None,
        };
        Step { covers, lane, lanes_broken: false }
    }
}
