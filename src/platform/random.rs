//! Random bytes from the runtime's generator (`crypto.getRandomValues`).

/// `N` random bytes.
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("workerd's crypto.getRandomValues serves requests of this size");
    bytes
}
