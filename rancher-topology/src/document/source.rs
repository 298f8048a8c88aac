//! The text as a tree that remembers where everything stands. It knows YAML, and nothing of what is written in it.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle};

use crate::diagnostic::{Diagnostic, Span};

/// An index into [`Tree::nodes`].
pub(crate) type NodeId = usize;

/// How many nodes a document may have once its aliases are followed; it stops a "billion laughs" document.
const MOST_NODES: u64 = 20_000_000;

#[derive(Debug)]
pub(crate) struct Node {
    /// Without the blanks and the comment that may follow.
    pub(crate) span: Span,
    pub(crate) kind: Kind,
    /// Whether it is a collection in brackets.
    pub(crate) flow: bool,
    /// The number of nodes below this one and itself, aliases followed; a long text counts as several.
    size: u64,
}

#[derive(Debug)]
pub(crate) enum Kind {
    /// `plain` says that it stood without quotes, so that `null` or `12` may be more than a string.
    Scalar {
        text: String,
        plain: bool,
    },
    Sequence(Vec<NodeId>),
    Mapping(Vec<(NodeId, NodeId)>),
}

/// A document's nodes; children stand before their parents.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(crate) nodes: Vec<Node>,
    pub(crate) root: NodeId,
}

/// A collection that has begun and not ended.
struct Open {
    start: usize,
    /// Where what it holds so far ends.
    end: usize,
    anchor: usize,
    children: Vec<NodeId>,
    mapping: bool,
    /// Whether it stands in brackets.
    flow: bool,
}

/// Reads YAML 1.2, of which JSON is a part. A byte order mark before it is passed over.
pub(crate) fn parse(text: &str) -> Result<Tree, Diagnostic> {
    let bare = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    Builder::new(bare, text.len() - bare.len()).build()
}

struct Builder<'t> {
    text: &'t str,
    /// How many bytes stand before the text.
    before: usize,
    /// Byte offset of each character, where the two differ.
    offsets: Option<Vec<usize>>,
    nodes: Vec<Node>,
    open: Vec<Open>,
    anchors: HashMap<usize, NodeId>,
    root: Option<NodeId>,
}

impl<'t> Builder<'t> {
    fn new(text: &'t str, before: usize) -> Self {
        let offsets = (!text.is_ascii()).then(|| text.char_indices().map(|(at, _)| at).collect());
        Self {
            text,
            before,
            offsets,
            nodes: Vec::new(),
            open: Vec::new(),
            anchors: HashMap::new(),
            root: None,
        }
    }

    fn byte(&self, index: usize) -> usize {
        self.before
            + match &self.offsets {
                Some(offsets) => offsets.get(index).copied().unwrap_or(self.text.len()),
                None => index.min(self.text.len()),
            }
    }

