//! The rendered tree: paths, contents and modes in memory, and the way to and from a disk. It never renders.
//!
//! [`write()`] is all or nothing, and touches nothing that a person made or edited; [`check`] and [`diff`] only look.

mod compare;
mod disk;
mod manifest;
mod path;
mod plan;
mod write;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Bound;
use std::path::PathBuf;
use std::sync::Arc;

use thiserror::Error;

pub use compare::{Difference, DifferenceKind, check, diff, unified_diff};
pub use manifest::Entry;
pub use path::{InvalidPath, TreePath};
pub use plan::{Conflict, ConflictKind};
pub use write::{Options, Written, write};

/// The folder of our own inside a rendered tree: the manifest, the lock, and what is on its way.
pub const OWN_FOLDER: &str = ".rancher-gen";

/// Whether a file is to be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// 0644, less the umask.
    Plain,
    /// 0755, less the umask.
    Executable,
}

/// A file of the tree. Its contents are shared: thousands of nodes hold the very same script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// What is in it.
    pub contents: Arc<str>,
    /// Whether it is to be run.
    pub mode: Mode,
    /// The output that rendered it: `compose`, `terraform`.
    pub output: &'static str,
}

/// Files by path, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree {
    files: BTreeMap<TreePath, File>,
}

/// Two files want one place.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("two outputs render `{0}`, or one a file and the other a folder of that name")]
pub struct Taken(pub TreePath);

impl Tree {
    /// A tree without files.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file.
    ///
    /// # Errors
    /// When the path is a file or a folder of the tree already, or lies below a file.
    pub fn insert(&mut self, path: TreePath, file: File) -> Result<(), Taken> {
        let below = format!("{path}/");
        let from = (Bound::Included(below.as_str()), Bound::Unbounded);
        let next = self.files.range::<str, _>(from).next();
        let is_folder = next.is_some_and(|(next, _)| next.as_str().starts_with(&below));
        let under_a_file = path.ancestors().any(|folder| self.files.contains_key(folder));
        if is_folder || under_a_file || self.files.contains_key(path.as_str()) {
            return Err(Taken(path));
        }
        self.files.insert(path, file);
        Ok(())
    }

    /// Adds all files of another tree.
    ///
    /// # Errors
    /// As [`Tree::insert`].
    pub fn extend(&mut self, other: Self) -> Result<(), Taken> {
        if self.files.is_empty() {
            *self = other;
            return Ok(());
        }
        other.files.into_iter().try_for_each(|(path, file)| self.insert(path, file))
    }

    /// A file by its path.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&File> {
        self.files.get(path)
    }

    /// The files in the order of their paths.
    pub fn iter(&self) -> impl Iterator<Item = (&TreePath, &File)> {
        self.files.iter()
    }

    /// How many files there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }
}

/// Why a tree could not be written or compared. The disk is as it was.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TreeError {
    /// Files in the way that a person made or edited; all of them.
    #[error("{} {} in the way that rancher-gen did not write", .0.len(), if .0.len() == 1 { "file is" } else { "files are" })]
    Conflicts(Vec<Conflict>),
    /// Another run is writing to the same folder.
    #[error("another run is writing to {}", .0.display())]
    Busy(PathBuf),
    /// The manifest is not one that this program wrote.
    #[error("{} is not a manifest of this program: {reason}", path.display())]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The system refused something.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain => "0644",
            Self::Executable => "0755",
        })
    }
}
