//! What is said of packets in the end.

use std::fmt;

use crate::packet::diagram::Diagram;

/// What a rule set does with packets, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Every one is admitted, for certain.
    Admitted,
    /// Some are, or it depends on something that is not known.
    Possible,
    /// Not one is admitted, for certain.
    Refused,
    /// There are no such packets.
    Impossible,
}

/// The leaf of packets that cannot be.
pub(super) const IMPOSSIBLE: Diagram = Diagram::leaf(0);
/// The leaf of packets that are admitted.
pub(super) const ADMITTED: Diagram = Diagram::leaf(1);
/// The leaf of packets that are refused. A leaf of both is of packets of which it is not known.
pub(super) const REFUSED: Diagram = Diagram::leaf(2);

impl Verdict {
    pub(super) const fn of(leaf: u32) -> Self {
        match leaf {
            0 => Self::Impossible,
            1 => Self::Admitted,
            2 => Self::Refused,
            _ => Self::Possible,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Admitted => "admitted",
            Self::Possible => "possible",
            Self::Refused => "refused",
            Self::Impossible => "impossible",
        })
    }
}
