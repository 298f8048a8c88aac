//! TLS to the port that spoke none in v1.0.1.

use super::{Arrives, Cluster, reads_requests};
use crate::diagnostic::Severity;
use crate::lint::{Context, Findings, Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "rancher-1-no-tls-on-444",
    severity: Severity::Error,
    summary: "A listener passes TLS on to 444, which speaks plain HTTP in v1.0.1.",
    reason: "In v1.0.1 the label that says which ports speak TLS named 443 only. What comes to 444 is a PROXY \
             header and then plain HTTP; a browser's TLS handshake is answered with `400 Bad request`. From \
             v1.0.2 on 444 speaks TLS.",
    source: "rancher/rancher, `server/artifacts/compose/docker-compose.yml`, label `ssl.ports`, v1.0.1 against \
             v1.0.2; rancher/rancher#4697.",
    bad: example!(
        "services:\n",
        "  rancher-ha: {image: \"rancher/server:v1.0.1\", placement: node, network: host, traffic-to: db}\n",
        "  load-balancer:\n",
        "    image: rancher/agent-instance:v0.8.1\n",
        "    placement: node\n",
        "    publish: [80-81:80-81, 443-444:443-444]\n",
    ),
    good: example!(
        "services:\n",
        "  rancher-ha: {image: \"rancher/server:v1.0.2\", placement: node, network: host, traffic-to: db}\n",
        "  load-balancer:\n",
        "    image: rancher/agent-instance:v0.8.1\n",
        "    placement: node\n",
        "    publish: [80-81:80-81, 443-444:443-444]\n",
    ),
    instead_of: &[],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let Some(cluster) = Cluster::of(cx) else { return };
    let Some(manager) = cluster.manager() else { return };
    let plain = |release: crate::rancher::Release| {
        release.has_cluster_manager() && !release.speaks_tls_behind_proxy_header()
    };
    if !cluster.release().is_some_and(plain) {
        return;
    }
    let port = cluster.ports().proxy_https;
    for (said, listener) in cluster.listeners() {
        if listener.forward.port == port
            && !reads_requests(listener.listen.protocol)
            && matches!(cluster.arrives(listener), Arrives::Tls | Arrives::TlsInTls)
        {
            findings.push(
                LINT.finding(format!("{port} speaks no TLS in this release"), said.forward.span)
                    .also(manager.said.image.span, "the first release with this kind of cluster")
                    .why("v1.0.1 expects a PROXY header and then plain HTTP there")
                    .help("run v1.0.2 or a later one: `rancher/server:v1.1.4` is the last"),
            );
        }
    }
}
