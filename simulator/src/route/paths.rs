//! Which endpoint a method and path are for. Owns nothing.

use std::borrow::Cow;

use super::Endpoint;
use crate::Problem;

/// A request's endpoint and the variable parts of its path.
pub(super) struct Route<'a> {
    pub endpoint: Endpoint,
    pub object_type: &'a str,
    /// Record id, property name or group name, percent-decoded.
    pub name: Cow<'a, str>,
    /// What else stands in the path, where an endpoint looks at it itself.
    pub rest: Vec<&'a str>,
}

/// Finds the endpoint of a method and path.
pub(super) fn parse<'a>(method: &str, path: &'a str) -> Result<Route<'a>, Problem> {
    use Endpoint as E;
    let mut parts = [""; 9];
    let mut count = 0;
    let trimmed = path.strip_prefix('/').ok_or_else(Problem::unknown_route)?;
    for part in trimmed.strip_suffix('/').unwrap_or(trimmed).split('/') {
        *parts.get_mut(count).ok_or_else(Problem::unknown_route)? = part;
        count += 1;
    }
    let method = match method {
        "GET" => 'G',
        "POST" => 'P',
        "PATCH" => 'U',
        "DELETE" => 'D',
        "PUT" => 'T',
        _ => 'X',
    };
    let mut object_type = "";
    let mut name = "";
    let mut behind: &[&str] = &[];
    let endpoint = match parts.get(..count).unwrap_or_default() {
        ["oauth", "2026-09", "token"] => one(method, 'P', E::Token),
        ["oauth", "2026-09", "token", "introspect"] => one(method, 'P', E::Introspect),
        ["oauth", "2026-09", "token", "revoke"] => one(method, 'P', E::Revoke),
        ["oauth", "v2", "private-apps", "get", "access-token-info"] => one(method, 'P', E::PrivateAppInfo),
        ["account-info", "2026-09", "details"] => one(method, 'G', E::AccountDetails),
        ["account-info", "2026-09", "api-usage", "daily", "private-apps"] => one(method, 'G', E::ApiUsage),
        ["appinstalls", "2026-09", "external-install"] => one(method, 'D', E::Uninstall),
        ["crm-object-schemas", "2026-09", "schemas", rest @ ..] => match (method, rest) {
            ('G', []) => Some(E::SchemaList),
            ('G', [id]) => {
                name = id;
                Some(E::SchemaRead)
            }
            _ => (method != 'X').then_some(E::SchemaOther),
        },
        ["crm", "owners", "2026-09"] => one(method, 'G', E::OwnerList),
        ["crm", "owners", "2026-09", id] => {
            name = id;
            one(method, 'G', E::OwnerRead)
        }
        ["crm", "pipelines", "2026-09", kind, rest @ ..] => {
            (object_type, behind) = (kind, rest);
            one(method, 'G', E::PipelineRead).or((method != 'X').then_some(E::PipelineWrite))
        }
        ["crm", "lists", "2026-09", rest @ ..] => {
            behind = rest;
            match rest {
                [] => two(method, ('G', E::ListsRead), ('P', E::ListsCreate)),
                ["folders" | "idmapping" | "all", ..]
                | [_, "schedule-conversion" | "update-list-filters"] => Some(E::ListOther),
                ["search"] => one(method, 'P', E::ListsSearch),
                ["object-type-id", _, "name", _] => one(method, 'G', E::ListRead),
                ["records", "memberships", "batch", "read"] => one(method, 'P', E::RecordLists),
                ["records", _, _, "memberships"] => one(method, 'G', E::RecordLists),
                [_] => two(method, ('G', E::ListRead), ('D', E::ListDelete)),
                [_, "restore"] => one(method, 'T', E::ListRestore),
                [_, "update-list-name"] => one(method, 'T', E::ListRename),
                [_, "memberships"] => two(method, ('G', E::ListMembers), ('D', E::ListMembersChange)),
                [_, "memberships", "join-order"] => one(method, 'G', E::ListMembers),
                [_, "memberships", "add" | "remove" | "add-and-remove"]
                | [_, "memberships", "add-from", _] => one(method, 'T', E::ListMembersChange),
                _ => return Err(Problem::unknown_route()),
            }
        }
        ["crm", "imports", "2026-09", rest @ ..] => {
            behind = rest;
            match rest {
                [] => two(method, ('G', E::ImportList), ('P', E::ImportCreate)),
                [_] => one(method, 'G', E::ImportRead),
                [_, "cancel"] => one(method, 'P', E::ImportCancel),
                [_, "errors"] => one(method, 'G', E::ImportErrors),
                _ => return Err(Problem::unknown_route()),
            }
        }
        ["events", "custom", "2026-09", "send"] => one(method, 'P', E::EventSend),
        ["events", "custom", "2026-09", "send", "batch"] => one(method, 'P', E::EventSendBatch),
        ["events", "event-occurrences", "2026-09"] => one(method, 'G', E::EventOccurrences),
        ["events", "custom", "2026-09", "event-definitions", rest @ ..] => match rest {
            [] => two(method, ('G', E::EventDefinitionList), ('P', E::EventDefinitionCreate)),
            [own] => {
                name = own;
                three(method, E::EventDefinitionRead, E::EventDefinitionUpdate, E::EventDefinitionDelete)
            }
            [_, "property", ..] => Some(E::EventDefinitionOther),
            _ => return Err(Problem::unknown_route()),
        },
        // The specification has this path in 2026-03 only; integrators use it in 2026-09 (`hubspot-api.md` 1.3).
        ["integrators", "timeline", "2026-03" | "2026-09", rest @ ..] => match rest {
            ["events"] => one(method, 'P', E::AppEventSend),
            ["events", "batch"] => one(method, 'P', E::AppEventSendBatch),
            ["types", "projects"] => one(method, 'P', E::AppEventOther),
            _ => return Err(Problem::unknown_route()),
        },
        ["crm", "associations", "2026-09", "definitions" | "usage", ..] => Some(E::AssociationOther),
        ["crm", "associations", "2026-09", from, rest @ ..] => {
            (object_type, behind) = (from, rest);
            match rest {
                [_, "labels"] => two(method, ('G', E::LabelList), ('P', E::LabelCreate)).or(one(
                    method,
                    'T',
                    E::LabelUpdate,
                )),
                [_, "labels", id] => {
                    name = id;
                    one(method, 'D', E::LabelArchive)
                }
                [_, "batch", "read"] => one(method, 'P', E::AssociationBatchRead),
                [_, "batch", "create"] => one(method, 'P', E::AssociationBatchCreate),
                [_, "batch", "associate", "default"] => one(method, 'P', E::AssociationBatchDefault),
                [_, "batch", "archive"] => one(method, 'P', E::AssociationBatchArchive),
                [_, "batch", "labels", "archive"] => one(method, 'P', E::AssociationBatchArchiveLabels),
                _ => return Err(Problem::unknown_route()),
            }
        }
        ["crm", "objects", "2026-09", from, id, "associations", rest @ ..] => {
            (object_type, name) = (from, id);
            match rest {
                [_] => {
                    behind = rest;
                    one(method, 'G', E::AssociationList)
                }
                ["default", pair @ ..] if pair.len() == 2 => {
                    behind = pair;
                    one(method, 'T', E::AssociationDefault)
                }
                [_, _] => {
                    behind = rest;
                    two(method, ('T', E::AssociationPut), ('D', E::AssociationDelete))
                }
                _ => return Err(Problem::unknown_route()),
            }
        }
        ["crm", area @ ("objects" | "properties"), "2026-09", kind, rest @ ..] => {
            object_type = kind;
            match (*area, rest) {
                ("objects", []) => two(method, ('G', E::List), ('P', E::Create)),
                ("objects", ["search"]) => one(method, 'P', E::Search),
                ("objects", ["merge"]) => one(method, 'P', E::Merge),
                ("objects", ["gdpr-delete"]) => one(method, 'P', E::GdprDelete),
                ("objects", ["batch", "read"]) => one(method, 'P', E::BatchRead),
                ("objects", ["batch", "create"]) => one(method, 'P', E::BatchCreate),
                ("objects", ["batch", "update"]) => one(method, 'P', E::BatchUpdate),
                ("objects", ["batch", "upsert"]) => one(method, 'P', E::BatchUpsert),
                ("objects", ["batch", "archive"]) => one(method, 'P', E::BatchArchive),
                ("objects", [id]) => {
                    name = id;
                    three(method, E::Read, E::Update, E::Archive)
                }
                ("properties", []) => two(method, ('G', E::PropertyList), ('P', E::PropertyCreate)),
                ("properties", ["batch", "read"]) => one(method, 'P', E::PropertyBatchRead),
                ("properties", ["batch", "create"]) => one(method, 'P', E::PropertyBatchCreate),
                ("properties", ["batch", "archive"]) => one(method, 'P', E::PropertyBatchArchive),
                ("properties", ["groups"]) => two(method, ('G', E::GroupList), ('P', E::GroupCreate)),
                ("properties", ["groups", group]) => {
                    name = group;
                    three(method, E::GroupRead, E::GroupUpdate, E::GroupArchive)
                }
                ("properties", [property]) => {
                    name = property;
                    three(method, E::PropertyRead, E::PropertyUpdate, E::PropertyArchive)
                }
                _ => return Err(Problem::unknown_route()),
            }
        }
        _ => return Err(Problem::unknown_route()),
    };
    let endpoint = endpoint.ok_or_else(Problem::method_not_allowed)?;
    let name = percent_encoding::percent_decode_str(name).decode_utf8_lossy();
    Ok(Route { endpoint, object_type, name, rest: behind.to_vec() })
}

fn one(method: char, only: char, endpoint: Endpoint) -> Option<Endpoint> {
    (method == only).then_some(endpoint)
}

fn two(method: char, a: (char, Endpoint), b: (char, Endpoint)) -> Option<Endpoint> {
    one(method, a.0, a.1).or(one(method, b.0, b.1))
}

fn three(method: char, read: Endpoint, update: Endpoint, delete: Endpoint) -> Option<Endpoint> {
    two(method, ('G', read), ('U', update)).or(one(method, 'D', delete))
}
