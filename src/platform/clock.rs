//! The clock. On the edge it moves only after I/O (`cloudflare.md` 1.7), so read it once per event.

use crate::values::time::Timestamp;

/// The present moment.
pub fn now() -> Timestamp {
    Timestamp(worker::Date::now().as_millis() as i64)
}
