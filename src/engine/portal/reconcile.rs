//! Reconcile: whether the mirror is HubSpot, asked in three ways that do not rest on what made the mirror (`design.md` 4).
//!
//! | level | how often | asks | proves |
//! |---|---|---|---|
//! | counts | hourly | search's totals by modified date, halved by id where they differ from the mirror's | nothing: it finds |
//! | sweep | over each week | ids and dates of every record, from the list endpoint, which is no index | that nothing is missing, left over or old |
//! | sample | daily | all values of a thousand records | that values are right |
//!
//! One record too few and one too many within one stretch of dates make an equal total. So each hour's count of many records cuts the
//! stretches in two by an id, another each hour, drawn evenly with the day's sample: two differences between which a twenty-fifth of
//! the records lies are told apart within a day, and what is closer by the sweep.
//!
//! Beside them contacts that were found deleted are looked for in HubSpot's archive ([`super::deletions`]).
//!
//! Whatever differs is a suspect; only a batch read convicts and repairs it, where it can be read ([`super::unreadable`]). What
//! HubSpot changed within [`LAG_MS`] is left to the checks for changes and never counted as found. How far a count, a sample or a
//! sweep has come is saved with its stream, at the latest when an alarm ends: an object that goes away goes on where it was.

use serde::{Deserialize, Serialize};

use crate::{
    engine::portal::{InFlight, Job, Portal, Running, Turn, apply, unreadable},
    hubspot::objects::{self, BATCH_LIMIT, BatchAnswer, IdRange, Page, SEARCH_LIMIT},
    store::{
        portal::{
            counts::{self, Area},
            records::{self, Known},
        },
        sql::SqlError,
    },
    values::{
        http::Request,
        ids::{ObjectType, RecordId},
        planted::{Bug, planted},
        time::{DAY_MS, HOUR_MS, MINUTE_MS, Timestamp},
    },
};

/// Search's index may be this late; newer changes are the checks' business.
const LAG_MS: i64 = 15 * MINUTE_MS;
/// How long before now the borders between counted stretches of modified dates lie. Fine where changes are: an edit that was
/// missed is counted by HubSpot in another stretch than by the mirror.
const BORDERS_MS: [i64; 6] = [HOUR_MS, 4 * HOUR_MS, DAY_MS, 7 * DAY_MS, 30 * DAY_MS, 365 * DAY_MS];
/// Stretches of modified dates.
const STRETCHES: u32 = BORDERS_MS.len() as u32 + 1;
/// Records from which on a count's stretches are cut: with fewer they are mostly listed.
const MANY: u64 = STRETCHES as u64 * LISTED;
/// Cuts drawn with a day's sample, one for each hour's count.
const CUTS: usize = 24;
/// A stretch that holds no more is listed and not halved: one page of search.
const LISTED: u64 = SEARCH_LIMIT as u64;
/// Calls one count may take: some thirty differences among a million records (twelve halvings, a page, a read each).
const COUNT_CALLS: u32 = 500;
/// Records of a sample: ten calls a day.
pub const SAMPLE: u32 = 1_000;
const WEEK_MS: i64 = 7 * DAY_MS;
/// Beyond every id HubSpot gives.
const GREATEST_ID: u64 = (1 << 53) - 1;

/// Calls of a count that finds everything equal: one a stretch, two where it is cut.
pub const fn counts_calls(records: u64) -> u32 {
    if records > MANY { 2 * STRETCHES } else { STRETCHES }
}

/// A way of asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Level {
    /// Totals.
    Counts,
    /// Every id and date.
    Sweep,
    /// Values.
    Sample,
}

/// What one level last said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Finding {
    /// When it last came to its end; `None`: not yet.
    pub done_at: Option<Timestamp>,
    /// When the next one begins.
    pub due_at: Timestamp,
    /// Calls of the last one.
    pub calls: u32,
    /// Differences that the last one found and repaired.
    pub found: u64,
    /// Records besides of which nothing had moved but what HubSpot calculates, as it tells of nowhere; they are repaired too.
    #[serde(default)]
    pub calculated: u64,
    /// Whether the last one ran into its limit of calls and looked at a part only.
    #[serde(default)]
    pub cut_short: bool,
}

