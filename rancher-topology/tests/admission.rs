//! What the declared flows need against what the stated rules admit.
#![allow(clippy::unwrap_used)]

#[path = "support/asked.rs"]
mod asked;

use asked::{Asked, ask};
use rancher_topology::flow::{Answerer, Party, answers_at};
use rancher_topology::load;
use rancher_topology::policy::{Blocked, Direction, Exposure, Extent, Member, StatedRule, Usage};

const SEED: &str = include_str!("../../examples/rancher-1-ha-aws/as-written.yaml");
const HARDENED: &str = include_str!("../../examples/rancher-1-ha-aws/hardened.yaml");

impl Asked {
    /// The rule with its peer at a place: `group in 0.0`.
    fn rule(&self, place: &str) -> &StatedRule {
        self.admission.rules().iter().find(|rule| self.place(rule) == place).unwrap()
    }

    fn place(&self, rule: &StatedRule) -> String {
        let direction = if rule.direction == Direction::Inbound { "in" } else { "out" };
        format!("{} {direction} {}.{}", self.policy[rule.group].name, rule.place.rule, rule.place.peer)
    }

    fn rule_for(&self, port: &str) -> &StatedRule {
        self.admission.rules().iter().find(|rule| rule.traffic.to_string() == port).unwrap()
    }

    fn covered_by(&self, rule: &StatedRule) -> Vec<String> {
        rule.covered_by.iter().map(|id| self.place(&self.admission[*id])).collect()
    }

    fn covered(&self) -> Vec<String> {
        let covered = self.admission.rules().iter().filter(|rule| !rule.covered_by.is_empty());
        covered.map(|rule| format!("{} by {}", self.place(rule), self.covered_by(rule).join(" + "))).collect()
    }

    fn blocked(&self) -> Vec<String> {
        let told = |blocked: &Blocked| {
            let ends = |ends: &[rancher_topology::policy::ShutOut]| {
                let names = ends.iter().map(|end| {
                    let nodes: Vec<&str> =
                        end.nodes.iter().map(|node| self.topology[*node].name.as_str()).collect();
                    let nodes = if end.all { String::new() } else { format!("({})", nodes.join(" ")) };
                    format!("{}{nodes}", end.party.name(&self.topology))
                });
                names.collect::<Vec<_>>().join("+")
            };
            let (from, to) = (ends(&blocked.from), ends(&blocked.to));
            let maybe = if blocked.certain { "" } else { " perhaps" };
            format!("{:?} {from} -> {to} {}{maybe}", blocked.direction, blocked.services)
        };
        self.admission.blocked().iter().map(told).collect()
    }

    fn exposed(&self) -> Vec<String> {
        let told = |one: &Exposure| {
            let rules: Vec<String> = one.rules.iter().map(|id| self.place(&self.admission[*id])).collect();
            format!("{} {:?} {:?} by {}", one.services, one.v4, one.v6, rules.join(" + "))
        };
        self.admission.exposed().iter().map(told).collect()
    }
}

fn narrowest(rule: &StatedRule) -> Vec<String> {
    rule.excess.narrowest.iter().map(ToString::to_string).collect()
}

/// Two web nodes in two subnets, one store, a client pool; the rules of the store's group are given.
fn shop(rules: &str) -> String {
    format!(
        "
name: shop
network: {{name: lab, cidr: 10.0.0.0/16, subnets: {{a: {{cidr: 10.0.1.0/24}}, b: {{cidr: 10.0.2.0/24}}}}}}
nodes:
  web: {{count: 2, first-address: {{a: 10.0.1.10, b: 10.0.2.10}}, os: debian-12, engine: docker-27.3.1, groups: [web, all], traffic-to: []}}
  store: {{first-address: {{a: 10.0.1.50}}, os: debian-12, engine: docker-27.3.1, groups: [store, all], traffic-to: []}}
security-groups:
  web: {{}}
  all: {{}}
  store:
    inbound: {rules}
services:
  front: {{image: 'nginx:1.27.2', placement: web, traffic-to: 'redis:6379'}}
  redis: {{image: 'redis:7.4', placement: store, publish: ['6379:6379', '9000-9001:9000-9001'], listen: [6379, 9000]}}
"
    )
}

