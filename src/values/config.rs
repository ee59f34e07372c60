//! Configuration: every variable and secret the Worker reads, as one table.
//!
//! The README's table is checked against [`SETTINGS`] by a test, so a variable that is not listed here does not exist.
//! Reading the environment is the platform's: [`Config::parse`] takes a lookup function.

use crate::values::{
    crypto::{CryptoError, Keyring},
    ids::AppKey,
    json,
    receiver::{DeliverTo, Reach},
    secret::Secret,
};
use serde::Deserialize;

/// One variable or secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// Name in `wrangler.toml` or `wrangler secret put`.
    pub name: &'static str,
    /// Whether it belongs into `wrangler secret put`.
    pub secret: bool,
    /// What applies if it is unset; `None`: the Worker refuses to serve without it.
    pub default: Option<&'static str>,
    /// What it is, for the README.
    pub meaning: &'static str,
}

/// Every setting, in the README's order.
pub const SETTINGS: [Setting; 20] = [
    Setting {
        name: "PUBLIC_URL",
        secret: false,
        default: None,
        meaning: "URL people and HubSpot reach the Worker by, without a trailing slash, e.g. `https://hubspot.example.com`",
    },
    Setting {
        name: "HUBSPOT_APPS",
        secret: true,
        default: None,
        meaning: "HubSpot apps as JSON: `[{\"key\":\"main\",\"label\":\"HubSpot\",\"client_id\":\"…\",\"client_secret\":\"…\",\"kind\":\"account\"}]`",
    },
    Setting {
        name: "KEYRING",
        secret: true,
        default: None,
        meaning: "keys that seal tokens, newest first: `id:base64` of 32 random bytes, comma separated",
    },
    Setting {
        name: "ROOT_KEY",
        secret: true,
        default: None,
        meaning: "key of the host's servers for creating workspaces; at least 32 characters",
    },
    Setting {
        name: "CONSOLE_PASSWORD",
        secret: true,
        default: None,
        meaning: "the operator's sign-in to `/console`; at least 16 characters",
    },
    Setting {
        name: "HUBSPOT_API_URL",
        secret: false,
        default: Some("https://api.hubapi.com"),
        meaning: "HubSpot's API; another value only for the simulator",
    },
    Setting {
        name: "HUBSPOT_APP_URL",
        secret: false,
        default: Some("https://app.hubspot.com"),
        meaning: "HubSpot's pages; another value only for the simulator",
    },
    Setting {
        name: "CALLS_PER_ALARM",
        secret: false,
        default: Some("1000"),
        meaning: "HubSpot calls one alarm may start; `40` fits the free plan's 50 subrequests",
    },
    Setting {
        name: "CALLS_IN_FLIGHT",
        secret: false,
        default: Some("6"),
        meaning: "HubSpot calls one connection has under way at once; Cloudflare lets 6 wait for headers",
    },
    Setting {
        name: "CHECK_EVERY_SECONDS",
        secret: false,
        default: Some("240"),
        meaning: "seconds after which a tick of the cron checks a connection for changes again; more saves HubSpot calls and writes",
    },
    Setting {
        name: "SCORE_FILE_ROWS",
        secret: false,
        default: Some("100000"),
        meaning: "rows of one file of scores; of 100,000 some 6 MB are held in memory at once",
    },
    Setting {
        name: "FEED_DAYS",
        secret: false,
        default: Some("30"),
        meaning: "days the change feed reaches back",
    },
    Setting {
        name: "FEED_MEGABYTES",
        secret: false,
        default: Some("512"),
        meaning: "megabytes of change feed kept per connection",
    },
    Setting {
        name: "STORAGE_MEGABYTES",
        secret: false,
        default: Some("10000"),
        meaning: "megabytes one connection may store, 10 GB on Cloudflare's paid plan; at 80 % it warns, at 90 % it mirrors only the fields it needs",
    },
    Setting {
        name: "API_REQUESTS_PER_MINUTE",
        secret: false,
        default: Some("6000"),
        meaning: "requests to `/v1` that one key, or the root key, may make a minute, and at once; counted by each isolate of the Worker by itself",
    },
    Setting {
        name: "PRODUCT_NAME",
        secret: false,
        default: Some("Spoke"),
        meaning: "name of the host's product, as its customers know it; stands on every page",
    },
    Setting {
        name: "DELIVER_TO",
        secret: false,
        default: Some("public"),
        meaning: "`anywhere` only on a developer's machine: lets deliveries go to `http` and to private hosts",
    },
    Setting {
        name: "ALERT_URL",
        secret: true,
        default: Some("off"),
        meaning: "where the operator is told of what only the operator can mend, as `POST` of Standard Webhooks JSON with a `text`: a chat's incoming webhook, an alarm system",
    },
    Setting {
        name: "ALERT_SECRET",
        secret: true,
        default: Some("off"),
        meaning: "signs those messages: `whsec_` and `openssl rand -base64 32`",
    },
    Setting {
        name: "TEST_FAULTS",
        secret: false,
        default: Some("off"),
        meaning: "`on` only in tests: lets `POST /__test/panic/{connection}` make a connection's object panic once",
    },
];