    fn slice(&self, span: Span) -> &'t str {
        self.text.get(span.start - self.before..span.end - self.before).unwrap_or_default()
    }

    /// The place of a scalar itself: the parser's goes on to what comes next.
    fn exact(&self, span: Span, style: ScalarStyle, empty: bool) -> Span {
        let text = self.slice(span);
        let length = match style {
            ScalarStyle::SingleQuoted => quoted(text, '\''),
            ScalarStyle::DoubleQuoted => quoted(text, '"'),
            ScalarStyle::Plain if empty => 0,
            _ => text.trim_end().len(),
        };
        Span { start: span.start, end: span.start + length }
    }

    fn build(mut self) -> Result<Tree, Diagnostic> {
        let mut documents = 0;
        for event in Parser::new_from_str(self.text) {
            let (event, span) =
                event.map_err(|error| self.unreadable(error.marker().index(), error.info()))?;
            let span = Span { start: self.byte(span.start.index()), end: self.byte(span.end.index()) };
            match event {
                Event::DocumentStart(_) => {
                    documents += 1;
                    if documents > 1 {
                        return Err(Diagnostic::error(
                            "two-documents",
                            "a second document begins in this file",
                            span,
                        )
                        .help("keep one topology in one file"));
                    }
                }
                Event::Alias(anchor) => {
                    let Some(&node) = self.anchors.get(&anchor) else {
                        return Err(Diagnostic::error(
                            "yaml-syntax",
                            "this alias refers to what it is a part of",
                            span,
                        )
                        .help("write out what is meant"));
                    };
                    self.place(node, span)?;
                }
                Event::Scalar(text, style, anchor, _) => {
                    let plain = style == ScalarStyle::Plain;
                    let size = 1 + text.len() as u64 / 64;
                    let span = self.exact(span, style, text.is_empty());
                    let kind = Kind::Scalar { text: text.into_owned(), plain };
                    self.add(Node { span, kind, flow: false, size }, anchor)?;
                }
                Event::SequenceStart(anchor, _) => self.begin(span, anchor, false),
                Event::MappingStart(anchor, _) => self.begin(span, anchor, true),
                Event::SequenceEnd | Event::MappingEnd => self.end()?,
                Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
            }
        }
        match self.root {
            Some(root) => Ok(Tree { nodes: self.nodes, root }),
            None => Err(empty()),
        }
    }

    /// What YAML cannot be read as, at a character, with what most often helps there.
    fn unreadable(&self, index: usize, info: &str) -> Diagnostic {
        let at = self.byte(index) - self.before;
        let place = |at: usize| {
            let length = self.text.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
            Span { start: self.before + at, end: self.before + at + length }
        };
        let error = |at: usize| Diagnostic::error("yaml-syntax", info.to_owned(), place(at));
        if let Some(tab) = tab_near(self.text, at) {
            return error(tab).help("write blanks instead of this tab");
        }
        let line = line_around(self.text, at);
        if let Some(blank) = no_break_space(self.text, at) {
            return error(blank).help("write a plain blank instead of this no-break space");
        }
        if info.contains("simple key expect") {
            return error(at).help("write `:` behind the key on the line before this one");
        }
        if line.trim_start().strip_prefix('-').is_some_and(|rest| rest.starts_with(['{', '['])) {
            return error(at).help("write a blank behind `-`");
        }
        // What stands on a later line than an open bracket was most often meant to stand behind it.
        let open = self.open.last().filter(|open| open.flow).map(|open| open.start - self.before);
        let open = open.or_else(|| unclosed(self.text, at));
        if let Some(open) =
            open.filter(|open| self.text.get(*open..at).is_some_and(|text| text.contains('\n')))
        {
            let bracket = if self.text[open..].starts_with('[') { ']' } else { '}' };
            return error(at)
                .also(place(open), "not closed yet")
                .help(format!("write `{bracket}` where it ends"));
        }
        error(at).help(remedy(line, info))
    }

    fn begin(&mut self, span: Span, anchor: usize, mapping: bool) {
        let flow = self.slice(span).trim_end().ends_with(['[', '{']);
        self.open.push(Open {
            start: span.start,
            end: span.end,
            anchor,
            children: Vec::new(),
            mapping,
            flow,
        });
    }

    fn end(&mut self) -> Result<(), Diagnostic> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        let size = open.children.iter().map(|child| self.nodes[*child].size).fold(1, u64::saturating_add);
        let end = if open.flow { self.before + closed(self.text, open.end - self.before) } else { open.end };
        let span = Span { start: open.start, end: end.max(open.start) };
        if size > MOST_NODES {
            return Err(Diagnostic::error(
                "too-large",
                "this unfolds to more than twenty million values",
                span,
            )
            .help("write fewer aliases; many alike nodes are one pool with a `count`"));
        }
        let kind = if open.mapping {
            let entries: Vec<_> = open.children.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
            self.refuse_twins(&entries)?;
            Kind::Mapping(entries)
        } else {
            Kind::Sequence(open.children)
        };
        self.add(Node { span, kind, flow: open.flow, size }, open.anchor)
    }

    fn refuse_twins(&self, entries: &[(NodeId, NodeId)]) -> Result<(), Diagnostic> {
        let mut seen: HashMap<&str, Span> = HashMap::new();
        for (key, _) in entries {
            let node = &self.nodes[*key];
            if let Kind::Scalar { text, .. } = &node.kind
                && let Some(first) = seen.insert(text, node.span)
            {
                return Err(Diagnostic::error(
                    "duplicate-key",
                    format!("`{text}` is said twice in one mapping"),
                    node.span,
                )
                .here("again here")
                .also(first, "first here")
                .why("one of the two would be dropped in silence")
                .help("keep one of them"));
            }
        }
        Ok(())
    }

    fn add(&mut self, node: Node, anchor: usize) -> Result<(), Diagnostic> {
        let (id, span) = (self.nodes.len(), node.span);
        self.nodes.push(node);
        if anchor != 0 {
            self.anchors.insert(anchor, id);
        }
        self.place(id, span)
    }

    fn place(&mut self, id: NodeId, span: Span) -> Result<(), Diagnostic> {
        match self.open.last_mut() {
            Some(open) => {
                open.children.push(id);
                open.end = open.end.max(span.end);
            }
            None if matches!(&self.nodes[id].kind, Kind::Scalar { text, plain: true } if text.is_empty()) => {
                return Err(empty());
            }
            None if self.root.is_none() => self.root = Some(id),
            None => {
                return Err(Diagnostic::error("two-documents", "more than one document", span)
                    .help("keep one topology in one file"));
            }
        }
        Ok(())
    }
}

/// Behind the bracket that closes a collection whose last part ends at `from`.
fn closed(text: &str, from: usize) -> usize {
    let mut at = from;
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        match c {
            ']' | '}' => return at + 1,
            '#' => at += text[at..].find('\n').unwrap_or(text.len() - at),
            c => at += c.len_utf8(),
        }
    }
    from
}

