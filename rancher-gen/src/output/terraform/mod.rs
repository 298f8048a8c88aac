//! Terraform for a network of AWS: network, groups, nodes, database, load balancer and names.
//!
//! A file per concern, and one for each security group and pool, so that none grows with the rest. Resources are
//! labelled by the topology's names and never by position: adding a rule or a node touches that one alone. Every
//! variable has a default, so that `plan` asks nothing. What AWS decides by itself (the address of a database, the ids)
//! is referred to and never written down. Sources: the provider's own documentation (hashicorp/aws 6.x) and AWS's.

mod balancer;
mod database;
mod groups;
mod image;
mod label;
mod layout;
mod network;
mod nodes;

use rancher_topology::document::Provider;
use rancher_topology::topology::{Known, Origin};
use serde::Serialize;

use super::{Context, Output, RenderError, Rendering};
use crate::tree::Mode;

/// The `terraform` output.
#[derive(Debug)]
pub struct Terraform;

impl Output for Terraform {
    fn name(&self) -> &'static str {
        "terraform"
    }

    fn cluster(&self, cx: &Context<'_>, out: &mut Rendering) -> Result<(), RenderError> {
        if *cx.topology.network.provider != Provider::Aws {
            return Ok(());
        }
        let network = network::view(cx.topology);
        for name in ["versions", "network"] {
            file(cx, out, name, name, &network)?;
        }
        let groups = groups::views(cx);
        for group in &groups {
            file(cx, out, &format!("security-group-{}", group.name()), "security-group", group)?;
        }
        let pools = nodes::views(cx);
        for pool in &pools {
            file(cx, out, &format!("nodes-{}", pool.name()), "nodes", pool)?;
        }
        let databases = database::views(cx);
        let balancers = balancer::views(cx);
        let certificates = balancer::certificates(cx);
        let whole = Whole { network, pools, databases, balancers, certificates };
        for (name, there) in [
            ("database", !whole.databases.is_empty()),
            ("load-balancer", !whole.balancers.is_empty()),
            ("dns", !whole.databases.is_empty() || !whole.balancers.is_empty()),
            ("variables", true),
            ("outputs", true),
        ] {
            if there {
                file(cx, out, name, name, &whole)?;
            }
        }
        for script in balancer::policy_scripts(&whole.balancers) {
            let text = cx.templates.render("terraform/proxy-protocol.sh.j2", &script)?;
            out.file(&format!("terraform/proxy-protocol-{}.sh", script.name()), text, Mode::Executable)?;
        }
        Ok(())
    }
}

/// Everything that more than one file refers to.
#[derive(Serialize)]
struct Whole {
    network: network::Network,
    pools: Vec<nodes::Pool>,
    databases: Vec<database::Database>,
    balancers: Vec<balancer::Balancer>,
    certificates: Vec<crate::template::Raw>,
}

fn file(
    cx: &Context<'_>,
    out: &mut Rendering,
    name: &str,
    template: &str,
    view: &impl Serialize,
) -> Result<(), RenderError> {
    let text = cx.templates.render(&format!("terraform/{template}.tf.j2"), view)?;
    out.file(&format!("terraform/{name}.tf"), layout::aligned(&text), Mode::Plain)
}

/// A value, and why it was taken where the topology does not state it.
#[derive(Serialize)]
struct Taken<T> {
    value: T,
    assumed: Option<&'static str>,
}

impl<T> Taken<T> {
    fn of<K>(known: &Known<K>, view: impl Fn(&K) -> T) -> Self {
        Self { value: view(&known.value), assumed: reason(known.origin) }
    }
}

fn reason(origin: Origin) -> Option<&'static str> {
    match origin {
        Origin::Stated => None,
        Origin::Assumed(reason) => Some(reason),
    }
}
