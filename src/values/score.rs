//! Account scores: the five values that a host knows of an account, and the properties of HubSpot's that hold them.
//!
//! Labels, names, types and options are those of feature L4, `<prefix>_intent_score` for `koala_intent_score`; the prefix, the word
//! before the labels and the group are settings.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{
    mapping::{Entry, Source},
    property_value::{self, Code, Definition, Manner, Nature, Refusal},
};

/// Longest prefix: with the longest score's name 50 characters, within which HubSpot's names are safe (`hubspot-api.md` 5).
pub const PREFIX_CHARS: usize = 30;
/// Longest name of a group, likewise.
pub const GROUP_CHARS: usize = 50;
/// Longest word before labels: HubSpot's pages cut longer labels.
pub const LABEL_CHARS: usize = 40;

/// One of the five.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Score {
    /// How much somebody of the account seems to want something: a number.
    IntentScore,
    /// The same in words.
    IntentStrength,
    /// How that moves.
    IntentTrend,
    /// How well the account fits the ideal customer: a number.
    IcpFitScore,
    /// The same as a grade.
    IcpFitGrade,
}

impl Score {
    /// Every one of them, in the order of the columns.
    pub const ALL: [Self; 5] =
        [Self::IntentScore, Self::IntentStrength, Self::IntentTrend, Self::IcpFitScore, Self::IcpFitGrade];

    /// As on the wire, and behind the prefix in HubSpot.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::IntentScore => "intent_score",
            Self::IntentStrength => "intent_strength",
            Self::IntentTrend => "intent_trend",
            Self::IcpFitScore => "icp_fit_score",
            Self::IcpFitGrade => "icp_fit_grade",
        }
    }

    /// Behind the product's word in HubSpot's label.
    pub const fn label(self) -> &'static str {
        match self {
            Self::IntentScore => "Intent Score",
            Self::IntentStrength => "Intent Strength",
            Self::IntentTrend => "Intent Trend",
            Self::IcpFitScore => "ICP Fit Score",
            Self::IcpFitGrade => "ICP Fit Grade",
        }
    }

    /// What it may be, in order, label and value alike; empty: it is a number.
    pub const fn options(self) -> &'static [&'static str] {
        match self {
            Self::IntentScore | Self::IcpFitScore => &[],
            Self::IntentStrength => &["Very High", "High", "Medium", "Low", "None"],
            Self::IntentTrend => &["Surging", "Heating", "Neutral", "Cooling", "New", "None"],
            Self::IcpFitGrade => &["A", "B", "C", "D", "—"],
        }
    }

    /// HubSpot's type and field type.
    pub const fn types(self) -> (&'static str, &'static str) {
        if self.options().is_empty() { ("number", "number") } else { ("enumeration", "select") }
    }

    /// Why the value of a host's cannot be this; `None`: it can.
    pub fn refuses(self, value: &Value) -> Option<String> {
        let name = self.as_str();
        match (self.options(), value) {
            (_, Value::Null) => None,
            ([], Value::Number(_)) => None,
            ([], _) => Some(format!("`{name}` is a number.")),
            (options, Value::String(text)) if options.contains(&text.as_str()) => None,
            (options, _) => Some(format!("`{name}` is one of `{}`.", options.join("`, `"))),
        }
    }
}

/// Takes the five out of what a host sent; those that are null are absent. What is left in `body` is none of them.
pub fn take(body: &mut Map<String, Value>) -> Result<Map<String, Value>, String> {
    let mut scores = Map::new();
    for score in Score::ALL {
        let Some(value) = body.remove(score.as_str()).filter(|value| !value.is_null()) else { continue };
        if let Some(why) = score.refuses(&value) {
            return Err(why);
        }
        scores.insert(score.as_str().to_owned(), value);
    }
    Ok(scores)
}

/// How the properties are called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names {
    /// Before each name, with an underscore.
    pub prefix: String,
    /// Before each label.
    pub label: String,
    /// HubSpot's name of their group.
    pub group: String,
}

