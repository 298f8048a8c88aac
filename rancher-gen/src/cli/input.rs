//! Reading a topology from a file or from the standard input.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use rancher_topology::{Diagnostic, Span, Topology};

use super::Failure;
use rancher_gen::report::Source;

/// The argument that names a topology.
#[derive(Debug, clap::Args)]
pub(super) struct Input {
    /// The topology: a YAML or JSON file, or `-` for the standard input
    #[arg(value_name = "FILE")]
    path: PathBuf,
}

impl Input {
    /// Reads and resolves it.
    pub(super) fn topology(&self) -> Result<Topology, Failure> {
        let source = read(&self.path)?;
        rancher_topology::load(&source.text).map_err(|diagnostics| Failure::Topology(source, diagnostics))
    }
}

fn read(path: &Path) -> Result<Source, Failure> {
    let stdin = path == Path::new("-");
    let name = if stdin { "<stdin>".to_owned() } else { path.display().to_string() };
    let mut bytes = Vec::new();
    let result = if stdin {
        std::io::stdin().lock().read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|mut file| file.read_to_end(&mut bytes))
    };
    result.map_err(|error| Failure::io(&name, &error))?;
    match String::from_utf8(bytes) {
        // A byte order mark is no part of the text; without it, places are those of an editor.
        Ok(text) => {
            Ok(Source { name, text: text.strip_prefix('\u{FEFF}').map(str::to_owned).unwrap_or(text) })
        }
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            let diagnostic =
                Diagnostic::error("not-utf-8", "this is not UTF-8 from here on", Span { start: at, end: at })
                    .help("save the file as UTF-8");
            Err(Failure::Topology(Source { name, text }, vec![diagnostic]))
        }
    }
}
