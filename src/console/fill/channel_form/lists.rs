//! The lists that the form of a channel proposes.

use std::borrow::Cow;

use serde::Deserialize;

use crate::{
    console::{channel_form::ListLine, channels::one_or_more, words::number},
    values::json,
};

/// The lists of a type, as `GET …/lists` tells them; the chosen one first, then by name.
pub fn lists(told: &str, object_type: &str, chosen: &str) -> Vec<ListLine> {
    #[derive(Deserialize)]
    struct Told<'a> {
        #[serde(borrow)]
        results: Vec<List<'a>>,
    }
    #[derive(Deserialize)]
    struct List<'a> {
        id: Cow<'a, str>,
        name: Cow<'a, str>,
        object_type: Option<Cow<'a, str>>,
        processing_type: Cow<'a, str>,
        size: Option<u64>,
    }
    let mut lists = json::parse::<Told<'_>>(told).map(|told| told.results).unwrap_or_default();
    lists.retain(|list| list.object_type.as_deref() == Some(object_type));
    lists.sort_by_cached_key(|list| (list.id != chosen, list.name.to_lowercase()));
    let line = |list: List<'_>| {
        let size = list.size.map_or_else(
            || "size unknown".to_owned(),
            |size| format!("{} {}", number(size), one_or_more(object_type, size)),
        );
        let kind = match list.processing_type.as_ref() {
            "dynamic" => "changes by itself",
            "snapshot" => "filled once",
            _ => "filled by hand",
        };
        ListLine {
            id: list.id.into_owned(), name: list.name.into_owned(), words: format!("{size} · {kind}")
        }
    };
    lists.into_iter().map(line).collect()
}
