//! Whatever a document's groups and rules are: tightened, they admit every flow and nothing that could go.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

#[path = "support/asked.rs"]
mod asked;

use std::collections::BTreeSet;

use asked::{Asked, ask};
use proptest::prelude::*;
use rancher_topology::flow::Party;
use rancher_topology::policy::{Direction, PacketSet, StatedRule, Usage};
use rancher_topology::tighten::{Because, Tightened};
use rancher_topology::{load, tighten, validate};
use serde_json::{Value, json};

const GROUPS: [&str; 4] = ["alpha", "beta", "gamma", "delta"];
const POOLS: [&str; 4] = ["web", "api", "store", "edge"];
const SERVICES: [&str; 4] = ["front", "orders", "ledger", "search"];

fn peer() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        3 => Just("self"),
        3 => proptest::sample::select(&GROUPS[..]),
        4 => proptest::sample::select(vec![
            "10.20.1.0/24", "10.20.2.0/24", "10.20.1.10/32", "10.20.1.8/29", "10.20.0.0/16", "10.0.0.0/8",
            "10.20.1.20/31", "10.20.2.10/32", "172.16.9.0/24",
        ]),
        2 => proptest::sample::select(vec!["0.0.0.0/0", "internet", "203.0.113.0/24", "198.51.100.0/24"]),
    ]
}

fn port() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec![
        "7000/tcp",
        "7001/tcp",
        "7002/tcp",
        "7003/tcp",
        "7000-7001/tcp",
        "7001-7003/tcp",
        "7000-7999/tcp",
        "6999/tcp",
        "7000/udp",
        "443/tcp",
        "22/tcp",
        "3306/tcp",
        "3000-4000/tcp",
        "icmp",
        "any",
        "53/udp",
    ])
}

fn rule() -> impl Strategy<Value = Value> {
    let peers = proptest::collection::vec(peer(), 1..4);
    let notes = prop_oneof![10 => Just(0_u8), 1 => Just(1), 1 => Just(2), 3 => Just(3)];
    (port(), peers, notes).prop_map(|(port, peers, notes)| {
        let mut rule = match peers.as_slice() {
            [one] => json!({"port": port, "peer": one}),
            several => json!({"port": port, "peer": several}),
        };
        match notes {
            1 => rule["optional"] = json!(true),
            2 => rule["allow"] = json!({"unused-rule": "So it is"}),
            3 => rule["purpose"] = json!(port),
            _ => {}
        }
        rule
    })
}

fn named(rule: &Value, word: &str) -> Value {
    let peer = rule["peer"].clone();
    let mut named = json!({"port": rule["port"], word: peer});
    for key in ["optional", "purpose", "allow"] {
        if let Some(value) = rule.get(key).filter(|_| key != "optional" || word == "from") {
            named[key] = value.clone();
        }
    }
    named
}

type Made =
    (Vec<(usize, Vec<usize>)>, Vec<(usize, Vec<usize>)>, Vec<(Vec<Value>, Option<Vec<Value>>)>, [u8; 3]);

fn made() -> impl Strategy<Value = Made> {
    let pool = (1..4_usize, proptest::sample::subsequence((0..4).collect::<Vec<_>>(), 0..3));
    let service = (0..4_usize, proptest::sample::subsequence((0..4).collect::<Vec<_>>(), 0..3));
    let outbound = prop_oneof![3 => Just(None), 1 => proptest::collection::vec(rule(), 0..4).prop_map(Some)];
    let group = (proptest::collection::vec(rule(), 0..5), outbound);
    (
        proptest::collection::vec(pool, 2..5),
        proptest::collection::vec(service, 1..5),
        proptest::collection::vec(group, 4..5),
        [0..4_u8, 0..3_u8, 0..2_u8],
    )
}

