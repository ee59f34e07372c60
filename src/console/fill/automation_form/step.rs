//! A step as its form holds it: what its inputs are by its action, and the JSON of what they cannot show.

use serde_json::{Map, Value, json};

use crate::{
    console::{
        act::{Input, Takes},
        automation_form::StepForm,
        fill::act::{DIRECTIONS, OUTCOMES, PRIORITIES, Sources, TASK_TYPES, options},
    },
    engine::portal::outbox::actions::Name,
    values::json as own_json,
};

/// What an input of a step holds, and how that is said in the step.
#[derive(Clone, Copy)]
enum Holds {
    /// A line.
    Line,
    /// Several lines.
    Text,
    /// An id, which may be written as a number.
    Id,
    /// `{"email": …}`, or `{"id": …}` of what is nothing but digits.
    Owner,
    /// `{"domain": …}`.
    Domain,
    /// A list's id.
    List,
    /// One of these.
    OneOf(&'static [(&'static str, &'static str)]),
    /// Fields of the record, `name = value`, one a line.
    Fields,
}

/// An input of a step: the member's name, its label, what it is where nothing is said, what it holds.
type Member = (&'static str, &'static str, &'static str, Holds);

const TYPES: [(&str, &str); 3] = [("contacts", "Contact"), ("companies", "Company"), ("deals", "Deal")];
const OWNER: Member = ("owner", "Owner", "", Holds::Owner);
const FIELDS: Member = ("properties", "Fields", "", Holds::Fields);
const TOMORROW: &str = "{{now + 1 days}}";
const WHEN: &str = "{{signal.at}}";

/// The inputs of a step. What a step may say besides is JSON.
fn members(action: &str) -> &'static [Member] {
    const LIST: &[Member] =
        &[("list", "List", "", Holds::List), ("record", "Record", "{{contact.id}}", Holds::Id)];
    match Name::ALL.into_iter().find(|name| name.as_str() == action) {
        Some(Name::ImportCompany) => &[
            ("domain", "Domain", "{{account.domain}}", Holds::Line),
            ("name", "Name", "{{account.name}}", Holds::Line),
            OWNER,
            FIELDS,
        ],
        Some(Name::ImportContact) => &[
            ("email", "E-mail address", "{{visitor.email}}", Holds::Line),
            ("company", "Domain of the company", "{{account.domain}}", Holds::Domain),
            OWNER,
            FIELDS,
        ],
        Some(Name::ClaimAccount) => &[OWNER, ("company", "Company", "{{company.id}}", Holds::Id)],
        Some(Name::AddToList | Name::RemoveFromList) => LIST,
        Some(Name::CreateTask) => &[
            ("subject", "Subject", "", Holds::Line),
            ("due", "Due", TOMORROW, Holds::Line),
            ("type", "Kind", "", Holds::OneOf(&TASK_TYPES)),
            ("priority", "Priority", "", Holds::OneOf(&PRIORITIES)),
            OWNER,
            ("body", "Notes", "", Holds::Text),
        ],
        Some(Name::LogCall) => &[
            ("title", "Title", "", Holds::Line),
            ("at", "When", WHEN, Holds::Line),
            ("outcome", "Outcome", "", Holds::OneOf(&OUTCOMES)),
            ("direction", "Direction", "", Holds::OneOf(&DIRECTIONS)),
            OWNER,
            ("notes", "Notes", "", Holds::Text),
        ],
        Some(Name::AddNote) => &[("body", "Note", "", Holds::Text), OWNER],
        Some(Name::UpdateDeal) => &[
            ("deal", "Deal", "", Holds::Id),
            ("stage", "Stage", "", Holds::Line),
            ("pipeline", "Pipeline", "", Holds::Line),
            FIELDS,
        ],
        Some(Name::UpdateRecord) => &[
            ("type", "Of", "", Holds::OneOf(&TYPES)),
            ("record", "Record", "the contact or the company of the signal", Holds::Id),
            FIELDS,
        ],
        Some(Name::TimelineEntry) => &[
            ("title", "Title", "", Holds::Line),
            ("at", "When", WHEN, Holds::Line),
            ("url", "Link to more", "", Holds::Line),
            ("body", "Text", "", Holds::Text),
        ],
        None => &[],
    }
}

impl Holds {
    /// What a member is in the form; `None`: the input cannot show it.
    fn text(self, value: &Value) -> Option<String> {
        let line = |value: &Value| {
            let text = value.as_str()?;
            (!text.contains('\n') && !text.is_empty() && text.trim() == text).then(|| text.to_owned())
        };
        let only = |name: &str| {
            let members = value.as_object().filter(|members| members.len() == 1)?;
            line(members.get(name)?)
        };
        match self {
            Self::Line => line(value),
            Self::Text => value.as_str().filter(|text| !text.trim().is_empty()).map(str::to_owned),
            Self::Id | Self::List => line(value).or_else(|| Some(value.as_u64()?.to_string())),
            Self::Owner => {
                let id = only("id").filter(|id| is_id(id));
                id.or_else(|| only("email").filter(|email| !is_id(email)))
            }
            Self::Domain => only("domain"),
            Self::OneOf(all) => line(value).filter(|text| all.iter().any(|(own, _)| own == text)),
            Self::Fields => {
                let fields = value.as_object().filter(|fields| !fields.is_empty())?;
                let row = |(name, value): (&String, &Value)| {
                    let value =
                        value.as_str().filter(|value| !value.contains('\n') && value.trim() == *value);
                    let is_name = !name.contains('=') && name.trim() == name && !name.is_empty();
                    Some(format!("{name} = {}", value.filter(|_| is_name)?))
                };
                Some(fields.iter().map(row).collect::<Option<Vec<_>>>()?.join("\n"))
            }
        }
    }

