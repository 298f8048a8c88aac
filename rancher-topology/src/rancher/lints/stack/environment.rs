//! An environment variable that contradicts the rest of the document.

use super::Cluster;
use crate::diagnostic::{Severity, Span};
use crate::document::Environment;
use crate::lint::{Context, Findings, Found, Lint};
use crate::topology::{EnvironmentValue, Origin};

pub(super) const LINT: Lint = Lint {
    id: "rancher-1-environment",
    severity: Severity::Warning,
    summary: "An environment variable says otherwise than the rest of the document.",
    reason: "The files that the cluster manager reads are made of what the document says of ports, database and \
             registration URL. A variable that is written out beside it, with another value, wins in one \
             container and not in the others; with `DEFAULT_CATTLE_API_HOST` hosts are sent to one address and \
             the certificate is made for another.",
    source: "rancher/cattle v0.159.7, `haconfig/script.ftl`; rancher/cluster-manager v0.1.5, \
             `cluster/cluster_service.go`; rancher/rancher#4426.",
    bad: example!(
        "services:\n",
        "  rancher-ha: {image: \"rancher/server:v1.1.4\", placement: node, network: host, traffic-to: db}\n",
        "  load-balancer:\n",
        "    image: rancher/agent-instance:v0.8.3\n",
        "    placement: node\n",
        "    publish: [80-81:80-81, 443-444:443-444]\n",
        "    environment: {DEFAULT_CATTLE_API_HOST: \"https://old.example.com\"}\n",
    ),
    good: example!(
        "services:\n",
        "  rancher-ha: {image: \"rancher/server:v1.1.4\", placement: node, network: host, traffic-to: db}\n",
        "  load-balancer:\n",
        "    image: rancher/agent-instance:v0.8.3\n",
        "    placement: node\n",
        "    publish: [80-81:80-81, 443-444:443-444]\n",
        "    environment: {DEFAULT_CATTLE_API_HOST: \"https://rancher.example.com\"}\n",
    ),
    instead_of: &[],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let Some(cluster) = Cluster::of(cx) else { return };
    let expected = Expected::of(&cluster);
    for service in cluster.services() {
        for (name, value) in &service.said.environment {
            let Environment::Literal(text) = &value.value else { continue };
            let Some((wanted, at)) = expected.value(name) else { continue };
            let agrees = match name.as_str() {
                // A list of ports: that the one is among them is enough.
                "CATTLE_PROXY_PROTOCOL_HTTPS_PORTS" => text.split(',').any(|port| port.trim() == wanted),
                _ => text.trim_end_matches('/') == wanted,
            };
            if agrees {
                continue;
            }
            let finding = LINT
                .finding(format!("`{}` says otherwise than the rest of the document", name.value), value.span)
                .here(format!("the rest says `{wanted}`"))
                .why("it holds in this container only, and the others go by the rest")
                .help(format!("write `{wanted}` here, or change the rest"));
            findings.push(match at {
                Some(at) => finding.also(at, "said here"),
                None => finding,
            });
        }
    }
}

/// What the variables are, by the rest of the document, and where it is said.
struct Expected(Vec<(&'static str, String, Option<Span>)>);

impl Expected {
    fn of(cluster: &Cluster<'_>) -> Self {
        let (topology, is, said) = (cluster.cx.topology, cluster.is, cluster.said);
        let database = &topology[is.database];
        let port = cluster.cx.document.databases.get_index(is.database.position());
        let name = said.database_name.as_ref().map(|name| name.span);
        let user = said.database_user.as_ref().map(|user| user.span);
        let size = is.size(topology).to_string();
        let ports = cluster.ports();
        let mut all = vec![
            ("CATTLE_DB_CATTLE_MYSQL_PORT", database.port.to_string(), port.map(|(_, said)| said.port.span)),
            ("CATTLE_DB_CATTLE_MYSQL_NAME", is.database_name.to_string(), name),
            ("CATTLE_DB_CATTLE_USERNAME", is.database_user.to_string(), user),
            ("CATTLE_HA_CLUSTER_SIZE", size.clone(), None),
            ("CLUSTER_SIZE", size, None),
            ("CATTLE_HOST_API_PROXY_MODE", "ha".to_owned(), None),
            ("CATTLE_PROXY_PROTOCOL_HTTPS_PORTS", ports.proxy_https.to_string(), None),
            ("CATTLE_SWARM_TLS_PORT", ports.swarm.to_string(), None),
        ];
        all.extend(is.ports(topology).into_iter().map(|(name, port)| (name, port.to_string(), None)));
        if is.registration_url.origin == Origin::Stated {
            let at = said.registration_url.as_ref().map(|url| url.span);
            for name in ["DEFAULT_CATTLE_API_HOST", "CATTLE_API_HOST", "CATTLE_HA_HOST_REGISTRATION_URL"] {
                all.push((name, is.registration_url.to_string(), at));
            }
        }
        for (name, port) in [("CATTLE_REDIS_HOSTS", 6379), ("CATTLE_ZOOKEEPER_CONNECTION_STRING", 2181)] {
            let Some(mesh) = topology.mesh_ids().find(|mesh| topology[*mesh].port == port) else { continue };
            let Some(node) = topology[topology[mesh].pool].nodes.first() else { continue };
            if let Some(ends) = topology.environment_on(*node, &EnvironmentValue::LocalEnds(mesh)) {
                all.push((name, ends, Some(topology[mesh].span)));
            }
        }
        Self(all)
    }

    fn value(&self, name: &str) -> Option<(&str, Option<Span>)> {
        let (_, value, at) = self.0.iter().find(|(known, ..)| *known == name)?;
        Some((value, *at))
    }
}

#[cfg(test)]
mod tests {
    use super::LINT;

    fn found(variable: &str) -> usize {
        let text = LINT.bad.replace("DEFAULT_CATTLE_API_HOST: \"https://old.example.com\"", variable);
        assert_ne!(text, LINT.bad);
        let report = crate::validate(&crate::validate::complete(&text));
        report.findings.iter().filter(|finding| finding.id == LINT.id).count()
    }

    #[test]
    fn ports_names_and_size_are_compared_and_what_is_not_known_is_not() {
        for wrong in
            ["CATTLE_HA_PORT_HTTP: 8080", "CATTLE_HA_CLUSTER_SIZE: 5", "CATTLE_DB_CATTLE_USERNAME: root"]
        {
            assert_eq!(found(wrong), 1, "{wrong}");
        }
        for right in [
            "CATTLE_HA_PORT_HTTP: 80",
            "CATTLE_HA_CLUSTER_SIZE: 3",
            "DEFAULT_CATTLE_API_HOST: 'https://rancher.example.com/'",
            "CATTLE_PROXY_PROTOCOL_HTTPS_PORTS: '443,444'",
            "PROXY_LISTEN_ADDRESS: ':8080'",
        ] {
            assert_eq!(found(right), 0, "{right}");
        }
    }
}
