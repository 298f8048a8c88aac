//! What is lost when things fail.

#![allow(clippy::unwrap_used)]

use rancher_topology::document::Quorum;
use rancher_topology::failure::{Answer, Choice, Cut, Failure, Found, NotNamed, Outcome, Simulation, Thing};
use rancher_topology::flow::Flow;
use rancher_topology::load;
use rancher_topology::topology::Origin;

const AS_WRITTEN: &str = include_str!("../../examples/rancher-1-ha-aws/as-written.yaml");

/// A cluster with what stands under `services`, on three nodes of a plain network.
fn on_three_nodes(services: &str) -> String {
    format!(
        "name: small
network: {{name: lab, cidr: 10.0.0.0/16, subnets: {{a: {{cidr: 10.0.1.0/24, zone: a}}}}}}
nodes:
  box: {{count: 3, first-address: {{a: 10.0.1.10}}, os: debian-12, engine: docker-27.3.1}}
services:
{services}"
    )
}

#[test]
fn what_a_service_needs_is_stated_or_assumed_with_a_reason() {
    let topology = load(AS_WRITTEN).unwrap();
    let service = |name: &str| topology.services.iter().find(|own| own.name.as_str() == name).unwrap();
    let zk = service("rancher-ha-zk");
    assert_eq!((*zk.quorum, zk.quorum.origin, zk.needed()), (Quorum::Majority, Origin::Stated, 2));
    let redis = service("rancher-ha-redis");
    assert!(matches!(redis.quorum.origin, Origin::Assumed(_)) && redis.needed() == 1);
    assert!(*service("management_websocket-proxy").active_passive);
    let tunnel = service("rancher-ha-tunnel-redis-1");
    assert!(!*tunnel.active_passive && tunnel.requires.is_empty() && *tunnel.quorum == Quorum::One);
    let words: Vec<&str> = service("rancher-ha-cattle").requires.iter().map(|r| r.word.as_str()).collect();
    assert_eq!(words, ["zookeeper", "redis", "rancher-ext-db"]);
}

#[test]
fn a_requirement_that_is_nothing_is_told_with_the_nearest_name() {
    let told = load(&on_three_nodes(
        "  store: {image: store:1, placement: box}
  web: {image: web:1, placement: box, requires: [stroe, box]}\n",
    ))
    .unwrap_err();
    let told: Vec<_> = told.iter().map(|d| (d.message.as_str(), d.help.as_deref())).collect();
    assert_eq!(
        told,
        [
            (
                "there is no service, role, database or load balancer called `stroe`",
                Some("did you mean `store`?")
            ),
            ("`box` is a pool", Some("name the service that it needs there")),
        ]
    );
}

const HARDENED: &str = include_str!("../../examples/rancher-1-ha-aws/hardened.yaml");

fn outcome(simulation: &Simulation<'_>, names: &[&str]) -> Outcome {
    let failures: Vec<Failure> = names.iter().flat_map(|name| simulation.named(name).unwrap()).collect();
    simulation.outcome(&failures)
}

/// What is lost, by name, each with the names of its chain.
fn lost(simulation: &Simulation<'_>, outcome: &Outcome) -> Vec<String> {
    let name = |thing| simulation.thing_name(thing);
    let chain = |thing| outcome.chain(thing).iter().map(|(thing, _)| name(*thing)).collect::<Vec<_>>();
    outcome.lost().map(|(thing, _)| chain(thing).join(" < ")).collect()
}

#[test]
fn one_node_less_leaves_a_majority_of_three_and_loses_nothing() {
    for text in [AS_WRITTEN, HARDENED] {
        let topology = load(text).unwrap();
        let simulation = Simulation::of(&topology);
        for node in ["mgmt-host-1", "mgmt-host-2", "mgmt-host-3"] {
            let outcome = outcome(&simulation, &[node]);
            assert_eq!(lost(&simulation, &outcome), [""; 0], "{node}");
            assert_eq!(outcome.lost_flows.len(), 0, "{node}");
            let zk = outcome.services.iter().find(|s| topology[s.service].name.as_str() == "rancher-ha-zk");
            assert_eq!(zk.map(|zk| (zk.left, zk.of, zk.needed, zk.works)), Some((2, 3, 2, true)));
        }
    }
}

