//! Exchanges held against HubSpot's own OpenAPI files, where these lie beside the project (they are not ours to copy).
//!
//! Behind the feature `specification`, for tests only. [`Specification::check`] takes what went over the wire and
//! knows nothing of the simulator, so Spoke's requests can be held to the same files.
//!
//! The files are made by HubSpot's build, not by hand, and are wrong or silent in places. What is tolerated:
//!
//! | spot | the files say | in practice |
//! |---|---|---|
//! | ids and epoch times (`portalId`, `userId`) | `int32` | larger: the format is not checked (`hubspot-api.md` §1.3) |
//! | `nullable` | OpenAPI's own word | turned into JSON Schema's `null` type |
//! | `PublicObjectSearchRequest.sorts` | texts | objects with `propertyName` and `direction` (§4.6) |
//! | `Error`, `StandardError` | `category`, `correlationId`, `links` … required | every member is optional (§3.5) |
//! | `Error` | no `status`, no members of a 429 | `status`, and `errorType`, `policyName`, `groupName`, `requestId` (§3.3) |
//! | `StandardError.subCategory` | an object | a text (§3.5) |
//! | `SimplePublicUpsertObject.properties` | values never null | as in every other record, null where unset |
//! | `AssociationSpecWithLabel.label` | never null | null for the unlabelled one, as in the guide's samples |
//! | batch calls | no 207 | the 200's or 201's shape with `errors` and `numErrors` (§4.3) |
//! | `POST /oauth/…/token` | no success; `Error` for refusals | §2.2; RFC 6749's members plus HubSpot's (§2.5) |
//! | `PortalInformationResponse` | no `portalName` | seen in later builds (§10.1) |
//! | introspection | only `active` | everything of §2.3 |
//! | errors that are no JSON | not mentioned | HTML pages of the edge: not checked |

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use jsonschema::Validator;
use serde_json::{Map, Value, json};

/// The files of everything modelled.
const FILES: [&str; 20] = [
    "contacts.json",
    "companies.json",
    "deals.json",
    "properties.json",
    "owners.json",
    "pipelines.json",
    "associations.json",
    "associations-schema.json",
    "lists.json",
    "account-info.json",
    "oauth.json",
    "app-uninstalls.json",
    "tasks.json",
    "calls.json",
    "notes.json",
    "imports.json",
    "event-send.json",
    "event-definitions.json",
    "timeline-2026-03.json",
    // Of custom objects; after those of one type.
    "objects.json",
];

/// The object type that a file of [`FILES`] is about, where its templates say `{objectType}` and mean this one.
fn type_of(index: usize) -> Option<&'static str> {
    let stem = FILES.get(index)?.strip_suffix(".json")?;
    ["contacts", "companies", "deals", "tasks", "calls", "notes"].into_iter().find(|own| *own == stem)
}

/// One request and its answer. Absent bodies are [`Value::Null`]; a form, of several parts or not, is an object of texts.
#[derive(Debug, Clone, Copy)]
pub struct Exchange<'a> {
    /// Upper case.
    pub method: &'a str,
    /// With its query, if any.
    pub path: &'a str,
    pub request: &'a Value,
    pub status: u16,
    pub response: &'a Value,
}

/// HubSpot's files, read and prepared.
pub struct Specification {
    files: Vec<Value>,
    validators: RefCell<BTreeMap<(usize, String), Validator>>,
}

impl Specification {
    /// Reads the files of a folder; `None` where it is absent.
    pub fn open(folder: &Path) -> Option<Self> {
        let read = |name: &&str| serde_json::from_slice(&fs::read(folder.join(name)).ok()?).ok();
        let mut files: Vec<Value> = FILES.iter().map(read).collect::<Option<_>>()?;
        for file in &mut files {
            adapt(file);
        }
        Some(Self { files, validators: RefCell::default() })
    }

    /// The methods and path templates described, for a test that wants to meet each.
    pub fn operations(&self) -> Vec<(String, String)> {
        let mut all = Vec::new();
        for (index, file) in self.files.iter().enumerate() {
            for (path, item) in file["paths"].as_object().into_iter().flatten() {
                let path = type_of(index).map_or(path.clone(), |own| path.replace("{objectType}", own));
                all.extend(
                    item.as_object().into_iter().flatten().map(|(m, _)| (m.to_uppercase(), path.clone())),
                );
            }
        }
        all
    }

