//! No PROXY header where one is waited for.

use super::{Cluster, reads_requests};
use crate::diagnostic::Severity;
use crate::lint::{Context, Findings, Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "rancher-1-proxy-protocol-missing",
    severity: Severity::Error,
    summary: "A listener leads to a port that waits for a PROXY header, and sends none.",
    reason: "Rancher's load balancer drops a connection to 81 or 444 that does not begin with a PROXY header: \
             `curl` says \"Empty reply from server\". Nobody gets in by this listener.",
    source: "rancher/cattle, `haproxy.cfg.ftl` (`accept-proxy`); rancher/rancher#4738.",
    bad: example!(
        "load-balancers:\n",
        "  front:\n",
        "    targets: node\n",
        "    groups: balancer\n",
        "    health-check: HTTP:80/ping\n",
        "    listeners:\n",
        "      - {listen: 80/tcp, forward: 81/tcp}\n",
        "      - {listen: 443/tcp, forward: 444/tcp, proxy-protocol: client-address}\n",
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
    for (_, said, balancer) in cluster.balancers() {
        for (said, listener) in said.listeners.iter().zip(&balancer.listeners) {
            let port = listener.forward.port;
            if !ports.expects_proxy_header(port)
                || reads_requests(listener.forward.protocol)
                || Cluster::has_proxy_header(&balancer.listeners, port)
            {
                continue;
            }
            let plain = if port == ports.proxy_http { ports.http } else { ports.https };
            findings.push(
                LINT.finding(
                    format!("{port} waits for a PROXY header, and `{}` sends none", balancer.name),
                    said.forward.span,
                )
                .why("a connection without the header is dropped")
                .help(format!("add `proxy-protocol: NAME`, or forward to {plain}, which waits for none")),
            );
        }
    }
}
