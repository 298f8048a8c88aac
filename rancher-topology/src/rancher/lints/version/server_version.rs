//! A release without this kind of cluster.

use indexmap::IndexMap;

use super::{Cluster, at_all};
use crate::diagnostic::{Severity, Span};
use crate::lint::{Context, Findings, Found, Lint};
use crate::scalar::Image;

pub(super) const LINT: Lint = Lint {
    id: "rancher-1-version",
    severity: Severity::Error,
    summary: "The server is of a release that has no cluster manager.",
    reason: "The cluster manager came with v1.0.1 and went with v1.2.0, which forms a cluster by itself, without a script, \
             without ZooKeeper, Redis and tunnels. An image of another release does not know the command `ha`: the container \
             ends at once, and is started again for ever.",
    source: "rancher/rancher, `server/bin/ha`: added between v1.0.0 and v1.0.1, removed between v1.1.4 and v1.2.0.",
    bad: example!(
        "services:\n",
        "  rancher-ha: {image: \"rancher/server:v1.6.30\", placement: node, network: host, traffic-to: db}\n",
        "  load-balancer:\n",
        "    image: rancher/agent-instance:v0.8.3\n",
        "    placement: node\n",
        "    publish: [80-81:80-81, 443-444:443-444]\n",
    ),
    good: example!(
        "services:\n",
        "  rancher-ha: {image: \"rancher/server:v1.1.4\", placement: node, network: host, traffic-to: db}\n",
        "  load-balancer:\n",
        "    image: rancher/agent-instance:v0.8.3\n",
        "    placement: node\n",
        "    publish: [80-81:80-81, 443-444:443-444]\n",
    ),
    instead_of: &[],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let Some(cluster) = Cluster::of(cx) else { return };
    let mut wrong: IndexMap<&str, Vec<Span>> = IndexMap::new();
    for (service, image) in cluster.servers() {
        let Some(release) = image.release() else { continue };
        if let Some(tag) = image.tag.filter(|_| !release.has_cluster_manager()) {
            wrong.entry(tag).or_default().push(service.said.image.span);
        }
    }
    for (tag, places) in wrong {
        let finding = LINT
            .finding(format!("rancher/server {tag} has no cluster manager"), places[0])
            .why("high availability of this kind is in v1.0.1 to v1.1.4 only")
            .help("write `rancher/server:v1.1.4`, the last release with it");
        findings.push(at_all(finding, places[1..].iter().copied(), "here as well"));
    }
    let image = Image::of(&cx.topology[cluster.is.cluster_manager].image);
    if image.release().is_none() && !(image.is("rancher/server") && image.moves()) {
        let name = &cx.topology[cluster.is.cluster_manager].name;
        findings.unchecked(&LINT, format!("the image of `{name}` does not say which release it is"));
    }
}
