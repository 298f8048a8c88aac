//! The units: read by systemd, known to the node's version, in the right order, and one supervisor for each container.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

mod support;
use rancher_gen::tree::Tree;
use support::examples::{AS_WRITTEN, HARDENED, file, onto, rendered};
use support::lab::{Lab, script};
use support::netns::BACK_ENDS;
use support::tools::{program, python, run};

/// A unit's settings in their order: section, name, value.
fn settings(text: &str) -> Vec<(String, String, String)> {
    let mut section = String::new();
    let mut all = Vec::new();
    let joined = text.replace("\\\n", " ");
    for line in joined.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[') {
            name.trim_end_matches(']').clone_into(&mut section);
        } else {
            let (name, value) = line.split_once('=').unwrap_or_else(|| panic!("{line}"));
            all.push((section.clone(), name.to_owned(), value.to_owned()));
        }
    }
    all
}

/// The values of a setting.
fn values(text: &str, setting: &str) -> Vec<String> {
    let own = settings(text).into_iter().filter(|(_, name, _)| name == setting);
    own.flat_map(|(_, _, value)| value.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect()
}

fn unit<'t>(tree: &'t Tree, name: &str) -> &'t str {
    file(tree, &format!("nodes/mgmt-host-1/systemd/{name}"))
}

/// The example with an engine and an operating system of today.
fn of_today() -> String {
    HARDENED.replace("engine: docker-1.10.3", "engine: docker-24.0").replace("os: centos-7", "os: debian-12")
}

/// Two services whose networks others share, started in a starter's place.
fn two_owners() -> String {
    HARDENED.replace(
        "  # 3 x redis\n",
        "  second-parent:\n    image: rancher/server:v1.1.4\n    placement: mgmt-host\n    started-by: rancher-ha\n    network: bridge\n    listen: []\n  \
         second-guest:\n    image: rancher/server:v1.1.4\n    placement: mgmt-host\n    started-by: rancher-ha\n    network-of: second-parent\n    listen: []\n",
    )
}

#[test]
fn systemd_accepts_every_unit_as_it_is_installed() {
    for (text, nodes) in [(AS_WRITTEN, 3), (HARDENED, 3), (&of_today(), 3), (&two_owners(), 1)] {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        onto(&rendered(text).tree, &out);
        for number in 1..=nodes {
            let root = folder.path().join(format!("root-{number}"));
            for programs in ["usr/bin/docker", "usr/local/bin/docker-compose", "bin/bash"] {
                let path = root.join(programs);
                script(path.parent().unwrap(), path.file_name().unwrap().to_str().unwrap(), "#!/bin/sh\n");
            }
            run(program("bash")
                .arg(out.join(format!("nodes/mgmt-host-{number}/install.sh")))
                .arg("--root")
                .arg(&root));
            // What systemd itself brings, and an engine.
            fs::create_dir_all(root.join("usr/lib/systemd")).unwrap();
            run(program("cp").args(["-a", "/usr/lib/systemd/system"]).arg(root.join("usr/lib/systemd")));
            fs::write(
                root.join("usr/lib/systemd/system/docker.service"),
                "[Service]\nExecStart=/usr/bin/docker\n",
            )
            .unwrap();
            let mut units: Vec<_> = fs::read_dir(root.join("etc/systemd/system"))
                .unwrap()
                .map(|entry| entry.unwrap().file_name())
                .filter(|name| name.to_str().unwrap().starts_with("rancher-gen-"))
                .collect();
            assert!(units.len() >= 4);
            units.push("docker.service".into());
            let output = program("systemd-analyze")
                .args(["verify", "--man=no", "--root"])
                .arg(&root)
                .args(&units)
                .output()
                .unwrap();
            let told = String::from_utf8_lossy(&output.stderr);
            // What it does not know it ignores, and says so.
            assert!(output.status.success() && told.is_empty(), "{told}");
        }
    }
}

