//! Where in a JSON text something stands that a JSON pointer names.

use crate::values::json;

/// The line, counted from 1, on which what a pointer names begins; where that is not there, the line of what would hold it. Of a text that is
/// no JSON it is any.
pub fn line_of(text: &str, pointer: &str) -> usize {
    let part = |part: &str| part.replace("~1", "/").replace("~0", "~");
    let parts: Vec<String> = pointer.split('/').skip(1).map(part).collect();
    let mut walk = Walk { bytes: text.as_bytes(), at: 0 };
    let at = walk.find(&parts).unwrap_or_default();
    text.get(..at.min(text.len())).map_or(1, |before| 1 + before.matches('\n').count())
}

struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Walk<'_> {
    fn peek(&mut self) -> Option<u8> {
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        self.bytes.get(self.at).copied()
    }

    /// Where the value begins that lies there, from the beginning of the one that holds it.
    fn find(&mut self, parts: &[String]) -> Option<usize> {
        let opening = self.peek()?;
        let begins = self.at;
        let Some((own, rest)) = parts.split_first() else { return Some(begins) };
        match opening {
            b'{' | b'[' => self.at += 1,
            _ => return Some(begins),
        }
        let mut index = 0_usize;
        loop {
            match self.peek()? {
                b'}' | b']' => return Some(begins),
                b',' => {
                    self.at += 1;
                    continue;
                }
                _ => {}
            }
            let (line, is_it) = if opening == b'{' {
                let key = self.at;
                self.skip_text();
                let text = std::str::from_utf8(&self.bytes[key..self.at]).ok()?;
                let name: String = json::parse(text).ok()?;
                if self.peek()? != b':' {
                    return Some(begins);
                }
                self.at += 1;
                (key, name == *own)
            } else {
                let is_it = own.parse() == Ok(index);
                index += 1;
                (self.at, is_it)
            };
            if is_it {
                // What a member is begins with its name.
                return if rest.is_empty() { Some(line) } else { self.find(rest).or(Some(line)) };
            }
            self.skip_value()?;
        }
    }

    /// Behind the text that begins here.
    fn skip_text(&mut self) {
        self.at += 1;
        while let Some(byte) = self.bytes.get(self.at) {
            self.at += 1;
            match byte {
                b'\\' => self.at += 1,
                b'"' => return,
                _ => {}
            }
        }
        self.at = self.at.min(self.bytes.len());
    }

    /// Behind the value that begins here.
    fn skip_value(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            match self.peek()? {
                b'"' => self.skip_text(),
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' if depth == 0 => return Some(()),
                b'}' | b']' => {
                    depth -= 1;
                    self.at += 1;
                }
                b',' if depth == 0 => return Some(()),
                _ => self.at += 1,
            }
            if depth == 0 && matches!(self.peek()?, b',' | b'}' | b']') {
                return Some(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{
  "name": "A \" { brace",
  "steps": [
    { "id": "one",
      "if": { "and": [
        { "property": "x" },
        { "property": "y" } ] },
      "then": [
        { "id": "two" }
      ]
    },
    {
      "id": "three"
    }
  ],
  "a/b": 1
}"#;

    #[test]
    fn a_pointer_leads_to_its_line() {
        for (pointer, line) in [
            ("", 1),
            ("/name", 2),
            ("/steps", 3),
            ("/steps/0", 4),
            ("/steps/0/if/and/1", 7),
            ("/steps/0/if/and/1/property", 7),
            ("/steps/0/then/0/id", 9),
            ("/steps/1", 12),
            ("/steps/1/id", 13),
            ("/a~1b", 16),
        ] {
            assert_eq!(line_of(TEXT, pointer), line, "{pointer}");
        }
    }

    #[test]
    fn of_what_is_not_there_it_is_what_would_hold_it() {
        for (pointer, line) in [("/conditions", 1), ("/steps/7", 3), ("/steps/1/do", 12), ("/name/x", 2)] {
            assert_eq!(line_of(TEXT, pointer), line, "{pointer}");
        }
        for broken in ["", "{", "{\"steps\":[{", "[[[", "nothing", "{\"a\" 1}", "\"", "{\"steps\":[\"\\"] {
            assert_eq!(line_of(broken, "/steps/0/id"), 1, "{broken}");
        }
    }
}
