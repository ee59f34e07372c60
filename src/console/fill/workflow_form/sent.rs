//! What a browser sends of the form: its parts, the JSON beside them, and the steps with those that lie in them.

use super::step::{self, Node};
use crate::{
    console::fill::filter_form::{self, Catalog},
    engine::workflow::limits,
};

/// What tells whether a text is the one that was shown: FNV-1a, of 64 bits. The text itself would be sent twice.
pub(super) fn mark(text: &str) -> String {
    let fold = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    format!("{:016x}", plain(text).bytes().fold(0xcbf2_9ce4_8422_2325, fold))
}

/// As it was before a browser sent it.
pub(super) fn plain(text: &str) -> String {
    text.replace('\r', "").trim().to_owned()
}

pub(super) fn sent<'a>(fields: &'a [(String, String)], name: &str) -> &'a str {
    fields.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
}

/// What was sent of one part.
pub(super) fn part<'a>(fields: &'a [(String, String)], name: &str) -> &'a [(String, String)] {
    let is_part = |(key, _): &(String, String)| key == "part";
    let Some(at) = fields.iter().position(|field| is_part(field) && field.1 == name) else { return &[] };
    let rest = &fields[at + 1..];
    &rest[..rest.iter().position(is_part).unwrap_or(rest.len())]
}

/// The JSON that was sent, where it counts.
pub(super) fn sent_json(fields: &[(String, String)]) -> Option<String> {
    let own = part(fields, "json");
    let json = plain(sent(own, "definition"));
    let has_form = fields.iter().any(|(name, value)| name == "part" && value == "steps");
    (!has_form || mark(&json) != sent(own, "definition-mark")).then_some(json)
}

/// Names of what was written one a line as `name = value`, and what they are.
pub(super) fn facts(text: &str) -> Vec<(String, String)> {
    let row = |line: &str| {
        line.split_once('=').map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
    };
    text.lines().filter_map(row).filter(|(name, _)| !name.is_empty()).collect()
}

/// The steps that were sent: each from its `step` on, and those that lie in it between `branch` and `end`.
pub(super) fn read_steps(fields: &[(String, String)], catalog: &Catalog) -> Vec<Node> {
    /// A step that is being read, and the branch of it that what follows lies in.
    struct Open {
        node: Node,
        branch: Option<String>,
        was: Option<String>,
    }
    fn close(open: &mut Vec<Open>, all: &mut Vec<Node>) {
        let Some(mut done) = open.pop() else { return };
        if let Some(was) = done.was {
            done.node.was(&was);
        }
        match open.last_mut() {
            Some(Open { node, branch: Some(branch), .. }) => node.inner_mut(branch).push(done.node),
            _ => all.push(done.node),
        }
    }
    let (mut all, mut open): (Vec<Node>, Vec<Open>) = (Vec::new(), Vec::new());
    let mut at = 0;
    while let Some((name, value)) = fields.get(at) {
        at += 1;
        match name.as_str() {
            "step" => {
                // The one before, at this depth, is whole.
                if open.last().is_some_and(|last| last.branch.is_none()) {
                    close(&mut open, &mut all);
                }
                if open.len() < limits::DEPTH {
                    let mut node = Node::new(step::known(value).unwrap_or_default(), String::new());
                    (node.count, node.unit) = (String::new(), String::new());
                    open.push(Open { node, branch: None, was: None });
                }
            }
            "step-was" => {
                if let Some(last) = open.last_mut() {
                    last.was = Some(value.clone());
                }
            }
            "filter" => {
                let ends = |(name, _): &(String, String)| {
                    matches!(name.as_str(), "step" | "branch" | "end" | "filter")
                };
                let length = fields[at..].iter().position(ends).unwrap_or(fields.len() - at);
                if let Some(last) = open.last_mut() {
                    last.node.filter = filter_form::Draft::sent(&fields[at..at + length], catalog);
                }
                at += length;
            }
            "branch" => {
                if let Some(last) = open.last_mut() {
                    last.branch = Some(value.clone());
                }
            }
            "end" => {
                if open.last().is_some_and(|last| last.branch.is_none()) && open.len() > 1 {
                    close(&mut open, &mut all);
                }
                if let Some(last) = open.last_mut() {
                    last.branch = None;
                }
            }
            name => {
                if let Some(last) = open.last_mut().filter(|last| last.branch.is_none()) {
                    last.node.take(name, value);
                }
            }
        }
    }
    while !open.is_empty() {
        close(&mut open, &mut all);
    }
    all
}
