//! Pools, their nodes and the nodes' addresses.

use std::collections::HashMap;
use std::net::Ipv4Addr;

use super::Resolver;
use crate::diagnostic::{Diagnostic, Span};
use crate::document;
use crate::scalar::{Name, Os};
use crate::topology::{Known, Network, Node, NodeId, Pool, PoolId, Subnet};

/// The most nodes of one topology.
const MOST_NODES: usize = 100_000;

impl Resolver<'_> {
    /// The nodes; of those in a subnet that is not inside the network, that is what is wrong.
    pub(super) fn nodes(&mut self, network: &Network, subnets: &[Subnet]) -> (Vec<Pool>, Vec<Node>) {
        let (mut pools, mut nodes) = (Vec::new(), Vec::new());
        let mut taken = HashMap::new();
        let document = self.document;
        for (position, (name, said)) in document.nodes.iter().enumerate() {
            let count = said.count.as_ref().map_or(1, |count| count.value);
            let span = said.count.as_ref().map_or(name.span, |count| count.span);
            if count == 0 || nodes.len().saturating_add(count) > MOST_NODES {
                self.error(
                    Diagnostic::error("node-count", format!("`{}` would be {count} nodes", name.value), span)
                        .help(format!("write a number from 1; a topology holds {MOST_NODES} nodes in all")),
                );
            }
            let count = count.min(MOST_NODES - nodes.len());
            let first = nodes.len();
            let mut starts = Vec::new();
            for (subnet, address) in &said.first_address {
                if let Some(subnet) = self.subnet(subnet) {
                    starts.push((subnet, address));
                }
            }
            if said.first_address.is_empty() {
                self.error(
                    Diagnostic::error(
                        "missing-key",
                        format!("`{}` has no first address", name.value),
                        name.span,
                    )
                    .help("write `first-address: {SUBNET: ADDRESS}`"),
                );
            }
            for index in 1..=count {
                let Some((subnet, start)) = starts.get((index - 1) % starts.len().max(1)).copied() else {
                    break;
                };
                let own = if said.count.is_some() { name.numbered('-', index) } else { name.value.clone() };
                let steps = u32::try_from((index - 1) / starts.len()).unwrap_or(u32::MAX);
                let Some(address) = u32::from(start.value).checked_add(steps).map(Ipv4Addr::from) else {
                    break;
                };
                let known = Some(&subnets[subnet.0]).filter(|subnet| network.cidr.contains(&subnet.cidr));
                if !self.address_is_free(&own, address, start, known, &mut taken) {
                    // The ones behind it are wrong for the same reason.
                    break;
                }
                nodes.push(Node { name: own, pool: PoolId(position), index, address, subnet });
            }
            let own: Vec<NodeId> = (first..nodes.len()).map(NodeId).collect();
            self.name_nodes(name, &own, &nodes);
            pools.push(self.pool(name, said, own));
        }
        (pools, nodes)
    }

    fn address_is_free(
        &mut self,
        name: &Name,
        address: Ipv4Addr,
        start: &document::Spanned<Ipv4Addr>,
        subnet: Option<&Subnet>,
        taken: &mut HashMap<Ipv4Addr, (Name, Span)>,
    ) -> bool {
        let (start, span) = (start.value, start.span);
        if let Some(subnet) = subnet.filter(|subnet| !subnet.cidr.contains(&address)) {
            let help = if subnet.cidr.contains(&start) {
                "make the subnet wider, lower `count`, or begin with a lower address if there is room below"
                    .to_owned()
            } else {
                format!("begin with an address of {}, or name the subnet that has this one", subnet.cidr)
            };
            self.error(
                Diagnostic::error(
                    "address-outside-subnet",
                    format!("node `{name}` would have {address}, outside its subnet"),
                    span,
                )
                .here(format!("not in {}", subnet.cidr))
                .also(subnet.span, format!("subnet `{}`", subnet.name))
                .help(help),
            );
            return false;
        }
        if let Some((other, first)) = taken.insert(address, (name.clone(), span)) {
            self.error(
                Diagnostic::error(
                    "duplicate-address",
                    format!("nodes `{other}` and `{name}` would both have {address}"),
                    span,
                )
                .also(first, format!("`{other}` counts from here"))
                .help("begin behind the last address of the other pool"),
            );
            return false;
        }
        true
    }

    fn name_nodes(&mut self, pool: &document::Spanned<Name>, own: &[NodeId], nodes: &[Node]) {
        let mut names = vec![(pool.value.clone(), own.to_vec())];
        names.extend(
            own.iter()
                .map(|id| (nodes[id.0].name.clone(), vec![*id]))
                .filter(|(name, _)| *name != pool.value),
        );
        for (name, ids) in names {
            let label = name.to_ascii_lowercase();
            if !label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                || label.ends_with('-')
                || name.len() > Name::MOST
            {
                self.error(
                    Diagnostic::error("host-name", format!("`{name}` cannot be a host name"), pool.span)
                        .why("a host name is letters, digits and `-`, at most 63 of them, and does not end in `-` (RFC 1123)")
                        .help("choose such a name for the pool, as in `web-host`"),
                );
                // It is there, so that what names it is not wrong as well.
                self.nodes_named.insert(pool.value.clone(), own.to_vec());
                return;
            }
            if let Some(others) = self.nodes_named.insert(name.clone(), ids) {
                let document = self.document;
                let other = others.first().and_then(|id| document.nodes.get_index(nodes[id.0].pool.0));
                let place = other.map_or(pool.span, |(name, _)| name.span);
                self.error(
                    Diagnostic::error(
                        "duplicate-name",
                        format!("two nodes or pools are called `{name}`"),
                        pool.span,
                    )
                    .also(place, "the other one")
                    .help("a pool with a `count` calls its nodes NAME-1, NAME-2 and so on"),
                );
            }
        }
    }

    fn pool(&mut self, name: &document::Spanned<Name>, said: &document::Pool, nodes: Vec<NodeId>) -> Pool {
        let os = said.os.value;
        let interfaces =
            said.interfaces.as_ref().map(|names| names.iter().map(|name| name.value.clone()).collect());
        if let Some(too_long) =
            said.interfaces.iter().flat_map(|names| names.iter()).find(|name| name.len() > 15)
        {
            self.error(
                Diagnostic::error(
                    "interface-name",
                    format!("`{}` is too long for an interface", too_long.value),
                    too_long.span,
                )
                .why("the kernel takes 15 characters (IFNAMSIZ, netdevice(7))")
                .help("write the name that `ip link` prints on a node"),
            );
        }
        let networks = said
            .container_networks
            .as_ref()
            .map(|list| list.iter().map(|net| self.without_host_bits(net)).collect());
        Pool {
            name: name.value.clone(),
            nodes,
            os,
            engine: said.engine.value.clone(),
            groups: self.group_list(&said.groups),
            interfaces: Known::or(
                interfaces,
                || default_interface(os),
                "the first interface, as this operating system calls it on AWS; the firewall does not load where it is another",
            ),
            container_networks: Known::or(
                networks,
                || "172.17.0.0/16".parse().into_iter().collect(),
                "the engine's docker0 unless it is configured otherwise",
            ),
            routed: said.routed.iter().map(|net| self.without_host_bits(net)).collect(),
            instance_type: Known::or(
                said.instance_type.as_ref().map(|kind| kind.value.clone()),
                || word("m5.large"),
                "8 GiB of memory: a Java server with a heap of 4 GiB fits",
            ),
            root_volume: Known::or(
                said.root_volume.as_ref().map(|size| size.value),
                || 50,
                "room for images and logs, in GiB",
            ),
            public_address: Known::or(
                said.public_address.as_ref().map(|public| public.value),
                || true,
                "images come from the internet, and the network has no NAT gateway",
            ),
            // Resolved when every name is known.
            traffic_to: Known::stated(Vec::new()),
            title: said.title.as_ref().map(|title| title.value.clone()),
            span: name.span,
        }
    }
}

/// A name that the program itself writes.
pub(super) fn word(name: &'static str) -> Name {
    #[expect(clippy::expect_used, reason = "a literal of this program, covered by the tests of its callers")]
    name.parse().expect("a name of the program's own is one")
}

fn default_interface(os: Os) -> Vec<Name> {
    vec![word(match os {
        Os::Centos7 | Os::Rocky9 => "eth0",
        Os::Debian12 | Os::Ubuntu2404 => "ens5",
    })]
}
