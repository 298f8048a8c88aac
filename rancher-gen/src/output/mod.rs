//! The outputs: each turns the topology into files of one kind, through a view and templates.
//!
//! An output is a folder here, its templates, and one line of [`ALL`]. It computes nothing about the cluster: what is
//! true of it comes from the topology, the flow graph and the policy.

pub mod compose;
pub mod docs;
pub mod install;
pub mod iptables;
pub mod rancher;
pub mod systemd;
pub mod terraform;

use std::any::{Any, TypeId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use rancher_topology::Topology;
use rancher_topology::flow::FlowGraph;
use rancher_topology::lint::{Allowed, Report};
use rancher_topology::policy::{HostPolicy, SecurityPolicy, host_policies};
use rancher_topology::topology::NodeId;
use serde::Serialize;
use thiserror::Error;

use crate::quote::Unquotable;
use crate::template::{TemplateError, Templates};
use crate::tree::{File, InvalidPath, Mode, Taken, Tree};

/// Every output, in the order in which they are rendered.
pub const ALL: [&dyn Output; 7] = [
    &compose::Compose,
    &rancher::Rancher,
    &iptables::Iptables,
    &systemd::Systemd,
    &install::Install,
    &terraform::Terraform,
    &docs::Docs,
];

/// Something that the topology is rendered into.
pub trait Output: Sync {
    /// Its name, as `--only` takes it.
    fn name(&self) -> &'static str;

    /// Renders what stands once for the whole cluster.
    ///
    /// # Errors
    /// When a value cannot be carried by the format.
    fn cluster(&self, _: &Context<'_>, _: &mut Rendering) -> Result<(), RenderError> {
        Ok(())
    }

    /// Renders what a node has of its own, below `nodes/NAME/`.
    ///
    /// # Errors
    /// When a value cannot be carried by the format.
    fn node(&self, _: &Context<'_>, _: NodeId, _: &mut Rendering) -> Result<(), RenderError> {
        Ok(())
    }
}

/// What an output may look at.
pub struct Context<'t> {
    /// The topology.
    pub topology: &'t Topology,
    /// The findings that it allows, with the reasons.
    pub allowed: &'t [Allowed],
    /// Who talks to whom in it.
    pub flows: &'t FlowGraph,
    /// What its security groups admit.
    pub policy: &'t SecurityPolicy,
    /// What the nodes' own firewalls admit, by the position of the pool.
    pub hosts: Vec<HostPolicy>,
    /// The templates.
    pub templates: &'t Templates,
    /// Whether a node's folder must hold what it would share with others.
    pub standalone: bool,
    shared: Mutex<BTreeMap<&'static str, Arc<str>>>,
    made: Mutex<BTreeMap<TypeId, Arc<dyn Any + Send + Sync>>>,
}

impl Context<'_> {
    /// A file that is the same for every node, rendered once and shared.
    ///
    /// # Errors
    /// When its template is wrong.
    pub fn shared(&self, template: &'static str) -> Result<Arc<str>, TemplateError> {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(text) = shared.get(template) {
            return Ok(Arc::clone(text));
        }
        let text: Arc<str> = self.templates.render(template, &BTreeMap::<&str, &str>::new())?.into();
        shared.insert(template, Arc::clone(&text));
        Ok(text)
    }

    /// What an output needs for every node and makes once, told apart by its type. `make` must not ask for another one.
    ///
    /// # Errors
    /// What `make` fails with.
    pub fn once<T: Any + Send + Sync>(
        &self,
        make: impl FnOnce() -> Result<T, RenderError>,
    ) -> Result<Arc<T>, RenderError> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = made.get(&TypeId::of::<T>()).cloned().and_then(|any| any.downcast().ok()) {
            return Ok(found);
        }
        let new = Arc::new(make()?);
        made.insert(TypeId::of::<T>(), Arc::clone(&new) as Arc<dyn Any + Send + Sync>);
        Ok(new)
    }

    /// What the firewall of a node admits.
    #[must_use]
    pub fn host(&self, node: NodeId) -> &HostPolicy {
        &self.hosts[self.topology[node].pool.position()]
    }
}

/// What has been rendered so far.
#[derive(Debug, Default)]
pub struct Rendering {
    output: &'static str,
    tree: Tree,
    notes: BTreeSet<String>,
}

impl Rendering {
    /// Adds a file.
    ///
    /// # Errors
    /// When its path is none, or is taken.
    pub fn file(&mut self, path: &str, contents: impl Into<Arc<str>>, mode: Mode) -> Result<(), RenderError> {
        let file = File { contents: contents.into(), mode, output: self.output };
        Ok(self.tree.insert(path.parse()?, file)?)
    }

    /// Renders a template into a file.
    ///
    /// # Errors
    /// When a value cannot be carried by the format, or the path is taken.
    pub fn template(
        &mut self,
        cx: &Context<'_>,
        path: &str,
        template: &str,
        view: &impl Serialize,
    ) -> Result<(), RenderError> {
        let mode = if has_ending(path, "sh") { Mode::Executable } else { Mode::Plain };
        self.file(path, cx.templates.render(template, view)?, mode)
    }

