//! Terraform: the network, groups, nodes, databases and load balancers of a topology on AWS.
//!
//! A file for each concern, and one for the nodes of each pool, so that a large fleet is many short lines and no file of
//! another concern grows with it. What there are many of is a `for_each` over a map whose keys are names, addresses and
//! ports of the topology, never positions: what is added to a document changes the address of nothing else.
//! Nothing is rendered for a network that is not AWS's; what AWS refuses was refused when the topology was resolved.

mod assumed;
mod database;
mod group;
mod image;
mod label;
mod load_balancer;
mod node;

use rancher_topology::Topology;
use rancher_topology::document::Provider;
use rancher_topology::policy::{GroupRef, Member};
use rancher_topology::scalar::{Name, Text};
use rancher_topology::topology::{Subnet, SubnetId};
use serde::Serialize;

use super::{Context, Output, RenderError, Rendering};
use crate::quote::Unquotable;
use crate::template::Raw;
use label::{aligned, label};

/// The `terraform` output.
#[derive(Debug)]
pub struct Terraform;

/// What every template of the cluster may print.
#[derive(Serialize)]
struct Cluster {
    topology: String,
    region: String,
    network: String,
    cidr: String,
    domain: String,
    /// Whether anything has a public address, so that there is a way to the internet.
    public: bool,
    subnets: Vec<SubnetRow>,
    groups: Vec<group::Group>,
    databases: Vec<database::Database>,
    database_hosts: Vec<(Raw, Raw)>,
    load_balancers: Vec<load_balancer::LoadBalancer>,
    load_balancer_hosts: Vec<(Raw, Raw)>,
    certificates: Vec<load_balancer::Certificate>,
    pools: Vec<PoolName>,
}

#[derive(Serialize)]
struct SubnetRow {
    key: Raw,
    name: String,
    cidr: String,
    zone: String,
    tags: Vec<(Raw, String)>,
}

#[derive(Serialize)]
struct PoolName {
    name: String,
    label: Raw,
}

impl Output for Terraform {
    fn name(&self) -> &'static str {
        "terraform"
    }

    fn cluster(&self, cx: &Context<'_>, out: &mut Rendering) -> Result<(), RenderError> {
        let topology = cx.topology;
        let (Provider::Aws, Some(region)) = (*topology.network.provider, topology.region()) else {
            return Ok(());
        };
        let view = cluster(cx, region)?;
        let named = !view.databases.is_empty() || !view.load_balancers.is_empty();
        let files = [
            ("versions.tf", true),
            ("network.tf", true),
            ("security-groups.tf", true),
            ("databases.tf", !view.databases.is_empty()),
            ("load-balancers.tf", !view.load_balancers.is_empty()),
            ("dns.tf", named),
            ("variables.tf", true),
            ("outputs.tf", true),
            ("proxy-protocol.sh", view.load_balancers.iter().any(load_balancer::LoadBalancer::has_policies)),
        ];
        for (file, _) in files.into_iter().filter(|(_, wanted)| *wanted) {
            out.template(cx, &format!("terraform/{file}"), &format!("terraform/{file}.j2"), &view)?;
        }
        for id in topology.pool_ids() {
            let pool = &topology[id];
            let own = node::pool(cx, id)?;
            out.template(cx, &format!("terraform/nodes-{}.tf", pool.name), "terraform/nodes.tf.j2", &own)?;
            if own.image_may_be_withdrawn() {
                out.note(format!(
                    "terraform: public images of {} may be withdrawn; the variable `image_ids` names one of yours",
                    pool.os.title()
                ));
            }
        }
        if view.groups.iter().any(group::Group::has_tags) {
            out.note("terraform: AWS takes few characters in a rule's description; the tag `Purpose` has the whole purpose");
        }
        Ok(())
    }
}

fn cluster(cx: &Context<'_>, region: &str) -> Result<Cluster, Unquotable> {
    let topology = cx.topology;
    let load_balancers: Vec<_> =
        topology.load_balancer_ids().map(|id| load_balancer::view(cx, id)).collect::<Result<_, _>>()?;
    Ok(Cluster {
        topology: topology.name.to_string(),
        region: region.to_owned(),
        network: topology.network.name.to_string(),
        cidr: topology.network.cidr.to_string(),
        domain: topology.network.domain(),
        public: topology.is_public(),
        subnets: subnets(topology)?,
        groups: cx.policy.group_refs().map(|group| group::view(cx, group)).collect::<Result<_, _>>()?,
        databases: topology.database_ids().map(|id| database::view(cx, id)).collect(),
        database_hosts: hosts(topology.databases.iter().map(|d| (d.host_name(&topology.network), &d.name)))?,
        load_balancer_hosts: hosts(
            topology.load_balancers.iter().map(|b| (b.host_name(&topology.network), &b.name)),
        )?,
        certificates: load_balancer::certificates(topology),
        load_balancers,
        pools: topology
            .pools
            .iter()
            .map(|pool| PoolName { name: pool.name.to_string(), label: label(&pool.name) })
            .collect(),
    })
}

fn subnets(topology: &Topology) -> Result<Vec<SubnetRow>, Unquotable> {
    let keys = aligned(topology.subnets.iter().map(|subnet| subnet.name.as_str()))?;
    let row = |(key, subnet): (Raw, &Subnet)| {
        let title = subnet.title.as_ref().map(|title| (Raw::word("Title"), title.to_string()));
        let assumed = subnet.assumed.as_ref().map(|why| (Raw::word("Assumed"), why.to_string()));
        SubnetRow {
            key,
            name: subnet.name.to_string(),
            cidr: subnet.cidr.to_string(),
            zone: subnet.zone.as_ref().map(ToString::to_string).unwrap_or_default(),
            tags: title.into_iter().chain(assumed).collect(),
        }
    };
    Ok(keys.into_iter().zip(&topology.subnets).map(row).collect())
}

/// The labels of the groups that a member is in.
fn groups_of(cx: &Context<'_>, member: Member) -> Vec<Raw> {
    let groups: &[GroupRef] = cx.policy.groups_of(member);
    groups.iter().map(|group| label(&cx.policy[*group].name)).collect()
}

/// What stands in the comment above a thing's blocks: its name, and what it is for.
fn heading(name: &Name, title: Option<&Text>) -> String {
    title.map_or_else(|| name.to_string(), |title| format!("{name}: {title}"))
}

/// The keys of the private zone's records with the labels of what they stand for.
fn hosts<'t>(things: impl Iterator<Item = (String, &'t Name)>) -> Result<Vec<(Raw, Raw)>, Unquotable> {
    let (hosts, labels): (Vec<String>, Vec<Raw>) = things.map(|(host, name)| (host, label(name))).unzip();
    Ok(aligned(hosts.iter().map(String::as_str))?.into_iter().zip(labels).collect())
}

/// The names of subnets.
fn names_of(topology: &Topology, subnets: &[SubnetId]) -> Vec<String> {
    subnets.iter().map(|subnet| topology[*subnet].name.to_string()).collect()
}
