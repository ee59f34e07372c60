//! The simulator's HubSpot for people: contacts, a form for one, counters. Owns nothing; every change goes the way of
//! the control API.

use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Refusal, missing};
use crate::Simulator;
use crate::form::Form;
use crate::grants::User;
use crate::http::{Request, Response};
use crate::pages::{role, shell};
use crate::rights::{FieldRight, ObjectRights, Reach, Rights};

/// Contacts on one page.
const PAGE: usize = 50;

/// What the form shows, with its label; the table shows the first ones.
const FIELDS: [(&str, &str); 8] = [
    ("firstname", "First name"),
    ("lastname", "Last name"),
    ("email", "Email"),
    ("company", "Company"),
    ("jobtitle", "Job title"),
    ("phone", "Phone"),
    ("lifecyclestage", "Lifecycle stage"),
    ("city", "City"),
];

/// One line of a dump.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    id: String,
    state: String,
    #[serde(default)]
    updated_at: String,
    #[serde(default)]
    properties: Map<String, Value>,
}

impl Line {
    fn value(&self, name: &str) -> &str {
        self.properties.get(name).and_then(Value::as_str).unwrap_or_default()
    }
}

impl Simulator {
    /// The list of contacts of one account, and the counters.
    pub(super) fn contacts_page(&self, request: &Request) -> Result<Response, Refusal> {
        let query = Form::query(request);
        let portal_id = self.chosen(query.number("portal_id"))?;
        let portal = &self.portals[&portal_id];
        let (lines, next) = self.lines(portal_id, query.number("from").unwrap_or(0), PAGE);
        let body = html! {
            h1 { (portal.settings.name) " · contacts" }
            p { (portal.live_count("contacts")) " contacts in account " (portal_id) "." }
            @if self.portals.len() > 1 {
                p { "Accounts: " @for id in self.portals.keys() { a href=(format!("?portal_id={id}")) { (id) } " " } }
            }
            form.row method="get" {
                input type="hidden" name="portal_id" value=(portal_id);
                label { "Show from record ID" input type="number" name="from" min="0"; }
                button type="submit" { "Show" }
            }
            form.buttons method="post" action="/__control/pages/edit-random" {
                input type="hidden" name="portal_id" value=(portal_id);
                a.button href=(format!("/__control/pages/contact?portal_id={portal_id}")) { "Create contact" }
                button name="count" value="1" { "Edit one at random" }
                button name="count" value="100" { "Edit 100 at random" }
            }
            div.scroll {
                table {
                    thead { tr {
                        th { "ID" } th { "Name" } th { "Email" } th { "Company" } th { "Stage" } th { "Last modified (UTC)" }
                    } }
                    tbody { @for line in &lines { (row(portal_id, line)) } }
                }
            }
            @if let Some(next) = next {
                p { a href=(format!("?portal_id={portal_id}&from={next}")) { "Next page" } }
            }
            (self.people_section(portal_id))
            (self.counters_section())
        };
        Ok(wide("Contacts", &body))
    }

    /// Everything below `/__control/pages/`.
    pub(super) fn page_call(
        &mut self,
        now_ms: u64,
        call: &str,
        request: &Request,
    ) -> Result<Response, Refusal> {
        match (request.method.as_str(), call) {
            ("GET", "contact") => {
                let query = Form::query(request);
                let portal_id = self.chosen(query.number("portal_id"))?;
                self.contact_page(portal_id, query.number("id"), None)
            }
            ("POST", call) => self.submit(now_ms, call, &Form::body(request).unwrap_or_default()),
            _ => Err(missing("page")),
        }
    }

    fn submit(&mut self, now_ms: u64, call: &str, form: &Form) -> Result<Response, Refusal> {
        let portal_id = self.chosen(form.number("portal_id"))?;
        let home = format!("/__control/?portal_id={portal_id}");
        if call == "edit-random" {
            let (portal, mut turn) = self.portal_turn(portal_id, now_ms).ok_or_else(|| missing("portal"))?;
            portal.edit_random(&mut turn, form.number("count").unwrap_or(1).min(10_000));
            return Ok(Response::see_other(home));
        }
        let id = form.number("id");
        let mut values: Vec<(&str, &str)> = FIELDS
            .iter()
            .filter_map(|(name, _)| Some((*name, form.get(name)?)))
            .filter(|(_, value)| call == "edit" || !value.is_empty())
            .collect();
        // What stayed as it was is not an edit: HubSpot's form sends changed fields only.
        if let Some(before) = id.and_then(|id| self.lines(portal_id, id, 1).0.pop()) {
            values.retain(|(name, value)| before.value(name) != *value);
        }
        if call == "edit" && values.is_empty() {
            return Ok(Response::see_other(home));
        }
        match self.change_record(now_ms, portal_id, "contacts", call, id.unwrap_or(0), &values) {
            Ok(id) => Ok(Response::see_other(format!("{home}&from={id}"))),
            Err(Refusal(_, message)) => self.contact_page(portal_id, id, Some(&message)),
        }
    }

