//! A machine to install on: its /etc, /var/lib and /run are copies, and systemd is a program that takes notes.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::examples::topology;
use super::lab::{Lab, script};
use super::netns::BackEnd;
use super::tools::{program, run};
use rancher_gen::output::{Selection, render};
use rancher_gen::template::Templates;
use rancher_gen::tree::{Options, write};

/// What is below a folder: the kind, the mode and the contents of each file.
pub type Snapshot = BTreeMap<PathBuf, (u32, String)>;

pub fn snapshot(folder: &Path) -> Snapshot {
    fn walk(folder: &Path, root: &Path, found: &mut Snapshot) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let about = fs::symlink_metadata(&path).unwrap();
            let contents = if about.is_symlink() {
                fs::read_link(&path).unwrap().display().to_string()
            } else if about.is_dir() {
                walk(&path, root, found);
                String::new()
            } else {
                String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned()
            };
            found.insert(path.strip_prefix(root).unwrap().to_owned(), (about.permissions().mode(), contents));
        }
    }
    let mut found = Snapshot::new();
    walk(folder, folder, &mut found);
    found
}

/// Renders a topology, or one node of it, or some of its outputs.
pub fn rendered(document: &str, only: &[&'static str], node: Option<&str>, out: &Path) -> PathBuf {
    let topology = topology(document);
    let node = node.map(|name| topology.node_ids().find(|id| topology[*id].name.as_str() == name).unwrap());
    let selection = Selection { only: only.to_vec(), node };
    let tree = render(&topology, &Templates::embedded(), &selection).unwrap().tree;
    write(&tree, out, &Options { force: true, scope: &|_, _| true }).unwrap();
    out.join("nodes/mgmt-host-1")
}

pub struct Machine {
    pub lab: Lab,
    folder: tempfile::TempDir,
}

impl Machine {
    pub fn new() -> Self {
        let machine = Self { lab: Lab::new(BackEnd::Nft), folder: tempfile::tempdir().unwrap() };
        for folder in ["var-lib", "run/systemd/system", "active", "bin"] {
            fs::create_dir_all(machine.path(folder)).unwrap();
        }
        run(program("cp").args(["-a", "/etc"]).arg(machine.path("etc")));
        fs::create_dir_all(machine.path("etc/systemd/system")).unwrap();
        // The real systemctl makes and removes the links; what it would ask the running systemd is noted.
        let systemctl = program("systemctl").get_program().to_owned();
        let text = format!(
            "#!/bin/bash\nquiet=\nif [ \"$1\" = -q ]; then quiet=yes; shift; fi\n\
             case $1 in --root=*) exec {real} \"$@\" 2>/dev/null ;; esac\n\
             [ -n \"$quiet\" ] || echo \"$*\" >>{log}\n\
             case $1 in\n\
             is-enabled) exec {real} -q --root=/ \"$@\" ;;\n\
             enable|disable) exec {real} --root=/ \"$@\" 2>/dev/null ;;\n\
             is-active) [ -e {active}/\"$2\" ] ;;\n\
             start) for unit; do :; done; [ -e /etc/systemd/system/\"$unit\" ] && touch {active}/\"$unit\" ;;\n\
             stop) /bin/rm -f {active}/\"$2\" ;;\n\
             esac\n",
            real = systemctl.to_str().unwrap(),
            log = machine.path("log").display(),
            active = machine.path("active").display(),
        );
        script(&machine.path("bin"), "systemctl", &text);
        let noted = |name: &str| {
            format!(
                "#!/bin/bash\n[ \"$1\" = version ] || echo \"{name} $*\" >>{}\n",
                machine.path("log").display()
            )
        };
        script(&machine.path("bin"), "docker-compose", &noted("docker-compose"));
        // The cluster manager has started its parent, and nothing else yet.
        let docker = format!(
            "#!/bin/bash\ncase $1 in\ninspect) [ \"$2\" = rancher-ha-parent ] ;;\nrm) echo \"docker $*\" >>{} ;;\nesac\n",
            machine.path("log").display()
        );
        script(&machine.path("bin"), "docker", &docker);
        script(
            &machine.path("bin"),
            "systemd-run",
            &format!("{}shift\n\"$@\" </dev/null >/dev/null 2>&1 &\n", noted("systemd-run")),
        );
        machine
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    /// A program that runs on the machine.
    pub fn command(&self, program: &str) -> Command {
        let mounts = ["etc:/etc", "var-lib:/var/lib", "run:/run", "bin:/usr/local/bin"].map(|pair| {
            let (from, to) = pair.split_once(':').unwrap();
            format!("mount --bind {} {to} && ", self.path(from).display())
        });
        let mut command = self.lab.node.command("unshare");
        let mut path = self.path("bin").into_os_string();
        path.push(":");
        path.push(&self.lab.path);
        command.args(["-m", "bash", "-c", &(mounts.concat() + "exec \"$@\""), "-", program]);
        command.env("PATH", path);
        command
    }

    pub fn install(&self, node: &Path, words: &[&str]) -> Output {
        self.command("bash").arg(node.join("install.sh")).args(words).output().unwrap()
    }

    /// Runs it, and gives what it printed.
    #[track_caller]
    pub fn done(&self, node: &Path, words: &[&str]) -> String {
        let output = self.install(node, words);
        let told =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "install.sh {}: {}\n{told}", words.join(" "), output.status);
        told
    }

    /// Runs it, and gives why it refused.
    #[track_caller]
    pub fn refused(&self, node: &Path, words: &[&str]) -> String {
        let output = self.install(node, words);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "install.sh {}\n{told}", words.join(" "));
        told
    }

    /// What systemd and compose were told since this was last asked.
    pub fn log(&self) -> Vec<String> {
        let log = fs::read_to_string(self.path("log")).unwrap_or_default();
        let _ = fs::remove_file(self.path("log"));
        log.lines().map(str::to_owned).collect()
    }

    /// All that an installation could change on the disk.
    pub fn state(&self) -> Snapshot {
        let mut all = snapshot(self.folder.path());
        let ours = ["etc/rancher-gen", "etc/systemd", "var-lib"];
        // The loader's notes are its own; `firewall_loader` is about them.
        let notes = Path::new("var-lib/rancher-gen/firewall");
        all.retain(|path, _| ours.iter().any(|own| path.starts_with(own)) && !path.starts_with(notes));
        all
    }

    #[track_caller]
    pub fn is_as(&self, before: &Snapshot, when: &str) {
        let now = self.state();
        let differs = |path: &&PathBuf| now.get(*path) != before.get(*path);
        let all: Vec<&PathBuf> = now.keys().chain(before.keys()).filter(differs).collect();
        assert!(all.is_empty(), "{when}: {all:?}");
    }

    pub fn enabled(&self) -> Vec<String> {
        let mut names = Vec::new();
        for wants in ["multi-user.target.wants", "timers.target.wants"] {
            let Ok(links) = fs::read_dir(self.path("etc/systemd/system").join(wants)) else { continue };
            names.extend(links.map(|link| link.unwrap().file_name().into_string().unwrap()));
        }
        names.retain(|name| name.starts_with("rancher-gen"));
        names.sort();
        names
    }

    pub fn firewall_is_loaded(&self) -> bool {
        let status = self.command("bash").args(["/etc/rancher-gen/iptables/firewall.sh", "status"]).output();
        status.unwrap().status.success()
    }

    pub fn out(&self) -> PathBuf {
        self.path("rendered")
    }
}

