//! Seats: one person's authorisation, from the link to the last call, and everything that may go wrong on the way.

use hubspot_simulator::{
    Endpoint, Fault, Policy, Rule, Switches, portal::PortalSettings, switches::Reauthorize,
};
use serde_json::json;
use spoke::{
    engine::{
        limiter::messages::Window,
        portal::{
            messages::{self, Command, State as Standing},
            seats::{
                commands::{self as seats, Answer, State},
                pass::{Pass, Stop},
            },
            usage::Caller,
        },
    },
    hubspot::{asked, endpoint::Endpoint as Place, objects},
    values::{
        failure::Failure,
        ids::{ObjectType, RecordId, SeatId},
        time::Timestamp,
    },
};

use super::{ids, tiny};
use crate::life::{
    PORTAL, Plan, World,
    seats::{ALAN, GRACE, OWNER_ALAN, OWNER_GRACE, with_seats},
};

/// A mirrored account in which the first contact is Grace's and the second Alan's.
pub(super) fn office(plan: Plan) -> (World, [String; 3]) {
    let settings = PortalSettings { hubspot_properties: None, ..PortalSettings::default() };
    let mut world = World::new(with_seats(Plan { settings, ..plan }));
    world.furnish_seats();
    assert!(world.backfill());
    world.pass(2);
    let all = ids(&world);
    let own = [all[0].clone(), all[1].clone(), all[2].clone()];
    for (id, owner) in [(&own[0], OWNER_GRACE), (&own[1], OWNER_ALAN), (&own[2], "")] {
        world.contact("edit", json!({ "id": id, "properties": { "hubspot_owner_id": owner } }));
    }
    (world, own)
}

fn one(id: &str) -> spoke::values::http::Request {
    let id: RecordId = id.parse().unwrap();
    objects::read(ObjectType::Contacts, id, &["email".to_owned()])
}

fn listed(world: &mut World, seat: &SeatId) -> Vec<String> {
    let page = world.ask_as(0, seat, asked::list(ObjectType::Contacts, &[], 100, None)).unwrap();
    let results = page["results"].as_array().unwrap();
    results.iter().map(|record| record["id"].as_str().unwrap().to_owned()).collect()
}

fn calls_of_seats(world: &mut World) -> Vec<(Place, u32, u32)> {
    let Some(messages::Answer::Usage(usage)) = world.command(Command::Usage) else { panic!("no usage") };
    let counts =
        usage.hours.iter().flat_map(|hour| &hour.counts).filter(|count| count.caller == Caller::Seat);
    counts.map(|count| (count.endpoint, count.calls, count.refused)).collect()
}

pub(super) fn failure(end: Result<serde_json::Value, Stop>) -> Failure {
    match end {
        Err(Stop::Failed { failure, .. }) => failure,
        other => panic!("no failure but {other:?}"),
    }
}

#[test]
fn a_seat_sees_what_its_own_user_sees_and_nobody_elses() {
    let (mut world, own) = office(tiny(20));
    let grace = world.seated(0, "grace", GRACE);
    let alan = world.seated(0, "alan", ALAN);
    assert!(listed(&mut world, &grace).contains(&own[0]) && !listed(&mut world, &grace).contains(&own[1]));
    assert!(listed(&mut world, &alan).contains(&own[1]) && !listed(&mut world, &alan).contains(&own[0]));
    assert_eq!(world.ask_as(0, &grace, one(&own[0])).unwrap()["id"], own[0].as_str());
    // The mirror has it, and the seat is told what HubSpot tells its user.
    assert!(world.record(&own[1]).is_some());
    assert_eq!(failure(world.ask_as(0, &grace, one(&own[1]))), Failure::RecordGone);
    assert_eq!(failure(world.ask_as(0, &alan, one(&own[2]))), Failure::RecordGone);
    // Counted by themselves, each once: seven calls, all of them as one endpoint here.
    assert_eq!(calls_of_seats(&mut world), [(Place::Read, 7, 0)]);
    world.expire_tokens();
    assert_eq!(world.ask_as(0, &grace, one(&own[0])).unwrap()["id"], own[0].as_str());
    assert_eq!(
        calls_of_seats(&mut world),
        [(Place::Read, 9, 1)],
        "the one with the token that was over as well"
    );
    let search = asked::Search { limit: 10, ..asked::Search::default() };
    let found = world.ask_as(0, &alan, asked::search(ObjectType::Contacts, &search)).unwrap();
    let found = found["results"].as_array().unwrap();
    assert!(found.iter().all(|record| record["id"] != own[0].as_str()));
    // A right that ends in HubSpot ends here with the next call.
    let none = json!({ "objects": { "contacts": { "view": "none" } } });
    world.control("POST", "users/rights", &json!({ "user_id": GRACE, "portal_id": PORTAL, "rights": none }));
    assert_eq!(failure(world.ask_as(0, &grace, one(&own[0]))), Failure::RecordGone);
}

