//! Everything of HubSpot's API that is modelled, and what sets one call apart from another: scopes, quota, kind of token.
//! Owns nothing.

use serde::{Deserialize, Serialize};

use crate::limits::Quota;

/// Everything of HubSpot's API that is modelled, version 2026-09.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Endpoint {
    /// `POST /oauth/2026-09/token`
    Token,
    /// `POST /oauth/2026-09/token/introspect`
    Introspect,
    /// `POST /oauth/2026-09/token/revoke`
    Revoke,
    /// `POST /oauth/v2/private-apps/get/access-token-info`
    PrivateAppInfo,
    /// `GET /account-info/2026-09/details`
    AccountDetails,
    /// `GET /account-info/2026-09/api-usage/daily/private-apps`
    ApiUsage,
    /// `DELETE /appinstalls/2026-09/external-install`
    Uninstall,
    /// `GET /crm/objects/2026-09/{type}`
    List,
    Create,
    Read,
    Update,
    Archive,
    BatchRead,
    BatchCreate,
    BatchUpdate,
    BatchUpsert,
    BatchArchive,
    Search,
    Merge,
    GdprDelete,
    /// `GET /crm/properties/2026-09/{type}`
    PropertyList,
    PropertyCreate,
    PropertyRead,
    PropertyUpdate,
    PropertyArchive,
    PropertyBatchRead,
    PropertyBatchCreate,
    PropertyBatchArchive,
    GroupList,
    GroupCreate,
    GroupRead,
    GroupUpdate,
    GroupArchive,
    /// `GET /crm-object-schemas/2026-09/schemas`
    SchemaList,
    SchemaRead,
    /// Every change of custom objects; not modelled.
    SchemaOther,
    /// `GET /crm/owners/2026-09`
    OwnerList,
    OwnerRead,
    /// `GET` of `/crm/pipelines/2026-09/{type}` and all below
    PipelineRead,
    /// Every change there; not modelled.
    PipelineWrite,
    /// `GET /crm/lists/2026-09`
    ListsRead,
    ListsCreate,
    ListsSearch,
    /// `GET /crm/lists/2026-09/{listId}`, or by name
    ListRead,
    ListDelete,
    ListRestore,
    ListRename,
    /// `GET …/memberships`, `…/memberships/join-order`
    ListMembers,
    /// Every change of members
    ListMembersChange,
    /// The lists of a record
    RecordLists,
    /// Folders, filters, conversions; not modelled.
    ListOther,
    /// `POST /crm/associations/2026-09/{from}/{to}/batch/read`
    AssociationBatchRead,
    AssociationBatchCreate,
    AssociationBatchDefault,
    AssociationBatchArchive,
    AssociationBatchArchiveLabels,
    /// `GET /crm/associations/2026-09/{from}/{to}/labels`
    LabelList,
    LabelCreate,
    LabelUpdate,
    LabelArchive,
    /// Limits of labels and usage reports; not modelled.
    AssociationOther,
    /// `GET /crm/objects/2026-09/{from}/{id}/associations/{to}`
    AssociationList,
    /// `PUT …/{to}/{toId}`
    AssociationPut,
    /// `PUT …/default/{to}/{toId}`
    AssociationDefault,
    /// `DELETE …/{to}/{toId}`
    AssociationDelete,
    /// `GET /crm/imports/2026-09`
    ImportList,
    /// `POST` there, as a multipart form
    ImportCreate,
    ImportRead,
    ImportCancel,
    ImportErrors,
    /// `GET /events/custom/2026-09/event-definitions`
    EventDefinitionList,
    EventDefinitionCreate,
    EventDefinitionRead,
    EventDefinitionUpdate,
    EventDefinitionDelete,
    /// Their properties one by one; not modelled.
    EventDefinitionOther,
    /// `POST /events/custom/2026-09/send`
    EventSend,
    EventSendBatch,
    /// `GET /events/event-occurrences/2026-09`
    EventOccurrences,
    /// `POST /integrators/timeline/{version}/events`
    AppEventSend,
    AppEventSendBatch,
    /// Names of their types; not modelled.
    AppEventOther,
    /// Nothing HubSpot has, or nothing modelled.
    Unknown,
}

impl Endpoint {
    /// Answered by `Simulator::oauth`.
    pub fn is_oauth(self) -> bool {
        self.has_own_credentials() || matches!(self, Self::AccountDetails | Self::ApiUsage | Self::Uninstall)
    }

    /// Not about the records or properties of one type.
    pub(super) fn is_beside_records(self) -> bool {
        matches!(self, Self::OwnerList | Self::OwnerRead | Self::PipelineRead | Self::PipelineWrite)
            || matches!(self, Self::SchemaList | Self::SchemaRead | Self::SchemaOther)
            || self.is_import()
            || self.is_custom_event()
            || self.is_app_event()
            || !self.list_scopes().is_empty()
    }

