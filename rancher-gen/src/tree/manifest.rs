//! The manifest: what we wrote, with its digest, so that we know our own files from a person's.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::TreeError;

/// The version of the manifest's form.
const FORM: u32 = 1;

/// A file that we wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// SHA-256 of its contents, in hexadecimal.
    pub sha256: String,
    /// The output that rendered it.
    pub output: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    form: u32,
    pub(super) files: BTreeMap<String, Entry>,
}

impl Manifest {
    pub(super) fn new(files: BTreeMap<String, Entry>) -> Self {
        Self { form: FORM, files }
    }

    /// Reads the manifest of a folder; one that is not there yet is empty.
    pub(super) fn read(path: &Path) -> Result<Self, TreeError> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::new(BTreeMap::new()));
            }
            Err(source) => return Err(TreeError::Io { path: path.to_owned(), source }),
        };
        let wrong = |reason: String| TreeError::Manifest { path: path.to_owned(), reason };
        let manifest: Self = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        if manifest.form != FORM {
            return Err(wrong(format!("its form is {}, and this program writes {FORM}", manifest.form)));
        }
        if let Some(path) = manifest.files.keys().find(|path| path.parse::<super::TreePath>().is_err()) {
            return Err(wrong(format!("`{}` leads out of the tree", path.escape_debug())));
        }
        Ok(manifest)
    }

    /// Its text: the same for the same files.
    pub(super) fn text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }
}

/// SHA-256 in hexadecimal.
pub(super) fn digest(contents: &[u8]) -> String {
    use std::fmt::Write as _;
    Sha256::digest(contents).iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
