//! Services, tunnels and who starts them.

use std::borrow::Cow;
use std::fmt;

use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::{Allow, OneOrMany, Spanned};
use crate::scalar::{Connection, Duration, Name, Ports, Publish, Text};

/// One row of the stack: an image, where it runs, its ports and its traffic.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Service {
    /// What it is to others; `traffic-to` finds it by this name too. Its own name when it is not said.
    #[serde(default)]
    pub role: Option<Spanned<Name>>,
    /// The image.
    pub image: Spanned<String>,
    /// What the image runs, word by word.
    #[serde(default)]
    pub command: OneOrMany<String>,
    /// The pools or nodes that it runs on: on each of their nodes once, unless `scale` says otherwise.
    pub placement: OneOrMany<Spanned<Name>>,
    /// How many instances there are in all, when it is not one on every node.
    #[serde(default)]
    pub scale: Option<Spanned<usize>>,
    /// Where a scheduler was seen to have put them: positions among the nodes of `placement`, counted from 1.
    #[serde(default)]
    pub observed_on: Vec<Spanned<usize>>,
    /// How its containers are called.
    #[serde(default)]
    pub naming: Naming,
    /// Who starts it: a person, or one of `starters`.
    #[serde(default)]
    pub started_by: Option<Spanned<Name>>,
    /// `bridge` (when nothing is said), `host`, or overlays.
    #[serde(default)]
    pub network: Option<OneOrMany<Spanned<Name>>>,
    /// The service whose network namespace it shares on each node.
    #[serde(default)]
    pub network_of: Option<Spanned<Name>>,
    /// Ports of the node that lead to it.
    #[serde(default)]
    pub publish: Vec<Spanned<Publish>>,
    /// Ports that its image names and nobody publishes.
    #[serde(default)]
    pub expose: Vec<Spanned<Ports>>,
    /// Ports that its process listens on; those it publishes when nothing is said.
    #[serde(default)]
    pub listen: Option<Vec<Spanned<Ports>>>,
    /// Whom it opens connections to.
    #[serde(default)]
    pub traffic_to: OneOrMany<Spanned<TrafficTo>>,
    /// Services whose containers are started before its own.
    #[serde(default)]
    pub after: OneOrMany<Spanned<Name>>,
    /// How many of its instances must live for it to work.
    #[serde(default)]
    pub quorum: Option<Quorum>,
    /// Whether one instance works at a time and the others wait to take over.
    #[serde(default)]
    pub active_passive: Option<bool>,
    /// Services, roles, databases and load balancers without which it does not work.
    #[serde(default)]
    pub requires: OneOrMany<Spanned<Name>>,
    /// How one learns that it is well. It is asked inside the container, by bash.
    #[serde(default)]
    pub health: Option<Spanned<Health>>,
    /// Environment variables.
    #[serde(default)]
    pub environment: IndexMap<Spanned<Name>, Spanned<Environment>>,
    /// Volumes: `/on/node:/in/container`, `:ro` behind it where it only reads.
    #[serde(default)]
    pub volumes: OneOrMany<Spanned<String>>,
    /// Folders that live in memory.
    #[serde(default)]
    pub tmpfs: OneOrMany<Spanned<String>>,
    /// Labels.
    #[serde(default)]
    pub labels: IndexMap<Spanned<Name>, String>,
    /// Whether it may do what the node's root may.
    #[serde(default)]
    pub privileged: bool,
    /// Whether its standard input is kept open.
    #[serde(default)]
    pub stdin: bool,
    /// What the engine does when it ends; `always` when nothing is said.
    #[serde(default)]
    pub restart: Option<Restart>,
    /// What the source of this topology prints for it, where that differs from what follows from the rest.
    #[serde(default)]
    pub stated: Stated,
    /// Findings about it that are as they should be, each with the reason.
    #[serde(default)]
    pub allow: Allow,
}

/// How a service's containers are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Naming {
    /// Like the service, on each node alike.
    #[default]
    Plain,
    /// Like the service with `_1`, `_2` and so on behind it, counted over all nodes.
    Numbered,
}

