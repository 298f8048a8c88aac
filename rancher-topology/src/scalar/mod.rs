//! Values that a document writes as one word: names, ports, published ports, peers, versions, durations.
//!
//! Each parses from its word and prints as it. They know their own grammar and nothing of each other's meaning.

mod assertion;
mod duration;
mod image;
mod name;
mod port;
mod publish;
mod reference;
mod software;
mod url;

pub use assertion::{Assertion, InvalidAssertion};
pub use duration::{Duration, InvalidDuration};
pub(crate) use image::Image;
pub use name::{InvalidName, InvalidText, Name, Reason, Text};
pub use port::{InvalidPort, PortRange, Ports, Protocol, Traffic};
pub use publish::Publish;
pub use reference::{Connection, HealthTarget, ListenerPort, ListenerProtocol, Peer};
pub use software::{DatabaseEngine, Engine, InvalidSoftware, OnRds, Os, Version};
pub use url::HttpsUrl;

/// Why a word is refused: its text says what is wrong.
pub(crate) trait Refusal: std::fmt::Display {
    /// What to write in its place, where that is known better than from the type.
    fn instead(&self) -> Option<String> {
        None
    }
}

/// The reader's error for a word that is refused: what is wrong with it, and what is expected in its place.
pub(crate) fn refused<E: serde::de::Error>(refusal: &impl Refusal, about: &str) -> E {
    let instead = refusal.instead();
    let expected = instead.as_deref().unwrap_or(about);
    E::invalid_value(serde::de::Unexpected::Other(&refusal.to_string()), &expected)
}

/// Lets a type be written as one word: reads it through [`std::str::FromStr`], writes it through
/// [`std::fmt::Display`], and describes it in the JSON Schema by its pattern. A word that is refused says why, and what
/// is expected in its place.
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
                        word.parse().map_err(|error: <$type as std::str::FromStr>::Err| {
                            $crate::scalar::refused(&error, $about)
                        })
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
