//! Privacy: one person deleted here and kept out, exported, let in again; what is kept of everybody, and for how long.

use maud::{Markup, html};
use serde::Serialize;

use super::Page;
use super::chrome::{Icon, alert_class, csrf_field, icon, tone_icon};
use super::connection::{self, ConnectionFrame, Tab};
use super::view::Tone;
use super::words::{capitalised, count, moment};

/// The page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PrivacyView {
    pub at: ConnectionFrame,
    /// None: the connection holds nothing any more.
    pub held: Option<HeldView>,
    pub person: PersonForm,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HeldView {
    pub blocks: Vec<BlockLine>,
    /// The blocks shown are not the first ones.
    pub continued: bool,
    /// Where the next page of them begins, if there is one.
    pub next: Option<String>,
    pub retention: RetentionView,
}

/// The form that names somebody, as it was sent; empty at first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PersonForm {
    pub email: String,
    pub object_type: String,
    pub id: String,
    /// Why it is refused.
    pub error: Option<String>,
}

/// Somebody who is kept out. Who that is is not known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BlockLine {
    pub id: String,
    pub created_at: i64,
    /// Named by an e-mail address, not by a record's id.
    pub by_email: bool,
    /// Who asked for it.
    pub by: String,
}

/// The settings, as they are or as a form was sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RetentionView {
    pub minimum: bool,
    pub call_days: String,
    pub audit_days: String,
    pub signal_days: String,
    /// Most days of each, fewest of the audit log's.
    pub most_days: u32,
    pub fewest_audit_days: u32,
    /// By type: the fields of the minimum.
    pub minimum_fields: Vec<(String, Vec<String>)>,
    /// Fields of an old call that stay.
    pub call_fields: Vec<String>,
    /// Why it is refused.
    pub error: Option<String>,
}

/// Before somebody is deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AskEraseView {
    pub at: ConnectionFrame,
    pub person: PersonForm,
    /// The records that the mirror has of them, by name and id.
    pub found: Vec<(String, String)>,
}

/// After it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ErasedView {
    pub at: ConnectionFrame,
    pub object_type: String,
    pub block: String,
    pub records: u64,
    pub merged: u64,
    pub links: u64,
    pub lists: u64,
    pub channels: u64,
    /// Intent signals of theirs.
    pub signals: u64,
    /// Runs of workflows.
    pub workflow_runs: u64,
    /// Memberships of audiences and values of attributes.
    pub attribute_values: u64,
}

/// Before somebody is let in again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AskLiftView {
    pub at: ConnectionFrame,
    pub id: String,
}

/// What a record of a type is called where it is deleted for somebody's privacy.
fn words(object_type: &str) -> &str {
    if object_type == "contacts" { "prospect" } else { ConnectionFrame::one(object_type) }
}

fn alert(tone: Tone, id: Option<&str>, words: &str) -> Markup {
    let role = if tone == Tone::Bad { "alert" } else { "note" };
    html! { div id=[id] class={ "alert alert-soft items-start text-sm " (alert_class(tone)) } role=(role) { (icon(tone_icon(tone))) span class="wrap-anywhere" { (words) } } }
}

pub fn page(view: &PrivacyView) -> Page {
    let PrivacyView { at, held, person } = view;
    let main = html! {
        (connection::heading(at, Tab::Privacy, html! {}))
        @match held {
            None => (alert(Tone::Note, None, "Nothing is held about anybody: what was read from this account is deleted, or was never read.")),
            Some(held) => div class="grid gap-8" {
                (one_person(at, person))
                (blocks(at, held))
                (retention(at, &held.retention))
            },
        }
    };
    let refused = person.error.is_some() || held.as_ref().is_some_and(|held| held.retention.error.is_some());
    Page { status: if refused { 400 } else { 200 }, html: connection::document(at, "Privacy", false, main) }
}

