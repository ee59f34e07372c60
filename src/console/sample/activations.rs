//! The pages of activations.

use super::{NOW, Text, connection::connection_frame};
use crate::console::{
    Page,
    activation_form::{self, ActivationForm, ChoiceLine, NamesForm},
    activations::{
        self, ActivationLine, ActivationView, ActivationsView, AttributeLine, DeleteAttributeView,
        RefusedLine, RefusedView, SyncLine,
    },
    attribute_form::{self, AttributeForm},
    connection::ConnectionFrame,
    filter_form::FilterForm,
    view::Frame,
};
use crate::values::time::{DAY_MS, MINUTE_MS};

pub fn every_page(t: Text<'_>) -> Vec<(&'static str, Page)> {
    let viewer =
        ConnectionFrame { frame: Frame { administers: false, ..super::frame(t) }, ..connection_frame(t) };
    let waits = t("The first sync of this account is not over: until then nobody knows what contacts hold.");
    let one = |activation: ActivationLine| ActivationView { activation, ..activation_view(t) };
    vec![
        ("activations", activations::page(&view(t))),
        (
            "activations-none",
            activations::page(&ActivationsView {
                activations: vec![],
                audiences: vec![],
                attributes: vec![],
                marks: 0,
                refused: 0,
                ..view(t)
            }),
        ),
        (
            "activations-unused",
            activations::page(&ActivationsView { activations: vec![], marks: 0, refused: 0, ..view(t) }),
        ),
        (
            "activations-waiting",
            activations::page(&ActivationsView {
                waits: Some(waits.clone()),
                activations: vec![ActivationLine { waits: Some(waits.clone()), ..activation(t, "waiting") }],
                ..view(t)
            }),
        ),
        (
            "activations-refused",
            activations::page(&ActivationsView { error: Some(t("Resume the activation first.")), ..view(t) }),
        ),
        ("activations-viewer", activations::page(&ActivationsView { at: viewer.clone(), ..view(t) })),
        ("activation", activations::one(&activation_view(t))),
        ("activation-done", activations::one(&one(activation(t, "done")))),
        (
            "activation-paused",
            activations::one(&one(ActivationLine { paused: true, ..activation(t, "running") })),
        ),
        (
            "activation-waiting",
            activations::one(&one(ActivationLine { waits: Some(waits), ..activation(t, "waiting") })),
        ),
        ("activation-viewer", activations::one(&ActivationView { at: viewer, ..activation_view(t) })),
        (
            "activation-delete",
            activations::delete(&connection_frame(t), &t("atv_a"), &t("Baskets and tiers")),
        ),
        ("activation-refused-contacts", activations::refused(&refused(t))),
        (
            "activation-refused-nobody",
            activations::refused(&RefusedView { contacts: vec![], total: 0, ..refused(t) }),
        ),
        (
            "activation-refused-further",
            activations::refused(&RefusedView { total: 153, page: 2, ..refused(t) }),
        ),
        ("activation-form", activation_form::form(&form(t))),
        (
            "activation-form-new",
            activation_form::form(&ActivationForm {
                id: None,
                name: String::new(),
                audiences: vec![],
                attributes: vec![],
                creates: false,
                ..form(t)
            }),
        ),
        (
            "activation-form-refused",
            activation_form::form(&ActivationForm {
                error: Some(t(
                    "HubSpot lets this account have 1,000 properties of its own on contacts; it has 999, and 2 more are needed.",
                )),
                ..form(t)
            }),
        ),
        ("audience-form", attribute_form::page(&attribute_form(t))),
        (
            "audience-form-new",
            attribute_form::page(&AttributeForm { exists: false, id: String::new(), ..attribute_form(t) }),
        ),
        (
            "audience-form-refused",
            attribute_form::page(&AttributeForm {
                refused: true,
                error: Some(t("Give it a name.")),
                ..attribute_form(t)
            }),
        ),
        ("audience-form-found", attribute_form::page(&AttributeForm { finds: true, ..attribute_form(t) })),
        (
            "audience-form-found-new",
            attribute_form::page(&AttributeForm {
                exists: false,
                finds: true,
                id: String::new(),
                wrong_rows: 1,
                refused: true,
                ..attribute_form(t)
            }),
        ),
        (
            "attribute-form",
            attribute_form::page(&AttributeForm {
                audience: false,
                id: t("tier"),
                name: t("Tier"),
                kind: "enumeration".into(),
                options: t("gold | Gold customers\nsilver | Silver customers"),
                ..attribute_form(t)
            }),
        ),
        (
            "attribute-form-new",
            attribute_form::page(&AttributeForm {
                audience: false,
                exists: false,
                kind: "number".into(),
                ..attribute_form(t)
            }),
        ),
        ("activation-names", activation_form::names(&names(t))),
        (
            "activation-names-refused",
            activation_form::names(&NamesForm {
                error: Some(t("prefix is 1 to 20 lower-case letters, digits and underscores.")),
                ..names(t)
            }),
        ),
        ("audience-delete", activations::delete_attribute(&deleted(t))),
        (
            "attribute-delete-unused",
            activations::delete_attribute(&DeleteAttributeView {
                attribute: attribute(t, "Tier", false),
                activations: vec![],
                others: vec![],
                ..deleted(t)
            }),
        ),
    ]
}

fn attribute(t: Text<'_>, name: &str, audience: bool) -> AttributeLine {
    AttributeLine {
        id: t(&name.to_lowercase().replace(' ', "-")),
        name: t(name),
        description: String::new(),
        kind: t(if audience { "membership" } else { "one of several options" }),
        audience,
        options: if audience { vec![] } else { vec![t("Gold customers"), t("Silver customers")] },
        property: Some(t("raptor_aud_abandon_basket")),
        made: true,
        selected: true,
        deleting: false,
        members: 12_400,
        trouble: None,
        found_by: None,
        looked_at: None,
    }
}

