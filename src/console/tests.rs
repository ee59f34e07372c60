//! What holds for every page, checked by parsing each; and what single pages promise.
//!
//! `SPOKE_PAGES=folder cargo test -p spoke console::` also writes every page into that folder, to be looked at.

use scraper::{ElementRef, Html, Selector};

use super::sample::{self, plain};
use super::view::*;
use super::{
    Page, fill, integrations, notice, operator, outbox, paths,
    record::{self, RecordView},
    records::{self, RecordsView},
    security_headers,
    sync::{self, SyncView},
};

fn select<'a>(html: &'a Html, selector: &str) -> Vec<ElementRef<'a>> {
    html.select(&Selector::parse(selector).unwrap()).collect()
}

fn text(page: &Page) -> String {
    let html = Html::parse_document(&page.html);
    let text = html.root_element().text().collect::<String>();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn every_page_is_well_formed_and_has_title_language_and_one_heading() {
    for (name, page) in sample::every_page(&plain) {
        let html = Html::parse_document(&page.html);
        assert_eq!(html.errors, Vec::<String>::new(), "{name}");
        assert_eq!(select(&html, "html[lang=en]").len(), 1, "{name}");
        assert!(
            select(&html, "title")[0].text().collect::<String>().ends_with(" · Acme Scheduling"),
            "{name}"
        );
        assert_eq!(select(&html, "h1").len(), 1, "{name}");
        assert_eq!(select(&html, "main#main").len(), 1, "{name}: where Skip to content leads");
        let levels: Vec<_> =
            select(&html, "h1, h2, h3, h4").iter().map(|h| h.value().name().as_bytes()[1] - b'0').collect();
        assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{name}: {levels:?} skips a level");
        if let Some(folder) = std::env::var_os("SPOKE_PAGES") {
            std::fs::write(std::path::Path::new(&folder).join(format!("{name}.html")), &page.html).unwrap();
        }
    }
    for (name, fragment) in sample::every_fragment(&plain) {
        let html = Html::parse_fragment(&fragment.html);
        assert_eq!(html.errors, Vec::<String>::new(), "{name}");
        assert_eq!(select(&html, "#live[hx-get][hx-trigger]").len(), 1, "{name}");
        assert!(fragment.html.starts_with("<div id=\"live\""), "{name}");
    }
}

#[test]
fn every_control_has_a_name_that_a_screen_reader_can_say() {
    for (name, page) in sample::every_page(&plain) {
        let html = Html::parse_document(&page.html);
        for control in select(&html, "input:not([type=hidden]), select, textarea, meter, progress") {
            let labelled = control.attr("aria-label").is_some_and(|label| !label.is_empty())
                || control
                    .attr("aria-labelledby")
                    .is_some_and(|id| select(&html, &format!("[id='{id}']")).len() == 1)
                || control
                    .attr("id")
                    .is_some_and(|id| select(&html, &format!("label[for='{id}']")).len() == 1)
                || control
                    .ancestors()
                    .filter_map(ElementRef::wrap)
                    .any(|around| around.value().name() == "label");
            assert!(labelled, "{name}: {}", control.html());
        }
        for named in select(&html, "a, button, summary") {
            let words = named.text().collect::<String>();
            assert!(!words.trim().is_empty(), "{name}: {}", named.html());
        }
        for labelled in select(&html, "[aria-labelledby], [aria-describedby]") {
            for id in ["aria-labelledby", "aria-describedby"].iter().filter_map(|a| labelled.attr(a)) {
                assert_eq!(select(&html, &format!("[id='{id}']")).len(), 1, "{name}: {id}");
            }
        }
    }
}

#[test]
fn ids_are_unique_on_every_page() {
    for (name, page) in sample::every_page(&plain) {
        let html = Html::parse_document(&page.html);
        let mut ids: Vec<_> =
            select(&html, "[id]").iter().map(|e| e.attr("id").unwrap().to_owned()).collect();
        ids.sort_unstable();
        let all = ids.len();
        ids.dedup();
        assert_eq!(ids.len(), all, "{name}");
    }
}

#[test]
fn nothing_is_scripted_or_styled_inline_and_nothing_comes_from_elsewhere() {
    for (name, page) in sample::every_page(&plain).into_iter().chain(sample::every_fragment(&plain)) {
        let html = Html::parse_document(&page.html);
        for element in select(&html, "*") {
            let tag = element.value().name();
            assert!(
                tag != "style" && (tag != "script" || element.inner_html().is_empty()),
                "{name}: <{tag}>"
            );
            for (attribute, value) in element.value().attrs() {
                assert!(
                    attribute != "style" && !attribute.starts_with("on"),
                    "{name}: {attribute} in <{tag}>"
                );
                let loads = attribute == "src" || (tag == "link" && attribute == "href");
                assert!(!loads || value.starts_with("/assets/"), "{name}: loads {value}");
            }
        }
    }
}

#[test]
fn whatever_a_text_holds_it_stays_text() {
    const NASTY: &str =
        "\"'><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}&lt;javascript:alert(1)";
    let nasty = |_: &str| NASTY.to_owned();
    for (plain_page, (name, page)) in sample::every_page(&plain).iter().zip(sample::every_page(&nasty)) {
        let (expected, html) = (Html::parse_document(&plain_page.1.html), Html::parse_document(&page.html));
        let tags =
            |html: &Html| select(html, "*").iter().map(|e| e.value().name().to_owned()).collect::<Vec<_>>();
        let without_link = |html: &Html| {
            tags(html)
                .into_iter()
                .filter(|tag| !["a", "svg", "path", "span"].contains(&tag.as_str()))
                .collect::<Vec<_>>()
        };
        // A host name that is none is not linked; nothing else differs.
        assert_eq!(without_link(&html), without_link(&expected), "{name}");
        assert!(!page.html.contains("<script>alert") && !page.html.contains("<img"), "{name}");
        for link in select(&html, "[href], [action], [hx-get]") {
            for address in ["href", "action", "hx-get"].iter().filter_map(|a| link.attr(a)) {
                assert!(
                    address.starts_with(['/', '#']) || address.starts_with("https://"),
                    "{name}: {address}"
                );
                assert!(!address.contains(['"', '<', '\'', ' ']), "{name}: {address}");
            }
        }
    }
}

#[test]
fn an_address_from_outside_is_linked_only_if_it_is_a_web_address() {
    assert_eq!(paths::outside("https://acme.example/x"), Some("https://acme.example/x"));
    assert_eq!(paths::outside("HTTP://localhost:1"), Some("HTTP://localhost:1"));
    for bad in ["javascript:alert(1)", " https://x", "data:text/html,x", "//evil.example", "", "/x", "ä"] {
        assert_eq!(paths::outside(bad), None, "{bad}");
    }
    assert_eq!(
        paths::hubspot_portal("app-eu1.hubspot.com", 7).unwrap(),
        "https://app-eu1.hubspot.com/contacts/7"
    );
    assert_eq!(paths::hubspot_portal("evil.example/@x", 7), None);
    assert_eq!(paths::console("a b&c", ""), "/console?q=a%20b%26c");
}

#[test]
fn every_form_that_sends_something_carries_the_sessions_token() {
    for (name, page) in sample::every_page(&plain) {
        let html = Html::parse_document(&page.html);
        for form in select(&html, "form[method=post]") {
            let token = Selector::parse("input[type=hidden][name=csrf][value=csrf]").unwrap();
            assert_eq!(form.select(&token).count(), 1, "{name}: {}", form.html());
        }
        for form in select(&html, "form") {
            assert!(
                form.attr("action").is_some() && form.attr("method").is_some(),
                "{name}: {}",
                form.html()
            );
        }
    }
}

#[test]
fn an_unconnected_workspace_offers_connect_and_a_connected_one_disconnect() {
    let empty = integrations::page(&sample::integrations_view(&plain, vec![]));
    let html = Html::parse_document(&empty.html);
    assert_eq!(select(&html, "a[href='/w/ws_northwind/connect?app=main']").len(), 1);
    assert!(!text(&empty).contains("Disconnect"));

    let connected = integrations::page(&sample::integrations_view(&plain, vec![sample::connected(&plain)]));
    let html = Html::parse_document(&connected.html);
    let link = select(&html, "a[href='/w/ws_northwind/connections/con_a/disconnect']");
    assert_eq!(link[0].text().collect::<String>(), "Disconnect");
}

#[test]
fn a_disconnected_account_leaves_connect_as_the_first_thing_to_do_and_reconnect_as_an_offer() {
    let shown = |state| {
        let connection = ConnectionView { state, ..sample::connected(&plain) };
        let page = integrations::page(&sample::integrations_view(&plain, vec![connection]));
        let html = Html::parse_document(&page.html);
        let buttons = select(&html, "main a.btn");
        buttons.iter().map(|button| button.text().collect::<String>()).collect::<Vec<_>>()
    };
    assert_eq!(shown(ConnectionState::Active), ["Connect another account", "Disconnect"]);
    assert_eq!(
        shown(ConnectionState::NeedsReauthorisation),
        ["Connect another account", "Reconnect", "Disconnect"]
    );
    assert_eq!(shown(ConnectionState::Disconnected), ["Connect", "Reconnect", "Delete its data"]);
    // Until HubSpot has been told, connecting the same account again would be refused.
    assert_eq!(shown(ConnectionState::Disconnecting), ["Connect"]);
}

#[test]
fn a_first_sync_over_an_older_mirror_counts_what_it_has_read() {
    let mut connection = sample::backfilling(&plain);
    connection.streams[0].records = 20_000;
    connection.streams[0].read = 300;
    let page = integrations::page(&sample::integrations_view(&plain, vec![connection]));
    assert!(text(&page).contains("300 of about 20,000"), "{}", text(&page));
}

#[test]
fn figures_of_a_part_of_the_list_are_not_shown_as_those_of_all() {
    let words = |view: &OperatorView| text(&operator::overview(view));
    let part = sample::operator_view(&plain);
    assert!(words(&part).contains("Records below1,032,412"), "{}", words(&part));
    let whole = OperatorView { next_cursor: None, ..part };
    assert!(words(&whole).contains("Records1,032,412"));
}

#[test]
fn a_viewer_is_offered_nothing_to_do() {
    let viewer = |mut at: crate::console::connection::ConnectionFrame| {
        at.frame.administers = false;
        at
    };
    let mut pages = vec![(
        "sync",
        sync::page(&SyncView { at: viewer(sample::connection_frame(&plain)), ..sample::sync_view(&plain) }),
    )];
    pages.push((
        "record",
        record::page(&RecordView {
            at: viewer(sample::connection_frame(&plain)),
            ..sample::record_view(&plain)
        }),
    ));
    pages.extend(sample::every_page(&plain).into_iter().filter(|(name, _)| *name == "privacy-viewer"));
    assert_eq!(pages.len(), 3);
    for (name, page) in pages {
        let html = Html::parse_document(&page.html);
        let forms: Vec<_> = select(&html, "form[method=post]")
            .iter()
            .map(|form| form.attr("action").unwrap().to_owned())
            .collect();
        assert_eq!(forms, ["/w/ws_northwind/sign-out"], "{name}");
        assert!(select(&html, "main a[href$=resync]").is_empty(), "{name}");
    }
}

#[test]
fn what_is_looked_for_is_sent_and_never_put_into_an_address() {
    let page =
        records::page(&RecordsView { found: Some("ada@example.com".into()), ..sample::records_view(&plain) });
    let html = Html::parse_document(&page.html);
    let form = &select(&html, "form[role=search]")[0];
    assert_eq!(form.attr("method"), Some("post"));
    for link in select(&html, "[href], [action], [hx-get]") {
        for address in ["href", "action", "hx-get"].iter().filter_map(|name| link.attr(name)) {
            assert!(!address.contains("ada"), "{address}");
        }
    }
}

#[test]
fn from_a_page_of_runs_the_older_and_the_newest_are_reached() {
    let pages = sample::every_page(&plain);
    let links = |name: &str| -> Vec<String> {
        let (_, page) = pages.iter().find(|(own, _)| *own == name).unwrap();
        let html = Html::parse_document(&page.html);
        let links = select(&html, "nav[aria-label='Pages of runs'] a");
        links.iter().map(|link| link.attr("href").unwrap().rsplit('/').next().unwrap().to_owned()).collect()
    };
    assert_eq!(links("automations"), Vec::<String>::new());
    assert_eq!(links("automations-older"), ["automations#runs", "automations?before=812#runs"]);
}

#[test]
fn what_went_with_an_erased_person_is_told_place_by_place() {
    let pages = sample::every_page(&plain);
    let (_, page) = pages.iter().find(|(name, _)| *name == "erased").unwrap();
    let html = Html::parse_document(&page.html);
    let facts: Vec<String> =
        select(&html, "dl.facts > div").iter().map(|fact| fact.text().collect()).collect();
    for (what, count) in [
        ("Intent signals", "12"),
        ("Runs of workflows", "3"),
        ("Audiences and attributes", "2 memberships and values"),
    ] {
        assert!(facts.iter().any(|fact| fact.starts_with(what) && fact.ends_with(count)), "{facts:?}");
    }
}

#[test]
fn a_full_read_can_be_asked_for_only_where_it_would_begin() {
    let page = |stopped: Option<&str>| {
        let html = sample::resync_page(&plain, stopped.map(str::to_owned)).html;
        let html = Html::parse_document(&html);
        select(&html, "form[action$='/streams/contacts/resync']").len()
    };
    assert_eq!((page(None), page(Some("The sync is paused."))), (1, 0));
}

#[test]
fn a_pause_is_never_told_shorter_than_it_is() {
    let words = |retry_after_s| {
        let notice = Notice::TooMany { retry_after_s };
        let view = NoticeView { product: "Acme".into(), notice, place: Place::Console, return_url: None };
        text(&notice::notice(&view))
    };
    assert!(words(59).contains("in 59 seconds") && words(61).contains("in 2 minutes"));
    assert!(words(14 * 60 + 1).contains("in 15 minutes") && words(0).contains("in 1 second"));
}

#[test]
fn a_first_sync_is_asked_for_every_two_seconds_and_everything_else_every_ten() {
    let trigger = |connection| {
        let live = integrations::live(&sample::integrations_view(&plain, vec![connection]));
        let html = Html::parse_fragment(&live.html);
        select(&html, "#live")[0].attr("hx-trigger").unwrap().to_owned()
    };
    assert_eq!(trigger(sample::backfilling(&plain)), "every 2s");
    assert_eq!(trigger(sample::connected(&plain)), "every 10s");
    let paused = ConnectionView { state: ConnectionState::Paused, ..sample::backfilling(&plain) };
    assert_eq!(trigger(paused), "every 10s");
    let leaving = ConnectionView { state: ConnectionState::Disconnecting, ..sample::connected(&plain) };
    assert_eq!(trigger(leaving), "every 2s");
}

fn named(wanted: &str) -> Page {
    let all = sample::every_page(&plain);
    all.into_iter().find(|(name, _)| *name == wanted).map(|(_, page)| page).expect(wanted)
}

#[test]
fn what_waits_while_the_account_stands_still_says_why_and_is_asked_for_less_often() {
    let cases = [
        ("outbox-waiting", None, "every 1s"),
        ("outbox-waiting-paused", Some("goes on when somebody resumes it. To the sync"), "every 10s"),
        ("outbox-waiting-no-access", Some("when the account is connected again"), "every 10s"),
        ("outbox-failed", None, "every 10s"),
    ];
    for (name, why, every) in cases {
        let page = named(name);
        let html = Html::parse_document(&page.html);
        let said = text(&page).contains("goes on");
        assert_eq!(said, why.is_some(), "{name}");
        assert!(why.is_none_or(|why| text(&page).contains(why)), "{name}: {}", text(&page));
        assert_eq!(select(&html, "#live")[0].attr("hx-trigger"), Some(every), "{name}");
        let moves = name == "outbox-waiting";
        assert_eq!(select(&html, "progress").len(), usize::from(moves), "{name}: nothing moves by itself");
    }
}

#[test]
fn a_form_that_was_refused_begins_at_the_first_thing_that_is_wrong() {
    let begins = |name: &str| {
        let page = named(name);
        let html = Html::parse_document(&page.html);
        select(&html, "[autofocus]").iter().map(|own| own.attr("id").unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(begins("act-refused"), ["owner"]);
    assert_eq!(begins("act-refused-whole"), ["wrong"]);
    assert_eq!(begins("act-task"), Vec::<String>::new());
    assert_eq!(begins("act-preview"), Vec::<String>::new());
}

#[test]
fn only_what_was_done_about_an_action_is_told_as_done() {
    let action = |states: [&str; 2]| {
        let write = |state: &&str| serde_json::json!({ "op": "create", "type": "tasks", "state": state, "attempts": 1 });
        let told = serde_json::json!({
            "id": "act_1", "action": "create_task", "state": states[0], "asked_at": "2026-11-20T09:30:00.000Z",
            "by": "jane", "writes": states.iter().map(write).collect::<Vec<_>>(),
        });
        fill::outbox::action(&told.to_string()).unwrap()
    };
    let done = |what, before, after| outbox::was_done(what, &action(before), &action(after));
    assert!(done("cancel", ["done", "waiting"], ["done", "cancelled"]));
    assert!(!done("cancel", ["done", "waiting"], ["done", "sent"]), "it left before");
    assert!(!done("cancel", ["done", "cancelled"], ["done", "cancelled"]));
    assert!(done("retry", ["failed", "done"], ["waiting", "done"]));
    assert!(!done("retry", ["done", "done"], ["done", "done"]));
    assert!(done("resolve", ["unknown", "failed"], ["done", "failed"]));
    assert!(!done("resolve", ["done", "failed"], ["done", "failed"]), "somebody else has said so");
}

#[test]
fn progress_and_gauges_stay_within_their_bounds() {
    let mut connection = sample::backfilling(&plain);
    connection.streams[0].percent = Some(250);
    connection.limits = connection.limits.map(|limits| LimitsView {
        window_limit: 0,
        window_used: 5,
        day_used: 300_000,
        ..limits
    });
    let page = integrations::page(&sample::integrations_view(&plain, vec![connection]));
    let html = Html::parse_document(&page.html);
    for bar in select(&html, "progress[value], meter") {
        let number = |name: &str| bar.attr(name).unwrap().parse::<u64>().unwrap();
        assert!(number("max") > 0 && number("value") <= number("max"), "{}", bar.html());
    }
}

#[test]
fn a_screen_reader_hears_tenths_and_not_every_figure() {
    let spoken = |percent| {
        let mut connection = sample::backfilling(&plain);
        connection.streams[0].percent = Some(percent);
        let live = integrations::live(&sample::integrations_view(&plain, vec![connection]));
        let html = Html::parse_fragment(&live.html);
        select(&html, "[role=status]")[0].text().collect::<String>()
    };
    assert_eq!(spoken(61), spoken(69));
    assert_ne!(spoken(69), spoken(70));
}

#[test]
fn the_disconnect_page_says_which_of_stop_uninstall_and_revoke_will_happen() {
    let words = |uninstalls, revokes| {
        text(&integrations::disconnect(&DisconnectView {
            frame: sample::integrations_view(&plain, vec![]).frame,
            connection_id: "con_a".into(),
            name: String::new(),
            portal_id: 7,
            portal_name: "Northwind".into(),
            plan: DisconnectPlan { uninstalls, revokes, ours: true, over: false },
        }))
    };
    let last = words(true, true);
    assert!(
        last.contains("sync stops") && last.contains("is uninstalled") && last.contains("is revoked"),
        "{last}"
    );
    let shared = words(false, false);
    assert!(shared.contains("sync stops") && shared.contains("stays installed"), "{shared}");
    assert!(shared.contains("is not revoked"), "{shared}");
    assert!(
        words(false, true).contains("stays installed")
            && words(false, true).contains("is revoked at HubSpot")
    );
}

#[test]
fn the_page_before_leaving_names_the_workspace_that_will_receive_the_data() {
    let (_, page) = sample::every_page(&plain).into_iter().find(|(name, _)| *name == "connect").unwrap();
    let html = Html::parse_document(&page.html);
    assert!(select(&html, "h1")[0].text().collect::<String>().contains("Northwind Traders"));
    let form = &select(&html, "form[action='/w/ws_northwind/connect'][method=post]")[0];
    assert!(form.html().contains("name=\"app\"") && form.text().any(|words| words == "Continue to HubSpot"));
}

#[test]
fn missing_scopes_are_named_and_references_are_shown() {
    let page = |outcome| {
        notice::outcome(&OutcomeView {
            product: "Acme".into(),
            outcome,
            workspace_id: None,
            return_url: None,
        })
    };
    let missing = page(Outcome::ScopesMissing(vec![ScopeView::named("crm.objects.contacts.read")]));
    assert!(text(&missing).contains("crm.objects.contacts.read"));
    assert!(text(&missing).contains("Nothing has been stored."));
    let fault = page(Outcome::OurFault { correlation_id: "req_7f3a".into() });
    assert_eq!(fault.status, 500);
    assert!(text(&fault).contains("Reference req_7f3a"));
    let mute = page(Outcome::HubSpotError { words: None, correlation_id: None });
    assert!(!text(&mute).to_lowercase().contains("reference"), "{}", text(&mute));
}

#[test]
fn tokens_of_a_session_are_not_in_serialized_views() {
    let view =
        sample::integrations_view(&|text| if text == "csrf" { "s3cret".into() } else { text.into() }, vec![]);
    assert!(!serde_json::to_string(&view).unwrap().contains("s3cret"));
    assert!(integrations::page(&view).html.contains("s3cret") && !operator_json().contains("csrf"));
}

fn operator_json() -> String {
    let view = sample::operator_view(&plain);
    assert_eq!(operator::overview(&view).status, 200);
    serde_json::to_string(&view).unwrap()
}

#[test]
fn the_policy_forbids_everything_inline_and_lets_forms_end_only_where_told() {
    let policy = |targets: &[&str]| {
        security_headers(targets).into_iter().find(|(name, _)| *name == "content-security-policy").unwrap().1
    };
    assert!(!policy(&[]).contains("unsafe"));
    assert!(policy(&[]).ends_with("form-action 'self'"));
    assert!(policy(&["https://app.hubspot.com"]).ends_with("form-action 'self' https://app.hubspot.com"));
}

#[test]
fn activations_are_asked_for_often_while_something_of_them_moves() {
    let every = |name: &str| {
        let page = named(name);
        let html = Html::parse_document(&page.html);
        let live = &select(&html, "#live")[0];
        (live.attr("hx-trigger").unwrap().to_owned(), select(&html, "progress").len())
    };
    let (often, seldom) = ("every 2s".to_owned(), "every 10s".to_owned());
    assert_eq!(every("activations"), (often.clone(), 1));
    assert_eq!(every("activation"), (often.clone(), 1));
    assert_eq!(every("activation-waiting"), (often, 0));
    assert_eq!(every("activation-done"), (seldom.clone(), 0));
    assert_eq!(every("activation-paused"), (seldom, 1));
    let words = text(&named("activation"));
    assert!(
        words.contains(
            "12,400 of 20,000 rows gone through, 8,372 contacts written with 84 calls, about 2 minutes left"
        ),
        "{words}"
    );
    let paused = text(&named("activation-paused"));
    assert!(!paused.contains(" left") && paused.contains("until somebody resumes it"), "{paused}");
}

#[test]
fn a_viewer_sees_activations_and_is_offered_nothing_to_do() {
    for name in ["activations-viewer", "activation-viewer"] {
        let page = named(name);
        let html = Html::parse_document(&page.html);
        assert_eq!(select(&html, "main form").len(), 0, "{name}");
        assert_eq!(select(&html, "main a.btn").len(), 0, "{name}");
        assert!(text(&page).contains("Abandon Basket"), "{name}");
    }
}

#[test]
fn before_an_audience_is_deleted_what_depends_on_it_is_named() {
    let page = named("audience-delete");
    let words = text(&page);
    for named in [
        "raptor_aud_abandon_basket",
        "Activation Baskets and tiers",
        "Channel Warm leads",
        "Automation Tell sales",
    ] {
        assert!(words.contains(named), "{named}: {words}");
    }
    let html = Html::parse_document(&page.html);
    let to = "/w/ws_northwind/connections/con_a/audiences/abandon-basket/delete";
    assert_eq!(select(&html, &format!("form[action='{to}'][method=post]")).len(), 1);
    let unused = text(&named("attribute-delete-unused"));
    assert!(unused.contains("Nothing depends on it here."), "{unused}");
}

#[test]
fn what_is_wrong_with_a_property_can_be_tried_again_and_what_is_refused_is_told_without_an_address_in_a_link()
{
    let page = named("activations");
    let html = Html::parse_document(&page.html);
    let retry = select(&html, "form[action$='/retry'] button");
    let words: Vec<String> = retry.iter().map(|button| button.text().collect()).collect();
    assert_eq!(words, ["Try again Old"]);
    assert_eq!(select(&html, "a[href$='/audiences/old/delete'], a[href$='/audiences/old/edit']").len(), 0);
    for name in ["activation-refused-contacts", "activation-refused-further"] {
        let page = named(name);
        let html = Html::parse_document(&page.html);
        assert!(text(&page).contains("ada@analytical.example"));
        for link in select(&html, "[href], [action], [hx-get]") {
            for address in ["href", "action", "hx-get"].iter().filter_map(|name| link.attr(name)) {
                assert!(!address.contains("ada"), "{address}");
            }
        }
    }
    let pages = |name: &str| -> Vec<String> {
        let html = Html::parse_document(&named(name).html);
        let links = select(&html, "nav[aria-label='Pages'] a");
        links.iter().map(|link| link.attr("href").unwrap().rsplit('/').next().unwrap().to_owned()).collect()
    };
    assert_eq!(pages("activation-refused-contacts"), Vec::<String>::new());
    assert_eq!(pages("activation-refused-further"), ["refused?page=1", "refused?page=3"]);
    assert!(text(&named("activation-refused-further")).contains("Page 2 of 4"));
    let nobody = named("activation-refused-nobody");
    assert_eq!(select(&Html::parse_document(&nobody.html), "main form").len(), 0);
}

#[test]
fn the_form_of_an_activation_says_by_what_people_are_told_apart_and_keeps_what_is_ticked() {
    let page = named("activation-form");
    let html = Html::parse_document(&page.html);
    assert!(text(&page).contains("Identifier: e-mail."));
    assert_eq!(select(&html, "input[type=checkbox][name=audience]").len(), 12);
    let ticked = select(&html, "input[type=checkbox][checked]");
    let values: Vec<_> = ticked.iter().map(|own| own.attr("value").unwrap()).collect();
    assert_eq!(values, ["aud-0", "tier"]);
    assert_eq!(select(&html, "input[name=unknown][value=create][checked]").len(), 1);
    assert_eq!(select(&html, "[data-filter=audience]").len(), 1, "many can be narrowed");
    assert_eq!(select(&html, "[data-filter=attribute]").len(), 0);
    assert_eq!(named("activation-form-refused").status, 400);
    let edited = Html::parse_document(&named("audience-form").html);
    assert_eq!(select(&edited, "input[name=id]").len(), 0, "an id does not change");
    let new = Html::parse_document(&named("audience-form-new").html);
    assert_eq!(select(&new, "input[name=id]").len(), 1);
}