/// How many instances of a service must live for it to work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Quorum {
    /// Any one is enough.
    #[default]
    One,
    /// More than half of all that there are: they have to agree.
    Majority,
}

/// What the engine does when a container ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Restart {
    /// It is started again.
    #[default]
    Always,
    /// It is started again when it failed.
    OnFailure,
    /// It is started again unless a person stopped it.
    UnlessStopped,
    /// It stays as it is.
    No,
}

/// Whom something connects to: a word, or a mapping where more is to be said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrafficTo {
    /// Whom, and on which ports.
    pub to: Connection,
    /// The load balancer's listener that it goes through.
    pub through: Option<Spanned<Connection>>,
    /// To which of the other side's instances.
    pub scope: Scope,
}

/// What stands under `traffic-to`.
const CONNECTION: &str = "`NAME`, `NAME:PORT`, or a mapping with `to`";

/// To which instances of the other side a connection goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// To every one.
    #[default]
    EveryNode,
    /// To the one on its own node.
    OwnNode,
    /// To those on other nodes.
    OtherNodes,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct TrafficToMapping {
    /// Whom, and on which ports.
    to: Connection,
    /// The load balancer's listener that it goes through: `NAME:PORT`.
    #[serde(default)]
    through: Option<Spanned<Connection>>,
    /// To which of the other side's instances.
    #[serde(default)]
    scope: Scope,
}

impl<'de> Deserialize<'de> for TrafficTo {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = TrafficTo;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(CONNECTION)
            }

            fn visit_str<E: de::Error>(self, word: &str) -> Result<TrafficTo, E> {
                let to = word.parse().map_err(|error| crate::scalar::refused(&error, CONNECTION))?;
                Ok(TrafficTo { to, through: None, scope: Scope::default() })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<TrafficTo, A::Error> {
                let TrafficToMapping { to, through, scope } =
                    TrafficToMapping::deserialize(MapAccessDeserializer::new(map))?;
                Ok(TrafficTo { to, through, scope })
            }
        }

        deserializer.deserialize_any(Either)
    }
}

impl JsonSchema for TrafficTo {
    fn schema_name() -> Cow<'static, str> {
        "TrafficTo".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let word = generator.subschema_for::<Connection>();
        let mapping = generator.subschema_for::<TrafficToMapping>();
        json_schema!({ "anyOf": [word, mapping] })
    }
}

/// How one learns that a service is well.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Health {
    /// What is asked.
    pub probe: Probe,
    /// How long between two questions; 30 seconds when nothing is said.
    #[serde(default)]
    pub interval: Option<Duration>,
    /// How long an answer may take; 5 seconds when nothing is said.
    #[serde(default)]
    pub timeout: Option<Duration>,
    /// After how many failures in a row it is unwell; 3 when nothing is said.
    #[serde(default)]
    pub unhealthy: Option<Spanned<u16>>,
    /// After how many good answers in a row it is well again; 1 when nothing is said.
    #[serde(default)]
    pub healthy: Option<Spanned<u16>>,
}

/// What is asked of a service.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Probe {
    /// Whether its port accepts a connection.
    Tcp(u16),
    /// Whether its port answers a GET with success.
    Http(HttpProbe),
}

/// A question over HTTP.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct HttpProbe {
    /// The port in the container.
    pub port: u16,
    /// The path: `/ping`.
    pub path: Text,
}

/// The value of an environment variable: text, or something that the model knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Environment {
    /// What is written.
    Literal(String),
    /// What the model knows.
    Model(FromModel),
}

/// Something that the model knows, as an environment variable's value.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FromModel {
    /// A secret, by its name. The value is in a file that is not rendered.
    Secret(Spanned<Name>),
    /// The position of the node in its pool, counted from 1.
    NodeIndex(Spanned<Name>),
    /// How many nodes the named pool has.
    PoolSize(Spanned<Name>),
    /// The node's address.
    NodeAddress(Spanned<Name>),
    /// The local ends of the named mesh of tunnels: `localhost:6379,localhost:6380`.
    LocalEnds(Spanned<Name>),
    /// The host name of the named database.
    HostOf(Spanned<Name>),
    /// The port of the named database.
    PortOf(Spanned<Name>),
}

