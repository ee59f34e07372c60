//! Session cookies and the form tokens that belong to them.
//!
//! One cookie a workspace, so that a person can have two workspaces open; one for the operator's console. `__Host-`
//! (RFC 6265bis 4.1.3.2) pins them to this host over https; plain http happens on the developer's own machine only.

use base64ct::{Base64UrlUnpadded, Encoding as _};

use crate::values::{
    crypto::{constant_time_eq, hmac_sha256},
    ids::WorkspaceId,
    time::{SECOND_MS, Timestamp},
};

/// Cookies read of one request: a browser keeps some 180 a host, and each costs a hash.
const MOST: usize = 20;
const PREFIX: &str = "spoke-";

/// What a cookie is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of<'a> {
    /// A session of a workspace.
    Workspace(&'a WorkspaceId),
    /// A session of the operator.
    Console,
    /// Before the operator has signed in: holds nothing but the root of a form token.
    BeforeSignIn,
    /// A browser from which the operator has signed in; see [`crate::api::device`].
    Device,
    /// On the way to a seat: binds it to the browser, and is the root of its form token.
    Seat,
}

/// Names and attributes of this deployment's cookies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Jar {
    secure: bool,
}

impl Jar {
    /// For the deployment at `public_url`.
    pub fn new(public_url: &str) -> Self {
        Self { secure: public_url.starts_with("https://") }
    }

    fn name(self, of: Of<'_>) -> String {
        let host = if self.secure { "__Host-" } else { "" };
        let what = match of {
            Of::Workspace(id) => id.as_str(),
            Of::Console => "console",
            Of::BeforeSignIn => "before-sign-in",
            Of::Device => "device",
            Of::Seat => "seat",
        };
        format!("{host}{PREFIX}{what}")
    }

    /// The `Set-Cookie` that keeps `token` until `expires_at`.
    pub fn keep(self, of: Of<'_>, token: &str, now: Timestamp, expires_at: Timestamp) -> String {
        self.set(of, token, expires_at.since_ms(now).max(0) / SECOND_MS)
    }

    /// The `Set-Cookie` that forgets it.
    pub fn forget(self, of: Of<'_>) -> String {
        self.set(of, "", 0)
    }

    fn set(self, of: Of<'_>, token: &str, seconds: i64) -> String {
        let secure = if self.secure { "; Secure" } else { "" };
        format!("{}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}", self.name(of))
    }

    /// The token of one cookie in a `Cookie` header.
    pub fn token(self, header: Option<&str>, of: Of<'_>) -> Option<String> {
        let name = self.name(of);
        pairs(header).find(|(key, _)| *key == name).map(|(_, token)| token.to_owned())
    }

    /// The tokens of every session cookie in a `Cookie` header.
    pub fn tokens(self, header: Option<&str>) -> Vec<String> {
        let prefix = self.name(Of::Console).replace("console", "");
        pairs(header)
            .filter(|(key, _)| key.starts_with(&prefix))
            .take(MOST)
            .map(|(_, token)| token.to_owned())
            .collect()
    }
}

fn pairs(header: Option<&str>) -> impl Iterator<Item = (&str, &str)> {
    header
        .unwrap_or_default()
        .split(';')
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(_, token)| !token.is_empty())
}

/// The token that every form of a session repeats. Made from the cookie's, so nothing is stored; the other way is shut.
pub fn csrf(token: &str) -> String {
    Base64UrlUnpadded::encode_string(&hmac_sha256(token.as_bytes(), &[b"csrf"]))
}

/// Whether a form came from a page of this session.
pub fn csrf_fits(token: &str, given: &str) -> bool {
    constant_time_eq(csrf(token).as_bytes(), given.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_pinned_to_the_host_over_https_and_plain_on_this_machine() {
        let id = WorkspaceId::from_random([1; 12]);
        let set =
            Jar::new("https://x.example").keep(Of::Workspace(&id), "t", Timestamp(0), Timestamp(3_600_000));
        assert_eq!(set, format!("__Host-spoke-{id}=t; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax; Secure"));
        let local = Jar::new("http://127.0.0.1:8787").forget(Of::Console);
        assert_eq!(local, "spoke-console=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
    }

    #[test]
    fn each_cookie_is_found_by_its_own_name() {
        let (first, second) = (WorkspaceId::from_random([1; 12]), WorkspaceId::from_random([2; 12]));
        let jar = Jar::new("https://x.example");
        let header = format!("other=x; __Host-spoke-{first}=a; spoke-{second}=b; __Host-spoke-console=c;");
        let token = |of| jar.token(Some(&header), of);
        assert_eq!(token(Of::Workspace(&first)).as_deref(), Some("a"));
        assert_eq!(token(Of::Workspace(&second)), None);
        assert_eq!(token(Of::BeforeSignIn), None);
        assert_eq!(jar.tokens(Some(&header)), ["a", "c"]);
        assert_eq!(jar.tokens(None), Vec::<String>::new());
    }

    #[test]
    fn a_form_token_fits_its_own_session_only() {
        assert!(csrf_fits("session", &csrf("session")));
        assert!(!csrf_fits("session", &csrf("other")) && !csrf_fits("session", ""));
        assert!(!csrf("session").contains("session"));
    }
}
