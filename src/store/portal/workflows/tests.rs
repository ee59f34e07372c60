use super::{
    enrolled,
    events::{self, New},
    runs::{self, Run, Whom},
    *,
};
use crate::{
    store::{native::NativeSql, portal},
    values::ids::{ObjectType, RecordId},
};

fn open() -> NativeSql {
    let sql = NativeSql::default();
    portal::open(&sql).unwrap();
    for seed in 1..=2 {
        put(&sql, &WorkflowId::from_random([seed; 12]), "{}").unwrap();
    }
    sql
}

fn begin(seed: u8, subject: &str, due_at: i64) -> Run {
    Run {
        number: 0,
        id: RunId::from_random([seed; 12]),
        workflow: 1,
        version: 1,
        subject: subject.to_owned(),
        at: Timestamp(1),
        ended_at: None,
        state: "open".to_owned(),
        action: None,
        due_at: Timestamp(due_at),
        watches: false,
        whom: Whom::default(),
        content: "{}".to_owned(),
    }
}

fn due(sql: &NativeSql, now: i64, still: &str) -> Vec<String> {
    let all = runs::due(sql, Timestamp(now), still, 9).unwrap();
    all.into_iter().map(|run| run.subject).collect()
}

#[test]
fn of_one_version_and_subject_one_run_is_open() {
    let sql = open();
    let run = begin(1, "contacts/7", 5);
    runs::put(&sql, &run).unwrap();
    let other = begin(2, "contacts/7", 5);
    assert!(runs::put(&sql, &other).is_err(), "the database itself holds it");
    let names = ["contacts/7".to_owned(), "email/a@b.example".to_owned()];
    assert_eq!(runs::active(&sql, 1, 1, &names).unwrap(), Some(run.id.clone()));
    assert_eq!(runs::active(&sql, 1, 2, &names).unwrap(), None);
    let ended = Run { state: "done".to_owned(), ended_at: Some(Timestamp(9)), ..run };
    runs::put(&sql, &ended).unwrap();
    runs::put(&sql, &other).unwrap();
    assert_eq!(runs::counts(&sql, 1).unwrap(), [("done".to_owned(), 1), ("open".to_owned(), 1)]);
}

#[test]
fn runs_go_on_when_they_are_due_and_not_while_their_workflow_stands_still() {
    let sql = open();
    runs::put(&sql, &begin(1, "contacts/1", 10)).unwrap();
    runs::put(&sql, &begin(2, "contacts/2", 20)).unwrap();
    assert_eq!(due(&sql, 10, "[]"), ["contacts/1"]);
    assert_eq!(due(&sql, 20, "[1]").len(), 0);
    assert_eq!(runs::next_at(&sql, "[]").unwrap(), Some(Timestamp(10)));
    assert_eq!(runs::next_at(&sql, "[1]").unwrap(), None);
    assert_eq!(runs::open_up_to(&sql, 9).unwrap(), 2);
}

#[test]
fn what_watches_a_record_is_due_as_it_changes() {
    let sql = open();
    let whom = Whom { contact: Some(RecordId(7)), deal: Some(RecordId(8)), ..Whom::default() };
    runs::put(&sql, &Run { watches: true, whom, ..begin(1, "contacts/7", 1_000) }).unwrap();
    runs::put(&sql, &Run { watches: true, ..begin(2, "tasks/7", 1_000) }).unwrap();
    runs::put(&sql, &begin(3, "contacts/9", 1_000)).unwrap();
    assert!(runs::any_watches(&sql).unwrap());
    runs::touch(&sql, ObjectType::Companies, &[RecordId(7), RecordId(8)], Timestamp(5)).unwrap();
    assert_eq!(due(&sql, 5, "[]").len(), 0);
    runs::touch(&sql, ObjectType::Deals, &[RecordId(8)], Timestamp(5)).unwrap();
    assert_eq!(due(&sql, 5, "[]"), ["contacts/7"]);
    runs::touch(&sql, ObjectType::Tasks, &[RecordId(7)], Timestamp(6)).unwrap();
    assert_eq!(due(&sql, 6, "[]"), ["contacts/7", "tasks/7"]);
}

#[test]
fn a_person_is_forgotten_with_runs_events_and_that_they_went_through() {
    let sql = open();
    let of_contact = Whom { contact: Some(RecordId(7)), ..Whom::default() };
    let of_email = Whom { email: Some("ann@acme.example".to_owned()), ..Whom::default() };
    runs::put(&sql, &Run { whom: of_contact, ..begin(1, "deals/1", 5) }).unwrap();
    runs::put(&sql, &Run { whom: of_email, ..begin(2, "email/ann@acme.example", 5) }).unwrap();
    runs::put(&sql, &begin(3, "contacts/9", 5)).unwrap();
    for subject in ["contacts/7", "email/ann@acme.example", "deals/1", "contacts/9"] {
        enrolled::put(&sql, 1, subject, Timestamp(3)).unwrap();
    }
    let new = New { key: "e1", email: Some("ann@acme.example"), phone: None, contact: None, content: "{}" };
    assert!(events::add(&sql, &new, Timestamp(3)).unwrap());
    assert!(!events::add(&sql, &new, Timestamp(4)).unwrap(), "each once");
    let person = Person { contacts: vec![RecordId(7)], emails: vec!["ann@acme.example".to_owned()] };
    let own = runs::of_person(&sql, &person).unwrap();
    assert_eq!(own, [1, 2]);
    erase(&sql, &person, &own).unwrap();
    events::erase(&sql, &person, &[]).unwrap();
    assert_eq!(runs::page(&sql, None, None, 9).unwrap().len(), 1);
    assert_eq!(events::pending(&sql, 9).unwrap(), []);
    let went = |subject: &str| enrolled::last(&sql, 1, &[subject.to_owned()]).unwrap().is_some();
    assert_eq!(
        ["contacts/7", "email/ann@acme.example", "deals/1", "contacts/9"].map(went),
        [false, false, true, true]
    );
}

