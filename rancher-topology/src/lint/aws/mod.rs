//! Amazon Web Services: what it refuses at `terraform apply`, and what only there works otherwise than it looks.

/// An example on AWS: the network of three zones, and what the example says.
macro_rules! on_aws {
    ($example:literal) => {
        concat!(
            "\
network:
  name: lab
  provider: aws
  cidr: 10.0.0.0/16
  subnets:
    a: {cidr: 10.0.1.0/24, zone: eu-west-1a}
    b: {cidr: 10.0.2.0/24, zone: eu-west-1b}
    c: {cidr: 10.0.3.0/24, zone: eu-west-1c}
",
            $example
        )
    };
}

pub mod database;
pub mod load_balancer;
pub mod machines;
pub mod network;
pub mod quotas;