    /// About imports.
    pub(super) fn is_import(self) -> bool {
        matches!(
            self,
            Self::ImportList
                | Self::ImportCreate
                | Self::ImportRead
                | Self::ImportCancel
                | Self::ImportErrors
        )
    }

    /// About custom events.
    pub(super) fn is_custom_event(self) -> bool {
        matches!(
            self,
            Self::EventDefinitionList
                | Self::EventDefinitionCreate
                | Self::EventDefinitionRead
                | Self::EventDefinitionUpdate
                | Self::EventDefinitionDelete
                | Self::EventDefinitionOther
                | Self::EventOccurrences
                | Self::EventSend
                | Self::EventSendBatch
        )
    }

    /// About app events.
    pub(super) fn is_app_event(self) -> bool {
        matches!(self, Self::AppEventSend | Self::AppEventSendBatch | Self::AppEventOther)
    }

    /// The scopes that a call about lists needs, all of them; none of other calls.
    pub(super) fn list_scopes(self) -> &'static [&'static str] {
        match self {
            Self::ListsRead | Self::ListsSearch | Self::ListRead | Self::ListMembers | Self::RecordLists => {
                &["crm.lists.read"]
            }
            Self::ListsCreate | Self::ListRename | Self::ListRestore => &["crm.lists.write"],
            Self::ListDelete | Self::ListMembersChange | Self::ListOther => {
                &["crm.lists.read", "crm.lists.write"]
            }
            _ => &[],
        }
    }

    /// Whether tokens of user-level apps are refused here whatever they may (`hubspot-api.md` 2.8): lists, owners, pipelines and
    /// every `DELETE`.
    pub(super) fn refuses_user_level(self, method: &str) -> bool {
        method == "DELETE"
            || matches!(self, Self::OwnerList | Self::OwnerRead | Self::PipelineRead | Self::PipelineWrite)
            || !self.list_scopes().is_empty()
    }

    /// Changes something of the account.
    pub(crate) fn writes(self) -> bool {
        matches!(
            self,
            Self::Create
                | Self::Update
                | Self::Archive
                | Self::BatchCreate
                | Self::BatchUpdate
                | Self::BatchUpsert
                | Self::BatchArchive
                | Self::Merge
                | Self::GdprDelete
                | Self::PropertyCreate
                | Self::PropertyUpdate
                | Self::PropertyArchive
                | Self::PropertyBatchCreate
                | Self::PropertyBatchArchive
                | Self::GroupCreate
                | Self::GroupUpdate
                | Self::GroupArchive
                | Self::ListsCreate
                | Self::ListDelete
                | Self::ListRestore
                | Self::ListRename
                | Self::ListMembersChange
                | Self::AssociationBatchCreate
                | Self::AssociationBatchDefault
                | Self::AssociationBatchArchive
                | Self::AssociationBatchArchiveLabels
                | Self::LabelCreate
                | Self::LabelUpdate
                | Self::LabelArchive
                | Self::AssociationPut
                | Self::AssociationDefault
                | Self::AssociationDelete
                | Self::ImportCreate
                | Self::ImportCancel
                | Self::EventDefinitionCreate
                | Self::EventDefinitionUpdate
                | Self::EventDefinitionDelete
                | Self::EventSend
                | Self::EventSendBatch
                | Self::AppEventSend
                | Self::AppEventSendBatch
        )
    }

    /// About links or labels.
    pub(super) fn is_about_associations(self) -> bool {
        matches!(
            self,
            Self::AssociationList | Self::AssociationPut | Self::AssociationDefault | Self::AssociationDelete
        ) || self.quota() == Quota::Associations
    }

    /// What a call counts against.
    pub(super) fn quota(self) -> Quota {
        match self {
            Self::Search => Quota::Search,
            Self::EventSend | Self::EventSendBatch => Quota::Events,
            Self::AssociationBatchRead
            | Self::AssociationBatchCreate
            | Self::AssociationBatchDefault
            | Self::AssociationBatchArchive
            | Self::AssociationBatchArchiveLabels
            | Self::LabelList
            | Self::LabelCreate
            | Self::LabelUpdate
            | Self::LabelArchive
            | Self::AssociationOther => Quota::Associations,
            _ => Quota::Core,
        }
    }

    /// Takes no Bearer token: credentials are in the body, no quota is counted.
    pub fn has_own_credentials(self) -> bool {
        matches!(self, Self::Token | Self::Introspect | Self::Revoke | Self::PrivateAppInfo)
    }
}
