//! Every option of every module and target, as the real programs print it after they loaded it: read exactly, bounded, or
//! bounded and told.
#![allow(clippy::unwrap_used)]

use rancher_gen::read::iptables;
use rancher_topology::netfilter::{Change, Condition, Hook, HostFacts, Memory, Target};
use rancher_topology::packet::Family;

mod support;
use support::netns::{BACK_ENDS, BackEnd, Namespace};
use support::tools::{feed, program, run};

/// What a reader makes of an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum As {
    /// What it asks for, a packet tells.
    Exact,
    /// It is known that it may be met or not.
    Bounded,
    /// It may be met or not, or do anything, and that is told.
    Told,
}
use As::{Bounded, Exact, Told};

const BOTH: &[Family] = &[Family::V4, Family::V6];
const V4: &[Family] = &[Family::V4];
const V6: &[Family] = &[Family::V6];

/// Where a rule is loaded, and the words before what is tried.
type Place = (&'static str, &'static str);
const IN: Place = ("mangle", "INPUT");
const PRE: Place = ("mangle", "PREROUTING");
const OUT: Place = ("filter", "OUTPUT");
const POST: Place = ("mangle", "POSTROUTING");
const RAW: Place = ("raw", "PREROUTING");
const NAT: Place = ("nat", "PREROUTING");
const SOURCE: Place = ("nat", "POSTROUTING");
const FILTER: Place = ("filter", "INPUT");

