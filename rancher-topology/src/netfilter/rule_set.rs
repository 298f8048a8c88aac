//! A rule set as netfilter holds it: tables, chains, rules. Data; what it does is concluded elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ipnet::IpNet;

use super::facts::{AddressSet, HostFacts};
use super::hook::{ChainOf, Hook};

use crate::packet::{Family, Field, Intervals};

/// What `iptables-save` or `ip6tables-save` prints: the whole filter of a host for one family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleSet {
    /// v4 or v6.
    pub family: Family,
    /// By name: `filter`, `nat`, `mangle`, `raw`, `security`.
    pub tables: BTreeMap<String, Table>,
}

impl RuleSet {
    /// The rules of which a packet does not tell whether it meets them, or of which is not known what they do, of those that
    /// packets may be asked by on a way; in the order of their lines.
    #[must_use]
    pub fn unsure(&self, facts: &HostFacts, hook: Hook) -> Vec<&Rule> {
        let chains: BTreeMap<(&str, &str), &Chain> = hook
            .chains()
            .into_iter()
            .flat_map(|of| self.asked(of).into_iter().map(move |(name, chain)| ((of.0, name), chain)))
            .collect();
        let mut rules: Vec<&Rule> = chains.into_values().flat_map(|chain| &chain.rules).collect();
        rules.retain(|rule| rule.is_unsure(facts));
        rules.sort_by_key(|rule| rule.line);
        rules
    }

    /// A built-in chain and those that it leads to, by name.
    pub(super) fn asked(&self, (table, base): ChainOf) -> Vec<(&str, &Chain)> {
        let Some(table) = self.tables.get(table) else { return Vec::new() };
        let (mut seen, mut open) = (BTreeSet::new(), vec![base]);
        let mut found = Vec::new();
        while let Some(name) = open.pop() {
            let Some((name, chain)) = table.chains.get_key_value(name) else { continue };
            if seen.insert(name) {
                found.push((name.as_str(), chain));
                open.extend(chain.rules.iter().filter_map(|rule| rule.target.chain()));
            }
        }
        found.sort_unstable_by_key(|(name, _)| *name);
        found
    }

    /// Whether a rule makes packets, which the host sends: copies, or answers to what is refused.
    pub(super) fn makes_packets(&self) -> bool {
        let makes =
            |target: &Target| matches!(target, Target::Copy(_) | Target::Reject { .. } | Target::Unknown(_));
        super::lower::all_rules(self).any(|rule| makes(&rule.target))
    }
}

impl Rule {
    /// Whether a packet does not tell whether it meets it, or it is not known what it does.
    pub(super) fn is_unsure(&self, facts: &HostFacts) -> bool {
        matches!(self.target, Target::Unknown(_) | Target::Queue(_))
            || !self.target.is_passive()
                && self.conditions.iter().any(|condition| condition.is_unknown(facts))
    }

    /// Whether one of the parts of its conditions is so.
    pub(super) fn asks(&self, is_one: impl Fn(&Condition) -> bool) -> bool {
        self.conditions.iter().any(|condition| condition.has(&is_one))
    }

    /// Whether it does nothing that another rule could see.
    pub(super) fn only_tells(&self) -> bool {
        let may_change = |part: &Condition| {
            matches!(part, Condition::Remembered { .. } | Condition::Unknown(_) | Condition::Set { .. })
        };
        self.target == Target::Nothing && !self.asks(may_change) && self.may_drop().is_none()
    }

    /// What it asks for that drops a packet where there is no room to remember it.
    pub(super) fn may_drop(&self) -> Option<String> {
        let dropping = self.conditions.iter().find(|condition| condition.may_drop());
        dropping.map(|condition| format!("{condition:?}"))
    }

    /// Whether it asks for what only the first part of a packet has.
    pub(super) fn asks_for_transport(&self) -> bool {
        const ASKED: [Field; 5] =
            [Field::SourcePort, Field::DestinationPort, Field::TcpFlags, Field::IcmpType, Field::IcmpCode];
        self.asks(|part| {
            matches!(
                part,
                Condition::Within(field, _) | Condition::Masked { field, .. } if ASKED.contains(field)
            )
        })
    }

    /// Whether it asks for what is remembered of packets. What it counts for itself alone is of no account if it decides
    /// nothing.
    pub(super) fn asks_what_is_remembered(&self) -> bool {
        let mut all = self.remembered();
        all.any(|(_, condition)| {
            !(self.target == Target::Nothing && matches!(condition, Condition::Counted { .. }))
        })
    }

