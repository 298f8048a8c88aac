//! What resources are called in Terraform: the topology's names, written as identifiers.

use std::fmt::Write as _;

use ipnet::IpNet;
use rancher_topology::scalar::{Name, Traffic};
use sha2::{Digest as _, Sha256};

use crate::template::Raw;

/// The label of a name. Identifiers have no dot and do not begin with a digit: a name with a dot gets `-` in its place
/// and eight digits of its SHA-256 behind it, one that begins with a digit a `_` before it, which no name has.
pub(super) fn label(name: &Name) -> String {
    let mut label = String::new();
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        label.push('_');
    }
    label.push_str(&name.replace('.', "-"));
    if name.contains('.') {
        let digest = Sha256::digest(name.as_bytes());
        label.push('-');
        digest.iter().take(4).for_each(|byte| {
            let _ = write!(label, "{byte:02x}");
        });
    }
    label
}

/// A label as a template prints it.
pub(super) fn raw(label: &str) -> Raw {
    Raw::identifier(label).unwrap_or_else(|| Raw::word("_"))
}

/// The part of a rule's label that says what it lets through: `22-tcp`, `8000-8100-tcp`, `icmp`, `any`.
pub(super) fn traffic(traffic: Traffic) -> String {
    traffic.to_string().replace('/', "-")
}

/// The part of a rule's label that says who the other side is: `172-22-1-0_24`, `v6-2001-db8--_32`.
pub(super) fn network(net: IpNet) -> String {
    let written = net.to_string().replace(['.', ':'], "-").replace('/', "_");
    match net {
        IpNet::V4(_) => written,
        IpNet::V6(_) => format!("v6-{written}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{label, network, raw};

    #[test]
    fn a_label_is_an_identifier_and_no_two_names_share_one() {
        let names = ["a.b", "a-b", "1a", "a1", "x.y-z", "x-y.z"];
        let labels: std::collections::BTreeSet<String> =
            names.iter().map(|name| label(&name.parse().unwrap())).collect();
        assert_eq!(labels.len(), names.len(), "{labels:?}");
        assert!(labels.iter().all(|label| crate::template::Raw::identifier(label).is_some()), "{labels:?}");
        assert_eq!(label(&"mgmt-host".parse().unwrap()), "mgmt-host");
        let _ = raw("mgmt-host");
    }

    #[test]
    fn peers_of_both_families_have_labels_of_their_own() {
        assert_eq!(network("172.22.1.0/24".parse().unwrap()), "172-22-1-0_24");
        assert_ne!(network("0.0.0.0/0".parse().unwrap()), network("::/0".parse().unwrap()));
    }
}
