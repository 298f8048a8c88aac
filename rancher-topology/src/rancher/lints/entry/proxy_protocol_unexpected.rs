//! A PROXY header where none is expected.

use super::{Cluster, with_spare_rules};
use crate::diagnostic::Severity;
use crate::lint::{Context, Findings, Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "rancher-1-proxy-protocol-unexpected",
    severity: Severity::Error,
    summary: "A listener puts a PROXY header before connections to a port that expects none.",
    reason: "The header is read as the first line of a request, or as the beginning of a TLS handshake, and \
             refused: `400 Bad request` on 80, a closed connection on 443. Only 81 and 444 expect it.",
    source: "rancher/rancher, `server/artifacts/compose/docker-compose.yml` \
             (`io.rancher.loadbalancer.proxy-protocol.ports`); rancher/cattle, `haproxy.cfg.ftl`.",
    bad: example!(
        "load-balancers:\n",
        "  front:\n",
        "    targets: node\n",
        "    groups: balancer\n",
        "    health-check: HTTP:80/ping\n",
        "    listeners:\n",
        "      - {listen: 80/tcp, forward: 81/tcp, proxy-protocol: client-address}\n",
        "      - {listen: 443/tcp, forward: 443/tcp, proxy-protocol: client-address}\n",
        "security-groups:\n",
        "  balancer:\n",
        "    inbound:\n",
        "      - {port: 80/tcp, from: 203.0.113.0/24}\n",
        "      - {port: 443/tcp, from: 203.0.113.0/24}\n",
        "  nodes:\n",
        "    inbound:\n",
        "      - {port: 80-81/tcp, from: balancer}\n",
        "      - {port: 443/tcp, from: balancer}\n",
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
    instead_of: &["unused-rule", "health-check-proxy"],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let Some(cluster) = Cluster::of(cx) else { return };
    let ports = cluster.ports();
    for (_, stated, balancer) in cluster.balancers() {
        for (said, listener) in stated.listeners.iter().zip(&balancer.listeners) {
            let port = listener.forward.port;
            let Some(policy) = &said.proxy_protocol else { continue };
            let meant = match port {
                port if port == ports.http => Some(ports.proxy_http),
                port if port == ports.https => Some(ports.proxy_https),
                port if port == ports.swarm => None,
                _ => continue,
            };
            let finding = LINT
                .finding(format!("{port} expects no PROXY header"), policy.span)
                .also(said.forward.span, "the header would be read as the beginning of a request")
                .why(format!("only {} and {} expect one", ports.proxy_http, ports.proxy_https));
            let asked = stated.health_check.as_ref().filter(|asked| asked.port == port);
            let finding = match asked {
                Some(asked) => finding.also(asked.span, "asks there without one"),
                None => finding,
            };
            findings.push(match meant {
                Some(meant) => {
                    let finding = finding.help(format!("forward to {meant}, which expects one"));
                    with_spare_rules(cx, finding, balancer, meant)
                }
                None => finding.help("leave `proxy-protocol` out"),
            });
        }
    }
}