impl Default for Names {
    fn default() -> Self {
        Self {
            prefix: "spoke".to_owned(),
            label: "Spoke".to_owned(),
            group: "spoke_managed_scores".to_owned(),
        }
    }
}

impl Names {
    /// The property of a score.
    pub fn of(&self, score: Score) -> String {
        format!("{}_{}", self.prefix, score.as_str())
    }

    /// All five.
    pub fn all(&self) -> [String; 5] {
        Score::ALL.map(|score| self.of(score))
    }

    /// Its label.
    pub fn label_of(&self, score: Score) -> String {
        format!("{} {}", self.label, score.label())
    }

    /// The group's label.
    pub fn group_label(&self) -> String {
        format!("{} Managed Scores", self.label)
    }

    /// What is wrong with them, each with its place.
    pub fn faults(&self) -> Vec<(&'static str, String)> {
        let fits = |text: &str, most: usize| {
            (1..=most).contains(&text.len())
                && text.starts_with(|first: char| first.is_ascii_lowercase())
                && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
                && !text.starts_with("hs_")
        };
        let mut faults = Vec::new();
        for (at, text, most) in
            [("/prefix", &self.prefix, PREFIX_CHARS), ("/group", &self.group, GROUP_CHARS)]
        {
            if !fits(text, most) {
                let words = format!(
                    "`{}` is 1 to {most} lower-case letters, digits and underscores, begins with a letter and not with `hs_`.",
                    at.trim_start_matches('/')
                );
                faults.push((at, words));
            }
        }
        let label = self.label.trim();
        if label.is_empty() || label.chars().count() > LABEL_CHARS || label.contains(char::is_control) {
            faults.push(("/label", format!("`label` is 1 to {LABEL_CHARS} characters.")));
        }
        faults
    }

    /// The definition of a score's property, as HubSpot takes it, and as people copy it by hand.
    pub fn definition(&self, score: Score) -> Value {
        let (value_type, field_type) = score.types();
        let options: Vec<Value> = score
            .options()
            .iter()
            .enumerate()
            .map(|(order, option)| json!({ "label": option, "value": option, "displayOrder": order, "hidden": false }))
            .collect();
        let mut body = json!({
            "name": self.of(score),
            "label": self.label_of(score),
            "groupName": self.group,
            "type": value_type,
            "fieldType": field_type,
            "formField": false,
        });
        if !options.is_empty() {
            body["options"] = json!(options);
        }
        body
    }
}

/// What keeps a property of HubSpot's from holding a score, in a sentence; `None`: it can.
pub fn misfit(score: Score, field: Option<&Definition>, name: &str) -> Option<String> {
    let Some(field) = field else {
        return Some(format!("HubSpot has no company property `{name}`. Create it, then check again."));
    };
    if let Err(refusal) = field.writable() {
        return Some(refusal.detail);
    }
    let (wanted, _) = score.types();
    if field.value_type != wanted {
        return Some(format!(
            "`{name}` has the type `{}` in HubSpot, and holds `{wanted}` here. Rename or remove it there, or choose another prefix.",
            field.value_type
        ));
    }
    let lacking: Vec<&str> = score
        .options()
        .iter()
        .copied()
        .filter(|option| !field.options.iter().any(|choice| choice.value == *option))
        .collect();
    if lacking.is_empty() || field.options.is_empty() {
        return None;
    }
    Some(format!("`{name}` lacks the options `{}`: add them in HubSpot.", lacking.join("`, `")))
}

