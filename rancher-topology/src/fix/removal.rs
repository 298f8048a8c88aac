//! Which bytes go when items go out of a collection: their lines, their commas, their comments.

use std::ops::Range;

use super::{Editor, Replacement};
use crate::diagnostic::Span;
use crate::document::source::{Kind, NodeId};

/// Items that go out of one collection.
pub(super) struct Removal<'a, 't> {
    pub(super) editor: &'a Editor<'t>,
    pub(super) collection: NodeId,
    pub(super) positions: &'a [usize],
}

impl Removal<'_, '_> {
    pub(super) fn item(&self, position: usize) -> Range<usize> {
        let (text, span) = (self.editor.text, self.editor.tree.item(self.collection, position));
        // The colon of a key without a value is a part of the entry.
        let blanks = text[span.end..].len() - text[span.end..].trim_start_matches(' ').len();
        let colon = text[span.end + blanks..].starts_with(':');
        span.start..if colon { span.end + blanks + 1 } else { span.end }
    }

    /// Takes items out from between brackets, each with a comma; a line that held nothing else goes with them.
    pub(super) fn in_brackets(&self, gone: &mut Vec<Range<usize>>) -> Option<()> {
        let (text, last) = (self.editor.text, self.editor.tree.len(self.collection) - 1);
        let kept = (0..=last).rev().find(|position| !self.positions.contains(position))?;
        for position in self.positions {
            let item = self.item(*position);
            let comma = after_sign(text, item.end, ',');
            // The comma after an item; after the last one, where there is none, the comma before it goes.
            if *position < last {
                comma?;
            }
            let end = comma.unwrap_or(item.end);
            gone.push(whole_line(text, item.start, end).unwrap_or_else(|| {
                let blanks = text[end..].len() - text[end..].trim_start_matches(' ').len();
                item.start..end + blanks
            }));
        }
        if kept < last && after_sign(text, self.item(last).end, ',').is_none() {
            let comma = after_sign(text, self.item(kept).end, ',')?;
            let blanks = text[comma..].len() - text[comma..].trim_start_matches(' ').len();
            gone.push(
                comma - 1..if on_one_line(text, comma..self.item(kept + 1).start) {
                    comma + blanks
                } else {
                    comma
                },
            );
        }
        Some(())
    }

    /// Takes items that stand on lines of their own, each with its comment.
    pub(super) fn on_lines(&self, gone: &mut Vec<Range<usize>>) -> Option<()> {
        let text = self.editor.text;
        let mut rest = self.positions;
        while let Some(&first) = rest.first() {
            // Items that follow each other go together.
            let count = rest.iter().zip(first..).take_while(|(own, expected)| **own == *expected).count();
            let last = rest[count - 1];
            rest = &rest[count..];
            let start = self.sign(first)?;
            let line = line_start(text, start);
            let end = line_end(text, self.item(last).end)?;
            if text[line..start].trim().is_empty() {
                for position in first..=last {
                    gone.push(
                        line_start(text, self.sign(position)?)..line_end(text, self.item(position).end)?,
                    );
                }
            } else {
                // `- a: 1`: what follows takes the place beside the dash.
                let next = self.editor.tree.len(self.collection) > last + 1;
                let blanks = text[end..].len() - text[end..].trim_start_matches([' ', '\n', '\r']).len();
                next.then_some(())?;
                gone.push(start..end + blanks);
            }
        }
        Some(())
    }

    /// Leaves `[]` or `{}` where every item goes.
    pub(super) fn everything(&self, all: &mut Vec<Replacement>, gone: &mut Vec<Range<usize>>) -> Option<()> {
        let (editor, text) = (self.editor, self.editor.text);
        let empty =
            if matches!(editor.tree.nodes[self.collection].kind, Kind::Mapping(_)) { "{}" } else { "[]" };
        let put = |span, text: String| Replacement { span, text };
        let own = editor.tree.nodes[self.collection].span;
        if editor.tree.nodes[self.collection].flow {
            let open = own.start + text[own.start..].find(['[', '{'])?;
            all.push(put(Span { start: open, end: own.end }, empty.to_owned()));
            return Some(());
        }
        let (first, last) = (self.sign(0)?, self.item(editor.tree.len(self.collection) - 1).end);
        let before = text[..first].trim_end_matches(' ');
        let Some(&(parent, position)) = editor.parents.get(&self.collection) else {
            all.push(put(Span { start: first, end: last }, empty.to_owned()));
            return Some(());
        };
        if !before.ends_with('\n') && !before.is_empty() {
            all.push(put(Span { start: first, end: last }, empty.to_owned()));
            return Some(());
        }
        let after = match editor.tree.nodes[parent].kind {
            Kind::Mapping(_) => after_sign(text, editor.tree.key(parent, position).end, ':')?,
            _ => Removal { editor, collection: parent, positions: &[] }.sign(position)? + 1,
        };
        // An anchor or a tag between the two is left where it is.
        let line = text[after..].split('\n').next().unwrap_or_default();
        (line.trim().is_empty() || line.trim_start().starts_with('#')).then_some(())?;
        all.push(put(Span { start: after, end: after }, format!(" {empty}")));
        for position in self.positions {
            gone.push(line_start(text, self.sign(*position)?)..line_end(text, self.item(*position).end)?);
        }
        Some(())
    }

    /// Where an item begins that stands on lines: at its key, or at the dash before it.
    pub(super) fn sign(&self, position: usize) -> Option<usize> {
        let (text, start) = (self.editor.text, self.item(position).start);
        if matches!(self.editor.tree.nodes[self.collection].kind, Kind::Mapping(_)) {
            // `? key` is written by nobody.
            return Some(start).filter(|_| !text[line_start(text, start)..start].trim_end().ends_with('?'));
        }
        let dash = text[..start].trim_end().strip_suffix('-')?.len();
        text[line_start(text, dash)..dash].chars().all(|c| matches!(c, ' ' | '-')).then_some(dash)
    }
}

pub(super) fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |end| end + 1)
}

/// The end of a line, its line end included, when nothing but a comment stands behind `at`.
pub(super) fn line_end(text: &str, at: usize) -> Option<usize> {
    let rest = &text[at..];
    let line = rest.split_inclusive('\n').next().unwrap_or_default();
    let left = line.trim();
    let comment = left.starts_with('#') && (line.starts_with([' ', '\t']) || text[..at].ends_with('\n'));
    // A text of several lines ends with its line end.
    if text[..at].ends_with('\n') {
        return Some(at);
    }
    (left.is_empty() || comment).then_some(at + line.len())
}

/// The whole line when nothing else stands on it.
fn whole_line(text: &str, start: usize, end: usize) -> Option<Range<usize>> {
    let line = line_start(text, start);
    text[line..start].trim().is_empty().then(|| line_end(text, end)).flatten().map(|end| line..end)
}

fn on_one_line(text: &str, range: Range<usize>) -> bool {
    text.get(range).is_some_and(|between| !between.contains('\n'))
}

/// The place behind a sign that comes next, blanks, line ends and comments passed over.
pub(super) fn after_sign(text: &str, from: usize, sign: char) -> Option<usize> {
    let mut at = from;
    loop {
        let rest = text.get(at..)?;
        let c = rest.chars().next()?;
        match c {
            c if c == sign => return Some(at + c.len_utf8()),
            ' ' | '\t' | '\n' | '\r' => at += 1,
            '#' => at += rest.find('\n')?,
            _ => return None,
        }
    }
}
