//! The forms of compose files, by what the node's engine understands.

use rancher_topology::scalar::Engine;

/// A form of compose files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// File format 2.0, for engines from 1.10 (API 1.22). Source: `config_schema_v2.0.json` of docker-compose 1.26.2.
    Format2_0,
    /// File format 2.1, for engines from 1.12: it knows health checks.
    Format2_1,
    /// The Compose Specification, for what Compose v2 supports.
    Specification,
}

impl Dialect {
    /// The newest form that an engine understands.
    #[must_use]
    pub fn of(engine: &Engine) -> Self {
        match &engine.version {
            version if version.at_least(19, 3) => Self::Specification,
            version if version.at_least(1, 12) => Self::Format2_1,
            _ => Self::Format2_0,
        }
    }

    /// The value of the file's `version`, where there is one.
    #[must_use]
    pub const fn version(self) -> Option<&'static str> {
        match self {
            Self::Format2_0 => Some("2.0"),
            Self::Format2_1 => Some("2.1"),
            Self::Specification => None,
        }
    }

    /// Whether the engine runs health checks. Docker does from 1.12.
    #[must_use]
    pub const fn has_health_checks(self) -> bool {
        !matches!(self, Self::Format2_0)
    }

    /// Whether `${NAME-DEFAULT}` is understood. docker-compose does from 1.9 on, in format 2.1.
    #[must_use]
    pub const fn has_defaults(self) -> bool {
        !matches!(self, Self::Format2_0)
    }

    /// The command that reads such a file: what Docker 1.10 had beside it, or the plugin.
    #[must_use]
    pub const fn program(self) -> &'static str {
        match self {
            Self::Format2_0 | Self::Format2_1 => "/usr/local/bin/docker-compose",
            Self::Specification => "/usr/bin/docker compose",
        }
    }
}
