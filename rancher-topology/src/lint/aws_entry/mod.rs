//! Load balancers and databases of AWS: what only AWS does so.

/// The rest of an example on AWS: the network of three zones.
macro_rules! on_aws {
    ($example:literal) => {
        concat!(
            $example,
            "\
network:
  name: lab
  provider: aws
  cidr: 10.0.0.0/16
  subnets:
    a: {cidr: 10.0.1.0/24, zone: eu-central-1a}
    b: {cidr: 10.0.2.0/24, zone: eu-central-1b}
    c: {cidr: 10.0.3.0/24, zone: eu-central-1c}
"
        )
    };
}

mod aws_database_fixed_address;
mod aws_database_version_withdrawn;
mod aws_proxy_inside_tls;
mod aws_target_zone;

use super::Family;

/// Lints about load balancers and databases of AWS.
pub const FAMILY: Family = Family {
    name: "Load balancers and databases of AWS",
    lints: &[
        &aws_target_zone::LINT,
        &aws_proxy_inside_tls::LINT,
        &aws_database_fixed_address::LINT,
        &aws_database_version_withdrawn::LINT,
    ],
};
