//! The pages of automations.

use super::{NOW, Text, connection::connection_frame};
use crate::console::{
    Page,
    act::{Input, Takes},
    automation_form::{self, AutomationForm, ListForm, StepForm, Tried},
    automations::{
        self, AutomationLine, AutomationsView, ChosenView, ListLine, RunCounts, RunLine, RunView, StepLine,
    },
    filter_form::{ConditionView, Entry, FilterForm, GroupView, Input as Value},
};
use crate::values::time::{HOUR_MS, MINUTE_MS};

pub fn every_page(t: Text<'_>) -> Vec<(&'static str, Page)> {
    let at = connection_frame(t);
    let viewer = {
        let mut view = view(t);
        view.at.frame.administers = false;
        view
    };
    vec![
        ("automations", automations::page(&view(t))),
        (
            "automations-none",
            automations::page(&AutomationsView {
                automations: vec![],
                lists: vec![],
                runs: vec![],
                ..view(t)
            }),
        ),
        (
            "automations-in-use",
            automations::page(&AutomationsView {
                error: Some(t(
                    "Automations are of this list: Tell sales. Delete them or give them another list first.",
                )),
                ..view(t)
            }),
        ),
        ("automations-viewer", automations::page(&viewer)),
        (
            "automations-older",
            automations::page(&AutomationsView { continued: true, before: Some(812), ..view(t) }),
        ),
        ("automation-run", automations::run(&run(t))),
        (
            "automation-run-skipped",
            automations::run(&RunView {
                run: RunLine {
                    signal: None,
                    state: "skipped".into(),
                    why: Some(t("It acted for this account 2 hours ago, and rests for 24.")),
                    ..run(t).run
                },
                steps: vec![],
                conditions: vec![],
                ..run(t)
            }),
        ),
        ("automation-form", automation_form::form(&form(t))),
        (
            "automation-form-refused",
            automation_form::form(&AutomationForm {
                steps: vec![
                    form(t).steps.remove(0),
                    StepForm {
                        wrong: Some(t("The step is not what this action takes: missing field subject.")),
                        ..step(t, "")
                    },
                ],
                wrong_steps: 1,
                refused: true,
                errors: vec![t("Give it a name.")],
                ..form(t)
            }),
        ),
        (
            "automation-form-tried",
            automation_form::form(&AutomationForm {
                id: None,
                tried: Some(Tried {
                    words: t("The newest signal qualifies. Nothing was done; this would be:"),
                    lines: vec![
                        t("Import company: would be left out. The account is a company already: 9812345."),
                        t("Create task: would be done."),
                    ],
                }),
                ..form(t)
            }),
        ),
        ("qualifying-list-form", automation_form::list_form(&list_form(t))),
        (
            "qualifying-list-form-tried",
            automation_form::list_form(&ListForm {
                id: None,
                tried: Some(Tried {
                    words: t("Of the newest 500 signals 12 would qualify."),
                    lines: vec![t("Account's score is at least 50"), t("Pricing page (visit-81723)")],
                }),
                ..list_form(t)
            }),
        ),
        (
            "qualifying-list-form-refused",
            automation_form::list_form(&ListForm {
                errors: vec![t("The JSON of the filter cannot be read: a bracket is missing.")],
                filter: FilterForm {
                    beyond: Some(t("The JSON below is not a filter yet.")),
                    json: t("score > 50"),
                    json_open: true,
                    ..list_form(t).filter
                },
                refused: true,
                ..list_form(t)
            }),
        ),
        (
            "automation-delete",
            automations::delete(
                &at,
                "automation",
                &t("Tell sales"),
                "Nothing is done by it any more, and what is known of its runs goes. What it has asked for stays asked for.",
                &at.paths().automation(Some("aut_5f0c2ab9e1d34c67a8b90f12"), "delete"),
            ),
        ),
    ]
}

fn automation(t: Text<'_>, name: &str, enabled: bool) -> AutomationLine {
    AutomationLine {
        id: "aut_5f0c2ab9e1d34c67a8b90f12".into(),
        name: t(name),
        enabled,
        list: Some(t("Accounts that warm up")),
        hours: 24,
        per_visitor: false,
        trouble: None,
        steps: vec![t("Import company"), t("Import contact"), t("Create task: Call {{account.name}}")],
        counts: RunCounts { open: 2, done: 1_204, failed: 3, skipped: 88 },
    }
}

fn view(t: Text<'_>) -> AutomationsView {
    let line = |signal: &str, state: &str, minutes: i64| RunLine {
        signal: Some(t(signal)),
        state: state.into(),
        began_at: NOW - minutes * MINUTE_MS,
        ..run(t).run
    };
    AutomationsView {
        at: connection_frame(t),
        automations: vec![
            automation(t, "Tell sales", true),
            AutomationLine {
                hours: 1,
                per_visitor: true,
                counts: RunCounts::default(),
                list: None,
                trouble: Some(t(
                    "This list stands still: signals wait until it can be asked. There is no field page_group of contact in HubSpot.",
                )),
                ..automation(t, "Note the visit", false)
            },
        ],
        lists: vec![
            ListLine {
                id: "ql_5f0c2ab9e1d34c67a8b90f12".into(),
                name: t("Accounts that warm up"),
                selects: t("Account's score is at least 50 and company's lifecycle stage is not Customer"),
                trouble: None,
                waiting: 0,
                automations: 1,
            },
            ListLine {
                id: "ql_5f0c2ab9e1d34c67a8b90f13".into(),
                name: t("Pricing page"),
                selects: t("Page contains pricing"),
                trouble: Some(t(
                    "This list stands still: signals wait until it can be asked. There is no field page_group of contact in HubSpot. It goes on by itself once the field is as it was, or once the list is edited.",
                )),
                waiting: 1_204,
                automations: 0,
            },
        ],
        runs: vec![
            line("Pricing page", "open", 1),
            line("Demo asked for", "done", 12),
            line("Pricing page", "failed", 95),
            line("Docs read", "skipped", 300),
        ],
        continued: false,
        before: None,
        error: None,
    }
}

