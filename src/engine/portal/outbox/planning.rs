//! What actions come to: the writes of each, or why there are none.
//!
//! Everything is checked against what is known here before HubSpot is asked: fields, owners, stages, records that are gone. A company or
//! contact that is there already is found as [`matching`] finds it, here and once more when the write leaves. Owns nothing.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::{
    engine::portal::{
        Portal, Turn,
        mappings::{self, definitions},
        matching::{self, Account, Person, WhyNot},
        outbox::{
            KEPT_OUT, Who, Write,
            actions::{CompanyOf, FIELDS_LIMIT, Name, Refusal, TEXT_CHARS, TIES_LIMIT, Tie, Wanted},
            named::{claimed_by, list_takes_members, owned, staged},
            timeline::{self, TITLE_CHARS, URL_CHARS},
        },
    },
    hubspot::writes::{Values, unlabelled},
    store::{portal::records, sql::SqlError},
    values::{
        domain::Domain,
        ids::{ObjectType, RecordId, SeatId},
        json,
        mapping::Why,
        property_value::{self, Manner},
        time::Timestamp,
    },
};

/// The writes of an action, or why there are none.
pub(super) type Plan = Result<Vec<Write>, Refusal>;

/// HubSpot's own outcomes of calls (`hubspot-api.md` 4.7).
const OUTCOMES: [(&str, &str); 6] = [
    ("busy", "9d9162e7-6cf3-4944-bf63-4dff82258764"),
    ("connected", "f240bbac-87c9-4f6e-bf70-924b57d47db7"),
    ("left_live_message", "a4c4c377-d246-4b32-a13b-75a56a4cd0ff"),
    ("left_voicemail", "b2cf5968-551e-4856-9783-52b3da59a7d0"),
    ("no_answer", "73a0d17f-1163-4015-bdd5-ec830791da20"),
    ("wrong_number", "17b47fee-58de-441e-a44c-c6300d46f273"),
];

/// Ends with the refusal.
macro_rules! allowed {
    ($result:expr) => {
        match $result {
            Ok(value) => value,
            Err(refusal) => return Ok(Err(refusal)),
        }
    };
}

/// Checks that may be missing before the mirror is too old to say that there is no such company: with checks every five minutes a
/// quarter of an hour.
const CHECKS_MISSED: i64 = 3;

/// What of the mirror a create would be made beside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// This record is it.
    Record(RecordId),
    /// None is.
    Nobody,
    /// None of those that have been read: the others are still to come.
    NotYet,
}

impl Portal {
    /// The company that a name stands for.
    fn company_of(&self, turn: &Turn<'_>, name: &str) -> Result<Found, SqlError> {
        let account = Account { domain: Some(name.to_owned()), ..Account::default() };
        let found = matching::companies(turn.sql, &[account])?;
        self.found(turn, ObjectType::Companies, found.first().and_then(matching::Match::chosen))
    }

    /// The record of the mirror that a create would be made beside: the one that matching would choose.
    pub(super) fn counterpart(&self, turn: &Turn<'_>, write: &Write) -> Result<Found, SqlError> {
        let Write::Create { object_type, values, unless: Some(name), .. } = write else {
            return Ok(Found::Nobody);
        };
        if *object_type == ObjectType::Companies {
            // The whole name, which tells more of it than what was registered.
            return self.company_of(turn, values.get("domain").unwrap_or(name));
        }
        let person = Person { email: name.clone(), ..Person::default() };
        let found = matching::contacts(turn.sql, &[person], &|id, properties| {
            self.blocks.keeps_out(*object_type, id, properties)
        })?;
        self.found(turn, *object_type, found.first().and_then(matching::Match::chosen))
    }

