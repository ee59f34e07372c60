//! The pages of the outbox and the forms of actions: forms become actions, and what the Portal tells becomes pages.

use worker::Response;

use crate::{
    console::{
        act::{self, ActView},
        fill::{
            self,
            act::{Draft, Sources, Wrong},
            mappings::Catalog,
            outbox as shown,
        },
        outbox::{self, ActionPageView, ActionView, OutboxView, Standing},
        view::{Flash, Notice, Tone},
    },
    engine::portal::{
        beside::commands::Command as Beside,
        mappings::commands::{Answer as MappingAnswer, Command as MappingCommand},
        messages::{Answer, Command},
        outbox::{
            Settings,
            actions::{Name, Wanted},
            commands::{Answer as Told, Asked, Command as Outbox, Taken},
        },
    },
    platform::{
        clock,
        connection_pages::{Visit, say, show},
        directory_object as directory,
        incoming::Incoming,
        pages::{Stop, field, parameter},
        random,
    },
    store::portal::outbox::State,
    values::{
        ids::{ActionId, ObjectType, RecordId, RunId},
        mapping::Action,
    },
};

/// Actions on a page: two screens.
const ON_PAGE: u32 = 25;

/// What a form is about, as far as it can be read.
type About = Option<(ObjectType, RecordId)>;

