//! Everything that is wrong with a topology, in one run: what reading and resolving refuse, and what the lints find.
//!
//! This is where the sets of lints come together, a product's own among them, and where `allow` is heeded.

mod example;
mod mend;

use std::collections::BTreeMap;

pub use example::complete;
pub(crate) use mend::largest;
pub use mend::{Mended, mend};

use crate::diagnostic::{Diagnostic, Edit, Span, nearest};
use crate::document::{Allowance, Document};
use crate::lint::allow::{unknown_lint, unused_allow};
use crate::lint::{Allowed, Context, Findings, Found, Lint, Report, Rest, SETS, Set};
use crate::topology::Topology;
use crate::{Resolved, rancher, resolved};

/// All sets of lints, the general one first.
pub fn sets() -> impl Iterator<Item = &'static Set> {
    SETS.iter().chain([&rancher::LINTS])
}

/// What makes a whole cluster of a product out of an example, by the key that switches the product's lints on.
const fn products_rest() -> &'static [(&'static str, Rest)] {
    &[("rancher-1", rancher::REST)]
}

/// All lints, set by set.
pub fn lints() -> impl Iterator<Item = &'static Lint> {
    lints_of(sets())
}

fn lints_of(sets: impl Iterator<Item = &'static Set>) -> impl Iterator<Item = &'static Lint> {
    sets.flat_map(|set| set.families).flat_map(|family| family.lints.iter().copied())
}

/// A lint by its id.
#[must_use]
pub fn lint(id: &str) -> Option<&'static Lint> {
    lints().find(|lint| lint.id == id)
}

/// Looks at a text as a topology, with every lint of its kind of cluster.
///
/// ```
/// let report = rancher_topology::validate("name: x\nnetwork: {name: lab, cidr: 10.0.0.1/16, subnets: {}}\n");
/// let ids: Vec<_> = report.findings.iter().map(|finding| finding.id).collect();
/// assert_eq!(ids, ["host-bits"]);
/// assert!(report.topology.is_none());
/// ```
#[must_use]
pub fn validate(text: &str) -> Report {
    let Resolved { document, topology, refused } = resolved(text);
    let Some(document) = document else { return unreadable(refused) };
    let mut findings = Findings::default();
    let active = || lints_of(sets().filter(|set| (set.applies)(&document)));
    let context = topology.as_ref().map(|topology| Context::new(&document, topology));
    for lint in active() {
        match (lint.found, &context) {
            (Found::Whole(look) | Found::WholeOrParts(look, _), Some(context)) => {
                look(context, &mut findings);
            }
            (Found::Parts(look), _) | (Found::WholeOrParts(_, look), None) => {
                look(&document, &mut findings);
            }
            (Found::Whole(_), None) | (Found::Refused | Found::Afterwards, _) => {}
        }
    }
    if topology.is_none() {
        wait(&mut findings, active(), false);
    }
    let known = context.map(|context| (context.flows, context.policy)).filter(|_| refused.is_empty());
    let topology = topology.filter(|_| refused.is_empty());
    let mut report = report(&document, topology, refused, findings);
    (report.flows, report.policy) = known.unzip();
    report
}

fn unreadable(refused: Vec<Diagnostic>) -> Report {
    let mut findings = Findings::default();
    wait(&mut findings, lints(), true);
    Report { findings: refused, unchecked: findings.unchecked, ..Report::default() }
}

/// Says of the lints that need more than there is that they could not look.
fn wait(findings: &mut Findings, lints: impl Iterator<Item = &'static Lint>, nothing_is_there: bool) {
    for lint in lints {
        let could_not = match lint.found {
            Found::Whole(_) => true,
            Found::Parts(_) | Found::WholeOrParts(..) => nothing_is_there,
            Found::Refused | Found::Afterwards => false,
        };
        if could_not {
            findings.unchecked(lint, "the errors have to be mended first");
        }
    }
}

