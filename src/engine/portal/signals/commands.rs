//! What the host and people ask: signals taken in, lists and automations made, tried, paused, and what became of each signal.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    AUTOMATIONS_LIMIT, LISTS_LIMIT, PENDING_LIMIT, RunningAutomation, RunningList, SavedAutomation,
    SavedList,
    decide::context_of,
    log::{self, Chosen, Kept},
    show,
    steps::tried,
};
use crate::{
    engine::{
        action_step::Planned,
        actor::Actor,
        portal::{
            Effect, Portal, Turn,
            action_steps::{id_of, is_of_nobody},
            outbox::commands::{Answer as Told, Command as Outbox, Taken},
        },
        signal::{Automation, List, Signal, VOCABULARY},
    },
    store::{
        portal::signals::{self as store, New},
        sql::SqlError,
    },
    values::{
        filter::{Code, Fault},
        ids::{AutomationId, ObjectType, QualifyingListId, RecordId, RunId, SignalId},
    },
};

/// Most signals of one request: a thousand of a kilobyte.
pub const SIGNALS_AT_ONCE: usize = 1_000;
/// Most entries of a page of signals or runs: each some kilobytes with its explanation.
pub const PAGE_LIMIT: u32 = 50;
/// Signals that a list is tried on where no other is given: the newest, a tenth of a second's work.
const TRIED: u32 = 500;
/// Of these that many are named.
const EXAMPLES: usize = 10;

/// What can be asked.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Takes signals in. Answers [`Answer::Received`], one for each, in their order.
    Receive(Vec<Signal>),
    /// The newest first. Answers [`Answer::Page`].
    Signals {
        /// Before this row.
        before: Option<i64>,
        /// Capped at [`PAGE_LIMIT`].
        limit: u32,
    },
    /// One of them. Answers [`Answer::Json`].
    Signal(SignalId),
    /// Answers [`Answer::Json`] `{results, next_cursor}`, the oldest first.
    Lists,
    /// Answers [`Answer::Json`].
    List(QualifyingListId),
    /// Saves a definition: of a new list, or in the place of what was there. Answers [`Answer::Json`].
    PutList(Option<QualifyingListId>, Value),
    /// Answers [`Answer::Removed`].
    RemoveList(QualifyingListId),
    /// What a filter says of somebody, or of the newest signals. Answers [`Answer::Json`].
    TryList {
        /// The filter.
        filter: Value,
        /// Of whom.
        on: On,
    },
    /// Answers [`Answer::Json`] `{results, next_cursor}`, the oldest first.
    Automations,
    /// Answers [`Answer::Json`].
    Automation(AutomationId),
    /// Saves a definition: of a new automation, or in the place of what was there. Answers [`Answer::Json`].
    PutAutomation(Option<AutomationId>, Value),
    /// Forgets it and its runs; what it asked for stays asked for. Answers [`Answer::Removed`].
    RemoveAutomation(AutomationId),
    /// It does something, or nothing until it is enabled again. Answers [`Answer::Json`].
    Enable(AutomationId, bool),
    /// What an automation would do. Nothing is. Answers [`Answer::Json`].
    TryAutomation {
        /// Its definition.
        definition: Value,
        /// For whom.
        on: On,
    },
    /// The newest first. Answers [`Answer::Page`].
    Runs {
        /// Of this automation only.
        automation: Option<AutomationId>,
        /// Of this signal only.
        signal: Option<SignalId>,
        /// Before this row.
        before: Option<i64>,
        /// Capped at [`PAGE_LIMIT`].
        limit: u32,
    },
    /// One of them. Answers [`Answer::Json`].
    Run(RunId),
}

/// Whom something is tried on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct On {
    /// A signal that came.
    pub signal_id: Option<SignalId>,
    /// A signal as a host would send it; parts of it may be missing.
    pub signal: Option<Value>,
    /// A company of HubSpot's, in the place of the one that is matched.
    pub company: Option<RecordId>,
    /// A contact, likewise.
    pub contact: Option<RecordId>,
}

