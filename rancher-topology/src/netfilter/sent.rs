//! Where two rule sets send packets, beside each other.

use std::collections::BTreeSet;

use hashbrown::HashMap;

use super::lower::{NO, Shared, YES};
use super::outcome::{Change, Outcome};
use super::rule_set::{TranslatedTo, Translation};
use super::verdict;
use crate::packet::diagram::Diagram;
use crate::packet::{Field, Intervals, Known, Space, State, number};

/// Where a packet is sent.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SentTo {
    /// Where it goes anyway.
    Anyway,
    /// Elsewhere: to an address, a port, or both.
    Elsewhere(Translation),
    /// What a rule that is not understood does, or a program.
    Unknown,
}

impl SentTo {
    const fn to(&self) -> (Option<&TranslatedTo>, Option<(u16, u16)>) {
        match self {
            Self::Elsewhere(to) => (to.address.as_ref(), to.ports),
            Self::Anyway | Self::Unknown => (None, None),
        }
    }

    /// The packets for which two places are the same one, because they have what one says and the other does not; `None` if
    /// there are none, or it is not known which.
    fn same_for(&self, other: &Self) -> Option<Known> {
        if let (Self::Elsewhere(one), Self::Elsewhere(other)) = (self, other)
            && one.choice != other.choice
        {
            return None;
        }
        let ((address, ports), (other_address, other_ports)) = (self.to(), other.to());
        let mut packets = Known::new();
        match (address, other_address) {
            (one, other) if one == other => {}
            (Some(TranslatedTo::Addresses(first, last)), None)
            | (None, Some(TranslatedTo::Addresses(first, last)))
                if first == last =>
            {
                packets.insert(Field::Destination, Intervals::points([number(*first)]));
            }
            _ => return None,
        }
        match (ports, other_ports) {
            (one, other) if one == other => {}
            (Some((first, last)), None) | (None, Some((first, last))) if first == last => {
                packets.insert(Field::DestinationPort, Intervals::points([first.into()]));
            }
            _ => return None,
        }
        (*self != Self::Unknown && *other != Self::Unknown).then_some(packets)
    }

    /// Whether two places may be the same one for other packets than those.
    fn may_be(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Unknown, _) | (_, Self::Unknown) | (Self::Anyway, Self::Anyway) => true,
            (Self::Anyway, Self::Elsewhere(to)) | (Self::Elsewhere(to), Self::Anyway) => {
                may_be_own(to.address.as_ref()) && to.ports.is_none_or(|(first, last)| first != last)
            }
            (Self::Elsewhere(one), Self::Elsewhere(other)) => {
                let addresses = match (&one.address, &other.address) {
                    (Some(one), Some(other)) => may_meet(one, other),
                    (one, other) => may_be_own(one.as_ref().or(other.as_ref())),
                };
                let ports = match (one.ports, other.ports) {
                    (Some(one), Some(other)) => one.0 <= other.1 && other.0 <= one.1,
                    (one, other) => one.or(other).is_none_or(|(first, last)| first != last),
                };
                addresses && ports
            }
        }
    }
}

/// Whether an address that packets are sent to may be the one that they have, and it is not known which have it.
fn may_be_own(address: Option<&TranslatedTo>) -> bool {
    !matches!(address, Some(TranslatedTo::Addresses(first, last)) if first == last)
}

fn may_meet(one: &TranslatedTo, other: &TranslatedTo) -> bool {
    let range = |to: &TranslatedTo| match to {
        TranslatedTo::Addresses(first, last) => Some((*first, *last)),
        TranslatedTo::Network(net) => Some((net.network(), net.broadcast())),
        TranslatedTo::Host => None,
    };
    let Some(((first, last), (other_first, other_last))) = range(one).zip(range(other)) else { return true };
    first <= other_last && other_first <= last
}

/// What is said of packets that one rule set sends elsewhere than another: all that may be so, and whether it is certain that
/// they are not sent to the same place. Nothing that may be so, and no certainty: nobody knows where either sends them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Elsewhere {
    pub(super) pairs: BTreeSet<(SentTo, SentTo)>,
    /// Whether there are more than these.
    pub(super) more: bool,
    pub(super) certain: bool,
}

/// As many pairs of places are told of a packet.
const MOST_PAIRS: usize = 16;

impl Elsewhere {
    /// Of pairs, the first ones; `more` says that there are others.
    fn of(pairs: impl IntoIterator<Item = (SentTo, SentTo)>, more: bool, certain: bool) -> Self {
        let mut pairs: BTreeSet<_> = pairs.into_iter().collect();
        let more = more || pairs.len() > MOST_PAIRS;
        while pairs.len() > MOST_PAIRS {
            pairs.pop_last();
        }
        Self { pairs, more, certain }
    }
}

/// The answers that are leaves. 0 is that nothing is sent elsewhere.
#[derive(Debug, Default)]
pub(super) struct Answers {
    all: Vec<Elsewhere>,
    numbers: HashMap<Elsewhere, u32>,
}

impl Answers {
    pub(super) fn get(&self, leaf: u32) -> Option<&Elsewhere> {
        self.all.get((leaf as usize).checked_sub(1)?)
    }

