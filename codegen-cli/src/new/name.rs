//! What a project can be called: a crate, a folder, an image and a service get that name.

/// The longest name: a unit's and an image's are bounded, and people type it.
const LONGEST: usize = 40;
/// What cargo, Rust, a system or the project itself has under these names.
const TAKEN: &str = "test core std alloc proc-macro proc_macro deps examples build incremental target model device server hub \
                     data con prn aux nul com1 lpt1";

/// What is wrong with a name, and what to do.
pub(super) fn wrong(name: &str) -> Option<String> {
    let why = if name.is_empty() {
        "a project needs a name".to_owned()
    } else if name.contains(['/', '\\']) {
        format!("{name:?} is a path: say the name alone, and the folder by --into")
    } else if name.len() > LONGEST {
        format!("{name:?} has more than {LONGEST} characters")
    } else if let Some(strange) = name.chars().find(|c| !matches!(c, 'a'..='z' | '0'..='9' | '-' | '_')) {
        format!("{name:?} has {strange:?} in it: a name has small letters, digits, `-` and `_`")
    } else if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        format!("{name:?} does not begin with a letter")
    } else if name.split(['-', '_']).any(str::is_empty) {
        format!("{name:?}: `-` and `_` stand alone, and between letters or digits")
    } else if TAKEN.split(' ').any(|taken| taken == name) || name.starts_with("windrow") {
        format!("{name:?} is the name of something else already: of cargo's, Rust's, the system's or the project's own")
    } else if syn::parse_str::<syn::Ident>(&name.replace('-', "_")).is_err() {
        format!("{name:?} is a word of Rust")
    } else {
        return None;
    };
    Some(format!("{why}; choose another name, such as \"farm-survey\""))
}

#[cfg(test)]
mod tests {
    use super::wrong;

    /// Each was once accepted by some tool, and broke in the next: cargo, rustc, docker, systemd, a file system.
    #[test]
    fn a_name_that_breaks_later_is_refused_at_once() {
        for (name, says) in [
            ("", "needs a name"),
            ("test", "something else"),
            ("con", "something else"),
            ("server", "something else"),
            ("windrow-schema", "something else"),
            ("fn", "word of Rust"),
            ("async", "word of Rust"),
            ("self", "word of Rust"),
            ("../survey", "path"),
            ("a\\b", "path"),
            ("Survey", "'S'"),
            ("überblick", "'ü'"),
            ("с-cyrillic", "'с'"),
            ("a b", "' '"),
            ("a.b", "'.'"),
            ("a\nb", "'\\n'"),
            ("1survey", "begin with a letter"),
            ("-x", "begin with a letter"),
            ("survey-", "between"),
            ("a--b", "between"),
            ("a-_b", "between"),
            (&"x".repeat(41), "40"),
        ] {
            let why = wrong(name).unwrap_or_else(|| panic!("{name:?} was accepted"));
            assert!(why.contains(says), "{name:?}: {why}");
        }
        for name in ["survey", "farm-survey", "farm_survey2", "x"] {
            assert_eq!(wrong(name), None, "{name}");
        }
    }
}
