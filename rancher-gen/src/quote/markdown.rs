//! Text in Markdown that comes out as it went in. Source: CommonMark 0.31, "Backslash escapes"; GFM, "Tables".

use super::Unquotable;

/// Punctuation that means something inside a line: to CommonMark, to GitHub's tables, strike-through and mathematics.
const SPECIAL: &str = "\\`*_[]<>|&~$";

/// Text inside a line or a table's cell.
///
/// # Errors
/// When it holds a line end or another control character: a cell is one line.
pub fn markdown_cell(value: &str) -> Result<String, Unquotable> {
    if value.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
        return Err(Unquotable::new("a Markdown line", value, "it would not stay one line"));
    }
    // Blanks at either end would be taken off; by number they are text.
    let text = value.trim_matches(' ');
    let (before, rest) = value.split_at(value.len() - value.trim_start_matches(' ').len());
    let mut out = "&#32;".repeat(before.len());
    for c in text.chars() {
        if SPECIAL.contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out.push_str(&"&#32;".repeat(rest.len() - text.len()));
    Ok(out)
}

/// Text at the beginning of a line, where `#`, `-`, `+`, `=` and `1.` mean something too.
///
/// # Errors
/// As [`markdown_cell`].
pub fn markdown_text(value: &str) -> Result<String, Unquotable> {
    let cell = markdown_cell(value)?;
    let digits = cell.bytes().take_while(u8::is_ascii_digit).count();
    let (before, rest) = cell.split_at(digits);
    let special =
        if digits == 0 { rest.starts_with(['#', '-', '+', '=']) } else { rest.starts_with(['.', ')']) };
    Ok(if special { format!("{before}\\{rest}") } else { cell })
}
