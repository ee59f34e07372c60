//! The binary: one process, real sockets, the loopback interface only.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::support::encoded;

struct Running {
    process: Child,
    started: Value,
    address: String,
}

impl Running {
    fn start(arguments: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_hubspot-simulator"))
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let started: Value = serde_json::from_str(&line).unwrap();
        let address = format!("127.0.0.1:{}", started["port"]);
        Self { process, started, address }
    }

    fn connect(&self) -> BufReader<TcpStream> {
        BufReader::new(TcpStream::connect(&self.address).unwrap())
    }

    fn json(&self, method: &str, path: &str, headers: &str, body: &str) -> Value {
        let (_, _, body) = exchange(&mut self.connect(), method, path, headers, body).unwrap();
        serde_json::from_str(&body).unwrap_or(Value::Null)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// One exchange over an open connection: status, head, body. `None` if the connection ended without an answer.
fn exchange(
    connection: &mut BufReader<TcpStream>,
    method: &str,
    path: &str,
    headers: &str,
    body: &str,
) -> Option<(u16, String, String)> {
    let length = body.len();
    let head = format!("{method} {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n{headers}\r\n");
    connection.get_mut().write_all(format!("{head}{body}").as_bytes()).unwrap();
    let (head, body) = message(connection)?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, head, body))
}

