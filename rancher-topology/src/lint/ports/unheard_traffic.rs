//! Traffic to a port that nobody listens on, or that nothing leads to.

use super::publish_unheard::unheard;
use super::socket::{Namespaces, Said, listing, names};
use crate::diagnostic::{Diagnostic, Edit, MOST_PLACES, Severity};
use crate::document::Scope;
use crate::flow::{Flow, Party, Reason, Route};
use crate::lint::{Context, Findings, Found, Lint};
use crate::scalar::{PortRange, Ports, Protocol, Publish};
use crate::topology::{Destination, LoadBalancerId, ServiceId, Topology, Traffic};

pub(super) const LINT: Lint = Lint {
    id: "unheard-traffic",
    severity: Severity::Error,
    summary: "A service connects to a port that nobody listens on or that no route leads to.",
    reason: "The connection is refused, or waits until it times out, on every attempt. A port that another container \
             listens on is reached in four ways only: over loopback by those that share its network, over an overlay that \
             both are in, through a port that its node publishes, or through a load balancer or a mesh of tunnels. \
             `traffic-to` names the port that the other side listens on, not the node's port in front of it.",
    source: "connect(2), ECONNREFUSED and ETIMEDOUT; docker-run(1), `--publish` and `--network`.",
    bad: "\
security-groups:
  nodes: {inbound: [{port: 8080/tcp, from: self}]}
services:
  api: {image: nginx:1.27.2, placement: node, publish: [\"8080:80\"]}
  web: {image: nginx:1.27.2, placement: node, traffic-to: [\"api:80\", \"api:8081\"]}
",
    good: "\
security-groups:
  nodes: {inbound: [{port: 8080/tcp, from: self}]}
services:
  api: {image: nginx:1.27.2, placement: node, publish: [\"8080:80\"]}
  web: {image: nginx:1.27.2, placement: node, traffic-to: \"api:80\"}
",
    instead_of: &["publish-unheard"],
    found: Found::Whole(check),
};

fn check(cx: &Context, findings: &mut Findings) {
    let topology = cx.topology;
    let namespaces = Namespaces::of(cx);
    for id in topology.service_ids() {
        connections(cx, &namespaces, Party::Service(id), &topology[id].traffic_to, findings);
    }
    for id in topology.pool_ids() {
        connections(cx, &namespaces, Party::Pool(id), &topology[id].traffic_to, findings);
    }
}

fn connections(
    cx: &Context,
    namespaces: &Namespaces,
    client: Party,
    said: &[Traffic],
    findings: &mut Findings,
) {
    let stated = |flow: &&Flow| flow.reason == Reason::Stated;
    let any_lost = cx.flows.from(client).filter(stated).any(|flow| flow.route == Route::Nowhere);
    let flows: Vec<&Flow> =
        if any_lost { cx.flows.from(client).filter(stated).collect() } else { Vec::new() };
    for traffic in said {
        let finding = match &traffic.to {
            Destination::Services(services) => {
                let own = flows.iter().filter(|flow| belongs(flow, traffic, services));
                let (mut all, mut lost) = (0, 0);
                for flow in own {
                    all += 1;
                    lost += usize::from(flow.route == Route::Nowhere);
                }
                (all > 0 && all == lost).then(|| {
                    let finding = to_services(cx, client, traffic, services);
                    with_published(cx, namespaces, finding, traffic, services)
                })
            }
            Destination::Database(id) => {
                let database = &cx.topology[*id];
                let port = database.port;
                let wrong = traffic.ports.filter(|asked| !hears(*asked, port));
                wrong.map(|asked| {
                    refused(cx, client, traffic, asked, &format!("`{}` listens on {port}/tcp", database.name))
                        .help(format!("write `{0}`, or `{0}:{port}`", database.name))
                })
            }
            Destination::LoadBalancer(id) => to_load_balancer(cx, client, traffic, *id),
            Destination::Pool(_) | Destination::Internet => None,
        };
        if let Some(finding) = finding {
            findings.push(finding);
        }
    }
}

fn hears(asked: Ports, port: u16) -> bool {
    asked.protocol == Protocol::Tcp && asked.range.contains(port)
}

/// Whether a flow comes from a statement.
fn belongs(flow: &Flow, traffic: &Traffic, services: &[ServiceId]) -> bool {
    let balanced = matches!(flow.route, Route::Balanced { .. });
    matches!(flow.server, Party::Service(server) if services.contains(&server))
        && flow.scope == traffic.scope
        && traffic.ports.is_none_or(|asked| asked == flow.ports)
        && balanced == traffic.through.is_some()
}

fn refused(cx: &Context, client: Party, traffic: &Traffic, asked: Ports, there: &str) -> Diagnostic {
    LINT.finding(
        format!(
            "`{}` connects to {asked} of `{}`, and nothing there listens on it",
            client.name(cx.topology),
            traffic.word
        ),
        traffic.span,
    )
    .here(there)
    .why("every attempt is refused")
}

fn to_load_balancer(
    cx: &Context,
    client: Party,
    traffic: &Traffic,
    id: LoadBalancerId,
) -> Option<Diagnostic> {
    let balancer = &cx.topology[id];
    let ports: Vec<Ports> = balancer
        .listeners
        .iter()
        .filter_map(|listener| PortRange::single(listener.listen.port).ok())
        .map(|range| Ports { protocol: Protocol::Tcp, range })
        .collect();
    let asked = traffic.ports?;
    if ports.iter().any(|own| hears(asked, own.range.first())) {
        return None;
    }
    let there = listing(&ports);
    Some(
        refused(cx, client, traffic, asked, &format!("`{}` listens on {there}", balancer.name))
            .help(format!("name one of its ports: {there}")),
    )
}

fn to_services(cx: &Context, client: Party, traffic: &Traffic, services: &[ServiceId]) -> Diagnostic {
    let topology = cx.topology;
    let heard: Vec<Ports> = services.iter().flat_map(|id| listened(topology, *id)).collect();
    let meant = |own: &&Ports| {
        traffic.ports.is_none_or(|asked| own.protocol == asked.protocol && own.range.overlaps(asked.range))
    };
    let listening: Vec<ServiceId> =
        services.iter().copied().filter(|id| listened(topology, *id).iter().any(|own| meant(&own))).collect();
    match (traffic.ports, listening.is_empty()) {
        (_, false) => no_route(cx, client, traffic, &listening),
        (None, true) => LINT
            .finding(
                format!(
                    "`{}` connects to `{}`, and nothing is said to listen there",
                    client.name(topology),
                    traffic.word
                ),
                traffic.span,
            )
            .why("no port of it is published and none stands under its `listen`")
            .help(format!("say what it listens on: `listen: [PORT]` at `{}`", topology[services[0]].name)),
        (Some(asked), true) => {
            let there = format!("`{}` listens on {}", traffic.word, listing(&heard));
            let finding = refused(cx, client, traffic, asked, &there);
            match (node_side(topology, services, asked), heard.as_slice()) {
                (Some((name, ports)), _) => rewritten(
                    finding.why(format!(
                        "{} is the node's port in front of {} of `{name}`",
                        asked.range, ports.range
                    )),
                    traffic,
                    ports,
                ),
                (None, [only]) => rewritten(finding, traffic, *only),
                (None, []) => {
                    finding.help(format!("say so under `listen` of `{}`", topology[services[0]].name))
                }
                _ => finding.help(format!("write one of its ports: {}", listing(&heard))),
            }
        }
    }
}

/// Shows what is published towards it and leads to nobody: the same cause, seen from the node.
fn with_published(
    cx: &Context,
    namespaces: &Namespaces,
    finding: Diagnostic,
    traffic: &Traffic,
    services: &[ServiceId],
) -> Diagnostic {
    let topology = cx.topology;
    let mut owners: Vec<ServiceId> = services.iter().map(|id| topology.namespace_service(*id)).collect();
    owners.sort_unstable();
    owners.dedup();
    let meant = |publish: &Publish| {
        traffic.ports.is_none_or(|asked| {
            let is_heard = services.iter().flat_map(|id| listened(topology, *id)).any(|own| own == asked);
            publish.protocol == asked.protocol && (is_heard || publish.container.overlaps(asked.range))
        })
    };
    let dead = owners.iter().flat_map(|id| {
        let unheard = unheard(cx, namespaces, *id).into_iter().map(|(at, _)| (*id, at));
        unheard.filter(|(id, at)| meant(&topology[*id].publish[*at])).collect::<Vec<_>>()
    });
    let places = dead.map(|(id, at)| {
        let text = format!("leads to {}, where nothing listens", topology[id].publish[at].container);
        (Said::Publish(id, at).span(cx.document), text)
    });
    finding.also_up_to(MOST_PLACES, places)
}

/// Somebody listens there, and the client has no way to it.
fn no_route(cx: &Context, client: Party, traffic: &Traffic, listening: &[ServiceId]) -> Diagnostic {
    let topology = cx.topology;
    let who = names(listening.iter().map(|id| topology[*id].name.as_str()));
    let client = client.name(topology);
    let mut owners: Vec<ServiceId> = listening.iter().map(|id| topology.namespace_service(*id)).collect();
    owners.sort_unstable();
    owners.dedup();
    let publisher = &topology[owners[0]];
    let ports = traffic.ports.or_else(|| listened(topology, listening[0]).first().copied());
    let message = match traffic.ports {
        Some(ports) => format!("nothing leads from `{client}` to {ports} of `{}`", traffic.word),
        None => format!("nothing leads from `{client}` to `{}`", traffic.word),
    };
    let published = if publisher.publish.is_empty() {
        format!("`{}` publishes nothing", publisher.name)
    } else {
        let all: Vec<String> = publisher.publish.iter().map(Publish::as_docker_prints).collect();
        format!(
            "`{}` publishes {}",
            publisher.name,
            super::socket::in_words(&all).unwrap_or_else(|| "nothing".to_owned())
        )
    };
    let is_on_loopback = |publish: &Publish| {
        publish.is_on_loopback()
            && ports.is_some_and(|ports| {
                publish.protocol == ports.protocol && publish.container.overlaps(ports.range)
            })
    };
    let why = if publisher.publish.iter().any(is_on_loopback) {
        "what is published on a loopback address is reached from its own node's network only, by no container on a \
         bridge and from no other node"
    } else {
        "a port of a container is reached from outside its network only where its node publishes it"
    };
    let entry = ports.map(|ports| {
        let suffix = if ports.protocol == Protocol::Tcp { "" } else { "/udp" };
        format!("{0}:{0}{suffix}", ports.range)
    });
    LINT.finding(message, traffic.span).here(format!("{who} listens there, and {published}")).why(why).help(
        format!(
            "publish it on `{}`{}, or put both services into one network",
            publisher.name,
            entry.map_or(String::new(), |entry| format!(": `{entry}`"))
        ),
    )
}

/// What a service listens on, the carried ports of meshes by their first node's number.
fn listened(topology: &Topology, id: ServiceId) -> Vec<Ports> {
    let carried = topology.meshes.iter().filter(|mesh| mesh.carries == id);
    let carried = carried.filter_map(|mesh| PortRange::single(mesh.port).ok());
    let carried = carried.map(|range| Ports { protocol: Protocol::Tcp, range });
    topology[id].listen.iter().copied().chain(carried).collect()
}

/// The one container's port behind the node's port that was asked for, and whose it is.
fn node_side(topology: &Topology, services: &[ServiceId], asked: Ports) -> Option<(String, Ports)> {
    let mut owners: Vec<ServiceId> = services.iter().map(|id| topology.namespace_service(*id)).collect();
    owners.sort_unstable();
    owners.dedup();
    let mut behind = owners.iter().flat_map(|id| {
        let same = topology[*id].publish.iter().filter(|publish| publish.protocol == asked.protocol);
        same.filter_map(|publish| {
            let first = publish.container_port_of(asked.range.first())?;
            let range = PortRange::new(first, publish.container_port_of(asked.range.last())?).ok()?;
            Some((topology[*id].name.to_string(), Ports { range, ..asked }))
        })
    });
    let found = behind.next()?;
    let heard = services.iter().any(|id| {
        let own = listened(topology, *id);
        own.iter().any(|own| own.protocol == asked.protocol && own.range.overlaps(found.1.range))
    });
    (heard && behind.next().is_none()).then_some(found)
}

/// Ports as a document writes them: without the protocol where it is TCP.
fn word(ports: Ports) -> String {
    if ports.protocol == Protocol::Tcp { ports.range.to_string() } else { ports.to_string() }
}

/// Says which ports to write, with the edit where the statement says no more than whom.
fn rewritten(finding: Diagnostic, traffic: &Traffic, ports: Ports) -> Diagnostic {
    let instead = format!("{}:{}", traffic.word, word(ports));
    let finding = finding.help(format!("write `{instead}`"));
    if traffic.scope == Scope::EveryNode && traffic.through.is_none() {
        finding.suggest(vec![Edit::Replace { span: traffic.span, text: format!("\"{instead}\"") }])
    } else {
        finding
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::Diagnostic;
    use crate::validate::complete;
    use crate::{Edit, validate};

    fn findings(text: &str) -> Vec<Diagnostic> {
        let report = validate(&complete(text));
        assert!(report.topology.is_some(), "{:#?}", report.findings);
        report.findings.into_iter().filter(|finding| finding.id == "unheard-traffic").collect()
    }

    fn messages(text: &str) -> Vec<String> {
        findings(text).into_iter().map(|finding| finding.message).collect()
    }

    fn to(api: &str, traffic: &str) -> String {
        format!(
            "services:\n  api: {{image: 'a:1', placement: node, {api}}}\n  \
             web: {{image: 'a:1', placement: node, traffic-to: {traffic}}}\n"
        )
    }

    #[test]
    fn the_nodes_port_is_told_from_the_containers() {
        let found = findings(&to("publish: ['8080:80', '9090:90']", "'api:8080'"));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].message, "`web` connects to 8080/tcp of `api`, and nothing there listens on it");
        assert_eq!(found[0].labels[0].text, "`api` listens on 80/tcp and 90/tcp");
        let fix = found[0].fix.as_ref().unwrap();
        assert!(matches!(&fix.edits[0], Edit::Replace { text, .. } if text == "\"api:80\""));
    }

    #[test]
    fn a_listener_without_a_way_to_it_is_told_from_none() {
        let found = findings(&to("listen: [8080]", "'api:8080'"));
        assert_eq!(found[0].message, "nothing leads from `web` to 8080/tcp of `api`");
        assert_eq!(found[0].labels[0].text, "`api` listens there, and `api` publishes nothing");
        assert_eq!(messages(&to("listen: [8080]", "api")), ["nothing leads from `web` to `api`"]);
        assert_eq!(
            messages(&to("listen: []", "api")),
            ["`web` connects to `api`, and nothing is said to listen there"]
        );
    }

    #[test]
    fn a_port_on_loopback_is_for_the_own_network_of_its_node() {
        let api = "publish: ['127.0.0.1:8080:80']";
        for traffic in ["'api:80'", "{to: 'api:80', scope: other-nodes}", "{to: 'api:80', scope: own-node}"] {
            let found = findings(&to(api, traffic));
            assert_eq!(found.len(), 1, "{traffic}");
            assert_eq!(found[0].message, "nothing leads from `web` to 80/tcp of `api`");
            assert!(found[0].why.as_ref().unwrap().contains("loopback"), "{:?}", found[0].why);
        }
        let host =
            |scope: &str| to(api, &format!("{{to: 'api:80', scope: {scope}}}, network: host, listen: []"));
        assert_eq!(messages(&host("own-node")), Vec::<String>::new());
        assert_eq!(messages(&host("every-node")), Vec::<String>::new());
        assert_eq!(messages(&host("other-nodes")).len(), 1);
    }

    #[test]
    fn one_way_to_one_of_them_is_enough() {
        for (api, traffic) in [
            ("publish: ['8080:80'], listen: [80, 9090]", "api"),
            ("publish: ['8080:80']", "'api:80'"),
            ("publish: ['53:53/udp']", "'api:53/udp'"),
            ("network: host, listen: [80]", "'api:80'"),
        ] {
            assert_eq!(messages(&to(api, traffic)), Vec::<String>::new(), "{api}");
        }
        let roles = "services:
  one: {role: api, image: 'a:1', placement: node, publish: ['80:80']}
  two: {role: api, image: 'a:1', placement: node, listen: [80]}
  web: {image: 'a:1', placement: node, traffic-to: 'api:80'}
";
        assert_eq!(messages(roles), Vec::<String>::new());
    }

    #[test]
    fn protocols_are_apart() {
        assert_eq!(messages(&to("publish: ['53:53']", "'api:53/udp'")).len(), 1);
    }

    #[test]
    fn databases_and_load_balancers_have_their_ports() {
        let with = |traffic: &str| {
            findings(&format!(
                "databases: {{db: {{engine: mariadb-10.11, port: 3306}}}}
load-balancers: {{front: {{targets: node, listeners: [{{listen: 80/tcp, forward: 80/tcp}}]}}}}
services:
  web: {{image: 'a:1', placement: node, publish: ['80:80'], traffic-to: '{traffic}'}}
"
            ))
        };
        for right in ["db", "db:3306", "front", "front:80"] {
            assert_eq!(with(right).len(), 0, "{right}");
        }
        assert_eq!(with("db:3307")[0].labels[0].text, "`db` listens on 3306/tcp");
        assert_eq!(with("front:443")[0].labels[0].text, "`front` listens on 80/tcp");
    }

    #[test]
    fn a_pool_connects_as_well() {
        let text = "nodes:
  node: {first-address: {a: 10.0.1.10}, os: debian-12, engine: docker-27.3.1, traffic-to: 'api:81'}
services: {api: {image: 'a:1', placement: node, publish: ['80:80']}}
";
        assert_eq!(messages(text), ["`node` connects to 81/tcp of `api`, and nothing there listens on it"]);
    }
}