fn document((pools, services, groups, [balancer, database, aws]): Made) -> Value {
    let mut document = json!({
        "name": "made",
        "network": {"name": "lab", "cidr": "10.20.0.0/16", "provider": if aws == 1 { "aws" } else { "plain" }, "subnets": {
            "a": {"cidr": "10.20.1.0/24", "zone": "us-west-2a"}, "b": {"cidr": "10.20.2.0/24", "zone": "us-west-2b"},
        }},
        "nodes": {}, "security-groups": {}, "services": {},
    });
    for (at, (count, groups)) in pools.iter().enumerate() {
        let groups: Vec<&str> = groups.iter().map(|group| GROUPS[*group]).collect();
        document["nodes"][POOLS[at]] = json!({
            "count": count, "os": "debian-12", "engine": "docker-27.3.1", "groups": groups, "traffic-to": [],
            "first-address": {"a": format!("10.20.1.{}", 10 * (at + 1)), "b": format!("10.20.2.{}", 10 * (at + 1))},
        });
    }
    for (at, (inbound, outbound)) in groups.into_iter().enumerate() {
        let inbound: Vec<Value> = inbound.iter().map(|rule| named(rule, "from")).collect();
        let mut group = json!({"inbound": inbound});
        if let Some(rules) = outbound {
            group["outbound"] = rules.iter().map(|rule| named(rule, "to")).collect();
        }
        document["security-groups"][GROUPS[at]] = group;
    }
    let count = services.len();
    for (at, (pool, to)) in services.into_iter().enumerate() {
        let mut traffic: Vec<String> =
            to.into_iter().filter(|to| *to < count).map(|to| SERVICES[to].to_owned()).collect();
        traffic.extend((at == 0 && database == 1).then(|| "data".to_owned()));
        traffic.extend((at == 0 && balancer > 0).then(|| "entrance".to_owned()));
        traffic.extend((at == 1).then(|| "internet:443".to_owned()));
        document["services"][SERVICES[at]] = json!({
            "image": "made:1.0.1", "placement": POOLS[pool % pools.len()],
            "publish": [format!("{}:80", 7000 + at)], "traffic-to": traffic,
        });
    }
    if balancer > 0 {
        let pool = document["services"][SERVICES[0]]["placement"].clone();
        let groups: &[&str] = if balancer == 1 { &[] } else { &["delta"] };
        document["load-balancers"] = json!({"entrance": {
            "targets": pool, "groups": groups, "subnets": ["a", "b"],
            "scheme": if balancer == 3 { "internal" } else { "internet-facing" },
            "listeners": [{"listen": "443/tcp", "forward": "7000/tcp"}], "health-check": "TCP:7000",
        }});
    }
    if database == 1 {
        document["databases"] =
            json!({"data": {"engine": "mariadb-10.11", "port": 3306, "subnets": ["a", "b"]}});
    }
    document
}

impl Asked {
    fn blocked(&self, direction: Direction) -> Vec<(String, PacketSet)> {
        let own = self.admission.blocked().iter().filter(|one| one.direction == direction);
        own.map(|one| (format!("{:?}", one.flow), one.packets.clone())).collect()
    }

    /// What the rules of one direction admit.
    fn admitted(&self, direction: Direction) -> PacketSet {
        let rules = self.admission.rules().iter().filter(|rule| rule.direction == direction);
        rules.fold(PacketSet::default(), |all, rule| all.union(&rule.packets))
    }

    /// What they would have to admit, and do not.
    fn needed(&self, direction: Direction) -> PacketSet {
        self.blocked(direction).iter().fold(PacketSet::default(), |all, (_, packets)| all.union(packets))
    }

    /// What is shut out here and not there.
    fn blocks_more_than(&self, other: &Self) -> bool {
        [Direction::Inbound, Direction::Outbound].into_iter().any(|direction| {
            let theirs = other.blocked(direction);
            self.blocked(direction).into_iter().any(|(flow, packets)| {
                !theirs.iter().any(|(same, all)| *same == flow && packets.is_subset(all))
            })
        })
    }

    fn words(&self, rule: &StatedRule, document: &Value) -> String {
        let (list, word) = match rule.direction {
            Direction::Inbound => ("inbound", "from"),
            Direction::Outbound => ("outbound", "to"),
        };
        let written =
            &document["security-groups"][self.policy[rule.group].name.as_str()][list][rule.place.rule];
        let peer = match &written[word] {
            Value::Array(peers) => peers[rule.place.peer].clone(),
            one => one.clone(),
        };
        format!("{} {list} {} {}", self.policy[rule.group].name, rule.traffic, peer.as_str().unwrap())
    }

    /// Whether how much a rule admits is a decision of its own: of the internet, and of a part of the addresses that
    /// something without a fixed one may have.
    fn is_decided(&self, rule: &StatedRule) -> bool {
        let Usage::Flows(flows) = &rule.usage else { return false };
        let other = |flow| {
            let flow = &self.flows[flow];
            if rule.direction == Direction::Inbound { flow.client } else { flow.server }
        };
        let by_network =
            rule.peers.iter().all(|peer| matches!(peer, rancher_topology::policy::RulePeer::Network(_)));
        let unfixed = |party| !matches!(party, Party::Service(_) | Party::Pool(_));
        let public = |flow| matches!(self.flows[flow].server, Party::LoadBalancer(_));
        let routed = |flow| matches!(self.flows[flow].route, rancher_topology::flow::Route::Balanced { .. });
        by_network && flows.iter().any(|flow| unfixed(other(*flow)) || public(*flow) || routed(*flow))
    }
}

