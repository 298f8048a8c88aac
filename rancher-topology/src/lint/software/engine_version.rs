//! An engine of a version that there never was.

use crate::diagnostic::Severity;
use crate::lint::{Context, Findings, Found, Lint};
use crate::scalar::Version;

pub(super) const LINT: Lint = Lint {
    id: "engine-version",
    severity: Severity::Error,
    summary: "A node's engine has a version that was never released.",
    reason: "It cannot be installed, and what is rendered for it follows rules that no engine has. Docker went from 1.13 to \
             17.03, counted years and months up to 20.10, and went on with 23.0.",
    source: "Docker documentation, \"Docker Engine release notes\", with its prior releases; the tags of moby/moby.",
    bad: "\
nodes:
  node:
    count: 3
    first-address: {a: 10.0.1.10, b: 10.0.2.10, c: 10.0.3.10}
    os: debian-12
    engine: docker-21.0.3
    groups: nodes
",
    good: "\
nodes:
  node:
    count: 3
    first-address: {a: 10.0.1.10, b: 10.0.2.10, c: 10.0.3.10}
    os: debian-12
    engine: docker-27.3.1
    groups: nodes
",
    instead_of: &[],
    found: Found::Whole(check),
};

/// Released lines: the first number, and the first and last of the second numbers. Of those that count months, some are
/// missing in between; edge releases and those for enterprises filled others.
const LINES: [(u32, u32, u32); 12] = [
    (1, 0, 13),
    (17, 3, 12),
    (18, 1, 9),
    (19, 3, 3),
    (20, 10, 10),
    (23, 0, 0),
    (24, 0, 0),
    (25, 0, 0),
    (26, 0, 1),
    (27, 0, 5),
    (28, 0, 5),
    // The newest line is still growing.
    (NEWEST, 0, u32::MAX),
];

/// The newest line that is known here.
const NEWEST: u32 = 29;

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for said in cx.document.nodes.values() {
        let engine = &said.engine;
        let version = &engine.version;
        if version.major() > NEWEST {
            findings.unchecked(&LINT, format!("whether there is a {} is not known", engine.value));
        } else if !is_released(version) {
            findings.push(
                LINT.finding(format!("there never was a {}", engine.value), engine.span)
                    .why("it cannot be installed")
                    .help(format!(
                        "the versions beside it are {}; `docker version` on a node prints its own",
                        beside(version)
                    )),
            );
        }
    }
}

fn is_released(version: &Version) -> bool {
    LINES.iter().any(|(major, first, last)| {
        *major == version.major() && (version.is_major_only() || (*first..=*last).contains(&version.minor()))
    })
}

/// The lines before and behind a version that is in none.
fn beside(version: &Version) -> String {
    let own = (version.major(), version.minor());
    let before = LINES.iter().map(|(major, _, last)| (*major, *last)).filter(|line| *line < own).max();
    let behind = LINES.iter().map(|(major, first, _)| (*major, *first)).filter(|line| *line > own).min();
    let lines: Vec<String> = before.into_iter().chain(behind).map(line).collect();
    lines.join(" and ")
}

/// A line as it is written: months have two digits.
fn line((major, minor): (u32, u32)) -> String {
    if (17..=19).contains(&major) {
        format!("docker-{major}.{minor:02}")
    } else {
        format!("docker-{major}.{minor}")
    }
}

#[cfg(test)]
mod tests {
    use super::LINT;
    use crate::validate;
    use crate::validate::complete;

    #[test]
    fn what_was_released_is_known_and_what_comes_later_is_not() {
        let told = |engine: &str| {
            let report = validate(&complete(&LINT.good.replace("docker-27.3.1", engine)));
            assert!(report.topology.is_some(), "{report:#?}");
            let help = report.findings.into_iter().find(|finding| finding.id == LINT.id).and_then(|f| f.help);
            (help, report.unchecked.len())
        };
        for released in [
            "docker-1.10.3",
            "docker-1.13.1",
            "docker-17.03.2",
            "docker-18.09",
            "docker-19.03.15",
            "docker-20.10.24",
            "docker-23.0.6",
            "docker-26.1.4",
            "docker-27",
            "docker-29.4.0",
        ] {
            assert_eq!(told(released), (None, 0), "{released}");
        }
        for (never, beside) in [
            ("docker-1.14", "docker-1.13 and docker-17.03;"),
            ("docker-18.10.1", "docker-18.09 and docker-19.03;"),
            ("docker-22.06", "docker-20.10 and docker-23.0;"),
            ("docker-27.31", "docker-27.5 and docker-28.0;"),
        ] {
            assert!(told(never).0.unwrap().contains(beside), "{never}: {:?}", told(never));
        }
        assert_eq!(told("docker-273.1"), (None, 1));
    }
}
