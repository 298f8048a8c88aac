//! Servers of different releases in one cluster.

use super::{Cluster, at_all};
use crate::diagnostic::{Edit, Severity};
use crate::lint::{Context, Findings, Found, Lint};
use crate::rancher::Release;
use crate::scalar::Image;

pub(super) const LINT: Lint = Lint {
    id: "rancher-1-mixed-versions",
    severity: Severity::Error,
    summary: "Services run the server's image with different tags.",
    reason: "A cluster manager starts everything with the image that it runs itself, and replaces every container that has \
             another one. With two tags in one cluster, the containers are replaced again and again; when it is the parent, \
             all others go with it.",
    source: "rancher/cluster-manager v0.1.5, `docker/docker.go`; rancher/rancher#4733.",
    bad: example!(
        "services:\n",
        "  rancher-ha: {image: \"rancher/server:v1.1.4\", placement: node, network: host, traffic-to: db}\n",
        "  redis: {image: \"rancher/server:v1.1.0\", placement: node}\n",
        "  load-balancer:\n",
        "    image: rancher/agent-instance:v0.8.3\n",
        "    placement: node\n",
        "    publish: [80-81:80-81, 443-444:443-444]\n",
    ),
    good: example!(
        "services:\n",
        "  rancher-ha: {image: \"rancher/server:v1.1.4\", placement: node, network: host, traffic-to: db}\n",
        "  redis: {image: \"rancher/server:v1.1.4\", placement: node}\n",
        "  load-balancer:\n",
        "    image: rancher/agent-instance:v0.8.3\n",
        "    placement: node\n",
        "    publish: [80-81:80-81, 443-444:443-444]\n",
    ),
    instead_of: &["mixed-image-versions"],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let Some(cluster) = Cluster::of(cx) else { return };
    let Some(manager) = cluster.manager() else { return };
    // A moving tag and a release without a cluster manager are findings of their own.
    let counts = |image: &Image<'_>| {
        let is_fixed = image.tag.is_some() && !Image { digest: None, ..*image }.moves();
        is_fixed && image.release().is_none_or(Release::has_cluster_manager)
    };
    let servers: Vec<_> = cluster.servers().filter(|(_, image)| counts(image)).collect();
    let Some((_, own)) = servers.iter().find(|(service, _)| service.id == manager.id) else { return };
    let (alike, others): (Vec<_>, Vec<_>) = servers.iter().partition(|(_, image)| image.tag == own.tag);
    let (Some((alike_first, _)), Some((first, image))) = (alike.first(), others.first()) else { return };
    let (other, own) = (image.tag.unwrap_or_default(), own.tag.unwrap_or_default());
    // What is used least is what was forgotten; of equals the one that is written last.
    let later = alike_first.id > first.id;
    let finding = if alike.len() < others.len() || alike.len() == others.len() && later {
        LINT.finding(
            format!("the cluster manager is {own}, and `{}` is {other}", first.is.name),
            alike_first.said.image.span,
        )
        .also(first.said.image.span, "not the cluster manager's")
    } else {
        let finding = LINT.finding(
            format!("`{}` is {other}, and the cluster manager is {own}", first.is.name),
            first.said.image.span,
        );
        let edits = others.iter().map(|(service, _)| Edit::Replace {
            span: service.said.image.span,
            text: manager.is.image.clone(),
        });
        finding.also(manager.said.image.span, "the cluster manager's own").suggest(edits.collect())
    };
    let finding = finding
        .why("the cluster manager replaces every container whose image is not its own, for ever")
        .help("write one tag on all of them");
    let more = others[1..].iter().map(|(service, _)| service.said.image.span);
    findings.push(at_all(finding, more, "another one"));
}

#[cfg(test)]
mod tests {
    use super::LINT;

    #[test]
    fn it_is_told_once_and_where_the_rare_one_stands() {
        let newer = "  zookeeper: {image: 'rancher/server:v1.1.0', placement: node}\n";
        let misspelt = LINT.bad.replace("server:v1.1.0", "server:1.1.4");
        for (text, message) in [
            (misspelt, "`redis` is 1.1.4, and the cluster manager is v1.1.4"),
            (LINT.bad.to_owned(), "`redis` is v1.1.0, and the cluster manager is v1.1.4"),
            (LINT.bad.to_owned() + newer, "the cluster manager is v1.1.4, and `redis` is v1.1.0"),
        ] {
            let report = crate::validate(&crate::validate::complete(&text));
            let told = report.findings.iter().filter(|finding| finding.id.contains("mixed"));
            let told: Vec<_> = told.map(|finding| (finding.id, finding.message.as_str())).collect();
            assert_eq!(told, [(LINT.id, message)]);
        }
    }
}
