//! The company properties HubSpot defines itself, as a table; written as [`super::hubspot_defined`] says. Names and types
//! are HubSpot's; descriptions and most option lists are not.

use super::Table;

/// HubSpot's company properties.
pub(crate) static COMPANIES: Table =
    Table { properties: PROPERTIES, always: ALWAYS, groups: GROUPS, kept: KEPT };

const PROPERTIES: &str = "
companyinformation string/text f -: name domain website address address2 city state zip country founded_year timezone web_technologies
companyinformation string/phonenumber f -: phone
companyinformation string/textarea f -: description about_us
companyinformation number/number f -: annualrevenue numberofemployees
companyinformation enumeration/select f industry: industry
companyinformation enumeration/radio f company_type: type
companyinformation enumeration/radio f stage: lifecyclestage
companyinformation enumeration/radio f lead_status: hs_lead_status
companyinformation enumeration/booleancheckbox - bool: is_public hs_is_target_account
companyinformation enumeration/select - revenue_range: hs_revenue_range
companyinformation enumeration/select - employee_range: hs_employee_range
companyinformation enumeration/checkbox - tier: hs_ideal_customer_profile
companyinformation string/text r -: hs_additional_domains hs_merged_object_ids hs_object_source hs_object_source_detail_1 hs_object_source_detail_2 hs_object_source_detail_3 hs_object_source_id hs_object_source_label hs_unique_creation_key hs_user_ids_of_all_notification_followers hs_user_ids_of_all_notification_unfollowers hs_country_code hs_state_code hs_logo_url hs_industry_group hs_keywords hs_linkedin_handle hs_csm_sentiment
companyinformation enumeration/booleancheckbox r bool: hs_read_only hs_was_imported hs_is_enriched hs_quick_context
companyinformation datetime/date r -: createdate hs_createdate hs_lastmodifieddate closedate first_contact_createdate hs_most_recent_de_anonymized_visit hs_live_enrichment_deadline
companyinformation number/number r -: hs_object_id hs_created_by_user_id hs_updated_by_user_id hs_object_source_user_id hs_pinned_engagement_id hs_source_object_id hs_parent_company_id hs_latitude hs_longitude hs_target_account_probability
companyinformation number/number c -: num_associated_contacts num_associated_deals num_contacted_notes num_notes num_conversion_events hs_num_child_companies hs_num_open_deals hs_num_blockers hs_num_contacts_with_buying_roles hs_num_decision_makers
companyinformation number/calculation_equation c -: days_to_close hs_total_deal_value total_revenue hs_time_in_<stage>
companylifecyclestage datetime/date r -: hs_date_entered_<stage> hs_date_exited_<stage>
companylifecyclestage datetime/calculation_equation c -: hs_v2_date_entered_<stage>
sales_properties enumeration/select f owner: hubspot_owner_id
sales_properties enumeration/select - team: hubspot_team_id
sales_properties datetime/date r -: hubspot_owner_assigneddate notes_last_contacted notes_last_updated notes_next_activity_date hs_last_sales_activity_date hs_last_sales_activity_timestamp hs_last_booked_meeting_date hs_last_logged_call_date hs_last_open_task_date hs_notes_last_activity hs_notes_next_activity
sales_properties string/text r -: hs_user_ids_of_all_owners hs_all_owner_ids hs_all_team_ids hs_all_accessible_team_ids hs_all_assigned_business_unit_ids hs_last_sales_activity_type hs_notes_next_activity_type hs_pipeline
sales_properties enumeration/select r tier: hs_target_account hs_predictivecontactscore_tier
dealinformation number/number r -: recent_deal_amount hs_analytics_revenue
dealinformation datetime/date r -: first_deal_created_date recent_deal_close_date
analyticsinformation number/number r -: hs_analytics_num_page_views hs_analytics_num_visits
analyticsinformation datetime/date r -: hs_analytics_first_timestamp hs_analytics_first_visit_timestamp hs_analytics_last_timestamp hs_analytics_last_visit_timestamp
analyticsinformation string/text r -: hs_analytics_first_touch_converting_campaign hs_analytics_last_touch_converting_campaign hs_analytics_source_data_1 hs_analytics_source_data_2
analyticsinformation enumeration/select r source: hs_analytics_source hs_latest_source
conversioninformation datetime/date r -: first_conversion_date recent_conversion_date
conversioninformation string/text r -: first_conversion_event_name recent_conversion_event_name
socialmediainformation string/text - -: facebook_company_page googleplus_page linkedin_company_page linkedinbio twitterbio twitterhandle facebookfans twitterfollowers
";

/// What an account has however few properties it was given.
const ALWAYS: &[&str] = &[
    "annualrevenue",
    "createdate",
    "domain",
    "hs_additional_domains",
    "hs_lastmodifieddate",
    "hs_merged_object_ids",
    "hs_object_id",
    "hubspot_owner_id",
    "lifecyclestage",
    "name",
    "num_associated_contacts",
    "num_associated_deals",
    "numberofemployees",
    "phone",
    "website",
];

/// What generated companies leave alone, because the simulator keeps it or because it must stay empty.
const KEPT: &[&str] = &[
    "hs_additional_domains",
    "hs_createdate",
    "hs_merged_object_ids",
    "hs_num_child_companies",
    "hs_parent_company_id",
    "num_associated_contacts",
    "num_associated_deals",
];

const GROUPS: &[(&str, &str)] = &[
    ("analyticsinformation", "Web analytics history"),
    ("companyinformation", "Company information"),
    ("companylifecyclestage", "Company lifecycle stage"),
    ("conversioninformation", "Conversion information"),
    ("dealinformation", "Deal information"),
    ("sales_properties", "Sales properties"),
    ("socialmediainformation", "Social media information"),
];