    fn number(&mut self, answer: Elsewhere) -> u32 {
        if let Some(&number) = self.numbers.get(&answer) {
            return number;
        }
        self.all.push(answer.clone());
        let number = u32::try_from(self.all.len()).unwrap_or(u32::MAX >> 1);
        self.numbers.insert(answer, number);
        number
    }

    fn doubted(&mut self, answer: Elsewhere) -> u32 {
        self.number(Elsewhere { certain: false, ..answer })
    }

    /// What may be said where one of two things is so.
    fn either(&mut self, one: u32, other: u32) -> u32 {
        let [one, other] = [one, other].map(|leaf| self.get(leaf).cloned());
        let (Some(one), Some(other)) = (&one, &other) else {
            // The one says that it goes to the same place.
            return one.or(other).map_or(0, |known| self.doubted(known));
        };
        let pairs = one.pairs.union(&other.pairs).cloned();
        self.number(Elsewhere::of(pairs, one.more || other.more, one.certain && other.certain))
    }
}

/// Which first packets of connections that both rule sets may admit one sends elsewhere than the other. Of each there is what it says in the end,
/// and what becomes of packets in its translations.
pub(super) fn elsewhere(
    shared: &mut Shared,
    [was, is]: [Diagram; 2],
    [before, after]: [Diagram; 2],
) -> (Diagram, Answers) {
    let mut answers = Answers::default();
    let Shared { space, outcomes, .. } = shared;
    let places = |leaf: u32| -> BTreeSet<SentTo> {
        let made = outcomes.get(leaf).iter().filter_map(|outcome: &Outcome| outcome.made());
        let sent = made.map(|changes| {
            let mut places = outcomes.change(changes).iter().filter_map(|change| match change {
                Change::Sent(to) => Some(SentTo::Elsewhere(to.clone())),
                Change::Anything(Field::Destination | Field::DestinationPort) => Some(SentTo::Unknown),
                _ => None,
            });
            places.next_back().unwrap_or(SentTo::Anyway)
        });
        sent.collect()
    };
    let mut answered: HashMap<(u32, u32), u32> = HashMap::new();
    let sent = space.diagrams.apply(before, after, &mut |before, after| {
        let leaves = (before.as_leaf()?, after.as_leaf()?);
        let answer = *answered.entry(leaves).or_insert_with(|| {
            let (before, after) = (places(leaves.0), places(leaves.1));
            if before == after {
                let known = before.len() < 2 && !before.contains(&SentTo::Unknown);
                return if known { 0 } else { answers.number(Elsewhere::of([], false, false)) };
            }
            let all = || before.iter().flat_map(|old| after.iter().map(move |new| (old, new)));
            let certain = !all().any(|(old, new)| old.may_be(new));
            let pairs = all().filter(|(old, new)| old != new).map(|(old, new)| (old.clone(), new.clone()));
            answers.number(Elsewhere::of(pairs, false, certain))
        });
        Some(Diagram::leaf(answer))
    });
    let sent = but_for_the_same(space, &mut answers, sent);
    // What both admit for certain, and what both may admit.
    let both = space.diagrams.apply(was, is, &mut |was, is| {
        let (was, is) = (was.as_leaf()?, is.as_leaf()?);
        let certain = [was, is].iter().all(|leaf| Diagram::leaf(*leaf) == verdict::ADMITTED);
        let may_be = [was, is].iter().all(|leaf| leaf & 1 == 1);
        Some(Diagram::leaf(u32::from(may_be) + u32::from(certain)))
    });
    let sent = space.diagrams.apply(sent, both, &mut |sent, both| match both.as_leaf()? {
        0 => Some(Diagram::leaf(0)),
        1 => {
            let answer = answers.get(sent.as_leaf()?).cloned();
            Some(Diagram::leaf(answer.map_or(0, |answer| answers.doubted(answer))))
        }
        _ => Some(sent),
    });
    // Only the first packet of a connection asks; those that are related to another one are sent as it is, or as this.
    let new = Intervals::points([State::New.number()]);
    let new = space.layout.within(&mut space.diagrams, Field::State, &new, YES, NO);
    let sent = space.diagrams.choose(new, sent, Diagram::leaf(0));
    let sent = match &shared.unknowns {
        Some(unknowns) => space
            .diagrams
            .forget(sent, &|bit| unknowns.has(bit), &mut |one, other| answers.either(one, other)),
        None => sent,
    };
    (sent, answers)
}

/// Without the packets for which two places are one, whatever they are called.
fn but_for_the_same(space: &mut Space, answers: &mut Answers, sent: Diagram) -> Diagram {
    let mut grafts: HashMap<u32, Diagram> = HashMap::new();
    for number in space.diagrams.leaves(sent) {
        let mut all = Diagram::leaf(number);
        if let Some(answer) = answers.get(number).cloned() {
            // Of several places one may be another than these.
            let same = if answer.pairs.len() == 1 { 0 } else { answers.doubted(answer.clone()) };
            for packets in answer.pairs.iter().filter_map(|(old, new)| old.same_for(new)) {
                let here = space.set(&[packets]).0;
                all = space.diagrams.choose(here, Diagram::leaf(same), all);
            }
        }
        grafts.insert(number, all);
    }
    space.diagrams.graft(sent, &mut |leaf| grafts[&leaf])
}
