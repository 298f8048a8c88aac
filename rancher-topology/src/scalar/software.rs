//! Software with versions: container engines, operating systems, database engines.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::Refusal;

/// A version of up to three numbers; missing ones count as 0 when compared.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Version {
    text: String,
    parts: [u32; 3],
}

impl Version {
    /// Whether only its first number is said.
    #[must_use]
    pub fn is_major_only(&self) -> bool {
        !self.text.contains('.')
    }

    /// Whether it is this version or a later one.
    #[must_use]
    pub fn at_least(&self, major: u32, minor: u32) -> bool {
        (self.parts[0], self.parts[1]) >= (major, minor)
    }

    /// Its first number.
    #[must_use]
    pub const fn major(&self) -> u32 {
        self.parts[0]
    }

    /// Its second number.
    #[must_use]
    pub const fn minor(&self) -> u32 {
        self.parts[1]
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

fn version(text: &str) -> Option<Version> {
    let mut parts = [0; 3];
    for (position, part) in text.split('.').enumerate() {
        if part.is_empty() || !part.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        *parts.get_mut(position)? = part.parse().ok()?;
    }
    Some(Version { text: text.to_owned(), parts })
}

/// Why a word names no software.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{word}` is no {what}")]
pub struct InvalidSoftware {
    word: String,
    what: &'static str,
}

impl Refusal for InvalidSoftware {}

/// A container engine: `docker-1.10.3`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Engine {
    /// Its version.
    pub version: Version,
}

impl FromStr for Engine {
    type Err = InvalidSoftware;

    fn from_str(word: &str) -> Result<Self, InvalidSoftware> {
        word.strip_prefix("docker-").and_then(version).map(|version| Self { version }).ok_or_else(|| {
            InvalidSoftware { word: word.to_owned(), what: "container engine that is supported" }
        })
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "docker-{}", self.version)
    }
}

super::one_word!(
    Engine,
    "string",
    "^docker-[0-9]+(\\.[0-9]+){0,2}$",
    "`docker-` with a version, as in `docker-1.10.3`: only Docker is supported"
);

/// A database's engine: `mariadb-10.0.24`, `mysql-8.0`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DatabaseEngine {
    /// The engine's name as RDS writes it: `mariadb` or `mysql`.
    pub product: &'static str,
    /// Its version; may be a major line only.
    pub version: Version,
}

impl DatabaseEngine {
    /// The lines of this product that RDS makes, as major and minor version, the oldest first.
    ///
    /// MariaDB 10.5 and earlier and MySQL 5.7 and earlier are past RDS's standard support (AWS, "Supported MariaDB
    /// versions" and "Supported MySQL versions on Amazon RDS"). Lines that are later than the last one may have come since.
    #[must_use]
    pub fn lines_on_rds(&self) -> &'static [(u32, u32)] {
        if self.product == "mariadb" { &[(10, 6), (10, 11), (11, 4), (11, 8)] } else { &[(8, 0), (8, 4)] }
    }

    /// Whether RDS makes this version.
    #[must_use]
    pub fn on_rds(&self) -> OnRds {
        let line = (self.version.major(), self.version.minor());
        let lines = self.lines_on_rds();
        if lines.contains(&line) {
            return OnRds::Made;
        }
        match (lines.first(), lines.last()) {
            (Some(oldest), _) if line < *oldest => OnRds::Withdrawn,
            (_, Some(newest)) if line > *newest => OnRds::Later,
            _ => OnRds::Never,
        }
    }
}

/// Whether RDS makes a version of a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnRds {
    /// It does.
    Made,
    /// It is older than what it still makes.
    Withdrawn,
    /// It lies between lines that it makes, and is none of them.
    Never,
    /// It is later than every line that is known here.
    Later,
}

impl FromStr for DatabaseEngine {
    type Err = InvalidSoftware;

    fn from_str(word: &str) -> Result<Self, InvalidSoftware> {
        ["mariadb", "mysql"]
            .into_iter()
            .find_map(|product| {
                let version = version(word.strip_prefix(product)?.strip_prefix('-')?)?;
                Some(Self { product, version })
            })
            .ok_or_else(|| InvalidSoftware {
                word: word.to_owned(),
                what: "database engine that is supported",
            })
    }
}

impl fmt::Display for DatabaseEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.product, self.version)
    }
}

super::one_word!(
    DatabaseEngine,
    "string",
    "^(mariadb|mysql)-[0-9]+(\\.[0-9]+){0,2}$",
    "`mariadb-` or `mysql-` with a version, as in `mariadb-10.0.24`: only these two are supported"
);

/// A node's operating system, with what its age decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Os {
    /// CentOS 7: systemd 219, iptables 1.4.21, ipset 6, kernel 3.10.
    #[serde(rename = "centos-7")]
    Centos7,
    /// Rocky Linux 9: systemd 252, iptables 1.8.
    #[serde(rename = "rocky-9")]
    Rocky9,
    /// Debian 12: systemd 252, iptables 1.8.9.
    #[serde(rename = "debian-12")]
    Debian12,
    /// Ubuntu 24.04: systemd 255, iptables 1.8.10.
    #[serde(rename = "ubuntu-24.04")]
    Ubuntu2404,
}

impl Os {
    /// Its name in a document.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Centos7 => "centos-7",
            Self::Rocky9 => "rocky-9",
            Self::Debian12 => "debian-12",
            Self::Ubuntu2404 => "ubuntu-24.04",
        }
    }

    /// Its name as people write it.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Centos7 => "CentOS 7",
            Self::Rocky9 => "Rocky Linux 9",
            Self::Debian12 => "Debian 12",
            Self::Ubuntu2404 => "Ubuntu 24.04",
        }
    }

    /// The version of systemd that it came with; a directive of a later one is ignored in silence.
    #[must_use]
    pub const fn systemd(self) -> u16 {
        match self {
            Self::Centos7 => 219,
            Self::Rocky9 | Self::Debian12 => 252,
            Self::Ubuntu2404 => 255,
        }
    }
}

impl fmt::Display for Os {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::{DatabaseEngine, Engine};

    #[test]
    fn versions_compare_by_number_and_print_as_written() {
        let engine: Engine = "docker-1.10.3".parse().unwrap();
        assert!(engine.version.at_least(1, 9) && !engine.version.at_least(1, 12));
        assert_eq!(engine.to_string(), "docker-1.10.3");
        assert_eq!("mariadb-10.0".parse::<DatabaseEngine>().unwrap().to_string(), "mariadb-10.0");
    }

    #[test]
    fn what_is_no_version_is_refused() {
        for word in ["docker", "docker-", "docker-1.x", "docker-1.2.3.4", "podman-5.0", "docker-99999999999"]
        {
            assert!(word.parse::<Engine>().is_err(), "{word}");
        }
    }
}
