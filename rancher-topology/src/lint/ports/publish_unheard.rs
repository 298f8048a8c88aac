//! A published port behind which nothing listens.

use super::socket::{Namespaces, Said, in_words, listing};
use super::unreachable_listener::unreachable;
use crate::diagnostic::{Diagnostic, Edit, MOST_PLACES, Severity};
use crate::lint::{Context, Findings, Found, Lint};
use crate::scalar::{PortRange, Ports, Publish};
use crate::topology::{ServiceId, ServiceNetwork};

pub(super) const LINT: Lint = Lint {
    id: "publish-unheard",
    severity: Severity::Warning,
    summary: "A published port leads to a port of the container that nothing listens on.",
    reason: "The engine's proxy accepts the connection on the node and finds nobody behind it: the client sees a \
             connection that opens and closes at once, and a check that only connects says that all is well. What \
             listens is what `listen` says, for the service itself and for those that share its network. Where one of \
             them does not say what it listens on, nothing is concluded.",
    source: "docker-run(1), `--publish HOST:CONTAINER`; the engine's userland proxy (moby, cmd/docker-proxy).",
    bad: "\
security-groups:
  nodes: {inbound: [{port: 8080/tcp, from: 203.0.113.0/24}]}
services:
  web: {image: nginx:1.27.2, placement: node, publish: [\"8080:8080\"], listen: [80]}
  peer: {image: busybox:1.36.1, placement: node, network-of: web, listen: [], traffic-to: \"web:80\"}
",
    good: "\
security-groups:
  nodes: {inbound: [{port: 8080/tcp, from: 203.0.113.0/24}]}
services:
  web: {image: nginx:1.27.2, placement: node, publish: [\"8080:80\"], listen: [80]}
  peer: {image: busybox:1.36.1, placement: node, network-of: web, listen: [], traffic-to: \"web:80\"}
",
    instead_of: &["unreachable-listener"],
    found: Found::Whole(check),
};

fn check(cx: &Context, findings: &mut Findings) {
    let namespaces = Namespaces::of(cx);
    for id in cx.topology.service_ids() {
        findings.found.extend(finding(cx, &namespaces, id));
    }
}

/// What a service publishes and nothing listens on, with the ports of the container that nobody has.
pub(super) fn unheard(cx: &Context, namespaces: &Namespaces, id: ServiceId) -> Vec<(usize, Vec<PortRange>)> {
    let service = &cx.topology[id];
    let namespace = namespaces.of_service(cx.topology, id);
    if service.network == ServiceNetwork::Host || !namespace.known {
        return Vec::new();
    }
    let silent = |publish: &Publish| {
        silent(Ports { protocol: publish.protocol, range: publish.container }, &namespace.heard)
    };
    let all = service.publish.iter().map(silent).enumerate();
    all.filter(|(_, silent)| !silent.is_empty()).collect()
}

fn finding(cx: &Context, namespaces: &Namespaces, id: ServiceId) -> Option<Diagnostic> {
    let service = &cx.topology[id];
    let dead = unheard(cx, namespaces, id);
    let ((first, silent), more) = dead.split_first()?;
    let publish = service.publish[*first];
    let span = |at: &usize| Said::Publish(id, *at).span(cx.document);
    let words = |silent: &[PortRange]| {
        let words: Vec<String> = silent.iter().map(ToString::to_string).collect();
        in_words(&words).unwrap_or_default()
    };
    let finding = LINT
        .finding(
            format!(
                "`{}` publishes port {} of its container, and nothing there listens on {}",
                service.name,
                Ports { protocol: publish.protocol, range: publish.container },
                if *silent == [publish.container] { "it".to_owned() } else { words(silent) },
            ),
            span(first),
        )
        .why(format!(
            "in that network namespace there is: {}",
            listing(&namespaces.of_service(cx.topology, id).heard)
        ));
    let places =
        more.iter().map(|(at, silent)| (span(at), format!("nothing listens on {} either", words(silent))));
    let finding = finding.also_up_to(MOST_PLACES, places);
    // Where a port is listened on that nobody reaches, one of the two numbers is the other.
    let lost = unreachable(cx, namespaces, id);
    let labels = finding.labels.len() + MOST_PLACES;
    let places = lost
        .iter()
        .map(|socket| (socket.said.span(cx.document), format!("and nobody can reach {}", socket.ports)));
    let finding = finding.also_up_to(labels, places);
    let meant = match (more, lost.as_slice()) {
        ([], [one]) if one.ports.protocol == publish.protocol => {
            Some(Publish { container: one.ports.range, ..publish })
        }
        _ => None,
    };
    Some(match meant.filter(|meant| meant.container.len() == meant.host.len()) {
        Some(meant) => finding
            .help(format!("did you mean `{meant}`?"))
            .suggest(vec![Edit::Replace { span: span(first), text: format!("\"{meant}\"") }]),
        None => finding.help(
            "publish a port that is listened on, or state the missing one under `listen` of the service that does",
        ),
    })
}

/// The parts of a range of ports that nothing listens on, in order.
fn silent(asked: Ports, heard: &[Ports]) -> Vec<PortRange> {
    let mut ranges: Vec<PortRange> = heard
        .iter()
        .filter(|ports| ports.protocol == asked.protocol && ports.range.overlaps(asked.range))
        .map(|ports| ports.range)
        .collect();
    ranges.sort_unstable();
    let mut silent = Vec::new();
    let mut next = u32::from(asked.range.first());
    let end = u32::from(asked.range.last()) + 1;
    let mut add = |from: u32, to: u32| {
        if from < to
            && let (Ok(first), Ok(last)) = (u16::try_from(from), u16::try_from(to - 1))
        {
            silent.extend(PortRange::new(first, last));
        }
    };
    for range in ranges {
        add(next, u32::from(range.first()).min(end));
        next = next.max(u32::from(range.last()) + 1);
    }
    add(next, end);
    silent
}

#[cfg(test)]
mod tests {
    use super::silent;
    use crate::validate;
    use crate::validate::complete;

    #[test]
    fn what_is_silent_is_what_is_left() {
        let left = |asked: &str, heard: &[&str]| {
            let heard: Vec<_> = heard.iter().map(|word| word.parse().unwrap()).collect();
            silent(asked.parse().unwrap(), &heard).iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(left("80-89", &["82", "85-86", "80"]), ["81", "83-84", "87-89"]);
        assert_eq!(left("80", &["80/udp"]), ["80"]);
        assert_eq!(left("65535", &["65535"]), Vec::<String>::new());
        assert_eq!(left("65530-65535", &["1-65533"]), ["65534-65535"]);
    }

    fn found(services: &str) -> usize {
        let report = validate(&complete(services));
        assert!(report.topology.is_some(), "{:#?}", report.findings);
        report.findings.iter().filter(|finding| finding.id == "publish-unheard").count()
    }

    #[test]
    fn others_of_the_namespace_and_tunnels_listen_too() {
        let text = "services:
  pause: {image: 'a:1', placement: node, publish: ['80:8080', '6379:16379', '99:MORE'], listen: []}
  app: {image: 'a:1', placement: node, network-of: pause, listen: [8080, 99]}
  cache: {image: 'a:1', placement: node, network-of: pause}
tunnels:
  mesh: {carries: cache, port: 6379, entry: 16379}
";
        assert_eq!(found(&text.replace("MORE", "99")), 0);
        assert_eq!(found(&text.replace("MORE", "98")), 1);
    }

    #[test]
    fn nothing_is_concluded_where_one_does_not_say_what_it_listens_on() {
        let text = "services:
  pause: {image: 'a:1', placement: node, publish: ['80:8080'], listen: []}
  app: {image: 'a:1', placement: node, network-of: pause}
";
        assert_eq!(found(text), 0);
        assert_eq!(found("services: {web: {image: 'a:1', placement: node, publish: ['80:8080']}}\n"), 0);
    }

    #[test]
    fn several_of_one_service_are_one_finding() {
        let text = "services:
  web: {image: 'a:1', placement: node, publish: ['80:81', '82:83'], listen: [80]}
";
        assert_eq!(found(text), 1);
    }
}
