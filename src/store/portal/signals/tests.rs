use super::*;
use crate::store::{native::NativeSql, portal};

fn open() -> NativeSql {
    let sql = NativeSql::default();
    portal::open(&sql).unwrap();
    sql
}

fn send(sql: &NativeSql, seed: u8, email: Option<&str>, visitor: Option<&str>, at: i64) {
    let id = SignalId::from_random([seed; 12]);
    let key = format!("k{seed}");
    add(sql, &New { id: &id, key: &key, email, visitor, content: "{}" }, Timestamp(at)).unwrap();
}

fn begin(sql: &NativeSql, seed: u8, signal: i64, state: &str) -> Run {
    let run = Run {
        number: 0,
        id: RunId::from_random([seed; 12]),
        automation: 1,
        signal,
        subject: "domain/acme.com".to_owned(),
        record: None,
        at: Timestamp(signal),
        acted: true,
        state: state.to_owned(),
        action: None,
        due_at: Timestamp(5),
        content: "{}".to_owned(),
    };
    put_run(sql, &run).unwrap();
    run
}

#[test]
fn a_person_is_found_by_address_contact_and_what_the_host_calls_them() {
    let sql = open();
    send(&sql, 1, Some("ann@acme.com"), Some("v1"), 1);
    send(&sql, 2, None, Some("v1"), 2);
    send(&sql, 3, Some("bob@acme.com"), Some("v2"), 3);
    send(&sql, 4, None, None, 4);
    is_of(&sql, 4, RecordId(7)).unwrap();
    let emails = ["ann@acme.com".to_owned()];
    assert_eq!(of_person(&sql, &emails, &[RecordId(7)]).unwrap(), [1, 2, 4]);
    let named = |text: &str| Some(text.to_owned());
    assert_eq!(
        names_of(&sql, &[1, 3]).unwrap(),
        [(named("ann@acme.com"), named("v1")), (named("bob@acme.com"), named("v2"))]
    );
    begin(&sql, 1, 1, "open");
    begin(&sql, 2, 3, "open");
    erase(&sql, &[1, 2, 4]).unwrap();
    assert_eq!(page(&sql, None, 9).unwrap().len(), 1);
    assert_eq!(run_page(&sql, None, None, None, 9).unwrap().len(), 1);
}

#[test]
fn a_run_is_of_one_automation_and_signal_once() {
    let sql = open();
    send(&sql, 1, None, None, 1);
    let mut run = begin(&sql, 1, 1, "open");
    let again = Run { id: RunId::from_random([9; 12]), ..run.clone() };
    assert!(put_run(&sql, &again).is_err());
    assert_eq!(ready(&sql, Timestamp(4), "[]", Timestamp(0), 9).unwrap().len(), 0);
    assert_eq!(ready(&sql, Timestamp(5), "[1]", Timestamp(0), 9).unwrap().len(), 0, "it is paused");
    assert_eq!(ready(&sql, Timestamp(5), "[]", Timestamp(0), 9).unwrap().len(), 1);
    run.state = "done".to_owned();
    run.record = Some("companies/7".to_owned());
    put_run(&sql, &run).unwrap();
    assert_eq!(run_page(&sql, None, Some(1), None, 9).unwrap()[0].record.as_deref(), Some("companies/7"));
    assert_eq!(next_at(&sql, "[]").unwrap(), None);
    assert_eq!(counts(&sql, 1).unwrap(), [("done".to_owned(), 1)]);
}

#[test]
fn what_waits_for_lists_is_found_from_both_ends_without_looking_at_all_of_it() {
    let sql = open();
    let lists = [1, 2].map(|seed| QualifyingListId::from_random([seed; 12]));
    for list in &lists {
        put_list(&sql, list, "{}").unwrap();
    }
    for seed in 1..=3 {
        send(&sql, seed, None, None, i64::from(seed));
        hold(&sql, &lists[0], i64::from(seed)).unwrap();
    }
    hold(&sql, &lists[1], 2).unwrap();
    hold(&sql, &lists[1], 2).unwrap();
    assert_eq!((held_by(&sql, &lists[0]).unwrap(), held_by(&sql, &lists[1]).unwrap()), (3, 1));
    let one = |list: &QualifyingListId| format!("[\"{list}\"]");
    assert_eq!(waiting_for(&sql, &one(&lists[1]), 9).unwrap()[0].number, 2);
    assert_eq!(waiting_for(&sql, "[]", 9).unwrap().len(), 0);
    assert_eq!(waits_for(&sql, 2).unwrap().len(), 2);
    let_go(&sql, &one(&lists[0]), 2).unwrap();
    assert_eq!(waits_for(&sql, 2).unwrap(), lists[1..]);
    erase(&sql, &[1]).unwrap();
    assert_eq!(held_by(&sql, &lists[0]).unwrap(), 1);
    remove_list(&sql, &lists[0]).unwrap();
    assert_eq!(waits_for(&sql, 3).unwrap().len(), 0);
    let statement = "EXPLAIN QUERY PLAN SELECT list FROM signals_held WHERE list IN (SELECT id FROM qualifying_lists) AND signal = ?1";
    let rows = sql.exec(statement, &[Param::Int(1)]).unwrap();
    let plan: Vec<&str> = rows.iter().filter_map(|row| row.last()?.text()).collect();
    assert!(plan.iter().any(|step| step.contains("SEARCH signals_held")), "{plan:?}");
}

#[test]
fn the_oldest_go_first_with_their_runs() {
    let sql = open();
    for at in 1..=5 {
        send(&sql, at, None, None, i64::from(at));
        begin(&sql, at, i64::from(at), "done");
    }
    forget_before(&sql, Timestamp(3), 100, 1).unwrap();
    assert_eq!(oldest_at(&sql).unwrap(), Some(Timestamp(2)));
    forget_before(&sql, Timestamp(3), 2, 9).unwrap();
    assert_eq!(oldest_at(&sql).unwrap(), Some(Timestamp(4)));
    assert_eq!(run_page(&sql, None, Some(1), None, 9).unwrap().len(), 2);
}

#[test]
fn what_is_open_is_found_without_what_is_over() {
    let sql = open();
    let (now, text, limit) = (Param::Int(1), Param::Text("[]"), Param::Int(1));
    for (statement, params) in [
        (format!("{SIGNAL}{PENDING}"), vec![limit]),
        (
            format!("SELECT {COLUMNS} FROM automation_runs WHERE {READY} ORDER BY number LIMIT ?4"),
            vec![now, text, now, limit],
        ),
    ] {
        let rows = sql.exec(&format!("EXPLAIN QUERY PLAN {statement}"), &params).unwrap();
        let steps: Vec<&str> = rows.iter().filter_map(|row| row.last()?.text()).collect();
        let open = |step: &&&str| step.contains("signals_pending") || step.contains("automation_runs_open");
        assert!(steps.iter().any(|step| open(&step)), "{statement}\n{steps:#?}");
    }
}
