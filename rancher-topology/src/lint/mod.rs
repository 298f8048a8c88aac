//! Lints: what can be wrong with a cluster that could be built as it is stated.
//!
//! A lint is one file: its id, what it means, where the fact comes from, a bad and a good example, and the function that
//! looks. It concludes from the [topology](crate::Topology), takes places from the [document](crate::Document),
//! and does no arithmetic of addresses or packets of its own: that is [`crate::policy`]'s.
//! A family is a folder whose `mod.rs` lists its lints. Nothing here knows a product; a product's lints are a [`Set`] of its own.

mod context;

pub mod addressing;
pub mod allow;
pub mod aws;
pub mod database;
pub mod document;
pub mod entrances;
pub mod load_balancer;
pub mod names;
pub mod placement;
pub mod ports;
pub mod references;
pub mod rules;
pub mod services;
pub mod software;
pub mod tunnels;

pub use context::{Context, Findings, Unchecked};

use serde::Serialize;

use crate::diagnostic::{Diagnostic, Severity, Span};
use crate::document::Document;
use crate::flow::FlowGraph;
use crate::policy::SecurityPolicy;
use crate::provider;
use crate::topology::Topology;

/// Sections of a topology, by their keys: what makes a whole one of an example.
pub(crate) type Rest = &'static [(&'static str, &'static str)];

/// One kind of thing that can be wrong.
#[derive(Debug)]
#[non_exhaustive]
pub struct Lint {
    /// A stable name in kebab case, which `allow` and programs use.
    pub id: &'static str,
    /// How bad its findings are.
    pub severity: Severity,
    /// What it finds, in a line.
    pub summary: &'static str,
    /// Why that matters, in a paragraph of Markdown.
    pub reason: &'static str,
    /// Where the fact comes from: an RFC, a limit of AWS, a man page, a product's documentation or code.
    pub source: &'static str,
    /// A topology, or the sections of one that matter, with exactly this finding. [`complete`](crate::validate::complete) makes a whole one of it.
    pub bad: &'static str,
    /// The same, as it should have been written.
    pub good: &'static str,
    /// Lints whose findings say the same with less, where their main place is one of those that this one's finding shows:
    /// they are not told beside it.
    pub instead_of: &'static [&'static str],
    /// Who looks.
    pub found: Found,
}

/// Who looks for a lint's findings.
#[derive(Debug, Clone, Copy)]
pub enum Found {
    /// Reading or resolving: nothing can be rendered until it is mended.
    Refused,
    /// A function over a topology that is whole.
    Whole(fn(&Context<'_>, &mut Findings)),
    /// A function over the document as far as it could be read. It concludes from what is there and never from what is not,
    /// so that it can look before the rest is mended.
    Parts(fn(&Document, &mut Findings)),
    /// The first function over a topology that is whole; the second one over the document while it is not. That one sees less.
    WholeOrParts(fn(&Context<'_>, &mut Findings), fn(&Document, &mut Findings)),
    /// [`validate`](mod@crate::validate) itself, when everything else has looked.
    Afterwards,
}

impl Lint {
    /// A finding with its main place.
    #[must_use]
    pub fn finding(&self, message: impl Into<String>, span: Span) -> Diagnostic {
        Diagnostic::new(self.id, self.severity, message, span)
    }
}

/// Lints that hold for one kind of cluster.
#[derive(Debug, Clone, Copy)]
pub struct Set {
    /// Its name: `general`, `aws`, `rancher-1`.
    pub name: &'static str,
    /// Which clusters it is for, in a line.
    pub about: &'static str,
    /// Whether a document describes such a cluster.
    pub applies: fn(&Document) -> bool,
    /// Its families.
    pub families: &'static [Family],
}

/// Lints about one matter.
#[derive(Debug, Clone, Copy)]
pub struct Family {
    /// What they are about: `Addressing`.
    pub name: &'static str,
    /// The lints.
    pub lints: &'static [&'static Lint],
}

/// A finding that the document allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Allowed {
    /// The finding.
    pub finding: Diagnostic,
    /// Why it is as it should be.
    pub reason: String,
}

/// What looking at a topology came to.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Report {
    /// What is wrong and not allowed, in the order of the document.
    pub findings: Vec<Diagnostic>,
    /// What is allowed, with the reasons.
    pub allowed: Vec<Allowed>,
    /// What could not be looked at, and why.
    pub unchecked: Vec<Unchecked>,
    /// The topology; `None` when it could not be read or resolved.
    pub topology: Option<Topology>,
    /// Who talks to whom in it; there when the topology is.
    pub flows: Option<FlowGraph>,
    /// What its security groups admit; there when the topology is.
    pub policy: Option<SecurityPolicy>,
}

impl Report {
    /// How bad the worst finding is; `None` when there is none.
    #[must_use]
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).min()
    }
}

/// The lints that are true of every cluster, and of every cluster on AWS.
pub const SETS: &[Set] = &[
    Set { name: "general", about: "Every cluster.", applies: |_| true, families: GENERAL },
    Set {
        name: "aws",
        about: "Clusters on Amazon Web Services.",
        applies: provider::aws::provides,
        families: AWS,
    },
];

const GENERAL: &[Family] = &[
    document::FAMILY,
    references::FAMILY,
    names::FAMILY,
    addressing::FAMILY,
    services::FAMILY,
    software::FAMILY,
    tunnels::FAMILY,
    ports::FAMILY,
    placement::FAMILY,
    rules::FAMILY,
    entrances::FAMILY,
    load_balancer::FAMILY,
    database::FAMILY,
    allow::FAMILY,
];

const AWS: &[Family] = &[
    aws::network::FAMILY,
    aws::machines::FAMILY,
    aws::quotas::FAMILY,
    aws::load_balancer::FAMILY,
    aws::database::FAMILY,
];
