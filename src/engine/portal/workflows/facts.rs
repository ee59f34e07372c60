//! Whom a run is of, and what is known of them: the record itself, and the contact, company and deal that belong to it or that the event names.
//!
//! Of several records that are linked the primary one counts where HubSpot has one, else that which was modified last, out of the thousand
//! youngest; of deals only those that are open. Once chosen for a run it stays, also when a step closes the deal; while there is none it is
//! looked for again whenever the run goes on.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    engine::{
        portal::{
            Portal, Turn,
            beside::Source,
            links::apply::told_by,
            matching::{self, Account, Person, phones::Caller},
            query::{self, FETCH},
            signals::Chosen,
        },
        workflow::{Again, Definition, Event, EventRecord, Facts, of_subject},
    },
    hubspot::objects::Properties,
    store::{
        portal::{
            links::{self, Pair},
            records, reference,
            workflows::runs::Whom,
        },
        sql::SqlError,
    },
    values::{
        filter::Values,
        ids::{ObjectType, RecordId},
        json,
        phone::Phone,
        time::Timestamp,
    },
};

/// Links that are looked at: a company has thousands of contacts, of which whoever changed last is rarely an old one. Some milliseconds.
const LINKED: u32 = 1_000;
/// What belongs to a record, in the order in which it is looked for.
const RELATED: [ObjectType; 3] = [ObjectType::Contacts, ObjectType::Companies, ObjectType::Deals];

/// Whom something is of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::engine::portal) struct Persons {
    pub(super) contact: Chosen,
    pub(super) company: Chosen,
    pub(super) deal: Chosen,
    /// The record itself, where it is of another type.
    pub(super) other: Option<EventRecord>,
    pub(super) email: Option<String>,
    /// As the host writes it.
    pub(super) phone: Option<String>,
    /// What the host calls what happened.
    pub(super) event: Option<String>,
}

impl Persons {
    fn chosen(&mut self, kind: ObjectType) -> Option<&mut Chosen> {
        match kind {
            ObjectType::Contacts => Some(&mut self.contact),
            ObjectType::Companies => Some(&mut self.company),
            ObjectType::Deals => Some(&mut self.deal),
            ObjectType::Tasks | ObjectType::Calls | ObjectType::Notes | ObjectType::Custom(_) => None,
        }
    }

    /// The record of a type.
    pub(super) fn record(&self, kind: ObjectType) -> Option<RecordId> {
        match kind {
            ObjectType::Contacts => self.contact.record,
            ObjectType::Companies => self.company.record,
            ObjectType::Deals => self.deal.record,
            ObjectType::Tasks | ObjectType::Calls | ObjectType::Notes | ObjectType::Custom(_) => {
                self.other.filter(|own| own.object_type == kind).map(|own| own.id)
            }
        }
    }

    /// Of one record.
    pub(in crate::engine::portal) fn of_record(kind: ObjectType, id: RecordId, why: &str) -> Self {
        let mut persons = Self::default();
        match persons.chosen(kind) {
            Some(chosen) => {
                *chosen = Chosen { record: Some(id), reasons: vec![why.to_owned()], ..Chosen::default() };
            }
            None => persons.other = Some(EventRecord { object_type: kind, id }),
        }
        persons
    }

    /// As they are kept in columns.
    pub(super) fn whom(&self) -> Whom {
        Whom {
            contact: self.contact.record,
            company: self.company.record,
            deal: self.deal.record,
            email: self.email.clone(),
            phone: self.phone.as_deref().and_then(Phone::parse).map(|number| number.key()),
        }
    }

    /// What goes through a workflow over records of a type: the record, or whom the host named.
    pub(super) fn subject(&self, kind: ObjectType) -> String {
        if let Some(id) = self.record(kind) {
            return subject_of(kind, id);
        }
        let named = (kind == ObjectType::Contacts).then(|| self.named().into_iter().next()).flatten();
        named.unwrap_or_else(|| subject_of_event(self.event.as_deref().unwrap_or_default()))
    }

    /// Whom the host named, in the words of subjects.
    fn named(&self) -> Vec<String> {
        let digits = |text: &String| text.chars().filter(char::is_ascii_digit).collect::<String>();
        let email = self.email.as_ref().map(|email| format!("email/{email}"));
        let phone = self.phone.as_ref().map(|text| format!("phone/{}", digits(text).trim_start_matches('0')));
        email.into_iter().chain(phone).collect()
    }
}

/// A record as a subject.
pub(super) fn subject_of(kind: ObjectType, id: RecordId) -> String {
    format!("{}/{id}", kind.name())
}

/// An event of nobody that is known as a subject.
pub(super) fn subject_of_event(id: &str) -> String {
    format!("event/{id}")
}

/// The types besides the record's own that it takes to say whether a record goes in.
pub(super) fn asked_of(definition: &Definition) -> BTreeSet<ObjectType> {
    let own = definition.trigger.record();
    let again = match &definition.again {
        Again::When(filter) => Some(filter),
        Again::Once | Again::EveryTime => None,
    };
    let filters = [&definition.conditions].into_iter().chain(again);
    let conditions = filters.flat_map(|filter| filter.conditions());
    conditions.filter_map(|one| of_subject(one.of(), own)).filter(|kind| *kind != own).collect()
}

