//! The outbox: what was asked to be written to HubSpot, how far each of it is, what HubSpot said, and what a person can do about it.

use maud::{Markup, html};
use serde::Serialize;

use super::Page;
use super::chrome::{Icon, alert_class, csrf_field, icon, tone_icon};
use super::connection::{self, ConnectionFrame, Tab, action};
use super::view::{ConnectionState, Tone};
use super::words::{count, number, planned, when};

/// The list of actions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OutboxView {
    pub at: ConnectionFrame,
    /// Only those of which a write stands so.
    pub only: Option<Standing>,
    /// Only those of this job.
    pub job: Option<String>,
    /// How many writes are open or need a person; of a job how many stand how, all of them.
    pub counts: Vec<(Standing, u64)>,
    pub actions: Vec<ActionView>,
    /// The place from which the list goes on, where it does.
    pub before: Option<i64>,
    /// What is shown is not the newest.
    pub continued: bool,
}

/// One action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ActionPageView {
    pub at: ConnectionFrame,
    pub action: ActionView,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ActionView {
    pub id: String,
    /// What it is called: `Create task`.
    pub title: String,
    pub standing: Standing,
    pub asked_at: i64,
    /// Who asked, in words.
    pub by: String,
    pub why: Option<String>,
    /// What its asker calls it.
    pub key: Option<String>,
    /// What its asker calls the job that it is of.
    pub job: Option<String>,
    pub writes: Vec<WriteView>,
    /// Fields of the mapping that are not filled, and why.
    pub not_filled: Vec<(String, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WriteView {
    /// What it is: `New task`, `Contact`.
    pub words: String,
    /// The record it changes, or made: type and id.
    pub record: Option<(String, String)>,
    pub standing: Standing,
    pub attempts: u64,
    pub left_at: Option<i64>,
    pub next_at: Option<i64>,
    /// What it waits for, in words.
    pub waits_for: Option<String>,
    /// Field, old value or that it is not known, new value.
    pub changes: Vec<(String, Option<String>, String)>,
    /// What it is linked to: type and id, or words for what an earlier step makes.
    pub links: Vec<(String, String)>,
    /// Why it failed or waits, and HubSpot's reference.
    pub problem: Option<(String, Option<String>)>,
    /// The record was there already, so none was made.
    pub found: bool,
    /// It is there, and whether this write made it nobody knows.
    pub unsure: bool,
    /// Fields that a rule of the account refused, and that were left out.
    pub left_out: Vec<String>,
}

/// How a write stands, or an action as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    Waiting,
    Sent,
    Done,
    Failed,
    Unknown,
    Cancelled,
    Replaced,
    Dry,
}

impl Standing {
    pub const ALL: [Self; 8] = [
        Self::Waiting,
        Self::Sent,
        Self::Unknown,
        Self::Failed,
        Self::Done,
        Self::Cancelled,
        Self::Replaced,
        Self::Dry,
    ];

    /// As in addresses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Cancelled => "cancelled",
            Self::Replaced => "replaced",
            Self::Dry => "dry",
        }
    }

    pub const fn words(self) -> &'static str {
        match self {
            Self::Waiting => "Waiting",
            Self::Sent => "Sent",
            Self::Done => "Done",
            Self::Failed => "Failed",
            Self::Unknown => "Unknown",
            Self::Cancelled => "Cancelled",
            Self::Replaced => "Replaced",
            Self::Dry => "Dry run",
        }
    }

    const fn class(self) -> &'static str {
        match self {
            Self::Waiting | Self::Sent => "badge-info",
            Self::Done => "badge-success",
            Self::Failed => "badge-error",
            Self::Unknown => "badge-warning",
            Self::Cancelled | Self::Replaced | Self::Dry => "badge-neutral",
        }
    }

    /// Something is still to become of it.
    const fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::Sent)
    }

    /// What it means, in a sentence.
    const fn meaning(self) -> &'static str {
        match self {
            Self::Waiting => "It has not left yet, or is to leave again.",
            Self::Sent => "It has left. HubSpot has not answered yet, or is being asked whether it arrived.",
            Self::Done => "It is in HubSpot.",
            Self::Failed => "It is not in HubSpot, and is not tried again by itself.",
            Self::Unknown => {
                "HubSpot's answer was lost, and nobody can find out from here whether it is there. It is not tried again by itself."
            }
            Self::Cancelled => "A person took it back before it left.",
            Self::Replaced => "A later one took its place before it left.",
            Self::Dry => "Only what would be written was asked. Nothing is.",
        }
    }
}

