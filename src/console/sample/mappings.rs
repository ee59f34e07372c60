//! The pages of field mappings.

use super::{NOW, Text, connection::connection_frame, frame};
use crate::console::{
    Page,
    connection::ConnectionFrame,
    mappings::{self, ActionLine, MappingFormView, MappingsView, RowView, Standing},
    view::Frame,
};
use crate::values::{mapping::Action, time::DAY_MS};

pub fn every_page(t: Text<'_>) -> Vec<(&'static str, Page)> {
    let form = form_view(t);
    vec![
        ("mappings", mappings::page(&mappings_view(t))),
        (
            "mappings-none",
            mappings::page(&MappingsView { actions: Action::ALL.map(none).into(), ..mappings_view(t) }),
        ),
        ("mapping-form", mappings::form(&form)),
        (
            "mapping-form-new",
            mappings::form(&MappingFormView { rows: vec![], standing: Standing::None, ..form_view(t) }),
        ),
        (
            "mapping-form-unknown",
            mappings::form(&MappingFormView {
                rows: vec![],
                known: vec![],
                standing: Standing::Unchecked,
                ..form_view(t)
            }),
        ),
        ("mapping-form-broken", mappings::form(&broken(t))),
        ("mapping-form-refused", mappings::form(&refused(t))),
        (
            "mapping-viewer",
            mappings::form(&MappingFormView {
                at: ConnectionFrame {
                    frame: Frame { administers: false, ..frame(t) },
                    ..connection_frame(t)
                },
                ..broken(t)
            }),
        ),
        ("mapping-delete", mappings::delete(&connection_frame(t), Action::ImportCompany)),
    ]
}

fn none(action: Action) -> ActionLine {
    ActionLine { action, standing: Standing::None, entries: 0, updated_at: None }
}

fn mappings_view(t: Text<'_>) -> MappingsView {
    let mut actions: Vec<ActionLine> = Action::ALL.map(none).into();
    for (place, standing, entries) in [
        (0, Standing::Ready, 12),
        (1, Standing::Broken(2), 8),
        (4, Standing::Broken(1), 1),
        (6, Standing::Unchecked, 4),
    ] {
        let updated_at = Some(NOW - 3 * DAY_MS);
        actions[place] = ActionLine { standing, entries, updated_at, ..none(actions[place].action) };
    }
    MappingsView { at: connection_frame(t), actions }
}

fn form_view(t: Text<'_>) -> MappingFormView {
    let row = |field: &str, takes: &str, value: &str| RowView {
        field: t(field),
        takes: t(takes),
        value: t(value),
        ..RowView::default()
    };
    MappingFormView {
        at: connection_frame(t),
        action: Action::ImportCompany,
        standing: Standing::Ready,
        rows: vec![
            row("Company name", "A text", "account.name"),
            RowView {
                default: t("Prospect"),
                declared: "text".into(),
                only_if_empty: true,
                ..row(
                    "Lifecycle stage",
                    "One option: Subscriber, Lead, Marketing qualified lead, Sales qualified lead, Opportunity, Customer and 2 more",
                    "account.lifecycle.stage",
                )
            },
            RowView {
                declared: "number".into(),
                drop_if_refused: true,
                ..row("Number of employees", "A number", "account.employees")
            },
            RowView {
                is_constant: true,
                drop_if_refused: true,
                ..row(
                    "Original source of this record in the second brand's account",
                    "A text",
                    "Acme Scheduling",
                )
            },
        ],
        known: vec![
            (t("Company name"), t("A text")),
            (t("Lifecycle stage"), t("One option: Subscriber, Lead")),
        ],
        errors: vec![],
        wrong_rows: 0,
        refused: false,
        focus: None,
    }
}

fn broken(t: Text<'_>) -> MappingFormView {
    let mut form = MappingFormView { standing: Standing::Broken(2), wrong_rows: 2, ..form_view(t) };
    form.rows[1].wrong = Some(t(
        "The field lifecyclestage was one option when the mapping was saved, and is a text in HubSpot. Save the mapping again if what the host sends fits it.",
    ));
    form.rows[2].wrong =
        Some(t("There is no field numberofemployees in HubSpot. Refresh the fields or choose another."));
    form
}

fn refused(t: Text<'_>) -> MappingFormView {
    let mut form = MappingFormView {
        errors: vec![t("entries is a list of 1 to 200 entries.")],
        wrong_rows: 1,
        refused: true,
        ..form_view(t)
    };
    form.rows[1].wrong = Some(t(
        "The field \"Lifecycle stage\" (lifecyclestage) has no such option. The nearest: \"Opportunity\" (opportunity).",
    ));
    form
}
