//! The lines of a text that a finding is about, as much of them as can be shown.
//!
//! A document may be one line of a megabyte. So a long line is cut to what stands around the finding's places: what one
//! finding costs does not grow with the text.

use std::borrow::Cow;
use std::ops::Range;

use rancher_topology::{Label, Span};

use super::place::Lines;

/// A line of more bytes is cut.
const LONG: usize = 1_000;

/// How many bytes before and behind a place are shown of a line that is cut: more than a terminal is wide.
const BESIDE: usize = 200;

/// What stands for what was cut out.
const CUT: &str = "…";

/// Some lines of a text, and where a finding's places are in them.
#[derive(Debug)]
pub(super) struct Excerpt<'t> {
    /// The lines.
    pub(super) text: Cow<'t, str>,
    /// The number of the first one, from 1.
    pub(super) line: usize,
    /// The places, in the order of the labels.
    pub(super) places: Vec<Range<usize>>,
}

impl<'t> Excerpt<'t> {
    /// The lines from the first place to the last one; `None` when there is no place.
    pub(super) fn of(text: &'t str, lines: &Lines<'_>, labels: &[Label]) -> Option<Self> {
        let spans: Vec<Span> = labels.iter().map(|label| lines.exact(label.span)).collect();
        let first = lines.number(spans.iter().map(|span| span.start).min()?);
        let last = lines.number(spans.iter().map(|span| span.end).max()?);
        let whole = lines.line(first).start..lines.line(last).end;
        if (first..=last).all(|line| lines.line(line).len() <= LONG) {
            let places = spans.iter().map(|span| span.start - whole.start..span.end - whole.start).collect();
            return Some(Self { text: Cow::Borrowed(&text[whole]), line: first, places });
        }
        let mut points: Vec<usize> = spans.iter().flat_map(|span| [span.start, span.end]).collect();
        points.sort_unstable();
        let mut cut = Shortened::default();
        for line in first..=last {
            let own = lines.line(line);
            if own.len() <= LONG {
                cut.keep(text, own);
            } else {
                let from = points.partition_point(|point| *point < own.start);
                let inside = points[from..].iter().take_while(|point| **point <= own.end);
                cut.keep_around(text, own.clone(), inside.copied());
            }
        }
        let places = spans.iter().map(|span| cut.place(span.start)..cut.place(span.end)).collect();
        Some(Self { text: Cow::Owned(cut.text), line: first, places })
    }

    /// The column of the first place in these lines, from 1: another one than in the text where its line is cut.
    pub(super) fn column(&self) -> usize {
        let before = &self.text[..self.places.first().map_or(0, |place| place.start)];
        1 + before.rsplit('\n').next().unwrap_or_default().chars().count()
    }
}

/// Parts of a text, one behind the other.
#[derive(Default)]
struct Shortened {
    text: String,
    /// Each part as it was in the whole text, and where it begins now.
    parts: Vec<(Range<usize>, usize)>,
}

impl Shortened {
    fn keep(&mut self, text: &str, part: Range<usize>) {
        self.parts.push((part.clone(), self.text.len()));
        self.text.push_str(&text[part]);
    }

    /// Keeps what stands around some points of a line, which are sorted, and the line's end.
    fn keep_around(&mut self, text: &str, line: Range<usize>, points: impl Iterator<Item = usize>) {
        let end = line.start + text[line.clone()].trim_end_matches(['\n', '\r']).len();
        let mut at = line.start;
        let points = points.map(|point| point.min(end)).collect::<Vec<_>>();
        let mut points = points.into_iter().peekable();
        while let Some(point) = points.next() {
            let mut last = point;
            while let Some(next) = points.next_if(|next| *next <= last + 2 * BESIDE) {
                last = next;
            }
            let is_boundary = |at: &usize| text.is_char_boundary(*at);
            let start = (at..point.saturating_sub(BESIDE)).rev().find(is_boundary).unwrap_or(at);
            let behind = (last + BESIDE..end).find(is_boundary).unwrap_or(end);
            if start > at {
                self.text.push_str(CUT);
            }
            self.keep(text, start..behind);
            at = behind;
        }
        if at < end {
            self.text.push_str(CUT);
        }
        self.keep(text, end..line.end);
    }

    /// Where a point of the whole text is now.
    fn place(&self, point: usize) -> usize {
        let at = self.parts.partition_point(|(part, _)| part.start <= point);
        let Some((part, start)) = at.checked_sub(1).and_then(|before| self.parts.get(before)) else {
            return 0;
        };
        start + (point - part.start).min(part.len())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{Excerpt, LONG};
    use crate::report::place::Lines;
    use rancher_topology::{Label, Span};

    fn shown(text: &str, words: &[&str]) -> (String, usize, Vec<String>) {
        let label = |word: &&str| {
            let start = text.find(*word).unwrap();
            Label { span: Span { start, end: start + word.len() }, text: String::new() }
        };
        let labels: Vec<Label> = words.iter().map(label).collect();
        let excerpt = Excerpt::of(text, &Lines::of(text), &labels).unwrap();
        let places = excerpt.places.iter().map(|place| excerpt.text[place.clone()].to_owned()).collect();
        (excerpt.text.to_string(), excerpt.line, places)
    }

    #[test]
    fn only_the_lines_between_the_places_are_taken() {
        let (text, line, places) = shown("a\nb: one\nc\nd: two\ne", &["two", "one"]);
        assert_eq!((text.as_str(), line), ("b: one\nc\nd: two\n", 2));
        assert_eq!(places, ["two", "one"]);
        assert_eq!(shown("a: one", &["one"]).0, "a: one");
    }

    #[test]
    fn a_long_line_is_cut_around_the_places() {
        let fill = "é".repeat(LONG);
        let text = format!("a\n{fill}ONE{fill}TWO{fill}\nb: THREE\n{fill}");
        let (cut, line, places) = shown(&text, &["TWO", "ONE", "THREE"]);
        assert_eq!(line, 2);
        assert_eq!(places, ["TWO", "ONE", "THREE"]);
        assert!(cut.len() < 1_000 && cut.ends_with("…\nb: THREE\n"), "{cut}");
        assert!(cut.starts_with("…é") && cut.matches('…').count() == 3, "{cut}");
        // A place that is longer than what is shown has its two ends.
        let long = format!("{fill}ONE{fill}TWO{fill}");
        let (cut, _, places) = shown(&long, &[&long[fill.len()..2 * fill.len() + 6]]);
        assert!(
            places[0].starts_with("ONEé") && places[0].ends_with("éTWO") && places[0].contains('…'),
            "{cut}"
        );
    }
}