#[test]
fn a_seat_waits_for_the_hosts_server_and_each_secret_is_good_once() {
    let (mut world, own) = office(tiny(20));
    let (seat, link) = world.invite(0, "grace");
    assert_eq!(world.seat_view(0, &seat).state, State::Invited);
    let state = world.leave_for_hubspot(0, &link, "browser");
    // The link is used up, whatever becomes of it.
    let again = seats::Command::Start {
        link: spoke::values::crypto::sha256_hex(link.as_bytes()),
        browser: String::new(),
    };
    assert!(matches!(world.seat(0, again), Answer::Unknown));
    assert_eq!(world.come_back(0, &state, "browser"), Some(seat.clone()));
    assert_eq!(world.come_back(0, &state, "browser"), None, "a state twice");
    let authorised = world.authorised(&seat, GRACE);
    let Answer::Code { code } = world.seat(0, seats::Command::Authorise(Box::new(authorised))) else {
        panic!("no code");
    };
    assert_eq!(world.seat_view(0, &seat).state, State::Pending);
    assert_eq!(world.ask_as(0, &seat, one(&own[0])), Err(Stop::NotActive(State::Pending)));
    assert_eq!(world.redeem(0, "grace", "another"), None);
    let view = world.redeem(0, "grace", code.expose()).expect("the code is good");
    assert_eq!((view.state, view.user.as_str()), (State::Active, "grace"));
    assert_eq!(world.redeem(0, "grace", code.expose()), None, "a code twice");
    assert!(world.ask_as(0, &seat, one(&own[0])).is_ok());
}

#[test]
fn a_link_that_somebody_passed_on_lets_nobody_see_with_anothers_eyes() {
    let (mut world, own) = office(tiny(20));
    let (seat, link) = world.invite(0, "alan");
    let code = world.authorise(0, &link, GRACE);
    let before = world.calls.len();
    assert_eq!(world.redeem(0, "grace", &code), None, "Grace is signed in where the code came");
    assert_eq!(world.redeem(0, "alan", &code), None, "it is used up");
    assert_ne!(world.seat_view(0, &seat).state, State::Active);
    assert!(matches!(world.ask_as(0, &seat, one(&own[0])), Err(Stop::NotActive(_))));
    world.pass(2);
    assert_eq!(world.counted(before, "/token/revoke"), 1, "what was granted is given back");
}

