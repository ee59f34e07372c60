//! The deal properties HubSpot defines itself, as a table; written as [`super::hubspot_defined`] says. Names and types
//! are HubSpot's; descriptions and most option lists are not. `createdate` may be written in HubSpot; here it may not.

use super::Table;

/// HubSpot's deal properties.
pub(crate) static DEALS: Table = Table { properties: PROPERTIES, always: ALWAYS, groups: GROUPS, kept: KEPT };

const PROPERTIES: &str = "
dealinformation string/text f -: dealname
dealinformation enumeration/select f pipeline: pipeline
dealinformation enumeration/radio f deal_stage: dealstage
dealinformation number/number f -: amount
dealinformation datetime/date f -: closedate
dealinformation enumeration/radio f deal_type: dealtype
dealinformation string/textarea f -: description closed_lost_reason closed_won_reason hs_next_step
dealinformation enumeration/select f priority: hs_priority
dealinformation enumeration/select - forecast: hs_manual_forecast_category hs_forecast_category
dealinformation enumeration/select - currency: deal_currency_code
dealinformation enumeration/checkbox - lost_reason: hs_closed_lost_reason_category
dealinformation number/number - -: hs_forecast_probability hs_acv hs_arr hs_mrr hs_tcv
dealinformation number/calculation_equation c -: amount_in_home_currency hs_deal_stage_probability days_to_close hs_closed_amount hs_closed_amount_in_home_currency hs_closed_deal_close_date hs_closed_deal_create_date hs_closed_won_count hs_days_to_close_raw hs_deal_amount_calculation_preference hs_exchange_rate hs_forecast_amount hs_open_amount_in_home_currency hs_projected_amount hs_projected_amount_in_home_currency hs_weighted_pixel hs_is_open_count hs_open_deal_create_date hs_closed_won_date_count
dealinformation bool/calculation_equation c -: hs_is_closed hs_is_closed_won hs_is_closed_lost hs_is_deal_split hs_is_active_shared_deal
dealinformation number/number c -: num_associated_contacts num_contacted_notes num_notes hs_num_associated_active_deal_registrations hs_num_of_associated_line_items hs_num_target_accounts hs_number_of_call_engagements hs_number_of_inbound_calls hs_number_of_outbound_calls hs_number_of_scheduled_meetings
dealinformation number/number r -: hs_object_id hs_created_by_user_id hs_updated_by_user_id hs_object_source_user_id hs_pinned_engagement_id hs_source_object_id hs_primary_associated_company hs_deal_score hs_predicted_amount hs_likelihood_to_close
dealinformation datetime/date r -: createdate hs_createdate hs_lastmodifieddate hs_closed_won_date hs_date_entered_current_stage hs_last_booked_meeting_date hs_latest_meeting_activity
dealinformation string/text r -: hs_merged_object_ids hs_object_source hs_object_source_detail_1 hs_object_source_detail_2 hs_object_source_detail_3 hs_object_source_id hs_object_source_label hs_unique_creation_key hs_all_collaborator_owner_ids hs_all_deal_split_owner_ids hs_campaign hs_tag_ids hs_user_ids_of_all_notification_followers hs_user_ids_of_all_notification_unfollowers
dealinformation enumeration/booleancheckbox r bool: hs_read_only hs_was_imported hs_is_stalled
dealinformation datetime/calculation_equation c -: hs_v2_date_entered_<deal_stage> hs_v2_date_exited_<deal_stage>
dealinformation number/calculation_equation c -: hs_v2_cumulative_time_in_<deal_stage> hs_v2_latest_time_in_<deal_stage>
deal_activity datetime/date r -: hubspot_owner_assigneddate notes_last_contacted notes_last_updated notes_next_activity_date engagements_last_meeting_booked hs_last_sales_activity_date hs_notes_last_activity hs_notes_next_activity
deal_activity string/text r -: engagements_last_meeting_booked_campaign engagements_last_meeting_booked_medium engagements_last_meeting_booked_source hs_notes_next_activity_type
dealinformation enumeration/select f owner: hubspot_owner_id
dealinformation enumeration/select - team: hubspot_team_id
dealinformation string/text r -: hs_user_ids_of_all_owners hs_all_owner_ids hs_all_team_ids hs_all_accessible_team_ids hs_all_assigned_business_unit_ids
analyticsinformation enumeration/select r source: hs_analytics_source hs_analytics_latest_source
analyticsinformation string/text r -: hs_analytics_source_data_1 hs_analytics_source_data_2 hs_analytics_latest_source_data_1 hs_analytics_latest_source_data_2
analyticsinformation datetime/date r -: hs_analytics_latest_source_timestamp
";

/// What an account has however few properties it was given.
const ALWAYS: &[&str] = &[
    "amount",
    "closedate",
    "createdate",
    "dealname",
    "dealstage",
    "hs_deal_stage_probability",
    "hs_is_closed",
    "hs_is_closed_won",
    "hs_lastmodifieddate",
    "hs_merged_object_ids",
    "hs_object_id",
    "hubspot_owner_id",
    "num_associated_contacts",
    "pipeline",
];

/// What generated deals leave alone, because the simulator keeps it or because it must stay empty.
const KEPT: &[&str] = &[
    "hs_createdate",
    "hs_deal_stage_probability",
    "hs_is_closed",
    "hs_is_closed_lost",
    "hs_is_closed_won",
    "hs_merged_object_ids",
    "hs_primary_associated_company",
    "num_associated_contacts",
];

const GROUPS: &[(&str, &str)] = &[
    ("analyticsinformation", "Web analytics history"),
    ("deal_activity", "Deal activity"),
    ("dealinformation", "Deal information"),
];
