//! The way of a customer's administrator: from the host's one-time link over the Integrations page and HubSpot's pages back.

use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::browser::{Browser, Page};
use crate::compare::{Difference, TYPES, compare};
use crate::spoke::Progress;
use crate::world::{APP, World};

/// A workspace with its one connection.
#[derive(Debug, Clone)]
pub struct Connected {
    pub workspace: String,
    pub connection: String,
}

/// HubSpot's pages between leaving Spoke and coming back: log in, choose account, approve.
const HUBSPOT_PAGES: usize = 6;

/// Creates a workspace and connects it, as a person in a browser would.
pub fn connect(world: &World, browser: &mut Browser, workspace_name: &str) -> Result<Connected> {
    let workspace = world.spoke.create_workspace(workspace_name)?;
    let link = world.spoke.create_session(&workspace)?;
    expect(&browser.open(&link)?, "the Integrations page")?;
    let back = authorise(world, browser, &workspace)?;
    expect(&back, "the page after connecting")?;
    let connection = world.spoke.connections(&workspace)?.pop();
    let connection =
        connection.with_context(|| format!("no connection was made; the page says: {}", back.words()))?;
    Ok(Connected { workspace, connection })
}

/// From the page before leaving to the page after coming back, saying yes to everything.
pub fn authorise(world: &World, browser: &mut Browser, workspace: &str) -> Result<Page> {
    let before = browser.open(&format!("{}/w/{workspace}/connect?app={APP}", world.spoke.url))?;
    expect(&before, "the page before leaving for HubSpot")?;
    let form = before.form("form[action$='/connect']").context("the page before leaving has no form")?;
    let mut page = browser.submit(&form)?;
    let hubspot = &world.simulator.started;
    for _ in 0..HUBSPOT_PAGES {
        if page.url.starts_with(&world.spoke.url) {
            return Ok(page);
        }
        expect(&page, "HubSpot's page")?;
        page = if let Some(login) = page.form("form:has(input[type=password])") {
            browser.submit(&login.with("email", &hubspot.email).with("password", &hubspot.password))?
        } else if let Some(approval) = page.form("form:has(button[value=approve])") {
            browser.submit(&approval.with("decision", "approve"))?
        } else if let Some(account) = page.link(&format!("a[href*='/oauth/{}/authorize']", hubspot.portal_id))
        {
            browser.open(&account)?
        } else {
            bail!("HubSpot shows a page that leads nowhere: {}", page.words())
        };
    }
    bail!("HubSpot's pages do not lead back")
}

/// A connection that makes no progress for so long will make none.
const STALLED: Duration = Duration::from_mins(2);

/// Waits until the first sync is over and nothing known is unread; `show` is called with every state on the way.
pub fn first_sync(world: &World, connection: &str, mut show: impl FnMut(&Progress)) -> Result<Progress> {
    let mut last = (Progress::default(), Instant::now());
    loop {
        let now = world.spoke.progress(connection)?;
        show(&now);
        if now.is_in_step() {
            return Ok(now);
        }
        if now != last.0 {
            last = (now, Instant::now());
        } else if last.1.elapsed() > STALLED {
            let trouble = last.0.trouble.unwrap_or_else(|| "no error is known".into());
            bail!("the sync stands still at {} contacts ({}): {trouble}", last.0.records, last.0.state);
        }
        sleep(Duration::from_millis(200));
    }
}

/// Lets search know everything, fires the cron and waits until the mirror equals HubSpot, which must not change meanwhile.
/// Fires again every five seconds, as a later tick would; gives the last difference when `patience` ends.
pub fn settle(world: &World, connection: &str, patience: Duration) -> Result<Difference> {
    world.simulator.catch_up_search()?;
    let started = Instant::now();
    let mut fired: Option<Instant> = None;
    loop {
        if fired.is_none_or(|at| at.elapsed() > Duration::from_secs(5)) {
            world.fire_cron()?;
            fired = Some(Instant::now());
        }
        if world.spoke.progress(connection)?.is_in_step() {
            let difference = compare(&world.spoke, connection, &world.simulator, &TYPES)?;
            if difference.is_none() || started.elapsed() > patience {
                return Ok(difference);
            }
        }
        if started.elapsed() > patience {
            return compare(&world.spoke, connection, &world.simulator, &TYPES);
        }
        sleep(Duration::from_millis(500));
    }
}

fn expect(page: &Page, what: &str) -> Result<()> {
    if page.status != 200 {
        bail!("{what} answers {}: {}", page.status, page.words());
    }
    Ok(())
}
