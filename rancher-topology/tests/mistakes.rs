//! What is wrong with a document: all of it in one run, each at its place, nothing twice.

#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;

use rancher_topology::{load, validate};

const SEED: &str = include_str!("../../examples/rancher-1-ha-aws/as-written.yaml");

/// A small cluster that is good, to be broken.
const GOOD: &str = "\
name: tiny
network: {name: lab, cidr: 10.0.0.0/16, subnets: {a: {cidr: 10.0.1.0/24}}}
nodes:
  box: {count: 2, first-address: {a: 10.0.1.10}, os: debian-12, engine: docker-27.3.1, groups: boxes}
security-groups:
  boxes:
    inbound:
      - {port: 22/tcp, from: 10.0.0.0/16, purpose: ssh}
services:
  web: {image: nginx:1.27.2, placement: box, publish: [80:80]}
";

/// `LINE:COLUMN ID MESSAGE; HELP` of everything that is wrong.
fn told(text: &str) -> Vec<String> {
    let Err(all) = load(text) else { return Vec::new() };
    all.iter()
        .map(|d| {
            let start = d.labels.first().map_or(0, |label| label.span.start);
            let line = text[..start].matches('\n').count() + 1;
            let column = text[..start].rsplit('\n').next().unwrap_or("").chars().count() + 1;
            let help = d.help.as_ref().map_or_else(String::new, |help| format!("; {help}"));
            format!("{line}:{column} {} {}{help}", d.id, d.message)
        })
        .collect()
}

fn with(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    GOOD.replacen(from, to, 1)
}

#[test]
fn a_good_document_has_no_mistake() {
    assert_eq!(told(GOOD), [] as [&str; 0]);
}

#[test]
fn every_mistake_is_told_in_one_run() {
    let text = SEED
        .replacen("count: 3 ", "cuont: 3 ", 1)
        .replacen("from: 0.0.0.0/0, purpose: ssh", "from: 0.0.0.0/33, purpose: ssh", 1)
        .replacen("groups: server-nodes", "groups: server-node", 1)
        .replacen("172.22.3.0/24", "172.22.3.4/24", 1)
        .replacen(
            "placement: mgmt-host\n    started-by: rancher-ha\n",
            "placement: mgmt-hots\n    started-by: rancher-ha\n",
            1,
        );
    assert_eq!(
        told(&text),
        [
            "16:19 host-bits `172.22.3.4/24` has bits set behind its prefix; write `172.22.3.0/24`",
            "26:5 unknown-key unknown key `cuont`; did you mean `count`?",
            "30:13 unknown-name there is no security group called `server-node`; did you mean `server-nodes`?",
            "36:41 wrong-value `0.0.0.0/33` is not of the form `ADDRESS/PREFIX-LENGTH`; \
             write a peer: a CIDR (`10.0.0.0/16`), `internet`, `self` or the name of a security group",
            "94:16 unknown-name there is no pool or node called `mgmt-hots`; did you mean `mgmt-host`?",
        ]
    );
}

#[test]
fn what_only_follows_from_a_mistake_is_not_told() {
    // The pool is lost with its only address, and nobody who names it hears of that.
    let text = with("first-address: {a: 10.0.1.10}", "first-address: nowhere");
    assert_eq!(told(&text), ["4:34 wrong-value expected a mapping, found `nowhere`"]);
    // The second section's names are lost with it.
    let text = with("groups: boxes", "groups: [boxes, cages]") + "security-gruops: {cages: {inbound: []}}\n";
    assert_eq!(
        told(&text),
        ["11:1 unknown-key unknown key `security-gruops`; did you mean `security-groups`?"]
    );
    let text = with("security-groups:", "security-gruops:");
    assert_eq!(
        told(&text),
        ["5:1 unknown-key unknown key `security-gruops`; did you mean `security-groups`?"]
    );
}

#[test]
fn a_key_that_is_nearly_a_known_one_is_read_as_that_one() {
    let text = with("count: 2", "cuont: many");
    assert_eq!(
        told(&text),
        [
            "4:9 unknown-key unknown key `cuont`; did you mean `count`?",
            "4:16 wrong-value expected a whole number, found `many`; write a whole number, in digits",
        ]
    );
    // A second one has no place to go, and one that is like none does not either.
    for wrong in ["count: 2, cuont: many", "size: many, count: 2"] {
        let text = with("count: 2", wrong);
        assert_eq!(told(&text).len(), 1, "{:?}", told(&text));
    }
}

