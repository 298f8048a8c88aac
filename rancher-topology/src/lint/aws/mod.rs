//! Amazon Web Services: what it refuses at `terraform apply`, and what only there works otherwise than it looks.

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

pub mod database;
pub mod load_balancer;
pub mod machines;
pub mod network;
pub mod quotas;