#[test]
fn a_state_is_good_in_its_own_browser_and_time_only_and_a_code_in_its_own_connection() {
    let (mut world, _) = office(tiny(20));
    world.add_connection();
    let (_, link) = world.invite(0, "grace");
    let state = world.leave_for_hubspot(0, &link, "browser");
    assert_eq!(world.come_back(1, &state, "browser"), None, "another connection");
    assert_eq!(world.come_back(0, &state, "a stranger's"), None, "another browser");
    assert_eq!(world.come_back(0, &state, "browser"), None, "used up by the stranger");

    let (_, link) = world.invite(0, "grace");
    let state = world.leave_for_hubspot(0, &link, "browser");
    world.pass(10);
    assert_eq!(world.come_back(0, &state, "browser"), None, "too late");

    let (_, link) = world.invite(0, "grace");
    world.pass(60);
    let link = spoke::values::crypto::sha256_hex(link.as_bytes());
    assert!(matches!(world.seat(0, seats::Command::Look { link }), Answer::Unknown), "too late");

    let (_, first) = world.invite(0, "grace");
    let (seat, link) = world.invite(0, "grace");
    let first = spoke::values::crypto::sha256_hex(first.as_bytes());
    assert!(matches!(world.seat(0, seats::Command::Look { link: first }), Answer::Unknown), "a newer link");
    let code = world.authorise(0, &link, GRACE);
    assert_eq!(world.redeem(1, "grace", &code), None, "another connection");
    // Not redeemed in time: the tokens are given back.
    let before = world.calls.len();
    world.pass(10);
    assert_eq!(world.redeem(0, "grace", &code), None);
    assert_eq!(world.seat_view(0, &seat).state, State::Invited);
    assert_eq!(world.counted(before, "/token/revoke"), 1);
}

#[test]
fn an_authorisation_of_another_account_or_of_the_whole_app_is_refused_and_nothing_stored() {
    let (mut world, own) = office(tiny(20));
    let (seat, _) = world.invite(0, "grace");
    let mut other = world.authorised(&seat, GRACE);
    other.portal.0 += 1;
    let answer = world.seat(0, seats::Command::Authorise(Box::new(other)));
    assert!(matches!(answer, Answer::OtherPortal(_)), "{answer:?}");
    // An app that HubSpot does not know as user-level gives tokens with the app's rights.
    let mut whole = world.authorised(&seat, GRACE);
    whole.user_level = false;
    let answer = world.seat(0, seats::Command::Authorise(Box::new(whole)));
    assert!(matches!(answer, Answer::NotUserLevel), "{answer:?}");
    let mut account_level = world.authorised(&seat, GRACE);
    account_level.app = "main".parse().unwrap();
    let answer = world.seat(0, seats::Command::Authorise(Box::new(account_level)));
    assert!(matches!(answer, Answer::NotUserLevel), "{answer:?}");
    assert_eq!(world.seat_view(0, &seat).state, State::Invited);
    assert_eq!(world.ask_as(0, &seat, one(&own[0])), Err(Stop::NotActive(State::Invited)));
    let stranger = SeatId::from_random([9; 12]);
    assert_eq!(world.ask_as(0, &stranger, one(&own[0])), Err(Stop::Unknown));
}

#[test]
fn without_an_app_of_its_kind_seats_are_off() {
    let mut world = World::new(tiny(20));
    assert!(world.backfill());
    let list = seats::Command::List { after: 0, limit: 10 };
    assert!(matches!(world.seat(0, list), Answer::Off));
    let token = seats::Command::Token { seat: SeatId::from_random([1; 12]), refused: None, calls: None };
    assert!(matches!(world.seat(0, token), Answer::Off));
}

