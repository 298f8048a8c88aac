//! Applying fixes to the text of a document. Comments and layout stay; what cannot be taken out cleanly stays too.

mod insertion;
mod removal;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;

use crate::diagnostic::{Diagnostic, Edit, Fix, Span};
use crate::document::source::{Kind, NodeId, Tree, parse};
use removal::Removal;

/// Other words in place of a range of bytes; an empty text takes them out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacement {
    /// The bytes that go.
    pub span: Span,
    /// What comes in their place.
    pub text: String,
}

/// A text that is to be changed.
#[derive(Debug)]
pub struct Editor<'t> {
    text: &'t str,
    tree: Tree,
    /// The collection that holds an item, and the item's position in it; of several at one place the outermost.
    holders: HashMap<(usize, usize), (NodeId, usize)>,
    /// The collection that holds a collection.
    parents: HashMap<NodeId, (NodeId, usize)>,
    /// Collections with an alias in them.
    aliased: HashSet<NodeId>,
}

/// What fixes come to: words to replace, and of each collection the items that go.
#[derive(Debug, Default)]
struct Plan {
    replaced: Vec<Replacement>,
    removed: BTreeMap<NodeId, Vec<usize>>,
}

impl<'t> Editor<'t> {
    /// Reads the text.
    ///
    /// # Errors
    /// When it is not one YAML document.
    pub fn new(text: &'t str) -> Result<Self, Diagnostic> {
        let tree = parse(text)?;
        let (mut holders, mut parents, mut aliased) = (HashMap::new(), HashMap::new(), HashSet::new());
        for id in (0..tree.nodes.len()).rev() {
            for position in 0..tree.len(id) {
                let item = tree.item(id, position);
                // What an alias stands for is written elsewhere.
                if tree.nodes[id].span.contains(item) {
                    holders.entry((item.start, item.end)).or_insert((id, position));
                    parents.entry(tree.value(id, position)).or_insert((id, position));
                } else {
                    aliased.insert(id);
                }
            }
        }
        Ok(Self { text, tree, holders, parents, aliased })
    }

    /// A fix by itself as replacements of text, in their order; `None` when it cannot be applied.
    #[must_use]
    pub fn replacements(&self, fix: &Fix) -> Option<Vec<Replacement>> {
        self.together(&[fix])
    }

    /// The text with all of these fixes in it; `None` when one of them cannot be applied, or two of them change the
    /// same place.
    ///
    /// ```
    /// use rancher_topology::{Applicability, Edit, Fix, Span, fix::Editor};
    /// let editor = Editor::new("ports:\n  - 80 # web\n  - 443\n")?;
    /// let edits = vec![Edit::Remove { span: Span { start: 11, end: 13 } }];
    /// let fix = Fix { edits, applicability: Applicability::Safe };
    /// assert_eq!(editor.apply(&[&fix]).as_deref(), Some("ports:\n  - 443\n"));
    /// assert_eq!(editor.apply(&[&fix, &fix]), None);
    /// # Ok::<(), rancher_topology::Diagnostic>(())
    /// ```
    #[must_use]
    pub fn apply(&self, fixes: &[&Fix]) -> Option<String> {
        Some(replaced(self.text, &self.together(fixes)?))
    }

    /// The place of what stands under some keys, one within the other: of the last key, and of its value.
    pub(crate) fn under(&self, keys: &[&str]) -> Option<[Span; 2]> {
        let (mut at, mut found) = (self.tree.root, None);
        for key in keys {
            let Kind::Mapping(entries) = &self.tree.nodes[at].kind else { return None };
            let named = |(name, _): &&(NodeId, NodeId)| matches!(&self.tree.nodes[*name].kind, Kind::Scalar { text, .. } if text == key);
            let (name, value) = *entries.iter().find(named)?;
            at = value;
            found = Some([self.tree.nodes[name].span, self.tree.nodes[value].span]);
        }
        found
    }

    /// The place of the entry, key and value, that has a value.
    pub(crate) fn entry(&self, value: Span) -> Option<Span> {
        let id = self.tree.nodes.iter().position(|node| node.span == value)?;
        let (mapping, position) = *self.parents.get(&id)?;
        matches!(self.tree.nodes[mapping].kind, Kind::Mapping(_)).then(|| self.tree.item(mapping, position))
    }

    /// Whether an item of a list, or an entry of a mapping, stands at a place.
    pub(crate) fn is_item(&self, span: Span) -> bool {
        self.holders.contains_key(&(span.start, span.end))
    }

    /// Whether fixes can be applied together.
    #[must_use]
    pub fn fit(&self, fixes: &[&Fix]) -> bool {
        self.together(fixes).is_some()
    }

