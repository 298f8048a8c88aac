//! How long the answers about rule sets take as they grow: `cargo bench -p rancher-gen --bench rule_sets`.
//!
//! Besides the times of criterion for up to 10,000 rules it prints, for each kind and up to 50,000, the seconds of a
//! matrix and of a comparison of two rule sets, the nodes of the diagrams (24 bytes each, with what finds them), and how
//! much longer twice the rules take.

#![allow(clippy::print_stdout, clippy::unwrap_used, missing_docs)]

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use fastrand::Rng;
use rancher_gen::read::iptables;
use rancher_topology::netfilter::{
    AddressSet, Change, Dimension, Entry, Filter, Hook, HostFacts, RuleSet, openings,
};
use rancher_topology::packet::{Family, Intervals, number};

/// A generator of the rules of a rule set.
type Kind = (&'static str, fn(&mut Rng, usize) -> String);

const KINDS: [Kind; 7] = [
    ("mesh", mesh),
    ("chains", chains),
    ("random", random),
    ("networks", networks),
    ("crossing", crossing),
    ("published", published),
    ("sets", sets),
];

/// Everyone of some to everyone of others.
fn mesh(_: &mut Rng, count: usize) -> String {
    let side = count.isqrt();
    let mut text = String::new();
    for (from, to) in (0..side).flat_map(|from| (0..side).map(move |to| (from, to))) {
        let port = if (from + to) % 2 == 0 { 22 } else { 443 };
        let (from, to) = (address(1, from), address(2, to));
        writeln!(text, "-A FORWARD -s {from} -d {to} -p tcp -m tcp --dport {port} -j ACCEPT").unwrap();
    }
    text
}

fn address(network: usize, host: usize) -> String {
    format!("10.{network}.{}.{}", host / 250, host % 250 + 1)
}

/// A chain for each network that packets come from, as a border firewall has.
fn chains(rng: &mut Rng, count: usize) -> String {
    let networks = (count / 100).max(1);
    let mut text = String::new();
    for network in 0..networks {
        writeln!(text, ":from-{network} - [0:0]").unwrap();
    }
    for network in 0..networks {
        let (high, low) = (network / 250, network % 250);
        writeln!(text, "-A FORWARD -s 10.{high}.{low}.0/24 -j from-{network}").unwrap();
        for _ in 0..99 {
            let (port, target) = (port(rng), ["ACCEPT", "DROP", "RETURN"][rng.usize(0..3)]);
            writeln!(text, "-A from-{network} -d {} -p tcp -m tcp --dport {port} -j {target}", host(rng))
                .unwrap();
        }
    }
    text
}

fn port(rng: &mut Rng) -> u16 {
    [22, 80, 443, 8080][rng.usize(0..4)]
}

fn host(rng: &mut Rng) -> String {
    format!("10.{}.{}.{}", rng.u8(0..16), rng.u8(..), rng.u8(..))
}

/// Networks of all sizes and any ports.
fn random(rng: &mut Rng, count: usize) -> String {
    let mut text = String::new();
    for _ in 0..count {
        let mut side = |word: &str| {
            let length = [8, 16, 24, 28, 32, 32][rng.usize(0..6)];
            if rng.u8(0..5) == 0 { String::new() } else { format!("{word} {}/{length} ", host(rng)) }
        };
        let (source, destination) = (side("-s"), side("-d"));
        let any = rng.u16(1..);
        let transport = match rng.u8(0..4) {
            0 => format!("-p tcp -m tcp --dport {} ", [22, 80, 443, 8080, 3306, any][rng.usize(0..6)]),
            1 => format!("-p udp -m udp --dport {} ", [53, 123, any][rng.usize(0..3)]),
            2 => "-p tcp ".to_owned(),
            _ => String::new(),
        };
        let target = ["ACCEPT", "DROP"][rng.usize(0..2)];
        writeln!(text, "-A FORWARD {source}{destination}{transport}-j {target}").unwrap();
    }
    text
}

/// Networks that are in each other, each rule for any port: a packet may be for very many of them.
fn networks(rng: &mut Rng, count: usize) -> String {
    let mut text = String::new();
    for _ in 0..count {
        let mut side = || format!("{}/{}", host(rng), [8, 16, 24, 32][rng.usize(0..4)]);
        let (source, destination) = (side(), side());
        let (port, target) = (rng.u16(1..), ["ACCEPT", "DROP"][rng.usize(0..2)]);
        writeln!(text, "-A FORWARD -s {source} -d {destination} -p tcp -m tcp --dport {port} -j {target}")
            .unwrap();
    }
    text
}

/// Half from all to one host, half from one host to a network: what diagrams over intervals cannot hold.
fn crossing(rng: &mut Rng, count: usize) -> String {
    let mut text = String::new();
    for at in 0..count {
        let (port, target) = (port(rng), ["ACCEPT", "DROP"][rng.usize(0..2)]);
        let sides = if at % 2 == 0 {
            format!("-s 10.0.0.0/8 -d {}", host(rng))
        } else {
            format!("-s {} -d {}/{}", host(rng), host(rng), rng.u8(16..25))
        };
        writeln!(text, "-A FORWARD {sides} -p tcp -m tcp --dport {port} -j {target}").unwrap();
    }
    text
}

/// Half sends an address of the outside to a host inside, half admits what was sent there.
fn published(_: &mut Rng, count: usize) -> String {
    let mut text = String::new();
    for at in 0..count / 2 {
        let to = address(30, at);
        writeln!(text, "-A FORWARD -d {to} -p tcp -m tcp --dport 8022 -j ACCEPT").unwrap();
    }
    text.push_str("COMMIT\n*nat\n:PREROUTING ACCEPT [0:0]\n");
    for at in 0..count / 2 {
        let (from, to) = (address(20, at), address(30, at));
        writeln!(text, "-A PREROUTING -d {from} -p tcp -m tcp --dport 22 -j DNAT --to-destination {to}:8022")
            .unwrap();
    }
    text
}

/// Every rule asks the set `peers`.
fn sets(_: &mut Rng, count: usize) -> String {
    let mut text = String::new();
    for at in 0..count {
        let to = address(20, at);
        writeln!(text, "-A FORWARD -d {to} -p tcp -m tcp --dport 22 -m set --match-set peers src -j ACCEPT")
            .unwrap();
    }
    text
}

/// A host that has a set of 5,000 addresses.
fn facts() -> HostFacts {
    let peer = |at: usize| {
        let address = number(address(1, 2 * at).parse().unwrap());
        Entry { dimensions: vec![Dimension::Addresses(Intervals::points([address]))], not: false }
    };
    let peers = AddressSet::Entries((0..5_000).map(peer).collect());
    HostFacts { sets: [("peers".to_owned(), peers)].into(), ..HostFacts::default() }
}

fn text(kind: Kind, count: usize) -> String {
    let rules = kind.1(&mut Rng::with_seed(1), count);
    format!("*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n{rules}COMMIT\n")
}

fn read(text: &str) -> RuleSet {
    iptables::read(text, Some(Family::V4)).unwrap().rules
}

/// Who reaches whom on 22/tcp, with the nodes that it took.
fn matrix(rules: &RuleSet) -> usize {
    let known = openings("22/tcp".parse().unwrap());
    let mut filter = Filter::new(rules, &facts(), Hook::Forward, &known);
    black_box(filter.matrix());
    filter.nodes()
}

/// The same with one rule twice, which changes nothing.
fn doubled(rules: &RuleSet) -> RuleSet {
    let mut doubled = rules.clone();
    let rules = &mut doubled.tables.get_mut("filter").unwrap().chains.get_mut("FORWARD").unwrap().rules;
    let middle = rules.len() / 2;
    rules.insert(middle, rules[middle].clone());
    doubled
}

fn is_equal(one: &RuleSet, other: &RuleSet) -> bool {
    let facts = facts();
    Change::of((one, &facts), (other, &facts), Hook::Forward).is_equal()
}

fn growth(_: &mut Criterion) {
    const COUNTS: [usize; 5] = [100, 1_000, 10_000, 25_000, 50_000];
    println!("{:10} {:>7} {:>9} {:>10} {:>10} {:>9}", "kind", "rules", "read", "matrix", "equality", "nodes");
    for kind in KINDS {
        let mut matrices: Vec<Duration> = Vec::new();
        for count in COUNTS {
            let text = text(kind, count);
            let (rules, reading) = timed(|| read(&text));
            let (nodes, for_matrix) = timed(|| matrix(&rules));
            let other = doubled(&rules);
            let (equal, for_equality) = timed(|| is_equal(&rules, &other));
            assert!(equal);
            println!(
                "{:10} {count:7} {reading:9.1?} {for_matrix:10.1?} {for_equality:10.1?} {nodes:9}",
                kind.0
            );
            matrices.push(for_matrix);
        }
        if let [.., half, whole] = matrices.as_slice() {
            println!(
                "{:10} twice the rules take {:.1} of it",
                kind.0,
                whole.as_secs_f64() / half.as_secs_f64()
            );
        }
    }
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let done = work();
    (done, start.elapsed())
}

fn matrices(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("matrix");
    group.sample_size(10).measurement_time(Duration::from_secs(3));
    for kind in KINDS {
        for count in [100, 1_000, 10_000] {
            let rules = read(&text(kind, count));
            group.bench_with_input(BenchmarkId::new(kind.0, count), &rules, |bencher, rules| {
                bencher.iter(|| matrix(rules));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, growth, matrices);
criterion_main!(benches);
