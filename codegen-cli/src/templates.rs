//! The folders of `templates/`, as they stood when the command was built: what they are, and what comes of them.
//!
//! A folder with a `template.toml` is a model to start from. What ends in `.j2` is rendered, and so are the names of files;
//! all else is taken as it is.

use crate::fault::Fault;
use include_dir::{Dir, File, include_dir};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

static ALL: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../templates");
/// What a template says of itself.
const ABOUT: &str = "template.toml";
/// The ending of what is rendered.
const RENDERED: &str = ".j2";

/// What a template says of itself.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Template {
    /// What its model holds, in some words.
    pub(crate) about: String,
    /// The name given to `domain!`.
    pub(crate) domain: String,
    /// What the README shows.
    tour: Tour,
}

/// Two devices that write to one record: what they run, and what is shown at the end.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Tour {
    add: String,
    here: String,
    there: String,
    list: String,
    shows: String,
}

/// A file that came of a template.
#[derive(Debug)]
pub(crate) struct Made {
    /// From the project's folder.
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

/// The names of all templates.
pub(crate) fn names() -> Vec<&'static str> {
    let templates = ALL.dirs().filter(|dir| dir.get_file(dir.path().join(ABOUT)).is_some());
    templates.filter_map(|dir| dir.path().to_str()).collect()
}

/// What the template of this name says of itself.
pub(crate) fn read(name: &str) -> Result<Template, Fault> {
    let path = Path::new(name).join(ABOUT);
    let text = ALL.get_file(&path).and_then(File::contents_utf8).unwrap_or_default();
    toml::from_str(text).map_err(|error| broken(&path, &error))
}

/// Everything in a folder, rendered.
pub(crate) fn render(folder: &str, context: &impl Serialize) -> Result<Vec<Made>, Fault> {
    let (context, engine) =
        (minijinja::Value::from(Serde(context)), engine().map_err(|e| broken(Path::new(folder), &e))?);
    let mut files = Vec::new();
    ALL.get_dir(folder).into_iter().for_each(|dir| collect(dir, &mut files));
    let about = Path::new(folder).join(ABOUT);
    let made = files.into_iter().filter(|file| file.path() != about).map(|file| {
        let broken = |error: minijinja::Error| broken(file.path(), &error);
        let path = file.path().strip_prefix(folder).unwrap_or(file.path()).to_string_lossy();
        let text = file.contents_utf8().unwrap_or_default();
        let text = match path.ends_with(RENDERED) {
            true => engine.render_str(text, &context).map_err(broken)?,
            false => text.to_owned(),
        };
        let path = engine.render_str(path.trim_end_matches(RENDERED), &context).map_err(broken)?;
        Ok(Made { path: path.into(), text })
    });
    made.collect()
}

fn collect<'a>(dir: &'a Dir<'a>, files: &mut Vec<&'a File<'a>>) {
    files.extend(dir.files());
    dir.dirs().for_each(|dir| collect(dir, files));
}

/// What is not known is an error, and every newline counts; a line with a block alone leaves none.
fn engine() -> Result<Environment<'static>, minijinja::Error> {
    let mut engine = Environment::new();
    let syntax = SyntaxConfig::builder().keep_trailing_newline(true).trim_blocks(true).lstrip_blocks(true).build()?;
    engine.set_syntax(syntax);
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    engine.set_auto_escape_callback(|_| AutoEscape::None);
    engine.set_loader(|name| Ok(ALL.get_file(name).and_then(File::contents_utf8).map(str::to_owned)));
    Ok(engine)
}

/// A template of ours that is wrong.
fn broken(path: &Path, why: &impl ToString) -> Fault {
    Fault::File(Path::new("templates").join(path), std::io::Error::other(why.to_string()))
}
