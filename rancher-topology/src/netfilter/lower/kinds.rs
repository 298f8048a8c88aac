//! What the kernel takes an address for (`net/netfilter/xt_addrtype.c`).

use super::{Lowering, NO, YES};
use crate::netfilter::rule_set::{AddressKind, Condition};
use crate::packet::diagram::Diagram;
use crate::packet::{Family, Field, Intervals};

/// Where something is so, and where it may be.
#[derive(Debug, Clone, Default)]
struct Known {
    sure: Intervals,
    maybe: Intervals,
}

impl Known {
    const fn sure(sure: Intervals) -> Self {
        Self { sure, maybe: Intervals::new() }
    }

    const fn maybe(maybe: Intervals) -> Self {
        Self { sure: Intervals::new(), maybe }
    }

    fn or(self, other: &Self) -> Self {
        let sure = self.sure.union(&other.sure);
        let maybe = self.maybe.union(&other.maybe).difference(&sure);
        Self { sure, maybe }
    }

    fn within(self, only: &Intervals) -> Self {
        Self { sure: self.sure.intersection(only), maybe: self.maybe.intersection(only) }
    }
}

/// 127.0.0.0 and 127.255.255.255.
fn loopback_ends() -> Intervals {
    Intervals::points([0x7F00_0000, 0x7FFF_FFFF])
}

impl Lowering<'_> {
    pub(super) fn address_kind(&mut self, field: Field, kinds: &[AddressKind]) -> Diagram {
        let known = match self.rules.family {
            Family::V4 => self.kind_v4(kinds),
            Family::V6 => self.kind_v6(kinds),
        };
        let unknown = self.unknown(&Condition::AddressKind(field, kinds.to_vec()));
        let maybe = self.shared.within(field, &known.maybe, unknown, NO);
        let sure = self.shared.within(field, &known.sure, YES, NO);
        self.any(vec![sure, maybe])
    }

    /// The addresses of the host, as far as they are known.
    fn local(&self) -> Known {
        let family = self.rules.family;
        // Of v4 the first and the last address of loopback are for all on it (`fib_add_ifaddr`).
        let ends = if family == Family::V4 { loopback_ends() } else { Intervals::default() };
        let everywhere = Known::sure(family.loopback().difference(&ends)).or(&Known::maybe(ends.clone()));
        everywhere.or(&match self.facts.addresses(family) {
            Some(own) => Known::sure(own.difference(&ends)),
            None => Known::maybe(self.others()),
        })
    }

    /// Every address that does not say itself what it is.
    fn others(&self) -> Intervals {
        let family = self.rules.family;
        let told = family.multicast().union(&family.everyone()).union(&family.loopback());
        self.shared.space.layout.all(Field::Source).difference(&told.union(&Intervals::from_to(0, 0)))
    }

    /// v4: an address is of one kind, and one of those that are asked for is enough.
    fn kind_v4(&self, kinds: &[AddressKind]) -> Known {
        let family = Family::V4;
        let unspecified = || Known::maybe(Intervals::from_to(0, 0));
        let others = self.others();
        kinds.iter().fold(Known::default(), |known, kind| {
            known.or(&match kind {
                AddressKind::Multicast => Known::sure(family.multicast()),
                AddressKind::Local => self.local().or(&unspecified()),
                AddressKind::Broadcast => {
                    let may_be = unspecified().or(&Known::maybe(loopback_ends()));
                    let on_all = Known::sure(family.everyone()).or(&may_be);
                    on_all.or(&match self.facts.broadcasts(family) {
                        Some(own) => Known::sure(own),
                        None => Known::maybe(others.clone()),
                    })
                }
                AddressKind::Unicast => unspecified().or(&match self.facts.own(family) {
                    Some(own) => Known::sure(others.difference(&own)),
                    None => Known::maybe(others.clone()),
                }),
                // Linux takes it for one that is for all (`__inet_dev_addr_type`).
                AddressKind::Unspecified => unspecified(),
                AddressKind::Other => Known::maybe(others.clone()),
            })
        })
    }

    /// v6: what an address itself tells must all be so, and of what a route tells one that is asked for is enough. An
    /// address of the host is unicast too.
    fn kind_v6(&self, kinds: &[AddressKind]) -> Known {
        let all = self.shared.space.layout.all(Field::Source);
        let multicast = Family::V6.multicast();
        let by_route = kinds.iter().filter_map(|kind| match kind {
            AddressKind::Local => Some(self.local()),
            AddressKind::Other => Some(Known::maybe(all.difference(&Family::V6.loopback()))),
            _ => None,
        });
        let by_route =
            by_route.reduce(|one, other| one.or(&other)).unwrap_or_else(|| Known::sure(all.clone()));
        kinds.iter().fold(by_route, |known, kind| match kind {
            AddressKind::Multicast => known.within(&multicast),
            AddressKind::Unicast => {
                known.within(&all.difference(&multicast).difference(&Intervals::from_to(0, 0)))
            }
            AddressKind::Unspecified => known.within(&Intervals::from_to(0, 0)),
            AddressKind::Broadcast | AddressKind::Local | AddressKind::Other => known,
        })
    }
}
