//! A server whose release is whatever is newest.

use super::{Cluster, at_all};
use crate::diagnostic::Severity;
use crate::lint::{Context, Findings, Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "rancher-1-moving-tag",
    severity: Severity::Error,
    summary: "The server's image has no tag, or one that moves.",
    reason: "`rancher-ha.sh` takes `rancher/server` when it is given no image, which is `latest`. Since December 2016 that is \
             a release that does not know the command `ha`: the next node that pulls it does not come up. Nodes that pull on \
             different days run different releases, and a cluster manager replaces each container whose image is not its own.",
    source: "rancher/cattle v0.159.7, `haconfig/script.ftl`; rancher/rancher, `server/bin`, between v1.1.4 and v1.2.0; \
             rancher/rancher#10512.",
    bad: example!(
        "services:\n",
        "  rancher-ha: {image: rancher/server, placement: node, network: host, traffic-to: db}\n",
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
    instead_of: &["unpinned-image"],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let Some(cluster) = Cluster::of(cx) else { return };
    let moving: Vec<_> = cluster.servers().filter(|(_, image)| image.moves()).collect();
    let Some((first, image)) = moving.first() else { return };
    let message = match image.tag {
        None => "`rancher/server` without a tag is whatever release is newest".to_owned(),
        Some(tag) => format!("`rancher/server:{tag}` is whatever release is newest"),
    };
    let finding = LINT
        .finding(message, first.said.image.span)
        .why("the newest releases do not know the command `ha`: a node that pulls it does not come up")
        .help("write the release that runs, on every service alike: `rancher/server:v1.1.4` is the last with it");
    let others = moving[1..].iter().map(|(service, _)| service.said.image.span);
    findings.push(at_all(finding, others, "here as well"));
}

#[cfg(test)]
mod tests {
    use super::LINT;

    #[test]
    fn one_image_on_ten_services_is_one_finding_that_counts_them() {
        let more = (0..10).fold(String::new(), |more, n| {
            more + &format!("  s{n}: {{image: 'rancher/server:latest', placement: node}}\n")
        });
        let text = LINT.good.to_owned() + &more;
        let found = crate::validate(&crate::validate::complete(&text)).findings;
        let found: Vec<_> = found.iter().filter(|finding| finding.id == LINT.id).collect();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].labels.len(), 6);
        assert_eq!(found[0].labels[5].text, "here as well, and 4 more");
    }

    #[test]
    fn a_digest_does_not_move() {
        let digest = format!("rancher/server@sha256:{}", "0".repeat(64));
        let text = LINT.bad.replace("image: rancher/server,", &format!("image: '{digest}',"));
        let report = crate::validate(&crate::validate::complete(&text));
        assert!(report.findings.is_empty(), "{:?}", report.findings);
        assert_eq!(report.unchecked.len(), 1, "which release it is, is not known");
    }
}
