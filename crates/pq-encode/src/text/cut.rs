//! A long bound made short: a lower one by dropping the rest, an upper one by counting up what is left.
//!
//! Text is cut at code points, and what it is counted up to is text again: readers may take a bound for a
//! value.

use super::utf8;

/// Longest bound that is written, in bytes, unless only the whole value is one.
pub(crate) const BOUND_BYTES_MAX: usize = 64;

/// How a value is cut and counted up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// At any byte.
    Bytes,
    /// At code points: the values are valid UTF-8.
    Text,
}

impl Cut {
    /// What is left of a start of 64 bytes when the value goes on.
    pub(super) fn down(self, start: &[u8], longer: bool) -> &[u8] {
        if longer && self == Self::Text {
            utf8::whole_chars(start)
        } else {
            start
        }
    }

    /// The least string that is greater than every value with this start: `None` if there is none of at
    /// most 64 bytes.
    pub(super) fn up(self, start: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Bytes => {
                let last = start.iter().rposition(|byte| *byte != 0xff)?;
                let mut counted = start[..=last].to_vec();
                counted[last] += 1;
                Some(counted)
            }
            Self::Text => {
                let mut rest = std::str::from_utf8(utf8::whole_chars(start)).ok()?;
                loop {
                    let last = rest.chars().next_back()?;
                    rest = &rest[..rest.len() - last.len_utf8()];
                    let next = match last {
                        // The code points in between are surrogates, which are no characters.
                        '\u{d7ff}' => Some('\u{e000}'),
                        _ => char::from_u32(u32::from(last) + 1),
                    };
                    let fits = |c: &char| rest.len() + c.len_utf8() <= BOUND_BYTES_MAX;
                    if let Some(next) = next.filter(fits) {
                        return Some(format!("{rest}{next}").into_bytes());
                    }
                }
            }
        }
    }

    /// No upper bound of 64 bytes can be made of a value that begins like this and goes on.
    pub(super) fn is_stuck(self, start: &[u8]) -> bool {
        self.up(start).is_none()
    }
}
