//! The Rust that builds the Worker: chosen once by the set-up, the same for every build after.
//!
//! The Worker is compiled with unwinding, so that a panic ends one request and not the whole instance. That needs the
//! standard library rebuilt (`-Z build-std`), which cargo allows on nightly only. Instead of a nightly this takes the
//! **stable release [`RUST`] with `RUSTC_BOOTSTRAP=1`** and its `rust-src` component: the compiler that also lints and
//! tests the code natively, one download for both, and a release that stays available, while a nightly of a certain day
//! may be missing on a machine and the newest one may emit what wasm-bindgen cannot read yet. `worker-build` asks for
//! `cargo +nightly`; three small wrappers ([`Toolchain::write_wrappers`]), first on its `PATH`, answer.
//!
//! Where rustup cannot download, Debian's own Rust is tried (`debian-rust.sh`).

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};

use crate::process::{ask, run};
use crate::progress::Step;
use crate::project::Project;

/// The release that builds everything; the manifest's `rust-version` names the same.
pub const RUST: &str = "1.95.0";

/// The target of the Worker.
pub const WASM: &str = "wasm32-unknown-unknown";

/// A Rust whose standard library's source and wasm32 library are there.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Toolchain {
    /// Folder that holds `bin/` and `lib/rustlib/`.
    sysroot: PathBuf,
    /// What `rustc --version` says.
    pub version: String,
}

impl Toolchain {
    /// Finds it, or installs it.
    pub fn ensure(project: &Project, step: &Step) -> Result<Self> {
        let log = project.log("rust");
        let running = env::var("RUSTUP_TOOLCHAIN").ok();
        if let Some(rustup) = rustup() {
            let pinned = match &running {
                Some(name) if version_of(&rustup, name).is_some_and(|version| is_pinned(&version)) => name,
                _ => RUST,
            };
            for name in [Some(pinned), running.as_deref()].into_iter().flatten() {
                if let Some(found) = Self::of_rustup(&rustup, name) {
                    return Ok(found);
                }
                let mut install = Command::new(&rustup);
                install.args(["toolchain", "install", name, "--profile", "minimal", "--no-self-update"]);
                install.args(["--component", "rust-src", "--component", "clippy", "--component", "rustfmt"]);
                install.args(["--target", WASM]);
                // Its failure is told below, if nothing else helps either.
                run(step, &mut install, &log)?;
                if let Some(found) = Self::of_rustup(&rustup, name) {
                    return Ok(found);
                }
            }
        }
        Self::of_debian(project, step, &log)
    }

    fn of_rustup(rustup: &Path, name: &str) -> Option<Self> {
        let sysroot = ask(rustc(rustup, name).args(["--print", "sysroot"]))?;
        Self::at(Path::new(&sysroot))
    }

    fn of_debian(project: &Project, step: &Step, rustup_log: &Path) -> Result<Self> {
        let usr = Path::new("/usr");
        if let Some(found) = Self::at(usr) {
            return Ok(found);
        }
        let log = project.log("debian-rust");
        let mut script = Command::new("sh");
        script.arg(project.path("xtask/src/debian-rust.sh"));
        let ended = run(step, &mut script, &log)?;
        if let Some(found) = Self::at(usr) {
            return Ok(found);
        }
        let rustup_said = fs::read_to_string(rustup_log).unwrap_or_else(|_| "rustup is not installed".into());
        bail!(
            "no Rust {RUST} with `rust-src` and `{WASM}` is here, and none could be installed.\n\
             rustup said:\n{}\nDebian's archive was tried:\n{}\n\
             What to do: let this machine reach static.rust-lang.org, or run \
             `rustup toolchain install {RUST} --component rust-src --target {WASM}` where that works; then run this again.",
            crate::process::tail(&rustup_said, 5),
            ended.tail(5),
        )
    }

    /// The toolchain in a folder, if it is complete and not older than [`RUST`].
    fn at(sysroot: &Path) -> Option<Self> {
        let lib = sysroot.join("lib/rustlib");
        let complete = lib.join("src/rust/library/std/Cargo.toml").exists()
            && fs::read_dir(lib.join(WASM).join("lib")).is_ok_and(|mut files| files.next().is_some());
        if !complete {
            return None;
        }
        let version = ask(Command::new(sysroot.join("bin/rustc")).arg("--version"))?;
        let is_new_enough = minor(&version)? >= minor(&format!("rustc {RUST}"))?;
        is_new_enough.then(|| Self { sysroot: sysroot.to_owned(), version })
    }

