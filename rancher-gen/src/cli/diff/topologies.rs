//! What changes when one topology takes the place of another.

use std::collections::BTreeMap;

use rancher_gen::exit::Exit;
use rancher_gen::output::{self, Selection};
use rancher_gen::template::Templates;
use rancher_gen::tree::Tree;
use rancher_topology::Topology;
use rancher_topology::change::{
    Changes, Ends, Example, Life, ListeningChange, PlacementChange, Quorum, QuorumChange, TrafficChange,
    ValueChange,
};
use rancher_topology::netfilter::Kind;
use rancher_topology::policy::ServiceRange;
use rancher_topology::topology::NodeId;
use schemars::{JsonSchema, Schema};
use serde::Serialize;

use super::Format;
use super::sections::{self, Section};
use crate::cli::ends::{addresses_of, all_names, names, services};
use crate::cli::input::Input;
use crate::cli::{Compared, Failure};

/// More names in a list than this are counted, not told.
const MOST: usize = 4;

/// What changes when one topology takes the place of another.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "Diff")]
#[serde(rename_all = "kebab-case")]
struct Printed {
    result: Compared,
    /// Packets that get through in one of the two only, over IPv4; null when there are too many ends that are not alike.
    traffic: Option<Vec<Traffic>>,
    /// What rules let through over IPv6, of which a topology has no addresses.
    over_ipv6: Vec<Value>,
    /// Ports on which somebody else listens, on machines that stay.
    listening: Vec<Listening>,
    /// Listeners and targets of load balancers.
    load_balancers: Vec<Value>,
    /// Nodes, and what runs on them.
    placement: Vec<Placement>,
    /// How many instances of a service have to live.
    quorum: Vec<QuorumOf>,
    /// Addresses, and the networks that they are in.
    addresses: Vec<Value>,
    /// Rendered files.
    outputs: Vec<RenderedFile>,
}

#[derive(Serialize, JsonSchema)]
struct Traffic {
    /// `newly admitted`, `newly refused`, `possibly newly admitted`, `possibly newly refused`.
    kind: &'static str,
    from: Vec<Parties>,
    to: Vec<Parties>,
    /// What for: `2181/tcp`, `8000-8100/udp`, `icmp`, `other protocols`.
    services: Vec<String>,
    /// Who listens there, or did: nobody where it is empty; null where that is not known.
    listening: Option<Vec<String>>,
    example: Packet,
}

/// Ends that are alike in both.
#[derive(Serialize, JsonSchema)]
struct Parties {
    /// The nodes, the load balancer or the database; `internet` for public addresses; nothing for others.
    names: Vec<String>,
    /// Addresses, as networks.
    addresses: Vec<String>,
    /// `stays`, `comes` or `goes`.
    life: &'static str,
}

/// A packet.
#[derive(Serialize, JsonSchema)]
struct Packet {
    /// An address, or the name of what has no fixed one.
    source: String,
    /// Likewise.
    destination: String,
    /// `2181/tcp`, `icmp`, `other protocols`.
    service: String,
}

#[derive(Serialize, JsonSchema)]
struct Listening {
    at: Parties,
    services: Vec<String>,
    before: Vec<String>,
    after: Vec<String>,
}