    fn together(&self, fixes: &[&Fix]) -> Option<Vec<Replacement>> {
        let mut spans: Vec<Span> = fixes.iter().flat_map(|fix| &fix.edits).filter_map(place).collect();
        spans.sort_unstable();
        let apart = spans.windows(2).all(|pair| pair[0].end < pair[1].start);
        let mut plan = Plan::default();
        for fix in fixes {
            self.take(fix, &mut plan)?;
        }
        apart.then(|| self.text_of(plan)).flatten()
    }

    /// Adds a fix to a plan, all of it or nothing.
    fn take(&self, fix: &Fix, plan: &mut Plan) -> Option<()> {
        let within = |span: &Span| self.text.get(span.start..span.end).is_some();
        let mut removed = Vec::new();
        for edit in &fix.edits {
            match edit {
                // An anchor or a tag before the value would go with it, and an alias lose what it means.
                Edit::Replace { span, .. } if !within(span) || self.at(*span).starts_with(['&', '!']) => {
                    return None;
                }
                Edit::Replace { .. } | Edit::Insert { .. } => {}
                Edit::Remove { span } => removed.push(*self.holders.get(&(span.start, span.end))?),
            }
        }
        for (collection, position) in removed {
            plan.removed.entry(collection).or_default().push(position);
        }
        for edit in &fix.edits {
            match edit {
                Edit::Replace { span, text } => {
                    let quote = self.at(*span).chars().next().filter(|first| matches!(first, '"' | '\''));
                    let quote = quote.map(String::from).unwrap_or_default();
                    plan.replaced.push(Replacement { span: *span, text: format!("{quote}{text}{quote}") });
                }
                Edit::Insert { after, items } => plan.replaced.extend(self.inserted(*after, items)?),
                Edit::Remove { .. } => {}
            }
        }
        Some(())
    }

    fn at(&self, span: Span) -> &str {
        self.text.get(span.start..span.end).unwrap_or_default()
    }

    /// A plan as replacements that do not overlap; `None` when it cannot be carried out.
    fn text_of(&self, plan: Plan) -> Option<Vec<Replacement>> {
        let mut all = plan.replaced;
        let mut gone = Vec::new();
        for (collection, mut positions) in plan.removed {
            positions.sort_unstable();
            positions.dedup();
            if self.aliased.contains(&collection) {
                return None;
            }
            let removal = Removal { editor: self, collection, positions: &positions };
            if positions.len() == self.tree.len(collection) {
                removal.everything(&mut all, &mut gone)?;
            } else if self.tree.nodes[collection].flow {
                removal.in_brackets(&mut gone)?;
            } else {
                removal.on_lines(&mut gone)?;
            }
        }
        let removed = merged(gone);
        all.extend(
            removed
                .into_iter()
                .map(|Range { start, end }| Replacement { span: Span { start, end }, text: String::new() }),
        );
        all.sort_by_key(|change| (change.span, change.text.is_empty()));
        let apart = all.windows(2).all(|pair| pair[0].span.end <= pair[1].span.start);
        apart.then_some(all)
    }
}

impl Tree {
    fn len(&self, id: NodeId) -> usize {
        match &self.nodes[id].kind {
            Kind::Scalar { .. } => 0,
            Kind::Sequence(items) => items.len(),
            Kind::Mapping(entries) => entries.len(),
        }
    }

    /// The place of a sequence's item, or of a mapping's key and value.
    fn item(&self, id: NodeId, position: usize) -> Span {
        let (key, value) = (self.key(id, position), self.nodes[self.value(id, position)].span);
        // The value of an alias stands elsewhere.
        Span {
            start: key.start,
            end: if value.start >= key.start { value.end.max(key.end) } else { key.end },
        }
    }

    fn key(&self, id: NodeId, position: usize) -> Span {
        match &self.nodes[id].kind {
            Kind::Mapping(entries) => self.nodes[entries[position].0].span,
            _ => self.nodes[self.value(id, position)].span,
        }
    }

    fn value(&self, id: NodeId, position: usize) -> NodeId {
        match &self.nodes[id].kind {
            Kind::Scalar { .. } => id,
            Kind::Sequence(items) => items[position],
            Kind::Mapping(entries) => entries[position].1,
        }
    }
}

/// What an edit changes; something more changes nothing that is there.
fn place(edit: &Edit) -> Option<Span> {
    match edit {
        Edit::Replace { span, .. } | Edit::Remove { span } => Some(*span),
        Edit::Insert { .. } => None,
    }
}

/// Ranges in their order, those that touch made one.
fn merged(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_by_key(|range| (range.start, range.end));
    let mut all: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match all.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => all.push(range),
        }
    }
    all
}

