//! Packets as a person writes them: a list in JSON.
//!
//! Each has `src`, `dst` and `proto`; `iif`, `oif`, `sport`, `dport`, `flags` of TCP, `type` and `code` of ICMP where they
//! are known. What is left out may be anything, but for the flags: a segment of which nothing is said opens a connection.

use std::net::IpAddr;

use rancher_topology::netfilter::Packet;
use rancher_topology::packet::Family;
use rancher_topology::{Diagnostic, Span};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::iptables::values;

/// The id of everything that keeps packets from being read.
const UNREADABLE: &str = "unreadable-packets";

/// A packet as it stands in the list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    iif: Option<String>,
    oif: Option<String>,
    src: IpAddr,
    dst: IpAddr,
    proto: Value,
    sport: Option<u16>,
    dport: Option<u16>,
    #[serde(default)]
    flags: Value,
    #[serde(rename = "type")]
    kind: Option<u8>,
    code: Option<u8>,
}

/// Reads packets for a rule set of a family.
///
/// # Errors
/// Where the text is no list of packets, and every packet that is none of this family.
pub fn read(text: &str, family: Family) -> Result<Vec<Packet>, Vec<Diagnostic>> {
    let help = "write a list of packets: `[{\"iif\": \"eth0\", \"src\": \"10.0.0.1\", \"dst\": \"10.0.0.2\", \"proto\": \"tcp\", \
                \"sport\": 40000, \"dport\": 22}]`";
    let wrong = |message: String, span| Diagnostic::error(UNREADABLE, message, span).help(help);
    let written: Vec<&RawValue> =
        serde_json::from_str(text).map_err(|error| vec![wrong(words(&error), place(text, 0, &error))])?;
    let (mut packets, mut errors) = (Vec::with_capacity(written.len()), Vec::new());
    for (at, written) in written.into_iter().map(RawValue::get).enumerate() {
        let start = written.as_ptr().addr() - text.as_ptr().addr();
        let whole = Span { start, end: start + written.len() };
        let read = serde_json::from_str(written)
            .map_err(|error| (words(&error), place(written, start, &error)))
            .and_then(|written| packet(&written, family).map_err(|wrong| (wrong, whole)));
        match read {
            Ok(packet) => packets.push(packet),
            Err((message, span)) => errors.push(wrong(format!("packet {}: {message}", at + 1), span)),
        }
    }
    if errors.is_empty() { Ok(packets) } else { Err(errors) }
}

/// What a reader of JSON says, without the place and in the words of numbers.
fn words(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(words, _)| words);
    let text = text.replace("expected u16", "expected a number from 0 to 65535");
    text.replace("expected u8", "expected a number from 0 to 255").replace("struct Written", "a packet")
}

/// The place of a mistake in a text that begins somewhere in another one.
fn place(text: &str, start: usize, error: &serde_json::Error) -> Span {
    let before: usize = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    let at = start + (before + error.column().saturating_sub(1)).min(text.len());
    Span { start: at, end: at }
}

fn packet(written: &Written, family: Family) -> Result<Packet, String> {
    for address in [written.src, written.dst] {
        if Family::of(address) != family {
            return Err(format!(
                "{address} is no address of a {family} rule set; `--family` says which it is"
            ));
        }
    }
    let protocol = match &written.proto {
        Value::Number(number) => number.as_u64().and_then(|number| u8::try_from(number).ok()),
        Value::String(name) if name.eq_ignore_ascii_case("icmp") => Some(family.icmp()),
        Value::String(name) => values::protocol(name),
        _ => None,
    };
    let protocol = protocol.ok_or_else(|| format!("{} is no protocol that is known here", written.proto))?;
    let flags = match &written.flags {
        // A segment of which nothing is said opens a connection.
        Value::Null => Some(0b10),
        Value::String(words) => values::flags(&words.replace([' ', '|', '/'], ",")),
        Value::Array(words) if words.is_empty() => Some(0),
        Value::Array(words) => {
            let words: Option<Vec<&str>> = words.iter().map(Value::as_str).collect();
            words.and_then(|words| values::flags(&words.join(",")))
        }
        _ => None,
    };
    let flags =
        flags.ok_or_else(|| format!("{} are no TCP flags: FIN, SYN, RST, PSH, ACK, URG", written.flags))?;
    Ok(Packet {
        inbound: written.iif.clone(),
        outbound: written.oif.clone(),
        source: written.src,
        destination: written.dst,
        protocol,
        source_port: written.sport,
        destination_port: written.dport,
        icmp_type: written.kind,
        icmp_code: written.code,
        tcp_flags: (protocol == 6).then(|| u8::try_from(flags).unwrap_or_default()),
    })
}
