//! A service that waits for one that its node never has.

use std::collections::BTreeSet;

use crate::diagnostic::Severity;
use crate::lint::{Context, Findings, Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "starts-after-absent",
    severity: Severity::Warning,
    summary: "A service is started after one that is on none of its nodes.",
    reason: "Order of start is kept on a node; between nodes nothing waits. The service starts at once, and what it was to wait \
             for may not be there.",
    source: "systemd.unit(5), `After=`; Compose file reference, `depends_on`: both order what one machine starts.",
    bad: "\
services:
  store: {image: store:3.6.4, placement: node-1}
  loader: {image: loader:0.9.1, placement: node-2, after: store}
",
    good: "\
services:
  store: {image: store:3.6.4, placement: [node-1, node-2]}
  loader: {image: loader:0.9.1, placement: node-2, after: store}
",
    instead_of: &[],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let topology = cx.topology;
    for id in topology.service_ids() {
        let service = &topology[id];
        let Some((_, said)) = cx.document.services.get_index(id.position()) else { continue };
        let own: BTreeSet<_> = service.placement.iter().collect();
        for name in &said.after {
            let mut meant = service
                .after
                .iter()
                .filter(|first| topology[**first].name == name.value || topology[**first].role == name.value)
                .peekable();
            let together = |first: &crate::topology::ServiceId| {
                topology[*first].placement.iter().any(|node| own.contains(node))
            };
            if meant.peek().is_some() && !meant.any(together) {
                findings.push(
                    LINT.finding(format!("`{}` waits for `{}`, which is on none of its nodes", service.name, name.value), name.span)
                        .why("nothing waits for another node's containers")
                        .help("take it out of `after`, and let the service itself try again until the other one answers"),
                );
            }
        }
    }
}
