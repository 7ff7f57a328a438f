//! What a user is handed: where the hub is, and a code, in one line or as a QR code.

use super::Code;
use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};
use std::fmt;
use std::str::FromStr;

/// What the line begins with. An application may have the system open it at such links.
const SCHEME: &str = "windrow:enrol?";

/// A hub's address and a code for it: `windrow:enrol?code=7K3XM-9Q2HV-PTR0D-AB1CE&hub=https://hub.example.org`.
///
/// ```
/// use windrow::identity::Invitation;
///
/// let line = "windrow:enrol?code=7K3XM-9Q2HV-PTR0D-AB1CE&hub=https://hub.example.org";
/// let invitation: Invitation = line.parse()?;
/// assert_eq!(invitation.hub, "https://hub.example.org");
/// assert_eq!(invitation.to_string(), line);
/// # Ok::<(), windrow::identity::NoInvitation>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Where the hub is.
    pub hub: String,
    /// The code, a secret.
    pub code: Code,
}

/// Text that is no invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no invitation; it looks like windrow:enrol?code=7K3XM-9Q2HV-PTR0D-AB1CE&hub=https://hub.example.org")]
pub struct NoInvitation;

impl Invitation {
    /// As a QR code for a terminal, or any page that keeps its lines; none where the address is too long for one.
    pub fn qr(&self) -> Option<String> {
        // The least correction: it is shown on a screen or fresh paper, and a small one fits a terminal.
        let code = QrCode::with_error_correction_level(self.to_string(), EcLevel::L).ok()?;
        // Dark on light is what cameras expect, and terminals are mostly dark.
        Some(code.render::<Dense1x2>().dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build())
    }
}

impl fmt::Display for Invitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The address comes last, so that nothing in it need be escaped.
        write!(f, "{SCHEME}code={}&hub={}", self.code, self.hub)
    }
}

impl FromStr for Invitation {
    type Err = NoInvitation;

    fn from_str(text: &str) -> Result<Invitation, NoInvitation> {
        let said = text.trim().strip_prefix(SCHEME).and_then(|said| said.strip_prefix("code="));
        let (code, hub) = said.and_then(|said| said.split_once("&hub=")).ok_or(NoInvitation)?;
        Ok(Invitation { hub: hub.to_owned(), code: code.parse().map_err(|_| NoInvitation)? })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn an_invitation_is_read_as_it_is_written() {
        let invitation = Invitation { hub: "https://a.example/x?code=1&hub=2".into(), code: Code::draw().unwrap() };
        assert_eq!(invitation.to_string().parse(), Ok(invitation.clone()));
        for wrong in ["", "windrow:enrol?", "windrow:enrol?code=1&hub=x", "https://hub.example.org"] {
            assert_eq!(wrong.parse::<Invitation>(), Err(NoInvitation), "{wrong:?}");
        }
        assert!(!format!("{invitation:?}").contains(&invitation.code.to_string()[..5]));
    }

    /// A code that wraps in a terminal of 80 columns can't be read by a camera.
    #[test]
    fn its_qr_code_fits_a_terminal() {
        let mut invitation = Invitation { hub: "https://hub.example.org".into(), code: Code::draw().unwrap() };
        let drawn = invitation.qr().unwrap();
        let wide: Vec<usize> = drawn.lines().map(|line| line.chars().count()).collect();
        assert!(wide.windows(2).all(|pair| pair[0] == pair[1]), "{wide:?}");
        assert!(wide[0] <= 50 && wide.len() <= 25, "{} by {}", wide[0], wide.len());
        invitation.hub = "x".repeat(5_000);
        assert_eq!(invitation.qr(), None);
    }
}
