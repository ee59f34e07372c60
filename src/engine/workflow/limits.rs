//! How large a workflow may be.

/// Workflows of a connection: each is asked about every event and change of its type, some microseconds each; 50 of the largest are 3 MB in
/// memory.
pub const WORKFLOWS: usize = 50;
/// Steps of a workflow, those in others included: a person reads some ten; a run keeps half a kilobyte of each.
pub const STEPS: usize = 50;
/// Levels of steps: those of the workflow itself are of the first. Each is one call on the stack; people nest two or three.
pub const DEPTH: usize = 5;
/// Bytes of a definition's JSON: 50 steps of a kilobyte and a filter of a hundred conditions.
pub const BYTES: usize = 65_536;
/// Days of a wait. A year is the longest that people plan by; a run is kept as long.
pub const WAIT_DAYS: u32 = 365;
/// Characters of a workflow's name, of an event's, and of a route's and its label.
pub const NAME_CHARS: usize = 100;
/// Characters of a description: a paragraph.
pub const DESCRIPTION_CHARS: usize = 1_000;
/// Characters of what a stop says.
pub const WORDS_CHARS: usize = 200;
/// Properties that a trigger names: as many as a filter has conditions.
pub const PROPERTIES: usize = 100;
/// Faults told at once: more than a person mends in one go.
pub const FAULTS: usize = 20;
