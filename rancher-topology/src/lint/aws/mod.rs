//! What Amazon Web Services refuses at `terraform apply`.

pub mod database;
pub mod load_balancer;
pub mod machines;
pub mod network;
