//! Why the command did not do what it was asked, and what its exit status says of it.

use std::fmt;
use std::path::PathBuf;
use std::process::ExitCode;
use windrow::inspect::InspectError;
use windrow_schema::lock::Refusal;

/// A failure, by its nature.
#[derive(Debug)]
pub(crate) enum Fault {
    /// Mistakes in the model.
    Model(Vec<Mistake>),
    /// There is no model to be read.
    NoModel(String),
    /// A database.
    Database(InspectError),
    /// A file or a folder can't be read.
    File(PathBuf, std::io::Error),
    /// Something was said on the command line that fits nothing.
    Said(String),
    /// `--check`: model and lock differ; this is told already.
    Differs,
    /// `doctor` found something wrong; this is told already.
    Unwell,
    /// `migrate --certify`: versions do not work together; this is told already.
    Uncertified,
    /// The change can't be migrated.
    Refused(Vec<Refusal>),
    /// The lock, or what stands beside it.
    Lock(PathBuf, String),
    /// What was to be written could not be.
    Output(std::io::Error),
}

/// A mistake in a source file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mistake {
    pub(crate) file: PathBuf,
    /// From 1.
    pub(crate) line: usize,
    /// From 1.
    pub(crate) column: usize,
    /// What is wrong, and how to mend it.
    pub(crate) message: String,
}

impl Mistake {
    /// At the beginning of the tokens that an error is about.
    pub(crate) fn at(file: PathBuf, error: &syn::Error) -> Mistake {
        let start = error.span().start();
        Mistake { file, line: start.line, column: start.column + 1, message: error.to_string() }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file.display(), self.line, self.column, self.message)
    }
}

impl Fault {
    /// Tells it on the error stream.
    pub(crate) fn report(&self) -> ExitCode {
        let head = format!("{0}error:{0:#}", anstyle::AnsiColor::Red.on_default().bold());
        self.each().iter().for_each(|said| anstream::eprintln!("{head} {said}"));
        self.status()
    }

    /// It in words, each mistake on a line of its own.
    pub(crate) fn says(&self) -> String {
        self.each().join("\n")
    }

    fn each(&self) -> Vec<String> {
        match self {
            Fault::Model(mistakes) => mistakes.iter().map(ToString::to_string).collect(),
            Fault::NoModel(why) | Fault::Said(why) => vec![why.clone()],
            Fault::Differs | Fault::Unwell | Fault::Uncertified => Vec::new(),
            Fault::Refused(refusals) => refusals.iter().map(ToString::to_string).collect(),
            Fault::Lock(path, why) => vec![format!("{}: {why}", path.display())],
            Fault::Database(error) => vec![error.to_string()],
            Fault::File(path, error) => vec![format!("{}: {error}", path.display())],
            Fault::Output(error) => vec![format!("the output could not be written: {error}")],
        }
    }

    fn status(&self) -> ExitCode {
        ExitCode::from(match self {
            Fault::Differs => 1,
            Fault::Said(_) => 2,
            Fault::Model(_) | Fault::NoModel(_) => 3,
            Fault::Database(_) => 4,
            Fault::File(..) | Fault::Output(_) => 5,
            Fault::Refused(_) => 6,
            Fault::Lock(..) => 7,
            Fault::Unwell => 8,
            Fault::Uncertified => 9,
        })
    }
}

impl From<InspectError> for Fault {
    fn from(error: InspectError) -> Fault {
        Fault::Database(error)
    }
}
