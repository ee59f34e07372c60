//! Every behaviour of HubSpot that matters here and that nobody has confirmed, as a named field. Defaults are the
//! assumptions of `hubspot-api.md`; a test that depends on one sets it. Owns no state.

use serde::{Deserialize, Serialize};

use crate::portal::Tier;

/// How HubSpot behaves where its documentation is silent or contradicts itself. Readable as JSON, every field optional.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Switches {
    /// What `paging.next.after` of a list means, and so what a client may put there itself.
    pub list_after: ListAfter,
    /// A list page may be shorter than asked for, even empty, and still have a cursor: one page in this many. 0 = never.
    pub short_page_one_in: u32,
    /// What a `limit` above an endpoint's maximum gets.
    pub over_limit: OverLimit,
    /// Longest path and query, bytes; longer ones get 414. HubSpot's number is unknown; 8 KiB is what common edges allow.
    pub url_limit_bytes: usize,
    /// Whether search sorts `hs_object_id` as text ("10" before "9"). Filters on it stay numeric.
    pub search_sorts_ids_as_text: bool,
    /// Shortest delay before a change shows in search, milliseconds.
    pub search_lag_min_ms: u64,
    /// Longest ordinary delay before a change shows in search, milliseconds. Each change draws its own, so changes may show out of order.
    pub search_lag_max_ms: u64,
    /// One change in this many shows in search only after [`Self::search_straggler_ms`]. 0 = never.
    pub search_straggler_one_in: u32,
    /// How late a straggler is, milliseconds.
    pub search_straggler_ms: u64,
    /// How long after a record was made reads by id answer that there is none, milliseconds.
    pub reads_know_new_after_ms: u64,
    /// How long after a record was archived reads of archived records, by list and by id, still know nothing of it, milliseconds.
    pub archive_shows_after_ms: u64,
    /// What `batch/read` does with an id that was merged away.
    pub batch_read_merged: MergedId,
    /// What `batch/update` does with an id that was merged away.
    pub batch_update_merged: MergedId,
    /// Whether an app may set `hs_unique_creation_key` of a new record.
    pub creation_key: CreationKey,
    /// Whether a new deal must name its pipeline where the account has several (else its stage says which).
    pub deal_needs_pipeline_of_several: bool,
    /// Whether accounts take new properties.
    pub property_creation: PropertyCreation,
    /// Whether something of the account (a list, a workflow, a form) uses every property of its people: then none can be archived.
    pub properties_in_use: bool,
    /// How long after a property was made writes answer that there is none, milliseconds.
    pub writes_know_property_after_ms: u64,
    /// Whether a conditionally required property that was missing before refuses every write to the record (else only
    /// writes that set the condition or clear the property).
    pub rules_look_at_old_values: bool,
    /// Whether a merge sends a deletion event for each old id besides the merge event.
    pub merge_sends_deletions: bool,
    /// Whether a merge sends a creation event for the record that results.
    pub merge_sends_creation: bool,
    /// Whether merged deals go on under the primary's id, as all types once did (else under a new one, as contacts and
    /// companies do).
    pub deal_merge_keeps_primary_id: bool,
    /// Whether a contact's or deal's first company becomes its primary one without being asked for.
    pub first_company_becomes_primary: bool,
    /// Whether an account's own labels that come and go send association events.
    pub label_changes_send_webhooks: bool,
    /// Whether `batch/create` of associations replaces a link's labels, as the single call does (else it adds to them).
    pub association_batch_create_replaces: bool,
    /// Whether archiving associations in a batch answers 204 as in the guide (else 200 as specified).
    pub association_archive_is_204: bool,
    /// Whether `toObjectId` is a number as in the guide's samples (else a text as specified).
    pub association_ids_are_numbers: bool,
    /// Links of one record on one page of a batch read.
    pub association_batch_page: usize,
    /// Whether members that come and go count up a list's version (else only changes of the list itself do).
    pub list_version_counts_members: bool,
    /// Whether a search of lists tells when somebody last came and went, as documented.
    pub list_search_tells_times: bool,
    /// Most members of a page, however many are asked for. The older API's most; 2026-09's is not documented.
    pub list_member_page: usize,
    /// Whether members in order of id come in the order of the ids as text.
    pub list_members_sort_as_text: bool,
    /// Whether a restored record is put back on the lists it was on.
    pub restore_rejoins_lists: bool,
    /// Most members one request may add or remove. HubSpot's number is unknown.
    pub list_members_per_call: usize,
    /// Whether a restored record counts as modified at that moment.
    pub restore_bumps_modified: bool,
    /// Whether archiving an unknown or already archived record alone answers 404 (else 204). `batch/archive` always answers 204.
    pub archive_unknown_is_404: bool,
    /// Whether a new record may get an id lower than the newest one.
    pub new_ids_out_of_order: bool,
    /// Whether contacts need one of e-mail, first name, last name when created.
    pub contact_needs_a_name_or_email: bool,
    /// Whether a second authorisation of the same app by the same user gives the same grant.
    pub reauthorize: Reauthorize,
    /// Whether each refresh gives a new refresh token and ends the old one.
    pub refresh_rotates: bool,
    /// How long a refresh token that was replaced still works, milliseconds.
    pub refresh_grace_ms: u64,
    /// Life of an authorisation code, milliseconds ("use it immediately" is all that is documented).
    pub code_life_ms: u64,
    /// Life of an access token, seconds. Documented: 1,800.
    pub access_token_life_s: u64,
    /// HTTP status of `invalid_client`: 400 or 401.
    pub invalid_client_status: u16,
    /// Whether access tokens already issued outlive an uninstall (they outlive a revoke).
    pub access_survives_uninstall: bool,
    /// Whether HubSpot has user-level apps at all: one copy of its page says beta, its changelog says released. While it has
    /// not, nobody can authorise one.
    pub user_level_apps: bool,
    /// What a single read of a record says that the token's user may not see.
    pub user_level_hidden_record: HiddenRecord,
    /// How a record shows a value asked for that the token's user may not see.
    pub user_level_hidden_value: HiddenValue,
    /// What a write of a value gets that the token's user may not set.
    pub user_level_refused_field: RefusedField,
    /// Whether the properties API leaves out what the token's user may not see, as records do.
    pub user_level_hides_definitions: bool,
    /// Whether calls about a type of which the token's user may see nothing get 403 (else there is nothing to see).
    pub user_level_no_view_is_403: bool,
    /// Whether lists, owners, pipelines and every DELETE refuse user-level tokens before they look at scopes (else after).
    /// First by default: an app of this kind may hold none of those scopes, and yet all that others saw is this refusal.
    pub user_level_refused_before_scopes: bool,
    /// Whether a person may authorise a user-level app only for required scopes that the person's own rights cover, as
    /// HubSpot's page on them says.
    pub user_level_scopes_need_rights: bool,
    /// Whether user-level tokens outlive the removal of their user from the account. They stand for that user, so not.
    pub user_level_tokens_outlive_user: bool,
    /// Whether the account-level grant of a user who was removed goes on. It is the account's, so it does.
    pub account_grants_outlive_user: bool,
    /// Whether a private app goes on after the user who made it was removed (else its calls get 403, as others report).
    pub private_apps_outlive_creator: bool,
    /// Whether `access-token-info` knows service keys. They look and are sent like private apps' tokens, so it does.
    pub token_info_knows_service_keys: bool,
    /// Whether `access-token-info` wants the token as Bearer too for accounts outside `na1`, as others found.
    pub token_info_abroad_needs_bearer: bool,
    /// How long an import is `STARTED` before its rows are worked off, milliseconds.
    pub import_start_ms: u64,
    /// Rows of one import worked off in a second. HubSpot says minutes to hours for large files.
    pub import_rows_per_second: u64,
    /// Most rows of a file, without its header. Documented: 1,048,576.
    pub import_rows: u64,
    /// Most bytes of a file, here of the whole request. Documented: 512 MB.
    pub import_bytes: u64,
    /// Most rows an account imports in a day of its own time zone. Documented: 80,000,000.
    pub import_rows_per_day: u64,
    /// What an empty cell does.
    pub import_blank_cell: BlankCell,
    /// Whether a value that does not fit leaves its row's other values unset too.
    pub import_bad_value_drops_row: bool,
    /// One row of imports in this many is refused as `UNKNOWN_ERROR`, by chance. 0 = never.
    pub import_unknown_error_one_in: u32,
    /// Which line an import names of a row that it refused.
    pub import_error_line: ErrorLine,
    /// Whether a row that changes nothing counts its record as modified.
    pub import_touches_unchanged: bool,
    /// Whether a row with an id that was merged away changes the record that resulted (else there is no such record).
    pub import_follows_merged: bool,
    /// The least an account pays for to have custom events: one page says Enterprise, others Professional.
    pub custom_events_tier: Tier,
    /// Whether a custom event with a `uuid` that came before is taken as the same one.
    pub custom_event_uuid_is_unique: bool,
    /// Whether HubSpot approved the apps for app events.
    pub app_events_allowed: bool,
    /// Whether app events need the scope `timeline`, as the guide says (else a write scope of the records will do, as specified).
    pub app_events_need_timeline: bool,
    /// Whether calls above a limit are refused. They are counted in either case.
    pub limits_enforced: bool,
    /// The ten-second limit of every app, instead of the one its distribution and the account's tier give.
    pub ten_secondly_limit: Option<u32>,
    /// The daily limit of every account, instead of its tier's.
    pub daily_limit: Option<u64>,
    /// Searches per second and account, over all apps.
    pub search_per_second: u32,
    /// Whether a call that was refused with 429 takes part of the window too.
    pub refused_calls_count: bool,
    /// How long a webhook event waits for others to share its request, milliseconds.
    pub webhook_gather_ms: u64,
    /// Multiplies every wait between two attempts of a webhook delivery (24 hours at 1), so that a test sees retries.
    pub webhook_time_scale: f64,
    /// Attempts of one delivery, the first included. Documented: 10 retries.
    pub webhook_attempts: u32,
}

