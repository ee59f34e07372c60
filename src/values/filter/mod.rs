//! The filter: one typed condition language over properties, used wherever records are selected (channels, qualifying
//! lists, audiences, conditions of workflows).
//!
//! ```json
//! {"and": [
//!   {"property": "lifecyclestage", "type": "enumeration", "operator": "is", "value": "customer"},
//!   {"property": "closedate", "type": "datetime", "operator": "within_next", "count": 7, "unit": "days", "of": "deal"}
//! ]}
//! ```
//!
//! A filter is `{"and": […]}`, `{"or": […]}`, `{"not": …}` or one condition. A condition names a property, the type its
//! values are read as (HubSpot's names), an operator and what the operator takes ([`OPERATORS`] is the whole language).
//! `of` names what the property belongs to if that is not the record itself: an associated record, a signal, an account; who
//! evaluates decides which names there are. `{"and": []}` selects every record.
//!
//! # Two values, no third
//!
//! A filter is true or false of a record, never unknown, and `not` turns exactly one into the other: every record is
//! selected either by a filter or by its negation. Therefore:
//!
//! - A positive operator is false of a property without a value, and of a value that cannot be read as its type (`1;2` as
//!   a number). So is every ordering operator, and so are both `amount > 5` and `amount <= 5` of such a record.
//! - A negative operator (`is_not`, `none_of`, `not_contains`, `unknown`) is the negation of its positive twin: true of a
//!   property without a value, as in HubSpot's own search (`hubspot-api.md` 4.6). Who wants only records that have a value adds
//!   `known`.
//! - `known` asks whether there is a value, not whether it can be read. Empty text is no value: it is how HubSpot clears.
//! - `changed`, `changed_to` and `changed_from` compare with the values before a change; without these they are false.
//!
//! # How values compare
//!
//! Texts ignore case (e-mail addresses too), telephone numbers ignore case, spaces and `-./()`, enumerations compare exactly by
//! option value, and a value with semicolons is several options. Days are days of the portal's time zone, given as an offset from
//! UTC: `within_next 7 days` is from today to the day seven days after, both included, whatever the hour; a month is a month of the
//! calendar, cut at its end (31 January and one month is the last of February); weeks begin on Monday (ISO 8601). Hours count
//! from the moment, and only for `datetime`.
//!
//! Nothing here knows HubSpot's requests or the store: values come through [`Values`], definitions through [`Fields`].

mod calendar;
mod check;
mod evaluate;
mod parse;
pub(in crate::values) mod reading;
mod schema;
mod words;
mod write;

#[cfg(test)]
pub(crate) mod tests;

use std::{cmp::Ordering, collections::BTreeSet, fmt::Write as _};

use serde::{Deserialize, Serialize};

pub use check::{Field, Fields, NoFields, Use};
pub use evaluate::{Context, Finding, Lookup, Values};
pub use schema::schema;

/// Levels of groups. Each is one call on the stack; people nest two or three.
pub const MAX_DEPTH: usize = 8;
/// Conditions in a filter. HubSpot's own search takes 18; at 0.2 µs each, a full filter costs 20 µs a record.
pub const MAX_CONDITIONS: usize = 100;
/// Values of one condition. HubSpot's search takes 100; 500 comparisons cost a microsecond.
pub const MAX_VALUES: usize = 500;
/// Characters of one value. Longer than any name, address or option; HubSpot's texts go to 65,536.
pub const MAX_TEXT: usize = 500;
/// Characters of a property's name; HubSpot's own limit (`hubspot-api.md` 5).
pub const MAX_NAME: usize = 100;
/// Hours, days, weeks or months of a span: 10,000 months are 833 years, so that no date leaves the calendar.
pub const MAX_COUNT: i64 = 10_000;
/// Bytes of a filter's JSON: 100 conditions of 160 bytes and 2,000 values of 24.
pub const MAX_BYTES: usize = 65_536;

