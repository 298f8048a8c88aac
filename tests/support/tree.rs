//! Small trees, and what of them is on a disk.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use rancher_gen::tree::{File, Mode, Options, Tree, TreeError, Written, write};

pub type Contents = BTreeMap<String, String>;

pub fn tree(files: &[(&str, &str)]) -> Tree {
    let mut tree = Tree::new();
    for (path, contents) in files {
        let mode = if path.ends_with(".sh") { Mode::Executable } else { Mode::Plain };
        let output = if path.starts_with("docs") { "docs" } else { "compose" };
        tree.insert(path.parse().unwrap(), File { contents: (*contents).into(), mode, output }).unwrap();
    }
    tree
}

pub fn put(tree: &Tree, out: &Path) -> Result<Written, TreeError> {
    write(tree, out, &Options { force: false, scope: &|_, _| true })
}

pub fn on_disk(out: &Path) -> Contents {
    fn walk(folder: &Path, root: &Path, found: &mut Contents) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            if name == ".rancher-gen" {
                continue;
            }
            if path.is_dir() {
                walk(&path, root, found);
            } else {
                found.insert(name, fs::read_to_string(&path).unwrap());
            }
        }
    }
    let mut found = Contents::new();
    walk(out, out, &mut found);
    found
}

pub fn contents(tree: &Tree) -> Contents {
    tree.iter().map(|(path, file)| (path.to_string(), file.contents.to_string())).collect()
}
