//! The containers of an engine, as `docker inspect` or `docker ps --all --format json` prints them.
//!
//! `docker ps` prints JSON since engine 23; before that `inspect` is the one to give (Docker Engine release notes, 23.0).

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use rancher_topology::audit::{LiveContainer, LiveNetwork, Published};
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
        let names = all.iter().filter_map(|one| Some((one["Id"].as_str()?, name_of(one)?))).collect();
        for one in &all {
            if !read.inspected(one, &names) {
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
    /// A container of `docker inspect`; the names are those of all ids.
    fn inspected(&mut self, one: &Value, names: &BTreeMap<&str, &str>) -> bool {
        let (Some(name), Some(image)) = (name_of(one), one["Config"]["Image"].as_str()) else { return false };
        let state = &one["State"];
        if !state.is_object() {
            return false;
        }
        let name = name.to_owned();
        let running = self.runs(&name, &state["Status"]);
        // Docker Engine API, ContainerInspect: `HostConfig.NetworkMode`.
        let network = match one["HostConfig"]["NetworkMode"].as_str() {
            Some("host") => LiveNetwork::Node,
            Some("none") => LiveNetwork::Nothing,
            Some(mode) if !mode.is_empty() => {
                mode.strip_prefix("container:").map_or(LiveNetwork::Engine, |of| {
                    // What is not in the list does not exist, or was left out: its id is all that is known.
                    LiveNetwork::Of(Some((*names.get(of).unwrap_or(&of)).to_owned()))
                })
            }
            _ => {
                self.notes.push(format!("{name}: its network mode is {}", one["HostConfig"]["NetworkMode"]));
                LiveNetwork::Unknown
            }
        };
        // What has no process has no ports now, and will have these.
        let is_up = state["Running"] == true || running == Some(true);
        let ports = if is_up { &one["NetworkSettings"]["Ports"] } else { &one["HostConfig"]["PortBindings"] };
        let is_known = match running {
            _ if is_up => ports.is_object() || network != LiveNetwork::Engine,
            running => running.is_some(),
        };
        if is_up && !is_known {
            self.notes.push(format!("{name}: its ports are {ports} (`NetworkSettings.Ports`)"));
        }
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
        let published = is_known.then_some(published);
        self.containers.push(LiveContainer { name, image: image.to_owned(), running, published, network });
        true
    }

    /// Whether a container in a state runs (Docker Engine API, ContainerState: of one that is paused or starts again and
    /// again, `Running` is true too, and only `Status` says which it is).
    fn runs(&mut self, name: &str, state: &Value) -> Option<bool> {
        match state.as_str() {
            Some("running") => Some(true),
            Some("created" | "dead" | "exited" | "paused" | "removing" | "restarting") => Some(false),
            _ => {
                self.notes.push(format!("{name}: its state is {state}"));
                None
            }
        }
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
        let status = one["Status"].as_str().unwrap_or_default();
        let state = match &one["State"] {
            Value::Null => of_status(status).map_or_else(|| one["Status"].clone(), Value::from),
            state => state.clone(),
        };
        let running = self.runs(&name, &state);
        // What does not run is listed without its ports.
        let is_known = running == Some(true) || !published.is_empty();
        let network = match one["Networks"].as_str() {
            Some("host") => LiveNetwork::Node,
            Some("none") => LiveNetwork::Nothing,
            Some("") => {
                self.notes.push(format!("{name}: in whose network it is, only `docker inspect` says"));
                LiveNetwork::Of(None)
            }
            Some(_) => LiveNetwork::Engine,
            None => {
                self.notes.push(format!("{name}: its network is not said (`Networks`)"));
                LiveNetwork::Unknown
            }
        };
        let published = is_known.then_some(published);
        self.containers.push(LiveContainer { name, image: image.to_owned(), running, published, network });
        true
    }
}

/// The state that a line about it is of: `Up 3 days (Paused)`, `Exited (0) 2 hours ago` (moby, `container.State.String`).
fn of_status(status: &str) -> Option<&'static str> {
    match status.split_whitespace().next()? {
        "Up" if status.ends_with("(Paused)") => Some("paused"),
        "Up" => Some("running"),
        "Restarting" => Some("restarting"),
        "Exited" => Some("exited"),
        "Created" => Some("created"),
        "Dead" => Some("dead"),
        "Removal" => Some("removing"),
        _ => None,
    }
}

