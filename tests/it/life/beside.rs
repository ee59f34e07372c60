//! Owners, pipelines and lists of a life: people who change them, and what the connection promises about them.

use std::collections::{BTreeMap, BTreeSet};

use hubspot_simulator::lists::{List, Processing};
use serde_json::{Value, json};
use spoke::{
    engine::portal::{
        beside::commands::Command as Beside,
        messages::{Answer, Command},
    },
    store::portal::members,
    values::ids::{ListId, ObjectType, RecordId},
};

use super::{account::PORTAL, world::World};

/// Members by list.
pub type Memberships = BTreeMap<u64, BTreeSet<u64>>;
/// What each list has members of.
pub type KindsOfLists = BTreeMap<u64, ObjectType>;

impl World {
    /// The lists that the plan asks for, each of one type.
    pub(super) fn furnish_lists(&mut self) {
        let (count, now) = (self.plan.lists.unwrap_or(0), self.now);
        let mut kinds = self.plan.kinds();
        kinds.retain(|kind| kind.classical);
        let Some((portal, turn)) = self.simulator.portal_turn(PORTAL, now) else { return };
        for number in 0..count as usize {
            let kind = kinds[number % kinds.len()];
            let name = format!("List {number}");
            let list = portal.create_list(now, &name, kind.name, Processing::Manual).expect("a new name");
            portal.join_random(&turn, list, 30);
        }
    }

    /// Follows every list there is.
    pub(super) fn follow_all(&mut self, object: usize) {
        let lists: Vec<u64> =
            self.simulator.portal(PORTAL).expect("there").lists().map(|own| own.id).collect();
        for list in lists {
            let answer = self.command_to(object, Command::Beside(Beside::Follow { list: ListId(list) }));
            assert!(matches!(answer, Some(Answer::Done)), "{answer:?}");
        }
    }

    /// A command about owners, pipelines or lists.
    pub fn beside(&mut self, command: Beside) -> Answer {
        self.command(Command::Beside(command)).expect("no statement fails")
    }

    /// A list as the API answers.
    pub fn list(&mut self, list: u64) -> Value {
        match self.beside(Beside::List { list: ListId(list) }) {
            Answer::Json(text) => serde_json::from_str(&text).unwrap(),
            other => panic!("no list but {other:?}"),
        }
    }

    /// Who the mirror has on a list.
    pub fn members(&mut self, object: usize, list: u64) -> BTreeSet<u64> {
        let (mut all, mut after) = (BTreeSet::new(), None);
        loop {
            let command = Beside::Members { list: ListId(list), after, limit: 57 };
            let Some(Answer::Json(page)) = self.command_to(object, Command::Beside(command)) else {
                panic!("no page of members")
            };
            let page: Value = serde_json::from_str(&page).unwrap();
            let ids = page["results"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap());
            all.extend(ids.map(|id| id.parse::<u64>().unwrap()));
            match page["next_cursor"].as_str() {
                Some(next) => after = Some(next.parse::<RecordId>().unwrap()),
                None => return all,
            }
        }
    }

    /// Who HubSpot has on a list; nobody on one that is deleted.
    pub fn true_members(&self, list: u64) -> BTreeSet<u64> {
        let list = self.simulator.portal(PORTAL).expect("there").list(list);
        // Ids of two types mean nothing to each other.
        let of_contacts = list.is_some_and(|list| list.object_type_id == "0-1");
        let kept_out = if of_contacts { self.contacts_kept_out() } else { BTreeSet::new() };
        list.into_iter()
            .flat_map(List::members)
            .map(|(id, _)| id)
            .filter(|id| !kept_out.contains(id))
            .collect()
    }

    /// Who the mirror has on each list that is followed.
    pub(super) fn memberships(&mut self, object: usize) -> Memberships {
        let Some(Answer::Json(lists)) = self.command_to(object, Command::Beside(Beside::Lists)) else {
            panic!("no lists")
        };
        let lists: Value = serde_json::from_str(&lists).unwrap();
        let followed = lists["followed"].as_array().unwrap().iter().map(|id| id.as_str().unwrap());
        let followed: Vec<u64> = followed.map(|id| id.parse().unwrap()).collect();
        followed.into_iter().map(|list| (list, self.members(object, list))).collect()
    }

    /// Of what the lists are that are followed.
    pub(super) fn kinds_of_lists(&self, object: usize) -> KindsOfLists {
        let followed = members::followed(&self.objects[object].sql).expect("the lists can be read");
        followed.into_iter().filter_map(|of| Some((of.list.0, of.object_type?))).collect()
    }