impl Portal {
    /// Whom an event is of: the record that it names, whoever has the address, whoever has the number; then what belongs to these.
    pub(super) fn persons_of_event(&self, turn: &Turn<'_>, event: &Event) -> Result<Persons, SqlError> {
        let mut persons = match event.record {
            Some(EventRecord { object_type, id }) => {
                let target =
                    if self.mirrors(object_type) { query::resolve(turn.sql, object_type, id)? } else { None };
                let here = target.unwrap_or(id);
                Persons::of_record(object_type, here, "The event names it.")
            }
            None => Persons::default(),
        };
        persons.email.clone_from(&event.email);
        persons.phone.clone_from(&event.phone);
        persons.event = Some(event.id.clone());
        if persons.contact.record.is_none()
            && let Some(email) = &event.email
        {
            persons.contact = self.contact_of_email(turn, email)?;
        }
        if persons.contact.record.is_none()
            && let Some(number) = &event.phone
        {
            let mut found = self.contact_of_phone(turn, number)?;
            found.reasons.splice(0..0, std::mem::take(&mut persons.contact.reasons));
            persons.contact = found;
        }
        if persons.company.record.is_none()
            && let Some(domain) = &event.domain
        {
            persons.company = self.company_of_domain(turn, domain)?;
        }
        Ok(persons)
    }

    fn contact_of_email(&self, turn: &Turn<'_>, email: &str) -> Result<Chosen, SqlError> {
        let kind = ObjectType::Contacts;
        if let Some(why) = self.not_ready(turn, kind)? {
            return Ok(Chosen::none(&why.words(kind)));
        }
        let person = Person { id: None, email: email.to_owned() };
        let kept_out =
            |id: RecordId, properties: &Properties<'_>| self.blocks.keeps_out(kind, id, properties);
        let found = matching::contacts(turn.sql, &[person], &kept_out)?;
        Ok(found.first().map_or_else(Chosen::default, |found| Chosen::of(found, kind)))
    }

    fn contact_of_phone(&self, turn: &Turn<'_>, number: &str) -> Result<Chosen, SqlError> {
        let kind = ObjectType::Contacts;
        if let Some(why) = self.phones_not_ready(turn)? {
            return Ok(Chosen::none(&why.words(kind)));
        }
        Ok(match self.caller(turn, number)? {
            Caller::One(id) => Chosen {
                record: Some(id),
                decided_by: Some("phone".to_owned()),
                reasons: vec!["The contact has this telephone number.".to_owned()],
            },
            Caller::Several(count) => Chosen::none(&format!(
                "{count} contacts have this telephone number: nobody can tell which of them it is."
            )),
            Caller::Nobody => Chosen::none("No contact has this telephone number."),
        })
    }

    fn company_of_domain(&self, turn: &Turn<'_>, domain: &str) -> Result<Chosen, SqlError> {
        let kind = ObjectType::Companies;
        if let Some(why) = self.not_ready(turn, kind)? {
            return Ok(Chosen::none(&why.words(kind)));
        }
        let account = Account { domain: Some(domain.to_owned()), ..Account::default() };
        let found = matching::companies(turn.sql, &[account])?;
        Ok(found.first().map_or_else(Chosen::default, |found| Chosen::of(found, kind)))
    }

    /// Whoever became part of another record is that record.
    pub(super) fn follow_mergers(&self, turn: &Turn<'_>, persons: &mut Persons) -> Result<(), SqlError> {
        for kind in RELATED {
            let Some(id) = persons.record(kind).filter(|_| self.mirrors(kind)) else { continue };
            // What was made a moment ago has not been read yet, and what was deleted leads nowhere.
            if let Some(target) = query::resolve(turn.sql, kind, id)?.filter(|target| *target != id)
                && let Some(chosen) = persons.chosen(kind)
            {
                chosen.record = Some(target);
                chosen.reasons.push(format!("{kind}/{id} became part of it."));
            }
        }
        Ok(())
    }

    /// Looks for what of `wanted` belongs to whom is known, where it is not known yet.
    pub(in crate::engine::portal) fn add_related(
        &self,
        turn: &Turn<'_>,
        persons: &mut Persons,
        own: ObjectType,
        wanted: &dyn Fn(ObjectType) -> bool,
    ) -> Result<(), SqlError> {
        // What belongs to the record itself comes before what belongs to what belongs to it.
        let from: Vec<ObjectType> =
            [own].into_iter().chain(RELATED.into_iter().filter(|kind| *kind != own)).collect();
        for kind in RELATED {
            if !wanted(kind) || persons.record(kind).is_some() || !self.mirrors(kind) {
                continue;
            }
            for from in from.iter().copied().filter(|from| *from != kind && RELATED.contains(from)) {
                let Some(id) = persons.record(from) else { continue };
                if let Some((found, reason)) = Self::belonging(turn, from, id, kind)? {
                    if let Some(chosen) = persons.chosen(kind) {
                        chosen.record = Some(found);
                        chosen.reasons.push(reason);
                    }
                    break;
                }
            }
        }
        Ok(())
    }

