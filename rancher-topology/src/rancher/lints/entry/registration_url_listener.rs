//! A registration URL that no listener answers.

use super::Cluster;
use crate::diagnostic::Severity;
use crate::lint::{Context, Findings, Found, Lint};
use crate::topology::Origin;

pub(super) const LINT: Lint = Lint {
    id: "rancher-1-registration-url-listener",
    severity: Severity::Error,
    summary: "No listener of the load balancer is on the registration URL's port.",
    reason: "Agents and the server's own workers (go-machine-service, rancher-compose-executor) come by this URL \
             and no other way. Where no listener has its port, they flap and no host connects, while the page \
             works under another port.",
    source: "rancher/rancher#4426, #4699, #5039; rancher/cattle v0.159.7, `SystemRoleObjectPostProcessor` \
             (`CATTLE_URL`).",
    bad: example!(
        "load-balancers:\n",
        "  front:\n",
        "    targets: node\n",
        "    groups: balancer\n",
        "    health-check: HTTP:80/ping\n",
        "    listeners:\n",
        "      - {listen: 80/tcp, forward: 81/tcp, proxy-protocol: client-address}\n",
        "security-groups:\n",
        "  balancer:\n",
        "    inbound:\n",
        "      - {port: 80/tcp, from: 203.0.113.0/24}\n",
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
    let url = &cluster.is.registration_url;
    let Some(said) = cluster.said.registration_url.as_ref().filter(|_| url.origin == Origin::Stated) else {
        return;
    };
    let balancer = &cx.topology[cluster.is.load_balancer];
    if balancer.listeners.iter().any(|listener| listener.listen.port == url.port()) {
        return;
    }
    let place = cx.document.load_balancers.get_index(cluster.is.load_balancer.position());
    let finding = LINT
        .finding(format!("`{}` has no listener on {}", balancer.name, url.port()), said.span)
        .why("agents and Rancher's own workers come by this URL")
        .help(format!(
            "add `{{listen: {}/tcp, forward: {}/tcp, proxy-protocol: NAME}}`",
            url.port(),
            cluster.ports().proxy_https
        ));
    findings.push(match place {
        Some((name, _)) => finding.also(name.span, "its listeners are on other ports"),
        None => finding,
    });
}