fn kept(tightened: &Tightened) -> BTreeSet<String> {
    let words = tightened.kept.iter().map(|kept| {
        let rule = &kept.rule;
        let list = if rule.direction == Direction::Inbound { "inbound" } else { "outbound" };
        format!("{} {list} {} {}", rule.group, rule.traffic, rule.peer)
    });
    words.collect()
}

/// The document without a rule's peer.
fn without(document: &Value, group: &str, rule: &StatedRule) -> Value {
    let mut document = document.clone();
    let (list, word) = match rule.direction {
        Direction::Inbound => ("inbound", "from"),
        Direction::Outbound => ("outbound", "to"),
    };
    let rules = document["security-groups"][group][list].as_array_mut().unwrap();
    match &mut rules[rule.place.rule][word] {
        Value::Array(peers) if peers.len() > 1 => drop(peers.remove(rule.place.peer)),
        _ => drop(rules.remove(rule.place.rule)),
    }
    document
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn tightened_is_least_and_admits_every_flow(made in made()) {
        let text = document(made).to_string();
        let loaded = load(&text);
        prop_assume!(loaded.is_ok());
        let before = ask(&text);
        let tightened = tighten(&text).unwrap();
        let document: Value = serde_json::from_str(&tightened.text).expect("JSON stays JSON");
        let after = ask(&tightened.text);
        prop_assert!(!after.blocks_more_than(&before), "shut out now:\n{text}\n{}", tightened.text);
        prop_assert!(tightened.missing.is_empty());
        let shut: Vec<_> = after.admission.blocked().iter().filter(|one| one.certain).collect();
        prop_assert!(shut.is_empty(), "shut out still: {shut:?}\n{text}\n{}", tightened.text);
        for direction in [Direction::Inbound, Direction::Outbound] {
            let known = [before.admitted(direction), before.needed(direction)];
            let new = known.iter().fold(after.admitted(direction), |new, known| new.difference(known));
            // What an address sends to itself asks no rule.
            let beyond = new.cover().iter().any(|part| {
                let (from, to) = (part.source.fixed(), part.destination.fixed());
                !from.is_empty() && !to.is_empty() && from != to
            });
            let told = tightened.opened.iter().any(|one| one.rule.direction == direction);
            prop_assert!(!beyond || told, "opened untold: {new:?}\n{text}\n{}", tightened.text);
            prop_assert!(!told || !new.is_empty(), "{:?}\n{text}\n{}", tightened.opened, tightened.text);
        }
        let again = tighten(&tightened.text).unwrap();
        prop_assert_eq!(&again.text, &tightened.text, "made again of\n{}", text);
        let kept = kept(&tightened);
        let stays = |rule: &StatedRule| kept.contains(&after.words(rule, &document));
        for rule in after.admission.rules() {
            if stays(rule) || after.is_decided(rule) {
                continue;
            }
            let group = after.policy[rule.group].name.as_str();
            // What is marked stays however tight it is.
            let (list, at) = (if rule.direction == Direction::Inbound { "inbound" } else { "outbound" }, rule.place.rule);
            let written = &document["security-groups"][group][list][at];
            if written.get("optional").is_some() || written.get("allow").is_some() {
                continue;
            }
            let words = after.words(rule, &document);
            let fewer = ask(&without(&document, group, rule).to_string());
            prop_assert!(fewer.blocks_more_than(&after), "{words} could go:\n{text}\n{}", tightened.text);
            prop_assert!(rule.excess.services.is_empty(), "{words} has ports that nobody uses:\n{text}\n{}", tightened.text);
        }
        let report = validate(&tightened.text);
        let wide = ["rule-wider-than-flows", "unused-rule", "redundant-rule", "flow-not-admitted"];
        for finding in report.findings.iter().filter(|finding| wide.contains(&finding.id)) {
            let told = &tightened.text[finding.labels[0].span.start..finding.labels[0].span.end];
            let rule = |at: usize| tightened.text[..=at].rfind('{');
            let at = rule(finding.labels[0].span.start);
            let excused = again.kept.iter().any(|kept| rule(kept.rule.span.start) == at);
            prop_assert!(excused, "{}: {}: {told}\n{text}\n{}", finding.id, finding.message, tightened.text);
        }
        prop_assert!(tightened.kept.iter().all(|kept| kept.because != Because::Text));
        prop_assert_eq!(tightened.before, before.admission.rules().len());
        prop_assert_eq!(before.topology.nodes.len(), after.topology.nodes.len());
    }
}
