//! A person on the way from the host's link over HubSpot's pages and back, able to stop, refuse or go astray at each step.

use anyhow::{Context as _, Result, bail, ensure};
use xtask::browser::{Browser, Page};
use xtask::walk::Connected;
use xtask::world::{APP, World};

use crate::request::parameter;
use crate::secrecy::told;

/// A person before a browser.
pub struct Person<'a> {
    world: &'a World,
    pub browser: Browser,
    /// What they sign in to HubSpot with.
    email: String,
    password: String,
}

/// HubSpot's pages between leaving Spoke and coming back.
const HUBSPOT_PAGES: usize = 6;

impl<'a> Person<'a> {
    pub fn new(world: &'a World) -> Self {
        let mut browser = Browser::default();
        browser.stops_before = Some(callback(world));
        let hubspot = &world.simulator.started;
        Self { world, browser, email: hubspot.email.clone(), password: hubspot.password.clone() }
    }

    /// Is somebody else in HubSpot.
    pub fn signs_in_as(&mut self, email: &str, password: &str) {
        (self.email, self.password) = (email.to_owned(), password.to_owned());
    }

    /// Comes in by a fresh link.
    pub fn enter(&mut self, workspace: &str) -> Result<Page> {
        let link = self.world.spoke.create_session(workspace)?;
        let page = self.browser.open(&link)?;
        if page.status != 200 {
            bail!("the link leads to {}: {}", page.status, page.words());
        }
        for cookie in self.browser.cookies_for(&self.world.spoke.url).split("; ") {
            cookie.split_once('=').into_iter().for_each(|(_, value)| told(value));
        }
        Ok(page)
    }

    /// From the Integrations page on the way to HubSpot; the address HubSpot is asked at.
    pub fn leave(&mut self, workspace: &str, reconnect: Option<&str>) -> Result<String> {
        let connection = reconnect.map(|id| format!("&connection={id}")).unwrap_or_default();
        let address = format!("{}/w/{workspace}/connect?app={APP}{connection}", self.world.spoke.url);
        let before = self.browser.open(&address)?;
        let form = before.form("form[action$='/connect']");
        let form =
            form.with_context(|| format!("the page before leaving has no form: {}", before.words()))?;
        let stop = self.browser.stops_before.replace(format!("{}/oauth/", self.world.simulator.started.url));
        let page = self.browser.submit(&form);
        self.browser.stops_before = stop;
        let address = page?.url;
        parameter(&address, "state").into_iter().for_each(told);
        Ok(address)
    }

    /// From the host's link to a seat on the way to HubSpot; the address HubSpot is asked at.
    pub fn leave_for_seat(&mut self, link: &str) -> Result<String> {
        let card = self.browser.open(link)?;
        let words = card.words();
        ensure!(card.status == 200 && words.contains("as you"), "{} {words}", card.status);
        let form = card.form("form").context("the card has no form")?;
        let stop = self.browser.stops_before.replace(format!("{}/oauth/", self.world.simulator.started.url));
        let page = self.browser.submit(&form);
        self.browser.stops_before = stop;
        Ok(page?.url)
    }

    /// Makes a seat by the host's link, saying yes, up to the code that the host's server redeems.
    pub fn authorises(&mut self, link: &str, portal: u64) -> Result<String> {
        let authorize = self.leave_for_seat(link)?;
        let back = self.decide(&authorize, portal, "approve")?;
        let page = self.come_back(&back)?;
        let code = parameter(&page.url, "code");
        Ok(code.with_context(|| format!("no code came back: {} {}", page.url, page.words()))?.to_owned())
    }

    /// Through HubSpot's pages to a decision, `approve` or `deny`, in the account; the address HubSpot sends back to.
    pub fn decide(&mut self, authorize: &str, portal: u64, decision: &str) -> Result<String> {
        let mut page = self.browser.open(authorize)?;
        for _ in 0..HUBSPOT_PAGES {
            if page.url.starts_with(&callback(self.world)) {
                return Ok(page.url);
            }
            page = if let Some(login) = page.form("form:has(input[type=password])") {
                self.browser.submit(&login.with("email", &self.email).with("password", &self.password))?
            } else if let Some(approval) = page.form("form:has(button[value=approve])") {
                self.browser.submit(&approval.with("decision", decision))?
            } else if let Some(account) = page.link(&format!("a[href*='/oauth/{portal}/authorize']")) {
                self.browser.open(&account)?
            } else {
                bail!("HubSpot shows a page that leads nowhere: {}", page.words())
            };
        }
        bail!("HubSpot's pages do not lead back")
    }

    /// Follows HubSpot's redirect back to Spoke, to the page at its end.
    pub fn come_back(&mut self, address: &str) -> Result<Page> {
        self.browser.stops_before = None;
        let page = self.browser.open(address);
        self.browser.stops_before = Some(callback(self.world));
        page
    }

    /// All of it, saying yes.
    pub fn connect(&mut self, workspace: &str, portal: u64, reconnect: Option<&str>) -> Result<Page> {
        let authorize = self.leave(workspace, reconnect)?;
        let address = self.decide(&authorize, portal, "approve")?;
        self.come_back(&address)
    }
}

fn callback(world: &World) -> String {
    format!("{}/oauth/callback", world.spoke.url)
}

/// A new workspace connected to the account.
pub fn connected(world: &World, portal: u64, name: &str) -> Result<Connected> {
    let workspace = world.spoke.create_workspace(name)?;
    let mut person = Person::new(world);
    person.enter(&workspace)?;
    let page = person.connect(&workspace, portal, None)?;
    let connection = world.spoke.connections(&workspace)?.pop();
    let connection = connection.with_context(|| format!("no connection was made: {}", page.words()))?;
    Ok(Connected { workspace, connection })
}
