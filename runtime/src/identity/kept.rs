//! What a device keeps of who uses it: each user's token, and who uses it now.

use super::Token;
use crate::bundle::PublicKey;

/// The users of a device, in words that some secret place keeps: a line each, `active TOKEN NAME` or `user TOKEN NAME`;
/// `pending TOKEN` while an answer to an enrolment is waited for; and `hub KEY`, what bundles are sealed to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kept {
    /// As the hub said it when a device enrolled last.
    hub: Option<PublicKey>,
    /// Drawn, and sent with a code: whether the hub has it is not known.
    pending: Option<Token>,
    users: Vec<User>,
}

#[derive(Debug, Clone)]
struct User {
    name: String,
    token: Token,
    active: bool,
}

impl Kept {
    /// Of these words; none where they are none of ours.
    pub(crate) fn parse(words: &str) -> Option<Kept> {
        let mut kept = Kept::default();
        for line in words.lines() {
            if let Some(key) = line.strip_prefix("hub ") {
                kept.hub = Some(key.parse().ok()?);
                continue;
            }
            let mut parts = line.splitn(3, ' ');
            let (word, token) = (parts.next()?, parts.next()?.parse().ok()?);
            match (word, parts.next()) {
                ("pending", None) => kept.pending = Some(token),
                ("user" | "active", Some(name)) => {
                    kept.users.push(User { name: name.to_owned(), token, active: word == "active" });
                }
                _ => return None,
            }
        }
        Some(kept)
    }

    /// In words.
    pub(crate) fn words(&self) -> String {
        let hub = self.hub.iter().map(|key| format!("hub {key}\n"));
        let pending = self.pending.iter().map(|token| format!("pending {}\n", token.reveal()));
        let users = self.users.iter().map(|user| {
            let word = if user.active { "active" } else { "user" };
            format!("{word} {} {}\n", user.token.reveal(), user.name)
        });
        hub.chain(pending).chain(users).collect()
    }

    /// The token of whoever uses the device now.
    pub(crate) fn token(&self) -> Option<&Token> {
        self.users.iter().find(|user| user.active).map(|user| &user.token)
    }

    /// What bundles are sealed to, where the hub has said it.
    pub(crate) fn hub(&self) -> Option<PublicKey> {
        self.hub
    }

    /// The users, and who of them uses the device now.
    pub(crate) fn users(&self) -> impl Iterator<Item = (&str, bool)> {
        self.users.iter().map(|user| (user.name.as_str(), user.active))
    }

    /// The token to enrol with: what an answer is still waited for is said again, so that a lost one costs no code.
    pub(crate) fn pending(&mut self) -> Result<Token, getrandom::Error> {
        let token = self.pending.take().map_or_else(Token::draw, Ok)?;
        self.pending = Some(token.clone());
        Ok(token)
    }

    /// The hub has taken the pending token for this user, who uses the device from now on.
    /// `hub`: what it takes bundles by.
    pub(crate) fn enrolled(&mut self, name: &str, hub: Option<PublicKey>) {
        self.hub = hub.or(self.hub);
        let Some(token) = self.pending.take() else { return };
        self.users.retain(|user| user.name != name);
        self.users.push(User { name: name.to_owned(), token, active: false });
        self.switch(name);
    }

    /// Another user uses the device from now on; whether there is one of this name.
    pub(crate) fn switch(&mut self, name: &str) -> bool {
        let known = self.users.iter().any(|user| user.name == name);
        self.users.iter_mut().filter(|_| known).for_each(|user| user.active = user.name == name);
        known
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::bundle::HubKey;

    #[test]
    fn what_is_kept_is_read_as_it_was_written() {
        let mut kept = Kept::default();
        assert!(kept.token().is_none());
        let first = kept.pending().unwrap();
        // The answer was lost: the same is said again, also by a program that starts anew.
        let mut kept = Kept::parse(&kept.words()).unwrap();
        assert_eq!(kept.pending().unwrap().reveal(), first.reveal());
        kept.enrolled("Ada of Kibo", None);
        let second = kept.pending().unwrap();
        assert_ne!(second.reveal(), first.reveal());
        let key = HubKey::draw().unwrap().public();
        kept.enrolled("Ben", Some(key));
        let mut kept = Kept::parse(&kept.words()).unwrap();
        assert_eq!(kept.users().collect::<Vec<_>>(), [("Ada of Kibo", false), ("Ben", true)]);
        assert_eq!(kept.token().unwrap().reveal(), second.reveal());
        assert_eq!(kept.hub(), Some(key));
        assert!(kept.switch("Ada of Kibo") && !kept.switch("Cleo"));
        assert_eq!(kept.token().unwrap().reveal(), first.reveal());
    }

    #[test]
    fn words_that_are_none_of_ours_are_told() {
        let token = Token::draw().unwrap().reveal();
        for wrong in
            ["x", "active", "hub x", "active x Ada", &format!("pending {token} Ada"), &format!("active {token}")]
        {
            assert!(Kept::parse(wrong).is_none(), "{wrong:?}");
        }
    }
}
