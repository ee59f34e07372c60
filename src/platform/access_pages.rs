//! Pages of how a connection reaches HubSpot, of its limits, and the form for a token.

use worker::{Env, Response};

use crate::{
    api::{
        connection::{self, Given},
        request,
    },
    console::{
        access::{self, AccessView, ExistingView, TokenFormView},
        fill,
        limits::LimitsPageView,
        paths,
        view::{Notice, ScopeView},
    },
    engine::{
        directory::messages::{Answer as Told, Command as Question},
        portal::{
            messages::{Answer, Command},
            seats::commands::{Answer as Seated, Command as Seats},
        },
    },
    platform::{
        connection_pages::{Visit, say, show},
        directory_object as directory,
        incoming::Incoming,
        pages::{Stop, Visitor, field},
        seat_api,
        token_flow::{self, Stop as Refused, Target},
    },
    values::{config::Config, ids::SeatId, problem::Problem},
};

/// Seats shown on a page; the API lists them all.
const SHOWN: u32 = 100;

fn form_view(
    config: &Config,
    visitor: &Visitor,
    existing: Option<ExistingView>,
    name: &str,
    error: Option<String>,
) -> TokenFormView {
    TokenFormView {
        frame: visitor.frame(config),
        existing,
        name: name.to_owned(),
        error,
        every: fill::spelt_cadence(config.work.check_every_ms),
        scopes: ScopeView::all(),
    }
}

/// `GET /w/{w}/token`
pub fn ask_token(config: &Config, visitor: &Visitor) -> Result<Response, Stop> {
    show(&access::token_form(&form_view(config, visitor, None, "", None)))
}

/// `POST /w/{w}/token`
pub async fn send_token(
    env: &Env,
    config: &Config,
    visitor: &Visitor,
    incoming: &mut Incoming,
) -> Result<Response, Stop> {
    let fields = visitor.form(incoming).await?;
    let name = field(&fields, "name");
    let target = Target {
        workspace: visitor.workspace().clone(),
        by: visitor.user().to_owned(),
        actor: visitor.actor(),
        connection: None,
    };
    let refused = match checked(&fields, true) {
        Ok(given) => match token_flow::connect(env, config, target, given).await {
            Ok((_, known)) => {
                let page = paths::integrations(visitor.workspace().as_str());
                return say(&page, if known { "exchanged" } else { "connected" });
            }
            Err(Refused::Fault(fault)) => return Err(fault.into()),
            Err(stop) => stop.words(),
        },
        Err(problem) => problem.detail,
    };
    show(&access::token_form(&form_view(config, visitor, None, name, Some(refused))))
}

/// What a form gives, as far as it can be checked without HubSpot.
fn checked(fields: &[(String, String)], named: bool) -> Result<Given, Problem> {
    let webhook_secret = Some(field(fields, "webhook_secret")).filter(|text| !text.trim().is_empty());
    Ok(Given {
        name: if named { request::name("Connection name", field(fields, "name"))? } else { String::new() },
        token: connection::secret("Token", field(fields, "token"))?,
        webhook_secret: webhook_secret.map(|text| connection::secret("Client secret", text)).transpose()?,
    })
}

impl Visit<'_> {
    pub(super) async fn access(&self) -> Result<AccessView, Stop> {
        let (at, status) = self.frame_and_status().await;
        let trial = match self.ask(&Command::Trial).await {
            Ok(Answer::Trial(trial)) => trial,
            _ => None,
        };
        let seats =
            match seat_api::ask(self.env, &self.connection.object, Seats::List { after: 0, limit: SHOWN })
                .await
            {
                Ok(told) => fill::access::seats(&told),
                Err(fault) => return Err(fault.into()),
            };
        Ok(fill::access::access(self.config, at, &self.connection, status.as_ref(), trial.as_ref(), seats))
    }

    pub(super) async fn revoke_seat(&self, incoming: &mut Incoming, seat: SeatId) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        self.visitor.form(incoming).await?;
        let (object, actor) = (&self.connection.object, self.visitor.actor());
        match seat_api::ask_by(self.env, object, &actor, Seats::Revoke(seat)).await? {
            Seated::Seat(_) => say(&self.paths.access(), "seat-revoked"),
            Seated::Unknown | Seated::Off => Err(Notice::NotFound.into()),
            _ => Err(directory::unexpected().into()),
        }
    }

    async fn existing(&self) -> Result<ExistingView, Stop> {
        if !self.connection.app.is_token() {
            return Err(Notice::NotFound.into());
        }
        let (at, status) = self.frame_and_status().await;
        Ok(ExistingView {
            address: fill::access::webhook_address(self.config, &at.id),
            id: at.id,
            title: at.title,
            portal_id: at.portal_id,
            webhooks: status.is_some_and(|status| status.webhooks),
        })
    }

    pub(super) async fn ask_credentials(&self) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        let existing = Some(self.existing().await?);
        show(&access::token_form(&form_view(self.config, self.visitor, existing, "", None)))
    }

    pub(super) async fn send_credentials(&self, incoming: &mut Incoming) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        let fields = self.visitor.form(incoming).await?;
        let existing = self.existing().await?;
        let target = Target {
            workspace: self.visitor.workspace().clone(),
            by: self.visitor.user().to_owned(),
            actor: self.visitor.actor(),
            connection: Some(self.connection.id.clone()),
        };
        let refused = match checked(&fields, false) {
            Ok(given) => match token_flow::connect(self.env, self.config, target, given).await {
                Ok(_) => return say(&self.paths.access(), "exchanged"),
                Err(Refused::Fault(fault)) => return Err(fault.into()),
                Err(stop) => stop.words(),
            },
            Err(problem) => problem.detail,
        };
        show(&access::token_form(&form_view(self.config, self.visitor, Some(existing), "", Some(refused))))
    }

    pub(super) async fn rename(&self, incoming: &mut Incoming) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        let fields = self.visitor.form(incoming).await?;
        let text = field(&fields, "name").trim();
        // Without a name it is called as the account is; what no name can be is cut, not refused.
        let name: String = text.chars().filter(|character| !character.is_control()).take(200).collect();
        let command = Question::Rename {
            workspace: self.visitor.workspace().clone(),
            connection: self.connection.id.clone(),
            name,
        };
        match directory::ask_by(self.env, &self.visitor.actor(), &command).await? {
            Told::Done => say(&self.paths.access(), "renamed"),
            Told::Refused(_) => Err(Notice::NotFound.into()),
            _ => Err(directory::unexpected().into()),
        }
    }

    pub(super) async fn limits(&self) -> Result<LimitsPageView, Stop> {
        let (at, status) = self.frame_and_status().await;
        let gauges = match &status {
            Some(status) => self.gauges(status).await,
            None => None,
        };
        let usage = match self.ask(&Command::Usage).await {
            Ok(Answer::Usage(usage)) => usage,
            _ => crate::engine::portal::usage::Usage::default(),
        };
        Ok(fill::access::limits(at, status.as_ref(), gauges.as_ref(), &usage))
    }

    pub(super) async fn set_tier(&self, incoming: &mut Incoming) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        let fields = self.visitor.form(incoming).await?;
        let Ok(tier) = connection::tier(field(&fields, "tier")) else { return Err(Notice::StaleForm.into()) };
        match self.ask(&Command::SetTier(tier)).await? {
            Answer::Done => say(&self.paths.limits(), "tier"),
            Answer::NotConnected => say(&self.paths.sync(), "stopped"),
            _ => Err(directory::unexpected().into()),
        }
    }
}
