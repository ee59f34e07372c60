//! Mutations of a corpus: what the engine draws becomes an input close to one that means something.

/// Longest input made: parsers' limits beyond it have tests of their own.
const LONGEST: usize = 16 << 10;

/// Pieces that parsers trip over.
const WORDS: [&[u8]; 32] = [
    b"null",
    b"true",
    b"[]",
    b"{}",
    b"\"\"",
    b"0",
    b"-1",
    b"18446744073709551616",
    b"9223372036854775807",
    b"-9223372036854775808",
    b"1e999",
    b"0.1",
    b"\\u0000",
    b"\\ud800",
    b"\\\"",
    b"\xff\xfe",
    b"\xf0\x9f\xa6\x80",
    b"\0",
    b"\r\n",
    b"%00",
    b"%2e%2e%2f",
    b"%",
    b"=",
    b"&",
    b";",
    b"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    b"{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":",
    b"canary@example.com",
    b"2026-11-20T00:00:00.000Z",
    b"+275760-09-13",
    b"/../",
    b" ",
];

/// One change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edit {
    /// One byte becomes another.
    Set(u8),
    /// One bit turns.
    Flip(u8),
    /// A byte comes in.
    Insert(u8),
    /// So many bytes go.
    Cut(u8),
    /// So many bytes come twice.
    Repeat(u8),
    /// One of the words comes in.
    Word(u8),
    /// Everything from here on goes.
    End,
    /// The rest of another member of the corpus follows from here on.
    Splice(u16),
}

/// Where a change is made, as a part of the input's length, and what it is.
pub type Edits = [(u16, Edit)];

/// The change that three drawn bytes stand for.
pub fn edit(kind: u8, value: u16) -> Edit {
    let low = value as u8;
    match kind % 8 {
        0 => Edit::Set(low),
        1 => Edit::Flip(low % 8),
        2 => Edit::Insert(low),
        3 => Edit::Cut(low),
        4 => Edit::Repeat(low),
        5 => Edit::Word(low),
        6 => Edit::End,
        _ => Edit::Splice(value),
    }
}

/// A member of the corpus with changes made to it, one after the other.
pub fn apply(corpus: &[Vec<u8>], seed: u16, edits: &Edits) -> Vec<u8> {
    let chosen = |number: u16| corpus.get(usize::from(number) % corpus.len().max(1));
    let mut out = chosen(seed).cloned().unwrap_or_default();
    for &(place, edit) in edits {
        let at = usize::from(place) * out.len() / (usize::from(u16::MAX) + 1);
        let until = |count: u8, length: usize| (at + usize::from(count)).min(length);
        match edit {
            Edit::Set(byte) => {
                if let Some(own) = out.get_mut(at) {
                    *own = byte;
                }
            }
            Edit::Flip(bit) => {
                if let Some(own) = out.get_mut(at) {
                    *own ^= 1 << bit;
                }
            }
            Edit::Insert(byte) => out.insert(at, byte),
            Edit::Cut(count) => drop(out.drain(at..until(count, out.len()))),
            Edit::Repeat(count) => {
                let part = out[at..until(count, out.len())].to_vec();
                out.splice(at..at, part);
            }
            Edit::Word(number) => {
                out.splice(at..at, WORDS[usize::from(number) % WORDS.len()].iter().copied());
            }
            Edit::End => out.truncate(at),
            Edit::Splice(number) => {
                let other = chosen(number).map_or(&[][..], Vec::as_slice);
                out.truncate(at);
                out.extend_from_slice(other.get(at..).unwrap_or_default());
            }
        }
        out.truncate(LONGEST);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_change_keeps_within_its_input() {
        let corpus = [b"hello".to_vec(), b"other world".to_vec(), Vec::new()];
        for kind in 0..8 {
            for (place, value, seed) in [(0, 0, 0), (u16::MAX, u16::MAX, 1), (9, 3, 2), (40_000, 200, 0)] {
                let made = apply(&corpus, seed, &[(place, edit(kind, value))]);
                assert!(made.len() < 300, "{kind}");
            }
        }
        assert_eq!(apply(&corpus, 0, &[(0, Edit::Cut(2)), (u16::MAX, Edit::Set(b'!'))]), b"ll!");
        assert_eq!(apply(&corpus, 0, &[(u16::MAX, Edit::Splice(1))]), b"hellr world");
    }

    #[test]
    fn an_input_never_grows_beyond_its_bound() {
        let corpus = [vec![b'a'; 200]];
        let all = [(0, Edit::Repeat(255)); 400];
        assert_eq!(apply(&corpus, 0, &all).len(), LONGEST);
    }
}