pub fn page(view: &OutboxView) -> Page {
    let live = !view.continued;
    Page { status: 200, html: connection::document(&view.at, "Outbox", live, live_part(view)) }
}

/// The list, as the fragment that replaces it.
pub fn live(view: &OutboxView) -> Page {
    Page { status: 200, html: live_part(view).into_string() }
}

fn live_part(view: &OutboxView) -> Markup {
    let (at, paths) = (&view.at, view.at.paths());
    let only = view.only.map_or("", Standing::as_str);
    let job = view.job.as_deref().unwrap_or_default();
    // What was looked up further back stands still.
    let asks = (!view.continued).then(|| paths.outbox_live(job, only));
    html! {
        div id="live" hx-get=[asks] hx-trigger=[(!view.continued).then_some("every 5s")] hx-swap="morph:outerHTML" {
            (connection::heading(at, Tab::Outbox, html! {}))
            div class="mb-4 flex flex-wrap items-start justify-between gap-x-6 gap-y-3" {
                div class="min-w-0" {
                    h2 class="text-lg font-semibold" { "Outbox" }
                    p class="mt-1 max-w-prose text-sm text-muted" { "Everything that is written to HubSpot is here first, and stays for 90 days: who asked for it, how far it is, and what HubSpot said. Dry runs, of which nothing is written, are under “Dry run” alone." }
                }
                @if at.may_act() {
                    div class="flex flex-wrap gap-2" {
                        a class="btn btn-sm btn-quiet" href=(paths.act("import_company", None)) { (icon(Icon::Plus)) "Import company" }
                        a class="btn btn-sm btn-quiet" href=(paths.act("import_contact", None)) { (icon(Icon::Plus)) "Import contact" }
                        a class="btn btn-sm btn-quiet" href=(paths.outbox_settings()) { "Switch actions off" }
                    }
                }
            }
            @if let Some(job) = &view.job { (self::job(view, job)) }
            (filter(view))
            @if view.actions.is_empty() { (none(view)) }
            @else { ul class="grid gap-3" { @for action in &view.actions { (line(at, action)) } } }
            p class="mt-4 flex flex-wrap gap-3 empty:hidden" {
                @if view.continued { a class="btn btn-sm btn-ghost" href=(paths.outbox_of(job, only, None)) { "Newest" } }
                @if let Some(before) = view.before { a class="btn btn-sm btn-quiet" href=(paths.outbox_of(job, only, Some(before))) { "Older" } }
            }
        }
    }
}

/// How far a job is. What was taken back or replaced is over too.
fn job(view: &OutboxView, name: &str) -> Markup {
    let paths = view.at.paths();
    let count_of =
        |standing| view.counts.iter().find(|(one, _)| *one == standing).map_or(0, |(_, many)| *many);
    let all: u64 = view.counts.iter().map(|(_, many)| many).sum();
    let open = count_of(Standing::Waiting) + count_of(Standing::Sent);
    let wrong = [Standing::Failed, Standing::Unknown].map(|one| (one, count_of(one)));
    html! {
        section class="card mb-4 gap-2 border border-base-300 bg-base-100 p-5 shadow-sm" aria-labelledby="job" {
            div class="flex flex-wrap items-start justify-between gap-x-6 gap-y-1" {
                h3 id="job" class="min-w-0 font-semibold wrap-anywhere" { "Job " (name) }
                a class="link text-sm" href=(paths.outbox("", None)) { "The whole outbox" }
            }
            @if all > 0 { progress class="progress progress-primary" aria-label={ "Progress of the job " (name) } value=(all - open) max=(all) {} }
            p role="status" {
                @if all == 0 { "Nothing was asked for under this name, or it is forgotten." }
                @else if open == 0 { "Over: " (count(all, "write", "writes")) ", " (number(count_of(Standing::Done))) " done." }
                @else { (number(all - open)) " of " (count(all, "write", "writes")) " over, " (number(count_of(Standing::Done))) " done, " (number(open)) " under way." }
            }
            @for (standing, many) in wrong {
                @if many > 0 {
                    p class="text-sm" { a class="link" href=(paths.outbox_of(name, standing.as_str(), None)) { (number(many)) " " (standing.words().to_lowercase()) } ": each says why." }
                }
            }
        }
    }
}

