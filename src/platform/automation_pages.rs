//! The pages of automations and qualifying lists: forms become definitions, and what the Portal tells becomes pages.

use serde_json::Value;
use worker::Response;

use crate::{
    api::signal as api,
    console::{
        automation_form::{self, AutomationForm, ListForm, Tried},
        automations::{self, RUNS_SHOWN},
        fill::{
            act::Sources,
            automation_form::{self as form, AutomationDraft, ListDraft, WrongSteps},
            automations as fill,
            filter_form::Catalog,
        },
        view::{Flash, Notice, Tone},
    },
    engine::portal::{
        beside::commands::Command as Beside,
        messages::{Answer, Command},
        signals::commands::{Answer as SignalAnswer, Command as SignalCommand, On, PAGE_LIMIT, Refusal},
    },
    platform::{
        connection_pages::{Visit, say, show},
        directory_object as directory,
        incoming::Incoming,
        pages::{Stop, field, parameter},
    },
    values::{
        ids::{AutomationId, ObjectType, QualifyingListId, RunId, SignalId},
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

    /// With the runs before a row, or the newest.
    async fn automations_view(&self, before: Option<i64>) -> Result<automations::AutomationsView, Stop> {
        let all = self.signal_text(SignalCommand::Automations).await?;
        let lists = self.signal_text(SignalCommand::Lists).await?;
        let limit = RUNS_SHOWN as u32;
        let command = SignalCommand::Runs { automation: None, signal: None, before, limit };
        let Answer::Signal(SignalAnswer::Page { results, next }) =
            self.ask(&Command::Signal(Box::new(command))).await?
        else {
            return Err(directory::unexpected().into());
        };
        let view = fill::page(self.frame().await, &all, &lists, (results.as_str(), next), before.is_some());
        Ok(view.ok_or_else(directory::unexpected)?)
    }

    pub(super) async fn automations(&self, incoming: &Incoming) -> Result<Response, Stop> {
        let before = parameter(incoming, "before").parse().ok();
        show(&automations::page(&self.automations_view(before).await?))
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
                let view = self.automations_view(None).await?;
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

    /// The newest signals, as the API tells them.
    pub(super) async fn newest_signals(&self) -> Result<String, Stop> {
        self.signal_text(SignalCommand::Signals { before: None, limit: PAGE_LIMIT }).await
    }

    /// What can be asked of signals: what the newest say, and the fields of companies and contacts.
    async fn of_signals(&self) -> Result<Catalog, Stop> {
        let signals = self.newest_signals().await?;
        let companies = self.catalog(ObjectType::Companies).await?;
        let contacts = self.catalog(ObjectType::Contacts).await?;
        Ok(Catalog::of_signals(companies, contacts, &signals))
    }

    pub(super) async fn list_form(&self, id: Option<QualifyingListId>) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        let catalog = self.of_signals().await?;
        let told = match &id {
            Some(id) => Some(self.signal_text(SignalCommand::List(id.clone())).await?),
            None => None,
        };
        let draft = ListDraft::of(told.as_deref(), &catalog).ok_or_else(directory::unexpected)?;
        let id = id.map(|id| id.to_string());
        show(&automation_form::list_form(&draft.view(self.frame().await, id, &catalog, &Vec::new())))
    }

    /// Does what a button of the form says: a row more or less, trying the filter on the newest signals, or saving.
    pub(super) async fn send_list(
        &self,
        incoming: &mut Incoming,
        id: Option<QualifyingListId>,
    ) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        let fields = self.visitor.form(incoming).await?;
        let catalog = self.of_signals().await?;
        let mut draft = ListDraft::sent(&fields, &catalog);
        let button = field(&fields, "do");
        let focus = draft.act(button);
        let (mut wrong, mut tried) = (Vec::new(), None);
        if matches!(button, "try" | "save") {
            let command = draft.definition(&catalog).map(|mut definition| match button {
                "try" => SignalCommand::TryList { filter: definition["filter"].take(), on: On::default() },
                _ => SignalCommand::PutList(id.clone(), definition),
            });
            match command {
                Err(missing) => wrong = missing,
                Ok(command) => match self.about_signals(command).await? {
                    Ok(told) if button == "try" => tried = form::tried_list(&told),
                    Ok(_) => return say(&self.paths.automations(), "list-saved"),
                    Err(Refusal::Wrong(faults)) => wrong = draft.wrong(&faults, &catalog),
                    Err(refusal) => wrong = vec![(None, api::problem(refusal).detail)],
                },
            }
        }
        let id = id.map(|id| id.to_string());
        let view = draft.view(self.frame().await, id, &catalog, &wrong);
        // Only what was to be saved is refused: of a try, the form that says what is wrong is the answer.
        show(&automation_form::list_form(&ListForm { tried, focus, refused: button == "save", ..view }))
    }

    /// What a person has to choose from in steps.
    async fn of_steps(&self) -> Result<Sources, Stop> {
        let mut of = Sources::default();
        of.take_owners(&self.owners().await?);
        if let Answer::Json(told) = self.ask(&Command::Beside(Beside::Lists)).await? {
            of.take_lists(&told, ObjectType::Contacts);
        }
        Ok(of)
    }

    async fn automation_view(
        &self,
        draft: &AutomationDraft,
        id: Option<AutomationId>,
        wrong: &WrongSteps,
    ) -> Result<AutomationForm, Stop> {
        let lists = self.signal_text(SignalCommand::Lists).await?;
        let of = self.of_steps().await?;
        let id = id.map(|id| id.to_string());
        let view = draft.view(self.frame().await, id, (&lists, &of), wrong);
        Ok(view.ok_or_else(directory::unexpected)?)
    }

    pub(super) async fn automation_form(&self, id: Option<AutomationId>) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        let told = match &id {
            Some(id) => Some(self.signal_text(SignalCommand::Automation(id.clone())).await?),
            None => None,
        };
        let draft = AutomationDraft::of(told.as_deref()).ok_or_else(directory::unexpected)?;
        show(&automation_form::form(&self.automation_view(&draft, id, &Vec::new()).await?))
    }

    /// Does what a button of the form says: a step more, less or elsewhere, trying it on the newest signal, or saving.
    pub(super) async fn send_automation(
        &self,
        incoming: &mut Incoming,
        id: Option<AutomationId>,
    ) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        let fields = self.visitor.form(incoming).await?;
        let mut draft = AutomationDraft::sent(&fields);
        let button = field(&fields, "do");
        let focus = draft.act(button);
        let (mut wrong, mut tried) = (Vec::new(), None);
        if matches!(button, "try" | "save") {
            match draft.definition() {
                Err(missing) => wrong = missing,
                Ok(definition) => match self.automate(button, id.clone(), definition).await? {
                    Ok(Some(told)) => tried = Some(told),
                    Ok(None) => return say(&self.paths.automations(), "automation-saved"),
                    Err(Refusal::Wrong(faults)) => wrong = AutomationDraft::wrong(&faults),
                    Err(refusal) => wrong = vec![(None, api::problem(refusal).detail)],
                },
            }
        }
        let view = self.automation_view(&draft, id, &wrong).await?;
        show(&automation_form::form(&AutomationForm { tried, focus, refused: button == "save", ..view }))
    }

    /// Saves a definition (`None`), or says what it would do for the newest signal.
    async fn automate(
        &self,
        button: &str,
        id: Option<AutomationId>,
        definition: Value,
    ) -> Result<Result<Option<Tried>, Refusal>, Stop> {
        if button == "save" {
            let saved = self.about_signals(SignalCommand::PutAutomation(id, definition)).await?;
            return Ok(saved.map(|_| None));
        }
        let Some(signal) = self.newest_signal().await? else {
            let words = "No signal has come yet to try it on.".to_owned();
            return Ok(Ok(Some(Tried { words, lines: Vec::new() })));
        };
        let on = On { signal_id: Some(signal), ..On::default() };
        let told = self.about_signals(SignalCommand::TryAutomation { definition, on }).await?;
        Ok(match told {
            Ok(told) => Ok(Some(form::tried(&told).ok_or_else(directory::unexpected)?)),
            Err(refusal) => Err(refusal),
        })
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
