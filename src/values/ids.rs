//! Identifiers as types, so that a wrong one fails where it is parsed and not where it is used.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// An id is not of the form its type asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a {0}")]
pub struct InvalidId(pub &'static str);

/// Ids that Spoke makes: a prefix and 24 lower-case hexadecimal digits (12 random bytes).
macro_rules! own_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Makes an id from 12 random bytes.
            pub fn from_random(bytes: [u8; 12]) -> Self {
                Self(format!("{}{}", $prefix, base16ct::lower::encode_string(&bytes)))
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                match text.strip_prefix($prefix) {
                    Some(digits)
                        if digits.len() == 24
                            && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) =>
                    {
                        Ok(Self(text.to_owned()))
                    }
                    _ => Err(InvalidId(stringify!($name))),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
            }
        }
    };
}

own_id!(
    /// One customer of the host; owns connections.
    WorkspaceId,
    "ws_"
);
own_id!(
    /// Our stored right to one portal.
    ConnectionId,
    "con_"
);
own_id!(
    /// A receiver of deliveries: a cursor over a connection's change feed.
    EndpointId,
    "ep_"
);
own_id!(
    /// Records that a host selected, and what it gets of them.
    ChannelId,
    "ch_"
);
own_id!(
    /// One message to an endpoint: the same for every attempt to deliver it (Standard Webhooks: `webhook-id`).
    MessageId,
    "msg_"
);
own_id!(
    /// Public half of an API key: `id.secret`.
    ApiKeyId,
    "key_"
);

/// Ids that HubSpot makes: numbers beyond 2^32, sent as strings or numbers, kept as `u64`.
macro_rules! hubspot_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl FromStr for $name {
            type Err = InvalidId;
            /// Decimal digits only; at most 2^63 - 1, what SQLite's INTEGER holds.
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let wrong = InvalidId(stringify!($name));
                if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
                    return Err(wrong);
                }
                text.parse::<i64>().map(|number| Self(number.cast_unsigned())).map_err(|_| wrong)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            /// Accepts a number or a decimal string (`hubspot-api.md` 12.1).
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                #[derive(Deserialize)]
                #[serde(untagged)]
                enum Wire<'a> {
                    Number(u64),
                    #[serde(borrow)]
                    Text(std::borrow::Cow<'a, str>),
                }
                match Wire::deserialize(deserializer)? {
                    Wire::Number(number) if i64::try_from(number).is_ok() => Ok(Self(number)),
                    Wire::Number(_) => Err(D::Error::custom(InvalidId(stringify!($name)))),
                    Wire::Text(text) => text.parse().map_err(D::Error::custom),
                }
            }
        }
    };
}

hubspot_id!(
    /// A customer's HubSpot account (wire: `portalId`, `hub_id`).
    PortalId
);
hubspot_id!(
    /// A record's `hs_object_id`. Grows with time; numeric for every CRM object type.
    RecordId
);
hubspot_id!(
    /// A HubSpot list (segment). Wire: `listId`, a string of digits.
    ListId
);
hubspot_id!(
    /// A person in HubSpot (wire: `user_id`), the one who authorised.
    HubSpotUserId
);

/// The key under which configuration knows one HubSpot app: 1 to 40 of `a-z 0-9 -`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct AppKey(String);

impl AppKey {
    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AppKey {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let good = (1..=40).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if good { Ok(Self(text.to_owned())) } else { Err(InvalidId("app key")) }
    }
}

impl fmt::Display for AppKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for AppKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// A CRM object type by HubSpot's name (`hubspot-api.md` 4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ObjectType {
    /// `contacts`, 0-1.
    Contacts,
    /// `companies`, 0-2.
    Companies,
    /// `deals`, 0-3.
    Deals,
}

impl ObjectType {
    /// Every type this build mirrors.
    pub const ALL: [Self; 3] = [Self::Contacts, Self::Companies, Self::Deals];

    /// The name in HubSpot's paths, in our API and in table names.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Contacts => "contacts",
            Self::Companies => "companies",
            Self::Deals => "deals",
        }
    }

    /// The type of HubSpot's number for it; `None`: one this build does not mirror.
    pub fn of_hubspot_id(id: &str) -> Option<Self> {
        match id {
            "0-1" => Some(Self::Contacts),
            "0-2" => Some(Self::Companies),
            "0-3" => Some(Self::Deals),
            _ => None,
        }
    }

    /// The property that holds the modified date. Contacts differ from everything else: filtering them by
    /// `hs_lastmodifieddate` silently finds nothing (`hubspot-api.md` 4.6).
    pub const fn modified_property(self) -> &'static str {
        match self {
            Self::Contacts => "lastmodifieddate",
            Self::Companies | Self::Deals => "hs_lastmodifieddate",
        }
    }

    /// The property a record can be looked up by besides its id, kept in lower case in the mirror's index; also the name
    /// of the API's parameter. Contacts are unique by it, companies are not.
    pub const fn key_property(self) -> Option<&'static str> {
        match self {
            Self::Contacts => Some("email"),
            Self::Companies => Some("domain"),
            Self::Deals => None,
        }
    }
}

impl FromStr for ObjectType {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(InvalidId("object type"))
    }
}

impl fmt::Display for ObjectType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_ids_keep_their_prefix_and_refuse_others() {
        let id = WorkspaceId::from_random([7; 12]);
        assert_eq!(id.as_str(), "ws_070707070707070707070707");
        assert_eq!(id.as_str().parse::<WorkspaceId>().unwrap(), id);
        assert!(id.as_str().parse::<ConnectionId>().is_err());
        assert!("ws_07".parse::<WorkspaceId>().is_err());
    }

    #[test]
    fn record_ids_are_read_from_numbers_and_strings() {
        let ids: Vec<RecordId> = serde_json::from_str(r#"[512, "9007199254740993"]"#).unwrap();
        assert_eq!(ids, [RecordId(512), RecordId(9_007_199_254_740_993)]);
        for wrong in ["\"\"", "\"-1\"", "\"1e3\"", "1.5", "\"99999999999999999999\"", "18446744073709551615"]
        {
            assert!(serde_json::from_str::<RecordId>(wrong).is_err(), "{wrong}");
        }
    }
}
