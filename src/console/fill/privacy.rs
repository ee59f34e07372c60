//! From what a Portal tells of blocks and retention to what the Privacy page shows.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{
    console::{
        connection::ConnectionFrame,
        privacy::{BlockLine, ErasedView, RetentionView},
        words::capitalised,
    },
    engine::{
        actor::Actor,
        portal::retention::{FEWEST_AUDIT_DAYS, MOST_DAYS},
    },
    values::{json, time::Timestamp},
};

#[derive(Deserialize)]
struct Blocks {
    results: Vec<Block>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Block {
    id: String,
    created_at: String,
    named_by: String,
    by: Actor,
}

#[derive(Deserialize)]
struct Retention {
    minimum: bool,
    minimum_fields: BTreeMap<String, Vec<String>>,
    call_details_days: u32,
    call_details_kept: Vec<String>,
    audit_days: u32,
    signal_days: u32,
}

#[derive(Deserialize)]
struct Told {
    block: Block,
    erased: Erased,
}

#[derive(Deserialize)]
struct Erased {
    records: u64,
    merged_records: u64,
    associations: u64,
    lists: u64,
    channels: u64,
    #[serde(default)]
    signals: u64,
    #[serde(default)]
    workflow_runs: u64,
    #[serde(default)]
    attribute_values: u64,
}

/// The blocks of a page and where the next begins; `None`: what was told is not what it should be.
pub fn blocks(told: &str) -> Option<(Vec<BlockLine>, Option<String>)> {
    let told: Blocks = json::parse(told).ok()?;
    let line = |block: Block| {
        Some(BlockLine {
            created_at: Timestamp::parse_rfc3339(&block.created_at)?.0,
            by_email: block.named_by == "email",
            by: capitalised(&block.by.words()),
            id: block.id,
        })
    };
    Some((told.results.into_iter().map(line).collect::<Option<_>>()?, told.next_cursor))
}

/// The settings; `None` as above.
pub fn retention(told: &str) -> Option<RetentionView> {
    let told: Retention = json::parse(told).ok()?;
    Some(RetentionView {
        minimum: told.minimum,
        call_days: told.call_details_days.to_string(),
        audit_days: told.audit_days.to_string(),
        signal_days: told.signal_days.to_string(),
        most_days: MOST_DAYS,
        fewest_audit_days: FEWEST_AUDIT_DAYS,
        minimum_fields: told.minimum_fields.into_iter().collect(),
        call_fields: told.call_details_kept,
        error: None,
    })
}

/// What went; `None` as above.
pub fn erased(at: ConnectionFrame, object_type: String, told: &str) -> Option<ErasedView> {
    let Told { block, erased } = json::parse(told).ok()?;
    Some(ErasedView {
        at,
        object_type,
        block: block.id,
        records: erased.records,
        merged: erased.merged_records,
        links: erased.associations,
        lists: erased.lists,
        channels: erased.channels,
        signals: erased.signals,
        workflow_runs: erased.workflow_runs,
        attribute_values: erased.attribute_values,
    })
}
