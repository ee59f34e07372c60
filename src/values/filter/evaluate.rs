//! Whether a filter holds of a record, and when time alone may change that. Borrows everything; fails never.

use std::{cmp::Ordering, marker::PhantomData};

use super::{Condition, Filter, Kind, Operand, Operator, Scalar, Unit, calendar, reading};
use crate::values::time::{HOUR_MS, Timestamp};

/// Where values come from: a record, or a record with what belongs to it.
pub trait Values {
    /// The value of a property; of what belongs to the record if `of` names that. `None`: no value, or no such thing.
    fn value(&self, of: Option<&str>, property: &str) -> Option<&str>;
}

/// [`Values`] from a function of what [`Values::value`] takes.
#[derive(Clone, Copy)]
pub struct Lookup<'a, F>(F, PhantomData<&'a str>);

impl<'a, F: Fn(Option<&str>, &str) -> Option<&'a str>> Lookup<'a, F> {
    /// Values that the function finds.
    pub const fn new(find: F) -> Self {
        Self(find, PhantomData)
    }
}

impl<'a, F: Fn(Option<&str>, &str) -> Option<&'a str>> Values for Lookup<'a, F> {
    fn value(&self, of: Option<&str>, property: &str) -> Option<&str> {
        (self.0)(of, property)
    }
}

/// What a filter is evaluated by, besides the values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Context {
    /// Now.
    pub now: Timestamp,
    /// How far the portal's clocks are ahead of UTC, in milliseconds; negative in the west (`hubspot-api.md` 10.1).
    pub utc_offset_ms: i64,
}

impl Context {
    /// The first moments of today and of tomorrow, by the portal's clocks.
    pub fn today(self) -> (Timestamp, Timestamp) {
        let day = calendar::local_day(self.now.0, self.utc_offset_ms);
        let start = |day| Timestamp(calendar::start_ms(day, self.utc_offset_ms));
        (start(day), start(day + 1))
    }
}

/// What one condition found in a record.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding<'a> {
    /// Where it stands in the filter (JSON Pointer).
    pub path: String,
    /// The condition.
    pub condition: &'a Condition,
    /// The value it saw, personal as the record is; `None`: there was none.
    pub value: Option<&'a str>,
    /// Whether it held, whatever groups made of that.
    pub holds: bool,
}

impl Filter {
    /// What each condition saw and said, in the order written: for logs that explain a decision to a person.
    pub fn explain<'a>(
        &'a self,
        record: &'a dyn Values,
        before: Option<&dyn Values>,
        context: Context,
    ) -> Vec<Finding<'a>> {
        let mut findings = Vec::new();
        self.visit(&mut String::new(), &mut |path, condition| {
            findings.push(Finding {
                path: path.to_owned(),
                condition,
                value: condition.read(record),
                holds: condition.evaluate(record, before, context),
            });
        });
        findings
    }

    /// Whether it holds of a record. `before` are the values before the change that is asked about, all of them and not only
    /// those that changed; without it nothing has changed.
    pub fn evaluate(&self, record: &dyn Values, before: Option<&dyn Values>, context: Context) -> bool {
        match self {
            Self::And(parts) => parts.iter().all(|part| part.evaluate(record, before, context)),
            Self::Or(parts) => parts.iter().any(|part| part.evaluate(record, before, context)),
            Self::Not(part) => !part.evaluate(record, before, context),
            Self::Condition(condition) => condition.evaluate(record, before, context),
        }
    }

    /// The earliest moment after `now` at which it may no longer be as it is now, if the record stays as it is; `None` if time
    /// changes nothing. It need not change then, but never changes before, as long as the offset from UTC stays: where clocks are
    /// put forward or back, a day begins up to an hour beside this.
    pub fn next_change_at(&self, record: &dyn Values, context: Context) -> Option<Timestamp> {
        match self {
            Self::And(parts) | Self::Or(parts) => {
                parts.iter().filter_map(|part| part.next_change_at(record, context)).min()
            }
            Self::Not(part) => part.next_change_at(record, context),
            Self::Condition(condition) => condition.next_change_at(record, context),
        }
    }
}