fn replaced(text: &str, changes: &[Replacement]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for change in changes {
        out.push_str(&text[at..change.span.start]);
        out.push_str(&change.text);
        at = change.span.end;
    }
    out.push_str(&text[at..]);
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::Editor;
    use crate::diagnostic::{Applicability, Edit, Fix, Span};
    use crate::document::source::{Kind, NodeId, Tree, parse};

    /// Takes out what stands in a text, each as one fix.
    fn without(text: &str, items: &[&str]) -> String {
        let spans =
            items.iter().map(|item| text.find(item).map(|at| Span { start: at, end: at + item.len() }));
        let fixes: Vec<Fix> = spans.map(|span| removal(span.unwrap())).collect();
        Editor::new(text).unwrap().apply(&fixes.iter().collect::<Vec<_>>()).unwrap()
    }

    fn removal(span: Span) -> Fix {
        Fix { edits: vec![Edit::Remove { span }], applicability: Applicability::Safe }
    }

    #[test]
    fn an_item_goes_with_its_line_and_its_comment() {
        let list = "a:\n  # of B\n  - b # 1\n  # of C\n  - c # 2\nd: 1\n";
        assert_eq!(without(list, &["b"]), "a:\n  # of B\n  # of C\n  - c # 2\nd: 1\n");
        assert_eq!(without(list, &["c"]), "a:\n  # of B\n  - b # 1\n  # of C\nd: 1\n");
        assert_eq!(without(list, &["b", "c"]), "a: []\n  # of B\n  # of C\nd: 1\n");
        let entries = "- a: 1 # 1\n  b: |\n    two\n  c: 3\n- d:\n";
        assert_eq!(without(entries, &["a: 1"]), "- b: |\n    two\n  c: 3\n- d:\n");
        assert_eq!(without(entries, &["b: |\n    two"]), "- a: 1 # 1\n  c: 3\n- d:\n");
        assert_eq!(without(entries, &["a: 1", "b: |\n    two"]), "- c: 3\n- d:\n");
        assert_eq!(without("x: 1\r\ny: 2\r\n", &["x: 1"]), "y: 2\r\n");
    }

    #[test]
    fn an_item_goes_with_its_comma() {
        assert_eq!(without("[a, b, c]", &["a"]), "[b, c]");
        assert_eq!(without("[a, b, c]", &["b"]), "[a, c]");
        assert_eq!(without("[a, b, c]", &["c"]), "[a, b]");
        assert_eq!(without("[a, b, c]", &["b", "c"]), "[a]");
        assert_eq!(without("{a: 1, b: 2} # c", &["a: 1", "b: 2"]), "{} # c");
        assert_eq!(without("[\n  a, # 1\n  b # 2\n]\n", &["a"]), "[\n  b # 2\n]\n");
        assert_eq!(without("[\n  a, # 1\n  b # 2\n]\n", &["b"]), "[\n  a # 1\n]\n");
        assert_eq!(without("k: {p: 1, allow: {x: 'y'}}\n", &["allow: {x: 'y'}"]), "k: {p: 1}\n");
        assert_eq!(without("k: {p: 1, allow: {x: 'y'}}\n", &["x: 'y'"]), "k: {p: 1, allow: {}}\n");
    }

    #[test]
    fn what_cannot_be_taken_out_stays() {
        let text = "a: &x [1, 2]\nb: [*x, 3]\n";
        let editor = Editor::new(text).unwrap();
        let three = text.find('3').unwrap();
        assert_eq!(editor.apply(&[&removal(Span { start: three, end: three + 1 })]), None);
        assert_eq!(editor.apply(&[&removal(Span { start: 4, end: 900 })]), None);
    }

    #[test]
    fn fixes_that_meet_are_not_applied_together() {
        let editor = Editor::new("[a, b]").unwrap();
        let replace = |start, end, text: &str| Fix {
            edits: vec![Edit::Replace { span: Span { start, end }, text: text.to_owned() }],
            applicability: Applicability::Safe,
        };
        let (one, two, other) = (replace(1, 2, "x"), replace(1, 2, "y"), replace(4, 5, "z"));
        assert_eq!(editor.apply(&[&one, &two, &other]), None);
        assert_eq!(editor.apply(&[&other, &two]).as_deref(), Some("[y, z]"));
    }

    /// A document of collections in any style, with comments.
    fn value(depth: u32) -> BoxedStrategy<Vec<String>> {
        let scalar =
            prop_oneof!["[a-z]{1,3}", "'[a-z #,]{0,4}'", "\"[a-z:]{0,3}\""].prop_map(|text| vec![text]);
        if depth == 0 {
            return scalar.boxed();
        }
        let inner = proptest::collection::vec(value(depth - 1), 1..4);
        let comments = proptest::collection::vec(0..4_u8, 4);
        let collection =
            (inner, any::<bool>(), any::<bool>(), comments).prop_map(|(items, mapping, flow, comments)| {
                // Brackets hold brackets only.
                let alone =
                    |item: &Vec<String>| item.len() == 1 && !item[0].starts_with("- ") && !is_entry(&item[0]);
                if flow && items.iter().all(alone) {
                    return vec![bracketed(&items, mapping, comments[3])];
                }
                let mut lines = Vec::new();
                for (position, item) in items.into_iter().enumerate() {
                    let comment = comments[position % 4];
                    if comment == 1 && position > 0 {
                        lines.push(format!("# before {position}"));
                    }
                    let behind = if comment == 2 { " # behind" } else { "" };
                    let sign = if mapping { format!("k{position}:") } else { "-".to_owned() };
                    let block = item.len() > 1 || item[0].starts_with("- ") || is_entry(&item[0]);
                    if !block {
                        lines.push(format!("{sign} {}{behind}", item[0]));
                    } else if mapping || comment == 3 {
                        lines.push(format!("{sign}{behind}"));
                        lines.extend(item.into_iter().map(|line| format!("  {line}")));
                    } else {
                        lines.extend(item.into_iter().enumerate().map(|(at, line)| {
                            if at == 0 { format!("- {line}") } else { format!("  {line}") }
                        }));
                    }
                }
                lines
            });
        prop_oneof![1 => scalar, 3 => collection].boxed()
    }

    fn is_entry(line: &str) -> bool {
        line.starts_with('k') && line[1..].starts_with(|c: char| c.is_ascii_digit())
    }

    fn bracketed(items: &[Vec<String>], mapping: bool, comma: u8) -> String {
        let inner: Vec<String> = items
            .iter()
            .enumerate()
            .map(
                |(position, item)| {
                    if mapping { format!("k{position}: {}", item[0]) } else { item[0].clone() }
                },
            )
            .collect();
        let end = if comma == 0 { "," } else { "" };
        let (open, close) = if mapping { ('{', '}') } else { ('[', ']') };
        format!("{open}{}{end}{close}", inner.join(", "))
    }

    /// What a tree says, without what is removed.
    fn said(tree: &Tree, id: NodeId, removed: &[(NodeId, usize)]) -> String {
        let rest = |count: usize| (0..count).filter(|position| !removed.contains(&(id, *position)));
        match &tree.nodes[id].kind {
            Kind::Scalar { text, .. } => format!("{text:?}"),
            Kind::Sequence(items) => {
                format!(
                    "{:?}",
                    rest(items.len()).map(|at| said(tree, items[at], removed)).collect::<Vec<_>>()
                )
            }
            Kind::Mapping(entries) => {
                let entry = |at: usize| (said(tree, entries[at].0, &[]), said(tree, entries[at].1, removed));
                format!("{:?}", rest(entries.len()).map(entry).collect::<std::collections::BTreeMap<_, _>>())
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]
        #[test]
        fn what_is_left_is_exactly_the_rest(lines in value(3), picks in proptest::collection::vec(any::<prop::sample::Index>(), 1..5)) {
            let text = lines.join("\n") + "\n";
            let editor = Editor::new(&text).unwrap();
            let all: Vec<(NodeId, usize)> =
                (0..editor.tree.nodes.len()).flat_map(|id| (0..editor.tree.len(id)).map(move |at| (id, at))).collect();
            prop_assume!(!all.is_empty());
            let mut removed: Vec<(NodeId, usize)> = Vec::new();
            for pick in picks {
                let (id, at) = *pick.get(&all);
                let own = editor.tree.item(id, at);
                let apart = |(id, at): &(NodeId, usize)| {
                    let other = editor.tree.item(*id, *at);
                    !own.contains(other) && !other.contains(own)
                };
                if editor.holders[&(own.start, own.end)] == (id, at) && removed.iter().all(apart) {
                    removed.push((id, at));
                }
            }
            let fixes: Vec<Fix> = removed.iter().map(|(id, at)| removal(editor.tree.item(*id, *at))).collect();
            let fixed = editor.apply(&fixes.iter().collect::<Vec<_>>());
            prop_assert!(fixed.is_some(), "{}", text);
            let fixed = fixed.unwrap();
            let after = parse(&fixed);
            prop_assert!(after.is_ok(), "{}became\n{}", text, fixed);
            let after = after.unwrap();
            let expected = said(&editor.tree, editor.tree.root, &removed);
            prop_assert_eq!(said(&after, after.root, &[]), expected, "{}became\n{}", text, fixed);
        }
    }
}
