//! The pages of channels: forms become definitions, and what the Portal tells becomes pages.

use worker::Response;

use crate::{
    console::{
        channel_form, channels,
        channels::{ChannelPageView, ChannelView, ChannelsView},
        deliveries::EndpointView,
        fill::{
            channel_form::{self as form, Draft, Wrong},
            channels as fill,
            fields::Mirrored,
            filter_form::Catalog,
        },
        view::{Flash, Notice, Tone},
    },
    engine::portal::{
        beside::commands::Command as BesideCommand,
        browse,
        channels::{
            CHANNELS_LIMIT,
            commands::{Action, Answer as ChannelAnswer, Command as ChannelCommand, Refusal},
        },
        messages::{Answer, Command},
    },
    platform::{
        connection_pages::{Visit, say, show},
        directory_object as directory,
        incoming::Incoming,
        pages::{Stop, field},
    },
    values::{
        ids::{ChannelId, ObjectType},
        json,
    },
};

impl Visit<'_> {
    /// Asks about channels: the text, or why it is refused.
    async fn about_channels(&self, command: ChannelCommand) -> Result<Result<String, Refusal>, Stop> {
        match self.ask(&Command::Channel(command)).await? {
            Answer::Channel(ChannelAnswer::Json(told)) => Ok(Ok(told)),
            Answer::Channel(ChannelAnswer::Removed) => Ok(Ok(String::new())),
            Answer::Channel(ChannelAnswer::Refused(Refusal::NotFound)) => Err(Notice::NotFound.into()),
            Answer::Channel(ChannelAnswer::Refused(refusal)) => Ok(Err(refusal)),
            Answer::NotConnected => Err(Notice::NotFound.into()),
            _ => Err(directory::unexpected().into()),
        }
    }

    /// The same of what cannot be refused.
    async fn told_of_channels(&self, command: ChannelCommand) -> Result<String, Stop> {
        self.about_channels(command).await?.map_err(|_| directory::unexpected().into())
    }

    async fn receivers(&self) -> Result<Vec<EndpointView>, Stop> {
        Ok(self.deliveries().await?.endpoints)
    }

    pub(super) async fn channels(&self) -> Result<ChannelsView, Stop> {
        let told = self.told_of_channels(ChannelCommand::List).await?;
        let deliveries = self.deliveries().await?;
        let channels = fill::all(&told, &deliveries.endpoints).ok_or_else(directory::unexpected)?;
        Ok(ChannelsView { at: deliveries.at, channels })
    }

    async fn seen_channel(&self, id: &ChannelId) -> Result<(String, ChannelView), Stop> {
        let told = self.told_of_channels(ChannelCommand::On(id.clone(), Action::Get)).await?;
        let channel = fill::one(&told, &self.receivers().await?).ok_or_else(directory::unexpected)?;
        Ok((told, channel))
    }

    pub(super) async fn channel(&self, id: ChannelId) -> Result<ChannelPageView, Stop> {
        let (_, channel) = self.seen_channel(&id).await?;
        Ok(ChannelPageView { at: self.frame().await, channel })
    }

    pub(super) async fn catalog(&self, object_type: ObjectType) -> Result<Catalog, Stop> {
        let Answer::Json(told) = self.ask(&Command::Fields { object_type }).await? else {
            return Err(Notice::NotFound.into());
        };
        let mirrored = match self.ask(&Command::Selection { object_type }).await? {
            Answer::Json(told) => Mirrored::read(&told),
            _ => Mirrored::read(""),
        };
        Catalog::read(&told, &mirrored).ok_or_else(|| directory::unexpected().into())
    }

    pub(super) async fn new_channel(&self, kind: ObjectType) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        let catalog = self.catalog(kind).await?;
        let draft = Draft::new(browse::columns(kind), &catalog);
        self.show_channel_form(&draft, None, kind, &catalog, &Wrong::default()).await
    }

    pub(super) async fn edit_channel(&self, id: ChannelId) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        let (kind, definition) = self.definition(&id).await?;
        let catalog = self.catalog(kind).await?;
        let draft = Draft::of(&definition, &catalog);
        self.show_channel_form(&draft, Some(&id), kind, &catalog, &Wrong::default()).await
    }

    /// The type and the definition of a channel that is there.
    async fn definition(&self, id: &ChannelId) -> Result<(ObjectType, serde_json::Value), Stop> {
        let told = self.told_of_channels(ChannelCommand::On(id.clone(), Action::Get)).await?;
        let definition: serde_json::Value = json::parse(&told).map_err(|_| directory::unexpected())?;
        let kind = definition["object_type"].as_str().and_then(|kind| kind.parse().ok());
        Ok((kind.ok_or_else(directory::unexpected)?, definition))
    }

    async fn channel_form_view(
        &self,
        draft: &Draft,
        id: Option<&ChannelId>,
        kind: ObjectType,
        catalog: &Catalog,
        wrong: &Wrong,
    ) -> Result<channel_form::ChannelFormView, Stop> {
        let told = match self.ask(&Command::Beside(BesideCommand::Lists)).await? {
            Answer::Json(told) => told,
            _ => String::new(),
        };
        let lists = form::lists(&told, &kind.to_string(), draft.list());
        let id = id.map(ToString::to_string);
        Ok(draft.view(self.frame().await, (id, &kind.to_string()), catalog, lists, wrong))
    }

    async fn show_channel_form(
        &self,
        draft: &Draft,
        id: Option<&ChannelId>,
        kind: ObjectType,
        catalog: &Catalog,
        wrong: &Wrong,
    ) -> Result<Response, Stop> {
        show(&channel_form::page(&self.channel_form_view(draft, id, kind, catalog, wrong).await?))
    }

    /// Does what a button of the form says: a row more or less, a preview, or saving.
    pub(super) async fn send_channel(
        &self,
        incoming: &mut Incoming,
        id: Option<ChannelId>,
        kind: Option<ObjectType>,
    ) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        let fields = self.visitor.form(incoming).await?;
        let kind = match (kind, &id) {
            (Some(kind), _) => kind,
            (None, Some(id)) => self.definition(id).await?.0,
            (None, None) => return Err(Notice::NotFound.into()),
        };
        let catalog = self.catalog(kind).await?;
        let mut draft = Draft::sent(&fields, &catalog);
        let button = field(&fields, "do");
        let focus = draft.act(button);
        if !matches!(button, "preview" | "save") {
            let wrong = Wrong::default();
            let view = self.channel_form_view(&draft, id.as_ref(), kind, &catalog, &wrong).await?;
            return show(&channel_form::page(&channel_form::ChannelFormView { focus, ..view }));
        }
        let saves = button == "save";
        let mut previewed = None;
        let wrong = match draft.build(&kind.to_string(), &catalog) {
            Err(wrong) => wrong,
            Ok(_) if saves && !draft.has_name() => Wrong::of("Give the channel a name."),
            Ok(built) => {
                let definition = built.definition.clone();
                let command = match (saves, &id, definition) {
                    (true, None, definition) => ChannelCommand::Create(definition),
                    (true, Some(id), serde_json::Value::Object(entries)) => {
                        ChannelCommand::On(id.clone(), Action::Update(entries))
                    }
                    (_, _, mut definition) => {
                        if let Some(entries) = definition.as_object_mut() {
                            entries.remove("name");
                        }
                        ChannelCommand::Preview(definition)
                    }
                };
                match self.about_channels(command).await? {
                    Ok(told) if saves => {
                        let told: serde_json::Value =
                            json::parse(&told).map_err(|_| directory::unexpected())?;
                        let page = self.paths.channel(told["id"].as_str().unwrap_or_default());
                        return say(&page, if id.is_some() { "channel-saved" } else { "channel-made" });
                    }
                    Ok(told) => {
                        previewed = form::preview(&told, &kind.to_string());
                        Wrong::default()
                    }
                    Err(Refusal::Wrong(faults)) => built.wrong(&faults),
                    Err(Refusal::Full) => Wrong::of(&format!(
                        "The connection has {CHANNELS_LIMIT} channels and may have no more. Delete one first."
                    )),
                    Err(Refusal::NotFound) => return Err(Notice::NotFound.into()),
                }
            }
        };
        let mut view = self.channel_form_view(&draft, id.as_ref(), kind, &catalog, &wrong).await?;
        view.preview = previewed;
        view.refused = saves;
        show(&channel_form::page(&view))
    }

    pub(super) async fn ask_delete_channel(&self, id: ChannelId) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        show(&channels::delete(&self.channel(id).await?))
    }

    /// Pauses, resumes or removes.
    pub(super) async fn on_channel(
        &self,
        incoming: &mut Incoming,
        id: &ChannelId,
        action: Action,
        done: &str,
    ) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        self.visitor.form(incoming).await?;
        let removes = matches!(action, Action::Remove);
        self.told_of_channels(ChannelCommand::On(id.clone(), action)).await?;
        let page = if removes { self.paths.channels() } else { self.paths.channel(id.as_str()) };
        say(&page, done)
    }
}

/// What has just happened to a channel.
pub(super) fn flash(done: &str) -> Option<Flash> {
    let words = match done {
        "channel-made" => {
            "The channel is made, and what matches is being collected. Say below where it is delivered."
        }
        "channel-saved" => "Saved. What the edit comes to is told now.",
        "channel-paused" => "Paused: nothing is told until it is resumed.",
        "channel-resumed" => "Resumed: it tells now what all that happened meanwhile comes to.",
        "channel-deleted" => "The channel is deleted.",
        _ => return None,
    };
    Some(Flash { tone: Tone::Good, words: words.to_owned() })
}
