//! The form of an action: what can be chosen in it, and what a person sent as an action of the engine's.

mod draft;
mod sources;
mod wrong;

pub use draft::Draft;
pub use sources::Sources;
pub use wrong::Wrong;

use crate::{console::act::Takes, engine::portal::outbox::actions::Name, values::ids::ObjectType};

/// Actions that begin at a record of a type; what HubSpot has no link for is not among them.
pub const fn of_type(kind: ObjectType) -> &'static [Name] {
    use Name::{
        AddNote, AddToList, ClaimAccount, CreateTask, LogCall, RemoveFromList, TimelineEntry, UpdateDeal,
        UpdateRecord,
    };
    match kind {
        ObjectType::Contacts => {
            &[AddNote, CreateTask, LogCall, TimelineEntry, UpdateRecord, AddToList, RemoveFromList]
        }
        ObjectType::Companies => &[
            ClaimAccount,
            AddNote,
            CreateTask,
            LogCall,
            TimelineEntry,
            UpdateRecord,
            AddToList,
            RemoveFromList,
        ],
        ObjectType::Deals => &[UpdateDeal, AddNote, CreateTask, LogCall, TimelineEntry],
        ObjectType::Tasks | ObjectType::Calls | ObjectType::Notes | ObjectType::Custom(_) => &[],
    }
}

pub(super) const TASK_TYPES: [(&str, &str); 3] = [("TODO", "To-do"), ("CALL", "Call"), ("EMAIL", "E-mail")];
pub(super) const PRIORITIES: [(&str, &str); 3] = [("LOW", "Low"), ("MEDIUM", "Medium"), ("HIGH", "High")];
pub(super) const DIRECTIONS: [(&str, &str); 2] = [("OUTBOUND", "Outgoing"), ("INBOUND", "Incoming")];
pub(super) const OUTCOMES: [(&str, &str); 6] = [
    ("connected", "Connected"),
    ("left_live_message", "Left live message"),
    ("left_voicemail", "Left voicemail"),
    ("no_answer", "No answer"),
    ("busy", "Busy"),
    ("wrong_number", "Wrong number"),
];