#[test]
fn two_nodes_less_lose_zookeeper_and_so_cattle_and_what_requires_it() {
    let topology = load(AS_WRITTEN).unwrap();
    let simulation = Simulation::of(&topology);
    let outcome = outcome(&simulation, &["mgmt-host-1", "mgmt-host-3"]);
    let lost = lost(&simulation, &outcome);
    assert!(lost.contains(&"rancher-ha-zk < mgmt-host-1".to_owned()), "{lost:?}");
    assert!(lost.contains(&"rancher-ha-cattle < rancher-ha-zk < mgmt-host-1".to_owned()), "{lost:?}");
    let entry =
        "rancher-ext-lb:443 < management_load-balancer < rancher-ha-cattle < rancher-ha-zk < mgmt-host-1";
    assert!(lost.contains(&entry.to_owned()), "{lost:?}");
    assert!(!lost.iter().any(|chain| chain.starts_with("rancher-ha-redis")), "one redis is enough: {lost:?}");
}

#[test]
fn as_written_loses_everything_with_its_one_zone_and_hardened_survives_each() {
    let topology = load(AS_WRITTEN).unwrap();
    let simulation = Simulation::of(&topology);
    let all = outcome(&simulation, &["us-west-2a"]);
    assert!(all.services.iter().all(|service| !service.works && service.left == 0));
    assert!(all.databases.iter().all(|database| !database.works));
    assert!(all.entries.iter().all(|entry| !entry.works));
    assert!(all.losses.values().all(|loss| loss.certain), "the database was seen in that zone");
    assert!(all.balancers.iter().all(|balancer| balancer.works), "it stands in three zones");

    let topology = load(HARDENED).unwrap();
    let simulation = Simulation::of(&topology);
    for zone in ["us-west-2a", "us-west-2b", "us-west-2c"] {
        let outcome = outcome(&simulation, &[zone]);
        assert_eq!(lost(&simulation, &outcome), [""; 0], "{zone}");
        assert_eq!(outcome.lost_flows.len(), 0, "{zone}");
    }
    let two = outcome(&simulation, &["us-west-2a", "us-west-2b"]);
    let database = simulation.topology().database_ids().next().map(Thing::Database).unwrap();
    assert!(!two.losses[&database].certain, "its standby may be in the third zone");
}

#[test]
fn the_smallest_sets_of_the_seed_are_those_that_a_person_would_name() {
    let told = |text: &str, name: &str| -> Vec<String> {
        let topology = load(text).unwrap();
        let simulation = Simulation::of(&topology);
        let search = simulation.search(Simulation::BUDGET);
        assert!(!search.is_partial());
        let found = |answer: &&Answer| {
            answer.subject.thing(&simulation).is_some_and(|thing| simulation.thing_name(thing) == name)
        };
        let answer = search.answers.iter().find(found).unwrap();
        let print = |cut: &Cut| {
            let one = |alike: &Vec<Failure>| {
                alike.iter().map(|failure| simulation.failure_name(*failure)).collect::<Vec<_>>().join("=")
            };
            let choice = |choice: &Choice| {
                format!("{} of {}", choice.count, choice.of.iter().map(one).collect::<Vec<_>>().join(" "))
            };
            cut.choices.iter().map(choice).collect::<Vec<_>>().join(" and ")
        };
        let sets = |found: &Found| match found {
            Found::Sets { cuts, .. } => cuts.iter().map(print).collect(),
            other => vec![format!("{other:?}")],
        };
        let mut all: Vec<String> = sets(&answer.smallest);
        all.extend(answer.nodes.iter().flat_map(sets));
        all
    };
    let nodes = "2 of mgmt-host-1 mgmt-host-2 mgmt-host-3";
    assert_eq!(told(AS_WRITTEN, "rancher-ha-zk"), ["1 of us-west-2a", nodes]);
    assert_eq!(
        told(HARDENED, "rancher-ha-zk"),
        ["2 of mgmt-host-1=us-west-2a mgmt-host-2=us-west-2b mgmt-host-3=us-west-2c"]
    );
    assert_eq!(told(AS_WRITTEN, "rancher-ext-db"), ["1 of us-west-2a"]);
    assert_eq!(told(HARDENED, "rancher-ext-db"), ["2 of us-west-2a us-west-2b us-west-2c"]);
    // The service that takes the connections, and those that it stands on, are among it.
    let beside = "1 of rancher-ext-db rancher-ext-lb rancher-ha-parent rancher-ha-cattle management_load-balancer \
                  rancher-ha-redis rancher-ha-zk";
    assert_eq!(told(HARDENED, "rancher-ext-lb:443"), [beside, nodes]);
}

