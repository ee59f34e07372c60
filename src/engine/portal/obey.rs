//! A command to what it concerns: the one place that knows them all. What each does is said where it is done.

use super::{
    Answer, Command, Effect, Farewell, Portal, Running, Turn, Wanted, browse, channels, fields, keeping,
    links, query, snapshot,
};
use crate::{engine::actor::Actor, store::sql::SqlError};

impl Portal {
    pub(super) fn obey(
        &mut self,
        turn: &mut Turn<'_>,
        actor: &Actor,
        command: Command,
    ) -> Result<(Answer, Vec<Effect>), SqlError> {
        let mut effects = Vec::new();
        if command.about().is_some_and(|kind| !self.mirrors(kind)) {
            return Ok((Answer::TypeOff, effects));
        }
        let answer = match command {
            Command::Connect(connect) => {
                self.connect(turn, *connect)?;
                effects.push(self.rouse(turn.now));
                Answer::Done
            }
            Command::Poke => {
                self.prune(turn)?;
                self.reseal(turn)?;
                if !self.attends(turn.now) && self.work_due(turn)? {
                    effects.push(self.rouse(turn.now));
                }
                Answer::Done
            }
            Command::Webhook { touches } => self.webhook(turn, &touches, &mut effects)?,
            Command::Status => self.status(turn)?,
            Command::Records { object_type, after, limit, key } => {
                query::records(turn.sql, object_type, after, limit, key.as_deref())?
            }
            Command::Look(look) => Answer::Looked(browse::look(turn.sql, look, keeping::horizon(turn))?),
            Command::Associations { object_type, id, to_type, after, limit } => {
                links::show::of_record(turn.sql, object_type, id, to_type, after, limit)?
            }
            Command::Record { object_type, id } => query::record(turn.sql, object_type, id)?,
            Command::Changes { after, limit, types } => query::changes(turn, after, limit, &types)?,
            Command::ChannelRecords { channel, after, limit } => {
                channels::told::page(turn.sql, &channel, after, limit)?
            }
            Command::Snapshot { types, from, limit } if self.connection.is_some() => {
                Answer::Snapshot(Box::new(snapshot::page(turn.sql, &types, from, limit)?))
            }
            Command::Snapshot { .. } => Answer::NotConnected,
            Command::Fields { object_type } => {
                let of_type = |running: &&Running| running.saved.object_type == object_type;
                let stream = self.streams.iter().find(of_type);
                fields::told(turn.sql, object_type, stream.and_then(|running| running.saved.properties_at))?
            }
            Command::Selection { object_type } => self.selection(turn, object_type)?,
            Command::Select { object_type, selection } => {
                self.select(turn, object_type, selection, &mut effects)?
            }
            Command::RefreshFields => self.refresh_fields(turn, &mut effects)?,
            Command::Resync { object_type } => self.resync(turn, object_type, &mut effects)?,
            Command::Reread { object_type, id } => self.reread(turn, object_type, id, &mut effects)?,
            Command::Beside(command) => self.beside_command(turn, &command, &mut effects)?,
            Command::Types(_) if self.connection.is_none() => Answer::NotConnected,
            Command::Types(command) => {
                let answer = Answer::Types(self.types_command(turn, command, &mut effects)?);
                self.keep_minimum(turn)?;
                self.rouse_for_deliveries(turn, &mut effects)?;
                answer
            }
            Command::Pause => self.pause_by_person(turn)?,
            Command::Resume => self.resume(turn, &mut effects)?,
            Command::Disconnect { of, uninstall, revoke } => {
                self.disconnect(turn, of, Farewell { uninstall, revoke })?;
                effects.push(self.rouse(turn.now));
                Answer::Done
            }
            Command::OwnWebhook(delivery) => self.own_webhook(turn, &delivery, &mut effects)?,
            Command::Test => {
                let begun = self.test(turn)?;
                if begun {
                    self.rouse_idle(turn.now, &mut effects);
                }
                if begun { Answer::Done } else { Answer::Stopped }
            }
            Command::Trial => Answer::Trial(self.trial()),
            Command::Usage => Answer::Usage(self.usage(turn)?),
            Command::SetTier(tier) => self.set_tier(turn, tier)?,
            Command::DeleteData => self.delete_data(turn)?,
            Command::PanicOnce => {
                self.panic_once = true;
                effects.push(Effect::SetAlarm(turn.now));
                Answer::Done
            }
            Command::Privacy(command) => self.blocks_command(turn, actor, command, &mut effects)?,
            Command::Retention => self.retention(),
            Command::SetRetention(wanted) => self.set_retention(turn, &wanted, &mut effects)?,
            Command::Audit { before, action, limit } => {
                let wanted = Wanted { before, workspace: None, action: &action, limit };
                Answer::Json(crate::engine::audit::page(turn.sql, &wanted)?)
            }
            Command::Endpoint(command) => match self.connection.clone() {
                Some(connection) => {
                    let answer = self.endpoint_command(turn, &connection, command)?;
                    self.rouse_for_deliveries(turn, &mut effects)?;
                    Answer::Endpoint(answer)
                }
                None => Answer::NotConnected,
            },
            Command::Match(command) => self.match_command(turn, &command)?,
            Command::Seat(command) => Answer::Seat(self.seat_command(turn, actor, *command, &mut effects)?),
            Command::Outbox(_) if self.connection.is_none() => Answer::NotConnected,
            Command::Outbox(command) => {
                Answer::Outbox(self.outbox_command(turn, actor, command, &mut effects)?)
            }
            Command::Channel(_) if self.connection.is_none() => Answer::NotConnected,
            Command::Channel(command) => {
                let answer = self.channel_command(turn, command, &mut effects)?;
                let due = self.channels_due_at(turn)?.is_some_and(|at| at <= turn.now);
                if due {
                    self.rouse_idle(turn.now, &mut effects);
                }
                Answer::Channel(answer)
            }
            Command::Signal(_) if self.connection.is_none() => Answer::NotConnected,
            Command::Signal(command) => {
                let answer = self.signal_command(turn, *command, &mut effects)?;
                self.signals.stir();
                let due = self.signals_due_at(turn)?.is_some_and(|at| at <= turn.now);
                if due {
                    self.rouse_idle(turn.now, &mut effects);
                }
                Answer::Signal(answer)
            }
            Command::Workflow(_) if self.connection.is_none() => Answer::NotConnected,
            Command::Workflow(command) => {
                let answer = self.workflow_command(turn, actor, *command, &mut effects)?;
                self.workflows.stir();
                let due = self.workflows_due_at(turn)?.is_some_and(|at| at <= turn.now);
                if due || self.phones_due_at(turn.now).is_some() {
                    self.rouse_idle(turn.now, &mut effects);
                }
                Answer::Workflow(answer)
            }
            Command::Mapping(_) if self.connection.is_none() => Answer::NotConnected,
            Command::Mapping(command) => Answer::Mapping(self.mapping_command(turn, command)?),
            Command::Score(_) if self.connection.is_none() => Answer::NotConnected,
            Command::Score(command) => Answer::Score(self.score_command(turn, command, &mut effects)?),
            Command::Activation(_) if self.connection.is_none() => Answer::NotConnected,
            Command::Activation(command) => {
                Answer::Activation(self.activation_command(turn, *command, &mut effects)?)
            }
        };
        self.follow_activations(turn)?;
        if self.follow_channels(turn)? | self.tell_lifecycle(turn)? {
            self.rouse_for_deliveries(turn, &mut effects)?;
        }
        if self.follow_workflows(turn)? {
            self.rouse_idle(turn.now, &mut effects);
        }
        Ok((answer, effects))
    }
}
