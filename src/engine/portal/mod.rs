//! One connection: its mirror, kept in step with HubSpot.

pub mod messages;