fn one_person(at: &ConnectionFrame, form: &PersonForm) -> Markup {
    let paths = at.paths();
    let wrong = form.error.as_ref().map(|_| "refused");
    html! {
        section class="card border border-base-300 bg-base-100 p-5 shadow-sm sm:p-6" aria-labelledby="person" {
            h2 id="person" class="font-semibold" { "One person" }
            p class="mt-1 max-w-prose text-sm text-muted" {
                "Somebody who wants to know what is held about them, or that nothing is. Deleting them here takes them out of everything Spoke keeps of this account and keeps them out; HubSpot itself is not changed."
            }
            @if at.frame.administers {
                form class="mt-4 grid max-w-2xl gap-4" method="post" action=(paths.privacy_action("erase")) {
                    (csrf_field(&at.frame.csrf))
                    @if let Some(error) = &form.error { (alert(Tone::Bad, Some("refused"), error)) }
                    div class="grid gap-1.5" {
                        label class="text-sm font-medium" for="email" { "E-mail address" }
                        input id="email" class="input w-full" type="email" name="email" value=(form.email) maxlength="320" autocomplete="off" aria-describedby=(wrong.unwrap_or("email-help"));
                        p id="email-help" class="text-sm text-muted" { "Deleting finds further addresses of a contact too. An export finds a contact by its first address: if it could be a further one, give the record's id." }
                    }
                    p class="text-sm text-muted" { "or" }
                    div class="grid gap-4 sm:grid-cols-[minmax(0,1fr)_minmax(0,2fr)]" {
                        div class="grid gap-1.5" {
                            label class="text-sm font-medium" for="object-type" { "Type of record" }
                            select id="object-type" class="select w-full" name="object_type" {
                                @for kind in &at.types { option value=(kind) selected[*kind == form.object_type] { (capitalised(at.words(kind))) } }
                            }
                        }
                        div class="grid gap-1.5" {
                            label class="text-sm font-medium" for="record-id" { "Record id" }
                            input id="record-id" class="input w-full" name="id" value=(form.id) maxlength="20" inputmode="numeric" autocomplete="off" aria-describedby=[wrong];
                        }
                    }
                    div class="flex flex-wrap gap-3" {
                        button class="btn btn-quiet" { "Delete this prospect…" }
                        button class="btn btn-quiet" formaction=(paths.privacy_action("export")) { "Export what is held" }
                    }
                }
            } @else {
                p class="mt-3 text-sm" { "An administrator of the workspace can export what is held about a person, and delete them here." }
            }
        }
    }
}

fn blocks(at: &ConnectionFrame, held: &HeldView) -> Markup {
    let paths = at.paths();
    html! {
        section aria-labelledby="blocks" {
            h2 id="blocks" class="font-semibold" { "Kept out" }
            p class="mt-1 mb-3 max-w-prose text-sm text-muted" {
                "Of whoever was deleted only a keyed hash is left, by which they are recognised: nobody can read from it who that is. Note a block's id with the request it answers if you may have to lift it one day."
            }
            @if held.blocks.is_empty() {
                p class="card border border-base-300 bg-base-100 p-6 text-center text-sm text-muted shadow-sm" { @if held.continued { "No more." } @else { "Nobody is kept out." } }
            } @else {
                div class="card border border-base-300 bg-base-100 px-5 py-2 shadow-sm" {
                    table class="rows" role="table" aria-labelledby="blocks" {
                        thead role="rowgroup" { tr role="row" {
                            @for words in ["Block", "Since", "Named by", "Asked for by"] { th role="columnheader" scope="col" { (words) } }
                            @if at.frame.administers { th role="columnheader" scope="col" { span class="sr-only" { "What can be done" } } }
                        } }
                        tbody role="rowgroup" {
                            @for line in &held.blocks {
                                tr role="row" {
                                    th role="rowheader" scope="row" { code class="text-xs wrap-anywhere select-all" { (line.id) } }
                                    td role="cell" data-label="Since" { (moment(line.created_at)) }
                                    td role="cell" data-label="Named by" { span { @if line.by_email { "E-mail address" } @else { "Record id" } } }
                                    td role="cell" data-label="Asked for by" { span class="wrap-anywhere" { (line.by) } }
                                    @if at.frame.administers {
                                        td role="cell" data-label="" { a class="link" href=(paths.lift(&line.id)) { "Let in again" span class="sr-only" { " " (line.id) } } }
                                    }
                                }
                            }
                        }
                    }
                }
            }
            @if held.continued || held.next.is_some() {
                p class="mt-4 flex flex-wrap gap-3" {
                    @if held.continued { a class="btn btn-sm btn-ghost" href=(paths.privacy()) { "First" } }
                    @if let Some(next) = &held.next { a class="btn btn-sm btn-quiet" href=(paths.privacy_after(next)) { "Next page" (icon(Icon::Arrow)) } }
                }
            }
        }
    }
}