    fn found(&self, turn: &Turn<'_>, kind: ObjectType, chosen: Option<RecordId>) -> Result<Found, SqlError> {
        Ok(match (chosen, self.not_ready(turn, kind)?) {
            (Some(id), _) => Found::Record(id),
            // Of contacts HubSpot says itself whether there is one; companies that nobody may read any more wait for who may.
            (None, Some(_)) if kind == ObjectType::Companies => Found::NotYet,
            (None, None) if kind == ObjectType::Companies && self.is_behind(turn, kind) => Found::NotYet,
            (None, _) => Found::Nobody,
        })
    }

    /// Whether what happened to records of a type lately is not known: checks that were due have not come to their end.
    pub(in crate::engine::portal) fn is_behind(&self, turn: &Turn<'_>, kind: ObjectType) -> bool {
        let own = self.streams.iter().find(|running| running.saved.object_type == kind);
        let Some(saved) = own.map(|own| &own.saved).filter(|saved| saved.backfill.is_none()) else {
            return false;
        };
        let known_at = saved.checked_at.max(saved.reconcile.read_at);
        known_at.is_some_and(|at| turn.now.since_ms(at) > CHECKS_MISSED * turn.config.work.check_every_ms)
    }

    /// Refuses to make a company where the connection may read none: it would stand beside the one that is there.
    fn sees_companies(&self, turn: &Turn<'_>, at: &str) -> Result<Result<(), Refusal>, SqlError> {
        let unseen = self.not_ready(turn, ObjectType::Companies)? == Some(WhyNot::NotMirrored);
        let words = "The connection may not read companies, so nobody knows whether HubSpot has this one: grant it the scope that its page names.";
        Ok(if unseen { Err(Refusal::of_account(at, words)) } else { Ok(()) })
    }

