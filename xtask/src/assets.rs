//! The files that pages load: styles are written by Tailwind from the templates, scripts and fonts are copied from
//! the packages that `package-lock.json` pins. They land in `pkg/assets/assets/`, which wrangler uploads and
//! Cloudflare serves at `/assets/…` without running the Worker. Sources of our own are in `src/console/assets/`.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

/// Where the files land, from the project's root.
const TARGET: &str = "pkg/assets/assets";

/// What is copied as it is: from (below the root), to (below [`TARGET`]).
const COPIES: [(&str, &str); 12] = [
    ("src/console/assets/spoke.js", "spoke.js"),
    ("src/console/assets/charts.js", "charts.js"),
    ("src/console/assets/icon.svg", "icon.svg"),
    ("node_modules/chart.js/dist/chart.umd.min.js", "chart.umd.js"),
    ("src/console/assets/docs.js", "docs.js"),
    ("src/console/assets/docs.css", "docs.css"),
    ("node_modules/swagger-ui-dist/swagger-ui-bundle.js", "swagger-ui-bundle.js"),
    ("node_modules/swagger-ui-dist/swagger-ui.css", "swagger-ui.css"),
    ("node_modules/htmx.org/dist/htmx.min.js", "htmx.min.js"),
    ("node_modules/idiomorph/dist/idiomorph-ext.min.js", "idiomorph-ext.min.js"),
    ("node_modules/@fontsource-variable/inter/files/inter-latin-wght-normal.woff2", "inter-latin.woff2"),
    (
        "node_modules/@fontsource-variable/inter/files/inter-latin-ext-wght-normal.woff2",
        "inter-latin-ext.woff2",
    ),
];

/// The style sheet: source and target.
const STYLES: (&str, &str) = ("src/console/assets/spoke.css", "spoke.css");

/// Packages whose licence travels with what is served.
const PACKAGES: [&str; 7] = [
    "tailwindcss",
    "daisyui",
    "htmx.org",
    "idiomorph",
    "chart.js",
    "@fontsource-variable/inter",
    "swagger-ui-dist",
];

/// The API's document: where the code's test keeps it, and where it lands, without the spaces.
const DOCUMENT: (&str, &str) = ("docs/openapi.json", "openapi.json");

/// Builds all of it anew; takes about half a second. Needs `npm ci` to have run in `root`; the error says what is
/// missing and what to do.
pub fn build(root: &Path) -> Result<(), String> {
    let target = root.join(TARGET);
    fs::create_dir_all(&target).map_err(|error| format!("cannot create `{}`: {error}", target.display()))?;
    for (from, to) in COPIES {
        fs::copy(root.join(from), target.join(to)).map_err(|error| missing(from, &error))?;
    }
    licences(root, &target)?;
    headers(root)?;
    document(root, &target)?;
    styles(root, &target)
}

/// What Cloudflare sends with every file: these go out without the Worker.
fn headers(root: &Path) -> Result<(), String> {
    let file = root.join("pkg/assets/_headers");
    let text = "/assets/*\n  X-Content-Type-Options: nosniff\n  Strict-Transport-Security: max-age=31536000\n  \
                Cross-Origin-Resource-Policy: same-origin\n";
    fs::write(&file, text).map_err(|error| format!("cannot write `{}`: {error}", file.display()))
}

fn document(root: &Path, target: &Path) -> Result<(), String> {
    let text = fs::read(root.join(DOCUMENT.0)).map_err(|error| format!("`{}`: {error}", DOCUMENT.0))?;
    let document: serde_json::Value =
        serde_json::from_slice(&text).map_err(|error| format!("`{}`: {error}", DOCUMENT.0))?;
    let file = target.join(DOCUMENT.1);
    fs::write(&file, document.to_string())
        .map_err(|error| format!("cannot write `{}`: {error}", file.display()))
}

fn styles(root: &Path, target: &Path) -> Result<(), String> {
    let bin = root.join("node_modules/.bin");
    // The pinned Node, if this machine's own is too old, is found first.
    let path = env::join_paths(
        std::iter::once(bin.clone()).chain(env::split_paths(&env::var_os("PATH").unwrap_or_default())),
    )
    .map_err(|error| format!("PATH cannot hold `{}`: {error}", bin.display()))?;
    let output = Command::new(bin.join("tailwindcss"))
        .args(["--minify", "--input", STYLES.0, "--output"])
        .arg(target.join(STYLES.1))
        .env("PATH", path)
        .current_dir(root)
        .output()
        .map_err(|error| missing("node_modules/.bin/tailwindcss", &error))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("`{}` was not built:\n{}", STYLES.0, String::from_utf8_lossy(&output.stderr)))
}

fn licences(root: &Path, target: &Path) -> Result<(), String> {
    let mut text = String::new();
    for package in PACKAGES {
        let file = format!("node_modules/{package}/LICENSE");
        let licence = fs::read_to_string(root.join(&file))
            .or_else(|_| fs::read_to_string(root.join(format!("{file}.md"))))
            .map_err(|error| missing(&file, &error))?;
        text.extend([package, "\n\n", licence.trim(), "\n\n"]);
    }
    fs::write(target.join("licences.txt"), text)
        .map_err(|error| format!("cannot write licences.txt: {error}"))
}

fn missing(file: &str, error: &std::io::Error) -> String {
    format!("`{file}`: {error}; run `npm ci` in the project's folder")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_pages_and_styles_load_is_among_the_files() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        for source in ["src/console/chrome.rs", "src/console/docs.rs", STYLES.0] {
            let text = fs::read_to_string(root.join(source)).unwrap();
            for (at, mark) in text.match_indices("\"/assets/") {
                let name = text[at + mark.len()..].split('"').next().unwrap();
                let built = COPIES.iter().map(|(_, to)| *to).chain([STYLES.1]).any(|file| file == name);
                assert!(built, "`{source}` loads `{name}`, which nothing builds");
            }
        }
    }
}
