//! Requests to HubSpot: a [`Request`] value goes out, an [`Outcome`] comes back. Never an error: an answer that did not
//! come, or did not come whole, is [`Outcome::Unanswered`], and the engine decides what that means.

use std::{pin::pin, time::Duration};

use futures_util::future::{Either, select};
use worker::{
    Delay, Headers, RequestInit, RequestRedirect,
    js_sys::{self, futures::JsFuture},
    wasm_bindgen::{JsCast as _, JsValue},
    web_sys,
};

use crate::hubspot;
use crate::values::http::{Body, Method, Outcome, Request, Response};

/// Head and body of one answer together. HubSpot's own gateway gives up after 30 s; a search takes under 10.
const TIMEOUT_MS: u64 = 30_000;

/// Largest announced answer: 100 records of 1.5 MB spill long before; the isolate has 128 MB for everything.
const MAX_ANSWER_BYTES: u64 = 32 << 20;

/// Sends `request` to `base` (`https://api.hubapi.com`, without a trailing slash) and reads the answer to its end.
/// Redirects are not followed: a bearer token goes nowhere but to `base`.
pub async fn send(base: &str, request: &Request) -> Outcome {
    match attempt(base, request).await {
        Ok(Some(response)) => Outcome::Answered(response),
        Ok(None) | Err(_) => Outcome::Unanswered,
    }
}

/// Waits for what goes on under the controller's signal, and ends it after so many milliseconds, a body that stops half-way
/// too. The timer goes with it: of `AbortSignal.timeout`'s, which stay for their whole time, an object can have 10,000, and
/// one more throws where Rust cannot catch.
pub(super) async fn end_after<T>(
    ms: u64,
    controller: &web_sys::AbortController,
    attempt: impl Future<Output = T>,
) -> T {
    match select(pin!(attempt), pin!(Delay::from(Duration::from_millis(ms)))).await {
        Either::Left((done, _)) => done,
        Either::Right(((), attempt)) => {
            controller.abort();
            attempt.await
        }
    }
}

async fn attempt(base: &str, request: &Request) -> worker::Result<Option<Response>> {
    let controller = web_sys::AbortController::new()?;
    end_after(TIMEOUT_MS, &controller, answer(base, request, &controller.signal())).await
}

async fn answer(
    base: &str,
    request: &Request,
    signal: &web_sys::AbortSignal,
) -> worker::Result<Option<Response>> {
    let headers = Headers::new();
    headers.set("accept", "application/json")?;
    if let Some(bearer) = &request.bearer {
        headers.set("authorization", &format!("Bearer {}", bearer.expose()))?;
    }
    let content_type = request.body.content_type();
    if let Some(content_type) = &content_type {
        headers.set("content-type", content_type)?;
    }
    let body = content_type.map(|_| match &request.body {
        // A file of megabytes: as a text it would be turned into UTF-16 and back.
        Body::Multipart { parts, .. } => js_sys::Uint8Array::from(parts.as_bytes()).into(),
        other => JsValue::from_str(other.text()),
    });
    let mut init = RequestInit::new();
    init.with_method(method(request.method))
        .with_headers(headers)
        .with_body(body)
        .with_redirect(RequestRedirect::Manual);
    let outgoing = worker::Request::new_with_init(&format!("{base}{}", request.path), &init)?;
    let options = web_sys::RequestInit::new();
    options.set_signal(Some(signal));
    let global: web_sys::WorkerGlobalScope = js_sys::global().unchecked_into();
    let answer = JsFuture::from(global.fetch_with_request_and_init(outgoing.inner(), &options)).await?;
    let answer: web_sys::Response = answer.dyn_into()?;
    let said = answer.headers();
    let mut headers = Vec::new();
    for name in hubspot::HEADERS {
        headers.extend(said.get(name)?.map(|value| (name.to_owned(), value)));
    }
    let announced = said.get("content-length")?.and_then(|length| length.parse::<u64>().ok());
    if announced.unwrap_or(0) > MAX_ANSWER_BYTES {
        return Ok(None);
    }
    // In one piece: as a stream every few kilobytes would cost a promise of their own.
    let body = JsFuture::from(answer.array_buffer()?).await?;
    Ok(Some(Response { status: answer.status(), headers, body: js_sys::Uint8Array::new(&body).to_vec() }))
}

const fn method(method: Method) -> worker::Method {
    match method {
        Method::Get => worker::Method::Get,
        Method::Post => worker::Method::Post,
        Method::Put => worker::Method::Put,
        Method::Patch => worker::Method::Patch,
        Method::Delete => worker::Method::Delete,
    }
}
