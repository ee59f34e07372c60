//! Which properties an account's records of a type have, how often, and what values. Owns the choice, made once per
//! seeding.

use std::fmt::Write;

use super::{Shape, words};
use crate::objects::kind::ObjectKind;
use crate::objects::store::Store;
use crate::schema::{Choice, Group, Key, Property, STAGES, Source, ValueType, head_of};
use crate::time::{self, DAY_MS};

/// Group of generated custom properties.
const GROUP: &str = "customer_data";

/// Properties every record has: id, created, modified.
const SYSTEM_COUNT: f64 = 3.0;

/// Length of a rare long value: HubSpot's longest text.
const LONG: usize = 65_536;

/// How a value is made.
#[derive(Debug, Clone)]
enum Maker {
    FirstName,
    LastName,
    FullName,
    Email,
    EmailDomain,
    MoreEmails,
    Company,
    CompanyName,
    CompanyDomain,
    CompanySite,
    DealName,
    Amount,
    JobTitle,
    Phone,
    Website,
    Address,
    City,
    State,
    Zip,
    Country,
    Stage,
    Message,
    OneOf(Vec<String>),
    SomeOf(Vec<String>),
    Number,
    Date,
    DateTime,
    Text,
}

struct Column {
    key: Key,
    maker: Maker,
    /// How many records of 65,536 have a value.
    chance: u32,
}

/// How an account's records of a type are made up.
pub(crate) struct Plan {
    /// In order of key.
    columns: Vec<Column>,
    /// Places of columns that people edit.
    editable: Vec<usize>,
    /// What every update changes: a telephone number or an amount.
    fresh: Option<(Key, Maker)>,
    oddities: bool,
    long_value_one_in: u32,
}

/// One record in the making.
#[derive(Default)]
pub(super) struct Draft {
    text: String,
    /// Key, and where its value ends in `text`.
    ends: Vec<(Key, usize)>,
}

impl Draft {
    /// In order of key.
    pub fn values(&self) -> impl Iterator<Item = (Key, &str)> {
        let starts = std::iter::once(0).chain(self.ends.iter().map(|&(_, end)| end));
        self.ends
            .iter()
            .zip(starts)
            .map(|(&(key, end), start)| (key, self.text.get(start..end).unwrap_or_default()))
    }
}

/// What several of one record's values have in common.
struct Person {
    first: &'static str,
    last: &'static str,
    company: (&'static str, &'static str),
    place: (&'static str, &'static str, &'static str, &'static str),
    has_email: bool,
    serial: u64,
    now_ms: u64,
}

impl Plan {
    /// Chooses properties so that records have as many as asked for on average, and adds missing custom ones.
    pub(super) fn new(store: &mut Store, now_ms: u64, shape: &Shape) -> Self {
        add_custom(store, now_ms, shape.custom_properties);
        let kind = store.kind();
        let core = match kind.type_id {
            "0-2" => core_of_company,
            "0-3" => core_of_deal,
            "0-1" => core_of_contact,
            _ => core_of_other,
        };
        let mut columns: Vec<Column> = Vec::new();
        let mut filler = Vec::new();
        for (key, property) in store.schema.iter() {
            if property.source != Source::Stored || property.archived_at.is_some() || property.unique {
                continue;
            }
            match core(property) {
                Some((maker, percent)) => columns.push(Column { key, maker, chance: percent * 65_536 / 100 }),
                None if property.hubspot_defined && may_fill(kind, property) => {
                    filler.push(Column { key, maker: maker_of(property), chance: 32_768 });
                }
                None if property.hubspot_defined => {}
                None => columns.push(Column { key, maker: maker_of(property), chance: 26_214 }),
            }
        }
        let target = (f64::from(shape.properties_set) - SYSTEM_COUNT).max(1.0);
        let average = |columns: &[Column]| {
            columns.iter().map(|column| f64::from(column.chance) / 65_536.0).sum::<f64>()
        };
        let planned = average(&columns);
        if planned > target {
            // Names and e-mails stay, or records would be nobody.
            for column in columns.iter_mut().filter(|column| column.chance < 60_000) {
                column.chance = (f64::from(column.chance) * target / planned) as u32;
            }
        } else {
            // Half-filled properties, spread over the alphabet, until the average is met.
            let wanted = ((target - planned) * 2.0).round() as usize;
            let step = (filler.len() / wanted.max(1)).max(1);
            columns.extend(filler.into_iter().step_by(step).take(wanted));
        }
        columns.sort_unstable_by_key(|column| column.key);
        let edited = |column: &Column| {
            let property = store.schema.property(column.key);
            !property.read_only && !matches!(column.maker, Maker::Stage) && property.name != "pipeline"
        };
        let editable = (0..columns.len()).filter(|&at| edited(&columns[at])).collect();
        Self {
            columns,
            editable,
            fresh: store.schema.key("phone").map(|key| (key, Maker::Phone)).or_else(|| {
                let names = ["amount", "hs_task_subject", "hs_call_title", "hs_note_body", "name"];
                Some((names.iter().find_map(|name| store.schema.key(name))?, Maker::Amount))
            }),
            oddities: shape.oddities,
            long_value_one_in: shape.long_value_one_in,
        }
    }