/// A filter, parsed. Made only by the parser, which holds the limits.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// All of them; of none: true.
    And(Vec<Filter>),
    /// At least one of them.
    Or(Vec<Filter>),
    /// Not that.
    Not(Box<Filter>),
    /// One condition.
    Condition(Condition),
}

/// One condition over one property.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    of: Option<String>,
    property: String,
    kind: Kind,
    operator: Operator,
    operand: Operand,
}

/// What a property's values are read as; HubSpot's names on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// `string`.
    String,
    /// `phone_number`.
    PhoneNumber,
    /// `number`.
    Number,
    /// `bool`.
    Bool,
    /// `enumeration`, of one option or several.
    Enumeration,
    /// `date`: a day without a time zone.
    Date,
    /// `datetime`: a moment.
    Datetime,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::String,
        Self::PhoneNumber,
        Self::Number,
        Self::Bool,
        Self::Enumeration,
        Self::Date,
        Self::Datetime,
    ];

    /// HubSpot's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::PhoneNumber => "phone_number",
            Self::Number => "number",
            Self::Bool => "bool",
            Self::Enumeration => "enumeration",
            Self::Date => "date",
            Self::Datetime => "datetime",
        }
    }
}

/// What a condition asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // the table says it
pub enum Operator {
    Is,
    IsNot,
    AnyOf,
    NoneOf,
    AllOf,
    Exactly,
    Contains,
    NotContains,
    StartsWith,
    EndsWith,
    LessThan,
    AtMost,
    GreaterThan,
    AtLeast,
    Between,
    Before,
    After,
    On,
    WithinNext,
    WithinLast,
    MoreThanAgo,
    MoreThanFromNow,
    InPeriod,
    Known,
    Unknown,
    Changed,
    ChangedTo,
    ChangedFrom,
}

/// What an operator takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Nothing.
    Nothing,
    /// `value`: one value of the condition's type.
    Value,
    /// `values`: at least one.
    Values,
    /// `from` and `to`, both included.
    Range,
    /// `count` and `unit`.
    Span,
    /// `period`.
    Period,
}

impl Shape {
    /// The keys it takes, besides those of every condition.
    pub const fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Nothing => &[],
            Self::Value => &["value"],
            Self::Values => &["values"],
            Self::Range => &["from", "to"],
            Self::Span => &["count", "unit"],
            Self::Period => &["period"],
        }
    }
}

/// One operator of the language.
#[derive(Debug, Clone, Copy)]
pub struct Definition {
    /// Which.
    pub operator: Operator,
    /// Its name on the wire.
    pub name: &'static str,
    /// How it reads after the field's label.
    pub words: &'static str,
    /// What it takes.
    pub shape: Shape,
    /// The types it is for.
    pub kinds: &'static [Kind],
}

const TEXTS: &[Kind] = &[Kind::String, Kind::PhoneNumber];
const NUMBERS: &[Kind] = &[Kind::Number];
const OPTIONS: &[Kind] = &[Kind::Enumeration];
const DATES: &[Kind] = &[Kind::Date, Kind::Datetime];
const ORDERED: &[Kind] = &[Kind::Number, Kind::Date, Kind::Datetime];
const SCALARS: &[Kind] = &[Kind::String, Kind::PhoneNumber, Kind::Number, Kind::Bool, Kind::Enumeration];
const MANY: &[Kind] = &[Kind::String, Kind::PhoneNumber, Kind::Number, Kind::Enumeration];

const fn row(
    operator: Operator,
    name: &'static str,
    words: &'static str,
    shape: Shape,
    kinds: &'static [Kind],
) -> Definition {
    Definition { operator, name, words, shape, kinds }
}