    /// What an action comes to.
    pub(super) fn plan_action(&self, turn: &Turn<'_>, wanted: &Wanted) -> Result<Plan, SqlError> {
        Ok(match wanted {
            Wanted::ImportCompany { domain, name, properties, owner } => {
                allowed!(self.sees_companies(turn, "/domain")?);
                let mut values = allowed!(self.values(turn, ObjectType::Companies, properties)?);
                allowed!(owned(turn, &mut values, owner.as_ref())?);
                let domain = allowed!(domain_of(domain, "/domain"));
                let name = name.clone().unwrap_or_else(|| domain.host().to_owned());
                values.entry("name".to_owned()).or_insert(name);
                Ok(vec![company(&domain, values)])
            }
            Wanted::ImportContact { email, properties, company: of, owner } => {
                let email = email.trim().to_lowercase();
                if !email.contains('@') || email.len() > 254 || email.contains(char::is_whitespace) {
                    return Ok(Err(Refusal::new("/email", "This is no e-mail address.")));
                }
                if self.blocks.has_email(&email) {
                    return Ok(Err(Refusal::of_account("/email", KEPT_OUT)));
                }
                let mut values = allowed!(self.values(turn, ObjectType::Contacts, properties)?);
                allowed!(owned(turn, &mut values, owner.as_ref())?);
                values.insert("email".to_owned(), email.clone());
                let mut writes = Vec::new();
                let of = match of {
                    None => None,
                    Some(CompanyOf::Id(id)) => {
                        allowed!(self.there(turn, ObjectType::Companies, *id, "/company/id")?);
                        Some(Who::Id(*id))
                    }
                    Some(CompanyOf::Domain(domain)) => {
                        allowed!(self.sees_companies(turn, "/company/domain")?);
                        let domain = allowed!(domain_of(domain, "/company/domain"));
                        Some(match self.company_of(turn, domain.host())? {
                            Found::Record(id) => Who::Id(id),
                            Found::Nobody | Found::NotYet => {
                                let values = Values::from([("name".to_owned(), domain.host().to_owned())]);
                                writes.push(company(&domain, values));
                                Who::Step(0)
                            }
                        })
                    }
                };
                let contact = writes.len() as u8;
                writes.push(Write::Create {
                    object_type: ObjectType::Contacts,
                    values,
                    ties: Vec::new(),
                    unless: Some(email),
                    droppable: BTreeSet::new(),
                    seat: None,
                    entry: None,
                    links_of: None,
                });
                // A link of its own, as the contact may be there already, without it.
                writes.extend(of.map(|of| Write::Tie {
                    from: ObjectType::Contacts,
                    from_id: Who::Step(contact),
                    to: ObjectType::Companies,
                    to_id: of,
                }));
                Ok(writes)
            }
            Wanted::ClaimAccount { company, owner } => {
                allowed!(self.there(turn, ObjectType::Companies, *company, "/company")?);
                let mut values = Values::new();
                allowed!(claimed_by(turn, &mut values, owner)?);
                Ok(vec![update(ObjectType::Companies, *company, values)])
            }
            Wanted::AddToList { list, record } | Wanted::RemoveFromList { list, record } => {
                let kind = allowed!(list_takes_members(turn, *list)?);
                let add = wanted.name() == Name::AddToList;
                if let (Some(kind), true) = (kind, add) {
                    allowed!(self.there(turn, kind, *record, "/record")?);
                }
                Ok(vec![Write::Member { list: *list, add, id: Who::Id(*record) }])
            }
            Wanted::CreateTask { subject, body, task_type, priority, due, owner, about } => {
                let mut values = Values::new();
                put(&mut values, "hs_task_subject", Some(subject));
                put(&mut values, "hs_task_body", body.as_ref());
                put(&mut values, "hs_task_status", Some(&"NOT_STARTED".to_owned()));
                let kind = task_type.as_deref().unwrap_or("TODO");
                allowed!(one_of(&mut values, "hs_task_type", kind, &["TODO", "CALL", "EMAIL"], "/type"));
                if let Some(priority) = priority {
                    let all = ["LOW", "MEDIUM", "HIGH"];
                    allowed!(one_of(&mut values, "hs_task_priority", priority, &all, "/priority"));
                }
                values.insert("hs_timestamp".to_owned(), allowed!(moment(due, "/due")));
                allowed!(owned(turn, &mut values, owner.as_ref())?);
                self.activity(turn, ObjectType::Tasks, values, (about, false))?
            }
            Wanted::LogCall { .. } => self.call(turn, wanted, false)?,
            Wanted::AddNote { body, at, owner, about } => {
                let mut values = Values::new();
                put(&mut values, "hs_note_body", Some(body));
                let now = turn.now.to_rfc3339();
                let at = at.as_deref().unwrap_or(&now);
                values.insert("hs_timestamp".to_owned(), allowed!(moment(at, "/at")));
                allowed!(owned(turn, &mut values, owner.as_ref())?);
                self.activity(turn, ObjectType::Notes, values, (about, false))?
            }
            Wanted::TimelineEntry { about, title, body, url, at } => {
                let short = |text: &str, most: usize| (1..=most).contains(&text.trim().chars().count());
                if !short(title, TITLE_CHARS) {
                    let words = format!("A title has 1 to {TITLE_CHARS} characters.");
                    return Ok(Err(Refusal::new("/title", words)));
                }
                if body.as_ref().is_some_and(|body| body.chars().count() > TEXT_CHARS / 2) {
                    let words = format!("A text has at most {} characters.", TEXT_CHARS / 2);
                    return Ok(Err(Refusal::new("/body", words)));
                }
                let linkable = |url: &String| url.starts_with("https://") && short(url, URL_CHARS);
                if !url.as_ref().is_none_or(linkable) {
                    let words =
                        format!("A link begins with `https://` and has {URL_CHARS} characters at most.");
                    return Ok(Err(Refusal::new("/url", words)));
                }
                let now = turn.now.to_rfc3339();
                let at = allowed!(moment(at.as_deref().unwrap_or(&now), "/at"));
                let mut values = Values::from([("hs_timestamp".to_owned(), at.clone())]);
                let entry = timeline::entry_of(*about, (title, body.as_ref(), url.as_ref()), at);
                let Some(entry) = entry else {
                    let words = "Entries are on timelines of contacts, companies and deals.";
                    return Ok(Err(Refusal::new("/about/type", words)));
                };
                let (entry, html) = allowed!(self.route_entry(turn, entry));
                values.insert("hs_note_body".to_owned(), html);
                let mut writes =
                    allowed!(self.activity(turn, ObjectType::Notes, values, (&[*about], false))?);
                if let Some(Write::Create { entry: own, .. }) = writes.first_mut() {
                    *own = Some(entry);
                }
                Ok(writes)
            }
            Wanted::UpdateDeal { deal, stage, pipeline, properties } => {
                allowed!(self.there(turn, ObjectType::Deals, *deal, "/deal")?);
                let mut values = allowed!(self.values(turn, ObjectType::Deals, properties)?);
                let held = self.held(turn, ObjectType::Deals, *deal)?.unwrap_or_default();
                let own = held.get("pipeline").map(String::as_str);
                allowed!(staged(turn, &mut values, (stage.as_deref(), pipeline.as_deref()), own)?);
                Ok(vec![update(ObjectType::Deals, *deal, values)])
            }
            Wanted::UpdateRecord { object_type, record, properties } => {
                allowed!(self.there(turn, *object_type, *record, "/record")?);
                let values = allowed!(self.values(turn, *object_type, properties)?);
                Ok(vec![update(*object_type, *record, values)])
            }
        })
    }

