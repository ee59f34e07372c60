//! What Spoke relies on, asked with its own requests and read by its own readers. Reads only.

use spoke::{
    hubspot::{
        account, objects, properties,
        rejection::{self, Class},
        usage::RateHeaders,
    },
    values::{
        http::{Outcome, Request},
        ids::{ObjectType, RecordId},
        secret::Secret,
        time::Timestamp,
    },
};

use super::{Finding, hubspot::HubSpot, wire::success};

/// The greatest id a JSON number holds exactly; nobody's record.
const NOBODY: RecordId = RecordId((1 << 53) - 1);

/// Everything, type by type.
pub fn ask(hubspot: &mut dyn HubSpot) -> Vec<Finding> {
    let mut found = vec![details(hubspot), wrong_token(hubspot)];
    for kind in ObjectType::ALWAYS.into_iter().chain(ObjectType::FURTHER) {
        of_type(hubspot, kind, &mut found);
    }
    found
}

fn details(hubspot: &mut dyn HubSpot) -> Finding {
    const ASKED: &str =
        "account details name the account, its offset from UTC and its pages; answers carry rate headers";
    let answer = match success(hubspot, account::details()) {
        Ok(answer) => answer,
        Err(why) => return Finding::new(ASKED, false, why),
    };
    match account::parse_details(&answer.body) {
        Ok(details) => {
            let rate = RateHeaders::parse(&answer);
            let seen = format!(
                "type {}, pages at {}, window of {:?} in {:?} ms, daily {:?}",
                details.account_type,
                details.ui_domain.as_deref().unwrap_or("?"),
                rate.max,
                rate.interval_ms,
                rate.daily
            );
            Finding::new(ASKED, details.ui_domain.is_some(), seen)
        }
        Err(malformed) => Finding::new(ASKED, false, malformed.to_string()),
    }
}

fn wrong_token(hubspot: &mut dyn HubSpot) -> Finding {
    let bearer = Some(Secret::new("pat-na1-00000000-0000-0000-0000-000000000000".to_owned()));
    let outcome = hubspot.send(Request { bearer, ..account::details() });
    let status = if let Outcome::Answered(answer) = &outcome { answer.status } else { 0 };
    let class = rejection::classify(&outcome, Timestamp(0)).err().map(|rejection| rejection.class);
    let holds = matches!(class, Some(Class::Unauthorized | Class::Expired));
    Finding::new("a wrong token is refused as one", holds, format!("status {status}, taken as {class:?}"))
}

fn of_type(hubspot: &mut dyn HubSpot, kind: ObjectType, found: &mut Vec<Finding>) {
    let fields = match success(hubspot, properties::list(kind)) {
        Ok(answer) => properties::parse(&answer.body),
        Err(why) => {
            found.push(Finding::open(
                &format!("{kind}"),
                format!("fields: {why}; the token may lack the scope"),
            ));
            return;
        }
    };
    let asked = format!("{kind}: every field's definition is read, the modified date among them");
    let names: Vec<String> = match fields {
        Ok((fields, issues)) => {
            let has_date = fields.iter().any(|field| field.name == kind.modified_property());
            let seen = format!("{} fields, {} not read", fields.len(), issues.len());
            found.push(Finding::new(&asked, has_date && issues.is_empty(), seen));
            fields.into_iter().map(|field| field.name).collect()
        }
        Err(malformed) => {
            found.push(Finding::new(&asked, false, malformed.to_string()));
            return;
        }
    };
    let listed = list(hubspot, kind, found);
    if listed.is_empty() {
        found.push(Finding::open(&format!("{kind}: records"), "the account has none"));
    } else {
        batch(hubspot, kind, &listed, &names, found);
        search(hubspot, kind, found);
    }
    unknown(hubspot, kind, &names, found);
}

/// Two pages of the list, which show how cursors go on.
fn list(hubspot: &mut dyn HubSpot, kind: ObjectType, found: &mut Vec<Finding>) -> Vec<(RecordId, Timestamp)> {
    let asked = format!("{kind}: the list comes in order of id, a hundred a page, every record readable");
    let (mut after, mut all, mut issues) = (None::<String>, Vec::new(), 0);
    for _ in 0..2 {
        let answer = match success(hubspot, objects::list_ids(kind, after.as_deref())) {
            Ok(answer) => answer,
            Err(why) => {
                found.push(Finding::new(&asked, false, why));
                return Vec::new();
            }
        };
        let Ok(page) = objects::parse_page(&answer.body) else {
            found.push(Finding::new(&asked, false, "a page that cannot be read"));
            return Vec::new();
        };
        issues += page.issues.len();
        all.extend(page.records.iter().map(|record| (record.id, record.updated_at)));
        after = page.after.map(std::borrow::Cow::into_owned);
        if after.is_none() {
            break;
        }
    }
    let ascends = all.windows(2).all(|pair| pair[0].0 < pair[1].0);
    let seen = format!("{} records of at most two pages, ascending: {ascends}, {issues} not read", all.len());
    found.push(Finding::new(&asked, ascends && issues == 0, seen));
    all
}

