//! The pages of activations: forms become definitions and orders, and what the Portal tells becomes pages.

use serde_json::Value;
use worker::Response;

use crate::{
    api::activation::Which,
    console::{
        activation_form::{self, ActivationForm, NamesForm},
        activations::{self, ActivationsView, REFUSED_SHOWN},
        attribute_form,
        fill::{
            activation_form::{self as form, ActivationDraft},
            activations as fill,
            attribute_form::AttributeDraft,
            filter_form::Catalog,
        },
        view::{Flash, Notice, Tone},
    },
    engine::portal::{
        activations::commands::{Answer as ActivationAnswer, Command as ActivationCommand},
        messages::{Answer, Command},
    },
    platform::{
        connection_pages::{Visit, say, show},
        directory_object as directory,
        incoming::Incoming,
        pages::{Stop, field, parameter},
    },
    values::{
        ids::{ActivationId, AttributeId, ObjectType},
        json,
    },
};

impl Visit<'_> {
    async fn about_activations(&self, command: ActivationCommand) -> Result<ActivationAnswer, Stop> {
        match self.ask(&Command::Activation(Box::new(command))).await? {
            Answer::Activation(ActivationAnswer::Missing) | Answer::NotConnected => {
                Err(Notice::NotFound.into())
            }
            Answer::Activation(answer) => Ok(answer),
            _ => Err(directory::unexpected().into()),
        }
    }

    /// The text of an answer that is one.
    async fn activation_text(&self, command: ActivationCommand) -> Result<String, Stop> {
        match self.about_activations(command).await? {
            ActivationAnswer::Json(text) | ActivationAnswer::Page { results: text, .. } => Ok(text),
            ActivationAnswer::Done | ActivationAnswer::Missing | ActivationAnswer::Refused { .. } => {
                Err(directory::unexpected().into())
            }
        }
    }

    /// All audiences and all attributes.
    async fn attributes(&self) -> Result<(String, String), Stop> {
        let audiences = self.activation_text(ActivationCommand::Attributes { audiences: true }).await?;
        let attributes = self.activation_text(ActivationCommand::Attributes { audiences: false }).await?;
        Ok((audiences, attributes))
    }

    pub(super) async fn activations(&self) -> Result<Response, Stop> {
        show(&activations::page(&self.activations_view(None).await?))
    }

    /// `error`: why what was asked for was not done.
    async fn activations_view(&self, error: Option<String>) -> Result<ActivationsView, Stop> {
        let settings = self.activation_text(ActivationCommand::Settings).await?;
        let all = self.activation_text(ActivationCommand::Activations).await?;
        let (audiences, attributes) = self.attributes().await?;
        let view = fill::page(self.frame().await, &settings, &all, (&audiences, &attributes));
        Ok(ActivationsView { error, ..view.ok_or_else(directory::unexpected)? })
    }

    pub(super) async fn activation(&self, id: ActivationId) -> Result<Response, Stop> {
        let own = self.activation_text(ActivationCommand::Activation(id)).await?;
        let settings = self.activation_text(ActivationCommand::Settings).await?;
        let (audiences, attributes) = self.attributes().await?;
        let view = fill::one(self.frame().await, &settings, &own, (&audiences, &attributes));
        show(&activations::one(&view.ok_or_else(directory::unexpected)?))
    }

    async fn activation_form_view(
        &self,
        draft: &ActivationDraft,
        id: Option<&ActivationId>,
        error: Option<String>,
    ) -> Result<ActivationForm, Stop> {
        let (audiences, attributes) = self.attributes().await?;
        let id = id.map(ToString::to_string);
        let view = draft.view(self.frame().await, id, (&audiences, &attributes), error);
        Ok(view.ok_or_else(directory::unexpected)?)
    }

    pub(super) async fn activation_form(&self, id: Option<ActivationId>) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        let draft = match &id {
            Some(id) => {
                let told = self.activation_text(ActivationCommand::Activation(id.clone())).await?;
                ActivationDraft::of(&told).ok_or_else(directory::unexpected)?
            }
            None => ActivationDraft::default(),
        };
        show(&activation_form::form(&self.activation_form_view(&draft, id.as_ref(), None).await?))
    }

    /// Saves an activation: its sync begins.
    pub(super) async fn send_activation(
        &self,
        incoming: &mut Incoming,
        id: Option<ActivationId>,
    ) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        let fields = self.visitor.form(incoming).await?;
        let draft = ActivationDraft::sent(&fields);
        let command = match &id {
            Some(id) => ActivationCommand::EditActivation(id.clone(), draft.definition()),
            None => ActivationCommand::AddActivation(draft.definition()),
        };
        match self.about_activations(command).await? {
            ActivationAnswer::Json(told) => {
                let told: Value = json::parse(&told).map_err(|_| directory::unexpected())?;
                let page = self.paths.activation(told["id"].as_str().unwrap_or_default());
                say(&page, if id.is_some() { "activation-saved" } else { "activation-made" })
            }
            ActivationAnswer::Refused { words, .. } => {
                let error = Some(words.replace('`', ""));
                show(&activation_form::form(&self.activation_form_view(&draft, id.as_ref(), error).await?))
            }
            _ => Err(directory::unexpected().into()),
        }
    }

    /// Pauses, resumes, syncs or removes an activation.
    pub(super) async fn on_activation(
        &self,
        incoming: &mut Incoming,
        command: ActivationCommand,
        page: &str,
        done: &str,
    ) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        self.visitor.form(incoming).await?;
        match self.about_activations(command).await? {
            ActivationAnswer::Refused { words, .. } => {
                show(&activations::page(&self.activations_view(Some(words.replace('`', ""))).await?))
            }
            _ => say(page, done),
        }
    }

    pub(super) async fn ask_delete_activation(&self, id: ActivationId) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        let told = self.activation_text(ActivationCommand::Activation(id.clone())).await?;
        let name = fill::name_of(&told).ok_or_else(directory::unexpected)?;
        show(&activations::delete(&self.frame().await, id.as_str(), &name))
    }

    pub(super) async fn refused_contacts(&self, incoming: &Incoming) -> Result<Response, Stop> {
        let settings = self.activation_text(ActivationCommand::Settings).await?;
        let page: u32 = parameter(incoming, "page").parse().unwrap_or(1).max(1);
        let skip = (page - 1).saturating_mul(REFUSED_SHOWN);
        let command = ActivationCommand::Refused { after: None, skip, limit: REFUSED_SHOWN };
        let contacts = self.activation_text(command).await?;
        let view = fill::refused(self.frame().await, &settings, &contacts, page.into());
        show(&activations::refused(&view.ok_or_else(directory::unexpected)?))
    }

    pub(super) async fn activation_names(&self) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        let told = self.activation_text(ActivationCommand::Settings).await?;
        let view = form::names(self.frame().await, &told).ok_or_else(directory::unexpected)?;
        show(&activation_form::names(&view))
    }

    pub(super) async fn set_activation_names(&self, incoming: &mut Incoming) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        let fields = self.visitor.form(incoming).await?;
        let names = form::sent_names(&fields);
        match self.about_activations(ActivationCommand::Set(names.clone())).await? {
            ActivationAnswer::Refused { words, .. } => {
                let (at, error) = (self.frame().await, Some(words.replace('`', "")));
                let (label, group, prefix) = (names.label, names.group, names.prefix);
                show(&activation_form::names(&NamesForm { at, label, group, prefix, error }))
            }
            _ => say(&self.paths.activations(), "activation-names"),
        }
    }

    pub(super) async fn attribute_form(
        &self,
        which: Which,
        id: Option<AttributeId>,
    ) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        let audiences = which.is_audiences();
        let catalog = self.of_audiences(audiences).await?;
        let draft = match id {
            Some(id) => {
                let told = self.activation_text(ActivationCommand::Attribute { audiences, id }).await?;
                AttributeDraft::of(audiences, &told, &catalog).ok_or_else(directory::unexpected)?
            }
            None => AttributeDraft::new(audiences),
        };
        show(&attribute_form::page(&draft.view(self.frame().await, &catalog, &Vec::new(), (None, false))))
    }

    /// What audiences can be found by: the fields of contacts, companies and deals, and what the newest signals say. Of an attribute nothing.
    async fn of_audiences(&self, audiences: bool) -> Result<Catalog, Stop> {
        if !audiences {
            return Ok(Catalog::default());
        }
        let mut records = [Catalog::default(), Catalog::default(), Catalog::default()];
        let kinds = [ObjectType::Contacts, ObjectType::Companies, ObjectType::Deals];
        for (catalog, kind) in records.iter_mut().zip(kinds) {
            *catalog = self.fields_of(kind).await?;
        }
        Ok(Catalog::of_audiences(records, &self.newest_signals().await?))
    }

    /// Does what a button of the form says: a row of the filter more or less, or saves the audience or attribute.
    pub(super) async fn send_attribute(
        &self,
        incoming: &mut Incoming,
        which: Which,
        id: Option<AttributeId>,
    ) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        let fields = self.visitor.form(incoming).await?;
        let audiences = which.is_audiences();
        let catalog = self.of_audiences(audiences).await?;
        let mut draft = AttributeDraft::sent(audiences, id.as_ref(), &fields, &catalog);
        let button = field(&fields, "do");
        if !matches!(button, "" | "save") {
            let focus = draft.act(button);
            return show(&attribute_form::page(&draft.view(
                self.frame().await,
                &catalog,
                &Vec::new(),
                (focus, false),
            )));
        }
        let wrong = match draft.definition(&catalog) {
            Err(missing) => missing,
            // What another program made under this id is not changed by somebody who means a new one.
            Ok((own, _)) if id.is_none() && self.is_attribute(audiences, &own).await? => {
                vec![(None, format!("There is one with the id {own} already. Give this one another."))]
            }
            Ok((id, new)) => {
                let command = ActivationCommand::PutAttribute { audiences, id, new };
                match self.about_activations(command).await? {
                    ActivationAnswer::Refused { at, words, .. } => draft.wrong(&at, &words, &catalog),
                    _ => return say(&self.paths.activations(), "attribute-saved"),
                }
            }
        };
        show(&attribute_form::page(&draft.view(self.frame().await, &catalog, &wrong, (None, true))))
    }

    /// Whether there is one of this id.
    async fn is_attribute(&self, audiences: bool, id: &AttributeId) -> Result<bool, Stop> {
        let command = ActivationCommand::Attribute { audiences, id: id.clone() };
        match self.ask(&Command::Activation(Box::new(command))).await? {
            Answer::Activation(answer) => Ok(!matches!(answer, ActivationAnswer::Missing)),
            Answer::NotConnected => Err(Notice::NotFound.into()),
            _ => Err(directory::unexpected().into()),
        }
    }

    pub(super) async fn ask_delete_attribute(&self, which: Which, id: AttributeId) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        let audiences = which.is_audiences();
        let told = self.activation_text(ActivationCommand::Attribute { audiences, id: id.clone() }).await?;
        let used = self.activation_text(ActivationCommand::UsedBy { audiences, id }).await?;
        let view = fill::delete_attribute(self.frame().await, audiences, &told, &used);
        show(&activations::delete_attribute(&view.ok_or_else(directory::unexpected)?))
    }
}

/// What has just happened to activations.
pub(super) fn flash(done: &str) -> Option<Flash> {
    let words = match done {
        "activation-made" => "The activation is saved, and its first sync begins.",
        "activation-saved" => "Saved. What differs is written now.",
        "activation-paused" => "Paused: nothing is written for it until somebody resumes it.",
        "activation-resumed" => "Resumed: what has changed meanwhile is written now.",
        "activation-sync" => "Everybody is being looked at once more.",
        "activation-deleted" => "The activation is deleted. Its properties stay in HubSpot.",
        "activation-names" => "Saved. It holds for properties that are made from now on.",
        "refused-retried" => "They are written again: who is refused once more appears here in a moment.",
        "attribute-saved" => "Saved.",
        "attribute-deleted" => "Deleted. Its property is being deleted in HubSpot.",
        "property-retried" => "HubSpot is being asked again: look again in a moment.",
        _ => return None,
    };
    Some(Flash { tone: Tone::Good, words: words.to_owned() })
}
