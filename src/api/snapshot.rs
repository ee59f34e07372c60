//! A snapshot on the wire: lines of JSON (NDJSON), the first and the last about the snapshot itself, between them one record each as
//! `GET …/records/{type}/{id}` answers it, with the links it holds. Without its last line a snapshot is not whole.

use serde_json::{Map, Value, json};

use crate::values::{ids::ObjectType, time::Timestamp};

/// NDJSON's media type (<https://github.com/ndjson/ndjson-spec>).
pub const CONTENT_TYPE: &str = "application/x-ndjson";

/// What was sent so far.
#[derive(Debug, Clone, Default)]
pub struct Sent {
    counts: Vec<(ObjectType, u64)>,
}

impl Sent {
    /// Adds a page.
    pub fn add(&mut self, counts: &[(ObjectType, u64)]) {
        for (kind, count) in counts {
            match self.counts.iter_mut().find(|(known, _)| known == kind) {
                Some((_, total)) => *total += count,
                None => self.counts.push((*kind, *count)),
            }
        }
    }

    /// The last line. `seq`: the snapshot's number; `settled_at`: the newest change when the last page was read.
    pub fn last_line(&self, seq: u64, settled_at: u64) -> String {
        let counts: Map<String, Value> =
            self.counts.iter().map(|(kind, count)| (kind.to_string(), Value::from(*count))).collect();
        let total: u64 = self.counts.iter().map(|(_, count)| count).sum();
        let (seq, settled_at) = (seq.to_string(), settled_at.to_string());
        let line = json!({
            "end": true, "seq": seq, "settled_at": settled_at, "records": total, "records_by_type": counts,
        });
        format!("{line}\n")
    }
}

/// The first line.
pub fn first_line(seq: u64, at: Timestamp, types: &[ObjectType]) -> String {
    let line = json!({ "seq": seq.to_string(), "at": at.to_rfc3339(), "types": types });
    format!("{line}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_says_where_the_feed_goes_on_and_the_last_what_came() {
        let first: Value = serde_json::from_str(&first_line(7, Timestamp(0), &[ObjectType::Deals])).unwrap();
        assert_eq!((&first["seq"], &first["types"]), (&json!("7"), &json!(["deals"])));
        let mut sent = Sent::default();
        sent.add(&[(ObjectType::Contacts, 3), (ObjectType::Deals, 1)]);
        sent.add(&[(ObjectType::Deals, 2)]);
        let last: Value = serde_json::from_str(&sent.last_line(7, 9)).unwrap();
        assert_eq!((&last["end"], &last["records"]), (&json!(true), &json!(6)));
        assert_eq!(last["records_by_type"], json!({ "contacts": 3, "deals": 3 }));
        assert_eq!((&last["seq"], &last["settled_at"]), (&json!("7"), &json!("9")));
    }
}
