//! A tunnel whose way in is not where the image has it.

use super::{CARRIED, Cluster};
use crate::diagnostic::Severity;
use crate::lint::{Context, Findings, Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "rancher-1-tunnel-entry",
    severity: Severity::Error,
    summary: "A tunnel's way in is not 10000 above its port.",
    reason: "The way in of each tunnel listens on its port and 10000: 12181 for ZooKeeper's clients. The number \
             is written into the cluster manager, so what is published in its place leads nowhere.",
    source: "rancher/cluster-manager v0.1.5, `service/tunnel.go`.",
    bad: management_stack!(
        publish: "18080:8080, 6379:16379, 2181:12182, 2888:12888, 3888:13888",
        election_rule: "      - {port: 3888/tcp, from: self}\n",
        client_entry: "12182",
        leader: "  tunnel-zk-leader: {carries: zookeeper, port: 3888, entry: 13888}\n",
    ),
    good: management_stack!(),
    instead_of: &[],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    if Cluster::of(cx).is_none() {
        return;
    }
    for said in cx.document.tunnels.values() {
        let Some((_, port)) = CARRIED.into_iter().find(|(_, port)| said.port.value == *port) else {
            continue;
        };
        let entry = port + 10_000;
        if said.entry.value != entry {
            findings.push(
                LINT.finding(format!("the way in for {port} is {entry}"), said.entry.span)
                    .also(said.port.span, "carried from here")
                    .why("the number is written into the cluster manager")
                    .help(format!("write `entry: {entry}`, and publish it: `{port}:{entry}`")),
            );
        }
    }
}
