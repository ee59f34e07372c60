//! A filter in words for people: "Lifecycle stage is Customer and Close date is within the next 7 days".

use super::{Condition, Field, Fields, Filter, Kind, Number, Operand, Operator, Scalar, calendar};
use crate::values::time::Timestamp;

/// Values of a list that are named; the rest is counted.
const NAMED: usize = 10;

impl Filter {
    /// The filter as a sentence without its full stop, with the labels that `fields` knows.
    pub fn describe(&self, fields: &dyn Fields) -> String {
        let mut out = String::new();
        self.write_words(fields, false, &mut out);
        match out.chars().next() {
            Some(first) => first.to_uppercase().chain(out.chars().skip(1)).collect(),
            None => out,
        }
    }

    fn write_words(&self, fields: &dyn Fields, nested: bool, out: &mut String) {
        match self {
            Self::And(parts) if parts.is_empty() => out.push_str("every record"),
            Self::And(parts) | Self::Or(parts) if parts.len() == 1 => {
                for part in parts {
                    part.write_words(fields, nested, out);
                }
            }
            Self::And(parts) | Self::Or(parts) => {
                if nested {
                    out.push('(');
                }
                for (index, part) in parts.iter().enumerate() {
                    if index > 0 {
                        out.push_str(if matches!(self, Self::And(_)) { " and " } else { " or " });
                    }
                    part.write_words(fields, true, out);
                }
                if nested {
                    out.push(')');
                }
            }
            Self::Not(part) => {
                out.push_str("not (");
                part.write_words(fields, false, out);
                out.push(')');
            }
            Self::Condition(condition) => condition.write_words(fields, out),
        }
    }
}

impl Condition {
    /// The condition alone, as it stands in [`Filter::describe`].
    pub fn describe(&self, fields: &dyn Fields) -> String {
        let mut out = String::new();
        self.write_words(fields, &mut out);
        out
    }

    fn write_words(&self, fields: &dyn Fields, out: &mut String) {
        let field = fields.field(self.of(), self.property());
        let field = field.as_ref();
        if let Some(of) = self.of() {
            out.push_str(&of.replace('_', " "));
            out.push_str("'s ");
        }
        out.push_str(field.map_or(self.property(), |field| field.label));
        out.push(' ');
        let words = self.operator.definition().words;
        let one = |scalar: &Scalar| scalar.words(field);
        let rest = match &self.operand {
            Operand::Nothing => words.to_owned(),
            Operand::One(value) => format!("{words} {}", one(value)),
            Operand::Many(values) => {
                let last =
                    if matches!(self.operator, Operator::AllOf | Operator::Exactly) { "and" } else { "or" };
                // Of a single value the words of the plain operator read better.
                let words = match (self.operator, &values[..]) {
                    (Operator::AnyOf, [_]) => Operator::Is.definition().words,
                    (Operator::NoneOf, [_]) => Operator::IsNot.definition().words,
                    (Operator::AllOf, [_]) => Operator::Contains.definition().words,
                    _ => words,
                };
                format!("{words} {}", list(values.iter().map(one), values.len(), last))
            }
            Operand::Range(from, to) => format!("{words} {} and {}", one(from), one(to)),
            Operand::Span(span) => {
                let unit = span.unit.as_str();
                let unit = if span.count == 1 { &unit[..unit.len() - 1] } else { unit };
                let end = match self.operator {
                    Operator::MoreThanAgo => " ago",
                    Operator::MoreThanFromNow => " from now",
                    _ => "",
                };
                format!("{words} {} {unit}{end}", span.count)
            }
            Operand::Period(period) => format!("{words} {}", period.name.replace('_', " ")),
        };
        out.push_str(&rest);
    }
}

impl Scalar {
    fn words(&self, field: Option<&Field<'_>>) -> String {
        match self {
            Scalar::Text { written, .. } => format!("\"{written}\""),
            Scalar::Choice(value) => {
                let options = field.map_or(&[][..], |field| &field.options);
                let label = options.iter().find(|(option, _)| option == value).map(|(_, label)| *label);
                label.filter(|label| !label.is_empty()).unwrap_or(value).to_owned()
            }
            Scalar::Number(Number::Whole(number)) => grouped(*number),
            Scalar::Number(Number::Real(number)) => number.to_string(),
            Scalar::Bool(true) => "yes".to_owned(),
            Scalar::Bool(false) => "no".to_owned(),
            Scalar::Day(day) => calendar::text(*day),
            Scalar::Moment(moment) => Timestamp(*moment).to_rfc3339(),
        }
    }
}

impl Kind {
    /// What a person calls such a field.
    pub const fn words(self) -> &'static str {
        match self {
            Self::String => "a text field",
            Self::PhoneNumber => "a telephone field",
            Self::Number => "a number field",
            Self::Bool => "a yes/no field",
            Self::Enumeration => "a field of options",
            Self::Date => "a date field",
            Self::Datetime => "a date and time field",
        }
    }
}

/// `a, b or c`; of many the first ten and how many more.
fn list(values: impl Iterator<Item = String>, count: usize, last: &str) -> String {
    let mut named: Vec<String> = values.take(NAMED).collect();
    if count > NAMED {
        named.push(format!("{} more", count - NAMED));
    }
    match named.pop() {
        Some(end) if named.is_empty() => end,
        Some(end) => format!("{} {last} {end}", named.join(", ")),
        None => String::new(),
    }
}

/// `1234567` as `1,234,567`.
fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut out = String::from(if number < 0 { "-" } else { "" });
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
