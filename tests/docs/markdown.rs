//! What a reader of Markdown makes of a page: tables, headings, links, code, as GitHub's reader does.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) headings: Vec<String>,
    /// The tables with their header as the first row, below the heading that they stand under.
    pub(crate) tables: Vec<(String, Vec<Vec<String>>)>,
    pub(crate) links: Vec<String>,
    /// Fenced code by its language.
    pub(crate) code: Vec<(String, String)>,
    /// Paragraphs and items of lists.
    pub(crate) texts: Vec<String>,
    /// HTML that is not one of ours.
    pub(crate) foreign: Vec<String>,
}

impl Page {
    pub(crate) fn read(text: &str) -> Self {
        let mut page = Self::default();
        let mut run = String::new();
        let mut fence: Option<String> = None;
        let mut rows: Vec<Vec<String>> = Vec::new();
        let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_MATH;
        for event in Parser::new_ext(text, options) {
            match event {
                // The text of an item ends where a list inside it begins.
                Event::Start(Tag::List(_)) if !run.is_empty() => page.texts.push(std::mem::take(&mut run)),
                Event::Start(Tag::Heading { .. } | Tag::Paragraph | Tag::Item | Tag::TableCell) => {
                    run.clear();
                }
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language))) => {
                    run.clear();
                    fence = Some(language.to_string());
                }
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    page.links.push(dest_url.to_string());
                }
                Event::Start(Tag::Table(_)) => rows.clear(),
                Event::Start(Tag::TableHead | Tag::TableRow) => rows.push(Vec::new()),
                Event::End(TagEnd::TableCell) => rows.last_mut().unwrap().push(std::mem::take(&mut run)),
                Event::End(TagEnd::Table) => {
                    let heading = page.headings.last().cloned().unwrap_or_default();
                    page.tables.push((heading, std::mem::take(&mut rows)));
                }
                Event::End(TagEnd::Heading(_)) => page.headings.push(std::mem::take(&mut run)),
                Event::End(TagEnd::Paragraph | TagEnd::Item) if !run.is_empty() => {
                    page.texts.push(std::mem::take(&mut run));
                }
                Event::End(TagEnd::CodeBlock) => {
                    page.code.extend(fence.take().map(|language| (language, std::mem::take(&mut run))));
                }
                Event::Text(text) | Event::Code(text) => run.push_str(&text),
                Event::SoftBreak => run.push(' '),
                Event::InlineHtml(html) | Event::Html(html) => match html.as_ref() {
                    "<br>" => run.push('\n'),
                    "<sup>" | "</sup>" => {}
                    other => page.foreign.push(other.to_owned()),
                },
                Event::InlineMath(text) | Event::DisplayMath(text) => page.foreign.push(text.to_string()),
                _ => {}
            }
        }
        page
    }

    /// The first table below a heading.
    #[track_caller]
    pub(crate) fn table(&self, heading: &str) -> &[Vec<String>] {
        let found = self.tables.iter().find(|(own, _)| own == heading);
        &found.unwrap_or_else(|| panic!("no table below {heading:?}: {:?}", self.headings)).1
    }
}