#[test]
fn a_flow_that_no_rule_admits_is_told_once() {
    let asked = ask(&shop("[]"));
    assert_eq!(asked.blocked(), ["Inbound web -> store 6379/tcp"]);
    let blocked = &asked.admission.blocked()[0];
    assert!(matches!(asked.flows[blocked.flow].server, Party::Service(_)));
    let groups: Vec<&str> = blocked.groups.iter().map(|id| asked.policy[*id].name.as_str()).collect();
    assert_eq!(groups, ["all", "store"]);
}

#[test]
fn nodes_of_another_subnet_are_shut_out_alone() {
    let asked = ask(&shop("[{port: 6379, from: 10.0.1.0/24}]"));
    assert_eq!(asked.blocked(), ["Inbound web(web-2) -> store 6379/tcp"]);
    assert_eq!(ask(&shop("[{port: 6379, from: [10.0.1.0/24, 10.0.2.0/25]}]")).blocked(), [""; 0]);
    assert_eq!(ask(&shop("[{port: 6379, from: web}]")).blocked(), [""; 0]);
}

#[test]
fn stated_outbound_rules_shut_out_and_unstated_ones_do_not() {
    let closed = shop("[{port: 6379, from: web}]").replace("web: {}", "web: {outbound: []}");
    let closed_all = closed.replace("all: {}", "all: {outbound: []}");
    assert_eq!(ask(&closed).blocked(), [""; 0], "the other group of the nodes gets what their flows need");
    assert_eq!(ask(&closed_all).blocked(), ["Outbound web -> store 6379/tcp"]);
    let part = closed_all.replace("web: {outbound: []}", "web: {outbound: [{port: 6379, to: store}]}");
    assert_eq!(ask(&part).blocked(), [""; 0]);
}

#[test]
fn what_a_node_sends_to_itself_needs_no_rule() {
    let alone = shop("[]").replace("placement: web,", "placement: store,");
    assert_eq!(ask(&alone).blocked(), [""; 0]);
    let wide = shop("[]").replace("placement: store, publish", "placement: web, publish");
    let wide = wide.replace("web: {}", "web: {inbound: [{port: 6379, from: 10.0.1.0/24}]}");
    assert_eq!(ask(&wide).blocked(), ["Inbound web(web-2) -> web(web-1) 6379/tcp"]);
}

#[test]
fn a_rule_is_used_by_its_flows_or_by_none() {
    let asked = ask(&shop(
        "[{port: 6379, from: web}, {port: 9000, from: 10.0.1.0/24}, {port: 9000, from: 203.0.113.0/24}, \
          {port: 22, from: 203.0.113.0/24}, {port: 7777, from: internet}, {port: icmp, from: internet}]",
    ));
    assert!(matches!(&asked.rule("store in 0.0").usage, Usage::Flows(flows) if flows.len() == 1));
    assert_eq!(asked.rule("store in 1.0").usage, Usage::Unused);
    assert!(matches!(asked.rule("store in 2.0").usage, Usage::Undeclared(_)));
    assert!(matches!(asked.rule("store in 3.0").usage, Usage::Undeclared(_)), "people, and the node's sshd");
    assert_eq!(asked.rule("store in 4.0").usage, Usage::Unused, "nothing answers there");
    assert!(matches!(asked.rule("store in 5.0").usage, Usage::Undeclared(_)));
}

#[test]
fn a_rule_is_wider_in_ports_or_in_peers() {
    let asked = ask(&shop("[{port: 6379-6380, from: web}]"));
    let excess = &asked.rule("store in 0.0").excess;
    assert_eq!((excess.services.to_string(), excess.peers.is_empty()), ("6380/tcp".into(), true));
    assert_eq!(excess.services.to_string(), "6380/tcp");
    let exact = ask(&shop("[{port: 6379, from: web}]"));
    assert!(exact.rule("store in 0.0").excess.services.is_empty());
    let world = ask(&shop("[{port: 6379, from: 0.0.0.0/0}]"));
    let rule = world.rule("store in 0.0");
    assert!(rule.excess.internet && rule.excess.free_addresses && rule.excess.services.is_empty());
    assert_eq!(rule.excess.members, world.topology.pool_ids().skip(1).map(Member::Pool).collect::<Vec<_>>());
    assert_eq!(narrowest(rule), ["web"]);
    let by_address = shop("[{port: 6379, from: 0.0.0.0/0}]").replace("groups: [web, all], ", "");
    assert_eq!(narrowest(ask(&by_address).rule("store in 0.0")), ["10.0.1.10/32", "10.0.2.10/32"]);
}

