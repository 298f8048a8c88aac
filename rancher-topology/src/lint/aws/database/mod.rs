//! Databases: what RDS refuses, and what it makes otherwise than stated.

mod aws_database_connections;
mod aws_database_fixed_address;
mod aws_database_name;
mod aws_database_port;
mod aws_database_storage;
mod aws_database_version;
mod aws_database_version_withdrawn;
mod aws_database_zones;

use crate::lint::Family;

/// Lints about databases of AWS.
pub const FAMILY: Family = Family {
    name: "Databases of AWS",
    lints: &[
        &aws_database_zones::LINT,
        &aws_database_name::LINT,
        &aws_database_version::LINT,
        &aws_database_port::LINT,
        &aws_database_storage::LINT,
        &aws_database_connections::LINT,
        &aws_database_fixed_address::LINT,
        &aws_database_version_withdrawn::LINT,
    ],
};
