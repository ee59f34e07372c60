//! What requests must look like: bodies, queries, and the one header that says who asks.

use std::{borrow::Cow, collections::BTreeSet};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error as _},
};
use serde_json::{Map, Value};

use crate::{
    api::cursor,
    engine::{
        directory::messages::{Jurisdiction, Permission, Permissions, Person, Role},
        portal::selection::{NAMES_LIMIT, Selection},
    },
    values::{
        config,
        ids::ObjectType,
        problem::{Kind, Problem},
        receiver,
        time::Timestamp,
    },
};

/// Largest body of the API and of forms: names and addresses only.
pub const BODY_LIMIT: usize = 64 << 10;
/// Longest name, in characters.
pub const NAME_CHARS: usize = 200;
/// Longest URL to go back to.
pub const URL_BYTES: usize = 2_000;
/// Longest e-mail address or domain looked up (RFC 5321 4.5.3.1 allows 254 and 255 bytes; HubSpot keeps what people type).
pub const LOOKUP_CHARS: usize = 320;
/// Deepest nesting of a body: three times what a channel's filter may nest, and far from where a parser that calls itself ends.
pub const NESTING: usize = 64;
/// Size of a page where none is asked for.
pub const DEFAULT_LIMIT: u32 = 100;

fn invalid(detail: impl Into<String>) -> Problem {
    Problem::new(Kind::InvalidRequest, detail)
}

/// The token of `Authorization: Bearer …` (RFC 6750 2.1).
pub fn bearer(authorization: Option<&str>) -> Option<&str> {
    let (scheme, token) = authorization?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// A JSON body. Fields that are not known are refused, so that a misspelt one is not silently without effect.
pub fn body<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    if nests_deeper(bytes, NESTING) {
        return Err(invalid(format!("The body may nest objects and lists {NESTING} deep.")));
    }
    // A list would be taken for the members of an object in their order.
    if bytes.trim_ascii_start().first() == Some(&b'[') {
        return Err(invalid("The body is an object: `{…}`, not a list."));
    }
    serde_json::from_slice(bytes)
        .map_err(|error| invalid(format!("The body is not what this takes: {error}.")))
}

/// The body of what takes none: absent, or an empty object.
pub fn nothing(bytes: &[u8]) -> Result<(), Problem> {
    if bytes.trim_ascii().is_empty() || body::<Map<String, Value>>(bytes)?.is_empty() {
        Ok(())
    } else {
        Err(invalid("This takes no body."))
    }
}

/// An object within a body; a list would be taken for its members in their order.
pub fn object<'de, D: Deserializer<'de>, T: DeserializeOwned>(from: D) -> Result<T, D::Error> {
    let entries = Map::<String, Value>::deserialize(from)?;
    T::deserialize(Value::Object(entries)).map_err(D::Error::custom)
}

/// Whether objects and lists nest deeper than `most`; of what is no JSON either answer will do.
fn nests_deeper(json: &[u8], most: usize) -> bool {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for byte in json {
        match (quoted, *byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => quoted = !quoted,
            (false, b'{' | b'[') => depth += 1,
            (false, b'}' | b']') => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > most {
            return true;
        }
    }
    false
}

/// A name that people give to something: trimmed, not empty, not too long, no control characters.
pub fn name(field: &str, text: &str) -> Result<String, Problem> {
    let length = text.chars().count();
    let text = text.trim();
    if text.is_empty() || length > NAME_CHARS || text.chars().any(char::is_control) {
        return Err(invalid(format!("`{field}` must be 1 to {NAME_CHARS} characters on one line.")));
    }
    Ok(text.to_owned())
}

/// A jurisdiction; absent: none.
pub fn jurisdiction(text: Option<&str>) -> Result<Option<Jurisdiction>, Problem> {
    match text {
        None => Ok(None),
        Some(text) => Jurisdiction::parse(text)
            .map(Some)
            .ok_or_else(|| invalid("`jurisdiction` must be `eu` or absent. It cannot be changed later.")),
    }
}

/// `POST /v1/workspaces`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateWorkspace {
    /// For people.
    pub name: String,
    /// Where its data is kept: `eu`, or anywhere.
    pub jurisdiction: Option<String>,
}

/// `POST /v1/workspaces/{w}/keys`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateKey {
    /// For people.
    pub name: String,
    /// RFC 3339; absent: no end.
    pub expires_at: Option<String>,
    /// What it may do; absent: whatever may be given.
    pub permissions: Option<Vec<Permission>>,
}

