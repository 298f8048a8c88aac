//! What Amazon Web Services would refuse at `terraform apply`, so that no output can be rendered that works.
//!
//! Each limit names AWS's own page for it.

mod database;
mod load_balancer;

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use indexmap::IndexMap;

use crate::diagnostic::{Diagnostic, MOST_PLACES, Span};
use crate::document::{Document, Lost, OneOrMany, Provider, Spanned};
use crate::scalar::Name;
use crate::topology::{Known, NodeId, PoolId, Subnet, SubnetId, Topology};

/// Refuses what AWS refuses, on a network of AWS. What could only be missing because something else is wrong is not asked
/// for: `lost` is what reading took away, and `diagnostics` holds the names that point at nothing.
pub(super) fn refuse(
    document: &Document,
    topology: &Topology,
    lost: &Lost,
    diagnostics: &mut Vec<Diagnostic>,
) {
    if *topology.network.provider != Provider::Aws {
        return;
    }
    let names_are_known =
        lost.names.is_empty() && !diagnostics.iter().any(|diagnostic| diagnostic.id == "unknown-name");
    sizes(document, topology, diagnostics);
    let overfull = overfull(document, diagnostics);
    reserved_addresses(document, topology, &overfull, diagnostics);
    zones(document, topology, lost, diagnostics);
    groups(topology, names_are_known, diagnostics);
    machines(document, topology, diagnostics);
    host_names(topology, diagnostics);
    for (balancer, said) in topology.load_balancers.iter().zip(document.load_balancers.values()) {
        load_balancer::refuse(topology, balancer, said, names_are_known, &overfull, diagnostics);
    }
    for (database, said) in topology.databases.iter().zip(document.databases.values()) {
        database::refuse(topology, database, said, names_are_known, diagnostics);
    }
}

/// "VPC CIDR blocks" and "Subnet CIDR blocks", Amazon VPC User Guide: /16 to /28.
fn sizes(document: &Document, topology: &Topology, diagnostics: &mut Vec<Diagnostic>) {
    let all = topology.subnets.iter().map(|subnet| (subnet.cidr, subnet.span));
    for (cidr, span) in std::iter::once((topology.network.cidr, document.network.cidr.span)).chain(all) {
        if !(16..=28).contains(&cidr.prefix_len()) {
            diagnostics.push(
                Diagnostic::error("aws-cidr-size", format!("{cidr} is not between /16 and /28"), span)
                    .why("AWS makes no VPC and no subnet of another size")
                    .help("write a prefix length from 16 to 28; up to 27 where a load balancer stands in it"),
            );
        }
    }
}

/// The pools that were refused because their nodes do not fit into their subnets: what else is too full there follows
/// from that.
fn overfull(document: &Document, diagnostics: &[Diagnostic]) -> BTreeSet<PoolId> {
    let outside = diagnostics.iter().filter(|diagnostic| diagnostic.id == "address-outside-subnet");
    let places: BTreeSet<Span> =
        outside.flat_map(|diagnostic| &diagnostic.labels).map(|label| label.span).collect();
    let pools = document.nodes.values().enumerate();
    pools
        .filter(|(_, said)| said.first_address.values().any(|start| places.contains(&start.span)))
        .map(|(position, _)| PoolId(position))
        .collect()
}