#[test]
fn a_thousand_alike_nodes_are_counted_and_not_named() {
    let text = on_three_nodes("  store: {image: store:1, placement: box, quorum: majority}\n")
        .replace("count: 3", "count: 1000")
        .replace("10.0.1.0/24", "10.0.16.0/20")
        .replace("10.0.1.10", "10.0.16.10");
    let topology = load(&text).unwrap();
    let simulation = Simulation::of(&topology);
    let search = simulation.search(2_000);
    assert!(!search.is_partial());
    let Some(Found::Sets { size, cuts }) = &search.answers[0].nodes else { panic!("not found") };
    assert_eq!(*size, 500, "501 of 1,000 are a majority");
    assert_eq!(cuts[0].choices[0].of.len(), 1_000);
    assert_eq!(search.singles.len(), 2, "the alike nodes as one, and the zone");
}

#[test]
fn what_the_budget_did_not_reach_is_said() {
    let topology = load(HARDENED).unwrap();
    let search = Simulation::of(&topology).search(4);
    assert!(search.is_partial());
    let from: Vec<usize> = search
        .answers
        .iter()
        .filter_map(|answer| match answer.smallest {
            Found::NotSearched { from, .. } => Some(from),
            _ => None,
        })
        .collect();
    assert!(from.contains(&1) && from.contains(&2), "{from:?}");
}

#[test]
fn services_that_require_each_other_work_until_one_of_them_is_lost() {
    let topology = load(&on_three_nodes(
        "  one: {image: web:1, placement: box, requires: two}
  two: {image: web:1, placement: [box-1], requires: one}\n",
    ))
    .unwrap();
    let simulation = Simulation::of(&topology);
    assert!(simulation.outcome(&[]).nothing_is_lost());
    let outcome = outcome(&simulation, &["box-1"]);
    assert_eq!(lost(&simulation, &outcome), ["one < two < box-1", "two < box-1"]);
}

#[test]
fn a_flow_is_lost_when_no_connection_of_it_has_all_that_it_passes() {
    let topology = load(AS_WRITTEN).unwrap();
    let simulation = Simulation::of(&topology);
    let name = |flow: &Flow| {
        let [client, server] = [flow.client, flow.server].map(|party| party.name(&topology).to_owned());
        format!("{client} > {server}:{}", flow.ports)
    };
    let lost = |names: &[&str]| outcome(&simulation, names).lost_flows.iter().map(name).collect::<Vec<_>>();
    // The tunnels to the one node that is left: it reaches its own ZooKeeper, and nobody else's.
    let own = lost(&["rancher-ha-tunnel-zk-quorum"]);
    assert_eq!(own, ["rancher-ha-zk > rancher-ha-zk:2888/tcp"]);
    // Without the carriers of the overlay containers of one node still talk to each other.
    let carriers = lost(&["NetworkAgent"]);
    assert_eq!(carriers, ["NetworkAgent > NetworkAgent:500/udp", "NetworkAgent > NetworkAgent:4500/udp"]);
    let balancer = lost(&["rancher-ext-lb"]);
    assert!(balancer.contains(&"management_go-machine-service > rancher-ha-cattle:8080/tcp".to_owned()));
    assert!(balancer.contains(&"internet > rancher-ext-lb:443/tcp".to_owned()), "{balancer:?}");
}

