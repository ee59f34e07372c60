//! Numbers and times as people read them.

use crate::values::time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, Timestamp};
use maud::{Markup, html};

/// `1,234,567`.
pub fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 contact`, `2 contacts`.
pub fn count(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", number(n), if n == 1 { one } else { many })
}

/// A length of time in its largest unit: `34 seconds`, `2 minutes`.
pub fn duration(ms: i64) -> String {
    let ms = ms.max(0);
    let (size, one, many) = if ms < MINUTE_MS {
        (SECOND_MS, "second", "seconds")
    } else if ms < HOUR_MS {
        (MINUTE_MS, "minute", "minutes")
    } else if ms < 2 * DAY_MS {
        (HOUR_MS, "hour", "hours")
    } else {
        (DAY_MS, "day", "days")
    };
    count((ms / size).unsigned_abs(), one, many)
}

/// A moment relative to now, as a `time` element that carries the moment itself.
pub fn when(now_at: i64, at: i64) -> Markup {
    let moment = Timestamp(at).to_rfc3339();
    let shown = format!("{} {} UTC", &moment[..10], &moment[11..16]);
    html! { time datetime=(moment) title=(shown) { (relative(now_at, at)) } }
}

/// A moment to the minute, as evidence names it: `2026-11-22 11:26 UTC`.
pub fn moment(at: i64) -> Markup {
    let moment = Timestamp(at).to_rfc3339();
    html! { time class="tabular-nums" datetime=(moment) { (moment[..10]) " " (moment[11..16]) " UTC" } }
}

/// `just now`, `2 minutes ago`, `in 4 minutes`. A moment that is due reads `any moment now`, because whatever was
/// to happen then is about to.
fn relative(now_at: i64, at: i64) -> String {
    let past_ms = now_at.saturating_sub(at);
    if past_ms >= 10 * SECOND_MS {
        format!("{} ago", duration(past_ms))
    } else if past_ms >= 0 {
        "just now".into()
    } else {
        format!("in {}", duration(past_ms.saturating_neg()))
    }
}

/// The moment something is planned for: `in 4 minutes`, or `any moment now` once it is due.
pub fn planned(now_at: i64, at: i64) -> Markup {
    if at <= now_at + 2 * SECOND_MS {
        html! { "any moment now" }
    } else {
        when(now_at, at)
    }
}

/// `contacts` → `Contacts`: HubSpot's name of an object type as a heading.
pub fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        assert_eq!(["0", "999", "1,000", "1,234,567"], [0, 999, 1_000, 1_234_567].map(number).as_slice());
    }

    #[test]
    fn durations_name_their_largest_unit() {
        for (ms, words) in [
            (-5, "0 seconds"),
            (1_000, "1 second"),
            (59_999, "59 seconds"),
            (60_000, "1 minute"),
            (7_200_000, "2 hours"),
            (47 * HOUR_MS, "47 hours"),
            (49 * HOUR_MS, "2 days"),
        ] {
            assert_eq!(duration(ms), words);
        }
    }

    #[test]
    fn moments_are_told_relative_to_now_in_both_directions() {
        assert_eq!(relative(100_000, 95_000), "just now");
        assert_eq!(relative(200_000, 80_000), "2 minutes ago");
        assert_eq!(relative(0, 240_000), "in 4 minutes");
        assert_eq!(relative(i64::MAX, i64::MIN), format!("{} ago", duration(i64::MAX)));
        assert_eq!(planned(5_000, 4_000).into_string(), "any moment now");
        assert!(when(i64::MAX, i64::MIN).into_string().contains("datetime"));
    }
}
