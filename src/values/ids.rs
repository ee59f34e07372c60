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
    /// Someone who is kept out of a connection's mirror.
    BlockId,
    "blk_"
);
own_id!(
    /// Records that a host selected, and what it gets of them.
    ChannelId,
    "ch_"
);
own_id!(
    /// One of the host's users who has authorised individually, under a connection.
    SeatId,
    "seat_"
);
own_id!(
    /// One message to an endpoint: the same for every attempt to deliver it (Standard Webhooks: `webhook-id`).
    MessageId,
    "msg_"
);
own_id!(
    /// Something that somebody has Spoke do in a HubSpot account.
    ActionId,
    "act_"
);
own_id!(
    /// Something that an account or a visitor of the host's did, as the host sent it.
    SignalId,
    "sig_"
);
own_id!(
    /// Which signals qualify.
    QualifyingListId,
    "ql_"
);
own_id!(
    /// What is done for signals that qualify.
    AutomationId,
    "aut_"
);
own_id!(
    /// What is done for records when something happens, step by step.
    WorkflowId,
    "wf_"
);
own_id!(
    /// What an automation did for one signal, or a workflow for one record.
    RunId,
    "run_"
);
own_id!(
    /// What keeps audiences and attributes on HubSpot's contacts.
    ActivationId,
    "atv_"
);
own_id!(
    /// Public half of an API key: `id.secret`.
    ApiKeyId,
    "key_"
);

/// Ids that a host makes: letters, digits and `._~:-`, which stand in an address as they are.
macro_rules! host_id {
    ($(#[$doc:meta])* $name:ident, $chars:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Longest, in characters.
            const CHARS: usize = $chars;

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._~:-".contains(&byte);
                let good = (1..=Self::CHARS).contains(&text.len()) && text.bytes().all(plain);
                if good { Ok(Self(text.to_owned())) } else { Err(InvalidId(stringify!($name))) }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
            }
        }
    };
}

host_id!(
    /// A host's own id of an account of its own: 1 to 200 letters, digits and `._~:-`.
    AccountId,
    200
);
host_id!(
    /// A host's own id of an audience or of a calculated attribute: 1 to 100 letters, digits and `._~:-`.
    AttributeId,
    100
);

impl fmt::Display for AttributeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Greatest number up to which JSON's fractions tell each whole one from the next.
const MAX_WHOLE: f64 = 9_007_199_254_740_991.0;

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
            /// Accepts a number, however it is written, or a decimal string (`hubspot-api.md` 12.1).
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                #[derive(Deserialize)]
                #[serde(untagged)]
                enum Wire<'a> {
                    Number(u64),
                    #[serde(borrow)]
                    Text(std::borrow::Cow<'a, str>),
                    Fraction(f64),
                }
                match Wire::deserialize(deserializer)? {
                    Wire::Number(number) if i64::try_from(number).is_ok() => Ok(Self(number)),
                    Wire::Fraction(number) if number.fract() == 0.0 && (0.0..=MAX_WHOLE).contains(&number) => {
                        Ok(Self(number as u64))
                    }
                    Wire::Number(_) | Wire::Fraction(_) => Err(D::Error::custom(InvalidId(stringify!($name)))),
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

/// What stands for the app of a connection by token, which has none of the configuration's.
const TOKEN: &str = "token";

impl AppKey {
    /// Of connections by a private app's static token or a service key. Configuration may have no app of this key.
    pub fn token() -> Self {
        Self(TOKEN.to_owned())
    }

    /// Whose windows the calls of a private app count in: two of its tokens share them. `app_id` is HubSpot's.
    pub fn of_private_app(app_id: u64) -> Self {
        Self(format!("{TOKEN}-{app_id}"))
    }

    /// Whether it stands for connections by token.
    pub fn is_token(&self) -> bool {
        self.0 == TOKEN
    }

    /// Whether configuration must leave it to us.
    pub fn is_reserved(&self) -> bool {
        self.0.starts_with(TOKEN)
    }

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

/// A CRM object type (`hubspot-api.md` 4.1). As text, in our API, in what is stored and in HubSpot's paths: HubSpot's name, of a
/// custom object its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectType {
    /// `contacts`, 0-1.
    Contacts,
    /// `companies`, 0-2.
    Companies,
    /// `deals`, 0-3.
    Deals,
    /// `tasks`, 0-27.
    Tasks,
    /// `calls`, 0-48.
    Calls,
    /// `notes`, 0-46.
    Notes,
    /// `2-…`: an object that the account's people defined. Its name may change, its number does not.
    Custom(u32),
}

impl ObjectType {
    /// Those that every connection mirrors, as far as their scopes are granted.
    pub const ALWAYS: [Self; 3] = [Self::Contacts, Self::Companies, Self::Deals];
    /// Those of HubSpot's own that a connection mirrors where a person turned them on. So are custom objects.
    pub const FURTHER: [Self; 3] = [Self::Tasks, Self::Calls, Self::Notes];

    /// Its name.
    pub fn name(self) -> TypeName {
        match self {
            Self::Contacts => TypeName::of("contacts"),
            Self::Companies => TypeName::of("companies"),
            Self::Deals => TypeName::of("deals"),
            Self::Tasks => TypeName::of("tasks"),
            Self::Calls => TypeName::of("calls"),
            Self::Notes => TypeName::of("notes"),
            Self::Custom(number) => TypeName::custom('-', number),
        }
    }

    /// Its name in names of tables and indexes, which take no hyphen.
    pub fn table(self) -> TypeName {
        match self {
            Self::Custom(number) => TypeName::custom('_', number),
            Self::Contacts | Self::Companies | Self::Deals | Self::Tasks | Self::Calls | Self::Notes => {
                self.name()
            }
        }
    }

    /// HubSpot's number for it, as in its own pages and in the generic events.
    pub fn hubspot_id(self) -> TypeName {
        match self {
            Self::Contacts => TypeName::of("0-1"),
            Self::Companies => TypeName::of("0-2"),
            Self::Deals => TypeName::of("0-3"),
            Self::Tasks => TypeName::of("0-27"),
            Self::Calls => TypeName::of("0-48"),
            Self::Notes => TypeName::of("0-46"),
            Self::Custom(_) => self.name(),
        }
    }

    /// The type of HubSpot's number for it; `None`: one this build cannot mirror.
    pub fn of_hubspot_id(id: &str) -> Option<Self> {
        match id {
            "0-1" => Some(Self::Contacts),
            "0-2" => Some(Self::Companies),
            "0-3" => Some(Self::Deals),
            "0-27" => Some(Self::Tasks),
            "0-48" => Some(Self::Calls),
            "0-46" => Some(Self::Notes),
            _ => custom(id),
        }
    }

    /// Whether every connection mirrors it.
    pub const fn is_always(self) -> bool {
        match self {
            Self::Contacts | Self::Companies | Self::Deals => true,
            Self::Tasks | Self::Calls | Self::Notes | Self::Custom(_) => false,
        }
    }

    /// The property that holds the modified date. Contacts differ from everything else: filtering them by
    /// `hs_lastmodifieddate` silently finds nothing (`hubspot-api.md` 4.6).
    pub const fn modified_property(self) -> &'static str {
        match self {
            Self::Contacts => "lastmodifieddate",
            Self::Companies | Self::Deals | Self::Tasks | Self::Calls | Self::Notes | Self::Custom(_) => {
                "hs_lastmodifieddate"
            }
        }
    }

    /// The property a record can be looked up by besides its id, in any case, by an index of the mirror; also the name
    /// of the API's parameter. Contacts are unique by it, companies are not.
    pub const fn key_property(self) -> Option<&'static str> {
        match self {
            Self::Contacts => Some("email"),
            Self::Companies => Some("domain"),
            Self::Deals | Self::Tasks | Self::Calls | Self::Notes | Self::Custom(_) => None,
        }
    }
}

