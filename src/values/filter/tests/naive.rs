//! The filter's meaning once more, as plainly as can be: over its JSON, by names, with dates as year, month and day counted
//! one by one.

use serde_json::Value;
use time::{Date, OffsetDateTime, format_description::well_known::Rfc3339};

use super::{super::Context, any::Record};

type Ymd = (i32, u8, u8);

/// Whether a filter that the parser takes holds of a record.
pub fn evaluate(filter: &Value, record: &Record, before: Option<&Record>, context: Context) -> bool {
    let part = |part: &Value| evaluate(part, record, before, context);
    if let Some(parts) = filter.get("and") {
        return parts.as_array().unwrap().iter().all(part);
    }
    if let Some(parts) = filter.get("or") {
        return parts.as_array().unwrap().iter().any(part);
    }
    if let Some(inner) = filter.get("not") {
        return !part(inner);
    }
    let key = match filter.get("of") {
        Some(of) => format!("{}.{}", of.as_str().unwrap(), filter["property"].as_str().unwrap()),
        None => filter["property"].as_str().unwrap().to_owned(),
    };
    let read = |record: &Record| record.get(&key).filter(|value| !value.is_empty()).cloned();
    let now = read(record);
    let as_operator = |operator: &str, value: &Option<String>| {
        let mut other = filter.clone();
        other["operator"] = operator.into();
        value.as_ref().is_some_and(|value| positive(&other, value, context))
    };
    match (filter["operator"].as_str().unwrap(), before.map(read)) {
        ("known", _) => now.is_some(),
        ("unknown", _) => now.is_none(),
        ("is_not", _) => !as_operator("is", &now),
        ("none_of", _) => !as_operator("any_of", &now),
        ("not_contains", _) => !as_operator("contains", &now),
        ("changed" | "changed_to" | "changed_from", None) => false,
        ("changed", Some(old)) => old != now,
        ("changed_to", Some(old)) => as_operator("is", &now) && !as_operator("is", &old),
        ("changed_from", Some(old)) => as_operator("is", &old) && !as_operator("is", &now),
        (operator, _) => as_operator(operator, &now),
    }
}

fn positive(condition: &Value, held: &str, context: Context) -> bool {
    let kind = condition["type"].as_str().unwrap();
    let operator = condition["operator"].as_str().unwrap();
    let values: Vec<&Value> = match condition.get("values") {
        Some(values) => values.as_array().unwrap().iter().collect(),
        None => condition.get("value").into_iter().collect(),
    };
    match kind {
        "string" | "phone_number" => {
            let normal = |text: &str| {
                let lower: String = text.chars().map(|letter| letter.to_lowercase().to_string()).collect();
                if kind == "string" {
                    return lower;
                }
                lower.split(|letter: char| letter.is_whitespace() || "-./()".contains(letter)).collect()
            };
            let held = normal(held);
            values.iter().any(|value| {
                let value = normal(value.as_str().unwrap());
                match operator {
                    "is" | "any_of" => held == value,
                    "contains" => held.contains(&value),
                    "starts_with" => held.starts_with(&value),
                    "ends_with" => held.ends_with(&value),
                    other => panic!("{other}"),
                }
            })
        }
        "number" => {
            let Some(held) = number(held) else { return false };
            let bound = |key: &str| number(&condition[key].to_string()).unwrap();
            match operator {
                "is" | "any_of" => values.iter().any(|value| number(&value.to_string()).unwrap() == held),
                "less_than" => held < bound("value"),
                "at_most" => held <= bound("value"),
                "greater_than" => held > bound("value"),
                "at_least" => held >= bound("value"),
                "between" => bound("from") <= held && held <= bound("to"),
                other => panic!("{other}"),
            }
        }
        "bool" => values[0].as_bool().unwrap().to_string() == held.to_ascii_lowercase(),
        "enumeration" => {
            let wanted: Vec<&str> = values.iter().map(|value| value.as_str().unwrap()).collect();
            let parts: Vec<&str> = held.split(';').map(str::trim).filter(|part| !part.is_empty()).collect();
            let has = |option: &&str| parts.contains(option) || held == *option;
            match operator {
                "is" | "any_of" => wanted.iter().any(has),
                "all_of" => wanted.iter().all(has),
                "exactly" => {
                    (wanted.iter().all(has) && parts.iter().all(|part| wanted.contains(part)))
                        || wanted == [held]
                }
                other => panic!("{other}"),
            }
        }
        "date" | "datetime" => time_holds(condition, kind, operator, held, context),
        other => panic!("{other}"),
    }
}

/// Thousandths of thousandths: the pools' numbers are whole in it, and exact.
fn number(text: &str) -> Option<i128> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<u32>().ok().filter(|power| *power < 20)?),
        None => (text, 0),
    };
    let (sign, digits) = match mantissa.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, mantissa),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !all_digits(whole) || !all_digits(fraction) || fraction.len() > 6 {
        return None;
    }
    let scaled: i128 = format!("{whole}{fraction:0<6}").parse().ok()?;
    Some(sign * scaled * 10_i128.pow(exponent))
}

fn ymd(date: Date) -> Ymd {
    (date.year(), u8::from(date.month()), date.day())
}

fn date_of_ms(ms: i64) -> Ymd {
    ymd(OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000).unwrap().date())
}