/// A value: null where it is not there.
#[derive(Serialize, JsonSchema)]
struct Value {
    what: String,
    before: Option<String>,
    after: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct Placement {
    /// `node` or `service`.
    what: &'static str,
    /// Its name.
    name: String,
    /// `comes` or `goes`; `grows`, `shrinks` or `moves` (a service); `is renamed` (a node).
    change: &'static str,
    /// The nodes where a service runs now and did not; the old name of a node.
    more: Vec<String>,
    /// The nodes where a service ran.
    gone: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
struct QuorumOf {
    service: String,
    before: Option<Members>,
    after: Option<Members>,
}

/// Instances.
#[derive(Serialize, JsonSchema)]
struct Members {
    members: usize,
    needed: usize,
    tolerated: usize,
}

#[derive(Serialize, JsonSchema)]
struct RenderedFile {
    output: &'static str,
    path: String,
    /// `added`, `removed` or `changed`.
    change: &'static str,
}

/// The schema of what is printed for programs.
pub(in crate::cli) fn schema() -> Schema {
    schemars::schema_for!(Printed)
}

/// Prints in what two topologies differ.
pub(super) fn run(old: &Input, new: &Input, format: Format) -> Result<Exit, Failure> {
    let templates = Templates::embedded();
    let (old, before) = read(old, &templates)?;
    let (new, after) = read(new, &templates)?;
    let shown =
        Shown { changes: Changes::between(&old, &new), files: files(&before, &after), old: &old, new: &new };
    let exit = shown.exit();
    let result = match exit {
        Exit::Done => "nothing changes",
        Exit::Uncertain => "whether anything changes depends on what is not known here",
        _ => "they differ",
    };
    crate::cli::print(&match format {
        Format::Text => sections::text(result, &shown.sections()),
        Format::Markdown => sections::markdown("Topology", result, &shown.sections()),
        Format::Json => crate::cli::json(&shown.printed(exit)),
    })?;
    Ok(exit)
}

/// A topology, and what is rendered of it.
fn read(input: &Input, templates: &Templates) -> Result<(Topology, Tree), Failure> {
    let (source, mut report) = input.report()?;
    let rendered = output::render_report(&report, templates, &Selection::default())?;
    match (report.topology.take(), rendered) {
        (Some(topology), Some(rendered)) => Ok((topology, rendered.tree)),
        _ => Err(Failure::Topology(source, report.findings)),
    }
}

/// The files that are other ones.
fn files(before: &Tree, after: &Tree) -> Vec<RenderedFile> {
    let mut all = Vec::new();
    for (path, file) in after.iter() {
        let change = match before.get(path.as_str()) {
            None => "added",
            Some(old) if old.contents != file.contents || old.mode != file.mode => "changed",
            Some(_) => continue,
        };
        all.push(RenderedFile { output: file.output, path: path.to_string(), change });
    }
    let gone = before.iter().filter(|(path, _)| after.get(path.as_str()).is_none());
    all.extend(gone.map(|(path, file)| RenderedFile {
        output: file.output,
        path: path.to_string(),
        change: "removed",
    }));
    all
}

/// Both topologies, and in what they differ.
struct Shown<'a> {
    changes: Changes,
    files: Vec<RenderedFile>,
    old: &'a Topology,
    new: &'a Topology,
}

impl Shown<'_> {
    fn exit(&self) -> Exit {
        // Where traffic is not compared, the rendered rules are: what is the same in all of them is the same.
        let traffic = self.changes.traffic.as_deref().unwrap_or_default();
        let certain = traffic.iter().any(|change| change.kind.is_certain());
        if certain || !self.changes.is_only_traffic() || !self.files.is_empty() {
            Exit::No
        } else if traffic.is_empty() {
            Exit::Done
        } else {
            Exit::Uncertain
        }
    }

    fn topology(&self, life: Life) -> &Topology {
        if life == Life::Goes { self.old } else { self.new }
    }

    fn sections(&self) -> Vec<Section> {
        let changes = &self.changes;
        let mut all = Vec::new();
        let mut add = |title: &str, lines: Vec<(String, Option<String>)>| {
            all.extend(Section::of(title, lines, true));
        };
        for kind in Kind::ALL {
            let own = changes.traffic.iter().flatten().filter(|change| change.kind == kind);
            let line = |change: &TrafficChange| (self.traffic(change), Some(example(&change.example)));
            add(&format!("traffic {}", kind.as_str()), own.map(line).collect());
        }
        if changes.traffic.is_none() && !self.files.is_empty() {
            let line = "not compared: there are too many ends of which no two are alike";
            add("traffic", vec![(line.to_owned(), None)]);
        }
        let plain = |line: String| (line, None);
        add("rules about IPv6", changes.over_v6.iter().map(value).map(plain).collect());
        add("listening", changes.listening.iter().map(|change| plain(self.listening(change))).collect());
        add("load balancers", changes.load_balancers.iter().map(value).map(plain).collect());
        add("placement", self.placed().into_iter().map(plain).collect());
        add("quorum", changes.quorum.iter().map(quorum).map(plain).collect());
        add("addresses", changes.addresses.iter().map(value).map(plain).collect());
        add("outputs", self.outputs().into_iter().map(plain).collect());
        all
    }

