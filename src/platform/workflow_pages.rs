//! The pages of workflows: forms become definitions, and what the Portal tells becomes pages.

use serde_json::Value;
use worker::Response;

use crate::{
    api::workflow as api,
    console::{
        fill::{
            act::Sources,
            filter_form::Catalog,
            workflow_form::{Asked, Place, WorkflowDraft, Wrong},
            workflows as fill,
        },
        view::{Flash, Notice, Tone},
        workflow_form::{self, WorkflowForm},
        workflow_run::{self, Explained},
        workflows::{self, RUNS_SHOWN},
    },
    engine::portal::{
        beside::commands::Command as Beside,
        messages::{Answer, Command},
        workflows::commands::{Answer as WorkflowAnswer, Command as WorkflowCommand, On, Refusal},
    },
    platform::{
        connection_pages::{Visit, say, show},
        directory_object as directory,
        incoming::Incoming,
        pages::{Stop, field, parameter},
    },
    values::{
        filter::Fault,
        ids::{ObjectType, RunId, WorkflowId},
        json,
    },
};

/// What a button of the form came to.
#[derive(Default)]
struct Came {
    wrong: Wrong,
    faults: Vec<Fault>,
    tried: Option<Explained>,
    /// It is saved, as this one.
    saved: Option<String>,
}

