//! Pipelines and their stages, of deals only (SPEC `pipelines.json`). Owns an account's; the stages decide what deals
//! may be set to and which count as closed. HubSpot's API also changes them; here only people do, in its pages.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::http::{Request, Response};
use crate::objects::input::{Selectors, not_modelled};
use crate::objects::kind::{DEALS, ObjectKind};
use crate::portal::{Portal, Turn};
use crate::schema::{Choice, DEAL_STAGES};
use crate::{Problem, time};

/// The one pipeline of a new account.
const DEFAULT: &str = "default";

/// Label and probability of [`DEAL_STAGES`], in their order.
const LABELS: [(&str, &str); 7] = [
    ("Appointment Scheduled", "0.2"),
    ("Qualified To Buy", "0.4"),
    ("Presentation Scheduled", "0.6"),
    ("Decision Maker Bought-In", "0.8"),
    ("Contract Sent", "0.9"),
    ("Closed Won", "1.0"),
    ("Closed Lost", "0.0"),
];

/// One pipeline, as the control API takes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Pipeline {
    pub id: String,
    pub label: String,
    #[serde(default)]
    pub display_order: i32,
    /// In their order.
    pub stages: Vec<Stage>,
    #[serde(skip)]
    pub(crate) created_at: u64,
    #[serde(skip)]
    pub(crate) updated_at: u64,
}

/// One stage. `metadata` of deals' stages: `probability` (`0.0` to `1.0`) and `isClosed`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Stage {
    pub id: String,
    pub label: String,
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
    #[serde(skip)]
    pub(crate) created_at: u64,
    #[serde(skip)]
    pub(crate) updated_at: u64,
}

/// An account's pipelines; empty of types that have none here.
#[derive(Debug, Default)]
pub(crate) struct Pipelines(Vec<Pipeline>);

/// What a stage makes of a deal: closed, won, probability.
pub(crate) type StageValues<'a> = [&'a str; 3];

impl Pipelines {
    /// What a new account has.
    pub fn first(kind: &ObjectKind) -> Self {
        if kind.type_id != DEALS.type_id {
            return Self::default();
        }
        // Any fixed day will do.
        let at = 1_577_836_800_000;
        let stage = |(id, (label, probability)): (&&str, (&str, &str))| Stage {
            id: (*id).to_owned(),
            label: label.into(),
            metadata: [
                ("probability".to_owned(), probability.to_owned()),
                ("isClosed".to_owned(), id.starts_with("closed").to_string()),
            ]
            .into(),
            created_at: at,
            updated_at: at,
        };
        let stages = DEAL_STAGES.iter().zip(LABELS).map(stage).collect();
        let label = "Sales Pipeline".to_owned();
        Self(vec![Pipeline {
            id: DEFAULT.into(),
            label,
            display_order: 0,
            stages,
            created_at: at,
            updated_at: at,
        }])
    }

    pub fn iter(&self) -> impl Iterator<Item = &Pipeline> {
        self.0.iter()
    }

    /// What a stage makes of a deal in it. A stage that is gone counts as open.
    pub fn stage_values(&self, id: &str) -> StageValues<'_> {
        let stage = self.0.iter().flat_map(|pipeline| &pipeline.stages).find(|stage| stage.id == id);
        let of = |name: &str| stage.and_then(|stage| stage.metadata.get(name)).map_or("", String::as_str);
        let probability = of("probability");
        let closed = of("isClosed") == "true";
        let won = closed && probability.parse::<f64>().is_ok_and(|probability| probability >= 1.0);
        let text = |yes| if yes { "true" } else { "false" };
        [text(closed), text(won), if probability.is_empty() { "0" } else { probability }]
    }

    /// The pipeline a stage belongs to.
    pub fn of_stage(&self, stage: &str) -> Option<&Pipeline> {
        self.0.iter().find(|pipeline| pipeline.stages.iter().any(|own| own.id == stage))
    }

    /// The options of `pipeline` and `dealstage`.
    pub fn choices(&self) -> [Vec<Choice>; 2] {
        let choice = |(display_order, (value, label)): (i32, (&str, &str))| Choice {
            label: label.into(),
            value: value.into(),
            display_order,
            hidden: false,
            description: None,
        };
        let pipelines = self.0.iter().map(|own| (own.id.as_str(), own.label.as_str()));
        let stages =
            self.0.iter().flat_map(|own| &own.stages).map(|own| (own.id.as_str(), own.label.as_str()));
        [(0..).zip(pipelines).map(choice).collect(), (0..).zip(stages).map(choice).collect()]
    }

    fn put(&mut self, now_ms: u64, mut pipeline: Pipeline) {
        let old = self.0.iter().position(|own| own.id == pipeline.id);
        pipeline.created_at = old.map_or(now_ms, |at| self.0[at].created_at);
        pipeline.updated_at = now_ms;
        for stage in &mut pipeline.stages {
            let before = old.and_then(|at| self.0[at].stages.iter().find(|own| own.id == stage.id));
            stage.created_at = before.map_or(now_ms, |own| own.created_at);
            let same = before.is_some_and(|own| own.label == stage.label && own.metadata == stage.metadata);
            stage.updated_at = before.filter(|_| same).map_or(now_ms, |own| own.updated_at);
        }
        match old {
            Some(at) => self.0[at] = pipeline,
            None => self.0.push(pipeline),
        }
    }
}

