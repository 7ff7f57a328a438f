//! Reading a model's source, by the reader that the command has.

use super::Fault;
use super::source::File;
use windrow_schema::lock::Table;
use windrow_schema::{Declared, Mistakes, Project};

/// A mistake as people are told it: file, line, column, both from 1, and what it says.
pub(super) type Told = (String, usize, usize, String);

/// Reads files.
///
/// # Errors
/// The mistakes in them.
pub(super) fn declared(files: &[File]) -> Result<Option<Declared>, Vec<Told>> {
    let texts = files.iter().map(|file| (file.path.clone(), file.text.clone()));
    let read = Project::read(texts).and_then(|project| project.declared(0)).map_err(told);
    // Else every text that was ever read here would be kept, to look places up in it.
    proc_macro2::extra::invalidate_current_thread_spans();
    read
}

fn told(mistakes: Mistakes) -> Vec<Told> {
    let told = |(path, error): (std::path::PathBuf, syn::Error)| {
        let start = error.span().start();
        (path.display().to_string(), start.line, start.column + 1, error.to_string())
    };
    mistakes.into_iter().map(told).collect()
}

/// What files declare must be these tables, parents before children.
///
/// # Errors
/// What is different.
pub(super) fn as_drawn(files: &[File], drawn: &[Table]) -> Result<Declared, Fault> {
    let declared = declared(files).map_err(|told| format!("a sound model was refused: {told:?}"))?;
    let declared = declared.ok_or("no domain was found")?;
    let read = &declared.tables;
    for table in drawn {
        let found = read.iter().find(|t| t.name == table.name);
        if found != Some(table) {
            return Err(format!("{table:?}\nwas read as\n{found:?}"));
        }
    }
    if read.len() != drawn.len() {
        return Err(format!("of {} tables {} were read", drawn.len(), read.len()));
    }
    for (at, table) in read.iter().enumerate() {
        let late = |name: &str| !read[..=at].iter().any(|t| t.name == name);
        if let Some(parent) = table.columns.iter().filter_map(|c| c.parent.as_ref()).find(|p| late(&p.table)) {
            return Err(format!("{:?} stands before its parent {:?}", table.name, parent.table));
        }
    }
    Ok(declared)
}
