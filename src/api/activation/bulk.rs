//! Many lines in one request, a million at most: taken apart as they come, put to the connection's object a thousand at a time, and
//! answered for together. Owns what came of a body and was not put yet, and what came of the rest. It asks nobody: that is the platform's.
//!
//! Of a body that says who is left (everybody), a line that cannot be read ends all, for whoever it is of would be taken away; of one that
//! says what changes it is refused, and spoils no other.

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::{Kept, Line, Which, invalid, line, line_of_all, render};
use crate::{
    api::request::BODY_LIMIT,
    engine::portal::activations::commands::{AT_ONCE, Answer},
    values::{json, problem::Problem},
};

/// Largest body: what Cloudflare takes where a zone is on its Free or Pro plan (`cloudflare.md` 2), a million lines of a hundred bytes.
pub const BODY_BYTES: usize = 100_000_000;
/// Most lines: a thousand questions of [`AT_ONCE`] to the connection's object, of the ten thousand that a request may ask.
pub const LINES: usize = 1_000_000;
/// Longest line: as much as the body that puts one value.
const LINE_BYTES: usize = BODY_LIMIT;
/// Most bytes of a question, where lines are long: a hundred of them for the largest body, and [`AT_ONCE`] usual lines take a tenth.
const PART_BYTES: usize = 1 << 20;
/// So much is read before anything is kept: in a smaller body what cannot be read is found before anybody is put.
const CHECKED_BYTES: usize = 4 << 20;
/// Most refused lines that an answer names: of 300 bytes each.
pub const REFUSED_NAMED: usize = 100;

/// A line with its number in the body, from 1.
pub type Numbered = (usize, Line);

/// Lines of a body that comes in pieces.
pub struct Lines {
    which: Which,
    /// They say who is left.
    everybody: bool,
    /// The begin of a line that has not ended.
    rest: Vec<u8>,
    /// Those that were read and not put, with their bytes.
    read: VecDeque<(Numbered, usize)>,
    /// Bytes that came.
    bytes: usize,
    /// Lines that came, empty ones among them.
    number: usize,
    /// Lines that say something.
    count: usize,
    /// Some were given out.
    is_under_way: bool,
}

impl Lines {
    /// None yet.
    pub const fn new(which: Which, everybody: bool) -> Self {
        Self {
            which,
            everybody,
            rest: Vec::new(),
            read: VecDeque::new(),
            bytes: 0,
            number: 0,
            count: 0,
            is_under_way: false,
        }
    }

    /// Takes the next bytes of the body. Whose sum is at most [`BODY_BYTES`] is the caller's to see to.
    pub fn push(&mut self, piece: &[u8]) -> Result<(), Problem> {
        self.bytes += piece.len();
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            if self.rest.len() + part.len() > LINE_BYTES {
                let words = format!("It has more than {LINE_BYTES} bytes.");
                return Err(self.unreadable(self.number + 1, &words));
            }
            self.rest.extend_from_slice(part);
            if part.ends_with(b"\n") {
                self.end_line()?;
            }
        }
        Ok(())
    }

    /// No more bytes come.
    pub fn end(&mut self) -> Result<(), Problem> {
        if !self.rest.is_empty() {
            self.end_line()?;
        }
        // What changes is something; nobody at all is everybody too.
        if self.count == 0 && !self.everybody {
            return Err(invalid(format!("1 to {LINES} lines, each an address as JSON.")));
        }
        Ok(())
    }

    fn end_line(&mut self) -> Result<(), Problem> {
        let bytes = std::mem::take(&mut self.rest);
        self.number += 1;
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(());
        }
        self.count += 1;
        if self.count > LINES {
            return Err(invalid(format!("At most {LINES} lines. {}", self.so_far())));
        }
        let read = if self.everybody { line_of_all } else { line };
        let read = match std::str::from_utf8(&bytes) {
            Ok(text) => read(self.which, text),
            Err(_) => Err(invalid("It is not UTF-8.")),
        };
        if let (Err(problem), true) = (&read, self.everybody) {
            return Err(self.unreadable(self.number, &problem.detail));
        }
        self.read.push_back(((self.number, read), bytes.len()));
        Ok(())
    }

    /// Lines to be put next, in their order, once enough of them came, or none comes after them.
    pub fn part(&mut self, ended: bool) -> Option<Vec<Numbered>> {
        if !ended && self.bytes < CHECKED_BYTES {
            return None;
        }
        let (mut count, mut bytes) = (0, 0);
        for (_, size) in self.read.iter().take(AT_ONCE) {
            if count > 0 && bytes + size > PART_BYTES {
                break;
            }
            (count, bytes) = (count + 1, bytes + size);
        }
        let is_full = count == AT_ONCE || count < self.read.len();
        if count == 0 || !(is_full || ended) {
            return None;
        }
        self.is_under_way = true;
        Some(self.read.drain(..count).map(|(line, _)| line).collect())
    }

    fn so_far(&self) -> &'static str {
        match (self.everybody, self.is_under_way) {
            (true, false) => "Nothing is replaced.",
            (true, true) => "Nobody is taken away; those of earlier lines are kept.",
            (false, false) => "Nothing is changed.",
            (false, true) => "Earlier lines are kept.",
        }
    }

    fn unreadable(&self, number: usize, why: &str) -> Problem {
        invalid(format!("Line {number} cannot be read. {why} {}", self.so_far()))
    }
}

