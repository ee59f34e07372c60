//! What of the commands to a connection stands in its audit log, once it is done.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    engine::{
        actor::Actor,
        audit::{self, Deed},
        portal::{
            Portal, Turn,
            activations::commands::{
                Answer as ActivationAnswer, Command as ActivationCommand, NewActivation,
            },
            beside::commands::Command as Beside,
            blocks::Command as Privacy,
            channels::commands::{Action as OnChannel, Answer as ChannelAnswer, Command as ChannelCommand},
            endpoints::commands::{
                Action as OnEndpoint, Answer as EndpointAnswer, Command as EndpointCommand,
            },
            mappings::commands::{Answer as MappingAnswer, Command as MappingCommand},
            messages::{Answer, Command},
            outbox::commands::{Command as OutboxCommand, Taken},
            scores::commands::{Answer as ScoreAnswer, Command as ScoreCommand},
            seats::commands::{Answer as SeatAnswer, Command as SeatCommand},
            signals::commands::{Answer as SignalAnswer, Command as SignalCommand},
            types::{Answer as TypeAnswer, Command as TypeCommand},
            workflows::commands::{Answer as WorkflowAnswer, Command as WorkflowCommand},
        },
    },
    store::sql::SqlError,
    values::{json, receiver},
};

/// What a command would be in the log; `None`: it changes nothing that a person decides.
pub(super) fn deed(command: &Command) -> Option<Deed> {
    Some(match command {
        Command::Connect(connect) => Deed::on("connection.authorised", &connect.connection)
            .with(json!({ "app": connect.app, "scopes": connect.scopes.len() })),
        Command::SetTier(tier) => Deed::on("tier.set", "").with(json!({ "tier": tier })),
        Command::Select { object_type, selection } => {
            let fields = selection.fields.as_ref().map_or(json!("all"), |names| json!(names.len()));
            let details = json!({ "fields": fields, "keep_fresh": selection.kept_fresh.len() });
            Deed::on("fields.selected", object_type).with(details)
        }
        Command::Resync { object_type } => Deed::on("sync.resync", object_type),
        Command::Pause => Deed::on("sync.paused", ""),
        Command::Resume => Deed::on("sync.resumed", ""),
        Command::Disconnect { uninstall, revoke, .. } => {
            let details = json!({ "uninstall": uninstall, "revoke": revoke });
            Deed::on("connection.disconnected", "").with(details)
        }
        Command::SetRetention(wanted) => Deed::on("retention.set", "").with(json!(wanted)),
        Command::DeleteData => Deed::on("data.deleted", ""),
        Command::Privacy(command) => of_privacy(command)?,
        Command::Channel(ChannelCommand::Create(_)) => Deed::on("channel.created", ""),
        Command::Channel(ChannelCommand::On(id, action)) => Deed::on(of_channel(action)?, id),
        Command::Endpoint(EndpointCommand::Create { url, .. }) => {
            Deed::on("endpoint.created", "").with(json!({ "host": receiver::origin(url) }))
        }
        Command::Endpoint(EndpointCommand::On(id, action)) => {
            let deed = Deed::on(of_endpoint(action)?, id);
            match action {
                OnEndpoint::Update { url: Some(url), .. } => {
                    deed.with(json!({ "host": receiver::origin(url) }))
                }
                _ => deed,
            }
        }
        Command::Beside(Beside::Follow { list }) => Deed::on("list.followed", list),
        Command::Beside(Beside::Unfollow { list }) => Deed::on("list.unfollowed", list),
        Command::Types(TypeCommand::On(name)) => Deed::on("type.on", name),
        Command::Types(TypeCommand::Off(name)) => Deed::on("type.off", name),
        Command::Outbox(command) => of_outbox(command)?,
        Command::Seat(command) => of_seat(command)?,
        Command::Signal(command) => of_signal(command)?,
        Command::Workflow(command) => of_workflow(command)?,
        Command::Mapping(MappingCommand::Put(action, definition)) => {
            let entries = definition["entries"].as_array().map_or(0, Vec::len);
            Deed::on("mapping.set", action).with(json!({ "entries": entries }))
        }
        Command::Mapping(MappingCommand::Remove(action)) => Deed::on("mapping.deleted", action),
        Command::Mapping(MappingCommand::List | MappingCommand::Get(_) | MappingCommand::Fields(_)) => {
            return None;
        }
        Command::Score(command) => of_scores(command)?,
        Command::Activation(command) => of_activations(command)?,
        Command::Channel(_) | Command::Endpoint(_) | Command::Beside(_) | Command::Types(_) => return None,
        // Erasures among them are written down where they are done.
        Command::Webhook { .. } | Command::OwnWebhook(_) => return None,
        Command::Test | Command::Trial | Command::Usage | Command::Poke => {
            return None;
        }
        Command::Status
        | Command::Records { .. }
        | Command::Associations { .. }
        | Command::Record { .. }
        | Command::Look(_)
        | Command::Changes { .. }
        | Command::ChannelRecords { .. }
        | Command::Snapshot { .. }
        | Command::Fields { .. }
        | Command::Selection { .. }
        | Command::RefreshFields
        | Command::Reread { .. }
        | Command::Audit { .. }
        | Command::Retention
        | Command::Match(_)
        | Command::PanicOnce => return None,
    })
}

