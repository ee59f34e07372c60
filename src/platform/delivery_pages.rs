//! The pages of deliveries: forms become what the API takes, and what the API tells becomes pages.

use worker::Response;

use crate::{
    api::endpoint::{self, Call},
    console::{
        connection_paths::ConnectionPaths,
        deliveries::{self, DeliveriesView, EndpointPageView, SecretView},
        fill::deliveries as fill,
        view::{Flash, Notice, Tone},
    },
    engine::portal::{
        browse::{Look, Seen},
        endpoints::commands::{Answer as EndpointAnswer, Command as EndpointCommand},
        messages::{Answer, Command},
    },
    platform::{
        clock,
        connection_pages::{Visit, say, show},
        directory_object as directory,
        incoming::Incoming,
        pages::{Stop, field, parameter},
    },
    values::{
        ids::{ChannelId, EndpointId},
        problem::{Kind, Problem},
    },
};

impl Visit<'_> {
    /// Asks about endpoints: the API's text, or its refusal.
    async fn endpoints(&self, call: Call, body: &str) -> Result<Result<Option<String>, Problem>, Stop> {
        let created = call == Call::Create;
        let command: EndpointCommand = match endpoint::command(call, body.as_bytes(), self.config.reach()) {
            Ok(command) => command,
            Err(problem) => return Ok(Err(problem)),
        };
        let answer: EndpointAnswer = match self.ask(&Command::Endpoint(command)).await? {
            Answer::Endpoint(answer) => answer,
            _ => return Err(Notice::NotFound.into()),
        };
        Ok(endpoint::render(&self.connection.id, answer, created).map(|(_, body)| body))
    }

    /// The same of a question that cannot be refused but for want of the endpoint.
    async fn told(&self, call: Call) -> Result<String, Stop> {
        match self.endpoints(call, "").await? {
            Ok(Some(told)) => Ok(told),
            Ok(None) => Err(directory::unexpected().into()),
            Err(_) => Err(Notice::NotFound.into()),
        }
    }

    pub(super) async fn deliveries(&self) -> Result<DeliveriesView, Stop> {
        let endpoints = fill::all(&self.told(Call::List).await?, self.visitor.administers())
            .ok_or_else(directory::unexpected)?;
        Ok(DeliveriesView { at: self.frame().await, endpoints })
    }

    pub(super) async fn endpoint(&self, id: EndpointId) -> Result<EndpointPageView, Stop> {
        let told = self.told(Call::Get(id)).await?;
        let (endpoint, _) = fill::one(&told, self.visitor.administers()).ok_or_else(directory::unexpected)?;
        Ok(EndpointPageView { at: self.frame().await, endpoint })
    }

    pub(super) async fn new_endpoint(&self, incoming: &Incoming) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        let channel = parameter(incoming, "channel").parse::<ChannelId>().ok();
        show(&deliveries::form(&fill::new(self.frame().await, channel.map(|id| id.to_string()))))
    }

    pub(super) async fn edit_endpoint(&self, id: EndpointId) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        let told = self.told(Call::Get(id)).await?;
        let form = fill::edit(self.frame().await, &told).ok_or_else(directory::unexpected)?;
        show(&deliveries::form(&form))
    }

    pub(super) async fn ask_delete(&self, id: EndpointId) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        show(&deliveries::delete(&self.endpoint(id).await?))
    }

    /// Makes one (`id` is `None`) or changes one; shows the form again where that is refused.
    pub(super) async fn save_endpoint(
        &self,
        incoming: &mut Incoming,
        id: Option<EndpointId>,
    ) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        let fields = self.visitor.form(incoming).await?;
        let oldest = match id {
            // Without a place, a channel's records are handed over first, and all others begin with the next change.
            None if (field(&fields, "from") == "start") == field(&fields, "channel").is_empty() => {
                Some(self.place(if field(&fields, "channel").is_empty() { "all" } else { "now" }).await?)
            }
            _ => None,
        };
        let call = id.clone().map_or(Call::Create, Call::Update);
        let done = match fill::body(&fields, oldest) {
            Ok(body) => self
                .endpoints(call, &body.to_string())
                .await?
                .map_err(|problem| fill::refusal(&problem.detail)),
            Err(words) => Err(words),
        };
        match done {
            Ok(Some(told)) => match id {
                Some(id) => say(&self.paths.endpoint(id.as_str()), "saved"),
                None => self.secret(&told, true).await,
            },
            Ok(None) => Err(directory::unexpected().into()),
            Err(words) => {
                let id = id.map(|id| id.to_string());
                show(&deliveries::form(&fill::again(self.frame().await, id, &fields, words)))
            }
        }
    }

    async fn secret(&self, told: &str, created: bool) -> Result<Response, Stop> {
        let Some((endpoint, Some(secret))) = fill::one(told, true) else {
            return Err(directory::unexpected().into());
        };
        show(&deliveries::secret(&SecretView { at: self.frame().await, endpoint, secret, created }))
    }

    pub(super) async fn rotate(&self, incoming: &mut Incoming, id: EndpointId) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        self.visitor.form(incoming).await?;
        match self.endpoints(Call::Rotate(id.clone()), "").await? {
            Ok(Some(told)) => self.secret(&told, false).await,
            Ok(None) => Err(directory::unexpected().into()),
            Err(problem) if problem.kind == Kind::Conflict => {
                say(&ConnectionPaths::endpoint(&self.paths, id.as_str()), "rotated-too-often")
            }
            Err(_) => Err(Notice::NotFound.into()),
        }
    }

    /// Where in the feed a replay begins.
    async fn place(&self, since: &str) -> Result<u64, Stop> {
        match self.look(Look::Place { since: fill::since(since, clock::now()) }).await? {
            Seen::Place(place) => Ok(place),
            _ => Err(directory::unexpected().into()),
        }
    }

    pub(super) async fn replay(&self, incoming: &mut Incoming, id: EndpointId) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        let fields = self.visitor.form(incoming).await?;
        if field(&fields, "since") == "members" {
            return self.endpoint_done(Call::HandOver(id.clone()), "", &id, "handing-over").await;
        }
        let after = match field(&fields, "since") {
            "number" => field(&fields, "after").trim().to_owned(),
            since => self.place(since).await?.to_string(),
        };
        let body = serde_json::json!({ "after": after }).to_string();
        self.endpoint_done(Call::Replay(id.clone()), &body, &id, "replaying").await
    }

    pub(super) async fn skip(&self, incoming: &mut Incoming, id: EndpointId) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        let fields = self.visitor.form(incoming).await?;
        let body = serde_json::json!({ "message": field(&fields, "message") }).to_string();
        self.endpoint_done(Call::Skip(id.clone()), &body, &id, "skipped").await
    }

    pub(super) async fn on_endpoint(
        &self,
        incoming: &mut Incoming,
        call: Call,
        id: &EndpointId,
        done: &str,
    ) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        self.visitor.form(incoming).await?;
        self.endpoint_done(call, "", id, done).await
    }

    pub(super) async fn delete(&self, incoming: &mut Incoming, id: EndpointId) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        self.visitor.form(incoming).await?;
        match self.endpoints(Call::Remove(id), "").await? {
            Ok(_) => say(&self.paths.deliveries(), "deleted"),
            Err(_) => Err(Notice::NotFound.into()),
        }
    }

    async fn endpoint_done(
        &self,
        call: Call,
        body: &str,
        id: &EndpointId,
        done: &str,
    ) -> Result<Response, Stop> {
        let page = ConnectionPaths::endpoint(&self.paths, id.as_str());
        let of_message = matches!(call, Call::Skip(_));
        match self.endpoints(call, body).await? {
            Ok(_) => say(&page, done),
            Err(problem) => match problem.kind {
                Kind::NotFound => Err(Notice::NotFound.into()),
                Kind::BeyondHorizon => say(&page, "beyond"),
                Kind::Conflict if of_message => say(&page, "gone"),
                _ => say(&page, "number"),
            },
        }
    }
}