    /// The member that a text means; `Err`: what is wrong with it.
    fn value(self, text: &str) -> Result<Value, String> {
        Ok(match self {
            Self::Line | Self::Id | Self::List | Self::OneOf(_) | Self::Text => text.into(),
            Self::Owner if is_id(text) => json!({ "id": text }),
            Self::Owner => json!({ "email": text }),
            Self::Domain => json!({ "domain": text }),
            Self::Fields => {
                let mut fields = Map::new();
                for row in text.lines().map(str::trim).filter(|row| !row.is_empty()) {
                    let Some((name, value)) = row.split_once('=') else {
                        return Err(format!("“{row}” is no field with its value. Write it as name = value."));
                    };
                    fields.insert(name.trim().to_owned(), value.trim().into());
                }
                Value::Object(fields)
            }
        })
    }

    fn takes(self, of: &Sources, value: &str) -> Takes {
        match self {
            Self::Line | Self::Id | Self::Domain => Takes::Line(2_000),
            Self::Text | Self::Fields => Takes::Text,
            Self::Owner => Takes::Proposed("owners"),
            Self::OneOf(all) => options(all),
            Self::List => {
                let mut lists = of.lists().to_vec();
                if !value.is_empty() && !lists.iter().any(|(id, _)| id == value) {
                    lists.push((value.to_owned(), value.to_owned()));
                }
                Takes::OneOf(lists)
            }
        }
    }
}

fn is_id(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn help(name: &str, implied: &str, holds: Holds) -> String {
    match holds {
        _ if !implied.is_empty() => format!("Left empty: {implied}."),
        Holds::Fields => "One a line: name = value, by HubSpot's internal names.".to_owned(),
        Holds::Owner => "Their e-mail address in HubSpot.".to_owned(),
        _ if name == "deal" => "The id of the deal.".to_owned(),
        _ => String::new(),
    }
}

/// What must be said of an action for a signal.
fn is_needed(action: &str, member: &str) -> bool {
    matches!(
        (action, member),
        ("create_task", "subject")
            | ("add_note", "body")
            | ("timeline_entry", "title")
            | ("claim_account", "owner")
            | ("add_to_list" | "remove_from_list", "list")
            | ("update_deal", "deal")
            | ("update_record", "type")
    )
}

/// A step as its form holds it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::console::fill) struct StepDraft {
    pub(in crate::console::fill) action: String,
    /// By the member's name; of what is there in any action.
    pub(in crate::console::fill) values: Vec<(String, String)>,
    /// What else it says, as JSON.
    pub(in crate::console::fill) more: String,
}

impl StepDraft {
    pub(in crate::console::fill) fn of(step: &Value) -> Option<Self> {
        let mut rest = step.as_object()?.clone();
        let action = rest.remove("action")?.as_str()?.to_owned();
        Name::ALL.into_iter().find(|name| name.as_str() == action)?;
        let mut values = Vec::new();
        for (name, _, _, holds) in members(&action) {
            if let Some(text) = rest.get(*name).and_then(|value| holds.text(value)) {
                rest.remove(*name);
                values.push(((*name).to_owned(), text));
            }
        }
        let more = if rest.is_empty() { String::new() } else { format!("{:#}", Value::Object(rest)) };
        Some(Self { action, values, more })
    }

    /// Whether a form of the action has an input of that name.
    pub(in crate::console::fill) fn takes(&self, name: &str) -> bool {
        members(&self.action).iter().any(|(own, ..)| *own == name)
    }

    fn value(&self, name: &str) -> &str {
        self.values.iter().find(|(own, _)| own == name).map_or("", |(_, value)| value)
    }

    pub(in crate::console::fill) fn built(&self) -> Result<Value, String> {
        let mut step = Map::new();
        step.insert("action".to_owned(), self.action.as_str().into());
        for (name, _, _, holds) in members(&self.action) {
            let text = self.value(name).trim();
            if !text.is_empty() {
                step.insert((*name).to_owned(), holds.value(text)?);
            }
        }
        if !self.more.trim().is_empty() {
            let more = own_json::parse::<Map<String, Value>>(&self.more);
            step.extend(more.map_err(|_| {
                "What is written as JSON is no object: a bracket, quote or comma is missing or too much."
                    .to_owned()
            })?);
        }
        Ok(Value::Object(step))
    }

    pub(super) fn view(&self, of: &Sources, wrong: Option<String>) -> StepForm {
        self.view_with(of, wrong, &|_, implied| implied, &is_needed)
    }

    /// The form to be shown. `implied`: what a member is where nothing is said, by its name and what it is for a signal; `is_needed`: whether
    /// it must be said, by the action and its name.
    pub(in crate::console::fill) fn view_with(
        &self,
        of: &Sources,
        wrong: Option<String>,
        implied: &dyn Fn(&str, &'static str) -> &'static str,
        is_needed: &dyn Fn(&str, &str) -> bool,
    ) -> StepForm {
        let input = |(name, label, own, holds): &Member| Input {
            name,
            label,
            help: help(name, implied(name, own), *holds),
            value: self.value(name).to_owned(),
            takes: holds.takes(of, self.value(name)),
            required: is_needed(&self.action, name) && self.more.is_empty(),
            wrong: None,
        };
        StepForm {
            action: self.action.clone(),
            inputs: members(&self.action).iter().map(input).collect(),
            more: self.more.clone(),
            wrong,
        }
    }
}