/// A HubSpot app of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    /// Our name for it; part of routes, seals, states and limiter windows.
    pub key: AppKey,
    /// What people see on the connect button.
    pub label: String,
    /// HubSpot's client id.
    pub client_id: String,
    /// HubSpot's client secret: exchanges codes and verifies webhooks.
    pub client_secret: Secret<String>,
    /// What its tokens may see.
    pub kind: AppKind,
}

/// Whose rights a token of the app carries (`hubspot-api.md` 2.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AppKind {
    /// The app's: connections.
    Account,
    /// The person's who authorised: seats.
    User,
}

/// Everything configured, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// See [`SETTINGS`].
    pub public_url: String,
    /// At least one app of kind account.
    pub apps: Vec<App>,
    /// Seals tokens.
    pub keyring: Keyring,
    /// Creates workspaces.
    pub root_key: Secret<String>,
    /// The operator's.
    pub console_password: Secret<String>,
    /// Base of HubSpot's API.
    pub hubspot_api_url: String,
    /// Base of HubSpot's pages.
    pub hubspot_app_url: String,
    /// Work bounds of one object.
    pub work: WorkLimits,
    /// Requests to `/v1` that one key may make a minute.
    pub api_requests_per_minute: u32,
    /// Name of the host's product.
    pub product_name: String,
    /// Which addresses endpoints may have.
    pub deliver_to: DeliverTo,
    /// Whether tests may ask for faults.
    pub test_faults: bool,
    /// Where the operator is told of what only the operator can mend. Such addresses are secrets of their own in many chats.
    pub alert_url: Option<Secret<String>>,
    /// Signs those messages.
    pub alert_secret: Option<Secret<String>>,
}

/// Bounds of what one connection's object does and keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkLimits {
    /// HubSpot calls one alarm may start.
    pub calls_per_alarm: u32,
    /// HubSpot calls under way at once.
    pub calls_in_flight: u32,
    /// A check for changes is due this long after the last began. The default lies under cron's five minutes, so that no
    /// tick comes a moment too early.
    pub check_every_ms: i64,
    /// Rows of one file of scores.
    pub score_file_rows: u32,
    /// Age limit of the change feed in milliseconds.
    pub feed_ms: i64,
    /// Size limit of the change feed in bytes.
    pub feed_bytes: i64,
    /// Bytes one connection may store (`cloudflare.md`: 10 GB an object).
    pub storage_bytes: i64,
}

impl Default for WorkLimits {
    fn default() -> Self {
        Self {
            calls_per_alarm: 1000,
            calls_in_flight: 6,
            check_every_ms: 4 * crate::values::time::MINUTE_MS,
            score_file_rows: 100_000,
            feed_ms: 30 * crate::values::time::DAY_MS,
            feed_bytes: 512 << 20,
            storage_bytes: 10_000 << 20,
        }
    }
}

