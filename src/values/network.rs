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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_one_ipv6_network_are_one_customers() {
        let same = of("2001:db8:1:2:3::4");
        assert_eq!(same, of("2001:DB8:1:2:ffff::1"));
        assert_ne!(same, of("2001:db8:1:3::4"));
        assert_eq!(of("192.0.2.1"), "192.0.2.1");
    }
}