#[test]
fn how_often_somebody_went_through_is_counted_by_the_day() {
    let sql = open();
    let hour = 3_600_000;
    for at in [0, hour, 2 * hour] {
        enrolled::put(&sql, 1, "contacts/7", Timestamp(at)).unwrap();
    }
    let names = ["contacts/7".to_owned()];
    let last = enrolled::last(&sql, 1, &names).unwrap().unwrap();
    assert_eq!((last.at.0, last.since.0, last.times), (2 * hour, 0, 3));
    enrolled::put(&sql, 1, "contacts/7", Timestamp(25 * hour)).unwrap();
    let last = enrolled::last(&sql, 1, &names).unwrap().unwrap();
    assert_eq!((last.since.0, last.times), (25 * hour, 1));
    assert_eq!(enrolled::last(&sql, 2, &names).unwrap(), None);
}

#[test]
fn old_runs_and_names_go_and_what_is_open_stays() {
    let sql = open();
    for seed in 1..=4 {
        let run = begin(seed, &format!("contacts/{seed}"), 5);
        let ended = (seed < 4).then_some(Timestamp(i64::from(seed) * 10));
        let state = if ended.is_some() { "done" } else { "open" }.to_owned();
        runs::put(&sql, &Run { ended_at: ended, state, ..run }).unwrap();
    }
    runs::forget_before(&sql, Timestamp(15), 1_000, 9).unwrap();
    let left = |sql: &NativeSql| -> Vec<i64> {
        runs::page(sql, None, None, 9).unwrap().iter().map(|run| run.number).collect()
    };
    assert_eq!(left(&sql), [4, 3, 2]);
    runs::forget_before(&sql, Timestamp(0), 1, 9).unwrap();
    assert_eq!(left(&sql), [4]);
    for key in ["e1", "e2"] {
        let new = New { key, email: None, phone: None, contact: None, content: "{}" };
        events::add(&sql, &new, Timestamp(if key == "e1" { 3 } else { 30 })).unwrap();
    }
    events::decided(&sql, &[1]).unwrap();
    assert_eq!(events::pending_up_to(&sql, 9).unwrap(), 1);
    events::forget_before(&sql, Timestamp(15), 1_000, 9).unwrap();
    assert_eq!(events::oldest_at(&sql).unwrap(), Some(Timestamp(30)));
}

#[test]
fn versions_stay_as_long_as_a_run_goes_by_them_and_a_removed_workflow_goes_piece_by_piece() {
    let sql = open();
    for version in 1..=4 {
        let new = Version { version, at: Timestamp(1), by: "{}".to_owned(), definition: "{}".to_owned() };
        add_version(&sql, 1, &new).unwrap();
    }
    runs::put(&sql, &begin(1, "contacts/7", 5)).unwrap();
    enrolled::put(&sql, 1, "contacts/7", Timestamp(3)).unwrap();
    enrolled::put(&sql, 1, "contacts/8", Timestamp(3)).unwrap();
    thin_versions(&sql, 1, 2).unwrap();
    let kept: Vec<u32> = versions(&sql, 1).unwrap().iter().map(|one| one.version).collect();
    assert_eq!(kept, [4, 3, 1]);
    let mut turns = 1;
    while !forget_some(&sql, 1, 1).unwrap() {
        turns += 1;
    }
    assert_eq!(turns, 2);
    assert_eq!(all(&sql).unwrap().len(), 1);
    assert!(!any(&sql).unwrap());
}

#[test]
fn with_what_was_read_whoever_is_named_goes_and_records_stay() {
    let sql = open();
    let all = ["contacts/7", "2-123/5", "email/ann@acme.example", "phone/301234567", "event/e1"];
    for subject in all {
        enrolled::put(&sql, 1, subject, Timestamp(3)).unwrap();
    }
    runs::put(&sql, &begin(1, "contacts/7", 5)).unwrap();
    portal::wipe::wipe(&sql).unwrap();
    let went = |subject: &str| enrolled::last(&sql, 1, &[subject.to_owned()]).unwrap().is_some();
    assert_eq!(all.map(went), [true, true, false, false, false]);
    assert_eq!(runs::page(&sql, None, None, 9).unwrap(), []);
}

#[test]
fn versions_under_way_are_those_that_open_runs_go_by() {
    let sql = open();
    for (workflow, version) in [(1, 1), (1, 2), (2, 1)] {
        let definition = format!("{workflow}.{version}");
        let new = Version { version, at: Timestamp(1), by: String::new(), definition };
        add_version(&sql, workflow, &new).unwrap();
    }
    let under_way = || -> Vec<String> {
        versions_under_way(&sql).unwrap().into_iter().map(|(_, _, definition)| definition).collect()
    };
    assert_eq!(under_way(), Vec::<String>::new());
    let run = begin(1, "contacts/7", 5);
    runs::put(&sql, &run).unwrap();
    runs::put(&sql, &Run { version: 2, ..begin(2, "contacts/8", 5) }).unwrap();
    runs::put(&sql, &Run { version: 2, ..begin(3, "contacts/9", 5) }).unwrap();
    assert_eq!(under_way(), ["1.1", "1.2"]);
    let ended = Run { state: "done".to_owned(), ended_at: Some(Timestamp(9)), ..run };
    runs::put(&sql, &ended).unwrap();
    assert_eq!(under_way(), ["1.2"]);
}
