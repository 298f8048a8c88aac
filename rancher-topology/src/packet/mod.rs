//! What a packet is to a filter, and functions of it: fields, their bits, and decision diagrams over these bits.
//!
//! Nothing here knows a rule, a chain or a group.

pub(crate) mod diagram;
mod field;
mod intervals;
mod layout;

pub use field::{Family, Field, State, number};
pub use intervals::Intervals;
pub(crate) use layout::{Layout, Values};
