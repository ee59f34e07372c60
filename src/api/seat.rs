//! `/v1/connections/{c}/seats…`: what is asked, whose token answers it, and what answers look like.

use serde::Deserialize;
use serde_json::{Value, json};

pub mod dialer;
mod read;

use crate::{
    api::{
        cursor,
        request::{self, Query},
        route::{Api, Make, Route},
    },
    engine::portal::seats::{
        commands::{Command, NoOwner, SEATS_LIMIT, State, View},
        pass::Stop,
    },
    values::{
        crypto::sha256_hex,
        http::Method,
        ids::{ObjectType, SeatId},
        problem::{Kind, Problem},
        time::Timestamp,
    },
};
pub use read::{Read, VALUE_CHARS, VALUES_LIMIT};

/// Whose token a route reads HubSpot with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// HubSpot is not asked.
    Nobody,
    /// The seat's own, at the moment of the request: what HubSpot lets that user see.
    Seat,
    /// The connection's, from the mirror: HubSpot serves it to no single user, and it tells nothing that the user may not see.
    Connection,
}

impl Whose {
    /// In words, for the README.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Nobody => "none",
            Self::Seat => "the seat's own",
            Self::Connection => "the connection's",
        }
    }
}

/// Every route of seats below `/v1/connections/{c}`, whose token it reads with, and what it does. In the order of [`TABLE`].
pub const ROUTES: [(Method, &str, Whose, &str); 14] = [
    (Method::Get, "/seats", Whose::Nobody, "Seats, in order of their making"),
    (Method::Post, "/seats", Whose::Nobody, "A link for one user: `{user, return_url}`"),
    (Method::Post, "/seats/redeem", Whose::Nobody, "Makes a seat active: `{code, user}`"),
    (Method::Get, "/seats/{s}", Whose::Nobody, "One seat"),
    (Method::Delete, "/seats/{s}", Whose::Nobody, "Ends a seat and forgets its tokens"),
    (Method::Get, "/seats/{s}/records/{type}", Whose::Seat, "Records that the user may see"),
    (Method::Post, "/seats/{s}/records/{type}/search", Whose::Seat, "The same, by text and conditions"),
    (Method::Get, "/seats/{s}/records/{type}/{id}", Whose::Seat, "One record"),
    (
        Method::Get,
        "/seats/{s}/records/{type}/{id}/associations/{to_type}",
        Whose::Seat,
        "What it is linked to",
    ),
    (
        Method::Get,
        "/seats/{s}/tasks",
        Whose::Seat,
        "Open call tasks, with whom to call: `?which=` `overdue`, `today` or `queue`",
    ),
    (Method::Post, "/seats/{s}/calls", Whose::Seat, "Logs a call and completes its task"),
    (Method::Get, "/seats/{s}/owner", Whose::Connection, "The user as an owner of records: no other owner"),
    (Method::Get, "/seats/{s}/lists", Whose::Connection, "Names of lists, without who is on them"),
    (Method::Get, "/seats/{s}/pipelines/{type}", Whose::Connection, "Pipelines and their stages"),
];

