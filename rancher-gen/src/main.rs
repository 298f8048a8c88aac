//! The command line of rancher-gen.

fn main() {}