/// The settings that units use, with the version of systemd that brought them. Source: systemd's NEWS; 0 is older than
/// any that a node here can have (CentOS 7 has 219).
const SINCE: [(&str, &str, u16); 41] = [
    ("Unit", "Description", 0),
    ("Unit", "Documentation", 0),
    ("Unit", "Wants", 0),
    ("Unit", "Requires", 0),
    ("Unit", "After", 0),
    ("Unit", "Before", 0),
    ("Unit", "Conflicts", 0),
    ("Unit", "PartOf", 0),
    ("Unit", "AssertPathExists", 218),
    ("Unit", "StartLimitIntervalSec", 230),
    ("Service", "Type", 0),
    ("Service", "RemainAfterExit", 0),
    ("Service", "Environment", 0),
    ("Service", "EnvironmentFile", 0),
    ("Service", "ExecStartPre", 0),
    ("Service", "ExecStart", 0),
    ("Service", "ExecReload", 0),
    ("Service", "ExecStop", 0),
    ("Service", "ExecStopPost", 0),
    ("Service", "Restart", 0),
    ("Service", "RestartSec", 0),
    ("Service", "StartLimitInterval", 0),
    ("Service", "TimeoutStartSec", 188),
    ("Service", "PrivateTmp", 0),
    ("Service", "NoNewPrivileges", 187),
    ("Service", "RestrictAddressFamilies", 211),
    ("Service", "ProtectHome", 214),
    ("Service", "ProtectSystem", 214),
    ("Service", "PrivateUsers", 232),
    ("Service", "ProtectControlGroups", 232),
    ("Service", "ReadWritePaths", 231),
    ("Service", "LockPersonality", 235),
    ("Service", "ProtectHostname", 242),
    ("Service", "RestrictSUIDSGID", 242),
    ("Service", "ProtectKernelLogs", 244),
    ("Service", "ProtectClock", 245),
    ("Service", "ExecCondition", 243),
    ("Timer", "OnBootSec", 0),
    ("Timer", "OnUnitActiveSec", 0),
    ("Timer", "AccuracySec", 209),
    ("Install", "WantedBy", 0),
];

/// Values that came later than their setting.
const VALUES_SINCE: [(&str, &str, u16); 5] = [
    ("ProtectSystem", "full", 214),
    ("ProtectSystem", "strict", 232),
    ("ProtectHome", "tmpfs", 239),
    ("Type", "exec", 240),
    ("Type", "notify-reload", 253),
];

#[test]
fn a_unit_has_no_setting_that_its_systemd_does_not_know() {
    for (text, version) in [(AS_WRITTEN, 219), (HARDENED, 219), (&two_owners(), 219), (&of_today(), 252)] {
        let tree = rendered(text).tree;
        let mut read = 0;
        for (path, unit) in tree.iter().filter(|(path, _)| path.to_string().contains("/systemd/")) {
            read += 1;
            for (section, name, value) in settings(&unit.contents) {
                let row = SINCE.iter().find(|row| (row.0, row.1) == (&*section, &*name));
                let (_, _, since) =
                    row.unwrap_or_else(|| panic!("{path}: no version is known of [{section}] {name}="));
                assert!(
                    *since <= version,
                    "{path}: {name}= is known since {since}, and the node has {version}"
                );
                for (_, of, since) in VALUES_SINCE.iter().filter(|row| row.0 == name && row.1 == value) {
                    assert!(*since <= version, "{path}: {name}={of} is known since {since}");
                }
                // systemd 219 reads lines of 2048 bytes (LINE_MAX), and takes the rest for another line.
                assert!(unit.contents.lines().all(|line| line.len() < 2_048), "{path}");
            }
            // Restart= with Type=oneshot is refused before 244.
            if values(&unit.contents, "Type") == ["oneshot"] {
                assert!(values(&unit.contents, "Restart").is_empty(), "{path}");
            }
            // The setting changed its name and its section with 230.
            let limits =
                settings(&unit.contents).into_iter().filter(|(_, name, _)| name.starts_with("StartLimit"));
            for (section, name, _) in limits {
                let expected = if version < 230 {
                    ("Service", "StartLimitInterval")
                } else {
                    ("Unit", "StartLimitIntervalSec")
                };
                assert_eq!((&*section, &*name), expected, "{path}");
            }
        }
        assert!(read > 15);
    }
}

#[test]
fn the_firewall_comes_before_the_engine_and_the_engine_before_its_containers() {
    for text in [HARDENED, &of_today()] {
        let tree = rendered(text).tree;
        let firewall = unit(&tree, "rancher-gen-firewall.service");
        assert_eq!(values(firewall, "Before"), ["docker.service"]);
        assert_eq!(values(firewall, "WantedBy"), ["multi-user.target"]);
        // At boot it arms no way back, and what runs stays until it is confirmed: `start`, and nothing when it stops.
        assert_eq!(settings(firewall).iter().filter(|(_, name, _)| name.starts_with("Exec")).count(), 2);
        for name in ["ExecStart", "ExecReload"] {
            assert_eq!(
                values(firewall, name).join(" "),
                "/bin/bash /etc/rancher-gen/iptables/firewall.sh start"
            );
        }
        assert_eq!(values(firewall, "RemainAfterExit"), ["yes"], "or the engine could not require it");
        // What would flush the rules is seen by the loader, which runs after it.
        for other in ["firewalld.service", "iptables.service", "ip6tables.service", "network-online.target"] {
            assert!(values(firewall, "After").contains(&other.to_owned()));
        }
        // No firewall, no engine.
        let drop_in = unit(&tree, "docker.service.d/10-rancher-gen-firewall.conf");
        assert_eq!(values(drop_in, "Requires"), ["rancher-gen-firewall.service"]);
        assert_eq!(values(drop_in, "After"), ["rancher-gen-firewall.service"]);
        for name in ["rancher-gen-person.service", "rancher-gen-rancher-ha.service"] {
            assert_eq!(values(unit(&tree, name), "Requires"), ["docker.service"]);
            assert!(values(unit(&tree, name), "After").contains(&"docker.service".to_owned()));
        }
    }
}

