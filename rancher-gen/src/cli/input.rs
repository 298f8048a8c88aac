//! Reading a topology, or what exists, from a file or from the standard input.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use rancher_topology::lint::Report;
use rancher_topology::{Diagnostic, Span, Topology, validate};

use super::Failure;
use rancher_gen::report::Source;

/// The argument that names a topology.
#[derive(Debug, clap::Args)]
pub(super) struct Input {
    /// The topology: a YAML or JSON file, or `-` for the standard input
    #[arg(value_name = "FILE")]
    path: PathBuf,
}

/// What was read.
pub(super) struct Text {
    /// The text and its name.
    pub(super) source: Source,
    /// Whether a byte order mark stood before it.
    pub(super) marked: bool,
    /// Why it is no text, if it is none.
    pub(super) broken: Option<Diagnostic>,
}

impl Input {
    pub(super) const fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// The file; `None` for the standard input.
    pub(super) fn file(&self) -> Option<&Path> {
        Some(self.path.as_path()).filter(|path| *path != Path::new("-"))
    }

    /// Reads and resolves it.
    pub(super) fn topology(&self) -> Result<Topology, Failure> {
        let Text { source, broken, .. } = self.text()?;
        if let Some(broken) = broken {
            return Err(Failure::Topology(source, vec![broken]));
        }
        rancher_topology::load(&source.text).map_err(|diagnostics| Failure::Topology(source, diagnostics))
    }

    /// Reads it, and looks at it with every lint.
    pub(super) fn report(&self) -> Result<(Source, Report), Failure> {
        let Text { source, broken, .. } = self.text()?;
        let report = look(&source, broken);
        Ok((source, report))
    }

    /// Reads the text.
    pub(super) fn text(&self) -> Result<Text, Failure> {
        text(&self.path)
    }
}

/// Reads a text of what exists, whatever its encoding: a byte that is no UTF-8 becomes a character of its own (in the
/// private use area, from U+EF80 on), so that names which differ stay different.
pub(super) fn source(path: &Path) -> Result<Source, Failure> {
    let (name, bytes) = bytes(path)?;
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().filter_map(|byte| char::from_u32(0xEF00 + u32::from(*byte))));
    }
    let text = text.strip_prefix('\u{FEFF}').map(str::to_owned).unwrap_or(text);
    Ok(Source { name, text })
}

/// What a text of what exists says.
pub(super) fn parsed<T>(
    source: &Source,
    read: impl FnOnce(&str) -> Result<T, Vec<Diagnostic>>,
) -> Result<T, Failure> {
    read(&source.text).map_err(|diagnostics| Failure::Topology(source.clone(), diagnostics))
}

/// Reads a file, or the standard input for `-`.
fn bytes(path: &Path) -> Result<(String, Vec<u8>), Failure> {
    let file = Some(path).filter(|path| *path != Path::new("-"));
    let name = file.map_or_else(|| "<stdin>".to_owned(), |path| path.display().to_string());
    let mut bytes = Vec::new();
    let result = match file {
        None => std::io::stdin().lock().read_to_end(&mut bytes),
        Some(path) => std::fs::File::open(path).and_then(|mut file| file.read_to_end(&mut bytes)),
    };
    result.map_err(|error| Failure::io(&name, &error))?;
    Ok((name, bytes))
}

/// Reads a topology.
pub(super) fn text(path: &Path) -> Result<Text, Failure> {
    let (name, bytes) = bytes(path)?;
    let (text, broken) = match String::from_utf8(bytes) {
        Ok(text) => (text, None),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            let span = Span { start: at, end: at };
            let broken = Diagnostic::error("not-utf-8", "this is not UTF-8 from here on", span)
                .help("save the file as UTF-8");
            return Ok(Text { source: Source { name, text }, marked: false, broken: Some(broken) });
        }
    };
    // A byte order mark is no part of the text; without it, places are those of an editor.
    let bare = text.strip_prefix('\u{FEFF}').map(str::to_owned);
    let marked = bare.is_some();
    Ok(Text { source: Source { name, text: bare.unwrap_or(text) }, marked, broken })
}

/// Looks at a text with every lint.
pub(super) fn look(source: &Source, broken: Option<Diagnostic>) -> Report {
    match broken {
        None => validate(&source.text),
        Some(broken) => {
            // Of what is no text, as little can be looked at as of an empty one.
            let mut report = validate("");
            report.findings = vec![broken];
            report
        }
    }
}
