//! Renders a topology into compose files, Terraform, iptables rules, systemd units and documentation.
//!
//! The crate holds the outputs, the quoting that each format needs, the rendered tree with its writer, and the
//! command line. What a cluster *is* stands in [`rancher_topology`]; nothing here concludes anything about it.

pub mod exit;
pub mod explain;
pub mod output;
pub mod quote;
pub mod read;
pub mod report;
pub mod show;
pub mod template;
pub mod tree;

/// The example of README.md compiles and runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
