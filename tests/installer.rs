//! `install.sh` on a machine of our own.
#![allow(clippy::unwrap_used, clippy::case_sensitive_file_extension_comparisons)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

mod support;
use support::examples::HARDENED;
use support::lab::with_peers;
use support::machine::{Machine, deadly, killed, rendered, snapshot};
use support::tools::{program, run};

const SECRETS: [&str; 3] = ["server.conf", "secrets.conf", "server/encryption.key"];

#[test]
fn a_node_is_installed_in_order_and_a_second_run_finds_nothing_to_do() {
    let machine = Machine::new();
    let node = rendered(HARDENED, &[], None, &machine.out());
    let told = machine.done(&node, &["--way-back", "60"]);
    for path in ["secrets.conf", "server/encryption.key"] {
        assert!(told.contains(&format!("still to do: put /var/lib/rancher/etc/{path} there, then: systemctl start rancher-gen-person.service")), "{told}");
    }
    assert!(!told.contains("secrets.env there"), "managed mode takes no secret of the static one\n{told}");
    assert!(told.contains("--confirm"), "{told}");
    let log = machine.log();
    assert_eq!(
        log.iter().filter(|line| !line.contains("way-back")).collect::<Vec<_>>(),
        [
            "daemon-reload",
            "enable rancher-gen-firewall.service",
            "enable rancher-gen-health.timer",
            "enable rancher-gen-managed.target",
            "disable rancher-gen-static.target",
        ],
        "containers wait: the way back leads to no firewall at all"
    );
    // The firewall is loaded, with the way back armed, before anything is enabled or started.
    assert_eq!(
        log.iter().position(|line| line.starts_with("systemd-run --unit=rancher-gen-way-back")),
        Some(3),
        "{log:?}"
    );
    assert_eq!(
        machine.enabled(),
        ["rancher-gen-firewall.service", "rancher-gen-health.timer", "rancher-gen-managed.target"]
    );
    assert!(machine.firewall_is_loaded());

    let at = |path: &str| machine.path(path);
    for (path, mode) in [
        ("etc/rancher-gen/iptables/firewall.sh", 0o755),
        ("etc/rancher-gen/health.sh", 0o755),
        ("etc/rancher-gen/compose.rancher-ha.yaml", 0o644),
        ("etc/systemd/system/docker.service.d/10-rancher-gen-firewall.conf", 0o644),
        ("var-lib/rancher/etc/server.conf", 0o644),
    ] {
        assert_eq!(fs::metadata(at(path)).unwrap().permissions().mode() & 0o7777, mode, "{path}");
    }
    let state = machine.state();
    for (path, (_, contents)) in snapshot(&node) {
        let name = path.file_name().unwrap().to_str().unwrap();
        if node.join(&path).is_file() && !["install.sh", "node.conf"].contains(&name) {
            let installed = state.values().any(|(_, own)| *own == contents);
            assert!(installed, "{} is nowhere", path.display());
        }
    }

    let before = machine.state();
    let told = machine.done(&node, &["--way-back", "60"]);
    assert!(told.contains("mgmt-host-1: nothing to do"), "{told}");
    machine.is_as(&before, "on the disk");
    assert_eq!(machine.log(), Vec::<String>::new());
    for path in SECRETS {
        let path = machine.path("var-lib/rancher/etc").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
    }
    assert!(!machine.done(&node, &[]).contains("still to do"));
    // A mode that somebody changed is put right.
    let script = at("etc/rancher-gen/iptables/firewall.sh");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o600)).unwrap();
    machine.done(&node, &["--no-way-back"]);
    assert_eq!(fs::metadata(&script).unwrap().permissions().mode() & 0o7777, 0o755);
    machine.done(&node, &["--uninstall"]);
}

#[test]
fn a_dry_run_says_everything_and_does_nothing() {
    let machine = Machine::new();
    let node = rendered(HARDENED, &[], None, &machine.out());
    let before = machine.state();
    let loaded = machine.lab.loaded();
    let told = machine.done(&node, &["--dry-run"]);
    for words in [
        "put /etc/rancher-gen/compose.yaml",
        "load --way-back 120",
        "systemctl enable rancher-gen-managed.target",
        "systemctl start --no-block rancher-gen-managed.target",
    ] {
        assert!(told.contains(words), "{words}\n{told}");
    }
    machine.is_as(&before, "on the disk");
    assert_eq!(machine.lab.loaded(), loaded);
    assert_eq!(machine.log(), Vec::<String>::new());

    machine.done(&node, &["--no-way-back"]);
    machine.log();
    let (before, loaded) = (machine.state(), machine.lab.loaded());
    assert!(
        machine.done(&node, &["--uninstall", "--dry-run"]).contains("remove /etc/rancher-gen/compose.yaml")
    );
    assert!(
        machine.done(&node, &["--mode", "static", "--dry-run"]).contains("enable rancher-gen-static.target")
    );
    machine.is_as(&before, "on the disk");
    assert_eq!(machine.lab.loaded(), loaded);
    assert_eq!(machine.log(), Vec::<String>::new());
}

