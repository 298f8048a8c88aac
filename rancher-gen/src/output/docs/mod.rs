//! Documentation in Markdown: the wiki page again from the topology, and what no page of that kind ever had.
//!
//! ```text
//! docs/README.md        the wiki page's sections, tables and commands, with a picture
//! docs/assumptions.md   what the topology does not state, and why it was taken
//! docs/nodes/NAME.md    a node: its containers, listeners, tunnels, and what its firewall admits
//! docs/topology.mmd     the picture alone
//! ```
//!
//! A value that the topology states apart from what follows from it is printed as stated, and the difference beside it.
//! Nothing here concludes anything about the cluster: flows, rules and tunnels are the model's.

mod assumptions;
mod diagram;
mod groups;
mod many;
mod node;
mod page;
mod reach;
mod stack;

use rancher_topology::topology::NodeId;

use super::{Context, Output, RenderError, Rendering};

/// The `docs` output.
#[derive(Debug)]
pub struct Docs;

impl Output for Docs {
    fn name(&self) -> &'static str {
        "docs"
    }

    fn cluster(&self, cx: &Context<'_>, out: &mut Rendering) -> Result<(), RenderError> {
        let picture = diagram::diagram(cx.topology, &cx.flows.wires(cx.topology));
        out.template(cx, "docs/topology.mmd", "docs/topology.mmd.j2", &picture)?;
        let picture = cx.templates.part("docs/topology.mmd.j2", &picture)?;
        let shared = cx.once(|| node::Shared::of(cx))?;
        out.template(cx, "docs/README.md", "docs/README.md.j2", &page::page(cx, &shared.reach, picture))?;
        out.template(cx, "docs/assumptions.md", "docs/assumptions.md.j2", &assumptions::assumptions(cx))
    }

    fn node(&self, cx: &Context<'_>, node: NodeId, out: &mut Rendering) -> Result<(), RenderError> {
        // A node's folder that stands alone holds what the node runs; its page leads to pages that are not there.
        if cx.standalone {
            return Ok(());
        }
        let shared = cx.once(|| node::Shared::of(cx))?;
        let path = format!("docs/nodes/{}.md", cx.topology[node].name);
        out.template(cx, &path, "docs/node.md.j2", &shared.page(cx.topology, node))
    }
}
