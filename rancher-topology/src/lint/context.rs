//! What a lint may look at, and where it puts what it finds.

use serde::Serialize;

use crate::diagnostic::{Diagnostic, Span};
use crate::document::{Allowance, Document};
use crate::flow::FlowGraph;
use crate::policy::{Admission, SecurityPolicy};
use crate::topology::Topology;

use super::Lint;

/// Everything that is known of a topology that is whole.
///
/// A thing's position is the same in the document as in the topology: `document.services[id.position()]` is what a person
/// wrote of `topology[id]`, with the place of every value. Tunnels' services follow behind the written ones.
#[derive(Debug)]
#[non_exhaustive]
pub struct Context<'a> {
    /// What a person wrote.
    pub document: &'a Document,
    /// What is true.
    pub topology: &'a Topology,
    /// Who talks to whom.
    pub flows: FlowGraph,
    /// What the security groups admit.
    pub policy: SecurityPolicy,
    /// What the flows need compared with what the stated groups admit.
    pub admission: Admission,
    allowances: Vec<Allowance>,
}

impl<'a> Context<'a> {
    pub(crate) fn new(document: &'a Document, topology: &'a Topology) -> Self {
        let flows = FlowGraph::of(topology);
        let policy = SecurityPolicy::of(topology, &flows);
        let admission = Admission::of(topology, &flows, &policy);
        Self { document, topology, flows, policy, admission, allowances: document.allowances() }
    }

    /// Which allowance a person has put beside a place for a lint, by its position; `None` where there is none.
    ///
    /// A finding that shows at several places is one for those with the same answer: what is allowed at one place is not
    /// allowed at the others.
    pub(crate) fn allowed(&self, lint: &Lint, place: Span) -> Option<usize> {
        self.allowances.iter().position(|allow| allow.id.as_str() == lint.id && allow.holds_at(place))
    }

    /// Everything that a person has allowed.
    pub(crate) fn allowances(&self) -> &[Allowance] {
        &self.allowances
    }

    /// Whether a lint is allowed anywhere.
    pub(crate) fn allows(&self, lint: &Lint) -> bool {
        self.allowances.iter().any(|allow| allow.id.as_str() == lint.id)
    }
}

/// What lints have found so far.
#[derive(Debug, Default)]
pub struct Findings {
    pub(crate) found: Vec<Diagnostic>,
    pub(crate) unchecked: Vec<Unchecked>,
}

impl Findings {
    /// Adds a finding.
    pub fn push(&mut self, finding: Diagnostic) {
        self.found.push(finding);
    }

    /// Says that something could not be looked at. The run then does not end as if it had been.
    pub fn unchecked(&mut self, lint: &Lint, because: impl Into<String>) {
        self.unchecked.push(Unchecked { id: lint.id, because: because.into() });
    }
}

/// Something that could not be looked at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct Unchecked {
    /// The lint.
    pub id: &'static str,
    /// Why.
    pub because: String,
}
