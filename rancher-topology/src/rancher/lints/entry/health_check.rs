//! A health check that does not ask Rancher.

use super::{Cluster, reads_requests, with_spare_rules};
use crate::diagnostic::Severity;
use crate::lint::{Context, Findings, Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "rancher-1-health-check",
    severity: Severity::Warning,
    summary: "The load balancer's health check does not ask Rancher whether it is well.",
    reason: "`/ping` on 80, on 443 or on 18080 is answered with `pong` by a server that works. A check that only \
             opens a connection is content with a HAProxy or a docker-proxy that has no server behind it, and \
             sends people to a node that cannot serve them. Nothing stated is a TCP check of the first listener's \
             port.",
    source: "The documentation of v1.1, \"Installing Rancher Server (multi nodes)\", section on Elastic Load \
             Balancers: HTTP:80 or HTTPS:443 with `/ping`; rancher/rancher#4634; Elastic Load Balancing, \"Health \
             checks\".",
    bad: example!(
        "load-balancers:\n",
        "  front:\n",
        "    targets: node\n",
        "    groups: balancer\n",
        "    health-check: TCP:81\n",
        "    listeners:\n",
        "      - {listen: 80/tcp, forward: 81/tcp, proxy-protocol: client-address}\n",
        "      - {listen: 443/tcp, forward: 444/tcp, proxy-protocol: client-address}\n",
        "security-groups:\n",
        "  balancer:\n",
        "    inbound:\n",
        "      - {port: 80/tcp, from: 203.0.113.0/24}\n",
        "      - {port: 443/tcp, from: 203.0.113.0/24}\n",
        "  nodes:\n",
        "    inbound:\n",
        "      - {port: 81/tcp, from: balancer}\n",
        "      - {port: 444/tcp, from: balancer}\n",
        "  database:\n",
        "    inbound: [{port: 3306/tcp, from: nodes}]\n",
    ),
    good: example!(
        "load-balancers:\n",
        "  front:\n",
        "    targets: node\n",
        "    groups: balancer\n",
        "    health-check: HTTP:80/ping\n",
        "    listeners:\n",
        "      - {listen: 80/tcp, forward: 81/tcp, proxy-protocol: client-address}\n",
        "      - {listen: 443/tcp, forward: 444/tcp, proxy-protocol: client-address}\n",
    ),
    instead_of: &["health-check-unstated", "health-check-ssh", "unused-rule"],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let Some(cluster) = Cluster::of(cx) else { return };
    let ports = cluster.ports();
    for (name, said, balancer) in cluster.balancers() {
        let target = &*balancer.health_check;
        let good = [("HTTP", ports.http), ("HTTPS", ports.https), ("HTTP", API)];
        let is = |(protocol, port): &(&str, u16)| target.to_string() == format!("{protocol}:{port}/ping");
        // A check that fails on every node is another finding.
        let fails = reads_requests(target.protocol)
            && (ports.expects_proxy_header(target.port)
                || target.port == if target.protocol.needs_certificate() { ports.http } else { ports.https });
        if good.iter().any(is) || fails || !cluster.answers(target.port) {
            continue;
        }
        let (message, place) = match &said.health_check {
            Some(said) => (format!("`{target}` does not ask Rancher whether it is well"), said.span),
            None => (
                format!("`{}` states no health check, and would only try {target}", balancer.name),
                name.span,
            ),
        };
        let finding = LINT
            .finding(message, place)
            .why("it is content with a proxy that has no server behind it")
            .help(format!("write `health-check: HTTP:{}/ping`", ports.http));
        findings.push(with_spare_rules(cx, finding, balancer, ports.http));
    }
}

/// The port of the nodes that leads to the server itself.
const API: u16 = 18_080;

#[cfg(test)]
mod tests {
    use super::LINT;

    #[test]
    fn a_question_to_the_nodes_ssh_server_is_told_once() {
        let text = crate::validate::complete(&LINT.bad.replace("TCP:81", "TCP:22"));
        let report = crate::validate(&text);
        let ids = report.findings.iter().map(|finding| finding.id).filter(|id| id.contains("health-check"));
        assert_eq!(ids.collect::<Vec<_>>(), [LINT.id]);
    }
}
