//! TLS that ends before Rancher, which does not learn of it.

use super::Cluster;
use crate::diagnostic::Severity;
use crate::lint::{Context, Findings, Found, Lint};
use crate::scalar::ListenerProtocol;

pub(super) const LINT: Lint = Lint {
    id: "rancher-1-http-links",
    severity: Severity::Warning,
    summary: "TLS ends at the load balancer, and Rancher hears plain HTTP and nothing else.",
    reason: "A listener that only passes bytes on adds no `X-Forwarded-Proto`, and Rancher's load balancer sets \
             that header on 443 and 444 only. So the server takes its visitors for HTTP ones, and the links that \
             it makes for the page, for agents and for its own workers begin with `http://`.",
    source: "rancher/rancher#4697; rancher/cattle, `haproxy.cfg.ftl`.",
    bad: example!(
        "load-balancers:\n",
        "  front:\n",
        "    targets: node\n",
        "    groups: balancer\n",
        "    health-check: HTTP:80/ping\n",
        "    listeners:\n",
        "      - {listen: 80/tcp, forward: 81/tcp, proxy-protocol: client-address}\n",
        "      - {listen: 443/ssl, forward: 81/tcp, proxy-protocol: client-address, certificate: rancher}\n",
        "security-groups:\n",
        "  balancer:\n",
        "    inbound:\n",
        "      - {port: 80/tcp, from: 203.0.113.0/24}\n",
        "      - {port: 443/tcp, from: 203.0.113.0/24}\n",
        "  nodes:\n",
        "    inbound:\n",
        "      - {port: 80-81/tcp, from: balancer}\n",
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
    instead_of: &[],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let Some(cluster) = Cluster::of(cx) else { return };
    let ports = cluster.ports();
    for (said, listener) in cluster.listeners() {
        let ends_here = listener.listen.protocol == ListenerProtocol::Ssl
            && listener.forward.protocol == ListenerProtocol::Tcp;
        if ends_here && [ports.http, ports.proxy_http].contains(&listener.forward.port) {
            findings.push(
                LINT.finding(
                    format!("what comes in by {} is given `http://` links", listener.listen),
                    said.forward.span,
                )
                .also(said.listen.span, "TLS ends here")
                .why("nothing tells the server that its visitors came by HTTPS")
                .help(format!(
                    "pass TLS on: `{}/tcp` to `{}/tcp` with `proxy-protocol`; or encrypt anew: forward to `{}/ssl`",
                    listener.listen.port, ports.proxy_https, ports.https
                )),
            );
        }
    }
}
