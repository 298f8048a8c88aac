//! Quoting: how a string is written in each format, so that the format's own reader gives it back unchanged.
//!
//! One function for each format. It never decides what is written, and never changes a value in silence: what a
//! format cannot carry is an [`Unquotable`]. Comments are the one exception: see [`comment`].

mod github;
mod hcl;
mod iptables;
mod markdown;
mod mermaid;
mod shell;
mod systemd;
mod uri;
mod yaml;

pub use github::{github_data, github_property};
pub use hcl::hcl;
pub use iptables::{COMMENT_BYTES, iptables_comment};
pub use markdown::{markdown_cell, markdown_text};
pub use mermaid::{dot, mermaid};
pub use shell::{sh, sql};
pub use systemd::{systemd_value, systemd_word};
pub use uri::uri;
pub use yaml::{compose, yaml};

use thiserror::Error;

/// A value that a format cannot carry.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{value:?} cannot be written in {format}: {reason}")]
pub struct Unquotable {
    /// The format.
    pub format: &'static str,
    /// The value.
    pub value: String,
    /// What is in its way.
    pub reason: &'static str,
}

impl Unquotable {
    fn new(format: &'static str, value: &str, reason: &'static str) -> Self {
        Self { format, value: value.to_owned(), reason }
    }
}

/// The formats that something is rendered in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// A compose file: YAML whose values docker-compose interpolates once more.
    Compose,
    /// YAML that nobody interpolates.
    Yaml,
    /// Terraform's language.
    Hcl,
    /// A POSIX shell's words.
    Shell,
    /// systemd's unit files.
    Systemd,
    /// iptables-restore's input.
    Iptables,
    /// GitHub flavoured Markdown.
    Markdown,
    /// Mermaid's labels.
    Mermaid,
    /// SQL as MariaDB and MySQL read it.
    Sql,
}

impl Format {
    /// The format of what a template of this name renders: by the ending before `.j2`.
    #[must_use]
    pub fn of(template: &str) -> Option<Self> {
        let file = template.strip_suffix(".j2")?;
        let ending = file.rsplit_once('.').map_or(file, |(_, ending)| ending);
        Some(match ending {
            "yaml" | "yml" if file.starts_with("compose/") || file.starts_with("rancher/") => Self::Compose,
            "yaml" | "yml" => Self::Yaml,
            "tf" => Self::Hcl,
            "sh" | "conf" | "example" => Self::Shell,
            "service" | "target" | "timer" => Self::Systemd,
            "v4" | "v6" | "ipset" => Self::Iptables,
            "md" => Self::Markdown,
            "mmd" => Self::Mermaid,
            "sql" => Self::Sql,
            _ => return None,
        })
    }

    /// Writes a string in this format.
    ///
    /// # Errors
    /// When the format cannot carry the string.
    pub fn quote(self, value: &str) -> Result<String, Unquotable> {
        match self {
            Self::Compose => compose(value),
            Self::Yaml => yaml(value),
            Self::Hcl => hcl(value),
            Self::Shell => sh(value),
            Self::Systemd => systemd_word(value),
            Self::Iptables => iptables_comment(value),
            Self::Markdown => markdown_cell(value),
            Self::Mermaid => mermaid(value),
            Self::Sql => sql(value),
        }
    }
}

/// The text of a `#` comment: one line whatever the value holds.
///
/// A comment is for people and no reader gives it back, so what would end the line, turn it around or make a reader
/// refuse the file becomes a space here.
#[must_use]
pub fn comment(value: &str) -> String {
    value.chars().map(|c| if needs_number(c) { ' ' } else { c }).collect()
}

/// Characters that a reader or an editor might act on: written by number wherever a format can.
fn needs_number(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{FEFF}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
        || is_noncharacter(c)
}

/// Code points that Unicode keeps for a program's inner use; some readers take them for broken text.
fn is_noncharacter(c: char) -> bool {
    (c as u32) & 0xFFFE == 0xFFFE || matches!(c, '\u{FDD0}'..='\u{FDEF}')
}