#[test]
fn uninstalling_leaves_the_machine_as_it_was() {
    let machine = Machine::new();
    let node = rendered(HARDENED, &[], None, &machine.out());
    // Folders that are there and empty are not ours to remove.
    fs::create_dir_all(machine.path("var-lib/rancher")).unwrap();
    fs::create_dir_all(machine.path("etc/systemd/system/multi-user.target.wants")).unwrap();
    let (before, loaded) = (machine.state(), machine.lab.loaded());
    machine.done(&node, &["--no-way-back"]);
    machine.log();
    let secrets = machine.path("etc/rancher-gen/secrets.env");
    fs::write(&secrets, "A=b\n").unwrap();
    machine.done(&node, &["--uninstall"]);
    assert_eq!(fs::read_to_string(&secrets).unwrap(), "A=b\n");
    fs::remove_file(&secrets).unwrap();
    fs::remove_dir(machine.path("etc/rancher-gen")).unwrap();
    let log = machine.log();
    let place =
        |line: &str| log.iter().position(|own| own == line).unwrap_or_else(|| panic!("{line}: {log:?}"));
    assert!(place("stop rancher-gen-managed.target") < place("stop rancher-gen-person.service"));
    // The engine would start a stopped container again.
    assert!(
        place("stop rancher-gen-person.service")
            < place("docker-compose -p rancher-gen-person -f /etc/rancher-gen/compose.yaml down")
    );
    // What a starter started by itself would stand open without the firewall; only its parent is there.
    place("docker rm -fv rancher-ha-parent");
    assert_eq!(log.iter().filter(|line| line.starts_with("docker rm")).count(), 1, "{log:?}");
    assert!(!log.contains(&"stop rancher-gen-firewall.service".to_owned()), "the engine would stop with it");
    assert_eq!(log.last().unwrap(), "daemon-reload");
    machine.is_as(&before, "on the disk");
    assert_eq!(machine.lab.loaded(), loaded);
    assert!(machine.done(&node, &["--uninstall"]).contains("nothing of ours is installed"));
}

#[test]
fn what_an_earlier_install_left_goes_with_its_units() {
    let machine = Machine::new();
    let old = rendered(HARDENED, &[], None, &machine.out());
    machine.done(&old, &["--no-way-back", "--mode", "static"]);
    machine.log();
    // A new engine asks health checks itself, and nothing can be started in a starter's place any more.
    let document = HARDENED
        .replace("docker-1.10.3", "docker-1.13.1")
        .replace("    replaceable: true", "    replaceable: false");
    let new = rendered(&document, &[], None, &machine.path("new"));
    let told = machine.done(&new, &["--no-way-back"]);
    for path in [
        "/etc/rancher-gen/health.sh",
        "/etc/systemd/system/rancher-gen-static.target",
        "/etc/systemd/system/rancher-gen-rancher-ha.service",
    ] {
        assert!(told.contains(&format!("remove {path}")), "{told}");
        assert!(!machine.path(&path[1..]).exists());
    }
    let log = machine.log();
    for line in [
        "stop rancher-gen-static.target",
        "disable rancher-gen-static.target",
        "stop rancher-gen-rancher-ha.service",
        "disable rancher-gen-health.timer",
    ] {
        assert!(
            log.iter().position(|own| own == line) < log.iter().position(|own| own == "daemon-reload"),
            "{line}: {log:?}"
        );
        assert!(log.contains(&line.to_owned()), "{line}: {log:?}");
    }
    assert_eq!(machine.enabled(), ["rancher-gen-firewall.service", "rancher-gen-managed.target"]);
    assert!(machine.done(&new, &[]).contains("nothing to do"));
    machine.done(&new, &["--uninstall"]);
}

