//! The pages of channels.

use super::{NOW, Text, connection::connection_frame};
use crate::console::{
    Page,
    channel_form::{self, ChannelFormView, ListLine, MappingView, PreviewView},
    channels::{self, ChannelPageView, ChannelView, ChannelsView, Standing},
    filter_form::{ConditionView, Entry, FilterForm, GroupView, Input},
};
use crate::values::time::{DAY_MS, MINUTE_MS};

pub fn every_page(t: Text<'_>) -> Vec<(&'static str, Page)> {
    let page = |channel| ChannelPageView { at: connection_frame(t), channel };
    let form = form_view(t);
    vec![
        ("channels", channels::page(&channels_view(t))),
        ("channels-none", channels::page(&ChannelsView { channels: vec![], ..channels_view(t) })),
        ("channel", channels::channel(&page(by_filter(t)))),
        ("channel-scanning", channels::channel(&page(scanning(t)))),
        ("channel-gone", channels::channel(&page(by_list(t)))),
        ("channel-held", channels::channel(&page(held(t)))),
        ("channel-delete", channels::delete(&page(by_filter(t)))),
        ("channel-form", channel_form::page(&form)),
        ("channel-form-list", channel_form::page(&of_list(t, mirrored_list(t)))),
        ("channel-form-list-reading", channel_form::page(&of_list(t, reading_list(t)))),
        ("channel-form-list-read", channel_form::page(&of_list(t, read_list(t)))),
        ("channel-form-list-unmirrored", channel_form::page(&of_list(t, unmirrored_list(t)))),
        ("channel-form-list-refused", channel_form::page(&of_list(t, refused_list(t)))),
        ("channel-form-refused", channel_form::page(&refused(t))),
        (
            "channel-form-beyond",
            channel_form::page(&ChannelFormView {
                filter: FilterForm {
                    beyond: Some(t("Not (Amount is known and Stage is Lead).")),
                    json_open: true,
                    ..form_view(t).filter
                },
                lists: vec![],
                ..form_view(t)
            }),
        ),
    ]
}

fn by_filter(t: Text<'_>) -> ChannelView {
    ChannelView {
        id: t("ch_a"),
        name: t("Warm leads"),
        object_type: t("contacts"),
        selects: t(
            "Lifecycle stage is any of Lead or Marketing qualified lead and Last activity is within the last 30 days",
        ),
        standing: Standing::Active,
        trouble: None,
        members: 1_204,
        told_at: Some(NOW - 2 * MINUTE_MS),
        created_at: NOW - 12 * DAY_MS,
        updated_at: NOW - 3 * DAY_MS,
        fields: vec![
            (t("first_name"), t("firstname"), Some(t("there"))),
            (t("email"), t("email"), None),
            (t("stage"), t("lifecyclestage"), None),
        ],
        endpoints: vec![
            (t("ep_a"), t("https://hooks.northwind.example/hubspot"), true),
            (
                t("ep_b"),
                t("https://a-very-long-host-name-that-goes-on.customer-data-platform.example/x"),
                false,
            ),
        ],
        definition: t("{\n  \"name\": \"Warm leads\",\n  \"object_type\": \"contacts\"\n}"),
    }
}

fn scanning(t: Text<'_>) -> ChannelView {
    ChannelView {
        id: t("ch_b"),
        name: t("Everybody we met at the Hamburg fair and the two fairs after it"),
        standing: Standing::Scanning(8_500, 20_012),
        told_at: None,
        endpoints: vec![],
        ..by_filter(t)
    }
}

fn by_list(t: Text<'_>) -> ChannelView {
    ChannelView {
        id: t("ch_c"),
        name: t("Customers"),
        selects: t("Everybody on the list \"Customers\""),
        standing: Standing::Paused,
        trouble: Some(t("HubSpot has no such list any more. It is mirrored again if it is restored.")),
        members: 1,
        ..by_filter(t)
    }
}

fn held(t: Text<'_>) -> ChannelView {
    ChannelView {
        standing: Standing::Held,
        trouble: Some(t(
            "This channel stands still: nobody enters or leaves it. There is no field lifecyclestage_of_the_second_brand_2024 in HubSpot. Refresh the fields or choose another. It goes on by itself once the field is as it was, or once the channel is edited.",
        )),
        ..by_filter(t)
    }
}

fn channels_view(t: Text<'_>) -> ChannelsView {
    let mut channels = vec![by_filter(t), scanning(t), by_list(t), held(t)];
    // Ids are ours and differ, whatever texts hold.
    for (number, one) in channels.iter_mut().enumerate() {
        one.id = format!("ch_{number}");
    }
    ChannelsView { at: connection_frame(t), channels }
}

pub fn operators() -> Vec<(String, String)> {
    let all = [("is", "is"), ("any_of", "is any of"), ("within_last", "is within the last")];
    all.map(|(name, words)| (name.to_owned(), words.to_owned())).to_vec()
}