/// What is done stands in the outbox itself, action by action; here that somebody asked, and what people decided of it.
fn of_outbox(command: &OutboxCommand) -> Option<Deed> {
    match command {
        OutboxCommand::Do(all) | OutboxCommand::DoOfJob { all, .. } => {
            let real = all.iter().filter(|asked| !asked.dry_run).count();
            (real > 0).then(|| Deed::on("actions.asked", "").with(json!({ "actions": real })))
        }
        OutboxCommand::Cancel(id) => Some(Deed::on("action.cancelled", id)),
        OutboxCommand::Retry(id) => Some(Deed::on("action.retried", id)),
        OutboxCommand::Resolve { action, happened, .. } => {
            Some(Deed::on("action.resolved", action).with(json!({ "happened": happened })))
        }
        OutboxCommand::Set(settings) => Some(
            Deed::on("actions.set", "").with(json!({ "off": settings.off, "timeline": settings.timeline })),
        ),
        OutboxCommand::List { .. } | OutboxCommand::Get(_) | OutboxCommand::Settings => None,
    }
}

/// Which accounts have which scores is the host's own doing, and as frequent as its nights.
fn of_scores(command: &ScoreCommand) -> Option<Deed> {
    match command {
        ScoreCommand::Set(settings) => Some(Deed::on("scores.set", "").with(json!({
            "on": settings.on, "hour": settings.hour, "fields": settings.fields,
        }))),
        ScoreCommand::Create => Some(Deed::on("scores.fields_created", "")),
        ScoreCommand::RunNow { full } => Some(Deed::on("scores.run_asked", "").with(json!({ "full": full }))),
        ScoreCommand::Put(_) | ScoreCommand::Get(_) | ScoreCommand::Remove(_) => None,
        ScoreCommand::Settings | ScoreCommand::Check => None,
        ScoreCommand::Runs { .. } | ScoreCommand::Run(_) | ScoreCommand::Errors { .. } => None,
    }
}

/// Who is in which audience is the host's own doing, and as frequent as its visitors; here what becomes of properties and activations.
fn of_activations(command: &ActivationCommand) -> Option<Deed> {
    let of = |audiences: &bool, audience, attribute| if *audiences { audience } else { attribute };
    Some(match command {
        ActivationCommand::Set(names) => Deed::on("activations.set", "").with(json!(names)),
        ActivationCommand::PutAttribute { audiences, id, .. } => {
            Deed::on(of(audiences, "audience.set", "attribute.set"), id)
        }
        ActivationCommand::RemoveAttribute { audiences, id } => {
            Deed::on(of(audiences, "audience.deleted", "attribute.deleted"), id)
        }
        ActivationCommand::AddActivation(new) => Deed::on("activation.created", "").with(selected(new)),
        ActivationCommand::EditActivation(id, new) => Deed::on("activation.changed", id).with(selected(new)),
        ActivationCommand::RemoveActivation(id) => Deed::on("activation.deleted", id),
        ActivationCommand::PauseActivation(id) => Deed::on("activation.paused", id),
        ActivationCommand::ResumeActivation(id) => Deed::on("activation.resumed", id),
        ActivationCommand::SyncActivation(id) => Deed::on("activation.sync_asked", id),
        ActivationCommand::BeginReplace { audiences, id } => {
            Deed::on(of(audiences, "audience.replacement_begun", "attribute.replacement_begun"), id)
        }
        ActivationCommand::Settings
        | ActivationCommand::Attributes { .. }
        | ActivationCommand::Attribute { .. }
        | ActivationCommand::UsedBy { .. }
        | ActivationCommand::RetryProperty { .. }
        | ActivationCommand::PutValues { .. }
        | ActivationCommand::RemoveValue { .. }
        | ActivationCommand::Value { .. }
        | ActivationCommand::Values { .. }
        | ActivationCommand::EndReplace { .. }
        | ActivationCommand::Activations
        | ActivationCommand::Activation(_)
        | ActivationCommand::Refused { .. }
        | ActivationCommand::RetryRefused => return None,
    })
}

