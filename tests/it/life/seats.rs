//! Seats in a life: the user-level app, its users, and what the front does for them.

use hubspot_simulator::rights::{ObjectRights, Reach, Rights};
use serde_json::{Value, json};
use spoke::{
    engine::portal::{
        messages::{self, Command},
        seats::{
            commands::{self as seats, Answer, Authorised, View},
            desk::{Begin, Desk, Wanted, Which},
            pass::{Heard, Next, Pass, Stop},
            reading::{Reading, Step},
        },
    },
    hubspot::{endpoint::Endpoint, oauth},
    values::{
        config::AppKind,
        crypto::sha256_hex,
        http::{Outcome, Response},
        ids::SeatId,
        time::Timestamp,
    },
};

use super::{
    account::{CALLBACK, PORTAL},
    plan::{CLIENT_ID, CLIENT_SECRET, Plan},
    world::World,
};

/// The user-level app's id at HubSpot.
const SEAT_APP: u64 = 78;
/// Grace and Alan: the first owners of every account.
pub const GRACE: u64 = 9_000_031;
/// See [`GRACE`].
pub const ALAN: u64 = 9_000_062;
/// Their owner ids.
pub const OWNER_GRACE: &str = "40001117";
/// See [`OWNER_GRACE`].
pub const OWNER_ALAN: &str = "40002234";

const SEAT_CLIENT: &str = "66666666-2222-3333-4444-555555555555";
const SEAT_SECRET: &str = "ssssssss-ssss-ssss-ssss-ssssssssssss";
const SCOPES: [&str; 3] = ["oauth", "crm.objects.contacts.read", "crm.objects.contacts.write"];

/// A plan whose deployment has an app for seats.
pub fn with_seats(plan: Plan) -> Plan {
    let apps = json!([
        { "key": "main", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "kind": "account" },
        { "key": "people", "client_id": SEAT_CLIENT, "client_secret": SEAT_SECRET, "kind": "user" },
    ]);
    let mut variables = plan.variables.clone();
    variables.push(("HUBSPOT_APPS", apps.to_string()));
    Plan { variables, ..plan }
}

/// What the seats' app asks for: a user's contacts, and what else the account has.
fn scopes_of(plan: &Plan) -> Vec<&'static str> {
    let companies = plan.companies.map(|_| "crm.objects.companies.read");
    let deals = plan.deals.map(|_| "crm.objects.deals.read");
    SCOPES.into_iter().chain(companies).chain(deals).collect()
}

fn hash(secret: &str) -> String {
    sha256_hex(secret.as_bytes())
}

/// A request of the front's that goes on.
struct Running {
    object: usize,
    pass: Pass,
    next: Option<Next>,
    heard: Option<Heard>,
    at: u64,
}

impl World {
    /// The app for seats, and two people who may see what is theirs only.
    pub fn furnish_seats(&mut self) {
        let scopes = scopes_of(&self.plan);
        let app = |user_level: bool| {
            json!({
                "app_id": SEAT_APP, "name": "Spoke for people", "client_id": SEAT_CLIENT, "client_secret": SEAT_SECRET,
                "redirect_uris": [CALLBACK], "required_scopes": scopes, "user_level": user_level,
            })
        };
        self.control("POST", "apps", &app(true));
        let owned = ObjectRights { view: Reach::Owned, edit: Reach::Owned, ..ObjectRights::default() };
        let rights = Rights { objects: [("contacts".to_owned(), owned)].into(), ..Rights::default() };
        for (user, email) in [(GRACE, "grace@example.com"), (ALAN, "alan@example.com")] {
            let rights = json!({ PORTAL.to_string(): rights });
            self.control(
                "POST",
                "users",
                &json!({
                    "user_id": user, "email": email, "portals": [PORTAL], "super_admin": false, "rights": rights,
                }),
            );
        }
    }

    /// What a connection's object says to something about seats.
    pub fn seat(&mut self, object: usize, command: seats::Command) -> Answer {
        match self.command_to(object, Command::Seat(Box::new(command))) {
            Some(messages::Answer::Seat(answer)) => answer,
            other => panic!("nothing about seats but {other:?}"),
        }
    }

    /// The host makes a link: the seat, and the link's secret.
    pub fn invite(&mut self, object: usize, user: &str) -> (SeatId, String) {
        let return_url = "https://host.example/back?x=1".to_owned();
        match self.seat(object, seats::Command::Invite { user: user.to_owned(), return_url }) {
            Answer::Invited { seat, secret, .. } => (seat.id, secret.expose().clone()),
            other => panic!("no link but {other:?}"),
        }
    }

