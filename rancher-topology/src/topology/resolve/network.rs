//! The network, its subnets and its overlays.

use super::Resolver;
use crate::diagnostic::{Diagnostic, Edit, MOST_PLACES, Span};
use crate::document::{Provider, Spanned};
use crate::scalar::Name;
use crate::topology::{Known, Network, Overlay, Subnet};
use ipnet::{IpNet, Ipv4Net};
use std::net::IpAddr;

impl Resolver<'_> {
    pub(super) fn network(&mut self) -> (Network, Vec<Subnet>) {
        let said = &self.document.network;
        let cidr = self.without_host_bits(&said.cidr);
        let (mut subnets, mut outside): (Vec<Subnet>, _) = (Vec::new(), Vec::new());
        for (name, subnet) in &said.subnets {
            let own = subnet.cidr.trunc();
            let others = said.subnets.values().filter(|other| other.cidr.span != subnet.cidr.span);
            let meets = |other: Ipv4Net| other.contains(&own) || own.contains(&other);
            let is_free = !others.map(|other| other.cidr.trunc()).any(meets);
            self.host_bits(
                subnet.cidr.value.into(),
                subnet.cidr.span,
                is_free && is_a_host(subnet.cidr.value),
            );
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
        self.host_bits(cidr.value.into(), cidr.span, is_a_host(cidr.value));
        cidr.trunc()
    }

    /// Refuses bits behind a prefix. Where it is not certain that the prefix is right and the address is not, both are
    /// named and a person decides.
    pub(super) fn host_bits(&mut self, net: IpNet, span: Span, prefix_is_right: bool) {
        let trunc = net.trunc();
        if trunc == net {
            return;
        }
        let message = format!("`{net}` has bits set behind its prefix");
        let diagnostic = Diagnostic::error("host-bits", message, span)
            .why("AWS refuses it, and other programs read it as another network than a person does");
        self.error(if prefix_is_right {
            diagnostic
                .help(format!("write `{trunc}`"))
                .fix(vec![Edit::Replace { span, text: trunc.to_string() }])
        } else {
            diagnostic.help(format!(
                "write `{}` if the address is right, or `{trunc}` if the prefix is",
                with_its_own_prefix(net)
            ))
        });
    }
}

/// Whether an address with its prefix reads as a host in its network: `10.0.1.5/24`. `10.0.3.0/23` reads as a network, and
/// either of its two parts may be the slip.
fn is_a_host(net: Ipv4Net) -> bool {
    net.addr().octets()[3] != 0
}

/// The largest network that begins at an address.
fn with_its_own_prefix(net: IpNet) -> IpNet {
    let bits = match net.addr() {
        IpAddr::V4(address) => 32 - address.to_bits().trailing_zeros(),
        IpAddr::V6(address) => 128 - address.to_bits().trailing_zeros(),
    };
    u8::try_from(bits).ok().and_then(|bits| IpNet::new(net.addr(), bits).ok()).unwrap_or(net)
}