#[test]
fn rules_are_covered_by_one_or_by_several_together() {
    let covered = |rules: &str| ask(&shop(rules)).covered();
    assert_eq!(
        covered("[{port: 22, from: 10.0.1.0/24}, {port: 1-100, from: 10.0.0.0/16}]"),
        ["store in 0.0 by store in 1.0"]
    );
    assert_eq!(
        covered(
            "[{port: 22, from: 10.0.0.0/25}, {port: 22, from: 10.0.0.128/25}, {port: 22, from: 10.0.0.0/24}]"
        ),
        ["store in 0.0 by store in 2.0", "store in 1.0 by store in 2.0"],
        "the wide one makes the narrow ones superfluous, and not they it"
    );
    assert_eq!(
        covered(
            "[{port: 1-50, from: 10.0.0.0/16}, {port: 51-99, from: 10.0.0.0/16}, {port: 40-60, from: 10.0.1.0/24}, {port: 40, from: 10.0.9.0/24}]"
        ),
        ["store in 2.0 by store in 0.0 + store in 1.0", "store in 3.0 by store in 0.0"]
    );
    assert_eq!(
        covered("[{port: 22, from: 10.0.0.0/16}, {port: 22, from: 10.0.0.0/16}]"),
        ["store in 1.0 by store in 0.0"],
        "of two equal rules the later one"
    );
    assert_eq!(
        covered("[{port: 22, from: web}, {port: 22, from: 10.0.1.0/24}]"),
        [""; 0],
        "one is elsewhere"
    );
    assert_eq!(
        covered("[{port: 22, from: web}, {port: 22, from: 10.0.0.0/22}]"),
        ["store in 0.0 by store in 1.0"]
    );
    assert_eq!(
        covered("[{port: 22, from: internet}, {port: 22, from: 10.0.0.0/22}]"),
        ["store in 1.0 by store in 0.0"]
    );
}

#[test]
fn another_groups_rules_count_when_all_members_have_it() {
    let text = shop("[{port: 22, from: 10.0.1.0/24}]")
        .replace("all: {}", "all: {inbound: [{port: 22, from: 10.0.0.0/16}]}");
    assert_eq!(ask(&text).covered(), ["store in 0.0 by all in 0.0"]);
    let text = shop("[{port: 22, from: 10.0.0.0/16}]")
        .replace("all: {}", "all: {inbound: [{port: 22, from: 10.0.1.0/24}]}");
    assert_eq!(ask(&text).covered(), [""; 0], "the web nodes have it from `all` only");
}

#[test]
fn a_private_peer_that_nothing_leads_to_is_nowhere() {
    for (peer, nowhere) in [
        ("192.168.1.0/24", true),
        ("10.1.0.0/16", true),
        ("fd00::/8", false),
        ("10.0.0.0/8", false),
        ("203.0.113.0/24", false),
        ("2001:db8::/32", false),
        ("0.0.0.0/0", false),
    ] {
        let asked = ask(&shop(&format!("[{{port: 22, from: '{peer}'}}]")));
        assert_eq!(asked.rule("store in 0.0").peer_is_nowhere, nowhere, "{peer}");
    }
}

#[test]
fn the_internet_is_seen_however_it_is_split() {
    let exposed = |rules: &str| ask(&shop(rules)).exposed();
    assert_eq!(exposed("[{port: 22, from: 203.0.113.0/24}, {port: 80, from: 10.0.0.0/8}]"), [""; 0]);
    assert_eq!(exposed("[{port: 22, from: 0.0.0.0/0}]"), ["22/tcp Everywhere Little by store in 0.0"]);
    assert_eq!(exposed("[{port: 22, from: '::/0'}]"), ["22/tcp Little Everywhere by store in 0.0"]);
    assert_eq!(exposed("[{port: 22, from: internet}]"), ["22/tcp Everywhere Everywhere by store in 0.0"]);
    assert_eq!(
        exposed(
            "[{port: 22, from: 0.0.0.0/1}, {port: 20-30, from: 128.0.0.0/1}, {port: 22, from: 203.0.113.0/24}]"
        ),
        [
            "20-21/tcp, 23-30/tcp Large Little by store in 1.0",
            "22/tcp Everywhere Little by store in 0.0 + store in 1.0",
        ]
    );
}