impl<'de> Deserialize<'de> for Environment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Environment;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, or a mapping with one of `secret`, `node-index`, `pool-size`, `node-address`, `local-ends`, `host-of`, `port-of`")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Environment, E> {
                Ok(Environment::Literal(text.to_owned()))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Environment, E> {
                Ok(Environment::Literal(number.to_string()))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Environment, E> {
                Ok(Environment::Literal(number.to_string()))
            }

            fn visit_bool<E: de::Error>(self, truth: bool) -> Result<Environment, E> {
                Ok(Environment::Literal(truth.to_string()))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Environment, A::Error> {
                let model = FromModel::deserialize(MapAccessDeserializer::new(&mut map))?;
                match map.next_key::<String>()? {
                    None => Ok(Environment::Model(model)),
                    Some(second) => {
                        let refused = format!("`{second}` is a second source of one value");
                        Err(de::Error::invalid_value(Unexpected::Other(&refused), &"one of the two"))
                    }
                }
            }
        }

        deserializer.deserialize_any(Either)
    }
}

impl JsonSchema for Environment {
    fn schema_name() -> Cow<'static, str> {
        "Environment".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let model = generator.subschema_for::<FromModel>();
        json_schema!({ "anyOf": [{ "type": ["string", "number", "boolean"] }, model] })
    }
}

/// What the source of a topology prints, cell by cell.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Stated {
    /// The heading above its rows: `6 x cattle`.
    #[serde(default)]
    pub heading: Option<Spanned<Text>>,
    /// Its name.
    #[serde(default)]
    pub name: Option<Spanned<Text>>,
    /// The cell "Traffic to".
    #[serde(default)]
    pub traffic_to: Option<Spanned<Text>>,
    /// The cell "Ports".
    #[serde(default)]
    pub ports: Option<Spanned<Text>>,
    /// The cell "Traffic flow", line by line.
    #[serde(default)]
    pub traffic_flow: Option<Vec<Spanned<Text>>>,
}

/// Who starts containers, other than a person: a service of the cluster.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Starter {
    /// The service or role that starts them.
    pub service: Spanned<Name>,
    /// Whether a file can start them in its place, on a node where it does not run.
    #[serde(default)]
    pub replaceable: bool,
    /// Why it can or cannot.
    pub because: Spanned<Text>,
    /// Findings about it that are as they should be, each with the reason.
    #[serde(default)]
    pub allow: Allow,
}

/// A mesh of tunnels: a service's port carried between all nodes of its pool.
///
/// On the node at position i the service listens on `port + i - 1`. There the tunnel to the node at position j
/// listens on `127.0.0.1:port + j - 1`, and leads to that node's published port; the tunnel to itself
/// is the way in, from `entry` to the service.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Tunnel {
    /// The service whose port is carried.
    pub carries: Spanned<Name>,
    /// The port that it listens on, on the first node.
    pub port: Spanned<u16>,
    /// The port that the way in listens on, in the namespace; it must be published.
    pub entry: Spanned<u16>,
    /// What the tunnels are to others; the mesh's own name when it is not said.
    #[serde(default)]
    pub role: Option<Spanned<Name>>,
    /// What the image runs before the tunnel's own arguments: `spiped -F -k KEY` when it is not said.
    #[serde(default)]
    pub command: OneOrMany<String>,
    /// The key file in the container; `/key/key` when it is not said and the command is spiped's own.
    #[serde(default)]
    pub key: Option<Spanned<String>>,
    /// Environment variables.
    #[serde(default)]
    pub environment: IndexMap<Spanned<Name>, Spanned<Environment>>,
    /// Labels.
    #[serde(default)]
    pub labels: IndexMap<Spanned<Name>, String>,
    /// Services whose containers are started before its own.
    #[serde(default)]
    pub after: OneOrMany<Spanned<Name>>,
    /// What the source of this topology prints, where that differs from what follows from the rest.
    #[serde(default)]
    pub stated: Stated,
    /// Findings about it that are as they should be, each with the reason.
    #[serde(default)]
    pub allow: Allow,
}