/// A custom object's number: `2-` and digits, written in one way only.
fn custom(id: &str) -> Option<ObjectType> {
    let digits = id.strip_prefix("2-")?;
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    plain.then(|| digits.parse().ok().map(ObjectType::Custom)).flatten()
}

impl FromStr for ObjectType {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let named = Self::ALWAYS.into_iter().chain(Self::FURTHER).find(|kind| &*kind.name() == text);
        named.or_else(|| custom(text)).ok_or(InvalidId("object type"))
    }
}

impl fmt::Display for ObjectType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

impl Serialize for ObjectType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.name())
    }
}

impl<'de> Deserialize<'de> for ObjectType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        std::borrow::Cow::<str>::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// What an object type is called: a text of at most 12 bytes (`2-4294967295`) that is copied and not borrowed.
#[derive(Clone, Copy)]
pub struct TypeName {
    bytes: [u8; 12],
    length: u8,
}

impl TypeName {
    fn of(text: &str) -> Self {
        let mut name = Self { bytes: [0; 12], length: text.len() as u8 };
        name.bytes[..text.len()].copy_from_slice(text.as_bytes());
        name
    }

    fn custom(join: char, number: u32) -> Self {
        Self::of(&format!("2{join}{number}"))
    }
}

impl std::ops::Deref for TypeName {
    type Target = str;
    fn deref(&self) -> &str {
        std::str::from_utf8(&self.bytes[..usize::from(self.length)]).expect("it was made of a text")
    }
}

impl fmt::Display for TypeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
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
        let ids: Vec<RecordId> = serde_json::from_str(r#"[512, "9007199254740993", 12.0]"#).unwrap();
        assert_eq!(ids, [RecordId(512), RecordId(9_007_199_254_740_993), RecordId(12)]);
        for wrong in [
            "\"\"",
            "\"-1\"",
            "\"1e3\"",
            "1.5",
            "-1.0",
            "1e300",
            "\"99999999999999999999\"",
            "18446744073709551615",
        ] {
            assert!(serde_json::from_str::<RecordId>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_object_type_is_its_name_and_a_custom_one_its_number() {
        let all = ObjectType::ALWAYS.into_iter().chain(ObjectType::FURTHER);
        for kind in all.chain([ObjectType::Custom(1), ObjectType::Custom(u32::MAX)]) {
            assert_eq!(kind.to_string().parse(), Ok(kind));
            assert_eq!(ObjectType::of_hubspot_id(&kind.hubspot_id()), Some(kind));
            let json = serde_json::to_string(&kind).unwrap();
            assert_eq!(json, format!("\"{kind}\""));
            assert_eq!(serde_json::from_str::<ObjectType>(&json).unwrap(), kind);
            assert_eq!(kind.table().replace('_', "-"), *kind.name());
        }
        assert_eq!(&*ObjectType::Custom(u32::MAX).table(), "2_4294967295");
        for wrong in ["", "tickets", "Contacts", "0-1", "2-", "2-0", "2-07", "2-+7", "2-4294967296", "2-7 "] {
            assert!(wrong.parse::<ObjectType>().is_err(), "{wrong}");
        }
        assert_eq!(ObjectType::of_hubspot_id("0-5"), None);
    }
}
