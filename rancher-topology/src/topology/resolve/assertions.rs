//! Assertions: the words of a sentence become places.

use super::Resolver;
use crate::diagnostic::{Diagnostic, Span};
use crate::document::Spanned;
use crate::scalar;
use crate::topology::{Assertion, NoPlace, Place, Topology};

impl Resolver<'_> {
    pub(super) fn assertions(&mut self, topology: &Topology) -> Vec<Assertion> {
        let document = self.document;
        let mut all = Vec::new();
        for said in &document.assert {
            let subject = self.place(topology, said, &said.subject, true);
            let object = self.place(topology, said, &said.object, false);
            let (Some(subject), Some(object)) = (subject, object) else { continue };
            all.push(Assertion {
                sentence: said.value.clone(),
                subject,
                can: said.can,
                object,
                ports: said.ports,
                span: said.span,
            });
        }
        all
    }

    fn place(
        &mut self,
        topology: &Topology,
        said: &Spanned<scalar::Assertion>,
        word: &str,
        is_first: bool,
    ) -> Option<Vec<Place>> {
        let wrong = match topology.places_named(word) {
            Ok(places) => return Some(places),
            Err(wrong) => wrong,
        };
        let sections = ["services", "nodes", "databases", "load-balancers", "tunnels"];
        if sections.iter().any(|section| self.has_lost(section)) {
            return None;
        }
        let span = word_in(said, word, is_first);
        let message = wrong.of(word);
        let help = match wrong {
            NoPlace::Unknown(None) => {
                "write a service, a role, a node, a pool, a database, a load balancer, `NAME@NODE`, \
                                       `internet`, an address or a CIDR"
                    .to_owned()
            }
            NoPlace::NoAddress => "write an address as `10.0.1.5`, a network as `10.0.1.0/24`".to_owned(),
            NoPlace::Unknown(Some(near)) => format!("did you mean `{near}`?"),
            NoPlace::Tunnel(carries) => format!("write the service that it carries: `{carries}`"),
            NoPlace::Elsewhere(words) if words.is_empty() => "only services are on a node".to_owned(),
            NoPlace::Several(words) | NoPlace::Elsewhere(words) => format!("write {}", quoted(&words)),
        };
        self.error(Diagnostic::error("unknown-name", message, span).help(help));
        None
    }
}

fn quoted(words: &[String]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" or ")
}

/// The place of the first or the last word of a sentence that is written plainly or in quotes; else the sentence's.
fn word_in(said: &Spanned<scalar::Assertion>, word: &str, is_first: bool) -> Span {
    let written = said.value.to_string();
    let length = said.span.end - said.span.start;
    let port = said.ports.map_or(0, |ports| format!(" on {ports}").len());
    // The protocol may be left out, so that an object stands where its sentence is counted from the front.
    let before = if is_first { 0 } else { written.len() - port - word.len() };
    let plain = [written.len(), written.len().saturating_sub("/tcp".len())];
    let quotes = if plain.contains(&length) {
        0
    } else if plain.contains(&length.saturating_sub(2)) {
        1
    } else {
        return said.span;
    };
    let start = said.span.start + quotes + before;
    Span { start, end: start + word.len() }
}
