//! One-time codes.

use super::Hash;
use std::fmt::{self, Write};
use std::str::FromStr;

/// Crockford's base 32: without I, L, O, which look like digits, and U.
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Digits of a code: five bits each, a hundred in all.
const LENGTH: usize = 20;
/// Digits of a group.
const GROUP: usize = 5;

/// A code with which one device enrols, once: 100 random bits, in groups that can be read over a telephone.
///
/// Its text is a secret; `{:?}` does not show it.
///
/// ```
/// use windrow::identity::Code;
///
/// let code: Code = "7k3xm-9q2hv-ptr0d-ab1ce".parse()?;
/// assert_eq!(code.to_string(), "7K3XM-9Q2HV-PTR0D-AB1CE");
/// # Ok::<(), windrow::identity::NoCode>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Code([u8; LENGTH]);

/// Text that is no code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a code has 20 letters and digits, in groups of five")]
pub struct NoCode;

impl Code {
    /// A fresh one.
    pub(crate) fn draw() -> Result<Code, getrandom::Error> {
        let mut digits = [0; LENGTH];
        getrandom::fill(&mut digits)?;
        // 32 divides 256: every digit is as likely as any other.
        Ok(Code(digits.map(|random| random % 32)))
    }

    pub(crate) fn hash(&self) -> Hash {
        Hash::of(&self.0)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, digit) in self.0.iter().enumerate() {
            if n > 0 && n.is_multiple_of(GROUP) {
                f.write_char('-')?;
            }
            f.write_char(char::from(DIGITS[usize::from(*digit)]))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(..)")
    }
}

/// Small letters, spaces and dashes anywhere, and what people take for a digit are understood.
impl FromStr for Code {
    type Err = NoCode;

    fn from_str(text: &str) -> Result<Code, NoCode> {
        let said = text.chars().filter(|c| *c != '-' && !c.is_whitespace());
        let digits: Vec<u8> = said.map(digit).collect::<Option<_>>().ok_or(NoCode)?;
        Ok(Code(digits.try_into().map_err(|_| NoCode)?))
    }
}

fn digit(said: char) -> Option<u8> {
    let meant = match said.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    let at = DIGITS.iter().position(|digit| char::from(*digit) == meant)?;
    u8::try_from(at).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// Somebody reads it over a bad line, and somebody else types what he hears.
    #[test]
    fn a_code_is_understood_as_people_write_it() {
        let code = Code::draw().unwrap();
        let text = code.to_string();
        assert_eq!(text.len(), 23);
        let sloppy = text.to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l");
        assert_eq!(sloppy.parse::<Code>().unwrap(), code);
        for wrong in ["", "12345", &text[1..], &format!("{text}0"), &text.replace('-', "_"), "é".repeat(20).as_str()] {
            assert_eq!(wrong.parse::<Code>(), Err(NoCode), "{wrong:?}");
        }
    }

    /// A code that was logged with `{:?}` could be used by whoever reads logs.
    #[test]
    fn a_code_is_not_shown_by_accident() {
        let code = Code::draw().unwrap();
        assert!(!format!("{code:?}").contains(&code.to_string()[..5]));
        assert_ne!(code, Code::draw().unwrap());
    }
}
