//! Tasks, calls, notes and a custom object: what HubSpot has of them, and an administrator who turns them on and off.

use hubspot_simulator::webhooks::Subscription;
use serde_json::json;
use spoke::engine::portal::{
    messages::{Answer, Command},
    retention::{MOST_DAYS, Wanted},
    types::{Answer as Told, Command as Types, Refusal},
};

use super::{
    World,
    account::PORTAL,
    plan::{CARS, further_kind},
};

/// Records of each further type at the start.
const RECORDS: u32 = 12;

impl World {
    pub(super) fn furnish_further(&mut self) {
        if self.plan.further.contains(&CARS) {
            self.define_cars();
        }
        for name in self.plan.further.clone() {
            let body = json!({ "portal_id": PORTAL, "count": RECORDS, "shape": self.plan.shape });
            self.control("POST", &format!("{}/seed", further_kind(name).name), &body);
        }
    }

    /// People define a custom object; its number.
    pub fn define_cars(&mut self) -> String {
        let cars = json!({
            "portal_id": PORTAL, "name": CARS, "singular": "Car", "plural": "Cars & <Vans>", "properties": ["name", "colour"],
        });
        let made = self.control("POST", "schemas/define", &cars);
        made["id"].as_str().expect("a custom object has a number").to_owned()
    }

    pub(super) fn further_subscriptions(&self) -> Vec<Subscription> {
        let of_type = |name: &&str| {
            let kind = further_kind(name);
            let of = |what: &str, property: Option<&str>| Subscription {
                subscription_type: format!("object.{what}"),
                object_type: Some(kind.type_id.to_owned()),
                property_name: property.map(str::to_owned),
                ..Subscription::default()
            };
            ["creation", "deletion", "restore"]
                .map(|what| of(what, None))
                .into_iter()
                .chain(
                    ["hs_task_subject", "hs_call_title", "hs_note_body", "name"]
                        .map(|own| of("propertyChange", Some(own))),
                )
                .collect::<Vec<_>>()
        };
        self.plan.further.iter().flat_map(of_type).collect()
    }

    /// Asks something about types; `None`: a statement failed.
    pub fn types(&mut self, command: Types) -> Option<Told> {
        match self.command(Command::Types(command))? {
            Answer::Types(answer) => Some(answer),
            other => panic!("nothing about types but {other:?}"),
        }
    }

    /// Asks for a type once; whether it is on. It may be that the account is looked at first, or that nothing goes just now.
    fn ask_for(&mut self, name: &str) -> bool {
        match self.types(Types::On(name.to_owned())) {
            Some(Told::Json(_)) => {
                if name == "calls" {
                    // The account's calls are of all ages; what becomes of old ones is a case of its own.
                    let kept = Wanted { call_details_days: Some(MOST_DAYS), ..Wanted::default() };
                    self.command(Command::SetRetention(kept));
                }
                true
            }
            Some(Told::Refused(Refusal::Looking | Refusal::Stopped)) | None => false,
            other => panic!("{name} is not turned on: {other:?}"),
        }
    }

    /// Asks until a type is on, as an administrator does.
    pub fn turn_on(&mut self, name: &str) {
        let on = self.until(120, |world| {
            let on = world.ask_for(name);
            if !on {
                world.pass_ms(1_000);
            }
            on
        });
        assert!(on, "{name} is not turned on within two hours: {:?}", self.status());
    }

    pub(super) fn ask_for_all(&mut self) {
        for name in self.plan.further.clone() {
            self.ask_for(name);
        }
    }

    pub(super) fn turn_all_on(&mut self) {
        for name in self.plan.further.clone() {
            self.turn_on(name);
        }
    }

    /// Turns a type off.
    pub fn turn_off(&mut self, name: &str) {
        while self.types(Types::Off(name.to_owned())) != Some(Told::Off) {}
    }
}
