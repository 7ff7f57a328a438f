//! The package that gets a part, as its `Cargo.toml` says.

use crate::disk;
use crate::fault::Fault;
use serde::Serialize;
use std::fs;
use std::path::{Component, Path, PathBuf};
use toml::{Table, Value};

/// What generated code uses beside the model.
const NEEDED: [&str; 5] = ["windrow", "clap", "tokio", "tracing", "tracing-subscriber"];

pub(super) struct Package {
    pub(super) name: String,
    /// The program's name.
    pub(super) binary: String,
    manifest: Table,
}

/// A checkout of Windrow, where a project depends on one by its path.
#[derive(Debug, Serialize, PartialEq, Eq)]
pub(super) struct Checkout {
    /// From the workspace's folder.
    here: String,
    /// Where it has to be if the workspace is in `/project`.
    there: String,
}

fn manifest(folder: &Path) -> Result<Table, Fault> {
    let path = folder.join("Cargo.toml");
    let text = disk::at(&path, fs::read_to_string(&path))?;
    toml::from_str(&text).map_err(|error| Fault::File(path, std::io::Error::other(error.to_string())))
}

fn text(table: &Table, keys: &[&str]) -> Option<String> {
    let (first, rest) = keys.split_first()?;
    let value = rest.iter().try_fold(table.get(*first)?, |value, key| value.get(key))?;
    value.as_str().map(str::to_owned)
}

/// The name by which code knows the library whose source this is.
pub(super) fn library_above(source: &Path) -> Result<String, Fault> {
    let from = disk::at(source, fs::canonicalize(source))?;
    let folder = from.ancestors().find(|folder| folder.join("Cargo.toml").is_file());
    let name = match folder {
        Some(folder) => {
            let manifest = manifest(folder)?;
            text(&manifest, &["lib", "name"]).or_else(|| text(&manifest, &["package", "name"]))
        }
        None => None,
    };
    let none =
        || Fault::Said(format!("{}: no Cargo.toml above it names a crate; name it by --crate", source.display()));
    Ok(name.ok_or_else(none)?.replace('-', "_"))
}

impl Package {
    pub(super) fn read(folder: &Path) -> Result<Package, Fault> {
        let shown = folder.display();
        if !folder.join("Cargo.toml").is_file() {
            let why = format!(
                "there is no {shown}/Cargo.toml; make the package first (cargo new {shown}), or name its folder by --into"
            );
            return Err(Fault::Said(why));
        }
        let manifest = manifest(folder)?;
        let name = text(&manifest, &["package", "name"])
            .ok_or_else(|| Fault::Said(format!("{shown}/Cargo.toml has no [package] with a name")))?;
        let first = manifest.get("bin").and_then(|bins| bins.get(0)).and_then(|bin| bin.get("name"));
        let binary = first.and_then(Value::as_str).unwrap_or(&name).to_owned();
        Ok(Package { name, binary, manifest })
    }

    fn dependency(&self, name: &str) -> Option<&Value> {
        self.manifest.get("dependencies")?.get(name)
    }

    /// What the code uses, and the package does not depend on.
    pub(super) fn lacks(&self) -> Vec<&'static str> {
        NEEDED.into_iter().filter(|name| self.dependency(name).is_none()).collect()
    }

    /// The checkout of Windrow that it depends on by its path, itself or through its workspace.
    pub(super) fn checkout(&self, root: &Path, folder: &Path) -> Result<Option<Checkout>, Fault> {
        let Some(windrow) = self.dependency("windrow") else { return Ok(None) };
        if let Some(path) = windrow.get("path").and_then(Value::as_str) {
            return Ok(Some(Checkout::at(&folder.join(path))));
        }
        let above = root.join(folder);
        for above in above.ancestors().filter(|above| above.join("Cargo.toml").is_file()) {
            let found = text(&manifest(above)?, &["workspace", "dependencies", "windrow", "path"]);
            if let Some(path) = found {
                let from = above.strip_prefix(root).unwrap_or(above);
                return Ok(Some(Checkout::at(&from.join(path))));
            }
        }
        Ok(None)
    }
}

impl Checkout {
    /// The checkout around the crate at this path, from the workspace's folder.
    fn at(krate: &Path) -> Checkout {
        let root = plain(&krate.join(".."));
        Checkout {
            there: plain(&Path::new("/project").join(&root)).display().to_string(),
            here: root.display().to_string(),
        }
    }
}

/// Without `.`, and without `..` where that is possible.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match (part, plain.components().next_back()) {
            (Component::CurDir, _) => {}
            (Component::ParentDir, Some(Component::Normal(_))) => drop(plain.pop()),
            (Component::ParentDir, Some(Component::RootDir)) => {}
            (part, _) => plain.push(part),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::Checkout;
    use std::path::Path;

    /// The image was built with the checkout where no Cargo.toml looked for it.
    #[test]
    fn the_checkout_is_where_the_manifest_looks() {
        for (path, here, there) in [
            ("/src/windrow/runtime", "/src/windrow", "/src/windrow"),
            ("../windrow/runtime", "../windrow", "/windrow"),
            ("server/../../windrow/runtime", "../windrow", "/windrow"),
            ("vendor/./windrow/runtime", "vendor/windrow", "/project/vendor/windrow"),
        ] {
            let expected = Checkout { here: here.to_owned(), there: there.to_owned() };
            assert_eq!(Checkout::at(Path::new(path)), expected);
        }
    }
}