    /// Its conditions on what is remembered of packets, each with its place among all.
    pub(super) fn remembered(&self) -> impl Iterator<Item = (usize, &Condition)> {
        let is_one =
            |part: &Condition| matches!(part, Condition::Remembered { .. } | Condition::Counted { .. });
        self.conditions.iter().enumerate().filter(move |(_, condition)| condition.has(&is_one))
    }
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Table {
    /// By name.
    pub chains: BTreeMap<String, Chain>,
}

/// A chain.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Chain {
    /// What becomes of a packet at the end of a built-in chain; it goes on where there is none. A chain that people made has
    /// none: it returns.
    pub policy: Option<Policy>,
    /// In the order in which they are asked.
    pub rules: Vec<Rule>,
}

/// What becomes of what no rule decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Policy {
    /// It goes on.
    Accept,
    /// It is gone.
    Drop,
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The packets that it is for: those that meet every one of these.
    pub conditions: Vec<Condition>,
    /// What it does with them. Nothing but counting if there is none.
    pub target: Target,
    /// What it has the kernel do for all packets, as it is there, whether it is ever asked or not.
    pub loads: Vec<Loaded>,
    /// The line of the text where it stands, from 1.
    pub line: usize,
    /// It as it was written.
    pub text: String,
}

/// What the kernel does for all packets from when a rule is there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Loaded {
    /// Parts of packets are put together before rules are asked, as connection tracking does (`nf_ct_netns_get`,
    /// `nf_defrag_ipv4_enable`).
    Defragmentation,
    /// What bridges pass on comes to the chains of routed packets (`br_netfilter`).
    BridgeFilter,
    /// What is not known here, by this part of the rule.
    Unknown(String),
}

/// What a packet may meet.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Condition {
    /// A field is in a set. Interfaces are asked for by [`Condition::Interface`].
    Within(Field, Intervals),
    /// Some bits of a field are as they are in a number.
    Masked {
        /// Which.
        field: Field,
        /// The bits that count.
        mask: u128,
        /// What they have to be.
        value: u128,
    },
    /// The name of an interface, inbound or outbound, is one of these.
    Interface(Field, InterfacePattern),
    /// An address is of these kinds, as far as it can be of several: one of them for v4; for v6 all that an address
    /// itself tells and one that a route tells.
    AddressKind(Field, Vec<AddressKind>),
    /// It is in a set of `ipset`, by these fields.
    Set {
        /// The set's name.
        name: String,
        /// The field for each dimension, `Source` and `Destination` standing for ports too.
        sides: Vec<Field>,
    },
    /// How its frame was addressed (`-m pkttype`).
    Frame(FrameKind),
    /// It is a part of a packet, and not the first one (`-f`): of none where connection tracking puts packets together before
    /// any rule is asked.
    Fragment,
    /// Something is so of the connection that it belongs to (`--ctorigsrc`): what is so of the first packet of one, as that
    /// comes to the host. Of others it is not known.
    OfConnection(Box<Self>),
    /// Its destination was translated when its connection began (`--ctstate DNAT`).
    Translated,
    /// Its sender was translated when its connection began (`--ctstate SNAT`), which is after every filter saw the first
    /// packet.
    SenderTranslated,
    /// Not this.
    Not(Box<Condition>),
    /// Every one of these; met if there are none.
    All(Vec<Condition>),
    /// One of these at least; not met if there are none.
    Any(Vec<Condition>),
    /// Something that a packet has or has not, whichever rule asks, and that is not among its fields: the address of the
    /// network card that sent it, the user who did.
    Unseen {
        /// As it was written.
        text: String,
        /// The fields that it depends on: where a rule changes one of these, it may become another thing.
        fields: Vec<Field>,
    },
    /// Something that only this rule counts.
    Counted {
        /// As it was written.
        text: String,
        /// What is counted.
        of: Counted,
    },
    /// Something that is remembered of packets for all rules that ask, and that asking may change.
    Remembered {
        /// As it was written.
        text: String,
        /// Where it is remembered.
        by: Memory,
    },
    /// What cannot be known from a packet, or is not known here: it may be met or not, each time that it is asked.
    Unknown(String),
}

impl Condition {
    /// What is so of a packet or not, and depends on none of its fields.
    pub(super) fn unseen(text: &str) -> Self {
        Self::Unseen { text: text.to_owned(), fields: Vec::new() }
    }

