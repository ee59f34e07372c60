//! Matching in the API: which companies accounts are, which contacts people are.

use serde::Deserialize;

use crate::{
    api::request::LOOKUP_CHARS,
    engine::portal::matching::{ACCOUNTS, ALIASES, Account, Command, ID_CHARS, Person},
    values::problem::{Kind, Problem},
};

/// Longest domain that is taken, in characters: what hosts keep as a domain can be a page's whole address.
pub const DOMAIN_CHARS: usize = 2_000;

/// `POST /v1/connections/{c}/match/companies`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MatchCompanies {
    accounts: Vec<AccountToMatch>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountToMatch {
    id: Option<String>,
    domain: Option<String>,
    aliases: Option<Vec<String>>,
}

/// `POST /v1/connections/{c}/match/contacts`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MatchContacts {
    people: Vec<PersonToMatch>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PersonToMatch {
    id: Option<String>,
    email: String,
}

fn invalid(words: String) -> Problem {
    Problem::new(Kind::InvalidRequest, words)
}

fn within(what: &str, text: &str, most: usize) -> Result<(), Problem> {
    if text.chars().count() <= most {
        return Ok(());
    }
    Err(invalid(format!("`{what}` may have {most} characters at most.")))
}

fn some(what: &str, count: usize) -> Result<(), Problem> {
    if (1..=ACCOUNTS).contains(&count) {
        return Ok(());
    }
    Err(invalid(format!("`{what}` is to be 1 to {ACCOUNTS}.")))
}

impl MatchCompanies {
    /// What the connection is asked.
    pub fn command(self) -> Result<Command, Problem> {
        some("accounts", self.accounts.len())?;
        let mut accounts = Vec::with_capacity(self.accounts.len());
        for AccountToMatch { id, domain, aliases } in self.accounts {
            let aliases = aliases.unwrap_or_default();
            within("id", id.as_deref().unwrap_or_default(), ID_CHARS)?;
            within("domain", domain.as_deref().unwrap_or_default(), DOMAIN_CHARS)?;
            if aliases.len() > ALIASES {
                return Err(invalid(format!("`aliases` may be {ALIASES} at most.")));
            }
            aliases.iter().try_for_each(|alias| within("aliases", alias, DOMAIN_CHARS))?;
            accounts.push(Account { id, domain, aliases });
        }
        Ok(Command::Companies { accounts })
    }
}

impl MatchContacts {
    /// What the connection is asked.
    pub fn command(self) -> Result<Command, Problem> {
        some("people", self.people.len())?;
        let mut people = Vec::with_capacity(self.people.len());
        for PersonToMatch { id, email } in self.people {
            within("id", id.as_deref().unwrap_or_default(), ID_CHARS)?;
            within("email", &email, LOOKUP_CHARS)?;
            people.push(Person { id, email });
        }
        Ok(Command::Contacts { people })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::request::{BODY_LIMIT, body};

    #[test]
    fn accounts_are_taken_within_their_limits() {
        let of = |text: &str| body::<MatchCompanies>(text.as_bytes()).and_then(MatchCompanies::command);
        let taken =
            of(r#"{"accounts":[{"id":"a","domain":"acme.com","aliases":["acme.de"]},{"domain":null}]}"#);
        let first = Account {
            id: Some("a".to_owned()),
            domain: Some("acme.com".to_owned()),
            aliases: vec!["acme.de".to_owned()],
        };
        assert_eq!(taken, Ok(Command::Companies { accounts: vec![first, Account::default()] }));
        let many = |count: usize| format!(r#"{{"accounts":[{}]}}"#, vec!["{}"; count].join(","));
        assert!(of(&many(ACCOUNTS)).is_ok() && of(&many(ACCOUNTS + 1)).is_err() && of(&many(0)).is_err());
        let aliases = |count: usize| {
            format!(r#"{{"accounts":[{{"aliases":[{}]}}]}}"#, vec![r#""x.com""#; count].join(","))
        };
        assert!(of(&aliases(ALIASES)).is_ok() && of(&aliases(ALIASES + 1)).is_err());
        let long = format!(r#"{{"accounts":[{{"domain":"{}"}}]}}"#, "x".repeat(DOMAIN_CHARS + 1));
        assert!(of(&long).is_err() && of(r#"{"accounts":[{"name":"x"}]}"#).is_err());
        let usual = format!(
            r#"{{"id":"{}","domain":"{}","aliases":["{1}","{1}","{1}"]}}"#,
            "a".repeat(36),
            "d".repeat(30)
        );
        assert!((usual.len() + 1) * ACCOUNTS < BODY_LIMIT, "what the limit promises fits a body");
    }

    #[test]
    fn people_are_taken_within_their_limits() {
        let of = |text: &str| body::<MatchContacts>(text.as_bytes()).and_then(MatchContacts::command);
        assert!(of(r#"{"people":[{"email":"ada@acme.com"}]}"#).is_ok());
        for wrong in [r#"{"people":[]}"#, r#"{"people":[{}]}"#, r#"{"people":[{"email":null}]}"#] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }
}