    /// The record of a type that one is linked to, and why that one.
    fn belonging(
        turn: &Turn<'_>,
        from: ObjectType,
        id: RecordId,
        kind: ObjectType,
    ) -> Result<Option<(RecordId, String)>, SqlError> {
        let (pair, side) = Pair::seen_from(from, kind);
        let all = links::youngest(turn.sql, pair, side, id, LINKED)?;
        let primary = told_by(from, kind).1.map_or("-", |(_, own)| own);
        let is_primary = |link: &&links::Link| link.types.split(' ').any(|own| own == primary);
        let closed =
            if kind == ObjectType::Deals && !all.is_empty() { closed_stages(turn)? } else { BTreeSet::new() };
        let first = all.iter().find(is_primary).map(|link| link.to);
        let ids: Vec<RecordId> = all.iter().map(|link| link.to).collect();
        let mut best: Option<(bool, Timestamp, RecordId)> = None;
        for some in ids.chunks(FETCH as usize) {
            for live in records::live_by_ids(turn.sql, kind, some)? {
                let is_open = kind != ObjectType::Deals || {
                    let properties = Properties::parse(&live.properties).unwrap_or_default();
                    let in_closed = properties.get("dealstage").is_some_and(|stage| closed.contains(stage));
                    !in_closed && properties.get("hs_is_closed") != Some("true")
                };
                let own = (first == Some(live.id), live.updated_at, live.id);
                if is_open && best.is_none_or(|best| own > best) {
                    best = Some(own);
                }
            }
        }
        Ok(best.map(|(is_primary, _, found)| {
            let which = match (kind, is_primary) {
                (ObjectType::Deals, _) => "the open one that was modified last",
                (_, true) => "the primary one",
                (_, false) => "the one that was modified last",
            };
            (found, format!("Of those linked to {from}/{id} it is {which}."))
        }))
    }

    /// What is known of whom something is of: of the record itself, and of what belongs to it of the types that are `wanted`.
    pub(in crate::engine::portal) fn facts_of(
        &self,
        turn: &Turn<'_>,
        own: ObjectType,
        persons: &Persons,
        event: Option<&Event>,
        wanted: &dyn Fn(ObjectType) -> bool,
    ) -> Result<Facts, SqlError> {
        let at = event.map_or(turn.now, |event| event.at);
        let mut facts = Facts::new(own, event.map(Event::named).unwrap_or_default(), at);
        for kind in RELATED.into_iter().chain((!RELATED.contains(&own)).then_some(own)) {
            let Some(id) = persons.record(kind).filter(|_| kind == own || wanted(kind)) else { continue };
            let live =
                if self.mirrors(kind) { records::live_by_ids(turn.sql, kind, &[id])? } else { Vec::new() };
            // It is called by its id also where nothing else is known.
            facts.set(kind, id, values_of(live.first().map_or("{}", |live| &live.properties)));
        }
        Ok(facts)
    }
}

/// The values of a record; what cannot be read has none.
pub(super) fn values_of(properties: &str) -> BTreeMap<String, String> {
    json::parse(properties).unwrap_or_default()
}

/// Ids of the stages in which a deal is closed, as the pipelines were read last.
fn closed_stages(turn: &Turn<'_>) -> Result<BTreeSet<String>, SqlError> {
    #[derive(serde::Deserialize)]
    struct Pipeline {
        stages: Vec<Stage>,
    }
    #[derive(serde::Deserialize)]
    struct Stage {
        id: String,
        #[serde(default)]
        metadata: BTreeMap<String, String>,
    }
    let joined = format!("[{}]", reference::joined(turn.sql, Source::Pipelines.as_str())?);
    let all: Vec<Pipeline> = json::parse(&joined).map_err(|_| SqlError::Content("reference"))?;
    let stages = all.into_iter().flat_map(|pipeline| pipeline.stages);
    let is_closed = |stage: &Stage| stage.metadata.get("isClosed").is_some_and(|closed| closed == "true");
    Ok(stages.filter(is_closed).map(|stage| stage.id).collect())
}

/// Names of one subject: the record with the addresses and numbers that it has, or whom the host named.
pub(super) fn subjects(persons: &Persons, own: ObjectType, facts: &Facts) -> Vec<String> {
    let mut all = vec![persons.subject(own)];
    if own == ObjectType::Contacts {
        all.extend(persons.named());
        if persons.contact.record.is_some() {
            let value = |name: &str| facts.value(None, name).unwrap_or_default().to_lowercase();
            let emails = format!("{};{}", value("email"), value("hs_additional_emails"));
            let emails = emails.split(';').map(str::trim).filter(|email| !email.is_empty());
            all.extend(emails.map(|email| format!("email/{email}")));
        }
    }
    all.sort();
    all.dedup();
    all
}