/// Meaning of a list's `after`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListAfter {
    /// The id of the next record; the page starts with it, or with the next that still exists.
    InclusiveId,
    /// The id of the last record given; the page starts after it.
    ExclusiveId,
    /// A token only the server understands; anything else is refused.
    Opaque,
}

/// What happens to a `limit` above the maximum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OverLimit {
    /// 400.
    Refused,
    /// The maximum is used.
    Clamped,
}

/// What an empty cell of an import does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlankCell {
    /// The value stays.
    Ignored,
    /// The value goes.
    Clears,
}

/// How a refused row of an import is named. Documented: by a line "1-indexed", 0 being the whole file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorLine {
    /// The header is line 1.
    OfFile,
    /// The first row under the header is line 1.
    OfRows,
    /// By a line that the file does not have, and without what stood in it.
    Nowhere,
}

/// What becomes of `hs_unique_creation_key` in a new record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CreationKey {
    /// 400 with the code `READ_ONLY_VALUE`, as its definition says.
    Refused,
    /// It is kept; a second record with the same key gets 409, and records are found by it.
    Writable,
}

/// What an account answers to a new property or group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PropertyCreation {
    Allowed,
    /// 403: whoever stands behind the token may not.
    Forbidden,
    /// 400: the account has as many as its subscription allows.
    Exhausted,
}

