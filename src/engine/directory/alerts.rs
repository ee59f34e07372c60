//! What is wrong with the deployment: noticed by anyone, told to the operator once an hour a kind, shown by `/healthz` until an
//! hour after it was noticed last.

use serde_json::json;

use super::messages::{Answer, Standing};
use crate::{
    engine::alert::Alert,
    store::{
        directory::{alerts as rows, counters},
        sql::{Sql, SqlError},
    },
    values::{
        ids::ConnectionId,
        time::{HOUR_MS, Timestamp},
    },
};

/// An alert that was not noticed for so long is over: whatever raises one tries again within ten minutes.
const OVER_MS: i64 = HOUR_MS;
/// How often the operator is told of one kind.
const TELL_EVERY_MS: i64 = HOUR_MS;

pub(super) fn raise(
    sql: &dyn Sql,
    now: Timestamp,
    alert: Alert,
    connection: Option<&ConnectionId>,
) -> Result<Answer, SqlError> {
    let connection = connection.map(ConnectionId::as_str);
    rows::notice(sql, alert.as_str(), connection, now, now.minus_ms(OVER_MS))?;
    counters::add(sql, &format!("alert_{}", alert.as_str()), 1)?;
    let standing = standing(sql, now)?.into_iter().find(|standing| standing.alert == alert);
    let due = |standing: &Standing| standing.told_at.is_none_or(|at| now.since_ms(at) >= TELL_EVERY_MS);
    Ok(Answer::Alerted(standing.filter(due)))
}

pub(super) fn told(sql: &dyn Sql, now: Timestamp, alert: Alert) -> Result<Answer, SqlError> {
    rows::told(sql, alert.as_str(), now)?;
    Ok(Answer::Done)
}

/// Those that are not over. A kind that this build does not know is left out.
pub(super) fn standing(sql: &dyn Sql, now: Timestamp) -> Result<Vec<Standing>, SqlError> {
    let stored = rows::after(sql, now.minus_ms(OVER_MS))?;
    let known = |stored: rows::Stored| {
        Some(Standing {
            alert: Alert::parse(&stored.kind)?,
            since: stored.since,
            at: stored.at,
            count: stored.count,
            connection: stored.connection.and_then(|id| id.parse().ok()),
            told_at: stored.told_at,
        })
    };
    Ok(stored.into_iter().filter_map(known).collect())
}

/// What the operator's address gets: a Standard Webhooks body, with `text` besides, which is what chats show.
pub fn message(standing: &Standing, product: &str, now: Timestamp) -> String {
    let name = standing.alert.as_str();
    let words = standing.alert.words();
    json!({
        "type": format!("alert.{name}"),
        "timestamp": now.to_rfc3339(),
        "text": format!("{product} and HubSpot: {words}"),
        "data": {
            "alert": name,
            "detail": words,
            "since": standing.since.to_rfc3339(),
            "count": standing.count,
            "connection_id": standing.connection,
        },
    })
    .to_string()
}
