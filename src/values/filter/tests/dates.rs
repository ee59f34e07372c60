//! Days, months and weeks at their edges, and when time alone changes a result.

use serde_json::{Value, json};

use super::super::*;
use crate::values::time::{HOUR_MS, Timestamp};

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap()
}

fn condition(kind: &str, rest: &Value) -> Filter {
    let mut value = json!({"property": "x", "type": kind});
    for (key, entry) in rest.as_object().unwrap() {
        value[key] = entry.clone();
    }
    Filter::from_value(&value).unwrap_or_else(|faults| panic!("{faults:?}"))
}

fn span(operator: &str, count: i64, unit: &str) -> Value {
    json!({"operator": operator, "count": count, "unit": unit})
}

/// Whether it holds of `held`, when it is `now` by UTC and the portal is `hours` ahead.
fn holds(filter: &Filter, held: &str, now: &str, hours: i64) -> bool {
    let record = Lookup::new(|_: Option<&str>, _: &str| Some(held));
    filter.evaluate(&record, None, Context { now: at(now), utc_offset_ms: hours * HOUR_MS })
}

fn changes_at(filter: &Filter, held: &str, now: &str, hours: i64) -> Option<String> {
    let record = Lookup::new(|_: Option<&str>, _: &str| Some(held));
    let context = Context { now: at(now), utc_offset_ms: hours * HOUR_MS };
    filter.next_change_at(&record, context).map(Timestamp::to_rfc3339)
}

#[test]
fn a_month_is_cut_at_its_end() {
    for (count, today, last) in [
        (1, "2026-01-31", "2026-02-28"),
        (1, "2024-01-31", "2024-02-29"),
        (1, "2026-02-28", "2026-03-28"),
        (12, "2024-02-29", "2025-02-28"),
        (13, "2025-12-31", "2027-01-31"),
    ] {
        let now = format!("{today}T12:00:00Z");
        let within = condition("date", &span("within_next", count, "months"));
        let beyond = condition("date", &span("more_than_from_now", count, "months"));
        let after = calendar::text(reading::date(last).unwrap() + 1);
        assert!(holds(&within, last, &now, 0) && !holds(&within, &after, &now, 0), "{today} and {count}");
        assert!(holds(&beyond, &after, &now, 0) && !holds(&beyond, last, &now, 0), "{today} and {count}");
    }
    let ago = condition("date", &span("more_than_ago", 1, "months"));
    assert!(holds(&ago, "2026-02-27", "2026-03-31T00:00:00Z", 0));
    assert!(!holds(&ago, "2026-02-28", "2026-03-31T00:00:00Z", 0));
}

#[test]
fn a_day_is_the_portals_and_a_date_has_no_zone() {
    let today = json!({"operator": "in_period", "period": "today"});
    let moment = condition("datetime", &today);
    // 20:00 in New York on the 9th is the 10th in UTC.
    let now = "2026-03-10T01:00:00Z";
    assert!(holds(&moment, "2026-03-10T03:59:59Z", now, -4));
    assert!(!holds(&moment, "2026-03-10T04:00:00Z", now, -4));
    assert!(holds(&moment, "2026-03-10T04:00:00Z", now, 0));
    let date = condition("date", &today);
    assert!(holds(&date, "2026-03-09", now, -4) && !holds(&date, "2026-03-10", now, -4));
    assert!(holds(&date, "2026-03-10", now, 14));
    assert!(holds(&date, "1773100800000", now, 0), "a date as milliseconds is its day in UTC");
    assert!(holds(&date, "1773014400000", now, -4), "whatever the portal's zone");
}

#[test]
fn days_and_moments_bound_what_they_should() {
    let moment =
        |operator: &str, value: &str| condition("datetime", &json!({"operator": operator, "value": value}));
    let now = "2026-01-01T00:00:00Z";
    for (filter, held, hours, expected) in [
        (moment("before", "2026-03-10"), "2026-03-09T23:59:59.999Z", 0, true),
        (moment("before", "2026-03-10"), "2026-03-10T00:00:00Z", 0, false),
        (moment("before", "2026-03-10"), "2026-03-10T04:59:59Z", -5, true),
        (moment("after", "2026-03-10"), "2026-03-10T23:59:59.999Z", 0, false),
        (moment("after", "2026-03-10"), "2026-03-11T00:00:00Z", 0, true),
        (moment("on", "2026-03-10"), "2026-03-09T13:00:00Z", 11, true),
        (moment("after", "2026-03-10T12:00:00Z"), "2026-03-10T12:00:00Z", 0, false),
        (moment("after", "2026-03-10T12:00:00+01:00"), "2026-03-10T12:00:00Z", 0, true),
    ] {
        assert_eq!(holds(&filter, held, now, hours), expected, "{} {held}", filter.to_json());
    }
    let between = json!({"operator": "between", "from": "2026-03-01", "to": "2026-03-31"});
    for (kind, held, expected) in [
        ("date", "2026-03-01", true),
        ("date", "2026-03-31", true),
        ("date", "2026-04-01", false),
        ("datetime", "2026-03-31T23:59:59.999Z", true),
        ("datetime", "2026-02-28T23:59:59.999Z", false),
    ] {
        assert_eq!(holds(&condition(kind, &between), held, now, 0), expected, "{kind} {held}");
    }
}