#[test]
fn a_name_of_several_things_is_asked_for() {
    let text = on_three_nodes("  web: {image: web:1, placement: box}\n").replace("zone: a", "zone: box-2");
    let topology = load(&text).unwrap();
    let simulation = Simulation::of(&topology);
    let asked = NotNamed::Several(vec!["node:box-2".to_owned(), "zone:box-2".to_owned()]);
    assert_eq!(simulation.named("box-2"), Err(asked));
    assert!(matches!(simulation.named("zone:box-2").unwrap()[..], [Failure::Zone(_)]));
    assert_eq!(simulation.named("box-4"), Err(NotNamed::Unknown(Some("box-1".to_owned()))));
    assert_eq!(simulation.named("box"), Err(NotNamed::Unknown(None)), "a pool does not fail at once");
}

#[test]
fn an_overlay_without_its_carrier_joins_no_two_nodes() {
    let text = on_three_nodes(
        "  agent: {image: agent:1, placement: box, network: host, listen: [500/udp]}
  web: {image: web:1, placement: [box-1, box-2], network: mesh, traffic-to: store}
  store: {image: store:1, placement: [box-2, box-3], network: mesh, listen: [9042]}\n",
    )
    .replace("services:", "overlays: {mesh: {cidr: 10.42.0.0/16, carried-by: agent}}\nservices:");
    let topology = load(&text).unwrap();
    let simulation = Simulation::of(&topology);
    let flows_lost = |names: &[&str]| outcome(&simulation, names).lost_flows.len();
    assert_eq!(flows_lost(&["agent"]), 0, "box-2 has both ends");
    let parted = |names: &[&str]| outcome(&simulation, names).within_nodes.len();
    assert_eq!(parted(&["agent"]), 1, "nothing is left between box-1, box-2 and box-3");
    assert_eq!(parted(&["box-2"]), 0, "box-1 to box-3");
    assert_eq!(parted(&["box-1"]), 0, "box-2 to box-3");
    assert_eq!(flows_lost(&["box-2"]), 0, "box-1 to box-3");
    assert_eq!(flows_lost(&["agent", "box-2"]), 1);
    assert_eq!(flows_lost(&["box-2", "box-3"]), 1, "no store is left");

    let topology =
        load(&text.replace("agent:1, placement: box,", "agent:1, placement: [box-1, box-2],")).unwrap();
    let simulation = Simulation::of(&topology);
    assert_eq!(outcome(&simulation, &["box-2"]).lost_flows.len(), 1, "nothing carries it to box-3");
}

#[test]
fn nobody_talks_to_itself_when_all_others_are_down() {
    let topology = load(AS_WRITTEN).unwrap();
    let simulation = Simulation::of(&topology);
    let outcome = outcome(&simulation, &["mgmt-host-1", "mgmt-host-3"]);
    let own = outcome.lost_flows.iter().filter(|flow| flow.client == flow.server);
    let own: Vec<String> = own.map(|flow| flow.ports.to_string()).collect();
    assert_eq!(own, ["2888/tcp", "3888/tcp", "500/udp", "4500/udp"]);
}

#[test]
fn what_is_lost_for_certain_has_a_certain_reason() {
    let text = on_three_nodes(
        "  mid: {image: web:1, placement: box, requires: db}
  other: {image: web:1, placement: [box-1]}
  web: {image: web:1, placement: box, requires: [mid, other]}\n",
    )
    .replace("zone: a}", "zone: a}, b: {cidr: 10.0.2.0/24, zone: b}")
    .replace("{a: 10.0.1.10}", "{a: 10.0.1.10, b: 10.0.2.10}")
    .replace("services:", "databases: {db: {engine: mysql-8.0, port: 3306}}\nservices:");
    let topology = load(&text).unwrap();
    let simulation = Simulation::of(&topology);
    let outcome = outcome(&simulation, &["a"]);
    assert_eq!(lost(&simulation, &outcome), ["mid < db", "other < box-1", "web < other < box-1", "db"]);
    let certain: Vec<bool> = outcome.lost().map(|(_, loss)| loss.certain).collect();
    assert_eq!(certain, [false, true, true, false]);
}
