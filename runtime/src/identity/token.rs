//! Tokens.

use super::Hash;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use std::fmt;
use std::str::FromStr;

/// What every request of an enrolled device carries: 256 random bits.
///
/// It is a secret, so there is no `Display`, and `{:?}` does not show it; [`Token::reveal`] does.
#[derive(Clone)]
pub struct Token([u8; 32]);

/// Text that is no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no token of a hub's; enrol the device again")]
pub struct NoToken;

impl Token {
    /// A fresh one.
    pub(crate) fn draw() -> Result<Token, getrandom::Error> {
        let mut bits = [0; 32];
        getrandom::fill(&mut bits)?;
        Ok(Token(bits))
    }

    /// Its text: 43 letters, digits, `-` and `_`. For the request's header and for whatever keeps it, and for nothing else.
    pub fn reveal(&self) -> String {
        BASE64.encode(self.0)
    }

    pub(crate) fn bits(&self) -> &[u8; 32] {
        &self.0
    }

    pub(crate) fn hash(&self) -> Hash {
        Hash::of(&self.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

impl FromStr for Token {
    type Err = NoToken;

    fn from_str(text: &str) -> Result<Token, NoToken> {
        // Checked before it is decoded: a header may be long.
        let bits = Some(text).filter(|text| text.len() == 43).and_then(|text| BASE64.decode(text).ok());
        Ok(Token(bits.and_then(|bits| bits.try_into().ok()).ok_or(NoToken)?))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_token_is_its_text_and_is_not_shown_by_accident() {
        let token = Token::draw().unwrap();
        let text = token.reveal();
        assert_eq!(text.parse::<Token>().unwrap().hash(), token.hash());
        assert!(!format!("{token:?}").contains(&text[..5]));
        assert_ne!(Token::draw().unwrap().hash(), token.hash());
        for wrong in ["", "x", &text[1..], &format!("{text}="), &text.replace(&text[..1], "?")] {
            assert!(wrong.parse::<Token>().is_err(), "{wrong:?}");
        }
    }
}
