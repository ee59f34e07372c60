//! Addresses of the pages of one connection, all below `/w/{workspace}/connections/{connection}`.
//!
//! | method | path | what |
//! |---|---|---|
//! | GET | `…` | [`super::sync::page`] |
//! | GET | `…/live` | [`super::sync::live`], a fragment |
//! | POST | `…/pause`, `…/resume`: `csrf` | 303 to the Sync page |
//! | GET | `…/streams/{type}/resync` | [`super::sync::resync`] |
//! | POST | the same: `csrf` | 303 to the Sync page |
//! | GET | `…/types?asked=`, `…/types/live` | [`super::types::page`], [`super::types::live`] |
//! | POST | `…/types/refresh`, `…/types/{type}/on`: `csrf` | 303 to the page of types |
//! | GET, POST | `…/types/{type}/off` | [`super::types::turn_off`] |
//! | GET | `…/fields/{type}?q=&show=&page=&asked=` | [`super::fields::page`] |
//! | GET | `…/fields/{type}/live`, with the same | [`super::fields::live`], a fragment |
//! | POST | `…/fields/{type}/refresh`: `csrf` | 303 to the Fields page |
//! | GET | `…/fields/{type}/choose` | [`super::choose_fields::page`] |
//! | POST | the same: `csrf`, `do`, `which`, `mirror`…, `fresh`…, `reviewed` | the form again, or 303 to the Fields page |
//! | GET | `…/records/{type}?older=` or `?newer=` (an id) | [`super::records::page`] |
//! | POST | `…/records/{type}/find`: `csrf`, `q` | the same with what was found, or 303 to the one record |
//! | GET | `…/records/{type}/{id}?before=&asked=` | [`super::record::page`] |
//! | GET | `…/records/{type}/{id}/live` | [`super::record::live`], a fragment |
//! | POST | `…/records/{type}/{id}/reread`: `csrf` | 303 to the record's page |
//! | GET | `…/channels`, `…/channels/live` | [`super::channels::page`], [`super::channels::live`] |
//! | GET | `…/channels/new/{type}` | [`super::channel_form::page`] |
//! | POST | the same: `csrf`, `do` and the form's rows | the form again, or 303 to the channel's page |
//! | GET | `…/channels/{channel}`, `…/live` | [`super::channels::channel`], [`super::channels::channel_live`] |
//! | GET, POST | `…/channels/{channel}/edit` | [`super::channel_form::page`] |
//! | GET, POST | `…/channels/{channel}/delete` | [`super::channels::delete`] |
//! | POST | `…/channels/{channel}/pause`, `/resume`: `csrf` | 303 to its page |
//! | GET | `…/deliveries`, `…/deliveries/live` | [`super::deliveries::page`], [`super::deliveries::live`] |
//! | GET | `…/deliveries/new?channel=` | [`super::deliveries::form`] |
//! | POST | the same: `csrf`, `url`, `description`, `types`…, `events`…, `from` | [`super::deliveries::secret`] |
//! | GET | `…/endpoints/{endpoint}`, `…/live` | [`super::deliveries::endpoint`], [`super::deliveries::endpoint_live`] |
//! | GET, POST | `…/endpoints/{endpoint}/edit` | [`super::deliveries::form`] |
//! | GET, POST | `…/endpoints/{endpoint}/delete` | [`super::deliveries::delete`] |
//! | POST | `…/endpoints/{endpoint}/pause`, `/resume`, `/test`, `/skip`, `/replay`: `csrf` | 303 to its page |
//! | POST | `…/endpoints/{endpoint}/rotate-secret`: `csrf` | [`super::deliveries::secret`] |
//! | GET | `…/privacy?after=` | [`super::privacy::page`] |
//! | POST | `…/privacy/erase`: `csrf`, `email` or `object_type` and `id`, `confirmed` | [`super::privacy::ask_erase`], then [`super::privacy::erased`] |
//! | POST | `…/privacy/export`: `csrf`, `email` or `object_type` and `id` | a JSON document to keep |
//! | POST | `…/privacy/retention`: `csrf`, `minimum`, `call_days`, `audit_days`, `signal_days` | 303 to the Privacy page |
//! | GET, POST | `…/privacy/blocks/{block}/lift` | [`super::privacy::ask_lift`] |
//! | GET | `…/audit?action=&before=` | [`super::audit::page`] |
//! | GET | `…/mappings` | [`super::mappings::page`] |
//! | GET | `…/mappings/{action}` | [`super::mappings::form`] |
//! | POST | the same: `csrf`, `do` and the form's rows | the form again, or 303 to the page of mappings |
//! | GET, POST | `…/mappings/{action}/delete` | [`super::mappings::delete`] |
//! | GET | `…/scores` | [`super::scores::page`] |
//! | POST | the same: `csrf`, `do` and the form | the same with what was refused, or 303 to it |
//! | GET | `…/scores/runs/{run}` | [`super::scores::run`] |
//! | GET | `…/scores/runs/{run}/errors` | a CSV file to keep |
//! | GET | `…/activations` | [`super::activations::page`] |
//! | GET | `…/activations/new`, `…/activations/{activation}/edit` | [`super::activation_form::form`] |
//! | POST | the same: `csrf`, `name`, `description`, `audience`…, `attribute`…, `unknown` | the form again, or 303 to the activation's page |
//! | GET | `…/activations/{activation}` | [`super::activations::one`] |
//! | POST | `…/activations/{activation}/pause`, `/resume`, `/sync`: `csrf` | 303 to its page |
//! | GET, POST | `…/activations/{activation}/delete` | [`super::activations::delete`] |
//! | GET, POST | `…/activations/settings`: `csrf`, `label`, `group`, `prefix` | [`super::activation_form::names`] |
//! | GET | `…/activations/refused?page=` | [`super::activations::refused`] |
//! | POST | `…/activations/refused`: `csrf` | 303 to the page of refused contacts; all are written again |
//! | GET | `…/audiences/new`, `…/attributes/new`, `…/{id}/edit` | [`super::activation_form::attribute`] |
//! | POST | the same: `csrf`, `id`, `name`, `description`, `type`, `options` | the form again, or 303 to the page of activations |
//! | GET, POST | `…/audiences/{id}/delete`, `…/attributes/{id}/delete` | [`super::activations::delete_attribute`] |
//! | POST | `…/audiences/{id}/retry`, `…/attributes/{id}/retry`: `csrf` | 303 to the page of activations |
//! | GET | `…/automations?before=` | [`super::automations::page`] |
//! | GET | `…/automations/new`, `…/automations/{automation}/edit` | [`super::automation_form::form`] |
//! | POST | the same: `csrf`, `do`, `name`, `list`, `per`, `hours`, each step from its `step` on, `json` | the form again, or 303 to the page of automations |
//! | POST | `…/automations/{automation}/enable`, `/pause`: `csrf` | 303 to the page of automations |
//! | GET, POST | `…/automations/{automation}/delete`, `…/qualifying-lists/{list}/delete` | [`super::automations::delete`] |
//! | GET | `…/automation-runs/{run}` | [`super::automations::run`] |
//! | GET | `…/qualifying-lists/new`, `…/qualifying-lists/{list}/edit` | [`super::automation_form::list_form`] |
//! | POST | the same: `csrf`, `do`, `name`, the rows of the filter, `json` | the form again, or 303 to the page of automations |
//! | GET | `…/workflows` | [`super::workflows::page`] |
//! | GET | `…/workflows/new?template=`, `…/workflows/{workflow}/edit` | [`super::workflow_form::page`] |
//! | POST | the same: `csrf`, `do`, the form part by part from its `part` on, each step from its `step` on, `definition` | the form again, or 303 to the workflow's page |
//! | GET | `…/workflows/{workflow}?before=` | [`super::workflows::one`] |
//! | POST | `…/workflows/{workflow}/enable`, `/pause`, `/versions/{version}/restore`: `csrf` | 303 to its page |
//! | GET, POST | `…/workflows/{workflow}/delete` | [`super::workflows::delete`] |
//! | GET | `…/workflow-runs/{run}` | [`super::workflow_run::page`] |
//! | POST | `…/workflow-runs/{run}/retry`, `/cancel`: `csrf` | 303 to its page |
//! | GET | `…/matching` | [`super::matching::page`] |
//! | POST | the same: `csrf`, `name` | the same with what was found |
//! | GET | `…/outbox?state=&before=`, `…/outbox/live` | [`super::outbox::page`], [`super::outbox::live`] |
//! | GET | `…/outbox/settings` | [`super::outbox::switches`] |
//! | POST | the same: `csrf`, `on`… | 303 to the outbox |
//! | GET | `…/outbox/{action}`, `…/live` | [`super::outbox::one`], [`super::outbox::one_live`] |
//! | POST | `…/outbox/{action}/cancel`, `/retry`, `/resolve`: `csrf`, `happened`, `record` | 303 to its page |
//! | GET | `…/act/{name}?type=&id=` | [`super::act::page`] |
//! | POST | the same: `csrf`, `do`, `key` and what the form holds | the form again, or 303 to the action's page |
//!
//! No address holds personal data but the ids of records: whoever looks for an e-mail address sends a form.