impl On {
    fn is_nobody(&self) -> bool {
        *self == Self::default()
    }
}

/// What is answered.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// What became of each signal that was sent.
    Received(Vec<Received>),
    /// In the API's shape.
    Json(String),
    /// `[…]` in the API's shape, and where the next page begins.
    Page {
        /// JSON.
        results: String,
        /// The row to go on before.
        next: Option<i64>,
    },
    /// It is gone.
    Removed,
    /// It is not done.
    Refused(Refusal),
}

/// What became of a signal that was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Received {
    /// It is kept, and decided about soon.
    New(SignalId),
    /// One of the same name came before: this one changes nothing.
    Duplicate(SignalId),
    /// Its visitor was erased and is kept out: nothing of it is kept.
    KeptOut,
    /// As many wait to be decided about as may.
    Full,
}

/// Why something is not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// There is no such.
    NotFound,
    /// There are as many as there may be.
    Full(u32),
    /// Automations are of the list: their names.
    InUse(Vec<String>),
    /// The connection has ended, or nobody can be recognised who is kept out.
    Stopped,
    /// The definition may not be saved: everything that is wrong with it, and where.
    Wrong(Vec<Fault>),
}

const fn refused(refusal: Refusal) -> Answer {
    Answer::Refused(refusal)
}

const fn wrong(faults: Vec<Fault>) -> Answer {
    refused(Refusal::Wrong(faults))
}

fn all(results: Vec<Value>) -> Answer {
    Answer::Json(json!({ "results": results, "next_cursor": null }).to_string())
}

/// Ends with the refusal.
macro_rules! allowed {
    ($result:expr) => {
        match $result {
            Ok(value) => value,
            Err(faults) => return Ok(wrong(faults)),
        }
    };
}

impl Portal {
    /// Answers a command. Whoever calls it sees to it that what is due then is done.
    #[inline(never)]
    pub(in crate::engine::portal) fn signal_command(
        &mut self,
        turn: &mut Turn<'_>,
        command: Command,
        effects: &mut Vec<Effect>,
    ) -> Result<Answer, SqlError> {
        match command {
            Command::Receive(signals) => self.receive(turn, signals),
            Command::Signals { before, limit } => {
                let limit = limit.clamp(1, PAGE_LIMIT);
                let found = store::page(turn.sql, before, limit)?;
                let next = found.last().filter(|_| found.len() == limit as usize).map(|last| last.number);
                let results: Vec<Value> =
                    found.iter().map(|row| show::signal(turn.sql, row)).collect::<Result<_, _>>()?;
                Ok(Answer::Page { results: json!(results).to_string(), next })
            }
            Command::Signal(id) => match store::by_id(turn.sql, &id)? {
                Some(row) => Ok(Answer::Json(show::signal(turn.sql, &row)?.to_string())),
                None => Ok(refused(Refusal::NotFound)),
            },
            Command::Lists => {
                let shown = self.signals.lists.iter().map(|running| self.shown_list(turn, running));
                Ok(all(shown.collect::<Result<_, _>>()?))
            }
            Command::List(id) => match self.signals.list(&id) {
                Some(running) => Ok(Answer::Json(self.shown_list(turn, running)?.to_string())),
                None => Ok(refused(Refusal::NotFound)),
            },
            Command::PutList(id, definition) => self.put_list(turn, id, &definition),
            Command::RemoveList(id) => self.remove_list(turn, &id),
            Command::TryList { filter, on } => self.try_list(turn, &filter, &on),
            Command::Automations => {
                let shown =
                    self.signals.automations.iter().map(|running| self.shown_automation(turn, running));
                Ok(all(shown.collect::<Result<_, _>>()?))
            }
            Command::Automation(id) => match self.signals.automation(&id) {
                Some(running) => Ok(Answer::Json(self.shown_automation(turn, running)?.to_string())),
                None => Ok(refused(Refusal::NotFound)),
            },
            Command::PutAutomation(id, definition) => self.put_automation(turn, id, &definition, effects),
            Command::RemoveAutomation(id) => {
                let Some(index) = self.automation_at(&id) else { return Ok(refused(Refusal::NotFound)) };
                store::remove_automation(turn.sql, self.signals.automations[index].number)?;
                self.signals.automations.remove(index);
                Ok(Answer::Removed)
            }
            Command::Enable(id, enabled) => {
                let Some(index) = self.automation_at(&id) else { return Ok(refused(Refusal::NotFound)) };
                let running = &mut self.signals.automations[index];
                running.saved.enabled = enabled;
                running.save(turn)?;
                let shown = self.shown_automation(turn, &self.signals.automations[index])?;
                Ok(Answer::Json(shown.to_string()))
            }
            Command::TryAutomation { definition, on } => self.try_automation(turn, &definition, &on, effects),
            Command::Runs { automation, signal, before, limit } => {
                let limit = limit.clamp(1, PAGE_LIMIT);
                let automation = match automation {
                    Some(id) => match self.signals.automation(&id) {
                        Some(running) => Some(running.number),
                        None => return Ok(refused(Refusal::NotFound)),
                    },
                    None => None,
                };
                let signal = match signal {
                    Some(id) => match store::by_id(turn.sql, &id)? {
                        Some(row) => Some(row.number),
                        None => return Ok(refused(Refusal::NotFound)),
                    },
                    None => None,
                };
                let found = store::run_page(turn.sql, before, automation, signal, limit)?;
                let next = found.last().filter(|_| found.len() == limit as usize).map(|last| last.number);
                let shown = found.iter().map(|run| Self::shown_signal_run(turn, run));
                let results: Vec<Value> = shown.collect::<Result<_, _>>()?;
                Ok(Answer::Page { results: json!(results).to_string(), next })
            }
            Command::Run(id) => match store::run_by_id(turn.sql, &id)? {
                Some(run) => Ok(Answer::Json(Self::shown_signal_run(turn, &run)?.to_string())),
                None => Ok(refused(Refusal::NotFound)),
            },
        }
    }

