//! The Worker's `/v1`, as far as demo, tests and figures use it.

use std::io::{BufRead as _, BufReader};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use crate::heard;

/// A Worker that runs, asked with its root key.
#[derive(Debug, Clone)]
pub struct Spoke {
    pub url: String,
    root_key: String,
    agent: ureq::Agent,
}

/// An answer of any status.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.text).with_context(|| format!("no JSON: {}", self.text))
    }
}

/// How far a connection's first stream is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    pub state: String,
    pub phase: String,
    /// Records in the mirror.
    pub records: u64,
    /// Records to come in all, as far as HubSpot said.
    pub expected: Option<u64>,
    /// Records known to have changed and not read yet.
    pub waiting: u64,
    /// The change feed's last number.
    pub latest_change: u64,
    /// The last error in words, if one stands.
    pub trouble: Option<String>,
}

impl Progress {
    /// Whether the first sync is over and nothing that is known waits.
    pub fn is_in_step(&self) -> bool {
        self.phase == "incremental" && self.waiting == 0
    }
}

impl Spoke {
    pub fn new(url: &str, root_key: &str) -> Self {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(Duration::from_mins(2)))
            .build()
            .new_agent();
        Self { url: url.to_owned(), root_key: root_key.to_owned(), agent }
    }

    /// Whether anything answers at all.
    pub(crate) fn answers(&self) -> bool {
        let asked = self.agent.get(format!("{}/hello", self.url)).config();
        asked
            .timeout_global(Some(Duration::from_secs(2)))
            .build()
            .call()
            .is_ok_and(|answer| answer.status() == 200)
    }

    pub fn get(&self, path: &str) -> Result<Answer> {
        let asked = self.agent.get(self.address(path)).header("authorization", self.bearer());
        read(path, asked.call())
    }

    pub fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        let asked = self.agent.post(self.address(path)).header("authorization", self.bearer());
        read(path, asked.content_type("application/json").send(body.to_string()))
    }

    /// Sends NDJSON.
    pub fn post_lines(&self, path: &str, lines: String) -> Result<Answer> {
        let asked = self.agent.post(self.address(path)).header("authorization", self.bearer());
        read(path, asked.content_type("application/x-ndjson").send(lines))
    }

    /// Sends NDJSON as it is read, in chunks, without saying how much of it there is.
    pub fn stream_lines(
        &self,
        method: &str,
        path: &str,
        lines: impl std::io::Read + 'static,
    ) -> Result<Answer> {
        let request = ureq::http::Request::builder().method(method).uri(self.address(path));
        let request =
            request.header("authorization", self.bearer()).header("content-type", "application/x-ndjson");
        read(path, self.agent.run(request.body(ureq::SendBody::from_owned_reader(lines))?))
    }

    pub fn patch(&self, path: &str, body: &Value) -> Result<Answer> {
        let asked = self.agent.patch(self.address(path)).header("authorization", self.bearer());
        read(path, asked.content_type("application/json").send(body.to_string()))
    }

    pub fn put(&self, path: &str, body: &Value) -> Result<Answer> {
        let asked = self.agent.put(self.address(path)).header("authorization", self.bearer());
        read(path, asked.content_type("application/json").send(body.to_string()))
    }

    pub fn delete(&self, path: &str) -> Result<Answer> {
        let asked = self.agent.delete(self.address(path)).header("authorization", self.bearer());
        read(path, asked.call())
    }

    /// The same as [`Self::get`], of an answer that must be 200 and JSON.
    pub fn get_json(&self, path: &str) -> Result<Value> {
        must_be_json(path, &self.get(path)?)
    }

    /// The same as [`Self::post`], of an answer that must be a success and JSON.
    pub fn post_json(&self, path: &str, body: &Value) -> Result<Value> {
        must_be_json(path, &self.post(path, body)?)
    }

    fn address(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.root_key)
    }

    /// A new workspace's id.
    pub fn create_workspace(&self, name: &str) -> Result<String> {
        text(&self.post_json("/v1/workspaces", &json!({"name": name}))?["id"], "a workspace's id")
    }

    /// A one-time link to the workspace's Integrations page.
    pub fn create_session(&self, workspace: &str) -> Result<String> {
        let body = json!({"user": "ada@example.com", "role": "administrator", "return_url": "https://host.example.com/"});
        let session = self.post_json(&format!("/v1/workspaces/{workspace}/sessions"), &body)?;
        text(&session["url"], "a session's url")
    }

    /// Ids of the workspace's connections.
    pub fn connections(&self, workspace: &str) -> Result<Vec<String>> {
        let list = self.get_json(&format!("/v1/workspaces/{workspace}/connections"))?;
        let all = list["results"].as_array().context("no list of connections")?;
        all.iter().map(|connection| text(&connection["id"], "a connection's id")).collect()
    }

    pub fn progress(&self, connection: &str) -> Result<Progress> {
        let body = self.get_json(&format!("/v1/connections/{connection}"))?;
        let stream = &body["sync"]["streams"][0];
        let trouble = &body["sync"]["trouble"]["message"];
        Ok(Progress {
            state: body["state"].as_str().unwrap_or_default().to_owned(),
            phase: stream["phase"].as_str().unwrap_or("backfill").to_owned(),
            records: number(&stream["records"]).unwrap_or_default(),
            expected: number(&stream["backfill"]["expected"]),
            waiting: number(&stream["waiting"]).unwrap_or_default(),
            latest_change: number(&body["sync"]["latest_change"]).unwrap_or_default(),
            trouble: trouble.as_str().map(str::to_owned),
        })
    }

    /// Rows the connection's object has written since it started, as Cloudflare bills them.
    pub fn rows_written(&self, connection: &str) -> Result<u64> {
        let body = self.get_json(&format!("/v1/connections/{connection}"))?;
        number(&body["sync"]["rows_written"]).context("the connection does not tell its rows")
    }

    /// A page of the mirror's contacts, and the next page's cursor.
    pub fn contacts(&self, connection: &str, cursor: Option<&str>) -> Result<(Vec<Value>, Option<String>)> {
        let cursor = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        let page =
            self.get_json(&format!("/v1/connections/{connection}/records/contacts?limit={PAGE}{cursor}"))?;
        let Value::Array(records) = page["results"].clone() else { bail!("a page without `results`") };
        Ok((records, page["next_cursor"].as_str().map(str::to_owned)))
    }

    /// Shows every record that a snapshot of these types holds, one after the other.
    pub fn snapshot(
        &self,
        connection: &str,
        types: &[&str],
        mut show: impl FnMut(&Value) -> Result<()>,
    ) -> Result<()> {
        let path = format!("/v1/connections/{connection}/snapshot?types={}", types.join(","));
        let asked = self.agent.get(self.address(&path)).header("authorization", self.bearer());
        let mut response = asked.call().with_context(|| format!("the Worker does not answer `{path}`"))?;
        if response.status() != 200 {
            bail!("the Worker refused `{path}`: {}", response.status());
        }
        let body = response.body_mut().with_config().limit(u64::MAX).reader();
        let mut ended = false;
        for line in BufReader::new(body).lines() {
            let line = line?;
            heard::note(&line);
            let line: Value = serde_json::from_str(&line).context("a snapshot is NDJSON")?;
            ended = line["end"] == true;
            if line["object_type"].is_string() {
                show(&line)?;
            }
        }
        if !ended {
            bail!("the snapshot lacks its last line");
        }
        Ok(())
    }

    /// Fires the cron trigger by the address that `wrangler dev` and `workerd/control.mjs` share, at `origin`.
    pub(crate) fn fire_cron(&self, origin: &str) -> Result<()> {
        let url = format!("{origin}/cdn-cgi/handler/scheduled?cron=*/5+*+*+*+*");
        let answer = read("the cron", self.agent.get(url).call())?;
        if answer.status != 200 {
            bail!("the cron could not be fired: {} {}", answer.status, answer.text);
        }
        Ok(())
    }
}

/// Records asked for per page of the mirror.
const PAGE: u32 = 200;

fn read(path: &str, sent: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<Answer> {
    let mut response = sent.with_context(|| format!("the Worker does not answer `{path}`"))?;
    let text = response.body_mut().with_config().limit(u64::MAX).read_to_string()?;
    heard::note(&text);
    Ok(Answer { status: response.status().as_u16(), text })
}

fn must_be_json(path: &str, answer: &Answer) -> Result<Value> {
    if !(200..300).contains(&answer.status) {
        bail!("the Worker refused `{path}`: {} {}", answer.status, answer.text);
    }
    answer.json()
}

fn text(value: &Value, what: &str) -> Result<String> {
    value.as_str().map(str::to_owned).with_context(|| format!("the answer lacks {what}"))
}

/// A number, written as one or as a text of digits.
pub(crate) fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}