fn form_view(t: Text<'_>) -> ChannelFormView {
    let condition = |property: &str, operator: &str, input| ConditionView {
        property: t(property),
        operators: operators(),
        operator: operator.to_owned(),
        input,
        wrong: None,
    };
    let row = |field: &str, property: &str, default: &str| MappingView {
        field: t(field),
        property: t(property),
        default: t(default),
        wrong: None,
    };
    let list = |id: &str, name: &str, words: &str| ListLine { id: t(id), name: t(name), words: t(words) };
    ChannelFormView {
        at: connection_frame(t),
        id: None,
        object_type: t("contacts"),
        name: t("Warm leads"),
        by_list: false,
        lists: vec![
            list("12", "Customers", "1,204 contacts · changes by itself"),
            list("14", "Hamburg fair 2026, everybody who left a card", "87 contacts · filled by hand"),
        ],
        list: t("12"),
        filter: FilterForm {
            subject: "A record is selected",
            every: t("every one of the contacts matches"),
            any: true,
            groups: vec![
                GroupView {
                    any: false,
                    conditions: vec![
                        condition(
                            "Lifecycle stage",
                            "any_of",
                            Input::Choices(vec![
                                (t("lead"), t("Lead"), true),
                                (t("mql"), t("Marketing qualified lead"), true),
                                (t("customer"), t("Customer"), false),
                            ]),
                        ),
                        condition(
                            "Last activity",
                            "within_last",
                            Input::Span(t("30"), t("days"), vec!["days", "weeks"]),
                        ),
                        condition("Amount", "is", Input::Two(Entry::Number, t("5"), t("10"))),
                    ],
                },
                GroupView {
                    any: true,
                    conditions: vec![
                        condition("Owner", "is", Input::Choice(t("1"), vec![(t("1"), t("Ada Lovelace"))])),
                        condition("City", "any_of", Input::Lines(t("Bonn\nKöln"))),
                        condition("Closed", "is", Input::One(Entry::Date, t("2026-01-31"))),
                        ConditionView {
                            operators: vec![],
                            input: Input::Nothing,
                            ..condition("", "", Input::Nothing)
                        },
                    ],
                },
            ],
            beyond: None,
            json: t("{\n  \"and\": []\n}"),
            json_open: false,
        },
        fields: vec![row("first_name", "First name", "there"), row("", "E-mail", "")],
        known: vec![(t("First name"), t("firstname")), (t("E-mail"), t("email"))],
        left_out: 374,
        errors: vec![],
        wrong_rows: 0,
        refused: false,
        preview: Some(preview(t)),
        focus: Some("m1-from".to_owned()),
    }
}

fn preview(t: Text<'_>) -> PreviewView {
    PreviewView {
        matching: t("1,204 contacts of 20,012 now."),
        calls: t("No call to HubSpot: the filter reads the mirror."),
        columns: vec![t("first_name"), t("email")],
        examples: vec![
            (t("501"), Some(vec![Some(t("Ada")), Some(t("ada@analytical.example"))])),
            (t("498"), Some(vec![Some(t("there")), None])),
        ],
        reading: false,
        no_examples: t("Nothing matches at the moment."),
    }
}

fn of_list(t: Text<'_>, preview: PreviewView) -> ChannelFormView {
    ChannelFormView { id: Some(t("ch_a")), by_list: true, preview: Some(preview), ..form_view(t) }
}

fn mirrored_list(t: Text<'_>) -> PreviewView {
    PreviewView {
        matching: t("1,204 contacts on the list now."),
        calls: t(
            "The list is mirrored already; keeping it in step takes about 13 calls an hour: one with each check, together with all lists, and everybody once a day. While people keep leaving the list it takes up to 72 an hour.",
        ),
        ..preview(t)
    }
}

/// Nobody follows it.
fn reading_list(t: Text<'_>) -> PreviewView {
    PreviewView {
        matching: t("HubSpot counts 1,204 contacts on the list."),
        calls: t(
            "Reading the list takes 6 calls to HubSpot once; keeping it in step takes about 13 calls an hour: one with each check, together with all lists, and everybody once a day. While people keep leaving the list it takes up to 72 an hour.",
        ),
        columns: vec![],
        examples: vec![],
        reading: true,
        no_examples: t("Examples are being read from HubSpot…"),
    }
}

fn read_list(t: Text<'_>) -> PreviewView {
    let mut examples = preview(t).examples;
    examples.push((t("51207113"), None));
    PreviewView { columns: preview(t).columns, examples, reading: false, ..reading_list(t) }
}

/// The first read of contacts has only begun.
fn unmirrored_list(t: Text<'_>) -> PreviewView {
    PreviewView {
        examples: vec![(t("51207113"), None), (t("51207114"), None)],
        reading: false,
        ..reading_list(t)
    }
}

fn refused_list(t: Text<'_>) -> PreviewView {
    PreviewView {
        reading: false,
        no_examples: t(
            "There are no examples. HubSpot does not let the connection read lists. Connect again and grant crm.lists.read.",
        ),
        ..reading_list(t)
    }
}

fn refused(t: Text<'_>) -> ChannelFormView {
    let mut form = ChannelFormView {
        errors: vec![t("Give the channel a name.")],
        wrong_rows: 2,
        refused: true,
        preview: None,
        ..form_view(t)
    };
    form.filter.groups[0].conditions[2].wrong =
        Some(t("That is not a number. Write it as 1234.5, without spaces and commas."));
    form.fields[1].wrong =
        Some(t("There is no mirrored field “E-mai”. Choose one that is proposed, or refresh the fields."));
    form
}
