//! A quorum with an even number of members.

use std::collections::BTreeMap;

use super::{Majority, quorums};
use crate::diagnostic::{MOST_PLACES, Severity, Span};
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
    // Quorums of one pool are even for one reason: its count.
    let mut even: BTreeMap<Span, Vec<Majority<'_>>> = BTreeMap::new();
    for quorum in quorums(cx).filter(|quorum| quorum.members() >= 4 && quorum.members() % 2 == 0) {
        even.entry(quorum.size_place(cx)).or_default().push(quorum);
    }
    for (place, quorums) in even {
        let Some(members) = quorums.first().map(Majority::members) else { continue };
        let names: Vec<String> = quorums.iter().map(|quorum| format!("`{}`", quorum.service.name)).collect();
        let (fewer, more) = (members - 1, members + 1);
        let majority = members / 2 + 1;
        let placed = quorums.iter().map(|quorum| (quorum.placement_place(cx), "placed here".to_owned()));
        findings.push(
            LINT.finding(
                format!("the quorum of {} has {members} members", names.join(" and that of ")),
                place,
            )
            .also_up_to(MOST_PLACES, placed.filter(|(span, _)| *span != place))
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
        assert_eq!(all[0].labels.len(), 3);
        assert_eq!(all[0].message, "the quorum of `store` and that of `ring` has 4 members");
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