    /// Makes up a record; `serial` keeps its e-mail unlike all others.
    pub(super) fn draw(&self, draft: &mut Draft, rng: &mut fastrand::Rng, serial: u64, now_ms: u64) {
        draft.text.clear();
        draft.ends.clear();
        let person = self.person(rng, serial, now_ms);
        for column in &self.columns {
            let follows = matches!(column.maker, Maker::Email | Maker::EmailDomain) && !person.has_email;
            if follows || (column.chance < 65_536 && rng.u32(..65_536) >= column.chance) {
                continue;
            }
            let start = draft.text.len();
            self.write(&column.maker, &mut draft.text, rng, &person);
            if draft.text.len() > start || self.oddities {
                draft.ends.push((column.key, draft.text.len()));
            }
        }
    }

    /// A new value for a property that people edit.
    pub(super) fn draw_edit(
        &self,
        rng: &mut fastrand::Rng,
        serial: u64,
        now_ms: u64,
    ) -> Option<(Key, String)> {
        let column = self.columns.get(*self.editable.get(rng.usize(..self.editable.len().max(1)))?)?;
        let person = Person { has_email: true, ..self.person(rng, serial, now_ms) };
        let mut text = String::new();
        self.write(&column.maker, &mut text, rng, &person);
        Some((column.key, text)).filter(|(_, text)| !text.is_empty())
    }

    /// A telephone number or an amount that no record had before.
    pub(super) fn draw_new(&self, rng: &mut fastrand::Rng) -> Option<(Key, String)> {
        let mut text = String::new();
        match self.fresh.as_ref()? {
            (_, Maker::Phone) => phone(&mut text, rng),
            _ => amount(&mut text, rng),
        }
        Some((self.fresh.as_ref()?.0, text))
    }

    fn person(&self, rng: &mut fastrand::Rng, serial: u64, now_ms: u64) -> Person {
        Person {
            first: one_of(rng, words::FIRST_NAMES),
            last: one_of(rng, words::LAST_NAMES),
            company: one_of(rng, words::COMPANIES),
            place: one_of(rng, words::PLACES),
            has_email: !self.oddities || rng.u8(..20) > 0,
            serial,
            now_ms,
        }
    }

