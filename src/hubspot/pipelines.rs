//! Pipelines and their stages (SPEC `pipelines.json`): the options of `pipeline` and `dealstage`, in order, with what a stage
//! means.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::{
    hubspot::{Malformed, VERSION, json, objects},
    values::{http::Request, ids::ObjectType},
};

/// A stage; as JSON in the API's shape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stage {
    /// What `dealstage` of records holds.
    pub id: String,
    /// What people see.
    pub label: String,
    /// HubSpot's texts: of deals `probability` (`0.0` to `1.0`) and `isClosed` (`true`, `false`).
    pub metadata: BTreeMap<String, String>,
}

/// A pipeline; as JSON in the API's shape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pipeline {
    /// What `pipeline` of records holds.
    pub id: String,
    /// What people see.
    pub label: String,
    /// In the order in which HubSpot shows them.
    pub stages: Vec<Stage>,
}

/// All pipelines of a type; not paged. Read with the scope for records of the type, or for its fields.
pub fn list(kind: ObjectType) -> Request {
    objects::get(format!("/crm/pipelines/{VERSION}/{kind}"))
}

/// Reads them, in the order in which HubSpot shows them. Archived ones, and what has no id, are left out.
pub fn parse(body: &[u8]) -> Result<Vec<Pipeline>, Malformed> {
    const EXPECTED: Malformed = Malformed("a list of pipelines");
    let value: Value = serde_json::from_slice(body).map_err(|_| EXPECTED)?;
    let results = value.get("results").and_then(Value::as_array).ok_or(EXPECTED)?;
    Ok(in_order(results).into_iter().filter_map(pipeline).collect())
}

/// The live ones by `displayOrder`; of equals, by label (SPEC `PipelineStage`).
fn in_order(entries: &[Value]) -> Vec<&Value> {
    let mut live: Vec<&Value> = entries.iter().filter(|entry| !json::flag(entry, "archived")).collect();
    live.sort_by_key(|entry| {
        let order = entry.get("displayOrder").and_then(json::whole).unwrap_or(i64::MAX);
        (order, json::text(entry, "label").unwrap_or_default())
    });
    live
}

fn pipeline(entry: &Value) -> Option<Pipeline> {
    let stages = entry.get("stages").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let stage = |entry: &Value| {
        let metadata = entry.get("metadata").and_then(Value::as_object).into_iter().flatten();
        Some(Stage {
            id: json::name(entry.get("id")?)?,
            label: json::text(entry, "label").unwrap_or_default().to_owned(),
            metadata: metadata
                .filter_map(|(name, value)| Some((name.clone(), json::plain(value)?)))
                .collect(),
        })
    };
    Some(Pipeline {
        id: json::name(entry.get("id")?)?,
        label: json::text(entry, "label").unwrap_or_default().to_owned(),
        stages: in_order(stages).into_iter().filter_map(stage).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_come_in_the_order_people_see_and_keep_what_they_mean() {
        let body = br#"{"results":[{"id":"default","label":"Sales","stages":[
            {"id":"won","label":"Won","displayOrder":2,"metadata":{"probability":1.0,"isClosed":"true"}},
            {"id":"b","label":"B","displayOrder":1},{"id":"a","label":"A","displayOrder":1},
            {"id":"old","displayOrder":0,"archived":true},{"label":"no id"}
        ]}]}"#;
        let pipelines = parse(body).unwrap();
        let ids: Vec<&str> = pipelines[0].stages.iter().map(|stage| stage.id.as_str()).collect();
        assert_eq!(ids, ["a", "b", "won"]);
        let won = &pipelines[0].stages[2].metadata;
        assert_eq!((won["probability"].as_str(), won["isClosed"].as_str()), ("1.0", "true"));
        assert!(parse(b"[]").is_err());
    }
}
