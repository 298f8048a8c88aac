//! What is wrong, where, why it matters and what to write instead: data, not yet text.
//!
//! Nothing here knows colours, widths or line numbers; a place is a range of bytes of the document's text.

use serde::Serialize;

/// More mistakes than this are not worth listing in one run.
pub(crate) const MOST_MISTAKES: usize = 200;

/// The most places of one kind that one finding shows.
pub(crate) const MOST_PLACES: usize = 6;

/// A range of bytes in the document's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last one.
    pub end: usize,
}

impl Span {
    /// Whether another place is inside this one, or is the same.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// From the beginning of this place to the end of another one.
    #[must_use]
    pub const fn to(self, last: Self) -> Self {
        Self { start: self.start, end: last.end }
    }
}

/// How bad a diagnostic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The cluster cannot work as it is stated, or the statement cannot be understood.
    Error,
    /// It works and is unsafe, or will break.
    Warning,
    /// Worth knowing.
    Note,
}

/// A place in the document with a word on its part in the matter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What about it; may be empty when the message says it all.
    pub text: String,
}

/// One thing that is wrong with a document or a topology.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// A stable name of this kind of trouble, in kebab case.
    pub id: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in one line: lower case, no full stop.
    pub message: String,
    /// The places, the main one first. Empty only where the whole document is meant.
    pub labels: Vec<Label>,
    /// Why it matters, where the message does not already say so.
    pub why: Option<String>,
    /// What to write instead.
    pub help: Option<String>,
    /// The edit of the text that would mend it, where there is one.
    pub fix: Option<Fix>,
}

/// Edits of the document's text that together mend one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Fix {
    /// The edits; none overlaps another.
    pub edits: Vec<Edit>,
    /// Whether a program may apply it unasked.
    pub applicability: Applicability,
}

/// Whether a fix may be applied unasked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Applicability {
    /// The cluster stays the same, or there is one thing only that can have been meant.
    Safe,
    /// A person has to look at it first.
    Suggested,
}

/// A change of one place of the document's text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Edit {
    /// Other words in place of those that stand there.
    Replace {
        /// Where.
        span: Span,
        /// The other words.
        text: String,
    },
    /// Items of a list, or entries of a mapping, come in behind another one: on lines of their own where that one has one.
    Insert {
        /// The item that they follow; of an entry the key and the value.
        after: Span,
        /// The new items in their order, each for one line.
        items: Vec<String>,
    },
    /// An item of a list or an entry of a mapping goes, with its line where it has one.
    Remove {
        /// The item; of an entry the key and the value.
        span: Span,
    },
}

impl Diagnostic {
    /// An error with its main place.
    #[must_use]
    pub fn error(id: &'static str, message: impl Into<String>, span: Span) -> Self {
        Self::new(id, Severity::Error, message, span)
    }

    /// A diagnostic with its main place.
    #[must_use]
    pub fn new(id: &'static str, severity: Severity, message: impl Into<String>, span: Span) -> Self {
        Self {
            id,
            severity,
            message: message.into(),
            labels: vec![Label { span, text: String::new() }],
            why: None,
            help: None,
            fix: None,
        }
    }

    /// Adds what is to be said at the main place.
    #[must_use]
    pub fn here(mut self, text: impl Into<String>) -> Self {
        if let Some(first) = self.labels.first_mut() {
            first.text = text.into();
        }
        self
    }

    /// Adds a second place.
    #[must_use]
    pub fn also(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// Adds further places until it has so many labels; the last one says how many are left out.
    pub(crate) fn also_up_to(
        mut self,
        labels: usize,
        places: impl IntoIterator<Item = (Span, String)>,
    ) -> Self {
        let mut left_out = 0_usize;
        for (span, text) in places {
            if self.labels.len() < labels {
                self = self.also(span, text);
            } else {
                left_out += 1;
            }
        }
        if left_out > 0
            && let Some(last) = self.labels.last_mut()
        {
            last.text = format!("{}, and {left_out} more", last.text);
        }
        self
    }

    /// Says why it matters.
    #[must_use]
    pub fn why(mut self, text: impl Into<String>) -> Self {
        self.why = Some(text.into());
        self
    }

    /// Says what to write instead.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// Gives the edit that mends it, which a program may apply unasked.
    #[must_use]
    pub fn fix(mut self, edits: Vec<Edit>) -> Self {
        self.fix = Some(Fix { edits, applicability: Applicability::Safe });
        self
    }

    /// Gives an edit that would mend it, and that a person has to look at first.
    #[must_use]
    pub fn suggest(mut self, edits: Vec<Edit>) -> Self {
        self.fix = Some(Fix { edits, applicability: Applicability::Suggested });
        self
    }

    /// Says what to write instead, when there is something to say.
    #[must_use]
    pub fn maybe_help(mut self, text: Option<String>) -> Self {
        self.help = text.or(self.help);
        self
    }
}

/// The known name that is nearest to a mistyped one, when one is near enough to be meant.
///
/// Near means a Damerau–Levenshtein distance of at most a third of the length, and never more than three; capitals count as
/// small letters.
#[must_use]
pub fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wrong = wrong.to_lowercase();
    let length = wrong.chars().count();
    let limit = (length / 3).clamp(1, 3);
    known
        .into_iter()
        .filter(|name| name.chars().count().abs_diff(length) <= limit)
        .map(|name| (strsim::damerau_levenshtein(&wrong, &name.to_lowercase()), name))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_near_miss_is_named_and_a_far_one_is_not() {
        let known = ["load-balancers", "nodes", "services"];
        assert_eq!(nearest("load-blancers", known), Some("load-balancers"));
        assert_eq!(nearest("node", known), Some("nodes"));
        assert_eq!(nearest("zookeeper", known), None);
        assert_eq!(nearest("", known), None);
        assert_eq!(nearest("LOAD-BALANCERS", known), Some("load-balancers"));
        assert_eq!(nearest("mgmt-hots", ["Mgmt-Host"]), Some("Mgmt-Host"));
    }
}
