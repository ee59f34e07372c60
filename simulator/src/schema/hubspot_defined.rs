//! The contact properties HubSpot defines itself, as a table: about 400, some 50 of them calculated, as a real
//! account showed (`hubspot-api.md` 2.8). Names and types are HubSpot's; descriptions and most option lists are not.
//! Option lists and spreads are those of all types.

use super::Table;

/// HubSpot's contact properties.
pub(crate) static CONTACTS: Table =
    Table { properties: CONTACT_PROPERTIES, always: ALWAYS, groups: GROUPS, kept: KEPT };

/// What generated contacts leave alone, because the simulator keeps it or because it must stay empty.
const KEPT: &[&str] = &[
    "hs_merged_object_ids",
    "hs_lastmodifieddate",
    "hs_createdate",
    "num_associated_deals",
    "associatedcompanyid",
];

/// One block a line: `group type/fieldType flags option-set: names`. Flags: `c` calculated, `r` read-only, `h` hidden,
/// `f` form field, `-` none. [`SPREADS`] says what `<stage>` and its like stand for.
const CONTACT_PROPERTIES: &str = "
contactinformation string/text f -: firstname lastname email jobtitle company website address city state zip country salutation fax
contactinformation string/phonenumber f -: phone mobilephone
contactinformation string/textarea f -: message
contactinformation string/text f -: annualrevenue industry company_size degree field_of_study gender job_function marital_status military_status relationship_status school seniority work_email date_of_birth graduation_date start_date hs_linkedin_url hs_whatsapp_phone_number hs_content_membership_notes hs_facebook_ads_lead_note
contactinformation enumeration/select f employees: numemployees
contactinformation enumeration/radio f stage: lifecyclestage
contactinformation enumeration/radio f lead_status: hs_lead_status
contactinformation enumeration/select f language: hs_language
contactinformation enumeration/select f persona: hs_persona
contactinformation enumeration/checkbox f legal_basis: hs_legal_basis
contactinformation enumeration/checkbox f channels: hs_preferred_channels
contactinformation enumeration/select - seniority: hs_seniority
contactinformation enumeration/select - role: hs_role hs_sub_role
contactinformation enumeration/checkbox f buying_role: hs_buying_role
contactinformation enumeration/select f timezone: hs_timezone
contactinformation string/text - -: hs_state_code hs_country_region_code hs_google_click_id hs_facebook_click_id hs_tiktok_click_id hs_linkedin_click_id hs_twitterid hs_facebookid hs_googleplusid hs_linkedinid hs_ip_timezone hs_avatar_filemanager_key hs_mobile_sdk_push_tokens hs_pinned_note
contactinformation string/text r -: hs_additional_emails hs_all_contact_vids hs_merged_object_ids hs_content_membership_email hs_content_membership_registration_domain_sent_to hs_conversations_visitor_email hs_emailconfirmationstatus hs_object_source hs_object_source_detail_1 hs_object_source_detail_2 hs_object_source_detail_3 hs_object_source_id hs_object_source_label hs_registration_method hs_unique_creation_key hs_user_ids_of_all_notification_followers hs_user_ids_of_all_notification_unfollowers hs_marketable_reason_id hs_marketable_reason_type hs_inferred_language_codes hs_journey_stage hs_customer_agent_lead_status
contactinformation enumeration/booleancheckbox r bool: hs_marketable_status hs_marketable_until_renewal hs_read_only hs_registered_member hs_membership_has_accessed_private_content hs_created_by_conversations hs_was_imported hs_is_contact hs_content_membership_email_confirmed hs_feedback_show_nps_web_survey hs_enriched_email_bounce_detected
contactinformation enumeration/booleancheckbox - bool: hs_contact_enrichment_opt_out hs_data_privacy_ads_consent hs_clicked_linkedin_ad hs_facebook_ad_clicked hs_linkedin_ad_clicked hs_cross_sell_opportunity
contactinformation enumeration/select r content_status: hs_content_membership_status
contactinformation datetime/date r -: createdate lastmodifieddate hs_createdate hs_lastmodifieddate hs_content_membership_follow_up_enqueued_at hs_content_membership_registered_at hs_content_membership_registration_email_sent_at hs_membership_last_private_content_access_date hs_contact_enrichment_opt_out_timestamp hs_employment_change_detected_date hs_job_change_detected_date hs_live_enrichment_deadline hs_returning_to_office_detected_date hs_document_last_revisited hs_feedback_last_survey_date hs_first_subscription_create_date hs_latest_subscription_create_date hs_recent_closed_order_date
contactinformation datetime/date - -: closedate hs_first_outreach_date hs_latest_meeting_activity
contactinformation number/number r -: hs_object_id hs_created_by_user_id hs_updated_by_user_id hs_object_source_user_id hs_pinned_engagement_id hs_source_object_id hs_source_portal_id hs_first_engagement_object_id hs_feedback_last_nps_rating hs_latitude hs_longitude associatedcompanyid hs_parent_contact_id
contactinformation string/textarea r -: hs_feedback_last_nps_follow_up
contactinformation string/text c -: hs_email_domain hs_full_name_or_email hs_calculated_form_submissions hs_calculated_merged_vids hs_calculated_mobile_number hs_calculated_phone_number hs_calculated_phone_number_area_code hs_calculated_phone_number_country_code hs_calculated_phone_number_region_code hs_searchable_calculated_international_mobile_number hs_searchable_calculated_international_phone_number hs_searchable_calculated_mobile_number hs_searchable_calculated_phone_number
contactinformation number/calculation_equation c -: hs_time_between_contact_creation_and_deal_close hs_time_between_contact_creation_and_deal_creation hs_time_to_first_engagement hs_time_to_move_from_lead_to_customer hs_time_to_move_from_marketingqualifiedlead_to_customer hs_time_to_move_from_opportunity_to_customer hs_time_to_move_from_salesqualifiedlead_to_customer hs_time_to_move_from_subscriber_to_customer hs_count_is_unworked hs_count_is_worked days_to_close
contactinformation bool/calculation_equation c -: hs_is_unworked hs_has_active_subscription hs_sequences_is_enrolled currentlyinworkflow
contactinformation number/calculation_equation c -: hs_time_in_<stage>
contactlifecyclestage datetime/date r -: hs_date_entered_<stage> hs_date_exited_<stage>
contactlifecyclestage datetime/date r -: hs_lifecyclestage_<stage>_date
contactlifecyclestage datetime/calculation_equation c -: hs_v2_date_entered_<stage>
contactlifecyclestage datetime/date r -: hs_v2_date_exited_<stage>
contactlifecyclestage number/number r -: hs_v2_cumulative_time_in_<stage>
contactlifecyclestage number/calculation_equation c -: hs_v2_latest_time_in_<stage>
sales_properties enumeration/select f owner: hubspot_owner_id
sales_properties enumeration/select - team: hubspot_team_id
sales_properties datetime/date r -: hubspot_owner_assigneddate notes_last_contacted notes_last_updated notes_next_activity_date engagements_last_meeting_booked hs_last_sales_activity_date hs_last_sales_activity_timestamp hs_sales_email_last_clicked hs_sales_email_last_opened hs_sales_email_last_replied hs_latest_sequence_ended_date hs_latest_sequence_enrolled_date hs_latest_sequence_finished_date hs_latest_sequence_unenrolled_date hs_sa_first_engagement_date hs_latest_disqualified_lead_date hs_latest_open_lead_date hs_latest_qualified_lead_date hs_notes_last_activity hs_notes_next_activity
sales_properties string/text r -: engagements_last_meeting_booked_campaign engagements_last_meeting_booked_medium engagements_last_meeting_booked_source hs_sa_first_engagement_descr hs_sa_first_engagement_object_type hs_notes_next_activity_type hs_last_sales_activity_type hs_user_ids_of_all_owners hs_all_owner_ids hs_all_team_ids hs_all_accessible_team_ids hs_all_assigned_business_unit_ids hs_shared_team_ids hs_shared_user_ids owneremail ownername hs_pipeline hs_associated_target_accounts
sales_properties number/number r -: num_contacted_notes num_notes hs_latest_sequence_enrolled hs_sequences_actively_enrolled_count hs_sequences_enrolled_count hs_messaging_engagement_score hubspotscore hs_predictivecontactscore_v2 hs_predictivecontactscore
sales_properties enumeration/select r tier: hs_predictivescoringtier hs_predictivecontactscorebucket
dealinformation number/number r -: num_associated_deals recent_deal_amount total_revenue
dealinformation datetime/date r -: first_deal_created_date recent_deal_close_date
emailinformation number/number r -: hs_email_bounce hs_email_click hs_email_delivered hs_email_open hs_email_replied hs_email_sends_since_last_engagement
emailinformation datetime/date r -: hs_email_first_click_date hs_email_first_open_date hs_email_first_reply_date hs_email_first_send_date hs_email_last_click_date hs_email_last_open_date hs_email_last_reply_date hs_email_last_send_date hs_email_recipient_fatigue_recovery_time
emailinformation string/text r -: hs_email_last_email_name hs_email_hard_bounce_reason hs_email_customer_quarantined_reason hs_email_optimal_send_day_of_week hs_email_optimal_send_time_of_day hs_quarantined_emails hs_email_optout_survey_reason
emailinformation enumeration/select r bounce: hs_email_hard_bounce_reason_enum hs_email_quarantined_reason
emailinformation enumeration/booleancheckbox r bool: hs_email_bad_address hs_email_is_ineligible hs_email_optout hs_email_quarantined hs_email_optout_10001 hs_email_optout_10002
analyticsinformation number/number r -: hs_analytics_average_page_views hs_analytics_num_event_completions hs_analytics_num_page_views hs_analytics_num_visits hs_analytics_revenue
analyticsinformation datetime/date r -: hs_analytics_first_timestamp hs_analytics_first_visit_timestamp hs_analytics_last_timestamp hs_analytics_last_visit_timestamp hs_latest_source_timestamp
analyticsinformation string/text r -: hs_analytics_first_referrer hs_analytics_first_touch_converting_campaign hs_analytics_first_url hs_analytics_last_referrer hs_analytics_last_touch_converting_campaign hs_analytics_last_url hs_analytics_source_data_1 hs_analytics_source_data_2 hs_latest_source_data_1 hs_latest_source_data_2 ip_city ip_country ip_country_code ip_latlon ip_state ip_state_code ip_zipcode
analyticsinformation enumeration/select r source: hs_analytics_source hs_latest_source
conversioninformation number/number r -: num_conversion_events num_unique_conversion_events
conversioninformation datetime/date r -: first_conversion_date recent_conversion_date
conversioninformation string/text r -: first_conversion_event_name recent_conversion_event_name
socialmediainformation number/number r -: followercount kloutscoregeneral linkedinconnections hs_social_num_broadcast_clicks hs_social_<network>_clicks
socialmediainformation string/text - -: linkedinbio photo twitterbio twitterhandle twitterprofilephoto
socialmediainformation datetime/date r -: hs_social_last_engagement
contact_activity datetime/date r -: associatedcompanylastupdated surveymonkeyeventlastupdated webinareventlastupdated hs_last_logged_call_date hs_last_logged_outgoing_email_date hs_last_open_task_date hs_last_sms_send_date hs_buying_intent_last_signal_date hs_prospecting_agent_last_enrolled hs_prospecting_agent_last_sent
contact_activity string/text r -: hs_last_sms_send_name hs_last_metered_enrichment_timestamp hs_prospecting_agent_actively_enrolled_count hs_prospecting_agent_total_enrolled_count hs_contact_creation_legal_basis_source_instance_id hs_last_used_personalization_token
contact_activity string/text rh -: hs_testpurge hs_testrollback
contact_activity enumeration/booleancheckbox r bool: hs_is_enriched hs_intent_signals_enabled hs_currently_enrolled_in_prospecting_agent hs_intent_paid_up_to_date
contact_activity number/number r -: hs_lead_count hs_open_lead_count hs_open_task_count hs_open_ticket_count hs_num_associated_orders hs_num_associated_carts hs_total_order_value
contact_activity datetime/date r -: hs_last_form_submission_date hs_last_ticket_created_date hs_last_order_date hs_next_task_due_date hs_last_chat_date
";

