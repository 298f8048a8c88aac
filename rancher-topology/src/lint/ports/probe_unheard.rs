//! A health probe to a port that nothing listens on.

use super::socket::{Namespace, Namespaces, Said, listing};
use crate::diagnostic::Severity;
use crate::lint::{Context, Findings, Found, Lint};
use crate::scalar::Protocol;
use crate::topology::{Probe, ServiceId};

pub(super) const LINT: Lint = Lint {
    id: "probe-unheard",
    severity: Severity::Warning,
    summary: "A health probe asks a port that nothing in its network namespace listens on.",
    reason: "A probe is asked inside the container. Where nothing listens on its port it fails from the first minute, so \
             the service is unwell for ever: it is restarted again and again, taken out of load balancing, or the alarm \
             is switched off and the next real outage is seen by nobody. A frequent cause is the node's side of a \
             published port, which does not exist inside.",
    source: "Docker documentation, Dockerfile reference, HEALTHCHECK: the command runs inside the container.",
    bad: "\
services:
  web:
    image: nginx:1.27.2
    placement: node
    listen: [80]
    health: {probe: {http: {port: 8080, path: /}}}
  peer: {image: busybox:1.36.1, placement: node, network-of: web, listen: [], traffic-to: \"web:80\"}
",
    good: "\
services:
  web:
    image: nginx:1.27.2
    placement: node
    listen: [80]
    health: {probe: {http: {port: 80, path: /}}}
  peer: {image: busybox:1.36.1, placement: node, network-of: web, listen: [], traffic-to: \"web:80\"}
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
        if namespace.hears(Protocol::Tcp, port) {
            continue;
        }
        let inside = node_side(cx, id, port);
        if inside.is_some() || (namespace.known && !namespace.members.is_empty()) {
            findings.push(finding(cx, id, port, namespace, inside));
        }
    }
}

/// The `publish` of a service's namespace that has a port on the node's side, and the container's port that it leads to.
fn node_side(cx: &Context, id: ServiceId, port: u16) -> Option<(Said, u16)> {
    let owner = cx.topology.namespace_service(id);
    let publishes = cx.topology[owner].publish.iter().enumerate();
    let mut tcp = publishes.filter(|(_, publish)| publish.protocol == Protocol::Tcp);
    tcp.find_map(|(at, publish)| {
        let inside = publish.container_port_of(port)?;
        Some((Said::Publish(owner, at), inside))
    })
}

fn finding(
    cx: &Context,
    id: ServiceId,
    port: u16,
    namespace: &Namespace,
    inside: Option<(Said, u16)>,
) -> crate::diagnostic::Diagnostic {
    let service = &cx.topology[id];
    let said = cx.document.services.get_index(id.position()).and_then(|(_, said)| said.health.as_ref());
    let finding = LINT
        .finding(
            format!("the probe of `{}` asks port {port}, and nothing there listens on it", service.name),
            said.map_or(service.span, |health| health.span),
        )
        .why("it is asked inside the container, and can never succeed");
    match inside {
        Some((publish, inside)) => finding
            .also(publish.span(cx.document), format!("{port} is the node's port; inside it is {inside}"))
            .help(format!("ask port {inside}")),
        None => finding.help(format!(
            "there is: {}; ask one of these, or state {port} under `listen` of the service that listens on it",
            listing(&namespace.heard)
        )),
    }
}

#[cfg(test)]
mod tests {
    use crate::validate;
    use crate::validate::complete;

    fn helps(services: &str) -> Vec<String> {
        let report = validate(&complete(services));
        assert!(report.topology.is_some(), "{:#?}", report.findings);
        let all = report.findings.into_iter().filter(|finding| finding.id == "probe-unheard");
        all.filter_map(|finding| finding.help).collect()
    }

    #[test]
    fn the_nodes_side_of_a_published_port_is_not_inside() {
        let web = |port: u16| {
            helps(&format!(
                "services: {{web: {{image: 'a:1', placement: node, publish: ['8080-8081:80-81'], \
                 health: {{probe: {{tcp: {port}}}}}}}}}\n"
            ))
        };
        assert_eq!(web(8081), ["ask port 81"]);
        assert_eq!(web(81), Vec::<String>::new());
        // The document does not say that this is all it listens on.
        assert_eq!(web(9090), Vec::<String>::new());
    }

    #[test]
    fn who_shares_the_namespace_can_answer() {
        let text = "services:
  pause: {image: 'a:1', placement: node, listen: [], health: {probe: {tcp: 8080}}}
  app: {image: 'a:1', placement: node, network-of: pause, listen: [PORT]}
";
        assert_eq!(helps(&text.replace("PORT", "8080")), Vec::<String>::new());
        assert_eq!(helps(&text.replace("PORT", "8080/udp")).len(), 1);
    }

    #[test]
    fn who_shares_the_namespace_has_its_published_ports_too() {
        let text = "services:
  pause: {image: 'a:1', placement: node, publish: ['18080:8080']}
  app: {image: 'a:1', placement: node, network-of: pause, health: {probe: {tcp: 18080}}}
";
        assert_eq!(helps(text), ["ask port 8080"]);
    }

    #[test]
    fn in_the_hosts_network_a_published_port_answers() {
        let text = "services:
  agent: {image: 'a:1', placement: node, network: host, listen: [], health: {probe: {tcp: PORT}}}
  app: {image: 'a:1', placement: node, publish: ['18080:8080']}
";
        assert_eq!(helps(&text.replace("PORT", "18080")), Vec::<String>::new());
        assert_eq!(helps(&text.replace("PORT", "8080")).len(), 1);
    }
}