#[test]
fn an_unknown_key_keeps_nobody_from_looking() {
    let lints = |text: &str| -> Vec<&str> {
        // A port on which nothing answers: something to find.
        let text = text.replace("port: 22/tcp", "port: 23/tcp");
        validate(&text).findings.iter().map(|one| one.id).collect()
    };
    let expected = lints(GOOD);
    assert!(!expected.is_empty());
    for (from, to) in [
        ("count: 2", "cuont: 2"),
        ("security-groups:", "security-gruops:"),
        ("placement: box", "placemnet: box"),
        ("count: 2", "count: 2, colour: red"),
        ("services:", "notes: {a: b}\nservices:"),
    ] {
        let report = validate(&with(from, to));
        assert!(report.topology.is_none() && report.unchecked.is_empty(), "{to}: {:?}", report.unchecked);
        let (keys, others): (Vec<&str>, Vec<&str>) =
            lints(&with(from, to)).into_iter().partition(|id| *id == "unknown-key");
        assert_eq!((keys.len(), &others), (1, &expected), "{to}");
    }
    // What is lost is lost: whoever needs it waits.
    for (from, to) in [("count: 2", "count: two"), ("placement: box", "placement: bocks")] {
        assert!(!validate(&with(from, to)).unchecked.is_empty(), "{to}");
    }
}

#[test]
fn what_could_look_at_a_part_is_not_among_those_that_could_not() {
    let report =
        validate(&with("from: 10.0.0.0/16", "from: 0.0.0.0/0").replace("placement: box", "placement: bocks"));
    assert!(report.findings.iter().any(|one| one.id == "world-open"), "{:?}", report.findings);
    assert!(report.unchecked.iter().all(|one| one.id != "world-open"));
    assert!(validate("name: [").unchecked.iter().any(|one| one.id == "world-open"));
}

#[test]
fn a_wrong_word_is_answered_with_the_known_ones() {
    assert_eq!(
        told(&with("debian-12", "debian-11")),
        ["4:54 unknown-word unknown word `debian-11`; did you mean `debian-12`?"]
    );
    assert_eq!(
        told(&with("debian-12", "plan9")),
        [
            "4:54 unknown-word unknown word `plan9`; known here: `centos-7`, `rocky-9`, `debian-12`, `ubuntu-24.04`"
        ]
    );
}

#[test]
fn a_word_that_is_refused_is_answered_with_what_to_write() {
    let written = [
        ("debian-12, engine: docker-27.3.1", "debian-12, engine: podman-5.2", "only Docker is supported"),
        ("cidr: 10.0.1.0/24", "cidr: 10.0.1.0", "write its address and prefix length: `10.0.0.0/16`"),
        ("port: 22/tcp", "port: 30-20", "the range 30-20 is reversed; write the lower port first: `20-30`"),
        ("from: 10.0.0.0/16", "from: 10.0.0.1", "write `10.0.0.1/32` for this one address"),
        ("publish: [80:80]", "traffic-to: a b", "write `NAME`, `NAME:PORT`, or a mapping with `to`"),
    ];
    for (from, to, help) in written {
        let told = told(&with(from, to));
        assert!(told.len() == 1 && told[0].ends_with(help), "{told:?}");
    }
    let postgres = format!("{GOOD}databases: {{orders: {{engine: postgres-16, port: 5432}}}}\n");
    assert_eq!(
        told(&postgres),
        [
            "11:30 wrong-value `postgres-16` is no database engine that is supported; write `mariadb-` or `mysql-` \
             with a version, as in `mariadb-10.0.24`: only these two are supported"
        ]
    );
}

#[test]
fn an_allowance_without_a_reason_is_refused_where_the_reason_would_stand() {
    for blank in ["''", "' '", "\"\u{00a0}\""] {
        let text = with("publish: [80:80]", &format!("allow: {{single-instance: {blank}}}"));
        assert_eq!(
            told(&text),
            [
                "10:71 wrong-value this says nothing; write a reason, in one line of text: why it is as it should be"
            ]
        );
    }
    let nothing = told(&with("publish: [80:80]", "allow: {single-instance: }"));
    assert!(nothing.len() == 1 && nothing[0].contains("expected a reason"), "{nothing:?}");
    assert_eq!(told(&with("publish: [80:80]", "allow: {single-instance: one will do}")), [] as [&str; 0]);
}

