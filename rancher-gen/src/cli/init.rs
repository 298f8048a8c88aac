//! `rancher-gen init`.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::Failure;
use rancher_gen::exit::Exit;

/// The topology to start from.
const STARTER: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/templates/init/topology.yaml"));

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  rancher-gen init                      write topology.yaml
  rancher-gen init clusters/prod.yaml   write another file
  rancher-gen init -                    print it")]
pub(super) struct Args {
    /// Where to; a file that is there already stays. `-` prints it
    #[arg(value_name = "FILE", default_value = "topology.yaml")]
    path: PathBuf,
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    if args.path == Path::new("-") {
        super::print(STARTER)?;
        return Ok(Exit::Done);
    }
    let name = args.path.display().to_string();
    if let Some(folder) = args.path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| Failure::io(folder.display(), &error))?;
    }
    let open = OpenOptions::new().write(true).create_new(true).open(&args.path);
    let mut file = open.map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            Failure::said(Exit::Io, format!("{name} is there already, and stays as it is"))
                .and("name another file, or `-` to print the starter")
        }
        _ => Failure::io(&name, &error),
    })?;
    file.write_all(STARTER.as_bytes()).map_err(|error| Failure::io(&name, &error))?;
    super::tell(&format!("wrote {name}; next: rancher-gen render {name} --out rendered\n"));
    Ok(Exit::Done)
}