/// "Subnet CIDR blocks", Amazon VPC User Guide: the first four addresses and the last one are AWS's.
fn reserved_addresses(
    document: &Document,
    topology: &Topology,
    overfull: &BTreeSet<PoolId>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let mut taken: BTreeMap<(PoolId, SubnetId), Vec<NodeId>> = BTreeMap::new();
    for id in topology.node_ids() {
        let node = &topology[id];
        let cidr = topology[node.subnet].cidr;
        let (first, last, own) =
            (u32::from(cidr.network()), u32::from(cidr.broadcast()), u32::from(node.address));
        // A node outside its subnet is refused for that.
        let is_inside = cidr.contains(&node.address) && !overfull.contains(&node.pool);
        if is_inside && (own - first < 4 || own == last) {
            taken.entry((node.pool, node.subnet)).or_default().push(id);
        }
    }
    for ((pool, subnet), nodes) in taken {
        let Some(first) = nodes.first().map(|id| &topology[*id]) else { continue };
        let cidr = topology[subnet].cidr;
        let starts = document.nodes.get_index(pool.position()).map(|(_, said)| &said.first_address);
        let start = starts.and_then(|starts| {
            starts.iter().find(|(name, _)| name.value == topology[subnet].name).map(|(_, start)| start.span)
        });
        let message = match nodes.len() {
            1 => format!("node `{}` has {}, which is AWS's own", first.name, first.address),
            count => format!(
                "`{}` and {} more nodes of `{}` have addresses that are AWS's own, as {}",
                first.name,
                count - 1,
                topology[pool].name,
                first.address
            ),
        };
        let (low, high) =
            (u32::from(cidr.network()).saturating_add(4), u32::from(cidr.broadcast()).saturating_sub(1));
        diagnostics.push(
            Diagnostic::error("aws-reserved-address", message, start.unwrap_or(topology[pool].span))
                .why(format!("AWS keeps the first four addresses and the last one of {cidr}"))
                .help(format!("take addresses from {} to {}", Ipv4Addr::from(low), Ipv4Addr::from(high))),
        );
    }
}

/// Where names stand; the thing's name where the document does not say them.
fn names_place(said: Option<&OneOrMany<Spanned<Name>>>, name: Span) -> Span {
    let ends = said.and_then(|names| Some((names.first()?.span, names.last()?.span)));
    ends.map_or(name, |(first, last)| first.to(last))
}

/// Where a value stands; the thing's name where the document does not say it.
fn place<T>(said: Option<&Spanned<T>>, name: Span) -> Span {
    said.map_or(name, |said| said.span)
}

/// Names of groups (CreateSecurityGroup). A member that is in no group gets one of its own name.
fn groups(topology: &Topology, names_are_known: bool, diagnostics: &mut Vec<Diagnostic>) {
    let stated = topology.groups.iter().map(|group| (&group.name, group.span));
    let pools = topology.pools.iter().filter(|p| p.groups.is_empty()).map(|p| (&p.name, p.span));
    let balancers = topology.load_balancers.iter().filter(|b| b.groups.is_empty()).map(|b| (&b.name, b.span));
    let databases = topology.databases.iter().filter(|d| d.groups.is_empty()).map(|d| (&d.name, d.span));
    let own = pools.chain(balancers).chain(databases).filter(|_| names_are_known);
    for (name, span) in stated.chain(own) {
        if name.starts_with("sg-") || name.as_str() == "default" {
            diagnostics.push(
                Diagnostic::error(
                    "aws-group-name",
                    format!("AWS takes no security group called `{name}`"),
                    span,
                )
                .why("names that begin with `sg-`, and `default`, are its own (CreateSecurityGroup)")
                .help("choose another name"),
            );
        }
    }
}

/// "Constraints on the size and configuration of an EBS volume", Amazon EBS User Guide, and the images' own sizes.
/// "Naming conventions", Amazon EC2 Instance Types: `FAMILY.SIZE`; those that begin with `db.` are RDS's.
fn machines(document: &Document, topology: &Topology, diagnostics: &mut Vec<Diagnostic>) {
    for (pool, said) in topology.pools.iter().zip(document.nodes.values()) {
        if !pool.instance_type.contains('.') || pool.instance_type.starts_with("db.") {
            let message = format!("EC2 has no machine of the kind `{}`", *pool.instance_type);
            diagnostics.push(
                Diagnostic::error(
                    "aws-instance-type",
                    message,
                    place(said.instance_type.as_ref(), pool.span),
                )
                .why("its kinds are a family and a size (Amazon EC2 Instance Types, \"Naming conventions\")")
                .help("write `instance-type: m5.large`"),
            );
        }
        if !(8..=65_536).contains(&*pool.root_volume) {
            diagnostics.push(
                Diagnostic::error(
                    "aws-root-volume",
                    format!("`{}` has a root volume of {} GiB", pool.name, *pool.root_volume),
                    place(said.root_volume.as_ref(), pool.span),
                )
                .why("a volume holds its image, 8 GiB at least, and is 65536 GiB at most")
                .help("write `root-volume` with a number from 8 to 65536"),
            );
        }
    }
}

