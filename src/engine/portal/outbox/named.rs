//! Owners, lists and stages by the names that people have for them, as the mirror knows them. Owns nothing.

use serde::Deserialize;

use crate::{
    engine::portal::{
        Turn,
        beside::Source,
        outbox::actions::{Owner, Refusal},
    },
    hubspot::writes::Values,
    store::{portal::reference, sql::SqlError},
    values::{
        ids::{ListId, ObjectType},
        json,
        property_value::Definition,
    },
};

/// Puts the owner among the values.
pub(super) fn owned(
    turn: &Turn<'_>,
    values: &mut Values,
    owner: Option<&Owner>,
) -> Result<Result<(), Refusal>, SqlError> {
    #[derive(Deserialize)]
    struct Known {
        id: String,
        email: Option<String>,
        archived: bool,
    }
    let Some(owner) = owner else { return Ok(Ok(())) };
    let joined = format!("[{}]", reference::joined(turn.sql, Source::Owners.as_str())?);
    let all: Vec<Known> = json::parse(&joined).map_err(|_| SqlError::Content("reference"))?;
    let found = all.iter().find(|known| match owner {
        Owner::Id(id) => known.id == *id,
        Owner::Email(email) => {
            known.email.as_ref().is_some_and(|own| own.to_lowercase() == email.trim().to_lowercase())
        }
    });
    Ok(match found {
        Some(known) if !known.archived => {
            values.insert("hubspot_owner_id".to_owned(), known.id.clone());
            Ok(())
        }
        Some(_) => Err(Refusal::of_account("/owner", "This owner has left the HubSpot account.")),
        None => Err(Refusal::of_account(
            "/owner",
            "The HubSpot account has no such owner. Owners are read every hour: somebody who came since appears after *Refresh*.",
        )),
    })
}

/// What people call a value of a field: an option by its label, an owner by their name, a deal's pipeline and stage by theirs. `None`: the
/// value says it itself, or nobody knows.
pub(super) fn said(
    turn: &Turn<'_>,
    kind: ObjectType,
    (name, field): (&str, Option<&Definition>),
    value: &str,
) -> Result<Option<String>, SqlError> {
    #[derive(Deserialize)]
    struct Person {
        email: Option<String>,
        first_name: Option<String>,
        last_name: Option<String>,
    }
    #[derive(Deserialize)]
    struct Labelled {
        label: String,
    }
    if value.is_empty() {
        return Ok(None);
    }
    let entry = |source: Source| reference::entry(turn.sql, source.as_str(), value);
    let label = match (kind, name) {
        _ if field.is_some_and(Definition::names_owners) => entry(Source::Owners)?.and_then(|text| {
            let Person { email, first_name, last_name } = json::parse(&text).ok()?;
            let name: Vec<String> = [first_name, last_name].into_iter().flatten().collect();
            let name = name.join(" ").trim().to_owned();
            if name.is_empty() { email } else { Some(name) }
        }),
        (ObjectType::Deals, "dealstage") => reference::stage(turn.sql, Source::Pipelines.as_str(), value)?,
        (ObjectType::Deals, "pipeline") => {
            entry(Source::Pipelines)?.and_then(|text| json::parse(&text).ok().map(|own: Labelled| own.label))
        }
        _ => field.filter(|field| !field.options.is_empty()).map(|field| {
            let one = |value: &str| {
                let found = field.options.iter().find(|option| option.value == value);
                found.map_or_else(|| value.to_owned(), |option| option.label.clone())
            };
            value.split(';').map(one).collect::<Vec<_>>().join(", ")
        }),
    };
    Ok(label.filter(|label| !label.is_empty() && label != value))
}

/// What a list is called.
pub(super) fn list_name(turn: &Turn<'_>, list: ListId) -> Option<String> {
    #[derive(Deserialize)]
    struct Named {
        name: String,
    }
    let entry = reference::entry(turn.sql, Source::Lists.as_str(), &list.to_string()).ok()??;
    json::parse(&entry).ok().map(|own: Named| own.name)
}