/// What an account has however few properties it was given: what the simulator keeps itself, and what makes a contact somebody.
const ALWAYS: &[&str] = &[
    "associatedcompanyid",
    "createdate",
    "email",
    "firstname",
    "hs_additional_emails",
    "hs_email_domain",
    "hs_full_name_or_email",
    "hs_merged_object_ids",
    "hs_object_id",
    "lastmodifieddate",
    "lastname",
    "lifecyclestage",
    "message",
    "num_associated_deals",
    "phone",
];

/// Named lists of option values; `-` has none, `owner`, `team` and `queue` come from elsewhere
/// (`externalOptions`).
pub(super) const OPTION_SETS: &[(&str, &[&str])] = &[
    ("bool", &["true", "false"]),
    ("employees", &["1-5", "5-25", "25-50", "50-100", "100-500", "500-1000", "1000+"]),
    ("stage", STAGES),
    (
        "lead_status",
        &[
            "NEW",
            "OPEN",
            "IN_PROGRESS",
            "OPEN_DEAL",
            "UNQUALIFIED",
            "ATTEMPTED_TO_CONTACT",
            "CONNECTED",
            "BAD_TIMING",
        ],
    ),
    (
        "language",
        &["en", "en-us", "en-gb", "de", "fr", "es", "pt-br", "it", "nl", "pl", "ja", "zh-cn", "tr", "da"],
    ),
    ("persona", &["persona_1", "persona_2", "persona_3"]),
    (
        "legal_basis",
        &[
            "Legitimate interest – prospect/lead",
            "Legitimate interest – existing customer",
            "Performance of a contract",
            "Freely given consent from contact",
            "Not applicable",
        ],
    ),
    ("channels", &["email", "phone", "sms", "whatsapp", "post"]),
    ("seniority", &["entry", "manager", "director", "executive", "vp", "owner", "partner"]),
    (
        "role",
        &[
            "engineering",
            "finance",
            "human_resources",
            "marketing",
            "operations",
            "sales",
            "support",
            "legal",
        ],
    ),
    (
        "buying_role",
        &[
            "BLOCKER",
            "BUDGET_HOLDER",
            "CHAMPION",
            "DECISION_MAKER",
            "END_USER",
            "EXECUTIVE_SPONSOR",
            "INFLUENCER",
        ],
    ),
    (
        "timezone",
        &[
            "us_slash_eastern",
            "us_slash_pacific",
            "europe_slash_berlin",
            "europe_slash_london",
            "asia_slash_tokyo",
        ],
    ),
    ("industry", INDUSTRIES),
    ("company_type", &["PROSPECT", "PARTNER", "RESELLER", "VENDOR", "OTHER"]),
    ("revenue_range", &["$0-$1M", "$1M-$10M", "$10M-$50M", "$50M-$100M", "$100M-$1B", "$1B+"]),
    ("employee_range", &["1-10", "11-50", "51-200", "201-500", "501-1000", "1001-5000", "5001+"]),
    ("pipeline", &["default"]),
    ("deal_stage", DEAL_STAGES),
    ("deal_type", &["newbusiness", "existingbusiness"]),
    ("priority", &["low", "medium", "high"]),
    ("forecast", &["OMIT", "PIPELINE", "BEST_CASE", "COMMIT", "CLOSED"]),
    ("currency", &["USD", "EUR", "GBP", "JPY"]),
    ("lost_reason", &["price", "timing", "competitor", "no_decision", "other"]),
    ("content_status", &["active", "inactive", "pending"]),
    ("tier", &["tier_1", "tier_2", "tier_3", "tier_4"]),
    ("bounce", &["BLOCKED", "UNKNOWN_USER", "MAILBOX_FULL", "SPAM", "POLICY", "OTHER"]),
    ("task_status", &["NOT_STARTED", "IN_PROGRESS", "WAITING", "DEFERRED", "COMPLETED"]),
    ("task_priority", &["NONE", "LOW", "MEDIUM", "HIGH"]),
    ("task_type", &["EMAIL", "CALL", "TODO"]),
    (
        "call_status",
        &[
            "BUSY",
            "CALLING_CRM_USER",
            "CANCELED",
            "COMPLETED",
            "CONNECTING",
            "FAILED",
            "IN_PROGRESS",
            "NO_ANSWER",
            "QUEUED",
            "RINGING",
        ],
    ),
    ("call_direction", &["INBOUND", "OUTBOUND"]),
    // Busy, connected, left live message, left voicemail, no answer, wrong number. Source: `hubspot-api.md` 4.7.
    (
        "call_disposition",
        &[
            "9d9162e7-6cf3-4944-bf63-4dff82258764",
            "f240bbac-87c9-4f6e-bf70-924b57d47db7",
            "a4c4c377-d246-4b32-a13b-75a56a4cd0ff",
            "b2cf5968-551e-4856-9783-52b3da59a7d0",
            "73a0d17f-1163-4015-bdd5-ec830791da20",
            "17b47fee-58de-441e-a44c-c6300d46f273",
        ],
    ),
    (
        "source",
        &[
            "ORGANIC_SEARCH",
            "PAID_SEARCH",
            "EMAIL_MARKETING",
            "SOCIAL_MEDIA",
            "REFERRALS",
            "OTHER_CAMPAIGNS",
            "DIRECT_TRAFFIC",
            "OFFLINE",
            "PAID_SOCIAL",
            "AI_REFERRALS",
        ],
    ),
];

