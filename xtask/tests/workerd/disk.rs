//! The Worker's databases while it stands still: time that has passed, alarms that were lost, secrets that are not there.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use rusqlite::Connection;
use xtask::world::World;

/// Runs a statement in the database of every object of a class; how many rows it changed.
pub fn change(world: &World, class: &str, statement: &str) -> Result<usize> {
    let mut changed = 0;
    for file in databases(world, class)? {
        let database = Connection::open(&file).with_context(|| format!("{class}: cannot open a database"))?;
        changed += database.execute(statement, [])?;
    }
    ensure!(changed > 0, "`{statement}` changed nothing in {class}");
    Ok(changed)
}

/// Forgets when objects of a class wanted to be woken.
pub fn forget_alarms(world: &World, class: &str) -> Result<()> {
    let database = Connection::open(world.objects(class).join("metadata.sqlite"))?;
    let forgotten = database.execute("DELETE FROM _cf_ALARM", [])?;
    ensure!(forgotten > 0, "no object of class {class} had an alarm");
    Ok(())
}

/// All bytes of a class's databases, write-ahead logs included.
pub fn bytes(world: &World, class: &str) -> Result<Vec<u8>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(world.objects(class))? {
        all.extend(fs::read(entry?.path())?);
    }
    Ok(all)
}

fn databases(world: &World, class: &str) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(world.objects(class)).with_context(|| format!("no object of class {class}"))? {
        let file = entry?.path();
        let is_object = file.file_stem().is_some_and(|stem| stem != "metadata");
        if is_object && file.extension().is_some_and(|extension| extension == "sqlite") {
            files.push(file);
        }
    }
    Ok(files)
}
