//! A listener that reads requests in front of websockets.

use super::{Cluster, reads_requests, with_spare_rules};
use crate::diagnostic::Severity;
use crate::lint::{Context, Findings, Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "rancher-1-http-listener",
    severity: Severity::Error,
    summary: "A listener reads HTTP where Rancher speaks websockets.",
    reason: "Agents, consoles and logs of Rancher are websockets. A Classic Load Balancer that reads requests \
             (HTTP or HTTPS) does not pass the upgrade on: hosts stay disconnected, while the page itself looks \
             well.",
    source: "The documentation of v1.0 and v1.1, \"Basic SSL configuration\", section on Elastic Load Balancers; \
             rancher/rancher#2799, #6724.",
    bad: example!(
        "load-balancers:\n",
        "  front:\n",
        "    targets: node\n",
        "    groups: balancer\n",
        "    health-check: HTTP:80/ping\n",
        "    listeners:\n",
        "      - {listen: 80/http, forward: 80/http}\n",
        "      - {listen: 443/tcp, forward: 444/tcp, proxy-protocol: client-address}\n",
        "security-groups:\n",
        "  balancer:\n",
        "    inbound:\n",
        "      - {port: 80/tcp, from: 203.0.113.0/24}\n",
        "      - {port: 443/tcp, from: 203.0.113.0/24}\n",
        "  nodes:\n",
        "    inbound:\n",
        "      - {port: 80/tcp, from: balancer}\n",
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
    instead_of: &["unused-rule"],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let Some(cluster) = Cluster::of(cx) else { return };
    let ports = cluster.ports();
    for (_, said, balancer) in cluster.balancers() {
        for (said, listener) in said.listeners.iter().zip(&balancer.listeners) {
            if !reads_requests(listener.listen.protocol) || !ports.is_entry(listener.forward.port) {
                continue;
            }
            let finding = LINT
                .finding(format!("{} breaks Rancher's websockets", listener.listen), said.listen.span)
                .also(said.forward.span, "websockets come in here")
                .why("a load balancer that reads requests does not let a connection become a websocket")
                .help(format!(
                    "pass bytes on: `80/tcp` to `{}/tcp`, `443/tcp` to `{}/tcp`, each with `proxy-protocol`",
                    ports.proxy_http, ports.proxy_https
                ));
            let meant =
                if listener.forward.port == ports.https { ports.proxy_https } else { ports.proxy_http };
            findings.push(with_spare_rules(cx, finding, balancer, meant));
        }
    }
}
