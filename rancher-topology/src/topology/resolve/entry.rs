//! Security groups, load balancers and databases.

use super::Resolver;
use super::nodes::word;
use crate::diagnostic::Diagnostic;
use crate::document::{self, Scheme, Spanned};
use crate::scalar::{
    DatabaseEngine, Duration, HealthTarget, ListenerProtocol, OnRds, Peer, Protocol, Text, Traffic,
};
use crate::topology::{
    Database, Known, Listener, LoadBalancer, Pool, PoolId, SecurityGroup, SecurityRule, Subnet, SubnetId,
};

impl Resolver<'_> {
    pub(super) fn groups(&mut self, pools: &[Pool]) -> Vec<SecurityGroup> {
        let document = self.document;
        let mut groups = Vec::new();
        for (position, (name, said)) in document.security_groups.iter().enumerate() {
            let members = (0..pools.len())
                .map(PoolId)
                .filter(|pool| pools[pool.0].groups.iter().any(|group| group.0 == position))
                .collect();
            let inbound = said
                .inbound
                .iter()
                .map(|rule| {
                    self.rule(
                        rule.span,
                        &rule.port,
                        &rule.from,
                        rule.kind.as_ref(),
                        rule.purpose.as_ref(),
                        rule.optional,
                    )
                })
                .collect();
            let outbound = said.outbound.as_ref().map(|rules| {
                rules
                    .iter()
                    .map(|rule| {
                        self.rule(rule.span, &rule.port, &rule.to, None, rule.purpose.as_ref(), false)
                    })
                    .collect()
            });
            groups.push(SecurityGroup {
                name: name.value.clone(),
                title: said.title.as_ref().map(|title| title.value.clone()),
                inbound,
                outbound,
                pools: members,
                span: name.span,
            });
        }
        groups
    }

    fn rule(
        &mut self,
        span: crate::diagnostic::Span,
        port: &Spanned<Traffic>,
        peers: &[Spanned<Peer>],
        kind: Option<&Spanned<Text>>,
        purpose: Option<&Spanned<Text>>,
        optional: bool,
    ) -> SecurityRule {
        if peers.is_empty() {
            self.error(
                Diagnostic::error("no-peer", "this rule names no peer", span)
                    .help("write a CIDR, `internet`, `self` or a group"),
            );
        }
        for peer in peers {
            match &peer.value {
                Peer::Group(name) => {
                    self.group(&Spanned::new(name.clone(), peer.span));
                }
                // One address or its network: who is let in is not guessed.
                Peer::Network(net) => self.host_bits(*net, peer.span, false),
                Peer::Internet | Peer::Itself => {}
            }
        }
        SecurityRule {
            kind: Known::or(
                kind.map(|kind| kind.value.clone()),
                || console_type(port.value),
                "the name that AWS's console has for this port",
            ),
            traffic: port.value,
            peers: peers.iter().map(|peer| peer.value.clone()).collect(),
            purpose: purpose.map(|purpose| purpose.value.clone()),
            optional,
            span,
        }
    }

    pub(super) fn load_balancers(&mut self, subnets: &[Subnet]) -> Vec<LoadBalancer> {
        let document = self.document;
        let mut all = Vec::new();
        for (name, said) in &document.load_balancers {
            let own = said
                .subnets
                .as_ref()
                .map(|names| names.iter().filter_map(|name| self.subnet(name)).collect());
            all.push(LoadBalancer {
                name: name.value.clone(),
                targets: self.node_list(&said.targets),
                listeners: self.listeners(name, &said.listeners),
                subnets: Known::or(own, || one_of_each_zone(subnets), "one subnet of each zone"),
                groups: said.groups.as_ref().map(|names| self.group_list(names)).unwrap_or_default(),
                scheme: Known::or(
                    said.scheme.as_ref().map(|scheme| scheme.value),
                    || Scheme::InternetFacing,
                    "people come from outside the network",
                ),
                health_check: Known::or(
                    said.health_check.as_ref().map(|target| target.value.clone()),
                    || default_health(&said.listeners),
                    "the first listener's port, as AWS would take it",
                ),
                idle_timeout: Known::or(
                    said.idle_timeout.as_ref().map(|time| time.value),
                    || Duration { milliseconds: 60_000 },
                    "AWS's own default",
                ),
                title: said.title.as_ref().map(|title| title.value.clone()),
                span: name.span,
            });
        }
        all
    }

    fn listeners(
        &mut self,
        name: &Spanned<crate::scalar::Name>,
        said: &[Spanned<document::Listener>],
    ) -> Vec<Listener> {
        if said.is_empty() {
            self.error(
                Diagnostic::error(
                    "no-listener",
                    format!("load balancer `{}` has no listener", name.value),
                    name.span,
                )
                .help("write one under `listeners`: `{listen: 80/tcp, forward: 80/tcp}`"),
            );
        }
        let mut listeners: Vec<Listener> = Vec::new();
        for listener in said {
            let needs = listener.listen.protocol.needs_certificate();
            if needs != listener.certificate.is_some() {
                let message = if needs {
                    "TLS ends at this listener, and it has no certificate"
                } else {
                    "this listener has a certificate, and no TLS ends at it"
                };
                let help = if needs {
                    "write `certificate: NAME`, the Terraform variable that holds its ARN"
                } else {
                    "leave `certificate` out"
                };
                self.error(Diagnostic::error("listener-certificate", message, listener.span).help(help));
            }
            if let Some(twin) = listeners.iter().find(|other| other.listen.port == listener.listen.port) {
                let diagnostic = Diagnostic::error(
                    "duplicate-listener",
                    format!("two listeners on port {}", listener.listen.port),
                    listener.listen.span,
                )
                .also(twin.span, "the other one")
                .why("a connection can go to one of them only")
                .help("keep one of them, or let it listen on a port of its own");
                self.error(diagnostic);
            }
            let is_http = |protocol| matches!(protocol, ListenerProtocol::Http | ListenerProtocol::Https);
            if is_http(listener.listen.protocol) != is_http(listener.forward.protocol) {
                self.error(
                    Diagnostic::error("listener-protocols", format!("{} cannot be forwarded to {}", listener.listen.value, listener.forward.value), listener.forward.span)
                        .why("a Classic Load Balancer speaks the same layer on both sides (AWS, Listener configurations)")
                        .help("write tcp or ssl on both sides, or http or https on both"),
                );
            }
            listeners.push(Listener {
                listen: listener.listen.value,
                forward: listener.forward.value,
                proxy_protocol: listener.proxy_protocol.as_ref().map(|policy| policy.value.clone()),
                certificate: listener.certificate.as_ref().map(|variable| variable.value.clone()),
                span: listener.span,
            });
        }
        listeners
    }

    pub(super) fn databases(&mut self, subnets: &[Subnet], nodes: usize) -> Vec<Database> {
        let document = self.document;
        let mut all = Vec::new();
        for (name, said) in &document.databases {
            let own = said
                .subnets
                .as_ref()
                .map(|names| names.iter().filter_map(|name| self.subnet(name)).collect());
            if said.port.value == 0 {
                self.error(
                    Diagnostic::error("wrong-value", "0 is no port", said.port.span)
                        .help("write the port that the database listens on, from 1 to 65535")
                        .help("MySQL and MariaDB listen on 3306"),
                );
            }
            let create_as = match &said.create_as {
                Some(engine) => Known::stated(engine.value.clone()),
                None => creatable(&said.engine),
            };
            all.push(Database {
                name: name.value.clone(),
                engine: said.engine.value.clone(),
                port: said.port.value,
                observed_address: said.observed_address.as_ref().map(|address| address.value),
                create_as,
                subnets: Known::or(
                    own,
                    || (0..subnets.len()).map(SubnetId).collect(),
                    "every subnet; RDS wants two zones",
                ),
                groups: said.groups.as_ref().map(|names| self.group_list(names)).unwrap_or_default(),
                instance_type: Known::or(
                    said.instance_type.as_ref().map(|kind| kind.value.clone()),
                    || word("db.t3.medium"),
                    "4 GiB of memory",
                ),
                storage: Known::or(
                    said.storage.as_ref().map(|size| size.value),
                    || 20,
                    "the least that RDS gives, in GiB",
                ),
                max_connections: Known::or(
                    said.max_connections.as_ref().map(|count| count.value),
                    || u32::try_from(nodes).unwrap_or(u32::MAX).saturating_mul(50).clamp(151, 100_000),
                    "50 for each node, more than 150 in all, and 100,000 at most: no server accepts more",
                ),
                character_set: Known::or(
                    said.character_set.as_ref().map(|set| set.value.clone()),
                    || word("utf8"),
                    "what an index of 767 bytes, the most of older servers, still holds",
                ),
                standby: Known::or(
                    said.standby.as_ref().map(|standby| standby.value),
                    || false,
                    "no standby is spoken of",
                ),
                title: said.title.as_ref().map(|title| title.value.clone()),
                span: name.span,
            });
        }
        all
    }
}