/// What a batch answers for an id that was merged into another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MergedId {
    /// Neither a result nor an error.
    Omitted,
    /// The record it went into.
    Resolved,
    /// Among the ids of the `OBJECT_NOT_FOUND` error.
    NotFound,
}

/// What a second authorisation of one app by one user does (`design.md` 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reauthorize {
    /// The same refresh token comes back.
    SameGrant,
    /// A new refresh token; the old one stays alive.
    NewGrantOldAlive,
    /// A new refresh token; the old one is dead.
    NewGrantOldDead,
}

/// What a single read answers for a record that the token's user may not see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HiddenRecord {
    /// 404, as for an id that is nobody's: anything else would tell that there is such a record.
    NotFound,
    /// 403.
    Forbidden,
}

/// How a value shows that the token's user may not see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HiddenValue {
    /// Not at all, as a property that does not exist.
    Absent,
    /// As `null`, as a property without a value.
    Null,
}

/// What a write gets whose property the token's user may not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusedField {
    /// 403: it is the person who may not.
    Forbidden,
    /// 400 with the code `READ_ONLY_VALUE`.
    ReadOnly,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            list_after: ListAfter::InclusiveId,
            short_page_one_in: 0,
            over_limit: OverLimit::Refused,
            url_limit_bytes: 8192,
            search_sorts_ids_as_text: false,
            search_lag_min_ms: 5_000,
            search_lag_max_ms: 30_000,
            search_straggler_one_in: 0,
            search_straggler_ms: 3_600_000,
            reads_know_new_after_ms: 0,
            archive_shows_after_ms: 0,
            batch_read_merged: MergedId::Omitted,
            batch_update_merged: MergedId::Omitted,
            creation_key: CreationKey::Refused,
            deal_needs_pipeline_of_several: false,
            property_creation: PropertyCreation::Allowed,
            properties_in_use: false,
            writes_know_property_after_ms: 0,
            rules_look_at_old_values: false,
            merge_sends_deletions: false,
            merge_sends_creation: false,
            deal_merge_keeps_primary_id: false,
            first_company_becomes_primary: true,
            label_changes_send_webhooks: false,
            association_batch_create_replaces: false,
            association_archive_is_204: false,
            association_ids_are_numbers: false,
            association_batch_page: 500,
            list_version_counts_members: false,
            list_search_tells_times: true,
            list_member_page: 250,
            list_members_sort_as_text: false,
            restore_rejoins_lists: false,
            list_members_per_call: 1_000,
            restore_bumps_modified: false,
            archive_unknown_is_404: true,
            new_ids_out_of_order: false,
            contact_needs_a_name_or_email: true,
            reauthorize: Reauthorize::SameGrant,
            refresh_rotates: false,
            refresh_grace_ms: 0,
            code_life_ms: 60_000,
            access_token_life_s: 1_800,
            invalid_client_status: 400,
            access_survives_uninstall: false,
            user_level_apps: true,
            user_level_hidden_record: HiddenRecord::NotFound,
            user_level_hidden_value: HiddenValue::Absent,
            user_level_refused_field: RefusedField::Forbidden,
            user_level_hides_definitions: true,
            user_level_no_view_is_403: false,
            user_level_refused_before_scopes: true,
            user_level_scopes_need_rights: true,
            user_level_tokens_outlive_user: false,
            account_grants_outlive_user: true,
            private_apps_outlive_creator: false,
            token_info_knows_service_keys: true,
            token_info_abroad_needs_bearer: true,
            import_start_ms: 2_000,
            import_rows_per_second: 1_000,
            import_rows: 1_048_576,
            import_bytes: 512 * 1024 * 1024,
            import_rows_per_day: 80_000_000,
            import_blank_cell: BlankCell::Ignored,
            import_bad_value_drops_row: false,
            import_unknown_error_one_in: 0,
            import_error_line: ErrorLine::OfFile,
            import_touches_unchanged: false,
            import_follows_merged: false,
            custom_events_tier: Tier::Professional,
            custom_event_uuid_is_unique: true,
            app_events_allowed: false,
            app_events_need_timeline: true,
            limits_enforced: true,
            ten_secondly_limit: None,
            daily_limit: None,
            search_per_second: 5,
            refused_calls_count: false,
            webhook_gather_ms: 250,
            webhook_time_scale: 1.0,
            webhook_attempts: 11,
        }
    }
}
