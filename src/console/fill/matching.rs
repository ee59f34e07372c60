//! From what a Portal answers about matching to what the page shows.

use serde::Deserialize;

use crate::{
    console::matching::{CandidateLine, ResultView},
    values::{ids::ObjectType, json, time::Timestamp},
};

#[derive(Deserialize)]
struct Told {
    results: Vec<Match>,
}

#[derive(Deserialize)]
struct Match {
    reasons: Vec<String>,
    candidates: Vec<Candidate>,
    more_candidates: u64,
    ignored: Vec<Ignored>,
    why_not: Option<String>,
}

#[derive(Deserialize)]
struct Candidate {
    id: String,
    name: Option<String>,
    deals: u64,
    contacts: u64,
    updated_at: String,
    matched: Vec<Matched>,
}

#[derive(Deserialize)]
struct Matched {
    field: String,
    value: String,
}

#[derive(Deserialize)]
struct Ignored {
    message: String,
}

/// What came of one name; `None`: it is not what a Portal answers.
pub fn result(kind: ObjectType, told: &str) -> Option<ResultView> {
    let told: Told = json::parse(told).ok()?;
    let found = told.results.into_iter().next()?;
    let line = |candidate: Candidate| {
        let mut found_by: Vec<String> = candidate
            .matched
            .iter()
            .map(|matched| format!("{}: {}", field(&matched.field), matched.value))
            .collect();
        found_by.dedup();
        CandidateLine {
            id: candidate.id,
            name: candidate.name.unwrap_or_default(),
            deals: candidate.deals,
            contacts: candidate.contacts,
            updated_at: Timestamp::parse_rfc3339(&candidate.updated_at).unwrap_or_default().0,
            found_by,
        }
    };
    // Where no name was good the reason says so already.
    let said = found.why_not.is_some();
    let ignored = found.ignored.into_iter().map(|ignored| ignored.message);
    Some(ResultView {
        object_type: kind.to_string(),
        reasons: found.reasons,
        ignored: ignored.filter(|_| !said).collect(),
        candidates: found.candidates.into_iter().map(line).collect(),
        more: found.more_candidates,
    })
}

/// What a field is called here.
fn field(name: &str) -> &str {
    match name {
        "domain" => "Domain",
        "website" => "Website",
        "hs_additional_domains" => "Additional domain",
        "email" => "E-mail address",
        "hs_additional_emails" => "Additional address",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_of_a_match_is_shown() {
        let told = r#"{"results":[{"id":null,"record_id":"512","decided_by":"only","why_not":null,
            "reasons":["`acme.com` is its domain."],"more_candidates":3,"ignored":[],
            "candidates":[{"id":"512","name":null,"deals":2,"contacts":9,"updated_at":"2026-09-30T10:00:00Z",
                "matched":[{"given":"a","field":"domain","value":"acme.com","compared":"acme.com","closely":true},
                    {"given":"b","field":"domain","value":"acme.com","compared":"acme.com","closely":true}],
                "merged_from":[]}]}]}"#;
        let shown = result(ObjectType::Companies, told).unwrap();
        assert_eq!((shown.more, shown.reasons.len(), shown.object_type.as_str()), (3, 1, "companies"));
        let line = &shown.candidates[0];
        assert_eq!((line.name.as_str(), line.deals, line.contacts), ("", 2, 9));
        assert_eq!(line.found_by, ["Domain: acme.com"]);
        assert!(line.updated_at > 0 && result(ObjectType::Companies, "{}").is_none());
    }
}