/// What came of lines so far.
#[derive(Debug, Default)]
pub struct Outcome {
    kept: u64,
    changed: u64,
    refused: u64,
    named: Vec<Value>,
    /// The last line that was put.
    last: usize,
}

impl Outcome {
    /// Of a part what can be put, and the numbers of these lines; the others are refused.
    pub fn sort(&mut self, part: Vec<Numbered>) -> (Vec<usize>, Vec<(String, Option<String>)>) {
        let (mut numbers, mut values) = (Vec::new(), Vec::new());
        for (number, line) in part {
            match line {
                Ok(value) => {
                    numbers.push(number);
                    values.push(value);
                }
                Err(problem) => self.refuse(number, None, &problem.detail),
            }
        }
        (numbers, values)
    }

    /// Adds what came of lines that were put.
    pub fn add(&mut self, numbers: &[usize], kept: &Kept) {
        self.kept += kept.count;
        self.changed += kept.changed;
        for refused in &kept.refused {
            self.refuse(
                numbers.get(refused.place).copied().unwrap_or_default(),
                Some(&refused.email),
                &refused.why,
            );
        }
        self.last = numbers.last().copied().unwrap_or(self.last);
    }

    fn refuse(&mut self, number: usize, email: Option<&str>, why: &str) {
        self.refused += 1;
        if self.named.len() < REFUSED_NAMED {
            let mut named = json!({ "line": number, "why": why });
            if let Some(email) = email {
                named["email"] = email.into();
            }
            self.named.push(named);
        }
    }

    /// Why a request broke off, and how far it came.
    pub fn broke_off(&self, problem: Problem) -> Problem {
        if self.last == 0 {
            return problem;
        }
        let so_far =
            format!("What came up to line {} is kept; sent again, all of it is as good as once.", self.last);
        Problem { detail: format!("{} {so_far}", problem.detail), ..problem }
    }

