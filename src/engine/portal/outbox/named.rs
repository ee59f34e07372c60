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

/// An owner as the mirror knows them.
#[derive(Deserialize)]
struct Known {
    id: String,
    #[serde(default, rename = "type")]
    kind: String,
    email: Option<String>,
    archived: bool,
}

/// The owner that is meant, if they are in the account now.
fn owner_of(turn: &Turn<'_>, owner: &Owner) -> Result<Result<Known, Refusal>, SqlError> {
    let joined = format!("[{}]", reference::joined(turn.sql, Source::Owners.as_str())?);
    let all: Vec<Known> = json::parse(&joined).map_err(|_| SqlError::Content("reference"))?;
    if all.is_empty() {
        let words = "No owner of the HubSpot account is known here: they have not been read yet, or the connection may not read them.";
        return Ok(Err(Refusal::of_account("/owner", words)));
    }
    let is_meant = |known: &Known| match owner {
        Owner::Id(id) => known.id == *id,
        Owner::Email(email) => {
            known.email.as_ref().is_some_and(|own| own.to_lowercase() == email.trim().to_lowercase())
        }
    };
    // Of an address that somebody had before, those who have it now.
    let found = all.into_iter().filter(is_meant).min_by_key(|known| known.archived);
    Ok(match found {
        Some(known) if !known.archived => Ok(known),
        Some(_) => Err(Refusal::of_account("/owner", "This owner has left the HubSpot account.")),
        None => Err(Refusal::of_account(
            "/owner",
            "The HubSpot account has no such owner. Owners are read every hour: somebody who came since appears after *Refresh*.",
        )),
    })
}

/// Puts the owner among the values.
pub(super) fn owned(
    turn: &Turn<'_>,
    values: &mut Values,
    owner: Option<&Owner>,
) -> Result<Result<(), Refusal>, SqlError> {
    let Some(owner) = owner else { return Ok(Ok(())) };
    Ok(owner_of(turn, owner)?.map(|known| {
        values.insert("hubspot_owner_id".to_owned(), known.id);
    }))
}

