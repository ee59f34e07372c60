//! Addresses of the pages of one connection, all below `/w/{w}/connections/{c}`; see `console::connection_paths`.

use crate::{
    api::{
        activation::{self, Which},
        route::{self, Make, Route},
    },
    engine::portal::outbox::actions::Name,
    values::{
        http::Method,
        ids::{
            ActionId, ActivationId, AttributeId, AutomationId, BlockId, ChannelId, EndpointId, ObjectType,
            QualifyingListId, RecordId, RunId, SeatId, WorkflowId,
        },
        mapping::Action,
    },
};

/// What is asked for of one connection. *Live*: the part of a page that changes by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectionPage {
    /// `GET …`
    Sync,
    /// `GET …/live`
    SyncLive,
    /// `POST …/pause`
    Pause,
    /// `POST …/resume`
    Resume,
    /// `GET …/streams/{type}/resync`
    AskResync(ObjectType),
    /// `POST …/streams/{type}/resync`
    Resync(ObjectType),
    /// `GET …/access`
    Access,
    /// `GET …/access/live`
    AccessLive,
    /// `POST …/access/test`
    Test,
    /// `GET …/access/credentials`
    AskCredentials,
    /// `POST …/access/credentials`
    SendCredentials,
    /// `POST …/access/name`
    Rename,
    /// `POST …/access/seats/{s}/revoke`
    RevokeSeat(SeatId),
    /// `GET …/limits`
    Limits,
    /// `GET …/limits/live`
    LimitsLive,
    /// `POST …/limits/tier`
    SetTier,
    /// `GET …/types`
    Types,
    /// `GET …/types/live`
    TypesLive,
    /// `POST …/types/refresh`
    RefreshTypes,
    /// `POST …/types/{type}/on`
    TurnOn(ObjectType),
    /// `GET …/types/{type}/off`
    AskTurnOff(ObjectType),
    /// `POST …/types/{type}/off`
    TurnOff(ObjectType),
    /// `GET …/fields/{type}`
    Fields(ObjectType),
    /// `GET …/fields/{type}/live`
    FieldsLive(ObjectType),
    /// `POST …/fields/{type}/refresh`
    RefreshFields(ObjectType),
    /// `GET …/fields/{type}/choose`
    ChooseFields(ObjectType),
    /// `POST …/fields/{type}/choose`
    SendFieldChoice(ObjectType),
    /// `GET …/records/{type}`
    Records(ObjectType),
    /// `POST …/records/{type}/find`
    FindRecord(ObjectType),
    /// `GET …/records/{type}/{id}`
    Record(ObjectType, RecordId),
    /// `GET …/records/{type}/{id}/live`
    RecordLive(ObjectType, RecordId),
    /// `POST …/records/{type}/{id}/reread`
    Reread(ObjectType, RecordId),
    /// `GET …/channels`
    Channels,
    /// `GET …/channels/live`
    ChannelsLive,
    /// `GET …/channels/new/{type}`
    NewChannel(ObjectType),
    /// `POST …/channels/new/{type}`
    SendNewChannel(ObjectType),
    /// `GET …/channels/{ch}`
    Channel(ChannelId),
    /// `GET …/channels/{ch}/live`
    ChannelLive(ChannelId),
    /// `GET …/channels/{ch}/edit`
    EditChannel(ChannelId),
    /// `POST …/channels/{ch}/edit`
    SendChannel(ChannelId),
    /// `GET …/channels/{ch}/delete`
    AskDeleteChannel(ChannelId),
    /// `POST …/channels/{ch}/delete`
    DeleteChannel(ChannelId),
    /// `POST …/channels/{ch}/pause`
    PauseChannel(ChannelId),
    /// `POST …/channels/{ch}/resume`
    ResumeChannel(ChannelId),
    /// `GET …/deliveries`
    Deliveries,
    /// `GET …/deliveries/live`
    DeliveriesLive,
    /// `GET …/deliveries/new`
    NewEndpoint,
    /// `POST …/deliveries/new`
    CreateEndpoint,
    /// `GET …/endpoints/{e}`
    Endpoint(EndpointId),
    /// `GET …/endpoints/{e}/live`
    EndpointLive(EndpointId),
    /// `GET …/endpoints/{e}/edit`
    EditEndpoint(EndpointId),
    /// `POST …/endpoints/{e}/edit`
    SaveEndpoint(EndpointId),
    /// `GET …/endpoints/{e}/delete`
    AskDelete(EndpointId),
    /// `POST …/endpoints/{e}/delete`
    Delete(EndpointId),
    /// `POST …/endpoints/{e}/rotate-secret`
    Rotate(EndpointId),
    /// `POST …/endpoints/{e}/pause`
    PauseEndpoint(EndpointId),
    /// `POST …/endpoints/{e}/resume`
    ResumeEndpoint(EndpointId),
    /// `POST …/endpoints/{e}/test`
    TestEndpoint(EndpointId),
    /// `POST …/endpoints/{e}/skip`
    Skip(EndpointId),
    /// `POST …/endpoints/{e}/replay`
    Replay(EndpointId),
    /// `GET …/privacy`
    Privacy,
    /// `POST …/privacy/erase`
    ErasePerson,
    /// `POST …/privacy/export`
    ExportPerson,
    /// `POST …/privacy/retention`
    SetRetention,
    /// `GET …/privacy/blocks/{b}/lift`
    AskLift(BlockId),
    /// `POST …/privacy/blocks/{b}/lift`
    Lift(BlockId),
    /// `GET …/audit`
    Audit,
    /// `GET …/mappings`
    Mappings,
    /// `GET …/mappings/{action}`
    Mapping(Action),
    /// `POST …/mappings/{action}`
    SendMapping(Action),
    /// `GET …/mappings/{action}/delete`
    AskDeleteMapping(Action),
    /// `POST …/mappings/{action}/delete`
    DeleteMapping(Action),
    /// `GET …/scores`
    Scores,
    /// `POST …/scores`
    SendScores,
    /// `GET …/scores/runs/{run}`
    ScoreRun(u32),
    /// `GET …/scores/runs/{run}/errors`
    ScoreErrors(u32),
    /// `GET …/activations`
    Activations,
    /// `GET …/activations/new`
    NewActivation,
    /// `GET …/activations/{a}/edit`
    EditActivation(ActivationId),
    /// `POST …/activations/new`, `POST …/activations/{a}/edit`
    SendActivation(Option<ActivationId>),
    /// `GET …/activations/settings`
    ActivationNames,
    /// `POST …/activations/settings`
    SetActivationNames,
    /// `GET …/activations/refused`
    RefusedContacts,
    /// `POST …/activations/refused`
    RetryRefusedContacts,
    /// `GET …/activations/{a}`
    Activation(ActivationId),
    /// `POST …/activations/{a}/pause`
    PauseActivation(ActivationId),
    /// `POST …/activations/{a}/resume`
    ResumeActivation(ActivationId),
    /// `POST …/activations/{a}/sync`
    SyncActivation(ActivationId),
    /// `GET …/activations/{a}/delete`
    AskDeleteActivation(ActivationId),
    /// `POST …/activations/{a}/delete`
    DeleteActivation(ActivationId),
    /// `GET …/audiences/new`, `GET …/audiences/{a}/edit`, and of attributes
    AttributeForm(Which, Option<AttributeId>),
    /// `POST …/audiences/new`, `POST …/audiences/{a}/edit`, and of attributes
    SendAttribute(Which, Option<AttributeId>),
    /// `GET …/audiences/{a}/delete`, and of attributes
    AskDeleteAttribute(Which, AttributeId),
    /// `POST …/audiences/{a}/delete`, and of attributes
    DeleteAttribute(Which, AttributeId),
    /// `POST …/audiences/{a}/retry`, and of attributes
    RetryProperty(Which, AttributeId),
    /// `GET …/automations`
    Automations,
    /// `GET …/automations/new`
    NewAutomation,
    /// `GET …/automations/{a}/edit`
    EditAutomation(AutomationId),
    /// `POST …/automations/new`, `POST …/automations/{a}/edit`
    SendAutomation(Option<AutomationId>),
    /// `POST …/automations/{a}/enable`
    EnableAutomation(AutomationId),
    /// `POST …/automations/{a}/pause`
    PauseAutomation(AutomationId),
    /// `GET …/automations/{a}/delete`
    AskDeleteAutomation(AutomationId),
    /// `POST …/automations/{a}/delete`
    DeleteAutomation(AutomationId),
    /// `GET …/automation-runs/{r}`
    AutomationRun(RunId),
    /// `GET …/qualifying-lists/new`
    NewList,
    /// `GET …/qualifying-lists/{l}/edit`
    EditList(QualifyingListId),
    /// `POST …/qualifying-lists/new`, `POST …/qualifying-lists/{l}/edit`
    SendList(Option<QualifyingListId>),
    /// `GET …/qualifying-lists/{l}/delete`
    AskDeleteList(QualifyingListId),
    /// `POST …/qualifying-lists/{l}/delete`
    DeleteList(QualifyingListId),
    /// `GET …/workflows`
    Workflows,
    /// `GET …/workflows/new`
    NewWorkflow,
    /// `GET …/workflows/{w}`
    Workflow(WorkflowId),
    /// `GET …/workflows/{w}/edit`
    EditWorkflow(WorkflowId),
    /// `POST …/workflows/new`, `POST …/workflows/{w}/edit`
    SendWorkflow(Option<WorkflowId>),
    /// `POST …/workflows/{w}/enable`
    EnableWorkflow(WorkflowId),
    /// `POST …/workflows/{w}/pause`
    PauseWorkflow(WorkflowId),
    /// `GET …/workflows/{w}/delete`
    AskDeleteWorkflow(WorkflowId),
    /// `POST …/workflows/{w}/delete`
    DeleteWorkflow(WorkflowId),
    /// `POST …/workflows/{w}/versions/{v}/restore`
    RestoreWorkflow(WorkflowId, u32),
    /// `GET …/workflow-runs/{r}`
    WorkflowRun(RunId),
    /// `POST …/workflow-runs/{r}/retry`
    RetryWorkflowRun(RunId),
    /// `POST …/workflow-runs/{r}/cancel`
    CancelWorkflowRun(RunId),
    /// `GET …/matching`
    Matching,
    /// `POST …/matching`
    TryMatching,
    /// `GET …/outbox`
    Outbox,
    /// `GET …/outbox/live`
    OutboxLive,
    /// `GET …/outbox/settings`
    Switches,
    /// `POST …/outbox/settings`
    SetSwitches,
    /// `GET …/outbox/{a}`
    Action(ActionId),
    /// `GET …/outbox/{a}/live`
    ActionLive(ActionId),
    /// `POST …/outbox/{a}/cancel`
    CancelAction(ActionId),
    /// `POST …/outbox/{a}/retry`
    RetryAction(ActionId),
    /// `POST …/outbox/{a}/resolve`
    ResolveAction(ActionId),
    /// `GET …/act/{name}`
    Act(Name),
    /// `POST …/act/{name}`
    SendAct(Name),
}