#[test]
fn an_address_outside_its_subnet_is_answered_by_where_it_began() {
    let help = |text: &str| told(text)[0].rsplit("; ").next().unwrap().to_owned();
    assert_eq!(
        help(&with("10.0.1.10", "10.0.0.255")),
        "begin with an address of 10.0.1.0/24, or name the subnet that has this one"
    );
    assert_eq!(
        help(&with("10.0.1.10", "10.0.1.255")),
        "make the subnet wider, lower `count`, or begin with a lower address if there is room below"
    );
}

#[test]
fn a_probe_that_asks_no_port_or_counts_no_answers_is_refused() {
    let probe = |health: &str| told(&with("publish: [80:80]", &format!("health: {{{health}}}")));
    assert_eq!(
        probe("probe: {tcp: 80}, unhealthy: 0, healthy: 0"),
        [
            "10:84 wrong-value nothing is learnt from 0 answers in a row; write a number from 1, or leave it out",
            "10:96 wrong-value nothing is learnt from 0 answers in a row; write a number from 1, or leave it out",
        ]
    );
    let path = probe("probe: {http: {port: 80, path: ping}}");
    assert!(path[0].contains("`ping` is no path of a request; write `path: /ping`"), "{path:?}");
    assert!(probe("probe: {tcp: 0}")[0].contains("0 is no port; write the port in the container"));
    assert_eq!(probe("probe: {tcp: 80}, unhealthy: 1, healthy: 1"), [] as [&str; 0]);
}

#[test]
fn a_wrong_type_says_what_is_expected() {
    assert_eq!(
        told(&with("publish: [80:80]", "publish: 80")),
        ["10:55 wrong-value expected a list, found `80`"]
    );
    assert_eq!(
        told(&with("count: 2", "count: many")),
        ["4:16 wrong-value expected a whole number, found `many`; write a whole number, in digits"]
    );
    assert_eq!(told(&with("cidr: 10.0.1.0/24", "cidr: {}")).len(), 1);
}

#[test]
fn what_cannot_be_read_as_yaml_has_a_remedy() {
    let tab = GOOD.replacen("  box:", "\tbox:", 1);
    assert!(told(&tab)[0].ends_with("write blanks instead of this tab"), "{:?}", told(&tab));
    let deep = told(&"[".repeat(100_000));
    assert!(deep.len() == 1 && deep[0].ends_with("nested this deeply"), "{deep:?}");
    for (text, place, remedy) in [
        // The tab ends a word, and indents the line behind it.
        ("name: x\nnetwork:\n  name: y\n\tcidr: 10.0.0.0/16\n", "4:1 ", "write blanks instead of this tab"),
        ("name:\tx\nnodes:\n\t- a\n", "1:6 ", "write blanks instead of this tab"),
        ("network: {name: y, subnets: {a: {}}\nnodes: {}\n", "2:", "write `}` where it ends"),
        ("nodes: [a,\nservices: {}\n", "2:", "write `]` where it ends"),
        (
            "nodes: {a: 1}}\n",
            "1:14 ",
            "no bracket is open here: take this one away, or put the text in quotes",
        ),
        ("name: {{ name }}-x\n", "1:", "in quotes where it begins with `{`"),
        ("title: \"abc\nname: x\n", "1:8 ", "write it where the text ends"),
        ("title: *all\n", "1:8 ", "a text that begins with `*` needs quotes"),
        ("network:\n  a: 1\n b: 2\n", "3:2 ", "a text that begins with a quote or a bracket ends with it"),
        ("title: a: b\n", "1:9 ", "needs quotes"),
        ("é: {a: 1}}\n", "1:10 ", "put the text in quotes"),
    ] {
        let told = told(text);
        assert!(
            told.len() == 1 && told[0].starts_with(place) && told[0].ends_with(remedy),
            "{text:?}: {told:?}"
        );
    }
    assert_eq!(told("- a\n"), ["1:1 wrong-value expected a mapping, found a list"]);
}

#[test]
fn every_missing_key_and_every_mistake_beside_it_is_told() {
    assert_eq!(told("{}"), ["1:1 missing-key `name`, `network` are missing; write `name: …`, `network: …`"]);
    let text = with(
        "web: {image: nginx:1.27.2,",
        "web: {restart: nope, environment: {A: {secret: X, host-of: y}, B: {host-fo: z}},",
    );
    assert_eq!(
        told(&text),
        [
            "10:3 missing-key `image` is missing; write `image: …`",
            "10:18 unknown-word unknown word `nope`; known here: `always`, `on-failure`, `unless-stopped`, `no`",
            "10:38 wrong-value `host-of` is a second source of one value; write one of the two",
            "10:70 unknown-word unknown word `host-fo`; did you mean `host-of`?",
        ]
    );
    // What is long is not printed whole.
    assert!(told(&"x".repeat(100_000))[0].len() < 200);
}

