//! The pages of one connection: asks its Portal for what they show, and has it do what their forms say.

use worker::{Env, Response};

use crate::{
    api::{connection_page::ConnectionPage, endpoint::Call},
    console::{
        access, channels,
        connection::ConnectionFrame,
        connection_paths::{ConnectionPaths, FieldsQuery},
        deliveries, fields, fill, limits, outbox, record, records, sync, types,
        view::{Flash, Notice, Tone},
    },
    engine::{
        directory::messages::{Answer as Told, Command as Question, Connection},
        limiter::messages::Gauges,
        portal::{
            activations::commands::Command as Keep,
            browse::{List, ListRow, Look, RecordSeen, Seen},
            channels::commands::Action,
            messages::{Answer, Command, Status},
            signals::commands::Command as Signals,
            types::Command as Switch,
            workflows::commands::Command as Workflows,
        },
    },
    platform::{
        activation_pages, automation_pages, channel_pages, clock, delivery_pages,
        directory_object as directory,
        incoming::Incoming,
        mapping_pages, outbox_pages,
        pages::{Stop, Visitor, field, parameter},
        portals, privacy_pages, reply, score_pages, workflow_pages,
    },
    values::{
        config::Config,
        ids::{ConnectionId, ObjectType, RecordId},
        time::Timestamp,
    },
};

/// A visitor at one connection of their workspace.
pub(super) struct Visit<'a> {
    pub(super) env: &'a Env,
    pub(super) config: &'a Config,
    pub(super) visitor: &'a Visitor,
    pub(super) connection: Connection,
    pub(super) paths: ConnectionPaths,
    /// What has just happened, by the word that a redirect carries.
    done: String,
}