fn name_of(inspected: &Value) -> Option<&str> {
    inspected["Name"].as_str().map(|name| name.trim_start_matches('/'))
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
        let inspected = r#"[{"Name": "/web", "Config": {"Image": "nginx:1.27"}, "State": {"Status": "running"},
            "NetworkSettings": {"Ports": {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}, {"HostIp": "::", "HostPort": "8080"}],
                                          "81/tcp": [{"HostIp": "127.0.0.1", "HostPort": "81"}], "443/tcp": null}}, "HostConfig": {"NetworkMode": "default"}}]"#;
        let listed = r#"{"Names":"web","Image":"nginx:1.27","State":"running","Ports":"0.0.0.0:8080->80/tcp, [::]:8080->80/tcp, 127.0.0.1:81->81/tcp, 443/tcp","Networks":"bridge"}"#;
        let one = read(inspected).unwrap();
        assert_eq!(one, read(listed).unwrap());
        assert_eq!(one.containers[0].published.as_ref().unwrap().len(), 2);
        let old = listed.replace("[::]:8080", ":::8080");
        assert_eq!(one, read(&old).unwrap());
    }

    #[test]
    fn whose_network_it_is_is_read_of_both() {
        let inspected = r#"[{"Id": "0a", "Name": "/parent", "Config": {"Image": "x"}, "State": {"Status": "running"}, "HostConfig": {"NetworkMode": "front"}, "NetworkSettings": {"Ports": {}}},
            {"Id": "0b", "Name": "/child", "Config": {"Image": "x"}, "State": {"Status": "running"}, "HostConfig": {"NetworkMode": "container:0a"}},
            {"Id": "0c", "Name": "/agent", "Config": {"Image": "x"}, "State": {"Status": "running"}, "HostConfig": {"NetworkMode": "host"}},
            {"Id": "0d", "Name": "/odd", "Config": {"Image": "x"}, "State": {"Status": "running"}, "HostConfig": {"NetworkMode": null}}]"#;
        let read = super::read(inspected).unwrap();
        let networks: Vec<&LiveNetwork> = read.containers.iter().map(|one| &one.network).collect();
        let parent = LiveNetwork::Of(Some("parent".to_owned()));
        assert_eq!(networks, [&LiveNetwork::Engine, &parent, &LiveNetwork::Node, &LiveNetwork::Unknown]);
        assert_eq!(read.notes, ["odd: its network mode is null"]);
        let listed = r#"{"Names":"child","Image":"x","State":"running","Ports":"","Networks":""}
            {"Names":"agent","Image":"x","State":"running","Ports":"","Networks":"host"}"#;
        let read = super::read(listed).unwrap();
        let networks: Vec<&LiveNetwork> = read.containers.iter().map(|one| &one.network).collect();
        assert_eq!(networks, [&LiveNetwork::Of(None), &LiveNetwork::Node]);
        assert_eq!(read.notes.len(), 1);
    }

    #[test]
    fn ranges_are_single_ports_and_the_rest_is_told() {
        let listed = r#"{"Names":"a/b,web","Image":"x","Status":"Up 3 days","Ports":"0.0.0.0:80-81->90-91/udp, 0.0.0.0:5->5/sctp","Networks":"bridge"}"#;
        let read = read(listed).unwrap();
        assert_eq!(read.containers[0].name, "web");
        assert_eq!(
            read.containers[0]
                .published
                .iter()
                .flatten()
                .map(|one| (one.host, one.container))
                .collect::<Vec<_>>(),
            [(80, 90), (81, 91)]
        );
        assert_eq!(read.notes, ["web: the port 0.0.0.0:5->5/sctp"]);
        for text in ["{}", "[{}]", "nonsense", "[1]"] {
            assert!(super::read(text).is_err(), "{text}");
        }
    }
}
