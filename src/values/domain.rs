//! What people call a domain or a website, as what can be compared: the domain that somebody registered.
//!
//! `https://www.Acme.co.uk:443/en?x=1`, `acme.co.uk.` and `jane@mail.acme.co.uk` are all `acme.co.uk`: one label more than its public
//! suffix. Two names are of one company where their registrable domains are equal; whether they are the same host besides
//! ([`Domain::host`]) is a reason to prefer one, since `med.university.edu` may be a company of its own beside `university.edu`.
//! Suffixes are those of the public suffix list, the private ones too: under `myshopify.com` each name has an owner of its own.
//!
//! Nothing is compared by a name that tells nobody apart: [`Unusable`] says which those are, and why. Of a top-level domain that
//! the list does not know (`acme.con`, `n.a`) is none but `example` and `test`, which RFC 2606 sets aside for trying things out.
//!
//! Names in other scripts are compared in punycode; letters count in any case and width. What it does not do: compose letters
//! written apart (`e` and an accent), which takes 50 KB of tables that no host's and no HubSpot's own values need.

use std::net::{Ipv4Addr, Ipv6Addr};

use idna::punycode;
use serde::{Deserialize, Serialize};

/// Grows with the lists and rules here: what is stored of a name compared by other ones is made anew. A test holds it against the
/// version of the suffix list.
pub const RULES: u32 = 1;

/// Longest name, in bytes (RFC 1035 2.3.4), without the dot at its end.
const NAME_BYTES: usize = 253;
/// Longest label, in bytes.
const LABEL_BYTES: usize = 63;
/// Longest text looked at: addresses of pages run to some thousands of characters, and more is no address.
const TEXT_BYTES: usize = 8 << 10;

/// Mail providers; see the file.
const FREE_MAIL: &str = include_str!("domain/free_mail.txt");
/// Hosts on which anybody has a page; see the file.
const SHARED: &str = include_str!("domain/shared.txt");
/// Top-level domains for trying things out (RFC 2606 2).
const RESERVED: [&str; 2] = ["example", "test"];

/// A domain that can be compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Domain {
    /// In lower case and punycode, without `www`.
    host: String,
    /// Where in it the registrable domain begins.
    registrable_at: usize,
}

/// Why a text is not compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unusable {
    /// There is nothing in it.
    Empty,
    /// It is no domain, nor the address of a page or a mailbox.
    NotADomain,
    /// It ends as no domain does.
    UnknownEnding,
    /// It is an IP address.
    IpAddress,
    /// It is a suffix below which others register theirs, such as `co.uk`.
    PublicSuffix,
    /// A mail provider's, who gives an address to anybody.
    FreeMail,
    /// A host on which anybody has a page.
    SharedHost,
    /// It is no address of a mailbox, where one is wanted.
    NotAnAddress,
}

impl Unusable {
    /// All there are, for documents.
    pub const ALL: [Self; 8] = [
        Self::Empty,
        Self::NotADomain,
        Self::UnknownEnding,
        Self::IpAddress,
        Self::PublicSuffix,
        Self::FreeMail,
        Self::SharedHost,
        Self::NotAnAddress,
    ];

    /// Its name, as answers have it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::NotADomain => "not_a_domain",
            Self::UnknownEnding => "unknown_ending",
            Self::IpAddress => "ip_address",
            Self::PublicSuffix => "public_suffix",
            Self::FreeMail => "free_mail",
            Self::SharedHost => "shared_host",
            Self::NotAnAddress => "not_an_address",
        }
    }

    /// What a person reads after the text in question.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Empty => "is empty",
            Self::NotADomain => "is not a domain",
            Self::UnknownEnding => "ends in no top-level domain there is",
            Self::IpAddress => "is an IP address, which tells no company",
            Self::PublicSuffix => "is a suffix below which anybody registers a name",
            Self::FreeMail => "belongs to a mail provider, whose addresses anybody has",
            Self::SharedHost => "is a host on which anybody has a page",
            Self::NotAnAddress => "is not an e-mail address",
        }
    }
}

