//! Scores in the API's shape: settings, runs, what was refused.

use serde_json::{Value, json};

use super::{
    ACCOUNTS_LIMIT, Kept,
    run::{FileState, Phase, Rights, Run, Way, Why},
    send::costs,
};
use crate::{
    engine::portal::{Portal, Turn},
    store::{
        portal::scores::{self as store, Account, Failed},
        sql::SqlError,
    },
    values::{
        json, scopes,
        time::{DAY_MS, Timestamp},
    },
};

impl Portal {
    /// Settings, with the properties as they are and when the next run begins.
    pub(super) fn shown_scores(&mut self, turn: &Turn<'_>) -> Result<Value, SqlError> {
        let accounts = self.score_accounts(turn)?;
        let fields = self.check_score_fields(turn)?;
        let Rights { import, update } = self.score_rights();
        let ready = fields.iter().all(|line| line["state"] == "ready");
        let next = self.night(turn.now).filter(|_| self.scores.run.is_none());
        let of_kind = self.streams.iter().find(|running| running.saved.object_type == super::KIND);
        let read_at = of_kind.and_then(|running| running.saved.properties_at);
        let Kept { settings, creating, trouble, .. } = &self.scores.kept;
        let missing: Vec<&str> = [(import, scopes::IMPORT), (update, scopes::of_writes(super::KIND))]
            .into_iter()
            .filter(|(granted, _)| !granted)
            .map(|(_, scope)| scope)
            .collect();
        Ok(json!({
            "on": settings.on,
            "hour": settings.hour,
            "fields": settings.fields,
            "prefix": settings.names.prefix,
            "label": settings.names.label,
            "group": settings.names.group,
            "group_label": settings.names.group_label(),
            "accounts": accounts,
            "accounts_limit": ACCOUNTS_LIMIT,
            "ready": ready,
            "properties": fields,
            "properties_read_at": moment(read_at),
            "creating": creating.is_some(),
            "creating_trouble": trouble,
            "missing_scopes": missing,
            "running": self.scores.run.is_some(),
            "next_run_at": moment(next),
        }))
    }

    /// How many accounts there are.
    pub(super) fn score_accounts(&mut self, turn: &Turn<'_>) -> Result<u64, SqlError> {
        if let Some(accounts) = self.scores.accounts {
            return Ok(accounts);
        }
        let accounts = store::count(turn.sql)?;
        self.scores.accounts = Some(accounts);
        Ok(accounts)
    }

    /// A run; of one that is under way, what it came to so far.
    pub(super) fn shown_run(&self, turn: &Turn<'_>, run: &Run) -> Value {
        let mut files = Vec::new();
        for (number, file) in run.files.iter().enumerate() {
            let [sent, refused, gone] = match file.state {
                FileState::Done => file.came_to,
                // What is under way is counted row by row at its end.
                _ => [0; 3],
            };
            let (by_import, by_update) = costs(file.rows);
            files.push(json!({
                "number": number + 1,
                "rows": file.rows,
                "columns": file.columns,
                "way": file.way.map(|(way, _)| way),
                "why": file.way.map(|(way, why)| words(way, why, by_import, by_update)),
                "state": state_of(&file.state),
                "import_id": file.import.map(|id| id.to_string()),
                "bytes": file.bytes,
                "sent": sent,
                "failed": refused + gone,
                "rematched": file.again,
                "trouble": file.trouble,
            }));
        }
        let bytes: u64 = run.files.iter().map(|file| file.bytes).sum();
        let duration_ms = run.ended_at.unwrap_or(turn.now).since_ms(run.started_at);
        let counts = run.counts;
        let calls = run.calls;
        let link = self.connection.as_ref().and_then(|connection| {
            let host = connection.account.ui_domain.as_ref()?;
            Some(format!("https://{host}/import/{}", connection.account.portal))
        });
        json!({
            "id": run.number.to_string(),
            "mode": run.mode,
            "asked_by": run.asked_by,
            "date": &Timestamp(run.day * DAY_MS).to_rfc3339()[..10],
            "state": match (&run.phase, &run.trouble) {
                (Phase::Matching { .. }, _) => "matching",
                (Phase::Sending, _) => "sending",
                (Phase::Rematching { .. }, _) => "rematching",
                (Phase::Ended, None) => "done",
                (Phase::Ended, Some(_)) => "failed",
            },
            "started_at": run.started_at.to_rfc3339(),
            "ended_at": moment(run.ended_at),
            "duration_ms": duration_ms,
            "counts": {
                "accounts": counts.accounts,
                "sent": counts.sent,
                "unchanged": counts.unchanged,
                "unmatched": counts.unmatched,
                "doubles": counts.doubles,
                "unfit": counts.unfit,
                "failed": counts.failed,
                "rematched": counts.rematched,
            },
            "files": files,
            "bytes": bytes,
            "calls": {
                "imports": calls.starts,
                "polls": calls.polls,
                "errors": calls.errors,
                "updates": calls.updates,
                "echo": calls.echo,
            },
            "left_out": run.left_out,
            "trouble": run.trouble,
            "import_page": link,
        })
    }

