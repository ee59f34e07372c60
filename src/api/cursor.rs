//! Opaque cursors: a kind and a place, in base64url. Not secret and not signed: whoever makes one up reads their own
//! records from another place. Opaque so that readers do not build on what is inside.

use base64ct::{Base64UrlUnpadded, Encoding as _};

use crate::values::problem::{Kind, Problem};

/// Longest cursor taken: an id of ours is 28 characters, a cursor of HubSpot's some 200.
const LONGEST: usize = 1_000;

/// What a cursor goes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// Records of a connection, by record id.
    Records,
    /// Workspaces, by id.
    Workspaces,
    /// Seats, in order of their making.
    Seats,
    /// Actions, the newest first.
    Actions,
    /// Runs of scores, the newest first.
    Runs,
    /// Rows of a run, in their order.
    Rows,
    /// Signals or runs of automations, the newest first.
    Signals,
    /// Runs of a workflow, the newest first.
    WorkflowRuns,
    /// A seat's tasks, in the order in which they are due.
    Tasks,
    /// Addresses of people, in their order.
    Addresses,
    /// What HubSpot pages through, by its own cursor.
    HubSpot,
}

impl Of {
    const fn tag(self) -> &'static str {
        match self {
            Self::Records => "r:",
            Self::Workspaces => "w:",
            Self::Seats => "s:",
            Self::Actions => "a:",
            Self::Runs => "n:",
            Self::Rows => "z:",
            Self::Signals => "g:",
            Self::WorkflowRuns => "f:",
            Self::Tasks => "t:",
            Self::Addresses => "e:",
            Self::HubSpot => "h:",
        }
    }
}

/// Makes a cursor.
pub fn encode(of: Of, place: &str) -> String {
    Base64UrlUnpadded::encode_string(format!("{}{place}", of.tag()).as_bytes())
}

/// Reads one; refuses what was not made by [`encode`] for the same list.
pub fn decode<T: std::str::FromStr>(of: Of, cursor: &str) -> Result<T, Problem> {
    let place = (cursor.len() <= LONGEST)
        .then(|| Base64UrlUnpadded::decode_vec(cursor).ok())
        .flatten()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .and_then(|text| text.strip_prefix(of.tag())?.parse().ok());
    place.ok_or_else(not_of_this_list)
}

/// Reads one whose place is the number of a row of ours; refuses likewise, and greater ones than a database counts to (2^53).
pub fn row(of: Of, cursor: &str) -> Result<i64, Problem> {
    let number: u64 = decode(of, cursor)?;
    if number > 1 << 53 { Err(not_of_this_list()) } else { Ok(number as i64) }
}

fn not_of_this_list() -> Problem {
    Problem::new(
        Kind::InvalidRequest,
        "`cursor` is not one of this list: pass on `next_cursor` of its last page as it came.",
    )
}

/// Makes the plain `next_cursor` at the end of a page of records opaque. The page itself, megabytes perhaps, is not read.
pub fn wrap_last(page: &mut String) {
    const NAME: &str = "\"next_cursor\":\"";
    let Some(at) = page.rfind(NAME) else { return };
    let place = page[at + NAME.len()..].trim_end_matches("\"}");
    if place.bytes().all(|byte| byte.is_ascii_digit()) {
        let cursor = encode(Of::Records, place);
        page.truncate(at + NAME.len());
        page.push_str(&cursor);
        page.push_str("\"}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::ids::RecordId;

    #[test]
    fn a_cursor_is_read_back_for_its_own_list_only() {
        let cursor = encode(Of::Records, "512");
        assert_eq!(decode::<RecordId>(Of::Records, &cursor), Ok(RecordId(512)));
        assert!(decode::<RecordId>(Of::Workspaces, &cursor).is_err());
        for wrong in ["", "512", "r:512", "====", &"A".repeat(200), &encode(Of::Records, "-1")] {
            assert!(decode::<RecordId>(Of::Records, wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_row_is_one_that_a_database_counts_to() {
        for (place, expected) in
            [("7", Some(7)), ("9007199254740992", Some(1 << 53)), ("9007199254740993", None), ("-1", None)]
        {
            assert_eq!(row(Of::Runs, &encode(Of::Runs, place)).ok(), expected, "{place}");
        }
    }

    #[test]
    fn only_the_last_cursor_of_a_page_is_wrapped() {
        let record = r#"{"properties":{"note":"\"next_cursor\":\"7\"}"}}"#;
        let mut page = format!(r#"{{"results":[{record}],"next_cursor":"512"}}"#);
        wrap_last(&mut page);
        assert_eq!(
            page,
            format!(r#"{{"results":[{record}],"next_cursor":"{}"}}"#, encode(Of::Records, "512"))
        );
        let mut end = format!(r#"{{"results":[{record}],"next_cursor":null}}"#);
        let before = end.clone();
        wrap_last(&mut end);
        assert_eq!(end, before);
    }
}
