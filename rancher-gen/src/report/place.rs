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

/// How many bytes lie between two points up to which characters are counted beforehand.
const BLOCK: usize = 256;

/// The lines of a text. What a point costs does not grow with the length of its line.
#[derive(Debug)]
pub struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
    /// What stands before each block of bytes.
    counted: Vec<Counted>,
}

/// How much of a text begins before a byte.
#[derive(Debug, Clone, Copy, Default)]
struct Counted {
    characters: usize,
    utf16: usize,
}

impl Counted {
    fn and(self, bytes: &[u8]) -> Self {
        // A character begins with a byte that continues none; one of four bytes is two code units in UTF-16.
        let characters = bytes.iter().filter(|byte| **byte & 0xC0 != 0x80).count();
        let of_two_units = bytes.iter().filter(|byte| **byte >= 0xF0).count();
        Self { characters: self.characters + characters, utf16: self.utf16 + characters + of_two_units }
    }
}

impl<'t> Lines<'t> {
    /// Finds the lines: each ends with `\n`, as for an editor.
    #[must_use]
    pub fn of(text: &'t str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let blocks = text.as_bytes().chunks(BLOCK);
        let counted = blocks.scan(Counted::default(), |before, block| {
            let own = *before;
            *before = own.and(block);
            Some(own)
        });
        Self { text, starts, counted: counted.collect() }
    }

    /// The number of the line that a byte is in, from 1.
    pub(super) fn number(&self, byte: usize) -> usize {
        self.starts.partition_point(|start| *start <= byte)
    }

    /// The bytes of a line, its line end included.
    pub(super) fn line(&self, number: usize) -> std::ops::Range<usize> {
        self.starts[number - 1]..self.starts.get(number).copied().unwrap_or(self.text.len())
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
        let start = self.counted(self.starts[position.line - 1]);
        1 + self.counted(position.byte).utf16 - start.utf16
    }

    fn boundary(&self, byte: usize) -> usize {
        let at = byte.min(self.text.len());
        (0..=at).rev().find(|at| self.text.is_char_boundary(*at)).unwrap_or(0)
    }

    fn position(&self, byte: usize) -> Position {
        let line = self.number(byte);
        let start = self.counted(self.starts[line - 1]);
        Position { line, column: 1 + self.counted(byte).characters - start.characters, byte }
    }

    /// How much begins before a byte.
    fn counted(&self, byte: usize) -> Counted {
        let block = (byte / BLOCK).min(self.counted.len().saturating_sub(1));
        let before = self.counted.get(block).copied().unwrap_or_default();
        before.and(&self.text.as_bytes()[block * BLOCK..byte])
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
        // As counting from the beginning of the line does, for every character of a long one.
        let long = "aé🦀\u{301}\nx".repeat(300);
        let lines = Lines::of(&long);
        for (at, _) in long.char_indices() {
            let before = long[..at].rsplit('\n').next().unwrap_or_default();
            let (start, _) = lines.points(Span { start: at, end: at });
            assert_eq!(start.column, 1 + before.chars().count());
            assert_eq!(lines.utf16_column(start), 1 + before.encode_utf16().count());
        }
        let (start, end) = Lines::of("").range(Span { start: 1, end: 2 });
        assert_eq!((start.line, start.column, end.line, end.column), (1, 1, 1, 1));
    }
}
