//! A heading that counts other containers than there are.

use std::collections::BTreeMap;

use crate::diagnostic::Severity;
use crate::document::{Named, Stated};
use crate::lint::{Context, Findings, Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "stated-count",
    severity: Severity::Warning,
    summary: "The source's heading counts other containers than the topology has.",
    reason: "`36 x tunnel` is four meshes between three nodes. Where the count differs, either the page or the topology lacks a \
             row, and whoever compares them at night looks for a container that is not there.",
    source: "The heading itself: the key `stated`.",
    bad: "\
services:
  worker: {image: worker:2.1.0, placement: node, stated: {heading: 4 x worker}}
",
    good: "\
services:
  worker: {image: worker:2.1.0, placement: node, stated: {heading: 3 x worker}}
",
    instead_of: &[],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let mut of_role: BTreeMap<&str, usize> = BTreeMap::new();
    for service in &cx.topology.services {
        *of_role.entry(&service.role).or_default() += service.placement.len();
    }
    let services = stated(&cx.document.services, |service| (service.role.as_ref(), &service.stated));
    let tunnels = stated(&cx.document.tunnels, |tunnel| (tunnel.role.as_ref(), &tunnel.stated));
    for (role, heading) in services.chain(tunnels) {
        let Some((Ok(count), _)) =
            heading.as_str().split_once(" x ").map(|(count, rest)| (count.parse::<usize>(), rest))
        else {
            continue;
        };
        let there = of_role.get(role).copied().unwrap_or_default();
        if count != there {
            findings.push(
                LINT.finding(
                    format!("the heading counts {count} containers of `{role}`, and there are {there}"),
                    heading.span,
                )
                .why("either the source or this topology lacks a row"),
            );
        }
    }
}

type Heading = crate::document::Spanned<crate::scalar::Text>;

/// The headings of rows, each with the role that it counts.
fn stated<'d, T>(
    things: &'d Named<T>,
    parts: impl Fn(&'d T) -> (Option<&'d crate::document::Spanned<crate::scalar::Name>>, &'d Stated) + 'd,
) -> impl Iterator<Item = (&'d str, &'d Heading)> {
    things.iter().filter_map(move |(name, thing)| {
        let (role, stated) = parts(&thing.value);
        stated.heading.as_ref().map(|heading| (role.unwrap_or(name).as_str(), heading))
    })
}