fn report(
    document: &Document,
    topology: Option<Topology>,
    refused: Vec<Diagnostic>,
    findings: Findings,
) -> Report {
    let Findings { found, mut unchecked } = findings;
    let found = once_for_each_cause(&refused, found);
    let allowances = document.allowances();
    let mut used = vec![false; allowances.len()];
    let mut report = Report { findings: refused, ..Report::default() };
    for finding in found {
        let silenced = allowances.iter().position(|allow| silences(allow, &finding));
        match silenced {
            Some(position) => {
                used[position] = true;
                let reason = allowances[position].reason.to_string();
                report.allowed.push(Allowed { finding, reason });
            }
            None => report.findings.push(finding),
        }
    }
    let unused = allowances.iter().zip(used).filter(|(_, used)| !used).map(|(allow, _)| allow);
    report.findings.extend(unused.filter_map(|allow| judge(allow, topology.is_some())));
    report.findings.sort_by_key(place);
    report.allowed.sort_by_key(|allowed| place(&allowed.finding));
    unchecked.sort();
    unchecked.dedup();
    report.unchecked = unchecked;
    report.topology = topology;
    report
}

fn place(finding: &Diagnostic) -> Option<Span> {
    finding.labels.first().map(|label| label.span)
}

/// Drops what another finding, or what is refused, says better that shows the same place among its own.
fn once_for_each_cause(refused: &[Diagnostic], found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut better: BTreeMap<&'static str, Vec<Span>> = BTreeMap::new();
    for finding in refused.iter().chain(&found) {
        let instead_of = lint(finding.id).map_or(&[][..], |lint| lint.instead_of);
        for id in instead_of {
            better.entry(id).or_default().extend(finding.labels.iter().map(|label| label.span));
        }
    }
    let better: BTreeMap<&'static str, Places> =
        better.into_iter().map(|(id, spans)| (id, Places::new(spans))).collect();
    let told = |finding: &Diagnostic| {
        let places = better.get(finding.id);
        place(finding).is_some_and(|own| places.is_some_and(|places| places.share(own)))
    };
    found.into_iter().filter(|finding| !told(finding)).collect()
}

/// Places of a text, sorted; each with the furthest end of those up to it.
struct Places(Vec<(Span, usize)>);

impl Places {
    fn new(mut spans: Vec<Span>) -> Self {
        spans.sort_unstable();
        let mut furthest = 0;
        let with_furthest = |span: Span| {
            furthest = furthest.max(span.end);
            (span, furthest)
        };
        Self(spans.into_iter().map(with_furthest).collect())
    }

    /// Whether one of them is in a place, or the other way round.
    fn share(&self, own: Span) -> bool {
        let at = self.0.partition_point(|(span, _)| span.start < own.start);
        let beside = self.0.get(at).is_some_and(|(span, _)| own.contains(*span) || span.contains(own));
        // What begins before and ends behind is around it.
        beside
            || at.checked_sub(1).and_then(|before| self.0.get(before)).is_some_and(|(_, end)| *end >= own.end)
    }
}

fn silences(allow: &Allowance, finding: &Diagnostic) -> bool {
    allow.id.as_str() == finding.id && place(finding).is_none_or(|place| allow.holds_at(place))
}

/// What is wrong with an allowance that has silenced nothing.
fn judge(allow: &Allowance, all_have_looked: bool) -> Option<Diagnostic> {
    let id = &allow.id;
    let entry = id.span.to(allow.reason.span);
    let Some(lint) = lint(id) else {
        let near = nearest(id, lints().map(|lint| lint.id));
        let finding = unknown_lint::LINT.finding(format!("there is no lint called `{}`", id.value), id.span);
        let help = near
            .map_or("`rancher-gen explain` lists them".to_owned(), |near| format!("did you mean `{near}`?"));
        return Some(finding.help(help));
    };
    if matches!(lint.found, Found::Refused) {
        let message = format!("`{}` cannot be allowed", id.value);
        let finding = unused_allow::LINT.finding(message, id.span);
        return Some(
            finding.why("nothing can be rendered until it is mended").fix(vec![Edit::Remove { span: entry }]),
        );
    }
    all_have_looked.then(|| {
        unused_allow::LINT
            .finding(format!("`{}` finds nothing here", id.value), id.span)
            .why("an allowance that is left behind would hide the next finding of its kind")
            .help("take it out, or put it beside what it is for")
            .fix(vec![Edit::Remove { span: entry }])
    })
}
