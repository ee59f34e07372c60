//! A definition against the fields that a portal has: what was right when it was written may name what is not there.
//!
//! Checks conditions and the trigger. The fields that steps write and whose values they take are held against the account where it is known
//! which may be written ([`crate::engine::portal`]'s action steps).

use std::collections::BTreeSet;

use super::{
    definition::{Again, Definition, Trigger, What},
    facts::{of_subject, vocabulary},
};
use crate::{
    engine::{
        action_step::ActionStep,
        host_fields::WithHosts,
        reader::{fault, within},
    },
    values::{
        filter::{Code, Condition, Fault, Fields, Filter, Use},
        ids::ObjectType,
    },
};

impl Definition {
    /// Everything that is wrong with its trigger and its conditions for the fields of HubSpot's there are, each with its JSON pointer. `fields`
    /// knows those of the trigger's records by no `of`, and those of a contact, company and deal by these words.
    pub fn check(&self, fields: &dyn Fields) -> Vec<Fault> {
        let mut faults = Vec::new();
        if let Trigger::Change { properties, .. } = &self.trigger {
            for (index, name) in properties.iter().enumerate() {
                if fields.field(None, name).is_none() {
                    let detail = format!(
                        "There is no field `{name}` in HubSpot. Refresh the fields or choose another."
                    );
                    faults.push(fault(&format!("/trigger/properties/{index}"), Code::UnknownField, detail));
                }
            }
        }
        self.visit_filters(&mut |path, filter, purpose| {
            faults.extend(within(path, filter.check(&with_hosts(fields, filter), purpose)));
        });
        faults
    }

    /// Shows every filter with its JSON pointer and what it is for: the trigger of a change may be asked what changed, all else what is.
    pub fn visit_filters<'a>(&'a self, show: &mut dyn FnMut(&str, &'a Filter, Use)) {
        let entry = match self.trigger {
            Trigger::Change { .. } => Use::Trigger,
            Trigger::Event { .. } | Trigger::Schedule { .. } => Use::Selection,
        };
        show("/conditions", &self.conditions, entry);
        if let Again::When(filter) = &self.again {
            show("/enrolment/when", filter, entry);
        }
        self.visit(&mut |path, step| match &step.what {
            What::If { filter, .. } => show(&format!("{path}/if"), filter, Use::Selection),
            What::WaitUntil { filter, .. } => show(&format!("{path}/wait_until"), filter, Use::Selection),
            What::Act(_) | What::Wait(_) | What::Stop(_) | What::Decide(_) => {}
        });
    }

    /// Its steps that are actions, each with its JSON pointer.
    pub fn actions(&self) -> Vec<(String, &ActionStep)> {
        let mut all = Vec::new();
        self.visit(&mut |path, step| {
            if let What::Act(step) = &step.what {
                all.push((path.to_owned(), step));
            }
        });
        all
    }

    /// Names of the fields of a type whose values it asks for or takes, and whose changes begin it. The mirror must hold them.
    pub fn reads(&self, kind: ObjectType) -> BTreeSet<&str> {
        let record = self.trigger.record();
        let mut all = BTreeSet::new();
        self.visit_filters(&mut |_, filter, _| {
            let own = filter.properties().into_iter().filter(|(of, _)| of_subject(*of, record) == Some(kind));
            all.extend(own.map(|(_, name)| name).filter(|name| *name != "hs_object_id"));
        });
        for (_, step) in self.actions() {
            let own = step.reads(vocabulary(record)).into_iter().filter(|(of, _)| *of == kind);
            all.extend(own.map(|(_, name)| name));
        }
        if let Trigger::Change { properties, .. } = &self.trigger
            && record == kind
        {
            all.extend(properties.iter().map(String::as_str));
        }
        all
    }

    /// Whether it asks or takes anything of records of a type, if only whether there is one.
    pub fn asks_of(&self, kind: ObjectType) -> bool {
        let record = self.trigger.record();
        let mut asks = record == kind;
        self.visit_filters(&mut |_, filter, _| {
            asks |= filter.properties().iter().any(|(of, _)| of_subject(*of, record) == Some(kind));
        });
        let words = vocabulary(record);
        asks || self
            .actions()
            .iter()
            .any(|(_, step)| step.names().iter().any(|(word, _)| words.of_word(word) == Some(kind)))
    }
}

/// A filter of a workflow in words.
pub fn describe(filter: &Filter, fields: &dyn Fields) -> String {
    filter.describe(&with_hosts(fields, filter))
}

/// One of its conditions in words.
pub fn describe_condition(filter: &Filter, condition: &Condition, fields: &dyn Fields) -> String {
    condition.describe(&with_hosts(fields, filter))
}

fn with_hosts<'a>(fields: &'a dyn Fields, filter: &'a Filter) -> WithHosts<'a> {
    WithHosts { fields, filter, is_record: |of| of != Some("event") }
}
