//! Differences as paragraphs with a title and a line each, for a terminal and for a comment on a change.

use std::fmt::Write as _;

use rancher_gen::report::wrapped;

/// The width that lines of a terminal are kept to where words allow it.
const WIDTH: usize = 104;

/// More differences of a kind than this are counted, not printed; all are in the JSON.
const MOST: usize = 20;

/// Differences of one kind.
pub(in crate::cli) struct Section {
    title: String,
    /// Each with an example.
    lines: Vec<(String, Option<String>)>,
    more: Option<String>,
}

impl Section {
    /// Of lines, those that a person reads; nothing where there is none. `whole` says that there are no others.
    pub(in crate::cli) fn of(
        title: impl Into<String>,
        mut lines: Vec<(String, Option<String>)>,
        whole: bool,
    ) -> Option<Self> {
        let more = lines.len().saturating_sub(MOST);
        lines.truncate(MOST);
        let more = match (more, whole) {
            (0, true) => None,
            (0, false) => Some("and others, too many to be listed".to_owned()),
            (more, true) => Some(format!("and {more} more")),
            (more, false) => Some(format!("and more than {more} more")),
        };
        (!lines.is_empty()).then(|| Self { title: title.into(), lines, more })
    }
}

pub(in crate::cli) fn text(result: &str, sections: &[Section]) -> String {
    let mut text = format!("{result}\n");
    for Section { title, lines, more } in sections {
        let _ = writeln!(text, "\n{title}");
        for (line, example) in lines {
            let _ = writeln!(text, "  {}", wrapped(line, WIDTH).replace('\n', "\n      "));
            if let Some(example) = example {
                let _ = writeln!(text, "    for example {example}");
            }
        }
        if let Some(more) = more {
            let _ = writeln!(text, "  {more}");
        }
    }
    text
}

pub(in crate::cli) fn markdown(what: &str, result: &str, sections: &[Section]) -> String {
    let mut text = format!("**{what}**: {result}\n");
    for Section { title, lines, more } in sections {
        let _ = writeln!(text, "\n### {title}\n");
        for (line, example) in lines {
            let _ = writeln!(text, "- `{line}`");
            if let Some(example) = example {
                let _ = writeln!(text, "  for example `{example}`");
            }
        }
        if let Some(more) = more {
            let _ = writeln!(text, "- {more}");
        }
    }
    text
}
