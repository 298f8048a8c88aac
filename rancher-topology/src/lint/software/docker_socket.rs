//! A container that has the engine's socket, and is not said to be root of the node.

use crate::diagnostic::Severity;
use crate::lint::{Context, Findings, Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "docker-socket",
    severity: Severity::Note,
    summary: "A container that is not `privileged` has the engine's socket.",
    reason: "Who can write to the socket can start a container that mounts the node's root folder: the container has root's \
             rights on the node, whatever its own line says. `:ro` does not help: it keeps the file from being removed, and \
             not from being connected to. A service that is `privileged` has said so already.",
    source: "Docker documentation, \"Docker daemon attack surface\".",
    bad: "\
services:
  agent: {image: agent:1.4.2, placement: node, volumes: \"/var/run/docker.sock:/var/run/docker.sock:ro\"}
",
    good: "\
services:
  agent: {image: agent:1.4.2, placement: node, volumes: \"/var/lib/agent:/var/lib/agent\"}
",
    instead_of: &[],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for (name, service) in cx.document.services.iter().filter(|(_, service)| !service.privileged) {
        let socket = service.volumes.iter().find(|volume| {
            let on_node = volume.split(':').next().unwrap_or_default();
            matches!(on_node, "/var/run/docker.sock" | "/run/docker.sock")
        });
        let Some(volume) = socket else { continue };
        findings.push(
            LINT.finding(format!("`{}` has the rights of the node's root", name.value), volume.span)
                .here("through the engine's socket, `:ro` or not")
                .why("it can start a container that mounts the node's root folder")
                .help("give it a proxy of the socket that lets through what it needs, or allow it if it has to be so"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::validate::complete;

    #[test]
    fn what_is_privileged_has_said_so_already() {
        let text = super::LINT.bad.replace("placement: node", "placement: node, privileged: true");
        let report = crate::validate(&complete(&text));
        assert!(report.topology.is_some(), "{report:#?}");
        assert!(report.findings.iter().all(|f| f.id != "docker-socket"), "{report:#?}");
    }
}
