//! Times as HubSpot writes and reads them: epoch milliseconds inside, ISO 8601 with milliseconds and `Z` outside.

use jiff::Timestamp;
use jiff::civil::Date;

/// Milliseconds of a day.
pub const DAY_MS: u64 = 86_400_000;

/// `2026-11-20T03:04:05.678Z`.
pub fn iso(ms: u64) -> String {
    let mut text = [0; 24];
    format_into(&mut text, ms);
    text.iter().map(|&byte| char::from(byte)).collect()
}

/// Writes [`iso`] into 24 bytes. Own arithmetic, as two of these stand in every record of every page. Times after the
/// year 9999 do not occur. Days to date: Howard Hinnant, <https://howardhinnant.github.io/date_algorithms.html>.
pub(crate) fn format_into(text: &mut [u8], ms: u64) {
    let (days, rest) = (ms / DAY_MS + 719_468, ms % DAY_MS);
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    text.copy_from_slice(b"0000-00-00T00:00:00.000Z");
    let mut put = |at: usize, width: usize, mut value: u64| {
        for place in text.iter_mut().skip(at).take(width).rev() {
            *place = b'0' + (value % 10) as u8;
            value /= 10;
        }
    };
    put(0, 4, year);
    put(5, 2, month);
    put(8, 2, day);
    put(11, 2, rest / 3_600_000);
    put(14, 2, rest / 60_000 % 60);
    put(17, 2, rest / 1000 % 60);
    put(20, 3, rest % 1000);
}

/// `2026-11-20` of the day a time falls in, UTC.
pub fn iso_date(ms: u64) -> String {
    let mut text = iso(ms);
    text.truncate(10);
    text
}

/// Epoch milliseconds of an ISO 8601 date and time with offset, a date alone (midnight UTC), or digits already in milliseconds.
pub fn parse(text: &str) -> Option<i64> {
    if let Ok(ms) = text.parse::<i64>() {
        return Some(ms);
    }
    if let Ok(timestamp) = text.parse::<Timestamp>() {
        return Some(timestamp.as_millisecond());
    }
    if text.len() != 10 {
        return None;
    }
    let date: Date = text.parse().ok()?;
    let zoned = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(zoned.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_with_three_decimals_and_read_back() {
        assert_eq!(iso(1_763_596_800_000), "2025-11-20T00:00:00.000Z");
        assert_eq!(parse("2025-11-20T00:00:00.000Z"), Some(1_763_596_800_000));
        assert_eq!(parse("2025-11-20"), Some(1_763_596_800_000));
        assert_eq!(parse("1763596800123"), Some(1_763_596_800_123));
        assert_eq!(parse("yesterday"), None);
        for ms in [0, 951_782_400_000, 1_582_934_399_999, 1_709_164_800_000, 4_107_542_400_000] {
            assert_eq!(parse(&iso(ms)), Some(ms as i64), "{}", iso(ms));
        }
        assert_eq!(iso_date(1_763_596_800_123), "2025-11-20");
    }
}
