//! The server behind another port than 18080.

use super::Cluster;
use crate::diagnostic::{Edit, Severity};
use crate::lint::{Context, Findings, Found, Lint};
use crate::scalar::{Protocol, Publish};

pub(super) const LINT: Lint = Lint {
    id: "rancher-1-api-port",
    severity: Severity::Error,
    summary: "The container that holds the network of the others does not publish 18080:8080.",
    reason: "The cluster manager asks its own server on port 18080 of docker0, and starts the agents with that \
             address; the number is written into it. Where nothing leads from there to 8080, it waits for ever: \
             \"Waiting for server to be available\".",
    source: "rancher/cluster-manager v0.1.5, `docker/docker.go`; rancher/rancher#4685.",
    bad: management_stack!(
        publish: "8081:8080, 6379:16379, 2181:12181, 2888:12888, 3888:13888",
        election_rule: "      - {port: 3888/tcp, from: self}\n",
        client_entry: "12181",
        leader: "  tunnel-zk-leader: {carries: zookeeper, port: 3888, entry: 13888}\n",
    ),
    good: management_stack!(),
    instead_of: &[],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let Some(cluster) = Cluster::of(cx) else { return };
    let Some(namespace) = cx.topology.meshes.first().map(|mesh| mesh.namespace) else { return };
    let Some(parent) = cluster.services().find(|service| service.id == namespace) else { return };
    let leads = |publish: &Publish| publish.protocol == Protocol::Tcp && publish.container.contains(8080);
    let right = |publish: &Publish| {
        leads(publish) && publish.host_port_of(8080) == Some(18_080) && publish.is_on_every_address()
    };
    let said = &parent.said.publish;
    if said.iter().any(|publish| right(&publish.value)) {
        return;
    }
    let wrong = said.iter().find(|publish| leads(&publish.value));
    let finding = LINT
        .finding(
            format!("`{}` does not publish 18080:8080", parent.is.name),
            wrong.map_or(parent.name, |publish| publish.span),
        )
        .why("the cluster manager waits for its server on port 18080 of docker0")
        .help("write `18080:8080` under `publish`");
    findings.push(match wrong {
        Some(publish) if publish.value.container.len() == 1 => {
            finding.suggest(vec![Edit::Replace { span: publish.span, text: "18080:8080".to_owned() }])
        }
        _ => finding,
    });
}
