//! A bridge of the engine with addresses that stand for other hosts.

use std::collections::BTreeMap;

use ipnet::Ipv4Net;

use super::{named, overlap};
use crate::diagnostic::{Diagnostic, MOST_PLACES, Severity, Span};
use crate::lint::{Context, Findings, Found, Lint};
use crate::topology::{OverlayId, PoolId};

pub(super) const LINT: Lint = Lint {
    id: "container-network-collision",
    severity: Severity::Warning,
    summary: "An engine's own network has addresses of the network, of an overlay or of a routed network.",
    reason: "The engine puts a route to its bridge into the node's table, and that one wins over the route to the gateway: \
             packets for a host with such an address never leave the node. A newer engine that is told no range steps aside \
             for what it sees at its start, to a range that nobody has written down and that no firewall knows.",
    source: "ip-route(8): the longest prefix wins; dockerd(8), `--bip` and `--default-address-pool`: docker0 has \
             172.17.0.0/16 unless it is told otherwise.",
    bad: "\
nodes:
  node:
    count: 3
    first-address: {a: 10.0.1.10, b: 10.0.2.10, c: 10.0.3.10}
    os: debian-12
    engine: docker-27.3.1
    groups: nodes
    container-networks: 10.0.0.0/22
",
    good: "\
nodes:
  node:
    count: 3
    first-address: {a: 10.0.1.10, b: 10.0.2.10, c: 10.0.3.10}
    os: debian-12
    engine: docker-27.3.1
    groups: nodes
    container-networks: 10.200.0.0/22
",
    instead_of: &[],
    found: Found::Whole(check),
};

/// What has addresses that an engine's own network must not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Other {
    Network,
    Overlay(OverlayId),
    Routed(Ipv4Net),
}

/// A pool with one of its container networks, and where the document says it.
type Holder = (PoolId, Option<Span>);

fn check(cx: &Context<'_>, findings: &mut Findings) {
    // Pools that are alike have one cause: the same range, in the way of the same others.
    let mut causes: BTreeMap<(Ipv4Net, Vec<Other>), Vec<Holder>> = BTreeMap::new();
    for id in cx.topology.pool_ids() {
        for (position, own) in cx.topology[id].container_networks.iter().enumerate() {
            let others = in_the_way_of(cx, id, *own);
            if !others.is_empty() {
                causes.entry((*own, others)).or_default().push((id, stated(cx, id, position)));
            }
        }
    }
    for ((own, others), holders) in &causes {
        if let Some(finding) = told(cx, *own, others, holders) {
            findings.push(finding);
        }
    }
}

fn told(cx: &Context<'_>, own: Ipv4Net, others: &[Other], holders: &[Holder]) -> Option<Diagnostic> {
    let names = named(holders.iter().map(|(id, _)| cx.topology[*id].name.as_str()));
    let what: Vec<String> = others.iter().map(|other| other.name(cx)).collect();
    let mut message = format!("containers of {names} have addresses of {}", what.join(" and "));
    let mut why =
        "a node sends what is for these addresses to its own bridge, and reaches no host that has one";
    if holders.iter().all(|(_, place)| place.is_none()) {
        message = format!("{message}: `container-networks` is left out, and the engine begins with {own}");
        why = "a node reaches no host with such an address, or its engine has stepped aside to a range that nobody wrote down";
    }
    let stated = holders.iter().filter_map(|(_, place)| *place).take(MOST_PLACES);
    let in_the_way = others.iter().map(|other| other.place(cx, holders[0].0));
    let mut places = stated.map(|span| (span, own.to_string())).chain(in_the_way);
    let (first, text) = places.next()?;
    let finding = LINT.finding(message, first).here(text);
    let finding = places.fold(finding, |finding, (span, text)| finding.also(span, text));
    Some(finding.why(why).help(
        "give the engine's bridge a range that nothing else has (`bip` in its daemon.json), and write it under `container-networks`",
    ))
}

