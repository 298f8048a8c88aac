//! A security rule for a port that exists only inside a network namespace.

use std::collections::{BTreeMap, BTreeSet};

use super::ephemeral_port::node_sockets;
use super::socket::local_range;
use crate::diagnostic::{Diagnostic, Edit, Severity};
use crate::document::InboundRule;
use crate::flow::{Party, Route};
use crate::lint::{Context, Findings, Found, Lint};
use crate::policy::Member;
use crate::scalar::{PortRange, Ports, Protocol, Traffic};
use crate::topology::{GroupId, PoolId, ServiceId, Topology};

pub(super) const LINT: Lint = Lint {
    id: "container-port-in-rule",
    severity: Severity::Warning,
    summary: "A security rule admits a port that exists only inside a container's network.",
    reason: "A rule sees packets on their way to the node, and there they carry the node's port. The container's side of a \
             published port, and the ports on which a mesh's tunnels listen on loopback, are seen inside the network \
             namespace only: such a rule admits packets that reach nobody, while the port that was meant may be closed. \
             It also opens a port for whatever is started on the node next.",
    source: "docker-run(1), `--publish HOST:CONTAINER`; Amazon VPC User Guide, Security groups: a rule is for the \
             traffic that reaches the instance.",
    bad: "\
security-groups:
  nodes: {inbound: [{port: 8080/tcp, from: self}, {port: 80/tcp, from: self}]}
services:
  web: {image: nginx:1.27.2, placement: node, publish: [\"8080:80\"]}
  client: {image: busybox:1.36.1, placement: node, traffic-to: \"web:80\"}
",
    good: "\
security-groups:
  nodes: {inbound: [{port: 8080/tcp, from: self}]}
services:
  web: {image: nginx:1.27.2, placement: node, publish: [\"8080:80\"]}
  client: {image: busybox:1.36.1, placement: node, traffic-to: \"web:80\"}
",
    instead_of: &["unused-rule"],
    found: Found::Whole(check),
};

/// A range of ports inside a namespace, and the node's ports in front of it.
struct Inside {
    ports: Ports,
    /// The node's port for the first one; for a mesh the one for them all.
    outside: u16,
    shifts: bool,
    what: String,
}

/// What the members of a group have: ports that a packet can reach, and ports inside.
#[derive(Default)]
struct Ends {
    outside: Vec<Ports>,
    inside: Vec<Inside>,
}

fn check(cx: &Context, findings: &mut Findings) {
    let topology = cx.topology;
    let mut services: BTreeMap<PoolId, BTreeSet<ServiceId>> = BTreeMap::new();
    for id in topology.service_ids() {
        for node in &topology[id].placement {
            services.entry(topology[*node].pool).or_default().insert(id);
        }
    }
    for (id, (_, group)) in topology.group_ids().zip(&cx.document.security_groups) {
        if topology[id].pools.is_empty() {
            continue;
        }
        let ends = ends(cx, id, &services);
        for rule in &group.inbound {
            let Traffic::Ports(ports) = rule.port.value else { continue };
            let reached = ends.outside.iter().any(|own| overlap(*own, ports));
            let inside = ends.inside.iter().find(|inside| holds(inside.ports, ports));
            if let (false, Some(inside)) = (reached, inside) {
                findings.push(finding(&group.inbound, rule, ports, inside));
            }
        }
    }
}

fn overlap(one: Ports, two: Ports) -> bool {
    one.protocol == two.protocol && one.range.overlaps(two.range)
}

fn holds(outer: Ports, inner: Ports) -> bool {
    outer.protocol == inner.protocol
        && outer.range.first() <= inner.range.first()
        && inner.range.last() <= outer.range.last()
}

fn ends(cx: &Context, group: GroupId, services: &BTreeMap<PoolId, BTreeSet<ServiceId>>) -> Ends {
    let topology = cx.topology;
    let mut ends = Ends::default();
    let tcp = |port| PortRange::single(port).ok().map(|range| Ports { protocol: Protocol::Tcp, range });
    // The stated groups come first in the policy, in the document's order.
    let members = cx.policy.groups.get(group.position()).map_or(&[][..], |group| &group.members);
    for member in members {
        match member {
            Member::Pool(pool) => {
                // The processes of the nodes themselves: the SSH server, and what somebody is said to connect to.
                ends.outside.extend(tcp(22));
                let own = cx.flows.to(Party::Pool(*pool)).filter(|flow| flow.route != Route::Nowhere);
                ends.outside.extend(own.map(|flow| flow.ports));
                for id in services.get(pool).into_iter().flatten() {
                    ends.outside.extend(node_sockets(cx, *id).iter().map(|socket| socket.ports));
                    ends.inside.extend(published(topology, *id));
                }
                let meshes = topology.meshes.iter().filter(|mesh| mesh.pool == *pool);
                ends.inside.extend(meshes.filter_map(|mesh| {
                    Some(Inside {
                        ports: Ports { protocol: Protocol::Tcp, range: local_range(topology, mesh)? },
                        outside: mesh.published,
                        shifts: false,
                        what: format!("a loopback port of the tunnels of `{}`", mesh.name),
                    })
                }));
            }
            Member::LoadBalancer(id) => {
                ends.outside.extend(topology[*id].listeners.iter().filter_map(|one| tcp(one.listen.port)));
            }
            Member::Database(id) => ends.outside.extend(tcp(topology[*id].port)),
        }
    }
    ends
}

fn published(topology: &Topology, id: ServiceId) -> impl Iterator<Item = Inside> {
    let name = &topology[id].name;
    topology[id].publish.iter().map(move |publish| Inside {
        ports: Ports { protocol: publish.protocol, range: publish.container },
        outside: publish.host.first(),
        shifts: true,
        what: format!("the container's side of what `{name}` publishes: {}", publish.as_docker_prints()),
    })
}

fn finding(
    rules: &[crate::document::Spanned<InboundRule>],
    rule: &crate::document::Spanned<InboundRule>,
    ports: Ports,
    inside: &Inside,
) -> Diagnostic {
    let meant = if inside.shifts {
        let shift = |port: u16| inside.outside + (port - inside.ports.range.first());
        PortRange::new(shift(ports.range.first()), shift(ports.range.last()))
    } else {
        PortRange::single(inside.outside)
    };
    let meant = Ports { range: meant.unwrap_or(ports.range), ..ports };
    let admitted = rules.iter().any(|other| {
        matches!(other.port.value, Traffic::Ports(own) if holds(own, meant)) && other.from == rule.from
    });
    let finding = LINT
        .finding(format!("{ports} exists inside a container's network only"), rule.port.span)
        .here(inside.what.clone())
        .why("a rule sees the node's port; packets that this one admits reach nobody");
    if admitted {
        finding
            .help(format!("take it out: {meant} is the node's port, and has a rule of its own"))
            .suggest(vec![Edit::Remove { span: rule.span }])
    } else {
        finding
            .help(format!("the node's port is {meant}"))
            .suggest(vec![Edit::Replace { span: rule.port.span, text: meant.to_string() }])
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::Diagnostic;
    use crate::validate::complete;
    use crate::{Edit, validate};

    fn findings(rule: &str, services: &str) -> Vec<Diagnostic> {
        let report = validate(&complete(&format!(
            "security-groups: {{nodes: {{inbound: [{rule}]}}}}\nservices:\n{services}"
        )));
        assert!(report.topology.is_some(), "{:#?}", report.findings);
        report.findings.into_iter().filter(|finding| finding.id == "container-port-in-rule").collect()
    }

    const MESH: &str = "  cache: {image: 'a:1', placement: node, publish: ['6379:16379', '70-79:80-89']}
tunnels:
  mesh: {carries: cache, port: 6379, entry: 16379}
";

    #[test]
    fn the_nodes_port_is_given() {
        for (port, meant) in [("16379", "6379/tcp"), ("6381", "6379/tcp"), ("82-83", "72-73/tcp")] {
            let found = findings(&format!("{{port: {port}, from: self}}"), MESH);
            assert_eq!(found.len(), 1, "{port}");
            let fix = found[0].fix.as_ref().unwrap();
            assert!(matches!(&fix.edits[0], Edit::Replace { text, .. } if text == meant), "{fix:?}");
        }
    }

    #[test]
    fn a_rule_that_is_there_already_makes_the_other_needless() {
        let two = |from: &str| {
            let found = findings(&format!("{{port: 6379, from: {from}}}, {{port: 16379, from: self}}"), MESH);
            found[0].fix.clone().unwrap().edits[0].clone()
        };
        assert!(matches!(two("self"), Edit::Remove { .. }));
        assert!(matches!(two("10.0.1.0/24"), Edit::Replace { .. }));
    }

    #[test]
    fn what_a_packet_can_reach_is_no_fault() {
        for rule in ["6379", "6379-6381", "1-65535", "22", "16379/udp", "9999", "76"] {
            assert_eq!(findings(&format!("{{port: {rule}, from: self}}"), MESH).len(), 0, "{rule}");
        }
        let host = "  a: {image: 'a:1', placement: node, publish: ['8080:80']}
  b: {image: 'a:1', placement: node, network: host, listen: [80]}
";
        assert_eq!(findings("{port: 80, from: self}", host).len(), 0);
        let node = "  a: {image: 'a:1', placement: node, publish: ['8080:80'], traffic-to: 'node:80'}\n";
        assert_eq!(findings("{port: 80, from: self}", node).len(), 0);
    }
}
