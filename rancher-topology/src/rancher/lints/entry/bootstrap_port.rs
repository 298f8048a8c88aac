//! The port of the server that made the script.

use super::Cluster;
use crate::diagnostic::{Edit, Severity};
use crate::lint::{Context, Findings, Found, Lint};
use crate::scalar::{Protocol, Traffic};

pub(super) const LINT: Lint = Lint {
    id: "rancher-1-bootstrap-port",
    severity: Severity::Warning,
    summary: "A listener or a rule is left for 8080, where nothing answers once the cluster is up.",
    reason: "8080 is the port of the one server that made `rancher-ha.sh`, and of nothing else: in the cluster it \
             is inside a container, and 18080 outside. A listener for it has no healthy target. A rule for it \
             waits for the next one who starts such a server: until its access control is set up, whoever comes \
             first is administrator.",
    source: "rancher/rancher v1.1.4, `server/bin`; rancher/rancher#4426, #4496; the documentation of v1.1, \
             \"Installing Rancher Server (multi nodes)\".",
    bad: example!(
        "security-groups:\n",
        "  balancer:\n",
        "    inbound:\n",
        "      - {port: 80/tcp, from: 203.0.113.0/24}\n",
        "      - {port: 443/tcp, from: 203.0.113.0/24}\n",
        "  nodes:\n",
        "    inbound:\n",
        "      - {port: 80-81/tcp, from: balancer}\n",
        "      - {port: 444/tcp, from: balancer}\n",
        "      - {port: 8080/tcp, from: 203.0.113.0/24}\n",
        "  database:\n",
        "    inbound: [{port: 3306/tcp, from: nodes}]\n",
    ),
    good: example!(
        "security-groups:\n",
        "  balancer:\n",
        "    inbound:\n",
        "      - {port: 80/tcp, from: 203.0.113.0/24}\n",
        "      - {port: 443/tcp, from: 203.0.113.0/24}\n",
        "  nodes:\n",
        "    inbound:\n",
        "      - {port: 80-81/tcp, from: balancer}\n",
        "      - {port: 444/tcp, from: balancer}\n",
        "  database:\n",
        "    inbound: [{port: 3306/tcp, from: nodes}]\n",
    ),
    instead_of: &[
        "container-port-in-rule",
        "unused-rule",
        "rule-wider-than-flows",
        "world-open",
        "unheard-traffic",
        "listener-unserved",
    ],
    found: Found::Whole(check),
};

/// Where the server listens that makes the script.
const PORT: u16 = 8080;

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let Some(cluster) = Cluster::of(cx) else { return };
    if cluster.answers(PORT) {
        return;
    }
    for (_, said, balancer) in cluster.balancers() {
        let listeners = said.listeners.iter().zip(&balancer.listeners);
        for (said, _) in listeners.filter(|(_, listener)| listener.forward.port == PORT) {
            let finding = LINT
                .finding("nothing answers on 8080 once the cluster is up", said.forward.span)
                .why("only the server that made `rancher-ha.sh` listened there")
                .help("take the listener out, when no saved `api.host` and no agent names it any more");
            findings.push(if balancer.listeners.len() > 1 {
                finding.suggest(vec![Edit::Remove { span: said.span }])
            } else {
                finding
            });
        }
    }
    for (said, rule) in cluster.inbound() {
        let Traffic::Ports(ports) = rule.traffic else { continue };
        if ports.protocol == Protocol::Tcp && ports.range.first() == PORT && ports.range.last() == PORT {
            findings.push(
                LINT.finding("8080 is open, and nothing answers there once the cluster is up", said.port.span)
                    .why(
                        "the next server that is started to make a script would be open to all of these before it \
                         knows an administrator",
                    )
                    .help("take the rule out; open 8080 to yourself while a script is made")
                    .suggest(vec![Edit::Remove { span: said.span }]),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::LINT;

    #[test]
    fn a_port_that_something_answers_on_is_no_leftover() {
        let with = |more: &str, publish: &str| {
            format!(
                "{}services:
  rancher-ha: {{image: 'rancher/server:v1.1.4', placement: node, network: host, traffic-to: db}}
  load-balancer:
    image: rancher/agent-instance:v0.8.3
    placement: node
    publish: [80-81:80-81, 443-444:443-444]
  own: {{image: 'nginx:1.27.2', placement: {more}, publish: ['{publish}']}}
nodes:
  node: {{count: 3, first-address: {{a: 10.0.1.10, b: 10.0.2.10, c: 10.0.3.10}}, os: centos-7, engine: docker-1.10.3, groups: nodes}}
  other: {{first-address: {{a: 10.0.1.50}}, os: centos-7, engine: docker-1.10.3}}
",
                LINT.bad
            )
        };
        let found = |text: String| {
            let report = crate::validate(&crate::validate::complete(&text));
            assert!(report.topology.is_some(), "{:#?}", report.findings);
            report.findings.iter().any(|finding| finding.id == LINT.id)
        };
        assert!(!found(with("node", "8080:80")));
        // Another pool's port, or one for the node itself alone, answers nobody who comes to a server.
        assert!(found(with("other", "8080:80")));
        assert!(found(with("node", "127.0.0.1:8080:80")));
    }
}
