//! Bodies of scores.

use serde_json::{Value, json};

use super::{body, count, flag, line, list, moment, object, of, or_null, page, said, text, words};
use crate::{
    api::score::DOMAIN_CHARS,
    engine::portal::{
        matching::ALIASES,
        scores::{ACCOUNTS_LIMIT, Fields},
    },
    values::score::{GROUP_CHARS, LABEL_CHARS, PREFIX_CHARS, Score},
};

/// A host's own id of an account.
pub(in crate::api::openapi) fn account_id() -> Value {
    json!({ "type": "string", "pattern": "^[A-Za-z0-9._~:-]{1,200}$", "examples": ["acct-17"], "description": "Your own id of the account." })
}

/// A run's number.
pub(in crate::api::openapi) fn run_id() -> Value {
    json!({ "type": "string", "pattern": "^[1-9][0-9]{0,8}$", "examples": ["12"] })
}

fn scores() -> Vec<(&'static str, Value)> {
    Score::ALL
        .into_iter()
        .map(|score| {
            let schema = if score.options().is_empty() {
                json!({ "type": ["number", "null"] })
            } else {
                or_null(words(score.options()))
            };
            let name = match score {
                Score::IntentScore => "intent_score?",
                Score::IntentStrength => "intent_strength?",
                Score::IntentTrend => "intent_trend?",
                Score::IcpFitScore => "icp_fit_score?",
                Score::IcpFitGrade => "icp_fit_grade?",
            };
            (name, said(schema, "Absent or null: nothing is written, and what the company holds stays."))
        })
        .collect()
}

fn members() -> Vec<(&'static str, Value)> {
    let domain = || json!({ "type": "string", "minLength": 1, "maxLength": DOMAIN_CHARS });
    let mut all = vec![
        ("domain?", said(or_null(domain()), "The account's domain, or an address with it.")),
        (
            "aliases?",
            json!({ "type": ["array", "null"], "maxItems": ALIASES, "items": domain(), "description": "Its other domains." }),
        ),
    ];
    all.extend(scores());
    all
}

fn name(most: usize, words: &str) -> Value {
    json!({ "type": "string", "pattern": format!("^[a-z][a-z0-9_]{{0,{}}}$", most - 1), "description": words })
}

fn settings() -> Vec<(&'static str, Value)> {
    vec![
        ("on", said(flag(), "Whether there is a run each night.")),
        (
            "hour",
            json!({ "type": "integer", "minimum": 0, "maximum": 23, "description": "When it begins, by the account's own clock." }),
        ),
        (
            "fields",
            said(
                words(&Fields::ALL),
                "`managed`: properties that are created on request; `by_hand`: the same, made by the account's people; `mapped`: those of the field mapping `score_snapshot`.",
            ),
        ),
    ]
}