    /// Whether it is still where it was when the set-up chose it.
    pub fn is_there(&self) -> bool {
        Self::at(&self.sysroot).is_some_and(|found| found.version == self.version)
    }

    pub fn bin(&self) -> PathBuf {
        self.sysroot.join("bin")
    }

    /// A program of this toolchain, if it has it: Debian's has no clippy and no rustfmt.
    pub fn program(&self, name: &str) -> Option<PathBuf> {
        Some(self.bin().join(name)).filter(|path| path.exists())
    }

    /// `cargo` of this toolchain, in the project's root, free of what the cargo that started this program left behind.
    pub fn cargo(&self, project: &Project) -> Result<Command> {
        let mut command = project.command(self.bin().join("cargo"))?;
        command.env("PATH", project.search_path(&[self.bin()])?).env("RUSTC", self.bin().join("rustc"));
        for left_behind in ["RUSTUP_TOOLCHAIN", "LD_LIBRARY_PATH", "CARGO_MANIFEST_DIR", "CARGO"] {
            command.env_remove(left_behind);
        }
        Ok(command)
    }

    /// Writes the programs that `worker-build` believes to be a nightly's; returns their folder.
    pub fn write_wrappers(&self, project: &Project) -> Result<PathBuf> {
        let folder = project.tools().join("unwind");
        fs::create_dir_all(&folder).with_context(|| format!("cannot create `{}`", folder.display()))?;
        let bin = self.bin();
        let (cargo, rustc) = (bin.join("cargo"), bin.join("rustc"));
        let drop_nightly = "[ \"$1\" = +nightly ] && shift";
        let set = format!("RUSTC_BOOTSTRAP=1 RUSTC='{}'", rustc.display());
        let files = [
            (
                "cargo",
                format!("{drop_nightly}\nexec env -u RUSTUP_TOOLCHAIN {set} '{}' \"$@\"", cargo.display()),
            ),
            ("rustc", format!("{drop_nightly}\nexec '{}' \"$@\"", rustc.display())),
            ("rustup", "echo 'rust-src (installed)'".into()),
        ];
        for (name, body) in files {
            let path = folder.join(name);
            let text = format!(
                "#!/bin/sh\n# Written by `cargo xtask setup`; says why: xtask/src/toolchain.rs\n{body}\n"
            );
            fs::write(&path, text).with_context(|| format!("cannot write `{}`", path.display()))?;
            make_executable(&path)?;
        }
        Ok(folder)
    }
}

fn make_executable(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
        .with_context(|| format!("cannot make `{}` executable", path.display()))
}

/// Where rustup is: on `PATH`, or where its installer puts it.
fn rustup() -> Option<PathBuf> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| env::var_os("HOME").map(|home| Path::new(&home).join(".cargo")));
    [Some(PathBuf::from("rustup")), home.map(|home| home.join("bin/rustup"))]
        .into_iter()
        .flatten()
        .find(|program| ask(Command::new(program).arg("--version")).is_some())
}

/// `rustc` of a rustup toolchain; never installs it by being asked.
fn rustc(rustup: &Path, name: &str) -> Command {
    let mut command = Command::new(rustup);
    command.args(["run", name, "rustc"]).env("RUSTUP_AUTO_INSTALL", "0");
    command
}

fn version_of(rustup: &Path, name: &str) -> Option<String> {
    ask(rustc(rustup, name).arg("--version"))
}

fn is_pinned(version: &str) -> bool {
    version.split(' ').nth(1) == Some(RUST)
}

/// The minor number of `rustc 1.95.0 (…)`; `None` of another major version or another text.
fn minor(version: &str) -> Option<u32> {
    version.strip_prefix("rustc 1.")?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pinned_release_is_the_one_the_manifest_promises() {
        let manifest = fs::read_to_string(Project::here().path("Cargo.toml")).unwrap();
        let promised = manifest.lines().find_map(|line| line.strip_prefix("rust-version = \"")).unwrap();
        assert!(RUST.starts_with(promised.trim_end_matches('"')));
    }

    #[test]
    fn versions_are_read_as_rustc_writes_them() {
        assert!(is_pinned(&format!("rustc {RUST} (59807616e 2026-04-14)")));
        assert_eq!(minor("rustc 1.96.0-nightly (ac68faa20 2026-05-25)"), Some(96));
        assert_eq!(minor("error: toolchain is not installed"), None);
    }
}