    fn receive(&mut self, turn: &mut Turn<'_>, signals: Vec<Signal>) -> Result<Answer, SqlError> {
        if self.channel_context(turn).is_none() || self.blocks.locked() {
            return Ok(refused(Refusal::Stopped));
        }
        let mut room = PENDING_LIMIT.saturating_sub(store::pending_up_to(turn.sql, PENDING_LIMIT)?);
        let mut received = Vec::with_capacity(signals.len());
        for signal in signals.into_iter().take(SIGNALS_AT_ONCE) {
            if signal.email().is_some_and(|email| self.blocks.has_email(email)) {
                received.push(Received::KeptOut);
                continue;
            }
            if let Some(before) = store::by_key(turn.sql, &signal.key)? {
                received.push(Received::Duplicate(before.id));
                continue;
            }
            if room == 0 {
                received.push(Received::Full);
                continue;
            }
            room -= 1;
            let mut bytes = [0; 12];
            (turn.random)(&mut bytes);
            let id = SignalId::from_random(bytes);
            let kept = Kept { signal, decided: None };
            let content = serde_json::to_string(&kept).map_err(|_| SqlError::Content("signals"))?;
            let new = New {
                id: &id,
                key: &kept.signal.key,
                email: kept.signal.email(),
                visitor: kept.signal.visitor.as_ref().and_then(|visitor| visitor.id.as_deref()),
                content: &content,
            };
            store::add(turn.sql, &new, turn.now)?;
            self.signals.used = true;
            received.push(Received::New(id));
        }
        Ok(Answer::Received(received))
    }

