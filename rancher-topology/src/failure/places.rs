//! Where a database stands, and which zones take it away.

use super::ZoneId;
use crate::topology::{Database, SubnetId, Topology};

/// The zones that a database may stand in.
#[derive(Debug)]
pub(super) struct Places {
    /// The zone of the address that it was seen at.
    seen: Option<Place>,
    /// The places of its subnets and the seen one, each once.
    all: Vec<Place>,
    /// Whether a standby in another zone takes over.
    spare: bool,
}

/// A zone, or a subnet without one, which no zone takes away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place(Option<ZoneId>);

/// What is left of a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Up,
    /// It is lost if it stands where it may stand.
    MayBeLost,
    Lost,
}

impl Places {
    pub(super) fn of(
        topology: &Topology,
        database: &Database,
        zone_of: impl Fn(SubnetId) -> Option<ZoneId>,
    ) -> Self {
        let seen = database.observed_address.and_then(|address| {
            let subnet = topology.subnet_ids().find(|id| topology[*id].cidr.contains(&address));
            subnet.map(|id| Place(zone_of(id)))
        });
        let own = database.subnets.iter().map(|id| Place(zone_of(*id)));
        let mut all: Vec<Place> = seen.into_iter().chain(own).collect();
        all.sort_unstable();
        all.dedup();
        let spare = *database.standby && all.len() > 1;
        // Without a standby it is where it was seen, and nowhere else.
        let all = if let (Some(seen), false) = (seen, spare) { vec![seen] } else { all };
        Self { seen, all, spare }
    }

    /// Whether a zone can have anything to do with it.
    pub(super) fn touches(&self, zone: ZoneId) -> bool {
        self.all.contains(&Place(Some(zone)))
    }

    /// What is left of it when zones fail.
    ///
    /// Where its standby is, and where it stands itself when it was never seen, only the provider knows.
    pub(super) fn fate(&self, failed: impl Fn(ZoneId) -> bool) -> Fate {
        let down = |place: &Place| place.0.is_some_and(&failed);
        let count = self.all.iter().filter(|place| down(place)).count();
        let least = if self.spare { 2 } else { 1 };
        if count < least || self.seen.is_some_and(|seen| !down(&seen)) {
            Fate::Up
        } else if count == self.all.len() {
            Fate::Lost
        } else {
            Fate::MayBeLost
        }
    }

    /// The failed zones that take it away.
    pub(super) fn zones(&self, failed: impl Fn(ZoneId) -> bool) -> Vec<ZoneId> {
        self.all.iter().filter_map(|place| place.0).filter(|zone| failed(*zone)).collect()
    }
}