    /// What an action comes to that a seat does with its own token: a call that is logged. Of the mirror it is told nothing; HubSpot says
    /// whether the user may see what is named. `owner`: the user as an owner.
    pub(super) fn plan_of_seat(
        &self,
        turn: &Turn<'_>,
        wanted: &Wanted,
        (seat, owner): (&SeatId, Option<String>),
    ) -> Result<Plan, SqlError> {
        let mut writes = allowed!(self.call(turn, wanted, true)?);
        for write in &mut writes {
            write.leave_with(seat);
            if let (Write::Create { values, .. }, Some(owner)) = (write, &owner) {
                values.insert("hubspot_owner_id".to_owned(), owner.clone());
            }
        }
        Ok(Ok(writes))
    }

    /// `of_seat`: what the mirror knows is told to nobody.
    fn call(&self, turn: &Turn<'_>, wanted: &Wanted, of_seat: bool) -> Result<Plan, SqlError> {
        let Wanted::LogCall {
            title,
            notes,
            at,
            duration_s,
            outcome,
            direction,
            from,
            to,
            recording_url,
            owner,
            completes_task,
            about,
        } = wanted
        else {
            return Ok(Ok(Vec::new()));
        };
        let mut values = Values::new();
        put(&mut values, "hs_call_title", title.as_ref());
        put(&mut values, "hs_call_body", notes.as_ref());
        put(&mut values, "hs_call_status", Some(&"COMPLETED".to_owned()));
        put(&mut values, "hs_call_from_number", from.as_ref());
        put(&mut values, "hs_call_to_number", to.as_ref());
        values.insert("hs_timestamp".to_owned(), allowed!(moment(at, "/at")));
        if let Some(seconds) = duration_s {
            if !(0.0..=86_400.0).contains(seconds) {
                return Ok(Err(Refusal::new("/duration_s", "A call lasts 0 to 86,400 seconds.")));
            }
            values.insert("hs_call_duration".to_owned(), format!("{:.0}", seconds * 1_000.0));
        }
        if let Some(outcome) = outcome {
            let known = OUTCOMES.iter().find(|(name, id)| name == outcome || id == outcome);
            let id = known.map_or(outcome.as_str(), |(_, id)| id);
            if id.len() != 36 {
                let names: Vec<&str> = OUTCOMES.iter().map(|(name, _)| *name).collect();
                let words = format!("An outcome is HubSpot's id of it, or one of `{}`.", names.join("`, `"));
                return Ok(Err(Refusal::new("/outcome", words)));
            }
            values.insert("hs_call_disposition".to_owned(), id.to_owned());
        }
        let direction = direction.as_deref().unwrap_or("OUTBOUND");
        let both = ["INBOUND", "OUTBOUND"];
        allowed!(one_of(&mut values, "hs_call_direction", direction, &both, "/direction"));
        if let Some(url) = recording_url {
            if !url.starts_with("https://") {
                return Ok(Err(Refusal::new(
                    "/recording_url",
                    "HubSpot takes recordings at `https://` only.",
                )));
            }
            values.insert("hs_call_recording_url".to_owned(), url.clone());
        }
        allowed!(owned(turn, &mut values, owner.as_ref())?);
        let named = about.as_deref().unwrap_or_default();
        let mut writes = allowed!(self.activity(turn, ObjectType::Calls, values, (named, of_seat))?);
        // As in HubSpot's own pages: a call that is made from a task is of whom the task is about, unless its maker says otherwise.
        if let (Some(Write::Create { links_of, .. }), true, None) = (writes.first_mut(), of_seat, about) {
            *links_of = *completes_task;
        }
        if let Some(task) = completes_task {
            let values = Values::from([("hs_task_status".to_owned(), "COMPLETED".to_owned())]);
            let mut completion = update(ObjectType::Tasks, *task, values);
            if let Write::Update { after, .. } = &mut completion {
                // Nothing is done that was not logged.
                *after = Some(0);
            }
            writes.push(completion);
        }
        Ok(Ok(writes))
    }

