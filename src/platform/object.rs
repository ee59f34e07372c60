//! How one object is asked by another or by the front: a command as the JSON body of a request, an answer as JSON.

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::{Serialize, de::DeserializeOwned};
use worker::{Headers, Method, ObjectNamespace, Request, RequestInit, Response, Stub, wasm_bindgen::JsValue};

use crate::{engine::actor::Actor, values::json};

/// Why an object gave no answer. None of these is the caller's fault.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// The object could not be reached, was overloaded or threw; the runtime's words.
    #[error("object: {0}")]
    Unreachable(String),
    /// It answered with another status than 200: a fault of ours, logged where it happened.
    #[error("object answered {0}")]
    Failed(u16),
    /// The answer is not what the command promises: two builds of one Worker side by side.
    #[error("object's answer is not understood")]
    NotUnderstood,
}

impl From<worker::Error> for ObjectError {
    fn from(error: worker::Error) -> Self {
        Self::Unreachable(error.to_string())
    }
}

/// Names who asks, as percent-encoded JSON: their names have all letters there are. Without it Spoke itself asks, as builds before
/// this header do.
const ACTOR: &str = "x-actor";

/// Sends `command` of Spoke's own and reads the answer.
pub async fn ask<A: DeserializeOwned>(stub: &Stub, command: &impl Serialize) -> Result<A, ObjectError> {
    ask_by(stub, &Actor::Spoke, command).await
}

/// Sends somebody's command and reads the answer.
pub async fn ask_by<A: DeserializeOwned>(
    stub: &Stub,
    actor: &Actor,
    command: &impl Serialize,
) -> Result<A, ObjectError> {
    let headers = Headers::new();
    if *actor != Actor::Spoke {
        let text = serde_json::to_string(actor).map_err(|_| ObjectError::NotUnderstood)?;
        headers.set(ACTOR, &utf8_percent_encode(&text, NON_ALPHANUMERIC).to_string())?;
    }
    let body = serde_json::to_string(command).map_err(|_| ObjectError::NotUnderstood)?;
    let mut init = RequestInit::new();
    init.with_method(Method::Post).with_headers(headers).with_body(Some(JsValue::from_str(&body)));
    let mut response = stub.fetch_with_request(Request::new_with_init("http://object/", &init)?).await?;
    if response.status_code() != 200 {
        return Err(ObjectError::Failed(response.status_code()));
    }
    serde_json::from_slice(&response.bytes().await?).map_err(|_| ObjectError::NotUnderstood)
}

/// Reads the command of a request made by [`ask`].
pub async fn command<C: DeserializeOwned>(request: &mut Request) -> worker::Result<C> {
    Ok(serde_json::from_slice(&request.bytes().await?)?)
}

/// Who made a request by [`ask_by`].
pub fn actor(request: &Request) -> Actor {
    let text = request.headers().get(ACTOR).ok().flatten().unwrap_or_default();
    let plain = percent_decode_str(&text).decode_utf8_lossy();
    json::parse(&plain).unwrap_or_default()
}

/// Makes the response that [`ask`] reads.
pub fn answer(answer: &impl Serialize) -> worker::Result<Response> {
    Response::from_bytes(serde_json::to_vec(answer)?)
}

/// The object of a stored unique id.
pub fn by_id(namespace: &ObjectNamespace, id: &str) -> Result<Stub, ObjectError> {
    Ok(namespace.id_from_string(id)?.get_stub()?)
}
