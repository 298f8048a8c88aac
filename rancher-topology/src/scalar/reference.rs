//! Words that point at something else: peers, connections, a load balancer's ports and health check.

use std::fmt;
use std::str::FromStr;

use ipnet::IpNet;
use thiserror::Error;

use super::Refusal;
use super::name::Name;
use super::port::{InvalidPort, PortRange, Ports};

/// Why a word points at nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidReference {
    /// Not of the form that is asked for.
    #[error("`{0}` is not of the form `{1}`")]
    Form(String, &'static str),
    /// A check over HTTP that asks for nothing.
    #[error("`{0}` asks for no path")]
    NoPath(String),
    /// The port in it is none.
    #[error(transparent)]
    Port(#[from] InvalidPort),
    /// An address without its prefix length.
    #[error("`{0}` has no prefix length")]
    NoPrefix(String, u8),
}

impl Refusal for InvalidReference {
    fn instead(&self) -> Option<String> {
        match self {
            Self::NoPath(word) => Some(format!("the path behind the port, as in `{word}/`")),
            Self::NoPrefix(address, bits) => Some(format!("`{address}/{bits}` for this one address")),
            Self::Port(port) => port.instead(),
            Self::Form(..) => None,
        }
    }
}

/// The other side of a security rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Peer {
    /// A range of addresses, v4 or v6.
    Network(IpNet),
    /// `internet`: every address there is, v4 and v6.
    Internet,
    /// `self`: the members of the group that the rule stands in.
    Itself,
    /// The members of another security group.
    Group(Name),
}

impl FromStr for Peer {
    type Err = InvalidReference;

    fn from_str(word: &str) -> Result<Self, InvalidReference> {
        if let Ok(address) = word.parse::<std::net::IpAddr>() {
            let bits = if address.is_ipv4() { 32 } else { 128 };
            return Err(InvalidReference::NoPrefix(word.to_owned(), bits));
        }
        if word.contains('/') {
            let form = || InvalidReference::Form(word.to_owned(), "ADDRESS/PREFIX-LENGTH");
            return word.parse().map(Self::Network).map_err(|_| form());
        }
        match word {
            "internet" => Ok(Self::Internet),
            "self" => Ok(Self::Itself),
            _ => word.parse().map(Self::Group).map_err(|_| {
                InvalidReference::Form(word.to_owned(), "ADDRESS/PREFIX-LENGTH, internet, self or NAME")
            }),
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(network) => network.fmt(f),
            Self::Internet => f.write_str("internet"),
            Self::Itself => f.write_str("self"),
            Self::Group(name) => name.fmt(f),
        }
    }
}

super::one_word!(
    Peer,
    "string",
    "^(internet|self|[0-9a-fA-F.:]+/[0-9]+|[A-Za-z0-9][A-Za-z0-9._-]*)$",
    "a peer: a CIDR (`10.0.0.0/16`), `internet`, `self` or the name of a security group"
);

/// Whom something connects to: a name, with the ports where not all of them are meant: `zookeeper:2181`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Connection {
    /// A role, a service, a database, a load balancer, or `internet`.
    pub to: Name,
    /// The ports; all that the other side listens on when none are written.
    pub ports: Option<Ports>,
}

impl FromStr for Connection {
    type Err = InvalidReference;

    fn from_str(word: &str) -> Result<Self, InvalidReference> {
        let (name, ports) = match word.split_once(':') {
            Some((name, ports)) => (name, Some(ports.parse()?)),
            None => (word, None),
        };
        let to =
            name.parse().map_err(|_| InvalidReference::Form(word.to_owned(), "NAME[:PORT[/PROTOCOL]]"))?;
        Ok(Self { to, ports })
    }
}

impl fmt::Display for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.ports {
            Some(ports) => write!(f, "{}:{ports}", self.to),
            None => self.to.fmt(f),
        }
    }
}

super::one_word!(
    Connection,
    "string",
    "^[A-Za-z0-9][A-Za-z0-9._-]*(:[0-9]+(-[0-9]+)?(/(tcp|udp))?)?$",
    "whom it connects to, with the port where not all are meant: `redis`, `zookeeper:2181`, `internet:443`"
);

/// What a load balancer speaks on one side of a listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ListenerProtocol {
    /// Bytes are passed on.
    Tcp,
    /// Bytes inside TLS that ends at the load balancer.
    Ssl,
    /// Requests are understood and passed on.
    Http,
    /// Requests inside TLS that ends at the load balancer.
    Https,
}

impl ListenerProtocol {
    /// The name in a document, which is the one that Terraform takes.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Ssl => "ssl",
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// Whether TLS ends here, so that there must be a certificate.
    #[must_use]
    pub const fn needs_certificate(self) -> bool {
        matches!(self, Self::Ssl | Self::Https)
    }
}

