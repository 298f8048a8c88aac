//! Where bytes of a text stand for people and programs. Every format takes its lines and columns from here.

use rancher_topology::Span;
use schemars::JsonSchema;
use serde::Serialize;

/// A point in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters (Unicode scalar values), from 1.
    pub column: usize,
    /// The byte, from 0; a byte order mark at the beginning of a file is not counted.
    pub byte: usize,
}

/// The lines of a text.
#[derive(Debug)]
pub struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    /// Finds the lines: each ends with `\n`, as for an editor.
    #[must_use]
    pub fn of(text: &'t str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { text, starts }
    }

    /// The range of bytes itself, inside the text and between characters, without blanks at its end.
    #[must_use]
    pub fn exact(&self, span: Span) -> Span {
        let start = self.boundary(span.start);
        let end = self.boundary(span.end).max(start);
        Span { start, end: start + self.text[start..end].trim_end().len() }
    }

    /// The first point of a range, and the point behind its last character.
    #[must_use]
    pub fn range(&self, span: Span) -> (Position, Position) {
        let span = self.exact(span);
        (self.position(span.start), self.position(span.end))
    }

    /// The two ends of a range exactly as it is, blanks at its end included: for what is to be replaced.
    #[must_use]
    pub fn points(&self, span: Span) -> (Position, Position) {
        let start = self.boundary(span.start);
        (self.position(start), self.position(self.boundary(span.end).max(start)))
    }

    /// The column of a point in UTF-16 code units, from 1.
    #[must_use]
    pub fn utf16_column(&self, position: Position) -> usize {
        1 + self.before(position).encode_utf16().count()
    }

    fn boundary(&self, byte: usize) -> usize {
        let at = byte.min(self.text.len());
        (0..=at).rev().find(|at| self.text.is_char_boundary(*at)).unwrap_or(0)
    }

    fn position(&self, byte: usize) -> Position {
        let line = self.starts.partition_point(|start| *start <= byte);
        let start = self.starts[line - 1];
        Position { line, column: 1 + self.text[start..byte].chars().count(), byte }
    }

    fn before(&self, position: Position) -> &'t str {
        &self.text[self.starts[position.line - 1]..position.byte]
    }
}

#[cfg(test)]
mod tests {
    use super::Lines;
    use rancher_topology::Span;

    #[test]
    fn columns_count_characters_or_utf_16_units() {
        let text = "a\né🦀x: 1  \n";
        let lines = Lines::of(text);
        let at = text.len() - 6;
        let (start, end) = lines.range(Span { start: at - 1, end: text.len() });
        assert_eq!((start.line, start.column, start.byte), (2, 3, 8));
        assert_eq!((end.line, end.column), (2, 7));
        assert_eq!(lines.utf16_column(start), 4);
        let (start, end) = lines.range(Span { start: 3, end: 9000 });
        assert_eq!((start.byte, end.line, end.column), (2, 2, 7));
        let (start, end) = Lines::of("").range(Span { start: 1, end: 2 });
        assert_eq!((start.line, start.column, end.line, end.column), (1, 1, 1, 1));
    }
}