/// The same for the router.
pub const TABLE: [(Method, &str, Make); 14] = [
    (Method::Get, "/v1/connections/*/seats", |at| route(at, Call::List)),
    (Method::Post, "/v1/connections/*/seats", |at| route(at, Call::Invite)),
    (Method::Post, "/v1/connections/*/seats/redeem", |at| route(at, Call::Redeem)),
    (Method::Get, "/v1/connections/*/seats/*", |at| route(at, Call::Get(at[1].parse().ok()?))),
    (Method::Delete, "/v1/connections/*/seats/*", |at| route(at, Call::Revoke(at[1].parse().ok()?))),
    (Method::Get, "/v1/connections/*/seats/*/records/*", |at| read(at, Read::List(at[2].parse().ok()?))),
    (Method::Post, "/v1/connections/*/seats/*/records/*/search", |at| {
        read(at, Read::Search(at[2].parse().ok()?))
    }),
    (Method::Get, "/v1/connections/*/seats/*/records/*/*", |at| {
        read(at, Read::Record(at[2].parse().ok()?, at[3].parse().ok()?))
    }),
    (Method::Get, "/v1/connections/*/seats/*/records/*/*/associations/*", |at| {
        read(at, Read::Links(at[2].parse().ok()?, at[3].parse().ok()?, at[4].parse().ok()?))
    }),
    (Method::Get, "/v1/connections/*/seats/*/tasks", |at| route(at, Call::Tasks(at[1].parse().ok()?))),
    (Method::Post, "/v1/connections/*/seats/*/calls", |at| route(at, Call::Log(at[1].parse().ok()?))),
    (Method::Get, "/v1/connections/*/seats/*/owner", |at| route(at, Call::Owner(at[1].parse().ok()?))),
    (Method::Get, "/v1/connections/*/seats/*/lists", |at| route(at, Call::Lists(at[1].parse().ok()?))),
    (Method::Get, "/v1/connections/*/seats/*/pipelines/*", |at| {
        route(at, Call::Pipelines(at[1].parse().ok()?, at[2].parse().ok()?))
    }),
];

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// `GET …/seats`
    List,
    /// `POST …/seats`
    Invite,
    /// `POST …/seats/redeem`
    Redeem,
    /// `GET …/seats/{s}`
    Get(SeatId),
    /// `DELETE …/seats/{s}`
    Revoke(SeatId),
    /// What HubSpot is asked with the seat's own token.
    Read(SeatId, Read),
    /// `GET …/seats/{s}/tasks`
    Tasks(SeatId),
    /// `POST …/seats/{s}/calls`
    Log(SeatId),
    /// `GET …/seats/{s}/owner`
    Owner(SeatId),
    /// `GET …/seats/{s}/lists`
    Lists(SeatId),
    /// `GET …/seats/{s}/pipelines/{type}`
    Pipelines(SeatId, ObjectType),
}

fn route(at: &[&str], call: Call) -> Option<Route> {
    Some(Route::Api(Api::Seats(at[0].parse().ok()?, call)))
}

fn read(at: &[&str], read: Read) -> Option<Route> {
    route(at, Call::Read(at[1].parse().ok()?, read))
}

impl Call {
    /// Names of the query parameters it takes.
    pub const fn taken(&self) -> &'static [&'static str] {
        match self {
            Self::List => &["limit", "cursor"],
            Self::Read(_, Read::List(_)) => &["limit", "cursor", "properties"],
            Self::Read(_, Read::Record(..)) => &["properties"],
            Self::Read(_, Read::Links(..)) => &["cursor"],
            Self::Tasks(_) => dialer::TASKS,
            Self::Invite
            | Self::Redeem
            | Self::Get(_)
            | Self::Revoke(_)
            | Self::Read(_, Read::Search(_))
            | Self::Log(_)
            | Self::Owner(_)
            | Self::Lists(_)
            | Self::Pipelines(..) => &[],
        }
    }

    /// Whether HubSpot is asked with the seat's own token, and may refuse.
    pub const fn asks_hubspot(&self) -> bool {
        match self {
            Self::Read(..) | Self::Tasks(_) | Self::Log(_) => true,
            Self::List
            | Self::Invite
            | Self::Redeem
            | Self::Get(_)
            | Self::Revoke(_)
            | Self::Owner(_)
            | Self::Lists(_)
            | Self::Pipelines(..) => false,
        }
    }
}

/// `POST …/seats`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invite {
    /// The host's own name for its user: the same name is the same seat.
    pub user: String,
    /// Where the user goes on to, with `seat` and `code`.
    pub return_url: String,
}

/// `POST …/seats/redeem`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redeem {
    /// What came with the user.
    pub code: String,
    /// Who is signed in where it came, as the link was made for.
    pub user: String,
}