#[test]
fn the_modes_exclude_each_other_and_take_their_units_with_them() {
    let tree = rendered(HARDENED).tree;
    let of = |name: &str, setting: &str| values(unit(&tree, name), setting);
    let (managed, fixed) = ("rancher-gen-managed.target", "rancher-gen-static.target");
    let (person, replacement) = ("rancher-gen-person.service", "rancher-gen-rancher-ha.service");
    assert_eq!(of(managed, "Conflicts"), [fixed]);
    assert_eq!(of(fixed, "Conflicts"), [managed]);
    for (target, service, other) in [(managed, person, replacement), (fixed, replacement, person)] {
        assert!(of(target, "Wants").contains(&service.to_owned()));
        assert!(!of(target, "Wants").contains(&other.to_owned()));
        assert_eq!(of(service, "PartOf"), [target], "stopping the mode stops it");
        assert_eq!(of(service, "Conflicts"), [other]);
        assert_eq!(of(target, "WantedBy"), ["multi-user.target"]);
        assert!(of(service, "WantedBy").is_empty(), "only the mode starts it");
    }
    // One of the two is ordered after the other, so that one has stopped before the other starts.
    assert!(of(replacement, "After").contains(&person.to_owned()));
    // What was left of the one that this takes the place of goes, or the engine would start it at the next boot.
    let removed = of(replacement, "ExecStartPre").join(" ");
    assert!(
        removed.starts_with("-/usr/bin/docker rm -fv rancher-ha-parent ")
            && removed.contains(" rancher-ha /usr/local"),
        "{removed}"
    );
    // What cattle starts cannot be started from a file.
    assert!(tree.get("nodes/mgmt-host-1/systemd/rancher-gen-cattle.service").is_none());
}

#[test]
fn a_unit_asks_for_the_secrets_that_it_takes_and_for_no_others() {
    let tree = rendered(HARDENED).tree;
    let of = |name: &str| values(unit(&tree, name), "AssertPathExists");
    assert_eq!(
        of("rancher-gen-person.service"),
        [
            "/var/lib/rancher/etc/server.conf",
            "/var/lib/rancher/etc/secrets.conf",
            "/var/lib/rancher/etc/server/encryption.key"
        ]
    );
    assert!(values(unit(&tree, "rancher-gen-person.service"), "EnvironmentFile").is_empty());
    assert!(of("rancher-gen-rancher-ha.service").contains(&"/etc/rancher-gen/secrets.env".to_owned()));
    assert_eq!(
        values(unit(&tree, "rancher-gen-rancher-ha.service"), "EnvironmentFile"),
        ["/etc/rancher-gen/secrets.env"]
    );
}

/// The restart policy of each container of a compose file, and whose network it shares.
fn containers(compose: &str) -> BTreeMap<String, (String, Option<String>)> {
    let reader = "import json, sys, yaml\n\
        for service in yaml.safe_load(sys.stdin)['services'].values():\n    \
        print(service['container_name'], service['restart'], service.get('network_mode') or '-')\n";
    let text = support::tools::feed(python().args(["-c", reader]), compose);
    text.lines()
        .map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let shared = words[2].strip_prefix("container:").or_else(|| words[2].strip_prefix("service:"));
            (words[0].to_owned(), (words[1].to_owned(), shared.map(str::to_owned)))
        })
        .collect()
}