pub(super) fn all() -> Vec<(&'static str, Value)> {
    let mut new_settings = settings();
    new_settings.extend([
        ("prefix?", or_null(name(PREFIX_CHARS, "Before each property's name; `spoke` if absent."))),
        ("label?", said(or_null(line(LABEL_CHARS)), "Before each property's label; `Spoke` if absent.")),
        (
            "group?",
            or_null(name(GROUP_CHARS, "HubSpot's name of their group; `<prefix>_managed_scores` if absent.")),
        ),
    ]);
    let mut shown = settings();
    shown.extend([
        ("prefix", text()),
        ("label", text()),
        ("group", text()),
        ("group_label", text()),
        ("accounts", said(count(), "Accounts whose scores are kept.")),
        ("accounts_limit", json!({ "type": "integer", "const": ACCOUNTS_LIMIT })),
        ("ready", said(flag(), "Every property is there and fits.")),
        ("properties", list(of("ScoreProperty"))),
        ("properties_read_at", or_null(moment())),
        ("creating", said(flag(), "Properties are being created.")),
        ("creating_trouble", or_null(text())),
        ("missing_scopes", list(text())),
        ("running", flag()),
        ("next_run_at", or_null(moment())),
    ]);
    let mut new_account = vec![("id", account_id())];
    new_account.extend(members());
    let mut account = vec![
        ("id", account_id()),
        ("domain", or_null(text())),
        ("aliases", list(text())),
        ("updated_at", moment()),
    ];
    account.extend(scores());
    let states = ["matching", "sending", "rematching", "done", "failed"];
    vec![
        ("NewScoreSettings", body(&new_settings)),
        ("ScoreSettings", object(&shown)),
        (
            "ScoreProperty",
            object(&[
                ("name", or_null(text())),
                ("state", words(&["ready", "missing", "wrong", "unchecked"])),
                ("detail", said(or_null(text()), "What is wrong, and what to do.")),
                ("label?", text()),
                ("type?", text()),
                ("field_type?", text()),
                ("options?", list(text())),
            ]),
        ),
        ("NewScores", body(&members())),
        ("NewScoresOfAccount", body(&new_account)),
        ("ScoresKept", object(&[("accounts", said(count(), "Accounts whose scores are kept now."))])),
        (
            "ScoresKeptOrProblem",
            object(&[("id?", account_id()), ("problem?", said(of("Problem"), "Why the line is not kept."))]),
        ),
        ("Scores", object(&account)),
        ("NewScoreRun", body(&[("full?", said(flag(), "Every account, not those alone that differ."))])),
        (
            "ScoreRun",
            object(&[
                ("id", run_id()),
                (
                    "mode",
                    said(
                        words(&["full", "delta"]),
                        "`delta`: only rows that differ from what the companies hold.",
                    ),
                ),
                ("asked_by", words(&["night", "person"])),
                (
                    "date",
                    json!({ "type": "string", "format": "date", "description": "By the account's own clock." }),
                ),
                ("state", words(&states)),
                ("started_at", moment()),
                ("ended_at", or_null(moment())),
                ("duration_ms", count()),
                (
                    "counts",
                    object(&[
                        ("accounts", count()),
                        ("sent", said(count(), "Rows that HubSpot took.")),
                        ("unchanged", said(count(), "Companies that hold the values already.")),
                        ("unmatched", said(count(), "Accounts that are no company.")),
                        ("doubles", said(count(), "Accounts that are a company which an earlier one is.")),
                        ("unfit", said(count(), "Accounts without a value that a property takes.")),
                        ("failed", said(count(), "Rows that HubSpot refused, whole or in part.")),
                        ("rematched", said(count(), "Rows whose company had become part of another.")),
                    ]),
                ),
                ("files", list(of("ScoreFile"))),
                ("bytes", said(count(), "Uploaded.")),
                (
                    "calls",
                    object(&[
                        ("imports", count()),
                        ("polls", count()),
                        ("errors", count()),
                        ("updates", count()),
                        ("echo", said(count(), "Batch reads of what had been written.")),
                    ]),
                ),
                (
                    "left_out",
                    said(
                        list(of("ScoreLeftOut")),
                        "Values that a property could not have; their rows went without them.",
                    ),
                ),
                ("trouble", or_null(text())),
                ("import_page", said(or_null(text()), "HubSpot's page of imports.")),
            ]),
        ),
        (
            "ScoreLeftOut",
            object(&[
                ("property", text()),
                ("why", said(text(), "Of the first of them.")),
                ("values", count()),
            ]),
        ),
        (
            "ScoreFile",
            object(&[
                ("number", count()),
                ("rows", count()),
                ("columns", list(text())),
                ("way", or_null(words(&["import", "batch_update"]))),
                ("why", said(or_null(text()), "Why it goes so.")),
                ("state", words(&["waiting", "starting", "running", "reading", "done"])),
                ("import_id", or_null(text())),
                ("bytes", count()),
                ("sent", count()),
                ("failed", count()),
                ("rematched", said(flag(), "It holds rows that were matched once more.")),
                ("trouble", or_null(text())),
            ]),
        ),
        ("ScoreRuns", page("ScoreRun")),
        (
            "ScoreError",
            object(&[
                ("file", count()),
                ("row", said(count(), "From 1, without the header.")),
                ("company_id", text()),
                ("account_id", or_null(text())),
                ("code", said(text(), "HubSpot's word.")),
                ("property", or_null(text())),
                ("message", text()),
            ]),
        ),
        ("ScoreErrors", page("ScoreError")),
    ]
}