/// Answers one request for such a page.
pub async fn answer(
    env: &Env,
    config: &Config,
    visitor: &Visitor,
    connection: &ConnectionId,
    page: ConnectionPage,
    incoming: &mut Incoming,
) -> Result<Response, Stop> {
    let question = Question::Connection { connection: connection.clone() };
    let connection = match directory::ask(env, &question).await? {
        Told::Connection(connection) if connection.workspace == *visitor.workspace() => connection,
        Told::Connection(_) | Told::Refused(_) => return Err(Notice::NotFound.into()),
        _ => return Err(directory::unexpected().into()),
    };
    let paths = ConnectionPaths::new(visitor.workspace().as_str(), connection.id.as_str());
    let visit = Visit { env, config, visitor, connection, paths, done: parameter(incoming, "done") };
    match page {
        ConnectionPage::Sync => show(&sync::page(&visit.sync().await)),
        ConnectionPage::SyncLive => show(&sync::live(&visit.sync().await)),
        ConnectionPage::Pause => visit.order(incoming, Command::Pause, &visit.paths.sync(), "paused").await,
        ConnectionPage::Resume => {
            visit.order(incoming, Command::Resume, &visit.paths.sync(), "resumed").await
        }
        ConnectionPage::AskResync(kind) => visit.ask_resync(kind).await,
        ConnectionPage::Resync(object_type) => {
            visit.order(incoming, Command::Resync { object_type }, &visit.paths.sync(), "resync").await
        }
        ConnectionPage::Access => show(&access::page(&visit.access().await?)),
        ConnectionPage::AccessLive => show(&access::live(&visit.access().await?)),
        ConnectionPage::Test => visit.order(incoming, Command::Test, &visit.paths.access(), "").await,
        ConnectionPage::AskCredentials => visit.ask_credentials().await,
        ConnectionPage::SendCredentials => visit.send_credentials(incoming).await,
        ConnectionPage::Rename => visit.rename(incoming).await,
        ConnectionPage::RevokeSeat(seat) => visit.revoke_seat(incoming, seat).await,
        ConnectionPage::Limits => show(&limits::page(&visit.limits().await?)),
        ConnectionPage::LimitsLive => show(&limits::live(&visit.limits().await?)),
        ConnectionPage::SetTier => visit.set_tier(incoming).await,
        ConnectionPage::Types => show(&types::page(&visit.types(incoming, None).await?)),
        ConnectionPage::TypesLive => show(&types::live(&visit.types(incoming, None).await?)),
        ConnectionPage::RefreshTypes => visit.switch(incoming, Switch::Refresh, "").await,
        ConnectionPage::TurnOn(kind) => visit.switch(incoming, Switch::On(kind.to_string()), "type-on").await,
        ConnectionPage::AskTurnOff(kind) => visit.ask_turn_off(incoming, kind).await,
        ConnectionPage::TurnOff(kind) => {
            visit.switch(incoming, Switch::Off(kind.to_string()), "type-off").await
        }
        ConnectionPage::Fields(kind) => show(&fields::page(&visit.fields(kind, incoming).await?)),
        ConnectionPage::FieldsLive(kind) => show(&fields::live(&visit.fields(kind, incoming).await?)),
        ConnectionPage::RefreshFields(kind) => {
            let asked_at = Some(clock::now().0);
            let page = visit.paths.fields(&kind.name(), &FieldsQuery { asked_at, ..FieldsQuery::default() });
            visit.order(incoming, Command::RefreshFields, &page, "").await
        }
        ConnectionPage::ChooseFields(kind) => visit.choose_fields(kind).await,
        ConnectionPage::SendFieldChoice(kind) => visit.send_field_choice(incoming, kind).await,
        ConnectionPage::Records(kind) => visit.records(kind, incoming).await,
        ConnectionPage::FindRecord(kind) => visit.find(kind, incoming).await,
        ConnectionPage::Record(kind, id) => show(&record::page(&visit.record(kind, id, incoming).await?)),
        ConnectionPage::RecordLive(kind, id) => show(&record::live(&visit.record(kind, id, incoming).await?)),
        ConnectionPage::Reread(object_type, id) => {
            let page = visit.paths.record_asked(&object_type.name(), &id.to_string(), clock::now().0);
            visit.order(incoming, Command::Reread { object_type, id }, &page, "").await
        }
        ConnectionPage::Deliveries => show(&deliveries::page(&visit.deliveries().await?)),
        ConnectionPage::DeliveriesLive => show(&deliveries::live(&visit.deliveries().await?)),
        ConnectionPage::Channels => show(&channels::page(&visit.channels().await?)),
        ConnectionPage::ChannelsLive => show(&channels::live(&visit.channels().await?)),
        ConnectionPage::NewChannel(kind) => visit.new_channel(kind).await,
        ConnectionPage::SendNewChannel(kind) => visit.send_channel(incoming, None, Some(kind)).await,
        ConnectionPage::Channel(id) => show(&channels::channel(&visit.channel(id).await?)),
        ConnectionPage::ChannelLive(id) => show(&channels::channel_live(&visit.channel(id).await?)),
        ConnectionPage::EditChannel(id) => visit.edit_channel(id).await,
        ConnectionPage::SendChannel(id) => visit.send_channel(incoming, Some(id), None).await,
        ConnectionPage::AskDeleteChannel(id) => visit.ask_delete_channel(id).await,
        ConnectionPage::DeleteChannel(id) => {
            visit.on_channel(incoming, &id, Action::Remove, "channel-deleted").await
        }
        ConnectionPage::PauseChannel(id) => {
            visit.on_channel(incoming, &id, Action::Pause, "channel-paused").await
        }
        ConnectionPage::ResumeChannel(id) => {
            visit.on_channel(incoming, &id, Action::Resume, "channel-resumed").await
        }
        ConnectionPage::NewEndpoint => visit.new_endpoint(incoming).await,
        ConnectionPage::CreateEndpoint => visit.save_endpoint(incoming, None).await,
        ConnectionPage::Endpoint(id) => show(&deliveries::endpoint(&visit.endpoint(id).await?)),
        ConnectionPage::EndpointLive(id) => show(&deliveries::endpoint_live(&visit.endpoint(id).await?)),
        ConnectionPage::EditEndpoint(id) => visit.edit_endpoint(id).await,
        ConnectionPage::SaveEndpoint(id) => visit.save_endpoint(incoming, Some(id)).await,
        ConnectionPage::AskDelete(id) => visit.ask_delete(id).await,
        ConnectionPage::Delete(id) => visit.delete(incoming, id).await,
        ConnectionPage::Rotate(id) => visit.rotate(incoming, id).await,
        ConnectionPage::PauseEndpoint(id) => {
            visit.on_endpoint(incoming, Call::Pause(id.clone()), &id, "endpoint-paused").await
        }
        ConnectionPage::ResumeEndpoint(id) => {
            visit.on_endpoint(incoming, Call::Resume(id.clone()), &id, "endpoint-resumed").await
        }
        ConnectionPage::TestEndpoint(id) => {
            visit.on_endpoint(incoming, Call::Test(id.clone()), &id, "tested").await
        }
        ConnectionPage::Skip(id) => visit.skip(incoming, id).await,
        ConnectionPage::Replay(id) => visit.replay(incoming, id).await,
        ConnectionPage::Privacy => visit.privacy(incoming).await,
        ConnectionPage::ErasePerson => visit.erase_person(incoming).await,
        ConnectionPage::ExportPerson => visit.export_person(incoming).await,
        ConnectionPage::SetRetention => visit.set_retention(incoming).await,
        ConnectionPage::AskLift(id) => visit.ask_lift(id).await,
        ConnectionPage::Lift(id) => visit.lift(incoming, id).await,
        ConnectionPage::Audit => visit.audit(incoming).await,
        ConnectionPage::Outbox => show(&outbox::page(&visit.outbox(incoming).await?)),
        ConnectionPage::OutboxLive => show(&outbox::live(&visit.outbox(incoming).await?)),
        ConnectionPage::Switches => visit.switches().await,
        ConnectionPage::SetSwitches => visit.set_switches(incoming).await,
        ConnectionPage::Action(id) => show(&outbox::one(&visit.action(id).await?)),
        ConnectionPage::ActionLive(id) => show(&outbox::one_live(&visit.action(id).await?)),
        ConnectionPage::CancelAction(id) => visit.on_action(incoming, id, "cancel").await,
        ConnectionPage::RetryAction(id) => visit.on_action(incoming, id, "retry").await,
        ConnectionPage::ResolveAction(id) => visit.on_action(incoming, id, "resolve").await,
        ConnectionPage::Act(name) => visit.act(incoming, name).await,
        ConnectionPage::SendAct(name) => visit.send_act(incoming, name).await,
        ConnectionPage::Mappings => visit.mappings().await,
        ConnectionPage::Mapping(action) => visit.mapping(action).await,
        ConnectionPage::SendMapping(action) => visit.send_mapping(incoming, action).await,
        ConnectionPage::AskDeleteMapping(action) => visit.ask_delete_mapping(action).await,
        ConnectionPage::DeleteMapping(action) => visit.delete_mapping(incoming, action).await,
        ConnectionPage::Activations => visit.activations().await,
        ConnectionPage::NewActivation => visit.activation_form(None).await,
        ConnectionPage::EditActivation(id) => visit.activation_form(Some(id)).await,
        ConnectionPage::SendActivation(id) => visit.send_activation(incoming, id).await,
        ConnectionPage::ActivationNames => visit.activation_names().await,
        ConnectionPage::SetActivationNames => visit.set_activation_names(incoming).await,
        ConnectionPage::RefusedContacts => visit.refused_contacts(incoming).await,
        ConnectionPage::RetryRefusedContacts => {
            let page = visit.paths.refused_contacts();
            visit.on_activation(incoming, Keep::RetryRefused, &page, "refused-retried").await
        }
        ConnectionPage::Activation(id) => visit.activation(id).await,
        ConnectionPage::PauseActivation(id) => {
            let page = visit.paths.activation(id.as_str());
            visit.on_activation(incoming, Keep::PauseActivation(id), &page, "activation-paused").await
        }
        ConnectionPage::ResumeActivation(id) => {
            let page = visit.paths.activation(id.as_str());
            visit.on_activation(incoming, Keep::ResumeActivation(id), &page, "activation-resumed").await
        }
        ConnectionPage::SyncActivation(id) => {
            let page = visit.paths.activation(id.as_str());
            visit.on_activation(incoming, Keep::SyncActivation(id), &page, "activation-sync").await
        }
        ConnectionPage::AskDeleteActivation(id) => visit.ask_delete_activation(id).await,
        ConnectionPage::DeleteActivation(id) => {
            let page = visit.paths.activations();
            visit.on_activation(incoming, Keep::RemoveActivation(id), &page, "activation-deleted").await
        }
        ConnectionPage::AttributeForm(which, id) => visit.attribute_form(which, id).await,
        ConnectionPage::SendAttribute(which, id) => visit.send_attribute(incoming, which, id).await,
        ConnectionPage::AskDeleteAttribute(which, id) => visit.ask_delete_attribute(which, id).await,
        ConnectionPage::DeleteAttribute(which, id) => {
            let (page, audiences) = (visit.paths.activations(), which.is_audiences());
            let command = Keep::RemoveAttribute { audiences, id };
            visit.on_activation(incoming, command, &page, "attribute-deleted").await
        }
        ConnectionPage::RetryProperty(which, id) => {
            let (page, audiences) = (visit.paths.activations(), which.is_audiences());
            let command = Keep::RetryProperty { audiences, id };
            visit.on_activation(incoming, command, &page, "property-retried").await
        }
        ConnectionPage::Automations => visit.automations(incoming).await,
        ConnectionPage::NewAutomation => visit.automation_form(None).await,
        ConnectionPage::EditAutomation(id) => visit.automation_form(Some(id)).await,
        ConnectionPage::SendAutomation(id) => visit.send_automation(incoming, id).await,
        ConnectionPage::EnableAutomation(id) => {
            visit.on_signals(incoming, Signals::Enable(id, true), "automation-enabled").await
        }
        ConnectionPage::PauseAutomation(id) => {
            visit.on_signals(incoming, Signals::Enable(id, false), "automation-paused").await
        }
        ConnectionPage::AskDeleteAutomation(id) => visit.ask_delete_automation(id).await,
        ConnectionPage::DeleteAutomation(id) => {
            visit.on_signals(incoming, Signals::RemoveAutomation(id), "automation-deleted").await
        }
        ConnectionPage::AutomationRun(id) => visit.automation_run(id).await,
        ConnectionPage::NewList => visit.list_form(None).await,
        ConnectionPage::EditList(id) => visit.list_form(Some(id)).await,
        ConnectionPage::SendList(id) => visit.send_list(incoming, id).await,
        ConnectionPage::AskDeleteList(id) => visit.ask_delete_list(id).await,
        ConnectionPage::DeleteList(id) => {
            visit.on_signals(incoming, Signals::RemoveList(id), "list-deleted").await
        }
        ConnectionPage::Workflows => visit.workflows().await,
        ConnectionPage::NewWorkflow => visit.workflow_form(incoming, None).await,
        ConnectionPage::Workflow(id) => visit.workflow(incoming, id).await,
        ConnectionPage::EditWorkflow(id) => visit.workflow_form(incoming, Some(id)).await,
        ConnectionPage::SendWorkflow(id) => visit.send_workflow(incoming, id).await,
        ConnectionPage::EnableWorkflow(id) => {
            visit.on_workflow(incoming, id.clone(), Workflows::Enable(id), "workflow-enabled").await
        }
        ConnectionPage::PauseWorkflow(id) => {
            visit.on_workflow(incoming, id.clone(), Workflows::Pause(id), "workflow-paused").await
        }
        ConnectionPage::AskDeleteWorkflow(id) => visit.ask_delete_workflow(id).await,
        ConnectionPage::DeleteWorkflow(id) => visit.delete_workflow(incoming, id).await,
        ConnectionPage::RestoreWorkflow(id, version) => {
            let command = Workflows::RollBack(id.clone(), version);
            visit.on_workflow(incoming, id, command, "workflow-restored").await
        }
        ConnectionPage::WorkflowRun(run) => visit.workflow_run(run).await,
        ConnectionPage::RetryWorkflowRun(run) => {
            visit.on_workflow_run(incoming, run.clone(), Workflows::Retry(run), "workflow-run-again").await
        }
        ConnectionPage::CancelWorkflowRun(run) => {
            let command = Workflows::CancelRun(run.clone());
            visit.on_workflow_run(incoming, run, command, "workflow-run-cancelled").await
        }
        ConnectionPage::Scores => visit.scores().await,
        ConnectionPage::SendScores => visit.send_scores(incoming).await,
        ConnectionPage::ScoreRun(run) => visit.score_run(run).await,
        ConnectionPage::ScoreErrors(run) => visit.score_errors(run).await,
        ConnectionPage::Matching => visit.matching().await,
        ConnectionPage::TryMatching => visit.try_matching(incoming).await,
    }
}