    fn activity(
        &self,
        turn: &Turn<'_>,
        kind: ObjectType,
        values: Values,
        (about, of_seat): (&[Tie], bool),
    ) -> Result<Plan, SqlError> {
        if about.len() > TIES_LIMIT {
            return Ok(Err(Refusal::new("/about", format!("At most {TIES_LIMIT} records."))));
        }
        for (name, value) in &values {
            if value.chars().count() > TEXT_CHARS {
                let words = format!("HubSpot takes {TEXT_CHARS} characters of `{name}`.");
                return Ok(Err(Refusal::new("", words)));
            }
        }
        let mut ties = Vec::new();
        for (index, tie) in about.iter().enumerate() {
            let at = format!("/about/{index}");
            if unlabelled(kind, tie.object_type).is_none() {
                let words =
                    format!("HubSpot has no link from {kind} to {} that is documented.", tie.object_type);
                return Ok(Err(Refusal::new(at, words)));
            }
            if !of_seat {
                allowed!(self.there(turn, tie.object_type, tie.id, &at)?);
            } else if self.blocks.has(tie.object_type, tie.id) {
                return Ok(Err(Refusal::of_account(at, KEPT_OUT)));
            }
            ties.push((tie.object_type, Who::Id(tie.id)));
        }
        let droppable = BTreeSet::new();
        Ok(Ok(vec![Write::Create {
            object_type: kind,
            values,
            ties,
            unless: None,
            droppable,
            seat: None,
            entry: None,
            links_of: None,
        }]))
    }

    /// Refuses a record that the mirror knows to be gone; one that it does not know may be there.
    fn there(
        &self,
        turn: &Turn<'_>,
        kind: ObjectType,
        id: RecordId,
        at: &str,
    ) -> Result<Result<(), Refusal>, SqlError> {
        if !self.mirrors(kind) {
            return Ok(Ok(()));
        }
        let known = records::known(turn.sql, kind, &[id], None)?;
        let gone = known.first().is_some_and(|row| !row.live) || self.blocks.has(kind, id);
        if !gone {
            return Ok(Ok(()));
        }
        let words = match records::merged_into(turn.sql, kind, id)? {
            Some(into) => format!("This record became part of {into}."),
            None => "This record is not in HubSpot any more.".to_owned(),
        };
        Ok(Err(Refusal::of_account(at, words)))
    }