    /// The user leaves for HubSpot in a browser: the state that HubSpot gives back.
    pub fn leave_for_hubspot(&mut self, object: usize, link: &str, browser: &str) -> String {
        let command = seats::Command::Start { link: hash(link), browser: hash(browser) };
        match self.seat(object, command) {
            Answer::Started { state, .. } => state.expose().clone(),
            other => panic!("no state but {other:?}"),
        }
    }

    /// The callback up to what HubSpot says of the tokens.
    pub fn come_back(&mut self, object: usize, state: &str, browser: &str) -> Option<SeatId> {
        let command = seats::Command::Finish { state: hash(state), browser: hash(browser) };
        match self.seat(object, command) {
            Answer::Begun { seat, return_url, .. } => {
                assert_eq!(return_url, "https://host.example/back?x=1");
                Some(seat)
            }
            Answer::Unknown => None,
            other => panic!("neither begun nor unknown but {other:?}"),
        }
    }

    /// What the front hands to the object once HubSpot has given tokens to a person.
    pub fn authorised(&mut self, seat: &SeatId, hubspot_user: u64) -> Authorised {
        let app = self.config.seat_app().expect("there is an app for seats").clone();
        assert_eq!(app.kind, AppKind::User);
        let scopes = scopes_of(&self.plan);
        let code = self.simulator.approve(self.now, SEAT_APP, PORTAL, hubspot_user, &scopes, CALLBACK);
        let Outcome::Answered(answer) = self.send(&oauth::exchange(&app, &code, CALLBACK)) else {
            panic!("no answer to the exchange");
        };
        let tokens = oauth::parse_tokens(&answer.body).expect("the exchange succeeds");
        let Outcome::Answered(answer) = self.send(&oauth::introspect(&app, &tokens.access)) else {
            panic!("no answer to the introspection");
        };
        let told = oauth::parse_introspection(&answer.body).expect("the token is known");
        Authorised {
            seat: seat.clone(),
            app: app.key,
            portal: told.hub_id.expect("an account"),
            user: told.user_id.expect("a person"),
            user_level: told.user_level,
            access_token: tokens.access.expose().clone(),
            refresh_token: tokens.refresh.expect("an exchange brings one").expose().clone(),
            expires_in_ms: tokens.expires_in_ms,
        }
    }

    /// From the link to the code.
    pub fn authorise(&mut self, object: usize, link: &str, hubspot_user: u64) -> String {
        let state = self.leave_for_hubspot(object, link, "browser");
        let seat = self.come_back(object, &state, "browser").expect("the state is good");
        let authorised = self.authorised(&seat, hubspot_user);
        match self.seat(object, seats::Command::Authorise(Box::new(authorised))) {
            Answer::Code { code } => code.expose().clone(),
            other => panic!("no code but {other:?}"),
        }
    }

    /// The host's server redeems a code.
    pub fn redeem(&mut self, object: usize, user: &str, code: &str) -> Option<View> {
        match self.seat(object, seats::Command::Redeem { code: hash(code), user: user.to_owned() }) {
            Answer::Seat(view) => Some(*view),
            Answer::Unknown => None,
            other => panic!("neither a seat nor unknown but {other:?}"),
        }
    }

    /// An active seat of a connection, of somebody in HubSpot.
    pub fn seated(&mut self, object: usize, user: &str, hubspot_user: u64) -> SeatId {
        let (seat, link) = self.invite(object, user);
        let code = self.authorise(object, &link, hubspot_user);
        assert_eq!(self.redeem(object, user, &code).expect("the code is good").id, seat);
        // Until the limiter has heard of it.
        self.pass_ms(50);
        seat
    }

    /// How a seat stands.
    pub fn seat_view(&mut self, object: usize, seat: &SeatId) -> View {
        match self.seat(object, seats::Command::Get(seat.clone())) {
            Answer::Seat(view) => *view,
            other => panic!("no seat but {other:?}"),
        }
    }