/// What has just happened to an endpoint.
pub(super) fn flash(done: &str) -> Option<Flash> {
    let (tone, words) = match done {
        "saved" => (Tone::Good, "Saved."),
        "deleted" => (Tone::Good, "The endpoint is deleted."),
        "endpoint-paused" => (Tone::Good, "Paused: changes are kept and delivered once it is resumed."),
        "endpoint-resumed" => (Tone::Good, "Delivery goes on where it stopped."),
        "tested" => (Tone::Good, "The test is on its way; how it ends stands below."),
        "skipped" => (Tone::Good, "The message is skipped; what follows it is delivered."),
        "replaying" => (Tone::Good, "Delivery begins again there."),
        "handing-over" => (Tone::Good, "Every record of the channel is handed over, then what changes."),
        "gone" => (
            Tone::Warning,
            "That message does not wait any more: it was taken meanwhile, so nothing was skipped.",
        ),
        "rotated-too-often" => (
            Tone::Warning,
            "Nothing was changed: the secret was replaced three times within a day, and those before it still sign. Come back tomorrow.",
        ),
        "beyond" => (
            Tone::Warning,
            "Changes that far back are no longer kept. Choose “Everything that is kept”, or read all records by the API.",
        ),
        "number" => {
            (Tone::Warning, "That is not the number of a change that has happened. Nothing was done.")
        }
        _ => return None,
    };
    Some(Flash { tone, words: words.to_owned() })
}
