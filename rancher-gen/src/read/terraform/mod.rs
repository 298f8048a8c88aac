//! What a provider has, by a state as `terraform show -json` prints it
//! (<https://developer.hashicorp.com/terraform/internals/json-format>, "State Representation"; the resources' attributes are
//! those of the provider `hashicorp/aws`).
//!
//! A data source is what somebody else has and this state looks up. It exists as much as what was made here, so it counts
//! where it is the model's; what others have beside that, no model says.

mod groups;
mod resources;

use std::collections::{BTreeMap, BTreeSet};

use rancher_topology::audit::{LiveGroup, LiveResource};
use rancher_topology::{Diagnostic, Span};
use serde_json::Value;

/// What was read of a state.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Read {
    /// The security groups, by the names of their tags, or their own.
    pub groups: Vec<LiveGroup>,
    /// The other resources that a model speaks of.
    pub resources: Vec<LiveResource>,
    /// What was not understood, and may matter: the address of a resource, and what of it.
    pub notes: Vec<String>,
    /// Resources that are not compared and that no packet goes through, by their addresses.
    pub aside: Vec<String>,
}

/// Reads a state.
///
/// # Errors
/// When the text is not what `terraform show -json` prints of a state.
pub fn read(text: &str) -> Result<Read, Vec<Diagnostic>> {
    let wrong = |message: String| {
        let span = Span { start: 0, end: text.len() };
        vec![
            Diagnostic::error("unreadable-state", message, span)
                .help("give what `terraform show -json` printed, without the name of a plan"),
        ]
    };
    let state: Value =
        serde_json::from_str(text).map_err(|error| wrong(format!("this is no JSON: {error}")))?;
    if state["planned_values"].is_object() {
        return Err(wrong("this is a plan, and says of nothing that it exists".to_owned()));
    }
    let root = &state["values"]["root_module"];
    // Of a state with nothing in it, the format's version is all that is printed.
    let is_empty = state["format_version"].is_string() && state["values"].is_null();
    if !root.is_object() && !is_empty {
        return Err(wrong("this JSON is no state of Terraform: `values.root_module` is missing".to_owned()));
    }
    let mut resources = Vec::new();
    collect(root, &mut resources);
    let mut reader = Reader { names: BTreeMap::new(), read: Read::default() };
    resources.retain(|resource| reader.is_current(resource));
    let resources = once_each(resources);
    for resource in resources.iter().filter(|one| kind(one) == "aws_security_group") {
        reader.group(resource);
    }
    for resource in &resources {
        if !reader.rules(resource) && !resources::is_read(kind(resource)) && !is_elsewhere(resource) {
            reader.unread(resource);
        }
    }
    reader.resources(&resources);
    Ok(reader.read)
}

/// The resources of a module and of those in it.
fn collect<'s>(module: &'s Value, resources: &mut Vec<&'s Value>) {
    resources.extend(module["resources"].as_array().into_iter().flatten());
    for child in module["child_modules"].as_array().into_iter().flatten() {
        collect(child, resources);
    }
}

/// Those that were made here, and then those that are only looked up and not among them.
fn once_each(resources: Vec<&Value>) -> Vec<&Value> {
    let (read, mut all): (Vec<&Value>, Vec<&Value>) =
        resources.into_iter().partition(|one| is_elsewhere(one));
    let key = |one: &Value| Some((kind(one).to_owned(), one["values"]["id"].as_str()?.to_owned()));
    let mut known: BTreeSet<(String, String)> = all.iter().filter_map(|one| key(one)).collect();
    all.extend(read.into_iter().filter(|one| key(one).is_none_or(|key| known.insert(key))));
    all
}

struct Reader {
    /// Names of groups by the provider's id.
    names: BTreeMap<String, String>,
    read: Read,
}

/// What resources of AWS no packet goes through, by how their types begin, and other providers' that are nothing in the
/// world.
const ASIDE: [&str; 21] = [
    "aws_acm_",
    "aws_backup_",
    "aws_budgets_",
    "aws_cloudtrail",
    "aws_cloudwatch_",
    "aws_dynamodb_",
    "aws_ebs_",
    "aws_ecr_",
    "aws_iam_",
    "aws_key_pair",
    "aws_kms_",
    "aws_placement_group",
    "aws_s3_",
    "aws_secretsmanager_",
    "aws_sns_",
    "aws_sqs_",
    "aws_ssm_parameter",
    "local_file",
    "null_resource",
    "random_",
    "tls_",
];

impl Reader {
    fn note(&mut self, resource: &Value, text: &str) {
        self.read.notes.push(format!("{}: {text}", address(resource)));
    }

    /// Whether a resource is what it stands for: not what is left of one that was replaced.
    fn is_current(&mut self, resource: &Value) -> bool {
        if !resource["deposed_key"].is_null() {
            self.note(resource, "it was replaced, and still exists: it is not compared");
            return false;
        }
        if resource["tainted"] == true {
            self.note(resource, "it is tainted: the next apply makes it anew");
        }
        true
    }

    /// Tells of a resource that is not compared.
    fn unread(&mut self, resource: &Value) {
        let kind = kind(resource);
        if ASIDE.iter().any(|start| kind.starts_with(start)) {
            self.read.aside.push(address(resource).to_owned());
        } else {
            self.note(resource, &format!("`{kind}` may matter for who reaches whom, and is not compared"));
        }
    }
}

/// Whether a resource is a data source.
fn is_elsewhere(resource: &Value) -> bool {
    resource["mode"] == "data"
}

fn kind(resource: &Value) -> &str {
    resource["type"].as_str().unwrap_or_default()
}

fn address(resource: &Value) -> &str {
    resource["address"].as_str().unwrap_or("a resource")
}
