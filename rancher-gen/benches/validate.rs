//! How long looking at a topology takes as it grows: `cargo bench -p rancher-gen --bench validate`.
//!
//! Besides the times it prints the measured growth: how much longer twice the nodes take. n·log n is a little above 2.

#![allow(clippy::print_stdout, clippy::unwrap_used, missing_docs)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use rancher_topology::validate;

const SEED: &str = include_str!("../../examples/rancher-1-ha-aws/as-written.yaml");
const FLEET: &str = include_str!("../../examples/fleet/fleet.yaml");
const COUNTS: [usize; 3] = [2_500, 5_000, 10_000];

/// Alike nodes: one pool, whose number is one word of the document.
fn one_pool(count: usize) -> String {
    FLEET.replace("count: 5000", &format!("count: {count}"))
}

/// Nodes that a person has written down one by one: the document grows with them.
fn one_by_one(count: usize) -> String {
    let (before, rest) = FLEET.split_once("  node:\n").unwrap();
    let (_, after) = rest.split_once("\n\n").unwrap();
    let nodes = (0..count).map(|n| {
        let (rack, own) = [("rack-a", 0), ("rack-b", 32), ("rack-c", 64)][n % 3];
        let place = 10 + n / 3;
        let address = format!("10.0.{}.{}", own + place / 256, place % 256);
        format!("  n{n}: {{first-address: {{{rack}: {address}}}, os: debian-12, engine: docker-27.3.1, interfaces: eth0, groups: nodes}}\n")
    });
    let placement = (0..count).map(|n| format!("n{n}")).collect::<Vec<_>>().join(", ");
    let after = after.replace("placement: node\n", &format!("placement: [{placement}]\n"));
    format!("{before}{}\n{after}", nodes.collect::<String>())
}

/// Nodes with a service each, that connects to the next node's: as many flows as nodes.
fn a_service_each(count: usize) -> String {
    let address = |n: usize| format!("10.0.{}.{}", 1 + n / 250, 1 + n % 250);
    let nodes = (0..count).map(|n| {
        format!(
            "  n{n}: {{first-address: {{a: {}}}, os: debian-12, engine: docker-27.3.1, groups: g}}\n",
            address(n)
        )
    });
    let services = (0..count).map(|n| {
        let next = (n + 1) % count;
        format!(
            "  s{n}: {{image: 'store:1.0', placement: n{n}, publish: ['8000:80'], traffic-to: s{next}}}\n"
        )
    });
    format!(
        "name: row\nnetwork: {{name: lab, cidr: 10.0.0.0/16, subnets: {{a: {{cidr: 10.0.0.0/16}}}}}}\n\
         security-groups: {{g: {{inbound: [{{port: 8000/tcp, from: self}}]}}}}\nnodes:\n{}services:\n{}",
        nodes.collect::<String>(),
        services.collect::<String>()
    )
}

fn seed(criterion: &mut Criterion) {
    criterion.bench_function("seed", |bencher| bencher.iter(|| validate(black_box(SEED))));
}

fn fleet(criterion: &mut Criterion) {
    for (name, make) in [
        ("one pool", one_pool as fn(usize) -> String),
        ("one by one", one_by_one),
        ("a service each", a_service_each),
    ] {
        let mut group = criterion.benchmark_group(name);
        group.sample_size(10);
        let mut before: Option<Duration> = None;
        for count in COUNTS {
            let text = make(count);
            assert!(validate(&text).topology.is_some(), "{count} nodes are no topology");
            group.bench_function(BenchmarkId::from_parameter(count), |bencher| {
                bencher.iter(|| validate(black_box(&text)));
            });
            let best = (0..5).map(|_| timed(&text)).min().unwrap();
            if let Some(before) = before {
                println!(
                    "{name}: {count} nodes take {:.2} of half as many",
                    best.as_secs_f64() / before.as_secs_f64()
                );
            }
            before = Some(best);
        }
        group.finish();
    }
}

fn timed(text: &str) -> Duration {
    let start = Instant::now();
    black_box(validate(black_box(text)));
    start.elapsed()
}

criterion_group!(benches, seed, fleet);
criterion_main!(benches);
