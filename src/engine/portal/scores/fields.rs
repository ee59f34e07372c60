//! The properties that hold scores: whether they are there and fit, and how they are made.

use serde_json::{Value, json};

use super::{Call, Creating, Fields, KIND, pause_ms};
use crate::{
    engine::portal::{Portal, Turn, mappings, streams::selection_key},
    hubspot::{
        properties,
        rejection::{Class, Rejection},
    },
    store::{schema, sql::SqlError},
    values::{
        http::Request,
        mapping::{Action, Entry, Mapping, Source},
        score::{self, Score},
    },
};

/// How often a property is tried before a person is told, ten seconds to some minutes apart.
const ATTEMPTS: u32 = 6;

impl Portal {
    /// What of an account fills which property: what the run began with, whatever has been set since. `None`: the mapping that was chosen
    /// is not there.
    pub(super) fn score_mapping(&self, turn: &Turn<'_>) -> Result<Option<Mapping>, SqlError> {
        let began_with = self.scores.run.as_ref().and_then(|run| run.began_with.as_ref());
        if let Some(mapping) = began_with.and_then(|own| own.mapping.as_ref()) {
            return Ok(mapping.read());
        }
        let settings = began_with.map_or(&self.scores.kept.settings, |own| &own.settings);
        if settings.fields == Fields::Mapped {
            return mappings::load(turn.sql, Action::ScoreSnapshot);
        }
        let entry = |score: Score| Entry {
            field: settings.names.of(score),
            source: Source::Host { path: score.as_str().to_owned(), declared: None, default: None },
            nature: None,
            only_if_empty: false,
            drop_if_refused: false,
        };
        Ok(Some(Mapping { entries: Score::ALL.map(entry).into() }))
    }

    /// Why no run can begin with the properties as they are; `None`: one can.
    pub(super) fn score_fields_trouble(&self, turn: &Turn<'_>) -> Result<Option<String>, SqlError> {
        let lines = self.check_score_fields(turn)?;
        let wrong: Vec<&str> = lines.iter().filter_map(|line| line["detail"].as_str()).collect();
        Ok((!wrong.is_empty()).then(|| wrong.join(" ")))
    }

    /// Each property with what it has to be, and what is wrong with it.
    pub(super) fn check_score_fields(&self, turn: &Turn<'_>) -> Result<Vec<Value>, SqlError> {
        let settings = &self.scores.kept.settings;
        let of_kind = self.streams.iter().find(|running| running.saved.object_type == KIND);
        let mirrored = of_kind.map_or(&[][..], |running| &running.properties);
        let known = of_kind.is_some_and(|running| running.saved.properties_at.is_some());
        let is_mirrored = |name: &str| mirrored.binary_search_by(|own| own.as_str().cmp(name)).is_ok();
        let unread = |name: &str| {
            format!(
                "`{name}` is not among the fields of companies that are mirrored, so nobody knows what differs: choose it on the page of fields."
            )
        };
        let line = |name: &str, wrong: Option<String>, there: bool| {
            let wrong = wrong.or_else(|| (there && !is_mirrored(name)).then(|| unread(name)));
            let state = match (known, there, &wrong) {
                (false, ..) => "unchecked",
                (true, _, None) => "ready",
                (true, true, Some(_)) => "wrong",
                (true, false, Some(_)) => "missing",
            };
            let detail = if known {
                wrong
            } else {
                Some("Which fields HubSpot has is not known yet: they are read first.".to_owned())
            };
            json!({ "name": name, "state": state, "detail": detail })
        };
        if settings.fields == Fields::Mapped {
            let Some(mapping) = mappings::load(turn.sql, Action::ScoreSnapshot)? else {
                return Ok(vec![json!({
                    "name": null, "state": "missing",
                    "detail": "No field mapping of scores is saved: say there which field takes which score.",
                })]);
            };
            let names: Vec<&str> = mapping.entries.iter().map(|entry| entry.field.as_str()).collect();
            let fields = mappings::definitions(turn.sql, KIND, Some(&names))?;
            let lines = mapping.entries.iter().map(|entry| {
                let field = fields.get(&entry.field);
                let wrong = entry.trouble_in(Action::ScoreSnapshot, field).map(|refusal| refusal.detail);
                line(&entry.field, wrong, field.is_some())
            });
            return Ok(lines.collect());
        }
        let names = settings.names.all();
        let wanted: Vec<&str> = names.iter().map(String::as_str).collect();
        let fields = mappings::definitions(turn.sql, KIND, Some(&wanted))?;
        let lines = Score::ALL.into_iter().zip(&names).map(|(score, name)| {
            let field = fields.get(name);
            let mut line = line(name, score::misfit(score, field, name), field.is_some());
            let (value_type, field_type) = score.types();
            line["label"] = json!(settings.names.label_of(score));
            line["type"] = json!(value_type);
            line["field_type"] = json!(field_type);
            line["options"] = json!(score.options());
            line
        });
        Ok(lines.collect())
    }

