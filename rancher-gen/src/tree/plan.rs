//! What has to happen so that the disk holds the tree, or what is in the way. It changes nothing.

use std::fmt;
use std::path::{Path, PathBuf};

use super::disk::{Disk, Found};
use super::manifest::{Manifest, digest};
use super::{Entry, Tree, TreeError, TreePath};

/// Something in the way that we did not write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The path, below the folder that is written to.
    pub path: PathBuf,
    /// What is in the way.
    pub kind: ConflictKind,
}

/// What is in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConflictKind {
    /// A person edited a file that we would change.
    Edited,
    /// A person edited a file that we would remove.
    EditedStale,
    /// A person put a file where one of ours belongs.
    Foreign,
    /// A folder, a file or something else stands where it cannot stay.
    Obstacle,
    /// A symbolic link: writing through it would leave the tree.
    Link,
}

impl ConflictKind {
    /// Whether `--force` may overrule it.
    #[must_use]
    pub const fn yields_to_force(self) -> bool {
        matches!(self, Self::Edited | Self::EditedStale | Self::Foreign)
    }
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            ConflictKind::Edited => "was edited since it was rendered",
            ConflictKind::EditedStale => "is no longer rendered, and was edited",
            ConflictKind::Foreign => "was there before and is not ours",
            ConflictKind::Obstacle => "stands where something else has to be",
            ConflictKind::Link => "is a symbolic link that leads out of the tree",
        };
        write!(f, "{} {what}", self.path.display())
    }
}

/// What has to happen.
#[derive(Debug, Default)]
pub(super) struct Plan<'t> {
    /// Files that are new or different.
    pub(super) place: Vec<&'t TreePath>,
    /// Files of ours that are no longer rendered.
    pub(super) remove: Vec<String>,
    /// How many files stay as they are.
    pub(super) unchanged: usize,
    /// Entries of the old manifest that stay in the new one: they are out of scope.
    pub(super) kept: Vec<(String, Entry)>,
}

/// Makes a plan. `scope` says of a path whether it is this run's to remove when it is no longer rendered.
pub(super) fn plan<'t>(
    tree: &'t Tree,
    old: &Manifest,
    disk: &mut Disk<'_>,
    force: bool,
    scope: &dyn Fn(&str, &Entry) -> bool,
) -> Result<Plan<'t>, TreeError> {
    let mut plan = Plan::default();
    let mut conflicts = Vec::new();
    let mut conflict = |path: PathBuf, kind: ConflictKind| {
        if !(force && kind.yields_to_force()) {
            conflicts.push(Conflict { path, kind });
        }
    };
    for (path, file) in tree.iter() {
        let before = old.files.get(path.as_str());
        match disk.at(path.as_str())? {
            Found::Nothing => plan.place.push(path),
            Found::File { contents, mode } if contents == file.contents.as_bytes() => {
                if mode == file.mode {
                    plan.unchanged += 1;
                } else {
                    plan.place.push(path);
                }
            }
            Found::File { contents, .. } => {
                match before {
                    Some(entry) if entry.sha256 == digest(&contents) => {}
                    Some(_) => conflict(path.as_str().into(), ConflictKind::Edited),
                    None => conflict(path.as_str().into(), ConflictKind::Foreign),
                }
                plan.place.push(path);
            }
            Found::Folder
                if disk.files_below(path.as_str())?.iter().all(|file| is_stale(old, tree, file, scope)) =>
            {
                plan.place.push(path);
            }
            Found::Folder => conflict(path.as_str().into(), ConflictKind::Obstacle),
            Found::Link(link) => conflict(link, ConflictKind::Link),
            // A file of ours that is no longer rendered makes room for a folder.
            Found::Obstacle(file) if is_stale(old, tree, &file, scope) => plan.place.push(path),
            Found::Obstacle(file) => conflict(file, ConflictKind::Obstacle),
        }
    }
    for (path, entry) in &old.files {
        if tree.get(path).is_some() {
            continue;
        }
        if !scope(path, entry) {
            plan.kept.push((path.clone(), entry.clone()));
            continue;
        }
        match disk.at(path)? {
            Found::File { contents, .. } => {
                if entry.sha256 != digest(&contents) {
                    conflict(path.into(), ConflictKind::EditedStale);
                }
                plan.remove.push(path.clone());
            }
            Found::Link(link) => conflict(link, ConflictKind::Link),
            Found::Nothing | Found::Folder | Found::Obstacle(_) => {}
        }
    }
    conflicts.dedup();
    if conflicts.is_empty() { Ok(plan) } else { Err(TreeError::Conflicts(conflicts)) }
}

/// Whether a file on the disk is one of ours that this run removes.
fn is_stale(old: &Manifest, tree: &Tree, file: &Path, scope: &dyn Fn(&str, &Entry) -> bool) -> bool {
    let ours =
        |path: &str| old.files.get(path).is_some_and(|entry| tree.get(path).is_none() && scope(path, entry));
    file.to_str().is_some_and(ours)
}
