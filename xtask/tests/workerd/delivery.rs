//! Webhook deliveries made by hand: rightly signed as HubSpot signs (`hubspot-api.md` §9.4), or in one thing wrong.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use data_encoding::BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use xtask::world::{APP, World};

use crate::request::{Answer, Ask, send};

/// One delivery; fields may be changed before it is sent.
#[derive(Debug, Clone)]
pub struct Delivery {
    pub url: String,
    pub body: String,
    pub timestamp: i64,
    /// `None`: unsigned.
    pub signature: Option<String>,
}

impl Delivery {
    /// Events as the app's secret signs them now.
    pub fn new(world: &World, events: &Value) -> Result<Self> {
        Self::at(world, events.to_string(), now_ms()?)
    }

    /// A body as the app's secret signed it at that moment.
    pub fn at(world: &World, body: String, timestamp: i64) -> Result<Self> {
        let url = format!("{}/webhooks/hubspot/{APP}", world.spoke.url);
        let signature = Some(signature(&world.secrets.client_secret, &url, &body, timestamp)?);
        Ok(Self { url, body, timestamp, signature })
    }

    pub fn send(&self) -> Result<Answer> {
        let timestamp = self.timestamp.to_string();
        let mut headers = vec![("content-type", "application/json")];
        if let Some(signature) = &self.signature {
            headers.push(("x-hubspot-signature-v3", signature));
            headers.push(("x-hubspot-request-timestamp", &timestamp));
        }
        send(&Ask { method: "POST", url: &self.url, headers: &headers, body: Some(&self.body) })
    }
}

pub fn signature(secret: &str, url: &str, body: &str, timestamp: i64) -> Result<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())?;
    mac.update(format!("POST{url}{body}{timestamp}").as_bytes());
    Ok(BASE64.encode(&mac.finalize().into_bytes()))
}

pub fn now_ms() -> Result<i64> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).context("the clock is before 1970")?;
    Ok(since.as_millis() as i64)
}

/// That a property of a contact changed.
pub fn changed(portal: u64, contact: u64) -> Value {
    json!([{
        "eventId": contact,
        "subscriptionId": 1,
        "portalId": portal,
        "appId": 1,
        "occurredAt": 1_700_000_000_000_i64,
        "subscriptionType": "contact.propertyChange",
        "attemptNumber": 0,
        "objectId": contact,
        "propertyName": "firstname",
        "propertyValue": "never believed",
        "changeSource": "CRM_UI",
    }])
}
