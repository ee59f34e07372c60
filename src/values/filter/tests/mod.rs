//! Tests of the filter. [`naive`] is a second evaluator, written from the module's documentation over the filter's JSON; [`any`]
//! makes filters and records.

pub(crate) mod any;
mod dates;
mod examples;
mod naive;
mod properties;
