//! Steps that are actions ([`ActionStep`]) in a connection, those of automations and of workflows: what one comes to here, how its action ended,
//! and the fields of HubSpot's that it names. Both those that it writes and those whose values it takes must be there when a definition is
//! saved; the latter are mirrored from then on, and stay so as long as it names them.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    engine::{
        action_step::{ActionStep, Known, Planned, Vocabulary},
        portal::{
            Effect, Portal, Turn,
            mappings::definitions,
            outbox::actions::{CompanyOf, Wanted},
        },
        reader::pointer_part,
    },
    store::{portal::fields, sql::SqlError},
    values::{
        filter::{Code, Fault},
        ids::{ActionId, ObjectType, RecordId},
        json,
        property_value::{Definition, Refusal},
    },
};

fn fault(path: String, code: Code, detail: String) -> Fault {
    Fault { path, code, detail }
}

/// Whether a step takes values of a record that is not known yet.
pub(super) fn is_of_nobody(step: &ActionStep, vocabulary: Vocabulary, facts: &dyn Known) -> bool {
    let unknown = |word: &str| vocabulary.of_word(word).is_some() && facts.fact(word, "id").is_none();
    values(step, vocabulary).any(|(word, ..)| unknown(word))
}

/// The values of HubSpot's fields that a step takes: the word for the record, its type, the field.
fn values(step: &ActionStep, vocabulary: Vocabulary) -> impl Iterator<Item = (&str, ObjectType, &str)> {
    let names = step.names().into_iter().filter(|(_, name)| !matches!(*name, "id" | "hs_object_id"));
    names.filter_map(move |(word, name)| Some((word, vocabulary.of_word(word)?, name)))
}

/// How an action of the outbox has ended.
pub(super) struct Ended {
    /// As the outbox calls it.
    pub state: String,
    /// Why, for people.
    pub words: Option<String>,
    /// The company and the contact that it made or found.
    pub made: [Option<RecordId>; 2],
    /// Whatever else it made.
    pub record: Option<String>,
    /// Records whose values it wrote, or which it found.
    pub touched: Vec<(ObjectType, RecordId)>,
}

impl Portal {
    /// What a step comes to; nothing is made of a type of which nobody can say what there is.
    pub(super) fn planned(
        &self,
        turn: &Turn<'_>,
        step: &ActionStep,
        vocabulary: Vocabulary,
        facts: &dyn Known,
    ) -> Planned {
        let unseen = |kind| self.not_ready(turn, kind).is_ok_and(|why| why.is_some());
        let kind = match step.action() {
            "import_company" => Some(ObjectType::Companies),
            "import_contact" => Some(ObjectType::Contacts),
            _ => None,
        };
        if kind.is_some_and(unseen) {
            let words = "The connection may not read these records, so nobody knows whether it is there.";
            return Planned::Skip(words.to_owned());
        }
        let mut planned = step.plan(vocabulary, facts, turn.now);
        if let Planned::Do(wanted) = &mut planned
            && let Wanted::ImportContact { company: company @ Some(CompanyOf::Domain(_)), .. } = &mut **wanted
            && unseen(ObjectType::Companies)
        {
            // The contact is as good without a company that nobody can look for.
            *company = None;
        }
        planned
    }

    /// Everything that is wrong with the fields that steps name, each step with its JSON pointer, for what the connection may read and the
    /// fields there are.
    pub(super) fn faults_of_steps(
        &self,
        turn: &Turn<'_>,
        steps: &[(String, &ActionStep)],
        vocabulary: Vocabulary,
    ) -> Result<Vec<Fault>, SqlError> {
        let mut names: BTreeMap<ObjectType, BTreeSet<&str>> = BTreeMap::new();
        for (_, step) in steps {
            for (_, kind, name) in values(step, vocabulary) {
                names.entry(kind).or_default().insert(name);
            }
            if let Some((kind, written)) = step.writes() {
                names.entry(kind).or_default().extend(written.keys().map(String::as_str));
            }
        }
        let mut known: BTreeMap<ObjectType, BTreeMap<String, Definition>> = BTreeMap::new();
        for (kind, names) in names {
            let names: Vec<&str> = names.into_iter().collect();
            known.insert(kind, definitions(turn.sql, kind, Some(&names))?);
        }
        let mut faults = Vec::new();
        for (path, step) in steps {
            for (word, kind, name) in values(step, vocabulary) {
                let field = known[&kind].get(name);
                if let Some((code, detail)) = self.lacks_field(turn, kind, field, (word, name))? {
                    faults.push(fault(path.clone(), code, detail));
                }
            }
            let Some((kind, written)) = step.writes() else { continue };
            // Custom objects that are not mirrored have fields that nobody here knows: HubSpot says what it thinks of them.
            if !self.mirrors(kind) && matches!(kind, ObjectType::Custom(_)) {
                continue;
            }
            let is_discovered = !self.mirrors(kind) || fields::any(turn.sql, kind)?;
            for name in written.keys() {
                let (code, detail) = match known[&kind].get(name).map(Definition::writable) {
                    Some(Ok(_)) => continue,
                    Some(Err(refused)) => (Code::ReadOnly, refused.detail),
                    None if is_discovered => (Code::UnknownField, Refusal::unknown_field(name).detail),
                    None => (
                        Code::Unavailable,
                        format!(
                            "The fields of {kind} are still to be read: nobody knows yet whether there is `{name}`."
                        ),
                    ),
                };
                faults.push(fault(format!("{path}/properties/{}", pointer_part(name)), code, detail));
            }
        }
        Ok(faults)
    }

