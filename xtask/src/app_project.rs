//! `cargo xtask app-project`: HubSpot's app projects of a deployment, as HubSpot's CLI uploads them. Owns nothing.
//!
//! Scopes come from the scope table, webhooks from the one list of subscriptions, addresses from the route table: what a
//! project says is what the code does. Format: HubSpot's `hubspot-project-components`, folders `2025.2` to `2026.09-beta`,
//! and `hubspot-api.md` 1.4, 2.8, 9.1.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};
use spoke::api::route::OAUTH_CALLBACK;
use spoke::values::{ids::AppKey, scopes, subscriptions::SUBSCRIBED};

/// The platform version of the projects.
pub const PLATFORM: &str = "2026.09";
/// Webhook requests of one account in flight: HubSpot's default.
const CONCURRENT: u32 = 10;
/// What a project's folder and the app's unique id begin with.
const ACCOUNT: &str = "account-level";
const USER: &str = "user-level";

#[derive(Debug, Args)]
pub struct Options {
    /// Where the deployment is reached, as in `PUBLIC_URL`: `https://hubspot.example.com`
    #[arg(long)]
    pub url: String,
    /// The app's key in `HUBSPOT_APPS`, which its webhooks' address ends with
    #[arg(long, default_value = "main")]
    pub key: String,
    /// The app's name, as customers read it when they connect
    #[arg(long, default_value = "Spoke")]
    pub name: String,
    /// Up to ten accounts that you name at HubSpot, or any
    #[arg(long, value_enum, default_value = "private")]
    pub distribution: Distribution,
    /// Whom customers write to; HubSpot shows it to them
    #[arg(long)]
    pub support_email: Option<String>,
    /// Where the projects go
    #[arg(long, default_value = "hubspot-app")]
    pub out: String,
    /// Overwrite the projects that are there
    #[arg(long)]
    pub force: bool,
}

/// Who may install an app. HubSpot lets nobody change it after the first upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Distribution {
    /// Accounts that were named beforehand.
    Private,
    /// Any account; 25 until the app is listed.
    Marketplace,
}

/// Writes both projects; what to do next, in words.
pub fn write(options: &Options) -> Result<String> {
    let files = files(options)?;
    let out = Path::new(&options.out);
    if !options.force
        && let Some((path, _)) = files.iter().find(|(path, _)| out.join(path).exists())
    {
        bail!("`{}` is there already; `--force` overwrites it", out.join(path).display());
    }
    for (path, content) in &files {
        let path = out.join(path);
        let folder = path.parent().context("every file is in a folder")?;
        fs::create_dir_all(folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
        let text = format!("{content:#}\n");
        fs::write(&path, text).with_context(|| format!("cannot write `{}`", path.display()))?;
    }
    Ok(format!(
        "Wrote `{0}/{ACCOUNT}` and `{0}/{USER}`. Upload each with HubSpot's CLI: `cd {0}/{ACCOUNT} && npx --package @hubspot/cli hs project upload`.\n\
         The client id and secret that HubSpot then shows go into HUBSPOT_APPS. The user-level app is for seats; leave it out \
         if you need none.",
        options.out
    ))
}

/// Every file of both projects, by its path below `--out`.
pub fn files(options: &Options) -> Result<Vec<(String, Value)>> {
    let url = address(&options.url)?;
    // As the configuration takes them (`values/config.rs`).
    let known = options.key.parse().is_ok_and(|key: AppKey| !key.is_reserved());
    ensure!(known, "`{}` cannot be the key of an app in HUBSPOT_APPS", options.key);
    let name = |suffix: &str| format!("{}{suffix}", options.name);
    Ok(vec![
        (format!("{ACCOUNT}/hsproject.json"), project(&name(""))),
        (format!("{ACCOUNT}/src/app/app-hsmeta.json"), app(options, &url, &name(""), false)),
        (format!("{ACCOUNT}/src/app/webhooks/webhooks-hsmeta.json"), webhooks(options, &url)),
        (format!("{USER}/hsproject.json"), project(&name(" for seats"))),
        // Without webhooks: the account-level app is told everything already.
        (format!("{USER}/src/app/app-hsmeta.json"), app(options, &url, &name(" for seats"), true)),
    ])
}

/// The address without a trailing slash, if HubSpot takes it: HTTPS, or this machine.
fn address(url: &str) -> Result<String> {
    let url = url.trim_end_matches('/');
    let host = url.strip_prefix("https://").or_else(|| {
        url.strip_prefix("http://").filter(|host| *host == "localhost" || host.starts_with("localhost:"))
    });
    let plain = |host: &&str| !host.is_empty() && !host.contains(['/', '?', '#', '@', ' ']);
    ensure!(
        host.is_some_and(|host| plain(&host)),
        "`{url}` is not an address HubSpot takes: `https://` and a host, or `http://localhost` while you try things"
    );
    Ok(url.to_owned())
}

fn project(name: &str) -> Value {
    json!({"name": name, "srcDir": "src", "platformVersion": PLATFORM})
}

fn app(options: &Options, url: &str, name: &str, user_level: bool) -> Value {
    let uid = if user_level { "spoke_user_level_app" } else { "spoke_account_level_app" };
    let description = if user_level {
        "Lets each of your users work in HubSpot with their own permissions."
    } else {
        "Keeps your product and HubSpot in step."
    };
    let mut config = json!({
        "name": name,
        "description": description,
        "distribution": match options.distribution {
            Distribution::Private => "private",
            Distribution::Marketplace => "marketplace",
        },
        "isUserLevel": user_level,
        "auth": {
            "type": "oauth",
            "redirectUrls": [format!("{url}{OAUTH_CALLBACK}")],
            "requiredScopes": scopes::names(true).collect::<Vec<_>>(),
            // In `optional_scope`, so that an account whose tier lacks one can still connect.
            "optionalScopes": scopes::names(false).collect::<Vec<_>>(),
            // Spoke asks for none by condition: what it can do without is optional.
            "conditionallyRequiredScopes": [],
        },
        // For HubSpot's own pages, of which these apps have none.
        "permittedUrls": {"fetch": [], "iframe": [], "img": []},
    });
    let mut support = Map::new();
    if let Some(email) = &options.support_email {
        support.insert("supportEmail".into(), email.as_str().into());
    }
    if url.starts_with("https://") {
        support.insert("supportUrl".into(), url.into());
    }
    if !support.is_empty() {
        config["support"] = support.into();
    }
    json!({"uid": uid, "type": "app", "config": config})
}

fn webhooks(options: &Options, url: &str) -> Value {
    let (mut classic, mut generic, mut hub) = (Vec::new(), Vec::new(), Vec::new());
    for subscribed in &SUBSCRIBED {
        for (kind, property) in subscribed.each() {
            let mut entry = json!({"subscriptionType": kind, "active": true});
            if let Some(name) = property {
                entry["propertyName"] = name.into();
            }
            if !subscribed.classic {
                entry["objectType"] = subscribed.object.into();
                generic.push(entry);
            } else if kind.ends_with(".privacyDeletion") {
                hub.push(entry);
            } else {
                classic.push(entry);
            }
        }
    }
    json!({
        "uid": "spoke_webhooks",
        "type": "webhooks",
        "config": {
            "settings": {
                "targetUrl": format!("{url}/webhooks/hubspot/{}", options.key),
                "maxConcurrentRequests": CONCURRENT,
            },
            "subscriptions": {"crmObjects": generic, "legacyCrmObjects": classic, "hubEvents": hub},
        },
    })
}
