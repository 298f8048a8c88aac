//! What several tests need: each test uses a part of it.
#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    clippy::case_sensitive_file_extension_comparisons
)]

pub mod arbitrary;
pub mod changes;
pub mod cli;
pub mod compose;
pub mod examples;
pub mod kernel;
pub mod lab;
pub mod machine;
pub mod netns;
pub mod rule_sets;
pub mod terraform;
pub mod tools;
pub mod tree;
