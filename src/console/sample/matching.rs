//! Matching tried out.

use super::{NOW, Text, connection_frame, frame};
use crate::console::{
    Page,
    connection::ConnectionFrame,
    matching::{self, CandidateLine, MatchingView, ResultView},
    view::Frame,
};
use crate::values::time::{DAY_MS, HOUR_MS};

pub fn every_page(t: Text<'_>) -> Vec<(&'static str, Page)> {
    let viewer =
        || ConnectionFrame { frame: Frame { administers: false, ..frame(t) }, ..connection_frame(t) };
    let of = |at, asked: &str, results| {
        let asked = if asked.is_empty() { String::new() } else { t(asked) };
        matching::page(&MatchingView { at, asked, results })
    };
    let nothing = |kind: &str, reason: &str| ResultView {
        object_type: kind.to_owned(),
        reasons: vec![t(reason)],
        ignored: vec![],
        candidates: vec![],
        more: 0,
    };
    let no_company = || nothing("companies", "No company has such a domain.");
    vec![
        ("matching", of(connection_frame(t), "", vec![])),
        ("matching-company", of(connection_frame(t), "https://www.analytical.example/en", vec![company(t)])),
        ("matching-contact", of(viewer(), "ada@analytical.example", vec![contact(t), no_company()])),
        (
            "matching-nobody",
            of(
                connection_frame(t),
                "ada@gmail.com",
                vec![
                    nothing("contacts", "No contact has this address."),
                    nothing(
                        "companies",
                        "No domain was given that tells a company: what was given belongs to a mail provider, whose addresses anybody has.",
                    ),
                ],
            ),
        ),
    ]
}

fn company(t: Text<'_>) -> ResultView {
    let line = |id: &str, name: &str, deals, contacts, hours: i64, found: &str| CandidateLine {
        id: t(id),
        name: if name.is_empty() { String::new() } else { t(name) },
        deals,
        contacts,
        updated_at: NOW - hours * HOUR_MS,
        found_by: vec![t(found), t("Additional domain: analytical-engines.example")],
    };
    ResultView {
        object_type: "companies".into(),
        reasons: vec![
            t("`https://www.analytical.example/en` is its domain."),
            t("It has the most deals: 7, the next has 2."),
        ],
        ignored: vec![t("`gmail.com` belongs to a mail provider, whose addresses anybody has.")],
        candidates: vec![
            line("9001", "Analytical Engines", 7, 31, 5, "Domain: analytical.example"),
            line("9002", "", 2, 1_204, 400, "Website: https://shop.analytical.example/basket"),
        ],
        more: 12,
    }
}

fn contact(t: Text<'_>) -> ResultView {
    ResultView {
        object_type: "contacts".into(),
        reasons: vec![t("`ada@analytical.example` is its address."), t("No other contact has it.")],
        ignored: vec![],
        candidates: vec![CandidateLine {
            id: t("512"),
            name: t("Ada Lovelace"),
            deals: 1,
            contacts: 0,
            updated_at: NOW - DAY_MS,
            found_by: vec![t("E-mail address: ada@analytical.example")],
        }],
        more: 0,
    }
}