impl Stage {
    fn json(&self, display_order: usize) -> Value {
        json!({
            "id": self.id,
            "label": self.label,
            "displayOrder": display_order,
            "metadata": self.metadata,
            "createdAt": time::iso(self.created_at),
            "updatedAt": time::iso(self.updated_at),
            "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
            "archived": false,
        })
    }
}

impl Pipeline {
    fn stages_json(&self) -> Vec<Value> {
        self.stages.iter().enumerate().map(|(order, stage)| stage.json(order)).collect()
    }

    fn json(&self) -> Value {
        json!({
            "id": self.id,
            "label": self.label,
            "displayOrder": self.display_order,
            "stages": self.stages_json(),
            "createdAt": time::iso(self.created_at),
            "updatedAt": time::iso(self.updated_at),
            "archived": false,
        })
    }
}

/// Changes as people make them in HubSpot's pages. Deals in a stage that is gone keep it; what counts as closed follows
/// the stages at once, without the deals being modified.
impl Portal {
    /// Adds a pipeline of deals, or replaces the one with the same id, stages and all.
    pub fn put_pipeline(&mut self, turn: &mut Turn<'_>, pipeline: Pipeline) {
        let (store, rng) = self.store_mut(&DEALS);
        store.pipelines.put(turn.now_ms, pipeline);
        store.follow_pipelines(turn, rng);
    }

    /// Removes a pipeline of deals; whether there was one.
    pub fn remove_pipeline(&mut self, turn: &mut Turn<'_>, id: &str) -> bool {
        let (store, rng) = self.store_mut(&DEALS);
        let before = store.pipelines.0.len();
        store.pipelines.0.retain(|own| own.id != id);
        let removed = store.pipelines.0.len() < before;
        store.follow_pipelines(turn, rng);
        removed
    }

    /// Deals' pipelines, in their order.
    pub fn pipelines(&self) -> impl Iterator<Item = &Pipeline> {
        self.store(&DEALS).pipelines.iter()
    }
}

/// `GET /crm/pipelines/2026-09/{type}`, `/{pipelineId}`, `/{pipelineId}/stages`, `/{pipelineId}/stages/{stageId}`;
/// `rest` is the path behind the type.
pub(crate) fn read(
    portal: &Portal,
    kind: &ObjectKind,
    rest: &[&str],
    request: &Request,
) -> Result<Response, Problem> {
    Selectors::parse(request, &[])?;
    if kind.type_id != DEALS.type_id {
        return Err(not_modelled(&format!("pipelines of {}", kind.name)));
    }
    let pipelines = &portal.store(kind).pipelines.0;
    let named = |id: &str| {
        let found = pipelines.iter().find(|own| own.id == id);
        found.ok_or_else(|| {
            let message = format!("Unable to find the pipeline with id {id}");
            Problem::category(404, "OBJECT_NOT_FOUND", message)
        })
    };
    let body = match *rest {
        [] => json!({"results": pipelines.iter().map(Pipeline::json).collect::<Vec<_>>()}),
        [id] => named(id)?.json(),
        [id, "stages"] => json!({"results": named(id)?.stages_json()}),
        [id, "stages", stage] => {
            let stages = &named(id)?.stages;
            let at = stages.iter().position(|own| own.id == stage).ok_or_else(|| {
                Problem::category(
                    404,
                    "OBJECT_NOT_FOUND",
                    format!("Unable to find the stage with id {stage}"),
                )
            })?;
            stages[at].json(at)
        }
        _ => return Err(not_modelled("the audit of pipelines")),
    };
    Ok(Response::json(200, &body))
}
