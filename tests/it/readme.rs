//! The README's tables are what the code says.

use std::{fs, path::Path};

use spoke::values::{config::SETTINGS, failure::Failure, scopes::SCOPES};

fn readme() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).expect("the README is there")
}

/// The table between two markers, line by line.
fn table(name: &str) -> Vec<String> {
    let text = readme();
    let (_, rest) = text.split_once(&format!("<!-- {name} -->\n")).expect("the table has its marker");
    let (table, _) = rest.split_once("<!-- end -->").expect("the table ends");
    table.lines().filter(|line| line.starts_with("| `")).map(str::to_owned).collect()
}

#[test]
fn the_configuration_table_is_the_one_in_the_code() {
    let rows: Vec<String> = SETTINGS
        .iter()
        .map(|setting| {
            let kind = if setting.secret { "secret" } else { "variable" };
            let default = setting.default.map_or_else(|| "required".to_owned(), |value| format!("`{value}`"));
            format!("| `{}` | {kind} | {default} | {} |", setting.name, setting.meaning)
        })
        .collect();
    assert_eq!(table("settings"), rows, "the rows should be:\n{}", rows.join("\n"));
}

#[test]
fn the_scope_table_is_the_one_in_the_code() {
    let rows: Vec<String> = SCOPES
        .iter()
        .map(|scope| {
            let need = if scope.required { "required" } else { "optional" };
            format!("| `{}` | {need} | {} |", scope.name, scope.purpose)
        })
        .collect();
    assert_eq!(table("scopes"), rows, "the rows should be:\n{}", rows.join("\n"));
}

#[test]
fn the_table_of_failures_is_the_one_in_the_code() {
    let row = |failure: Failure| {
        let (name, signs) = (failure.name(), failure.signs());
        format!("| `{name}` | {signs} | {} | {} |", failure.what(), failure.remedy())
    };
    let rows: Vec<String> = Failure::ALL.into_iter().map(row).collect();
    assert_eq!(table("failures"), rows, "the rows should be:\n{}", rows.join("\n"));
}

#[test]
fn every_file_the_readme_points_at_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = readme();
    let targets: Vec<&str> = text
        .split("](")
        .skip(1)
        .filter_map(|part| part.split(')').next())
        .filter(|target| !target.contains("://") && !target.starts_with('#'))
        .collect();
    assert!(!targets.is_empty(), "the README points at files");
    for target in targets {
        assert!(root.join(target).exists(), "{target}");
    }
}