    /// Why a step can take no value of a field.
    fn lacks_field(
        &self,
        turn: &Turn<'_>,
        kind: ObjectType,
        field: Option<&Definition>,
        (of, name): (&str, &str),
    ) -> Result<Option<(Code, String)>, SqlError> {
        let stream = self.streams.iter().find(|running| running.saved.object_type == kind);
        let lacks = match (stream, &self.connection) {
            (Some(stream), Some(connection)) => stream.lacks(connection),
            _ => Vec::new(),
        };
        if !lacks.is_empty() {
            let detail = format!(
                "`{{{{{of}.{name}}}}}` is a field of {kind}, which the connection may not read without `{}`. Connect again and grant it.",
                lacks.join("` or `")
            );
            return Ok(Some((Code::Unavailable, detail)));
        }
        if field.is_some() {
            return Ok(None);
        }
        if fields::any(turn.sql, kind)? {
            let detail = format!(
                "`{{{{{of}.{name}}}}}` is no fact: HubSpot has no field `{name}` of {kind}. Refresh the fields or name another."
            );
            return Ok(Some((Code::UnknownField, detail)));
        }
        let detail =
            format!("The fields of {kind} are still to be read: nobody knows yet whether there is `{name}`.");
        Ok(Some((Code::Unavailable, detail)))
    }

    /// Has fields mirrored whose values a definition takes; `Err`: there is no room for more.
    pub(super) fn mirror_named(
        &mut self,
        turn: &mut Turn<'_>,
        named: &[(ObjectType, BTreeSet<String>)],
        effects: &mut Vec<Effect>,
    ) -> Result<Result<(), Vec<Fault>>, SqlError> {
        for (kind, names) in named {
            if !self.mirror_too(turn, *kind, names, effects)? {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                let detail = format!(
                    "Storage is full, and not all of `{}` of {kind} are mirrored. Choose fewer fields first.",
                    names.join("`, `")
                );
                return Ok(Err(vec![fault("/steps".to_owned(), Code::Unavailable, detail)]));
            }
        }
        Ok(Ok(()))
    }
}

/// The id of an action, as the outbox shows it.
pub(super) fn id_of(action: &str) -> Option<ActionId> {
    let action: serde_json::Value = json::parse(action).ok()?;
    action["id"].as_str()?.parse().ok()
}

/// How an action has ended, as the outbox shows it.
pub(super) fn ended(action: &str) -> Ended {
    let action: serde_json::Value = json::parse(action).unwrap_or_default();
    let state = action["state"].as_str().unwrap_or("failed").to_owned();
    let mut ended = Ended { words: None, made: [None; 2], record: None, touched: Vec::new(), state };
    for write in action["writes"].as_array().into_iter().flatten() {
        let id = write["result"].as_str().or_else(|| write["record"].as_str());
        let kind = write["type"].as_str().unwrap_or_default();
        if write["op"] == "create" && write["state"] == "done" {
            let parsed = id.and_then(|id| id.parse().ok());
            match kind {
                "companies" => ended.made[0] = parsed,
                "contacts" => ended.made[1] = parsed,
                _ => {}
            }
        }
        if matches!(write["op"].as_str(), Some("create" | "update")) {
            ended.record = id.map(|id| format!("{kind}/{id}"));
            let done = id.filter(|_| write["state"] == "done").and_then(|id| id.parse().ok());
            ended.touched.extend(kind.parse().ok().zip(done));
        }
        if let Some(words) = write["problem"]["detail"].as_str() {
            ended.words.get_or_insert_with(|| words.to_owned());
        }
        if write["found"] == true {
            ended.words.get_or_insert_with(|| "It was in HubSpot already.".to_owned());
        }
        if write["unsure"] == true {
            ended.words.get_or_insert_with(|| {
                "It is in HubSpot; HubSpot did not say whether this made it.".to_owned()
            });
        }
    }
    if matches!(ended.state.as_str(), "waiting" | "sent" | "unknown") {
        let words = "After a week nobody has said what became of it: the run goes on without.";
        ended.words = Some(words.to_owned());
    }
    ended
}
