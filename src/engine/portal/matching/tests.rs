//! What holds of every choice.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::store::{native::NativeSql, portal, portal::records::Write};

const KIND: ObjectType = ObjectType::Companies;

/// A company: where its name stands, which of some names it is, deals, contacts, modified date.
type Company = (usize, usize, u8, u8, u8);

const NAMES: [&str; 7] =
    ["acme.com", "www.acme.com", "eu.acme.com", "acme.de", "shop.acme.de", "gmail.com", "other.com"];

fn any_company() -> impl Strategy<Value = Company> {
    (0..3_usize, 0..NAMES.len(), 0..3_u8, 0..3_u8, 0..3_u8)
}

fn put(sql: &NativeSql, id: u64, company: Company) {
    let (place, name, deals, contacts, modified) = company;
    let mut values = json!({
        "num_associated_deals": deals.to_string(), "num_associated_contacts": contacts.to_string(),
    });
    match place {
        0 => values["domain"] = json!(NAMES[name]),
        1 => values["website"] = json!(format!("https://{}/en", NAMES[name])),
        _ => {
            values["domain"] = json!("elsewhere.com");
            values["hs_additional_domains"] = json!(format!("third.com; {}", NAMES[name]));
        }
    }
    let text = values.to_string();
    let keys = keys::of(KIND, |name| values[name].as_str());
    let at = Timestamp(i64::from(modified));
    let write =
        Write { id: RecordId(id), created_at: at, updated_at: at, key: keys.first, properties: &text };
    records::put(sql, KIND, &[write], 1).unwrap();
    lookup::put_further(sql, KIND, &[], &[(RecordId(id), keys.further)]).unwrap();
}

fn matched(sql: &NativeSql, names: &[usize]) -> Match {
    let aliases = names.iter().map(|name| NAMES[*name].to_owned()).collect();
    companies(sql, &[Account { aliases, ..Account::default() }]).unwrap().remove(0)
}

fn filled(all: &[Company]) -> NativeSql {
    let sql = NativeSql::default();
    portal::open(&sql).unwrap();
    all.iter().zip(1..).for_each(|(company, id)| put(&sql, id, *company));
    sql
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// In whatever order the names come, and if one comes twice, the answer is the same to the last word.
    #[test]
    fn the_order_of_aliases_does_not_matter(
        all in prop::collection::vec(any_company(), 0..12),
        names in prop::sample::subsequence((0..NAMES.len()).collect::<Vec<_>>(), 0..=NAMES.len()),
        turn in 0..8_usize,
    ) {
        let sql = filled(&all);
        let expected = matched(&sql, &names);
        let mut turned = names.clone();
        turned.rotate_left(turn % names.len().max(1));
        prop_assert_eq!(&matched(&sql, &turned), &expected);
        turned.reverse();
        turned.extend(names.first());
        let found = matched(&sql, &turned);
        prop_assert_eq!(found.json(KIND), expected.json(KIND));
        prop_assert_eq!(found, expected);
    }

    /// Whatever comes besides that is no better changes nothing of the choice; and the choice is the best there is.
    #[test]
    fn a_worse_candidate_never_changes_the_choice(
        all in prop::collection::vec(any_company(), 1..10),
        more in any_company(),
        names in prop::sample::subsequence((0..NAMES.len()).collect::<Vec<_>>(), 1..=NAMES.len()),
    ) {
        let sql = filled(&all);
        let before = matched(&sql, &names);
        let (place, name, deals, contacts, modified) = more;
        // No better in anything that decides: of no closer a name, and with the greatest id.
        let best = before.candidates.first();
        let (most_deals, most_contacts, latest) =
            best.map_or((0, 0, 0), |best| (best.deals, best.contacts, best.updated_at.0));
        let closely = best.is_some_and(|best| best.matched.iter().any(|matched| matched.closely));
        prop_assume!(best.is_some() && closely);
        prop_assume!(u64::from(deals) <= most_deals && u64::from(contacts) <= most_contacts);
        put(&sql, 1_000, (place, name, deals, contacts, modified.min(latest as u8)));
        let after = matched(&sql, &names);
        prop_assert_eq!(after.chosen(), before.chosen());
        prop_assert!(after.candidates.len() >= before.candidates.len().min(choice::TOLD));
    }
}

#[test]
fn the_best_come_first_and_the_others_are_counted() {
    let all: Vec<Company> = (0..9).map(|deals| (0, 0, deals, 0, 0)).collect();
    let found = matched(&filled(&all), &[0, 5]);
    assert_eq!(found.candidates.iter().map(|one| one.deals).collect::<Vec<_>>(), [8, 7, 6, 5, 4]);
    assert_eq!((found.more, found.decided), (4, Some(Decided::Deals)));
    assert_eq!(found.ignored, [("gmail.com".to_owned(), Unusable::FreeMail)]);
    let reasons = ["`acme.com` is its domain.", "It has the most deals: 8, the next has 7."];
    assert_eq!(found.reasons(KIND), reasons);
    let none = matched(&filled(&[]), &[5]);
    assert_eq!((none.chosen(), none.why_not), (None, Some(WhyNot::Unusable(Unusable::FreeMail))));
    assert_eq!(matched(&filled(&[]), &[]).why_not, Some(WhyNot::Unusable(Unusable::Empty)));
}

#[test]
fn more_names_than_one_statement_takes_are_looked_up_by_several() {
    let sql = filled(&[(0, 0, 1, 0, 0)]);
    let accounts: Vec<Account> = (0..lookup::KEYS)
        .map(|number| Account {
            id: Some(number.to_string()),
            domain: Some(format!("name-{number}.org")),
            aliases: vec!["acme.com".to_owned(), "not a domain".to_owned()],
        })
        .collect();
    let found = companies(&sql, &accounts).unwrap();
    assert_eq!(found.len(), accounts.len());
    for (number, one) in found.iter().enumerate() {
        assert_eq!((one.id.clone(), one.chosen()), (Some(number.to_string()), Some(RecordId(1))));
    }
}
