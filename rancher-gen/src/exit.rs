//! How a run ends, for scripts and for programs that run this one.

use std::process::ExitCode;

/// The exit code of the program. A number keeps its meaning from one version to the next.
///
/// ```
/// use rancher_gen::exit::Exit;
/// assert_eq!(Exit::from_code(3), Some(Exit::Topology));
/// assert_eq!(Exit::Topology.code(), 3);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Exit {
    /// 0: it is done, or the answer is yes.
    Done,
    /// 1: the answer is no, or what was compared differs.
    No,
    /// 2: the command was not used as it can be.
    Usage,
    /// 3: the topology cannot be read, resolved, or expressed in an output; or a text of what exists (rules, a state,
    /// containers) is not what it should be.
    Topology,
    /// 4: a file could not be read or written.
    Io,
    /// 5: it cannot be said for certain.
    Uncertain,
}

impl Exit {
    /// Every way to end, in the order of the numbers.
    pub const ALL: [Self; 6] = [Self::Done, Self::No, Self::Usage, Self::Topology, Self::Io, Self::Uncertain];

    /// The number.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::No => 1,
            Self::Usage => 2,
            Self::Topology => 3,
            Self::Io => 4,
            Self::Uncertain => 5,
        }
    }

    /// What a number means.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|exit| exit.code() == code)
    }

    /// What it means, in a line.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done, or yes",
            Self::No => "no, or it differs",
            Self::Usage => "wrong use",
            Self::Topology => "the topology, or another text that was given, is not good",
            Self::Io => "input or output failed",
            Self::Uncertain => "not certain",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
