//! Networks: what a VPC and its subnets can be.

mod aws_cidr_size;
mod aws_group_name;
mod aws_regions;
mod aws_reserved_address;
mod aws_zone;

use crate::lint::Family;

/// Lints about networks of AWS.
pub const FAMILY: Family = Family {
    name: "Networks of AWS",
    lints: &[
        &aws_cidr_size::LINT,
        &aws_reserved_address::LINT,
        &aws_zone::LINT,
        &aws_regions::LINT,
        &aws_group_name::LINT,
    ],
};
