//! Exact sets of packets over source, destination, protocol and destination port.
//!
//! A set is finite boxes that share no packet; the boxes are nobody's business but this folder's. Nothing here knows
//! rules, groups or flows. A load balancer's address is somewhere in its subnets: that one is an endpoint of its own
//! ([`Unfixed`]), which no network contains; who compares it with networks puts its subnets in its place.

mod endpoints;
mod services;
#[cfg(test)]
mod tests;

use std::fmt;

pub use endpoints::{EndpointRange, Endpoints, Unfixed};
pub use services::{ServiceRange, Services};

/// A set of packets. Two are equal when they hold the same packets, however they came to be.
#[derive(Debug, Clone, Default)]
pub struct PacketSet {
    /// No packet is in two of them, and none is empty.
    boxes: Vec<PacketBox>,
}

/// All packets from some endpoints to some endpoints for some services.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PacketBox {
    /// Where they come from.
    pub source: Endpoints,
    /// Where they go to.
    pub destination: Endpoints,
    /// Protocol and destination port.
    pub services: Services,
}

/// A side of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// Where it comes from.
    Source,
    /// Where it goes to.
    Destination,
}

impl PacketSet {
    /// No packet.
    #[must_use]
    pub const fn empty() -> Self {
        Self { boxes: Vec::new() }
    }

    /// Every packet.
    #[must_use]
    pub fn everything() -> Self {
        Self::product(Endpoints::everything(), Endpoints::everything(), Services::everything())
    }

    /// All packets from some endpoints to some endpoints for some services.
    #[must_use]
    pub fn product(source: Endpoints, destination: Endpoints, services: Services) -> Self {
        let one = PacketBox { source, destination, services };
        Self { boxes: if one.is_empty() { Vec::new() } else { vec![one] } }
    }

    /// Whether no packet is in it.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.boxes.is_empty()
    }

    /// What is in one of the two, or in both.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let mut boxes = self.boxes.clone();
        boxes.extend(other.difference(self).boxes);
        Self { boxes }.compact()
    }

    /// What is in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let pairs = self.boxes.iter().flat_map(|one| other.boxes.iter().map(move |other| one.meet(other)));
        Self { boxes: pairs.filter(|shared| !shared.is_empty()).collect() }.compact()
    }

    /// What is in this one and not in the other.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        let mut left = self.boxes.clone();
        for hole in &other.boxes {
            left = left.iter().flat_map(|one| one.without(hole)).collect();
        }
        Self { boxes: left }.compact()
    }

    /// Whether all of it is in the other.
    #[must_use]
    pub fn is_subset(&self, other: &Self) -> bool {
        self.difference(other).is_empty()
    }

    /// Whether they have a packet in common.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.boxes.iter().any(|one| other.boxes.iter().any(|other| !one.meet(other).is_empty()))
    }

    /// The endpoints that at least one of its packets has on a side.
    #[must_use]
    pub fn endpoints(&self, side: Side) -> Endpoints {
        self.boxes.iter().fold(Endpoints::default(), |all, one| all.union(one.side(side)))
    }

    /// The services that at least one of its packets is for.
    #[must_use]
    pub fn services(&self) -> Services {
        self.boxes.iter().fold(Services::default(), |all, one| all.union(&one.services))
    }

    /// The set in which every packet has all of these endpoints on a side, in place of its own.
    #[must_use]
    pub fn with_endpoints(&self, side: Side, endpoints: &Endpoints) -> Self {
        self.map(|one| one.with(side, endpoints.clone()))
    }

    /// Its packets as boxes that share none, in a stable order: a cover to print. Which of the possible covers it is,
    /// is not promised.
    #[must_use]
    pub fn cover(&self) -> &[PacketBox] {
        &self.boxes
    }

    /// The union of what each box becomes.
    pub(super) fn map(&self, change: impl Fn(&PacketBox) -> PacketBox) -> Self {
        let changed = self.boxes.iter().map(change);
        changed.fold(Self::empty(), |all, one| all.union(&one.into()))
    }

    /// Makes one box of those that differ in one side alone, until there are none.
    fn compact(mut self) -> Self {
        if self.boxes.len() > 1 {
            loop {
                let before = self.boxes.len();
                self.boxes = join(
                    self.boxes,
                    |one| (&one.source, &one.destination),
                    |one, other| {
                        one.services = one.services.union(&other.services);
                    },
                );
                self.boxes = join(
                    self.boxes,
                    |one| (&one.destination, &one.services),
                    |one, other| {
                        one.source = one.source.union(&other.source);
                    },
                );
                self.boxes = join(
                    self.boxes,
                    |one| (&one.source, &one.services),
                    |one, other| {
                        one.destination = one.destination.union(&other.destination);
                    },
                );
                if self.boxes.len() == before {
                    break;
                }
            }
        }
        self.boxes.sort_unstable();
        self
    }
}