/// What reconcile knows of a stream; saved with it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Reconcile {
    /// See [`Level::Counts`].
    pub counts: Finding,
    /// See [`Level::Sweep`].
    pub sweep: Finding,
    /// See [`Level::Sample`].
    pub sample: Finding,
    /// Differences found since the connection was made, without [`Finding::calculated`]: should stay at 0.
    pub found: u64,
    /// Every record that the mirror held when the last sweep that left nothing out began, and holds now, was there then.
    #[serde(default)]
    pub proved_at: Option<Timestamp>,
    /// When the last full read ended.
    #[serde(default)]
    pub read_at: Option<Timestamp>,
    /// The sweep under way.
    pub sweeping: Option<Sweeping>,
    /// The count or sample under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checking: Option<Checking>,
    /// Ids by which the next counts cut their stretches, the next one last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    cuts: Vec<RecordId>,
}

impl Reconcile {
    /// After a full read, which was a sweep itself: the next one, spread over a week, asks for each record within eight days.
    pub fn begin(&mut self, now: Timestamp) {
        self.counts.due_at = now.plus_ms(HOUR_MS);
        self.sample.due_at = now.plus_ms(DAY_MS);
        self.sweep.due_at = now.plus_ms(DAY_MS);
        self.sweeping = None;
        self.checking = None;
        self.read_at = Some(now);
    }

    fn finding(&mut self, level: Level) -> &mut Finding {
        match level {
            Level::Counts => &mut self.counts,
            Level::Sweep => &mut self.sweep,
            Level::Sample => &mut self.sample,
        }
    }
}

/// A sweep under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sweeping {
    started_at: Timestamp,
    after: Option<String>,
    above: RecordId,
    pages: u32,
    suspects: Vec<RecordId>,
    /// The last page was read; only suspects are left.
    listed: bool,
    /// A page was out of order: what is left over beside it was not looked for.
    #[serde(default)]
    gaps: bool,
}

/// A count or a sample under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checking {
    level: Level,
    started_at: Timestamp,
    areas: Vec<Area>,
    suspects: Vec<RecordId>,
    calls: u32,
    calculated: u64,
    found: u64,
    /// Of these, before the present round of counting.
    found_before: u64,
    cut_short: bool,
    /// The id by which the stretches of a count are cut in two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cut: Option<RecordId>,
}

impl Checking {
    fn new(level: Level, started_at: Timestamp) -> Self {
        let (areas, suspects) = (Vec::new(), Vec::new());
        Self {
            level,
            started_at,
            areas,
            suspects,
            calls: 0,
            calculated: 0,
            found: 0,
            found_before: 0,
            cut_short: false,
            cut: None,
        }
    }

    /// The newest stretch is counted first: repairing it makes older ones equal.
    fn counting(now: Timestamp, cut: Option<RecordId>) -> Self {
        Self { areas: Self::areas(now, cut), cut, ..Self::new(Level::Counts, now) }
    }

    fn areas(now: Timestamp, cut: Option<RecordId>) -> Vec<Area> {
        let mut areas = Vec::new();
        let mut before = now.minus_ms(LAG_MS);
        for border in BORDERS_MS {
            let since = now.minus_ms(border);
            areas.push(Area::of_dates(since, before));
            before = since;
        }
        areas.push(Area::of_dates(Timestamp(0), before));
        areas.reverse();
        match cut {
            Some(cut) => areas.into_iter().flat_map(|area| halves(area, cut)).collect(),
            None => areas,
        }
    }

    /// A difference that was repaired may have hidden another: one too few and one too many make an equal total. So what
    /// found something counts once more.
    fn again(&mut self, now: Timestamp) -> bool {
        let again = self.level == Level::Counts && self.found > self.found_before && !self.cut_short;
        if again {
            self.found_before = self.found;
            self.started_at = now;
            self.areas = Self::areas(now, self.cut);
        }
        again
    }
}