    fn put_list(
        &mut self,
        turn: &mut Turn<'_>,
        id: Option<QualifyingListId>,
        definition: &Value,
    ) -> Result<Answer, SqlError> {
        let list = allowed!(List::parse(definition));
        let fields = super::Discovered::load(turn.sql, &list)?;
        let faults = self.faults_of(&list, &fields);
        if !faults.is_empty() {
            return Ok(wrong(faults));
        }
        let index = match &id {
            Some(id) => match self.signals.lists.iter().position(|running| running.saved.id == *id) {
                Some(index) => Some(index),
                None => return Ok(refused(Refusal::NotFound)),
            },
            None if self.signals.lists.len() >= LISTS_LIMIT => {
                return Ok(refused(Refusal::Full(LISTS_LIMIT as u32)));
            }
            None => None,
        };
        let id = id.unwrap_or_else(|| {
            let mut bytes = [0; 12];
            (turn.random)(&mut bytes);
            QualifyingListId::from_random(bytes)
        });
        let created_at = index.map_or(turn.now, |index| self.signals.lists[index].saved.created_at);
        let definition = list.to_json();
        // What was read without a field that is back, or not at all, is still to be read again, whatever the list says now.
        let held = index.and_then(|index| self.signals.lists[index].saved.held.clone());
        let held = held.filter(|held| held.until.is_some() || (held.missed && self.reads_anew(&list)));
        let saved = SavedList { id, definition, held, created_at, updated_at: turn.now };
        let running = RunningList { saved, list, doubted_at: None };
        running.save(turn)?;
        let shown = self.shown_list(turn, &running)?;
        match index {
            Some(index) => self.signals.lists[index] = running,
            None => self.signals.lists.push(running),
        }
        Ok(Answer::Json(shown.to_string()))
    }

    fn remove_list(&mut self, turn: &Turn<'_>, id: &QualifyingListId) -> Result<Answer, SqlError> {
        let Some(index) = self.signals.lists.iter().position(|running| running.saved.id == *id) else {
            return Ok(refused(Refusal::NotFound));
        };
        let own = self.signals.automations.iter().filter(|running| running.automation.list == *id);
        let names: Vec<String> = own.map(|running| running.automation.name.clone()).collect();
        if !names.is_empty() {
            return Ok(refused(Refusal::InUse(names)));
        }
        store::remove_list(turn.sql, id)?;
        self.signals.lists.remove(index);
        Ok(Answer::Removed)
    }

    fn automation_at(&self, id: &AutomationId) -> Option<usize> {
        self.signals.automations.iter().position(|running| running.saved.id == *id)
    }

    fn put_automation(
        &mut self,
        turn: &mut Turn<'_>,
        id: Option<AutomationId>,
        definition: &Value,
        effects: &mut Vec<Effect>,
    ) -> Result<Answer, SqlError> {
        let automation = allowed!(Automation::parse(definition));
        if self.signals.list(&automation.list).is_none() {
            return Ok(wrong(vec![no_list()]));
        }
        let faults = self.faults_of_automation(turn, &automation)?;
        if !faults.is_empty() {
            return Ok(wrong(faults));
        }
        let index = match &id {
            Some(id) => match self.automation_at(id) {
                Some(index) => Some(index),
                None => return Ok(refused(Refusal::NotFound)),
            },
            None if self.signals.automations.len() >= AUTOMATIONS_LIMIT => {
                return Ok(refused(Refusal::Full(AUTOMATIONS_LIMIT as u32)));
            }
            None => None,
        };
        let named = [ObjectType::Companies, ObjectType::Contacts]
            .map(|kind| (kind, automation.reads(kind).into_iter().map(str::to_owned).collect()));
        allowed!(self.mirror_named(turn, &named, effects)?);
        let before = index.map(|index| &self.signals.automations[index].saved);
        let mut bytes = [0; 12];
        (turn.random)(&mut bytes);
        let saved = SavedAutomation {
            id: id.unwrap_or_else(|| AutomationId::from_random(bytes)),
            definition: automation.to_json(),
            enabled: before.is_none_or(|before| before.enabled),
            version: before.map_or(1, |before| before.version.saturating_add(1)),
            created_at: before.map_or(turn.now, |before| before.created_at),
            updated_at: turn.now,
        };
        let state = serde_json::to_string(&saved).map_err(|_| SqlError::Content("automations"))?;
        let number = store::put_automation(turn.sql, &saved.id, &state)?;
        let running = RunningAutomation { number, saved, automation };
        let shown = self.shown_automation(turn, &running)?;
        match index {
            Some(index) => self.signals.automations[index] = running,
            None => self.signals.automations.push(running),
        }
        Ok(Answer::Json(shown.to_string()))
    }

