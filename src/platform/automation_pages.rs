//! The pages of automations and qualifying lists: forms become definitions, and what the Portal tells becomes pages.

use serde_json::{Value, json};
use worker::Response;

use crate::{
    api::signal as api,
    console::{
        automations::{self, AutomationForm, ListForm, RUNS_SHOWN, Tried},
        fill::automations as fill,
        view::{Flash, Notice, Tone},
    },
    engine::portal::{
        messages::{Answer, Command},
        signals::commands::{Answer as SignalAnswer, Command as SignalCommand, On, Refusal},
    },
    platform::{
        connection_pages::{Visit, say, show},
        directory_object as directory,
        incoming::Incoming,
        pages::{Stop, field},
    },
    values::{
        ids::{AutomationId, QualifyingListId, RunId, SignalId},
        json,
    },
};

impl Visit<'_> {
    /// Asks about signals: the text, or why it is refused.
    async fn about_signals(&self, command: SignalCommand) -> Result<Result<String, Refusal>, Stop> {
        match self.ask(&Command::Signal(Box::new(command))).await? {
            Answer::Signal(SignalAnswer::Json(text) | SignalAnswer::Page { results: text, .. }) => {
                Ok(Ok(text))
            }
            Answer::Signal(SignalAnswer::Removed) => Ok(Ok(String::new())),
            Answer::Signal(SignalAnswer::Refused(refusal)) => Ok(Err(refusal)),
            Answer::NotConnected => Err(Notice::NotFound.into()),
            _ => Err(directory::unexpected().into()),
        }
    }

    /// The text of what is there, or a page that says that it is not.
    async fn signal_text(&self, command: SignalCommand) -> Result<String, Stop> {
        self.about_signals(command).await?.map_err(|refusal| match refusal {
            Refusal::NotFound => Notice::NotFound.into(),
            _ => directory::unexpected().into(),
        })
    }

    async fn automations_view(&self) -> Result<automations::AutomationsView, Stop> {
        let all = self.signal_text(SignalCommand::Automations).await?;
        let lists = self.signal_text(SignalCommand::Lists).await?;
        let limit = RUNS_SHOWN as u32;
        let runs = SignalCommand::Runs { automation: None, signal: None, before: None, limit };
        let runs = self.signal_text(runs).await?;
        let view = fill::page(self.frame().await, &all, &lists, &runs);
        Ok(view.ok_or_else(directory::unexpected)?)
    }

    pub(super) async fn automations(&self) -> Result<Response, Stop> {
        show(&automations::page(&self.automations_view().await?))
    }

    pub(super) async fn automation_run(&self, run: RunId) -> Result<Response, Stop> {
        let told = self.signal_text(SignalCommand::Run(run)).await?;
        let view = fill::run(self.frame().await, &told).ok_or_else(directory::unexpected)?;
        show(&automations::run(&view))
    }

    /// Does something with what is there, and says so on the page of all.
    pub(super) async fn on_signals(
        &self,
        incoming: &mut Incoming,
        command: SignalCommand,
        done: &str,
    ) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        self.visitor.form(incoming).await?;
        match self.about_signals(command).await? {
            // What somebody else has deleted meanwhile is gone as well.
            Ok(_) | Err(Refusal::NotFound) => say(&self.paths.automations(), done),
            Err(refusal) => {
                let error = Some(api::problem(refusal).detail);
                let view = self.automations_view().await?;
                show(&automations::page(&automations::AutomationsView { error, ..view }))
            }
        }
    }

    pub(super) async fn ask_delete_automation(&self, id: AutomationId) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        let told = self.signal_text(SignalCommand::Automation(id.clone())).await?;
        let words = "Nothing is done by it any more, and what is known of its runs goes. What it has asked for stays asked for.";
        let action = self.paths.automation(Some(id.as_str()), "delete");
        show(&automations::delete(&self.frame().await, "automation", &name_of(&told), words, &action))
    }

    pub(super) async fn ask_delete_list(&self, id: QualifyingListId) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        let told = self.signal_text(SignalCommand::List(id.clone())).await?;
        let words = "Signals that come from now on are not held against it. Nothing in HubSpot is changed.";
        let action = self.paths.qualifying_list(Some(id.as_str()), "delete");
        show(&automations::delete(&self.frame().await, "list", &name_of(&told), words, &action))
    }

    async fn list_view(&self, id: Option<&QualifyingListId>) -> Result<ListForm, Stop> {
        let told = match id {
            Some(id) => Some(self.signal_text(SignalCommand::List(id.clone())).await?),
            None => None,
        };
        let view = fill::list_form(self.frame().await, told.as_deref());
        Ok(view.ok_or_else(directory::unexpected)?)
    }

    pub(super) async fn list_form(&self, id: Option<QualifyingListId>) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        show(&automations::list_form(&self.list_view(id.as_ref()).await?))
    }

    /// Saves a list, or tries its filter on the newest signals.
    pub(super) async fn send_list(
        &self,
        incoming: &mut Incoming,
        id: Option<QualifyingListId>,
    ) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        let fields = self.visitor.form(incoming).await?;
        let mut view = self.list_view(id.as_ref()).await?;
        view.name = field(&fields, "name").trim().to_owned();
        view.filter = field(&fields, "filter").to_owned();
        match json::parse::<Value>(&view.filter) {
            Err(error) => view.errors = vec![no_json("filter", &error)],
            Ok(filter) if field(&fields, "do") == "try" => {
                match self.about_signals(SignalCommand::TryList { filter, on: On::default() }).await? {
                    Ok(told) => view.tried = fill::tried_list(&told),
                    Err(refusal) => view.errors = words(refusal),
                }
            }
            Ok(filter) => {
                let definition = json!({ "name": view.name, "filter": filter });
                match self.about_signals(SignalCommand::PutList(id, definition)).await? {
                    Ok(_) => return say(&self.paths.automations(), "list-saved"),
                    Err(refusal) => view.errors = words(refusal),
                }
            }
        }
        show(&automations::list_form(&view))
    }

    async fn automation_view(&self, id: Option<&AutomationId>) -> Result<AutomationForm, Stop> {
        let told = match id {
            Some(id) => Some(self.signal_text(SignalCommand::Automation(id.clone())).await?),
            None => None,
        };
        let lists = self.signal_text(SignalCommand::Lists).await?;
        let view = fill::form(self.frame().await, told.as_deref(), &lists);
        Ok(view.ok_or_else(directory::unexpected)?)
    }

    pub(super) async fn automation_form(&self, id: Option<AutomationId>) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        show(&automations::form(&self.automation_view(id.as_ref()).await?))
    }

    /// Saves an automation, or tries it on the newest signal.
    pub(super) async fn send_automation(
        &self,
        incoming: &mut Incoming,
        id: Option<AutomationId>,
    ) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        let fields = self.visitor.form(incoming).await?;
        let mut view = self.automation_view(id.as_ref()).await?;
        let text = |name: &str| field(&fields, name).trim().to_owned();
        (view.name, view.list, view.hours) = (text("name"), text("list"), text("hours"));
        view.per_visitor = field(&fields, "per") == "visitor";
        view.steps = field(&fields, "steps").to_owned();
        let steps = match json::parse::<Value>(&view.steps) {
            Ok(steps) => steps,
            Err(error) => {
                view.errors = vec![no_json("steps", &error)];
                return show(&automations::form(&view));
            }
        };
        let definition = json!({
            "name": view.name, "list": view.list, "steps": steps,
            "per": if view.per_visitor { "visitor" } else { "account" },
            // What is no number is refused with the member's name.
            "cool_down_hours": view.hours.parse::<u32>().ok(),
        });
        if field(&fields, "do") == "try" {
            match self.newest_signal().await? {
                None => {
                    let words = "No signal has come yet to try it on.".to_owned();
                    view.tried = Some(Tried { words, lines: Vec::new() });
                }
                Some(signal) => {
                    let on = On { signal_id: Some(signal), ..On::default() };
                    match self.about_signals(SignalCommand::TryAutomation { definition, on }).await? {
                        Ok(told) => view.tried = fill::tried(&told),
                        Err(refusal) => view.errors = words(refusal),
                    }
                }
            }
            return show(&automations::form(&view));
        }
        match self.about_signals(SignalCommand::PutAutomation(id, definition)).await? {
            Ok(_) => say(&self.paths.automations(), "automation-saved"),
            Err(refusal) => {
                view.errors = words(refusal);
                show(&automations::form(&view))
            }
        }
    }

    async fn newest_signal(&self) -> Result<Option<SignalId>, Stop> {
        let told = self.signal_text(SignalCommand::Signals { before: None, limit: 1 }).await?;
        let all: Value = json::parse(&told).map_err(|_| directory::unexpected())?;
        Ok(all[0]["id"].as_str().and_then(|id| id.parse().ok()))
    }
}

fn name_of(told: &str) -> String {
    json::parse::<Value>(told)
        .ok()
        .and_then(|one| one["name"].as_str().map(str::to_owned))
        .unwrap_or_default()
}

fn no_json(member: &str, error: &impl std::fmt::Display) -> String {
    format!("The {member} cannot be read as JSON: {error}.")
}

fn words(refusal: Refusal) -> Vec<String> {
    match refusal {
        Refusal::Wrong(faults) => fill::faults(&faults),
        other => vec![api::problem(other).detail],
    }
}

/// What has just happened to automations.
pub(super) fn flash(done: &str) -> Option<Flash> {
    let words = match done {
        "list-saved" => "The list is saved. It holds for signals that come from now on.",
        "list-deleted" => "The list is deleted.",
        "automation-saved" => "The automation is saved.",
        "automation-enabled" => "Enabled: it acts for signals that come from now on.",
        "automation-paused" => "Paused: it does nothing until it is enabled again.",
        "automation-deleted" => "The automation is deleted.",
        _ => return None,
    };
    Some(Flash { tone: Tone::Good, words: words.to_owned() })
}
