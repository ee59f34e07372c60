//! Conditions in SQL, over columns that hold a record's values; one that has no value is the empty text, as a filter has it.

use std::fmt::Write as _;

use super::PARAMS;
use crate::values::{
    filter::{Among, Asked, Condition, Context, Filter, Numbers, Relation},
    time::Timestamp,
};

/// Bytes of a condition: with what is around it a statement stays below the platform's 100 KB. A hundred conditions are some 30 KB.
const BYTES: usize = 60_000;

/// First and last moment that a value can be: the years 1 to 9999.
const MOMENTS: (i64, i64) = (-62_135_596_800_000, 253_402_300_799_999);

/// What `char::is_whitespace` says yes to.
pub(super) const WHITESPACE: &str = "\t\n\u{b}\u{c}\r \u{85}\u{a0}\u{1680}\u{2000}\u{2001}\u{2002}\u{2003}\u{2004}\u{2005}\u{2006}\u{2007}\
    \u{2008}\u{2009}\u{200a}\u{2028}\u{2029}\u{202f}\u{205f}\u{3000}";

/// Letters beyond ASCII of whose lower case ASCII is a part, by code point, and that lower case. SQLite's `lower` knows none of them.
pub(super) const LATE_ASCII: [(char, &str); 2] = [('\u{212a}', "k"), ('\u{130}', "i\u{307}")];

/// Part of a filter in SQL, and what it may say of a record.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Part {
    pub(super) sql: String,
    pub(super) says_yes: bool,
    pub(super) says_no: bool,
    pub(super) says_nothing: bool,
}

impl Part {
    fn always() -> Self {
        Self { sql: "1".to_owned(), says_yes: true, says_no: false, says_nothing: false }
    }

    fn never() -> Self {
        Self { sql: "0".to_owned(), says_yes: false, says_no: true, says_nothing: false }
    }

    fn unknown() -> Self {
        Self { sql: "NULL".to_owned(), says_yes: false, says_no: false, says_nothing: true }
    }

    fn exact(sql: String) -> Self {
        Self { sql, says_yes: true, says_no: true, says_nothing: false }
    }

    fn partial(sql: String) -> Self {
        Self { sql, says_yes: true, says_no: true, says_nothing: true }
    }

    fn not(self) -> Self {
        match self.sql.as_str() {
            "1" => Self::never(),
            "0" => Self::always(),
            "NULL" => self,
            sql => Self {
                sql: format!("NOT ({sql})"),
                says_yes: self.says_no,
                says_no: self.says_yes,
                says_nothing: self.says_nothing,
            },
        }
    }

    /// All of them.
    fn and(mut parts: Vec<Self>) -> Self {
        if parts.iter().any(|part| part.sql == "0") {
            return Self::never();
        }
        parts.retain(|part| part.sql != "1");
        match parts.len() {
            0 => Self::always(),
            1 => parts.remove(0),
            _ => Self {
                sql: joined(&parts, "AND"),
                says_yes: parts.iter().all(|part| part.says_yes),
                says_no: parts.iter().any(|part| part.says_no),
                says_nothing: parts.iter().any(|part| part.says_nothing),
            },
        }
    }

    /// At least one of them.
    fn or(mut parts: Vec<Self>) -> Self {
        if parts.iter().any(|part| part.sql == "1") {
            return Self::always();
        }
        parts.retain(|part| part.sql != "0");
        match parts.len() {
            0 => Self::never(),
            1 => parts.remove(0),
            _ => Self {
                sql: joined(&parts, "OR"),
                says_yes: parts.iter().any(|part| part.says_yes),
                says_no: parts.iter().all(|part| part.says_no),
                says_nothing: parts.iter().any(|part| part.says_nothing),
            },
        }
    }
}

/// Halved and halved again: an expression may be a hundred levels deep, and a hundred terms in a row are as many. Eight groups within each
/// other, of a hundred conditions in all, come to 35, and no condition is deeper than 20.
fn joined(parts: &[Part], word: &str) -> String {
    match parts {
        [] => String::new(),
        [part] => format!("({})", part.sql),
        _ => {
            let (left, right) = parts.split_at(parts.len() / 2);
            format!("({} {word} {})", joined(left, word), joined(right, word))
        }
    }
}