/// Every operator: parser, schema, words and editors go by this table. In the enum's order.
pub const OPERATORS: [Definition; 28] = [
    row(Operator::Is, "is", "is", Shape::Value, SCALARS),
    row(Operator::IsNot, "is_not", "is not", Shape::Value, SCALARS),
    row(Operator::AnyOf, "any_of", "is any of", Shape::Values, MANY),
    row(Operator::NoneOf, "none_of", "is none of", Shape::Values, MANY),
    row(Operator::AllOf, "all_of", "contains all of", Shape::Values, OPTIONS),
    row(Operator::Exactly, "exactly", "is exactly", Shape::Values, OPTIONS),
    row(Operator::Contains, "contains", "contains", Shape::Value, TEXTS),
    row(Operator::NotContains, "not_contains", "does not contain", Shape::Value, TEXTS),
    row(Operator::StartsWith, "starts_with", "starts with", Shape::Value, TEXTS),
    row(Operator::EndsWith, "ends_with", "ends with", Shape::Value, TEXTS),
    row(Operator::LessThan, "less_than", "is less than", Shape::Value, NUMBERS),
    row(Operator::AtMost, "at_most", "is at most", Shape::Value, NUMBERS),
    row(Operator::GreaterThan, "greater_than", "is greater than", Shape::Value, NUMBERS),
    row(Operator::AtLeast, "at_least", "is at least", Shape::Value, NUMBERS),
    row(Operator::Between, "between", "is between", Shape::Range, ORDERED),
    row(Operator::Before, "before", "is before", Shape::Value, DATES),
    row(Operator::After, "after", "is after", Shape::Value, DATES),
    row(Operator::On, "on", "is on", Shape::Value, DATES),
    row(Operator::WithinNext, "within_next", "is within the next", Shape::Span, DATES),
    row(Operator::WithinLast, "within_last", "is within the last", Shape::Span, DATES),
    row(Operator::MoreThanAgo, "more_than_ago", "is more than", Shape::Span, DATES),
    row(Operator::MoreThanFromNow, "more_than_from_now", "is more than", Shape::Span, DATES),
    row(Operator::InPeriod, "in_period", "is", Shape::Period, DATES),
    row(Operator::Known, "known", "is known", Shape::Nothing, &Kind::ALL),
    row(Operator::Unknown, "unknown", "is unknown", Shape::Nothing, &Kind::ALL),
    row(Operator::Changed, "changed", "changed", Shape::Nothing, &Kind::ALL),
    row(Operator::ChangedTo, "changed_to", "changed to", Shape::Value, SCALARS),
    row(Operator::ChangedFrom, "changed_from", "changed from", Shape::Value, SCALARS),
];

impl Operator {
    /// Its row of the table.
    pub const fn definition(self) -> &'static Definition {
        &OPERATORS[self as usize]
    }
}

/// What stands in a condition after its operator.
#[derive(Debug, Clone, PartialEq)]
enum Operand {
    Nothing,
    One(Scalar),
    Many(Vec<Scalar>),
    Range(Scalar, Scalar),
    Span(Span),
    Period(Period),
}

/// One value of a condition.
#[derive(Debug, Clone, PartialEq)]
enum Scalar {
    /// As written, and as compared: [`reading::fold`] or [`reading::fold_phone`].
    Text {
        written: String,
        folded: String,
    },
    /// An option's value; compared as it is.
    Choice(String),
    Number(Number),
    Bool(bool),
    /// A day: days since 1970-01-01.
    Day(i64),
    /// A moment: milliseconds since 1970-01-01T00:00:00Z.
    Moment(i64),
}

/// A number as exact as it came: identifiers beyond 2^53 stay whole.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::values) enum Number {
    Whole(i64),
    /// Finite, and not a whole number below 2^53.
    Real(f64),
}

/// `count` units of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    count: i64,
    unit: Unit,
}

/// A unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Hours,
    Days,
    Weeks,
    Months,
}

impl Unit {
    const ALL: [Self; 4] = [Self::Hours, Self::Days, Self::Weeks, Self::Months];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Hours => "hours",
            Self::Days => "days",
            Self::Weeks => "weeks",
            Self::Months => "months",
        }
    }

    /// Whether it may measure values of that kind: a date has no hours.
    fn suits(self, kind: Kind) -> bool {
        self != Self::Hours || kind == Kind::Datetime
    }
}

