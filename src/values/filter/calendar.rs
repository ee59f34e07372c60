//! Days of the calendar: proleptic Gregorian, counted from 1970-01-01. Owns nothing, knows no clock and no time zone.

use time::{Date, Month};

use super::{Length, Period, Span, Unit};
use crate::values::time::{DAY_MS, HOUR_MS};

/// Julian day of 1970-01-01.
const EPOCH: i64 = 2_440_588;

/// The day of a date; `None` if there is no such date, or the year is not of four digits from 1 on.
pub(super) fn day(year: i64, month: i64, day: i64) -> Option<i64> {
    let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
    let date = Date::from_calendar_date(i32::try_from(year).ok()?, month, u8::try_from(day).ok()?).ok()?;
    (1..=9999).contains(&year).then(|| i64::from(date.to_julian_day()) - EPOCH)
}

/// Whether a day lies in the years 1 to 9999.
pub(super) fn is_day(day: i64) -> bool {
    (-719_162..=2_932_896).contains(&day)
}

/// `YYYY-MM-DD`.
pub(super) fn text(day: i64) -> String {
    let date = date(day);
    format!("{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day())
}

/// The day of a moment, for who is `utc_offset_ms` ahead of UTC.
pub(super) fn local_day(moment_ms: i64, utc_offset_ms: i64) -> i64 {
    moment_ms.saturating_add(utc_offset_ms).div_euclid(DAY_MS)
}

/// The first millisecond of a day, for who is `utc_offset_ms` ahead of UTC.
pub(super) fn start_ms(day: i64, utc_offset_ms: i64) -> i64 {
    day.saturating_mul(DAY_MS).saturating_sub(utc_offset_ms)
}

fn date(day: i64) -> Date {
    let clamped = day
        .saturating_add(EPOCH)
        .clamp(i64::from(Date::MIN.to_julian_day()), i64::from(Date::MAX.to_julian_day()));
    Date::from_julian_day(clamped as i32).expect("clamped to what the calendar holds")
}

/// The same day so many months later or earlier, or the last of that month where it has none.
fn add_months(from: i64, count: i64) -> i64 {
    let date = date(from);
    let months = i64::from(date.year()) * 12 + i64::from(u8::from(date.month())) - 1 + count;
    let year = months.div_euclid(12).clamp(-9998, 9998) as i32;
    let month = Month::try_from(months.rem_euclid(12) as u8 + 1).expect("twelve months");
    let date = Date::from_calendar_date(year, month, date.day().min(month.length(year)))
        .expect("the day is cut at the month's end");
    i64::from(date.to_julian_day()) - EPOCH
}

impl Span {
    /// So much after a tick: a millisecond if the unit is hours, else a day.
    pub(super) fn after(self, tick: i64) -> i64 {
        self.shift(tick, self.count)
    }

    /// So much before a tick.
    pub(super) fn before(self, tick: i64) -> i64 {
        self.shift(tick, -self.count)
    }

    fn shift(self, tick: i64, count: i64) -> i64 {
        match self.unit {
            Unit::Hours => tick.saturating_add(count * HOUR_MS),
            Unit::Days => tick.saturating_add(count),
            Unit::Weeks => tick.saturating_add(count * 7),
            Unit::Months => add_months(tick, count),
        }
    }
}

impl Period {
    /// Its first and last day, seen from `today`.
    pub(super) fn days(self, today: i64) -> (i64, i64) {
        match self.length {
            Length::Day => (today + self.shift, today + self.shift),
            Length::Week => {
                // 1970-01-01 was a Thursday: three days after a Monday.
                let monday = today - (today + 3).rem_euclid(7) + self.shift * 7;
                (monday, monday + 6)
            }
            Length::Months(length) => {
                let date = date(today);
                let first_of_month = today - i64::from(date.day()) + 1;
                let since_start = i64::from(u8::from(date.month()) - 1) % length;
                let first = add_months(first_of_month, self.shift * length - since_start);
                (first, add_months(first, length) - 1)
            }
        }
    }
}
