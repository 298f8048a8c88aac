//! What stands at a path on the disk, without following symbolic links inside the tree.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::{Mode, TreeError};

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    Nothing,
    File {
        contents: Vec<u8>,
        mode: Mode,
    },
    Folder,
    /// A symbolic link at the path or on the way to it: what is behind it is not ours to touch.
    Link(PathBuf),
    /// A file on the way, where a folder has to be; or something that is neither.
    Obstacle(PathBuf),
}

/// A folder on the disk, with what was learned about the folders below it.
pub(super) struct Disk<'o> {
    root: &'o Path,
    folders: BTreeMap<PathBuf, Way>,
}

#[derive(Clone, PartialEq, Eq)]
enum Way {
    Open,
    Missing,
    Link(PathBuf),
    Obstacle(PathBuf),
}

impl<'o> Disk<'o> {
    pub(super) fn new(root: &'o Path) -> Self {
        Self { root, folders: BTreeMap::new() }
    }

    pub(super) fn at(&mut self, path: &str) -> Result<Found, TreeError> {
        let full = self.root.join(path);
        if let Some((folder, _)) = path.rsplit_once('/') {
            match self.way(folder)? {
                Way::Open => {}
                Way::Missing => return Ok(Found::Nothing),
                Way::Link(link) => return Ok(Found::Link(link)),
                Way::Obstacle(file) => return Ok(Found::Obstacle(file)),
            }
        }
        let failed = |source| TreeError::Io { path: full.clone(), source };
        let meta = match fs::symlink_metadata(&full) {
            Ok(meta) => meta,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
            Err(error) => return Err(failed(error)),
        };
        if meta.is_symlink() {
            return Ok(Found::Link(path.into()));
        }
        if meta.is_dir() {
            return Ok(Found::Folder);
        }
        if !meta.is_file() {
            return Ok(Found::Obstacle(path.into()));
        }
        let mode = if meta.permissions().mode() & 0o100 == 0 { Mode::Plain } else { Mode::Executable };
        Ok(Found::File { contents: fs::read(&full).map_err(failed)?, mode })
    }

    /// What lies below a folder, by its path in the tree: every file, and every folder that holds nothing.
    pub(super) fn files_below(&self, folder: &str) -> Result<Vec<PathBuf>, TreeError> {
        let full = self.root.join(folder);
        let failed = |source| TreeError::Io { path: full.clone(), source };
        let mut found = Vec::new();
        for entry in fs::read_dir(&full).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name();
            let path = Path::new(folder).join(&name);
            match (entry.file_type().map_err(failed)?.is_dir(), path.to_str()) {
                (true, Some(below)) => found.extend(self.files_below(below)?),
                _ => found.push(path),
            }
        }
        if found.is_empty() {
            found.push(folder.into());
        }
        Ok(found)
    }

    fn way(&mut self, folder: &str) -> Result<Way, TreeError> {
        if let Some(known) = self.folders.get(Path::new(folder)) {
            return Ok(known.clone());
        }
        let above = match folder.rsplit_once('/') {
            Some((above, _)) => self.way(above)?,
            None => Way::Open,
        };
        let way = if above == Way::Open {
            let full = self.root.join(folder);
            match fs::symlink_metadata(&full) {
                Ok(meta) if meta.is_symlink() => Way::Link(folder.into()),
                Ok(meta) if meta.is_dir() => Way::Open,
                Ok(_) => Way::Obstacle(folder.into()),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Way::Missing,
                Err(source) => return Err(TreeError::Io { path: full, source }),
            }
        } else {
            above
        };
        self.folders.insert(folder.into(), way.clone());
        Ok(way)
    }
}