    fn contact_page(
        &self,
        portal_id: u64,
        id: Option<u64>,
        wrong: Option<&str>,
    ) -> Result<Response, Refusal> {
        let line = match id {
            Some(id) => {
                let (mut lines, _) = self.lines(portal_id, id, 1);
                let found = lines.pop().filter(|line| line.id == id.to_string());
                Some(found.ok_or_else(|| missing("contact"))?)
            }
            None => None,
        };
        let title = if line.is_some() { "Contact" } else { "Create contact" };
        let live = line.as_ref().is_none_or(|line| line.state == "live");
        let hidden = html! {
            input type="hidden" name="portal_id" value=(portal_id);
            @if let Some(line) = &line { input type="hidden" name="id" value=(line.id); }
        };
        let body = html! {
            h1 { (title) @if let Some(line) = &line { " " (line.id) } }
            @if let Some(wrong) = wrong { p.wrong role="alert" { (wrong) } }
            @if live {
                form method="post" action=(format!("/__control/pages/{}", if line.is_some() { "edit" } else { "create" })) {
                    (hidden)
                    @for (name, label) in FIELDS {
                        label { (label)
                            input name=(name) value=(line.as_ref().map_or("", |line| line.value(name)));
                        }
                    }
                    div.buttons { button.primary { "Save" } }
                }
            } @else {
                p { "This contact is " (line.as_ref().map_or("", |line| line.state.as_str())) "." }
            }
            @if line.is_some() {
                form.buttons method="post" {
                    (hidden)
                    @if live {
                        button formaction="/__control/pages/archive" { "Delete" }
                        button formaction="/__control/pages/erase" { "Delete for good (privacy)" }
                    } @else {
                        button formaction="/__control/pages/restore" { "Restore" }
                    }
                }
            }
            @if let Some(line) = &line { (all_properties(line)) }
            p { a href=(format!("/__control/?portal_id={portal_id}")) { "Back to contacts" } }
        };
        let status = if wrong.is_some() { 400 } else { 200 };
        Ok(Response::html(status, shell(title, None, &body)))
    }

    fn lines(&self, portal_id: u64, from: u64, limit: usize) -> (Vec<Line>, Option<u64>) {
        let mut out = Vec::new();
        let next = self.portals[&portal_id].dump("contacts", from, limit, &mut out);
        let lines = out.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok());
        (lines.collect(), next)
    }

    /// Who belongs to the account, with what rights.
    fn people_section(&self, portal_id: u64) -> Markup {
        let people = self.access.users().filter(|user| user.portals.contains(&portal_id));
        html! {
            h2 { "Users" }
            div.scroll {
                table {
                    thead { tr { th { "ID" } th { "Email" } th { "Role" } th { "Permissions" } } }
                    tbody {
                        @for user in people {
                            tr {
                                td.short { (user.user_id) } td { (user.email) } td { (role(user)) }
                                td { (permissions(user, portal_id)) }
                            }
                        }
                    }
                }
            }
        }
    }

    fn counters_section(&self) -> Markup {
        let webhooks = self.webhooks.report();
        html! {
            h2 { "Calls" }
            div.scroll {
                table {
                    thead { tr { th { "Account" } th { "Endpoint" } th { "Status" } th.number { "Calls" } } }
                    tbody {
                        @for (portal_id, endpoint, status, calls) in self.counters.iter() {
                            tr {
                                td { (portal_id) } td { code { (format!("{endpoint:?}")) } }
                                td { @if status == 0 { "no answer" } @else { (status) } }
                                td.number { (calls) }
                            }
                        }
                    }
                }
            }
            h2 { "Webhooks" }
            p {
                (webhooks.requests) " requests sent, " (webhooks.failed_requests) " failed, "
                (webhooks.accepted_events) " events accepted, " (webhooks.waiting_events) " waiting."
            }
        }
    }
}

fn row(portal_id: u64, line: &Line) -> Markup {
    let name = format!("{} {}", line.value("firstname"), line.value("lastname"));
    html! {
        tr {
            td.short { a href=(format!("/__control/pages/contact?portal_id={portal_id}&id={}", line.id)) { (line.id) } }
            @if line.state == "live" { td { (name) } } @else { td { em { (line.state) } } }
            td { (line.value("email")) }
            td { (line.value("company")) }
            td { (line.value("lifecyclestage")) }
            td.short { (line.updated_at.get(..19).unwrap_or_default().replace('T', " ")) }
        }
    }
}

/// A person's limits in words.
fn permissions(user: &User, portal_id: u64) -> String {
    let rights = user.rights_in(portal_id);
    if user.super_admin || rights == Rights::default() {
        return "everything".into();
    }
    let word = |reach: Reach| match reach {
        Reach::All => "all",
        Reach::Team => "their team's",
        Reach::Owned => "their own",
        Reach::None => "none",
    };
    let of_type = |(name, own): (&String, &ObjectRights)| {
        let (view, edit, delete) = (word(own.view), word(own.edit), word(own.delete));
        let create = if own.create { "create" } else { "create none" };
        format!("{name}: view {view}, edit {edit}, delete {delete}, {create}")
    };
    let fields = rights.fields.iter().flat_map(|(name, fields)| fields.iter().map(move |own| (name, own)));
    let of_field = |(name, (field, right)): (&String, (&String, &FieldRight))| {
        let may = match right {
            FieldRight::Edit => "edit",
            FieldRight::View => "view only",
            FieldRight::None => "hidden",
        };
        format!("{name}.{field}: {may}")
    };
    let mut lines: Vec<String> = rights.objects.iter().map(of_type).chain(fields.map(of_field)).collect();
    if !rights.edit_associations {
        lines.push("no associations".into());
    }
    if !rights.edit_property_settings {
        lines.push("no property settings".into());
    }
    lines.join("; ")
}

fn all_properties(line: &Line) -> Markup {
    html! {
        details {
            summary { "All " (line.properties.len()) " properties with a value" }
            div.scroll {
                table { tbody { @for (name, value) in &line.properties {
                    tr { td { code { (name) } } td { (value.as_str().unwrap_or_default().chars().take(200).collect::<String>()) } }
                } } }
            }
        }
    }
}

fn wide(title: &str, body: &Markup) -> Response {
    Response::html(200, shell(title, None, body).replacen("<main>", "<main class=\"wide\">", 1))
}