/// What AWS's console calls a rule for these ports.
fn console_type(traffic: Traffic) -> Text {
    let name = match traffic {
        Traffic::Any => "All traffic",
        Traffic::Icmp => "ICMP",
        Traffic::Ports(ports) => match (ports.protocol, ports.range.first(), ports.range.len()) {
            (Protocol::Tcp, 22, 1) => "SSH",
            (Protocol::Tcp, 80, 1) => "HTTP",
            (Protocol::Tcp, 443, 1) => "HTTPS",
            (Protocol::Tcp, ..) => "TCP",
            (Protocol::Udp, ..) => "UDP",
        },
    };
    name.parse().unwrap_or_default()
}

/// A Classic Load Balancer stands in one subnet of a zone at most.
fn one_of_each_zone(subnets: &[Subnet]) -> Vec<SubnetId> {
    let first_of_its_zone = |(position, subnet): &(usize, &Subnet)| {
        !subnets[..*position].iter().any(|other| other.zone == subnet.zone)
    };
    subnets.iter().enumerate().filter(first_of_its_zone).map(|(position, _)| SubnetId(position)).collect()
}

fn default_health(listeners: &[Spanned<document::Listener>]) -> HealthTarget {
    let port = listeners.first().map_or(80, |listener| listener.forward.port);
    HealthTarget { protocol: ListenerProtocol::Tcp, port, path: String::new() }
}

/// The version that RDS still makes of an engine.
fn creatable(stated: &DatabaseEngine) -> Known<DatabaseEngine> {
    let current = if stated.product == "mariadb" { "mariadb-10.11" } else { "mysql-8.0" };
    match current.parse() {
        Ok(current) if stated.on_rds() == OnRds::Withdrawn => Known::assumed(
            current,
            "RDS no longer makes the stated version; this is the oldest line near it that it makes",
        ),
        _ => Known::assumed(stated.clone(), "the stated version"),
    }
}