#[test]
fn a_storm_at_the_end_of_all_tokens_makes_one_refresh_of_each_grant() {
    for refresh_rotates in [false, true] {
        let switches = Switches { refresh_rotates, refresh_grace_ms: 0, ..Switches::default() };
        let (mut world, own) = office(Plan { switches, ..tiny(20) });
        let grace = world.seated(0, "grace", GRACE);
        let alan = world.seated(0, "alan", ALAN);
        // A second connection of the account, where the same Grace has a seat: the same grant.
        world.add_connection();
        assert!(world.backfill());
        let too = world.seated(1, "grace", GRACE);
        // The seats have rested until their tokens' time was over; HubSpot ends those of the connections now.
        world.pass(35);
        world.expire_tokens();
        let before = world.calls.len();
        let kind = ObjectType::Contacts;
        let id: RecordId = own[0].parse().unwrap();
        world.command_to(0, Command::Reread { object_type: kind, id });
        world.command_to(1, Command::Reread { object_type: kind, id });
        let now = Timestamp(world.now as i64);
        let passes = (0..200).map(|number| {
            let (object, seat, id) = match number % 3 {
                0 => (0, &grace, &own[0]),
                1 => (0, &alan, &own[1]),
                _ => (1, &too, &own[0]),
            };
            (object, Pass::new(seat.clone(), Place::Read, one(id), Window::Core, now))
        });
        let ends = world.run(passes.collect());
        let answered = ends.iter().filter(|end| end.is_ok()).count();
        assert_eq!(ends.len(), 200);
        // A window of 100 calls in ten seconds holds the rest back, and says so.
        let throttled =
            |end: &Result<_, Stop>| matches!(end, Err(Stop::Failed { failure: Failure::Throttled, .. }));
        let refused = ends.iter().filter(|end| throttled(end)).count();
        assert!(answered >= 90 && answered + refused == 200, "{answered} answered, {refused} throttled");
        world.pass(1);
        // (main, Ada), (people, Grace), (people, Alan).
        assert_eq!(world.counted(before, "/token"), 3, "rotates: {refresh_rotates}");
        assert_eq!(world.status().state, Standing::Active);
        for (object, seat) in [(0, &grace), (0, &alan), (1, &too)] {
            assert_eq!(world.seat_view(object, seat).state, State::Active);
        }
    }
}

#[test]
fn a_seat_that_rests_is_refreshed_when_it_is_used_again_and_not_before() {
    let (mut world, own) = office(tiny(20));
    let seat = world.seated(0, "grace", GRACE);
    assert!(world.ask_as(0, &seat, one(&own[0])).is_ok());
    let before = world.calls.len();
    world.pass(3 * 60);
    let by_connection = world.counted(before, "/token");
    assert!((5..=8).contains(&by_connection), "{by_connection}");
    world.restart();
    let before = world.calls.len();
    assert!(world.ask_as(0, &seat, one(&own[0])).is_ok());
    assert!(world.counted(before, "/token") <= 2);
    // Used all the time it is refreshed ahead: nobody waits for that.
    for _ in 0..50 {
        world.pass(1);
        let now = world.now;
        assert!(world.ask_as(0, &seat, one(&own[0])).is_ok());
        assert!(world.now - now < 250, "{} ms", world.now - now);
    }
}

#[test]
fn a_seat_that_hubspot_ends_is_over_in_the_list_the_feed_and_the_answer() {
    let (mut world, own) = office(tiny(20));
    let (grace, alan) = (world.seated(0, "grace", GRACE), world.seated(0, "alan", ALAN));
    // Grace leaves: her user-level tokens die, nobody else's.
    world.control("POST", "users/remove", &json!({ "user_id": GRACE, "portal_id": PORTAL }));
    assert!(world.ask_as(0, &grace, one(&own[0])).is_err());
    let ended = world.until(10, |world| world.seat_view(0, &grace).state == State::Expired);
    assert!(ended, "{:?}", world.seat_view(0, &grace));
    assert_eq!(world.ask_as(0, &grace, one(&own[0])), Err(Stop::NotActive(State::Expired)));
    assert!(world.ask_as(0, &alan, one(&own[1])).is_ok());
    assert_eq!(world.status().state, Standing::Active);
    let Some(messages::Answer::Json(told)) =
        world.command(Command::Changes { after: 0, limit: 1_000, types: Vec::new() })
    else {
        panic!("no feed");
    };
    assert!(told.contains("\"seat_expired\"") && told.contains(grace.as_str()), "{told}");
    assert!(!told.contains("\"user\":\"grace\""));
    // A new link makes the same seat anew.
    world.control(
        "POST",
        "users",
        &json!({ "user_id": GRACE, "email": "grace@example.com", "portals": [PORTAL] }),
    );
    assert_eq!(world.seated(0, "grace", GRACE), grace);
    assert!(world.ask_as(0, &grace, one(&own[0])).is_ok());
}