use super::paths::escape;

/// The addresses of one connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionPaths {
    base: String,
}

/// What the list of fields is narrowed to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldsQuery {
    /// Part of a name, label or group.
    pub query: String,
    /// One of [`super::fields::SHOW`]; empty: all.
    pub show: String,
    /// From 1; 0 is the first too.
    pub page: usize,
    /// When HubSpot was asked for them, if the page is to wait for its answer; milliseconds since 1970.
    pub asked_at: Option<i64>,
}

impl ConnectionPaths {
    pub fn new(workspace_id: &str, connection_id: &str) -> Self {
        Self { base: format!("/w/{}/connections/{}", escape(workspace_id), escape(connection_id)) }
    }

    pub fn sync(&self) -> String {
        self.base.clone()
    }

    pub fn sync_live(&self) -> String {
        format!("{}/live", self.base)
    }

    pub fn pause(&self) -> String {
        format!("{}/pause", self.base)
    }

    pub fn resume(&self) -> String {
        format!("{}/resume", self.base)
    }

    pub fn resync(&self, object_type: &str) -> String {
        format!("{}/streams/{}/resync", self.base, escape(object_type))
    }

    pub fn types(&self) -> String {
        format!("{}/types", self.base)
    }

    /// The page after a person has asked which custom objects there are.
    pub fn types_asked(&self, asked_at: i64) -> String {
        format!("{}?asked={asked_at}", self.types())
    }

