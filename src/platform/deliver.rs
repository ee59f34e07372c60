//! Deliveries to receivers: a [`Post`] goes out, an [`Outcome`] comes back. What an answer says besides its status is not read.

use worker::{
    Headers, RequestInit, RequestRedirect,
    js_sys::{self, futures::JsFuture},
    wasm_bindgen::{JsCast as _, JsValue},
    web_sys,
};

use crate::{
    engine::portal::endpoints::{TIMEOUT_MS, message::Post},
    platform::fetch,
    values::http::{Outcome, Response},
};

/// Sends one delivery. Redirects are not followed: an address was checked, where it leads to was not.
pub async fn send(post: &Post) -> Outcome {
    attempt(post).await.map_or(Outcome::Unanswered, Outcome::Answered)
}

async fn attempt(post: &Post) -> worker::Result<Response> {
    let controller = web_sys::AbortController::new()?;
    fetch::end_after(TIMEOUT_MS as u64, &controller, answer(post, &controller.signal())).await
}

async fn answer(post: &Post, signal: &web_sys::AbortSignal) -> worker::Result<Response> {
    let headers = Headers::new();
    headers.set("content-type", "application/json")?;
    headers.set("user-agent", concat!("Spoke/", env!("CARGO_PKG_VERSION")))?;
    for (name, value) in &post.headers {
        headers.set(name, value)?;
    }
    let mut init = RequestInit::new();
    init.with_method(worker::Method::Post)
        .with_headers(headers)
        .with_body(Some(JsValue::from_str(&post.body)))
        .with_redirect(RequestRedirect::Manual);
    let outgoing = worker::Request::new_with_init(&post.url, &init)?;
    let options = web_sys::RequestInit::new();
    options.set_signal(Some(signal));
    let global: web_sys::WorkerGlobalScope = js_sys::global().unchecked_into();
    let answer = JsFuture::from(global.fetch_with_request_and_init(outgoing.inner(), &options)).await?;
    let answer: web_sys::Response = answer.dyn_into()?;
    let retry_after = answer.headers().get("retry-after")?;
    // Unread, so that the connection is free at once and a body without end costs nothing.
    if let Some(body) = answer.body() {
        let _ = JsFuture::from(body.cancel()).await;
    }
    let headers = retry_after.map(|value| ("retry-after".to_owned(), value));
    Ok(Response { status: answer.status(), headers: headers.into_iter().collect(), body: Vec::new() })
}