/// Makes a program of the machine kill whoever calls it, at its n-th call and before it does anything.
pub fn deadly(machine: &Machine, name: &str, call: usize) {
    let count = machine.path("count");
    let _ = fs::remove_file(&count);
    let mortal = machine.path("bin").join(name);
    let real = machine.path("real").join(name);
    fs::create_dir_all(machine.path("real")).unwrap();
    if mortal.exists() {
        fs::rename(&mortal, &real).unwrap();
    } else {
        std::os::unix::fs::symlink(program(name).get_program(), &real).unwrap();
    }
    let text = format!(
        "#!/bin/bash\necho >>{0}\nif [ \"$(wc -l <{0})\" = {call} ]; then kill -9 $PPID; exit 1; fi\nexec {1} \"$@\"\n",
        count.display(),
        real.display()
    );
    script(&machine.path("bin"), name, &text);
}

/// Runs it, and sees that it was killed.
#[track_caller]
pub fn killed(machine: &Machine, node: &Path, words: &[&str], name: &str) {
    let output = machine.install(node, words);
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(
        !output.status.success(),
        "no call of {name} killed it, of {}\n{told}",
        fs::read_to_string(machine.path("count")).unwrap().len()
    );
    let (mortal, real) = (machine.path("bin").join(name), machine.path("real").join(name));
    if real.is_symlink() {
        fs::remove_file(real).unwrap();
        fs::remove_file(mortal).unwrap();
    } else {
        fs::rename(real, mortal).unwrap();
    }
}
