//! Ports of a page that nothing listens on.

use super::Cluster;
use crate::diagnostic::Severity;
use crate::lint::{Context, Findings, Found, Lint};
use crate::scalar::Ports;
use crate::topology::Service;

pub(super) const LINT: Lint = Lint {
    id: "rancher-1-exposed-port",
    severity: Severity::Note,
    summary: "A page lists ports of a service that it neither listens on nor publishes.",
    reason: "`docker ps` prints the ports that an image's `EXPOSE` names, whether or not anything listens there: \
             `3306/tcp` and `8080/tcp` stand beside every container of `rancher/server`. Copied into a page, they \
             look like connections, and get firewall rules.",
    source: "rancher/rancher, `server/Dockerfile` (`EXPOSE 8080`, `EXPOSE 3306`); rancher/rancher#5528; Docker, \
             `docker ps`, column PORTS.",
    bad: example!(
        "services:\n",
        "  rancher-ha: {image: \"rancher/server:v1.1.4\", placement: node, network: host, traffic-to: db}\n",
        "  load-balancer:\n",
        "    image: rancher/agent-instance:v0.8.3\n",
        "    placement: node\n",
        "    publish: [80-81:80-81, 443-444:443-444]\n",
        "    stated: {ports: \"80, 443, 3306\"}\n",
        "  agent: {image: \"rancher/agent:v1.0.2\", placement: node, network: host}\n",
    ),
    good: example!(
        "services:\n",
        "  rancher-ha: {image: \"rancher/server:v1.1.4\", placement: node, network: host, traffic-to: db}\n",
        "  load-balancer:\n",
        "    image: rancher/agent-instance:v0.8.3\n",
        "    placement: node\n",
        "    publish: [80-81:80-81, 443-444:443-444]\n",
        "    stated: {ports: \"80, 443\"}\n",
        "  agent: {image: \"rancher/agent:v1.0.2\", placement: node, network: host}\n",
    ),
    instead_of: &[],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let Some(cluster) = Cluster::of(cx) else { return };
    for service in cluster.services() {
        let Some(cell) = &service.said.stated.ports else { continue };
        let carried = |ports: &Ports| {
            let mut meshes = cx.topology.meshes.iter().filter(|mesh| mesh.carries == service.id);
            meshes.any(|mesh| ports.range.contains(mesh.port))
        };
        let said = cell.as_str().split(',').filter_map(|word| word.trim().parse().ok());
        let unheard: Vec<Ports> =
            said.filter(|ports: &Ports| !hears(service.is, *ports) && !carried(ports)).collect();
        let Some(first) = unheard.first() else { continue };
        let names: Vec<String> = unheard.iter().map(ToString::to_string).collect();
        let exposed = service.is.expose.iter().any(|ports| ports.range.overlaps(first.range));
        findings.push(
            LINT.finding(format!("`{}` does not listen on {}", service.is.name, names.join(", ")), cell.span)
                .why(if exposed {
                    "the image's `EXPOSE` names them, and `docker ps` prints that whether or not anything listens"
                } else {
                    "a page that gives them as the service's ports mixes up what it listens on with what it connects to"
                })
                .help("open nothing for them; the page keeps its cell, and no flow is made of it"),
        );
    }
}

fn hears(service: &Service, ports: Ports) -> bool {
    let published = service.publish.iter().any(|publish| {
        publish.protocol == ports.protocol
            && (publish.host.overlaps(ports.range) || publish.container.overlaps(ports.range))
    });
    let listens = |own: &Ports| own.protocol == ports.protocol && own.range.overlaps(ports.range);
    published || service.listen.iter().any(listens)
}
