//! Links as readers get them. Reads only.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    fmt::Write as _,
};

use crate::{
    engine::portal::messages::{Answer, LINKS_LIMIT},
    hubspot::associations::LinkType,
    store::{
        portal::links::{self, Pair, Side},
        sql::{Sql, SqlError},
    },
    values::ids::{ObjectType, RecordId},
};

/// What types of association are called, read once each.
#[derive(Default)]
pub struct Names(BTreeMap<(ObjectType, ObjectType), Vec<links::Named>>);

impl Names {
    /// Stored types of a direction as a JSON list of `{category, type_id, label}`.
    pub fn render(
        &mut self,
        sql: &dyn Sql,
        from: ObjectType,
        to: ObjectType,
        types: &str,
    ) -> Result<String, SqlError> {
        let known = match self.0.entry((from, to)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => unknown.insert(links::types(sql, from, to)?),
        };
        let mut json = String::from("[");
        for own in types.split(' ').filter(|own| !own.is_empty()) {
            let Ok(read) = own.parse::<LinkType>() else { return Err(SqlError::Content("links")) };
            let label = known.iter().find(|(name, _)| name == own).and_then(|(_, label)| label.as_deref());
            let label = label.map_or(serde_json::Value::Null, serde_json::Value::from);
            let comma = if json.len() > 1 { "," } else { "" };
            let category = read.category.as_str();
            write!(json, "{comma}{{\"category\":\"{category}\",\"type_id\":{},\"label\":{label}}}", read.id)
                .expect("writing to a string does not fail");
        }
        json.push(']');
        Ok(json)
    }

    /// The links that records hold, as the feed tells them: a JSON object of lists by type, of each record that holds any.
    pub fn held_by(
        &mut self,
        sql: &dyn Sql,
        kind: ObjectType,
        ids: &[RecordId],
    ) -> Result<BTreeMap<RecordId, String>, SqlError> {
        let mut all: BTreeMap<RecordId, String> = BTreeMap::new();
        if !kind.is_always() {
            return Ok(all);
        }
        for to in ObjectType::ALWAYS {
            let (pair, side) = Pair::seen_from(kind, to);
            if side == Side::Other {
                continue;
            }
            let mut lists: BTreeMap<RecordId, String> = BTreeMap::new();
            for link in links::of(sql, pair, side, ids)? {
                if side == Side::Either && link.id > link.to {
                    continue;
                }
                let types = self.render(sql, kind, to, &link.types)?;
                let list = lists.entry(link.id).or_default();
                let comma = if list.is_empty() { "" } else { "," };
                write!(list, "{comma}{{\"id\":\"{}\",\"types\":{types}}}", link.to)
                    .expect("writing to a string does not fail");
            }
            for (id, list) in lists {
                let text = all.entry(id).or_insert_with(|| "{".to_owned());
                let comma = if text.len() > 1 { "," } else { "" };
                write!(text, "{comma}\"{to}\":[{list}]").expect("writing to a string does not fail");
            }
        }
        for text in all.values_mut() {
            text.push('}');
        }
        Ok(all)
    }
}

/// What a record is linked to, of one type, by ids above `after`: `{results, next_cursor}`. An id that was merged away leads to
/// the record it became.
pub fn of_record(
    sql: &dyn Sql,
    kind: ObjectType,
    id: RecordId,
    to: ObjectType,
    after: Option<RecordId>,
    limit: u32,
) -> Result<Answer, SqlError> {
    if !(kind.is_always() && to.is_always()) {
        return Ok(Answer::Missing);
    }
    let Some(id) = crate::engine::portal::query::resolve(sql, kind, id)? else { return Ok(Answer::Missing) };
    let limit = limit.clamp(1, LINKS_LIMIT);
    let (pair, side) = Pair::seen_from(kind, to);
    let mut page = links::page(sql, pair, side, id, after.unwrap_or(RecordId(0)), limit + 1)?;
    let more = page.len() > limit as usize;
    page.truncate(limit as usize);
    let mut names = Names::default();
    let mut results = Vec::with_capacity(page.len());
    for link in &page {
        let types = names.render(sql, kind, to, &link.types)?;
        results.push(format!("{{\"id\":\"{}\",\"object_type\":\"{to}\",\"types\":{types}}}", link.to));
    }
    let next = match page.last() {
        Some(last) if more => format!("\"{}\"", last.to),
        _ => "null".to_owned(),
    };
    Ok(Answer::Json(format!("{{\"results\":[{}],\"next_cursor\":{next}}}", results.join(","))))
}
