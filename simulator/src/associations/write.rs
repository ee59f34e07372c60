//! Changing links and labels by API. Owns nothing.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value, json};

use super::definitions::TypeId;
use super::people::Pair;
use crate::Problem;
use crate::http::{Request, Response};
use crate::objects::input::{self, Inputs, Selectors};
use crate::objects::kind::ObjectKind;
use crate::objects::list::batch_answer;
use crate::objects::store::BY_API;
use crate::portal::{Portal, Turn};

/// Most inputs of a batch. Source: `hubspot-api.md` 4.8.
const BATCH_LIMIT: usize = 2_000;
/// Longest label: not documented, a few dozen characters fit HubSpot's pages.
const LABEL_LIMIT: usize = 50;

type Kinds = [&'static ObjectKind; 2];

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ObjectId {
    pub id: String,
}

/// A type of association as requests name it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Spec {
    pub association_category: String,
    pub association_type_id: TypeId,
}

/// One link of a new record.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Inline {
    pub to: ObjectId,
    pub types: Vec<Spec>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Typed {
    from: ObjectId,
    to: ObjectId,
    types: Vec<Spec>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Plain {
    from: ObjectId,
    to: ObjectId,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Several {
    from: ObjectId,
    to: Vec<ObjectId>,
}

/// 400 for a type that does not exist between these.
pub(crate) fn invalid_type(from: &ObjectKind, to: &ObjectKind, id: TypeId) -> Problem {
    let message = format!("{id} is not a valid association type between {} and {}", from.classic, to.classic);
    Problem::validation(message).with("subCategory", "crm.associations.INVALID_ASSOCIATION_TYPE".into()).with(
        "context",
        json!({"type": [id.to_string()], "fromObjectType": [from.type_id], "toObjectType": [to.type_id]}),
    )
}

fn check(portal: &Portal, [from, to]: Kinds, types: &[Spec]) -> Result<Vec<TypeId>, Problem> {
    let known = |spec: &Spec| {
        let own = portal.definitions.get(from, to, spec.association_type_id);
        own.filter(|own| own.category == spec.association_category)
            .map(|own| own.id)
            .ok_or_else(|| invalid_type(from, to, spec.association_type_id))
    };
    types.iter().map(known).collect()
}

/// Two live records; an id that was merged away leads to the record that resulted.
fn pair(portal: &Portal, turn: &Turn<'_>, [from, to]: Kinds, id: &str, other: &str) -> Result<Pair, Problem> {
    let live = |kind: &ObjectKind, text: &str| {
        let id: u64 = text.parse().map_err(|_| Problem::not_numeric(text))?;
        let found = portal.store(kind).resolve(id).map(|record| record.id);
        found.filter(|id| portal.is_seen(turn, kind, *id)).ok_or_else(|| {
            Problem::category(404, "OBJECT_NOT_FOUND", format!("{} {text} does not exist", kind.title))
                .with("context", json!({"id": [text]}))
        })
    };
    let pair = Pair { from, id: live(from, id)?, to, other: live(to, other)? };
    if from.place == to.place && pair.id == pair.other {
        return Err(Problem::validation("A record cannot be associated with itself."));
    }
    Ok(pair)
}

fn labels_of(portal: &Portal, pair: Pair) -> Value {
    let Pair { from, id, to, other } = pair;
    let types = portal.links.types(from, id, to, other);
    let labels: Vec<&str> =
        types.iter().filter_map(|id| portal.definitions.get(from, to, *id)?.label.as_deref()).collect();
    json!({
        "fromObjectTypeId": from.type_id,
        "fromObjectId": id.to_string(),
        "toObjectTypeId": to.type_id,
        "toObjectId": other.to_string(),
        "labels": labels,
    })
}

/// The unlabelled association as a batch answers it, from both sides.
fn default_of(portal: &Portal, pair: Pair) -> [Value; 2] {
    let side = |from: &ObjectKind, id: u64, to: &ObjectKind, other: u64| {
        let own = portal.definitions.unlabelled(from, to);
        json!({
            "from": {"id": id.to_string()},
            "to": {"id": other.to_string()},
            "associationSpec": {
                "associationCategory": own.map(|own| own.category),
                "associationTypeId": own.map(|own| own.id),
            },
        })
    };
    [side(pair.from, pair.id, pair.to, pair.other), side(pair.to, pair.other, pair.from, pair.id)]
}

/// `PUT /crm/objects/2026-09/{from}/{id}/associations/{to}/{toId}`: the labels become these.
pub(crate) fn put(
    portal: &mut Portal,
    turn: &mut Turn<'_>,
    kinds: Kinds,
    (name, other): (&str, &str),
    request: &Request,
) -> Result<Response, Problem> {
    Selectors::parse(request, &[])?;
    let specs: Vec<Spec> = input::json(request)?;
    let types = check(portal, kinds, &specs)?;
    let pair = pair(portal, turn, kinds, name, other)?;
    replace(portal, turn, pair, &types);
    portal.recount_pair(turn, pair);
    Ok(Response::json(201, &labels_of(portal, pair)))
}

/// Makes the labels of a link these and no others.
fn replace(portal: &mut Portal, turn: &mut Turn<'_>, pair: Pair, types: &[TypeId]) {
    let unlabelled = portal.definitions.unlabelled(pair.from, pair.to).map(|own| own.id);
    let there = portal.links.types(pair.from, pair.id, pair.to, pair.other);
    let surplus: Vec<TypeId> =
        there.iter().copied().filter(|own| Some(*own) != unlabelled && !types.contains(own)).collect();
    portal.unlink(turn, BY_API, pair, Some(&surplus));
    portal.link(turn, BY_API, pair, types);
}

/// `PUT /crm/objects/2026-09/{from}/{id}/associations/default/{to}/{toId}`.
pub(crate) fn put_default(
    portal: &mut Portal,
    turn: &mut Turn<'_>,
    kinds: Kinds,
    (name, other): (&str, &str),
    request: &Request,
) -> Result<Response, Problem> {
    Selectors::parse(request, &[])?;
    let pair = pair(portal, turn, kinds, name, other)?;
    portal.link(turn, BY_API, pair, &[]);
    portal.recount_pair(turn, pair);
    let results = json!(default_of(portal, pair)).to_string();
    Ok(batch_answer(200, turn.now_ms, results.as_bytes(), Vec::new()))
}

/// `DELETE /crm/objects/2026-09/{from}/{id}/associations/{to}/{toId}`: all labels go.
pub(crate) fn delete(
    portal: &mut Portal,
    turn: &mut Turn<'_>,
    kinds: Kinds,
    (name, other): (&str, &str),
    request: &Request,
) -> Result<Response, Problem> {
    Selectors::parse(request, &[])?;
    let pair = pair(portal, turn, kinds, name, other)?;
    portal.unlink(turn, BY_API, pair, None);
    portal.recount_pair(turn, pair);
    Ok(Response { status: 204, ..Response::default() })
}

fn batch_of<T: for<'a> Deserialize<'a>>(request: &Request) -> Result<Vec<T>, Problem> {
    Selectors::parse(request, &[])?;
    let batch: Inputs<T> = input::json(request)?;
    let count = batch.inputs.len();
    if count > BATCH_LIMIT {
        return Err(Problem::validation(format!(
            "The maximum number of inputs supported in a batch is {BATCH_LIMIT}. There were {count} inputs in the request."
        )));
    }
    Ok(batch.inputs)
}

fn failed(problem: Problem) -> Value {
    Value::Object(problem.body)
}

/// Recounts each record of these links once.
fn recount(portal: &mut Portal, turn: &Turn<'_>, pairs: &[Pair]) {
    let sides = pairs.iter().flat_map(|pair| [(pair.from.place, pair.id), (pair.to.place, pair.other)]);
    for (place, id) in sides.collect::<BTreeSet<_>>() {
        portal.recount(turn, crate::objects::kind::KINDS[place], id);
    }
}

/// `POST …/batch/create` (`labelled`) or `…/batch/associate/default`.
pub(crate) fn batch_create(
    portal: &mut Portal,
    turn: &mut Turn<'_>,
    kinds: Kinds,
    labelled: bool,
    request: &Request,
) -> Result<Response, Problem> {
    let inputs: Vec<Typed> = if labelled {
        batch_of(request)?
    } else {
        let plain: Vec<Plain> = batch_of(request)?;
        plain.into_iter().map(|Plain { from, to }| Typed { from, to, types: Vec::new() }).collect()
    };
    let (mut results, mut errors, mut pairs) = (Vec::new(), Vec::new(), Vec::new());
    for input in &inputs {
        let checked = check(portal, kinds, &input.types)
            .and_then(|types| Ok((types, pair(portal, turn, kinds, &input.from.id, &input.to.id)?)));
        match checked {
            Ok((types, pair)) if labelled => {
                if turn.switches.association_batch_create_replaces {
                    replace(portal, turn, pair, &types);
                } else {
                    portal.link(turn, BY_API, pair, &types);
                }
                results.push(labels_of(portal, pair));
                pairs.push(pair);
            }
            Ok((_, pair)) => {
                portal.link(turn, BY_API, pair, &[]);
                results.extend(default_of(portal, pair));
                pairs.push(pair);
            }
            Err(problem) => errors.push(failed(problem)),
        }
    }
    recount(portal, turn, &pairs);
    Ok(batch_answer(200, turn.now_ms, Value::from(results).to_string().as_bytes(), errors))
}

/// `POST …/batch/archive`. Links that are not there are passed over.
pub(crate) fn batch_archive(
    portal: &mut Portal,
    turn: &mut Turn<'_>,
    kinds: Kinds,
    request: &Request,
) -> Result<Response, Problem> {
    let inputs: Vec<Several> = batch_of(request)?;
    let mut pairs = Vec::new();
    for (input, to) in inputs.iter().flat_map(|input| input.to.iter().map(move |to| (input, to))) {
        if let Ok(pair) = pair(portal, turn, kinds, &input.from.id, &to.id) {
            portal.unlink(turn, BY_API, pair, None);
            pairs.push(pair);
        }
    }
    recount(portal, turn, &pairs);
    Ok(archived(turn))
}

/// `POST …/batch/labels/archive`.
pub(crate) fn batch_archive_labels(
    portal: &mut Portal,
    turn: &mut Turn<'_>,
    kinds: Kinds,
    request: &Request,
) -> Result<Response, Problem> {
    let inputs: Vec<Typed> = batch_of(request)?;
    let mut pairs = Vec::new();
    for input in &inputs {
        let types = check(portal, kinds, &input.types)?;
        if let Ok(pair) = pair(portal, turn, kinds, &input.from.id, &input.to.id) {
            portal.unlink(turn, BY_API, pair, Some(&types));
            pairs.push(pair);
        }
    }
    recount(portal, turn, &pairs);
    Ok(archived(turn))
}

/// The guide says 204, the specification 200 with an empty batch.
fn archived(turn: &Turn<'_>) -> Response {
    if turn.switches.association_archive_is_204 {
        return Response { status: 204, ..Response::default() };
    }
    batch_answer(200, turn.now_ms, b"[]", Vec::new())
}

/// `POST /crm/associations/2026-09/{from}/{to}/labels`: both directions.
pub(crate) fn create_label(
    portal: &mut Portal,
    [from, to]: Kinds,
    request: &Request,
) -> Result<Response, Problem> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "camelCase")]
    struct New {
        /// An internal name nothing shows again.
        #[serde(rename = "name")]
        _name: String,
        label: String,
        #[serde(default)]
        inverse_label: Option<String>,
    }
    Selectors::parse(request, &[])?;
    let new: New = input::json(request)?;
    check_label(&new.label)?;
    if portal.definitions.between(from, to).any(|own| own.label.as_deref() == Some(new.label.as_str())) {
        return Err(Problem::category(
            409,
            "CONFLICT",
            format!("A label named '{}' already exists.", new.label),
        ));
    }
    let added = portal.definitions.add(from, to, &new.label, new.inverse_label.as_deref());
    Ok(Response::json(200, &json!({"results": added})))
}

