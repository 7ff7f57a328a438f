//! The registry by itself: codes, tokens, revocations, and files that come back from a backup.

#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use std::path::PathBuf;
use tempfile::TempDir;

struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Place {
        Place { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("hub.db")
    }

    fn list(&self) -> PathBuf {
        self.folder.path().join("hub.db.revoked")
    }

    fn open(&self) -> Registry {
        Registry::open(self.path()).unwrap()
    }

    /// The file as a backup has it.
    fn backup(&self) -> PathBuf {
        let copy = self.folder.path().join("copy.db");
        let into = format!("VACUUM INTO '{}'", copy.display());
        Connection::open(self.path()).unwrap().execute_batch(&into).unwrap();
        copy
    }

    fn restore(&self, copy: &Path) {
        for end in ["-wal", "-shm"] {
            drop(std::fs::remove_file(format!("{}{end}", self.path().display())));
        }
        std::fs::rename(copy, self.path()).unwrap();
    }
}

fn id(n: u64) -> DeviceId {
    DeviceId::from_bits(n).unwrap()
}

impl Registry {
    fn enrolled(&self, name: &str, device: u64) -> Token {
        let code = self.invite(name, Role::Field, CODE_LASTS).unwrap();
        self.let_in(&code, device, None).unwrap().0
    }

    /// A device enrols with a fresh token.
    fn let_in(&self, code: &Code, device: u64, holds: Option<&Token>) -> Result<(Token, Member), RegistryError> {
        let token = Token::draw().unwrap();
        let member = self.enrol(code, id(device), &token, holds)?;
        Ok((token, member))
    }

    fn denies(&self, token: &Token) -> Denied {
        denied(self.admit(token))
    }
}

fn denied<T>(result: Result<T, RegistryError>) -> Denied {
    match result {
        Err(RegistryError::Denied(denied)) => denied,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("let in"),
    }
}

/// A code that was photographed over somebody's shoulder enrolled a second tablet a day later.
#[test]
fn a_code_enrols_one_device_once_and_in_time() {
    let place = Place::new();
    let registry = place.open();
    let code = registry.invite("Ada", Role::Reviewer, CODE_LASTS).unwrap();
    let (token, member) = registry.let_in(&code, 1, None).unwrap();
    assert_eq!(member, Member { device: id(1), user: "Ada".into(), role: Role::Reviewer });
    assert_eq!(registry.admit(&token).unwrap(), member);
    assert_eq!(denied(registry.let_in(&code, 2, None)), Denied::Code);
    assert_eq!(denied(registry.let_in(&Code::draw().unwrap(), 2, None)), Denied::Code);
    let late = registry.invite("Ben", Role::Field, Duration::ZERO).unwrap();
    assert_eq!(denied(registry.let_in(&late, 2, None)), Denied::Code);
    assert_eq!(registry.denies(&Token::draw().unwrap()), Denied::Unknown);
}

/// The answer was lost on the way. The code was used up, and the nearest person with another one was a day's walk away.
#[test]
fn to_enrol_is_safe_to_repeat() {
    let place = Place::new();
    let registry = place.open();
    let code = registry.invite("Ada", Role::Field, CODE_LASTS).unwrap();
    let token = Token::draw().unwrap();
    let first = registry.enrol(&code, id(1), &token, None).unwrap();
    assert_eq!(registry.enrol(&code, id(1), &token, None).unwrap(), first);
    // With another token, or on another device, it is not the same again.
    assert_eq!(denied(registry.let_in(&code, 1, None)), Denied::Code);
    assert_eq!(denied(registry.enrol(&code, id(2), &token, None)), Denied::Code);
    registry.revoke(&Whom::Device(id(1))).unwrap();
    assert_eq!(denied(registry.enrol(&code, id(1), &token, None)), Denied::Code);
    // A token that has ended lives for nobody again.
    let next = registry.invite("Ada", Role::Field, CODE_LASTS).unwrap();
    assert_eq!(denied(registry.enrol(&next, id(1), &token, None)), Denied::Code);
}