fn parse_date(text: &str) -> Option<Ymd> {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts[..] else { return None };
    if (year.len(), month.len(), day.len()) != (4, 2, 2) {
        return None;
    }
    let (year, month, day) = (year.parse().ok()?, month.parse::<u8>().ok()?, day.parse().ok()?);
    let date = Date::from_calendar_date(year, time::Month::try_from(month).ok()?, day).ok()?;
    (year > 0).then(|| ymd(date))
}

fn parse_ms(text: &str) -> Option<i64> {
    if !text.starts_with('+')
        && let Ok(ms) = text.parse::<i64>()
    {
        return Some(ms).filter(|ms| ms.abs() < 100_000_000_000_000);
    }
    let moment = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    Some((moment.unix_timestamp_nanos() / 1_000_000) as i64)
}

fn midnight(day: Ymd) -> i64 {
    let (year, month, day) = day;
    let date = Date::from_calendar_date(year, time::Month::try_from(month).unwrap(), day).unwrap();
    date.midnight().assume_utc().unix_timestamp() * 1_000
}

fn days_in(year: i32, month: u8) -> u8 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn next((year, month, day): Ymd) -> Ymd {
    match (month, day) {
        (12, 31) => (year + 1, 1, 1),
        _ if day == days_in(year, month) => (year, month + 1, 1),
        _ => (year, month, day + 1),
    }
}

fn previous((year, month, day): Ymd) -> Ymd {
    match (month, day) {
        (1, 1) => (year - 1, 12, 31),
        (_, 1) => (year, month - 1, days_in(year, month - 1)),
        _ => (year, month, day - 1),
    }
}

fn step_months((year, month, day): Ymd, count: i64) -> Ymd {
    let (mut year, mut month) = (year, month);
    for _ in 0..count.abs() {
        (year, month) = match (count > 0, month) {
            (true, 12) => (year + 1, 1),
            (true, _) => (year, month + 1),
            (false, 1) => (year - 1, 12),
            (false, _) => (year, month - 1),
        };
    }
    (year, month, day.min(days_in(year, month)))
}

fn step(from: Ymd, count: i64, unit: &str) -> Ymd {
    let days = match unit {
        "days" => count,
        "weeks" => count * 7,
        _ => return step_months(from, count),
    };
    (0..days.abs()).fold(from, |day, _| if days > 0 { next(day) } else { previous(day) })
}

/// Monday is 0. Zeller would do; a known Monday does too.
fn weekday(day: Ymd) -> i64 {
    (midnight(day) / 86_400_000 - midnight((2024, 1, 1)) / 86_400_000).rem_euclid(7)
}

fn in_period(period: &str, day: Ymd, today: Ymd) -> bool {
    let (which, unit) = match period {
        "yesterday" => return day == previous(today),
        "today" => return day == today,
        "tomorrow" => return day == next(today),
        other => other.split_once('_').unwrap(),
    };
    let shift = match which {
        "last" => -1,
        "this" => 0,
        "next" => 1,
        other => panic!("{other}"),
    };
    match unit {
        "week" => {
            let monday = |day: Ymd| step(day, -weekday(day), "days");
            monday(day) == step(monday(today), shift * 7, "days")
        }
        "month" | "quarter" | "year" => {
            let length = if unit == "month" {
                1
            } else if unit == "quarter" {
                3
            } else {
                12
            };
            let number = |(year, month, _): Ymd| (i64::from(year) * 12 + i64::from(month) - 1) / length;
            number(day) == number(today) + shift
        }
        other => panic!("{other}"),
    }
}

fn time_holds(condition: &Value, kind: &str, operator: &str, held: &str, context: Context) -> bool {
    let offset = context.utc_offset_ms;
    let today = date_of_ms(context.now.0 + offset);
    let ms = parse_ms(held).or_else(|| parse_date(held).map(midnight));
    let day = if kind == "date" {
        parse_date(held).or_else(|| parse_ms(held).map(date_of_ms))
    } else {
        ms.map(|ms| date_of_ms(ms + offset))
    };
    let (Some(day), Some(ms)) = (day, ms) else { return false };
    if let Some(period) = condition.get("period") {
        return in_period(period.as_str().unwrap(), day, today);
    }
    if let Some(count) = condition.get("count") {
        let (count, unit) = (count.as_i64().unwrap(), condition["unit"].as_str().unwrap());
        if unit == "hours" {
            let (now, span) = (context.now.0, count * 3_600_000);
            return match operator {
                "within_next" => now <= ms && ms <= now + span,
                "within_last" => now - span <= ms && ms <= now,
                "more_than_ago" => ms < now - span,
                "more_than_from_now" => ms > now + span,
                other => panic!("{other}"),
            };
        }
        let (past, future) = (step(today, -count, unit), step(today, count, unit));
        return match operator {
            "within_next" => today <= day && day <= future,
            "within_last" => past <= day && day <= today,
            "more_than_ago" => day < past,
            "more_than_from_now" => day > future,
            other => panic!("{other}"),
        };
    }
    // -1: before the point, 0: on it, 1: after it.
    let side = |point: &Value| {
        let point = point.as_str().unwrap();
        match parse_date(point) {
            Some(point) => day.cmp(&point),
            None => ms.cmp(&parse_ms(point).unwrap()),
        }
    };
    match operator {
        "before" => side(&condition["value"]).is_lt(),
        "after" => side(&condition["value"]).is_gt(),
        "on" => side(&condition["value"]).is_eq(),
        "between" => side(&condition["from"]).is_ge() && side(&condition["to"]).is_le(),
        other => panic!("{other}"),
    }
}