#[test]
fn every_container_has_exactly_one_supervisor() {
    for text in [AS_WRITTEN, HARDENED, &of_today(), &two_owners()] {
        let tree = rendered(text).tree;
        for (name, compose) in [
            ("rancher-gen-person.service", "compose.yaml"),
            ("rancher-gen-rancher-ha.service", "compose.rancher-ha.yaml"),
        ] {
            let unit = unit(&tree, name);
            let all = containers(file(&tree, &format!("nodes/mgmt-host-1/{compose}")));
            let owners: BTreeSet<&String> = all.values().filter_map(|(_, shared)| shared.as_ref()).collect();
            for (container, (restart, _)) in &all {
                let engine = restart != "no";
                let waited_for = values(unit, "ExecStart").contains(container);
                assert!(
                    engine != waited_for,
                    "{container}: restart {restart}, and {name} waits for it: {waited_for}"
                );
                assert_eq!(waited_for, owners.contains(container), "{container}");
            }
            // A unit that waits for nothing must not start anything again by itself.
            let restarts = values(unit, "Restart");
            assert_eq!(restarts, if owners.is_empty() { vec![] } else { vec!["always".to_owned()] });
            // What waits makes everything anew that shares the network.
            if !owners.is_empty() {
                let removed = values(unit, "ExecStartPre");
                assert!(all.keys().all(|container| removed.contains(container)), "{removed:?}");
                assert!(values(unit, "ExecStopPost").contains(&"down".to_owned()));
            }
        }
    }
}

#[test]
fn the_first_owner_that_ends_makes_everything_anew() {
    let tree = rendered(&two_owners()).tree;
    let unit = unit(&tree, "rancher-gen-rancher-ha.service");
    let (_, _, command) = settings(unit).into_iter().find(|(_, name, _)| name == "ExecStart").unwrap();
    assert!(command.ends_with(" rancher-ha-parent second-parent"), "{command}");
    let folder = tempfile::tempdir().unwrap();
    // The second one ends; the first runs on.
    script(
        folder.path(),
        "docker",
        "#!/bin/bash\n[ \"$*\" = 'wait second-parent' ] || exec sleep 30\nsleep 0.2\n",
    );
    let begin = Instant::now();
    // As systemd does, but for the quotes, which are the shell's too: `$$` is a dollar.
    let line = command.replace("$$", "$");
    let mut child = Command::new("setsid")
        .args(["--wait", "bash", "-c", &format!("exec {line}")])
        .env("PATH", format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap()))
        .spawn()
        .unwrap();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        assert!(begin.elapsed() < Duration::from_secs(20), "it waits for the other one too");
        std::thread::sleep(Duration::from_millis(20));
    };
    assert!(begin.elapsed() > Duration::from_millis(150), "{status}");
    // systemd ends what is left of the unit; here we do.
    for line in run(program("ps").args(["-eo", "pid,args"])).lines() {
        if line.contains("sleep 30") {
            let pid = line.split_whitespace().next().unwrap();
            let own = fs::read_to_string(format!("/proc/{pid}/environ")).unwrap_or_default();
            if own.contains(folder.path().to_str().unwrap()) {
                let _ = program("kill").arg(pid).status();
            }
        }
    }
}

#[test]
fn the_firewall_unit_s_walls_leave_the_loader_what_it_needs() {
    for back_end in BACK_ENDS {
        let lab = Lab::new(back_end);
        let tree = rendered(HARDENED).tree;
        let unit = unit(&tree, "rancher-gen-firewall.service");
        let families = values(unit, "RestrictAddressFamilies");
        let trace = lab.folder().join("trace");
        let status = lab
            .on_node("strace")
            .args([
                "-f",
                "-qq",
                "-e",
                "trace=socket,openat,open,creat,mkdir,rename,renameat,renameat2,unlink,unlinkat",
                "-o",
            ])
            .arg(&trace)
            .arg("bash")
            .arg(lab.rendered("firewall.sh"))
            .arg("start")
            .status()
            .unwrap();
        assert!(status.success());
        let text = fs::read_to_string(&trace).unwrap();
        let mut sockets = 0;
        for line in text.lines() {
            if let Some((_, rest)) = line.split_once(" socket(") {
                sockets += 1;
                let family = rest.split(',').next().unwrap().replace("AF_LOCAL", "AF_UNIX");
                assert!(families.contains(&family), "{line}");
            }
            // ProtectSystem=full and ProtectHome: these are read-only.
            let writes = ["O_WRONLY", "O_RDWR", "O_CREAT", "mkdir(", "rename", "unlink", "creat("];
            if writes.iter().any(|word| line.contains(word)) && !line.contains("= -1") {
                for shut in ["\"/usr", "\"/boot", "\"/etc", "\"/home", "\"/root", "\"/efi"] {
                    assert!(!line.contains(shut), "{line}");
                }
            }
        }
        assert!(sockets > 0 && Path::new(&lab.state()).exists());
    }
}
