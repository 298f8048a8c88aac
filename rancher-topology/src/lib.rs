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

pub mod diagnostic;
pub mod document;
pub mod flow;
pub mod policy;
pub mod rancher;
pub mod scalar;
pub mod topology;

pub use diagnostic::{Diagnostic, Severity, Span};
pub use document::Document;
pub use topology::Topology;

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
    let read = document::read(text);
    let mut diagnostics = read.diagnostics;
    let Some(document) = read.document else { return Err(diagnostics) };
    match topology::resolve(&document, &read.broken) {
        Ok(topology) if diagnostics.is_empty() => Ok(topology),
        Ok(_) => Err(diagnostics),
        Err(more) => {
            diagnostics.extend(more);
            diagnostics.sort_by_key(|d| d.labels.first().map(|l| l.span));
            Err(diagnostics)
        }
    }
}
