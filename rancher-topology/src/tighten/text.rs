//! Rules as edits of the text of a document.

use super::plan::Line;
use crate::diagnostic::{Applicability, Edit, Fix, Span};
use crate::document::Spanned;
use crate::fix::Editor;
use crate::policy::Direction;
use crate::scalar::{Peer, Traffic};

/// A list of rules in the text.
pub(super) struct List<'a> {
    pub(super) editor: &'a Editor<'a>,
    pub(super) text: &'a str,
    /// Whether the text is JSON, where every word stands in quotes.
    pub(super) json: bool,
    pub(super) group: &'a str,
    pub(super) direction: Direction,
}

/// A rule that stands in the text.
pub(super) struct Stated<'a> {
    pub(super) span: Span,
    pub(super) port: Span,
    pub(super) traffic: Traffic,
    pub(super) peers: &'a [Spanned<Peer>],
    pub(super) kind: Option<Span>,
    pub(super) purpose: Option<Span>,
}

pub(super) fn fix(edits: Vec<Edit>) -> Fix {
    Fix { edits, applicability: Applicability::Suggested }
}

impl List<'_> {
    /// A rule made another one; `None` where its text cannot be changed by itself.
    pub(super) fn becomes(&self, rule: &Stated<'_>, line: &Line) -> Option<Fix> {
        let mut edits = Vec::new();
        for (said, wanted) in [(rule.kind, &line.kind), (rule.purpose, &line.purpose)] {
            if let Some(value) = said.filter(|_| wanted.is_none()) {
                edits.push(Edit::Remove { span: self.editor.entry(value)? });
            }
        }
        if line.traffic != rule.traffic {
            edits.push(Edit::Replace {
                span: rule.port,
                text: self.within(rule.port, &line.traffic.to_string()),
            });
        }
        // What is said twice goes once.
        let said = |at: usize| rule.peers[..at].iter().any(|other| other.value == rule.peers[at].value);
        let gone = rule.peers.iter().enumerate();
        let gone =
            gone.filter(|(at, peer)| !line.peers.contains(&peer.value) || said(*at)).map(|(_, peer)| peer);
        let fresh = line.peers.iter().filter(|peer| !rule.peers.iter().any(|known| known.value == **peer));
        let (mut gone, mut fresh) = (gone.peekable(), fresh.peekable());
        if gone.peek().is_some() || fresh.peek().is_some() {
            let [only] = rule.peers else { return self.peers(rule, edits, gone, fresh) };
            if self.editor.is_item(only.span) {
                return self.peers(rule, edits, gone, fresh);
            }
            match line.peers.as_slice() {
                [peer] => {
                    edits.push(Edit::Replace {
                        span: only.span,
                        text: self.within(only.span, &peer.to_string()),
                    });
                }
                several => edits.push(self.without_quotes(only.span, &self.list(several))?),
            }
        }
        self.check(rule, edits)
    }

    /// Changes what stands in a list of peers.
    fn peers<'p>(
        &self,
        rule: &Stated<'_>,
        mut edits: Vec<Edit>,
        gone: impl Iterator<Item = &'p Spanned<Peer>>,
        mut fresh: impl Iterator<Item = &'p Peer>,
    ) -> Option<Fix> {
        for peer in gone {
            let span = peer.span;
            edits.push(match fresh.next() {
                Some(new) => Edit::Replace { span, text: self.within(span, &new.to_string()) },
                None => Edit::Remove { span },
            });
        }
        let items: Vec<String> = fresh.map(|peer| self.word(&peer.to_string())).collect();
        if !items.is_empty() {
            edits.push(Edit::Insert { after: rule.peers.last()?.span, items });
        }
        self.check(rule, edits)
    }

    /// What stands in the place of a word and keeps no quotes of it.
    fn without_quotes(&self, word: Span, text: &str) -> Option<Edit> {
        // An edit keeps the quotes that it begins with, so it begins before them.
        let start = word.start.checked_sub(1)?;
        let before = self.text.get(start..word.start).filter(|_| self.is_quoted(word));
        let span = if before.is_some() { Span { start, ..word } } else { word };
        Some(Edit::Replace { span, text: format!("{}{text}", before.unwrap_or_default()) })
    }

    /// Another rule in the place of one: in its layout where that can be, else in its whole place.
    pub(super) fn replaced(&self, rule: &Stated<'_>, line: &Line) -> Option<Fix> {
        let whole = || Edit::Replace { span: rule.span, text: self.rule(line) };
        self.becomes(rule, line).or_else(|| self.check(rule, vec![whole()]))
    }

    pub(super) fn removed(&self, rule: &Stated<'_>) -> Option<Fix> {
        self.check(rule, vec![Edit::Remove { span: rule.span }])
    }

    /// What an alias stands for is written elsewhere, and is not the rule's alone.
    fn check(&self, rule: &Stated<'_>, edits: Vec<Edit>) -> Option<Fix> {
        let own = |edit: &Edit| match edit {
            Edit::Replace { span, .. } | Edit::Remove { span } | Edit::Insert { after: span, .. } => {
                rule.span.contains(*span)
            }
        };
        let fix = fix(edits);
        (fix.edits.iter().all(own) && self.editor.fit(&[&fix])).then_some(fix)
    }

    /// Rules more, behind one of these or in a list that has none.
    pub(super) fn added(&self, behind: &[Span], lines: &[&Line]) -> Option<Fix> {
        let items: Vec<String> = lines.iter().map(|line| self.rule(line)).collect();
        let key = self.direction.as_str();
        let all = format!("[{}]", items.join(", "));
        let entry = if self.json { format!("\"{key}\": {all}") } else { format!("{key}: {all}") };
        let edits = behind
            .iter()
            .map(|after| Edit::Insert { after: *after, items: items.clone() })
            .chain(self.list_of(key).map(|span| Edit::Replace { span, text: all }))
            .chain(self.group_of(&entry));
        edits.map(|edit| fix(vec![edit])).find(|fix| self.editor.fit(&[fix]))
    }

    /// The place of an empty list.
    fn list_of(&self, key: &str) -> Option<Span> {
        let [_, list] = self.editor.under(&["security-groups", self.group, key])?;
        self.text[list.start..list.end].starts_with('[').then_some(list)
    }

    /// The list's key, in a group that does not have it.
    fn group_of(&self, entry: &str) -> Option<Edit> {
        let [_, group] = self.editor.under(&["security-groups", self.group])?;
        let said = &self.text[group.start..group.end];
        if said.starts_with('{') && said.trim_start_matches('{').trim() == "}" {
            return Some(Edit::Replace { span: group, text: format!("{{{entry}}}") });
        }
        let last = ["title", "inbound", "outbound", "allow"].into_iter().filter_map(|key| {
            let [key, value] = self.editor.under(&["security-groups", self.group, key])?;
            Some(key.to(value))
        });
        let after = last.max_by_key(|span| span.start)?;
        Some(Edit::Insert { after, items: vec![entry.to_owned()] })
    }

    fn rule(&self, line: &Line) -> String {
        let key = self.direction.peer_key();
        let peers = match line.peers.as_slice() {
            [one] => self.word(&one.to_string()),
            several => self.list(several),
        };
        let kind = line.kind.as_ref().map(|kind| ("type", self.word(kind.as_str())));
        let purpose = line.purpose.as_ref().map(|purpose| ("purpose", self.word(purpose.as_str())));
        let port = ("port", self.word(&line.traffic.to_string()));
        let entries = kind.into_iter().chain([port, (key, peers)]).chain(purpose);
        let quote = if self.json { "\"" } else { "" };
        let entries: Vec<String> =
            entries.map(|(key, value)| format!("{quote}{key}{quote}: {value}")).collect();
        format!("{{{}}}", entries.join(", "))
    }

    fn list(&self, peers: &[Peer]) -> String {
        let words: Vec<String> = peers.iter().map(|peer| self.word(&peer.to_string())).collect();
        format!("[{}]", words.join(", "))
    }

    fn is_quoted(&self, span: Span) -> bool {
        self.text[span.start..span.end].starts_with(['"', '\''])
    }

    /// A word in the place of another one, which may have quotes already.
    fn within(&self, span: Span, word: &str) -> String {
        if self.is_quoted(span) { word.to_owned() } else { self.word(word) }
    }

    /// A word for itself, in quotes where it would not be read as what it is without them.
    fn word(&self, word: &str) -> String {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ' ');
        let is_plain = word.chars().all(plain)
            && word.starts_with(|c: char| c.is_ascii_alphanumeric())
            && !word.ends_with(' ')
            && !["null", "true", "false", "yes", "no", "on", "off", "y", "n"]
                .contains(&word.to_ascii_lowercase().as_str())
            && (word.contains('/') || !word.starts_with(|c: char| c.is_ascii_digit()));
        if is_plain && !self.json { word.to_owned() } else { serde_json::Value::from(word).to_string() }
    }
}
