//! Load balancers: what a Classic Load Balancer is refused for, and what it does not do.

mod aws_host_name;
mod aws_idle_timeout;
mod aws_instance_protocol;
mod aws_load_balancer_name;
mod aws_load_balancer_room;
mod aws_load_balancer_zones;
mod aws_policy_name;
mod aws_proxy_inside_tls;
mod aws_proxy_protocol;
mod aws_target_zone;

use crate::lint::Family;

/// Lints about load balancers of AWS.
pub const FAMILY: Family = Family {
    name: "Load balancers of AWS",
    lints: &[
        &aws_load_balancer_name::LINT,
        &aws_load_balancer_zones::LINT,
        &aws_load_balancer_room::LINT,
        &aws_idle_timeout::LINT,
        &aws_proxy_protocol::LINT,
        &aws_policy_name::LINT,
        &aws_instance_protocol::LINT,
        &aws_host_name::LINT,
        &aws_target_zone::LINT,
        &aws_proxy_inside_tls::LINT,
    ],
};
