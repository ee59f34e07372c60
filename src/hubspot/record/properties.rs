//! The values of a record, and how they are read and written as JSON.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::{hubspot::Malformed, values::filter::Values};

/// Property values that are not null, sorted by name, each name once.
///
/// A borrowed text stood between quotes in JSON just as it is, so it holds nothing that would have to be escaped; any other
/// text is owned.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Properties<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Properties<'a> {
    /// Values in any order; of a name told twice the last one stays.
    #[cfg(test)]
    pub(super) fn from_pairs(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut builder = Builder::default();
        for (name, value) in pairs {
            builder.push(Cow::Owned(name), Some(Cow::Owned(value)));
        }
        builder.finish()
    }

    /// Reads an object of properties, as stored or as sent.
    pub fn parse(json: &'a str) -> Result<Self, Malformed> {
        read(json, PropertiesSeed { capacity: 0 })
            .or_else(|_| serde_json::from_str(json).map(|raw| Some(tolerant_properties(raw))))
            .ok()
            .flatten()
            .ok_or(Malformed("an object of property values"))
    }

    /// The value of a property that is set.
    pub fn get(&self, name: &str) -> Option<&str> {
        let index = self.0.binary_search_by(|(key, _)| key.as_ref().cmp(name)).ok()?;
        Some(&self.0[index].1)
    }

    /// Names and values, sorted by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), value.as_ref()))
    }

    /// Keeps values of these names, sorted, only.
    pub fn keep(&mut self, names: &[&str]) {
        self.0.retain(|(name, _)| names.binary_search(&name.as_ref()).is_ok());
    }

    /// How many are set.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none is set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Canonical JSON: sorted names, string values, no spaces. Equal properties give equal text.
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        self.write_json(&mut out);
        out
    }

    /// Appends [`Properties::to_json`].
    pub fn write_json(&self, out: &mut String) {
        // Quotes, colon and comma of each pair, and the braces; escapes are rare.
        out.reserve(self.0.iter().map(|(name, value)| name.len() + value.len() + 6).sum::<usize>() + 2);
        out.push('{');
        for (index, pair) in self.0.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            for (text, end) in [(&pair.0, ":"), (&pair.1, "")] {
                match text {
                    Cow::Borrowed(plain) => {
                        out.push('"');
                        out.push_str(plain);
                        out.push('"');
                    }
                    Cow::Owned(text) => write_text(text, out),
                }
                out.push_str(end);
            }
        }
        out.push('}');
    }
}

impl Values for Properties<'_> {
    fn value(&self, of: Option<&str>, property: &str) -> Option<&str> {
        if of.is_none() { self.get(property) } else { None }
    }
}

/// A JSON string with the escapes RFC 8259 section 7 demands and no others, in their short forms.
fn write_text(text: &str, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let bytes = text.as_bytes();
    let (mut start, mut index) = (0, 0);
    out.push('"');
    while index < bytes.len() {
        if let Some(chunk) = bytes[index..].first_chunk()
            && is_plain(*chunk)
        {
            index += chunk.len();
            continue;
        }
        let byte = bytes[index];
        index += 1;
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.push_str(&text[start..index - 1]);
        start = index;
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            0x08 => out.push_str("\\b"),
            0x0c => out.push_str("\\f"),
            _ => {
                out.push_str("\\u00");
                out.push(char::from(HEX[usize::from(byte >> 4)]));
                out.push(char::from(HEX[usize::from(byte & 15)]));
            }
        }
    }
    out.push_str(&text[start..]);
    out.push('"');
}

/// Whether none of eight bytes needs an escape, told at once: subtracting sets a byte's high bit only where the byte
/// was below what is subtracted (Warren, Hacker's Delight, 6-1).
fn is_plain(bytes: [u8; 8]) -> bool {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    let word = u64::from_ne_bytes(bytes);
    let below = |word: u64, bound: u64| word.wrapping_sub(ONES * bound) & !word;
    let quote = word ^ (ONES * 0x22);
    let backslash = word ^ (ONES * 0x5c);
    (below(word, 0x20) | below(quote, 1) | below(backslash, 1)) & (ONES * 0x80) == 0
}

/// Collects properties. As long as names ascend, nulls are dropped at once and nothing is sorted; otherwise nulls are
/// kept to the end, because a later null undoes an earlier value.
#[derive(Default)]
struct Builder<'a> {
    entries: Vec<(Cow<'a, str>, Option<Cow<'a, str>>)>,
    disordered: bool,
}

