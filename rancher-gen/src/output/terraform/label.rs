//! Terraform's identifiers, and the keys of its maps.

use rancher_topology::scalar::Name;

use crate::quote::{Format, Unquotable};
use crate::template::{Piece, Raw};

/// The variables that every rendered configuration may have.
pub(super) const VARIABLES: [&str; 4] = ["deletion_protection", "final_snapshot", "image_ids", "key_pair"];

/// Names that Terraform keeps for the arguments of a `module` block. Source: Terraform, "Input Variables".
const KEPT: [&str; 8] =
    ["count", "depends_on", "for_each", "lifecycle", "locals", "providers", "source", "version"];

/// The identifier of a thing with this name; two names never get one.
///
/// Letters, digits, `-` and `_` stay. An identifier has no dot and begins with no digit, so `.` becomes `_dot_`, a
/// `_dot` that is in the name becomes `_dotdot`, and a `_` goes before a leading digit; no name begins with a `_`.
pub(super) fn label(name: &Name) -> Raw {
    Raw::identifier(&text(name)).unwrap_or_else(|| Raw::name(name))
}

/// The identifier of the variable with this name, which begins with `_` where Terraform or this output has such a one.
pub(super) fn variable(name: &Name) -> Raw {
    let own = text(name);
    let taken = KEPT.contains(&own.as_str()) || VARIABLES.contains(&own.as_str());
    let own = if taken { format!("_{own}") } else { own };
    Raw::identifier(&own).unwrap_or_else(|| Raw::name(name))
}

fn text(name: &Name) -> String {
    let own = name.replace("_dot", "_dotdot").replace('.', "_dot_");
    if own.starts_with(|c: char| c.is_ascii_digit()) { format!("_{own}") } else { own }
}

/// Keys of a map, each padded to the width of the longest: `terraform fmt` lines the `=` of neighbours up.
pub(super) fn aligned<'k>(keys: impl Iterator<Item = &'k str> + Clone) -> Result<Vec<Raw>, Unquotable> {
    let widest = keys.clone().map(str::len).max().unwrap_or(0);
    let spaces = " ".repeat(widest);
    keys.map(|key| {
        let padding = &spaces[..widest - key.len()];
        Raw::quoted(Format::Hcl, &[Piece::Value(key), Piece::Checked(padding)])
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::{KEPT, Raw, VARIABLES, text, variable};
    use std::collections::HashMap;

    #[test]
    fn an_ordinary_name_is_its_own_label() {
        for name in ["mgmt-host", "server_nodes", "A1", "dot", "a-dot-b"] {
            assert_eq!(text(&name.parse().unwrap()), name);
        }
        assert_eq!(text(&"a.b".parse().unwrap()), "a_dot_b");
        assert_eq!(text(&"3com".parse().unwrap()), "_3com");
    }

    /// Every name of up to six pieces that matter to the rule.
    #[test]
    fn two_names_never_get_one_label() {
        let mut names = vec![String::new()];
        let mut labels: HashMap<String, String> = HashMap::new();
        for _ in 0..6 {
            names = names
                .iter()
                .flat_map(|name| ["_", ".", "dot", "x", "1"].map(|piece| format!("{name}{piece}")))
                .collect();
            for name in &names {
                let Ok(name) = name.parse() else { continue };
                assert!(Raw::identifier(&text(&name)).is_some(), "{name}");
                let other = labels.insert(text(&name), name.to_string());
                assert!(other.as_ref().is_none_or(|other| *other == *name), "{other:?} and {name}");
            }
        }
        assert!(labels.len() > 1_000);
    }

    #[test]
    fn no_variable_takes_a_name_that_is_kept() {
        for name in KEPT.into_iter().chain(VARIABLES) {
            let printed = serde_json::to_value(variable(&name.parse().unwrap())).unwrap();
            assert_eq!(printed, format!("_{name}"));
        }
    }
}