/// The modules of real rule sets, with every option that `iptables -m MODULE -h` prints.
const MODULES: &[(As, &[Family], Place, &str)] = &[
    (Exact, BOTH, IN, "-p tcp -m tcp --sport 80"),
    (Exact, BOTH, IN, "-p tcp -m tcp ! --source-port 80:90"),
    (Exact, BOTH, IN, "-p tcp -m tcp --dport :1023"),
    (Exact, BOTH, IN, "-p tcp -m tcp ! --destination-port 1024:"),
    (Exact, BOTH, IN, "-p tcp -m tcp --dport ssh"),
    (Exact, BOTH, IN, "-p tcp -m tcp --tcp-flags FIN,SYN,RST,PSH,ACK,URG FIN,PSH,URG"),
    (Exact, BOTH, IN, "-p tcp -m tcp ! --tcp-flags ALL NONE"),
    (Exact, BOTH, IN, "-p tcp -m tcp --syn"),
    (Exact, BOTH, IN, "-p tcp -m tcp ! --syn"),
    (Bounded, BOTH, IN, "-p tcp -m tcp --tcp-option 8"),
    (Bounded, BOTH, IN, "-p tcp -m tcp ! --tcp-option 8"),
    (Exact, BOTH, IN, "-p udp -m udp --sport 53"),
    (Exact, BOTH, IN, "-p udp -m udp ! --dport 1024:65535"),
    (Exact, V4, IN, "-p icmp -m icmp --icmp-type 3/4"),
    (Exact, V4, IN, "-p icmp -m icmp ! --icmp-type 8"),
    (Exact, V4, IN, "-p icmp -m icmp --icmp-type any"),
    (Exact, V6, IN, "-p icmpv6 -m icmp6 --icmpv6-type 1/4"),
    (Exact, V6, IN, "-p icmpv6 -m icmp6 ! --icmpv6-type 128"),
    (Exact, BOTH, IN, "-p tcp -m multiport --sports 1,2:4,80"),
    (Exact, BOTH, IN, "-p udp -m multiport ! --destination-ports 53,domain"),
    (Exact, BOTH, IN, "-p sctp -m multiport --ports 1:10"),
    (Exact, BOTH, IN, "-p tcp -m multiport ! --ports 1:10,12"),
    (Exact, BOTH, IN, "-p udplite -m multiport --dports 7"),
    (Exact, BOTH, IN, "-p dccp -m multiport --dports 7"),
    (Exact, BOTH, IN, "-m state --state NEW,ESTABLISHED,RELATED"),
    (Exact, BOTH, IN, "-m state ! --state INVALID,UNTRACKED"),
    (Exact, BOTH, IN, "-m conntrack --ctstate NEW,INVALID,ESTABLISHED,RELATED,UNTRACKED"),
    (Exact, BOTH, IN, "-m conntrack ! --ctstate DNAT"),
    (Bounded, BOTH, IN, "-m conntrack --ctstate SNAT,NEW"),
    (Bounded, BOTH, IN, "-m conntrack --ctproto tcp"),
    (Bounded, BOTH, IN, "-m conntrack ! --ctproto 89"),
    (Bounded, V4, IN, "-m conntrack --ctorigsrc 10.0.0.0/8"),
    (Bounded, V4, IN, "-m conntrack ! --ctorigdst 10.0.0.1"),
    (Bounded, V6, IN, "-m conntrack --ctorigsrc fd00::/8 ! --ctorigdst fd00::1"),
    (Bounded, V4, IN, "-m conntrack --ctreplsrc 10.0.0.0/8"),
    (Bounded, V6, IN, "-m conntrack ! --ctrepldst fd00::1"),
    (Bounded, BOTH, IN, "-m conntrack --ctorigsrcport 80:90"),
    (Bounded, BOTH, IN, "-m conntrack ! --ctorigdstport 80"),
    (Bounded, BOTH, IN, "-m conntrack --ctreplsrcport 80 ! --ctrepldstport 1:9"),
    (Bounded, BOTH, IN, "-m conntrack --ctstatus NONE"),
    (Bounded, BOTH, IN, "-m conntrack ! --ctstatus EXPECTED,SEEN_REPLY,ASSURED,CONFIRMED"),
    (Bounded, BOTH, IN, "-m conntrack --ctexpire 10:20"),
    (Bounded, BOTH, IN, "-m conntrack ! --ctexpire 10"),
    (Bounded, BOTH, IN, "-m conntrack --ctdir ORIGINAL"),
    (Bounded, BOTH, IN, "-m conntrack --ctdir REPLY"),
    (Bounded, BOTH, IN, "-m mac --mac-source 00:11:22:33:44:55"),
    (Bounded, BOTH, IN, "-m mac ! --mac-source 00:11:22:33:44:55"),
    (Bounded, BOTH, IN, "-m limit --limit 3/minute --limit-burst 7"),
    (Exact, BOTH, IN, "-m recent --set"),
    (Exact, BOTH, IN, "-m recent ! --set --name one --rdest"),
    (Bounded, BOTH, IN, "-m recent --rcheck --seconds 60 --hitcount 4 --rttl --name two --rsource"),
    (Bounded, BOTH, IN, "-m recent ! --update --seconds 60 --reap --name three"),
    (Bounded, BOTH, IN, "-m recent --remove --name four"),
    (Bounded, V4, IN, "-m recent --rcheck --name five --mask 255.255.255.0"),
    (Bounded, V6, IN, "-m recent --rcheck --name five --mask ffff::"),
    (Exact, BOTH, IN, "-m comment --comment x"),
    (Exact, BOTH, IN, "-m comment --comment -j"),
    (Exact, BOTH, IN, "-m comment --comment -f"),
    (Exact, BOTH, IN, "-m comment --comment -4"),
    (Exact, BOTH, IN, "-m comment --comment -6"),
    (Exact, BOTH, IN, "-m comment --comment --ipv6"),
    (Exact, BOTH, IN, "-i -4"),
    (Exact, BOTH, IN, "-m recent --set --name -6"),
    (Exact, BOTH, IN, "-m comment --comment --dport"),
    (Exact, BOTH, IN, "-m comment --comment \"! -s 10.0.0.1 'a' \\\"b\\\" \\\\ -j DROP\""),
    (Bounded, BOTH, OUT, "-m owner --uid-owner 0"),
    (Bounded, BOTH, OUT, "-m owner ! --uid-owner 1000-1999"),
    (Bounded, BOTH, OUT, "-m owner --gid-owner 5 --suppl-groups"),
    (Bounded, BOTH, OUT, "-m owner ! --gid-owner 5-6 --socket-exists"),
    (Bounded, BOTH, OUT, "-m owner ! --socket-exists"),
    (Exact, BOTH, IN, "-m addrtype --src-type LOCAL"),
    (Exact, BOTH, IN, "-m addrtype ! --dst-type UNICAST,MULTICAST ! --src-type UNSPEC"),
    (Exact, V4, IN, "-m addrtype --dst-type BROADCAST,ANYCAST"),
    (Exact, BOTH, IN, "-m addrtype --dst-type UNREACHABLE"),
    (Exact, V4, IN, "-m addrtype --dst-type BLACKHOLE,PROHIBIT,THROW,NAT,XRESOLVE"),
    (Bounded, BOTH, IN, "-m addrtype --dst-type LOCAL --limit-iface-in"),
    (Bounded, BOTH, POST, "-m addrtype --src-type LOCAL --limit-iface-out"),
    (Exact, V4, IN, "-m iprange --src-range 10.0.0.1-10.0.0.9 ! --dst-range 10.1.0.0-10.1.0.5"),
    (Exact, V4, IN, "-m iprange --dst-range 10.0.0.1"),
    (Exact, V6, IN, "-m iprange ! --src-range fd00::1-fd00::9 --dst-range fd00::-fd00::ff"),
    (Exact, BOTH, IN, "-m set --match-set nets src"),
    (Exact, BOTH, IN, "-m set ! --match-set pairs dst,src"),
    (Bounded, BOTH, IN, "-m set --match-set nets src --return-nomatch"),
    (Exact, BOTH, IN, "-m set --match-set nets src ! --update-counters"),
    (Exact, BOTH, IN, "-m set --match-set nets src ! --update-subcounters"),
    (Bounded, BOTH, IN, "-m set --match-set nets src --packets-eq 4"),
    (Bounded, BOTH, IN, "-m set --match-set nets src ! --packets-eq 4 --bytes-gt 9"),
    (Bounded, BOTH, IN, "-m set --match-set nets src --packets-lt 4 --bytes-lt 9"),
    (Exact, BOTH, IN, "-m mark --mark 5"),
    (Exact, BOTH, IN, "-m mark ! --mark 0x10/0xff"),
    (Exact, BOTH, IN, "-m mark --mark 0x3/0x1"),
    (Bounded, BOTH, IN, "-m physdev --physdev-in eth0 ! --physdev-is-bridged"),
    (Bounded, BOTH, POST, "-m physdev ! --physdev-out eth+ --physdev-is-bridged"),
    (Bounded, BOTH, IN, "-m physdev --physdev-is-in"),
    (Bounded, BOTH, POST, "-m physdev ! --physdev-is-out"),
    (Exact, BOTH, IN, "-m pkttype --pkt-type unicast"),
    (Exact, BOTH, IN, "-m pkttype ! --pkt-type broadcast"),
    (Exact, BOTH, IN, "-m pkttype --pkt-type multicast"),
    (Bounded, BOTH, IN, "-m length --length 100"),
    (Bounded, BOTH, IN, "-m length ! --length 100:200"),
    // What has no module.
    (Exact, V4, IN, "! -s 10.0.0.0/8 ! -d 10.0.0.1"),
    (Exact, V4, IN, "-s 10.0.1.1/255.0.255.255"),
    (Exact, V6, IN, "-s fd00::1/ffff::ffff ! -d fd00::/8"),
    (Exact, BOTH, IN, "! -i eth+ ! -p tcp"),
    (Exact, BOTH, IN, "-i + -p ospf"),
    (Exact, V4, IN, "-f"),
    (Exact, V4, IN, "! -f"),
    // Others of real rule sets.
    (Exact, BOTH, IN, "-p sctp -m sctp ! --sport 5 --dport 80:90"),
    (Bounded, BOTH, IN, "-p sctp -m sctp --chunk-types any DATA:Be,INIT"),
    (Bounded, BOTH, IN, "-p sctp -m sctp ! --chunk-types only SACK"),
    (Exact, BOTH, IN, "-p dccp -m dccp ! --sport 5 --dport 80:90"),
    (Bounded, BOTH, IN, "-p dccp -m dccp ! --dccp-types REQUEST,RESPONSE"),
    (Bounded, BOTH, IN, "-p dccp -m dccp --dccp-option 3"),
    (
        Bounded,
        BOTH,
        IN,
        "-m hashlimit --hashlimit-upto 5/sec --hashlimit-burst 9 --hashlimit-mode srcip,dstport \
                         --hashlimit-name a --hashlimit-srcmask 24 --hashlimit-htable-expire 9000",
    ),
    (Bounded, BOTH, IN, "-m hashlimit --hashlimit-above 5kb/s --hashlimit-name b"),
    (Bounded, BOTH, IN, "-m connlimit --connlimit-upto 5 --connlimit-mask 24 --connlimit-daddr"),
    (Bounded, BOTH, IN, "-m connlimit --connlimit-above 5"),
    (Bounded, BOTH, IN, "-m connbytes ! --connbytes 1:5 --connbytes-dir both --connbytes-mode packets"),
    (Bounded, BOTH, IN, "-m connlabel --label 1"),
    (Exact, BOTH, IN, "-m connmark ! --mark 0x1/0xf"),
    (Bounded, BOTH, IN, "-m dscp ! --dscp 5"),
    (Bounded, BOTH, IN, "-m dscp --dscp-class EF"),
    (Bounded, BOTH, IN, "-m tos ! --tos 0x10/0x3f"),
    (Bounded, V4, IN, "-m ttl --ttl-lt 5"),
    (Bounded, V4, IN, "-m ttl ! --ttl-eq 5"),
    (Bounded, V6, IN, "-m hl --hl-gt 5"),
    (Bounded, BOTH, IN, "-p tcp -m ecn --ecn-tcp-cwr ! --ecn-tcp-ece --ecn-ip-ect 1"),
    (Bounded, BOTH, IN, "-m string --string \"-j DROP\" --algo bm --from 5 --to 9 --icase"),
    (Bounded, BOTH, IN, "-m string --string -j --algo bm"),
    (Bounded, BOTH, IN, "-m string ! --hex-string |0d0a| --algo kmp"),
    (
        Bounded,
        BOTH,
        IN,
        "-m time --timestart 01:00 --timestop 02:00 --weekdays Mon,Tue --monthdays 1,2 --kerneltz",
    ),
    (Bounded, BOTH, IN, "-m statistic --mode random --probability 0.5"),
    (Bounded, BOTH, IN, "-m statistic --mode nth ! --every 5 --packet 2"),
    (Bounded, BOTH, IN, "-m u32 ! --u32 0x0>>0x1c&0xf=0x4"),
    (Bounded, BOTH, IN, "-m helper --helper ftp"),
    (Told, BOTH, PRE, "-m socket --transparent --nowildcard --restore-skmark"),
    (
        Bounded,
        BOTH,
        IN,
        "-m policy --dir in --pol ipsec --strict --reqid 5 --proto esp --mode transport --next --spi 9",
    ),
    (Bounded, BOTH, IN, "-m policy --dir in --pol none"),
    (Bounded, BOTH, PRE, "-m rpfilter --loose --validmark --accept-local --invert"),
    (Bounded, BOTH, IN, "-m cpu ! --cpu 0"),
    (Bounded, BOTH, IN, "-m cluster --cluster-total-nodes 2 ! --cluster-local-node 1 --cluster-hash-seed 5"),
    (Bounded, BOTH, IN, "-m bpf --bytecode \"4,48 0 0 9,21 0 1 6,6 0 0 1,6 0 0 0\""),
    (Bounded, BOTH, IN, "-p esp -m esp ! --espspi 5:6"),
    (Bounded, V4, IN, "-p ah -m ah --ahspi 5"),
    (Bounded, V6, IN, "-m ah --ahspi 5 --ahlen 6 --ahres"),
    (Bounded, V6, IN, "-m frag --fragid 5 --fraglen 6 --fragres --fragfirst --fraglast"),
    (Bounded, V6, IN, "-m frag --fragmore"),
    (
        Bounded,
        V6,
        IN,
        "-m rt --rt-type 0 ! --rt-segsleft 5 --rt-len 6 --rt-0-res --rt-0-addrs ::1 --rt-0-not-strict",
    ),
    (Bounded, V6, IN, "-m hbh ! --hbh-len 5 --hbh-opts 1:2"),
    (Bounded, V6, IN, "-m dst --dst-len 5 --dst-opts 1:2"),
    (Bounded, V6, IN, "-m ipv6header --header esp,ah --soft"),
    (Bounded, V6, IN, "-m eui64"),
    (Bounded, V6, IN, "-p mh -m mh --mh-type 1:2"),
    (Bounded, BOTH, IN, "-m quota ! --quota 500"),
    (Bounded, BOTH, IN, "-m devgroup --src-group 5/0xf"),
    (Bounded, BOTH, IN, "-p tcp -m tcpmss ! --mss 5:6"),
    (Bounded, BOTH, IN, "-p ipcomp -m ipcomp --ipcompspi 5"),
    (Bounded, V4, IN, "-p tcp -m osf ! --genre Linux --ttl 0"),
];