    /// A page of runs, the newest first; where the next begins.
    pub(super) fn shown_runs(
        &self,
        turn: &Turn<'_>,
        before: Option<i64>,
        limit: u32,
    ) -> Result<(Vec<Value>, Option<i64>), SqlError> {
        let mut results = Vec::new();
        let mut last = None;
        for state in store::runs(turn.sql, before, limit)? {
            let run: Run = json::parse(&state).map_err(|_| SqlError::Content("score_runs"))?;
            last = Some(run.number);
            results.push(self.shown_run(turn, &run));
        }
        let next = last.filter(|last| results.len() == limit as usize && *last > 1);
        Ok((results, next))
    }
}

/// Of an account what the host sent.
pub(super) fn account(account: &Account) -> Result<Value, SqlError> {
    const WRONG: SqlError = SqlError::Content("score_accounts");
    let domains: Vec<String> = json::parse(&account.domains).map_err(|_| WRONG)?;
    let mut body: Value = json::parse(&account.scores).map_err(|_| WRONG)?;
    body["id"] = json!(account.id);
    body["domain"] = json!(domains.first());
    body["aliases"] = json!(domains.get(1..).unwrap_or_default());
    body["updated_at"] = json!(account.updated_at.to_rfc3339());
    Ok(body)
}

/// A row that was refused.
pub(super) fn failed(failed: &Failed) -> Value {
    let (code, property) = match failed.why.split_once(':') {
        Some((code, property)) => (code, Some(property)),
        None => (failed.why.as_str(), None),
    };
    json!({
        "file": failed.file + 1,
        "row": failed.place + 1,
        "company_id": failed.company.to_string(),
        "account_id": failed.account,
        "code": code,
        "property": property,
        "message": said(code, property),
    })
}

/// What HubSpot's word means, and what to do.
fn said(code: &str, property: Option<&str>) -> String {
    let of = property.map_or_else(|| "a property".to_owned(), |name| format!("`{name}`"));
    match code {
        "UPDATE_ONLY_IMPORT" | "INVALID_RECORD_ID" | "INVALID_OBJECT_ID" | "OBJECT_NOT_FOUND"
        | "RECORD_GONE" => {
            "HubSpot has no such company any more, and the account is no other company.".to_owned()
        }
        "INVALID_ENUMERATION_OPTION" | "INVALID_OPTION" => {
            format!("HubSpot's {of} has no such option: add it there.")
        }
        "COULD_NOT_PARSE_NUMBER" | "INVALID_LONG" => format!("{of} does not take this as a number."),
        "INVALID_NUMBER_SIZE" => format!("The number is too large for {of}."),
        "INVALID_CUSTOM_PROPERTY_VALIDATION" => {
            format!("A rule that the account's people made for {of} refuses the value.")
        }
        "PROPERTY_DEFINITION_NOT_FOUND" | "PROPERTY_DOESNT_EXIST" => {
            format!("HubSpot has no {of} any more: check the properties.")
        }
        "MISSING_REQUIRED_PROPERTY" | "REQUIRED_PROPERTY" => {
            "A property that the account's people require is missing on the company.".to_owned()
        }
        "DUPLICATE_RECORD_ID" | "DUPLICATE_ROW_CONTENT" => {
            "HubSpot took the row for one that it had already.".to_owned()
        }
        "IMPORT_NOT_DONE" => "The import did not end as it should; the run says why.".to_owned(),
        "NOT_TAKEN" => "HubSpot did not take the file; the run says why.".to_owned(),
        _ => "HubSpot refused it. The next run tries again.".to_owned(),
    }
}

fn words(way: Way, why: Why, by_import: u64, by_update: u64) -> String {
    match (way, why) {
        (Way::Import, Why::FewerCalls) => {
            format!("As one import: some {by_import} calls, where batch updates would take {by_update}.")
        }
        (Way::BatchUpdate, Why::FewerCalls) => {
            let calls = if by_update == 1 { "call" } else { "calls" };
            format!("By batch update: {by_update} {calls}, where an import would take some {by_import}.")
        }
        (Way::Import, Why::OnlyWay) => {
            "As one import: the connection may not update companies otherwise.".to_owned()
        }
        (Way::BatchUpdate, Why::OnlyWay) => {
            format!("By batch update: the connection lacks `{}`.", scopes::IMPORT)
        }
        (Way::BatchUpdate, Why::OtherRefused) => "By batch update: HubSpot refused the import.".to_owned(),
        (Way::Import, Why::OtherRefused) => "As one import: HubSpot refused batch updates.".to_owned(),
    }
}

const fn state_of(state: &FileState) -> &'static str {
    match state {
        FileState::Filling | FileState::Full | FileState::Waiting { .. } => "waiting",
        FileState::Starting | FileState::Doubt { .. } => "starting",
        FileState::Running { .. } | FileState::Updating { .. } => "running",
        FileState::Errors { .. } | FileState::Reading => "reading",
        FileState::Done => "done",
    }
}

fn moment(at: Option<Timestamp>) -> Option<String> {
    at.map(Timestamp::to_rfc3339)
}