fn filter(view: &OutboxView) -> Markup {
    let paths = view.at.paths();
    let job = view.job.as_deref().unwrap_or_default();
    html! {
        nav class="mb-4" aria-label="States" {
            ul class="choices" {
                li { a href=(paths.outbox_of(job, "", None)) aria-current=[view.only.is_none().then_some("page")] { "All" } }
                @for standing in Standing::ALL {
                    @let many = view.counts.iter().find(|(one, _)| *one == standing).map_or(0, |(_, many)| *many);
                    li {
                        a href=(paths.outbox_of(job, standing.as_str(), None)) aria-current=[(view.only == Some(standing)).then_some("page")] {
                            (standing.words()) @if many > 0 { " " span class="badge badge-sm" { (number(many)) span class="sr-only" { " writes" } } }
                        }
                    }
                }
            }
        }
    }
}

fn none(view: &OutboxView) -> Markup {
    html! {
        div class="card border border-base-300 bg-base-100 px-6 py-10 text-center shadow-sm" {
            @match view.only {
                Some(standing) => {
                    p class="text-lg font-semibold" { "Nothing here" }
                    p class="mx-auto mt-1 max-w-prose text-muted" { "No action stands so: " (standing.words().to_lowercase()) "." }
                },
                None if view.job.is_some() => p class="text-muted" { "No action is of this job." },
                None => {
                    p class="text-lg font-semibold" { "Nothing was written yet" }
                    p class="mx-auto mt-1 max-w-prose text-muted" { "What " (view.at.frame.product) " does in this account appears here, and what people do from the page of a contact or company." }
                },
            }
        }
    }
}

fn badge(standing: Standing) -> Markup {
    html! {
        span class={ "badge badge-soft font-medium whitespace-nowrap " (standing.class()) } { span class="size-1.5 rounded-full bg-current" aria-hidden="true" {} (standing.words()) }
    }
}

fn line(at: &ConnectionFrame, one: &ActionView) -> Markup {
    let now_at = at.frame.now_at;
    let wrong = one.writes.iter().find_map(|write| write.problem.as_ref());
    let waits = one.writes.iter().find_map(|write| write.waits_for.as_ref());
    html! {
        li id=(one.id) class="card border border-base-300 bg-base-100 p-4 shadow-sm sm:px-5" {
            div class="flex flex-wrap items-start justify-between gap-x-6 gap-y-1" {
                p class="min-w-0 font-medium wrap-anywhere" {
                    a class="link" href=(at.paths().outbox_action(&one.id)) { (one.title) }
                    @for (kind, id) in subjects(one) { " · " a class="link font-normal" href=(at.paths().record(kind, id)) { (ConnectionFrame::one(kind)) " " (id) } }
                }
                (badge(one.standing))
            }
            p class="mt-1 text-sm text-muted wrap-anywhere" {
                (when(now_at, one.asked_at)) " · " (one.by)
                @if let Some(why) = &one.why { " · " (why) }
            }
            @match (wrong, waits) {
                (Some((words, _)), _) => p class="mt-1 text-sm wrap-anywhere" { (words) },
                (None, Some(words)) => p class="mt-1 text-sm text-muted wrap-anywhere" { (words) },
                (None, None) => {},
            }
        }
    }
}

/// The records an action is about: those it changes or made, else those it is linked to; three at most.
fn subjects(one: &ActionView) -> Vec<(&str, &str)> {
    let own = one.writes.iter().filter_map(|write| write.record.as_ref());
    let links = one.writes.iter().flat_map(|write| &write.links);
    let mut found: Vec<(&str, &str)> = Vec::new();
    for (kind, id) in own.chain(links) {
        if is_id(id) && !found.contains(&(kind, id)) {
            found.push((kind, id));
        }
    }
    found.truncate(3);
    found
}