    /// Says something that the person who renders should know: once, however many nodes it is true of.
    pub fn note(&mut self, text: impl Into<String>) {
        self.notes.insert(text.into());
    }
}

/// Whether a path ends in `.ENDING`.
fn has_ending(path: &str, ending: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, own)| own == ending)
}

/// Why something could not be rendered.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RenderError {
    /// A template, or a value in it.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// A value that a format cannot carry.
    #[error(transparent)]
    Unquotable(#[from] Unquotable),
    /// Two files want one place.
    #[error(transparent)]
    Taken(#[from] Taken),
    /// A name that cannot be a file's.
    #[error(transparent)]
    Path(#[from] InvalidPath),
}

/// What is to be rendered.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// The outputs by name; all of them when there is none.
    pub only: Vec<&'static str>,
    /// The one node whose folder is rendered, so that it stands alone.
    pub node: Option<NodeId>,
}

impl Selection {
    /// Whether an output is to be rendered.
    #[must_use]
    pub fn has(&self, output: &str) -> bool {
        self.only.is_empty() || self.only.contains(&output)
    }
}

/// A rendered topology.
#[derive(Debug)]
#[non_exhaustive]
pub struct Rendered {
    /// The files.
    pub tree: Tree,
    /// What an output could not say where one would look for it, and where it went.
    pub notes: Vec<String>,
}

/// Renders a topology.
///
/// # Errors
/// When a value cannot be carried by one of the formats.
pub fn render(
    topology: &Topology,
    templates: &Templates,
    selection: &Selection,
) -> Result<Rendered, RenderError> {
    let flows = FlowGraph::of(topology);
    let policy = SecurityPolicy::of(topology, &flows);
    render_all(&Known { topology, flows: &flows, policy: &policy, allowed: &[] }, templates, selection)
}

/// Renders the topology of a report, and says in the documentation which findings it allows, and why; nothing where the
/// report has no topology.
///
/// # Errors
/// When a value cannot be carried by one of the formats.
pub fn render_report(
    report: &Report,
    templates: &Templates,
    selection: &Selection,
) -> Result<Option<Rendered>, RenderError> {
    let (Some(topology), Some(flows), Some(policy)) = (&report.topology, &report.flows, &report.policy)
    else {
        return Ok(None);
    };
    let known = Known { topology, flows, policy, allowed: &report.allowed };
    render_all(&known, templates, selection).map(Some)
}

/// What is known of a topology before anything is rendered.
struct Known<'t> {
    topology: &'t Topology,
    flows: &'t FlowGraph,
    policy: &'t SecurityPolicy,
    allowed: &'t [Allowed],
}

fn render_all(
    known: &Known<'_>,
    templates: &Templates,
    selection: &Selection,
) -> Result<Rendered, RenderError> {
    let Known { topology, flows, policy, allowed } = *known;
    let cx = Context {
        topology,
        allowed,
        flows,
        policy,
        hosts: host_policies(topology, policy),
        templates,
        standalone: selection.node.is_some(),
        shared: Mutex::default(),
        made: Mutex::default(),
    };
    let outputs: Vec<&dyn Output> = ALL.into_iter().filter(|output| selection.has(output.name())).collect();
    let nodes: Vec<NodeId> = match selection.node {
        Some(node) => vec![node],
        None => topology.node_ids().collect(),
    };
    let mut whole = Rendering::default();
    if selection.node.is_none() {
        for output in &outputs {
            whole.output = output.name();
            output.cluster(&cx, &mut whole)?;
        }
    }
    for part in in_parallel(&nodes, |nodes| render_nodes(&cx, &outputs, nodes)) {
        let part = part?;
        whole.tree.extend(part.tree)?;
        whole.notes.extend(part.notes);
    }
    Ok(Rendered { tree: whole.tree, notes: whole.notes.into_iter().collect() })
}

fn render_nodes(
    cx: &Context<'_>,
    outputs: &[&dyn Output],
    nodes: &[NodeId],
) -> Result<Rendering, RenderError> {
    let mut part = Rendering::default();
    for node in nodes {
        for output in outputs {
            part.output = output.name();
            output.node(cx, *node, &mut part)?;
        }
    }
    Ok(part)
}

/// Does one thing with parts of a list on as many threads as the machine runs at once; the results keep the order.
fn in_parallel<T: Sync, R: Send>(items: &[T], work: impl Fn(&[T]) -> R + Sync) -> Vec<R> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    if items.len() < 64 || threads == 1 {
        return vec![work(items)];
    }
    std::thread::scope(|scope| {
        let parts: Vec<_> =
            items.chunks(items.len().div_ceil(threads)).map(|part| scope.spawn(|| work(part))).collect();
        parts
            .into_iter()
            .map(|part| part.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}
