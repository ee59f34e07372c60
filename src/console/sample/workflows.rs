//! The pages of workflows.

use super::{NOW, Text, connection::connection_frame};
use crate::console::{
    Page,
    act::{Input, Takes},
    automations::ChosenView,
    filter_form::{ConditionView, FilterForm, GroupView, Input as Value},
    workflow_form::{self, On, Parts, StepForm, TriggerForm, WorkflowForm},
    workflow_run::{self, Explained, Seen, StepSeen, WorkflowRunView},
    workflows::{
        self, RunCounts, TemplateLine, VersionLine, WorkflowLine, WorkflowRunLine, WorkflowView,
        WorkflowsView,
    },
};
use crate::values::time::{DAY_MS, HOUR_MS, MINUTE_MS};

const WORKFLOW: &str = "wf_5f0c2ab9e1d34c67a8b90f12";
const RUN: &str = "run_5f0c2ab9e1d34c67a8b90f12";

pub fn every_page(t: Text<'_>) -> Vec<(&'static str, Page)> {
    let viewer = |mut at: crate::console::connection::ConnectionFrame| {
        at.frame.administers = false;
        at
    };
    let list = || view(t);
    let at = connection_frame(t);
    vec![
        ("workflows", workflows::page(&list())),
        ("workflows-none", workflows::page(&WorkflowsView { workflows: vec![], ..list() })),
        ("workflows-viewer", workflows::page(&WorkflowsView { at: viewer(list().at), ..list() })),
        ("workflow", workflows::one(&one(t))),
        ("workflow-viewer", workflows::one(&WorkflowView { at: viewer(one(t).at), ..one(t) })),
        (
            "workflow-refused",
            workflows::one(&WorkflowView {
                errors: vec![
                    t("It cannot be enabled as it is. Edit it first:"),
                    t("There is no field account_tier in HubSpot."),
                ],
                runs: vec![],
                ..one(t)
            }),
        ),
        ("workflow-older", workflows::one(&WorkflowView { continued: true, before: Some(812), ..one(t) })),
        ("workflow-delete", workflows::delete(&at, WORKFLOW, &t("Customers to senior support"))),
        ("workflow-run", workflow_run::page(&run(t))),
        (
            "workflow-run-waits",
            workflow_run::page(&WorkflowRunView {
                state: "open".into(),
                ended_at: None,
                due_at: Some(NOW + 2 * DAY_MS),
                ..run(t)
            }),
        ),
        (
            "workflow-run-still",
            workflow_run::page(&WorkflowRunView {
                state: "open".into(),
                workflow: String::new(),
                still: true,
                ended_at: None,
                ..run(t)
            }),
        ),
        (
            "workflow-run-skipped",
            workflow_run::page(&WorkflowRunView {
                state: "skipped".into(),
                explained: Explained {
                    words: "What was done".into(),
                    why: Some(t("The conditions do not hold.")),
                    ..Explained::default()
                },
                event: vec![],
                ..run(t)
            }),
        ),
        ("workflow-form", workflow_form::page(&form(t))),
        (
            "workflow-form-new",
            workflow_form::page(&WorkflowForm {
                id: None,
                parts: Some(Parts {
                    trigger: TriggerForm {
                        on: "change".into(),
                        kinds: vec!["updated".into()],
                        properties: t("dealstage"),
                        ..trigger(t)
                    },
                    when: None,
                    again: "once".into(),
                    full: true,
                    ..parts(t)
                }),
                ..form(t)
            }),
        ),
        (
            "workflow-form-scheduled",
            workflow_form::page(&WorkflowForm {
                parts: Some(Parts {
                    trigger: TriggerForm {
                        on: "schedule".into(),
                        every: "week".into(),
                        hour: "8".into(),
                        weekday: "friday".into(),
                        ..trigger(t)
                    },
                    ..parts(t)
                }),
                tried: Some(Explained {
                    words: t("It would go in. Nothing was done; this would be:"),
                    ..explained(t)
                }),
                ..form(t)
            }),
        ),
        (
            "workflow-form-refused",
            workflow_form::page(&WorkflowForm {
                errors: vec![t("Give it a name.")],
                wrong: 2,
                refused: true,
                faults: vec![
                    (2, t("/name"), t("It has 1 to 100 characters.")),
                    (9, t("/steps/0/if"), t("There is no field account_tier in HubSpot.")),
                ],
                parts: Some(Parts {
                    trigger: TriggerForm { wrong: Some(t("Say what happens.")), ..trigger(t) },
                    ..parts(t)
                }),
                ..form(t)
            }),
        ),
        (
            "workflow-form-json",
            workflow_form::page(&WorkflowForm {
                parts: None,
                json: t("{ \"name\": "),
                faults: vec![(1, String::new(), t("This is not JSON: EOF while parsing a value."))],
                errors: vec![t("This is not JSON.")],
                refused: true,
                ..form(t)
            }),
        ),
    ]
}