impl Portal {
    /// The next call of reconcile, when a stream has nothing else to do.
    #[inline(never)]
    pub(super) fn next_of_reconcile(
        &mut self,
        turn: &mut Turn<'_>,
        index: usize,
    ) -> Result<Option<Job>, SqlError> {
        let asks = |job: &Job| {
            matches!(job, Job::Count { .. } | Job::Confirm { .. } | Job::Sweep | Job::Deletion(_))
        };
        let stream = &self.streams[index].saved;
        let at_work = self.in_flight.values().any(|flying| flying.stream == index && asks(&flying.job));
        let echo_follows = self.echo_follows(turn, stream.object_type);
        if at_work
            || echo_follows
            || stream.backfill.is_some()
            || stream.poll.is_some()
            || planted(Bug::NoReconcile)
        {
            return Ok(None);
        }
        if let Some(job) = self.next_of_deletions(turn, index)? {
            return Ok(Some(job));
        }
        if self.streams[index].saved.reconcile.checking.is_none() {
            self.begin_checking(turn, index)?;
        }
        let running = &mut self.streams[index];
        if let Some(checking) = &running.saved.reconcile.checking {
            let (level, suspects) = (checking.level, &checking.suspects);
            if !suspects.is_empty() {
                let ids = suspects[..suspects.len().min(BATCH_LIMIT)].to_vec();
                return Ok(Some(Job::Confirm { level, ids }));
            }
            if let Some(area) = checking.areas.last().copied() {
                let lists = counts::count(turn.sql, running.saved.object_type, &area)? <= LISTED;
                return Ok(Some(Job::Count { area, lists }));
            }
        }
        if let Some(sweeping) = &running.saved.reconcile.sweeping {
            if !sweeping.suspects.is_empty() {
                let ids = sweeping.suspects[..sweeping.suspects.len().min(BATCH_LIMIT)].to_vec();
                return Ok(Some(Job::Confirm { level: Level::Sweep, ids }));
            }
            if !sweeping.listed && sweeping.page_due(turn.now, running.saved.records) {
                return Ok(Some(Job::Sweep));
            }
        }
        Ok(None)
    }

    fn begin_checking(&mut self, turn: &mut Turn<'_>, index: usize) -> Result<(), SqlError> {
        let Running { saved, .. } = &mut self.streams[index];
        let kind = saved.object_type;
        if saved.reconcile.sweeping.is_none() && saved.reconcile.sweep.due_at <= turn.now {
            saved.reconcile.sweeping = Some(Sweeping::begin(turn.now));
            saved.reconcile.sweep.due_at = turn.now.plus_ms(WEEK_MS);
        }
        if saved.reconcile.counts.due_at <= turn.now {
            saved.reconcile.counts.due_at = turn.now.plus_ms(HOUR_MS);
            records::build_dates_index(turn.sql, kind)?;
            let cut = saved.reconcile.cuts.pop();
            saved.reconcile.checking = Some(Checking::counting(turn.now, cut));
        } else if saved.reconcile.sample.due_at <= turn.now {
            saved.reconcile.sample.due_at = turn.now.plus_ms(DAY_MS);
            let mut suspects = sample(turn, kind, saved.records)?;
            saved.reconcile.cuts = cuts(&suspects, saved.records);
            unreadable::leave_out(turn, kind, &mut suspects)?;
            if !suspects.is_empty() {
                let new = Checking::new(Level::Sample, turn.now);
                saved.reconcile.checking = Some(Checking { suspects, ..new });
            }
        }
        Ok(())
    }

    /// The answer to a count: equal, to be halved, or a page to be compared.
    #[inline(never)]
    pub(super) fn took_count(
        &mut self,
        turn: &Turn<'_>,
        index: usize,
        area: Area,
        lists: bool,
        page: &Page<'_>,
    ) -> Result<(), SqlError> {
        self.keep_out(turn, index, &page.records)?;
        let running = &mut self.streams[index];
        let kind = running.saved.object_type;
        let Some(checking) =
            running.saved.reconcile.checking.as_mut().filter(|checking| checking.areas.last() == Some(&area))
        else {
            return Ok(());
        };
        checking.areas.pop();
        checking.calls += 1;
        if lists {
            let (mut suspects, rest) = compare(turn, kind, area, page)?;
            unreadable::leave_out(turn, kind, &mut suspects)?;
            suspects.retain(|id| !self.blocks.has(kind, *id));
            checking.suspects.extend(suspects);
            checking.areas.extend(rest);
        } else {
            let held = counts::count(turn.sql, kind, &area)?;
            let total = page.total.unwrap_or(page.records.len() as u64);
            if held + self.blocks.counted_in(kind, &area) != total {
                let middle = counts::middle(turn.sql, kind, &area, held)?.unwrap_or(area.above);
                checking.areas.extend(halves(area, middle));
            }
        }
        if checking.calls >= COUNT_CALLS {
            checking.cut_short = !checking.areas.is_empty();
            checking.areas.clear();
        }
        self.end_checking(turn, index)
    }

