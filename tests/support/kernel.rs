//! The kernel as the judge of a rule set: what becomes of packets that arrive at a node whose tables hold these rules.
//!
//! The node is a namespace of its own with a TUN device for each interface, and `kernel_judge.py` in it, which is asked
//! case after case. A case sees nothing of the ones before it: no rules, no sets, no connections, no lists of `recent`.
//! Within a case, packets are sent in their order and share the table of connections, so that the second of two can be
//! `ESTABLISHED`; each ICMP message is a connection of its own.
//!
//! A packet is null if something dropped it. The rules alone should decide, so what routing refuses on its own account
//! is off where it can be: the reverse path filter, the node's own addresses as sources, 127.0.0.0/8 on a wire. What is
//! still refused whatever the rules say:
//!
//! - sources that are multicast, broadcast, in 0.0.0.0/8, `::` or `::1`; destinations that are those but not broadcast
//! - forwarded packets with `ttl` 1, and forwarded ones from or to fe80::/10
//!
//! A TUN device has no link layer: `mac` never matches, `pkttype` is always unicast, there is no `physdev`.
//!
//! Cases are judged the fastest when back end and family seldom change, and by several judges at once: most of a case's
//! time on nft is the kernel's own waiting for its other processors (RCU), in which another namespace can go on.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::IpAddr;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use ipnet::{Ipv4Net, Ipv6Net};
use rancher_topology::netfilter;
use serde::{Deserialize, Serialize};

use super::netns::{BackEnd, Namespace};
use super::tools::top;

/// An interface of the node and the node's addresses on it; the rest of the two networks is behind it.
#[derive(Debug, Clone)]
pub struct Interface {
    pub name: String,
    pub v4: Ipv4Net,
    pub v6: Ipv6Net,
}

impl Interface {
    /// Interfaces with 10.I.0.1/16 and fd00:I::1/64, numbered from 0.
    pub fn numbered(names: &[&str]) -> Vec<Self> {
        (0_u8..)
            .zip(names)
            .map(|(number, name)| Self {
                name: (*name).to_owned(),
                v4: Ipv4Net::new([10, number, 0, 1].into(), 16).unwrap(),
                v6: Ipv6Net::new([0xfd00, number.into(), 0, 0, 0, 0, 0, 1].into(), 64).unwrap(),
            })
            .collect()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    V4,
    V6,
}

impl Serialize for Family {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(match self {
            Self::V4 => 4,
            Self::V6 => 6,
        })
    }
}

/// A rule set and the packets that meet it.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    pub family: Family,
    #[serde(rename = "backend")]
    pub back_end: BackEnd,
    /// What `iptables-restore` (or `ip6tables-restore`) is given. Tables that it does not name are empty, policies that
    /// it does not say are ACCEPT.
    pub rules: String,
    /// What `ipset restore` is given before; may be empty.
    pub sets: String,
    pub packets: Vec<Packet>,
    /// The rules are loaded by a process of their own, as a person would. Otherwise one process loads those of many
    /// cases, which is much faster; it makes no difference to the rules that stand then.
    pub fresh: bool,
}

/// A packet that arrives on an interface. Its checksums are right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Packet {
    /// `lo`: the node sends it to itself.
    pub iif: String,
    /// Of the case's family, as `dst` is.
    pub src: IpAddr,
    pub dst: IpAddr,
    pub proto: Protocol,
    /// Of TCP and UDP; other protocols have none.
    pub sport: u16,
    pub dport: u16,
    /// Of TCP: some of FIN, SYN, RST, PSH, ACK, URG, ECE, CWR. Sequence numbers suit any first and second packet of a
    /// connection.
    pub flags: Vec<String>,
    /// Of ICMP and ICMPv6.
    #[serde(rename = "type")]
    pub icmp_type: u8,
    pub code: u8,
    /// In bytes, with the IP header. The least is 8 more than the headers, for the number that packets are known by
    /// again; that is what `None` is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length: Option<u16>,
    /// The TTL or hop limit; `None` is 64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl: Option<u8>,
}

