//! A machine that is too small for a server.

use super::{Cluster, pools};
use crate::diagnostic::Severity;
use crate::document::Provider;
use crate::lint::{Context, Findings, Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "rancher-1-memory",
    severity: Severity::Warning,
    summary: "A node has less memory than a server of a cluster takes.",
    reason: "A server in production takes a Java heap of 4 GB and more, beside it ZooKeeper, Redis, the agents and two load \
             balancers. With less than 8 GB the server starts with a heap of 1 or 2 GB, collects garbage all day, and a \
             ZooKeeper session that it misses ends its process.",
    source: "The documentation of v1.0 and v1.1, \"Requirements\"; rancher/rancher v1.1.4, `server/bin/cattle.sh` (heap by the \
             host's memory); Amazon EC2, \"Instance types\".",
    bad: example!(
        "nodes:\n",
        "  node:\n",
        "    count: 3\n",
        "    first-address: {a: 10.0.1.10, b: 10.0.2.10, c: 10.0.3.10}\n",
        "    os: centos-7\n",
        "    engine: docker-1.10.3\n",
        "    groups: nodes\n",
        "    instance-type: t2.medium\n",
    ),
    good: example!(
        "nodes:\n",
        "  node:\n",
        "    count: 3\n",
        "    first-address: {a: 10.0.1.10, b: 10.0.2.10, c: 10.0.3.10}\n",
        "    os: centos-7\n",
        "    engine: docker-1.10.3\n",
        "    groups: nodes\n",
        "    instance-type: t2.large\n",
    ),
    instead_of: &[],
    found: Found::Whole(check),
};

/// 8 GB, of 10^9 bytes each, in MiB.
const ENOUGH: u32 = 7630;

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let Some(cluster) = Cluster::of(cx) else { return };
    for (_, pool) in pools(&cluster) {
        let Some(kind) = &pool.instance_type else { continue };
        match mebibytes(kind) {
            // Elsewhere than on AWS another list names the machines.
            None if *cx.topology.network.provider != Provider::Aws => {}
            None => findings.unchecked(&LINT, format!("the memory of `{}` is not known", kind.value)),
            Some(memory) if memory < ENOUGH => findings.push(
                LINT.finding(format!("`{}` has {} of memory", kind.value, gibibytes(memory)), kind.span)
                    .why("a server of a cluster takes 8 GB: a heap of 4, and what runs beside it")
                    .help("write `instance-type: m5.large`, or a larger one"),
            ),
            Some(_) => {}
        }
    }
}

fn gibibytes(mebibytes: u32) -> String {
    let (whole, rest) = (mebibytes / 1024, mebibytes % 1024);
    let part = format!("{:03}", rest * 1000 / 1024);
    match part.trim_end_matches('0') {
        "" => format!("{whole} GiB"),
        part => format!("{whole}.{part} GiB"),
    }
}

/// The memory of EC2's kinds of machines for x86 that Rancher 1.x is run on.
///
/// Source: Amazon EC2, "Instance types": within a family memory doubles with the size; this is what its `large` has.
fn mebibytes(kind: &str) -> Option<u32> {
    let (family, size) = kind.split_once('.')?;
    let large: u32 = match family {
        "t2" | "t3" | "t3a" | "m4" | "m5" | "m5a" | "m5d" | "m5n" | "m6a" | "m6i" | "m7a" | "m7i" => 8192,
        "m3" => 7680,
        "c3" | "c4" => 3840,
        "c5" | "c5a" | "c5d" | "c6a" | "c6i" | "c7a" | "c7i" => 4096,
        "r3" | "r4" => 15_616,
        "r5" | "r5a" | "r5d" | "r6a" | "r6i" | "r7a" | "r7i" => 16_384,
        _ => return None,
    };
    Some(match size {
        "nano" => large / 16,
        "micro" => large / 8,
        "small" => large / 4,
        "medium" => large / 2,
        "large" => large,
        "xlarge" => large * 2,
        _ => size.strip_suffix("xlarge")?.parse::<u32>().ok().filter(|times| *times <= 48)? * large * 2,
    })
}

#[cfg(test)]
mod tests {
    use super::{gibibytes, mebibytes};

    #[test]
    fn memory_is_as_amazon_lists_it() {
        let listed = [
            ("t2.nano", "0.5 GiB"),
            ("t2.medium", "4 GiB"),
            ("m3.medium", "3.75 GiB"),
            ("m3.large", "7.5 GiB"),
            ("c4.xlarge", "7.5 GiB"),
            ("m5.24xlarge", "384 GiB"),
            ("r4.large", "15.25 GiB"),
        ];
        for (kind, memory) in listed {
            assert_eq!(gibibytes(mebibytes(kind).unwrap()), memory, "{kind}");
        }
        for kind in ["z9.large", "m5", "m5.big", "m5.xxlarge", "m5.metal"] {
            assert_eq!(mebibytes(kind), None, "{kind}");
        }
    }
}
