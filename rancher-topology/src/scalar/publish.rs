//! Published ports: `8080:80`, `80-81:80-81`, `127.0.0.1:53:53/udp`.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;

use super::port::{InvalidPort, PortRange, Protocol, split_protocol};

/// A port of the node that the engine forwards to a port of a container, or a range of such ports.
///
/// Written host side first, as in `docker run --publish`; printed by [`Publish::as_docker_prints`] as `docker ps` does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Publish {
    /// The node's address it is bound to, where one is written. `0.0.0.0` is every one of v4, `[::]` every one of v6.
    pub address: Option<IpAddr>,
    /// The ports on the node.
    pub host: PortRange,
    /// The ports in the container; as many as on the node.
    pub container: PortRange,
    /// The protocol.
    pub protocol: Protocol,
}

impl Publish {
    /// The node's port that leads to a port in the container.
    #[must_use]
    pub fn host_port_of(&self, container: u16) -> Option<u16> {
        self.container.contains(container).then(|| self.host.first() + (container - self.container.first()))
    }

    /// The port in the container that a port of the node leads to.
    #[must_use]
    pub fn container_port_of(&self, host: u16) -> Option<u16> {
        self.host.contains(host).then(|| self.container.first() + (host - self.host.first()))
    }

    /// Whether it is bound to the node's every address: of v4 at least, where that one is written.
    #[must_use]
    pub fn is_on_every_address(&self) -> bool {
        self.address.is_none_or(|address| address == IpAddr::V4(Ipv4Addr::UNSPECIFIED))
    }

    /// Whether only the node itself reaches it.
    #[must_use]
    pub fn is_on_loopback(&self) -> bool {
        self.address.is_some_and(|address| address.is_loopback())
    }

    /// The arrow that `docker ps` prints: `0.0.0.0:80-81->80-81/tcp`.
    #[must_use]
    pub fn as_docker_prints(&self) -> String {
        let address = self.address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        format!("{}:{}->{}/{}", Bracketed(address), self.host, self.container, self.protocol)
    }
}

/// An address as it stands before a colon.
struct Bracketed(IpAddr);

impl fmt::Display for Bracketed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(address) => address.fmt(f),
            IpAddr::V6(address) => write!(f, "[{address}]"),
        }
    }
}

const FORM: &str = "[ADDRESS:]HOST-PORT:CONTAINER-PORT[/PROTOCOL]";

impl FromStr for Publish {
    type Err = InvalidPort;

    fn from_str(word: &str) -> Result<Self, InvalidPort> {
        let form = || InvalidPort::Form(word.to_owned(), FORM);
        let (ports, protocol) = split_protocol(word)?;
        let (rest, container) = ports.rsplit_once(':').ok_or_else(form)?;
        let (address, host) = match rest.rsplit_once(':') {
            None => (None, rest),
            Some((address, host)) => {
                let bare = address.strip_prefix('[').and_then(|a| a.strip_suffix(']')).unwrap_or(address);
                (Some(bare.parse().map_err(|_| form())?), host)
            }
        };
        let (host, container): (PortRange, PortRange) = (host.parse()?, container.parse()?);
        if host.len() != container.len() {
            return Err(InvalidPort::Unequal(host.len(), container.len()));
        }
        Ok(Self { address, host, container, protocol })
    }
}

impl fmt::Display for Publish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(address) = self.address {
            write!(f, "{}:", Bracketed(address))?;
        }
        write!(f, "{}:{}", self.host, self.container)?;
        if self.protocol == Protocol::Tcp { Ok(()) } else { write!(f, "/{}", self.protocol) }
    }
}

super::one_word!(
    Publish,
    "string",
    "^([0-9a-fA-F.:\\[\\]]+:)?[0-9]+(-[0-9]+)?:[0-9]+(-[0-9]+)?(/(tcp|udp))?$",
    "a published port, the node's side first: `8080:80`, `80-81:80-81`, `127.0.0.1:53:53/udp`"
);

#[cfg(test)]
mod tests {
    use super::{InvalidPort, Publish};

    #[test]
    fn it_prints_as_docker_does() {
        let print = |word: &str| word.parse::<Publish>().map(|p| p.as_docker_prints());
        assert_eq!(print("18080:8080"), Ok("0.0.0.0:18080->8080/tcp".into()));
        assert_eq!(print("80-81:80-81"), Ok("0.0.0.0:80-81->80-81/tcp".into()));
        assert_eq!(print("500:500/udp"), Ok("0.0.0.0:500->500/udp".into()));
        assert_eq!(print("[::1]:53:53/udp"), Ok("[::1]:53->53/udp".into()));
    }

    #[test]
    fn it_reads_what_it_writes() {
        for word in
            ["18080:8080", "80-81:80-81", "127.0.0.1:53:53/udp", "[::1]:1:2", "0.0.0.0:80:80", "[::]:80:80"]
        {
            assert_eq!(word.parse::<Publish>().unwrap().to_string(), word);
        }
    }

    #[test]
    fn a_container_port_has_its_own_host_port() {
        let range: Publish = "8000-8009:80-89".parse().unwrap();
        assert_eq!(range.host_port_of(85), Some(8005));
        assert_eq!(range.host_port_of(90), None);
        assert_eq!(range.container_port_of(8005), Some(85));
        assert_eq!(range.container_port_of(85), None);
    }

    #[test]
    fn unequal_ranges_and_loose_ends_are_refused() {
        assert_eq!("80-82:80-81".parse::<Publish>(), Err(InvalidPort::Unequal(3, 2)));
        for word in ["80", ":80", "80:", "x:80:80", "80:80/icmp"] {
            assert!(word.parse::<Publish>().is_err(), "{word}");
        }
    }
}