    /// The host's values as HubSpot takes them, checked against the fields that are known.
    fn values(
        &self,
        turn: &Turn<'_>,
        kind: ObjectType,
        given: &Map<String, Value>,
    ) -> Result<Result<Values, Refusal>, SqlError> {
        if given.len() > FIELDS_LIMIT {
            return Ok(Err(Refusal::new("/properties", format!("At most {FIELDS_LIMIT} fields."))));
        }
        let names: Vec<&str> = given.keys().map(String::as_str).collect();
        let known = definitions(turn.sql, kind, Some(&names))?;
        // Custom objects that are not mirrored have fields that nobody here knows: HubSpot says what it thinks of them.
        let discovered = self.mirrors(kind) || !matches!(kind, ObjectType::Custom(_));
        let mut values = Values::new();
        for (name, value) in given {
            let at = format!("/properties/{}", name.replace('~', "~0").replace('/', "~1"));
            let text = match (known.get(name), value) {
                (Some(definition), _) => match property_value::write(definition, value, Manner::Replace) {
                    Ok(text) => text,
                    Err(refused) => return Ok(Err(Refusal::of_account(at, refused.detail))),
                },
                (None, _) if discovered => {
                    let refused = property_value::Refusal::unknown_field(name);
                    return Ok(Err(Refusal::of_account(at, refused.detail)));
                }
                (None, Value::String(text)) => text.clone(),
                (None, Value::Null) => String::new(),
                (None, Value::Bool(_) | Value::Number(_)) => value.to_string(),
                (None, Value::Array(_) | Value::Object(_)) => {
                    return Ok(Err(Refusal::new(at, "A value is a text, a number, a truth or null.")));
                }
            };
            values.insert(name.clone(), text);
        }
        Ok(Ok(values))
    }

    /// What the mirror holds of a record; `None`: it does not hold it.
    pub(super) fn held(
        &self,
        turn: &Turn<'_>,
        kind: ObjectType,
        id: RecordId,
    ) -> Result<Option<BTreeMap<String, String>>, SqlError> {
        if !self.mirrors(kind) {
            return Ok(None);
        }
        let live = records::live_by_ids(turn.sql, kind, &[id])?.into_iter().next();
        live.map(|live| json::parse(&live.properties).map_err(|_| SqlError::Content("records"))).transpose()
    }

    /// Whether a full read that is under way has yet to come to a record: what people set since it was read last nobody here knows, nor what
    /// fields hold that were chosen since.
    pub(super) fn to_be_read(
        &self,
        turn: &Turn<'_>,
        kind: ObjectType,
        id: RecordId,
    ) -> Result<bool, SqlError> {
        let running = self.streams.iter().find(|running| running.saved.object_type == kind);
        let Some(backfill) = running.and_then(|running| running.saved.backfill.as_ref()) else {
            return Ok(false);
        };
        let known = records::known(turn.sql, kind, &[id], None)?;
        Ok(known.first().is_none_or(|row| row.seen_at < backfill.started_at.0))
    }

    /// Whether the mirror holds the values of a field.
    pub(super) fn has_read(&self, kind: ObjectType, name: &str) -> bool {
        let running = self.streams.iter().find(|running| running.saved.object_type == kind);
        running
            .is_some_and(|running| running.properties.binary_search_by(|own| own.as_str().cmp(name)).is_ok())
    }

