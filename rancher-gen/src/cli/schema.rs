//! `rancher-gen schema`.

use super::Failure;
use rancher_gen::exit::Exit;

pub(super) fn run() -> Result<Exit, Failure> {
    let schema = serde_json::to_string_pretty(&rancher_topology::document::schema()).unwrap_or_default();
    super::print(&format!("{schema}\n"))?;
    Ok(Exit::Done)
}