/// Two tablets sent the same code at the same moment, and both were let in.
#[test]
fn a_code_that_comes_twice_at_once_is_used_once() {
    let place = Place::new();
    let (registry, other) = (place.open(), place.open());
    let code = registry.invite("Ada", Role::Field, CODE_LASTS).unwrap();
    let let_in = std::thread::scope(|scope| {
        let tries: Vec<_> = (1..=8)
            .map(|n| {
                let (registry, code) = (if n % 2 == 0 { &registry } else { &other }, &code);
                scope.spawn(move || registry.let_in(code, n, None).is_ok())
            })
            .collect();
        tries.into_iter().map(|tried| tried.join().unwrap()).filter(|let_in| *let_in).count()
    });
    assert_eq!(let_in, 1);
}

/// A tablet enrolled anew after a repair, and whoever had found its old token could go on using that.
#[test]
fn a_device_that_enrols_again_has_one_token() {
    let place = Place::new();
    let registry = place.open();
    let old = registry.enrolled("Ada", 1);
    let new = registry.enrolled("Ada", 1);
    assert_eq!(registry.denies(&old), Denied::Ended);
    assert_eq!(registry.admit(&new).unwrap().user, "Ada");
}

/// Ben had a code of his own, and enrolled under the id of Ada's tablet: hers was locked out, and his wrote in its name.
#[test]
fn nobody_takes_over_a_device_that_another_user_has_enrolled() {
    let place = Place::new();
    let registry = place.open();
    let ada = registry.enrolled("Ada", 1);
    let code = registry.invite("Ben", Role::Field, CODE_LASTS).unwrap();
    assert_eq!(denied(registry.let_in(&code, 1, None)), Denied::Taken);
    let stranger = registry.enrolled("Cleo", 3);
    assert_eq!(denied(registry.let_in(&code, 1, Some(&stranger))), Denied::Taken);
    // On the tablet itself, which they share, the code is still good.
    let (ben, _) = registry.let_in(&code, 1, Some(&ada)).unwrap();
    assert_eq!((registry.admit(&ada).unwrap().user, registry.admit(&ben).unwrap().user), ("Ada".into(), "Ben".into()));
}

/// The tablet was reported stolen, and synced for another hour: the server had read its list when it started.
#[test]
fn what_another_program_revokes_is_turned_away_from_the_next_request_on() {
    let place = Place::new();
    let (server, command) = (place.open(), place.open());
    let (one, two) = (server.enrolled("Ada", 1), server.enrolled("Ada", 2));
    let unused = server.invite("Ada", Role::Field, CODE_LASTS).unwrap();
    assert!(server.admit(&one).is_ok());
    assert_eq!(command.revoke(&Whom::Device(id(1))).unwrap(), 1);
    assert_eq!(server.denies(&one), Denied::Ended);
    assert!(server.admit(&two).is_ok());
    assert_eq!(command.revoke(&Whom::User("Ada".into())).unwrap(), 2);
    assert_eq!(server.denies(&two), Denied::Ended);
    assert_eq!(denied(server.let_in(&unused, 3, None)), Denied::Code);
    let ended = server.devices().unwrap().iter().filter(|device| device.ended.is_some()).count();
    assert_eq!(ended, 2);
    for nobody in ["Eve", "00000000000000ff"] {
        assert!(matches!(command.revoke(&nobody.parse().unwrap()), Err(RegistryError::Nobody(_))));
    }
}

/// The hub was restored from last week's backup, and the tablet that had been stolen since could sync again; and so could
/// whoever had kept a used code.
#[test]
fn a_hub_that_is_restored_lets_nobody_in_again() {
    let place = Place::new();
    let registry = place.open();
    let (stolen, other) = (registry.enrolled("Ada", 1), registry.enrolled("Ben", 2));
    let code = registry.invite("Cleo", Role::Field, CODE_LASTS).unwrap();
    let copy = place.backup();
    registry.revoke(&Whom::Device(id(1))).unwrap();
    registry.let_in(&code, 3, None).unwrap();
    drop(registry);
    place.restore(&copy);
    let registry = place.open();
    assert_eq!(registry.denies(&stolen), Denied::Ended);
    assert!(registry.admit(&other).is_ok());
    assert_eq!(denied(registry.let_in(&code, 4, None)), Denied::Code);
}

