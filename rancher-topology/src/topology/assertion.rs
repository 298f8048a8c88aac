//! What a topology says about itself that has to be true.

use super::Place;
use crate::diagnostic::Span;
use crate::scalar::Ports;

/// A sentence about who can reach whom.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Assertion {
    /// The sentence, as it prints.
    pub sentence: crate::scalar::Assertion,
    /// Who opens connections.
    pub subject: Vec<Place>,
    /// Whether it has to be possible, or must not be.
    pub can: bool,
    /// To whom.
    pub object: Vec<Place>,
    /// On which ports; any when none are written.
    pub ports: Option<Ports>,
    /// Where the document says it.
    pub span: Span,
}