fn line(t: Text<'_>) -> WorkflowLine {
    WorkflowLine {
        id: WORKFLOW.into(),
        name: t("Customers to senior support"),
        description: t("Routes a customer's call to senior support."),
        state: "enabled".into(),
        version: 3,
        begins: t("Begins with the event incoming_call, for contacts."),
        selects: t("lifecycle stage is Customer"),
        again: t("A record goes through it every time, one at a time."),
        steps: vec![
            (0, t("If it holds")),
            (1, t("Decide: Senior support")),
            (0, t("Otherwise")),
            (1, t("If it holds")),
            (2, t("Wait 2 hours")),
            (3, t("Create task: Call {{contact.firstname}}")),
        ],
        trouble: None,
        counts: RunCounts { open: 2, done: 1_204, failed: 3, nothing: 88, routed: 512 },
    }
}

fn view(t: Text<'_>) -> WorkflowsView {
    let template = |key: &str, name: &str| TemplateLine {
        key: key.into(),
        name: t(name),
        description: t("Moves the contact's open deal when a conversation is resolved."),
    };
    WorkflowsView {
        at: connection_frame(t),
        workflows: vec![
            line(t),
            WorkflowLine {
                name: t("Deal won with its conversation"),
                state: "held".into(),
                trouble: Some(t(
                    "There is no field account_tier in HubSpot. It goes on by itself once there is.",
                )),
                counts: RunCounts::default(),
                ..line(t)
            },
            WorkflowLine { state: "draft".into(), description: String::new(), ..line(t) },
            WorkflowLine { state: "paused".into(), ..line(t) },
        ],
        templates: vec![
            template("deal-stage", "Deal won with its conversation"),
            template("smart-routing", "Customers to senior support"),
        ],
        error: None,
    }
}

fn one(t: Text<'_>) -> WorkflowView {
    let run = |state: &str, why: Option<&str>, minutes: i64| WorkflowRunLine {
        id: RUN.into(),
        began: t("The event \"incoming_call\" came: call-81723."),
        version: 3,
        state: state.into(),
        why: why.map(t),
        began_at: NOW - minutes * MINUTE_MS,
    };
    let version = |version: u64, current: bool| VersionLine {
        version,
        current,
        at: NOW - (4 - version as i64) * DAY_MS,
        by: t("dana.fox@northwind.example"),
        json: t("{\n  \"name\": \"Customers to senior support\"\n}"),
    };
    WorkflowView {
        at: connection_frame(t),
        workflow: line(t),
        versions: vec![version(3, true), version(2, false), version(1, false)],
        runs: vec![
            run("open", None, 1),
            run("routed", None, 5),
            run("not_routed", Some("Its conditions do not hold."), 7),
            run("done", None, 12),
            run("failed", None, 95),
            run("skipped", Some("The conditions do not hold."), 300),
            run("stopped", Some("Not a customer"), 400),
            run("cancelled", Some("Cancelled by dana."), 500),
        ],
        continued: false,
        before: None,
        errors: vec![],
    }
}

fn explained(t: Text<'_>) -> Explained {
    let seen =
        |words: &str, value: Option<&str>, holds: bool| Seen { words: t(words), value: value.map(t), holds };
    let step = |place: &str, title: &str, state: &str| StepSeen {
        place: place.into(),
        title: t(title),
        state: state.into(),
        at: Some(NOW - HOUR_MS),
        ..StepSeen::default()
    };
    Explained {
        words: t("What was done"),
        why: None,
        conditions: vec![
            seen("Stage is Customer", Some("customer"), true),
            seen("Deal's amount is at least 1000", None, false),
        ],
        persons: vec![
            (
                "Contact",
                "contacts".into(),
                ChosenView {
                    record: Some("9812345".into()),
                    reasons: vec![t("ada@analytical.example is their address.")],
                },
            ),
            (
                "Deal",
                "deals".into(),
                ChosenView { record: None, reasons: vec![t("No open deal is linked to it.")] },
            ),
        ],
        steps: vec![
            StepSeen {
                conditions: vec![seen("Stage is Customer", Some("lead"), false)],
                ..step("vip", "If … else", "else")
            },
            StepSeen { until: Some(NOW + HOUR_MS), ..step("vip/quiet", "Wait", "waits") },
            StepSeen {
                until: Some(NOW - HOUR_MS),
                conditions: vec![seen("Stage is Customer", None, false)],
                ..step("vip/quiet/closed", "Wait until", "too_late")
            },
            StepSeen {
                words: Some(t("{{deal.id}} is not known.")),
                ..step("vip/quiet/closed/move", "Update deal", "skipped")
            },
            StepSeen {
                words: Some(t("HubSpot refused it: the owner has left.")),
                action_id: Some("act_5f0c2ab9e1d34c67a8b90f12".into()),
                before: vec![(NOW - 3 * HOUR_MS, "failed".into(), Some(t("HubSpot refused it.")))],
                ..step("call", "Create task", "failed")
            },
            step("senior", "Decide a route", "decided"),
        ],
    }
}