    /// `2181/tcp from internet to mgmt-host-4 (new), where zookeeper listens`.
    fn traffic(&self, change: &TrafficChange) -> String {
        let listening = match change.listening.as_deref() {
            Some([]) => ", where nobody listens".to_owned(),
            Some(owners) if owners != ["itself"] => format!(", where {} listens", owners.join(", ")),
            _ => String::new(),
        };
        let all = |ends: &[Ends]| ends.iter().map(|ends| self.ends(ends)).collect::<Vec<_>>().join("; ");
        let ends = if change.from == change.to && change.from.len() == 1 {
            format!("between {}", all(&change.to))
        } else {
            format!("from {} to {}", all(&change.from), all(&change.to))
        };
        format!("{} {ends}{listening}", change.services)
    }

    fn ends(&self, ends: &Ends) -> String {
        let name = names(self.topology(ends.life), &ends.members);
        match ends.life {
            Life::Stays => name,
            Life::Comes => format!("{name} (new)"),
            Life::Goes => format!("{name} (gone)"),
        }
    }

    fn listening(&self, change: &ListeningChange) -> String {
        let who = |owners: &[String]| {
            if owners.is_empty() { "nobody".to_owned() } else { owners.join(", ") }
        };
        let (before, after) = (who(&change.before), who(&change.after));
        format!("{} of {}: {after}, was {before}", change.services, self.ends(&change.at))
    }

    /// A line for those of which the same is to be said.
    fn placed(&self) -> Vec<String> {
        let mut alike: Vec<(Placement, Vec<String>)> = Vec::new();
        for change in &self.changes.placement {
            let own = self.placement(change);
            let same = |known: &&mut (Placement, Vec<String>)| {
                let known = &known.0;
                (known.what, known.change) == (own.what, own.change)
                    && known.more == own.more
                    && known.gone == own.gone
            };
            match alike.iter_mut().find(same) {
                Some((_, names)) => names.push(own.name),
                None => alike.push((Placement { name: String::new(), ..own }, vec![own.name])),
            }
        }
        let line = |(own, names): (Placement, Vec<String>)| {
            let Placement { what, change, more, gone, .. } = own;
            let word = if change == "is renamed" { "was" } else { "now on" };
            let words = [
                (!more.is_empty()).then(|| format!("{word} {}", few(&more))),
                (!gone.is_empty()).then(|| format!("no longer on {}", few(&gone))),
            ];
            let words: Vec<String> = words.into_iter().flatten().collect();
            let colon = if words.is_empty() { "" } else { ": " };
            format!("{what} {change}: {}{colon}{}", few(&names), words.join("; "))
        };
        alike.into_iter().map(line).collect()
    }

    fn placement(&self, change: &PlacementChange) -> Placement {
        let (old, new) = (self.old, self.new);
        let nodes = |topology: &Topology, nodes: &[NodeId]| {
            nodes.iter().map(|node| topology[*node].name.to_string()).collect::<Vec<_>>()
        };
        let row = |what, name: &str, change| Placement {
            what,
            name: name.to_owned(),
            change,
            more: Vec::new(),
            gone: Vec::new(),
        };
        match change {
            PlacementChange::NodeComes(id) => row("node", &new[*id].name, "comes"),
            PlacementChange::NodeGoes(id) => row("node", &old[*id].name, "goes"),
            PlacementChange::NodeRenamed(before, after) => {
                Placement { more: nodes(old, &[*before]), ..row("node", &new[*after].name, "is renamed") }
            }
            PlacementChange::ServiceComes(id) => {
                Placement { more: nodes(new, &new[*id].placement), ..row("service", &new[*id].name, "comes") }
            }
            PlacementChange::ServiceGoes(id) => {
                Placement { gone: nodes(old, &old[*id].placement), ..row("service", &old[*id].name, "goes") }
            }
            PlacementChange::ServiceMoves { service, comes, goes } => Placement {
                more: nodes(new, comes),
                gone: nodes(old, goes),
                ..row(
                    "service",
                    &new[*service].name,
                    match (comes.is_empty(), goes.is_empty()) {
                        (false, true) => "grows",
                        (true, false) => "shrinks",
                        _ => "moves",
                    },
                )
            },
            _ => row("cluster", "", "changes"),
        }
    }

