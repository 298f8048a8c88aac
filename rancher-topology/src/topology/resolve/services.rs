//! Services: placement, network, and what of them an output could not carry.

use super::{Party, Resolver, secret};
use crate::diagnostic::{Diagnostic, Span};
use crate::document::{self, Naming, Quorum, Restart, Spanned};
use crate::scalar::{Duration, Image, Name};
use crate::topology::{
    EnvironmentValue, Health, Known, Node, NodeId, OverlayId, Pool, Probe, Service, ServiceId, ServiceKind,
    ServiceNetwork, StartedBy, Starter, StarterId, Topology,
};

pub(super) fn quorum(said: Option<Quorum>) -> Known<Quorum> {
    Known::or(said, Quorum::default, "its instances do not have to agree, so any one is enough")
}

pub(super) fn active_passive(said: Option<bool>) -> Known<bool> {
    Known::or(said, || false, "all of its instances work at the same time")
}

impl Resolver<'_> {
    /// Learns what can be connected to by name, and refuses a name that would mean two things.
    pub(super) fn collect_parties(&mut self) {
        let document = self.document;
        let mut services: indexmap::IndexMap<&Name, (Vec<ServiceId>, Span)> = indexmap::IndexMap::new();
        for (position, (name, service)) in document.services.iter().enumerate() {
            let role = service.role.as_ref().unwrap_or(name);
            services
                .entry(&role.value)
                .or_insert_with(|| (Vec::new(), role.span))
                .0
                .push(ServiceId(position));
            if role.value != name.value {
                services
                    .entry(&name.value)
                    .or_insert_with(|| (Vec::new(), name.span))
                    .0
                    .push(ServiceId(position));
            }
        }
        for (name, (mut ids, span)) in services {
            ids.sort_unstable();
            ids.dedup();
            self.add_party(name, span, Party::Services(ids));
        }
        for (position, name) in document.databases.keys().enumerate() {
            self.add_party(&name.value, name.span, Party::Database(crate::topology::DatabaseId(position)));
        }
        for (position, name) in document.load_balancers.keys().enumerate() {
            self.add_party(
                &name.value,
                name.span,
                Party::LoadBalancer(crate::topology::LoadBalancerId(position)),
            );
        }
        for (position, name) in document.nodes.keys().enumerate() {
            self.add_party(&name.value, name.span, Party::Pool(crate::topology::PoolId(position)));
        }
    }

    pub(super) fn add_party(&mut self, name: &Name, span: Span, party: Party) {
        if name.as_str() == "internet" || name.as_str() == "self" {
            self.error(
                Diagnostic::error("reserved-name", format!("`{name}` means something else already"), span)
                    .help("choose another name"),
            );
        }
        if let Some((_, first)) = self.parties.insert(name.clone(), (party, span)) {
            self.error(
                Diagnostic::error("duplicate-name", format!("`{name}` would mean two things"), span)
                    .also(first, "the other one")
                    .why("services, roles, databases, load balancers and pools are found by name in `traffic-to`")
                    .help("choose another name for one of them"),
            );
        }
    }

    /// The services of a name or a role.
    pub(super) fn services_named(&mut self, name: &Spanned<Name>) -> Vec<ServiceId> {
        if let Some((Party::Services(ids), _)) = self.parties.get(&name.value) {
            return ids.clone();
        }
        let services = self.parties.iter().filter(|(_, (party, _))| matches!(party, Party::Services(_)));
        let known: Vec<String> = services.map(|(name, _)| name.to_string()).collect();
        self.dangling("service or role", &["services", "tunnels"], name, known.iter().map(String::as_str));
        Vec::new()
    }

    pub(super) fn services(&mut self, pools: &[Pool], nodes: &[Node]) -> Vec<Service> {
        let document = self.document;
        let mut services = Vec::new();
        for (name, said) in &document.services {
            self.check_image(&said.image);
            self.check_command(name, &said.command);
            let (placement, eligible) = self.placement(name, said, nodes);
            let service = Service {
                name: name.value.clone(),
                role: said.role.as_ref().unwrap_or(name).value.clone(),
                kind: ServiceKind::Declared,
                image: said.image.value.clone(),
                command: said.command.0.clone(),
                placement,
                eligible,
                scale: said.scale.as_ref().map(|scale| scale.value),
                naming: said.naming,
                started_by: self.started_by(said.started_by.as_ref()),
                network: self.service_network(name, said),
                publish: said.publish.iter().map(|publish| publish.value).collect(),
                expose: said.expose.iter().map(|ports| ports.value).collect(),
                listen: listens(said),
                traffic_to: Vec::new(),
                after: Vec::new(),
                quorum: quorum(said.quorum),
                active_passive: active_passive(said.active_passive),
                requires: Vec::new(),
                health: said.health.as_ref().map(|health| self.health(health)),
                environment: self.environment(&said.environment, pools),
                volumes: self.volumes(&said.volumes),
                tmpfs: said.tmpfs.iter().map(|folder| folder.value.clone()).collect(),
                labels: said.labels.iter().map(|(key, value)| (key.value.clone(), value.clone())).collect(),
                privileged: said.privileged,
                stdin: said.stdin,
                restart: Known::or(said.restart, Restart::default, "a cluster's containers are to be there"),
                stated: said.stated.clone(),
                span: name.span,
            };
            services.push(service);
        }
        services
    }

    /// The node of each instance, and how many nodes were to choose from.
    fn placement(
        &mut self,
        name: &Spanned<Name>,
        said: &document::Service,
        nodes: &[Node],
    ) -> (Vec<NodeId>, usize) {
        let mut on = self.node_list(&said.placement);
        let eligible = on.len();
        if on.is_empty() {
            if said.placement.is_empty() {
                self.error(
                    Diagnostic::error("nowhere", format!("`{}` runs on no node", name.value), name.span)
                        .help("write `placement: POOL`"),
                );
            }
            return (on, 0);
        }
        let Some(scale) = &said.scale else {
            if let Some(observed) = said.observed_on.first() {
                self.error(
                    Diagnostic::error("observed-without-scale", "`observed-on` needs `scale`", observed.span)
                        .why("without `scale` there is one instance on every node")
                        .help("write `scale` with the number of instances, or leave `observed-on` out"),
                );
            }
            return (on, eligible);
        };
        self.instances = self.instances.saturating_add(scale.value);
        if scale.value == 0 || self.instances > super::MOST_INSTANCES {
            self.error(
                Diagnostic::error(
                    "instance-count",
                    format!("`{}` cannot have {} instances", name.value, scale.value),
                    scale.span,
                )
                .help(format!(
                    "write a number from 1; a topology holds {} instances in all",
                    super::MOST_INSTANCES
                )),
            );
            return (Vec::new(), eligible);
        }
        if said.naming == Naming::Plain && scale.value > on.len() {
            self.error(
                Diagnostic::error(
                    "duplicate-container",
                    format!("{} instances on {} nodes would share a container's name", scale.value, on.len()),
                    scale.span,
                )
                .help("write `naming: numbered`"),
            );
        }
        // Positions that the scheduler was seen to choose, as far as there are such nodes; then the emptiest nodes.
        let seen =
            said.observed_on.iter().filter_map(|position| on.get(position.value.wrapping_sub(1)).copied());
        let mut placement: Vec<NodeId> = seen.take(scale.value).collect();
        on.retain(|node| !placement.contains(node));
        let every = self.node_list(&said.placement);
        placement.extend(on.iter().chain(every.iter().cycle()).copied().take(scale.value - placement.len()));
        debug_assert!(placement.iter().all(|node| node.0 < nodes.len()));
        (placement, eligible)
    }

    fn started_by(&mut self, said: Option<&Spanned<Name>>) -> StartedBy {
        let document = self.document;
        match said {
            None => StartedBy::Person,
            Some(name) if name.as_str() == "person" => StartedBy::Person,
            Some(name) => self
                .find("starter", "starters", &document.starters, name)
                .map_or(StartedBy::Person, |position| StartedBy::Starter(StarterId(position))),
        }
    }

    pub(super) fn starters(&mut self) -> Vec<Starter> {
        let document = self.document;
        let mut starters = Vec::new();
        for (name, said) in &document.starters {
            starters.push(Starter {
                name: name.value.clone(),
                services: self.services_named(&said.service),
                replaceable: said.replaceable,
                because: said.because.value.clone(),
                span: name.span,
            });
        }
        starters
    }

    fn service_network(&mut self, name: &Spanned<Name>, said: &document::Service) -> ServiceNetwork {
        if let Some(owner) = &said.network_of {
            if let Some(other) = said.network.iter().flat_map(|names| names.iter()).next() {
                self.error(
                    Diagnostic::error(
                        "two-networks",
                        format!("`{}` has `network` and `network-of`", name.value),
                        other.span,
                    )
                    .also(owner.span, "it is already in this service's network namespace")
                    .help("leave one of the two out"),
                );
            }
            let document = self.document;
            return match self.find("service", "services", &document.services, owner) {
                Some(position) => ServiceNetwork::Of(ServiceId(position)),
                None => ServiceNetwork::Host,
            };
        }
        let (mut bridge, mut host, mut overlays) = (false, false, Vec::new());
        for network in said.network.iter().flat_map(|names| names.iter()) {
            match network.as_str() {
                "bridge" => bridge = true,
                "host" => host = true,
                _ => {
                    let document = self.document;
                    overlays
                        .extend(self.find("overlay", "overlays", &document.overlays, network).map(OverlayId));
                }
            }
        }
        if host && (bridge || !overlays.is_empty()) {
            let span =
                said.network.as_ref().and_then(|names| names.first()).map_or(name.span, |first| first.span);
            self.error(
                Diagnostic::error(
                    "two-networks",
                    format!("`{}` cannot be in the host's network and in another", name.value),
                    span,
                )
                .why("a container has one network namespace, and the host's takes no further interface of its own")
                .help("write `network: host`, or leave `host` out"),
            );
        }
        match (host, overlays.is_empty()) {
            (true, _) => ServiceNetwork::Host,
            (false, true) => ServiceNetwork::Bridge { overlays },
            (false, false) if bridge => ServiceNetwork::Bridge { overlays },
            (false, false) => ServiceNetwork::Overlays(overlays),
        }
    }

    fn health(&mut self, said: &Spanned<document::Health>) -> Health {
        let seconds = |count: u64| Duration { milliseconds: count * 1_000 };
        let probe = match &said.probe {
            document::Probe::Tcp(port) => Probe::Tcp { port: *port },
            document::Probe::Http(http) => Probe::Http { port: http.port, path: http.path.clone() },
        };
        let (Probe::Tcp { port } | Probe::Http { port, .. }) = &probe;
        if *port == 0 {
            self.error(
                Diagnostic::error("wrong-value", "0 is no port", said.span)
                    .help("write the port in the container that answers, from 1 to 65535"),
            );
        }
        if let Probe::Http { path, .. } = &probe
            && !path.as_str().starts_with('/')
        {
            self.error(
                Diagnostic::error("wrong-value", format!("`{path}` is no path of a request"), said.span)
                    .why("what a request asks for begins with `/` (RFC 9112, section 3.2.1)")
                    .help(format!("write `path: /{path}`")),
            );
        }
        for count in [&said.unhealthy, &said.healthy].into_iter().flatten() {
            if count.value == 0 {
                self.error(
                    Diagnostic::error("wrong-value", "nothing is learnt from 0 answers in a row", count.span)
                        .why("an engine takes 0 for its own default (Docker Engine API, HealthConfig: \"0 means inherit\")")
                        .help("write a number from 1, or leave it out"),
                );
            }
        }
        let stated = |count: &Option<Spanned<u16>>| count.as_ref().map(|count| count.value);
        Health {
            probe,
            interval: Known::or(said.interval, || seconds(30), "often enough for a person to be woken"),
            timeout: Known::or(said.timeout, || seconds(5), "a healthy service answers sooner"),
            unhealthy: Known::or(stated(&said.unhealthy), || 3, "one lost answer is no outage"),
            healthy: Known::or(stated(&said.healthy), || 1, "one good answer is enough"),
        }
    }

    pub(super) fn environment(
        &mut self,
        said: &indexmap::IndexMap<Spanned<Name>, Spanned<document::Environment>>,
        pools: &[Pool],
    ) -> Vec<(Name, EnvironmentValue)> {
        let document = self.document;
        let mut variables = Vec::new();
        for (name, value) in said {
            self.check_variable(name);
            let resolved = match &value.value {
                document::Environment::Literal(text) => {
                    self.without_nul("variable", value.span, [text]);
                    if secret::in_variable(&name.value, text) {
                        self.error(
                            Diagnostic::error(
                                "literal-secret",
                                format!("`{}` holds a secret in plain sight", name.value),
                                value.span,
                            )
                            .why("the topology and what is rendered from it are kept where many read them")
                            .help(
                                "write `{secret: NAME}` and put the value into the secrets' file on the node",
                            ),
                        );
                    }
                    Some(EnvironmentValue::Literal(text.clone()))
                }
                document::Environment::Model(model) => match model {
                    document::FromModel::Secret(secret) => {
                        // It stands as a variable in the file that holds the secrets.
                        self.check_variable(secret);
                        Some(EnvironmentValue::Secret(secret.value.clone()))
                    }
                    document::FromModel::NodeIndex(pool) => {
                        self.pool_named(pool, pools).map(|_| EnvironmentValue::NodeIndex)
                    }
                    document::FromModel::NodeAddress(pool) => {
                        self.pool_named(pool, pools).map(|_| EnvironmentValue::NodeAddress)
                    }
                    document::FromModel::PoolSize(pool) => {
                        self.pool_named(pool, pools).map(EnvironmentValue::PoolSize)
                    }
                    document::FromModel::LocalEnds(mesh) => self
                        .find("mesh of tunnels", "tunnels", &document.tunnels, mesh)
                        .map(|position| EnvironmentValue::LocalEnds(crate::topology::MeshId(position))),
                    document::FromModel::HostOf(database) => {
                        self.database_named(database).map(EnvironmentValue::HostOf)
                    }
                    document::FromModel::PortOf(database) => {
                        self.database_named(database).map(EnvironmentValue::PortOf)
                    }
                },
            };
            variables.extend(resolved.map(|value| (name.value.clone(), value)));
        }
        variables
    }

    /// Refuses what no shell takes as a variable's name.
    fn check_variable(&mut self, name: &Spanned<Name>) {
        let known = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        if !name.bytes().all(known) || name.starts_with(|c: char| c.is_ascii_digit()) {
            self.error(
                Diagnostic::error(
                    "variable-name",
                    format!("`{}` is no name of an environment variable", name.value),
                    name.span,
                )
                .why("a shell takes letters, digits and `_` (POSIX, Base Definitions 8.1)")
                .help("write such a name that begins with no digit, as in `DB_HOST`"),
            );
        }
    }

    fn pool_named(&mut self, name: &Spanned<Name>, pools: &[Pool]) -> Option<crate::topology::PoolId> {
        let document = self.document;
        debug_assert_eq!(pools.len(), document.nodes.len());
        self.find("pool", "nodes", &document.nodes, name).map(crate::topology::PoolId)
    }

    pub(super) fn database_named(&mut self, name: &Spanned<Name>) -> Option<crate::topology::DatabaseId> {
        let document = self.document;
        self.find("database", "databases", &document.databases, name).map(crate::topology::DatabaseId)
    }

    fn check_command(&mut self, name: &Spanned<Name>, command: &[String]) {
        if secret::in_command(command) {
            self.error(
                Diagnostic::error(
                    "literal-secret",
                    format!("the command of `{}` holds a secret in plain sight", name.value),
                    name.span,
                )
                .why("the topology and what is rendered from it are kept where many read them")
                .help("let the program read it from a file, or from a variable that is `{secret: NAME}`"),
            );
        }
    }

    fn check_image(&mut self, image: &Spanned<String>) {
        if !is_image(image) {
            self.error(
                Diagnostic::error(
                    "image-name",
                    format!("`{}` is no image", image.escape_debug()),
                    image.span,
                )
                .help("write [REGISTRY/]NAME[:TAG][@DIGEST], as in `rancher/server:v1.1.4`"),
            );
        }
    }

    fn volumes(&mut self, said: &[Spanned<String>]) -> Vec<String> {
        for volume in said {
            let mut parts = volume.split(':');
            let (source, target, mode) =
                (parts.next().unwrap_or_default(), parts.next().unwrap_or_default(), parts.next());
            let plain = !volume.contains(|c: char| c.is_control());
            if !plain
                || !source.starts_with('/')
                || !target.starts_with('/')
                || !matches!(mode, None | Some("ro" | "rw"))
                || parts.next().is_some()
            {
                self.error(
                    Diagnostic::error(
                        "volume",
                        format!("`{}` is no volume", volume.escape_debug()),
                        volume.span,
                    )
                    .help("write `/on/the/node:/in/the/container`, with `:ro` behind it where it only reads"),
                );
            }
        }
        said.iter().map(|volume| volume.value.clone()).collect()
    }

    /// Refuses what shares a network namespace that is not there, and what such a container cannot have.
    pub(super) fn namespaces(&mut self, topology: &Topology) {
        for service in &topology.services {
            if service.kind != ServiceKind::Declared {
                continue;
            }
            let ServiceNetwork::Of(owner) = service.network else {
                if service.network == ServiceNetwork::Host && !service.publish.is_empty() {
                    self.error(
                        Diagnostic::error(
                            "publish-in-host-network",
                            format!("`{}` is in the host's network and publishes ports", service.name),
                            service.span,
                        )
                        .why("the engine publishes nothing there: its ports are the node's already")
                        .help("write them under `listen`"),
                    );
                }
                continue;
            };
            if !service.publish.is_empty() {
                self.error(
                    Diagnostic::error("publish-in-shared-namespace", format!("`{}` publishes ports in another container's network", service.name), service.span)
                        .why("the engine refuses it: \"conflicting options: port publishing and the container type network mode\"")
                        .help(format!("publish them on `{}`", topology[owner].name)),
                );
            }
            if matches!(topology[owner].network, ServiceNetwork::Of(_)) {
                self.error(
                    Diagnostic::error(
                        "namespace-chain",
                        format!(
                            "`{}` shares the network of `{}`, which has none of its own",
                            service.name, topology[owner].name
                        ),
                        service.span,
                    )
                    .help("name the service that owns the namespace"),
                );
            } else if topology[owner].placement.is_empty() {
                // Its own placement was refused already.
            } else if let Some(node) =
                service.placement.iter().find(|node| topology.instance_on(owner, **node).is_none())
            {
                self.error(
                    Diagnostic::error(
                        "namespace-absent",
                        format!(
                            "`{}` runs on `{}`, and `{}` does not",
                            service.name, topology[*node].name, topology[owner].name
                        ),
                        service.span,
                    )
                    .why("it shares that container's network namespace")
                    .help(format!(
                        "place both on the same nodes: `{}` on more, or this one on fewer",
                        topology[owner].name
                    )),
                );
            }
        }
    }
}