    pub fn types_live(&self, asked_at: Option<i64>) -> String {
        let asked = asked_at.map(|at| format!("?asked={at}")).unwrap_or_default();
        format!("{}/live{asked}", self.types())
    }

    pub fn refresh_types(&self) -> String {
        format!("{}/refresh", self.types())
    }

    pub fn turn_on(&self, object_type: &str) -> String {
        format!("{}/{}/on", self.types(), escape(object_type))
    }

    pub fn turn_off(&self, object_type: &str) -> String {
        format!("{}/{}/off", self.types(), escape(object_type))
    }

    pub fn fields(&self, object_type: &str, search: &FieldsQuery) -> String {
        format!("{}/fields/{}{}", self.base, escape(object_type), search.render())
    }

    pub fn fields_live(&self, object_type: &str, search: &FieldsQuery) -> String {
        format!("{}/fields/{}/live{}", self.base, escape(object_type), search.render())
    }

    pub fn records(&self, object_type: &str) -> String {
        format!("{}/records/{}", self.base, escape(object_type))
    }

    /// Records older than the one of that id.
    pub fn records_older(&self, object_type: &str, id: &str) -> String {
        format!("{}?older={}", self.records(object_type), escape(id))
    }

    /// Records newer than the one of that id.
    pub fn records_newer(&self, object_type: &str, id: &str) -> String {
        format!("{}?newer={}", self.records(object_type), escape(id))
    }

