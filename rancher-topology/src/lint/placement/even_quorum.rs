//! A quorum with an even number of members.

use super::{about_size, by_size};
use crate::diagnostic::Severity;
use crate::lint::{Context, Findings, Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "even-quorum",
    severity: Severity::Warning,
    summary: "A quorum has an even number of members.",
    reason: "A majority of four is three, so four members survive the loss of one, as three members do; and there is one \
             more that can fail. A network that breaks in the middle leaves neither half with a majority.",
    source: "ZooKeeper Administrator's Guide, \"Clustered (Multi-Server) Setup\"; etcd FAQ, \"Why an odd number of cluster \
             members?\".",
    bad: "\
nodes:
  node:
    count: 4
    first-address: {a: 10.0.1.10, b: 10.0.2.10, c: 10.0.3.10}
    os: debian-12
    engine: docker-27.3.1
    groups: nodes
services:
  store: {image: store:3.6.4, placement: node, quorum: majority}
",
    good: "\
services:
  store: {image: store:3.6.4, placement: node, quorum: majority}
",
    instead_of: &[],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for quorums in by_size(cx, &LINT) {
        let members = quorums[0].members();
        if members < 4 || members % 2 != 0 {
            continue;
        }
        let (fewer, more) = (members - 1, members + 1);
        let majority = members / 2 + 1;
        findings.push(
            about_size(cx, &LINT, &quorums, |name| format!("the quorum of `{name}` has {members} members"))
                .why(format!(
                    "its majority is {majority}: it survives {}, as {fewer} members do",
                    failures(members - majority)
                ))
                .help(format!("have {fewer} members, or {more}, which survive {}", failures(more / 2))),
        );
    }
}

fn failures(count: usize) -> String {
    if count == 1 { "one failure".to_owned() } else { format!("{count} failures") }
}

#[cfg(test)]
mod tests {
    use super::LINT;
    use crate::validate::complete;

    #[test]
    fn the_count_of_the_pool_is_the_cause_and_one_cause_is_told_once() {
        let second = "  ring: {image: ring:1.2.0, placement: node, quorum: majority}\n";
        let text = complete(&format!("{}{second}", LINT.bad));
        let all: Vec<_> =
            crate::validate(&text).findings.into_iter().filter(|finding| finding.id == LINT.id).collect();
        assert_eq!(all.len(), 1);
        let place = all[0].labels[0].span;
        assert_eq!(&text[place.start..place.end], "4");
        assert_eq!(all[0].labels.len(), 2);
        assert_eq!(all[0].message, "the quorum of `store` has 4 members");
        assert_eq!(
            all[0].why.as_deref(),
            Some("its majority is 3: it survives one failure, as 3 members do")
        );
    }

    #[test]
    fn where_single_nodes_are_named_the_placement_is_the_cause() {
        let text =
            complete(&LINT.bad.replace("placement: node,", "placement: [node-1, node-2, node-3, node-4],"));
        let report = crate::validate(&text);
        let place = report.findings.iter().find(|finding| finding.id == LINT.id).unwrap().labels[0].span;
        assert_eq!(&text[place.start..place.end], "node-1, node-2, node-3, node-4");
    }
}
