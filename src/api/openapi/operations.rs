//! What each address of `/v1` does, in words, with what it takes and answers. Methods and paths are the routes table's: a test holds
//! the two against each other.

use crate::values::http::Method::{self, Delete, Get, Patch, Post, Put};

/// One operation.
pub(super) struct Operation {
    pub method: Method,
    /// As in the routes table.
    pub pattern: &'static str,
    /// For generated clients; stable.
    pub id: &'static str,
    pub tag: &'static str,
    pub summary: &'static str,
    /// More, where there is more to say.
    pub more: &'static str,
    pub body: Body,
    pub answer: Answer,
}

/// The body an operation takes.
#[derive(Clone, Copy)]
pub(super) enum Body {
    None,
    /// Of this schema.
    Needed(&'static str),
    /// Of this schema, or nothing.
    Allowed(&'static str),
    /// Lines of JSON, each of this schema.
    Lines(&'static str),
}

/// The answer of success.
#[derive(Clone, Copy)]
pub(super) enum Answer {
    /// 200 with JSON of this schema.
    Ok(&'static str),
    /// 201 with JSON of this schema.
    Created(&'static str),
    /// 201 with JSON of this schema, or 200 where it was there.
    CreatedOrOk(&'static str),
    /// 202 without a body: it will be done.
    Ordered,
    /// 200 with JSON of this schema, or 202: HubSpot is asked first.
    OkOrOrdered(&'static str),
    /// 204.
    Gone,
    /// 200 with lines of JSON.
    Lines(&'static str),
    /// 200 with a JSON Schema.
    Schema,
}

/// The tags, in the order in which the page shows them.
pub(super) const TAGS: [(&str, &str); 19] = [
    ("Workspaces", "Your customers. Their keys, and links for their people."),
    ("Connections", "HubSpot accounts that a workspace connected, and how each is kept in step."),
    ("Records", "The mirror of contacts, companies, deals and the types that are turned on."),
    ("Changes", "The change feed, and the snapshot with which to begin."),
    ("Fields", "Which fields a type has, and which of them are mirrored."),
    ("Types", "Which types of record can be mirrored, and which are."),
    ("Reference", "Owners and pipelines."),
    ("Actions", "What is written to HubSpot: everything by an action, and nothing twice."),
    ("Lists", "HubSpot lists (segments), and the members of those that are followed."),
    ("Channels", "Records that a filter or a list selects, under your own field names."),
    (
        "Seats",
        "Your users who have authorised individually: what is asked in their name shows what HubSpot lets each of them see.",
    ),
    ("Endpoints", "Receivers of signed deliveries (Standard Webhooks)."),
    ("Privacy", "One person erased and kept out, or exported; what is kept and how long; who did what."),
    ("Mappings", "Which HubSpot fields your actions fill, and with what."),
    (
        "Scores",
        "What you know of your accounts, written to their companies once a night: everything first, then what differs.",
    ),
    (
        "Activations",
        "Audiences and calculated attributes of yours, kept on the contacts that people are: a property each, written where it differs.",
    ),
    (
        "Signals",
        "What your accounts and visitors do: which of it qualifies, and what is done in HubSpot then, step by step.",
    ),
    (
        "Workflows",
        "What is done for a record when something happens, step by step, with conditions and waits; and where a call or a conversation is to go.",
    ),
    (
        "Matching",
        "Which company an account of yours is, and which contact somebody is: from the mirror, so that HubSpot is not asked.",
    ),
];

const fn op(
    method: Method,
    pattern: &'static str,
    id: &'static str,
    tag: &'static str,
    summary: &'static str,
    body: Body,
    answer: Answer,
) -> Operation {
    Operation { method, pattern, id, tag, summary, more: "", body, answer }
}

impl Operation {
    const fn more(mut self, words: &'static str) -> Self {
        self.more = words;
        self
    }
}

use Answer::{Created, CreatedOrOk, Gone, Lines, Ok, OkOrOrdered, Ordered, Schema};
use Body::{Allowed, Needed, None};

const NOTHING: Body = Allowed("Nothing");

/// Every operation, in the order in which the page shows them.
#[rustfmt::skip]
pub(super) fn operations() -> Vec<Operation> {
    vec![
        op(Post, "/v1/workspaces", "createWorkspace", "Workspaces", "Make a workspace", Needed("NewWorkspace"), Created("Workspace")),
        op(Get, "/v1/workspaces", "listWorkspaces", "Workspaces", "List workspaces", None, Ok("Workspaces")),
        op(Get, "/v1/workspaces/*", "getWorkspace", "Workspaces", "Read a workspace", None, Ok("Workspace")),
        op(Post, "/v1/workspaces/*/keys", "createKey", "Workspaces", "Make an API key", Needed("NewKey"), Created("CreatedKey"))
            .more("The key itself is in this answer and nowhere else: only its hash is kept."),
        op(Get, "/v1/workspaces/*/keys", "listKeys", "Workspaces", "List API keys", None, Ok("Keys")),
        op(Delete, "/v1/workspaces/*/keys/*", "revokeKey", "Workspaces", "Revoke an API key", None, Gone)
            .more("Takes effect within five seconds. Links that it made, and the sessions of people who came by them, end at once."),
        op(Post, "/v1/workspaces/*/sessions", "createSession", "Workspaces", "Make a one-time link for a person", Needed("NewSession"), Created("Session"))
            .more("Send the person there within five minutes: the link opens once and begins a session of eight hours."),
        op(Delete, "/v1/workspaces/*/sessions", "endSessions", "Workspaces", "End sessions of people", None, Ok("EndedSessions"))
            .more("Of one person with `user`, as you named them in their links; of everybody in the workspace without. Takes effect at once, also for links that nobody has opened; an authorisation under way ends with its session. Doing it again ends nothing more."),
        op(Get, "/v1/workspaces/*/connections", "listConnections", "Connections", "List a workspace's connections", None, Ok("Connections")),
        op(Get, "/v1/connections/*", "getConnection", "Connections", "Read a connection and how it is kept in step", None, Ok("ConnectionWithSync")),
        op(Delete, "/v1/connections/*", "disconnect", "Connections", "Disconnect an account", None, Ok("Disconnect"))
            .more("The sync stops and the credentials are forgotten. The app is uninstalled, and the grant revoked, where no other connection uses them. The connection stays readable, `disconnected`, unless `data=delete` says that nothing is to be kept of what was read; of one that is disconnected already that alone is done."),
        op(Post, "/v1/workspaces/*/connections", "connectByToken", "Connections", "Connect an account by token", Needed("NewConnection"), CreatedOrOk("ConnectionWithSync"))
            .more("A private app's token or a service key, tried at once. Of an account that is connected so already the credentials are replaced: 200. What HubSpot says against the token is a problem of its own type, with 422."),
        op(Put, "/v1/connections/*/credentials", "putCredentials", "Connections", "Replace the token of a connection", Needed("Credentials"), Ok("ConnectionWithSync"))
            .more("Of the same account only; what was mirrored stays. A connection made by OAuth is authorised anew by a person."),
        op(Patch, "/v1/connections/*", "updateConnection", "Connections", "Name a connection, or say its tier", Needed("ConnectionChange"), Ok("ConnectionWithSync")),
        op(Post, "/v1/connections/*/test", "testConnection", "Connections", "Test what a connection may do", None, Ordered),
        op(Get, "/v1/connections/*/test", "getTest", "Connections", "Read what came of the test", None, Ok("Test")),
        op(Get, "/v1/connections/*/limits", "getLimits", "Connections", "Read how much of HubSpot's limits is used", None, Ok("Limits")),
        op(Post, "/v1/connections/*/pause", "pauseConnection", "Connections", "Pause the sync", None, Ordered),
        op(Post, "/v1/connections/*/resume", "resumeConnection", "Connections", "Resume the sync", None, Ordered),
        op(Post, "/v1/connections/*/streams/*/resync", "resync", "Connections", "Read a type once more", None, Ordered),
        op(Get, "/v1/connections/*/records/*", "listRecords", "Records", "List records", None, Ok("Records")),
        op(Get, "/v1/connections/*/records/*/*", "getRecord", "Records", "Read a record", None, Ok("Record"))
            .more("An id that was merged away leads to the record it became part of."),
        op(Get, "/v1/connections/*/records/*/*/associations/*", "listAssociations", "Records", "List what a record is linked to", None, Ok("Associations")),
        op(Post, "/v1/connections/*/records/*/*/reread", "rereadRecord", "Records", "Read one record from HubSpot once more", None, Ordered),
        op(Get, "/v1/connections/*/changes", "listChanges", "Changes", "Read what changed", None, Ok("Changes"))
            .more("Read on from `next` until it equals `latest`: a page before can be empty where a long stretch of the feed holds nothing of `types`. Where changes after `after` are no longer kept, the answer is 410: take a snapshot."),
        op(Get, "/v1/connections/*/snapshot", "snapshot", "Changes", "Read every record", None, Lines("SnapshotLine")),
        op(Get, "/v1/connections/*/fields/*", "listFields", "Fields", "List the fields of a type", None, Ok("Fields")),
        op(Post, "/v1/connections/*/fields/refresh", "refreshFields", "Fields", "Read the fields of all types again", None, Ordered),
        op(Get, "/v1/connections/*/fields/*/selection", "getSelection", "Fields", "Read which fields are mirrored", None, Ok("Selection")),
        op(Put, "/v1/connections/*/fields/*/selection", "putSelection", "Fields", "Choose which fields are mirrored", Needed("NewSelection"), Ok("Selection"))
            .more("A change reads the type once more, and the feed tells it. Names that HubSpot does not list are refused with 409, and nothing is changed."),
        op(Get, "/v1/connections/*/types", "listTypes", "Types", "List the types that can be mirrored", None, Ok("Types")),
        op(Post, "/v1/connections/*/types/refresh", "refreshTypes", "Types", "Read which custom objects there are", None, Ordered),
        op(Put, "/v1/connections/*/types/*", "turnTypeOn", "Types", "Mirror a type", None, OkOrOrdered("Type"))
            .more("By its name, its fully qualified name or its number. Where HubSpot is to be asked about custom objects first, the answer is 409 and this is to be repeated."),
        op(Delete, "/v1/connections/*/types/*", "turnTypeOff", "Types", "Mirror a type no longer", None, Gone),
        op(Get, "/v1/connections/*/owners", "listOwners", "Reference", "List owners, archived ones too", None, Ok("Owners")),
        op(Get, "/v1/connections/*/pipelines/*", "listPipelines", "Reference", "List the pipelines of a type", None, Ok("Pipelines"))
            .more("`deals` have pipelines; the answer is 404 for a type that has none."),
        op(Post, "/v1/connections/*/prospects/erase", "erasePerson", "Privacy", "Erase a person and keep them out", Needed("Person"), Ok("Erased"))
            .more("At once from the mirror, lists, links and channels; from the change feed within minutes, and nobody is shown it until then. A keyed hash of their addresses and ids keeps them out, at whatever record HubSpot shows them again, until the block is lifted. Who is in no mirror yet can be kept out as well."),
        op(Post, "/v1/connections/*/prospects/export", "exportPerson", "Privacy", "Export what is held about a person", Needed("Person"), Ok("PersonExport"))
            .more("Named by `email`, or by `object_type` and `id`."),
        op(Get, "/v1/connections/*/prospects/blocks", "listBlocks", "Privacy", "List who is kept out", None, Ok("Blocks"))
            .more("By the blocks' ids: whose they are is not kept."),
        op(Delete, "/v1/connections/*/prospects/blocks/*", "liftBlock", "Privacy", "Let a person in again", None, Ordered)
            .more("They are read from HubSpot again within minutes."),
        op(Get, "/v1/connections/*/retention", "getRetention", "Privacy", "Read what is kept and how long", None, Ok("Retention")),
        op(Patch, "/v1/connections/*/retention", "setRetention", "Privacy", "Set what is kept and how long", Needed("RetentionChange"), Ok("Retention"))
            .more("What is not given stays as it is. `minimum` mirrors only what dialing takes of each type, and what channels and people name besides: everything else leaves the mirror and the change feed. Details of calls that took place longer ago leave them too."),
        op(Get, "/v1/connections/*/audit", "listAudit", "Privacy", "List who did what to a connection", None, Ok("AuditEntries")),
        op(Get, "/v1/workspaces/*/audit", "listWorkspaceAudit", "Privacy", "List who did what in a workspace", None, Ok("AuditEntries"))
            .more("Keys, links for people and sign-ins, and which accounts were authorised; what was done to a connection lies with it."),
        op(Get, "/v1/connections/*/lists", "listLists", "Lists", "List the lists", None, Ok("Lists")),
        op(Get, "/v1/connections/*/lists/*", "getList", "Lists", "Read a list, and how it is followed", None, Ok("ListWithMembers")),
        op(Get, "/v1/connections/*/lists/*/members", "listMembers", "Lists", "List who is on a list that is followed", None, Ok("Members")),
        op(Post, "/v1/connections/*/lists/*/follow", "followList", "Lists", "Mirror who is on a list", None, Ordered),
        op(Post, "/v1/connections/*/lists/*/unfollow", "unfollowList", "Lists", "Mirror it no longer", None, Ordered),
        op(Get, "/v1/filter-schema.json", "getFilterSchema", "Channels", "Read the JSON Schema of filters", None, Schema),
        op(Get, "/v1/openapi.json", "getDocument", "Reference", "Read this document", None, Schema),
        op(Get, "/v1/connections/*/channels", "listChannels", "Channels", "List channels", None, Ok("Channels")),
        op(Post, "/v1/connections/*/channels", "createChannel", "Channels", "Make a channel", Needed("NewChannel"), Created("Channel")),
        op(Post, "/v1/connections/*/channels/preview", "previewChannel", "Channels", "Count what a channel would have now", Needed("ChannelToPreview"), Ok("Preview"))
            .more("Changes nothing, and so takes no `Idempotency-Key`. Of a list that nobody follows one page is read for the examples: ask again while `examples_state` is `reading`."),
        op(Get, "/v1/connections/*/channels/*", "getChannel", "Channels", "Read a channel", None, Ok("Channel")),
        op(Patch, "/v1/connections/*/channels/*", "updateChannel", "Channels", "Change a channel", Needed("ChannelChange"), Ok("Channel")),
        op(Delete, "/v1/connections/*/channels/*", "removeChannel", "Channels", "Delete a channel", None, Gone),
        op(Get, "/v1/connections/*/channels/*/records", "listChannelRecords", "Channels", "List who is in a channel now", None, Ok("ChannelRecords")),
        op(Post, "/v1/connections/*/channels/*/pause", "pauseChannel", "Channels", "Pause a channel", NOTHING, Ok("Channel")),
        op(Post, "/v1/connections/*/channels/*/resume", "resumeChannel", "Channels", "Resume a channel", NOTHING, Ok("Channel")),
        op(Get, "/v1/connections/*/seats", "listSeats", "Seats", "List seats", None, Ok("Seats")),
        op(Post, "/v1/connections/*/seats", "inviteSeat", "Seats", "Make a link for one of your users", Needed("NewSeat"), Created("SeatLink"))
            .more("The link works once, for an hour. The same user is the same seat; a newer link ends an older one."),
        op(Post, "/v1/connections/*/seats/redeem", "redeemSeat", "Seats", "Make a seat active", Needed("SeatCode"), Ok("Seat"))
            .more("With the code that came back with your user, from the server that knows who is signed in: it is good once, for five minutes."),
        op(Get, "/v1/connections/*/seats/*", "getSeat", "Seats", "Read a seat", None, Ok("Seat")),
        op(Delete, "/v1/connections/*/seats/*", "revokeSeat", "Seats", "End a seat", None, Ok("Seat"))
            .more("Its tokens are forgotten; the grant is revoked where no other seat holds it."),
        op(Get, "/v1/connections/*/seats/*/records/*", "listSeatRecords", "Seats", "List records that the user may see", None, Ok("SeatRecords"))
            .more("Asked of HubSpot with the seat's own token, never of the mirror. What HubSpot says against it is a problem of its own type."),
        op(Post, "/v1/connections/*/seats/*/records/*/search", "searchSeatRecords", "Seats", "Search records that the user may see", Needed("SeatSearch"), Ok("SeatRecords"))
            .more("All conditions hold, and `query` occurs in one of the properties that HubSpot searches. Search is late by seconds."),
        op(Get, "/v1/connections/*/seats/*/records/*/*", "getSeatRecord", "Seats", "Read a record that the user may see", None, Ok("Record")),
        op(Get, "/v1/connections/*/seats/*/records/*/*/associations/*", "listSeatAssociations", "Seats", "List what a record is linked to, as far as the user may see it", None, Ok("SeatAssociations")),
        op(Get, "/v1/connections/*/seats/*/tasks", "listSeatTasks", "Seats", "List the user's open call tasks, with whom to call", None, Ok("SeatTasks"))
            .more("Read from HubSpot at this moment with the seat's own token: a task that is just made appears once HubSpot's index has it, and one that is done, here or there, appears no more. In the order in which they are due, a hundred a page at most: a page may hold fewer or none, and only one without `next_cursor` is the last. None is passed over by what is done between two pages. Whoever the user may not see is no `contact`; the task stays. Requests of one seat at the same time share one reading. Tasks are the user's as an owner: where the user is not known as one, the answer is 404 and says why, and never that there are none: the connection may not read owners, has not read them yet, or the user was none of them when they were last read."),
        op(Post, "/v1/connections/*/seats/*/calls", "logSeatCall", "Seats", "Log a call and complete its task", Needed("SeatCall"), CreatedOrOk("Action"))
            .more("With the seat's own token and in the user's name. Without `about` the call is linked to whom the `task` is about, as far as the user may see them. The call is made first; then the task is completed. 201: both are done. 200: it was asked for before, or not everything is done yet: `writes` tells what is, and what is not is finished later, by the same seat's token. A problem: nothing was written. Asked for again with the same `id` it is not done again."),
        op(Get, "/v1/connections/*/seats/*/owner", "getSeatOwner", "Seats", "Read the owner that the user is", None, Ok("Owner"))
            .more("As the owners that the connection has read tell. 404 says why the user is not known as one: the connection may not read owners, has not read them yet, or the user was none of them."),
        op(Get, "/v1/connections/*/seats/*/lists", "listSeatLists", "Seats", "List the names of lists", None, Ok("SeatLists")),
        op(Get, "/v1/connections/*/seats/*/pipelines/*", "listSeatPipelines", "Seats", "List the pipelines of a type", None, Ok("Pipelines"))
            .more("`deals` have pipelines; the answer is 404 for a type that has none."),
        op(Get, "/v1/connections/*/endpoints", "listEndpoints", "Endpoints", "List endpoints", None, Ok("Endpoints")),
        op(Post, "/v1/connections/*/endpoints", "createEndpoint", "Endpoints", "Make an endpoint", Needed("NewEndpoint"), Created("Endpoint"))
            .more("Its signing secret is in this answer and nowhere else."),
        op(Get, "/v1/connections/*/endpoints/*", "getEndpoint", "Endpoints", "Read an endpoint", None, Ok("Endpoint")),
        op(Patch, "/v1/connections/*/endpoints/*", "updateEndpoint", "Endpoints", "Change an endpoint", Needed("EndpointChange"), Ok("Endpoint")),
        op(Delete, "/v1/connections/*/endpoints/*", "removeEndpoint", "Endpoints", "Delete an endpoint", None, Gone),
        op(Post, "/v1/connections/*/endpoints/*/rotate-secret", "rotateSecret", "Endpoints", "Make a new signing secret", NOTHING, Ok("Endpoint"))
            .more("The one before goes on signing beside it for a day."),
        op(Post, "/v1/connections/*/endpoints/*/pause", "pauseEndpoint", "Endpoints", "Pause deliveries", NOTHING, Ok("Endpoint")),
        op(Post, "/v1/connections/*/endpoints/*/resume", "resumeEndpoint", "Endpoints", "Resume deliveries", NOTHING, Ok("Endpoint")),
        op(Post, "/v1/connections/*/endpoints/*/skip", "skipMessage", "Endpoints", "Skip the message that waits", Allowed("Skip"), Ok("Endpoint")),
        op(Post, "/v1/connections/*/endpoints/*/replay", "replay", "Endpoints", "Deliver once more what came after a change", Needed("Replay"), Ok("Endpoint")),
        op(Post, "/v1/connections/*/endpoints/*/hand-over", "handOver", "Endpoints", "Hand over once more who is in the channel", NOTHING, Ok("Endpoint")),
        op(Post, "/v1/connections/*/endpoints/*/test", "testEndpoint", "Endpoints", "Send a test message", NOTHING, Ok("Endpoint")),
        op(Get, "/v1/connections/*/actions", "listActions", "Actions", "List actions", None, Ok("Actions")),
        op(Post, "/v1/connections/*/actions", "do", "Actions", "Have something done in HubSpot", Needed("NewAction"), CreatedOrOk("Action"))
            .more("It is written down before it leaves, leaves within the account's limits, and is never done twice: ask for the action to see how it stands."),
        op(Post, "/v1/connections/*/actions/bulk", "doMany", "Actions", "Have many things done", Body::Lines("NewAction"), Lines("ActionOrProblem"))
            .more("Up to a thousand lines, each an action; the answer has a line for each. With `job`, under one name for any number of requests, `GET …/actions?job=` lists them and counts how many of the job's writes stand how; the page of the outbox shows its progress."),
        op(Get, "/v1/connections/*/actions/settings", "getActionSettings", "Actions", "Read which actions are switched off", None, Ok("ActionsSet")),
        op(Put, "/v1/connections/*/actions/settings", "setActionSettings", "Actions", "Switch actions off and on", Needed("ActionSettings"), Ok("ActionsSet")),
        op(Get, "/v1/connections/*/actions/*", "getAction", "Actions", "Read an action, and how its writes stand", None, Ok("Action")),
        op(Post, "/v1/connections/*/actions/*/cancel", "cancelAction", "Actions", "Take back what has not left", NOTHING, Ok("Action")),
        op(Post, "/v1/connections/*/actions/*/retry", "retryAction", "Actions", "Have what failed leave again", NOTHING, Ok("Action")),
        op(Post, "/v1/connections/*/actions/*/resolve", "resolveAction", "Actions", "Say whether what nobody knew of is in HubSpot", Needed("Resolution"), Ok("Action"))
            .more("Of writes that are `unknown`: `happened` ends them, with the record they made if there is one; otherwise they leave again."),
        op(Get, "/v1/connections/*/mappings", "listMappings", "Mappings", "List field mappings", None, Ok("FieldMappings")),
        op(Get, "/v1/connections/*/mappings/*", "getMapping", "Mappings", "Read the field mapping of an action", None, Ok("FieldMapping"))
            .more("An entry whose field has vanished, or is of another type than it was when the mapping was saved, says so in `trouble` and is not written."),
        op(Put, "/v1/connections/*/mappings/*", "putMapping", "Mappings", "Save the field mapping of an action", Needed("NewFieldMapping"), Ok("FieldMapping"))
            .more("Checked against the fields that HubSpot has; `errors` names the entry of each fault."),
        op(Delete, "/v1/connections/*/mappings/*", "removeMapping", "Mappings", "Delete the field mapping of an action", None, Gone),
        op(Get, "/v1/connections/*/scores", "getScores", "Scores", "Read the settings of scores, and whether the properties fit", None, Ok("ScoreSettings")),
        op(Put, "/v1/connections/*/scores", "setScores", "Scores", "Say when scores are written, and to which properties", Needed("NewScoreSettings"), Ok("ScoreSettings"))
            .more("Other properties, or other names of them, are written whole the next time."),
        op(Post, "/v1/connections/*/scores/check", "checkScoreProperties", "Scores", "Read the account's properties again", NOTHING, Ok("ScoreSettings"))
            .more("What they are now is told by `GET …/scores` within seconds: `properties_read_at` says of when it is."),
        op(Post, "/v1/connections/*/scores/create", "createScoreProperties", "Scores", "Create the managed properties", NOTHING, Ok("ScoreSettings"))
            .more("The group and what of the five is missing; what is there stays as it is. `creating` is true until it is done."),
        op(Post, "/v1/connections/*/scores/bulk", "putManyScores", "Scores", "Keep the scores of many accounts", Body::Lines("NewScoresOfAccount"), Lines("ScoresKeptOrProblem"))
            .more("1 to 1,000 lines, 1 MB, each an account; a line that cannot be read spoils no other. The answers come in the order of the lines."),
        op(Get, "/v1/connections/*/scores/accounts/*", "getAccountScores", "Scores", "Read an account's scores", None, Ok("Scores")),
        op(Put, "/v1/connections/*/scores/accounts/*", "putAccountScores", "Scores", "Keep an account's scores", Needed("NewScores"), Ok("ScoresKept"))
            .more("In the place of what was kept. Written to HubSpot with the next run."),
        op(Delete, "/v1/connections/*/scores/accounts/*", "removeAccountScores", "Scores", "Forget an account's scores", None, Gone)
            .more("What its company holds in HubSpot stays."),
        op(Get, "/v1/connections/*/scores/runs", "listScoreRuns", "Scores", "List runs", None, Ok("ScoreRuns")),
        op(Post, "/v1/connections/*/scores/runs", "startScoreRun", "Scores", "Begin a run now", Allowed("NewScoreRun"), Created("ScoreRun"))
            .more("One at a time: 409 while another is under way."),
        op(Get, "/v1/connections/*/scores/runs/*", "getScoreRun", "Scores", "Read a run", None, Ok("ScoreRun")),
        op(Get, "/v1/connections/*/scores/runs/*/errors", "listScoreErrors", "Scores", "List the rows that HubSpot refused", None, Ok("ScoreErrors"))
            .more("Of the last 30 runs."),
        op(Get, "/v1/connections/*/activations", "listActivations", "Activations", "List activations", None, Ok("Activations")),
        op(Post, "/v1/connections/*/activations", "createActivation", "Activations", "Make an activation", Needed("NewActivation"), Created("Activation"))
            .more("Its audiences and attributes are kept on contacts from then on: each gets a property, and the first sync begins. `GET …/activations/{activation}` shows how far it is."),
        op(Get, "/v1/connections/*/activations/settings", "getActivationSettings", "Activations", "Read how properties are called, and what waits", None, Ok("ActivationSettings")),
        op(Put, "/v1/connections/*/activations/settings", "setActivationSettings", "Activations", "Say how properties are called", Needed("NewActivationSettings"), Ok("ActivationSettings"))
            .more("Holds for properties that are made from then on: those that are there keep their names."),
        op(Get, "/v1/connections/*/activations/refused", "listRefusedContacts", "Activations", "List contacts that HubSpot refused", None, Ok("RefusedContacts")),
        op(Post, "/v1/connections/*/activations/refused/retry", "retryRefusedContacts", "Activations", "Write refused contacts again", NOTHING, Gone),
        op(Get, "/v1/connections/*/activations/*", "getActivation", "Activations", "Read an activation, and how far its sync is", None, Ok("Activation")),
        op(Put, "/v1/connections/*/activations/*", "putActivation", "Activations", "Change an activation", Needed("NewActivation"), Ok("Activation"))
            .more("What is added is synced. The property of what is no longer selected stays in HubSpot with what it holds, and is written no longer."),
        op(Delete, "/v1/connections/*/activations/*", "removeActivation", "Activations", "Delete an activation", None, Gone)
            .more("Properties, and what contacts hold in them, stay."),
        op(Post, "/v1/connections/*/activations/*/pause", "pauseActivation", "Activations", "Pause an activation", NOTHING, Ok("Activation"))
            .more("What changes meanwhile is written when it is resumed: what all of it comes to."),
        op(Post, "/v1/connections/*/activations/*/resume", "resumeActivation", "Activations", "Resume an activation", NOTHING, Ok("Activation")),
        op(Post, "/v1/connections/*/activations/*/sync", "syncActivation", "Activations", "Go over everybody once more", NOTHING, Ok("Activation"))
            .more("Only what differs is written."),
        op(Get, "/v1/connections/*/audiences", "listAudiences", "Activations", "List audiences", None, Ok("Audiences")),
        op(Get, "/v1/connections/*/audiences/*", "getAudience", "Activations", "Read an audience", None, Ok("Audience")),
        op(Put, "/v1/connections/*/audiences/*", "putAudience", "Activations", "Make or change an audience", Needed("NewAudience"), Ok("Audience"))
            .more("Under an id of yours. Another `name` is another label in HubSpot: the property stays."),
        op(Delete, "/v1/connections/*/audiences/*", "removeAudience", "Activations", "Delete an audience and its property", None, Gone)
            .more("Its members are forgotten, and its property is archived in HubSpot. Where HubSpot refuses that because something uses the property, an audience stays `deleting` and says so in `trouble`: `…/retry` tries again."),
        op(Get, "/v1/connections/*/audiences/*/used-by", "getAudienceUses", "Activations", "Read what depends on an audience", None, Ok("AttributeUses")),
        op(Post, "/v1/connections/*/audiences/*/retry", "retryAudience", "Activations", "Try again to make or to archive its property", NOTHING, Ok("Audience")),
        op(Get, "/v1/connections/*/audiences/*/members", "listAudienceMembers", "Activations", "List who is in an audience", None, Ok("AudienceMembers"))
            .more("In the order of their addresses."),
        op(Post, "/v1/connections/*/audiences/*/members", "putManyAudienceMembers", "Activations", "Keep many members, or take them out", Body::Lines("MemberChange"), Lines("AddressOrProblem"))
            .more("1 to 1,000 lines, 1 MB; a line that cannot be read or taken spoils no other. The answers come in the order of the lines. Of an address the last line counts, and one with `member: false` takes it out. With `round` they belong to a replacement, in which no line takes anybody out."),
        op(Patch, "/v1/connections/*/audiences/*/members", "changeAudienceMembers", "Activations", "Keep up to a million members, or take them out", Body::Lines("MemberChange"), Ok("Changed"))
            .more("1 to 1,000,000 lines, 100 MB, put as they come, and one answer in which what was refused is named by its line. A line that cannot be read or taken spoils no other; with `member: false` it takes the address out. Of an address the last line counts. Where it breaks off, what came before is kept, and sent again all of it is as good as once."),
        op(Put, "/v1/connections/*/audiences/*/members", "replaceAudienceMembers", "Activations", "Replace all members", Body::Lines("NewMember"), Ok("Replaced"))
            .more("Up to 1,000,000 lines, 100 MB: whoever is not among them is taken away, and only what differs is written to HubSpot. A line that cannot be read ends it, and nobody is taken away; in the first 4 MB it is found before anybody is put. What does not come in one request is sent in parts: `POST …/replacement` gives a `round`, `POST …/members?round=` takes a part, `POST …/replacement/{round}/end` ends it."),
        op(Get, "/v1/connections/*/audiences/*/members/*", "getAudienceMember", "Activations", "Read one member, and whether HubSpot has it", None, Ok("AudienceMember")),
        op(Put, "/v1/connections/*/audiences/*/members/*", "putAudienceMember", "Activations", "Put somebody into an audience", NOTHING, Ok("AddressKept"))
            .more("In HubSpot within seconds, where limits allow. Who is kept out is refused with 400."),
        op(Delete, "/v1/connections/*/audiences/*/members/*", "removeAudienceMember", "Activations", "Take somebody out of an audience", None, Gone)
            .more("Their contact holds `false` from then on."),
        op(Post, "/v1/connections/*/audiences/*/replacement", "beginAudienceReplacement", "Activations", "Begin to replace all members", NOTHING, Created("Replacement"))
            .more("One that is not ended within a day is dropped: what was put stays, and nobody is taken away."),
        op(Post, "/v1/connections/*/audiences/*/replacement/*/end", "endAudienceReplacement", "Activations", "End a replacement", NOTHING, Ok("EndedReplacement"))
            .more("Whoever was in no part is taken away."),
        op(Get, "/v1/connections/*/attributes", "listAttributes", "Activations", "List attributes", None, Ok("Attributes")),
        op(Get, "/v1/connections/*/attributes/*", "getAttribute", "Activations", "Read an attribute", None, Ok("Attribute")),
        op(Put, "/v1/connections/*/attributes/*", "putAttribute", "Activations", "Make or change an attribute", Needed("NewAttribute"), Ok("Attribute"))
            .more("Under an id of yours. Another `name` is another label in HubSpot: the property stays. The `type` of one that is there does not change; options may be added."),
        op(Delete, "/v1/connections/*/attributes/*", "removeAttribute", "Activations", "Delete an attribute and its property", None, Gone)
            .more("Its values are forgotten, and its property is archived in HubSpot. Where HubSpot refuses that because something uses the property, an attribute stays `deleting` and says so in `trouble`: `…/retry` tries again."),
        op(Get, "/v1/connections/*/attributes/*/used-by", "getAttributeUses", "Activations", "Read what depends on an attribute", None, Ok("AttributeUses")),
        op(Post, "/v1/connections/*/attributes/*/retry", "retryAttribute", "Activations", "Try again to make or to archive its property", NOTHING, Ok("Attribute")),
        op(Get, "/v1/connections/*/attributes/*/values", "listAttributeValues", "Activations", "List the values of an attribute", None, Ok("AttributeValues"))
            .more("In the order of their addresses."),
        op(Post, "/v1/connections/*/attributes/*/values", "putManyAttributeValues", "Activations", "Keep many values, or take them away", Body::Lines("ValueChange"), Lines("AddressOrProblem"))
            .more("1 to 1,000 lines, 1 MB; a line that cannot be read or taken spoils no other. The answers come in the order of the lines. Of an address the last line counts, and one with `value: null` takes its value away. With `round` they belong to a replacement, in which no line takes anything away."),
        op(Patch, "/v1/connections/*/attributes/*/values", "changeAttributeValues", "Activations", "Keep up to a million values, or take them away", Body::Lines("ValueChange"), Ok("Changed"))
            .more("1 to 1,000,000 lines, 100 MB, put as they come, and one answer in which what was refused is named by its line. A line that cannot be read or taken spoils no other; with `value: null` it takes the value away. Of an address the last line counts. Where it breaks off, what came before is kept, and sent again all of it is as good as once."),
        op(Put, "/v1/connections/*/attributes/*/values", "replaceAttributeValues", "Activations", "Replace all values", Body::Lines("NewValueOfAddress"), Ok("Replaced"))
            .more("Up to 1,000,000 lines, 100 MB: whoever is not among them is taken away, and only what differs is written to HubSpot. A line that cannot be read ends it, and nobody is taken away; in the first 4 MB it is found before anybody is put. What does not come in one request is sent in parts: `POST …/replacement` gives a `round`, `POST …/values?round=` takes a part, `POST …/replacement/{round}/end` ends it."),
        op(Get, "/v1/connections/*/attributes/*/values/*", "getAttributeValue", "Activations", "Read one value, and whether HubSpot has it", None, Ok("AttributeValue")),
        op(Put, "/v1/connections/*/attributes/*/values/*", "putAttributeValue", "Activations", "Keep somebody's value of an attribute", Needed("NewValue"), Ok("AddressKept"))
            .more("In HubSpot within seconds, where limits allow. Who is kept out is refused with 400."),
        op(Delete, "/v1/connections/*/attributes/*/values/*", "removeAttributeValue", "Activations", "Take somebody's value away", None, Gone)
            .more("Their contact has no value from then on."),
        op(Post, "/v1/connections/*/attributes/*/replacement", "beginAttributeReplacement", "Activations", "Begin to replace all values", NOTHING, Created("Replacement"))
            .more("One that is not ended within a day is dropped: what was put stays, and nobody is taken away."),
        op(Post, "/v1/connections/*/attributes/*/replacement/*/end", "endAttributeReplacement", "Activations", "End a replacement", NOTHING, Ok("EndedReplacement"))
            .more("Whoever was in no part is taken away."),
        op(Post, "/v1/connections/*/signals", "sendSignal", "Signals", "Send a signal", Needed("NewSignal"), CreatedOrOk("ReceivedSignal"))
            .more("Something that an account or a visitor of yours did. Under one `id` it counts once: sent again, the answer is 200 and `duplicate`. It is decided about within seconds: `GET …/signals/{sig}` says how. Nothing is kept of a visitor who was erased: `kept_out`."),
        op(Post, "/v1/connections/*/signals/bulk", "sendSignals", "Signals", "Send up to a thousand signals", Body::Lines("NewSignal"), Lines("ReceivedOrProblem"))
            .more("One a line; a line that is no signal spoils no other."),
        op(Get, "/v1/connections/*/signals", "listSignals", "Signals", "List signals", None, Ok("Signals"))
            .more("The newest first, each with what was decided about it and why."),
        op(Get, "/v1/connections/*/signals/*", "getSignal", "Signals", "Read a signal", None, Ok("Signal")),
        op(Get, "/v1/connections/*/qualifying-lists", "listQualifyingLists", "Signals", "List qualifying lists", None, Ok("QualifyingLists")),
        op(Post, "/v1/connections/*/qualifying-lists", "createQualifyingList", "Signals", "Make a qualifying list", Needed("NewQualifyingList"), Created("QualifyingList"))
            .more("A filter over the signal (no `of`), your `account` and `visitor` with their fields, and the `company` and `contact` of HubSpot that they are. Nobody in HubSpot has no values: `company`'s `hs_object_id` is `unknown`."),
        op(Post, "/v1/connections/*/qualifying-lists/preview", "tryQualifyingList", "Signals", "Try a filter", Needed("QualifyingListToTry"), Ok("TriedList"))
            .more("On a signal or records that `on` names, condition by condition; else on the newest signals. Changes nothing, and so takes no `Idempotency-Key`."),
        op(Get, "/v1/connections/*/qualifying-lists/*", "getQualifyingList", "Signals", "Read a qualifying list", None, Ok("QualifyingList")),
        op(Put, "/v1/connections/*/qualifying-lists/*", "putQualifyingList", "Signals", "Change a qualifying list", Needed("NewQualifyingList"), Ok("QualifyingList"))
            .more("Holds for signals that are decided about from now on."),
        op(Delete, "/v1/connections/*/qualifying-lists/*", "removeQualifyingList", "Signals", "Delete a qualifying list", None, Gone)
            .more("Refused with 409 while automations are of it."),
        op(Get, "/v1/connections/*/automations", "listAutomations", "Signals", "List automations", None, Ok("Automations")),
        op(Post, "/v1/connections/*/automations", "createAutomation", "Signals", "Make an automation", Needed("NewAutomation"), Created("Automation"))
            .more("For each signal that the list qualifies its steps are done one after the other, once; the next begins when the one before is in HubSpot, and knows the records that it made. What cannot be done is skipped, with the reason in the run."),
        op(Post, "/v1/connections/*/automations/preview", "tryAutomation", "Signals", "Try an automation", Needed("AutomationToTry"), Ok("TriedAutomation"))
            .more("What each step would write, field by field. Nothing is written, and so it takes no `Idempotency-Key`."),
        op(Get, "/v1/connections/*/automations/*", "getAutomation", "Signals", "Read an automation", None, Ok("Automation")),
        op(Put, "/v1/connections/*/automations/*", "putAutomation", "Signals", "Change an automation", Needed("NewAutomation"), Ok("Automation"))
            .more("Runs that have begun go on with the steps that they began with."),
        op(Delete, "/v1/connections/*/automations/*", "removeAutomation", "Signals", "Delete an automation and its runs", None, Gone)
            .more("What it asked for stays asked for."),
        op(Post, "/v1/connections/*/automations/*/enable", "enableAutomation", "Signals", "Enable an automation", NOTHING, Ok("Automation")),
        op(Post, "/v1/connections/*/automations/*/pause", "pauseAutomation", "Signals", "Pause an automation", NOTHING, Ok("Automation"))
            .more("Runs that have begun wait; signals that come meanwhile are not made up for."),
        op(Get, "/v1/connections/*/automation-runs", "listAutomationRuns", "Signals", "List runs of automations", None, Ok("AutomationRuns"))
            .more("The newest first: which conditions held with which values, whom it was about and why, what each step came to."),
        op(Get, "/v1/connections/*/automation-runs/*", "getAutomationRun", "Signals", "Read a run of an automation", None, Ok("AutomationRun")),
        op(Post, "/v1/connections/*/match/companies", "matchCompanies", "Matching", "Find the companies that accounts are", Needed("CompaniesToMatch"), Ok("Matches"))
            .more("By the domain that was registered: of a company's `domain`, of its `website` while it has none, and of `hs_additional_domains`. A company with the very same host goes before those of which only the registered domain is the same; of several it is the one with the most deals, then the most contacts, then the one modified most recently. Mail providers' domains and hosts on which anybody has a page match nobody. Changes nothing, and so takes no `Idempotency-Key`."),
        op(Post, "/v1/connections/*/match/contacts", "matchContacts", "Matching", "Find the contacts that people are", Needed("ContactsToMatch"), Ok("Matches"))
            .more("By `email` and `hs_additional_emails`, in any case. Whoever was erased and is kept out is nobody."),
        op(Get, "/v1/workflow-schema.json", "getWorkflowSchema", "Workflows", "Read the JSON Schema of workflows", None, Schema),
        op(Get, "/v1/connections/*/workflows", "listWorkflows", "Workflows", "List workflows", None, Ok("Workflows")),
        op(Post, "/v1/connections/*/workflows", "createWorkflow", "Workflows", "Make a workflow", Needed("NewWorkflow"), Created("Workflow"))
            .more("It is a draft: it does nothing until it is enabled."),
        op(Post, "/v1/connections/*/workflows/check", "checkWorkflow", "Workflows", "Check a definition", Needed("AnyWorkflow"), Ok("CheckedWorkflow"))
            .more("Everything that is wrong with it, with its place (JSON Pointer): with the definition itself, else for this account. Changes nothing, and so takes no `Idempotency-Key`."),
        op(Get, "/v1/connections/*/workflows/templates", "listWorkflowTemplates", "Workflows", "List templates", None, Ok("WorkflowTemplates"))
            .more("Definitions to begin with: they work as they are, and say what one would change."),
        op(Post, "/v1/connections/*/workflows/events", "sendEvent", "Workflows", "Send an event", Needed("NewEvent"), CreatedOrOk("ReceivedEvent"))
            .more("Something that happened in your product: it begins the workflows of its name whose conditions hold, within seconds. Under one `id` it counts once: sent again, the answer is 200 and `duplicate`."),
        op(Post, "/v1/connections/*/workflows/events/bulk", "sendEvents", "Workflows", "Send up to a thousand events", Body::Lines("NewEvent"), Lines("ReceivedEventOrProblem"))
            .more("One a line; a line that is no event spoils no other."),
        op(Post, "/v1/connections/*/workflows/route", "route", "Workflows", "Ask where a call is to go", Needed("EventToRoute"), Ok("Routed"))
            .more("Answered at once from the mirror: by the first enabled workflow of the event whose conditions hold and which comes to a `decide` through conditions alone; `because` says what each saw. Nothing else is done, and so it takes no `Idempotency-Key`."),
        op(Post, "/v1/connections/*/workflows/dry-run", "tryWorkflow", "Workflows", "Try a workflow", Needed("WorkflowToTry"), Ok("TriedWorkflow"))
            .more("What it would do now for an event or a record, step by step, with the values that each condition sees; waits are passed over as if they were over. Nothing is written, and so it takes no `Idempotency-Key`."),
        op(Get, "/v1/connections/*/workflows/*", "getWorkflow", "Workflows", "Read a workflow", None, Ok("Workflow")),
        op(Put, "/v1/connections/*/workflows/*", "putWorkflow", "Workflows", "Change a workflow", Needed("NewWorkflow"), Ok("Workflow"))
            .more("Makes a version, by which runs go that begin from now on; runs under way go on with theirs."),
        op(Delete, "/v1/connections/*/workflows/*", "removeWorkflow", "Workflows", "Delete a workflow, its versions and runs", None, Gone)
            .more("What it asked for stays asked for."),
        op(Post, "/v1/connections/*/workflows/*/enable", "enableWorkflow", "Workflows", "Enable a workflow", NOTHING, Ok("Workflow"))
            .more("Refused with 409 while it does not fit the account; `errors` says where."),
        op(Post, "/v1/connections/*/workflows/*/pause", "pauseWorkflow", "Workflows", "Pause a workflow", NOTHING, Ok("Workflow"))
            .more("It does nothing then, also of what is under way; what falls due meanwhile goes on when it is enabled."),
        op(Get, "/v1/connections/*/workflows/*/versions", "listWorkflowVersions", "Workflows", "List a workflow's versions", None, Ok("WorkflowVersions"))
            .more("The newest first."),
        op(Post, "/v1/connections/*/workflows/*/versions/*/restore", "restoreWorkflowVersion", "Workflows", "Restore a version", NOTHING, Ok("Workflow"))
            .more("Its definition becomes the newest version."),
        op(Get, "/v1/connections/*/workflows/*/runs", "listWorkflowRuns", "Workflows", "List a workflow's runs", None, Ok("WorkflowRuns"))
            .more("The newest first: what began each, what its conditions saw, whom it was of and why, what each step came to."),
        op(Get, "/v1/connections/*/workflows/runs/*", "getWorkflowRun", "Workflows", "Read a run of a workflow", None, Ok("WorkflowRun")),
        op(Post, "/v1/connections/*/workflows/runs/*/retry", "retryWorkflowRun", "Workflows", "Try a run again", NOTHING, Ok("WorkflowRun"))
            .more("One that failed goes on from the step that did."),
        op(Post, "/v1/connections/*/workflows/runs/*/cancel", "cancelWorkflowRun", "Workflows", "Cancel a run", NOTHING, Ok("WorkflowRun"))
            .more("One that is open ends; what it has asked for and has not left yet is taken back."),
    ]
}