    /// A batch read of suspects: how many of them were truly different.
    #[inline(never)]
    pub(super) fn took_confirm(
        &mut self,
        turn: &Turn<'_>,
        in_flight: &InFlight,
        level: Level,
        ids: &[RecordId],
        batch: &BatchAnswer<'_>,
    ) -> Result<Option<String>, SqlError> {
        let index = in_flight.stream;
        let kind = self.streams[index].saved.object_type;
        let known = records::known(turn.sql, kind, ids, None)?;
        let began = match level {
            Level::Counts | Level::Sample => {
                self.streams[index].saved.reconcile.checking.as_ref().map(|checking| checking.started_at)
            }
            Level::Sweep => Some(turn.now),
        };
        let horizon = began.unwrap_or(turn.now).minus_ms(LAG_MS);
        let date = |id: RecordId| known.iter().find(|row| row.id == id).map(|row| row.updated_at);
        let fresh = batch
            .records
            .iter()
            .filter(|record| record.updated_at >= horizon && date(record.id) != Some(record.updated_at));
        let fresh = fresh.count() as u64;
        let calculated = apply::calculated_alone(self.scene(turn, in_flight), &batch.records)?;
        let applied = self.settle_batch(turn, in_flight, ids, batch)?;
        let found = applied.changes.saturating_sub(fresh + calculated);
        let running = &mut self.streams[index];
        running.saved.reconcile.found += found;
        match level {
            Level::Counts | Level::Sample => {
                if let Some(checking) = &mut running.saved.reconcile.checking {
                    checking.found += found;
                    checking.calculated += calculated;
                }
            }
            Level::Sweep => {
                running.saved.reconcile.sweep.found += found;
                running.saved.reconcile.sweep.calculated += calculated;
            }
        }
        self.confirmed(turn.now, index, level, ids);
        self.count(turn, index, applied)?;
        self.end_checking(turn, index)?;
        Ok((found > 0).then(|| format!("found by reconcile ({level:?}, {kind}): {found}")))
    }

    /// A call about suspects has ended: they are suspects no longer.
    pub(super) fn confirmed(&mut self, now: Timestamp, index: usize, level: Level, ids: &[RecordId]) {
        let running = &mut self.streams[index];
        let done = |suspects: &mut Vec<RecordId>| suspects.retain(|id| !ids.contains(id));
        match level {
            Level::Counts | Level::Sample => {
                if let Some(checking) = &mut running.saved.reconcile.checking {
                    done(&mut checking.suspects);
                    checking.calls += 1;
                }
            }
            Level::Sweep => {
                running.saved.reconcile.sweep.calls += 1;
                if let Some(sweeping) = &mut running.saved.reconcile.sweeping {
                    done(&mut sweeping.suspects);
                }
            }
        }
        running.end_sweep(now);
    }

    /// A page of a sweep.
    #[inline(never)]
    pub(super) fn took_sweep(
        &mut self,
        turn: &Turn<'_>,
        in_flight: &InFlight,
        page: &Page<'_>,
    ) -> Result<(), SqlError> {
        self.keep_out(turn, in_flight.stream, &page.records)?;
        let running = &mut self.streams[in_flight.stream];
        let kind = running.saved.object_type;
        let Some(sweeping) = &mut running.saved.reconcile.sweeping else { return Ok(()) };
        let ids: Vec<RecordId> = page.records.iter().map(|record| record.id).collect();
        let ascending = ids.windows(2).all(|pair| pair[0] < pair[1])
            && ids.first().is_none_or(|first| *first > sweeping.above);
        let last = ids.last().copied().unwrap_or(sweeping.above);
        let up_to = page.after.is_some().then_some(last);
        let covers = ascending.then_some((sweeping.above, up_to));
        let known = records::known(turn.sql, kind, &ids, covers)?;
        let horizon = turn.now.minus_ms(LAG_MS);
        let dated = page.records.iter().map(|record| (record.id, record.updated_at));
        sweeping.suspects = suspects(dated, &known, horizon, horizon);
        let unlisted = known.iter().filter(|row| row.live && !ids.contains(&row.id));
        sweeping.suspects.extend(unlisted.filter(|row| in_flight.asked_at > row.seen_at).map(|row| row.id));
        unreadable::leave_out(turn, kind, &mut sweeping.suspects)?;
        sweeping.suspects.retain(|id| !self.blocks.has(kind, *id));
        let over = page.after.is_none().then_some(sweeping.started_at);
        sweeping.above = sweeping.above.max(last);
        sweeping.after = page.after.as_deref().map(str::to_owned);
        sweeping.pages += 1;
        sweeping.listed = page.after.is_none();
        sweeping.gaps |= !ascending;
        if sweeping.pages == 1 {
            let Finding { done_at, due_at, .. } = running.saved.reconcile.sweep;
            running.saved.reconcile.sweep = Finding { done_at, due_at, ..Finding::default() };
        }
        running.saved.reconcile.sweep.calls += 1;
        running.end_sweep(turn.now);
        if let Some(began) = over {
            self.swept(turn, kind, began)?;
        }
        self.save_stream(turn, in_flight.stream)
    }