impl Visit<'_> {
    async fn of_outbox(&self, command: Outbox) -> Result<Told, Stop> {
        match self.ask(&Command::Outbox(command)).await? {
            Answer::Outbox(told) => Ok(told),
            Answer::NotConnected => Err(Notice::NotFound.into()),
            _ => Err(directory::unexpected().into()),
        }
    }

    pub(super) async fn outbox(&self, incoming: &Incoming) -> Result<OutboxView, Stop> {
        let only: Option<Standing> = shown::standing(&parameter(incoming, "state"));
        let before: Option<i64> = parameter(incoming, "before").parse().ok();
        let job = Some(parameter(incoming, "job")).filter(|job| !job.is_empty());
        let state =
            only.and_then(|only| State::ALL.into_iter().find(|state| state.as_str() == only.as_str()));
        let Told::Page { results, next } = self
            .of_outbox(Outbox::List { before, state, job: job.clone(), real: true, limit: ON_PAGE })
            .await?
        else {
            return Err(directory::unexpected().into());
        };
        shown::page(self.frame().await, &results, (only, job), next, before.is_some())
            .ok_or_else(|| directory::unexpected().into())
    }

    pub(super) async fn action(&self, id: ActionId) -> Result<ActionPageView, Stop> {
        let action = self.told_action(Outbox::Get(id)).await?;
        Ok(ActionPageView { at: self.frame().await, action })
    }

    /// The action that is told in answer to this.
    async fn told_action(&self, command: Outbox) -> Result<ActionView, Stop> {
        match self.of_outbox(command).await? {
            Told::Action(told) => shown::action(&told).ok_or_else(|| directory::unexpected().into()),
            Told::Unknown => Err(Notice::NotFound.into()),
            _ => Err(directory::unexpected().into()),
        }
    }

    /// Has something done about an action, then shows it.
    pub(super) async fn on_action(
        &self,
        incoming: &mut Incoming,
        id: ActionId,
        what: &str,
    ) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        let fields = self.visitor.form(incoming).await?;
        // It may have been asked for on the page of the run that it is of.
        let page = match field(&fields, "run").parse::<RunId>() {
            Ok(run) => self.paths.automation_run(run.as_str()),
            Err(_) => self.paths.outbox_action(id.as_str()),
        };
        let before = self.told_action(Outbox::Get(id.clone())).await?;
        let (command, done) = match what {
            "cancel" => (Outbox::Cancel(id), "action-cancelled"),
            "retry" => (Outbox::Retry(id), "action-again"),
            _ => {
                let happened = field(&fields, "happened") == "yes";
                let record = field(&fields, "record").trim().parse::<RecordId>().ok();
                let done = if happened { "action-there" } else { "action-again" };
                (Outbox::Resolve { action: id, happened, record }, done)
            }
        };
        let after = self.told_action(command).await?;
        say(&page, if outbox::was_done(what, &before, &after) { done } else { "action-past" })
    }

    async fn switched(&self) -> Result<Settings, Stop> {
        match self.of_outbox(Outbox::Settings).await? {
            Told::Settings(settings) => Ok(settings),
            _ => Err(directory::unexpected().into()),
        }
    }

    pub(super) async fn switches(&self) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        show(&outbox::switches(&shown::switches(self.frame().await, &self.switched().await?)))
    }

    pub(super) async fn set_switches(&self, incoming: &mut Incoming) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        let fields = self.visitor.form(incoming).await?;
        let settings = shown::settings(&fields, &self.switched().await?);
        self.of_outbox(Outbox::Set(settings)).await?;
        say(&self.paths.outbox("", None), "actions-set")
    }

    /// What can be done with a record of a type: name and words.
    pub(super) async fn acts(&self, kind: ObjectType) -> Result<Vec<(String, String)>, Stop> {
        let all = fill::act::of_type(kind);
        if all.is_empty() || !self.visitor.administers() {
            return Ok(Vec::new());
        }
        // A connection that is not there yet has nothing to be done with.
        let Ok(Told::Settings(settings)) = self.of_outbox(Outbox::Settings).await else {
            return Ok(Vec::new());
        };
        let on = all.iter().filter(|name| !settings.off.contains(name));
        Ok(on.map(|name| (name.as_str().to_owned(), name.words().to_owned())).collect())
    }

    pub(super) async fn act(&self, incoming: &Incoming, name: Name) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        let about = about(name, &parameter(incoming, "type"), &parameter(incoming, "id"))?;
        let draft = Draft::new(name, about);
        let of = self.sources(name, about).await?;
        let key = random_key();
        show(&act::page(&self.act_view(&draft, &of, &Wrong::default(), &key).await?))
    }

    /// Shows what an action would write, has it done, or takes another row.
    pub(super) async fn send_act(&self, incoming: &mut Incoming, name: Name) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        let fields = self.visitor.form(incoming).await?;
        let about = about(name, field(&fields, "about-type"), field(&fields, "about-id"))?;
        let of = self.sources(name, about).await?;
        let mut draft = Draft::sent(name, about, &fields);
        let (button, key) = (field(&fields, "do"), field(&fields, "key"));
        if !matches!(button, "do" | "try") {
            let focus = draft.act(button);
            let view = self.act_view(&draft, &of, &Wrong::default(), key).await?;
            return show(&act::page(&ActView { focus, ..view }));
        }
        let wrong = match draft.wanted(&of) {
            Err(wrong) => wrong,
            Ok(wanted) => match self.take(wanted, button == "try", key).await? {
                Ok((told, new)) => {
                    let action = shown::action(&told).ok_or_else(directory::unexpected)?;
                    if button == "do" {
                        let done = if new { "action-taken" } else { "action-before" };
                        return say(&self.paths.outbox_action(&action.id), done);
                    }
                    let view = self.act_view(&draft, &of, &Wrong::default(), key).await?;
                    return show(&act::page(&ActView { preview: Some(action), ..view }));
                }
                Err(wrong) => wrong,
            },
        };
        let view = self.act_view(&draft, &of, &wrong, key).await?;
        show(&act::page(&ActView { refused: button == "do", ..view }))
    }

    /// Asks for one action: as it is told and whether it was not there before, or what is wrong with it.
    async fn take(
        &self,
        wanted: Wanted,
        dry_run: bool,
        key: &str,
    ) -> Result<Result<(String, bool), Wrong>, Stop> {
        let key = (!key.is_empty()).then(|| format!("form-{}", key.chars().take(40).collect::<String>()));
        let asked = Asked {
            key,
            why: None,
            dry_run,
            background: false,
            coalesce: None,
            data: serde_json::Map::new(),
            wanted,
        };
        let Told::Taken(mut taken) = self.of_outbox(Outbox::Do(vec![asked])).await? else {
            return Err(directory::unexpected().into());
        };
        let of_all = |words: &str| Wrong::whole(words);
        match taken.pop() {
            Some(Taken::Action { action, new }) => Ok(Ok((action, new))),
            Some(Taken::Refused(refusal)) => Ok(Err(Wrong::of(&refusal))),
            Some(Taken::Off) => {
                Ok(Err(of_all("An administrator has switched this action off for this account.")))
            }
            Some(Taken::Full) => {
                Ok(Err(of_all("Too many writes wait for HubSpot already. Try again in a few minutes.")))
            }
            None => Err(directory::unexpected().into()),
        }
    }

    async fn act_view(
        &self,
        draft: &Draft<'_>,
        of: &Sources,
        wrong: &Wrong,
        key: &str,
    ) -> Result<ActView, Stop> {
        let at = self.frame().await;
        let about = match draft.about {
            Some((kind, id)) => {
                let seen = self.seen(kind, id, None).await?;
                let record = fill::records::record(at.clone(), kind, id, seen, None, None).record;
                Some((kind.to_string(), id.to_string(), record.map(|record| record.name).unwrap_or_default()))
            }
            None => None,
        };
        Ok(ActView {
            name: draft.name.as_str().to_owned(),
            title: draft.name.words().to_owned(),
            about,
            inputs: draft.inputs(of, wrong, &at.frame.user, clock::now()),
            rows: draft.rows(&of.catalog, wrong),
            known: of.catalog.known(),
            refused: false,
            errors: wrong.form.clone(),
            preview: None,
            key: key.to_owned(),
            focus: None,
            at,
        })
    }

    /// Owners, as the API tells them; nothing where they are not read.
    pub(super) async fn owners(&self) -> Result<String, Stop> {
        Ok(match self.ask(&Command::Beside(Beside::Owners)).await? {
            Answer::Json(told) => told,
            _ => String::new(),
        })
    }

    /// What the account has to choose from in the form of an action.
    async fn sources(&self, name: Name, about: About) -> Result<Sources, Stop> {
        let mut of = Sources::default();
        of.utc_offset_ms = self.status().await.map_or(0, |status| status.account.utc_offset_ms);
        if !matches!(name, Name::AddToList | Name::RemoveFromList | Name::UpdateDeal | Name::UpdateRecord) {
            of.take_owners(&self.owners().await?);
        }
        if let (Name::AddToList | Name::RemoveFromList, Some((kind, _))) = (name, about)
            && let Answer::Json(told) = self.ask(&Command::Beside(Beside::Lists)).await?
        {
            of.take_lists(&told, kind);
        }
        if name == Name::UpdateDeal {
            let pipelines = Beside::Pipelines { object_type: ObjectType::Deals };
            if let Answer::Json(told) = self.ask(&Command::Beside(pipelines)).await? {
                of.take_stages(&told);
            }
        }
        let of_fields = match (name, about) {
            (Name::UpdateDeal, _) => Some(Action::UpdateDeal),
            (Name::UpdateRecord, Some((ObjectType::Companies, _))) => Some(Action::UpdateCompany),
            (Name::UpdateRecord, _) => Some(Action::UpdateContact),
            _ => None,
        };
        if let Some(action) = of_fields
            && let Answer::Mapping(MappingAnswer::Json(told)) =
                self.ask(&Command::Mapping(MappingCommand::Fields(action))).await?
        {
            of.catalog = Catalog::read(&told).unwrap_or_default();
        }
        Ok(of)
    }
}