/// Writes conditions, and keeps what they bind.
pub(super) struct Writer {
    context: Context,
    from_now_on: bool,
    bytes: usize,
    pub(super) params: Vec<String>,
    pub(super) columns: Vec<usize>,
}

impl Writer {
    pub(super) const fn new(context: Context, from_now_on: bool) -> Self {
        Self { context, from_now_on, bytes: 0, params: Vec::new(), columns: Vec::new() }
    }

    pub(super) fn part(&mut self, filter: &Filter) -> Part {
        match filter {
            Filter::And(parts) => Part::and(parts.iter().map(|part| self.part(part)).collect()),
            Filter::Or(parts) => Part::or(parts.iter().map(|part| self.part(part)).collect()),
            Filter::Not(part) => self.part(part).not(),
            Filter::Condition(condition) => {
                // Of what belongs to the record whoever evaluates knows, and of what there is no room for memory.
                let part = if condition.of().is_none() { self.condition(condition) } else { None };
                let part = part.filter(|part| self.bytes + part.sql.len() <= BYTES);
                let part = part.unwrap_or_else(Part::unknown);
                self.bytes += part.sql.len();
                part
            }
        }
    }

    /// `None`: nothing can be said, or there are too many parameters.
    fn condition(&mut self, condition: &Condition) -> Option<Part> {
        let question = condition.question(self.context);
        if question.asked == Asked::Change {
            return None;
        }
        let column = self.column(condition.property())?;
        let p = column.as_str();
        let part = match question.asked {
            Asked::Known => Part::exact(format!("{p} <> ''")),
            Asked::Text { phone, relation, folded } => self.text(p, phone, relation, &folded)?,
            Asked::Options { among, options } => self.options(p, among, &options)?,
            Asked::Bool(value) => Part::exact(format!("lower({p}) = '{value}'")),
            Asked::Numbers(numbers) => self.numbers(p, &numbers)?,
            Asked::Moments { first, last, moving } => {
                self.moments(p, (first, last), moving && self.from_now_on)?
            }
            Asked::Change => return None,
        };
        Some(if question.negated { part.not() } else { part })
    }

    /// The column of a property.
    fn column(&mut self, property: &str) -> Option<String> {
        // A name holds neither a quote nor a backslash.
        let path = self.param_number(format!("$.\"{property}\""))?;
        let column = self.columns.iter().position(|column| *column == path).unwrap_or_else(|| {
            self.columns.push(path);
            self.columns.len() - 1
        });
        Some(format!("p{column}"))
    }

    fn param(&mut self, text: String) -> Option<String> {
        self.param_number(text).map(|number| format!("?{number}"))
    }

    fn param_number(&mut self, text: String) -> Option<usize> {
        if let Some(place) = self.params.iter().position(|param| *param == text) {
            return Some(place + 1);
        }
        if self.params.len() == PARAMS {
            return None;
        }
        self.params.push(text);
        Some(self.params.len())
    }

    /// What a value is to be one of: `= ?1`, or `IN` a list.
    fn one_of(&mut self, values: &[&str]) -> Option<String> {
        match values {
            [one] => Some(format!("= {}", self.param((*one).to_owned())?)),
            _ => Some(format!("IN {}", self.list(values)?)),
        }
    }

    fn list(&mut self, values: &[&str]) -> Option<String> {
        let list = serde_json::to_string(values).expect("texts are JSON");
        Some(format!("(SELECT value FROM json_each({}))", self.param(list)?))
    }

