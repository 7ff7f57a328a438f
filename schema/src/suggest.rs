//! "Did you mean".

/// A sentence that names the choice nearest to what was written, and otherwise all of them.
pub(crate) fn among(written: &str, choices: &[&str]) -> String {
    match nearest(written, choices) {
        Some(choice) => format!("did you mean `{choice}`?"),
        None => format!("say {}", list(choices)),
    }
}

fn nearest<'a>(written: &str, choices: &[&'a str]) -> Option<&'a str> {
    let scored = choices.iter().map(|c| (strsim::jaro_winkler(&written.to_lowercase(), c), *c));
    scored.filter(|(score, _)| *score > 0.75).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, c)| c)
}

fn list(choices: &[&str]) -> String {
    let quoted: Vec<_> = choices.iter().map(|c| format!("`{c}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::among;

    #[test]
    fn a_near_miss_is_named_and_anything_else_gets_the_list() {
        let choices = ["keep", "drop", "review"];
        assert_eq!(among("reveiw", &choices), "did you mean `review`?");
        assert_eq!(among("zzz", &choices), "say `keep`, `drop` or `review`");
        assert_eq!(among("q", &["json"]), "say `json`");
    }
}
