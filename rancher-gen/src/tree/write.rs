//! Writing, all or nothing.
//!
//! Everything new is staged in the tree's own folder first. Then a journal is put beside it in one step, and from
//! there on the run, or the next one, takes away what is stale, moves what is staged into its place and puts the new
//! manifest down. A run that is killed before the journal stands leaves the old tree; after it, the next run finishes.
//! What a power cut leaves is not promised: nothing here waits for the disk.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::disk::{Disk, Found};
use super::manifest::{Manifest, digest};
use super::plan::{Plan, plan};
use super::{Entry, File, Mode, OWN_FOLDER, Tree, TreeError, TreePath};

/// How a tree is written.
pub struct Options<'s> {
    /// Whether what a person edited or put in the way is overwritten.
    pub force: bool,
    /// Of a path that we wrote earlier and that is not in the tree: whether this run may remove it.
    pub scope: &'s dyn Fn(&str, &Entry) -> bool,
}

/// What writing came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Written {
    /// Files that were new or different.
    pub placed: usize,
    /// Files that were as they should be.
    pub unchanged: usize,
    /// Files that are no longer rendered and were removed.
    pub removed: usize,
}

/// What is left to do, should the run end before it is done.
#[derive(Debug, Serialize, Deserialize)]
struct Journal {
    remove: Vec<String>,
}

/// The places inside a tree's own folder.
pub(super) struct Own {
    folder: PathBuf,
    pub(super) manifest: PathBuf,
    pub(super) journal: PathBuf,
    stage: PathBuf,
    staged_files: PathBuf,
    staged_manifest: PathBuf,
}

impl Own {
    pub(super) fn of(out: &Path) -> Self {
        let folder = out.join(OWN_FOLDER);
        let stage = folder.join("stage");
        Self {
            manifest: folder.join("manifest.json"),
            journal: folder.join("journal.json"),
            staged_files: stage.join("files"),
            staged_manifest: stage.join("manifest.json"),
            stage,
            folder,
        }
    }
}

/// Writes a tree into a folder, which is made when it is not there.
///
/// # Errors
/// When something is in the way that is not ours, another run is at work, or the system refuses; the folder then
/// holds what it held.
pub fn write(tree: &Tree, out: &Path, options: &Options<'_>) -> Result<Written, TreeError> {
    let own = Own::of(out);
    let (fresh, first) = (!out.exists(), !own.folder.exists());
    make_folder(&own.folder)?;
    let lock = lock(&own.folder, out)?;
    let result = locked(tree, out, &own, options);
    // Where nothing was ever written, nothing of ours is to stay.
    if result.is_err() && first {
        let _ = fs::remove_dir_all(&own.folder);
    }
    if result.is_err() && fresh {
        let _ = fs::remove_dir(out);
    }
    // Closing the file is not enough: a process that another thread is starting holds it until it runs its program.
    let _ = lock.unlock();
    result
}

fn locked(tree: &Tree, out: &Path, own: &Own, options: &Options<'_>) -> Result<Written, TreeError> {
    recover(out, own)?;
    let old = Manifest::read(&own.manifest)?;
    let plan = plan(tree, &old, &mut Disk::new(out), options.force, options.scope)?;
    let summary = Written { placed: plan.place.len(), unchanged: plan.unchanged, removed: plan.remove.len() };
    let new = new_manifest(tree, &plan);
    if plan.place.is_empty() && plan.remove.is_empty() && new == old {
        return Ok(summary);
    }
    stage(tree, &plan, &new, own).inspect_err(|_| {
        let _ = fs::remove_dir_all(&own.stage);
    })?;
    finish(out, own, &plan.remove)?;
    Ok(summary)
}

fn lock(folder: &Path, out: &Path) -> Result<fs::File, TreeError> {
    let path = folder.join("lock");
    let io = |source| TreeError::Io { path: path.clone(), source };
    let file = fs::OpenOptions::new().create(true).append(true).open(&path).map_err(io)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(TreeError::Busy(out.to_owned())),
        Err(TryLockError::Error(error)) => Err(io(error)),
    }
}

