//! A filter as JSON: canonical, so that filters that are equal give equal text.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use serde_json::{Map, Value, json};

use super::{Condition, Filter, Number, Operand, Scalar, calendar};
use crate::values::time::Timestamp;

impl Filter {
    /// Canonical JSON: keys in one order, numbers and moments in one form, no spaces; lists as they were written.
    pub fn to_json(&self) -> String {
        self.to_value().to_string()
    }

    fn to_value(&self) -> Value {
        let all = |parts: &[Self]| Value::Array(parts.iter().map(Self::to_value).collect());
        match self {
            Self::And(parts) => json!({ "and": all(parts) }),
            Self::Or(parts) => json!({ "or": all(parts) }),
            Self::Not(part) => json!({ "not": part.to_value() }),
            Self::Condition(condition) => condition.to_value(),
        }
    }
}

impl Condition {
    fn to_value(&self) -> Value {
        let mut fields = Map::new();
        let mut set = |key: &str, value: Value| {
            fields.insert(key.to_owned(), value);
        };
        if let Some(of) = &self.of {
            set("of", json!(of));
        }
        set("property", json!(self.property));
        set("type", json!(self.kind.as_str()));
        set("operator", json!(self.operator.definition().name));
        match &self.operand {
            Operand::Nothing => {}
            Operand::One(value) => set("value", value.to_value()),
            Operand::Many(values) => set("values", values.iter().map(Scalar::to_value).collect()),
            Operand::Range(from, to) => {
                set("from", from.to_value());
                set("to", to.to_value());
            }
            Operand::Span(span) => {
                set("count", json!(span.count));
                set("unit", json!(span.unit.as_str()));
            }
            Operand::Period(period) => set("period", json!(period.name)),
        }
        Value::Object(fields)
    }
}

impl Scalar {
    fn to_value(&self) -> Value {
        match self {
            Self::Text { written, .. } => json!(written),
            Self::Choice(text) => json!(text),
            Self::Number(Number::Whole(number)) => json!(number),
            Self::Number(Number::Real(number)) => json!(number),
            Self::Bool(value) => json!(value),
            Self::Day(day) => json!(calendar::text(*day)),
            Self::Moment(moment) => json!(Timestamp(*moment).to_rfc3339()),
        }
    }
}

impl Serialize for Filter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_value().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Filter {
    /// Refuses what the parser refuses, with its first fault.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Self::from_value(&value).map_err(|faults| match faults.first() {
            Some(fault) => D::Error::custom(format_args!("{}: {}", fault.path, fault.detail)),
            None => D::Error::custom("not a filter"),
        })
    }
}