/// Why the Worker refuses to serve.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A required setting is unset or empty.
    #[error("`{0}` is not set")]
    Missing(&'static str),
    /// A setting has a value it cannot have.
    #[error("`{0}` {1}")]
    Invalid(&'static str, &'static str),
    /// The keyring is refused.
    #[error("`KEYRING`: {0}")]
    Keyring(#[from] CryptoError),
}

/// Shortest root key: 32 characters of base64 hold 192 random bits.
const ROOT_KEY_CHARS: usize = 32;
/// Shortest console password; attempts are also limited in rate.
const PASSWORD_CHARS: usize = 16;

impl Config {
    /// Reads and checks every setting; `lookup` answers `None` for an unset one.
    pub fn parse(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let text = |name: &'static str| {
            let setting = SETTINGS
                .iter()
                .find(|setting| setting.name == name)
                .expect("settings are read by their listed names");
            lookup(name)
                .filter(|value| !value.trim().is_empty())
                .or_else(|| setting.default.map(str::to_owned))
                .ok_or(ConfigError::Missing(name))
        };
        let url = |name: &'static str| {
            let value = text(name)?;
            if !is_loopback(&value) && !value.starts_with("https://") {
                return Err(ConfigError::Invalid(name, "must begin with `https://`"));
            }
            Ok(value.trim_end_matches('/').to_owned())
        };
        let number = |name: &'static str, range: std::ops::RangeInclusive<i64>| {
            let value =
                text(name)?.parse().map_err(|_| ConfigError::Invalid(name, "is not a whole number"))?;
            if range.contains(&value) {
                Ok(value)
            } else {
                Err(ConfigError::Invalid(name, "is out of range"))
            }
        };
        let long = |name: &'static str, least: usize, why: &'static str| {
            let value = text(name)?;
            let repeated = value.bytes().all(|byte| byte == value.as_bytes()[0]);
            if value.len() < least || repeated {
                Err(ConfigError::Invalid(name, why))
            } else {
                Ok(Secret::new(value))
            }
        };
        let config = Self {
            public_url: url("PUBLIC_URL")?,
            apps: parse_apps(&text("HUBSPOT_APPS")?)?,
            keyring: Keyring::parse(&Secret::new(text("KEYRING")?))?,
            root_key: long("ROOT_KEY", ROOT_KEY_CHARS, "is shorter than 32 characters, or a placeholder")?,
            console_password: long(
                "CONSOLE_PASSWORD",
                PASSWORD_CHARS,
                "is shorter than 16 characters, or a placeholder",
            )?,
            hubspot_api_url: url("HUBSPOT_API_URL")?,
            hubspot_app_url: url("HUBSPOT_APP_URL")?,
            work: WorkLimits {
                calls_per_alarm: number("CALLS_PER_ALARM", 1..=9_000)? as u32,
                calls_in_flight: number("CALLS_IN_FLIGHT", 1..=6)? as u32,
                check_every_ms: number("CHECK_EVERY_SECONDS", 1..=86_400)? * crate::values::time::SECOND_MS,
                score_file_rows: number("SCORE_FILE_ROWS", 1..=100_000)? as u32,
                feed_ms: number("FEED_DAYS", 1..=400)? * crate::values::time::DAY_MS,
                feed_bytes: number("FEED_MEGABYTES", 1..=4_096)? << 20,
                storage_bytes: number("STORAGE_MEGABYTES", 1..=10_000)? << 20,
            },
            api_requests_per_minute: number("API_REQUESTS_PER_MINUTE", 1..=10_000_000)? as u32,
            product_name: text("PRODUCT_NAME")?,
            deliver_to: match text("DELIVER_TO")?.as_str() {
                "public" => DeliverTo::Public,
                "anywhere" => DeliverTo::Anywhere,
                _ => return Err(ConfigError::Invalid("DELIVER_TO", "must be `public` or `anywhere`")),
            },
            alert_url: match text("ALERT_URL")?.as_str() {
                "off" => None,
                _ => Some(Secret::new(url("ALERT_URL")?)),
            },
            alert_secret: match text("ALERT_SECRET")?.as_str() {
                "off" => None,
                secret if secret.starts_with("whsec_") && secret.len() > 40 => {
                    Some(Secret::new(secret.to_owned()))
                }
                _ => {
                    return Err(ConfigError::Invalid(
                        "ALERT_SECRET",
                        "is not `whsec_` and 32 bytes in base64",
                    ));
                }
            },
            test_faults: match text("TEST_FAULTS")?.as_str() {
                "on" => true,
                "off" => false,
                _ => return Err(ConfigError::Invalid("TEST_FAULTS", "must be `on` or `off`")),
            },
        };
        config.hardened()
    }

    /// What is for developers' machines alone is refused where people come from elsewhere.
    fn hardened(self) -> Result<Self, ConfigError> {
        if is_loopback(&self.public_url) {
            return Ok(self);
        }
        if self.test_faults {
            return Err(ConfigError::Invalid("TEST_FAULTS", "is for tests on one machine alone"));
        }
        if self.deliver_to == DeliverTo::Anywhere {
            return Err(ConfigError::Invalid("DELIVER_TO", "`anywhere` is for a developer's machine alone"));
        }
        Ok(self)
    }

    /// Where deliveries may go.
    pub fn reach(&self) -> Reach<'_> {
        Reach { to: self.deliver_to, own: &self.public_url }
    }

    /// The app through which the host's users authorise individually; `None`: seats are off.
    pub fn seat_app(&self) -> Option<&App> {
        self.apps.iter().find(|app| app.kind == AppKind::User)
    }

    /// The app of that key.
    pub fn app(&self, key: &AppKey) -> Option<&App> {
        self.apps.iter().find(|app| app.key == *key)
    }
}