    fn text(&mut self, p: &str, phone: bool, relation: Relation, folded: &[&str]) -> Option<Part> {
        let is_ascii = format!("length({p}) = length(CAST({p} AS BLOB))");
        let (ascii, others): (Vec<&str>, Vec<&str>) = folded.iter().partition(|text| text.is_ascii());
        if phone {
            // Of ASCII alone there is nothing else to leave out.
            let answer =
                if ascii.is_empty() { "0".to_owned() } else { self.related(&bare(p), relation, &ascii)? };
            return Some(Part::partial(format!("CASE WHEN {is_ascii} THEN {answer} END")));
        }
        if others.is_empty() {
            return Some(Part::exact(self.related(&folded_as(p, &ascii), relation, &ascii)?));
        }
        let mut sql = "CASE".to_owned();
        if !ascii.is_empty() {
            let answer = self.related(&folded_as(p, &ascii), relation, &ascii)?;
            write!(sql, " WHEN {answer} THEN 1").expect("writing to a string does not fail");
        }
        // No letter of ASCII has another beyond it for its lower case.
        write!(sql, " WHEN {is_ascii} THEN 0").expect("writing to a string does not fail");
        if let [one] = others[..]
            && ascii.is_empty()
            && let Some(run) = one.split(|letter: char| !letter.is_ascii()).max_by_key(|run| run.len())
            && !run.is_empty()
        {
            let run = [run];
            let held = self.related(&folded_as(p, &run), Relation::Contains, &run)?;
            write!(sql, " WHEN NOT ({held}) THEN 0").expect("writing to a string does not fail");
        }
        sql.push_str(" END");
        Some(Part::partial(sql))
    }

    /// Whether a text relates to one of others, all of ASCII.
    fn related(&mut self, text: &str, relation: Relation, others: &[&str]) -> Option<String> {
        let one = others.first()?;
        Some(match relation {
            Relation::Same => format!("{text} {}", self.one_of(others)?),
            Relation::Contains => format!("instr({text}, {}) > 0", self.param((*one).to_owned())?),
            Relation::Starts => format!("instr({text}, {}) = 1", self.param((*one).to_owned())?),
            // As bytes, since among characters SQLite counts none behind a NUL; of no bytes at all it makes NULL.
            Relation::Ends => format!(
                "coalesce(substr(CAST({text} AS BLOB), -{}) = CAST({} AS BLOB), 0)",
                one.len(),
                self.param((*one).to_owned())?
            ),
        })
    }