fn run(t: Text<'_>) -> RunView {
    let step = |action: &str, state: &str, words: Option<&str>| StepLine {
        action: t(action),
        state: state.into(),
        words: words.map(t),
        action_id: (state != "skipped").then(|| "act_5f0c2ab9e1d34c67a8b90f12".into()),
        at: NOW - HOUR_MS,
        before: match state {
            "failed" => vec![
                (NOW - 3 * HOUR_MS, "failed".into(), Some(t("HubSpot refused it: the owner has left."))),
                (NOW - 2 * HOUR_MS, "skipped".into(), None),
            ],
            _ => vec![],
        },
    };
    RunView {
        at: connection_frame(t),
        run: RunLine {
            id: "run_5f0c2ab9e1d34c67a8b90f12".into(),
            automation: t("Tell sales"),
            signal: Some(t("Pricing page")),
            state: "open".into(),
            why: None,
            began_at: NOW - HOUR_MS,
        },
        list: t("Accounts that warm up"),
        conditions: vec![
            (t("Account's score is at least 50"), Some(t("73")), true),
            (t("Company's lifecycle stage is not Customer"), None, true),
            (t("Page contains careers"), Some(t("/pricing")), false),
        ],
        company: ChosenView {
            record: Some("9812345".into()),
            reasons: vec![
                t("acme.com is its domain."),
                t("Of 2 companies with it this one has the most open deals: 3."),
            ],
        },
        contact: ChosenView {
            record: None,
            reasons: vec![t("Nobody in HubSpot has the address of the visitor.")],
        },
        steps: vec![
            step("Import company", "skipped", Some("The account is a company already: 9812345.")),
            step("Import contact", "done", None),
            step("Create task", "failed", Some("HubSpot refused it: the owner has left.")),
        ],
        total: 4,
    }
}

fn step(t: Text<'_>, subject: &str) -> StepForm {
    let input = |name, label, help: &str, value: &str, takes| Input {
        name,
        label,
        help: help.to_owned(),
        value: t(value),
        takes,
        required: name == "subject",
        wrong: None,
    };
    let kinds = vec![("TODO".into(), "To-do".into()), ("CALL".into(), "Call".into())];
    StepForm {
        action: "create_task".into(),
        inputs: vec![
            input("subject", "Subject", "", subject, Takes::Line(2_000)),
            input("due", "Due", "Left empty: {{now + 1 days}}.", "", Takes::Line(2_000)),
            input("type", "Kind", "", "CALL", Takes::OneOf(kinds)),
            input("owner", "Owner", "Their e-mail address in HubSpot.", "", Takes::Proposed("owners")),
            input("body", "Notes", "", "Saw the prices.", Takes::Text),
        ],
        more: String::new(),
        wrong: None,
    }
}

fn form(t: Text<'_>) -> AutomationForm {
    AutomationForm {
        at: connection_frame(t),
        id: Some("aut_5f0c2ab9e1d34c67a8b90f12".into()),
        name: t("Tell sales"),
        list: "ql_5f0c2ab9e1d34c67a8b90f12".into(),
        lists: vec![
            ("ql_5f0c2ab9e1d34c67a8b90f12".into(), t("Accounts that warm up")),
            ("ql_5f0c2ab9e1d34c67a8b90f13".into(), t("Pricing page")),
        ],
        per_visitor: false,
        hours: "24".into(),
        steps: vec![
            step(t, "Call {{account.name}}"),
            StepForm { more: t("{\n  \"about\": []\n}"), ..step(t, "Write to {{visitor.name}}") },
        ],
        json: t("[\n  { \"action\": \"import_company\" }\n]"),
        json_open: false,
        owners: vec![(t("ada@analytical.example"), t("Ada Lovelace (ada@analytical.example)"))],
        errors: vec![],
        wrong_steps: 0,
        refused: false,
        tried: None,
        focus: None,
    }
}

fn list_form(t: Text<'_>) -> ListForm {
    let condition = |property: &str, input| ConditionView {
        property: t(property),
        operators: super::channels::operators(),
        operator: "is".into(),
        input,
        wrong: None,
    };
    let stages = vec![(t("lead"), t("Lead")), (t("customer"), t("Customer"))];
    ListForm {
        at: connection_frame(t),
        id: Some("ql_5f0c2ab9e1d34c67a8b90f12".into()),
        name: t("Accounts that warm up"),
        filter: FilterForm {
            subject: "A signal qualifies",
            every: "every signal qualifies".into(),
            any: false,
            groups: vec![GroupView {
                any: false,
                conditions: vec![
                    condition("Account: score", Value::One(Entry::Number, t("50"))),
                    condition("Company: Lifecycle stage", Value::Choice(t("lead"), stages)),
                ],
            }],
            beyond: None,
            json: t("{\n  \"and\": []\n}"),
            json_open: false,
        },
        known: vec![(t("Account: score"), t("score"))],
        errors: vec![],
        wrong_rows: 0,
        refused: false,
        tried: None,
        focus: None,
    }
}
