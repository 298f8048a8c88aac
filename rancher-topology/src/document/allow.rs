//! What a person has looked at and left as it is: findings that are silenced, each with its reason.

use indexmap::IndexMap;

use super::{Document, Named, Spanned};
use crate::diagnostic::Span;
use crate::scalar::{Name, Text};

/// Findings that are as they should be: a lint's id and the reason. It holds for the mapping that it stands in.
pub type Allow = IndexMap<Spanned<Name>, Spanned<Text>>;

/// One finding that is silenced at one place.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Allowance {
    /// The lint's id.
    pub id: Spanned<Name>,
    /// Why its finding is as it should be.
    pub reason: Spanned<Text>,
    /// Where it holds: the thing that it stands in, its name included.
    pub scope: Span,
}

impl Document {
    /// Every allowance, in the order of the sections.
    #[must_use]
    pub fn allowances(&self) -> Vec<Allowance> {
        let mut all = Collected(Vec::new());
        all.take(&self.allow, Span { start: 0, end: usize::MAX });
        all.take(&self.network.allow, self.network.span);
        all.named(&self.network.subnets, |subnet| &subnet.allow);
        all.named(&self.overlays, |overlay| &overlay.allow);
        all.named(&self.nodes, |pool| &pool.allow);
        all.named(&self.security_groups, |group| &group.allow);
        for group in self.security_groups.values() {
            group.inbound.iter().for_each(|rule| all.take(&rule.allow, rule.span));
            group.outbound.iter().flatten().for_each(|rule| all.take(&rule.allow, rule.span));
        }
        all.named(&self.databases, |database| &database.allow);
        all.named(&self.load_balancers, |balancer| &balancer.allow);
        for balancer in self.load_balancers.values() {
            balancer.listeners.iter().for_each(|listener| all.take(&listener.allow, listener.span));
        }
        all.named(&self.starters, |starter| &starter.allow);
        all.named(&self.services, |service| &service.allow);
        all.named(&self.tunnels, |tunnel| &tunnel.allow);
        if let Some(rancher) = &self.rancher_1 {
            all.take(&rancher.allow, rancher.span);
        }
        all.0
    }
}

struct Collected(Vec<Allowance>);

impl Collected {
    fn take(&mut self, allow: &Allow, scope: Span) {
        self.0.extend(allow.iter().map(|(id, reason)| Allowance {
            id: id.clone(),
            reason: reason.clone(),
            scope,
        }));
    }

    fn named<T>(&mut self, things: &Named<T>, allow: impl Fn(&T) -> &Allow) {
        for (name, thing) in things {
            self.take(allow(thing), name.span.to(thing.span));
        }
    }
}
