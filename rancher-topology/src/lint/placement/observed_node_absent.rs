//! An instance that was seen on a node that is not there.

use crate::diagnostic::{MOST_PLACES, Severity};
use crate::lint::{Context, Findings, Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "observed-node-absent",
    severity: Severity::Warning,
    summary: "`observed-on` names a position that no node of the placement has.",
    reason: "The positions are those of the nodes that `placement` names, counted from 1. One that is not there says nothing \
             of where the instance is, and it is taken to be on the emptiest node: what is rendered and concluded for that node \
             describes another machine than the one that runs it.",
    source: "The document itself.",
    bad: "\
services:
  worker: {image: worker:2.1.0, placement: node, scale: 2, observed-on: [1, 9], naming: numbered}
",
    good: "\
services:
  worker: {image: worker:2.1.0, placement: node, scale: 2, observed-on: [1, 3], naming: numbered}
",
    instead_of: &[],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for id in cx.topology.service_ids() {
        let Some((name, said)) = cx.document.services.get_index(id.position()) else { continue };
        let there = cx.topology[id].eligible;
        let mut absent = said.observed_on.iter().filter(|position| !(1..=there).contains(&position.value));
        let Some(first) = absent.next() else { continue };
        let nodes = if there == 1 { "one node".to_owned() } else { format!("{there} nodes") };
        let message =
            format!("`{}` was seen on node {}, and it is placed on {nodes}", name.value, first.value);
        let more = absent.map(|position| (position.span, format!("nor is there a node {}", position.value)));
        findings.push(
            LINT.finding(message, first.span)
                .why("the instance is taken to be on another node than the one that runs it")
                .help(format!("write a number from 1 to {there}: the nodes of `placement`, in their order"))
                .also_up_to(MOST_PLACES, more),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::LINT;
    use crate::validate::complete;

    #[test]
    fn positions_are_counted_from_1_to_the_last_node() {
        let found = |positions: &str| {
            let report = crate::validate(&complete(&LINT.bad.replace("1, 9", positions)));
            assert!(report.topology.is_some(), "{report:#?}");
            report.findings.into_iter().filter(|finding| finding.id == LINT.id).collect::<Vec<_>>()
        };
        for right in ["1", "1, 3", "2, 1"] {
            assert_eq!(found(right), [], "{right}");
        }
        assert_eq!(found("0, 1")[0].message, "`worker` was seen on node 0, and it is placed on 3 nodes");
        assert_eq!(found("4, 9")[0].labels.len(), 2);
    }
}