#[test]
fn a_seat_that_is_revoked_leaves_its_grant_to_others_and_the_last_takes_it_along() {
    let (mut world, own) = office(tiny(20));
    world.add_connection();
    assert!(world.backfill());
    let (first, second) = (world.seated(0, "grace", GRACE), world.seated(1, "grace", GRACE));
    let before = world.calls.len();
    assert!(matches!(world.seat(0, seats::Command::Revoke(first.clone())), Answer::Seat(_)));
    assert_eq!(world.ask_as(0, &first, one(&own[0])), Err(Stop::NotActive(State::Revoked)));
    world.pass(1);
    assert_eq!(world.counted(before, "/token/revoke"), 0, "the other seat holds the grant");
    assert!(world.ask_as(1, &second, one(&own[0])).is_ok());
    world.restart();
    assert!(matches!(world.seat(1, seats::Command::Revoke(second.clone())), Answer::Seat(_)));
    world.pass(1);
    assert_eq!(world.counted(before, "/token/revoke"), 1);
    world.pass(40);
    assert_eq!(world.counted(before, "/token/revoke"), 1);
    assert_eq!(world.status().state, Standing::Active);
}

#[test]
fn a_grant_whose_end_hubspot_does_not_hear_is_told_again() {
    let (mut world, _) = office(tiny(20));
    let seat = world.seated(0, "grace", GRACE);
    world
        .simulator
        .faults
        .add(Rule::next(2, Fault::Status { status: 503, after_commit: false }).at(Endpoint::Revoke));
    let before = world.calls.len();
    world.seat(0, seats::Command::Revoke(seat));
    world.pass(2);
    let told = world.calls[before..].iter().filter(|call| call.name.ends_with("/token/revoke"));
    assert!(told.map(|call| call.status).any(|status| status < 300));
}

#[test]
fn a_connection_that_ends_takes_its_seats_along() {
    let (mut world, own) = office(tiny(20));
    let seat = world.seated(0, "grace", GRACE);
    let before = world.calls.len();
    world.farewell(false, true);
    assert_eq!(world.ask_as(0, &seat, one(&own[0])), Err(Stop::NotConnected));
    world.pass(2);
    assert_eq!(world.status().state, Standing::Disconnected);
    assert_eq!(world.counted(before, "/token/revoke"), 2, "the connection's grant and the seat's");
    assert_eq!(world.grants_kept(), 0);
    assert_eq!(world.seat_view(0, &seat).state, State::Revoked);
}

#[test]
fn whoever_authorises_anew_elsewhere_leaves_no_seat_behind() {
    for reauthorize in [Reauthorize::SameGrant, Reauthorize::NewGrantOldAlive, Reauthorize::NewGrantOldDead] {
        let switches =
            Switches { reauthorize, refresh_rotates: true, refresh_grace_ms: 0, ..Switches::default() };
        let (mut world, own) = office(Plan { switches, ..tiny(20) });
        world.add_connection();
        assert!(world.backfill());
        let first = world.seated(0, "grace", GRACE);
        world.pass(3);
        let second = world.seated(1, "grace", GRACE);
        world.pass(3);
        for _ in 0..4 {
            world.expire_tokens();
            assert!(world.ask_as(0, &first, one(&own[0])).is_ok(), "{reauthorize:?}");
            assert!(world.ask_as(1, &second, one(&own[0])).is_ok(), "{reauthorize:?}");
            world.pass(20);
        }
    }
}

