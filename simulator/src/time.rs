//! Times as HubSpot writes and reads them: epoch milliseconds inside, ISO 8601 with milliseconds and `Z` outside.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::fmt::temporal::DateTimePrinter;

/// Milliseconds of a day.
pub const DAY_MS: u64 = 86_400_000;

/// `2026-11-20T03:04:05.678Z`.
pub fn iso(ms: u64) -> String {
    let mut out = Vec::with_capacity(24);
    write_iso(&mut out, ms);
    String::from_utf8(out).expect("ASCII only")
}

/// Appends [`iso`] to a buffer.
pub fn write_iso(out: &mut Vec<u8>, ms: u64) {
    const PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(3));
    let timestamp = Timestamp::from_millisecond(ms as i64).unwrap_or(Timestamp::MAX);
    PRINTER.print_timestamp(&timestamp, out).expect("a Vec takes everything");
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
        assert_eq!(iso_date(1_763_596_800_123), "2025-11-20");
    }
}