/// A day, week, month, quarter or year of the calendar, seen from today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Period {
    name: &'static str,
    /// -1: the one before; 0: this one; 1: the next.
    shift: i64,
    length: Length,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Length {
    Day,
    Week,
    /// Of so many months, counted from January.
    Months(i64),
}

impl Period {
    const ALL: [Self; 15] = [
        Self { name: "yesterday", shift: -1, length: Length::Day },
        Self { name: "today", shift: 0, length: Length::Day },
        Self { name: "tomorrow", shift: 1, length: Length::Day },
        Self { name: "last_week", shift: -1, length: Length::Week },
        Self { name: "this_week", shift: 0, length: Length::Week },
        Self { name: "next_week", shift: 1, length: Length::Week },
        Self { name: "last_month", shift: -1, length: Length::Months(1) },
        Self { name: "this_month", shift: 0, length: Length::Months(1) },
        Self { name: "next_month", shift: 1, length: Length::Months(1) },
        Self { name: "last_quarter", shift: -1, length: Length::Months(3) },
        Self { name: "this_quarter", shift: 0, length: Length::Months(3) },
        Self { name: "next_quarter", shift: 1, length: Length::Months(3) },
        Self { name: "last_year", shift: -1, length: Length::Months(12) },
        Self { name: "this_year", shift: 0, length: Length::Months(12) },
        Self { name: "next_year", shift: 1, length: Length::Months(12) },
    ];
}

/// What is wrong with a filter, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// JSON Pointer (RFC 6901) into the filter; empty for the whole.
    pub path: String,
    /// What kind; stable on the wire.
    pub code: Code,
    /// A sentence for a person: what is wrong and what would be right.
    pub detail: String,
}

/// Kinds of [`Fault`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The text is no JSON.
    NotJson,
    /// Not of the shape that the schema describes.
    Shape,
    /// Beyond a limit.
    Limit,
    /// A value that cannot be, as 30 February, or a range that ends before it begins.
    Impossible,
    /// What it asks for is not to be had of this account, or not any more.
    Unavailable,
    /// No such field.
    UnknownField,
    /// The field is of another type.
    WrongType,
    /// Nobody but HubSpot writes the field.
    ReadOnly,
    /// The field has no such option.
    UnknownOption,
    /// The condition can never hold.
    Never,
    /// Asks for a change where records are selected by what they are.
    ChangeNotAllowed,
}

impl Code {
    /// Every code.
    pub const ALL: [Self; 11] = [
        Self::NotJson,
        Self::Shape,
        Self::Limit,
        Self::Impossible,
        Self::Unavailable,
        Self::UnknownField,
        Self::WrongType,
        Self::ReadOnly,
        Self::UnknownOption,
        Self::Never,
        Self::ChangeNotAllowed,
    ];

    /// Whether it says that a filter does not fit the fields of this account, and not that it is none.
    pub const fn is_of_account(self) -> bool {
        match self {
            Self::Unavailable
            | Self::UnknownField
            | Self::WrongType
            | Self::ReadOnly
            | Self::UnknownOption
            | Self::Never
            | Self::ChangeNotAllowed => true,
            Self::NotJson | Self::Shape | Self::Limit | Self::Impossible => false,
        }
    }

    /// As on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotJson => "not_json",
            Self::Shape => "shape",
            Self::Limit => "limit",
            Self::Impossible => "impossible",
            Self::Unavailable => "unavailable",
            Self::UnknownField => "unknown_field",
            Self::WrongType => "wrong_type",
            Self::ReadOnly => "read_only",
            Self::UnknownOption => "unknown_option",
            Self::Never => "never",
            Self::ChangeNotAllowed => "change_not_allowed",
        }
    }
}

/// What `in_period` can name, for editors.
pub fn periods() -> impl Iterator<Item = &'static str> {
    Period::ALL.iter().map(|period| period.name)
}

