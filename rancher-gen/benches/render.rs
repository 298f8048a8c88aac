//! How long a render takes in memory, without a disk: `cargo bench -p rancher-gen`.
//!
//! `benches/whole` times whole processes, with the disk, beside `cp -r` of the same tree.

#![allow(clippy::unwrap_used, missing_docs)]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use rancher_gen::output::{Selection, render};
use rancher_gen::template::Templates;
use rancher_topology::load;

const SEED: &str = include_str!("../../examples/rancher-1-ha-aws/as-written.yaml");
const FLEET: &str = include_str!("../../examples/fleet/fleet.yaml");

fn seed(criterion: &mut Criterion) {
    let templates = Templates::embedded();
    criterion.bench_function("seed/load", |bencher| bencher.iter(|| load(black_box(SEED)).unwrap()));
    let topology = load(SEED).unwrap();
    criterion.bench_function("seed/render", |bencher| {
        bencher.iter(|| render(black_box(&topology), &templates, &Selection::default()).unwrap());
    });
}

fn fleet(criterion: &mut Criterion) {
    let templates = Templates::embedded();
    let mut group = criterion.benchmark_group("fleet");
    group.sample_size(10);
    for count in [100, 1_000, 5_000] {
        let topology = load(&FLEET.replace("count: 5000", &format!("count: {count}"))).unwrap();
        for (name, only) in [("firewall", vec!["iptables"]), ("all", Vec::new())] {
            let selection = Selection { only, node: None };
            group.bench_function(BenchmarkId::new(name, count), |bencher| {
                bencher.iter(|| render(black_box(&topology), &templates, &selection).unwrap());
            });
        }
    }
    group.finish();
}

criterion_group!(benches, seed, fleet);
criterion_main!(benches);
