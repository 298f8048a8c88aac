//! The simulation against brute force: what is left is the union of all sets of services that hold each other up, and the
//! smallest failures are found by trying every set.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fmt::Write as _;

use proptest::prelude::*;
use rancher_topology::failure::{Cut, Failure, Found, Simulation, Subject, Thing};
use rancher_topology::load;

/// A small cluster, as plain numbers.
#[derive(Debug, Clone)]
struct Small {
    /// The zone of each subnet.
    subnets: Vec<Option<usize>>,
    /// The subnet of each node.
    nodes: Vec<usize>,
    services: Vec<Service>,
    /// Its subnets, whether it has a standby, and the subnet it was seen in.
    database: (BTreeSet<usize>, bool, Option<usize>),
    /// Its subnets and its targets. Its one listener leads to service 0.
    balancer: (BTreeSet<usize>, BTreeSet<usize>),
}

#[derive(Debug, Clone)]
struct Service {
    nodes: BTreeSet<usize>,
    majority: bool,
    requires: BTreeSet<usize>,
    /// `db`, `lb` or nothing.
    requires_beside: Option<&'static str>,
    /// In the network namespace of service 0, and so on its nodes only.
    shares: bool,
}

impl Small {
    fn on(&self, service: usize) -> BTreeSet<usize> {
        let own = &self.services[service];
        if !self.shares(service) {
            return own.nodes.clone();
        }
        let both: BTreeSet<usize> = own.nodes.intersection(&self.services[0].nodes).copied().collect();
        if both.is_empty() { self.services[0].nodes.clone() } else { both }
    }

    fn shares(&self, service: usize) -> bool {
        service > 0 && self.services[service].shares
    }

    fn text(&self) -> String {
        let mut text = String::from("name: small\nnetwork:\n  name: lab\n  cidr: 10.0.0.0/16\n  subnets:\n");
        for (subnet, zone) in self.subnets.iter().enumerate() {
            let zone = zone.map_or_else(String::new, |zone| format!(", zone: z{zone}"));
            let _ = writeln!(text, "    s{subnet}: {{cidr: 10.0.{subnet}.0/24{zone}}}");
        }
        text.push_str("nodes:\n");
        for (node, subnet) in self.nodes.iter().enumerate() {
            let _ = writeln!(
                text,
                "  n{node}: {{first-address: {{s{subnet}: 10.0.{subnet}.{}}}, os: debian-12, engine: docker-27.3.1}}",
                node + 10
            );
        }
        let names = |letter: char, all: &BTreeSet<usize>| {
            all.iter().map(|one| format!("{letter}{one}")).collect::<Vec<_>>().join(", ")
        };
        let (subnets, standby, seen) = &self.database;
        let seen = seen.map_or_else(String::new, |seen| format!(", observed-address: 10.0.{seen}.200"));
        let _ = writeln!(
            text,
            "databases:\n  db: {{engine: mysql-8.0, port: 3306, subnets: [{}], standby: {standby}{seen}}}",
            names('s', subnets)
        );
        let (subnets, targets) = &self.balancer;
        let _ = writeln!(
            text,
            "load-balancers:\n  lb: {{targets: [{}], subnets: [{}], listeners: [{{listen: 80/tcp, forward: 80/tcp}}]}}",
            names('n', targets),
            names('s', subnets)
        );
        text.push_str("services:\n");
        for (service, own) in self.services.iter().enumerate() {
            let mut requires: Vec<String> = own.requires.iter().map(|other| format!("v{other}")).collect();
            requires.extend(own.requires_beside.map(str::to_owned));
            let quorum = if own.majority { "majority" } else { "one" };
            let network = match service {
                0 => "publish: [80:80]",
                _ if self.shares(service) => "network-of: v0",
                _ => "network: bridge",
            };
            let _ = writeln!(
                text,
                "  v{service}: {{image: web:1, placement: [{}], {network}, quorum: {quorum}, requires: [{}]}}",
                names('n', &self.on(service)),
                requires.join(", ")
            );
        }
        text
    }

    /// Every place that the database can be in: the zone it stands in, and its standby's.
    fn database_places(&self) -> Vec<Vec<Option<usize>>> {
        let (subnets, standby, seen) = &self.database;
        let zones: BTreeSet<Option<usize>> =
            subnets.iter().chain(seen).map(|subnet| self.subnets[*subnet]).collect();
        let first: Vec<Option<usize>> =
            seen.map_or_else(|| zones.iter().copied().collect(), |seen| vec![self.subnets[seen]]);
        let mut places = Vec::new();
        for own in first {
            let others: Vec<_> = zones.iter().filter(|zone| **zone != own && *standby).collect();
            if others.is_empty() {
                places.push(vec![own]);
            }
            places.extend(others.into_iter().map(|other| vec![own, *other]));
        }
        places
    }