fn retention(at: &ConnectionFrame, kept: &RetentionView) -> Markup {
    html! {
        section class="card border border-base-300 bg-base-100 p-5 shadow-sm sm:p-6" aria-labelledby="retention" {
            h2 id="retention" class="font-semibold" { "What is kept, and for how long" }
            @if at.frame.administers {
                form class="mt-4 grid gap-5" method="post" action=(at.paths().privacy_action("retention")) {
                    (csrf_field(&at.frame.csrf))
                    @if let Some(error) = &kept.error { (alert(Tone::Bad, Some("days-refused"), error)) }
                    div {
                        label class="flex items-start gap-2.5 text-sm" {
                            input class="checkbox checkbox-sm mt-0.5" type="checkbox" name="minimum" value="on" checked[kept.minimum] aria-describedby="minimum-help";
                            span class="font-medium" { "Keep only the minimum of fields" }
                        }
                        p id="minimum-help" class="mt-1 ml-7 max-w-prose text-sm text-muted" {
                            "What dialing takes, what Spoke itself needs, and the fields that channels read or that were added under Fields. All other values leave the mirror and the change feed; every record is read once more for that. Turned off again, the values come back from HubSpot, and old values of the feed do not."
                        }
                        (minimum_fields(at, kept, "ml-7"))
                    }
                    (days("call-days", "call_days", "Details of calls, days", &kept.call_days, (1, kept.most_days), kept.error.is_some(), html! {
                        "That long after a call only this is kept of it: " (kept.call_fields.join(", ")) "."
                    }))
                    (days("audit-days", "audit_days", "Audit log, days", &kept.audit_days, (kept.fewest_audit_days, kept.most_days), kept.error.is_some(), html! {
                        "Who did what. Fewer days delete older entries for good."
                    }))
                    (days("signal-days", "signal_days", "Intent signals, days", &kept.signal_days, (1, kept.most_days), kept.error.is_some(), html! {
                        "Signals, what was decided about them and what automations did for them. Fewer days delete older ones for good; a signal that is sent again after that counts as new."
                    }))
                    div { button class="btn btn-primary" { "Save" } }
                }
            } @else {
                dl class="facts mt-4" {
                    div { dt { "Fields" } dd { @if kept.minimum { "Only the minimum" } @else { "As chosen under Fields" } } }
                    div { dt { "Details of calls" } dd { (kept.call_days) " days" } }
                    div { dt { "Audit log" } dd { (kept.audit_days) " days" } }
                    div { dt { "Intent signals" } dd { (kept.signal_days) " days" } }
                }
                (minimum_fields(at, kept, ""))
            }
        }
    }
}

fn minimum_fields(at: &ConnectionFrame, kept: &RetentionView, place: &str) -> Markup {
    html! {
        details class={ "mt-2 text-sm " (place) } {
            summary class="link w-fit" { "Fields of the minimum" }
            dl class="mt-2 grid gap-2" {
                @for (kind, fields) in &kept.minimum_fields {
                    div { dt class="font-medium" { (capitalised(at.words(kind))) } dd class="wrap-anywhere text-muted" { (fields.join(", ")) } }
                }
            }
        }
    }
}

