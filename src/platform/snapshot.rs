//! `GET …/snapshot`: pages asked of a Portal one by one as the reader takes them, so that neither side ever holds more than one.

use futures_util::stream;
use worker::{Env, Response, ResponseBuilder};

use crate::{
    api::snapshot::{self, CONTENT_TYPE, Sent},
    engine::portal::{
        messages::{Answer, Command},
        snapshot::{PAGE_RECORDS, Page, Place},
    },
    platform::{clock, directory_object, fault::Fault, log, portals},
    values::{ids::ObjectType, problem::Problem},
};

/// What is left to send.
struct Reader {
    env: Env,
    object: String,
    types: Vec<ObjectType>,
    seq: u64,
    sent: Sent,
    /// `None`: everything is sent.
    next: Option<Next>,
}

enum Next {
    Lines(Page),
    From(Place),
}

/// Answers with a snapshot of what the object `object` mirrors.
pub async fn answer(env: &Env, object: String, types: Vec<ObjectType>) -> Result<Response, Problem> {
    let Some(first) = page(env, &object, &types, None).await? else {
        return Err(portals::not_there_yet());
    };
    let (env, seq) = (env.clone(), first.seq);
    let reader = Reader { env, object, types, seq, sent: Sent::default(), next: Some(Next::Lines(first)) };
    let pages = stream::unfold(reader, |mut reader| async move {
        let next = reader.next.take()?;
        let began = matches!(next, Next::Lines(_));
        let page = match next {
            Next::Lines(page) => Ok(Some(page)),
            Next::From(place) => page(&reader.env, &reader.object, &reader.types, Some(place)).await,
        };
        let Ok(Some(page)) = page else {
            // The reader sees the end of the stream without a last line.
            log::line("a snapshot is cut off: its connection's object does not answer", &[]);
            return Some((Err(worker::Error::RustError("the snapshot is cut off".to_owned())), reader));
        };
        reader.sent.add(&page.counts);
        let mut text =
            if began { snapshot::first_line(reader.seq, clock::now(), &page.types) } else { String::new() };
        text.push_str(&page.lines);
        match page.next {
            Some(place) => reader.next = Some(Next::From(place)),
            None => text.push_str(&reader.sent.last_line(reader.seq, page.seq)),
        }
        Some((Ok(text.into_bytes()), reader))
    });
    streamed(pages).map_err(|error| Fault::from(error).into())
}

fn streamed(
    pages: impl futures_util::Stream<Item = worker::Result<Vec<u8>>> + 'static,
) -> worker::Result<Response> {
    ResponseBuilder::new()
        .with_header("content-type", CONTENT_TYPE)?
        .with_header("cache-control", "no-store")?
        .with_header("x-content-type-options", "nosniff")?
        .with_header("strict-transport-security", "max-age=31536000")?
        .from_stream(pages)
}

async fn page(
    env: &Env,
    object: &str,
    types: &[ObjectType],
    from: Option<Place>,
) -> Result<Option<Page>, Fault> {
    let command = Command::Snapshot { types: types.to_vec(), from, limit: PAGE_RECORDS };
    match portals::ask(env, object, &command).await? {
        Answer::Snapshot(page) => Ok(Some(*page)),
        Answer::NotConnected => Ok(None),
        _ => Err(directory_object::unexpected()),
    }
}
