//! Safe fixes applied to a text until none is left. What makes the text worse, or cannot be put in, stays out by itself.

use std::collections::{BTreeMap, BTreeSet};

use super::{lint, validate};
use crate::diagnostic::{Applicability, Diagnostic, Fix, Severity};
use crate::fix::Editor;
use crate::lint::{Found, Lint, Report};

/// What is mended may bring up something else that can be, and fixes of one place wait for each other. No topology
/// needs as many rounds as this; it is there for fixes that would undo each other.
const ROUNDS: usize = 100;

/// A text with its safe fixes.
#[derive(Debug)]
#[non_exhaustive]
pub struct Mended {
    /// The text.
    pub text: String,
    /// What is left to say about it. What was left out is for a person to look at: none of its fixes is safe.
    pub report: Report,
    /// How many fixes are in it.
    pub applied: usize,
    /// Findings of the report whose fixes would bring errors that are not there now, by their positions.
    pub harmful: Vec<usize>,
    /// Findings of the report whose fixes cannot be put into the text, as in a list of aliases, by their positions.
    pub unfit: Vec<usize>,
}

/// Applies the safe fixes of a text's findings, each by itself or not at all, until no such fix is left.
///
/// ```
/// let mended = rancher_topology::validate::mend("name: x\nnetwork: {name: lab, cidr: 10.0.0.1/16, subnets: {}}\n");
/// assert_eq!(mended.text, "name: x\nnetwork: {name: lab, cidr: 10.0.0.0/16, subnets: {}}\n");
/// assert_eq!(mended.applied, 1);
/// ```
#[must_use]
pub fn mend(text: &str) -> Mended {
    mend_by(text, validate)
}

fn mend_by(text: &str, look: impl Fn(&str) -> Report) -> Mended {
    let mut mended = Mended {
        text: text.to_owned(),
        report: look(text),
        applied: 0,
        harmful: Vec::new(),
        unfit: Vec::new(),
    };
    for _ in 0..ROUNDS {
        let Round { better, harmful, unfit } = round(&mended.text, &mended.report, &look);
        let Some(Better { text, report, applied }) = better else {
            for position in harmful.iter().chain(&unfit) {
                if let Some(fix) = &mut mended.report.findings[*position].fix {
                    fix.applicability = Applicability::Suggested;
                }
            }
            return Mended { harmful, unfit, ..mended };
        };
        mended = Mended { text, report, applied: mended.applied + applied, ..mended };
    }
    mended
}

/// What trying all fixes of a report came to. Without anything better, each of them is among those that were left out.
#[derive(Default)]
struct Round {
    better: Option<Better>,
    harmful: Vec<usize>,
    unfit: Vec<usize>,
}

struct Better {
    text: String,
    report: Report,
    applied: usize,
}

fn round(text: &str, report: &Report, look: impl Fn(&str) -> Report) -> Round {
    let Ok(editor) = Editor::new(text) else { return Round::default() };
    let mut open: Vec<(usize, &Fix)> = report
        .findings
        .iter()
        .enumerate()
        .filter_map(|(position, finding)| Some((position, finding.fix.as_ref()?)))
        .filter(|(_, fix)| fix.applicability == Applicability::Safe)
        .collect();
    let mut harmful = Vec::new();
    loop {
        let fitting = largest(&open, |some| editor.fit(&fixes_of(some)));
        let mut better = None;
        let good = largest(&fitting, |some| {
            let Some(fixed) = editor.apply(&fixes_of(some)).filter(|fixed| fixed != text) else {
                return false;
            };
            let after = look(&fixed);
            let is_good = !is_worse(report, &after);
            if is_good {
                better = Some(Better { text: fixed, report: after, applied: some.len() });
            }
            is_good
        });
        if fitting.is_empty() || !good.is_empty() {
            return Round { better, harmful, unfit: open.iter().map(|(position, _)| *position).collect() };
        }
        // Without them there is room for those that they were in the way of.
        let bad: BTreeSet<usize> = fitting.iter().map(|(position, _)| *position).collect();
        open.retain(|(position, _)| !bad.contains(position));
        harmful.extend(bad);
    }
}

