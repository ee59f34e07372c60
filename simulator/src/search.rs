//! `POST /crm/objects/2026-09/{type}/search` (`hubspot-api.md` 4.6), answered from the lagging index. Owns nothing.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde::Deserialize;

use crate::http::{Request, Response};
use crate::index::Row;
use crate::objects::input::{self, Selectors, page_size};
use crate::objects::kind::ObjectKind;
use crate::objects::list::projection;
use crate::objects::record::State;
use crate::objects::render::{Extra, Shown, write_results};
use crate::portal::{Portal, Turn};
use crate::schema::{Key, Property, Schema, Source, ValueType};
use crate::{Problem, time};

/// Longest body, characters; most records of a page, and of a query; most groups, filters of a group, and filters.
/// Source: `hubspot-api.md` 4.6.
const BODY_LIMIT: usize = 3_000;
const PAGE_LIMIT: usize = 200;
const RESULT_LIMIT: usize = 10_000;
const GROUP_LIMIT: usize = 5;
const GROUP_FILTER_LIMIT: usize = 6;
const FILTER_LIMIT: usize = 18;
/// Most values of an `IN`. Source: HubSpot's search guide.
const VALUES_LIMIT: usize = 100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Body<'a> {
    #[serde(default, borrow)]
    filter_groups: Vec<FilterGroup<'a>>,
    #[serde(default, borrow)]
    sorts: Vec<Sort<'a>>,
    #[serde(default)]
    query: Option<String>,
    #[serde(default, borrow)]
    properties: Vec<Cow<'a, str>>,
    #[serde(default)]
    limit: Option<usize>,
    #[serde(default)]
    after: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FilterGroup<'a> {
    #[serde(borrow)]
    filters: Vec<Filter<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Filter<'a> {
    #[serde(borrow)]
    property_name: Cow<'a, str>,
    operator: Operator,
    #[serde(default)]
    value: Option<String>,
    #[serde(default)]
    high_value: Option<String>,
    #[serde(default)]
    values: Option<Vec<String>>,
}

#[derive(Deserialize, Debug, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Operator {
    Eq,
    Neq,
    Lt,
    Lte,
    Gt,
    Gte,
    Between,
    In,
    NotIn,
    HasProperty,
    NotHasProperty,
    ContainsToken,
    NotContainsToken,
}