    /// Whether asking for it drops a packet where there is no room to remember it (`hashlimit_mt_common`, `connlimit_mt`).
    pub(super) fn may_drop(&self) -> bool {
        self.has(&|part| {
            matches!(
                part,
                Self::Remembered { by: Memory::Table, .. } | Self::Counted { of: Counted::Connections, .. }
            )
        })
    }

    /// Whether one of its parts is so.
    pub(super) fn has(&self, is_one: &impl Fn(&Self) -> bool) -> bool {
        let mut has = false;
        self.each(&mut |part| has |= is_one(part));
        has
    }

    /// Whether it is so by chance, whatever was so before.
    pub(super) const fn is_by_chance(&self) -> bool {
        matches!(self, Self::Counted { of: Counted::Chance, .. })
    }

    /// Looks at every part of it that has no parts itself, and at what is asked of connections.
    pub(super) fn each<'a>(&'a self, look: &mut impl FnMut(&'a Self)) {
        match self {
            Self::Not(inner) => inner.each(look),
            Self::OfConnection(first) => {
                look(self);
                first.each(look);
            }
            Self::All(all) | Self::Any(all) => all.iter().for_each(|one| one.each(look)),
            part => look(part),
        }
    }

    /// Whether a packet may meet it or not.
    fn is_unknown(&self, facts: &HostFacts) -> bool {
        let mut is_unknown = false;
        self.each(&mut |part| {
            is_unknown |= match part {
                Self::Unknown(_)
                | Self::Unseen { .. }
                | Self::Counted { .. }
                | Self::Translated
                | Self::SenderTranslated
                | Self::OfConnection(_) => true,
                Self::Remembered { by, .. } => *by != Memory::Met,
                Self::Set { name, .. } => {
                    matches!(facts.sets.get(name), None | Some(AddressSet::Unknown(_)))
                }
                Self::AddressKind(..) => facts.interfaces.is_none(),
                _ => false,
            }
        });
        is_unknown
    }

    /// Messages of ICMP from one type and code to another, a number each: the type is its high byte.
    #[must_use]
    pub fn messages((first, last): (u128, u128)) -> Self {
        let part = |(kinds, codes): ((u128, u128), (u128, u128))| {
            Self::All(vec![
                Self::Within(Field::IcmpType, Intervals::of(vec![kinds])),
                Self::Within(Field::IcmpCode, Intervals::of(vec![codes])),
            ])
        };
        let ((low, low_code), (high, high_code)) = ((first >> 8, first & 255), (last >> 8, last & 255));
        let parts = if low == high {
            vec![((low, low), (low_code, high_code))]
        } else {
            let between = (high > low + 1).then(|| ((low + 1, high - 1), (0, 255)));
            [((low, low), (low_code, 255)), ((high, high), (0, high_code))]
                .into_iter()
                .chain(between)
                .collect()
        };
        Self::Any(parts.into_iter().map(part).collect())
    }
}

/// What a rule counts for itself alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Counted {
    /// Packets that it is asked for (`limit`, `quota`, `statistic --mode nth`).
    Packets,
    /// Connections, those that it is asked for among them (`connlimit`).
    Connections,
    /// Nothing: it is chance, whatever was before (`statistic --mode random`).
    Chance,
}

/// What packets are remembered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Memory {
    /// A list of addresses (`recent`).
    List,
    /// The same; they are only put there, and every packet meets it (`recent --set`).
    Met,
    /// A table of rates (`hashlimit`).
    Table,
}

/// Which interfaces a rule is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InterfacePattern {
    /// The one with this name.
    Name(String),
    /// All whose names begin with this (`eth+`).
    Prefix(String),
}

/// What the kernel takes an address for (`-m addrtype`, `include/uapi/linux/rtnetlink.h`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AddressKind {
    /// Of somebody else.
    Unicast,
    /// Of this host.
    Local,
    /// Of all on a network.
    Broadcast,
    /// Of a group.
    Multicast,
    /// Of nobody: 0.0.0.0 or `::`.
    Unspecified,
    /// Another kind; whether an address is of it is not known here.
    Other,
}

/// To whom a frame was addressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FrameKind {
    /// To this host.
    Unicast,
    /// To all.
    Broadcast,
    /// To a group.
    Multicast,
}