/// Only lists whose members are set by hand take them.
pub(super) fn list_takes_members(turn: &Turn<'_>, list: ListId) -> Result<Result<(), Refusal>, SqlError> {
    #[derive(Deserialize)]
    struct Known {
        name: String,
        #[serde(default)]
        processing_type: String,
    }
    let Some(entry) = reference::entry(turn.sql, Source::Lists.as_str(), &list.to_string())? else {
        // One that was made since lists were read is HubSpot's to know.
        return Ok(Ok(()));
    };
    let known: Known = json::parse(&entry).map_err(|_| SqlError::Content("reference"))?;
    if known.processing_type.eq_ignore_ascii_case("dynamic") {
        let words = format!(
            "HubSpot decides itself who is on the list \"{}\", by its filters. Members can be set on static lists only.",
            known.name
        );
        return Ok(Err(Refusal::of_account("/list", words)));
    }
    Ok(Ok(()))
}

/// Puts a deal's stage and pipeline among the values, by their names or ids.
pub(super) fn staged(
    turn: &Turn<'_>,
    values: &mut Values,
    stage: Option<&str>,
    pipeline: Option<&str>,
) -> Result<Result<(), Refusal>, SqlError> {
    #[derive(Deserialize)]
    struct Named {
        id: String,
        label: String,
    }
    #[derive(Deserialize)]
    struct Pipeline {
        id: String,
        label: String,
        stages: Vec<Named>,
    }
    if stage.is_none() && pipeline.is_none() {
        return Ok(Ok(()));
    }
    let is = |wanted: &str, id: &str, label: &str| {
        id == wanted || label.to_lowercase() == wanted.trim().to_lowercase()
    };
    let joined = format!("[{}]", reference::joined(turn.sql, Source::Pipelines.as_str())?);
    let all: Vec<Pipeline> = json::parse(&joined).map_err(|_| SqlError::Content("reference"))?;
    let fitting: Vec<&Pipeline> =
        all.iter().filter(|one| pipeline.is_none_or(|wanted| is(wanted, &one.id, &one.label))).collect();
    let Some(first) = fitting.first() else {
        let names: Vec<&str> = all.iter().map(|one| one.label.as_str()).collect();
        let words =
            format!("The HubSpot account has no such pipeline of deals. It has: {}.", names.join(", "));
        return Ok(Err(Refusal::of_account("/pipeline", words)));
    };
    let Some(stage) = stage else {
        if first.stages.is_empty() {
            return Ok(Err(Refusal::new("/pipeline", "This pipeline has no stages.")));
        }
        return Ok(Err(Refusal::new("/stage", "A deal that moves to another pipeline needs a stage of it.")));
    };
    let found: Vec<(&&Pipeline, &Named)> = fitting
        .iter()
        .flat_map(|one| one.stages.iter().map(move |named| (one, named)))
        .filter(|(_, named)| is(stage, &named.id, &named.label))
        .collect();
    let by_id = found.iter().find(|(_, named)| named.id == stage);
    match (by_id, &found[..]) {
        (Some((of, named)), _) | (None, [(of, named)]) => {
            values.insert("dealstage".to_owned(), named.id.clone());
            values.insert("pipeline".to_owned(), of.id.clone());
            Ok(Ok(()))
        }
        (None, []) => {
            let names: Vec<&str> =
                fitting.iter().flat_map(|one| one.stages.iter().map(|named| named.label.as_str())).collect();
            let words = format!("There is no such stage. There are: {}.", names.join(", "));
            Ok(Err(Refusal::of_account("/stage", words)))
        }
        (None, _) => Ok(Err(Refusal::new(
            "/pipeline",
            "Several pipelines have a stage of this name: say which pipeline.",
        ))),
    }
}