    fn options(&mut self, p: &str, among: Among, options: &[&str]) -> Option<Part> {
        let spaces = self.param(WHITESPACE.to_owned())?;
        // Of JSON's escapes none has a semicolon.
        let parts = format!("json_each('[' || replace(json_quote({p}), ';', '\",\"') || ']')");
        let trimmed = format!("trim(part.value, {spaces})");
        if among == Among::Any {
            let one_of = self.one_of(options)?;
            return Some(Part::exact(format!(
                "CASE WHEN {p} {one_of} THEN 1 WHEN instr({p}, ';') = 0 THEN trim({p}, {spaces}) {one_of}
                 ELSE EXISTS (SELECT 1 FROM {parts} AS part WHERE {trimmed} {one_of}) END"
            )));
        }
        let list = serde_json::to_string(options).expect("texts are JSON");
        let list = self.param(list)?;
        let all = format!(
            "NOT EXISTS (SELECT 1 FROM json_each({list}) AS wanted WHERE wanted.value <> {p}
                         AND wanted.value NOT IN (SELECT {trimmed} FROM {parts} AS part))"
        );
        if among == Among::All {
            return Some(Part::exact(all));
        }
        let no_other = format!(
            "NOT EXISTS (SELECT 1 FROM {parts} AS part WHERE {trimmed} <> ''
                         AND {trimmed} NOT IN (SELECT value FROM json_each({list})))"
        );
        let both = format!("({all} AND {no_other})");
        Some(Part::exact(match options {
            [one] => format!("({p} = {} OR {both})", self.param((*one).to_owned())?),
            _ => both,
        }))
    }

    fn numbers(&mut self, p: &str, numbers: &[Numbers]) -> Option<Part> {
        let whole = format!("CAST({p} AS INTEGER)");
        let ranges: Vec<(i64, i64)> = numbers.iter().filter_map(|one| one.whole).collect();
        let fits = match &ranges[..] {
            [] => "0".to_owned(),
            [(first, last)] => {
                within(&whole, (*first != i64::MIN).then_some(first), (*last != i64::MAX).then_some(last))
            }
            // Several doubles beyond 2^53 are too many whole numbers each.
            _ if ranges.iter().any(|(first, last)| first != last) => return None,
            _ => {
                let singles: Vec<i64> = ranges.iter().map(|(first, _)| *first).collect();
                let list = serde_json::to_string(&singles).expect("numbers are JSON");
                format!("{whole} IN (SELECT value FROM json_each({}))", self.param(list)?)
            }
        };
        let least = numbers.iter().map(|one| one.real.0).fold(f64::INFINITY, f64::min);
        let greatest = numbers.iter().map(|one| one.real.1).fold(f64::NEG_INFINITY, f64::max);
        // SQLite's doubles may be another's by the last digits, of some sixteen.
        let near = |bound: f64| bound.abs() * 1e-9 + 1e-300;
        let literal = |bound: f64| bound.is_finite().then(|| format!("{bound:e}"));
        let near = within(
            &format!("CAST({p} AS REAL)"),
            literal(least - near(least)),
            literal(greatest + near(greatest)),
        );
        Some(Part::partial(format!(
            "CASE {p} WHEN '' THEN 0 WHEN CAST({whole} AS TEXT) THEN {fits} ELSE CASE WHEN {near} THEN NULL ELSE 0 END END"
        )))
    }

    /// `lasting`: the window moves on, and only what it has left behind stays so.
    fn moments(&mut self, p: &str, (first, last): (i64, i64), lasting: bool) -> Option<Part> {
        let (least, greatest) = MOMENTS;
        if !lasting && (first > last || first > greatest || last < least) {
            return Some(Part::never());
        }
        let mut text = |ms: i64| self.param(Timestamp(ms.clamp(least, greatest)).to_rfc3339());
        let from = text(first)?;
        let moment = format!("strftime('%Y-%m-%dT%H:%M:%fZ', {p})");
        let fits = if lasting {
            format!("CASE WHEN {moment} < {from} THEN 0 END")
        } else {
            format!("{moment} BETWEEN {from} AND {}", text(last)?)
        };
        // What SQLite reads of a text and writes again as it was is that day or moment; the year 0 HubSpot does not know.
        Some(Part::partial(format!(
            "CASE WHEN {p} = '' THEN 0
                  WHEN {p} IN (date({p}), {moment}, strftime('%Y-%m-%dT%H:%M:%SZ', {p})) AND {p} >= '0001' THEN {fits} END"
        )))
    }
}

/// A column's text in lower case, as far as these texts of ASCII can tell.
fn folded_as(p: &str, texts: &[&str]) -> String {
    let mut sql = p.to_owned();
    for (letter, lower) in LATE_ASCII {
        if texts.iter().any(|text| text.contains(&lower[..1])) {
            sql = format!("replace({sql}, '{letter}', '{lower}')");
        }
    }
    format!("lower({sql})")
}

/// A column's text of ASCII as telephone numbers compare.
fn bare(p: &str) -> String {
    let left_out = WHITESPACE.chars().filter(char::is_ascii).chain("-./()".chars());
    left_out.fold(format!("lower({p})"), |sql, letter| format!("replace({sql}, char({}), '')", letter as u32))
}

/// Whether a number lies between two, both included.
fn within(number: &str, least: Option<impl ToString>, greatest: Option<impl ToString>) -> String {
    match (least, greatest) {
        (Some(least), Some(greatest)) => {
            format!("{number} BETWEEN {} AND {}", least.to_string(), greatest.to_string())
        }
        (Some(least), None) => format!("{number} >= {}", least.to_string()),
        (None, Some(greatest)) => format!("{number} <= {}", greatest.to_string()),
        (None, None) => "1".to_owned(),
    }
}
