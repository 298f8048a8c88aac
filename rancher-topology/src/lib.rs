//! A typed model of a cluster's network, nodes, ports, security rules, services and the traffic between them.
//!
//! The data goes one way, and each stage is a value that the next one takes:
//!
//! ```text
//! text ──document::read──▶ Document ──topology::resolve──▶ Topology ──▶ flow::FlowGraph
//!                                                              └──────▶ policy::host_policy
//! ```
//!
//! Nothing here renders, reads a file or asks the machine it runs on.

pub mod audit;
pub mod change;
pub mod diagnostic;
pub mod document;
pub mod failure;
pub mod fix;
pub mod flow;
pub mod lint;
pub mod netfilter;
pub mod packet;
pub mod policy;
mod provider;
pub mod rancher;
pub mod reach;
pub mod scalar;
pub mod tighten;
pub mod topology;
pub mod validate;

pub use diagnostic::{Applicability, Diagnostic, Edit, Fix, Label, Severity, Span};
pub use document::Document;
pub use tighten::tighten;
pub use topology::Topology;
pub use validate::validate;

/// Reads a document and resolves it: the two stages that most callers want as one.
///
/// # Errors
/// Everything that is wrong with the text, with places, when it cannot be read or resolved.
///
/// ```
/// let topology = rancher_topology::load("
/// name: tiny
/// network: {name: lab, cidr: 10.0.0.0/16, subnets: {a: {cidr: 10.0.1.0/24}}}
/// nodes:
///   box: {first-address: {a: 10.0.1.10}, os: debian-12, engine: docker-27.3.1}
/// services:
///   web: {image: nginx:1.27.2, placement: box, publish: [80:80]}
/// ")?;
/// assert_eq!(topology.nodes.len(), 1);
/// assert_eq!(topology.instances.len(), 1);
/// # Ok::<(), Vec<rancher_topology::Diagnostic>>(())
/// ```
pub fn load(text: &str) -> Result<Topology, Vec<Diagnostic>> {
    let Resolved { topology, refused, .. } = resolved(text);
    topology.filter(|_| refused.is_empty()).ok_or(refused)
}

/// What reading and resolving a text came to. It is a good topology when nothing is refused.
struct Resolved {
    document: Option<Document>,
    /// There although something is refused where that takes nothing away: lints can look at it.
    topology: Option<Topology>,
    refused: Vec<Diagnostic>,
}

fn resolved(text: &str) -> Resolved {
    let read = document::read(text);
    let mut refused = read.diagnostics;
    let resolution = read.document.as_ref().map(|document| topology::resolve(document, &read.lost));
    let topology = resolution.and_then(|resolution| {
        refused.extend(resolution.refused);
        resolution.topology.filter(|_| !read.lost.values)
    });
    refused.sort_by_key(|d| d.labels.first().map(|label| label.span));
    Resolved { document: read.document, topology, refused }
}