/// Finishes or undoes what an earlier run left.
fn recover(out: &Path, own: &Own) -> Result<(), TreeError> {
    match fs::read_to_string(&own.journal) {
        Ok(text) => {
            let wrong = |error: serde_json::Error| TreeError::Manifest {
                path: own.journal.clone(),
                reason: error.to_string(),
            };
            let journal: Journal = serde_json::from_str(&text).map_err(wrong)?;
            // A folder may come from somebody else: nothing in it leads a run out of the tree.
            let mut disk = Disk::new(out);
            for path in &journal.remove {
                let leads_out = path.parse::<TreePath>().is_err() || matches!(disk.at(path)?, Found::Link(_));
                if leads_out {
                    return Err(TreeError::Manifest {
                        path: own.journal.clone(),
                        reason: format!("`{}` leads out of the tree", path.escape_debug()),
                    });
                }
            }
            finish(out, own, &journal.remove)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => remove_folder(&own.stage),
        Err(source) => Err(TreeError::Io { path: own.journal.clone(), source }),
    }
}

fn new_manifest(tree: &Tree, plan: &Plan<'_>) -> Manifest {
    let mut known: HashMap<*const u8, String> = HashMap::new();
    let mut files: BTreeMap<String, Entry> = plan.kept.iter().cloned().collect();
    for (path, file) in tree.iter() {
        // Nodes share the same scripts; one digest is enough for all of them.
        let sha256 = known
            .entry(Arc::as_ptr(&file.contents).cast())
            .or_insert_with(|| digest(file.contents.as_bytes()))
            .clone();
        files.insert(path.to_string(), Entry { sha256, output: file.output.to_owned() });
    }
    Manifest::new(files)
}

/// Puts everything new beside the old, and then, in one step, the journal.
fn stage(tree: &Tree, plan: &Plan<'_>, manifest: &Manifest, own: &Own) -> Result<(), TreeError> {
    make_folder(&own.staged_files)?;
    let halves = plan.place.split_at(if plan.place.len() > 512 { plan.place.len() / 2 } else { 0 });
    std::thread::scope(|threads| {
        let first = threads.spawn(|| stage_files(tree, halves.0, own));
        let second = stage_files(tree, halves.1, own);
        first.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)).and(second)
    })?;
    put(&own.staged_manifest, manifest.text().as_bytes(), Mode::Plain)?;
    let text = serde_json::to_string(&Journal { remove: plan.remove.clone() }).unwrap_or_default();
    let unborn = own.stage.join("journal.json");
    put(&unborn, text.as_bytes(), Mode::Plain)?;
    fs::rename(&unborn, &own.journal).map_err(|source| TreeError::Io { path: own.journal.clone(), source })
}

fn stage_files(tree: &Tree, paths: &[&TreePath], own: &Own) -> Result<(), TreeError> {
    let mut made = String::new();
    for path in paths {
        let Some(File { contents, mode, .. }) = tree.get(path.as_str()) else { continue };
        if let Some(folder) = path.ancestors().next()
            && folder != made
        {
            make_folder(&own.staged_files.join(folder))?;
            folder.clone_into(&mut made);
        }
        put(&own.staged_files.join(path.as_str()), contents.as_bytes(), *mode)?;
    }
    Ok(())
}

fn put(path: &Path, contents: &[u8], mode: Mode) -> Result<(), TreeError> {
    let bits = match mode {
        Mode::Plain => 0o644,
        Mode::Executable => 0o755,
    };
    let open = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(bits).open(path);
    open.and_then(|mut file| file.write_all(contents))
        .map_err(|source| TreeError::Io { path: path.to_owned(), source })
}

/// Takes the staged files to their places. It can be done again from wherever it ended.
fn finish(out: &Path, own: &Own, stale: &[String]) -> Result<(), TreeError> {
    for path in stale {
        remove_stale(&out.join(path))?;
        for folder in path.parse::<TreePath>().iter().flat_map(TreePath::ancestors) {
            // A folder that still holds something stays.
            if fs::remove_dir(out.join(folder)).is_err() {
                break;
            }
        }
    }
    move_into(&own.staged_files, out)?;
    match fs::rename(&own.staged_manifest, &own.manifest) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            return Err(TreeError::Io { path: own.manifest.clone(), source });
        }
        _ => {}
    }
    remove_file(&own.journal)?;
    remove_folder(&own.stage)
}

/// Moves what is in one folder into another: whole where nothing stands in the place, else piece by piece.
fn move_into(from: &Path, to: &Path) -> Result<(), TreeError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| TreeError::Io { path, source }
    };
    let entries = match fs::read_dir(from) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(from)(error)),
    };
    for entry in entries {
        let entry = entry.map_err(failed(from))?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let is_folder = entry.file_type().map_err(failed(&source))?.is_dir();
        if is_folder && target.is_dir() {
            move_into(&source, &target)?;
        } else {
            fs::rename(&source, &target).map_err(failed(&target))?;
        }
    }
    Ok(())
}

fn make_folder(path: &Path) -> Result<(), TreeError> {
    fs::create_dir_all(path).map_err(|source| TreeError::Io { path: path.to_owned(), source })
}

/// Removes a file of ours. When this is done for the second time, what took its place may stand there already: a
/// folder of its name, or a file where its folder was.
fn remove_stale(path: &Path) -> Result<(), TreeError> {
    match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_dir() => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Ok(()),
        _ => remove_file(path),
    }
}

fn remove_file(path: &Path) -> Result<(), TreeError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(TreeError::Io { path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}

fn remove_folder(path: &Path) -> Result<(), TreeError> {
    match fs::remove_dir_all(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(TreeError::Io { path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}