/// The power went as a revocation was written down. The hub did not start again, or, worse, had forgotten all of them.
#[test]
fn a_list_that_was_cut_is_read_as_far_as_it_was_confirmed() {
    let place = Place::new();
    let registry = place.open();
    let one = registry.enrolled("Ada", 1);
    registry.revoke(&Whom::Device(id(1))).unwrap();
    drop(registry);
    let whole = std::fs::read_to_string(place.list()).unwrap();
    std::fs::write(place.list(), format!("{whole}01ab")).unwrap();
    let registry = place.open();
    assert_eq!(registry.denies(&one), Denied::Ended);
    let two = registry.enrolled("Ben", 2);
    registry.revoke(&Whom::Device(id(2))).unwrap();
    drop(registry);
    let after = std::fs::read_to_string(place.list()).unwrap();
    assert!(after.starts_with(&whole) && !after.contains("01ab\n"), "{after}");
    assert_eq!(place.open().denies(&two), Denied::Ended);
    // A line that means nothing may have been a revocation: nobody guesses.
    std::fs::write(place.list(), format!("{whole}zz\n")).unwrap();
    let error = Registry::open(place.path()).err().unwrap().to_string();
    assert!(error.contains("hub.db.revoked") && error.contains("in line 4"), "{error}");
}

/// A backup was stolen, and with it the tokens of all tablets.
#[test]
fn no_secret_stands_in_a_file() {
    let place = Place::new();
    let registry = place.open();
    let code = registry.invite("Ada", Role::Field, CODE_LASTS).unwrap();
    let unused = registry.invite("Ada", Role::Field, CODE_LASTS).unwrap();
    let (token, _) = registry.let_in(&code, 1, None).unwrap();
    drop(registry);
    let files = std::fs::read_dir(place.folder.path()).unwrap().map(|entry| std::fs::read(entry.unwrap().path()));
    let bytes: Vec<u8> = files.flat_map(Result::unwrap).collect();
    let plain = |code: &Code| code.to_string().replace('-', "");
    for secret in [token.reveal(), code.to_string(), plain(&code), unused.to_string(), plain(&unused)] {
        let found = bytes.windows(secret.len()).any(|window| window.eq_ignore_ascii_case(secret.as_bytes()));
        assert!(!found, "a secret stands in a file");
    }
    assert!(bytes.windows(32).any(|window| window == token.hash().0), "its hash does");
}

#[test]
fn a_name_can_be_printed_and_is_no_devices() {
    let place = Place::new();
    let registry = place.open();
    for wrong in ["", " ", "a\nb", &"x".repeat(101), "0123456789abcdef"] {
        let refused = registry.invite(wrong, Role::Field, CODE_LASTS);
        assert!(matches!(refused, Err(RegistryError::Name(_))), "{wrong:?}");
    }
    assert!(registry.invite("Ōkubo Ada", Role::Field, CODE_LASTS).is_ok());
}

#[test]
fn when_a_device_was_seen_is_written_now_and_then() {
    let place = Place::new();
    let registry = place.open();
    let token = registry.enrolled("Ada", 1);
    assert_eq!(registry.devices().unwrap()[0].seen, None);
    registry.saw(&token).unwrap();
    let seen = registry.devices().unwrap()[0].seen;
    assert!(seen.is_some());
    std::thread::sleep(Duration::from_millis(5));
    registry.saw(&token).unwrap();
    assert_eq!(registry.devices().unwrap()[0].seen, seen);
}

/// Somebody mistyped the hub's file, and the registry was made in the device's.
#[test]
fn a_file_that_is_something_else_is_left_alone() {
    let place = Place::new();
    Connection::open(place.path()).unwrap().execute_batch("CREATE TABLE mine (n)").unwrap();
    let before = std::fs::read(place.path()).unwrap();
    assert!(matches!(Registry::open(place.path()), Err(RegistryError::Foreign { .. })));
    assert_eq!(std::fs::read(place.path()).unwrap(), before);
}
