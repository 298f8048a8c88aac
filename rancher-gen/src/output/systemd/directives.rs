//! What shuts a unit in, as far as the node's systemd knows it: an older one ignores a directive in silence.

use crate::template::Raw;

/// What a unit's program has to reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Needs {
    /// The kernel's packet filter, and its modules.
    Network,
    /// The engine's socket.
    Engine,
}

/// The directives with the version of systemd from which they are used: the one that brought them, by systemd's NEWS.
///
/// `NoNewPrivileges` is older (187), but with a kernel before 4.14 it keeps SELinux from giving a service its domain,
/// and kernels that are newer come with 235 or later. Source: the kernel's `nnp_nosuid_transition` policy capability.
const SANDBOX: [(u16, &str, Option<Needs>); 9] = [
    (183, "PrivateTmp=yes", None),
    (211, "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK", Some(Needs::Network)),
    (214, "ProtectHome=read-only", None),
    (214, "ProtectSystem=full", None),
    (232, "ProtectControlGroups=yes", None),
    (235, "LockPersonality=yes", None),
    (235, "NoNewPrivileges=yes", None),
    (242, "RestrictSUIDSGID=yes", None),
    (245, "ProtectClock=yes", None),
];

/// The directives that a version of systemd knows and a unit can live with.
pub(super) fn sandbox(version: u16, needs: Needs) -> Vec<Raw> {
    let fits = |row: &&(u16, &'static str, Option<Needs>)| {
        row.0 <= version && row.2.is_none_or(|only| only == needs)
    };
    SANDBOX.iter().filter(fits).map(|row| Raw::word(row.1)).collect()
}