/// Targets with their options: they are read, bounded, or told.
const TARGETS: &[(As, &[Family], Place, &str)] = &[
    (Exact, BOTH, IN, "-j ACCEPT"),
    (Exact, BOTH, IN, "-j DROP"),
    (Exact, BOTH, IN, "-j RETURN"),
    (Exact, BOTH, FILTER, "-j REJECT"),
    (Exact, BOTH, FILTER, "-p tcp -j REJECT --reject-with tcp-reset"),
    (Exact, V4, FILTER, "-j REJECT --reject-with icmp-admin-prohibited"),
    (Exact, V6, FILTER, "-j REJECT --reject-with icmp6-adm-prohibited"),
    (
        Exact,
        BOTH,
        IN,
        "-j LOG --log-level debug --log-prefix \"a b \" --log-tcp-sequence --log-tcp-options --log-ip-options --log-uid --log-macdecode",
    ),
    (Exact, BOTH, IN, "-j LOG --log-prefix -j"),
    (Exact, BOTH, IN, "-j LOG --log-prefix -6"),
    (Exact, BOTH, IN, "-j NFLOG --nflog-group 5 --nflog-prefix -g --nflog-size 9 --nflog-threshold 3"),
    (Exact, BOTH, IN, "-j MARK --set-mark 5"),
    (Exact, BOTH, IN, "-j MARK --set-xmark 0x5/0xff"),
    (Exact, BOTH, IN, "-j MARK --or-mark 5"),
    (Exact, BOTH, IN, "-j MARK --and-mark 5"),
    (Exact, BOTH, IN, "-j MARK --xor-mark 5"),
    (Exact, BOTH, IN, "-j CONNMARK --set-mark 5/7"),
    (Exact, BOTH, IN, "-j CONNMARK --save-mark --nfmask 5 --ctmask 7"),
    (Exact, BOTH, IN, "-j CONNMARK --restore-mark --mask 5"),
    (Exact, BOTH, IN, "-j CONNMARK --and-mark 5"),
    (Exact, BOTH, POST, "-j CLASSIFY --set-class 1:10"),
    (Exact, BOTH, IN, "-j DSCP --set-dscp-class EF"),
    (Exact, BOTH, IN, "-j TOS --set-tos 0x10/0x3f"),
    (Exact, V4, IN, "-j TTL --ttl-inc 5"),
    (Exact, V6, IN, "-j HL --hl-set 5"),
    (Exact, BOTH, IN, "-p tcp -j TCPOPTSTRIP --strip-options 8,sack-permitted"),
    (Exact, V4, IN, "-p tcp -j ECN --ecn-tcp-remove"),
    (Exact, BOTH, POST, "-p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu"),
    (Exact, BOTH, POST, "-p tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 1400"),
    (Exact, BOTH, IN, "-p udp -j CHECKSUM --checksum-fill"),
    (Exact, BOTH, IN, "-j AUDIT --type accept"),
    (Exact, BOTH, IN, "-j NFQUEUE --queue-balance 1:3 --queue-bypass --queue-cpu-fanout"),
    (Exact, V4, IN, "-j TEE --gateway 10.0.0.1"),
    (Exact, V6, IN, "-j TEE --gateway fd00::1 --oif eth0"),
    (Exact, BOTH, IN, "-j IDLETIMER --timeout 5 --label a"),
    (Exact, BOTH, IN, "-j RATEEST --rateest-name a --rateest-interval 250ms --rateest-ewmalog 500ms"),
    (Exact, BOTH, IN, "-j HMARK --hmark-tuple src,dst --hmark-mod 5 --hmark-offset 6 --hmark-rnd 7"),
    (Exact, BOTH, IN, "-j SET --add-set nets src --exist --timeout 5"),
    (Exact, BOTH, IN, "-j SET --del-set pairs src,dst"),
    (Exact, BOTH, POST, "-j SET --map-set marks src --map-mark --map-prio"),
    (Told, BOTH, IN, "-j SET --add-set nets src --del-set pairs src,dst"),
    (Exact, BOTH, RAW, "-j TRACE"),
    (Exact, BOTH, RAW, "-j CT --notrack"),
    (Exact, BOTH, RAW, "-j CT --zone 5 --ctevents new,destroy"),
    (Exact, BOTH, NAT, "-j REDIRECT"),
    (Exact, BOTH, NAT, "-p tcp -j REDIRECT --to-ports 80-90 --random"),
    (Exact, V4, NAT, "-p tcp -j DNAT --to-destination 10.0.0.1-10.0.0.9:80-90 --random --persistent"),
    (Exact, V4, NAT, "-p tcp -j DNAT --to-destination :80"),
    (Exact, V4, NAT, "-j DNAT --to-destination 10.0.0.1"),
    (Exact, V6, NAT, "-p tcp -j DNAT --to-destination [fd00::1]:80"),
    (Exact, V6, NAT, "-p tcp -j DNAT --to-destination [fd00::1-fd00::9]:80-90"),
    (Exact, V6, NAT, "-j DNAT --to-destination fd00::1"),
    (Exact, V4, NAT, "-j NETMAP --to 10.0.0.0/8"),
    (Exact, V6, NAT, "-j NETMAP --to fd00::/64"),
    (Exact, BOTH, SOURCE, "-p tcp -j MASQUERADE --to-ports 1024-2048 --random-fully"),
    (Exact, V4, SOURCE, "-p tcp -j SNAT --to-source 10.0.0.1-10.0.0.9:80 --persistent"),
    (Exact, V6, SOURCE, "-j SNAT --to-source fd00::1"),
    (Told, BOTH, PRE, "-p tcp -j TPROXY --on-port 50 --tproxy-mark 0x1/0xff"),
    (Told, BOTH, FILTER, "-p tcp -j SYNPROXY --sack-perm --timestamp --wscale 7 --mss 1460"),
];