/// The length of a quoted scalar, anchor and tag included, at the beginning of a text.
fn quoted(text: &str, quote: char) -> usize {
    let Some(open) = text.find(quote) else { return text.len() };
    let mut rest = text[open + 1..].char_indices();
    while let Some((at, c)) = rest.next() {
        let next = || text[open + 1 + at + 1..].chars().next();
        match c {
            '\\' if quote == '"' => drop(rest.next()),
            '\'' if quote == c && next() == Some(quote) => drop(rest.next()),
            c if c == quote => return open + at + 2,
            _ => {}
        }
    }
    text.len()
}

fn empty() -> Diagnostic {
    Diagnostic::error("missing-key", "the document is empty", Span::default())
        .help("`rancher-gen init` prints a commented file to start from")
}

/// A tab that indents a line, or separates words on it, at a place or at the beginning of the line behind it.
fn tab_near(text: &str, at: usize) -> Option<usize> {
    let start = text.get(..at)?.rfind('\n').map_or(0, |end| end + 1);
    let next = text[at..].find('\n').map(|end| at + end + 1);
    let indents = |start: usize| {
        let blanks = text[start..].bytes().take_while(|byte| *byte == b' ').count();
        text[start + blanks..].starts_with('\t').then_some(start + blanks)
    };
    let separates = || text[..at].ends_with('\t').then(|| at - 1);
    text[at..]
        .starts_with('\t')
        .then_some(at)
        .or_else(separates)
        .or_else(|| indents(start))
        .or_else(|| indents(next?))
}

/// The last bracket that is open at a place, looked for on its line and the three before: the parser tells of a bracket
/// only when it knows that it begins no key.
fn unclosed(text: &str, at: usize) -> Option<usize> {
    let before = text.get(..at)?;
    let start = before.rmatch_indices('\n').nth(3).map_or(0, |(end, _)| end + 1);
    let mut open = Vec::new();
    let mut line = start;
    for part in before[start..].split_inclusive('\n') {
        // What stands behind ` #` is a comment.
        let code = part.split(" #").next().unwrap_or_default();
        for (place, c) in code.char_indices() {
            match c {
                '{' | '[' => open.push(line + place),
                '}' | ']' => drop(open.pop()),
                _ => {}
            }
        }
        line += part.len();
    }
    open.pop()
}

/// A no-break space on the line of a place or on the one before it: it looks like a blank and is none.
fn no_break_space(text: &str, at: usize) -> Option<usize> {
    let start = text.get(..at)?.rfind('\n').unwrap_or_default();
    let start = text[..start].rfind('\n').map_or(0, |end| end + 1);
    let end = text[at..].find('\n').map_or(text.len(), |end| at + end);
    text[start..end].find('\u{a0}').map(|found| start + found)
}

fn line_around(text: &str, at: usize) -> &str {
    let start = text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |end| end + 1);
    text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default()
}

/// What most often helps where YAML cannot be read.
fn remedy(line: &str, info: &str) -> &'static str {
    if info.contains("recursion") {
        "nothing in a topology is nested this deeply"
    } else if line.contains("{{") {
        "a document has no templates: write what is meant, in quotes where it begins with `{`"
    } else if info.contains("misplaced bracket") {
        "no bracket is open here: take this one away, or put the text in quotes"
    } else if info.contains("quoted scalar") {
        "a text that begins with a quote ends with one: write it where the text ends"
    } else if info.contains("anchor") {
        "`*NAME` repeats what `&NAME` stands before, further up; a text that begins with `*` needs quotes"
    } else if info.contains("did not find expected") {
        "the keys of one mapping begin in one column; a text that begins with a quote or a bracket ends with it"
    } else {
        "a text that holds `: ` or ` #`, or begins with one of `*&!|>%@{[`, needs quotes"
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_value_ends_where_it_ends() {
        let text = "\
a: 'it''s' # 1
b: [x, \"y\\\"\" ] # 2
c:
  d: é # 3
  # 4

e: &f {g: , 'h': 'i' } # 5
j:
- k:
  l: *f
# 6
m: |
  n

o: [p: 1, q, # ]
 ] # 7
";
        let tree = parse(text).unwrap();
        let said: Vec<&str> = tree.nodes.iter().map(|node| &text[node.span.start..node.span.end]).collect();
        let expected = [
            "a",
            "'it''s'",
            "b",
            "x",
            "\"y\\\"\"",
            "[x, \"y\\\"\" ]",
            "c",
            "d",
            "é",
            "d: é",
            "e",
            "g",
            "",
            "'h'",
            "'i'",
            "&f {g: , 'h': 'i' }",
            "j",
            "k",
            "",
            "l",
            "k:\n  l: *f",
            "k:\n  l: *f",
            "m",
            "n",
            "o",
            "p",
            "1",
            "p: 1",
            "q",
            "[p: 1, q, # ]\n ]",
        ];
        assert_eq!(said[..expected.len()], expected);
        assert_eq!(tree.nodes.len(), expected.len() + 1);
    }
}
