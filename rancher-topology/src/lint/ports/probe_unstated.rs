//! A health probe to a port of which the document says nothing.

use super::socket::{Namespaces, listing};
use crate::diagnostic::Severity;
use crate::lint::{Context, Findings, Found, Lint};
use crate::scalar::{Ports, Protocol};
use crate::topology::{Probe, ServiceId};

pub(super) const LINT: Lint = Lint {
    id: "probe-unstated",
    severity: Severity::Note,
    summary: "A health probe asks a port that is neither published nor exposed, and no `listen` says who is there.",
    reason: "A process may listen on a port that nobody publishes, and a probe may ask there. But where the document names \
             the service's ports and not this one, a slip of the pen looks the same: the probe fails from the first minute, and \
             the service is unwell for ever. With the port under `listen` the document says that it is meant, and every other \
             conclusion knows of it too.",
    source: "Docker documentation, Dockerfile reference, HEALTHCHECK: the command runs inside the container; EXPOSE: the \
             ports that an image's program listens on.",
    bad: "\
services:
  web:
    image: nginx:1.27.2
    placement: node
    publish: [8080:8080]
    health: {probe: {http: {port: 8800, path: /}}}
    traffic-to: \"web:8080\"
security-groups:
  nodes: {inbound: [{port: 8080/tcp, from: self}]}
",
    good: "\
services:
  web:
    image: nginx:1.27.2
    placement: node
    publish: [8080:8080]
    listen: [8080, 8800]
    health: {probe: {http: {port: 8800, path: /}}}
    traffic-to: \"web:8080\"
security-groups:
  nodes: {inbound: [{port: 8080/tcp, from: self}]}
",
    instead_of: &[],
    found: Found::Whole(check),
};

fn check(cx: &Context, findings: &mut Findings) {
    let topology = cx.topology;
    let namespaces = Namespaces::of(cx);
    for id in topology.service_ids() {
        let Some(health) = &topology[id].health else { continue };
        let (Probe::Tcp { port } | Probe::Http { port, .. }) = health.probe;
        let namespace = namespaces.of_service(topology, id);
        // Where every service says what it listens on, and where the port is the node's side of one, that is told as such.
        if namespace.known || namespace.hears(Protocol::Tcp, port) || is_on_the_nodes_side(cx, id, port) {
            continue;
        }
        let exposed = namespace.members.iter().flat_map(|member| &topology[*member].expose);
        let named: Vec<Ports> = exposed.chain(&namespace.heard).copied().collect();
        let own = |ports: &Ports| ports.protocol == Protocol::Tcp && ports.range.contains(port);
        if named.is_empty() || named.iter().any(own) {
            continue;
        }
        let Some((name, said)) = cx.document.services.get_index(id.position()) else { continue };
        let Some(probe) = &said.health else { continue };
        let message =
            format!("the probe of `{}` asks port {port}, of which nothing else is said", name.value);
        findings.push(
            LINT.finding(message, probe.span)
                .here(format!("the ports that are named there: {}", listing(&named)))
                .why("no `listen` says whether its process is there; where it is not, the service is unwell for ever")
                .help(format!("ask a port that is named, or state {port} under `listen` of the service that listens there")),
        );
    }
}

fn is_on_the_nodes_side(cx: &Context, id: ServiceId, port: u16) -> bool {
    let owner = cx.topology.namespace_service(id);
    let mut tcp = cx.topology[owner].publish.iter().filter(|publish| publish.protocol == Protocol::Tcp);
    tcp.any(|publish| publish.host.contains(port))
}

#[cfg(test)]
mod tests {
    use crate::validate;
    use crate::validate::complete;

    fn finds(service: &str) -> bool {
        let text = format!("services: {{web: {{image: 'a:1', placement: node, {service}}}}}\n");
        let report = validate(&complete(&text));
        assert!(report.topology.is_some(), "{:#?}", report.findings);
        report.findings.iter().any(|finding| finding.id == "probe-unstated")
    }

    #[test]
    fn a_port_that_the_image_names_is_not_made_up() {
        assert!(finds("expose: [9000], health: {probe: {tcp: 9090}}"));
        assert!(!finds("expose: [9000, 9090], health: {probe: {tcp: 9090}}"));
        assert!(finds("expose: [9090/udp], health: {probe: {tcp: 9090}}"));
    }

    #[test]
    fn a_service_of_which_no_port_is_named_says_nothing_against_its_probe() {
        assert!(!finds("health: {probe: {tcp: 9090}}"));
    }

    #[test]
    fn what_another_lint_tells_is_not_told_again() {
        assert!(!finds("publish: ['9090:80'], health: {probe: {tcp: 9090}}"));
        assert!(!finds("publish: ['8080:80'], listen: [80], health: {probe: {tcp: 9090}}"));
    }
}