fn join<A: Ord, B: Ord>(
    mut boxes: Vec<PacketBox>,
    key: impl for<'a> Fn(&'a PacketBox) -> (&'a A, &'a B),
    add: impl Fn(&mut PacketBox, PacketBox),
) -> Vec<PacketBox> {
    boxes.sort_unstable_by(|one, other| key(one).cmp(&key(other)));
    let mut joined: Vec<PacketBox> = Vec::with_capacity(boxes.len());
    for one in boxes {
        match joined.last_mut() {
            Some(before) if key(before) == key(&one) => add(before, one),
            _ => joined.push(one),
        }
    }
    joined
}

impl PartialEq for PacketSet {
    fn eq(&self, other: &Self) -> bool {
        self.is_subset(other) && other.is_subset(self)
    }
}

impl Eq for PacketSet {}

impl From<PacketBox> for PacketSet {
    fn from(one: PacketBox) -> Self {
        Self::product(one.source, one.destination, one.services)
    }
}

impl PacketBox {
    const fn is_empty(&self) -> bool {
        self.source.is_empty() || self.destination.is_empty() || self.services.0.is_empty()
    }

    /// The endpoints on one of its sides.
    #[must_use]
    pub const fn side(&self, side: Side) -> &Endpoints {
        match side {
            Side::Source => &self.source,
            Side::Destination => &self.destination,
        }
    }

    pub(super) fn with(&self, side: Side, endpoints: Endpoints) -> Self {
        let services = self.services.clone();
        match side {
            Side::Source => Self { source: endpoints, destination: self.destination.clone(), services },
            Side::Destination => Self { source: self.source.clone(), destination: endpoints, services },
        }
    }

    fn meet(&self, other: &Self) -> Self {
        let services = self.services.intersection(&other.services);
        if services.is_empty() {
            return Self { source: Endpoints::default(), destination: Endpoints::default(), services };
        }
        Self {
            source: self.source.intersection(&other.source),
            destination: self.destination.intersection(&other.destination),
            services,
        }
    }

    /// What is left of it without a hole: boxes that share no packet.
    fn without(&self, hole: &Self) -> Vec<Self> {
        let shared = self.meet(hole);
        if shared.is_empty() {
            return vec![self.clone()];
        }
        let pieces = [
            self.with(Side::Source, self.source.difference(&hole.source)),
            Self {
                source: shared.source.clone(),
                destination: self.destination.difference(&hole.destination),
                services: self.services.clone(),
            },
            Self { services: self.services.difference(&hole.services), ..shared },
        ];
        pieces.into_iter().filter(|piece| !piece.is_empty()).collect()
    }
}

impl fmt::Display for PacketBox {
    /// `10.0.0.0/24 -> 10.0.1.7: 2181/tcp`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {}: {}", self.source, self.destination, self.services)
    }
}

impl fmt::Display for PacketSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<String> = self.boxes.iter().map(ToString::to_string).collect();
        f.write_str(if words.is_empty() { "no packet" } else { "" })?;
        f.write_str(&words.join("; "))
    }
}