fn activation(t: Text<'_>, state: &str) -> ActivationLine {
    let has_begun = state != "waiting";
    let is_done = state == "done";
    ActivationLine {
        id: t("atv_a"),
        name: t("Baskets and tiers"),
        description: t("For the newsletters of the spring season."),
        audiences: vec![(t("abandon-basket"), t("Abandon Basket"))],
        attributes: vec![(t("tier"), t("Tier"))],
        creates: true,
        paused: false,
        waits: None,
        sync: SyncLine {
            state: state.into(),
            total: if has_begun { 20_000 } else { 0 },
            looked: if is_done { 20_000 } else { 12_400 },
            written: 8_311,
            created: 61,
            skipped: 240,
            refused: 3,
            in_step: 3_785,
            calls: 84,
            left: if is_done { 0 } else { 7_600 },
            began_at: has_begun.then_some(NOW - 4 * MINUTE_MS),
            ended_at: is_done.then_some(NOW - MINUTE_MS),
            seconds_left: (state == "running").then_some(151),
        },
        created_at: NOW - 3 * DAY_MS,
        updated_at: NOW - 4 * MINUTE_MS,
    }
}

fn view(t: Text<'_>) -> ActivationsView {
    ActivationsView {
        at: connection_frame(t),
        activations: vec![
            activation(t, "running"),
            ActivationLine { id: t("atv_b"), name: t("Everybody"), paused: true, ..activation(t, "done") },
        ],
        audiences: vec![
            attribute(t, "Abandon Basket", true),
            AttributeLine {
                property: None,
                made: false,
                selected: false,
                members: 1,
                description: t("Whoever bought something this year."),
                ..attribute(t, "Customers", true)
            },
            AttributeLine {
                deleting: true,
                trouble: Some(t(
                    "HubSpot refuses to delete the property: it is used in the list Spring. Take it out there, then try again.",
                )),
                ..attribute(t, "Old", true)
            },
            AttributeLine { deleting: true, ..attribute(t, "Older", true) },
            AttributeLine {
                found_by: Some(t("Lifecycle stage is Lead, and Signal: name is “Pricing viewed”")),
                looked_at: Some(48_500),
                ..attribute(t, "Hot leads", true)
            },
        ],
        attributes: vec![AttributeLine { made: false, ..attribute(t, "Tier", false) }],
        group: (t("Raptor Smart Advisor CDP"), t("raptor_smart_advisor_cdp")),
        waits: None,
        marks: 7_600,
        refused: 3,
        error: None,
    }
}

fn activation_view(t: Text<'_>) -> ActivationView {
    ActivationView {
        at: connection_frame(t),
        activation: activation(t, "running"),
        kept: vec![attribute(t, "Abandon Basket", true), attribute(t, "Tier", false)],
        refused: 3,
    }
}

fn refused(t: Text<'_>) -> RefusedView {
    let line = |whom, refused_at| RefusedLine {
        whom,
        why: t("A rule that somebody made in HubSpot for the property raptor_att_tier refuses the value."),
        refused_at,
    };
    RefusedView {
        at: connection_frame(t),
        contacts: vec![
            line(Ok(t("ada@analytical.example")), Some(NOW - MINUTE_MS)),
            line(Err(t("9812345")), Some(NOW - MINUTE_MS)),
            line(
                Ok(t("a.very.long.address.of.somebody@a-company-with-a-remarkably-long-name.example")),
                None,
            ),
        ],
        total: 3,
        page: 1,
    }
}

fn form(t: Text<'_>) -> ActivationForm {
    let line = |id: String, words: &str, chosen| ChoiceLine {
        name: t("Abandon Basket"),
        id,
        words: t(words),
        chosen,
    };
    ActivationForm {
        at: connection_frame(t),
        id: Some(t("atv_a")),
        name: t("Baskets and tiers"),
        description: t("For the newsletters of the spring season."),
        audiences: (0..12)
            .map(|number| line(t(&format!("aud-{number}")), "1,204 members", number == 0))
            .collect(),
        attributes: vec![line(t("tier"), "one of several options, of 12,400 people", true)],
        creates: true,
        error: None,
    }
}

fn attribute_form(t: Text<'_>) -> AttributeForm {
    AttributeForm {
        at: connection_frame(t),
        audience: true,
        exists: true,
        id: t("customers"),
        name: t("Customers"),
        description: t("Whoever bought something this year."),
        kind: "audience".into(),
        options: String::new(),
        finds: false,
        filter: FilterForm {
            subject: "A contact is a member",
            every: "every contact is a member".into(),
            ..super::workflows::filter(t)
        },
        known: vec![(t("Company: Industry"), t("industry"))],
        wrong_rows: 0,
        focus: None,
        refused: false,
        error: None,
    }
}

fn names(t: Text<'_>) -> NamesForm {
    NamesForm {
        at: connection_frame(t),
        label: t("Raptor Smart Advisor CDP"),
        group: t("raptor_smart_advisor_cdp"),
        prefix: t("raptor"),
        error: None,
    }
}

fn deleted(t: Text<'_>) -> DeleteAttributeView {
    DeleteAttributeView {
        at: connection_frame(t),
        attribute: attribute(t, "Abandon Basket", true),
        activations: vec![t("Baskets and tiers")],
        others: vec![(t("channel"), t("Warm leads")), (t("automation"), t("Tell sales"))],
    }
}
