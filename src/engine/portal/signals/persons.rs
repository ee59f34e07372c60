//! Signals of one person: nothing of somebody who is erased stays, and what is held of them can be told.

use serde_json::Value;

use crate::{
    engine::{
        portal::{Portal, Turn, blocks::Whom},
        signal::{email_subject, host_subject},
    },
    hubspot::objects::Properties,
    store::{
        portal::{
            records::Stored,
            signals::{self as store, Signal, acts},
        },
        sql::SqlError,
    },
    values::ids::{ObjectType, RecordId},
};

/// What a record is called in a cool-down.
pub(super) fn record_name(kind: ObjectType, id: RecordId) -> String {
    format!("{}/{id}", kind.name())
}

/// Signals of one person that stand in a document about them; how many there are besides is said.
const TOLD: usize = 500;

/// The addresses of contacts, in lower case.
pub(in crate::engine::portal) fn addresses(stored: &[Stored]) -> Vec<String> {
    let mut all = Vec::new();
    for row in stored {
        let properties =
            row.properties.as_deref().and_then(|text| Properties::parse(text).ok()).unwrap_or_default();
        for name in ["email", "hs_additional_emails"] {
            let text = properties.get(name).unwrap_or_default().to_lowercase();
            all.extend(
                text.split(';').map(|email| email.trim().to_owned()).filter(|email| !email.is_empty()),
            );
        }
    }
    all
}

impl Portal {
    /// Forgets the signals of contacts that are erased, by their ids and addresses, and of whom they name besides, and when automations acted for them; how many signals
    /// that were.
    pub(in crate::engine::portal) fn erase_signals(
        &self,
        turn: &Turn<'_>,
        kind: ObjectType,
        ids: &[RecordId],
        emails: &[String],
    ) -> Result<usize, SqlError> {
        if !self.signals.is_used() || kind != ObjectType::Contacts {
            return Ok(0);
        }
        let numbers = store::of_person(turn.sql, emails, ids)?;
        let mut subjects: Vec<String> = emails.iter().map(|email| email_subject(email)).collect();
        for (email, visitor) in store::names_of(turn.sql, &numbers)? {
            subjects.extend(email.as_deref().map(email_subject));
            subjects.extend(visitor.as_deref().map(host_subject));
        }
        let records: Vec<String> = ids.iter().map(|id| record_name(kind, *id)).collect();
        acts::erase(turn.sql, &subjects, &records)?;
        store::erase(turn.sql, &numbers)?;
        Ok(numbers.len())
    }

    /// The signals of a person, and how many there are besides.
    pub(in crate::engine::portal) fn export_signals(
        turn: &Turn<'_>,
        kind: ObjectType,
        ids: &[RecordId],
        stored: &[Stored],
        whom: &Whom,
    ) -> Result<(Vec<Value>, usize), SqlError> {
        if kind != ObjectType::Contacts {
            return Ok((Vec::new(), 0));
        }
        let mut emails = addresses(stored);
        if let Whom::Email(email) = whom {
            emails.push(email.trim().to_lowercase());
        }
        let numbers = store::of_person(turn.sql, &emails, ids)?;
        let mut all = Vec::new();
        for number in numbers.iter().take(TOLD) {
            if let Some(signal) = store::numbered(turn.sql, *number)? {
                all.push(Self::exported(turn, &signal)?);
            }
        }
        Ok((all, numbers.len().saturating_sub(TOLD)))
    }

    fn exported(turn: &Turn<'_>, signal: &Signal) -> Result<Value, SqlError> {
        let mut shown = super::show::signal(turn.sql, signal)?;
        let runs =
            store::run_page(turn.sql, None, None, Some(signal.number), super::AUTOMATIONS_LIMIT as u32)?;
        shown["runs"] = runs.iter().map(super::show::run).collect::<Result<Vec<_>, _>>()?.into();
        Ok(shown)
    }
}

impl super::Signals {
    /// Whether anything is kept that tells of somebody.
    pub(in crate::engine::portal) const fn is_used(&self) -> bool {
        self.used
    }
}