fn check_label(label: &str) -> Result<(), Problem> {
    if label.is_empty() || label.chars().count() > LABEL_LIMIT {
        return Err(Problem::validation(format!("A label has 1 to {LABEL_LIMIT} characters.")));
    }
    Ok(())
}

/// `PUT /crm/associations/2026-09/{from}/{to}/labels`.
pub(crate) fn update_label(
    portal: &mut Portal,
    [from, to]: Kinds,
    request: &Request,
) -> Result<Response, Problem> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "camelCase")]
    struct Update {
        association_type_id: TypeId,
        label: String,
        #[serde(default)]
        inverse_label: Option<String>,
    }
    Selectors::parse(request, &[])?;
    let update: Update = input::json(request)?;
    check_label(&update.label)?;
    let (id, inverse) = (update.association_type_id, update.inverse_label.as_deref());
    if portal.definitions.rename(from, to, id, &update.label, inverse) {
        Ok(Response { status: 204, ..Response::default() })
    } else {
        Err(invalid_type(from, to, id))
    }
}

/// `DELETE /crm/associations/2026-09/{from}/{to}/labels/{typeId}`: the label goes from every link.
pub(crate) fn delete_label(
    portal: &mut Portal,
    [from, to]: Kinds,
    name: &str,
    request: &Request,
) -> Result<Response, Problem> {
    Selectors::parse(request, &[])?;
    let id: TypeId = name.parse().map_err(|_| Problem::not_numeric(name))?;
    let both = portal.definitions.remove(from, to, id).ok_or_else(|| invalid_type(from, to, id))?;
    portal.links.forget_type(both);
    Ok(Response { status: 204, ..Response::default() })
}

