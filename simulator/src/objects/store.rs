//! All records of one object type in one account, their aliases and unique values.

use crate::index::Index;
use crate::objects::kind::ObjectKind;

/// Records of one type.
pub struct Store {
    pub(crate) index: Index,
}

impl Store {
    pub(crate) fn new(_portal_id: u64, _kind: &'static ObjectKind, _first_id: u64) -> Self {
        Self { index: Index {} }
    }
}