/// A load balancer and a database of one name would be one record of the private zone; case does not tell them apart.
fn host_names(topology: &Topology, diagnostics: &mut Vec<Diagnostic>) {
    let network = &topology.network;
    let balancers = topology.load_balancers.iter().map(|b| (b.host_name(network), b.span));
    let databases = topology.databases.iter().map(|d| (d.host_name(network), d.span));
    let mut taken: BTreeMap<String, Span> = BTreeMap::new();
    for (name, span) in databases.chain(balancers) {
        if let Some(first) = taken.get(&name) {
            diagnostics.push(
                Diagnostic::error("aws-host-name", format!("two things would be called {name}"), span)
                    .also(*first, "the other one")
                    .why("AWS and DNS do not tell capital letters from small ones")
                    .help("choose another name for one of them"),
            );
        }
        taken.insert(name, span);
    }
}

/// A subnet lies in one zone, and a VPC in one region.
fn zones(document: &Document, topology: &Topology, lost: &Lost, diagnostics: &mut Vec<Diagnostic>) {
    if topology.subnets.is_empty() && !lost.values {
        let message = "the network has no subnet, so its region is not known";
        diagnostics.push(
            Diagnostic::error("aws-zone", message, topology.network.span)
                .help("write one under `subnets`, with its `zone`"),
        );
    }
    let has_none = |subnet: &Subnet| subnet.region().is_none() && (subnet.zone.is_some() || !lost.values);
    let subnets = topology.subnets.iter().zip(document.network.subnets.values());
    let subnets: Vec<(&Subnet, Span)> =
        subnets.map(|(subnet, said)| (subnet, place(said.zone.as_ref(), subnet.span))).collect();
    for (subnet, span) in subnets.iter().filter(|(subnet, _)| has_none(subnet)) {
        let message = match &subnet.zone {
            None => format!("subnet `{}` has no zone", subnet.name),
            Some(zone) => format!("`{zone}` is no availability zone of AWS"),
        };
        diagnostics.push(
            Diagnostic::error("aws-zone", message, *span)
                .why("a subnet of AWS lies in exactly one availability zone")
                .help("write `zone: us-west-2a`"),
        );
    }
    regions(&subnets, diagnostics);
}

/// The region of most subnets is the one that is meant; of as many, that of the first.
fn regions(subnets: &[(&Subnet, Span)], diagnostics: &mut Vec<Diagnostic>) {
    let mut counts: IndexMap<&str, usize> = IndexMap::new();
    for region in subnets.iter().filter_map(|(subnet, _)| subnet.region()) {
        *counts.entry(region).or_default() += 1;
    }
    let meant = counts.iter().rev().max_by_key(|(_, count)| **count).map(|(region, _)| *region);
    let (Some(meant), 2..) = (meant, counts.len()) else { return };
    let elsewhere = |(subnet, span): &(&Subnet, Span)| {
        subnet.region().filter(|region| *region != meant).map(|region| (*span, format!("in {region}")))
    };
    let mut others = subnets.iter().filter_map(elsewhere);
    let Some((span, text)) = others.next() else { return };
    diagnostics.push(
        Diagnostic::error("aws-regions", "the subnets' zones are in several regions", span)
            .here(text)
            .also_up_to(MOST_PLACES, others)
            .why("a VPC lies in one region")
            .help(format!("choose a zone of {meant}, as the other subnets do")),
    );
}

/// The zones of subnets; `None` where one has none.
fn zones_of<'t>(topology: &'t Topology, subnets: &Known<Vec<SubnetId>>) -> Option<BTreeSet<&'t str>> {
    subnets.iter().map(|subnet| topology[*subnet].zone.as_deref()).collect()
}