impl CreateKey {
    /// What it may do: nothing that whoever makes it may not.
    pub fn permissions(&self, own: &Permissions) -> Result<Permissions, Problem> {
        let Some(wanted) = &self.permissions else { return Ok(own.clone()) };
        let wanted = Permissions::of(wanted);
        if wanted.names().is_empty() {
            return Err(invalid("`permissions` must name one at least: `read`, `write`, `admin`."));
        }
        match own.lack(&wanted) {
            None => Ok(wanted),
            Some(missing) => Err(Problem::new(
                Kind::Forbidden,
                format!(
                    "Your key lacks the permission `{}`, so it cannot give it to another.",
                    missing.as_str()
                ),
            )),
        }
    }

    /// Its end as a moment, which must lie ahead.
    pub fn end(&self, now: Timestamp) -> Result<Option<Timestamp>, Problem> {
        let Some(text) = &self.expires_at else { return Ok(None) };
        match Timestamp::parse_rfc3339(text) {
            Some(end) if end > now => Ok(Some(end)),
            Some(_) => Err(Problem::new(Kind::Conflict, "`expires_at` lies in the past.")),
            None => Err(invalid("`expires_at` must be a moment like `2027-01-31T00:00:00Z` (RFC 3339).")),
        }
    }
}

/// `POST /v1/workspaces/{w}/sessions`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateSession {
    /// Name or e-mail address of the person, as the host knows them.
    pub user: String,
    /// `administrator` or `viewer`.
    pub role: String,
    /// Where **Back** leads.
    pub return_url: Option<String>,
}

impl CreateSession {
    /// The person, checked. `own`: the deployment's address.
    pub fn person(self, own: &str) -> Result<Person, Problem> {
        let user = name("user", &self.user)?;
        let role =
            Role::parse(&self.role).ok_or_else(|| invalid("`role` must be `administrator` or `viewer`."))?;
        let return_url = self.return_url;
        if let Some(url) = &return_url {
            self::return_url(url, own)?;
        }
        Ok(Person { user, role, return_url })
    }
}

/// A number of at most a million, in a body. JSON Schema calls 90.0 an integer too, and some languages write it so.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "f64")]
pub struct Whole(pub u32);

impl TryFrom<f64> for Whole {
    type Error = &'static str;

    fn try_from(number: f64) -> Result<Self, Self::Error> {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "whole and within bounds"
        )]
        let whole = (number.fract() == 0.0 && (0.0..=1e6).contains(&number)).then_some(number as u32);
        whole.map(Self).ok_or("not a whole number of at most a million")
    }
}

/// Where a person goes on to: not to the deployment at `own` itself, which would take it for one of its own addresses.
pub fn return_url(url: &str, own: &str) -> Result<String, Problem> {
    let plain = url.len() <= URL_BYTES && url.bytes().all(|byte| byte.is_ascii_graphic());
    if !plain || !(url.starts_with("https://") || config::is_loopback(url)) {
        return Err(invalid("`return_url` must begin with `https://` and hold no spaces."));
    }
    if !config::is_loopback(own) && receiver::is_own(url, own) {
        return Err(invalid("`return_url` is this deployment's own address; name a page of your product."));
    }
    Ok(url.to_owned())
}

/// `PUT /v1/connections/{c}/fields/{type}/selection`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PutSelection {
    fields: Fields,
    #[serde(default)]
    keep_fresh: BTreeSet<String>,
}

/// `"all"`, or names.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Fields {
    Named(BTreeSet<String>),
    Word(String),
}

impl PutSelection {
    /// The selection, of names that may be names.
    pub fn selection(self) -> Result<Selection, Problem> {
        let fields = match self.fields {
            Fields::Word(word) if word == "all" => None,
            Fields::Word(_) => return Err(invalid("`fields` must be `\"all\"` or a list of field names.")),
            Fields::Named(names) => Some(names),
        };
        if fields.iter().flatten().count().max(self.keep_fresh.len()) > NAMES_LIMIT {
            return Err(invalid(format!("`fields` and `keep_fresh` may hold {NAMES_LIMIT} names each.")));
        }
        Ok(Selection { fields, kept_fresh: self.keep_fresh })
    }
}

