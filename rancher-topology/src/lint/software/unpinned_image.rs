//! An image without a version.

use indexmap::IndexMap;

use crate::diagnostic::{MOST_PLACES, Severity, Span};
use crate::lint::{Context, Findings, Found, Lint};
use crate::scalar::Image;

pub(super) const LINT: Lint = Lint {
    id: "unpinned-image",
    severity: Severity::Warning,
    summary: "An image has no tag and no digest, or the tag `latest`.",
    reason: "Each engine takes what `latest` is on the day when it first needs the image, and keeps it. A node that is replaced \
             next year runs other software than its neighbours, and nobody can say which version it was that worked.",
    source: "docker pull, \"Pull an image from Docker Hub\": without a tag, `:latest` is used; docker run, `--pull missing`.",
    bad: "\
services:
  web: {image: nginx, placement: node, publish: [8080:8080], traffic-to: web}
security-groups:
  nodes:
    inbound:
      - {port: 8080/tcp, from: self, purpose: requests}
",
    good: "\
services:
  web: {image: nginx:1.27.2, placement: node, publish: [8080:8080], traffic-to: web}
security-groups:
  nodes:
    inbound:
      - {port: 8080/tcp, from: self, purpose: requests}
",
    instead_of: &[],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let mut places: IndexMap<(&str, Option<usize>), Vec<Span>> = IndexMap::new();
    for service in cx.document.services.values() {
        let Image { repository, tag, digest } = Image::of(&service.image);
        if digest.is_none() && tag.is_none_or(|tag| tag == "latest") {
            let span = service.image.span;
            places.entry((repository, cx.allowed(&LINT, span))).or_default().push(span);
        }
    }
    for ((image, _), spans) in places {
        let Some((first, others)) = spans.split_first() else { continue };
        let shown = others.iter().take(MOST_PLACES - 1);
        let hidden = others.len() - shown.len();
        let here = match hidden {
            0 => String::new(),
            more => format!("and {more} more than are shown"),
        };
        let message = match others.len() {
            0 => format!("`{image}` has no version"),
            more => format!("`{image}` has no version, in {} services", more + 1),
        };
        let finding = LINT
            .finding(message, *first)
            .here(here)
            .why("nodes that pull it on different days run different software")
            .help(format!("write a tag, as in `{image}:TAG`, or a digest"));
        findings.push(shown.fold(finding, |finding, span| finding.also(*span, "")));
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use crate::validate::complete;

    #[test]
    fn one_image_is_one_finding_however_many_services_run_it() {
        let mut text = "services:\n".to_owned();
        for number in 0..10 {
            let image = if number % 2 == 0 { "lab:5000/app" } else { "lab:5000/app:latest" };
            writeln!(text, "  s{number}: {{image: \"{image}\", placement: node}}").unwrap();
        }
        writeln!(text, "  pinned: {{image: \"app@sha256:{}\", placement: node}}", "ab".repeat(32)).unwrap();
        let report = crate::validate(&complete(&text));
        let own: Vec<_> = report.findings.iter().filter(|f| f.id == "unpinned-image").collect();
        assert_eq!(own.len(), 1, "{report:#?}");
        assert_eq!(own[0].labels.len(), 6);
        assert_eq!(own[0].labels[0].text, "and 4 more than are shown");
    }
}
