//! Workflows: what is done for a record when something happens, step by step, with conditions, waits and routing answers.
//!
//! ```json
//! {"name": "Close the deal",
//!  "trigger": {"on": "event", "event": "conversation_resolved", "record": "contacts"},
//!  "conditions": {"of": "deal", "property": "hs_object_id", "type": "number", "operator": "known"},
//!  "enrolment": {"again": "every_time"},
//!  "steps": [
//!    {"id": "quiet", "wait": {"count": 2, "unit": "hours"}},
//!    {"id": "close", "do": "update_deal", "deal": "{{deal.id}}", "stage": "closedwon"}
//!  ]}
//! ```
//!
//! A *definition* is read and checked here, and decided about: given where a run stands and what is known, [`Definition::decide`] says what
//! is to be done next and why. Pure; what is enrolled, kept and asked for is the portal's.
//!
//! # Whom a run is of
//!
//! The record of its trigger's type, and what belongs to that: a filter's `of`, and a template's word before the point.
//!
//! | `of` | what |
//! |---|---|
//! | absent; in templates `record` | the record itself |
//! | `event` | the event: its members, and its facts by the host's own names |
//! | `contact`, `company`, `deal` | the record of that type: itself, whom the event names, or what is linked to it |
//!
//! Of several that are linked the one counts that was modified last; of deals only those that are open.

mod check;
mod decide;
mod definition;
mod event;
mod facts;
pub mod limits;
mod parse;
mod schema;
mod templates;
#[cfg(test)]
mod tests;
mod write;

pub use check::{describe, describe_condition};
pub use decide::{Branch, Decision, Entry, Next, Standing, Way};
pub use definition::{
    Again, Definition, EVENTS, Every, Passage, Place, Route, Span, Step, StepId, Trigger, Unit, Weekday, What,
};
pub use event::{EVENT_BYTES, Event, EventRecord};
pub use facts::{Facts, of_subject, vocabulary};
pub use schema::schema;
pub use templates::{Template, templates};