#[test]
fn a_mapping_is_no_list_of_its_values() {
    let told = told(&with("{cidr: 10.0.1.0/24}", "[10.0.1.0/24, a, null, null]"));
    assert_eq!(told, ["2:51 wrong-value expected a mapping, found a list"]);
}

#[test]
fn a_slip_of_yaml_is_told_with_what_to_write() {
    for (from, to, help) in [
        ("      - {port", "      -{port", "write a blank behind `-`"),
        ("    inbound:", "\u{a0}   title: x\n    inbound:", "no-break space"),
        ("purpose: ssh}", "purpose: ssh", "write `}` where it ends"),
        ("nodes:\n", "title x\nnodes:\n", "write `:` behind the key on the line before"),
    ] {
        let told = told(&with(from, to));
        assert!(told.iter().any(|one| one.contains(help)), "{to}: {told:?}");
    }
    let merged = told(&with(
        "web: {image: nginx:1.27.2, placement: box, publish: [80:80]}",
        "web: &web {image: nginx:1.27.2, placement: box}\n  other: {<<: *web}",
    ));
    assert!(merged.len() == 1 && merged[0].contains("no merge keys"), "{merged:?}");
}

#[test]
fn a_wrong_word_is_told_in_the_words_of_a_person() {
    for (from, to, expected) in [
        ("os: debian-12", "os:", "expected one of `"),
        ("count: 2", "count: two", "found `two`; write a whole number"),
        ("groups: boxes", "groups: boxes, public-address: yes", "found `yes`; write `true` or `false`"),
        ("from: 10.0.0.0/16", "from: Internet", "for everybody, write `internet`"),
        ("from: 10.0.0.0/16", "from: any", "for everybody, write `internet`"),
        (
            "services:",
            "load-balancers: {front: {targets: box, listeners: [{listen: 80/tcp, forward: 80/tcp}], \
             health-check: 'HTTP:8080'}}\nservices:",
            "`HTTP:8080` asks for no path; write the path behind the port, as in `HTTP:8080/`",
        ),
    ] {
        let told = told(&with(from, to));
        assert!(told.len() == 1 && told[0].contains(expected), "{to}: {told:?}");
    }
}

#[test]
fn a_pool_that_cannot_have_its_name_is_there_and_a_name_twice_is_shown_twice() {
    let upper = told(&GOOD.replace("box", "Bo_x"));
    assert!(upper.len() == 1 && upper[0].contains("host-name"), "{upper:?}");
    let twice = with(
        "nodes:\n",
        "nodes:\n  box-1: {first-address: {a: 10.0.1.100}, os: debian-12, engine: docker-27.3.1}\n",
    );
    let all = load(&twice).unwrap_err();
    let places: Vec<&str> =
        all[0].labels.iter().map(|label| &twice[label.span.start..label.span.end]).collect();
    assert_eq!((all[0].id, &places[..]), ("duplicate-name", &["box", "box-1"][..]), "{all:?}");
}

#[test]
fn what_an_alias_repeats_is_told_once() {
    let told = told(&with("a: {cidr: 10.0.1.0/24}", "a: {cidr: &own 10.0.1.5/24}, b: {cidr: *own}"));
    let ids: Vec<_> = told.iter().map(|one| one.split(' ').nth(1).unwrap()).collect();
    assert_eq!(ids, ["host-bits", "subnet-overlap"], "{told:?}");
}

