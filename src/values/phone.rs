//! Telephone numbers as people write them, compared: `+49 (0)30 123 45 67`, `0049 301234567` and `030/1234567` are one.
//!
//! A number that names its country is compared whole. One that does not may be anybody's who has it in their country, so it is the same as a
//! number of any: who finds two records by it has found neither. Found by a [`Phone::key`], which numbers share that end alike, and then
//! compared by [`Phone::is_same`].

/// Digits of a key: the shortest national numbers there are (Iceland, Estonia). Of a million contacts a tenth of one has that of another.
const KEY_DIGITS: usize = 7;
/// Fewest digits of a number without its country: a shorter one is an extension or a service, and says nothing of who calls.
const LEAST_DIGITS: usize = KEY_DIGITS;
/// Most digits of a number with its country (E.164).
const MOST_DIGITS: usize = 15;
/// From so many digits on a number without `+` may begin with its country all the same: the shortest country of three digits and
/// [`KEY_DIGITS`], or one of two and eight.
const WITH_COUNTRY_DIGITS: usize = 10;
/// From so many digits on `011` is North America's international prefix; else it is Turin's.
const NORTH_AMERICAN_DIGITS: usize = 13;

/// Countries of two digits (E.164); of one are those that begin with 1 and 7, of three all others.
const TWO_DIGITS: [&str; 44] = [
    "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47", "48",
    "49", "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63", "64", "65", "66", "81",
    "82", "84", "86", "90", "91", "92", "93", "94", "95", "98",
];
/// What is dialled before a national number where that is not 0, without leading zeros: Russia, Hungary, Lithuania, Belarus.
const TRUNKS: [(&str, &str); 4] = [("7", "8"), ("36", "6"), ("370", "8"), ("375", "80")];

/// A telephone number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phone {
    /// The digits of its country, where it names one.
    country: Option<String>,
    /// The other digits, without leading zeros.
    number: String,
}

impl Phone {
    /// Reads a number; `None` if it is none. Spaces, signs and brackets have no meaning, nor has an extension (`ext. 5`, `x5`, `#5`, `,5`,
    /// `;ext=5`, `DW 5`).
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = without_extension(text.strip_prefix("tel:").unwrap_or(text)).replace("(0)", "");
        let (mut digits, mut is_international) = (String::new(), false);
        for letter in text.chars() {
            match letter {
                '0'..='9' => digits.push(letter),
                '+' | '\u{ff0b}' if digits.is_empty() => is_international = true,
                '-' | '.' | '/' | '(' | ')' | '[' | ']' | '\'' | '\u{2010}'..='\u{2015}' => {}
                _ if letter.is_whitespace() || is_invisible(letter) => {}
                _ => digits.push(other_digit(letter)?),
            }
        }
        let from_america = digits.starts_with("011") && digits.len() >= NORTH_AMERICAN_DIGITS;
        is_international |= digits.starts_with("00") || from_america;
        let dialled = digits.strip_prefix("011").filter(|_| from_america);
        let significant = dialled.unwrap_or(&digits).trim_start_matches('0');
        if significant.len() > MOST_DIGITS {
            return None;
        }
        let (country, number) = if is_international {
            let (country, number) = with_country(significant)?;
            (Some(country.to_owned()), number)
        } else {
            (None, significant)
        };
        (number.len() >= LEAST_DIGITS).then(|| Self { country, number: number.to_owned() })
    }

    /// What numbers share that end alike: all that are the same, and a few others. Stored, so it may never come out differently.
    pub fn key(&self) -> i64 {
        let last = &self.number[self.number.len() - KEY_DIGITS..];
        last.bytes().fold(0, |key, digit| key * 10 + i64::from(digit - b'0'))
    }

    /// Whether it is the same number, as far as both say.
    pub fn is_same(&self, other: &Self) -> bool {
        match (&self.country, &other.country) {
            (Some(_), Some(_)) => self == other,
            (Some(country), None) => is_number_of(country, &self.number, &other.number),
            (None, Some(country)) => is_number_of(country, &other.number, &self.number),
            (None, None) => {
                let is_with_country = |long: &str, short: &str| {
                    long.len() >= WITH_COUNTRY_DIGITS
                        && with_country(long).is_some_and(|(_, number)| number == short)
                };
                let (one, other) = (&self.number, &other.number);
                one == other || is_with_country(one, other) || is_with_country(other, one)
            }
        }
    }
}

