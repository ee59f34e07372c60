//! What the host of a life says of people: audiences and a calculated attribute that an activation keeps on contacts, and the promise that in
//! the end each contact of HubSpot's holds what is said of its addresses, whoever changed what meanwhile.
//!
//! Of a contact with several addresses, as mergers leave it, the first of which something is said counts, for each attribute by itself: its
//! `email` before its `hs_additional_emails` in their order. As a member is all that is ever said of an audience, it is one where any of its
//! addresses is.

use std::collections::{BTreeMap, BTreeSet};

use hubspot_simulator::State;
use serde_json::{Value, json};
use spoke::{
    engine::portal::{
        activations::commands::{Answer as Told, Command as Activate, NewActivation, NewAttribute},
        blocks::{Command as Privacy, Whom},
        messages::{Answer, Command},
    },
    values::{
        attribute::{AttributeKind, MEMBER, Unknown},
        ids::{ActivationId, AttributeId},
    },
};

use super::{
    PORTAL, World,
    ends::{chain, one_made_is_erased, view},
    world::{MINUTE, What},
};

/// What it takes to write contacts and to make properties of theirs.
pub const SCOPES: [&str; 2] = ["crm.objects.contacts.write", "crm.schemas.contacts.write"];
/// Audiences and attributes with the property of each; whether it is an audience. A life has the first two of them, or all.
const ALL: [(&str, &str, bool); 3] = [
    ("vip", "spoke_aud_vip", true),
    ("points", "spoke_att_points", false),
    ("basket", "spoke_aud_basket", true),
];
/// An audience that is found, with its property: whose first name has this letter.
const FOUND: (&str, &str, char) = ("found", "spoke_aud_found", 'e');
/// Something is said, or done in HubSpot to somebody of whom something is said, so often on an average, milliseconds.
const EVERY_MS: u64 = MINUTE / 8;
/// Addresses of which something is said and that no contact has at first.
const STRANGERS: usize = 6;
/// A request leaves within so many milliseconds of the turn that asks for it.
const LEAVES_WITHIN_MS: u64 = 30;

/// What was said, and what left for it.
#[derive(Debug, Default)]
pub(super) struct Said {
    activation: Option<ActivationId>,
    /// An audience is found besides.
    finds: bool,
    /// By attribute and address.
    says: [BTreeMap<String, String>; 3],
    /// Every address of which something was ever said.
    ever: BTreeSet<String>,
    /// The contacts that were seen to have an address.
    owners: BTreeMap<String, BTreeSet<u64>>,
    /// Addresses that people have given contacts since.
    moved: usize,
    /// From when to when the activation was paused.
    paused: Option<(u64, u64)>,
    /// When somebody was erased who is kept out since.
    kept_out_at: Option<u64>,
    /// What left to be written to contacts: when, and each input's id with its values.
    sent: Vec<(u64, Vec<Value>)>,
}

/// A live contact of HubSpot's.
struct Person {
    id: u64,
    /// In lower case, in HubSpot's order.
    emails: Vec<String>,
    first_name: String,
    /// What it holds of the properties that are written.
    holds: BTreeMap<&'static str, String>,
}

fn id(text: &str) -> AttributeId {
    text.parse().expect("an id")
}

fn stranger(number: usize) -> String {
    format!("lifesaid{number}@example.com")
}

fn json_of(told: Told) -> Value {
    match told {
        Told::Json(text) => serde_json::from_str(&text).expect("JSON"),
        other => panic!("not told but {other:?}"),
    }
}

impl World {
    /// Asks about activations, at once again where the turn was torn.
    fn ask_said(&mut self, command: impl Fn() -> Activate) -> Told {
        for _ in 0..50 {
            match self.command(Command::Activation(Box::new(command()))) {
                Some(Answer::Activation(told)) => return told,
                Some(other) => panic!("about no activation but {other:?}"),
                None => {}
            }
        }
        panic!("no turn is whole")
    }