    pub fn find_record(&self, object_type: &str) -> String {
        format!("{}/find", self.records(object_type))
    }

    pub fn record(&self, object_type: &str, id: &str) -> String {
        format!("{}/{}", self.records(object_type), escape(id))
    }

    /// The record with its history before a place.
    pub fn record_before(&self, object_type: &str, id: &str, before: u64) -> String {
        format!("{}?before={before}", self.record(object_type, id))
    }

    /// The record after a person has asked for it to be read again.
    pub fn record_asked(&self, object_type: &str, id: &str, asked_at: i64) -> String {
        format!("{}?asked={asked_at}", self.record(object_type, id))
    }

    pub fn record_live(&self, object_type: &str, id: &str, asked_at: Option<i64>) -> String {
        let asked = asked_at.map(|at| format!("?asked={at}")).unwrap_or_default();
        format!("{}/live{asked}", self.record(object_type, id))
    }

    pub fn reread(&self, object_type: &str, id: &str) -> String {
        format!("{}/reread", self.record(object_type, id))
    }

    pub fn access(&self) -> String {
        format!("{}/access", self.base)
    }

    /// `live`, `test`, `credentials`, `name`.
    pub fn access_action(&self, action: &str) -> String {
        format!("{}/access/{action}", self.base)
    }

    pub fn limits(&self) -> String {
        format!("{}/limits", self.base)
    }

    /// `live`, `tier`.
    pub fn limits_action(&self, action: &str) -> String {
        format!("{}/limits/{action}", self.base)
    }

    pub fn channels(&self) -> String {
        format!("{}/channels", self.base)
    }

    pub fn channels_live(&self) -> String {
        format!("{}/channels/live", self.base)
    }

    pub fn new_channel(&self, object_type: &str) -> String {
        format!("{}/channels/new/{}", self.base, escape(object_type))
    }

    pub fn channel(&self, id: &str) -> String {
        format!("{}/channels/{}", self.base, escape(id))
    }

    pub fn channel_live(&self, id: &str) -> String {
        self.channel_action(id, "live")
    }

    /// `edit`, `delete`, `pause`, `resume`.
    pub fn channel_action(&self, id: &str, action: &str) -> String {
        format!("{}/{action}", self.channel(id))
    }

    pub fn deliveries(&self) -> String {
        format!("{}/deliveries", self.base)
    }

    pub fn deliveries_live(&self) -> String {
        format!("{}/deliveries/live", self.base)
    }

    pub fn new_endpoint(&self) -> String {
        format!("{}/deliveries/new", self.base)
    }

    /// The form for one that delivers a channel.
    pub fn new_endpoint_of(&self, channel: &str) -> String {
        format!("{}?channel={}", self.new_endpoint(), escape(channel))
    }

    pub fn endpoint(&self, id: &str) -> String {
        format!("{}/endpoints/{}", self.base, escape(id))
    }

    pub fn endpoint_live(&self, id: &str) -> String {
        self.endpoint_action(id, "live")
    }

    pub fn edit_endpoint(&self, id: &str) -> String {
        self.endpoint_action(id, "edit")
    }

    pub fn delete_endpoint(&self, id: &str) -> String {
        self.endpoint_action(id, "delete")
    }

    /// `pause`, `resume`, `test`, `skip`, `replay`, `rotate-secret`.
    pub fn endpoint_action(&self, id: &str, action: &str) -> String {
        format!("{}/{action}", self.endpoint(id))
    }

    pub fn privacy(&self) -> String {
        format!("{}/privacy", self.base)
    }

    /// The page with the blocks after a place.
    pub fn privacy_after(&self, after: &str) -> String {
        format!("{}?after={}", self.privacy(), escape(after))
    }

    /// `erase`, `export`, `retention`.
    pub fn privacy_action(&self, action: &str) -> String {
        format!("{}/privacy/{action}", self.base)
    }

    pub fn lift(&self, block: &str) -> String {
        format!("{}/privacy/blocks/{}/lift", self.base, escape(block))
    }

