//! One record: its dates, what became of it, and its values packed into one shared buffer. Owns nothing else.

use std::sync::Arc;

use crate::schema::Key;

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Live,
    /// Restorable; epoch milliseconds.
    Archived {
        at: u64,
    },
    /// Its id is an alias of the record it went into.
    Merged {
        into: u64,
    },
    /// Privacy deletion.
    Erased,
}

/// One record of any type. Times are epoch milliseconds.
#[derive(Debug, Clone)]
pub struct Record {
    pub id: u64,
    pub created_at: u64,
    pub updated_at: u64,
    pub state: State,
    pub(crate) values: Values,
}

/// A record's values in order of key, each as key (2 bytes), length and flag (4 bytes), text. Shared between the
/// record and the search index until one of them changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Values(Arc<[u8]>);

/// In the length: the text needs escaping in JSON.
const ESCAPE: u32 = 1 << 31;
const HEADER: usize = 6;

/// One packed value.
#[derive(Clone, Copy)]
pub(crate) struct Packed<'a> {
    pub key: Key,
    pub text: &'a [u8],
    pub escape: bool,
}

impl<'a> Packed<'a> {
    /// The value.
    pub fn str(self) -> &'a str {
        std::str::from_utf8(self.text).expect("only text is packed")
    }
}

impl Values {
    /// No values.
    pub fn empty() -> Self {
        Self(Arc::from([]))
    }

    /// Packs values that are in order of key, each key once.
    pub fn pack<'a>(values: impl IntoIterator<Item = (Key, &'a str)>) -> Self {
        let mut out = Vec::new();
        Self::pack_into(&mut out, values);
        Self(out.into())
    }

    /// [`Self::pack`] with a buffer to reuse.
    pub fn pack_with<'a>(buffer: &mut Vec<u8>, values: impl IntoIterator<Item = (Key, &'a str)>) -> Self {
        buffer.clear();
        Self::pack_into(buffer, values);
        Self(Arc::from(buffer.as_slice()))
    }

    fn pack_into<'a>(out: &mut Vec<u8>, values: impl IntoIterator<Item = (Key, &'a str)>) {
        for (key, text) in values {
            push(out, key, text);
        }
    }

    /// In order of key.
    pub fn iter(&self) -> Cursor<'_> {
        Cursor { rest: &self.0 }
    }

    /// The value of a property, if it has one.
    pub fn get(&self, key: Key) -> Option<&str> {
        self.iter().take_while(|packed| packed.key <= key).find(|packed| packed.key == key).map(Packed::str)
    }

    /// A copy with some values replaced (`Some`) or removed (`None`); `changes` in order of key.
    pub fn with(&self, changes: &[(Key, Option<&str>)]) -> Self {
        let mut out = Vec::with_capacity(self.0.len() + 64);
        let mut old = self.iter().peekable();
        for &(key, text) in changes {
            while let Some(packed) = old.next_if(|packed| packed.key < key) {
                copy(&mut out, packed);
            }
            old.next_if(|packed| packed.key == key);
            if let Some(text) = text {
                push(&mut out, key, text);
            }
        }
        old.for_each(|packed| copy(&mut out, packed));
        Self(out.into())
    }
}

fn push(out: &mut Vec<u8>, key: Key, text: &str) {
    let escape = text.bytes().any(|byte| byte < 0x20 || byte == b'"' || byte == b'\\');
    copy(out, Packed { key, text: text.as_bytes(), escape });
}

fn copy(out: &mut Vec<u8>, packed: Packed<'_>) {
    let length = packed.text.len() as u32 | if packed.escape { ESCAPE } else { 0 };
    out.extend_from_slice(&packed.key.to_le_bytes());
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(packed.text);
}

/// Walks packed values.
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Cursor<'a> {
    type Item = Packed<'a>;

    #[inline]
    fn next(&mut self) -> Option<Packed<'a>> {
        let (&[k0, k1, l0, l1, l2, l3], rest) = self.rest.split_first_chunk::<HEADER>()?;
        let length = u32::from_le_bytes([l0, l1, l2, l3]);
        let (text, rest) = rest.split_at((length & !ESCAPE) as usize);
        self.rest = rest;
        Some(Packed { key: Key::from_le_bytes([k0, k1]), text, escape: length & ESCAPE != 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_replaced_removed_and_added_in_order_of_key() {
        let values = Values::pack([(1, "a"), (3, "c\"c"), (7, "g")]);
        let changed = values.with(&[(0, Some("zero")), (3, None), (7, Some("G")), (9, Some(""))]);
        let list: Vec<_> = changed.iter().map(|packed| (packed.key, packed.str(), packed.escape)).collect();
        assert_eq!(list, [(0, "zero", false), (1, "a", false), (7, "G", false), (9, "", false)]);
        assert_eq!(values.get(3), Some("c\"c"));
        assert_eq!(values.get(4), None);
    }
}