pub(super) fn options(all: &[(&str, &str)]) -> Takes {
    Takes::OneOf(all.iter().map(|(value, words)| ((*value).to_owned(), (*words).to_owned())).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        console::fill::mappings::Catalog,
        engine::portal::outbox::actions::Refusal,
        values::{
            ids::RecordId,
            time::{HOUR_MS, Timestamp},
        },
    };

    fn sources() -> Sources {
        let mut of = Sources { utc_offset_ms: -5 * HOUR_MS, ..Sources::default() };
        of.take_owners(
            r#"{"results":[{"id":"1","email":"Jane@acme.com","first_name":"Jane","last_name":"Roe","archived":false},
                {"id":"2","email":"gone@acme.com","archived":true}]}"#,
        );
        of.take_lists(
            r#"{"results":[{"id":"5","name":"By hand","object_type":"contacts","processing_type":"manual"},
                {"id":"6","name":"By itself","object_type":"contacts","processing_type":"dynamic"},
                {"id":"7","name":"Companies","object_type":"companies","processing_type":"manual"}]}"#,
            ObjectType::Contacts,
        );
        of.take_stages(r#"{"results":[{"id":"p","label":"Sales","stages":[{"id":"s","label":"Won"}]}]}"#);
        let fields = r#"{"results":[{"name":"plan","label":"Plan","nature":"text","unique":false,"options":[],"options_count":0}]}"#;
        of.catalog = Catalog::read(fields).unwrap();
        of
    }

    fn fields(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    const CONTACT: Option<(ObjectType, RecordId)> = Some((ObjectType::Contacts, RecordId(7)));

    #[test]
    fn what_a_person_sends_becomes_an_action_by_the_accounts_clock() {
        let sent = fields(&[
            ("subject", " Call back "),
            ("due", "2026-11-20T09:30"),
            ("owner", "1"),
            ("priority", ""),
        ]);
        let wanted = Draft::sent(Name::CreateTask, CONTACT, &sent).wanted(&sources()).unwrap();
        let body = serde_json::to_value(&wanted).unwrap();
        assert_eq!(body["due"], "2026-11-20T14:30:00.000Z");
        assert_eq!((&body["subject"], &body["owner"]["id"]), (&json!("Call back"), &json!("1")));
        assert_eq!(body["about"][0]["type"], "contacts");
    }

    #[test]
    fn rows_are_fields_by_what_they_are_called() {
        let sent = fields(&[("field", "Plan"), ("value", "Pro"), ("field", ""), ("value", "")]);
        let wanted = Draft::sent(Name::UpdateRecord, CONTACT, &sent).wanted(&sources()).unwrap();
        assert_eq!(serde_json::to_value(&wanted).unwrap()["properties"], json!({ "plan": "Pro" }));
        let sent = fields(&[("field", "Nonsense"), ("value", "Pro")]);
        let draft = Draft::sent(Name::UpdateRecord, CONTACT, &sent);
        let wrong = draft.wanted(&sources()).unwrap_err();
        let rows = draft.rows(&sources().catalog, &wrong).unwrap();
        assert!(rows[0].wrong.as_ref().is_some_and(|words| words.contains("Nonsense")));
        let empty = Draft::new(Name::UpdateRecord, CONTACT).wanted(&sources()).unwrap_err();
        assert_eq!(empty.form.len(), 1);
    }

    #[test]
    fn all_that_is_wrong_is_said_at_once() {
        let of = sources();
        let sent = fields(&[("at", "soon"), ("duration", "NaN"), ("title", "They called")]);
        let draft = Draft::sent(Name::LogCall, CONTACT, &sent);
        let wrong = draft.wanted(&of).unwrap_err();
        let said: Vec<(&str, &str)> =
            wrong.inputs.iter().map(|(at, words)| (at.as_str(), words.as_str())).collect();
        assert_eq!(said, [("at", "This is no day and time."), ("duration", "This is no number.")]);
        let inputs = draft.inputs(&of, &wrong, "", Timestamp(0));
        let typed = inputs.iter().find(|input| input.name == "title").unwrap();
        assert_eq!((typed.value.as_str(), &typed.wrong), ("They called", &None), "what was typed stays");
        let sent = fields(&[("field", "Nonsense"), ("value", "1"), ("field", "Neither"), ("value", "2")]);
        let wrong = Draft::sent(Name::UpdateRecord, CONTACT, &sent).wanted(&of).unwrap_err();
        assert_eq!((wrong.rows.len(), wrong.form.len()), (2, 0));
    }

    #[test]
    fn every_action_can_be_asked_for_by_its_form() {
        let of = sources();
        for name in Name::ALL {
            let kind = match name {
                Name::ClaimAccount => ObjectType::Companies,
                Name::UpdateDeal => ObjectType::Deals,
                _ => ObjectType::Contacts,
            };
            let about =
                (!matches!(name, Name::ImportCompany | Name::ImportContact)).then_some((kind, RecordId(7)));
            assert!(about.is_none() || of_type(kind).contains(&name), "{name:?} is on no page");
            let draft = Draft::new(name, about);
            let mut pairs: Vec<(String, String)> = draft
                .inputs(&of, &Wrong::default(), "jane@acme.com", Timestamp(1_795_000_000_000))
                .into_iter()
                .map(|input| {
                    let value = match (&input.takes, input.value.is_empty()) {
                        (_, false) => input.value,
                        (Takes::OneOf(all), true) => {
                            all.first().unwrap_or_else(|| panic!("{} has no choice", input.name)).0.clone()
                        }
                        (Takes::Number, true) => "2.5".to_owned(),
                        (Takes::Url, true) => "https://acme.com/1".to_owned(),
                        _ => "acme.com".to_owned(),
                    };
                    (input.name.to_owned(), value)
                })
                .collect();
            pairs.extend(fields(&[("field", "plan"), ("value", "x")]));
            let wanted = Draft::sent(name, about, &pairs).wanted(&of);
            assert_eq!(wanted.map(|wanted| wanted.name()), Ok(name));
        }
    }

    #[test]
    fn a_refusal_stands_where_it_belongs() {
        let refusal = |at: &str| Refusal { at: at.to_owned(), words: "No `x`.".to_owned(), of_account: true };
        assert_eq!(Wrong::of(&refusal("/pipeline")).inputs, [("stage".to_owned(), "No x.".to_owned())]);
        assert_eq!(Wrong::of(&refusal("/properties/a~1b")).rows[0].0, "a/b");
        assert_eq!(Wrong::of(&refusal("/about/0")).form, ["No x."]);
        let minutes = Wrong::of(&refusal("/duration_s")).inputs;
        assert_eq!(minutes, [("duration".to_owned(), "A call lasts 0 to 1,440 minutes.".to_owned())]);
    }

    #[test]
    fn who_looks_at_it_claims_for_themselves() {
        let of = sources();
        let inputs = Draft::new(Name::ClaimAccount, None).inputs(
            &of,
            &Wrong::default(),
            "JANE@acme.com",
            Timestamp(0),
        );
        assert_eq!(inputs[0].value, "1");
        assert!(matches!(&inputs[0].takes, Takes::OneOf(all) if all.len() == 1), "who has left owns nothing");
    }
}