fn is_id(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// One action with its writes.
pub fn one(view: &ActionPageView) -> Page {
    let ActionPageView { at, action } = view;
    let main = html! {
        (connection::heading(at, Tab::Outbox, html! {}))
        p class="mb-3 text-sm" { a class="link" href=(at.paths().outbox("", None)) { "The whole outbox" } }
        (one_part(view))
    };
    Page { status: 200, html: connection::document(at, &action.title, true, main) }
}

/// What of it changes by itself, as the fragment that replaces it.
pub fn one_live(view: &ActionPageView) -> Page {
    Page { status: 200, html: one_part(view).into_string() }
}

fn one_part(view: &ActionPageView) -> Markup {
    let ActionPageView { at, action: one } = view;
    let (now_at, paths) = (at.frame.now_at, at.paths());
    let open = one.writes.iter().any(|write| write.standing.is_open());
    let still = stands_still(at);
    html! {
        div id="live" hx-get=(paths.outbox_action_live(&one.id)) hx-trigger=(if open && still.is_none() { "every 1s" } else { "every 10s" }) hx-swap="morph:outerHTML" {
            div class="flex flex-wrap items-start justify-between gap-x-6 gap-y-2" {
                h2 class="min-w-0 text-lg font-semibold wrap-anywhere" { (one.title) }
                (badge(one.standing))
            }
            p class="mt-1 max-w-prose" role="status" { (one.standing.meaning()) }
            @match still {
                Some(words) if open => p class="mt-1 max-w-prose text-sm" { (words) @if at.held { " " a class="link" href=(paths.sync()) { "To the sync" } } },
                None if open => progress class="progress progress-primary mt-3" aria-label="On its way to HubSpot" value=(one.writes.iter().filter(|write| !write.standing.is_open()).count()) max=(one.writes.len()) {},
                _ => {},
            }
            dl class="facts mt-4" {
                div { dt { "Asked for" } dd { (when(now_at, one.asked_at)) } }
                div { dt { "By" } dd { span class="wrap-anywhere" { (one.by) } } }
                @if let Some(why) = &one.why { div { dt { "Why" } dd { span class="wrap-anywhere" { (why) } } } }
                @if let Some(key) = &one.key { div { dt { "Its asker's name for it" } dd { code class="wrap-anywhere" { (key) } } } }
                @if let Some(job) = &one.job { div { dt { "Job" } dd { a class="link wrap-anywhere" href=(paths.outbox_of(job, "", None)) { (job) } } } }
                div { dt { "Action id" } dd { code class="select-all wrap-anywhere" { (one.id) } } }
            }
            @if at.may_act() { (buttons(at, one)) }
            (writes(at, one))
            @if !one.not_filled.is_empty() {
                section class="mt-6" aria-labelledby="not-filled" {
                    h3 id="not-filled" class="font-semibold" { "Fields of the mapping that stay as they are" }
                    ul class="mt-2 grid list-disc gap-1 pl-5 text-sm" { @for (field, why) in &one.not_filled { li class="wrap-anywhere" { code { (field) } ": " (why) } } }
                }
            }
        }
    }
}

/// Why nothing leaves at the moment, and what it takes.
const fn stands_still(at: &ConnectionFrame) -> Option<&'static str> {
    match at.state {
        ConnectionState::Active => None,
        ConnectionState::Paused if at.held => {
            Some("The sync is paused, and nothing is written meanwhile: it goes on when somebody resumes it.")
        }
        ConnectionState::Paused => Some("HubSpot takes no calls at the moment: it goes on by itself."),
        ConnectionState::NeedsReauthorisation => {
            Some("HubSpot no longer accepts the connection: it goes on when the account is connected again.")
        }
        ConnectionState::Disconnecting | ConnectionState::Disconnected => {
            Some("The account is disconnected: nothing is written.")
        }
    }
}