/// The query of a request, decoded; refuses parameters that the route does not take, and one given twice.
pub struct Query<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Query<'a> {
    /// Reads the part after `?`.
    pub fn parse(query: &'a str, taken: &[&str]) -> Result<Self, Problem> {
        let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
        for (index, (name, _)) in pairs.iter().enumerate() {
            if !taken.contains(&name.as_ref()) {
                let known = taken.join("`, `");
                return Err(invalid(if known.is_empty() {
                    "This takes no query parameters.".to_owned()
                } else {
                    format!("This takes the query parameters `{known}` and no others.")
                }));
            }
            if pairs[index].1.is_empty() {
                return Err(invalid(format!("`{name}` is given without a value.")));
            }
            if pairs[..index].iter().any(|(earlier, _)| earlier == name) {
                return Err(invalid(format!("`{name}` is given twice.")));
            }
        }
        Ok(Self(pairs))
    }

    /// One parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_ref())
    }

    /// `limit`, from 1 to `most`; 100 (or `most`) where absent.
    pub fn limit(&self, most: u32) -> Result<u32, Problem> {
        let Some(text) = self.get("limit") else { return Ok(DEFAULT_LIMIT.min(most)) };
        text.parse()
            .ok()
            .filter(|limit| (1..=most).contains(limit))
            .ok_or_else(|| invalid(format!("`limit` must be a whole number from 1 to {most}.")))
    }

    /// `cursor` into a list that goes by our own numbers; none where absent.
    pub fn row(&self, of: cursor::Of) -> Result<Option<i64>, Problem> {
        self.get("cursor").map(|text| cursor::row(of, text)).transpose()
    }

    /// `data`: whether what was read is to be deleted; kept where absent.
    pub fn deletes_data(&self) -> Result<bool, Problem> {
        match self.get("data") {
            None | Some("keep") => Ok(false),
            Some("delete") => Ok(true),
            Some(_) => Err(invalid("`data` must be `keep` or `delete`.")),
        }
    }

    /// `after`, a sequence number; 0 where absent.
    pub fn after(&self) -> Result<u64, Problem> {
        let Some(text) = self.get("after") else { return Ok(0) };
        text.parse::<i64>()
            .ok()
            .and_then(|number| u64::try_from(number).ok())
            .ok_or_else(|| invalid("`after` must be a sequence number: `next` of the last answer, or 0."))
    }

    /// `types`, comma separated; none: all.
    pub fn types(&self) -> Result<Vec<ObjectType>, Problem> {
        let Some(text) = self.get("types") else { return Ok(Vec::new()) };
        text.split(',')
            .map(|name| {
                name.parse().map_err(|_| {
                    invalid(
                        "`types` may name `contacts`, `companies`, `deals`, `tasks`, `calls`, `notes` and custom objects by their number (`2-…`), comma separated.",
                    )
                })
            })
            .collect()
    }

    /// The parameter by which records of this type are looked up: `email`, `domain`.
    pub fn key(&self, kind: ObjectType) -> Result<Option<String>, Problem> {
        let Some(name) = kind.key_property() else { return Ok(None) };
        match self.get(name) {
            Some(key) if key.chars().count() > LOOKUP_CHARS => {
                Err(invalid(format!("`{name}` may have {LOOKUP_CHARS} characters at most.")))
            }
            key => Ok(key.map(str::to_owned)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bearer_token_is_read_in_any_case_of_its_scheme() {
        assert_eq!(bearer(Some("bearer  key_1 ")), Some("key_1"));
        for wrong in [None, Some(""), Some("Bearer"), Some("Bearer "), Some("Basic key_1")] {
            assert_eq!(bearer(wrong), None);
        }
    }

    #[test]
    fn unknown_fields_and_wrong_types_are_refused_with_the_reason() {
        let body = |text: &str| body::<CreateWorkspace>(text.as_bytes());
        assert_eq!(body(r#"{"name":"Acme"}"#).unwrap().name, "Acme");
        assert!(body(r#"{"name":"Acme","jursidiction":"eu"}"#).unwrap_err().detail.contains("jursidiction"));
        assert!(body(r#"{"name":1}"#).is_err() && body("").is_err() && body("[]").is_err());
        assert!(body(r#" ["Acme", null]"#).is_err(), "a list is no object");
    }

    #[test]
    fn names_are_trimmed_and_bounded() {
        assert_eq!(name("name", "  Ümlaut & Söhne ").unwrap(), "Ümlaut & Söhne");
        assert_eq!(name("name", &"é".repeat(200)).unwrap().chars().count(), 200);
        for wrong in ["", "   ", "a\nb", &"x".repeat(201)] {
            assert!(name("name", wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_return_url_is_a_web_address_or_refused() {
        let with = |url: &str| {
            let (user, role) = ("ada".to_owned(), "administrator".to_owned());
            CreateSession { user, role, return_url: Some(url.to_owned()) }.person("https://spoke.example.com")
        };
        assert!(with("https://app.example.com/settings?x=1").is_ok());
        for wrong in [
            "",
            "https://spoke.example.com/v1",
            "javascript:alert(1)",
            "//example.com",
            "/local",
            "https://a b",
            "data:text/html,x",
        ] {
            assert!(with(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn queries_take_their_own_parameters_once() {
        let query = |text| Query::parse(text, &["limit", "after", "types", "email"]);
        assert_eq!(query("limit=7").unwrap().limit(250), Ok(7));
        assert_eq!(query("").unwrap().limit(50), Ok(50));
        assert_eq!(
            query("email=a%2Bb%40c.de").unwrap().key(ObjectType::Contacts).unwrap().as_deref(),
            Some("a+b@c.de")
        );
        assert_eq!(query("email=a").unwrap().key(ObjectType::Deals), Ok(None));
        assert_eq!(query("types=contacts").unwrap().types(), Ok(vec![ObjectType::Contacts]));
        assert_eq!(query("after=9007199254740993").unwrap().after(), Ok(9_007_199_254_740_993));
        for wrong in ["limit=0", "limit=251", "limit=x"] {
            assert!(query(wrong).unwrap().limit(250).is_err(), "{wrong}");
        }
        for wrong in ["after=-1", "after=1e3", "after=99999999999999999999"] {
            assert!(query(wrong).unwrap().after().is_err(), "{wrong}");
        }
        assert_eq!(query("types=deals,companies").unwrap().types().unwrap().len(), 2);
        assert!(query("types=tickets").unwrap().types().is_err());
        assert!(query("limit=").is_err() && query("limit").is_err());
        assert!(query("lmit=1").is_err() && query("limit=1&limit=2").is_err());
    }

    #[test]
    fn a_selection_is_all_or_names() {
        let parse = |text: &str| body::<PutSelection>(text.as_bytes()).and_then(PutSelection::selection);
        assert_eq!(parse(r#"{"fields":"all"}"#), Ok(Selection::default()));
        let named = parse(r#"{"fields":["phone","email"],"keep_fresh":["phone"]}"#).unwrap();
        assert_eq!((named.fields.unwrap().len(), named.kept_fresh.len()), (2, 1));
        let many: Vec<String> = (0..=NAMES_LIMIT).map(|number| number.to_string()).collect();
        let many = serde_json::json!({ "fields": many }).to_string();
        for wrong in [r#"{"fields":"some"}"#, r#"{"fields":[1]}"#, "{}", r#"{"fields":null}"#, &many] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn bodies_nest_no_deeper_than_they_may() {
        let nested = |depth: usize| format!("{{\"x\":{}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
        let refused = |text: &str| body::<serde_json::Value>(text.as_bytes()).unwrap_err().detail;
        assert!(body::<serde_json::Value>(nested(NESTING).as_bytes()).is_ok());
        assert!(refused(&nested(NESTING + 1)).contains("64 deep"));
        assert!(refused(&"[".repeat(BODY_LIMIT)).contains("64 deep"), "also where nothing is closed");
        let quoted = format!("{{\"x\":\"{}\\\"{}\"}}", "[".repeat(200), "{".repeat(200));
        assert!(body::<serde_json::Value>(quoted.as_bytes()).is_ok(), "what is in a text does not count");
    }

    #[test]
    fn a_key_gives_no_more_than_it_has() {
        let wants = |permissions: Option<&[Permission]>| CreateKey {
            name: String::new(),
            expires_at: None,
            permissions: permissions.map(<[_]>::to_vec),
        };
        let own = Permissions::of(&[Permission::Admin, Permission::Read]);
        assert_eq!(wants(None).permissions(&own), Ok(own.clone()));
        let reads = wants(Some(&[Permission::Read, Permission::Read])).permissions(&own).unwrap();
        assert_eq!(reads.names(), ["read"]);
        let refused = wants(Some(&[Permission::Write])).permissions(&own).unwrap_err();
        assert!(refused.status() == 403 && refused.detail.contains("`write`"), "{}", refused.detail);
        assert_eq!(wants(Some(&[])).permissions(&own).unwrap_err().status(), 400);
    }

    #[test]
    fn a_key_cannot_end_in_the_past() {
        let end = |text: &str| {
            CreateKey { name: String::new(), expires_at: Some(text.to_owned()), permissions: None }
                .end(Timestamp(1_000))
        };
        assert_eq!(end("1970-01-01T00:00:02Z"), Ok(Some(Timestamp(2_000))));
        assert!(end("1970-01-01T00:00:01Z").is_err() && end("tomorrow").is_err());
    }
}
