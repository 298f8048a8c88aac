//! What Amazon Web Services would refuse at `terraform apply`, so that no output can be rendered that works.
//!
//! Each limit names AWS's own page for it.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use crate::diagnostic::{Diagnostic, Span};
use crate::document::Provider;
use crate::topology::{Known, SubnetId, Topology};

/// Refuses what AWS refuses, on a network of AWS.
pub(super) fn refuse(topology: &Topology, diagnostics: &mut Vec<Diagnostic>) {
    if *topology.network.provider != Provider::Aws {
        return;
    }
    sizes(topology, diagnostics);
    reserved_addresses(topology, diagnostics);
    names(topology, diagnostics);
    zones(topology, diagnostics);
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
    for node in &topology.nodes {
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

fn names(topology: &Topology, diagnostics: &mut Vec<Diagnostic>) {
    for group in &topology.groups {
        if group.name.starts_with("sg-") || group.name.as_str() == "default" {
            diagnostics.push(
                Diagnostic::error(
                    "aws-group-name",
                    format!("AWS takes no security group called `{}`", group.name),
                    group.span,
                )
                .why("names that begin with `sg-`, and `default`, are its own (CreateSecurityGroup)"),
            );
        }
    }
    for balancer in &topology.load_balancers {
        let known = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        if balancer.name.len() > 32
            || !balancer.name.bytes().all(known)
            || balancer.name.ends_with('-')
            || balancer.name.starts_with("internal-")
        {
            diagnostics.push(
                Diagnostic::error("aws-load-balancer-name", format!("AWS takes no load balancer called `{}`", balancer.name), balancer.span)
                    .why("its name is at most 32 letters, digits and hyphens, and neither begins with `internal-` nor ends in a hyphen (CreateLoadBalancer)"),
            );
        }
    }
    for database in &topology.databases {
        let name = database.name.as_str();
        let known = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        if !name.bytes().all(known)
            || !name.starts_with(|c: char| c.is_ascii_alphabetic())
            || name.ends_with('-')
            || name.contains("--")
        {
            diagnostics.push(
                Diagnostic::error("aws-database-name", format!("RDS takes no database called `{name}`"), database.span)
                    .why("its identifier is letters, digits and single hyphens, and begins with a letter (CreateDBInstance)"),
            );
        }
    }
}

/// Zones: RDS wants a subnet group over two of them, a Classic Load Balancer one subnet of each.
fn zones(topology: &Topology, diagnostics: &mut Vec<Diagnostic>) {
    for subnet in topology.subnets.iter().filter(|subnet| subnet.zone.is_none()) {
        diagnostics.push(
            Diagnostic::error("aws-zone", format!("subnet `{}` has no zone", subnet.name), subnet.span)
                .why("a subnet of AWS lies in exactly one availability zone")
                .help("write `zone: us-west-2a`"),
        );
    }
    let regions: BTreeSet<&str> = topology
        .subnets
        .iter()
        .filter_map(|s| s.zone.as_deref())
        .map(|zone| zone.trim_end_matches(|c: char| c.is_ascii_alphabetic()))
        .collect();
    if let (true, Some(subnet)) = (regions.len() > 1, topology.subnets.last()) {
        diagnostics.push(
            Diagnostic::error("aws-regions", "the subnets' zones are in several regions", subnet.span)
                .why("a VPC lies in one region"),
        );
    }
    for database in &topology.databases {
        if zones_of(topology, &database.subnets).len() < 2 {
            diagnostics.push(
                Diagnostic::error("aws-database-zones", format!("the subnets of `{}` are in one zone", database.name), database.span)
                    .why("RDS wants a subnet group over two zones, even for one instance (CreateDBSubnetGroup: DBSubnetGroupDoesNotCoverEnoughAZs)")
                    .help("add a subnet in a second zone; it may be empty"),
            );
        }
    }
    for balancer in &topology.load_balancers {
        if zones_of(topology, &balancer.subnets).len() < balancer.subnets.len() {
            diagnostics.push(same_zone(balancer.name.as_str(), balancer.span));
        }
    }
}

fn same_zone(name: &str, span: Span) -> Diagnostic {
    Diagnostic::error("aws-load-balancer-zones", format!("`{name}` has two subnets of one zone"), span)
        .why("a Classic Load Balancer stands in one subnet of a zone at most (AttachLoadBalancerToSubnets)")
        .help("name one subnet of each zone under `subnets`")
}

fn zones_of<'t>(topology: &'t Topology, subnets: &Known<Vec<SubnetId>>) -> BTreeSet<Option<&'t str>> {
    subnets.iter().map(|subnet| topology[*subnet].zone.as_deref()).collect()
}
