//! The templates: minijinja with the quoting of each format put between every value and the file.
//!
//! A template prints a string through the quoting of its own format ([`Format::of`] its name), always. The one way
//! around is [`Raw`], a Rust type that only takes what was checked; a template has none.

use std::path::{Path, PathBuf};

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, ErrorKind, State, UndefinedBehavior};
use serde::Serialize;
use thiserror::Error;

use crate::quote::{self, Format, Unquotable};

/// The templates of all outputs, compiled on first use.
#[derive(Debug)]
pub struct Templates {
    environment: Environment<'static>,
}

/// Why a template could not be rendered.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// A value that its format cannot carry.
    #[error("template {template}, line {line}")]
    Unquotable {
        /// The template.
        template: String,
        /// The line in it.
        line: usize,
        /// The value, and what is in its way.
        source: Unquotable,
    },
    /// The template itself is wrong.
    #[error("template {template} cannot be rendered")]
    Broken {
        /// The template.
        template: String,
        /// What minijinja says.
        source: minijinja::Error,
    },
    /// The folder that replaces templates cannot be read.
    #[error("the folder of templates {} cannot be read", path.display())]
    Unreadable {
        /// The folder or file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

/// Something that is printed as it is: numbers, addresses, names whose alphabet was checked, words of the program.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub struct Raw(Value);

impl Raw {
    fn unchecked(text: String) -> Self {
        Self(Value::from_safe_string(text))
    }

    /// A name: its alphabet is a part of every format's words ([`rancher_topology::scalar::Name`]).
    #[must_use]
    pub fn name(name: &rancher_topology::scalar::Name) -> Self {
        Self::unchecked(name.to_string())
    }

    /// An address, a range of addresses, a port: what prints digits, letters, dots, colons and slashes only.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "numbers and addresses are copied everywhere else too")]
    pub fn number(number: impl Numeric) -> Self {
        Self::unchecked(number.to_string())
    }

    /// A word of the program's own.
    #[must_use]
    pub fn word(word: &'static str) -> Self {
        Self::unchecked(word.to_owned())
    }

    /// Text that is put together from pieces, each quoted as it needs.
    ///
    /// # Errors
    /// When the format cannot carry a value.
    pub(crate) fn quoted(format: Format, pieces: &[Piece<'_>]) -> Result<Self, Unquotable> {
        let mut out = String::new();
        for piece in pieces {
            match piece {
                Piece::Word(word) => out.push_str(word),
                Piece::Name(name) => out.push_str(name.as_str()),
                Piece::Checked(text) => out.push_str(text),
                Piece::Value(value) => out.push_str(&format.quote(value)?),
            }
        }
        Ok(Self::unchecked(out))
    }

    /// An identifier: a letter or `_`, then letters, digits, `_` and `-`. Anything else is `None`.
    #[must_use]
    pub fn identifier(text: &str) -> Option<Self> {
        let first = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        let rest = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        (first && rest).then(|| Self::unchecked(text.to_owned()))
    }
}

/// A piece of [`Raw::quoted`].
#[derive(Debug, Clone, Copy)]
pub(crate) enum Piece<'a> {
    /// A word of the program's own.
    Word(&'static str),
    /// A name, whose alphabet is a part of every format's words.
    Name(&'a rancher_topology::scalar::Name),
    /// Text that this crate put together from words of its own, names, numbers and addresses.
    Checked(&'a str),
    /// A value, which is quoted.
    Value(&'a str),
}

/// What prints nothing but letters, digits, `.`, `:`, `/` and `-`.
pub trait Numeric: std::fmt::Display {}

macro_rules! numeric {
    ($($type:ty),*) => { $(impl Numeric for $type {})* };
}
numeric!(
    u16,
    u32,
    u64,
    usize,
    std::net::Ipv4Addr,
    std::net::IpAddr,
    std::net::SocketAddr,
    ipnet::Ipv4Net,
    ipnet::IpNet,
    rancher_topology::scalar::PortRange,
    rancher_topology::scalar::Protocol,
    rancher_topology::scalar::Version
);

impl Templates {
    /// The templates that are part of the program.
    #[must_use]
    #[expect(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "the embedded templates parse: every test renders them"
    )]
    pub fn embedded() -> Self {
        let mut environment = environment();
        minijinja_embed::load_templates!(&mut environment);
        Self { environment }
    }

    /// The templates of a folder in place of the program's own; what the folder does not have stays the program's.
    ///
    /// # Errors
    /// When the folder or a template in it cannot be read, or a template does not parse.
    pub fn from_dir(dir: &Path) -> Result<Self, TemplateError> {
        let mut templates = Self::embedded();
        let unreadable = |path: &Path, source| TemplateError::Unreadable { path: path.to_owned(), source };
        let known: Vec<String> = templates.environment.templates().map(|(name, _)| name.to_owned()).collect();
        std::fs::read_dir(dir).map_err(|error| unreadable(dir, error))?;
        for name in known {
            let path = dir.join(&name);
            match std::fs::read_to_string(&path) {
                Ok(source) => {
                    let added = templates.environment.add_template_owned(name.clone(), source);
                    added.map_err(|source| TemplateError::Broken { template: name, source })?;
                }
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(unreadable(&path, error)),
            }
        }
        Ok(templates)
    }

    /// Renders a part of a file, for another template of the same format to print: its values are quoted already.
    ///
    /// # Errors
    /// As [`Templates::render`].
    pub(crate) fn part(&self, name: &str, view: &impl Serialize) -> Result<Raw, TemplateError> {
        self.render(name, view).map(Raw::unchecked)
    }

    /// Renders a template.
    ///
    /// # Errors
    /// When a value cannot be carried by the format, or the template is wrong.
    pub fn render(&self, name: &str, view: &impl Serialize) -> Result<String, TemplateError> {
        let render = || self.environment.get_template(name)?.render(Value::from(Serde(view)));
        render().map_err(|error| typed(name, error))
    }
}

/// Finds the unquotable value behind a template's error.
fn typed(name: &str, error: minijinja::Error) -> TemplateError {
    let template = error.name().unwrap_or(name).to_owned();
    let line = error.line().unwrap_or(0);
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(inner) = cause {
        if let Some(unquotable) = inner.downcast_ref::<Unquotable>() {
            return TemplateError::Unquotable { template, line, source: unquotable.clone() };
        }
        cause = inner.source();
    }
    TemplateError::Broken { template, source: error }
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_syntax(
        SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .keep_trailing_newline(true)
            .build()
            .unwrap_or_default(),
    );
    // What a macro or a block captured was quoted when it was printed into it; under a named escaping it stays so.
    environment.set_auto_escape_callback(|_| AutoEscape::Custom("format".into()));
    environment.set_formatter(|out, state, value| {
        out.write_str(&printed(state, value)?).map_err(minijinja::Error::from)
    });
    for around in ["safe", "escape", "e", "tojson", "urlencode"] {
        environment.remove_filter(around);
    }
    environment.add_filter("comment", |text: &str| Value::from_safe_string(quote::comment(text)));
    environment.add_filter("value", |text: &str| filtered(quote::systemd_value(text)));
    environment.add_filter("text", |text: &str| filtered(quote::markdown_text(text)));
    environment.add_filter("code", |text: &str| filtered(code(text)));
    environment
}

/// Text in a Markdown code span. Source: CommonMark 0.31, "Code spans": a fence longer than any run inside.
fn code(text: &str) -> Result<String, Unquotable> {
    quote::markdown_cell(text)?;
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad =
        if text.starts_with('`') || text.ends_with('`') || (text.starts_with(' ') && text.ends_with(' ')) {
            " "
        } else {
            ""
        };
    // A table's cell ends at a bare pipe even inside a code span.
    Ok(format!("{fence}{pad}{}{pad}{fence}", text.replace('|', "\\|")))
}

fn filtered(quoted: Result<String, Unquotable>) -> Result<Value, minijinja::Error> {
    quoted.map(Value::from_safe_string).map_err(unquotable)
}

fn unquotable(error: Unquotable) -> minijinja::Error {
    minijinja::Error::new(ErrorKind::InvalidOperation, "a value cannot be carried by the format")
        .with_source(error)
}

fn printed(state: &State<'_, '_>, value: &Value) -> Result<String, minijinja::Error> {
    let wrong = |what| minijinja::Error::new(ErrorKind::InvalidOperation, what);
    if let Some(text) = value.as_str() {
        if value.is_safe() {
            return Ok(text.to_owned());
        }
        let format =
            Format::of(state.name()).ok_or_else(|| wrong("this template's name does not tell its format"))?;
        return format.quote(text).map_err(unquotable);
    }
    match value.kind() {
        minijinja::value::ValueKind::Number => Ok(value.to_string()),
        // minijinja says `True`, as Python does; every format here says `true`.
        minijinja::value::ValueKind::Bool => Ok(value.is_true().to_string()),
        _ => Err(wrong("only strings, numbers and truths are printed")),
    }
}

#[cfg(test)]
mod tests {
    use super::{TemplateError, Templates, environment};
    use minijinja::context;

    fn render(name: &'static str, source: &'static str, value: &str) -> Result<String, TemplateError> {
        let mut environment = environment();
        environment
            .add_template(name, source)
            .map_err(|source| TemplateError::Broken { template: name.into(), source })?;
        Templates { environment }.render(name, &context! { value })
    }

    #[test]
    fn a_string_is_quoted_by_the_name_of_its_template() {
        let value = "a \"${b}\" 100% $c";
        assert_eq!(
            render("compose/x.yaml.j2", "{{ value }}", value).unwrap(),
            "\"a \\\"$${b}\\\" 100% $$c\""
        );
        assert_eq!(render("terraform/x.tf.j2", "{{ value }}", value).unwrap(), "\"a \\\"$${b}\\\" 100% $c\"");
        assert_eq!(
            render("systemd/x.service.j2", "{{ value }}", value).unwrap(),
            "\"a \\\"$${b}\\\" 100%% $$c\""
        );
        assert_eq!(render("install/x.sh.j2", "{{ value }}", value).unwrap(), "'a \"${b}\" 100% $c'");
    }

    #[test]
    fn no_template_has_a_way_around() {
        for source in ["{{ value|safe }}", "{{ value|tojson }}", "{{ value|escape }}", "{{ value|e }}"] {
            assert!(render("terraform/x.tf.j2", source, "${x}").is_err(), "{source}");
        }
        for source in [
            "{% autoescape false %}{{ value }}{% endautoescape %}",
            "{{ value ~ '' }}",
            "{% set a = value %}{{ a }}",
            "{{ [value]|join }}",
        ] {
            assert_eq!(render("terraform/x.tf.j2", source, "${x}").unwrap(), "\"$${x}\"", "{source}");
        }
    }

    #[test]
    fn what_a_format_cannot_carry_is_a_typed_error() {
        let error = render("iptables/rules.v4.j2", "\n{{ value }}", "two\nlines").unwrap_err();
        assert!(matches!(error, TemplateError::Unquotable { line: 2, .. }), "{error:?}");
        assert!(render("x.unknown.j2", "{{ value }}", "a").is_err());
        assert!(render("terraform/x.tf.j2", "{{ valeu }}", "a").is_err());
    }
}