/// What keeps an entry of a mapping from writing a score to its field, and the key of the entry that is wrong; `None`: it can. Of a field
/// that cannot be written at all, and of a constant, it says nothing.
pub fn unfit(entry: &Entry, field: &Definition) -> Option<(&'static str, Refusal)> {
    let (Source::Host { path, .. }, Some(nature)) = (&entry.source, field.nature()) else { return None };
    let name = &field.name;
    let Some(score) = Score::ALL.into_iter().find(|score| score.as_str() == path) else {
        let all = Score::ALL.map(Score::as_str).join("`, `");
        let detail = format!("`{name}` is filled from something that is no score. The scores are `{all}`.");
        return Some(("from", Refusal { code: Code::UnknownField, detail }));
    };
    let is_number = score.options().is_empty();
    let (takes, code) = match nature {
        Nature::Text => (field.field_type != "file", Code::NotAText),
        Nature::Number => (is_number, Code::NotANumber),
        Nature::Option | Nature::Options => (!is_number, Code::NotAnOption),
        Nature::Phone => (false, Code::NotAText),
        Nature::Boolean => (false, Code::NotABoolean),
        Nature::Owner => (false, Code::NotAnOwner),
        Nature::Date => (false, Code::NotADate),
        Nature::Datetime => (false, Code::NotADatetime),
    };
    if !takes {
        let (value_type, field_type) = (&field.value_type, &field.field_type);
        let (is, fitting) = if is_number { ("a number", "number") } else { ("a word", "option") };
        let detail = format!(
            "`{name}` has the type `{value_type}` and the field type `{field_type}` in HubSpot, and `{path}` is {is}: choose a field that holds one {fitting}, or a text."
        );
        return Some(("field", Refusal { code, detail }));
    }
    let fits = |option: &&str| property_value::write(field, &json!(option), Manner::Replace).is_ok();
    let lacking: Vec<&str> = score.options().iter().copied().filter(|option| !fits(option)).collect();
    if lacking.is_empty() {
        return None;
    }
    let detail = format!(
        "`{name}` lacks the options `{}`: add them in HubSpot, or choose another field.",
        lacking.join("`, `")
    );
    Some(("field", Refusal { code: Code::NotAnOption, detail }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::property_value::Choice;

    #[test]
    fn the_five_properties_are_as_the_feature_has_them() {
        let names = Names {
            prefix: "koala".to_owned(),
            label: "Koala".to_owned(),
            group: "koala_managed_scores".to_owned(),
        };
        let rows: Vec<(String, String, String)> = Score::ALL
            .map(|score| {
                let own = names.definition(score);
                let text = |name: &str| own[name].as_str().unwrap_or_default().to_owned();
                (text("label"), text("name"), format!("{} ({})", text("type"), text("fieldType")))
            })
            .into();
        let expected = [
            ("Koala Intent Score", "koala_intent_score", "number (number)"),
            ("Koala Intent Strength", "koala_intent_strength", "enumeration (select)"),
            ("Koala Intent Trend", "koala_intent_trend", "enumeration (select)"),
            ("Koala ICP Fit Score", "koala_icp_fit_score", "number (number)"),
            ("Koala ICP Fit Grade", "koala_icp_fit_grade", "enumeration (select)"),
        ];
        let expected =
            expected.map(|(label, name, types)| (label.to_owned(), name.to_owned(), types.to_owned()));
        assert_eq!(rows, expected);
        assert_eq!(names.group_label(), "Koala Managed Scores");
        assert_eq!(names.faults().len(), 0);
        let longest = Names { prefix: "p".repeat(PREFIX_CHARS), ..names };
        assert!(longest.all().iter().all(|name| name.len() <= 50));
    }

    #[test]
    fn what_is_no_name_is_said_to_be_none_with_its_place() {
        let wrong = Names { prefix: "Hs".to_owned(), label: " ".to_owned(), group: "hs_x".to_owned() };
        let places: Vec<&str> = wrong.faults().iter().map(|(at, _)| *at).collect();
        assert_eq!(places, ["/prefix", "/group", "/label"]);
        assert_eq!(Names::default().faults().len(), 0);
    }

    #[test]
    fn a_value_is_what_its_score_takes_or_absent() {
        let mut body =
            json!({ "intent_score": 73.5, "intent_trend": "New", "icp_fit_grade": null, "other": 1 });
        let taken = take(body.as_object_mut().unwrap()).unwrap();
        assert_eq!(Value::Object(taken), json!({ "intent_score": 73.5, "intent_trend": "New" }));
        assert_eq!(body, json!({ "other": 1 }));
        for (name, value) in
            [("intent_score", json!("73")), ("intent_strength", json!("high")), ("icp_fit_grade", json!(1))]
        {
            let mut body = Map::from_iter([(name.to_owned(), value)]);
            assert!(take(&mut body).unwrap_err().contains(name));
        }
    }

    #[test]
    fn a_property_that_cannot_hold_a_score_is_told_with_what_is_wrong() {
        let choice = |text: &&str| Choice { value: (*text).to_owned(), label: (*text).to_owned() };
        let grade = Definition {
            name: "g".to_owned(),
            value_type: "enumeration".to_owned(),
            field_type: "select".to_owned(),
            options: Score::IcpFitGrade.options().iter().map(choice).collect(),
            ..Definition::default()
        };
        let said = |field: Option<&Definition>| misfit(Score::IcpFitGrade, field, "g").unwrap_or_default();
        assert_eq!(said(Some(&grade)), "");
        assert!(said(None).contains("no company property"));
        assert!(
            said(Some(&Definition { value_type: "string".to_owned(), ..grade.clone() })).contains("`string`")
        );
        let short = Definition { options: grade.options[..4].to_vec(), ..grade.clone() };
        assert!(said(Some(&short)).contains("`—`"));
        assert_ne!(said(Some(&Definition { read_only: true, ..grade })), "");
    }

    #[test]
    fn a_field_of_the_hosts_choice_takes_a_score_or_says_why_not() {
        let entry = |path: &str| Entry {
            field: "heat".to_owned(),
            source: Source::Host { path: path.to_owned(), declared: None, default: None },
            nature: None,
            only_if_empty: false,
            drop_if_refused: false,
        };
        let field = |value_type: &str, field_type: &str, options: &[&str]| Definition {
            name: "heat".to_owned(),
            value_type: value_type.to_owned(),
            field_type: field_type.to_owned(),
            options: options
                .iter()
                .map(|text| Choice { value: text.to_lowercase(), label: (*text).to_owned() })
                .collect(),
            ..Definition::default()
        };
        let trend = Score::IntentTrend.options();
        for (path, fits) in [
            ("intent_score", field("number", "number", &[])),
            ("intent_score", field("string", "text", &[])),
            ("intent_trend", field("string", "textarea", &[])),
            // By their labels too, and where HubSpot has more than it lists.
            ("intent_trend", field("enumeration", "radio", trend)),
            ("intent_trend", field("enumeration", "checkbox", trend)),
            ("intent_trend", field("enumeration", "select", &[])),
        ] {
            assert_eq!(unfit(&entry(path), &fits), None, "{path}: {fits:?}");
        }
        for (path, other, key, words) in [
            ("intent_heat", field("number", "number", &[]), "from", "no score"),
            ("intent.score", field("number", "number", &[]), "from", "`icp_fit_grade`"),
            ("intent_score", field("date", "date", &[]), "field", "type `date`"),
            // Milliseconds since 1970, and an owner's number.
            ("intent_score", field("datetime", "date", &[]), "field", "type `datetime`"),
            ("intent_score", field("enumeration", "select", &["7"]), "field", "is a number"),
            ("intent_score", field("bool", "booleancheckbox", &[]), "field", "`booleancheckbox`"),
            ("intent_score", field("string", "phonenumber", &[]), "field", "`phonenumber`"),
            ("intent_trend", field("string", "file", &[]), "field", "`file`"),
            ("intent_trend", field("number", "number", &[]), "field", "is a word"),
            ("intent_trend", field("enumeration", "select", &trend[1..]), "field", "options `Surging`"),
        ] {
            let (at, refusal) = unfit(&entry(path), &other).unwrap_or_else(|| panic!("{path}: {other:?}"));
            assert!(at == key && refusal.detail.contains(words), "{at}: {}", refusal.detail);
            assert!(refusal.detail.contains("`heat`"), "{}", refusal.detail);
        }
        let constant = Entry { source: Source::Constant(json!("Koala")), ..entry("intent_score") };
        assert_eq!(unfit(&constant, &field("date", "date", &[])), None, "a constant is no score");
    }
}