    /// The signal that something is tried on, and whom it is about.
    fn on(&self, turn: &Turn<'_>, on: &On) -> Result<Result<(Signal, Chosen, Chosen), Refusal>, SqlError> {
        let signal = match (&on.signal_id, &on.signal) {
            (Some(id), None) => match store::by_id(turn.sql, id)? {
                Some(row) => store::read::<Kept>(&row.content)?.signal,
                None => return Ok(Err(Refusal::NotFound)),
            },
            (None, signal) => {
                let signal = signal.clone().unwrap_or_else(|| json!({}));
                match Signal::parse_some(&signal, turn.now) {
                    Ok(signal) => signal,
                    Err(faults) => {
                        let inside = |one: Fault| Fault { path: format!("/on/signal{}", one.path), ..one };
                        return Ok(Err(Refusal::Wrong(faults.into_iter().map(inside).collect())));
                    }
                }
            }
            (Some(_), Some(_)) => {
                let detail = "Name a signal by \"signal_id\", or write one as \"signal\": one of the two.";
                let fault = Fault { path: "/on".to_owned(), code: Code::Shape, detail: detail.to_owned() };
                return Ok(Err(Refusal::Wrong(vec![fault])));
            }
        };
        let (mut company, mut contact) = self.whom(turn, &[&signal])?.pop().unwrap_or_default();
        if let Some(id) = on.company {
            company = Chosen::given(id);
        }
        if let Some(id) = on.contact {
            contact = Chosen::given(id);
        }
        Ok(Ok((signal, company, contact)))
    }

    fn try_list(&self, turn: &Turn<'_>, filter: &Value, on: &On) -> Result<Answer, SqlError> {
        let list = allowed!(List::parse(&json!({ "name": "Try", "filter": filter })));
        let asking = Self::asking_of(turn, &list, None)?;
        let faults = self.faults_of(&list, &asking.fields);
        if !faults.is_empty() {
            return Ok(wrong(faults));
        }
        let context = context_of(self, turn);
        let selects = list.describe(&asking.fields);
        if on.is_nobody() {
            let (mut asked, mut qualify, mut examples) = (0, 0, Vec::new());
            for row in store::page(turn.sql, None, TRIED)? {
                let Kept { signal, decided } = store::read(&row.content)?;
                // As it was matched when it came.
                let (company, contact) =
                    decided.map_or((None, None), |decided| (decided.company.record, decided.contact.record));
                let facts = self.facts_of_signal(turn, &signal, company, contact)?;
                asked += 1;
                if list.filter.evaluate(&facts, None, context) {
                    qualify += 1;
                    if examples.len() < EXAMPLES {
                        examples.push(json!({ "id": row.id, "key": row.key, "name": signal.name }));
                    }
                }
            }
            let told = json!({
                "selects": selects, "signals": asked, "qualifying": qualify, "examples": examples,
            });
            return Ok(Answer::Json(told.to_string()));
        }
        let (signal, company, contact) = match self.on(turn, on)? {
            Ok(found) => found,
            Err(refusal) => return Ok(refused(refusal)),
        };
        let facts = self.facts_of_signal(turn, &signal, company.record, contact.record)?;
        let qualifies = list.filter.evaluate(&facts, None, context);
        let conditions = log::findings(&list, &asking.fields, &facts, context, true);
        let (company, contact) = show::whom(&company, &contact);
        let told = json!({
            "selects": selects,
            "qualifies": qualifies,
            "conditions": show::conditions(&conditions),
            "company": company,
            "contact": contact,
        });
        Ok(Answer::Json(told.to_string()))
    }

    /// Everything that is wrong with the fields that an automation's steps name.
    pub(super) fn faults_of_automation(
        &self,
        turn: &Turn<'_>,
        automation: &Automation,
    ) -> Result<Vec<Fault>, SqlError> {
        let steps = automation.steps.iter().enumerate();
        let steps: Vec<_> = steps.map(|(index, step)| (format!("/steps/{index}"), step)).collect();
        self.faults_of_steps(turn, &steps, VOCABULARY)
    }

