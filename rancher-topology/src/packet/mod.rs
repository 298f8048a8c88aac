//! What a packet is to a filter, and functions of it: fields, their bits, and decision diagrams over these bits. A [`Space`]
//! has sets of packets; what else becomes of packets has other numbers than 0 and 1 at its leaves.
//!
//! Nothing here knows a rule, a chain or a group.

mod cover;
pub(crate) mod diagram;
mod field;
mod intervals;
mod layout;
mod space;

pub use field::{Family, Field, State, number};
pub use intervals::Intervals;
pub(crate) use layout::{Layout, Values};
pub use space::{Known, Set, Space};
pub(crate) use space::{NO, YES};
