//! Scripts of `tests/browser/` in Node, which drive a real Chromium through a running world.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

use anyhow::{Context as _, Result, bail};

use crate::process::run_well;
use crate::progress::Step;
use crate::project::Project;
use crate::world::{Built, Plan, World};

/// What to do where there is none.
pub const MISSING: &str = "no Chromium; `apt-get install chromium`, or say where it is in CHROMIUM";

/// The README's pictures.
const PICTURES: [&str; 4] = ["integrations", "sync", "record", "channel"];

/// What a README can afford of each; GitHub scales them down anyway.
const PICTURE_BYTES: u64 = 150_000;

/// Where this machine's Chromium is, if it has one.
pub fn find() -> Option<String> {
    let named = env::var("CHROMIUM").ok();
    let known =
        ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].map(str::to_owned);
    named.into_iter().chain(known).find(|path| Path::new(path).exists())
}

/// Node, told where the world is. The script and Node's own arguments are the caller's to add.
pub fn node(project: &Project, world: &World, chromium: &str) -> Result<Command> {
    let hubspot = &world.simulator.started;
    let mut node = project.command("node")?;
    node.env("CHROMIUM", chromium).env("SPOKE_URL", &world.spoke.url);
    node.env("ROOT_KEY", &world.secrets.root_key);
    node.env("CONSOLE_PASSWORD", &world.secrets.console_password);
    node.env("HUBSPOT_URL", &hubspot.url).env("HUBSPOT_EMAIL", &hubspot.email);
    node.env("HUBSPOT_PASSWORD", &hubspot.password);
    Ok(node)
}

/// Takes the README's pictures anew, from the built Worker.
pub fn picture(project: &Project, built: &Built) -> Result<()> {
    let chromium = find().context(MISSING)?;
    let step = Step::start("Taking the README's pictures", "a minute");
    let world = World::start(built, &Plan::default().with("--contacts", 1))?;
    let folder = project.path("docs");
    fs::create_dir_all(&folder).context("cannot make the folder `docs`")?;
    let mut node = node(project, &world, &chromium)?;
    node.arg("tests/browser/picture.mjs").arg(&folder);
    run_well(&step, &mut node, &project.log("picture"))?;
    let mut sizes = Vec::new();
    for name in PICTURES {
        let file = folder.join(name).with_extension("png");
        let bytes = fs::metadata(&file).with_context(|| format!("no picture `{name}` was made"))?.len();
        if bytes > PICTURE_BYTES {
            bail!("the picture `{name}` takes {bytes} bytes of {PICTURE_BYTES} allowed");
        }
        sizes.push(format!("{name} {} KB", bytes / 1_000));
    }
    step.done(&sizes.join(", "));
    Ok(())
}
