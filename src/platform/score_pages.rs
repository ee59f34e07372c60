//! The pages of scores: forms become settings and orders, and what the Portal tells becomes pages.

use futures_util::stream;
use worker::{Env, Response};

use crate::{
    console::{
        fill::scores as fill,
        scores::{self, ERRORS_SHOWN, ScoresForm, ScoresView},
        view::{Flash, Notice, Tone},
    },
    engine::portal::{
        messages::{Answer, Command},
        scores::{
            Fields, Settings,
            commands::{Answer as ScoreAnswer, Command as ScoreCommand, ERRORS_LIMIT},
        },
    },
    platform::{
        connection_pages::{Visit, say, show},
        directory_object as directory,
        fault::Fault,
        incoming::Incoming,
        log,
        pages::{Stop, field},
        portals, reply,
    },
    values::score::Names,
};

/// Runs that the page lists and draws: a month.
const RUNS: u32 = 30;

impl Visit<'_> {
    async fn about_scores(&self, command: ScoreCommand) -> Result<ScoreAnswer, Stop> {
        match self.ask(&Command::Score(command)).await? {
            Answer::Score(answer) => Ok(answer),
            Answer::NotConnected => Err(Notice::NotFound.into()),
            _ => Err(directory::unexpected().into()),
        }
    }

    /// The text of an answer that is one.
    async fn score_text(&self, command: ScoreCommand) -> Result<String, Stop> {
        match self.about_scores(command).await? {
            ScoreAnswer::Json(text) => Ok(text),
            ScoreAnswer::Page { results, .. } | ScoreAnswer::Errors { results, .. } => Ok(results),
            ScoreAnswer::Missing => Err(Notice::NotFound.into()),
            ScoreAnswer::Done | ScoreAnswer::Refused { .. } => Err(directory::unexpected().into()),
        }
    }

    async fn scores_view(&self) -> Result<ScoresView, Stop> {
        let settings = self.score_text(ScoreCommand::Settings).await?;
        let runs = self.score_text(ScoreCommand::Runs { before: None, limit: RUNS }).await?;
        let at = self.frame().await;
        Ok(fill::page(at, &settings, &runs).ok_or_else(directory::unexpected)?)
    }

    pub(super) async fn scores(&self) -> Result<Response, Stop> {
        show(&scores::page(&self.scores_view().await?))
    }

    /// Does what a button says.
    pub(super) async fn send_scores(&self, incoming: &mut Incoming) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        let fields = self.visitor.form(incoming).await?;
        let text = |name: &str| field(&fields, name).trim().to_owned();
        let button = field(&fields, "do");
        let form = ScoresForm {
            on: field(&fields, "on") == "yes",
            hour: field(&fields, "hour").parse().unwrap_or(u8::MAX),
            fields: text("fields"),
            prefix: text("prefix"),
            label: text("label"),
            group: text("group"),
        };
        let (command, done) = match button {
            "create" => (ScoreCommand::Create, "scores-creating"),
            "check" => (ScoreCommand::Check, "scores-checking"),
            "run" => (ScoreCommand::RunNow { full: false }, "scores-run"),
            "run-full" => (ScoreCommand::RunNow { full: true }, "scores-run"),
            _ => (ScoreCommand::Set(settings(&form)), "scores-saved"),
        };
        match self.about_scores(command).await? {
            ScoreAnswer::Refused { words, .. } => {
                let mut view = self.scores_view().await?;
                if done == "scores-saved" {
                    view.form = form;
                }
                show(&scores::page(&ScoresView { error: Some(words), ..view }))
            }
            _ => say(&self.paths.scores(), done),
        }
    }

    pub(super) async fn score_run(&self, run: u32) -> Result<Response, Stop> {
        let run = i64::from(run);
        let told = self.score_text(ScoreCommand::Run(run)).await?;
        let errors = ScoreCommand::Errors { run, after: None, limit: ERRORS_SHOWN as u32 };
        let errors = self.score_text(errors).await?;
        let view = fill::run(self.frame().await, &told, &errors).ok_or_else(directory::unexpected)?;
        show(&scores::run(&view))
    }

    /// The refused rows of a run as a file, all of them: pages are asked for one by one as the reader takes them. A million rows are a
    /// hundred pages, of the thousand calls that a request may make.
    pub(super) async fn score_errors(&self, run: u32) -> Result<Response, Stop> {
        let (env, object) = (self.env.clone(), self.connection.object.clone());
        let first = refused_rows(&env, &object, run, None).await?.ok_or(Notice::NotFound)?;
        let rest = Some(Rest { env, object, run, next: Next::First(first) });
        let pages = stream::unfold(rest, |rest| async move {
            let Rest { env, object, run, next } = rest?;
            let page = match next {
                Next::First((rows, next)) => fill::csv(&rows, true).map(|text| (text, next)),
                Next::After(row) => {
                    let page = refused_rows(&env, &object, run, Some(row)).await;
                    page.ok().flatten().and_then(|(rows, next)| Some((fill::csv(&rows, false)?, next)))
                }
            };
            let Some((text, next)) = page else {
                // The reader sees that the file ends before its end.
                log::line("a file of refused rows is cut off: its connection's object does not answer", &[]);
                return Some((Err(worker::Error::RustError("the file is cut off".to_owned())), None));
            };
            let rest = next.map(|row| Rest { env, object, run, next: Next::After(row) });
            Some((Ok(text.into_bytes()), rest))
        });
        Ok(reply::csv(&format!("scores-run-{run}.csv"), pages)?)
    }
}

/// Refused rows as JSON, and after which row the next begin.
type Rows = (String, Option<(u32, u32)>);

/// What is left to send of a file of refused rows.
struct Rest {
    env: Env,
    object: String,
    run: u32,
    next: Next,
}

enum Next {
    /// The page that is there.
    First(Rows),
    /// The page after this row.
    After((u32, u32)),
}

/// A page of refused rows; `None`: there is no such run.
async fn refused_rows(
    env: &Env,
    object: &str,
    run: u32,
    after: Option<(u32, u32)>,
) -> Result<Option<Rows>, Fault> {
    let command = ScoreCommand::Errors { run: i64::from(run), after, limit: ERRORS_LIMIT };
    match portals::ask(env, object, &Command::Score(command)).await? {
        Answer::Score(ScoreAnswer::Errors { results, next }) => Ok(Some((results, next))),
        Answer::Score(ScoreAnswer::Missing) | Answer::NotConnected => Ok(None),
        _ => Err(directory::unexpected()),
    }
}

fn settings(form: &ScoresForm) -> Settings {
    let fields = match form.fields.as_str() {
        "mapped" => Fields::Mapped,
        "by_hand" => Fields::ByHand,
        _ => Fields::Managed,
    };
    let names = Names { prefix: form.prefix.clone(), label: form.label.clone(), group: form.group.clone() };
    Settings { on: form.on, hour: form.hour, fields, names }
}

/// What has just happened to scores.
pub(super) fn flash(done: &str) -> Option<Flash> {
    let words = match done {
        "scores-saved" => "Saved. It holds from the next run on.",
        "scores-creating" => "The properties are being created in HubSpot: look again in a moment.",
        "scores-checking" => "HubSpot's fields are being read: look again in a moment.",
        "scores-run" => "The run has begun.",
        _ => return None,
    };
    Some(Flash { tone: Tone::Good, words: words.to_owned() })
}