/// The units in which spans of a kind's values can be measured, for editors.
pub fn units(kind: Kind) -> impl Iterator<Item = &'static str> {
    Unit::ALL.into_iter().filter(move |unit| unit.suits(kind)).map(Unit::as_str)
}

impl Filter {
    /// Every condition, in the order written.
    pub fn conditions(&self) -> Vec<&Condition> {
        let mut found = Vec::new();
        self.visit(&mut String::new(), &mut |_, condition| found.push(condition));
        found
    }

    /// Shows every condition with its path, in the order written.
    fn visit<'a>(&'a self, path: &mut String, show: &mut dyn FnMut(&str, &'a Condition)) {
        let length = path.len();
        match self {
            Self::And(parts) | Self::Or(parts) => {
                let key = if matches!(self, Self::And(_)) { "and" } else { "or" };
                for (index, part) in parts.iter().enumerate() {
                    write!(path, "/{key}/{index}").expect("a String takes any text");
                    part.visit(path, show);
                    path.truncate(length);
                }
            }
            Self::Not(part) => {
                path.push_str("/not");
                part.visit(path, show);
                path.truncate(length);
            }
            Self::Condition(condition) => show(path, condition),
        }
    }

    /// The properties it reads: what they belong to (`None`: the record) and their names.
    pub fn properties(&self) -> BTreeSet<(Option<&str>, &str)> {
        self.conditions().iter().map(|condition| (condition.of(), condition.property())).collect()
    }

    /// Whether its result may change with time alone; [`Filter::next_change_at`] tells when.
    pub fn depends_on_time(&self) -> bool {
        self.conditions().iter().any(|condition| condition.depends_on_time())
    }

    /// Whether it asks for days or moments, which an account's offset from UTC has a part in.
    pub fn depends_on_days(&self) -> bool {
        self.conditions().iter().any(|condition| matches!(condition.kind, Kind::Date | Kind::Datetime))
    }

    /// Whether it asks what changed, so that it selects changes and not records.
    pub fn depends_on_change(&self) -> bool {
        self.conditions().iter().any(|condition| condition.depends_on_change())
    }
}

impl Condition {
    /// What the property belongs to; `None`: the record itself.
    pub fn of(&self) -> Option<&str> {
        self.of.as_deref()
    }

    /// The property's name.
    pub fn property(&self) -> &str {
        &self.property
    }

    /// What its values are read as.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// What is asked.
    pub const fn operator(&self) -> Operator {
        self.operator
    }

    fn depends_on_time(&self) -> bool {
        matches!(self.operand, Operand::Span(_) | Operand::Period(_))
    }

    fn depends_on_change(&self) -> bool {
        matches!(self.operator, Operator::Changed | Operator::ChangedTo | Operator::ChangedFrom)
    }
}

impl Scalar {
    /// By size; `None` for what cannot be compared.
    fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Number(one), Self::Number(other)) => Some(one.order(*other)),
            (Self::Bool(one), Self::Bool(other)) => Some(one.cmp(other)),
            (Self::Day(one), Self::Day(other)) | (Self::Moment(one), Self::Moment(other)) => {
                Some(one.cmp(other))
            }
            _ => None,
        }
    }
}

impl Number {
    /// By size. Whole numbers compare exactly, others as doubles.
    fn order(self, other: Self) -> Ordering {
        let real = |number| match number {
            Self::Whole(number) => number as f64,
            Self::Real(number) => number,
        };
        match (self, other) {
            (Self::Whole(one), Self::Whole(other)) => one.cmp(&other),
            _ => real(self).total_cmp(&real(other)),
        }
    }

    /// A double; `None` if it is not finite. Whole ones within 2^53 are kept as such, so that 5 and 5.0 are one number.
    pub(in crate::values) fn from_real(number: f64) -> Option<Self> {
        const EXACT: f64 = 9_007_199_254_740_992.0;
        if number.fract() == 0.0 && number.abs() <= EXACT {
            return Some(Self::Whole(number as i64));
        }
        number.is_finite().then_some(Self::Real(number))
    }
}