/// Whether what a person asked for about an action was done: HubSpot, or somebody else, may have been faster.
pub fn was_done(what: &str, before: &ActionView, after: &ActionView) -> bool {
    let count = |view: &ActionView, of: &[Standing]| {
        view.writes.iter().filter(|write| of.contains(&write.standing)).count()
    };
    let fewer = |of: &[Standing]| count(after, of) < count(before, of);
    match what {
        "cancel" => count(after, &[Standing::Cancelled]) > count(before, &[Standing::Cancelled]),
        "retry" => fewer(&[Standing::Failed, Standing::Unknown]),
        _ => fewer(&[Standing::Unknown]),
    }
}

fn buttons(at: &ConnectionFrame, one: &ActionView) -> Markup {
    let paths = at.paths();
    let stands = |standing| one.writes.iter().any(|write| write.standing == standing);
    html! {
        @if stands(Standing::Unknown) {
            form class="card mt-5 gap-3 border border-base-300 bg-base-100 p-5 shadow-sm" method="post" action=(paths.outbox_do(&one.id, "resolve")) {
                (csrf_field(&at.frame.csrf))
                p class="font-medium" { "Look in HubSpot: is it there?" }
                div class="flex flex-wrap items-end gap-3" {
                    label class="grid gap-1 text-sm" {
                        span { "Its record id, if you have it" }
                        input class="input input-sm" name="record" inputmode="numeric" pattern="[0-9]*" title="Digits only, as at the end of the record's address in HubSpot" maxlength="20" autocomplete="off";
                    }
                    button class="btn btn-sm btn-primary" name="happened" value="yes" { "It is there" }
                    button class="btn btn-sm btn-quiet" name="happened" value="no" { "It is not: write it again" }
                }
            }
        }
        div class="mt-5 flex flex-wrap gap-2 empty:hidden" {
            @if stands(Standing::Failed) { (action(at, &paths.outbox_do(&one.id, "retry"), "btn-primary", "Try again", "")) }
            @if stands(Standing::Waiting) { (action(at, &paths.outbox_do(&one.id, "cancel"), "btn-quiet", "Cancel what has not left", "")) }
        }
    }
}

/// What an action comes to, write by write.
pub fn writes(at: &ConnectionFrame, one: &ActionView) -> Markup {
    let many = one.writes.len();
    html! {
        section class="mt-6" aria-labelledby="writes" {
            h3 id="writes" class="mb-2 font-semibold" { @if one.standing == Standing::Dry { "What would be written" } @else { (count(many as u64, "write", "writes")) } }
            ol class="grid gap-3" { @for write in &one.writes { (self::write(at, write, many > 1 && one.standing != Standing::Dry)) } }
        }
    }
}

