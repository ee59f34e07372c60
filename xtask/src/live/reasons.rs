//! Why a token of one account and records made for a few minutes cannot settle the other switches.

use hubspot_simulator::Switches;
use serde_json::Value;

use super::Finding;

const APP: &str = "needs an app with OAuth, and a person who authorises it";
const WEBHOOKS: &str = "needs an app and a server that takes its webhooks";
const USER_LEVEL: &str = "needs a user-level app, and a person with fewer rights who authorises it";
const APP_EVENTS: &str = "needs an app that HubSpot has approved for app events";
const STRAGGLERS: &str = "needs thousands of changes that are watched for hours: counts of records against search's totals tell it over weeks";

/// Every switch that is not asked about, and why.
pub const ALL: [(&str, &str); 34] = [
    ("search_straggler_one_in", STRAGGLERS),
    ("search_straggler_ms", STRAGGLERS),
    ("rules_look_at_old_values", "needs a conditional rule that an administrator sets up in HubSpot's pages"),
    (
        "properties_in_use",
        "needs a property that a list or workflow of HubSpot's pages uses: archive it there and see what is said",
    ),
    ("merge_sends_deletions", WEBHOOKS),
    ("merge_sends_creation", WEBHOOKS),
    ("label_changes_send_webhooks", WEBHOOKS),
    (
        "restore_rejoins_lists",
        "records are restored in HubSpot's pages only: restore one of a list there and see whether it is back on it",
    ),
    (
        "restore_bumps_modified",
        "records are restored in HubSpot's pages only: restore one there and see whether its date moves",
    ),
    ("reauthorize", APP),
    ("refresh_rotates", APP),
    ("refresh_grace_ms", APP),
    ("code_life_ms", APP),
    ("access_token_life_s", APP),
    ("access_survives_uninstall", APP),
    ("user_level_apps", USER_LEVEL),
    ("user_level_hidden_record", USER_LEVEL),
    ("user_level_hidden_value", USER_LEVEL),
    ("user_level_refused_field", USER_LEVEL),
    ("user_level_hides_definitions", USER_LEVEL),
    ("user_level_no_view_is_403", USER_LEVEL),
    ("user_level_refused_before_scopes", USER_LEVEL),
    ("user_level_scopes_need_rights", USER_LEVEL),
    ("user_level_tokens_outlive_user", "needs a user-level app, and its user removed from the account"),
    (
        "account_grants_outlive_user",
        "needs an app with OAuth, and who authorised it removed from the account",
    ),
    ("private_apps_outlive_creator", "needs the user who made the private app removed from the account"),
    (
        "token_info_knows_service_keys",
        "nothing tells a service key from a private app's token: give one as the token and see whether what it may do is told below",
    ),
    ("import_bytes", "needs a file of more than 512 MB: an hour's upload, and Spoke's have 6 MB"),
    ("import_rows_per_day", "needs 80 million rows on one day"),
    ("app_events_allowed", APP_EVENTS),
    ("app_events_need_timeline", APP_EVENTS),
    ("webhook_gather_ms", WEBHOOKS),
    ("webhook_time_scale", "needs an app, and a server that refuses its webhooks for a day"),
    ("webhook_attempts", "needs an app, and a server that refuses its webhooks for a day"),
];

/// A line for every switch of which nothing was found, so that a table has them all.
pub fn complete(found: &mut Vec<Finding>, disposable: bool) {
    let switches = serde_json::to_value(Switches::default()).unwrap_or_default();
    for name in switches.as_object().into_iter().flat_map(serde_json::Map::<String, Value>::keys) {
        if found.iter().any(|finding| finding.is_of(name)) {
            continue;
        }
        let reason = ALL.iter().find(|(own, _)| own == name).map(|(_, why)| *why);
        let unasked = if disposable { NOT_COME_TO } else { "needs records: run with `--disposable`" };
        found.push(Finding::open_switch(name, reason.unwrap_or(unasked)));
    }
}

/// Of a switch that a question before it kept from being asked about.
pub const NOT_COME_TO: &str = "not come to: a question before it failed";