fn fixes_of<'f>(some: &[(usize, &'f Fix)]) -> Vec<&'f Fix> {
    some.iter().map(|(_, fix)| *fix).collect()
}

/// As many things as are good together, the earlier ones first. What is not good by itself beside those before it is left
/// out; halving finds it in few steps.
pub(crate) fn largest<T: Copy>(things: &[T], mut is_good: impl FnMut(&[T]) -> bool) -> Vec<T> {
    let mut taken: Vec<T> = Vec::new();
    let mut rest = vec![things];
    while let Some(part) = rest.pop().filter(|part| !part.is_empty()) {
        let before = taken.len();
        taken.extend_from_slice(part);
        if !is_good(&taken) {
            taken.truncate(before);
            if let (first, second @ [_, ..]) = part.split_at(part.len().div_ceil(2)) {
                rest.extend([second, first]);
            }
        }
    }
    taken
}

/// Whether a report has errors that an earlier one did not have, or looked at less. What was not looked at before is no
/// reason: it hid them.
fn is_worse(before: &Report, after: &Report) -> bool {
    let unchecked = |report: &Report| report.unchecked.iter().map(|one| one.id).collect::<BTreeSet<_>>();
    let (hidden_before, hidden) = (unchecked(before), unchecked(after));
    if !hidden.is_subset(&hidden_before) {
        return true;
    }
    let went_on = hidden.len() < hidden_before.len();
    let was_hidden = |finding: &Diagnostic| {
        hidden_before.contains(finding.id)
            || went_on
                && matches!(lint(finding.id), Some(Lint { found: Found::Refused | Found::Afterwards, .. }))
    };
    let mut known: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for finding in &before.findings {
        *known.entry((finding.id, &finding.message)).or_default() += 1;
    }
    let errors = after.findings.iter().filter(|finding| finding.severity == Severity::Error);
    errors.filter(|finding| !was_hidden(finding)).any(|finding| {
        match known.get_mut(&(finding.id, finding.message.as_str())) {
            Some(left) if *left > 0 => {
                *left -= 1;
                false
            }
            _ => true,
        }
    })
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::{is_worse, largest, mend, mend_by};
    use crate::diagnostic::{Edit, Span};
    use crate::lint::Report;
    use crate::validate::complete;
    use crate::{Diagnostic, validate};

    #[test]
    fn a_text_is_worse_with_an_error_that_it_did_not_have() {
        let good = "name: x\nnetwork: {name: lab, cidr: 10.0.0.0/16, subnets: {}}\n";
        let wrong = format!("allow: {{host-bitz: Why}}\n{good}");
        let (refused, broken) = (good.replace("0.0/16", "0.1/16"), "name: [");
        let worse = |before: &str, after: &str| is_worse(&validate(before), &validate(after));
        for (before, after) in
            [(good, wrong.as_str()), (good, &refused), (&wrong, broken), (&refused, broken)]
        {
            assert!(worse(before, after), "{before}{after}");
            assert!(!worse(after, before), "what was hidden is no new error: {after}{before}");
            assert!(!worse(before, before));
        }
    }

    #[test]
    fn the_largest_part_that_is_good_is_found_in_few_steps() {
        let all: Vec<usize> = (0..1000).collect();
        let asked = Cell::new(0);
        let without = |bad: &[usize]| {
            asked.set(0);
            largest(&all, |some| {
                asked.set(asked.get() + 1);
                !some.iter().any(|one| bad.contains(one))
            })
        };
        assert_eq!(without(&[]), all);
        assert_eq!(asked.get(), 1);
        let left = without(&[0, 512, 999]);
        assert_eq!(left, all.iter().copied().filter(|one| ![0, 512, 999].contains(one)).collect::<Vec<_>>());
        assert!(asked.get() < 60, "{}", asked.get());
        assert!(without(&all).is_empty());
        assert_eq!(largest(&all, |some| some.len() <= 3), [0, 1, 2], "the earlier ones first");
    }

    /// Allowances for nothing: each is a warning with a safe fix. Another one needs the text of the second.
    const ANCHORED: &str = "\
allow:
  port-conflict: Left behind
  unused-rule: &why Small
  etcd-size: Left behind too
title: *why
";

    #[test]
    fn a_fix_that_brings_an_error_is_left_out_by_itself() {
        let mended = mend(&complete(ANCHORED));
        assert!(
            mended.text.starts_with("allow:\n  unused-rule: &why Small\ntitle: *why\n"),
            "{}",
            mended.text
        );
        assert_eq!(mended.applied, 2);
        let left: Vec<&str> =
            mended.harmful.iter().map(|at| mended.report.findings[*at].message.as_str()).collect();
        assert_eq!(left, ["`unused-rule` finds nothing here"]);
        assert!(mended.unfit.is_empty());
    }

    #[test]
    fn what_stands_beside_an_alias_is_left_out_by_itself() {
        let text = complete(
            "\
allow:
  port-conflict: Left behind
  world-open: Left behind too
security-groups:
  nodes:
    inbound:
      - &ssh {port: 22/tcp, from: 10.0.0.0/16, purpose: ssh}
  others:
    inbound:
      - *ssh
      - {port: 80/tcp, from: self, purpose: a}
      - {port: 80/tcp, from: self, purpose: b}
services:
  web: {image: nginx:1.27.2, placement: node, publish: [80:80], traffic-to: web}
nodes:
  node: {count: 3, first-address: {a: 10.0.1.10}, os: debian-12, engine: docker-27.3.1, groups: [nodes, others]}
",
        );
        let mended = mend(&text);
        assert!(mended.text.starts_with("allow: {}\nsecurity-groups:\n"), "{}", mended.text);
        assert_eq!(mended.applied, 2);
        let left: Vec<&str> = mended.unfit.iter().map(|at| mended.report.findings[*at].id).collect();
        assert_eq!(left, ["redundant-rule"]);
        assert!(mended.harmful.is_empty());
    }

    /// A report with a finding for each of these places and texts.
    fn report(fixes: &[(usize, usize, &str)], error: bool) -> Report {
        let finding = |(start, end, text): &(usize, usize, &str)| {
            let span = Span { start: *start, end: *end };
            Diagnostic::new("x", crate::Severity::Note, "x", span)
                .fix(vec![Edit::Replace { span, text: (*text).to_owned() }])
        };
        let mut findings: Vec<Diagnostic> = fixes.iter().map(finding).collect();
        findings.extend(error.then(|| Diagnostic::error("y", "y", Span::default())));
        Report { findings, ..Report::default() }
    }

    #[test]
    fn fixes_of_one_place_wait_for_the_next_round() {
        // The first one brings an error and is in the way of the second, which waits for the third one's round.
        let look = |text: &str| match text {
            "[a, b]" => report(&[(1, 2, "bad"), (1, 2, "good"), (4, 5, "c")], false),
            "[a, c]" => report(&[(1, 2, "bad"), (1, 2, "good")], false),
            "[good, c]" => report(&[(1, 5, "better"), (7, 8, "bad")], false),
            text => report(&[], text.contains("bad")),
        };
        let mended = mend_by("[a, b]", look);
        assert_eq!((mended.text.as_str(), mended.applied), ("[better, c]", 3));
    }

    #[test]
    fn fixes_that_undo_each_other_come_to_an_end() {
        let look = |text: &str| report(&[(0, 1, if text == "a" { "b" } else { "a" })], false);
        assert!(mend_by("a", look).applied > 1);
    }
}