    pub(super) fn end_checking(&mut self, turn: &Turn<'_>, index: usize) -> Result<(), SqlError> {
        let saved = &mut self.streams[index].saved;
        let is_over = |checking: &mut Checking| {
            checking.areas.is_empty() && checking.suspects.is_empty() && !checking.again(turn.now)
        };
        let Some(over) = saved.reconcile.checking.take_if(is_over) else { return Ok(()) };
        let finding = saved.reconcile.finding(over.level);
        finding.done_at = Some(turn.now);
        finding.calls = over.calls;
        finding.found = over.found;
        finding.calculated = over.calculated;
        finding.cut_short = over.cut_short;
        let last_read = saved.reconcile.read_at;
        if over.cut_short && over.found > 0 && last_read.is_none_or(|at| turn.now.since_ms(at) >= DAY_MS) {
            // More differs than can be tracked down one by one: reading everything costs less than the next hours' counts.
            return self.begin_anew(turn, index);
        }
        self.save_stream(turn, index)
    }

    /// The request of one of reconcile's jobs.
    #[inline(never)]
    pub(super) fn reconcile_request(&self, index: usize, job: &Job) -> Option<Request> {
        let running = self.streams.get(index)?;
        let kind = running.saved.object_type;
        match job {
            Job::Count { area, lists } => {
                let range = IdRange {
                    above: Some(area.above).filter(|id| id.0 > 0),
                    up_to: Some(area.up_to).filter(|id| id.0 < GREATEST_ID),
                };
                let limit = if *lists { SEARCH_LIMIT } else { 1 };
                Some(objects::search_area(kind, area.since, area.before, range, limit))
            }
            Job::Confirm { ids, .. } => Some(objects::batch_read(kind, ids, &running.properties)),
            Job::Sweep => {
                let sweeping = running.saved.reconcile.sweeping.as_ref()?;
                Some(objects::list_ids(kind, sweeping.after.as_deref()))
            }
            Job::Refresh | Job::Uninstall | Job::Revoke | Job::Properties | Job::Greatest => None,
            Job::Beside(_) | Job::Try(_) | Job::Seat(_) | Job::Write(_) => None,
            Job::Links(_) => None,
            Job::List { .. } | Job::Fetch { .. } | Job::Search | Job::Read { .. } | Job::ReadOne { .. } => {
                None
            }
            Job::Freshen { .. } | Job::Echo { .. } | Job::Score(_) | Job::Deletion(_) => None,
            Job::Activate(_) => None,
        }
    }
}

impl Running {
    /// Whether counting or sampling is under way, or should be.
    pub(super) fn reconcile_due(&self, now: Timestamp) -> bool {
        let Reconcile { counts, sample, checking, .. } = &self.saved.reconcile;
        checking.is_some() || counts.due_at <= now || sample.due_at <= now
    }

    fn end_sweep(&mut self, now: Timestamp) {
        let reconcile = &mut self.saved.reconcile;
        let over = |sweeping: &mut Sweeping| sweeping.listed && sweeping.suspects.is_empty();
        if let Some(over) = reconcile.sweeping.take_if(over) {
            reconcile.sweep.done_at = Some(now);
            reconcile.sweep.cut_short = over.gaps;
            if !over.gaps {
                reconcile.proved_at = Some(over.started_at);
            }
        }
    }
}

impl Sweeping {
    /// Pages read so far.
    pub const fn pages(&self) -> u32 {
        self.pages
    }

