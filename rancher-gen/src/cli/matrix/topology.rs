//! Who reaches whom on what in a topology.

use std::fmt::Write as _;

use rancher_gen::exit::Exit;
use rancher_topology::Topology;
use rancher_topology::flow::FlowGraph;
use rancher_topology::policy::{SecurityPolicy, Verdict};
use rancher_topology::reach::{Class, Matrix, Opening, Owner, Reach, Whom};
use rancher_topology::scalar::Ports;
use schemars::{JsonSchema, Schema};
use serde::Serialize;

use super::Format;
use crate::cli::Failure;
use crate::cli::ends::{self, addresses_of, all_names, names};
use crate::cli::input::Input;

/// Ports that take more room than this do not push what stands beside them further to the right.
const MOST_WIDE: usize = 44;

/// Who reaches whom on what, over IPv4.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "Matrix")]
#[serde(rename_all = "kebab-case")]
struct Printed {
    /// Ends that behave alike: as clients, as servers, and in what listens there.
    classes: Vec<Alike>,
    /// What gets from one class to another. Everything else that is asked about is refused over IPv4.
    openings: Vec<Open>,
    /// Rules about IPv6, in words. The topology has no addresses of it.
    over_ipv6: Vec<String>,
}

/// Ends that behave alike.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
struct Alike {
    /// The nodes, the load balancer or the database; `internet` for public addresses; nothing for others.
    names: Vec<String>,
    /// Their addresses as networks; nothing where they are not known before it is built.
    addresses: Vec<String>,
    /// What listens there; null where the topology does not know it.
    listening: Option<Vec<Listens>>,
}

/// Ports on which somebody listens.
#[derive(Serialize, JsonSchema)]
struct Listens {
    /// The ports: `2181/tcp`, `80-81/tcp`.
    ports: String,
    /// The service or the mesh of tunnels; `itself` for the node, the load balancer or the database.
    by: String,
}

/// Packets that get from one class to another.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
struct Open {
    /// The position of the class that sends, counted from 0.
    from: usize,
    /// The position of the class that receives. Of a class with itself: each of it from the others.
    to: usize,
    /// What for: `2181/tcp`, `8000-8100/udp`, `icmp`, `other protocols`.
    services: Vec<String>,
    /// Whether they get there for certain, or depending on addresses that are not known before it is built.
    admitted: Certainty,
    /// Who listens there: nobody where it is empty; null where that is not known.
    listening: Option<Vec<String>>,
}

#[derive(Serialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
enum Certainty {
    Certainly,
    Possibly,
}

impl Certainty {
    const fn of(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Yes => Self::Certainly,
            Verdict::Possible | Verdict::No => Self::Possibly,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Certainly => "certainly",
            Self::Possibly => "possibly",
        }
    }
}

/// The schema of what is printed for programs.
pub(in crate::cli) fn schema() -> Schema {
    schemars::schema_for!(Printed)
}

/// Prints who reaches whom, on some ports or on all.
pub(super) fn run(input: &Input, ports: Option<Ports>, format: Format) -> Result<Exit, Failure> {
    let topology = input.topology()?;
    let flows = FlowGraph::of(&topology);
    let policy = SecurityPolicy::of(&topology, &flows);
    let reach = Reach::of(&topology, &flows, &policy);
    let Some(matrix) = reach.matrix() else {
        return Err(Failure::said(Exit::Uncertain, "there are too many ends of which no two are alike")
            .and("ask about some of them with `reach`"));
    };
    let mut openings = matrix.openings();
    if let Some(ports) = ports {
        for opening in &mut openings {
            opening.services = opening.services.intersection(&ports.into());
        }
        openings.retain(|opening| !opening.services.is_empty());
    }
    let over_v6 = reach.over_v6().into_iter().map(|rule| rule.words).collect();
    let shown = Shown { topology: &topology, matrix: &matrix, ports, over_v6 };
    crate::cli::print(&match format {
        Format::Table => shown.text(&openings),
        Format::Csv => shown.csv(&openings),
        Format::Json => {
            let printed = Printed {
                classes: matrix.classes().iter().map(|class| shown.alike(class)).collect(),
                openings: openings.iter().map(|opening| shown.open(opening)).collect(),
                over_ipv6: shown.over_v6.clone(),
            };
            crate::cli::json(&printed)
        }
    })?;
    Ok(Exit::Done)
}

struct Shown<'a> {
    topology: &'a Topology,
    matrix: &'a Matrix,
    /// Those that are asked about, if not all are.
    ports: Option<Ports>,
    over_v6: Vec<String>,
}