fn batch(
    hubspot: &mut dyn HubSpot,
    kind: ObjectType,
    listed: &[(RecordId, Timestamp)],
    names: &[String],
    found: &mut Vec<Finding>,
) {
    let asked = format!("{kind}: a batch read of all fields answers every id, with the list's dates");
    let ids: Vec<RecordId> = listed.iter().take(objects::BATCH_LIMIT).map(|(id, _)| *id).collect();
    let answer = match success(hubspot, objects::batch_read(kind, &ids, names)) {
        Ok(answer) => answer,
        Err(why) => return found.push(Finding::new(&asked, false, why)),
    };
    let Ok(batch) = objects::parse_batch(&answer.body) else {
        return found.push(Finding::new(&asked, false, "an answer that cannot be read"));
    };
    let date = |id: RecordId| listed.iter().find(|(own, _)| *own == id).map(|(_, at)| *at);
    let same = batch.records.iter().filter(|record| date(record.id) == Some(record.updated_at)).count();
    let seen = format!(
        "{} of {} answered, {same} with the same date (people may have edited others), {} not read",
        batch.records.len(),
        ids.len(),
        batch.issues.len()
    );
    found.push(Finding::new(&asked, batch.records.len() == ids.len() && batch.issues.is_empty(), seen));
}

fn search(hubspot: &mut dyn HubSpot, kind: ObjectType, found: &mut Vec<Finding>) {
    let asked = format!("{kind}: search finds all by modified date in order of id, and counts them");
    let everything = objects::IdRange::default();
    let answer = match success(hubspot, objects::search_modified(kind, Timestamp(0), everything)) {
        Ok(answer) => answer,
        Err(why) => return found.push(Finding::new(&asked, false, why)),
    };
    let Ok(page) = objects::parse_page(&answer.body) else {
        return found.push(Finding::new(&asked, false, "a page that cannot be read"));
    };
    let ascends = page.records.windows(2).all(|pair| pair[0].id < pair[1].id);
    let headers = RateHeaders::parse(&answer).max.is_some();
    let seen =
        format!("{} of {:?}, ascending: {ascends}, rate headers: {headers}", page.records.len(), page.total);
    found.push(Finding::new(&asked, ascends && page.total.is_some() && !page.records.is_empty(), seen));
    let Some(last) = page.records.last().map(|record| record.id) else { return };
    let asked = format!("{kind}: a search above an id begins after it");
    let above = objects::IdRange { above: Some(last), up_to: None };
    let first = success(hubspot, objects::search_modified(kind, Timestamp(0), above)).and_then(|answer| {
        let page = objects::parse_page(&answer.body).map_err(|_| "a page that cannot be read".to_owned())?;
        Ok(page.records.first().map(|record| record.id))
    });
    found.push(match first {
        Ok(Some(first)) => Finding::new(&asked, first > last, "the next page begins after it"),
        Ok(None) => Finding::new(&asked, true, "nothing above the last one"),
        Err(why) => Finding::new(&asked, false, why),
    });
}

fn unknown(hubspot: &mut dyn HubSpot, kind: ObjectType, names: &[String], found: &mut Vec<Finding>) {
    let outcome = hubspot.send(objects::read(kind, NOBODY, &[]));
    let class = rejection::classify(&outcome, Timestamp(0)).err().map(|rejection| rejection.class);
    let asked = format!("{kind}: an id that nobody has is not found when read alone");
    found.push(Finding::new(&asked, class == Some(Class::Gone), format!("taken as {class:?}")));
    let asked = format!("{kind}: a batch read names the ids that are not found");
    let answer = success(hubspot, objects::batch_read(kind, &[NOBODY], &names[..names.len().min(3)]));
    let missing = answer.and_then(|answer| {
        let batch =
            objects::parse_batch(&answer.body).map_err(|_| "an answer that cannot be read".to_owned())?;
        Ok((answer.status, batch.missing.contains(&NOBODY)))
    });
    found.push(match missing {
        Ok((status, named)) => Finding::new(&asked, named, format!("status {status}, named: {named}")),
        Err(why) => Finding::new(&asked, false, why),
    });
}
