//! The properties HubSpot defines itself on tasks, calls, notes and custom objects, as tables; written as
//! [`super::hubspot_defined`] says. Names and types are HubSpot's; descriptions and most option lists are not.

use super::Table;

/// HubSpot's task properties.
pub(crate) static TASKS: Table =
    Table { properties: TASK_PROPERTIES, always: TASK_ALWAYS, groups: GROUPS, kept: &[] };

/// HubSpot's call properties.
pub(crate) static CALLS: Table =
    Table { properties: CALL_PROPERTIES, always: CALL_ALWAYS, groups: GROUPS, kept: &[] };

/// HubSpot's note properties.
pub(crate) static NOTES: Table =
    Table { properties: NOTE_PROPERTIES, always: NOTE_ALWAYS, groups: GROUPS, kept: &[] };

/// What every custom object has besides what its account gave it.
pub(crate) static CUSTOM: Table =
    Table { properties: CUSTOM_PROPERTIES, always: CUSTOM_ALWAYS, groups: CUSTOM_GROUPS, kept: &[] };

const TASK_PROPERTIES: &str = "
activity string/text - -: hs_task_subject
activity string/html - -: hs_task_body
activity enumeration/select - task_status: hs_task_status
activity enumeration/select - task_priority: hs_task_priority
activity enumeration/select - task_type: hs_task_type
activity datetime/date - -: hs_timestamp hs_task_reminders
activity datetime/date r -: hs_createdate hs_lastmodifieddate hs_task_completion_date hs_task_last_contact_outreach
activity number/number r -: hs_object_id hs_created_by_user_id hs_updated_by_user_id hs_object_source_user_id hs_task_completion_count hs_engagement_source_id
activity bool/booleancheckbox r bool: hs_task_is_all_day hs_task_is_completed hs_task_is_past_due_date hs_read_only
activity string/text r -: hs_object_source hs_object_source_label hs_object_source_detail_1 hs_unique_creation_key hs_all_owner_ids hs_all_team_ids hs_task_ms_offset hs_body_preview
activity enumeration/select - owner: hubspot_owner_id
activity enumeration/select - team: hubspot_team_id
activity enumeration/checkbox - queue: hs_queue_membership_ids
";

const TASK_ALWAYS: &[&str] = &[
    "hs_createdate",
    "hs_lastmodifieddate",
    "hs_object_id",
    "hs_task_body",
    "hs_task_priority",
    "hs_task_status",
    "hs_task_subject",
    "hs_task_type",
    "hs_timestamp",
    "hubspot_owner_id",
];

const CALL_PROPERTIES: &str = "
activity string/text - -: hs_call_title hs_call_from_number hs_call_to_number hs_call_recording_url hs_call_callee_object_id
activity string/html - -: hs_call_body
activity enumeration/select - call_status: hs_call_status
activity enumeration/select - call_direction: hs_call_direction
activity enumeration/select - call_disposition: hs_call_disposition
activity number/number - -: hs_call_duration
activity datetime/date - -: hs_timestamp
activity datetime/date r -: hs_createdate hs_lastmodifieddate
activity number/number r -: hs_object_id hs_created_by_user_id hs_updated_by_user_id hs_object_source_user_id hs_engagement_source_id
activity bool/booleancheckbox r bool: hs_call_has_transcript hs_call_has_voicemail hs_read_only
activity string/text r -: hs_object_source hs_object_source_label hs_unique_creation_key hs_all_owner_ids hs_all_team_ids hs_call_source hs_call_app_id hs_body_preview
activity enumeration/select - owner: hubspot_owner_id
activity enumeration/select - team: hubspot_team_id
";

const CALL_ALWAYS: &[&str] = &[
    "hs_call_body",
    "hs_call_direction",
    "hs_call_disposition",
    "hs_call_duration",
    "hs_call_status",
    "hs_call_title",
    "hs_createdate",
    "hs_lastmodifieddate",
    "hs_object_id",
    "hs_timestamp",
    "hubspot_owner_id",
];

const NOTE_PROPERTIES: &str = "
activity string/html - -: hs_note_body
activity string/text - -: hs_attachment_ids
activity datetime/date - -: hs_timestamp
activity datetime/date r -: hs_createdate hs_lastmodifieddate
activity number/number r -: hs_object_id hs_created_by_user_id hs_updated_by_user_id hs_object_source_user_id hs_engagement_source_id
activity bool/booleancheckbox r bool: hs_read_only
activity string/text r -: hs_object_source hs_object_source_label hs_unique_creation_key hs_all_owner_ids hs_all_team_ids hs_body_preview hs_body_preview_html
activity enumeration/select - owner: hubspot_owner_id
activity enumeration/select - team: hubspot_team_id
";

const NOTE_ALWAYS: &[&str] = &[
    "hs_attachment_ids",
    "hs_createdate",
    "hs_lastmodifieddate",
    "hs_note_body",
    "hs_object_id",
    "hs_timestamp",
    "hubspot_owner_id",
];

const CUSTOM_PROPERTIES: &str = "
custom_information datetime/date r -: hs_createdate hs_lastmodifieddate
custom_information number/number r -: hs_object_id hs_created_by_user_id hs_updated_by_user_id hs_object_source_user_id hs_pinned_engagement_id
custom_information bool/booleancheckbox r bool: hs_read_only hs_was_imported
custom_information string/text r -: hs_object_source hs_object_source_label hs_object_source_id hs_merged_object_ids hs_unique_creation_key hs_all_owner_ids hs_all_team_ids
custom_information enumeration/select - owner: hubspot_owner_id
custom_information enumeration/select - team: hubspot_team_id
";

const CUSTOM_ALWAYS: &[&str] = &["hs_createdate", "hs_lastmodifieddate", "hs_object_id", "hubspot_owner_id"];

const GROUPS: &[(&str, &str)] = &[("activity", "Activity information")];

const CUSTOM_GROUPS: &[(&str, &str)] = &[("custom_information", "Information")];