    fn write(&self, maker: &Maker, out: &mut String, rng: &mut fastrand::Rng, person: &Person) {
        let past = |rng: &mut fastrand::Rng| person.now_ms.saturating_sub(rng.u64(..1095 * DAY_MS));
        match maker {
            Maker::FirstName => out.push_str(person.first),
            Maker::LastName => out.push_str(person.last),
            Maker::FullName => put(out, format_args!("{} {}", person.first, person.last)),
            Maker::Email => self.email(out, rng, person),
            Maker::EmailDomain => out.push_str(person.company.1),
            Maker::MoreEmails => {
                let (serial, domain) = (person.serial, person.company.1);
                put(out, format_args!("alt{serial}@{domain}"));
                if self.oddities && rng.bool() {
                    // The same address twice, once in capitals.
                    put(out, format_args!(";ALT{serial}@{domain};other+{serial}@mail.example"));
                }
            }
            Maker::Company => out.push_str(person.company.0),
            Maker::CompanyName => put(out, format_args!("{} {}", person.company.0, person.serial)),
            Maker::CompanyDomain => self.domain(out, person),
            Maker::CompanySite => {
                out.push_str("https://www.");
                self.domain(out, person);
            }
            Maker::DealName => {
                put(out, format_args!("{} – {}", person.company.0, one_of(rng, words::DEALS)));
            }
            Maker::Amount => amount(out, rng),
            Maker::JobTitle => out.push_str(one_of(rng, words::JOB_TITLES)),
            Maker::Phone => phone(out, rng),
            Maker::Website => put(out, format_args!("https://www.{}/", person.company.1)),
            Maker::Address => put(out, format_args!("{} {}", rng.u16(1..300), one_of(rng, words::STREETS))),
            Maker::City => out.push_str(person.place.0),
            Maker::State => out.push_str(person.place.1),
            Maker::Zip => out.push_str(person.place.2),
            Maker::Country => out.push_str(person.place.3),
            Maker::Stage => out.push_str(one_of(rng, STAGES)),
            Maker::Message if self.long_value_one_in > 0 && rng.u32(..self.long_value_one_in) == 0 => {
                let phrase = one_of(rng, words::PHRASES);
                let times = LONG / phrase.chars().count();
                (0..times).for_each(|_| out.push_str(phrase));
            }
            Maker::Message => out.push_str(one_of(rng, words::PHRASES)),
            Maker::OneOf(choices) => {
                out.push_str(choices.get(rng.usize(..choices.len().max(1))).map_or("", |c| c));
            }
            Maker::SomeOf(choices) => {
                let start = out.len();
                for choice in choices.iter().filter(|_| rng.u8(..3) == 0) {
                    if out.len() > start {
                        out.push(';');
                    }
                    out.push_str(choice);
                }
            }
            Maker::Number => match rng.u16(..1000) {
                0..3 if self.oddities => out.push_str("1;2"),
                3..6 if self.oddities => {}
                6..9 if self.oddities => out.push_str("+15551234567"),
                odd if odd < 700 => put(out, format_args!("{}", rng.u32(..10_000))),
                _ => put(out, format_args!("{:.2}", f64::from(rng.u32(..1_000_000)) / 100.0)),
            },
            Maker::Date => out.push_str(&time::iso_date(past(rng))),
            Maker::DateTime => out.push_str(&time::iso(past(rng))),
            Maker::Text => match rng.u8(..100) {
                0 if self.oddities => {}
                1..4 => put(out, format_args!("ref-{:06x}", rng.u32(..1 << 24))),
                _ => out.push_str(one_of(rng, words::PHRASES)),
            },
        }
    }

    /// Nothing keeps two companies from having one domain, and some do.
    fn domain(&self, out: &mut String, person: &Person) {
        let (name, rest) = person.company.1.split_once('.').unwrap_or((person.company.1, "example"));
        if self.oddities && person.serial.is_multiple_of(40) {
            return put(out, format_args!("{name}.{rest}"));
        }
        put(out, format_args!("{name}-{}.{rest}", person.serial));
    }

