//! What was found, for people and for programs.

use super::{Finding, State};
use serde_json::{Value, json};

pub(super) fn in_words(findings: &[Finding]) -> String {
    let width = findings.iter().map(|f| f.what.chars().count()).max().unwrap_or(0);
    findings.iter().map(|finding| line(finding, width)).collect()
}

fn line(finding: &Finding, width: usize) -> String {
    let (sign, color) = match finding.state {
        State::Good => ("good ", anstyle::AnsiColor::Green),
        State::Aside => ("aside", anstyle::AnsiColor::Yellow),
        State::Wrong(_) => ("wrong", anstyle::AnsiColor::Red),
    };
    let color = color.on_default();
    // What has several lines goes on under its first.
    let says = finding.says.replace('\n', &format!("\n{:1$}", "", width + 9));
    let mut text = format!("{color}{sign}{color:#}  {:<width$}  {says}\n", finding.what);
    if let State::Wrong(remedy) = &finding.state {
        text += &format!("{:1$}mend it: {remedy}\n", "", width + 9);
    }
    text
}

pub(super) fn as_json(findings: &[Finding]) -> String {
    let told = findings.iter().map(|finding| {
        let (state, remedy) = match &finding.state {
            State::Good => ("good", Value::Null),
            State::Aside => ("aside", Value::Null),
            State::Wrong(remedy) => ("wrong", json!(remedy)),
        };
        json!({ "what": finding.what, "state": state, "says": finding.says, "remedy": remedy })
    });
    format!("{:#}\n", Value::Array(told.collect()))
}
