//! What an import asks for: the parts of its body, and the JSON among them, read strictly (`hubspot-api.md` 7.2). Owns nothing.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::Problem;
use crate::http::Request;
use crate::objects::input::not_modelled;

/// The body, taken apart.
pub(super) struct Parts {
    /// The text of `importRequest`.
    pub request: Value,
    pub files: Vec<File>,
}

/// One part `files`.
pub(super) struct File {
    pub name: String,
    pub bytes: Vec<u8>,
}

/// The part `importRequest`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Asked {
    pub name: String,
    #[serde(default)]
    pub import_operations: BTreeMap<String, Operation>,
    #[serde(default)]
    pub date_format: DateFormat,
    #[serde(default)]
    pub time_zone: Option<String>,
    #[serde(default)]
    pub marketable_contact_import: Option<bool>,
    #[serde(default)]
    pub create_contact_list_from_import: Option<bool>,
    pub files: Vec<AskedFile>,
}

/// What an import may do to records of a type.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Operation {
    #[default]
    Upsert,
    Create,
    Update,
}

/// In which order a date's numbers stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum DateFormat {
    #[default]
    MonthDayYear,
    DayMonthYear,
    YearMonthDay,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AskedFile {
    #[serde(rename = "fileName")]
    pub name: String,
    #[serde(rename = "fileFormat")]
    pub format: FileFormat,
    #[serde(rename = "fileImportPage")]
    pub page: Page,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum FileFormat {
    Csv,
    Spreadsheet,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Page {
    pub has_header: bool,
    pub column_mappings: Vec<Mapping>,
}

/// What one column is.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Mapping {
    pub column_object_type_id: String,
    pub column_name: String,
    /// None: the column is there and means nothing.
    pub property_name: Option<String>,
    #[serde(default)]
    pub column_type: ColumnType,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum ColumnType {
    #[default]
    Standard,
    HubspotObjectId,
    HubspotAlternateId,
    FlexibleAssociationLabel,
    AssociationKeys,
    EventTimestamp,
}

/// Takes the body apart.
pub(super) fn parts(request: &Request) -> Result<Parts, Problem> {
    let content_type = request.header("content-type").unwrap_or_default();
    let boundary = multer::parse_boundary(content_type)
        .map_err(|_| Problem::new(415, "HTTP 415 Unsupported Media Type"))?;
    let whole = futures_util::stream::iter([Ok::<_, std::convert::Infallible>(request.body.clone())]);
    let mut body = multer::Multipart::new(whole, boundary);
    let (mut asked, mut files) = (None, Vec::new());
    let read = async {
        while let Some(field) = body.next_field().await? {
            let name = field.name().unwrap_or_default().to_owned();
            let file_name = field.file_name().map(str::to_owned);
            let bytes = field.bytes().await?;
            match name.as_str() {
                "importRequest" => asked = Some(bytes),
                "files" => files.push(File { name: file_name.unwrap_or_default(), bytes: bytes.to_vec() }),
                // HubSpot says nothing about other parts; they are passed over.
                _ => {}
            }
        }
        Ok::<(), multer::Error>(())
    };
    pollster::block_on(read)
        .map_err(|error| Problem::validation(format!("Invalid multipart body: {error}")))?;
    let asked = asked.ok_or_else(|| Problem::validation("The part importRequest is missing."))?;
    let request = serde_json::from_slice(&asked)
        .map_err(|error| Problem::validation(format!("importRequest is no JSON: {error}")))?;
    Ok(Parts { request, files })
}

impl Asked {
    /// Reads and checks what does not need the account.
    pub fn read(request: &Value) -> Result<Self, Problem> {
        let asked: Self = serde_json::from_value(request.clone())
            .map_err(|error| Problem::validation(format!("Invalid importRequest: {error}")))?;
        if asked.name.trim().is_empty() {
            return Err(Problem::validation("An import needs a name."));
        }
        if asked.create_contact_list_from_import == Some(true) {
            return Err(not_modelled("lists made from imports"));
        }
        // Takes nothing away where contacts do not cost.
        let _ = asked.marketable_contact_import;
        if asked.time_zone.as_deref().is_some_and(|zone| zone != "UTC") {
            return Err(not_modelled("imports in other time zones than UTC"));
        }
        Ok(asked)
    }

    /// Its one file.
    pub fn file(&self) -> Result<&AskedFile, Problem> {
        match self.files.as_slice() {
            [] => Err(Problem::validation("An import needs a file.")),
            [file] if file.format == FileFormat::Csv => Ok(file),
            _ => Err(not_modelled("imports of several files or of spreadsheets")),
        }
    }
}

impl DateFormat {
    /// `2026-11-20` of a cell in this format, whatever separates its numbers.
    pub fn iso(self, text: &str) -> Option<String> {
        let numbers: Vec<&str> = text.trim().split(['-', '/', '.']).collect();
        let &[a, b, c] = numbers.as_slice() else { return None };
        let (year, month, day) = match self {
            Self::MonthDayYear => (c, a, b),
            Self::DayMonthYear => (c, b, a),
            Self::YearMonthDay => (a, b, c),
        };
        let number = |text: &str| text.parse::<u32>().ok();
        let (year, month, day) = (number(year).filter(|_| year.len() == 4)?, number(month)?, number(day)?);
        Some(format!("{year:04}-{month:02}-{day:02}"))
    }
}

#[cfg(test)]
mod tests {
    use super::DateFormat;

    #[test]
    fn the_numbers_of_a_date_stand_in_the_order_of_its_format() {
        let all = [DateFormat::MonthDayYear, DateFormat::DayMonthYear, DateFormat::YearMonthDay];
        let read = |text: &str| all.map(|format| format.iso(text));
        let day = |text: &str| Some(text.to_owned());
        assert_eq!(read("2026-11-20"), [None, None, day("2026-11-20")]);
        assert_eq!(read("11/02/2026"), [day("2026-11-02"), day("2026-02-11"), None]);
        assert_eq!(read("yesterday"), [None, None, None]);
    }
}