    /// What is lost, by name, the worst and the best that can be.
    fn lost(&self, failed: &BTreeSet<String>) -> (BTreeSet<String>, BTreeSet<String>) {
        let gone = |place: &Option<usize>| place.is_some_and(|zone| failed.contains(&format!("z{zone}")));
        let fates: Vec<bool> = self.database_places().iter().map(|all| all.iter().all(&gone)).collect();
        let itself = failed.contains("db");
        let worst = self.lost_with(failed, itself || fates.contains(&true));
        (worst, self.lost_with(failed, itself || !fates.contains(&false)))
    }

    fn lost_with(&self, failed: &BTreeSet<String>, database_lost: bool) -> BTreeSet<String> {
        let zone_gone =
            |subnet: &usize| self.subnets[*subnet].is_some_and(|zone| failed.contains(&format!("z{zone}")));
        let node_up = |node: usize| !failed.contains(&format!("n{node}")) && !zone_gone(&self.nodes[node]);
        let balancer_lost = failed.contains("lb") || self.balancer.0.iter().all(zone_gone);
        let count = self.services.len();
        let runs = |working: u32, service: usize| {
            let own = &self.services[service];
            let beside_lost = match own.requires_beside {
                Some("db") => database_lost,
                Some(_) => balancer_lost,
                None => false,
            };
            let failed = failed.contains(&format!("v{service}"));
            !failed && !beside_lost && own.requires.iter().all(|other| working & (1 << other) != 0)
        };
        let up = |working: u32, service: usize, node: usize| {
            node_up(node) && runs(working, service) && (!self.shares(service) || runs(working, 0))
        };
        let works = |working: u32, service: usize| {
            let all = self.on(service);
            let left = all.iter().filter(|node| up(working, service, **node)).count();
            if self.services[service].majority { 2 * left > all.len() } else { left > 0 }
        };
        let mut most = 0;
        for working in 0..1_u32 << count {
            if (0..count).all(|service| working & (1 << service) == 0 || works(working, service)) {
                most |= working;
            }
        }
        let mut lost: BTreeSet<String> =
            (0..count).filter(|own| most & (1 << own) == 0).map(|own| format!("v{own}")).collect();
        lost.extend(database_lost.then(|| "db".to_owned()));
        lost.extend(balancer_lost.then(|| "lb".to_owned()));
        let targets = self.on(0).intersection(&self.balancer.1).copied().collect::<Vec<_>>();
        let answers = targets.iter().any(|node| up(most, 0, *node)) && most & 1 != 0;
        if !targets.is_empty() && (balancer_lost || !answers) {
            lost.insert("lb:80".to_owned());
        }
        lost
    }

    /// Everything that can fail.
    fn all(&self) -> Vec<String> {
        let zones: BTreeSet<usize> = self.subnets.iter().flatten().copied().collect();
        let mut all: Vec<String> = (0..self.nodes.len()).map(|node| format!("n{node}")).collect();
        all.extend(zones.iter().map(|zone| format!("z{zone}")));
        all.extend((0..self.services.len()).map(|service| format!("v{service}")));
        all.extend(["db".to_owned(), "lb".to_owned()]);
        all
    }

    /// The smallest sets of some of these that lose a thing, and whether each does for certain.
    fn smallest(&self, thing: &str, among: &[String]) -> BTreeSet<(BTreeSet<String>, bool)> {
        for size in 0..=among.len() {
            let mut found = BTreeSet::new();
            for bits in 0..1_u32 << among.len() {
                if bits.count_ones() as usize != size {
                    continue;
                }
                let own = among.iter().enumerate().filter(|(at, _)| bits & (1 << at) != 0);
                let set: BTreeSet<String> = own.map(|(_, name)| name.clone()).collect();
                let (worst, best) = self.lost(&set);
                if worst.contains(thing) {
                    found.insert((set, best.contains(thing)));
                }
            }
            if !found.is_empty() {
                return found;
            }
        }
        BTreeSet::new()
    }
}

/// Every set that a cut stands for.
fn expanded(simulation: &Simulation<'_>, cut: &Cut) -> Vec<BTreeSet<String>> {
    let mut sets = vec![BTreeSet::new()];
    for choice in &cut.choices {
        let mut next = Vec::new();
        for bits in 0..1_u32 << choice.of.len() {
            if bits.count_ones() as usize != choice.count {
                continue;
            }
            let mut ways = sets.clone();
            for (_, alike) in choice.of.iter().enumerate().filter(|(at, _)| bits & (1 << at) != 0) {
                ways = ways
                    .iter()
                    .flat_map(|way| {
                        alike.iter().map(|failure| {
                            let mut way: BTreeSet<String> = way.clone();
                            way.insert(simulation.failure_name(*failure).to_owned());
                            way
                        })
                    })
                    .collect();
            }
            next.extend(ways);
        }
        sets = next;
    }
    sets
}

fn told(simulation: &Simulation<'_>, found: &Found) -> BTreeSet<(BTreeSet<String>, bool)> {
    let Found::Sets { size, cuts } = found else { return BTreeSet::new() };
    let mut all = BTreeSet::new();
    for cut in cuts {
        for set in expanded(simulation, cut) {
            assert_eq!(set.len(), *size);
            assert!(all.insert((set, cut.certain)), "a set stands in one cut only: {cuts:?}");
        }
    }
    all
}