fn selected(new: &NewActivation) -> Value {
    json!({ "audiences": new.audiences.len(), "attributes": new.attributes.len(), "unknown": new.unknown })
}

/// Signals are the host's to send; here what people decided about them.
fn of_signal(command: &SignalCommand) -> Option<Deed> {
    let of = |id: Option<String>, made, changed| match id {
        None => Deed::on(made, ""),
        Some(id) => Deed::on(changed, id),
    };
    match command {
        SignalCommand::PutList(id, _) => Some(of(
            id.as_ref().map(ToString::to_string),
            "qualifying_list.created",
            "qualifying_list.changed",
        )),
        SignalCommand::RemoveList(id) => Some(Deed::on("qualifying_list.deleted", id)),
        SignalCommand::PutAutomation(id, definition) => {
            let steps = definition["steps"].as_array().map_or(0, Vec::len);
            let deed = of(id.as_ref().map(ToString::to_string), "automation.created", "automation.changed");
            Some(deed.with(json!({ "steps": steps })))
        }
        SignalCommand::RemoveAutomation(id) => Some(Deed::on("automation.deleted", id)),
        SignalCommand::Enable(id, true) => Some(Deed::on("automation.enabled", id)),
        SignalCommand::Enable(id, false) => Some(Deed::on("automation.paused", id)),
        SignalCommand::Receive(_)
        | SignalCommand::Signals { .. }
        | SignalCommand::Signal(_)
        | SignalCommand::Lists
        | SignalCommand::List(_)
        | SignalCommand::TryList { .. }
        | SignalCommand::Automations
        | SignalCommand::Automation(_)
        | SignalCommand::TryAutomation { .. }
        | SignalCommand::Runs { .. }
        | SignalCommand::Run(_) => None,
    }
}

/// Events are the host's to send; here what people decided.
fn of_workflow(command: &WorkflowCommand) -> Option<Deed> {
    let steps = |definition: &Value| json!({ "steps": definition["steps"].as_array().map_or(0, Vec::len) });
    Some(match command {
        WorkflowCommand::Add(definition) => Deed::on("workflow.created", "").with(steps(definition)),
        WorkflowCommand::Edit(id, definition) => Deed::on("workflow.changed", id).with(steps(definition)),
        WorkflowCommand::Remove(id) => Deed::on("workflow.deleted", id),
        WorkflowCommand::Enable(id) => Deed::on("workflow.enabled", id),
        WorkflowCommand::Pause(id) => Deed::on("workflow.paused", id),
        WorkflowCommand::RollBack(id, version) => {
            Deed::on("workflow.rolled_back", id).with(json!({ "to": version }))
        }
        WorkflowCommand::Retry(id) => Deed::on("workflow_run.retried", id),
        WorkflowCommand::CancelRun(id) => Deed::on("workflow_run.cancelled", id),
        WorkflowCommand::List
        | WorkflowCommand::One(_)
        | WorkflowCommand::Versions(_)
        | WorkflowCommand::Check(_)
        | WorkflowCommand::Templates
        | WorkflowCommand::Event(_)
        | WorkflowCommand::Events(_)
        | WorkflowCommand::Route(_)
        | WorkflowCommand::DryRun { .. }
        | WorkflowCommand::Runs { .. }
        | WorkflowCommand::Run(_) => return None,
    })
}

fn of_privacy(command: &Privacy) -> Option<Deed> {
    match command {
        Privacy::Erase { whom } => {
            Some(Deed::on("person.erased", "").with(json!({ "named_by": whom.word() })))
        }
        Privacy::Export { whom } => {
            Some(Deed::on("person.exported", "").with(json!({ "named_by": whom.word() })))
        }
        Privacy::Lift { id } => Some(Deed::on("person.let_in", id)),
        Privacy::Blocks { .. } => None,
    }
}

/// Of whom is in their seat's row; the log has its id.
fn of_seat(command: &SeatCommand) -> Option<Deed> {
    match command {
        SeatCommand::Invite { .. } => Some(Deed::on("seat.invited", "")),
        SeatCommand::Authorise(authorised) => Some(Deed::on("seat.authorised", &authorised.seat)),
        SeatCommand::Redeem { .. } => Some(Deed::on("seat.redeemed", "")),
        SeatCommand::Revoke(id) => Some(Deed::on("seat.revoked", id)),
        SeatCommand::Log { asked, .. } if asked.dry_run => None,
        SeatCommand::Log { seat, .. } => Some(Deed::on("seat.logged_call", seat)),
        SeatCommand::Desk { .. } | SeatCommand::DeskGoesOn { .. } | SeatCommand::DeskRead { .. } => None,
        SeatCommand::Look { .. }
        | SeatCommand::Start { .. }
        | SeatCommand::Finish { .. }
        | SeatCommand::List { .. }
        | SeatCommand::Get(_)
        | SeatCommand::Owner(_)
        | SeatCommand::Token { .. } => None,
    }
}