    fn outputs(&self) -> Vec<String> {
        let mut outputs: BTreeMap<&str, BTreeMap<&str, Vec<String>>> = BTreeMap::new();
        for file in &self.files {
            let of_output = outputs.entry(file.output).or_default();
            of_output.entry(file.change).or_default().push(file.path.clone());
        }
        let mut lines = Vec::new();
        for (output, changes) in outputs {
            for (change, paths) in changes {
                lines.push(format!("{output}: {} {change}: {}", paths.len(), few(&paths)));
            }
        }
        lines
    }

    fn printed(&self, exit: Exit) -> Printed {
        let changes = &self.changes;
        let traffic = |change: &TrafficChange| Traffic {
            kind: change.kind.as_str(),
            from: change.from.iter().map(|ends| self.parties(ends)).collect(),
            to: change.to.iter().map(|ends| self.parties(ends)).collect(),
            services: services(&change.services),
            listening: change.listening.clone(),
            example: Packet {
                source: change.example.source.clone(),
                destination: change.example.destination.clone(),
                service: change.example.service.to_string(),
            },
        };
        let listening = |change: &ListeningChange| Listening {
            at: self.parties(&change.at),
            services: services(&change.services),
            before: change.before.clone(),
            after: change.after.clone(),
        };
        let value = |change: &ValueChange| Value {
            what: change.what.clone(),
            before: change.before.clone(),
            after: change.after.clone(),
        };
        let members = |quorum: Quorum| Members {
            members: quorum.members,
            needed: quorum.needed,
            tolerated: quorum.tolerated(),
        };
        let quorum = |change: &QuorumChange| QuorumOf {
            service: change.service.clone(),
            before: change.before.map(members),
            after: change.after.map(members),
        };
        let file = |file: &RenderedFile| RenderedFile { path: file.path.clone(), ..*file };
        Printed {
            result: Compared::of(exit),
            traffic: changes.traffic.as_ref().map(|all| all.iter().map(traffic).collect()),
            over_ipv6: changes.over_v6.iter().map(value).collect(),
            listening: changes.listening.iter().map(listening).collect(),
            load_balancers: changes.load_balancers.iter().map(value).collect(),
            placement: changes.placement.iter().map(|change| self.placement(change)).collect(),
            quorum: changes.quorum.iter().map(quorum).collect(),
            addresses: changes.addresses.iter().map(value).collect(),
            outputs: self.files.iter().map(file).collect(),
        }
    }

    fn parties(&self, ends: &Ends) -> Parties {
        let topology = self.topology(ends.life);
        Parties {
            names: all_names(topology, &ends.members),
            addresses: addresses_of(topology, &ends.members),
            life: match ends.life {
                Life::Stays => "stays",
                Life::Comes => "comes",
                Life::Goes => "goes",
            },
        }
    }
}

/// `203.0.113.1 → 172.22.1.210, 22/tcp`.
fn example(example: &Example) -> String {
    let Example { source, destination, service, .. } = example;
    match service {
        ServiceRange::Ports(ports) => format!("{} {source} → {destination}:{}", ports.protocol, ports.range),
        other => format!("{other} {source} → {destination}"),
    }
}

fn value(change: &ValueChange) -> String {
    let what = &change.what;
    match (&change.before, &change.after) {
        (Some(before), Some(after)) => format!("{what}: {after}, was {before}"),
        (None, Some(after)) => format!("{what} comes: {after}"),
        (Some(before), None) => format!("{what} goes: {before}"),
        (None, None) => what.clone(),
    }
}

fn quorum(change: &QuorumChange) -> String {
    let words = |quorum: Quorum| {
        let survives = match quorum.tolerated() {
            0 => "no failure".to_owned(),
            1 => "1 failure".to_owned(),
            more => format!("{more} failures"),
        };
        format!("{} of {} have to live, survives {survives}", quorum.needed, quorum.members)
    };
    let name = &change.service;
    match (change.before, change.after) {
        (Some(before), Some(after)) => format!("{name}: {}, was {}", words(after), words(before)),
        (None, Some(after)) => format!("{name} comes: {}", words(after)),
        (Some(before), None) => format!("{name} goes: {}", words(before)),
        (None, None) => name.clone(),
    }
}

fn few(names: &[String]) -> String {
    if names.len() <= MOST {
        return names.join(", ");
    }
    format!("{} and {} more", names[..MOST - 1].join(", "), names.len() - (MOST - 1))
}