#[test]
fn periods_begin_and_end_where_the_calendar_says() {
    for (period, now, first, last) in [
        ("this_week", "2026-03-10", "2026-03-09", "2026-03-15"),
        ("this_week", "2026-03-15", "2026-03-09", "2026-03-15"),
        ("last_week", "2026-01-01", "2025-12-22", "2025-12-28"),
        ("next_month", "2025-12-31", "2026-01-01", "2026-01-31"),
        ("last_month", "2024-03-31", "2024-02-01", "2024-02-29"),
        ("this_quarter", "2026-05-31", "2026-04-01", "2026-06-30"),
        ("last_quarter", "2026-02-01", "2025-10-01", "2025-12-31"),
        ("next_year", "2026-06-15", "2027-01-01", "2027-12-31"),
        ("yesterday", "2026-03-01", "2026-02-28", "2026-02-28"),
        ("tomorrow", "2026-12-31", "2027-01-01", "2027-01-01"),
    ] {
        let filter = condition("date", &json!({"operator": "in_period", "period": period}));
        let near = |text: &str, days: i64| calendar::text(reading::date(text).unwrap() + days);
        for (held, expected) in
            [(near(first, 0), true), (near(last, 0), true), (near(first, -1), false), (near(last, 1), false)]
        {
            let now = format!("{now}T12:00:00Z");
            assert_eq!(holds(&filter, &held, &now, 0), expected, "{period} of {now}: {held}");
        }
    }
}

#[test]
fn hours_count_from_the_moment() {
    let last = condition("datetime", &span("within_last", 2, "hours"));
    let now = "2026-03-10T12:00:00Z";
    assert!(holds(&last, "2026-03-10T10:00:00Z", now, 5) && holds(&last, now, now, 5));
    assert!(
        !holds(&last, "2026-03-10T09:59:59.999Z", now, 5)
            && !holds(&last, "2026-03-10T12:00:00.001Z", now, 5)
    );
    assert_eq!(changes_at(&last, "2026-03-10T10:30:00Z", now, 5).unwrap(), "2026-03-10T12:30:00.001Z");
}

#[test]
fn a_close_date_comes_within_seven_days_without_an_edit() {
    let filter = condition("datetime", &span("within_next", 7, "days"));
    let held = "2026-03-20T15:00:00Z";
    // In Berlin the 13th begins at 23:00 of the 12th; from then on the 20th is within seven days, until the 20th has passed.
    let begins = changes_at(&filter, held, "2026-03-10T12:00:00Z", 1).unwrap();
    assert_eq!(begins, "2026-03-12T23:00:00.000Z");
    assert!(!holds(&filter, held, "2026-03-12T22:59:59.999Z", 1) && holds(&filter, held, &begins, 1));
    let ends = changes_at(&filter, held, &begins, 1).unwrap();
    assert_eq!(ends, "2026-03-20T23:00:00.000Z");
    assert!(holds(&filter, held, "2026-03-20T22:59:59.999Z", 1) && !holds(&filter, held, &ends, 1));
    assert_eq!(changes_at(&filter, held, &ends, 1), None);
    assert_eq!(changes_at(&filter, "soon", "2026-03-10T12:00:00Z", 1), None);
}

#[test]
fn the_earliest_change_of_a_group_is_that_of_its_parts() {
    let part = |count| json!({"property": "x", "type": "date", "operator": "more_than_ago", "count": count, "unit": "days"});
    let known = json!({"property": "x", "type": "date", "operator": "known"});
    let filter = Filter::from_value(&json!({"and": [known, {"not": {"or": [part(9), part(3)]}}]})).unwrap();
    assert!(filter.depends_on_time());
    assert_eq!(
        changes_at(&filter, "2026-03-10", "2026-03-10T12:00:00Z", 0).unwrap(),
        "2026-03-14T00:00:00.000Z"
    );
    assert!(!Filter::from_value(&known).unwrap().depends_on_time());
}

#[test]
fn neither_odd_clocks_nor_the_calendars_ends_stop_an_evaluation() {
    for now in [i64::MIN, -1, i64::MAX] {
        for utc_offset_ms in [i64::MIN, -1, i64::MAX] {
            for held in ["0001-01-01", "9999-12-31", "253402300799999", "-62135596800000"] {
                let record = Lookup::new(|_: Option<&str>, _: &str| Some(held));
                let context = Context { now: Timestamp(now), utc_offset_ms };
                for (count, unit) in
                    [(0, "hours"), (MAX_COUNT, "months"), (MAX_COUNT, "weeks"), (MAX_COUNT, "hours")]
                {
                    for operator in ["within_next", "within_last", "more_than_ago", "more_than_from_now"] {
                        let filter = condition("datetime", &span(operator, count, unit));
                        filter.evaluate(&record, None, context);
                        filter.next_change_at(&record, context);
                    }
                }
                for period in Period::ALL {
                    let filter = condition("date", &json!({"operator": "in_period", "period": period.name}));
                    filter.evaluate(&record, None, context);
                    filter.next_change_at(&record, context);
                }
            }
        }
    }
}