impl Domain {
    /// The domain in a text: a domain, a page's address, or a mailbox.
    pub fn parse(text: &str) -> Result<Self, Unusable> {
        if text.len() > TEXT_BYTES {
            return Err(Unusable::NotADomain);
        }
        let text = plain(text);
        let host = host(text.trim_matches(around))?;
        let (host, readable) = labels(host)?;
        let registrable_at = registrable_at(&host, &readable)?;
        let domain = Self::without_www(host, registrable_at);
        if is_listed(FREE_MAIL, &domain) {
            return Err(Unusable::FreeMail);
        }
        if is_listed(SHARED, &domain) {
            return Err(Unusable::SharedHost);
        }
        Ok(domain)
    }

    /// The whole name, without `www`.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// What somebody registered: what two names are compared by.
    pub fn registrable(&self) -> &str {
        &self.host[self.registrable_at..]
    }

    /// `www` and `www2` are the same host as the name without; `www.com` is a name like any other.
    fn without_www(mut host: String, mut registrable_at: usize) -> Self {
        while registrable_at > 0 {
            let Some((first, rest)) = host.split_once('.') else { break };
            let is_www = first
                .strip_prefix("www")
                .is_some_and(|digits| digits.len() <= 2 && digits.bytes().all(|byte| byte.is_ascii_digit()));
            if !is_www {
                break;
            }
            registrable_at -= host.len() - rest.len();
            host = rest.to_owned();
        }
        Self { host, registrable_at }
    }
}

/// Letters as they are compared: wide ones narrow, all in lower case, and none that nobody sees. What is left out, and that the
/// ideographic full stop is a dot, is UTS 46's.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\u{ad}' | '\u{200b}' | '\u{2060}' | '\u{feff}' => {}
            '\u{3002}' | '\u{ff61}' => plain.push('.'),
            '\u{ff01}'..='\u{ff5e}' => {
                let narrow = char::from_u32(u32::from(letter) - 0xfee0).unwrap_or(letter);
                plain.push(narrow.to_ascii_lowercase());
            }
            // One by one: a letter is the same wherever it stands.
            _ => plain.extend(letter.to_lowercase()),
        }
    }
    plain
}

/// What stands around a domain that was copied from a text.
fn around(letter: char) -> bool {
    letter.is_whitespace()
        || letter.is_control()
        || matches!(letter, '"' | '\'' | '<' | '>' | '(' | ')' | ',' | ';')
}

/// The host in an address of a page or a mailbox, as it stands there.
fn host(text: &str) -> Result<&str, Unusable> {
    if text.is_empty() {
        return Err(Unusable::Empty);
    }
    let mut rest = text;
    loop {
        let scheme = |before: &&str| {
            before.starts_with(|first: char| first.is_ascii_alphabetic())
                && before.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-'))
        };
        let shorter = match rest.split_once("://") {
            Some((before, after)) if scheme(&before) => after,
            _ => ["mailto:", "https:", "http:", "/"]
                .iter()
                .find_map(|start| rest.strip_prefix(start))
                .unwrap_or(rest),
        };
        if shorter.len() == rest.len() {
            break;
        }
        rest = shorter;
    }
    let rest = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    // A mailbox's name, or a user's and password, stand before it.
    let rest = rest.rsplit('@').next().unwrap_or_default().trim();
    if let Some(rest) = rest.strip_prefix('[') {
        let inside = rest.split(']').next().unwrap_or_default();
        return Err(if inside.parse::<Ipv6Addr>().is_ok() {
            Unusable::IpAddress
        } else {
            Unusable::NotADomain
        });
    }
    if rest.parse::<Ipv6Addr>().is_ok() {
        return Err(Unusable::IpAddress);
    }
    let (rest, port) = rest.split_once(':').unwrap_or((rest, ""));
    if !port.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Unusable::NotADomain);
    }
    let rest = rest.trim().trim_end_matches('.');
    Ok(rest.strip_prefix('*').unwrap_or(rest).trim_start_matches('.'))
}

