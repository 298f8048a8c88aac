//! Workflow commands of GitHub Actions: `::name property=value,property=value::data`.
//!
//! Source: GitHub, "Workflow commands for GitHub Actions"; actions/toolkit, `packages/core/src/command.ts`,
//! `escapeData` and `escapeProperty`, and the runner's `ActionCommand.cs`, which reads them back.

/// What stands behind the second `::`.
#[must_use]
pub fn github_data(value: &str) -> String {
    value.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property.
#[must_use]
pub fn github_property(value: &str) -> String {
    github_data(value).replace(':', "%3A").replace(',', "%2C")
}
