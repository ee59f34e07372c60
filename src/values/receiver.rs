//! Where deliveries may go: an address that a customer or the host names, checked before anything is sent to it.
//!
//! A request forged through Spoke (CWE-918) must reach nothing that the public internet does not: so only `https`, no literal
//! address outside the global unicast ranges, no name that is resolved on a private network only. What a public name resolves
//! to is not looked up: Cloudflare's network reaches public addresses only. Owns no state.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::values::config::is_loopback;

/// Longest address: what every HTTP server takes.
pub const URL_BYTES: usize = 2_000;
/// Longest name of a host (RFC 1035 2.3.4).
const NAME_BYTES: usize = 253;
/// Longest label of a name (RFC 1035 2.3.4).
const LABEL_BYTES: usize = 63;
/// The port of `https`; of the other well-known ports none speaks HTTP.
const HTTPS_PORT: u16 = 443;
/// The first port that is not well known (RFC 6335 6).
const FIRST_USER_PORT: u16 = 1_024;

/// Which addresses a deployment delivers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliverTo {
    /// Public hosts by `https`.
    Public,
    /// Also `http` and any host: a developer's machine, never a deployment that others reach.
    Anywhere,
}

/// Where a deployment delivers to, and where it is itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reach<'a> {
    /// Which addresses.
    pub to: DeliverTo,
    /// The deployment's own address: what it sent there it would answer itself.
    pub own: &'a str,
}

/// Why an address is refused; the text says what would be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Too long, or with characters that an address does not have.
    #[error(
        "is not an address: at most 2,000 characters, no spaces, no `\\`, no part after `#`, and letters of other alphabets encoded (`xn--…`, `%…`)"
    )]
    Malformed,
    /// Not `https`.
    #[error("must begin with `https://`")]
    Scheme,
    /// User name or password before the host.
    #[error("must not hold a user name or password")]
    Credentials,
    /// No host, or one that cannot be.
    #[error("names no host that can be")]
    Host,
    /// A name that means something on a private network only.
    #[error("names a host that is not on the public internet")]
    PrivateName,
    /// A literal address that is private, local or reserved.
    #[error("names a private, local or reserved address")]
    PrivateAddress,
    /// An IPv4 address not written as four decimal numbers.
    #[error("writes an IPv4 address in another form than four decimal numbers")]
    OddAddress,
    /// The deployment itself.
    #[error("is this deployment's own address; name a host of yours")]
    Own,
    /// A well-known port of another protocol.
    #[error("may name port 443 or one from 1024 to 65535")]
    Port,
}

/// Whether an address is at the deployment's own host, at whatever port; on a developer's machine everything is at one host, so there the
/// port counts.
pub fn is_own(url: &str, own: &str) -> bool {
    let (Some((host, port)), Some((own_host, own_port))) = (place(url), place(own)) else { return false };
    host == own_host && (port == own_port || !is_loopback(own))
}

/// Host in lower case without the dot of the root, and port.
fn place(url: &str) -> Option<(String, u16)> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let authority = authority.rsplit('@').next().unwrap_or_default().to_ascii_lowercase();
    let usual = if scheme.eq_ignore_ascii_case("http") { 80 } else { HTTPS_PORT };
    let host_ends = authority.rfind(']').map_or(0, |end| end + 1);
    let (host, port) = match authority[host_ends..].find(':') {
        Some(at) => (&authority[..host_ends + at], authority[host_ends + at + 1..].parse().ok()?),
        None => (authority.as_str(), usual),
    };
    Some((host.strip_suffix('.').unwrap_or(host).to_owned(), port))
}

/// Checks an address.
pub fn check(url: &str, reach: Reach<'_>) -> Result<(), Refused> {
    check_public(url, reach.to)?;
    if is_own(url, reach.own) { Err(Refused::Own) } else { Ok(()) }
}

