//! The rings hold: an arrow goes only downward, and only the platform ring is asynchronous or names its platform.

use std::{fs, path::Path};

/// Each ring with the rings it may use. Nothing uses `platform`.
const RINGS: [(&str, &[&str]); 7] = [
    ("values", &["values"]),
    ("hubspot", &["hubspot", "values"]),
    ("store", &["store", "values"]),
    ("engine", &["engine", "hubspot", "store", "values"]),
    ("api", &["api", "engine", "hubspot", "store", "values"]),
    ("console", &["console", "engine", "hubspot", "store", "values"]),
    ("platform", &["platform", "api", "console", "engine", "hubspot", "store", "values"]),
];

fn sources(folder: &Path, found: &mut Vec<(String, String)>) {
    let mut entries: Vec<_> =
        fs::read_dir(folder).expect("the folder is there").map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push((path.display().to_string(), fs::read_to_string(&path).unwrap()));
        }
    }
}

fn ring(name: &str) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let folder = root.join(name);
    if folder.is_dir() {
        sources(&folder, &mut found);
    }
    let file = root.join(format!("{name}.rs"));
    if file.is_file() {
        found.push((file.display().to_string(), fs::read_to_string(&file).unwrap()));
    }
    found
}

/// Lines of code: no comments, and nothing from the file's tests on.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .take_while(|(_, line)| line.trim() != "#[cfg(test)]")
        .map(|(index, line)| (index + 1, line.split("//").next().unwrap_or_default()))
}

/// Names of rings that follow `crate::` in a line, also within braces on the same line.
fn used(text: &str) -> Vec<String> {
    let joined: String = code(text).map(|(_, line)| line).collect::<Vec<_>>().join(" ");
    let mut names = Vec::new();
    for part in joined.split("crate::").skip(1) {
        let mut depth = 0;
        let mut word = String::new();
        let mut expecting = true;
        for character in part.chars() {
            match character {
                '{' => {
                    depth += 1;
                    expecting = depth == 1;
                    word.clear();
                }
                '}' => {
                    if depth <= 1 {
                        break;
                    }
                    depth -= 1;
                }
                ',' if depth == 1 => {
                    expecting = true;
                    word.clear();
                }
                ',' | ';' if depth == 0 => break,
                letter if letter.is_alphanumeric() || letter == '_' => {
                    if expecting {
                        word.push(letter);
                    }
                }
                _ => {
                    if expecting && !word.is_empty() {
                        names.push(std::mem::take(&mut word));
                        expecting = false;
                    }
                    if depth == 0 && !names.is_empty() {
                        break;
                    }
                }
            }
        }
    }
    names
}

#[test]
fn an_arrow_goes_only_towards_values() {
    let known: Vec<&str> = RINGS.iter().map(|(name, _)| *name).collect();
    let mut wrong = Vec::new();
    let mut files = 0;
    for (name, allowed) in RINGS {
        for (path, text) in ring(name) {
            files += 1;
            for used in used(&text) {
                if known.contains(&used.as_str()) && !allowed.contains(&used.as_str()) {
                    wrong.push(format!("{path} ({name}) uses {used}"));
                }
            }
        }
    }
    assert!(files > 20, "the sources were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_the_platform_ring_is_asynchronous_or_names_its_platform() {
    let banned =
        ["async ", ".await", "worker::", "wasm_bindgen", "js_sys", "web_sys", "SystemTime", "Instant::now"];
    let mut wrong = Vec::new();
    for (name, _) in RINGS.iter().filter(|(name, _)| *name != "platform") {
        for (path, text) in ring(name) {
            for (number, line) in code(&text) {
                for word in banned {
                    if line.contains(word) {
                        wrong.push(format!("{path}:{number}: {word}"));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn json_of_our_own_is_read_in_one_way_so_that_its_readers_are_compiled_once() {
    let mut wrong = Vec::new();
    for (name, _) in RINGS.iter().filter(|(name, _)| *name != "hubspot") {
        for (path, text) in ring(name) {
            let tests = path.contains("/tests/");
            let lines = code(&text).filter(|(_, line)| !tests && line.contains("serde_json::from_str"));
            wrong.extend(lines.map(|(number, _)| format!("{path}:{number}: use `values::json::parse`")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_rule_finds_an_arrow_that_goes_up() {
    assert_eq!(
        used("use crate::{engine::portal, values::{ids::AppKey, time}};\nfn f() { crate::platform::go(); }"),
        ["engine", "values", "platform"]
    );
    assert_eq!(used("// crate::platform::x\n#[cfg(test)]\nuse crate::platform;"), [""; 0]);
}

#[test]
fn the_simulator_shares_no_code_with_the_client() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("simulator/Cargo.toml");
    let manifest = fs::read_to_string(manifest).unwrap();
    assert!(!manifest.contains("spoke"), "the simulator depends on the Worker's crate");
}

#[test]
fn nothing_of_ours_is_unsafe_and_every_crate_is_held_to_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    assert!(manifest.contains("[workspace.lints.rust]\nunsafe_code = \"forbid\""), "the lint stands");
    let members: Vec<String> = manifest
        .lines()
        .find_map(|line| line.strip_prefix("members = "))
        .map(|list| serde_json::from_str(list).expect("a list of folders"))
        .expect("the workspace has members");
    let mut found = Vec::new();
    for folder in members.iter().map(String::as_str).chain(["."]) {
        let own = fs::read_to_string(root.join(folder).join("Cargo.toml")).unwrap();
        assert!(own.contains("[lints]\nworkspace = true"), "{folder} takes the workspace's lints");
        for part in ["src", "tests"].map(|part| root.join(folder).join(part)) {
            if part.is_dir() {
                sources(&part, &mut found);
            }
        }
    }
    assert!(found.len() > 300, "the sources were found: {}", found.len());
    // The lint denies the code; here nobody may allow it again. What the platform's macros make is theirs.
    let wrong: Vec<&str> = found
        .iter()
        .filter(|(path, text)| !path.ends_with("boundary.rs") && text.contains("unsafe_code"))
        .map(|(path, _)| path.as_str())
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The text of a function in a file, from its name to the line that ends it.
fn function(file: &str, name: &str) -> String {
    let text =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).expect("the file is there");
    let (_, rest) = text.split_once(&format!("fn {name}(")).expect("the function is there");
    rest.split_once("\n}\n").expect("the function ends").0.to_owned()
}

#[test]
fn secrets_are_compared_in_constant_time_and_keys_are_found_by_their_public_half() {
    let verify = function("src/engine/directory/mod.rs", "verify_key");
    assert_eq!(verify.matches("constant_time_eq(").count(), 1, "{verify}");
    assert_eq!(verify.matches("keys::get(sql, id)").count(), 1, "found by the id alone: {verify}");
    assert!(!verify.contains("hash =="), "{verify}");
    let get = function("src/store/directory/keys.rs", "get");
    assert!(
        get.contains("WHERE id = ?1") && !get.contains("hash ="),
        "the hash is no part of the search: {get}"
    );
    let caller = function("src/platform/caller.rs", "caller");
    assert!(caller.contains("constant_time_eq(presented.as_bytes(), config.root_key"), "{caller}");
    // The memory of keys is asked by a hash, whose letters tell nothing of the key's.
    let holder = function("src/platform/caller.rs", "key_holder");
    assert!(holder.contains("keys.get(&hash)") && !holder.contains("keys.get(presented"), "{holder}");
}