/// A load balancer in front of the web nodes, and a worker pool that talks to it.
fn balanced(scheme: &str, front: &str, web: &str) -> String {
    format!(
        "
name: shop
network: {{name: lab, cidr: 10.0.0.0/16, subnets: {{a: {{cidr: 10.0.1.0/24}}, b: {{cidr: 10.0.2.0/24}}}}}}
nodes:
  web: {{first-address: {{a: 10.0.1.10}}, os: debian-12, engine: docker-27.3.1, groups: web, traffic-to: []}}
  worker: {{first-address: {{a: 10.0.1.50}}, os: debian-12, engine: docker-27.3.1, groups: worker, traffic-to: ['lb:80']}}
security-groups:
  lb: {{inbound: {front}}}
  web: {{inbound: {web}}}
  worker: {{}}
load-balancers:
  lb: {{targets: web, groups: lb, subnets: [a, b], scheme: {scheme}, health-check: 'TCP:81', listeners: [{{listen: 80/tcp, forward: 81/tcp}}]}}
services:
  front: {{image: 'nginx:1.27.2', placement: web, publish: ['81:80'], listen: [80]}}
"
    )
    .replace("  lb: {inbound", "  lb-group: {inbound")
    .replace("groups: lb,", "groups: lb-group,")
}

#[test]
fn a_load_balancer_is_somewhere_in_its_subnets() {
    let blocked = |web: &str| ask(&balanced("internal", "[{port: 80, from: worker}]", web)).blocked();
    assert_eq!(blocked("[{port: 81, from: lb-group}]"), [""; 0]);
    assert_eq!(blocked("[{port: 81, from: 10.0.0.0/22}]"), [""; 0]);
    assert_eq!(
        blocked("[{port: 81, from: 10.0.1.0/24}, {port: 81, from: 10.0.2.0/24}]"),
        [""; 0],
        "together"
    );
    let perhaps = blocked("[{port: 81, from: 10.0.1.0/24}]");
    assert_eq!(perhaps, ["Inbound lb -> web 81/tcp perhaps"; 2], "the listener's and the health check's");
    assert_eq!(blocked("[{port: 81, from: 10.0.3.0/24}]"), ["Inbound lb -> web 81/tcp"; 2]);
    assert_eq!(blocked("[{port: 81, from: self}]"), ["Inbound lb -> web 81/tcp"; 2]);
}

#[test]
fn a_node_talks_to_a_public_load_balancer_by_its_public_address() {
    let web = "[{port: 81, from: lb-group}]";
    let blocked = |front: &str| ask(&balanced("internet-facing", front, web)).blocked();
    assert_eq!(blocked("[{port: 80, from: 0.0.0.0/0}]"), [""; 0]);
    assert_eq!(blocked("[{port: 80, from: 203.0.113.0/24}]"), ["Inbound worker -> lb 80/tcp perhaps"]);
    let by_group = blocked("[{port: 80, from: worker}]");
    assert_eq!(by_group, ["Inbound internet -> lb 80/tcp", "Inbound worker -> lb 80/tcp"]);
    let wide = ask(&balanced("internet-facing", "[{port: 80, from: 0.0.0.0/0}]", web));
    let rule = wide.rule("lb-group in 0.0");
    assert!(rule.excess.services.is_empty() && rule.excess.peers.is_empty(), "{}", rule.excess.peers);
}

#[test]
fn a_rule_for_a_load_balancer_names_its_group() {
    let asked = ask(&balanced("internal", "[{port: 80, from: worker}]", "[{port: 81, from: 10.0.0.0/16}]"));
    assert_eq!(narrowest(asked.rule("web in 0.0")), ["lb-group"]);
    let asked = ask(&balanced(
        "internal",
        "[{port: 80, from: worker}]",
        "[{port: 81, from: [10.0.1.0/24, 10.0.2.0/24]}]",
    ));
    assert!(matches!(&asked.rule("web in 0.1").usage, Usage::Flows(flows) if flows.len() == 2));
}

