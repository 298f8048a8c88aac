//! Sentences that a topology asserts, and the packet that contradicts one that is not true.

use super::Reach;
use super::answer::{Alike, Cause, Way, Whom};
use crate::flow::End;
use crate::policy::Verdict;
use crate::scalar::Ports;
use crate::topology::{Assertion, Place};

/// What contradicts an assertion.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counterexample {
    /// Who opens the connection.
    pub client: Whom,
    /// Who accepts it, or should.
    pub server: Whom,
    /// The ports; `None` when the server listens on none.
    pub ports: Option<Ports>,
    /// Whether the assertion is wrong for certain, or may be.
    pub certain: bool,
    /// The way on which packets pass, or are refused.
    pub way: Way,
}

impl Reach<'_> {
    /// What contradicts an assertion; `None` when it is true.
    ///
    /// `can` means that every one of the subject reaches every one of the object: on all of the ports that are written, or on
    /// one at least when none are. `cannot` means that nobody of the subject reaches any of the object on any of these ports; of
    /// ports of machines that are written, that no packet gets there, whether somebody listens or not.
    #[must_use]
    pub fn contradicted(&self, assertion: &Assertion) -> Option<Counterexample> {
        let mut answer = self.ask(&assertion.subject, &assertion.object, assertion.ports);
        if !assertion.can {
            answer.alike.extend(self.ask_over_v6(assertion));
        }
        let found = if assertion.can {
            let worst = |alike: &&Alike| {
                let others = answer.alike.iter().filter(|other| {
                    assertion.ports.is_none()
                        && other.pairs == alike.pairs
                        && alike.clients.iter().all(|own| other.clients.contains(own))
                        && alike.servers.iter().all(|own| other.servers.contains(own))
                });
                others.map(|other| other.verdict).chain([alike.verdict]).min()
            };
            let failed = answer.alike.iter().filter(|alike| worst(alike) != Some(Verdict::Yes));
            failed.max_by_key(|alike| alike.verdict)
        } else {
            let passes =
                |alike: &&Alike| passes(alike, assertion.ports.is_some()).map(|(verdict, _)| verdict);
            answer.alike.iter().filter(|alike| passes(alike).is_some()).min_by_key(passes)
        }?;
        let (verdict, way) = match passes(found, assertion.ports.is_some()) {
            Some(passed) if !assertion.can => passed,
            _ => (found.verdict, found.ways.first()?),
        };
        let client = found.clients.first()?.clone();
        // Nobody is asked about himself, though he may be one of those who answer alike.
        let other = found.servers.iter().find(|server| **server != client);
        Some(Counterexample {
            server: other.or(found.servers.first())?.clone(),
            client,
            ports: found.ports,
            certain: verdict != Verdict::Possible,
            way: way.clone(),
        })
    }

    /// The same question of the internet's v6 addresses. Who has one of them in the topology is not known, so no answer is
    /// certain; what no rule admits is refused all the same.
    fn ask_over_v6(&self, assertion: &Assertion) -> Vec<Alike> {
        if !assertion.subject.contains(&Place::Internet) || self.over_v6().is_empty() {
            return Vec::new();
        }
        let v6 = ipnet::Ipv6Net::new_assert(std::net::Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);
        self.ask(&[Place::Network(v6.into())], &assertion.object, assertion.ports).alike
    }
}

/// The best way on which packets get to the other end, and whether they do for certain. To ports of machines that are
/// written down they get also when nobody listens there yet.
fn passes(alike: &Alike, are_written: bool) -> Option<(Verdict, &Way)> {
    let is_machine =
        |end: &Whom| matches!(end, Whom::End(End::Node(_) | End::LoadBalancer(_) | End::Database(_)));
    let verdict = |way: &Way| {
        let is_doubted = way.hops.iter().any(|hop| !hop.doubts.is_empty());
        let only_nobody_listens = way.refusals().all(|refusal| refusal.cause == Cause::NothingListens);
        match way.verdict {
            Verdict::No if are_written && only_nobody_listens && alike.servers.iter().all(is_machine) => {
                Some(if is_doubted { Verdict::Possible } else { Verdict::Yes })
            }
            Verdict::No => None,
            verdict => Some(verdict),
        }
    };
    let ways = alike.ways.iter().filter_map(|way| Some((verdict(way)?, way)));
    ways.min_by_key(|(verdict, _)| *verdict)
}
