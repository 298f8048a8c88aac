//! Where more items come in behind another one, in the layout of that one.

use super::removal::{Removal, after_sign, line_end, line_start};
use super::{Editor, Replacement};
use crate::diagnostic::Span;
use crate::document::source::Kind;

impl Editor<'_> {
    /// Items more behind another one; `None` where that one is no item, or shares its line with something else.
    pub(super) fn inserted(&self, after: Span, new: &[String]) -> Option<Vec<Replacement>> {
        let (collection, position) = *self.holders.get(&(after.start, after.end))?;
        let end = Removal { editor: self, collection, positions: &[] }.item(position).end;
        let node = &self.tree.nodes[collection];
        if node.flow {
            return Some(self.in_brackets(after.start, end, new));
        }
        let sign = Removal { editor: self, collection, positions: &[] }.sign(position)?;
        let dash = if matches!(node.kind, Kind::Mapping(_)) { "" } else { "- " };
        // `- a: 1`: what follows stands below the item, not below the dash.
        let column = self.text[line_start(self.text, sign)..sign].chars().count();
        let indent = " ".repeat(column);
        let lines: Vec<String> = new.iter().map(|new| format!("{indent}{dash}{new}")).collect();
        Some(vec![self.lines(end, &lines.join(self.line_break()))?])
    }

    /// On lines of their own where the other one begins its line, else beside it.
    fn in_brackets(&self, start: usize, end: usize, new: &[String]) -> Vec<Replacement> {
        let put = |at: usize, text: String| Replacement { span: Span { start: at, end: at }, text };
        let indent = &self.text[line_start(self.text, start)..start];
        if !indent.trim().is_empty() || !self.text[..start].contains('\n') {
            return vec![put(end, format!(", {}", new.join(", ")))];
        }
        let below = new.join(&format!(",{}{indent}", self.line_break()));
        match after_sign(self.text, end, ',') {
            Some(comma) => match self.lines(comma, &format!("{indent}{below},")) {
                Some(lines) => vec![lines],
                None => vec![put(comma, format!(" {},", new.join(", ")))],
            },
            None => match self.lines(end, &format!("{indent}{below}")) {
                Some(lines) => vec![put(end, ",".to_owned()), lines],
                None => vec![put(end, format!(",{}{indent}{below}", self.line_break()))],
            },
        }
    }

    /// Lines below the one that ends behind a place.
    fn lines(&self, behind: usize, new: &str) -> Option<Replacement> {
        let at = line_end(self.text, behind)?;
        let (before, after) =
            if self.text[..at].ends_with('\n') { ("", self.line_break()) } else { (self.line_break(), "") };
        Some(Replacement { span: Span { start: at, end: at }, text: format!("{before}{new}{after}") })
    }

    fn line_break(&self) -> &'static str {
        if self.text.contains("\r\n") { "\r\n" } else { "\n" }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use crate::diagnostic::{Applicability, Edit, Fix, Span};
    use crate::fix::Editor;

    fn with(text: &str, after: &str, new: &str) -> Option<String> {
        let start = text.find(after).unwrap();
        let after = Span { start, end: start + after.len() };
        let edits = vec![Edit::Insert { after, items: new.split('+').map(str::to_owned).collect() }];
        Editor::new(text).unwrap().apply(&[&Fix { edits, applicability: Applicability::Safe }])
    }

    #[test]
    fn a_line_follows_a_line() {
        let list = "a:\n  - b # 1\n  # of C\n  - c # 2\nd: 1\n";
        let after = |item| with(list, item, "new").unwrap();
        assert_eq!(after("b"), "a:\n  - b # 1\n  - new\n  # of C\n  - c # 2\nd: 1\n");
        assert_eq!(after("c"), "a:\n  - b # 1\n  # of C\n  - c # 2\n  - new\nd: 1\n");
        assert_eq!(after("d: 1"), format!("{list}new\n"));
        assert_eq!(with("- a", "a", "b").unwrap(), "- a\n- b");
        assert_eq!(with("- a\n- d\n", "a", "b+c").unwrap(), "- a\n- b\n- c\n- d\n");
        assert_eq!(with("- a\r\n- c\r\n", "a", "b").unwrap(), "- a\r\n- b\r\n- c\r\n");
        assert_eq!(with("- k: 1\n  l: 2\n", "k: 1", "m: 3").unwrap(), "- k: 1\n  m: 3\n  l: 2\n");
    }

    #[test]
    fn brackets_stay_as_they_are_laid_out() {
        assert_eq!(with("[a, b]", "a", "new").unwrap(), "[a, new, b]");
        assert_eq!(with("[a, b]", "b", "new").unwrap(), "[a, b, new]");
        assert_eq!(with("{k: 1} # c", "k: 1", "l: 2").unwrap(), "{k: 1, l: 2} # c");
        assert_eq!(
            with("[\n  a, # 1\n  b # 2\n]\n", "a", "new").unwrap(),
            "[\n  a, # 1\n  new,\n  b # 2\n]\n"
        );
        assert_eq!(
            with("[\n  a, # 1\n  b # 2\n]\n", "b", "new").unwrap(),
            "[\n  a, # 1\n  b, # 2\n  new\n]\n"
        );
        assert_eq!(with("[\n  a,\n]\n", "a", "new").unwrap(), "[\n  a,\n  new,\n]\n");
        assert_eq!(with("[\n  a]\n", "a", "new").unwrap(), "[\n  a,\n  new]\n");
        assert_eq!(with("[\n  a\n]\n", "a", "b+c").unwrap(), "[\n  a,\n  b,\n  c\n]\n");
        assert_eq!(with("[a]\n", "a", "b+c").unwrap(), "[a, b, c]\n");
        assert_eq!(with("[\n  a, b]\n", "a", "new").unwrap(), "[\n  a, new, b]\n");
    }

    #[test]
    fn nothing_follows_what_is_no_item() {
        assert_eq!(with("a: [1, 2]\n", "1, 2", "3"), None);
        assert_eq!(with("- - a\n  - b\n- c\n", "- a", "x"), None);
    }
}
