//! Fuzz targets for everything that parses what strangers send: HubSpot, browsers, the host's servers, whoever knows an
//! address.
//!
//! A target takes bytes and panics where a property does not hold; that it must not panic otherwise is the first property of
//! each. Its corpus, `corpus/TARGET/`, holds inputs worth starting from, one a file. `cargo test` replays every corpus and adds a
//! few rounds of mutated ones; `cargo xtask test --deep` goes on for seconds per target. What once failed is added to the corpus.
//!
//! Mutations start from the corpus because the engine that runs on stable knows nothing of coverage: bytes out of nowhere would
//! never be JSON.

pub mod hubspot;
pub mod mutate;
pub mod own;

use std::path::{Path, PathBuf};
use std::{fs, io};

/// A target.
pub type Target = fn(&[u8]);

/// Every target with its name, which is its corpus's folder too.
pub const TARGETS: [(&str, Target); 18] = [
    ("webhook_events", hubspot::webhook_events),
    ("webhook_signature", hubspot::webhook_signature),
    ("token_answers", hubspot::token_answers),
    ("records", hubspot::records),
    ("hubspot_lists", hubspot::hubspot_lists),
    ("associations", hubspot::associations),
    ("properties", hubspot::properties),
    ("owners", hubspot::owners),
    ("account", hubspot::account),
    ("errors", hubspot::errors),
    ("oauth_callback", own::oauth_callback),
    ("cursors", own::cursors),
    ("filters", own::filters),
    ("workflows", own::workflows),
    ("api_keys", own::api_keys),
    ("json_bodies", own::json_bodies),
    ("cookies", own::cookies),
    ("receivers", own::receivers),
];

/// The folder of a target's corpus.
pub fn corpus_folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name)
}

/// A target's corpus, in order of file names, so that a round means the same on every machine.
pub fn corpus(name: &str) -> io::Result<Vec<Vec<u8>>> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(corpus_folder(name))?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    paths.sort();
    paths.iter().map(fs::read).collect()
}