/// What this kernel or these programs do not have, as others print it.
const PRINTED: &[(As, Family, &str)] = &[
    (Exact, Family::V4, "-A INPUT -p tcp -m tcp --dport 90:80 -j DROP"),
    (Told, Family::V4, "-A INPUT -s 10.0.0.1 -jDROP"),
    (Exact, Family::V4, "-A INPUT -p udplite -m udplite --dport 5 -j DROP"),
    (Bounded, Family::V4, "-A INPUT -m nfacct --nfacct-name a -j DROP"),
    (Bounded, Family::V4, "-A INPUT -m realm --realm 0x5/0xff -j DROP"),
    (Bounded, Family::V4, "-A INPUT -m cgroup --path a/b -j DROP"),
    (Bounded, Family::V4, "-A INPUT -m ipvs --vaddr 10.0.0.1 ! --vport 80 -j DROP"),
    (Bounded, Family::V4, "-A INPUT -m rateest --rateest a --rateest-gt --rateest-bps 5 -j DROP"),
    (Bounded, Family::V6, "-A INPUT -m srh --srh-segs-left-eq 5 -j DROP"),
    (Told, Family::V4, "-A INPUT -m geoip --source-country DE,FR -j DROP"),
    (Told, Family::V4, "-A INPUT -m layer7 --l7proto \"-j\" -j DROP"),
    (Told, Family::V4, "-A INPUT -m ipp2p --edk --kazaa -j DROP"),
    (Exact, Family::V4, "-A INPUT -j NOTRACK"),
    (Exact, Family::V4, "-A INPUT -j ULOG --ulog-prefix -j --ulog-cprange 5"),
    (Exact, Family::V4, "-A INPUT -j LED --led-trigger-id \"a\" --led-delay 500"),
    (Exact, Family::V4, "-A INPUT -j SECMARK --selctx system_u:object_r:a_t:s0"),
    (Exact, Family::V4, "-A INPUT -j CONNSECMARK --save"),
    (Exact, Family::V4, "-A INPUT -j TARPIT"),
    (Exact, Family::V4, "-A INPUT -j CT --helper ftp"),
    (Told, Family::V4, "-A INPUT -j MIRROR"),
    (
        Told,
        Family::V4,
        "-A INPUT -j CLUSTERIP --new --hashmode sourceip --clustermac 01:00:5e:00:00:01 --total-nodes 2 --local-node 1",
    ),
    (Told, Family::V4, "-A INPUT -j DNAT --to-destination 10.0.0.1 --to-destination 10.0.0.2"),
    (Told, Family::V6, "-A INPUT -j DNPT --src-pfx fd00::/64 --dst-pfx fd01::/64"),
];

