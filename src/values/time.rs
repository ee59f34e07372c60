//! [`Timestamp`]: a moment as milliseconds since the Unix epoch. The clock itself lives in the platform ring.

use serde::{Deserialize, Serialize};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// One second in milliseconds.
pub const SECOND_MS: i64 = 1_000;
/// One minute in milliseconds.
pub const MINUTE_MS: i64 = 60 * SECOND_MS;
/// One hour in milliseconds.
pub const HOUR_MS: i64 = 60 * MINUTE_MS;
/// One day in milliseconds.
pub const DAY_MS: i64 = 24 * HOUR_MS;

/// Milliseconds since 1970-01-01T00:00:00Z. HubSpot's own precision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// This moment and `ms` milliseconds.
    #[must_use]
    pub const fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// This moment less `ms` milliseconds.
    #[must_use]
    pub const fn minus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_sub(ms))
    }

    /// Milliseconds from `earlier` until this moment; negative if `earlier` is later.
    pub const fn since_ms(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Parses RFC 3339 as HubSpot writes it (`2026-01-02T03:04:05.678Z`, fraction optional). `None` if it is not one.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        parse_utc(text.as_bytes()).or_else(|| {
            let nanos = OffsetDateTime::parse(text, &Rfc3339).ok()?.unix_timestamp_nanos();
            i64::try_from(nanos.div_euclid(1_000_000)).ok().map(Self)
        })
    }

    /// RFC 3339 in UTC with milliseconds; years outside 0–9999 clamp to the epoch.
    pub fn to_rfc3339(self) -> String {
        let moment = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000)
            .unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let (date, time) = (moment.date(), moment.time());
        format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
            date.year(),
            u8::from(date.month()),
            date.day(),
            time.hour(),
            time.minute(),
            time.second(),
            time.millisecond()
        )
    }
}

/// The one shape HubSpot sends for record dates, read without the general parser: it stands on the path of every record.
fn parse_utc(text: &[u8]) -> Option<Timestamp> {
    fn number(digits: &[u8]) -> Option<i64> {
        digits
            .iter()
            .try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0')))
    }
    let (b'-', b'-', b'T', b':', b':') =
        (*text.get(4)?, *text.get(7)?, *text.get(10)?, *text.get(13)?, *text.get(16)?)
    else {
        return None;
    };
    let millis = match text.get(19..)? {
        b"Z" => 0,
        [b'.', fraction @ .., b'Z'] if (1..=3).contains(&fraction.len()) => {
            number(fraction)? * [100, 10, 1][fraction.len() - 1]
        }
        _ => return None,
    };
    let (year, month, day) = (number(&text[..4])?, number(&text[5..7])?, number(&text[8..10])?);
    let (hour, minute, second) = (number(&text[11..13])?, number(&text[14..16])?, number(&text[17..19])?);
    let date = time::Date::from_calendar_date(
        i32::try_from(year).ok()?,
        time::Month::try_from(u8::try_from(month).ok()?).ok()?,
        u8::try_from(day).ok()?,
    )
    .ok()?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let days = i64::from(date.to_julian_day() - time::Date::from_ordinal_date(1970, 1).ok()?.to_julian_day());
    Some(Timestamp(days * DAY_MS + hour * HOUR_MS + minute * MINUTE_MS + second * SECOND_MS + millis))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_hubspots_dates() {
        let text = "2026-01-02T03:04:05.678Z";
        let moment = Timestamp::parse_rfc3339(text).unwrap();
        assert_eq!(moment, Timestamp(1_767_323_045_678));
        assert_eq!(moment.to_rfc3339(), text);
    }

    #[test]
    fn short_fractions_offsets_and_old_dates_agree_with_the_general_parser() {
        for text in [
            "2026-01-02T03:04:05Z",
            "1969-12-31T23:59:59.9Z",
            "2024-02-29T00:00:00.05Z",
            "0001-01-01T00:00:00Z",
        ] {
            let general = OffsetDateTime::parse(text, &Rfc3339).unwrap().unix_timestamp_nanos() / 1_000_000;
            assert_eq!(i128::from(parse_utc(text.as_bytes()).unwrap().0), general, "{text}");
        }
        assert_eq!(Timestamp::parse_rfc3339("1970-01-01T01:00:00+01:00"), Some(Timestamp(0)));
        for wrong in
            ["", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-01-01", "2026-01-01T25:00:00Z"]
        {
            assert_eq!(Timestamp::parse_rfc3339(wrong), None, "{wrong}");
        }
    }
}