/// The same where somebody claims a record for themselves: the host says who asks, and that is a person who is in the account.
pub(super) fn claimed_by(
    turn: &Turn<'_>,
    values: &mut Values,
    owner: &Owner,
) -> Result<Result<(), Refusal>, SqlError> {
    Ok(match owner_of(turn, owner)? {
        Ok(known) if known.kind == "queue" => {
            let words =
                "This owner is a queue: an account is claimed by a person, by their own owner in HubSpot.";
            Err(Refusal::of_account("/owner", words))
        }
        Ok(known) => {
            values.insert("hubspot_owner_id".to_owned(), known.id);
            Ok(())
        }
        Err(refusal) => Err(refusal),
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

/// Only lists whose members are set by hand take them; of which type they are, as far as that is known.
pub(super) fn list_takes_members(
    turn: &Turn<'_>,
    list: ListId,
) -> Result<Result<Option<ObjectType>, Refusal>, SqlError> {
    #[derive(Deserialize)]
    struct Known {
        name: String,
        #[serde(default)]
        processing_type: String,
        #[serde(default)]
        object_type_id: String,
    }
    let Some(entry) = reference::entry(turn.sql, Source::Lists.as_str(), &list.to_string())? else {
        // One that was made since lists were read is HubSpot's to know.
        return Ok(Ok(None));
    };
    let known: Known = json::parse(&entry).map_err(|_| SqlError::Content("reference"))?;
    if known.processing_type.eq_ignore_ascii_case("dynamic") {
        let words = format!(
            "HubSpot decides itself who is on the list \"{}\", by its filters. Members can be set on static lists only.",
            known.name
        );
        return Ok(Err(Refusal::of_account("/list", words)));
    }
    Ok(Ok(ObjectType::of_hubspot_id(&known.object_type_id)))
}

/// A stage as the mirror knows it.
#[derive(Deserialize)]
struct Stage {
    id: String,
    label: String,
}

/// A pipeline as the mirror knows it.
#[derive(Deserialize)]
struct Pipeline {
    id: String,
    label: String,
    stages: Vec<Stage>,
}

fn is_called(wanted: &str, id: &str, label: &str) -> bool {
    id == wanted || label.to_lowercase() == wanted.trim().to_lowercase()
}

/// The stages of these pipelines that may be meant: the one of this id, or else those of this name.
fn meant<'a>(pipelines: &[&'a Pipeline], stage: &str) -> Vec<(&'a Pipeline, &'a Stage)> {
    let mut all: Vec<(&'a Pipeline, &'a Stage)> = Vec::new();
    for one in pipelines {
        all.extend(one.stages.iter().map(|named| (*one, named)));
    }
    if let Some(found) = all.iter().find(|(_, named)| named.id == stage) {
        return vec![*found];
    }
    all.retain(|(_, named)| is_called(stage, &named.id, &named.label));
    all
}

/// Puts a deal's stage and pipeline among the values, by their names or ids. A name without a pipeline is one of the pipeline that the deal
/// is in (`own`, where that is known): pipelines have stages of the same names, and none is changed that nobody named.
pub(super) fn staged(
    turn: &Turn<'_>,
    values: &mut Values,
    (stage, pipeline): (Option<&str>, Option<&str>),
    own: Option<&str>,
) -> Result<Result<(), Refusal>, SqlError> {
    if stage.is_none() && pipeline.is_none() {
        return Ok(Ok(()));
    }
    // It may be named among the other values too.
    let among = values.get("pipeline").filter(|id| !id.is_empty()).cloned();
    let pipeline = pipeline.or(among.as_deref());
    let joined = format!("[{}]", reference::joined(turn.sql, Source::Pipelines.as_str())?);
    let all: Vec<Pipeline> = json::parse(&joined).map_err(|_| SqlError::Content("reference"))?;
    let all: Vec<&Pipeline> = all.iter().collect();
    let own = all.iter().find(|one| pipeline.is_none() && own == Some(one.id.as_str()));
    let fitting: Vec<&Pipeline> = match (pipeline, own) {
        (Some(wanted), _) => {
            all.iter().copied().filter(|one| is_called(wanted, &one.id, &one.label)).collect()
        }
        (None, Some(own)) => vec![*own],
        (None, None) => all.clone(),
    };
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
    let mut found = meant(&fitting, stage);
    if found.is_empty() && own.is_some() {
        let elsewhere = meant(&all, stage);
        if elsewhere.iter().any(|(_, named)| named.id == stage) {
            // An id is one pipeline's alone, and says which.
            found = elsewhere;
        } else if !elsewhere.is_empty() {
            let names: Vec<String> = elsewhere.iter().map(|(of, _)| format!("\"{}\"", of.label)).collect();
            let words = format!(
                "The pipeline of the deal, \"{}\", has no stage of this name. Of another there is one: {}. Name the pipeline too if the deal is to move there.",
                first.label,
                names.join(", ")
            );
            return Ok(Err(Refusal::of_account("/pipeline", words)));
        }
    }
    match &found[..] {
        [(of, named)] => {
            values.insert("dealstage".to_owned(), named.id.clone());
            values.insert("pipeline".to_owned(), of.id.clone());
            Ok(Ok(()))
        }
        [] => {
            let names: Vec<&str> =
                fitting.iter().flat_map(|one| one.stages.iter().map(|named| named.label.as_str())).collect();
            let words = format!("There is no such stage. There are: {}.", names.join(", "));
            Ok(Err(Refusal::of_account("/stage", words)))
        }
        _ if fitting.len() == 1 => {
            let words = "Several stages of the pipeline have this name: give the stage's id.";
            Ok(Err(Refusal::of_account("/stage", words)))
        }
        _ => Ok(Err(Refusal::new(
            "/pipeline",
            "Several pipelines have a stage of this name: say which pipeline.",
        ))),
    }
}
