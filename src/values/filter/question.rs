//! A condition as one question to one value, with every reference to time resolved: for who has many records before him and asks another
//! machine than [`super::evaluate`] about them. What it says of a value is what the evaluator says.

use std::cmp::Ordering;

use super::{Condition, Context, Kind, Number, Operand, Operator, Scalar};

/// What a condition asks, and which answer it takes.
#[derive(Debug, Clone, PartialEq)]
pub struct Question<'a> {
    /// It holds where the answer is no. Of a property without a value every answer is no.
    pub negated: bool,
    /// What is asked.
    pub asked: Asked<'a>,
}

/// What is asked of a value.
#[derive(Debug, Clone, PartialEq)]
pub enum Asked<'a> {
    /// Whether there is one.
    Known,
    /// Whether its text is one of these, or is about one of them as the relation says.
    Text {
        /// Folded as telephone numbers are: without spaces and `-./()`.
        phone: bool,
        /// How they relate.
        relation: Relation,
        /// Folded, as the value has to be. One, unless they are to be the same.
        folded: Vec<&'a str>,
    },
    /// Whether its options are these, in the way that `among` says.
    Options {
        /// Which of them.
        among: Among,
        /// Values of options, at least one.
        options: Vec<&'a str>,
    },
    /// Whether it is that.
    Bool(bool),
    /// Whether it is a number of one of these.
    Numbers(Vec<Numbers>),
    /// Whether it is a moment from the first to the last, both in milliseconds since 1970-01-01T00:00:00Z; a day is its first moment
    /// in UTC.
    Moments {
        /// The first.
        first: i64,
        /// The last. Before the first: none is.
        last: i64,
        /// Both move on with time, and never back.
        moving: bool,
    },
    /// Whether it changed, of which the value alone tells nothing.
    Change,
}

/// How a text is to relate to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// It is the same.
    Same,
    /// It contains it.
    Contains,
    /// It begins with it.
    Starts,
    /// It ends with it.
    Ends,
}

/// Which of the options a value is to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Among {
    /// At least one.
    Any,
    /// Each, and others too.
    All,
    /// Each, and no other.
    Exactly,
}

/// Numbers that follow each other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Numbers {
    /// First and last of those that a value may have as a whole number; exact. `None`: none.
    pub whole: Option<(i64, i64)>,
    /// Least and greatest as doubles, to which a bound belongs also where it is itself left out.
    pub real: (f64, f64),
}

impl Condition {
    /// What it asks of a value at that time.
    pub fn question(&self, context: Context) -> Question<'_> {
        let negated = matches!(
            self.operator,
            Operator::IsNot | Operator::NoneOf | Operator::NotContains | Operator::Unknown
        );
        Question { negated, asked: self.asked(context) }
    }

    fn asked(&self, context: Context) -> Asked<'_> {
        match self.operator {
            Operator::Known | Operator::Unknown => return Asked::Known,
            Operator::Changed | Operator::ChangedTo | Operator::ChangedFrom => return Asked::Change,
            _ => {}
        }
        let values: &[Scalar] = match &self.operand {
            Operand::One(value) => std::slice::from_ref(value),
            Operand::Many(values) => values,
            Operand::Nothing | Operand::Range(..) | Operand::Span(_) | Operand::Period(_) => &[],
        };
        match self.kind {
            Kind::String | Kind::PhoneNumber => {
                let relation = match self.operator {
                    Operator::Contains | Operator::NotContains => Relation::Contains,
                    Operator::StartsWith => Relation::Starts,
                    Operator::EndsWith => Relation::Ends,
                    _ => Relation::Same,
                };
                let folded = values.iter().filter_map(|value| match value {
                    Scalar::Text { folded, .. } => Some(folded.as_str()),
                    _ => None,
                });
                let folded = folded.collect();
                Asked::Text { phone: self.kind == Kind::PhoneNumber, relation, folded }
            }
            Kind::Enumeration => {
                let options = values.iter().filter_map(|value| match value {
                    Scalar::Choice(choice) => Some(choice.as_str()),
                    _ => None,
                });
                let among = match self.operator {
                    Operator::AllOf => Among::All,
                    Operator::Exactly => Among::Exactly,
                    _ => Among::Any,
                };
                Asked::Options { among, options: options.collect() }
            }
            Kind::Bool => Asked::Bool(values.contains(&Scalar::Bool(true))),
            Kind::Number => Asked::Numbers(self.numbers(values)),
            Kind::Date | Kind::Datetime => {
                let (first, last) = self.selected_ms(context);
                Asked::Moments { first, last, moving: self.depends_on_time() }
            }
        }
    }

    fn numbers(&self, values: &[Scalar]) -> Vec<Numbers> {
        let number = |value: &Scalar| if let Scalar::Number(number) = value { Some(*number) } else { None };
        if let Operand::Range(from, to) = &self.operand {
            let both = number(from).zip(number(to));
            return both.map(|(from, to)| Numbers::between(Some(from), Some(to))).into_iter().collect();
        }
        let of = |bound: Number| match self.operator {
            // Whole numbers are told exactly: what is below is all that is not from there on.
            Operator::LessThan => {
                Numbers { whole: before(not_below(bound)), ..Numbers::between(None, Some(bound)) }
            }
            Operator::AtMost => Numbers::between(None, Some(bound)),
            Operator::GreaterThan => {
                Numbers { whole: from(above(bound)), ..Numbers::between(Some(bound), None) }
            }
            Operator::AtLeast => Numbers::between(Some(bound), None),
            _ => Numbers::between(Some(bound), Some(bound)),
        };
        values.iter().filter_map(number).map(of).collect()
    }
}

impl Numbers {
    fn between(least: Option<Number>, greatest: Option<Number>) -> Self {
        let first = least.map_or(i128::from(i64::MIN), not_below);
        let end = greatest.map_or(i128::from(i64::MAX) + 1, above);
        let whole = from(first).zip(before(end)).filter(|((first, _), (_, last))| first <= last);
        Self {
            whole: whole.map(|((first, _), (_, last))| (first, last)),
            real: (least.map_or(f64::NEG_INFINITY, real), greatest.map_or(f64::INFINITY, real)),
        }
    }
}

const fn real(number: Number) -> f64 {
    match number {
        Number::Whole(number) => number as f64,
        Number::Real(number) => number,
    }
}

/// Whole numbers from one on.
fn from(first: i128) -> Option<(i64, i64)> {
    i64::try_from(first).ok().map(|first| (first, i64::MAX))
}

/// Whole numbers before one.
fn before(end: i128) -> Option<(i64, i64)> {
    i64::try_from(end - 1).ok().map(|last| (i64::MIN, last))
}

/// The first whole number that is not less than another number; one beyond all of them if none is.
fn not_below(bound: Number) -> i128 {
    first_where(|whole| Number::Whole(whole).order(bound) != Ordering::Less)
}

/// The first whole number that is greater than another number; one beyond all of them if none is.
fn above(bound: Number) -> i128 {
    first_where(|whole| Number::Whole(whole).order(bound) == Ordering::Greater)
}

/// Numbers compare as the evaluator compares them, so that nothing is said twice: by halves, 64 comparisons.
fn first_where(holds: impl Fn(i64) -> bool) -> i128 {
    let (mut below, mut at) = (i128::from(i64::MIN) - 1, i128::from(i64::MAX) + 1);
    while at - below > 1 {
        let middle = below + (at - below) / 2;
        if i64::try_from(middle).is_ok_and(&holds) { at = middle } else { below = middle }
    }
    at
}