/// Sends a page.
pub(super) fn show(page: &crate::console::Page) -> Result<Response, Stop> {
    Ok(reply::page(page, &[], &[])?)
}

/// Sends the browser to a page that tells what has just happened.
pub(super) fn say(page: &str, done: &str) -> Result<Response, Stop> {
    let mark = if page.contains('?') { '&' } else { '?' };
    Ok(reply::see_other(&format!("{page}{mark}done={done}"), &[])?)
}

impl Visit<'_> {
    /// How much of HubSpot's limits is used.
    pub(super) async fn gauges(&self, status: &Status) -> Option<Gauges> {
        let (connections, statuses) = (std::slice::from_ref(&self.connection), [Some(status.clone())]);
        portals::gauges(self.env, connections, &statuses).await.into_iter().next().flatten()
    }

    pub(super) async fn status(&self) -> Option<Status> {
        portals::status(self.env, &self.connection.object).await.ok().flatten()
    }

    /// What surrounds every page of the connection.
    pub(super) async fn frame(&self) -> ConnectionFrame {
        self.frame_and_status().await.0
    }

    /// The same, and how many records of a type there are.
    pub(super) async fn frame_and_records(&self, kind: ObjectType) -> (ConnectionFrame, u64) {
        let (frame, status) = self.frame_and_status().await;
        let streams = status.iter().flat_map(|status| &status.streams);
        (frame, streams.filter(|stream| stream.object_type == kind).map(|stream| stream.records).sum())
    }

    pub(super) async fn frame_and_status(&self) -> (ConnectionFrame, Option<Status>) {
        let status = self.status().await;
        let around = self.visitor.frame(self.config);
        let now = Timestamp(around.now_at);
        let view = fill::connection(&self.config.apps, &self.connection, status.as_ref(), None, now);
        (fill::sync::frame(around, flash(&self.done), &view, status.as_ref()), status)
    }

    /// Puts a question to the Portal. What a type has that is not mirrored is not there.
    pub(super) async fn ask(&self, command: &Command) -> Result<Answer, Stop> {
        let actor = self.visitor.actor();
        match portals::ask_by(self.env, &self.connection.object, &actor, command).await? {
            Answer::TypeOff => Err(Notice::NotFound.into()),
            answer => Ok(answer),
        }
    }

    /// Has the Portal do what a form says, then sends the browser to a page that shows it.
    pub(super) async fn order(
        &self,
        incoming: &mut Incoming,
        command: Command,
        page: &str,
        done: &str,
    ) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        self.visitor.form(incoming).await?;
        match self.ask(&command).await? {
            Answer::Done if done.is_empty() => Ok(reply::see_other(page, &[])?),
            Answer::Done => say(page, done),
            Answer::Stopped | Answer::NotConnected => say(&self.paths.sync(), "stopped"),
            _ => Err(directory::unexpected().into()),
        }
    }

    async fn sync(&self) -> sync::SyncView {
        let status = self.status().await;
        let around = self.visitor.frame(self.config);
        let every_ms = self.config.work.check_every_ms;
        let flash = flash(&self.done);
        fill::sync::page(&self.config.apps, every_ms, around, flash, &self.connection, status.as_ref())
    }

    async fn ask_resync(&self, kind: ObjectType) -> Result<Response, Stop> {
        self.visitor.must_administer()?;
        let Some(status) = self.status().await else { return Err(Notice::NotFound.into()) };
        let gauges = self.gauges(&status).await;
        let around = self.visitor.frame(self.config);
        let now = Timestamp(around.now_at);
        let view = fill::connection(&self.config.apps, &self.connection, Some(&status), None, now);
        let at = fill::sync::frame(around, None, &view, Some(&status));
        match fill::sync::resync(at, &status, &kind.name(), gauges.as_ref()) {
            Some(view) => show(&sync::resync(&view)),
            None => Err(Notice::NotFound.into()),
        }
    }

    async fn fields(&self, object_type: ObjectType, incoming: &Incoming) -> Result<fields::FieldsView, Stop> {
        let Answer::Json(told) = self.ask(&Command::Fields { object_type }).await? else {
            return Err(Notice::NotFound.into());
        };
        let mirrored = match self.ask(&Command::Selection { object_type }).await? {
            Answer::Json(told) => fill::fields::Mirrored::read(&told),
            _ => fill::fields::Mirrored::read(""),
        };
        let search = FieldsQuery {
            query: parameter(incoming, "q").chars().take(100).collect(),
            show: parameter(incoming, "show"),
            page: parameter(incoming, "page").parse().unwrap_or(1),
            asked_at: parameter(incoming, "asked").parse().ok(),
        };
        fill::fields::page(self.frame().await, &object_type.name(), search, &told, &mirrored)
            .ok_or_else(|| directory::unexpected().into())
    }
}

