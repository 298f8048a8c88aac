//! Terraform with the provider's schema and no cloud behind it, and a mock of AWS to replay its state into.

use std::path::{Path, PathBuf};
use std::process::Command;

use rancher_gen::tree::Tree;
use serde_json::Value;

use super::tools::{program, python, run, top};

/// The rendered files below `terraform/`, by their name there.
pub fn files(tree: &Tree) -> impl Iterator<Item = (String, String)> {
    tree.iter()
        .filter_map(|(path, file)| {
            Some((path.to_string().strip_prefix("terraform/")?.to_owned(), file.contents.to_string()))
        })
        .collect::<Vec<_>>()
        .into_iter()
}

/// A folder that Terraform works in; the provider that it talks to is started for each command and ends with it.
pub struct Folder(tempfile::TempDir);

impl Folder {
    pub fn new(tree: &Tree) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.put(tree);
        folder
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Puts the rendered files there in place of those that were there.
    pub fn put(&self, tree: &Tree) {
        for entry in std::fs::read_dir(self.path()).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|ending| ending == "tf" || ending == "sh") {
                std::fs::remove_file(path).unwrap();
            }
        }
        for (name, contents) in files(tree) {
            let path = self.path().join(&name);
            std::fs::write(&path, contents).unwrap();
            if path.extension().is_some_and(|ending| ending == "sh") {
                use std::os::unix::fs::PermissionsExt as _;
                std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
            }
        }
    }

    /// Runs subcommands of Terraform, one after the other, with the schema's provider.
    pub fn terraform(&self, variables: &[(&str, &str)], subcommands: &str) -> Command {
        let terraform = PathBuf::from(program("terraform").get_program());
        let mut path = terraform.parent().unwrap().as_os_str().to_owned();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        let script = subcommands.split("&&").map(|words| format!("terraform {}", words.trim()));
        let script: Vec<String> = script.collect();
        let mut command = python();
        command
            .arg(data("schema_provider.py"))
            .arg(data("aws-provider-schema.json"))
            .args(["--", "sh", "-ec", &script.join("\n")])
            .current_dir(self.path())
            .env("PATH", path)
            .env("TF_IN_AUTOMATION", "1")
            .env("TF_INPUT", "0")
            .env("TF_CLI_ARGS", "-no-color")
            .env("CHECKPOINT_DISABLE", "1")
            .env_remove("TF_CLI_CONFIG_FILE")
            .envs(variables.iter().copied());
        command
    }

    /// Validates, plans and applies; a plan after it is empty. The state, as Terraform shows it.
    pub fn applied(&self, variables: &[(&str, &str)]) -> Value {
        run(&mut self.terraform(
            variables,
            "init -backend=false && validate && plan -out=first.plan && apply first.plan && plan -detailed-exitcode",
        ));
        let state = run(&mut self.terraform(variables, "show -json"));
        std::fs::write(self.path().join("state.json"), &state).unwrap();
        serde_json::from_str(&state).unwrap()
    }

    /// What a plan would change now, by address.
    pub fn changes(&self) -> Value {
        run(&mut self.terraform(&[], "plan -out=next.plan"));
        serde_json::from_str(&run(&mut self.terraform(&[], "show -json next.plan"))).unwrap()
    }

    /// What a mock of AWS says once it has everything of the state.
    pub fn mock(&self, script: Option<&Path>) -> Value {
        let mut command = python();
        command.arg(data("mock_aws.py")).arg(self.path().join("state.json")).args(script);
        serde_json::from_str(&run(&mut command)).unwrap()
    }
}

fn data(name: &str) -> PathBuf {
    top().join("tests/data/terraform").join(name)
}

/// The resources of a state whose type begins so.
pub fn resources<'s>(state: &'s Value, kind: &'s str) -> impl Iterator<Item = &'s Value> {
    let all = state["values"]["root_module"]["resources"].as_array().unwrap();
    all.iter().filter(move |resource| resource["type"].as_str().unwrap().starts_with(kind))
}

pub fn addresses(state: &Value) -> Vec<&str> {
    resources(state, "").map(|resource| resource["address"].as_str().unwrap()).collect()
}

/// The addresses of a plan that are created, or deleted (replaced ones too).
pub fn of_kind<'p>(plan: &'p Value, kind: &str) -> Vec<&'p str> {
    let changes = plan["resource_changes"].as_array().unwrap();
    let of_kind = changes
        .iter()
        .filter(|change| change["change"]["actions"].as_array().unwrap().iter().any(|action| action == kind));
    of_kind.map(|change| change["address"].as_str().unwrap()).collect()
}