#[test]
fn a_changed_compose_file_reaches_what_runs() {
    let machine = Machine::new();
    let node = rendered(HARDENED, &[], None, &machine.out());
    machine.done(&node, &["--no-way-back"]);
    fs::write(machine.path("active/rancher-gen-person.service"), "").unwrap();
    machine.log();
    let node = rendered(
        &HARDENED.replace("rancher/server:v1.1.4", "rancher/server:v1.1.3"),
        &[],
        None,
        &machine.out(),
    );
    let told = machine.done(&node, &[]);
    let log = machine.log();
    assert!(log.contains(&"reload-or-restart --no-block rancher-gen-person.service".to_owned()), "{log:?}");
    assert!(
        !log.iter().any(|line| line.contains("rancher-gen-rancher-ha.service")),
        "it does not run: {log:?}"
    );
    assert!(!told.contains("firewall.sh load"), "no rule has changed, so nobody has to confirm\n{told}");
}

#[test]
fn what_somebody_edited_is_named_and_kept() {
    let machine = Machine::new();
    let node = rendered(HARDENED, &[], None, &machine.out());
    let conf = machine.path("var-lib/rancher/etc/server.conf");
    fs::create_dir_all(conf.parent().unwrap()).unwrap();
    fs::write(&conf, "of rancher-ha.sh\n").unwrap();
    let before = machine.state();
    assert!(machine.refused(&node, &[]).contains("  /var/lib/rancher/etc/server.conf\n"));
    machine.is_as(&before, "on the disk");
    machine.done(&node, &["--force", "--no-way-back"]);
    assert_ne!(fs::read_to_string(&conf).unwrap(), "of rancher-ha.sh\n");

    let compose = machine.path("etc/rancher-gen/compose.yaml");
    let health = machine.path("etc/rancher-gen/health.sh");
    for path in [&compose, &health] {
        fs::write(path, "edited\n").unwrap();
    }
    let before = machine.state();
    assert!(machine.refused(&node, &[]).contains("  /etc/rancher-gen/compose.yaml\n"));
    // The one is no longer rendered, and still somebody's.
    let new = rendered(&HARDENED.replace("docker-1.10.3", "docker-1.13.1"), &[], None, &machine.path("new"));
    let told = machine.refused(&new, &[]);
    assert!(
        told.contains("  /etc/rancher-gen/compose.yaml\n") && told.contains("  /etc/rancher-gen/health.sh\n"),
        "{told}"
    );
    machine.is_as(&before, "on the disk");

    let told = machine.refused(&node, &["--uninstall"]);
    assert!(told.contains("some files were edited and are still there"), "{told}");
    assert_eq!(fs::read_to_string(&compose).unwrap(), "edited\n");
    assert!(!machine.path("etc/rancher-gen/iptables").exists());
    machine.done(&node, &["--uninstall", "--force"]);
    assert!(!machine.path("etc/rancher-gen").exists());
}

#[test]
fn exactly_one_mode_is_enabled_and_stays() {
    let machine = Machine::new();
    let node = rendered(HARDENED, &[], None, &machine.out());
    let told = machine.done(&node, &["--mode", "static", "--no-way-back"]);
    assert!(told.contains("still to do: put /etc/rancher-gen/secrets.env there, then: systemctl start rancher-gen-rancher-ha.service"), "{told}");
    let modes = || {
        let mut names = machine.enabled();
        names.retain(|name| name.ends_with(".target"));
        names
    };
    assert_eq!(modes(), ["rancher-gen-static.target"]);
    // The cluster manager would delete the static containers: it is not started because somebody left a word out.
    assert!(machine.done(&node, &[]).contains("nothing to do"));
    assert_eq!(modes(), ["rancher-gen-static.target"]);
    let told = machine.done(&node, &["--mode", "managed"]);
    assert_eq!(modes(), ["rancher-gen-managed.target"]);
    assert!(!told.contains("firewall.sh load"), "the rules are as they were\n{told}");
    assert!(machine.refused(&node, &["--mode", "manual"]).contains("it has: managed static"));
    for words in [&["--way-back", "soon"][..], &["--way-back"], &["--mode"], &["--nonsense"]] {
        assert_eq!(machine.install(&node, words).status.code(), Some(2), "{words:?}");
    }
}

