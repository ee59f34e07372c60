//! The choice of mirrored fields.

use super::{Text, connection::connection_frame};
use crate::console::{
    Page,
    choose_fields::{self, ChooseFieldsView, FieldChoice, FieldGroup},
};

pub fn every_page(t: Text<'_>) -> Vec<(&'static str, Page)> {
    let view = view(t);
    let reviewed = ChooseFieldsView {
        all: false,
        review: vec![
            t("38 of 412 fields are mirrored. Fields that appear later are not."),
            t(
                "374 fields disappear here, with the values of all records: City, Country, Industry, Number of employees and 370 more.",
            ),
            t("All 20,012 contacts are read once more for that: about 201 calls to HubSpot."),
        ],
        reviewed: t("0123"),
        ..view.clone()
    };
    let refused = ChooseFieldsView { error: Some(t("HubSpot no longer lists city.")), ..reviewed.clone() };
    vec![
        ("choose-fields-all", choose_fields::page(&ChooseFieldsView { all: true, ..view.clone() })),
        ("choose-fields", choose_fields::page(&view)),
        ("choose-fields-review", choose_fields::page(&reviewed)),
        ("choose-fields-refused", choose_fields::page(&refused)),
    ]
}

fn view(t: Text<'_>) -> ChooseFieldsView {
    let field = |name: &str, label: &str, words: &str| FieldChoice {
        name: t(name),
        label: t(label),
        type_words: t(words),
        chosen: true,
        always: false,
        fresh: None,
    };
    ChooseFieldsView {
        at: connection_frame(t),
        object_type: t("contacts"),
        all: false,
        groups: vec![
            FieldGroup {
                name: t("contactinformation"),
                fields: vec![
                    FieldChoice { chosen: false, ..field("city", "City", "Text") },
                    FieldChoice { always: true, ..field("email", "E-mail", "Text") },
                    field("firstname", "First name", "Text"),
                    field(
                        "a_very_long_internal_name_that_somebody_gave_to_a_field_once_upon_a_time",
                        "What the customer said on the telephone when we asked how they had heard of us",
                        "Multi-line text",
                    ),
                ],
            },
            FieldGroup {
                name: t("sales_properties"),
                fields: vec![
                    FieldChoice { fresh: Some(true), ..field("hubspotscore", "HubSpot score", "Number") },
                    FieldChoice {
                        chosen: false,
                        fresh: Some(false),
                        ..field("days_open", "Days open", "Number")
                    },
                ],
            },
        ],
        review: vec![],
        reviewed: String::new(),
        error: None,
    }
}