#[test]
fn a_secret_in_plain_sight_is_refused_and_a_harmless_name_is_not() {
    let variable = |word: &str| with("web: {", &format!("web: {{environment: {{{word}}}, "));
    for word in [
        "DB_PASSWORD: x",
        "DB_PASS: x",
        "MYSQL_PWD: x",
        "AWS_SECRET_ACCESS_KEY: x",
        "API_KEY: x",
        "CREDENTIALS: x",
        "DATABASE_URL: 'mysql://shop:hunter2@db/shop'",
        "PGPASSWORD: x",
        "REDIS_AUTH: x",
        "ROOT_PW: x",
        "DSN: 'shop:hunter2@tcp(db:3306)/shop'",
        "JDBC: 'jdbc:mysql://db/shop?user=shop&password=hunter2'",
        "JDBC: 'jdbc:sqlserver://db;user=shop;password=hunter2;encrypt=true'",
        "JAVA_OPTS: '-Xmx1g -Dspring.datasource.password=hunter2'",
    ] {
        assert!(told(&variable(word))[0].contains("literal-secret"), "{word}");
    }
    for word in [
        "TOKEN_TTL: 60",
        "TOKENIZER: bpe",
        "PASSWORD_FILE: /run/x",
        "URL: 'https://a@b:1/'",
        "PASSWORD: ''",
        "MYSQL_RANDOM_ROOT_PASSWORD: \"yes\"",
        "MYSQL_ALLOW_EMPTY_PASSWORD: 1",
        "USE_PASSWORD: false",
        "ENABLE_TOKEN: True",
        "DATABASE_URL: 'mysql://shop:$DB_PASSWORD@db/shop'",
        "JDBC: 'jdbc:mysql://db/shop?password=${DB_PASSWORD}'",
    ] {
        assert_eq!(told(&variable(word)), [] as [&str; 0], "{word}");
    }
}

#[test]
fn a_secret_in_a_command_is_refused_and_a_harmless_option_is_not() {
    let command = |words: &str| with("web: {", &format!("web: {{command: {words}, "));
    for words in [
        "[serve, --admin-password=hunter2]",
        "[redis-server, --requirepass, hunter2]",
        "redis-server --requirepass hunter2",
        "[redis-server, --requirepass=x]",
        "[app, --password, x]",
        "[app, --token, x]",
        "[app, -token, x]",
        "[mysql, -h, db, -phunter2]",
        "[sh, -c, \"exec /usr/bin/mysqldump -phunter2 shop\"]",
        "[redis-cli, -a, hunter2]",
    ] {
        assert!(told(&command(words)).iter().any(|one| one.contains("literal-secret")), "{words}");
    }
    for words in [
        "[app, --token-file, /run/token]",
        "[app, --password, $PASSWORD]",
        "[app, --password, --verbose]",
        "[psql, --no-password, shop]",
        "[mysql, -p, shop]",
        "[app, -p8080]",
        "[app, --use-token=true]",
        "[sh, -c, \"mysql -p$PASSWORD shop\"]",
    ] {
        assert_eq!(told(&command(words)), [] as [&str; 0], "{words}");
    }
}

#[test]
fn an_image_has_a_name_that_the_engine_takes() {
    let digest = format!("nginx@sha256:{}", "a".repeat(64));
    for image in
        ["nginx", "nginx:1.27.2", "registry.example.com:5000/a/b_c:v1", "localhost/x", digest.as_str()]
    {
        assert_eq!(told(&with("nginx:1.27.2", &format!("'{image}'"))), [] as [&str; 0], "{image}");
    }
    for image in ["", "Registry.example.com/JOBS::2", "UPPER", "a b", "nginx:", "nginx:-x", "/a", "a@b", "-x"]
    {
        assert!(told(&with("nginx:1.27.2", &format!("'{image}'")))[0].contains("image-name"), "{image}");
    }
}

#[test]
fn a_key_twice_is_refused_at_the_second_one() {
    let text = format!("{GOOD}name: again\n");
    assert_eq!(told(&text).len(), 1, "{:?}", told(&text));
    assert!(told(&text)[0].starts_with("11:1 duplicate-key"), "{:?}", told(&text));
}

#[test]
fn a_text_that_is_no_document_is_refused() {
    for (text, id) in [
        ("", "missing-key"),
        ("# only a comment\n", "missing-key"),
        ("- a\n- b\n", "wrong-value"),
        ("just words", "wrong-value"),
        ("a: [1, 2", "yaml-syntax"),
        ("a: b: c", "yaml-syntax"),
        ("a: 1\n---\nb: 2\n", "two-documents"),
        ("a: &a [*a]", "yaml-syntax"),
    ] {
        let told = told(text);
        assert!(told.first().is_some_and(|first| first.contains(id)), "{text:?}: {told:?}");
    }
}