impl Shown<'_> {
    /// A paragraph for each class that receives, in it one for each that sends.
    fn text(&self, openings: &[Opening]) -> String {
        let mut end =
            if openings.is_empty() { "Nobody reaches anybody" } else { "Everything else is refused" }
                .to_owned();
        if let Some(ports) = self.ports {
            let _ = write!(end, " on {ports}");
        }
        end.push_str(" over IPv4.\n");
        if !self.over_v6.is_empty() {
            let _ = writeln!(
                end,
                "Over IPv6, of which the topology has no addresses:\n  {}",
                self.over_v6.join("\n  ")
            );
        }
        let words = |opening: &Opening| {
            let doubt = if opening.verdict == Verdict::Possible { "possibly " } else { "" };
            format!("{doubt}{}", opening.services)
        };
        let width = openings.iter().map(|opening| words(opening).chars().count()).max();
        let width = width.unwrap_or(0).min(MOST_WIDE);
        // Who receives, from whom, and a line for each group of ports.
        let mut received: Grouped<Grouped<Vec<String>>> = Vec::new();
        for of_receiver in openings.chunk_by(|one, next| one.to == next.to) {
            let to = of_receiver[0].to;
            let mut sent = Vec::new();
            for of_sender in of_receiver.chunk_by(|one, next| one.from == next.from) {
                let from = of_sender[0].from;
                let name = if from == to { "each other".to_owned() } else { self.name(from) };
                let line = |opening: &Opening| {
                    let line = format!("    {:<width$}  {}", words(opening), self.listening(opening));
                    line.trim_end().to_owned()
                };
                group(&mut sent, name, of_sender.iter().map(line).collect());
            }
            group(&mut received, self.name(to), sent);
        }
        let mut text = String::new();
        for (receivers, sent) in received {
            let _ = writeln!(text, "to {}", receivers.join("\nto "));
            for (senders, lines) in sent {
                let _ = writeln!(text, "  from {}\n{}", senders.join("\n  from "), lines.join("\n"));
            }
            text.push('\n');
        }
        text + &end
    }

    fn listening(&self, opening: &Opening) -> String {
        match &opening.listening {
            None => String::new(),
            Some(owners) if owners.is_empty() => "nobody listens".to_owned(),
            Some(owners) => self.owners(owners).join(", "),
        }
    }

    fn name(&self, at: usize) -> String {
        let members = &self.matrix.classes()[at].members;
        let others = if matches!(members[0], Whom::Addresses(_)) { "other addresses: " } else { "" };
        format!("{others}{}", names(self.topology, members))
    }

    fn owners(&self, owners: &[Owner]) -> Vec<String> {
        owners.iter().map(|owner| owner.name(self.topology).to_owned()).collect()
    }

    fn csv(&self, openings: &[Opening]) -> String {
        let classes = self.matrix.classes().iter();
        let classes: Vec<String> = classes
            .map(|class| all_names(self.topology, &class.members).join("; ").replace(", ", "; "))
            .collect();
        let mut text = "from,to,ports,admitted,listening\n".to_owned();
        for opening in openings {
            let open = self.open(opening);
            let listening = match &opening.listening {
                None => String::new(),
                Some(owners) if owners.is_empty() => "nobody".to_owned(),
                Some(owners) => self.owners(owners).join(" "),
            };
            let services: Vec<String> =
                open.services.iter().map(|service| service.replace(' ', "-")).collect();
            let cells = [
                &classes[open.from],
                &classes[open.to],
                &services.join(" "),
                open.admitted.as_str(),
                &listening,
            ];
            text.push_str(&cells.join(","));
            text.push('\n');
        }
        text
    }

    fn alike(&self, class: &Class) -> Alike {
        let topology = self.topology;
        let name = |member: &Whom| match member {
            Whom::End(end) => Some(end.name(topology)),
            Whom::Internet(_) => Some("internet".to_owned()),
            Whom::Addresses(_) => None,
        };
        let listening = class.listening.as_ref().map(|all| {
            let all = all.iter();
            all.map(|own| Listens { ports: own.ports.to_string(), by: own.by.name(topology).to_owned() })
                .collect()
        });
        Alike {
            names: class.members.iter().filter_map(name).collect(),
            addresses: addresses_of(topology, &class.members),
            listening,
        }
    }

    fn open(&self, opening: &Opening) -> Open {
        let Opening { from, to, services, verdict, listening, .. } = opening;
        Open {
            from: *from,
            to: *to,
            services: ends::services(services),
            admitted: Certainty::of(*verdict),
            listening: listening.as_ref().map(|owners| self.owners(owners)),
        }
    }
}

/// Names of which the same is to be said, in order.
type Grouped<T> = Vec<(Vec<String>, T)>;

fn group<T: PartialEq>(groups: &mut Grouped<T>, name: String, said: T) {
    match groups.iter_mut().find(|(_, known)| *known == said) {
        Some((names, _)) => names.push(name),
        None => groups.push((vec![name], said)),
    }
}