const fn of_channel(action: &OnChannel) -> Option<&'static str> {
    match action {
        OnChannel::Get => None,
        OnChannel::Update(_) => Some("channel.changed"),
        OnChannel::Pause => Some("channel.paused"),
        OnChannel::Resume => Some("channel.resumed"),
        OnChannel::Remove => Some("channel.deleted"),
    }
}

const fn of_endpoint(action: &OnEndpoint) -> Option<&'static str> {
    match action {
        OnEndpoint::Get | OnEndpoint::Test => None,
        OnEndpoint::Update { .. } => Some("endpoint.changed"),
        OnEndpoint::Remove => Some("endpoint.deleted"),
        OnEndpoint::Rotate => Some("endpoint.secret_rotated"),
        OnEndpoint::Pause => Some("endpoint.paused"),
        OnEndpoint::Resume => Some("endpoint.resumed"),
        OnEndpoint::Skip { .. } => Some("endpoint.message_skipped"),
        OnEndpoint::Replay { .. } => Some("endpoint.replayed"),
        OnEndpoint::HandOver => Some("endpoint.handed_over"),
    }
}

/// What an answer says of what was made.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Made {
    id: String,
    block: Named,
    erased: Option<Value>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Named {
    id: String,
}

/// The deed as it was done; `None`: it was not.
fn done(mut deed: Deed, answer: &Answer) -> Option<Deed> {
    let json = match answer {
        Answer::Done
        | Answer::Types(TypeAnswer::Json(_) | TypeAnswer::Off | TypeAnswer::Ordered)
        | Answer::Channel(ChannelAnswer::Removed)
        | Answer::Endpoint(EndpointAnswer::Removed)
        | Answer::Signal(SignalAnswer::Removed)
        | Answer::Activation(ActivationAnswer::Done)
        | Answer::Workflow(WorkflowAnswer::Removed)
        | Answer::Mapping(MappingAnswer::Json(_) | MappingAnswer::Removed) => return Some(deed),
        Answer::Json(json)
        | Answer::Channel(ChannelAnswer::Json(json))
        | Answer::Score(ScoreAnswer::Json(json))
        | Answer::Activation(ActivationAnswer::Json(json))
        | Answer::Signal(SignalAnswer::Json(json))
        | Answer::Workflow(WorkflowAnswer::Json(json))
        | Answer::Endpoint(EndpointAnswer::Json(json)) => json,
        Answer::Seat(SeatAnswer::Code { .. } | SeatAnswer::Logged(Taken::Action { new: true, .. })) => {
            return Some(deed);
        }
        Answer::Seat(SeatAnswer::Seat(seat) | SeatAnswer::Invited { seat, .. }) => {
            seat.id.as_str().clone_into(&mut deed.subject);
            return Some(deed);
        }
        _ => return None,
    };
    if deed.subject.is_empty()
        && let Ok(made) = json::parse::<Made>(json)
    {
        deed.subject = if made.id.is_empty() { made.block.id } else { made.id };
        if let (Value::Object(details), Some(erased)) = (&mut deed.details, made.erased) {
            details.insert("erased".to_owned(), erased);
        }
    }
    Some(deed)
}

impl Portal {
    /// Writes down that HubSpot told of records that were deleted for privacy.
    pub(super) fn note_erased(turn: &Turn<'_>, records: usize) -> Result<(), SqlError> {
        let deed = Deed::on("person.erased_at_hubspot", "").with(json!({ "records": records }));
        audit::note(turn.sql, turn.now, None, &Actor::HubSpot, &deed)
    }

    /// Writes down that somebody was deleted for privacy in HubSpot, of which no event told.
    pub(super) fn note_found_erased(turn: &Turn<'_>) -> Result<(), SqlError> {
        let details = json!({ "records": 1, "found_by": "reconcile" });
        let deed = Deed::on("person.erased_at_hubspot", "").with(details);
        audit::note(turn.sql, turn.now, None, &Actor::HubSpot, &deed)
    }

    /// Writes down what was done by a command.
    #[inline(never)]
    pub(super) fn note(
        &self,
        turn: &Turn<'_>,
        actor: &Actor,
        deed: Deed,
        answer: &Answer,
    ) -> Result<(), SqlError> {
        match done(deed, answer) {
            Some(deed) if self.connection.is_some() => audit::note(turn.sql, turn.now, None, actor, &deed),
            _ => Ok(()),
        }
    }
}
