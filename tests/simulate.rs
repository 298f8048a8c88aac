//! `rancher-gen simulate`, as people and programs use it.

#![allow(clippy::unwrap_used)]

mod support;

use std::fs;

use serde_json::Value;
use support::cli::{Ran, rancher_gen};
use support::examples::{AS_WRITTEN, HARDENED};

fn simulate(text: &str, more: &[&str]) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("cluster.yaml"), text).unwrap();
    rancher_gen(folder.path(), &[&["simulate", "cluster.yaml"], more].concat())
}

fn json(text: &str, more: &[&str]) -> (Option<i32>, Value) {
    let ran = simulate(text, &[more, &["--format", "json"]].concat());
    (ran.code, serde_json::from_str(&ran.out).unwrap())
}

#[test]
fn one_node_less_loses_nothing_and_says_what_still_holds() {
    let ran = simulate(HARDENED, &["--fail", "mgmt-host-1"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let expected = "\
mgmt-host-1 has failed: nothing is lost

note: a `rancher-ha-cattle` that restarts now gives up after about a minute, again and again: it waits for the
      ZooKeeper of index 1 only, which is `mgmt-host-1` in static mode, and in managed mode may be any node
      (rancher/rancher v1.0.1 to v1.1.4, server/bin/cattle.sh)

QUORUM         LEFT    NEEDED
rancher-ha-zk  2 of 3  2       works, and may lose no more

ENTRY POINT         TARGETS LEFT
rancher-ext-lb:80   2 of 3        works
rancher-ext-lb:443  2 of 3        works

DATABASE
rancher-ext-db  works

LOAD BALANCER
rancher-ext-lb  works

SERVICE                              LEFT    NEEDED
rancher-ha-parent                    2 of 3  1       works
rancher-ha-cattle                    2 of 3  1       works
management_go-machine-service        1 of 2  1       works, and none waits to take over
management_load-balancer             2 of 3  1       works
management_load-balancer-swarm       2 of 3  1       works
management_rancher-compose-executor  2 of 2  1       works, and 1 of these waits to take over
rancher-ha-redis                     2 of 3  1       works
management_websocket-proxy           1 of 2  1       works, and none waits to take over
management_websocket-proxy-ssl       1 of 2  1       works, and none waits to take over
rancher-ha                           2 of 3  1       works
NetworkAgent                         2 of 3  1       works
rancher-ha-tunnel-redis              6 of 9          works
rancher-ha-tunnel-zk-client          6 of 9          works
rancher-ha-tunnel-zk-leader          6 of 9          works
rancher-ha-tunnel-zk-quorum          6 of 9          works

FLOW STILL POSSIBLE ";
    assert!(ran.out.starts_with(expected), "{}", ran.out);
}

#[test]
fn two_nodes_less_lose_the_quorum_and_what_stands_on_it_with_the_reason() {
    let ran = simulate(AS_WRITTEN, &["--fail", "mgmt-host-1", "--fail", "mgmt-host-3"]);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    let lost = "rancher-ha-zk                        has 1 of 3 left and needs 2: mgmt-host-1, mgmt-host-3 are down\n";
    assert!(ran.out.contains(lost), "{}", ran.out);
    let cattle =
        "rancher-ha-cattle                    requires rancher-ha-zk, which has 1 of 3 left and needs 2";
    assert!(ran.out.contains(cattle), "{}", ran.out);
    assert!(
        ran.out.contains("rancher-ext-lb:8080  0 of 0        leads nowhere, whatever fails\n"),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("`rancher-ha-cattle` exits when ZooKeeper is lost"), "{}", ran.out);

    let (code, left) = json(AS_WRITTEN, &["--fail", "mgmt-host-1,mgmt-host-3"]);
    assert_eq!(code, Some(1));
    assert_eq!(left["quorums"][0]["left"], 1);
    let cattle =
        left["lost"].as_array().unwrap().iter().find(|own| own["name"] == "rancher-ha-cattle").unwrap();
    let why: Vec<&str> =
        cattle["why"].as_array().unwrap().iter().filter_map(|own| own["name"].as_str()).collect();
    assert_eq!(why, ["rancher-ha-cattle", "rancher-ha-zk", "mgmt-host-1"]);
}

#[test]
fn as_written_stands_in_one_zone_and_hardened_in_three() {
    assert_eq!(simulate(AS_WRITTEN, &["--fail", "us-west-2a"]).code, Some(1));
    for zone in ["us-west-2a", "us-west-2b", "us-west-2c"] {
        assert_eq!(simulate(HARDENED, &["--fail", zone]).code, Some(0), "{zone}");
    }
    let report = simulate(AS_WRITTEN, &[]);
    assert_eq!(report.code, Some(0), "a report is no negative answer");
    assert!(report.out.contains("zone   us-west-2a   everything\n"), "{}", report.out);
    let report = simulate(HARDENED, &[]);
    assert!(report.out.contains("zone   us-west-2a   nothing\n"), "{}", report.out);
}

#[test]
fn what_may_be_lost_is_not_certain() {
    // Without a standby the database may stand in any of its three zones.
    let text = HARDENED.replace("    standby: true\n", "");
    let (code, left) = json(&text, &["--fail", "us-west-2c"]);
    assert_eq!(code, Some(5));
    let lost = left["lost"].as_array().unwrap();
    assert!(!lost.is_empty() && lost.iter().all(|own| own["certain"] == false), "{lost:?}");
    let ran = simulate(&text, &["--fail", "us-west-2c"]);
    let line = "rancher-ext-db                       may be: may stand in us-west-2c, which has failed\n";
    assert!(ran.out.contains(line), "{}", ran.out);
}

#[test]
fn the_search_names_the_smallest_failures() {
    let ran = simulate(HARDENED, &[]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    for line in [
        "quorum        rancher-ha-zk                        2     any 2 of mgmt-host-1 (or us-west-2a), mgmt-host-2 (or\n",
        "entry point   rancher-ext-lb:443                   1     any of rancher-ext-db, rancher-ext-lb,\n",
        "                                                         rancher-ha-parent, rancher-ha-cattle,\n",
        "                                                   2     nodes alone: any 2 of mgmt-host-1, mgmt-host-2,\n",
        "node   mgmt-host-1  nothing\n",
    ] {
        assert!(ran.out.contains(line), "{line}\n{}", ran.out);
    }
    let (_, report) = json(HARDENED, &[]);
    assert_eq!(report["complete"], true);
    let zk = &report["smallest"][0]["of-all"];
    assert_eq!(
        (&zk["no-fewer-than"], &zk["sets"][0]["take"][0]["count"]),
        (&Value::from(2), &Value::from(2))
    );
}

#[test]
fn errors_of_the_topology_are_said_beside_what_is_lost() {
    let wrong = HARDENED.replacen("name: ", "allow: {host-bitz: Why}\nname: ", 1);
    for arguments in [&[][..], &["--fail", "mgmt-host-1"]] {
        let (good, ran) = (simulate(HARDENED, arguments), simulate(&wrong, arguments));
        assert_eq!((ran.code, &ran.out), (good.code, &good.out));
        assert_eq!(good.err, "");
        assert_eq!(
            ran.err,
            "note: 1 error is in this topology: `rancher-gen validate cluster.yaml` shows it\n"
        );
    }
}

#[test]
fn what_was_not_searched_is_said() {
    let ran = simulate(HARDENED, &["--budget", "4"]);
    assert_eq!(ran.code, Some(5));
    assert!(ran.out.contains("not all sets of 2 were tried, and no larger ones"), "{}", ran.out);
    assert_eq!(ran.err, "note: not all was searched: 4 sets were tried for each thing at most (--budget)\n");
    let (code, report) = json(HARDENED, &["--budget", "4"]);
    assert_eq!((code, &report["complete"]), (Some(5), &Value::from(false)));
}

#[test]
fn a_wrong_name_is_told_with_the_nearest() {
    let ran = simulate(AS_WRITTEN, &["--fail", "mgmt-hots-2,zookeper,moon"]);
    assert_eq!(ran.code, Some(2));
    let expected = "\
error: nothing that can fail is called `mgmt-hots-2`
  did you mean `mgmt-host-2`?
  nothing that can fail is called `zookeper`
  did you mean `zookeeper`?
  nothing that can fail is called `moon`
  nodes, zones, services, roles, databases and load balancers can
";
    assert_eq!((ran.err.as_str(), ran.out.as_str()), (expected, ""));
}

#[test]
fn a_role_means_all_of_its_services() {
    let (code, left) = json(AS_WRITTEN, &["--fail", "cattle"]);
    assert_eq!(code, Some(1));
    let failed: Vec<&str> =
        left["failed"].as_array().unwrap().iter().filter_map(|own| own["name"].as_str()).collect();
    assert_eq!(failed, ["rancher-ha-parent", "rancher-ha-cattle"]);
}
