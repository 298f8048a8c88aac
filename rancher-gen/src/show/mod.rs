//! The resolved topology as a document for people and programs: every name found, every default with its reason.
//!
//! It has the words of the topology file, and more of them: what was left out there stands here. It is no topology
//! file itself, since what follows from the rest (nodes, tunnels, placements) is written out.

mod resolved;
mod yaml;

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

pub use resolved::resolved;

/// A value of the resolved topology.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shown {
    /// A word or a text.
    Text(String),
    /// A whole number.
    Number(u64),
    /// Yes or no.
    Truth(bool),
    /// Values in their order.
    List(Vec<Shown>),
    /// Values by name, in their order.
    Map(Vec<(String, Shown)>),
    /// A value that the topology file does not state, and why it was taken.
    Assumed(Box<Shown>, String),
}

impl Shown {
    /// As YAML; a value that was assumed has a comment with the reason.
    #[must_use]
    pub fn to_yaml(&self) -> String {
        yaml::print(self)
    }
}

/// JSON, or whatever a serialiser makes of it: what was assumed is `{"value": …, "assumed": "the reason"}`.
impl Serialize for Shown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Number(number) => serializer.serialize_u64(*number),
            Self::Truth(truth) => serializer.serialize_bool(*truth),
            Self::List(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                items.iter().try_for_each(|item| list.serialize_element(item))?;
                list.end()
            }
            Self::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                entries.iter().try_for_each(|(key, value)| map.serialize_entry(key, value))?;
                map.end()
            }
            Self::Assumed(value, reason) => {
                let mut map = serializer.serialize_map(Some(2))?;
                map.serialize_entry("value", value)?;
                map.serialize_entry("assumed", reason)?;
                map.end()
            }
        }
    }
}