fn write(at: &ConnectionFrame, write: &WriteView, own_badge: bool) -> Markup {
    let (now_at, paths) = (at.frame.now_at, at.paths());
    html! {
        li class="card border border-base-300 bg-base-100 p-4 text-sm shadow-sm sm:px-5" {
            div class="flex flex-wrap items-start justify-between gap-x-6 gap-y-1" {
                p class="min-w-0 font-medium wrap-anywhere" {
                    (write.words)
                    @if let Some((kind, id)) = &write.record { " " @if is_id(id) { a class="link" href=(paths.record(kind, id)) { (id) } } @else { (id) } }
                }
                @if own_badge { (badge(write.standing)) }
            }
            @if !write.changes.is_empty() {
                table class="rows rows-tight mt-2" role="table" aria-label="Fields" {
                    thead role="rowgroup" { tr role="row" { @for words in ["Field", "Now", "Becomes"] { th role="columnheader" scope="col" { (words) } } } }
                    tbody role="rowgroup" {
                        @for (field, from, to) in &write.changes {
                            tr role="row" {
                                th role="rowheader" scope="row" { span class="wrap-anywhere" { (field) } }
                                td role="cell" data-label="Now" { @match from { Some(from) => span class="wrap-anywhere" { (from) }, None => span class="text-muted" { "–" } } }
                                td role="cell" data-label="Becomes" { @if to.is_empty() { span class="text-muted" { "no value" } } @else { span class="wrap-anywhere whitespace-pre-line" { (to) } } }
                            }
                        }
                    }
                }
            }
            @if !write.links.is_empty() {
                p class="mt-2" {
                    span class="text-muted" { "Linked to " }
                    @for (place, (kind, id)) in write.links.iter().enumerate() {
                        @if place > 0 { ", " }
                        @if is_id(id) { a class="link" href=(paths.record(kind, id)) { (ConnectionFrame::one(kind)) " " (id) } } @else { "the " (ConnectionFrame::one(kind)) " of " (id) }
                    }
                }
            }
            @if let Some((words, reference)) = &write.problem {
                @let tone = if write.standing == Standing::Unknown { Tone::Warning } else { Tone::Bad };
                div class={ "alert alert-soft mt-3 items-start " (alert_class(tone)) } {
                    (icon(tone_icon(tone)))
                    div class="min-w-0" {
                        p class="wrap-anywhere" { (words) }
                        @if let Some(reference) = reference { p class="mt-1 text-xs text-muted" { "HubSpot's reference " code class="wrap-anywhere" { (reference) } } }
                    }
                }
            }
            @if write.found { p class="mt-2" { "It was there already, so none was made." } }
            @if write.unsure { p class="mt-2" { "HubSpot did not answer, and it is there now, with other values: this made it, or somebody else did meanwhile." } }
            @if let Some(words) = &write.waits_for { p class="mt-2 wrap-anywhere" { (words) } }
            @if !write.left_out.is_empty() { p class="mt-2 wrap-anywhere" { "A rule of the account refused " (write.left_out.join(", ")) ": written without." } }
            p class="mt-2 flex flex-wrap gap-x-4 text-xs text-muted empty:hidden" {
                @if write.attempts > 0 { span { "Left " (count(write.attempts, "time", "times")) @if let Some(at) = write.left_at { ", last " (when(now_at, at)) } } }
                @if let Some(next) = write.next_at { span { "Next attempt " (planned(now_at, next)) } }
            }
        }
    }
}

/// Which actions nobody may have done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SwitchesView {
    pub at: ConnectionFrame,
    /// Name, words, and whether it is on.
    pub actions: Vec<(String, String, bool)>,
    /// Ways of entries on timelines: name, words, and which is chosen.
    pub ways: Vec<(String, String, bool)>,
}

pub fn switches(view: &SwitchesView) -> Page {
    let SwitchesView { at, actions, ways } = view;
    let paths = at.paths();
    let main = html! {
        (connection::heading(at, Tab::Outbox, html! {}))
        p class="mb-3 text-sm" { a class="link" href=(paths.outbox("", None)) { "The outbox" } }
        form class="card max-w-2xl border border-base-300 bg-base-100 p-5 shadow-sm sm:p-6" method="post" action=(paths.outbox_settings()) {
            (csrf_field(&at.frame.csrf))
            fieldset {
                legend class="text-lg font-semibold" { "Actions that may be done" }
                p class="mt-1 text-sm text-muted" { "What is switched off is done by nobody in this account: not by " (at.frame.product) ", not by automations, not from these pages. What waits already still leaves." }
                div class="mt-4 grid gap-2.5" {
                    @for (name, words, on) in actions {
                        label class="flex items-center gap-2.5" { input class="checkbox checkbox-sm" type="checkbox" name="on" value=(name) checked[*on]; span { (words) } }
                    }
                }
            }
            fieldset class="mt-6" {
                legend class="font-semibold" { "An entry on a timeline is" }
                div class="mt-2 grid gap-2.5" {
                    @for (name, words, chosen) in ways {
                        label class="flex items-center gap-2.5" { input class="radio radio-sm" type="radio" name="timeline" value=(name) checked[*chosen]; span { (words) } }
                    }
                }
            }
            div class="mt-6 flex flex-wrap gap-3" {
                button class="btn btn-primary" { "Save" }
                a class="btn btn-ghost" href=(paths.outbox("", None)) { "Cancel" }
            }
        }
    };
    Page { status: 200, html: connection::document(at, "Actions", false, main) }
}