fn parse_apps(text: &str) -> Result<Vec<App>, ConfigError> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Wire {
        key: AppKey,
        label: Option<String>,
        client_id: String,
        client_secret: String,
        kind: AppKind,
    }
    const NAME: &str = "HUBSPOT_APPS";
    let wires: Vec<Wire> = json::parse(text).map_err(|_| {
        ConfigError::Invalid(NAME, "is not a JSON list of `{key, label, client_id, client_secret, kind}`")
    })?;
    let mut apps: Vec<App> = Vec::new();
    for wire in wires {
        if wire.client_id.is_empty() || wire.client_secret.len() < 8 {
            return Err(ConfigError::Invalid(NAME, "has an app without a client id or client secret"));
        }
        if wire.key.is_reserved() {
            return Err(ConfigError::Invalid(
                NAME,
                "has an app whose key begins with `token`, which stands for connections by token",
            ));
        }
        if apps.iter().any(|app| app.key == wire.key) {
            return Err(ConfigError::Invalid(NAME, "has two apps of one key"));
        }
        apps.push(App {
            label: wire.label.unwrap_or_else(|| "HubSpot".to_owned()),
            key: wire.key,
            client_id: wire.client_id,
            client_secret: Secret::new(wire.client_secret),
            kind: wire.kind,
        });
    }
    if apps.iter().all(|app| app.kind == AppKind::User) {
        return Err(ConfigError::Invalid(NAME, "has no app of kind `account`"));
    }
    Ok(apps)
}

/// Whether a URL is plain HTTP to this very machine.
pub fn is_loopback(url: &str) -> bool {
    ["http://127.0.0.1", "http://localhost"].iter().any(|host| {
        url.strip_prefix(host).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/', '?']))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup(name: &str) -> Option<String> {
        let value = match name {
            "PUBLIC_URL" => "https://hubspot.example.com/",
            "HUBSPOT_APPS" => {
                r#"[{"key":"main","client_id":"id","client_secret":"yyyyyyyy-yyyy","kind":"account"}]"#
            }
            "KEYRING" => "a:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
            "ROOT_KEY" => "0123456789abcdef0123456789abcdef",
            "CONSOLE_PASSWORD" => "correct horse battery",
            _ => return None,
        };
        Some(value.to_owned())
    }

    #[test]
    fn a_full_configuration_is_read() {
        let config = Config::parse(lookup).unwrap();
        assert_eq!(config.public_url, "https://hubspot.example.com");
        assert_eq!(config.work, WorkLimits::default());
        assert_eq!(config.apps[0].label, "HubSpot");
    }

    #[test]
    fn each_required_setting_is_missed_by_name() {
        for setting in SETTINGS.iter().filter(|setting| setting.default.is_none()) {
            let error = Config::parse(|name| lookup(name).filter(|_| name != setting.name)).unwrap_err();
            assert_eq!(error, ConfigError::Missing(setting.name));
        }
    }

    #[test]
    fn placeholders_and_plain_http_are_refused() {
        let with = |changed: &'static str, value: &'static str| {
            Config::parse(move |name| if name == changed { Some(value.to_owned()) } else { lookup(name) })
        };
        assert!(with("ROOT_KEY", "short").is_err());
        assert!(with("ROOT_KEY", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx").is_err());
        assert!(with("PUBLIC_URL", "http://example.com").is_err());
        assert!(with("HUBSPOT_API_URL", "http://localhost.evil.example").is_err());
        assert!(with("HUBSPOT_API_URL", "http://127.0.0.1:8").is_ok());
        // A developer's machine is its own; people come to this one from elsewhere.
        assert!(with("TEST_FAULTS", "on").is_err() && with("DELIVER_TO", "anywhere").is_err());
        assert!(with("PUBLIC_URL", "http://127.0.0.1:8787").is_ok());
        assert!(with("CALLS_IN_FLIGHT", "7").is_err());
        assert!(with("DELIVER_TO", "everywhere").is_err());
        assert!(
            with(
                "HUBSPOT_APPS",
                r#"[{"key":"seats","client_id":"i","client_secret":"yyyyyyyy","kind":"user"}]"#
            )
            .is_err()
        );
    }
}
