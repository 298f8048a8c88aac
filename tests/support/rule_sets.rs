//! Random rule sets, and random packets that meet them, for the node of `kernel`.
//!
//! What they ask for is few enough that rules and packets meet: some hosts behind each interface, some ports.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr};

use fastrand::Rng;

use super::kernel::{Family, Packet, Protocol};

/// The interfaces of the node, as [`Interface::numbered`](super::kernel::Interface::numbered) numbers them.
pub const INTERFACES: [&str; 5] = ["eth0", "eth1", "eth2", "br-lan", "ppp0"];
const PORTS: [u16; 8] = [22, 53, 80, 443, 2181, 8080, 8081, 60000];
/// Chains that `INPUT` and `FORWARD` may ask; a chain asks only later ones.
const CHAINS: [&str; 4] = ["one", "two", "three", "four"];

/// A set of `ipset`: its type says which dimensions an entry has.
struct Set {
    name: &'static str,
    kind: &'static str,
}

const fn set(name: &'static str, kind: &'static str) -> Set {
    Set { name, kind }
}

/// The sets that rules of a family can ask: the program refuses others.
fn sets_of(family: Family) -> Vec<&'static Set> {
    SETS.iter().filter(|set| set.kind != "bitmap:ip" || family == Family::V4).collect()
}

/// One of each kind of set with something in it, and every way to ask each: `pairs src,dst`.
pub fn sets(rng: &mut Rng, family: Family) -> (String, Vec<(&'static str, String)>) {
    let mut maker = Maker { rng, family, uncertain: false };
    let (mut text, mut asked) = (String::new(), Vec::new());
    for set in sets_of(family) {
        // So many that packets are in some.
        text.push_str(&maker.set(set, if set.kind.matches(',').count() == 2 { 100 } else { 12 }));
        let dimensions = if set.kind == "list:set" { 3 } else { set.kind.split(',').count() };
        for sides in 0..1_u8 << dimensions {
            let sides: Vec<_> =
                (0..dimensions).map(|at| if sides >> at & 1 == 0 { "src" } else { "dst" }).collect();
            asked.push((set.kind, format!("{} {}", set.name, sides.join(","))));
        }
    }
    (text, asked)
}

/// One of each type that a kernel without modules has; the last one has others in it.
const SETS: [Set; 12] = [
    set("hosts", "hash:ip"),
    set("nets", "hash:net"),
    set("pairs", "hash:ip,port"),
    set("services", "hash:net,port"),
    set("links", "hash:net,iface"),
    set("triples", "hash:ip,port,ip"),
    set("halves", "hash:ip,port,net"),
    set("near", "bitmap:ip"),
    set("ports", "bitmap:port"),
    set("more-hosts", "hash:ip"),
    set("more-nets", "hash:net"),
    set("all", "list:set"),
];

/// A rule set as `iptables-restore` reads it, and the sets that it asks.
#[derive(Debug, Clone)]
pub struct Random {
    pub rules: String,
    pub sets: String,
    /// Whether something is asked for that no packet tells, so that not everything can be certain.
    pub uncertain: bool,
}

struct Maker<'a> {
    rng: &'a mut Rng,
    family: Family,
    uncertain: bool,
}

/// A rule set of a family.
pub fn rule_set(rng: &mut Rng, family: Family) -> Random {
    let uncertain = rng.u8(0..4) == 0;
    let mut maker = Maker { rng, family, uncertain };
    let mut rules = String::new();
    if maker.one_in(3) {
        maker.raw(&mut rules);
    }
    if maker.one_in(3) {
        maker.mangle(&mut rules);
    }
    if maker.one_in(3) {
        maker.nat(&mut rules);
    }
    maker.filter(&mut rules);
    let sets = maker.sets();
    Random { rules, sets, uncertain }
}