/// The stages of a new account's one pipeline, in their order.
pub(crate) const DEAL_STAGES: &[&str] = &[
    "appointmentscheduled",
    "qualifiedtobuy",
    "presentationscheduled",
    "decisionmakerboughtin",
    "contractsent",
    "closedwon",
    "closedlost",
];

const INDUSTRIES: &[&str] = &[
    "ACCOUNTING",
    "AUTOMOTIVE",
    "BANKING",
    "BIOTECHNOLOGY",
    "COMPUTER_SOFTWARE",
    "CONSTRUCTION",
    "CONSUMER_GOODS",
    "EDUCATION_MANAGEMENT",
    "FOOD_PRODUCTION",
    "HOSPITAL_HEALTH_CARE",
    "INFORMATION_TECHNOLOGY_AND_SERVICES",
    "LOGISTICS_AND_SUPPLY_CHAIN",
    "MACHINERY",
    "NON_PROFIT_ORGANIZATION_MANAGEMENT",
    "REAL_ESTATE",
    "RETAIL",
    "TELECOMMUNICATIONS",
    "TEXTILES",
    "UTILITIES",
];

/// Lifecycle stages in their order; a contact only moves forward.
pub(crate) const STAGES: &[&str] = &[
    "subscriber",
    "lead",
    "marketingqualifiedlead",
    "salesqualifiedlead",
    "opportunity",
    "customer",
    "evangelist",
    "other",
];

/// What stands for several in a name of the tables, and for what.
pub(super) const SPREADS: &[(&str, &[&str])] = &[
    ("<stage>", STAGES),
    ("<deal_stage>", DEAL_STAGES),
    ("<network>", &["facebook", "google_plus", "linkedin", "twitter"]),
];

/// Property groups: name, label.
const GROUPS: &[(&str, &str)] = &[
    ("analyticsinformation", "Web analytics history"),
    ("contact_activity", "Contact activity"),
    ("contactinformation", "Contact information"),
    ("contactlifecyclestage", "Contact lifecycle stage"),
    ("conversioninformation", "Conversion information"),
    ("dealinformation", "Deal information"),
    ("emailinformation", "Email information"),
    ("sales_properties", "Sales properties"),
    ("socialmediainformation", "Social media information"),
];