    /// People at work on what is not a record.
    pub(super) fn edit_beside(&mut self) {
        let now = self.now;
        let (lists, owners) = (self.plan.lists.unwrap_or(0), self.plan.owners);
        if lists > 0 && self.rng.u32(0..2) == 0 {
            let list = u64::from(self.rng.u32(1..=lists));
            let (choice, joins, leaves) = (self.rng.u32(0..24), self.rng.usize(1..12), self.rng.usize(1..8));
            let (portal, turn) = self.simulator.portal_turn(PORTAL, now).expect("there");
            match choice {
                0 => drop(portal.delete_list(now, list)),
                1..4 => drop(portal.restore_list(now, list)),
                4..10 => drop(portal.join_random(&turn, list, joins)),
                10..16 => drop(portal.leave_random(&turn, list, leaves)),
                16..20 => {
                    portal.leave_random(&turn, list, leaves);
                    portal.join_random(&turn, list, leaves);
                }
                _ => {}
            }
        }
        if owners && self.rng.u32(0..8) == 0 {
            let place = self.rng.usize(0..9);
            let archived = self.rng.bool();
            let (portal, _) = self.simulator.portal_turn(PORTAL, now).expect("there");
            let id = portal.owners()[place].id;
            portal.set_owner_archived(now, id, archived);
        }
        if self.plan.deals.is_some() && self.rng.u32(0..16) == 0 {
            let label = format!("Pipeline of {now}");
            let stages = json!([{ "id": "first", "label": "First", "metadata": { "probability": "0.5" } }]);
            let pipeline = json!({ "id": "second", "label": label, "displayOrder": 1, "stages": stages });
            self.control("POST", "pipelines/put", &json!({ "pipeline": pipeline }));
        }
    }

    /// What of the promises about these does not hold, once everything has settled.
    pub fn verdict_beside(&mut self) -> Result<(), String> {
        let status = self.status();
        if let Some(source) = status.beside.iter().find(|source| source.trouble.is_some()) {
            return Err(format!("stuck: {source:?}"));
        }
        for (list, members) in self.memberships(0) {
            let truth = self.true_members(list);
            if members != truth {
                let (more, fewer) = (members.difference(&truth).count(), truth.difference(&members).count());
                let shown = self.list(list);
                return Err(format!("list {list}: {more} too many, {fewer} too few: {shown}"));
            }
        }
        if self.plan.owners {
            let held = self.told_beside(Beside::Owners, &["created_at", "updated_at"]);
            let truth: Vec<Value> =
                self.simulator.portal(PORTAL).expect("there").owners().iter().map(owner).collect();
            if held != truth {
                return Err(format!("owners: {held:?} is not {truth:?}"));
            }
        }
        if self.plan.deals.is_some() {
            let command = Beside::Pipelines { object_type: spoke::values::ids::ObjectType::Deals };
            let held = self.told_beside(command, &[]);
            let portal = self.simulator.portal(PORTAL).expect("there");
            let truth: Vec<Value> = portal.pipelines().map(pipeline).collect();
            if held != truth {
                return Err(format!("pipelines: {held:?} is not {truth:?}"));
            }
        }
        Ok(())
    }

    /// What the API tells, without some fields.
    fn told_beside(&mut self, command: Beside, without: &[&str]) -> Vec<Value> {
        let Answer::Json(text) = self.beside(command) else { panic!("nothing is told") };
        let mut told: Value = serde_json::from_str(&text).unwrap();
        let mut results = told["results"].take().as_array().unwrap().clone();
        for result in &mut results {
            let fields = result.as_object_mut().unwrap();
            fields.retain(|name, _| !without.contains(&name.as_str()));
        }
        results
    }
}

fn owner(owner: &hubspot_simulator::owners::Owner) -> Value {
    let teams = owner.teams.iter();
    json!({
        "id": owner.id.to_string(),
        "type": if owner.queue { "queue" } else { "person" },
        "email": owner.email,
        "first_name": owner.first_name,
        "last_name": owner.last_name,
        "user_id": owner.user_id.map(|id| id.to_string()),
        "teams": teams
            .map(|team| json!({ "id": team.id, "name": team.name, "primary": team.primary }))
            .collect::<Vec<_>>(),
        "archived": owner.archived,
    })
}

fn pipeline(pipeline: &hubspot_simulator::pipelines::Pipeline) -> Value {
    let stages = pipeline.stages.iter();
    let stage = |stage: &hubspot_simulator::pipelines::Stage| json!({ "id": stage.id, "label": stage.label, "metadata": stage.metadata });
    json!({ "id": pipeline.id, "label": pipeline.label, "stages": stages.map(stage).collect::<Vec<_>>() })
}
