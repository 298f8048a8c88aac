//! The server's own port, open to everybody.

use super::Cluster;
use crate::diagnostic::Severity;
use crate::lint::rules::Written;
use crate::lint::{Context, Findings, Found, Lint};
use crate::policy::{Direction, Services};
use crate::scalar::{PortRange, Ports, Protocol};

pub(super) const LINT: Lint = Lint {
    id: "rancher-1-api-open",
    severity: Severity::Warning,
    summary: "Port 18080 of the nodes is open to the internet.",
    reason: "18080 leads past the load balancer to the server's whole API, over plain HTTP: passwords and keys cross the internet \
             readable, and until access control is set up whoever comes first is administrator. It is there for the agents of \
             the node itself and for looking at a broken stack.",
    source: "Rancher's documentation of v1.1, \"Installing Rancher Server (multi nodes)\": 18080 is optional; \
             rancher/rancher#4738.",
    bad: example!(
        "services:\n",
        "  rancher-ha: {image: \"rancher/server:v1.1.4\", placement: node, network: host, traffic-to: db}\n",
        "  load-balancer:\n",
        "    image: rancher/agent-instance:v0.8.3\n",
        "    placement: node\n",
        "    publish: [80-81:80-81, 443-444:443-444]\n",
        "  parent: {image: \"rancher/server:v1.1.4\", placement: node, publish: [18080:8080]}\n",
        "security-groups:\n",
        "  balancer:\n",
        "    inbound:\n",
        "      - {port: 80/tcp, from: 203.0.113.0/24}\n",
        "      - {port: 443/tcp, from: 203.0.113.0/24}\n",
        "  nodes:\n",
        "    inbound:\n",
        "      - {port: 80-81/tcp, from: balancer}\n",
        "      - {port: 444/tcp, from: balancer}\n",
        "      - {port: 18080/tcp, from: 0.0.0.0/0}\n",
        "  database:\n",
        "    inbound: [{port: 3306/tcp, from: nodes}]\n",
    ),
    good: example!(
        "services:\n",
        "  rancher-ha: {image: \"rancher/server:v1.1.4\", placement: node, network: host, traffic-to: db}\n",
        "  load-balancer:\n",
        "    image: rancher/agent-instance:v0.8.3\n",
        "    placement: node\n",
        "    publish: [80-81:80-81, 443-444:443-444]\n",
        "  parent: {image: \"rancher/server:v1.1.4\", placement: node, publish: [18080:8080]}\n",
        "security-groups:\n",
        "  balancer:\n",
        "    inbound:\n",
        "      - {port: 80/tcp, from: 203.0.113.0/24}\n",
        "      - {port: 443/tcp, from: 203.0.113.0/24}\n",
        "  nodes:\n",
        "    inbound:\n",
        "      - {port: 80-81/tcp, from: balancer}\n",
        "      - {port: 444/tcp, from: balancer}\n",
        "      - {port: 18080/tcp, from: 203.0.113.0/24}\n",
        "  database:\n",
        "    inbound: [{port: 3306/tcp, from: nodes}]\n",
    ),
    instead_of: &["world-open", "rule-wider-than-flows"],
    found: Found::Whole(check),
};

/// The port of the nodes that leads to the server itself.
const PORT: u16 = 18_080;

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let Some(cluster) = Cluster::of(cx).filter(|cluster| cluster.answers(PORT)) else { return };
    let Ok(range) = PortRange::single(PORT) else { return };
    let api = Services::from(Ports { protocol: Protocol::Tcp, range });
    let pools = cluster.pools();
    for exposure in cx.admission.exposed() {
        let ours = exposure
            .members
            .iter()
            .any(|member| matches!(member, crate::policy::Member::Pool(id) if pools.contains(id)));
        if !ours || !api.is_subset(&exposure.services) {
            continue;
        }
        let rules = exposure.rules.iter().map(|id| &cx.admission[*id]);
        let written =
            rules.filter(|rule| rule.direction == Direction::Inbound).find_map(|rule| Written::of(cx, rule));
        let Some(written) = written else { continue };
        findings.push(
            LINT.finding("the internet may reach the server's API on 18080", written.span)
                .why("it is the whole API over plain HTTP, past the load balancer")
                .help("take the rule out, or name the network that administrators come from"),
        );
    }
}
