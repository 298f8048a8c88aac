//! Why a subcommand came to nothing, and how that is told.

use std::fmt::Display;

use rancher_topology::Diagnostic;

use rancher_gen::exit::Exit;
use rancher_gen::output::RenderError;
use rancher_gen::report::{self, Source};
use rancher_gen::template::TemplateError;
use rancher_gen::tree::TreeError;

/// Why a subcommand came to nothing.
#[derive(Debug)]
pub(super) enum Failure {
    /// The topology, or another text that was given, is not good.
    Topology(Source, Vec<Diagnostic>),
    /// Anything else, in words, with what to do about it.
    Said {
        /// How the run ends.
        exit: Exit,
        /// What is wrong.
        message: String,
        /// More lines about it, and what can be done.
        more: Vec<String>,
    },
}

impl Failure {
    pub(super) fn said(exit: Exit, message: impl Into<String>) -> Self {
        Self::Said { exit, message: message.into(), more: Vec::new() }
    }

    pub(super) fn io(what: impl Display, error: &std::io::Error) -> Self {
        Self::said(Exit::Io, format!("{what}: {error}"))
    }

    /// Adds a line.
    pub(super) fn and(mut self, line: impl Into<String>) -> Self {
        if let Self::Said { more, .. } = &mut self {
            more.push(line.into());
        }
        self
    }

    /// Tells it to the person, and says how the run ends.
    pub(super) fn tell(self) -> Exit {
        match self {
            Self::Topology(source, diagnostics) => {
                super::tell(&report::human(&source, &diagnostics, true));
                Exit::Topology
            }
            Self::Said { exit, message, more } => {
                super::tell(&format!("error: {message}\n"));
                for line in more {
                    super::tell(&format!("  {line}\n"));
                }
                exit
            }
        }
    }
}

/// An error with everything that it says it comes from.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let own = inner.to_string();
        if !text.ends_with(&own) {
            text.push_str(": ");
            text.push_str(&own);
        }
        cause = inner.source();
    }
    text
}

impl From<RenderError> for Failure {
    fn from(error: RenderError) -> Self {
        match error {
            RenderError::Template(error) => error.into(),
            error => Self::said(Exit::Topology, with_causes(&error)),
        }
    }
}

impl From<TemplateError> for Failure {
    fn from(error: TemplateError) -> Self {
        let exit = match error {
            TemplateError::Unquotable { .. } => Exit::Topology,
            _ => Exit::Io,
        };
        Self::said(exit, with_causes(&error))
    }
}

impl From<TreeError> for Failure {
    fn from(error: TreeError) -> Self {
        let failure = Self::said(Exit::Io, with_causes(&error));
        match error {
            TreeError::Conflicts(conflicts) => {
                let yields = conflicts.iter().any(|conflict| conflict.kind.yields_to_force());
                let failure =
                    conflicts.iter().fold(failure, |failure, conflict| failure.and(conflict.to_string()));
                let failure = failure.and("nothing was written");
                if yields {
                    failure.and("--diff shows what would change, --force overwrites what was edited")
                } else {
                    failure
                }
            }
            TreeError::Busy(_) => failure.and("wait until it is done, and run this again"),
            _ => failure.and("nothing was written"),
        }
    }
}