    /// Adds the properties that hold scores to the fields that are chosen, those of them that are there: what they hold says what differs.
    pub(in crate::engine::portal) fn choose_scored(
        &mut self,
        turn: &Turn<'_>,
        index: usize,
        is_there: impl Fn(&str) -> bool,
    ) -> Result<(), SqlError> {
        let running = &mut self.streams[index];
        let Some(chosen) = running.selection.fields.as_mut().filter(|_| running.saved.object_type == KIND)
        else {
            return Ok(());
        };
        let before = chosen.len();
        chosen.extend(self.scores.managed().into_iter().filter(|name| is_there(name)));
        if chosen.len() == before {
            return Ok(());
        }
        let json = serde_json::to_string(&running.selection).map_err(|_| SqlError::Content("meta"))?;
        schema::set(turn.sql, &selection_key(KIND), &json)
    }

    /// Begins to make what is missing.
    pub(super) fn create_score_fields(&mut self, turn: &Turn<'_>) -> Result<(), SqlError> {
        self.scores.kept.creating = Some(Creating { next: None, at: turn.now, failures: 0 });
        self.scores.kept.trouble = None;
        self.scores.save(turn)
    }

    pub(super) fn make_request(&self, what: Option<Score>) -> Request {
        let names = &self.scores.kept.settings.names;
        match what {
            None => properties::create_group(KIND, &names.group, &names.group_label()),
            Some(score) => properties::create(KIND, &names.definition(score)),
        }
    }

    /// The group or a property is there now, made or found.
    pub(super) fn made_score_field(
        &mut self,
        turn: &mut Turn<'_>,
        what: Option<Score>,
        effects: &mut Vec<crate::engine::portal::Effect>,
    ) -> Result<(), SqlError> {
        let next = match what {
            None => Some(Score::ALL[0]),
            Some(score) => Score::ALL.into_iter().find(|other| *other > score),
        };
        let at = turn.now;
        self.scores.kept.creating = next.map(|score| Creating { next: Some(score), at, failures: 0 });
        self.scores.save(turn)?;
        if next.is_none() {
            // Whether one of that name that was there already fits, the fields as HubSpot lists them tell.
            self.refresh_fields(turn, effects)?;
        }
        Ok(())
    }

    /// It was not made: it is tried again, or a person is told.
    pub(super) fn not_made(
        &mut self,
        turn: &mut Turn<'_>,
        what: Option<Score>,
        rejection: &Rejection,
        effects: &mut Vec<crate::engine::portal::Effect>,
    ) -> Result<(), SqlError> {
        if matches!(rejection.class, Class::Conflict { .. }) {
            return self.made_score_field(turn, what, effects);
        }
        let failures = self.scores.kept.creating.as_ref().map_or(0, |creating| creating.failures) + 1;
        if rejection.is_about_the_request() || failures >= ATTEMPTS {
            let name = match what {
                None => self.scores.kept.settings.names.group.clone(),
                Some(score) => self.scores.kept.settings.names.of(score),
            };
            self.scores.kept.creating = None;
            self.scores.kept.trouble = Some(format!("`{name}` could not be created. {}", rejection.words()));
            self.scores.save(turn)?;
            self.refresh_fields(turn, effects)?;
            return Ok(());
        }
        let at = turn.now.plus_ms(pause_ms(failures));
        self.scores.kept.creating = Some(Creating { next: what, at, failures });
        self.scores.save(turn)
    }

    /// What to ask HubSpot to make next.
    pub(super) fn next_to_make(&self, turn: &Turn<'_>) -> Option<Call> {
        let creating = self.scores.kept.creating.as_ref()?;
        (creating.at <= turn.now).then_some(Call::Make(creating.next))
    }
}
