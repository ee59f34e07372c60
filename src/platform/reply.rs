//! Answers of the front, each with the headers its kind must have.

use futures_util::Stream;
use serde_json::Value;
use worker::{Response, ResponseBuilder, Result};

use crate::{
    api::idempotency::{Kept, REPLAYED},
    console::{self, Page},
    values::problem::{Kind, Problem},
};

/// A page. `form_targets`: see [`console::security_headers`].
pub fn page(page: &Page, form_targets: &[&str], cookies: &[String]) -> Result<Response> {
    let mut builder = ResponseBuilder::new().with_status(page.status);
    for (name, value) in console::security_headers(form_targets) {
        builder = builder.with_header(name, &value)?;
    }
    Ok(with_cookies(builder, cookies)?.fixed(page.html.clone().into_bytes()))
}

/// Sends a browser on, by GET.
pub fn see_other(location: &str, cookies: &[String]) -> Result<Response> {
    let builder =
        bare(303)?.with_header("location", location)?.with_header("referrer-policy", "same-origin")?;
    Ok(with_cookies(builder, cookies)?.empty())
}

/// JSON.
pub fn json(status: u16, body: &Value) -> Result<Response> {
    text(status, "application/json", body.to_string())
}

/// JSON that is text already.
pub fn raw_json(body: String) -> Result<Response> {
    text(200, "application/json", body)
}

/// JSON that is text already, with a status.
pub fn json_text(status: u16, body: String) -> Result<Response> {
    text(status, "application/json", body)
}

/// A JSON document that a browser keeps as a file of that name, which holds neither quotes nor what a person gave.
pub fn download(name: &str, body: String) -> Result<Response> {
    let response = text(200, "application/json", body)?;
    response.headers().set("content-disposition", &format!("attachment; filename=\"{name}\""))?;
    Ok(response)
}

/// Likewise a table, which comes in parts.
pub fn csv(name: &str, parts: impl Stream<Item = Result<Vec<u8>>> + 'static) -> Result<Response> {
    bare(200)?
        .with_header("content-type", "text/csv; charset=utf-8")?
        .with_header("content-disposition", &format!("attachment; filename=\"{name}\""))?
        .from_stream(parts)
}

/// A refusal.
pub fn problem(problem: &Problem) -> Result<Response> {
    let response = text(problem.status(), "application/problem+json", problem.to_json().to_string())?;
    if problem.kind == Kind::Unauthenticated {
        response.headers().set("www-authenticate", "Bearer")?;
    }
    if let Some(seconds) = problem.retry_after_s {
        response.headers().set("retry-after", &seconds.to_string())?;
    }
    Ok(response)
}

/// An answer whose text was read to be kept.
pub fn again(kept: &Kept) -> Result<Response> {
    match &kept.content_type {
        Some(content_type) => text(kept.status, content_type, kept.body.clone()),
        None => empty(kept.status),
    }
}

/// An answer that was kept, and is marked to be.
pub fn replayed(kept: &Kept) -> Result<Response> {
    let response = again(kept)?;
    response.headers().set(REPLAYED.0, REPLAYED.1)?;
    Ok(response)
}

/// Nothing but a status.
pub fn empty(status: u16) -> Result<Response> {
    Ok(bare(status)?.empty())
}

/// Text of a kind.
pub fn text(status: u16, content_type: &str, body: String) -> Result<Response> {
    Ok(bare(status)?.with_header("content-type", content_type)?.fixed(body.into_bytes()))
}

fn bare(status: u16) -> Result<ResponseBuilder> {
    ResponseBuilder::new()
        .with_status(status)
        .with_header("cache-control", "no-store")?
        .with_header("x-content-type-options", "nosniff")?
        .with_header("strict-transport-security", "max-age=31536000")
}

fn with_cookies(builder: ResponseBuilder, cookies: &[String]) -> Result<ResponseBuilder> {
    let response = builder.empty();
    for cookie in cookies {
        response.headers().append("set-cookie", cookie)?;
    }
    Ok(response.into_parts().0)
}