    /// The log, of actions that begin so, before a place.
    pub fn audit(&self, action: &str, before: Option<&str>) -> String {
        super::paths::query(
            format!("{}/audit", self.base),
            &[("action", action), ("before", before.unwrap_or(""))],
        )
    }

    pub fn mappings(&self) -> String {
        format!("{}/mappings", self.base)
    }

    pub fn mapping(&self, action: &str) -> String {
        format!("{}/{}", self.mappings(), escape(action))
    }

    pub fn delete_mapping(&self, action: &str) -> String {
        format!("{}/delete", self.mapping(action))
    }

    /// Actions of which a write stands so (empty: all), before a place of the list.
    pub fn outbox(&self, state: &str, before: Option<i64>) -> String {
        self.outbox_of("", state, before)
    }

    /// The same of one job; empty: of all actions.
    pub fn outbox_of(&self, job: &str, state: &str, before: Option<i64>) -> String {
        let before = before.map(|at| at.to_string()).unwrap_or_default();
        let asked = [("job", job), ("state", state), ("before", &*before)];
        super::paths::query(format!("{}/outbox", self.base), &asked)
    }

    pub fn outbox_live(&self, job: &str, state: &str) -> String {
        super::paths::query(format!("{}/outbox/live", self.base), &[("job", job), ("state", state)])
    }

    pub fn outbox_settings(&self) -> String {
        format!("{}/outbox/settings", self.base)
    }

    pub fn outbox_action(&self, action: &str) -> String {
        format!("{}/outbox/{}", self.base, escape(action))
    }

    pub fn outbox_action_live(&self, action: &str) -> String {
        format!("{}/live", self.outbox_action(action))
    }

    /// `cancel`, `retry`, `resolve`.
    pub fn outbox_do(&self, action: &str, what: &str) -> String {
        format!("{}/{what}", self.outbox_action(action))
    }

    /// The form of an action; about a record of a type, where it begins at one.
    pub fn act(&self, name: &str, about: Option<(&str, &str)>) -> String {
        let (kind, id) = about.unwrap_or_default();
        super::paths::query(format!("{}/act/{}", self.base, escape(name)), &[("type", kind), ("id", id)])
    }

    pub fn scores(&self) -> String {
        format!("{}/scores", self.base)
    }

    pub fn score_run(&self, run: &str) -> String {
        format!("{}/runs/{}", self.scores(), escape(run))
    }

    pub fn score_errors(&self, run: &str) -> String {
        format!("{}/errors", self.score_run(run))
    }

    pub fn activations(&self) -> String {
        format!("{}/activations", self.base)
    }

    pub fn activation(&self, id: &str) -> String {
        format!("{}/{}", self.activations(), escape(id))
    }

    /// `pause`, `resume`, `sync`, `delete`.
    pub fn activation_action(&self, id: &str, action: &str) -> String {
        format!("{}/{action}", self.activation(id))
    }

    /// The form of an activation; without an id of a new one.
    pub fn activation_form(&self, id: Option<&str>) -> String {
        match id {
            Some(id) => self.activation_action(id, "edit"),
            None => format!("{}/new", self.activations()),
        }
    }

    /// How properties and their group are called.
    pub fn activation_names(&self) -> String {
        format!("{}/settings", self.activations())
    }

    /// Contacts that HubSpot refused.
    pub fn refused_contacts(&self) -> String {
        format!("{}/refused", self.activations())
    }

    /// A page of them, counted from 1: no address of anybody's stands in a URL.
    pub fn refused_contacts_on(&self, page: u64) -> String {
        format!("{}?page={page}", self.refused_contacts())
    }

    /// The form of an audience, or of an attribute; without an id of a new one.
    pub fn attribute_form(&self, audiences: bool, id: Option<&str>) -> String {
        match id {
            Some(id) => self.attribute_action(audiences, id, "edit"),
            None => format!("{}/{}/new", self.base, list_of(audiences)),
        }
    }

    /// `delete`, `retry`.
    pub fn attribute_action(&self, audiences: bool, id: &str, action: &str) -> String {
        format!("{}/{}/{}/{action}", self.base, list_of(audiences), escape(id))
    }