    /// Says what of the exchange is not as described: path, query, body, status, answer.
    pub fn check(&self, exchange: &Exchange<'_>) -> Result<(), String> {
        let (path, query) = exchange.path.split_once('?').unwrap_or((exchange.path, ""));
        let (index, operation) = self
            .operation(exchange.method, path)
            .ok_or_else(|| format!("`{} {path}` is not described", exchange.method))?;
        let at = format!("{} {path}", exchange.method);
        check_query(operation, query).map_err(|error| format!("{at}: {error}"))?;
        // A refused request may be wrong: that is why it was refused.
        if (200..300).contains(&exchange.status) {
            self.check_request(index, operation, exchange.request)
                .map_err(|error| format!("{at}: request: {error}"))?;
        }
        self.check_response(index, operation, exchange)
            .map_err(|error| format!("{at}: answer {}: {error}", exchange.status))
    }

    /// The operation whose template fits with the fewest placeholders.
    fn operation(&self, method: &str, path: &str) -> Option<(usize, &Value)> {
        let parts: Vec<&str> = path.split('/').collect();
        let fits = |index: usize, template: &str| {
            let own: Vec<&str> = template.split('/').collect();
            let fit = |own: &str, part: &str| match type_of(index) {
                Some(kind) if own == "{objectType}" => part == kind,
                _ => own == part || own.starts_with('{'),
            };
            own.len() == parts.len() && own.iter().zip(&parts).all(|(own, part)| fit(own, part))
        };
        self.files
            .iter()
            .enumerate()
            .flat_map(|(index, file)| {
                file["paths"].as_object().into_iter().flatten().map(move |p| (index, p))
            })
            .filter(|(index, (template, _))| fits(*index, template))
            .min_by_key(|(_, (template, _))| template.matches('{').count())
            .and_then(|(index, (_, item))| Some((index, item.get(method.to_lowercase())?)))
    }

    fn check_request(&self, index: usize, operation: &Value, body: &Value) -> Result<(), String> {
        let Some(described) = operation["requestBody"]["content"].as_object() else {
            return if body.is_null() { Ok(()) } else { Err("a body where none is described".into()) };
        };
        if body.is_null() {
            let required = operation["requestBody"]["required"] == true;
            return if required { Err("no body".into()) } else { Ok(()) };
        }
        let content = described.values().next().unwrap_or(&Value::Null);
        self.validate(index, &content["schema"], body)
    }

    fn check_response(&self, index: usize, operation: &Value, exchange: &Exchange<'_>) -> Result<(), String> {
        let body = exchange.response;
        let responses = &operation["responses"];
        let is_token = operation["operationId"]
            .as_str()
            .is_some_and(|id| id.starts_with("post-/oauth/") && !id.contains("introspect"));
        if is_token {
            return check_token_answer(exchange.status, body);
        }
        let success = (200..300).contains(&exchange.status);
        if !success {
            return if body.is_null() || body.is_string() {
                Ok(())
            } else {
                self.validate(index, &json!({"$ref": "#/components/schemas/Error"}), body)
            };
        }
        let status =
            if exchange.status == 207 { described_success(responses) } else { exchange.status.to_string() };
        let response = responses.get(&status).ok_or_else(|| format!("status {status} is not described"))?;
        match response["content"]["application/json"].get("schema") {
            Some(schema) => self.validate(index, schema, body),
            None if body.is_null() => Ok(()),
            None => Err("a body where none is described".into()),
        }
    }

    fn validate(&self, index: usize, schema: &Value, body: &Value) -> Result<(), String> {
        let key = (index, schema.to_string());
        let mut validators = self.validators.borrow_mut();
        if !validators.contains_key(&key) {
            let mut root = schema.clone();
            root["components"] = self.files[index]["components"].clone();
            let built = jsonschema::options().should_validate_formats(true).build(&root);
            validators.insert(key.clone(), built.map_err(|error| error.to_string())?);
        }
        let errors: Vec<String> = validators[&key]
            .iter_errors(body)
            .map(|error| format!("{} at `{}`", error, error.instance_path()))
            .collect();
        if errors.is_empty() { Ok(()) } else { Err(errors.join("; ")) }
    }
}