/// Whether something that no packet tells is asked for.
fn is_bounded(condition: &Condition) -> bool {
    match condition {
        Condition::Unknown(_)
        | Condition::Unseen { .. }
        | Condition::SenderTranslated
        | Condition::OfConnection(_)
        | Condition::Counted { .. } => true,
        Condition::Remembered { by, .. } => *by != Memory::Met,
        Condition::Not(inner) => is_bounded(inner),
        Condition::All(all) | Condition::Any(all) => all.iter().any(is_bounded),
        _ => false,
    }
}

/// What is made of the only rule of a text.
fn made(text: &str, family: Family) -> As {
    let read = iptables::read(text, Some(family)).unwrap_or_else(|error| panic!("{error:?}\n{text}"));
    let chains = read.rules.tables.values().flat_map(|table| table.chains.values());
    let rules: Vec<_> = chains.flat_map(|chain| &chain.rules).collect();
    let [rule] = rules.as_slice() else { return Told };
    if !read.notes.is_empty() {
        return Told;
    }
    assert!(!matches!(rule.target, Target::Unknown(_)), "{text}");
    if rule.conditions.iter().any(is_bounded) { Bounded } else { Exact }
}

fn named(family: Family, back_end: BackEnd, kind: &str) -> String {
    let tool = if family == Family::V4 { "iptables" } else { "ip6tables" };
    let back_end = if back_end == BackEnd::Nft { "nft" } else { "legacy" };
    format!("{tool}-{back_end}-{kind}")
}