/// The guide's object, or the specification's string (`name`, or `-name` for descending).
#[derive(Deserialize)]
#[serde(untagged)]
enum Sort<'a> {
    Rule(#[serde(borrow)] SortRule<'a>),
    Name(#[serde(borrow)] Cow<'a, str>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct SortRule<'a> {
    #[serde(borrow)]
    property_name: Cow<'a, str>,
    #[serde(default)]
    direction: Option<Direction>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Direction {
    Ascending,
    Descending,
}

/// How a property's values compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// As numbers; dates as epoch milliseconds.
    Numbers,
    /// As text without regard to case.
    Text,
    /// As exact option values, several joined by `;`.
    Options,
}

/// A property as a filter or sort sees it.
#[derive(Clone, Copy)]
struct Field {
    key: Key,
    source: Source,
    manner: Manner,
}

/// One condition, ready to run.
enum Test {
    Has,
    HasNot,
    Number(Comparison, f64),
    Between(f64, f64),
    Text(Comparison, String),
    TextBetween(String, String),
    /// One of these numbers.
    Numbers {
        wanted: Vec<f64>,
        negated: bool,
    },
    /// One of these texts; a value with several options matches by any of them.
    Texts {
        wanted: Vec<String>,
        negated: bool,
    },
    Tokens {
        wanted: Vec<String>,
        negated: bool,
    },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

/// Answers a search.
pub(crate) fn search(
    portal: &mut Portal,
    turn: &Turn<'_>,
    kind: &ObjectKind,
    request: &Request,
) -> Result<Response, Problem> {
    Selectors::parse(request, &[])?;
    let length = String::from_utf8_lossy(&request.body).chars().count();
    if length > BODY_LIMIT {
        return Err(Problem::validation(format!(
            "Search request body is {length} characters long, the maximum is {BODY_LIMIT}."
        )));
    }
    let body: Body<'_> = input::json(request)?;
    check_shown(turn, kind, &body)?;
    let limit = page_size(body.limit.unwrap_or(10), turn.switches, PAGE_LIMIT)?;
    let offset = offset(body.after.as_deref(), limit)?;
    let store = portal.store(kind);
    let groups = groups(&store.schema, &body.filter_groups)?;
    let sort = sort(&store.schema, &body.sorts)?;
    let words = body.query.as_deref().map(words).filter(|words| !words.is_empty());
    let searched = kind.searched.iter().filter(|name| turn.shows(kind, name));
    let query_keys: Vec<Key> = searched.filter_map(|name| store.schema.key(name)).collect();

    let from = groups.iter().map(|group| lowest_id(group)).min().unwrap_or(0);
    let matching = store.index.rows_from(from).filter(|row| {
        (groups.is_empty()
            || groups.iter().any(|group| group.iter().all(|(field, test)| test.holds(field.value(row)))))
            && words.as_ref().is_none_or(|words| found_by(row, &query_keys, words))
            && turn.sees(store, &row.values)
    });
    let by_id = sort.is_none_or(|(field, descending)| field.source == Source::Id && !descending);
    let as_text =
        turn.switches.search_sorts_ids_as_text && sort.is_some_and(|(field, _)| field.source == Source::Id);
    let (total, page): (usize, Vec<&Row>) = if by_id && !as_text {
        let mut total = 0;
        let mut page = Vec::new();
        for row in matching {
            if (offset..offset + limit).contains(&total) {
                page.push(row);
            }
            total += 1;
        }
        (total, page)
    } else {
        let mut rows: Vec<&Row> = matching.collect();
        if let Some((field, descending)) = sort {
            rows.sort_by(|a, b| {
                if as_text {
                    return direct(a.id.to_string().cmp(&b.id.to_string()), descending);
                }
                field.value(a).order(&field.value(b), descending).then(a.id.cmp(&b.id))
            });
        }
        (rows.len(), rows.into_iter().skip(offset).take(limit).collect())
    };

    let projection =
        projection(turn, store, portal.portal_id, &portal.settings.ui_domain, kind, &body.properties);
    let mut out = Vec::with_capacity(256 + page.len() * 512);
    out.extend_from_slice(format!("{{\"total\":{total},\"results\":").as_bytes());
    let shown = page.iter().map(|row| {
        let &&Row { id, created_at, updated_at, ref values, .. } = row;
        (Shown { id, created_at, updated_at, state: State::Live, values }, Extra::default())
    });
    write_results(&mut out, &projection, shown);
    let next = offset + page.len();
    if next < total {
        out.extend_from_slice(format!(",\"paging\":{{\"next\":{{\"after\":\"{next}\"}}}}").as_bytes());
    }
    out.push(b'}');
    Ok(Response { status: 200, body: out, ..Response::default() })
}

/// Refuses filters and sorts by values that the caller may not see: what they find would tell the values.
fn check_shown(turn: &Turn<'_>, kind: &ObjectKind, body: &Body<'_>) -> Result<(), Problem> {
    let filters = body.filter_groups.iter().flat_map(|group| &group.filters);
    let sorts = body.sorts.iter().map(|sort| match sort {
        Sort::Rule(rule) => rule.property_name.as_ref(),
        Sort::Name(name) => name.strip_prefix('-').unwrap_or(name),
    });
    let mut names = filters.map(|filter| filter.property_name.as_ref()).chain(sorts);
    names.find(|name| !turn.shows(kind, name)).map_or(Ok(()), |name| Err(unknown_property(name)))
}

fn unknown_property(name: &str) -> Problem {
    Problem::validation(format!("There was a problem with the request. Unknown property: {name}"))
}

/// Where the page starts. Past 10,000 results is refused (`hubspot-api.md` 3.6: body unconfirmed).
fn offset(after: Option<&str>, limit: usize) -> Result<usize, Problem> {
    let Some(after) = after.filter(|after| !after.is_empty()) else { return Ok(0) };
    let offset: usize =
        after.parse().map_err(|_| Problem::validation(format!("Invalid paging cursor: {after}")))?;
    if offset.saturating_add(limit) > RESULT_LIMIT {
        return Err(Problem::validation(format!(
            "Paging through a search past {RESULT_LIMIT} results is not possible."
        )));
    }
    Ok(offset)
}

fn groups(schema: &Schema, groups: &[FilterGroup<'_>]) -> Result<Vec<Vec<(Field, Test)>>, Problem> {
    let total: usize = groups.iter().map(|group| group.filters.len()).sum();
    if groups.len() > GROUP_LIMIT {
        return Err(Problem::validation(format!("A search may have at most {GROUP_LIMIT} filter groups.")));
    }
    if total > FILTER_LIMIT || groups.iter().any(|group| group.filters.len() > GROUP_FILTER_LIMIT) {
        return Err(Problem::validation(format!(
            "A search may have at most {GROUP_FILTER_LIMIT} filters per group and {FILTER_LIMIT} in all."
        )));
    }
    if groups.iter().any(|group| group.filters.is_empty()) {
        return Err(Problem::validation("A filter group needs at least one filter."));
    }
    let compile = |group: &FilterGroup<'_>| group.filters.iter().map(|filter| test(schema, filter)).collect();
    groups.iter().map(compile).collect()
}

fn field(schema: &Schema, name: &str) -> Result<(Field, Key), Problem> {
    if name.starts_with("associations.") {
        return Err(input::not_modelled("association filters"));
    }
    let (key, property) = schema.live(name).ok_or_else(|| unknown_property(name))?;
    Ok((Field { key, source: property.source, manner: manner(property) }, key))
}

fn manner(property: &Property) -> Manner {
    match property.value_type {
        ValueType::Number | ValueType::Date | ValueType::Datetime => Manner::Numbers,
        ValueType::String | ValueType::PhoneNumber => Manner::Text,
        ValueType::Enumeration | ValueType::Bool => Manner::Options,
    }
}

/// Compiles one filter.
fn test(schema: &Schema, filter: &Filter<'_>) -> Result<(Field, Test), Problem> {
    use Operator as O;
    let (field, _) = field(schema, &filter.property_name)?;
    let missing = |what: &str| {
        let (name, operator) = (&filter.property_name, filter.operator);
        Problem::validation(format!("Operator {operator:?} on {name} needs {what}."))
    };
    let value = || filter.value.as_deref().ok_or_else(|| missing("a value"));
    let values = || {
        let values =
            filter.values.as_deref().filter(|values| !values.is_empty()).ok_or_else(|| missing("values"))?;
        if values.len() > VALUES_LIMIT { Err(missing("at most 100 values")) } else { Ok(values) }
    };
    let number = |text: &str| {
        number(text)
            .ok_or_else(|| Problem::validation(format!("Invalid value for {}: {text}", filter.property_name)))
    };
    let numeric = field.manner == Manner::Numbers;
    let compare = |comparison: Comparison| {
        Ok::<Test, Problem>(if numeric {
            Test::Number(comparison, number(value()?)?)
        } else {
            Test::Text(comparison, value()?.to_lowercase())
        })
    };
    let among = |wanted: &[String], negated: bool| {
        Ok::<Test, Problem>(if numeric {
            Test::Numbers {
                wanted: wanted.iter().map(|text| number(text)).collect::<Result<_, _>>()?,
                negated,
            }
        } else {
            Test::Texts { wanted: wanted.to_vec(), negated }
        })
    };
    // Plain text compares without regard to case: the wanted one is lowered here, the record's later.
    let single = |negated: bool| {
        let text = value()?;
        among(&[if field.manner == Manner::Text { text.to_lowercase() } else { text.to_owned() }], negated)
    };
    let test = match filter.operator {
        O::Eq => single(false)?,
        O::Neq => single(true)?,
        O::Lt => compare(Comparison::Less)?,
        O::Lte => compare(Comparison::LessOrEqual)?,
        O::Gt => compare(Comparison::Greater)?,
        O::Gte => compare(Comparison::GreaterOrEqual)?,
        O::Between => {
            let high = filter.high_value.as_deref().ok_or_else(|| missing("a highValue"))?;
            if numeric {
                Test::Between(number(value()?)?, number(high)?)
            } else {
                Test::TextBetween(value()?.to_lowercase(), high.to_lowercase())
            }
        }
        // Values of IN on text must be in lower case to match at all.
        O::In => among(values()?, false)?,
        O::NotIn => among(values()?, true)?,
        O::HasProperty => Test::Has,
        O::NotHasProperty => Test::HasNot,
        O::ContainsToken => Test::Tokens { wanted: words(value()?), negated: false },
        O::NotContainsToken => Test::Tokens { wanted: words(value()?), negated: true },
    };
    Ok((field, test))
}

/// One rule at most; `None` is the default order, by id.
fn sort(schema: &Schema, sorts: &[Sort<'_>]) -> Result<Option<(Field, bool)>, Problem> {
    let (name, descending) = match sorts {
        [] => return Ok(None),
        [Sort::Rule(rule)] => (rule.property_name.as_ref(), rule.direction == Some(Direction::Descending)),
        [Sort::Name(name)] => name.strip_prefix('-').map_or((name.as_ref(), false), |name| (name, true)),
        _ => return Err(Problem::validation("A search may have at most one sort.")),
    };
    Ok(Some((field(schema, name)?.0, descending)))
}

/// The lowest id a group can match: search by keyset need not look at what lies before.
fn lowest_id(group: &[(Field, Test)]) -> u64 {
    let bound = |(field, test): &(Field, Test)| match test {
        Test::Number(Comparison::Greater | Comparison::GreaterOrEqual, bound)
            if field.source == Source::Id =>
        {
            bound.max(0.0) as u64
        }
        _ => 0,
    };
    group.iter().map(bound).max().unwrap_or(0)
}

/// A record's value of one property.
enum Found<'r> {
    Nothing,
    Number(f64),
    Text(&'r str, Manner),
}

impl Field {
    fn value(self, row: &Row) -> Found<'_> {
        match self.source {
            Source::Id => Found::Number(row.id as f64),
            Source::CreatedAt => Found::Number(row.created_at as f64),
            Source::ModifiedAt => Found::Number(row.updated_at as f64),
            Source::Stored => match row.values.get(self.key).filter(|text| !text.is_empty()) {
                None => Found::Nothing,
                Some(text) if self.manner == Manner::Numbers => {
                    number(text).map_or(Found::Text(text, Manner::Numbers), Found::Number)
                }
                Some(text) => Found::Text(text, self.manner),
            },
        }
    }
}

impl Found<'_> {
    /// Order for sorting; records without a value come last either way.
    fn order(&self, other: &Self, descending: bool) -> Ordering {
        match (self, other) {
            (Self::Nothing, Self::Nothing) => Ordering::Equal,
            (Self::Nothing, _) => Ordering::Greater,
            (_, Self::Nothing) => Ordering::Less,
            (Self::Number(a), Self::Number(b)) => direct(a.total_cmp(b), descending),
            (Self::Number(_), Self::Text(..)) => Ordering::Less,
            (Self::Text(..), Self::Number(_)) => Ordering::Greater,
            (Self::Text(a, _), Self::Text(b, _)) => {
                direct(a.to_lowercase().cmp(&b.to_lowercase()), descending)
            }
        }
    }
}

fn direct(ordering: Ordering, descending: bool) -> Ordering {
    if descending { ordering.reverse() } else { ordering }
}

impl Test {
    fn holds(&self, found: Found<'_>) -> bool {
        match (self, found) {
            (Self::Has, found) => !matches!(found, Found::Nothing),
            (Self::HasNot, found) => matches!(found, Found::Nothing),
            // Records without a value match what excludes a value.
            (
                Self::Numbers { negated, .. } | Self::Texts { negated, .. } | Self::Tokens { negated, .. },
                Found::Nothing,
            ) => *negated,
            (_, Found::Nothing) => false,
            (Self::Number(comparison, bound), Found::Number(number)) => {
                comparison.holds(number.total_cmp(bound))
            }
            (Self::Between(low, high), Found::Number(number)) => (*low..=*high).contains(&number),
            (Self::Numbers { wanted, negated }, Found::Number(number)) => {
                wanted.contains(&number) != *negated
            }
            // A number property with a value that is no number ("1;2").
            (Self::Number(..) | Self::Between(..), Found::Text(..)) => false,
            (Self::Numbers { negated, .. }, Found::Text(..)) => *negated,
            (Self::Text(comparison, bound), Found::Text(text, _)) => {
                comparison.holds(text.to_lowercase().as_str().cmp(bound))
            }
            (Self::TextBetween(low, high), Found::Text(text, _)) => {
                let text = text.to_lowercase();
                (low..=high).contains(&&text)
            }
            (Self::Texts { wanted, negated }, Found::Text(text, manner)) => {
                let matched = match manner {
                    Manner::Options => {
                        text.split(';').chain([text]).any(|option| wanted.iter().any(|w| w == option))
                    }
                    Manner::Text | Manner::Numbers => wanted.contains(&text.to_lowercase()),
                };
                matched != *negated
            }
            (Self::Tokens { wanted, negated }, Found::Text(text, _)) => {
                contains_tokens(text, wanted) != *negated
            }
            (Self::Tokens { wanted, negated }, Found::Number(number)) => {
                contains_tokens(&number.to_string(), wanted) != *negated
            }
            (Self::Text(..) | Self::TextBetween(..) | Self::Texts { .. }, Found::Number(_)) => false,
        }
    }
}

/// A number, or the milliseconds of a date.
fn number(text: &str) -> Option<f64> {
    text.trim()
        .parse::<f64>()
        .ok()
        .filter(|number| number.is_finite())
        .or_else(|| time::parse(text).map(|ms| ms as f64))
}

/// Lower-case words of a text; `*` stays, as it stands for anything.
fn words(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    lower.split_whitespace().map(str::to_owned).collect()
}

/// Whether each wanted word, `*` standing for anything, is a token of the text or the whole of it.
fn contains_tokens(text: &str, wanted: &[String]) -> bool {
    let text = text.to_lowercase();
    wanted.iter().all(|pattern| {
        matches_pattern(&text, pattern)
            || text.split(|c: char| !c.is_alphanumeric()).any(|token| matches_pattern(token, pattern))
            || text.split_whitespace().any(|token| matches_pattern(token, pattern))
    })
}

fn matches_pattern(text: &str, pattern: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return text == pattern };
    let Some(text) = text.strip_prefix(head) else { return false };
    rest.is_empty()
        || (0..=text.len()).any(|at| text.get(at..).is_some_and(|tail| matches_pattern(tail, rest)))
}

/// Whether every word of a query begins a token of the record.
fn found_by(row: &Row, keys: &[Key], words: &[String]) -> bool {
    words.iter().all(|word| {
        keys.iter().filter_map(|&key| row.values.get(key)).any(|text| {
            let text = text.to_lowercase();
            text.starts_with(word.as_str())
                || text.split(|c: char| !c.is_alphanumeric()).any(|token| token.starts_with(word.as_str()))
        })
    })
}