    /// Fills the fields that the action's mapping names from what the host sent; what the action says itself comes first, and is no part of
    /// the mapping: it is written or refused, whatever the mapping says of the field. Which fields stay as they are, and why.
    pub(super) fn fill(
        &self,
        turn: &Turn<'_>,
        wanted: &Wanted,
        host: &Map<String, Value>,
        writes: &mut [Write],
    ) -> Result<Vec<(String, Why)>, SqlError> {
        let Some(action) = wanted.mapping() else { return Ok(Vec::new()) };
        let Some(mapping) = mappings::load(turn.sql, action)? else { return Ok(Vec::new()) };
        let kind = action.object_type();
        let own = writes.iter_mut().find_map(|write| match write {
            Write::Create { object_type, values, droppable, .. } if *object_type == kind => {
                Some((None, values, droppable))
            }
            Write::Update { object_type, id, values, droppable, .. } if *object_type == kind => {
                Some((id.id(), values, droppable))
            }
            _ => None,
        });
        let Some((id, values, droppable)) = own else { return Ok(Vec::new()) };
        let names: Vec<&str> = mapping.entries.iter().map(|entry| entry.field.as_str()).collect();
        let fields = definitions(turn.sql, kind, Some(&names))?;
        let (held, all_known) = match id {
            Some(id) if self.to_be_read(turn, kind, id)? => (self.held(turn, kind, id)?, Some(false)),
            Some(id) => self.held(turn, kind, id)?.map_or((None, Some(false)), |held| (Some(held), None)),
            // What is made new has no values.
            None => (None, Some(true)),
        };
        let known = |name: &str| all_known.unwrap_or_else(|| self.has_read(kind, name));
        let current = |name: &str| held.as_ref().and_then(|held| held.get(name)).map(String::as_str);
        let filled = mapping.fill_known(host, current, known, |name| fields.get(name));
        // That a company without a name is called like its domain is nobody's word.
        let unnamed = matches!(wanted, Wanted::ImportCompany { name: None, properties, .. } if !properties.contains_key("name"));
        let mut own: BTreeSet<String> = values.keys().cloned().collect();
        if unnamed {
            own.remove("name");
        }
        values.extend(filled.properties.into_iter().filter(|(name, _)| !own.contains(name)));
        droppable.extend(filled.droppable.into_iter().filter(|name| !own.contains(name)));
        Ok(filled.left.into_iter().filter(|(name, _)| !own.contains(name)).collect())
    }
}

/// A new company; two names of one registered domain are one company, and are made one after the other.
fn company(domain: &Domain, mut values: Values) -> Write {
    values.insert("domain".to_owned(), domain.host().to_owned());
    let unless = Some(domain.registrable().to_owned());
    let (ties, droppable) = (Vec::new(), BTreeSet::new());
    Write::Create {
        object_type: ObjectType::Companies,
        values,
        ties,
        unless,
        droppable,
        seat: None,
        entry: None,
        links_of: None,
    }
}

fn domain_of(text: &str, at: &str) -> Result<Domain, Refusal> {
    Domain::parse(text).map_err(|why| Refusal::new(at, format!("What was given {}.", why.words())))
}

fn update(object_type: ObjectType, id: RecordId, values: Values) -> Write {
    Write::Update {
        object_type,
        id: Who::Id(id),
        values,
        droppable: BTreeSet::new(),
        seat: None,
        after: None,
    }
}

fn put(values: &mut Values, name: &str, value: Option<&String>) {
    values.extend(value.map(|value| (name.to_owned(), value.clone())));
}

fn one_of(values: &mut Values, name: &str, value: &str, all: &[&str], at: &str) -> Result<(), Refusal> {
    let upper = value.to_uppercase();
    if !all.contains(&upper.as_str()) {
        return Err(Refusal::new(at, format!("One of `{}`.", all.join("`, `"))));
    }
    values.insert(name.to_owned(), upper);
    Ok(())
}

fn moment(text: &str, at: &str) -> Result<String, Refusal> {
    let moment = Timestamp::parse_rfc3339(text);
    let moment =
        moment.ok_or_else(|| Refusal::new(at, "A moment is written as 2026-11-20T09:30:00Z (RFC 3339)."))?;
    Ok(moment.to_rfc3339())
}
