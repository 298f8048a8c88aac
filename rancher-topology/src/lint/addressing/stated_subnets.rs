//! Subnets that the source of the topology speaks of and does not give.

use crate::diagnostic::{MOST_PLACES, Severity, Span};
use crate::lint::{Context, Findings, Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "stated-subnets",
    severity: Severity::Note,
    summary: "The source speaks of another number of subnets, or does not give some of them.",
    reason: "An assumed subnet may be somebody else's by now, and one that is missing here is in no rule. The rules that were \
             written for the source's one subnet do not cover the others either.",
    source: "The document itself, `stated-subnets` and `assumed`.",
    bad: "\
network:
  name: lab
  cidr: 10.0.0.0/16
  stated-subnets: 4
  subnets:
    a: {cidr: 10.0.1.0/24, zone: a}
    b: {cidr: 10.0.2.0/24, zone: b}
    c: {cidr: 10.0.3.0/24, zone: c, assumed: The page gives two}
",
    good: "\
network:
  name: lab
  cidr: 10.0.0.0/16
  stated-subnets: 3
  subnets:
    a: {cidr: 10.0.1.0/24, zone: a}
    b: {cidr: 10.0.2.0/24, zone: b}
    c: {cidr: 10.0.3.0/24, zone: c}
",
    instead_of: &[],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let said = &cx.document.network;
    let there = said.subnets.len();
    let assumed: Vec<Span> =
        said.subnets.values().filter_map(|subnet| subnet.assumed.as_ref().map(|why| why.span)).collect();
    let stated = said.stated_subnets.as_ref();
    let differs = stated.is_some_and(|count| count.value != there);
    let Some(place) = stated.map(|count| count.span).or(assumed.first().copied()) else { return };
    let number = |count: usize| if count == 1 { "one".to_owned() } else { count.to_string() };
    let subnets =
        |count: usize| if count == 1 { "one subnet".to_owned() } else { format!("{count} subnets") };
    let were = if assumed.len() == 1 { "was" } else { "were" };
    let message = match (stated, differs, assumed.len()) {
        (_, false, 0) => return,
        (Some(count), true, 0) => {
            let are = if there == 1 { "is" } else { "are" };
            format!("the source speaks of {}, and there {are} {}", subnets(count.value), number(there))
        }
        (Some(count), true, _) => format!(
            "the source speaks of {}; here are {}, of which {} {were} assumed",
            subnets(count.value),
            number(there),
            number(assumed.len())
        ),
        (Some(count), false, _) => {
            format!(
                "the source speaks of {}, of which {} {were} assumed",
                subnets(count.value),
                number(assumed.len())
            )
        }
        (None, ..) => format!("{} {were} assumed", subnets(assumed.len())),
    };
    let others = assumed.iter().filter(|span| **span != place).take(MOST_PLACES);
    let finding = others.fold(LINT.finding(message, place), |finding, span| finding.also(*span, "assumed"));
    findings.push(
        finding
            .why("an assumed subnet may be somebody else's, and a missing one is in no rule")
            .help("look up what the network really has, and take `assumed` away where it was right"),
    );
}

#[cfg(test)]
mod tests {
    use crate::validate;
    use crate::validate::complete;

    fn told(stated: &str, first: &str) -> Vec<String> {
        let text = complete(&format!(
            "network:\n  name: lab\n  cidr: 10.0.0.0/16\n{stated}  subnets:\n    a: {{cidr: 10.0.1.0/24, zone: a{first}}}\n    \
             b: {{cidr: 10.0.2.0/24, zone: b}}\n    c: {{cidr: 10.0.3.0/24, zone: c}}\n"
        ));
        validate(&text).findings.into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn each_combination_is_told_once() {
        let (three, two, assumed) = ("  stated-subnets: 3\n", "  stated-subnets: 2\n", ", assumed: A guess");
        assert_eq!(told("", ""), [""; 0]);
        assert_eq!(told(three, ""), [""; 0]);
        assert_eq!(told(two, ""), ["the source speaks of 2 subnets, and there are 3"]);
        assert_eq!(told("", assumed), ["one subnet was assumed"]);
        assert_eq!(told(three, assumed), ["the source speaks of 3 subnets, of which one was assumed"]);
        let both = "the source speaks of 2 subnets; here are 3, of which one was assumed";
        assert_eq!(told(two, assumed), [both]);
    }
}