/// The record that a form is about; what begins at a record is nothing without.
fn about(name: Name, kind: &str, id: &str) -> Result<About, Stop> {
    let about = kind.parse::<ObjectType>().ok().zip(id.parse::<RecordId>().ok());
    let about = about.filter(|(kind, _)| fill::act::of_type(*kind).contains(&name));
    match name {
        Name::ImportCompany | Name::ImportContact => Ok(None),
        _ if about.is_some() => Ok(about),
        _ => Err(Notice::NotFound.into()),
    }
}

/// What makes a form one that is sent once.
fn random_key() -> String {
    ActionId::from_random(random::bytes()).to_string()
}

/// What has just happened to an action.
pub(super) fn flash(done: &str) -> Option<Flash> {
    let (tone, words) = match done {
        "action-taken" => (Tone::Good, "It is on its way; how it goes stands below."),
        "action-before" => {
            (Tone::Note, "This form was sent before, and is done once: how that goes stands below.")
        }
        "action-past" => (Tone::Note, "Nothing was done: it stands otherwise by now, as is shown below."),
        "action-cancelled" => (Tone::Good, "What had not left is cancelled."),
        "action-again" => (Tone::Good, "It leaves again."),
        "action-there" => (Tone::Good, "Noted: it is in HubSpot."),
        "actions-set" => (Tone::Good, "Saved."),
        _ => return None,
    };
    Some(Flash { tone, words: words.to_owned() })
}