    fn email(&self, out: &mut String, rng: &mut fastrand::Rng, person: &Person) {
        let start = out.len();
        // Only plain letters stand before the @; the serial number keeps addresses apart.
        out.extend(person.first.chars().filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_lowercase()));
        let tag = if self.oddities && rng.u8(..32) == 0 { "+news" } else { "" };
        put(out, format_args!(".{}{tag}@{}", person.serial, person.company.1));
        if self.oddities && rng.u8(..50) == 0 {
            let upper = out.split_off(start).to_uppercase();
            out.push_str(&upper);
        }
    }
}

fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a String takes everything");
}

fn phone(out: &mut String, rng: &mut fastrand::Rng) {
    let (area, number) = (rng.u16(200..999), rng.u32(..10_000_000));
    match rng.u8(..3) {
        0 => put(out, format_args!("+1{area}{number:07}")),
        1 => put(out, format_args!("({area}) {:03}-{:04}", number / 10_000, number % 10_000)),
        _ => put(out, format_args!("+49 {area} {number:07}")),
    }
}

/// One in a hundred million is the same twice.
fn amount(out: &mut String, rng: &mut fastrand::Rng) {
    put(out, format_args!("{}.{:02}", rng.u32(100..1_000_000), rng.u8(..100)));
}

fn one_of<T: Copy>(rng: &mut fastrand::Rng, list: &[T]) -> T {
    *list.get(rng.usize(..list.len())).expect("word lists are not empty")
}

/// An owner's id.
fn owner() -> Maker {
    Maker::OneOf(crate::owners::generated_ids())
}

/// Properties that make a company one, with how many percent have them.
fn core_of_company(property: &Property) -> Option<(Maker, u32)> {
    Some(match property.name.as_str() {
        "name" => (Maker::CompanyName, 99),
        "domain" => (Maker::CompanyDomain, 92),
        "website" => (Maker::CompanySite, 60),
        "phone" => (Maker::Phone, 65),
        "description" => (Maker::Message, 30),
        "address" => (Maker::Address, 40),
        "city" => (Maker::City, 70),
        "state" => (Maker::State, 60),
        "zip" => (Maker::Zip, 45),
        "country" => (Maker::Country, 75),
        "industry" => (maker_of(property), 70),
        "annualrevenue" | "numberofemployees" => (Maker::Number, 60),
        "lifecyclestage" => (Maker::Stage, 92),
        "hubspot_owner_id" => (owner(), 70),
        _ => return None,
    })
}

/// Properties that make a deal one, with how many percent have them.
fn core_of_deal(property: &Property) -> Option<(Maker, u32)> {
    Some(match property.name.as_str() {
        "dealname" => (Maker::DealName, 100),
        "dealstage" => (maker_of(property), 100),
        "pipeline" => (Maker::OneOf(vec!["default".into()]), 100),
        "amount" => (Maker::Amount, 90),
        "closedate" => (Maker::DateTime, 85),
        "dealtype" => (maker_of(property), 60),
        "description" => (Maker::Message, 25),
        "hubspot_owner_id" => (owner(), 90),
        _ => return None,
    })
}

/// Properties that make a task, a call or a note one, with how many percent have them.
fn core_of_other(property: &Property) -> Option<(Maker, u32)> {
    Some(match property.name.as_str() {
        "hs_timestamp" => (Maker::DateTime, 100),
        "hs_task_subject" | "hs_call_title" | "name" => (Maker::DealName, 97),
        "hs_task_body" | "hs_call_body" | "hs_note_body" => (Maker::Message, 60),
        "hs_task_status" | "hs_call_status" | "hs_call_direction" => (maker_of(property), 95),
        "hs_call_duration" => (Maker::Number, 80),
        "hubspot_owner_id" => (owner(), 70),
        _ => return None,
    })
}

