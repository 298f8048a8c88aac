//! An overlay with addresses of the network below it, or of another overlay.

use super::overlap;
use crate::diagnostic::Severity;
use crate::document::Document;
use crate::lint::{Findings, Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "overlay-collision",
    severity: Severity::Error,
    summary: "An overlay has addresses of the network or of another overlay.",
    reason: "The overlay's packets travel between the nodes' own addresses. Where a node takes such an address for one inside \
             the overlay, it sends into the overlay what has to carry it; where two overlays share addresses, a container is \
             reached by luck.",
    source: "docker-network-create(1): subnetworks do not overlap; Rancher 1.x, \"Networking\": the managed network is \
             10.42.0.0/16.",
    bad: "\
overlays:
  managed: {cidr: 10.0.128.0/17}
",
    good: "\
overlays:
  managed: {cidr: 10.42.0.0/16}
",
    instead_of: &[],
    found: Found::Parts(check),
};

fn check(document: &Document, findings: &mut Findings) {
    let network = &document.network.cidr;
    for (position, (name, overlay)) in document.overlays.iter().enumerate() {
        let mut others = Vec::new();
        if overlap(overlay.cidr.value, network.value) {
            others.push(("the network".to_owned(), network));
        }
        let earlier = document.overlays.iter().take(position);
        let twins = earlier.filter(|(_, other)| overlap(overlay.cidr.value, other.cidr.value));
        others.extend(twins.map(|(other, said)| (format!("overlay `{}`", other.value), &said.cidr)));
        let what: Vec<&str> = others.iter().map(|(what, _)| what.as_str()).collect();
        if what.is_empty() {
            continue;
        }
        let message = format!("overlay `{}` has addresses of {}", name.value, what.join(" and "));
        let finding = LINT.finding(message, overlay.cidr.span).here(format!("{}", overlay.cidr.value));
        let finding =
            others.iter().fold(finding, |finding, (_, cidr)| finding.also(cidr.span, cidr.to_string()));
        findings.push(
            finding
                .why("a packet for an address in both goes to one of the two, and the other host is never reached")
                .help("give the overlay a private range that nothing else has"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::validate;
    use crate::validate::complete;

    #[test]
    fn two_overlays_of_one_range_are_told_at_the_second_even_beside_what_is_refused() {
        let text =
            complete("overlays: {one: {cidr: 10.42.0.0/16}, two: {cidr: 10.42.7.0/24}}\nstarters: nothing\n");
        let told: Vec<_> = validate(&text).findings.into_iter().map(|f| (f.id, f.message)).collect();
        assert_eq!(told.len(), 2, "{told:?}");
        assert_eq!(told[0], ("overlay-collision", "overlay `two` has addresses of overlay `one`".to_owned()));
    }
}