/// What pages show of records.
impl Visit<'_> {
    pub(super) async fn look(&self, look: Look) -> Result<Seen, Stop> {
        match self.ask(&Command::Look(look)).await? {
            Answer::Looked(seen) => Ok(seen),
            _ => Err(directory::unexpected().into()),
        }
    }

    async fn records(&self, object_type: ObjectType, incoming: &Incoming) -> Result<Response, Stop> {
        let id = |name: &str| parameter(incoming, name).parse().ok();
        let (older_than, newer_than) = (id("older"), id("newer"));
        match self.look(Look::List { object_type, older_than, newer_than }).await? {
            Seen::List(list) => self.list(object_type, list, None).await,
            _ => Err(directory::unexpected().into()),
        }
    }

    async fn list(&self, kind: ObjectType, list: List, found: Option<String>) -> Result<Response, Stop> {
        let (at, total) = self.frame_and_records(kind).await;
        show(&records::page(&fill::records::page(at, kind, total, list, found)))
    }

    /// Leads to the record where there is one, shows the list where there are several.
    async fn find(&self, kind: ObjectType, incoming: &mut Incoming) -> Result<Response, Stop> {
        let fields = self.visitor.form(incoming).await?;
        let text: String = field(&fields, "q").trim().chars().take(320).collect();
        if let Ok(id) = text.parse::<RecordId>()
            && self.seen(kind, id, None).await?.is_known()
        {
            return Ok(reply::see_other(&self.paths.record(&kind.name(), &id.to_string()), &[])?);
        }
        let rows = match kind.key_property() {
            Some(_) if !text.is_empty() => self.by_key(kind, &text).await?,
            _ => Vec::new(),
        };
        if let [only] = rows.as_slice() {
            return Ok(reply::see_other(&self.paths.record(&kind.name(), &only.id.to_string()), &[])?);
        }
        self.list(kind, List { rows, newer: false, older: false }, Some(text)).await
    }

    pub(super) async fn by_key(&self, object_type: ObjectType, key: &str) -> Result<Vec<ListRow>, Stop> {
        match self.look(Look::Found { object_type, key: key.to_owned() }).await? {
            Seen::List(list) => Ok(list.rows),
            _ => Err(directory::unexpected().into()),
        }
    }

    pub(super) async fn seen(
        &self,
        object_type: ObjectType,
        id: RecordId,
        before: Option<u64>,
    ) -> Result<RecordSeen, Stop> {
        match self.look(Look::Record { object_type, id, before }).await? {
            Seen::Record(seen) => Ok(*seen),
            _ => Err(directory::unexpected().into()),
        }
    }

    async fn record(
        &self,
        kind: ObjectType,
        id: RecordId,
        incoming: &Incoming,
    ) -> Result<record::RecordView, Stop> {
        let before = parameter(incoming, "before").parse().ok();
        let asked_at = parameter(incoming, "asked").parse().ok();
        let seen = self.seen(kind, id, before).await?;
        let acts = self.acts(kind).await?;
        let view = fill::records::record(self.frame().await, kind, id, seen, asked_at, before);
        Ok(record::RecordView { acts, ..view })
    }
}

