//! The pages of automations.

use super::{NOW, Text, connection::connection_frame};
use crate::console::{
    Page,
    automations::{
        self, AutomationForm, AutomationLine, AutomationsView, ChosenView, ListForm, ListLine, RunCounts,
        RunLine, RunView, StepLine, Tried,
    },
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
        ("automation-form", automations::form(&form(t))),
        (
            "automation-form-refused",
            automations::form(&AutomationForm {
                errors: vec![t(
                    "The step is not what this action takes: missing field subject. (at /steps/0)",
                )],
                ..form(t)
            }),
        ),
        (
            "automation-form-tried",
            automations::form(&AutomationForm {
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
        ("qualifying-list-form", automations::list_form(&list_form(t))),
        (
            "qualifying-list-form-tried",
            automations::list_form(&ListForm {
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
            automations::list_form(&ListForm {
                errors: vec![t("The filter cannot be read as JSON: expected value at line 1 column 1.")],
                filter: t("score > 50"),
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
                ..automation(t, "Note the visit", false)
            },
        ],
        lists: vec![
            ListLine {
                id: "ql_5f0c2ab9e1d34c67a8b90f12".into(),
                name: t("Accounts that warm up"),
                selects: t("Account's score is at least 50 and company's lifecycle stage is not Customer"),
                trouble: None,
                automations: 1,
            },
            ListLine {
                id: "ql_5f0c2ab9e1d34c67a8b90f13".into(),
                name: t("Pricing page"),
                selects: t("Page contains pricing"),
                trouble: Some(t(
                    "The field page_group is not mirrored any more: choose it on the page of fields.",
                )),
                automations: 0,
            },
        ],
        runs: vec![
            line("Pricing page", "open", 1),
            line("Demo asked for", "done", 12),
            line("Pricing page", "failed", 95),
            line("Docs read", "skipped", 300),
        ],
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
        steps: t(
            "[\n  { \"action\": \"import_company\" },\n  { \"action\": \"create_task\", \"subject\": \"Call {{account.name}}\" }\n]",
        ),
        errors: vec![],
        tried: None,
    }
}

fn list_form(t: Text<'_>) -> ListForm {
    ListForm {
        at: connection_frame(t),
        id: Some("ql_5f0c2ab9e1d34c67a8b90f12".into()),
        name: t("Accounts that warm up"),
        filter: t(
            "{\n  \"of\": \"account\", \"property\": \"score\", \"type\": \"number\",\n  \"operator\": \"at_least\", \"value\": 50\n}",
        ),
        errors: vec![],
        tried: None,
    }
}