/// What a service's process listens on: what it says, or the container's side of what it publishes.
fn listens(said: &document::Service) -> Known<Vec<crate::scalar::Ports>> {
    let stated = said.listen.as_ref().map(|all| all.iter().map(|ports| ports.value).collect());
    let published = said.publish.iter();
    let published =
        published.map(|port| crate::scalar::Ports { protocol: port.protocol, range: port.container });
    Known::or(stated, || published.collect(), "the container's side of what it publishes")
}

/// Whether a text names an image.
///
/// Source: distribution/reference, `reference.go`: `[HOST[:PORT]/]PATH[:TAG][@DIGEST]`, the path in lower case.
fn is_image(text: &str) -> bool {
    let Image { repository: name, tag, digest } = Image::of(text);
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let is_tag = |tag: &str| {
        tag.len() <= 128
            && tag.bytes().next().is_some_and(word)
            && tag.bytes().all(|b| word(b) || b".-".contains(&b))
    };
    let is_digest = |digest: &str| {
        digest.split_once(':').is_some_and(|(algorithm, hex)| {
            !algorithm.is_empty() && hex.len() >= 32 && hex.bytes().all(|b| b.is_ascii_hexdigit())
        })
    };
    let lower = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let is_part = |part: &str| {
        part.bytes().next().is_some_and(lower)
            && part.bytes().next_back().is_some_and(lower)
            && part.bytes().all(|b| lower(b) || b"._-".contains(&b))
    };
    let is_host = |host: &str| {
        let (host, port) = host.split_once(':').map_or((host, None), |(host, port)| (host, Some(port)));
        let label =
            |label: &str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        host.split('.').all(label) && port.is_none_or(|port| port.parse::<u16>().is_ok())
    };
    // The first part is a host where it could not be a part of a path.
    let path = match name.split_once('/') {
        Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => {
            is_host(host).then_some(path)
        }
        _ => Some(name),
    };
    text.len() <= 255
        && path.is_some_and(|path| path.split('/').all(is_part))
        && tag.is_none_or(is_tag)
        && digest.is_none_or(is_digest)
}
