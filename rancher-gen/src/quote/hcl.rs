//! Strings of HCL, Terraform's language.

use super::{Unquotable, needs_number};
use std::fmt::Write as _;

/// A quoted template without any interpolation. Source: HCL Native Syntax Specification, "Template Expressions".
///
/// Terraform keeps strings in Unicode's normal form C, so a combining mark may come back joined to its letter.
///
/// # Errors
/// When it holds a NUL character.
pub fn hcl(value: &str) -> Result<String, Unquotable> {
    if value.contains('\0') {
        return Err(Unquotable::new("Terraform", value, "no resource of a cloud takes a NUL character"));
    }
    let mut out = String::with_capacity(value.len() + 2);
    out.push('"');
    let mut chars = value.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '$' | '%' if chars.peek() == Some(&'{') => {
                out.push(c);
                out.push(c);
            }
            c if needs_number(c) => {
                let _ = write!(out, "\\U{:08X}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
    Ok(out)
}
