//! `firewall.sh` on a node of our own: what it loads, what it leaves alone, and the way back.
#![allow(clippy::unwrap_used, clippy::case_sensitive_file_extension_comparisons)]

use std::fs;
use std::time::{Duration, Instant};

mod support;
use support::lab::{Lab, document, script, with_peers};
use support::netns::{BACK_ENDS, BackEnd};
use support::tools::run;

/// Rules of other people, in the places where they could be in the way.
const FOREIGN: &str = "*mangle\n:RANCHER-GENERIC - [0:0]\n-A PREROUTING -i eth0 -j MARK --set-xmark 0x1/0x1\n\
    -A PREROUTING -j RANCHER-GENERIC\n-A RANCHER-GENERIC -p tcp -j RETURN\nCOMMIT\n\
    *nat\n-A POSTROUTING -d 192.0.2.1/32 -j ACCEPT\nCOMMIT\n*filter\n-A INPUT -s 192.0.2.2/32 -j DROP\nCOMMIT\n";

/// Waits until something is so.
#[track_caller]
fn until(what: &str, so: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !so() {
        assert!(Instant::now() < end, "never happened: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn jump_line(lab: &Lab, save: &str) -> String {
    let all = run(&mut lab.on_node(save));
    let mangle = all.split("*mangle").nth(1).unwrap_or_default();
    mangle.lines().find(|line| line.starts_with("-A PREROUTING")).unwrap_or_default().to_owned()
}

#[test]
fn loading_twice_is_loading_once_and_leaves_other_people_s_rules() {
    for back_end in BACK_ENDS {
        let lab = Lab::new(back_end);
        lab.render(&with_peers(12));
        lab.restore(FOREIGN);
        let before = lab.loaded();
        lab.done(&["load"]);
        let once = lab.loaded();
        let kept: Vec<&str> = once.lines().filter(|line| before.lines().any(|old| old == *line)).collect();
        assert_eq!(
            kept,
            before.lines().collect::<Vec<_>>(),
            "rules of others are as they were, in their order"
        );
        lab.done(&["load"]);
        lab.done(&["start"]);
        assert_eq!(lab.loaded(), once);
        for save in ["iptables-save", "ip6tables-save"] {
            assert_eq!(jump_line(&lab, save), "-A PREROUTING -j RANCHER-GEN");
        }
        // Somebody puts a rule before the jump, and says the jump twice.
        run(lab.on_node("iptables").args(["-t", "mangle", "-I", "PREROUTING", "-j", "RANCHER-GENERIC"]));
        run(lab.on_node("iptables").args(["-t", "mangle", "-A", "PREROUTING", "-j", "RANCHER-GEN"]));
        assert_eq!(lab.firewall(&["status"]).status.code(), Some(3));
        lab.done(&["load"]);
        assert_eq!(lab.firewall(&["status"]).status.code(), Some(0));
        let saved = run(&mut lab.on_node("iptables-save"));
        assert_eq!(jump_line(&lab, "iptables-save"), "-A PREROUTING -j RANCHER-GEN");
        assert_eq!(saved.matches("-A PREROUTING -j RANCHER-GEN\n").count(), 1);
        assert_eq!(saved.matches("-A PREROUTING -j RANCHER-GENERIC").count(), 2);
        run(lab.on_node("iptables").args(["-t", "mangle", "-D", "PREROUTING", "-j", "RANCHER-GENERIC"]));

        lab.done(&["stop"]);
        assert_eq!(lab.loaded(), before);
        assert_eq!(lab.firewall(&["status"]).status.code(), Some(3));
        assert!(!lab.state().exists());
        lab.done(&["stop"]);
    }
}

#[test]
fn a_wrong_interface_or_address_is_refused_before_anything_is_loaded() {
    let lab = Lab::new(BackEnd::Nft);
    let before = lab.loaded();
    let with = |pool: &str| {
        lab.render(
            &document()
                .replace("    groups: server-nodes\n", &format!("    groups: server-nodes\n    {pool}\n")),
        );
    };
    let refused = |why: &str| {
        for words in [&["load"][..], &["start"], &["check"], &["load", "--way-back", "60"]] {
            let told = lab.refused(words);
            assert!(told.contains(why), "{told}");
        }
        assert_eq!(lab.loaded(), before);
    };
    with("interfaces: ens5");
    refused("there is no interface ens5 here");
    lab.node.ip("link add dummy0 type bridge");
    with("interfaces: dummy0");
    refused("the default route is on eth0, which is not among the interfaces of the firewall (dummy0)");
    lab.node.ip("route del default");
    lab.node.ip("-6 route del default");
    refused("172.22.1.210 is on eth0, which is not among");
    with("interfaces: [dummy0, eth0]");
    lab.node.ip("route add default nexthop via 172.22.0.1 dev eth0 nexthop via 172.17.0.9 dev docker0");
    refused("the default route is on docker0");
    lab.node.ip("route del default");
    // Another name of an interface is found by `ip`, and by no rule.
    lab.node.ip("link property add dev eth0 altname enp0s5");
    with("interfaces: [eth0, enp0s5]");
    refused("there is no interface enp0s5 here");
    lab.node.ip("address del 172.22.1.210/16 dev eth0");
    with("interfaces: eth0");
    refused("this host does not have the address 172.22.1.210 of mgmt-host-1");
    lab.node.address("eth0", "172.22.1.210/16");
    lab.done(&["load"]);
}

#[test]
fn what_would_flush_the_rules_is_refused() {
    let lab = Lab::new(BackEnd::Nft);
    let shims = lab.folder().join("back-end");
    script(&shims, "systemctl", "#!/bin/bash\n[ \"$*\" = '-q is-active firewalld.service' ]\n");
    let told = lab.refused(&["load"]);
    assert!(
        told.contains("firewalld.service is active") && told.contains("systemctl stop firewalld"),
        "{told}"
    );
}

#[test]
fn what_was_before_comes_back_unless_somebody_confirms() {
    for back_end in BACK_ENDS {
        let lab = Lab::new(back_end);
        lab.restore(FOREIGN);
        lab.render(&with_peers(12));
        lab.done(&["load"]);
        let before = lab.loaded();

        lab.render(&with_peers(9).replace("purpose: redis", "purpose: another"));
        let told = lab.done(&["load", "--way-back", "3"]);
        assert!(told.contains("comes back in 3 s unless you confirm"), "{told}");
        let new = lab.loaded();
        assert_ne!(new, before);
        until("the way back", || lab.loaded() == before);
        until("it is said", || {
            fs::read_to_string(lab.state().join("unconfirmed")).unwrap() == "taken back\n"
        });
        // Neither the unit nor a reboot loads what nobody confirmed; the files still say it.
        lab.done(&["start"]);
        assert_eq!(lab.loaded(), before);
        let told = lab.refused(&["confirm"]);
        assert!(told.contains("too late"), "{told}");
        assert_eq!(lab.firewall(&["status"]).status.code(), Some(3));

        // A second try, with which everything is well.
        lab.done(&["load", "--way-back", "60"]);
        assert_eq!(lab.loaded(), new);
        lab.done(&["start"]);
        assert_eq!(lab.loaded(), new, "the unit may start while the way back is armed");
        lab.done(&["confirm"]);
        assert!(!lab.state().join("unconfirmed").exists());
        lab.done(&["way-back", "0", "another token"]);
        assert_eq!(lab.loaded(), new, "a way back that is not the armed one does nothing");
    }
}

#[test]
fn a_confirmed_firewall_stays() {
    let lab = Lab::new(BackEnd::Nft);
    lab.done(&["load", "--way-back", "3"]);
    lab.done(&["confirm"]);
    let loaded = lab.loaded();
    std::thread::sleep(Duration::from_millis(3_500));
    assert_eq!(lab.loaded(), loaded);
    assert!(lab.done(&["confirm"]).contains("there is nothing to confirm"));
    // By hand, and at once.
    lab.done(&["way-back"]);
    assert!(!lab.loaded().contains("RANCHER-GEN"));
}

#[test]
fn a_reboot_before_anybody_confirmed_brings_what_was_before() {
    let lab = Lab::new(BackEnd::Nft);
    let reboot = || {
        lab.on_node("iptables").args(["-t", "mangle", "-F"]).status().unwrap();
        lab.on_node("iptables").args(["-t", "mangle", "-X"]).status().unwrap();
        lab.on_node("ip6tables").args(["-t", "mangle", "-F"]).status().unwrap();
        lab.on_node("ip6tables").args(["-t", "mangle", "-X"]).status().unwrap();
        lab.on_node("ipset").arg("destroy").status().unwrap();
        let unconfirmed = lab.state().join("unconfirmed");
        if let Ok(text) = fs::read_to_string(&unconfirmed) {
            fs::write(&unconfirmed, format!("another-{text}")).unwrap();
        }
    };
    // The first one ever: before it there was none, so the unit fails and the engine does not start.
    lab.done(&["load", "--way-back", "600"]);
    reboot();
    let told = lab.refused(&["start"]);
    assert!(
        told.contains("nobody confirmed") && told.contains("before them there was no firewall"),
        "{told}"
    );
    assert!(!lab.loaded().contains("RANCHER-GEN"));

    lab.render(&with_peers(12));
    lab.done(&["load"]);
    let confirmed = lab.loaded();
    reboot();
    lab.done(&["start"]);
    assert_eq!(lab.loaded(), confirmed);
    assert!(!lab.state().join("unconfirmed").exists(), "starting the unit arms no way back");

    lab.render(&with_peers(30));
    lab.done(&["load", "--way-back", "600"]);
    assert_ne!(lab.loaded(), confirmed);
    reboot();
    lab.done(&["start"]);
    assert_eq!(lab.loaded(), confirmed);
}

#[test]
fn a_load_that_fails_leaves_what_was_before() {
    for back_end in BACK_ENDS {
        let lab = Lab::new(back_end);
        lab.render(&with_peers(12));
        lab.done(&["load"]);
        let before = lab.loaded();
        // The sets are exchanged and the v4 rules are loaded when the v6 rules turn out to be wrong.
        lab.render(&with_peers(30));
        let rules = fs::read_to_string(lab.rendered("rules.v6")).unwrap();
        fs::write(lab.rendered("rules.v6"), rules.replace("-j DROP", "-j NO-SUCH-CHAIN")).unwrap();
        for words in [&["load"][..], &["load", "--way-back", "60"], &["start"]] {
            let told = lab.refused(words);
            assert!(told.contains("bringing back what was before"), "{told}");
            assert_eq!(lab.loaded(), before);
            assert!(!lab.state().join("unconfirmed").exists());
        }
        // A set's file that is not whole.
        lab.render(&with_peers(30));
        let set = lab.rendered("rgen-server-nodes.ipset");
        let text = fs::read_to_string(&set).unwrap();
        fs::write(&set, format!("{text}add rgen-server-nodes 172.22.1.")).unwrap();
        lab.refused(&["load"]);
        assert_eq!(lab.loaded(), before);
        fs::remove_file(&set).unwrap();
        assert!(lab.refused(&["load"]).contains("the set rgen-server-nodes has no file"));
        assert!(lab.refused(&["check"]).contains("the set rgen-server-nodes has no file"));
        assert_eq!(lab.loaded(), before);
    }
}

#[test]
fn what_a_killed_loader_left_does_not_stop_the_next_one() {
    let lab = Lab::new(BackEnd::Legacy);
    lab.render(&with_peers(12));
    run(lab.on_node("ipset").args(["create", "rgen-server-nodes.new", "hash:net", "maxelem", "4"]));
    run(lab.on_node("ipset").args(["create", "rgen-gone", "hash:net"]));
    run(lab.on_node("iptables").args(["-t", "mangle", "-N", "RANCHER-GEN-OLD"]));
    run(lab.on_node("iptables").args(["-t", "mangle", "-A", "RANCHER-GEN-OLD", "-j", "DROP"]));
    lab.done(&["load"]);
    let loaded = lab.loaded();
    for gone in ["rgen-server-nodes.new", "rgen-gone", "RANCHER-GEN-OLD"] {
        assert!(!loaded.contains(gone), "{gone}");
    }
}

#[test]
fn checking_changes_nothing_and_finds_what_is_wrong() {
    for back_end in BACK_ENDS {
        let lab = Lab::new(back_end);
        lab.render(&with_peers(12));
        let before = lab.loaded();
        lab.done(&["check"]);
        assert_eq!(lab.loaded(), before);
        let rules = lab.rendered("rules.v4");
        let text = fs::read_to_string(&rules).unwrap();
        fs::write(&rules, text.replace("--dport", "--dprt")).unwrap();
        lab.refused(&["check"]);
        assert_eq!(lab.loaded(), before);
    }
}

#[test]
fn an_iptables_of_2013_can_load_it() {
    // iptables 1.4.21: iptables-restore knows neither --wait nor -w, and fails while somebody else changes the table.
    let lab = Lab::new(BackEnd::Legacy);
    let shims = lab.folder().join("back-end");
    let multi = fs::read_link(shims.join("iptables-restore")).unwrap();
    for tool in ["iptables-restore", "ip6tables-restore"] {
        fs::remove_file(shims.join(tool)).unwrap();
        let text = format!(
            "#!/bin/bash\nfor word; do case $word in\n--help) echo 'Usage: {tool} [-b] [-c] [-v] [-t] [-h]'; exit 1 ;;\n\
             --noflush|--test) ;;\n*) echo \"{tool}: unrecognized option '$word'\" >&2; exit 1 ;;\nesac; done\n\
             if [ ! -e {once} ]; then touch {once}; exit 1; fi\nexec {} {tool} \"$@\"\n",
            multi.display(),
            once = lab.folder().join("once").display(),
        );
        script(&shims, tool, &text);
    }
    lab.render(&with_peers(12));
    lab.done(&["load"]);
    assert_eq!(lab.firewall(&["status"]).status.code(), Some(0));
}

#[test]
fn under_systemd_the_way_back_waits_in_a_unit_that_fails() {
    let lab = Lab::new(BackEnd::Nft);
    let shims = lab.folder().join("back-end");
    let log = lab.folder().join("log");
    // As the real one does, this runs what it is given beside the caller.
    script(
        &shims,
        "systemd-run",
        &format!(
            "#!/bin/bash\necho \"systemd-run $1\" >>{0}\nshift\n( \"$@\"; echo \"ended $?\" >>{0} ) </dev/null >/dev/null 2>&1 &\n",
            log.display()
        ),
    );
    script(
        &shims,
        "systemctl",
        &format!("#!/bin/bash\n[ \"$1\" != -q ] || exit 3\necho \"systemctl $*\" >>{}\n", log.display()),
    );
    let run_d =
        "mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/system && exec bash \"$0\" load --way-back 0";
    let output = lab
        .on_node("unshare")
        .args(["-m", "bash", "-c", run_d])
        .arg(lab.rendered("firewall.sh"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let told = || fs::read_to_string(&log).unwrap();
    until("the way back", || told().contains("ended"));
    assert_eq!(
        told(),
        "systemctl stop rancher-gen-way-back.service\nsystemctl reset-failed rancher-gen-way-back.service\n\
         systemd-run --unit=rancher-gen-way-back\nended 1\n"
    );
    assert!(!lab.loaded().contains("RANCHER-GEN"));
}

#[test]
fn wrong_words_are_wrong_use() {
    let lab = Lab::new(BackEnd::Nft);
    for words in [
        &[][..],
        &["sart"],
        &["load", "--way-bak", "3"],
        &["load", "--way-back"],
        &["load", "--way-back", "1m"],
    ] {
        let output = lab.firewall(words);
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("firewall.sh load [--way-back SECONDS]"));
    }
}