/// A packet as the engine is asked about it.
pub fn known(packet: &Packet) -> netfilter::Packet {
    let transport = matches!(packet.proto, Protocol::Tcp | Protocol::Udp);
    let icmp = matches!(packet.proto, Protocol::Icmp | Protocol::Icmp6);
    let flag = |name: &String| match name.as_str() {
        "FIN" => 1,
        "SYN" => 2,
        "RST" => 4,
        "PSH" => 8,
        "ACK" => 16,
        "URG" => 32,
        _ => 0,
    };
    netfilter::Packet {
        inbound: Some(packet.iif.clone()),
        outbound: None,
        source: packet.src,
        destination: packet.dst,
        protocol: match packet.proto {
            Protocol::Tcp => 6,
            Protocol::Udp => 17,
            Protocol::Icmp => 1,
            Protocol::Icmp6 => 58,
            Protocol::Number(number) => number,
        },
        source_port: transport.then_some(packet.sport),
        destination_port: transport.then_some(packet.dport),
        icmp_type: icmp.then_some(packet.icmp_type),
        icmp_code: icmp.then_some(packet.code),
        tcp_flags: matches!(packet.proto, Protocol::Tcp).then(|| packet.flags.iter().map(flag).sum()),
    }
}

impl Packet {
    /// One that opens a connection: port 40000 to 80, a SYN, an echo request.
    pub fn new(iif: &str, src: IpAddr, dst: IpAddr, proto: Protocol) -> Self {
        Self {
            iif: iif.to_owned(),
            src,
            dst,
            proto,
            sport: 40000,
            dport: 80,
            flags: vec!["SYN".to_owned()],
            icmp_type: if src.is_ipv4() { 8 } else { 128 },
            code: 0,
            length: None,
            ttl: None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    Tcp,
    Udp,
    Icmp,
    Icmp6,
    /// 1 to 254, and no extension header of IPv6. The packet has nothing of the protocol but its number, unless it is
    /// one of those above.
    #[serde(untagged)]
    Number(u8),
}

/// What the kernel did.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Answer {
    pub loaded: bool,
    /// What the program that did not load the sets or the rules printed.
    pub error: Option<String>,
    /// For each packet of the case, in its order: where it came out, `None` if it was dropped or rejected. Empty when
    /// the rules did not load.
    pub verdicts: Vec<Option<Arrival>>,
}

/// Where a packet came out, and as what: translations of addresses and ports show.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Arrival {
    /// `local`, or the interface by which it was forwarded.
    pub to: String,
    pub src: IpAddr,
    pub dst: IpAddr,
    /// Of TCP and UDP.
    pub sport: Option<u16>,
    pub dport: Option<u16>,
}

/// A node that is asked case after case.
#[derive(Debug)]
pub struct Judge {
    process: Child,
    cases: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    /// The node; what stands in it is the last case's.
    pub node: Namespace,
}

impl Judge {
    /// A node with these interfaces. What none of their networks holds is behind the first.
    pub fn new(interfaces: &[Interface]) -> Self {
        let node = Namespace::new("judge");
        let mut process = node
            .command("python3")
            .arg(top().join("tests/support/kernel_judge.py"))
            .args(interfaces.iter().map(|one| format!("{}={},{}", one.name, one.v4, one.v6)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let cases = process.stdin.take();
        let answers = BufReader::new(process.stdout.take().unwrap());
        Self { process, cases, answers, node }
    }

    /// What the kernel does with a case. A case that makes no sense fails the test.
    #[track_caller]
    pub fn ask(&mut self, case: &Case) -> Answer {
        let mut line = serde_json::to_string(case).unwrap();
        line.push('\n');
        self.cases.as_mut().unwrap().write_all(line.as_bytes()).unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        assert!(!answer.is_empty(), "the judge gave up on {line}");
        serde_json::from_str(&answer).unwrap()
    }
}

impl Drop for Judge {
    fn drop(&mut self) {
        // It ends with its input.
        self.cases = None;
        let _ = self.process.wait();
    }
}
