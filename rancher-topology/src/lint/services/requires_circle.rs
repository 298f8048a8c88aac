//! Services that each require the other.

use std::collections::BTreeMap;

use crate::diagnostic::{MOST_PLACES, Severity, Span};
use crate::lint::{Context, Findings, Found, Lint};
use crate::topology::{Required, ServiceId, Topology};

pub(super) const LINT: Lint = Lint {
    id: "requires-circle",
    severity: Severity::Note,
    summary: "Services require each other in a circle.",
    reason: "Each of them is said not to work without the others. While all run that is nothing, and a simulation takes them to \
             work as long as nothing outside the circle takes one of them down. Once all of them are down, after a \
             power cut, each waits for another: whether they ever come back depends on what the statement does not say.",
    source: "The document's own word: `requires` names that without which a service does not work.",
    bad: "\
services:
  api: {image: api:1.4.2, placement: node, requires: worker}
  worker: {image: worker:2.1.0, placement: node, requires: api}
",
    good: "\
services:
  api: {image: api:1.4.2, placement: node}
  worker: {image: worker:2.1.0, placement: node, requires: api}
",
    instead_of: &[],
    found: Found::Whole(check),
};

/// Which services a service requires, with the places that say so.
type Requires = BTreeMap<ServiceId, BTreeMap<ServiceId, Span>>;

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let mut left = requires(cx.topology);
    while let Some(circle) = circle(&mut left) {
        let name = |id: ServiceId| cx.topology[id].name.as_str();
        let steps = circle
            .iter()
            .map(|(id, needed, span)| (*span, format!("`{}` requires `{}`", name(*id), name(*needed))));
        let mut steps = steps.collect::<Vec<_>>().into_iter();
        let Some((span, text)) = steps.next() else { return };
        let message = match circle.as_slice() {
            [(id, ..)] => format!("`{}` requires itself", name(*id)),
            circle => format!("{} services require each other in a circle", circle.len()),
        };
        findings.push(
            LINT.finding(message, span)
                .here(text)
                .also_up_to(MOST_PLACES, steps)
                .why("once all of them are down, each waits for another")
                .help("take out the requirement that can wait: the one whose service starts without it and tries again"),
        );
        for (id, ..) in &circle {
            left.remove(id);
        }
    }
}

fn requires(topology: &Topology) -> Requires {
    let mut all = Requires::new();
    for id in topology.service_ids() {
        for requirement in &topology[id].requires {
            let Required::Services(needed) = &requirement.what else { continue };
            let own = all.entry(id).or_default();
            own.extend(needed.iter().map(|needed| (*needed, requirement.span)));
        }
    }
    all
}

/// One circle, from its first service on. What leads to no circle is taken out on the way.
fn circle(left: &mut Requires) -> Option<Vec<(ServiceId, ServiceId, Span)>> {
    let mut path: Vec<(ServiceId, ServiceId, Span)> = Vec::new();
    let mut position: BTreeMap<ServiceId, usize> = BTreeMap::new();
    let mut at = *left.keys().next()?;
    loop {
        if let Some(start) = position.get(&at) {
            let mut circle = path.split_off(*start);
            let first = circle.iter().enumerate().min_by_key(|(_, (id, ..))| *id).map_or(0, |(at, _)| at);
            circle.rotate_left(first);
            return Some(circle);
        }
        let next =
            left.get(&at).and_then(|needed| needed.first_key_value()).map(|(next, span)| (*next, *span));
        if let Some((next, span)) = next {
            position.insert(at, path.len());
            path.push((at, next, span));
            at = next;
            continue;
        }
        // A dead end: back, and never here again.
        left.remove(&at);
        match path.pop() {
            Some((before, ..)) => {
                position.remove(&before);
                if let Some(needed) = left.get_mut(&before) {
                    needed.remove(&at);
                }
                at = before;
            }
            None => at = *left.keys().next()?,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::validate::complete;

    fn circles(requires: &[(&str, &str)]) -> Vec<(String, usize)> {
        let services: Vec<String> = requires
            .iter()
            .map(|(name, needs)| {
                format!("  {name}: {{image: 'a:1', placement: node, requires: [{needs}]}}\n")
            })
            .collect();
        let report = crate::validate(&complete(&format!("services:\n{}", services.concat())));
        assert!(report.topology.is_some(), "{report:#?}");
        let own = report.findings.into_iter().filter(|finding| finding.id == "requires-circle");
        own.map(|finding| (finding.labels[0].text.clone(), finding.labels.len())).collect()
    }

    #[test]
    fn a_circle_is_told_once_and_what_hangs_on_it_is_no_part_of_it() {
        let found = circles(&[
            ("leaf", ""),
            ("before", "leaf, alpha"),
            ("alpha", "leaf, bravo"),
            ("bravo", "carol, leaf"),
            ("carol", "alpha"),
            ("alone", "alone"),
            ("after", "before, alone"),
        ]);
        assert_eq!(
            found,
            [("`alpha` requires `bravo`".to_owned(), 3), ("`alone` requires `alone`".to_owned(), 1)]
        );
    }

    #[test]
    fn two_ways_to_one_service_are_no_circle() {
        assert_eq!(circles(&[("top", "left, right"), ("left", "base"), ("right", "base"), ("base", "")]), []);
    }
}
