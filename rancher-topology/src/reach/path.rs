//! A way while it is built, packet by packet.

use super::answer::{Hop, HopKind, Refusal, Via, Way, Whom};
use crate::policy::Endpoints;
use crate::scalar::{PortRange, Ports};

/// A way while it is built.
pub(super) struct Path<'q> {
    pub(super) question: &'q Question<'q>,
    pub(super) hops: Vec<Hop>,
    pub(super) cuts: Vec<Endpoints>,
}

/// Who asks for a way to whom, as the document would say it.
pub(super) struct Question<'q> {
    pub(super) client: &'q Whom,
    pub(super) server: &'q Whom,
    pub(super) ports: Ports,
}

impl<'q> Path<'q> {
    pub(super) const fn new(question: &'q Question<'q>) -> Self {
        Self { question, hops: Vec::new(), cuts: Vec::new() }
    }

    pub(super) fn done(self, via: Via) -> Way {
        Way::of(via, self.hops, self.cuts)
    }

    pub(super) fn last(&mut self) -> Option<&mut Hop> {
        self.hops.last_mut()
    }

    pub(super) fn taken_by(mut self, who: String) -> Self {
        if let Some(last) = self.last() {
            last.taken_by = Some(who);
        }
        self
    }

    pub(super) fn refused(mut self, refusal: Refusal) -> Self {
        if let Some(last) = self.last() {
            last.refused.push(refusal);
        }
        self
    }

    /// A further packet, from the source that the last one had.
    pub(super) fn then(mut self, kind: HopKind, destination: String, ports: PortRange) -> Self {
        let source = self.hops.last().map(|hop| hop.source.clone()).unwrap_or_default();
        self.hops.push(hop(kind, source, destination, ports));
        self
    }

    /// A further packet, from another source.
    pub(super) fn from(
        mut self,
        kind: HopKind,
        source: String,
        destination: String,
        ports: PortRange,
    ) -> Self {
        self.hops.push(hop(kind, source, destination, ports));
        self
    }
}

pub(super) fn hop(kind: HopKind, source: String, destination: String, ports: PortRange) -> Hop {
    Hop {
        kind,
        source,
        destination,
        ports,
        taken_by: None,
        admitted: Vec::new(),
        refused: Vec::new(),
        doubts: Vec::new(),
    }
}