impl Maker<'_> {
    fn one_in(&mut self, many: u8) -> bool {
        self.rng.u8(0..many) == 0
    }

    fn any<'t, T: ?Sized>(&mut self, all: &[&'t T]) -> &'t T {
        all[self.rng.usize(0..all.len())]
    }

    fn port(&mut self) -> u16 {
        PORTS[self.rng.usize(0..PORTS.len())]
    }

    fn ports(&mut self) -> String {
        let port = self.port();
        if self.one_in(4) {
            format!("{port}:{}", port.saturating_add(self.rng.u16(1..3000)))
        } else {
            port.to_string()
        }
    }

    fn port_list(&mut self) -> String {
        let count = self.rng.usize(1..4);
        (0..count).map(|_| self.ports()).collect::<Vec<_>>().join(",")
    }

    fn host(&mut self) -> IpAddr {
        host(self.rng, self.family)
    }

    fn network(&mut self) -> String {
        let host = self.host();
        let whole: u8 = if host.is_ipv4() { 32 } else { 128 };
        let length = match self.rng.u8(0..6) {
            0 => whole,
            1 => whole / 2,
            2 => whole - 8,
            3 => whole - self.rng.u8(0..4),
            4 => whole / 4,
            _ => self.rng.u8(0..=whole),
        };
        ipnet::IpNet::new(host, length).unwrap().trunc().to_string()
    }

    fn not(&mut self) -> &'static str {
        if self.one_in(5) { "! " } else { "" }
    }

    fn states(&mut self) -> String {
        let count = self.rng.usize(1..4);
        let all = ["NEW", "ESTABLISHED", "RELATED", "INVALID", "UNTRACKED"];
        (0..count).map(|_| self.any(&all)).collect::<Vec<_>>().join(",")
    }

    /// The conditions of a rule.
    fn conditions(&mut self, chain: &str) -> String {
        let mut all = String::new();
        for _ in 0..self.rng.u8(0..3) {
            self.address(&mut all);
        }
        if self.one_in(3) {
            let (not, name) = (
                self.not(),
                self.any(&["eth0", "eth1", "eth2", "br-lan", "ppp0", "eth+", "br+", "wg0", "lo"]),
            );
            write!(all, "{not}-i {name} ").unwrap();
        }
        // Elsewhere a packet has no interface that it goes out on, which chains that people made can ask for all the same.
        if !matches!(chain, "INPUT" | "PREROUTING") && self.one_in(3) {
            let (not, name) =
                (self.not(), self.any(&["eth0", "eth1", "eth2", "br-lan", "ppp0", "eth+", "wg0", "+"]));
            write!(all, "{not}-o {name} ").unwrap();
        }
        self.transport(&mut all);
        if self.one_in(4) {
            let (not, states) = (self.not(), self.states());
            let module = if self.one_in(2) { "-m state" } else { "-m conntrack" };
            let option = if module == "-m state" { "--state" } else { "--ctstate" };
            write!(all, "{module} {not}{option} {states} ").unwrap();
        }
        if self.one_in(8) {
            self.original(&mut all);
        }
        if self.one_in(6) {
            let (not, mark) = (self.not(), self.any(&["0x1", "0x2/0x2", "0x0/0xff", "0x3"]));
            write!(all, "-m mark {not}--mark {mark} ").unwrap();
        }
        if self.one_in(8) {
            let (not, kind) = (self.not(), self.any(&["LOCAL", "MULTICAST", "UNICAST", "LOCAL,MULTICAST"]));
            write!(all, "-m addrtype {not}--dst-type {kind} ").unwrap();
        }
        if self.one_in(8) {
            let sets = sets_of(self.family);
            let (not, set) = (self.not(), self.any(&sets));
            let (name, dimensions) = (set.name, set.kind.split(',').count());
            // One side too many changes nothing, one too few finds nothing.
            let sides = if self.one_in(10) { self.rng.usize(1..4) } else { dimensions };
            let sides: Vec<_> = (0..sides).map(|_| self.any(&["src", "dst"])).collect();
            write!(all, "-m set {not}--match-set {name} {} ", sides.join(",")).unwrap();
        }
        if self.one_in(12) {
            write!(all, "-m comment --comment \"it's \\\"quoted\\\" -j DROP\" ").unwrap();
        }
        if self.uncertain && self.one_in(3) {
            let what = self.any(&[
                "-m limit --limit 1/hour --limit-burst 1",
                "-m length --length 0:60",
                "-m statistic --mode random --probability 0.5",
                "-m recent --name seen --rcheck",
                "-m recent --name seen --set",
                "-m ttl --ttl-gt 10",
            ]);
            if !(what.contains("ttl") && self.family == Family::V6) {
                write!(all, "{what} ").unwrap();
            }
        }
        all
    }

    fn address(&mut self, all: &mut String) {
        let not = self.not();
        if self.one_in(6) {
            let (one, other) = (self.host(), self.host());
            let side = self.any(&["--src-range", "--dst-range"]);
            let (first, last) = (one.min(other), one.max(other));
            write!(all, "-m iprange {not}{side} {first}-{last} ").unwrap();
            return;
        }
        let side = if self.one_in(2) { "-s" } else { "-d" };
        if all.contains(&format!("{side} ")) {
            return;
        }
        let network = self.network();
        // A rule that no packet can meet does not load.
        let not = if network.ends_with("/0") { "" } else { not };
        write!(all, "{not}{side} {network} ").unwrap();
    }

    fn transport(&mut self, all: &mut String) {
        let not = self.not();
        match self.rng.u8(0..9) {
            0 | 1 => {
                let protocol = if self.one_in(3) { "udp" } else { "tcp" };
                write!(all, "-p {protocol} -m {protocol} {not}--dport {} ", self.ports()).unwrap();
                if self.one_in(5) {
                    write!(all, "--sport {} ", self.any(&["1024:65535", "0:1023", "53"])).unwrap();
                }
                if protocol == "tcp" && self.one_in(3) {
                    let flags =
                        self.any(&["FIN,SYN,RST,ACK SYN", "SYN SYN", "ALL NONE", "ACK,FIN FIN", "RST RST"]);
                    write!(all, "--tcp-flags {flags} ").unwrap();
                }
            }
            2 => {
                let protocol = if self.one_in(3) { "udp" } else { "tcp" };
                let (side, ports) = (self.any(&["--dports", "--ports", "--sports"]), self.port_list());
                write!(all, "-p {protocol} -m multiport {not}{side} {ports} ").unwrap();
            }
            3 => match self.family {
                Family::V4 => {
                    let kind = self.any(&["8", "0", "3/1", "any", "13"]);
                    write!(all, "-p icmp -m icmp {not}--icmp-type {kind} ").unwrap();
                }
                Family::V6 => {
                    let kind = self.any(&["128", "129", "135", "1/4"]);
                    write!(all, "-p ipv6-icmp -m icmp6 {not}--icmpv6-type {kind} ").unwrap();
                }
            },
            4 => write!(all, "{not}-p {} ", self.any(&["tcp", "udp", "89"])).unwrap(),
            5 => write!(all, "-p tcp -m tcp {not}--syn ").unwrap(),
            _ => {}
        }
    }

    /// What a packet was sent to before it was translated.
    fn original(&mut self, all: &mut String) {
        let not = self.not();
        match self.rng.u8(0..4) {
            0 => write!(all, "-m conntrack {not}--ctorigdstport {} ", self.port()).unwrap(),
            1 => write!(all, "-m conntrack {not}--ctorigdst {} ", self.host()).unwrap(),
            2 => write!(all, "-m conntrack {not}--ctorigsrc {} ", self.network()).unwrap(),
            _ => write!(all, "-m conntrack {not}--ctstate DNAT ").unwrap(),
        }
    }

    fn filter(&mut self, rules: &mut String) {
        rules.push_str("*filter\n");
        for chain in ["INPUT", "FORWARD"] {
            let policy = if self.one_in(2) { "DROP" } else { "ACCEPT" };
            writeln!(rules, ":{chain} {policy} [0:0]").unwrap();
        }
        for chain in CHAINS {
            writeln!(rules, ":{chain} - [0:0]").unwrap();
        }
        for (at, chain) in ["INPUT", "FORWARD"].into_iter().chain(CHAINS).enumerate() {
            let later = &CHAINS[at.saturating_sub(1).min(CHAINS.len())..];
            for _ in 0..self.rng.u8(0..7) {
                let conditions = self.conditions(chain);
                let target = match self.rng.u8(0..10) {
                    0..3 => "-j ACCEPT".to_owned(),
                    3..5 => "-j DROP".to_owned(),
                    5 => "-j REJECT".to_owned(),
                    6 => "-j RETURN".to_owned(),
                    7 if self.one_in(3) => "-j LOG".to_owned(),
                    7 => String::new(),
                    _ if later.is_empty() => "-j RETURN".to_owned(),
                    8 => format!("-g {}", self.any(later)),
                    _ => format!("-j {}", self.any(later)),
                };
                writeln!(rules, "-A {chain} {conditions}{target}").unwrap();
            }
        }
        rules.push_str("COMMIT\n");
    }

    fn raw(&mut self, rules: &mut String) {
        rules.push_str("*raw\n:PREROUTING ACCEPT [0:0]\n");
        for _ in 0..self.rng.u8(1..5) {
            let mut conditions = String::new();
            self.address(&mut conditions);
            if self.one_in(3) {
                let (not, states) = (self.not(), self.states());
                write!(conditions, "-m conntrack {not}--ctstate {states} ").unwrap();
            }
            let target = self.any(&[
                "-j CT --notrack",
                "-j CT --notrack",
                "-j CT --zone 3",
                "-j MARK --set-xmark 0x2/0x2",
                "-j CONNMARK --set-xmark 0x1/0x3",
                "-j CONNMARK --restore-mark --nfmask 0x3 --ctmask 0x3",
                "-j DROP",
                "-j ACCEPT",
            ]);
            writeln!(rules, "-A PREROUTING {conditions}{target}").unwrap();
        }
        rules.push_str("COMMIT\n");
    }

    fn mangle(&mut self, rules: &mut String) {
        rules.push_str("*mangle\n:PREROUTING ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:marks - [0:0]\n");
        for _ in 0..self.rng.u8(1..5) {
            let chain = self.any(&["PREROUTING", "PREROUTING", "FORWARD", "marks"]);
            let conditions = self.conditions(chain);
            let target = match self.rng.u8(0..11) {
                0 => "-j DROP",
                1 => "-j ACCEPT",
                2 if chain != "marks" => "-j marks",
                3 => "-j MARK --set-xmark 0x2/0x2",
                4 => "-j MARK --set-xmark 0x1/0xffffffff",
                5 => "-j MARK --set-xmark 0x0/0x1",
                6 => "-j CONNMARK --set-xmark 0x2/0x3",
                7 => "-j CONNMARK --save-mark --nfmask 0x3 --ctmask 0x3",
                8 => "-j CONNMARK --restore-mark --nfmask 0x1 --ctmask 0x1",
                9 => "-j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xffffffff",
                _ => "-j RETURN",
            };
            writeln!(rules, "-A {chain} {conditions}{target}").unwrap();
        }
        rules.push_str("COMMIT\n");
    }

    fn nat(&mut self, rules: &mut String) {
        rules.push_str("*nat\n:PREROUTING ACCEPT [0:0]\n:published - [0:0]\n");
        for _ in 0..self.rng.u8(1..5) {
            let chain = self.any(&["PREROUTING", "published"]);
            let mut conditions = String::new();
            self.address(&mut conditions);
            write!(conditions, "-p tcp -m tcp --dport {} ", self.port()).unwrap();
            let host = self.host();
            let to = if host.is_ipv4() { host.to_string() } else { format!("[{host}]") };
            let target = match self.rng.u8(0..7) {
                0 => "-j ACCEPT".to_owned(),
                1 => format!("-j DNAT --to-destination {host}"),
                2 => format!("-j REDIRECT --to-ports {}", self.port()),
                3 => "-j RETURN".to_owned(),
                4 if chain == "PREROUTING" => "-j published".to_owned(),
                _ => format!("-j DNAT --to-destination {to}:{}", self.port()),
            };
            writeln!(rules, "-A {chain} {conditions}{target}").unwrap();
        }
        rules.push_str("COMMIT\n");
    }

    /// The sets that rules may ask.
    fn sets(&mut self) -> String {
        let mut sets = String::new();
        for set in sets_of(self.family) {
            let many = self.rng.u8(0..6);
            sets.push_str(&self.set(set, many));
        }
        sets
    }

    /// A set with some entries, as `ipset restore` reads it.
    fn set(&mut self, Set { name, kind }: &Set, many: u8) -> String {
        let (_, dimensions) = kind.split_once(':').unwrap();
        let options = self.any(&["", "", " timeout 9000", " counters", " comment", " skbinfo"]);
        let own = match *kind {
            "list:set" => " size 8".to_owned(),
            "bitmap:port" => " range 0-65535".to_owned(),
            "bitmap:ip" => " range 10.0.0.0/16".to_owned(),
            _ if self.family == Family::V4 => " family inet".to_owned(),
            _ => " family inet6".to_owned(),
        };
        let mut text = format!("create {name} {kind}{own}{options}\n");
        let mut entries = std::collections::BTreeMap::new();
        for _ in 0..many {
            let words: Option<Vec<String>> =
                dimensions.split(',').map(|one| self.in_set(kind, one)).collect();
            let Some(words) = words else { continue };
            let nomatch = if dimensions.contains("net") && self.one_in(4) { " nomatch" } else { "" };
            let option = match options {
                " timeout 9000" => self.any(&["", " timeout 600"]),
                " counters" => self.any(&["", " packets 3 bytes 120"]),
                " comment" => self.any(&["", " comment \"add it: nomatch\""]),
                " skbinfo" => self.any(&["", " skbmark 0x1/0xff skbprio 1:10 skbqueue 5"]),
                _ => "",
            };
            entries.insert(words.join(","), format!("{nomatch}{option}"));
        }
        for (entry, options) in entries {
            writeln!(text, "add {name} {entry}{options} -exist").unwrap();
        }
        text
    }

    /// A dimension of an entry, if there can be one of this kind.
    fn in_set(&mut self, kind: &str, dimension: &str) -> Option<String> {
        Some(match dimension {
            "ip" if kind.starts_with("bitmap") => Ipv4Addr::from([10, 0, 0, self.rng.u8(1..6)]).to_string(),
            "ip" if kind == "hash:ip" && self.family == Family::V4 && self.one_in(6) => {
                let interface = self.rng.u8(0..5);
                format!("10.{interface}.0.2-10.{interface}.0.4")
            }
            "ip" => self.host().to_string(),
            // There is no network of all addresses in a set.
            "net" => Some(self.network()).filter(|network| !network.ends_with("/0"))?,
            "port" if kind.starts_with("bitmap") => self.port().to_string(),
            "port" => match self.rng.u8(0..8) {
                0..3 => format!("tcp:{}", self.port()),
                3 => "tcp:8079-8081".to_owned(),
                4..6 => format!("udp:{}", self.port()),
                6 => "89:0".to_owned(),
                _ if self.family == Family::V4 => self.any(&["icmp:8/0", "icmp:3/0"]).to_owned(),
                _ => self.any(&["icmpv6:128/0", "icmpv6:1/0"]).to_owned(),
            },
            "iface" => self.any(&INTERFACES).to_owned(),
            _ => {
                let sets = sets_of(self.family);
                self.any(&sets[..sets.len() - 1]).name.to_owned()
            }
        })
    }
}