impl Visit<'_> {
    /// Asks about workflows: the text, or why it is refused.
    async fn about_workflows(&self, command: WorkflowCommand) -> Result<Result<String, Refusal>, Stop> {
        match self.ask(&Command::Workflow(Box::new(command))).await? {
            Answer::Workflow(WorkflowAnswer::Json(text) | WorkflowAnswer::Page { results: text, .. }) => {
                Ok(Ok(text))
            }
            Answer::Workflow(WorkflowAnswer::Removed) => Ok(Ok(String::new())),
            Answer::Workflow(WorkflowAnswer::Refused(refusal)) => Ok(Err(refusal)),
            Answer::NotConnected => Err(Notice::NotFound.into()),
            _ => Err(directory::unexpected().into()),
        }
    }

    /// The text of what is there, or a page that says that it is not.
    async fn workflow_text(&self, command: WorkflowCommand) -> Result<String, Stop> {
        self.about_workflows(command).await?.map_err(|refusal| match refusal {
            Refusal::NotFound => Notice::NotFound.into(),
            _ => directory::unexpected().into(),
        })
    }

    pub(super) async fn workflows(&self) -> Result<Response, Stop> {
        let all = self.workflow_text(WorkflowCommand::List).await?;
        let templates = self.workflow_text(WorkflowCommand::Templates).await?;
        let view = fill::page(self.frame().await, &all, &templates).ok_or_else(directory::unexpected)?;
        show(&workflows::page(&view))
    }

    /// With the runs before a row, or the newest.
    async fn workflow_view(
        &self,
        id: &WorkflowId,
        before: Option<i64>,
    ) -> Result<workflows::WorkflowView, Stop> {
        let told = self.workflow_text(WorkflowCommand::One(id.clone())).await?;
        let versions = self.workflow_text(WorkflowCommand::Versions(id.clone())).await?;
        let runs = WorkflowCommand::Runs { workflow: Some(id.clone()), before, limit: RUNS_SHOWN as u32 };
        let Answer::Workflow(WorkflowAnswer::Page { results, next }) =
            self.ask(&Command::Workflow(Box::new(runs))).await?
        else {
            return Err(directory::unexpected().into());
        };
        let runs = (results.as_str(), next);
        let view = fill::one(self.frame().await, &told, &versions, runs, before.is_some());
        Ok(view.ok_or_else(directory::unexpected)?)
    }

    pub(super) async fn workflow(&self, incoming: &Incoming, id: WorkflowId) -> Result<Response, Stop> {
        let before = parameter(incoming, "before").parse().ok();
        show(&workflows::one(&self.workflow_view(&id, before).await?))
    }

    /// Does something with one, and says so on its page, or why not.
    pub(super) async fn on_workflow(
        &self,
        incoming: &mut Incoming,
        id: WorkflowId,
        command: WorkflowCommand,
        done: &str,
    ) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        self.visitor.form(incoming).await?;
        let errors = match self.about_workflows(command).await? {
            Ok(_) => return say(&self.paths.workflow(id.as_str()), done),
            Err(Refusal::NotFound) => return Err(Notice::NotFound.into()),
            Err(Refusal::Wrong(faults)) => {
                let words = "It cannot be enabled as it is. Edit it first:".to_owned();
                let faults = faults.into_iter().map(|fault| fault.detail.replace('`', ""));
                [words].into_iter().chain(faults).collect()
            }
            Err(refusal) => vec![api::problem(refusal).detail],
        };
        let view = self.workflow_view(&id, None).await?;
        show(&workflows::one(&workflows::WorkflowView { errors, ..view }))
    }

    pub(super) async fn ask_delete_workflow(&self, id: WorkflowId) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        let told = self.workflow_text(WorkflowCommand::One(id.clone())).await?;
        let (_, name) = fill::definition(&told).ok_or_else(directory::unexpected)?;
        show(&workflows::delete(&self.frame().await, id.as_str(), &name))
    }

    pub(super) async fn delete_workflow(
        &self,
        incoming: &mut Incoming,
        id: WorkflowId,
    ) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        self.visitor.form(incoming).await?;
        match self.about_workflows(WorkflowCommand::Remove(id)).await? {
            // What somebody else has deleted meanwhile is gone as well.
            Ok(_) | Err(Refusal::NotFound) => say(&self.paths.workflows(), "workflow-deleted"),
            Err(_) => Err(directory::unexpected().into()),
        }
    }

    pub(super) async fn workflow_run(&self, run: RunId) -> Result<Response, Stop> {
        let told = self.workflow_text(WorkflowCommand::Run(run)).await?;
        let workflow = fill::workflow_of(&told).and_then(|id| id.parse::<WorkflowId>().ok());
        let works = match workflow {
            Some(id) => {
                self.about_workflows(WorkflowCommand::One(id)).await?.is_ok_and(|told| fill::works(&told))
            }
            None => false,
        };
        let view = fill::run(self.frame().await, &told, !works).ok_or_else(directory::unexpected)?;
        show(&workflow_run::page(&view))
    }

    /// Has a run go on, or end.
    pub(super) async fn on_workflow_run(
        &self,
        incoming: &mut Incoming,
        run: RunId,
        command: WorkflowCommand,
        done: &str,
    ) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        self.visitor.form(incoming).await?;
        let page = self.paths.workflow_run(run.as_str());
        match self.about_workflows(command).await? {
            Ok(_) => say(&page, done),
            Err(Refusal::NotFound) => Err(Notice::NotFound.into()),
            // Somebody else was first, or it has ended meanwhile: its page says how it stands.
            Err(_) => say(&page, "workflow-run-past"),
        }
    }

    /// What can be asked in conditions: fields of the record, and of the contact, company and deal. What a type has that is not mirrored is not
    /// there.
    async fn of_workflow(&self, asked: &Asked) -> Result<Catalog, Stop> {
        let mut others = [Catalog::default(), Catalog::default(), Catalog::default()];
        let kinds = [ObjectType::Contacts, ObjectType::Companies, ObjectType::Deals];
        for (catalog, kind) in others.iter_mut().zip(kinds) {
            *catalog = self.fields_of(kind).await?;
        }
        let record = self.fields_of(asked.record).await?;
        Ok(Catalog::of_workflows(record, others, &asked.facts, asked.changes))
    }

    pub(super) async fn fields_of(&self, kind: ObjectType) -> Result<Catalog, Stop> {
        match self.catalog(kind).await {
            Err(stop) if stop.is_not_found() => Ok(Catalog::default()),
            other => other,
        }
    }

    /// What a person has to choose from in steps.
    async fn of_workflow_steps(&self) -> Result<Sources, Stop> {
        let mut of = Sources::default();
        of.take_owners(&self.owners().await?);
        if let Answer::Json(told) = self.ask(&Command::Beside(Beside::Lists)).await? {
            of.take_lists(&told, ObjectType::Contacts);
        }
        Ok(of)
    }

    async fn shown_workflow(
        &self,
        draft: &WorkflowDraft,
        id: Option<&WorkflowId>,
        catalog: &Catalog,
        came: Came,
    ) -> Result<WorkflowForm, Stop> {
        let of = self.of_workflow_steps().await?;
        let id = id.map(ToString::to_string);
        let view = draft.view(self.frame().await, id, (&of, catalog), &came.wrong, &came.faults);
        Ok(WorkflowForm { tried: came.tried, ..view })
    }

    pub(super) async fn workflow_form(
        &self,
        incoming: &Incoming,
        id: Option<WorkflowId>,
    ) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        let template = parameter(incoming, "template");
        let definition: Option<Value> = match &id {
            Some(id) => {
                let told = self.workflow_text(WorkflowCommand::One(id.clone())).await?;
                Some(fill::definition(&told).ok_or_else(directory::unexpected)?.0)
            }
            None if template.is_empty() => None,
            None => {
                let told = self.workflow_text(WorkflowCommand::Templates).await?;
                Some(fill::template(&told, &template).ok_or(Notice::NotFound)?)
            }
        };
        let asked = Asked::of(definition.as_ref().unwrap_or(&Value::Null));
        let catalog = self.of_workflow(&asked).await?;
        let draft = match &definition {
            Some(definition) => WorkflowDraft::of(definition, &catalog),
            None => WorkflowDraft::new(),
        };
        show(&workflow_form::page(
            &self.shown_workflow(&draft, id.as_ref(), &catalog, Came::default()).await?,
        ))
    }

    /// Does what a button of the form says: something more, less or elsewhere, checking it, trying it, or saving it.
    pub(super) async fn send_workflow(
        &self,
        incoming: &mut Incoming,
        id: Option<WorkflowId>,
    ) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        let fields = self.visitor.form(incoming).await?;
        let catalog = self.of_workflow(&Asked::sent(&fields)).await?;
        let mut draft = WorkflowDraft::sent(&fields, &catalog);
        let button = field(&fields, "do");
        let focus = draft.act(button);
        let mut came = Came::default();
        if matches!(button, "check" | "try" | "save" | "json") {
            match draft.definition(&catalog) {
                Err(missing) => came.wrong = missing,
                Ok(definition) => {
                    came = self.workflow_came_to(button, id.as_ref(), definition, &draft).await?;
                }
            }
        }
        if let Some(saved) = came.saved {
            return say(&self.paths.workflow(&saved), "workflow-saved");
        }
        if !came.faults.is_empty() {
            came.wrong = draft.wrong(&came.faults, &catalog);
        }
        let view = self.shown_workflow(&draft, id.as_ref(), &catalog, came).await?;
        // Only what was to be saved is refused: of a check, the form that says what is wrong is the answer.
        show(&workflow_form::page(&WorkflowForm { focus, refused: button == "save", ..view }))
    }

    async fn workflow_came_to(
        &self,
        button: &str,
        id: Option<&WorkflowId>,
        definition: Value,
        draft: &WorkflowDraft,
    ) -> Result<Came, Stop> {
        let mut came = Came::default();
        let command = match button {
            "try" => match draft.tried_on() {
                Ok(on) => {
                    let on = serde_json::from_value::<On>(on).map_err(|_| directory::unexpected())?;
                    WorkflowCommand::DryRun { definition: Some(definition), workflow: None, on }
                }
                Err(wrong) => return Ok(Came { wrong, ..came }),
            },
            "save" => match id {
                Some(id) => WorkflowCommand::Edit(id.clone(), definition),
                None => WorkflowCommand::Add(definition),
            },
            _ => WorkflowCommand::Check(definition),
        };
        match self.about_workflows(command).await? {
            Ok(told) if button == "save" => {
                let told: Value = json::parse(&told).map_err(|_| directory::unexpected())?;
                came.saved = told["id"].as_str().map(str::to_owned);
            }
            Ok(told) if button == "try" => {
                let (tried, faults) = fill::tried(&told).ok_or_else(directory::unexpected)?;
                (came.tried, came.faults) = (Some(tried), faults);
            }
            Ok(told) => came.faults = fill::faults(&told).ok_or_else(directory::unexpected)?,
            Err(Refusal::Wrong(faults)) => {
                // What is wrong with whom it is tried on is none of the definition's.
                let (of_try, own): (Vec<Fault>, Vec<Fault>) =
                    faults.into_iter().partition(|fault| button == "try" && fault.path.starts_with("/on"));
                let words = of_try.into_iter().map(|fault| (Place::Whole, fault.detail.replace('`', "")));
                (came.wrong, came.faults) = (words.collect(), own);
            }
            Err(refusal) => came.wrong = vec![(Place::Whole, api::problem(refusal).detail)],
        }
        Ok(came)
    }
}

/// What has just happened to workflows.
pub(super) fn flash(done: &str) -> Option<Flash> {
    let words = match done {
        "workflow-saved" => "Saved. What begins from now on goes by it, once it is enabled.",
        "workflow-enabled" => "Enabled: it acts on what happens from now on, and what was under way goes on.",
        "workflow-paused" => "Paused: it does nothing until it is enabled again, also of what is under way.",
        "workflow-restored" => "Restored: it is the newest version now.",
        "workflow-deleted" => "The workflow is deleted.",
        "workflow-run-again" => "It goes on from the step that failed.",
        "workflow-run-cancelled" => "The run is cancelled.",
        "workflow-run-past" => {
            return Some(Flash {
                tone: Tone::Warning,
                words: "Nothing was done: the run has gone on or ended meanwhile, or another of the same record is under way.".to_owned(),
            });
        }
        _ => return None,
    };
    Some(Flash { tone: Tone::Good, words: words.to_owned() })
}
