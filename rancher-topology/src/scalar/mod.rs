//! Values that a document writes as one word: names, ports, published ports, peers, versions, durations.
//!
//! Each parses from its word and prints as it. They know their own grammar and nothing of each other's meaning.

mod duration;
mod image;
mod name;
mod port;
mod publish;
mod reference;
mod software;
mod url;

pub use duration::{Duration, InvalidDuration};
pub(crate) use image::Image;
pub use name::{InvalidName, InvalidText, Name, Text};
pub use port::{InvalidPort, PortRange, Ports, Protocol, Traffic};
pub use publish::Publish;
pub use reference::{Connection, HealthTarget, ListenerPort, ListenerProtocol, Peer};
pub use software::{DatabaseEngine, Engine, InvalidSoftware, Os, Version};
pub use url::HttpsUrl;

/// Lets a type be written as one word: reads it through [`std::str::FromStr`], writes it through
/// [`std::fmt::Display`], and describes it in the JSON Schema by its pattern.
macro_rules! one_word {
    ($type:ident, $types:tt, $pattern:literal, $about:literal) => {
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Word;

                impl serde::de::Visitor<'_> for Word {
                    type Value = $type;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str($about)
                    }

                    fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<$type, E> {
                        word.parse().map_err(E::custom)
                    }
                }

                deserializer.deserialize_str(Word)
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": $types, "pattern": $pattern, "description": $about })
            }
        }
    };
}
pub(crate) use one_word;