fn days(
    id: &str,
    name: &str,
    label: &str,
    value: &str,
    (least, most): (u32, u32),
    refused: bool,
    help: Markup,
) -> Markup {
    let help_id = format!("{id}-help");
    let described = if refused { "days-refused" } else { help_id.as_str() };
    html! {
        div class="grid gap-1.5" {
            label class="text-sm font-medium" for=(id) { (label) }
            input id=(id) class="input w-32" type="number" name=(name) value=(value) min=(least) max=(most) required aria-describedby=(described);
            p id=(help_id) class="max-w-prose text-sm wrap-anywhere text-muted" { (help) }
        }
    }
}

/// What names somebody, to be sent on.
fn person_fields(form: &PersonForm) -> Markup {
    html! {
        @if form.email.is_empty() {
            input type="hidden" name="object_type" value=(form.object_type);
            input type="hidden" name="id" value=(form.id);
        } @else {
            input type="hidden" name="email" value=(form.email);
        }
    }
}

/// The buttons of a record's page.
pub fn of_record(at: &ConnectionFrame, object_type: &str, id: &str) -> Markup {
    let (paths, csrf) = (at.paths(), &at.frame.csrf);
    let form = PersonForm { object_type: object_type.to_owned(), id: id.to_owned(), ..PersonForm::default() };
    html! {
        @if at.frame.administers {
            form method="post" action=(paths.privacy_action("export")) {
                (csrf_field(csrf)) (person_fields(&form))
                button class="btn btn-sm btn-quiet" { "Export" }
            }
            form method="post" action=(paths.privacy_action("erase")) {
                (csrf_field(csrf)) (person_fields(&form))
                button class="btn btn-sm btn-quiet" { "Delete this " (words(object_type)) "…" }
            }
        }
    }
}

pub fn ask_erase(view: &AskEraseView) -> Page {
    let AskEraseView { at, person, found } = view;
    let by_email = !person.email.is_empty();
    let paths = at.paths();
    let kind = if by_email { "contacts" } else { person.object_type.as_str() };
    let whom = if kind == "contacts" { "them" } else { "it" };
    let back = if by_email { paths.privacy() } else { paths.record(kind, &person.id) };
    let main = html! {
        div class="card mx-auto max-w-xl border border-base-300 bg-base-100 p-6 shadow-sm sm:p-8" {
            h1 class="text-xl font-semibold tracking-tight" { "Delete this " (words(kind)) " here?" }
            @if by_email || found.is_empty() {
                p class="mt-2 font-medium wrap-anywhere" { @if by_email { (person.email) } @else { (capitalised(ConnectionFrame::one(kind))) " " (person.id) } }
            }
            @if found.is_empty() {
                div class="mt-4" {
                    @if by_email {
                        (alert(Tone::Note, None, "No contact here has this as its first address. Whoever has it as a further one is found within minutes and deleted too, and nobody with it is let in from now on."))
                    } @else {
                        (alert(Tone::Note, None, "No such record is here at the moment. What the history still knows of it goes, and it is not let in from now on."))
                    }
                }
            } @else {
                ul class="mt-2 grid gap-1" {
                    @for (name, id) in found {
                        li class="wrap-anywhere" { (capitalised(ConnectionFrame::one(kind))) " " a class="link" href=(paths.record(kind, id)) { @if name.is_empty() { "without a name" } @else { (name) } } " · " code { (id) } }
                    }
                }
            }
            ul class="mt-4 grid list-disc gap-1.5 pl-5 text-sm" {
                li { "All that is held here about " (whom) " goes: the record, its history with old values, its links, its places on lists and in channels, and the intent signals of a contact." }
                li { @if kind == "contacts" { "They are kept out: whatever HubSpot says of the record, or of another with one of its addresses, is left out from now on." } @else { "It is kept out: whatever HubSpot says of it is left out from now on." } }
                li { "Whoever receives deliveries is told that the record is gone. What they took earlier is theirs to delete." }
                li { "HubSpot is not changed. There the record stays until somebody deletes it there." }
            }
            p class="mt-4 font-medium" { "This cannot be undone. The block can be lifted: then HubSpot's record is read anew, and its history here stays gone." }
            form class="mt-7 flex flex-wrap gap-3" method="post" action=(paths.privacy_action("erase")) {
                (csrf_field(&at.frame.csrf))
                (person_fields(person))
                button class="btn btn-error" name="confirmed" value="yes" { "Delete and keep out" }
                a class="btn btn-ghost" href=(back) { "Keep" }
            }
        }
    };
    Page { status: 200, html: connection::document(at, "Delete a prospect", false, main) }
}

