//! Whose an address on the internet is, for counting what strangers try.

use std::net::IpAddr;

/// Of IPv6 one customer has a network of 64 bits (RFC 6177), and as many addresses as they like in it; any other text is itself.
pub fn of(address: &str) -> String {
    match address.trim().parse::<IpAddr>() {
        Ok(IpAddr::V6(address)) => {
            let [first, second, third, fourth, ..] = address.segments();
            format!("{first:x}:{second:x}:{third:x}:{fourth:x}::/64")
        }
        Ok(IpAddr::V4(_)) | Err(_) => address.trim().to_owned(),
    }
}

/// The same, wider, for counting what is worth more tries: of IPv6 a site has a network of 48 bits (RFC 6177), which one person gets for
/// nothing, with 65,536 of [`of`] in it.
pub fn site(address: &str) -> String {
    match address.trim().parse::<IpAddr>() {
        Ok(IpAddr::V6(address)) => {
            let [first, second, third, ..] = address.segments();
            format!("{first:x}:{second:x}:{third:x}::/48")
        }
        Ok(IpAddr::V4(_)) | Err(_) => of(address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_one_ipv6_network_are_one_customers() {
        let same = of("2001:db8:1:2:3::4");
        assert_eq!(same, of("2001:DB8:1:2:ffff::1"));
        assert_ne!(same, of("2001:db8:1:3::4"));
        assert_eq!(of("192.0.2.1"), "192.0.2.1");
        assert_eq!(site("2001:db8:1:2:3::4"), site("2001:db8:1:ffff::1"));
        assert_ne!(site("2001:db8:1::1"), site("2001:db8:2::1"));
        assert_ne!(site("192.0.2.1"), site("192.0.2.2"));
    }
}