/// Whether digits that name no country are that number of a country: alone, behind the country, or behind what is dialled there.
fn is_number_of(country: &str, number: &str, digits: &str) -> bool {
    let trunk = TRUNKS.iter().find(|(of, _)| *of == country).map(|(_, trunk)| *trunk);
    let behind =
        |prefix: &str| digits.strip_prefix(prefix).is_some_and(|rest| rest.trim_start_matches('0') == number);
    digits == number || behind(country) || trunk.is_some_and(behind)
}

/// The country that digits begin with, and the rest without leading zeros.
fn with_country(digits: &str) -> Option<(&str, &str)> {
    let length = match digits.get(..2)? {
        two if two.starts_with(['1', '7']) => 1,
        two if TWO_DIGITS.contains(&two) => 2,
        _ => 3,
    };
    let (country, number) = digits.split_at_checked(length)?;
    Some((country, number.trim_start_matches('0')))
}

/// What stands before an extension.
fn without_extension(text: &str) -> &str {
    // To lower case where that keeps every place; only ASCII is looked for.
    let lower = text.to_ascii_lowercase();
    let words = ["ext", "x", "#", ";", ",", "dw", "durchwahl", "poste"];
    let at = words.iter().filter_map(|word| lower.find(word)).filter(|at| *at > 0).min();
    at.map_or(text, |at| &text[..at])
}

/// The digits that Arabic and Persian keyboards write, and the wide ones of Japanese.
fn other_digit(letter: char) -> Option<char> {
    let digit = ['\u{660}', '\u{6f0}', '\u{ff10}']
        .into_iter()
        .find_map(|zero| u32::from(letter).checked_sub(u32::from(zero)).filter(|digit| *digit < 10))?;
    char::from_digit(digit, 10)
}