#[test]
fn the_firewall_is_kept_when_somebody_confirms_and_goes_back_when_nobody_does() {
    let machine = Machine::new();
    let node = rendered(HARDENED, &[], None, &machine.out());
    let loaded = machine.lab.loaded();
    machine.done(&node, &["--way-back", "1"]);
    let end = Instant::now() + Duration::from_secs(20);
    while machine.lab.loaded() != loaded {
        assert!(Instant::now() < end, "the way back was never taken");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(machine.refused(&node, &["--confirm"]).contains("too late"));
    // Nothing on the disk is different; what is loaded is.
    assert!(machine.done(&node, &["--way-back", "60"]).contains("load --way-back 60"));
    assert!(
        !machine.log().iter().any(|line| line.starts_with("start ")),
        "nothing is started before it is confirmed"
    );
    machine.done(&node, &["--confirm", "--dry-run"]);
    assert!(machine.done(&node, &[]).contains("--confirm"), "a second run says what is still to be done");
    machine.done(&node, &["--confirm"]);
    assert!(machine.firewall_is_loaded());
    assert!(machine.log().contains(&"start --no-block rancher-gen-managed.target".to_owned()));
    assert!(machine.done(&node, &[]).contains("nothing to do"));
}

#[test]
fn sets_come_from_the_whole_tree_or_from_the_node_s_folder() {
    let machine = Machine::new();
    let document = with_peers(12);
    let whole = rendered(&document, &[], None, &machine.out());
    let alone = rendered(&document, &[], Some("mgmt-host-1"), &machine.path("alone"));
    let moved = machine.path("moved");
    run(program("cp").args(["-a".as_ref(), alone.as_os_str(), moved.as_os_str()]));
    machine.done(&whole, &["--no-way-back"]);
    let set = machine.path("etc/rancher-gen/iptables/rgen-server-nodes.ipset");
    assert!(set.exists() && machine.firewall_is_loaded());
    assert!(machine.done(&moved, &[]).contains("nothing to do"), "both hold the same");
    fs::remove_file(moved.join("iptables/rgen-server-nodes.ipset")).unwrap();
    assert!(
        machine.refused(&moved, &[]).contains("the set rgen-server-nodes is neither in this folder nor in")
    );
    machine.done(&whole, &["--uninstall"]);
    assert!(!machine.lab.loaded().contains("rgen-"));
}

#[test]
fn another_host_or_another_world_is_refused_before_anything_is_changed() {
    let machine = Machine::new();
    let node = rendered(HARDENED, &[], None, &machine.out());
    let before = machine.state();
    let other = node.parent().unwrap().join("mgmt-host-2");
    assert!(machine.refused(&other, &[]).contains("this host is not mgmt-host-2"));
    assert!(machine.refused(&other, &["--any-host"]).contains("the firewall could not be loaded here"));
    let elsewhere =
        HARDENED.replace("    groups: server-nodes\n", "    groups: server-nodes\n    interfaces: ens5\n");
    let wrong = rendered(&elsewhere, &[], None, &machine.path("wrong"));
    assert!(machine.refused(&wrong, &[]).contains("there is no interface ens5 here"));
    fs::remove_file(machine.path("bin/docker-compose")).unwrap();
    assert!(machine.refused(&node, &[]).contains("`/usr/local/bin/docker-compose` does not work here"));
    machine.is_as(&before, "on the disk");
    assert_eq!(machine.log(), Vec::<String>::new());
}

#[test]
fn a_part_of_the_outputs_is_installed_as_far_as_it_goes() {
    let machine = Machine::new();
    // No firewall: its unit and the engine's drop-in would keep the engine from starting.
    let node =
        rendered(HARDENED, &["compose", "rancher", "systemd", "install"], None, &machine.path("no-firewall"));
    machine.done(&node, &[]);
    assert!(!machine.path("etc/systemd/system/rancher-gen-firewall.service").exists());
    assert!(!machine.path("etc/systemd/system/docker.service.d").exists());
    assert_eq!(machine.enabled(), ["rancher-gen-health.timer", "rancher-gen-managed.target"]);
    assert!(machine.done(&node, &[]).contains("nothing to do"));
    // The firewall of a whole install does not go because a part was rendered.
    let whole = rendered(HARDENED, &[], None, &machine.out());
    machine.done(&whole, &["--no-way-back"]);
    assert!(machine.refused(&node, &[]).contains("the installed one would go"));
    machine.done(&node, &["--force"]);
    assert!(!machine.lab.loaded().contains("RANCHER-GEN"));
    machine.done(&node, &["--uninstall"]);

    let node = rendered(HARDENED, &["iptables", "install"], None, &machine.path("firewall"));
    let told = machine.done(&node, &["--no-way-back"]);
    assert!(machine.firewall_is_loaded());
    assert!(machine.enabled().is_empty() && !told.contains("enable"), "{told}");
    machine.done(&node, &["--uninstall"]);

    let node = rendered(HARDENED, &["systemd", "install", "iptables"], None, &machine.path("units"));
    assert!(machine.refused(&node, &[]).contains("was not rendered"));
    let node = rendered(HARDENED, &["install"], None, &machine.path("nothing"));
    assert!(machine.refused(&node, &[]).contains("there is nothing here to install"));
}

#[test]
fn an_image_is_filled_below_a_folder_and_nothing_is_started() {
    let machine = Machine::new();
    let node = rendered(HARDENED, &[], None, &machine.out());
    let root = machine.path("image");
    fs::create_dir(&root).unwrap();
    let (before, loaded) = (machine.state(), machine.lab.loaded());
    let words = ["--root", root.to_str().unwrap()];
    assert!(
        machine.refused(&node, &["--root", "no-such-folder"]).contains("--root needs a folder that is there")
    );
    let told = machine.done(&node, &words);
    assert!(told.contains("still to do"), "{told}");
    let links = snapshot(&root.join("etc/systemd/system"));
    for unit in [
        "multi-user.target.wants/rancher-gen-managed.target",
        "multi-user.target.wants/rancher-gen-firewall.service",
        "timers.target.wants/rancher-gen-health.timer",
    ] {
        assert!(links.contains_key(Path::new(unit)), "{unit}: {:?}", links.keys());
    }
    assert!(!links.contains_key(Path::new("multi-user.target.wants/rancher-gen-static.target")));
    assert!(machine.done(&node, &words).contains("nothing to do"));
    machine.done(&node, &[words[0], words[1], "--mode", "static"]);
    let links = snapshot(&root.join("etc/systemd/system"));
    assert!(links.contains_key(Path::new("multi-user.target.wants/rancher-gen-static.target")));
    assert!(!links.contains_key(Path::new("multi-user.target.wants/rancher-gen-managed.target")));
    machine.done(&node, &[words[0], words[1], "--uninstall"]);
    let mut left = snapshot(&root);
    // systemctl removes a link and not the folder that it made for it.
    left.retain(|path, _| !path.to_str().unwrap().ends_with(".target.wants"));
    assert_eq!(
        left.keys().filter(|path| !Path::new("etc/systemd/system").starts_with(path)).count(),
        0,
        "{left:?}"
    );
    machine.is_as(&before, "on the disk");
    assert_eq!(machine.lab.loaded(), loaded);
    assert_eq!(machine.log(), Vec::<String>::new());
}

#[test]
fn an_installation_that_was_killed_is_finished_by_the_next_run() {
    let machine = Machine::new();
    let node = rendered(HARDENED, &[], None, &machine.out());
    let clean = machine.state();
    machine.done(&node, &["--no-way-back"]);
    let installed = machine.state();
    for (name, call) in [("mv", 1), ("mv", 12), ("systemctl", 10)] {
        machine.done(&node, &["--uninstall"]);
        machine.is_as(&clean, "uninstalled");
        deadly(&machine, name, call);
        killed(&machine, &node, &["--no-way-back"], name);
        machine.done(&node, &["--no-way-back"]);
        machine.is_as(&installed, &format!("{name}, call {call}"));
        assert!(machine.firewall_is_loaded() && machine.enabled().len() == 3);
        assert!(machine.done(&node, &[]).contains("nothing to do"), "{name}, call {call}");
    }
}

#[test]
fn rules_that_were_put_there_and_not_loaded_are_loaded_by_the_next_run() {
    let machine = Machine::new();
    let node = rendered(HARDENED, &[], None, &machine.out());
    machine.done(&node, &["--no-way-back"]);
    let node = rendered(&HARDENED.replace("purpose: redis", "purpose: another"), &[], None, &machine.out());
    // The first one asks which mode is enabled, and daemon-reload comes before the rules are loaded.
    deadly(&machine, "systemctl", 6);
    killed(&machine, &node, &["--no-way-back"], "systemctl");
    assert!(!machine.lab.loaded().contains("another") && machine.firewall_is_loaded());
    machine.done(&node, &["--no-way-back"]);
    assert!(machine.lab.loaded().contains("another"));
}

#[test]
fn an_uninstallation_that_was_killed_is_finished_by_the_next_run() {
    let machine = Machine::new();
    let node = rendered(HARDENED, &[], None, &machine.out());
    let clean = machine.state();
    for (name, call) in [("rm", 20), ("systemctl", 9)] {
        machine.done(&node, &["--no-way-back"]);
        deadly(&machine, name, call);
        killed(&machine, &node, &["--uninstall"], name);
        machine.done(&node, &["--uninstall"]);
        machine.is_as(&clean, &format!("{name}, call {call}"));
        assert!(!machine.lab.loaded().contains("RANCHER-GEN"));
    }
}
