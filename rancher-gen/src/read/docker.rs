//! The containers of an engine, as `docker inspect` or `docker ps --all --format json` prints them.
//!
//! `docker ps` prints JSON since engine 23; before that `inspect` is the one to give (Docker Engine release notes, 23.0).

use std::collections::BTreeSet;
use std::net::IpAddr;

use rancher_topology::audit::{LiveContainer, Published};
use rancher_topology::scalar::Protocol;
use rancher_topology::{Diagnostic, Span};
use serde_json::Value;

/// What was read of an engine.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Read {
    /// The containers, in the order of the text.
    pub containers: Vec<LiveContainer>,
    /// What was not understood: of which container, and what.
    pub notes: Vec<String>,
}

/// Reads what either command printed.
///
/// # Errors
/// When the text is not JSON of containers.
pub fn read(text: &str) -> Result<Read, Vec<Diagnostic>> {
    let mut read = Read::default();
    let wrong = |message: String, span: Span| {
        Diagnostic::error("unreadable-containers", message, span)
            .help("give what `docker inspect` or `docker ps --all --format json` printed")
    };
    if text.trim_start().starts_with('[') {
        let whole = Span { start: 0, end: text.len() };
        let all: Vec<Value> = serde_json::from_str(text)
            .map_err(|error| vec![wrong(format!("this is no JSON of a list: {error}"), whole)])?;
        for one in &all {
            if !read.inspected(one) {
                let message = "a container has no `Name`, `Config` or `State`".to_owned();
                return Err(vec![wrong(message, whole)]);
            }
        }
        return Ok(read);
    }
    for (_, line, span) in super::lines(text) {
        if line.trim().is_empty() {
            continue;
        }
        let one: Value = serde_json::from_str(line)
            .map_err(|error| vec![wrong(format!("this line is no JSON: {error}"), span)])?;
        if !read.listed(&one) {
            return Err(vec![wrong(
                "this line is no container: `Names` or `Image` is missing".to_owned(),
                span,
            )]);
        }
    }
    Ok(read)
}

impl Read {
    fn inspected(&mut self, one: &Value) -> bool {
        let (Some(name), Some(image), Some(running)) =
            (one["Name"].as_str(), one["Config"]["Image"].as_str(), one["State"]["Running"].as_bool())
        else {
            return false;
        };
        let name = name.trim_start_matches('/').to_owned();
        // What does not run has no ports now, and will have these.
        let ports =
            if running { &one["NetworkSettings"]["Ports"] } else { &one["HostConfig"]["PortBindings"] };
        let mut published = BTreeSet::new();
        for (key, bindings) in ports.as_object().into_iter().flatten() {
            for binding in bindings.as_array().into_iter().flatten() {
                let host = binding["HostPort"].as_str().unwrap_or_default();
                let address = binding["HostIp"].as_str().unwrap_or_default();
                match port(address, host, key) {
                    Some(all) => published.extend(all),
                    None => self.notes.push(format!("{name}: the port {key}: {binding}")),
                }
            }
        }
        if one["HostConfig"]["PublishAllPorts"] == true {
            self.notes.push(format!("{name}: it publishes every port of its image, on ports that change"));
        }
        self.containers.push(LiveContainer { name, image: image.to_owned(), running, published });
        true
    }

    fn listed(&mut self, one: &Value) -> bool {
        let (Some(names), Some(image)) = (one["Names"].as_str(), one["Image"].as_str()) else { return false };
        // A linked container has names of the form `other/alias` too.
        let name = names.split(',').find(|name| !name.contains('/')).unwrap_or(names).to_owned();
        let mut published = BTreeSet::new();
        for word in one["Ports"].as_str().unwrap_or_default().split(", ").filter(|word| !word.is_empty()) {
            // Without an arrow, it is a port that the image names and nobody publishes.
            let Some((host, container)) = word.split_once("->") else { continue };
            let read = host.rsplit_once(':').and_then(|(address, host)| port(address, host, container));
            match read {
                Some(all) => published.extend(all),
                None => self.notes.push(format!("{name}: the port {word}")),
            }
        }
        let state = one["State"].as_str().or(one["Status"].as_str()).unwrap_or_default();
        let running = state.starts_with("running") || state.starts_with("Up");
        self.containers.push(LiveContainer { name, image: image.to_owned(), running, published });
        true
    }
}

/// `0.0.0.0`, `18080`, `8080/tcp`; ranges too, as many ports on the node as in the container.
fn port(address: &str, host: &str, container: &str) -> Option<Vec<Published>> {
    let address = address.trim_matches(['[', ']']);
    let address = match address {
        // Some versions print `:::80->80/tcp` of every v6 address.
        "" | "*" | "::" => None,
        word => Some(word.parse::<IpAddr>().ok()?).filter(|address| !address.is_unspecified()),
    };
    let (container, protocol) = container.split_once('/').unwrap_or((container, "tcp"));
    let protocol = match protocol {
        "tcp" => Protocol::Tcp,
        "udp" => Protocol::Udp,
        _ => return None,
    };
    let range = |word: &str| {
        let (first, last) = word.split_once('-').unwrap_or((word, word));
        Some((first.parse::<u16>().ok()?, last.parse::<u16>().ok()?))
    };
    let ((first, last), (inner, inner_last)) = (range(host)?, range(container)?);
    if last.checked_sub(first)? != inner_last.checked_sub(inner)? {
        return None;
    }
    let all = (first..=last).zip(inner..=inner_last);
    Some(all.map(|(host, container)| Published { host, protocol, address, container }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_commands_tell_the_same() {
        let inspected = r#"[{"Name": "/web", "Config": {"Image": "nginx:1.27"}, "State": {"Running": true},
            "NetworkSettings": {"Ports": {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}, {"HostIp": "::", "HostPort": "8080"}],
                                          "81/tcp": [{"HostIp": "127.0.0.1", "HostPort": "81"}], "443/tcp": null}}}]"#;
        let listed = r#"{"Names":"web","Image":"nginx:1.27","State":"running","Ports":"0.0.0.0:8080->80/tcp, [::]:8080->80/tcp, 127.0.0.1:81->81/tcp, 443/tcp"}"#;
        let one = read(inspected).unwrap();
        assert_eq!(one, read(listed).unwrap());
        assert_eq!(one.containers[0].published.len(), 2);
        let old = listed.replace("[::]:8080", ":::8080");
        assert_eq!(one, read(&old).unwrap());
    }

    #[test]
    fn ranges_are_single_ports_and_the_rest_is_told() {
        let listed = r#"{"Names":"a/b,web","Image":"x","Status":"Up 3 days","Ports":"0.0.0.0:80-81->90-91/udp, 0.0.0.0:5->5/sctp"}"#;
        let read = read(listed).unwrap();
        assert_eq!(read.containers[0].name, "web");
        assert_eq!(
            read.containers[0].published.iter().map(|one| (one.host, one.container)).collect::<Vec<_>>(),
            [(80, 90), (81, 91)]
        );
        assert_eq!(read.notes, ["web: the port 0.0.0.0:5->5/sctp"]);
        for text in ["{}", "[{}]", "nonsense", "[1]"] {
            assert!(super::read(text).is_err(), "{text}");
        }
    }
}
