//! Two listeners on one socket.

use std::collections::BTreeMap;

use super::socket::{Said, Socket, mesh_sockets, names, nodes, published, stated_listens};
use crate::diagnostic::{Diagnostic, MOST_PLACES, Severity};
use crate::lint::{Context, Findings, Found, Lint};
use crate::scalar::{PortRange, Ports, Protocol};
use crate::topology::{MeshId, NodeId, ServiceId, ServiceKind, ServiceNetwork, Topology};

pub(super) const LINT: Lint = Lint {
    id: "port-conflict",
    severity: Severity::Error,
    summary: "Two listeners want one socket of one network namespace.",
    reason: "A socket has one listener. Whoever starts second fails with `address already in use`, or the engine refuses \
             to start its container because the port is already allocated; which of the two that is changes with every \
             boot. Containers that share a network namespace share its ports, whatever they are published on. What is \
             published is a socket of the node, beside those of the services in the host's network. A listener on \
             every address clashes with one on any address; TCP and UDP are apart, and so are ports that are published for \
             IPv4 alone and for IPv6 alone.",
    source: "bind(2), EADDRINUSE; ipv6(7), IPV6_V6ONLY; docker-run(1), `--network container:NAME` and `--publish`; \
             rootless-containers/rootlesskit#231: the engine runs a proxy for `0.0.0.0` and one for `::`.",
    bad: "\
security-groups:
  nodes: {inbound: [{port: 8080-8081/tcp, from: 203.0.113.0/24}]}
services:
  shop: {image: nginx:1.27.2, placement: node, publish: [\"8080:80\"]}
  blog: {image: nginx:1.27.2, placement: node, publish: [\"8080-8081:80-81\"]}
",
    good: "\
security-groups:
  nodes: {inbound: [{port: 8080-8082/tcp, from: 203.0.113.0/24}]}
services:
  shop: {image: nginx:1.27.2, placement: node, publish: [\"8080:80\"]}
  blog: {image: nginx:1.27.2, placement: node, publish: [\"8081-8082:80-81\"]}
",
    instead_of: &["replicas-share-node"],
    found: Found::Whole(check),
};

/// Nodes on which the same services run equally often have the same conflicts: the services and how often, and the nodes.
type Classes = BTreeMap<Vec<(ServiceId, usize)>, Vec<NodeId>>;

/// What wants the socket of one that is there already.
struct Conflict {
    others: Vec<Said>,
    ports: Ports,
    /// The service whose containers' namespace it is; `None` for the node's own.
    namespace: Option<ServiceId>,
    first_node: NodeId,
    nodes: usize,
    last_class: usize,
}

/// Instances of one service on one node that want the same sockets.
struct Crowd {
    said: Vec<Said>,
    most: usize,
    first_node: NodeId,
    nodes: usize,
}

fn check(cx: &Context, findings: &mut Findings) {
    let topology = cx.topology;
    let mut meshes: Vec<Vec<MeshId>> = vec![Vec::new(); topology.services.len()];
    for id in topology.mesh_ids() {
        meshes[topology[id].carries.position()].push(id);
    }
    let classes = classes(topology);
    let allowed = |said: Said| cx.allowed(&LINT, said.span(cx.document));
    for (there, conflict) in conflicts(cx, &meshes, &classes, |said| allowed(said).is_none()) {
        findings.push(conflict.finding(cx, there, None));
    }
    // Those that are allowed, with whatever they are in the way of.
    let with_allowed =
        if cx.allows(&LINT) { conflicts(cx, &meshes, &classes, |_| true) } else { BTreeMap::new() };
    for (there, conflict) in with_allowed {
        let all = [there].into_iter().chain(conflict.others.iter().copied());
        let mut told: BTreeMap<usize, Said> = BTreeMap::new();
        for (allowance, said) in all.filter_map(|said| allowed(said).map(|allowance| (allowance, said))) {
            told.entry(allowance).or_insert(said);
        }
        findings.found.extend(told.into_values().map(|said| conflict.finding(cx, there, Some(said))));
    }
    for (service, crowd) in crowds(cx, classes) {
        findings.push(crowd.finding(cx, service));
    }
}

/// The conflicts among those that count, each once.
fn conflicts(
    cx: &Context,
    meshes: &[Vec<MeshId>],
    classes: &Classes,
    counts: impl Fn(Said) -> bool,
) -> BTreeMap<Said, Conflict> {
    let mut conflicts: BTreeMap<Said, Conflict> = BTreeMap::new();
    for (class, (services, on)) in classes.iter().enumerate() {
        let Some(first_node) = on.first().copied() else { continue };
        for (namespace, mut sockets) in sockets_of(cx, meshes, services) {
            sockets.retain(|socket| counts(socket.said));
            sweep(cx.topology, &mut sockets, |there, other, ports| {
                let conflict = conflicts.entry(there).or_insert_with(|| Conflict {
                    others: Vec::new(),
                    ports,
                    namespace,
                    first_node,
                    nodes: 0,
                    last_class: usize::MAX,
                });
                if conflict.last_class != class {
                    conflict.last_class = class;
                    conflict.nodes += on.len();
                }
                conflict.others.push(other);
            });
        }
    }
    for conflict in conflicts.values_mut() {
        conflict.others.sort_unstable();
        conflict.others.dedup();
    }
    let told: Vec<Said> = conflicts
        .iter()
        .filter(|(there, conflict)| told_elsewhere(&conflicts, **there, conflict))
        .map(|(there, _)| *there)
        .collect();
    conflicts.retain(|there, _| told.binary_search(there).is_err());
    conflicts
}

fn crowds(cx: &Context, classes: Classes) -> BTreeMap<ServiceId, Crowd> {
    let mut crowds: BTreeMap<ServiceId, Crowd> = BTreeMap::new();
    for (services, on) in classes {
        let Some(first_node) = on.first().copied() else { continue };
        for (service, count) in services.into_iter().filter(|(_, count)| *count > 1) {
            let said = said_by_each(cx, service);
            if !said.is_empty() {
                let crowd =
                    crowds.entry(service).or_insert_with(|| Crowd { said, most: 0, first_node, nodes: 0 });
                crowd.most = crowd.most.max(count);
                crowd.nodes += on.len();
            }
        }
    }
    crowds
}

fn classes(topology: &Topology) -> Classes {
    let mut classes = Classes::new();
    for node in topology.node_ids() {
        let mut services: Vec<(ServiceId, usize)> = Vec::new();
        for instance in topology.instances_on(node) {
            let service = topology[*instance].service;
            // Tunnels follow from the services that they carry.
            if topology[service].kind != ServiceKind::Declared {
                continue;
            }
            match services.last_mut() {
                Some((last, count)) if *last == service => *count += 1,
                _ => services.push((service, 1)),
            }
        }
        if !services.is_empty() {
            classes.entry(services).or_default().push(node);
        }
    }
    classes
}

/// The sockets of the namespaces on a node, by the service whose namespace it is; the node's own first.
fn sockets_of(
    cx: &Context,
    meshes: &[Vec<MeshId>],
    services: &[(ServiceId, usize)],
) -> BTreeMap<Option<ServiceId>, Vec<Socket>> {
    let topology = cx.topology;
    let mut namespaces: BTreeMap<Option<ServiceId>, Vec<Socket>> = BTreeMap::new();
    for (id, _) in services {
        let own = namespaces.entry(inside(topology, *id)).or_default();
        own.extend(stated_listens(cx, *id));
        own.extend(meshes[id.position()].iter().flat_map(|mesh| mesh_sockets(topology, *mesh)));
        namespaces.entry(None).or_default().extend(published(topology, *id));
    }
    namespaces
}

/// The service whose containers' namespace a service is in; `None` when that is the node's.
fn inside(topology: &Topology, id: ServiceId) -> Option<ServiceId> {
    let owner = topology.namespace_service(id);
    (topology[owner].network != ServiceNetwork::Host).then_some(owner)
}

/// What each instance of a service wants for itself in a namespace that it shares with the other instances of its node.
fn said_by_each(cx: &Context, id: ServiceId) -> Vec<Said> {
    let shares = inside(cx.topology, id) != Some(id);
    let listens = stated_listens(cx, id).filter(|_| shares);
    listens.chain(published(cx.topology, id)).map(|socket| socket.said).collect()
}

/// Goes through sockets in the order of their ports, and tells of each that clashes the one that was there.
///
/// Where three want one socket, both later ones are told with the first, and not with each other.
fn sweep(topology: &Topology, sockets: &mut [Socket], mut clash: impl FnMut(Said, Said, Ports)) {
    sockets.sort_by_key(|socket| (socket.ports, socket.said));
    let mut open: Vec<(Socket, bool)> = Vec::new();
    for socket in sockets.iter() {
        open.retain(|(there, _)| {
            there.ports.protocol == socket.ports.protocol
                && socket.ports.range.first() <= there.ports.range.last()
        });
        let clashing = |at_the_front: bool| {
            open.iter()
                .filter(move |(there, front)| *front == at_the_front && clashes(topology, there, socket))
        };
        let mut told: Vec<Socket> = clashing(true).map(|(there, _)| *there).collect();
        if told.is_empty() {
            told.extend(clashing(false).map(|(there, _)| *there).next());
        }
        for there in &told {
            clash(there.said, socket.said, common(there.ports, socket.ports));
        }
        open.push((*socket, told.is_empty()));
    }
}

fn clashes(topology: &Topology, there: &Socket, other: &Socket) -> bool {
    let one_process = match (there.said, other.said) {
        (Said::Listen(one, _), Said::Listen(two, _)) => one == two,
        (Said::Listen(service, _), Said::Carried(mesh)) | (Said::Carried(mesh), Said::Listen(service, _)) => {
            topology[mesh].carries == service && topology[topology[mesh].pool].nodes.len() == 1
        }
        _ => false,
    };
    let addresses_meet = match (there.address, other.address) {
        // The engine binds v4 and v6 apart.
        (Some(one), Some(two)) => {
            let any = one.is_unspecified() || two.is_unspecified();
            one == two || any && one.is_ipv4() == two.is_ipv4()
        }
        _ => true,
    };
    !one_process && addresses_meet
}

/// The ports of two that overlap.
fn common(one: Ports, two: Ports) -> Ports {
    let first = one.range.first().max(two.range.first());
    let last = one.range.last().min(two.range.last());
    Ports { range: PortRange::new(first, last).unwrap_or(one.range), ..one }
}

/// Whether another finding shows the same places and more: nodes differ in the services that are there first.
fn told_elsewhere(conflicts: &BTreeMap<Said, Conflict>, there: Said, conflict: &Conflict) -> bool {
    conflicts.range(..there).any(|(_, other)| {
        other.others.binary_search(&there).is_ok()
            && conflict.others.iter().all(|said| other.others.binary_search(said).is_ok())
    })
}

impl Conflict {
    /// The finding, at the second of those that want it unless another one is the one to tell.
    fn finding(&self, cx: &Context, there: Said, main: Option<Said>) -> Diagnostic {
        let topology = cx.topology;
        let mut all: Vec<Said> = [there].into_iter().chain(self.others.iter().copied()).collect();
        all.sort_unstable();
        let mut owners: Vec<&str> = all.iter().map(|said| said.owner(topology)).collect();
        owners.dedup();
        let place = match self.namespace {
            Some(owner) => format!("in the network of `{}`", topology[owner].name),
            None => format!("of {}", nodes(&topology[self.first_node].name, self.nodes)),
        };
        let who = match owners.as_slice() {
            [one] => format!("is wanted twice by `{one}`"),
            [one, two] => format!("is wanted by both `{one}` and `{two}`"),
            more => format!("is wanted by {}", names(more.iter().copied())),
        };
        let main = main.unwrap_or(all[1]);
        let others = all.iter().filter(|said| **said != main);
        let finding = LINT
            .finding(format!("port {} {place} {who}", self.ports), main.span(cx.document))
            .here(wants(cx, main))
            .why("a socket has one listener: whoever starts second fails, and that changes with every boot")
            .help(self.help(cx, main));
        finding.also_up_to(MOST_PLACES, others.map(|said| (said.span(cx.document), wants(cx, *said))))
    }

    fn help(&self, cx: &Context, main: Said) -> String {
        match main {
            Said::Publish(id, at) => {
                let publish = cx.topology[id].publish[at];
                let free = free_ports(cx, self.ports.protocol, publish.host);
                free.map_or("publish another port of the node".to_owned(), |host| {
                    let address = publish.address;
                    let moved = crate::scalar::Publish { address, host, ..publish };
                    format!("publish another port of the node: `{moved}` is free")
                })
            }
            Said::Listen(id, _) if self.namespace.is_some() => {
                format!(
                    "let `{}` listen on another port, or give it a network of its own",
                    cx.topology[id].name
                )
            }
            Said::Listen(id, _) => format!("let `{}` listen on another port", cx.topology[id].name),
            Said::Carried(mesh) => {
                let count = cx.topology[cx.topology[mesh].pool].nodes.len();
                format!("choose a `port` from which on {count} ports are free: one for each node of the pool")
            }
            Said::Entry(_) => "choose another `entry`, and publish that one".to_owned(),
        }
    }
}

impl Crowd {
    fn finding(&self, cx: &Context, service: ServiceId) -> Diagnostic {
        let topology = cx.topology;
        let name = &topology[service].name;
        let span = |said: &Said| said.span(cx.document);
        let message = format!(
            "{} instances of `{name}` on {} want the same port",
            self.most,
            nodes(&topology[self.first_node].name, self.nodes)
        );
        let finding = LINT
            .finding(message, self.said.first().map_or(topology[service].span, span))
            .here(self.said.first().map_or(String::new(), |said| wants(cx, *said)))
            .why("a socket has one listener: one instance starts, and the others of its node fail");
        let said = cx.document.services.get_index(service.position()).map(|(_, said)| said);
        let observed = said.and_then(|said| Some((said.observed_on.first()?, said.observed_on.last()?)));
        let is_more = topology[service].placement.len() > topology[service].eligible;
        let finding = match (said.and_then(|said| said.scale.as_ref()), observed) {
            (Some(scale), _) if is_more => finding
                .also(scale.span, "more instances than nodes")
                .help("lower `scale` to the number of nodes, or place it on more of them"),
            (Some(_), Some((first, last))) => finding
                .also(first.span.to(last.span), "one node has several")
                .help("name each node once, or leave `observed-on` out"),
            _ => finding.help("place it once on each node"),
        };
        finding.also_up_to(MOST_PLACES, self.said.iter().skip(1).map(|said| (span(said), wants(cx, *said))))
    }
}

/// What one value wants, in words.
fn wants(cx: &Context, said: Said) -> String {
    let topology = cx.topology;
    let owner = said.owner(topology);
    match said {
        Said::Listen(id, at) => format!("`{owner}` listens on {}", topology[id].listen[at]),
        Said::Publish(id, at) => {
            format!("`{owner}` publishes {}", topology[id].publish[at].as_docker_prints())
        }
        Said::Carried(mesh) => {
            let range = super::socket::local_range(topology, &topology[mesh]);
            format!("`{owner}` takes {}/tcp", range.map_or(String::new(), |range| range.to_string()))
        }
        Said::Entry(mesh) => format!("the way in of `{owner}` listens on {}/tcp", topology[mesh].entry),
    }
}

/// Ports above others that no node has in use.
fn free_ports(cx: &Context, protocol: Protocol, taken: PortRange) -> Option<PortRange> {
    let topology = cx.topology;
    let mut used: Vec<PortRange> = topology
        .service_ids()
        .flat_map(|id| {
            let listens = stated_listens(cx, id).filter(move |_| inside(topology, id).is_none());
            listens.chain(published(topology, id)).collect::<Vec<_>>()
        })
        .filter(|socket| socket.ports.protocol == protocol)
        .map(|socket| socket.ports.range)
        .collect();
    used.sort_unstable();
    let length = taken.last() - taken.first();
    let mut first = taken.last().checked_add(1)?;
    for range in used {
        let last = first.checked_add(length)?;
        if range.last() >= first && range.first() <= last {
            first = range.last().checked_add(1)?;
        }
    }
    PortRange::new(first, first.checked_add(length)?).ok()
}

#[cfg(test)]
mod tests {
    use crate::validate;
    use crate::validate::complete;

    fn messages(services: &str) -> Vec<String> {
        let report = validate(&complete(services));
        assert!(report.topology.is_some(), "{:#?}", report.findings);
        report
            .findings
            .into_iter()
            .filter(|finding| finding.id == "port-conflict")
            .map(|finding| finding.message)
            .collect()
    }

    #[test]
    fn several_that_were_seen_on_one_node_are_not_too_many() {
        let web = |scale: &str| {
            let more = "publish: ['80:80'], naming: numbered";
            let text =
                format!("services: {{a: {{image: 'a:1', placement: node, {more}, scale: {scale}}}}}\n");
            let findings = validate(&complete(&text)).findings;
            let ids: Vec<_> = findings.iter().map(|finding| finding.id).collect();
            assert!(!ids.contains(&"replicas-share-node"), "{ids:?}");
            let conflict = findings.into_iter().find(|finding| finding.id == "port-conflict").unwrap();
            conflict.help.unwrap()
        };
        assert_eq!(web("3, observed-on: [1, 1, 2]"), "name each node once, or leave `observed-on` out");
        assert!(web("4").contains("lower `scale`"));
    }

    #[test]
    fn addresses_and_protocols_decide() {
        let two = |one: &str, two: &str| {
            messages(&format!(
                "services:\n  one: {{image: 'a:1', placement: node, publish: ['{one}']}}\n  \
                 two: {{image: 'a:1', placement: node, publish: ['{two}']}}\n"
            ))
            .len()
        };
        assert_eq!(two("80:80", "127.0.0.1:80:81"), 1);
        assert_eq!(two("80:80", "[::1]:80:81"), 1);
        assert_eq!(two("127.0.0.1:80:80", "127.0.0.1:80:81"), 1);
        assert_eq!(two("127.0.0.1:80:80", "10.0.1.10:80:81"), 0);
        // The engine publishes v4 and v6 apart.
        assert_eq!(two("0.0.0.0:80:80", "[::]:80:80"), 0);
        assert_eq!(two("0.0.0.0:80:80", "[::1]:80:80"), 0);
        assert_eq!(two("[::]:80:80", "127.0.0.1:80:80"), 0);
        assert_eq!(two("[::]:80:80", "[::1]:80:80"), 1);
        assert_eq!(two("0.0.0.0:80:80", "127.0.0.1:80:80"), 1);
        assert_eq!(two("80:80", "[::]:80:80"), 1);
        assert_eq!(two("80:80", "0.0.0.0:80:80"), 1);
        assert_eq!(two("53:53", "53:53/udp"), 0);
        assert_eq!(two("80-90:80-90", "85:1"), 1);
        assert_eq!(two("80-90:80-90", "91:91"), 0);
        assert_eq!(two("8080:80", "8081:80"), 0);
    }

    #[test]
    fn a_process_of_the_host_may_take_both_families() {
        for address in ["0.0.0.0", "[::]", "127.0.0.1"] {
            let found = messages(&format!(
                "services:\n  one: {{image: 'a:1', placement: node, publish: ['{address}:80:80']}}\n  \
                 two: {{image: 'a:1', placement: node, network: host, listen: [80]}}\n"
            ));
            assert_eq!(found.len(), 1, "{address}");
        }
    }

    #[test]
    fn what_many_want_is_one_finding() {
        let services: Vec<String> = (1..=9)
            .map(|i| format!("  s{i}: {{image: 'a:1', placement: node, publish: ['80:{i}']}}\n"))
            .collect();
        let many = services.concat();
        let report = validate(&complete(&format!("services:\n{many}")));
        let all: Vec<_> = report.findings.iter().filter(|finding| finding.id == "port-conflict").collect();
        assert_eq!(all.len(), 1, "{all:#?}");
        assert_eq!(all[0].labels.len(), 6);
        assert!(all[0].labels[5].text.ends_with(", and 3 more"), "{:?}", all[0].labels);
        assert_eq!(
            all[0].message,
            "port 80/tcp of `node-1` and 2 more nodes is wanted by `s1`, `s2`, `s3`, `s4`, `s5` and 4 more"
        );
        assert_eq!(all[0].help.as_deref(), Some("publish another port of the node: `81:2` is free"));
    }

    #[test]
    fn a_chain_of_overlaps_is_told_link_by_link() {
        let found = messages(
            "services:
  a: {image: 'a:1', placement: node, publish: ['80-89:80-89']}
  b: {image: 'a:1', placement: node, publish: ['85-95:85-95']}
  c: {image: 'a:1', placement: node, publish: ['92:92']}
",
        );
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found.iter().any(|message| message.contains("85-89/tcp")), "{found:?}");
        assert!(found.iter().any(|message| message.contains("92/tcp")), "{found:?}");
    }

    #[test]
    fn nodes_that_differ_are_not_mixed() {
        let on = |one: &str, two: &str| {
            messages(&format!(
                "services:\n  one: {{image: 'a:1', placement: {one}, publish: ['80:80']}}\n  \
                 two: {{image: 'a:1', placement: {two}, publish: ['80:80']}}\n"
            ))
        };
        assert_eq!(on("node-1", "node-2"), Vec::<String>::new());
        assert_eq!(on("node", "node-2"), ["port 80/tcp of `node-2` is wanted by both `one` and `two`"]);
        let three = messages(
            "services:
  a: {image: 'a:1', placement: node-1, publish: ['80:80']}
  b: {image: 'a:1', placement: node, publish: ['80:80']}
  c: {image: 'a:1', placement: node, publish: ['80:80']}
",
        );
        assert_eq!(three, ["port 80/tcp of `node-1` is wanted by `a`, `b` and `c`"]);
    }

    #[test]
    fn containers_of_one_namespace_share_its_ports() {
        let pod = |parent: &str, second: &str| {
            messages(&format!(
                "services:
  pause: {{image: 'a:1', placement: node, {parent}}}
  one: {{image: 'a:1', placement: node, network-of: pause, listen: [8080]}}
  two: {{image: 'a:1', placement: node, network-of: pause, listen: ['{second}']}}
"
            ))
        };
        let listens = "publish: ['80:8080'], listen: []";
        assert_eq!(
            pod(listens, "8080"),
            ["port 8080/tcp in the network of `pause` is wanted by both `one` and `two`"]
        );
        assert_eq!(pod(listens, "8080/udp").len(), 0);
        // What the parent is only taken to listen on, because it publishes, is the other's.
        assert_eq!(pod("publish: ['80:8080']", "81").len(), 0);
        // The node's port 8080 is none of the container's.
        assert_eq!(pod("publish: ['8080:80'], listen: []", "80").len(), 0);
        // In the host's network it is.
        let host = "services:
  pause: {image: 'a:1', placement: node, network: host, listen: []}
  one: {image: 'a:1', placement: node, network-of: pause, listen: [8080]}
  two: {image: 'a:1', placement: node, publish: ['8080:1']}
";
        assert_eq!(messages(host).len(), 1);
    }

    #[test]
    fn a_mesh_takes_a_port_for_each_node() {
        let mesh = |cache: &str, port: u16, other: &str| {
            messages(&format!(
                "services:
  pause: {{image: 'a:1', placement: node, publish: ['6379:16379'], listen: []}}
  cache: {{image: 'a:1', placement: node, network-of: pause{cache}}}
  other: {{image: 'a:1', placement: node, network-of: pause, listen: [{other}]}}
tunnels:
  mesh: {{carries: cache, port: {port}, entry: 16379}}
"
            ))
        };
        assert_eq!(mesh("", 6379, "6382").len(), 0);
        assert_eq!(
            mesh("", 6379, "6381"),
            ["port 6381/tcp in the network of `pause` is wanted by both `other` and `mesh`"]
        );
        assert_eq!(mesh("", 6379, "16379").len(), 1);
        assert_eq!(
            mesh("", 16377, "80"),
            ["port 16379/tcp in the network of `pause` is wanted twice by `mesh`"]
        );
        // On the second node the cache listens on 6380, and the way out to the first one on 6379.
        assert_eq!(mesh(", listen: [6379]", 6379, "80").len(), 1);
    }

    #[test]
    fn a_port_that_is_taken_for_granted_is_the_tunnels() {
        let text = "services:
  cache: {image: 'a:1', placement: node, publish: ['6379:16379']}
tunnels:
  mesh: {carries: cache, port: 6379, entry: 16379}
";
        assert_eq!(messages(text), Vec::<String>::new());
    }

    #[test]
    fn instances_of_one_service_on_one_node_are_told_once() {
        let text = |scale: usize, more: &str| {
            format!(
                "services:\n  web: {{image: 'a:1', placement: node, naming: numbered, scale: {scale}, {more}}}\n"
            )
        };
        let publish = "publish: ['80:80', '443:443']";
        assert_eq!(messages(&text(3, publish)), Vec::<String>::new());
        assert_eq!(messages(&text(4, publish)), ["2 instances of `web` on `node-1` want the same port"]);
        assert_eq!(messages(&text(4, "network: host, listen: [80]")).len(), 1);
        assert_eq!(messages(&text(4, "listen: [80]")), Vec::<String>::new());
    }

    #[test]
    fn one_service_can_clash_with_itself() {
        let found = messages(
            "services:\n  web: {image: 'a:1', placement: node, publish: ['80:80', '80:81'], listen: [80, 80-81]}\n",
        );
        assert_eq!(found, ["port 80/tcp of `node-1` and 2 more nodes is wanted twice by `web`"]);
    }
}