    fn try_automation(
        &mut self,
        turn: &mut Turn<'_>,
        definition: &Value,
        on: &On,
        effects: &mut Vec<Effect>,
    ) -> Result<Answer, SqlError> {
        let automation = allowed!(Automation::parse(definition));
        let Some(running) = self.signals.list(&automation.list) else { return Ok(wrong(vec![no_list()])) };
        let faults = self.faults_of_automation(turn, &automation)?;
        if !faults.is_empty() {
            return Ok(wrong(faults));
        }
        let (list, held) = (running.list.clone(), running.saved.held.clone());
        let (signal, company, contact) = match self.on(turn, on)? {
            Ok(found) => found,
            Err(refusal) => return Ok(refused(refusal)),
        };
        let asking = Self::asking_of(turn, &list, held.as_ref())?;
        let context = context_of(self, turn);
        let facts = self.facts_of_signal(turn, &signal, company.record, contact.record)?;
        let qualifies = asking.trouble.is_none() && list.filter.evaluate(&facts, None, context);
        let conditions = log::findings(&list, &asking.fields, &facts, context, true);
        let (subject, record) = Self::subject(automation.per, &signal, &company, &contact);
        // Of an automation that is saved the last time is known.
        let own = self.signals.automations.iter().find(|own| own.automation == automation);
        let cools = match own {
            Some(own) => Self::cools(turn, own, &subject, record.as_deref())?,
            None => None,
        };
        let (mut steps, mut imports) = (Vec::new(), false);
        for (index, step) in automation.steps.iter().enumerate() {
            let action = step.action().to_owned();
            let told = match self.planned(turn, step, VOCABULARY, &facts) {
                Planned::Skip(words) if imports => json!({
                    "state": "later", "words": format!("{words} What an earlier step makes is not known yet.")
                }),
                Planned::Skip(words) => json!({ "state": "skipped", "words": words }),
                Planned::Do(_) if imports && is_of_nobody(step, VOCABULARY, &facts) => {
                    json!({ "state": "later", "words": "What an earlier step makes is not known yet." })
                }
                Planned::Do(wanted) => {
                    imports |= action.starts_with("import_");
                    let asked = tried(*wanted, signal.data());
                    match self.outbox_command(turn, &Actor::Spoke, Outbox::Do(vec![asked]), effects)? {
                        Told::Taken(mut taken) => match taken.pop() {
                            Some(Taken::Action { action, .. }) => json!({
                                "state": "would_be_asked",
                                "action_id": id_of(&action),
                                "would": crate::values::json::parse::<Value>(&action).unwrap_or_default(),
                            }),
                            Some(Taken::Refused(refusal)) => {
                                json!({ "state": "refused", "words": refusal.words })
                            }
                            Some(Taken::Off) => {
                                json!({ "state": "off", "words": "An administrator has switched this action off." })
                            }
                            Some(Taken::Full) | None => json!({ "state": "waiting" }),
                        },
                        _ => return Err(SqlError::Content("actions")),
                    }
                }
            };
            let mut told = told;
            told["step"] = json!(index + 1);
            told["action"] = json!(action);
            steps.push(told);
        }
        let (company, contact) = show::whom(&company, &contact);
        let told = json!({
            "qualifies": qualifies,
            "trouble": asking.trouble,
            "conditions": show::conditions(&conditions),
            "company": company,
            "contact": contact,
            "why_not": cools,
            "steps": steps,
        });
        Ok(Answer::Json(told.to_string()))
    }
}

fn no_list() -> Fault {
    let detail = "There is no such qualifying list. Make it first.".to_owned();
    Fault { path: "/list".to_owned(), code: Code::Unavailable, detail }
}

impl RunningAutomation {
    fn save(&self, turn: &Turn<'_>) -> Result<(), SqlError> {
        let state = serde_json::to_string(&self.saved).map_err(|_| SqlError::Content("automations"))?;
        store::put_automation(turn.sql, &self.saved.id, &state).map(|_| ())
    }
}