#[test]
fn limits_of_the_account_are_the_seats_too_and_have_their_own_names() {
    let (mut world, own) = office(tiny(20));
    let seat = world.seated(0, "grace", GRACE);
    let fault =
        |world: &mut World, fault| world.simulator.faults.add(Rule::next(1, fault).at(Endpoint::Read));
    fault(&mut world, Fault::Moved { retry_after_s: 3 });
    assert_eq!(failure(world.ask_as(0, &seat, one(&own[0]))), Failure::AccountMoving);
    fault(&mut world, Fault::Locked);
    assert_eq!(failure(world.ask_as(0, &seat, one(&own[0]))), Failure::RecordLocked);
    fault(&mut world, Fault::RateLimited { policy: Policy::Secondly });
    assert_eq!(failure(world.ask_as(0, &seat, one(&own[0]))), Failure::Throttled);
    world.pass(1);
    // HubSpot ends the token's time early: refreshed and asked once more, and nobody hears of it.
    fault(&mut world, Fault::ExpiredToken);
    assert!(world.ask_as(0, &seat, one(&own[0])).is_ok());
    fault(&mut world, Fault::RateLimited { policy: Policy::Daily });
    let end = world.ask_as(0, &seat, one(&own[0]));
    assert!(
        matches!(end, Err(Stop::Failed { failure: Failure::DailyLimit, retry_at: Some(_), .. })),
        "{end:?}"
    );
    // The limiter knows it now: the next request does not leave at all.
    let before = world.calls.len();
    assert_eq!(failure(world.ask_as(0, &seat, one(&own[0]))), Failure::DailyLimit);
    let asked = world.calls[before..].iter().filter(|call| call.name.ends_with(&own[0])).count();
    assert_eq!(asked, 0);
}

#[test]
fn what_hubspot_serves_to_no_single_user_is_told_apart() {
    let (mut world, _) = office(tiny(20));
    let seat = world.seated(0, "grace", GRACE);
    let lists = objects_get("/crm/lists/2026-09/idmapping?legacyListId=1");
    assert_eq!(failure(world.ask_as(0, &seat, lists)), Failure::WrongTokenKind);
}

fn objects_get(path: &str) -> spoke::values::http::Request {
    spoke::values::http::Request { path: path.to_owned(), ..asked::list(ObjectType::Contacts, &[], 1, None) }
}

#[test]
fn a_person_who_pauses_the_connection_pauses_its_seats() {
    let (mut world, own) = office(tiny(20));
    let seat = world.seated(0, "grace", GRACE);
    world.command(Command::Pause);
    assert_eq!(world.ask_as(0, &seat, one(&own[0])), Err(Stop::Paused));
    world.command(Command::Resume);
    assert!(world.ask_as(0, &seat, one(&own[0])).is_ok());
}

#[test]
fn keys_rotate_under_seats_that_nobody_uses() {
    let (mut world, own) = office(tiny(20));
    let seat = world.seated(0, "grace", GRACE);
    let (old, new) = (
        "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "k2:ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=",
    );
    world.set("KEYRING", &format!("{new},{old}"));
    world.restart();
    world.pass(40);
    world.set("KEYRING", new);
    world.restart();
    world.pass(10);
    assert!(world.ask_as(0, &seat, one(&own[0])).is_ok());
}

#[test]
fn what_happens_to_a_seat_is_written_down_under_its_id_without_the_users_name() {
    let (mut world, _) = office(tiny(20));
    let seat = world.seated(0, "grace-canary", GRACE);
    let ended = world.seat(0, seats::Command::Revoke(seat.clone()));
    assert!(matches!(ended, Answer::Seat(view) if view.state == State::Revoked));
    let command = Command::Audit { before: None, action: "seat.".to_owned(), limit: 20 };
    let Some(messages::Answer::Json(page)) = world.command(command) else { panic!("no entries") };
    assert!(!page.contains("grace-canary"), "{page}");
    let page: serde_json::Value = serde_json::from_str(&page).unwrap();
    let entries = page["results"].as_array().unwrap();
    let actions: Vec<&str> = entries.iter().filter_map(|entry| entry["action"].as_str()).collect();
    assert_eq!(actions, ["seat.revoked", "seat.redeemed", "seat.authorised", "seat.invited"]);
    assert!(entries.iter().all(|entry| entry["subject"] == seat.as_str()), "{entries:?}");
}
