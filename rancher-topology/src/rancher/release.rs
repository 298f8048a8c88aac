//! Releases of the server, and what belongs to each.

use std::fmt;
use std::str::FromStr;

use crate::scalar::Image;

/// A release of `rancher/server`, as its image's tag names it: `v1.1.4`, `v1.2.0-pre3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Release {
    numbers: [u16; 3],
    last_is_final: bool,
}

/// The tags of the images that a release starts.
///
/// Source: rancher/rancher `server/Dockerfile` and rancher/cattle `cattle-global.properties` at the releases' tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Companions {
    /// The tag of `rancher/agent`.
    pub(crate) agent: &'static str,
    /// The tag of `rancher/agent-instance`.
    pub(crate) agent_instance: &'static str,
}

impl Release {
    const fn at(major: u16, minor: u16, patch: u16) -> Self {
        Self { numbers: [major, minor, patch], last_is_final: true }
    }

    /// Whether it has the cluster manager: v1.0.1 to v1.1.4, and what came before v1.2.0 was final.
    ///
    /// Source: rancher/rancher, `server/bin/ha`, added in v1.0.1 and removed in v1.2.0.
    #[must_use]
    pub fn has_cluster_manager(self) -> bool {
        let before_final = !self.last_is_final && self.numbers == [1, 2, 0];
        (Self::at(1, 0, 1).numbers..=Self::at(1, 1, 4).numbers).contains(&self.numbers) || before_final
    }

    /// Whether the port that expects a PROXY header before HTTPS speaks TLS behind it: from v1.0.2.
    ///
    /// Source: rancher/rancher, `server/artifacts/compose/docker-compose.yml`, label `ssl.ports`; rancher/rancher#4697.
    #[must_use]
    pub fn speaks_tls_behind_proxy_header(self) -> bool {
        self.numbers >= Self::at(1, 0, 2).numbers
    }

    /// The tags of the images that it starts; `None` where they were not looked up.
    pub(crate) fn companions(self) -> Option<Companions> {
        match self.numbers {
            [1, 0, 1 | 2] => Some(Companions { agent: "v1.0.1", agent_instance: "v0.8.1" }),
            [1, 1, 0..=4] => Some(Companions { agent: "v1.0.2", agent_instance: "v0.8.3" }),
            _ => None,
        }
    }
}

/// A tag that names no release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoRelease;

impl fmt::Display for NoRelease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not of the form `v1.1.4`")
    }
}

impl std::error::Error for NoRelease {}

impl FromStr for Release {
    type Err = NoRelease;

    fn from_str(tag: &str) -> Result<Self, NoRelease> {
        let tag = tag.strip_prefix('v').ok_or(NoRelease)?;
        let (numbers, suffix) =
            tag.split_once('-').map_or((tag, None), |(numbers, rest)| (numbers, Some(rest)));
        let mut parts = [0; 3];
        let mut words = numbers.split('.');
        for part in &mut parts {
            let word = words.next().filter(|word| word.bytes().all(|b| b.is_ascii_digit()));
            *part = word.and_then(|word| word.parse().ok()).ok_or(NoRelease)?;
        }
        if words.next().is_some() {
            return Err(NoRelease);
        }
        Ok(Self { numbers: parts, last_is_final: suffix.is_none() })
    }
}

impl Image<'_> {
    /// Whether another pull may bring another release.
    pub(crate) fn moves(&self) -> bool {
        self.digest.is_none() && matches!(self.tag, None | Some("latest" | "stable"))
    }

    /// The release that it says it is.
    pub(crate) fn release(&self) -> Option<Release> {
        self.tag?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::Release;
    use crate::scalar::Image;

    fn release(tag: &str) -> Release {
        tag.parse().unwrap()
    }

    #[test]
    fn the_cluster_manager_came_with_1_0_1_and_went_with_1_2_0() {
        for tag in ["v1.0.1", "v1.0.2", "v1.1.0", "v1.1.3-rc1", "v1.1.4", "v1.2.0-pre3"] {
            assert!(release(tag).has_cluster_manager(), "{tag}");
        }
        for tag in ["v0.63.1", "v1.0.0", "v1.1.5", "v1.2.0", "v1.6.30", "v2.0.0"] {
            assert!(!release(tag).has_cluster_manager(), "{tag}");
        }
        for tag in ["1.1.4", "latest", "v1.1", "v1.1.4.5", "v+1.1.4", "v1.1.x", "v1.1.99999999"] {
            assert!(tag.parse::<Release>().is_err(), "{tag}");
        }
    }

    #[test]
    fn an_image_is_known_in_every_registry_and_pinned_by_its_digest() {
        let image = Image::of("registry.example.com:5000/rancher/server:v1.1.4@sha256:00");
        assert!(image.is("rancher/server") && !image.is("rancher/agent") && !image.moves());
        assert_eq!(image.release(), Some(release("v1.1.4")));
        for name in ["rancher/server", "rancher/server:latest", "registry.example.com:5000/rancher/server"] {
            assert!(Image::of(name).is("rancher/server") && Image::of(name).moves(), "{name}");
        }
        assert!(!Image::of("grancher/server").is("rancher/server"));
        assert!(!Image::of("rancher/server@sha256:00").moves());
    }
}