    fn begin(now: Timestamp) -> Self {
        let (after, above, suspects) = (None, RecordId(0), Vec::new());
        Self { started_at: now, after, above, pages: 0, suspects, listed: false, gaps: false }
    }

    /// Pages are spread over the week: as many may be read as that part of the week has passed.
    fn page_due(&self, now: Timestamp, records: u64) -> bool {
        let pages = records.div_ceil(objects::LIST_LIMIT as u64);
        let passed = now.since_ms(self.started_at).clamp(0, WEEK_MS) as u64;
        u64::from(self.pages) <= pages * passed / WEEK_MS as u64
    }
}

/// A thousand live records, each as likely as any other; all, of fewer. `held`: how many there are.
fn sample(turn: &mut Turn<'_>, kind: ObjectType, held: u64) -> Result<Vec<RecordId>, SqlError> {
    let mut seed = [0; 2];
    for number in &mut seed {
        let mut bytes = [0; 8];
        (turn.random)(&mut bytes);
        *number = u64::from_le_bytes(bytes);
    }
    // A person may ask for a sample before anything was counted.
    records::build_dates_index(turn.sql, kind)?;
    counts::drawn(turn.sql, kind, SAMPLE, held, seed)
}

/// The ids that cut a day's counts, of a sample in order of its ids: none where the records are so few that a count mostly lists them.
fn cuts(sample: &[RecordId], held: u64) -> Vec<RecordId> {
    if held <= MANY || sample.len() <= CUTS {
        return Vec::new();
    }
    (1..=CUTS).map(|number| sample[number * sample.len() / (CUTS + 1)]).collect()
}

/// Two halves, the lower one on top.
fn halves(area: Area, middle: RecordId) -> Vec<Area> {
    let lower = Area { up_to: middle, ..area };
    let upper = Area { above: middle, ..area };
    [upper, lower].into_iter().filter(|half| half.above < half.up_to).collect()
}

/// Listed records that the mirror does not hold as they are, changed before `horizon`; what was seen gone after `settled` may
/// still be listed, however old it is.
fn suspects(
    listed: impl Iterator<Item = (RecordId, Timestamp)>,
    known: &[Known],
    horizon: Timestamp,
    settled: Timestamp,
) -> Vec<RecordId> {
    let differs = |(id, date): &(RecordId, Timestamp)| match known.iter().find(|row| row.id == *id) {
        None => true,
        Some(row) if !row.live => row.seen_at < settled.0,
        Some(row) => row.updated_at < *date,
    };
    listed.filter(|(_, date)| *date < horizon).filter(differs).map(|(id, _)| id).collect()
}

/// What a page of `area` shows to differ, and what of the area is still to be asked for.
fn compare(
    turn: &Turn<'_>,
    kind: ObjectType,
    area: Area,
    page: &Page<'_>,
) -> Result<(Vec<RecordId>, Vec<Area>), SqlError> {
    /// More than one page of the mirror's is left to the next page.
    const HELD: u32 = 4 * SEARCH_LIMIT as u32;
    let ids: Vec<RecordId> = page.records.iter().map(|record| record.id).collect();
    let ascending = ids.windows(2).all(|pair| pair[0] < pair[1]);
    let last = ids.last().copied().unwrap_or(area.above);
    if page.after.is_some() && (!ascending || last <= area.above) {
        let up_to = area.up_to.0.min(GREATEST_ID);
        let middle = RecordId(area.above.0 + up_to.saturating_sub(area.above.0) / 2);
        return Ok((Vec::new(), if middle > area.above { halves(area, middle) } else { Vec::new() }));
    }
    let up_to = if page.after.is_some() { last } else { area.up_to };
    let held = counts::listed(turn.sql, kind, &Area { up_to, ..area }, HELD)?;
    let known = records::known(turn.sql, kind, &ids, None)?;
    let dated = page.records.iter().map(|record| (record.id, record.updated_at));
    let mut found = suspects(dated, &known, area.before, turn.now.minus_ms(LAG_MS));
    found.extend(
        held.iter().map(|(id, _)| *id).filter(|id| ids.binary_search(id).is_err() && !ids.contains(id)),
    );
    let rest = page.after.is_some().then_some(Area { above: last, ..area });
    Ok((found, rest.into_iter().collect()))
}
