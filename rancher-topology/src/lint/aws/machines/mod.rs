//! Machines: what EC2 and RDS have.

mod aws_instance_type;
mod aws_root_volume;

use crate::lint::Family;

/// Lints about machines of AWS.
pub const FAMILY: Family =
    Family { name: "Machines of AWS", lints: &[&aws_instance_type::LINT, &aws_root_volume::LINT] };