/// The command of what the Portal answers by itself. `own`: the deployment's address.
pub fn command(call: &Call, query: &Query<'_>, body: &[u8], own: &str) -> Result<Option<Command>, Problem> {
    Ok(Some(match call {
        Call::List => {
            let after = query.row(cursor::Of::Seats)?;
            Command::List { after: after.unwrap_or(0), limit: query.limit(SEATS_LIMIT)? }
        }
        Call::Invite => {
            let Invite { user, return_url } = request::body(body)?;
            let user = request::name("user", &user)?;
            Command::Invite { user, return_url: request::return_url(&return_url, own)? }
        }
        Call::Redeem => {
            let Redeem { code, user } = request::body(body)?;
            let user = request::name("user", &user)?;
            Command::Redeem { code: sha256_hex(code.as_bytes()), user }
        }
        Call::Get(seat) => Command::Get(seat.clone()),
        Call::Revoke(seat) => Command::Revoke(seat.clone()),
        Call::Owner(seat) => Command::Owner(seat.clone()),
        Call::Read(..) | Call::Tasks(_) | Call::Log(_) | Call::Lists(_) | Call::Pipelines(..) => {
            return Ok(None);
        }
    }))
}

/// A seat.
pub fn view(of: &View) -> Value {
    let at = |at: Option<Timestamp>| at.map(Timestamp::to_rfc3339);
    json!({
        "id": of.id.as_str(),
        "user": of.user,
        "state": of.state.as_str(),
        "hubspot_user_id": of.hubspot_user.map(|user| user.to_string()),
        "invited_at": of.invited_at.to_rfc3339(),
        "link_expires_at": at(of.link_until),
        "active_at": at(of.active_at),
        "ended_at": at(of.ended_at),
        "last_used_at": at(of.used_at),
    })
}

/// A page of seats.
pub fn views(page: &[View], next: Option<i64>) -> Value {
    let next = next.map(|number| cursor::encode(cursor::Of::Seats, &number.to_string()));
    json!({ "results": page.iter().map(view).collect::<Vec<_>>(), "next_cursor": next })
}

/// Names only, of lists as the mirror's answer tells them.
pub fn names_of_lists(body: &str) -> Option<Value> {
    let told: Value = crate::values::json::parse(body).ok()?;
    let name =
        |list: &Value| json!({ "id": list["id"], "name": list["name"], "object_type": list["object_type"] });
    let results: Vec<Value> = told["results"].as_array()?.iter().map(name).collect();
    Some(json!({ "results": results, "next_cursor": null }))
}

/// Why seats are off.
pub fn off() -> Problem {
    Problem::new(
        Kind::SeatsOff,
        "This deployment has no HubSpot app of kind `user`, which seats need: tokens of other apps do not carry one person's rights. \
         The operator adds one to `HUBSPOT_APPS`.",
    )
}

/// No such seat, or one of another connection.
pub fn unknown() -> Problem {
    Problem::new(Kind::NotFound, "There is no such seat under this connection.")
}

/// Nobody knows which records and tasks are the user's.
pub fn no_owner(why: &NoOwner) -> Problem {
    let besides = |trouble: Option<&String>| {
        trouble.map_or_else(String::new, |words| format!(" What goes wrong: {words}"))
    };
    let words = match why {
        NoOwner::Unreadable { scopes } => format!(
            "Nobody can say which owner in HubSpot the user is, nor which tasks are the user's: the connection lacks the scope `{}`. \
             Connect the account again and grant it; with a token, add it to the key or app in HubSpot.",
            scopes.join("` or `")
        ),
        NoOwner::Unread { trouble } => format!(
            "Nobody can say yet which owner in HubSpot the user is, nor which tasks are the user's: owners have not been read. That is \
             done once the account is connected: ask again in a minute.{}",
            besides(trouble.as_ref())
        ),
        NoOwner::Absent { read_at, next_at, trouble } => {
            let again = next_at.map_or_else(
                || "Nothing is read while the connection is paused or has to be connected again.".to_owned(),
                |at| {
                    format!(
                        "Owners are read again at {}, or at once by “Refresh fields” (`POST …/fields/refresh`).",
                        at.to_rfc3339()
                    )
                },
            );
            format!(
                "The user is none of the active owners that HubSpot told of at {}, and nobody else has tasks and records: the user has \
                 none, as far as is known. {again}{}",
                read_at.to_rfc3339(),
                besides(trouble.as_ref())
            )
        }
    };
    Problem::new(Kind::NotFound, words)
}

