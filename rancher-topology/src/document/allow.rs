//! What a person has looked at and left as it is: findings that are silenced, each with its reason.

use indexmap::IndexMap;

use super::{Document, Named, Spanned};
use crate::diagnostic::Span;
use crate::scalar::{Name, Reason};

/// Findings that are as they should be: a lint's id and the reason. It holds for the mapping that it stands in.
pub type Allow = IndexMap<Spanned<Name>, Spanned<Reason>>;

/// One finding that is silenced at one place.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Allowance {
    /// The lint's id.
    pub id: Spanned<Name>,
    /// Why its finding is as it should be.
    pub reason: Spanned<Reason>,
    /// Where it holds: the thing that it stands in, with its name. There are several places where the thing is said again
    /// by an alias of YAML.
    pub scopes: Vec<Span>,
}

impl Allowance {
    /// Whether it holds for what is found at a place.
    #[must_use]
    pub fn holds_at(&self, place: Span) -> bool {
        self.scopes.iter().any(|scope| scope.contains(place))
    }
}

impl Document {
    /// Every allowance once, in the order of the sections.
    #[must_use]
    pub fn allowances(&self) -> Vec<Allowance> {
        let mut all = Collected::default();
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
        all.0.into_values().collect()
    }
}

/// Allowances by the place where they stand: what is said again by an alias stands there once.
#[derive(Default)]
struct Collected(IndexMap<Span, Allowance>);

impl Collected {
    fn take(&mut self, allow: &Allow, scope: Span) {
        for (id, reason) in allow {
            let new = || Allowance { id: id.clone(), reason: reason.clone(), scopes: Vec::new() };
            self.0.entry(id.span).or_insert_with(new).scopes.push(scope);
        }
    }

    fn named<T>(&mut self, things: &Named<T>, allow: impl Fn(&T) -> &Allow) {
        for (name, thing) in things {
            // What an alias stands for was said before its name.
            if name.span.end <= thing.span.start {
                self.take(allow(thing), name.span.to(thing.span));
            } else {
                self.take(allow(thing), name.span);
                self.take(allow(thing), thing.span);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::Span;
    use crate::document::read;

    #[test]
    fn an_alias_of_a_thing_has_the_things_allowances_for_its_own_name_too() {
        let text = "\
name: x
network: {name: lab, cidr: 10.0.0.0/16, subnets: {}}
services:
  web: &web {image: a, placement: node, allow: {unpinned-image: so it is}}
  shop: *web
";
        let allowances = read(text).document.unwrap().allowances();
        assert_eq!(allowances.len(), 1);
        let holds = |word: &str| {
            let start = text.find(word).unwrap();
            allowances[0].holds_at(Span { start, end: start + word.len() })
        };
        for inside in ["web", "image: a", "shop"] {
            assert!(holds(inside), "{inside}");
        }
        assert!(!holds("services") && !holds("*web"));
    }
}