/// Every such address, as in the router's own table.
pub const TABLE: [(Method, &str, Make); 148] = [
    (Method::Get, "/w/*/connections/*", |at| page(at, ConnectionPage::Sync)),
    (Method::Get, "/w/*/connections/*/live", |at| page(at, ConnectionPage::SyncLive)),
    (Method::Post, "/w/*/connections/*/pause", |at| page(at, ConnectionPage::Pause)),
    (Method::Post, "/w/*/connections/*/resume", |at| page(at, ConnectionPage::Resume)),
    (Method::Get, "/w/*/connections/*/streams/*/resync", |at| of_type(at, ConnectionPage::AskResync)),
    (Method::Post, "/w/*/connections/*/streams/*/resync", |at| of_type(at, ConnectionPage::Resync)),
    (Method::Get, "/w/*/connections/*/access", |at| page(at, ConnectionPage::Access)),
    (Method::Get, "/w/*/connections/*/access/live", |at| page(at, ConnectionPage::AccessLive)),
    (Method::Post, "/w/*/connections/*/access/test", |at| page(at, ConnectionPage::Test)),
    (Method::Get, "/w/*/connections/*/access/credentials", |at| page(at, ConnectionPage::AskCredentials)),
    (Method::Post, "/w/*/connections/*/access/credentials", |at| page(at, ConnectionPage::SendCredentials)),
    (Method::Post, "/w/*/connections/*/access/name", |at| page(at, ConnectionPage::Rename)),
    (Method::Post, "/w/*/connections/*/access/seats/*/revoke", |at| {
        page(at, ConnectionPage::RevokeSeat(at[2].parse().ok()?))
    }),
    (Method::Get, "/w/*/connections/*/limits", |at| page(at, ConnectionPage::Limits)),
    (Method::Get, "/w/*/connections/*/limits/live", |at| page(at, ConnectionPage::LimitsLive)),
    (Method::Post, "/w/*/connections/*/limits/tier", |at| page(at, ConnectionPage::SetTier)),
    (Method::Get, "/w/*/connections/*/types", |at| page(at, ConnectionPage::Types)),
    (Method::Get, "/w/*/connections/*/types/live", |at| page(at, ConnectionPage::TypesLive)),
    (Method::Post, "/w/*/connections/*/types/refresh", |at| page(at, ConnectionPage::RefreshTypes)),
    (Method::Post, "/w/*/connections/*/types/*/on", |at| of_type(at, ConnectionPage::TurnOn)),
    (Method::Get, "/w/*/connections/*/types/*/off", |at| of_type(at, ConnectionPage::AskTurnOff)),
    (Method::Post, "/w/*/connections/*/types/*/off", |at| of_type(at, ConnectionPage::TurnOff)),
    (Method::Get, "/w/*/connections/*/fields/*", |at| of_type(at, ConnectionPage::Fields)),
    (Method::Get, "/w/*/connections/*/fields/*/live", |at| of_type(at, ConnectionPage::FieldsLive)),
    (Method::Post, "/w/*/connections/*/fields/*/refresh", |at| of_type(at, ConnectionPage::RefreshFields)),
    (Method::Get, "/w/*/connections/*/fields/*/choose", |at| of_type(at, ConnectionPage::ChooseFields)),
    (Method::Post, "/w/*/connections/*/fields/*/choose", |at| of_type(at, ConnectionPage::SendFieldChoice)),
    (Method::Get, "/w/*/connections/*/records/*", |at| of_type(at, ConnectionPage::Records)),
    (Method::Post, "/w/*/connections/*/records/*/find", |at| of_type(at, ConnectionPage::FindRecord)),
    (Method::Get, "/w/*/connections/*/records/*/*", |at| of_record(at, ConnectionPage::Record)),
    (Method::Get, "/w/*/connections/*/records/*/*/live", |at| of_record(at, ConnectionPage::RecordLive)),
    (Method::Post, "/w/*/connections/*/records/*/*/reread", |at| of_record(at, ConnectionPage::Reread)),
    (Method::Get, "/w/*/connections/*/channels", |at| page(at, ConnectionPage::Channels)),
    (Method::Get, "/w/*/connections/*/channels/live", |at| page(at, ConnectionPage::ChannelsLive)),
    (Method::Get, "/w/*/connections/*/channels/new/*", |at| of_type(at, ConnectionPage::NewChannel)),
    (Method::Post, "/w/*/connections/*/channels/new/*", |at| of_type(at, ConnectionPage::SendNewChannel)),
    (Method::Get, "/w/*/connections/*/channels/*", |at| of_channel(at, ConnectionPage::Channel)),
    (Method::Get, "/w/*/connections/*/channels/*/live", |at| of_channel(at, ConnectionPage::ChannelLive)),
    (Method::Get, "/w/*/connections/*/channels/*/edit", |at| of_channel(at, ConnectionPage::EditChannel)),
    (Method::Post, "/w/*/connections/*/channels/*/edit", |at| of_channel(at, ConnectionPage::SendChannel)),
    (Method::Get, "/w/*/connections/*/channels/*/delete", |at| {
        of_channel(at, ConnectionPage::AskDeleteChannel)
    }),
    (Method::Post, "/w/*/connections/*/channels/*/delete", |at| {
        of_channel(at, ConnectionPage::DeleteChannel)
    }),
    (Method::Post, "/w/*/connections/*/channels/*/pause", |at| of_channel(at, ConnectionPage::PauseChannel)),
    (Method::Post, "/w/*/connections/*/channels/*/resume", |at| {
        of_channel(at, ConnectionPage::ResumeChannel)
    }),
    (Method::Get, "/w/*/connections/*/deliveries", |at| page(at, ConnectionPage::Deliveries)),
    (Method::Get, "/w/*/connections/*/deliveries/live", |at| page(at, ConnectionPage::DeliveriesLive)),
    (Method::Get, "/w/*/connections/*/deliveries/new", |at| page(at, ConnectionPage::NewEndpoint)),
    (Method::Post, "/w/*/connections/*/deliveries/new", |at| page(at, ConnectionPage::CreateEndpoint)),
    (Method::Get, "/w/*/connections/*/endpoints/*", |at| of_endpoint(at, ConnectionPage::Endpoint)),
    (Method::Get, "/w/*/connections/*/endpoints/*/live", |at| of_endpoint(at, ConnectionPage::EndpointLive)),
    (Method::Get, "/w/*/connections/*/endpoints/*/edit", |at| of_endpoint(at, ConnectionPage::EditEndpoint)),
    (Method::Post, "/w/*/connections/*/endpoints/*/edit", |at| of_endpoint(at, ConnectionPage::SaveEndpoint)),
    (Method::Get, "/w/*/connections/*/endpoints/*/delete", |at| of_endpoint(at, ConnectionPage::AskDelete)),
    (Method::Post, "/w/*/connections/*/endpoints/*/delete", |at| of_endpoint(at, ConnectionPage::Delete)),
    (Method::Post, "/w/*/connections/*/endpoints/*/rotate-secret", |at| {
        of_endpoint(at, ConnectionPage::Rotate)
    }),
    (Method::Post, "/w/*/connections/*/endpoints/*/pause", |at| {
        of_endpoint(at, ConnectionPage::PauseEndpoint)
    }),
    (Method::Post, "/w/*/connections/*/endpoints/*/resume", |at| {
        of_endpoint(at, ConnectionPage::ResumeEndpoint)
    }),
    (Method::Post, "/w/*/connections/*/endpoints/*/test", |at| of_endpoint(at, ConnectionPage::TestEndpoint)),
    (Method::Post, "/w/*/connections/*/endpoints/*/skip", |at| of_endpoint(at, ConnectionPage::Skip)),
    (Method::Post, "/w/*/connections/*/endpoints/*/replay", |at| of_endpoint(at, ConnectionPage::Replay)),
    (Method::Get, "/w/*/connections/*/privacy", |at| page(at, ConnectionPage::Privacy)),
    (Method::Post, "/w/*/connections/*/privacy/erase", |at| page(at, ConnectionPage::ErasePerson)),
    (Method::Post, "/w/*/connections/*/privacy/export", |at| page(at, ConnectionPage::ExportPerson)),
    (Method::Post, "/w/*/connections/*/privacy/retention", |at| page(at, ConnectionPage::SetRetention)),
    (Method::Get, "/w/*/connections/*/privacy/blocks/*/lift", |at| of_block(at, ConnectionPage::AskLift)),
    (Method::Post, "/w/*/connections/*/privacy/blocks/*/lift", |at| of_block(at, ConnectionPage::Lift)),
    (Method::Get, "/w/*/connections/*/audit", |at| page(at, ConnectionPage::Audit)),
    (Method::Get, "/w/*/connections/*/mappings", |at| page(at, ConnectionPage::Mappings)),
    (Method::Get, "/w/*/connections/*/mappings/*", |at| of_action(at, ConnectionPage::Mapping)),
    (Method::Post, "/w/*/connections/*/mappings/*", |at| of_action(at, ConnectionPage::SendMapping)),
    (Method::Get, "/w/*/connections/*/mappings/*/delete", |at| {
        of_action(at, ConnectionPage::AskDeleteMapping)
    }),
    (Method::Post, "/w/*/connections/*/mappings/*/delete", |at| of_action(at, ConnectionPage::DeleteMapping)),
    (Method::Get, "/w/*/connections/*/scores", |at| page(at, ConnectionPage::Scores)),
    (Method::Post, "/w/*/connections/*/scores", |at| page(at, ConnectionPage::SendScores)),
    (Method::Get, "/w/*/connections/*/scores/runs/*", |at| {
        page(at, ConnectionPage::ScoreRun(at[2].parse().ok()?))
    }),
    (Method::Get, "/w/*/connections/*/scores/runs/*/errors", |at| {
        page(at, ConnectionPage::ScoreErrors(at[2].parse().ok()?))
    }),
    (Method::Get, "/w/*/connections/*/activations", |at| page(at, ConnectionPage::Activations)),
    (Method::Get, "/w/*/connections/*/activations/new", |at| page(at, ConnectionPage::NewActivation)),
    (Method::Post, "/w/*/connections/*/activations/new", |at| page(at, ConnectionPage::SendActivation(None))),
    (Method::Get, "/w/*/connections/*/activations/settings", |at| page(at, ConnectionPage::ActivationNames)),
    (Method::Post, "/w/*/connections/*/activations/settings", |at| {
        page(at, ConnectionPage::SetActivationNames)
    }),
    (Method::Get, "/w/*/connections/*/activations/refused", |at| page(at, ConnectionPage::RefusedContacts)),
    (Method::Post, "/w/*/connections/*/activations/refused", |at| {
        page(at, ConnectionPage::RetryRefusedContacts)
    }),
    (Method::Get, "/w/*/connections/*/activations/*", |at| of_activation(at, ConnectionPage::Activation)),
    (Method::Get, "/w/*/connections/*/activations/*/edit", |at| {
        of_activation(at, ConnectionPage::EditActivation)
    }),
    (Method::Post, "/w/*/connections/*/activations/*/edit", |at| {
        page(at, ConnectionPage::SendActivation(Some(at[2].parse().ok()?)))
    }),
    (Method::Post, "/w/*/connections/*/activations/*/pause", |at| {
        of_activation(at, ConnectionPage::PauseActivation)
    }),
    (Method::Post, "/w/*/connections/*/activations/*/resume", |at| {
        of_activation(at, ConnectionPage::ResumeActivation)
    }),
    (Method::Post, "/w/*/connections/*/activations/*/sync", |at| {
        of_activation(at, ConnectionPage::SyncActivation)
    }),
    (Method::Get, "/w/*/connections/*/activations/*/delete", |at| {
        of_activation(at, ConnectionPage::AskDeleteActivation)
    }),
    (Method::Post, "/w/*/connections/*/activations/*/delete", |at| {
        of_activation(at, ConnectionPage::DeleteActivation)
    }),
    (Method::Get, "/w/*/connections/*/audiences/new", |at| {
        page(at, ConnectionPage::AttributeForm(Which::Audiences, None))
    }),
    (Method::Post, "/w/*/connections/*/audiences/new", |at| {
        page(at, ConnectionPage::SendAttribute(Which::Audiences, None))
    }),
    (Method::Get, "/w/*/connections/*/audiences/*/edit", |at| {
        page(at, ConnectionPage::AttributeForm(Which::Audiences, Some(activation::id(at[2])?)))
    }),
    (Method::Post, "/w/*/connections/*/audiences/*/edit", |at| {
        page(at, ConnectionPage::SendAttribute(Which::Audiences, Some(activation::id(at[2])?)))
    }),
    (Method::Get, "/w/*/connections/*/audiences/*/delete", |at| {
        page(at, ConnectionPage::AskDeleteAttribute(Which::Audiences, activation::id(at[2])?))
    }),
    (Method::Post, "/w/*/connections/*/audiences/*/delete", |at| {
        page(at, ConnectionPage::DeleteAttribute(Which::Audiences, activation::id(at[2])?))
    }),
    (Method::Post, "/w/*/connections/*/audiences/*/retry", |at| {
        page(at, ConnectionPage::RetryProperty(Which::Audiences, activation::id(at[2])?))
    }),
    (Method::Get, "/w/*/connections/*/attributes/new", |at| {
        page(at, ConnectionPage::AttributeForm(Which::Attributes, None))
    }),
    (Method::Post, "/w/*/connections/*/attributes/new", |at| {
        page(at, ConnectionPage::SendAttribute(Which::Attributes, None))
    }),
    (Method::Get, "/w/*/connections/*/attributes/*/edit", |at| {
        page(at, ConnectionPage::AttributeForm(Which::Attributes, Some(activation::id(at[2])?)))
    }),
    (Method::Post, "/w/*/connections/*/attributes/*/edit", |at| {
        page(at, ConnectionPage::SendAttribute(Which::Attributes, Some(activation::id(at[2])?)))
    }),
    (Method::Get, "/w/*/connections/*/attributes/*/delete", |at| {
        page(at, ConnectionPage::AskDeleteAttribute(Which::Attributes, activation::id(at[2])?))
    }),
    (Method::Post, "/w/*/connections/*/attributes/*/delete", |at| {
        page(at, ConnectionPage::DeleteAttribute(Which::Attributes, activation::id(at[2])?))
    }),
    (Method::Post, "/w/*/connections/*/attributes/*/retry", |at| {
        page(at, ConnectionPage::RetryProperty(Which::Attributes, activation::id(at[2])?))
    }),
    (Method::Get, "/w/*/connections/*/automations", |at| page(at, ConnectionPage::Automations)),
    (Method::Get, "/w/*/connections/*/automations/new", |at| page(at, ConnectionPage::NewAutomation)),
    (Method::Post, "/w/*/connections/*/automations/new", |at| page(at, ConnectionPage::SendAutomation(None))),
    (Method::Get, "/w/*/connections/*/automations/*/edit", |at| {
        of_automation(at, ConnectionPage::EditAutomation)
    }),
    (Method::Post, "/w/*/connections/*/automations/*/edit", |at| {
        page(at, ConnectionPage::SendAutomation(Some(at[2].parse().ok()?)))
    }),
    (Method::Post, "/w/*/connections/*/automations/*/enable", |at| {
        of_automation(at, ConnectionPage::EnableAutomation)
    }),
    (Method::Post, "/w/*/connections/*/automations/*/pause", |at| {
        of_automation(at, ConnectionPage::PauseAutomation)
    }),
    (Method::Get, "/w/*/connections/*/automations/*/delete", |at| {
        of_automation(at, ConnectionPage::AskDeleteAutomation)
    }),
    (Method::Post, "/w/*/connections/*/automations/*/delete", |at| {
        of_automation(at, ConnectionPage::DeleteAutomation)
    }),
    (Method::Get, "/w/*/connections/*/automation-runs/*", |at| {
        page(at, ConnectionPage::AutomationRun(at[2].parse().ok()?))
    }),
    (Method::Get, "/w/*/connections/*/qualifying-lists/new", |at| page(at, ConnectionPage::NewList)),
    (Method::Post, "/w/*/connections/*/qualifying-lists/new", |at| page(at, ConnectionPage::SendList(None))),
    (Method::Get, "/w/*/connections/*/qualifying-lists/*/edit", |at| of_list(at, ConnectionPage::EditList)),
    (Method::Post, "/w/*/connections/*/qualifying-lists/*/edit", |at| {
        page(at, ConnectionPage::SendList(Some(at[2].parse().ok()?)))
    }),
    (Method::Get, "/w/*/connections/*/qualifying-lists/*/delete", |at| {
        of_list(at, ConnectionPage::AskDeleteList)
    }),
    (Method::Post, "/w/*/connections/*/qualifying-lists/*/delete", |at| {
        of_list(at, ConnectionPage::DeleteList)
    }),
    (Method::Get, "/w/*/connections/*/workflows", |at| page(at, ConnectionPage::Workflows)),
    (Method::Get, "/w/*/connections/*/workflows/new", |at| page(at, ConnectionPage::NewWorkflow)),
    (Method::Post, "/w/*/connections/*/workflows/new", |at| page(at, ConnectionPage::SendWorkflow(None))),
    (Method::Get, "/w/*/connections/*/workflows/*", |at| of_workflow(at, ConnectionPage::Workflow)),
    (Method::Get, "/w/*/connections/*/workflows/*/edit", |at| of_workflow(at, ConnectionPage::EditWorkflow)),
    (Method::Post, "/w/*/connections/*/workflows/*/edit", |at| {
        page(at, ConnectionPage::SendWorkflow(Some(at[2].parse().ok()?)))
    }),
    (Method::Post, "/w/*/connections/*/workflows/*/enable", |at| {
        of_workflow(at, ConnectionPage::EnableWorkflow)
    }),
    (Method::Post, "/w/*/connections/*/workflows/*/pause", |at| {
        of_workflow(at, ConnectionPage::PauseWorkflow)
    }),
    (Method::Get, "/w/*/connections/*/workflows/*/delete", |at| {
        of_workflow(at, ConnectionPage::AskDeleteWorkflow)
    }),
    (Method::Post, "/w/*/connections/*/workflows/*/delete", |at| {
        of_workflow(at, ConnectionPage::DeleteWorkflow)
    }),
    (Method::Post, "/w/*/connections/*/workflows/*/versions/*/restore", |at| {
        page(at, ConnectionPage::RestoreWorkflow(at[2].parse().ok()?, at[3].parse().ok()?))
    }),
    (Method::Get, "/w/*/connections/*/workflow-runs/*", |at| of_run(at, ConnectionPage::WorkflowRun)),
    (Method::Post, "/w/*/connections/*/workflow-runs/*/retry", |at| {
        of_run(at, ConnectionPage::RetryWorkflowRun)
    }),
    (Method::Post, "/w/*/connections/*/workflow-runs/*/cancel", |at| {
        of_run(at, ConnectionPage::CancelWorkflowRun)
    }),
    (Method::Get, "/w/*/connections/*/matching", |at| page(at, ConnectionPage::Matching)),
    (Method::Post, "/w/*/connections/*/matching", |at| page(at, ConnectionPage::TryMatching)),
    (Method::Get, "/w/*/connections/*/outbox", |at| page(at, ConnectionPage::Outbox)),
    (Method::Get, "/w/*/connections/*/outbox/live", |at| page(at, ConnectionPage::OutboxLive)),
    (Method::Get, "/w/*/connections/*/outbox/settings", |at| page(at, ConnectionPage::Switches)),
    (Method::Post, "/w/*/connections/*/outbox/settings", |at| page(at, ConnectionPage::SetSwitches)),
    (Method::Get, "/w/*/connections/*/outbox/*", |at| of_written(at, ConnectionPage::Action)),
    (Method::Get, "/w/*/connections/*/outbox/*/live", |at| of_written(at, ConnectionPage::ActionLive)),
    (Method::Post, "/w/*/connections/*/outbox/*/cancel", |at| of_written(at, ConnectionPage::CancelAction)),
    (Method::Post, "/w/*/connections/*/outbox/*/retry", |at| of_written(at, ConnectionPage::RetryAction)),
    (Method::Post, "/w/*/connections/*/outbox/*/resolve", |at| of_written(at, ConnectionPage::ResolveAction)),
    (Method::Get, "/w/*/connections/*/act/*", |at| of_name(at, ConnectionPage::Act)),
    (Method::Post, "/w/*/connections/*/act/*", |at| of_name(at, ConnectionPage::SendAct)),
];

