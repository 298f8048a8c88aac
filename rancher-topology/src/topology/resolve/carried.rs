//! What an engine or an output could not carry: refused here with its place, so that rendering has nothing to refuse.

use std::collections::HashMap;

use super::Resolver;
use crate::diagnostic::{Diagnostic, Span};
use crate::document::{Naming, OneOrMany, Spanned};
use crate::topology::{ServiceId, Topology};

/// Words that are taken among units and compose projects: `rancher-gen-firewall.service` and the like.
const TAKEN: [&str; 3] = ["person", "firewall", "health"];

impl Resolver<'_> {
    pub(super) fn carried(&mut self, topology: &Topology) {
        self.strings();
        self.engines();
        self.starter_names();
        self.container_names(topology);
    }

    /// An argument, an environment variable and a label end at a NUL character.
    fn strings(&mut self) {
        let document = self.document;
        for (name, said) in &document.services {
            self.without_nul("command", name.span, &said.command.0);
            self.without_nul("label", name.span, said.labels.values());
            self.folders(&said.tmpfs);
        }
        for (name, said) in &document.tunnels {
            self.without_nul("command", name.span, &said.command.0);
            self.without_nul("label", name.span, said.labels.values());
            self.without_nul("key", name.span, said.key.iter().map(|key| &key.value));
        }
    }

    pub(super) fn without_nul<'s>(
        &mut self,
        what: &str,
        span: Span,
        values: impl IntoIterator<Item = &'s String>,
    ) {
        if values.into_iter().any(|value| value.contains('\0')) {
            self.error(
                Diagnostic::error("nul-character", format!("a {what} holds a NUL character"), span)
                    .why("no program can be given one")
                    .help("take the character out: `\\0` in double quotes is one"),
            );
        }
    }

    fn folders(&mut self, tmpfs: &OneOrMany<Spanned<String>>) {
        for folder in tmpfs {
            if !folder.starts_with('/') || folder.chars().any(char::is_control) {
                self.error(
                    Diagnostic::error(
                        "tmpfs",
                        format!("`{}` is no folder", folder.escape_debug()),
                        folder.span,
                    )
                    .help("write `/in/the/container`, with options behind a colon: `/run:size=64m`"),
                );
            }
        }
    }

    fn engines(&mut self) {
        let document = self.document;
        for said in document.nodes.values() {
            if !said.engine.version.at_least(1, 10) {
                self.error(
                    Diagnostic::error(
                        "engine-too-old",
                        format!("no compose file can be written for {}", said.engine.value),
                        said.engine.span,
                    )
                    .why("file format 2 needs an engine from 1.10 on (API 1.22)")
                    .help("state an engine from `docker-1.10.0` on"),
                );
            }
        }
    }

    /// A starter's name is a part of its unit's and its compose project's. docker-compose before 1.21 takes the
    /// letters and digits of a project's name and leaves the rest out.
    fn starter_names(&mut self) {
        let document = self.document;
        let mut seen: HashMap<String, Option<Span>> =
            TAKEN.into_iter().map(|word| (word.to_owned(), None)).collect();
        for name in document.starters.keys() {
            let project = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
            let Some(other) = seen.insert(project.to_ascii_lowercase(), Some(name.span)) else { continue };
            let error = Diagnostic::error(
                "starter-name",
                format!("no starter can be called `{}`", name.value),
                name.span,
            )
            .why("its containers' project and unit would have another's name")
            .help("choose another name");
            self.error(match other {
                Some(other) => error.also(other, "the other one"),
                None => error,
            });
        }
    }

    /// A service's containers may be called as another's are: `web_1`, `tunnel-2`.
    fn container_names(&mut self, topology: &Topology) {
        let mut plain: HashMap<&str, ServiceId> = HashMap::new();
        let mut twins: Vec<(ServiceId, ServiceId)> = Vec::new();
        let (named, numbered): (Vec<_>, Vec<_>) =
            topology.service_ids().partition(|id| topology[*id].naming == Naming::Plain);
        for id in named {
            if let Some(other) = plain.insert(&topology[id].name, id)
                && topology[id].placement.iter().any(|node| topology.instance_on(other, *node).is_some())
            {
                twins.push((id, other));
            }
        }
        for id in numbered {
            twins.extend(topology.instances_of(id).find_map(|instance| {
                let other = *plain.get(topology.container_name(instance).as_str())?;
                topology.instance_on(other, topology[instance].node).map(|_| (id, other))
            }));
        }
        for (id, other) in twins {
            let diagnostic = Diagnostic::error(
                "duplicate-container",
                format!(
                    "containers of `{}` and `{}` would have one name on a node",
                    topology[id].name, topology[other].name
                ),
                topology[id].span,
            )
            .also(topology[other].span, "the other one")
            .help("choose another name for one of them");
            self.error(diagnostic);
        }
    }
}