fn check_public(url: &str, to: DeliverTo) -> Result<(), Refused> {
    let plain = url.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'#'));
    if !plain || url.len() > URL_BYTES {
        return Err(Refused::Malformed);
    }
    let (scheme, rest) = url.split_once("://").ok_or(Refused::Scheme)?;
    let secure = scheme.eq_ignore_ascii_case("https");
    let anywhere = to == DeliverTo::Anywhere;
    let plain_http = anywhere && scheme.eq_ignore_ascii_case("http");
    if !secure && !plain_http {
        return Err(Refused::Scheme);
    }
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err(Refused::Credentials);
    }
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']').ok_or(Refused::Host)?;
            let port =
                if port.is_empty() { None } else { Some(port.strip_prefix(':').ok_or(Refused::Host)?) };
            let address: Ipv6Addr = address.parse().map_err(|_| Refused::Host)?;
            (Host::Address(IpAddr::V6(address)), port)
        }
        None => {
            let (host, port) = match authority.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (authority, None),
            };
            (name_or_ipv4(host)?, port)
        }
    };
    if let Some(port) = port {
        // `https://host:/` means the usual port to some programs and nothing to others.
        let digits = !port.starts_with('0') && port.bytes().all(|byte| byte.is_ascii_digit());
        let port: u16 = port.parse().ok().filter(|_| digits).ok_or(Refused::Port)?;
        if !anywhere && port != HTTPS_PORT && port < FIRST_USER_PORT {
            return Err(Refused::Port);
        }
    }
    match host {
        _ if anywhere => Ok(()),
        Host::Address(IpAddr::V4(address)) if !public_v4(address) => Err(Refused::PrivateAddress),
        Host::Address(IpAddr::V6(address)) if !public_v6(address) => Err(Refused::PrivateAddress),
        Host::Name(name) if !public_name(&name) => Err(Refused::PrivateName),
        Host::Address(_) | Host::Name(_) => Ok(()),
    }
}

/// Scheme, host and port: what of an address may stand in a log or on a page where its path and query may not.
pub fn origin(url: &str) -> &str {
    let start = url.find("://").map_or(0, |at| at + 3);
    let end = url[start..].find(['/', '?', '#']).map_or(url.len(), |at| start + at);
    &url[..end]
}

enum Host {
    /// In lower case, without the dot of the root.
    Name(String),
    Address(IpAddr),
}

/// A host as WHATWG's parser splits them: what ends in a number is an IPv4 address or nothing.
fn name_or_ipv4(host: &str) -> Result<Host, Refused> {
    let host = host.to_ascii_lowercase();
    let name = host.strip_suffix('.').unwrap_or(&host);
    let last = name.rsplit('.').next().unwrap_or_default();
    let hexadecimal =
        last.strip_prefix("0x").is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    if hexadecimal || (!last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit())) {
        // Strict: four numbers, no leading zeros. `0x7f.1`, `0177.0.0.1` and `2130706433` are addresses to others.
        let address: Ipv4Addr = name.parse().map_err(|_| Refused::OddAddress)?;
        return Ok(Host::Address(IpAddr::V4(address)));
    }
    let label = |label: &str| {
        (1..=LABEL_BYTES).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    if name.len() > NAME_BYTES || !name.split('.').all(label) {
        return Err(Refused::Host);
    }
    Ok(Host::Name(name.to_owned()))
}

/// Whether a name can be resolved by anyone: not a bare one, and under none of the special-use domains that stay at home
/// (IANA, Special-Use Domain Names; `internal`: ICANN 2024; `home`, `corp`, `mail`: ICANN 2018; `lan`, `intranet`, `private`: RFC 6762 G).
fn public_name(name: &str) -> bool {
    const AT_HOME: [&str; 17] = [
        "localhost",
        "local",
        "localdomain",
        "internal",
        "intranet",
        "private",
        "corp",
        "home",
        "lan",
        "mail",
        "test",
        "invalid",
        "example",
        "onion",
        "alt",
        "arpa",
        "cluster",
    ];
    name.rsplit_once('.').is_some_and(|(_, last)| !AT_HOME.contains(&last))
}

/// Whether an IPv4 address is anyone's on the internet: in none of the blocks of IANA's special-purpose registry, nor
/// multicast or reserved.
fn public_v4(address: Ipv4Addr) -> bool {
    const BLOCKS: [(Ipv4Addr, u32); 15] = [
        (Ipv4Addr::UNSPECIFIED, 8),           // this network; 0.0.0.0 is the own machine
        (Ipv4Addr::new(10, 0, 0, 0), 8),      // private
        (Ipv4Addr::new(100, 64, 0, 0), 10),   // carriers' translation
        (Ipv4Addr::new(127, 0, 0, 0), 8),     // loopback
        (Ipv4Addr::new(169, 254, 0, 0), 16),  // link-local, clouds' metadata
        (Ipv4Addr::new(172, 16, 0, 0), 12),   // private
        (Ipv4Addr::new(192, 0, 0, 0), 24),    // protocol assignments
        (Ipv4Addr::new(192, 0, 2, 0), 24),    // documentation
        (Ipv4Addr::new(192, 88, 99, 0), 24),  // 6to4 relays, withdrawn
        (Ipv4Addr::new(192, 168, 0, 0), 16),  // private
        (Ipv4Addr::new(198, 18, 0, 0), 15),   // benchmarks
        (Ipv4Addr::new(198, 51, 100, 0), 24), // documentation
        (Ipv4Addr::new(203, 0, 113, 0), 24),  // documentation
        (Ipv4Addr::new(224, 0, 0, 0), 4),     // multicast
        (Ipv4Addr::new(240, 0, 0, 0), 4),     // reserved, broadcast
    ];
    !BLOCKS.iter().any(|(block, bits)| (address.to_bits() ^ block.to_bits()) >> (32 - bits) == 0)
}

