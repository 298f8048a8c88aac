//! The nodes' own firewall: iptables rules, ipsets, and the script that loads them.
//!
//! A port that Docker publishes is rewritten in nat PREROUTING and never asks INPUT, so the rules stand in **mangle
//! PREROUTING**, before the port is rewritten, and govern host sockets and published ports alike. Three chains are ours:
//!
//! ```text
//! PREROUTING ─▶ RANCHER-GEN ─▶ from an outside interface, for an address of the node   ─▶ RANCHER-GEN-HOST
//!                            ├▶ from an outside interface, UDP that is for everybody      ─▶ RANCHER-GEN-HOST
//!                            └▶ from an outside interface, for a container's network    ─▶ RANCHER-GEN-CTRS
//! ```
//!
//! What is admitted returns, so that other people's later rules still see it; the last rule of both chains drops.
//! Packets that do not come from an outside interface are the node's and its containers' own, and pass. The files
//! declare our chains only, so that loading them with `--noflush` replaces these in one step and touches nobody else's;
//! the loader makes the jump. Sources: iptables-extensions(8) (`addrtype`, `conntrack`, `set`, `hl`), the order of
//! netfilter's hooks (conntrack −200, mangle −150, nat −100), RFC 4890 (what ICMPv6 a network needs), ip(7)
//! (`IP_MULTICAST_ALL`: a socket that is bound to no address takes what is sent to any group of the host).

mod rules;
mod sets;

use std::sync::Arc;

use rancher_topology::topology::NodeId;
use serde::Serialize;

use super::{Context, Output, RenderError, Rendering};
use crate::tree::Mode;

/// The `iptables` output.
#[derive(Debug)]
pub struct Iptables;

#[derive(Serialize)]
struct Conf {
    node: String,
    interfaces: String,
    addresses: String,
    sets: String,
}

impl Output for Iptables {
    fn name(&self) -> &'static str {
        "iptables"
    }

    fn cluster(&self, cx: &Context<'_>, out: &mut Rendering) -> Result<(), RenderError> {
        for pool in cx.topology.pools.iter().filter(|pool| pool.groups.is_empty()) {
            out.note(format!(
                "iptables: `{}` is in no security group, so its nodes admit the declared flows only, and no SSH",
                pool.name
            ));
        }
        for set in sets::of(&cx.hosts) {
            out.template(cx, &format!("cluster/iptables/{}.ipset", set.name), "iptables/set.ipset.j2", &set)?;
        }
        Ok(())
    }

    fn node(&self, cx: &Context<'_>, node: NodeId, out: &mut Rendering) -> Result<(), RenderError> {
        let (topology, host) = (cx.topology, cx.host(node));
        let name = &topology[node].name;
        let folder = format!("nodes/{name}/iptables");
        for (file, view) in [("rules.v4", rules::v4(name, host)?), ("rules.v6", rules::v6(name, host)?)] {
            out.template(cx, &format!("{folder}/{file}"), &format!("iptables/{file}.j2"), &view)?;
        }
        let names = |words: Vec<String>| words.join(" ");
        let conf = Conf {
            node: name.to_string(),
            interfaces: names(host.interfaces.iter().map(ToString::to_string).collect()),
            addresses: topology[node].address.to_string(),
            sets: names(sets::named(host).into_keys().collect()),
        };
        out.template(cx, &format!("{folder}/firewall.conf"), "iptables/firewall.conf.j2", &conf)?;
        out.file(&format!("{folder}/firewall.sh"), loader(cx)?, Mode::Executable)?;
        if cx.standalone {
            for set in sets::of(std::slice::from_ref(host)) {
                out.template(cx, &format!("{folder}/{}.ipset", set.name), "iptables/set.ipset.j2", &set)?;
            }
        }
        Ok(())
    }
}

/// The script that loads the rules: one text for every node.
fn loader(cx: &Context<'_>) -> Result<Arc<str>, RenderError> {
    Ok(cx.shared("iptables/firewall.sh.j2")?)
}
