//! Sentences that a topology asserts, and the packet that contradicts one that is not true.

use super::Reach;
use super::answer::{Alike, Way, Whom};
use crate::policy::Verdict;
use crate::scalar::Ports;
use crate::topology::Assertion;

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
    /// one at least when none are. `cannot` means that nobody of the subject reaches any of the object on any of these ports.
    #[must_use]
    pub fn contradicted(&self, assertion: &Assertion) -> Option<Counterexample> {
        let answer = self.ask(&assertion.subject, &assertion.object, assertion.ports);
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
            answer.alike.iter().filter(|alike| alike.verdict != Verdict::No).min_by_key(|alike| alike.verdict)
        }?;
        Some(Counterexample {
            client: found.clients.first()?.clone(),
            server: found.servers.first()?.clone(),
            ports: found.ports,
            certain: found.verdict != Verdict::Possible,
            way: found.ways.first()?.clone(),
        })
    }
}