#[test]
fn a_port_leads_to_a_service_a_tunnel_the_node_or_nothing() {
    let topology = load(SEED).unwrap();
    let pool = topology.pool_ids().next().unwrap();
    let told = |ports: &str| -> Vec<String> {
        let answers = answers_at(&topology, pool, ports.parse().unwrap());
        let one = |by| match by {
            Answerer::Host(service) => format!("host {}", topology[service].name),
            Answerer::Published { service, container, .. } => {
                format!("{}:{container}", topology[service].name)
            }
            Answerer::Tunnel(mesh) => topology[mesh].name.to_string(),
            Answerer::Node => "node".to_owned(),
        };
        answers.into_iter().map(|answer| format!("{} {}", answer.ports, one(answer.by))).collect()
    };
    assert_eq!(told("8080"), [""; 0]);
    assert_eq!(told("18080"), ["18080/tcp rancher-ha-cattle:8080"]);
    assert_eq!(told("2181"), ["2181/tcp rancher-ha-tunnel-zk-client"]);
    assert_eq!(told("22"), ["22/tcp node"]);
    assert_eq!(told("81"), ["81/tcp management_load-balancer:81"]);
    assert_eq!(told("500/udp"), ["500/udp NetworkAgent:500"]);
    assert_eq!(told("500"), [""; 0]);
}

#[test]
fn the_page_is_wider_than_its_flows_and_has_rules_for_nothing() {
    let asked = ask(SEED);
    assert_eq!(asked.blocked(), [""; 0]);
    let client = asked.rule_for("2181/tcp");
    assert!(matches!(client.usage, Usage::Flows(_)));
    assert!(client.excess.internet);
    assert_eq!(narrowest(client), ["self"]);
    let quorum = asked.rule_for("2888/tcp");
    assert!(matches!(quorum.usage, Usage::Flows(_)));
    assert!(!quorum.excess.internet && quorum.excess.free_addresses);
    let unused: Vec<String> = asked
        .admission
        .rules()
        .iter()
        .filter(|rule| rule.usage == Usage::Unused)
        .map(|rule| rule.traffic.to_string())
        .collect();
    assert_eq!(unused, ["2376/tcp", "3306/tcp", "8080/tcp"]);
    let exposed = &asked.admission.exposed()[0].v4;
    assert_eq!(*exposed, Extent::Everywhere);
    let ports: Vec<String> = asked.admission.exposed().iter().map(|one| one.services.to_string()).collect();
    assert_eq!(
        ports,
        ["22/tcp", "80/tcp", "81/tcp", "443/tcp", "444/tcp", "2181/tcp", "8080/tcp", "18080/tcp"]
    );
    assert_eq!(asked.covered(), [""; 0]);
}

#[test]
fn the_hardened_cluster_has_no_such_gap() {
    for text in [HARDENED.to_owned(), HARDENED.replace("count: 3 ", "count: 1 ")] {
        let asked = ask(&text);
        assert_eq!(asked.blocked(), [""; 0]);
        assert_eq!(asked.covered(), [""; 0]);
        for rule in asked.admission.rules() {
            let place = asked.place(rule);
            assert!(matches!(rule.usage, Usage::Flows(_) | Usage::Undeclared(_)), "{place} {:?}", rule.usage);
            assert!(
                rule.excess.services.is_empty() && rule.excess.peers.is_empty(),
                "{place} {}",
                rule.excess.peers
            );
        }
        let exposed: Vec<String> = asked.exposed();
        assert_eq!(exposed.len(), 2, "{exposed:?}");
    }
}

#[test]
fn ten_thousand_nodes_are_compared_as_sets() {
    let fleet = include_str!("../../examples/fleet/fleet.yaml").replace("count: 5000", "count: 10000");
    let asked = ask(&fleet);
    assert_eq!(asked.blocked(), [""; 0]);
    let unused = asked.admission.rules().iter().filter(|rule| rule.usage == Usage::Unused).count();
    assert_eq!(unused, 0);
    assert!(asked.rule_for("7000/tcp").packets.cover()[0].source.ranges().len() <= 3);
}