fn check_query(operation: &Value, query: &str) -> Result<(), String> {
    let parameters = operation["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
    for (name, _) in form_urlencoded::parse(query.as_bytes()) {
        let known = parameters.iter().any(|own| own["name"] == *name && own["in"] == "query");
        if !known {
            return Err(format!("`{name}` is no query parameter"));
        }
    }
    Ok(())
}

fn described_success(responses: &Value) -> String {
    let first = responses.as_object().into_iter().flatten().find(|(status, _)| status.starts_with('2'));
    first.map(|(status, _)| status.clone()).unwrap_or_default()
}

/// What the file does not describe and `hubspot-api.md` §2.2 and §2.5 do.
fn check_token_answer(status: u16, body: &Value) -> Result<(), String> {
    let wanted: &[&str] = match status {
        // Revoking answers nothing.
        200 if body.is_null() => &[],
        200 => &["token_type", "access_token", "refresh_token"],
        _ if body.is_object() && body.get("error").is_some() => {
            &["error", "error_description", "status", "message"]
        }
        _ => &[],
    };
    match wanted.iter().find(|name| !body[**name].is_string()) {
        Some(name) => Err(format!("no `{name}`")),
        None => Ok(()),
    }
}

/// Turns OpenAPI 3.0's dialect into JSON Schema, closes objects against members nobody described, and applies the
/// tolerated spots. Each of those must still be wrong, so that a corrected file is noticed.
fn adapt(file: &mut Value) {
    adapt_schema(file);
    let Some(schemas) = file["components"]["schemas"].as_object_mut() else { return };
    for (name, schema) in schemas.iter_mut() {
        let described = schema["properties"].as_object().is_some_and(|own| !own.is_empty());
        if described && name != "TokenInfoResponseBaseIF" {
            schema["additionalProperties"] = false.into();
        }
    }
    if let Some(error) = schemas.get_mut("Error") {
        error["required"] = json!(["message"]);
        add_texts(error, &["status", "errorType", "policyName", "groupName", "requestId"]);
    }
    if let Some(error) = schemas.get_mut("StandardError") {
        assert_eq!(error["properties"]["subCategory"]["type"], "object", "the file was corrected");
        error["required"] = json!(["message"]);
        add_texts(error, &["subCategory"]);
    }
    if let Some(search) = schemas.get_mut("PublicObjectSearchRequest") {
        let items = &mut search["properties"]["sorts"]["items"];
        assert_eq!(items["type"], "string", "the file was corrected");
        *items = json!({
            "type": "object",
            "required": ["propertyName", "direction"],
            "properties": {"propertyName": {"type": "string"}, "direction": {"enum": ["ASCENDING", "DESCENDING"]}},
        });
    }
    if let Some(record) = schemas.get_mut("SimplePublicUpsertObject") {
        let values = &mut record["properties"]["properties"]["additionalProperties"]["type"];
        assert_eq!(values, "string", "the file was corrected");
        *values = json!(["string", "null"]);
    }
    if let Some(own) = schemas.get_mut("AssociationSpecWithLabel") {
        assert_eq!(own["properties"]["label"]["type"], "string", "the file was corrected");
        own["properties"]["label"]["type"] = json!(["string", "null"]);
    }
    if let Some(account) = schemas.get_mut("PortalInformationResponse") {
        add_texts(account, &["portalName"]);
    }
}

fn add_texts(schema: &mut Value, names: &[&str]) {
    for name in names {
        schema["properties"][*name] = json!({"type": "string"});
    }
}

fn adapt_schema(value: &mut Value) {
    match value {
        Value::Object(map) => {
            if map.remove("nullable") == Some(Value::Bool(true))
                && let Some(kind) = map.get("type").cloned()
            {
                map.insert("type".into(), json!([kind, "null"]));
            }
            drop_format(map);
            map.values_mut().for_each(adapt_schema);
        }
        Value::Array(items) => items.iter_mut().for_each(adapt_schema),
        _ => {}
    }
}

/// `int32` is wrong for ids and epoch times; the others that are not JSON Schema's own say nothing either.
fn drop_format(map: &mut Map<String, Value>) {
    let kept = ["date-time", "uuid"];
    if map.get("format").and_then(Value::as_str).is_some_and(|format| !kept.contains(&format)) {
        map.remove("format");
    }
}