/// A code that is good for nothing.
pub fn bad_code() -> Problem {
    Problem::new(
        Kind::NotFound,
        "No seat waits for this code: codes are good once, for five minutes, under their own connection and for the user their link was made for. Make a new link for the user.",
    )
}

/// The connection is over.
pub fn not_connected() -> Problem {
    Problem::new(
        Kind::Conflict,
        "The connection is over, or nobody has authorised it yet: its seats are over with it.",
    )
}

/// A seat that is not active.
pub fn not_active(state: State) -> Problem {
    let words = match state {
        State::Invited => "The user has not authorised yet: open the link that was made, or make a new one.",
        State::Pending => {
            "The user has authorised; `POST …/seats/redeem` with the code that came back makes the seat active."
        }
        State::Expired => "HubSpot no longer accepts what the user authorised. Make a new link for the user.",
        State::Revoked => "The seat was revoked. Make a new link for the user.",
        State::Active => "The seat is active now: ask again.",
    };
    Problem::new(Kind::SeatNotActive, words)
}

/// Why there is no answer of HubSpot's, and in how many seconds to ask again.
pub fn problem(stop: &Stop, now: Timestamp) -> (Problem, Option<i64>) {
    match stop {
        Stop::Failed { failure, words, retry_at, correlation_id } => {
            let words = words.clone().unwrap_or_else(|| failure.words());
            let problem = Problem::new(Kind::Failed(*failure), words);
            let problem = match correlation_id {
                Some(id) => problem.with_correlation(id),
                None => problem,
            };
            let seconds = retry_at.map(|at| (at.since_ms(now).max(0) + 999) / 1_000);
            (problem, seconds.map(|seconds| seconds.max(1)))
        }
        Stop::NotActive(state) => (not_active(*state), None),
        Stop::Paused => (
            Problem::new(
                Kind::Conflict,
                "A person has paused the connection: nothing is asked of HubSpot until it is resumed.",
            ),
            None,
        ),
        Stop::NotConnected => (not_connected(), None),
        Stop::Unknown => (unknown(), None),
        Stop::Off => (off(), None),
    }
}

/// Where the user goes on to: the host's own address with `seat` and `code` appended.
pub fn way_on(return_url: &str, seat: &SeatId, code: &str) -> String {
    let (address, fragment) = return_url.split_once('#').unwrap_or((return_url, ""));
    let joint = if address.contains('?') { '&' } else { '?' };
    let fragment = if fragment.is_empty() { String::new() } else { format!("#{fragment}") };
    format!("{address}{joint}seat={seat}&code={code}{fragment}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::failure::Failure;

    #[test]
    fn each_route_of_the_readme_is_one_of_the_router_in_its_order() {
        for ((method, path, whose, _), (routed, pattern, _)) in ROUTES.iter().zip(&TABLE) {
            let plain: Vec<&str> =
                path.split('/').map(|part| if part.starts_with('{') { "*" } else { part }).collect();
            assert_eq!(
                (method, format!("/v1/connections/*{}", plain.join("/")).as_str()),
                (routed, *pattern)
            );
            let of_seat = ["/records/", "/tasks", "/calls"].iter().any(|part| path.contains(part));
            assert_eq!(of_seat, *whose == Whose::Seat, "{path}");
        }
    }

    #[test]
    fn the_way_on_keeps_the_hosts_own_address_whole() {
        let seat = SeatId::from_random([7; 12]);
        let with = |url| way_on(url, &seat, "c0de");
        assert_eq!(with("https://h.example/a"), format!("https://h.example/a?seat={seat}&code=c0de"));
        assert_eq!(
            with("https://h.example/a?x=1#top"),
            format!("https://h.example/a?x=1&seat={seat}&code=c0de#top")
        );
    }

    #[test]
    fn a_limit_says_when_to_ask_again() {
        let stop = Stop::Failed {
            failure: Failure::DailyLimit,
            words: None,
            retry_at: Some(Timestamp(61_001)),
            correlation_id: None,
        };
        let (problem, seconds) = problem(&stop, Timestamp(1_000));
        assert_eq!((problem.status(), seconds), (429, Some(61)));
        assert_eq!(problem.to_json()["type"], "/problems/daily-limit");
    }
}
