//! Labels of diagrams: Mermaid's and Graphviz's.

use super::Unquotable;

/// A quoted label of a Mermaid flowchart; a line end in it begins a new line of the label.
///
/// Inside the quotes Mermaid still reads Markdown, `%%{directives}%%`, `$$mathematics$$` and `fa:icons`.
/// Source: Mermaid, "Flowcharts", "Entity codes to escape characters"; "Directives"; "Math".
///
/// # Errors
/// When it holds another control character.
pub fn mermaid(value: &str) -> Result<String, Unquotable> {
    if !value.split('\n').all(is_line) {
        return Err(Unquotable::new("a Mermaid label", value, "a label holds no control characters"));
    }
    let mut out = String::from("\"");
    // A number or a dash at the beginning would make a list of it, which Mermaid refuses to draw.
    let number = value.bytes().take_while(u8::is_ascii_digit).count();
    for (position, c) in value.char_indices() {
        match c {
            '-' if position == 0 => out.push_str("#45;"),
            '+' if position == 0 => out.push_str("#43;"),
            '.' if position == number => out.push_str("#46;"),
            ')' if position == number => out.push_str("#41;"),
            '"' => out.push_str("#quot;"),
            '#' => out.push_str("#35;"),
            '&' => out.push_str("#amp;"),
            '<' => out.push_str("#lt;"),
            '>' => out.push_str("#gt;"),
            '`' => out.push_str("#96;"),
            '\\' => out.push_str("#92;"),
            '%' => out.push_str("#37;"),
            '$' => out.push_str("#36;"),
            ':' => out.push_str("#58;"),
            '*' => out.push_str("#42;"),
            '_' => out.push_str("#95;"),
            '\n' => out.push_str("<br/>"),
            c => out.push(c),
        }
    }
    out.push('"');
    Ok(out)
}

/// A quoted label of the DOT language; a line end in it begins a new line of the label.
///
/// Source: Graphviz, "DOT Language", "escString" and "Special Characters": entities.
///
/// # Errors
/// When it holds another control character.
pub fn dot(value: &str) -> Result<String, Unquotable> {
    if !value.split('\n').all(is_line) {
        return Err(Unquotable::new("a DOT label", value, "a label holds no control characters"));
    }
    // A label's entities are looked up, as in HTML, after its backslashes.
    let text = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").replace('&', "&amp;");
    Ok(format!("\"{text}\""))
}

fn is_line(value: &str) -> bool {
    !value.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'))
}