fn some_of(count: usize, least: usize) -> impl Strategy<Value = BTreeSet<usize>> {
    proptest::collection::btree_set(0..count, least..=count)
}

fn within(all: BTreeSet<usize>, count: usize) -> BTreeSet<usize> {
    all.into_iter().map(|one| one % count).collect()
}

prop_compose! {
    fn service()(
        nodes in some_of(4, 1),
        majority in any::<bool>(),
        requires in proptest::collection::btree_set(0_usize..4, 0..3),
        requires_beside in prop_oneof![3 => Just(None), 1 => Just(Some("db")), 1 => Just(Some("lb"))],
        shares in any::<bool>(),
    ) -> Service {
        Service { nodes, majority, requires, requires_beside, shares }
    }
}

prop_compose! {
    fn small()(
        subnets in proptest::collection::vec(proptest::option::weighted(0.85, 0_usize..3), 1..5),
        nodes in proptest::collection::vec(0_usize..4, 1..5),
        (of_database, standby, seen) in (some_of(4, 1), any::<bool>(), proptest::option::of(0_usize..4)),
        (of_balancer, targets) in (some_of(4, 1), some_of(4, 1)),
        services in proptest::collection::vec(service(), 1..5),
    ) -> Small {
        let count = subnets.len();
        let of_services = services.len();
        let bounded = |service: Service| Service {
            nodes: within(service.nodes, nodes.len()),
            requires: within(service.requires, of_services),
            ..service
        };
        Small {
            services: services.into_iter().map(bounded).collect(),
            database: (within(of_database, count), standby, seen.map(|seen| seen % count)),
            balancer: (within(of_balancer, count), within(targets, nodes.len())),
            nodes: nodes.into_iter().map(|subnet| subnet % count).collect(),
            subnets,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn what_is_left_is_the_union_of_all_that_hold_each_other_up(
        small in small(),
        picks in proptest::collection::vec(any::<bool>(), 16),
    ) {
        let topology = load(&small.text()).map_err(|told| TestCaseError::fail(format!("{told:?}\n{}", small.text())))?;
        let simulation = Simulation::of(&topology);
        let failed: BTreeSet<String> =
            small.all().into_iter().zip(&picks).filter(|(_, pick)| **pick).map(|(name, _)| name).collect();
        let failures: Vec<Failure> = failed.iter().flat_map(|name| simulation.named(name).unwrap()).collect();
        let outcome = simulation.outcome(&failures);
        let (worst, best) = small.lost(&failed);
        let told: BTreeSet<String> = outcome.lost().map(|(thing, _)| simulation.thing_name(thing)).collect();
        prop_assert_eq!(&told, &worst, "{}", small.text());
        let certain = outcome.lost().filter(|(_, loss)| loss.certain);
        let certain: BTreeSet<String> = certain.map(|(thing, _)| simulation.thing_name(thing)).collect();
        prop_assert_eq!(&certain, &best, "{}", small.text());
        for thing in outcome.losses.keys() {
            let chain = outcome.chain(*thing);
            prop_assert!(chain.len() <= outcome.losses.len(), "a chain of causes ends");
            if outcome.losses[thing].certain {
                prop_assert!(chain.iter().all(|(own, _)| outcome.losses[own].certain), "{}", small.text());
            }
        }
    }

    #[test]
    fn the_smallest_sets_are_all_and_only_those_that_trying_everything_finds(small in small()) {
        let topology = load(&small.text()).unwrap();
        let simulation = Simulation::of(&topology);
        let search = simulation.search(Simulation::BUDGET);
        prop_assert!(!search.is_partial());
        for answer in &search.answers {
            let thing = answer.subject.thing(&simulation).unwrap();
            let name = simulation.thing_name(thing);
            let with_services = matches!(answer.subject, Subject::Service(_) | Subject::Entry(_));
            let fails = |own: &String| *own != name && (with_services || !own.starts_with('v'));
            let among: Vec<String> = small.all().into_iter().filter(fails).collect();
            let expected = small.smallest(&name, &among);
            prop_assert_eq!(told(&simulation, &answer.smallest), expected.clone(), "{} of {}", name, small.text());
            let of_nodes = |set: &BTreeSet<String>| set.iter().all(|own| own.starts_with('n'));
            if expected.iter().any(|(set, _)| of_nodes(set)) {
                prop_assert!(answer.nodes.is_none());
            } else {
                let nodes: Vec<String> = among.into_iter().filter(|own| own.starts_with('n')).collect();
                let found = answer.nodes.as_ref().map(|found| told(&simulation, found)).unwrap_or_default();
                prop_assert_eq!(found, small.smallest(&name, &nodes), "{} of {}", name, small.text());
            }
        }
        let entries = search.answers.iter().filter(|answer| matches!(answer.subject, Subject::Entry(_))).count();
        let quorums = topology.service_ids().filter(|id| {
            search.answers.iter().any(|answer| answer.subject.thing(&simulation) == Some(Thing::Service(*id)))
        });
        prop_assert_eq!(quorums.count(), small.services.len());
        prop_assert!(entries <= 1);
    }
}