/// The record that a new one is to be linked to, and by which types.
pub(crate) type Wanted = (&'static ObjectKind, u64, Vec<TypeId>);

/// What a new record of this type is to be linked to; refused as a whole if anything is wrong.
pub(crate) fn check_inline(
    portal: &Portal,
    turn: &Turn<'_>,
    from: &'static ObjectKind,
    inline: &[Inline],
) -> Result<Vec<Wanted>, Problem> {
    let mut links = Vec::new();
    if !inline.is_empty() {
        turn.allow_links()?;
    }
    for Inline { to, types } in inline {
        let first = types.first().ok_or_else(|| Problem::validation("An association needs a type."))?;
        let own = portal.definitions.from(from, first.association_type_id);
        let kind = own
            .and_then(|own| ObjectKind::of_id(own.to))
            .ok_or_else(|| invalid_type(from, from, first.association_type_id))?;
        let ids = check(portal, [from, kind], types)?;
        let other = to.id.parse().ok().filter(|id| portal.is_seen(turn, kind, *id)).ok_or_else(|| {
            Problem::validation("One or more associations are invalid").with(
                "context",
                json!({"INVALID_OBJECT_IDS": [to.id], "objectId": [to.id], "objectType": [kind.singular]}),
            )
        })?;
        links.push((kind, other, ids));
    }
    Ok(links)
}

/// Links a record that was just made.
pub(crate) fn link_new(
    portal: &mut Portal,
    turn: &mut Turn<'_>,
    from: &'static ObjectKind,
    id: u64,
    links: &[Wanted],
) {
    for (to, other, types) in links {
        let pair = Pair { from, id, to, other: *other };
        portal.link(turn, BY_API, pair, types);
        portal.recount_pair(turn, pair);
    }
}
