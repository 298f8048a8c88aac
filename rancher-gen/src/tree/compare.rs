//! Comparing a tree with a disk. It writes nothing, not even the tree's own folder.

use std::fmt;
use std::fmt::Write as _;
use std::path::Path;

use similar::TextDiff;

use super::disk::{Disk, Found};
use super::manifest::Manifest;
use super::write::Own;
use super::{Entry, Tree, TreeError};

/// Something that is not on the disk as it is in the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The path, below the folder that was looked at.
    pub path: String,
    /// How it differs.
    pub kind: DifferenceKind,
}

/// How a path differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DifferenceKind {
    /// It is rendered, and not there.
    Missing,
    /// It is there with other contents.
    Changed,
    /// It is there, and its mode is another.
    Mode,
    /// We wrote it earlier, and it is no longer rendered.
    Stale,
    /// An earlier run was killed while it wrote; the next one finishes.
    Unfinished,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            DifferenceKind::Missing => "missing",
            DifferenceKind::Changed => "changed",
            DifferenceKind::Mode => "mode",
            DifferenceKind::Stale => "stale",
            DifferenceKind::Unfinished => "unfinished",
        };
        write!(f, "{kind:<8} {}", self.path)
    }
}

/// What differs between a tree and a folder, in the order of the paths.
///
/// # Errors
/// When the folder cannot be read.
pub fn check(
    tree: &Tree,
    out: &Path,
    scope: &dyn Fn(&str, &Entry) -> bool,
) -> Result<Vec<Difference>, TreeError> {
    let own = Own::of(out);
    let mut disk = Disk::new(out);
    let mut differences = Vec::new();
    let mut differs = |path: &str, kind| differences.push(Difference { path: path.to_owned(), kind });
    if own.journal.exists() {
        differs(&format!("{}/journal.json", super::OWN_FOLDER), DifferenceKind::Unfinished);
    }
    for (path, file) in tree.iter() {
        match disk.at(path.as_str())? {
            Found::File { contents, mode } if contents == file.contents.as_bytes() => {
                if mode != file.mode {
                    differs(path.as_str(), DifferenceKind::Mode);
                }
            }
            Found::Nothing => differs(path.as_str(), DifferenceKind::Missing),
            _ => differs(path.as_str(), DifferenceKind::Changed),
        }
    }
    for (path, entry) in &Manifest::read(&own.manifest)?.files {
        if tree.get(path).is_none() && scope(path, entry) && disk.at(path)? != Found::Nothing {
            differs(path, DifferenceKind::Stale);
        }
    }
    differences.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(differences)
}

/// The same as a unified diff from the disk to the tree.
///
/// # Errors
/// As [`check`].
pub fn diff(tree: &Tree, out: &Path, scope: &dyn Fn(&str, &Entry) -> bool) -> Result<String, TreeError> {
    let mut disk = Disk::new(out);
    let mut text = String::new();
    for Difference { path, kind } in check(tree, out, scope)? {
        let before = match disk.at(&path)? {
            Found::File { contents, .. } => Some(String::from_utf8_lossy(&contents).into_owned()),
            _ => None,
        };
        let after = tree.get(&path).map(|file| &*file.contents);
        match kind {
            DifferenceKind::Unfinished => {
                let _ =
                    writeln!(text, "# an earlier run was killed while it wrote; the next render finishes it");
            }
            DifferenceKind::Mode => {
                let _ = writeln!(text, "# {path}: its mode differs");
            }
            _ => {
                let side = |there: bool, prefix: &str| {
                    if there { format!("{prefix}/{path}") } else { "/dev/null".to_owned() }
                };
                let (old, new) = (side(before.is_some(), "a"), side(after.is_some(), "b"));
                let (before, after) = (before.as_deref().unwrap_or_default(), after.unwrap_or_default());
                text.push_str(&unified_diff(&old, before, &new, after));
            }
        }
    }
    Ok(text)
}

/// A unified diff of two texts with their names; nothing where they are the same.
#[must_use]
pub fn unified_diff(old: &str, before: &str, new: &str, after: &str) -> String {
    // A name with a blank ends at a tab (POSIX, `diff -u`).
    let ended = |name: &str| if name.contains(' ') { format!("{name}\t") } else { name.to_owned() };
    TextDiff::from_lines(before, after).unified_diff().header(&ended(old), &ended(new)).to_string()
}
