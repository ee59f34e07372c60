//! A browser without a screen: follows redirects, keeps cookies, fills in forms. Enough to walk through OAuth as a person
//! does; scripts and looks are the real browser's test.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use scraper::{Html, Selector};

use crate::heard;

/// A browser with its cookies. As in real ones these belong to a host name, whatever the port.
#[derive(Debug)]
pub struct Browser {
    agent: ureq::Agent,
    cookies: BTreeMap<String, Cookie>,
    /// A redirect to an address that begins so is not followed: the page is that address, with the redirect's status.
    pub stops_before: Option<String>,
    /// Every request so far: method, address without query, status.
    pub history: Vec<(String, String, u16)>,
}

#[derive(Debug, Clone)]
struct Cookie {
    value: String,
    path: String,
}

/// A page that was reached.
#[derive(Debug, Clone)]
pub struct Page {
    pub url: String,
    pub status: u16,
    pub html: String,
}

/// A form of a page: where it goes and what it carries unless changed.
#[derive(Debug, Clone)]
pub struct Form {
    action: String,
    fields: Vec<(String, String)>,
    origin: String,
}

/// Redirects followed at most; browsers allow 20.
const REDIRECTS: usize = 20;

impl Default for Browser {
    fn default() -> Self {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(Duration::from_mins(1)))
            .build()
            .new_agent();
        Self { agent, cookies: BTreeMap::new(), stops_before: None, history: Vec::new() }
    }
}

impl Browser {
    /// Opens an address and follows redirects.
    pub fn open(&mut self, url: &str) -> Result<Page> {
        self.follow(url, None)
    }

    /// Sends a form and follows redirects.
    pub fn submit(&mut self, form: &Form) -> Result<Page> {
        self.follow(&form.action, Some(form))
    }

    fn follow(&mut self, url: &str, form: Option<&Form>) -> Result<Page> {
        let (mut url, mut form) = (url.to_owned(), form);
        for _ in 0..REDIRECTS {
            let mut response = self.send(&url, form)?;
            let status = response.status().as_u16();
            let method = if form.is_some() { "POST" } else { "GET" };
            self.history.push((method.into(), url.split('?').next().unwrap_or_default().into(), status));
            self.keep_cookies(&response);
            let location = response.headers().get("location").and_then(|to| to.to_str().ok());
            match location.filter(|_| (300..400).contains(&status)) {
                Some(to) => {
                    url = resolve(&url, to);
                    if self.stops_before.as_ref().is_some_and(|stop| url.starts_with(stop)) {
                        return Ok(Page { url, status, html: String::new() });
                    }
                }
                None => {
                    let html = response.body_mut().read_to_string()?;
                    if is_ours(&url) {
                        heard::note(&html);
                    }
                    return Ok(Page { url, status, html });
                }
            }
            form = None;
        }
        bail!("more than {REDIRECTS} redirects, the last to {url}")
    }

    fn send(&self, url: &str, form: Option<&Form>) -> Result<ureq::http::Response<ureq::Body>> {
        let cookies = self.cookies_for(url);
        let sent = match form {
            None => self.agent.get(url).header("accept", "text/html").header("cookie", cookies).call(),
            Some(form) => {
                let fields = form.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
                let post = self.agent.post(url).header("accept", "text/html").header("cookie", cookies);
                post.header("origin", &form.origin).send_form(fields)
            }
        };
        sent.with_context(|| format!("`{url}` does not answer"))
    }

    /// What it would send as cookies to that address.
    pub fn cookies_for(&self, url: &str) -> String {
        let path = path_of(url);
        let own = self.cookies.iter().filter(|(_, cookie)| path.starts_with(cookie.path.as_str()));
        own.map(|(name, cookie)| format!("{name}={}", cookie.value)).collect::<Vec<_>>().join("; ")
    }

    fn keep_cookies(&mut self, response: &ureq::http::Response<ureq::Body>) {
        for header in response.headers().get_all("set-cookie") {
            let Ok(text) = header.to_str() else { continue };
            let mut parts = text.split(';').map(str::trim);
            let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else { continue };
            let attributes: Vec<&str> = parts.collect();
            let path = attributes.iter().find_map(|part| part.strip_prefix("Path=")).unwrap_or("/");
            if attributes.iter().any(|part| part.eq_ignore_ascii_case("max-age=0")) {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.into(), Cookie { value: value.into(), path: path.into() });
            }
        }
    }
}