pub fn erased(view: &ErasedView) -> Page {
    let (at, paths) = (&view.at, view.at.paths());
    let ErasedView { object_type: kind, records, merged, links, lists, channels, .. } = view;
    let ErasedView { signals, workflow_runs, attribute_values, .. } = view;
    let many = at.words(kind);
    let main = html! {
        div class="card mx-auto max-w-xl border border-base-300 bg-base-100 p-6 shadow-sm sm:p-8" {
            h1 class="text-xl font-semibold tracking-tight" { "Deleted and kept out" }
            p class="mt-2" role="status" {
                @if *records + *merged == 0 { "Nothing of them was in the mirror. Whatever HubSpot says of them is left out from now on." }
                @else { "Nothing of them is shown from now on; the last traces leave the change feed within minutes." }
            }
            dl class="facts mt-5" {
                div { dt { "Records" } dd { (count(*records, ConnectionFrame::one(kind), many)) } }
                @if *merged > 0 { div { dt { "Merged into or from it" } dd { (count(*merged, "id", "ids")) } } }
                div { dt { "Links" } dd { (links) } }
                div { dt { "Places on lists" } dd { (lists) } }
                div { dt { "Places in channels" } dd { (channels) } }
                @if *signals > 0 { div { dt { "Intent signals" } dd { (signals) } } }
                @if *workflow_runs > 0 { div { dt { "Runs of workflows" } dd { (workflow_runs) } } }
                @if *attribute_values > 0 { div { dt { "Audiences and attributes" } dd { (count(*attribute_values, "membership or value", "memberships and values")) } } }
                div { dt { "Block" } dd { code class="wrap-anywhere select-all" { (view.block) } } }
            }
            p class="mt-4 text-sm text-muted" {
                "The mirror is being looked through for others with one of the same addresses; they go too. Keep the block's id with the request that this answers: it is the only way to tell later whose block it is."
            }
            p class="mt-7 flex flex-wrap gap-3" {
                a class="btn btn-primary" href=(paths.privacy()) { "Done" }
                a class="btn btn-ghost" href=(paths.audit("person.", None)) { "See it in the audit log" }
            }
        }
    };
    Page { status: 200, html: connection::document(at, "Deleted", false, main) }
}

pub fn ask_lift(view: &AskLiftView) -> Page {
    let AskLiftView { at, id } = view;
    let paths = at.paths();
    let main = html! {
        div class="card mx-auto max-w-xl border border-base-300 bg-base-100 p-6 shadow-sm sm:p-8" {
            h1 class="text-xl font-semibold tracking-tight" { "Let this person in again?" }
            p class="mt-2" { code class="wrap-anywhere" { (id) } }
            p class="mt-4" { "The hash by which they are recognised is deleted. If HubSpot still has them, they are read again within minutes and are told of as a new record. What was deleted here does not come back." }
            form class="mt-7 flex flex-wrap gap-3" method="post" action=(paths.lift(id)) {
                (csrf_field(&at.frame.csrf))
                button class="btn btn-primary" { "Let in again" }
                a class="btn btn-ghost" href=(paths.privacy()) { "Keep out" }
            }
        }
    };
    Page { status: 200, html: connection::document(at, "Let in again", false, main) }
}
