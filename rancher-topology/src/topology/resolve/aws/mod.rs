//! What Amazon Web Services would refuse at `terraform apply`, so that no output can be rendered that works.
//!
//! Each limit names AWS's own page for it.

mod database;
mod load_balancer;

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use crate::diagnostic::{Diagnostic, Span};
use crate::document::{Lost, Provider};
use crate::topology::{Known, Node, Subnet, SubnetId, Topology};

/// Refuses what AWS refuses, on a network of AWS. What could only be missing because something else is wrong is not asked
/// for: `lost` is what reading took away, and `diagnostics` holds the names that point at nothing.
pub(super) fn refuse(topology: &Topology, lost: &Lost, diagnostics: &mut Vec<Diagnostic>) {
    if *topology.network.provider != Provider::Aws {
        return;
    }
    let names_are_known =
        lost.names.is_empty() && !diagnostics.iter().any(|diagnostic| diagnostic.id == "unknown-name");
    sizes(topology, diagnostics);
    reserved_addresses(topology, diagnostics);
    zones(topology, lost, diagnostics);
    groups(topology, names_are_known, diagnostics);
    machines(topology, diagnostics);
    host_names(topology, diagnostics);
    for balancer in &topology.load_balancers {
        load_balancer::refuse(topology, balancer, diagnostics);
    }
    for database in &topology.databases {
        database::refuse(topology, database, names_are_known, diagnostics);
    }
}

/// "VPC CIDR blocks" and "Subnet CIDR blocks", Amazon VPC User Guide: /16 to /28.
fn sizes(topology: &Topology, diagnostics: &mut Vec<Diagnostic>) {
    let all = topology.subnets.iter().map(|subnet| (subnet.cidr, subnet.span));
    for (cidr, span) in std::iter::once((topology.network.cidr, topology.network.span)).chain(all) {
        if !(16..=28).contains(&cidr.prefix_len()) {
            diagnostics.push(
                Diagnostic::error("aws-cidr-size", format!("{cidr} is not between /16 and /28"), span)
                    .why("AWS makes no VPC and no subnet of another size"),
            );
        }
    }
}

/// "Subnet CIDR blocks", Amazon VPC User Guide: the first four addresses and the last one are AWS's.
fn reserved_addresses(topology: &Topology, diagnostics: &mut Vec<Diagnostic>) {
    // A node outside its subnet is refused for that.
    let inside = |node: &&Node| topology[node.subnet].cidr.contains(&node.address);
    for node in topology.nodes.iter().filter(inside) {
        let cidr = topology[node.subnet].cidr;
        let (first, last, own) =
            (u32::from(cidr.network()), u32::from(cidr.broadcast()), u32::from(node.address));
        if own - first < 4 || own == last {
            diagnostics.push(
                Diagnostic::error(
                    "aws-reserved-address",
                    format!("node `{}` has {}, which is AWS's own", node.name, node.address),
                    topology[node.pool].span,
                )
                .why(format!("AWS keeps the first four addresses and the last one of {cidr}"))
                .help(format!(
                    "take one from {} to {}",
                    Ipv4Addr::from(first + 4),
                    Ipv4Addr::from(last - 1)
                )),
            );
        }
    }
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
                .why("names that begin with `sg-`, and `default`, are its own (CreateSecurityGroup)"),
            );
        }
    }
}

/// "Constraints on the size and configuration of an EBS volume", Amazon EBS User Guide, and the images' own sizes.
/// "Naming conventions", Amazon EC2 Instance Types: `FAMILY.SIZE`; those that begin with `db.` are RDS's.
fn machines(topology: &Topology, diagnostics: &mut Vec<Diagnostic>) {
    for pool in &topology.pools {
        if !pool.instance_type.contains('.') || pool.instance_type.starts_with("db.") {
            let message = format!("EC2 has no machine of the kind `{}`", *pool.instance_type);
            diagnostics.push(
                Diagnostic::error("aws-instance-type", message, pool.span)
                    .help("write `instance-type: m5.large`"),
            );
        }
        if !(8..=65_536).contains(&*pool.root_volume) {
            diagnostics.push(
                Diagnostic::error(
                    "aws-root-volume",
                    format!("`{}` has a root volume of {} GiB", pool.name, *pool.root_volume),
                    pool.span,
                )
                .why("a volume holds its image, 8 GiB at least, and is 65536 GiB at most"),
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
                    .why("AWS and DNS do not tell capital letters from small ones"),
            );
        }
        taken.insert(name, span);
    }
}

/// A subnet lies in one zone, and a VPC in one region.
fn zones(topology: &Topology, lost: &Lost, diagnostics: &mut Vec<Diagnostic>) {
    if topology.subnets.is_empty() && !lost.values {
        let message = "the network has no subnet, so its region is not known";
        diagnostics.push(
            Diagnostic::error("aws-zone", message, topology.network.span)
                .help("write one under `subnets`, with its `zone`"),
        );
    }
    let has_none = |subnet: &&Subnet| subnet.region().is_none() && (subnet.zone.is_some() || !lost.values);
    for subnet in topology.subnets.iter().filter(has_none) {
        let message = match &subnet.zone {
            None => format!("subnet `{}` has no zone", subnet.name),
            Some(zone) => format!("`{zone}` is no availability zone of AWS"),
        };
        diagnostics.push(
            Diagnostic::error("aws-zone", message, subnet.span)
                .why("a subnet of AWS lies in exactly one availability zone")
                .help("write `zone: us-west-2a`"),
        );
    }
    let regions: BTreeSet<&str> = topology.subnets.iter().filter_map(Subnet::region).collect();
    if let (true, Some(subnet)) = (regions.len() > 1, topology.subnets.last()) {
        diagnostics.push(
            Diagnostic::error("aws-regions", "the subnets' zones are in several regions", subnet.span)
                .why("a VPC lies in one region")
                .help("choose zones of one region"),
        );
    }
}

/// The zones of subnets; `None` where one has none.
fn zones_of<'t>(topology: &'t Topology, subnets: &Known<Vec<SubnetId>>) -> Option<BTreeSet<&'t str>> {
    subnets.iter().map(|subnet| topology[*subnet].zone.as_deref()).collect()
}