/// What a rule does with a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// It counts or logs, and the next rule is asked.
    Nothing,
    /// Changes what is not followed here (`TTL`, `TCPMSS`), in this way, and the next rule is asked.
    Alter(String),
    /// Sends a copy on, in this way (`TEE`), and the next rule is asked.
    Copy(String),
    /// The table is done with it.
    Accept,
    /// It is gone.
    Drop,
    /// It is gone, and its sender is told in this way (`REJECT`) or kept waiting (`TARPIT`).
    Reject {
        /// As it was written.
        text: String,
        /// Whether its connection ends with that, where it is tracked (`nf_ct_set_closing`).
        closes: bool,
    },
    /// Back to the chain that called this one.
    Return,
    /// Asks a chain, and comes back if that decides nothing.
    Jump(String),
    /// Asks a chain, and comes back to the caller of this one.
    Goto(String),
    /// Sends it to another address or port, and the table is done with it.
    Translate(Translation),
    /// Only its sender is changed, after every filter, in this way: the table is done with it.
    Masquerade(String),
    /// Sets bits of its mark, or of its connection's: those of the mask are cleared, then the value is `xor`ed in.
    Mark {
        /// [`Field::Mark`] or [`Field::ConnectionMark`].
        field: Field,
        /// The bits that are cleared.
        mask: u128,
        /// What is put in.
        value: u128,
    },
    /// Copies bits of its connection's mark into its own, or the other way, if it has a connection.
    CopyMark {
        /// The mark that is changed: [`Field::Mark`] or [`Field::ConnectionMark`].
        to: Field,
        /// The bits that are copied.
        mask: u128,
    },
    /// Makes a mark something that is not known here.
    MarkUnknown {
        /// [`Field::Mark`] or [`Field::ConnectionMark`].
        field: Field,
        /// As it was written.
        text: String,
    },
    /// Takes connection tracking away from it, unless something was said of its connection before (`CT --notrack`).
    Untrack,
    /// Says something of its connection, this (`CT --helper`, `--zone` and others), so that it is tracked whatever comes.
    Track(String),
    /// Changes a set of `ipset`, and the next rule is asked.
    ChangeSet {
        /// The set's name.
        name: String,
        /// As it was written.
        text: String,
    },
    /// A program decides, this one, and may change the packet (`NFQUEUE`): the table is done with it.
    Queue(String),
    /// What is not known here: it may do anything.
    Unknown(String),
}

/// What a target may change that is not known here. In the table `raw` it may take connection tracking away too.
pub(super) const ANYTHING: [Field; 6] = [
    Field::Source,
    Field::SourcePort,
    Field::Destination,
    Field::DestinationPort,
    Field::Mark,
    Field::ConnectionMark,
];

impl Target {
    /// The chain that it asks.
    pub(super) fn chain(&self) -> Option<&str> {
        match self {
            Self::Jump(to) | Self::Goto(to) => Some(to),
            _ => None,
        }
    }

    /// Whether packets go on as if it were not there, as far as they are followed here.
    pub(super) const fn is_passive(&self) -> bool {
        matches!(self, Self::Nothing | Self::Alter(_) | Self::Copy(_) | Self::ChangeSet { .. })
    }

    /// The fields of a packet that it may change.
    #[must_use]
    pub fn changes(&self) -> Vec<Field> {
        match self {
            Self::Translate(to) => {
                let address = to.address.is_some().then_some(Field::Destination);
                address.into_iter().chain(to.ports.is_some().then_some(Field::DestinationPort)).collect()
            }
            Self::Mark { field, .. } | Self::MarkUnknown { field, .. } | Self::CopyMark { to: field, .. } => {
                vec![*field]
            }
            Self::Untrack => vec![Field::State],
            Self::Queue(_) => ANYTHING.to_vec(),
            Self::Unknown(_) => ANYTHING.into_iter().chain([Field::State]).collect(),
            _ => Vec::new(),
        }
    }
}

/// Where a packet is sent instead.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Translation {
    /// To one of these addresses; to its own if this is `None`.
    pub address: Option<TranslatedTo>,
    /// To one of these ports; to its own if this is `None`.
    pub ports: Option<(u16, u16)>,
    /// How one of several is chosen: `--random`. Empty if that is not said, or there is only one.
    pub choice: String,
}

/// The address that a packet is sent to instead.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TranslatedTo {
    /// One from the first to the last.
    Addresses(IpAddr, IpAddr),
    /// One of the host's own (`REDIRECT`).
    Host,
    /// The address with the same host bits in another network (`NETMAP`).
    Network(IpNet),
}