fn of_activation(at: &[&str], make: fn(ActivationId) -> ConnectionPage) -> Option<Route> {
    page(at, make(at[2].parse().ok()?))
}

fn of_automation(at: &[&str], make: fn(AutomationId) -> ConnectionPage) -> Option<Route> {
    page(at, make(at[2].parse().ok()?))
}

fn of_workflow(at: &[&str], make: fn(WorkflowId) -> ConnectionPage) -> Option<Route> {
    page(at, make(at[2].parse().ok()?))
}

fn of_run(at: &[&str], make: fn(RunId) -> ConnectionPage) -> Option<Route> {
    page(at, make(at[2].parse().ok()?))
}

fn of_list(at: &[&str], make: fn(QualifyingListId) -> ConnectionPage) -> Option<Route> {
    page(at, make(at[2].parse().ok()?))
}

fn of_written(at: &[&str], make: fn(ActionId) -> ConnectionPage) -> Option<Route> {
    page(at, make(at[2].parse().ok()?))
}

fn of_name(at: &[&str], make: fn(Name) -> ConnectionPage) -> Option<Route> {
    page(at, make(Name::ALL.into_iter().find(|name| name.as_str() == at[2])?))
}

fn of_action(at: &[&str], make: fn(Action) -> ConnectionPage) -> Option<Route> {
    page(at, make(at[2].parse().ok()?))
}

fn page(at: &[&str], page: ConnectionPage) -> Option<Route> {
    Some(Route::Page(route::Page::Connection(at[0].parse().ok()?, at[1].parse().ok()?, page)))
}

fn of_type(at: &[&str], make: fn(ObjectType) -> ConnectionPage) -> Option<Route> {
    page(at, make(at[2].parse().ok()?))
}

fn of_record(at: &[&str], make: fn(ObjectType, RecordId) -> ConnectionPage) -> Option<Route> {
    page(at, make(at[2].parse().ok()?, at[3].parse().ok()?))
}

fn of_channel(at: &[&str], make: fn(ChannelId) -> ConnectionPage) -> Option<Route> {
    page(at, make(at[2].parse().ok()?))
}

fn of_block(at: &[&str], make: fn(BlockId) -> ConnectionPage) -> Option<Route> {
    page(at, make(at[2].parse().ok()?))
}

fn of_endpoint(at: &[&str], make: fn(EndpointId) -> ConnectionPage) -> Option<Route> {
    page(at, make(at[2].parse().ok()?))
}
