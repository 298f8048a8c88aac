//! Labels of diagrams: Mermaid's and Graphviz's.

use super::Unquotable;

/// A quoted label of a Mermaid flowchart. Source: Mermaid, "Flowcharts", "Entity codes to escape characters".
///
/// # Errors
/// When it is not one line.
pub fn mermaid(value: &str) -> Result<String, Unquotable> {
    if value.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
        return Err(Unquotable::new("a Mermaid label", value, "it would not stay one line"));
    }
    let mut out = String::from("\"");
    for c in value.chars() {
        match c {
            '"' => out.push_str("#quot;"),
            '#' => out.push_str("#35;"),
            '&' => out.push_str("#amp;"),
            '<' => out.push_str("#lt;"),
            '>' => out.push_str("#gt;"),
            '`' => out.push_str("#96;"),
            '\\' => out.push_str("#92;"),
            c => out.push(c),
        }
    }
    out.push('"');
    Ok(out)
}

/// A quoted label of the DOT language. Source: Graphviz, "DOT Language" and "escString".
///
/// # Errors
/// When it holds a NUL character.
pub fn dot(value: &str) -> Result<String, Unquotable> {
    if value.contains('\0') {
        return Err(Unquotable::new("DOT", value, "a file of text holds no NUL character"));
    }
    Ok(format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")))
}