impl<'a> Builder<'a> {
    #[inline]
    fn push(&mut self, name: Cow<'a, str>, value: Option<Cow<'a, str>>) {
        if !self.disordered {
            if self.entries.last().is_some_and(|(last, _)| !is_before(last, &name)) {
                self.disordered = true;
            } else if value.is_none() {
                return;
            }
        }
        self.entries.push((name, value));
    }

    #[inline]
    fn finish(mut self) -> Properties<'a> {
        if self.disordered {
            self.entries.sort_by(|left, right| left.0.cmp(&right.0));
            self.entries.dedup_by(|later, kept| {
                let equal = later.0 == kept.0;
                if equal {
                    kept.1 = later.1.take();
                }
                equal
            });
        }
        Properties(self.entries.into_iter().filter_map(|(name, value)| Some((name, value?))).collect())
    }
}

/// `left < right`, eight bytes at a time: wasm has no fast comparison of memory, and names begin alike.
fn is_before(left: &str, right: &str) -> bool {
    let (mut left, mut right) = (left.as_bytes(), right.as_bytes());
    while let (Some((one, left_rest)), Some((other, right_rest))) =
        (left.split_first_chunk::<8>(), right.split_first_chunk())
    {
        if one != other {
            return u64::from_be_bytes(*one) < u64::from_be_bytes(*other);
        }
        (left, right) = (left_rest, right_rest);
    }
    left < right
}

/// Reads properties; `None` for null.
pub(super) struct PropertiesSeed {
    pub(super) capacity: usize,
}

impl<'de> DeserializeSeed<'de> for PropertiesSeed {
    type Value = Option<Properties<'de>>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for PropertiesSeed {
    type Value = Option<Properties<'de>>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of property values")
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut builder = Builder { entries: Vec::with_capacity(self.capacity), disordered: false };
        while let Some(name) = map.next_key_seed(Name)? {
            builder.push(name, map.next_value_seed(Scalar)?);
        }
        Ok(Some(builder.finish()))
    }
}

/// Reads all of `text` by a seed.
pub(super) fn read<'de, S: DeserializeSeed<'de>>(text: &'de str, seed: S) -> serde_json::Result<S::Value> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = seed.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// A name, borrowed unless it holds escapes.
pub(super) struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Cow<'de, str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }
    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(text))
    }
    fn visit_str<E>(self, text: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

/// A value: text or null. Booleans and whole numbers become their JSON text; a number with a fraction is refused, as
/// its text would not survive, which makes the body be read tolerantly.
pub(super) struct Scalar;

impl<'de> DeserializeSeed<'de> for Scalar {
    type Value = Option<Cow<'de, str>>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Scalar {
    type Value = Option<Cow<'de, str>>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or null")
    }
    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Borrowed(text)))
    }
    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(text.to_owned())))
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Some(Cow::Borrowed(if value { "true" } else { "false" })))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(value.to_string())))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(value.to_string())))
    }
    fn visit_f64<E: serde::de::Error>(self, _value: f64) -> Result<Self::Value, E> {
        Err(E::custom("a number whose text would be lost"))
    }
}

/// An object with its values unread.
pub(super) struct Raw<'a>(pub(super) Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Raw<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Raw<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw<'de>, A::Error> {
                let mut fields = Vec::new();
                while let Some(name) = map.next_key_seed(Name)? {
                    fields.push((name, map.next_value()?));
                }
                Ok(Raw(fields))
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

pub(super) fn tolerant_properties(raw: Raw<'_>) -> Properties<'_> {
    let mut builder = Builder::default();
    for (name, value) in raw.0 {
        builder.push(name, tolerant_text(value));
    }
    builder.finish()
}

/// A value's text; of a value that is no string its JSON text. Halves of surrogate pairs, which a text cut at 65,536
/// characters may end with, become replacement characters.
pub(super) fn tolerant_text(raw: &RawValue) -> Option<Cow<'static, str>> {
    struct Bytes;
    impl Visitor<'_> for Bytes {
        type Value = String;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a text")
        }
        fn visit_bytes<E>(self, bytes: &[u8]) -> Result<String, E> {
            Ok(String::from_utf8_lossy(bytes).into_owned())
        }
    }
    let text = match raw.get() {
        "null" => return None,
        text if text.starts_with('"') => {
            serde_json::Deserializer::from_str(text).deserialize_bytes(Bytes).ok()?
        }
        other => other.to_owned(),
    };
    Some(Cow::Owned(text))
}