/// Whether an address is one of the Worker's pages, not of the simulated HubSpot's.
fn is_ours(url: &str) -> bool {
    let path = path_of(url);
    ["/w/", "/s/", "/console", "/oauth/callback", "/docs", "/seat/"]
        .iter()
        .any(|start| path.starts_with(start))
}

impl Page {
    /// The page's heading and text without markup, for messages.
    pub fn words(&self) -> String {
        let html = Html::parse_document(&self.html);
        let texts: Vec<&str> = match selector("main").ok().and_then(|main| html.select(&main).next()) {
            Some(main) => main.text().collect(),
            None => html.root_element().text().collect(),
        };
        let words: Vec<&str> = texts.iter().flat_map(|text| text.split_whitespace()).collect();
        words.join(" ").chars().take(300).collect()
    }

    /// The address of the first link that `css` selects.
    pub fn link(&self, css: &str) -> Option<String> {
        let html = Html::parse_document(&self.html);
        let link = html.select(&selector(css).ok()?).next()?.attr("href")?;
        Some(resolve(&self.url, link))
    }

    /// The first form that `css` selects, with the values of its fields; buttons are pressed with [`Form::with`].
    pub fn form(&self, css: &str) -> Option<Form> {
        let html = Html::parse_document(&self.html);
        let form = html.select(&selector(css).ok()?).next()?;
        let named = selector("input[name]").ok()?;
        let fields = form.select(&named).filter_map(|input| {
            Some((input.attr("name")?.to_owned(), input.attr("value").unwrap_or_default().to_owned()))
        });
        Some(Form {
            action: resolve(&self.url, form.attr("action").unwrap_or_default()),
            fields: fields.collect(),
            origin: origin_of(&self.url).to_owned(),
        })
    }
}

impl Form {
    /// Sets a field, or presses the button of that name.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.fields.retain(|(of, _)| of != name);
        self.fields.push((name.into(), value.into()));
        self
    }
}

fn selector(css: &str) -> Result<Selector> {
    Selector::parse(css).map_err(|error| anyhow::anyhow!("selector `{css}`: {error}"))
}

/// `http://host:port` of an address.
fn origin_of(url: &str) -> &str {
    let start = url.find("://").map_or(0, |at| at + 3);
    url[start..].find(['/', '?']).map_or(url, |end| &url[..start + end])
}

/// The path of an address, without its query.
fn path_of(url: &str) -> &str {
    let rest = &url[origin_of(url).len()..];
    let path = rest.split(['?', '#']).next().unwrap_or_default();
    if path.is_empty() { "/" } else { path }
}

/// A link as it stands on the page at `base`: absolute, from the root, or the page itself. Ours are of these kinds.
fn resolve(base: &str, link: &str) -> String {
    match link {
        "" => base.to_owned(),
        link if link.starts_with('/') => format!("{}{link}", origin_of(base)),
        link if link.starts_with('?') => format!("{}{}{link}", origin_of(base), path_of(base)),
        link => link.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_resolve_against_their_page() {
        let base = "http://127.0.0.1:80/oauth/authorize?a=b";
        assert_eq!(resolve(base, "/login?next=x"), "http://127.0.0.1:80/login?next=x");
        assert_eq!(resolve(base, ""), base);
        assert_eq!(resolve(base, "?app=main"), "http://127.0.0.1:80/oauth/authorize?app=main");
        assert_eq!(resolve(base, "https://other.example/"), "https://other.example/");
        assert_eq!(path_of("http://127.0.0.1:80"), "/");
    }

    #[test]
    fn a_form_carries_its_hidden_fields_and_the_button_pressed() {
        let html = r#"<form method="post"><input type="hidden" name="csrf" value="c&amp;d"><button name="decision"></form>"#;
        let page = Page { url: "http://h/p?q".into(), status: 200, html: html.into() };
        let form = page.form("form").unwrap().with("decision", "approve");
        assert_eq!(form.action, "http://h/p?q");
        assert_eq!(form.fields, [("csrf".into(), "c&d".into()), ("decision".into(), "approve".into())]);
    }
}