    /// The answer; `ended`: that to the command which ends a replacement.
    pub fn render(self, ended: Option<Answer>) -> Result<(u16, Option<String>), Problem> {
        let mut told = match ended {
            Some(answer) => json::parse(&render(answer, false)?.1.unwrap_or_default()).unwrap_or_default(),
            None => json!({}),
        };
        told["kept"] = self.kept.into();
        told["changed"] = self.changed.into();
        told["refused_count"] = self.refused.into();
        told["refused"] = self.named.into();
        Ok((200, Some(told.to_string())))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn member(number: usize) -> String {
        format!("{{\"email\":\"p{number}@x.org\"}}\n")
    }

    /// What a body becomes that comes in pieces of these sizes, or why it is refused.
    fn parts(lines: &mut Lines, body: &[u8], sizes: &[usize]) -> Result<Vec<Vec<Numbered>>, String> {
        let (mut all, mut rest) = (Vec::new(), body);
        for size in sizes.iter().copied().chain([body.len()]) {
            let (piece, others) = rest.split_at(size.min(rest.len()));
            rest = others;
            lines.push(piece).map_err(|problem| problem.detail)?;
            all.extend(std::iter::from_fn(|| lines.part(false)));
        }
        lines.end().map_err(|problem| problem.detail)?;
        all.extend(std::iter::from_fn(|| lines.part(true)));
        Ok(all)
    }

    fn changes(body: &[u8], sizes: &[usize]) -> Result<Vec<Vec<Numbered>>, String> {
        parts(&mut Lines::new(Which::Audiences, false), body, sizes)
    }

    fn everybody(body: &[u8]) -> Result<Vec<Vec<Numbered>>, String> {
        parts(&mut Lines::new(Which::Audiences, true), body, &[])
    }

    proptest! {
        #[test]
        fn a_body_is_the_same_lines_in_whatever_pieces_it_comes(
            lines in prop::collection::vec(prop_oneof![Just("\n".to_owned()), Just("no\r\n".to_owned()), (0..9_usize).prop_map(member)], 0..30),
            cut in 0..12_usize,
            sizes in prop::collection::vec(1..40_usize, 0..20),
        ) {
            let body = lines.concat();
            let body = body.as_bytes();
            let body = &body[..body.len().saturating_sub(cut)];
            let told = |parts: Result<Vec<Vec<Numbered>>, String>| {
                parts.map(|parts| {
                    let told = |(number, line): Numbered| (number, line.map_err(|problem| problem.detail));
                    parts.into_iter().flatten().map(told).collect::<Vec<_>>()
                })
            };
            let (whole, pieces) = (told(changes(body, &[])), told(changes(body, &sizes)));
            prop_assert_eq!(&whole, &pieces);
            let says = std::str::from_utf8(body).unwrap().lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
            let numbers: Vec<usize> = says.map(|(place, _)| place + 1).collect();
            match whole {
                Ok(whole) => prop_assert_eq!(whole.iter().map(|(number, _)| *number).collect::<Vec<_>>(), numbers),
                Err(why) => prop_assert!(numbers.is_empty() && why.starts_with("1 to "), "{}", why),
            }
        }
    }

    #[test]
    fn lines_are_put_a_thousand_at_a_time_and_fewer_where_they_are_long() {
        let body: String = (0..2_500).map(member).collect();
        let sizes = |parts: Vec<Vec<Numbered>>| parts.iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(sizes(changes(body.as_bytes(), &[]).unwrap()), [1_000, 1_000, 500]);
        let long = format!("{{\"email\":\"a@x.org\",{}\"member\":true}}\n", " ".repeat(60_000));
        let parts = sizes(changes(long.repeat(40).as_bytes(), &[]).unwrap());
        assert_eq!(parts, [17, 17, 6]);
        assert!(long.len() * 17 <= PART_BYTES && long.len() * 18 > PART_BYTES);
    }

    #[test]
    fn a_line_that_cannot_be_read_ends_everybody_and_is_refused_of_changes() {
        let body = format!("{}\nnothing\n{}", member(1), member(2));
        let why = everybody(body.as_bytes()).unwrap_err();
        assert!(why.starts_with("Line 3 cannot be read.") && why.ends_with("Nothing is replaced."), "{why}");
        let parts = changes(body.as_bytes(), &[]).unwrap();
        let mut outcome = Outcome::default();
        let (numbers, values) = outcome.sort(parts.into_iter().flatten().collect());
        assert_eq!((numbers.as_slice(), values.len()), ([1, 4].as_slice(), 2));
        let kept = r#"{"kept":1,"changed":1,"refused":[{"email":"p2@x.org","why":"Kept out.","place":1}]}"#;
        outcome.add(&numbers, &Kept::read(Answer::Json(kept.to_owned())).unwrap());
        let told: Value = json::parse(&outcome.render(None).unwrap().1.unwrap()).unwrap();
        assert_eq!(
            (&told["kept"], &told["changed"], &told["refused_count"]),
            (&json!(1), &json!(1), &json!(2))
        );
        assert_eq!((&told["refused"][0]["line"], &told["refused"][0]["email"]), (&json!(3), &Value::Null));
        assert_eq!(told["refused"][1], json!({ "line": 4, "email": "p2@x.org", "why": "Kept out." }));
    }

    #[test]
    fn what_cannot_be_read_in_a_small_body_is_found_before_anything_is_put_and_later_it_is_said() {
        let small: String = (0..5_000).map(member).collect();
        let mut lines = Lines::new(Which::Audiences, true);
        lines.push(small.as_bytes()).unwrap();
        assert!(small.len() < CHECKED_BYTES && lines.part(false).is_none());
        assert!(lines.push(b"no\n").unwrap_err().detail.ends_with("Nothing is replaced."));
        let mut lines = Lines::new(Which::Audiences, true);
        let large: String = (0..CHECKED_BYTES / 20).map(member).collect();
        lines.push(large.as_bytes()).unwrap();
        assert!(large.len() > CHECKED_BYTES && lines.part(false).is_some());
        let why = lines.push(b"no\n").unwrap_err().detail;
        assert!(why.contains("Nobody is taken away; those of earlier lines are kept."), "{why}");
    }

    #[test]
    fn a_body_has_its_limits() {
        let why = changes(&vec![b' '; LINE_BYTES + 1], &[]).unwrap_err();
        assert!(why.starts_with("Line 1 cannot be read. It has more than"), "{why}");
        let mut lines = Lines::new(Which::Audiences, false);
        lines.count = LINES;
        assert!(lines.push(member(1).as_bytes()).unwrap_err().detail.starts_with("At most 1000000 lines."));
        assert_eq!(everybody(b"\n \n").unwrap().len(), 0, "nobody is everybody too");
        assert!(changes(b"\n", &[]).is_err());
    }

    #[test]
    fn who_broke_off_is_told_how_far_it_came() {
        let problem = || invalid("It is away.");
        let mut outcome = Outcome::default();
        assert_eq!(outcome.broke_off(problem()).detail, "It is away.");
        outcome.add(&[3, 7], &Kept::default());
        assert!(outcome.broke_off(problem()).detail.contains("up to line 7"));
    }
}
