//! What changes between two rule sets, as programs read it.

use rancher_gen::exit::Exit;
use rancher_topology::netfilter::{Difference, Kind, Packet, Sent, Unfollowed};
use rancher_topology::packet::{Family, Field, Known};
use schemars::{JsonSchema, Schema};
use serde::Serialize;

use super::{Way, interfaces, place};
use crate::cli::{Compared, words};

/// What changes for packets when one rule set takes the place of another.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "Diff of rule sets")]
#[serde(rename_all = "kebab-case")]
pub(super) struct Printed<'a> {
    /// `v4` or `v6`.
    family: String,
    result: Compared,
    /// For each way through the host.
    chains: Vec<ChainOf>,
    /// Why the result is `possible`, or parts of it are, in words: chains that are not the same by themselves, and rules.
    not_certain_because: &'a [String],
}

/// What changes on one way.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
struct ChainOf {
    /// `INPUT`, `FORWARD` or `OUTPUT`.
    chain: &'static str,
    /// Whether packets are admitted and refused alike as far as they are followed.
    equal: bool,
    /// Whether there may be differences that are not among those here.
    may_differ_unseen: bool,
    differences: Vec<Decided>,
    sent_elsewhere: Vec<SentElsewhere>,
    /// The built-in chains of the way that are not the same by themselves.
    apart: Vec<BuiltIn>,
    /// Packets that are not followed, and may be treated otherwise.
    may_differ_in: Vec<NotFollowed>,
    /// Whether the lists here are whole: not if there are too many parts.
    whole: bool,
}

/// Packets that only one of both admits.
#[derive(Serialize, JsonSchema)]
struct Decided {
    /// `newly admitted`, `newly refused`, `possibly newly admitted`, `possibly newly refused`.
    kind: &'static str,
    certain: bool,
    #[serde(flatten)]
    packets: Packets,
}

/// Packets that go to another place than before.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
struct SentElsewhere {
    /// Where they may go.
    places: Vec<Places>,
    /// Whether there are others.
    more_places: bool,
    certain: bool,
    #[serde(flatten)]
    packets: Packets,
}

/// Where packets went, and where they go.
#[derive(Serialize, JsonSchema)]
struct Places {
    /// `10.0.0.5:80`, `10.0.0.5`, `port 80`, `the host`, a network; with `(--random)` where one of several is chosen so;
    /// `not translated`, `nobody knows where`.
    before: String,
    /// Likewise.
    now: String,
}

/// Packets that are not followed.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum NotFollowed {
    /// Parts of packets, where nothing puts them together.
    Fragments,
    /// What bridges pass on.
    BridgedFrames,
}

impl NotFollowed {
    const fn of(packets: Unfollowed) -> Self {
        match packets {
            Unfollowed::Fragments => Self::Fragments,
            Unfollowed::Bridged => Self::BridgedFrames,
        }
    }
}

/// A built-in chain.
#[derive(Serialize, JsonSchema)]
struct BuiltIn {
    table: &'static str,
    chain: &'static str,
}

/// Packets: every combination of these values, and one of them as an example.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
struct Packets {
    packets: words::Packets,
    /// The interfaces that they come in on, `eth+` for all that begin with this; null for any, and where `in-all-but` says it.
    r#in: Option<Vec<String>>,
    /// Those on which they do not come in.
    in_all_but: Option<Vec<String>>,
    /// The interfaces that they go out on, likewise.
    out: Option<Vec<String>>,
    /// Those on which they do not go out.
    out_all_but: Option<Vec<String>>,
    example: words::OnePacket,
}

/// The schema of what is printed for programs.
pub(in crate::cli) fn schema() -> Schema {
    schemars::schema_for!(Printed<'_>)
}

impl<'a> Printed<'a> {
    pub(super) fn of(family: Family, ways: &[Way], exit: Exit, why: &'a [String]) -> Self {
        Self {
            family: family.to_string(),
            result: Compared::of(exit),
            chains: ways.iter().map(|way| ChainOf::of(family, way)).collect(),
            not_certain_because: why,
        }
    }
}

impl ChainOf {
    fn of(family: Family, way: &Way) -> Self {
        let packets = |packets: &Known, example: &Packet| Packets::of(family, way, packets, example);
        let of_kind = |(kind, found, _): &(Kind, Vec<Difference>, bool)| {
            let decided = |one: &Difference| Decided {
                kind: kind.as_str(),
                certain: kind.is_certain(),
                packets: packets(&one.packets, &one.example),
            };
            found.iter().map(decided).collect::<Vec<_>>()
        };
        let sent = |one: &Sent| {
            let places = one.places.iter().map(|(old, new)| Places { before: place(old), now: place(new) });
            SentElsewhere {
                places: places.collect(),
                more_places: one.has_more,
                certain: one.certain,
                packets: packets(&one.packets, &one.example),
            }
        };
        Self {
            chain: way.chain.as_str(),
            equal: way.change.is_equal(),
            may_differ_unseen: way.change.may_differ_unseen(),
            differences: way.kinds.iter().flat_map(of_kind).collect(),
            sent_elsewhere: way.sent.0.iter().map(sent).collect(),
            apart: way.change.apart().iter().map(|&(table, chain)| BuiltIn { table, chain }).collect(),
            may_differ_in: way.change.may_differ_in().iter().copied().map(NotFollowed::of).collect(),
            whole: way.sent.1 && way.kinds.iter().all(|(.., whole)| *whole),
        }
    }
}

impl Packets {
    fn of(family: Family, way: &Way, packets: &Known, example: &Packet) -> Self {
        let names = |side| match packets.get(&side).map(|classes| interfaces(way, classes)) {
            None => (None, None),
            Some((names, false)) => (Some(names), None),
            Some((names, true)) => (None, Some(names)),
        };
        let (r#in, in_all_but) = names(Field::Inbound);
        let (out, out_all_but) = names(Field::Outbound);
        Self {
            packets: words::Packets::of(family, packets),
            r#in,
            in_all_but,
            out,
            out_all_but,
            example: words::OnePacket::of(example),
        }
    }
}