/// What has just happened. Words of ours only: nothing of the address is shown.
fn flash(done: &str) -> Option<Flash> {
    let (tone, words) = match done {
        "paused" => (
            Tone::Good,
            "Paused: nothing more is read from HubSpot until somebody resumes it. What HubSpot tells meanwhile is kept.",
        ),
        "resumed" => (Tone::Good, "Resumed: what has changed meanwhile is read now."),
        "chosen" => (
            Tone::Good,
            "Saved. Where the fields differ, every record is read once more; values come and go with it.",
        ),
        "resync" => (Tone::Good, "The full read has begun."),
        "type-on" => (Tone::Good, "Turned on: its records are read from HubSpot now."),
        "type-off" => {
            (Tone::Good, "Turned off: what was kept of it here is deleted. HubSpot keeps everything.")
        }
        "stopped" => (
            Tone::Warning,
            "Nothing was done: the connection, or this type of record, is not kept in step at the moment. The reason stands below.",
        ),
        "seat-revoked" => (Tone::Good, "The seat is revoked: nothing is asked in its name any more."),
        "renamed" => (Tone::Good, "The connection has its new name."),
        "tier" => (
            Tone::Good,
            "Saved. Calls are paced by this from now on; what HubSpot itself tells counts before it.",
        ),
        "exchanged" => (
            Tone::Good,
            "The token is good and in use. Nothing that was read is lost; the fields are read anew.",
        ),
        other => {
            let of_channels = || channel_pages::flash(other);
            let of_mappings = || mapping_pages::flash(other);
            return delivery_pages::flash(other)
                .or_else(of_channels)
                .or_else(|| privacy_pages::flash(other))
                .or_else(of_mappings)
                .or_else(|| outbox_pages::flash(other))
                .or_else(|| score_pages::flash(other))
                .or_else(|| automation_pages::flash(other))
                .or_else(|| activation_pages::flash(other))
                .or_else(|| workflow_pages::flash(other));
        }
    };
    Some(Flash { tone, words: words.to_owned() })
}