/// A host in punycode, and in letters, by which the suffix list has its names.
fn labels(host: &str) -> Result<(String, String), Unusable> {
    let (mut ascii, mut readable) = (String::new(), String::new());
    for label in host.split('.') {
        let (encoded, letters) = label_of(label).ok_or(Unusable::NotADomain)?;
        if !ascii.is_empty() {
            ascii.push('.');
            readable.push('.');
        }
        ascii.push_str(&encoded);
        readable.push_str(&letters);
    }
    if ascii.len() > NAME_BYTES {
        return Err(Unusable::NotADomain);
    }
    let last = ascii.rsplit('.').next().unwrap_or_default();
    if last.bytes().all(|byte| byte.is_ascii_digit()) {
        let is_ip = ascii.parse::<Ipv4Addr>().is_ok();
        return Err(if is_ip { Unusable::IpAddress } else { Unusable::NotADomain });
    }
    if ascii.contains('.') { Ok((ascii, readable)) } else { Err(Unusable::NotADomain) }
}

/// A label in punycode and in letters; `None`: it cannot be one.
fn label_of(label: &str) -> Option<(String, String)> {
    let letters = match label.strip_prefix("xn--") {
        Some(encoded) => {
            let decoded = punycode::decode_to_string(encoded).filter(|letters| !letters.is_ascii())?;
            plain(&decoded)
        }
        None => label.to_owned(),
    };
    let may_stand = |letter: char| match letter {
        'a'..='z' | '0'..='9' | '-' | '_' => true,
        _ if letter.is_ascii() => false,
        // Punctuation of texts, private use and what nobody sees.
        '\u{80}'..='\u{a9}' | '\u{2000}'..='\u{206f}' | '\u{3000}'..='\u{303f}' | '\u{e000}'..='\u{f8ff}' => {
            false
        }
        _ => !letter.is_whitespace() && !letter.is_control(),
    };
    if letters.is_empty() || !letters.chars().all(may_stand) {
        return None;
    }
    let encoded =
        if letters.is_ascii() { letters.clone() } else { format!("xn--{}", punycode::encode_str(&letters)?) };
    (encoded.len() <= LABEL_BYTES).then_some((encoded, letters))
}

/// Where in a host the registrable domain begins.
fn registrable_at(host: &str, readable: &str) -> Result<usize, Unusable> {
    let found = structured_public_domains::lookup(readable).ok_or(Unusable::NotADomain)?;
    let last = host.rsplit('.').next().unwrap_or_default();
    if !found.is_known() && !RESERVED.contains(&last) {
        return Err(Unusable::UnknownEnding);
    }
    let registrable = found.registrable_domain().ok_or(Unusable::PublicSuffix)?;
    // Both have the same labels, so the n-th dot from the end of one is that of the other.
    let labels = registrable.split('.').count();
    let at = host.rmatch_indices('.').nth(labels - 1).map_or(0, |(dot, _)| dot + 1);
    let label = host[at..].split('.').next().unwrap_or_default();
    let may_be_registered = !label.contains('_') && !label.starts_with('-') && !label.ends_with('-');
    may_be_registered.then_some(at).ok_or(Unusable::NotADomain)
}

/// Whether a list has the domain, or a host above it that it belongs to.
fn is_listed(list: &str, domain: &Domain) -> bool {
    let mut host = domain.host();
    loop {
        if has_line(list, host) {
            return true;
        }
        match host.split_once('.') {
            Some((_, above)) if above.len() >= domain.registrable().len() => host = above,
            _ => return false,
        }
    }
}

/// Whether a text has this line; its lines are sorted by bytes.
fn has_line(text: &str, line: &str) -> bool {
    let bytes = text.as_bytes();
    let (mut from, mut to) = (0, bytes.len());
    while from < to {
        let middle = from + (to - from) / 2;
        let start =
            bytes[from..middle].iter().rposition(|byte| *byte == b'\n').map_or(from, |at| from + at + 1);
        let end = bytes[middle..to].iter().position(|byte| *byte == b'\n').map_or(to, |at| middle + at);
        match bytes[start..end].cmp(line.as_bytes()) {
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Less => from = end + 1,
            std::cmp::Ordering::Greater => to = start,
        }
    }
    false
}

#[cfg(test)]
mod tests;