fn in_the_way_of(cx: &Context<'_>, id: PoolId, own: Ipv4Net) -> Vec<Other> {
    let network = overlap(own, cx.topology.network.cidr).then_some(Other::Network);
    let overlays = cx.topology.overlays.iter().zip(0..).filter(|(overlay, _)| overlap(own, overlay.cidr));
    let routed = cx.topology[id].routed.iter().filter(|routed| overlap(own, **routed));
    network
        .into_iter()
        .chain(overlays.map(|(_, position)| Other::Overlay(OverlayId(position))))
        .chain(routed.map(|routed| Other::Routed(*routed)))
        .collect()
}

/// Where the document says this one of a pool's container networks.
fn stated(cx: &Context<'_>, id: PoolId, position: usize) -> Option<Span> {
    let (_, said) = cx.document.nodes.get_index(id.position())?;
    said.container_networks.as_ref()?.get(position).map(|network| network.span)
}

impl Other {
    fn name(self, cx: &Context<'_>) -> String {
        match self {
            Self::Network => "the network".to_owned(),
            Self::Overlay(id) => format!("overlay `{}`", cx.topology[id].name),
            Self::Routed(routed) => format!("{routed}, which is routed to them"),
        }
    }

    fn place(self, cx: &Context<'_>, pool: PoolId) -> (Span, String) {
        let of_pool = cx.topology[pool].span;
        match self {
            Self::Network => (cx.document.network.cidr.span, "the network's addresses".to_owned()),
            Self::Overlay(id) => {
                let said = cx.document.overlays.get_index(id.position());
                (
                    said.map_or(cx.topology[id].span, |(_, said)| said.cidr.span),
                    "the overlay's addresses".to_owned(),
                )
            }
            Self::Routed(routed) => {
                let said = cx.document.nodes.get_index(pool.position()).map(|(_, said)| &said.routed);
                let at = said.and_then(|said| said.iter().find(|net| net.value == routed));
                (at.map_or(of_pool, |net| net.span), "hosts that open connections to containers".to_owned())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::validate;

    fn network(cidr: &str, nodes: &str) -> String {
        format!(
            "name: x\nnetwork: {{name: lab, cidr: {cidr}, subnets: {{a: {{cidr: {cidr}, zone: a}}}}}}\nnodes:\n{nodes}"
        )
    }

    fn found(text: &str) -> Vec<(String, usize)> {
        let report = validate(text);
        assert!(report.topology.is_some(), "{:?}", report.findings);
        let own = report.findings.into_iter().filter(|finding| finding.id == super::LINT.id);
        own.map(|finding| (finding.message, finding.labels.len())).collect()
    }

    fn pool(name: &str, address: &str, more: &str) -> String {
        format!("  {name}: {{first-address: {{a: {address}}}, os: debian-12, engine: docker-27.3.1{more}}}\n")
    }

    #[test]
    fn docker0_is_in_the_way_where_nothing_else_is_said_and_once_for_all_pools() {
        let text =
            network("172.17.4.0/24", &(pool("one", "172.17.4.5", "") + &pool("two", "172.17.4.6", "")));
        let told = "containers of `one` and `two` have addresses of the network: `container-networks` is left out, and \
                    the engine begins with 172.17.0.0/16";
        assert_eq!(found(&text), [(told.to_owned(), 1)]);
    }

    #[test]
    fn what_the_engine_could_take_later_is_no_collision() {
        assert_eq!(found(&network("172.22.0.0/16", &pool("one", "172.22.1.5", ""))), []);
        let moved = pool("one", "172.17.4.5", ", container-networks: 10.9.0.0/16");
        assert_eq!(found(&network("172.17.4.0/24", &moved)), []);
    }

    #[test]
    fn alike_pools_are_told_once_with_every_place() {
        let more = ", container-networks: [10.9.0.0/16, 10.42.128.0/17], routed: 10.9.3.0/24";
        let nodes = pool("one", "10.1.0.5", more) + &pool("two", "10.1.0.6", more);
        let text = network("10.1.0.0/16", &nodes) + "overlays: {managed: {cidr: 10.42.0.0/16}}\n";
        let told = [
            (
                "containers of `one` and `two` have addresses of 10.9.3.0/24, which is routed to them"
                    .to_owned(),
                3,
            ),
            ("containers of `one` and `two` have addresses of overlay `managed`".to_owned(), 3),
        ];
        assert_eq!(found(&text), told);
    }
}