/// Head and body of the next message.
fn message(connection: &mut BufReader<TcpStream>) -> Option<(String, String)> {
    let mut head = String::new();
    loop {
        let before = head.len();
        if connection.read_line(&mut head).ok()? == 0 {
            return None;
        }
        if head[before..].trim().is_empty() {
            break;
        }
    }
    let length = header(&head, "content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    connection.read_exact(&mut body).ok()?;
    Some((head, String::from_utf8(body).unwrap()))
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let pairs = head.lines().filter_map(|line| line.split_once(':'));
    pairs.filter(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).next()
}

#[test]
fn it_serves_on_one_connection_and_ends_it_where_a_fault_says_so() {
    let running = Running::start(&["--contacts", "30"]);
    let token = running.json("POST", "/__control/private-tokens", "", "");
    let bearer = format!("authorization: Bearer {}\r\n", token["token"].as_str().unwrap());
    let mut connection = running.connect();
    for _ in 0..3 {
        let list = "/crm/objects/2026-09/contacts?limit=10";
        let (status, head, body) = exchange(&mut connection, "GET", list, &bearer, "").unwrap();
        assert_eq!((status, header(&head, "x-hubspot-ratelimit-max")), (200, Some("100")));
        let page: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(page["results"].as_array().unwrap().len(), 10);
    }
    let rule = json!({"fault": {"kind": "no_answer"}, "times": 1}).to_string();
    running.json("POST", "/__control/faults", "", &rule);
    let details = "/account-info/2026-09/details";
    assert!(exchange(&mut connection, "GET", details, &bearer, "").is_none());
    assert_eq!(exchange(&mut running.connect(), "GET", details, &bearer, "").unwrap().0, 200);
}

#[test]
fn a_dump_pages_through_every_contact() {
    let running = Running::start(&["--contacts", "250"]);
    let (mut from, mut count) = ("0".to_owned(), 0);
    loop {
        let path = format!("/__control/contacts/dump?limit=100&from={from}");
        let (_, head, body) = exchange(&mut running.connect(), "GET", &path, "", "").unwrap();
        for line in body.lines() {
            let record: Value = serde_json::from_str(line).unwrap();
            assert!(record["properties"].as_object().unwrap().values().all(Value::is_string));
            count += 1;
        }
        match header(&head, "x-next-from") {
            Some(next) => next.clone_into(&mut from),
            None => break,
        }
    }
    assert_eq!(count, running.json("GET", "/__control/contacts/count", "", "")["live"].as_u64().unwrap());
}

#[test]
fn an_edit_reaches_the_apps_webhook_target() {
    let target = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", target.local_addr().unwrap());
    let back = "http://localhost/back";
    let running = Running::start(&["--contacts", "5", "--webhook-url", &url, "--redirect-uri", back]);
    let scope = "oauth crm.objects.contacts.read";
    let client_id = running.started["client_id"].as_str().unwrap();
    let query = encoded(&[("client_id", client_id), ("redirect_uri", back), ("scope", scope)]);
    let form = "content-type: application/x-www-form-urlencoded\r\n";
    let login = encoded(&[("email", "admin@example.com"), ("password", "hubspot"), ("next", "/")]);
    let (_, head, _) = exchange(&mut running.connect(), "POST", "/login", form, &login).unwrap();
    let cookie = format!("cookie: {}\r\n", header(&head, "set-cookie").unwrap());
    let page = format!("/oauth/{}/authorize?{query}", running.started["portal_id"]);
    let (_, _, html) = exchange(&mut running.connect(), "GET", &page, &cookie, "").unwrap();
    let csrf = html.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let approve = encoded(&[("csrf", &csrf), ("decision", "approve")]);
    let both = format!("{form}{cookie}");
    let (_, head, _) = exchange(&mut running.connect(), "POST", &page, &both, &approve).unwrap();
    let code = header(&head, "location").unwrap().split("code=").nth(1).unwrap();
    let secret = running.started["client_secret"].as_str().unwrap();
    let exchanged = encoded(&[
        ("grant_type", "authorization_code"),
        ("client_id", client_id),
        ("client_secret", secret),
        ("redirect_uri", back),
        ("code", code),
    ]);
    let token = running.json("POST", "/oauth/2026-09/token", form, &exchanged);
    assert!(token["access_token"].is_string(), "{token}");
    let new = json!({"properties": {"email": "new@example.com"}}).to_string();
    let created = running.json("POST", "/__control/contacts/create", "", &new);
    let (stream, _) = target.accept().unwrap();
    let mut stream = BufReader::new(stream);
    let (head, body) = message(&mut stream).unwrap();
    stream.get_mut().write_all(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
    let timestamp = header(&head, "x-hubspot-request-timestamp").unwrap().parse().unwrap();
    let signature = hubspot_simulator::signature::v3(secret, "POST", &url, body.as_bytes(), timestamp);
    assert_eq!(header(&head, "x-hubspot-signature-v3"), Some(signature.as_str()));
    let events: Vec<Value> = serde_json::from_str(&body).unwrap();
    assert_eq!(events[0]["subscriptionType"], "contact.creation");
    assert_eq!(events[0]["objectId"].to_string(), created["id"].as_str().unwrap());
}

#[test]
fn people_edit_contacts_on_its_page() {
    let running = Running::start(&["--contacts", "3"]);
    let form = "content-type: application/x-www-form-urlencoded\r\n";
    let values = encoded(&[("firstname", "Zoë"), ("email", "zoe@example.com")]);
    let create = "/__control/pages/create";
    let (status, head, _) = exchange(&mut running.connect(), "POST", create, form, &values).unwrap();
    assert_eq!(status, 303);
    let location = header(&head, "location").unwrap().to_owned();
    let id = location.split("from=").nth(1).unwrap();
    let (_, _, html) = exchange(&mut running.connect(), "GET", &location, "", "").unwrap();
    assert!(html.contains("zoe@example.com"), "{html}");
    let values = encoded(&[("id", id), ("email", "not an address")]);
    let (status, _, html) =
        exchange(&mut running.connect(), "POST", "/__control/pages/edit", form, &values).unwrap();
    assert!(status == 400 && html.contains("role=\"alert\""), "{html}");
    exchange(&mut running.connect(), "POST", "/__control/pages/archive", form, &encoded(&[("id", id)]));
    let page = format!("/__control/pages/contact?id={id}");
    let (_, _, html) = exchange(&mut running.connect(), "GET", &page, "", "").unwrap();
    assert!(html.contains("This contact is archived"), "{html}");
}

#[cfg(unix)]
#[test]
fn it_ends_well_when_asked_to() {
    let mut running = Running::start(&["--contacts", "1"]);
    let mut connection = running.connect();
    exchange(&mut connection, "GET", "/__control/health", "", "").unwrap();
    let asked = Command::new("kill").args(["-TERM", &running.process.id().to_string()]).status().unwrap();
    assert!(asked.success() && running.process.wait().unwrap().success());
}

#[test]
fn a_port_in_use_is_said_so() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let ended =
        Command::new(env!("CARGO_BIN_EXE_hubspot-simulator")).args(["--port", &port]).output().unwrap();
    assert!(!ended.status.success());
    assert!(String::from_utf8_lossy(&ended.stderr).contains("choose another --port"));
}