    /// The audiences and attributes of this life.
    fn attributes(&self) -> &'static [(&'static str, &'static str, bool)] {
        if self.plan.seed % 4 < 2 { &ALL } else { &ALL[..2] }
    }

    /// Whether unknown contacts are made.
    const fn makes_unknown(&self) -> bool {
        self.plan.seed.is_multiple_of(2)
    }

    /// The host makes its audiences, an attribute and an activation of them.
    pub(super) fn activate(&mut self) {
        if !self.plan.said {
            return;
        }
        for (name, _, audiences) in self.attributes() {
            let kind = if *audiences { AttributeKind::Audience } else { AttributeKind::Number };
            let new = NewAttribute {
                name: (*name).to_owned(),
                description: String::new(),
                kind,
                options: Vec::new(),
                computed: None,
            };
            json_of(self.ask_said(|| Activate::PutAttribute {
                audiences: *audiences,
                id: id(name),
                new: new.clone(),
            }));
        }
        let new = self.activation();
        let made = json_of(self.ask_said(|| Activate::AddActivation(new.clone())));
        self.said.activation = made["id"].as_str().map(|id| id.parse().expect("an id"));
        self.at(self.now + EVERY_MS, What::Say);
    }

    /// The activation as it is to be.
    fn activation(&self) -> NewActivation {
        let ids = |of: bool| self.attributes().iter().filter(move |own| own.2 == of).map(|own| id(own.0));
        NewActivation {
            name: "Of a life".to_owned(),
            description: String::new(),
            audiences: ids(true).chain(self.said.finds.then(|| id(FOUND.0))).collect(),
            attributes: ids(false).collect(),
            unknown: if self.makes_unknown() { Unknown::Create } else { Unknown::Skip },
        }
    }

    /// An audience is found from now on, once it is known which fields there are.
    fn find(&mut self) {
        let filter = json!({
            "property": "firstname", "type": "string", "operator": "contains", "value": FOUND.2.to_string(),
        });
        let new = NewAttribute {
            name: FOUND.0.to_owned(),
            description: String::new(),
            kind: AttributeKind::Audience,
            options: Vec::new(),
            computed: Some(filter),
        };
        let make = || Activate::PutAttribute { audiences: true, id: id(FOUND.0), new: new.clone() };
        self.said.finds = matches!(self.ask_said(make), Told::Json(_));
        if self.said.finds {
            let (own, new) = (self.said.activation.clone().expect("it was made"), self.activation());
            json_of(self.ask_said(|| Activate::EditActivation(own.clone(), new.clone())));
        }
    }

    /// Every live contact, in order of id.
    fn people(&self) -> Vec<Person> {
        let portal = self.simulator.portal(PORTAL).expect("the account exists");
        let live = portal.records("contacts", 0).filter(|view| view.record.state == State::Live);
        let person = |view: hubspot_simulator::RecordView<'_>| {
            let (mut first, mut further, mut first_name) = (String::new(), String::new(), String::new());
            let mut holds = BTreeMap::new();
            for (name, value) in view.values() {
                match name {
                    "email" => first = value.to_lowercase(),
                    "hs_additional_emails" => further = value.to_lowercase(),
                    "firstname" => first_name = value.into_owned(),
                    _ => {
                        let own = ALL.iter().map(|own| own.1).chain([FOUND.1]).find(|own| *own == name);
                        holds.extend(own.map(|own| (own, value.into_owned())));
                    }
                }
            }
            let emails = std::iter::once(first.as_str()).chain(further.split(';')).map(str::trim);
            let emails = emails.filter(|email| !email.is_empty()).map(str::to_owned).collect();
            Person { id: view.record.id, emails, first_name, holds }
        };
        live.map(person).collect()
    }

    /// Notes who has which address.
    fn note_owners(&mut self) {
        for person in self.people() {
            for email in person.emails {
                self.said.owners.entry(email).or_default().insert(person.id);
            }
        }
    }

    /// Something is said, or done in HubSpot to somebody of whom something is said.
    pub(super) fn say(&mut self) {
        if self.now >= self.edits_until {
            return;
        }
        self.note_owners();
        if self.plan.seed.is_multiple_of(3) && !self.said.finds {
            self.find();
        }
        let place = self.rng.usize(0..self.attributes().len());
        match self.rng.u32(0..16) {
            0..7 => {
                let count = self.rng.usize(1..4);
                let values: Vec<_> = (0..count).map(|_| self.something(place)).collect();
                self.put_said(place, &values, None);
            }
            7..9 => self.unsay(place),
            9 => {
                // There and back again.
                let value = self.something(place);
                for _ in 0..2 {
                    self.put_said(place, std::slice::from_ref(&value), None);
                    self.take_said(place, &value.0);
                }
                self.put_said(place, &[value], None);
            }
            10 => self.say_all_anew(place),
            11 => self.overwrite(place),
            12 => self.move_somebody(),
            choice => self.befall_somebody(choice),
        }
        self.note_owners();
        let wait = self.rng.u64(1..=2 * EVERY_MS);
        self.at(self.now + wait, What::Say);
    }

    /// An address, of a contact or of nobody, and what is said of it.
    fn something(&mut self, place: usize) -> (String, String) {
        let people = self.people();
        let person = if people.is_empty() { None } else { people.get(self.rng.usize(0..people.len())) };
        let of_person = person.and_then(|person| self.rng.choice(&person.emails).cloned());
        let email = match of_person.filter(|_| self.rng.bool()) {
            Some(email) if self.rng.bool() => email.to_uppercase(),
            Some(email) => email,
            None => stranger(self.rng.usize(0..STRANGERS)),
        };
        let value = if ALL[place].2 { MEMBER.to_owned() } else { self.rng.u32(0..50).to_string() };
        (email, value)
    }

    /// What is kept of it is said from now on.
    fn put_said(&mut self, place: usize, values: &[(String, String)], round: Option<i64>) {
        let (name, _, audiences) = ALL[place];
        let put: Vec<_> = values.iter().map(|(email, value)| (email.clone(), Some(value.clone()))).collect();
        let told =
            self.ask_said(|| Activate::PutValues { audiences, id: id(name), values: put.clone(), round });
        let told = json_of(told);
        let refused: BTreeSet<&str> = told["refused"]
            .as_array()
            .expect("refusals")
            .iter()
            .filter_map(|own| own["email"].as_str())
            .collect();
        for (email, value) in values.iter().filter(|(email, _)| !refused.contains(email.as_str())) {
            let email = email.trim().to_lowercase();
            self.said.ever.insert(email.clone());
            self.said.says[place].insert(email, value.clone());
        }
    }

    fn take_said(&mut self, place: usize, email: &str) {
        let (name, _, audiences) = ALL[place];
        // Missing: whoever was erased is not there any more, and an address that is none never was.
        self.ask_said(|| Activate::RemoveValue { audiences, id: id(name), email: email.to_owned() });
        self.said.says[place].remove(&email.trim().to_lowercase());
    }

    fn unsay(&mut self, place: usize) {
        let all: Vec<String> = self.said.says[place].keys().cloned().collect();
        if let Some(email) = self.rng.choice(all) {
            self.take_said(place, &email);
        }
    }

    /// Everything is said anew: some of what there was, and something else.
    fn say_all_anew(&mut self, place: usize) {
        let (name, _, audiences) = ALL[place];
        let Told::Json(begun) = self.ask_said(|| Activate::BeginReplace { audiences, id: id(name) }) else {
            // The last one is still removing.
            return;
        };
        let begun: Value = serde_json::from_str(&begun).expect("JSON");
        let round = begun["round"].as_i64().expect("a number");
        let before = std::mem::take(&mut self.said.says[place]);
        let mut values: Vec<(String, String)> = before.into_iter().filter(|_| self.rng.bool()).collect();
        values.push(self.something(place));
        self.put_said(place, &values, Some(round));
        json_of(self.ask_said(|| Activate::EndReplace { audiences, id: id(name), round }));
    }

    /// Somebody in HubSpot changes a property that is not theirs to change.
    fn overwrite(&mut self, place: usize) {
        let (_, property, audience) = ALL[place];
        let people = self.people();
        let has = |person: &&Person| person.holds.get(property).is_some_and(|value| !value.is_empty());
        let Some(person) = self.rng.choice(people.iter().filter(has).collect::<Vec<_>>()) else { return };
        let value = match (audience, person.holds[property] == MEMBER) {
            (true, true) => "false",
            (true, false) => MEMBER,
            (false, _) => "51",
        };
        let properties = json!({ property: value });
        self.contact("edit", json!({ "id": person.id.to_string(), "properties": properties }));
    }

    /// Somebody of whom something is said, if there is anybody.
    fn somebody(&mut self) -> Option<Person> {
        let said = |person: &Person| person.emails.iter().any(|email| self.said.ever.contains(email));
        let people: Vec<Person> = self.people().into_iter().filter(said).collect();
        self.rng.choice(people)
    }

    /// Somebody has another address from now on.
    fn move_somebody(&mut self) {
        let Some(person) = self.somebody() else { return };
        self.said.moved += 1;
        let email = format!("lifemoved{}@example.com", self.said.moved);
        let properties = json!({ "email": email });
        self.contact("edit", json!({ "id": person.id.to_string(), "properties": properties }));
    }

    /// Somebody becomes part of somebody else, or is deleted.
    fn befall_somebody(&mut self, choice: u32) {
        if !self.plan.deletions {
            return;
        }
        let (Some(one), Some(other)) = (self.somebody(), self.somebody()) else { return };
        let (one, other) = (one.id.to_string(), other.id.to_string());
        match choice {
            13 => drop(self.contact("archive", json!({ "id": one }))),
            _ if one != other => drop(self.contact("merge", json!({ "primary": one, "other": other }))),
            _ => {}
        }
    }

    /// In a third of the lives the activation is paused for a while.
    pub(super) fn pause_said(&mut self) {
        if self.plan.said
            && self.plan.seed % 3 == 1
            && let Some(own) = self.said.activation.clone()
        {
            json_of(self.ask_said(|| Activate::PauseActivation(own.clone())));
            self.said.paused = Some((self.now, u64::MAX));
        }
    }

    pub(super) fn resume_said(&mut self) {
        if let Some((_, until)) = &mut self.said.paused
            && let Some(own) = self.said.activation.clone()
        {
            *until = self.now;
            json_of(self.ask_said(|| Activate::ResumeActivation(own.clone())));
        }
    }

    /// Whoever is erased is so by their addresses too: what is said of one would make them anew that nobody here had read by then.
    pub(super) fn erase_addresses(&mut self, names: &[String]) {
        for email in names.iter().filter(|name| name.contains('@')) {
            let erase = || Command::Privacy(Privacy::Erase { whom: Whom::Email(email.clone()) });
            (0..50).find_map(|_| self.command(erase())).expect("a turn is whole");
        }
    }

    /// Whether an address was of several contacts, one after the other.
    pub(super) fn had_another(&self, email: &str) -> bool {
        self.said.owners.get(email).is_some_and(|owners| owners.len() > 1)
    }

    /// Somebody was erased, and is kept out from now on: but whoever became part of them in HubSpot, and is here as somebody else, is not known
    /// to be them yet.
    pub(super) fn note_kept_out(&mut self) {
        if !self.kept_out.is_empty() && !self.holds_contact_of(&self.kept_out) {
            self.said.kept_out_at.get_or_insert(self.now);
        }
    }

    /// A request leaves.
    pub(super) fn note_sent(&mut self, path: &str, body: &str) {
        let writes =
            ["/contacts/batch/update", "/contacts/batch/upsert"].iter().any(|end| path.ends_with(end));
        if !self.plan.said || !writes {
            return;
        }
        let body: Value = serde_json::from_str(body).expect("JSON");
        let of_ours = |input: &&Value| {
            let names = input["properties"].as_object().expect("values").keys();
            names.into_iter().any(|name| ALL.iter().map(|own| own.1).chain([FOUND.1]).any(|own| own == name))
        };
        let inputs: Vec<Value> =
            body["inputs"].as_array().expect("inputs").iter().filter(of_ours).cloned().collect();
        if !inputs.is_empty() {
            self.said.sent.push((self.now, inputs));
        }
        // People may change the address of whoever was just made before anybody here has read of it.
        self.note_owners();
    }

    /// When HubSpot is well again people look after what it refused.
    pub(super) fn mend_said(&mut self) {
        if !self.plan.said {
            return;
        }
        let own = self.attributes().iter().map(|own| (own.0, own.2));
        for (name, audiences) in own.chain(self.said.finds.then_some((FOUND.0, true))).collect::<Vec<_>>() {
            let shown = json_of(self.ask_said(|| Activate::Attribute { audiences, id: id(name) }));
            if !shown["trouble"].is_null() {
                json_of(self.ask_said(|| Activate::RetryProperty { audiences, id: id(name) }));
            }
        }
        self.ask_said(|| Activate::RetryRefused);
    }

    /// What Spoke keeps of what was said.
    fn values_kept(&mut self, place: usize) -> BTreeMap<String, String> {
        let (name, _, audiences) = ALL[place];
        let (mut all, mut after) = (BTreeMap::new(), None);
        loop {
            let page = self.ask_said(|| Activate::Values {
                audiences,
                id: id(name),
                after: after.clone(),
                limit: 7,
            });
            let Told::Page { results, next } = page else { panic!("no page but {page:?}") };
            let results: Vec<Value> = serde_json::from_str(&results).expect("JSON");
            let text = |own: &Value, name: &str| own[name].as_str().expect("a text").to_owned();
            all.extend(results.iter().map(|own| (text(own, "email"), text(own, "value"))));
            match next {
                Some(next) => after = Some(next),
                None => return all,
            }
        }
    }

    /// Whether somebody who has or had an address was erased, here or in HubSpot: then nothing that was said of it need be kept.
    fn may_be_forgotten(&self, email: &str) -> bool {
        let portal = self.simulator.portal(PORTAL).expect("the account exists");
        let is_erased =
            |id: &u64| chain(portal, "contacts", *id).into_iter().any(|id| self.is_gone_for_good(id));
        let owners = self.said.owners.get(email);
        self.is_erased(email)
            || owners.is_some_and(|owners| owners.iter().any(is_erased))
            || one_made_is_erased(self)
    }

    /// Whether a contact was erased, here or in HubSpot, or has a name of somebody who is kept out.
    pub(super) fn is_gone_for_good(&self, id: u64) -> bool {
        const NAMES: [&str; 3] = ["email", "hs_additional_emails", "hs_merged_object_ids"];
        let portal = self.simulator.portal(PORTAL).expect("the account exists");
        let Some(view) = view(portal, "contacts", id) else { return false };
        let is_kept_out = |name: &str| self.kept_out.contains(&name.trim().to_lowercase());
        view.record.state == State::Erased
            || is_kept_out(&id.to_string())
            || view.values().any(|(name, text)| NAMES.contains(&name) && text.split(';').any(is_kept_out))
    }

    /// What is said is kept, is on contacts, and nothing else left.
    pub(super) fn said_is_right(&mut self) -> Result<(), String> {
        if !self.plan.said {
            return Ok(());
        }
        self.note_owners();
        let mut kept = Vec::new();
        for place in 0..self.attributes().len() {
            kept.push(self.values_kept(place));
        }
        for (place, kept) in kept.iter().enumerate() {
            let (name, says) = (ALL[place].0, &self.said.says[place]);
            if let Some(email) = kept.keys().find(|email| self.kept_out.contains(*email)) {
                return Err(format!("{email} is kept out, and in {name}"));
            }
            if let Some((email, value)) = kept.iter().find(|(email, value)| says.get(*email) != Some(*value))
            {
                return Err(format!("{name} has {value} of {email}, of whom is said {:?}", says.get(email)));
            }
            let lost = says.keys().find(|email| !kept.contains_key(*email) && !self.may_be_forgotten(email));
            if let Some(email) = lost {
                return Err(format!("what {name} said of {email} is gone"));
            }
        }
        self.properties_are_made()?;
        self.contacts_hold_what_is_said(&kept)?;
        self.unknown_are_made_as_asked(&kept)?;
        self.who_is_found_is_on_contacts()?;
        self.nothing_else_left()?;
        self.nothing_is_left_to_do()
    }

    fn properties_are_made(&mut self) -> Result<(), String> {
        for (name, property, audiences) in self.attributes() {
            let audiences = *audiences;
            let shown = json_of(self.ask_said(|| Activate::Attribute { audiences, id: id(name) }));
            if shown["made"] != true || shown["property"] != *property || !shown["trouble"].is_null() {
                return Err(format!("the property is not as it should be: {shown}"));
            }
        }
        Ok(())
    }

    fn contacts_hold_what_is_said(&self, kept: &[BTreeMap<String, String>]) -> Result<(), String> {
        let kept_out = self.contacts_kept_out();
        for person in self.people().into_iter().filter(|person| !kept_out.contains(&person.id)) {
            for (kept, (name, property, audience)) in kept.iter().zip(ALL) {
                let says = person.emails.iter().find_map(|email| kept.get(email)).map(String::as_str);
                let holds = person.holds.get(property).map_or("", String::as_str);
                let is_right = if audience {
                    (holds == MEMBER) == says.is_some()
                } else {
                    holds == says.unwrap_or_default()
                };
                if !is_right {
                    return Err(format!(
                        "contact {} of {:?} holds {holds:?} of {name}, and {says:?} is said",
                        person.id, person.emails
                    ));
                }
            }
        }
        Ok(())
    }

    /// Members of the audience that is found are those of whom its filter holds, by HubSpot's values and in the order of none.
    fn who_is_found_is_on_contacts(&mut self) -> Result<(), String> {
        if !self.said.finds {
            return Ok(());
        }
        let kept_out = self.contacts_kept_out();
        let shown = json_of(self.ask_said(|| Activate::Attribute { audiences: true, id: id(FOUND.0) }));
        let mut members = 0;
        for person in self.people().into_iter().filter(|person| !kept_out.contains(&person.id)) {
            let holds = person.holds.get(FOUND.1).map_or("", String::as_str);
            let is_member = person.first_name.to_lowercase().contains(FOUND.2);
            members += u64::from(is_member);
            if (holds == MEMBER) != is_member {
                return Err(format!(
                    "contact {} is {:?} and holds {holds:?}: {shown}",
                    person.id, person.first_name
                ));
            }
        }
        if shown["members"] != members || shown["looked_at"] != Value::Null {
            return Err(format!("{members} are found, and it is told {shown}"));
        }
        Ok(())
    }

    /// Whoever is said something of is there or was, where that is asked for; else nobody is made.
    fn unknown_are_made_as_asked(&self, kept: &[BTreeMap<String, String>]) -> Result<(), String> {
        let portal = self.simulator.portal(PORTAL).expect("the account exists");
        if !self.makes_unknown() {
            let made = portal.writes("contacts").find(|(_, own)| own.creates > 0);
            return match made.filter(|_| !self.plan.writes) {
                Some((id, _)) => Err(format!("contact {id} was made, and nobody asked for it")),
                None => Ok(()),
            };
        }
        let was_there: BTreeSet<String> = portal
            .records("contacts", 0)
            .flat_map(|view| {
                let texts =
                    view.values().filter(|(name, _)| ["email", "hs_additional_emails"].contains(name));
                texts.map(|(_, value)| value.to_lowercase()).collect::<Vec<_>>()
            })
            .flat_map(|text| text.split(';').map(|email| email.trim().to_owned()).collect::<Vec<_>>())
            .collect();
        let had_one = |email: &String| {
            was_there.contains(email) || self.said.owners.contains_key(email) || self.is_erased(email)
        };
        match kept.iter().flat_map(BTreeMap::keys).find(|email| !had_one(email)) {
            Some(email) => Err(format!("no contact of {email} was made")),
            None => Ok(()),
        }
    }

    /// What left is about what was said, and about nobody who is kept out; nothing left while it was paused.
    fn nothing_else_left(&self) -> Result<(), String> {
        for (at, inputs) in &self.said.sent {
            let paused = self.said.paused.filter(|(from, until)| from + LEAVES_WITHIN_MS < *at && at < until);
            if let Some((from, _)) = paused {
                return Err(format!("{} ms after the pause left {inputs:?}", at - from));
            }
            for input in inputs {
                let whom = input["id"].as_str().unwrap_or_default().to_lowercase();
                if self.kept_out.contains(&whom)
                    && self.said.kept_out_at.is_some_and(|from| from + LEAVES_WITHIN_MS < *at)
                {
                    return Err(format!(
                        "{whom} is kept out since {:?}, and was written at {at}: {input}",
                        self.said.kept_out_at
                    ));
                }
                let upserts = input["idProperty"] == "email";
                if upserts && !(self.makes_unknown() && self.said.ever.contains(&whom)) {
                    return Err(format!("nobody asked for {input}"));
                }
                let names = input["properties"].as_object().expect("values").keys();
                let mut others =
                    names.filter(|name| *name != FOUND.1 && !ALL.iter().any(|own| own.1 == *name));
                if let Some(other) = others.next() {
                    return Err(format!("{other} is no property of an activation's: {input}"));
                }
            }
        }
        Ok(())
    }

    fn nothing_is_left_to_do(&mut self) -> Result<(), String> {
        let settings = json_of(self.ask_said(|| Activate::Settings));
        let own = self.said.activation.clone().expect("it was made");
        let shown = json_of(self.ask_said(|| Activate::Activation(own.clone())));
        if settings["marks"] != 0 || shown["sync"]["state"] != "done" {
            return Err(format!("something is left to write: {settings}, {shown}"));
        }
        let refused = self.ask_said(|| Activate::Refused { after: None, skip: 0, limit: 50 });
        let Told::Page { results, .. } = refused else { panic!("no page but {refused:?}") };
        let refused: Vec<Value> = serde_json::from_str(&results).expect("JSON");
        // HubSpot takes no address of somebody who was erased there.
        let fits = |own: &&Value| own["email"].as_str().is_some_and(|email| self.is_erased(email));
        match refused.iter().find(|own| !fits(own)) {
            Some(own) => Err(format!("it was refused, and tried again: {own}")),
            None => Ok(()),
        }
    }
}
