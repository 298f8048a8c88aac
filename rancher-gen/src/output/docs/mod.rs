//! Documentation in Markdown: the page that the topology was written from, and a page for each node.

use super::{Context, Output, RenderError, Rendering};

/// The `docs` output.
#[derive(Debug)]
pub struct Docs;

impl Output for Docs {
    fn name(&self) -> &'static str {
        "docs"
    }

    fn cluster(&self, _: &Context<'_>, _: &mut Rendering) -> Result<(), RenderError> {
        Ok(())
    }
}