    pub fn automations(&self) -> String {
        format!("{}/automations", self.base)
    }

    /// The runs on that page, from the newest on or before a place of theirs.
    pub fn automation_runs(&self, before: Option<i64>) -> String {
        let before = before.map(|at| at.to_string()).unwrap_or_default();
        format!("{}#runs", super::paths::query(self.automations(), &[("before", &before)]))
    }

    /// `edit`, `enable`, `pause` or `delete`; without an id the form of a new one.
    pub fn automation(&self, id: Option<&str>, action: &str) -> String {
        match id {
            Some(id) => format!("{}/{}/{action}", self.automations(), escape(id)),
            None => format!("{}/new", self.automations()),
        }
    }

    pub fn automation_run(&self, run: &str) -> String {
        format!("{}/automation-runs/{}", self.base, escape(run))
    }

    /// `edit` or `delete`; without an id the form of a new one.
    pub fn qualifying_list(&self, id: Option<&str>, action: &str) -> String {
        match id {
            Some(id) => format!("{}/qualifying-lists/{}/{action}", self.base, escape(id)),
            None => format!("{}/qualifying-lists/new", self.base),
        }
    }

    pub fn workflows(&self) -> String {
        format!("{}/workflows", self.base)
    }

    /// The form of a new one; of a template, or empty.
    pub fn new_workflow(&self, template: &str) -> String {
        super::paths::query(format!("{}/new", self.workflows()), &[("template", template)])
    }

    pub fn workflow(&self, id: &str) -> String {
        format!("{}/{}", self.workflows(), escape(id))
    }

    /// `edit`, `enable`, `pause` or `delete`.
    pub fn workflow_action(&self, id: &str, action: &str) -> String {
        format!("{}/{action}", self.workflow(id))
    }

    pub fn restore_workflow(&self, id: &str, version: u64) -> String {
        format!("{}/versions/{version}/restore", self.workflow(id))
    }

    /// Its runs, from the newest on or before a place of theirs.
    pub fn workflow_runs(&self, id: &str, before: Option<i64>) -> String {
        let before = before.map(|at| at.to_string()).unwrap_or_default();
        format!("{}#runs", super::paths::query(self.workflow(id), &[("before", &before)]))
    }

    pub fn workflow_run(&self, run: &str) -> String {
        format!("{}/workflow-runs/{}", self.base, escape(run))
    }

    /// `retry` or `cancel`.
    pub fn workflow_run_action(&self, run: &str, action: &str) -> String {
        format!("{}/{action}", self.workflow_run(run))
    }

    pub fn matching(&self) -> String {
        format!("{}/matching", self.base)
    }

    pub fn choose_fields(&self, object_type: &str) -> String {
        format!("{}/fields/{}/choose", self.base, escape(object_type))
    }

    pub fn refresh_fields(&self, object_type: &str) -> String {
        format!("{}/fields/{}/refresh", self.base, escape(object_type))
    }
}

const fn list_of(audiences: bool) -> &'static str {
    if audiences { "audiences" } else { "attributes" }
}

impl FieldsQuery {
    fn render(&self) -> String {
        let page = if self.page > 1 { self.page.to_string() } else { String::new() };
        let asked = self.asked_at.map(|at| at.to_string()).unwrap_or_default();
        let parts = [("q", &*self.query), ("show", &self.show), ("page", &page), ("asked", &asked)];
        super::paths::query(String::new(), &parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_keeps_only_what_narrows() {
        let paths = ConnectionPaths::new("ws_1", "con_1");
        assert_eq!(paths.fields("deals", &FieldsQuery::default()), "/w/ws_1/connections/con_1/fields/deals");
        let search = FieldsQuery { query: "a&b".into(), show: "own".into(), page: 2, asked_at: Some(5) };
        assert_eq!(
            paths.fields("deals", &search),
            "/w/ws_1/connections/con_1/fields/deals?q=a%26b&show=own&page=2&asked=5"
        );
    }
}
