//! The pages of scores.

use super::{NOW, Text, connection::connection_frame, frame};
use crate::console::{
    Page,
    connection::ConnectionFrame,
    scores::{
        self, ErrorLine, FileLine, LeftOutLine, PropertyLine, RunCounts, RunLine, RunView, ScoresForm,
        ScoresView,
    },
    view::Frame,
};
use crate::values::{
    score::{Names, Score},
    time::{DAY_MS, HOUR_MS, MINUTE_MS},
};

pub fn every_page(t: Text<'_>) -> Vec<(&'static str, Page)> {
    let wrong = |state: &str, detail: &str| {
        let mut view = scores_view(t);
        view.properties[0].state = state.into();
        view.properties[0].detail = Some(t(detail));
        view
    };
    let mapped = ScoresForm { fields: "mapped".into(), ..scores_view(t).form };
    vec![
        ("scores", scores::page(&scores_view(t))),
        (
            "scores-new",
            scores::page(&ScoresView {
                runs: vec![],
                accounts: 0,
                next_run_at: None,
                form: ScoresForm { on: false, ..scores_view(t).form },
                ..wrong(
                    "missing",
                    "HubSpot has no company property koala_intent_score. Create it, then check again.",
                )
            }),
        ),
        (
            "scores-creating",
            scores::page(&ScoresView {
                creating: true,
                ..wrong(
                    "missing",
                    "HubSpot has no company property koala_intent_score. Create it, then check again.",
                )
            }),
        ),
        (
            "scores-wrong",
            scores::page(&ScoresView {
                troubles: vec![t("The connection lacks crm.import: connect the account again and grant it.")],
                ..wrong(
                    "wrong",
                    "koala_intent_score has the type string in HubSpot, and holds number here. Rename or remove it there, or choose another prefix.",
                )
            }),
        ),
        (
            "scores-refused",
            scores::page(&ScoresView {
                error: Some(t("prefix is 1 to 30 lower-case letters, digits and underscores.")),
                ..scores_view(t)
            }),
        ),
        (
            "scores-mapped",
            scores::page(&ScoresView {
                form: mapped,
                properties: vec![PropertyLine {
                    name: t("lead_heat"),
                    label: String::new(),
                    types: String::new(),
                    options: vec![],
                    state: "ready".into(),
                    detail: None,
                }],
                ..scores_view(t)
            }),
        ),
        (
            "scores-running",
            scores::page(&ScoresView { running: true, runs: vec![line(t, 0, "sending")], ..scores_view(t) }),
        ),
        (
            "scores-viewer",
            scores::page(&ScoresView {
                at: ConnectionFrame {
                    frame: Frame { administers: false, ..frame(t) },
                    ..connection_frame(t)
                },
                ..scores_view(t)
            }),
        ),
        ("score-run", scores::run(&run_view(t))),
        (
            "score-run-failed",
            scores::run(&RunView {
                run: RunLine {
                    trouble: Some(t("HubSpot did not take every file whole: each says why.")),
                    ..line(t, 1, "failed")
                },
                left_out: vec![LeftOutLine {
                    property: t("koala_intent_score"),
                    why: t("The field takes numbers of 9,007,199,254,740,992 at most."),
                    values: 2,
                }],
                ..run_view(t)
            }),
        ),
    ]
}

fn line(t: Text<'_>, days: i64, state: &str) -> RunLine {
    let counts = RunCounts {
        sent: if days == 5 { 812_400 } else { 64_210 + days.unsigned_abs() * 900 },
        unchanged: if days == 5 { 0 } else { 748_190 },
        unmatched: 181_000,
        left_out: 6_600,
        failed: 41,
        rematched: 3,
    };
    RunLine {
        id: (6 - days).to_string(),
        date: t(&format!("2026-03-{:02}", 20 - days)),
        full: days == 5,
        by_person: days == 1,
        state: state.into(),
        started_at: NOW - days * DAY_MS - 3 * HOUR_MS,
        duration_ms: 12 * MINUTE_MS + 4_000,
        counts,
        trouble: None,
    }
}

fn scores_view(t: Text<'_>) -> ScoresView {
    let names = Names { prefix: t("koala"), label: t("Koala"), group: t("koala_managed_scores") };
    let property = |score: Score| {
        let (value_type, field_type) = score.types();
        PropertyLine {
            name: names.of(score),
            label: names.label_of(score),
            types: format!("{value_type} ({field_type})"),
            options: score.options().iter().map(|option| t(option)).collect(),
            state: "ready".into(),
            detail: None,
        }
    };
    ScoresView {
        at: connection_frame(t),
        accounts: 1_000_000,
        properties: Score::ALL.map(property).into(),
        group_label: names.group_label(),
        read_at: Some(NOW - 20 * MINUTE_MS),
        creating: false,
        troubles: vec![],
        next_run_at: Some(NOW + 9 * HOUR_MS),
        running: false,
        runs: (0..6).map(|days| line(t, days, if days == 2 { "failed" } else { "done" })).collect(),
        error: None,
        form: ScoresForm {
            on: true,
            hour: 2,
            fields: "managed".into(),
            prefix: names.prefix.clone(),
            label: names.label.clone(),
            group: names.group,
        },
    }
}

fn run_view(t: Text<'_>) -> RunView {
    let file = |number: u64, state: &str| FileLine {
        number,
        rows: 64_210,
        import_id: Some(t("61000417")),
        why: t("As one import: some 19 calls, where batch updates would take 643."),
        state: state.into(),
        sent: 64_169,
        failed: 41,
        trouble: None,
    };
    let error = |account: &str| ErrorLine {
        company_id: "9812345".into(),
        account_id: account.to_owned(),
        message: t("HubSpot has no such company any more, and the account is no other company."),
        code: t("UPDATE_ONLY_IMPORT"),
    };
    RunView {
        at: connection_frame(t),
        run: line(t, 1, "done"),
        files: vec![
            file(1, "done"),
            FileLine {
                rows: 3,
                import_id: None,
                why: t("By batch update: 1 call, where an import would take some 13."),
                trouble: Some(t("HubSpot did not take the rows in many attempts.")),
                ..file(2, "reading")
            },
        ],
        calls: (23, 643),
        kilobytes: 3_910,
        left_out: vec![],
        errors: vec![error(&t("acct-17")), error("")],
    }
}
