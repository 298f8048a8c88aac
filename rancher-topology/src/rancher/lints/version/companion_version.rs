//! Agents that do not belong to the server's release.

use indexmap::IndexMap;

use super::{Cluster, at_all};
use crate::diagnostic::{Severity, Span};
use crate::lint::{Context, Findings, Found, Lint};
use crate::scalar::Image;

pub(super) const LINT: Lint = Lint {
    id: "rancher-1-companion-version",
    severity: Severity::Warning,
    summary: "An agent's image is not the one that the server's release starts.",
    reason: "The server starts `rancher/agent` and `rancher/agent-instance` itself, with the tags that it was built with, and \
             pushes configuration that fits these. What the document names is then not what runs, or it is replaced when \
             the server looks.",
    source: "rancher/cattle v0.159.7 to v0.165.8.4, `resources/content/cattle-global.properties` \
             (`bootstrap.required.image`, `agent.instance.image`): agent v1.0.1 and agent-instance v0.8.1 with server v1.0.1 \
             and v1.0.2; v1.0.2 and v0.8.3 with v1.1.0 to v1.1.4.",
    bad: example!(
        "services:\n",
        "  rancher-ha: {image: \"rancher/server:v1.1.4\", placement: node, network: host, traffic-to: db}\n",
        "  load-balancer:\n",
        "    image: rancher/agent-instance:v0.8.1\n",
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
    let Some(manager) = cluster.manager() else { return };
    let Some(companions) = cluster.release().and_then(crate::rancher::Release::companions) else { return };
    let server = Image::of(&manager.is.image).tag.unwrap_or_default();
    let mut wrong: IndexMap<(&str, &str, &str), Vec<Span>> = IndexMap::new();
    for service in cluster.services() {
        let image = Image::of(&service.said.image.value);
        let wanted =
            [("rancher/agent", companions.agent), ("rancher/agent-instance", companions.agent_instance)];
        let Some((repository, wanted)) = wanted.into_iter().find(|(repository, _)| image.is(repository))
        else {
            continue;
        };
        if let Some(tag) = image.tag.filter(|tag| *tag != wanted && !image.moves()) {
            wrong.entry((repository, tag, wanted)).or_default().push(service.said.image.span);
        }
    }
    for ((repository, tag, wanted), places) in wrong {
        let finding = LINT
            .finding(
                format!("`{repository}:{tag}` does not belong to the server's release {server}"),
                places[0],
            )
            .also(manager.said.image.span, format!("{server} starts {wanted}"))
            .why("the server starts this image itself, with the tag that it was built with")
            .help(format!("write `{repository}:{wanted}`"));
        findings.push(at_all(finding, places[1..].iter().copied(), "here as well"));
    }
}