/// A host behind an interface, the node itself, or somebody elsewhere.
pub fn host(rng: &mut Rng, family: Family) -> IpAddr {
    let (interface, number) = (rng.u8(0..5), rng.u8(1..6));
    if rng.u8(0..6) == 0 {
        return match family {
            Family::V4 => [203, 0, 113, number].into(),
            Family::V6 => [0x2001, 0xdb8, 0, 0, 0, 0, 0, number.into()].into(),
        };
    }
    match family {
        Family::V4 => [10, interface, 0, number].into(),
        Family::V6 => [0xfd00, interface.into(), 0, 0, 0, 0, 0, number.into()].into(),
    }
}

/// Packets that are not of each other's connections.
pub fn packets(rng: &mut Rng, family: Family, count: u16) -> Vec<Packet> {
    let mut packets: Vec<Packet> = (0..count)
        .map(|at| {
            let looped = rng.u8(0..12) == 0;
            let inbound = if looped { "lo" } else { INTERFACES[rng.usize(0..INTERFACES.len())] };
            let destination = if looped || rng.bool() { own(rng, family) } else { host(rng, family) };
            let source = if looped { own(rng, family) } else { host(rng, family) };
            let protocol = match rng.u8(0..10) {
                0..6 => Protocol::Tcp,
                6..8 => Protocol::Udp,
                8 if family == Family::V4 => Protocol::Icmp,
                8 => Protocol::Icmp6,
                _ => Protocol::Number(89),
            };
            let mut packet = Packet::new(inbound, source, destination, protocol);
            // No two have the same source port, so that no translation has to give way to another.
            packet.sport = if rng.u8(0..8) == 0 { 600 + at } else { 30000 + at };
            packet.dport = PORTS[rng.usize(0..PORTS.len())];
            let flags: &[&str] = match rng.u8(0..12) {
                0 => &["ACK"],
                1 => &["SYN", "ACK"],
                2 => &["RST"],
                3 => &["FIN", "ACK", "PSH"],
                4 => &["FIN", "PSH", "URG"],
                5 => &[],
                _ => &["SYN"],
            };
            packet.flags = flags.iter().map(|&flag| flag.to_owned()).collect();
            let kinds: &[u8] =
                if family == Family::V4 { &[8, 8, 0, 13, 3, 11] } else { &[128, 128, 129, 1, 3] };
            packet.icmp_type = kinds[rng.usize(0..kinds.len())];
            packet
        })
        .collect();
    // Without ports the way back is of the same connection: what goes it is no first packet.
    for at in 0..packets.len() {
        let (before, rest) = packets.split_at_mut(at);
        let (one, port_less) = (&mut rest[0], |packet: &Packet| matches!(packet.proto, Protocol::Number(_)));
        let is_answer = |other: &Packet| port_less(other) && other.src == one.dst && other.dst == one.src;
        if port_less(one) && before.iter().any(is_answer) {
            one.proto = Protocol::Udp;
        }
    }
    packets
}

/// One of the node's addresses.
fn own(rng: &mut Rng, family: Family) -> IpAddr {
    let interface = rng.u8(0..5);
    match family {
        Family::V4 => [10, interface, 0, 1].into(),
        Family::V6 => [0xfd00, interface.into(), 0, 0, 0, 0, 0, 1].into(),
    }
}