/// Whether an IPv6 address is anyone's: global unicast (`2000::/3`, all that IANA hands out), less what is special in it. So
/// loopback, mapped, translated, local and multicast addresses are all out.
fn public_v6(address: Ipv6Addr) -> bool {
    const BLOCKS: [(Ipv6Addr, u32); 4] = [
        (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23), // protocol assignments, Teredo, ORCHID
        (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), // documentation
        (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16), // 6to4: any IPv4 address
        (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20), // documentation
    ];
    address.to_bits() >> 125 == 1
        && !BLOCKS.iter().any(|(block, bits)| (address.to_bits() ^ block.to_bits()) >> (128 - bits) == 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Refused::{Credentials, Host, Malformed, OddAddress, Port, PrivateAddress, PrivateName, Scheme};

    #[test]
    fn public_addresses_are_taken() {
        for url in [
            "https://example.com",
            "https://example.com/",
            "https://hooks.example.com/hubspot?token=a%20b&x=1",
            "https://example.com?x=1",
            "https://EXAMPLE.com./path",
            "HTTPS://example.com/",
            "https://example.com:443/",
            "https://example.com:8443/",
            "https://example.com:65535/",
            "https://xn--bcher-kva.example.com/",
            "https://a_b.example.co.uk/@user",
            "https://example.com/https://127.0.0.1/",
            "https://local.example.com/",
            "https://localhost.example.com/",
            "https://127.0.0.1.example.com/",
            "https://8.8.8.8/",
            "https://172.32.0.1/",
            "https://100.128.0.1/",
            "https://[2606:4700:4700::1111]/",
            "https://[2a00:1450:4001::1]:8443/x",
        ] {
            assert_eq!(check_public(url, DeliverTo::Public), Ok(()), "{url}");
        }
    }

    #[test]
    fn everything_else_is_refused_for_its_reason() {
        let table: [(&str, Refused); 84] = [
            ("", Scheme),
            ("example.com", Scheme),
            ("http://example.com/", Scheme),
            ("ftp://example.com/", Scheme),
            ("file:///etc/passwd", Scheme),
            ("javascript:alert(1)", Scheme),
            ("//example.com/", Scheme),
            ("https:/example.com/", Scheme),
            ("https:example.com", Scheme),
            (" https://example.com/", Malformed),
            ("https://example.com/a b", Malformed),
            ("https://example.com/\u{e9}", Malformed),
            ("https://b\u{fc}cher.example.com/", Malformed),
            ("https://127\u{3002}0\u{3002}0\u{3002}1/", Malformed),
            ("https://\u{ff11}27.0.0.1/", Malformed),
            ("https://example.com\\@127.0.0.1/", Malformed),
            ("https://example.com/\n", Malformed),
            ("https://example.com/#part", Malformed),
            ("https://user@example.com/", Credentials),
            ("https://user:word@example.com/", Credentials),
            ("https://:@example.com/", Credentials),
            ("https://example.com@127.0.0.1/", Credentials),
            ("https://", Host),
            ("https:///path", Host),
            ("https://?x", Host),
            ("https://.example.com/", Host),
            ("https://example..com/", Host),
            ("https://example.com../", Host),
            ("https://-a.example.com/", Host),
            ("https://a-.example.com/", Host),
            ("https://ex%61mple.com/", Host),
            ("https://127%2e0.0.1/", OddAddress),
            ("https://exa*mple.com/", Host),
            ("https://[::1/", Host),
            ("https://[example.com]/", Host),
            ("https://[fe80::1%25eth0]/", Host),
            ("https://[::1]x/", Host),
            ("https://localhost/", PrivateName),
            ("https://LOCALHOST:8443/", PrivateName),
            ("https://localhost./", PrivateName),
            ("https://api.localhost/", PrivateName),
            ("https://localhost.localdomain/", PrivateName),
            ("https://printer.local/", PrivateName),
            ("https://metadata.google.internal/", PrivateName),
            ("https://router.home.arpa/", PrivateName),
            ("https://db.cluster/", PrivateName),
            ("https://wiki.corp/", PrivateName),
            ("https://nas.lan/", PrivateName),
            ("https://intranet/", PrivateName),
            ("https://a.test/", PrivateName),
            ("https://abc.onion/", PrivateName),
            ("https://0.0.0.0/", PrivateAddress),
            ("https://10.0.0.1/", PrivateAddress),
            ("https://100.64.0.1/", PrivateAddress),
            ("https://127.0.0.1/", PrivateAddress),
            ("https://127.0.0.1./", PrivateAddress),
            ("https://127.255.255.254:8443/", PrivateAddress),
            ("https://169.254.169.254/latest/meta-data", PrivateAddress),
            ("https://172.16.0.1/", PrivateAddress),
            ("https://172.31.255.255/", PrivateAddress),
            ("https://192.0.2.1/", PrivateAddress),
            ("https://192.168.1.1/", PrivateAddress),
            ("https://198.19.0.1/", PrivateAddress),
            ("https://203.0.113.9/", PrivateAddress),
            ("https://224.0.0.1/", PrivateAddress),
            ("https://255.255.255.255/", PrivateAddress),
            ("https://2130706433/", OddAddress),
            ("https://0x7f000001/", OddAddress),
            ("https://0x7f.1/", OddAddress),
            ("https://0177.0.0.1/", OddAddress),
            ("https://127.1/", OddAddress),
            ("https://127.0.0.0x1/", OddAddress),
            ("https://[::]/", PrivateAddress),
            ("https://[::1]/", PrivateAddress),
            ("https://[::ffff:127.0.0.1]/", PrivateAddress),
            ("https://[::ffff:808:808]/", PrivateAddress),
            ("https://[64:ff9b::7f00:1]/", PrivateAddress),
            ("https://[2002:7f00:1::]/", PrivateAddress),
            ("https://[fd00::1]/", PrivateAddress),
            ("https://[fe80::1]/", PrivateAddress),
            ("https://[ff02::1]/", PrivateAddress),
            ("https://[2001:db8::1]/", PrivateAddress),
            ("https://example.com:22/", Port),
            ("https://example.com:/", Port),
        ];
        for (url, refused) in table {
            assert_eq!(check_public(url, DeliverTo::Public), Err(refused), "{url}");
        }
        for port in ["0", "80", "1023", "65536", "-1", "+443", "4 43", "00443"] {
            assert!(
                check_public(&format!("https://example.com:{port}/"), DeliverTo::Public).is_err(),
                "{port}"
            );
        }
        let long = format!("https://example.com/{}", "x".repeat(URL_BYTES));
        assert_eq!(check_public(&long, DeliverTo::Public), Err(Malformed));
        assert_eq!(check_public(&format!("https://{}.com/", "x".repeat(64)), DeliverTo::Public), Err(Host));
    }

    #[test]
    fn a_developers_machine_may_be_named_where_the_switch_says_so() {
        for url in
            ["http://127.0.0.1:9000/hook", "http://localhost:80/", "http://[::1]:9000/", "https://a.test/"]
        {
            assert_eq!(check_public(url, DeliverTo::Anywhere), Ok(()), "{url}");
            assert!(check_public(url, DeliverTo::Public).is_err(), "{url}");
        }
        for url in
            ["ftp://127.0.0.1/", "http://user@127.0.0.1/", "http://2130706433/", "http:///x", "http://h:x/"]
        {
            assert!(check_public(url, DeliverTo::Anywhere).is_err(), "{url}");
        }
    }

    #[test]
    fn an_origin_holds_neither_path_nor_query() {
        assert_eq!(origin("https://example.com:8443/a?token=b"), "https://example.com:8443");
        assert_eq!(origin("https://example.com?token=b"), "https://example.com");
        assert_eq!(origin("https://example.com"), "https://example.com");
    }

    #[test]
    fn the_deployments_own_host_is_refused_at_every_port_and_of_a_developers_machine_its_own_port() {
        let at = |own| Reach { to: DeliverTo::Public, own };
        for url in [
            "https://spoke.example.com/v1/workspaces",
            "https://SPOKE.example.com./",
            "https://spoke.example.com:443/hook",
            "https://spoke.example.com:8443/hook",
            "https://spoke.example.com?x=1",
        ] {
            assert_eq!(check(url, at("https://spoke.example.com")), Err(Refused::Own), "{url}");
        }
        for url in
            ["https://example.com/", "https://other.spoke.example.com/", "https://spoke.example.com.eu/"]
        {
            assert_eq!(check(url, at("https://spoke.example.com")), Ok(()), "{url}");
        }
        let local = Reach { to: DeliverTo::Anywhere, own: "http://127.0.0.1:8787" };
        assert_eq!(check("http://127.0.0.1:8787/hook", local), Err(Refused::Own));
        assert_eq!(check("http://127.0.0.1:9000/hook", local), Ok(()));
    }
}