fn run(t: Text<'_>) -> WorkflowRunView {
    WorkflowRunView {
        at: connection_frame(t),
        id: RUN.into(),
        workflow: WORKFLOW.into(),
        name: t("Customers to senior support"),
        version: 3,
        state: "failed".into(),
        began: t("The event \"incoming_call\" came: call-81723."),
        began_at: NOW - 2 * HOUR_MS,
        ended_at: Some(NOW - HOUR_MS),
        due_at: None,
        still: false,
        event: vec![(t("Of"), t("contacts/9812345")), (t("Event"), t("call-81723"))],
        explained: explained(t),
    }
}

pub(super) fn filter(t: Text<'_>) -> FilterForm {
    let stages = vec![(t("lead"), t("Lead")), (t("customer"), t("Customer"))];
    FilterForm {
        subject: "It goes in",
        every: "every record goes in".into(),
        any: false,
        groups: vec![GroupView {
            any: false,
            conditions: vec![ConditionView {
                property: t("Record: Lifecycle stage"),
                operators: super::channels::operators(),
                operator: "is".into(),
                input: Value::Choice(t("lead"), stages),
                wrong: None,
            }],
        }],
        beyond: None,
        json: t("{\n  \"and\": []\n}"),
        json_open: false,
    }
}

fn trigger(t: Text<'_>) -> TriggerForm {
    TriggerForm {
        on: "event".into(),
        record: t("contacts"),
        event: t("incoming_call"),
        ..TriggerForm::default()
    }
}

fn parts(t: Text<'_>) -> Parts {
    let input = |name: &'static str, label: &'static str, value: &str, takes| Input {
        name,
        label,
        help: String::new(),
        value: t(value),
        takes,
        required: false,
        wrong: None,
    };
    let step = |path: &str, id: &str, kind: &str| StepForm {
        path: path.into(),
        id: t(id),
        kind: kind.into(),
        inputs: vec![],
        span: None,
        more: None,
        filter: None,
        branches: vec![],
        may_nest: true,
        last: false,
        wrong: None,
    };
    let task = |path: &str| StepForm {
        inputs: vec![
            input("subject", "Subject", "Call {{contact.firstname}}", Takes::Line(2_000)),
            input("owner", "Owner", "", Takes::Proposed("owners")),
            input("body", "Notes", "Soon.", Takes::Text),
        ],
        more: Some(t("{ \"about\": [] }")),
        wrong: Some(t("The step is not what this action takes.")),
        ..step(path, "call", "create_task")
    };
    let route = |path: &str| StepForm {
        inputs: vec![input("route", "Route", "senior_support", Takes::Line(100))],
        last: true,
        ..step(path, "senior", "decide")
    };
    let beyond =
        FilterForm { beyond: Some(t("Not: amount is at least 1000.")), json_open: true, ..filter(t) };
    Parts {
        name: t("Customers to senior support"),
        description: t("Routes a customer's call to senior support."),
        trigger: trigger(t),
        conditions: filter(t),
        again: "when".into(),
        when: Some(beyond.clone()),
        steps: vec![
            StepForm {
                filter: Some(filter(t)),
                branches: vec![
                    ("then", vec![task("0/then/0"), route("0/then/1")]),
                    (
                        "else",
                        vec![StepForm {
                            span: Some(("7".into(), "days".into())),
                            filter: Some(beyond),
                            branches: vec![("else", vec![task("0/else/0/else/0")])],
                            may_nest: false,
                            last: true,
                            ..step("0/else/0", "closed", "wait_until")
                        }],
                    ),
                ],
                ..step("0", "vip", "if")
            },
            StepForm { span: Some(("2".into(), "hours".into())), ..step("1", "quiet", "wait") },
            StepForm { last: true, ..task("2") },
        ],
        full: false,
    }
}

fn form(t: Text<'_>) -> WorkflowForm {
    WorkflowForm {
        at: connection_frame(t),
        id: Some(WORKFLOW.into()),
        parts: Some(parts(t)),
        json: t("{\n  \"name\": \"Customers to senior support\"\n}"),
        json_mark: "cbf29ce484222325".into(),
        faults: vec![],
        known: vec![(t("Record: Lifecycle stage"), t("lifecyclestage"))],
        owners: vec![(t("ada@analytical.example"), t("Ada Lovelace (ada@analytical.example)"))],
        types: vec![(t("contacts"), t("Contacts")), (t("deals"), t("Deals"))],
        errors: vec![],
        wrong: 0,
        refused: false,
        on: On { email: t("ada@analytical.example"), ..On::default() },
        tried: None,
        focus: None,
    }
}
