//! The pages of field mappings: forms become definitions, and what the Portal tells becomes pages.

use worker::Response;

use crate::{
    console::{
        fill::mappings::{self as fill, Catalog, Draft, Told, Wrong},
        mappings::{self, MappingFormView},
        view::{Flash, Notice, Tone},
    },
    engine::portal::{
        mappings::commands::{Answer as MappingAnswer, Command as MappingCommand, Refusal},
        messages::{Answer, Command},
    },
    platform::{
        connection_pages::{Visit, say, show},
        directory_object as directory,
        incoming::Incoming,
        pages::{Stop, field},
    },
    values::mapping::Action,
};

impl Visit<'_> {
    /// Asks about mappings: the text, or why it is refused.
    async fn about_mappings(&self, command: MappingCommand) -> Result<Result<String, Refusal>, Stop> {
        match self.ask(&Command::Mapping(command)).await? {
            Answer::Mapping(MappingAnswer::Json(told)) => Ok(Ok(told)),
            Answer::Mapping(MappingAnswer::Removed) => Ok(Ok(String::new())),
            Answer::Mapping(MappingAnswer::Refused(refusal)) => Ok(Err(refusal)),
            Answer::NotConnected => Err(Notice::NotFound.into()),
            _ => Err(directory::unexpected().into()),
        }
    }

    pub(super) async fn mappings(&self) -> Result<Response, Stop> {
        let told = self.about_mappings(MappingCommand::List).await?.map_err(|_| directory::unexpected())?;
        let view = fill::page(self.frame().await, &told).ok_or_else(directory::unexpected)?;
        show(&mappings::page(&view))
    }

    /// The mapping of an action, if there is one, and the fields that it can fill.
    async fn mapping_and_fields(&self, action: Action) -> Result<(Option<Told>, Catalog), Stop> {
        let told = match self.about_mappings(MappingCommand::Get(action)).await? {
            Ok(told) => Some(Told::read(&told).ok_or_else(directory::unexpected)?),
            Err(Refusal::NotFound) => None,
            Err(Refusal::NotDiscovered | Refusal::Wrong(_)) => return Err(directory::unexpected().into()),
        };
        let fields = self.about_mappings(MappingCommand::Fields(action)).await?;
        let catalog =
            fields.ok().and_then(|fields| Catalog::read(&fields)).ok_or_else(directory::unexpected)?;
        Ok((told, catalog))
    }

    pub(super) async fn mapping(&self, action: Action) -> Result<Response, Stop> {
        let (told, catalog) = self.mapping_and_fields(action).await?;
        let (draft, wrong) = told.as_ref().map(|told| Draft::of(told, &catalog)).unwrap_or_default();
        show(&mappings::form(&draft.view(self.frame().await, action, told.as_ref(), &catalog, &wrong)))
    }

    /// Does what a button of the form says: a row more or less, or saving.
    pub(super) async fn send_mapping(
        &self,
        incoming: &mut Incoming,
        action: Action,
    ) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        let fields = self.visitor.form(incoming).await?;
        let (told, catalog) = self.mapping_and_fields(action).await?;
        let mut draft = Draft::sent(&fields, &catalog);
        let button = field(&fields, "do");
        if button != "save" {
            let focus = draft.act(button);
            let wrong = Wrong::default();
            let view = draft.view(self.frame().await, action, told.as_ref(), &catalog, &wrong);
            return show(&mappings::form(&MappingFormView { focus, ..view }));
        }
        let wrong = match draft.build(&catalog) {
            Err(wrong) => wrong,
            Ok(built) => {
                let command = MappingCommand::Put(action, built.definition.clone());
                match self.about_mappings(command).await? {
                    Ok(_) => return say(&self.paths.mappings(), "mapping-saved"),
                    Err(Refusal::Wrong(faults)) => built.wrong(&faults),
                    Err(Refusal::NotDiscovered) => Wrong::of(
                        "Which fields HubSpot has is not known yet, so nothing can be checked. Try again in a minute.",
                    ),
                    Err(Refusal::NotFound) => return Err(Notice::NotFound.into()),
                }
            }
        };
        let view = draft.view(self.frame().await, action, told.as_ref(), &catalog, &wrong);
        show(&mappings::form(&MappingFormView { refused: true, ..view }))
    }

    pub(super) async fn ask_delete_mapping(&self, action: Action) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        show(&mappings::delete(&self.frame().await, action))
    }

    pub(super) async fn delete_mapping(
        &self,
        incoming: &mut Incoming,
        action: Action,
    ) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        self.visitor.form(incoming).await?;
        // One that somebody else has deleted meanwhile is gone as well.
        self.about_mappings(MappingCommand::Remove(action)).await?.ok();
        say(&self.paths.mappings(), "mapping-deleted")
    }
}

/// What has just happened to a mapping.
pub(super) fn flash(done: &str) -> Option<Flash> {
    let words = match done {
        "mapping-saved" => "Saved. It holds from the next action on.",
        "mapping-deleted" => "The mapping is deleted.",
        _ => return None,
    };
    Some(Flash { tone: Tone::Good, words: words.to_owned() })
}
