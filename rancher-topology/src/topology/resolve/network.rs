//! The network, its subnets and its overlays.

use super::Resolver;
use crate::diagnostic::{Diagnostic, Edit, MOST_PLACES, Span};
use crate::document::{Provider, Spanned};
use crate::scalar::Name;
use crate::topology::{Known, Network, Overlay, Subnet};
use ipnet::Ipv4Net;

impl Resolver<'_> {
    pub(super) fn network(&mut self) -> (Network, Vec<Subnet>) {
        let said = &self.document.network;
        let cidr = self.without_host_bits(&said.cidr);
        let (mut subnets, mut outside): (Vec<Subnet>, _) = (Vec::new(), Vec::new());
        for (name, subnet) in &said.subnets {
            let own = self.without_host_bits(&subnet.cidr);
            if !cidr.contains(&own) {
                outside.push((name, subnet.cidr.span, own));
            }
            if let Some(other) =
                subnets.iter().find(|other| other.cidr.contains(&own) || own.contains(&other.cidr))
            {
                let diagnostic = Diagnostic::error(
                    "subnet-overlap",
                    format!("subnets `{}` and `{}` overlap", other.name, name.value),
                    subnet.cidr.span,
                )
                .here(format!("shares addresses with {}", other.cidr))
                .also(other.span, "the other one")
                .why("an address in both could not be routed")
                .help("give each addresses of its own");
                self.error(diagnostic);
            }
            subnets.push(Subnet {
                name: name.value.clone(),
                cidr: own,
                zone: subnet.zone.as_ref().map(|zone| zone.value.clone()),
                title: subnet.title.as_ref().map(|title| title.value.clone()),
                assumed: subnet.assumed.as_ref().map(|why| why.value.clone()),
                span: subnet.cidr.span,
            });
        }
        self.subnets_outside(cidr, &outside);
        let provider = said.provider.as_ref().map(|provider| provider.value);
        let network = Network {
            name: said.name.value.clone(),
            cidr,
            provider: Known::or(
                provider,
                Provider::default,
                "no provider is named, so the network is a plain one",
            ),
            stated_subnets: said.stated_subnets.as_ref().map(|count| count.value),
            span: said.name.span,
        };
        (network, subnets)
    }

    /// Where no subnet is inside the network, it is the network that is elsewhere.
    fn subnets_outside(&mut self, cidr: Ipv4Net, outside: &[(&Spanned<Name>, Span, Ipv4Net)]) {
        let said = &self.document.network;
        if outside.len() > 1 && outside.len() == said.subnets.len() {
            let places = outside.iter().map(|(name, span, _)| (*span, format!("subnet `{}`", name.value)));
            let diagnostic = Diagnostic::error(
                "subnet-outside-network",
                "no subnet is inside the network",
                said.cidr.span,
            )
            .here("holds none of them")
            .also_up_to(MOST_PLACES, places)
            .help("correct the network's addresses, or take the subnets' from them");
            self.error(diagnostic);
            return;
        }
        for (name, span, own) in outside {
            self.error(
                Diagnostic::error(
                    "subnet-outside-network",
                    format!("subnet `{}` is not inside the network", name.value),
                    *span,
                )
                .here(format!("{own} is not in {cidr}"))
                .also(said.cidr.span, "the network's addresses")
                .help("take the subnet's addresses from the network's, or make the network wider"),
            );
        }
    }

    pub(super) fn overlays(&mut self) -> Vec<Overlay> {
        let document = self.document;
        let mut overlays = Vec::new();
        for (name, overlay) in &document.overlays {
            let carried_by = overlay.carried_by.iter().flat_map(|name| self.services_named(name)).collect();
            overlays.push(Overlay {
                name: name.value.clone(),
                cidr: self.without_host_bits(&overlay.cidr),
                carried_by,
                span: name.span,
            });
        }
        overlays
    }

    pub(super) fn without_host_bits(&mut self, cidr: &Spanned<Ipv4Net>) -> Ipv4Net {
        let trunc = cidr.trunc();
        if trunc != cidr.value {
            self.error(
                Diagnostic::error(
                    "host-bits",
                    format!("`{}` has bits set behind its prefix", cidr.value),
                    cidr.span,
                )
                .why("AWS refuses it, and other programs read it as another network than a person does")
                .help(format!("write `{trunc}`"))
                .fix(vec![Edit::Replace { span: cidr.span, text: trunc.to_string() }]),
            );
        }
        trunc
    }
}
