//! Reading HubSpot's values, which are texts and may be anything: `None` for what is not of the type. Nothing here fails.

use super::{Number, calendar};
use crate::values::time::{DAY_MS, Timestamp};

/// A text as it is compared: lower case, character by character (`char::to_lowercase`), so that it needs no context.
pub(in crate::values) fn fold(text: &str) -> String {
    folded(text).collect()
}

/// [`fold`] without a copy.
pub(super) fn folded(text: &str) -> impl DoubleEndedIterator<Item = char> {
    text.chars().flat_map(char::to_lowercase)
}

/// A telephone number as it is compared: lower case, without spaces and `-./()`.
pub(super) fn fold_phone(text: &str) -> String {
    folded_phone(text).collect()
}

/// [`fold_phone`] without a copy.
pub(super) fn folded_phone(text: &str) -> impl DoubleEndedIterator<Item = char> {
    folded(text).filter(|letter| !letter.is_whitespace() && !matches!(letter, '-' | '.' | '/' | '(' | ')'))
}

/// A number: `-12`, `12.5`, `1.5E7`. No plus sign (that is a telephone number), no spaces, no infinity.
pub(in crate::values) fn number(text: &str) -> Option<Number> {
    if let Some(whole) = whole(text) {
        return Some(Number::Whole(whole));
    }
    // What Rust reads beyond this: signs, `inf`, `nan`, a point without digits on both sides.
    let digits = text.strip_prefix('-').unwrap_or(text).as_bytes();
    let (first, last) = (digits.first()?, digits.last()?);
    let plain = digits.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'));
    let bare_point = digits.windows(2).any(|pair| pair[0] == b'.' && !pair[1].is_ascii_digit());
    if !plain || bare_point || !first.is_ascii_digit() || !last.is_ascii_digit() {
        return None;
    }
    Number::from_real(text.parse().ok()?)
}

/// `true` or `false`, in any case.
pub(in crate::values) fn boolean(text: &str) -> Option<bool> {
    match text {
        _ if text.eq_ignore_ascii_case("true") => Some(true),
        _ if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// A day: `2026-01-31`, or the day in UTC of a moment, as HubSpot keeps dates at midnight UTC (`hubspot-api.md` 4.4).
pub(in crate::values) fn day(text: &str) -> Option<i64> {
    date(text).or_else(|| Some(timestamp(text)?.div_euclid(DAY_MS)))
}

/// A moment in milliseconds: RFC 3339, milliseconds since the epoch, or a date's midnight in UTC.
pub(in crate::values) fn moment(text: &str) -> Option<i64> {
    timestamp(text).or_else(|| Some(date(text)? * DAY_MS))
}

/// `2026-01-31`.
pub(in crate::values) fn date(text: &str) -> Option<i64> {
    let [year @ .., b'-', m1, m2, b'-', d1, d2] = text.as_bytes() else { return None };
    let number = |digits: &[u8]| {
        digits
            .iter()
            .try_fold(0, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + i64::from(digit - b'0')))
    };
    let year = number(year).filter(|_| year.len() == 4)?;
    calendar::day(year, number(&[*m1, *m2])?, number(&[*d1, *d2])?)
}

/// A day as `2026-01-31`.
pub(in crate::values) fn date_text(day: i64) -> String {
    calendar::text(day)
}

/// RFC 3339 or milliseconds since the epoch, within the years 1 to 9999.
pub(in crate::values) fn timestamp(text: &str) -> Option<i64> {
    let ms = whole(text).or_else(|| Some(Timestamp::parse_rfc3339(text)?.0))?;
    calendar::is_day(ms.div_euclid(DAY_MS)).then_some(ms)
}

fn whole(text: &str) -> Option<i64> {
    if text.starts_with('+') { None } else { text.parse().ok() }
}

/// Whether an enumeration's value is that option, or has it among several.
pub(super) fn has_option(text: &str, option: &str) -> bool {
    text == option || options(text).any(|part| part == option)
}

/// The options of an enumeration's value; several are parted by semicolons (`hubspot-api.md` 4.4).
pub(in crate::values) fn options(text: &str) -> impl Iterator<Item = &str> {
    text.split(';').map(str::trim).filter(|part| !part.is_empty())
}