    /// Lets requests of the front run side by side to their ends.
    pub fn run(&mut self, passes: Vec<(usize, Pass)>) -> Vec<Result<Response, Stop>> {
        let mut running: Vec<Running> = passes
            .into_iter()
            .map(|(object, pass)| {
                let next = Some(pass.begin());
                Running { object, pass, next, heard: None, at: self.now + self.rng.u64(0..20) }
            })
            .collect();
        let mut ends: Vec<Option<Result<Response, Stop>>> = running.iter().map(|_| None).collect();
        while let Some((index, at)) = (0..running.len())
            .filter(|index| ends[*index].is_none())
            .map(|index| (index, running[index].at))
            .min_by_key(|(_, at)| *at)
        {
            if at > self.now {
                self.pass_ms(at - self.now);
            }
            let one = &mut running[index];
            if let Some(heard) = one.heard.take() {
                let (next, tell) = one.pass.step(Timestamp(self.now as i64), heard);
                one.next = Some(next);
                if let Some((_, ask)) = tell {
                    self.ask_limiter(&ask);
                }
            }
            let object = running[index].object;
            let (heard, took) = match running[index].next.take().expect("there is always a next") {
                Next::Portal(command) => (Heard::Portal(self.seat(object, command)), 4),
                Next::Limiter(_, ask) => (Heard::Granted(Some(self.ask_limiter(&ask))), 4),
                Next::Send(request) => {
                    assert!(request.bearer.is_some());
                    (Heard::Sent(self.send(&request)), self.rng.u64(5..60))
                }
                Next::Sleep(ms) => (Heard::Woke, u64::from(ms)),
                Next::Done(end) => {
                    ends[index] = Some(end);
                    continue;
                }
            };
            let one = &mut running[index];
            (one.heard, one.at) = (Some(heard), self.now + took);
        }
        ends.into_iter().flatten().collect()
    }

    /// One request of the front's, to its end.
    pub fn ask_as(
        &mut self,
        object: usize,
        seat: &SeatId,
        request: spoke::values::http::Request,
    ) -> Result<Value, Stop> {
        let window = spoke::engine::limiter::messages::Window::Core;
        let pass = Pass::new(seat.clone(), Endpoint::Read, request, window, Timestamp(self.now as i64));
        let end = self.run(vec![(object, pass)]).remove(0)?;
        Ok(serde_json::from_slice(&end.body).expect("HubSpot answers JSON"))
    }

    /// What somebody who asks for a seat's tasks is to do.
    pub fn at_desk(&mut self, seat: &SeatId, which: Which, ticket: Option<u64>) -> Desk {
        self.at_desk_for(seat, &Wanted::of(which), ticket)
    }

    fn at_desk_for(&mut self, seat: &SeatId, wanted: &Wanted, ticket: Option<u64>) -> Desk {
        match self.seat(0, seats::Command::Desk { seat: seat.clone(), wanted: wanted.clone(), ticket }) {
            Answer::Desk(desk) => desk,
            other => panic!("nothing about tasks but {other:?}"),
        }
    }

    /// Reads a seat's tasks as the front does, and hands them in.
    pub fn read_tasks(&mut self, seat: &SeatId, which: Which, begin: Begin) -> Result<Value, Stop> {
        self.read_wanted(seat, Wanted::of(which), begin)
    }

    fn read_wanted(&mut self, seat: &SeatId, wanted: Wanted, begin: Begin) -> Result<Value, Stop> {
        let ticket = begin.ticket;
        let (mut reading, mut step) = Reading::begin(wanted, begin);
        let end = loop {
            match step {
                Step::Done(told) => break Ok(told),
                Step::Call(endpoint, request, window) => {
                    let now = Timestamp(self.now as i64);
                    let pass = Pass::new(seat.clone(), endpoint, request, window, now);
                    let end = self.run(vec![(0, pass)]).remove(0);
                    match reading.heard(end) {
                        Ok(next) => step = next,
                        Err(stop) => break Err(stop),
                    }
                }
            }
        };
        let told = end.as_ref().ok().map(ToString::to_string);
        match self.seat(0, seats::Command::DeskRead { seat: seat.clone(), ticket, told }) {
            Answer::Desk(Desk::Ready(text)) => end.map(|_| serde_json::from_str(&text).expect("JSON")),
            Answer::NotActive(state) => Err(Stop::NotActive(state)),
            other => panic!("neither tasks nor none but {other:?}"),
        }
    }

    /// A seat's tasks, asked for alone.
    pub fn tasks_of(&mut self, seat: &SeatId, which: Which) -> Result<Value, Stop> {
        self.tasks_wanted(seat, Wanted::of(which))
    }

    /// The same, in a queue or from a place on.
    pub fn tasks_wanted(&mut self, seat: &SeatId, wanted: Wanted) -> Result<Value, Stop> {
        match self.at_desk_for(seat, &wanted, None) {
            Desk::Read(begin) => self.read_wanted(seat, wanted, begin),
            other => panic!("somebody else reads: {other:?}"),
        }
    }

    /// HubSpot ends every access token at once.
    pub fn expire_tokens(&mut self) {
        self.control("POST", "tokens/expire", &json!({ "portal_id": PORTAL }));
    }
}