/// A port of a load balancer's listener with what is spoken on it: `80/tcp`, `8080/http`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListenerPort {
    /// The port.
    pub port: u16,
    /// What is spoken.
    pub protocol: ListenerProtocol,
}

impl FromStr for ListenerPort {
    type Err = InvalidReference;

    fn from_str(word: &str) -> Result<Self, InvalidReference> {
        let form = || InvalidReference::Form(word.to_owned(), "PORT/PROTOCOL");
        let (port, protocol) = word.split_once('/').ok_or_else(form)?;
        let protocol = match protocol {
            "tcp" => ListenerProtocol::Tcp,
            "ssl" => ListenerProtocol::Ssl,
            "http" => ListenerProtocol::Http,
            "https" => ListenerProtocol::Https,
            _ => return Err(form()),
        };
        let range: PortRange = port.parse()?;
        if range.len() == 1 { Ok(Self { port: range.first(), protocol }) } else { Err(form()) }
    }
}

impl fmt::Display for ListenerPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.port, self.protocol.as_str())
    }
}

super::one_word!(
    ListenerPort,
    "string",
    "^[0-9]+/(tcp|ssl|http|https)$",
    "a port and what is spoken on it (`tcp`, `ssl`, `http`, `https`): `80/tcp`, `8080/http`"
);

/// What a load balancer asks to learn whether a target is well: `TCP:22`, `HTTP:80/ping`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HealthTarget {
    /// What is spoken.
    pub protocol: ListenerProtocol,
    /// The port on the target.
    pub port: u16,
    /// The path that is asked for; empty with TCP and SSL.
    pub path: String,
}

impl FromStr for HealthTarget {
    type Err = InvalidReference;

    fn from_str(word: &str) -> Result<Self, InvalidReference> {
        let form = || InvalidReference::Form(word.to_owned(), "PROTOCOL:PORT[/PATH]");
        let (protocol, rest) = word.split_once(':').ok_or_else(form)?;
        let (port, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        let protocol = match (protocol, path.is_empty()) {
            ("TCP", true) => ListenerProtocol::Tcp,
            ("SSL", true) => ListenerProtocol::Ssl,
            ("HTTP", false) => ListenerProtocol::Http,
            ("HTTPS", false) => ListenerProtocol::Https,
            ("HTTP" | "HTTPS", true) if port.parse::<u16>().is_ok() => {
                return Err(InvalidReference::NoPath(word.to_owned()));
            }
            _ => return Err(form()),
        };
        // AWS: "a ping path is 1 to 1024 bytes"; what is no URL character would be refused there.
        if path.len() > 1024 || !path.bytes().all(|b| b.is_ascii_graphic() && !b"\"\\`<>{}|^".contains(&b)) {
            return Err(form());
        }
        let range: PortRange = port.parse()?;
        if range.len() != 1 {
            return Err(form());
        }
        Ok(Self { protocol, port: range.first(), path: path.to_owned() })
    }
}

impl fmt::Display for HealthTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}{}", self.protocol.as_str().to_ascii_uppercase(), self.port, self.path)
    }
}

super::one_word!(
    HealthTarget,
    "string",
    "^((HTTP|HTTPS):[0-9]+/.*|(TCP|SSL):[0-9]+)$",
    "what the load balancer asks: `HTTP:80/ping`, `HTTPS:443/ping`, `TCP:22`, `SSL:443`"
);

#[cfg(test)]
mod tests {
    use super::{Connection, HealthTarget, ListenerPort, Peer};

    #[test]
    fn words_read_back_as_they_were_written() {
        for word in ["0.0.0.0/0", "::/0", "internet", "self", "server-nodes"] {
            assert_eq!(word.parse::<Peer>().unwrap().to_string(), word);
        }
        for word in ["HTTP:80/ping", "TCP:22"] {
            assert_eq!(word.parse::<HealthTarget>().unwrap().to_string(), word);
        }
        assert_eq!("8080/http".parse::<ListenerPort>().unwrap().to_string(), "8080/http");
        assert_eq!("zookeeper:2181".parse::<Connection>().unwrap().to_string(), "zookeeper:2181/tcp");
    }

    #[test]
    fn what_points_at_nothing_is_refused() {
        for word in ["10.0.0.0/33", "10.0.0.1", "a b", ""] {
            assert!(word.parse::<Peer>().is_err(), "{word}");
        }
        for word in ["HTTP:80", "TCP:22/x", "80/ping", "HTTP:0/x", "HTTP:80/a b"] {
            assert!(word.parse::<HealthTarget>().is_err(), "{word}");
        }
        assert!("80".parse::<ListenerPort>().is_err() && "80-81/tcp".parse::<ListenerPort>().is_err());
    }
}