impl Condition {
    fn evaluate(&self, record: &dyn Values, before: Option<&dyn Values>, context: Context) -> bool {
        let value = self.read(record);
        let holds = |value: Option<&str>| value.is_some_and(|value| self.matches(value, context));
        let was =
            |judge: &dyn Fn(Option<&str>) -> bool| before.is_some_and(|before| judge(self.read(before)));
        match self.operator {
            Operator::Known => value.is_some(),
            Operator::Unknown => value.is_none(),
            Operator::Changed => was(&|old| old != value),
            Operator::ChangedTo => holds(value) && was(&|old| !holds(old)),
            Operator::ChangedFrom => !holds(value) && was(&holds),
            Operator::IsNot | Operator::NoneOf | Operator::NotContains => !holds(value),
            _ => holds(value),
        }
    }

    /// The property's value; empty is none.
    fn read<'a>(&self, values: &'a dyn Values) -> Option<&'a str> {
        values.value(self.of(), self.property()).filter(|value| !value.is_empty())
    }

    /// Whether the positive form of the operator holds of a value.
    fn matches(&self, value: &str, context: Context) -> bool {
        match self.kind {
            Kind::String => self.matches_text(|| reading::folded(value)),
            Kind::PhoneNumber => self.matches_text(|| reading::folded_phone(value)),
            Kind::Number => {
                reading::number(value).is_some_and(|number| self.matches_order(&Scalar::Number(number)))
            }
            Kind::Bool => {
                reading::boolean(value).is_some_and(|value| self.matches_order(&Scalar::Bool(value)))
            }
            Kind::Enumeration => self.matches_options(value),
            Kind::Date | Kind::Datetime => self.matches_time(value, context),
        }
    }

    fn matches_text<I: DoubleEndedIterator<Item = char>>(&self, letters: impl Fn() -> I) -> bool {
        match &self.operand {
            Operand::One(Scalar::Text { folded, .. }) => match self.operator {
                Operator::Contains | Operator::NotContains => letters().collect::<String>().contains(folded),
                Operator::StartsWith => {
                    let mut letters = letters();
                    folded.chars().all(|letter| letters.next() == Some(letter))
                }
                Operator::EndsWith => {
                    let mut letters = letters().rev();
                    folded.chars().rev().all(|letter| letters.next() == Some(letter))
                }
                _ => letters().eq(folded.chars()),
            },
            Operand::Many(texts) => {
                let text: String = letters().collect();
                texts.iter().any(|one| matches!(one, Scalar::Text { folded, .. } if *folded == text))
            }
            _ => false,
        }
    }

    fn matches_order(&self, value: &Scalar) -> bool {
        let compares = |bound: &Scalar, fits: fn(Ordering) -> bool| value.order(bound).is_some_and(fits);
        match &self.operand {
            Operand::One(bound) => compares(
                bound,
                match self.operator {
                    Operator::LessThan => Ordering::is_lt,
                    Operator::AtMost => Ordering::is_le,
                    Operator::GreaterThan => Ordering::is_gt,
                    Operator::AtLeast => Ordering::is_ge,
                    _ => Ordering::is_eq,
                },
            ),
            Operand::Range(from, to) => compares(from, Ordering::is_ge) && compares(to, Ordering::is_le),
            Operand::Many(values) => values.iter().any(|one| compares(one, Ordering::is_eq)),
            _ => false,
        }
    }

    fn matches_options(&self, value: &str) -> bool {
        let choice = |scalar: &Scalar| match scalar {
            Scalar::Choice(choice) => reading::has_option(value, choice),
            _ => false,
        };
        match &self.operand {
            Operand::One(one) => choice(one),
            Operand::Many(choices) => {
                let listed = |option: &str| {
                    choices.iter().any(|one| matches!(one, Scalar::Choice(choice) if choice == option))
                };
                match self.operator {
                    Operator::AllOf => choices.iter().all(choice),
                    Operator::Exactly if choices.len() == 1 && listed(value) => true,
                    Operator::Exactly => choices.iter().all(choice) && reading::options(value).all(listed),
                    _ => listed(value) || reading::options(value).any(listed),
                }
            }
            _ => false,
        }
    }

    fn matches_time(&self, value: &str, context: Context) -> bool {
        let (first, last) = self.selected(context);
        self.tick(value, context).is_some_and(|tick| first <= tick && tick <= last)
    }

    /// First and last tick that it selects; the last before the first where it selects none.
    fn selected(&self, context: Context) -> (i64, i64) {
        let edges = |scalar: &Scalar| match scalar {
            Scalar::Day(day) if self.kind == Kind::Date => (*day, *day),
            Scalar::Day(day) => {
                let start = |day| calendar::start_ms(day, context.utc_offset_ms);
                (start(*day), start(*day + 1) - 1)
            }
            Scalar::Moment(moment) => (*moment, *moment),
            _ => (i64::MAX, i64::MIN),
        };
        match &self.operand {
            Operand::Span(_) | Operand::Period(_) => self.window(self.tick_now(context)),
            Operand::One(point) => match (self.operator, edges(point)) {
                (Operator::Before, (start, _)) => (i64::MIN, start - 1),
                (Operator::After, (_, end)) => (end + 1, i64::MAX),
                (_, edges) => edges,
            },
            Operand::Range(from, to) => (edges(from).0, edges(to).1),
            Operand::Nothing | Operand::Many(_) => (i64::MAX, i64::MIN),
        }
    }

    /// What it [selects](Self::selected) in milliseconds, where a day is its first moment in UTC.
    pub(super) fn selected_ms(&self, context: Context) -> (i64, i64) {
        let (first, last) = self.selected(context);
        if self.in_milliseconds() {
            return (first, last);
        }
        let offset = if self.kind == Kind::Date { 0 } else { context.utc_offset_ms };
        let end = calendar::start_ms(last.saturating_add(1), offset);
        (calendar::start_ms(first, offset), end.saturating_sub(1))
    }

    /// Whether ticks are milliseconds; otherwise they are days.
    fn in_milliseconds(&self) -> bool {
        match &self.operand {
            Operand::Span(span) => span.unit == Unit::Hours,
            Operand::Period(_) => false,
            Operand::Nothing | Operand::One(_) | Operand::Many(_) | Operand::Range(..) => {
                self.kind == Kind::Datetime
            }
        }
    }

    /// Now, in ticks.
    fn tick_now(&self, context: Context) -> i64 {
        // Within the calendar, so that no sum overflows.
        let now = context.now.0.clamp(-62_135_596_800_000, 253_402_300_799_999);
        if self.in_milliseconds() { now } else { calendar::local_day(now, context.utc_offset_ms) }
    }

    /// A value, in ticks.
    fn tick(&self, value: &str, context: Context) -> Option<i64> {
        match self.kind {
            Kind::Date => reading::day(value),
            _ if self.in_milliseconds() => reading::moment(value),
            _ => reading::moment(value).map(|moment| calendar::local_day(moment, context.utc_offset_ms)),
        }
    }

    /// First and last tick that a condition relative to `now` selects. Neither ever falls as `now` rises.
    fn window(&self, now: i64) -> (i64, i64) {
        match (&self.operand, self.operator) {
            (Operand::Period(period), _) => period.days(now),
            (Operand::Span(span), Operator::WithinNext) => (now, span.after(now)),
            (Operand::Span(span), Operator::WithinLast) => (span.before(now), now),
            (Operand::Span(span), Operator::MoreThanAgo) => (i64::MIN, span.before(now) - 1),
            (Operand::Span(span), _) => (span.after(now) + 1, i64::MAX),
            _ => (i64::MIN, i64::MAX),
        }
    }

    fn next_change_at(&self, record: &dyn Values, context: Context) -> Option<Timestamp> {
        // The window's ends stay this near to now: a span, or a period's own length and that of the next.
        let reach = match &self.operand {
            Operand::Span(span) if span.unit == Unit::Hours => span.count * HOUR_MS,
            Operand::Span(span) => span.count * 31,
            Operand::Period(_) => 3 * 366,
            _ => return None,
        };
        let (value, now) = (self.tick(self.read(record)?, context)?, self.tick_now(context));
        let (first, last) = self.window(now);
        // As the window moves on, it reaches the value and then leaves it behind.
        let moved = |now: i64| {
            let window = self.window(now);
            if last < value { window.1 >= value } else { window.0 > value }
        };
        let limit = value.max(now).saturating_add(reach + 2);
        if first > value || !moved(limit) {
            return None;
        }
        let tick = first_where(now, limit, moved);
        Some(Timestamp(if self.in_milliseconds() {
            tick
        } else {
            calendar::start_ms(tick, context.utc_offset_ms)
        }))
    }
}

/// The first tick in `(after, limit]` from which on `holds`, given that it does at `limit` and not at `after`.
fn first_where(after: i64, limit: i64, holds: impl Fn(i64) -> bool) -> i64 {
    let (mut below, mut at) = (after, limit);
    while at - below > 1 {
        let middle = below + (at - below) / 2;
        if holds(middle) { at = middle } else { below = middle }
    }
    at
}