/// Properties that make a contact somebody, with how many percent have them.
fn core_of_contact(property: &Property) -> Option<(Maker, u32)> {
    Some(match property.name.as_str() {
        "firstname" => (Maker::FirstName, 97),
        "lastname" => (Maker::LastName, 95),
        "hs_full_name_or_email" => (Maker::FullName, 100),
        "email" => (Maker::Email, 100),
        "hs_email_domain" => (Maker::EmailDomain, 100),
        "hs_additional_emails" => (Maker::MoreEmails, 3),
        "company" => (Maker::Company, 80),
        "jobtitle" => (Maker::JobTitle, 65),
        "phone" => (Maker::Phone, 70),
        "mobilephone" => (Maker::Phone, 30),
        "website" => (Maker::Website, 50),
        "address" => (Maker::Address, 35),
        "city" => (Maker::City, 55),
        "state" => (Maker::State, 45),
        "zip" => (Maker::Zip, 40),
        "country" => (Maker::Country, 60),
        "lifecyclestage" => (Maker::Stage, 92),
        "message" => (Maker::Message, 25),
        "hubspot_owner_id" => (owner(), 60),
        _ => return None,
    })
}

/// HubSpot's own properties that stand in for the many an account has; not those the simulator keeps itself.
fn may_fill(kind: &ObjectKind, property: &Property) -> bool {
    !property.hidden && !kind.table.kept.contains(&property.name.as_str()) && !property.external_choices
}

fn maker_of(property: &Property) -> Maker {
    let choices = || property.choices.iter().map(|choice| choice.value.clone()).collect();
    let booleans = || vec!["true".to_owned(), "false".to_owned()];
    match property.value_type {
        ValueType::Bool => Maker::OneOf(booleans()),
        ValueType::Enumeration if property.field_type == "checkbox" => Maker::SomeOf(choices()),
        ValueType::Enumeration if property.choices.is_empty() => Maker::OneOf(booleans()),
        ValueType::Enumeration => Maker::OneOf(choices()),
        ValueType::Number => Maker::Number,
        ValueType::Date => Maker::Date,
        ValueType::Datetime => Maker::DateTime,
        ValueType::PhoneNumber => Maker::Phone,
        ValueType::String => Maker::Text,
    }
}

/// Adds custom properties until the account has `count`.
fn add_custom(store: &mut Store, now_ms: u64, count: u32) {
    let group =
        Group { label: "Customer data".into(), display_order: 0, hubspot_defined: false, archived: false };
    if count > 0 {
        store.schema.groups.entry(GROUP.into()).or_insert(group);
    }
    for place in store.schema.own_count()..count as usize {
        let (stem, kind) = words::CUSTOM[place % words::CUSTOM.len()];
        let name = match place / words::CUSTOM.len() {
            0 => stem.to_owned(),
            round => format!("{stem}_{round}"),
        };
        if store.schema.key(&name).is_some() {
            continue;
        }
        let (value_type, field_type) = match kind {
            "number" => (ValueType::Number, "number"),
            "enumeration" => (ValueType::Enumeration, "select"),
            "checkbox" => (ValueType::Enumeration, "checkbox"),
            "date" => (ValueType::Date, "date"),
            "datetime" => (ValueType::Datetime, "date"),
            "bool" => (ValueType::Bool, "booleancheckbox"),
            other => (ValueType::String, if other == "textarea" { "textarea" } else { "text" }),
        };
        let values = if value_type == ValueType::Enumeration { words::CUSTOM_CHOICES } else { &[] };
        let choices = (0..).zip(values).map(|(display_order, &value)| Choice {
            label: value.replace('_', " "),
            value: value.into(),
            display_order,
            hidden: false,
            description: None,
        });
        store.schema.add(Property {
            head: head_of(&name),
            label: name.replace('_', " "),
            value_type,
            field_type: field_type.into(),
            group: GROUP.into(),
            description: String::new(),
            choices: choices.collect(),
            external_choices: false,
            calculated: false,
            read_only: false,
            hidden: false,
            form_field: false,
            hubspot_defined: false,
            unique: false,
            display_order: -1,
            created_at: now_ms,
            updated_at: now_ms,
            archived_at: None,
            source: Source::Stored,
            name,
        });
    }
}
