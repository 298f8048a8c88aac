//! One image with several versions.

use std::collections::BTreeMap;

use indexmap::IndexMap;

use crate::diagnostic::{Diagnostic, MOST_PLACES, Severity, Span};
use crate::lint::{Context, Findings, Found, Lint};
use crate::scalar::Image;

pub(super) const LINT: Lint = Lint {
    id: "mixed-image-versions",
    severity: Severity::Note,
    summary: "Services run several versions of one image.",
    reason: "Most often an upgrade stopped half way, or one row was forgotten: the parts of one product then speak different \
             versions of it. Tags of different forms, as `1.27.2` and `1.27.2-alpine`, are not compared. Where two \
             services have nothing to do with each other, allow it.",
    source: "The document itself.",
    bad: "\
services:
  api: {image: app:1.4.2, placement: node, publish: [8080:8080], traffic-to: worker}
  worker: {image: app:1.4.1, placement: node, publish: [8081:8081], traffic-to: api}
security-groups:
  nodes:
    inbound:
      - {port: 8080-8081/tcp, from: self, purpose: requests}
",
    good: "\
services:
  api: {image: app:1.4.2, placement: node, publish: [8080:8080], traffic-to: worker}
  worker: {image: app:1.4.2, placement: node, publish: [8081:8081], traffic-to: api}
security-groups:
  nodes:
    inbound:
      - {port: 8080-8081/tcp, from: self, purpose: requests}
",
    instead_of: &[],
    found: Found::Whole(check),
};

/// The versions of one image whose tags have one form: each with the places where it stands.
type Versions<'a> = IndexMap<&'a str, Vec<Span>>;

/// The places of one image, by the allowance beside them; those without one are the first.
type ByAllowance<'a> = BTreeMap<Option<usize>, Versions<'a>>;

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let mut images: BTreeMap<(&str, String), ByAllowance<'_>> = BTreeMap::new();
    for service in cx.document.services.values() {
        let Image { repository, tag: Some(tag), .. } = Image::of(&service.image) else { continue };
        let Some(form) = form(tag) else { continue };
        let span = service.image.span;
        let places = images.entry((repository, form)).or_default();
        let versions = places.entry(cx.allowed(&LINT, span)).or_default();
        versions.entry(tag).or_default().push(span);
    }
    for ((image, _), places) in images {
        // What is left without those that are allowed.
        if let Some(versions) = places.get(&None).filter(|versions| versions.len() > 1) {
            findings.found.extend(finding(image, versions, rarest(versions)));
        }
        let mut all = Versions::new();
        for (tag, spans) in places.values().flatten() {
            all.entry(tag).or_default().extend(spans);
        }
        for (_, allowed) in places.iter().filter(|(allowance, _)| allowance.is_some() && all.len() > 1) {
            findings.found.extend(finding(image, &all, rarest(allowed)));
        }
    }
}

/// What is used least is what was forgotten; of equals the one that is written last.
fn rarest<'v>(versions: &'v Versions<'_>) -> Option<(&'v str, &'v [Span])> {
    let places = versions.iter().enumerate();
    let rarest = places.min_by_key(|(position, (_, spans))| (spans.len(), versions.len() - position));
    rarest.map(|(_, (tag, spans))| (*tag, spans.as_slice()))
}

fn finding(image: &str, versions: &Versions<'_>, main: Option<(&str, &[Span])>) -> Option<Diagnostic> {
    let (main, spans) = main?;
    let tags: Vec<String> = versions.keys().take(MOST_PLACES).map(|tag| format!("`{tag}`")).collect();
    let others = versions.iter().filter(|(tag, _)| **tag != main).take(MOST_PLACES - 1);
    let finding = LINT
        .finding(
            format!("`{image}` runs in {} versions: {}", versions.len(), tags.join(", ")),
            *spans.first()?,
        )
        .here(in_services(main, spans.len()))
        .why("an upgrade that stopped half way looks like this")
        .help("write the same tag everywhere, or allow it where the services are strangers");
    let others = others.filter_map(|(tag, spans)| Some((*spans.first()?, in_services(tag, spans.len()))));
    Some(others.fold(finding, |finding, (span, text)| finding.also(span, text)))
}

fn in_services(tag: &str, count: usize) -> String {
    if count == 1 { format!("`{tag}` in one service") } else { format!("`{tag}` in {count} services") }
}

/// A tag with its version taken out: `v1.1.4` and `v2.0` have one form. `None` when there is no number in it.
fn form(tag: &str) -> Option<String> {
    let mut form = String::new();
    for (position, c) in tag.char_indices() {
        let in_version = c.is_ascii_digit() || (c == '.' && form.ends_with('#'));
        let goes_on = c != '.' || tag[position + 1..].starts_with(|next: char| next.is_ascii_digit());
        match (in_version && goes_on, form.ends_with('#')) {
            (true, true) => {}
            (true, false) => form.push('#'),
            (false, _) => form.push(c),
        }
    }
    form.contains('#').then_some(form)
}

#[cfg(test)]
mod tests {
    use super::form;
    use crate::validate::complete;

    #[test]
    fn tags_of_one_form_differ_in_their_version_only() {
        assert_eq!(form("v1.1.4"), form("v2.0"));
        assert_eq!(form("1.27.2-alpine").as_deref(), Some("#-alpine"));
        assert_ne!(form("1.27.2"), form("1.27.2-alpine"));
        assert_ne!(form("web-1.2"), form("worker-1.2"));
        assert_eq!(form("stable"), None);
    }

    #[test]
    fn the_one_that_was_forgotten_is_the_main_place() {
        let text = "\
services:
  a: {image: rancher/server:v1.1.3, placement: node}
  b: {image: rancher/server:v1.1.4, placement: node}
  c: {image: rancher/server:v1.1.4, placement: node}
  d: {image: nginx:1.27.2, placement: node}
  e: {image: nginx:1.27.2-alpine, placement: node}
";
        let text = complete(text);
        let report = crate::validate(&text);
        let own: Vec<_> = report.findings.iter().filter(|f| f.id == "mixed-image-versions").collect();
        assert_eq!(own.len(), 1, "{report:#?}");
        let span = own[0].labels[0].span;
        assert_eq!(&text[span.start..span.end], "rancher/server:v1.1.3");
        assert_eq!(own[0].labels[1].text, "`v1.1.4` in 2 services");
    }
}
