//! Contacts, companies and deals side by side: what one type costs the others, and what each is granted.

use spoke::{
    engine::portal::messages::{StreamState, StreamStatus},
    values::ids::ObjectType,
};

use super::{synced, tiny};
use crate::life::World;

const DEALS_SCOPE: &str = "crm.objects.deals.read";

fn stream(world: &mut World, kind: ObjectType) -> StreamStatus {
    let streams = world.status().streams;
    streams.into_iter().find(|stream| stream.object_type == kind).expect("every type has its stream")
}

fn no_scope(scope: &str) -> StreamState {
    StreamState::NoScope { scopes: vec![scope.to_owned()] }
}

#[test]
fn a_type_without_its_scope_is_not_asked_for_and_says_which_scope_it_lacks() {
    let mut world = synced(tiny(30));
    world.pass(60);
    assert_eq!(stream(&mut world, ObjectType::Contacts).state, StreamState::Running);
    assert_eq!(stream(&mut world, ObjectType::Companies).state, no_scope("crm.objects.companies.read"));
    let deals = stream(&mut world, ObjectType::Deals);
    assert_eq!((deals.state, deals.next_check_at, deals.trouble), (no_scope(DEALS_SCOPE), None, None));
    assert_eq!(world.status().trouble, None, "what was never granted is no trouble");
    assert!(world.calls.iter().all(|call| !call.name.contains("companies") && !call.name.contains("deals")));
}
