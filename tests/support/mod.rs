//! What several tests need: each test uses a part of it.
#![allow(dead_code, unreachable_pub, missing_docs)]

pub mod tree;
