//! A port that is listened on and that nobody can reach.

use super::socket::{Namespaces, Socket, stated_listens};
use crate::diagnostic::{MOST_PLACES, Severity};
use crate::flow::Party;
use crate::lint::{Context, Findings, Found, Lint};
use crate::scalar::Protocol;
use crate::topology::{Probe, ServiceId, ServiceNetwork};

pub(super) const LINT: Lint = Lint {
    id: "unreachable-listener",
    severity: Severity::Note,
    summary: "A service listens on a port that nobody can reach and nobody is said to want.",
    reason: "The port is not published, no other container shares its network, no overlay leads to it, and nothing is said \
             to connect to it. Either a `publish`, a `network-of` or a `traffic-to` was forgotten, or the entry under \
             `listen` is a leftover that the next reader takes for a way in.",
    source: "docker-run(1), `--publish`: a container on the bridge has no port of the node until one is published.",
    bad: "\
services:
  web: {image: nginx:1.27.2, placement: node, listen: [80]}
",
    good: "\
services:
  web: {image: nginx:1.27.2, placement: node, listen: [80]}
  peer: {image: busybox:1.36.1, placement: node, network-of: web, listen: [], traffic-to: \"web:80\"}
",
    instead_of: &[],
    found: Found::Whole(check),
};

fn check(cx: &Context, findings: &mut Findings) {
    let topology = cx.topology;
    let namespaces = Namespaces::of(cx);
    for id in topology.service_ids() {
        let lost = unreachable(cx, &namespaces, id);
        let Some((first, more)) = lost.split_first() else { continue };
        let name = &topology[id].name;
        let finding = LINT
            .finding(
                format!("`{name}` listens on {}, and nobody can reach it", first.ports),
                first.said.span(cx.document),
            )
            .why("it is not published, and its network is shared with nobody")
            .help(format!("publish it, let who wants it join with `network-of: {name}`, or take it out"));
        let places =
            more.iter().map(|socket| (socket.said.span(cx.document), format!("nor {}", socket.ports)));
        findings.push(finding.also_up_to(MOST_PLACES, places));
    }
}

/// What a service is said to listen on and nobody can reach.
pub(super) fn unreachable(cx: &Context, namespaces: &Namespaces, id: ServiceId) -> Vec<Socket> {
    let alone = namespaces.of_service(cx.topology, id).members.len() == 1;
    let on_the_bridge =
        matches!(&cx.topology[id].network, ServiceNetwork::Bridge { overlays } if overlays.is_empty());
    if !alone || !on_the_bridge || has_routed_nodes(cx, id) {
        return Vec::new();
    }
    stated_listens(cx, id).filter(|socket| is_lost(cx, id, socket)).collect()
}

/// Whether other machines may connect straight to the containers.
fn has_routed_nodes(cx: &Context, id: ServiceId) -> bool {
    cx.topology[id].placement.iter().any(|node| !cx.topology.pool_of(*node).routed.is_empty())
}

/// Whether a port is neither published, nor wanted by a flow, nor asked by the service's own probe, nor carried by a mesh.
fn is_lost(cx: &Context, id: ServiceId, socket: &Socket) -> bool {
    let service = &cx.topology[id];
    let ports = socket.ports;
    let published = service
        .publish
        .iter()
        .any(|publish| publish.protocol == ports.protocol && publish.container.overlaps(ports.range));
    let wanted = cx
        .flows
        .to(Party::Service(id))
        .any(|flow| flow.ports.protocol == ports.protocol && flow.ports.range.overlaps(ports.range));
    let asked = service.health.as_ref().is_some_and(|health| {
        let (Probe::Tcp { port } | Probe::Http { port, .. }) = health.probe;
        ports.protocol == Protocol::Tcp && ports.range.contains(port)
    });
    let carried = cx.topology.meshes.iter().any(|mesh| mesh.namespace == id);
    !published && !wanted && !asked && !carried
}

#[cfg(test)]
mod tests {
    use crate::validate;
    use crate::validate::complete;

    fn found(services: &str) -> usize {
        let report = validate(&complete(services));
        assert!(report.topology.is_some(), "{:#?}", report.findings);
        report.findings.iter().filter(|finding| finding.id == "unreachable-listener").count()
    }

    #[test]
    fn any_way_in_is_enough() {
        let web =
            |more: &str| format!("services:\n  web: {{image: 'a:1', placement: node, listen: [80]{more}}}\n");
        assert_eq!(found(&web("")), 1);
        assert_eq!(found(&web(", publish: ['8080:80']")), 0);
        // The published port that leads beside it is the finding.
        assert_eq!(found(&web(", publish: ['8080:81']")), 0);
        assert_eq!(found(&web(", network: host")), 0);
        assert_eq!(found(&web(", health: {probe: {tcp: 80}}")), 0);
        let overlay = "overlays: {mesh: {cidr: 192.168.0.0/16, carried-by: web}}\n";
        assert_eq!(found(&format!("{}{overlay}", web(", network: mesh"))), 0);
        // Who wants it and cannot get there is another finding.
        let client = "  client: {image: 'a:1', placement: node, traffic-to: 'web:80'}\n";
        assert_eq!(found(&format!("{}{client}", web(""))), 0);
    }

    #[test]
    fn several_of_one_service_are_one_finding() {
        assert_eq!(found("services: {web: {image: 'a:1', placement: node, listen: [80, 443, 53/udp]}}\n"), 1);
    }
}
