//! Where things are, from the project's root. Owns nothing.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context as _, Result, bail};

/// The project's folder.
#[derive(Debug, Clone)]
pub struct Project {
    root: PathBuf,
}

impl Project {
    /// The project this program was built from.
    ///
    /// Cargo's answer at run time comes first: two clones that share a target folder overwrite each other's programs.
    pub fn here() -> Self {
        let manifest = env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
        let root = manifest.parent().filter(|root| root.join("wrangler.toml").exists());
        let root =
            root.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(".")));
        Self { root: root.to_owned() }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A path below the root.
    pub fn path(&self, below: &str) -> PathBuf {
        self.root.join(below)
    }

    /// Programs and logs of the set-up.
    pub fn tools(&self) -> PathBuf {
        self.path(".tools")
    }

    /// The log of one step of set-up, build or test.
    pub fn log(&self, step: &str) -> PathBuf {
        self.tools().join("log").join(format!("{step}.log"))
    }

    /// A program of an npm package.
    pub fn node_program(&self, name: &str) -> PathBuf {
        self.path("node_modules/.bin").join(name)
    }

    /// The workerd that wrangler ships: its npm package's own program, without the script around it.
    pub fn workerd(&self) -> Result<PathBuf> {
        let packages = self.path("node_modules/@cloudflare");
        let entries =
            fs::read_dir(&packages).with_context(|| format!("cannot read `{}`", packages.display()))?;
        let programs = entries.filter_map(Result::ok).map(|entry| entry.path().join("bin/workerd"));
        programs
            .filter(|program| program.exists())
            .last()
            .context("npm's packages hold no workerd for this platform")
    }

    /// `PATH` with `first` in front, then the npm packages' programs (the pinned Node among them), then the machine's.
    pub fn search_path(&self, first: &[PathBuf]) -> Result<OsString> {
        let own = first.iter().cloned().chain([self.path("node_modules/.bin")]);
        let machine = env::var_os("PATH").unwrap_or_default();
        let all: Vec<PathBuf> = own.chain(env::split_paths(&machine)).collect();
        env::join_paths(all).context("a folder name holds a colon, which PATH cannot carry")
    }

    /// A command that finds the npm packages' programs and runs in the root.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Result<Command> {
        let mut command = Command::new(program);
        command.current_dir(&self.root).env("PATH", self.search_path(&[])?);
        Ok(command)
    }

    /// The version of `package` in `Cargo.lock`.
    pub fn locked_version(&self, package: &str) -> Result<String> {
        let lock = fs::read_to_string(self.path("Cargo.lock")).context("Cargo.lock cannot be read")?;
        let mut lines = lock.lines();
        while let Some(line) = lines.next() {
            if line == format!("name = \"{package}\"")
                && let Some(version) = lines.next().and_then(|line| line.strip_prefix("version = \""))
            {
                return Ok(version.trim_end_matches('"').to_owned());
            }
        }
        bail!("Cargo.lock names no `{package}`")
    }
}
