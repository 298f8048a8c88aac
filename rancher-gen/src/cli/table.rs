//! A table for people: columns as wide as they have to be, the last one wrapped between its words.

use std::fmt::Write as _;

use rancher_gen::report::wrapped;

/// The width that lines are kept to where words allow it.
const WIDTH: usize = 110;

/// A heading and rows below it; nothing where there is no row.
pub(super) fn table<const N: usize>(heads: [&str; N], rows: &[[String; N]]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let heads = heads.map(str::to_owned);
    let all: Vec<&[String; N]> = std::iter::once(&heads).chain(rows).collect();
    let wide = |column: usize| all.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..N.saturating_sub(1)).map(wide).collect();
    let indent = widths.iter().map(|width| width + 2).sum::<usize>();
    let mut out = String::new();
    for row in all {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(line, "{cell:<width$}  ");
        }
        let last = row.last().map_or("", String::as_str);
        for (position, part) in wrapped(last, WIDTH.saturating_sub(indent).max(40)).split('\n').enumerate() {
            if position > 0 {
                line = " ".repeat(indent);
            }
            line.push_str(part);
            out.push_str(line.trim_end());
            out.push('\n');
        }
    }
    out.push('\n');
    out
}

/// A paragraph beside the tables.
pub(super) fn note(text: &str) -> String {
    let lead = "note: ";
    let lines = wrapped(text, WIDTH - lead.len());
    format!("{lead}{}\n\n", lines.replace('\n', &format!("\n{}", " ".repeat(lead.len()))))
}