/// What one rule is printed as after it was loaded, or why it does not load.
fn saved(
    namespace: &Namespace,
    family: Family,
    back_end: BackEnd,
    (table, chain): Place,
    rule: &str,
) -> Result<String, String> {
    let on =
        |kind| namespace.command(program(&named(family, back_end, kind)).get_program().to_str().unwrap());
    let load = |rules: &str| {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), format!("*{table}\n{rules}COMMIT\n")).unwrap();
        let loaded = on("restore").args(["-w", "60"]).arg(file.path()).output().unwrap();
        let told = String::from_utf8_lossy(&loaded.stderr).into_owned();
        if loaded.status.success() { Ok(()) } else { Err(told) }
    };
    load(&format!(":{chain} ACCEPT [0:0]\n-A {chain} {rule}\n"))?;
    let saved = run(on("save").args(["-t", table]));
    load("")?;
    Ok(saved)
}

fn sets(namespace: &Namespace, family: Family) {
    let (inet, net) = if family == Family::V4 { ("inet", "10.0.0.0/8") } else { ("inet6", "fd00::/8") };
    let sets = format!(
        "create nets hash:net family {inet} counters timeout 0\nadd nets {net}\n\
         create pairs hash:ip,port family {inet}\ncreate marks hash:ip family {inet} skbinfo\n"
    );
    feed(namespace.command("ipset").arg("restore"), &sets);
}

