//! A health check that every node fails.

use super::{Cluster, reads_requests};
use crate::diagnostic::Severity;
use crate::lint::{Context, Findings, Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "rancher-1-health-check-fails",
    severity: Severity::Error,
    summary: "The load balancer's health check is one that Rancher never answers.",
    reason: "81 and 444 drop what does not begin with a PROXY header, and a load balancer's health check has \
             none; 443 answers no plain HTTP, and 80 no HTTPS. Every node then counts as unwell, and the load \
             balancer sends nobody anywhere.",
    source: "rancher/cattle, `haproxy.cfg.ftl` (`accept-proxy`); rancher/rancher#4738; the documentation of v1.1, \
             \"Installing Rancher Server (multi nodes)\".",
    bad: example!(
        "load-balancers:\n",
        "  front:\n",
        "    targets: node\n",
        "    groups: balancer\n",
        "    health-check: HTTP:81/ping\n",
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
    instead_of: &["health-check-proxy"],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let Some(cluster) = Cluster::of(cx) else { return };
    let ports = cluster.ports();
    for (_, said, balancer) in cluster.balancers() {
        let target = &*balancer.health_check;
        let Some(said) = said.health_check.as_ref().filter(|_| reads_requests(target.protocol)) else {
            continue;
        };
        let tls = target.protocol.needs_certificate();
        let why = match target.port {
            port if ports.expects_proxy_header(port) => {
                format!("{port} drops what does not begin with a PROXY header, and a health check has none")
            }
            port if port == ports.https && !tls => format!("{port} answers no plain HTTP"),
            port if port == ports.http && tls => format!("{port} answers no HTTPS"),
            _ => continue,
        };
        findings.push(
            LINT.finding(format!("every node fails `{target}`"), said.span)
                .why(why)
                .help(format!("write `health-check: HTTP:{}/ping`", ports.http)),
        );
    }
}
