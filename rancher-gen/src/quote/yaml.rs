//! YAML scalars, always in double quotes: no plain scalar can be taken for a number, a truth or nothing.

use super::{Unquotable, needs_number};
use std::fmt::Write as _;

/// A YAML 1.1 and 1.2 scalar. Source: YAML 1.2.2, section 7.3.1, double-quoted style.
///
/// # Errors
/// When it holds a NUL character, which no process's argument or environment can.
pub fn yaml(value: &str) -> Result<String, Unquotable> {
    if value.contains('\0') {
        return Err(Unquotable::new("YAML", value, "no program can be given a NUL character"));
    }
    let mut out = String::with_capacity(value.len() + 2);
    out.push('"');
    for c in value.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if needs_number(c) => {
                let _ = write!(out, "\\U{:08X}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
    Ok(out)
}

/// A value in a compose file: YAML, and every `$` doubled, since docker-compose interpolates what YAML gives it.
///
/// Source: Compose file reference, "Interpolation": `$$` is a literal dollar sign.
///
/// # Errors
/// As [`yaml`].
pub fn compose(value: &str) -> Result<String, Unquotable> {
    yaml(&value.replace('$', "$$"))
}