#[test]
fn every_option_is_read_as_the_programs_print_it() {
    let threads: Vec<_> = BACK_ENDS
        .into_iter()
        .flat_map(|back_end| BOTH.iter().map(move |family| (back_end, *family)))
        .map(|(back_end, family)| {
            std::thread::spawn(move || {
                let namespace = Namespace::new("options");
                sets(&namespace, family);
                let of_module =
                    MODULES.iter().map(|(made, of, at, rule)| (*made, *of, *at, format!("{rule} -j DROP")));
                let of_target =
                    TARGETS.iter().map(|(made, of, at, rule)| (*made, *of, *at, (*rule).to_owned()));
                let mut wrong = Vec::new();
                for (expected, families, mut place, mut rule) in of_module.chain(of_target) {
                    if !families.contains(&family) {
                        continue;
                    }
                    if place == SOURCE && rule.ends_with("-j DROP") {
                        rule = rule.replace("-j DROP", "-j ACCEPT");
                    }
                    if rule.contains("SYNPROXY") {
                        place = FILTER;
                    }
                    let text = match saved(&namespace, family, back_end, place, &rule) {
                        Ok(text) => text,
                        Err(told) => {
                            wrong.push(format!("{back_end:?} {family} {rule}\n  {told}"));
                            continue;
                        }
                    };
                    let made = made(&text, family);
                    if made != expected {
                        let line = text.lines().find(|line| line.starts_with("-A")).unwrap_or_default();
                        wrong.push(format!(
                            "{back_end:?} {family} {rule}\n  {line}\n  {made:?}, not {expected:?}"
                        ));
                    }
                }
                wrong
            })
        })
        .collect();
    let wrong: Vec<String> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What the programs load and print in a longer way.
const SHORT: &[(Place, &str)] = &[
    (IN, "-s 0/0 -j DROP"),
    (IN, "-s 10 -d 10.1/16 -j DROP"),
    (IN, "-s 0xa.010 -j DROP"),
    (IN, "--proto tcp --in-int eth0 --destination-po 22 -j DROP"),
    (IN, "-m state --state new,Established -j DROP"),
    (IN, "-p tcp -m multiport --dport 22,80 -j DROP"),
    (IN, "-p tcp -m multiport --port 22,80 -j DROP"),
    (IN, "-s 10.0.0.1 --mat state --state NEW --jum DROP"),
    (RAW, "-j CT --notr"),
    (IN, "-p icmp -m icmp --icmp-type 255/3 -j DROP"),
    (NAT, "-p tcp -j DNAT --to 10.0.0.1:80"),
    (NAT, "-p tcp -j DNAT --to-dest 10.0.0.1-10.0.0.9"),
    (NAT, "-p tcp -j REDIRECT --to-port 80"),
];

#[test]
fn what_is_written_short_is_read_as_it_is_printed() {
    let namespace = Namespace::new("short");
    let facts = HostFacts::default();
    for (place, rule) in SHORT {
        let (table, chain) = place;
        let written = format!("*{table}\n:{chain} ACCEPT [0:0]\n-A {chain} {rule}\nCOMMIT\n");
        let printed = saved(&namespace, Family::V4, BackEnd::Legacy, *place, rule).unwrap();
        let [written, printed] = [&written, &printed].map(|text| {
            let read = iptables::read(text, Some(Family::V4)).unwrap();
            assert_eq!(read.notes, Vec::new(), "{text}");
            read.rules
        });
        let mut change = Change::of((&written, &facts), (&printed, &facts), Hook::Input);
        assert!(change.is_equal() && change.sent_elsewhere().0.is_empty(), "{rule}\n{printed:?}");
    }
}

/// An option of a module that is called as one of the rule's own is begun is the module's.
#[test]
fn an_option_is_of_the_module_that_has_it() {
    let rules = |rule: &str| {
        let text = format!("*filter\n:INPUT ACCEPT [0:0]\n-A INPUT {rule} -j DROP\nCOMMIT\n");
        iptables::read(&text, Some(Family::V4)).unwrap().rules.tables["filter"].chains["INPUT"].rules[0]
            .conditions
            .clone()
    };
    let policy = "-m policy --dir in --pol ipsec --proto esp";
    assert_eq!(rules(policy).len(), 1);
    assert_eq!(rules(&format!("-p esp {policy}")).len(), 2);
}

#[test]
fn what_other_programs_print_is_read_or_told() {
    for (expected, family, rule) in PRINTED {
        let text = format!("*filter\n:INPUT ACCEPT [0:0]\n{rule}\nCOMMIT\n");
        assert_eq!(made(&text, *family), *expected, "{rule}");
    }
}

/// The messages that `iptables -p icmp -h` lists, with their other names.
fn messages(family: Family) -> Vec<String> {
    let (tool, protocol) = if family == Family::V4 { ("iptables", "icmp") } else { ("ip6tables", "icmpv6") };
    let help = run(program(tool).args(["-p", protocol, "-h"]));
    let (_, listed) = help.split_once(" Types:\n").unwrap();
    let names = listed.split_whitespace().map(|name| name.trim_matches(['(', ')']).to_owned());
    names.collect()
}

/// The conditions of the only rule of a text, of which everything is understood.
fn conditions(text: &str, family: Family) -> Vec<Condition> {
    let read = iptables::read(text, Some(family)).unwrap();
    assert_eq!(read.notes, [], "{text}");
    let rules = |name: &str| read.rules.tables["mangle"].chains[name].rules.clone();
    let [rule] = &rules("INPUT")[..] else { panic!("{text}") };
    rule.conditions.clone()
}

fn on_input(rule: &str) -> String {
    format!("*mangle\n:INPUT ACCEPT [0:0]\n-A INPUT {rule} -j DROP\nCOMMIT\n")
}

#[test]
fn a_message_of_icmp_is_the_same_by_name_and_as_it_is_printed() {
    let namespace = Namespace::new("names");
    for family in [Family::V4, Family::V6] {
        let names = messages(family);
        assert!(names.len() > 25, "{names:?}");
        // The beginning of a name is enough.
        let short = ["host-unr", "PING", "fragm", "packet-too", "neighbor-s"].map(str::to_owned);
        let mut loaded = 0;
        for name in names.iter().chain(&short) {
            let rule = match family {
                Family::V4 => format!("-p icmp -m icmp --icmp-type {name}"),
                Family::V6 => format!("-p ipv6-icmp -m icmp6 --icmpv6-type {name}"),
            };
            let Ok(text) = saved(&namespace, family, BackEnd::Nft, IN, &format!("{rule} -j DROP")) else {
                assert!(short.contains(name), "{family} {name}");
                continue;
            };
            loaded += 1;
            assert_eq!(conditions(&on_input(&rule), family), conditions(&text, family), "{rule}\n{text}");
        }
        assert!(loaded >= names.len() + 2);
        let unclear = on_input("-p icmp -m icmp --icmp-type echo-re");
        assert_eq!(made(&unclear, Family::V4), Told);
    }
}

/// A rule is passed over where it says that it is for the other family, and nowhere else; the programs do the same.
#[test]
fn a_rule_for_the_other_family_is_passed_over() {
    let namespace = Namespace::new("families");
    let rules = [
        ("-6 -A INPUT -j DROP", Some(Family::V6)),
        ("--ipv4 -A INPUT -j DROP", Some(Family::V4)),
        ("-A INPUT -p tcp -4 -j DROP", Some(Family::V4)),
        ("-A INPUT -p tcp --syn -6 -j DROP", Some(Family::V6)),
        ("-A INPUT -j DROP --ipv6", Some(Family::V6)),
        ("-A INPUT -m comment --comment -6 -j DROP", None),
        ("-A INPUT -m comment --comment -4 -j DROP", None),
        ("-A INPUT -j LOG --log-prefix --ipv4", None),
        ("-A INPUT -i -6 -j DROP", None),
        ("-A INPUT -m recent --name -4 --set -j DROP", None),
        ("-A INPUT -m comment --comment \"-6\" -j DROP", None),
    ];
    for (rule, only) in rules {
        for (family, other) in [(Family::V4, Family::V6), (Family::V6, Family::V4)] {
            let text = format!("*mangle\n:INPUT ACCEPT [0:0]\n{rule}\nCOMMIT\n");
            let stays = usize::from(only != Some(other));
            let count = |text: &str| {
                let read = iptables::read(text, Some(family)).unwrap();
                read.rules.tables["mangle"].chains["INPUT"].rules.len()
            };
            assert_eq!(count(&text), stays, "{family} {rule}");
            for back_end in BACK_ENDS {
                let file = tempfile::NamedTempFile::new().unwrap();
                std::fs::write(file.path(), &text).unwrap();
                let tool = |kind: &str| {
                    let name = named(family, back_end, kind);
                    namespace.command(program(&name).get_program().to_str().unwrap())
                };
                run(tool("restore").args(["-w", "60"]).arg(file.path()));
                let printed = run(tool("save").args(["-t", "mangle"]));
                assert_eq!(printed.matches("\n-A").count(), stays, "{back_end:?} {family} {rule}\n{printed}");
                assert_eq!(count(&printed), stays, "{back_end:?} {family}\n{printed}");
            }
        }
    }
}

#[test]
fn a_protocol_is_the_same_by_name_and_number() {
    let protocols = std::fs::read_to_string("/etc/protocols").unwrap();
    let mut seen = 0;
    for line in protocols.lines() {
        let mut words = line.split('#').next().unwrap().split_whitespace();
        let (Some(name), Some(number)) = (words.next(), words.next()) else { continue };
        if number.parse::<u8>().is_err() {
            continue;
        }
        for name in words.chain([name]) {
            seen += 1;
            let of = |word: &str| conditions(&on_input(&format!("-p {word}")), Family::V4);
            assert_eq!(of(name), of(number), "{name}");
        }
    }
    assert!(seen > 50);
}

/// Every name of a service is the port that the program makes of it, and every way to write a number is that number.
#[test]
fn a_port_is_the_same_by_name_and_number() {
    let services = std::fs::read_to_string("/etc/services").unwrap();
    let mut written: Vec<String> =
        ["0x16", "022", "0X1f90:0x1F91", "domain:http", ":ftp-data", "http:", "010:ssh"]
            .map(|port| format!("-p tcp -m tcp --dport {port}"))
            .into();
    written.push("-p udp -m multiport --sports ntp,domain,1024:0xffff".to_owned());
    written.push("-p tcp -m multiport --ports http-alt,ftp-data:ssh,0120".to_owned());
    written.push("-p tcp -m conntrack --ctorigdstport https".to_owned());
    written.push("-p 021 -m udp --dport tftp".to_owned());
    written.push("-m mark --mark 010/017".to_owned());
    written.push("-p icmp -m icmp --icmp-type 013/01".to_owned());
    for line in services.lines() {
        let words: Vec<&str> = line.split('#').next().unwrap().split_whitespace().collect();
        let [name, port, others @ ..] = words.as_slice() else { continue };
        let (_, protocol) = port.split_once('/').unwrap();
        if ["tcp", "udp"].contains(&protocol) {
            let names = others.iter().chain([name]).filter(|name| **name != "dicom");
            written.extend(names.map(|name| format!("-p {protocol} -m {protocol} --dport {name}")));
        }
    }
    assert!(written.len() > 200, "{}", written.len());
    let of = |text: &str| {
        let read = iptables::read(text, Some(Family::V4)).unwrap();
        assert_eq!(read.notes, []);
        let rules = read.rules.tables["mangle"].chains["INPUT"].rules.clone();
        rules.into_iter().map(|rule| rule.conditions).collect::<Vec<_>>()
    };
    let namespace = Namespace::new("ports");
    let rules = written.iter().fold(String::new(), |all, rule| all + "-A INPUT " + rule + " -j DROP\n");
    let text = format!("*mangle\n:INPUT ACCEPT [0:0]\n{rules}COMMIT\n");
    feed(namespace.command("iptables-restore").args(["-w", "60"]), &text);
    let printed = run(namespace.command("iptables-save").args(["-t", "mangle"]));
    let printed = of(&printed);
    assert_eq!(printed.len(), written.len());
    for ((rule, own), printed) in written.iter().zip(of(&text)).zip(printed) {
        // The words of what is not known are those of the text.
        let same = |conditions: &[Condition]| format!("{conditions:?}").replace("https", "443");
        assert_eq!(same(&own), same(&printed), "{rule}");
    }
    let unknown = on_input("-p tcp -m tcp --dport no-such-service");
    assert_eq!(made(&unknown, Family::V4), Told);
    let translated = |to: &str| {
        let text = format!("*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp -j {to}\nCOMMIT\n");
        let read = iptables::read(&text, Some(Family::V4)).unwrap();
        assert_eq!(read.notes, [], "{to}");
        read.rules.tables["nat"].chains["PREROUTING"].rules[0].target.clone()
    };
    for (name, number) in [
        ("DNAT --to-destination 10.0.0.1:http", "DNAT --to-destination 10.0.0.1:80"),
        ("REDIRECT --to-ports http-alt", "REDIRECT --to-ports 8080"),
        ("REDIRECT --to-ports 0x50-0x51", "REDIRECT --to-ports 80-81"),
    ] {
        assert_eq!(translated(name), translated(number));
    }
}