/// Marks of direction and joins, which numbers that were copied bring along.
const fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn phone(text: &str) -> Phone {
        Phone::parse(text).unwrap_or_else(|| panic!("{text}"))
    }

    /// Each line is one number in the ways that people write it.
    const SAME: [&[&str]; 14] = [
        &[
            "+49 30 1234567",
            "+49 (0)30 123 45 67",
            "+49 (0) 30/1234567",
            "+49 030 1234567",
            "0049-30-1234567",
            "030/123 45 67",
            "(030) 1234567",
            "011 49 30 1234567",
            "30 1234567",
            "4930 1234567",
            "tel:+49-30-1234567",
            "+49 30 1234567 ext. 5",
            "+49 30 1234567 DW 12",
            "030 1234567 x5",
            "030 1234567#5",
            "030 1234567,5",
            "tel:+49301234567;ext=5",
            "\u{202a}+49\u{a0}30\u{2011}1234567\u{202c}",
        ],
        &[
            "+1 (415) 555-2671",
            "415-555-2671",
            "1 415 555 2671",
            "001 415.555.2671",
            "011 1 415 555 2671",
            "+14155552671 ext 9",
        ],
        &["+45 12 34 56 78", "12345678", "0045 12345678", "4512345678"],
        &["+354 555 1234", "5551234", "00354 555 1234", "3545551234"],
        &["+39 06 1234567", "06 1234567", "0039 06 1234567"],
        &["+39 011 123 4567", "011 1234567"],
        &["+44 20 7946 0958", "020 7946 0958", "+44 (0)20 7946 0958", "011 44 20 7946 0958"],
        &["+7 495 123-45-67", "8 (495) 123-45-67", "7 495 123 45 67", "495 1234567"],
        &["+36 1 234 5678", "06 1 234 5678", "12345678"],
        &["+375 29 123-45-67", "8 029 1234567", "80 29 1234567"],
        &["+351 912 345 678", "912345678", "00351912345678"],
        &["+81 90-1234-5678", "090-1234-5678", "\u{ff0b}\u{ff18}\u{ff11} 90 1234 5678"],
        &[
            "+971 50 123 4567",
            "050 123 4567",
            "\u{660}\u{665}\u{660}\u{661}\u{662}\u{663}\u{664}\u{665}\u{666}\u{667}",
        ],
        &["+33 1 23 45 67 89", "01.23.45.67.89", "0033 (0)1 23 45 67 89"],
    ];

    #[test]
    fn a_number_is_one_in_all_the_ways_it_is_written() {
        for ways in SAME {
            let first = phone(ways[0]);
            for way in ways {
                let other = phone(way);
                assert!(first.is_same(&other) && other.is_same(&first), "{} and {way}", ways[0]);
                assert_eq!(first.key(), other.key(), "{} and {way}", ways[0]);
            }
        }
    }

    #[test]
    fn other_numbers_are_others() {
        for (one, other) in [
            ("+49 30 1234567", "+43 30 1234567"),
            ("+49 30 1234567", "+49 40 1234567"),
            ("+49 30 1234567", "1234567"),
            ("+49 30 1234567", "040 1234567"),
            ("+1 415 555 2671", "555-2671"),
            ("+1 415 555 2671", "510 555 2671"),
            ("+45 12345678", "+49 30 12345678"),
            ("12345678", "+49 30 12345678"),
            ("030 1234567", "030 1234568"),
            ("089 41234567", "9 41234567"),
            ("0493 123456", "3123456"),
        ] {
            let (one, other) = (phone(one), phone(other));
            assert!(!one.is_same(&other) && !other.is_same(&one), "{one:?} and {other:?}");
        }
    }

    #[test]
    fn what_says_nothing_of_who_calls_is_no_number() {
        for text in [
            "",
            " ",
            "+",
            "anonymous",
            "112",
            "0800",
            "000000000",
            "+49",
            "+49 110",
            "1-800-FLOWERS",
            "030 1234567 / 0171 1234567",
            "12345678901234567890",
            "ext. 5",
            "0x1234567",
        ] {
            assert_eq!(Phone::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_key_is_the_same_for_ever() {
        assert_eq!(phone("+49 30 0123456").key(), 123_456, "records are stored with it");
        assert_eq!(phone("+1 415 555 2671").key(), 5_552_671);
    }

    proptest! {
        #[test]
        fn any_text_is_read_and_is_the_same_as_itself(one in any::<String>(), other in "[+0-9 ()/x.-]{0,24}") {
            let read = [Phone::parse(&one), Phone::parse(&other)];
            for phone in read.iter().flatten() {
                prop_assert!(phone.is_same(phone));
                prop_assert!((0..10_000_000).contains(&phone.key()));
            }
        }

        #[test]
        fn numbers_that_are_the_same_have_one_key(
            country in proptest::sample::select(vec!["1", "7", "36", "44", "45", "49", "354", "375"]), number in "[1-9][0-9]{6,10}",
            way in 0..5, other in "[1-9][0-9]{6,10}",
        ) {
            let whole = phone(&format!("+{country} {number}"));
            let written = match way {
                0 => format!("00{country}{number}"),
                1 => format!("+{country} (0) {number}"),
                2 => number.clone(),
                3 => format!("0{number}"),
                _ => format!("{country}{number}"),
            };
            let again = phone(&written);
            prop_assert!(whole.is_same(&again) && again.is_same(&whole), "{}", written);
            prop_assert_eq!(whole.key(), again.key());
            let other = phone(&other);
            prop_assert!(!whole.is_same(&other) || whole.key() == other.key());
            prop_assert!(!again.is_same(&other) || again.key() == other.key());
        }
    }
}