#[test]
fn json_is_read_too() {
    let json = serde_json::json!({
        "name": "tiny",
        "network": {"name": "lab", "cidr": "10.0.0.0/16", "subnets": {"a": {"cidr": "10.0.1.0/24"}}},
        "nodes": {"box": {"first-address": {"a": "10.0.1.10"}, "os": "debian-12", "engine": "docker-27.3.1"}},
    });
    assert_eq!(load(&json.to_string()).unwrap().nodes.len(), 1);
    assert_eq!(told("{\"name\": \"a b\"}").len(), 2, "a wrong name, and no network");
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_text() {
    assert!(load(&format!("\u{FEFF}{GOOD}")).is_ok());
}

#[test]
fn what_would_fill_the_memory_is_refused_before_it_does() {
    let huge = with(
        "nodes:\n",
        "nodes:\n  first: {count: 5, first-address: {a: 10.0.1.100}, os: debian-12, engine: docker-27.3.1}\n",
    )
    .replace("count: 2", "count: 18446744073709551615");
    assert!(told(&huge).iter().any(|one| one.contains("node-count")), "{:?}", told(&huge));
    let mut many = GOOD.to_owned();
    for number in 0..300 {
        let _ = writeln!(many, "  s{number}: {{image: a, placement: box, naming: numbered, scale: 1000000}}");
    }
    assert!(told(&many).iter().any(|one| one.contains("instance-count")), "{:?}", told(&many).len());
    let long = "x".repeat(1_000_000);
    let lists =
        format!("a: &a {long}\nb: &b [{}]\nc: [{}]\n", ["*a"; 1_000].join(", "), ["*b"; 50].join(", "));
    assert!(told(&lists)[0].contains("too-large"), "{}", &told(&lists)[0][..200]);
}

#[test]
fn an_alias_bomb_is_refused() {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let below = format!("*a{}", level - 1);
        let _ = writeln!(text, "a{level}: &a{level} [{}]", [below.as_str(); 10].join(", "));
    }
    let told = told(&text);
    assert!(told.len() == 1 && told[0].contains("too-large"), "{told:?}");
}

#[test]
fn a_registration_url_that_cannot_be_made_is_asked_for() {
    let text = SEED.replacen("name: rancher-vpc", "name: rancher_vpc", 1);
    let told = told(&text);
    assert!(told.len() == 1 && told[0].contains("missing-key hosts have no URL to register at"), "{told:?}");
}

#[test]
fn a_choice_whose_value_is_wrong_is_told_once_and_reading_ends() {
    let told = told(&SEED.replacen("probe: {tcp: 80}", "probe: {tcp: 00}", 1));
    assert!(told.iter().all(|one| one.contains("wrong-value")) && !told.is_empty(), "{told:?}");
}

#[test]
fn bits_behind_a_prefix_are_never_mended_to_let_more_in() {
    use rancher_topology::validate::{complete, mend};
    let with =
        |peer: &str| format!("security-groups: {{nodes: {{inbound: [{{port: 22/tcp, from: {peer}}}]}}}}\n");
    let subnets = |c: &str| {
        format!(
            "network: {{name: lab, cidr: 10.0.0.0/16, subnets: {{a: {{cidr: 10.0.1.0/24}}, \
             b: {{cidr: 10.0.2.0/24}}, c: {{cidr: {c}}}}}}}\n"
        )
    };
    for (text, help) in [
        (
            with("203.0.113.7/0"),
            "write `203.0.113.7/32` if the address is right, or `0.0.0.0/0` if the prefix is",
        ),
        (
            with("203.0.113.7/24"),
            "write `203.0.113.7/32` if the address is right, or `203.0.113.0/24` if the prefix is",
        ),
        (
            with("2001:db8::7/32"),
            "write `2001:db8::7/128` if the address is right, or `2001:db8::/32` if the prefix is",
        ),
        (
            subnets("10.0.3.0/23"),
            "write `10.0.3.0/24` if the address is right, or `10.0.2.0/23` if the prefix is",
        ),
        (
            subnets("10.0.3.9/23"),
            "write `10.0.3.9/32` if the address is right, or `10.0.2.0/23` if the prefix is",
        ),
        (
            subnets("10.0.5.0/23"),
            "write `10.0.5.0/24` if the address is right, or `10.0.4.0/23` if the prefix is",
        ),
    ] {
        let text = complete(&text);
        let mended = mend(&text);
        assert_eq!(mended.text, text);
        let helps: Vec<_> = mended.report.findings.iter().filter_map(|one| one.help.as_deref()).collect();
        assert!(helps.contains(&help), "{helps:#?}");
    }
    let mended = mend(&complete(&subnets("10.0.3.9/24")));
    assert!(mended.text.contains("c: {cidr: 10.0.3.0/24}"), "{}", mended.text);
}
